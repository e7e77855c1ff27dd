import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, betabinom

from resistpanel.compare.kernels import around
from resistpanel.compare.posterior import _NODES, posterior, probability_above
from resistpanel.core.stats import log_beta_binomial

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
rhos = st.sampled_from([0.0, 0.001, 0.01])


def test_likelihood_by_hand():
    # BetaBin(2; a=f M, b=(1-f) M): P(1) = 2ab / (M (M+1)); rho = 0.25 is M = 3
    # f = 1/3: a = 1, b = 2, P(1) = 4/12, P(2) = a(a+1)/12 = 2/12, P(0) = b(b+1)/12 = 6/12
    values = [log_beta_binomial(1 / 3, alt, 2, 0.25) for alt in (0, 1, 2)]
    # the constant that is left out is the binomial coefficient: 1, 2, 1
    assert np.exp(values) == pytest.approx([6 / 12, 2 / 12, 2 / 12])
    assert math.exp(log_beta_binomial(0.2, 1, 3, 0)) == pytest.approx(0.2 * 0.8**2)


@pytest.mark.parametrize("rho", [0.0005, 0.01, 0.3])
def test_likelihood_against_scipy(rho):
    f, n, size = 0.16, 905, (1 - rho) / rho
    got = [log_beta_binomial(f, k, n, rho) for k in (0, 3, 145, 905)]
    expected = [betabinom.logpmf(k, n, f * size, (1 - f) * size) for k in (0, 3, 145, 905)]
    choose = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
              for k in (0, 3, 145, 905)]  # fmt: skip
    assert np.array(got) + choose == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("alt", "depth"), [(0, 905), (1, 30), (145, 905), (905, 905), (9, 20000)])
def test_without_overdispersion_it_is_jeffreys(alt, depth):
    found = posterior(alt, depth, 0.0)
    exact = beta(alt + 0.5, depth - alt + 0.5)
    for q in (0.025, 0.5, 0.975):
        assert found.quantile(q) == pytest.approx(exact.ppf(q), rel=0.02, abs=3e-6)
    at = exact.ppf([0.1, 0.5, 0.9])
    assert found.below(at) == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


def test_probability_by_hand():
    # uniform in arcsin(sqrt f) without data: each of the two is above the other half the time
    none = posterior(0, 0, 0.0)
    assert probability_above(none, none, 1.0) == pytest.approx(0.5)
    # P(f > 1/2 * g): with x, y uniform on (0, pi/2), f = sin^2 x: P(sin x > sin y / sqrt 2)
    exact = 1 - quad(lambda y: math.asin(math.sin(y) / math.sqrt(2)), 0, math.pi / 2)[0] / (
        math.pi**2 / 4
    )
    assert probability_above(none, none, 0.5) == pytest.approx(exact, abs=1e-4)


def test_probability_against_integration():
    pre, post = (20, 100), (33, 110)
    a, b = (beta(k + 0.5, n - k + 0.5) for k, n in (pre, post))
    for ratio in (0.7, 1.0, 1.25, 2.0):
        exact = quad(lambda f, r=ratio: a.pdf(f) * b.sf(min(r * f, 1)), 0, 1)[0]
        found = probability_above(posterior(*pre, 0.0), posterior(*post, 0.0), ratio)
        assert found == pytest.approx(exact, abs=5e-4)


def test_an_uncertain_ratio_draws_to_one_half():
    pre, post = posterior(100, 1000, 0.0), posterior(150, 1000, 0.0)
    sure, unsure = (probability_above(pre, post, 1.0, sd) for sd in (0.0, 0.3))
    assert 0.5 < unsure < sure
    # log ratio 0.405, its sd from counts sqrt(0.9/100 + 0.85/150) = 0.121, with 0.3: 0.324
    assert unsure == pytest.approx(0.5 * math.erfc(-0.405 / 0.324 / math.sqrt(2)), abs=0.01)


def test_impossible_counts():
    with pytest.raises(ValueError, match="7 of 5 fragments"):
        posterior(7, 5, 0.0)


@given(counts, counts, rhos, st.sampled_from([0.5, 1.0, 1.25, 3.0]), st.sampled_from([0.0, 0.2]))
@settings(deadline=None, max_examples=60)
def test_changing_places_gives_the_complement(pre, post, rho, ratio, log_sd):
    a, b = posterior(*pre, rho), posterior(*post, rho)
    forth = probability_above(a, b, ratio, log_sd)
    back = probability_above(b, a, 1 / ratio, log_sd)
    assert forth + back == pytest.approx(1, abs=1e-12)
    assert -1e-12 <= forth <= 1 + 1e-12


@given(counts, counts, rhos, st.sampled_from([0.0, 0.2]))
@settings(deadline=None, max_examples=60)
def test_more_reads_after_never_lower_the_probability(pre, post, rho, log_sd):
    alt, depth = post
    if alt == depth:
        return
    before = posterior(*pre, rho)
    less, more = (posterior(k, depth, rho) for k in (alt, alt + 1))
    assert probability_above(before, more, 1.0, log_sd) >= (
        probability_above(before, less, 1.0, log_sd) - 1e-12
    )


@given(counts)
@settings(deadline=None, max_examples=40)
def test_overdispersion_widens(pair):
    narrow, wide = (posterior(*pair, rho) for rho in (0.0, 0.01))
    spread = [p.quantile(0.975) - p.quantile(0.025) for p in (narrow, wide)]
    assert spread[1] >= spread[0] - 1e-9


@given(counts, counts, rhos)
@settings(max_examples=40, deadline=None)
def test_a_probability_stays_between_0_and_1(one, other, rho):
    for pre, post in ((one, other), (other, one)):
        value = probability_above(posterior(*pre, rho), posterior(*post, rho), 3.7, 0.1)
        assert 0 <= value <= 1


@pytest.mark.parametrize("depth", range(300, 1500, 100))
def test_a_sure_change_has_a_probability_of_no_more_than_1(depth):
    lost = probability_above(posterior(depth, depth, 0.0005), posterior(0, depth, 0.0005), 1.0)
    gained = probability_above(posterior(0, depth, 0.0005), posterior(depth, depth, 0.0005), 1.0)
    assert lost >= 0
    assert gained <= 1


@pytest.mark.parametrize("log_sd", [0.0, 0.05, 0.4])
def test_the_distribution_about_a_quantile_is_that_of_the_ratio(log_sd):
    """Wherever the search begins."""
    pre, post = posterior(90, 400, 0.0005), posterior(130, 380, 0.0005)
    for begin in (-3.0, 0.0, 2.5):
        at, below = around(
            pre.curve, post.curve, 0.8, log_sd, begin, np.linspace(-0.2, 0.2, 5), 0.025, 5.0
        )
        assert below[0] <= 0.025 <= below[-1]
        expected = 1 - probability_above(pre, post, np.exp(at) / 0.8, log_sd)
        assert below == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("log_sd", [0.0, 0.2])
def test_probability_above_is_the_integral_over_the_posterior(log_sd):
    """The kernel against numpy."""
    pre, post = posterior(20, 300, 0.001), posterior(31, 280, 0.001)
    nodes = np.exp(log_sd * _NODES)
    below = [post.below(error * 1.3 * pre.centres) for error in nodes]
    expected = 1 - np.mean(below, axis=0) @ pre.weights
    assert probability_above(pre, post, 1.3, log_sd) == pytest.approx(expected, abs=2e-4)
