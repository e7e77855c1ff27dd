"""Log2 ratios of depth: per target, corrected for bias, and per gene with an interval."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.copynumber.bins import Bins, Coverage, gene_spans
from resistpanel.copynumber.copynumber_constants import (
    GC_KNOTS,
    GENE_NOISE,
    LEAST_FOR_BIAS,
    LEAST_FOR_NOISE,
    LEAST_FRAGMENTS,
    LEAST_NOISE,
    LEAST_REFERENCE_DEPTH,
    LEAST_SPLINE,
    MAD_TO_SD,
    PRIOR_FREEDOM,
    SIZE_KNOTS,
    TUKEY,
)
from resistpanel.core.core_constants import Z95
from resistpanel.core.special import stdtr


@dataclasses.dataclass(frozen=True)
class Targets:
    """Log2 ratios per target.

    Attributes
    ----------
    log2 : ndarray of float
        NaN where the target cannot be used.
    variance : ndarray of float
        Sampling variance of each, from counting fragments alone.
    noise : float
        Standard deviation from target to target beyond counting.
    """

    log2: np.ndarray
    variance: np.ndarray
    noise: float


@dataclasses.dataclass(frozen=True)
class Genes:
    """Log2 ratios per gene; arrays over genes.

    Attributes
    ----------
    name, chrom : ndarray of str
    start, end : ndarray of int
        0-based half-open, from its first to its last target.
    targets : ndarray of int
        Targets used.
    log2, se : ndarray of float
        NaN without a usable target.
    noise : float
        Standard deviation from gene to gene beyond that of their targets; within `se`.
    centre : float
        What was subtracted from the log2 ratios of targets and genes.
    """

    name: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    targets: np.ndarray
    log2: np.ndarray
    se: np.ndarray
    noise: float
    centre: float = 0.0

    @property
    def low(self) -> np.ndarray:
        """Lower end of the 95 % interval."""
        return self.log2 - Z95 * self.se

    @property
    def high(self) -> np.ndarray:
        """Upper end of the 95 % interval."""
        return self.log2 + Z95 * self.se


def mad(values: np.ndarray) -> float:
    """Return the median absolute deviation, scaled to the standard deviation of a normal."""
    return float(MAD_TO_SD * np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def raw_ratio(sample: Coverage, references: Sequence[Coverage]) -> tuple[np.ndarray, np.ndarray]:
    """Return (log2 ratio, sampling variance) per target, not yet centred.

    Parameters
    ----------
    sample : Coverage
    references : sequence of Coverage
        One: the matched normal, or the earlier tumour. More: their mean on the log scale, each
        scaled to its own median.
    """

    def scaled(one: Coverage) -> tuple[np.ndarray, np.ndarray]:
        typical = np.median(one.depth[one.depth > 0]) if (one.depth > 0).any() else 1.0
        per_fragment = one.depth / np.maximum(one.fragments, 1e-9)
        # Half a fragment stands for none: a deleted gene has a finite ratio.
        covered = per_fragment[per_fragment > 0]
        of_others = np.median(covered) if len(covered) else 1.0
        least = 0.5 * np.where(per_fragment > 0, per_fragment, of_others)
        return (
            np.log2(np.maximum(one.depth, least) / typical),
            1 / np.log(2) ** 2 / np.maximum(one.fragments, 0.5),
        )

    top, top_variance = scaled(sample)
    parts = [scaled(one) for one in references]
    bottom = np.mean([value for value, _ in parts], axis=0)
    bottom_variance = np.sum([variance for _, variance in parts], axis=0) / len(parts) ** 2
    usable = np.ones(len(top), bool)
    for one in references:
        positive = one.depth[one.depth > 0]
        typical = np.median(positive) if len(positive) else 1.0
        usable &= (one.depth >= LEAST_REFERENCE_DEPTH * typical) & (
            one.fragments >= LEAST_FRAGMENTS
        )
    ratio = np.where(usable, top - bottom, np.nan)
    return ratio, np.minimum(top_variance + bottom_variance, 4.0)


def natural_spline(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the basis of a natural cubic spline without its constant, (values, knots - 1).

    Linear beyond the outer knots (Hastie, Tibshirani and Friedman, The Elements of Statistical
    Learning, 2nd ed., equation 5.4).
    """
    knots = np.unique(knots)
    columns = [values]
    if len(knots) > 2:
        scale = (knots[-1] - knots[0]) ** 2

        def cube(knot: float) -> np.ndarray:
            top = np.maximum(values - knot, 0) ** 3 - np.maximum(values - knots[-1], 0) ** 3
            return top / (knots[-1] - knot) / scale

        columns += [cube(knot) - cube(knots[-2]) for knot in knots[:-2]]
    return np.stack(columns, axis=1)


