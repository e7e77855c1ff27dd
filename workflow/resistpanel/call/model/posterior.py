"""Which explanation of an allele's counts in all samples is the likeliest.

For each sample the log-likelihood of its evidence is tabulated over the true allele frequency f
and the site's error multiplier m. With k fragments that show the allele, each with its own
error probability e, out of n informative ones, and L the errors expected at m = 1,

    log P(f, m) = sum_k log(f + (1 - f) m e) + (n - k) log(1 - f) - (1 - f) m L

(errors are Poisson, as they are rare). The models integrate this table over their priors:

    null       f = 0 in all samples; m shared by the samples, or each sample's own
    somatic    f > 0 in one tumour or more, normal f = 0 or what tumour cells in it would give
    germline   normal heterozygous or homozygous, tumours anything
    artifact   all samples share one f up to a spread: mapping, paralogues, slippage
"""

import functools
from dataclasses import dataclass, field, replace

import numpy as np

from resistpanel.call.call_constants import (
    ARTIFACT_LEVEL,
    ARTIFACT_LOW,
    ARTIFACT_LOW_MOLECULES,
    ARTIFACT_SPREAD,
    FOREIGN_SPREAD,
    HET_ABOVE,
    HET_ANYWHERE,
    HET_CENTRE,
    HET_FRAGMENTS,
    HET_FROM,
    HET_KERNEL,
    HET_LEAST,
    HET_LOST,
    HET_SITES,
    HET_SPREAD,
    HET_TO,
    HOM_BELOW,
    HOM_LEAST,
    HOM_NEARLY,
    NORMAL_HET_SPREAD,
    TIN_FROM,
    TIN_PRIOR,
    TUMOR_SPREAD,
)
from resistpanel.call.errors.error_model import MULTIPLIERS, WITHIN_STEP
from resistpanel.core.parameters import setting
from resistpanel.core.special import gammaln

#: Allele frequencies at which the likelihoods are tabulated; the first is absence.
FREQUENCIES = np.concatenate([[0.0], np.geomspace(2.5e-4, 0.999, 98)])
#: Error probabilities are binned to these (log10) edges.
ERROR_EDGES = np.linspace(-7, -0.5, 27)
ERROR_CENTRES = 10 ** np.concatenate([[-7.0], (ERROR_EDGES[1:] + ERROR_EDGES[:-1]) / 2, [-0.5]])
LOG_CENTRES = np.log10(ERROR_CENTRES)
LOG_TINY = -1e30


@dataclass(frozen=True)
class Priors:
    """Prior probabilities, per allele and site.

    Attributes
    ----------
    somatic : float
        Of a somatic variant in the patient.
    germline_het : float
        Of a heterozygous germline variant.
    germline_hom : float
        Of a homozygous germline variant.
    artifact : float
        Of a recurrent artifact in all samples.
    artifact_low : float
        Its least prior at low allele frequencies, as a fraction of that at high ones.
    independent : float
        That the error multipliers of the samples at a site are independent of each other, if
        the allele is absent.
    present : float
        That a tumour has a somatic variant which exists in the patient.
    null : float
        Weight of absence against all of these: the operating point. With 1 a call would need
        the evidence of a genome-wide search. For a panel, a few more false alleles of low
        frequency are preferable to a missed resistant clone.
    """

    somatic: float = setting(1e-5, unit="1", origin="judgement")
    germline_het: float = setting(7e-4, unit="1", origin="judgement")
    germline_hom: float = setting(3e-4, unit="1", origin="judgement")
    artifact: float = setting(6e-6, unit="1", origin="judgement")
    artifact_low: float = setting(ARTIFACT_LOW, unit="1", origin="definition: ARTIFACT_LOW")
    independent: float = setting(0.5, unit="1", origin="judgement")
    present: float = setting(0.5, unit="1", origin="judgement")
    null: float = setting(
        0.01,
        unit="1",
        origin="judgement: the operating point, whose false calls per Mb are measured by "
        "python -m benchmarks.accuracy --suite --seeds 21 22 23",
    )

    def of_molecules(self) -> "Priors":
        """Return the priors of a substitution where a tumour sample is of molecules.

        Errors of sequencing and amplification are in reads and not in all copies of a molecule, so
        that few artifacts are at one frequency in a normal of reads and in molecules.
        """
        return replace(self, artifact_low=min(self.artifact_low, ARTIFACT_LOW_MOLECULES))


