"""How small an allele's cancer cell fraction was before a line of therapy, as probabilities.

An allele was either absent from all cells before the first dose, or it was in a fraction c of the
tumour cells of each lesion, c between `LEAST_BEFORE` and 1, uniform in log c and independent
between lesions. The fragments of a sample are beta-binomial about the frequency

    f = c m a (1 - e) + (1 - c m a) e + b,

where a is the frequency of a mutation on one copy in all tumour cells, known with a normal error
of its logarithm (purity, or the shared variants), m the copies per mutated cell, every number of
which that fits is allowed, e the error rate, and b what hops over from the patient's other
libraries. The allele was below x if its fraction was in
every lesion that was sampled: samples of one lesion share c. How often an allele was absent is
estimated from all alleles of the patient that were not detected before (EM, under `NEW_PRIOR`).

Sources: Roth et al., Nature Methods 2014;11:396 (allele counts and cellular prevalence over all
multiplicities); Carter et al., Nature Biotechnology 2012;30:413 (a by purity and copies).
"""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from resistpanel.compare.compare_constants import (
    FRACTION_BOUNDS,
    FRACTION_STEPS,
    LEAST_BEFORE,
    NEW_PRIOR,
    NEW_STEPS,
    ONE_COPY,
    SCALE_SPREAD,
)
from resistpanel.compare.evidence import View
from resistpanel.compare.states import Rules, rho_of
from resistpanel.core.special import ndtri
from resistpanel.core.stats import BetaBinomial
from resistpanel.core.text import rounded
from resistpanel.records import compare as records
from resistpanel.records.sheet import Line

#: Middles of equal steps of log c.
FRACTIONS = LEAST_BEFORE ** (1 - (np.arange(FRACTION_STEPS) + 0.5) / FRACTION_STEPS)
#: Fractions below each of the bounds.
_BELOW = tuple(int((bound > FRACTIONS).sum()) for bound in FRACTION_BOUNDS)
#: Nodes of the error of log a: quantiles of equal weight.
_NODES = ndtri((np.arange(9) + 0.5) / 9)


@dataclasses.dataclass(frozen=True)
class Before:
    """Likelihoods of an allele's cancer cell fraction before a line of therapy.

    Parameters
    ----------
    absent, present : float
        Of absence from all lesions, and of presence: relative to each other.
    below : ndarray, (bounds,)
        Of presence and a fraction below each of `FRACTION_BOUNDS` in every lesion.
    shown : bool
        Whether a sample shows the allele.
    open : bool
        Whether a lesion has no adequate sample: what is there is not learned from the others.
    """

    absent: float
    present: float
    below: np.ndarray
    shown: bool = False
    open: bool = False

    def new(self, prior: float) -> float:
        """Return the probability of absence under a prior."""
        total = prior * self.absent + (1 - prior) * self.present
        return prior * self.absent / total if total > 0 else 0.0

    def probabilities(self, prior: float) -> tuple[float, ...] | None:
        """Return the probability of a fraction below each bound; None without a likelihood."""
        if self.open:
            prior = NEW_PRIOR[0] / sum(NEW_PRIOR)
        total = prior * self.absent + (1 - prior) * self.present
        if total <= 0:
            return None
        return tuple((prior * self.absent + (1 - prior) * self.below) / total)


def new_fraction(found: Sequence[Before]) -> float:
    """Return the fraction of a patient's alleles not shown before that were absent."""
    counted = [one for one in found if not (one.shown or one.open)]
    fraction = NEW_PRIOR[0] / sum(NEW_PRIOR)
    for _ in range(NEW_STEPS):
        absent = sum(one.new(fraction) for one in counted)
        fraction = (NEW_PRIOR[0] + absent) / (sum(NEW_PRIOR) + len(counted))
    return fraction


def with_fractions(state: records.LineState, found: Before | None, new: float) -> records.LineState:
    """Return a line's state with the probabilities that the fraction was below 1 % and 5 %.

    Parameters
    ----------
    state : records.LineState
    found : Before or None
    new : float
        Prior probability of absence, from `new_fraction`.
    """
    below = None if found is None else found.probabilities(new)
    if below is None:
        return state
    below_1, below_5 = (rounded(value) for value in below)
    return msgspec.structs.replace(state, ccf_below_1=below_1, ccf_below_5=below_5)


