"""The first screen: a row per line and lesion, warnings in words, nothing said twice."""

import collections
import copy
import re

import pytest

from resistpanel.copynumber.gate import GATE as COPIES
from resistpanel.qc.gate import GATE
from resistpanel.report import first_lines, summary
from resistpanel.report.findings import findings, left_over, over_lines, pairs_of
from resistpanel.report.render import page
from resistpanel.report.summary import said, verdict_text


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


def test_one_row_per_line_of_therapy(paper):
    (row,) = first_lines.lines(paper)
    assert (row["line"], row["drugs"], row["headline"]) == (1, ["vemurafenib"], "MAP2K1 p.C121S")
    assert row["seen"] == "resistant (day 161)"
    assert plain(row["limit"]) == "AF below 0.50 % (25 alleles)"


def test_a_lesion_without_a_mechanism_has_its_row_and_limit(paper):
    paper = copy.deepcopy(paper)
    (line,) = paper["resist"]["lines"]
    none = line["verdict"] | {"kind": "none", "key_variants": []}
    line["lesions"] = [
        {"lesion": "skin", "samples": ["resistant"], "verdict": line["verdict"]},
        {"lesion": "liver", "samples": ["sensitive"], "verdict": none,
         "examined": {"alleles": 24, "not_assessable": 1, "worst_ub": 0.005}},
    ]  # fmt: skip
    found, empty = first_lines.lines(paper)
    assert (found["lesion"], found["headline"]) == ("skin", "MAP2K1 p.C121S")
    assert (empty["lesion"], empty["headline"], empty["seen"]) == ("liver", "", "–")
    assert plain(empty["limit"]) == "AF below 0.50 % (24 alleles), 1 not assessable"
    # A file of an earlier version has the alleles for the drugs of the latest line alone.
    assert found["limit"] == "not known"


@pytest.mark.parametrize("row", [*GATE, *COPIES], ids=lambda row: row.name)
def test_a_failed_condition_is_a_sentence(row):
    worse = row.threshold / 2 if row.sign == ">=" else row.threshold * 1.5 + 1e-3
    text = f"sample 's': {row.metric} is {worse:.4g}, must be {row.condition}: {row.text}"
    said = first_lines.failures([
        {"metric": row.metric, "value": worse, "condition": row.condition, "text": text}
    ])  # fmt: skip
    if row.metric == "sex_mismatch":
        return
    assert row.metric not in said or row.metric in ("contamination", "duplicates")
    assert ">=" not in said and "<=" not in said
    assert row.text in said and (" needed (" if row.sign == ">=" else " allowed (") in said


def test_the_verdict_can_be_copied_as_text(paper):
    text = verdict_text(paper)
    assert paper["resist"]["verdict"]["sentence"] in text
    assert "Line 1 (vemurafenib): MAP2K1 p.C121S" in text and "Research use only." in text


def test_a_reason_that_the_sentence_states_is_left_out():
    sentence = "A, was acquired: not detected before, 15 % after. It is known."
    assert said("acquired: not detected before, 15 % after", sentence)
    assert not said("the driver is retained", sentence)


def prose(found) -> collections.Counter:
    """Count the sentences of eight words or more in paragraphs and lists."""
    counts: collections.Counter = collections.Counter()
    for element in found.elements:
        if element["tag"] not in ("p", "li", "figcaption") or "table" in element["inside"]:
            continue
        if set((element["attrs"].get("class") or "").split()) & {"print-only", "outside"}:
            continue
        for part in re.split(r"(?<=[a-z)%])[.;:]\s+", " ".join(element["text"].split())):
            if len(part.split()) >= 8:
                counts[part.strip(" .").lower()] += 1
    return counts


def test_no_sentence_is_printed_twice(paper_html, read_page):
    twice = {text: n for text, n in prose(read_page(paper_html)).items() if n > 1}
    assert twice == {}


def test_headline_is_a_heading_and_links_name_where_they_lead(paper_html, read_page):
    found = read_page(paper_html)
    (headline,) = found.all("h2", class_="headline")
    assert headline["text"] == "MAP2K1 p.C121S"
    assert not [e for e in found.all("a") if e["text"].strip().lower() in ("see why", "here")]
    order = [e["text"] for e in found.elements if e["tag"] in ("dt", "h2")]
    assert order.index("Likely cross-resistance") < order.index("Confidence")
    assert order.index("Detection") < order.index("Evidence")