@dataclass(frozen=True)
class Admixture:
    """DNA where it does not belong, as estimated.

    Attributes
    ----------
    tumor_in_normal : float
        Fraction of the normal's fragments that come from a tumour.
    tumor : int or None
        Which sample that is.
    contamination : dict of int to float
        Fraction of another person's fragments, by sample.
    """

    tumor_in_normal: float = 0.0
    tumor: int | None = None
    contamination: dict[int, float] = field(default_factory=dict)


NO_ADMIXTURE = Admixture()


@dataclass
class Evidence:
    """The evidence of all candidates, ready for the model.

    Attributes
    ----------
    errors : float64, (candidates, samples, 3, len(ERROR_CENTRES))
        Fragments with the allele, by kind (good bases of F1R2 and of F2R1 fragments, other
        bases; see `error_model.GOOD`) and error probability.
    other : float64, (candidates, samples)
        Informative fragments without it.
    expected : float64, (candidates, samples, 3)
        Errors expected among all informative fragments at m = 1, by kind.
    good : float64, (candidates, samples, 2)
        Informative fragments with good bases, by orientation.
    log_shared : float64, (candidates, MULTIPLIERS)
        Log distribution of the error multiplier that the samples share.
    log_own : float64, (candidates, samples, 2, MULTIPLIERS)
        Log distribution of each sample's own, by orientation.
    log_carried : float64, (candidates,)
        Log prior that some other person carries the allele; needed only where a sample is
        contaminated.
    """

    errors: np.ndarray
    other: np.ndarray
    expected: np.ndarray
    good: np.ndarray
    log_shared: np.ndarray
    log_own: np.ndarray
    log_carried: np.ndarray | None = None

    def alone(self, sample: int) -> "Evidence":
        """Return the evidence of one sample, as far as its likelihoods need it."""
        one = slice(sample, sample + 1)
        return Evidence(
            self.errors[:, one],
            self.other[:, one],
            self.expected[:, one],
            self.good[:, one],
            self.log_shared,
            self.log_own[:, one],
        )

    def part(self, which: slice | np.ndarray) -> "Evidence":
        """Return the evidence of some candidates."""
        return Evidence(*(None if value is None else value[which] for value in vars(self).values()))


@dataclass
class Posterior:
    """What the model says.

    Attributes
    ----------
    log_null, log_somatic, log_germline, log_artifact, log_foreign : float64, (candidates,)
        Log of prior times marginal likelihood.
    log_bayes_factor : float64, (candidates, samples)
        Presence against absence in each sample.
    """

    log_null: np.ndarray
    log_somatic: np.ndarray
    log_germline: np.ndarray
    log_artifact: np.ndarray
    log_foreign: np.ndarray
    log_bayes_factor: np.ndarray

    @property
    def somatic_phred(self) -> np.ndarray:
        """Return -10 log10 of the probability that the allele is not somatic."""
        stack = np.stack([self.log_null, self.log_germline, self.log_artifact, self.log_foreign])
        log_not = logsumexp(stack, axis=0)
        total = np.logaddexp(log_not, self.log_somatic)
        return np.clip(-10 / np.log(10) * (log_not - total), 0, 9999)

    @property
    def real_phred(self) -> np.ndarray:
        """Return -10 log10 of the probability that the allele is neither somatic nor inherited."""
        log_not = logsumexp(np.stack([self.log_null, self.log_artifact, self.log_foreign]), axis=0)
        there = np.logaddexp(self.log_somatic, self.log_germline)
        return np.clip(-10 / np.log(10) * (log_not - np.logaddexp(log_not, there)), 0, 9999)

    @property
    def best(self) -> np.ndarray:
        """Return the likeliest model's name per candidate."""
        names = np.array(["absent", "somatic", "germline", "artifact", "contamination"])
        stack = np.stack(
            [
                self.log_null,
                self.log_somatic,
                self.log_germline,
                self.log_artifact,
                self.log_foreign,
            ]
        )
        return names[stack.argmax(axis=0)]


