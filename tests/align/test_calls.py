"""The simulated reads, aligned anew from FASTQ, give the same calls as where they were put."""

import shutil

import pysam
import pytest
import yaml

from resistpanel.align.aligners import make_index
from resistpanel.align.sample import align_sample
from resistpanel.call.caller import Caller, Settings
from resistpanel.testing.simulate import simulate

PARTS = {
    "reads": {"length": 75, "insert_mean": 150, "insert_sd": 25, "depth": 120, "low_mapq": 0.0,
              "off_target": 0.0, "pcr_errors": 0.00001},
    "germline": {"snv_per_kb": 2, "indel_per_kb": 1, "heterozygous": 0.6},
}  # fmt: skip
AROUND = 2000


@pytest.fixture(scope="module")
def patient(tmp_path_factory, small_patient, write_panel):
    """A simulated patient, and what of its genome is not N, so that indexing takes no time."""
    folder = tmp_path_factory.mktemp("patient")
    write_panel(folder / "panel", ["BRAF", "MAP2K1"])
    (folder / "patient.yaml").write_text(yaml.safe_dump(small_patient(**PARTS), sort_keys=False))
    simulate(folder / "patient.yaml", folder / "out")
    windows: dict[str, list[int]] = {}
    rows = [x.split("\t") for x in (folder / "out/targets.bed").read_text().splitlines()]
    for chrom, start, end, *_ in rows:
        low, high = windows.setdefault(chrom, [int(start), int(end)])
        windows[chrom] = [min(low, int(start)), max(high, int(end))]
    starts = {chrom: low - AROUND for chrom, (low, _) in windows.items()}
    with pysam.FastaFile(str(folder / "out/genome.fa.gz")) as fasta:
        (folder / "cut.fa").write_text(
            "".join(
                f">{chrom}\n{fasta.fetch(chrom, low - AROUND, high + AROUND)}\n"
                for chrom, (low, high) in windows.items()
            )
        )
    pysam.samtools.faidx(str(folder / "cut.fa"))
    (folder / "cut.bed").write_text(
        "".join(f"{c}\t{int(s) - starts[c]}\t{int(e) - starts[c]}\n" for c, s, e, *_ in rows)
    )
    return folder, starts


@pytest.mark.parametrize(
    "aligner",
    [
        "mappy",
        pytest.param(
            "bwa",
            marks=[
                pytest.mark.skipif(shutil.which("bwa") is None, reason="bwa is not installed"),
                pytest.mark.slow,
            ],
        ),
    ],
)
def test_the_same_variants(patient, tmp_path, aligner):
    folder, starts = patient
    make_index(folder / "cut.fa", tmp_path / "index", aligner)
    for sample in ("normal", "tumor"):
        shuffled = tmp_path / "shuffled.bam"
        pairs = [tmp_path / f"{sample}_R{mate}.fq.gz" for mate in (1, 2)]
        pysam.samtools.collate(
            "-o", str(shuffled), str(folder / f"out/{sample}.bam"), catch_stdout=False
        )
        pysam.samtools.fastq(
            "-n", "-1", str(pairs[0]), "-2", str(pairs[1]), "-0", "/dev/null", "-s", "/dev/null",
            str(shuffled), catch_stdout=False,
        )  # fmt: skip
        align_sample(
            sample, pairs[:1], pairs[1:], folder / "cut.fa", tmp_path / "index",
            tmp_path / f"{sample}.bam",
        )  # fmt: skip

    def call(bams, reference, targets):
        settings = Settings(
            reference=str(reference),
            targets=str(targets),
            normal=str(bams / "normal.bam"),
            tumors=[str(bams / "tumor.bam")],
        )
        out = tmp_path / "out.vcf.gz"
        Caller(settings).run(str(out))
        with pysam.VariantFile(str(out)) as handle:
            return {
                (r.chrom, r.pos, r.ref, r.alts[0]): r.samples["tumor"]["AF"]
                for r in handle
                if list(r.filter) == ["PASS"]
            }

    expected = call(folder / "out", folder / "out/genome.fa.gz", folder / "out/targets.bed")
    assert {("chr15", 66729154, "G", "C"), ("chr7", 140453136, "AC", "TT")} <= set(expected)
    found = {
        (chrom, pos + starts[chrom], ref, alt): af
        for (chrom, pos, ref, alt), af in call(
            tmp_path, folder / "cut.fa", folder / "cut.bed"
        ).items()
    }
    assert set(found) == set(expected)
    for name, af in expected.items():
        assert found[name] == pytest.approx(af, abs=0.05)
    with pysam.AlignmentFile(str(tmp_path / "tumor.bam")) as handle:
        marked = {read.query_name for read in handle if read.is_duplicate}
    with pysam.AlignmentFile(str(folder / "out/tumor.bam")) as handle:
        true = {read.query_name for read in handle if read.is_duplicate}
    # As many as were simulated, and the fragments that share both ends by chance.
    assert len(true) <= len(marked) <= 2 * len(true)
