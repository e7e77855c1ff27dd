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
    SCALE_ROUNDS,
    SHIFT_LIMIT,
    TRUNCAL_PRIOR,
)
from resistpanel.compare.kernels import Partition, added_up, likelihoods, log_marginal
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
    log_like = _log_likelihoods(counts)
    starts = [_State(counts, log_like, rng, shift, groups) for shift in _shifts(counts)]
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


def _log_likelihoods(counts: Counts) -> np.ndarray:
    """Return the log-likelihood of each of `_FREQUENCIES`, (variants, samples, frequencies)."""
    error = counts.error[:, None]
    frequency = _FREQUENCIES * (1 - error) + (1 - _FREQUENCIES) * error
    found = log_beta_binomial(
        frequency, counts.alt[..., None], counts.depth[..., None],
        np.maximum(counts.rho, 1e-9)[..., None],
    )  # fmt: skip
    return found - found.max(-1, keepdims=True)


class _State:
    """A partition, the mutated copies of each variant, and the error of each sample's scale.

    Arrays over clusters have a row more than there may be clusters; the first `number` are used,
    and the next holds the prior.

    Parameters
    ----------
    counts : Counts
    log_like : float64, (variants, samples, frequencies)
        See `_log_likelihoods`.
    rng : numpy.random.Generator
    shift : float, (samples,)
        Errors of log(one_copy) to start with.
    groups : sequence of ndarray, optional
        The partition to start with.
    """

    def __init__(
        self,
        counts: Counts,
        log_like: np.ndarray,
        rng: np.random.Generator,
        shift: np.ndarray,
        groups: Sequence[np.ndarray] | None = None,
    ):
        self.counts, self.rng, self.shift = counts, rng, shift.copy()
        self.log_like = log_like
        variants, samples = counts.alt.shape
        copies = np.max(counts.most, initial=1, axis=1)
        self.copies = np.arange(1, int(copies.max()) + 1)
        others = (1 - ONE_COPY) / np.maximum(copies - 1, 1)
        self.prior = np.where(self.copies == 1, ONE_COPY, others[:, None])
        self.prior[copies == 1, 0] = 1.0
        self.prior = np.where(self.copies <= copies[:, None], self.prior, 0.0)
        self.mutated = np.zeros(variants, int)
        shape = variants, len(self.copies), samples, len(POINTS)
        self.table, self.like = np.empty(shape), np.empty(shape)
        for s in range(samples):
            self._rescale(s)
        self.of = np.zeros(variants, int)
        self.size = np.zeros(variants + 2)
        self.sums = np.zeros((variants + 2, *shape[2:]))
        self.points = np.broadcast_to(_WEIGHTS, self.sums.shape).copy()
        self.truncal = np.full(variants + 2, TRUNCAL_PRIOR)
        self.partition = Partition(
            self.of, self.mutated, self.size, self.sums, self.points, self.truncal,
            self.table, self.like, self.prior, _WEIGHTS, CONCENTRATION, TRUNCAL_PRIOR,
        )  # fmt: skip
        self.partition.add(rng.random(variants))
        if groups is not None:
            self.assign(groups)

    @property
    def number(self) -> int:
        """Clusters that there are."""
        return self.partition.number

    def _rescale(self, sample: int) -> None:
        """Compute the likelihoods of a sample at its scale."""
        counts = self.counts
        likelihoods(
            self.log_like[:, sample],
            counts.one_copy[:, sample] * np.exp(self.shift[sample]),
            np.minimum(self.copies, counts.most[:, sample, None]),
            POINTS, self.table[:, :, sample], self.like[:, :, sample],
        )  # fmt: skip

    def log_joint(self) -> float:
        """Return the log probability of the counts, partition, copies and scales."""
        known = self.counts.scale_sd > 0
        scales = -0.5 * ((self.shift[known] / self.counts.scale_sd[known]) ** 2).sum()
        copies = np.log(self.prior[np.arange(len(self.of)), self.mutated]).sum()
        partition = (np.log(CONCENTRATION) + gammaln(self.size[: self.number])).sum()
        marginal = sum(np.logaddexp(*self.partition.refresh(k)) for k in range(self.number))
        return float(marginal + scales + copies + partition)

    def sweep(self) -> None:
        """Move every variant twice, then the scale of every sample."""
        self.partition.move(self.rng.random((2, len(self.of))))
        self.scales()

    def scales(self) -> None:
        """Move the scale of every sample (Metropolis), by steps of several sizes."""
        fixed = self.rng.random(self.number) < self.truncal[: self.number]
        moved = [self._scale(s, sd, fixed) for s, sd in enumerate(self.counts.scale_sd) if sd > 0]
        if any(moved):
            self.partition.resum()

    def _scale(self, s: int, sd: float, fixed: np.ndarray) -> bool:
        """Move the scale of a sample; return whether it moved.

        Variants of a cluster that have the same frequency at a CCF are added up first.
        """
        copies = np.minimum(self.copies[self.mutated], self.counts.most[:, s])
        scale = self.counts.one_copy[:, s] * copies
        # One number for frequency and cluster.
        keys, group = np.unique(scale + 1j * self.of, return_inverse=True)
        grids = added_up(self.log_like[:, s], group.ravel(), len(keys))
        free = np.where(fixed, -1, np.cumsum(~fixed) - 1)[keys.imag.astype(int)]
        number = int((~fixed).sum())

        def log_like(shift: float) -> float:
            shown = keys.real * np.exp(shift)
            found = log_marginal(grids, shown, free, number, POINTS, _WEIGHTS)
            return found - shift**2 / (2 * sd**2)

        start = self.shift[s]
        here = log_like(start)
        for step in SCALE_MOVES:
            proposed = self.shift[s] + self.rng.normal() * step * sd
            there = log_like(proposed)
            if np.log(self.rng.random()) < there - here:
                self.shift[s], here = proposed, there
        if self.shift[s] == start:
            return False
        self._rescale(s)
        return True

    def posteriors(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior of each cluster's CCF: with 0 and 1 as points, and without."""
        truncal = self.truncal[: self.number, None]
        points = (1 - truncal)[..., None] * self.points[: self.number]
        points[..., -1] += truncal
        inside = self.sums[: self.number, :, 1:-1]
        plain = np.diff(_EDGES) * np.exp(inside - inside.max(-1, keepdims=True))
        return points, plain / plain.sum(-1, keepdims=True)

    def assign(self, groups: Sequence[np.ndarray]) -> None:
        """Set the partition."""
        for k, members in enumerate(groups):
            self.of[members] = k
        self.partition.number = len(groups)
        self.size[:] = 0
        self.size[: self.number] = [len(g) for g in groups]
        self.points[self.number :], self.truncal[self.number :] = _WEIGHTS, TRUNCAL_PRIOR
        self.partition.resum()

    def fractions(self, number: int) -> np.ndarray:
        """Return draws of the clusters' CCF with this partition, (samples, draws, clusters)."""
        found = []
        for turn in range(-SCALE_ROUNDS // 4, SCALE_ROUNDS):
            self.scales()
            if turn >= 0:
                found.append(self._drawn(number // SCALE_ROUNDS))
        return np.concatenate(found, axis=1)

    def _drawn(self, number: int) -> np.ndarray:
        count, samples = self.number, self.points.shape[1]
        drawn = np.ones((samples, number, count), np.float32)
        apart = np.flatnonzero(self.truncal[:count] <= 0.5)
        cumulative = np.cumsum(self.points[apart], -1)[:, :, None]  # clusters, samples, 1, points
        random = self.rng.random((len(apart), samples, 2, number))
        chance = (random[:, :, 0] * cumulative[..., -1])[..., None]
        at = np.minimum((cumulative < chance).sum(-1), len(POINTS) - 1)
        inside = (at > 0) & (at < len(POINTS) - 1)
        cell = np.clip(at - 1, 0, CCF_CELLS - 1)
        spread = _EDGES[cell] + random[:, :, 1] * np.diff(_EDGES)[cell]
        drawn[:, :, apart] = np.moveaxis(np.where(inside, spread, POINTS[at]), 0, 2)
        return drawn
