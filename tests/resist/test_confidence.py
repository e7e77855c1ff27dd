"""The three numbers of confidence, and the word that follows from them."""

import itertools
from dataclasses import replace

import pysam
import pytest

from resistpanel.catalog.protein import parse
from resistpanel.core.errors import InputError
from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.core.text import probability
from resistpanel.resist.chance import (
    Chance,
    CodingPanel,
    _made,
    read_panel,
    substitution,
    types_of,
)
from resistpanel.resist.confidence import tier_of
from resistpanel.resist.match import LEVELS, Match
from resistpanel.resist.resist_constants import MECHANISM_PRIOR, NOT_IN_PATIENTS

CODON = {aa: codon for codon, aa in GENETIC_CODE.items()}


@pytest.fixture
def of_braf(context):
    """Chance of a patient under vemurafenib on a panel of MAP2K1 and NF1."""

    class Given:
        drugs = (context.catalog.drugs.resolve("vemurafenib"),)
        disease = "melanoma"

    map2k1 = ["GCC"] * 393
    map2k1[120] = "TGC"
    panel = CodingPanel({"MAP2K1": tuple(map2k1), "NF1": ("TGG",) * 1000}, {"C": 6000, "T": 4000})
    return Chance(panel, Given(), context, tier_of)


def brute(chance, gene):
    """Return what every single-base change of a gene matches, each by itself."""
    found = {}
    for residue, codon in enumerate(chance.panel.codons[gene], 1):
        for at, alt in itertools.product(range(3), "ACGT"):
            new = GENETIC_CODE[codon[:at] + alt + codon[at + 1 :]]
            if alt == codon[at] or new == GENETIC_CODE[codon]:
                continue
            change = parse(f"{GENETIC_CODE[codon]}{residue}{new}")
            if grade := chance.grade(_made(gene, change)):
                kind = substitution(codon[at], alt)
                found[kind, grade] = found.get((kind, grade), 0) + 1
    return found


def test_matches_are_counted_as_if_each_change_were_a_variant(of_braf):
    expected = brute(of_braf, "MAP2K1")
    nf1 = brute(of_braf, "NF1")
    assert expected and nf1
    for key, number in nf1.items():
        expected[key] = expected.get(key, 0) + number
    hits = {(kind, grade): n for kind, of in of_braf.hits.items() for grade, n in of.items()}
    substitutions = {key: n for key, n in hits.items() if ">" in key[0]}
    assert substitutions == expected


def test_a_gene_that_any_truncation_inactivates_is_hit_by_chance(of_braf):
    nonsense = of_braf.grade(_made("NF1", parse("W7*")))
    assert LEVELS[nonsense[0]] == "gene"
    # TGG has two changes to a stop, both G>A, which is C>T: 2,000 of 6,000 places.
    hits = sum(n for grade, n in of_braf.hits["C>T"].items() if grade == nonsense)
    assert hits == 2000
    found = with_base("NF1", "W7*", ("G", "A"))
    passengers = [with_base("RET", "A1T", pair) for pair in [("C", "T")] * 3 + [("T", "A")] * 5]
    # The finding counts for a half; ten passengers per Mb are 0.1 on 10,000 bases.
    expected = (3 + 0.5) * 2000 / 6000 * 0.1 / 0.6
    assert of_braf.expected([found, *passengers], found) == pytest.approx(expected, rel=0.01)
    # A match of one change is not as easily met.
    exact = with_base("MAP2K1", "C121S", ("G", "C"))
    assert LEVELS[of_braf.grade(exact)[0]] == "exact"
    assert of_braf.expected([exact, *passengers], exact) < 0.01
    assert of_braf.expected([exact], with_base("RET", "A1T", ("C", "T"))) is None


def with_base(gene, protein, pair):
    """Return a variant of one base."""
    return replace(_made(gene, parse(protein)), substitutions=(pair,))


