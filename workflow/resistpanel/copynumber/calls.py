"""Calls per gene: copies, amplification to deletion, LOH; and the paired ratio of two tumours."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from resistpanel.copynumber.copy_states import (
    copies,
    expected_log2,
    log_ratio_likelihood,
    log_single_prior,
)
from resistpanel.copynumber.copynumber_constants import (
    HIGHEST_PURITY,
    LEAST_SHARED,
    MEDIAN_ERROR,
    RHO,
)
from resistpanel.copynumber.gene_states import Cell, gene_states
from resistpanel.copynumber.partial import Partial
from resistpanel.copynumber.ratios import Genes, mad, two_sided
from resistpanel.copynumber.segments import BALANCES, HetSites, Segment
from resistpanel.core.core_constants import Z95
from resistpanel.core.parameters import setting
from resistpanel.core.special import logsumexp
from resistpanel.core.stats import benjamini_hochberg


@dataclasses.dataclass(frozen=True)
class Rules:
    """What a call needs.

    Attributes
    ----------
    amplified : float
        Copies per tumour cell that count as amplification.
    least_amplified : float
        Fewest estimated copies called so: half-way from a gain of two copies to `amplified`.
    certainty : float
        Posterior probability that the copies are not those of the genome at large, and of LOH.
    q : float
        False discovery rate of changes where the purity is not known, and of paired ratios.
    least_unknown : float
        Log2 ratio, absolute, below which no change is called where the purity is not known.
    least_paired : float
        Paired log2 ratio, absolute, below which a change is not called however certain.
    """

    amplified: float = setting(6.0, unit="copies", origin="judgement")
    least_amplified: float = setting(
        5.0, unit="copies", origin="derived: mean of 4 and `amplified`"
    )
    certainty: float = setting(0.9, unit="1", origin="judgement")
    least_unknown: float = setting(0.15, unit="log2", origin="judgement")
    q: float = setting(0.01, unit="q-value", origin="judgement")
    least_paired: float = setting(0.2, unit="log2", origin="judgement")


DEFAULT = Rules()
CALLS = ("deletion", "loss", "neutral", "gain", "amplification")


@dataclasses.dataclass(frozen=True)
class Context:
    """What a tumour's genes are judged by: purity (None: not known) with interval, baseline.

    `cells` are the purities and baselines that are possible, with their probabilities; `informed`
    is whether these are narrowed down by all genes, see `gene_states`.
    """

    purity: float | None
    low: float | None
    high: float | None
    baseline: int = 2
    cells: tuple[Cell, ...] = ()
    informed: bool = True


@dataclasses.dataclass(frozen=True)
class GeneCall:
    """A gene in a tumour; see ``copynumber.schema.json`` for the fields."""

    copies: float | None
    copies_low: float | None
    copies_high: float | None
    call: str | None
    probability: float | None
    loh: bool | None
    balance: float | None
    balance_low: float | None
    balance_high: float | None
    sites: int
    partial: Partial | None = None
    log2_fitted: float | None = None


def single_posterior(
    log2: float, se: float, purity: float, normal: int
) -> tuple[np.ndarray, float]:
    """Return the posterior over 0 to 12 copies where normal cells have `normal` (X in a man).

    With the log-likelihood of the purity.
    """
    total = np.arange(13)
    expected = expected_log2(purity, total, normal)
    log_like = log_single_prior(total, normal) + log_ratio_likelihood(log2, se, expected)
    fit = float(logsumexp(log_like))
    return np.exp(log_like - fit), fit


def copies_interval(log2: float, se: float, context: Context, normal: int) -> tuple:
    """Return (copies, low, high), errors of log2 ratio and purity added in quadrature."""
    args = (normal, context.baseline)
    value = float(copies(log2, context.purity, *args))
    down = [value - float(copies(log2 - 1.96 * se, context.purity, *args))]
    up = [float(copies(log2 + 1.96 * se, context.purity, *args)) - value]
    for purity in (context.low, context.high):
        if purity is not None:
            other = float(copies(log2, purity, *args)) - value
            (up if other > 0 else down).append(abs(other))
    return value, max(0.0, value - float(np.hypot.reduce(down))), value + float(np.hypot.reduce(up))


def call_of(
    none: float, fewer: float, more: float, amplified: float, certain: bool, rules: Rules
) -> str:
    """Return the call from the probabilities of no copy, fewer, more, and many more copies.

    Parameters
    ----------
    none, fewer, more, amplified : float
        See `GeneStates`.
    certain : bool
        Whether the purity is known. If it is not, a deletion and an amplification have to hold at
        every likely purity, not only to be likelier than a loss and a gain.
    rules : Rules
    """
    if fewer >= rules.certainty:
        limit = fewer / 2 if certain else rules.certainty
        return "deletion" if none > limit else "loss"
    if more >= rules.certainty:
        limit = more / 2 if certain else rules.certainty
        return "amplification" if amplified > limit else "gain"
    return "neutral"


def balance_interval(sites: HetSites) -> tuple[float, float, float]:
    """Return (fraction of the rarer haplotype, low, high): mode and 95 % interval, flat prior."""
    curve = sites.curve()
    weights = np.exp(curve - curve.max())
    weights /= weights.sum()
    cumulative = np.cumsum(weights)
    low, high = (int(np.searchsorted(cumulative, q)) for q in (0.025, 0.975))
    return float(BALANCES[curve.argmax()]), float(BALANCES[low]), float(BALANCES[min(high, 99)])


def call_genes(
    genes: Genes,
    sites: HetSites,
    segments: Sequence[Segment],
    neighbours: list[np.ndarray],
    context: Context,
    normal_copies: np.ndarray,
    partial: Mapping[int, Partial] | None = None,
    rules: Rules = DEFAULT,
) -> list[GeneCall]:
    """Return the call of every gene.

    Parameters
    ----------
    genes : Genes
    sites : HetSites
    segments : sequence of Segment
    neighbours : list of ndarray of int, (genes,)
        For each gene, those whose heterozygous sites are informative of its haplotypes.
    context : Context
    normal_copies : ndarray of int, (genes,)
        Copies in normal cells: 2, or 1 on X of a man.
    partial : mapping of int to Partial, optional
        Deletions of a part, by gene.
    rules : Rules
    """
    states = gene_states(
        genes, sites, segments, context.cells, rules.least_amplified, context.informed
    )
    found = []
    for i in range(len(genes.log2)):
        log2, se = float(genes.log2[i]), float(genes.se[i])
        usual, certain = int(normal_copies[i]), context.purity is not None
        own = sites.of(np.array([i] if usual == 2 else [], int))
        balance = balance_interval(own) if len(own.alt) else (None, None, None)
        if not np.isfinite(log2):
            found.append(GeneCall(None, None, None, None, None, None, *balance, len(own.alt)))
            continue
        amount = copies_interval(log2, se, context, usual) if certain else (None, None, None)
        names = ("none", "fewer", "more", "amplified", "changed")
        chances = {name: float(getattr(states, name)[i]) for name in names}
        loh = None
        if usual == 2:
            near = len(sites.of(neighbours[i]).alt)
            loh = _loh(float(states.lost[i]), near, certain, rules)
        else:
            chances = single_states(log2, se, context.cells, usual, rules, context.informed)
        changed = min(max(chances.pop("changed"), 0.0), 1.0)
        call = call_of(**chances, certain=certain, rules=rules)
        if not certain and abs(log2) < rules.least_unknown:
            call = "neutral"
        part = (partial or {}).get(i)
        call = "deletion" if part else call
        fitted = float(states.fitted[i]) if usual == 2 else None
        found.append(
            GeneCall(*amount, call, round(changed, 6), loh, *balance, len(own.alt), part, fitted)
        )
    return found


def single_states(
    log2: float,
    se: float,
    possible: Sequence[Cell],
    normal: int,
    rules: Rules,
    informed: bool,
) -> dict[str, float]:
    """Return the probabilities that `call_of` needs of a gene on a man's X, and `changed`."""
    found, fits = [], []
    for cell in possible:
        posterior, fit = single_posterior(log2, se, cell.purity, normal)
        fits.append(np.log(cell.weight) + (0.0 if informed else fit))
        more = float(posterior[normal + 1 :].sum())
        amount = float(copies(log2, cell.purity, normal, cell.baseline))
        found.append(
            {
                "none": float(posterior[0]),
                "fewer": float(posterior[:normal].sum()),
                "more": more,
                "amplified": more if amount >= rules.least_amplified else 0.0,
                "changed": float(1 - posterior[normal]),
            }
        )
    weights = np.exp(np.array(fits) - max(fits))
    weights /= weights.sum()
    return {
        name: float(sum(w * one[name] for w, one in zip(weights, found, strict=True)))
        for name in found[0]
    }


