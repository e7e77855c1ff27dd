"""Fraction of tumour DNA in plasma from the counts of all alleles known of the tumour.

With f the fraction of cell-free DNA that is of the tumour, n informative fragments at a known
allele and c its allele frequency in pure tumour DNA, the fragments with the allele have

    mean = mu + c f n,    variance = mean + (sd^2 - mu) + (s c f n)^2,

mu and sd of the errors as the caller states them (FORMAT/ERR), and s the relative variation of c
among cells that shed DNA. They are negative binomial; at a few sites errors recur, as many as the
critical number that the caller states (FORMAT/CRIT). Alleles are independent given f. ctDNA is
detected if the likelihood ratio, averaged over f uniform on a log scale, exceeds what draws without
tumour DNA reach in all but alpha. The interval is Garwood's for a Poisson count: its lower end from
a prior uniform in log f, its upper end from one uniform in f.

Sources: Garwood, Biometrika 1936;28:437; fragments of many known alleles together as Wan et al.,
Sci Transl Med 2020;12:eaaz8084 (INVAR).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.call.call_constants import LOD_LEVEL
from resistpanel.compare.compare_constants import (
    FOLLOWUP_ALPHA,
    FOLLOWUP_DRAWS,
    FOLLOWUP_POWER_DRAWS,
    LIMIT_STEP,
    RECURRENT,
    SHED_SPREAD,
)
from resistpanel.core.special import gammaln

#: Fractions of tumour DNA at which likelihoods are worked out.
FRACTIONS = np.geomspace(1e-6, 1.0, 121)
#: Those over which the likelihood ratio is averaged.
_AVERAGED = FRACTIONS[::4]


@dataclasses.dataclass(frozen=True)
class KnownSite:
    """Counts of a known allele in plasma.

    Attributes
    ----------
    alt, depth : int
        Fragments, or molecules, with the allele, and informative ones.
    errors : (float, float)
        Mean and standard deviation of those with the allele if there is no tumour DNA.
    frequency : float
        Allele frequency in pure tumour DNA.
    critical : int
        Fragments with the allele that are too many for errors, but at a few sites.
    """

    alt: int
    depth: int
    errors: tuple[float, float]
    frequency: float
    critical: int


@dataclasses.dataclass(frozen=True)
class TumorFraction:
    """What all known alleles say of the tumour DNA in a sample.

    Attributes
    ----------
    detected : bool
    p : float
        Probability of as much evidence without tumour DNA.
    value, low, high : float
        Most likely fraction, and 95 % interval.
    upper : float
        One-sided 95 % upper bound.
    limit : float or None
        Lowest fraction that would have been detected with 95 % probability; None where none is.
    """

    detected: bool
    p: float
    value: float
    low: float
    high: float
    upper: float
    limit: float | None


class _Model:
    """The alleles of one sample as arrays (alleles,)."""

    def __init__(self, sites: Sequence[KnownSite]) -> None:
        self.alt = np.array([site.alt for site in sites])
        self.depth = np.array([site.depth for site in sites], float)
        self.mean = np.maximum([site.errors[0] for site in sites], 1e-9)
        spread = np.array([site.errors[1] for site in sites]) ** 2 - self.mean
        self.extra = np.maximum(spread, 0.0)
        self.frequency = np.array([site.frequency for site in sites])
        self.critical = np.array([site.critical for site in sites], float)

    def moments(self, fraction: float) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and excess of the variance over it, (alleles,)."""
        signal = np.minimum(self.frequency * fraction, 1.0) * self.depth
        return self.mean + signal, self.extra + (SHED_SPREAD * signal) ** 2

    def log_like(self, fractions: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of the counts at each fraction, (fractions,)."""
        signal = np.minimum(self.frequency[:, None] * fractions, 1.0) * self.depth[:, None]
        return self._log_counts(slice(None), self.alt[:, None], signal).sum(axis=0)

    def _log_counts(self, sites, counts, signal) -> np.ndarray:
        """Return log probabilities of counts at sites of which tumour DNA adds `signal`."""
        many = isinstance(sites, slice)
        mean, extra, critical = (
            value[:, None] if many else value[sites]
            for value in (self.mean, self.extra, self.critical)
        )
        spread = (SHED_SPREAD * signal) ** 2
        usual = log_negative_binomial(counts, mean + signal, extra + spread)
        recurrent = log_negative_binomial(counts, critical + signal, spread)
        return np.logaddexp(np.log1p(-RECURRENT) + usual, np.log(RECURRENT) + recurrent)

    def draw(self, fraction: float, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return counts, (draws, alleles)."""
        mean, extra = self.moments(fraction)
        size = mean**2 / np.maximum(extra, 1e-12 * mean**2)
        rate = rng.gamma(size, mean / size, (draws, len(mean)))
        recurs = rng.random(rate.shape) < RECURRENT
        return rng.poisson(rate + recurs * self.critical)

    def evidence(self, counts: np.ndarray) -> np.ndarray:
        """Return the log of the average likelihood ratio of each draw, (draws,)."""
        ratios = np.zeros((len(counts), len(_AVERAGED)))
        for site in range(counts.shape[1]):
            rows = np.flatnonzero(counts[:, site])
            seen, where = np.unique(counts[rows, site], return_inverse=True)
            found = self._ratio(site, np.concatenate([[0], seen]))
            # Nearly all counts are 0.
            ratios += found[0]
            ratios[rows] += (found[1:] - found[0])[where]
        most = ratios.max(axis=1, keepdims=True)
        return np.log(np.exp(ratios - most).mean(axis=1)) + most[:, 0]

    def _ratio(self, site: int, counts: np.ndarray) -> np.ndarray:
        """Return log likelihood ratios of counts at one allele, (counts, _AVERAGED)."""
        signal = np.minimum(self.frequency[site] * _AVERAGED, 1.0) * self.depth[site]
        with_ = self._log_counts(site, counts[:, None], signal)
        return with_ - self._log_counts(site, counts[:, None], np.zeros(1))


def log_negative_binomial(k, mean, extra) -> np.ndarray:
    """Return log probabilities of counts of a mean, and a variance of mean + extra."""
    k, mean, extra = np.broadcast_arrays(*(np.asarray(x, float) for x in (k, mean, extra)))
    poisson = k * np.log(mean) - mean - gammaln(k + 1)
    size = mean**2 / np.maximum(extra, 1e-12 * mean**2)
    # ln(r / (r + mean)) and ln(mean / (r + mean)), exact for large r too.
    negative = gammaln(k + size) - gammaln(size) - gammaln(k + 1)
    negative += -size * np.log1p(mean / size) + k * (np.log(mean) - np.log(size + mean))
    return np.where(extra > 1e-6 * mean, negative, poisson)


def tumor_fraction(
    sites: Sequence[KnownSite], seed: int = 1, with_limit: bool = True
) -> TumorFraction:
    """Test for tumour DNA, and estimate its fraction.

    Parameters
    ----------
    sites : sequence of KnownSite
        At least one.
    seed : int
        Of the draws; the same counts give the same result.
    with_limit : bool
        Whether the limit is worked out.
    """
    model = _Model(sites)
    rng = np.random.default_rng([seed, len(sites)])
    null = np.sort(model.evidence(model.draw(0.0, FOLLOWUP_DRAWS, rng)))
    found = float(model.evidence(model.alt[None])[0])
    as_much = len(null) - np.searchsorted(null, found - 1e-9)
    p = float(1 + as_much) / (1 + len(null))
    like = model.log_like(FRACTIONS)
    best = int(like.argmax())
    zero = float(model.log_like(np.zeros(1))[0])
    weight = np.exp(like - like.max())
    by_log, flat = weight, weight * FRACTIONS
    return TumorFraction(
        detected=p <= FOLLOWUP_ALPHA,
        p=p,
        value=float(FRACTIONS[best]) if like[best] > zero + 1e-9 else 0.0,
        low=_quantile(by_log, 0.025),
        high=_quantile(flat, 0.975),
        upper=_quantile(flat, 0.95),
        limit=_limit(model, null, rng) if with_limit else None,
    )


def _quantile(weight: np.ndarray, level: float) -> float:
    """Return the fraction below which a part `level` of weights over FRACTIONS is."""
    below = (np.cumsum(weight) - weight / 2) / weight.sum()
    return float(np.exp(np.interp(level, below, np.log(FRACTIONS))))


def _limit(model: _Model, null: np.ndarray, rng: np.random.Generator) -> float | None:
    """Return the lowest fraction detected in 95 % of draws."""
    critical = null[min(int(np.ceil((1 - FOLLOWUP_ALPHA) * len(null))), len(null) - 1)]
    known: dict[int, float] = {}

    def power(at: int) -> float:
        if at not in known:
            counts = model.draw(float(FRACTIONS[at]), FOLLOWUP_POWER_DRAWS, rng)
            known[at] = float(np.mean(model.evidence(counts) > critical + 1e-9))
        return known[at]

    # From where three fragments are expected over all alleles: no less is seen in 95 %.
    least = 3 / max(float(model.frequency @ model.depth), 1e-9)
    low = int(np.clip(np.searchsorted(FRACTIONS, least) - 1, 0, len(FRACTIONS) - 1))
    high, last = low, len(FRACTIONS) - 1
    while power(high) < LOD_LEVEL:
        if high == last:
            return None
        low, high = high, min(high + LIMIT_STEP, last)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= LOD_LEVEL else (middle, high)
    if high == low or power(high) <= power(low):
        return float(FRACTIONS[high])
    part = (LOD_LEVEL - power(low)) / (power(high) - power(low))
    return float(np.exp(np.interp(part, [0, 1], np.log(FRACTIONS[[low, high]]))))
