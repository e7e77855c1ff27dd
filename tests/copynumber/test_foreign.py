"""Another person's DNA in a tumour without a normal."""

import numpy as np
import pytest

from resistpanel.copynumber.foreign import foreign_alone

SEGMENTS, SITES, DEPTH = 20, 8, 400


def drawn(seed, fraction, purity=0.0, lost=0):
    """Return counts of common alleles; in the first segments the tumour lost a haplotype."""
    rng = np.random.default_rng(seed)
    number = SEGMENTS * SITES
    place, q = np.repeat(np.arange(SEGMENTS), SITES), rng.uniform(0.05, 0.8, number)
    haplotypes = rng.random((2, number)) < q
    other = (rng.random((2, number)) < q).mean(axis=0)
    weight = np.where(place < lost, 1 - purity, 1.0)
    own = (haplotypes[0] + weight * haplotypes[1]) / (1 + weight)
    af = (1 - fraction) * own + fraction * other
    depth = rng.poisson(DEPTH, number)
    alt = rng.binomial(depth, af)
    seen = alt >= 0.1 * depth
    return alt[seen], depth[seen], q[seen], place[seen]


@pytest.mark.parametrize("fraction", [0.3, 0.4, 0.5])
@pytest.mark.parametrize("lost", [0, 6])
def test_a_third_to_a_half_is_found(fraction, lost):
    found = foreign_alone(*drawn(1, fraction, 0.6, lost), 0.002)
    assert found is not None
    assert found.found
    # At a half the two persons cannot be told apart, and loss moves the frequencies.
    assert found.value == pytest.approx(fraction, abs=0.05)


@pytest.mark.parametrize("purity", [0.3, 0.6, 0.9])
def test_loss_of_copies_is_no_contamination(purity):
    for seed in range(5):
        assert foreign_alone(*drawn(seed, 0.0, purity, 12), 0.002) is None


def test_few_common_alleles_say_nothing():
    alt, depth, q, place = drawn(1, 0.4)
    assert foreign_alone(alt[:15], depth[:15], q[:15], place[:15], 0.002) is None
    assert foreign_alone(alt, depth, np.full(len(q), np.nan), place, 0.002) is None
