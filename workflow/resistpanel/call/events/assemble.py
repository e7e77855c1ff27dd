"""Junctions at base precision: clipped reads assembled and placed at the other breakend."""

from collections.abc import Callable, Sequence

import numpy as np

from resistpanel.call.call_constants import (
    JUNCTION_CLIP,
    JUNCTION_OVERRUN,
    JUNCTION_REACH,
    JUNCTION_SEED,
    MIN_CLIPPED,
    MOST_HOMOLOGY,
)
from resistpanel.call.candidates.clips import consensus
from resistpanel.call.io.reader import Reads
from resistpanel.core.junction import LEFT, Breakend, Junction, reverse_complement
from resistpanel.core.reference import Reference, decode


def clips_at(
    all_reads: Sequence[Reads], side: int, start: int, end: int, min_qual: int
) -> dict[int, list[tuple[np.ndarray, np.ndarray]]]:
    """Return the bases of clipped reads by the position at which they are clipped.

    Parameters
    ----------
    all_reads : per sample
    side : int
        Of the breakend: `LEFT` for clips on the right.
    start, end : int
        Positions that count, 0-based half-open.
    min_qual : int
        Bases below it are unknown.

    Returns
    -------
    dict of int to list of (clipped, aligned), uint8 arrays
        The clipped bases, read away from the aligned ones (of a clip on the left, on the other
        strand), and the last aligned ones on that strand, read backwards.
    """
    found: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    clip, edge = ("rclip", "end") if side == LEFT else ("lclip", "pos")
    for reads in all_reads:
        table = reads.table
        inside = (table[edge] >= start) & (table[edge] < end) & (table[clip] >= JUNCTION_CLIP)
        # Thousands of reads of an amplicon: columns of Python numbers are faster than rows.
        rows = np.flatnonzero(inside)
        columns = (table[name][rows].tolist() for name in ("seq", "length", clip, edge))
        for first, length, clipped, at in zip(*columns, strict=True):
            span = slice(first, first + length)
            bases = reads.bases[span].copy()
            bases[reads.quals[span] < min_qual] = 4
            if side != LEFT:
                bases = reverse_complement(bases)
            aligned = length - clipped
            before = bases[max(aligned - JUNCTION_OVERRUN, 0) : aligned][::-1]
            found.setdefault(at, []).append((bases[aligned:], before))
    return found


def beyond(reference: Reference, end: Breakend, before: int, after: int) -> np.ndarray:
    """Return the bases of a breakend as they follow the junction.

    Read from `before` bases outside of the breakend to `after` inside of it.
    """
    if end.side == LEFT:
        codes = reference.codes(end.contig, end.pos - after, end.pos + before)
        return reverse_complement(codes)
    return reference.codes(end.contig, end.pos - before, end.pos + after)


def place(clip: np.ndarray, window: np.ndarray) -> tuple[int, int] | None:
    """Place the far part of a clip on the sequence of the other breakend.

    Returns
    -------
    (inserted, at) or None
        Bases of the clip before the part that is placed, and where in the window it begins.
    """
    text, word = window.tobytes(), clip.tobytes()
    for j in range(len(clip) - JUNCTION_SEED + 1):
        seed = word[j : j + JUNCTION_SEED]
        at = text.find(seed)
        if at < 0 or 4 in seed or text.find(seed, at + 1) >= 0:
            continue
        n = min(len(clip) - j, len(window) - at)
        if (clip[j : j + n] != window[at : at + n]).sum() > 1 + n // 12:
            continue
        while j > 0 and at > 0 and clip[j - 1] == window[at - 1]:
            j, at = j - 1, at - 1
        return j, at
    return None


def joined(
    here: Breakend, there: Breakend, clip: np.ndarray, reach: int, reference: Reference
) -> tuple[Breakend, Breakend, np.ndarray, int] | None:
    """Return the exact breakends that a clip at `here` shows, with inserted bases and homology.

    Parameters
    ----------
    here : Breakend
        Where the reads are clipped.
    there : Breakend
        Where the other side is, within `reach` bases.
    clip : uint8
        Bases that follow, as `clips_at` has them.

    Returns
    -------
    (here, there, inserted, homology) or None
        With homology, `here` is as far inside as may be: it can be moved outwards by that many
        bases.
    """
    window = beyond(reference, there, reach, reach + len(clip))
    placed = place(clip, window)
    if placed is None:
        return None
    inserted, at = placed
    there = there.moved(reach - at)
    if inserted:
        return here, there, clip[:inserted], 0
    # The bases before the junction, read backwards, against those outside of the other breakend.
    most = MOST_HOMOLOGY
    inside = beyond(reference, here, 0, most)  # read away from the junction, the other strand
    outside = beyond(reference, there, most, 0)
    inside = np.where(inside < 4, 3 - inside, 5)
    back = _alike(inside, outside[::-1])
    # The bases outside of this breakend, against those that follow.
    ahead = reverse_complement(beyond(reference, here, most, 0))
    on = _alike(ahead, beyond(reference, there, 0, most))
    here, there = here.moved(-back), there.moved(back)
    return here, there, clip[:0], back + on


