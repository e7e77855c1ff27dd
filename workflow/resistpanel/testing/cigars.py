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
    SHORTEST_PART,
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
    """How reads are aligned to the reference; coordinates count from the region's first base.

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
        stretches(reference, start, length),
        np.zeros(count, np.int64),
        np.ones(count, bool),
    )


def stretches(codes: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """Return the `length` bases from each start on, (starts, length)."""
    return np.lib.stride_tricks.sliding_window_view(codes, length)[start]


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


def clip_ends(made: Alignment, rows: np.ndarray, first: np.ndarray, last: np.ndarray) -> None:
    """Soft-clip what is outside bases [first, last) of some reads, in place.

    Parameters
    ----------
    made : Alignment
    rows : int array (clipped,)
        Which reads.
    first, last : int array (clipped,)
        The bases that remain, along the reference.
    """
    length = made.ref_codes.shape[1]
    width = max(made.cigar.shape[1], 3)
    made.cigar = np.pad(made.cigar, ((0, 0), (0, width - made.cigar.shape[1])))
    column = np.arange(length)
    outside = (column < first[:, None]) | (column >= last[:, None])
    made.ref_codes[rows] = np.where(outside, NO_BASE, made.ref_codes[rows])
    plain = (made.cigar[rows, 1:] == 0).all(axis=1)
    alone, low, high = rows[plain], first[plain], last[plain]
    parts = [low << 4 | SOFT_CLIP, (high - low) << 4 | MATCH, (length - high) << 4 | SOFT_CLIP]
    made.cigar[alone] = 0
    made.cigar[alone, :3] = compact(np.stack(parts, axis=1).astype(np.uint32))
    made.end[alone] = made.pos[alone] + high
    made.pos[alone] += low
    for row, low, high in zip(rows[~plain], first[~plain], last[~plain], strict=True):
        _clip_gapped(made, row, int(low), int(high))


def _clip_gapped(made: Alignment, row: int, first: int, last: int) -> None:
    """Soft-clip one read of several operations; of an end of a gap remains the longer side."""
    query, at, blocks = 0, int(made.pos[row]), []
    for value in made.cigar[row]:
        size, operation = int(value) >> 4, int(value) & 15
        if size and operation == MATCH:
            low, high = max(query, first), min(query + size, last)
            if low < high:
                blocks.append((low, high, at + low - query))
        query += size if operation != DELETION else 0
        at += size if operation in (MATCH, DELETION) else 0
    made.mapped[row] &= bool(blocks)
    if not blocks:
        return
    # A part too short for an aligner to place it is clipped with what is behind it.
    while len(blocks) > 1 and blocks[0][1] - blocks[0][0] < SHORTEST_PART:
        blocks.pop(0)
    while len(blocks) > 1 and blocks[-1][1] - blocks[-1][0] < SHORTEST_PART:
        blocks.pop()
    length = made.ref_codes.shape[1]
    cigar, gaps = [blocks[0][0] << 4 | SOFT_CLIP], 0
    for number, (low, high, start) in enumerate(blocks):
        if number:
            before = blocks[number - 1]
            inserted, deleted = low - before[1], start - before[2] - (before[1] - before[0])
            cigar += [inserted << 4 | INSERTION, deleted << 4 | DELETION]
            gaps += inserted + deleted
        cigar.append((high - low) << 4 | MATCH)
    cigar.append((length - blocks[-1][1]) << 4 | SOFT_CLIP)
    found = compact(np.array([cigar], np.uint32))[0]
    if len(found) > made.cigar.shape[1]:
        made.cigar = np.pad(made.cigar, ((0, 0), (0, len(found) - made.cigar.shape[1])))
    made.cigar[row] = 0
    made.cigar[row, : len(found)] = found
    made.gaps[row] = gaps
    made.pos[row], made.end[row] = blocks[0][2], blocks[-1][2] + blocks[-1][1] - blocks[-1][0]
    made.ref_codes[row, : blocks[0][0]] = NO_BASE
    made.ref_codes[row, blocks[-1][1] :] = NO_BASE


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
