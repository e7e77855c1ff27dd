"""The catalogue's alleles on a genome."""

from pathlib import Path

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.sites import (
    Site,
    Targets,
    all_rows,
    allele,
    codon_changes,
    find_sites,
    reference_codon,
    reference_residues,
    write_sites,
)
from resistpanel.catalog.table import COLUMNS, load_catalog, read_rows
from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.panel.genes import Gene, load_genes

GFF3 = HOME / "panels" / "cancer138" / "hg19.gff3"


class SparseReference:
    """A reference of N with a few known bases, for coordinates of whole chromosomes."""

    filename = b"sparse.fa"

    def __init__(self, bases: dict[str, dict[int, str]]):
        self.bases = bases
        self.references = list(bases)
        self.lengths = [250_000_000] * len(bases)

    def fetch(self, chrom, start, end):
        return "".join(self.bases[chrom].get(pos, "N") for pos in range(start, end))


def rows_of(tmp_path, *lines: str):
    """Read catalogue rows given as `id gene alteration match_level` (blank-separated)."""
    path = tmp_path / "rows.tsv"
    text = ["\t".join(COLUMNS)]
    for line in lines:
        identifier, gene, alteration, level = line.split()
        kind = "amplification" if alteration == "amplification" else "substitution"
        cells = [identifier, gene, kind, alteration, level, "vemurafenib", "", "melanoma"]
        cells += ["other", "resistance", "in vitro", "", "a source", "", ""]
        text.append("\t".join(cells))
    path.write_text("\n".join(text) + "\n")
    return read_rows(path, load_drugs())


@pytest.fixture(scope="module")
def genes():
    return load_genes(GFF3)


@pytest.fixture
def true_codons(genes):
    """A reference that knows V600 (GTG) of BRAF, C121 (TGC) of MAP2K1 and Q61 (CAA) of NRAS."""
    bases: dict[str, dict[int, str]] = {}
    for symbol, residue, codon in (
        ("BRAF", 600, "GTG"),
        ("MAP2K1", 121, "TGC"),
        ("NRAS", 61, "CAA"),
    ):
        gene = genes[symbol]
        complement = str.maketrans("ACGT", "TGCA") if gene.strand == "-" else {}
        for pos, base in zip(gene.codon(residue), codon, strict=True):
            bases.setdefault(gene.chrom, {})[pos] = base.translate(complement)
    return SparseReference(bases)


def alleles(sites):
    return [(s.chrom, s.pos + 1, s.ref, s.alt, s.protein) for s in sites]


def test_the_alleles_of_the_paper(tmp_path, genes, true_codons):
    rows = rows_of(tmp_path, "a MAP2K1 C121S exact", "b BRAF V600E exact", "c NRAS Q61K exact")
    sites, skipped = find_sites(rows, genes, true_codons)
    assert set(alleles(sites)) == {
        ("chr15", 66729153, "T", "A", "C121S"),
        ("chr15", 66729154, "G", "C", "C121S"),
        ("chr7", 140453136, "A", "T", "V600E"),
        ("chr1", 115256530, "G", "T", "Q61K"),
    }
    assert skipped.lines() == []


def test_two_bases_only_where_one_does_not_do(tmp_path, genes, true_codons):
    """V600K needs two bases: GTG to AAG; V600E is left at its single base."""
    sites, _ = find_sites(rows_of(tmp_path, "a BRAF V600K exact"), genes, true_codons)
    assert alleles(sites) == [("chr7", 140453136, "AC", "TT", "V600K")]


def test_a_codon_row_gives_every_nonsynonymous_snv(tmp_path, genes, true_codons):
    sites, _ = find_sites(rows_of(tmp_path, "a MAP2K1 C121 codon"), genes, true_codons)
    assert {site.protein for site in sites} == {
        "C121S", "C121R", "C121G", "C121Y", "C121F", "C121W", "C121*",
    }  # fmt: skip
    assert len(sites) == 8  # nine SNVs, of which TGT is synonymous
    assert all(len(site.ref) == 1 for site in sites)