def bias(log2: np.ndarray, bins: Bins) -> np.ndarray:
    """Return what GC and length of the targets explain of their log2 ratios.

    A robust regression (Tukey's biweight, iteratively reweighted) on natural cubic splines of GC
    and of the log of the length, over the autosomes: genes of another copy number are outliers to
    it. With few targets GC is a parabola and length a line. Zero where too few targets are usable.
    Its mean over the targets is zero.
    """
    rows = np.flatnonzero(np.isfinite(log2) & ~bins.sex_linked)
    if len(rows) < LEAST_FOR_BIAS:
        return np.zeros(len(log2))
    gc = bins.gc - np.median(bins.gc[rows])
    size = np.log2(bins.length) - np.median(np.log2(bins.length[rows]))
    # Beyond the middle 98 % of the targets the curve is not followed.
    gc = np.clip(gc, *np.percentile(gc[rows], [1, 99]))
    size = np.clip(size, *np.percentile(size[rows], [1, 99]))
    if len(rows) >= LEAST_SPLINE:
        curves = [
            natural_spline(values, np.percentile(values[rows], knots))
            for values, knots in ((gc, GC_KNOTS), (size, SIZE_KNOTS))
        ]
    else:
        curves = [np.stack([gc, gc**2, size], axis=1)]
    design = np.concatenate([np.ones((len(gc), 1)), *curves], axis=1)
    fitted = design @ _biweight(design[rows], log2[rows])
    return fitted - fitted[rows].mean()


