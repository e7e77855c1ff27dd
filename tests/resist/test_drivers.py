"""What is called a driver of the tumour: suppressors, oncogenes, blood cells, earlier lines."""

import pytest


def found(value, gene):
    return next(f for f in value["findings"] if f["gene"] == gene)


def against(value, gene):
    return "; ".join(found(value, gene)["against"])


@pytest.mark.parametrize(
    ("gene", "protein"),
    [
        ("APC", "R1450*"),
        ("PBRM1", "R1010*"),
        ("GATA3", "P409fs"),
        ("SMARCA4", "M1?"),
        ("TP53", "R273H"),
        ("NPM1", "W288fs"),
        ("NOTCH1", "L1600P"),
        ("NOTCH1", "Q433*"),
        ("NOTCH1", "P2514fs"),
    ],
)
def test_drivers_of_the_tumour_are_no_passengers(patient, context, gene, protein):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.add(gene, protein, 0.3, 0.3)
    assert found(p.resist(context), gene)["effect"] == "other_driver"


@pytest.mark.parametrize(
    ("gene", "protein"), [("APC", "R1450Q"), ("LRP2", "G2910D"), ("SPTA1", "Q9*")]
)
def test_passengers_stay_passengers(patient, context, gene, protein):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.add(gene, protein, 0.3, 0.3)
    assert found(p.resist(context), gene)["effect"] == "not_connected"


def test_one_truncated_copy_is_said(patient, context):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.add("PBRM1", "R1010*", 0.2, 0.2)
    said = against(p.resist(context), "PBRM1")
    assert "loss of function of PBRM1, a tumour suppressor (Vogelstein 2013" in said
    assert "a copy of PBRM1 may be left" in said


def test_a_truncation_that_activates_is_no_loss(patient, context):
    p = patient("gilteritinib", disease="AML").background()
    p.add("NPM1", "W288fs", 0.4, 0.4)
    said = against(p.resist(context), "NPM1")
    assert "a known activating alteration of NPM1" in said
    assert "loss" not in said
    assert "a copy of" not in said


@pytest.mark.parametrize(
    ("gene", "log2", "effect"),
    [("MDM2", 3.0, "other_driver"), ("GAPDH", 3.0, "not_connected")],
)
def test_amplified_oncogenes(patient, context, gene, log2, effect):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.amplify(gene, log2, log2)
    assert found(p.resist(context), gene)["effect"] == effect


def test_a_promoter_hotspot(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.3, 0.3)
    p.add("TERT", "", 0.3, 0.3, usual_name="promoter C228T (c.-124C>T)")
    assert found(p.resist(context), "TERT")["effect"] == "other_driver"


def test_clonal_haematopoiesis_is_no_candidate(patient, context):
    p = patient("palbociclib", "letrozole", disease="breast cancer").background()
    p.add("JAK2", "V617F", 0.0, 0.03)
    value = p.resist(context)
    assert value["verdict"]["kind"] == "none"
    assert found(value, "JAK2")["effect"] == "other_driver"
    said = against(value, "JAK2")
    assert "possible clonal haematopoiesis: JAK2" in said
    assert "a normal sample of blood would show it (normal: not detected" in said


def test_in_a_cancer_of_the_blood_it_is_not(patient, context):
    p = patient("gilteritinib", disease="AML").background()
    p.add("DNMT3A", "R882H", 0.4, 0.4)
    assert "haematopoiesis" not in against(p.resist(context), "DNMT3A")


def test_what_plasma_shows_of_white_cells(patient, context):
    why = "NRAS is shown by the normal too: of white cells if the normal is blood"
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.add("CBL", "C384Y", 0.0, 0.03, white_cells=why)
    value = p.resist(context)
    assert found(value, "CBL")["effect"] == "other_driver"
    assert f"possible clonal haematopoiesis: {why}" in against(value, "CBL")


