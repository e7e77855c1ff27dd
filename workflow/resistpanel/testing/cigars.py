"""CIGARs as an aligner would give them to reads that cross an indel."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.testing.bam_records import DELETION, INSERTION, MATCH, SOFT_CLIP
from resistpanel.testing.testing_constants import (
    CLIP,
    GAP_BASE,
    GAP_OPEN,
    LOWEST_SCORE,
    MATCH_SCORE,
    MISMATCH,
)

#: In `ref_codes`: the base is inserted or clipped, so there is no reference base.
NO_BASE = 255


@dataclasses.dataclass(frozen=True)
class Junction:
    """An indel on a haplotype.

    The haplotype's bases before `at` continue the reference up to `left`; `inserted` bases
    follow that the reference lacks; from there on it continues the reference at `right`.
    """

    at: int
    inserted: int
    left: int
    right: int

    @property
    def deleted(self) -> int:
        """Reference bases that the haplotype lacks."""
        return self.right - self.left


@dataclasses.dataclass
class Alignment:
    """How reads lie on the reference; coordinates count from the region's first base.

    `pos`, `end` (reads,); `cigar` (reads, operations) uint32, 0 for no operation, trailing;
    `ref_codes` (reads, length) the reference base under each base or `NO_BASE`; `gaps` (reads,)
    inserted and deleted bases; `mapped` (reads,).
    """

    pos: np.ndarray
    end: np.ndarray
    cigar: np.ndarray
    ref_codes: np.ndarray
    gaps: np.ndarray
    mapped: np.ndarray

    def put(self, rows: np.ndarray, other: "Alignment") -> None:
        """Replace some reads' alignments."""
        width = other.cigar.shape[1]
        if width > self.cigar.shape[1]:
            self.cigar = np.pad(self.cigar, ((0, 0), (0, width - self.cigar.shape[1])))
        self.cigar[rows] = 0
        self.cigar[rows, :width] = other.cigar
        for name in ("pos", "end", "ref_codes", "gaps", "mapped"):
            getattr(self, name)[rows] = getattr(other, name)


def ungapped(start: np.ndarray, length: int, reference: np.ndarray) -> Alignment:
    """Return the alignment of reads that match the reference from `start` on."""
    count = len(start)
    return Alignment(
        start.astype(np.int64),
        start.astype(np.int64) + length,
        np.full((count, 1), length << 4 | MATCH, np.uint32),
        reference[start[:, None] + np.arange(length)],
        np.zeros(count, np.int64),
        np.ones(count, bool),
    )


