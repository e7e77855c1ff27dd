import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.compare.posterior import posterior
from resistpanel.compare.purity import Locus, Purity, clonal_fraction, from_sheet, multiplicity


def at(purity, copies=None, normal=2, low=None, high=None):
    return Locus(Purity(purity, low, high, "test"), copies, normal)


@pytest.mark.parametrize(
    ("purity", "copies", "normal", "clonal_fraction_", "mutated", "af"),
    [
        # AF = p m c / (p n_t + n_n (1 - p))
        (1.0, None, 2, 1.0, 1, 0.5),
        (0.8, None, 2, 1.0, 1, 0.4),
        (0.8, None, 2, 0.5, 1, 0.2),
        (0.67, 3, 2, 0.5, 1, 0.335 / (0.67 * 3 + 2 * 0.33)),  # Landau 2013, figure 1: 0.125
        (0.5, 4, 2, 1.0, 3, 1.5 / 3),  # 0.5 * 3 / (0.5 * 4 + 2 * 0.5)
        (0.6, 1, 2, 1.0, 1, 0.6 / 1.4),  # one copy lost
        (0.6, 2, 2, 1.0, 2, 1.2 / 2),  # copy-neutral loss of heterozygosity
        (0.7, None, 1, 1.0, 1, 0.7),  # X of a man
    ],
)
def test_clonal_fraction_is_the_formula_inverted(
    purity, copies, normal, clonal_fraction_, mutated, af
):
    locus = at(purity, copies, normal)
    assert multiplicity(af, locus) == mutated
    depth = 100_000
    value, low, high = clonal_fraction(af, posterior(round(af * depth), depth, 0.0), locus)
    assert value == pytest.approx(clonal_fraction_)
    assert low <= value <= high
    assert high - low < 0.03


def test_landau_2013():
    """Landau et al., Cell 2013, figure 1: VAF 0.125, 3 copies, purity 67 % give about 0.5."""
    value, _, _ = clonal_fraction(0.125, posterior(125, 1000, 0.0), at(0.67, 3))
    assert value == pytest.approx(0.5, abs=0.005)


def test_the_interval_holds_the_purity_too():
    counts = posterior(200, 1000, 0.0)
    value, low, high = clonal_fraction(0.2, counts, at(0.8, low=0.7, high=0.9))
    assert value == pytest.approx(0.5)
    # counts alone: 0.5 * (0.176 to 0.226) / 0.2 = 0.441 to 0.564
    _, narrow, wide = clonal_fraction(0.2, counts, at(0.8))
    assert (narrow, wide) == pytest.approx((0.441, 0.564), abs=0.002)
    assert low < narrow and wide < high
    # log sd: counts 0.0632, purity log(0.9/0.7)/3.92 = 0.0641 -> 0.0900, 0.5 * exp(-+1.96 sd)
    assert (low, high) == pytest.approx((0.419, 0.597), abs=0.008)


def test_unknown_purity_gives_nothing():
    assert clonal_fraction(0.2, posterior(200, 1000, 0.0), Locus(Purity())) is None


def test_the_sheet_is_an_estimate():
    assert from_sheet(0.6) == Purity(0.6, 0.5, 0.7, "sample sheet, taken as ±0.1")
    assert (from_sheet(0.05).low, from_sheet(0.97).high) == (0.01, 1.0)


def test_error_of_the_scale():
    locus = at(0.5, low=0.4, high=0.6)  # two copies: scale 2/p
    assert locus.log_sd == pytest.approx(math.log(0.6 / 0.4) / 3.92, rel=1e-3)
    assert at(0.5).log_sd == 0


@given(st.floats(0.05, 1), st.integers(0, 12), st.sampled_from([1, 2]), st.floats(0, 1))
def test_fractions_are_fractions(purity, copies, normal, af):
    depth = 200
    alt = round(af * depth)
    locus = at(purity, float(copies), normal, purity * 0.9, min(1, purity * 1.1))
    value, low, high = clonal_fraction(alt / depth, posterior(alt, depth, 0.001), locus)
    assert 0 <= low <= value <= high <= 1
    assert multiplicity(af, locus) >= 1
