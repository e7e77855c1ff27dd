"""Another person's DNA in a tumour without a normal, by alleles that are common in people.

At a fraction c of another person's DNA an allele of which the patient has h copies and the other
person g has the frequency ((1 - c) h + c g) / 2: next to balanced heterozygous sites there are
others at c / 2, c, 1 - c / 2 and so on, all along the genome. Loss or gain of copies has one
balance in a segment, and that of its mirror image.
"""

import numpy as np

from resistpanel.call.model.contamination import Fraction
from resistpanel.copynumber.copy_states import log_counts
from resistpanel.copynumber.copynumber_constants import (
    COMMON_ALLELE,
    FOREIGN_ALONE,
    LEAST_COMMON_SITES,
    LEAST_DEPTH,
    STRAY_SITES,
    SWAP_ODDS,
)
from resistpanel.copynumber.segments import BALANCES
from resistpanel.core.special import logsumexp


def foreign_alone(
    alt: np.ndarray, depth: np.ndarray, population: np.ndarray, place: np.ndarray, rho: float
) -> Fraction | None:
    """Return the fraction of another person's DNA in a tumour; None where none is found.

    Parameters
    ----------
    alt, depth : ndarray of int, (alleles,)
        Fragments.
    population : ndarray of float, (alleles,)
        Allele frequency in the germline resource; NaN: not listed.
    place : ndarray of int, (alleles,)
        Segment of each allele; alleles at -1 are not used.
    rho : float
        Overdispersion of the counts.

    Notes
    -----
    Compared with no contamination and a balance of its own in every segment. Genotypes of both
    persons are in Hardy-Weinberg proportions, given that one of them has the allele.
    """
    low, high = COMMON_ALLELE
    used = (depth >= LEAST_DEPTH) & (place >= 0) & np.isfinite(population)
    used &= (population >= low) & (population <= high)
    if used.sum() < LEAST_COMMON_SITES:
        return None
    alt, depth, q, place = alt[used], depth[used], population[used], place[used]
    genotype = np.stack([(1 - q) ** 2, 2 * q * (1 - q), q**2])
    constant = _log_flat(alt, depth)
    none = sum(
        float(_balanced(alt[rows], depth[rows], genotype[:, rows], rho, constant[rows]))
        for rows in (place == one for one in np.unique(place))
    )
    first, last, number = FOREIGN_ALONE
    grid = np.linspace(first, last, int(number))
    patient, other = np.meshgrid(np.arange(3), np.arange(3), indexing="ij")
    patient, other = patient.ravel()[1:], other.ravel()[1:]
    weight = genotype[patient] * genotype[other]
    log_weight = np.log(weight / weight.sum(axis=0))
    expected = ((1 - grid[:, None]) * patient + grid[:, None] * other) / 2
    fit = log_counts(expected[:, :, None], alt, depth, rho) + log_weight
    log_like = _with_strays(logsumexp(fit, axis=1), constant).sum(axis=1)
    evidence = float(log_like.max() - none)
    if evidence < np.log(SWAP_ODDS):
        return None
    chance = np.exp(log_like - log_like.max())
    cumulative = np.cumsum(chance / chance.sum())
    ends = (float(grid[np.searchsorted(cumulative, p)]) for p in (0.025, 0.975))
    value = float(grid[chance.argmax()])
    return Fraction(value, *ends, True, evidence / np.log(10), int(used.sum()))


def _balanced(
    alt: np.ndarray, depth: np.ndarray, genotype: np.ndarray, rho: float, constant: np.ndarray
) -> float:
    """Return the highest log-likelihood of a segment's alleles over `BALANCES`."""
    inherited = genotype[1] + genotype[2]
    het, hom = np.log(genotype[1] / inherited / 2), np.log(genotype[2] / inherited)
    balance = BALANCES[:, None]
    fit = np.stack(
        [
            het + log_counts(balance, alt, depth, rho),
            het + log_counts(1 - balance, alt, depth, rho),
            hom + log_counts(np.ones_like(balance), alt, depth, rho),
        ]
    )
    return float(_with_strays(logsumexp(fit, axis=0), constant).sum(axis=1).max())


def _log_flat(alt: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the log of the mean likelihood over all frequencies, without the constant."""
    grid = (np.arange(200) + 0.5) / 200
    return logsumexp(log_counts(grid[:, None], alt, depth), axis=0) - np.log(len(grid))


def _with_strays(fit: np.ndarray, flat: np.ndarray) -> np.ndarray:
    return np.logaddexp(np.log1p(-STRAY_SITES) + fit, np.log(STRAY_SITES) + flat)
