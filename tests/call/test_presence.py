"""Presence in one sample, given the others."""

import math

import numpy as np
import pytest
from callevidence import ERROR, USUAL, evidence

from resistpanel.call.call_constants import PRESENT_BF, TIN_PRIOR
from resistpanel.call.errors.error_model import MULTIPLIERS
from resistpanel.call.model.posterior import (
    Likelihoods,
    Priors,
    evaluate,
    log_artifact_prior,
    log_frequency_prior,
    log_likelihoods,
    log_own_absent,
)
from resistpanel.call.model.presence import log_presence

PRIORS = Priors()
BAYES_FACTOR = np.log(PRESENT_BF)


def presence(samples, normal=0, **more):
    """Return the log10 Bayes factors of one candidate."""
    return log_presence(evidence([samples], **more), normal, PRIORS)[0] / np.log(10)


def test_by_a_loop():
    """Without tumour in the normal, as no frequency reaches what that takes."""
    samples = [(4, 900), (9, 900), (2, 400)]
    found = evidence([samples])
    like, own = log_likelihoods(found)[0], log_own_absent(found)[0]
    by_sample, m = Likelihoods.of(found), np.exp(found.log_shared[0])
    lacks, close = by_sample.absent[0], by_sample.close[0]
    f = np.exp(log_frequency_prior())
    at_m = np.einsum("sfm,f->sm", np.exp(like[:, 1:]), f)
    shown = at_m @ m
    recurrent = np.exp(log_artifact_prior()) * PRIORS.artifact / PRIORS.null

    weights = [*(m * (1 - PRIORS.independent)), PRIORS.independent, *recurrent]
    absent = np.exp([[*lacks[s], own[s], *close[s]] for s in range(3)])

    def total(asked, there):
        result = 0.0
        for b, weight in enumerate(weights):
            for s in range(3):
                with_it = at_m[s, b] if b < len(m) else shown[s]
                if s == asked:
                    weight *= with_it if there else absent[s, b]
                elif s == 0:
                    weight *= absent[s, b] * (1 - TIN_PRIOR if b <= len(m) else 1)
                else:
                    weight *= (1 - PRIORS.present) * absent[s, b] + PRIORS.present * with_it
            result += weight
        return result

    got = log_presence(found, 0, PRIORS)[0]
    for s in (1, 2):
        alone = math.log(shown[s] / (np.exp(lacks[s]) @ m))
        given = math.log(total(s, True) / total(s, False))
        assert got[s] == pytest.approx(min(alone, given), rel=1e-6)


def test_what_the_normal_shows_is_no_presence():
    """Ten of 900 in both, with 30 % at relapse: between 3 and 100 to 1. With a clean normal: sure.

    Where nothing shows it at relapse either, it is less likely than not.
    """
    assert presence([(0, 900), (10, 900), (270, 900)], error=1e-4)[1] > 4
    assert 0.5 < presence([(10, 900), (10, 900), (270, 900)], error=1e-4)[1] < 2
    assert presence([(10, 900), (10, 900), (0, 900)], error=1e-4)[1] < 0
    assert (presence([(10, 900), (10, 900), (10, 900)], error=1e-4)[1:] < 0).all()


def test_another_tumour_with_the_allele_is_no_background():
    one = presence([(0, 900), (10, 900), (0, 900)], error=1e-4)[1]
    assert presence([(0, 900), (10, 900), (270, 900)], error=1e-4)[1] == pytest.approx(one, abs=0.3)


def test_what_others_show_never_adds():
    counts = np.stack(
        [np.random.default_rng(5).integers(0, 12, (300, 4)), np.full((300, 4), 900)], axis=2
    )
    found = evidence(counts)
    given, alone = log_presence(found, 0, PRIORS), evaluate(found, 0, PRIORS).log_bayes_factor
    assert (given <= alone + 1e-9).all()
    assert (given[:, 0] == alone[:, 0]).all()
    assert (given[:, 1:] < alone[:, 1:] - 0.5).mean() > 0.2


def test_a_normal_that_contains_tumour_keeps_the_tumours():
    assert (presence([(10, 900), (270, 900), (270, 900)], error=1e-4)[1:] > 10).all()


@pytest.mark.parametrize("samples", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_what_is_called_in_one_tumour_is_present_there(samples):
    """The limit of detection asks for the evidence of the sample alone; this asks for no more."""
    rng = np.random.default_rng(11)
    m = rng.choice(MULTIPLIERS, p=USUAL, size=4000)
    counts = np.stack([rng.poisson(900 * ERROR * m[:, None], (4000, samples)),
                       np.full((4000, samples), 900)], axis=2)  # fmt: skip
    counts[:, 1, 0] += rng.binomial(900, 0.012, 4000)
    found = evidence(counts)
    posterior = evaluate(found, 0, PRIORS)
    called = (posterior.best == "somatic") & (posterior.somatic_phred >= 10)
    called &= posterior.log_bayes_factor[:, 1] >= BAYES_FACTOR
    assert called.mean() > 0.3
    shown = log_presence(found, 0, PRIORS)[:, 1] >= BAYES_FACTOR
    assert shown[called].mean() >= 0.999


def test_no_reads_and_no_candidates():
    assert presence([(0, 0), (0, 0), (0, 0)]) == pytest.approx(np.zeros(3), abs=1e-9)
    nothing = evidence([[(0, 9), (0, 9)]]).part(slice(0, 0))
    assert log_presence(nothing, 0, PRIORS).shape == (0, 2)
