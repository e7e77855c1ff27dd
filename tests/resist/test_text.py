"""Numbers in sentences."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.text import join, percent, percent_up, plural, sentence


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.1623, "16.2 %"),
        (0.01, "1.0 %"),
        (0.0123, "1.2 %"),
        (0.0004, "0.040 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
    ],
)
def test_percent(fraction, text):
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0033, "0.33 %"), (0.00331, "0.34 %"), (0.29, "29.0 %"), (0.1011, "10.2 %"), (0.0, "0 %")],
)
def test_percent_up(fraction, text):
    assert percent_up(fraction) == text


@given(st.floats(min_value=0, max_value=1))
def test_a_printed_bound_is_never_below_the_bound(fraction):
    printed = float(percent_up(fraction).removesuffix(" %")) / 100
    assert printed >= fraction
    assert printed - fraction <= 0.00101


def test_words():
    assert join([]) == ""
    assert join(["a"]) == "a"
    assert join(["a", "b", "c"]) == "a, b and c"
    assert join(["a", "b"], "or") == "a or b"
    assert plural("RAF inhibitor") == "RAF inhibitors"
    assert plural("anti-EGFR antibody") == "anti-EGFR antibodies"
    assert plural("endocrine therapy") == "endocrine therapy"
    assert sentence("so it is") == "So it is."


def test_without_a_drug_nothing_is_said_of_one(patient, context):
    p = patient().background()
    p.add("BRAF", "V600E", 0.3, 0.3)
    value = p.resist(context)
    assert value["driver"]["text"].startswith("no drug is given between the samples")
    assert "no drug is given" in value["verdict"]["sentence"].lower()
    said = [reason for finding in value["findings"] for reason in finding["against"]]
    assert "no drug is given, so the variant cannot be interpreted" in said
    assert not any("catalogue" in reason for reason in said)


def test_a_drug_without_rows_is_said_to_have_none(patient, context):
    value = patient("ruxolitinib").background().resist(context)
    assert "the catalogue lists no alteration that confers resistance to ruxolitinib" in (
        value["verdict"]["sentence"].replace("The", "the")
    )
    value = patient("olaparib", disease="ovarian cancer").background().resist(context)
    assert "BRCA1 loss of function" in value["driver"]["text"]


def test_the_target_is_that_of_the_disease(patient, finding, context):
    for disease, target in (("GIST", "KIT"), ("CML", "ABL1")):
        p = patient("imatinib", disease=disease).background()
        p.amplify("IGF1R", 0.1, 2.2)
        text = finding(p.resist(context), "IGF1R").mechanism_text
        assert text == f"a bypass of {target}, the target of imatinib"


def test_the_patients_disease_comes_first(patient, context):
    p = patient("imatinib", disease="CML").background()
    p.add("PDGFRA", "T674I", 0.0, 0.3)
    key = p.add("ABL1", "T315I", 0.0, 0.1)
    value = p.resist(context)
    assert value["verdict"]["key_variants"][0] == key
    assert value["verdict"]["confidence"] == "high"


def test_further_alterations_of_one_mechanism_are_told_together(patient, context):
    p = patient("imatinib", disease="GIST").background()
    for number, change in enumerate(["T670I", "V654A", "D816H"]):
        p.add("KIT", change, 0.0, 0.3 - 0.1 * number)
    sentence = p.resist(context)["verdict"]["sentence"]
    assert (
        "Also found: KIT p.V654A (acquired) and KIT p.D816H (acquired), each a mutation of KIT, "
        "the target of imatinib." in sentence
    )


def test_a_row_of_a_class_speaks_of_each_drug_in_it(patient, context):
    p = patient("letrozole", disease="breast cancer").background()
    p.add("ESR1", "Y537S", 0.0, 0.2)
    verdict = p.resist(context)["verdict"]
    assert verdict["confidence"] == "high"
    said = "resistance to aromatase inhibitors as a class"
    assert any(said in reason for reason in verdict["reasons"])


def test_one_tumour_alone_is_told_with_its_numbers(patient, context):
    p = patient("vemurafenib", samples=[("only", 0, None)])
    p.add("NRAS", "Q61K", 0.2)
    sentence = p.resist(context)["verdict"]["sentence"]
    assert "was found; there is no sample before treatment to compare with: 20.0 % (" in sentence
    assert "(only)" in sentence


def test_what_relapse_brought_is_not_germline(patient, context):
    for state, fractions in (("acquired", (0.0, 0.2)), ("stable", (0.4, 0.4))):
        p = patient("vemurafenib", tumor_only=True)
        p.add("NRAS", "Q61K", *fractions)
        reasons = p.resist(context)["verdict"]["reasons"]
        (said,) = [reason for reason in reasons if "no matched normal" in reason]
        assert ("germline" in said) == (state == "stable")


def test_a_citation_that_was_not_looked_up_is_marked(patient, finding, context):
    p = patient("avapritinib", disease="GIST").background()
    p.add("PDGFRA", "D842V", 0.0, 0.2)
    row = context.catalog["PDGFRA-D842V-crenolanib"]
    known = replace(context.citations[row.pmid[0]], state="unverified")
    doubted = replace(context, citations=context.citations | {row.pmid[0]: known})
    found = finding(p.resist(doubted), "PDGFRA")
    notes = {e["id"]: e["note"] for e in found.other_evidence}
    assert notes[row.id].endswith(f"citation not looked up in PubMed: {row.pmid[0]}")
    p = patient("vemurafenib").background()
    p.add("MAP2K1", "C121S", 0.0, 0.2)
    notes = {e["id"]: e["note"] for e in finding(p.resist(context), "MAP2K1").evidence}
    assert "looked up" not in (notes["MAP2K1-C121S-vemurafenib"] or "")
