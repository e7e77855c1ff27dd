"""Page, JSON, TSV, MAF and VCF give a variant the same state, status, course and distribution."""

import csv
import importlib.util
import io
from pathlib import Path

import pytest

from resistpanel.report.final_vcf import coded, info_of
from resistpanel.report.lesions import lesions as lesions_section
from resistpanel.report.maf import maf
from resistpanel.report.maf import rows as maf_rows
from resistpanel.report.render import page
from resistpanel.report.tsv import tsv

THREE = [("pre", 0, None), ("on", 90, None), ("post", 200, None)]
TWO = [("lung0", 0, "lung"), ("liver0", 0, "liver"), ("lung1", 160, "lung"),
       ("liver1", 160, "liver")]  # fmt: skip
SIX = [*TWO, ("lung2", 300, "lung"), ("liver2", 300, "liver")]

#: What three samples of one lesion show: AF in each, course in words, state, status.
COURSES = {
    "fell and returned": ((0.298, 0.009, 0.31), "fell, then returned", "stable", "present"),
    "gone and back": ((0.329, 0.0, 0.398), "disappeared, then returned", "stable", "present"),
    "came and went": ((0.0, 0.2, 0.0), "appeared, then disappeared", "acquired", "gone"),
    "came": ((0.0, 0.05, 0.2), "appeared, then rose", "acquired", "present"),
    "late": ((0.0, 0.0, 0.2), "not detected, then appeared", "acquired", "present"),
    "lost": ((0.3, 0.3, 0.0), "unchanged, then disappeared", "lost", "gone"),
    "stable": ((0.3, 0.31, 0.3), "unchanged", "stable", "present"),
    "rose": ((0.05, 0.2, 0.5), "rose", "rising", "present"),
    "shrank": ((0.5, 0.2, 0.05), "fell", "falling", "present"),
}
#: What two lesions show before and after: AF in lung, liver, then both; and the distribution.
LESIONS = {
    "truncal": ((0.3, 0.3, 0.3, 0.3), "truncal"),
    "one came": ((0.0, 0.0, 0.2, 0.0), "private"),
    "both came": ((0.0, 0.0, 0.2, 0.2), "truncal"),
    "one lost": ((0.3, 0.3, 0.0, 0.3), "truncal"),
    "private": ((0.3, 0.0, 0.3, 0.0), "private"),
    "spread": ((0.3, 0.0, 0.3, 0.2), "truncal"),
}


