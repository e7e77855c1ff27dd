"""Make this folder's genes.tsv, BED and GFF3 from cancer138 and added.tsv.

    python panels/resistance/make.py

added.tsv has the coding intervals of the genes that cancer138 lacks, 0-based half-open, ascending,
for both builds. README.md names their sources.
"""

import csv
from pathlib import Path

from resistpanel.core.files import write_text
from resistpanel.core.intervals import Target, read_targets
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.panel.write import gene_targets, table_text, write_panel

HERE = Path(__file__).parent
BASE = HERE.parent / "cancer138"
BUILDS = ("hg19", "hg38")
#: Introns that are targets, by gene: each as the coding exons (in the order of translation) that
#: it lies between is `exon` and `exon + 1`. FGFR2, FGFR3 and MET have an untranslated first exon:
#: their introns are numbered one higher in the literature (MET exon 14 is coding exon 13).
INTRONS = {
    "ALK": (18, 19),
    "BRAF": (7, 8, 9, 10),
    "FGFR2": (16,),
    "FGFR3": (16,),
    "MET": (12, 13),
    "NTRK1": (8, 9, 10),
    "RET": (7, 8, 9, 10, 11),
    "ROS1": (31, 32, 33, 34, 35),
}


def read_added() -> list[dict[str, str]]:
    """Return the rows of added.tsv."""
    with (HERE / "added.tsv").open() as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def added(build: str) -> list[Gene]:
    """Return the genes of added.tsv."""
    return [
        Gene(
            row["gene"],
            row["transcript"],
            row["chrom"],
            row["strand"],
            [tuple(map(int, part.split("-"))) for part in row[build].split(",")],
        )
        for row in read_added()
    ]


def introns(gene: Gene) -> list[Target]:
    """Return the introns of a gene that are targets."""
    found = []
    for exon in INTRONS[gene.symbol]:
        one, other = sorted(gene.coding_order[exon - 1 : exon + 1])
        name = f"{gene.symbol}|{gene.transcript}|intron{exon}"
        found.append(Target(gene.chrom, one[1], other[0], name, gene.strand))
    return found


def main() -> None:
    """Write the panel."""
    for build in BUILDS:
        known = load_genes(BASE / f"{build}.gff3")
        exons = {target for gene in known.values() for target in gene_targets(gene)}
        promoters = [t for t in read_targets(BASE / f"{build}.bed") if t not in exons]
        genes = [*known.values(), *added(build)]
        extra = [t for gene in genes if gene.symbol in INTRONS for t in introns(gene)]
        write_panel(HERE, genes, build, [*promoters, *extra])
    with (BASE / "genes.tsv").open() as lines:
        table = list(csv.DictReader(lines, delimiter="\t"))
    rows = [(r["gene"], r["transcript"], r["refseq"], r["residues"], "cancer138") for r in table]
    rows += [
        (r["gene"], r["transcript"], r["refseq"], r["residues"], "added") for r in read_added()
    ]
    columns = ("gene", "transcript", "refseq", "residues", "origin")
    write_text(HERE / "genes.tsv", table_text(columns, sorted(rows)))


if __name__ == "__main__":
    main()
