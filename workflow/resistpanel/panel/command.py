"""Arguments of ``resistpanel panel``."""

import argparse
import sys
from pathlib import Path

from resistpanel.core.intervals import read_targets
from resistpanel.core.text import counted
from resistpanel.panel.adapt import adapt_panel
from resistpanel.panel.build import build_panel


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    build = actions.add_parser(
        "build",
        help="create a panel from a gene list and a GTF or GFF3",
        description="Create BED, GFF3 and genes.tsv of a panel from a gene list and an annotation.",
    )
    build.add_argument(
        "--genes",
        type=Path,
        required=True,
        help="one gene symbol per line, optionally a transcript in column 2",
    )
    build.add_argument(
        "--gtf", type=Path, required=True, help="GENCODE or Ensembl GTF or GFF3, may be gzipped"
    )
    build.add_argument("--output", type=Path, required=True, help="folder")
    build.add_argument("--build", help="hg19, hg38...; default: from the header of the annotation")
    build.add_argument("--extra", type=Path, help="BED of further targets, e.g. promoters")
    build.set_defaults(run=run_build)
    adapt = actions.add_parser(
        "adapt",
        help="convert a panel to the contig names of a reference, and check that it fits",
        description="Rename a panel's contigs to those of a reference and check that they fit.",
    )
    adapt.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")
    adapt.add_argument("--bed", type=Path, required=True)
    adapt.add_argument("--gff3", type=Path, required=True)
    adapt.add_argument("--output-bed", type=Path, required=True)
    adapt.add_argument("--output-gff3", type=Path, required=True)
    adapt.add_argument(
        "--output-sequences",
        type=Path,
        help="JSON of the refget accessions of the contigs with targets",
    )
    adapt.add_argument(
        "--read-contigs",
        action="store_true",
        help="read long contigs, too, where the .dict does not state a known chromosome",
    )
    adapt.set_defaults(run=run_adapt)


def run_build(args: argparse.Namespace) -> int:
    """Build a panel."""
    extra = read_targets(args.extra) if args.extra else []
    chosen = build_panel(args.genes, args.gtf, args.output, args.build, extra)
    for one in chosen:
        print(one.line(), file=sys.stderr)
        for note in one.notes:
            print(f"resistpanel: note: {one.gene.symbol}: {note}", file=sys.stderr)
    genes = [one.gene for one in chosen]
    bases = sum(gene.length for gene in genes)
    exons = sum(len(gene.cds) for gene in genes)
    print(
        f"{counted(len(genes), 'gene')}, {counted(exons, 'coding exon')}, {bases} bases",
        file=sys.stderr,
    )
    return 0


def run_adapt(args: argparse.Namespace) -> int:
    """Adapt a panel to a reference."""
    done = adapt_panel(
        args.reference,
        args.bed,
        args.gff3,
        args.output_bed,
        args.output_gff3,
        args.output_sequences,
        args.read_contigs,
    )
    for remark in done.remarks:
        print(f"resistpanel: note: {remark}", file=sys.stderr)
    return 0
