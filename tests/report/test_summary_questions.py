"""The three questions of the first screen."""

import pytest

from resistpanel.report import final_vcf, maf, summary_questions, tsv
from resistpanel.report.summary import summary, warnings


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


def test_the_papers_patient(paper):
    (row,) = summary_questions.before(paper)
    assert row["label"] == "MAP2K1 p.C121S" and row["answer"] == "Not seen before"
    e = next(v for v in paper["compare"]["variants"] if v["gene"] == "MAP2K1" and v["reported"])
    depth = e["samples"]["sensitive"]["dp"]
    assert plain(row["text"]).startswith(f"0 of {depth} fragments, so below 0.")
    assert "catalogue: " in summary_questions.sure(
        paper
    ) and "publication" in summary_questions.sure(paper)
    lines = summary_questions.samples(paper)
    assert lines[0] == "all 3 pass the gate" and "identity not checked" in lines


@pytest.mark.parametrize("state", list(summary_questions.ANSWERS))
def test_every_state_has_an_answer(parts, make, state):
    for v in parts["compare"]["variants"]:
        if v["gene"] == "MAP2K1" and v["reported"]:
            v["state"] = state
            for pair in v["states"]:
                pair["state"] = state
    (row,) = summary_questions.before(make(parts))
    assert row["answer"] == summary_questions.ANSWERS[state]


def test_a_failed_gate_and_a_stranger_are_said(parts, make, patients):
    parts["qc"]["samples"][1]["gate"] = {
        "passed": False,
        "failures": [{"metric": "mean_depth", "value": 1, "condition": ">= 200", "text": "low"}],
    }
    copynumber = patients.copynumber(parts["sheet"])
    copynumber["identity"]["strangers"] = ["resistant"]
    lines = summary_questions.samples(make(parts | {"copynumber": copynumber}))
    assert lines[0] == "1 of 3 fail the gate (sensitive)"
    assert "does not match this patient: resistant" in lines


def test_copies_before(parts, make, patients):
    parts["resist"]["findings"].append(
        parts["resist"]["findings"][0]
        | {"variant": "copynumber:BRAF:amplification", "gene": "BRAF", "rank": 99,
           "label": "BRAF amplification", "state": "acquired"}
    )  # fmt: skip
    parts["resist"]["verdict"]["key_variants"] = ["copynumber:BRAF:amplification"]
    report = make(parts | {"copynumber": patients.copynumber(parts["sheet"])})
    (row,) = summary_questions.before(report)
    assert row["answer"] == "Not seen before" and "copies" in row["text"]


def test_without_a_pair_there_is_no_answer(parts, make):
    parts["sheet"]["pairs"] = parts["compare"]["pairs"] = []
    parts["sheet"]["lines"] = parts["compare"]["lines"] = []
    assert summary_questions.before(make(parts)) == []


def test_a_convergence_that_the_sentence_tells_is_not_repeated(parts, make):
    text = "two lesions converge"
    parts["resist"]["convergence"] = {"text": text, "gene": None, "node": "MEK", "variants": []}
    assert summary(make(parts))["convergence"]["text"] == text
    parts["resist"]["verdict"]["sentence"] += f" Truly, {text}."
    assert summary(make(parts))["convergence"] is None


def test_a_drug_given_on_and_on_is_named_once(large):
    stations = summary(large)["course"]
    assert [s["again"] for s in stations] == [False, False, False, True, True, True]


def test_a_sample_without_tumour_leaves_it_open(parts, make):
    variant = next(v for v in parts["compare"]["variants"] if v["gene"] == "MAP2K1")
    why = "the biopsy before treatment contains no detectable tumour"
    variant["lines"][0] |= {"before": "not known", "excluded_by": [], "why": why}
    variant["state"] = variant["lines"][0]["state"] = "undetermined"
    (row,) = summary_questions.before(make(parts))
    assert row["answer"] == "Not known"
    assert row["text"].endswith(why)


def test_the_bound_is_given_in_tumour_cells(parts, make):
    variant = next(v for v in parts["compare"]["variants"] if v["gene"] == "MAP2K1")
    variant["samples"]["sensitive"]["ub_ccf"] = 0.0063
    (row,) = summary_questions.before(make(parts))
    assert "at most 0.63" in row["text"] and "of the tumour cells" in row["text"]


def test_what_is_wrong_with_the_tumour_content_is_said_first(parts, make):
    assert not [w for w in warnings(make(parts)) if "tumour" in w["title"]]
    empty = {"detected": False, "shared_variants": 0, "catalogued": False, "median_af": None,
             "contradicted_purity": 0.6}  # fmt: skip
    parts["compare"]["samples"][1]["tumor"] = empty
    titles = [w["title"] for w in warnings(make(parts))]
    assert "sensitive contains no detectable tumour" in titles
    assert "The purity of sensitive is contradicted" in titles


def test_page_and_exports_agree_in_every_state(parts, make):
    """Two lesions before: what the pair alone would call acquired was present in the other."""
    variant = next(v for v in parts["compare"]["variants"] if v["gene"] == "MAP2K1")
    variant["lines"][0] |= {"before": "present", "state": "emergent", "shown_by": ["sensitive"]}
    variant["lines"][0]["lesions"][0]["state"] = "emergent"
    variant |= {"state": "emergent", "status": "gone"}
    report = make(parts)
    one = next(r for r in tsv.rows(report)
               if r["variant"] == variant["id"] and r["sample"] == "resistant")  # fmt: skip
    two = next(r for r in maf.rows(report | {"build": "hg19"}) if r["Hugo_Symbol"] == "MAP2K1")
    three = final_vcf.info_of(report)[variant["id"]]
    four = final_vcf.formats_of(report)[variant["id"]]["resistant"]
    assert (one["state"], one["overall_state"], two["RESISTPANEL.STATE"], three["RP_STATE"],
            four["RPST"]) == ("emergent",) * 5  # fmt: skip
    assert (one["present_before"], two["RESISTPANEL.BEFORE"], three["RP_BEFORE"]) == (
        "present",
    ) * 3
    assert (one["status"], two["RESISTPANEL.STATUS"], three["RP_STATUS"]) == ("gone",) * 3
    (row,) = summary_questions.before(report)
    assert row["answer"] == "Yes, in another lesion"
    assert row["text"].endswith("no longer detected in the latest sample")