def test_a_variant_of_a_tiny_panel_is_no_passenger_for_being_there(of_braf):
    """A panel of one codon, which the catalogue has."""
    codons = {"MAP2K1": ("",) * 120 + ("TGC",)}
    tiny = Chance(CodingPanel(codons, {"C": 2, "T": 1}), of_braf.patient, of_braf.context, tier_of)
    found = with_base("MAP2K1", "C121S", ("G", "C"))
    assert tiny._by_type({"C>G": 1}, tiny.grade(found)) >= 0.5
    assert tiny.expected([found], found) < 1e-4


def test_frameshifts_and_amplifications(of_braf):
    frameshift = of_braf.grade(_made("NF1", parse("M7fs")))
    assert of_braf._by_type({"frameshift": 1}, frameshift) == pytest.approx(3000 / 10_000)
    amplified = of_braf.grade(_made("BRAF", None, "amplification"))
    genes = ["BRAF", "TP53", "RB1", "KIT"]
    assert of_braf.expected_copies(2, "amplification", genes, amplified) == pytest.approx(0.5)


def panel(**changes):
    """Return a panel on which MAP2K1 and NF1 are a small part."""
    map2k1 = ["GCC"] * 393
    map2k1[55] = "CAG"
    return CodingPanel({"MAP2K1": tuple(map2k1), **changes}, {"C": 200_000, "T": 170_000})


def acquired(patient, context, finding, passengers=0, real=1.0, below=(0.97, 0.999), codons=None):
    """Return resist.json of a patient with MAP2K1 Q56P and stated numbers."""
    p = patient("vemurafenib")
    p.add("BRAF", "V600E", 0.37, 0.37)
    p.add("MAP2K1", "Q56P", 0.0, 0.16)
    p.variants[-1]["real"] = real
    for line in p.variants[-1]["lines"]:
        line["ccf_below_1"], line["ccf_below_5"] = below
    for number in range(passengers):
        p.add("PTPRD", f"E{600 + number}K", 0.0, 0.3)
    value = p.resist(context, panel=codons or panel())
    return value, finding(value, "MAP2K1").confidence


def test_three_numbers_of_a_clear_case(patient, context, finding):
    value, numbers = acquired(patient, context, finding)
    assert value["verdict"]["confidence"] == "high"
    assert (numbers["real"], numbers["ccf_below_1"], numbers["ccf_below_5"]) == (1.0, 0.97, 0.999)
    assert numbers["tier"] == 1
    assert numbers["new_variants"] == 1
    assert numbers["chance_matches"] < 1e-4
    assert numbers["probability"] == pytest.approx(0.999, abs=1e-3)
    assert numbers["text"] == (
        "probability that the allele is real: above 99.9 %; that it was in less than 1 % of the "
        "tumour cells before treatment: 97.0 %, in less than 5 %: 99.9 %; tier of evidence: 1 "
        "of 4; chance matches expected among 1 new variant: below 0.0001"
    )


@pytest.mark.parametrize(
    ("changes", "word", "reason"),
    [
        ({"real": 0.8}, "moderate", "the allele is real with a probability of only 80.0 %"),
        ({"real": 0.4}, "low", "the allele is real with a probability of only 40.0 %"),
        ({"below": (0.5, 0.8)}, "moderate", "it may have been present before treatment: in less "
         "than 5 % of the tumour cells with a probability of only 80.0 %"),
        ({"real": 0.8, "below": (0.5, 0.8)}, "low", "the allele is real with a probability of "
         "only 80.0 %"),
    ],
)  # fmt: skip
def test_each_number_lowers_the_word(patient, context, finding, changes, word, reason):
    verdict = acquired(patient, context, finding, **changes)[0]["verdict"]
    assert verdict["confidence"] == word
    assert f"but {reason}" in verdict["reasons"]


def test_many_new_variants_hit_a_gene_by_chance(patient, context, finding):
    """A truncated NF1 among 60 new variants of a panel of which it is a twentieth."""
    p = patient("vemurafenib")
    p.add("BRAF", "V600E", 0.37, 0.37)
    p.add("NF1", "Q100*", 0.0, 0.16)
    p.variants[-1]["real"] = 1.0
    base = {"pos": 5, "ref": "G", "alt": "A", "residue": None}
    for number in range(60):
        p.add("PTPRD", f"E{600 + number}K", 0.0, 0.3, substitutions=[base])
    codons = panel(NF1=("CAG",) * 2800)
    value = p.resist(context, panel=codons)
    numbers = finding(value, "NF1").confidence
    assert numbers["new_variants"] == 61
    assert numbers["chance_matches"] > 0.1
    assert value["verdict"]["confidence"] != "high"
    assert any("expected by chance" in reason for reason in value["verdict"]["reasons"])


