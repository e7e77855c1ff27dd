"""The scale of a change: what the patient's shared variants did between two samples.

A tumour that is purer in the later sample has every allele frequency higher there. The median
log ratio of the variants that both samples have is that common change; a variant is tested
against it.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from resistpanel.compare.compare_constants import (
    MAD_SD,
    MEDIAN_SD,
    SCALE_SPREAD,
    SCALE_VARIANTS,
)
from resistpanel.core.vcf import Genotype


@dataclasses.dataclass(frozen=True)
class Scale:
    """The common change of the shared variants between two samples.

    Parameters
    ----------
    offset : float
        Median of log(f_post / f_pre), natural logarithm.
    sd : float
        Its standard deviation.
    variants : int
        Number of variants.
    """

    offset: float
    sd: float
    variants: int

    @property
    def settled(self) -> bool:
        """Whether there are enough variants to say that another changed."""
        return self.variants >= SCALE_VARIANTS


@dataclasses.dataclass(frozen=True)
class Point:
    """The change of one shared variant.

    Parameters
    ----------
    id : str
    log_ratio : float
        log(f_post / f_pre), of frequencies, or of mutated copies per tumour cell.
    sd : float
        Its standard deviation from counting.
    """

    id: str
    log_ratio: float
    sd: float


def point(
    identifier: str, pre: Genotype, post: Genotype, ratio: float, rho: tuple[float, float]
) -> Point | None:
    """Return the change of an allele that both samples have, else None.

    Parameters
    ----------
    identifier : str
    pre, post : Genotype
    ratio : float
        Factor that makes the later frequency comparable with the earlier one.
    rho : (float, float)
        Overdispersion of either sample.
    """
    if not (pre.detected and post.detected and pre.af and post.af):
        return None
    variance = sum(
        (1 - one.af) / one.af * (of + (1 - of) / one.depth)
        for one, of in zip((pre, post), rho, strict=True)
        if one.depth
    )
    return Point(identifier, math.log(post.af * ratio / pre.af), math.sqrt(variance))


def scale_of(points: Sequence[Point], without: str | None = None) -> Scale | None:
    """Return the common change by all variants but the one that is tested; None without any."""
    used = [one for one in points if one.id != without]
    return _scale(np.array([one.log_ratio for one in used]), np.array([one.sd for one in used]))


class Scales:
    """The common change of a patient's shared variants, with and without each of them.

    Parameters
    ----------
    points : sequence of Point
    """

    def __init__(self, points: Sequence[Point]):
        self.points = points
        ratios = np.array([one.log_ratio for one in points])
        sd = np.array([one.sd for one in points])
        self._of_all = _scale(ratios, sd)
        self._without = dict(zip((one.id for one in points), _scales(ratios, sd), strict=True))

    def without(self, identifier: str | None = None) -> Scale | None:
        """Return `scale_of`."""
        return self._without.get(identifier, self._of_all)


def _scale(ratios: np.ndarray, sd: np.ndarray) -> Scale | None:
    """Return the common change of log ratios, (n,), with their standard deviations, (n,)."""
    if not len(ratios):
        return None
    middle = _median(ratios)
    return _made(middle, _median(sd), _median(np.abs(ratios - middle)), len(ratios))


def _scales(ratios: np.ndarray, sd: np.ndarray) -> list[Scale | None]:
    """Return `_scale` without each of the log ratios, (n,)."""
    if len(ratios) < 2:
        return [None] * len(ratios)
    middle, counting, deviation = _medians(ratios), _medians(sd), np.empty(len(ratios))
    # Without one of them the median has one of three values.
    for value in np.unique(middle):
        there = middle == value
        deviation[there] = _medians(np.abs(ratios - value))[there]
    rows = zip(middle.tolist(), counting.tolist(), deviation.tolist(), strict=True)
    return [_made(*row, len(ratios) - 1) for row in rows]


def _made(middle: float, counting: float, deviation: float, number: int) -> Scale:
    """Return the scale by medians of log ratios, their errors, and their absolute deviations."""
    if number >= SCALE_VARIANTS:
        spread = max(MAD_SD * deviation, counting)
    else:
        spread = math.hypot(counting, SCALE_SPREAD)
    return Scale(middle, MEDIAN_SD * spread / math.sqrt(number), number)


def _medians(values: np.ndarray) -> np.ndarray:
    """Return the median of the others for each of the values, (n,); n is 2 or more."""
    order = np.argsort(values, kind="stable")
    ordered, rank = values[order], np.empty(len(values), int)
    rank[order] = np.arange(len(values))
    half, odd = divmod(len(values) - 1, 2)
    high = ordered[half + (rank <= half)]
    return high if odd else (ordered[half - 1 + (rank < half)] + high) / 2


def _median(values: np.ndarray) -> float:
    """Return the median, as `numpy.median`, which takes longer for few values."""
    half, odd = divmod(len(values), 2)
    ordered = np.sort(values)
    return float(ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2)
