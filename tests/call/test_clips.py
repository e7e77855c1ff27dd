"""What soft clips propose."""

import random

import numpy as np
import pytest
from callkit import Patient, Variant, random_sequence
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call.call_constants import CLIP_REACH, LEAST_OVERLAP
from resistpanel.call.candidates import clips
from resistpanel.core.reference import decode, encode

SEQUENCE = random_sequence(400, 17)
AT = 200


class Text:
    """A reference that needs no file."""

    def codes(self, contig: str, start: int, end: int) -> np.ndarray:
        return encode(SEQUENCE[start:end])


@given(
    size=st.integers(1, 60),
    ahead=st.integers(8, 40),
    back=st.integers(8, 40),
    seed=st.integers(0, 10**6),
)
def test_what_stands_between_two_clips(size, ahead, back, seed):
    """Each clip holds a part of what is inserted, or all of it and runs on."""
    word = random_sequence(size, seed)
    right = (word + SEQUENCE[AT:])[:ahead]
    left = (SEQUENCE[:AT] + word)[-back:]
    found = clips.between(encode(right), encode(left), AT, AT, "c", Text())
    # Bases of the insertion that both show, and those of the reference.
    if ahead + back - size < LEAST_OVERLAP:
        # Too little in common: nothing, or by rare chance something shorter that fits as well.
        assert found is None or len(found) < size
    else:
        assert found is not None
        told = decode(found) + SEQUENCE[AT:]
        assert told[:size] == word


def test_clips_that_have_nothing_in_common():
    rng = random.Random(4)
    found = 0
    for _ in range(300):
        right, left = ("".join(rng.choices("ACGT", k=16)) for _ in "ab")
        found += clips.between(encode(right), encode(left), AT, AT, "c", Text()) is not None
    assert found <= 1


@pytest.mark.parametrize("pieces", [2, 3, 4])
def test_consensus_of_few_goes_on_where_one_alone_does(pieces):
    word = encode("ACGTTGCATGCA")
    shown = [word[: 4 + 2 * n] for n in range(pieces)]
    assert decode(clips.consensus(shown)) == "ACGTTGCATGCA"[: 2 + 2 * pieces]
    # A base that is not known votes for none, and where two differ there is no saying.
    unknown = word.copy()
    unknown[2] = 4
    assert decode(clips.consensus([word, unknown])) == "ACGTTGCATGCA"
    differs = word.copy()
    differs[6] = 0
    assert decode(clips.consensus([word, differs])) == "ACGTTG"


def test_consensus_of_three_with_an_error():
    word = encode("ACGTTGCATGCA")
    wrong = word.copy()
    wrong[0] = 3
    assert decode(clips.consensus([word, wrong, word])) == "ACGTTGCATGCA"


def test_consensus_of_many_needs_two():
    word = encode("ACGTTGCATGCA")
    assert decode(clips.consensus([word[:6]] * 5 + [word])) == "ACGTTG"


@pytest.mark.parametrize(
    ("ref", "alt", "af"),
    [(0, 14, 0.05), (0, 20, 0.15), (11, 0, 0.05), (30, 0, 0.05), (5, 9, 0.05)],
    ids=["14 inserted", "20 inserted", "11 deleted", "30 deleted", "complex"],
)
def test_few_short_reads_on_both_sides(tmp_path, ref, alt, af):
    """Reads of 36 bases that lack room for the event: clipped at it on either side."""
    sequence = random_sequence(2400, 53 + ref)
    word = random_sequence(alt, 5) if alt else ""
    variant = Variant(1100, sequence[1100 : 1100 + ref], word, {"t": af}, clip=True)
    made = Patient(
        sequence, [(1000, 1200)], [variant], {"normal": 400, "t": 400}, length=36, inside=True
    )
    calls = made.write(tmp_path).call()
    (record,) = [r for r in calls.records if not r.filters]
    assert len(record.alt) - len(record.ref) == alt - ref
    assert record.samples[1]["AFCI"][0] < af < record.samples[1]["AFCI"][1]


@pytest.mark.parametrize("inserted", [0, 5, 40])
def test_a_clip_is_not_placed_by_eight_bases_that_stand_nearby_by_chance(inserted):
    window = encode(random_sequence(2 * CLIP_REACH, 23))
    at = CLIP_REACH + 20
    clip = np.concatenate([encode(random_sequence(inserted, 9)), window[at : at + 8]])
    placed = clips._resolve(clip.astype(np.uint8), window)
    if inserted == 40:
        assert placed is None
    else:
        assert placed is not None and placed[0] <= at <= placed[0] + 2
