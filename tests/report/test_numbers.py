"""Digits on the page: bounds are never rounded in their favour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.report import numbers
from resistpanel.report.cells import variant_name

SPACE = numbers.NARROW_SPACE


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0, "0"), (1.0, "100"), (0.1623, "16.2"), (0.053, "5.3"), (0.0041, "0.41"),
        (0.00052, "0.052"), (0.00995, "1.0"), (0.01, "1.0"), (0.9996, "100"), (None, "—"),
    ],
)  # fmt: skip
def test_percentages(fraction, text):
    assert numbers.bare_percent(fraction) == text


def test_a_bound_is_rounded_up():
    assert numbers.percent(0.00231) == f"0.23{SPACE}%"
    assert numbers.percent_up(0.00231) == f"0.24{SPACE}%"
    assert numbers.percent_up(0.29) == f"29.0{SPACE}%"  # 100 * 0.29 is 28.999999999999996
    assert numbers.percent_up(1.0) == f"100{SPACE}%"
    assert numbers.percent_up(None) == "—"


def test_intervals():
    assert numbers.interval(0.1397, 0.186) == "14.0–18.6"
    assert numbers.interval(0.0, 0.0041) == "0–0.41"
    assert numbers.interval(None, 0.2) == "—"


def test_counts_and_probabilities():
    assert numbers.count(2410000) == f"2{SPACE}410{SPACE}000"
    assert numbers.count(2623) == "2623"  # as the sentences of the findings write it
    assert numbers.count(10000) == f"10{SPACE}000"
    assert numbers.count(None) == "—"
    assert numbers.in_copies(12) == "12.0" and numbers.in_copies(None) == "—"
    assert numbers.plain(3.50) == "3.5"
    assert numbers.plain(100) == "100"
    assert numbers.plain(100.0, 0) == "100"
    assert numbers.probability(1.0) == ">0.999"
    assert numbers.probability(0.0) == "<0.001"
    assert numbers.probability(0.5) == "0.500"


@pytest.mark.parametrize(
    ("alleles", "name"),
    [
        (("chr15", 66729154, "G", "C"), "chr15:g.66729154G>C"),
        (("chr5", 1278863, "CC", "TT"), "chr5:g.1278863_1278864delinsTT"),
        (("chr9", 21971153, "CCGC", "CC"), "chr9:g.21971155_21971156del"),
        (("chr1", 100, "CA", "C"), "chr1:g.101del"),
        (("chr1", 100, "C", "CAG"), "chr1:g.100_101insAG"),
        (("chr1", 100, "CAG", "CT"), "chr1:g.101_102delinsT"),
        (("chr1", 100, "C", "<DUP>"), "chr1:100 C><DUP>"),
    ],
)
def test_genomic_names(alleles, name):
    assert numbers.genomic(*alleles) == name


BASES = st.text("ACGT", min_size=1, max_size=8)


@given(st.integers(1, 10**6), BASES, BASES)
def test_a_genomic_name_leads_back_to_the_alleles(pos, ref, alt):
    """The name's span and inserted bases, applied to the reference, give the alternative."""
    if ref == alt:
        return
    name = numbers.genomic("c", pos, ref, alt).removeprefix("c:g.")
    if ">" in name:
        assert name == f"{pos}{ref}>{alt}"
        return
    span, _, inserted = name.partition("ins") if "del" not in name else name.partition("del")
    inserted = inserted.removeprefix("ins")
    start, _, end = span.partition("_")
    start, end = int(start), int(end or start)
    if "del" not in name:
        assert end == start + 1
        cut = (start + 1 - pos, start + 1 - pos)
    else:
        cut = (start - pos, end + 1 - pos)
    assert ref[: cut[0]] + inserted + ref[cut[1] :] == alt


@pytest.mark.parametrize(
    ("value", "text"),
    [(123.23, "120"), (12345, "over 1,000"), (99.7, "100"), (12.4, "12"), (1.14, "1.1"),
     (0.123, "0.12"), (0.00004, "under 0.001")],
)  # fmt: skip
def test_a_fold_change_has_two_digits(value, text):
    assert numbers.fold(value) == text


@pytest.mark.parametrize(
    ("alt", "junction", "name"),
    [
        ("<DEL>", {"pos": 200, "inserted": 0, "precise": True}, "chr1:g.101_200del"),
        ("<DEL>", {"pos": 200, "inserted": 18, "precise": True}, "chr1:g.101_200delinsN[18]"),
        ("<DUP>", {"pos": 200, "inserted": 0, "precise": True}, "chr1:g.101_200dup"),
        ("<INV>", {"pos": 200, "inserted": 2, "precise": True},
         "chr1:101-200 inversion, 2 bases inserted"),
        ("<DEL>", {"pos": 200, "inserted": 0, "precise": False},
         "chr1:101-200 deletion, breakpoints not exact"),
        ("[chr2:7[A", {"pos": 7, "inserted": 0, "precise": True},
         "junction of chr1:100 and chr2:7"),
    ],
)  # fmt: skip
def test_junctions_are_named_as_people_write_them(alt, junction, name):
    chrom = "chr2" if "chr2" in alt else "chr1"
    variant = {"chrom": "chr1", "pos": 100, "ref": "A", "alt": alt,
               "junction": junction | {"chrom": chrom}}  # fmt: skip
    assert numbers.genomic_of(variant) == name
    nameless = variant | {"gene": None, "protein": None, "hgvs_c": None}
    nameless["junction"]["name"] = None
    assert variant_name(nameless) == name


def test_other_variants_keep_their_genomic_name():
    variant = {"chrom": "chr1", "pos": 100, "ref": "A", "alt": "T"}
    assert numbers.genomic_of(variant) == "chr1:g.100A>T"