def before(
    state: records.LineState,
    views: Mapping[str, View],
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    rules: Rules,
) -> Before | None:
    """Return the likelihoods of an allele before a line; None where no sample is adequate.

    Parameters
    ----------
    state : records.LineState
    views : mapping of str to View
        Of the allele, by sample.
    line : Line
    lesions : mapping of str to sequence of str
        Samples of each lesion, and of plasma.
    rules : Rules
    """
    if not state.lesions:
        return None
    groups = []
    for lesion, names in lesions.items():
        before = [name for name in names if name in line.baseline]
        used = [name for name in before if name in state.shown_by or _adequate(views[name])]
        # Plasma is of all lesions: where it says nothing there is none that it leaves open.
        if used or (before and lesion != "plasma"):
            groups.append([views[name] for name in used])
    return likelihoods(groups, rules) if any(groups) else None


def _adequate(view: View) -> bool:
    return view.content is not None and view.adequate


def likelihoods(lesions: Sequence[Sequence[View]], rules: Rules) -> Before | None:
    """Return the likelihoods of absence, and of a fraction below bounds in every lesion.

    A lesion without a sample has the prior. None where a sample's purity and shared variants do not
    say what a fraction of cells would show, or there is no lesion.
    """
    absent, present = 1.0, 1.0
    below = np.ones(len(FRACTION_BOUNDS))
    for views in lesions:
        log_like, log_absent = np.zeros(FRACTION_STEPS), 0.0
        for view in views:
            found = _log_likelihood(view, rho_of(view.rho, rules))
            if found is None:
                return None
            log_like, log_absent = log_like + found[1:], log_absent + found[0]
        most = max(log_like.max(), log_absent)
        like = np.exp(log_like - most)
        absent *= math.exp(log_absent - most)
        present *= float(like.mean())
        below *= [float(like[:number].sum()) / FRACTION_STEPS for number in _BELOW]
    if not lesions:
        return None
    shown = any(view.evidence.detected for views in lesions for view in views)
    return Before(0.0 if shown else absent, present, below, shown, not all(lesions))


def one_copy(view: View) -> tuple[float, float] | None:
    """Return the frequency of a mutation on one copy in all tumour cells, and its log error.

    From a trusted purity that the variants do not contradict, else between the lower quartile and
    the median of the shared variants, of which the error spans both.
    """
    content = view.content
    trusted = content is None or content.contradicted is None
    if view.locus.known and trusted and (view.locus.comparable or not (content and content.af_low)):
        return 1 / view.locus.scale(), view.locus.log_sd
    if content is None or not content.af or not content.af_low:
        return None
    half = math.log(content.af / content.af_low) / 2 if content.af > content.af_low else 0.0
    return math.sqrt(content.af * min(content.af_low, content.af)), math.hypot(SCALE_SPREAD, half)


def _log_likelihood(view: View, rho: float) -> np.ndarray | None:
    """Return the log-likelihood of absence, then of `FRACTIONS`."""
    scale = one_copy(view)
    if scale is None or view.evidence.depth == 0:
        return None
    copies = view.locus.normal_copies if view.locus.copies is None else view.locus.copies
    shown = (*scale, max(1, round(copies)), view.error, view.background or (0.0,), rho)
    return _of_counts(view.evidence.alt, view.evidence.depth, shown)


@functools.lru_cache(maxsize=4096)
def _of_counts(alt: int, depth: int, shown: tuple) -> np.ndarray:
    """Return `_log_likelihood` of counts; `shown` are the arguments of `_expected`."""
    grid, weights = _expected(*shown)
    log_like = grid.log(alt, depth)
    top = log_like.max()
    return np.log(np.maximum(np.exp(log_like - top) @ weights, 1e-300)) + top


@functools.lru_cache(maxsize=256)
def _expected(
    amount: float,
    log_sd: float,
    copies: int,
    error: float,
    background: tuple[float, ...],
    rho: float,
) -> tuple[BetaBinomial, np.ndarray]:
    """Return the frequencies that fractions would show, (1 + FRACTION_STEPS, ways), with weights.

    The ways are the numbers of mutated copies, the errors of `amount` and the backgrounds. The
    first row is that of absence.
    """
    amounts = np.minimum(amount * np.exp(log_sd * _NODES), 1.0)
    of_copies = np.full(copies, (1 - ONE_COPY) / max(copies - 1, 1))
    of_copies[0] = ONE_COPY if copies > 1 else 1.0
    c = np.concatenate([[0.0], FRACTIONS])[:, None, None]
    mutated = np.minimum(c * np.arange(1, copies + 1)[:, None] * amounts, 1.0)
    shown = mutated * (1 - error) + (1 - mutated) * error
    shown = np.minimum(shown[..., None] + np.array(background), 1.0)
    ways = len(amounts) * len(background)
    return BetaBinomial(shown.reshape(len(c), -1), rho), np.repeat(of_copies, ways) / ways