def test_mechanisms_are_divided_over_the_rows(context, of_braf):
    """Vemurafenib: those that a panel can show, by match level and kind of evidence."""
    drug = context.catalog.drugs.resolve("vemurafenib")
    rows = [
        row for row in context.catalog
        if row.direction == "resistance" and row.drug_match(drug) and row.visible_in_dna
        and row.alteration_type != "amplification"
    ]  # fmt: skip
    seen = [row.evidence_level in ("clinical", "case report") for row in rows]
    total = sum(seen) + NOT_IN_PATIENTS * (len(seen) - sum(seen))
    expected = {}
    for level in LEVELS:
        for in_patients in (True, False):
            counted = 1.0 if in_patients else NOT_IN_PATIENTS
            alike = [row for row, one in zip(rows, seen, strict=True)
                     if row.match_level == level and one == in_patients]  # fmt: skip
            if alike:
                found = of_braf.mechanisms([Match(alike[0], level, drug, "drug", True)])
                assert found == pytest.approx(MECHANISM_PRIOR * counted * len(alike) / total)
                expected[level, in_patients] = found
    assert sum(expected.values()) == pytest.approx(MECHANISM_PRIOR)
    genes = [value for (level, _), value in expected.items() if level == "gene"]
    assert 0 < sum(genes) < 0.1 < expected["exact", True]


def test_a_candidate_is_of_the_last_tier(patient, context, finding):
    p = patient("vemurafenib")
    p.add("BRAF", "V600E", 0.37, 0.37)
    p.add("MAP2K1", "A300T", 0.0, 0.3)
    value = p.resist(context, panel=panel())
    numbers = finding(value, "MAP2K1").confidence
    assert (numbers["tier"], numbers["chance_matches"], numbers["probability"]) == (4, None, None)
    assert value["verdict"]["confidence"] == "low"


def test_types_of_variants(patient, context):
    assert substitution("G", "A") == "C>T"
    assert substitution("A", "C") == "T>G"
    made = [_made("NF1", parse(text)) for text in ("M7fs", "A5del", "A5dup")]
    assert types_of(made) == {"frameshift": 1, "inframe_deletion": 1, "inframe_insertion": 1}


def test_a_panel_is_read_from_its_files(tmp_path):
    fasta = tmp_path / "g.fa"
    fasta.write_text(">c\n" + "A" * 10 + "ATGTGCTAA" + "C" * 11 + "\n")
    pysam.faidx(str(fasta))
    genes = tmp_path / "g.gff3"
    rows = [("gene", "ID=gene:1;Name=G"), ("mRNA", "ID=transcript:1;Parent=gene:1"),
            ("CDS", "ID=CDS:1;Parent=transcript:1")]  # fmt: skip
    genes.write_text(
        "##gff-version 3\n"
        + "".join(f"c\tx\t{kind}\t11\t19\t.\t+\t{'0' if kind == 'CDS' else '.'}\t{text}\n"
                  for kind, text in rows)
    )  # fmt: skip
    bed = tmp_path / "t.bed"
    bed.write_text("c\t10\t16\n")
    found = read_panel(genes, fasta, bed, ["G", "OTHER"])
    assert found.codons == {"G": ("ATG", "TGC", "")}
    assert found.bases == {"C": 3, "T": 3}
    bed.write_text("d\t10\t16\n")
    with pytest.raises(InputError, match="contig 'd' of the targets"):
        read_panel(genes, fasta, bed, ["G"])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.9996, "above 99.9 %"), (0.9949, "99.4 %"), (0.972, "97.2 %"), (0.0004, "below 0.1 %"),
     (None, "?")],
)  # fmt: skip
def test_probabilities_do_not_overstate(value, text):
    assert probability(value) == text
