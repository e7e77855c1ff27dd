"""The state of an allele between two samples.

Pure functions of counts and limits. The rules, their error rates and their reasons are in
docs/compare.md.
"""

import dataclasses
import functools
import math

import numpy as np

from resistpanel.compare.compare_constants import (
    MOST_DEPTH,
    MOST_FOLD,
    MOST_UNCHANGED,
)
from resistpanel.compare.evidence import View
from resistpanel.compare.kernels import around
from resistpanel.compare.posterior import Posterior, posterior, probability_above
from resistpanel.compare.scale import Scale
from resistpanel.core.core_constants import Z95
from resistpanel.core.parameters import setting
from resistpanel.core.special import ndtri


@dataclasses.dataclass(frozen=True)
class Rules:
    """Thresholds of the states.

    Parameters
    ----------
    overdispersion : float
        rho of the beta-binomial, where the calls state none for a sample.
    estimated : bool
        Whether the estimates of the calls are used at all.
    certainty : float
        Posterior probability that a change needs.
    least_fold : float
        Smallest change that counts as rising or falling, as a ratio.
    most_fold : float
        Change that must be excluded on either side for an allele to be stable.
    equivalence : float
        Posterior probability with which it must be excluded, on either side.
    most_hopping : float
        Highest rate of index hopping that is considered: fraction of the fragments of one of the
        patient's libraries that are seen in another; 0: none.
    """

    overdispersion: float = setting(
        0.0005, unit="1", origin="judgement: half of the binomial variance at 1,000 fragments"
    )
    estimated: bool = setting(
        True, unit="yes or no", origin="definition: what was measured goes before an assumption"
    )
    certainty: float = setting(0.975, unit="1", origin="definition: two-sided 95 %")
    least_fold: float = setting(1.25, unit="1", origin="judgement")
    most_fold: float = setting(2.0, unit="1", origin="judgement")
    equivalence: float = setting(
        0.95,
        unit="1",
        origin="paper: Schuirmann 1987, J Pharmacokinet Biopharm 15:657 (two tests at 5 %)",
    )
    most_hopping: float = setting(
        0.005,
        unit="1",
        origin="paper: 0.47 % on HiSeq X, van der Valk 2020, Mol Ecol Resour 20:1171; Costello "
        "2018, BMC Genomics 19:332, has 0.25 % in most libraries and up to 6 %",
    )


DEFAULT = Rules()


@dataclasses.dataclass(frozen=True)
class Decision:
    """The state of an allele between two samples, and why.

    Parameters
    ----------
    state : str
    reason : str
        Which rule decided: ``detected`` (the test of both), ``bounds``, ``support``,
        ``overlap`` (of the bounds), ``depth``, ``purity``, ``tumour`` (none detectable in the
        sample that does not show the allele), ``fraction`` (of its cells, that the bound leaves
        open), ``scale`` (not known), ``chance`` (among all
        variants), ``copies`` (a change of the other copy of the gene would explain it),
        ``reads`` (none), ``neither``.
    probability_increase : float or None
        Posterior probability that the (purity-corrected) frequency rose.
    fold_change : float or None
        Ratio of the (purity-corrected) frequencies; None if the allele was not seen before.
    corrected : bool
        Whether the frequencies were corrected for purity, known in both samples.
    variants : int
        Shared variants whose median change was corrected for; 0: none.
    needed : int or None
        Fragments that would have been sufficient, where the state is undetermined for want of them.
    fold_low, fold_high : float or None
        95 % interval of the ratio; None unless the allele was detected in both.
    """

    state: str
    reason: str
    probability_increase: float | None
    fold_change: float | None
    corrected: bool
    needed: int | None = None
    fold_low: float | None = None
    fold_high: float | None = None
    variants: int = 0


