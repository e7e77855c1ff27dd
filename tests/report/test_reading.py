"""Sentences of the page, read as somebody who decides on the therapy: true, once, in English."""

import copy

import pytest

from resistpanel.report import findings, summary, summary_questions
from resistpanel.report.negatives import negatives
from resistpanel.report.render import page


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ([None, None], "tumour fraction of plasma not known (no known allele could be tested)"),
        ([None, 0.05, 0.1], "ctDNA detected in 2 of 2 plasma samples tested, 1 not tested"),
        ([0.05, 0.1], "ctDNA detected in 2 of 2 plasma samples (tumour fraction 5.0 to 10.0 %)"),
        ([0], "ctDNA detected in 0 of 1 plasma sample"),
    ],
)
def test_a_plasma_without_known_alleles_is_not_one_without_tumour_dna(paper, found, text):
    """The first plasma of a course defines the alleles; it cannot be tested for them."""
    report = copy.deepcopy(paper)
    report["compare"]["follow_up"] = [
        {"sample": "p", "detected": None if f is None else f > 0, "tumor_fraction": f or None,
         "known": [], "text": ""}
        for f in found
    ]  # fmt: skip
    (line,) = summary_questions.plasma(report)
    assert plain(line).startswith(text)


def test_one_sample_is_one_sample(paper):
    report = copy.deepcopy(paper)
    report["qc"]["samples"] = report["qc"]["samples"][2:]
    lines = summary_questions.samples(report)
    assert lines[0] == "the sample passes quality control"
    report["qc"]["samples"][0]["gate"]["passed"] = False
    assert summary_questions.samples(report)[0] == "the sample fails quality control"


def test_without_an_earlier_sample_the_question_is_answered(paper):
    report = copy.deepcopy(paper)
    report["compare"]["lines"], report["compare"]["pairs"] = [], []
    (row,) = summary_questions.before(report)
    assert (row["label"], row["answer"]) == ("MAP2K1 p.C121S", "Not known")
    assert row["text"] == "no sample was taken before treatment"


def test_one_bound_is_one_number(paper):
    """0.334 % is 'at most 0.34 %' wherever it is printed."""
    report = copy.deepcopy(paper)
    for row in report["resist"]["negative_sites"]:
        row["ub"] = 0.00334
    assert "allele frequency: 0.34 %)" in plain(summary.examined(report))


def test_what_could_not_be_assessed_was_not_examined_everywhere(paper):
    report = copy.deepcopy(paper)
    rows = report["resist"]["negative_sites"]
    before = negatives(report)["nowhere"]
    blind = rows[0]["site"]
    for row in rows:
        if row["site"] == blind:
            row["assessable"] = False
    assert negatives(report)["nowhere"] == before - 1
    report["resist"]["negative_sites"] = [row for row in rows if row["site"] == blind]
    text = page(report)
    assert "No site of the catalogue was examined in every tumour sample" in text
    assert "1 could not be assessed in every tumour sample" in text
    for row in rows:
        row["assessable"] = True
    assert "1 site of the catalogue was examined in every tumour sample" in page(report)


def test_without_a_drug_the_page_does_not_speak_of_one(paper):
    report = copy.deepcopy(paper)
    report["resist"] |= {"drugs": [], "negative_sites": [], "findings": []}
    report["resist"]["verdict"] |= {"kind": "not_assessed", "key_variants": []}
    text = page(report)
    assert "Resistance is not assessed, so no variant is ranked." in text
    assert "No drug is given, so no site of the catalogue was examined." in text
    assert "under this drug" not in text


def test_a_swapped_sample_is_the_heading(paper):
    report = copy.deepcopy(paper)
    for verdict in (report["resist"]["verdict"], report["resist"]["lines"][0]["verdict"]):
        verdict["swapped"] = ["resistant"]
    front = summary.summary(report)
    assert (front["kind_text"], front["mechanism"]) == (
        "Not valid until a sample swap is resolved", None,
    )  # fmt: skip
    assert front["next"] == [
        "establish the identity of resistant, and repeat the test with the right sample"
    ]
    text = page(report)
    assert "not listed until the sample swap is resolved" in text
    assert "not valid: resistant not of this patient" in text


