"""Drugs that are in no table, and drugs of which the catalogue has no row."""

import pytest

from resistpanel.resist.context import load_context

COLUMNS = "name\taliases\tclasses\ttargets\tgeneration\tnote\tsource\n"


def named(value):
    return {row["drug"]: row["reason"] for row in value["not_assessed"]}


def test_an_unknown_drug_is_not_assessed_and_the_rest_is(patient, context):
    p = patient("vemurafenib").background()
    p.rename("vemurafenib", "zorpamab")
    p.add("BRAF", "V600E", 0.35, 0.35)
    p.add("NRAS", "Q61K", 0.0, 0.2)
    value = p.resist(context)
    verdict = value["verdict"]
    assert (verdict["kind"], verdict["confidence"]) == ("not_assessed", "low")
    assert verdict["sentence"] == (
        "Resistance to zorpamab cannot be assessed: it is not in the table of drugs, so neither "
        "its class nor its target is known."
    )
    assert list(named(value)) == ["zorpamab"]
    states = {f["gene"]: (f["state"], f["effect"]) for f in value["findings"]}
    assert states["NRAS"] == ("acquired", "other_driver")
    assert states["PTPRD"] == ("stable", "not_connected")
    assert value["options"] == value["expected_to_fail"] == []


def test_an_unknown_drug_beside_a_known_one(patient, context):
    p = patient("vemurafenib", "trametinib").background()
    p.rename("trametinib", "zorpamab")
    p.add("BRAF", "V600E", 0.35, 0.35)
    key = p.add("NRAS", "Q61K", 0.0, 0.2)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert list(named(value)) == ["zorpamab"]
    assert any("resistance to zorpamab is not assessed" in r for r in value["verdict"]["reasons"])


@pytest.mark.parametrize("drug", ["carboplatin", "dacarbazine", "ipilimumab", "interferon alfa"])
def test_chemotherapy_and_immunotherapy_can_be_entered(patient, drug):
    """Without a row of the catalogue, the page says so."""
    context = load_context()
    p = patient(drug).background()
    p.add("BRAF", "V600E", 0.35, 0.35)
    value = p.resist(context)
    rows = [r for r in context.catalog if r.direction == "resistance"]
    known = any(row.drug_match(d) for row in rows for d in p.drugs)
    assert (drug in named(value)) == (not known)
    if not known:
        assert "cannot be assessed: the catalogue has no row" in value["verdict"]["sentence"]


def test_a_users_drug_has_class_and_target(patient, tmp_path):
    table = tmp_path / "drugs.tsv"
    table.write_text(COLUMNS + "newafenib\t\tRAF inhibitor\tBRAF\t\t\tour trial\n")
    p = patient("vemurafenib").background()
    p.rename("vemurafenib", "newafenib")
    driver = p.add("BRAF", "V600E", 0.35, 0.35)
    key = p.add("NRAS", "Q61K", 0.0, 0.2)
    value = p.resist(load_context(drugs=table))
    assert value["not_assessed"] == []
    assert value["verdict"]["key_variants"] == [key]
    assert "newafenib (by its class, RAF inhibitors" in value["verdict"]["sentence"]
    assert value["driver"]["variant"] == driver
