"""Intervals, likelihoods and false discovery rates that several stages use.

Counts may be arrays; all functions broadcast.
"""

import numpy as np

from resistpanel.core.core_constants import Z95
from resistpanel.core.special import (
    betainc,
    betaincinv,
    betaln,
    expit,
    gammaincinv,
    logit,
    ndtri,
    xlog1py,
    xlogy,
)

#: Counts up to which the beta-binomial's distribution is summed, and steps to a root at most.
SUMMED, STEPS = 30, 60
#: Overdispersion below which counts are binomial: logarithms of the beta function lose digits.
LEAST_RHO = 1e-10


def jeffreys_interval(alt, depth, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the equal-tailed Jeffreys interval of a proportion.

    Quantiles of Beta(alt + 1/2, depth - alt + 1/2) (Brown, Cai and DasGupta, Stat Sci
    2001;16:101). The lower end is 0 where `alt` is 0, the upper end 1 where it is `depth`.
    """
    alt, depth = np.asarray(alt, float), np.asarray(depth, float)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = betaincinv(alt + 0.5, depth - alt + 0.5, tail)
        high = betaincinv(alt + 0.5, depth - alt + 0.5, 1 - tail)
    return np.where(alt <= 0, 0.0, low), np.where(alt >= depth, 1.0, high)


def clopper_pearson_upper(alt, depth, level: float = 0.95) -> np.ndarray:
    """Return the one-sided upper bound of a proportion (Clopper and Pearson, 1934).

    The quantile `level` of Beta(alt + 1, depth - alt); with `alt` 0 it is
    1 - (1 - level)^(1/depth), about 3/depth at 95 %. NaN where `depth` is 0.
    """
    alt, depth = np.asarray(alt, float), np.asarray(depth, float)
    with np.errstate(invalid="ignore"):
        bound = betaincinv(alt + 1, np.maximum(depth - alt, 1e-9), level)
    return np.where(depth > 0, np.where(alt >= depth, 1.0, bound), np.nan)


def clopper_pearson_interval(alt, depth, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact two-sided interval of a proportion (Clopper and Pearson, 1934)."""
    alt, depth = np.asarray(alt, float), np.asarray(depth, float)
    tail = (1 - level) / 2
    low = betaincinv(np.maximum(alt, 1e-9), depth - alt + 1, tail)
    return np.where(alt <= 0, 0.0, low), clopper_pearson_upper(alt, depth, 1 - tail)


def effective_depth(depth, rho) -> np.ndarray:
    """Return the depth at which binomial counts vary as much as these, n / (1 + (n - 1) rho)."""
    depth = np.asarray(depth, float)
    return depth / (1 + np.maximum(depth - 1, 0) * np.asarray(rho, float))


def overdispersed_interval(alt, depth, rho, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the score interval of a frequency under beta-binomial counts.

    The frequencies f of which the observed one is within z standard deviations,
    |alt / depth - f| <= z sqrt(f (1 - f) / n'), n' the effective depth: the interval of Wilson
    (1927) at that depth, with rho 0 his. Brown, Cai and DasGupta, Stat Sci 2001;16:101 recommend
    it and Jeffreys' for small counts; of the two it is this one whose coverage is 93 to 97 %
    wherever whole counts allow it (`benchmarks.interval_coverage`). (0, 1) where `depth` is 0.

    Parameters
    ----------
    alt, depth : array_like
    rho : array_like
        0 to below 1; see `log_beta_binomial`.
    """
    alt, depth = np.asarray(alt, float), np.asarray(depth, float)
    effective = np.maximum(effective_depth(depth, rho), 1e-9)
    z = Z95 if level == 0.95 else ndtri((1 + level) / 2)
    # A depth that is not whole may be rounded below the count.
    p, zz = np.minimum(alt / np.maximum(depth, 1), 1), z * z
    middle = (p + zz / (2 * effective)) / (1 + zz / effective)
    half = z / (1 + zz / effective) * np.sqrt(p * (1 - p) / effective + (zz / effective**2) / 4)
    # At 0 and 1 an end equals the proportion, but for rounding.
    low, high = np.clip(np.minimum(middle - half, p), 0, 1), np.clip(middle + half, p, 1)
    none = depth <= 0
    return np.where(none | (alt <= 0), 0.0, low), np.where(none | (alt >= depth), 1.0, high)


def overdispersed_upper(alt, depth, rho, level: float = 0.95) -> np.ndarray:
    """Return the one-sided upper bound of a frequency under beta-binomial counts.

    The frequency at which as few fragments as `alt` have the probability 1 - level: the bound of
    Clopper and Pearson (1934) with the beta-binomial in the place of the binomial, equal to it at
    rho 0. Beyond `SUMMED` fragments it is that of the binomial at the effective depth. NaN where
    `depth` is 0.

    Parameters
    ----------
    alt, depth : array_like of int
    rho : array_like
        0 to below 1; see `log_beta_binomial`.
    """
    alt, depth, rho = np.broadcast_arrays(
        np.asarray(alt, float), np.asarray(depth, float), np.asarray(rho, float)
    )
    effective = effective_depth(depth, rho)
    bound = clopper_pearson_upper(alt * effective / np.maximum(depth, 1), effective, level)
    few = (rho > LEAST_RHO) & (depth > alt) & (alt <= SUMMED)
    if few.any():
        bound = np.array(bound, ndmin=1) if bound.ndim == 0 else bound.copy()
        exact = _beta_binomial_upper(
            *(np.atleast_1d(x)[np.atleast_1d(few)] for x in (alt, depth, rho)), level
        )
        bound[np.atleast_1d(few)] = exact
    return bound.reshape(alt.shape)


def ratio_upper(estimate: float, upper: float, divisor: float, divisor_low: float) -> float:
    """Return the upper bound of a ratio from bounds of either part (MOVER-R).

    Donner and Zou, Stat Methods Med Res 2012;21:347. Both bounds have the level of the result. It
    is about ``upper / divisor`` where the estimate is 0: the error of the divisor adds as standard
    deviations do.

    Parameters
    ----------
    estimate, upper : float
        0 or more.
    divisor, divisor_low : float
        The lower bound is above 0 and at most the divisor.
    """
    product, both = estimate * divisor, divisor_low * (2 * divisor - divisor_low)
    root = max(product**2 - both * upper * (2 * estimate - upper), 0.0) ** 0.5
    return (product + root) / both


def overdispersed_limit(limit, depth, rho, least=0.0, level: float = 0.95) -> np.ndarray:
    """Return a limit of detection that holds for beta-binomial counts.

    A limit f for binomial counts says that a number of fragments k is reached with the probability
    `level`. k follows from f; the result is the frequency at which beta-binomial counts reach it as
    often: the bound of `overdispersed_upper` for k - 1 fragments, interpolated between whole ones.

    Parameters
    ----------
    limit : array_like
        Binomial limits; NaN stay NaN.
    depth, rho : array_like
    least : array_like
        Fragments that are asked for in any case.
    """
    limit, depth, rho, least = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (limit, depth, rho, least))
    )
    result = np.array(limit, dtype=float)
    use = np.isfinite(limit) & (limit < 1) & (rho > 0) & (depth > 1)
    f, n, r = limit[use], depth[use], rho[use]

    def excess(k):
        """Quantile of the probability of k fragments or more, over that of `level`."""
        return ndtri(np.clip(betainc(k, n - k + 1, f), 1e-300, 1 - 1e-15)) - ndtri(level)

    mean, sd = n * f, np.sqrt(n * f * (1 - f))
    k = _root(excess, mean - (Z95 + 1) * sd - 1, mean - sd + 1, 0.5, n)
    k = np.minimum(np.maximum(k, np.maximum(least[use], 1.0)), n)
    whole = np.floor(k)
    below, above = (overdispersed_upper(whole - 1 + step, n, r, level) for step in (0, 1))
    result[use] = np.maximum(below + (k - whole) * (above - below), f)
    return result


def _beta_binomial_upper(alt, depth, rho, level: float) -> np.ndarray:
    """Return the bound of `overdispersed_upper`; 1-d arrays, alt 0 or more, rho above 0."""
    size = (1 - rho) / rho
    most, goal = int(alt.max(initial=0)), np.log(1 - level)

    def excess(logit):
        """Log probability of at most `alt` fragments, over what it is at the bound."""
        a, b = size * expit(logit), size * expit(-logit)
        term = np.exp(betaln(a, b + depth) - betaln(a, b))
        total = term.copy()
        for j in range(most):
            # P(j + 1) / P(j) of the beta-binomial.
            term = term * (depth - j) / (j + 1) * (a + j) / np.maximum(b + depth - j - 1, 1e-300)
            total += np.where(j < alt, term, 0.0)
        return np.log(np.maximum(total, 1e-300)) - goal

    effective = effective_depth(depth, rho)
    near = logit(
        np.clip(clopper_pearson_upper(alt * effective / depth, effective, level), 1e-12, 1 - 1e-12)
    )
    return expit(_root(excess, near - 1, near + 1, -30.0, 30.0))


def _root(falling, low, high, least, most) -> np.ndarray:
    """Return where a falling function of each element is 0, by the Illinois method.

    Dowell and Jarratt, BIT 1971;11:168: false position, with the value of an end that stays
    twice halved. Relative to halving it takes a quarter of the evaluations.

    Parameters
    ----------
    falling : function of (n,)
        Nearly straight, else it takes more steps; at the `STEPS`-th they end.
    low, high : (n,)
        Where the root is likely to be.
    least, most : float or (n,)
        Between these it is; the nearer end is returned where it is not.
    """
    low, high = np.clip(low, least, most), np.clip(high, least, most)
    at_low, at_high = falling(low), falling(high)
    if (at_low < 0).any():
        low = np.where(at_low < 0, least, low)
        at_low = falling(low)
    if (at_high > 0).any():
        high = np.where(at_high > 0, most, high)
        at_high = falling(high)
    at_low, at_high = np.maximum(at_low, 0), np.minimum(at_high, 0)
    between = (at_low > 0) & (at_high < 0)
    found, last = low, np.zeros(len(low))
    for _ in range(STEPS):
        fall = at_low - at_high
        found = np.where(fall > 0, low + (high - low) * at_low / np.where(fall > 0, fall, 1), low)
        value = falling(found)
        if np.abs(value[between]).max(initial=0) < 1e-6:
            break
        side = np.where(value > 0, 1, -1)
        halved = np.where(side == last, 0.5, 1.0)
        at_low = np.where(side > 0, value, halved * at_low)
        at_high = np.where(side > 0, halved * at_high, value)
        low, high = np.where(side > 0, found, low), np.where(side > 0, high, found)
        last = side
    return found


def wilson_interval(hits: int, number: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion (Wilson 1927); (0, 1) where `number` is 0."""
    low, high = overdispersed_interval(hits, number, 0.0)
    return float(low), float(high)


def log_sum_exp(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return log(sum(exp(values))) along an axis; scipy's does more, ten times slower for few."""
    most = values.max(axis=axis, keepdims=True)
    # Of nothing but -inf the result is -inf.
    most = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - most).sum(axis=axis)) + most.squeeze(axis)


class BetaBinomial:
    """Beta-binomial log-likelihoods of allele counts at given frequencies, for many counts.

    Parameters
    ----------
    frequency : array_like
        Expected allele frequency; kept 1e-9 away from 0 and 1.
    rho : array_like
        Overdispersion (intraclass correlation), 0 to below 1; 0 is the binomial, and is then 0
        for all. The variance of counts is ``depth f (1 - f) (1 + (depth - 1) rho)``.

    Notes
    -----
    alt | f ~ BetaBin(depth, f M, (1 - f) M) with M = (1 - rho) / rho (Gerstung et al., Nat Commun
    2012;3:811; Roth et al., Nat Methods 2014;11:396).
    """

    def __init__(self, frequency, rho):
        self._frequency = np.minimum(np.maximum(np.asarray(frequency, float), 1e-9), 1 - 1e-9)
        self._binomial = bool(np.all(rho == 0))
        if not self._binomial:
            size = (1 - np.asarray(rho, float)) / rho
            self._a, self._b = self._frequency * size, (1 - self._frequency) * size
            self._log_beta = betaln(self._a, self._b)

    def log(self, alt, depth) -> np.ndarray:
        """Return the log-likelihood of counts without its constant; `alt` of `depth` fragments."""
        if self._binomial:
            return xlogy(alt, self._frequency) + xlog1py(depth - alt, -self._frequency)
        return betaln(self._a + alt, self._b + depth - alt) - self._log_beta


def log_beta_binomial(frequency, alt, depth, rho) -> np.ndarray:
    """Return the beta-binomial log-likelihood of allele counts, see `BetaBinomial`."""
    return BetaBinomial(frequency, rho).log(alt, depth)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Return q values (Benjamini and Hochberg, J R Stat Soc B 1995;57:289); NaN stay NaN."""
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if len(known):
        order = known[np.argsort(p[known])]
        scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
        q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def poisson_interval(events: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided interval of a Poisson mean (Garwood 1936, Biometrika 28:437)."""
    tail = (1 - level) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    return low, float(gammaincinv(events + 1, 1 - tail))
