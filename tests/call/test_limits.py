"""Intervals against known values, their coverage, and the limit of detection against draws."""

import numpy as np
import pytest
from callevidence import evidence
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from resistpanel.call import limits
from resistpanel.call.call_constants import LOD_LEVEL, PRESENT_BF
from resistpanel.call.errors.error_model import MULTIPLIERS, heavy_tailed, usual
from resistpanel.call.limits import Conditions, Sites, detection_limits
from resistpanel.call.model.posterior import (
    ERROR_CENTRES,
    Admixture,
    Evidence,
    Priors,
    between_centres,
    evaluate,
    logsumexp,
)
from resistpanel.core.stats import clopper_pearson_upper, jeffreys_interval

PRIORS = Priors()


class TestJeffreys:
    def test_published(self):
        """Brown, Cai and DasGupta 2001, Statistical Science 16:101, their Table 5 for n = 10."""
        low, high = jeffreys_interval(np.arange(11), np.full(11, 10))
        assert low[0] == 0
        assert low[1:6] == pytest.approx([0.011, 0.044, 0.093, 0.153, 0.224], abs=6e-4)
        assert high[:6] == pytest.approx([0.217, 0.381, 0.503, 0.606, 0.696, 0.776], abs=6e-4)
        # symmetric in alleles
        assert low[::-1] == pytest.approx(1 - high)

    @given(st.integers(0, 2000), st.integers(1, 2000))
    def test_is_scipys_beta(self, k, more):
        n = k + more
        low, high = jeffreys_interval(np.array([k]), np.array([n]))
        expected = stats.beta(k + 0.5, n - k + 0.5).interval(0.95)
        assert high[0] == pytest.approx(expected[1], rel=1e-7)
        assert low[0] == (pytest.approx(expected[0], rel=1e-7) if k else 0)

    def test_coverage(self):
        """95 % on average over AF, by summation; below 1 % some AFs oscillate, as published."""
        n = 200
        k = np.arange(n + 1)
        low, high = jeffreys_interval(k, np.full(n + 1, n))
        f = np.linspace(0.005, 0.995, 400)
        inside = (low[:, None] <= f) & (f <= high[:, None])
        coverage = (stats.binom.pmf(k[:, None], n, f) * inside).sum(0)
        assert coverage.mean() == pytest.approx(0.95, abs=0.005)
        assert coverage.min() > 0.87


class TestUpperBound:
    @pytest.mark.parametrize("n", [10, 100, 900, 20_000])
    def test_rule_of_three(self, n):
        bound = clopper_pearson_upper(np.array([0]), np.array([n]))[0]
        assert bound == pytest.approx(1 - 0.05 ** (1 / n), rel=1e-9)
        assert bound == pytest.approx(3 / n, rel=0.15)

    @given(st.integers(0, 500), st.integers(1, 2000))
    def test_is_clopper_and_pearsons(self, k, more):
        n = k + more
        bound = clopper_pearson_upper(np.array([k]), np.array([n]))[0]
        one_sided = stats.binomtest(k, n, alternative="less").proportion_ci(0.95, method="exact")
        assert bound == pytest.approx(one_sided.high, rel=1e-7)

    def test_edges(self):
        bound = clopper_pearson_upper(np.array([0, 5]), np.array([0, 5]))
        assert np.isnan(bound[0])
        assert bound[1] == 1

    @pytest.mark.parametrize("n", [30, 250, 1000])
    def test_covers_95_percent_at_every_frequency(self, n):
        k = np.arange(n + 1)
        bound = clopper_pearson_upper(k, np.full(n + 1, n))
        f = np.linspace(0.001, 0.9, 500)
        coverage = (stats.binom.pmf(k[:, None], n, f) * (bound[:, None] >= f)).sum(0)
        assert coverage.min() >= 0.95 - 1e-9


HEAVY = heavy_tailed(usual())


def limit(site, sample=1, normal=0, **more):
    """Return the limits of one sample."""
    admixture = more.pop("admixture", Admixture())
    return detection_limits(Sites(site, **more), sample, Conditions(normal, PRIORS, admixture))