def test_quality_says_in_words_what_is_needed():
    one = {"metric": "fraction_at.100", "value": 0.4, "condition": ">= 0.9", "text": ""}
    assert plain(first_lines.need(one)) == "at least 90.0 % needed"
    one = {"metric": "mean_depth", "value": 40.0, "condition": ">= 250", "text": ""}
    assert first_lines.need(one) == "at least 250 fragments needed"
    assert first_lines.need(one, "molecules") == "at least 250 molecules needed"
    assert first_lines.need(one | {"metric": "new", "condition": "is x"}) == "is x needed"


def test_what_is_stated_of_a_pair_is_not_said_again_of_the_line():
    stated = ["not detected before (0 of 3); 5 % after", "stable: 4 %, 5 %"]
    assert left_over("not detected before (0 of 3); 5 % after", stated) == ""
    assert left_over("stable: 4 %, 5 %; also 6 % in c", stated) == ": also 6 % in c"
    assert left_over("not detected before (0 of 3); 7 % later", stated) == ": 7 % later"
    assert left_over("new", []) == ": new"


def test_pairs_that_share_their_later_sample_are_one():
    sample = {"ad": [100, 0], "dp": 100, "ub": 0.03}
    states = [{"state": "absent", "post": name} for name in ("b", "b", "c")]
    variant = {"samples": {"b": sample, "c": sample}, "states": states}
    (joined,) = pairs_of(variant)
    assert joined["text"].count("b (0 of 100") == 1 and "c (0 of 100" in joined["text"]


def test_a_finding_whose_reasons_are_on_the_first_screen_says_so(parts, make):
    """A second finding with the same reason has not "nothing" for it."""
    first, second = parts["resist"]["findings"][:2]
    first["for"] = ["a reason of its own"]
    second["effect"], second["for"] = "known", parts["resist"]["verdict"]["reasons"][:1]
    second["against"] = []
    found = findings(make(parts))["full"]
    row = next(f for f in found if f["variant"] == second["variant"])
    assert row["for"] == [] and row["for_on_front"] and not row["against_on_front"]
    assert not next(f for f in found if f["variant"] == first["variant"])["for_on_front"]


def test_samples_that_pass_are_not_red(parts, make):
    """A warning of another kind does not mark the line of quality control."""
    parts["sheet"]["tumor_only"] = True
    html = page(make(parts))
    assert "<b>All 3 samples pass quality control</b>" in html and "No matched normal" in html
    parts["qc"]["samples"][1]["gate"] = {
        "passed": False,
        "failures": [{"metric": "mean_depth", "value": 1, "condition": ">= 200", "text": "low"}],
    }
    failed = '<b class="bad">1 of 3 samples fails quality control (sensitive)</b>'
    assert failed in page(make(parts))


@pytest.mark.parametrize(
    ("genes", "text"),
    [
        (["NF1", "CRKL"], "a panel with NF1 and CRKL"),
        (
            [f"G{i}" for i in range(9)],
            "a panel with the 9 genes of the catalogue that were not sequenced",
        ),
    ],
)
def test_further_tests_name_the_genes_that_were_not_sequenced(paper, genes, text):
    paper = copy.deepcopy(paper)
    paper["resist"]["verdict"] |= {"kind": "none", "key_variants": []}
    paper["resist"]["coverage"]["genes_off_panel"] = genes
    assert text in summary.further_tests(paper)


def test_what_a_sample_cannot_show_was_not_examined_in_every_sample(paper):
    paper = copy.deepcopy(paper)
    sites = paper["resist"]["negative_sites"]
    every = summary.examined(paper)
    number = int(re.match(r"\d+", every)[0])
    blind = next(s for s in sites if s["assessable"])["site"]
    for one in sites:
        one["assessable"] = one["assessable"] and one["site"] != blind
    assert summary.examined(paper).startswith(f"{number - 1} ")
    for one in sites:
        one["assessable"] = False
    text = summary.examined(paper)
    assert "known resistance mutations could be examined in every tumour sample" in text
    assert text.startswith("None of ")


def test_nothing_is_further_where_nothing_was_found(paper):
    paper = copy.deepcopy(paper)
    assert " further known resistance mutations were examined" in summary.examined(paper)
    paper["resist"]["verdict"] |= {"kind": "none", "key_variants": []}
    assert "further" not in summary.examined(paper)
    paper["resist"]["negative_sites"] = paper["resist"]["negative_sites"][:1]
    assert summary.examined(paper).startswith("1 known resistance mutation was examined")
    paper["resist"]["negative_sites"] = []
    assert summary.examined(paper).startswith("No known resistance mutation was examined")


