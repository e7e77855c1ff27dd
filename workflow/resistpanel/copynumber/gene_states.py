"""Copy-number states of genes, over every purity and baseline that the sample allows.

A gene has the state of its segment, or, with the prior probability `FOCAL`, one of its own. The
segment's state follows from its other genes: their mean log2 ratio, with an error between segments
(waves along the genome, capture lots) that more genes do not lower, and their heterozygous sites.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.copynumber.copy_states import (
    STATES,
    copies,
    expected_balance,
    expected_log2,
    log_prior,
    log_ratio_likelihood,
    log_sum,
)
from resistpanel.copynumber.copynumber_constants import (
    BASELINES,
    FOCAL,
    FOCAL_USUAL,
    MOST_CELLS,
    SEGMENT_NOISE,
    SHIFT_CELLS,
    SHIFT_REACH,
    SHIFTS,
    STRAY_RATIOS,
    STRAY_SPAN,
)
from resistpanel.copynumber.purity import GRID
from resistpanel.copynumber.ratios import Genes
from resistpanel.copynumber.segments import HetSites, Segment

#: Balances at which the heterozygous sites' likelihood is computed; between them it is linear.
_BALANCES = np.linspace(0.0, 0.5, 251)
#: States with no copy, with one, and with one haplotype.
NONE, ONE = STATES.total == 0, STATES.total == 1
NO_SHIFTS = next(iter(SHIFTS))
LOST = (STATES.minor == 0) & (STATES.total > 0)


@dataclasses.dataclass(frozen=True)
class Cell:
    """A purity and baseline, and their probability."""

    purity: float
    baseline: int
    weight: float


def cells(posterior: np.ndarray | None) -> list[Cell]:
    """Return at most about `MOST_CELLS` cells that represent a posterior.

    Parameters
    ----------
    posterior : ndarray, (len(BASELINES), len(GRID)), or None
        None: every purity is equally likely.

    Notes
    -----
    The purities of a baseline are divided into parts of equal probability.
    """
    if posterior is None:
        posterior = np.outer(list(BASELINES.values()), np.ones(len(GRID)))
    posterior = posterior / posterior.sum()
    found = []
    for row, baseline in zip(posterior, BASELINES, strict=True):
        mass = row.sum()
        if mass < 1e-3:
            continue
        parts = max(int(np.ceil(MOST_CELLS * np.sqrt(mass))), 2)
        part = np.minimum((np.cumsum(row) / mass * parts * (1 - 1e-9)).astype(int), parts - 1)
        for number in range(parts):
            weight = row[part == number].sum()
            if weight > 0:
                purity = float((GRID * row)[part == number].sum() / weight)
                found.append(Cell(purity, baseline, float(weight)))
    return found


@dataclasses.dataclass(frozen=True)
class GeneStates:
    """Probabilities of each gene over all cells; arrays over genes.

    Attributes
    ----------
    none : ndarray
        No copy is left.
    fewer : ndarray
        At most one copy.
    more : ndarray
        More copies than two, and than the baseline.
    amplified : ndarray
        That, and an amplification by the number of copies that the log2 ratio gives.
    changed : ndarray
        The copies are not the baseline's.
    lost : ndarray
        One haplotype is lost, the other is there.
    fitted : ndarray
        Expected log2 ratio; NaN where none was measured.
    """

    none: np.ndarray
    fewer: np.ndarray
    more: np.ndarray
    amplified: np.ndarray
    changed: np.ndarray
    lost: np.ndarray
    fitted: np.ndarray


def focal_prior(baseline: int) -> np.ndarray:
    """Return the log prior over `STATES` of a gene that left its segment.

    As `log_prior`, but with `FOCAL_USUAL` at the baseline: most genes that leave their segment are
    changed.
    """
    prior = np.exp(log_prior(baseline))
    usual = (STATES.total == baseline) & (STATES.minor == baseline // 2)
    return np.log(np.where(usual, FOCAL_USUAL, prior * (1 - FOCAL_USUAL) / prior[~usual].sum()))


class _Evidence:
    """Likelihoods of a sample's genes and segments, for any cell."""

    def __init__(self, genes: Genes, sites: HetSites, segments: Sequence[Segment]):
        self.genes = genes
        self.shifts = NO_SHIFTS
        self.known = np.isfinite(genes.log2)
        self.log2 = np.where(self.known, genes.log2, 0.0)
        self.se = np.where(self.known, genes.se, 1.0)
        self.curves = sites.gene_curves(_BALANCES, len(genes.log2))
        weight = np.where(self.known, 1 / self.se**2, 0.0)
        self.rest_log2, self.rest_se = np.zeros(len(weight)), np.full(len(weight), np.inf)
        self.rest_curves = np.zeros_like(self.curves)
        self.alone = np.ones(len(weight), bool)
        for part in segments:
            rows = part.genes
            if len(rows) < 2:
                continue
            self.alone[rows] = False
            used = weight[rows] * self._near(rows)
            rest = np.maximum(used.sum() - used, 0.0)
            sums = used * self.log2[rows]
            has = rest > 1e-9
            self.rest_log2[rows] = np.where(has, (sums.sum() - sums) / np.maximum(rest, 1e-9), 0.0)
            self.rest_se[rows] = np.where(
                has, np.hypot(np.maximum(rest, 1e-9) ** -0.5, SEGMENT_NOISE), np.inf
            )
            self.rest_curves[rows] = self.curves[rows].sum(axis=0) - self.curves[rows]
        self.has_rest = np.isfinite(self.rest_se)
        # Likelihood of each gene's sites at any balance.
        self.any_balance = log_sum(self.curves, 1) - np.log(len(_BALANCES))

    def _near(self, rows: np.ndarray) -> np.ndarray:
        """Return Huber's weights of a segment's genes: one of another state hardly counts."""
        known = rows[self.known[rows]]
        if len(known) < 3:
            return np.ones(len(rows))
        away = np.abs(self.log2[rows] - np.median(self.log2[known])) / self.se[rows]
        return np.minimum(1, (2 / np.maximum(away, 1e-9)) ** 2)

    def posterior(self, cell: Cell) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior over `STATES`, (genes, states), and the cell's log-likelihood."""
        shared, apart, sites, fits = self._terms(cell)
        found = np.logaddexp(shared, apart) + sites + np.logaddexp.reduce(fits)
        fit = log_sum(found, 1)
        return np.exp(found - fit[:, None]), fit

    def _terms(self, cell: Cell) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
        """Return logarithms over (genes, states).

        The prior of a gene with the state of its segment, of one apart from it, the likelihood of
        its heterozygous sites, and that of its log2 ratio without and with a shift of its depth.
        """
        prior = log_prior(cell.baseline)
        expected = expected_log2(cell.purity, STATES.total, 2, cell.baseline)
        balance = expected_balance(cell.purity, STATES.total, STATES.minor) / 0.5
        at = balance * (len(_BALANCES) - 1)
        low = np.minimum(at.astype(int), len(_BALANCES) - 2)
        step = at - low

        def sites(curves: np.ndarray) -> np.ndarray:
            return curves[:, low] * (1 - step) + curves[:, low + 1] * step

        def ratio(log2: np.ndarray, se: np.ndarray, known: np.ndarray) -> np.ndarray:
            fit = log_ratio_likelihood(log2[:, None], np.where(known, se, 1.0)[:, None], expected)
            return np.where(known[:, None], fit, 0.0)

        rest = prior + sites(self.rest_curves) + ratio(self.rest_log2, self.rest_se, self.has_rest)
        rest = np.log1p(-FOCAL) + rest - log_sum(rest, 1)[:, None]
        alone = self.alone[:, None]
        shared = np.where(alone, -np.inf, rest)
        apart = np.where(alone, prior, np.log(FOCAL) + focal_prior(cell.baseline))
        fits, (fraction, sd) = [ratio(self.log2, self.se, self.known)], self.shifts
        if fraction:
            fits[0] = np.log1p(-fraction) + fits[0]
            shifted = ratio(self.log2, np.hypot(self.se, sd), self.known)
            fits.append(np.log(fraction) + shifted)
        return shared, apart, sites(self.curves), fits

    def fitted(self, cell: Cell) -> np.ndarray:
        """Return the expected log2 ratio of each gene, (genes,).

        Given a state, it is the mean of the gene's own ratio, of that of its segment's other genes
        (unless the gene is apart from them) and of what the state predicts, from which ratios
        depart by `SEGMENT_NOISE`, weighted by their precisions. The ratio of a gene that no state
        explains is its own.
        """
        shared, apart, sites, fits = self._terms(cell)
        expected = expected_log2(cell.purity, STATES.total, 2, cell.baseline)
        others = np.where(self.has_rest, 1 / np.maximum(self.rest_se, 1e-9) ** 2, 0.0)[:, None]
        by_state, alone = 1 / SEGMENT_NOISE**2, self.log2[:, None]
        # Where no state explains the gene.
        free = np.log(STRAY_RATIOS / STRAY_SPAN) + self.any_balance
        weights, means = [free[:, None]], [alone]
        for fit, sd in zip(fits, (0.0, self.shifts[1]), strict=False):
            own = 1 / (self.se**2 + sd**2)[:, None]
            for prior, rest in ((shared, others), (apart, 0.0)):
                weights.append(prior + sites + fit)
                summed = own * alone + rest * self.rest_log2[:, None] + by_state * expected
                means.append(summed / (own + rest + by_state))
        weight, mean = np.concatenate(weights, axis=1), np.concatenate(means, axis=1)
        weight = np.exp(weight - weight.max(axis=1, keepdims=True))
        found = (weight * mean).sum(axis=1) / weight.sum(axis=1)
        return np.where(self.known, found, np.nan)


