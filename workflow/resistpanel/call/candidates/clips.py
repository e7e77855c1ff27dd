"""Insertions, deletions and duplications that soft-clipped reads show."""

import numpy as np

from resistpanel.call.call_constants import (
    CLIP_MAJORITY,
    CLIP_REACH,
    CLIP_SEED,
    FEW_PIECES,
    LEAST_OVERLAP,
    MIN_CLIP,
    MIN_CLIPPED,
    SHORT_CLIP,
    SHORT_CLIP_REACH,
    SHORT_CLIP_SEED,
)
from resistpanel.call.candidates.ranking import best_supported, beyond_noise
from resistpanel.call.io.regions import Chunk
from resistpanel.core.allele import Allele, left_align_to
from resistpanel.core.distinct import among
from resistpanel.core.reference import Reference, decode


def consensus(pieces: list[np.ndarray]) -> np.ndarray:
    """Return the majority base per column of left-justified pieces, while two agree.

    Of few pieces, one alone will do where the others are shorter.
    """
    columns = 5 * np.arange(max(map(len, pieces)))
    cells = np.concatenate([columns[: len(piece)] for piece in pieces]) + np.concatenate(pieces)
    votes = np.bincount(cells, minlength=5 * len(columns)).reshape(-1, 5)[:, :4]
    top = votes.max(axis=1)
    least = 1 if len(pieces) <= FEW_PIECES else 2
    good = (top >= least) & (top >= CLIP_MAJORITY * votes.sum(axis=1))
    stop = len(good) if good.all() else int(np.argmin(good))
    return votes.argmax(axis=1)[:stop].astype(np.uint8)


def _clips(table: np.ndarray, side: str) -> np.ndarray:
    """Return the reads that are clipped on a side, within what is evidence."""
    rows = np.flatnonzero(table[side] >= SHORT_CLIP)
    cut = table[rows]
    return rows[cut["end"] < cut["high"] if side == "rclip" else cut["pos"] > cut["low"]]


def _groups(
    all_reads, side: str, chunk: Chunk, depth: np.ndarray, min_qual: int
) -> tuple[dict[int, tuple[list[np.ndarray], int]], int]:
    """Return breakpoint -> (clipped pieces, read away from it; fragments), and those left out.

    Bases below `min_qual` are unknown.
    """
    groups: dict[int, tuple[list[np.ndarray], set]] = {}
    end = "end" if side == "rclip" else "pos"
    rows_of = [_clips(reads.table, side) for reads in all_reads]
    points_of = [r.table[end][rows] for r, rows in zip(all_reads, rows_of, strict=True)]
    clips = [r.table[side][rows] for r, rows in zip(all_reads, rows_of, strict=True)]
    values, inverse, number = np.unique(
        np.concatenate(points_of), return_inverse=True, return_counts=True
    )
    longest = np.zeros(len(values), dtype=int)
    np.maximum.at(longest, inverse.reshape(-1), np.concatenate(clips))
    shared = values[(number >= MIN_CLIPPED) & (longest >= MIN_CLIP)]
    for sample, (reads, rows, points) in enumerate(zip(all_reads, rows_of, points_of, strict=True)):
        # Most clips stand alone; only those that share a breakpoint are looked at one by one.
        for i in rows[among(points, shared)]:
            row = reads.table[i]
            if side == "rclip":
                point = int(row["end"])
                stop = row["seq"] + row["length"]
                span, step = slice(stop - row["rclip"], stop), 1
            else:
                point = int(row["pos"])
                span, step = slice(row["seq"], row["seq"] + row["lclip"]), -1
            piece = np.where(reads.quals[span] >= min_qual, reads.bases[span], 4)[::step]
            pieces, fragments = groups.setdefault(point, ([], set()))
            pieces.append(piece)
            fragments.add((sample, int(row["frag"])))
    support = {
        point: len(fragments)
        for point, (_, fragments) in groups.items()
        if len(fragments) >= MIN_CLIPPED
    }
    looked_at, crowded = best_supported(beyond_noise(support, chunk, depth), all_reads)
    return {point: (groups[point][0], support[point]) for point in looked_at}, crowded


def _find(text: bytes, word: bytes) -> int:
    """Return where `word` stands in `text` if it does so once, else -1."""
    at = text.find(word)
    return at if at >= 0 and text.find(word, at + 1) < 0 else -1


def _resolve(clip: np.ndarray, window: np.ndarray) -> tuple[int, np.ndarray] | None:
    """Place the far part of a clip on the reference.

    Parameters
    ----------
    clip : uint8
        Bases that follow the breakpoint.
    window : uint8
        Reference around it.

    Returns
    -------
    (q, inserted) or None
        The clip is `inserted` followed by the reference from `q` of the window on.
    """
    middle = len(window) // 2
    near = window[middle - SHORT_CLIP_REACH : middle + SHORT_CLIP_REACH]
    # In a long clip some eight bases stand nearby by chance: they must follow the breakpoint.
    for text, seed, origin, most in (
        (window.tobytes(), CLIP_SEED, 0, len(clip)),
        (near.tobytes(), SHORT_CLIP_SEED, middle - SHORT_CLIP_REACH, SHORT_CLIP_SEED),
    ):
        for j in range(0, min(len(clip) - seed, most) + 1):
            q = _find(text, clip[j : j + seed].tobytes())
            if q < 0:
                continue
            q += origin
            rest = clip[j:]
            n = min(len(rest), len(window) - q)
            if (rest[:n] != window[q : q + n]).sum() > 1 + n // 12:
                continue
            # A seed that begins inside the match shows an insertion too long: walk back.
            while j > 0 and q > 0 and clip[j - 1] == window[q - 1]:
                j, q = j - 1, q - 1
            return q, clip[:j]
    return None


