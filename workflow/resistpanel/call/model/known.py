"""How many fragments show a known allele, in a sample that may lack it.

An allele that was found in a patient's tumour is looked for in plasma at one place alone, so that
it takes less evidence than one that is looked for over the panel. The number of fragments with the
allele in a sample without it has the distribution

    P(K = k | absent) = sum_b w_b P(k | b),

over the backgrounds b of `presence.backgrounds`: Poisson at the expected errors times a multiplier,
shared by the samples or of this one's orientations, or fragments of a recurrent artifact. w_b is
what the other samples leave of the prior. A known allele is detected from the fewest fragments on
that absence reaches with a probability of at most alpha.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resistpanel.call.call_constants import ARTIFACT_SPREAD, LONGEST_TAIL
from resistpanel.call.errors.error_model import MULTIPLIERS
from resistpanel.call.model.posterior import FREQUENCIES, Evidence, spread
from resistpanel.call.model.presence import Backgrounds
from resistpanel.core.special import gammaln

#: Alleles times the length of their tails that are worked out at once: 25 MB of probabilities.
TOGETHER = 32_000


@dataclass(frozen=True)
class KnownErrors:
    """Fragments with an allele in samples without it.

    Attributes
    ----------
    mean, sd : float64, (candidates, samples)
        Of their number by errors, an artifact left out.
    critical : float64, (candidates, samples)
        Fewest at which a known allele is detected; NaN where no number up to `LONGEST_TAIL` is.
    """

    mean: np.ndarray
    sd: np.ndarray
    critical: np.ndarray


def known_errors(
    evidence: Evidence, found: Backgrounds, alpha: float, samples: Sequence[int] | None = None
) -> KnownErrors:
    """Return the distributions of errors of known alleles.

    Parameters
    ----------
    evidence : Evidence
    found : Backgrounds
        Of the same candidates.
    alpha : float
        Highest probability that absence shows as many fragments as detection takes.
    samples : sequence of int, optional
        Those that are asked for; all without it.
    """
    shape = evidence.other.shape
    mean, sd, critical = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
    asked = np.arange(shape[1]) if samples is None else np.asarray(samples, dtype=int)
    i, s = (x.reshape(-1) for x in np.meshgrid(np.arange(shape[0]), asked, indexing="ij"))
    expected = evidence.expected[i, s]
    most = np.clip(20 + 8 * expected.sum(1), 40, LONGEST_TAIL).astype(int)
    total = (evidence.other + evidence.errors.sum((2, 3)))[i, s]
    # Alleles whose tails are of about one length together, as many as fit into the memory.
    order = np.lexsort([total, most])
    step = max(1, TOGETHER // int(most.max(initial=1)))
    for some in (order[k : k + step] for k in range(0, len(order), step)):
        at = i[some], s[some]
        given = np.exp(found.given_others[at] - found.given_others[at].max(1, keepdims=True))
        mean[at], sd[at], critical[at] = _together(
            expected[some],
            np.exp(evidence.log_shared[i[some]]),
            np.exp(evidence.log_own[at]),
            given / given.sum(1, keepdims=True),
            total[some],
            most[some],
            alpha,
        )
    return KnownErrors(mean, sd, critical)


def _together(
    expected: np.ndarray,
    prior: np.ndarray,
    own: np.ndarray,
    given: np.ndarray,
    total: np.ndarray,
    most: np.ndarray,
    alpha: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean and standard deviation of alleles' errors, and the fewest that are detected.

    Parameters
    ----------
    expected : (n, 3)
        Errors expected by kind at m = 1.
    prior : (n, MULTIPLIERS)
        Of the shared multipliers.
    own : (n, 2, MULTIPLIERS)
        Distribution of the multiplier of each orientation.
    given : (n, backgrounds)
        Weights of the backgrounds by what the other samples show.
    total : (n,)
        Fragments.
    most : int, (n,)
        Number of fragments up to which the tail is worked out.
    alpha : float
    """
    shared = len(MULTIPLIERS)
    # As for presence, what the other samples show can raise the errors and not lower them.
    by_prior = given.copy()
    by_prior[:, :shared] = given[:, :shared].sum(1, keepdims=True) * prior
    counts = _counts(expected, own, total, int(most.max()), given.shape[1] > shared + 1)
    mean, variance, tail = np.full(len(total), -1.0), np.zeros(len(total)), 0.0
    for weight in (by_prior, given):
        of_errors = weight[:, : shared + 1]
        moments = _moments(of_errors / of_errors.sum(1, keepdims=True), expected, own)
        variance = np.where(moments[0] > mean, moments[1], variance)
        mean = np.maximum(moments[0], mean)
        tail = np.maximum(tail, _tail(weight, counts))
    rare = (tail <= alpha) & (np.arange(tail.shape[1]) <= most[:, None])
    critical = np.where(rare.any(1), np.maximum(np.argmax(rare, axis=1), 1), np.nan)
    return mean, np.sqrt(variance), critical


