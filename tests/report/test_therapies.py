"""The verdicts of several lines of therapy and lesions on the page."""

import copy

from resistpanel.report.findings import therapies
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
