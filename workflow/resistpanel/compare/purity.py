"""From allele frequency to copies per tumour cell and cancer cell fraction.

A mutation carried by a fraction c of the tumour cells, on m of their n_t copies of the locus,
in a sample of purity p whose other cells have n_n copies, has

    AF = p m c / (p n_t + n_n (1 - p))

so that the mutated copies per tumour cell are u = m c = AF (p n_t + n_n (1 - p)) / p. Where the
copies are estimated from depth, it is the amount of DNA of the locus, p n_t + n_n (1 - p) relative
to the genome, that is known; n_t follows from it and the purity. m is not seen: intervals of c are
over every m that the copies allow.

Sources: Carter et al., Nature Biotechnology 2012;30:413 (ABSOLUTE); Landau et al., Cell
2013;152:714; Nik-Zainal et al., Cell 2012;149:994 (mutation copy number).
"""

import dataclasses
import math

import numpy as np

from resistpanel.compare.compare_constants import LEAST_COPIES, QUANTILE_POINTS
from resistpanel.compare.posterior import Posterior
from resistpanel.copynumber.copynumber_constants import LOWEST_PURITY, SHEET_MARGIN
from resistpanel.core.core_constants import Z95
from resistpanel.core.special import ndtri
from resistpanel.records import compare as records

#: Quantiles of equal weight of the errors of a purity, and of an amount of DNA.
_NODES, _AMOUNTS = (ndtri((np.arange(n) + 0.5) / n) for n in (25, 7))


@dataclasses.dataclass(frozen=True)
class Alternative:
    """One of several purities that explain a sample, with its baseline and probability.

    `value`, `low`, `high` as in `Purity`; `baseline` are the copies of the genome at large.
    """

    value: float
    low: float
    high: float
    baseline: float
    probability: float


