"""Whether alleles are somatic or germline without a normal: one model of all alleles of a patient.

In a tumour of purity p with C copies of a segment, M of the rarer haplotype, alleles have the
frequencies (copies in normal cells: 2)

    germline, heterozygous   (p k + 1 - p) / (p C + 2 (1 - p))     k = M or C - M
    germline, homozygous     1
    somatic, clonal          p k / (p C + 2 (1 - p))               k = 1 or C - M
    somatic, subclonal       any lower one

Neither purity nor copies nor the origin of any allele is given. The likelihood of a segment is that
of its log2 ratio, if there is one, and of all its alleles, each of which is a mixture of the
origins; it is summed over the states of the segment. The segments' product is the posterior of
purity and baseline. The origin of an allele follows with purity and states weighted by all other
evidence: the allele itself is left out. Over several samples an allele has one origin. A germline
allele has to fit the states in every sample, a somatic one may be clonal in all, or present in some
of the cells of some samples.

Sources: Riester et al., Source Code Biol Med 2016;11:13 (PureCN); Sun et al., PLoS Comput Biol
2018;14:e1005965 (SGZ).
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence

import numpy as np

from resistpanel.copynumber.copy_states import (
    STATES,
    States,
    expected_log2,
    log_ratio_likelihood,
)
from resistpanel.copynumber.copynumber_constants import (
    ABSENT_AF,
    BASELINES,
    BROAD_GERMLINE,
    CLONAL,
    CLONAL_EVERYWHERE,
    COARSE,
    HAPLOTYPE_KEPT,
    HOMOZYGOUS_AF,
    LEAST_CELL,
    LEAST_SUBCLONAL,
    MOST_WITHOUT_DEPTH,
    NEARLY_HOMOZYGOUS,
    NOT_IN_SAMPLE,
    ONE_COPY_PRIOR,
    ORIGIN_GRID,
    ORIGIN_ROUNDS,
    ORIGIN_SPREADS,
    RARE_STATE,
    RATES,
    RHO,
    SEGMENT_NOISE,
    SINGLE,
    SOMATIC_RATE,
    SPREAD_PRIOR,
    STRAY_GERMLINE,
    STRAY_RATIOS,
    STRAY_VARIANTS,
)
from resistpanel.copynumber.purity import GRID, subclonal_states
from resistpanel.copynumber.segments import Segment
from resistpanel.core.special import expit, logit, logsumexp
from resistpanel.core.stats import log_beta_binomial

#: Allele frequencies at which likelihoods are tabulated: equal steps of the logit.
_EDGE, _NUMBER = ORIGIN_GRID
FREQUENCIES = expit(np.linspace(-_EDGE, _EDGE, _NUMBER))
_WIDTHS = np.gradient(FREQUENCIES)
#: Keeps logarithms finite. Likelihoods are scaled; those over all states are of single precision.
_TINY = float(np.finfo(np.float32).tiny)


@dataclasses.dataclass(frozen=True)
class SampleEvidence:
    """One tumour sample's counts and segments.

    Attributes
    ----------
    alt, depth : ndarray of int, (alleles,)
        Fragments.
    rho : ndarray of float, (alleles,)
        What reference bias between sites adds to the overdispersion of the counts.
    spread : float or None
        Overdispersion of the sample as call estimated it.
    bias : float
        Logit by which the reference allele is favoured at all sites.
    segments : sequence of Segment
        With log2 ratios, NaN where depth has no reference.
    place : ndarray of int, (alleles,)
        Segment of each allele; -1 where normal cells have one copy, or it is not known.
    log_prior : ndarray, (len(BASELINES), len(GRID))
        Of baseline and purity.
    """

    alt: np.ndarray
    depth: np.ndarray
    rho: np.ndarray
    spread: float | None
    bias: float
    segments: Sequence[Segment]
    place: np.ndarray
    log_prior: np.ndarray


@dataclasses.dataclass(frozen=True)
class OriginPriors:
    """Prior probabilities of each allele; arrays over alleles.

    Attributes
    ----------
    het, hom : ndarray
        That a person has the allele on one copy, and on both.
    hotspot : ndarray
        Factor of the rate of somatic alleles: above 1 for drivers and catalogued alleles.
    bases : int
        Bases of the panel, over which the rate of somatic alleles is measured.
    """

    het: np.ndarray
    hom: np.ndarray
    hotspot: np.ndarray
    bases: int


@dataclasses.dataclass(frozen=True)
class Origins:
    """Posterior probability that each allele is somatic, (alleles,), and what it rests on.

    Attributes
    ----------
    somatic : ndarray
    purity : tuple of ndarray, (len(BASELINES), len(GRID))
        Posterior by sample.
    rate : float
        Somatic alleles per base.
    """

    somatic: np.ndarray
    purity: tuple[np.ndarray, ...]
    rate: float


#: What each sample says of an allele under each hypothesis.
_NAMES = ("clonal", "below", "major", "minor", "hom", "absent", "any", "stray")


@functools.cache
def _all_states() -> tuple[States, np.ndarray]:
    """Return the states of all baselines, and the log prior of each, (baselines, states).

    Those of all tumour cells are common to the baselines, those of part of them are not.
    """
    n, found, priors = len(STATES.total), [STATES], []
    made = [subclonal_states(baseline) for baseline in BASELINES]
    size = n + sum(len(states.total) - n for states, _ in made)
    first = n
    for states, prior in made:
        row = np.full(size, -np.inf)
        row[:n] = prior[:n]
        row[first : first + len(prior) - n] = prior[n:]
        first += len(prior) - n
        found.append(States(states.total[n:], states.minor[n:]))
        priors.append(row)
    both = (np.concatenate([getattr(one, name) for one in found]) for name in ("total", "minor"))
    return States(*both), np.array(priors)


@dataclasses.dataclass(frozen=True)
class _Cells:
    """Purities that are still possible, and the frequencies of every state, (purities, states)."""

    rows: np.ndarray
    states: States
    single: np.ndarray
    many: np.ndarray
    below: np.ndarray
    log_below: np.ndarray
    other: np.ndarray
    major: np.ndarray
    minor: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, bias: float, states: States, normal: int = 2) -> "_Cells":
        """Return the cells of `GRID[rows]`; normal cells have that many copies."""
        p, total = GRID[rows][:, None], states.total[None, :]
        content = np.maximum(p * total + normal * (1 - p), 1e-9)
        most = total - states.minor
        many = np.where(total > 0, p * most / content, ABSENT_AF)
        single = np.where(total > 0, p * np.minimum(most, 1) / content, ABSENT_AF)
        if normal == 2:
            major, minor = ((p * k + 1 - p) / content for k in (most, states.minor))
        else:
            major = minor = np.full(content.shape, 0.5)
        places = [_place(f, bias) for f in (single, many, major, minor)]
        other = np.where(most > 1, 1 - SINGLE, 0.0) + np.zeros(content.shape)
        # A subclonal allele is half uniform below the highest AF, half uniform in its logarithm.
        highest = np.maximum(many, 2 * LEAST_SUBCLONAL)
        scaled = (0.5 / highest, 0.5 / np.log(highest / LEAST_SUBCLONAL), other)
        return cls(rows, states, *places[:2],
                   *(x.astype(np.float32)[..., None] for x in scaled), *places[2:])  # fmt: skip


def _place(frequency: np.ndarray, bias: float) -> np.ndarray:
    """Return the nearest index of `FREQUENCIES`, shifted by the reference bias."""
    shifted = logit(np.clip(frequency, 1e-4, 1 - 1e-4)) - bias
    step = 2 * _EDGE / (_NUMBER - 1)
    return np.clip(np.rint((shifted + _EDGE) / step).astype(int), 0, _NUMBER - 1)


class _Tables:
    """Likelihoods of one sample's counts over `FREQUENCIES`, each scaled to a highest of 1."""

    def __init__(self, sample: SampleEvidence, spread: float, broad: np.ndarray | None = None):
        args = (sample.alt[:, None], sample.depth[:, None])
        log_like = log_beta_binomial(FREQUENCIES, *args, sample.rho[:, None] + spread)
        top = log_like.max(axis=1, keepdims=True)
        self.like = np.exp(log_like - top)
        weight, rho = BROAD_GERMLINE
        self.log_broad = log_beta_binomial(FREQUENCIES, *args, rho) if broad is None else broad
        broad = np.exp(self.log_broad - top)
        self.germline = (1 - weight) * self.like + weight * broad
        self.integral = np.cumsum(self.like * _WIDTHS, axis=1)
        in_log = _WIDTHS / FREQUENCIES * (FREQUENCIES >= LEAST_SUBCLONAL)
        self.log_integral = np.cumsum(self.like * in_log, axis=1)
        low, high = _place(np.array([0.02, 0.98]), 0.0)
        self.any = self.integral[:, -1]
        #: Of the highest likelihood, by allele: tables of two overdispersions can be compared.
        self.log_top = top[:, 0]
        self.middle = (self.integral[:, high] - self.integral[:, low]) / 0.96
        self.absent = self.like[:, _place(np.array(ABSENT_AF), 0.0)]
        self.hom = self.germline[:, _place(np.array(HOMOZYGOUS_AF), 0.0)]
        self.like, self.germline, self.integral, self.log_integral = (
            np.ascontiguousarray(table.T, np.float32)
            for table in (self.like, self.germline, self.integral, self.log_integral)
        )

    def parts(self, rows: np.ndarray, cells: _Cells) -> dict[str, np.ndarray]:
        """Return likelihoods of alleles, (purities, states, alleles)."""
        like, germline = self.like[:, rows], self.germline[:, rows]
        one = like[cells.single]
        clonal = one + cells.other * (like[cells.many] - one)
        return {
            "clonal": clonal,
            "below": self.integral[:, rows][cells.many] * cells.below
            + self.log_integral[:, rows][cells.many] * cells.log_below,
            "major": germline[cells.major],
            "minor": germline[cells.minor],
        }

    def constants(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the likelihoods that no state changes, (alleles,)."""
        return {
            "hom": self.hom[rows],
            "absent": self.absent[rows],
            "any": self.any[rows],
            "stray": self.middle[rows],
        }


def _mixed(parts: dict, fixed: dict, prior: np.ndarray, clonal: float) -> np.ndarray:
    """Return the likelihood of alleles of unknown origin, (purities, states, alleles).

    `prior` has columns somatic, heterozygous, homozygous; `absent` is part of the somatic one.
    `clonal` is the fraction of somatic alleles that are clonal.
    """
    wide = {name: value.astype(np.float32) for name, value in fixed.items()}
    somatic, het, hom = prior.T.astype(np.float32)
    return (
        somatic * _in_sample(parts["clonal"], parts["below"], wide["any"], wide["absent"], clonal)
        + het * (1 - STRAY_GERMLINE) * 0.5 * (parts["major"] + parts["minor"])
        + het * STRAY_GERMLINE * wide["stray"]
        + hom * wide["hom"]
        + _TINY
    )


def _present(clonal, below, at_all, fraction: float):
    """Return the likelihood of a somatic allele that a sample has; `fraction` are clonal."""
    return fraction * clonal + (1 - fraction - STRAY_VARIANTS) * below + STRAY_VARIANTS * at_all


def _in_sample(clonal, below, at_all, absent, fraction: float):
    """Return the likelihood of a somatic allele that a sample may lack."""
    present = _present(clonal, below, at_all, fraction)
    return (1 - NOT_IN_SAMPLE) * present + NOT_IN_SAMPLE * absent


#: Priors of alleles, (alleles, 3), and the fraction of somatic ones that is clonal.
Mixture = tuple[np.ndarray, float]


class _Sample:
    """One sample: states of its segments and purity, given the priors of the alleles."""

    def __init__(self, evidence: SampleEvidence):
        self.evidence, self.tables = evidence, _Tables(evidence, RHO)
        self.covered = evidence.depth > 0
        self.clonal = CLONAL
        self.states, self.log_prior = _all_states()
        self.choose(np.arange(0, len(GRID), COARSE))
        self.rows = [
            np.flatnonzero((evidence.place == g) & self.covered)
            for g in range(len(evidence.segments))
        ]
        # Of a homozygous allele every state says the same.
        self.varies = evidence.alt < NEARLY_HOMOZYGOUS * evidence.depth

    def _log_ratio(self, part: Segment, baseline: int) -> np.ndarray | float:
        if not np.isfinite(part.log2):
            return np.where(self.states.total > MOST_WITHOUT_DEPTH, np.log(RARE_STATE), 0.0)
        purity = GRID[self.cells.rows][:, None]
        expected = expected_log2(purity, self.states.total, 2, baseline)
        se = np.hypot(part.se, SEGMENT_NOISE)
        return log_ratio_likelihood(part.log2, se, expected, STRAY_RATIOS)

    def _log_alleles(self, rows: np.ndarray, mixtures: Sequence[Mixture]) -> np.ndarray:
        """Return the log-likelihood of a segment's alleles, (mixtures, purities, states)."""
        total = np.zeros((len(mixtures), *self.cells.single.shape))
        for some in _chunks(rows[self.varies[rows]]):
            parts, fixed = self.tables.parts(some, self.cells), self.tables.constants(some)
            for i, (prior, clonal) in enumerate(mixtures):
                mixed = _mixed(parts, fixed, prior[some], clonal)
                total[i] += np.log(mixed).sum(axis=-1, dtype=float)
        return total

    def log_evidences(self, mixtures: Sequence[Mixture]) -> np.ndarray:
        """Return the log-likelihood of all segments under each mixture, (mixtures,)."""
        total = np.repeat(self.evidence.log_prior[None][..., self.cells.rows], len(mixtures), 0)
        for part, rows in zip(self.evidence.segments, self.rows, strict=True):
            alleles = self._log_alleles(rows, mixtures)
            for b, baseline in enumerate(BASELINES):
                log_like = self.log_prior[b] + alleles + self._log_ratio(part, baseline)
                total[:, b] += logsumexp(log_like, axis=2)
        return logsumexp(total, axis=(1, 2))

    def fit(self, prior: np.ndarray) -> None:
        """Compute the posterior of purity, baseline and states; prior is of (alleles, 3)."""
        total = self.evidence.log_prior[:, self.cells.rows].copy()
        found = []
        for part, rows in zip(self.evidence.segments, self.rows, strict=True):
            alleles, states = self._log_alleles(rows, [(prior, self.clonal)])[0], []
            for b, baseline in enumerate(BASELINES):
                log_like = self.log_prior[b] + alleles + self._log_ratio(part, baseline)
                top = log_like.max(axis=1, keepdims=True)
                height = np.exp(log_like - top)
                mass = height.sum(axis=1, keepdims=True)
                states.append((height / mass).astype(np.float32))
                total[b] += (top + np.log(mass))[:, 0]
            found.append(states)
        weight = np.exp(total - total.max())
        self.weight = weight / weight.sum()
        #: Of each segment, over purities and states.
        self.segments = [
            np.einsum("bp,bps->ps", self.weight.astype(np.float32), np.array(states))
            for states in found
        ]

    def choose(self, rows: np.ndarray) -> None:
        """Use these purities of `GRID`; `fit` has to be called again."""
        self.cells = _Cells.of(rows, self.evidence.bias, self.states)

    def measure_spread(self, prior: np.ndarray) -> None:
        """Use the overdispersion that explains all alleles best, not above call's estimate.

        That of call takes imbalance for overdispersion where each event has few sites.
        """
        given = RHO if self.evidence.spread is None else self.evidence.spread
        found, varies = [], self.varies & (self.evidence.place >= 0)
        for spread in {min(one, given) for one in ORIGIN_SPREADS}:
            self.tables = _Tables(self.evidence, spread, self.tables.log_broad)
            fit = float(self.log_evidences([(prior, self.clonal)])[0])
            fit += float(self.tables.log_top[varies].sum())
            fit -= 0.5 * (np.log(spread / RHO) / SPREAD_PRIOR) ** 2
            found.append((fit, spread))
        self.tables = _Tables(self.evidence, max(found)[1], self.tables.log_broad)

    def refine(self) -> None:
        """Use the purities near those that the data do not exclude, in the grid's own steps."""
        kept = self.cells.rows[self.weight.max(axis=0) >= LEAST_CELL]
        near = np.abs(np.arange(len(GRID))[:, None] - kept).min(axis=1) < COARSE
        self.choose(np.flatnonzero(near))

    def posterior(self) -> np.ndarray:
        """Return the posterior over (baselines, GRID)."""
        found = np.zeros((len(BASELINES), len(GRID)))
        found[:, self.cells.rows] = self.weight
        return found

    def hypotheses(self, prior: np.ndarray) -> dict[str, np.ndarray]:
        """Return each allele's likelihood under each of `_NAMES`, (alleles,).

        States and purity are those of all other evidence: the allele is taken out of its segment.
        """
        number = len(prior)
        found = {name: np.ones(number) for name in _NAMES}
        for rows, state in zip(self.rows, self.segments, strict=True):
            for some in _chunks(rows):
                parts = self.tables.parts(some, self.cells)
                mixed = _mixed(parts, self.tables.constants(some), prior[some], self.clonal)
                rest = state[..., None] / np.where(self.varies[some], mixed, 1)
                weight = rest.sum(axis=(0, 1))
                for name, value in parts.items():
                    found[name][some] = np.einsum("psv,psv->v", rest, value) / weight
        single = np.flatnonzero((self.evidence.place < 0) & self.covered)
        if len(single):
            for name, value in self._one_copy(single).items():
                found[name][single] = value
        for name, value in self.tables.constants(np.arange(number)).items():
            found[name] = np.where(self.covered, value, 1.0)
        return found

    def _one_copy(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the likelihoods of alleles of which normal cells have one copy."""
        total = np.arange(len(ONE_COPY_PRIOR))
        states = States(total, np.zeros(len(total), int))
        cells = _Cells.of(np.arange(len(GRID)), self.evidence.bias, states, normal=1)
        state = self.posterior().sum(axis=0)[:, None] * np.array(ONE_COPY_PRIOR)
        found = {name: [] for name in ("clonal", "below", "major", "minor")}
        for some in _chunks(rows):
            for name, value in self.tables.parts(some, cells).items():
                found[name].append(np.einsum("ps,psv->v", state, value))
        return {name: np.concatenate(values) for name, values in found.items()}


def _chunks(rows: np.ndarray, size: int = 32) -> Iterator[np.ndarray]:
    """Return rows in parts, so that few alleles are held with all cells and states at once."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _log_origins(
    found: Sequence[dict], priors: OriginPriors, fraction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log-likelihoods (somatic, germline) over some samples, (alleles,).

    The germline one contains how the prior is divided between one copy and both.
    """

    def over(values: list[np.ndarray]) -> np.ndarray:
        return np.exp(np.sum([np.log(value + _TINY) for value in values], axis=0))

    inherited = priors.het + priors.hom
    major, minor = ([one[name] for one in found] for name in ("major", "minor"))
    apart = over([0.5 * (a + b) for a, b in zip(major, minor, strict=True)])
    together = 0.5 * (over(major) + over(minor))
    fitting = HAPLOTYPE_KEPT * together + (1 - HAPLOTYPE_KEPT) * apart
    # What keeps an allele from the frequency of its state is in all samples.
    stray = over([one["stray"] for one in found])
    het = (1 - STRAY_GERMLINE) * fitting + STRAY_GERMLINE * stray
    germline = (priors.het * het + priors.hom * over([one["hom"] for one in found])) / inherited
    clonal = over([one["clonal"] for one in found])
    if len(found) == 1:
        one = found[0]
        somatic = _present(clonal, one["below"], one["any"], fraction)
    else:
        names = ("clonal", "below", "any", "absent")
        several = over([_in_sample(*(one[name] for name in names), fraction) for one in found])
        everywhere = CLONAL_EVERYWHERE * fraction / CLONAL
        somatic = everywhere * clonal + (1 - everywhere) * several
    return np.log(somatic + _TINY), np.log(germline + _TINY)


def _prior(log_odds: np.ndarray, priors: OriginPriors) -> np.ndarray:
    """Return probabilities of somatic, heterozygous and homozygous, (alleles, 3)."""
    somatic = expit(np.clip(log_odds, -50, 50))
    inherited = (1 - somatic) / (priors.het + priors.hom)
    return np.stack([somatic, inherited * priors.het, inherited * priors.hom], axis=1)


def origins(samples: Sequence[SampleEvidence], priors: OriginPriors) -> Origins:
    """Return the posterior probability that each allele is somatic, given that it exists.

    Parameters
    ----------
    samples : sequence of SampleEvidence
    priors : OriginPriors

    Notes
    -----
    The rate of somatic alleles per base has a gamma prior of shape 1 and mean `SOMATIC_RATE` and is
    updated by the expected number of them over the panel.
    """
    made = [_Sample(one) for one in samples]
    before = np.log(priors.hotspot) - np.log(priors.het + priors.hom)
    rate, fraction = _first_rate(made, before, priors)
    for sample in made:
        sample.clonal = fraction
        sample.measure_spread(_prior(np.log(rate) + before, priors))
        sample.fit(_prior(np.log(rate) + before, priors))
        sample.refine()
    messages = [np.zeros(len(before)) for _ in made]
    for _ in range(ORIGIN_ROUNDS):
        log_prior = np.log(rate) + before
        found = []
        for sample, message in zip(made, messages, strict=True):
            prior = _prior(log_prior + message, priors)
            sample.fit(prior)
            found.append(sample.hypotheses(prior))
        somatic, germline = _log_origins(found, priors, fraction)
        posterior = expit(np.clip(log_prior + somatic - germline, -700, 700))
        plain = posterior[priors.hotspot <= 1].sum()
        rate = (1 + plain) / (1 / SOMATIC_RATE + priors.bases)
        if len(made) > 1:
            for i in range(len(made)):
                others = [one for j, one in enumerate(found) if j != i]
                somatic, germline = _log_origins(others, priors, fraction)
                messages[i] = np.clip(somatic - germline, -50, 50)
    return Origins(posterior, tuple(sample.posterior() for sample in made), float(rate))


def _first_rate(
    made: Sequence[_Sample], before: np.ndarray, priors: OriginPriors
) -> tuple[float, float]:
    """Return the rate of somatic alleles, and the fraction of them that is clonal.

    Those of `RATES` that explain all samples best, on a coarse grid. A rate that is too low makes
    germline alleles of lost haplotypes of subclonal somatic ones, at a purity near 1; a fraction
    that is too high makes the subclonal ones clonal, at a purity that is too low. Either is then
    confirmed by all that follows from it.
    """
    tried = list(RATES)
    mixtures = [(_prior(np.log(rate) + before, priors), fraction) for rate, fraction in tried]
    total = np.array(list(RATES.values()))
    total = total + sum(sample.log_evidences(mixtures) for sample in made)
    return tried[int(total.argmax())]
