"""How likely presence of an allele is in a sample that shows a few fragments of it.

The caller states a Bayes factor of presence against absence for each sample (FORMAT/PRESENCE),
from every fragment's error probability and from all samples of the site. This is the same from
counts alone, for calls of an earlier version and to tabulate what a depth can show: with a
fragments of N in the matched normal, k of n in the sample, and background b,

    BF = sum_b P(b) P(a | N, b) P(k | n, present) / sum_b P(b) P(a | N, b) P(k | n, b).

b is an error rate with a Beta(1, 1/error) prior, which the normal's counts update, or a recurrent
artifact at one frequency in both samples, with the caller's priors. Presence has the caller's prior
of an allele frequency.
"""

import functools
import math

import numpy as np

from resistpanel.call.call_constants import PRESENT_BF
from resistpanel.call.model.posterior import (
    FREQUENCIES,
    Priors,
    log_artifact_prior,
    log_frequency_prior,
)
from resistpanel.compare.compare_constants import LEAST_ODDS
from resistpanel.core.special import betaln, gammaln
from resistpanel.core.stats import log_sum_exp

_FREQUENCY = FREQUENCIES[1:]
_LOG_PRESENT = log_frequency_prior()
_LOG_ARTIFACT = log_artifact_prior() + math.log(Priors().artifact / Priors().null)

#: Log10 of the evidence from which on an allele may have been present, and is detected.
POSSIBLE, PRESENT = math.log10(LEAST_ODDS), math.log10(PRESENT_BF)


def log_counts(alt, depth, frequency) -> np.ndarray:
    """Return the log of the binomial probability of counts; all arguments broadcast."""
    alt, depth = np.asarray(alt, float), np.asarray(depth, float)
    chosen = gammaln(depth + 1) - gammaln(alt + 1) - gammaln(depth - alt + 1)
    return chosen + alt * np.log(frequency) + (depth - alt) * np.log1p(-frequency)


def log_if_present(alt, depth, error: float) -> np.ndarray:
    """Return the log probability of counts in a sample that has the allele.

    Parameters
    ----------
    alt, depth : array_like, (...)
        Fragments with the allele, and all.
    error : float
        Error rate per fragment.

    Returns
    -------
    float64, (...)
    """
    alt, depth = np.asarray(alt)[..., None], np.asarray(depth)[..., None]
    shown = _FREQUENCY + (1 - _FREQUENCY) * error
    return log_sum_exp(_LOG_PRESENT + log_counts(alt, depth, shown))


@functools.lru_cache(maxsize=65536)
def log10_presence(alt: int, depth: int, error: float, control: tuple[int, int] = (0, 0)) -> float:
    """Return the log10 Bayes factor of presence against absence.

    Parameters
    ----------
    alt, depth : int
        Fragments with the allele, and all, of the sample.
    error : float
        Expected error rate of the allele, per fragment.
    control : (int, int)
        The same counts of the matched normal, (0, 0) without one. Then no recurrent artifact is
        considered.
    """
    if depth == 0:
        return 0.0
    errors, clean = control[0], control[1] - control[0]
    present = float(log_if_present(alt, depth, error))
    of_control = [_log_errors(errors, control[1], 1, 1 / error)]
    absent = [_log_errors(alt, depth, 1 + errors, 1 / error + clean)]
    if control[1]:
        here = _LOG_ARTIFACT + log_counts(errors, control[1], _FREQUENCY)
        of_control.append(float(log_sum_exp(here)))
        both = float(log_sum_exp(here + log_counts(alt, depth, _FREQUENCY)))
        absent.append(both - of_control[1])
    weights = np.array(of_control)
    result = log_sum_exp(weights) + present - log_sum_exp(weights + np.array(absent))
    return float(result) / math.log(10)


def _log_errors(alt: int, depth: int, a: float, b: float) -> float:
    """Return the log probability of counts at a rate from Beta(a, b)."""
    chosen = gammaln(depth + 1) - gammaln(alt + 1) - gammaln(depth - alt + 1)
    return float(chosen + betaln(alt + a, depth - alt + b) - betaln(a, b))


def possible_counts(
    depth: int, error: float, control: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Return the fewest and the most fragments at which presence is possible, and not certain.

    The evidence is between `LEAST_ODDS` and the caller's `PRESENT_BF` to 1. The two are the same
    where one number of fragments is in this range.

    Parameters
    ----------
    depth : int
    error : float
    control : (int, int), optional
        Of the matched normal; as deep and without the allele if not given.

    Returns
    -------
    least, most : int
        `most` is `least` - 1 where no number is in the range.
    """
    control = (0, depth) if control is None else control
    least = _fewest(depth, error, control, POSSIBLE)
    # The caller requires two fragments in any case.
    return least, max(_fewest(depth, error, control, PRESENT), 2) - 1


def _fewest(depth: int, error: float, control: tuple[int, int], log10_odds: float) -> int:
    """Return the fewest fragments that reach the evidence."""
    start = int(depth * (control[0] + 1) / (control[1] + 1 / error))
    below, above = -1, max(start, 1)
    while above < depth and log10_presence(above, depth, error, control) < log10_odds:
        below, above = above, min(2 * above, depth)
    while above - below > 1:
        middle = (below + above) // 2
        reached = log10_presence(middle, depth, error, control) >= log10_odds
        below, above = (below, middle) if reached else (middle, above)
    return above
