"""Alterations that are named in another numbering than the catalogue's."""

import pytest


def found(value, gene):
    return next(f for f in value["findings"] if f["gene"] == gene)


def reasons(value, gene):
    one = found(value, gene)
    return [*one["for"], *one["against"]]


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "protein", "read"),
    [
        ("pemigatinib", "cholangiocarcinoma", "FGFR2", "V565F", "V564F"),
        ("pemigatinib", "cholangiocarcinoma", "FGFR2", "N550K", "N549K"),
        ("capmatinib", "NSCLC", "MET", "D1246N", "D1228N"),
        ("apalutamide", "prostate cancer", "AR", "F876L", "F877L"),
        ("imatinib", "CML", "ABL1", "T334I", "T315I"),
    ],
)
def test_resistance_in_another_numbering(patient, context, drug, disease, gene, protein, read):
    p = patient(drug, disease=disease).background()
    p.add(gene, protein)
    value = p.resist(context)
    one = found(value, gene)
    assert (one["effect"], one["protein"]) == ("known", protein)
    said = f"{gene} p.{protein} is {read} in the catalogue's numbering"
    assert reasons(value, gene).count(said) == 1
    assert f"{gene} p.{protein}" in value["verdict"]["sentence"]


def test_drivers_in_another_numbering(patient, context):
    p = patient("selinexor", disease="diffuse large B-cell lymphoma").background()
    p.add("EZH2", "Y641N", 0.3, 0.3)
    p.add("MYD88", "L252P", 0.3, 0.3)
    p.add("BRAF", "V640E", 0.3, 0.3)
    value = p.resist(context)
    assert {found(value, g)["effect"] for g in ("EZH2", "MYD88", "BRAF")} == {"other_driver"}
    assert "EZH2 p.Y641N is Y646N in the catalogue's numbering" in reasons(value, "EZH2")


def test_the_panel_of_the_catalogue_is_never_read_otherwise(patient, context):
    p = patient("pemigatinib", disease="cholangiocarcinoma").background()
    p.add("FGFR2", "V565F", transcript="ENST00000358487.5")
    value = p.resist(context)
    assert found(value, "FGFR2")["effect"] != "known"
    assert not any("numbering" in one for one in reasons(value, "FGFR2"))


def test_a_name_in_the_catalogues_numbering_says_nothing(patient, context):
    p = patient("pemigatinib", disease="cholangiocarcinoma").background()
    p.add("FGFR2", "V564F")
    assert not any("numbering" in one for one in reasons(p.resist(context), "FGFR2"))


def test_another_test_in_another_numbering(patient):
    p = patient("pemigatinib", disease="cholangiocarcinoma").background()
    one = {
        "number": 1, "sample": None, "timepoint": None, "lesion": None, "allele": None,
        "value": None, "unit": None, "limit": None, "af": None, "limit_af": None, "purity": None,
        "source": "H1", "variants": [], "assay": "ddPCR", "kind": "sequence", "genes": ["FGFR2"],
        "alteration": "p.Val565Phe", "result": "positive", "day": 170,
        "text": "ddPCR on day 170 (H1): FGFR2 p.Val565Phe detected",
    }  # fmt: skip
    value = p.resist(other_tests=[one])
    assert any("V564" in row for row in value["other_tests"][0]["evidence"])


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "protein", "says"),
    [
        ("selpercatinib", "thyroid cancer", "RET", "V804M", "known to cause resistance to"),
        ("trametinib", "melanoma", "ESR1", "Y537S", ""),
        ("bortezomib", "multiple myeloma", "DIS3", "R780K", "a recurrent mutation of DIS3"),
        ("bortezomib", "multiple myeloma", "CCR4", "Y331*", "a known activating alteration of"),
    ],
)
def test_hotspots_and_resistance_to_other_drugs_are_no_passengers(
    patient, context, drug, disease, gene, protein, says
):
    p = patient(drug, disease=disease).background()
    p.add(gene, protein, 0.3, 0.3)
    value = p.resist(context)
    assert found(value, gene)["effect"] == "other_driver"
    assert says in "; ".join(found(value, gene)["against"])


def test_another_substitution_of_such_a_residue_is_none(patient, context):
    p = patient("selinexor", disease="melanoma").background()
    p.add("XPO1", "K500R", 0.3, 0.3)
    assert found(p.resist(context), "XPO1")["effect"] in ("not_connected", "no_effect")


def test_loss_of_rb1_under_tazemetostat(patient, context):
    p = patient("tazemetostat", disease="epithelioid sarcoma").background()
    p.add("RB1", "R320*", 0.0, 0.38)
    value = p.resist(context)
    assert found(value, "RB1")["effect"] == "known"
    assert value["verdict"]["kind"] == "mechanism"
