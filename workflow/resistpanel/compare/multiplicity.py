"""How many of the changes between two samples are chance: a two-group model over all variants.

The log ratio of a variant, relative to the median, is normal about 0 if it did not change (the
spike), and has the further variance of real changes if it did (the slab). The weight of the spike
and the width of its normal distribution are those of the patient's own variants: an overdispersion
above the assumed one widens all ratios alike, and is no change.

Sources: Efron, Statistical Science 2008;23:1 (two groups, empirical null, local false discovery
rate); Mitchell and Beauchamp, JASA 1988;83:1023 (spike and slab).
"""

import dataclasses
import math
import statistics
from collections.abc import Sequence

import numpy as np

from resistpanel.compare.compare_constants import (
    CHANGE_SD,
    MAD_SD,
    SCALE_VARIANTS,
    SPIKE_PRIOR,
    WEIGHT_STEPS,
)
from resistpanel.compare.scale import Point, scale_of


@dataclasses.dataclass(frozen=True)
class Changes:
    """The changes of the shared variants between two samples.

    Parameters
    ----------
    unchanged : dict of str to float
        Probability that a variant did not change, by id.
    weight : float
        Estimated fraction of variants that did not change.
    spread : float
        Width of the ratios of these, over what counting explains; 1 or more.
    """

    unchanged: dict[str, float]
    weight: float
    spread: float


def changes(points: Sequence[Point]) -> Changes | None:
    """Return which variants changed; None for fewer than `SCALE_VARIANTS`."""
    common = scale_of(points)
    if common is None or len(points) < SCALE_VARIANTS:
        return None
    ratios = [one.log_ratio - common.offset for one in points]
    counting = [math.hypot(one.sd, common.sd) for one in points]
    scores = [abs(d) / s for d, s in zip(ratios, counting, strict=True)]
    spread = max(1.0, MAD_SD * statistics.median(scores))
    narrow = np.array([_density(d, spread * s) for d, s in zip(ratios, counting, strict=True)])
    wide = np.array([
        _density(d, math.hypot(spread * s, CHANGE_SD))
        for d, s in zip(ratios, counting, strict=True)
    ])  # fmt: skip
    both = narrow + wide > 0
    weight = SPIKE_PRIOR[0] / sum(SPIKE_PRIOR)
    found: list[float] = []
    for _ in range(WEIGHT_STEPS):
        spike = weight * narrow
        whole = spike + (1 - weight) * wide
        found = np.divide(spike, whole, out=np.zeros(len(spike)), where=both).tolist()
        weight = (SPIKE_PRIOR[0] + sum(found)) / (sum(SPIKE_PRIOR) + len(found))
    by_id = {one.id: value for one, value in zip(points, found, strict=True)}
    return Changes(by_id, weight, spread)


def _density(value: float, sd: float) -> float:
    """Return the normal density about 0, without its constant."""
    return math.exp(-0.5 * (value / sd) ** 2) / sd
