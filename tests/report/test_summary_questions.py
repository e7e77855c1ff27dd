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
    assert plain(row["text"]).startswith(f"0 of {depth} fragments, so allele frequency below 0.")
    assert "catalogue: " in summary_questions.sure(
        paper
    ) and "publication" in summary_questions.sure(paper)
    lines = summary_questions.samples(paper)
    assert lines[0] == "all 3 samples pass quality control" and "identity not checked" in lines


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
    copynumber["identity"]["mismatched"] = ["resistant"]
    lines = summary_questions.samples(make(parts | {"copynumber": copynumber}))
    assert lines[0] == "1 of 3 samples fails quality control (sensitive)"
    assert "resistant does not match this patient" in lines


def test_copies_before(parts, make, patients):
    parts["resist"]["findings"].append(
        parts["resist"]["findings"][0]
        | {"variant": "copynumber:BRAF:amplification", "gene": "BRAF", "rank": 99,
           "label": "BRAF amplification", "state": "acquired"}
    )  # fmt: skip
    parts["resist"]["verdict"]["key_variants"] = ["copynumber:BRAF:amplification"]
    report = make(parts | {"copynumber": patients.copynumber(parts["sheet"])})
    (row,) = summary_questions.before(report)
    assert row["answer"] == "No amplification before" and "copies" in row["text"]


@pytest.mark.parametrize(
    ("first", "answer"),
    [("arm", "Yes, it had gone and returned"), ("back", "Yes, in another lesion")],
)
def test_copies_that_had_gone_and_returned(parts, make, patients, first, answer):
    key = "copynumber:BRAF:amplification"
    course = [
        point | {"lesion": lesion, "detected": True}
        for point, lesion in zip(
            parts["resist"]["findings"][0]["course"], (first, "arm"), strict=True
        )
    ]
    parts["resist"]["findings"].append(
        parts["resist"]["findings"][0]
        | {"variant": key, "gene": "BRAF", "rank": 99, "label": "BRAF amplification",
           "state": "emergent", "before": "present", "course": course}
    )  # fmt: skip
    parts["resist"]["verdict"]["key_variants"] = [key]
    report = make(parts | {"copynumber": patients.copynumber(parts["sheet"])})
    (row,) = summary_questions.before(report)
    assert row["answer"] == answer


def test_without_a_pair_the_answer_is_not_known(parts, make):
    parts["sheet"]["pairs"] = parts["compare"]["pairs"] = []
    parts["sheet"]["lines"] = parts["compare"]["lines"] = []
    (row,) = summary_questions.before(make(parts))
    assert row["answer"] == "Not known"


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


def test_the_numbers_of_confidence(paper):
    assert plain(summary_questions.detection(paper)) == "probability that it is real: above 99.9 %"
    assert summary_questions.graded(paper) == "tier 1 of 4; AMP/ASCO/CAP tier II, level D"
    lines = [plain(line) for line in summary_questions.certainty(paper["resist"]["findings"][0])]
    assert lines[0].startswith("probability that the alteration is real: ")
    assert "tier 1 of 4 (scale of resistpanel, not AMP/ASCO/CAP)" in lines[1]
    (row,) = summary_questions.before(paper)
    assert "in less than 1 % of the tumour cells: 97.2 %" in plain(row["text"])


def test_what_is_not_calculated_for_copy_number_is_said(paper):
    numbers = {"real": None, "tier": 1, "chance_matches": 0.014, "new_variants": 1}
    finding = {"variant": "copynumber:BRAF:amplification", "confidence": numbers}
    lines = summary_questions.certainty(finding)
    assert lines[0].endswith("real: not calculated for copy number")
    assert lines[2].endswith("by chance: 0.014 for 1 newly altered gene")


@pytest.mark.parametrize(("low", "high", "open_"), [(0.386, 0.553, True), (0.9, 1.0, False)])
def test_a_subclonal_key_variant_leaves_cells_unexplained(parts, make, low, high, open_):
    key = parts["resist"]["verdict"]["key_variants"][0]
    variant = next(v for v in parts["compare"]["variants"] if v["id"] == key)
    variant["samples"]["resistant"] |= {"ccf": (low + high) / 2, "ccf_low": low, "ccf_high": high}
    text = "resistance of the others is not explained"
    told = [t for t in summary(make(parts))["open"] if text in t]
    assert bool(told) == open_


