"""Normalisation of alleles: properties, literal cases, and bcftools norm beside it."""

import random

import pysam
import pysam.bcftools
import pytest
from callkit import write_reference, write_sites
from hypothesis import given, settings
from hypothesis import strategies as st

from resistpanel.call.candidates.propose import misread
from resistpanel.core.allele import (
    Allele,
    ambiguity,
    haplotype,
    kind,
    left_align_to,
    tract,
    trim,
    vcf_alleles,
)
from resistpanel.core.errors import InputError
from resistpanel.core.reference import Reference, decode, encode

#: Runs, dinucleotides, a tandem repeat, a plain stretch, N.
LITERAL = "GATTTTTTCACAGAGAGAGCTGCATGCATGCATCGATTACNNNNACGTTT"


@pytest.fixture(scope="module")
def literal(tmp_path_factory):
    path = tmp_path_factory.mktemp("literal") / "ref.fa"
    return Reference(write_reference(path, {"c": LITERAL}))


@pytest.fixture(scope="module")
def repetitive(tmp_path_factory):
    """4 kb of short repeats."""
    rng = random.Random(8)
    sequence = ""
    while len(sequence) < 4000:
        unit = "".join(rng.choices("ACGT", k=rng.choice([1, 1, 2, 3, 4, 7])))
        sequence += unit * rng.randint(1, 9)
    path = tmp_path_factory.mktemp("repetitive") / "ref.fa"
    write_reference(path, {"c": sequence})
    return Reference(path), sequence, path


def spelt(sequence: str, allele: Allele) -> str:
    """Return the haplotype."""
    assert sequence[allele.pos : allele.end] == allele.ref
    return sequence[: allele.pos] + allele.alt + sequence[allele.end :]


@st.composite
def alleles(draw, sequence=None):
    """Indels, most of them of the repeats' own bases, and delins."""
    pos = draw(st.integers(300, 3600))
    removed = draw(st.integers(0, 12))
    copied = draw(st.integers(0, 12))
    word = draw(st.text("ACGT", max_size=6))
    return pos, removed, copied, word


def allele_of(sequence, drawn) -> Allele:
    pos, removed, copied, word = drawn
    alt = (sequence[pos - copied : pos] + word) if copied else word
    return Allele("c", pos, sequence[pos : pos + removed], alt)


class TestProperties:
    @given(alleles())
    @settings(max_examples=300)
    def test_left_align_keeps_the_haplotype(self, repetitive, drawn):
        reference, sequence, _ = repetitive
        allele = allele_of(sequence, drawn)
        aligned = left_align_to(allele, reference)
        assert spelt(sequence, aligned) == spelt(sequence, allele)

    @given(alleles())
    def test_left_align_is_idempotent(self, repetitive, drawn):
        reference, sequence, _ = repetitive
        once = left_align_to(allele_of(sequence, drawn), reference)
        assert left_align_to(once, reference) == once

    @given(alleles(), st.integers(0, 30))
    def test_shifted_spellings_become_one(self, repetitive, drawn, reach):
        """Every placement of an indel within its ambiguity is one allele."""
        reference, sequence, _ = repetitive
        aligned = left_align_to(allele_of(sequence, drawn), reference)
        if bool(aligned.ref) == bool(aligned.alt):
            return
        start, end = ambiguity(aligned, reference)
        size = len(aligned.ref)
        at = min(start + reach, end - size)
        whole = spelt(sequence, aligned)
        extra = len(aligned.alt)
        moved = Allele("c", at, sequence[at : at + size], whole[at : at + extra])
        assert spelt(sequence, moved) == whole
        assert left_align_to(moved, reference) == aligned

    @given(alleles())
    def test_ambiguity_is_the_widest(self, repetitive, drawn):
        """Beyond it, the two haplotypes can be told apart."""
        reference, sequence, _ = repetitive
        aligned = left_align_to(allele_of(sequence, drawn), reference)
        if bool(aligned.ref) == bool(aligned.alt):
            return
        start, end = ambiguity(aligned, reference)
        whole = spelt(sequence, aligned)
        shift = aligned.shift
        assert start == aligned.pos
        # read from the left, both agree up to the end of the span, less what is deleted
        same = end - len(aligned.ref)
        assert whole[:same] == sequence[:same]
        assert whole[same] != sequence[same]
        # and from the right, down to its start
        right = len(sequence) - start - len(aligned.ref)
        assert whole[len(whole) - right :] == sequence[len(sequence) - right :]
        assert len(whole) == len(sequence) + shift

    @given(alleles())
    def test_trim_keeps_the_haplotype_and_nothing_shared(self, repetitive, drawn):
        _, sequence, _ = repetitive
        allele = allele_of(sequence, drawn)
        cut = trim(allele)
        assert spelt(sequence, cut) == spelt(sequence, allele)
        if cut.ref and cut.alt:
            assert cut.ref[0] != cut.alt[0]
            assert cut.ref[-1] != cut.alt[-1]

    @given(alleles())
    def test_haplotype(self, repetitive, drawn):
        reference, sequence, _ = repetitive
        allele = allele_of(sequence, drawn)
        start, end = allele.pos - 20, allele.end + 20
        expected = sequence[start : allele.pos] + allele.alt + sequence[allele.end : end]
        assert decode(haplotype(allele, reference, start, end)) == expected