@dataclasses.dataclass(frozen=True)
class Purity:
    """Fraction of tumour cells in a sample.

    Parameters
    ----------
    value, low, high : float or None
        Estimate and 95 % interval, above 0 and up to 1; None where not known.
    source : str or None
        Where it comes from, or why it is not known.
    from_driver : bool
        Whether it was read off a driver mutation's AF. Such a purity gives cancer cell fractions,
        but samples are not compared by it: an amplified driver would look like more tumour.
    alternatives : tuple of Alternative
        Where more than one explains the sample, likeliest first: intervals are over all. Cancer
        cell fractions are given even if `value` is not, by the likeliest.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    source: str | None = None
    from_driver: bool = False
    alternatives: tuple[Alternative, ...] = ()

    def record(self) -> records.Purity:
        """Return what compare.json says of it."""
        return records.Purity(value=self.value, low=self.low, high=self.high, source=self.source)


def from_sheet(value: float) -> Purity:
    """Return the purity that a user typed into the sample sheet."""
    low, high = max(value - SHEET_MARGIN, LOWEST_PURITY), min(value + SHEET_MARGIN, 1.0)
    return Purity(value, low, high, f"sample sheet, taken as ±{SHEET_MARGIN:g}")


@dataclasses.dataclass(frozen=True)
class Locus:
    """What one sample's allele frequency at a locus is worth.

    Parameters
    ----------
    purity : Purity
    copies : float or None
        Copies of the locus per tumour cell; None = as many as normal cells have.
    normal_copies : int
        Copies in normal cells: 2, or 1 on X and Y of a man.
    amount_sd : float
        Standard deviation of the logarithm of the locus' amount of DNA, where the copies are
        estimated from it.
    baseline : float or None
        Copies of the genome at large per tumour cell, where the copies are estimated from depth;
        None where they hold at any purity.
    both_haplotypes : bool
        Whether tumour cells are known to have both haplotypes, so that one copy at least is not
        mutated.
    unknown_sd : float or None
        Standard deviation of the logarithm of the amount of DNA where the copies are not known but
        the depth shows no change; 0 where they are known, None if the depth was not examined.
    amount : float or None
        Amount of DNA relative to the genome at large, by depth; 1 where it shows no change.
    """

    purity: Purity
    copies: float | None = None
    normal_copies: int = 2
    amount_sd: float = 0.0
    baseline: float | None = None
    both_haplotypes: bool = False
    unknown_sd: float | None = None
    amount: float | None = None

    @property
    def known(self) -> bool:
        """Whether the purity is known."""
        return self.purity.value is not None

    @property
    def comparable(self) -> bool:
        """Whether samples may be compared after correction for this purity."""
        return self.known and not self.purity.from_driver

    def copies_at(self, purity: float) -> float:
        """Return the copies per tumour cell, were the purity this."""
        if self.copies is None:
            return float(self.normal_copies)
        copies, stated = max(self.copies, LEAST_COPIES), self.purity.value
        if self.baseline is None or stated is None:
            return copies
        genome = self.baseline * self.normal_copies / 2

        def amount(p: float, of_tumor: float) -> float:
            return p * of_tumor + self.normal_copies * (1 - p)

        ratio = amount(stated, copies) / amount(stated, genome)
        found = (ratio * amount(purity, genome) - self.normal_copies * (1 - purity)) / purity
        return max(found, LEAST_COPIES)

    def scale(self, purity: float | None = None) -> float:
        """Return the mutated copies per tumour cell for an AF of 1 (u = AF * scale)."""
        p = self.purity.value if purity is None else purity
        return (p * self.copies_at(p) + self.normal_copies * (1 - p)) / p

    def most_mutated(self, purity: float | None = None) -> int:
        """Return the greatest number of copies per tumour cell that may carry a mutation."""
        p = self.purity.value if purity is None else purity
        copies = float(self.normal_copies if self.copies is None else self.copies)
        if self.copies is not None and p is not None:
            copies = self.copies_at(p)
        return max(1, round(copies) - self.both_haplotypes)

    @property
    def log_sd(self) -> float:
        """Standard deviation of log(scale), from the errors of the purity and of the copies.

        Other purities that explain the sample are errors too.
        """
        if self.purity.low is None or self.purity.high is None:
            return self.amount_sd
        spread = math.log(self.scale(self.purity.low)) - math.log(self.scale(self.purity.high))
        found = max(spread, 0.0) / (2 * Z95)
        if self.purity.alternatives:
            scales, _, weights = _scales(self)
            away = np.log(scales) - math.log(self.scale())
            found = max(found, math.sqrt(float(np.average(away**2, weights=weights))))
        return math.hypot(found, self.amount_sd)

    @property
    def highest_scale(self) -> float:
        """Mutated copies for an AF of 1 at the lowest purity that explains the sample."""
        lows = [self.scale_in(one, one.low) for one in self.purity.alternatives]
        return max([self.scale(self.purity.low or self.purity.value), *lows])

    def copies_in(self, one: Alternative, purity: float) -> float:
        """Return the copies per tumour cell, were that alternative right, at a purity near it."""
        n, relative = self.normal_copies, self.amount
        if relative is None:
            return float(n)
        if relative == 1:
            return max(one.baseline * n / 2, LEAST_COPIES)
        genome = purity * one.baseline * n / 2 + n * (1 - purity)
        return max((relative * genome - n * (1 - purity)) / purity, LEAST_COPIES)

    def scale_in(self, one: Alternative, purity: float) -> float:
        """Return `scale`, were that alternative right."""
        return (purity * self.copies_in(one, purity) + self.normal_copies * (1 - purity)) / purity

    def most_in(self, one: Alternative, purity: float) -> int:
        """Return `most_mutated`, were that alternative right."""
        return max(1, round(self.copies_in(one, purity)) - self.both_haplotypes)


def multiplicity(af: float, locus: Locus) -> int:
    """Return the fewest copies per tumour cell that explain an AF.

    The nearest whole number of mutated copies per tumour cell, at least 1 and at most the
    copies that may carry it.
    """
    return min(max(1, round(af * locus.scale())), locus.most_mutated())


def clonal_fraction(
    af: float, posterior: Posterior, locus: Locus
) -> tuple[float, float, float] | None:
    """Return the fraction of tumour cells with the mutation and its 95 % interval.

    The fraction is that by `multiplicity`, the fewest copies that explain the AF. The interval is
    over every number of copies: its lower end is that of cells with the most, its upper end that
    of cells with the fewest. None where the purity is not known. Values are cut at 1.
    """
    alternatives = locus.purity.alternatives
    if locus.known:
        value = af * locus.scale() / multiplicity(af, locus)
    elif alternatives:
        best = alternatives[0]
        mutated = af * locus.scale_in(best, best.value)
        value = mutated / min(max(1, round(mutated)), locus.most_in(best, best.value))
    else:
        return None
    scales, most, weights = _scales(locus)
    low = _quantile(posterior, scales / most, 0.025, weights)
    high = _quantile(posterior, scales, 0.975, weights)
    return tuple(min(max(x, 0.0), 1.0) for x in (value, min(low, value), max(high, value)))


def _purities(value: float, low: float | None, high: float | None) -> np.ndarray:
    """Return equally likely purities; the logarithm is normal on either side of the estimate."""
    if low is None or high is None:
        return np.array([value])
    ends = np.where(_NODES < 0, math.log(value / low), math.log(high / value))
    return np.clip(value * np.exp(_NODES / Z95 * ends), LOWEST_PURITY, 1.0)


def _scales(locus: Locus) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values of `Locus.scale` and of `Locus.most_mutated` with their weights, (n,).

    The logarithm of a purity is normal on either side of the estimate, by either end of its
    interval; that of the amount of DNA is normal. Where there are alternatives, over all of them.
    """
    rows = []
    for one in locus.purity.alternatives:
        purities = _purities(one.value, one.low, one.high)
        rows += [
            (locus.scale_in(one, p), locus.most_in(one, p), one.probability / len(purities))
            for p in map(float, purities)
        ]
    if not rows:
        given = locus.purity
        purities = _purities(given.value, given.low, given.high)
        rows = [(locus.scale(p), locus.most_mutated(p), 1.0) for p in map(float, purities)]
    scales, most, weights = map(np.array, zip(*rows, strict=True))
    if locus.amount_sd > 0:
        amounts = np.exp(locus.amount_sd * _AMOUNTS)
        scales = np.outer(scales, amounts).ravel()
        most, weights = (np.repeat(x, len(amounts)) for x in (most, weights))
    return scales, most, weights


def _quantile(posterior: Posterior, scales: np.ndarray, q: float, weights: np.ndarray) -> float:
    """Return a quantile of frequency * scale, of scales with weights.

    It is between those of the least and of the greatest scale, and is looked for on a grid of
    `QUANTILE_POINTS`, then on one of the step that holds it.
    """
    low, high = posterior.quantile(q) * np.array([scales.min(), scales.max()])
    for _ in range(2):
        grid = np.linspace(low, high, QUANTILE_POINTS)
        below = posterior.below(grid[:, None] / scales) @ weights / weights.sum()
        at = int(np.clip(np.searchsorted(below, q), 1, QUANTILE_POINTS - 1))
        low, high = grid[at - 1], grid[at]
    return float((low + high) / 2)