class _Pair:
    """Both samples on one scale: f_post * `scale` is comparable with f_pre.

    Attributes
    ----------
    corrected : bool
        Whether both purities are known.
    relative : bool
        Whether the shared variants' common change alone is corrected for. It holds the error of
        the purities; where these are trusted, it takes enough variants.
    settled : bool
        Whether a change can be distinguished from a change of purity.
    scale : float
        AF in the pre sample that equals an AF of 1 in the post sample.
    log_sd : float
        Standard deviation of its logarithm.
    """

    def __init__(
        self,
        pre: View,
        post: View,
        rules: Rules,
        common: Scale | None = None,
        unchanged: float | None = None,
    ):
        self.pre, self.post, self.rules = pre, post, rules
        self.common, self.unchanged = common, unchanged
        self.corrected = pre.locus.comparable and post.locus.comparable
        # Of the copies that are estimated from depth, and of the log ratio of the stated purities.
        amounts = stated = 0.0
        if self.corrected:
            amounts = math.hypot(pre.locus.amount_sd, post.locus.amount_sd)
            errors = math.hypot(pre.locus.log_sd, post.locus.log_sd)
            stated = math.sqrt(max(errors**2 - amounts**2, 0.0))
        enough = common is not None and common.settled
        contradicted = (
            self.corrected
            and common is not None
            and not enough
            and abs(common.offset) > Z95 * math.hypot(stated, common.sd)
        )
        trusted = self.corrected and not contradicted
        self.relative = common is not None and (enough or not trusted)
        self.settled = enough or trusted
        offset, error = 0.0, stated
        if self.relative:
            offset, error = common.offset, common.sd
        elif common is not None and stated > 0:
            # Of few shared variants and purities, that of either by its precision.
            offset = common.offset * stated**2 / (stated**2 + common.sd**2)
            error = stated * (common.sd / math.hypot(stated, common.sd))
        self.scale = scale_ratio(pre, post) * math.exp(-offset)
        self.log_sd = math.hypot(error, amounts)

    @functools.cached_property
    def posteriors(self) -> tuple[Posterior, Posterior]:
        return tuple(
            posterior(view.evidence.alt, view.evidence.depth, rho_of(view.rho, self.rules))
            for view in (self.pre, self.post)
        )

    def above(self, fold: float, cells: bool = False) -> float:
        """Return the probability that the corrected frequency changed by more than `fold`.

        With `cells` it is that of the fraction of cells: copies that are not known count as an
        error. A gene that has changed in both samples moves the ratio by less than in one.

        Parameters
        ----------
        fold : float
            One of the folds that `rules` tests.
        cells : bool
        """
        return (self._of_cells(fold > 1) if cells else self._of_frequencies)[fold]

    @functools.cached_property
    def _of_frequencies(self) -> dict[float, float]:
        return self._probabilities(self.log_sd)

    def _of_cells(self, rising: bool) -> dict[float, float]:
        of_copies = max(view.copies_sd(rising) for view in (self.pre, self.post))
        return self._probabilities(math.hypot(self.log_sd, of_copies))

    def _probabilities(self, error: float) -> dict[float, float]:
        """Return `probability_above` of every fold that the rules test."""
        least, most = self.rules.least_fold, self.rules.most_fold
        folds = (1.0, least, 1 / least, most, 1 / most)
        found = probability_above(*self.posteriors, np.array(folds) / self.scale, error)
        return dict(zip(folds, found.tolist(), strict=True))

    def fold(self) -> float | None:
        pre, post = self.pre.evidence, self.post.evidence
        if not pre.af or post.af is None or pre.alt == 0:
            return None
        return post.af * self.scale / pre.af

    def fold_interval(self) -> tuple[float, float]:
        """Return the central 95 % of the corrected change, as folds.

        The distribution function is computed about the normal quantiles, a quarter of a standard
        deviation apart, and interpolated as normal quantiles: right to a hundredth of it.
        """
        most = math.log(MOST_FOLD)
        guess = min(max(math.log(self.fold() or 1.0), -most), most)
        sd = math.hypot(*self._counting(), self.log_sd)
        curves = [one.curve for one in self.posteriors]
        found = [
            around(*curves, self.scale, self.log_sd, guess + sd * z, sd * _STEPS, probability, most)
            for z, probability in _CENTRAL
        ]
        normal = ndtri(np.array([below for _, below in found]))
        return tuple(
            math.exp(np.interp(z, row, at))
            for (z, _), row, (at, _) in zip(_CENTRAL, normal, found, strict=True)
        )

    def _counting(self) -> tuple[float, float]:
        """Return the standard deviation of the log AF of either sample from counting."""
        return tuple(
            math.sqrt((one.depth - one.alt + 0.5) / (one.alt + 0.5) * (rho + (1 - rho) / one.depth))
            for view in (self.pre, self.post)
            for one, rho in ((view.evidence, rho_of(view.rho, self.rules)),)
        )

    def mirrored(self) -> "_Pair":
        back = self.common and dataclasses.replace(self.common, offset=-self.common.offset)
        return _Pair(self.post, self.pre, self.rules, back, self.unchanged)


