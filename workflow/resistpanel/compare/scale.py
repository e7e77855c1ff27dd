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
        self._index = {one.id: i for i, one in enumerate(points)}
        self._ratios = np.array([one.log_ratio for one in points])
        self._sd = np.array([one.sd for one in points])
        self._found: dict[str | None, Scale | None] = {}

    def without(self, identifier: str | None = None) -> Scale | None:
        """Return `scale_of`, computed once for each variant."""
        at = self._index.get(identifier)
        key = identifier if at is not None else None
        if key not in self._found:
            arrays = (self._ratios, self._sd)
            if at is not None:
                arrays = (np.concatenate([one[:at], one[at + 1 :]]) for one in arrays)
            self._found[key] = _scale(*arrays)
        return self._found[key]


def _scale(ratios: np.ndarray, sd: np.ndarray) -> Scale | None:
    """Return the common change of log ratios, (n,), with their standard deviations, (n,)."""
    if not len(ratios):
        return None
    middle, counting = _median(ratios), _median(sd)
    if len(ratios) >= SCALE_VARIANTS:
        spread = max(MAD_SD * _median(np.abs(ratios - middle)), counting)
    else:
        spread = math.hypot(counting, SCALE_SPREAD)
    return Scale(middle, MEDIAN_SD * spread / math.sqrt(len(ratios)), len(ratios))


def _median(values: np.ndarray) -> float:
    """Return the median, as `numpy.median`, which takes longer for few values."""
    half, odd = divmod(len(values), 2)
    ordered = np.sort(values)
    return float(ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2)