def measured_shifts(evidence: _Evidence, possible: Sequence[Cell]) -> tuple[float, float]:
    """Return the fraction of genes whose depth is shifted, and the standard deviation of that.

    Genes of another capture lot than the reference's have a depth that no copy number explains.
    Their heterozygous sites are balanced: where genes with sites show such depths, the depth of a
    gene without sites is less informative too. The most likely of `SHIFTS` by all genes.
    """
    best = sorted(possible, key=lambda cell: -cell.weight)[:SHIFT_CELLS]
    log_weight = np.log([cell.weight for cell in best])
    found = {}
    for shifts, prior in SHIFTS.items():
        evidence.shifts = shifts
        fits = [float(evidence.posterior(cell)[1].sum()) for cell in best]
        found[shifts] = prior + float(log_sum(log_weight + np.array(fits), 0))
    return max(found, key=lambda shifts: found[shifts])


def least_amplified(baseline: int, least: float) -> float:
    """Return the copies from which a gene is amplified: half-way to five more in a doubled one."""
    return max(least, baseline + 2.5)


def gene_states(
    genes: Genes,
    sites: HetSites,
    segments: Sequence[Segment],
    possible: Sequence[Cell],
    least: float,
    informed: bool = True,
) -> GeneStates:
    """Return the states of genes of which normal cells have two copies.

    Parameters
    ----------
    genes : Genes
    sites : HetSites
    segments : sequence of Segment
    possible : sequence of Cell
    least : float
        Copies from which a gene counts as amplified, in a genome of two copies.
    informed : bool
        Whether the cells are narrowed down by all genes. If they are wide, a cell's weight is
        multiplied by the likelihood of the gene: a purity at which no state explains the gene does
        not count for it.
    """
    evidence = _Evidence(genes, sites, segments)
    if informed:
        evidence.shifts = measured_shifts(evidence, possible)
    found = _averaged(evidence, possible, least, informed)
    _, sd = evidence.shifts
    if not sd:
        return found
    # A shift of one gene does not take back a homozygous deletion that is beyond most shifts.
    evidence.shifts = NO_SHIFTS
    plain = _averaged(evidence, possible, least, informed)
    deleted = (evidence.log2 <= -SHIFT_REACH * sd) & (plain.none > plain.fewer / 2)
    return dataclasses.replace(
        found,
        none=np.where(deleted, plain.none, found.none),
        fewer=np.where(deleted, plain.fewer, found.fewer),
        fitted=np.where(deleted, plain.fitted, found.fitted),
    )


