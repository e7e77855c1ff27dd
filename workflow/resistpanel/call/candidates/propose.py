"""Alleles that the reads of a chunk propose, before any model weighs them."""

import numpy as np

from resistpanel.call.call_constants import (
    GAP_FLANKS,
    GAP_READS_SAMPLED,
    GATE,
    INDEL_FLANK,
    MIN_BEST,
    MIN_FRAGMENTS,
    MISREAD_FOLD,
    POLYMORPHISM_FRACTION,
    SHORT_CLIP_REACH,
)
from resistpanel.call.candidates.clips import clipped
from resistpanel.call.candidates.ranking import best_supported, beyond_noise
from resistpanel.call.io.regions import Chunk
from resistpanel.call.kernels import words
from resistpanel.core.allele import Allele, haplotype, left_align_to
from resistpanel.core.reference import Reference, decode
from resistpanel.core.special import pdtrc


def _unlikely(count: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return where noise of the `expected` (positions,) would rarely reach `count`."""
    # Most alleles are shown by no or one fragment, which is asked for elsewhere.
    position, base = np.nonzero(count >= MIN_BEST)
    few = np.ones(count.shape, dtype=bool)
    few[position, base] = (
        pdtrc(count[position, base] - 1, np.maximum(expected[position], 1e-9)) < GATE
    )
    return few


def substitutions(
    counts: list[np.ndarray], depth: list[np.ndarray], rate: list[float], reference: np.ndarray
) -> np.ndarray:
    """Return which substitutions are worth modelling.

    Parameters
    ----------
    counts : per sample, (positions, 4)
        Fragments per mismatching base.
    depth : per sample, (positions,)
    rate : per sample
        Mismatches per base of the chunk.
    reference : uint8, (positions,)

    Returns
    -------
    bool, (positions, 4)
    """
    pooled = sum(counts)
    chosen = np.zeros(pooled.shape, dtype=bool)
    for count, n, e in zip(counts, depth, rate, strict=True):
        chosen |= (count >= MIN_FRAGMENTS) & _unlikely(count, n * e / 3)
    total = sum(n * e / 3 for n, e in zip(depth, rate, strict=True))
    best = np.max(np.stack(counts), axis=0)
    chosen |= (pooled >= MIN_FRAGMENTS + 1) & (best >= MIN_BEST) & _unlikely(pooled, total)
    chosen[reference > 3] = False
    return chosen


def aligned_indels(
    all_reads,
    all_indels: list[np.ndarray],
    chunk: Chunk,
    counts: np.ndarray,
    depth: np.ndarray,
    reference: Reference,
    breakpoints: np.ndarray,
) -> tuple[dict[Allele, int], int]:
    """Return the alleles that reads with an insertion or deletion in their alignment carry.

    An allele is what such reads show between `INDEL_FLANK` bases on either side (`GAP_FLANKS`), so
    that substitutions beside an indel are part of it (a complex event) if they come with it, and
    are left out if they are common without it (a polymorphism). With each, how many fragments show
    it, about; second, the places left out.

    Parameters
    ----------
    breakpoints : sorted positions
        Where reads are clipped: beside these, fewer fragments with the gap are looked at.
    counts : (positions, 4)
        Fragments per mismatching base, all samples together.
    depth : (positions,)
        Fragments, all samples together.
    """
    where: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for sample, events in enumerate(all_indels):
        key = events["pos"].astype(np.int64) << 20 | (events["length"].astype(np.int64) + 500_000)
        values, first, number = np.unique(key, return_index=True, return_counts=True)
        order = np.argsort(key, kind="stable")
        begins = np.searchsorted(key[order], values)
        for at, begin, n in zip(first, begins, number, strict=True):
            event = (int(events["pos"][at]), int(events["length"][at]))
            rows = events["read"][order[begin : begin + n]]
            # Both mates may show it, and a read may be there twice.
            _, once = np.unique(all_reads[sample].table["frag"][rows], return_index=True)
            where.setdefault(event, []).extend((sample, int(r)) for r in rows[np.sort(once)])
    few = _few_enough(where, chunk, depth)
    support = {
        event: len(rows)
        for event, rows in where.items()
        if len(rows) >= MIN_FRAGMENTS
        or (len(rows) >= MIN_BEST and (event in few or _beside(event[0], breakpoints)))
    }
    looked_at, crowded = best_supported(beyond_noise(support, chunk, depth), all_reads)
    found: dict[Allele, int] = {}
    for pos, length in looked_at:
        carriers = where[pos, length]
        # Some supporting reads show the allele; all are counted when they are realigned.
        step = max(1, len(carriers) // GAP_READS_SAMPLED)
        # An end of the span may be within another gap of all of them.
        for flank in GAP_FLANKS:
            start, stop = pos - flank, pos + max(0, -length) + flank
            ref = reference.codes(chunk.contig, start, stop)
            if (ref > 3).any():
                continue
            # More fragments than the carriers, or errors, explain: a polymorphism, no part of it.
            index = chunk.index(np.arange(start, stop))
            least = np.maximum(1.5 * len(carriers) + 3, POLYMORPHISM_FRACTION * depth[index])
            common = (index >= 0)[:, None] & (counts[index] > least[:, None])
            if shown := _shown(carriers[::step], all_reads, start, ref, common):
                break
        else:
            continue
        most, total = max(shown.values()), sum(shown.values())
        for word, n in shown.items():
            # Two are enough where the others do not show different ones, as errors would.
            least = MIN_BEST if 2 * n > total else MIN_FRAGMENTS
            if n * step < least or n < 0.2 * most:
                continue
            alt = np.frombuffer(word, dtype=np.uint8)
            if (alt > 3).any():
                continue
            allele = left_align_to(Allele(chunk.contig, start, decode(ref), decode(alt)), reference)
            if not allele.substitution:
                found[allele] = found.get(allele, 0) + n * step
    return found, crowded


def _shown(
    carriers: list[tuple[int, int]],
    all_reads,
    start: int,
    ref: np.ndarray,
    common: np.ndarray,
) -> dict[bytes, int]:
    """Return what reads, (sample, row), show from a position on, each with their number."""
    shown: dict[bytes, int] = {}
    for sample in sorted({sample for sample, _ in carriers}):
        rows = np.array([row for of, row in carriers if of == sample])
        for word in words(all_reads[sample], rows, start, ref, common.view(np.uint8)):
            if word is not None:
                shown[word] = shown.get(word, 0) + 1
    return shown


def _few_enough(where: dict, chunk: Chunk, depth: np.ndarray) -> set:
    """Return the gaps of fewer than `MIN_FRAGMENTS` fragments that errors would rarely make.

    Of the fragments with an indel, those that end near it are aligned without a gap: two with it
    may be half of all. The errors' rate is that of the gaps of few fragments in the chunk.

    Parameters
    ----------
    where : dict of (position, length) to the fragments' reads
    chunk : Chunk
    depth : (positions,)
        Fragments, all samples together.
    """
    number = np.array([len(rows) for rows in where.values()], dtype=int)
    rate = number[number < MIN_FRAGMENTS].sum() / max(depth.sum(), 1)
    at = chunk.nearest(np.array([pos for pos, _ in where], dtype=np.int64))
    unlikely = pdtrc(number - 1, np.maximum(rate * depth[at], 1e-9)) < GATE
    return {event for event, one in zip(where, (number >= MIN_BEST) & unlikely, strict=True) if one}


def _beside(pos: int, breakpoints: np.ndarray) -> bool:
    """Return whether a breakpoint is near a position."""
    low, high = np.searchsorted(breakpoints, [pos - SHORT_CLIP_REACH, pos + SHORT_CLIP_REACH])
    return bool(high > low)


def indels(
    all_reads,
    all_indels: list[np.ndarray],
    chunk: Chunk,
    counts: np.ndarray,
    depth: np.ndarray,
    reference: Reference,
    min_qual: int,
) -> tuple[list[Allele], int]:
    """Return the left-aligned indel and complex alleles worth realigning the reads to.

    Second, how many places of gaps and clips were left out.

    Parameters
    ----------
    all_reads : list of Reads
        One per sample.
    all_indels : list of INDEL_DTYPE arrays
        CIGAR operations per sample.
    chunk : Chunk
    counts : (positions, 4)
        Fragments per mismatching base, all samples together.
    depth : (positions,)
        Fragments, all samples together.
    min_qual : int
        Clipped bases below it are unknown.
    """
    cut, breakpoints, more = clipped(all_reads, chunk, depth, reference, min_qual)
    shown, crowded = aligned_indels(
        all_reads, all_indels, chunk, counts, depth, reference, breakpoints
    )
    for allele, fragments in cut.items():
        shown[allele] = shown.get(allele, 0) + fragments
    # Realignment counts the fragments that end near it, too, before `MIN_FRAGMENTS` are asked for.
    shown = {a: n for a, n in shown.items() if n >= MIN_BEST and not a.substitution}
    return sorted(shown.keys() - misread(shown, reference)), crowded + more


def misread(shown: dict[Allele, int], reference: Reference) -> set[Allele]:
    """Return alleles that sequencing errors make of a far better supported one.

    Beside an insertion that thousands of fragments carry, the same insertion with one base changed
    is shown by dozens. The aligner may place it elsewhere: haplotypes are compared. A substitution
    near an indel stays a candidate by itself.

    Parameters
    ----------
    shown : dict
        Fragments that show each allele, about.
    reference : Reference

    Returns
    -------
    set of Allele
    """
    by_shift: dict[tuple[str, int], list[Allele]] = {}
    for allele in sorted(shown):
        by_shift.setdefault((allele.contig, allele.shift), []).append(allele)
    found = set()
    for (_, shift), alleles in by_shift.items():
        reach = abs(shift) + INDEL_FLANK
        for allele in alleles:
            for other in alleles:
                fold = shown[other] / shown[allele]
                if fold < MISREAD_FOLD or abs(other.pos - allele.pos) > reach + len(other.ref):
                    continue
                start, end = min(allele.pos, other.pos), max(allele.end, other.end)
                a, b = (haplotype(x, reference, start, end) for x in (allele, other))
                # Two errors in a fragment are as rare again.
                if MISREAD_FOLD ** int((a != b).sum()) <= fold:
                    found.add(allele)
                    break
    return found
