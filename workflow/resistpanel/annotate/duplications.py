"""Insertions that copy the bases beside them."""

from dataclasses import dataclass

from resistpanel.annotate.edits import Edit
from resistpanel.annotate.transcript import Transcript


@dataclass(frozen=True)
class TandemCopy:
    """Reference bases that an insertion repeats.

    Attributes
    ----------
    start, end : int
        0-based half-open.
    filler : str
        Bases between the copies, on the forward strand.
    """

    start: int
    end: int
    filler: str


def tandem_copy(transcript: Transcript, placements: list[Edit]) -> TandemCopy | None:
    """Return what an insertion repeats, None if less than half of it is a copy.

    Of all placements, the one with the longest copy counts.
    """
    best = None
    for edit in placements:
        if not edit.is_insertion:
            continue
        size, at = len(edit.alt), edit.start
        before = transcript.fetch(transcript.chrom, max(at - size, 0), at)
        after = transcript.fetch(transcript.chrom, at, at + size)
        back, on = _alike(edit.alt[::-1], before[::-1]), _alike(edit.alt, after)
        if 2 * max(back, on) < size:
            continue
        if back >= on:
            found = TandemCopy(at - back, at, edit.alt[: size - back])
        else:
            found = TandemCopy(at, at + on, edit.alt[on:])
        if best is None or found.end - found.start > best.end - best.start:
            best = found
    return best


def _alike(one: str, other: str) -> int:
    """Return how many leading bases two sequences share."""
    n = next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return min(len(one), len(other)) if n is None else n


def spliced_copy(transcript: Transcript, copy: TandemCopy) -> tuple[int, str] | None:
    """Return where coding bases are inserted, and which, by a copy that holds whole introns.

    None of a copy within an exon, or that begins or ends in an intron: splicing is not known.

    Returns
    -------
    (int, str) or None
        Coding bases before the insertion, and the bases inserted, on the coding strand: the introns
        of the copy are spliced out.
    """
    first, last = sorted((transcript.coordinate(copy.start), transcript.coordinate(copy.end - 1)),
                         key=lambda t: -1 if t is None else t)  # fmt: skip
    if first is None or first < 0 or last >= transcript.length:
        return None
    if last - first + 1 == copy.end - copy.start:
        return None
    return last + 1, transcript.strand(copy.filler) + transcript.coding[first : last + 1]
