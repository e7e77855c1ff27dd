"""The spectrum, counted as the paper counts: every substituted base is one."""

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.core.sequence import COMPLEMENT
from resistpanel.report.quality import many
from resistpanel.report.spectrum import contexts, pyrimidine_class, spectrum


def of(*changes):
    return spectrum([
        {"reported": True, "ref": ref, "alt": alt,
         "substitutions": [{"ref": a, "alt": b} for a, b in zip(ref, alt, strict=False)]
         if len(ref) == len(alt) else []}
        for ref, alt in changes
    ])  # fmt: skip


def test_eleven_of_fourteen_in_the_paper(paper):
    found = paper["spectrum"]
    assert (found["c_to_t"], found["substitutions"]) == (11, 14)
    assert round(100 * found["c_to_t_fraction"]) == 79  # as printed
    assert (found["c_to_t_events"], found["events"]) == (10, 13)
    assert found["tandem_cc_tt"] == 1
    assert found["classes"] == {"C>A": 0, "C>G": 2, "C>T": 11, "T>A": 1, "T>C": 0, "T>G": 0}


@given(st.sampled_from("ACGT"), st.sampled_from("ACGT"))
def test_both_strands_are_the_same_class(ref, alt):
    found = pyrimidine_class(ref, alt)
    assert found == pyrimidine_class(COMPLEMENT[ref], COMPLEMENT[alt])
    assert (found is None) == (ref == alt)
    assert found is None or found[0] in "CT"


def test_tandem_on_either_strand_and_other_dinucleotides():
    assert of(("CC", "TT"))["tandem_cc_tt"] == of(("GG", "AA"))["tandem_cc_tt"] == 1
    assert of(("CG", "TA"))["tandem_cc_tt"] == 0
    assert of(("CG", "TA"))["c_to_t"] == 2
    mixed = of(("CA", "TT"))
    assert (mixed["c_to_t"], mixed["c_to_t_events"], mixed["events"]) == (1, 0, 1)


def test_an_unchanged_base_inside_an_mnv_does_not_count():
    assert of(("CAC", "TAT"))["substitutions"] == 2


def test_indels_and_unreported_variants_stay_outside():
    found = of(("CA", "C"), ("C", "T"))
    assert (found["outside"], found["substitutions"]) == (1, 1)
    silent = {
        "reported": False,
        "ref": "C",
        "alt": "T",
        "substitutions": [{"ref": "C", "alt": "T"}],
    }
    assert spectrum([silent])["substitutions"] == 0


def test_without_substitutions_there_is_no_fraction():
    found = of()
    assert found["c_to_t_fraction"] is found["low"] is found["high"] is None


@pytest.mark.parametrize(("hits", "total"), [(0, 5), (5, 5), (3, 5)])
def test_the_interval_holds_the_fraction(hits, total):
    found = of(*[("C", "T")] * hits, *[("T", "A")] * (total - hits))
    assert found["low"] <= found["c_to_t_fraction"] <= found["high"]
    assert (found["low"] == 0) == (hits == 0)
    assert (found["high"] == 1) == (hits == total)


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "r.fa"
    path.write_text(">chr1\nATCGGACCTNACCG\n")  # 1-based: C at 3, G at 4 and 5, CC at 7 and 8
    pysam.faidx(str(path))
    return path


def at(*changes, chrom="chr1"):
    return [
        {"reported": True, "ref": r, "alt": a, "chrom": chrom,
         "substitutions": [{"pos": p, "ref": r, "alt": a}]}
        for p, r, a in changes
    ]  # fmt: skip


def test_contexts_are_written_from_the_pyrimidine(fasta):
    found = contexts(at((3, "C", "T"), (4, "G", "A"), (7, "C", "T"), (2, "T", "A")), fasta)
    # G at 4 stands in CGG: on the other strand C in CCG
    assert found["counts"] == {"A[C>T]C": 1, "A[T>A]C": 1, "C[C>T]G": 1, "T[C>T]G": 1}
    assert (found["c_to_t"], found["dipyrimidine"], found["known"]) == (3, 3, 4)
    assert contexts(at((5, "G", "A")), fasta)["counts"] == {"T[C>T]C": 1}


def test_contexts_that_cannot_be_told_are_left_out(fasta):
    edge, beside_n, mismatch = (1, "A", "C"), (9, "T", "C"), (3, "G", "A")
    assert contexts(at(edge, (14, "G", "A"), beside_n, mismatch), fasta)["known"] == 0
    assert contexts(at((3, "C", "T"), chrom="chr9"), fasta)["known"] == 0
    with pytest.raises(InputError, match="no such file"):
        contexts([], fasta.with_name("no.fa"))


def test_96_contexts_are_drawn_only_if_there_are_enough():
    few = {"counts": {"T[C>T]G": 49}, "known": 49, "dipyrimidine": 49, "c_to_t": 49}
    assert many(None) is None and many(few) is None
    bars = many(few | {"counts": {"T[C>T]G": 40, "A[T>A]C": 10}, "known": 50})
    assert len(bars) == 96 and len({b["name"] for b in bars}) == 96
    assert {b["name"]: b["h"] for b in bars if b["n"]} == {"T[C>T]G": 100.0, "A[T>A]C": 25.0}