def rate_called(site, f, sample=1, normal=0, number=1500, stutter=0.0, seed=None, **more):
    """Return the fraction called of sites drawn from the model, at an AF of one sample.

    Errors in all samples, with the multiplier shared or each sample's own, and the variant.
    """
    rng = np.random.default_rng(seed)
    total = site.other[0] + site.errors[0].sum((1, 2))
    samples = len(total)
    own = rng.random(number) < PRIORS.independent
    shared = MULTIPLIERS[
        rng.choice(
            len(MULTIPLIERS),
            number,
            p=np.exp(site.log_shared[0]) / np.exp(site.log_shared[0]).sum(),
        )
    ]
    factor = np.tile(shared[:, None, None], (1, samples, 2))
    for s in range(samples):
        for side in (0, 1):
            p = np.exp(site.log_own[0, s, side])
            factor[own, s, side] = MULTIPLIERS[
                rng.choice(len(MULTIPLIERS), own.sum(), p=p / p.sum())
            ]
    counts = rng.poisson(factor * site.expected[0, :, :2])
    k = rng.binomial(int(total[sample]), f, number)
    first = rng.binomial(k, 0.5)
    counts[:, sample] += np.stack([first, k - first], axis=1)
    alt = np.minimum(counts.sum(2), total)
    error = float(site.expected[0, sample].sum() / total[sample])
    pairs = np.stack([alt, np.tile(total, (number, 1))], axis=2)
    drawn = evidence(pairs, error, counts[:, :, 0])
    drawn.log_shared = np.repeat(site.log_shared, number, axis=0)
    drawn.log_own = np.repeat(site.log_own, number, axis=0)
    if site.log_carried is not None:
        drawn.log_carried = np.repeat(site.log_carried, number)
    found = evaluate(
        drawn, normal, PRIORS, more.get("log_germline"), more.get("admixture", Admixture())
    )
    called = (found.somatic_phred >= 10) & (alt.max(1) >= 3)
    called &= found.log_bayes_factor[:, sample] >= np.log(PRESENT_BF)
    return (called & (alt[:, sample] >= 6 * stutter * total[sample])).mean()


def holds(rate, number=1500):
    """Return whether the 99 % interval of a rate touches 93 to 97 %."""
    half = 2.576 * np.sqrt(rate * (1 - rate) / number)
    return rate + half >= 0.93 and rate - half <= 0.97


class TestCalledAtTheLimit:
    """Of sites drawn from the model with the variant at the stated limit, 95 % are called."""

    @pytest.mark.parametrize(
        ("totals", "normal", "error"),
        [
            ([900, 900], 0, 3e-5),
            ([900, 900], 0, 1e-3),
            ([300, 200], 0, 1e-4),
            ([60, 5000], 0, 1e-5),
            ([900, 1200, 600, 800], 0, 3e-4),
            ([30_000, 30_000], 0, 1e-5),
            ([1500], None, 1e-4),
            ([2000, 700, 900], None, 2e-5),
        ],
    )
    def test_rate(self, totals, normal, error):
        sample = len(totals) - 1
        site = evidence([[(0, n) for n in totals]], error)
        f = limit(site, sample, normal)[0]
        assert holds(rate_called(site, f, sample, normal)), f

    def test_above_the_error_rate_however_deep(self):
        """At 30,000x and an error of 1e-3 it stated 0.09 %, of which nothing was called."""
        site = evidence([[(0, 30_000)] * 2], 1e-3)
        f = limit(site)[0]
        assert f > 1e-3
        assert rate_called(site, f) > 0.9

    def test_slippage(self):
        """A homopolymer with 1 % slippage: it stated 6.3 % at 900x, of which nothing was called."""
        site = evidence([[(0, 900)] * 2], 0.01, shared=HEAVY)
        stutter = np.full((1, 2), float(site.expected[0, 1].sum() / 900))
        f = limit(site, stutter=stutter)[0]
        assert f > 6 * 0.009
        rate = rate_called(site, f, stutter=stutter[0, 1])
        assert holds(rate), rate

    @pytest.mark.parametrize("fraction", [0.005, 0.02, 0.05])
    def test_contamination(self, fraction):
        """At 2 % of another person's DNA, 1 to 2 % are as likely that person's allele."""
        admixture = Admixture(contamination={0: 0.0, 1: fraction})
        site = evidence([[(0, 900), (0, 900)]])
        site.log_carried = np.log([1e-3])
        f = limit(site, admixture=admixture)[0]
        rate = rate_called(site, f, admixture=admixture)
        assert rate > 0.915
        if fraction == 0.02:
            assert limit(site)[0] < 0.018 and f > 0.03

    def test_tumor_in_normal(self):
        admixture = Admixture(tumor_in_normal=0.05, tumor=1)
        site = evidence([[(0, 900), (0, 900)]])
        f = limit(site, admixture=admixture)[0]
        assert holds(rate_called(site, f, admixture=admixture))


