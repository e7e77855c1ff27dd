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
    if not used:
        return None
    ratios = np.array([one.log_ratio for one in used])
    middle = float(np.median(ratios))
    counting = float(np.median([one.sd for one in used]))
    if len(used) >= SCALE_VARIANTS:
        mad = float(np.median(np.abs(ratios - middle)))
        spread = max(MAD_SD * mad, counting)
    else:
        spread = math.hypot(counting, SCALE_SPREAD)
    return Scale(middle, MEDIAN_SD * spread / math.sqrt(len(used)), len(used))
