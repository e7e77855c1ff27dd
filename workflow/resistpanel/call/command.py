"""`resistpanel call`: arguments, and nothing else."""

import argparse
import sys
from pathlib import Path

from resistpanel.errors import InputError

EXAMPLE = """example:
  resistpanel call --reference hg19.fa --targets panel.bed --normal skin.bam \\
      --tumor before.bam --tumor relapse.bam --output somatic.vcf.gz

  a panel of normals, from samples without a tumour sequenced the same way:
  resistpanel call --build-pon --reference hg19.fa --targets panel.bed \\
      --normal a.bam --normal b.bam --normal c.bam --output pon.vcf.gz
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EXAMPLE
    parser.add_argument("--reference", required=True, help="FASTA with .fai (bgzip: and .gzi)")
    parser.add_argument("--targets", required=True, help="BED of the panel")
    parser.add_argument(
        "--normal",
        action="append",
        default=[],
        help="BAM or CRAM of the matched normal; without it, germline variants near an allele "
        "frequency of 0.5 or 1 cannot be told from somatic ones and are not called",
    )
    parser.add_argument("--tumor", action="append", default=[], help="repeat for each tumour")
    parser.add_argument("--sites", help="VCF of alleles to genotype whatever the reads propose")
    parser.add_argument("--germline", help="indexed VCF of population allele frequencies (AF)")
    parser.add_argument("--pon", help="panel of normals made by --build-pon")
    parser.add_argument(
        "--build-pon", action="store_true", help="write a panel of normals of all --normal"
    )
    parser.add_argument("--padding", type=int, default=0, help="bases added around targets (0)")
    parser.add_argument("--min-mapq", type=int, default=20, help="least mapping quality (20)")
    parser.add_argument("--min-qual", type=int, default=12, help="least base quality (12)")
    parser.add_argument("--threads", type=int, default=1, help="samples read at once (1)")
    parser.add_argument("--output", required=True, help="bgzipped VCF, indexed beside it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Call a patient."""
    from resistpanel.call.caller import Caller, Settings, build_pon
    from resistpanel.call.header import warnings
    from resistpanel.sheet.bam import quiet
    from resistpanel.sheet.index import check_whole

    if not args.output.endswith(".vcf.gz"):
        raise InputError("the output must end in .vcf.gz", f"--output {args.output}")
    for name, least in (("padding", 0), ("min_mapq", 0), ("min_qual", 0), ("threads", 1)):
        value = getattr(args, name)
        if value < least:
            raise InputError(f"must be {least} or more", f"--{name.replace('_', '-')} {value}")
    if args.build_pon and (args.tumor or len(args.normal) < 2):
        raise InputError("needs two or more --normal and no --tumor", "--build-pon")
    if not args.build_pon and not args.tumor:
        raise InputError("none given", "--tumor", "give one or more")
    if not args.build_pon and len(args.normal) > 1:
        raise InputError(f"{len(args.normal)} given", "--normal", "a patient has one")
    settings = Settings(
        reference=args.reference,
        targets=args.targets,
        tumors=args.normal if args.build_pon else args.tumor,
        normal=args.normal[0] if args.normal and not args.build_pon else None,
        sites=args.sites,
        germline=args.germline,
        pon=args.pon,
        padding=args.padding,
        threads=args.threads,
        min_mapq=args.min_mapq,
        min_qual=args.min_qual,
    )
    with quiet():
        for path in (*args.normal, *args.tumor):
            check_whole(Path(path))
        if args.build_pon:
            number = build_pon(settings, args.output)
            print(f"{number} alleles recur in {len(args.normal)} normals")
        else:
            caller = Caller(settings)
            caller.run(args.output)
            for text in warnings(caller):
                print(f"resistpanel: warning: {text}", file=sys.stderr)
    return 0
