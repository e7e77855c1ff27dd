"""`resistpanel call`: arguments, and nothing else."""

import argparse

from resistpanel.errors import InputError

EXAMPLE = """example:
  resistpanel call --reference hg19.fa --targets panel.bed --normal skin.bam \\
      --tumor before.bam --tumor relapse.bam --output somatic.vcf.gz
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EXAMPLE
    parser.add_argument("--reference", required=True, help="FASTA with .fai (bgzip: and .gzi)")
    parser.add_argument("--targets", required=True, help="BED of the panel")
    parser.add_argument("--normal", help="BAM or CRAM of the matched normal")
    parser.add_argument("--tumor", action="append", required=True, help="repeat for each tumour")
    parser.add_argument("--sites", help="VCF of alleles to genotype whatever the reads propose")
    parser.add_argument("--padding", type=int, default=0, help="bases added around targets (0)")
    parser.add_argument("--min-mapq", type=int, default=20, help="least mapping quality (20)")
    parser.add_argument("--min-qual", type=int, default=12, help="least base quality (12)")
    parser.add_argument("--threads", type=int, default=1, help="samples read at once (1)")
    parser.add_argument("--output", required=True, help="bgzipped VCF, indexed beside it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Call a patient."""
    from resistpanel.call.caller import Caller, Settings

    if not args.output.endswith(".vcf.gz"):
        raise InputError("the output must end in .vcf.gz", f"--output {args.output}")
    for name, least in (("padding", 0), ("min_mapq", 0), ("min_qual", 0), ("threads", 1)):
        value = getattr(args, name)
        if value < least:
            raise InputError(f"must be {least} or more", f"--{name.replace('_', '-')} {value}")
    settings = Settings(
        reference=args.reference,
        targets=args.targets,
        tumors=args.tumor,
        normal=args.normal,
        sites=args.sites,
        padding=args.padding,
        threads=args.threads,
        min_mapq=args.min_mapq,
        min_qual=args.min_qual,
    )
    Caller(settings).run(args.output)
    return 0
