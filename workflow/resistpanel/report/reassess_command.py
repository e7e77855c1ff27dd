"""`resistpanel catalog update`: what a catalogue would change in stored results, for whom."""

import argparse
import dataclasses
import sys

from resistpanel.core.files import write_text
from resistpanel.report.reassess import COLUMNS, changes
from resistpanel.report.store_database import query
from resistpanel.report.tsv import field
from resistpanel.resist.context import load_context


def run(args: argparse.Namespace) -> int:
    """Write one row per change; say on standard error whom they concern."""
    context = load_context(args.catalog, args.user, args.drugs)
    found = list(changes(args.store, context))
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(map(field, dataclasses.astuple(one))) for one in found]
    text = "\n".join(lines) + "\n"
    if args.output:
        write_text(args.output, text)
    else:
        sys.stdout.write(text)
    _, [(patients,)] = query(args.store, "SELECT count(*) FROM current")
    verdicts = {one.patient for one in found if one.what == "verdict"}
    concerned = {one.patient for one in found}
    print(
        f"{len(concerned)} of {patients} patients concerned, {len(verdicts)} verdicts changed",
        file=sys.stderr,
    )
    return 0
