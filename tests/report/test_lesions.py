"""The view of several lesions."""

import pytest

from resistpanel.report.findings import where_in_lesions
from resistpanel.report.lesions import BAR, columns, copy_findings, groups, lesions, order
from resistpanel.report.render import page


def test_of_one_lesion_there_is_none(paper):
    assert lesions(paper) is None


def test_lesions_stand_in_the_order_of_their_samples(large):
    names = [s["lesion"] for s in large["compare"]["samples"] if s["role"] == "tumor"]
    assert order(large) == list(dict.fromkeys(names))


def test_columns_go_from_truncal_to_private(large):
    found = columns(large)
    kinds = ["truncal", "shared", "private", None]
    places = [kinds.index(c["kind"]) for c in found]
    assert places == sorted(places) and len(set(places)) > 2
    assert {c["id"] for c in found} == {
        v["id"] for v in large["compare"]["variants"] if v["reported"]
    }


def test_bars_are_the_allele_frequencies(large):
    known = {v["id"]: v for v in large["compare"]["variants"]}
    samples = [s["sample"] for s in large["compare"]["samples"] if s["role"] == "tumor"]
    for column in columns(large):
        for name, cell in zip(samples, column["cells"], strict=True):
            af = known[column["id"]]["samples"][name]["af"]
            assert cell["y"] == pytest.approx(BAR * (af or 0) ** 0.5, abs=0.06)


def test_groups_hold_every_variant_once(large):
    view = lesions(large)
    named = [c["id"] for g in view["groups"] for c in g["variants"] if "id" in c]
    assert sorted(named) == sorted(c["id"] for c in view["columns"])
    for group in view["groups"]:
        if group["kind"] == "private":
            assert all(c["lesions"] == list(group["lesions"]) for c in group["variants"])
    assert view["width"] <= 1300  # as wide as the page


def test_the_section(large, read_page):
    (section,) = read_page(page(large)).all("section", id="lesions")
    assert "converge" in section["text"] or "several lesions acquired" in section["text"].lower()
    assert "Truncal" in section["text"] and "Private" in section["text"]


def test_a_lesion_of_several_samples_is_named_once():
    course = [{"lesion": "lung", "sample": name, "detected": True} for name in ("a", "b")]
    finding = {
        "variant": "copynumber:BRAF:amplification", "gene": "BRAF", "effect": "known",
        "label": "BRAF amplification", "distribution": "private", "course": course,
    }  # fmt: skip
    report = {"resist": {"findings": [finding], "verdict": {"key_variants": []}}}
    (found,) = copy_findings(report)
    assert found["lesions"] == ["lung"]
    allele = {"kind": "private", "lesions": ["lung"], "gene": "NRAS", "later": False}
    (group,) = groups([allele], [found])
    assert len(group["variants"]) == 2


def test_what_came_to_every_lesion_is_not_called_truncal(large):
    """The badge of a finding says what the section on lesions says."""
    before = large["compare"]["lines"][0]["baseline"]
    one = next(f for f in large["resist"]["findings"] if f["distribution"] == "truncal")
    later = [p | {"detected": p["sample"] not in before} for p in one["course"]]
    there = [p | {"detected": True} for p in one["course"]]
    assert where_in_lesions(one | {"course": there}, large) == "truncal"
    assert where_in_lesions(one | {"course": later}, large) == (
        "in every lesion, not before treatment"
    )
