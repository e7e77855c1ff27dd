"""Clusters of variants by cancer cell fraction (CCF) over all of a patient's samples.

The variants of a clone have the same CCF in every sample. Partitions of the variants have the
prior of a Chinese restaurant process, and are drawn by collapsed Gibbs sampling (Neal, J Comput
Graph Stat 2000;9:249, algorithm 3; Roth et al., Nature Methods 2014;11:396). The CCF of a cluster
is 1 in every sample (truncal), or in each sample by itself 0, 1 or uniform between. Fragments with
an allele are beta-binomial about the frequency

    f = c m a exp(t) (1 - e) + (1 - c m a exp(t)) e

with the frequency a of a mutation on one copy in all tumour cells, m mutated copies, the same in
every sample, and the error rate e. t is the error of log a: one for all variants of a sample, so
that a purity that is wrong moves all of them alike. The generator has a fixed seed: the same
counts give the same answer.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.compare.compare_constants import (
    ABSENT_PRIOR,
    ANCHORS,
    CCF_CELLS,
    CLONE_DRAWS,
    CLONE_SEED,
    CLONE_UPDATES,
    CONCENTRATION,
    FIXED_PRIOR,
    FREQUENCY_CELLS,
    MOST_SWEEPS,
    ONE_COPY,
    SCALE_MOVES,
    SHIFT_LIMIT,
    TRUNCAL_PRIOR,
)
from resistpanel.core.special import gammaln
from resistpanel.core.stats import log_beta_binomial

_EDGES = np.sin(np.linspace(0, np.pi / 2, CCF_CELLS + 1)) ** 2
#: CCF of every point: absent, the middles of cells equal in arcsin(sqrt(c)), all cells.
POINTS = np.concatenate([[0.0], np.sin(np.pi / 2 * (np.arange(CCF_CELLS) + 0.5) / CCF_CELLS) ** 2,
                         [1.0]])  # fmt: skip
_WEIGHTS = np.concatenate(
    [[ABSENT_PRIOR], (1 - ABSENT_PRIOR - FIXED_PRIOR) * np.diff(_EDGES), [FIXED_PRIOR]]
)
_FREQUENCIES = np.sin(np.pi / 2 * (np.arange(FREQUENCY_CELLS) + 0.5) / FREQUENCY_CELLS) ** 2


@dataclasses.dataclass(frozen=True)
class Counts:
    """Fragments of variants in samples, and what a clonal mutation would show.

    Parameters
    ----------
    alt, depth : int, (variants, samples)
        Fragments with the allele, and all informative ones; depth 0 where it is not known.
    one_copy : float, (variants, samples)
        Frequency of a mutation on one copy in all tumour cells.
    most : int, (variants, samples)
        Copies that may be mutated.
    scale_sd : float, (samples,)
        Standard deviation of the common error of log(one_copy).
    rho : float, (variants, samples)
        Overdispersion.
    error : float, (samples,)
        Rate of the allele by error, per fragment.
    """

    alt: np.ndarray
    depth: np.ndarray
    one_copy: np.ndarray
    most: np.ndarray
    scale_sd: np.ndarray
    rho: np.ndarray
    error: np.ndarray


@dataclasses.dataclass(frozen=True)
class Clusters:
    """What is known of the clusters.

    Parameters
    ----------
    members : tuple of tuple of int
        Variants of each cluster, by descending mean CCF.
    weights : float, (clusters, samples, points)
        Probability of each of `POINTS` for the variants of a cluster, over partitions.
    uniform : float, (clusters, samples, cells)
        The same under a uniform prior: of an allele that is neither absent nor in all cells.
    draws : float32, (samples, draws, clusters)
        CCF of the clusters of this partition.
    together : float, (variants, variants)
        Probability that two variants are of one cluster.
    """

    members: tuple[tuple[int, ...], ...]
    weights: np.ndarray
    uniform: np.ndarray
    draws: np.ndarray
    together: np.ndarray

    def absent(self) -> np.ndarray:
        """Return the probability that a cluster is in no cell, (clusters, samples)."""
        return self.weights[..., 0]

    def median(self) -> np.ndarray:
        """Return the median CCF, (clusters, samples)."""
        above = np.cumsum(self.weights, -1) >= 0.5
        return POINTS[np.argmax(above, -1)]

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Return an interval of the CCF, 0 and 1 included where they are not improbable."""
        tail = (1 - level) / 2
        low = np.where(self.weights[..., 0] >= tail, 0.0, self._quantile(tail))
        high = np.where(self.weights[..., -1] >= tail, 1.0, self._quantile(1 - tail))
        return np.minimum(low, self.median()), np.maximum(high, self.median())

    def upper(self, level: float = 0.95) -> np.ndarray:
        """Return the one-sided upper bound of the CCF, (clusters, samples)."""
        bound = np.where(self.weights[..., -1] >= 1 - level, 1.0, self._quantile(level))
        return np.maximum(bound, self.median())

    def _quantile(self, q: float) -> np.ndarray:
        cumulative = np.cumsum(self.uniform, -1)
        shape = self.uniform.shape[:-1]
        found = [np.interp(q, np.concatenate([[0.0], row]), _EDGES)
                 for row in cumulative.reshape(-1, CCF_CELLS)]  # fmt: skip
        return np.array(found).reshape(shape)