def _loh(lost: float, sites: int, certain: bool, rules: Rules) -> bool | None:
    """Return whether one haplotype is lost; None where it is not known.

    Without a heterozygous site that is informative of the gene only a prior would decide.
    """
    if not sites:
        return None
    if lost >= rules.certainty:
        return True
    return False if certain and lost <= 1 - rules.certainty else None


@dataclasses.dataclass(frozen=True)
class PairedCall:
    """A gene's later against its earlier tumour."""

    log2_ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    expected: float | None
    call: str | None


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a paired log2 ratio would be, had the copies stayed; 95 % interval."""

    value: float
    low: float
    high: float


def purity_alone(
    log2: float, se: float, pre: Context, post: Context, normal: int
) -> Expected | None:
    """Return the paired log2 ratio that the purities alone give, the copies as before.

    Parameters
    ----------
    log2, se : float
        The gene's log2 ratio against the normal in the earlier tumour.
    pre, post : Context
    normal : int
        Copies in normal cells.

    Notes
    -----
    Errors of the ratio and of both purities are propagated one by one and added in quadrature.
    """
    if pre.purity is None or post.purity is None or not np.isfinite(log2):
        return None

    def ratio(ratio: float, before: float, after: float) -> float:
        held = copies(ratio, before, normal, pre.baseline)
        return float(expected_log2(after, held, normal, pre.baseline)) - log2

    value = ratio(log2, pre.purity, post.purity)
    moved = [ratio(log2 + step * 1.96 * se, pre.purity, post.purity) for step in (-1, 1)]
    moved += [ratio(log2, end, post.purity) for end in (pre.low, pre.high) if end]
    moved += [ratio(log2, pre.purity, end) for end in (post.low, post.high) if end]
    up = float(np.hypot.reduce([max(other - value, 0.0) for other in moved]))
    down = float(np.hypot.reduce([max(value - other, 0.0) for other in moved]))
    return Expected(value, value - down, value + up)


def shared_scale(
    counts: tuple[np.ndarray, np.ndarray], later: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float] | None:
    """Return the range of the later over the earlier purity, from variants of both tumours.

    Parameters
    ----------
    counts, later : (ndarray of int, ndarray of int)
        Variant-supporting fragments and depth of the same variants in the two tumours.

    Returns
    -------
    (low, high) or None
        95 % interval of the median ratio of their allele frequencies; None with fewer than
        `LEAST_SHARED` variants.

    Notes
    -----
    The allele frequency of a variant on one of two copies is proportional to the purity. Variants
    that rose or fell, or whose copies changed, widen the interval.
    """
    (alt, depth), (alt_later, depth_later) = counts, later
    if len(alt) < LEAST_SHARED:
        return None
    ratio = np.log(alt_later / depth_later) - np.log(alt / depth)
    counting = np.sqrt(np.median(1 / alt + 1 / alt_later + 2 * RHO / np.maximum(alt / depth, 0.02)))
    error = MEDIAN_ERROR * max(mad(ratio), counting) / np.sqrt(len(ratio))
    middle = float(np.median(ratio))
    return float(np.exp(middle - Z95 * error)), float(np.exp(middle + Z95 * error))


def scale_alone(scale: tuple[float, float] | None) -> Expected | None:
    """Return the log2 ratios that unchanged copies can have, of two tumours without a normal.

    With purities p and k p, a gene has the ratio (1 + k x) / (1 + x) with x = p (c / 2 - 1) for its
    copies c: between 1 and k for gains, and between 1 and (1 - k p) / (1 - p) for losses.
    """
    if scale is None:
        return None
    found = [0.0]
    for k in scale:
        p = HIGHEST_PURITY * min(1.0, 1 / k)
        found += [np.log2(k), np.log2((1 - k * p) / (1 - p))]
    return Expected(0.0, float(min(found)), float(max(found)))


def scaled(log2: float, se: float, scale: tuple[float, float] | None) -> Expected | None:
    """Return the paired log2 ratio that unchanged copies give, from the ratio of purities alone.

    A gene's ratio r to the normal in the earlier tumour is 1 + p (c / 2 - 1); with the purity k p
    it becomes 1 + k (r - 1). The genome at large is assumed at two copies.
    """
    if scale is None or not np.isfinite(log2):
        return None

    def ratio(k: float, value: float) -> float:
        return float(np.log2(max(1 + k * (2**value - 1), 2**-7)) - value)

    middle = float(np.sqrt(scale[0] * scale[1]))
    moved = [ratio(k, log2) for k in scale]
    moved += [ratio(middle, log2 + step * Z95 * se) for step in (-1, 1)]
    return Expected(ratio(middle, log2), min(moved), max(moved))


def call_paired(
    genes: Genes, expected: list[Expected | None], rules: Rules = DEFAULT
) -> list[PairedCall]:
    """Return the calls of paired ratios.

    Parameters
    ----------
    genes : Genes
        Of the later tumour with the earlier one as its reference: the normal has no part in it.
    expected : list of (Expected or None)
        What the purities alone give; a ratio between 0 and that is no change of copies. Without
        it no call is made.
    """
    p = two_sided(genes.log2, genes.se, genes.targets + 6)
    q = benjamini_hochberg(p)
    found = []
    for i, log2 in enumerate(genes.log2):
        held = expected[i]
        value = held.value if held else None
        if not np.isfinite(log2):
            found.append(PairedCall(None, None, None, None, None, value, None))
            continue
        low, high = float(genes.low[i]), float(genes.high[i])
        if held is None:
            found.append(PairedCall(float(log2), low, high, float(p[i]), float(q[i]), None, None))
            continue
        floor, ceiling = min(held.low, 0.0), max(held.high, 0.0)
        call = "unchanged"
        if q[i] <= rules.q and low > ceiling and log2 > ceiling + rules.least_paired:
            call = "higher"
        elif q[i] <= rules.q and high < floor and log2 < floor - rules.least_paired:
            call = "lower"
        found.append(PairedCall(float(log2), low, high, float(p[i]), float(q[i]), value, call))
    return found
