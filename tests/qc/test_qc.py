"""Figures, gate and command."""

import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, SCHEMAS, read_json
from resistpanel.core.schemas import write_record
from resistpanel.qc.figures import median_of
from resistpanel.qc.gate import GATE, gate_with, judge, thresholds
from resistpanel.records.qc import ErrorSpectrum, FractionAt, Gate, SampleQc
from resistpanel.records.sheet import Sample, Sheet

from .conftest import random_reads, read, write_reads

NO_DAMAGE = ErrorSpectrum(
    positions=1, variant_positions=0, bases=1, substitution_rate=0.0, oxog_q=45.0,
    deamination_q=41.0, artifacts=(), contexts={},
)  # fmt: skip
GOOD = SampleQc(
    sample="s", reads_total=1_000, reads_on_target=700, mean_depth=900.0, median_depth=900.0,
    fraction_at=FractionAt(1.0, 1.0, 0.99), on_target_fraction=0.7, duplicate_fraction=0.2,
    mapped_fraction=0.99, error_rate=0.003, error_spectrum=NO_DAMAGE, insert_size_median=170,
    read_length=100, unit="fragments", targets=(), gate=Gate(passed=True, failures=()),
)  # fmt: skip


def write_sheet(folder, *samples):
    """Write the sheet's JSON of samples (name, role, BAM); return its path."""
    rows = tuple(
        Sample(
            sample=name, role=role, timepoint=None, day=None, lesion=None, drugs=(), bam=str(bam),
            purity=None,
        )
        for name, role, bam in samples
    )  # fmt: skip
    sheet = Sheet(
        schema="resistpanel/sheet/1", patient="P1", sex=None, disease=None, samples=rows,
        pairs=(), lines=(), drugs=(), tumor_only=False,
    )  # fmt: skip
    write_record(folder / "P1.json", sheet)
    return folder / "P1.json"


@pytest.fixture
def sheet(tmp_path):
    """The sheet of a normal and a tumour with reads of their own."""
    samples = []
    for seed, (sample, role) in enumerate([("skin", "normal"), ("relapse", "tumor")]):
        bam = write_reads(tmp_path / f"{sample}.bam", random_reads(seed))
        samples.append((sample, role, bam))
    return write_sheet(tmp_path, *samples)


def run(sheet, bed, reference, *more):
    """Run the command; return its status and JSON."""
    output = sheet.parent / "qc" / "P1.json"
    status = main(
        [
            "qc",
            *("--sheet", str(sheet), "--targets", str(bed), "--reference", str(reference)),
            *("--output", str(output), *more),
        ]
    )
    return status, read_json(output) if output.exists() else None


def test_the_assay_as_detected_and_as_set(sheet, bed, reference):
    _, found = run(sheet, bed, reference)
    skin, relapse = (sample["assay"] for sample in found["samples"])
    assert (skin["library"], skin["reads"], skin["given"]) == ("capture", "marked", [])
    assert 80 < skin["insert_size"] < 120
    _, found = run(sheet, bed, reference, "--assay", "reads=raw", "--assay", "relapse:umi=none",
                   "--assay", "relapse:library=amplicon")  # fmt: skip
    skin, relapse = (sample["assay"] for sample in found["samples"])
    assert (skin["umi"], skin["library"], skin["given"]) == ("none", "capture", ["reads"])
    assert (relapse["umi"], relapse["library"], relapse["library_sure"]) == (
        "none", "amplicon", True,
    )  # fmt: skip
    spectra = [sample["error_spectrum"] for sample in found["samples"]]
    assert ["not_applicable" in spectrum for spectrum in spectra] == [False, True]
    assert run(sheet, bed, reference, "--assay", "relaps:umi=none")[0] == 2
    assert run(sheet, bed, reference, "--umi", "duplex")[0] == 2  # no read has a UMI


def test_figures_of_a_patient(sheet, bed, reference, capsys):
    status, found = run(sheet, bed, reference, "--threads", "4")
    assert status == 0
    assert [sample["sample"] for sample in found["samples"]] == ["skin", "relapse"]
    assert found["excluded"] == [{"name": "GAP|T2|exon1", "chrom": "c", "start": 2050, "end": 2150}]
    tumor = found["samples"][1]
    assert [row["name"] for row in tumor["targets"]] == ["A|T1|exon1", "A|T1|exon2"]
    assert tumor["reads_total"] == 800
    assert 0 < tumor["on_target_fraction"] < 1
    assert tumor["read_length"] == 40
    assert 80 < tumor["insert_size_median"] < 120
    assert 0.005 < tumor["error_rate"] < 0.02
    low, high = tumor["insert_size_quartiles"]
    assert 40 <= low < tumor["insert_size_median"] < high <= 160
    for row in tumor["targets"]:
        assert row["min_depth"] <= row["quantiles"][0]
        assert row["quantiles"] == sorted(row["quantiles"])
        assert row["fraction_at"] == {"100": 0, "250": 0, "500": 0}
    assert tumor["depth_curve"][0] == [0, 1.0]
    assert [x for x, _ in tumor["depth_curve"]] == sorted({x for x, _ in tumor["depth_curve"]})
    # Every read is of A throughout: nearly every position shows another allele.
    assert tumor["error_spectrum"]["variant_positions"] > 300
    bases = {"A|T1|exon1": 300, "A|T1|exon2": 200}
    means = sum(row["mean_depth"] * bases[row["name"]] for row in tumor["targets"]) / 500
    assert tumor["mean_depth"] == pytest.approx(means, abs=0.01)
    # A few fragments per base: the gate says so, sample by sample, and the step still succeeds.
    assert found["passed"] is False
    assert [f["metric"] for f in tumor["gate"]["failures"]] == ["mean_depth", "fraction_at.100"]
    warnings = capsys.readouterr().err.splitlines()
    assert any(
        line.startswith("resistpanel: warning: sample 'skin': mean_depth") for line in warnings
    )


