"""The course over days: places on the axis, labelled lines, drugs, copy number."""

import pytest

from resistpanel.report.report_constants import TIMELINE
from resistpanel.report.timeline import HEIGHT, TOP, labelled, timeline


def evidence(af, depth=200):
    detected = af > 0
    return {
        "dp": depth, "ad": [depth - round(af * depth), round(af * depth)], "af": af,
        "af_low": af / 2, "af_high": af * 1.5, "ub": 0.015, "lod": 0.03, "detected": detected,
    }  # fmt: skip


def sample(name, day, lesion, role="tumor"):
    return {"sample": name, "day": day, "lesion": lesion, "role": role, "timepoint": None}


@pytest.fixture
def report():
    """Two lesions and a plasma; a driver, seven variants, an amplification; two lines."""
    samples = [
        sample("N", None, None, "normal"), sample("a0", 0, "skin"), sample("a1", 100, "skin"),
        sample("b1", 100, "lung"), sample("p1", 200, None, "plasma"),
    ]  # fmt: skip
    names = ["a0", "a1", "b1", "p1"]
    afs = {"V600E": (0.25, 0.25, 0.25, 0.01)} | {f"K{i}N": (0, 0.1, 0, 0.04) for i in range(7)}
    variants = [
        {"id": key, "gene": "BRAF", "protein": key, "reported": True, "junction": None,
         "samples": dict(zip(names, map(evidence, row), strict=True))}
        for key, row in afs.items()
    ]  # fmt: skip
    found = [("K0N", "known"), ("copynumber:MET:amplification", "known"), ("V600E", "driver")]
    found += [(f"K{i}N", "no_effect") for i in range(1, 7)]
    return {
        "compare": {
            "samples": samples, "variants": variants,
            "lines": [
                {"drugs": ["a"], "start": None, "stop": None, "baseline": ["a0"],
                 "samples": ["a1", "b1"]},
                {"drugs": ["b", "c"], "start": 120, "stop": 150, "baseline": names[:3],
                 "samples": ["p1"]},
            ],
        },
        "resist": {
            "driver": {"variant": "V600E"}, "verdict": {"key_variants": ["K0N"]},
            "lines": [{"verdict": {"key_variants": ["K0N", "copynumber:MET:amplification"]}}],
            "findings": [{"variant": v, "effect": e, "state": "acquired"} for v, e in found],
        },
        "copynumber": {"samples": {
            "a0": {"genes": [{"gene": "MET", "copies": 2.0, "copies_low": 1.8,
                              "copies_high": 2.2}]},
            "a1": {"genes": [{"gene": "MET", "copies": 8.0, "copies_low": 7.0,
                              "copies_high": 9.0}]},
            "b1": {"genes": [{"gene": "MET", "copies": None}]},
        }},
    }  # fmt: skip


def test_the_driver_and_the_key_alterations_are_labelled(report):
    alleles, genes = labelled(report)
    assert len(alleles) == TIMELINE and alleles[0] == "K0N" and "V600E" in alleles
    assert genes == ["MET"]


def test_one_panel_per_lesion_over_the_same_days(report):
    drawing = timeline(report)
    assert [p["name"] for p in drawing["panels"]] == ["skin", "lung", "plasma"]
    skin, lung, _ = drawing["panels"]
    (first, second), (third,) = skin["days"], lung["days"]
    assert second["x"] == third["x"] and [first["text"], second["text"]] == ["0", "100"]
    one, two = skin["drugs"]
    whole = lung["right"] - lung["left"] - 24
    assert one["width"] == pytest.approx(whole / 2 - 2, abs=0.2)  # day 0 to 100 of 200
    assert two["width"] == pytest.approx(whole * 30 / 200 - 2, abs=0.2) and two["text"] == "b + c"
    driver = next(line for line in skin["lines"] if "V600E" in line["name"])
    assert driver["points"][0]["y"] == TOP + HEIGHT / 2  # square-root axis
    new = next(line for line in skin["lines"] if "K0N" in line["name"])
    assert [p["kind"] for p in new["points"]] == ["absent", "detected"] and new["steps"][0]["open"]
    assert len(skin["thin"]) == 3 and drawing["thin"] == 3


def test_copies_are_drawn_where_they_are_known(report):
    skin, lung, _ = timeline(report)["panels"]
    (met,) = skin["copies"]["lines"]
    assert met["last"] == "8.0 copies" and met["points"][0]["y"] > met["points"][1]["y"]
    assert lung["copies"]["lines"] == []


@pytest.mark.parametrize("day", [None, 100])
def test_without_days_there_is_no_course(report, day):
    for one in report["compare"]["samples"]:
        one["day"] = day
    assert timeline(report) is None
