"""Variants of one subclone are one observation of where a subclone can be."""

import numpy as np
import pytest

from resistpanel.copynumber import variant_mixture
from resistpanel.copynumber.copy_states import STATES, log_counts, log_prior
from resistpanel.copynumber.copynumber_constants import (
    BASELINES,
    CLONAL,
    CLONAL_WEIGHT,
    CONCENTRATION,
    MOST_VARIANTS,
    RHO,
    SINGLE,
    STRAY_VARIANTS,
    SUBCLONAL,
)
from resistpanel.copynumber.purity import Somatic, alternatives, estimate
from resistpanel.copynumber.segments import NO_SITES, Segment
from resistpanel.copynumber.variant_mixture import (
    CCFS,
    VariantCurves,
    VariantParts,
    log_marginal,
    variant_parts,
)
from resistpanel.core.special import betaln, gammaln

PURITY = np.array([0.3, 0.6, 0.9])


@pytest.fixture
def independent(monkeypatch):
    """The distribution of CCFs is known: variants say nothing of each other."""
    monkeypatch.setattr(variant_mixture, "CONCENTRATION", 1e12)
    monkeypatch.setattr(variant_mixture, "CLONAL_WEIGHT", 1e12)
    monkeypatch.setattr(variant_mixture, "SINGLE_SHARE", (SINGLE, 1e12))


def parts_of(alt, depth, purity=PURITY, baseline=2):
    curves = VariantCurves.of(np.array(alt), np.array(depth), RHO)
    weight = np.exp(log_prior(baseline)) * np.ones((len(purity), 1))
    return variant_parts(curves, STATES, purity, weight)


def test_variants_of_one_segment_have_one_state(independent):
    """The chain of predictions is the sum over states of the product of all variants."""
    alt, depth = np.array([210, 330, 90]), np.array([700, 650, 600])
    total, major = STATES.total, STATES.total - STATES.minor
    content = PURITY[:, None] * total + 2 * (1 - PURITY[:, None])
    one = np.where(major > 0, PURITY[:, None] / content, 0.0)
    most = PURITY[:, None] * major / content
    product = np.exp(log_prior()) * np.ones((len(PURITY), 1))
    for a, n in zip(alt, depth, strict=True):
        constant = gammaln(n + 1) - gammaln(a + 1) - gammaln(n - a + 1)

        def like(frequency, a=a, n=n, constant=constant):
            return np.exp(constant + log_counts(frequency, a, n))

        share = np.where(major > 1, SINGLE, 1.0)
        clonal = share * like(one) + (1 - share) * like(most)
        fine = (np.arange(400) + 0.5) / 400
        below = share * like(one[..., None] * fine).mean(axis=-1)
        below = below + (1 - share) * like(most[..., None] * fine).mean(axis=-1)
        stray = np.exp(constant + betaln(a + 1, n - a + 1))
        found = np.where(total > 0, CLONAL * clonal + SUBCLONAL * below, 0.0)
        product = product * (found + STRAY_VARIANTS * stray)
    assert log_marginal(parts_of(alt, depth)) == pytest.approx(
        np.log(product.sum(axis=1)), abs=0.05
    )


def test_two_variants_have_the_likelihood_of_the_dirichlet_process():
    rng = np.random.default_rng(3)
    first, second = rng.random((2, len(CCFS)))
    nothing = np.zeros((2, 1))
    parts = VariantParts(nothing, nothing, np.array([first, second])[:, None], np.zeros(2))
    subclonal = SUBCLONAL / (CLONAL + SUBCLONAL)
    again = (subclonal * CLONAL_WEIGHT + 1) / (CLONAL_WEIGHT + 1)
    shared = (first * second).mean()
    apart = first.mean() * second.mean()
    both = (CONCENTRATION * apart + shared) / (CONCENTRATION + 1)
    expected = np.log((1 - STRAY_VARIANTS) ** 2 * subclonal * again * both)
    assert log_marginal(parts)[0] == pytest.approx(expected, abs=1e-9)


def drawn(groups, depth=500, seed=1):
    """Variants of diploid balanced segments: groups of (allele frequency, number)."""
    f = np.repeat([one for one, _ in groups], [number for _, number in groups])
    rng = np.random.default_rng(seed)
    depths = np.full(len(f), depth)
    segments = [Segment(np.array([i]), 0.0, 0.05) for i in range(len(f))]
    return segments, Somatic(np.arange(len(f)), rng.binomial(depths, f), depths)


def doubled(groups, **options):
    """Return the log odds that the genome is doubled."""
    segments, somatic = drawn(groups, **options)
    joint = estimate(segments, NO_SITES, somatic).posterior
    return float(np.log(joint[3].sum() / joint[0].sum()))


def test_ten_variants_at_one_frequency_are_one_accident():
    """A subclone in half of the cells, of few variants and of many."""
    few, many = (doubled([(0.3, 10), (0.15, number)]) for number in (5, 20))
    assert abs(many - few) < 4
    # Subclonal variants of frequencies of their own are no sign of it.
    spread = [(f, 1) for f in np.linspace(0.05, 0.25, 10)]
    assert doubled([(0.3, 10), *spread]) < np.log(BASELINES[4] / BASELINES[2])


@pytest.mark.parametrize("seed", range(3))
def test_a_tumour_with_subclones_is_not_taken_for_a_doubled_one(seed):
    groups = [(0.3, 6), (0.15, 8), (0.24, 6), (0.08, 4)]
    segments, somatic = drawn(groups, seed=seed)
    found = estimate(segments, NO_SITES, somatic)
    assert found.low <= 0.6 <= found.high
    assert any(one.baseline == 2 and one.low <= 0.6 <= one.high for one in found.alternatives)


def test_what_cannot_be_distinguished_is_listed():
    """Half of the variants on two of four copies, or a subclone in half of the cells."""
    p = 0.5
    segments, somatic = drawn([(2 * p / (2 + 2 * p), 5), (p / (2 + 2 * p), 5)])
    joint = estimate(segments, NO_SITES, somatic).posterior
    listed = {one.baseline: one for one in alternatives(joint)}
    assert listed[4].low <= p <= listed[4].high
    assert listed[2].low <= 2 * p / (1 + p) <= listed[2].high


def test_many_variants_are_thinned_evenly():
    number = 3 * MOST_VARIANTS
    somatic = Somatic(np.arange(number), np.arange(number), np.full(number, 10**6))
    kept = somatic.thinned()
    assert len(kept.alt) == MOST_VARIANTS
    assert set(np.diff(kept.gene)) <= {2, 3, 4}
    assert kept.alt[0] == 0
    assert kept.alt[-1] == number - 1
    few = somatic.take(np.arange(5))
    assert few.thinned() is few


def test_a_variant_that_no_state_explains_leaves_the_purity_possible():
    parts = parts_of([590], [600])
    assert np.isfinite(log_marginal(parts)).all()
    assert parts.subclonal.shape == (1, len(PURITY), len(CCFS))
