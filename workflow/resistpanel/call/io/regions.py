"""Targets cut into chunks that all samples are read through together."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

#: Target bases per chunk: bounds the memory, while the cost per chunk stays small beside reading.
CHUNK_BASES = 4000


@dataclass(frozen=True)
class Chunk:
    """A run of target intervals on one contig.

    Attributes
    ----------
    contig : str
    starts, ends : int64, (intervals,)
        Sorted, disjoint; 0-based half-open.
    next_start : int
        Start of the next chunk on this contig, -1 if there is none.
    previous_end : int
        End of the chunk before on this contig, -1 if there is none.
    """

    contig: str
    starts: np.ndarray
    ends: np.ndarray
    next_start: int
    previous_end: int = -1

    @property
    def beg(self) -> int:
        """First position."""
        return int(self.starts[0])

    @property
    def end(self) -> int:
        """End of the last interval."""
        return int(self.ends[-1])

    def index(self, pos: np.ndarray) -> np.ndarray:
        """Return where each 0-based position is in the concatenated intervals, -1 outside."""
        pos = np.asarray(pos, dtype=np.int64)
        k = np.searchsorted(self.starts, pos, side="right") - 1
        kk = np.maximum(k, 0)
        offsets = np.concatenate([[0], np.cumsum(self.ends - self.starts)[:-1]])
        inside = (k >= 0) & (pos < self.ends[kk])
        return np.where(inside, offsets[kk] + pos - self.starts[kk], -1)

    def nearest(self, pos: np.ndarray) -> np.ndarray:
        """Return the index, in the concatenated intervals, of the position nearest to each."""
        where = self.positions()
        k = np.clip(np.searchsorted(where, pos), 1, max(len(where) - 1, 1))
        before = np.minimum(k - 1, len(where) - 1)
        k = np.minimum(k, len(where) - 1)
        return np.where(np.abs(pos - where[before]) <= np.abs(where[k] - pos), before, k)

    def owns(self, start: int, end: int) -> bool:
        """Return whether an event on [start, end), perhaps empty, is to be weighed here.

        It touches an interval, and none of an earlier chunk: an event that several chunks see is
        weighed once.
        """
        touches = ((self.starts <= end) & (self.ends > start)).any()
        return bool(touches) and start >= self.previous_end

    def positions(self) -> np.ndarray:
        """Return all positions of the chunk, ascending."""
        return np.concatenate(
            [np.arange(a, b) for a, b in zip(self.starts, self.ends, strict=True)]
        )


def padded(targets: list[tuple[str, int, int]], padding: int) -> list[tuple[str, int, int]]:
    """Return targets (contig, start, end), 0-based half-open, with bases added on either side."""
    return [(contig, max(0, start - padding), end + padding) for contig, start, end in targets]


def merge(
    regions: list[tuple[str, int, int]], contigs: dict[str, int]
) -> list[tuple[str, int, int]]:
    """Sort by the order of `contigs` (name to length), clip to them, join what overlaps."""
    order = {name: i for i, name in enumerate(contigs)}
    merged: list[tuple[str, int, int]] = []
    for contig, start, end in sorted(regions, key=lambda r: (order[r[0]], r[1], r[2])):
        end = min(end, contigs[contig])
        if merged and merged[-1][0] == contig and start <= merged[-1][2]:
            merged[-1] = (contig, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((contig, start, end))
    return merged


def touching(
    spans: list[tuple[str, int, int]], regions: list[tuple[str, int, int]]
) -> list[tuple[str, int, int]]:
    """Return the spans that overlap one of the merged regions."""
    by_contig: dict[str, list[tuple[int, int]]] = {}
    for contig, start, end in regions:
        by_contig.setdefault(contig, []).append((start, end))
    found = []
    for contig, start, end in spans:
        mine = by_contig.get(contig, [])
        # The last region that starts before the span's end is the only one that can reach it.
        k = bisect.bisect_left(mine, (end, 0)) - 1
        if k >= 0 and mine[k][1] > start:
            found.append((contig, start, end))
    return found


def _cut(
    start: int, end: int, bases: int, whole: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield pieces of [start, end) of at most `bases`, ending earlier than in a span of `whole`."""
    while start < end:
        stop = min(start + bases, end)
        while stop < end and (over := [a for a, b in whole if start < a < stop < b]):
            stop = min(over)
        yield start, stop
        start = stop


def chunks(
    regions: list[tuple[str, int, int]],
    bases: int = CHUNK_BASES,
    span: int = 2_000_000,
    whole: list[tuple[str, int, int]] = (),
) -> list[Chunk]:
    """Cut merged regions into chunks of at most `bases` target bases and `span` of genome.

    Spans of `whole` are not cut, unless they are as long as a chunk.
    """
    kept: dict[str, list[tuple[int, int]]] = {}
    for contig, a, b in whole:
        kept.setdefault(contig, []).append((a, b))
    pieces = [
        (contig, a, b)
        for contig, start, end in regions
        for a, b in _cut(start, end, bases, kept.get(contig, []))
    ]
    groups: list[list[tuple[str, int, int]]] = []
    held = 0
    for piece in pieces:
        contig, start, end = piece
        if (
            groups
            and groups[-1][0][0] == contig
            and held + end - start <= bases
            and end - groups[-1][0][1] <= span
        ):
            groups[-1].append(piece)
            held += end - start
        else:
            groups.append([piece])
            held = end - start
    result = []
    for i, group in enumerate(groups):
        following = groups[i + 1] if i + 1 < len(groups) else None
        same = following is not None and following[0][0] == group[0][0]
        before = groups[i - 1] if i and groups[i - 1][0][0] == group[0][0] else None
        result.append(
            Chunk(
                group[0][0],
                np.array([g[1] for g in group], dtype=np.int64),
                np.array([g[2] for g in group], dtype=np.int64),
                following[0][1] if same and following else -1,
                before[-1][2] if before else -1,
            )
        )
    return result
