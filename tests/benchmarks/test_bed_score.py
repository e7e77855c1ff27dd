"""The second simulator's scoring: haplotypes, causes of false calls, detection per sample."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.bed import genome, score
from benchmarks.bed.genome import Reference, Variant, encode

#          0         10        20        30        40        50        60        70        80
SEQUENCE = "ACGTTGCAAATGCCATAGGCTTAAAACGTGACCTGATTACAGGCATTCGATCCATGGTACCTTGACTGCATGCATTTGCACGA"


@pytest.fixture
def reference():
    # Long enough that windows round a variant do not run over the ends.
    return Reference({"c": encode("TGCA" * 20 + SEQUENCE + "GTAC" * 20)}, Path("none.fa"))


def variant(start, ref, alt, haplotype=0, clone=1):
    assert SEQUENCE[start : start + len(ref)] == ref
    return Variant("c", 80 + start, ref, alt, haplotype, clone)


def call(v, passed=True, **detected):
    return score.Call(v, passed, "" if passed else "weak", detected)


def found(reference, truth, calls, beside=()):
    return score.describe(reference, truth, list(beside), [call(c) for c in calls])


def test_the_same_record_is_found(reference):
    v = variant(41, "G", "A")
    assert found(reference, v, [variant(41, "G", "A")]) == {0}


def test_another_base_is_not(reference):
    assert found(reference, variant(41, "G", "A"), [variant(41, "G", "C")]) == set()


def test_an_mnv_is_found_in_its_bases_and_not_in_half_of_them(reference):
    v = variant(31, "CC", "TT")
    singles = [variant(31, "C", "T"), variant(32, "C", "T")]
    assert found(reference, v, singles) == {0, 1}
    assert found(reference, v, singles[:1]) == set()


def test_an_indel_elsewhere_in_its_repeat_is_found(reference):
    # AAAA at 22 to 26: any of them may be the one deleted.
    v = variant(22, "A", "")
    assert found(reference, v, [variant(25, "A", "")]) == {0}
    assert found(reference, v, [variant(24, "AA", "")]) == set()


def test_a_complex_variant_is_found_in_its_parts(reference):
    # GTG -> TA is G>T, T>A and a deletion of G.
    v = variant(27, "GTG", "TA")
    parts = [variant(27, "G", "T"), variant(28, "T", "A"), variant(29, "G", "")]
    assert found(reference, v, parts) == {0, 1, 2}


def test_a_call_that_includes_an_inherited_variant_counts_only_in_cis(reference):
    v = variant(41, "G", "A")
    joint = [variant(39, "CAG", "TAA")]
    cis = Variant("c", 119, "C", "T", haplotype=0, clone=-1)
    trans = Variant("c", 119, "C", "T", haplotype=1, clone=-1)
    assert found(reference, v, joint, [cis]) == {0}
    assert found(reference, v, joint, [trans]) == set()


def test_variants_of_sister_clones_are_not_on_one_molecule(reference):
    v = variant(41, "G", "A", clone=1)
    joint = [variant(39, "CAG", "TAA")]
    assert found(reference, v, joint, [variant(39, "C", "T", clone=2)]) == set()
    assert found(reference, v, joint, [variant(39, "C", "T", clone=0)]) == {0}


def test_an_inherited_variant_alone_is_no_true_variant(reference):
    v = variant(41, "G", "A")
    inherited = Variant("c", 119, "C", "T", haplotype=0, clone=-1)
    assert found(reference, v, [variant(39, "C", "T")], [inherited]) == set()


def truth_of(somatic, inherited=(), contaminant=(), hidden=()):
    rows = []
    for _ in somatic:
        rows.append({"post:af": 0.1, "post:expected": 0.11, "post:molecules": 50,
                     "pre:af": 0.0, "pre:expected": 0.0, "pre:molecules": 0})  # fmt: skip
    return score.Truth(
        list(somatic), list(inherited), list(contaminant), list(hidden), pd.DataFrame(rows),
        ["normal", "pre", "post"], ["pre", "post"], 83, [("c", 80, 163)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("extra", "cause"),
    [
        (variant(60, "C", "G"), "false"),
        (variant(44, "A", "T"), "misdescribed"),
        (Variant("c", 150, "C", "T"), "contaminant"),
        (Variant("c", 155, "T", "G"), "paralogue"),
        (Variant("c", 85, "G", "T"), "germline"),
    ],
)
def test_a_false_call_has_a_cause(reference, extra, cause):
    truth = truth_of(
        [variant(41, "G", "A")],
        inherited=[Variant("c", 85, "G", "T", 2, -1)],
        contaminant=[Variant("c", 150, "C", "T")],
        hidden=[Variant("c", 155, "T", "G")],
    )
    result = score.score(reference, truth, [call(variant(41, "G", "A")), call(extra)])
    assert list(result.variants.found) == [True]
    assert list(result.false.cause) == [cause]


def test_detection_is_per_sample_and_a_filtered_call_is_not_found(reference):
    truth = truth_of([variant(41, "G", "A")])
    calls = [call(variant(41, "G", "A"), pre=True, post=True)]
    samples = score.score(reference, truth, calls).samples.set_index("sample")
    assert samples.det["pre"] and samples.molecules["pre"] == 0  # a false presence
    result = score.score(reference, truth, [call(variant(41, "G", "A"), passed=False)])
    assert list(result.variants.found) == [False]
    assert list(result.variants.stopped) == ["weak"]


def test_left_alignment_moves_an_indel_to_the_start_of_its_repeat():
    sequence = encode("GATTTTC")
    assert genome.left_align(sequence, 5, "T", "") == (2, "T", "")
    assert genome.left_align(sequence, 6, "", "T") == (2, "", "T")
    assert genome.left_align(sequence, 1, "ATT", "ATC") == (3, "T", "C")


def test_homopolymers_have_their_length_at_every_base():
    assert list(genome.homopolymers(encode("AAACGG"))) == [3, 3, 3, 1, 2, 2]
    assert np.array_equal(genome.homopolymers(encode("T")), [1])