@pytest.fixture(scope="module")
def hand_made():
    path = Path(__file__).parents[1] / "resist" / "conftest.py"
    spec = importlib.util.spec_from_file_location("resist_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.HandMade


@pytest.fixture(scope="module")
def build(patients, make):
    """A function: hand-made patient -> report.json."""

    def build(patient):
        sheet = patient.sheet()
        compare = patient.compare()
        parts = {"sheet": sheet, "qc": patients.qc(sheet), "compare": compare | clones(compare),
                 "resist": patient.resist()}  # fmt: skip
        return make(parts, table1=False, vcf=False) | {"build": "hg19"}

    return build


def clones(compare):
    """Return two clones of a patient's variants, one of which is below the other."""
    samples = [s["sample"] for s in compare["samples"] if s["role"] != "normal"]
    if len(samples) < 3:
        return {}
    ids = [v["id"] for v in compare["variants"] if v["reported"]]

    def one(name, variants, ccf, position, parent):
        return {
            "name": name, "variants": variants, "position": position, "parent": parent,
            "samples": {
                sample: {"ccf": ccf - k / 100, "low": ccf / 2, "high": ccf, "upper": ccf,
                         "absent": 0.0, "alone": ccf / 2}
                for k, sample in enumerate(samples)
            },
            "before": [],
        }  # fmt: skip

    return {"clones": {
        "samples": samples, "without_tumor": [], "tree_count": 1, "apart": [], "conflicts": [],
        "clones": [one("1", ids[::2], 1.0, "first", None), one("2", ids[1::2], 0.4, "below", "1")],
        "trees": [{"parents": {"1": None, "2": "1"}, "probability": 1.0}],
        "ancestors": [["1", "2"]],
    }}  # fmt: skip


def clones_agree(report, found, calls, muts, info):
    """Compare what every output says of clones."""
    made = report["compare"].get("clones")
    if made is None:
        assert not found.all("section", id="clones")
        assert {row["clone"] for row in calls} == {""}
        return
    (section,) = found.all("section", id="clones")
    text = " ".join(section["text"].split())
    names = {v["id"]: v["protein"] for v in report["compare"]["variants"]}
    for clone in made["clones"]:
        assert all(names[v] in text for v in clone["variants"])
        for v in clone["variants"]:
            assert info[v]["RP_CLONE"] == clone["name"]
            rows = [r for r in muts if r["HGVSp_Short"] == f"p.{names[v]}"]
            assert {r["RESISTPANEL.CLONE"] for r in rows} == {clone["name"]}
            for row in (r for r in calls if r["variant"] == v):
                there = clone["samples"].get(row["sample"])
                assert row["clone"] == clone["name"]
                assert row["clone_ccf"] == (f"{there['ccf']:.6g}" if there else "")
    parents = [
        " ".join(cell["text"].split()) for cell in found.all("td", **{"data-label": "Parent"})
    ]
    assert "clone 1" in parents


def table(text):
    text = text.removeprefix("#version 2.4\n")
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def agree(report, read_page):
    """Compare what every output says of every reported variant."""
    calls, muts, info = table(tsv(report)), table(maf(maf_rows(report))), info_of(report)
    found = read_page(page(report))
    clones_agree(report, found, calls, muts, info)
    findings = {f["variant"]: f for f in report["resist"]["findings"]}
    lesions = report["compare"]["lesions"]["variants"]
    groups = (lesions_section(report) or {"groups": []})["groups"]
    drawn = {c["id"]: group["kind"] for group in groups for c in group["variants"]}
    shown = [" ".join(row["text"].split()) for row in found.all("td", class_="state")]
    expected = []
    for v in report["compare"]["variants"]:
        if not v["reported"]:
            continue
        course = "; ".join(
            f"{c['text']} ({c['lesion']})" if len(v["courses"]) > 1 else c["text"]
            for c in v["courses"]
            if len(c["steps"]) > 1
        )
        kind = lesions[v["id"]]["kind"] or ""
        finding = findings.get(v["id"])
        if finding:
            assert (finding["state"], finding["status"]) == (v["state"], v["status"])
            assert (finding["distribution"] or "") == kind
            assert "; ".join(finding["trajectory"]) == course
        mine = [row for row in calls if row["variant"] == v["id"]]
        assert {r["overall_state"] for r in mine} == {v["state"]}
        assert {(r["status"], r["trajectory"], r["distribution"]) for r in mine} == {
            (v["status"], course, kind)
        }
        told = {one["post"]: one for line in v["lines"] for one in line["lesions"]}
        for row in mine:
            if row["sample"] in told:
                one = told[row["sample"]]
                assert (row["state"], row["compared_with"]) == (one["state"], one["pre"])
        rows = [r for r in muts if r["HGVSp_Short"] == f"p.{v['protein']}"]
        assert {r["Tumor_Sample_Barcode"] for r in rows} == {
            n for n, e in v["samples"].items() if e["detected"]
        }
        for r in rows:
            assert (r["RESISTPANEL.STATE"], r["RESISTPANEL.STATUS"]) == (v["state"], v["status"])
            assert (r["RESISTPANEL.TRAJECTORY"], r["RESISTPANEL.DISTRIBUTION"]) == (course, kind)
        fields = info[v["id"]]
        assert (fields["RP_STATE"], fields["RP_STATUS"]) == (coded(v["state"]), coded(v["status"]))
        assert fields.get("RP_TRAJECTORY", "") == (coded(course) if course else "")
        assert fields.get("RP_DISTRIBUTION", "") == kind
        assert not groups or (drawn[v["id"]] or "") == kind
        now = f"{course}; now {v['status']}" if course else ""
        expected.append("".join(f"{v['state']} {kind}{now}".split()))
    assert sorted("".join(text.split()) for text in shown) == sorted(expected)


@pytest.mark.parametrize("lines", [None, [(("vemurafenib",), 0), (("trametinib",), 90)]])
def test_courses_of_three_time_points(hand_made, build, read_page, lines):
    p = hand_made("vemurafenib", "trametinib", samples=THREE, lines=lines)
    named = [("BRAF", "V600E"), ("MLH1", "V384D"), ("MAP2K1", "C121S"), ("NRAS", "Q61K")]
    for number, (fractions, text, state, status) in enumerate(COURSES.values()):
        gene, change = named[number] if number < len(named) else ("PTPRD", f"E{600 + number}K")
        p.add(gene, change, *fractions)
        made = p.variants[-1]
        assert made["courses"][0]["text"] == text
        if lines is None:
            assert (made["state"], made["status"]) == (state, status)
    agree(build(p), read_page)


@pytest.mark.parametrize("lines", [None, [(("vemurafenib",), 0), (("trametinib",), 160)]])
@pytest.mark.parametrize("samples", [TWO, SIX], ids=["two", "six"])
def test_two_lesions(hand_made, build, read_page, samples, lines):
    if lines and samples is TWO:
        lines = lines[:1]
    lines = lines or [(("vemurafenib", "trametinib"), 0)]
    p = hand_made("vemurafenib", "trametinib", samples=samples, lines=lines)
    named = [("BRAF", "V600E"), ("MAP2K1", "C121S"), ("NRAS", "Q61K")]
    for number, (fractions, kind) in enumerate(LESIONS.values()):
        gene, change = named[number] if number < len(named) else ("PTPRD", f"E{600 + number}K")
        later = fractions[2:] if samples is SIX else ()
        p.add(gene, change, *fractions, *later)
        rows = p.compare()["lesions"]["variants"]
        assert rows[p.variants[-1]["id"]]["kind"] == kind
    agree(build(p), read_page)
