"""A masked run: no inherited allele in any file of the results."""

import json
import re

import cyvcf2
import pysam
import pytest
import yaml

from .conftest import snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_no_file_of_the_results_has_an_inherited_allele(
    tmp_path, small_patient, write_panel, file_texts
):
    write_panel(tmp_path / "panel", ["BRAF", "MAP2K1", "NRAS"])
    patient = small_patient(genome={"exons_per_gene": 3}, germline={"snv_per_kb": 6})
    (tmp_path / "patient.yaml").write_text(yaml.safe_dump(patient))
    value = {"simulate": {"patient": "patient.yaml"}, "outdir": "results", "germline": "report"}
    sliced = value | {"report": {"slices": True}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(sliced))
    assert snakemake(tmp_path, "--cores", "2").returncode == 0
    assert (tmp_path / "results/call/p1.vcf.gz").is_file()
    slices = tmp_path / "results/report/slices/p1"
    bams = sorted(slices.glob("*.bam"))
    assert len(bams) == len(patient["samples"]) and all(map(pysam.idxstats, map(str, bams)))
    assert (slices / "regions.bed").read_text().startswith("chr")
    # Reads show what is withheld.
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(sliced | {"germline": "mask"}))
    refused = snakemake(tmp_path, "--cores", "2")
    assert refused.returncode != 0 and "report.slices" in refused.stderr
    assert "withheld of every patient" in refused.stderr
    # Consent is withdrawn: what the first run left behind must go, too.
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(value | {"germline": "mask"}))
    done = snakemake(tmp_path, "--cores", "2")
    assert done.returncode == 0, done.stderr
    truth = [
        (v.POS, v.INFO.get("HGVSC"), v.INFO.get("HGVSP"))
        for v in cyvcf2.VCF(str(tmp_path / "results.private/annotate/p1.vcf.gz"))
        if v.INFO.get("MODEL") == "germline"
    ]
    assert len(truth) >= 5
    catalogued = (tmp_path / "results/catalog/sites.vcf").read_text()
    words = [
        rf"(?<!\d){number}(?!\d)" for pos, _, _ in truth for number in (pos - 1, pos)
        if str(number) not in catalogued
    ] + [re.escape(n) for _, *names in truth for n in names if n and "%3D" not in n]  # fmt: skip
    leaks = [
        (str(path.relative_to(tmp_path)), word)
        for path in (tmp_path / "results").rglob("*") if path.is_file()
        for text in file_texts(path)
        for word in words if re.search(word, text)
    ]  # fmt: skip
    assert leaks == []
    assert not (tmp_path / "results/call").exists() and not slices.exists()
    report = json.loads((tmp_path / "results/report/p1.json").read_text())
    assert report["compare"]["germline"]["policy"] == "mask"
    assert "C121S" in report["resist"]["verdict"]["sentence"]
    assert "resistpanel.private" not in str(report)
