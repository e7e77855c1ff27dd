"""Names of junctions: exons lost or duplicated, fusions with frame and kinase domain.

Positions of a junction are those of its breakends (`core.junction`). Exons are numbered as in
clinical use where `known_events.json` says which exon the first coding one is; of other genes
coding exons are counted.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from resistpanel.annotate.annotate_constants import MET_EXON_14
from resistpanel.core.builds import build_of_lengths, with_chr
from resistpanel.core.junction import LEFT, RIGHT, Breakend
from resistpanel.panel.genes import Gene

#: INFO fields of junctions: id, number, type, description.
FIELDS = (
    ("SVNAME", "1", "String", "Name of the event, percent-encoded"),
    ("EXONS", "1", "String", "Exons lost or duplicated, as GENE:first-last"),
    (
        "FUSION",
        "1",
        "String",
        "Genes joined in the direction of both, 5' gene first; contig and position where no gene "
        "is known",
    ),
    ("FRAME", "1", "String", "in_frame, out_of_frame or unknown"),
    ("KINASE", "1", "String", "Kinase domain: kept, lost, duplicated or cut"),
)


@cache
def known() -> dict:
    """Return kinase domains, exon numbers and names, with their sources."""
    return json.loads((Path(__file__).parent / "known_events.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Named:
    """What a junction does to genes.

    Attributes
    ----------
    gene, transcript : str
        The gene that is changed; of a fusion, that with the kinase domain, else the 3' one.
    consequence : str
        Sequence Ontology term.
    name : str
    exons : str or None
        As ``EGFR:2-7``.
    fusion : str or None
        As ``EML4::ALK``.
    frame : str or None
        in_frame, out_of_frame or unknown.
    kinase : str or None
        kept, lost, duplicated or cut; None of a gene without a known kinase domain.
    coding : (int, int) or None
        Coding bases lost or duplicated, 0-based half-open in the order of translation, where the
        messenger RNA follows from the sequence: both ends in exons, or both in introns.
    exonic : bool
        Whether both ends are in exons, so that inserted bases are in the messenger RNA.
    """

    gene: str
    transcript: str
    consequence: str
    name: str
    exons: str | None = None
    fusion: str | None = None
    frame: str | None = None
    kinase: str | None = None
    coding: tuple[int, int] | None = None
    exonic: bool = False


@dataclass(frozen=True)
class Partner(Gene):
    """A gene of known fusions that is not on the panel; `cds` are all of its exons."""


def partners(lengths: Mapping[str, int]) -> dict[str, list[Partner]]:
    """Return the genes of known fusions by contig of a reference, none of an unknown build.

    Parameters
    ----------
    lengths : mapping of str to int
        Contigs of the reference.
    """
    build = build_of_lengths(lengths)
    found: dict[str, list[Partner]] = {}
    names = {with_chr(name): name for name in lengths}
    for symbol, (transcript, chrom, strand, exons) in _fusion_genes().get(build, {}).items():
        if chrom in names:
            gene = Partner(symbol, transcript, names[chrom], strand, [tuple(e) for e in exons])
            found.setdefault(names[chrom], []).append(gene)
    return found


def fusion_gene_spans(build: str | None) -> dict[str, tuple[str, int, int]]:
    """Return chromosome (with chr), first and last base (1-based) of the genes of known fusions."""
    return {
        symbol: (chrom, min(e[0] for e in exons) + 1, max(e[1] for e in exons))
        for symbol, (_, chrom, _, exons) in _fusion_genes().get(build, {}).items()
    }


@cache
def _fusion_genes() -> dict:
    return json.loads((Path(__file__).parent / "fusion_genes.json").read_text(encoding="utf-8"))


def breakends(
    chrom: str, pos: int, alt: str, ref: str, end: int | None
) -> tuple[Breakend, Breakend] | None:
    """Return the breakends of a record, None of an allele that is no junction.

    Parameters
    ----------
    chrom, pos, ref, alt
        As in VCF; `pos` is 1-based.
    end : int or None
        INFO/END.
    """
    if alt.startswith("<"):
        sides = {"<DEL>": (LEFT, RIGHT), "<DUP:TANDEM>": (RIGHT, LEFT)}.get(alt)
        if sides is None or end is None:
            return None
        return Breakend(chrom, pos, sides[0]), Breakend(chrom, end, sides[1])
    match = re.fullmatch(r"([ACGTN]*)([\[\]])(.+):(\d+)[\[\]]([ACGTN]*)", alt)
    if match is None:
        return None
    here = LEFT if match[1] else RIGHT
    there = LEFT if match[2] == "]" else RIGHT
    mate = int(match[4])
    return (
        Breakend(chrom, pos if here == LEFT else pos - 1, here),
        Breakend(match[3], mate if there == LEFT else mate - 1, there),
    )


def exon_number(gene: Gene, coding: int) -> int:
    """Return the number of a coding exon (1-based) as clinical nomenclature counts it."""
    if isinstance(gene, Partner):
        return coding
    return coding + known()["first_coding_exon"].get(gene.symbol, 1) - 1


def gene_at(genes: Sequence[Gene], end: Breakend) -> Gene | None:
    """Return the gene between whose first and last coding base a breakend is."""
    for gene in genes:
        if gene.chrom == end.contig and gene.cds[0][0] < end.pos < gene.cds[-1][1]:
            return gene
    return None


def _kept(gene: Gene, end: Breakend) -> list[int]:
    """Return the coding exons (1-based) that are whole on the side of a breakend that goes on."""
    found = []
    for number, (start, stop) in enumerate(gene.coding_order, 1):
        if (stop <= end.pos) if end.side == LEFT else (start >= end.pos):
            found.append(number)
    return found


def five_prime(gene: Gene, end: Breakend) -> bool:
    """Return whether the part of a gene that goes on at a breakend is its 5' part."""
    return (gene.strand == "+") == (end.side == LEFT)


