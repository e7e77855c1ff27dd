"""Which aligner: the same reads aligned by bwa and by minimap2, called, held against the truth.

    python -m benchmarks.align --seed 1

The FASTQ are those of a simulated patient (``benchmarks.trio``), taken from its BAMs; what differs
is the aligner alone. Data are kept under benchmarks/work/align.
"""

import argparse
import contextlib
import json
import time
from pathlib import Path

import pysam

from benchmarks import calls as callers
from benchmarks import summary, trio
from benchmarks.evaluate import fetcher
from benchmarks.rows import Rows, compare
from resistpanel.align.aligners import make_index
from resistpanel.align.sample import align_sample


def fastq(bam: Path, folder: Path) -> tuple[Path, Path]:
    """Write the reads of a BAM as two FASTQ files, pairs in the order of their names' hash."""
    made = tuple(folder / f"{bam.stem}_R{mate}.fastq.gz" for mate in (1, 2))
    if not all(path.exists() for path in made):
        folder.mkdir(parents=True, exist_ok=True)
        shuffled = folder / f"{bam.stem}.shuffled.bam"
        pysam.samtools.collate("-o", str(shuffled), str(bam), catch_stdout=False)
        pysam.samtools.fastq(
            "-n", "-1", str(made[0]), "-2", str(made[1]), "-0", "/dev/null", "-s", "/dev/null",
            str(shuffled), catch_stdout=False,
        )  # fmt: skip
        shuffled.unlink()
    return made


def run(data: trio.Trio, aligner: str, work: Path, threads: int) -> tuple[Rows, dict]:
    """Align, call and compare; return the comparison and seconds used."""
    folder = work / data.folder.name
    index, bams, seconds = work / f"index-{aligner}", [], {}
    if not (index / "index.json").exists():
        make_index(data.reference, index, aligner)
    for bam in data.bams:
        made = folder / aligner / bam.name
        pair = fastq(bam, folder)
        if not made.exists():
            began = time.time()
            align_sample(bam.stem, [pair[0]], [pair[1]], data.reference, index, made, threads)
            seconds[bam.stem] = time.time() - began
        bams.append(made)
    vcf = folder / aligner / "somatic.vcf.gz"
    callers.call(
        callers.resistpanel_command(data.reference, data.targets, bams[0], bams[1:], vcf), vcf
    )
    with pysam.FastaFile(str(data.reference)) as fasta:
        records = callers.resistpanel_calls(vcf, data.reference, fetcher(fasta))
    rows = compare(
        data.truth, data.germline, data.reference, data.targets, records, data.settings.samples
    )
    for frame in (rows.variants, rows.samples, rows.false):
        frame.insert(0, "seed", data.settings.seed)
    return rows, seconds


def main(argv: list[str] | None = None) -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    trio.add_arguments(parser)
    parser.add_argument("--aligners", nargs="+", default=["bwa", "mappy"])
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(argv)
    data = trio.make(trio.settings_of(args), args.work)
    out = args.work / "align"
    for aligner in args.aligners:
        rows, seconds = run(data, aligner, out, args.threads)
        print(f"## {aligner}: wall {json.dumps({k: round(v) for k, v in seconds.items()})}\n")
        tables = summary.tables(rows)
        for title in list(tables)[:4]:
            print(f"### {title}\n\n{summary.markdown(tables[title])}\n")
        with contextlib.suppress(OSError):
            summary.missed(rows).to_csv(
                out / data.folder.name / aligner / "missed.tsv", sep="\t", index=False
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
