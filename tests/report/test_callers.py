"""Other callers beside ours, where they were run."""

import json

import pytest

from resistpanel.core.errors import InputError
from resistpanel.report.callers import callers
from resistpanel.report.contents import assemble
from resistpanel.report.final_vcf import info_of
from resistpanel.report.render import page


def said(called: bool, filters: list[str], exact: bool = True, af: float = 0.2) -> dict:
    return {"called": called, "exact": exact, "filters": filters, "alleles": ["chr1:1:A:C"],
            "samples": {"resistant": {"alt": 20, "depth": 100, "af": af, "called": called,
                                      "filters": filters}, "skin": None}}  # fmt: skip


@pytest.fixture
def table(paper) -> dict:
    """A made-up table: ours and two more, on three variants."""
    key, driver = "chr15:66729154:G:C", "chr7:140453136:A:T"

    def row(identifier: str, own: bool, others: dict) -> dict:
        chrom, pos, ref, alt = identifier.split(":")
        mine = {"id": identifier, "filters": ["PASS"] if own else ["weak"], "model": "somatic",
                "somatic_phred": 9.0, "samples": {}}  # fmt: skip
        names = ["resistpanel"] * own + [n for n, s in others.items() if s and s["called"]]
        return {"id": identifier, "chrom": chrom, "pos": int(pos), "ref": ref, "alt": alt,
                "resistpanel": mine, "others": others, "called_by": names}  # fmt: skip

    rows = [
        row(driver, True, {"one": said(True, []), "two": said(True, [], exact=False)}),
        row(key, True, {"one": said(False, ["strand_bias"]), "two": None}),
        row("chr1:5:A:C", False, {"one": said(True, []), "two": None}),
    ]
    return {
        "schema": "resistpanel/callers/1", "patient": paper["patient"],
        "samples": ["skin", "sensitive", "resistant"],
        "callers": [{"name": n, "format": "vcf", "version": "9", "somatic": "FILTER PASS",
                     "files": []} for n in ("one", "two")],
        "variants": rows,
        "summary": {"resistpanel": {"called": 2, "alone": 1, "shared": 1},
                    "one": {"called": 2, "alone": 1, "shared": 1},
                    "two": {"called": 1, "alone": 0, "shared": 1}},
    }  # fmt: skip


def test_without_them_there_is_no_section(paper, read_page):
    assert callers(paper) is None
    assert not read_page(page(paper)).all("section", id="callers")


def test_disagreements_stand_first(paper, table):
    view = callers(paper | {"callers": table})
    assert [r["id"] for r in view["rows"]] == [
        "chr15:66729154:G:C",
        "chr1:5:A:C",
        "chr7:140453136:A:T",
    ]
    assert view["agreed"] == 1
    kinds = [[m["kind"] for m in r["marks"]] for r in view["rows"]]
    assert kinds == [["called", "filtered", "silent"], ["filtered", "called", "silent"],
                     ["called", "called", "called"]]  # fmt: skip
    words = [m["word"] for m in view["rows"][0]["marks"]]
    assert words == ["called", "strand_bias", "no record"]
    assert view["rows"][2]["marks"][2]["word"] == "called, written otherwise"


def test_the_section(paper, table, read_page):
    (section,) = read_page(page(paper | {"callers": table})).all("section", id="callers")
    assert "1 of 3 variants were called by every caller" in section["text"]


def test_the_vcf_names_them(paper, table):
    info = info_of(paper | {"callers": table})
    assert info["chr7:140453136:A:T"]["RP_CALLERS"] == ["resistpanel", "one", "two"]
    assert "RP_CALLERS" not in info_of(paper)["chr7:140453136:A:T"]


def test_a_table_of_another_patient_is_refused(parts, patients, table, tmp_path):
    paths = patients.write(parts, tmp_path)
    other = tmp_path / "callers.json"
    other.write_text(json.dumps(table))
    report = assemble(paths, callers=str(other), bams=False)
    assert report["callers"]["summary"] == table["summary"]
    other.write_text(json.dumps(table | {"patient": "B"}))
    with pytest.raises(InputError, match="is of patient 'B'"):
        assemble(paths, callers=str(other), bams=False)
