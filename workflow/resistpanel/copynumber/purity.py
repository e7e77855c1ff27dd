"""Purity from copy number, allelic imbalance and clonal variants together.

Every segment has one of `STATES` in all tumour cells; a segment's log2 ratio and its heterozygous
sites are independent given state and purity. Summed over states, the segments' likelihoods multiply
to a posterior of the purity on a grid, for each number of copies that the genome at large may have.
Somatic variants add to it with the cancer cell fractions that they share (`variant_mixture`).
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from resistpanel.copynumber.copy_states import (
    STATES,
    States,
    expected_balance,
    expected_log2,
    log_prior,
    log_ratio_likelihood,
    log_sum,
)
from resistpanel.copynumber.copynumber_constants import (
    AF_MARGIN,
    BASELINES,
    FINE_FLOOR,
    FINE_STEPS,
    FRACTION_IMPOSSIBLE,
    LEAST_ALTERNATIVE,
    LEAST_INFORMATION,
    LEAST_STATE,
    MOST_IMPOSSIBLE,
    MOST_VARIANTS,
    PART_OF_CELLS,
    PURITY_GRID,
    SEGMENT_NOISE,
    STRAY_RATIOS,
    SUBCLONAL_SEGMENTS,
    WIDEST,
)
from resistpanel.copynumber.segments import HetSites, Segment
from resistpanel.copynumber.variant_mixture import (
    VariantCurves,
    VariantParts,
    log_marginal,
    variant_parts,
)
from resistpanel.core.special import logsumexp
from resistpanel.core.stats import jeffreys_interval, overdispersed_interval

GRID = np.linspace(*PURITY_GRID)
#: The purities between those of `GRID` as well, at which intervals end.
FINE = np.linspace(GRID[0], GRID[-1], (len(GRID) - 1) * FINE_STEPS + 1)
PARTS = ("copy number", "allelic imbalance", "clonal variants")


@dataclasses.dataclass(frozen=True)
class Somatic:
    """Somatic variants in one tumour; `gene` indexes the genes, counts are fragments."""

    gene: np.ndarray
    alt: np.ndarray
    depth: np.ndarray

    def of(self, genes: np.ndarray) -> "Somatic":
        """Return the variants of some genes."""
        rows = np.isin(self.gene, genes)
        return self.take(rows)

    def take(self, rows: np.ndarray) -> "Somatic":
        """Return some rows."""
        return Somatic(self.gene[rows], self.alt[rows], self.depth[rows])

    def thinned(self) -> "Somatic":
        """Return at most `MOST_VARIANTS`, evenly spaced."""
        if len(self.alt) <= MOST_VARIANTS:
            return self
        return self.take(np.linspace(0, len(self.alt) - 1, MOST_VARIANTS).astype(int))


@dataclasses.dataclass(frozen=True)
class Alternative:
    """A purity with its range and baseline, and their probability."""

    value: float
    low: float
    high: float
    baseline: int
    probability: float


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A purity; all None where it cannot be estimated, `source` then says why.

    Attributes
    ----------
    value, low, high : float or None
        With 95 % interval.
    source : str
        Where it comes from, or why there is none.
    method : str
        sheet, joint, driver or none.
    baseline : int
        Copies of the genome at large per tumour cell.
    posterior : ndarray, (len(BASELINES), len(GRID)), or None
        Probability of every baseline and purity; None: nothing is known of them.
    alternatives : tuple of Alternative
        Separate ranges of purity and baseline that the data allow, likeliest first.
    """

    value: float | None
    low: float | None
    high: float | None
    source: str
    method: str
    baseline: int = 2
    posterior: np.ndarray | None = None
    alternatives: tuple[Alternative, ...] = ()


