"""`resistpanel catalog`: check and compare catalogues, write sites, import a user's export."""

import argparse
import dataclasses
import datetime
import importlib
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pysam

from resistpanel.catalog.citations import STATES, Citation, load_citations, unverified
from resistpanel.catalog.difference import COLUMNS, differences, version
from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.drugs import CATALOG
from resistpanel.catalog.identifiers import COLUMNS as IDENTIFIERS
from resistpanel.catalog.identifiers import identifiers, known_proteins, translated
from resistpanel.catalog.import_table import BASES, import_file
from resistpanel.catalog.numbering import load_numbering
from resistpanel.catalog.sites import Targets, all_rows, find_sites, write_sites
from resistpanel.catalog.table import Catalog, load_catalog
from resistpanel.core.errors import InputError
from resistpanel.core.files import write_text
from resistpanel.core.reference import Reference
from resistpanel.core.text import counted
from resistpanel.panel.genes import Gene, load_genes


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``resistpanel catalog``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    check = actions.add_parser("check", help="validate the catalogue and print a summary")
    _catalog_arguments(check)
    check.add_argument("--genes", type=Path, help="GFF3 of the panel, to check residue numbers")
    check.add_argument("--reference", type=Path, help="FASTA, to check reference residues")
    check.set_defaults(run=run_check)

    sites = actions.add_parser("sites", help="write the catalogue's alleles as VCF")
    _catalog_arguments(sites)
    sites.add_argument("--genes", type=Path, required=True, help="GFF3 of the panel")
    sites.add_argument("--reference", type=Path, required=True, help="indexed FASTA")
    sites.add_argument("--targets", type=Path, help="BED; alleles outside it are not written")
    sites.add_argument("--output", type=Path, required=True, help="VCF to write")
    sites.set_defaults(run=run_sites)

    names = actions.add_parser(
        "identifiers", help="list GA4GH VRS identifiers of the rows and drivers, as TSV"
    )
    _catalog_arguments(names)
    names.add_argument("--genes", type=Path, help="GFF3 of the panel, whose proteins are used")
    names.add_argument("--reference", type=Path, help="indexed FASTA, for --genes")
    names.add_argument("--output", type=Path, help="TSV to write (default: standard output)")
    names.set_defaults(run=run_identifiers)

    diff = actions.add_parser("diff", help="list what differs between two catalogues, as TSV")
    diff.add_argument("before", type=Path, help="folder of the earlier catalogue")
    diff.add_argument(
        "after",
        type=Path,
        nargs="?",
        default=CATALOG,
        help="folder of the later one (default: that of the package)",
    )
    diff.add_argument("--output", type=Path, help="TSV to write (default: standard output)")
    diff.set_defaults(run=run_diff)

    update = actions.add_parser(
        "update", help="list what a catalogue would change in stored results, as TSV"
    )
    _catalog_arguments(update)
    update.add_argument("--store", type=Path, required=True, help="results store (.duckdb)")
    update.add_argument("--output", type=Path, help="TSV to write (default: standard output)")
    update.set_defaults(run=run_update)

    imports = actions.add_parser(
        "import", help="create a table from the export of a knowledge base"
    )
    imports.add_argument("export", type=Path, help="downloaded export")
    imports.add_argument("--format", choices=sorted(BASES), required=True)
    imports.add_argument("--output", type=Path, required=True, help="TSV for --user")
    imports.add_argument(
        "--date",
        default=datetime.datetime.now(datetime.UTC).date().isoformat(),
        help="date of the export (default: today)",
    )
    imports.add_argument(
        "--catalog", type=Path, default=CATALOG, help="folder (default: that of the package)"
    )
    imports.set_defaults(run=run_import)


def _catalog_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--catalog", type=Path, default=CATALOG, help="folder (default: that of the package)"
    )
    parser.add_argument(
        "--user",
        type=Path,
        action="append",
        default=[],
        help="further table; adds rows, or replaces rows with the same id; may be repeated",
    )
    parser.add_argument("--drugs", type=Path, help="further table of drugs (columns of drugs.tsv)")


def open_reference(path: Path) -> pysam.FastaFile:
    """Open an indexed FASTA, plain or bgzipped.

    Raises
    ------
    InputError
        If it is missing or has no index.
    """
    if not path.is_file():
        raise InputError("no such file", str(path), "give the reference FASTA")
    if not Path(f"{path}.fai").is_file():
        raise InputError("no .fai next to the reference", str(path), f"run `samtools faidx {path}`")
    try:
        return pysam.FastaFile(str(path))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", str(path)) from error


