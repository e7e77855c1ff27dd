"""`resistpanel compare`."""

import argparse
from pathlib import Path

from resistpanel.compare.comparison import compare
from resistpanel.compare.inherited import GENES, Policy
from resistpanel.compare.other_tests import read_other_tests
from resistpanel.compare.states import DEFAULT, Rules
from resistpanel.core.vocabulary import GERMLINE_POLICIES

EPILOG = """\
example:
  resistpanel compare --vcf results/annotate/P1.vcf.gz --sheet results/sheet/P1.json \\
      --output results/compare/P1.json
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--vcf", required=True, metavar="VCF.GZ", help="VCF of `resistpanel annotate`"
    )
    parser.add_argument("--sheet", required=True, metavar="JSON", help="sheet/{patient}.json")
    parser.add_argument("--copynumber", metavar="JSON", help="copynumber/{patient}.json, if any")
    parser.add_argument("--output", required=True, metavar="JSON", help="compare/{patient}.json")
    parser.add_argument(
        "--overdispersion",
        type=_fraction,
        metavar="RHO",
        help="overdispersion of fragment counts (beta-binomial rho), 0 to 1, for all samples "
        f"(default: as call estimated it for each, else {DEFAULT.overdispersion:g})",
    )
    parser.add_argument(
        "--least-fold",
        type=_fold,
        default=DEFAULT.least_fold,
        metavar="FOLD",
        help="minimum fold change of rising or falling (default %(default)s)",
    )
    parser.add_argument(
        "--most-hopping",
        type=_fraction,
        default=DEFAULT.most_hopping,
        metavar="RATE",
        help="highest rate of index hopping between the patient's libraries, 0 to 1; 0 where each "
        "library has unique dual indices, or was sequenced alone (default %(default)s)",
    )
    parser.add_argument(
        "--germline",
        choices=GERMLINE_POLICIES,
        default=GERMLINE_POLICIES[0],
        help="inherited variants: report; pathogenic: withhold all but those predicted to "
        "inactivate a gene of --germline-genes; mask: withhold all (default %(default)s)",
    )
    parser.add_argument(
        "--germline-genes",
        type=Path,
        default=GENES,
        metavar="TSV",
        help="columns gene, condition, source (default: that of the package)",
    )
    parser.add_argument(
        "--catalog",
        type=Path,
        metavar="FOLDER",
        help="with drivers.tsv: without a normal, drivers are not withheld (default: that of the "
        "package)",
    )
    parser.add_argument(
        "--other-tests", type=Path, metavar="TSV",
        help="results of IHC, FISH, ddPCR, RNA and earlier sequencing of the patients",
    )  # fmt: skip
    parser.add_argument(
        "--build", help="of the reference, for VCFs and MAFs of --other-tests: hg19 or hg38"
    )
    parser.set_defaults(run=run)


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("must be 0 or more and below 1")
    return value


def _fold(text: str) -> float:
    value = float(text)
    if not 1 <= value < DEFAULT.most_fold:
        raise argparse.ArgumentTypeError(f"must be 1 or more and below {DEFAULT.most_fold:g}")
    return value


def run(args: argparse.Namespace) -> None:
    """Run the stage."""
    given = args.overdispersion
    rules = Rules(
        overdispersion=DEFAULT.overdispersion if given is None else given,
        estimated=given is None,
        least_fold=args.least_fold,
        most_hopping=args.most_hopping,
    )
    compare(
        args.vcf, args.sheet, args.output, args.copynumber, rules,
        Policy(args.germline, args.germline_genes, args.catalog),
        read_other_tests(args.other_tests), args.build,
    )  # fmt: skip
