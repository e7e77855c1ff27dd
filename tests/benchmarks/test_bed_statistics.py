"""Intervals, the rule of coverage and the paired comparison against published values."""

import numpy as np
import pytest
from benchmarks.bed import depths, report, statistics


@pytest.mark.parametrize(
    ("covered", "draws", "kind", "verdict"),
    [
        (1900, 2000, "interval", "holds"),
        (1840, 2000, "interval", "holds"),  # 92 %, but its 99 % interval reaches 93 %
        (1800, 2000, "interval", "fails"),  # 90 %
        (1990, 2000, "interval", "fails"),  # 99.5 %: too wide
        (1990, 2000, "bound", "holds"),  # a bound may be conservative
        (1990, 2000, "tight", "fails"),  # but not just above UB(k)
        (1800, 2000, "bound", "fails"),
        (190, 200, "interval", "too few draws"),
        (100, 200, "interval", "fails"),
    ],
)
def test_the_rule_of_coverage(covered, draws, kind, verdict):
    assert statistics.coverage(covered, draws, kind).verdict == verdict


def test_two_cells_in_a_hundred_may_fail():
    good, bad = statistics.coverage(1900, 2000), statistics.coverage(1000, 2000)
    assert statistics.table_holds([good] * 98 + [bad] * 2)
    assert not statistics.table_holds([good] * 97 + [bad] * 3)


def test_wilson_and_clopper_pearson_agree_with_the_literature():
    # Newcombe, Stat Med 1998;17:857, table I: 81 of 263 and 0 of 20.
    assert statistics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert statistics.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert statistics.clopper_pearson(81, 263, 0.95) == pytest.approx((0.2527, 0.3676), abs=1e-4)
    assert statistics.clopper_pearson(0, 20, 0.95) == pytest.approx((0.0, 0.1684), abs=1e-4)


def test_the_upper_poisson_bound_of_no_event_is_three():
    assert statistics.poisson_upper(0) == pytest.approx(2.996, abs=1e-3)


def test_paired_comparison_agrees_with_the_literature():
    # Newcombe, Stat Med 1998;17:2635, table II, method 10.
    first = np.array([1] * 36 + [1] * 12 + [0] * 2)
    second = np.array([1] * 36 + [0] * 12 + [1] * 2)
    found = statistics.paired(first, second)
    assert (found.both, found.first, found.second, found.neither) == (36, 12, 2, 0)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=1e-3)
    assert found.p == pytest.approx(0.0129, abs=1e-4)


def test_callers_that_never_differ_have_no_difference():
    same = [True, True, False, True]
    found = statistics.paired(same, same)
    assert found.difference == 0 and found.p == 1 and found.low <= 0 <= found.high


def test_paired_refuses_unequal_variants():
    with pytest.raises(ValueError, match="same variants"):
        statistics.paired([True], [True, False])


@pytest.mark.parametrize("rho", [0.0, 3e-3, 1e-2])
def test_beta_binomial_draws_have_their_rho(rho):
    rng = np.random.default_rng(8)
    n = 2000
    k = depths.beta_binomial(n, 0.1, rho, 4000, rng)
    assert k.mean() / n == pytest.approx(0.1, abs=2e-3)
    assert statistics.beta_binomial_rho(k, np.full(4000, n)) == pytest.approx(rho, abs=5e-4)


def test_a_share_without_draws_is_empty():
    assert report.share(0, 0) == ""
    assert report.share(1, 2).startswith("1/2 = 50.0%")


def test_rates_and_proportions_are_compared_exactly():
    # Fisher's tea tasting: 3 of 4 against 1 of 4.
    assert statistics.fisher(3, 4, 1, 4) == pytest.approx(0.4857, abs=1e-4)
    assert statistics.poisson_ratio(0, 1.0, 5, 1.0) == pytest.approx(0.0625)
    assert statistics.poisson_ratio(0, 1.0, 0, 1.0) == 1.0
