"""`resistpanel screen`: recurrent substitutions of a mutant library grown under a drug."""

import argparse
import math
import re
import sys
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG, load_drugs
from resistpanel.catalog.pathway import load_pathway
from resistpanel.catalog.table import load_catalog
from resistpanel.core.errors import InputError, did_you_mean
from resistpanel.core.files import HOME, check_readable
from resistpanel.core.tables import read_tsv
from resistpanel.extras.count_codons import count_codons, read_coding
from resistpanel.extras.extras_constants import CLONES, EXPECTED_FALSE, THRESHOLD
from resistpanel.extras.linkage import count_pairs, label_linked
from resistpanel.extras.recurrence import LABELS, Screen, Substitution, evaluate
from resistpanel.extras.screen_output import write_catalog, write_plot, write_table

PLOTS = (".svg", ".pdf", ".png")
#: Genes of the panel that is shipped.
GENES = HOME / "panels" / "cancer138" / "genes.tsv"
#: As in workflow/schemas/catalog.schema.json, which takes its rows.
SYMBOL = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``resistpanel screen``."""
    parser.add_argument(
        "--bam", type=Path, required=True, help="BAM of the library grown under the drug"
    )
    parser.add_argument("--control", type=Path, help="BAM of the library grown without the drug")
    parser.add_argument("--reference", type=Path, required=True, help="indexed FASTA of the cDNA")
    parser.add_argument(
        "--contig", help="contig of the cDNA, if the FASTA has more than one sequence"
    )
    parser.add_argument("--cds", help="coding bases, 1-based, e.g. 1-1182 (default: all)")
    parser.add_argument("--gene", required=True, help="HGNC symbol")
    parser.add_argument(
        "--other-gene",
        action="store_true",
        help="accept a gene that neither the catalogue nor the shipped panel has",
    )
    parser.add_argument("--drug", required=True, help="name, code or brand of the drug")
    parser.add_argument(
        "--clones", type=int, default=CLONES, help=f"number of surviving clones (default {CLONES})"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=THRESHOLD,
        help=f"frequency that a recurrent substitution must exceed (default {THRESHOLD:g})",
    )
    parser.add_argument(
        "--expected-false",
        type=float,
        default=EXPECTED_FALSE,
        help="expected number of false recurrent substitutions per screen "
        f"(default {EXPECTED_FALSE:g})",
    )
    parser.add_argument("--output", type=Path, required=True, help="TSV of all substitutions")
    parser.add_argument("--plot", type=Path, help="SVG, PDF or PNG")
    parser.add_argument("--rows", type=Path, help="TSV of catalogue rows, for --user")
    parser.add_argument("--source", help="source of the screen; required with --rows")
    parser.add_argument("--disease", default="", help="disease of the cells, for --rows")
    parser.add_argument(
        "--catalog", type=Path, default=CATALOG, help="folder (default: that of the package)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Count, test, write."""
    drug = load_drugs(args.catalog).resolve(args.drug, "--drug")
    span = None
    if args.cds:
        match = re.fullmatch(r"(\d+)-(\d+)", args.cds)
        if not match:
            raise InputError(f"'{args.cds}' cannot be read", "--cds", "write it as 1-1182")
        span = (int(match[1]), int(match[2]))
    if not 0 < args.threshold < 1 or args.clones < 1:
        raise InputError("threshold must be between 0 and 1, clones at least 1", "command line")
    if not 0 < args.expected_false < math.inf:
        raise InputError("must be a number above 0", "--expected-false")
    if not SYMBOL.fullmatch(args.gene):
        raise InputError(f"{args.gene!r} is no gene symbol", "--gene", "e.g. MAP2K1")
    _check_gene(args)
    if args.rows and not (args.source or "").strip():
        raise InputError(
            "catalogue rows need a source", "--source", "give the source of the screen"
        )
    if args.plot and args.plot.suffix not in PLOTS:
        raise InputError(f"no such plot format: {args.plot}", "--plot", f"use {', '.join(PLOTS)}")
    for path in filter(None, (args.reference, args.bam, args.control)):
        check_readable(path)
    coding = read_coding(args.reference, args.contig, span)
    under_drug = count_codons(args.bam, coding)
    control = count_codons(args.control, coding) if args.control else None
    if not under_drug.depth.any():
        raise InputError(f"no read covers '{coding.contig}'", str(args.bam), "check the alignment")
    found = evaluate(under_drug, control, coding, args.clones, args.threshold, args.expected_false)
    rows = found.rows
    if sum(row.recurrent for row in rows) > 1:
        candidates = [row for row in rows if row.recurrent]
        rows = label_linked(rows, count_pairs(args.bam, coding, candidates))
    write_table(args.output, rows)
    if args.plot:
        write_plot(args.plot, rows, args.gene, drug.name, coding.codons, args.threshold)
    if args.rows:
        write_catalog(
            args.rows, rows, args.gene, drug, args.disease, args.source,
            load_pathway(args.catalog),
        )  # fmt: skip
    _summarise(under_drug.fragments, rows, found, args.clones)
    return 0


def _check_gene(args: argparse.Namespace) -> None:
    """Refuse a gene that is not known: its rows would never match."""
    if args.other_gene:
        return
    known = {row.gene for row in load_catalog(args.catalog)}
    known |= {gene for node in load_pathway(args.catalog).nodes.values() for gene in node.genes}
    known |= {row["gene"] for _, row in read_tsv(GENES, ("gene",), others=True)}
    if args.gene not in known:
        raise InputError(
            f"unknown gene '{args.gene}'",
            "--gene",
            did_you_mean(args.gene, known) or "give the HGNC symbol, or add --other-gene",
        )


def _summarise(fragments: int, rows: list[Substitution], found: Screen, clones: int) -> None:
    """Say on standard error what was found, and what weakens it."""
    names = {
        label: [f"{row.short}{row.partner and f' ({row.partner})'}" for row in rows
                if row.label == label]
        for label in LABELS
    }  # fmt: skip
    print(
        f"{fragments} fragments, {len(rows)} substitutions seen, {len(names['recurrent'])} "
        f"recurrent: {', '.join(names['recurrent']) or 'none'}",
        file=sys.stderr,
    )
    for label, text in (
        ("linked", "read only together with another"),
        ("clone", "as frequent as a synonymous change, so perhaps a large clone's passenger"),
        ("chance", "above the threshold, but not more than chance may bring"),
    ):
        if names[label]:
            print(f"{text}: {', '.join(names[label])}", file=sys.stderr)
    if found.clones.effective < 0.99 * clones:
        print(
            f"synonymous changes scatter as those of about {found.clones.effective:.0f} clones of "
            f"equal size, not of {clones}: tested as such",
            file=sys.stderr,
        )
