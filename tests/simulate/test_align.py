"""Alignments of reads across indels: right in the middle, as an aligner's at the ends."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistpanel.testing.cigars import CLIP, MATCH_SCORE, MISMATCH, NO_BASE, align, best_local
from resistpanel.testing.genome import Region, decode, encode
from resistpanel.testing.reads import Haplotype
from resistpanel.testing.variants import Variant

OPERATIONS = "MIDNS"


def cigars(made):
    return [
        "".join(f"{op >> 4}{OPERATIONS[op & 15]}" for op in row if op)
        for row in made.cigar.tolist()
    ]


def reads_of(bases, indels, length, anchor=5):
    """Return the haplotype, every read of it, and their alignment."""
    region = Region("chr1", 0, encode(bases), [])
    haplotype = Haplotype.build(region, indels)
    start = np.arange(len(haplotype.codes) - length + 1)
    codes = haplotype.codes[start[:, None] + np.arange(length)]
    made = align(codes, start, haplotype.junctions, haplotype.ref_of_hap, region.codes, anchor)
    return haplotype, codes, made


def random_bases(length, seed):
    return decode(np.random.default_rng(seed).integers(0, 4, length).astype(np.uint8))


def variant(start, ref, alt):
    return Variant("chr1", start, ref, alt, False, "?")


@settings(max_examples=200)
@given(st.lists(st.booleans(), min_size=1, max_size=14))
def test_best_local_is_the_best_of_all_stretches(matches):
    steps = [MATCH_SCORE if match else -MISMATCH for match in matches]
    length = len(steps)
    best = max(
        sum(steps[first:last]) - CLIP * (first > 0) - CLIP * (last < length)
        for first, last in itertools.combinations(range(length + 1), 2)
    )
    score, first, last = (int(x[0]) for x in best_local(np.array([matches])))
    assert score == best
    assert sum(steps[first:last]) - CLIP * (first > 0) - CLIP * (last < length) == best


def test_deletion_in_the_middle_and_near_the_ends():
    bases = random_bases(200, 1)
    bases = bases[:100] + "ACGTACTGAC" + bases[110:]
    _, _, made = reads_of(bases, [variant(100, "ACG", "")], 40)
    found = cigars(made)
    assert found[80] == "20M3D20M"
    assert (made.pos[80], made.end[80]) == (80, 123)
    assert made.gaps[80] == 3
    assert found[60] == "40M"  # ends just before
    assert found[100] == "40M"  # begins just after
    assert made.pos[100] == 103
    for start in (*range(61, 65), *range(96, 100)):  # fewer than 5 bases beyond the deletion
        assert "D" not in found[start]
        assert "S" in found[start] or (made.ref_codes[start] != NO_BASE).all()


def test_insertion_and_long_insertion():
    bases = random_bases(300, 2)
    inserted = "GATTACA"
    _, codes, made = reads_of(bases, [variant(150, "", inserted)], 60)
    found = cigars(made)
    assert found[120] == "30M7I23M"
    assert (made.pos[120], made.end[120]) == (120, 173)
    assert decode(codes[120][30:37]) == inserted
    assert (made.ref_codes[120][30:37] == NO_BASE).all()
    # A read that begins inside the insertion is clipped there.
    assert found[153] == "4S56M"
    assert made.pos[153] == 150
    # Inside an insertion longer than the read there is nothing to align to.
    _, _, long = reads_of(bases, [variant(150, "", random_bases(100, 3))], 60)
    assert not long.mapped[170]
    assert long.mapped[80]


def test_tandem_duplication_shows_as_insertion_or_as_clips():
    bases = random_bases(400, 4)
    short = bases[200:209]
    _, _, made = reads_of(bases, [variant(200, "", short)], 100)
    assert cigars(made)[155] == "45M9I46M"
    copied = bases[200:260]
    _, _, made = reads_of(bases, [variant(200, "", copied)], 100)
    found = cigars(made)
    # Too long for a gap in a read of 100: the copy aligns to the original, the rest is clipped.
    assert not any("I" in cigar for cigar in found)
    row = 190  # 70 bases up to the end of the duplicated stretch, 30 of its second copy
    assert found[row] == "70M30S"
    assert made.pos[row] == 190
    row = 240  # 20 and 80: laid on the second copy
    assert found[row] == "20S80M"
    assert made.pos[row] == 200
    assert made.mapped.all()


def test_two_indels_in_one_read():
    bases = random_bases(300, 5)
    indels = [variant(100, bases[100:104], ""), variant(140, "", "ACGTT")]
    _, _, made = reads_of(bases, indels, 100)
    found = cigars(made)
    assert found[70] == "30M4D36M5I29M"
    assert made.gaps[70] == 9
    assert made.end[70] - made.pos[70] == 30 + 4 + 36 + 29


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(20, 80),
    st.lists(
        st.tuples(st.integers(60, 240), st.integers(0, 12), st.text("ACGT", max_size=12)),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 9),
)
def test_alignments_are_consistent(seed, length, drawn, anchor):
    """Every CIGAR spans its read; matched bases lie where the CIGAR says; anchors are kept."""
    bases = random_bases(300, seed)
    indels, last = [], 0
    for start, size, alt in sorted(drawn):
        if start <= last + 1 or size == len(alt):
            continue
        indels.append(variant(start, bases[start : start + size], alt))
        last = start + size
    if not indels:
        return
    _, codes, made = reads_of(bases, indels, length, anchor)
    reference = encode(bases)
    for row, cigar in enumerate(made.cigar.tolist()):
        operations = [(op & 15, op >> 4) for op in cigar if op]
        assert all(size > 0 for _, size in operations)
        assert sum(size for op, size in operations if op in (0, 1, 4)) == length
        assert sum(size for op, size in operations if op in (0, 2)) == made.end[row] - made.pos[row]
        gaps = sum(size for op, size in operations if op in (1, 2))
        assert gaps == made.gaps[row]
        if gaps:
            assert operations[0][0] == operations[-1][0] == 0
            assert min(operations[0][1], operations[-1][1]) >= anchor
        query, at = 0, int(made.pos[row])
        for op, size in operations:
            if op == 0:
                under = made.ref_codes[row, query : query + size]
                assert (under == reference[at : at + size]).all()
                if gaps:
                    assert (codes[row, query : query + size] == under).all()
            elif op in (1, 4):
                assert (made.ref_codes[row, query : query + size] == NO_BASE).all()
            query += size if op in (0, 1, 4) else 0
            at += size if op in (0, 2) else 0


@pytest.mark.parametrize(("pos", "spot"), [(99, 99), (100, None), (102, None), (103, 100)])
def test_where_a_position_lies_on_a_haplotype(pos, spot):
    bases = random_bases(200, 1)
    region = Region("chr1", 0, encode(bases), [])
    haplotype = Haplotype.build(region, [variant(100, bases[100:103], "")])
    assert haplotype.spot(pos) == spot
    if spot is not None:
        assert haplotype.ref_of_hap[spot] == pos