@pytest.mark.parametrize(("gene", "protein"), [("TP53", "R248W"), ("SF3B1", "R625H")])
def test_drivers_of_solid_tumours_need_more_than_their_gene(patient, context, gene, protein):
    p = patient("selumetinib", disease="melanoma", tumor_only=True).background()
    p.add(gene, protein, 0.2, 0.3)
    assert "haematopoiesis" not in against(p.resist(context), gene)


def test_a_truncated_jak2_under_immunotherapy_is_no_clonal_haematopoiesis(patient, context):
    p = patient("pembrolizumab").background()
    p.add("JAK2", "Q503*", 0.0, 0.3)
    value = p.resist(context)
    assert found(value, "JAK2")["effect"] == "known"
    assert "haematopoiesis" not in against(value, "JAK2")


def test_resistance_to_the_drug_of_another_line_is_no_passenger(patient, context):
    p = patient(
        disease="CLL",
        samples=[("a", 0, None), ("b", 100, None), ("c", 200, None)],
        lines=[(("ibrutinib",), 1), (("venetoclax",), 101)],
    ).background()
    p.add("BTK", "C481S", 0.0, 0.3, 0.2)
    p.add("BCL2", "G101V", 0.0, 0.0, 0.2)
    value = p.resist(context)
    assert found(value, "BTK")["effect"] == "other_driver"
    assert "reported to cause resistance to ibrutinib of another line" in against(value, "BTK")


def failing(value):
    return {one["drug"] for one in value["expected_to_fail"]}


def offered(value):
    return " ".join(one["option"] for one in value["options"])


def test_regorafenib_is_active_on_exon_17_of_kit(patient, context):
    p = patient(
        disease="GIST",
        samples=[("a", 0, None), ("b", 100, None), ("c", 200, None)],
        lines=[(("imatinib",), 1), (("sunitinib",), 101)],
    ).background()
    p.add("KIT", "W557_K558del", 0.4, 0.4, 0.4)
    p.add("KIT", "N822K", 0.0, 0.0, 0.2)
    value = p.resist(context)
    assert "regorafenib" not in failing(value)
    assert "regorafenib" in offered(value)


def test_a_range_called_sensitive_is_not_of_what_came_under_the_drug(patient, context):
    p = patient("regorafenib", disease="GIST").background()
    p.add("KIT", "W557_K558del", 0.4, 0.4)
    p.add("KIT", "D816H", 0.0, 0.2)
    assert found(p.resist(context), "KIT")["effect"] == "candidate"


@pytest.mark.parametrize(
    ("protein", "fails"), [("G250E", set()), ("F359V", {"nilotinib"}), ("F317L", {"dasatinib"})]
)
def test_an_option_of_the_sources_outweighs_results_in_vitro(patient, context, protein, fails):
    p = patient("imatinib", disease="CML").background()
    p.add("ABL1", protein, 0.0, 0.3)
    value = p.resist(context)
    assert failing(value) & {"dasatinib", "nilotinib"} == fails
    assert not any(drug in offered(value) for drug in fails)


@pytest.mark.parametrize(("before", "after", "kind"), [(0.0, 0.2, "mechanism"), (0.3, 0.3, "none")])
def test_ezh2(patient, context, before, after, kind):
    """A change of the catalytic domain that came resists; Y646 is what the drug is given for."""
    p = patient("tazemetostat", disease="follicular lymphoma").background()
    p.add("EZH2", "Y666N" if kind == "mechanism" else "Y646N", before, after)
    assert p.resist(context)["verdict"]["kind"] == kind


@pytest.mark.parametrize(
    "disease", ["MPN", "PMF", "T-cell lymphoma, NOS", "myelodysplasia", "Waldenström's", "LCH"]
)
def test_cancers_of_the_blood_by_other_names(patient, context, disease):
    p = patient("gilteritinib", disease=disease).background()
    p.add("DNMT3A", "R882H", 0.4, 0.4)
    assert "haematopoiesis" not in against(p.resist(context), "DNMT3A")


