"""`resistpanel align`: FASTQ to BAM."""

import argparse
from pathlib import Path

EPILOG = """examples:
  resistpanel align index --reference genome.fa --output align/index
  resistpanel align run --sample P1-pre --fastq1 L1_R1.fq.gz --fastq1 L2_R1.fq.gz \\
      --fastq2 L1_R2.fq.gz --fastq2 L2_R2.fq.gz --reference genome.fa --index align/index \\
      --output align/P1-pre.bam
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    index = actions.add_parser("index", help="index the reference for an aligner")
    index.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")
    index.add_argument(
        "--aligner",
        choices=["auto", "bwa-mem2", "bwa", "mappy"],
        default="auto",
        help="auto: bwa-mem2 or bwa if on the PATH, else mappy",
    )
    index.add_argument("--output", type=Path, required=True, help="folder")
    index.set_defaults(run=run_index)

    fetch = actions.add_parser("fetch", help="keep and index a BAM fetched from object storage")
    fetch.add_argument("--copy", type=Path, required=True, help="temporary copy of the BAM")
    fetch.add_argument("--output", type=Path, required=True, help="BAM")
    fetch.set_defaults(run=run_fetch)

    run = actions.add_parser("run", help="align a sample, sort, mark duplicates, index")
    run.add_argument("--sample", required=True, help="sample name, SM of the read groups")
    run.add_argument(
        "--fastq1",
        type=Path,
        action="append",
        required=True,
        help="FASTQ of read 1, or of both reads interleaved; repeat for each lane",
    )
    run.add_argument(
        "--fastq2",
        type=Path,
        action="append",
        default=[],
        help="FASTQ of read 2, in the same order",
    )
    run.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")
    run.add_argument("--index", type=Path, required=True, help="folder of `align index`")
    run.add_argument(
        "--umi",
        choices=["none", "name", "tag"],
        default="none",
        help="name: last field of the read name; tag: RX:Z: in the comment",
    )
    run.add_argument(
        "--adapter",
        default="auto",
        metavar="SEQ[,SEQ]",
        help="adapter behind read 1 and read 2; auto (default): TruSeq, Nextera, and what follows "
        "short inserts; none: reads are not trimmed",
    )
    run.add_argument(
        "--qualities",
        choices=["auto", "phred33", "phred64"],
        default="auto",
        help="scale of the base qualities (default: auto)",
    )
    run.add_argument(
        "--read-structure",
        default="none",
        metavar="STRUCTURE[,STRUCTURE]",
        help="first bases of the reads, as 3M2S+T: UMI (M), skipped bases (S), template (T)",
    )
    run.add_argument("--threads", type=int, default=1)
    run.add_argument("--output", type=Path, required=True, help="BAM")
    run.set_defaults(run=run_run)


def run_index(args: argparse.Namespace) -> int:
    """Index the reference."""
    from resistpanel.align.aligners import make_index

    make_index(args.reference, args.output, args.aligner)
    return 0


def run_fetch(args: argparse.Namespace) -> int:
    """Keep and index a fetched BAM."""
    from resistpanel.align.fetched import keep

    keep(args.copy, args.output)
    return 0


def run_run(args: argparse.Namespace) -> int:
    """Align a sample."""
    from resistpanel.align.sample import ReadSettings, align_sample

    align_sample(
        args.sample,
        args.fastq1,
        args.fastq2,
        args.reference,
        args.index,
        args.output,
        max(1, args.threads),
        ReadSettings(args.umi, args.adapter, args.qualities, args.read_structure),
    )
    return 0