def test_the_page_says_that_no_known_mutation_was_examined(paper):
    paper = copy.deepcopy(paper)
    paper["resist"]["negative_sites"] = []
    text = summary.examined(paper)
    assert text.startswith("No further known resistance mutation was examined")
    paper["resist"]["coverage"]["not_in_dna"] = []
    assert summary.examined(paper) == "No further known resistance mutation was examined"
    paper["resist"]["coverage"]["rows"] = 0  # no row for the drug: nothing to be examined
    assert summary.examined(paper) is None


def test_an_open_question_is_evidence_against_a_key_finding(paper):
    (key,) = paper["resist"]["verdict"]["key_variants"]
    paper = copy.deepcopy(paper)
    finding = next(f for f in paper["resist"]["findings"] if f["variant"] == key)
    finding["against"] = []

    def against(report):
        return {f["variant"]: f["against_on_front"] for f in findings(report)["full"]}[key]

    variant = next(v for v in paper["compare"]["variants"] if v["id"] == key)
    variant["samples"]["resistant"] |= {"ccf": 0.44, "ccf_low": 0.2, "ccf_high": 0.55}
    assert summary.open_questions(paper) and against(paper)
    variant["samples"]["resistant"] |= {"ccf": 0.9, "ccf_low": 0.8, "ccf_high": 1.0}
    assert bool(summary.open_questions(paper)) == against(paper)


def test_a_class_of_antibodies_is_named_in_the_plural(paper):
    paper = copy.deepcopy(paper)
    paper["resist"]["expected_to_fail"][0]["classes"] = ["anti-PD1 antibody"]
    html = page(paper)
    assert "<b>anti-PD1 antibodies</b>" in html and "<h4>Anti-PD1 antibodies</h4>" in html
    assert "antibodys" not in html


def test_a_known_loss_of_copies_is_shown_beside_the_junction_that_explains_it(paper):
    """Of PTEN, lost by a deletion whose junction is the key variant."""
    paper = copy.deepcopy(paper)
    finding = copy.deepcopy(paper["resist"]["findings"][0]) | {
        "variant": "copynumber:PTEN:deletion", "gene": "PTEN", "label": "PTEN deletion",
        "effect": "known", "state": None,
    }  # fmt: skip
    gene = {
        "gene": "PTEN", "log2": -1.8, "call": "deletion", "copies": 0.6, "copies_low": 0.4,
        "copies_high": 0.8, "targets": 2,
        "partial": {"first": 1, "last": 2, "probability": None},
    }  # fmt: skip
    paper["copynumber"] = {"samples": {"resistant": {"genes": [gene], "baseline": 2}}}
    paper["resist"]["findings"].append(finding)
    key, second, *_ = summary.key_variants(paper)["rows"]
    assert key["gene"] == "MAP2K1"
    assert (second["gene"], second["role"]) == ("PTEN", "known resistance alteration")
    assert second["rows"][-1]["main"] == "deletion"
    assert second["rows"][-1]["detail"] == "no copy of part of targets 1 to 2 of 2"
    finding["state"] = "absent"
    assert "PTEN" not in [row["gene"] for row in summary.key_variants(paper)["rows"]]


def test_no_earlier_sample_is_said_once():
    sentence = "PTEN deletion was found; there is no sample before treatment to compare with."
    for reason in (
        "whether it was present before treatment could not be determined",
        "No sample before treatment: whether it was present before could not be determined",
    ):
        assert said(reason, sentence) and not said(reason, "PTEN deletion was acquired.")


def test_a_course_that_is_its_status_is_said_once(paper):
    courses = [
        {"lesion": "axilla", "steps": [1, 2], "text": "not detected", "status": "not detected"},
        {"lesion": "lung", "steps": [1, 2], "text": "fell, then returned", "status": "present"},
    ]
    assert over_lines({"lines": [], "courses": courses}, paper) == [
        "Course in axilla: not detected", "Course in lung: fell, then returned; now present",
    ]  # fmt: skip


def test_only_warnings_of_samples_qualify_their_adequacy(parts, make, read_page):
    """That there is no normal says nothing against the samples."""
    parts["sheet"]["tumor_only"] = True
    assert "(see the warning above)" not in read_page(page(make(parts))).text()
    parts["qc"]["samples"][-1]["gate"] = {
        "passed": False,
        "failures": [{"metric": "mean_depth", "value": 12.0, "condition": ">= 100", "text": "x"}],
    }
    assert "(see the warning above)" in read_page(page(make(parts))).text()
