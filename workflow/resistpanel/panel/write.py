"""Write a panel's files: genes.tsv, BED, GFF3."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from resistpanel.core.builds import LENGTHS, order
from resistpanel.core.files import write_text
from resistpanel.core.intervals import Target, sort_targets
from resistpanel.core.sequence import STANDARD
from resistpanel.panel.genes import Gene

SOURCE = "resistpanel"


def gene_targets(gene: Gene) -> list[Target]:
    """Return a target for each coding exon, named ``GENE|TRANSCRIPT|exonN``."""
    return [
        Target(
            gene.chrom,
            start,
            end,
            f"{gene.symbol}|{gene.transcript}|exon{gene.exon(start)}",
            gene.strand,
        )
        for start, end in gene.cds
    ]


def bed_text(genes: Iterable[Gene], extra: Iterable[Target] = ()) -> str:
    """Return the BED of all coding exons and the extra targets, in karyotype order."""
    targets = [target for gene in genes for target in gene_targets(gene)]
    return "".join(f"{target.line()}\n" for target in sort_targets([*targets, *extra]))


def phases(gene: Gene) -> list[int]:
    """Return the GFF3 phase of each part of `gene.cds` (ascending).

    The phase is the number of bases to skip to reach the part's first whole codon start.
    """
    found, before = {}, -gene.offset
    for start, end in gene.coding_order:
        found[start] = -before % 3
        before += end - start
    return [found[start] for start, _ in gene.cds]


def gff3_text(genes: Iterable[Gene], build: str) -> str:
    """Return a GFF3 in Ensembl's style, as ``bcftools csq`` reads it.

    Exon lines are the coding parts of exons; untranslated regions are not given.
    """
    genes = sorted(genes, key=lambda g: (order(g.chrom), g.cds[0], g.symbol))
    lines = ["##gff-version 3", f"#!genome-build {build}"]
    contigs = dict.fromkeys(gene.chrom for gene in genes)
    known = LENGTHS.get(build, {})
    lines += [f"##sequence-region {name} 1 {known[name]}" for name in contigs if name in known]
    for gene in genes:
        span = f"{gene.cds[0][0] + 1}\t{gene.cds[-1][1]}"
        name, transcript = gene.symbol, gene.transcript

        def row(kind, span, phase, attributes, gene=gene):
            return (
                f"{gene.chrom}\t{SOURCE}\t{kind}\t{span}\t.\t{gene.strand}\t{phase}\t{attributes}"
            )

        coding = "biotype=protein_coding"
        parent = f"Parent=transcript:{transcript}"
        lines.append(row("gene", span, ".", f"ID=gene:{name};Name={name};{coding}"))
        about = f"ID=transcript:{transcript};Parent=gene:{name};{coding}"
        about += f";version={gene.version}" if gene.version else ""
        about += f";Dbxref=RefSeq:{gene.refseq}" if gene.refseq else ""
        lines.append(row("mRNA", span, ".", about))
        for start, end in gene.cds:
            number = gene.exon(start)
            lines.append(
                row("exon", f"{start + 1}\t{end}", ".", f"ID=exon:{transcript}.{number};{parent}")
            )
        for (start, end), phase in zip(gene.cds, phases(gene), strict=True):
            about = f"ID=CDS:{transcript};{parent}{_translated(gene)}"
            lines.append(row("CDS", f"{start + 1}\t{end}", phase, about))
    return "\n".join(lines) + "\n"


def _translated(gene: Gene) -> str:
    """Return the attributes of a CDS line that say how it is translated, as NCBI writes them."""
    text = "" if gene.code == STANDARD else f";transl_table={gene.code}"
    if gene.selenocysteines:
        places = [f"(pos:{p + 1}..{p + 3}%2Caa:Sec)" for p in gene.selenocysteines]
        text += f";transl_except={','.join(places)}"
    return text


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a TSV with a header line."""
    lines = ["\t".join(columns)]
    lines += ["\t".join(str(value) for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def write_panel(
    folder: str | Path, genes: Sequence[Gene], build: str, extra: Sequence[Target] = ()
) -> None:
    """Write ``<build>.bed`` and ``<build>.gff3`` into `folder`."""
    write_text(Path(folder) / f"{build}.bed", bed_text(genes, extra))
    write_text(Path(folder) / f"{build}.gff3", gff3_text(genes, build))
