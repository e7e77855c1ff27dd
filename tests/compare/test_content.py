"""The AF of a clonal mutation, by the shared variants of a sample."""

import dataclasses

import numpy as np
import pytest

from resistpanel.compare.content import contents
from resistpanel.compare.purity import Purity
from resistpanel.compare.read_calls import Record


@pytest.fixture(scope="module")
def lowest(view):
    """Return the lower AF of shared variants, given as their counts."""

    def of(alts, depth, rho=0.0):
        records = []
        for i, alt in enumerate(alts):
            one = dataclasses.replace(view(int(alt), depth).evidence, detected=True)
            records.append(Record({"id": str(i), "sites": ()}, {"a": one, "b": one}))
        none = {"a": Purity(), "b": Purity()}
        return contents(records, none, ["a", "b"], {"a": rho, "b": rho})["a"].af_low

    return of


def test_counting_is_no_spread(lowest):
    """Twelve variants at 5 % of 300 fragments: the quartile is 0.85 % below for counting alone."""
    rng = np.random.default_rng(1107)
    found = np.array([lowest(rng.binomial(300, 0.05, 12), 300) for _ in range(400)])
    assert 0.044 < np.median(found) < 0.047
    # and seldom above the truth
    assert (found > 0.05).mean() < 0.2


def test_overdispersion_is_no_spread(lowest):
    """Twelve variants at 15 % of 3,000 fragments, rho 0.01: counting alone would be 0.65 %."""
    rng = np.random.default_rng(1108)
    drawn = [rng.binomial(3000, rng.beta(0.15 * 99, 0.85 * 99, 12)) for _ in range(200)]
    stated = np.array([lowest(alts, 3000, 0.01) for alts in drawn])
    none = np.array([lowest(alts, 3000) for alts in drawn])
    assert np.median(none) < 0.132 < np.median(stated)
    assert (stated > 0.15).mean() < 0.25


def test_variants_at_several_frequencies_keep_the_lower_quartile(lowest):
    deep = [3000, 3000, 3000, 3000, 6000, 6000, 6000, 6000]
    assert lowest(deep, 30_000) == pytest.approx(0.1, abs=0.012)
    assert lowest([300, 300, 900, 900, 900, 900], 3000) == 0.1


def test_of_few_it_is_the_least_that_they_may_be(lowest, view):
    assert lowest([270, 280], 900) == view(270, 900).evidence.low


@pytest.mark.parametrize(
    ("alts", "sites", "shows"),
    [((240,), ("driver",), True), ((240,), (), False), ((240, 200), (), True),
     ((30,), ("driver",), False)],
)  # fmt: skip
def test_a_driver_of_one_sample_shows_that_it_has_tumour(view, alts, sites, shows):
    """240 of 900 fragments are tumour, though no other sample shows it; 30 may have hopped."""
    records = []
    for i, alt in enumerate(alts):
        here, other = view(alt, 900).evidence, view(0, 900).evidence
        seen = {"a": dataclasses.replace(here, detected=True), "b": other}
        records.append(Record({"id": str(i), "sites": sites}, seen))
    found = contents(records, {"a": Purity(), "b": Purity()}, ["a", "b"])
    assert found["a"].detected is shows
    assert not found["b"].detected