class TestStated:
    def test_deeper_is_never_higher(self):
        depths = np.unique(np.geomspace(20, 100_000, 60).astype(int))
        for error in (1e-6, 1e-4, 2e-3):
            f = limit(evidence([[(0, n), (0, n)] for n in depths], error))
            stated = f[~np.isnan(f)]
            # A few draws of the errors: neighbours may be 3 % out of order.
            assert (stated[1:] <= stated[:-1] * 1.03).all(), error
            assert stated[-1] < stated[0] / 3

    @pytest.mark.parametrize("error", [1e-5, 1e-3, 1e-2])
    def test_never_below_the_error_rate(self, error):
        sites = evidence([[(0, n)] * 2 for n in (50, 1000, 20_000, 100_000)], error)
        rate = sites.expected[:, 1].sum(1) / sites.other[:, 1]
        f = limit(sites)
        assert (f[~np.isnan(f)] >= rate[~np.isnan(f)]).all()

    def test_more_errors_raise_it(self):
        f = [limit(evidence([[(0, 900), (0, 900)]], e))[0] for e in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)]
        assert f == sorted(f)

    def test_what_the_site_shows_does_not_matter(self):
        shown = evidence([[(0, 900), (0, 900)], [(3, 900), (300, 900)]])
        f = limit(shown)
        assert f[0] == f[1]

    def test_many_sites_as_one_by_one(self):
        """Sites are interpolated on a grid and share the draws of their kind."""
        rng = np.random.default_rng(4)
        depth = rng.integers(300, 3000, 20)
        counts = [[(0, int(n * rng.uniform(0.8, 1.25))), (0, n)] for n in depth]
        together = limit(evidence(counts))
        alone = [limit(evidence([row]))[0] for row in counts]
        assert together == pytest.approx(alone, rel=0.1)

    def test_damage_of_one_substitution_is_not_anothers(self):
        """A high multiplier, learned at one site, raised the limits of all sites of the kind."""
        rng = np.random.default_rng(6)
        counts = [[(0, int(n / 2)), (0, int(n))] for n in rng.integers(1500, 2500, 40)]
        sites = evidence(counts, 1e-5)
        damaged = np.arange(40) == 0
        own = np.exp(sites.log_own)
        own[:, 1, :, MULTIPLIERS >= 12] = 1e-7
        own[damaged, 1, 0, MULTIPLIERS == 160] = 1e-4
        sites.log_own[:] = np.log(own / own.sum(-1, keepdims=True))
        found, others = limit(sites), np.flatnonzero(~damaged)
        assert found[others] == pytest.approx(limit(sites.part(others)), rel=1e-9)
        assert found[0] == pytest.approx(limit(sites.part(np.array([0])))[0], rel=1e-9)

    def test_none(self):
        """Below ten fragments a sample is not assessed."""
        assert np.isnan(limit(evidence([[(0, 900), (0, 9)]]))[0])
        assert limit(evidence(np.empty((0, 2, 2)))).shape == (0,)

    def test_between_inherited_variants_there_is_none(self):
        """At 25x of one sample, what is called in 95 % is too near to a half."""
        assert np.isnan(limit(evidence([[(0, 25)]]), 0, None)[0])
        asked = limit(evidence([[(0, 25)]]), 0, None, unproven=np.array([True]))[0]
        assert asked < 0.5

    def test_germline_resource(self):
        """A shallow normal does not exclude a common variant's other allele."""
        sites = evidence([[(0, 6), (0, 300)]] * 2)
        f = limit(sites, log_germline=np.log([0.4, 1e-8]))
        assert np.isnan(f[0]) or f[0] > f[1]

    def test_the_rarer_in_people_the_lower(self):
        admixture = Admixture(contamination={1: 0.02})
        site = evidence([[(0, 900), (0, 900)]] * 3)
        site.log_carried = np.log([0.3, 1e-3, 1e-9])
        f = limit(site, admixture=admixture)
        assert f[0] >= f[1] > f[2]

    def test_the_normals_limit_is_a_tumours(self):
        site = evidence([[(0, 900), (0, 900)]])
        # The draws of the two differ.
        assert limit(site, 0) == pytest.approx(limit(site, 1), rel=0.1)
        admixture = Admixture(tumor_in_normal=0.05, tumor=1)
        assert limit(site, 0, admixture=admixture) == limit(site, 0)

    def test_uneven_qualities(self):
        """Fragments of unequal error probability, of the same mean, are better evidence."""
        site = evidence([[(0, 900), (0, 900)]], 1e-3)
        even = np.zeros((1, 2, 3, 3))
        even[..., [0, 2]] = np.log(1e-3)
        uneven = even.copy()
        uneven[..., 1] = 1.5
        uneven[..., 0] -= np.log(np.cosh(1.5))
        assert limit(site, log_error=uneven)[0] < limit(site, log_error=even)[0]


