"""The catalogue's sites on a genome: which bases must be genotyped in every sample."""

import bisect
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pysam

from resistpanel import __version__
from resistpanel.catalog.drivers import Driver
from resistpanel.catalog.numbering import Numbering, Stretch
from resistpanel.catalog.protein import parse
from resistpanel.catalog.table import Catalog, Row
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import replacing
from resistpanel.core.intervals import read_targets
from resistpanel.core.sequence import GENETIC_CODE, complement
from resistpanel.core.text import counted
from resistpanel.panel.genes import Gene


@dataclass(frozen=True, order=True, slots=True)
class Site:
    """One allele to genotype.

    Attributes
    ----------
    chrom : str
    pos : int
        0-based.
    ref, alt : str
        On the forward strand, of equal length (1 to 3 bases).
    gene : str
    protein : str
        Short form, e.g. ``C121S``.
    ids : tuple of str
        Catalogue rows and drivers that ask for the allele.
    """

    chrom: str
    pos: int
    ref: str
    alt: str
    gene: str
    protein: str
    ids: tuple[str, ...] = ()


@dataclass
class Skipped:
    """How many rows, codons or alleles gave no site, and why."""

    unknown_gene: list[str] = field(default_factory=list)
    reference_n: list[str] = field(default_factory=list)
    outside_targets: int = 0
    no_short_change: list[str] = field(default_factory=list)
    not_a_substitution: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return one line per reason that occurred."""
        reasons = (
            ("gene not among the panel's genes", self.unknown_gene),
            ("reference is N there", self.reference_n),
            ("needs three bases changed or a change across an intron", self.no_short_change),
            ("no substitution: left to the caller's own candidates", self.not_a_substitution),
        )
        lines = [
            f"{len(ids)} row{'s' * (len(ids) > 1)} without a site ({reason}): {', '.join(ids)}"
            for reason, ids in ((reason, sorted(set(ids))) for reason, ids in reasons)
            if ids
        ]
        if self.outside_targets:
            lines.append(f"{counted(self.outside_targets, 'allele')} outside the targets left out")
        return lines


def codon_changes(codon: str, residue: str | None) -> list[str]:
    """Return the codons that give a change of a residue with the fewest bases.

    Parameters
    ----------
    codon : str
        Reference codon on the coding strand.
    residue : str or None
        Wanted residue (one letter, `*` for a stop), or None for any other residue.

    Returns
    -------
    list of str
        With `residue` None, every codon one base away that codes for another residue, stops
        included. Otherwise the codons of `residue` that are one base away or, where there is
        none, two bases away; empty if three are needed.
    """
    by_distance: dict[int, list[str]] = {1: [], 2: []}
    for other, coded in GENETIC_CODE.items():
        distance = sum(a != b for a, b in zip(codon, other, strict=True))
        wanted = coded != GENETIC_CODE[codon] if residue is None else coded == residue
        if distance in by_distance and wanted:
            by_distance[distance].append(other)
    if residue is None:
        return by_distance[1]
    return by_distance[1] or by_distance[2]


def allele(
    codon: str, other: str, positions: Sequence[int], strand: str
) -> tuple[int, str, str] | None:
    """Return (pos, ref, alt) on the forward strand for a changed codon.

    Parameters
    ----------
    codon, other : str
        Reference and changed codon, on the coding strand.
    positions : sequence of int
        Genomic 0-based positions of the codon's bases in coding order.
    strand : str
        ``+`` or ``-``.

    Returns
    -------
    tuple or None
        0-based position, reference and alternative bases, from the first changed base to the
        last; None if an intron lies between them.
    """
    bases = sorted(zip(positions, codon, other, strict=True))
    changed = [index for index, (_, ref, alt) in enumerate(bases) if ref != alt]
    span = bases[changed[0] : changed[-1] + 1]
    if span[-1][0] - span[0][0] != len(span) - 1:
        return None
    ref, alt = ("".join(base[column] for base in span) for column in (1, 2))
    if strand == "-":
        ref, alt = complement(ref), complement(alt)
    return span[0][0], ref, alt


def reference_codon(reference: pysam.FastaFile, gene: Gene, positions: Sequence[int]) -> str:
    """Return the codon at `positions` (0-based, coding order) on the coding strand."""
    bases = "".join(reference.fetch(gene.chrom, pos, pos + 1) for pos in positions).upper()
    return complement(bases) if gene.strand == "-" else bases


def numbered_by(
    gene: Gene, numbering: Numbering, reference: pysam.FastaFile
) -> tuple[bool, Stretch | None]:
    """Return how a transcript is numbered, by the residues that the catalogue names.

    Returns
    -------
    bool
        Whether all of them are as the reference codes for them; False if none has a sequence.
    Stretch or None
        The other numbering in which they are; None: in the catalogue's own.
    """
    claims = [(number, ref) for name, number, ref in numbering.claimed if name == gene.symbol]
    for stretch in (None, *numbering.of_gene(gene.symbol)):
        coded = [
            (_coded(gene, stretch.own(number) if stretch else number, reference), ref)
            for number, ref in claims
        ]
        known = [(found, ref) for found, ref in coded if found != ""]
        if known and all(found == ref for found, ref in known):
            return True, stretch
    return False, None


def _coded(gene: Gene, residue: int, reference: pysam.FastaFile) -> str | None:
    """Return the letter of a residue: empty if its codon is not known, None if there is none."""
    try:
        codon = reference_codon(reference, gene, gene.codon(residue))
    except IndexError:
        return None
    except (KeyError, ValueError):
        return ""
    return GENETIC_CODE.get(codon, "")


def numbering_on(
    numbering: Numbering, genes: Mapping[str, Gene], reference: pysam.FastaFile
) -> Numbering:
    """Return the numbering with what a panel's own transcripts are numbered by."""
    for name in dict.fromkeys(one.gene for one in numbering.stretches if one.gene in genes):
        certain, stretch = numbered_by(genes[name], numbering, reference)
        if certain:
            numbering = numbering.with_transcript(name, genes[name].transcript, stretch)
    return numbering


