"""Marginal likelihood of somatic variants whose cancer cell fractions are shared by clusters.

Variants of one subclone have one cancer cell fraction (CCF). Ten of them at one allele frequency
are one observation of where a subclone can be, not ten. The CCF of a variant is therefore drawn
from a distribution that is itself unknown, with a Dirichlet process as its prior: a clonal part, on
one copy or on all of the commoner haplotype's, and a subclonal one, uniform over the CCF. The
marginal likelihood is computed by predictive recursion: each variant is predicted from those before
it, and the distribution then updated.

Sources: Roth et al., Nat Methods 2014;11:396 (PyClone: Dirichlet process of CCFs); Newton, Sankhya
2002;64:306 and Martin and Tokdar, J Am Stat Assoc 2011;106:1 (predictive recursion and its marginal
likelihood).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.copynumber.copy_states import States, log_counts
from resistpanel.copynumber.copynumber_constants import (
    CCF_POINTS,
    CLONAL,
    CLONAL_WEIGHT,
    CONCENTRATION,
    MOST_STATES,
    ORDERS,
    SINGLE,
    SINGLE_SHARE,
    STRAY_VARIANTS,
    SUBCLONAL,
)
from resistpanel.core.special import betaln, gammaln

_TINY = float(np.finfo(float).tiny)
#: Allele frequencies at which likelihoods are computed; those between have that of the nearest.
FREQUENCIES = np.linspace(0.0, 1.0, 4001)
#: Middles of equal parts of the CCFs.
CCFS = (np.arange(CCF_POINTS) + 0.5) / CCF_POINTS


def _at(frequency: np.ndarray) -> np.ndarray:
    """Return the indices of the nearest of `FREQUENCIES`."""
    return (frequency * (len(FREQUENCIES) - 1) + 0.5).astype(np.intp)


@dataclasses.dataclass(frozen=True)
class VariantCurves:
    """Likelihood of variants by their allele frequency.

    Attributes
    ----------
    at, below : ndarray, (variants, len(FREQUENCIES))
        Likelihood at `FREQUENCIES`, and its mean over all below each.
    stray : ndarray, (variants,)
        Likelihood at a frequency of which nothing is known.
    """

    at: np.ndarray
    below: np.ndarray
    stray: np.ndarray

    @classmethod
    def of(cls, alt: np.ndarray, depth: np.ndarray, rho: float) -> "VariantCurves":
        """Return the curves of allele counts with overdispersion `rho`."""
        a, n = alt[:, None], depth[:, None]
        constant = gammaln(n + 1) - gammaln(a + 1) - gammaln(n - a + 1)
        at = np.exp(constant + log_counts(FREQUENCIES, a, n, rho))
        summed = np.cumsum((at[:, 1:] + at[:, :-1]) / 2 * np.diff(FREQUENCIES), axis=1)
        below = np.concatenate([at[:, :1], summed / FREQUENCIES[1:]], axis=1)
        return cls(at, below, np.exp(constant + betaln(a + 1, n - a + 1))[:, 0])


@dataclasses.dataclass(frozen=True)
class VariantParts:
    """Likelihood of variants for each thing that they can be, arrays over (variants, purities).

    Attributes
    ----------
    single, many : ndarray, (variants, purities)
        Clonal, on one copy and on all copies of the commoner haplotype.
    subclonal : ndarray, (variants, purities, len(CCFS))
    stray : ndarray, (variants,)
    """

    single: np.ndarray
    many: np.ndarray
    subclonal: np.ndarray
    stray: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence["VariantParts"]) -> "VariantParts":
        """Return the variants of several segments."""
        return cls(
            *(
                np.concatenate([getattr(one, field.name) for one in parts])
                for field in dataclasses.fields(cls)
            )
        )


def variant_parts(
    curves: VariantCurves, states: States, purity: np.ndarray, weight: np.ndarray
) -> VariantParts:
    """Return what the variants of one segment are, averaged over its states.

    Parameters
    ----------
    curves : VariantCurves
        Of the segment's variants.
    states : States
    purity : ndarray, (purities,)
    weight : ndarray, (purities, states)
        Probability of each state by all else; it sums to 1 over states. A variant's states are
        those that all else and the variants before it leave.
    """
    p = purity[:, None]
    content = np.maximum(p * states.total + 2 * (1 - p), 1e-9)
    exists = states.total > 0
    major = np.where(exists, states.total - states.minor, 0)
    one = np.clip(p * np.minimum(major, 1) / content, 0, 1)
    most = np.clip(p * major / content, 0, 1)
    alone = np.where(major > 1, SINGLE, 1.0)
    shape = (len(curves.stray), len(purity))
    single, many, subclonal = (
        np.empty(shape),
        np.empty(shape),
        np.empty((*shape, len(CCFS)), np.float32),
    )
    for v, (at, below, stray) in enumerate(zip(curves.at, curves.below, curves.stray, strict=True)):
        first, last = at[_at(one)], at[_at(most)]
        there = exists * weight
        single[v], many[v] = (there * first).sum(axis=1), (there * last).sum(axis=1)
        # The likeliest states are enough for those.
        kept = np.argpartition(weight, -MOST_STATES, axis=1)[:, -MOST_STATES:]
        used = np.take_along_axis(weight, kept, 1)
        used = exists[kept] * used / used.sum(axis=1, keepdims=True)
        low, high = np.take_along_axis(one, kept, 1), np.take_along_axis(most, kept, 1)
        share = alone[kept]
        subclonal[v] = np.einsum("ps,psc->pc", used * share, at[_at(low[..., None] * CCFS)])
        subclonal[v] += np.einsum("ps,psc->pc", used * (1 - share), at[_at(high[..., None] * CCFS)])
        if v + 1 < len(curves.stray):
            clonal = alone * first + (1 - alone) * last
            under = alone * below[_at(one)] + (1 - alone) * below[_at(most)]
            weight = weight * (
                exists * (CLONAL * clonal + SUBCLONAL * under) + STRAY_VARIANTS * stray
            )
            weight = weight / weight.sum(axis=1, keepdims=True)
    return VariantParts(single, many, subclonal, curves.stray)


def log_marginal(parts: VariantParts) -> np.ndarray:
    """Return the log marginal likelihood of variants, (purities,).

    Notes
    -----
    The mean over `ORDERS` orders of the variants, since that of predictive recursion depends on it.
    """
    before, known = SINGLE_SHARE
    rng = np.random.default_rng(0)
    number, purities = parts.single.shape
    total = np.zeros(purities)
    for _ in range(ORDERS):
        clonal = np.full(purities, CLONAL / (CLONAL + SUBCLONAL))
        alone = np.full(purities, before)
        fractions = np.full((purities, len(CCFS)), 1 / len(CCFS))
        seen, seen_clonal, seen_subclonal = np.zeros((3, purities))
        for v in rng.permutation(number):
            on_one = alone * parts.single[v]
            fit_clonal = on_one + (1 - alone) * parts.many[v]
            at_each = fractions * parts.subclonal[v]
            fit_subclonal = at_each.sum(axis=1)
            fit = clonal * fit_clonal + (1 - clonal) * fit_subclonal
            predicted = (1 - STRAY_VARIANTS) * fit + STRAY_VARIANTS * parts.stray[v]
            total += np.log(predicted)
            real = (1 - STRAY_VARIANTS) * fit / predicted
            share = clonal * fit_clonal / np.maximum(fit, _TINY)
            seen += real
            seen_clonal += real * share
            seen_subclonal += real * (1 - share)
            clonal = clonal + real / (CLONAL_WEIGHT + seen) * (share - clonal)
            step = real * share / (known + seen_clonal)
            alone = alone + step * (on_one / np.maximum(fit_clonal, _TINY) - alone)
            step = real * (1 - share) / (CONCENTRATION + seen_subclonal)
            at_each /= np.maximum(fit_subclonal, _TINY)[:, None]
            fractions += step[:, None] * (at_each - fractions)
    return total / ORDERS
