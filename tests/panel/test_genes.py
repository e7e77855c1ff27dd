"""Coding coordinates: known codons by hand, and invariants over random transcripts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.panel.genes import Gene, load_genes

GFF3 = """##gff-version 3
chr1	t	gene	101	130	.	+	.	ID=gene:G1;Name=FWD;biotype=protein_coding
chr1	t	mRNA	101	130	.	+	.	ID=transcript:T1;Parent=gene:G1;biotype=protein_coding
chr1	t	exon	101	104	.	+	.	Parent=transcript:T1
chr1	t	CDS	101	104	.	+	0	ID=CDS:T1;Parent=transcript:T1
chr1	t	CDS	126	130	.	+	2	ID=CDS:T1;Parent=transcript:T1
chr2	t	gene	11	40	.	-	.	ID=gene:G2;Name=REV;biotype=protein_coding
chr2	t	mRNA	11	40	.	-	.	ID=transcript:T2;Parent=gene:G2;biotype=protein_coding
chr2	t	CDS	11	15	.	-	2	ID=CDS:T2;Parent=transcript:T2
chr2	t	CDS	37	40	.	-	0	ID=CDS:T2;Parent=transcript:T2
"""


def write(tmp_path, text):
    path = tmp_path / "genes.gff3"
    path.write_text(text)
    return path


def test_loads_both_strands(tmp_path):
    genes = load_genes(write(tmp_path, GFF3))
    assert list(genes) == ["FWD", "REV"]
    assert genes["FWD"] == Gene("FWD", "T1", "chr1", "+", [(100, 104), (125, 130)])
    assert genes["REV"] == Gene("REV", "T2", "chr2", "-", [(10, 15), (36, 40)])


def test_codon_split_by_an_intron(tmp_path):
    genes = load_genes(write(tmp_path, GFF3))
    assert genes["FWD"].codon(1) == (100, 101, 102)
    assert genes["FWD"].codon(2) == (103, 125, 126)
    assert genes["REV"].codon(1) == (39, 38, 37)
    assert genes["REV"].codon(2) == (36, 14, 13)
    assert genes["REV"].residue(14) == (2, 1)
    assert genes["REV"].cdna(39) == 1
    assert genes["REV"].cdna(10) == 9
    assert genes["REV"].exon(38) == 1
    assert genes["REV"].exon(12) == 2
    assert genes["REV"].exon(20) is None
    assert genes["REV"].cdna(20) is None
    assert genes["REV"].residue(40) is None


def test_residue_outside_the_protein(tmp_path):
    gene = load_genes(write(tmp_path, GFF3))["FWD"]
    for residue in (0, -1, 4):
        with pytest.raises(IndexError, match="FWD T1 has 3 codons"):
            gene.codon(residue)
    for cdna in (0, 10):
        with pytest.raises(IndexError, match="no coding base"):
            gene.position(cdna)


def test_start_missing_from_the_annotation():
    gene = Gene("G", "T", "chr1", "+", [(10, 18)], offset=2)
    assert gene.residues == 2
    assert gene.codon(1) == (12, 13, 14)
    assert gene.residue(10) is None
    assert gene.residue(12) == (1, 0)
    assert gene.cdna(10) == 1


@st.composite
def transcripts(draw):
    """Random transcripts of 1 to 6 coding exons, of any length, on either strand."""
    at, cds = draw(st.integers(0, 50)), []
    for _ in range(draw(st.integers(1, 6))):
        length = draw(st.integers(1, 12))
        cds.append((at, at + length))
        at += length + draw(st.integers(1, 30))
    return Gene("G", "T", "chr1", draw(st.sampled_from("+-")), cds, draw(st.integers(0, 2)))


@given(transcripts())
def test_positions_and_c_numbers_are_inverse(gene):
    positions = [gene.position(c) for c in range(1, gene.length + 1)]
    assert sorted(positions) == [p for s, e in gene.cds for p in range(s, e)]
    assert positions == sorted(positions, reverse=gene.strand == "-")
    assert [gene.cdna(p) for p in positions] == list(range(1, gene.length + 1))


@given(transcripts())
def test_codons_and_residues_are_inverse(gene):
    seen = []
    for residue in range(1, gene.residues + 1):
        for phase, pos in enumerate(gene.codon(residue)):
            assert gene.residue(pos) == (residue, phase)
            seen.append(pos)
    coding = [p for s, e in gene.cds for p in range(s, e)]
    assert len(seen) == len(set(seen))
    assert all(gene.residue(p) is None for p in set(coding) - set(seen))
    assert len(coding) - len(seen) < 5  # at most an incomplete codon at either end


@given(transcripts(), st.integers(0, 400))
def test_exon_agrees_with_coding_bases(gene, pos):
    assert (gene.exon(pos) is None) == (gene.cdna(pos) is None)
    if gene.exon(pos) is not None:
        start, end = gene.coding_order[gene.exon(pos) - 1]
        assert start <= pos < end


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("\t+\t0\tID=CDS:T1", "\t+\t3\tID=CDS:T1"), "phase of a CDS"),
        (lambda t: t.replace("chr1\tt\tCDS\t126", "chr9\tt\tCDS\t126"), "more than one contig"),
        (lambda t: t.replace("CDS\t126", "CDS\t103"), "overlap"),
        (lambda t: t.replace("CDS\t126", "CDS\tx"), "whole numbers"),
        (lambda t: t.replace("CDS\t126", "CDS\t131"), "not exceed end"),
        (lambda t: t.replace("Parent=gene:G1", "Parent=gene:G9"), "belongs to no gene"),
        (lambda t: t.replace("Parent=transcript:T2", "Parent=transcript:T9"), "no mRNA line"),
        (lambda t: t.replace("Name=REV", "Name=FWD"), "more than one transcript"),
        (lambda t: t.replace("\tID=CDS:T2", " ID=CDS:T2"), "8 columns"),
        (lambda t: t.replace("CDS", "UTR"), "no coding sequence"),
    ],
)
def test_malformed_gff3_is_one_line_with_its_place(tmp_path, change, message):
    path = write(tmp_path, change(GFF3))
    with pytest.raises(InputError, match=message) as error:
        load_genes(path)
    assert str(path) in error.value.line()


def test_missing_gff3(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_genes(tmp_path / "absent.gff3")
