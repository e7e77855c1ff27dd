"""The reads of a chunk, piled up, and what an allele's evidence is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from resistpanel.call.call_constants import (
    MIN_BASE_QUALITY,
    TEMPLATES_SAMPLED,
    VARIANT_FRACTION,
)
from resistpanel.call.errors.error_model import ErrorCounts, contexts, homopolymers
from resistpanel.call.io.pileup import pileup
from resistpanel.call.io.reader import Reads
from resistpanel.call.io.regions import Chunk
from resistpanel.call.kernels import bases_at
from resistpanel.core.allele import Allele
from resistpanel.core.distinct import distinct
from resistpanel.core.reference import Reference

ROW = np.dtype(
    [
        ("frag", np.int32),
        ("base", np.uint8),
        ("group", np.uint8),
        ("cls", np.uint8),
        ("dist", np.int16),
        ("outer", np.int16),
        ("cycle", np.int16),
        ("mapq", np.int16),
        ("mismatches", np.int16),
        ("score", np.float32),
    ]
)


@dataclass
class Support:
    """One sample's evidence for one allele.

    Attributes
    ----------
    rows : ROW array, (k,)
        The fragments that carry the allele; `dist` are the bases to the nearer end of the read,
        `outer` to that of the fragment.
    depth : float64, (CLASSES, QUALITY_GROUPS)
        All informative fragments, by class; of an indel all in one quality group.
    low_mapq : int
        Reads over the position that were left out for their mapping quality.
    mapq : float
        Mean mapping quality of the reads over the position.
    near_end : float
        Fraction of the reads over the position that have it near an end of their alignment
        (`near`).
    places : int
        Of the fragments that carry it, how many begin or end at different bases; 0 where copies
        are not known by their ends, see `events.copies`.
    """

    rows: np.ndarray
    depth: np.ndarray
    low_mapq: int = 0
    mapq: float = 60.0
    near_end: float = 0.0
    places: int = 0

    @property
    def distinct(self) -> int:
        """Fragments with the allele, copies of a molecule once where they can be known."""
        return min(self.alt, self.places) if self.places else self.alt

    @property
    def alt(self) -> int:
        """Fragments with the allele."""
        return len(self.rows)

    @cached_property
    def by_class(self) -> np.ndarray:
        """Informative fragments, (CLASSES,)."""
        return self.depth.sum(1)

    @cached_property
    def total(self) -> int:
        """Informative fragments."""
        return round(float(self.by_class.sum()))


def near(read_length: float) -> int:
    """Return how many bases from an end of a read are near it."""
    return min(6, max(2, int(read_length * 0.08)))


def clipped_span(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the reference span of reads with their soft clips, and which are reverse.

    The span is int64, 0-based half-open.
    """
    pos = rows["pos"].astype(np.int64) - rows["lclip"]
    end = rows["end"].astype(np.int64) + rows["rclip"]
    return pos, end, (rows["flag"] & 16) != 0


@dataclass
class Candidate:
    """An allele with the evidence of every sample.

    Attributes
    ----------
    allele : Allele
    support : list of Support, per sample
    context : int
        Trinucleotide context of a substitution, -1 if unknown.
    sites : list of str
        Identifiers of the forced site.
    forced : bool
    phase : list of (other allele, cis, trans), see `phase`
    amplicons : list of (sample, (start, end, fragments with it, fragments))
        Amplicons over it, see `events.dropout`; empty where fewer than two are.
    misread : (samples,) or None
        Rate at which fragments of another allele of the locus are read as this one.
    """

    allele: Allele
    support: list[Support]
    context: int = -1
    sites: list[str] = field(default_factory=list)
    forced: bool = False
    phase: list[tuple[Allele, int, int]] = field(default_factory=list)
    amplicons: list[tuple[int, tuple[int, int, int, int]]] = field(default_factory=list)
    misread: np.ndarray | None = None


class Templates(NamedTuple):
    """How long a sample's reads and templates are.

    Attributes
    ----------
    length : int
        Of a read, the median.
    apart : int, (n,)
        Bases from the first base of a read to that of its mate, distinct and sorted; 0 without a
        mate.
    share : float64, (n,)
        Of the fragments that have it.
    """

    length: int
    apart: np.ndarray
    share: np.ndarray