def test_thresholds_from_the_command_line(sheet, bed, reference, capsys):
    changes = ["tumor_mean_depth=1", "normal_mean_depth=1", "tumor_fraction_100=off"]
    status, found = run(sheet, bed, reference, *(f"--gate={text}" for text in changes))
    assert (status, found["passed"]) == (0, True)
    assert capsys.readouterr().err == ""


def test_overlapping_targets_count_a_base_once(sheet, reference, tmp_path):
    whole, split = tmp_path / "whole.bed", tmp_path / "split.bed"
    whole.write_text("c\t200\t500\tx\n")
    split.write_text("c\t200\t400\tx\nc\t300\t500\ty\n")
    one, other = run(sheet, whole, reference)[1], run(sheet, split, reference)[1]
    assert one == other


def test_reads_without_mismatch_tags_have_no_error_rate(tmp_path, bed, reference):
    def reads(header):
        for number in range(5):
            yield read(header, f"f{number}", 300, "40M", 0, 0, tagged=False)

    bam = write_reads(tmp_path / "s.bam", reads)
    sheet = write_sheet(tmp_path, ("s", "tumor", bam))
    (sample,) = run(sheet, bed, reference)[1]["samples"]
    assert (sample["error_rate"], sample["insert_size_median"]) == (None, None)
    assert sample["targets"][0]["mean_depth"] == pytest.approx(5 * 40 / 300, abs=0.01)


def test_sample_without_a_read_on_target(tmp_path, bed, reference):
    bam = write_reads(tmp_path / "s.bam", lambda header: [read(header, "f", 1_800, "40M", 0, 0)])
    sheet = write_sheet(tmp_path, ("s", "tumor", bam))
    status, found = run(sheet, bed, reference)
    (sample,) = found["samples"]
    assert (status, sample["mean_depth"], sample["reads_on_target"]) == (0, 0, 0)
    assert (sample["duplicate_fraction"], sample["read_length"]) == (None, None)
    assert "on_target_fraction" in [row["metric"] for row in sample["gate"]["failures"]]


def test_reference_of_n_alone(sheet, reference, tmp_path, capsys):
    bed = tmp_path / "gap.bed"
    bed.write_text("c\t2050\t2150\n")
    status, found = run(sheet, bed, reference)
    assert (status, found) == (2, None)
    assert "genome.fa: the reference is N at every target" in capsys.readouterr().err


def test_a_good_sample_passes():
    for role in ("normal", "tumor"):
        assert judge(GOOD, role, list(GATE)) == Gate(passed=True, failures=())


@pytest.mark.parametrize("row", GATE, ids=lambda row: row.name)
def test_every_row_of_the_gate_can_fail(row):
    worse = row.threshold * (0.9 if row.sign == ">=" else 1.1)
    key, _, inner = row.metric.partition(".")
    if inner:
        inner = {"100": "at_100"}.get(inner, inner)
        part = msgspec.structs.replace(getattr(GOOD, key), **{inner: worse})
    figures = msgspec.structs.replace(GOOD, **{key: part if inner else worse})
    for role in ("normal", "tumor"):
        failed = judge(figures, role, list(GATE)).failures
        found = [f for f in failed if row.text in f.text]
        assert len(found) == (role in row.roles)
        for failure in found:
            assert failure.metric == row.metric
            assert failure.value == worse
            assert failure.condition == row.condition
            assert failure.text.startswith(f"sample 's': {row.metric} is {worse:.4g}, must be ")


def test_a_figure_that_is_not_known_is_not_judged():
    assert judge(msgspec.structs.replace(GOOD, error_rate=None), "tumor", list(GATE)).passed


def test_gate_with_changes():
    changed = gate_with({"error_rate": None, "tumor_mean_depth": 500})
    assert [row.name for row in changed] == [r.name for r in GATE if r.name != "error_rate"]
    assert changed[0].condition == ">= 500"
    with pytest.raises(InputError, match="'eror_rate' in the gate; did you mean 'error_rate'"):
        gate_with({"eror_rate": 1})


def test_thresholds_are_numbers():
    assert thresholds(["a=1.5", "b=off"]) == {"a": 1.5, "b": None}
    with pytest.raises(InputError, match="--gate a=x: 'x' is not a threshold; give a number"):
        thresholds(["a=x"])


def test_configuration_and_docs_name_every_row():
    schema = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text())
    assert list(schema["properties"]["qc"]["properties"]) == [row.name for row in GATE]
    page = (HOME / "docs" / "qc.md").read_text()
    for row in GATE:
        roles = " and ".join(row.roles)
        assert f"| `{row.name}` | `{row.metric}` | {roles} | {row.condition} | {row.text} |" in page


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_median_is_the_lower_middle_value(values):
    assert median_of(np.bincount(values)) == sorted(values)[(len(values) - 1) // 2]


def test_median_of_nothing():
    assert median_of(np.zeros(3, int)) is None
