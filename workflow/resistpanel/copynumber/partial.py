"""Homozygous deletions of part of a gene: two or more neighbouring targets without a copy.

For every run of neighbouring targets of a gene three explanations are compared: the run has no
copy, it has one copy, or it has the copies of the gene's other targets. Targets that drop out of a
library are outliers of the last, at the rate at which single targets of the sample fall below
their genes.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.copynumber.bins import Bins, Coverage, gene_spans
from resistpanel.copynumber.copy_states import expected_log2, log_student
from resistpanel.copynumber.copynumber_constants import (
    DROPPED,
    LEAST_FRAGMENTS,
    LEAST_PARTIAL,
    LEAST_QUARTILE,
    LEAST_TARGETS,
    LOST_QUARTILE,
    MOST_LOST,
    MOST_TARGETS,
    PARTIAL_PRIOR,
    STRAY_SPAN,
    TARGET_FREEDOM,
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


def _gene(
    log2: np.ndarray, sd: np.ndarray, possible: Sequence[Cell], normal: int, stray: float
) -> tuple[float, int, int]:
    """Return (probability of a deletion, first, last) of the likeliest run of a gene's targets."""
    first, last = _runs(np.arange(len(log2)), log2, sd)
    weight = 1 / sd**2

    def summed(values: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return total[last] - total[first]

    inside = summed(weight)
    outside = (weight * log2).sum() - summed(weight * log2)
    rest = outside / (weight.sum() - inside)
    fit = _log_t(log2, rest[:, None], sd)
    as_rest = np.logaddexp(np.log1p(-stray) + fit, np.log(stray / STRAY_SPAN))
    at = np.arange(len(log2))
    member = (at >= first[:, None]) & (at < last[:, None])
    same = (as_rest * member).sum(axis=1)
    # Short runs are likelier: the prior of a run's length is 1 / length, of its place flat.
    width = last - first
    share = np.log(1 / width / (len(log2) - width + 1))
    share = share - logsumexp(share)
    scores = {}
    for copies, prior in ((0, PARTIAL_PRIOR[0]), (1, PARTIAL_PRIOR[1])):
        parts = []
        for cell in possible:
            expected = float(expected_log2(cell.purity, copies, normal, cell.baseline))
            # The other targets have at least a copy more.
            more = float(expected_log2(cell.purity, copies + 1, normal, cell.baseline))
            gap = np.where(rest >= (expected + more) / 2, 0.0, -np.inf)
            with np.errstate(divide="ignore"):
                parts.append(np.log(cell.weight) + summed(_log_t(log2, expected, sd)) + gap)
        scores[copies] = logsumexp(parts, axis=0) - same + np.log(prior) + share
    deleted = logsumexp(scores[0])
    total = np.logaddexp(np.logaddexp(deleted, logsumexp(scores[1])), 0.0)
    best = int(np.argmax(scores[0]))
    return float(np.exp(deleted - total)), int(first[best]), int(last[best])


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
    sd = np.sqrt(targets.variance + targets.noise**2 + genes.noise**2)
    spans = [rows[np.isfinite(log2[rows])] for _, rows in gene_spans(bins)]
    stray = dropped(log2, sd, spans)
    found = {}
    for i, rows in enumerate(spans):
        low = log2[rows] < np.percentile(log2[rows], 75) - DROPPED if len(rows) else rows
        if not LEAST_TARGETS < len(rows) <= MOST_TARGETS or not (low[1:] & low[:-1]).any():
            continue
        chance, first, last = _gene(
            log2[rows], sd[rows], possible, int(normal_copies[i]), float(stray[i])
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
