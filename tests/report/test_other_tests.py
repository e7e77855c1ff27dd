"""The section on other tests."""

import copy

import pytest

from resistpanel.core.schemas import from_builtins
from resistpanel.records.report import Report
from resistpanel.report.other_tests import other_tests
from resistpanel.report.render import page
from resistpanel.report.summary_questions import before

RESULT = {
    "number": 1, "assay": "NGS", "kind": "sequence", "sample": None, "timepoint": "pre",
    "day": -30, "lesion": "skin", "genes": ["MAP2K1"], "alteration": None, "allele": None,
    "result": "negative", "value": None, "unit": "%", "limit": 2, "af": None, "limit_af": 0.02,
    "purity": 0.5, "source": "H23-<471>", "variants": [], "text": "NGS (H23-<471>): clean",
}  # fmt: skip
USE = {"before": True, "supports": [], "contradicts": [], "states": [], "evidence": []}


@pytest.fixture(scope="module")
def tested(paper):
    """The paper's patient with an earlier report, and with IHC that concerns no finding."""
    report = copy.deepcopy(paper)
    ihc = {"number": 2, "assay": "IHC", "kind": "protein", "genes": ["MLH1"], "day": None,
           "alteration": "loss", "unit": None, "limit": None, "limit_af": None}  # fmt: skip
    report["compare"]["other_tests"] = [RESULT, RESULT | ihc]
    report["resist"]["other_tests"] = [USE | {"test": 1}, USE | {"test": 2, "before": False}]
    (key,) = report["resist"]["verdict"]["key_variants"]
    one = next(v for v in report["compare"]["variants"] if v["id"] == key)
    one["lines"][-1]["tests"] = [
        {"test": 1, "says": "excluded", "ub_ccf": 0.08, "text": RESULT["text"]}
    ]
    return report


def test_the_section_lists_each_result_with_its_use(tested, read_page):
    from_builtins(tested, Report, "hand-made")
    first, second = other_tests(tested)
    assert (first["what"], first["limit"]) == ("MAP2K1, coding sequence", "2 %")
    assert first["taken"] == "skin, day -30"
    assert first["used"] == ["MAP2K1 p.C121S was in at most 8.0 % of the tumour cells before"]
    assert second["used"] == ["no finding concerned"]
    html = page(tested)
    assert "Results of other tests" in html and "H23-&lt;471&gt;" in html


def test_the_first_screen_cites_what_it_rests_on(tested):
    (row,) = before(tested)
    assert row["text"].count(RESULT["text"]) == 1


def test_no_section_without_tests(paper_html):
    assert "Results of other tests" not in paper_html
