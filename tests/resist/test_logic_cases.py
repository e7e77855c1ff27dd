"""The cases of reasoning that the shared facts give with the right answer."""

import csv
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[3] / "shared" / "facts" / "logic_cases.tsv"
THREE = [("pre", 0, None), ("p1", 160, None), ("p2", 300, None)]
LINES = [(("erlotinib",), 0), (("osimertinib",), 160)]


def sequential(patient, second):
    p = patient(disease="NSCLC", samples=THREE, lines=LINES).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3)
    return p, p.add("EGFR", "T790M", 0.0, 0.25, second)


def l01(patient, context):
    p, t790m = sequential(patient, 0.25)
    c797s = p.add("EGFR", "C797S", 0.0, 0.0, 0.15)
    value = p.resist(context)
    second, first = value["lines"]
    assert value["verdict"]["key_variants"] == [c797s]
    assert second["verdict"]["key_variants"] == [c797s]
    assert first["verdict"]["key_variants"] == [t790m]
    assert "osimertinib" not in " ".join(o["option"] for o in value["options"])


def l02(patient, context):
    p, t790m = sequential(patient, 0.0)
    braf = p.add("BRAF", "V600E", 0.0, 0.0, 0.15)
    value = p.resist(context)
    second, first = value["lines"]
    assert second["verdict"]["key_variants"] == [braf] == value["verdict"]["key_variants"]
    assert first["verdict"]["key_variants"] == [t790m]
    assert "T790M" in first["verdict"]["sentence"] and "no longer" in first["verdict"]["sentence"]


def only_driver(patient, context, drugs, disease, gene, change, *fractions):
    p = patient(*drugs, disease=disease).background()
    if change == "amplification":
        variant = p.amplify(gene, *(fractions or (2.0, 2.0)))
    else:
        variant = p.add(gene, change, *(fractions or (0.35, 0.36)))
    value = p.resist(context)
    (found,) = (f for f in value["findings"] if f["variant"] == variant)
    assert value["verdict"]["kind"] == "none"
    assert value["verdict"]["key_variants"] == []
    assert found["driver"] and found["effect"] == "driver"
    assert value["driver"]["variant"] == variant and value["driver"]["state"] == "retained"
    return value, found


def l03(patient, context):
    drugs = ("encorafenib", "cetuximab")
    only_driver(patient, context, drugs, "colorectal cancer", "BRAF", "V600E")


def l04(patient, context):
    only_driver(patient, context, ("sotorasib", "panitumumab"), "colorectal cancer", "KRAS", "G12C")


def l05(patient, context):
    only_driver(patient, context, ("lapatinib",), "breast cancer", "ERBB2", "amplification")


def l06(patient, context):
    drugs = ("neratinib",)
    only_driver(patient, context, drugs, "breast cancer", "ERBB2", "amplification", 1.5, 2.6)


def l07(patient, context):
    _, found = only_driver(patient, context, ("imatinib",), "melanoma", "KIT", "L576P")
    assert any("KIT-L576P-imatinib" in text for text in found["against"] + found["for"])


def l08(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.36)
    key = p.add("NF1", None, 0.0, 0.3, consequence="splice_donor", splice=True)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert value["findings"][0]["mechanism_class"] == "upstream_activation"


def germline(patient, gene, change, reversion, context):
    p = patient("olaparib", disease="ovarian cancer").background()
    alleles = {"id": "chr13:2000:CT:C", "pos": 2000, "ref": "CT", "alt": "C"}
    driver = p.add(
        gene, change, 0.5, 0.5, consequence="frameshift", model="germline",
        filters=["germline"], reported=False, **alleles,
    )  # fmt: skip
    alleles = {"id": "chr13:2015:C:CA", "pos": 2015, "ref": "C", "alt": "CA"}
    key = p.add(gene, reversion, 0.0, 0.2, **alleles)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert value["driver"]["variant"] == driver and value["driver"]["state"] == "retained"
    assert "germline" in value["driver"]["text"]
    assert (
        "reversion" in value["verdict"]["sentence"]
        or "reading frame" in (value["verdict"]["sentence"])
    )


