"""Purity from copy number, allelic imbalance and clonal variants together.

Every segment has one of `STATES` in all tumour cells; a segment's log2 ratio, its heterozygous
sites and its somatic variants are independent given state and purity. Summed over states, the
segments' likelihoods multiply to a posterior of the purity on a grid, for each number of copies
that the genome at large may have.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.special import betainc, betaln, gammaln, logsumexp

from resistpanel.copynumber.copy_states import (
    STATES,
    expected_balance,
    expected_log2,
    log_balance_likelihood,
    log_counts,
    log_prior,
    log_ratio_likelihood,
)
from resistpanel.copynumber.copynumber_constants import (
    BASELINES,
    CLONAL,
    LEAST_INFORMATION,
    MOST_IMPOSSIBLE,
    PURITY_GRID,
    SINGLE,
    STRAY_RATIOS,
    STRAY_VARIANTS,
    SUBCLONAL,
    WIDEST,
)
from resistpanel.copynumber.segments import HetSites, Segment
from resistpanel.core.stats import jeffreys_interval

GRID = np.linspace(*PURITY_GRID)
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
        return Somatic(self.gene[rows], self.alt[rows], self.depth[rows])


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
    """

    value: float | None
    low: float | None
    high: float | None
    source: str
    method: str
    baseline: int = 2


