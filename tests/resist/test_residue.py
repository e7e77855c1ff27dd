"""Another substitution of a residue with an exact row of resistance."""

import pytest

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