@functools.cache
def subclonal_states(baseline: int) -> tuple[States, np.ndarray]:
    """Return `STATES` followed by those of part of the tumour cells, and their log prior.

    Mean copies of tumour cells of which a fraction has one of the common changes, the others the
    baseline's state: log2 ratio and balance follow from the means.
    """
    usual = baseline // 2
    changed = [(baseline + 1, usual), (baseline, 0)]
    changed += [(baseline - 1, max(usual - 1, 0))] if baseline > 1 else []
    total = [baseline + f * (c - baseline) for c, _ in changed for f in PART_OF_CELLS]
    minor = [usual + f * (m - usual) for _, m in changed for f in PART_OF_CELLS]
    prior = np.concatenate(
        [
            np.log1p(-SUBCLONAL_SEGMENTS) + log_prior(baseline),
            np.full(len(total), np.log(SUBCLONAL_SEGMENTS / len(total))),
        ]
    )
    both = np.concatenate([STATES.total, total]), np.concatenate([STATES.minor, minor])
    return States(*both), prior


#: Balances at which the heterozygous sites' likelihood is computed; between them it is linear.
_BALANCES = np.linspace(0.0, 0.5, 251)


def _log_balances(here: HetSites, states: States) -> np.ndarray:
    """Return the log-likelihood of a segment's heterozygous sites, (purities, states)."""
    balance = expected_balance(GRID[:, None], states.total, states.minor)
    return np.interp(balance, _BALANCES, here.curves(_BALANCES).sum(axis=1))


def log_segments(segments: Sequence[Segment], sites: HetSites, somatic: Somatic) -> dict:
    """Return the log-likelihood over (baselines, GRID), states summed out.

    Returns
    -------
    dict
        For all evidence under the key ``""``, and for each of `PARTS` alone.
    """
    shape, somatic = (len(BASELINES), len(GRID)), somatic.thinned()
    total = {part: np.zeros(shape) for part in ("", *PARTS)}
    carried: list[list[VariantParts]] = [[] for _ in BASELINES]
    alone: list[list[VariantParts]] = [[] for _ in BASELINES]
    for part in segments:
        here, variants = sites.of(part.genes), somatic.of(part.genes)
        curve = here.curves(_BALANCES).sum(axis=1) if len(here.alt) else None
        counted = None
        if len(variants.alt):
            counted = VariantCurves.of(variants.alt, variants.depth, sites.spread)
        for b, baseline in enumerate(BASELINES):
            states, prior = subclonal_states(baseline)
            found = np.broadcast_to(prior, (len(GRID), len(prior)))
            both = found
            if np.isfinite(part.log2):
                expected = expected_log2(GRID[:, None], states.total, 2, baseline)
                se = np.hypot(part.se, SEGMENT_NOISE)
                like = log_ratio_likelihood(part.log2, se, expected, STRAY_RATIOS)
                total[PARTS[0]][b] += log_sum(found + like, 1)
                both = both + like
            if curve is not None:
                balance = expected_balance(GRID[:, None], states.total, states.minor)
                like = np.interp(balance, _BALANCES, curve)
                total[PARTS[1]][b] += log_sum(found + like, 1)
                both = both + like
            total[""][b] += log_sum(both, 1)
            if counted is not None:
                for log_weight, kept in ((both, carried), (found, alone)):
                    weight = np.exp(log_weight - log_sum(log_weight, 1)[:, None])
                    kept[b].append(variant_parts(counted, states, GRID, weight))
    for name, kept in (("", carried), (PARTS[2], alone)):
        for b, parts in enumerate(kept):
            if parts:
                total[name][b] += log_marginal(VariantParts.joined(parts))
    return total


def _joint(log_like: np.ndarray) -> np.ndarray:
    """Return the posterior over (baselines, GRID); the purity's prior is flat."""
    log_joint = log_like + np.log(np.array(list(BASELINES.values())))[:, None]
    joint = np.exp(log_joint - log_joint.max())
    return joint / joint.sum()


