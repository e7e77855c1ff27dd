"""Homozygous deletions of part of a gene: two or more neighbouring targets without a copy.

For every run of neighbouring targets of a gene three explanations are compared: the run has no
copy, it has one copy, or it has the copies of the gene's other targets. Targets that drop out of a
library are outliers of the last, at the rate at which single targets of the sample fall below
their genes.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from resistpanel.copynumber.bins import Bins, Coverage, gene_spans
from resistpanel.copynumber.copy_states import (
    STATES,
    expected_log2,
    log_prior,
    log_single_prior,
    log_student,
)
from resistpanel.copynumber.copynumber_constants import (
    DRAWS,
    DROPPED,
    LEAST_FALL,
    LEAST_FRAGMENTS,
    LEAST_PARTIAL,
    LEAST_QUARTILE,
    LEAST_TARGETS,
    LOST_QUARTILE,
    MOST_LOST,
    MOST_TARGETS,
    PARTIAL_PRIOR,
    SHIFT_STEP,
    SHOWN,
    STRAY_SPAN,
    TARGET_FREEDOM,
    UPPER_QUARTILE,
)
from resistpanel.copynumber.gene_states import Cell
from resistpanel.copynumber.ratios import Genes, Targets
from resistpanel.core.special import logsumexp


@dataclasses.dataclass(frozen=True)
class Partial:
    """Targets of a gene without a copy.

    Attributes
    ----------
    start, end : int
        0-based half-open, from the first to the last of the targets.
    first, last : int
        Numbers of the targets in the gene, from 1, in the order of the genome.
    log2 : float
        Mean of the targets; within targets, of their first quartile against their third.
    probability : float or None
        None: within targets.
    """

    start: int
    end: int
    first: int
    last: int
    log2: float
    probability: float | None


def _log_t(log2: np.ndarray, expected: np.ndarray | float, sd: np.ndarray) -> np.ndarray:
    return log_student((log2 - expected) / sd, TARGET_FREEDOM) - np.log(sd)


def dropped(log2: np.ndarray, sd: np.ndarray, spans: Sequence[np.ndarray]) -> np.ndarray:
    """Return, for each gene, the fraction of the other genes' targets that have dropped out.

    A target has if it is `DROPPED` (log2) below its gene's median, and by five standard deviations,
    and its neighbours are not: those that are may be deleted.
    """
    counts, totals = np.zeros(len(spans)), np.zeros(len(spans))
    for i, rows in enumerate(spans):
        if len(rows) > 3:
            below = np.median(log2[rows]) - log2[rows]
            low = below > np.maximum(DROPPED, 5 * sd[rows])
            beside = np.zeros(len(rows), bool)
            beside[1:] |= low[:-1]
            beside[:-1] |= low[1:]
            counts[i] = (low & ~beside).sum()
            totals[i] = len(rows)
    return (counts.sum() - counts + 0.5) / (totals.sum() - totals + 100)


def _runs(rows: np.ndarray, log2: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return [first, last) of the runs that are tried: of two targets to all but one."""
    n = len(rows)
    first, last = np.meshgrid(np.arange(n), np.arange(n + 1), indexing="ij")
    width = last - first
    chosen = (width >= LEAST_TARGETS) & (width <= n - 1)
    return first[chosen], last[chosen]


@dataclasses.dataclass(frozen=True)
class _Noise:
    """What log2 ratios of a sample's targets depart from their expectation by.

    Attributes
    ----------
    gene : float
        Standard deviation of what all targets of a gene share (waves, capture lots).
    stray : float
        Fraction of targets that have dropped out.
    """

    gene: float
    stray: float


