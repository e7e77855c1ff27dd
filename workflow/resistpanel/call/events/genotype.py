"""How many fragments show a junction, and how many its absence."""

from dataclasses import dataclass

import numpy as np

from resistpanel.call.call_constants import (
    BARE_SIDE,
    JUNCTION_ANCHOR,
    JUNCTION_FLANK,
    JUNCTION_ODDS,
    LEAST_MISMATCHES,
    MAX_MISMATCHES,
    SAMPLING_QUALITY,
)
from resistpanel.call.errors.error_model import GOOD
from resistpanel.call.events.assemble import beyond
from resistpanel.call.events.copies import distinct, five_prime
from resistpanel.call.io.evidence import ROW, Support, strand_class
from resistpanel.call.io.pileup import CLASSES, QUALITY_GROUPS
from resistpanel.call.io.reader import Reads
from resistpanel.call.kernels import score_reads
from resistpanel.core.junction import LEFT, Breakend, Junction, reverse_complement
from resistpanel.core.reference import Reference, encode

MARGIN = np.log(JUNCTION_ODDS)


@dataclass(frozen=True)
class Side:
    """One breakend: the reference and the junction around it, as reads there are aligned.

    Attributes
    ----------
    end : Breakend
    flank : int
        Bases on either side of `end.pos` in both sequences.
    reference, junction : uint8, (2 * flank,)
    """

    end: Breakend
    flank: int
    reference: np.ndarray
    junction: np.ndarray

    @classmethod
    def of(cls, junction: Junction, second: bool, flank: int, reference: Reference) -> "Side":
        """Return a side of a junction."""
        here, there = junction.first, junction.second
        inserted = encode(junction.inserted) if junction.inserted else np.empty(0, np.uint8)
        if second:
            if here.side == there.side:
                inserted = reverse_complement(inserted)
            here, there = there, here
        plain = reference.codes(here.contig, here.pos - flank, here.pos + flank)
        # `inserted` is on the forward strand of `here`; `beyond` reads away from it.
        tail = beyond(reference, there, 0, flank)
        if here.side == LEFT:
            changed = np.concatenate([plain[:flank], inserted, tail])[: 2 * flank]
        else:
            changed = np.concatenate([reverse_complement(tail), inserted, plain[flank:]])
            changed = changed[len(changed) - 2 * flank :]
        return cls(here, flank, plain, changed)

    def crossed(self, first: np.ndarray, length: np.ndarray | int) -> np.ndarray:
        """Return which reads have bases enough on the side that goes on, bool.

        Parameters
        ----------
        first : int64, (reads,)
            Index of each read's first base.
        length : of the reads
        """
        if self.end.side == LEFT:
            return (first <= self.flank - JUNCTION_ANCHOR) & (first + length > self.flank)
        return (first < self.flank) & (first + length >= self.flank + JUNCTION_ANCHOR)

    @property
    def span(self) -> tuple[int, int]:
        """Positions around the breakend; reads aligned there are compared, 0-based half-open."""
        return self.end.pos - JUNCTION_FLANK, self.end.pos + JUNCTION_FLANK


@dataclass
class Counts:
    """Reads at one breakend that show the junction, and those that show the reference.

    Attributes
    ----------
    rows : int64, (k,)
        Rows of the reads with the junction.
    names, absent : uint64
        Hashed names of the fragments with the junction, and without it.
    misses : int64, (k,)
        Mismatches to the junction.
    """

    rows: np.ndarray
    names: np.ndarray
    absent: np.ndarray
    misses: np.ndarray