def _refined(joint: np.ndarray) -> np.ndarray:
    """Return a posterior over (baselines, `FINE`) from one over (baselines, `GRID`).

    The logarithm is interpolated by cubic polynomials through four points, which is exact for a
    normal posterior, however narrow. Logarithms of less than `FINE_FLOOR` below the highest are
    taken as that.
    """
    with np.errstate(divide="ignore"):
        log = np.maximum(np.log(joint / joint.max()), -FINE_FLOOR)
    # Beyond the ends a straight line goes on.
    padded = np.concatenate(
        [2 * log[:, :1] - log[:, 1:2], log, 2 * log[:, -1:] - log[:, -2:-1]], axis=1
    )
    t = np.arange(FINE_STEPS)[:, None, None] / FINE_STEPS
    before, first, second, after = (padded[:, i : i + len(GRID) - 1] for i in range(4))
    inner = (
        -t * (t - 1) * (t - 2) / 6 * before
        + (t + 1) * (t - 1) * (t - 2) / 2 * first
        - (t + 1) * t * (t - 2) / 2 * second
        + (t + 1) * t * (t - 1) / 6 * after
    )
    inner = np.moveaxis(inner, 0, 2).reshape(len(joint), -1)
    fine = np.concatenate([inner, log[:, -1:]], axis=1)
    weight = np.where(joint.sum(axis=1, keepdims=True) > 0, np.exp(fine - fine.max()), 0.0)
    return weight / weight.sum()


def alternatives(joint: np.ndarray) -> tuple[Alternative, ...]:
    """Return the separate ranges that hold 95 % of the posterior, likeliest first.

    A range is an unbroken run of purities of one baseline, of at least `LEAST_ALTERNATIVE`.
    """
    joint = _refined(joint)
    order = np.argsort(joint, axis=None)[::-1]
    needed = int(np.searchsorted(np.cumsum(joint.flat[order]), 0.95)) + 1
    inside = np.zeros(joint.size, bool)
    inside[order[:needed]] = True
    half, found = (FINE[1] - FINE[0]) / 2, []
    for row, held, baseline in zip(joint, inside.reshape(joint.shape), BASELINES, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(int), [0]])))
        for first, last in edges.reshape(-1, 2):
            mass = float(row[first:last].sum())
            if mass >= LEAST_ALTERNATIVE:
                value = float(FINE[first + row[first:last].argmax()])
                low, high = FINE[first] - half, FINE[last - 1] + half
                found.append(Alternative(value, max(low, 0.01), min(high, 1.0), baseline, mass))
    return tuple(sorted(found, key=lambda one: -one.probability))


def interval(joint: np.ndarray) -> tuple[float, float, float]:
    """Return (mode, low, high): the narrowest interval that holds 95 % of a posterior.

    Parameters
    ----------
    joint : ndarray, (baselines, len(GRID))
    """
    posterior = _refined(joint).sum(axis=0)
    order = np.argsort(posterior)[::-1]
    needed = int(np.searchsorted(np.cumsum(posterior[order]), 0.95)) + 1
    inside = FINE[order[:needed]]
    half = (FINE[1] - FINE[0]) / 2
    return (
        float(FINE[order[0]]),
        max(float(inside.min()) - half, 0.01),
        min(float(inside.max()) + half, 1.0),
    )


def information(posterior: np.ndarray) -> float:
    """Return how far a posterior is from the flat prior, in nats (Kullback-Leibler)."""
    kept = posterior[posterior > 0]
    return float((kept * np.log(kept * len(posterior))).sum())


def impossible(
    segments: Sequence[Segment],
    sites: HetSites,
    somatic: Somatic,
    purity: float,
    baseline: int,
) -> int:
    """Return how many somatic variants have a higher AF than any likely state allows.

    A state is likely if ratio and heterozygous sites give it a posterior of `LEAST_STATE`. With
    such variants the flat part of the likelihood, made for strays, would carry the estimate to a
    purity of 1: the copy numbers are not the tumour's, and the purity is not known. The bound of
    the AF has the sample's overdispersion: depth alone makes no variant impossible.
    """
    at = int(np.abs(GRID - purity).argmin())
    states, prior = subclonal_states(baseline)
    found = 0
    for part in segments:
        carried = somatic.of(part.genes)
        if not len(carried.alt):
            continue
        state = prior.copy()
        here = sites.of(part.genes)
        if len(here.alt):
            state = state + _log_balances(here, states)[at]
        if np.isfinite(part.log2):
            expected = expected_log2(GRID[at], states.total, 2, baseline)
            se = np.hypot(part.se, SEGMENT_NOISE)
            state = state + log_ratio_likelihood(part.log2, se, expected, STRAY_RATIOS)
        likely = (state - logsumexp(state) >= np.log(LEAST_STATE)) & (states.total > 0)
        content = np.maximum(purity * states.total + 2 * (1 - purity), 1e-9)
        highest = np.max((purity * (states.total - states.minor) / content)[likely], initial=0.0)
        low, _ = overdispersed_interval(carried.alt, carried.depth, sites.spread, 0.99)
        found += int((low > highest + AF_MARGIN).sum())
    return found