def test_copies_beside_a_subclonal_variant_are_said(paper, patients, make):
    parts = patients.paper()
    key = parts["resist"]["verdict"]["key_variants"][0]
    variant = next(v for v in parts["compare"]["variants"] if v["id"] == key)
    variant["samples"]["resistant"] |= {"ccf": 0.15, "ccf_low": 0.1, "ccf_high": 0.21}
    parts["resist"]["verdict"]["key_variants"].append("copynumber:MET:amplification")
    parts["resist"]["findings"].append(
        parts["resist"]["findings"][0]
        | {"variant": "copynumber:MET:amplification", "gene": "MET", "rank": 98,
           "label": "MET amplification", "state": "acquired", "against": []}
    )  # fmt: skip
    parts["resist"]["findings"][0]["against"] = [
        "in at most 21.0 % of the tumour cells after treatment"
    ]
    front = summary.summary(make(parts | {"copynumber": patients.copynumber(parts["sheet"])}))
    (line,) = [plain(t) for t in front["open"] if "of the tumour cells of resistant" in t]
    assert line.startswith("MAP2K1 p.C121S in 15.0 %")
    assert line.endswith("the fraction with MET amplification is not known")
    assert not any("of the tumour cells after treatment" in t for t in front["against"])


def test_a_known_alteration_that_was_there_before_is_on_the_first_screen(paper):
    """The partner of a compound mutation, or what an earlier line brought."""
    report = copy.deepcopy(paper)
    shown = summary.key_variants(report)["rows"]
    other = next(
        v for v in report["compare"]["variants"]
        if v["reported"] and v["state"] == "stable" and v["id"] not in {r["id"] for r in shown}
    )  # fmt: skip
    finding = next(f for f in report["resist"]["findings"] if f["variant"] == other["id"])
    finding["effect"] = "known"
    rows = {row["id"]: row["role"] for row in summary.key_variants(report)["rows"]}
    assert rows[other["id"]] == "known resistance alteration"
    other["status"] = "gone"
    assert other["id"] not in {row["id"] for row in summary.key_variants(report)["rows"]}


def test_the_copies_of_a_lost_driver_are_on_the_first_screen(paper, patients):
    report = copy.deepcopy(paper) | {"copynumber": patients.copynumber(paper["sheet"])}
    identifier = "copynumber:BRAF:amplification"
    report["resist"]["driver"] |= {"variant": identifier, "gene": "BRAF", "state": "lost"}
    report["resist"]["findings"].append(
        report["resist"]["findings"][0]
        | {"variant": identifier, "gene": "BRAF", "rank": 99, "label": "BRAF amplification",
           "state": "lost", "effect": "driver"}
    )  # fmt: skip
    rows = {row["id"]: row for row in summary.key_variants(report)["rows"]}
    assert rows[identifier]["role"] == "sensitising driver"
    assert [one["main"] for one in rows[identifier]["rows"]]


def test_a_reason_that_begins_a_sentence_is_left_out():
    sentence = "Nothing was found. The catalogue lists no alteration for it."
    assert summary.said("the catalogue lists no alteration for it", sentence)
    assert not summary.said("the catalogue lists no alteration for another", sentence)


def test_what_was_detected_before_has_no_probability_of_few_cells(paper):
    report = copy.deepcopy(paper)
    finding = report["resist"]["findings"][0] | {
        "confidence": {"real": 0.999, "tier": 1, "chance_matches": None, "new_variants": 1,
                       "ccf_below_1": 0.0002, "ccf_below_5": 0.0003},
    }  # fmt: skip
    lines = findings.certain(finding | {"before": "excluded"}, set())
    assert any(line.startswith("before treatment: probability") for line in lines)
    lines = findings.certain(finding | {"before": "present"}, set())
    assert not any(line.startswith("before treatment") for line in lines)
