"""`resistpanel identity`."""

import argparse
import sys
from pathlib import Path

from resistpanel.core.schemas import read_record, write_record
from resistpanel.qc.cohort import find, gather, tested
from resistpanel.qc.identity_limits import DEFAULT, Limits
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.identity import Identity

EPILOG = """\
example:
  resistpanel identity results/copynumber/*.json --output results/identity/cohort.json
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("patients", type=Path, nargs="+", help="JSON of `resistpanel copynumber`")
    parser.add_argument(
        "--least-sites",
        type=float,
        default=DEFAULT.least_sites,
        help="sites needed to compare two samples; default %(default)g",
    )
    parser.add_argument(
        "--same",
        type=float,
        default=DEFAULT.same,
        help="discordant fraction up to which two samples are from one person; default %(default)g",
    )
    parser.add_argument(
        "--different",
        type=float,
        default=DEFAULT.different,
        help="discordant fraction from which they are from two persons; default %(default)g",
    )
    parser.add_argument("--output", type=Path, required=True, help="JSON to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare all samples; say on standard error what was found."""
    limits = Limits(args.least_sites, args.same, args.different)
    cohort = gather([(read_record(path, CopyNumber), str(path)) for path in args.patients])
    found = find(cohort, limits)
    compared = tested(cohort, limits)
    any_judged = compared.within.judged or compared.between.judged
    value = Identity(
        schema="resistpanel/identity/1",
        patients=tuple(sorted(set(cohort.patient))),
        samples=len(cohort.sample),
        least_sites=limits.least_sites,
        within=compared.within,
        between=compared.between,
        untested=compared.untested,
        findings=tuple(found),
        passed=not found if any_judged else None,
    )
    write_record(args.output, value)
    for finding in found:
        print(f"resistpanel: warning: {finding.text}", file=sys.stderr)
    return 0
