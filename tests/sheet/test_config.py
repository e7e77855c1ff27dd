"""The configuration: defaults filled in, every fault in one line with its cure."""

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from resistpanel.core.consensus import CONSENSUS
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.inputs import config, keys_page
from resistpanel.inputs.config import settings
from resistpanel.qc.assay_given import CHOICES
from resistpanel.records.qc import Assay


@pytest.fixture
def good(tmp_path):
    """A valid configuration."""
    for name in ("catalog", "knowledge"):
        (tmp_path / name).mkdir()
    (tmp_path / "genes.gff3").write_text("")
    return {
        "samples": "samples.tsv",
        "reference": "genome.fa",
        "genes": str(tmp_path / "genes.gff3"),
        "catalog": str(tmp_path / "catalog"),
        "knowledge": str(tmp_path / "knowledge"),
    }


def lines_of(given):
    with pytest.raises(InputError) as caught:
        settings(given)
    return caught.value.lines()


def test_defaults(good):
    made = settings(good)
    assert (made.build, made.outdir, made.simulate) == ("hg19", Path("results"), None)
    assert (made.pon, made.germline, made.call_extra, made.qc) == (None, None, "", {})
    assert made.targets == HOME / "panels/cancer138/hg19.bed" or made.targets == Path(
        "panels/cancer138/hg19.bed"
    )


@pytest.mark.parametrize(("given", "made"), [(None, 1), (1, 1), (7, 7), ("3", 3), ("auto", "auto")])
def test_scatter(good, given, made):
    call = {} if given is None else {"scatter": given}
    assert settings(good | {"call": call}).scatter == made


@pytest.mark.parametrize("given", [0, -1, 2.5, "many", 1001, [2]])
def test_scatter_that_is_no_number(good, given):
    (line,) = lines_of(good | {"call": {"scatter": given}})
    assert "call.scatter" in line


def test_assay(good, tmp_path):
    (tmp_path / "p.bed").write_text("")
    primers = str(tmp_path / "p.bed")
    given = {"library": "amplicon", "reads": "auto", "consensus": None, "primers": primers}
    made = settings(good | {"assay": given})
    assert made.assay == (("library", "amplicon"), ("primers", primers))
    assert made.padding is None
    assert settings(good | {"assay": {"padding": 0}}).padding == 0


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"library": "amplicons"},
            "config.yaml (key 'assay.library'): 'amplicons' is not one of auto, capture, amplicon; "
            "did you mean 'amplicon'?",
        ),
        ({"reads": 3}, "config.yaml (key 'assay.reads'): '3' is not one of auto, raw, marked, "
                       "simplex, duplex"),
        ({"umis": "RX"}, "config.yaml: unknown key 'assay.umis'; did you mean 'umi'?"),
        ({"primers": "gone.bed"}, "config.yaml (key 'assay.primers'): no such file: gone.bed"),
    ],
)  # fmt: skip
def test_faults_of_the_assay(good, given, line):
    assert lines_of(good | {"assay": given}) == [line]


def test_build_chooses_the_panel(good):
    del good["genes"]
    made = settings(good | {"build": "hg38"})
    assert str(made.genes).endswith("panels/cancer138/hg38.gff3")
    assert str(made.targets).endswith("panels/cancer138/hg38.bed")


def test_empty_sections_mean_their_defaults(good):
    made = settings(good | {"call": None, "qc": None, "report": None, "simulate": None})
    assert (made.call_extra, made.qc, made.table1) == ("", {}, None)


def test_simulate_needs_no_sheet(good, tmp_path):
    patient = tmp_path / "patient.yaml"
    patient.write_text("")
    del good["samples"], good["reference"]
    made = settings(good | {"simulate": {"patient": str(patient), "seed": 3}})
    assert (made.simulate.patient, made.simulate.seed, made.simulate.depth) == (patient, 3, None)
    assert (made.samples, made.reference, made.targets) == (None, None, None)
    assert settings(good | {"simulate": str(patient)}).simulate.patient == patient


def test_numbers_of_the_command_line_arrive_as_text(good, tmp_path):
    patient = tmp_path / "patient.yaml"
    patient.write_text("")
    simulate = {"patient": str(patient), "seed": "7", "depth": "150.5", "table1": "null"}
    made = settings(good | {"samples": "null", "simulate": simulate, "qc": {"error_rate": "0.1"}})
    assert (made.simulate.seed, made.simulate.depth, made.simulate.table1) == (7, 150.5, None)
    assert made.qc == {"error_rate": 0.1}


def test_pool_and_limits(good, tmp_path):
    made = settings(good)
    assert (made.pool, made.copynumber, made.identity) == ((), {}, {})
    assert settings(good | {"pool": "cohort"}).pool == "cohort"
    path = tmp_path / "qc.json"
    path.write_text("{}")
    made = settings(good | {"pool": [{"qc": str(path), "sample": "blood"}]})
    assert made.pool == ((path, "blood"),)
    limits = {"copynumber": {"contamination": "0.02", "discordance": None}}
    assert settings(good | limits).copynumber == {"contamination": 0.02, "discordance": None}
    assert settings(good | {"identity": {"same": "0.02"}}).identity == {"same": 0.02}