def reference_residues(rows: Iterable[Row | Driver]) -> dict[tuple[str, int], str]:
    """Return the reference residue (one letter) that the catalogue claims at (gene, residue).

    For whoever writes a genome on which the catalogue is to be at home.
    """
    return {(row.gene, number): ref for row in rows for number, ref in row.residues}


class Targets:
    """Target intervals of a BED, 0-based half-open."""

    def __init__(self, path: str | Path):
        intervals: dict[str, list[tuple[int, int]]] = {}
        for target in read_targets(path):
            intervals.setdefault(target.chrom, []).append((target.start, target.end))
        #: By contig: the starts in order, and the furthest end of an interval up to each of them.
        self._starts: dict[str, list[int]] = {}
        self._reach: dict[str, list[int]] = {}
        for contig, spans in intervals.items():
            spans.sort()
            self._starts[contig] = [start for start, _ in spans]
            self._reach[contig] = list(itertools.accumulate((end for _, end in spans), max))

    def covers(self, chrom: str, start: int, end: int) -> bool:
        """Whether one interval holds [start, end)."""
        before = bisect.bisect(self._starts.get(chrom, []), start)
        return before > 0 and end <= self._reach[chrom][before - 1]


#: Residue, reference residue, new residue or None for any.
Wanted = tuple[int, str, str | None]


def _wanted(row: Row | Driver) -> list[Wanted]:
    """Return what a substitution row wants; a compound row wants each of its mutations.

    Mutations of a compound row that are a range have no site.
    """
    if row.codon:
        return [(row.codon[1], row.codon[0], None)]
    if row.change and row.change.kind in {"substitution", "nonsense"}:
        return [(row.change.start, row.change.ref, row.change.alt)]
    return [
        (*part.residue, change.alt if (change := parse(part.text)) else None)
        for part in row.parts
        if part.residue
    ]


def _all_wanted(rows: Iterable[Row | Driver], skipped: "Skipped") -> Iterator[tuple]:
    """Yield every row with what it wants; note the exact rows that want no site."""
    for row in rows:
        wanted = _wanted(row)
        if not wanted and row.match_level == "exact":
            skipped.not_a_substitution.append(row.id)
        for one in wanted:
            yield row, one


