"""Allele frequency, its interval, and the limits of what could have been seen."""

import numpy as np
from scipy.special import betaincinv, logsumexp

from resistpanel.call.model import ERROR_CENTRES, FREQUENCIES, log_frequency_prior
from resistpanel.call.noise import MULTIPLIERS


def interval(alt: np.ndarray, total: np.ndarray, level: float = 0.95):
    """Return the equal-tailed Jeffreys interval of a frequency.

    Brown, Cai and DasGupta, Statistical Science 2001; the lower end is 0 for no, the upper 1
    for all fragments.
    """
    alt, total = np.asarray(alt, float), np.asarray(total, float)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = betaincinv(alt + 0.5, total - alt + 0.5, tail)
        high = betaincinv(alt + 0.5, total - alt + 0.5, 1 - tail)
    low = np.where(alt <= 0, 0.0, low)
    high = np.where(alt >= total, 1.0, high)
    return low, high


def upper_bound(alt: np.ndarray, total: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Return the one-sided Clopper-Pearson upper bound of a frequency.

    With no fragment of n it is 1 - (1 - level)^(1/n), the rule of three.
    """
    alt, total = np.asarray(alt, float), np.asarray(total, float)
    with np.errstate(invalid="ignore"):
        bound = betaincinv(alt + 1, np.maximum(total - alt, 1e-9), level)
    return np.where(total > 0, np.where(alt >= total, 1.0, bound), np.nan)


def fragments_needed(
    total: np.ndarray,
    error: np.ndarray,
    log_multiplier: np.ndarray,
    log_odds: float,
    most: int = 400,
) -> np.ndarray:
    """Return the fewest fragments with an allele that would be called, others showing none.

    Parameters
    ----------
    total : (sites,)
        Informative fragments.
    error : (sites,)
        Typical error probability of one of them.
    log_multiplier : (MULTIPLIERS,)
    log_odds : float
        Log Bayes factor that a call needs.
    most : int
        Where even so many do not suffice, `total` + 1 is returned.

    Returns
    -------
    int, (sites,)
    """
    bins = np.clip(np.searchsorted(ERROR_CENTRES, error), 0, len(ERROR_CENTRES) - 1)
    prior_f = log_frequency_prior()
    f = FREQUENCIES[1:, None]
    result = np.full(len(total), 0, dtype=int)
    # Sites fall into few kinds: depth to 5 %, error to its bin.
    depth_key = np.round(np.log(np.maximum(total, 1)) / 0.05).astype(int)
    kinds, inverse = np.unique(np.stack([depth_key, bins], 1), axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    answers = np.empty(len(kinds), dtype=int)
    for i, (key, b) in enumerate(kinds):
        n = np.exp(key * 0.05)
        e = ERROR_CENTRES[b]
        ks = np.arange(1, int(min(most, max(n, 2))) + 1)
        m_e = np.minimum(MULTIPLIERS * e, 0.5)[None, :]
        per_alt = np.log(f + (1 - f) * m_e)  # f, m
        fixed = -(1 - f) * MULTIPLIERS[None, :] * n * e
        rest = (n - ks)[:, None, None] * np.log1p(-f)[None]
        present = logsumexp(
            prior_f[None, :, None] + ks[:, None, None] * per_alt[None] + rest + fixed[None],
            axis=1,
        )
        absent = ks[:, None] * np.log(m_e) - MULTIPLIERS[None, :] * n * e
        log_bf = logsumexp(log_multiplier + present, axis=1) - logsumexp(
            log_multiplier + absent, axis=1
        )
        enough = np.flatnonzero(log_bf >= log_odds)
        answers[i] = ks[enough[0]] if len(enough) else -1
    result = answers[inverse]
    return np.where(result < 0, np.asarray(total).astype(int) + 1, result)


def detection_limit(needed: np.ndarray, total: np.ndarray, power: float = 0.95) -> np.ndarray:
    """Return the AF at which `needed` of `total` fragments are reached with probability `power`.

    The inverse of the binomial tail: P(X >= k | n, f) is the beta distribution function of f
    with parameters k and n - k + 1. NaN where no frequency would do.
    """
    needed, total = np.asarray(needed, float), np.asarray(total, float)
    with np.errstate(invalid="ignore"):
        limit = betaincinv(needed, np.maximum(total - needed + 1, 1e-9), power)
    return np.where(needed <= total, limit, np.nan)
