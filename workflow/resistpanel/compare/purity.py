"""From allele frequency to copies per tumour cell and cancer cell fraction.

A mutation carried by a fraction c of the tumour cells, on m of their n_t copies of the locus,
in a sample of purity p whose other cells have n_n copies, has

    AF = p m c / (p n_t + n_n (1 - p))

so that the mutated copies per tumour cell are u = m c = AF (p n_t + n_n (1 - p)) / p.

Sources: Carter et al., Nature Biotechnology 2012;30:413 (ABSOLUTE); Landau et al., Cell
2013;152:714; Nik-Zainal et al., Cell 2012;149:994 (mutation copy number).
"""

import dataclasses
import math

import numpy as np
from scipy.special import ndtri

from resistpanel.compare.compare_constants import LEAST_COPIES
from resistpanel.compare.posterior import Posterior
from resistpanel.copynumber.copynumber_constants import LOWEST_PURITY, SHEET_MARGIN
from resistpanel.core.core_constants import Z95
from resistpanel.records import compare as records

_NODES = ndtri((np.arange(25) + 0.5) / 25)


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
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    source: str | None = None
    from_driver: bool = False

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
    """

    purity: Purity
    copies: float | None = None
    normal_copies: int = 2
    amount_sd: float = 0.0

    @property
    def known(self) -> bool:
        """Whether the purity is known."""
        return self.purity.value is not None

    @property
    def comparable(self) -> bool:
        """Whether samples may be compared after correction for this purity."""
        return self.known and not self.purity.from_driver

    def scale(self, purity: float | None = None) -> float:
        """Return the mutated copies per tumour cell for an AF of 1 (u = AF * scale)."""
        p = self.purity.value if purity is None else purity
        copies = self.normal_copies if self.copies is None else max(self.copies, LEAST_COPIES)
        return (p * copies + self.normal_copies * (1 - p)) / p

    @property
    def log_sd(self) -> float:
        """Standard deviation of log(scale), from the errors of the purity and of the copies."""
        if self.purity.low is None or self.purity.high is None:
            return self.amount_sd
        spread = math.log(self.scale(self.purity.low)) - math.log(self.scale(self.purity.high))
        return math.hypot(max(spread, 0.0) / (2 * Z95), self.amount_sd)


def multiplicity(af: float, locus: Locus) -> int:
    """Return the number of copies per tumour cell that carry the mutation.

    The nearest whole number of mutated copies per tumour cell, at least 1 and at most the
    copies there are: the fewest copies that explain the AF. A subclone that carries the
    mutation on several copies is not told from a larger one with fewer.
    """
    copies = locus.normal_copies if locus.copies is None else locus.copies
    most = max(1, round(copies))
    return min(max(1, round(af * locus.scale())), most)


def clonal_fraction(
    af: float, posterior: Posterior, locus: Locus
) -> tuple[float, float, float] | None:
    """Return the fraction of tumour cells with the mutation and its 95 % interval.

    None where the purity is not known. Values are cut at 1.
    """
    if not locus.known:
        return None
    copies = multiplicity(af, locus)
    scale = locus.scale() / copies
    value = af * scale
    low, high = (_quantile(posterior, scale, locus.log_sd, q) for q in (0.025, 0.975))
    return tuple(min(max(x, 0.0), 1.0) for x in (value, min(low, value), max(high, value)))


def _quantile(posterior: Posterior, scale: float, log_sd: float, q: float) -> float:
    """Return a quantile of frequency * scale, the scale with a log-normal error."""
    scales = scale * np.exp(log_sd * _NODES)
    low, high = 0.0, float(scales.max())
    for _ in range(40):
        middle = (low + high) / 2
        if float(np.mean(posterior.below(middle / scales))) < q:
            low = middle
        else:
            high = middle
    return (low + high) / 2