def _alike(a: np.ndarray, b: np.ndarray) -> int:
    differ = (a != b) | (a > 3)
    return int(np.argmax(differ)) if differ.any() else len(a)


def normalised(
    first: Breakend, second: Breakend, inserted: np.ndarray, homology: int, reference: Reference
) -> Junction:
    """Return the junction, its first breakend as far left as homology allows.

    `first` is as far inside as may be, and `inserted` is read from it to `second`.
    """
    if first.contig == second.contig and second.pos < first.pos:
        first, second, inserted = _turned(first, second, inserted, homology)
    if first.side != LEFT:
        # Inside is to the right: move outwards, that is left.
        first, second = first.moved(homology), second.moved(-homology)
        inserted = reverse_complement(inserted)
    return Junction.of(first, second, reference, decode(inserted), homology)


def _turned(
    first: Breakend, second: Breakend, inserted: np.ndarray, homology: int
) -> tuple[Breakend, Breakend, np.ndarray]:
    """Return a junction read from its other end, the first breakend again as far inside."""
    return second.moved(-homology), first.moved(homology), reverse_complement(inserted)


def assemble(
    first: Breakend,
    second: Breakend,
    spans: tuple[tuple[int, int], tuple[int, int]],
    reads_of: Callable[[str, int, int], list[Reads]],
    reference: Reference,
    min_qual: int,
) -> Junction | None:
    """Return the junction of two breakends at base precision, None where no clip shows it.

    Parameters
    ----------
    first, second : Breakend
        Where it is, about.
    spans : ((start, end), (start, end))
        Positions that the breakends may have, 0-based half-open.
    reads_of : callable
        Reads of all samples near a span.
    reference : Reference
    min_qual : int
    """
    best: tuple[int, Junction] | None = None
    for turned, here, there in ((False, first, second), (True, second, first)):
        mine, other = spans[::-1] if turned else spans
        clips = clips_at(reads_of(here.contig, *mine), here.side, *mine, min_qual)
        middle = Breakend(there.contig, (other[0] + other[1]) // 2, there.side)
        reach = (other[1] - other[0]) // 2 + JUNCTION_REACH
        for point, pieces in sorted(clips.items(), key=lambda item: (-len(item[1]), item[0]))[:8]:
            if len(pieces) < MIN_CLIPPED or (best and len(pieces) <= best[0]):
                break
            exact = _tried(
                Breakend(here.contig, point, here.side), middle, pieces, reach, reference
            )
            if exact is None:
                continue
            a, b, inserted, homology = exact
            if turned:
                a, b, inserted = _turned(a, b, inserted, homology)
            best = len(pieces), normalised(a, b, inserted, homology, reference)
            break
    return best[1] if best else None


def _tried(
    here: Breakend,
    there: Breakend,
    pieces: list[tuple[np.ndarray, np.ndarray]],
    reach: int,
    reference: Reference,
) -> tuple[Breakend, Breakend, np.ndarray, int] | None:
    """Return what `joined` finds for the reads that are clipped at `here`.

    Aligners may go on beyond a junction for a few bases with a mismatch among them: the clip is
    tried from that mismatch on, too.
    """
    word = consensus([clip for clip, _ in pieces])
    if len(word) < JUNCTION_SEED:
        return None
    exact = joined(here, there, word, reach, reference)
    before = consensus([aligned for _, aligned in pieces])
    inside = beyond(reference, here, 0, len(before))
    inside = np.where(inside < 4, 3 - inside, 4)
    wrong = np.flatnonzero(before != inside[: len(before)])
    if len(wrong):
        more = int(wrong[-1]) + 1
        longer = np.concatenate([before[:more][::-1], word])
        other = joined(here.moved(-more), there, longer, reach, reference)
        if other is not None and (exact is None or len(other[2]) <= len(exact[2])):
            return other
    return exact
