"""Split reads and discordant pairs grouped by the junction that they show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from resistpanel.call.call_constants import (
    JUNCTION_FRAGMENTS,
    JUNCTION_JOIN,
    LONGEST_PROPER,
    MIN_CLIPPED,
    MOST_JUNCTIONS,
    PAIRED_FRAGMENTS,
    SHORTEST_JUNCTION,
    SHORTEST_OUTWARD,
    USUAL_TEMPLATE,
)
from resistpanel.call.io.signals import CLIP, LEFT, PAIR, RIGHT, SPLIT

#: Fields of a signal that say which two sides of which contigs are joined.
SIDES = ("tid", "side", "tid2", "side2")


@dataclass
class Cluster:
    """Reads of all samples that may show one junction.

    Attributes
    ----------
    tid, pos, side, tid2, pos2, side2 : int
        The two breakends, the first not after the second; as `signals` has them.
    split : bool
        Whether split reads show it, so that the positions are known within a few bases. Otherwise
        the breakends are beyond them, in the direction in which the reads point.
    fragments : set of (sample, name)
    """

    tid: int
    pos: int
    side: int
    tid2: int
    pos2: int
    side2: int
    split: bool
    fragments: set[tuple[int, int]] = field(default_factory=set)

    def spans(self, longest: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the positions that the breakends may have, 0-based half-open.

        Parameters
        ----------
        longest : int
            Of `longest_template`.
        """
        # The end of a mate is that of a read without clips: it may be too far.
        reach = 2 * JUNCTION_JOIN if self.split else longest
        return (self.pos - reach, self.pos + reach), (self.pos2 - reach, self.pos2 + reach)


def longest_template(lengths: np.ndarray) -> int:
    """Return the template length that proper pairs rarely exceed, from their numbers by length."""
    total = lengths.sum()
    if not total:
        return USUAL_TEMPLATE
    return int(np.searchsorted(np.cumsum(lengths), LONGEST_PROPER * total))


def once(signals: np.ndarray) -> np.ndarray:
    """Return the signals, each once, the lesser breakend first; sorted."""
    swap = (
        (signals["tid2"] < signals["tid"])
        | ((signals["tid2"] == signals["tid"]) & (signals["pos2"] < signals["pos"]))
        | (
            (signals["tid2"] == signals["tid"])
            & (signals["pos2"] == signals["pos"])
            & (signals["side2"] < signals["side"])
        )
    )
    out = signals.copy()
    for a, b in (("tid", "tid2"), ("pos", "pos2"), ("side", "side2")):
        out[a] = np.where(swap, signals[b], signals[a])
        out[b] = np.where(swap, signals[a], signals[b])
    # As np.unique, which compares records field by field, many times as slowly.
    out = out[np.lexsort([out[name] for name in out.dtype.names[::-1]])]
    new = np.zeros(len(out), dtype=bool)
    new[:1] = True
    for name in out.dtype.names:
        new[1:] |= out[name][1:] != out[name][:-1]
    return out[new]


def recurrent(signals: np.ndarray) -> np.ndarray:
    """Return the signals without those clips that are alone at their place."""
    clips = np.flatnonzero(signals["kind"] == CLIP)
    key = 2 * signals["pos"][clips].astype(np.int64) + signals["side"][clips]
    _, place, number = np.unique(key, return_inverse=True, return_counts=True)
    kept = np.ones(len(signals), dtype=bool)
    kept[clips] = number[place.reshape(-1)] >= MIN_CLIPPED
    return signals[kept]


def informative(signals: np.ndarray, longest: int, read: int) -> np.ndarray:
    """Return the signals that no usual fragment shows.

    Parameters
    ----------
    signals : of `once`
    longest : int
        Of `longest_template`.
    read : int
        Length of a read.
    """
    same = signals["tid"] == signals["tid2"]
    apart = signals["pos2"].astype(np.int64) - signals["pos"]
    inward = (signals["side"] == LEFT) & (signals["side2"] == RIGHT)
    pair = signals["kind"] == PAIR
    least = np.where(
        pair, np.where(inward, max(longest - 2 * read, 0), SHORTEST_OUTWARD), SHORTEST_JUNCTION
    )
    return signals[~same | (apart > least)]


def groups(signals: np.ndarray, gap: int, least: int) -> list[np.ndarray]:
    """Return rows of `least` signals or more whose breakends are near each other on both sides."""
    if not len(signals):
        return []
    contigs = int(signals["tid2"].max()) + 1
    tid, side, tid2, side2 = (signals[name].astype(np.int64) for name in SIDES)
    group = ((2 * tid + side) * contigs + tid2) * 2 + side2
    rows = np.arange(len(signals))
    for field_ in ("pos", "pos2", "pos"):
        order = np.lexsort([signals[field_][rows], group])
        rows, group = rows[order], group[order]
        place = signals[field_][rows].astype(np.int64)
        new = (np.diff(group) != 0) | (np.diff(place) > gap)
        group = np.concatenate([[0], np.cumsum(new)])
        enough = np.bincount(group)[group] >= least
        rows, group = rows[enough], group[enough]
        if not len(rows):
            return []
    return np.split(rows, np.flatnonzero(np.diff(group)) + 1)