def _biweight(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the coefficients of a regression with Tukey's biweight."""
    q, r = np.linalg.qr(x)
    weights = np.ones(len(y))
    fitted, before = np.zeros(len(y)), np.full(len(y), np.inf)
    for _ in range(50):
        weighted = q * weights[:, None]
        coefficients = np.linalg.lstsq(weighted.T @ q, weighted.T @ y, rcond=None)[0]
        fitted = q @ coefficients
        if np.abs(fitted - before).max() < 1e-5:
            break
        before = fitted
        residual = y - fitted
        scale = max(mad(residual), 1e-6)
        weights = np.maximum(1 - (residual / (TUKEY * scale)) ** 2, 0) ** 2
        weights[np.abs(residual) > TUKEY * scale] = 0
    return np.linalg.lstsq(r, coefficients, rcond=None)[0]


def target_noise(log2: np.ndarray, variance: np.ndarray, spans: list[np.ndarray]) -> float:
    """Return the noise between targets beyond counting, from neighbours in the same gene.

    Differences of neighbours cancel the gene's copy number.
    """
    differences, expected = [], []
    for rows in spans:
        rows = rows[np.isfinite(log2[rows])]
        differences.append(np.diff(log2[rows]))
        expected.append(variance[rows][1:] + variance[rows][:-1])
    difference, counting = np.concatenate(differences), np.concatenate(expected)
    if len(difference) < 5:
        return 0.15  # a library of ordinary quality; nothing to measure it on
    spread = MAD_TO_SD * float(np.median(np.abs(difference)))
    return float(np.sqrt(max((spread**2 - np.median(counting)) / 2, LEAST_NOISE**2)))


def target_ratios(sample: Coverage, references: Sequence[Coverage], bins: Bins) -> Targets:
    """Return a sample's log2 ratios per target against its reference, corrected for bias."""
    log2, variance = raw_ratio(sample, references)
    log2 = log2 - bias(log2, bins)
    spans = [rows for _, rows in gene_spans(bins)]
    return Targets(log2, variance, target_noise(log2, variance, spans))


def combine(log2: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Return (mean, standard error) of a gene's targets, outliers weighed down.

    Weights are 1 / variance, by Huber's function beyond two standard deviations from the
    median. Where the targets scatter more than their variances say, the error is widened by
    that much (Birge's ratio), the scatter of a few targets being shrunk towards the variances.
    """
    if len(log2) == 1:
        return float(log2[0]), float(np.sqrt(variance[0]))
    middle = float(np.median(log2))
    for _ in range(10):
        away = np.abs(log2 - middle) / np.sqrt(variance)
        huber = np.minimum(1, 2 / np.maximum(away, 1e-9)) if len(log2) > 2 else np.ones(len(log2))
        weights = huber / variance
        middle = float((weights * log2).sum() / weights.sum())
    scatter = float((huber * (log2 - middle) ** 2 / variance).sum())
    ratio = (PRIOR_FREEDOM + scatter) / (PRIOR_FREEDOM + len(log2) - 1)
    return middle, float(np.sqrt(max(1.0, ratio) / weights.sum()))


def mode(values: np.ndarray, errors: np.ndarray) -> float:
    """Return the value that most genes share: the peak of the sum of their error curves."""
    grid = np.linspace(values.min() - 0.1, values.max() + 0.1, 2001)
    width = np.maximum(errors, np.median(errors))
    curves = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2) / width
    return float(grid[curves.sum(axis=1).argmax()])


def gene_ratios(targets: Targets, bins: Bins) -> Genes:
    """Return log2 ratios per gene, centred on the value that most autosomal genes share."""
    spans = gene_spans(bins)
    variance = targets.variance + targets.noise**2
    log2, se = np.full(len(spans), np.nan), np.full(len(spans), np.nan)
    used = np.zeros(len(spans), int)
    for i, (_, rows) in enumerate(spans):
        rows = rows[np.isfinite(targets.log2[rows])]
        used[i] = len(rows)
        if len(rows):
            log2[i], se[i] = combine(targets.log2[rows], variance[rows])
    chrom = np.array([bins.chrom[rows[0]] for _, rows in spans])
    sex = np.array([bins.sex_linked[rows[0]] for _, rows in spans])
    known = np.isfinite(log2)
    noise = gene_noise(log2, se, chrom)
    se = np.sqrt(se**2 + noise**2)
    centred = known & ~sex if (known & ~sex).any() else known
    centre = mode(log2[centred], se[centred]) if centred.any() else 0.0
    log2 = log2 - centre
    return Genes(
        np.array([gene for gene, _ in spans]),
        chrom,
        np.array([bins.start[rows].min() for _, rows in spans]),
        np.array([bins.end[rows].max() for _, rows in spans]),
        used,
        log2,
        se,
        noise,
        centre,
    )


def shorth(values: np.ndarray) -> float:
    """Return the length of the shortest half of the values, scaled to the sd of a normal."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    widths = ordered[half:] - ordered[: len(ordered) - half]
    return float(widths.min() / 1.349)


def gene_noise(log2: np.ndarray, se: np.ndarray, chrom: np.ndarray) -> float:
    """Return the noise between genes beyond that of their targets.

    The smaller of two estimates, since each is too high for some tumours: from differences of
    neighbours on a chromosome (changes of single genes raise it), and from the shortest half of
    all genes (changes of most of the genome raise it). Too few genes measure nothing, and
    `GENE_NOISE` is assumed.
    """
    known = np.isfinite(log2)
    if known.sum() < LEAST_FOR_NOISE:
        return GENE_NOISE
    typical = float(np.median(se[known]))
    found = [shorth(log2[known]) / typical]
    near = (chrom[1:] == chrom[:-1]) & known[1:] & known[:-1]
    if near.sum() >= LEAST_FOR_NOISE:
        z = (np.diff(log2) / np.sqrt(se[1:] ** 2 + se[:-1] ** 2))[near]
        found.append(float(MAD_TO_SD * np.median(np.abs(z))))
    return float(np.sqrt(max(min(found) ** 2 - 1, 0.0)) * typical)


def two_sided(log2: np.ndarray, se: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return the p value of a log2 ratio of 0 by Student's t."""
    return 2 * stdtr(np.maximum(freedom, 1), -np.abs(log2) / se)
