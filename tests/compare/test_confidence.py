"""Whether an allele is real, and how small its fraction was before treatment."""

import dataclasses
import math

import numpy as np
import pytest

from resistpanel.compare.content import Content
from resistpanel.compare.evidence import View
from resistpanel.compare.fraction_before import Before, likelihoods, new_fraction, one_copy
from resistpanel.compare.purity import Locus, Purity
from resistpanel.compare.reality import probability_real
from resistpanel.compare.states import DEFAULT
from resistpanel.core.vcf import Genotype


def view(alt, depth, purity=0.8, rho=0.0, detected=None, copies=None):
    """Return a sample of an exactly known purity; None: purity not known."""
    known = Purity(purity, purity, purity, "exact") if purity else Purity()
    genotype = Genotype(
        (depth - alt, alt), depth, alt / depth, 0.0, 1.0, 0.01, 0.01,
        alt > 5 if detected is None else detected,
    )  # fmt: skip
    content = Content(shared=8, af=0.4, af_low=0.3)
    return View(genotype, Locus(known, copies), 1e-4, content=content, rho=rho)


def probabilities_below(lesions, rules, new=0.5):
    """Return the probabilities of a fraction below 1 % and 5 % under a prior of absence."""
    found = likelihoods(lesions, rules)
    return found and found.probabilities(new)


def test_how_often_alleles_are_new_is_learned():
    """Absent for sure, present for sure, and alleles of which nothing is known."""
    sure, there, open_ = (
        Before(a, p, np.array([0.1, 0.2]) * p) for a, p in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    )
    assert new_fraction([]) == 0.5
    assert new_fraction([sure] * 8) == pytest.approx(11 / 14)
    assert new_fraction([there] * 8) == pytest.approx(3 / 14)
    assert new_fraction([open_] * 8) == pytest.approx(0.5)
    assert new_fraction([sure] * 4 + [dataclasses.replace(there, shown=True)] * 9) == 0.7
    unsampled = dataclasses.replace(open_, open=True)
    assert new_fraction([sure] * 4 + [unsampled] * 9) == 0.7
    assert unsampled.probabilities(0.7) == open_.probabilities(0.5)
    mixed = new_fraction([sure] * 6 + [open_] * 6)
    assert mixed == pytest.approx(9 / 12)
    assert open_.probabilities(mixed)[0] > open_.probabilities(0.5)[0]


def info(null, germline=30.0, artifact=20.0, others=0.0):
    """Return INFO with a posterior that agrees with its odds."""
    against = sum(10**-x for x in (null, germline, artifact)) + others
    phred = -10 * math.log10(against / (1 + against))
    return {"SOMATIC_PHRED": phred, "ODDS_NULL": null, "ODDS_GERMLINE": germline,
            "ODDS_ARTIFACT": artifact}  # fmt: skip


def test_the_operating_point_holds_for_alleles_that_the_catalogue_asks_for():
    # Odds of 9 to 1 at a weight of absence of 0.01: 0.09 to 1 without it.
    given = info(math.log10(9))
    assert probability_real(given, True) == pytest.approx(0.9, rel=1e-3)
    assert probability_real(given, False) == pytest.approx(0.09 / 1.09, rel=1e-3)
    assert probability_real(info(60.0), False) == pytest.approx(1.0)


def test_an_artifact_and_contamination_are_not_real_and_an_inherited_allele_is():
    assert probability_real(info(60.0, artifact=0.0), True) == pytest.approx(0.5)
    assert probability_real(info(60.0, others=3.0), True) == pytest.approx(0.25, rel=1e-3)
    assert probability_real(info(60.0, germline=-5.0), True) == pytest.approx(1.0)
    tumour_only = info(60.0) | {"ODDS_ARTIFACT": None}
    assert probability_real(tumour_only, True) == pytest.approx(1.0)


def test_calls_without_odds_give_no_probability():
    assert probability_real({"SOMATIC_PHRED": 90.0}, True) is None


def test_fragments_that_hop_over_are_no_fraction_of_cells():
    """Four of 1,000 fragments: of a small clone, or of the library at relapse."""
    plain = view(4, 1000, detected=False)
    hopped = dataclasses.replace(plain, background=(0.003, 0.004, 0.005))
    of_cells, of_library = (probabilities_below([[one]], DEFAULT) for one in (plain, hopped))
    assert of_cells[0] < 0.7 < 0.95 < of_library[0]
    # None of them shows: nothing hopped, whatever the rate.
    none = view(0, 1000)
    again = dataclasses.replace(none, background=(0.0,))
    assert probabilities_below([[none]], DEFAULT) == probabilities_below([[again]], DEFAULT)


def test_more_fragments_without_the_allele_exclude_smaller_fractions():
    below = [probabilities_below([[view(0, n)]], DEFAULT) for n in (30, 100, 1000, 10_000)]
    assert np.all(np.diff(below, axis=0) > 0)
    assert all(one <= five for one, five in below)
    assert below[-1][0] > 0.999


def test_the_probability_is_that_of_the_stated_prior_and_likelihood():
    """One sample, purity 1, rho 0, one copy: integrated by brute force."""
    one = dataclasses.replace(view(0, 200, 1.0, copies=1.0), error=0.0)
    c = np.exp(np.linspace(np.log(1e-3), 0, 200_001))
    like = (1 - np.minimum(c / one.locus.scale(), 1 - 1e-9)) ** 200
    expected = (0.5 + 0.5 * (like * (c < 0.05)).mean()) / (0.5 + 0.5 * like.mean())
    assert probabilities_below([[one]], DEFAULT)[1] == pytest.approx(expected, abs=2e-3)


def test_overdispersion_impurity_and_a_second_lesion_leave_more_open():
    clean = probabilities_below([[view(0, 500)]], DEFAULT)[0]
    assert probabilities_below([[view(0, 500, rho=0.01)]], DEFAULT)[0] < clean
    assert probabilities_below([[view(0, 500, purity=0.1)]], DEFAULT)[0] < clean
    assert probabilities_below([[view(0, 500)], [view(0, 60)]], DEFAULT)[0] < clean
    # A lesion that could not have shown it has the prior: half new, or log-uniform from 0.1 %.
    assert probabilities_below([[view(0, 500)], []], DEFAULT)[0] < clean
    prior = 0.5 + 0.5 * math.log(50) / math.log(1000)
    assert probabilities_below([[]], DEFAULT)[1] == pytest.approx(prior, abs=0.01)
    # Samples of one lesion exclude it together.
    assert probabilities_below([[view(0, 500), view(0, 500)]], DEFAULT)[0] > clean


def test_what_was_detected_before_was_there():
    assert probabilities_below([[view(90, 900)]], DEFAULT)[1] < 1e-6
    small = probabilities_below([[view(6, 900, detected=True)]], DEFAULT)
    assert small[0] < 0.5 < small[1]
    assert probabilities_below([[view(90, 900)], [view(0, 900)]], DEFAULT)[1] < 1e-6


def test_without_a_purity_the_shared_variants_give_the_scale():
    unknown = view(0, 500, purity=None)
    middle, sd = one_copy(unknown)
    assert middle == pytest.approx(math.sqrt(0.3 * 0.4))
    assert sd > 0.2
    assert probabilities_below([[unknown]], DEFAULT) is not None
    bare = dataclasses.replace(unknown, content=Content())
    assert probabilities_below([[bare]], DEFAULT) is None
    assert probabilities_below([], DEFAULT) is None
