"""What alleles of one molecule do to the protein together.

A second substitution in a codon that another allele has changed already, and an indel that
restores the frame that another one shifted, mean something else alone than on the molecules that
they are found on. The caller counts the fragments that have both (`INFO/PHASE`).
"""

import bisect
import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from resistpanel.annotate.cdna import cdna_name
from resistpanel.annotate.consequence import ordered, rank, splice_terms
from resistpanel.annotate.edits import Edit, equivalents, smallest
from resistpanel.annotate.effect import Effect, residues_of
from resistpanel.annotate.protein import ProteinEffect, protein_effect
from resistpanel.annotate.transcript import Transcript

#: Genomic position of the first base of REF, 0-based; REF; ALT.
Bases = tuple[int, str, str]


@dataclasses.dataclass(frozen=True)
class Change:
    """An allele within the coding sequence of a transcript.

    Parameters
    ----------
    edit : Edit
        On the genome.
    low, high : int
        Replaced range of the coding sequence, 0-based half-open.
    alt : str
        On the coding strand.
    """

    edit: Edit
    low: int
    high: int
    alt: str

    @property
    def net(self) -> int:
        """Bases gained or lost."""
        return len(self.alt) - (self.high - self.low)

    def codons(self, offset: int) -> set[int]:
        """Return the codons whose bases it replaces; `offset` is the first whole codon's base."""
        last = max(self.high - 1, self.low)
        return set(range((self.low - offset) // 3, (last - offset) // 3 + 1))


def change_of(transcript: Transcript, allele: Bases) -> Change | None:
    """Return an allele's change of the coding sequence; None if it is not within it."""
    edit = smallest(*allele)
    if splice_terms(transcript, edit) - {"splice_region_variant"}:
        return None
    span = transcript.span(edit)
    if span is None or span[0] < transcript.offset or span[1] > transcript.length:
        return None
    return Change(edit, *span, transcript.strand(edit.alt))


def belong(transcript: Transcript, one: Change, two: Change) -> bool:
    """Return whether two changes have to be read together: one codon, or a frame restored."""
    if one.low < two.high and two.low < one.high:
        return False  # two alleles of the same bases are never on one molecule
    if one.net % 3 or two.net % 3:
        return bool(one.net % 3 and two.net % 3 and (one.net + two.net) % 3 == 0)
    return bool(one.codons(transcript.offset) & two.codons(transcript.offset))


def codon_pairs(
    transcripts: Iterable[Transcript], alleles: Iterable[Bases]
) -> Iterator[tuple[Bases, Bases, bool]]:
    """Yield pairs of alleles that change one codon, and whether an intron divides the two."""
    alleles = sorted(alleles)
    for transcript in transcripts:
        low = bisect.bisect_left(alleles, (transcript.start,))
        high = bisect.bisect_left(alleles, (transcript.end,))
        codons: dict[int, list[tuple[Bases, Change]]] = {}
        for allele in alleles[low:high]:
            change = change_of(transcript, allele)
            for codon in change.codons(transcript.offset) if change and not change.net % 3 else ():
                codons.setdefault(codon, []).append((allele, change))
        for found in codons.values():
            for (one, a), (two, b) in itertools.combinations(found, 2):
                if belong(transcript, a, b):
                    exons = {transcript.gene.exon(c.edit.start) for c in (a, b)}
                    yield one, two, len(exons) > 1


def joint_effect(transcript: Transcript, alleles: Sequence[Bases]) -> Effect | None:
    """Return the effect of alleles that are on one molecule.

    Of the alleles after the first, those count that have to be read together with one that
    counts. None if none has.

    Parameters
    ----------
    transcript : Transcript
    alleles : sequence of Bases
        The first is that of the record.
    """
    changes = [change_of(transcript, allele) for allele in alleles]
    if changes[0] is None or transcript.fault:
        return None
    joined, left = [changes[0]], [c for c in changes[1:] if c is not None]
    while found := [c for c in left if any(belong(transcript, c, j) for j in joined)]:
        joined += found[:1]
        left.remove(found[0])
    if len(joined) == 1:
        return None
    joined.sort(key=lambda c: c.low)
    if any(a.high > b.low for a, b in itertools.pairwise(joined)):
        return None
    protein = _protein(transcript, joined)
    return Effect(
        transcript.symbol,
        transcript.name,
        ordered(set(protein.terms)),
        _cdna(transcript, joined),
        protein.hgvs,
        protein.shorts,
        residues_of(transcript, *alleles[0]),
        any(splice_terms(transcript, c.edit) for c in joined),
        0,
        transcript.gene.refseq,
    )


def _protein(transcript: Transcript, joined: list[Change]) -> ProteinEffect:
    """Return the effect of changes in coding order."""
    low, high = joined[0].low, joined[-1].high
    alt, at = "", low
    for change in joined:
        alt += transcript.coding[at : change.low] + change.alt
        at = change.high
    skip = transcript.offset
    coding, how = transcript.coding[skip:], transcript.translation
    return protein_effect(coding, transcript.trailing, low - skip, high - skip, alt, how)


def _cdna(transcript: Transcript, joined: list[Change]) -> str:
    """Return the HGVS c. name: one deletion-insertion if all are substitutions of one codon."""
    edits = sorted((c.edit for c in joined), key=lambda e: e.start)
    first, last = edits[0], edits[-1]
    together = all(c.net == 0 for c in joined) and last.end - first.start <= 3
    if not together:
        names = [
            cdna_name(transcript, equivalents(c.edit, transcript.chrom, transcript.fetch))
            for c in joined
        ]
        return f"c.[{';'.join(name.removeprefix('c.') for name in names)}]"
    alt, at = "", first.start
    for edit in edits:
        alt += transcript.fetch(transcript.chrom, at, edit.start) + edit.alt
        at = edit.end
    return cdna_name(transcript, [Edit(first.start, last.end, alt)])


def most_severe_together(
    transcripts: Iterable[Transcript], alleles: Sequence[Bases]
) -> Effect | None:
    """Return the joint effect on the transcript where it is most severe, None if there is none."""
    found = [joint_effect(transcript, alleles) for transcript in transcripts]
    return min(
        (one for one in found if one),
        key=lambda one: (rank(one.terms[0]), one.symbol),
        default=None,
    )


@dataclasses.dataclass(frozen=True)
class Reading:
    """How a record is read with its neighbours.

    Parameters
    ----------
    effect : Effect or None
        Of the allele and those that its fragments have too; None if it is to be read alone.
    partners : tuple of Bases
        The latter.
    unphased : tuple of (Bases, Effect)
        Alleles of the codon of which the fragments do not show whether they are on the same
        molecules, each with the effect that the two would have together.
    """

    effect: Effect | None = None
    partners: tuple[Bases, ...] = ()
    unphased: tuple[tuple[Bases, Effect], ...] = ()


def reading(
    transcripts: Sequence[Transcript],
    allele: Bases,
    phases: Mapping[Bases, str],
    of_others: Mapping[Bases, str],
) -> Reading:
    """Return how an allele is read with others.

    Parameters
    ----------
    transcripts : sequence of Transcript
    allele : Bases
    phases : mapping
        Phase of the allele's fragments by other allele, as `phase_of`.
    of_others : mapping
        Phase of the others' fragments with this allele. Where these are in cis, the other one is
        a subclone's, and it is the other one that is read with this one.
    """
    cis = [other for other, phase in phases.items() if phase == "cis"]
    partners = tuple(
        other for other in cis if any(joint_effect(t, [allele, other]) for t in transcripts)
    )
    effect = most_severe_together(transcripts, [allele, *cis]) if partners else None
    open_ = []
    for other, phase in phases.items():
        if phase in ("unknown", "cis and trans") and of_others.get(other) != "cis":
            together = most_severe_together(transcripts, [allele, other, *cis])
            if together and (effect is None or together.hgvs_p != effect.hgvs_p):
                open_.append((other, together))
    return Reading(effect, partners, tuple(open_))
