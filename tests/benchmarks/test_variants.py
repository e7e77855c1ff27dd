"""Variants: what is written differently but spells the same, and what is not."""

import pysam
import pysam.bcftools
import pytest
from benchmarks.variants import (
    Variant,
    apply,
    context,
    kind,
    left_align,
    overlap,
    span,
    to_vcf,
    trim,
)
from hypothesis import given
from hypothesis import strategies as st

#        0         1         2
#        0123456789012345678901234
SEQUENCE = "GATTTTTACACACAGGCTAGCTAACG"


def v(pos: int, ref: str, alt: str) -> Variant:
    return Variant("c", pos, ref, alt)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (v(2, "TTT", "TT"), v(2, "T", "")),
        (v(2, "T", "TT"), v(2, "", "T")),
        (v(0, "GAT", "GCT"), v(1, "A", "C")),
        (v(0, "GAT", "CAA"), v(0, "GAT", "CAA")),
        (v(3, "GAT", "GAT"), v(3, "", "")),
    ],
)
def test_trim(given_, expected):
    assert trim(given_) == expected


def test_left_align_moves_through_a_homopolymer_and_a_repeat():
    assert left_align(v(6, "T", ""), SEQUENCE) == v(2, "T", "")
    assert left_align(v(12, "CA", ""), SEQUENCE) == v(7, "AC", "")
    assert left_align(v(7, "", "T"), SEQUENCE) == v(2, "", "T")


def test_span_is_where_the_variant_may_be_written():
    assert span(v(4, "T", ""), SEQUENCE) == (2, 7)
    assert span(v(8, "CA", ""), SEQUENCE) == (7, 14)
    assert span(v(15, "", "C"), SEQUENCE) == (15, 15)
    assert span(v(15, "G", "C"), SEQUENCE) == (15, 16)


def test_apply_puts_several_in_and_refuses_overlaps():
    assert apply("ACGTACGT", [v(1, "C", "T"), v(4, "AC", ""), v(8, "", "GG")]) == "ATGTGTGG"
    assert apply("ACGTACGT", [v(4, "AC", ""), v(5, "C", "T")]) is None
    assert apply("ACGTACGT", [v(4, "", "A"), v(4, "", "C")]) is None
    assert apply("ACGT", [v(101, "C", "T")], offset=100) == "ATGT"
    with pytest.raises(ValueError, match="reference"):
        apply("ACGT", [v(1, "G", "T")])


def test_an_insertion_beside_a_substitution_does_not_overlap():
    assert not overlap(v(4, "", "A"), v(4, "A", "C"))
    assert not overlap(v(5, "", "A"), v(4, "A", "C"))
    assert overlap(v(5, "", "A"), v(4, "AC", ""))


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (v(1, "A", "C"), "SNV"),
        (v(0, "GA", "CC"), "MNV"),
        (v(2, "T", ""), "DEL"),
        (v(2, "", "T"), "INS"),
        (v(16, "", "CTAG"), "DUP"),
        (v(20, "", "CTAG"), "DUP"),
        (v(16, "", "CTAA"), "INS"),
        (v(1, "AT", "C"), "COMPLEX"),
        (v(1, "AT", "CGG"), "COMPLEX"),
    ],
)
def test_kind(variant, expected):
    assert kind(variant, SEQUENCE) == expected


def test_context_measures_runs_and_repeats():
    assert context(v(2, "T", ""), SEQUENCE) == (5, 7)  # the ACACACA beside it
    assert context(v(17, "T", "C"), "GGCATCATCATCGATGCTAGGA"[:12] + "GATGCTAGGA") == (1, 0)
    assert context(v(1, "A", "C"), "GAGTCCTAGG") == (1, 0)


bases = st.text(alphabet="ACGT", min_size=0, max_size=4)


@st.composite
def variants(draw):
    # Few letters, so that repeats and ambiguous placements are common.
    sequence = draw(st.text(alphabet="ACG", min_size=20, max_size=40))
    pos = draw(st.integers(5, 12))
    ref = sequence[pos : pos + draw(st.integers(0, 5))]
    alt = draw(bases)
    return sequence, v(pos, ref, alt)


@given(variants())
def test_left_alignment_and_vcf_form_keep_the_haplotype(case):
    sequence, variant = case
    wanted = apply(sequence, [variant])
    aligned = left_align(variant, sequence)
    assert apply(sequence, [aligned]) == wanted
    start, end = span(variant, sequence)
    assert start <= aligned.pos and aligned.end <= end
    if aligned.pos > 0 and (aligned.ref or aligned.alt):
        written = to_vcf(variant, sequence)
        assert written.ref and written.alt
        assert apply(sequence, [written]) == wanted


@given(variants())
def test_one_haplotype_has_one_left_aligned_indel(case):
    """Every deletion of the same length that spells the same haplotype is written the same."""
    sequence, variant = case
    if not variant.ref:
        return
    size = len(variant.ref)
    wanted = apply(sequence, [v(variant.pos, variant.ref, "")])
    written = {
        left_align(v(i, sequence[i : i + size], ""), sequence)
        for i in range(len(sequence) - size + 1)
        if sequence[:i] + sequence[i + size :] == wanted
    }
    assert len(written) == 1


def test_vcf_form_agrees_with_bcftools_norm(tmp_path):
    fasta = tmp_path / "ref.fa"
    fasta.write_text(f">c\n{SEQUENCE}\n")
    pysam.faidx(str(fasta))
    cases = [v(6, "T", ""), v(12, "CA", ""), v(7, "", "T"), v(20, "", "CTAG"), v(15, "GC", "TT")]
    vcf = tmp_path / "in.vcf"
    rows = []
    for case in cases:
        anchor = SEQUENCE[case.pos - 1]
        rows.append(f"c\t{case.pos}\t.\t{anchor + case.ref}\t{anchor + case.alt}\t.\t.\t.\n")
    vcf.write_text(
        f"##fileformat=VCFv4.3\n##contig=<ID=c,length={len(SEQUENCE)}>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(rows)
    )
    out = pysam.bcftools.norm("-f", str(fasta), str(vcf))
    normed = sorted(line.split("\t")[1:5] for line in out.splitlines() if line[0] != "#")
    mine = [to_vcf(case, SEQUENCE) for case in cases]
    assert sorted([str(m.pos + 1), ".", m.ref, m.alt] for m in mine) == normed
