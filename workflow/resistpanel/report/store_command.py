"""`resistpanel store`: results of many runs in one database, and questions to it."""

import argparse
import shutil
import sys
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text, replacing, write_json, write_text
from resistpanel.report.cohort import cohort, cohort_tsv
from resistpanel.report.render import cohort_page
from resistpanel.report.store_database import add, query, summaries
from resistpanel.report.store_tables import TABLES
from resistpanel.report.tsv import field

EPILOG = """examples:
  resistpanel store add lab.duckdb results/report/*.json
  resistpanel store query lab.duckdb "SELECT patient, sentence FROM current"
  resistpanel store cohort lab.duckdb --output-html cohort.html
  resistpanel catalog update --store lab.duckdb --catalog new_catalogue
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``resistpanel store``."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    store = {"type": Path, "metavar": "STORE", "help": "results store, a .duckdb file"}

    adding = actions.add_parser("add", help="add reports; results that are stored already stay")
    adding.add_argument("store", **store)
    adding.add_argument("reports", nargs="+", metavar="JSON", help="report.json of patients")
    adding.add_argument("--also", type=Path, metavar="STORE", help="a second store to add them to")
    adding.add_argument(
        "--complete",
        action="store_true",
        help="these are all patients of STORE: others stay, but not in `current`",
    )
    adding.add_argument("--output", type=Path, metavar="JSON", help="identities of the results")
    adding.set_defaults(run=run_add)

    copying = actions.add_parser("copy", help="copy a result, for Snakemake to upload")
    copying.add_argument("file", type=Path, metavar="FILE")
    copying.add_argument("--output", type=Path, required=True, metavar="FILE")
    copying.set_defaults(run=run_copy)

    asking = actions.add_parser("query", help="run an SQL query; TSV")
    asking.add_argument("store", **store)
    asking.add_argument("sql", nargs="?", metavar="SQL", help="the query")
    asking.add_argument("--file", type=Path, metavar="SQL", help="file with the query")
    asking.add_argument("--output", type=Path, help="TSV to write (default: standard output)")
    asking.set_defaults(run=run_query)

    tables = actions.add_parser("tables", help="list tables and columns")
    tables.set_defaults(run=run_tables)

    page = actions.add_parser("cohort", help="write the page of the latest result of each patient")
    page.add_argument("store", **store)
    page.add_argument("--identity", metavar="JSON", help="JSON of `resistpanel identity`")
    page.add_argument("--output-html", type=Path, metavar="HTML")
    page.add_argument("--output-tsv", type=Path, metavar="TSV")
    page.set_defaults(run=run_cohort)


def run_add(args: argparse.Namespace) -> int:
    """Add reports to one store, or to two; say how many are new."""
    stores = [args.store, *([args.also] if args.also else [])]
    for store in stores:
        said = add(store, args.reports, args.complete and store == args.store)
        new = sum(fresh for _, _, fresh in said)
        print(f"{store}: {new} added, {len(said) - new} there already", file=sys.stderr)
    if args.output:
        write_json(args.output, {patient: key for patient, key, _ in said})
    return 0


def run_copy(args: argparse.Namespace) -> int:
    """Copy a result."""
    with replacing(args.output) as temporary:
        shutil.copyfile(args.file, temporary)
    return 0


def run_query(args: argparse.Namespace) -> int:
    """Run a query and write its answer."""
    if (args.sql is None) == (args.file is None):
        raise InputError("no query, or two", "command line", "give SQL or --file")
    columns, found = query(args.store, args.sql or read_text(args.file))
    lines = ["\t".join(columns), *("\t".join(map(_cell, row)) for row in found)]
    text = "\n".join(lines) + "\n"
    if args.output:
        write_text(args.output, text)
    else:
        sys.stdout.write(text)
    return 0


def _cell(value: object) -> str:
    """Return a value as a TSV field; of a list its elements."""
    return ", ".join(map(field, value)) if isinstance(value, list) else field(value)


def run_tables(args: argparse.Namespace) -> int:
    """Print the columns of every table."""
    for table in TABLES:
        for name, kind, meaning in table.columns:
            print(table.name, name, kind, meaning, sep="\t")
    return 0


def run_cohort(args: argparse.Namespace) -> int:
    """Write the cohort's page and table from a store."""
    if not (args.output_html or args.output_tsv):
        raise InputError("nothing to write", cure="give --output-html or --output-tsv")
    value = cohort(summaries(args.store), args.identity)
    if args.output_html:
        write_text(args.output_html, cohort_page(value, args.output_html.parent))
    if args.output_tsv:
        write_text(args.output_tsv, cohort_tsv(value))
    return 0