def clusters(counts: Counts, given: Sequence[Sequence[int]] | None = None) -> Clusters:
    """Return the clusters of variants.

    Parameters
    ----------
    counts : Counts
        At least one variant and one sample.
    given : sequence of sequence of int, optional
        The clusters, where they are known: variants of each.
    """
    rng = np.random.default_rng(CLONE_SEED)
    groups = None if given is None else [np.array(group) for group in given]
    # A clone in all tumour cells fixes the scale of every sample; single moves do not find it.
    starts = [_State(counts, rng, shift, groups) for shift in _shifts(counts)]
    for state in starts:
        for _ in range(2):
            state.sweep() if given is None else state.scales()
    state = max(starts, key=_State.log_joint)
    variants = len(counts.alt)
    sweeps = min(max(CLONE_UPDATES // variants, 10), MOST_SWEEPS)

    move = state.sweep if given is None else state.scales
    for _ in range(sweeps):
        move()
    points = np.zeros((variants, counts.alt.shape[1], len(POINTS)))
    uniform = np.zeros((variants, counts.alt.shape[1], CCF_CELLS))
    partitions = []
    for _ in range(3 * sweeps):
        move()
        posterior, plain = state.posteriors()
        points += posterior[state.of]
        uniform += plain[state.of]
        partitions.append(state.of.copy())
    drawn = np.array(partitions)
    together = np.mean(drawn[:, :, None] == drawn[:, None, :], axis=0)
    misfit = [((one[:, None] == one[None, :]) - together) ** 2 for one in drawn]
    # The partition nearest to all that were drawn (Dahl 2006, in Bayesian Inference for Gene
    # Expression and Proteomics, 201).
    best = drawn[int(np.argmin([one.sum() for one in misfit]))]
    groups = [np.flatnonzero(best == k) for k in np.unique(best)]
    weights = np.array([points[g].mean(0) for g in groups]) / (3 * sweeps)
    plain = np.array([uniform[g].mean(0) for g in groups]) / (3 * sweeps)
    mean = (weights @ POINTS).mean(1)
    order = sorted(range(len(groups)), key=lambda k: (-mean[k], groups[k][0]))
    state.assign([groups[k] for k in order])
    return Clusters(
        tuple(tuple(int(i) for i in groups[k]) for k in order),
        weights[order], plain[order], state.fractions(CLONE_DRAWS), together,
    )  # fmt: skip


def _shifts(counts: Counts) -> list[np.ndarray]:
    """Return errors of the scales from which to start, (samples,): none, or as a variant says.

    Those of the variants with the highest frequencies, if they are in all tumour cells.
    """
    shape = counts.alt.shape[1]
    seen = (counts.alt > 0).all(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(counts.alt[seen] / counts.depth[seen] / counts.one_copy[seen])
    most = SHIFT_LIMIT * counts.scale_sd
    order = np.argsort(-ratio.sum(1), kind="stable")[:ANCHORS]
    return [np.zeros(shape), *np.clip(ratio[order], -most, most)]


def _interpolated(grid: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Return log-likelihoods at frequencies, (rows, copies, points), of those on the grid."""
    place = np.arcsin(np.sqrt(frequency)) * (2 / np.pi * FREQUENCY_CELLS) - 0.5
    place = np.clip(place, 0, FREQUENCY_CELLS - 1.001)
    below = place.astype(int)
    row = np.arange(len(grid))[:, None, None]
    low = grid[row, below]
    return low + (place - below) * (grid[row, below + 1] - low)


class _State:
    """A partition, the mutated copies of each variant, and the error of each sample's scale.

    Parameters
    ----------
    counts : Counts
    rng : numpy.random.Generator
    shift : float, (samples,)
        Errors of log(one_copy) to start with.
    groups : sequence of ndarray, optional
        The partition to start with.
    """

    def __init__(
        self,
        counts: Counts,
        rng: np.random.Generator,
        shift: np.ndarray,
        groups: Sequence[np.ndarray] | None = None,
    ):
        self.counts, self.rng = counts, rng
        error = counts.error[:, None]
        frequency = _FREQUENCIES * (1 - error) + (1 - _FREQUENCIES) * error
        self.log_like = log_beta_binomial(
            frequency, counts.alt[..., None], counts.depth[..., None],
            np.maximum(counts.rho, 1e-9)[..., None],
        )  # fmt: skip
        self.log_like -= self.log_like.max(-1, keepdims=True)
        variants, samples = counts.alt.shape
        self.shift = shift.copy()
        self.prior = np.broadcast_to(_WEIGHTS, (1, samples, len(POINTS)))
        copies = np.max(counts.most, initial=1, axis=1)
        self.copies = np.arange(1, int(copies.max()) + 1)
        prior = np.where(
            self.copies == 1, ONE_COPY, (1 - ONE_COPY) / np.maximum(copies - 1, 1)[:, None]
        )
        prior[copies == 1, 0] = 1.0
        with np.errstate(divide="ignore"):
            self.log_copies = np.log(np.where(self.copies <= copies[:, None], prior, 0.0))
        self.mutated = np.zeros(variants, int)
        self.table = np.stack([self._table(s) for s in range(samples)], axis=2)
        self.of = np.zeros(variants, int)
        self.sums = np.zeros((0, samples, len(POINTS)))
        self.size = np.zeros(0, int)
        for i in range(variants):
            self._add(i)
        if groups is not None:
            self.assign(groups)

    def log_joint(self) -> float:
        """Return the log probability of the counts, partition, copies and scales."""
        known = self.counts.scale_sd > 0
        scales = -0.5 * ((self.shift[known] / self.counts.scale_sd[known]) ** 2).sum()
        copies = self.log_copies[np.arange(len(self.of)), self.mutated].sum()
        partition = (np.log(CONCENTRATION) + gammaln(self.size)).sum()
        return float(self._normalised(self.sums)[2].sum() + scales + copies + partition)

    def _table(self, sample: int) -> np.ndarray:
        """Return log-likelihoods of a sample, (variants, copies, points)."""
        counts = self.counts
        scale = counts.one_copy[:, sample] * np.exp(self.shift[sample])
        copies = np.minimum(self.copies, counts.most[:, sample, None])
        frequency = np.minimum(scale[:, None, None] * copies[..., None] * POINTS, 1.0)
        return _interpolated(self.log_like[:, sample], frequency)

    def _normalised(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the posterior of points, whether truncal, and the log marginal, of clusters."""
        top = sums.max(-1, keepdims=True)
        like = _WEIGHTS * np.exp(sums - top)
        total = like.sum(-1, keepdims=True)
        apart = np.log1p(-TRUNCAL_PRIOR) + (np.log(total) + top).sum((-2, -1))
        truncal = np.log(TRUNCAL_PRIOR) + sums[..., -1].sum(-1)
        both = np.logaddexp(apart, truncal)
        return like / total, np.exp(truncal - both), both

    def _refresh(self, k: int) -> None:
        self.points[k], self.truncal[k], _ = self._normalised(self.sums[k])

    def _remove(self, i: int) -> None:
        k = self.of[i]
        self.sums[k] -= self.table[i, self.mutated[i]]
        self.size[k] -= 1
        if self.size[k]:
            self._refresh(k)
            return
        keep = np.arange(len(self.size)) != k
        self.sums, self.size = self.sums[keep], self.size[keep]
        self.points, self.truncal = self.points[keep], self.truncal[keep]
        self.of[self.of > k] -= 1

    def _add(self, i: int) -> None:
        """Put a variant into a cluster, and give it a number of copies, by their probability."""
        like = self.table[i]
        top = like.max((0, 2))
        like = np.exp(like - top[:, None])
        if len(self.size) == 0:
            self.points, self.truncal = np.zeros((0, *like.shape[1:])), np.zeros(0)
        shown = np.concatenate([self.points, self.prior])
        truncal = np.append(self.truncal, TRUNCAL_PRIOR)
        # (samples, clusters, points) by (samples, points, copies)
        apart = np.matmul(shown.transpose(1, 0, 2), like.transpose(1, 2, 0)).prod(0)
        fixed = like[..., -1].prod(1)
        chance = truncal[:, None] * fixed + (1 - truncal)[:, None] * apart
        chance *= np.append(self.size, CONCENTRATION)[:, None] * np.exp(self.log_copies[i])
        total = chance.sum()
        flat = np.cumsum(chance / total if total > 0 else np.full_like(chance, 1 / chance.size))
        place = min(int(np.searchsorted(flat, self.rng.random() * flat[-1])), chance.size - 1)
        k, self.mutated[i] = divmod(place, len(self.copies))
        if k == len(self.size):
            self.sums = np.concatenate([self.sums, np.zeros((1, *self.table.shape[2:]))])
            self.points = np.concatenate([self.points, np.zeros((1, *self.table.shape[2:]))])
            self.size, self.truncal = np.append(self.size, 0), np.append(self.truncal, 0.0)
        self.of[i] = k
        self.size[k] += 1
        self.sums[k] += self.table[i, self.mutated[i]]
        self._refresh(k)

    def sweep(self) -> None:
        """Move every variant once, then the scale of every sample."""
        for i in range(len(self.of)):
            self._remove(i)
            self._add(i)
        self.scales()

    def scales(self) -> None:
        """Move the scale of every sample (Metropolis), by steps of several sizes."""
        fixed = self.rng.random(len(self.size)) < self.truncal
        for s, sd in enumerate(self.counts.scale_sd):
            if sd > 0:
                self._scale(s, sd, fixed)
        self._resum()

    def _scale(self, s: int, sd: float, fixed: np.ndarray) -> None:
        """Move the scale of a sample.

        Variants of a cluster that have the same frequency at a CCF are added up first.
        """
        copies = np.minimum(self.copies[self.mutated], self.counts.most[:, s])
        scale = self.counts.one_copy[:, s] * copies
        keys, group = np.unique(np.stack([self.of, scale]), axis=1, return_inverse=True)
        together = (np.arange(keys.shape[1])[:, None] == group.ravel()).astype(float)
        grids = together @ self.log_like[:, s]
        of_cluster = (np.arange(len(self.size))[:, None] == keys[0]).astype(float)

        def log_like(shift: float) -> float:
            frequency = np.minimum(keys[1][:, None] * np.exp(shift) * POINTS, 1.0)
            sums = of_cluster @ _interpolated(grids, frequency[:, None, :])[:, 0]
            return self._of_scale(sums, fixed) - shift**2 / (2 * sd**2)

        here = log_like(self.shift[s])
        start = self.shift[s]
        for step in SCALE_MOVES:
            proposed = self.shift[s] + self.rng.normal() * step * sd
            there = log_like(proposed)
            if np.log(self.rng.random()) < there - here:
                self.shift[s], here = proposed, there
        if self.shift[s] != start:
            self.table[:, :, s] = self._table(s)

    @staticmethod
    def _of_scale(sums: np.ndarray, fixed: np.ndarray) -> float:
        free = sums[~fixed]
        top = free.max(-1, initial=-np.inf)
        apart = np.log(np.exp(free - top[:, None]) @ _WEIGHTS) + top
        return float(apart.sum() + sums[fixed, -1].sum())

    def posteriors(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior of each cluster's CCF: with 0 and 1 as points, and without."""
        points = (1 - self.truncal)[:, None, None] * self.points
        points[..., -1] += self.truncal[:, None]
        inside = self.sums[..., 1:-1]
        plain = np.diff(_EDGES) * np.exp(inside - inside.max(-1, keepdims=True))
        return points, plain / plain.sum(-1, keepdims=True)

    def assign(self, groups: Sequence[np.ndarray]) -> None:
        """Set the partition."""
        for k, members in enumerate(groups):
            self.of[members] = k
        self.size = np.array([len(g) for g in groups])
        self._resum()

    def _resum(self) -> None:
        row = np.arange(len(self.of))
        self.sums = np.zeros((len(self.size), *self.table.shape[2:]))
        np.add.at(self.sums, self.of, self.table[row, self.mutated])
        self.points, self.truncal, _ = self._normalised(self.sums)

    def fractions(self, number: int) -> np.ndarray:
        """Return draws of the clusters' CCF with this partition, (samples, draws, clusters)."""
        rounds = 25
        found = []
        for turn in range(-5, rounds):
            self.scales()
            if turn >= 0:
                found.append(self._drawn(number // rounds))
        return np.concatenate(found, axis=1)

    def _drawn(self, number: int) -> np.ndarray:
        points = self.points.copy()
        points[self.truncal > 0.5] = 0.0
        points[self.truncal > 0.5, :, -1] = 1.0
        cumulative = np.cumsum(points, -1)
        drawn = np.empty((points.shape[1], number, points.shape[0]), np.float32)
        for k in range(points.shape[0]):
            for s in range(points.shape[1]):
                at = np.searchsorted(
                    cumulative[k, s], self.rng.random(number) * cumulative[k, s, -1]
                )
                at = np.minimum(at, len(POINTS) - 1)
                inside = (at > 0) & (at < len(POINTS) - 1)
                cell = np.clip(at - 1, 0, CCF_CELLS - 1)
                spread = _EDGES[cell] + self.rng.random(number) * np.diff(_EDGES)[cell]
                drawn[s, :, k] = np.where(inside, spread, POINTS[at])
        return drawn
