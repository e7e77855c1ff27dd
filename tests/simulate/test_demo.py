"""The demo patient: the paper's Table 1, on a genome with the true codons."""

import csv

import pysam
import pysam.bcftools
import pytest

from resistpanel.core.files import HOME
from resistpanel.core.intervals import read_targets
from resistpanel.core.sequence import COMPLEMENT, GENETIC_CODE
from resistpanel.inputs.simulated_patient import load_patient
from resistpanel.panel.genes import load_genes
from resistpanel.testing.codons import read_codons
from resistpanel.testing.simulate import simulate

DEMO = HOME / "resources" / "demo"
PANEL = HOME / "panels" / "cancer138"


@pytest.fixture(scope="module")
def genes():
    return load_genes(PANEL / "hg19.gff3")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    simulate(DEMO / "patient.yaml", folder, depth=3)
    return folder


@pytest.fixture(scope="module")
def table1():
    with (DEMO / "table1.tsv").open() as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def consequences(demo, folder, variants):
    """Return bcftools csq's BCSQ of (chrom, pos, ref, alt), in the order given."""
    with pysam.FastaFile(str(demo / "genome.fa.gz")) as fasta:
        contigs = dict(zip(fasta.references, fasta.lengths, strict=True))
    order = list(contigs)
    lines = ["##fileformat=VCFv4.2"]
    lines += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for number, (chrom, pos, ref, alt) in sorted(
        enumerate(variants), key=lambda item: (order.index(item[1][0]), item[1][1])
    ):
        lines.append(f"{chrom}\t{pos}\t{number}\t{ref}\t{alt}\t.\t.\t.")
    vcf = folder / "x.vcf"
    vcf.write_text("\n".join(lines) + "\n")
    words = ["-f", str(demo / "genome.fa.gz"), "-g", str(PANEL / "hg19.gff3"), "-l", str(vcf)]
    text = pysam.bcftools.csq(*words)
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            fields = line.split("\t")
            found[int(fields[2])] = fields[7].removeprefix("BCSQ=")
    return [found[number] for number in range(len(variants))]


def test_patient_is_table_1(table1):
    patient, _ = load_patient(DEMO / "patient.yaml")
    listed = {(row["chrom"], row["pos"], row["ref"], row["alt"]): row for row in patient["somatic"]}
    assert len(listed) == len(table1) == 14
    for row in table1:
        mine = listed[row["hg19_chrom"], int(row["hg19_pos"]), row["ref"], row["alt"]]
        assert mine["gene"] == row["gene"]
        assert mine["note"] == row["protein_canonical"]
        assert mine["af"]["plx4032_resistant"] == pytest.approx(int(row["af_printed"]) / 100)
        before = mine["af"].get("pre_treatment")
        assert before == (None if row["pre_printed"] == "WT" else mine["af"]["plx4032_resistant"])
    phases = [row["gene"] for row in patient["somatic"] if row.get("phase")]
    assert phases == ["TERT", "TERT"]
    assert patient["samples"][2]["drugs"] == ["PLX4032"]


def test_every_gene_and_every_needed_exon_is_simulated(demo, genes, table1):
    targets = read_targets(demo / "targets.bed")
    assert {target.gene for target in targets} == set(genes)
    assert set(targets) <= set(read_targets(PANEL / "hg19.bed"))
    assert 40_000 <= sum(target.length for target in targets) <= 60_000
    needed = {(c.chrom, pos) for c in read_codons(DEMO / "codons.tsv") for pos in c.pos}
    needed |= {(row["hg19_chrom"], int(row["hg19_pos"]) - 1) for row in table1}
    needed |= {("chr5", 1295227), ("chr5", 1295249)}
    for chrom, pos in needed:
        assert any(t.chrom == chrom and t.start <= pos < t.end for t in targets), (chrom, pos)


def test_genome_holds_every_known_codon_and_no_stop(demo, genes):
    with pysam.FastaFile(str(demo / "genome.fa.gz")) as fasta:

        def codon(gene, residue):
            bases = [fasta.fetch(gene.chrom, pos, pos + 1) for pos in gene.codon(residue)]
            return "".join(b if gene.strand == "+" else COMPLEMENT[b] for b in bases)

        for known in read_codons(DEMO / "codons.tsv"):
            assert codon(genes[known.gene], known.residue) == known.codon
        assert fasta.fetch("chr5", 1295227, 1295228) == "G"
        assert fasta.fetch("chr5", 1295249, 1295250) == "G"
        whole = split = 0
        for target in read_targets(demo / "targets.bed"):
            gene = genes[target.gene]
            if "promoter" in target.name:
                continue
            residues = {gene.residue(pos)[0] for pos in range(target.start, target.end)}
            for residue in residues:
                made = codon(gene, residue)
                if "N" in made:
                    split += 1  # its other part is in an exon that is not simulated
                    continue
                whole += 1
                assert (GENETIC_CODE[made] == "*") == (residue == gene.residues), (
                    gene.symbol,
                    residue,
                )
        assert whole > 15_000
        assert split < 0.05 * whole


def test_csq_gives_table_1s_proteins(demo, tmp_path, table1):
    rows = [(r["hg19_chrom"], int(r["hg19_pos"]), r["ref"], r["alt"]) for r in table1]
    found = consequences(demo, tmp_path, rows)
    for row, text in zip(table1, found, strict=True):
        kind, gene, transcript, _, _, change, _ = text.split("|")
        assert (kind, gene, transcript) == (row["type"].lower(), row["gene"], row["transcript"])
        before, _, after = change.partition(">")
        expected = row["protein_canonical"].removeprefix("p.")
        assert before == expected[1:-1] + expected[0]
        assert (after or before)[-1] == expected[-1]
    # Adjacent bases of one record change both codons.
    (both,) = consequences(demo, tmp_path, [("chr5", 1278863, "CC", "TT")])
    assert "726TE>726TK" in both


def test_csq_numbers_every_known_codon_as_the_catalogue_does(demo, genes, tmp_path):
    codons = read_codons(DEMO / "codons.tsv")
    variants = []
    for known in codons:
        forward = genes[known.gene].strand == "+"
        base = known.codon[1] if forward else COMPLEMENT[known.codon[1]]
        alt = {"A": "C", "C": "A", "G": "C", "T": "A"}[base]
        variants.append((known.chrom, known.pos[1] + 1, base, alt))
    for known, text in zip(codons, consequences(demo, tmp_path, variants), strict=True):
        assert f"|{known.residue}{known.aa}" in text, (known, text)
