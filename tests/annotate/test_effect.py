"""Names on a whole gene: both strands, exon borders, outside the gene."""

import pytest

from resistpanel.annotate.effect import effect, most_severe
from resistpanel.annotate.junctions import known
from resistpanel.annotate.transcript import Transcript
from resistpanel.core.sequence import reverse_complement
from resistpanel.panel.genes import Gene

# Exons of 12, 13 and 17 coding bases between introns of 20:
#   c.1-12 ATGAAATGTACG | c.13-25 GAGTTTTTTGGAC | c.26-42 GTTGTGACCGACCGTAA
UP, DOWN = "CCTTAGGCAT", "CAGTTCAGGC"
EXONS = "ATGAAATGTACG", "GAGTTTTTTGGAC", "GTTGTGACCGACCGTAA"
INTRONS = "GTAAGCCTATCCTTCTCCAG", "GTGAGTCCTACTTTTTTTAG"
GENOME = UP + EXONS[0] + INTRONS[0] + EXONS[1] + INTRONS[1] + EXONS[2] + DOWN
SPANS = [(10, 22), (42, 55), (75, 92)]


def transcript(strand):
    bases, spans = GENOME, SPANS
    if strand == "-":
        bases = reverse_complement(GENOME)
        spans = [(len(GENOME) - e, len(GENOME) - s) for s, e in reversed(SPANS)]
    gene = Gene("G", "T", "1", strand, spans)
    return Transcript(gene, lambda chrom, start, end: bases[max(start, 0) : max(end, 0)])


def on_strand(strand, start, end, alt):
    """Turn an edit of GENOME, as read on the coding strand, into a VCF-like allele."""
    if strand == "-":
        start, end = len(GENOME) - end, len(GENOME) - start
        alt = reverse_complement(alt)
    tx = transcript(strand)
    anchor = start - 1  # a VCF indel carries the base before it
    ref = tx.fetch("1", anchor, end)
    return anchor, ref, ref[0] + alt


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize(
    ("start", "end", "alt", "hgvs_c", "hgvs_p", "terms", "splice"),
    [
        # substitutions in exons; the exon's last base is in the splice region
        (14, 15, "C", "c.5A>C", "p.Lys2Thr", "missense_variant", False),
        (21, 22, "A", "c.12G>A", "p.Thr4=", "splice_region_variant&synonymous_variant", True),
        (42, 43, "C", "c.13G>C", "p.Glu5Gln", "missense_variant&splice_region_variant", True),
        (45, 46, "C", "c.16T>C", "p.Phe6Leu", "missense_variant", False),
        # splice sites and regions
        (22, 23, "A", "c.12+1G>A", "p.?", "splice_donor_variant", True),
        (23, 24, "A", "c.12+2T>A", "p.?", "splice_donor_variant", True),
        (24, 25, "C", "c.12+3A>C", None, "splice_region_variant&intron_variant", True),
        (29, 30, "G", "c.12+8T>G", None, "splice_region_variant&intron_variant", True),
        (30, 31, "C", "c.12+9A>C", None, "intron_variant", False),
        (31, 32, "C", "c.12+10T>C", None, "intron_variant", False),
        (32, 33, "G", "c.13-10C>G", None, "intron_variant", False),
        (34, 35, "C", "c.13-8T>C", None, "splice_region_variant&intron_variant", True),
        (40, 41, "C", "c.13-2A>C", "p.?", "splice_acceptor_variant", True),
        (41, 42, "C", "c.13-1G>C", "p.?", "splice_acceptor_variant", True),
        # outside
        (9, 10, "C", "c.-1T>C", None, "upstream_gene_variant", False),
        (5, 6, "T", "c.-5G>T", None, "upstream_gene_variant", False),
        (92, 93, "T", "c.*1C>T", None, "downstream_gene_variant", False),
        (94, 96, "", "c.*3_*4del", None, "downstream_gene_variant", False),
        # 3' rule: the first T of T6 is the last on the coding strand
        (45, 46, "", "c.21del", "p.Phe7LeufsTer?", "frameshift_variant", False),
        (45, 45, "T", "c.21dup", "p.Gly8TrpfsTer4", "frameshift_variant", False),
        (45, 48, "", "c.19_21del", "p.Phe7del", "inframe_deletion", False),
        (48, 48, "TTT", "c.19_21dup", "p.Phe7dup", "inframe_insertion", False),
        (17, 17, "C", "c.7_8insC", "p.Cys3SerfsTer9", "frameshift_variant", False),
        # deletion-insertion, inversion
        (16, 18, "CA", "c.7_8inv", "p.Cys3His", "missense_variant", False),
        (16, 18, "CC", "c.7_8delinsCC", "p.Cys3Pro", "missense_variant", False),
        (13, 17, "ATTT", "c.5_6inv", "p.Lys2Ile", "missense_variant", False),
        (13, 17, "CATT", "c.4_6delinsCAT", "p.Lys2His", "missense_variant", False),
        # a codon cut by an intron: c.25 is the first base of codon 9 (C|GT)
        (54, 55, "A", "c.25C>A", "p.Arg9Ser", "missense_variant&splice_region_variant", True),
        (75, 76, "T", "c.26G>T", "p.Arg9Leu", "missense_variant&splice_region_variant", True),
        # deletions over the border, of a whole exon, of the start and of the stop
        (20, 24, "", "c.11_12+2del", "p.?", "splice_donor_variant", True),
        (38, 44, "", "c.13-4_14del", "p.?", "splice_acceptor_variant", True),
        (30, 60, "", "c.12+9_25+5del", "p.?",
         "splice_acceptor_variant&splice_donor_variant", True),
        (8, 12, "", "c.-2_2del", "p.Met1?", "start_lost", False),
        (90, 94, "", "c.41_*2del", "p.Ter14ext", "frameshift_variant&stop_lost", False),
        # the G before the donor's GT: deleting either G leaves exon and donor joined alike
        (21, 22, "", "c.12+1del", "p.Glu5SerfsTer?", "frameshift_variant&splice_region_variant",
         True),
        # insertion right at the border: the donor is no longer beside the exon
        (22, 22, "CCC", "c.12_12+1insCCC", "p.?", "splice_donor_variant", True),
        # or still is: a copy of the exon's end, or of the donor
        (22, 22, "ACG", "c.10_12dup", "p.Thr4dup", "inframe_insertion&splice_region_variant",
         True),
    ],
)  # fmt: skip
def test_names(strand, start, end, alt, hgvs_c, hgvs_p, terms, splice):
    found = effect(transcript(strand), *on_strand(strand, start, end, alt))
    if hgvs_p == "p.Ter14ext":
        assert found.hgvs_p.startswith("p.Ter14") and "ext" in found.hgvs_p
    else:
        assert found.hgvs_p == hgvs_p
    assert found.hgvs_c == hgvs_c
    assert "&".join(found.terms) == terms
    assert found.splice == splice


