"""The models: the likelihood by hand and by a loop, and how verdicts move with the counts."""

import dataclasses
import math

import numpy as np
import pytest
from callevidence import ERROR, USUAL, evidence
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from resistpanel.call.call_constants import INHERITED_INSERTION
from resistpanel.call.errors.error_model import MULTIPLIERS, WITHIN_STEP
from resistpanel.call.model.posterior import (
    ERROR_CENTRES,
    ERROR_EDGES,
    FREQUENCIES,
    Admixture,
    Evidence,
    Likelihoods,
    Posterior,
    Priors,
    evaluate,
    log_frequency_prior,
    log_likelihoods,
    log_own_absent,
    logsumexp,
)

PRIORS = Priors()
#: What an allele can be if it is not somatic.
OTHERS = [
    f.name.removeprefix("log_")
    for f in dataclasses.fields(Posterior)
    if f.name not in ("log_somatic", "log_bayes_factor")
]
ONE = int(np.flatnonzero(MULTIPLIERS == 1)[0])


def log_odds(posterior: Posterior) -> np.ndarray:
    """Return the log odds of somatic against all else, unclipped."""
    others = np.stack([getattr(posterior, f"log_{name}") for name in OTHERS])
    return posterior.log_somatic - logsumexp(others, axis=0)


def verdict(samples, normal=0, priors=None, **more):
    """Return (best model, phred) of one candidate."""
    posterior = evaluate(evidence([samples], **more), normal, priors or PRIORS)
    return posterior.best[0], posterior.somatic_phred[0]


class TestTable:
    def test_by_hand(self):
        """Two fragments of ten, each with an error probability of 10^-3.125, at AF and m given."""
        e = float(ERROR_CENTRES[16])
        assert np.log10(e) == pytest.approx(-3.125)
        like = log_likelihoods(evidence([[(2, 10)]], e))
        assert like.shape == (1, 1, len(FREQUENCIES), len(MULTIPLIERS))
        f = FREQUENCIES[60]
        seven = int(np.flatnonzero(MULTIPLIERS == 7)[0])
        expected = 2 * math.log(f + (1 - f) * 7 * e) + 8 * math.log(1 - f) - (1 - f) * 7 * 10 * e
        assert like[0, 0, 60, seven] == pytest.approx(expected, rel=1e-12)
        # absence: two errors, and the errors expected of ten
        absent = 2 * math.log(e) - 10 * e
        assert like[0, 0, 0, ONE] == pytest.approx(absent, rel=1e-12)

    def test_by_a_loop(self):
        rng = np.random.default_rng(1)
        n, samples = 4, 3
        found = Evidence(
            rng.integers(0, 4, (n, samples, 3, len(ERROR_CENTRES))).astype(float),
            rng.integers(0, 900, (n, samples)).astype(float),
            rng.random((n, samples, 3)),
            rng.integers(0, 400, (n, samples, 2)).astype(float),
            np.tile(np.log(USUAL), (n, 1)),
            np.tile(np.log(USUAL), (n, samples, 2, 1)),
        )
        like = log_likelihoods(found)
        for c, s in np.ndindex(n, samples):
            for i in range(0, len(FREQUENCIES), 7):
                for j, m in enumerate(MULTIPLIERS):
                    f = FREQUENCIES[i]
                    total = found.other[c, s] * math.log(1 - min(f, 1 - 1e-4))
                    total -= (1 - f) * m * found.expected[c, s].sum()
                    for b, e in enumerate(ERROR_CENTRES):
                        count = found.errors[c, s, :, b].sum()
                        total += count * math.log(f + (1 - f) * min(m * e, 0.5))
                    assert like[c, s, i, j] == pytest.approx(total, rel=1e-9)

    def test_every_probability_has_a_bin(self):
        """A bin's centre lies in it; what lies beyond the edges is held there."""
        for e in (1e-12, 1e-7, 3e-6, 1e-4, 0.02, 0.3, 0.9):
            centre = ERROR_CENTRES[np.searchsorted(ERROR_EDGES, np.log10(e))]
            assert abs(np.log10(centre) - np.log10(np.clip(e, 1e-7, 10**-0.5))) < 0.126

    def test_priors_are_distributions(self):
        assert np.exp(log_frequency_prior()).sum() == pytest.approx(1)

    def test_logsumexp_is_scipys(self):
        from scipy import special

        a = np.random.default_rng(2).normal(0, 300, (5, 7))
        a[2] = -np.inf
        a[2, 3] = -800
        assert logsumexp(a, axis=1) == pytest.approx(special.logsumexp(a, axis=1))

    def test_own_multipliers_by_a_loop(self):
        sides = [[3.0, 1.0]]
        found = evidence([[(5, 300), (1, 200)]], sides=sides)
        # Multipliers within a step of the grid: a gamma distribution, here summed over.
        factors = np.linspace(0.001, 4, 4000)
        density = stats.gamma(WITHIN_STEP, scale=1 / WITHIN_STEP).pdf(factors)
        density /= density.sum()
        total = 0.0
        for s, (k, n) in enumerate([(5, 300), (1, 200)]):
            for count in (sides[0][s], k - sides[0][s]):
                terms = [
                    w * (density * (ERROR * m * factors) ** count
                         * np.exp(-n / 2 * ERROR * m * factors)).sum()
                    for w, m in zip(USUAL, MULTIPLIERS, strict=True)
                ]  # fmt: skip
                total += math.log(sum(terms))
        assert log_own_absent(found)[0].sum() == pytest.approx(total, rel=1e-6)

    def test_no_dips_between_points_of_the_grid(self):
        """How much less likely counts are than under the multiplier that fits them best."""
        e, n, below = float(ERROR_CENTRES[16]), 200_000, []
        for k in range(400, 12_000, 100):
            found = evidence([[(k, n)]], e)
            best = k * math.log(k / n) - k
            absent = Likelihoods.of(found).absent[0, 0] + np.log(USUAL)
            below.append(logsumexp(absent, axis=0) - best)
        assert np.abs(np.diff(below)).max() < 1.5


