import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.compare.posterior import posterior
from resistpanel.compare.purity import (
    Alternative,
    Locus,
    Purity,
    clonal_fraction,
    from_sheet,
    multiplicity,
)


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
    assert high == pytest.approx(min(clonal_fraction_ * mutated, 1), rel=0.03)
    assert low == pytest.approx(clonal_fraction_ * mutated / locus.most_mutated(), rel=0.03)


def test_a_subclone_on_several_copies_is_in_the_interval():
    """40 % of the cells of a tumour of purity 0.6 have it on m of four copies, one of the other."""
    locus = Locus(Purity(0.6), 4.0, both_haplotypes=True)
    assert locus.most_mutated() == 3
    for mutated in (1, 2, 3):
        af = 0.6 * mutated * 0.4 / (0.6 * 4 + 2 * 0.4)
        _, low, high = clonal_fraction(af, posterior(round(900 * af), 900, 0.0005), locus)
        assert low < 0.4 < high


def test_with_both_haplotypes_and_two_copies_one_is_mutated():
    counts = posterior(200, 1000, 0.0)
    one = Locus(Purity(0.8), 2.0, both_haplotypes=True)
    assert one.most_mutated() == 1
    assert clonal_fraction(0.2, counts, one)[1:] == pytest.approx((0.441, 0.564), abs=0.002)
    # two of two, after loss of one haplotype and gain of the other
    assert clonal_fraction(0.2, counts, at(0.8))[1:] == pytest.approx((0.220, 0.564), abs=0.002)


def test_copies_by_depth_follow_the_purity():
    """Log2 0.585 (1.5 times) is three copies at purity 1, four at 0.5; the amount is the same."""
    locus = Locus(Purity(0.5), 4.0, baseline=2.0)
    assert locus.copies_at(0.5) == pytest.approx(4)
    assert locus.copies_at(1.0) == pytest.approx(3)
    assert locus.copies_at(0.25) == pytest.approx(6)
    # u = AF * (amount of DNA) / purity
    assert [locus.scale(p) for p in (0.25, 0.5, 1.0)] == pytest.approx([12, 6, 3])
    assert locus.most_mutated(1.0) == 3
    assert Locus(Purity(0.5), 4.0).copies_at(1.0) == 4


def test_an_interval_of_purity_may_be_lopsided():
    """0.15 (0.05 to 0.25) leaves more room above than below."""
    locus = Locus(Purity(0.15, 0.05, 0.25), 2.0, both_haplotypes=True)
    value, low, high = clonal_fraction(0.02, posterior(2000, 100_000, 0.0), locus)
    assert value == pytest.approx(0.02 * 2 / 0.15)
    assert low == pytest.approx(0.02 * 2 / 0.25, rel=0.05)
    assert high == pytest.approx(0.02 * 2 / 0.05, rel=0.12)


def test_landau_2013():
    """Landau et al., Cell 2013, figure 1: VAF 0.125, 3 copies, purity 67 % give about 0.5."""
    value, _, _ = clonal_fraction(0.125, posterior(125, 1000, 0.0), at(0.67, 3))
    assert value == pytest.approx(0.5, abs=0.005)


def test_the_interval_holds_the_purity_too():
    counts = posterior(200, 1000, 0.0)
    known = Purity(0.8, 0.7, 0.9)
    value, low, high = clonal_fraction(0.2, counts, Locus(known, 2.0, both_haplotypes=True))
    assert value == pytest.approx(0.5)
    # log sd: counts 0.0632; purity log(0.8/0.7)/1.96 = 0.0681 up and log(0.9/0.8)/1.96 = 0.0601
    assert (low, high) == pytest.approx((0.422, 0.601), abs=0.008)


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


TWO = (Alternative(0.8, 0.77, 0.83, 2, 0.7), Alternative(0.4, 0.38, 0.42, 2, 0.3))


def test_the_interval_is_over_every_purity_that_explains_the_sample():
    counts = posterior(300, 2000, 0.0)
    one = Locus(Purity(0.8, 0.77, 0.83), both_haplotypes=True, amount=1.0)
    both = Locus(Purity(0.8, 0.77, 0.83, alternatives=TWO), both_haplotypes=True, amount=1.0)
    assert clonal_fraction(0.15, counts, one)[2] < 0.43
    value, low, high = clonal_fraction(0.15, counts, both)
    assert value == pytest.approx(0.375)
    assert low < 0.36
    assert 0.75 < high < 0.85
    assert both.log_sd > 0.3 > one.log_sd
    assert both.highest_scale == pytest.approx(2 / 0.38)


def test_a_fraction_is_given_where_the_purity_is_not_unique():
    counts = posterior(300, 2000, 0.0)
    value, _, high = clonal_fraction(
        0.15, counts, Locus(Purity(None, source="not unique", alternatives=TWO), amount=1.0)
    )
    assert value == pytest.approx(0.375)
    assert high > 0.7


def test_another_baseline_has_other_copies_of_the_same_amount():
    """A gene at the genome's copies has four in a doubled genome; one of 3 / 2 of it has six."""
    doubled = Alternative(0.5, 0.48, 0.52, 4, 0.4)
    assert Locus(Purity(), amount=1.0).copies_in(doubled, 0.5) == 4
    assert Locus(Purity(), amount=4 / 3).copies_in(doubled, 0.5) == pytest.approx(6)