#: Bounds of the central 95 %: normal quantiles, and their probabilities.
_CENTRAL = tuple((float(ndtri(p)), p) for p in (0.025, 0.975))
#: Where a distribution is computed about a quantile, in standard deviations.
_STEPS = np.linspace(-1, 1, 9)


def rho_of(stated: float | None, rules: Rules) -> float:
    """Return the overdispersion of a sample: as its calls state it, else that of the rules."""
    return stated if rules.estimated and stated is not None else rules.overdispersion


def scale_ratio(pre: View, post: View) -> float:
    """Return the AF in `pre` that equals an AF of 1 in `post`, by stated purities and copies.

    1 where the purity of one of them is not known.
    """
    if not (pre.locus.comparable and post.locus.comparable):
        return 1.0
    return post.locus.scale() / pre.locus.scale()


def decide(
    pre: View,
    post: View,
    rules: Rules = DEFAULT,
    common: Scale | None = None,
    interval: bool = True,
    unchanged: float | None = None,
) -> Decision:
    """Return the state of an allele between an earlier and a later sample.

    Parameters
    ----------
    pre, post : View
    rules : Rules
    common : Scale, optional
        The change of the patient's shared variants, on the scale of `scale_ratio`.
    interval : bool
        Whether to give the probability of an increase and the interval of the change too.
    unchanged : float, optional
        Probability that an allele detected in both did not change, from all variants of the
        patient, see `resistpanel.compare.multiplicity`.
    """
    pair = _Pair(pre, post, rules, common, unchanged)
    variants = common.variants if pair.relative else 0
    if pre.evidence.depth == 0 or post.evidence.depth == 0:
        return Decision("not covered", "reads", None, None, pair.corrected, variants=variants)
    seen = pre.evidence.detected, post.evidence.detected
    needed, bounds = None, (None, None)
    if seen == (True, True):
        state, reason = _change(pair)
        if interval:
            bounds = pair.fold_interval()
        if state == "undetermined" and reason == "depth":
            needed = _depth_for_change(pair)
    elif None in seen:
        state, reason = "undetermined", "depth"
        needed = _depth_where_not_assessable(pair)
    elif seen == (False, True):
        state, reason = _appeared(pair)
        if state == "undetermined" and reason in ("depth", "purity"):
            needed = _depth_for_absence(pair)
    elif seen == (True, False):
        mirrored = pair.mirrored()
        state, reason = _appeared(mirrored)
        state = {"acquired": "lost", "emergent": "falling"}.get(state, state)
        if state == "falling" and not pair.settled:
            state, reason = "undetermined", "scale"
        elif state == "falling" and pair.above(1 / rules.least_fold) > 1 - rules.certainty:
            state, reason = "undetermined", "depth"
        elif state == "falling" and pair.above(1 / rules.least_fold, True) > 1 - rules.certainty:
            state, reason = "undetermined", "copies"
        if state == "undetermined" and reason in ("depth", "purity"):
            needed = _depth_for_absence(mirrored)
    else:
        state, reason = "absent", "neither"
    increase = pair.above(1.0) if interval else None
    return Decision(state, reason, increase, pair.fold(), pair.corrected, needed, *bounds, variants)


def _change(pair: _Pair) -> tuple[str, str]:
    """Both detected: tests against the smallest change that counts, and of equivalence."""
    rules, doubt = pair.rules, 1 - pair.rules.certainty
    increase = pair.above(1.0)
    changed = None
    if increase >= 1 - doubt and pair.above(rules.least_fold) >= 1 - doubt:
        changed = "rising"
    if increase <= doubt and pair.above(1 / rules.least_fold) <= doubt:
        changed = "falling"
    if changed:
        if not pair.settled:
            return "undetermined", "scale"
        if pair.unchanged is not None and pair.unchanged > MOST_UNCHANGED:
            return "undetermined", "chance"
        above = pair.above(rules.least_fold if changed == "rising" else 1 / rules.least_fold, True)
        sure = above >= 1 - doubt if changed == "rising" else above <= doubt
        return (changed, "detected") if sure else ("undetermined", "copies")
    within = 1 - pair.above(rules.most_fold), pair.above(1 / rules.most_fold)
    if min(within) >= rules.equivalence:
        return "stable", "detected"
    return "undetermined", "depth"


