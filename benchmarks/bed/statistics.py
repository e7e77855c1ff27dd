"""Intervals, the rule of coverage, and the paired comparison of two callers."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

# The rule of coverage for intervals and limits that claim 95 %.
LEAST_DRAWS = 2000
BAND = (0.93, 0.97)
LEAST_BOUND = 0.93  # of an upper bound, at every AF
MOST_BOUND = 0.97  # of an upper bound just above UB(k)
FAILED_CELLS = 0.02  # most cells that may fail


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a proportion (JASA 1927;22:209); (nan, nan) without draws."""
    if not n:
        return math.nan, math.nan
    z = stats.norm.ppf(0.5 + level / 2)
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return max(0.0, centre - half), min(1.0, centre + half)


def clopper_pearson(k: int, n: int, level: float = 0.99) -> tuple[float, float]:
    """Return the exact interval of a proportion (Biometrika 1934;26:404)."""
    tail = (1 - level) / 2
    low = stats.beta.ppf(tail, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(1 - tail, k + 1, n - k) if k < n else 1.0
    return float(low), float(high)


def poisson_upper(k: int, level: float = 0.95) -> float:
    """Return the one-sided upper bound of a Poisson mean of which k events were seen."""
    return float(stats.gamma.ppf(level, k + 1))


def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """Return the two-sided p of Fisher's exact test of two proportions; nan without draws."""
    if not n1 or not n2:
        return math.nan
    return float(stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)


def poisson_ratio(k1: int, size1: float, k2: int, size2: float) -> float:
    """Return the two-sided p that two Poisson rates are equal (conditional binomial test)."""
    if not k1 + k2:
        return 1.0
    return float(stats.binomtest(k1, k1 + k2, size1 / (size1 + size2)).pvalue)


@dataclass(frozen=True)
class Coverage:
    """One cell: how many of n intervals held the truth, and whether the cell keeps the rule.

    ``verdict``: ``holds``, ``fails`` or ``too few draws``. A cell of too few draws fails if its
    interval lies outside all the same.
    """

    covered: int
    draws: int
    low: float
    high: float
    verdict: str

    @property
    def share(self) -> float:
        return self.covered / self.draws if self.draws else math.nan


def coverage(covered: int, draws: int, kind: str = "interval") -> Coverage:
    """Judge a cell by its 99 % interval.

    ``interval``: fails if the interval lies wholly outside 93 to 97 %. ``bound`` (an upper bound,
    conservative by construction): fails if it lies wholly below 93 %. ``tight`` (just above UB(k)):
    fails if it lies wholly above 97 % or wholly below 93 %, which is the rule of ``interval``.
    """
    low, high = clopper_pearson(covered, draws) if draws else (0.0, 1.0)
    too_low = high < (LEAST_BOUND if kind == "bound" else BAND[0])
    too_high = kind != "bound" and low > (MOST_BOUND if kind == "tight" else BAND[1])
    if too_low or too_high:
        verdict = "fails"
    else:
        verdict = "holds" if draws >= LEAST_DRAWS else "too few draws"
    return Coverage(covered, draws, low, high, verdict)


def table_holds(cells: list[Coverage]) -> bool:
    """Whether a table keeps the rule: at most 2 % of its cells fail."""
    return sum(c.verdict == "fails" for c in cells) <= FAILED_CELLS * len(cells)


@dataclass(frozen=True)
class Paired:
    """Two callers at the same variants. ``difference`` is first minus second, with its interval."""

    both: int
    first: int
    second: int
    neither: int
    difference: float
    low: float
    high: float
    p: float


def paired(first, second, level: float = 0.95) -> Paired:
    """Compare what two callers found of the same variants.

    The interval of the difference is Newcombe's for paired proportions (Stat Med 1998;17:2635,
    method 10); p is McNemar's exact one (Psychometrika 1947;12:153), two-sided.
    """
    a, b = np.asarray(first, bool), np.asarray(second, bool)
    if a.shape != b.shape:
        raise ValueError("both callers must be judged at the same variants")
    both, one, two = int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum())
    n = len(a)
    if not n:
        return Paired(0, 0, 0, 0, math.nan, math.nan, math.nan, math.nan)
    neither = n - both - one - two
    p1, p2 = (both + one) / n, (both + two) / n
    (l1, u1), (l2, u2) = wilson(both + one, n, level), wilson(both + two, n, level)
    margins = (both + one) * (two + neither) * (both + two) * (one + neither)
    phi = 0.0
    if margins:
        top = both * neither - one * two
        top = max(top - n / 2, 0) if top > 0 else top
        phi = top / math.sqrt(margins)
    d = p1 - p2
    low = d - _root((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = d + _root((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    p = float(stats.binomtest(one, one + two, 0.5).pvalue) if one + two else 1.0
    return Paired(both, one, two, neither, d, low, high, p)


def _root(x: float) -> float:
    return math.sqrt(max(0.0, x))


def beta_binomial_rho(k: np.ndarray, n: np.ndarray) -> float:
    """Return rho by the method of moments, of replicates with the same fraction."""
    k, n = np.asarray(k, float), np.asarray(n, float)
    p = k.sum() / n.sum()
    if not 0 < p < 1:
        return math.nan
    s = (n * (k / n - p) ** 2).sum()
    total = n.sum()
    weight = total - (n**2).sum() / total
    expected = p * (1 - p) * (len(n) - 1)
    return max(0.0, (s - expected) / (p * (1 - p) * (weight - (len(n) - 1))))