def run_check(args: argparse.Namespace) -> int:
    """Validate the catalogue; print one line per property."""
    catalog = load_catalog(args.catalog, args.user, args.drugs)
    drivers = load_drivers(args.catalog, catalog.drugs)
    if args.reference and not args.genes:
        raise InputError("--reference needs --genes", "command line", "give the panel's GFF3")
    print(f"{len(catalog)} rows, {len(drivers)} drivers, {len(catalog.drugs)} drugs")
    print(f"version {version(args.catalog)}")
    for title, column in (
        ("match level", "match_level"),
        ("mechanism", "mechanism_class"),
        ("direction", "direction"),
        ("evidence", "evidence_level"),
    ):
        counts = Counter(getattr(row, column) for row in catalog)
        print(f"{title}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))
    _say_citations(catalog, load_citations(args.catalog))
    if args.genes and args.reference:
        with open_reference(args.reference) as reference:
            sites, skipped = find_sites(
                all_rows(catalog, drivers),
                load_genes(args.genes),
                reference,
                numbering=load_numbering(args.catalog),
            )
        print(f"{len(sites)} alleles; every reference residue agrees where there is sequence")
        for line in skipped.lines():
            print(line)
        _say_proteins(load_genes(args.genes), args.reference)
    return 0


def _say_proteins(genes: Mapping[str, Gene], path: Path) -> None:
    """Print how many proteins of the panel translate from the reference, and to what is known."""
    reference = Reference(path)
    found = translated(genes, reference)
    reference.close()
    known = {gene: one for gene, one in known_proteins().items() if gene in genes}
    same = {gene for gene in known if gene in found and found[gene].refget == known[gene].refget}
    print(
        f"proteins: {len(found)} of {len(genes)} genes translate from start to stop; "
        f"{len(same)} of {len(known)} known ones have the sequence of proteins.tsv"
    )
    for title, names in (
        ("no whole coding sequence", genes.keys() - found.keys()),
        ("another protein than in proteins.tsv", (known.keys() & found.keys()) - same),
    ):
        if names:
            print(f"{title}: {', '.join(sorted(names))}")


def _say_citations(catalog: Catalog, citations: dict[str, Citation]) -> None:
    """Print how far the rows' citations were checked, and the rows that nobody looked up."""
    cited = {pmid for row in catalog for pmid in row.pmid}
    states = Counter(citations[pmid].state for pmid in cited if pmid in citations)
    unknown = len(cited - set(citations))
    said = [f"{state} {states[state]}" for state in STATES if states[state]]
    print(f"citations: {', '.join([*said, f'not listed {unknown}'] if unknown else said)}")
    rows = [row.id for row in catalog if row.pmid and row.pmid == tuple(
        unverified(row.pmid, citations))]  # fmt: skip
    if rows:
        print(f"rows that rest on unverified citations alone ({len(rows)}): {', '.join(rows)}")


def run_identifiers(args: argparse.Namespace) -> int:
    """Write the identifiers; say on standard error how many rows have none, and why."""
    if bool(args.genes) != bool(args.reference):
        raise InputError("--genes and --reference need each other", cure="give both, or none")
    catalog = load_catalog(args.catalog, args.user, args.drugs)
    rows = all_rows(catalog, load_drivers(args.catalog, catalog.drugs))
    proteins = known_proteins()
    if args.genes:
        reference = Reference(args.reference)
        proteins = translated(load_genes(args.genes), reference)
        reference.close()
    found = list(identifiers(rows, proteins))
    lines = ["\t".join(IDENTIFIERS), *("\t".join(row.values()) for row in found)]
    text = "".join(f"{line}\n" for line in lines)
    if args.output:
        write_text(args.output, text)
    else:
        sys.stdout.write(text)
    print(f"{sum(bool(row['vrs_allele_id']) for row in found)} of {len(found)}", file=sys.stderr)
    for why, count in Counter(row["without"] for row in found if row["without"]).most_common():
        print(f"{count} without an identifier: {why}", file=sys.stderr)
    return 0


def run_diff(args: argparse.Namespace) -> int:
    """Write the differences; say on standard error how many there are."""
    found = list(differences(args.before, args.after))
    lines = [
        f"# before: {version(args.before)}",
        f"# after: {version(args.after)}",
        "\t".join(COLUMNS),
        *("\t".join(dataclasses.astuple(one)) for one in found),
    ]
    text = "\n".join(lines) + "\n"
    if args.output:
        write_text(args.output, text)
    else:
        sys.stdout.write(text)
    rows = Counter(change for _, _, change in {(d.table, d.row, d.change) for d in found})
    said = [f"{rows[word]} {word}" for word in ("added", "removed", "changed")]
    print(f"rows: {', '.join(said)}", file=sys.stderr)
    return 0


def run_update(args: argparse.Namespace) -> int:
    """Reach the verdicts of stored results again; the store's own module does it.

    It is found by its name, as the command line finds the steps: the catalogue is below it.
    """
    return importlib.import_module("resistpanel.report.reassess_command").run(args)


def run_import(args: argparse.Namespace) -> int:
    """Write the table; say on standard error what was left out."""
    try:
        datetime.date.fromisoformat(args.date)
    except ValueError as error:
        raise InputError(f"'{args.date}' is no date", "--date", "write it as 2024-01-31") from error
    imported = import_file(args.export, args.format, args.output, args.date, args.catalog)
    for line in imported.lines():
        print(line, file=sys.stderr)
    return 0


def run_sites(args: argparse.Namespace) -> int:
    """Write the sites VCF; say on standard error what was left out."""
    catalog = load_catalog(args.catalog, args.user, args.drugs)
    drivers = load_drivers(args.catalog, catalog.drugs)
    genes = load_genes(args.genes)
    targets = Targets(args.targets) if args.targets else None
    with open_reference(args.reference) as reference:
        sites, skipped = find_sites(
            all_rows(catalog, drivers), genes, reference, targets, load_numbering(args.catalog)
        )
        write_sites(args.output, sites, reference)
    print(f"{counted(len(sites), 'allele')} written to {args.output}", file=sys.stderr)
    for line in skipped.lines():
        print(line, file=sys.stderr)
    return 0