def test_one_site_per_allele_with_the_ids_of_all_rows(tmp_path, genes, true_codons):
    rows = rows_of(tmp_path, "a MAP2K1 C121S exact", "b MAP2K1 C121 codon", "c MAP2K1 C121S exact")
    sites, _ = find_sites(rows, genes, true_codons)
    by_allele = {(s.pos + 1, s.alt): s.ids for s in sites}
    assert by_allele[66729154, "C"] == ("a", "b", "c")
    assert by_allele[66729154, "A"] == ("b",)
    assert len(by_allele) == len(sites)


def test_unknown_sequence_is_skipped_and_counted(tmp_path, genes, true_codons):
    rows = rows_of(tmp_path, "a MAP2K1 P124L exact", "b MAP2K1 C121S exact", "c XYZ1 A1V exact")
    sites, skipped = find_sites(rows, genes, true_codons)
    assert {site.protein for site in sites} == {"C121S"}
    assert skipped.lines() == [
        "1 row without a site (gene not among the panel's genes): c",
        "1 row without a site (reference is N there): a",
    ]


def test_a_wrong_reference_residue_names_the_row(tmp_path, genes, true_codons):
    rows = rows_of(tmp_path, "ok MAP2K1 C121S exact", "wrong MAP2K1 G121S exact")
    with pytest.raises(InputError) as caught:
        find_sites(rows, genes, true_codons)
    (line,) = caught.value.lines()
    assert line.startswith(f"{tmp_path / 'rows.tsv'}:3: row 'wrong' expects G at residue 121")
    assert "codon TGC of ENST00000307102 in the reference codes for C" in line


def test_a_residue_beyond_the_protein_names_the_row(tmp_path, genes, true_codons):
    with pytest.raises(InputError, match="speaks of residue 9999, but MAP2K1"):
        find_sites(rows_of(tmp_path, "far MAP2K1 C9999S exact"), genes, true_codons)


def test_a_contig_that_the_reference_lacks_is_named(tmp_path, genes):
    reference = SparseReference({"15": {}})
    with pytest.raises(InputError, match=r"contig 'chr15' of gene MAP2K1 .* panel adapt"):
        find_sites(rows_of(tmp_path, "a MAP2K1 C121S exact"), genes, reference)


def test_amplifications_and_ranges_have_no_site(tmp_path, genes, true_codons):
    sites, skipped = find_sites(rows_of(tmp_path, "a BRAF amplification gene"), genes, true_codons)
    assert sites == []
    assert skipped.lines() == []


def test_targets_leave_out_what_lies_outside(tmp_path, genes, true_codons):
    bed = tmp_path / "targets.bed"
    bed.write_text("# a comment\nchr15\t66729152\t66729153\nchr7\t140453135\t140453136\n")
    rows = rows_of(tmp_path, "a MAP2K1 C121S exact", "b BRAF V600E exact", "c BRAF V600K exact")
    sites, skipped = find_sites(rows, genes, true_codons, Targets(bed))
    assert {(s.protein, s.pos + 1) for s in sites} == {("C121S", 66729153), ("V600E", 140453136)}
    assert skipped.outside_targets == 2  # C121S by its second base, V600K


def test_a_codon_across_an_intron():
    """Bases 1 and 2 of the codon end one exon, base 3 begins the next."""
    gene = Gene("G", "T", "c", "+", [(10, 15), (20, 30)])
    positions = gene.codon(2)
    assert positions == (13, 14, 20)
    assert allele("ATG", "GTG", positions, "+") == (13, "A", "G")
    assert allele("ATG", "CAG", positions, "+") == (13, "AT", "CA")
    assert allele("ATG", "ATA", positions, "+") == (20, "G", "A")
    assert allele("ATG", "ACA", positions, "+") is None


def test_a_change_of_the_outer_bases_keeps_the_one_between():
    assert allele("CAA", "GAT", (5, 6, 7), "+") == (5, "CAA", "GAT")
    assert allele("CAA", "GAT", (7, 6, 5), "-") == (5, "TTG", "ATC")


codons = st.sampled_from(sorted(GENETIC_CODE))


