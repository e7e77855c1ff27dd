"""Allele frequency, its interval, and the limits of what could have been seen."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.special import betaincinv

from resistpanel.call.call_constants import (
    ARTIFACT_LEVEL,
    LOD_POWER,
)
from resistpanel.call.model.posterior import (
    NO_ADMIXTURE,
    Admixture,
    Evidence,
    Likelihoods,
    Priors,
    between_centres,
    evaluate,
)

#: Numbers of fragments that are tried, in this order of bisection.
TRIED = np.concatenate(
    [np.arange(3, 15), [16, 18, 20, 23, 26, 30, 35, 42, 50, 65, 85, 120, 200, 350, 600, 1000]]
)


def fragments_needed(
    evidence: Evidence,
    sample: int,
    normal: int | None,
    priors: Priors,
    threshold: float,
    log_germline_site: np.ndarray | None = None,
    admixture: Admixture = NO_ADMIXTURE,
    log_het: np.ndarray | None = None,
) -> np.ndarray:
    """Return the fewest fragments of one sample alone that would have been called at each site.

    The very model that calls is asked: the sample shows k fragments with the allele, of the
    error probability usual at the site, spread over both orientations as all fragments are, and all
    other samples none; the least k from which on the phred reaches the threshold is found by
    bisection.

    Parameters
    ----------
    evidence : Evidence
        Of the sites; their depths and expected errors are used, their alleles are not.
    sample : int
    normal : int or None
        As for `model.evaluate`; the normal's own limit is that of a tumour in its place.
    priors : Priors
    threshold : float
        Phred-scaled, as for a call.
    log_germline_site : (candidates,), optional
    admixture : Admixture
        Both as for `model.evaluate`. In place of a tumour the normal has no tumour in it.
    log_het : optional
        As for `model.evaluate`.

    Returns
    -------
    float, (candidates,)
        Infinite where not even 1,000 fragments (or all there are) would do.
    """
    if not len(evidence.other):
        return np.empty(0)
    contaminated = any(c > 0 for c in admixture.contamination.values())
    role = normal
    if sample == normal:
        samples = evidence.other.shape[1]
        role = None if samples == 1 else (sample + 1) % samples
        admixture = Admixture(contamination=admixture.contamination)
    first, inverse = _kinds(
        evidence, sample, evidence.log_carried if contaminated else None, log_germline_site
    )
    germline = None if log_germline_site is None else log_germline_site[first]

    def phred(asked: Evidence, likelihoods: Likelihoods) -> np.ndarray:
        return evaluate(
            asked, role, priors, germline, admixture, likelihoods, log_het
        ).somatic_phred

    trial = _Trial(evidence.part(first), sample, phred, threshold)
    answer = trial.last_refused() if contaminated else trial.least()
    return answer[inverse]


def _usual(evidence: Evidence, sample: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for fragments of a sample, error bin, weight of the next bin, fraction of F1R2."""
    good = evidence.good[:, sample]
    usual = evidence.expected[:, sample, :2].sum(1) / np.maximum(good.sum(1), 1)
    forward = np.where(good.sum(1) > 0, good[:, 0] / np.maximum(good.sum(1), 1), 0.5)
    return *between_centres(np.clip(usual, 1e-7, 0.3)), forward


