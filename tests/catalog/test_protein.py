"""Protein changes in short form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.catalog.protein import RESIDUES, ProteinChange, parse, parse_codon, parse_range


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        ("C121S", ("substitution", 121, 121, "C", "C", "S")),
        ("p.C121S", ("substitution", 121, 121, "C", "C", "S")),
        ("T726T", ("synonymous", 726, 726, "T", "T", "T")),
        ("T726=", ("synonymous", 726, 726, "T", "T", "T")),
        ("Q22*", ("nonsense", 22, 22, "Q", "Q", "*")),
        ("*394Q", ("stop_lost", 394, 394, "*", "*", "Q")),
        ("M1V", ("start_lost", 1, 1, "M", "M", "V")),
        ("K59del", ("deletion", 59, 59, "K", "K", "")),
        ("L747_A750del", ("deletion", 747, 750, "L", "A", "")),
        ("L747_A750delLREA", ("deletion", 747, 750, "L", "A", "")),
        ("L747_A750delinsP", ("delins", 747, 750, "L", "A", "P")),
        ("T1151dup", ("duplication", 1151, 1151, "T", "T", "")),
        ("A767_V769dup", ("duplication", 767, 769, "A", "V", "")),
        ("D770_N771insGL", ("insertion", 770, 771, "D", "N", "GL")),
        ("M695fs", ("frameshift", 695, 695, "M", "M", "")),
        ("M695Hfs*26", ("frameshift", 695, 695, "M", "M", "")),
        ("M695fs*26", ("frameshift", 695, 695, "M", "M", "")),
    ],
)
def test_parse(short, expected):
    assert parse(short) == ProteinChange(*expected)


@pytest.mark.parametrize("text", ["", "?", "amplification", "C121", "D770ins", "D770insGL", "fs"])
def test_what_is_no_change(text):
    assert parse(text) is None


def test_truncating_and_inframe():
    assert parse("Q22*").truncating
    assert parse("M695fs").truncating
    assert parse("K59del").inframe
    assert not parse("C121S").truncating
    assert not parse("C121S").inframe


def test_codon_and_range():
    assert parse_codon("F53") == ("F", 53)
    assert parse_codon("F53L") is None
    assert parse_range("762-775") == (762, 775)
    assert parse_range("775-762") is None


residues = st.sampled_from(RESIDUES)


@given(ref=residues, number=st.integers(2, 3000), alt=residues)
def test_substitutions_round_trip(ref, number, alt):
    change = parse(f"{ref}{number}{alt}")
    assert (change.ref, change.start, change.alt) == (ref, number, alt)
    assert change.kind == ("synonymous" if ref == alt else "substitution")
