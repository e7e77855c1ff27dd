"""The second demo patient, from BAMs to verdict: an amplification is the mechanism."""

import gzip

import pytest

from resistpanel.call.model.contamination import Fraction
from resistpanel.cli import main
from resistpanel.copynumber.allele_counts import read_contamination, read_sites
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, read_json
from resistpanel.core.vcf import CallVcf

PATIENT = HOME / "resources/demo/amplification.yaml"
PANEL = HOME / "panels/cancer138"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder in which the stages ran, at a depth that suits a test."""
    path = tmp_path_factory.mktemp("amplification")
    main(["simulate", str(PATIENT), "--output", str(path), "--depth", "100"])
    bams = {
        name: str(path / f"{name}.bam") for name in ("blood", "biopsy_before", "biopsy_relapse")
    }
    at = ["--reference", str(path / "genome.fa.gz")]
    targets = ["--targets", str(path / "targets.bed")]
    genes = ["--genes", str(PANEL / "hg19.gff3")]

    def out(stage, suffix="json"):
        return str(path / f"{stage}.{suffix}")

    called, annotated = out("call", "vcf.gz"), out("annotate", "vcf.gz")
    tumors = ["--tumor", bams["biopsy_before"], "--tumor", bams["biopsy_relapse"]]
    normal = ["--normal", bams["blood"]]
    sheet = ["--samples", str(path / "samples.tsv"), "--build", "hg19", "--patient", "brafamp"]
    for step in (
        ["sheet", *sheet, *at, *targets, *genes, "--output", out("sheet")],
        ["qc", "--sheet", out("sheet"), *at, *targets, "--threads", "2", "--output", out("qc")],
        ["call", *at, *targets, *normal, *tumors, "--output", called],
        ["annotate", "--vcf", called, *at, *genes, "--output", annotated],
        ["copynumber", "--sheet", out("sheet"), "--qc", out("qc"), "--vcf", annotated, *at,
         "--output", out("copynumber")],
        ["compare", "--vcf", annotated, "--sheet", out("sheet"), "--copynumber",
         out("copynumber"), "--output", out("compare")],
        ["resist", "--sheet", out("sheet"), "--compare", out("compare"), "--copynumber",
         out("copynumber"), "--output", out("resist")],
    ):  # fmt: skip
        assert main(step) == 0, step
    return path


def test_the_amplification_is_the_mechanism(folder):
    resist = read_json(folder / "resist.json")
    assert resist["verdict"]["kind"] == "mechanism"
    assert resist["verdict"]["key_variants"] == ["copynumber:BRAF:amplification"]
    assert resist["driver"]["state"] == "retained"


def test_the_paired_ratio_names_braf_alone(folder):
    (pair,) = read_json(folder / "copynumber.json")["pairs"]
    changed = {gene["gene"]: gene for gene in pair["genes"] if gene["call"] != "unchanged"}
    assert list(changed) == ["BRAF"]
    # From 2 copies to 12, at purities of 0.55 and 0.7: log2 of 9 / 2.
    assert changed["BRAF"]["low"] < 2.17 < changed["BRAF"]["high"]


def test_what_was_there_before_is_called_in_both(folder):
    samples = read_json(folder / "copynumber.json")["samples"]
    for tumor in samples.values():
        calls = {gene["gene"]: gene["call"] for gene in tumor["genes"]}
        assert calls["CDKN2A"] == "deletion"
    assert samples["biopsy_before"]["purity"]["value"] == pytest.approx(0.55, abs=0.07)
    assert samples["biopsy_relapse"]["purity"]["value"] == pytest.approx(0.7, abs=0.07)


def test_contamination_is_that_of_the_call(folder):
    """One estimate: the page shows what the header of the VCF has."""
    told = CallVcf(folder / "call.vcf.gz").parameters
    value = read_json(folder / "copynumber.json")
    for kind in ("contamination", "tumor_in_normal"):
        assert value[kind]
        for sample, shown in value[kind].items():
            estimate = Fraction.parse(told[f"{kind}_{sample}"])
            assert estimate.value is not None
            assert shown["value"] == pytest.approx(estimate.value, abs=1e-5)
            assert (shown["found"], shown["sites"]) == (estimate.found, estimate.sites)


def test_a_call_without_estimates_is_refused(folder, tmp_path):
    text = gzip.decompress((folder / "call.vcf.gz").read_bytes()).decode()
    vcf = tmp_path / "x.vcf"
    vcf.write_text(text.replace("##resistpanel_contamination_blood", "##resistpanel_x"))
    samples = ["blood", "biopsy_before", "biopsy_relapse"]
    assert read_contamination(vcf, samples, None) == ({}, {})
    with pytest.raises(InputError, match="##resistpanel_contamination_blood is missing"):
        read_contamination(vcf, samples, "blood")


def test_a_call_that_is_not_annotated_is_refused(folder):
    """Without genes no purity is estimated: an empty answer would not say why."""
    samples = ["blood", "biopsy_before", "biopsy_relapse"]
    with pytest.raises(InputError, match="is not annotated; run `resistpanel annotate` on it"):
        read_sites(folder / "call.vcf.gz", samples)