def _kinds(
    evidence: Evidence, sample: int, *priors: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return one site of each kind, and the kind of each site.

    Sites of a kind have depths within 10 % (other samples 20 %), one bin of error rates, one
    distribution of multipliers and one prior of another person's allele and a germline variant.
    """
    total = evidence.other + evidence.errors.sum((2, 3))
    n, samples = total.shape
    bins, upper, forward = _usual(evidence, sample)
    depths = [
        np.round(np.log(np.maximum(total[:, s], 1)) / (0.1 if s == sample else 0.2))
        for s in range(samples)
    ]
    multipliers = np.round(evidence.log_own[:, sample, :, -4:].sum(2), 1)
    key = [bins, np.round(upper, 1), np.round(forward, 1), multipliers]
    key += [np.round(evidence.log_shared[:, -4], 1)]
    key += [np.round(np.broadcast_to(prior, n), 1) for prior in priors if prior is not None]
    _, first, inverse = np.unique(
        np.column_stack([*depths, *key]), axis=0, return_index=True, return_inverse=True
    )
    return first, inverse.reshape(-1)


class _Trial:
    """Tries numbers of fragments of one sample at each site; the other samples show none.

    Parameters
    ----------
    evidence : Evidence
        One site of each kind; depths and expected errors are used.
    sample : int
    phred : callable
        SOMATIC_PHRED of evidence, given its likelihoods.
    threshold : float
    """

    def __init__(
        self,
        evidence: Evidence,
        sample: int,
        phred: Callable[[Evidence, Likelihoods], np.ndarray],
        threshold: float,
    ) -> None:
        total = evidence.other + evidence.errors.sum((2, 3))
        self.none = replace(evidence, errors=np.zeros_like(evidence.errors), other=total)
        self.total, self.sample = total[:, sample], sample
        self.phred, self.threshold = phred, threshold
        self.bins, self.upper, self.forward = _usual(evidence, sample)
        # The likelihoods of the other samples do not depend on what is tried.
        self.known = Likelihoods.of(self.none)
        self.available = np.searchsorted(TRIED, self.total, side="right")

    def enough(self, k: np.ndarray) -> np.ndarray:
        """Return whether k fragments of each kind of site would be called."""
        rows, sample = np.arange(len(k)), self.sample
        asked = replace(self.none, errors=self.none.errors.copy(), other=self.none.other.copy())
        for orientation, part in enumerate((k * self.forward, k * (1 - self.forward))):
            for step, weight in enumerate((1 - self.upper, self.upper)):
                asked.errors[rows, sample, orientation, self.bins + step] = part * weight
        asked.other[:, sample] = np.maximum(asked.other[:, sample] - k, 0)
        likelihoods = self.known.with_sample(sample, Likelihoods.of(asked.alone(sample)))
        return (self.phred(asked, likelihoods) >= self.threshold) & (k <= self.total)

    def bisect(self, low: np.ndarray) -> np.ndarray:
        """Return the index of the least number tried, from `low` on, that is enough."""
        low, high = low.copy(), self.available
        while (low < high).any():
            middle = np.minimum((low + high) // 2, len(TRIED) - 1)
            passed, open_ = self.enough(TRIED[middle]), low < high
            high = np.where(open_ & passed, middle, high)
            low = np.where(open_ & ~passed, middle + 1, low)
        return low

    def number(self, index: np.ndarray) -> np.ndarray:
        """Return the number of an index; infinity where a site has not so many fragments."""
        tried = TRIED[np.minimum(index, len(TRIED) - 1)].astype(float)
        return np.where(index < self.available, tried, np.inf)

    def last_refused(self) -> np.ndarray:
        """Return one past the last number that is not called.

        As another person's allele would be, the allele is rejected about that person's fraction
        and may be called below it: the limit lies above.
        """
        kinds = len(self.total)
        called = np.array([self.enough(np.full(kinds, k)) for k in TRIED])
        refused = (TRIED[:, None] <= self.total) & ~called
        last = len(TRIED) - np.argmax(refused[::-1], axis=0)
        return self.number(np.where(refused.any(axis=0), last, 0))

    def least(self) -> np.ndarray:
        """Return the least number that is called, and from which on all are."""
        low = self.bisect(np.zeros(len(self.total), dtype=int))
        # With a shallow normal a recurrent artefact is the likelier the higher the frequency, up
        # to where its prior is level: the limit lies above that if it is not called there.
        level = np.searchsorted(TRIED, ARTIFACT_LEVEL * self.total)
        level = np.minimum(level, len(TRIED) - 1)
        again = (level > low) & ~self.enough(TRIED[level]) & (TRIED[level] <= self.total)
        if again.any():
            low = np.where(again, self.bisect(np.where(again, level, len(TRIED))), low)
        return self.number(low)


def detection_limit(needed: np.ndarray, total: np.ndarray, power: float = LOD_POWER) -> np.ndarray:
    """Return the AF at which `needed` of `total` fragments are reached with probability `power`.

    The inverse of the binomial tail: P(X >= k | n, f) is the beta distribution function of f
    with parameters k and n - k + 1. NaN where no frequency would do.
    """
    needed, total = np.asarray(needed, float), np.asarray(total, float)
    with np.errstate(invalid="ignore"):
        finite = np.where(np.isfinite(needed), needed, 1)
        limit = betaincinv(finite, np.maximum(total - finite + 1, 1e-9), power)
    return np.where(needed <= total, limit, np.nan)