def test_the_codon_of_each_substituted_base():
    plus, minus = transcript("+"), transcript("-")
    assert effect(plus, 15, "A", "T").residues == (2,)
    assert effect(plus, 15, "ATG", "TTC").residues == (2, 3)  # the middle base stays
    assert effect(plus, 21, "GG", "TT").residues == (4, None)
    start, ref, alt = on_strand("-", 15, 18, "TCC")
    assert effect(minus, start, ref, alt).residues == (3, 3, 2)
    assert effect(plus, 15, "A", "AC").residues == ()


def test_unknown_bases_outside_the_exon():
    """A demo genome has sequence in its target exons alone."""
    hidden = GENOME[:10] + GENOME[10:22] + "N" * (len(GENOME) - 22)
    gene = Gene("G", "T", "1", "+", SPANS)
    tx = Transcript(gene, lambda c, s, e: hidden[max(s, 0) : max(e, 0)])
    assert effect(tx, 16, "T", "C").hgvs_p == "p.Cys3Arg"
    # ATG AAA TTA CGN: the frame is lost, Leu is known, the stop is not
    assert effect(tx, 15, "ATG", "AT").hgvs_p == "p.Cys3LeufsTer?"
    assert effect(tx, 18, "TACG", "T").hgvs_c == "c.10_12del"
    assert effect(tx, 18, "TACG", "T").hgvs_p == "p.Thr4del"


def test_too_far_from_the_gene():
    bases = "A" * 6000 + GENOME
    gene = Gene("G", "T", "1", "+", [(s + 6000, e + 6000) for s, e in SPANS])
    tx = Transcript(gene, lambda c, s, e: bases[max(s, 0) : max(e, 0)])
    assert effect(tx, 1000, "A", "T") is None
    assert effect(tx, 1010, "A", "T").hgvs_c == "c.-5000A>T"


def test_of_two_genes_the_more_severe_effect_counts():
    near = transcript("+")
    other = Transcript(Gene("A", "TA", "1", "-", [(60, 72)]), near.fetch)
    found = most_severe([other, near], 14, "A", "C")  # missense in G, downstream of A
    assert (found.symbol, found.hgvs_p) == ("G", "p.Lys2Thr")
    found = most_severe([near, other], 64, "C", "A")  # intron of G, coding in A
    assert found.symbol == "A" and found.hgvs_p is not None
    assert most_severe([], 14, "A", "C") is None


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize(
    ("filler", "hgvs_p"),
    [("", "p.Cys3_Phe7dup"), ("CCC", "p.Phe7_Gly8insProCysThrGluPhePhe")],
)
def test_tandem_duplication_over_an_intron(strand, filler, hgvs_p):
    """The intron of the copy is spliced out: c.7 to c.21 are repeated."""
    found = effect(transcript(strand), *on_strand(strand, 51, 51, filler + GENOME[16:51]))
    assert found.hgvs_p == hgvs_p
    assert "inframe_insertion" in found.terms


@pytest.mark.parametrize("strand", "+-")
def test_copy_that_ends_in_an_intron(strand):
    """How it is spliced is not known: it is read as it is inserted."""
    found = effect(transcript(strand), *on_strand(strand, 51, 51, GENOME[30:51]))
    assert "dup" not in (found.hgvs_p or "")


@pytest.mark.parametrize("strand", "+-")
def test_internal_tandem_duplication(strand, monkeypatch):
    monkeypatch.setitem(known()["internal_tandem_duplications"], "G", [1, 2])
    tx = transcript(strand)
    assert effect(tx, *on_strand(strand, 51, 51, GENOME[16:51])).name == "G-ITD, 35 bases"
    assert effect(tx, *on_strand(strand, 51, 51, "ACG" + GENOME[40:51])).name == "G-ITD, 14 bases"
    assert effect(tx, *on_strand(strand, 51, 51, GENOME[46:51])).name == ""
    assert effect(tx, *on_strand(strand, 51, 51, "GATTACAGATTACA")).name == ""
    assert effect(tx, *on_strand(strand, 80, 80, GENOME[80:90])).name == ""