@given(codon=codons, residue=st.sampled_from([*"ACDEFGHIKLMNPQRSTVWY*", None]))
def test_changed_codons_code_for_what_was_asked(codon, residue):
    others = codon_changes(codon, residue)
    distances = {sum(a != b for a, b in zip(codon, o, strict=True)) for o in others}
    assert len(distances) <= 1  # never SNVs and two-base changes together
    assert distances <= ({1} if residue is None else {1, 2})
    for other in others:
        assert (
            GENETIC_CODE[other] == residue
            if residue
            else GENETIC_CODE[other] != GENETIC_CODE[codon]
        )


@given(
    codon=codons,
    other=codons,
    start=st.integers(1, 40),
    gaps=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    minus=st.booleans(),
)
def test_putting_the_allele_into_the_genome_gives_the_codon(codon, other, start, gaps, minus):
    """Write the reference codon into a genome, apply the allele, read the codon back."""
    if codon == other:
        return
    positions = [start, start + gaps[0], start + gaps[0] + gaps[1]]
    if minus:
        positions.reverse()
    flip = str.maketrans("ACGT", "TGCA") if minus else {}
    genome = ["T"] * 60
    for pos, base in zip(positions, codon, strict=True):
        genome[pos] = base.translate(flip)
    change = allele(codon, other, positions, "-" if minus else "+")
    if change is None:
        assert max(gaps) > 1
        return
    pos, ref, alt = change
    assert "".join(genome[pos : pos + len(ref)]) == ref
    assert ref[0] != alt[0]
    assert ref[-1] != alt[-1]
    genome[pos : pos + len(ref)] = alt
    assert "".join(genome[pos].translate(flip) for pos in positions) == other


@pytest.fixture
def small(tmp_path):
    """A genome of one contig with MAP2K1 reduced to `M C P` on the reverse strand."""
    fasta = tmp_path / "small.fa"
    coding = "ATGTGCCCCTAA"
    reverse = coding[::-1].translate(str.maketrans("ACGT", "TGCA"))
    fasta.write_text(">z\nAAAAA\n>chr15\nAAAAA" + reverse + "AAAAA\n")
    pysam.faidx(str(fasta))
    gff3 = tmp_path / "small.gff3"
    gff3.write_text(
        "##gff-version 3\n"
        "chr15\t.\tgene\t6\t17\t.\t-\t.\tID=gene:G;Name=MAP2K1\n"
        "chr15\t.\tmRNA\t6\t17\t.\t-\t.\tID=transcript:T;Parent=gene:G\n"
        "chr15\t.\tCDS\t6\t17\t.\t-\t0\tID=CDS:T;Parent=transcript:T\n"
    )
    bed = tmp_path / "small.bed"
    bed.write_text("chr15\t5\t17\n")
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "drugs.tsv").write_text((HOME / "resources/catalog/drugs.tsv").read_text())
    (catalog / "drivers.tsv").write_text("\t".join(load_header("drivers.tsv")) + "\n")
    text = (HOME / "resources/catalog/resistance.tsv").read_text().splitlines()
    row = next(line for line in text if line.startswith("MAP2K1-C121S-vemurafenib\t"))
    (catalog / "resistance.tsv").write_text(
        text[0] + "\n" + row.replace("\tC121S\t", "\tC2S\t") + "\n"
    )
    return tmp_path


def load_header(name: str) -> list[str]:
    return (HOME / "resources" / "catalog" / name).read_text().splitlines()[0].split("\t")


def run_sites(folder: Path, *more: str) -> int:
    return main(
        [
            "catalog", "sites", "--genes", str(folder / "small.gff3"),
            "--reference", str(folder / "small.fa"), "--catalog", str(folder / "catalog"),
            "--targets", str(folder / "small.bed"), "--output", str(folder / "sites.vcf"), *more,
        ]
    )  # fmt: skip


