"""The verdicts of several lines of therapy and lesions on the page."""

import copy

import pytest

from resistpanel.report import first_lines
from resistpanel.report.findings import left_over, parts_of, therapies
from resistpanel.report.render import page


def test_one_line_of_one_lesion_needs_no_table(paper, read_page):
    assert therapies(paper) == []
    assert read_page(page(paper)).all("table", class_="therapies") == []


def test_lines_and_lesions_are_listed_the_latest_first(paper, read_page):
    paper = copy.deepcopy(paper)
    (first,) = paper["resist"]["lines"]
    none = first["verdict"] | {"kind": "none", "key_variants": [], "sentence": "Nothing."}
    lesion = {"lesion": "liver", "samples": ["resistant"], "verdict": none}
    second = first | {"line": 2, "drugs": ["trametinib"], "verdict": none, "lesions": [lesion]}
    paper["resist"]["lines"] = [second, first]
    rows = therapies(paper)
    assert [(r["line"], r["lesion"]) for r in rows] == [(2, None), (2, "liver"), (1, None)]
    assert rows[2]["headline"] == "MAP2K1 p.C121S"
    (table,) = read_page(page(paper)).all("table", class_="therapies")
    assert "trametinib" in table["text"] and "liver" in table["text"]
    assert "No mechanism found" in table["text"]


def test_a_drug_that_is_not_assessed_is_a_warning_and_a_limit(paper, read_page):
    paper = copy.deepcopy(paper)
    paper["resist"]["not_assessed"] = [{"drug": "zorpamab", "reason": "it is in no table"}]
    found = read_page(page(paper))
    (warnings,) = found.all("ul", class_="warnings")
    assert "Resistance to zorpamab is not assessed. It is in no table." in warnings["text"]
    assert "zorpamab" in found.all("ul", class_="limits")[0]["text"]


def test_a_line_with_samples_of_one_of_several_lesions_names_it(paper):
    paper = copy.deepcopy(paper)
    names = [s["sample"] for s in paper["compare"]["samples"] if s["role"] == "tumor"]
    assert first_lines.only_lesion(paper, names[:1]) is None  # one lesion in all
    for sample, lesion in zip(paper["sheet"]["samples"], (None, "liver", "lung"), strict=True):
        sample["lesion"] = lesion
    for sample, lesion in zip(paper["compare"]["samples"], (None, "liver", "lung"), strict=True):
        sample["lesion"] = lesion
    assert first_lines.only_lesion(paper, names[1:]) == "lung"
    assert first_lines.only_lesion(paper, names) is None


def test_findings_first_seen_in_different_samples_are_named(paper):
    paper = copy.deepcopy(paper)
    names = [s["sample"] for s in paper["compare"]["samples"] if s["role"] == "tumor"]
    keys = paper["resist"]["verdict"]["key_variants"]
    text = first_lines.first_seen(paper, keys, names)
    assert "MAP2K1" not in text and text.startswith(names[1])
    earlier = next(f for f in paper["resist"]["findings"] if f["variant"] not in keys and
                   any(c["detected"] and c["sample"] == names[0] for c in f["course"]))  # fmt: skip
    text = first_lines.first_seen(paper, [*keys, earlier["variant"]], names)
    assert "MAP2K1 p.C121S: " in text and f"{earlier['label']}: " in text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a; b", ["a", "b"]),
        ("a (0 of 9; at most 5 % (tumour fraction 8 %; x)); b", None),
        ("a (b; c", ["a (b; c"]),
    ],
)
def test_parentheses_are_not_split(text, parts):
    whole = text.removesuffix("; b")
    assert parts_of(text) == (parts or [whole, "b"])


def test_a_bound_in_parentheses_is_kept_whole():
    bound = "not detected in A (0 of 9 fragments; if present, in at most 5 % of the tumour cells)"
    assert left_over(f"{bound}; 20 % in B", ["not detected in C; 20 % in B"]) == f": {bound}"


def test_of_samples_of_one_day_the_lesions_own_is_named(paper):
    """A deletion in both lesions at relapse was first seen in the lung by the lung's sample."""
    paper = copy.deepcopy(paper)
    rows = [s for s in paper["compare"]["samples"] if s["role"] == "tumor"]
    names = [s["sample"] for s in rows]
    (key,) = paper["resist"]["verdict"]["key_variants"]
    finding = next(f for f in paper["resist"]["findings"] if f["variant"] == key)
    for point in finding["course"]:
        point["detected"] = True
    for row in rows:
        row["day"] = 231
    assert first_lines.first_seen(paper, [key], names[1:]) == f"{names[1]} (day 231)"
    rows[1]["day"] = 400
    assert first_lines.first_seen(paper, [key], names[1:]) == f"{names[0]} (day 231)"