class TestVerdicts:
    @pytest.mark.parametrize(
        ("samples", "expected"),
        [
            ([(0, 900), (0, 900), (0, 900)], "absent"),
            ([(1, 900), (2, 900), (1, 900)], "absent"),
            ([(0, 900), (0, 900), (45, 900)], "somatic"),
            ([(0, 900), (300, 900), (330, 900)], "somatic"),
            ([(0, 60), (20, 900), (0, 900)], "somatic"),
            ([(450, 900), (440, 900), (470, 900)], "germline"),
            ([(900, 900), (899, 900), (898, 900)], "germline"),
            # loss of heterozygosity either way
            ([(29, 52), (39, 39), (50, 50)], "germline"),
            ([(29, 52), (1, 90), (0, 90)], "germline"),
            # mapping or slippage: all samples alike
            ([(45, 900), (40, 900), (50, 900)], "artifact"),
            ([(90, 900), (110, 900), (100, 900)], "artifact"),
        ],
    )
    def test_with_a_normal(self, samples, expected):
        best, phred = verdict(samples)
        assert best == expected
        assert (phred >= 10) == (expected == "somatic")

    @pytest.mark.parametrize(
        ("samples", "expected"),
        [
            ([(0, 900)], "absent"),
            ([(2, 900)], "absent"),
            ([(90, 900)], "somatic"),
            ([(450, 900)], "germline"),
            ([(899, 900)], "germline"),
            ([(440, 900), (450, 900)], "germline"),
            ([(0, 900), (90, 900)], "somatic"),
            # heterozygous in one, absent from the other: cannot be inherited
            ([(0, 900), (450, 900)], "somatic"),
            # inherited, and the other copy lost in the second, which has no normal cells
            ([(440, 900), (899, 900)], "germline"),
            ([(90, 180), (178, 180), (85, 180)], "germline"),
            ([(0, 900), (899, 900)], "somatic"),
            ([(180, 900), (899, 900)], "somatic"),
        ],
    )
    def test_tumor_only(self, samples, expected):
        assert verdict(samples, normal=None)[0] == expected

    @pytest.mark.parametrize(
        ("alt", "passes"), [(90, True), (300, True), (370, True), (450, False), (899, False)]
    )
    def test_tumor_only_of_what_is_rarely_inherited(self, alt, passes):
        """An internal tandem duplication at 40 % is somatic, at 50 % it may be inherited."""
        rare = Priors(
            germline_het=INHERITED_INSERTION,
            germline_hom=INHERITED_INSERTION * PRIORS.germline_hom / PRIORS.germline_het,
        )
        assert (verdict([(alt, 900)], normal=None, priors=rare)[1] >= 10) == passes
        assert verdict([(450, 900)], normal=None)[1] < 1

    def test_tumor_only_knows_no_artifact(self):
        posterior = evaluate(evidence([[(45, 900), (45, 900)]]), None, PRIORS)
        assert posterior.log_artifact[0] == -1e30

    def test_germline_resource_moves_the_prior(self):
        site = evidence([[(300, 900)]])
        plain = evaluate(site, None, PRIORS)
        known = evaluate(site, None, PRIORS, np.log([0.3]))
        unheard = evaluate(site, None, PRIORS, np.log([1e-9]))
        assert known.log_germline[0] > plain.log_germline[0] > unheard.log_germline[0]
        assert known.log_somatic == plain.log_somatic

    def test_presence_is_decided_per_sample(self):
        posterior = evaluate(evidence([[(0, 900), (90, 900), (0, 900)]]), 0, PRIORS)
        normal, first, second = posterior.log_bayes_factor[0]
        assert first > np.log(100)
        assert normal < 0
        assert second < 0

    def test_tumours_are_pooled(self):
        """Four fragments in each of three tumours are more than four in one."""
        one = verdict([(0, 900), (4, 900), (0, 900), (0, 900)], error=3e-5)[1]
        three = verdict([(0, 900), (4, 900), (4, 900), (4, 900)], error=3e-5)[1]
        assert three > one + 6

    def test_no_reads_at_all(self):
        posterior = evaluate(evidence([[(0, 0), (0, 0)]]), 0, PRIORS)
        assert posterior.best[0] == "absent"
        assert np.isfinite(posterior.log_bayes_factor).all()
        assert abs(posterior.log_bayes_factor).max() < 1e-9

    def test_a_shallow_normal_may_hold_tumour(self):
        """4 of 48 beside 16 of 61 is no inherited variant, though no other variant shows a leak."""
        counts = evidence([[(4, 48), (16, 61)], [(20, 48), (16, 61)], [(14, 48), (40, 61)]])
        assert list(evaluate(counts, 0, Priors()).best == "germline") == [False, True, True]
        told = evaluate(counts, 0, Priors(), admixture=Admixture(tumor_in_normal=0.3, tumor=1))
        assert told.best[0] == "somatic"

    def test_tumour_in_the_normal(self):
        """5 % of the tumour in the normal: its share of the variant does not make it germline."""
        found = evidence([[(18, 900), (360, 900), (350, 900)]])
        plain = evaluate(found, 0, PRIORS)
        told = evaluate(found, 0, PRIORS, admixture=Admixture(tumor_in_normal=0.05, tumor=1))
        assert log_odds(told) > log_odds(plain) + 3
        assert told.best[0] == "somatic"


