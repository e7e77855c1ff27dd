"""How many fragments show a known allele, in a sample that may lack it.

An allele that was found in a patient's tumour is looked for in plasma at one place alone, so that
it takes less evidence than one that is looked for over the panel. The number of fragments with the
allele in a sample without it has the distribution

    P(K = k | absent) = sum_b w_b P(k | b),

over the backgrounds b of `presence.backgrounds`: Poisson at the expected errors times a multiplier,
shared by the samples or of this one's orientations, or fragments of a recurrent artefact. w_b is
what the other samples leave of the prior. A known allele is detected from the fewest fragments on
that absence reaches with a probability of at most alpha.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resistpanel.call.call_constants import ARTIFACT_SPREAD, LONGEST_TAIL
from resistpanel.call.errors.error_model import MULTIPLIERS
from resistpanel.call.model.posterior import FREQUENCIES, Evidence, log_spread
from resistpanel.call.model.presence import Backgrounds
from resistpanel.core.special import gammaln


@dataclass(frozen=True)
class KnownErrors:
    """Fragments with an allele in samples without it.

    Attributes
    ----------
    mean, sd : float64, (candidates, samples)
        Of their number by errors, an artefact left out.
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
    total = evidence.other + evidence.errors.sum((2, 3))
    artefact = np.exp(log_spread(ARTIFACT_SPREAD))
    shared = len(MULTIPLIERS)
    asked = range(shape[1]) if samples is None else samples
    for i, s in itertools.product(range(shape[0]), asked):
        expected = evidence.expected[i, s]
        own = np.exp(evidence.log_own[i, s])
        prior = np.exp(evidence.log_shared[i])
        given = np.exp(found.given_others[i, s] - found.given_others[i, s].max())
        given /= given.sum()
        # As for presence, what the other samples show can raise the errors and not lower them.
        tails = []
        counts = _counts(expected, own, total[i, s], len(given) > shared + 1)
        for weight in (_of_prior(prior, given, shared), given):
            of_errors = weight[: shared + 1] / weight[: shared + 1].sum()
            moments = _moments(of_errors, expected, own)
            if moments[0] > mean[i, s] or not tails:
                mean[i, s], sd[i, s] = moments[0], np.sqrt(moments[1])
            tails.append(_tail(weight, counts, artefact))
        reached = np.flatnonzero(np.maximum(*tails) <= alpha)
        if len(reached):
            critical[i, s] = max(reached[0], 1)
    return KnownErrors(mean, sd, critical)


def _of_prior(prior: np.ndarray, given: np.ndarray, shared: int) -> np.ndarray:
    """Return weights with the shared multipliers by their prior, whatever the others show."""
    weight = given.copy()
    weight[:shared] = given[:shared].sum() * prior
    return weight


def _moments(weight: np.ndarray, expected: np.ndarray, own: np.ndarray) -> tuple[float, float]:
    """Return mean and variance of the number of errors.

    Parameters
    ----------
    weight : (MULTIPLIERS + 1,)
        Of the shared multipliers, and of the sample's own.
    expected : (3,)
        Errors expected by kind at m = 1.
    own : (2, MULTIPLIERS)
        Distribution of the multiplier of each orientation.
    """
    first, second = own @ MULTIPLIERS, own @ MULTIPLIERS**2
    of_own = first @ expected[:2] + expected[2]
    spread = (second - first**2) @ expected[:2] ** 2
    means = np.append(MULTIPLIERS * expected.sum(), of_own)
    variances = means + np.append(np.zeros(len(MULTIPLIERS)), spread)
    mean = weight @ means
    return float(mean), float(weight @ (variances + means**2) - mean**2)


def _counts(
    expected: np.ndarray, own: np.ndarray, total: float, artefact: bool
) -> tuple[np.ndarray, ...]:
    """Return probabilities of k fragments, from 0 on, under each background.

    Returns
    -------
    shared : (MULTIPLIERS, k)
    alone : (k,)
        Multipliers of the sample's own.
    artefact : (FREQUENCIES - 1, k)
        At each frequency; of no row where there is no such background.
    """
    most = int(np.clip(20 + 8 * expected.sum(), 40, LONGEST_TAIL))
    k = np.arange(most)
    alone = _poisson(k, expected[2:])[0]
    for side in (0, 1):
        alone = np.convolve(alone, own[side] @ _poisson(k, MULTIPLIERS * expected[side]))[:most]
    frequencies = FREQUENCIES[1:] if artefact else FREQUENCIES[:0]
    return (
        _poisson(k, MULTIPLIERS * expected.sum()),
        alone,
        _poisson(k, frequencies * total),
    )


def _tail(weight: np.ndarray, counts: tuple[np.ndarray, ...], artefact: np.ndarray) -> np.ndarray:
    """Return P(K >= k) for k from 0 on, of the `_counts` of backgrounds with their weights."""
    shared = len(MULTIPLIERS)
    pmf = weight[:shared] @ counts[0]
    pmf += weight[shared] * counts[1]
    if len(counts[2]):
        pmf += (weight[shared + 1 :] @ artefact) @ counts[2]
    return np.clip(1 - np.concatenate([[0.0], np.cumsum(pmf)]), 0, 1)


def _poisson(k: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return Poisson probabilities, (means, k)."""
    mean = np.maximum(np.asarray(mean, float), 1e-12)[:, None]
    return np.exp(k * np.log(mean) - mean - gammaln(k + 1.0))
