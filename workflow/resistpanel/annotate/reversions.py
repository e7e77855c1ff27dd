"""Alleles that give a truncated protein its reading frame back.

An allele reverts a truncating one of the same gene if the protein of the molecule that has both
(or, where it takes the place of the truncating one, has it alone) reaches the annotated stop codon
again. That is decided by translation, at any distance; whether the two are on one molecule is for
the reads to show (`INFO/PHASE`).
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from resistpanel.annotate.annotate_constants import REVERSION_GAP, SPLICE_SITE
from resistpanel.annotate.consequence import splice_terms
from resistpanel.annotate.edits import Edit, equivalents, smallest
from resistpanel.annotate.haplotypes import Bases, Change
from resistpanel.annotate.protein import protein_effect
from resistpanel.annotate.transcript import Transcript
from resistpanel.core.allele import trim_bases

#: frame: a second shift makes up for the first; codon: another codon in the place of the premature
#: stop, or another base at the splice site; deletion: the bases or the exon that hold it are gone;
#: replaced: they are others.
Kind = Literal["frame", "codon", "deletion", "replaced"]

#: ALT of a deletion whose bases are not written out.
SYMBOLIC_DELETION = "<DEL>"


@dataclasses.dataclass(frozen=True)
class Allele:
    """An allele with all its placements.

    Parameters
    ----------
    bases : Bases
        Position (0-based), REF, ALT as in the VCF.
    placements : tuple of Edit
    """

    bases: Bases
    placements: tuple[Edit, ...]


def overlap(one: Allele, two: Allele) -> bool:
    """Whether no molecule can have both alleles: they replace the same bases, wherever placed."""
    return all(
        _overlap(edit, other) for edit, other in itertools.product(one.placements, two.placements)
    )


def _overlap(one: Edit, two: Edit) -> bool:
    if one.start == one.end and two.start == two.end:
        return one.start == two.start
    return one.start < two.end and two.start < one.end


def descends(transcript: Transcript, event: Allele, broken: Allele) -> bool:
    """Whether one insertion, deletion or substitution turns the truncating allele into another.

    The molecule then has the other allele alone, which is written against the reference: of a
    deletion further bases are gone, of an insertion fewer or more came, the premature stop is
    gone with the bases round it. A substitution must be of the substituted bases. Of two deletions
    that share some of their bases neither descends from the other.
    """
    edit, other = event.placements[0], broken.placements[0]
    if event.bases[2] == SYMBOLIC_DELETION:
        return any(edit.start <= e.start and e.end <= edit.end for e in broken.placements)
    low, high = min(edit.start, other.start), max(edit.end, other.end)
    reach = max(abs(edit.net), abs(other.net), 1) + REVERSION_GAP
    if max(edit.start, other.start) - min(edit.end, other.end) > reach:
        return False
    low, high = low - reach, high + reach
    reference = transcript.fetch(transcript.chrom, low, high)

    def molecule(one: Edit) -> str:
        return reference[: one.start - low] + one.alt + reference[one.end - low :]

    _, old, new = trim_bases(molecule(other), molecule(edit), left_first=True)
    if not (old and new):
        return True
    return len(old) == len(new) and _overlap(edit, other)


@dataclasses.dataclass(frozen=True)
class Reversion:
    """A truncating allele that another one reverts.

    Parameters
    ----------
    other : Bases
        The truncating allele.
    kind : Kind
    instead : bool
        Whether the molecule has the allele in the place of the truncating one, so that no fragment
        can show both.
    hgvs_p : str
        Change of the protein of the molecule.
    """

    other: Bases
    kind: Kind
    instead: bool
    hgvs_p: str


def allele(transcript: Transcript, bases: Bases, end: int | None = None) -> Allele:
    """Return an allele with its placements; `end` (0-based, exclusive) of a symbolic deletion."""
    start, ref, alt = bases
    if alt == SYMBOLIC_DELETION:
        return Allele(bases, (Edit(start + 1, end or start + 1, ""),))
    edit = smallest(start, ref, alt)
    return Allele(bases, tuple(equivalents(edit, transcript.chrom, transcript.fetch)))


def coding_change(transcript: Transcript, one: Allele) -> Change | None:
    """Return an allele's change of the coding sequence; None if the splicing is not known.

    A deletion from intron to intron takes out whole exons; one from exon to exon joins what is
    left of them. A deletion from exon to intron, and any other change of a splice site, is not
    decided.
    """
    for edit in one.placements:
        if span := _coding_span(transcript, edit):
            low, high, inserted = span
            alt = transcript.strand(edit.alt) if inserted else ""
            return Change(edit, low, high, alt)
    return None


def _coding_span(transcript: Transcript, edit: Edit) -> tuple[int, int, bool] | None:
    """Return the replaced range of the coding sequence, and whether the new bases are in it."""
    span = transcript.span(edit)
    sites = splice_terms(transcript, edit) - {"splice_region_variant"}
    if span and not sites:
        low, high = span
        return (low, high, True) if low >= 0 and high <= transcript.length else None
    if not edit.is_deletion:
        return None
    removed = [
        t
        for start, end in transcript.gene.cds
        for pos in (max(start, edit.start), min(end, edit.end) - 1)
        if max(start, edit.start) < min(end, edit.end)
        and (t := transcript.coordinate(pos)) is not None
    ]
    ends = {_place(transcript, edit.start), _place(transcript, edit.end)}
    if not removed or len(ends) != 1 or None in ends:
        return None
    return min(removed), max(removed) + 1, False


def _place(transcript: Transcript, border: int) -> str | None:
    """Return whether the border before base `border` is in an exon or in an intron.

    None where the splice site is cut, and outside the coding sequence.
    """
    for start, end in transcript.gene.cds:
        if start < border < end:
            return "exon"
    for start, end in transcript.introns:
        if start + SPLICE_SITE <= border <= end - SPLICE_SITE:
            return "intron"
    return None


def truncates(transcript: Transcript, one: Allele) -> bool:
    """Whether an allele by itself truncates the protein, or changes a canonical splice site."""
    change = coding_change(transcript, one)
    if change is not None:
        return not reaches_the_stop(transcript, [change])
    return all(splice_terms(transcript, edit) & _SITES for edit in one.placements)


_SITES = {"splice_donor_variant", "splice_acceptor_variant"}


def reaches_the_stop(transcript: Transcript, changes: Sequence[Change]) -> bool:
    """Whether the protein with these changes is translated in frame to the annotated stop.

    Parameters
    ----------
    changes : sequence of Change
        In coding order, without overlap.
    """
    if sum(change.net for change in changes) % 3:
        return False
    skip, coding = transcript.offset, transcript.coding
    bases, at, how = "", skip, transcript.translation
    for change in reversed(changes):
        if change.low < skip:
            return False
        how = how.edited(change.low - skip, change.high - skip, len(change.alt))
    for change in changes:
        bases += coding[at : change.low] + change.alt
        at = change.high
    bases += coding[at:]
    if transcript.translation.starts(coding[skip:]) and not how.starts(bases):
        return False
    return "*" not in how.read(bases)[:-1]


def reverts(transcript: Transcript, broken: Allele, event: Allele) -> Reversion | None:
    """Return the reversion of a truncating allele by another one; None if it is none.

    Parameters
    ----------
    transcript : Transcript
    broken : Allele
        Truncating by itself, see `truncates`.
    event : Allele
    """
    new = coding_change(transcript, event)
    if new is None or transcript.fault:
        return None
    if descends(transcript, event, broken) and reaches_the_stop(transcript, [new]):
        return Reversion(broken.bases, _kind(event), True, _name(transcript, [new]))
    old = coding_change(transcript, broken)
    if old is None or (old.net + new.net) % 3 or overlap(event, broken):
        return None
    joined = sorted((old, new), key=lambda change: (change.low, change.high))
    if joined[0].high > joined[1].low or not reaches_the_stop(transcript, joined):
        return None
    kind: Kind = "frame" if old.net % 3 else _kind(event)
    return Reversion(broken.bases, kind, False, _name(transcript, joined))


def _kind(event: Allele) -> Kind:
    edit = event.placements[0]
    if edit.is_deletion:
        return "deletion"
    return "codon" if edit.net == 0 else "replaced"


def _name(transcript: Transcript, changes: list[Change]) -> str:
    """Return the HGVS p. name of changes in coding order."""
    skip = transcript.offset
    low, high = changes[0].low, changes[-1].high
    alt, at = "", low
    for change in changes:
        alt += transcript.coding[at : change.low] + change.alt
        at = change.high
    coding, how = transcript.coding[skip:], transcript.translation
    return protein_effect(coding, transcript.trailing, low - skip, high - skip, alt, how).hgvs


def reversions(
    transcripts: Iterable[Transcript],
    alleles: Mapping[Bases, int | None],
    certain: Iterable[Bases],
) -> dict[Bases, list[Reversion]]:
    """Return the truncating alleles that each allele of a contig would revert.

    Parameters
    ----------
    transcripts : iterable of Transcript
        Of the contig.
    alleles : mapping of Bases to (int or None)
        Those that were found, with the end (0-based, exclusive) of symbolic deletions.
    certain : iterable of Bases
        Those of them that may be the truncating one: called, somatic or inherited.
    """
    found: dict[Bases, list[Reversion]] = {}
    known = set(certain)
    for transcript in transcripts:
        if transcript.fault:
            continue
        near = {
            bases: end
            for bases, end in alleles.items()
            if bases[0] < transcript.end and (end or bases[0] + len(bases[1])) > transcript.start
        }
        broken = [allele(transcript, bases, near[bases]) for bases in near if bases in known]
        broken = [one for one in broken if truncates(transcript, one)]
        events = [allele(transcript, *item) for item in near.items()] if broken else []
        for one, event in itertools.product(broken, events):
            different = event.bases != one.bases
            if different and (reverted := reverts(transcript, one, event)):
                found.setdefault(event.bases, []).append(reverted)
    return found


def merged(one: Bases, two: Bases, fetch: Callable[[int, int], str]) -> Bases | None:
    """Return two alleles of one molecule as one; None if they overlap or lie apart.

    Parameters
    ----------
    one, two : Bases
    fetch : callable
        ``fetch(start, end)`` returns the reference of the contig.
    """
    first, second = sorted((smallest(*one), smallest(*two)), key=lambda edit: edit.start)
    if not 0 <= second.start - first.end <= REVERSION_GAP:
        return None
    between = fetch(first.end, second.start)
    ref = fetch(first.start - 1, second.end)
    return first.start - 1, ref, ref[0] + first.alt + between + second.alt
