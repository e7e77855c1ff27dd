"""From how many start positions a fragment is informative of the haplotype it comes from."""

from dataclasses import dataclass, field

import numpy as np

from resistpanel.call.call_constants import (
    GAP_BASE,
    GAP_OPEN,
    LEAST_SCORE,
    SAMPLING_QUALITY,
)
from resistpanel.call.io.evidence import Templates
from resistpanel.call.kernels import score_reads
from resistpanel.core.allele import concatenated


def _aligned(word: np.ndarray, reference: np.ndarray, shift: int, length: int) -> np.ndarray:
    """Return which reads of a haplotype an aligner brings to the reference.

    Parameters
    ----------
    word, reference : base codes of the haplotype and of the reference, from the same position
    shift : int
        Bases that the haplotype gains.
    length : int
        Of a read.

    Returns
    -------
    bool, (starts,)
        By the read's first base on the haplotype.
    """
    n = min(len(word), len(reference))
    same = word[:n] == reference[:n]
    left = int(np.argmin(same)) if not same.all() else n  # bases alike from the left
    same = word[::-1][:n] == reference[::-1][:n]
    right = int(np.argmin(same)) if not same.all() else n
    start = np.arange(len(word) - length + 1)
    before = np.clip(left - start, 0, length)
    after = np.clip(start + length - (len(word) - right), 0, length)
    gapped = np.minimum(before + after, length - max(shift, 0))
    gapped = gapped - (GAP_OPEN + GAP_BASE * abs(shift) if shift else 0)
    return np.maximum(np.maximum(before, after), gapped) >= LEAST_SCORE


@dataclass
class Informative:
    """Informative start positions on each haplotype of a locus.

    Attributes
    ----------
    own : list of bool, (starts,)
        By the first base of a read on its haplotype: the read differs from all others.
    apart : list of bool, (starts, haplotypes)
        The read differs from each of them.
    """

    own: list[np.ndarray]
    apart: list[np.ndarray]
    known: dict[tuple[int, bytes], float] = field(default_factory=dict)

    def of(self, holds: np.ndarray) -> list[np.ndarray]:
        """Return, per haplotype, from where a read of it is of an allele or is not.

        Parameters
        ----------
        holds : bool, (haplotypes,)
            Which of them hold the allele.
        """
        if holds.sum() == 1:
            h = int(np.argmax(holds))
            return [self.own[k] if k == h else apart[:, h] for k, apart in enumerate(self.apart)]
        return [
            apart[:, ~holds if mine else holds].all(axis=1)
            for apart, mine in zip(self.apart, holds, strict=True)
        ]

    def number(self, starts: np.ndarray, templates: Templates) -> float:
        """Return `informative_starts`, computed once for the same arguments."""
        key = id(templates), starts.tobytes()
        if key not in self.known:
            self.known[key] = informative_starts(starts, templates)
        return self.known[key]


def informative(
    haps: list[np.ndarray], shifts: list[int], length: int, margin: float
) -> Informative:
    """Return the start positions from which a read is informative of its haplotype.

    A read without an error is laid on all haplotypes as `realign` lays them.

    Parameters
    ----------
    haps : base codes, all from one position of the reference on to another; the reference first
    shifts : bases that each gains over the reference
    length : int
        Of a read.
    margin : float
        Log-likelihood by which it must fit its haplotype better than another.
    """
    joined, starts, lengths = concatenated(haps)
    quals = np.full(len(joined), SAMPLING_QUALITY, dtype=np.uint8)
    gains = np.array(shifts, dtype=np.int32)
    result = Informative([], [])
    for h, (hap, shift) in enumerate(zip(haps, shifts, strict=True)):
        number = len(hap) - length + 1
        if number <= 0:
            result.own.append(np.zeros(0, dtype=bool))
            result.apart.append(np.zeros((0, len(haps)), dtype=bool))
            continue
        start = np.arange(number, dtype=np.int64)
        scores, _, _ = score_reads(
            starts[h] + start,
            np.full(number, length, dtype=np.int32),
            start,
            start + length - shift,
            joined,
            quals,
            joined,
            starts,
            lengths,
            gains,
            0,
        )
        own = scores[:, h].copy()
        scores[:, h] = -np.inf
        apart = own[:, None] - scores >= margin
        if h:
            apart &= _aligned(hap, haps[0], shift, length)[:, None]
        result.own.append(apart.all(axis=1))
        result.apart.append(apart)
    return result


def informative_starts(starts: np.ndarray, templates: Templates) -> float:
    """Return the number of informative start positions of a fragment, by either of its reads.

    Parameters
    ----------
    starts : bool, (starts,)
        By the first base of a read.
    templates : Templates
    """
    at = np.flatnonzero(starts)
    if not len(at):
        return 0.0
    used = starts[at[0] : at[-1] + 1].astype(float)
    # Start positions from which both are informative, by how far apart they are.
    both = np.correlate(used, used, "full")[len(used) - 1 :]
    near = np.searchsorted(templates.apart, len(used))
    return 2 * len(at) - float(both[templates.apart[:near]] @ templates.share[:near])
