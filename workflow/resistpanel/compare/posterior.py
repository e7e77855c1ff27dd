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

from resistpanel.compare import kernels
from resistpanel.compare.compare_constants import CELLS, GRID_REACH, NEGLIGIBLE
from resistpanel.core.special import ndtri
from resistpanel.core.stats import log_beta_binomial

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
    edges : float64, (cells + 1,)
        Frequencies between which the cells are, of equal width in arcsin(sqrt(f)); none beyond.
    centres, weights : float64, (cells,)
        Frequency and probability of each cell.
    cumulative : float64, (cells + 1,)
        Probability below each edge.
    curve : kernels.Curve
        The same, for `probability_above`.
    """

    def __init__(self, alt: int, depth: int, rho: float):
        if not 0 <= alt <= depth:
            raise ValueError(f"{alt} of {depth} fragments")
        low, high = 0.0, np.pi / 2
        if depth:
            # The standard deviation of arcsin(sqrt(alt / depth)) is 1 / 2 sqrt(effective depth).
            middle = np.arcsin(np.sqrt(alt / depth))
            reach = GRID_REACH * 0.5 * np.sqrt(rho + (1 - rho) / depth)
            low, high = max(low, middle - reach), min(high, middle + reach)
        angles = np.linspace(low, high, 2 * CELLS + 1)
        frequencies = np.sin(angles) ** 2
        centres = frequencies[1::2]
        log_weights = log_beta_binomial(centres, alt, depth, rho)
        weights = np.exp(log_weights - log_weights.max())
        # Cells that weigh nothing are left out of every sum.
        there = np.flatnonzero(weights > NEGLIGIBLE)
        first, last = there[0], there[-1] + 1
        self.weights = weights[first:last] / weights[first:last].sum()
        self.centres = np.ascontiguousarray(centres[first:last])
        self.edges = np.ascontiguousarray(frequencies[::2][first : last + 1])
        self.cumulative = np.concatenate([[0.0], np.cumsum(self.weights)])
        self.curve = kernels.Curve(
            self.edges, self.cumulative, self.centres, self.weights, _NODES, CELLS
        )

    def below(self, frequency) -> np.ndarray:
        """Return the probability that the frequency is below the given one(s)."""
        return np.interp(frequency, self.edges, self.cumulative, left=0.0, right=1.0)

    def quantile(self, probability: float) -> float:
        """Return the frequency below which the given probability lies."""
        return float(np.interp(probability, self.cumulative, self.edges))


@functools.lru_cache(maxsize=4096)
def posterior(alt: int, depth: int, rho: float) -> Posterior:
    """Return the posterior; the same counts are computed once."""
    return Posterior(alt, depth, rho)


def probability_above(pre: Posterior, post: Posterior, ratio, log_sd: float = 0.0) -> np.ndarray:
    """Return the probability that f_post > ratio * f_pre.

    Parameters
    ----------
    pre, post : Posterior
        Independent.
    ratio : array_like, (...)
        Positive.
    log_sd : float
        Standard deviation of a normal error of log(ratio), as from purity estimates.

    Returns
    -------
    float64, (...)
    """
    ratio = np.asarray(ratio, float)
    found = kernels.probability_above(pre.curve, post.curve, ratio.ravel(), max(log_sd, 0.0))
    return found.reshape(ratio.shape)
