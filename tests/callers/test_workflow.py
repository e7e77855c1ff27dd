"""Other callers in the workflow: off by default; their alleles go to ours first."""

import shutil

import pysam
import pytest

from resistpanel.core.files import read_json
from resistpanel.core.schemas import from_builtins
from resistpanel.records.callers import Callers

from .conftest import SEQUENCE
from .test_run import write_bam

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("callers")]


@pytest.fixture
def folder(tmp_path, reference, one_gene):
    """A normal and a tumour with A>G at 203, in a folder whose name must be quoted."""
    path = tmp_path / "it's a folder"
    path.mkdir()
    shutil.copy(reference, path / "genome.fa")
    (path / "targets.bed").write_text("c\t150\t250\tGENE|T1|exon1\n")
    (path / "genes.gff3").write_text(one_gene("c", (101, 300), (151, 249)))
    starts = [105 + n % 95 for n in range(400)]
    other = [110 + n % 80 for n in range(400)]  # two samples have no reads in common
    plain = [(s, SEQUENCE[s : s + 100]) for s in starts]
    with_it = [
        (s, t[: 202 - s] + "G" + t[203 - s :]) if n % 10 < 3 else (s, t)
        for n, (s, t) in enumerate((s, SEQUENCE[s : s + 100]) for s in other)
    ]
    write_bam(path / "normal.bam", "normal", plain)
    write_bam(path / "tumor.bam", "tumor", with_it)
    (path / "samples.tsv").write_text(
        "patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tbam\n"
        "p1\tnormal\tnormal\t\t\t\t\tnormal.bam\n"
        "p1\ttumor\ttumor\tpost\t9\t\tPLX4032\ttumor.bam\n"
    )
    (path / "config.yaml").write_text(
        "samples: samples.tsv\nreference: genome.fa\ntargets: targets.bed\ngenes: genes.gff3\n"
    )
    return path


def add(folder, text):
    with (folder / "config.yaml").open("a") as handle:
        handle.write(text)


@pytest.mark.slow  # test_dag's run has no folder of them either
def test_off_by_default(folder, snakemake):
    done = snakemake(folder, "-n")
    assert done.returncode == 0, done.stderr
    assert "callers" not in done.stdout


def test_a_vcf_that_is_not_there_starts_no_job(folder, snakemake):
    add(folder, "callers_vcf: {lofreq: 'vcf/{patient}.{sample}.vcf'}\n")
    done = snakemake(folder, "-n")
    assert done.returncode == 2
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("resistpanel: error:")]
    assert "no such VCF for patient 'p1': vcf/p1.tumor.vcf" in line
    assert "key 'callers_vcf.lofreq'" in line


@pytest.mark.skipif(shutil.which("freebayes") is None, reason="freebayes is not installed")
def test_freebayes_and_a_vcf_of_ones_own(folder, snakemake):
    (folder / "own.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=c,length=600>\n"
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ttumor\n"
        "c\t205\t.\tC\tT\t.\tPASS\t.\tAD\t200,3\n"
    )
    add(folder, "callers: [freebayes]\ncallers_vcf: {mine: 'own.vcf'}\n")
    done = snakemake(folder, "--cores", "1", "results/callers/p1.json")
    assert done.returncode == 0, done.stdout + done.stderr
    value = read_json(folder / "results/callers/p1.json")
    from_builtins(value, Callers, "p1.json")
    both, alone = value["variants"]
    assert (both["id"], both["called_by"]) == ("c:203:A:G", ["resistpanel", "freebayes"])
    assert both["others"]["freebayes"]["samples"]["tumor"]["called"] is True
    assert (alone["id"], alone["called_by"]) == ("c:205:C:T", ["mine"])
    # Ours was asked for what only another caller had.
    assert alone["resistpanel"]["filters"] == ["absent"]
    assert alone["resistpanel"]["samples"]["tumor"]["detected"] is False
    with pysam.VariantFile(str(folder / "results/call/p1.vcf.gz")) as handle:
        forced = [r.pos for r in handle if "FORCED" in r.info]
    assert forced == [203, 205]