def _lower_bound(pair: _Pair) -> float:
    """Lower bound of the later frequency, as an AF in the earlier sample.

    The distances of the bounds of frequency and scale from their estimates are combined as
    standard deviations are (MOVER; Zou and Donner, Stat Med 2008;27:1693), on the logarithm.
    """
    low, af = pair.post.evidence.low, pair.post.evidence.af
    if not low or not af:
        return 0.0
    distance = math.hypot(math.log(af / min(low, af)), Z95 * pair.log_sd)
    return min(af * pair.scale * math.exp(-distance), 1.0)


def _appeared(pair: _Pair) -> tuple[str, str]:
    """Detected in the later sample and not in the earlier one."""
    pre, post = pair.pre.evidence, pair.post.evidence
    if pair.pre.possible:
        return "emergent", "support"
    if not pair.pre.adequate:
        absent = pair.pre.content is not None and not pair.pre.content.detected
        return "undetermined", "tumour" if absent else "fraction"
    if pre.ub is not None and _lower_bound(pair) > pre.ub:
        return "acquired", "bounds"
    if pre.lod is not None and (post.af or 0.0) * pair.scale >= pre.lod:
        return "emergent", "overlap"
    # Would the bounds be apart if both samples were as pure, and the purity known exactly?
    apart = pre.ub is not None and (post.low or 0.0) > pre.ub
    return "undetermined", "purity" if apart else "depth"


def absence_depth(frequency: float) -> int | None:
    """Return the depth at which no fragment with the allele bounds its AF below `frequency`.

    From 1 - 0.05^(1/n) < f, the Clopper-Pearson bound of no fragment in n (rule of three);
    None beyond `MOST_DEPTH`.
    """
    if frequency <= 0:
        return None
    if frequency >= 1:
        return 1
    depth = math.floor(math.log(0.05) / math.log1p(-frequency)) + 1
    return depth if depth <= MOST_DEPTH else None


def _depth_for_absence(pair: _Pair) -> int | None:
    return absence_depth(_lower_bound(pair))


def _depth_where_not_assessable(pair: _Pair) -> int | None:
    """Depth that the sample that could not be assessed would have needed."""
    if pair.pre.evidence.detected is None and pair.post.evidence.detected:
        return _depth_for_absence(pair)
    if pair.post.evidence.detected is None and pair.pre.evidence.detected:
        return _depth_for_absence(pair.mirrored())
    return None


def _depth_for_change(pair: _Pair) -> int | None:
    """Depth in both samples at which the test would have decided, the AFs being as they are.

    From the normal approximation of the log ratio: its variance per sample is
    (1 - f) / f * (1/n + rho (1 - 1/n)), to which the purity's is added. The larger rho counts.
    """
    fold, rules = pair.fold(), pair.rules
    if not fold:
        return None
    distance = abs(math.log(fold))
    room = max(
        (math.log(rules.most_fold) - distance) / ndtri(rules.equivalence),
        (distance - math.log(rules.least_fold)) / ndtri(rules.certainty),
    )
    allowed = room**2 - pair.log_sd**2
    odds = sum(
        (1 - view.evidence.af) / view.evidence.af
        for view in (pair.pre, pair.post)
        if view.evidence.af
    )
    if odds == 0:
        return None
    # allowed = odds * (rho + (1 - rho) / n)
    rho = max(rho_of(view.rho, rules) for view in (pair.pre, pair.post))
    per_fragment = allowed / odds - rho
    if per_fragment <= 0:
        return None
    depth = math.ceil((1 - rho) / per_fragment)
    # A depth that both samples have already is a rounding of the approximation.
    depth = max(depth, min(pair.pre.evidence.depth, pair.post.evidence.depth) + 1)
    return depth if depth <= MOST_DEPTH else None