class TestDamage:
    """Fragments of one orientation, in samples whose sites of that substitution differ much."""

    HOT = np.full(len(MULTIPLIERS), 1e-6)
    HOT[ONE] = 0.98
    HOT[np.flatnonzero(MULTIPLIERS == 40)] = 0.02
    HOT /= HOT.sum()

    def test_one_orientation_is_damage(self):
        best, phred = verdict([(0, 900), (20, 900)], 0, error=1e-4, sides=[[0, 20]], own=self.HOT)
        assert best == "absent"
        assert phred < 1

    def test_both_orientations_are_a_variant(self):
        best, phred = verdict([(0, 900), (20, 900)], 0, error=1e-4, sides=[[0, 10]], own=self.HOT)
        assert best == "somatic"
        assert phred >= 10

    def test_without_damage_in_the_sample_one_orientation_may_be(self):
        """Few fragments can lie on one side by chance."""
        samples, sides = [(0, 900), (7, 900)], [[0, 7]]
        damaged = verdict(samples, 0, error=3e-5, sides=sides, own=self.HOT)[1]
        quiet = np.where(MULTIPLIERS == 1, 1.0, 1e-9)
        clean = verdict(samples, 0, error=3e-5, sides=sides, own=quiet, shared=quiet)[1]
        assert damaged < 10 <= clean