def estimate(segments: Sequence[Segment], sites: HetSites, somatic: Somatic) -> Estimate:
    """Return the joint estimate.

    Parameters
    ----------
    segments : sequence of Segment
        Of the autosomes.
    sites : HetSites
    somatic : Somatic
    """
    found = log_segments(segments, sites, somatic)
    joint = _joint(found[""])
    value, _, _ = interval(joint)
    baseline = list(BASELINES)[int(joint.sum(axis=1).argmax())]
    above = impossible(segments, sites, somatic, value, baseline)
    if above >= max(MOST_IMPOSSIBLE, FRACTION_IMPOSSIBLE * len(somatic.alt)):
        why = f"{above} variants have a higher AF than the copy numbers allow at any purity"
        return Estimate(None, None, None, f"not estimable: {why}", "none")
    used = [
        part for part in PARTS if information(_joint(found[part]).sum(axis=0)) >= LEAST_INFORMATION
    ]
    return from_posterior(joint, ", ".join(used or PARTS))


def from_posterior(joint: np.ndarray, source: str) -> Estimate:
    """Return the estimate of a posterior over (baselines, GRID); none if it is too wide."""
    value, low, high = interval(joint)
    baseline = list(BASELINES)[int(joint.sum(axis=1).argmax())]
    others = alternatives(joint)
    if high - low <= WIDEST:
        return Estimate(value, low, high, source, "joint", baseline, joint, others)
    told = f"the 95 % interval is {low:.2f} to {high:.2f}"
    why = f"copy number, allelic imbalance and variants are not informative enough ({told})"
    if len(others) > 1:
        ranges = ", ".join(
            f"{one.low:.2f} to {one.high:.2f} with a genome at {one.baseline} copies "
            f"(probability {one.probability:.2f})"
            for one in others
        )
        why = f"more than one purity explains the data: {ranges}"
    return Estimate(None, None, None, f"not estimable: {why}", "none", baseline, joint, others)


def between(low: float, high: float) -> np.ndarray:
    """Return a posterior that is flat between two purities, of a genome at two copies.

    Purities below the grid, as of plasma, are at its first point.
    """
    low, high = max(low, GRID[0]), max(high, GRID[0])
    inside = (low - (GRID[1] - GRID[0]) <= GRID) & (high + (GRID[1] - GRID[0]) >= GRID)
    return np.outer([baseline == 2 for baseline in BASELINES], inside / inside.sum())


def from_driver(alt: int, depth: int, name: str) -> Estimate:
    """Return the purity if a driver is clonal, heterozygous and at two copies: twice its AF.

    An AF above 1/2 contradicts that; it is then a lower bound of the purity (loss of the other
    copy), and the interval says so.
    """
    low, high = map(float, jeffreys_interval(alt, depth))
    af = alt / depth
    text = f"AF of the driver {name}, assumed to be clonal, heterozygous and at two copies"
    if af > 0.5:
        text = f"AF of the driver {name}, which is above 1/2: a lower bound"
        return Estimate(af, low, 1.0, text, "driver", 2, between(low, 1.0))
    top = min(2 * high, 1.0)
    return Estimate(2 * af, 2 * low, top, text, "driver", 2, between(2 * low, top))