@pytest.mark.parametrize("disease", ["thymoma", "metastatic NSCLC", "urachal cancer"])
def test_solid_tumours_that_are_in_no_table(patient, context, disease):
    p = patient("osimertinib", disease=disease).background()
    p.add("JAK2", "V617F", 0.0, 0.03)
    value = p.resist(context)
    assert value["verdict"]["kind"] == "none"
    assert "possible clonal haematopoiesis: JAK2" in against(value, "JAK2")


@pytest.mark.parametrize("disease", [None, "AMLL"])
def test_of_an_unknown_disease_the_doubt_is_said(patient, context, disease):
    """Nothing is left out for it: in a leukaemia the allele is of the tumour."""
    why = "CBL is shown by the normal too: of white cells if the normal is blood"
    p = patient("osimertinib", disease=disease).background()
    p.add("JAK2", "V617F", 0.0, 0.03)
    p.add("CBL", "C384Y", 0.0, 0.03, white_cells=why)
    value = p.resist(context)
    assert found(value, "JAK2")["effect"] == "candidate"
    for gene in ("JAK2", "CBL"):
        assert "unless the patient's disease is a cancer of the blood: " in against(value, gene)
    assert any("unless the patient's disease" in one for one in value["verdict"]["reasons"])


def test_known_resistance_that_may_be_of_blood_cells(patient, context):
    why = "the normal has it too (1 %, plasma 3 %): of white cells if the normal is blood"
    for more, said in (({"white_cells": why}, True), ({}, False)):
        p = patient("navtemadlin", disease="soft tissue sarcoma").background()
        p.add("TP53", "R248W", 0.0, 0.03, **more)
        verdict = p.resist(context)["verdict"]
        assert verdict["kind"] == "mechanism"
        assert ("clonal haematopoiesis: the normal has it too" in verdict["sentence"]) is said
        assert ("but it may be of blood cells instead of the tumour" in verdict["reasons"]) is said
        assert (verdict["confidence"] == "low") is said


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "protein"),
    [
        ("imatinib", "GIST", "KIT", "L576*"),
        ("imatinib", "GIST", "KIT", "W557fs"),
        ("letrozole", "breast cancer", "ESR1", "Y400*"),
        ("cetuximab", "colorectal cancer", "PIK3CA", "H1047fs"),
    ],
)
def test_a_truncation_is_no_change_of_a_range_of_residues(
    patient, context, drug, disease, gene, protein
):
    p = patient(drug, disease=disease).background()
    p.add(gene, protein, 0.0, 0.3)
    value = p.resist(context)
    assert found(value, gene)["effect"] not in ("known", "driver")
    assert value["verdict"]["kind"] == "none"
    assert value["driver"]["variant"] is None


def test_what_stays_in_frame_is_one(patient, context):
    p = patient("letrozole", disease="breast cancer").background()
    p.add("ESR1", "V422del", 0.0, 0.3)
    assert found(p.resist(context), "ESR1")["effect"] == "known"


@pytest.mark.parametrize(
    ("protein", "lost"), [("K3326*", False), ("S3376fs", False), ("Y3308*", True)]
)
def test_truncations_that_leave_the_function(patient, context, protein, lost):
    p = patient("olaparib", disease="ovarian cancer").background()
    p.add("BRCA2", protein, 0.5, 0.5, model="germline", filters=["germline"], reported=False)
    p.add("BRCA2", "E3324_T3328del", 0.0, 0.2)
    value = p.resist(context)
    assert (value["driver"]["variant"] is not None) is lost
    assert found(value, "BRCA2")["effect"] != "known"
    assert any(one["gene"] == "BRCA2" for one in value.get("reversions", ())) is lost


def test_of_an_unknown_drug_nothing_is_said_of_its_pathway(patient, context):
    p = patient("osimertinib", disease="NSCLC").background()
    p.rename("osimertinib", "osimertinb")
    p.add("EGFR", "C797S", 0.0, 0.1)
    said = against(p.resist(context), "EGFR")
    assert "the drug is not known" in said
    assert "pathway" not in said
