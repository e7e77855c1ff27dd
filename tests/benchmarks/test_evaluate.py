"""The comparison counts haplotypes: what must match, and what must not."""

import random

import pytest
from benchmarks.evaluate import Call, Inherited, combined, match, same_haplotype, tidy
from benchmarks.variants import Variant, apply

_random = random.Random(5)
REFERENCE = "".join(_random.choice("ACGT") for _ in range(300))
# A stretch whose bases are known: 200 to 227.
STRETCH = "GGATCCTTTTTTACACACACGTGCATCG"
REFERENCE = REFERENCE[:200] + STRETCH + REFERENCE[200 + len(STRETCH) :]


def fetch(chrom, start, end):
    start = max(0, start)
    return REFERENCE[start:end], start


def v(pos: int, ref: str, alt: str) -> Variant:
    assert REFERENCE[pos : pos + len(ref)] == ref
    return tidy(Variant("c", pos, ref, alt), fetch)


def found(truth, calls, inherited=(), haplotypes="A"):
    return match(list(truth), [haplotypes] * len(truth), list(inherited), list(calls), fetch)


def test_equal_strings_match():
    m = found([v(203, "T", "C")], [v(203, "T", "C")])
    assert m.calls_of == {0: (0,)} and not m.false and not m.germline


def test_an_mnv_called_as_its_bases_matches_and_half_of_it_does_not():
    truth = [v(202, "ATC", "GTT")]
    m = found(truth, [v(202, "A", "G"), v(204, "C", "T")])
    assert m.calls_of == {0: (0, 1)} and not m.false
    m = found(truth, [v(202, "A", "G")])
    assert m.calls_of == {} and m.false == [0]


def test_a_deletion_written_elsewhere_in_the_repeat_matches():
    m = found([v(212, "AC", "")], [v(218, "AC", "")])
    assert m.calls_of == {0: (0,)}


def test_an_indel_of_another_length_or_sequence_is_false():
    assert found([v(206, "T", "")], [v(206, "TT", "")]).false == [0]
    assert found([v(221, "", "AAC")], [v(221, "", "AAG")]).false == [0]


def test_a_complex_variant_called_as_indel_and_snv_matches():
    truth = [v(221, "TGCATC", "TTTC")]
    split = [v(222, "G", "T"), v(223, "CA", "")]
    assert apply(REFERENCE, truth) == apply(REFERENCE, split)
    assert found(truth, split).calls_of == {0: (0, 1)}


def test_a_call_joined_with_the_inherited_snp_beside_it_matches_in_cis_only():
    snp = Inherited(v(204, "C", "G"), "A")
    joined = [v(202, "ATC", "GTG")]
    assert found([v(202, "A", "G")], joined, [snp], "A").calls_of == {0: (0,)}
    assert found([v(202, "A", "G")], joined, [snp], "B").false == [0]


def test_inherited_variants_called_somatic_are_counted_apart():
    snps = [Inherited(v(202, "A", "G"), "AB"), Inherited(v(204, "C", "G"), "A")]
    m = found([v(221, "T", "A")], [v(202, "A", "G"), v(204, "C", "G"), v(226, "C", "T")], snps)
    assert m.germline == {0: 0, 1: 1} and m.false == [2]
    # Two inherited SNPs called as one MNV are inherited, too.
    assert found([], [v(202, "ATC", "GTG")], snps).germline == {0: 0}


def test_a_call_is_used_once_and_both_truths_are_found():
    truth = [v(202, "A", "G"), v(221, "T", "A")]
    m = found(truth, [v(221, "T", "A"), v(202, "A", "G"), v(210, "T", "")])
    assert m.calls_of == {0: (1,), 1: (0,)} and m.false == [2]


def test_overlapping_calls_are_not_one_haplotype():
    assert not same_haplotype([v(202, "AT", ""), v(203, "T", "C")], [v(202, "AT", "")], fetch)


def test_nothing_equals_nothing_only():
    assert same_haplotype([], [], fetch)
    assert not same_haplotype([v(203, "T", "C")], [], fetch)


@pytest.mark.parametrize(
    ("dets", "expected"), [((1, 1), 1), ((1, 0), 0), ((1, None), None), ((0, 0), 0)]
)
def test_a_variant_in_several_calls_is_detected_where_all_are(dets, expected):
    calls = [
        Call(v(203, "T", "C"), True, samples={"pre": {"det": d, "af": 0.1 + 0.1 * i}})
        for i, d in enumerate(dets)
    ]
    row = combined(calls, "pre")
    assert row["det"] == expected and row["af"] == pytest.approx(0.1)
