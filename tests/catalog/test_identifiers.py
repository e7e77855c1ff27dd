"""GA4GH VRS identifiers of the catalogue's rows."""

import csv

import pysam
import pytest

from resistpanel.catalog.drugs import CATALOG
from resistpanel.catalog.identifiers import (
    FRAMESHIFT,
    NO_CHANGE,
    NO_SEQUENCE,
    OTHER_PROTEIN,
    Protein,
    accession,
    known_proteins,
    protein_allele,
    translated,
)
from resistpanel.catalog.protein import parse
from resistpanel.cli import main
from resistpanel.core.files import HOME
from resistpanel.core.reference import Reference
from resistpanel.core.sequence import reverse_complement
from resistpanel.core.vrs import VrsAllele
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.panel.write import gff3_text

#: M, A repeated, a stop.
SEQUENCE = "MKAAAWCT"
PROTEIN = Protein("TX1", accession(SEQUENCE), SEQUENCE)


def listed(capsys, *arguments) -> dict[str, dict]:
    assert main(["catalog", "identifiers", *arguments]) == 0
    rows = csv.DictReader(capsys.readouterr().out.splitlines(), delimiter="\t")
    return {row["id"]: row for row in rows}


def test_identifiers_of_the_catalogue(capsys):
    found = listed(capsys)
    # BRAF V600E of NP_004324.2, as VICC's variation normalizer has it.
    expected = "ga4gh:VA.j4XnsLZcdzDIYa5pvvXM7t1wn9OITr0L"
    assert found["BRAF-V600E-anti-EGFR"]["vrs_allele_id"] == expected
    assert found["driver-BRAF-V600E-RAF"]["vrs_allele_id"] == expected
    # A codon is no single change; every row has an identifier or a reason.
    assert found["BRAF-V600-anti-EGFR"]["without"] == NO_CHANGE
    assert all(bool(row["vrs_allele_id"]) != bool(row["without"]) for row in found.values())
    same = {}
    for row in found.values():
        if row["vrs_allele_id"]:
            same.setdefault(row["vrs_allele_id"], set()).add((row["gene"], row["alteration"]))
    assert len(same) > 150 and all(len(changes) == 1 for changes in same.values())


def test_the_proteins_are_of_the_panels_transcripts():
    genes = load_genes(HOME / "panels/cancer138/hg19.gff3")
    known = known_proteins()
    assert len(known) > 45
    assert all(genes[gene].transcript == one.transcript for gene, one in known.items())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C7Y", (6, 7, "Y", None, None)),
        ("W6*", (5, 6, "*", None, None)),
        # One of three alanines, whichever is named.
        ("A3del", (2, 5, None, 2, 1)), ("A5del", (2, 5, None, 2, 1)),
        ("A3_A4del", (2, 5, None, 1, 2)),
        ("A5dup", (2, 5, None, 4, 1)), ("A3_A4dup", (2, 5, None, 5, 2)),
        ("A5_W6insA", (2, 5, None, 4, 1)),
        ("K2_A3insGG", (2, 2, "GG", None, None)),
        ("W6_C7delinsR", (5, 7, "R", None, None)),
        ("C7fs", FRAMESHIFT), ("C6Y", OTHER_PROTEIN), ("A4_C8del", OTHER_PROTEIN),
        ("C7=", NO_CHANGE), ("M1V", NO_CHANGE),
    ],
)  # fmt: skip
def test_protein_changes(text, expected):
    found = protein_allele(parse(text), PROTEIN)
    if isinstance(expected, str):
        assert found == expected
        return
    assert isinstance(found, VrsAllele) and found.sequence == accession(SEQUENCE)
    assert (found.start, found.end, found.literal, found.length, found.unit) == expected


def test_an_accession_alone_gives_substitutions_only():
    alone = Protein("TX1", PROTEIN.refget)
    assert protein_allele(parse("C7Y"), alone) == protein_allele(parse("C7Y"), PROTEIN)
    assert protein_allele(parse("A3del"), alone) == NO_SEQUENCE


def test_proteins_of_a_panel_are_translated(tmp_path):
    """Both strands, an intron, selenocysteine; none of what has no start, a stop or an N inside."""
    coding = {
        "plus": "ATGAAATGGTGA", "sec": "ATGTGATGGTAA", "stop": "ATGTAATGGTAA",
        "none": "CTGAAATGGTAA", "open": "ATGAAATGGAAA", "n": "ATGANATGGTAA",
    }  # fmt: skip
    path = tmp_path / "ref.fa"
    # The intron is between the second and the third codon.
    contigs = {name: f"CC{bases[:6]}GTTT{bases[6:]}CC" for name, bases in coding.items()}
    for name in ("plus", "sec"):
        contigs[f"{name}-minus"] = reverse_complement(contigs[name])
    path.write_text("".join(f">{name}\n{bases.lower()}\n" for name, bases in contigs.items()))
    pysam.faidx(str(path))
    genes = {
        name: Gene(
            name, f"T{name}", name, "-" if "minus" in name else "+", [(2, 8), (12, 18)],
            selenocysteines={"sec": (5,), "sec-minus": (12,)}.get(name, ()),
        )
        for name in contigs
    }  # fmt: skip
    genes["away"] = Gene("away", "T", "chrAway", "+", [(2, 8)])
    found = translated(genes, Reference(path))
    assert {name: one.sequence for name, one in found.items()} == {
        "plus": "MKW", "plus-minus": "MKW", "sec": "MUW", "sec-minus": "MUW",
    }  # fmt: skip
    assert found["plus"].refget == accession("MKW")


def test_refusals(capsys, tmp_path):
    assert main(["catalog", "identifiers", "--genes", "x.gff3"]) == 2
    assert "--genes and --reference need each other" in capsys.readouterr().err


def test_check_compares_the_proteins(capsys, tmp_path):
    """Of a panel of two: a protein that is not that of BRAF, and a gene without its start."""
    bases = "ATGAAATGGTGA"
    path = tmp_path / "ref.fa"
    path.write_text(f">c1\n{bases}\n>c2\nN{bases[1:]}\n")
    pysam.faidx(str(path))
    genes = [Gene("BRAF", "T1", "c1", "+", [(0, 12)]), Gene("VHL", "T2", "c2", "+", [(0, 12)])]
    gff3 = tmp_path / "genes.gff3"
    gff3.write_text(gff3_text(genes, "hg19"))
    empty = tmp_path / "catalog"
    empty.mkdir()
    for name in ("resistance", "drivers"):
        lines = (CATALOG / f"{name}.tsv").read_text().splitlines()
        header = next(line for line in lines if not line.startswith("#"))
        row = next(line for line in lines if line.startswith(("ABL1-T315I-im", "driver-ABL1")))
        (empty / f"{name}.tsv").write_text(f"{header}\n{row}\n")
    (empty / "drugs.tsv").write_bytes((CATALOG / "drugs.tsv").read_bytes())
    (empty / "diseases.tsv").write_bytes((CATALOG / "diseases.tsv").read_bytes())
    arguments = ["--catalog", empty, "--genes", gff3, "--reference", path]
    assert main(["catalog", "check", *map(str, arguments)]) == 0
    said = capsys.readouterr().out
    assert "proteins: 1 of 2 genes translate from start to stop; 0 of 2 known ones" in said
    assert "no whole coding sequence: VHL" in said
    assert "another protein than in proteins.tsv: BRAF" in said