def find_sites(
    rows: Iterable[Row | Driver],
    genes: dict[str, Gene],
    reference: pysam.FastaFile,
    targets: Targets | None = None,
    numbering: Numbering | None = None,
) -> tuple[list[Site], Skipped]:
    """Return the alleles of every substitution and codon row.

    Where a transcript is numbered otherwise than the rows (`numbered_by`), its own numbers name
    the alleles.

    Parameters
    ----------
    rows : iterable of Row or Driver
        Rows of the levels ``exact`` and ``codon``; others have no site and are passed over.
    genes : dict of str to Gene
        The panel's genes by symbol.
    reference : pysam.FastaFile
    targets : Targets, optional
        Alleles outside are left out.
    numbering : Numbering, optional
        Without it the rows' numbers are the transcripts'.

    Returns
    -------
    list of Site
        Sorted by contig as in the reference, position, alleles; one per allele, with the ids of
        all rows that want it.
    Skipped
        What gave no site.

    Raises
    ------
    InputError
        One line for every row whose reference residue is not what the genome codes for.
    """
    skipped = Skipped()
    errors: list[InputError] = []
    found: dict[tuple[str, int, str, str], tuple[str, str, list[str]]] = {}
    stretches: dict[str, Stretch | None] = {}
    for name in {one.gene for one in numbering.stretches} & set(genes) if numbering else ():
        stretches[name] = numbered_by(genes[name], numbering, reference)[1]
    for row, (residue, expected, new) in _all_wanted(rows, skipped):
        if row.gene not in genes:
            skipped.unknown_gene.append(row.id)
            continue
        gene = genes[row.gene]
        if stretch := stretches.get(row.gene):
            residue = stretch.own(residue)
        try:
            positions = gene.codon(residue)
            codon = reference_codon(reference, gene, positions)
        except IndexError:
            errors.append(_no_residue(row, gene, residue))
            continue
        except (KeyError, ValueError):
            errors.append(
                InputError(
                    f"contig '{gene.chrom}' of gene {row.gene} is not in the reference",
                    str(reference.filename, "utf-8"),
                    "adapt the panel to the reference with `resistpanel panel adapt`",
                )
            )
            continue
        if set(codon) - set("ACGT") or len(codon) != 3:
            skipped.reference_n.append(row.id)
            continue
        if GENETIC_CODE[codon] != expected:
            errors.append(_disagreement(row, gene, residue, expected, codon))
            continue
        alleles = list(_alleles(codon, new, positions, gene))
        if not alleles:
            skipped.no_short_change.append(row.id)
        for pos, ref, alt, coded in alleles:
            if targets is not None and not targets.covers(gene.chrom, pos, pos + len(ref)):
                skipped.outside_targets += 1
                continue
            entry = found.setdefault(
                (gene.chrom, pos, ref, alt), (row.gene, f"{expected}{residue}{coded}", [])
            )
            if row.id not in entry[2]:
                entry[2].append(row.id)
    if errors:
        raise InputErrors(errors)
    order = {name: index for index, name in enumerate(reference.references)}
    sites = [Site(*key, gene, text, tuple(ids)) for key, (gene, text, ids) in found.items()]
    sites.sort(key=lambda site: (order[site.chrom], site.pos, site.ref, site.alt))
    return sites, skipped


def _alleles(
    codon: str, new: str | None, positions: Sequence[int], gene: Gene
) -> Iterator[tuple[int, str, str, str]]:
    for other in codon_changes(codon, new):
        change = allele(codon, other, positions, gene.strand)
        if change is not None:
            yield *change, GENETIC_CODE[other]


def _no_residue(row: Row | Driver, gene: Gene, residue: int) -> InputError:
    return InputError(
        f"row '{row.id}' speaks of residue {residue}, but {row.gene} ({gene.transcript}) has "
        f"{gene.residues} codons",
        row.place,
        "give the row in the numbering of the panel's transcript",
    )


def _disagreement(row: Row | Driver, gene: Gene, residue: int, ref: str, codon: str) -> InputError:
    return InputError(
        f"row '{row.id}' expects {ref} at residue {residue} of {row.gene}, but codon {codon} of "
        f"{gene.transcript} in the reference codes for {GENETIC_CODE[codon]}",
        row.place,
        "give the row in the numbering of the panel's transcript, and check the genome build",
    )


def write_sites(path: str | Path, sites: Sequence[Site], reference: pysam.FastaFile) -> None:
    """Write sites as VCF 4.3, ids in the ID column separated by ``;``."""
    lines = [
        "##fileformat=VCFv4.3",
        f"##source=resistpanel {__version__} catalog sites",
        '##FILTER=<ID=PASS,Description="All filters passed">',
        *(
            f"##contig=<ID={name},length={length}>"
            for name, length in zip(reference.references, reference.lengths, strict=True)
        ),
        '##INFO=<ID=GENE,Number=1,Type=String,Description="HGNC symbol">',
        '##INFO=<ID=PROTEIN,Number=1,Type=String,Description="Protein change in short form">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    lines += [
        f"{site.chrom}\t{site.pos + 1}\t{';'.join(site.ids)}\t{site.ref}\t{site.alt}\t.\t.\t"
        f"GENE={site.gene};PROTEIN={site.protein}"
        for site in sites
    ]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def all_rows(catalog: Catalog, drivers: Iterable[Driver]) -> list[Row | Driver]:
    """Return the catalogue's rows and the drivers, in this order."""
    return [*catalog.rows, *drivers]
