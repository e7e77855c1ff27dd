"""Errors by context and orientation, against damage that was put in."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.sequence import COMPLEMENT, reverse_complement
from resistpanel.qc.spectrum import CONTEXTS, LOWEST_RATE, Spectrum, variant
from resistpanel.records.base import UNSET

CODES = np.arange(64)
REFERENCE = CODES // 4 % 4
READS = 100_000


def sites(damage=None, rate=0.0, even=0.0, reads=READS):
    """Return counts at one site of each context, (64, 2, 4).

    Parameters
    ----------
    damage : str, optional
        A change of one strand, ``G>T``: shown by read 1 of molecules sequenced from it.
    rate : float
        Fraction of the bases changed so.
    even : float
        Fraction of the bases changed to each other base in both orientations.
    """
    counts = np.zeros((64, 2, 4), dtype=np.int64)
    counts += int(reads * even)
    counts[CODES, :, REFERENCE] = reads
    if damage:
        # F1R2 shows the + strand's damage as it is, F2R1 the - strand's as its complement.
        for orientation, change in enumerate(
            (damage, COMPLEMENT[damage[0]] + ">" + COMPLEMENT[damage[2]])
        ):
            ref, alt = "ACGT".index(change[0]), "ACGT".index(change[2])
            counts[ref == REFERENCE, orientation, alt] += int(reads * rate)
    return counts


def made(counts):
    return Spectrum.empty().with_counts(CODES, counts)


@pytest.mark.parametrize("change", [f"{a}>{b}" for a, b in itertools.permutations("ACGT", 2)])
def test_damage_of_one_strand_is_named_by_its_change(change):
    found = made(sites(change, rate=0.002, even=0.0005))
    rates = {row.change: row.rate for row in found.record().artifacts}
    # Half of the bases that could show it lie in the opposite orientation.
    assert rates.pop(change) == pytest.approx(0.001, rel=0.01)
    assert set(rates.values()) == {LOWEST_RATE}


def test_oxog_and_deamination_have_their_q():
    value = made(sites("G>T", rate=0.002)).record()
    assert value.oxog_q == pytest.approx(30, abs=0.05)
    assert value.deamination_q == 100
    value = made(sites("C>T", rate=0.0002)).record()
    assert (value.oxog_q, value.deamination_q) == (100, pytest.approx(40, abs=0.05))


def test_amplicons_have_no_orientation_to_compare():
    """A null with its reason, not a value that passes; counts and contexts stay."""
    for change in ("C>T", "G>T"):
        spectrum = made(sites(change, rate=0.002))
        found, known = spectrum.record(amplicons=True), spectrum.record()
        assert found.oxog_q is found.deamination_q is None
        assert {(a.rate, a.q, a.worst_context, a.worst_context_q) for a in found.artifacts} == {
            (None, None, None, None)
        }
        assert "primers" in found.not_applicable
        assert known.not_applicable is UNSET
        assert found.substitution_rate == known.substitution_rate
        assert found.contexts == known.contexts


def test_errors_of_both_orientations_cancel_but_are_counted():
    value = made(sites(even=0.001)).record()
    assert {row.q for row in value.artifacts} == {100}
    assert value.substitution_rate == pytest.approx(0.003, rel=0.01)


def test_worst_context():
    counts = sites("C>T", rate=0.0002)
    at = CONTEXTS.index("ACG")
    counts[at, 0, 3] += 300
    row = next(r for r in made(counts).record().artifacts if r.name == "deamination")
    assert row.worst_context == "ACG"
    # 320 of 100,000 in one orientation, 20 of 100,000 in the one of the reverse complement.
    assert row.worst_context_q == pytest.approx(-10 * np.log10(340 / 400_340), abs=0.01)


def test_variants_are_left_out():
    counts = sites(reads=1_000)
    counts[5, :, 0] += 40  # 80 of 2,080: below 5 %
    counts[6, :, 0] += 100
    found = made(counts)
    assert (found.positions, found.variants) == (63, 1)
    assert found.counts[6].sum() == 0
    assert found.counts[5].sum() == 2_080


def test_one_stray_read_makes_no_variant():
    counts = np.zeros((2, 2, 4), dtype=np.uint32)
    counts[:, 0, 0] = 6
    counts[0, 1, 2] = 1
    counts[1, :, 2] = 1
    np.testing.assert_array_equal(variant(counts, np.array([0, 0])), [False, True])


def test_unknown_contexts_count_in_nothing():
    found = Spectrum.empty().with_counts(np.array([64]), np.ones((1, 2, 4), dtype=np.uint32))
    value = found.record()
    assert (value.bases, value.oxog_q, value.substitution_rate) == (0, None, None)
    assert {row.worst_context for row in value.artifacts} == {None}


@given(st.lists(st.integers(0, 50), min_size=64 * 8, max_size=64 * 8))
@pytest.mark.slow
def test_reading_the_other_strand_changes_nothing(values):
    """The reverse complement of genome and reads has the same artifacts."""
    counts = np.array(values).reshape(64, 2, 4)
    turned = np.zeros_like(counts)
    for code, name in enumerate(CONTEXTS):
        turned[CONTEXTS.index(reverse_complement(name))] = counts[code, ::-1, ::-1]
    one, other = Spectrum(counts, 64, 0), Spectrum(turned, 64, 0)
    assert one.record().artifacts == other.record().artifacts