def test_the_driver_that_gave_the_purity_has_no_measured_fraction(parts, make):
    driver = parts["resist"]["driver"]["variant"]
    variant = next(v for v in parts["compare"]["variants"] if v["id"] == driver)
    sample = next(s for s in parts["compare"]["samples"] if s["sample"] == "resistant")
    sample["purity"] |= {"value": 0.77, "source": "AF of the driver BRAF V600E, taken as clonal"}
    variant["samples"]["resistant"] |= {"ccf": 1.0, "ccf_low": 0.9, "ccf_high": 1.0}
    shown = next(v for v in summary(make(parts))["shown"]["rows"] if v["id"] == driver)
    told = {row["name"]: row["ccf"] for row in shown["rows"]}
    assert plain(told["resistant"]) == "taken as 100 % to estimate the purity"


def test_several_samples_before_are_named_and_counted_together(paper):
    variant = next(
        v for v in paper["compare"]["variants"] if v["gene"] == "MAP2K1" and v["reported"]
    )
    absent = variant["samples"]["sensitive"]
    found = variant["samples"]["resistant"]
    low = absent | {"dp": 300, "ad": [300, 0], "ub": 0.012, "ub_ccf": 0.05}
    high = absent | {"dp": 200, "ad": [199, 1], "ub": 0.03, "ub_ccf": 0.09}
    plasma = low | {"unit": "molecules", "dp": 1000, "ad": [1000, 0]}
    samples = {"a": low, "b": high, "c": found, "d": plasma}
    say = summary_questions.seen_before
    text = plain(say({"samples": samples}, ["a", "b"]))
    assert text == (
        "not detected in a, b: 1 of 500 fragments, so allele frequency below 3.0 %, "
        "at most 9.0 % of the tumour cells in each"
    )
    assert plain(say({"samples": samples}, ["a", "c"])).startswith("c 1")
    # Fragments and molecules are not added up.
    mixed = plain(say({"samples": samples}, ["a", "b", "d"]))
    assert "1 of 500 fragments and 0 of 1000 molecules" in mixed
    assert plain(say({"samples": samples}, ["a"])).startswith("0 of 300 fragments, so allele")


def test_copies_of_several_samples_before_are_named(parts, make, patients):
    report = make(parts | {"copynumber": patients.copynumber(parts["sheet"])})
    text = summary_questions.copies_before({"gene": "BRAF"}, report, ["sensitive", "resistant"])
    first, second = text.split("; ")
    assert first.startswith("sensitive ") and second.startswith("resistant ")
    assert text.count("copies per tumour cell") == 1


def test_evidence_against_several_findings_says_which(parts, make):
    keys = [f["variant"] for f in parts["resist"]["findings"][:2]]
    for f in parts["resist"]["findings"][:2]:
        f["against"] = ["undetermined: too few fragments"]
    parts["resist"]["findings"][1]["against"] = ["undetermined: 3 of 100"]
    parts["resist"]["verdict"]["key_variants"] = keys
    labels = [f["label"] for f in parts["resist"]["findings"][:2]]
    assert summary(make(parts))["against"] == [
        f"{labels[0]}: undetermined: too few fragments", f"{labels[1]}: undetermined: 3 of 100"
    ]  # fmt: skip
    parts["resist"]["verdict"]["key_variants"] = keys[:1]
    assert summary(make(parts))["against"] == ["undetermined: too few fragments"]


@pytest.mark.parametrize(
    ("same", "said"),
    [
        ((True, True), "all samples match one person"),
        ((True, None), "identity of resistant could not be established"),
        ((None, None), "sample identity could not be established"),
    ],
)
def test_all_samples_match_if_each_agrees_with_another(parts, make, patients, same, said):
    """A pair that agrees says nothing of the third sample."""
    copynumber = patients.copynumber(parts["sheet"])
    pairs = [("skin", "sensitive", same[0]), ("sensitive", "resistant", same[1])]
    copynumber["identity"]["agreement"] = [
        {"first": one, "second": other, "sites": 3, "discordant": 0, "same": agrees}
        for one, other, agrees in pairs
    ]
    lines = summary_questions.samples(make(parts | {"copynumber": copynumber}))
    assert any(line.startswith(said) for line in lines)
