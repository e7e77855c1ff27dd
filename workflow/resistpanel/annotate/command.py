"""`resistpanel annotate`."""

import argparse

from resistpanel.annotate.vcf import annotate_vcf

EPILOG = """\
example:
  resistpanel annotate --vcf results/call/P1.vcf.gz --genes panels/cancer138/hg19.gff3 \\
      --reference hg19.fa.gz --output results/annotate/P1.vcf.gz
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("--vcf", required=True, metavar="VCF", help="VCF of `resistpanel call`")
    parser.add_argument("--genes", required=True, metavar="GFF3", help="the panel's GFF3")
    parser.add_argument("--reference", required=True, metavar="FASTA", help="indexed reference")
    parser.add_argument(
        "--sequences",
        metavar="JSON",
        help="refget accessions of `resistpanel panel adapt`, for GA4GH VRS identifiers; without "
        "it those of the reference's .dict and of short contigs",
    )
    parser.add_argument(
        "--output",
        required=True,
        metavar="VCF.GZ",
        help="annotated VCF; its .tbi is written next to it",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Run the stage."""
    annotate_vcf(args.vcf, args.genes, args.reference, args.output, args.sequences)
