"""`resistpanel resist`: which alteration explains the resistance, and how sure that is."""

import argparse
import dataclasses
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG
from resistpanel.catalog.sites import numbering_on
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.schemas import read_record, write_record
from resistpanel.core.text import join
from resistpanel.panel.genes import load_genes
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.qc import Qc
from resistpanel.records.sheet import Sheet
from resistpanel.resist.build import resist
from resistpanel.resist.chance import CodingPanel, read_panel
from resistpanel.resist.context import Context, load_context
from resistpanel.resist.knowledge import KNOWLEDGE
from resistpanel.resist.negatives import genes_for


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``resistpanel resist``."""
    parser.add_argument("--compare", type=Path, required=True, help="compare.json of the patient")
    parser.add_argument("--sheet", type=Path, required=True, help="sheet.json of the patient")
    parser.add_argument("--copynumber", type=Path, help="copy-number JSON of the patient")
    parser.add_argument(
        "--qc", type=Path, help="JSON of `resistpanel qc`; samples that fail limit the confidence"
    )
    parser.add_argument(
        "--catalog", type=Path, default=CATALOG, help="folder (default: that of the package)"
    )
    parser.add_argument(
        "--user",
        type=Path,
        action="append",
        default=[],
        help="further catalogue table; adds rows, or replaces rows with the same id",
    )
    parser.add_argument("--drugs", type=Path, help="further table of drugs (columns of drugs.tsv)")
    parser.add_argument(
        "--knowledge", type=Path, default=KNOWLEDGE, help="folder (default: that of the package)"
    )
    parser.add_argument("--genes", type=Path, help="GFF3 of the panel, for chance matches")
    parser.add_argument("--targets", type=Path, help="BED of the panel, likewise")
    parser.add_argument("--reference", type=Path, help="indexed FASTA, likewise")
    parser.add_argument("--output", type=Path, required=True, help="resist.json to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, reason, validate, write."""
    context = load_context(args.catalog, args.user, args.drugs)
    compare = read_record(args.compare, Compare)
    sheet = read_record(args.sheet, Sheet)
    copynumber = read_record(args.copynumber, CopyNumber) if args.copynumber else None
    if args.genes and args.reference:
        with open_fasta(args.reference) as reference:
            numbering = numbering_on(context.numbering, load_genes(args.genes), reference)
        context = dataclasses.replace(context, numbering=numbering)
    panel = _panel(args, sheet, context)
    qc = read_record(args.qc, Qc) if args.qc else None
    made = resist(compare, sheet, context, copynumber, args.knowledge, panel, qc)
    write_record(args.output, made)
    return 0


def _panel(args: argparse.Namespace, sheet: Sheet, context: Context) -> CodingPanel | None:
    """Read the codons of the genes in which resistance to the patient's drugs may be seen."""
    given = {"--genes": args.genes, "--reference": args.reference, "--targets": args.targets}
    missing = [name for name, path in given.items() if path is None]
    if len(missing) == len(given):
        return None
    if missing:
        raise InputError(
            f"without {join(missing)} chance matches cannot be counted",
            "resist",
            "give --genes, --reference and --targets, or none of them",
        )
    drugs = [context.catalog.drugs.named(drug.drug) for drug in sheet.drugs]
    rows = [row for row in context.catalog if any(map(row.drug_match, drugs))]
    return read_panel(*given.values(), genes_for(rows, drugs), context.numbering)
