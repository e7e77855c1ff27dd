"""The section on plasma."""

import copy

import pytest

from resistpanel.report import followup
from resistpanel.report.render import page
from resistpanel.report.tsv import rows


def allele(identifier, alt, detected, **more):
    return {
        "id": identifier, "source": "sensitive", "detected": detected, "alt": alt, "depth": 8000,
        "critical": 4, "expected_errors": 0.4, "limit": 0.00097, "upper": (alt + 3) / 8000,
        "tumor_af": 0.5, "left_out": None,
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def plasma(paper):
    """The paper's patient whose second sample is a plasma with one before it."""
    report = copy.deepcopy(paper)
    first, second = [v["id"] for v in report["compare"]["variants"] if v["reported"]][:2]
    none = {"tumor_fraction": None, "low": None, "high": None, "hopping": None}
    tumors = [s for s in report["compare"]["samples"] if s["role"] != "normal"]
    report["compare"]["follow_up"] = [
        {"sample": tumors[0]["sample"], "known": [allele(first, 0, False)], "used": 1,
         "detected": False, "p": 1.0, "upper": 0.0008, "limit": 0.002,
         "text": "ctDNA not detected: tumour fraction below 0.08 %"} | none,
        {"sample": tumors[1]["sample"], "known": [
            allele(first, 40, True),
            allele(second, 9, None, critical=None, limit=None, left_out="may be of white cells"),
         ], "used": 1, "detected": True, "p": 1e-4, "upper": 0.015, "limit": 0.002,
         "tumor_fraction": 0.01, "low": 0.007, "high": 0.016, "hopping": None,
         "text": "ctDNA detected: tumour fraction 1.0 %"},
    ]  # fmt: skip
    one = next(v for v in report["compare"]["variants"] if v["id"] == second)
    one["white_cells"] = "TP53 is a gene of clonal haematopoiesis"
    return report


def test_without_plasma_there_is_none(paper):
    assert followup.followup(paper) is None
    assert followup.latest(paper) is None


def test_alleles_and_the_drawing(plasma):
    found = followup.followup(plasma)
    by_kind = [[cell["kind"] for cell in row["cells"]] for row in found["rows"]]
    assert sorted(by_kind) == [["absent", "detected"], ["none", "unsure"]]
    one, two = found["drawing"]["points"]
    assert (one["detected"], two["detected"]) == (False, True)
    assert two["high"] < two["y"] < two["low"]
    assert one["y"] < one["low"] == found["drawing"]["bottom"]
    assert found["drawing"]["ticks"][-1][1] == found["drawing"]["top"]
    assert len(found["white"]) == 1


def test_the_page_and_the_table(plasma, read_page):
    html = page(plasma)
    assert "Follow-up in plasma" in html
    assert "ctDNA detected: tumour fraction 1.0" in html.split("</header>")[0]
    assert "not used: may be of white cells" in html
    found = [row for row in rows(plasma) if row["known_detected"] is not None]
    assert [(row["known_detected"], row["known_critical"]) for row in found] == [
        (False, 4), (True, 4),
    ]  # fmt: skip
    assert sum(row["white_cells"] is not None for row in rows(plasma)) == len(
        plasma["compare"]["samples"]
    )
