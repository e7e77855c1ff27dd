"""What the page says of limits: copies in plasma, clones too small, index hopping, lesions."""

import copy

import pytest

from resistpanel.report import followup, lesions, negatives, summary, summary_questions, unseen
from resistpanel.report.copies import at_large
from resistpanel.report.findings import driver_words
from resistpanel.report.render import page

AMPLIFIED = "copynumber:BRAF:amplification"


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


@pytest.fixture
def copies(parts, make, patients):
    """A function: copies (estimate, low, high) before and after, call after -> report."""

    def build(before, after, call="amplification", listed="amplification"):
        value = patients.copynumber(parts["sheet"])
        for name, (estimate, low, high), what in (
            ("sensitive", before, "neutral"), ("resistant", after, call)
        ):  # fmt: skip
            sample = value["samples"][name]
            sample["baseline"] = 2
            gene = next(g for g in sample["genes"] if g["gene"] == "BRAF")
            gene |= {"copies": estimate, "copies_low": low, "copies_high": high, "call": what}
        parts["resist"]["coverage"]["copies"] = [
            {"gene": "BRAF", "call": listed, "ids": ["BRAF-amplification-RAF"]}
        ]
        return make(parts | {"copynumber": value})

    return build


def test_a_clone_that_the_mean_of_copies_does_not_exclude(copies):
    report = copies((2.1, 1.8, 2.4), (12.7, 11.6, 13.9))
    finding = {"state": "acquired", "variant": AMPLIFIED, "gene": "BRAF"}
    text = summary_questions.smaller_clone(finding, report, ["sensitive"])
    # (2.4 - 2) / (12.7 - 2) is 3.74 %.
    assert plain(text).startswith("a clone with the amplification in up to 3.8 % of the tumour")
    assert (
        summary_questions.smaller_clone(finding | {"state": "rising"}, report, ["sensitive"])
        is None
    )


def test_the_bound_of_a_clone_is_from_the_genes_own_copies_on_one_x(copies):
    report = copies((1.0, 0.8, 1.3), (12.0, 11.0, 13.0))
    finding = {"state": "acquired", "variant": AMPLIFIED, "gene": "BRAF"}
    text = summary_questions.smaller_clone(finding, report, ["sensitive"])
    assert plain(text).startswith("a clone with the amplification in up to 2.8 % of")  # 0.3 of 11


@pytest.mark.parametrize(
    ("after", "call", "listed", "text", "bad"),
    [
        ((2.1, 1.8, 2.4), "neutral", "amplification", "no amplification", False),
        ((0.0, 0.0, 2.1), "neutral", "amplification", "not called", False),
        ((1.9, 0.3, 3.5), "neutral", "deletion", "not assessable", True),
        ((1.9, 1.6, 2.2), "neutral", "deletion", "no deletion", False),
        ((10.1, 0.0, 38.3), "neutral", "amplification", "not assessable", True),
        ((12.7, 11.6, 13.9), "amplification", "amplification", "amplification", False),
    ],
)
def test_catalogued_genes_say_what_their_copies_exclude(copies, after, call, listed, text, bad):
    if text == "not called":
        after = (0.5, 0.0, 1.9)
    report = copies((2.1, 1.8, 2.4), after, call, listed)
    (row,) = negatives.catalogued_copies(report)
    assert row["cells"][0]["text"] == f"no {listed}"
    assert (row["cells"][1]["text"], row["cells"][1]["bad"]) == (text, bad)
    assert "Amplifications and deletions of the catalogue" in page(report)


def test_an_amplification_that_no_later_sample_can_show_is_an_open_question(copies):
    line = "amplification of BRAF is not excluded in resistant: too little tumour DNA"
    assert line in summary.open_questions(copies((2.1, 1.8, 2.4), (3.0, 0.0, 38.0), "neutral"))
    clear = copies((2.1, 1.8, 2.4), (2.0, 1.8, 2.3), "neutral")
    assert line not in summary.open_questions(clear)


def test_an_allele_of_plasma_that_hopping_explains_says_so():
    one = {"id": "v", "detected": False, "alt": 7, "depth": 1587, "critical": 2, "limit": 0.0032,
           "upper": 0.00857, "left_out": None}  # fmt: skip
    detail = followup._cell({"known": [one]}, "v")["detail"]
    assert detail.endswith("alone it may be index hopping")
    below = followup._cell({"known": [one | {"alt": 1}]}, "v")["detail"]
    assert "hopping" not in below


def test_what_no_sample_before_shows_is_not_truncal(large):
    report = copy.deepcopy(large)
    found = {c["id"]: c for c in lesions.columns(report)}
    one = next(c for c in found.values() if c["kind"] == "truncal")
    assert not one["later"]
    first = report["compare"]["lines"][0]["baseline"]
    variant = next(v for v in report["compare"]["variants"] if v["id"] == one["id"])
    for name in first:
        variant["samples"][name]["detected"] = False
    again = next(c for c in lesions.columns(report) if c["id"] == one["id"])
    assert again["later"]
    later = [g for g in lesions.lesions(report)["groups"] if g["later"]]
    assert [c["id"] for g in later for c in g["variants"]] == [one["id"]]
    assert "not detected before treatment" in page(report)


def test_a_driver_of_a_single_time_point_is_present_not_retained(paper):
    assert driver_words(paper, {"state": "stable"}) == "retained"
    assert driver_words(paper, {"state": "falling"}) == "retained, but fell"
    alone = copy.deepcopy(paper)
    alone["compare"]["pairs"] = []
    assert driver_words(alone, {"state": None}) == "present"