def _names(signals: np.ndarray, samples: np.ndarray, rows: np.ndarray) -> set:
    return set(zip(samples[rows].tolist(), signals["name"][rows].tolist(), strict=True))


def clusters(
    all_signals: Sequence[np.ndarray],
    lengths: Sequence[np.ndarray],
    read: int,
    amplicons: Sequence[bool] = (),
) -> tuple[list[Cluster], int]:
    """Return the junctions that reads of all samples may show, and how many were left out.

    Parameters
    ----------
    all_signals : per sample, (signals,)
        Of `Reader`; those that two chunks both hold count once.
    lengths : per sample
        Proper pairs by template length.
    read : int
        Length of a read.
    amplicons : per sample
        Whether the library is of amplicons; empty: none is. Their pairs show no junction: the
        primers of two neighbouring amplicons make a product longer than those of one.
    """
    amplicons = amplicons or [False] * len(all_signals)
    shown = [
        s[(s["kind"] != CLIP) & ((s["kind"] != PAIR) | (not amplicon))]
        for s, amplicon in zip(all_signals, amplicons, strict=True)
    ]
    kept = [
        informative(once(s), longest_template(n), read) for s, n in zip(shown, lengths, strict=True)
    ]
    samples = np.repeat(np.arange(len(kept)), [len(s) for s in kept])
    clips = np.concatenate([s[s["kind"] == CLIP] for s in all_signals])
    signals = np.concatenate(kept)
    longest = max(longest_template(n) for n in lengths)
    found: list[Cluster] = []
    used = np.zeros(len(signals), dtype=bool)
    splits = np.flatnonzero(signals["kind"] == SPLIT)
    pairs = np.flatnonzero(signals["kind"] == PAIR)
    for some in groups(signals[splits], JUNCTION_JOIN, JUNCTION_FRAGMENTS):
        rows = splits[some]
        places = np.stack([signals["pos"][rows], signals["pos2"][rows]], axis=1)
        values, number = np.unique(places, axis=0, return_counts=True)
        pos, pos2 = values[np.argmax(number)].tolist()
        sides = [int(signals[name][rows[0]]) for name in SIDES]
        found.append(Cluster(sides[0], pos, sides[1], sides[2], pos2, sides[3], True))
        with_it = pairs[_spanning(signals[pairs], found[-1], longest)]
        used[with_it] = True
        found[-1].fragments = _names(signals, samples, np.concatenate([rows, with_it]))
    loose = pairs[~used[pairs]]
    for some in groups(signals[loose], longest, MIN_CLIPPED):
        rows = loose[some]
        one = Cluster(*_nearest(signals[rows]), False, _names(signals, samples, rows))
        if len(one.fragments) >= PAIRED_FRAGMENTS or _clipped(one, clips, longest):
            found.append(one)
    found = [
        c for c in found if len(c.fragments) >= (JUNCTION_FRAGMENTS if c.split else MIN_CLIPPED)
    ]
    found.sort(key=lambda c: (-len(c.fragments), c.tid, c.pos, c.tid2, c.pos2, c.side, c.side2))
    return found[:MOST_JUNCTIONS], max(len(found) - MOST_JUNCTIONS, 0)


def _spanning(pairs: np.ndarray, one: Cluster, longest: int) -> np.ndarray:
    """Return which pairs span a junction of split reads, bool."""
    near = np.ones(len(pairs), dtype=bool)
    for name in SIDES:
        near &= pairs[name] == getattr(one, name)
    for pos, side in (("pos", one.side), ("pos2", one.side2)):
        ahead = getattr(one, pos) - pairs[pos].astype(np.int64)
        ahead = ahead if side == LEFT else -ahead
        near &= (ahead >= -JUNCTION_JOIN * 2) & (ahead <= longest)
    return near


def _clipped(one: Cluster, clips: np.ndarray, longest: int) -> bool:
    """Return whether reads are clipped at one place where a breakend of the cluster may be."""
    ends = ((one.tid, one.side), (one.tid2, one.side2))
    for (tid, side), (start, end) in zip(ends, one.spans(longest), strict=True):
        inside = (clips["tid"] == tid) & (clips["side"] == side)
        inside &= (clips["pos"] >= start) & (clips["pos"] < end)
        _, number = np.unique(clips["pos"][inside], return_counts=True)
        if number.max(initial=0) >= JUNCTION_FRAGMENTS:
            return True
    return False


def _nearest(pairs: np.ndarray) -> tuple[int, int, int, int, int, int]:
    """Return the breakends beyond the pairs' reads: the farthest position that they reach."""
    places = []
    for tid, pos, side in (("tid", "pos", "side"), ("tid2", "pos2", "side2")):
        left = pairs[side][0] == LEFT
        place = int(pairs[pos].max() if left else pairs[pos].min())
        places += [int(pairs[tid][0]), place, int(pairs[side][0])]
    return tuple(places)