def between_centres(error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return between which two of `ERROR_CENTRES` error probabilities lie, and how far.

    Put to the nearest, all fragments of an indel would have an error up to a third off, and a few
    hundred of them would decide for or against it by that alone.

    Parameters
    ----------
    error : (n,)

    Returns
    -------
    lower : int, (n,)
        Index of the lower centre.
    upper_weight : float, (n,)
        Weight of the next one: log-linear.
    """
    at = np.minimum(np.maximum(np.log10(error), LOG_CENTRES[0]), LOG_CENTRES[-1])
    lower = np.minimum(np.searchsorted(LOG_CENTRES, at, side="right") - 1, len(LOG_CENTRES) - 2)
    return lower, (at - LOG_CENTRES[lower]) / (LOG_CENTRES[lower + 1] - LOG_CENTRES[lower])


def logsumexp(a: np.ndarray, axis: int) -> np.ndarray:
    """Return log(sum(exp(a))) along an axis; scipy's does more, several times slower."""
    most = np.maximum(a.max(axis=axis, keepdims=True), LOG_TINY)
    height = a - most
    np.exp(height, out=height)
    return np.log(height.sum(axis=axis)) + most.squeeze(axis)


def log_frequency_prior() -> np.ndarray:
    """Return the log prior of a present somatic variant's AF over FREQUENCIES[1:].

    Half uniform in f, half uniform in log f: subclones are common, and so are clonal variants.
    """
    f = FREQUENCIES[1:]
    width = np.gradient(f)
    weight = 0.5 * width / width.sum() + 0.5 / len(f)
    return np.log(weight / weight.sum())


def log_artifact_prior(low: float = ARTIFACT_LOW) -> np.ndarray:
    """Return the log prior of a recurrent artifact's AF over FREQUENCIES[1:].

    Uniform in log f from `ARTIFACT_LEVEL` to 0.35, less below, but not less than a fraction `low`
    of that: such frequencies are reached by the error multiplier too, whose distribution is learned
    and not assumed. What is taken off there is not given to the higher frequencies: the sum is
    less than 1.
    """
    f = FREQUENCIES[1:]
    weight = np.where(f < 0.35, np.clip((f / ARTIFACT_LEVEL) ** 3, low, 1.0), 0.0)
    return np.log(np.maximum(weight / (f < 0.35).sum(), 1e-300))


def log_het_prior(alts: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the log prior of an inherited heterozygous variant's AF without a normal.

    Where a tumour lost or gained a copy, inherited variants lie away from a half, on both sides of
    it alike. Those above it are few in somatic ones, so that they show what is below it: in a
    tumour without such a change an AF of 0.3 is somatic, in one where a tenth of the inherited
    variants is at 0.7 it may be either. Above `HET_TO` they cannot be told from homozygous ones,
    unless another tumour kept both copies: their weight there is fixed.

    Parameters
    ----------
    alts, other : (candidates, samples)
        Fragments with each allele, and informative ones without it.

    Returns
    -------
    (samples, FREQUENCIES[1:])
    """
    f = FREQUENCIES[1:]
    logit = np.log(f) - np.log1p(-f)
    step = np.gradient(logit)

    def about(centre: np.ndarray, sd: float) -> np.ndarray:
        weight = np.exp(-0.5 * ((logit - centre[..., None]) / sd) ** 2) * step
        return weight / weight.sum(-1, keepdims=True)

    usual = (1 - HET_ANYWHERE) * about(np.array(HET_CENTRE), HET_SPREAD)
    anywhere = np.where((f >= HET_LEAST) & (f <= HET_TO), np.gradient(f), 0.0)
    usual = HET_SITES * (usual + HET_ANYWHERE * anywhere / anywhere.sum())
    lost = np.where(f > HET_TO, np.gradient(f), 0.0)
    lost = HET_LOST * lost / lost.sum()
    af = alts / np.maximum(alts + other, 1)
    prior = []
    for s in range(alts.shape[1]):
        enough = (alts[:, s] >= HET_FRAGMENTS) & (af[:, s] >= HET_FROM) & (af[:, s] <= HET_TO)
        seen = np.log(af[enough, s]) - np.log1p(-af[enough, s])
        away = seen[af[enough, s] > HET_ABOVE]
        weight = usual + about(np.concatenate([seen, -away]), HET_KERNEL).sum(0)
        weight = (1 - HET_LOST) * weight / weight.sum() + lost
        prior.append(np.log(np.maximum(weight, 1e-300)))
    return np.array(prior)


def log_germline_frequencies() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the log priors of a germline variant's AF.

    Returns
    -------
    het, hom : (FREQUENCIES[1:],)
        In a normal, on one copy and on both.
    flat : (FREQUENCIES,)
        In a tumour: any.
    """
    f = FREQUENCIES[1:]
    logit = np.log(f) - np.log1p(-f)
    het = -0.5 * ((logit - HET_CENTRE) / NORMAL_HET_SPREAD) ** 2
    hom = np.where(f > HOM_LEAST, 0.0, np.where(f > HOM_NEARLY, np.log(HOM_BELOW), LOG_TINY))
    flat = np.log(np.gradient(FREQUENCIES))
    return tuple(x - logsumexp(x, axis=0) for x in (het, hom, flat))


@functools.cache
def log_shows_allele() -> np.ndarray:
    """Return the log probability that a fragment shows the allele; read-only, made once.

    Of (ERROR_CENTRES, FREQUENCIES, MULTIPLIERS).
    """
    f = FREQUENCIES[:, None]
    error = np.minimum(ERROR_CENTRES[:, None, None] * MULTIPLIERS, 0.5)
    found = np.log(f + (1 - f) * error)
    found.setflags(write=False)
    return found


def log_shows_other() -> np.ndarray:
    """Return the log probability that a fragment shows another allele, (FREQUENCIES,)."""
    return np.log1p(-np.minimum(FREQUENCIES, 1 - 1e-4))


def log_likelihoods(evidence: Evidence) -> np.ndarray:
    """Return the table, (candidates, samples, FREQUENCIES, MULTIPLIERS)."""
    f = FREQUENCIES[:, None]
    table = log_shows_allele()
    like = np.einsum("csb,bfm->csfm", evidence.errors.sum(2), table, optimize=True)
    like += evidence.other[:, :, None, None] * log_shows_other()[:, None]
    like -= (
        (1 - f)[None, None]
        * MULTIPLIERS[None, None, None, :]
        * evidence.expected.sum(2)[..., None, None]
    )
    return like


def log_within_step(errors: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return what the multipliers within a step of the grid add to the log-likelihood of errors.

    Poisson counts whose mean has a factor of gamma distribution (mean 1, shape a = `WITHIN_STEP`)
    are negative binomial: with k errors where m were expected,

        a log a + log Gamma(a + k) - log Gamma(a) - (a + k) log(a + m) + m

    is added to k log m - m. Without it, counts of fifty and more between two points of the grid
    are taken for variants, and variants at one of them for errors.

    Parameters
    ----------
    errors, expected : ndarray of float
        Fragments; they are broadcast.
    """
    a = WITHIN_STEP
    of_count = a * np.log(a) + gammaln(a + errors) - gammaln(a)
    return of_count - (a + errors) * np.log(a + expected) + expected


#: Candidates whose whole table of likelihoods is held at once.
STEP = 200


@dataclass
class Likelihoods:
    """What each sample says by itself, with what it does not matter for summed away.

    Attributes
    ----------
    absent, present : float64, (candidates, samples, MULTIPLIERS)
        Log-likelihood without the allele, and with it at a frequency from the prior.
    at_one : float64, (candidates, samples, FREQUENCIES)
        At m = 1: at the frequencies of variants that are there, errors do not matter.
    alike, close : float64, (candidates, samples, FREQUENCIES[1:])
        The same about a frequency that samples share, by `TUMOR_SPREAD` and by `ARTIFACT_SPREAD`.
    """

    absent: np.ndarray
    present: np.ndarray
    at_one: np.ndarray
    alike: np.ndarray
    close: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence) -> "Likelihoods":
        """Reduce the tables of all candidates."""
        parts = [
            cls._of(evidence.part(slice(i, i + STEP)))
            for i in range(0, max(len(evidence.other), 1), STEP)
        ]
        return cls(*(np.concatenate([getattr(p, k) for p in parts]) for k in vars(parts[0])))

    @classmethod
    def _of(cls, evidence: Evidence) -> "Likelihoods":
        like = log_likelihoods(evidence)
        one = int(np.flatnonzero(MULTIPLIERS == 1)[0])
        at_one = like[:, :, :, one]
        most = at_one[:, :, 1:].max(axis=2, keepdims=True)
        height = np.exp(at_one[:, :, 1:] - most)
        alike, close = (
            np.log(height @ spread(sd).T + 1e-300) + most for sd in (TUMOR_SPREAD, ARTIFACT_SPREAD)
        )
        present = logsumexp(like[:, :, 1:, :] + log_frequency_prior()[:, None], axis=2)
        absent = like[:, :, 0, :] + log_within_step(
            evidence.errors.sum((2, 3))[:, :, None],
            evidence.expected.sum(2)[:, :, None] * MULTIPLIERS,
        )
        return cls(absent, present, at_one.copy(), alike, close)

    def with_sample(self, sample: int, other: "Likelihoods") -> "Likelihoods":
        """Return these with one sample's from `other`, which holds that sample alone."""
        changed = {}
        for name, values in vars(self).items():
            changed[name] = values.copy()
            changed[name][:, sample] = getattr(other, name)[:, 0]
        return Likelihoods(**changed)


def log_spread(log_sd: float) -> np.ndarray:
    """Return log P(f of a sample | shared f), (FREQUENCIES[1:], FREQUENCIES[1:])."""
    logit = np.log(FREQUENCIES[1:]) - np.log1p(-FREQUENCIES[1:])
    kernel = -0.5 * ((logit[:, None] - logit[None, :]) / log_sd) ** 2
    return kernel - logsumexp(kernel, axis=1)[:, None]


@functools.cache
def spread(log_sd: float) -> np.ndarray:
    """Return exp of `log_spread`; read-only, made once."""
    found = np.exp(log_spread(log_sd))
    found.setflags(write=False)
    return found


def _log_sub(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return log(exp(a) - exp(b)) for a >= b."""
    return a + np.log1p(-np.exp(np.minimum(b - a, -1e-15)))


def log_own_absent(evidence: Evidence) -> np.ndarray:
    """Return the log-likelihood of absence with own multipliers, (candidates, samples).

    Each orientation of each sample has a multiplier of its own: damage of one template strand,
    as by oxidation or formalin, raises the errors of one orientation at some sites. Counts are
    compared with the rate of all good bases alike, as they were when the multipliers' distribution
    was learned: damage does not know of base quality.
    """
    damaged = evidence.errors[:, :, :2].sum(3)
    rate = evidence.expected[:, :, :2] / np.maximum(evidence.good, 1)
    rate = np.clip(rate[..., None] * MULTIPLIERS, 1e-9, 0.5)
    expected = evidence.expected[:, :, :2, None] * MULTIPLIERS
    like = damaged[..., None] * np.log(rate) - expected
    like += log_within_step(damaged[..., None], expected)
    of_good = logsumexp(evidence.log_own + like, axis=3).sum(2)
    of_others = evidence.errors[:, :, 2] @ np.log(ERROR_CENTRES) - evidence.expected[:, :, 2]
    return of_good + of_others


LEAKS_TRIED = np.geomspace(0.02, 0.6, 8)


def _with_tumor(by_sample: Likelihoods, normal: int, tumors: list[int]) -> np.ndarray:
    """Return the log-likelihood of the normal with an unknown fraction of tumour, (candidates,).

    A shallow normal with 4 of 48 fragments beside a tumour with 16 of 61 is a leak, no inherited
    variant, whether or not other variants show the same.
    """
    highest = FREQUENCIES[1:][by_sample.at_one[:, tumors, 1:].argmax(axis=2)].max(axis=1)
    at = np.searchsorted(FREQUENCIES[1:], highest[:, None] * LEAKS_TRIED)
    like = np.take_along_axis(by_sample.alike[:, normal], at, axis=1)
    return np.where(
        highest >= TIN_FROM, logsumexp(like, axis=1) - np.log(len(LEAKS_TRIED)), LOG_TINY
    )


def evaluate(
    evidence: Evidence,
    normal: int | None,
    priors: Priors,
    log_germline_site: np.ndarray | None = None,
    admixture: Admixture = NO_ADMIXTURE,
    likelihoods: Likelihoods | None = None,
    log_het: np.ndarray | None = None,
) -> Posterior:
    """Weigh the models for every candidate.

    Parameters
    ----------
    evidence : Evidence
    normal : int or None
        Index of the normal among the samples; None in tumour-only mode.
    priors : Priors
    log_germline_site : (candidates,), optional
        Log prior of a germline variant at each candidate (a germline resource), instead of
        the general one.
    admixture : Admixture
    likelihoods : Likelihoods, optional
        Of `evidence`, where they are known.
    log_het : (samples, FREQUENCIES[1:]), optional
        From `log_het_prior`, without a normal.
    """
    by_sample = likelihoods or Likelihoods.of(evidence)
    log_germline_site = (
        (np.log(priors.germline_het), np.log(priors.germline_hom))
        if log_germline_site is None
        else (log_germline_site, log_germline_site)
    )
    w = evidence.log_shared
    log_bf = logsumexp(w[:, None] + by_sample.present, axis=2)
    log_bf -= logsumexp(w[:, None] + by_sample.absent, axis=2)
    return Posterior(
        _log_null(evidence, by_sample, priors),
        _log_somatic(evidence, by_sample, normal, priors, admixture),
        _log_germline(by_sample, normal, log_germline_site, log_het),
        _log_artifact(by_sample, normal, priors),
        _log_foreign(evidence, by_sample, admixture),
        log_bf,
    )


def _log_null(evidence: Evidence, by_sample: Likelihoods, priors: Priors) -> np.ndarray:
    """Return log prior times likelihood of absence, (candidates,)."""
    shared = logsumexp(evidence.log_shared + by_sample.absent.sum(1), axis=1)
    own = log_own_absent(evidence).sum(1)
    log_null = np.logaddexp(
        np.log1p(-priors.independent) + shared, np.log(priors.independent) + own
    )
    return log_null + np.log(priors.null)


def in_normal(
    by_sample: Likelihoods,
    absent: np.ndarray,
    normal: int,
    tumors: list[int],
    admixture: Admixture,
) -> np.ndarray:
    """Return the log-likelihood of the normal beside a somatic variant, (candidates, backgrounds).

    It lacks the allele, or contains tumour.

    Parameters
    ----------
    by_sample : Likelihoods
    absent : (candidates, backgrounds)
        Log-likelihood of the normal without the allele, by what errors there are.
    normal : int
    tumors : list of int
    admixture : Admixture
    """
    found = np.logaddexp(
        np.log1p(-TIN_PRIOR) + absent,
        np.log(TIN_PRIOR) + _with_tumor(by_sample, normal, tumors)[:, None],
    )
    if admixture.tumor_in_normal > 0 and admixture.tumor is not None:
        # The fraction in the normal that follows from the tumour's own frequency.
        f = FREQUENCIES[1:]
        best = f[by_sample.at_one[:, admixture.tumor, 1:].argmax(axis=1)]
        left = np.minimum(np.searchsorted(f, best * admixture.tumor_in_normal), len(f) - 1)
        with_tumor = by_sample.alike[np.arange(len(left)), normal, left]
        found = np.logaddexp(absent, with_tumor[:, None]) - np.log(2)
    return found


def _log_somatic(
    evidence: Evidence,
    by_sample: Likelihoods,
    normal: int | None,
    priors: Priors,
    admixture: Admixture,
) -> np.ndarray:
    """Return log prior times likelihood of a variant of at least one tumour, (candidates,)."""
    w, absent = evidence.log_shared, by_sample.absent
    tumors = [s for s in range(absent.shape[1]) if s != normal]
    either = np.logaddexp(
        np.log1p(-priors.present) + absent[:, tumors],
        np.log(priors.present) + by_sample.present[:, tumors],
    ).sum(1)
    none = np.log1p(-priors.present) * len(tumors) + absent[:, tumors].sum(1)
    some = _log_sub(either, none)
    if normal is not None:
        of_normal = in_normal(by_sample, absent[:, normal], normal, tumors, admixture)
        some = some + of_normal
    log_somatic = logsumexp(w + some, axis=1)
    if len(tumors) > 1:
        # Tumours of one patient often have a variant at much the same frequency.
        alike = logsumexp(by_sample.alike[:, tumors].sum(1) + log_frequency_prior(), axis=1)
        if normal is not None:
            alike = alike + logsumexp(w + of_normal, axis=1)
        log_somatic = np.logaddexp(log_somatic, alike) - np.log(2)
    return np.log(priors.somatic) + log_somatic


def _log_germline(
    by_sample: Likelihoods,
    normal: int | None,
    log_prior: tuple[np.ndarray | float, np.ndarray | float],
    log_het: np.ndarray | None,
) -> np.ndarray:
    """Return log prior times likelihood of a germline variant, (candidates,).

    `log_prior` is of a heterozygous and of a homozygous one.
    """
    at_one = by_sample.at_one
    samples = at_one.shape[1]
    het, hom, flat = log_germline_frequencies()
    if normal is None:
        if log_het is None:
            log_het = log_het_prior(np.zeros((0, samples)), np.zeros((0, samples)))
        het_like = logsumexp(at_one[:, :, 1:] + log_het, axis=2).sum(1)
        hom_like = logsumexp(at_one[:, :, 1:] + hom, axis=2).sum(1)
    else:
        tumors = [s for s in range(samples) if s != normal]
        any_f = logsumexp(at_one[:, tumors] + flat[None, None, :], axis=2).sum(1)
        het_like = any_f + logsumexp(at_one[:, normal, 1:] + het, axis=1)
        hom_like = any_f + logsumexp(at_one[:, normal, 1:] + hom, axis=1)
    return np.logaddexp(het_like + log_prior[0], hom_like + log_prior[1])


def _log_artifact(by_sample: Likelihoods, normal: int | None, priors: Priors) -> np.ndarray:
    """Return log prior times likelihood of a recurrent artifact, (candidates,)."""
    if normal is None:
        return np.full(len(by_sample.close), LOG_TINY)
    prior = log_artifact_prior(priors.artifact_low)
    like = logsumexp(by_sample.close.sum(1) + prior, axis=1)
    return np.log(priors.artifact) + like


def _log_foreign(evidence: Evidence, by_sample: Likelihoods, admixture: Admixture) -> np.ndarray:
    """Return log prior times likelihood of another person's allele, (candidates,).

    It is in the samples that contain that person's DNA, on one or both copies.
    """
    n, samples = by_sample.absent.shape[:2]
    contaminated = [s for s, c in admixture.contamination.items() if c > 0]
    if not contaminated:
        return np.full(n, LOG_TINY)
    clean = [s for s in range(samples) if s not in contaminated]
    absent = by_sample.absent[:, clean].sum(1)
    log_foreign = logsumexp(evidence.log_shared + absent, axis=1) if clean else np.zeros(n)
    # The contamination is known to about a tenth.
    narrow = spread(FOREIGN_SPREAD)
    for s in contaminated:
        c = admixture.contamination[s]
        at = [int(np.searchsorted(FREQUENCIES[1:], level)) for level in (c / 2, c)]
        most = by_sample.at_one[:, s, 1:].max(axis=1, keepdims=True)
        levels = np.exp(by_sample.at_one[:, s, 1:] - most) @ narrow[at].T
        log_foreign = log_foreign + np.log(levels.mean(axis=1) + 1e-300) + most[:, 0]
    return log_foreign + evidence.log_carried
