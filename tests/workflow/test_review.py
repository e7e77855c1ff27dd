"""Decisions on a patient through the whole workflow: one BAM is exchanged, its findings reopen."""

import json
import shutil

import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core.schemas import read_record
from resistpanel.records.review import Review
from resistpanel.report.review import amendments, status

from .conftest import snakemake, write_study

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
#: Found in the earlier tumour alone, in both, in the later alone.
EARLIER, BOTH, LATER = "NRAS", "BRAF", "MAP2K1"


@pytest.fixture
def study(tmp_path, small_patient, write_panel):
    """A patient of two tumours whose BAMs are given, as a laboratory gives them."""
    write_panel(tmp_path / "panel", [EARLIER, BOTH, LATER])
    af = {"before": 0.3, "relapse": 0.28}
    patient = small_patient(
        genome={"exons_per_gene": 2},
        reads={"depth": 300},
        samples=[
            {"sample": "normal", "role": "normal"},
            {"sample": "before", "role": "tumor", "timepoint": "pre", "day": 0},
            {"sample": "relapse", "role": "tumor", "timepoint": "post", "day": 90,
             "drugs": ["PLX4032"]},
        ],
        somatic=[
            {"chrom": "chr1", "pos": 115256529, "ref": "T", "alt": "C", "af": {"before": 0.25}},
            {"chrom": "chr7", "pos": 140453136, "ref": "A", "alt": "T", "af": af},
            {"chrom": "chr15", "pos": 66729154, "ref": "G", "alt": "C", "af": {"relapse": 0.2}},
        ],
    )  # fmt: skip
    write_study(tmp_path, patient)
    return tmp_path


def status_of(study):
    """Return decision and reasons of the findings by gene, and the amendments."""
    report = json.loads((study / "results/report/p1.json").read_text())
    review = read_record(study / "results/review/p1.json", Review)
    rows = {row["label"].split()[0]: row for row in status(report, review)}
    return rows, amendments(report, review)


def exchange(bam):
    """Replace a BAM by one of fewer fragments of the same sample."""
    other = bam.with_suffix(".other.bam")
    pysam.view("-b", "-s", "5.8", "-o", str(other), str(bam), catch_stdout=False)
    shutil.move(other, bam)
    pysam.index(str(bam))


def test_only_the_findings_of_the_exchanged_sample_reopen(study):
    assert snakemake(study, "--cores", "2").returncode == 0
    report = json.loads((study / "results/report/p1.json").read_text())
    items = {f["label"].split()[0]: f["variant"] for f in report["resist"]["findings"]}
    assert {EARLIER, BOTH, LATER} <= set(items)
    words = ["--results", str(study / "results"), "--by", "A. Reader"]
    for gene, item in items.items():
        assert main(["review", "p1", "accept", item, "--comment", gene, *words]) == 0
    assert main(["review", "p1", "sign", *words]) == 0
    # The page shows the review, and nothing is open.
    assert snakemake(study, "--cores", "2").returncode == 0
    page = (study / "results/report/p1.html").read_text()
    assert "Signed by <b>A. Reader</b>" in page and "Amended report" not in page
    rows, amended = status_of(study)
    assert {row["decision"] for row in rows.values()} == {"accept"} and amended == []

    exchange(study / "in/before.bam")
    done = snakemake(study, "--cores", "2")
    assert done.returncode == 0, done.stderr
    rows, amended = status_of(study)
    decisions = {gene: rows[gene]["decision"] for gene in (EARLIER, BOTH, LATER)}
    assert decisions == {EARLIER: "open", BOTH: "open", LATER: "accept"}
    for gene in (EARLIER, BOTH):
        assert all(reason.startswith("before: ") for reason in rows[gene]["reopened"])
    assert rows[LATER]["reopened"] == []
    page = (study / "results/report/p1.html").read_text()
    assert "Amended report" in page
    # The verdict's sentence has the depth of the earlier sample; else the two findings alone.
    *told, verdict = amended
    assert [line.split()[0] for line in told] == [EARLIER, BOTH]
    assert verdict.startswith("the verdict was: ")
    assert all(line in page for line in told)
    # Nothing of the trail is lost.
    trail = json.loads((study / "results/review/p1.json").read_text())["trail"]
    assert len(trail) == len(items)