class TestFrequency:
    @given(st.integers(3, 60), st.integers(0, 3000))
    def test_inverts_the_binomial_tail(self, k, more):
        n = k + more
        needed = limits.Needed(np.full(4, float(k)), np.full(4, 0.25), [(k - 1.0, np.inf)])
        f = limits.frequency_of(needed, float(n))
        assert stats.binom.sf(k - 1, n, f) == pytest.approx(LOD_LEVEL, abs=2e-3)

    def test_mixture(self):
        """Half of the draws need 3 of 900 fragments, half 6."""
        needed = limits.Needed(np.array([3.0, 6.0]), np.array([0.5, 0.5]), [(3.0, np.inf)])
        f = limits.frequency_of(needed, 900.0)
        rate = (stats.binom.sf(2, 900, f) + stats.binom.sf(5, 900, f)) / 2
        assert rate == pytest.approx(0.95, abs=2e-3)

    def test_out_of_reach(self):
        needed = limits.Needed(np.array([5.0, np.inf]), np.array([0.5, 0.5]), [(5.0, np.inf)])
        assert np.isnan(limits.frequency_of(needed, 1000.0))
        nothing = limits.Needed(needed.number, needed.weight, [])
        assert np.isnan(limits.frequency_of(nothing, 1000.0))


def random_site(rng):
    """Return a random site with counts: evidence, and the fragments by kind (samples, 3)."""
    samples = int(rng.integers(1, 5))
    total = rng.integers(15, 5000, samples).astype(float)
    error = np.exp(rng.uniform(np.log(1e-6), np.log(5e-3), (samples, 3)))
    number = total[:, None] * rng.dirichlet([3, 3, 1], samples)
    counts = rng.poisson(0.3, (samples, 3)).astype(float)
    counts[-1] += rng.poisson(number[-1] * np.exp(rng.uniform(np.log(1e-3), np.log(0.02))))
    at, upper = between_centres(error.ravel())
    shown = np.zeros((samples, 3, len(ERROR_CENTRES)))
    cells = np.unravel_index(np.arange(3 * samples), (samples, 3))
    np.add.at(shown, (*cells, at), counts.ravel() * (1 - upper))
    np.add.at(shown, (*cells, at + 1), counts.ravel() * upper)
    m = len(MULTIPLIERS)
    found = Evidence(
        shown[None],
        np.maximum(total - counts.sum(1), 0)[None],
        (number * error)[None],
        number[None, :, :2],
        np.log(rng.dirichlet(np.ones(m)))[None],
        np.log(rng.dirichlet(np.ones(m), (samples, 2)))[None],
        np.log([3e-4]),
    )
    return found, total, error, counts


@pytest.mark.parametrize("admixture", ["none", "contamination", "tumor in normal"])
def test_compiled_models_are_the_models(admixture):
    """Odds and Bayes factors as of `evaluate`, where they are near to what decides."""
    rng = np.random.default_rng()
    near = 0
    for _ in range(80):
        site, total, error, counts = random_site(rng)
        samples = len(total)
        paired = samples > 1 and (admixture != "none" or rng.random() < 0.6)
        normal, given = 0 if paired else None, Admixture()
        if paired and admixture == "contamination":
            given = Admixture(contamination={0: 0.0, samples - 1: 0.02})
        elif paired and admixture == "tumor in normal":
            given = Admixture(tumor_in_normal=0.05, tumor=samples - 1)
        expected = evaluate(site, normal, PRIORS, None, given)
        others = logsumexp(
            np.stack(
                [
                    expected.log_null,
                    expected.log_germline,
                    expected.log_artifact,
                    expected.log_foreign,
                ]
            ),
            axis=0,
        )
        asked = limits._Limits(Sites(site), samples - 1, Conditions(normal, PRIORS, given))
        rate = np.clip((site.expected[0, :, :2] / site.good[0])[..., None] * MULTIPLIERS, 1e-9, 0.5)
        log_error = np.stack([np.log(error), 0 * error, np.log(error)], axis=-1)
        asked.models.set_site(
            samples - 1, total, site.expected[0], site.log_shared[0], site.log_own[0],
            np.log(rate), log_error, float(np.log(3e-4)), float(np.log(PRIORS.germline_het)),
            float(np.log(PRIORS.germline_hom)), False,
        )  # fmt: skip
        odds, factors = asked.models.evaluate(np.zeros_like(counts), counts)
        # Terms below exp(NEGLIGIBLE) are left out.
        assert factors == pytest.approx(expected.log_bayes_factor[0], abs=1e-3)
        reference = float((expected.log_somatic - others)[0])
        if abs(reference) < 15:
            near += 1
            assert odds == pytest.approx(reference, abs=0.02)
    assert near > 5