def test_the_command_writes_a_vcf_that_htslib_reads(small, capsys):
    assert run_sites(small) == 0
    with pysam.VariantFile(str(small / "sites.vcf")) as vcf:
        records = [(r.chrom, r.pos, r.id, r.ref, r.alts, dict(r.info)) for r in vcf]
    name = "MAP2K1-C121S-vemurafenib"
    info = {"GENE": "MAP2K1", "PROTEIN": "C2S"}
    # Codon TGC at 12-14, read downwards: C2S by TCC (13) or AGC (14).
    assert records == [
        ("chr15", 13, name, "C", ("G",), info),
        ("chr15", 14, name, "A", ("T",), info),
    ]
    assert "2 alleles written" in capsys.readouterr().err


def test_a_user_row_replaces_by_id_and_adds(small, capsys):
    lines = (small / "catalog" / "resistance.tsv").read_text().splitlines()
    user = small / "user.tsv"
    mine = lines[1].replace("\tC2S\t", "\tC2Y\t")
    added = lines[1].replace("MAP2K1-C121S-vemurafenib", "mine").replace("\tC2S\t", "\tP3L\t")
    user.write_text("\n".join([lines[0], mine, added]) + "\n")
    assert run_sites(small, "--user", str(user)) == 0
    with pysam.VariantFile(str(small / "sites.vcf")) as vcf:
        assert [(r.id, r.info["PROTEIN"]) for r in vcf] == [
            ("mine", "P3L"),
            ("MAP2K1-C121S-vemurafenib", "C2Y"),
        ]


def test_a_disagreement_exits_2_and_writes_nothing(small, capsys):
    table = small / "catalog" / "resistance.tsv"
    table.write_text(table.read_text().replace("\tC2S\t", "\tW2S\t"))
    assert run_sites(small) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "row 'MAP2K1-C121S-vemurafenib' expects W at residue 2 of MAP2K1" in error
    assert not (small / "sites.vcf").exists()


def test_a_reference_without_index_exits_2(small, capsys):
    (small / "small.fa.fai").unlink()
    assert run_sites(small) == 2
    assert "no .fai next to the reference; run `samtools faidx" in capsys.readouterr().err


def test_an_empty_list_is_a_valid_vcf(small):
    path = small / "empty.vcf"
    with pysam.FastaFile(str(small / "small.fa")) as reference:
        write_sites(path, [], reference)
        write_sites(
            small / "one.vcf", [Site("chr15", 5, "A", "C", "G", "A1C", ("x", "y"))], reference
        )
    with pysam.VariantFile(str(path)) as vcf:
        assert list(vcf) == []
    with pysam.VariantFile(str(small / "one.vcf")) as vcf:
        assert next(vcf).id == "x;y"


def test_every_shipped_row_can_be_placed(genes):
    """On a genome that carries the claimed residues, every substitution row gives a site."""
    catalog = load_catalog()
    rows = all_rows(catalog, load_drivers())
    by_residue = {residue: codon for codon, residue in GENETIC_CODE.items()}
    bases: dict[str, dict[int, str]] = {}
    for (symbol, number), residue in reference_residues(rows).items():
        gene = genes.get(symbol)
        if gene is None:
            continue
        complement = str.maketrans("ACGT", "TGCA") if gene.strand == "-" else {}
        for pos, base in zip(gene.codon(number), by_residue[residue], strict=True):
            bases.setdefault(gene.chrom, {})[pos] = base.translate(complement)
    reference = SparseReference(bases)
    sites, skipped = find_sites(rows, genes, reference)
    assert len(sites) > 200
    assert {identifier.split("-")[0] for identifier in skipped.unknown_gene} == {
        "BAX", "BCL2", "BTK", "CD38", "CRBN", "EPAS1", "PIK3CB", "PIK3R2", "PLCG2", "PML", "PREX2",
        "PRPS1", "RAC1", "ROS1", "TACSTD2", "TNFRSF17", "TOP1", "XPO1",
    }  # fmt: skip
    assert not skipped.reference_n
    for site in sites:
        assert set(site.ids) <= {row.id for row in rows}
    gene = genes["MAP2K1"]
    assert GENETIC_CODE[reference_codon(reference, gene, gene.codon(121))] == "C"