def test_agrees_with_bcftools_norm(tmp_path, repetitive):
    """Random indels and delins, spelt with more context than needed."""
    reference, sequence, path = repetitive
    rng = random.Random(3)
    rows, mine = [], {}
    for n in range(600):
        drawn = (
            rng.randint(300, 3600),
            rng.randint(0, 12),
            rng.choice([0, rng.randint(1, 12)]),
            "".join(rng.choices("ACGT", k=rng.choice([0, 0, 1, 3]))),
        )
        allele = allele_of(sequence, drawn)
        if allele.ref == allele.alt:
            continue
        before, after = rng.randint(1, 5), rng.randint(0, 5)
        start, end = allele.pos - before, allele.end + after
        ref = sequence[start:end]
        alt = sequence[start : allele.pos] + allele.alt + sequence[allele.end : end]
        rows.append(("c", start + 1, f"v{n}", ref, alt))
        mine[f"v{n}"] = vcf_alleles(left_align_to(allele, reference), reference)
    vcf = write_sites(tmp_path / "in.vcf", rows)
    out = tmp_path / "out.vcf"
    pysam.bcftools.norm("-f", str(path), "-o", str(out), str(vcf), catch_stdout=False)
    with pysam.VariantFile(str(out)) as handle:
        theirs = {r.id: (r.pos, r.ref, r.alts[0]) for r in handle}
    assert len(theirs) > 500
    assert theirs == mine


class TestLiteral:
    """GATTTTTTCA CAGAGAGAGC TGCATGCATG CATCGATTAC NNNNACGTTT"""

    @pytest.mark.parametrize(
        ("given", "aligned", "span", "unit", "name", "vcf"),
        [
            # one T of six lost, spelt at the right end
            ((7, "T", ""), (2, "T", ""), (2, 8), (1, 6), "DEL", (2, "AT", "A")),
            # two T gained
            ((8, "", "TT"), (2, "", "TT"), (2, 8), (1, 6), "INS", (2, "A", "ATT")),
            # one AG of (AG)4 lost: GAGAGAGAG reaches from 12 to 19, ACAGAGAGAGC
            ((16, "GA", ""), (11, "AG", ""), (11, 19), (2, 4), "DEL", (11, "CAG", "C")),
            # TGCA gained in (TGCA)3 T
            ((24, "", "TGCA"), (19, "", "CTGCA"[1:]), None, None, "INS", None),
            # outside any repeat
            ((33, "C", ""), (33, "C", ""), (33, 34), (1, 1), "DEL", (33, "TC", "T")),
            ((34, "", "C"), (33, "", "C"), (33, 34), (1, 1), "INS", (33, "T", "TC")),
            ((34, "", "A"), (34, "", "A"), (34, 34), (0, 0), "INS", (34, "C", "CA")),
            # substitutions and delins stay where they are
            ((8, "C", "G"), (8, "C", "G"), (8, 9), (0, 0), "SNV", (9, "C", "G")),
            ((8, "CA", "GG"), (8, "CA", "GG"), (8, 10), (0, 0), "MNV", (9, "CA", "GG")),
            ((8, "CAC", "GG"), (8, "CAC", "GG"), (8, 11), (0, 0), "COMPLEX", (9, "CAC", "GG")),
            # trimmed: the shared ends say nothing
            ((7, "TCAC", "TGGC"), (8, "CA", "GG"), (8, 10), (0, 0), "MNV", (9, "CA", "GG")),
            # a shift stops at an N
            ((47, "T", ""), (47, "T", ""), (47, 50), (1, 3), "DEL", (47, "GT", "G")),
            # at the very start there is no base before: the next one pads
            ((0, "G", ""), (0, "G", ""), (0, 1), (1, 1), "DEL", (1, "GA", "A")),
            ((0, "", "C"), (0, "", "C"), (0, 0), (0, 0), "INS", (1, "G", "CG")),
        ],
    )
    def test_case(self, literal, given, aligned, span, unit, name, vcf):
        allele = left_align_to(Allele("c", *given), literal)
        if given != (24, "", "TGCA"):
            assert allele == Allele("c", *aligned)
            assert ambiguity(allele, literal) == span
            assert tract(allele, literal) == unit
            assert vcf_alleles(allele, literal) == vcf
        else:  # the repeat's own phase decides the spelling
            assert spelt(LITERAL, allele) == spelt(LITERAL, Allele("c", *given))
            assert tract(allele, literal)[0] == 4
        assert kind(allele, literal) == name

    def test_five_bases_twice_are_a_duplication(self, literal):
        copy = LITERAL[30:36]
        assert kind(Allele("c", 36, "", copy), literal) == "DUP"
        assert kind(Allele("c", 30, "", copy), literal) == "DUP"
        assert kind(Allele("c", 36, "", copy[:5] + "G"), literal) == "INS"

    def test_properties(self):
        allele = Allele("c", 10, "ACG", "T")
        assert (allele.end, allele.shift, allele.substitution) == (13, -2, False)
        assert Allele("c", 10, "AC", "GT").substitution