@functools.cache
def _totals(baseline: int, normal: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of copies and their log prior, where normal cells have `normal`."""
    totals = np.unique(STATES.total)
    if normal == 2:
        prior = np.exp(log_prior(baseline))
        return totals, np.log([prior[STATES.total == total].sum() for total in totals])
    return totals, log_single_prior(totals, normal)


def _level(
    level: np.ndarray, error: np.ndarray, cell: Cell, copies: int, normal: int, noise: _Noise
) -> tuple[np.ndarray, np.ndarray]:
    """Return (log-likelihood, shift of the gene) of levels of targets with more copies than that.

    The number of copies is the one that explains a level best; what is left is the gene's shift,
    less the part of it that is the level's error (a variance).
    """
    totals, log_chance = _totals(cell.baseline, normal)
    more = totals > copies
    expected = expected_log2(cell.purity, totals[more], normal, cell.baseline)
    spread = noise.gene**2 + error
    off = level[:, None] - expected
    fit = log_chance[more] - 0.5 * (off**2 / spread[:, None] + np.log(spread)[:, None])
    best = fit.argmax(axis=1)
    rows = np.arange(len(level))
    return fit[rows, best], off[rows, best] * noise.gene**2 / spread


def _kept_level(log2: np.ndarray, sd: np.ndarray) -> float:
    """Return the level of a gene's targets that are neither deleted nor dropped out.

    From the third quartile, or from the two highest where more than three quarters are deleted.
    """
    typical = float(np.median(sd))
    quartile = float(np.percentile(log2, 75)) - UPPER_QUARTILE * typical
    return max(quartile, float(np.sort(log2)[-2:].mean()) - 2 * typical)


def _gene(
    log2: np.ndarray, sd: np.ndarray, possible: Sequence[Cell], normal: int, noise: _Noise
) -> tuple[float, int, int]:
    """Return (probability of a deletion, first, last) of the likeliest run of a gene's targets.

    All targets of a gene share its shift; `sd` is the noise of a target besides.
    """
    first, last = _runs(np.arange(len(log2)), log2, sd)
    # Targets that dropped out or are deleted hardly count for the level of the others.
    level = _kept_level(log2, sd)
    weight = np.minimum(1, (2 * sd / np.maximum(np.abs(log2 - level), 1e-9)) ** 2) / sd**2

    def summed(values: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return total[last] - total[first]

    def kept(level: np.ndarray) -> np.ndarray:
        fit = np.log1p(-noise.stray) + _log_t(log2, level[:, None], sd)
        return np.logaddexp(fit, np.log(noise.stray / STRAY_SPAN))

    error = 1 / (weight.sum() - summed(weight))
    rest = ((weight * log2).sum() - summed(weight * log2)) * error
    at = np.arange(len(log2))
    member = (at >= first[:, None]) & (at < last[:, None])
    others = np.where(member, 0.0, kept(rest)).sum(axis=1)
    whole = np.array([(weight * log2).sum() / weight.sum()])
    # Short runs are likelier: the prior of a run's length is 1 / length, of its place flat.
    width = last - first
    share = np.log(1 / width / (len(log2) - width + 1))
    share = share - logsumexp(share)
    same, scores = [], {0: [], 1: []}
    for cell in possible:
        log_weight = np.log(cell.weight)
        # The gene may have no copy at all.
        fit, _ = _level(whole, 1 / weight.sum(keepdims=True), cell, -1, normal, noise)
        same.append(log_weight + fit[0] + kept(whole).sum())
        for copies, parts in scores.items():
            expected = float(expected_log2(cell.purity, copies, normal, cell.baseline))
            fit, shift = _level(rest, error, cell, copies, normal, noise)
            # In steps far below the noise of a target: one sum for all runs of a step.
            shift = np.round(shift / SHIFT_STEP).astype(int)
            found = np.empty(len(rest))
            for step in np.unique(shift):
                runs = shift == step
                found[runs] = summed(_log_t(log2, expected + step * SHIFT_STEP, sd))[runs]
            parts.append(log_weight + fit + found + others + share)
    prior = dict(zip(scores, np.log(PARTIAL_PRIOR), strict=True))
    deleted, one = (logsumexp(parts) + prior[copies] for copies, parts in scores.items())
    total = logsumexp([deleted, one, logsumexp(same)])
    best = int(np.argmax(logsumexp(scores[0], axis=0)))
    return float(np.exp(deleted - total)), int(first[best]), int(last[best])


def _merged(possible: Sequence[Cell]) -> list[Cell]:
    """Return fewer cells: purities at which a deletion has nearly the same log2 ratio as one."""
    found: list[Cell] = []
    for cell in sorted(possible, key=lambda one: (one.baseline, one.purity)):
        if found and found[-1].baseline == cell.baseline:
            last = found[-1]
            ends = expected_log2(np.array([last.purity, cell.purity]), 0, 2, cell.baseline)
            if ends[0] - ends[1] < SHIFT_STEP:
                weight = last.weight + cell.weight
                purity = (last.weight * last.purity + cell.weight * cell.purity) / weight
                found[-1] = Cell(purity, cell.baseline, weight)
                continue
        found.append(cell)
    return found


def least_deleted(
    targets: Targets, bins: Bins, genes: Genes, possible: Sequence[Cell]
) -> int | None:
    """Return the fewest neighbouring targets whose homozygous deletion the sample would show.

    That which `partial_deletions` calls in `SHOWN` of genes with two copies and the median number
    of targets, at the likeliest purity, by the sample's noise and drop-out. None: not even all
    targets but one.
    """
    log2 = targets.log2 - genes.centre
    spread = np.sqrt(targets.variance + targets.noise**2)
    spans = [rows[np.isfinite(log2[rows])] for _, rows in gene_spans(bins)]
    sizes = [len(rows) for rows in spans if LEAST_TARGETS < len(rows) <= MOST_TARGETS]
    if not sizes:
        return None
    stray, sd = float(np.median(dropped(log2, spread, spans))), float(np.nanmedian(spread))
    size, cell = int(np.median(sizes)), max(possible, key=lambda one: one.weight)
    none, one = (float(expected_log2(cell.purity, c, 2, cell.baseline)) for c in (0, 1))
    usual = float(expected_log2(cell.purity, 2, 2, cell.baseline))
    rng = np.random.default_rng(0)
    noise = rng.standard_t(TARGET_FREEDOM, (DRAWS, size)) * sd
    lost = rng.random((DRAWS, size)) < stray
    drawn = none + noise - np.where(lost, rng.uniform(0, STRAY_SPAN, (DRAWS, size)), 0.0)
    error = rng.standard_normal((DRAWS, 1))
    widths = np.arange(LEAST_TARGETS, size)
    share = np.log(1 / widths / (size - widths + 1) / (1 / widths).sum())
    for width, log_share in zip(widths, share, strict=True):
        off = error * sd / np.sqrt(size - width)
        shift = off * genes.noise**2 / (genes.noise**2 + sd**2 / (size - width))
        run = drawn[:, :width]
        fit = np.log1p(-stray) + _log_t(run, usual + off, sd)
        same = np.logaddexp(fit, np.log(stray / STRAY_SPAN)).sum(axis=1)
        scores = [
            _log_t(run, expected + shift, sd).sum(axis=1) - same + np.log(prior) + log_share
            for expected, prior in zip((none, one), PARTIAL_PRIOR, strict=True)
        ]
        chance = np.exp(scores[0] - np.logaddexp(np.logaddexp(*scores), 0.0))
        if (chance >= LEAST_PARTIAL).mean() >= SHOWN:
            return int(width)
    return None


def partial_deletions(
    targets: Targets,
    bins: Bins,
    genes: Genes,
    possible: Sequence[Cell],
    normal_copies: np.ndarray,
) -> dict[int, Partial]:
    """Return the homozygous deletions of part of a gene, by index of the gene.

    Parameters
    ----------
    targets : Targets
    bins : Bins
    genes : Genes
    possible : sequence of Cell
    normal_copies : ndarray of int, (genes,)
    """
    log2 = targets.log2 - genes.centre
    sd = np.sqrt(targets.variance + targets.noise**2)
    spans = [rows[np.isfinite(log2[rows])] for _, rows in gene_spans(bins)]
    stray, possible = dropped(log2, sd, spans), _merged(possible)
    found = {}
    for i, rows in enumerate(spans):
        if not LEAST_TARGETS < len(rows) <= MOST_TARGETS:
            continue
        low = log2[rows] < _kept_level(log2[rows], sd[rows]) - LEAST_FALL
        if not (low[1:] & low[:-1]).any():
            continue
        chance, first, last = _gene(
            log2[rows],
            sd[rows],
            possible,
            int(normal_copies[i]),
            _Noise(genes.noise, float(stray[i])),
        )
        if chance < LEAST_PARTIAL:
            continue
        part = rows[first:last]
        weight = 1 / sd[part] ** 2
        found[i] = Partial(
            int(bins.start[part].min()),
            int(bins.end[part].max()),
            first + 1,
            last,
            float((weight * log2[part]).sum() / weight.sum()),
            chance,
        )
    return found


def within_targets(bins: Bins, sample: Coverage, normal: Coverage | None) -> dict[int, Partial]:
    """Return the genes of which two or more targets have lost a part, by index of the gene.

    Breakpoints within the targets leave a mean depth that looks like a loss of one copy. A target
    has lost a part if the first quartile of the depth of its bases fell below the third by
    `LOST_QUARTILE` more than in the normal: no purity allows that with a copy left in the part,
    unless the rest has six. Where more than `MOST_LOST` of the other genes' targets look like that
    it is the library (GC-rich parts, short fragments), and nothing is called.

    Parameters
    ----------
    bins : Bins
    sample, normal : Coverage
        With quartiles; otherwise nothing is found.
    """
    if normal is None or sample.quantiles is None or normal.quantiles is None:
        return {}
    low, high = (one.quantiles[:, 0] + 0.5 for one in (sample, normal))
    ratio = np.log2(low / (sample.quantiles[:, 1] + 0.5))
    ratio = ratio - np.log2(high / (normal.quantiles[:, 1] + 0.5))
    deep = (sample.quantiles[:, 1] >= LEAST_FRAGMENTS) & (normal.quantiles[:, 0] >= LEAST_QUARTILE)
    lost = deep & (ratio <= -LOST_QUARTILE)
    found = {}
    for i, (_, rows) in enumerate(gene_spans(bins)):
        at = np.flatnonzero(lost[rows])
        others = (lost.sum() - len(at)) / max(len(lost) - len(rows), 1)
        if len(at) >= LEAST_TARGETS and (np.diff(at) == 1).any() and others <= MOST_LOST:
            part = rows[at]
            found[i] = Partial(
                int(bins.start[part].min()),
                int(bins.end[part].max()),
                int(at[0]) + 1,
                int(at[-1]) + 1,
                float(ratio[part].mean()),
                None,
            )
    return found
