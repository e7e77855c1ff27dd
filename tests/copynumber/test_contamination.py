"""Contamination and tumour in normal, from counts."""

import numpy as np
import pytest

from resistpanel.call.model.contamination import contamination, tumor_in_normal


def foreign_counts(rng, fraction, sites=20, depth=500, error=2e-4):
    """Counts of the other allele where the patient is homozygous for one."""
    level = rng.choice([0, 0.5, 1], sites, p=[0.25, 0.4, 0.35])
    depths = rng.poisson(depth, sites)
    return rng.binomial(depths, fraction * level + error), depths


@pytest.mark.parametrize("fraction", [0.01, 0.02, 0.1])
def test_another_persons_dna_is_found_and_measured(fraction):
    inside = 0
    for seed in range(20):
        found = contamination(*foreign_counts(np.random.default_rng(seed), fraction))
        assert found.found
        assert 0.5 * fraction < found.value < 2.1 * fraction
        inside += found.low <= fraction <= found.high
    assert inside >= 17


def test_errors_alone_are_no_contamination():
    rng = np.random.default_rng(5)
    found = [contamination(*foreign_counts(rng, 0.0, error=3e-4)).found for _ in range(100)]
    assert not any(found)


def test_one_bad_site_is_no_contamination():
    other, depth = np.zeros(20, int), np.full(20, 500)
    other[3] = 60
    found = contamination(other, depth)
    # Someone who differs from the patient at 1 of 20 such sites alone is unlikely, not impossible.
    assert found.value is not None
    other[3] = 3
    assert contamination(other, depth).found is False


def test_too_few_sites_say_nothing():
    found = contamination(np.array([20, 20]), np.array([500, 500]))
    assert (found.value, found.found, found.sites) == (None, None, 2)


def somatic_counts(rng, leak, n=10, depth=500, f=(0.15, 0.3, 0.4), carried=1.0):
    af = rng.choice(f, n)
    tumor_depth, normal_depth = rng.poisson(depth, n), rng.poisson(depth, n)
    leaks = rng.random(n) < carried
    normal = rng.binomial(normal_depth, leak * af * leaks + 2e-4)
    return normal, normal_depth, rng.binomial(tumor_depth, af), tumor_depth


@pytest.mark.parametrize("seed", range(10))
def test_three_percent_tumour_in_normal_is_found_and_measured(seed):
    found = tumor_in_normal(*somatic_counts(np.random.default_rng(seed), 0.03))
    assert found.found
    assert found.low <= 0.03 <= found.high


def test_variants_that_came_later_do_not_hide_the_leak():
    rng = np.random.default_rng(2)
    found = tumor_in_normal(*somatic_counts(rng, 0.05, n=16, carried=0.6))
    assert found.found
    assert abs(found.value - 0.05) < 0.025


def test_a_clean_normal_has_no_tumour():
    rng = np.random.default_rng(3)
    assert not any(tumor_in_normal(*somatic_counts(rng, 0.0)).found for _ in range(100))


def test_artifacts_and_germline_variants_are_left_out():
    """They stand in the normal as in the tumour."""
    clean = somatic_counts(np.random.default_rng(4), 0.0)
    shared = (np.array([90, 250, 260]), np.full(3, 500), np.array([100, 250, 240]), np.full(3, 500))
    both = [np.concatenate(parts) for parts in zip(clean, shared, strict=True)]
    assert tumor_in_normal(*both) == tumor_in_normal(*clean)


def test_no_variant_says_nothing():
    empty = np.array([], int)
    assert tumor_in_normal(empty, empty, empty, empty).found is None