def _bases(gene: Gene, exons: Sequence[int]) -> int:
    parts = gene.coding_order
    return sum(parts[n - 1][1] - parts[n - 1][0] for n in exons)


def _cut(gene: Gene, end: Breakend) -> bool:
    """Return whether a breakend is inside a coding exon."""
    return any(start < end.pos < stop for start, stop in gene.cds)


def _residues(gene: Gene, exons: Sequence[int]) -> tuple[int, int]:
    """Return the first and last residue of consecutive coding exons, codons in part included."""
    before = _bases(gene, range(1, exons[0])) - gene.offset
    last = before + _bases(gene, exons)
    return before // 3 + 1, -(-last // 3)


def kinase(gene: Gene, exons: Sequence[int]) -> str | None:
    """Return how much of the kinase domain some consecutive coding exons hold.

    ``whole``, ``part`` or ``none``; None of a gene without a known kinase domain.
    """
    domain = known()["kinase_domains"].get(gene.symbol)
    if domain is None:
        return None
    if not exons:
        return "none"
    first, last = _residues(gene, exons)
    if first <= domain["start"] and domain["end"] <= last:
        return "whole"
    return "none" if last < domain["start"] or first > domain["end"] else "part"


def named(
    first: Breakend,
    second: Breakend,
    genes: Mapping[str, Sequence[Gene]],
    others: Mapping[str, Sequence[Partner]] | None = None,
    inserted: int = 0,
) -> Named | None:
    """Return what a junction does to the genes of a panel, None where it touches none.

    Parameters
    ----------
    first, second : Breakend
    genes : mapping of contig to sequence of Gene
    others : mapping of contig to sequence of Partner, optional
        Genes that name a breakend outside of the panel's genes.
    inserted : int
        Bases between the two.
    """
    a = gene_at(genes.get(first.contig, ()), first)
    b = gene_at(genes.get(second.contig, ()), second)
    if a is None and b is None:
        return None
    if a is not None and b is not None and a.symbol == b.symbol:
        if first.side != second.side:
            return _intragenic(a, first, second, inserted)
        return _rearranged(a)
    a = a or gene_at((others or {}).get(first.contig, ()), first)
    b = b or gene_at((others or {}).get(second.contig, ()), second)
    return _joined(a, first, b, second)