def clipped(
    all_reads, chunk: Chunk, depth: np.ndarray, reference: Reference, min_qual: int
) -> tuple[dict[Allele, int], np.ndarray, int]:
    """Return the insertions, deletions and duplications that soft clips show.

    A right clip ends in reference from elsewhere nearby: from further on (deletion), from
    before (tandem duplication), or from where it was cut (an insertion that the clip spans).
    Where a right and a left clip face each other and neither is resolved, their overlap is the
    inserted sequence.

    Returns
    -------
    found : dict of Allele to fragments
        Left-aligned.
    breakpoints : sorted positions
    left_out : int
        Breakpoints that were not looked at.
    """
    contig = chunk.contig
    found: dict[Allele, int] = {}

    def note(pos: int, end: int, alt: np.ndarray, fragments: int) -> None:
        """Count a replacement of [pos, end), or an insertion with [end, pos) once more."""
        copied = reference.codes(contig, min(pos, end), max(pos, end))
        ref = decode(copied) if pos < end else ""
        word = decode(alt) + (decode(copied) if pos > end else "")
        if (ref or word) and "N" not in ref + word:
            allele = left_align_to(Allele(contig, pos, ref, word), reference)
            found[allele] = found.get(allele, 0) + fragments

    groups, unplaced, left_out = {}, {}, 0
    for side in ("rclip", "lclip"):
        groups[side], crowded = _groups(all_reads, side, chunk, depth, min_qual)
        unplaced[side] = {}
        left_out += crowded
        for point, (pieces, fragments) in sorted(groups[side].items()):
            clip = consensus(pieces)
            if len(clip) < MIN_CLIP:
                continue
            start = point - CLIP_REACH
            window = reference.codes(contig, start, point + CLIP_REACH)
            # On the left all is mirrored: reversed, not complemented, sequence on both sides.
            mirrored = side == "lclip"
            placed = _resolve(clip, window[::-1].copy() if mirrored else window)
            if placed is None:
                unplaced[side][point] = clip
                continue
            q, inserted = placed
            if mirrored:
                note(start + 2 * CLIP_REACH - q, point, inserted[::-1], fragments)
            else:
                note(point, start + q, inserted, fragments)
    pairs = []
    for a, ahead in unplaced["rclip"].items():
        for b, behind in unplaced["lclip"].items():
            if not -100 <= b - a <= 100:
                continue
            merged = between(ahead, behind[::-1], a, b, contig, reference)
            if merged is not None:
                pairs.append((groups["rclip"][a][1] + groups["lclip"][b][1], a, b, merged))
    # A few reads of an event may be clipped elsewhere, for an error beside it: a breakpoint goes
    # with the best supported one that it faces alone.
    begun, ended = set(), set()
    for fragments, a, b, merged in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:3])):
        if a not in begun and b not in ended:
            begun.add(a)
            ended.add(b)
            note(a, b, merged, fragments)
    breakpoints = sorted({*groups["rclip"], *groups["lclip"]})
    return found, np.array(breakpoints, dtype=np.int64), left_out


def between(
    ahead: np.ndarray, back: np.ndarray, a: int, b: int, contig: str, reference: Reference
) -> np.ndarray | None:
    """Return the inserted sequence that two facing clips begin and end.

    Either clip holds a part of it, or all of it and then runs on into the reference. Of all
    lengths at which that holds, the one is taken that most bases bear out: those that both clips
    show, and those of the reference.

    Parameters
    ----------
    ahead, back : uint8
        Clipped bases after breakpoint `a`, and before breakpoint `b`.
    """
    after = reference.codes(contig, b, b + len(ahead))
    before = reference.codes(contig, a - len(back), a)
    best, most = None, 0
    for n in range(1, len(ahead) + len(back) - LEAST_OVERLAP + 1):
        first, last = min(n, len(ahead)), min(n, len(back))  # bases that each shows of it
        both = first + last - n
        if both < 0:
            continue
        on, off = len(ahead) - first, len(back) - last
        told = both + on + off
        wrong = (ahead[n - last : first] != back[off : off + both]).sum()
        wrong += (ahead[first:] != after[:on]).sum()
        wrong += (back[:off] != before[len(before) - off :]).sum()
        if told >= LEAST_OVERLAP and wrong <= told // 12 and told - 3 * wrong > most:
            most = told - 3 * wrong
            best = np.concatenate([ahead[:first], back[off + both :]])
    return best
