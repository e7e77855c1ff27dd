"""The coding sequences of the panel translate, where a reference sequence is at hand.

The sequences are test data outside of the repository: published coding sequences of hg19, and
windows of hg38. Genes without either are checked by length and by hotspots alone
(test_resistance.py, tests/catalog/test_residues.py).
"""

import csv
import gzip
import json
from functools import cache

import pysam
import pytest

from resistpanel.catalog.identifiers import accession, known_proteins
from resistpanel.core.files import HOME
from resistpanel.core.sequence import GENETIC_CODE, reverse_complement, translate
from resistpanel.panel.genes import Gene, load_genes

PANEL = HOME / "panels" / "resistance"
SHARED = HOME.parent / "shared"
CODING = SHARED / "facts" / "refcds138_hg19.json.gz"
#: Genes whose coding exons are all in the windows.
IN_WINDOWS = {
    "ARID1A", "BRCA1", "BRCA2", "EGFR", "KIT", "MTOR", "PDGFRA", "PIK3R1", "RAF1", "TERT", "TET2",
    "VHL",
}  # fmt: skip
WINDOWS = SHARED / "real" / "hg38_windows" / "windows.fa.gz"


@cache
def residues() -> dict[str, int]:
    with (PANEL / "genes.tsv").open() as lines:
        return {r["gene"]: int(r["residues"]) for r in csv.DictReader(lines, delimiter="\t")}


def protein(sequence: str) -> str:
    return "".join(GENETIC_CODE[sequence[i : i + 3]] for i in range(0, len(sequence), 3))


def spliced(gene: Gene, fasta: pysam.FastaFile) -> str | None:
    """Return the coding sequence, None where an exon is outside the windows."""
    parts = []
    for start, end in gene.cds:
        for contig in fasta.references:
            chrom, _, place = contig.rpartition(":")
            first, last = map(int, place.split("-"))
            if chrom == gene.chrom and first <= start + 1 and end <= last:
                parts.append(fasta.fetch(contig, start + 1 - first, end + 1 - first).upper())
                break
        else:
            return None
    whole = "".join(parts)
    return whole if gene.strand == "+" else reverse_complement(whole)


def is_open(text: str, gene: str) -> bool:
    """Whether a protein starts, ends at its first stop, and has the length of the panel's table."""
    return text[0] == "M" and text.index("*") == len(text) - 1 == residues()[gene]


@pytest.mark.skipif(not CODING.exists(), reason=f"{CODING} is absent")
def test_coding_sequences_of_hg19_translate():
    with gzip.open(CODING, "rt") as handle:
        published = json.load(handle)["genes"]
    genes = load_genes(PANEL / "hg19.gff3")
    exact = {name for name, entry in published.items() if entry["seq_status"] == "exact"}
    for name in exact:
        sequence = published[name]["seq_cds"]
        assert len(sequence) == genes[name].length, name
        assert is_open(protein(sequence), name), name
    assert len(exact) == 49


@pytest.mark.skipif(not CODING.exists(), reason=f"{CODING} is absent")
def test_clones_are_as_long_as_the_coding_sequence():
    """Of further genes a clone's sequence is at hand; two proteins are known by their accession."""
    with gzip.open(CODING, "rt") as handle:
        published = json.load(handle)["genes"]
    genes = load_genes(PANEL / "hg19.gff3")
    clones = {n for n, entry in published.items() if entry["seq_status"] in ("near", "orf_only")}
    assert len(clones) == 17
    found = {}
    for name in clones:
        # Clones for expression have no stop codon: NNN in its place.
        found[name] = translate(published[name]["seq_cds"]).removesuffix("X").removesuffix("*")
        assert not set(found[name]) & set("*X") and found[name][0] == "M", name
        assert len(found[name]) == residues()[name] == genes[name].residues - 1, name
    known = {name: one.refget for name, one in known_proteins().items() if name in clones}
    assert known == {name: accession(found[name]) for name in ("ABL1", "RET")}


@pytest.mark.skipif(not WINDOWS.exists(), reason=f"{WINDOWS} is absent")
@pytest.mark.parametrize(
    ("build", "windows", "genes", "exons"),
    [
        ("hg38", "hg38_windows/windows.fa.gz", 12, 255),
        # Reference bases between which every one is covered by reads.
        ("hg19", "colo829/GRCh37.windows.fa.gz", 5, 5),
        ("hg19", "seracare/GRCh37.windows.fa.gz", 5, 5),
    ],
)
def test_exons_are_open_and_between_splice_sites(build, windows, genes, exons):
    """Every exon at hand: its frame, start and stop, AG before it and GT or GC after it."""
    seen = []
    with pysam.FastaFile(str(SHARED / "real" / windows)) as fasta:
        for name, gene in load_genes(PANEL / f"{build}.gff3").items():
            before = 0
            for number, (start, end) in enumerate(gene.coding_order):
                bases = around(gene, start, end, fasta)
                first, last = number == 0, number == len(gene.cds) - 1
                phase, before = -before % 3, before + end - start
                if not bases or "N" in bases[2:-2]:
                    continue
                seen.append(name)
                inside = bases[2:-2][phase:]
                text = protein(inside[: len(inside) // 3 * 3])
                assert "*" not in text.removesuffix("*" if last else "-"), (name, number)
                assert not first or text.startswith("M")
                assert not last or text.endswith("*")
                assert first or bases[:2] in ("AG", "NN"), (name, number)
                assert last or bases[-2:] in ("GT", "GC", "NN"), (name, number)
    assert (len(set(seen)), len(seen)) == (genes, exons)


def around(gene: Gene, start: int, end: int, fasta: pysam.FastaFile) -> str | None:
    """Return an exon with two bases on either side, on its strand; None outside the windows."""
    for contig in fasta.references:
        chrom, _, place = contig.rpartition(":")
        first, last = 1, fasta.get_reference_length(contig)
        if chrom:
            first, last = map(int, place.split("-"))
        if (chrom or f"chr{contig}") == gene.chrom and first <= start - 1 and end + 2 <= last:
            bases = fasta.fetch(contig, start - 1 - first, end + 3 - first).upper()
            return bases if gene.strand == "+" else reverse_complement(bases)
    return None


@pytest.mark.skipif(
    not (WINDOWS.exists() and CODING.exists()), reason=f"{WINDOWS} or {CODING} is absent"
)
def test_coding_sequences_of_hg38_translate_to_the_same_proteins():
    with gzip.open(CODING, "rt") as handle:
        published = json.load(handle)["genes"]
    found = {}
    with pysam.FastaFile(str(WINDOWS)) as fasta:
        for name, gene in load_genes(PANEL / "hg38.gff3").items():
            if (sequence := spliced(gene, fasta)) is not None:
                found[name] = protein(sequence)
    assert found.keys() == IN_WINDOWS
    for name, text in found.items():
        assert is_open(text, name), name
        if name in published and published[name]["seq_status"] == "exact":
            assert text == protein(published[name]["seq_cds"]), name