class TestReference:
    def test_codes_reach_beyond_the_contig(self, literal):
        assert decode(literal.codes("c", -3, 2)) == "NNNGA"
        assert decode(literal.codes("c", 48, 53)) == "TTNNN"
        assert literal.contigs == {"c": 50}

    def test_encode(self):
        assert encode("ACGTacgtNRx").tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 4, 4]

    def test_missing(self, tmp_path, capfd):
        with pytest.raises(InputError, match=r"no\.fa: no such file"):
            Reference(tmp_path / "no.fa")
        capfd.readouterr()

    def test_cut_off(self, tmp_path, capfd):
        path = write_reference(tmp_path / "ref.fa", {"c": LITERAL * 10})
        path.write_text(path.read_text()[:200])
        with pytest.raises(InputError, match="is shorter than its index states"):
            Reference(path).codes("c", 100, 400)
        capfd.readouterr()


class TestMisread:
    """Errors in fragments of a common indel are no alleles of their own."""

    @pytest.fixture
    def reference(self, tmp_path):
        (tmp_path / "ref.fa").write_text(">c\n" + "ACGTTGCAAGCTTACGGATC" * 10 + "\n")
        pysam.faidx(str(tmp_path / "ref.fa"))
        return Reference(str(tmp_path / "ref.fa"))

    def parent(self):
        return Allele("c", 50, "", "AAATT")

    @pytest.mark.parametrize(
        ("alt", "fragments", "dropped"),
        [
            ("AAATG", 400, True),
            ("AAATG", 600, False),  # one in 20 of 10,000 is no error
            ("AAACG", 20, True),
            ("AAACG", 30, False),  # two errors: one in 400
            ("GGGCC", 10, False),
            ("AAATTG", 10, False),  # of another length
        ],
    )
    def test_by_bases_and_fragments(self, reference, alt, fragments, dropped):
        child = Allele("c", 50, "", alt)
        found = misread({self.parent(): 10_000, child: fragments}, reference)
        assert found == ({child} if dropped else set())

    def test_placed_elsewhere(self, reference):
        """The haplotype counts: an aligner puts the changed insertion two bases on."""
        start, end = 50, 52
        ref = reference.codes("c", start, end)
        word = "AAATT" + decode(ref)
        moved = word[2:-1] + ("A" if word[-1] != "A" else "C")
        child = Allele("c", end, "", moved)
        whole = haplotype(child, reference, start, end)
        near = haplotype(self.parent(), reference, start, end)
        errors = int((whole != near).sum())
        found = misread({self.parent(): 20**errors * 4, child: 4}, reference)
        assert found == {child}
        assert misread({self.parent(): 20**errors * 4 - 4, child: 4}, reference) == set()

    def test_far_away(self, reference):
        far = Allele("c", 150, "", "AAATG")
        assert misread({self.parent(): 10_000, far: 4}, reference) == set()


@pytest.mark.parametrize(
    "ref, alt, substitution",
    [
        ("CTAA", "AATC", False),  # TC lost and TC gained three bases on, the first of them alike
        ("CTAA", "GACC", True),
        ("TTCGTTG", "ACGAATT", False),  # five bases gained and five lost, two between them
        ("ACG", "TTT", True),
    ],
)
def test_a_deletion_with_an_insertion_is_no_substitution(ref, alt, substitution):
    assert Allele("chr1", 100, ref, alt).substitution == substitution