def l09(patient, context):
    germline(patient, "BRCA1", "E23fs", "V21_C24del", context)


def l10(patient, context):
    germline(patient, "BRCA2", "S1982fs", "L1987fs", context)


def l11(patient, context):
    only_driver(patient, context, ("erlotinib",), "NSCLC", "EGFR", "A763_Y764insFQEA")


def l12(patient, context):
    drugs = ("capivasertib", "fulvestrant")
    only_driver(patient, context, drugs, "breast cancer", "AKT1", "E17K")


def l13(patient, context):
    p = patient("capivasertib", "fulvestrant", disease="breast cancer").background()
    variant = p.delete("PTEN", 0.0, -2.5)
    value = p.resist(context)
    (found,) = (f for f in value["findings"] if f["variant"] == variant)
    assert variant not in value["verdict"]["key_variants"]
    assert value["verdict"]["kind"] == "none"
    assert found["driver"] and found["effect"] == "driver"


def l14(patient, context):
    p = patient("fulvestrant", disease="breast cancer").background()
    key = p.add("ESR1", "Y537S", 0.0, 0.2)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert value["verdict"]["kind"] == "mechanism"
    assert value["findings"][0]["mechanism_class"] == "on_target_mutation"


def options(patient, context, drug, disease, driver, *found):
    p = patient(drug, disease=disease).background()
    if driver:
        p.add(driver[0], driver[1], 0.35, 0.35)
    keys = [p.add(gene, change, 0.0, 0.2) for gene, change in found]
    value = p.resist(context)
    assert set(value["verdict"]["key_variants"]) == set(keys)
    return " ".join(o["option"] for o in value["options"])


def l15(patient, context):
    text = options(patient, context, "imatinib", "CML", None, ("ABL1", "F317L"))
    assert "nilotinib" in text and "bosutinib" in text and "dasatinib" not in text


def l16(patient, context):
    for change in ("D816V", "N822K"):
        kit = ("KIT", "V560D")
        assert "sunitinib" not in options(
            patient, context, "imatinib", "GIST", kit, ("KIT", change)
        )


def l17(patient, context):
    text = options(patient, context, "erlotinib", "NSCLC", ("EGFR", "L858R"), ("EGFR", "T790M"))
    assert "second generation" not in text and "afatinib" not in text and "osimertinib" in text


def failing(patient, context, drug, disease, driver, gene):
    p = patient(drug, disease=disease).background()
    if driver:
        p.add(driver[0], driver[1], 0.35, 0.35)
    key = p.amplify(gene, 0.0, 2.5)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    return {row["drug"] for row in value["expected_to_fail"]}


def l18(patient, context):
    found = failing(patient, context, "cetuximab", "colorectal cancer", None, "MET")
    assert "panitumumab" in found and "amivantamab" not in found


def l19(patient, context):
    found = failing(patient, context, "erlotinib", "NSCLC", ("EGFR", "L858R"), "ERBB2")
    assert "gefitinib" in found
    assert not found & {"afatinib", "neratinib", "dacomitinib", "lapatinib"}


def l20(patient, context):
    only_driver(patient, context, ("avapritinib",), "mastocytosis", "KIT", "D816V")


BUILT = {
    "L01": l01, "L02": l02, "L03": l03, "L04": l04, "L05": l05, "L06": l06, "L07": l07,
    "L08": l08, "L09": l09, "L10": l10, "L11": l11, "L12": l12, "L13": l13, "L14": l14,
    "L15": l15, "L16": l16, "L17": l17, "L18": l18, "L19": l19, "L20": l20,
}  # fmt: skip


@pytest.mark.skipif(not CASES.is_file(), reason="the shared facts are not beside the project")
def test_every_case_is_built():
    with CASES.open(encoding="utf-8") as lines:
        assert {row["id"] for row in csv.DictReader(lines, delimiter="\t")} == set(BUILT)


@pytest.mark.parametrize("case", BUILT)
def test_case(case, patient, context):
    BUILT[case](patient, context)
