"""Genetic codes other than the standard one, transcripts that cannot be read, usual names."""

import pysam
import pytest
from cyvcf2 import VCF

from resistpanel.annotate.effect import effect
from resistpanel.annotate.transcript import Transcript
from resistpanel.annotate.vcf import annotate_vcf
from resistpanel.cli import main
from resistpanel.core.sequence import MITOCHONDRIAL, reverse_complement
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.panel.write import gff3_text

FLANK = "ACGTTGCAAC" * 3
#: Codon 3 TGA is tryptophan, codon 4 ATA methionine, AGA and AGG are stops.
MITO = "ATGGCATGAATACTAAAACGATGGCTTAATGCATAA"
#: Codon 4 TGA is selenocysteine.
SELENO = "ATGGCACTGTGAGGCAAACTGTGGCTTAATGCATAA"


def transcript(coding, strand="+", **options):
    bases = FLANK + coding + FLANK
    start = len(FLANK)
    if strand == "-":
        bases = reverse_complement(bases)
    gene = Gene("G", "T", "c", strand, [(start, start + len(coding))], **options)
    return Transcript(gene, lambda _, a, b: bases[max(a, 0) : max(b, 0)])


def named(tx, c, ref, alt):
    """Return the p. name and the first term of a change at coding base `c` (1-based)."""
    start = len(FLANK) + c - 1
    if not tx.forward:
        total = tx.length + 2 * len(FLANK)
        start = total - start - len(ref)
        ref, alt = reverse_complement(ref), reverse_complement(alt)
    assert tx.fetch("c", start, start + len(ref)) == ref
    found = effect(tx, start, ref, alt)
    return found.hgvs_p, found.terms[0]


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize(
    ("c", "ref", "alt", "expected"),
    [
        (9, "A", "G", ("p.Trp3=", "synonymous_variant")),
        (12, "A", "G", ("p.Met4=", "synonymous_variant")),
        (10, "A", "T", ("p.Met4Leu", "missense_variant")),
        (19, "C", "A", ("p.Arg7Ter", "stop_gained")),
        (3, "G", "A", ("p.Met1=", "synonymous_variant")),
        (3, "G", "C", ("p.Met1?", "start_lost")),
    ],
)
def test_mitochondrial_code(strand, c, ref, alt, expected):
    assert named(transcript(MITO, strand, code=MITOCHONDRIAL), c, ref, alt) == expected


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize(
    ("c", "ref", "alt", "expected"),
    [
        (10, "T", "C", ("p.Sec4Arg", "missense_variant")),
        (12, "A", "G", ("p.Sec4Trp", "missense_variant")),
        (12, "A", "C", ("p.Sec4Cys", "missense_variant")),
        (11, "G", "A", ("p.Sec4Ter", "stop_gained")),
        (16, "A", "T", ("p.Lys6Ter", "stop_gained")),
        (6, "A", "ACTT", ("p.Ala2_Leu3insLeu", "inframe_insertion")),
        (5, "C", "", ("p.Ala2AspfsTer?", "frameshift_variant")),
    ],
)
def test_selenocysteine(strand, c, ref, alt, expected):
    low = len(FLANK) + 9
    if strand == "-":
        low = len(FLANK) + len(SELENO) - 12
    tx = transcript(SELENO, strand, selenocysteines=(low,))
    found = named(tx, c, ref, alt)
    if "fs" in expected[0]:
        assert found[0].startswith("p.Ala2AspfsTer") and found[1] == expected[1]
    elif c == 6:
        assert found == ("p.Leu3dup", expected[1])  # Leu before Leu
    else:
        assert found == expected


def test_a_transcript_with_a_stop_inside_is_named_as_not_annotated():
    tx = transcript(SELENO)
    found = effect(tx, len(FLANK) + 16, "A", "C")
    assert (found.hgvs_c, found.hgvs_p) == ("c.17A>C", "p.?")
    assert found.terms == ("coding_sequence_variant",)
    assert found.fault == "1_stops_in_the_coding_sequence"


def two_contigs(tmp_path, gff3):
    """Write a genome with a gene on chr19 and chrM each and contig chr2 without one."""
    fasta = tmp_path / "ref.fa"
    seqs = {"chr2": FLANK * 3, "chr19": FLANK + SELENO + FLANK, "chrM": FLANK + MITO + FLANK}
    fasta.write_text("".join(f">{name}\n{bases}\n" for name, bases in seqs.items()))
    pysam.faidx(str(fasta))
    (tmp_path / "g.gff3").write_text(gff3)
    records = [("chr2", 12, "C", "T"), ("chr19", 40, "T", "C"), ("chrM", 39, "A", "G")]
    text = "##fileformat=VCFv4.3\n"
    text += "".join(f"##contig=<ID={n},length={len(s)}>\n" for n, s in seqs.items())
    text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    for chrom, pos, ref, alt in records:
        assert seqs[chrom][pos - 1] == ref
        text += f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t.\n"
    text += "chr19\t45\t.\tA\t<DEL>\t.\t.\t.\n".replace("\tA\t", f"\t{seqs['chr19'][44]}\t")
    lines = text.splitlines()
    lines = [x for x in lines if x[0] == "#"] + sorted(
        (x for x in lines if x[0] != "#"), key=lambda x: list(seqs).index(x.split("\t")[0])
    )
    (tmp_path / "in.vcf").write_text("\n".join(lines) + "\n")
    words = ["annotate", "--vcf", tmp_path / "in.vcf", "--genes", tmp_path / "g.gff3"]
    words += ["--reference", fasta, "--output", tmp_path / "out.vcf.gz"]
    return main(list(map(str, words))), list(VCF(str(tmp_path / "out.vcf.gz")))


