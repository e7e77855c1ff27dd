"""From how many places a read tells, where that can be counted by hand."""

import numpy as np
import pytest
from callkit import other, put, random_sequence
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call.events.realign import MARGIN
from resistpanel.call.io.evidence import Templates
from resistpanel.call.model import sampling_bias
from resistpanel.core.reference import encode

AT = 300


def counted(ref: str, alt: str, length: int) -> list[int]:
    """Return from how many places reads tell of the reference and of a haplotype."""
    haps = [encode(ref), encode(alt)]
    tells = sampling_bias.informative(haps, [0, len(alt) - len(ref)], length, MARGIN).own
    return [int(t.sum()) for t in tells]


def sequences(size: int, seed: int) -> tuple[str, str]:
    """Return a reference and a word that differs from it at either end of the place `AT`."""
    ref, word = random_sequence(600, seed), random_sequence(size, seed + 1)
    word = put(word, 0, other(ref[AT]))
    return ref, put(word, size - 1, ({*"ACGT"} - {ref[AT - 1], ref[AT]}).pop())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1, 2, 12, 40])
def test_insertion(size, seed):
    """One base of either side shows the reference, one inserted base the insertion."""
    ref, word = sequences(size, seed)
    alt = ref[:AT] + word + ref[AT:]
    assert counted(ref, alt, 100) == [99, 99 + size]


def test_insertion_that_no_aligner_brings_along():
    """Of reads of 36 bases, 20 must be of one side: 16 places on the left, 16 on the right."""
    ref, word = sequences(40, 5)
    assert counted(ref, ref[:AT] + word + ref[AT:], 36) == [35, 32]
    # With five inserted bases and a gap of cost 11, 31 - 11 = 20: from anywhere.
    ref, word = sequences(5, 5)
    assert counted(ref, ref[:AT] + word + ref[AT:], 36) == [35, 40]


@pytest.mark.parametrize("size", [1, 12, 40, 150])
def test_deletion(size):
    """The reference tells itself at either end of it, and by what is deleted."""
    ref = random_sequence(900, size)
    ref = put(ref, AT + size, other(ref[AT]))
    ref = put(ref, AT + size - 1, other(ref[AT - 1])) if size > 1 else put(ref, AT - 1, "A")
    if size == 1:
        ref = put(put(ref, AT, "C"), AT + 1, "G")
    assert counted(ref, ref[:AT] + ref[AT + size :], 100) == [99 + size, 99]


@pytest.mark.parametrize("size", [12, 40, 98, 150])
def test_duplication(size):
    """Only the new junction shows it; the reference only where a read holds all of the copy."""
    ref = random_sequence(900, size + 3)
    ref = put(ref, AT - 1, "A")
    ref = put(ref, AT + size - 1, "C")
    ref = put(put(ref, AT, "G"), AT + size, "T")
    alt = ref[: AT + size] + ref[AT : AT + size] + ref[AT + size :]
    told, doubled = counted(ref, alt, 100)
    assert doubled == 99
    assert told == max(0, 99 - size)


@given(
    st.lists(st.booleans(), max_size=60),
    st.integers(1, 20),
    st.lists(st.integers(0, 80), min_size=1, max_size=6),
)
def test_places_of_fragments(tells, length, more):
    """A fragment tells if either read does, counted once."""
    apart, number = np.unique(more, return_counts=True)
    templates = Templates(length, apart, number / number.sum())
    first = {i for i, t in enumerate(tells) if t}
    expected = [len(first | {i - m for i in first}) for m in more]
    got = sampling_bias.informative_starts(np.array(tells, dtype=bool), templates)
    assert got == pytest.approx(sum(expected) / len(more))