def _rearranged(gene: Gene) -> Named:
    name = f"inversion within {gene.symbol}"
    return Named(gene.symbol, gene.versioned, "structural_variant", name)


def _coding(gene: Gene, start: int, end: int) -> tuple[int, int]:
    """Return the coding bases between two positions, 0-based half-open, 5' to 3'."""
    before = between = 0
    for low, high in gene.cds:
        before += max(min(high, start) - low, 0)
        between += max(min(high, end) - max(low, start), 0)
    if gene.strand == "-":
        before = gene.length - before - between
    return before, before + between


def _intragenic(gene: Gene, first: Breakend, second: Breakend, inserted: int) -> Named:
    """Name a deletion or tandem duplication within a gene, by its exons."""
    lost = first.side == LEFT
    start, end = sorted((first.pos, second.pos))
    whole = [
        number
        for number, (begin, stop) in enumerate(gene.coding_order, 1)
        if start <= begin and stop <= end
    ]
    part = _cut(gene, first) + _cut(gene, second)
    word = "deletion" if lost else "duplication"
    if not whole and not part:
        name = f"{gene.symbol} intron {word}, {end - start} bases"
        return Named(gene.symbol, gene.versioned, "intron_variant", name)
    if lost and part == 1 and not whole and (site := _splice_site(gene, start, end)):
        return site
    coding = _coding(gene, start, end) if part != 1 else None
    frame = "unknown"
    if coding:
        # Between introns, what is inserted is spliced out.
        more = inserted if part else 0
        frame = _frame(coding[1] - coding[0] + (-more if lost else more))
    if not whole:
        size = end - start - inserted if lost else end - start + inserted
        return _within_exon(gene, (start, end), lost, size, frame, coding)
    low, high = exon_number(gene, whole[0]), exon_number(gene, whole[-1])
    held = kinase(gene, whole)
    state = None
    if held is not None:
        state = {
            "whole": "lost" if lost else "duplicated",
            "part": "cut" if lost else "kept",
            "none": "kept",
        }[held]
    name = _known_name(gene, "DEL" if lost else "DUP", low, high)
    span = f"exon {low}" if low == high else f"exons {low}-{high}"
    if name is None:
        name = f"{gene.symbol} {span} {word}"
        if state == "duplicated":
            name = f"{gene.symbol} kinase domain duplication ({span})"
    term = "exon_loss_variant" if lost else "duplication"
    place = f"{gene.symbol}:{low}-{high}"
    shown = frame, state, coding, part == 2
    return Named(gene.symbol, gene.versioned, term, name, place, None, *shown)


def _splice_site(gene: Gene, start: int, end: int) -> Named | None:
    """Name a deletion from within an exon into an intron: the splice site between is lost."""
    order = gene.coding_order
    for number, (low, high) in enumerate(order, 1):
        for border, acceptor in ((low, gene.strand == "+"), (high, gene.strand != "+")):
            if not start < border < end or number == (1 if acceptor else len(order)):
                continue
            site = "acceptor" if acceptor else "donor"
            exon = exon_number(gene, number)
            name = f"{gene.symbol} exon {exon} splice {site} deletion, {end - start} bases"
            if (gene.symbol, exon) == ("MET", MET_EXON_14):
                name = f"MET exon 14 skipping (splice {site} deletion, {end - start} bases)"
            place = f"{gene.symbol}:{exon}-{exon}"
            term = f"splice_{site}_variant"
            return Named(gene.symbol, gene.versioned, term, name, place, None, "unknown")
    return None