def test_transformation_belongs_to_the_disease(paper):
    report = copy.deepcopy(paper)
    report["resist"]["drugs"] = [{"drug": "cetuximab", "given": "cetuximab", "classes": [],
                                  "targets": ["EGFR"]}]  # fmt: skip
    for disease, shown in (("colorectal cancer", False), ("NSCLC", True), (None, True)):
        report["sheet"]["disease"] = disease
        rows = [r["what"] for r in unseen.unseen(report)]
        assert any("transformation" in what for what in rows) is shown


def test_without_a_mechanism_the_next_tests_are_named(paper):
    report = copy.deepcopy(paper)
    assert summary.further_tests(report) == []
    report["resist"]["verdict"]["kind"] = "none"
    tests = summary.further_tests(report)
    assert tests and tests[-1] == (
        "RNA sequencing or immunohistochemistry of a biopsy at progression"
    )
    assert len(tests) == len(set(tests))
    lost = copy.deepcopy(paper)
    lost["resist"]["driver"]["state"] = "lost"
    assert summary.further_tests(lost) == tests


def test_drugs_of_a_class_name_the_finding_and_another_driver(paper):
    report = copy.deepcopy(paper)
    drugs = report["resist"]["expected_to_fail"]
    drugs.append({"drug": "adagrasib", "classes": ["KRAS G12C inhibitor"], "reason": "",
                  "evidence": list(drugs[0]["evidence"]), "driver": ["KRAS"]})  # fmt: skip
    groups = summary.failing(report)
    assert groups[-1]["name"] == "KRAS G12C inhibitor" and list(groups[-1]["driver"]) == ["KRAS"]
    assert not groups[-1]["here"] and not any(g["of"] for g in groups)
    assert "given for a driver not found here" in page(report)


def test_plasma_has_one_number_for_its_tumour(paper):
    report = copy.deepcopy(paper)
    report["compare"]["follow_up"] = [
        {"sample": "resistant", "detected": True, "tumor_fraction": 0.05, "known": [], "text": ""}
    ]
    lines = [plain(line) for line in summary_questions.samples(report)]
    (purity,) = [line for line in lines if line.startswith("tumour purity")]
    assert purity == "tumour purity 74.0 %"
    assert "ctDNA detected in 1 of 1 plasma sample (tumour fraction 5.0 %)" in lines


def test_a_doubled_genome_that_is_not_certain_has_its_probability():
    def sample(*alternatives):
        kept = [{"baseline": b, "probability": p, "value": 0.4} for b, p in alternatives]
        return {"baseline": 4, "purity": {"alternatives": kept}}

    assert at_large(sample((4, 0.89), (2, 0.06))) == "genome at 4 copies (probability 0.89)"
    assert at_large(sample((4, 0.99), (2, 0.01))) == "genome at 4 copies"
    assert at_large(sample((4, 0.7), (4, 0.3))) == "genome at 4 copies"
    assert at_large({"baseline": 2, "purity": None}) == ""


def test_of_several_findings_figures_say_of_which_they_are(paper):
    report = copy.deepcopy(paper)
    assert summary_questions.detection(report).startswith("probability that it is real")
    keys = report["resist"]["verdict"]["key_variants"]
    report["resist"]["verdict"]["key_variants"] = [*keys, "another"]
    label = next(f["label"] for f in report["resist"]["findings"] if f["variant"] == keys[0])
    assert summary_questions.detection(report).startswith(f"probability that {label} is real")
    assert summary_questions.graded(report).startswith(f"{label}: tier 1 of 4")


def test_a_biopsy_and_a_plasma_before_have_a_bound_each():
    def evidence(depth, ub, cells, unit):
        return {"ad": [depth, 0], "dp": depth, "af": 0.0, "af_low": 0.0, "af_high": ub, "ub": ub,
                "lod": 0.01, "detected": False, "unit": unit, "ub_ccf": cells}  # fmt: skip

    samples = {"biopsy": evidence(675, 0.0049, 0.021, "fragments"),
               "plasma": evidence(1893, 0.0018, 0.054, "molecules")}  # fmt: skip
    text = plain(summary_questions.seen_before({"samples": samples}, list(samples)))
    assert text == (
        "biopsy 0 of 675 fragments, so allele frequency below 0.49 %, at most 2.1 % of the tumour "
        "cells; plasma 0 of 1893 molecules, so allele frequency below 0.18 %, at most 5.4 % of the "
        "tumour cells"
    )


def test_no_reversion_is_stated_under_drugs_that_the_gene_sensitises_to(paper):
    report = copy.deepcopy(paper)
    allele = {"variant": "v", "label": "BRCA2 p.S1982fs", "inherited": True}
    report["resist"]["reversions"] = [{"gene": "BRCA2", "alleles": [allele], "found": []}]
    assert summary.no_reversions(report) == []
    report["resist"]["driver"]["gene"] = "BRCA2"
    assert summary.no_reversions(report) == ["BRCA2 p.S1982fs"]
    report["resist"]["reversions"][0]["found"] = ["r"]
    assert summary.no_reversions(report) == []


def test_what_was_there_before_has_no_probability_of_absence(paper):
    report = copy.deepcopy(paper)
    key = report["resist"]["verdict"]["key_variants"][0]
    assert "from even odds" in summary_questions.before(report)[0]["text"]
    variant = next(v for v in report["compare"]["variants"] if v["id"] == key)
    variant["lines"][-1]["before"] = "present"
    assert "probability" not in summary_questions.before(report)[0]["text"]
