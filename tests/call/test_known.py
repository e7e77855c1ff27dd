"""How many fragments show a known allele."""

import numpy as np
import pytest
from callevidence import ERROR, USUAL, evidence
from scipy.stats import poisson

from resistpanel.call.errors.error_model import MULTIPLIERS
from resistpanel.call.model.known import known_errors
from resistpanel.call.model.posterior import Priors
from resistpanel.call.model.presence import backgrounds

PRIORS = Priors()
ONE = np.where(MULTIPLIERS == 1, 1.0, 1e-300)


def known(samples, normal=0, alpha=0.001, **more):
    """Return the distributions of one candidate."""
    found = evidence([samples], **more)
    return known_errors(found, backgrounds(found, normal, PRIORS), alpha)


def test_without_overdispersion_errors_are_poisson():
    """With a clean deep normal and one multiplier, of all sites."""
    got = known([(0, 50000), (300, 900), (0, 4000)], shared=ONE, error=1e-4)
    assert got.mean[0, 2] == pytest.approx(0.4, rel=1e-6)
    assert got.sd[0, 2] == pytest.approx(np.sqrt(0.4), rel=1e-6)
    # poisson.sf(3, 0.4) is 0.0008; an artefact adds next to nothing.
    assert poisson.sf(3, 0.4) < 0.001 < poisson.sf(2, 0.4)
    assert got.critical[0, 2] == 4
    assert (
        known([(0, 50000), (300, 900), (0, 4000)], shared=ONE, error=1e-4, alpha=0.01).critical[
            0, 2
        ]
        == 3
    )


def test_overdispersion_and_recurrent_errors_raise_what_is_needed():
    plain = known([(0, 900), (300, 900), (0, 4000)], error=1e-4)
    spread = known([(0, 900), (300, 900), (0, 4000)], error=1e-4, own=USUAL[::-1] / USUAL.sum())
    seen = known([(9, 900), (300, 900), (0, 4000)], error=1e-4)
    assert 4 <= plain.critical[0, 2] < spread.critical[0, 2]
    assert plain.critical[0, 2] < seen.critical[0, 2] or np.isnan(seen.critical[0, 2])
    assert not seen.critical[0, 2] <= 20
    assert spread.sd[0, 2] > plain.sd[0, 2] > np.sqrt(plain.mean[0, 2])


def test_the_tail_is_that_of_draws():
    """Of counts drawn under the prior as many exceed the threshold as it says."""
    rng = np.random.default_rng(5)
    got = known([(0, 10), (300, 900), (0, 10000)], error=ERROR)
    m = rng.choice(MULTIPLIERS, 400_000, p=USUAL)
    own = rng.choice(MULTIPLIERS, (2, 400_000), p=USUAL)
    shared = rng.random(400_000) < 0.5
    expected = 10000 * ERROR
    mean = np.where(shared, m, own.mean(0)) * expected
    counts = rng.poisson(mean)
    critical = got.critical[0, 2]
    # The artefact, and a normal that says little, add to what is needed.
    assert np.mean(counts >= critical) <= 0.001
    assert np.mean(counts >= critical * 0.7) > 0.001
    assert got.mean[0, 2] == pytest.approx(counts.mean(), rel=0.1)