def test_a_sheet_of_ones_own_takes_the_place_of_the_shipped_patient(good):
    made = settings(good | {"simulate": {"patient": "nowhere.yaml", "table1": "nowhere.tsv"}})
    assert (made.simulate, made.table1) == (None, None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sample": "x"}, "config.yaml: unknown key 'sample'; did you mean 'samples'?"),
        (
            {"cores": 8},
            "config.yaml: unknown key 'cores'; remove it and give --cores to `resistpanel run`",
        ),
        ({"bed": "x"}, "config.yaml: unknown key 'bed'; did you mean 'targets'?"),
        ({"call": {"pom": "x"}}, "config.yaml: unknown key 'call.pom'; did you mean 'pon'?"),
        (
            {"call": {"zzz": "x"}},
            "config.yaml: unknown key 'call.zzz'; known keys: extra, germline, pon, scatter",
        ),
        (
            {"build": "hg39"},
            "config.yaml (key 'build'): 'hg39' is not one of hg19, hg38; did you mean 'hg38'?",
        ),
        ({"samples": 3}, "config.yaml (key 'samples'): 3 is not text or null"),
        ({"call": "fast"}, "config.yaml (key 'call'): 'fast' is not a mapping"),
        (
            {"qc": {"tumor_mean_depth": "deep"}},
            "config.yaml (key 'qc.tumor_mean_depth'): 'deep' is not a number or null",
        ),
        (
            {"pool": "cohrt"},
            "config.yaml (key 'pool'): 'cohrt' is not a pool of normals; did you mean 'cohort'?",
        ),
        (
            {"pool": [{"qc": "no.json", "sample": "blood"}]},
            "config.yaml (key 'pool.0.qc'): no such file: no.json",
        ),
        (
            {"copynumber": {"contaminaton": 1}},
            "config.yaml: unknown key 'copynumber.contaminaton'; did you mean 'contamination'?",
        ),
        ({"outdir": ""}, "config.yaml (key 'outdir'): the value is empty; give a path, or null"),
        ({"genes": "no.gff3"}, "config.yaml (key 'genes'): no such file: no.gff3"),
        (
            {"catalog_tables": ["mine.tsv"]},
            "config.yaml (key 'catalog_tables.0'): no such file: mine.tsv",
        ),
        ({"catalog": "no"}, "config.yaml (key 'catalog'): no such folder: no"),
        ({"call": {"pon": "no.vcf"}}, "config.yaml (key 'call.pon'): no such file: no.vcf"),
        ({"report": {"table1": "t"}}, "config.yaml (key 'report.table1'): no such file: t"),
        (
            {"reference": None},
            "config.yaml: key 'reference' is missing; name the FASTA that the BAMs were aligned "
            "to: reference: genome.fa",
        ),
        (
            {"samples": None},
            "config.yaml: neither 'samples' nor 'simulate' is given; name your sample sheet: "
            "samples: samples.tsv",
        ),
        (
            {"samples": None, "simulate": {"seed": 1}},
            "config.yaml: key 'simulate.patient' is missing",
        ),
        (
            {"samples": None, "simulate": "no.yaml"},
            "config.yaml (key 'simulate.patient'): no such file: no.yaml",
        ),
    ],
)
def test_each_fault_has_one_line(good, change, expected):
    assert lines_of(good | change) == [expected]


def test_all_faults_at_once(good):
    lines = lines_of(good | {"sampels": "x", "build": 38, "call": {"pon": 1}})
    assert len(lines) == 3


def test_a_list_is_no_configuration():
    assert lines_of(["samples"]) == [
        "config.yaml: the configuration is not a mapping of keys to values"
    ]


def test_read(tmp_path):
    path = tmp_path / "config.yaml"
    with pytest.raises(InputError, match=r"config\.yaml: no such file"):
        config.read(path)
    path.write_text("samples: [a\nbuild: hg19\n")
    with pytest.raises(InputError, match=r"config\.yaml:2: not YAML: "):
        config.read(path)
    path.write_text("")
    assert config.read(path) == {}


def test_a_key_given_twice(tmp_path):
    """YAML would keep the last and say nothing."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "outdir: a\nbase: &b {pon: x}\nvrs: auto\ncall:\n  <<: *b\n  pon: y\n  pon: z\n"
        "more: {<<: *b, extra: q}\nvrs: all\noutdir: b\n"
    )
    with pytest.raises(InputError) as caught:
        config.read(path)
    assert [line.removeprefix(f"{tmp_path}/") for line in caught.value.lines()] == [
        "config.yaml:7: key 'pon' is given twice, first at line 6; remove one",
        "config.yaml:9: key 'vrs' is given twice, first at line 3; remove one",
        "config.yaml:10: key 'outdir' is given twice, first at line 1; remove one",
    ]
    # What `call` takes over from another block and changes is given once.
    path.write_text("base: &b {pon: x}\ncall: {<<: *b, pon: y}\nmore: [*b, *b]\n")
    assert config.read(path)["call"] == {"pon": "y"}


def test_the_shipped_configuration_has_each_key_once():
    assert config.read(HOME / "config/config.yaml")["vrs"] == "auto"


def test_every_key_is_described():
    def walk(rule, name):
        assert len(rule.get("description", "")) > 10, name
        for key, inner in rule.get("properties", {}).items():
            walk(inner, f"{name}.{key}")

    for key, rule in config.schema()["properties"].items():
        walk(rule, key)


def test_the_page_of_the_keys_is_written_from_the_schema():
    assert (HOME / "docs/config.md").read_text() == keys_page.page(), "run `make schemas`"


def test_values_of_the_assay_are_those_that_may_be_set():
    """The schema, the record and the command line name the same conventions."""
    rules = config.schema()["properties"]["assay"]["properties"]
    for key, values in CHOICES.items():
        assert {v for v in rules[key]["enum"] if v is not None} == set(values), key
    assert set(get_args(get_type_hints(Assay)["consensus"])) == set(CONSENSUS)