def _moments(
    weight: np.ndarray, expected: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the number of errors, (n,).

    Parameters
    ----------
    weight : (n, MULTIPLIERS + 1)
        Of the shared multipliers, and of the sample's own.
    expected, own
        As `_together` has them.
    """
    first, second = own @ MULTIPLIERS, own @ MULTIPLIERS**2
    of_own = (first * expected[:, :2]).sum(1) + expected[:, 2]
    spread = ((second - first**2) * expected[:, :2] ** 2).sum(1)
    means = np.column_stack([MULTIPLIERS * expected.sum(1, keepdims=True), of_own])
    variances = means.copy()
    variances[:, -1] += spread
    mean = (weight * means).sum(1)
    return mean, (weight * (variances + means**2)).sum(1) - mean**2


def _counts(
    expected: np.ndarray, own: np.ndarray, total: np.ndarray, most: int, artifact: bool
) -> tuple[np.ndarray, ...]:
    """Return probabilities of k < `most` fragments under each background.

    Returns
    -------
    shared : (n, MULTIPLIERS, k)
    alone : (n, k)
        Multipliers of the sample's own.
    artifact : (n, FREQUENCIES - 1, k)
        At each frequency of an artifact; of no row where there is none.
    """
    alone = _poisson(most, expected[:, 2:])[:, 0]
    for side in (0, 1):
        one = _poisson(most, MULTIPLIERS * expected[:, side, None])
        alone = _convolved(alone, (own[:, side, None] @ one)[:, 0])
    frequencies = FREQUENCIES[1:] if artifact else FREQUENCIES[:0]
    # Where many more are expected, so few have no probability that counts.
    few = frequencies * total.min() < 3 * most + 20
    around = np.zeros((len(total), len(frequencies), most))
    around[:, few] = _poisson(most, frequencies[few] * total[:, None])
    return _poisson(most, MULTIPLIERS * expected.sum(1, keepdims=True)), alone, around


def _convolved(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distributions of the sum of two numbers, (n, k)."""
    result = np.zeros_like(a)
    for k in range(a.shape[1]):
        result[:, k:] += a[:, k, None] * b[:, : a.shape[1] - k]
    return result


def _tail(weight: np.ndarray, counts: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return P(K >= k) for k from 0 on, (n, k + 1), of the `_counts` with their weights."""
    shared = len(MULTIPLIERS)
    pmf = (weight[:, None, :shared] @ counts[0])[:, 0]
    pmf += weight[:, shared, None] * counts[1]
    if counts[2].shape[1]:
        around = weight[:, shared + 1 :] @ spread(ARTIFACT_SPREAD)
        pmf += (around[:, None] @ counts[2])[:, 0]
    return np.clip(1 - np.pad(np.cumsum(pmf, axis=1), ((0, 0), (1, 0))), 0, 1)


def _poisson(most: int, mean: np.ndarray) -> np.ndarray:
    """Return Poisson probabilities of k < `most`, (n, means, k)."""
    k = np.arange(most)
    mean = np.maximum(mean, 1e-12)[..., None]
    return np.exp(k * np.log(mean) - mean - gammaln(k + 1.0))