@dataclass
class Pile:
    """A chunk of one sample."""

    reads: Reads
    depth: np.ndarray
    cycles: np.ndarray
    deleted: np.ndarray
    events: np.ndarray
    indels: np.ndarray
    # 4 times the position in the chunk, plus the base, of each mismatch.
    key: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    total: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    counts: np.ndarray = field(default_factory=lambda: np.empty((0, 4), int))
    min_qual: int = 0

    @cached_property
    def spans(self) -> tuple[np.ndarray, np.ndarray, int]:
        """Starts and ends of the reads as arrays of their own, and the longest span."""
        table = self.reads.table
        start, end = table["pos"].astype(np.int64), table["end"].astype(np.int64)
        return start, end, int((end - start).max(initial=0))

    @cached_property
    def with_clips(self) -> tuple[np.ndarray, np.ndarray]:
        """Starts and ends of the reads with their soft clips, as arrays of their own."""
        table = self.reads.table
        return table["pos"] - table["lclip"], table["end"] + table["rclip"]

    @cached_property
    def outer(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the fragments with their soft clips, 0-based half-open, (fragments,).

        The end of which the read is not here is far away.
        """
        begins, stops = self.with_clips
        flag = self.reads.table["flag"]
        reverse, single = (flag & 16) != 0, (flag & 1) == 0
        far = np.iinfo(np.int32).max
        low = np.full(self.reads.n_fragments, -far, dtype=np.int64)
        high = np.full(self.reads.n_fragments, 2 * far, dtype=np.int64)
        low[self.frags[~reverse | single]] = begins[~reverse | single]
        high[self.frags[reverse | single]] = stops[reverse | single]
        return low, high

    @cached_property
    def mapq(self) -> np.ndarray:
        """Mapping qualities of the reads, as an array of its own."""
        return np.ascontiguousarray(self.reads.table["mapq"])

    @cached_property
    def longest(self) -> int:
        """Bases of the longest read, 0 without reads."""
        return int(self.reads.table["length"].max(initial=0))

    @cached_property
    def templates(self) -> Templates:
        """How long the reads and their templates are.

        Where no fragment has both its mates here, they are taken to lie apart.
        """
        table = self.reads.table
        if not len(table):
            return Templates(0, np.zeros(0, dtype=int), np.zeros(0))
        length = int(np.median(table["length"]))
        # A power of two: masking is faster than dividing.
        bits = (self.reads.n_fragments // TEMPLATES_SAMPLED).bit_length()
        some = np.flatnonzero(self.frags & ((1 << bits) - 1) == 0)
        frags = self.frags[some] >> bits
        number = (self.reads.n_fragments >> bits) + 1
        low, high = np.full(number, np.iinfo(np.int64).max), np.zeros(number, dtype=np.int64)
        np.minimum.at(low, frags, table["pos"][some].astype(np.int64) - table["lclip"][some])
        np.maximum.at(high, frags, table["end"][some].astype(np.int64) + table["rclip"][some])
        both = np.bincount(frags, minlength=number) == 2
        apart = np.maximum((high - low)[both] - length, 0)
        if not len(apart):
            single = (table["flag"] & 1 == 0).all()
            apart = np.array([0 if single else 2 * length])
        values, times = np.unique(apart, return_counts=True)
        return Templates(length, values, times / times.sum())

    @cached_property
    def frags(self) -> np.ndarray:
        """Fragment of each read, as an array of its own."""
        return np.ascontiguousarray(self.reads.table["frag"])

    def over(self, start: int, end: int) -> np.ndarray:
        """Return the rows of the reads that are aligned over all of [start, end).

        Reads are sorted by start: those that can reach a position are one stretch.
        """
        starts, ends, longest = self.spans
        first = np.searchsorted(starts, end - longest)
        last = np.searchsorted(starts, start, side="right")
        return first + np.flatnonzero(ends[first:last] >= end)

    def touching(self, start: int, end: int) -> np.ndarray:
        """Return the rows of the reads that touch [start, end), with their soft clips."""
        starts, _, longest = self.spans
        first = np.searchsorted(starts, start - longest - self.longest)
        last = np.searchsorted(starts, end + self.longest)
        begins, stops = self.with_clips
        touches = (begins[first:last] < end) & (stops[first:last] > start)
        return first + np.flatnonzero(touches)

    def recount(self, chunk: Chunk) -> None:
        """Index the mismatches and count them per position and base; drop those outside."""
        index = chunk.index(self.events["pos"])
        if (index < 0).any():
            self.events = self.events[index >= 0]
            index = index[index >= 0]
        self.key = 4 * index + self.events["base"]
        self.counts = count(self.key, len(self.depth))


def count(key: np.ndarray, positions: int) -> np.ndarray:
    """Return how many mismatches there are by position and base, int64, (positions, 4)."""
    return np.bincount(key, minlength=4 * positions).reshape(-1, 4)


def pile(reads: Reads, chunk: Chunk, codes: np.ndarray, min_qual: int = MIN_BASE_QUALITY) -> Pile:
    """Pile a chunk's reads up."""
    result = Pile(reads, *pileup(reads, chunk.starts, chunk.ends, codes, min_qual))
    result.min_qual = min_qual
    result.total = result.depth.sum((1, 2))
    result.recount(chunk)
    return result


def strand_class(flag: np.ndarray) -> np.ndarray:
    """Return the class of the observation of one read, by its SAM flag: see `pileup.CLASSES`."""
    reverse = (flag & 16) != 0
    f2r1 = np.where((flag & 1) != 0, ((flag & 64) != 0) == reverse, reverse)
    return reverse.astype(int) + 3 * f2r1.astype(int)


def mask(p: Pile, frags: np.ndarray) -> np.ndarray:
    """Return which of all fragments of the chunk are among `frags`, bool, (fragments,)."""
    among = np.zeros(p.reads.n_fragments, dtype=bool)
    among[frags] = True
    return among


def others(p: Pile, pos: int, base: int) -> np.ndarray:
    """Return which fragments show another base than `base` at a 0-based position, (fragments,).

    A base below the least quality or under the fragment's primer shows nothing, and neither do
    mates that disagree.
    """
    rows = p.over(pos, pos + 1)
    table = p.reads.table
    rows = rows[(table["low"][rows] <= pos) & (table["high"][rows] > pos)]
    shown = bases_at(p.reads, rows, pos, p.min_qual)
    other = mask(p, p.frags[rows[(shown < 4) & (shown != base)]])
    return other & ~mask(p, p.frags[rows[shown == base]])


def to_ends(p: Pile, frags: np.ndarray, start, end) -> np.ndarray:
    """Return the bases between [start, end) and the nearer end of each fragment, at most 32,000."""
    low, high = p.outer
    return np.clip(np.minimum(start - low[frags], high[frags] - end), 0, 32000)


def near_ends(candidate: Candidate, samples: Sequence[int], reach: int) -> float:
    """Return the fraction of a candidate's fragments that have it within `reach` of an end."""
    outer = np.concatenate([candidate.support[s].rows["outer"] for s in samples])
    return float((outer < reach).mean()) if len(outer) else 0.0


def variants(piles: list[Pile]) -> np.ndarray:
    """Return which alleles are too common in a sample to be errors, bool, (positions, 4)."""
    common = np.zeros(piles[0].counts.shape, dtype=bool)
    for p in piles:
        common |= p.counts >= np.maximum(4, VARIANT_FRACTION * p.total)[:, None]
    return common


def count_errors(
    error_counts: list[ErrorCounts],
    piles: list[Pile],
    chunk: Chunk,
    codes: np.ndarray,
    context: np.ndarray,
    suspect: np.ndarray,
    asked: list[Allele],
) -> None:
    """Add a chunk to the samples' error counts.

    Parameters
    ----------
    suspect : bool, (positions, 4)
        Alleles that may be variants.
    asked : list of Allele
        Forced substitutions: they do not contribute to the error rates.
    """
    starts, runs = homopolymers(codes)
    for t, p in zip(error_counts, piles, strict=True):
        counts = []
        for length in (-1, 1):
            shown = p.indels[p.indels["length"] == length]
            # Once per fragment, though both mates may show it.
            frag = p.reads.table["frag"][shown["read"]]
            at = chunk.index(distinct(shown["pos"].astype(np.int64) << 32 | frag) >> 32)
            counts.append(np.bincount(at[at >= 0], minlength=len(codes)))
        t.add_stutter(starts, runs, p.total, *counts)
    variant = variants(piles)
    for allele in asked:
        at = int(chunk.index(np.array([allele.pos]))[0])
        for k, (ref, base) in enumerate(zip(allele.ref, allele.alt, strict=True)):
            if ref != base:
                variant[at + k, "ACGT".index(base)] = True
    for t, p in zip(error_counts, piles, strict=True):
        groups = p.events["group"]
        t.add(context, p.key >> 2, p.depth, p.cycles, p.events, groups, variant, suspect)


def context_of(chunk: Chunk, reference: Reference) -> np.ndarray:
    """Return the trinucleotide context of every position of a chunk."""
    return np.concatenate(
        [
            contexts(reference.codes(chunk.contig, int(a) - 1, int(b) + 1))
            for a, b in zip(chunk.starts, chunk.ends, strict=True)
        ]
    )
