"""Posterior distributions of allele frequencies, and of the ratio of two of them.

Fragments that carry the allele are beta-binomial: X | f ~ BetaBin(n, f M, (1 - f) M) with
M = (1 - rho) / rho, which has mean n f and variance n f (1 - f) (1 + (n - 1) rho). rho stands
for what capture and PCR add to the variance of drawing fragments; rho = 0 is the binomial.
The prior is uniform in arcsin(sqrt(f)), Jeffreys' prior of the binomial.

Sources: Brown, Cai, DasGupta, Statistical Science 2001;16:101 (Jeffreys); Gerstung et al.,
Nature Communications 2012;3:811 and Roth et al., Nature Methods 2014;11:396 (beta-binomial
allele counts).
"""

import functools

import numpy as np

from resistpanel.compare.compare_constants import CELLS, NEGLIGIBLE
from resistpanel.core.special import ndtri
from resistpanel.core.stats import log_beta_binomial

_EDGES = np.sin(np.linspace(0, np.pi / 2, CELLS + 1)) ** 2
_CENTRES = np.sin(np.pi / 2 * (np.arange(CELLS) + 0.5) / CELLS) ** 2

#: Nodes for a normal error on the log ratio: quantiles of equal weight.
_NODES = ndtri((np.arange(15) + 0.5) / 15)


class Posterior:
    """Posterior of an allele frequency on a grid.

    Parameters
    ----------
    alt, depth : int
        Fragments with the allele, and all informative ones.
    rho : float
        Overdispersion, 0 or more and below 1.

    Attributes
    ----------
    weights : float64, (CELLS,)
        Probability of each cell.
    cumulative : float64, (CELLS + 1,)
        Probability below each edge of the cells.
    support : slice
        Cells outside of it have no probability.
    """

    def __init__(self, alt: int, depth: int, rho: float):
        if not 0 <= alt <= depth:
            raise ValueError(f"{alt} of {depth} fragments")
        log_weights = log_beta_binomial(_CENTRES, alt, depth, rho)
        weights = np.exp(log_weights - log_weights.max())
        # Cells that weigh nothing are left out of every sum.
        weights[weights < weights.max() * NEGLIGIBLE] = 0.0
        self.weights = weights / weights.sum()
        there = np.flatnonzero(weights)
        self.support = slice(int(there[0]), int(there[-1]) + 1)
        self.cumulative = np.concatenate([[0.0], np.cumsum(self.weights)])
        self._blurred: dict[float, tuple[np.ndarray, np.ndarray]] = {}

    def below(self, frequency) -> np.ndarray:
        """Return the probability that the frequency lies below the given one(s)."""
        return np.interp(frequency, _EDGES, self.cumulative, left=0.0, right=1.0)

    def blurred_below(self, frequency, log_sd: float) -> np.ndarray:
        """Return `below`, the frequency having a normal error of its logarithm.

        Parameters
        ----------
        frequency : array_like
        log_sd : float
            Standard deviation of the error; 0: none.
        """
        if log_sd <= 0:
            return self.below(frequency)
        if log_sd not in self._blurred:
            errors = np.exp(log_sd * _NODES)
            low, high = _EDGES[self.support.start], _EDGES[self.support.stop]
            inside = (low / errors.max() <= _EDGES) & (high * errors.max() >= _EDGES)
            beyond = np.exp(log_sd * np.linspace(0, _NODES[-1], 50))[1:]
            grid = np.concatenate([_EDGES[inside], beyond[beyond <= high * errors.max()]])
            values = np.mean(self.below(np.multiply.outer(errors, grid)), axis=0)
            self._blurred = {log_sd: (grid, values)}
        grid, values = self._blurred[log_sd]
        return np.interp(frequency, grid, values, left=0.0, right=1.0)

    def quantile(self, probability: float) -> float:
        """Return the frequency below which the given probability lies."""
        return float(np.interp(probability, self.cumulative, _EDGES))


@functools.lru_cache(maxsize=4096)
def posterior(alt: int, depth: int, rho: float) -> Posterior:
    """Return the posterior; the same counts are computed once."""
    return Posterior(alt, depth, rho)


def probability_above(pre: Posterior, post: Posterior, ratio: float, log_sd: float = 0.0) -> float:
    """Return the probability that f_post > ratio * f_pre.

    Parameters
    ----------
    pre, post : Posterior
        Independent.
    ratio : float
        Positive.
    log_sd : float
        Standard deviation of a normal error of log(ratio), as from purity estimates.
    """
    # Either order of integration is right up to the width of a cell; their mean gives exactly
    # the complement when the samples change places.
    one, other = pre.support, post.support
    upward = (1 - post.blurred_below(ratio * _CENTRES[one], log_sd)) @ pre.weights[one]
    downward = pre.blurred_below(_CENTRES[other] / ratio, log_sd) @ post.weights[other]
    # Rounding may leave [0, 1] by a unit in the last place.
    return float(min(max((upward + downward) / 2, 0.0), 1.0))
