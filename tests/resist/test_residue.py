"""Another substitution of a residue with an exact row; recurrent mutations; genes off the panel."""

import pytest

from resistpanel.resist.chance import CodingPanel
from resistpanel.resist.context import load_context


@pytest.fixture(scope="module")
def shipped():
    return load_context()


def found(value, variant):
    return next(f for f in value["findings"] if f["variant"] == variant)


def test_relapse_that_brings_another_substitution_of_the_residue_is_a_match_of_the_codon(
    patient, shipped
):
    p = patient("osimertinib", disease="NSCLC").background()
    key = p.add("EGFR", "C797G", 0.0, 0.2)
    value = p.resist(shipped)
    assert value["verdict"]["key_variants"] == [key]
    finding = found(value, key)
    assert finding["effect"] == "known"
    assert [e["match_level"] for e in finding["evidence"] if e["id"].startswith("EGFR-C797S")] == [
        "codon"
    ]
    lacks = "the catalogue lists another change of this residue, not this one"
    assert any(lacks in reason for reason in value["verdict"]["reasons"])


def test_the_exact_row_outranks_it(patient, shipped):
    p = patient("osimertinib", disease="NSCLC").background()
    key = p.add("EGFR", "C797S", 0.0, 0.2)
    levels = [e["match_level"] for e in found(p.resist(shipped), key)["evidence"]]
    assert levels[0] == "exact"


def test_what_was_there_before_is_left_to_the_exact_row(patient, shipped):
    p = patient("osimertinib", disease="NSCLC").background()
    key = p.add("EGFR", "C797G", 0.2, 0.2)
    assert found(p.resist(shipped), key)["effect"] != "known"


def test_the_driver_is_no_other_substitution_of_its_residue(patient, shipped):
    """KRAS G12D resists inhibitors of KRAS G12C; G12C itself, first seen at relapse, does not."""
    p = patient("sotorasib", disease="NSCLC").background()
    key = p.add("KRAS", "G12C", 0.0, 0.3)
    assert found(p.resist(shipped), key)["effect"] == "driver"


@pytest.mark.parametrize("change", ["C797*", "C797fs"])
def test_a_truncation_there_is_none(patient, shipped, change):
    p = patient("osimertinib", disease="NSCLC").background()
    key = p.add("EGFR", change, 0.0, 0.2)
    assert found(p.resist(shipped), key)["effect"] != "known"


def test_a_recurrent_mutation_is_another_driver(patient, shipped):
    p = patient("olutasidenib", disease="AML").background()
    key = p.add("DNMT3A", "R882H", 0.4, 0.4)
    finding = found(p.resist(shipped), key)
    assert finding["effect"] == "other_driver"
    assert any("a recurrent mutation of DNMT3A in tumours" in r for r in finding["against"])


def test_the_targets_through_which_a_drug_kills_are_wanted_on_the_panel(patient, shipped):
    panel = CodingPanel({"ERBB2": ("ATG", "GAG")}, {"C": 3, "T": 3})
    p = patient("sacituzumab govitecan", disease="breast cancer").background()
    coverage = p.resist(shipped, panel)["coverage"]
    assert {"TACSTD2", "TOP1"} <= set(coverage["genes_off_panel"])


def test_a_gene_off_the_panel_is_named_once(patient, shipped):
    """The catalogue lists IGF1R for erlotinib by amplification, and by its activation."""
    panel = CodingPanel({"EGFR": ("ATG", "GAG")}, {"C": 3, "T": 3})
    value = patient("erlotinib", disease="NSCLC").background().resist(shipped, panel)
    covered, sentence = value["coverage"], value["verdict"]["sentence"]
    assert "IGF1R" in covered["genes_off_panel"]
    assert "IGF1R" in {one["gene"] for one in covered["not_in_dna"]}
    assert "not on the panel: " in sentence and "CRKL, " in sentence
    assert "changes that DNA of coding exons does not reveal (HGF, IGFBP3 and RET)" in sentence


def test_a_row_that_is_named_after_another_drug_names_its_drugs(patient, shipped):
    p = patient("erlotinib", disease="NSCLC").background()
    key = p.add("EGFR", "T790M")
    reasons = found(p.resist(shipped), key)["for"]
    assert any(
        "resistance to erlotinib (EGFR-T790M-gefitinib, of gefitinib and erlotinib: clinical" in one
        for one in reasons
    )
    p = patient("gefitinib", disease="NSCLC").background()
    key = p.add("EGFR", "T790M")
    assert any(
        "(EGFR-T790M-gefitinib: clinical" in one for one in found(p.resist(shipped), key)["for"]
    )
