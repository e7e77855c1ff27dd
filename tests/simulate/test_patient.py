"""Errors in a patient's YAML: one line each, with the line and the key."""

import copy
import re

import pytest
import yaml

from resistpanel.cli import main
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.inputs.simulated_patient import load_patient, schema

MISSING = object()


def put(described, path, value):
    """Set or remove (`MISSING`) a value of a nested document."""
    *parents, last = path
    for key in parents:
        described = described[key]
    if value is MISSING:
        del described[last]
    else:
        described[last] = value


def test_defaults_are_filled_in(tmp_path, patient, write_patient):
    described = patient()
    del described["reads"], described["genome"], described["germline"], described["somatic"]
    loaded, _ = load_patient(write_patient(tmp_path, described))
    assert (
        loaded["reads"]["length"] == schema()["$defs"]["reads"]["properties"]["length"]["default"]
    )
    assert loaded["germline"]["snv_per_kb"] == 0
    assert loaded["germline"]["variants"] == loaded["somatic"] == loaded["copynumber"] == []
    assert loaded["samples"][0]["contamination"] == 0
    assert loaded["samples"][0]["purity"] == 1
    assert "random_somatic" not in loaded


def test_every_default_obeys_its_own_schema():
    import jsonschema

    root = schema()
    jsonschema.Draft202012Validator.check_schema(root)

    def walk(part):
        for child in part.get("properties", {}).values():
            if isinstance(child, dict):
                if "default" in child:
                    jsonschema.validate(child["default"], {**child, "$defs": root["$defs"]})
                walk(child)
                walk(child.get("items", {}))

    walk(root)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("reads", "lenght"), 36, "unknown key 'lenght'; known are length"),
        (("reads", "length"), 10, "10 is less than the minimum of 25"),
        (("reads", "duplicates"), 1.0, "1.0 is greater than or equal to the maximum of 1"),
        (("patient",), MISSING, "'patient' is missing"),
        (("patient",), "a b", "'a b' does not match"),
        (("samples", 1, "role"), "tumour", "'tumour' is not one of ['normal', 'tumor', 'plasma']"),
        (("samples", 1, "sample"), "normal", "sample normal twice"),
        (("somatic", 0, "af"), {"tumour": 0.2}, "no sample tumour; samples are normal, tumor"),
        (("somatic", 0, "af"), {"tumor": 1.2}, "1.2 is greater than the maximum of 1"),
        (("somatic", 0, "af"), MISSING, "give exactly one of af, ccf"),
        (("somatic", 0, "ref"), MISSING, "'ref' is missing"),
        (("somatic", 0, "ref"), "g", "'g' does not match"),
        (("somatic", 0, "duplicate"), 5, "not allowed here"),
        (("swap",), ["normal", "x"], "no sample x"),
        (
            ("random_somatic",),
            {"snv": 1, "af": [0.5, 0.1], "samples": ["tumor"]},
            "the range starts at 0.5 and ends at 0.1; give the lower end first",
        ),
        (
            ("random_somatic",),
            {"snv": 1, "ccf": [0.1, 0.5], "samples": ["normal"]},
            "normal is a normal: it has no cancer cell fraction",
        ),
        (
            ("somatic", 0),
            {
                "chrom": "chr15",
                "pos": 66729154,
                "ref": "G",
                "alt": "C",
                "copies": 3,
                "ccf": {"tumor": 1.0},
            },
            "3 mutated copies, of 2 per tumour cell of tumor; give fewer copies",
        ),
        (
            ("copynumber",),
            [{"gene": "NRAS", "samples": {"tumor": {"total": 3, "minor": 2}}}],
            "minor 2 is more than half of total 3",
        ),
        (("copynumber",), [{"samples": {}}], "give exactly one of gene, region"),
        (
            ("samples", 0, "tumor_in_normal"),
            {"sample": "normal", "fraction": 0.1},
            "a sample mixed into itself",
        ),
        # What only the panel and the genome can tell:
        (("somatic", 0, "pos"), 66729900, "chr15:66729900 (1 bases) is not within a target"),
        (("somatic", 0, "ref"), "A", "chr15:66729154 is G by a reference codon"),
        (("somatic", 0, "gene"), "KIT", "no gene KIT on the panel"),
        (("somatic", 0, "gene"), "BRAF", "chr15:66729154 is not in BRAF"),
        (("somatic", 0, "alt"), "G", "ref and alt are the same"),
        (("copynumber",), [{"gene": "KIT", "samples": {}}], "no simulated target there"),
        (("reads", "insert_mean"), 40, "inserts of 40 are shorter than the reads (50)"),
        (("build",), "hg20", "no such file"),
        (("genome", "codons"), "none.tsv", "(genome.codons): no such file: none.tsv; give it"),
        (("genome", "bases"), {"chr7:140453136": "C"}, "is A by a reference codon"),
    ],
)
def test_errors_name_the_place(tmp_path, patient, write_patient, capsys, path, value, message):
    described = copy.deepcopy(patient())
    put(described, path, value)
    file = write_patient(tmp_path, described)
    assert main(["simulate", str(file), "--output", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert all(line.startswith("resistpanel: error: ") for line in err.splitlines())
    assert not (tmp_path / "out").exists()
    for line in err.splitlines():
        if "no such file" in line:
            continue
        number, keys = re.search(rf"{re.escape(str(file))}:(\d+)(?: \((.*?)\))?: ", line).groups()
        where = file.read_text().splitlines()[int(number) - 1]
        if not keys:
            assert number == "1"
        elif keys.rsplit(".", 1)[-1].isdigit():
            assert where.lstrip().startswith("-")
        else:  # the key itself, or its parent where the key is missing
            assert any(f"{key}:" in where for key in keys.rsplit(".", 2)[-2:])


def test_lines_are_those_of_the_values(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(
        "patient: p\nsamples:\n  - {sample: a, role: normal}\n  - sample: b\n    role: x\n"
    )
    with pytest.raises(InputError, match=re.escape("p.yaml:5 (samples.1.role): 'x' is not")):
        load_patient(file)


def test_all_violations_are_told_at_once(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("patient: p\nsex: other\nsamples:\n  - {sample: a, role: b}\n")
    with pytest.raises(InputErrors) as error:
        load_patient(file)
    assert len(error.value.lines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient: [", "p.yaml:1: not YAML"),
        (
            "patient: p\npatient: q\n",
            "p.yaml:2: key 'patient' is given twice, first at line 1; remove one",
        ),
        ("", "is not of type 'object'"),
        ("- a\n", "is not of type 'object'"),
    ],
)
def test_not_a_patient(tmp_path, text, message):
    file = tmp_path / "p.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        load_patient(file)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_patient(tmp_path / "none.yaml")


def test_phases_must_be_near_each_other(tmp_path, patient, write_patient, capsys):
    described = patient()
    for row in described["somatic"][:2]:
        row["phase"] = "far"
    file = write_patient(tmp_path, yaml.safe_load(yaml.safe_dump(described)))
    assert main(["simulate", str(file), "--output", str(tmp_path / "out")]) == 2
    assert "variants of phase far are too far apart" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--depth", "0"], "depth must be above 0"), (["--seed", "-1"], "seed must not be negative")],
)
def test_bad_options(tmp_path, patient, write_patient, capsys, words, message):
    file = write_patient(tmp_path, patient())
    assert main(["simulate", str(file), "--output", str(tmp_path / "out"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
