"""The phase of two alleles by the fragments that cover both."""

import numpy as np
import pytest

from resistpanel.core.phase import phase_of


@pytest.mark.parametrize(
    ("cis", "trans", "phase"),
    [
        (2, 0, "unknown"),
        (3, 0, "cis"),
        (0, 3, "trans"),
        (19, 1, "cis"),
        (980, 20, "cis"),
        (20, 980, "trans"),
        # A quarter of the molecules has the first allele alone: too many for errors.
        (13, 3, "cis and trans"),
        (3, 13, "cis and trans"),
        (850, 150, "cis and trans"),
        (150, 850, "cis and trans"),
        (9, 11, "cis and trans"),
        (2, 2, "cis and trans"),
        # One fragment is no second kind of molecules: an error is about as likely.
        (2, 1, "unknown"),
        (1, 2, "unknown"),
        (6, 1, "unknown"),
        (1, 6, "unknown"),
        (7, 1, "cis"),
    ],
)
def test_few_fragments_of_the_other_kind_are_errors_and_more_are_molecules(cis, trans, phase):
    assert phase_of(cis, trans) == phase


def test_the_two_directions_mirror_each_other():
    other = {"cis": "trans", "trans": "cis"}
    for n in range(3, 60):
        for cis in range(n + 1):
            found = phase_of(cis, n - cis)
            assert phase_of(n - cis, cis) == other.get(found, found)


def test_one_haplotype_is_recognised_at_any_depth_and_a_fifth_of_another_does_not_hide():
    rng = np.random.default_rng(20261130)
    for n in (20, 100, 1000, 10000):
        errors = rng.binomial(n, rng.beta(1, 49, 400))
        assert np.mean([phase_of(n - k, k) == "cis" for k in errors]) >= 0.95
        molecules = rng.binomial(n, 0.2, 400)
        found = np.mean([phase_of(n - k, k) == "cis and trans" for k in molecules])
        assert found >= (0.75 if n == 20 else 0.99)
