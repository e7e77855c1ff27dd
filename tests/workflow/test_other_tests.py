"""Evidence without a BAM, through the whole workflow."""

import json
import shutil

import pytest

from .conftest import snakemake, write_study

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

TABLE = """\
patient\tassay\tsample\ttimepoint\tgene\talteration\tresult\tvalue\tunit\tlimit\tpurity\tfile\tsource
p1\tNGS\tbiopsy0\tpre\tBRAF\tV600E\tpositive\t32\t%\t\t\t\treport H23-471
p1\tWES\told\tpre\tMAP2K1\t\t\t\t%\t{limit}\t0.8\tfirst.vcf\texome 2023-04
p1\tIHC\tbiopsy2\tpost\tBRAF\tV600E\tpositive\t\t\t\t\t\treport P24-9
"""
#: Of an earlier exome: the driver alone.
VCF = """\
##fileformat=VCFv4.2
##contig=<ID=chr7,length=159138663>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Counts">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\told
chr7\t140453136\t.\tA\tT\t.\tPASS\t.\tGT:AD\t0/1:60,40
"""


def state_of(folder, gene="MAP2K1"):
    compare = json.loads((folder / "results/compare/p1.json").read_text())
    one = next(v for v in compare["variants"] if v["gene"] == gene and v["reported"])
    return one["lines"][-1], compare


def test_an_earlier_report_decides_what_no_bam_does(tmp_path, small_patient, write_panel):
    """One tumour, taken under treatment; reports of before it decide, or leave it open."""
    write_panel(tmp_path / "panel", ["BRAF", "MAP2K1"])
    af = {"tumor": 0.3}
    patient = small_patient(
        genome={"exons_per_gene": 2}, reads={"depth": 250},
        somatic=[
            {"chrom": "chr15", "pos": 66729154, "ref": "G", "alt": "C", "af": af},
            {"chrom": "chr7", "pos": 140453136, "ref": "A", "alt": "T", "af": af},
        ],
    )  # fmt: skip
    write_study(tmp_path, patient, other_tests="tests.tsv")
    (tmp_path / "first.vcf").write_text(VCF)
    (tmp_path / "tests.tsv").write_text(TABLE.format(limit=5))
    done = snakemake(tmp_path, "--cores", "2")
    assert done.returncode == 0, done.stderr
    line, compare = state_of(tmp_path)
    assert len(compare["other_tests"]) == 4  # three rows, and the call of the VCF
    assert line["state"] == "acquired", line
    says = {one["says"] for one in line["tests"]}
    assert "excluded" in says
    driver, _ = state_of(tmp_path, "BRAF")
    assert {"present"} <= {one["says"] for one in driver["tests"]}
    resist = json.loads((tmp_path / "results/resist/p1.json").read_text())
    assert "C121S" in resist["verdict"]["sentence"]
    assert resist["verdict"]["confidence"] in ("low", "moderate")
    assert len(resist["other_tests"]) == len(compare["other_tests"])
    page = (tmp_path / "results/report/p1.html").read_text()
    for source in ("report H23-471", "exome 2023-04", "report P24-9"):
        assert source in page

    # Another limit in the table: the steps from compare on, and no call.
    calls = (tmp_path / "results/call/p1.vcf.gz").stat().st_mtime_ns
    (tmp_path / "tests.tsv").write_text(TABLE.format(limit=""))
    done = snakemake(tmp_path, "--cores", "2")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results/call/p1.vcf.gz").stat().st_mtime_ns == calls
    line, _ = state_of(tmp_path)
    assert line["state"] != "acquired" and {one["says"] for one in line["tests"]} >= {"open"}

    # A file that is not there is refused before anything runs.
    shutil.move(tmp_path / "first.vcf", tmp_path / "gone.vcf")
    done = snakemake(tmp_path, "--cores", "2", "--dry-run")
    assert done.returncode != 0 and "first.vcf" in done.stderr
    assert "Traceback" not in done.stderr