def _within_exon(
    gene: Gene,
    span: tuple[int, int],
    lost: bool,
    size: int,
    frame: str,
    coding: tuple[int, int] | None,
) -> Named:
    """Name a deletion or duplication of parts of one or two exons, of `size` bases in all."""
    start, end = span
    touched = [
        exon_number(gene, number)
        for number, (begin, stop) in enumerate(gene.coding_order, 1)
        if begin < end and start < stop
    ]
    low, high = min(touched), max(touched)
    word = "deletion" if lost else "internal tandem duplication"
    name = f"{gene.symbol} exon {low} {word}, {size} bases"
    if not lost and duplicates_usually(gene.symbol, low, high):
        name = f"{gene.symbol}-ITD, {size} bases"
    term = "exon_loss_variant" if lost else "duplication"
    place = f"{gene.symbol}:{low}-{high}"
    shown = frame, None, coding, coding is not None
    return Named(gene.symbol, gene.versioned, term, name, place, None, *shown)


def duplicates_usually(symbol: str, low: int | None = None, high: int | None = None) -> bool:
    """Return whether exons (all, if none are given) may be of a gene's tandem duplications."""
    usual = known()["internal_tandem_duplications"].get(symbol)
    if usual is None or low is None or high is None:
        return usual is not None
    return usual[0] <= low and high <= usual[1]


def _frame(bases: int) -> str:
    return "in_frame" if bases % 3 == 0 else "out_of_frame"


def _known_name(gene: Gene, kind: str, low: int, high: int) -> str | None:
    for row in known()["names"]:
        if (row["gene"], row["type"], row["exons"]) == (gene.symbol, kind, [low, high]):
            return row["name"]
    return None


def _joined(a: Gene | None, first: Breakend, b: Gene | None, second: Breakend) -> Named:
    """Name a junction of two genes, or of a gene with sequence outside of the panel's genes."""
    sides = [(gene, end) for gene, end in ((a, first), (b, second)) if gene is not None]
    head = next((side for side in sides if five_prime(*side)), None)
    tail = next((side for side in sides if not five_prime(*side)), None)
    if len(sides) == 2 and (head is None or tail is None):
        # Both 5' or both 3' parts: no transcript goes through.
        gene = sides[0][0]
        name = f"{gene.symbol} and {sides[1][0].symbol} joined in opposite directions"
        return Named(gene.symbol, gene.versioned, "structural_variant", name)
    outside = next((f"{e.contig}:{e.base + 1}" for g, e in ((a, first), (b, second)) if not g), "")
    fusion = "::".join(side[0].symbol if side else outside for side in (head, tail))
    frame = "unknown"
    coding = not any(side and isinstance(side[0], Partner) for side in (head, tail))
    if head and tail and coding and not _cut(*head) and not _cut(*tail):
        before = _bases(head[0], _kept(*head)) - head[0].offset
        lacking = tail[0].length - _bases(tail[0], _kept(*tail)) - tail[0].offset
        frame = "in_frame" if (before - lacking) % 3 == 0 else "out_of_frame"
    gene, state = _with_kinase(head, tail)
    name = f"{fusion} fusion"
    parts = [
        f"{side[0].symbol} exon {exon_number(side[0], exons[-1 if side is head else 0])}"
        for side in (head, tail)
        if side and (exons := _kept(*side))
    ]
    if parts:
        name += f" ({', '.join(parts)})"
    return Named(gene.symbol, gene.versioned, "gene_fusion", name, None, fusion, frame, state)


def _with_kinase(head, tail) -> tuple[Gene, str | None]:
    """Return the gene to name a fusion by, with what becomes of its kinase domain."""
    for side in (tail, head):
        if side is not None and not isinstance(side[0], Partner):
            held = kinase(side[0], _kept(*side))
            if held is not None:
                return side[0], {"whole": "kept", "part": "cut", "none": "lost"}[held]
    on_panel = [s for s in (tail, head) if s and not isinstance(s[0], Partner)]
    return on_panel[0][0], None
