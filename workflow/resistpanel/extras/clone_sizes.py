"""Clones and their sizes: how large a share of the reads chance carriers of a change add up to.

Of N surviving clones K carry a change by chance; its share of the reads is the sum of their
sizes. K is negative binomial (Poisson where the rate is known), sizes are log-normal with the
mean 1 / N. The distribution of the sum comes from the generating functions on a grid of shares
(compound distributions by Fourier transform; Embrechts and Frei 2009).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from resistpanel.extras.extras_constants import (
    CONVINCING,
    ERRORS,
    FRACTIONS,
    PER_CLONE,
    POISSON,
    SPREADS,
    STEPS,
)


@dataclass(frozen=True)
class Clones:
    """Surviving clones.

    Attributes
    ----------
    number : float
    spread : float
        Standard deviation of the natural logarithm of their sizes; 0 for equal sizes.
    step : float
        Step of the grid of shares.
    """

    number: float
    spread: float
    step: float

    @property
    def effective(self) -> float:
        """The number of clones of equal size that would scatter as much."""
        return self.number / float(np.exp(self.spread**2))

    def sizes(self) -> np.ndarray:
        """Return the probability of each share of the grid as the size of a clone."""
        mean = 1 / (self.number * self.step)
        size = np.zeros(STEPS)
        if self.spread == 0:
            below = int(mean)
            size[below], size[below + 1] = 1 - (mean - below), mean - below
            return size
        edges = np.arange(STEPS + 1) - 0.5
        edges[0] = 0
        law = stats.lognorm(self.spread, scale=mean / np.exp(self.spread**2 / 2))
        size[:] = np.diff(law.cdf(edges))
        return size

    def shares(self, carried: np.ndarray, shape: np.ndarray, fine: int = 50) -> np.ndarray:
        """Return the distribution of the share that carriers add up to.

        Parameters
        ----------
        carried, shape : ndarray of float, shape (changes,)
            Mean share, and shape of the negative binomial number of carriers.
        fine : int
            Rates within this fraction are one.

        Returns
        -------
        ndarray of float, shape (changes, bins)
            Probabilities of the bins of `BINS`.
        """
        table = np.round(fine * np.log(np.stack([carried, shape])))
        kept, of = np.unique(table, axis=1, return_inverse=True)
        carried, shape = np.exp(kept / fine)
        turned = np.fft.rfft(self.sizes()) - 1
        found = np.empty((len(carried), len(BINS)))
        for rows in np.array_split(np.arange(len(carried)), max(1, len(carried) // 200)):
            mean = (carried[rows] * self.number)[:, None]
            k = shape[rows][:, None]
            log = mean * turned[None, :]
            if k.min() < POISSON:
                log = -k * np.log1p(-log / k)
            whole = np.fft.irfft(np.exp(log), STEPS, axis=1)
            found[rows] = np.add.reduceat(np.maximum(whole, 0), BINS, axis=1)
        return found[of.ravel()]

    def upper(self) -> np.ndarray:
        """Return the largest share of every bin."""
        return np.minimum(1.0, (np.append(BINS[1:], STEPS) - 1) * self.step)


def _bins() -> np.ndarray:
    """Return the first grid step of each bin: single steps first, then wider by 5 %."""
    starts = list(range(40))
    while starts[-1] < STEPS:
        starts.append(max(starts[-1] + 1, int(starts[-1] * 1.05)))
    return np.array([start for start in starts if start < STEPS])


BINS = _bins()


def stated(number: float) -> Clones:
    """Return so many clones of equal size."""
    return Clones(number, 0.0, max(1 / (PER_CLONE * number), 1 / STEPS))


def learn(
    number: float, count: np.ndarray, depth: np.ndarray, rate: np.ndarray
) -> tuple[Clones, float]:
    """Return the clones that changes which nothing selects speak for.

    Maximum likelihood over `FRACTIONS` of the stated number, `SPREADS` and `ERRORS`; what was
    stated, with equal sizes, unless the gain is `CONVINCING`.

    Parameters
    ----------
    number : float
        As stated.
    count, depth : ndarray of int, shape (changes,)
        Reads with the change and in all.
    rate : ndarray of float, shape (changes,)
        Mean share of the reads, carriers and errors together.

    Returns
    -------
    Clones
    float
        Part of the reads with a change that are errors.
    """
    plain = stated(number)
    best, base = (plain, 0.0), -np.inf
    tried = []
    for errors in ERRORS:
        reads = _reads(plain, count, depth, errors * rate)
        for fraction in FRACTIONS:
            for spread in SPREADS:
                clones = Clones(number * fraction, spread, plain.step)
                fit = _fit(clones, reads, (1 - errors) * rate)
                tried.append((fit, clones, errors))
                if clones == plain and fit > base:
                    best, base = (plain, errors), fit
    gain, clones, errors = max(tried, key=lambda entry: entry[0])
    return (clones, errors) if gain > base + CONVINCING else best


def learn_errors(clones: Clones, count: np.ndarray, depth: np.ndarray, rate: np.ndarray) -> float:
    """Return the part of the reads with changes of one kind that are errors, as `learn`."""
    return max(
        ERRORS,
        key=lambda errors: _fit(
            clones, _reads(clones, count, depth, errors * rate), (1 - errors) * rate
        ),
    )


def _reads(clones: Clones, count, depth, error) -> np.ndarray:
    """Return P(count | share of the carriers), shape (changes, bins)."""
    share = np.minimum(1.0, clones.upper()[None, :] + error[:, None])
    return stats.binom.pmf(count[:, None], depth[:, None], share)


def _fit(clones: Clones, reads: np.ndarray, carried: np.ndarray) -> float:
    shares = clones.shares(carried, np.full(len(carried), 10 * POISSON), fine=10)
    return float(np.log(np.maximum((shares * reads).sum(axis=1), 1e-300)).sum())
