"""Allele frequency, its interval, and the limits of what could have been seen."""

from dataclasses import replace

import numpy as np
from scipy.special import betaincinv

from resistpanel.call.call_constants import (
    ARTIFACT_LEVEL,
    LOD_POWER,
)
from resistpanel.call.model.posterior import (
    NO_LEAKS,
    Evidence,
    Leaks,
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
    leaks: Leaks = NO_LEAKS,
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
    leaks : Leaks
        Both as for `model.evaluate`. In place of a tumour the normal has no tumour in it.
    log_het : optional
        As for `model.evaluate`.

    Returns
    -------
    float, (candidates,)
        Infinite where not even 1,000 fragments (or all there are) would do.
    """
    total = evidence.other + evidence.errors.sum((2, 3))
    n, samples = total.shape
    expected = evidence.expected
    usual = expected[:, sample, :2].sum(1) / np.maximum(evidence.good[:, sample].sum(1), 1)
    good = evidence.good[:, sample]
    forward = np.where(good.sum(1) > 0, good[:, 0] / np.maximum(good.sum(1), 1), 0.5)
    bins, upper = between_centres(np.clip(usual, 1e-7, 0.3))
    # Sites fall into few kinds: depths to 10 % or 20 %, error to its bin, noise distribution.
    features = [
        np.round(np.log(np.maximum(total[:, s], 1)) / (0.1 if s == sample else 0.2))
        for s in range(samples)
    ]
    noise_kind = np.round(evidence.log_own[:, sample, :, -4:].sum(2), 1)
    # Another person's allele and a germline variant are alternatives as for a call.
    foreign = any(c > 0 for c in leaks.contamination.values())
    site_priors = [
        np.round(np.broadcast_to(prior, n), 1)
        for prior in (evidence.log_carried if foreign else None, log_germline_site)
        if prior is not None
    ]
    errors_of = [bins, np.round(upper, 1), np.round(forward, 1), noise_kind]
    key = np.column_stack(
        [*features, *errors_of, np.round(evidence.log_shared[:, -4], 1), *site_priors]
    )
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    kinds = len(first)
    rows = np.arange(kinds)

    role = normal
    if sample == normal:
        role = None if samples == 1 else (sample + 1) % samples
        leaks = Leaks(contamination=leaks.contamination)
    germline = None if log_germline_site is None else log_germline_site[first]
    errors = np.zeros((kinds, samples, 3, evidence.errors.shape[3]))
    none = Evidence(
        errors,
        total[first],
        expected[first],
        evidence.good[first],
        evidence.log_shared[first],
        evidence.log_own[first],
        None if evidence.log_carried is None else evidence.log_carried[first],
    )
    # The other samples say the same whatever is tried of this one.
    known = Likelihoods.of(none)

    def enough(k: np.ndarray) -> np.ndarray:
        """Return whether k fragments of each kind of site would be called."""
        asked = replace(none, errors=errors.copy(), other=none.other.copy())
        for orientation, part in enumerate((k * forward[first], k * (1 - forward[first]))):
            for step, weight in enumerate((1 - upper[first], upper[first])):
                asked.errors[rows, sample, orientation, bins[first] + step] = part * weight
        asked.other[:, sample] = np.maximum(asked.other[:, sample] - k, 0)
        own = Likelihoods.of(asked.alone(sample))
        likelihoods = known.with_sample(sample, own)
        phred = evaluate(asked, role, priors, germline, leaks, likelihoods, log_het).somatic_phred
        return (phred >= threshold) & (k <= total[first, sample])

    def bisect(low: np.ndarray) -> np.ndarray:
        """Return the index of the least number tried, from `low` on, that is enough."""
        low, high = low.copy(), np.searchsorted(TRIED, total[first, sample], side="right")
        while (low < high).any():
            middle = np.minimum((low + high) // 2, len(TRIED) - 1)
            passed, open_ = enough(TRIED[middle]), low < high
            high = np.where(open_ & passed, middle, high)
            low = np.where(open_ & ~passed, middle + 1, low)
        return low

    if foreign:
        # As another person's allele would be, the allele is rejected about that person's fraction
        # and may be called below it: the limit lies above the last number that is not called.
        within = TRIED[:, None] <= total[first, sample]
        called = np.array([enough(np.full(kinds, k)) for k in TRIED])
        # One past the last number refused, where there are so many fragments at all.
        low = len(TRIED) - np.argmax((within & ~called)[::-1], axis=0)
        low = np.where((within & ~called).any(axis=0), low, 0)
        reached = low < within.sum(axis=0)
        answer = np.where(reached, TRIED[np.minimum(low, len(TRIED) - 1)].astype(float), np.inf)
        return answer[inverse] if n else np.empty(0)
    low = bisect(np.zeros(kinds, dtype=int))
    # Beside a shallow normal a shared artifact is the likelier the higher the frequency, up to
    # where its prior is level: the limit lies above that if it is not called there.
    level = np.minimum(
        np.searchsorted(TRIED, ARTIFACT_LEVEL * total[first, sample]), len(TRIED) - 1
    )
    again = (level > low) & ~enough(TRIED[level]) & (TRIED[level] <= total[first, sample])
    if again.any():
        low = np.where(again, bisect(np.where(again, level, len(TRIED))), low)
    there = low < np.searchsorted(TRIED, total[first, sample], side="right")
    answer = np.where(there, TRIED[np.minimum(low, len(TRIED) - 1)].astype(float), np.inf)
    return answer[inverse] if n else np.empty(0)


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