def best_local(matches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (score, first, last) of each read's best ungapped stretch.

    Parameters
    ----------
    matches : bool array (reads, length)
        Whether each base equals the reference base under it.

    Returns
    -------
    score, first, last : arrays (reads,)
        The stretch is [first, last); a clipped end costs `CLIP`, as in bwa mem.
    """
    length = matches.shape[1]
    steps = np.where(matches, MATCH_SCORE, -MISMATCH)
    sums = np.concatenate([np.zeros((len(steps), 1), np.int64), np.cumsum(steps, axis=1)], axis=1)
    begin = -sums[:, :-1]
    begin[:, 1:] -= CLIP
    best_begin = np.maximum.accumulate(begin, axis=1)
    total = sums[:, 1:] + best_begin
    total[:, : length - 1] -= CLIP
    rows = np.arange(len(steps))
    stop = total.argmax(axis=1)
    first = (begin >= best_begin[rows, stop][:, None]).argmax(axis=1)
    return total[rows, stop], first, stop + 1


def compact(cigar: np.ndarray) -> np.ndarray:
    """Move operations of no length behind the others, and zero them."""
    cigar = np.where(cigar >> 4 == 0, 0, cigar)
    order = np.argsort(cigar == 0, axis=1, kind="stable")
    return np.take_along_axis(cigar, order, axis=1)


def _under(
    codes: np.ndarray, origin: np.ndarray, reference: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (reference bases under reads that begin at `origin`, whether they match)."""
    spots = origin[:, None] + np.arange(codes.shape[1])
    inside = (spots >= 0) & (spots < len(reference))
    under = reference[np.clip(spots, 0, len(reference) - 1)]
    return under, inside & (under == codes)


def _clipped(codes: np.ndarray, origin: np.ndarray, reference: np.ndarray):
    """Return (score, Alignment) of reads laid on one diagonal, their ends clipped."""
    count, length = codes.shape
    under, matches = _under(codes, origin, reference)
    score, first, last = best_local(matches)
    column = np.arange(length)
    kept = (column >= first[:, None]) & (column < last[:, None])
    cigar = np.stack(
        [first << 4 | SOFT_CLIP, (last - first) << 4 | MATCH, (length - last) << 4 | SOFT_CLIP], 1
    ).astype(np.uint32)
    return score, Alignment(
        origin + first,
        origin + last,
        compact(cigar),
        np.where(kept, under, NO_BASE).astype(np.uint8),
        np.zeros(count, np.int64),
        np.ones(count, bool),
    )


def _gapped(
    codes: np.ndarray,
    start: np.ndarray,
    junctions: Sequence[Junction],
    ref_of_hap: np.ndarray,
    reference: np.ndarray,
    anchor: int,
):
    """Return (score, Alignment) of reads aligned through the junctions; a poor score if barred."""
    length = codes.shape[1]
    spots = ref_of_hap[start[:, None] + np.arange(length)]
    under = np.where(spots >= 0, reference[spots], NO_BASE).astype(np.uint8)
    aligned = spots >= 0
    score = np.where(under == codes, MATCH_SCORE, np.where(aligned, -MISMATCH, 0)).sum(axis=1)
    operations, gaps = [junctions[0].at - start << 4 | MATCH], 0
    for junction, after in zip(junctions, [*junctions[1:], None], strict=True):
        for size, operation in ((junction.inserted, INSERTION), (junction.deleted, DELETION)):
            if size:
                operations.append(np.full(len(start), size << 4 | operation))
                score = score - GAP_OPEN - GAP_BASE * size
                gaps += size
        done = junction.at + junction.inserted
        tail = (after.at if after else start + length) - done
        operations.append(np.broadcast_to(tail, start.shape) << 4 | MATCH)
    left = junctions[0].at - start
    right = start + length - junctions[-1].at - junctions[-1].inserted
    score = np.where((left >= anchor) & (right >= anchor), score, -(10**6))
    cigar = np.stack(operations, 1).clip(0).astype(np.uint32)
    pos = junctions[0].left - left
    end = junctions[-1].right + right
    return score, Alignment(
        pos,
        end,
        compact(cigar),
        under,
        np.full(len(start), gaps, np.int64),
        np.ones(len(start), bool),
    )


def align(
    codes: np.ndarray,
    start: np.ndarray,
    junctions: Sequence[Junction],
    ref_of_hap: np.ndarray,
    reference: np.ndarray,
    anchor: int,
) -> Alignment:
    """Align reads that were drawn from a haplotype with indels.

    A read that crosses indels is aligned through them, or laid on the reference of its left or
    right part with the other end mismatching or soft-clipped: whichever scores best by bwa mem's
    scores, as an aligner that sees the read alone would do.

    Parameters
    ----------
    codes : uint8 array (reads, length)
        Bases.
    start : int array (reads,)
        Where each read begins on the haplotype.
    junctions : sequence of Junction
        Of the haplotype, ascending; at least one.
    ref_of_hap : int array
        Reference position of each base of the haplotype, -1 where inserted.
    reference : uint8 array
        Reference bases.
    anchor : int
        Fewest bases on either side for an alignment through indels.
    """
    length = codes.shape[1]
    start = start.astype(np.int64)
    touched = np.stack(
        [(start < j.at + j.inserted) & (start + length > j.at) for j in junctions], axis=1
    )
    origin = ref_of_hap[start].astype(np.int64)
    plain = ~touched.any(axis=1)
    # Reads that cross no indel match the reference directly; the others are replaced below.
    result = ungapped(np.where(plain, origin, 0), length, reference)
    if plain.all():
        return result
    for pattern in np.unique(touched[~plain], axis=0):
        rows = np.flatnonzero((touched == pattern).all(axis=1))
        crossed = [j for j, hit in zip(junctions, pattern, strict=True) if hit]
        result.put(rows, _best(codes[rows], start[rows], crossed, ref_of_hap, reference, anchor))
    return result


def _best(codes, start, junctions, ref_of_hap, reference, anchor) -> Alignment:
    first, last = junctions[0], junctions[-1]
    options = [
        _gapped(codes, start, junctions, ref_of_hap, reference, anchor),
        _clipped(codes, start - first.at + first.left, reference),
        _clipped(codes, start - last.at - last.inserted + last.right, reference),
    ]
    choice = np.stack([score for score, _ in options]).argmax(axis=0)
    best = options[0][1]
    for number in (1, 2):
        rows = np.flatnonzero(choice == number)
        if len(rows):
            score, other = options[number]
            chosen = Alignment(
                *(getattr(other, field.name)[rows] for field in dataclasses.fields(Alignment))
            )
            # A read that matches nowhere (inside a long insertion) stays unmapped.
            chosen.mapped = score[rows] >= min(LOWEST_SCORE, codes.shape[1] // 2)
            best.put(rows, chosen)
    return best
