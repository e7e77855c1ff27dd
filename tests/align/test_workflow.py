"""FASTQ in the sheet: aligned by the workflow's rules, then the way of every BAM."""

import gzip
import json
import random

import pysam
import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("fastq")]

LENGTH, READ = 4000, 75
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def pairs(sequence, haplotype, share, count, rng):
    """Yield read pairs of fragments of 900 to 1400, a share of them from the haplotype."""
    for _ in range(count):
        source = haplotype if rng.random() < share else sequence
        start, size = rng.randrange(850, 1350), rng.randrange(100, 200)
        ends = source[start : start + READ], source[start : start + size][-READ:]
        yield ends[0], ends[1].translate(COMPLEMENT)[::-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, one_gene):
    """A patient as FASTQ, the tumour on two lanes, 40 % of it with A>G or so at 1101."""
    path = tmp_path_factory.mktemp("a folder")
    rng = random.Random(3)
    sequence = "".join(rng.choices("ACGT", k=LENGTH))
    alt = "A" if sequence[1100] != "A" else "C"
    changed = sequence[:1100] + alt + sequence[1101:]
    (path / "genome.fa").write_text(f">chrT\n{sequence}\n")
    (path / "alt").write_text(f"{sequence[1100]} {alt}")
    (path / "targets.bed").write_text("chrT\t1000\t1300\tGENE|T1|exon1\n")
    (path / "genes.gff3").write_text(one_gene("chrT", (901, 1500), (1001, 1300)))
    for name, share, count in (("normal", 0, 1200), ("L1", 0.4, 800), ("L2", 0.4, 800)):
        mates = list(pairs(sequence, changed, share, count, rng))
        for mate in (0, 1):
            text = "".join(
                f"@I:1:FC{name}:1:1:{n}:5 {mate + 1}:N:0:A\n{ends[mate]}\n+\n{'F' * READ}\n"
                for n, ends in enumerate(mates)
            )
            (path / f"{name}_R{mate + 1}.fq.gz").write_bytes(gzip.compress(text.encode(), 1))
    (path / "samples.tsv").write_text(
        "patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tfastq1\tfastq2\n"
        "p1\tnormal\tnormal\t\t\t\t\tnormal_R1.fq.gz\tnormal_R2.fq.gz\n"
        "p1\ttumor\ttumor\tpost\t9\t\tPLX4032\tL1_R1.fq.gz; L2_R1.fq.gz\tL1_R2.fq.gz;L2_R2.fq.gz\n"
    )
    (path / "config.yaml").write_text(
        "samples: samples.tsv\nreference: genome.fa\ntargets: targets.bed\ngenes: genes.gff3\n"
        "align: {aligner: mappy, adapter: AGATCGGAAGAGC, qualities: phred33,"
        " read_structure: 1S+T}\n"
    )
    return path


def test_from_fastq_to_calls(folder, snakemake):
    wanted = "results/call/p1.vcf.gz", "results/sheet/p1.json"
    done = snakemake(folder, "--cores", "1", *wanted)
    assert done.returncode == 0, done.stdout + done.stderr
    with pysam.VariantFile(str(folder / "results/call/p1.vcf.gz")) as handle:
        (found,) = [r for r in handle if list(r.filter) == ["PASS"]]
    assert (found.pos, f"{found.ref} {found.alts[0]}") == (1101, (folder / "alt").read_text())
    assert found.samples["tumor"]["AF"] == pytest.approx(0.4, abs=0.08)
    sheet = json.loads((folder / "results/sheet/p1.json").read_text())
    assert [s["bam"] for s in sheet["samples"]] == [
        str(folder / f"results/align/{name}.bam") for name in ("normal", "tumor")
    ]
    with pysam.AlignmentFile(str(folder / "results/align/tumor.bam")) as handle:
        header = handle.header.to_dict()
        longest = max(read.query_length for read in handle)
    groups = header["RG"]
    assert header["PG"][1]["CL"] == (
        "resistpanel align run --umi none --adapter AGATCGGAAGAGC --qualities phred33"
        " --read-structure 1S+T"
    )
    assert longest == READ - 1
    assert [group["ID"] for group in groups] == ["tumor.FCL1.1", "tumor.FCL2.1"]
    assert {group["SM"] for group in groups} == {"tumor"}


def test_a_fault_in_a_fastq_starts_no_job(folder, tmp_path, snakemake):
    for path in folder.iterdir():
        if path.is_file():
            data = path.read_bytes()
            (tmp_path / path.name).write_bytes(data[:-40] if path.name == "L2_R2.fq.gz" else data)
    done = snakemake(tmp_path, "-n")
    assert done.returncode == 2
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("resistpanel: error:")]
    assert "L2_R2.fq.gz" in line and "truncated" in line
    assert "samples.tsv:3, sample 'tumor'" in line
    assert not (tmp_path / "results").exists()