class TestMonotony:
    @given(st.integers(60, 3000), st.integers(300, 3000))
    @settings(max_examples=25)
    def test_more_in_a_tumour_is_never_less_somatic(self, tumour, normal):
        """At fixed depth and a normal that is deep enough to rule out a germline variant."""
        ks = np.unique(np.linspace(0, tumour, 40).astype(int))
        found = evidence([[(0, normal), (k, tumour)] for k in ks])
        odds = log_odds(evaluate(found, 0, PRIORS))
        # beyond a phred of 87 the odds against germline take over, which AF hardly moves
        assert (np.diff(np.minimum(odds, 20)) >= -1e-6).all()
        assert odds[-1] > 20

    @given(st.integers(3, 200), st.integers(300, 3000))
    @settings(max_examples=25)
    def test_more_in_the_normal_is_less_somatic(self, tumour, depth):
        ks = np.arange(0, 25)
        found = evidence([[(k, depth), (tumour, depth)] for k in ks])
        odds = log_odds(evaluate(found, 0, PRIORS))
        # One fragment among thousands hardly matters, and may do so either way as long as the
        # odds are overwhelming: the error models lose by it too. Near a decision it may not.
        near = odds[:-1] < 10
        assert (np.diff(odds)[near] < 0.1).all()
        assert odds[-1] < odds[0] - 1

    @given(st.integers(4, 100))
    @settings(max_examples=10)
    def test_more_errors_are_less_somatic(self, k):
        odds = [
            log_odds(evaluate(evidence([[(0, 900), (k, 900)]], e), 0, PRIORS))[0]
            for e in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
        ]
        assert (np.diff(odds) < 1e-6).all()


def test_many_candidates_as_one_by_one():
    rng = np.random.default_rng(3)
    counts = np.stack([rng.integers(0, 60, (450, 3)), np.full((450, 3), 600)], axis=2)
    found = evidence(counts)
    together = evaluate(found, 0, PRIORS)
    for i in (0, 199, 200, 399, 449):
        alone = evaluate(found.part(slice(i, i + 1)), 0, PRIORS)
        for name in vars(alone):
            assert getattr(together, name)[i] == pytest.approx(getattr(alone, name)[0])


def test_phred():
    """10 log10 of the odds, where somatic and its contraries are given."""
    logs = {f"log_{name}": np.array([-1e30]) for name in OTHERS}
    logs |= {"log_null": np.log([0.25]), "log_germline": np.log([0.25])}
    posterior = Posterior(**logs, log_somatic=np.log([0.5]), log_bayes_factor=np.zeros((1, 1)))
    assert posterior.somatic_phred[0] == pytest.approx(-10 * np.log10(0.5))
    assert posterior.best[0] == "somatic"