def _averaged(
    evidence: _Evidence, possible: Sequence[Cell], least: float, informed: bool
) -> GeneStates:
    """Return the states of genes over all cells."""
    total: dict[str, list[np.ndarray]] = {}
    fits = []
    for cell in possible:
        posterior, fit = evidence.posterior(cell)
        fits.append(np.log(cell.weight) + (0.0 if informed else fit) + np.zeros(len(fit)))
        usual = max(2, cell.baseline)
        amount = copies(evidence.log2, cell.purity, 2, cell.baseline)
        more = posterior[:, STATES.total > usual].sum(axis=1)
        found = {
            "none": posterior[:, NONE].sum(axis=1),
            "fewer": posterior[:, NONE | ONE].sum(axis=1),
            "more": more,
            "amplified": np.where(amount >= least_amplified(cell.baseline, least), more, 0.0),
            "changed": 1 - posterior[:, STATES.total == cell.baseline].sum(axis=1),
            "lost": posterior[:, LOST].sum(axis=1),
            "fitted": evidence.fitted(cell),
        }
        for name, value in found.items():
            total.setdefault(name, []).append(value)
    weights = np.exp(np.array(fits) - np.max(fits, axis=0))
    weights /= weights.sum(axis=0)
    return GeneStates(**{name: (weights * values).sum(axis=0) for name, values in total.items()})