def compared(
    seq: np.ndarray,
    length: np.ndarray,
    spans: tuple[np.ndarray, np.ndarray],
    bases: np.ndarray,
    quals: np.ndarray,
    side: Side,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log odds of junction against reference, and the mismatches to each, (reads,).

    Parameters
    ----------
    seq, length : (reads,)
        Where each read's first base stands in `bases`, and how many it has.
    spans : of (reads,)
        Index in the sequences of each read's first base, by its left end as aligned, and of the end
        of its last, by its right end. Of the two placements the better counts.
    bases, quals : uint8
    """
    n = len(side.reference)
    zero = np.zeros(2, np.int32)
    score, _, misses = score_reads(
        np.ascontiguousarray(seq, np.int64),
        np.ascontiguousarray(length, np.int32),
        *(np.ascontiguousarray(span, np.int64) for span in spans),
        bases,
        quals,
        np.concatenate([side.reference, side.junction]),
        np.array([0, n], np.int32),
        np.array([n, n], np.int32),
        zero,
        0,
    )
    return score[:, 1] - score[:, 0], misses[:, 1], misses[:, 0]


def count(reads: Reads, side: Side) -> Counts:
    """Compare the reads around a breakend with the junction and with the reference."""
    none = np.empty(0, np.int64)
    start, end = side.span
    table = reads.table
    rows = np.flatnonzero((table["pos"] < end) & (table["end"] > start))
    if not len(rows):
        return Counts(none, none.astype(np.uint64), none.astype(np.uint64), none)
    some = table[rows]
    origin = side.end.pos - side.flank
    left = some["pos"].astype(np.int64) - some["lclip"] - origin
    right = some["end"].astype(np.int64) + some["rclip"] - origin
    length = some["length"]
    odds, misses, plain = compared(
        some["seq"], length, (left, right), reads.bases, reads.quals, side
    )
    crossed = side.crossed(left, length) | side.crossed(right - length, length)
    least = np.maximum(LEAST_MISMATCHES, MAX_MISMATCHES * some["length"])
    with_it = crossed & (odds >= MARGIN) & (misses <= least)
    without = crossed & (odds <= -MARGIN) & (plain <= least)
    names = reads.names[rows]
    return Counts(
        rows[with_it], names[with_it], np.unique(names[without]), misses[with_it].astype(np.int64)
    )


def starts(sides: tuple[Side, Side], length: int, inserted: int) -> tuple[int, tuple[int, int]]:
    """Return from how many start positions an error-free read shows the junction, or its absence.

    A read with few bases of one arm is aligned at the other breakend: the positions of the junction
    are those of either side, counted once.

    Parameters
    ----------
    sides : of the junction
    length : int
        Of a read.
    inserted : int
        Bases between the breakends.

    Returns
    -------
    junction : int
    reference : (int, int)
        At either breakend.
    """
    shown: set[int] = set()
    absent = []
    for second, side in enumerate(sides):
        first = np.arange(side.flank - length + 1, side.flank)
        first = first[(first >= 0) & side.crossed(first, length)]
        index = first[:, None] + np.arange(length)[None, :]
        index = np.minimum(index, len(side.reference) - 1)
        seq, lengths = np.arange(len(first)) * length, np.full(len(first), length)
        spans = first, first + length
        quals = np.full(index.size, SAMPLING_QUALITY, dtype=np.uint8)
        with_it, without = (
            compared(seq, lengths, spans, of[index].ravel(), quals, side)[0]
            for of in (side.junction, side.reference)
        )
        absent.append(int((without <= -MARGIN).sum()))
        arm = side.flank - first if side.end.side == LEFT else first + length - side.flank
        arm = arm[with_it >= MARGIN]
        # As bases of the first arm.
        shown.update((length - inserted - arm if second else arm).tolist())
    return len(shown), (absent[0], absent[1])


def support(
    reads: tuple[Reads, Reads], sides: tuple[Side, Side], junction: Junction, length: int
) -> Support:
    """Return one sample's evidence for a junction.

    The reference is read at two breakends and the junction at one place, each from a number of
    start positions at which a read shows it. Reads of the reference are scaled to those of the
    junction; of a tandem duplication, both breakends are in the reference's order on the copies
    with the junction, too.

    Parameters
    ----------
    reads : Reads around the first and the second breakend
    sides : of the junction
    junction : Junction
    length : int
        Of a read.
    """
    found = [count(r, side) for r, side in zip(reads, sides, strict=True)]
    names = np.concatenate([c.names for c in found])
    _, once = np.unique(names, return_index=True)
    carrying = names[once]
    tandem = junction.type == "DUP"
    with_it, without = starts(sides, length, len(junction.inserted))
    depths = []
    for c, some in zip(found, without, strict=True):
        # A fragment of a short duplication may hold its junction and one of its breakends.
        absent = c.absent if tandem else np.setdiff1d(c.absent, carrying)
        depths.append(len(absent) * with_it / max(some, 1))
    most = max(depths)
    used = [n for n in depths if n >= BARE_SIDE * most]
    absent = sum(used) / len(used)
    if tandem:
        absent = max(absent - len(carrying), 0.0)
    table = np.concatenate([r.table[c.rows] for r, c in zip(reads, found, strict=True)])[once]
    rows = np.zeros(len(carrying), dtype=ROW)
    rows["frag"] = np.arange(len(carrying))
    rows["group"] = GOOD + 1
    rows["cls"] = strand_class(table["flag"])
    rows["mapq"] = table["mapq"]
    rows["dist"] = 1000
    rows["mismatches"] = np.concatenate([c.misses for c in found])[once]
    depth = np.zeros((CLASSES, QUALITY_GROUPS))
    shown = np.bincount(rows["cls"], minlength=CLASSES)
    flags = np.concatenate([r.table["flag"] for r in reads])
    usual = np.bincount(strand_class(flags), minlength=CLASSES) if len(flags) else np.ones(CLASSES)
    depth[:, GOOD + 1] = shown + absent * usual / max(usual.sum(), 1)
    low = max(_low(r, side) for r, side in zip(reads, sides, strict=True))
    mapq = np.concatenate([r.table["mapq"] for r in reads])
    mean = float(mapq.mean()) if len(mapq) else 60.0
    return Support(rows, depth, low, mean, places=_places(reads, carrying))


def _places(reads: tuple[Reads, Reads], names: np.ndarray) -> int:
    """Return how many of some fragments begin or end at different bases."""
    chosen = [np.isin(r.names, names) for r in reads]
    place = [five_prime(r.table[c]) for r, c in zip(reads, chosen, strict=True)]
    whose = [r.names[c] for r, c in zip(reads, chosen, strict=True)]
    return distinct(np.concatenate(whose), np.concatenate(place))


def paired_support(junction: Junction, reads: tuple[Reads, Reads], names: set[int]) -> Support:
    """Return one sample's evidence for a junction that no read crosses.

    Pairs that span a breakend in the reference, and those with `names`, which span the junction.
    Those of the junction of which a read crosses it are missing: the frequency is too low.
    """
    found = []
    for end, r in zip((junction.first, junction.second), reads, strict=True):
        table = r.table
        forward = (table["flag"] & 16) == 0
        before = r.names[forward & (table["pos"] < end.pos)]
        behind = r.names[~forward & (table["end"] > end.pos)]
        found.append(len(np.setdiff1d(np.intersect1d(before, behind), list(names))))
    used = [n for n in found if n >= BARE_SIDE * max(found)]
    absent = sum(used) / len(used)
    tables = [r.table[np.isin(r.names, list(names))] for r in reads]
    whose = [r.names[np.isin(r.names, list(names))] for r in reads]
    _, once = np.unique(np.concatenate(whose), return_index=True)
    table = np.concatenate(tables)[once]
    rows = np.zeros(len(table), dtype=ROW)
    rows["frag"], rows["group"], rows["dist"] = np.arange(len(table)), GOOD + 1, 1000
    rows["cls"], rows["mapq"] = strand_class(table["flag"]), table["mapq"]
    depth = np.zeros((CLASSES, QUALITY_GROUPS))
    depth[:, GOOD + 1] = np.bincount(rows["cls"], minlength=CLASSES) + absent / CLASSES
    mapq = np.concatenate([r.table["mapq"] for r in reads])
    mean = float(mapq.mean()) if len(mapq) else 60.0
    return Support(rows, depth, 0, mean, places=_places(reads, np.array(list(names))))


def _low(reads: Reads, side: Side) -> int:
    """Return the reads over a breakend that were left out for their mapping quality."""
    start, end = side.end.pos - 1, side.end.pos + 1
    return int(((reads.low_mapq[:, 0] < end) & (reads.low_mapq[:, 1] > start)).sum())