def log_variant(alt: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the log-likelihood of variants, (variants, purities, states).

    A mixture of clonal variants on one copy or on all of the commoner haplotype's, of subclonal
    ones at any lower AF, and of strays at any AF.
    """
    p = GRID[:, None]
    content = np.maximum(p * STATES.total + 2 * (1 - p), 1e-9)
    major = STATES.total - STATES.minor
    single = np.clip(p / content, 0, 1)
    many = np.clip(p * major / content, 0, 1)
    exists = np.broadcast_to(STATES.total > 0, single.shape)
    a, n = alt[:, None, None], depth[:, None, None]
    constant = gammaln(n + 1) - gammaln(a + 1) - gammaln(n - a + 1)
    share = np.where(major > 1, SINGLE, 1.0)
    with np.errstate(divide="ignore"):
        clonal = np.logaddexp(
            np.log(share) + log_counts(single, a, n),
            np.log(1 - share) + log_counts(many, a, n),
        )
        # Uniform below the highest clonal AF: the integral of the binomial is a beta integral.
        below = np.log(np.maximum(betainc(a + 1, n - a + 1, many), 1e-300))
        below = below - np.log(np.maximum(many, 1e-9)) + betaln(a + 1, n - a + 1)
    mixed = np.logaddexp(np.log(CLONAL) + clonal, np.log(SUBCLONAL) + below)
    mixed = np.where(exists, mixed, -np.inf)
    stray = np.log(STRAY_VARIANTS) + betaln(a + 1, n - a + 1)
    return constant + np.logaddexp(mixed, stray)


#: Balances at which the heterozygous sites' likelihood is computed; between them it is linear.
_BALANCES = np.linspace(0.0, 0.5, 251)


def _log_balances(here: HetSites) -> np.ndarray:
    """Return the log-likelihood of a segment's heterozygous sites, (purities, states)."""
    balance = expected_balance(GRID[:, None], STATES.total, STATES.minor)
    curve = log_balance_likelihood(_BALANCES, here.alt, here.depth, here.reference_bias)
    return np.interp(balance, _BALANCES, curve)


def log_segments(segments: Sequence[Segment], sites: HetSites, somatic: Somatic) -> dict:
    """Return the log-likelihood over (baselines, GRID), states summed out.

    Returns
    -------
    dict
        For all evidence under the key ``""``, and for each of `PARTS` alone.
    """
    shape = (len(BASELINES), len(GRID))
    total = {part: np.zeros(shape) for part in ("", *PARTS)}
    flat = np.zeros((len(GRID), len(STATES.total)))
    for part in segments:
        here, carried = sites.of(part.genes), somatic.of(part.genes)
        balances = _log_balances(here) if len(here.alt) else flat
        variants = log_variant(carried.alt, carried.depth).sum(axis=0) if len(carried.alt) else flat
        for b, baseline in enumerate(BASELINES):
            ratio, prior = flat, log_prior(baseline)
            if np.isfinite(part.log2):
                expected = expected_log2(GRID[:, None], STATES.total, 2, baseline)
                ratio = log_ratio_likelihood(part.log2, part.se, expected, STRAY_RATIOS)
            alone = dict(zip(PARTS, (ratio, balances, variants), strict=True))
            alone[""] = ratio + balances + variants
            for name, like in alone.items():
                total[name][b] += logsumexp(prior + like, axis=1)
    return total


def _posterior(log_like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (posterior over GRID, probability of each baseline); the purity's prior is flat."""
    log_joint = log_like + np.log(np.array(list(BASELINES.values())))[:, None]
    joint = np.exp(log_joint - log_joint.max())
    joint /= joint.sum()
    return joint.sum(axis=0), joint.sum(axis=1)


def interval(posterior: np.ndarray) -> tuple[float, float, float]:
    """Return (mode, low, high): the narrowest grid interval that holds 95 %."""
    order = np.argsort(posterior)[::-1]
    needed = int(np.searchsorted(np.cumsum(posterior[order]), 0.95)) + 1
    inside = GRID[order[:needed]]
    half = (GRID[1] - GRID[0]) / 2
    return (
        float(GRID[order[0]]),
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
    """Return how many somatic variants have a higher AF than their segment's state allows.

    The state is the likeliest by ratio and heterozygous sites. With such variants the flat part
    of the likelihood, made for strays, would carry the estimate to a purity of 1: the copy
    numbers are not the tumour's, and the purity is not known.
    """
    at = int(np.abs(GRID - purity).argmin())
    found = 0
    for part in segments:
        carried = somatic.of(part.genes)
        if not len(carried.alt):
            continue
        state = log_prior(baseline).copy()
        here = sites.of(part.genes)
        if len(here.alt):
            state = state + _log_balances(here)[at]
        if np.isfinite(part.log2):
            expected = expected_log2(GRID[at], STATES.total, 2, baseline)
            state = state + log_ratio_likelihood(part.log2, part.se, expected, STRAY_RATIOS)
        best = int(np.argmax(state))
        content = max(purity * STATES.total[best] + 2 * (1 - purity), 1e-9)
        highest = purity * (STATES.total[best] - STATES.minor[best]) / content
        low, _ = jeffreys_interval(carried.alt, carried.depth, 0.99)
        found += int((low > highest).sum())
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
    posterior, baselines = _posterior(found[""])
    value, low, high = interval(posterior)
    baseline = list(BASELINES)[int(baselines.argmax())]
    if high - low > WIDEST:
        told = f"the 95 % interval is {low:.2f} to {high:.2f}"
        return Estimate(
            None,
            None,
            None,
            f"not estimable: copy number, allelic imbalance and variants say too little ({told})",
            "none",
        )
    above = impossible(segments, sites, somatic, value, baseline)
    if above >= MOST_IMPOSSIBLE:
        return Estimate(
            None,
            None,
            None,
            f"not estimable: {above} variants have a higher AF than the copy numbers allow at any "
            "purity",
            "none",
        )
    used = [part for part in PARTS if information(_posterior(found[part])[0]) >= LEAST_INFORMATION]
    return Estimate(value, low, high, ", ".join(used or PARTS), "joint", baseline)


def from_driver(alt: int, depth: int, name: str) -> Estimate:
    """Return the purity if a driver is clonal, heterozygous and at two copies: twice its AF.

    An AF above 1/2 contradicts that; it is then a lower bound of the purity (loss of the other
    copy), and the interval says so.
    """
    low, high = map(float, jeffreys_interval(alt, depth))
    af = alt / depth
    text = f"AF of the driver {name}, taken as clonal, heterozygous and at two copies"
    if af > 0.5:
        text = f"AF of the driver {name}, which lies above 1/2: a lower bound"
        return Estimate(af, low, 1.0, text, "driver")
    return Estimate(2 * af, 2 * low, min(2 * high, 1.0), text, "driver")