def genes():
    start = len(FLANK)
    return [
        Gene("GPX4", "ENST1", "chr19", "+", [(start, start + 36)], 0, "7", "NM_1.2", 1, (39,)),
        Gene("MT-ND5", "ENST2", "chrM", "+", [(start, start + 36)], code=MITOCHONDRIAL),
    ]


def test_no_record_ends_the_stage(tmp_path, capsys):
    """A contig without a gene, selenocysteine, the mitochondrion, a symbolic allele."""
    status, found = two_contigs(tmp_path, gff3_text(genes(), "hg38"))
    assert status == 0 and capsys.readouterr().err == ""
    names = [
        (v.CHROM, v.INFO.get("TRANSCRIPT"), v.INFO.get("HGVSP"), v.INFO.get("NOT_ANNOTATED"))
        for v in found
    ]
    assert names == [
        ("chr2", None, None, "no_gene"),
        ("chr19", "ENST1.7", "p.Sec4Arg", None),
        ("chr19", "ENST1.7", "p.?", None),
        ("chrM", "ENST2", "p.Trp3%3D", None),
    ]
    assert found[1].INFO.get("REFSEQ") == "NM_1.2"
    assert all(v.INFO.get("BCSQ") is None for v in found)


def test_what_csq_refuses_is_annotated_without_it(make_gene, write_genome, tmp_path, capsys):
    """A phase that does not go with the exons' lengths."""
    small = make_gene(exons=(31, 30, 32))
    fasta, gff3 = write_genome(small, tmp_path)
    gff3.write_text(gff3.read_text().replace("\t2\tID=CDS", "\t1\tID=CDS"))
    pos = small.gene.position(5)
    ref, alt = small.bases[pos], {"A": "C"}.get(small.bases[pos], "A")
    text = f"##fileformat=VCFv4.3\n##contig=<ID=1,length={len(small.bases)}>\n"
    text += f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t{pos + 1}\t.\t{ref}\t{alt}"
    (tmp_path / "in.vcf").write_text(text + "\t.\t.\t.\n")
    annotate_vcf(tmp_path / "in.vcf", gff3, fasta, tmp_path / "out.vcf.gz")
    assert "bcftools csq failed" in capsys.readouterr().err
    (found,) = VCF(str(tmp_path / "out.vcf.gz"))
    assert found.INFO.get("HGVSC") == f"c.5{ref}>{alt}"
    assert found.INFO.get("HGVSP").startswith("p.")


def test_the_panels_gff3_keeps_code_selenocysteine_version_and_refseq(tmp_path):
    (tmp_path / "g.gff3").write_text(gff3_text(genes(), "hg38"))
    assert list(load_genes(tmp_path / "g.gff3").values()) == genes()


def met():
    """Return a gene of 14 coding exons, the 13th of 141 bases as in MET, and its sequence."""
    codons = "GCT" * 13
    parts = ["ATG" + codons] + ["GCTGAC" * 5] * 11 + ["GCT" * 46 + "GAC", "GCTTAA"]
    bases, spans = FLANK, []
    for number, part in enumerate(parts):
        bases += "GTAAGTCCTTCCTTCCTTAG" if number else ""
        spans.append((len(bases), len(bases) + len(part)))
        bases += part
    bases += FLANK
    return Transcript(
        Gene("MET", "T", "c", "+", spans), lambda _, a, b: bases[max(a, 0) : max(b, 0)]
    )


@pytest.mark.parametrize(
    ("exon", "at", "size", "alt", "expected"),
    [
        (13, ("end", 0), 1, "A", "exon 14 skipping"),
        (13, ("end", 1), 1, "C", "exon 14 skipping"),
        (13, ("end", -1), 1, "T", "exon 14 skipping"),  # D1010
        (13, ("start", -2), 1, "G", "exon 14 skipping"),
        (13, ("start", -10), 12, "", "exon 14 skipping"),
        (13, ("start", -15), 160, "", "exon 14 skipping"),
        (13, ("end", -2), 1, "G", ""),
        (12, ("end", 0), 1, "A", "splice donor"),
        (14, ("start", -1), 1, "A", "splice acceptor"),
        (13, ("start", -5), 1, "A", ""),
    ],
)
def test_met_exon_14_skipping_is_named(exon, at, size, alt, expected):
    tx = met()
    span = tx.gene.cds[exon - 1]
    start = (span[1] if at[0] == "end" else span[0]) + at[1]
    ref = tx.fetch("c", start - 1, start + size)
    name = effect(tx, start - 1, ref, ref[0] + alt).name
    assert name.startswith(expected) and bool(name) == bool(expected)


@pytest.mark.parametrize(
    ("offset", "ref", "alt", "expected"),
    [
        (124, "C", "T", "promoter C228T (c.-124C>T)"),
        (146, "C", "T", "promoter C250T (c.-146C>T)"),
        (125, "CC", "TT", "promoter CC228TT (c.-125_-124delinsTT)"),
        (130, "C", "T", ""),
    ],
)
def test_tert_promoter_hotspots_are_named(offset, ref, alt, expected):
    bases = "C" * 200 + "ATGGCATAA" + "G" * 30
    gene = Gene("TERT", "T", "c", "-", [(30, 39)])
    genome = reverse_complement(bases)
    tx = Transcript(gene, lambda _, a, b: genome[max(a, 0) : max(b, 0)])
    start = 39 + offset - len(ref)
    ref, alt = reverse_complement(ref), reverse_complement(alt)
    assert effect(tx, start, ref, alt).name == expected
