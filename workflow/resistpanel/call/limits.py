"""The limit of detection: the lowest allele frequency that is called in 95 % of draws.

Sites are drawn from the fitted model (a parametric bootstrap; CLSI EP17): errors in all samples,
with the multiplier of the site from its distribution, and the variant in one sample. For each
draw of the errors, the very model that calls is asked how many fragments with the variant make a
call; how often a frequency reaches that many is the binomial tail, which is summed over the draws
and solved for the frequency. The critical number is a real number at which the odds cross what a
call needs, and a call is made from the next integer on; the steps are sloped, so that the limit
falls with depth and does not jump.

A limit is worked out on a grid of depth and error rate for each kind of site, and interpolated
between: sites of a kind are alike in their other samples and in their distributions of m.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from resistpanel.call.call_constants import (
    ARTIFACT_CAP,
    ARTIFACT_LEVEL,
    ARTIFACT_SPREAD,
    CLEAN_DRAWS,
    CONTAMINATION_CAP,
    DEPTH_STEP,
    DRAWN_SAMPLES,
    ERROR_STEP,
    EXPLAINED_ERRORS,
    EXPLAINED_STEP,
    FEW_DRAWS,
    FOREIGN_SPREAD,
    LEAST_STRATUM,
    LOD_DRAWS,
    LOD_LEVEL,
    MANY_ERRORS,
    MIN_DEPTH,
    MOST_DRAWS,
    PRESENT_BF,
    SHALLOW,
    TIN_FROM,
    TIN_PRIOR,
    TUMOR_SPREAD,
    WHOLE_SLOPE,
)
from resistpanel.call.errors.error_model import MULTIPLIERS, WITHIN_STEP
from resistpanel.call.filters import FILTERS
from resistpanel.call.limit_kernels import Models
from resistpanel.call.model.posterior import (
    FREQUENCIES,
    LEAKS_TRIED,
    LOG_CENTRES,
    NO_ADMIXTURE,
    Admixture,
    Evidence,
    Priors,
    log_artifact_prior,
    log_frequency_prior,
    log_germline_frequencies,
    log_het_prior,
    log_shows_allele,
    log_shows_other,
    spread,
)
from resistpanel.core.special import betainc, betaincinv, betaln, ndtr, ndtri

#: Least fragments of the filter `few_fragments`, least ratio of AF to stutter of `slippage`.
FEW, SLIPPAGE = (
    next(f.threshold for f in FILTERS if f.name == name) for name in ("few_fragments", "slippage")
)
WEAK = next(f.threshold for f in FILTERS if f.name == "weak")


@dataclass(frozen=True)
class Conditions:
    """What a call is made under, but for the site.

    Attributes
    ----------
    normal : int or None
        Index of the normal among the samples.
    priors : Priors
    admixture : Admixture
    log_het : (samples, FREQUENCIES[1:]), optional
        From `posterior.log_het_prior`, without a normal.
    threshold : float
        Phred-scaled, of a call.
    """

    normal: int | None
    priors: Priors = field(default_factory=Priors)
    admixture: Admixture = NO_ADMIXTURE
    log_het: np.ndarray | None = None
    threshold: float = WEAK

    def with_variant_in(self, sample: int, samples: int) -> "Conditions":
        """Return the conditions under which a sample could show a somatic variant.

        In place of a tumour the normal has no tumour in it, and a tumour is in its place.
        """
        if sample != self.normal:
            return self
        role = None if samples == 1 else (sample + 1) % samples
        admixture = Admixture(contamination=self.admixture.contamination)
        return Conditions(role, self.priors, admixture, self.log_het, self.threshold)


@dataclass(frozen=True)
class Sites:
    """The sites whose limits are asked for.

    Attributes
    ----------
    evidence : Evidence
        Depths, expected errors and distributions of m are used; the alleles shown are not.
    log_germline : (candidates,) or None
        As for `posterior.evaluate`.
    stutter : (candidates, samples) or None
        Stutter rate that the filter `slippage` compares with, 0 outside repeats.
    log_error : (candidates, samples, 3, 3) or None
        Mean and standard deviation of the log error probability of the fragments, by kind (as
        `Evidence.expected`), and log of the mean one. Without it all fragments of a kind have one.
    unproven : bool, (candidates,) or None
        Whether the allele is reported as present even if it may be inherited.
    """

    evidence: Evidence
    log_germline: np.ndarray | None = None
    stutter: np.ndarray | None = None
    log_error: np.ndarray | None = None
    unproven: np.ndarray | None = None


def detection_limits(sites: Sites, sample: int, conditions: Conditions) -> np.ndarray:
    """Return the lowest AF of a variant of one sample that is called in 95 % of draws.

    Called is what passes and is detected in the sample: `SOMATIC_PHRED`, the models that the
    filters compare, `few_fragments`, `slippage` and `DET`.

    Parameters
    ----------
    sites : Sites
    sample : int
    conditions : Conditions

    Returns
    -------
    float, (candidates,)
        NaN where no AF up to 1 is called in 95 %.
    """
    samples = sites.evidence.other.shape[1]
    if not len(sites.evidence.other):
        return np.empty(0)
    return _Limits(sites, sample, conditions.with_variant_in(sample, samples)).stated()


class _Limits:
    """Limits of one sample at all sites.

    Attributes
    ----------
    total : (candidates, samples)
        Informative fragments.
    rate : (candidates,)
        Errors expected per fragment of the sample, of all kinds.
    """

    def __init__(self, sites: Sites, sample: int, conditions: Conditions) -> None:
        evidence = sites.evidence
        self.sites, self.sample, self.conditions = sites, sample, conditions
        self.evidence = evidence
        self.total = evidence.other + evidence.errors.sum((2, 3))
        self.samples = self.total.shape[1]
        depth = np.maximum(self.total[:, sample], 1)
        self.rate = np.maximum(evidence.expected[:, sample].sum(1) / depth, 1e-8)
        self.kinds = self._kinds()
        self.log_error = self._log_error()
        self.part = self.kinds[:, sample] / np.maximum(self.kinds[:, sample].sum(1), 1e-9)[:, None]
        self.slip = self._slip()
        self.models = self._models()
        self.strata: dict[tuple[int, int, int], tuple[np.ndarray, ...]] = {}

    def _kinds(self) -> np.ndarray:
        """Return the fragments by kind, (candidates, samples, 3)."""
        good = self.evidence.good
        rest = np.maximum(self.total - good.sum(2), 0)
        kinds = np.concatenate([good, rest[..., None]], axis=2)
        # At an indel the other bases are not known apart: they err as the good ones do.
        kinds[..., 2] = np.where(self.evidence.expected[..., 2] > 0, kinds[..., 2], 0)
        # Where no base is good, the errors show the orientations.
        expected = self.evidence.expected + 1e-12 * np.array([1, 1, 0])
        expected = (
            expected / expected.sum(2, keepdims=True) * np.maximum(self.total, 1e-9)[..., None]
        )
        return np.where(kinds.sum(2, keepdims=True) > 0, kinds, expected)

    def _log_error(self) -> np.ndarray:
        """Return what `Sites.log_error` is, (candidates, samples, 3, 3)."""
        if self.sites.log_error is not None:
            return self.sites.log_error
        expected = self.evidence.expected
        mean = np.log(np.maximum(expected / np.maximum(self.kinds, 1e-9), 1e-9))
        usual = np.log(np.maximum(expected.sum(2) / np.maximum(self.total, 1), 1e-9))[..., None]
        mean = np.where(expected > 0, mean, usual)
        return np.stack([mean, np.zeros_like(mean), mean], axis=-1)

    def _slip(self) -> np.ndarray:
        """Return the AF that the filter `slippage` asks for, per error rate, (candidates,)."""
        if self.sites.stutter is None:
            return np.zeros(len(self.total))
        tumors = [s for s in range(self.samples) if s != self.conditions.normal]
        return SLIPPAGE * self.sites.stutter[:, tumors].max(1) / self.rate

    def _models(self) -> Models:
        """Return the compiled models."""
        given, samples = self.conditions, self.samples
        admixture, priors = given.admixture, given.priors
        het, hom, flat = log_germline_frequencies()
        if given.normal is None:
            log_het = given.log_het
            if log_het is None:
                log_het = log_het_prior(np.zeros((0, samples)), np.zeros((0, samples)))
        else:
            log_het = np.tile(het, (samples, 1))
        levels = np.full((samples, 2), -1, dtype=np.int32)
        for s, c in admixture.contamination.items():
            if c > 0:
                levels[s] = np.searchsorted(FREQUENCIES[1:], [c / 2, c])
        constants = {
            "table": log_shows_allele(),
            "log_keep": log_shows_other(),
            "keep": 1 - FREQUENCIES,
            "frequency": FREQUENCIES,
            "multiplier": MULTIPLIERS.astype(float),
            "one": int(np.flatnonzero(MULTIPLIERS == 1)[0]),
            "log10_centres": LOG_CENTRES,
            "leak": LEAKS_TRIED,
            "prior": log_frequency_prior(),
            "artifact": log_artifact_prior(priors.artifact_low),
            "hom": hom,
            "flat": flat,
            "het": np.ascontiguousarray(log_het),
            "spread": np.ascontiguousarray(spread(TUMOR_SPREAD).T),
            "close_spread": np.ascontiguousarray(spread(ARTIFACT_SPREAD).T),
            "narrow": spread(FOREIGN_SPREAD),
        }
        scalars = {
            "somatic": np.log(priors.somatic),
            "null": np.log(priors.null),
            "own": np.log(priors.independent),
            "shared": np.log1p(-priors.independent),
            "present": np.log(priors.present),
            "lacks": np.log1p(-priors.present),
            "artifact": np.log(priors.artifact),
            "tin_prior": np.log(TIN_PRIOR),
            "no_tin": np.log1p(-TIN_PRIOR),
            "tin_from": TIN_FROM,
            "tin": admixture.tumor_in_normal,
            "needed_odds": np.log(10 ** (given.threshold / 10) - 1),
            "needed_bf": np.log(PRESENT_BF),
            "within_step": WITHIN_STEP,
        }
        tin_tumor = admixture.tumor if admixture.tumor_in_normal > 0 else None
        return Models(
            constants,
            samples,
            -1 if given.normal is None else given.normal,
            scalars,
            levels,
            -1 if tin_tumor is None else tin_tumor,
        )

    def _kind_of(self) -> tuple[np.ndarray, np.ndarray]:
        """Return one site of each kind, and the kind of each site."""
        e, s = self.evidence, self.sample
        others = [j for j in range(self.samples) if j not in (s, self.conditions.normal)]
        good = self.part[:, :2].sum(1)
        depth = np.maximum(self.total[:, s], 1)
        key = [
            np.round(2 * self.part[:, 2]),
            np.round(2 * self.part[:, 0] / np.maximum(good, 1e-9)),
            np.round((self.part * self.log_error[:, s, :, 1]).sum(1)),
            np.round(8 * np.log(np.maximum(self.slip, 1e-9))),
            np.round(_explains(e.log_shared) / EXPLAINED_STEP),
            *np.round(_explains(e.log_own[:, s]) / EXPLAINED_STEP).T,
        ]
        if others:
            apart = e.expected[:, others].sum((1, 2)) / np.maximum(self.total[:, others].sum(1), 1)
            key += [
                np.round(np.log(np.maximum(self.total[:, others].sum(1), 1) / depth) / 1.0),
                np.round(np.log(np.maximum(apart, 1e-9) / self.rate) / 2),
            ]
        if self.conditions.normal is not None:
            deep = np.maximum(self.total[:, self.conditions.normal], 1)
            key.append(np.round(np.log(deep / depth) / np.where(deep < SHALLOW, 0.2, 0.5)))
        if self.sites.log_germline is not None:
            key.append(np.round(self.sites.log_germline))
        if any(c > 0 for c in self.conditions.admixture.contamination.values()):
            key.append(np.round(e.log_carried))
        if self.sites.unproven is not None:
            key.append(self.sites.unproven)
        _, first, inverse = np.unique(
            np.column_stack(key), axis=0, return_index=True, return_inverse=True
        )
        return first, inverse.reshape(-1)

    def stated(self) -> np.ndarray:
        """Return the limits of all sites, (candidates,)."""
        depth = np.maximum(self.total[:, self.sample], 1)
        assessed = depth >= MIN_DEPTH
        result = self._interpolated(depth)
        # Where errors are many, the limit depends on them in ways that are not straight; beside a
        # corner of the grid that has none, the site itself is asked.
        noisy = (depth * self.rate > MANY_ERRORS) | np.isnan(result)
        alone = np.flatnonzero(noisy & assessed)
        result[alone] = self._at(alone, depth[alone], self.rate[alone])
        return np.where(assessed, np.clip(result, self.rate, 1.0), np.nan)

    def _interpolated(self, depth: np.ndarray) -> np.ndarray:
        """Return the limits of sites of few errors, interpolated on a grid, (candidates,)."""
        first, kind = self._kind_of()
        x, y = np.log(depth) / DEPTH_STEP, np.log(self.rate) / ERROR_STEP
        low = np.stack([np.floor(x), np.floor(y)], axis=1)
        corner = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        few = (depth * self.rate <= MANY_ERRORS) & (depth >= MIN_DEPTH)
        cells = np.column_stack([np.repeat(kind, 4), (low[:, None] + corner).reshape(-1, 2)])
        few &= self._interpolates(kind, cells, few)
        result = np.full(len(depth), np.nan)
        cells, inverse = np.unique(cells[np.repeat(few, 4)], axis=0, return_inverse=True)
        lod = self._at(
            first[cells[:, 0].astype(int)],
            np.exp(cells[:, 1] * DEPTH_STEP),
            np.exp(cells[:, 2] * ERROR_STEP),
        )
        right = (np.stack([x, y], axis=1) - low)[few]
        weight = np.where(corner == 1, right[:, None], 1 - right[:, None]).prod(2)
        result[few] = np.exp((np.log(lod)[inverse.reshape(-1, 4)] * weight).sum(1))
        return result

    def _interpolates(self, kind: np.ndarray, cells: np.ndarray, few: np.ndarray) -> np.ndarray:
        """Return for each site whether its kind has more sites than corners, bool (candidates,).

        Where it has not, to ask the sites themselves takes less time.

        Parameters
        ----------
        kind : (candidates,)
        cells : (4 candidates, 3)
            Kind, and corner of the grid.
        few : bool, (candidates,)
            Sites that may be interpolated.
        """
        corners, _ = np.unique(cells[np.repeat(few, 4)], axis=0, return_counts=True)
        corners = corners[:, 0].astype(int)
        number = kind.max() + 1
        sites = np.bincount(kind[few], minlength=number)
        return (sites > np.bincount(corners, minlength=number))[kind]

    def _at(self, site: np.ndarray, depth: np.ndarray, rate: np.ndarray) -> np.ndarray:
        """Return the limits of sites, were the sample's depth and error rate these."""
        found = [
            self._critical(int(k), float(n), float(e))
            for k, n, e in zip(site, depth, rate, strict=True)
        ]
        return frequencies(_with_filters(found), depth)

    def _critical(self, k: int, depth: float, rate: float) -> "Critical":
        """Return how many fragments make a call at a site, were the sample's depth and rate so."""
        e, s, given = self.evidence, self.sample, self.conditions
        factor = rate / self.rate[k]
        # The other samples are as much deeper or shallower.
        scale = depth / max(self.total[k, s], 1)
        depths = np.maximum(self.total[k], 1e-9) * scale
        expected = e.expected[k] * factor * scale
        good = e.good[k] * scale
        depths[s] = depth
        log_error = self.log_error[k] + np.log(factor) * np.array([1.0, 0.0, 1.0])
        of_good = np.clip(
            (expected[:, :2] / np.maximum(good, 1))[..., None] * MULTIPLIERS, 1e-9, 0.5
        )
        priors = given.priors
        germline = self.sites.log_germline
        het = np.log(priors.germline_het) if germline is None else germline[k]
        hom = np.log(priors.germline_hom) if germline is None else germline[k]
        carried = 0.0 if e.log_carried is None else e.log_carried[k]
        unproven = self.sites.unproven is not None and bool(self.sites.unproven[k])
        self.models.set_site(
            s, depths, expected, e.log_shared[k], e.log_own[k], np.log(of_good), log_error,
            carried, het, hom, unproven,
        )  # fmt: skip
        foreign = [c for c in given.admixture.contamination.values() if c > 0]
        levels = [*foreign, *(c / 2 for c in foreign), ARTIFACT_LEVEL]
        cap = CONTAMINATION_CAP if foreign else ARTIFACT_CAP
        until = 0.0 if foreign else 2 * ARTIFACT_CAP
        if given.normal is None or depths[given.normal] < SHALLOW:
            until = 0.0
            levels += [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
        own, given_m, side, weight = self._strata(k, expected)
        number, seen, spans = self.models.critical(
            s, self.part[k], _uniform(len(own), 4 + 5 * self.samples), own, given_m,
            _uniform(CLEAN_DRAWS, 3), side, [f * depth for f in levels], cap, until,
            bool(foreign), self.slip[k] * rate,
        )  # fmt: skip
        return Critical(number, seen, self.slip[k] * rate * depth, weight, spans)

    def _strata(self, k: int, expected: np.ndarray) -> tuple:
        """Return the draws of a site: by each multiplier that is likely enough.

        Half of them have one multiplier of all samples, the others one of each sample and
        orientation, of which that of the sample's orientation with more errors is given.

        Returns
        -------
        own, given : int32, (draws,)
            Whether the samples have their own, and the index of the multiplier.
        side : int
            The orientation.
        weight : float64, (draws,)
            Probabilities; they sum to 1.
        """
        side = int(expected[self.sample, 1] > expected[self.sample, 0])
        # More draws the more errors are expected, and the more samples have their own.
        errors = float(expected[self.sample].sum()) / MANY_ERRORS
        few = FEW_DRAWS * max(1, self.samples - DRAWN_SAMPLES)
        draws = int(min(max(few + 1.33 * (errors - 0.25) * LOD_DRAWS, few), MOST_DRAWS))
        # The corners of the grid about a site have mostly the same.
        key = k, side, draws
        if key not in self.strata:
            self.strata[key] = self._drawn(*key)
        own, given, weight = self.strata[key]
        return own, given, side, weight

    def _drawn(self, k: int, side: int, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return `own`, `given` and `weight` of so many draws, see `_strata`."""
        e, priors = self.evidence, self.conditions.priors
        shared = (1 - priors.independent) * np.exp(e.log_shared[k])
        alone = priors.independent * np.exp(e.log_own[k, self.sample, side])
        given, own, weight = [], [], []
        for kind, p in enumerate((shared, alone)):
            used = np.flatnonzero(p >= 1 / (LEAST_STRATUM * draws))
            times = np.ceil(draws * p[used]).astype(int)
            given.append(np.repeat(used, times))
            own.append(np.full(times.sum(), kind))
            weight.append(np.repeat(p[used] / times, times))
        given, own, weight = (np.concatenate(x) for x in (given, own, weight))
        return own.astype(np.int32), given.astype(np.int32), weight / weight.sum()


class Critical(NamedTuple):
    """Fragments that the models ask for at a site, before the filters.

    Attributes
    ----------
    number, seen : (draws,)
        As `Models.critical` returns them.
    slips : float
        Least fragments of the filter `slippage`.
    weight : (draws,)
        Probability of each draw.
    spans : list of (float, float)
        As `Models.critical` returns them.
    """

    number: np.ndarray
    seen: np.ndarray
    slips: float
    weight: np.ndarray
    spans: list[tuple[float, float]]


@dataclass(frozen=True)
class Needed:
    """Fragments that a call needs at a site.

    Attributes
    ----------
    number : (draws,)
        Real; infinite where no number is called.
    weight : (draws,)
        Probability of each draw.
    spans : list of (float, float)
        Numbers that are called when errors are as expected; the first is that of `number`.
    """

    number: np.ndarray
    weight: np.ndarray
    spans: list[tuple[float, float]]


def _with_filters(found: list[Critical]) -> list[Needed]:
    """Return what calls need at some sites, with the filters, all draws side by side."""
    if not found:
        return []
    draws = [len(one.number) for one in found]
    number, seen = (np.concatenate([one[k] for one in found]) for k in (0, 1))
    slips = np.repeat([one.slips for one in found], draws)
    number = _next_whole(np.maximum(number, slips - seen))
    number = np.maximum(number, np.maximum(FEW - seen, 0))
    result = []
    for one, part in zip(found, np.split(number, np.cumsum(draws)[:-1]), strict=True):
        least = max(one.slips - float((one.weight * one.seen).sum()), FEW)
        later = [(max(low, least), high) for low, high in one.spans[1:]]
        result.append(Needed(part, one.weight, one.spans[:1] + later))
    return result


def _explains(log_weight: np.ndarray) -> np.ndarray:
    """Return how likely distributions of m make a few errors at one site, in logs, (...).

    The log of the mean of m to the power of `EXPLAINED_ERRORS`: a limit can depend on one high
    multiplier, estimated from the damage of another site.

    Parameters
    ----------
    log_weight : (..., MULTIPLIERS)
    """
    return np.logaddexp.reduce(log_weight + EXPLAINED_ERRORS * np.log(MULTIPLIERS), axis=-1)


def _next_whole(number: np.ndarray) -> np.ndarray:
    """Return the whole numbers of fragments from which on a call is made, (draws,).

    The steps are sloped over `WHOLE_SLOPE` about each integer, so that the limit has no jumps.
    """
    found, finite = number.copy(), np.isfinite(number)
    below = np.floor(number[finite])
    after = (number[finite] - below) / WHOLE_SLOPE
    step = np.clip(0.5 + after, 0, 1) + np.clip(after - 1 / WHOLE_SLOPE + 0.5, 0, 1)
    found[finite] = below + step
    return found


@lru_cache(maxsize=256)
def _uniform(draws: int, width: int) -> np.ndarray:
    """Return the quantiles of the draws, a Latin hypercube, (draws, width).

    Of each stratum the middle is taken, moved outwards until the normal quantiles have variance 1:
    middles alone lack the tails, and with 24 of them limits are up to 7 % too low.
    """
    rng = np.random.default_rng(20101)
    z = ndtri((np.arange(draws) + 0.5) / draws)
    middle = ndtr(z / max(z.std(), 1e-9)) if draws > 1 else np.array([0.5])
    return np.ascontiguousarray(rng.permuted(np.tile(middle[:, None], width), axis=0))


def frequencies(needed: list[Needed], depth: np.ndarray) -> np.ndarray:
    """Return `frequency_of` of many sites, (sites,).

    Sites of one span without an end, nearly all, are solved side by side.
    """
    result = np.full(len(needed), np.nan)
    weight = [
        np.where(one.number <= n, one.weight, 0) for one, n in zip(needed, depth, strict=True)
    ]
    usual = np.array(
        [
            bool(one.spans) and one.spans[0][1] == np.inf and w.sum() >= LOD_LEVEL
            for one, w in zip(needed, weight, strict=True)
        ],
        dtype=bool,
    )
    for i in np.flatnonzero(~usual):
        result[i] = frequency_of(needed[i], float(depth[i]))
    rows = np.flatnonzero(usual)
    if len(rows):
        shape = len(rows), max(len(weight[i]) for i in rows)
        k, w = np.ones(shape), np.zeros(shape)
        for row, i in enumerate(rows):
            some = weight[i] > 0
            k[row, : some.sum()], w[row, : some.sum()] = needed[i].number[some], weight[i][some]
        result[rows] = _solved_together(k, w, np.asarray(depth, float)[rows])
    return result


def _solved_together(k: np.ndarray, weight: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return `_solved` of rows of numbers k and weights, without an end, at depths n."""
    k = np.maximum(k, 1e-9)
    tail = np.maximum(n[:, None] - k + 1, 1e-9)
    log_beta = betaln(k, tail)
    largest = np.where(weight > 0, k, 0).argmax(1)
    at = np.arange(len(k))
    f = np.minimum(betaincinv(k[at, largest], tail[at, largest], LOD_LEVEL), 1.0)
    low, high = np.zeros(len(k)), np.ones(len(k))
    left = at
    for _ in range(60):
        x = f[left, None]
        value = (weight[left] * betainc(k[left], tail[left], x)).sum(1) - LOD_LEVEL
        high[left] = np.where(value >= 0, f[left], high[left])
        low[left] = np.where(value >= 0, low[left], f[left])
        log_density = (k[left] - 1) * np.log(x) + (tail[left] - 1) * np.log1p(
            -np.minimum(x, 1 - 1e-12)
        )
        slope = (weight[left] * np.exp(log_density - log_beta[left])).sum(1)
        old, bottom, top = f[left], low[left], high[left]
        new = np.where(slope > 0, old - value / np.maximum(slope, 1e-300), -1.0)
        narrow = top - bottom < 1e-3 * top * (1 - bottom)
        near = (np.abs(new - old) < 2e-4 * old * (1 - old)) & (bottom < new) & (new <= top)
        inside = (bottom < new) & (new < top)
        f[left] = np.where(narrow, old, np.where(near | inside, new, 0.5 * (bottom + top)))
        left = left[~(narrow | near)]
        if not len(left):
            break
    return f


def frequency_of(needed: Needed, depth: float) -> float:
    """Return the AF at which as many fragments are reached in `LOD_LEVEL` of the draws.

    The binomial tail P(X >= k | n, f) is the distribution function at f of the beta distribution
    with parameters k and n - k + 1; it is averaged over the draws. NaN where no AF is called so
    often.
    """
    if not needed.spans:
        return np.nan
    possible = needed.number <= depth
    most = needed.spans[0][1]
    if needed.weight[possible].sum() >= LOD_LEVEL:
        found = _solved(needed.number[possible], needed.weight[possible], most, depth)
        if not np.isnan(found):
            return found
    for low, most in needed.spans[1:]:
        found = _solved(np.array([low + 0.5]), np.ones(1), most, depth)
        if low + 0.5 <= depth and not np.isnan(found):
            return found
    return np.nan


def _solved(k: np.ndarray, weight: np.ndarray, most: float, n: float) -> float:
    """Return the lowest AF that reaches the numbers k, of the weights, in `LOD_LEVEL`."""
    tail = np.maximum(n - k + 1, 1e-9)

    def power(f: float) -> float:
        missed = 0.0
        if np.isfinite(most) and most + 0.5 < n:
            missed = betainc(most + 0.5, n - most + 0.5, f) * weight.sum()
        return float((weight * betainc(np.maximum(k, 1e-9), tail, f)).sum() - missed)

    low, high = 0.0, 1.0
    if np.isfinite(most):
        grid = np.geomspace(max(k.min(), 0.5) / n, 1, 80)
        enough = [power(f) >= LOD_LEVEL for f in grid]
        if True not in enough:
            return np.nan
        high = grid[enough.index(True)]
    largest = int(np.argmax(k))
    f = min(float(betaincinv(np.maximum(k[largest], 1e-9), tail[largest], LOD_LEVEL)), high)
    for _ in range(60):
        value = power(f) - LOD_LEVEL
        if value >= 0:
            high = f
        else:
            low = f
        if high - low < 1e-3 * high * (1 - low):
            break
        # Newton's step within what is known.
        log_density = (k - 1) * np.log(f) + (tail - 1) * np.log1p(-min(f, 1 - 1e-12))
        slope = float((weight * np.exp(log_density - betaln(np.maximum(k, 1e-9), tail))).sum())
        new = f - value / slope if slope > 0 else -1.0
        if abs(new - f) < 2e-4 * f * (1 - f) and low < new <= high:
            f = new
            break
        f = new if low < new < high else 0.5 * (low + high)
    return f
