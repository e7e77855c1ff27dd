"""The hand-made patients are what the stages write: they agree with the stages' own schemas."""

import json

import msgspec
import pytest

from resistpanel.core.schemas import from_builtins
from resistpanel.records.stages import RECORDS
from resistpanel.report import cohort
from resistpanel.report.render import cohort_page, page
from resistpanel.resist.build import resist
from resistpanel.resist.context import load_context


@pytest.mark.parametrize("stage", ["sheet", "qc", "compare", "resist"])
@pytest.mark.parametrize("patient", ["paper", "large"])
def test_the_parts_agree_with_the_schemas_of_their_stages(patients, patient, stage):
    from_builtins(getattr(patients, patient)()[stage], RECORDS[stage], f"{patient}/{stage}.json")


def real(parts: dict, copynumber: dict | None = None) -> dict:
    """Return the parts with what `resist` itself makes of them."""
    given = parts | ({"copynumber": copynumber} if copynumber else {})
    read = {
        stage: from_builtins(given[stage], RECORDS[stage], stage)
        for stage in ("compare", "sheet", "copynumber")
        if stage in given
    }
    made = resist(read["compare"], read["sheet"], load_context(), read.get("copynumber"))
    return parts | {"resist": json.loads(msgspec.json.encode(made))}


def test_what_resist_makes_of_the_papers_patient(parts, make, read_page):
    found = read_page(page(make(real(parts))))
    front = found.all("header", class_="summary")[0]["text"]
    assert "Mechanism of resistance found" in front
    (headline,) = found.all("h2", class_="headline")
    assert headline["text"] == "MAP2K1 p.C121S"
    assert "allosteric MEK inhibitors" in front and "RAF inhibitors" in front
    text = found.text()
    assert "no effect on PLX4720 sensitivity" in text
    assert "overexpression" in found.all("section", id="unseen")[0]["text"]
    assert found.unbalanced == []


def test_a_tumour_with_nras_shows_what_the_review_says(parts, patients, make, read_page):
    names = ("skin", "sensitive", "resistant")
    samples = dict(zip(names, (patients.counts(n, 900) for n in (0, 0, 200)), strict=True))
    state = patients.pair_state(
        "acquired", samples["sensitive"], samples["resistant"], "sensitive", "resistant"
    )
    variants = [v for v in parts["compare"]["variants"] if v["pos"] != 115256530]
    q61k = patients.variant(
        "chr1", 115256530, "G", "T", "NRAS", ["Q61K"], samples, [state], "acquired"
    )
    parts["compare"]["variants"] = [q61k, *variants]
    made = real(parts)
    assert made["resist"]["knowledge"]["topics"]
    found = read_page(page(make(made)))
    (topic,) = found.all("article", class_="topic")
    assert "NRAS-mutant melanoma" in topic["text"]
    assert "Therapies and their outcomes" in topic["text"] and "Trials" in topic["text"]
    assert "Co-alterations" in topic["text"]
    assert "Convergence" in found.text() or "NRAS p.Q61K" in found.text()


def test_an_amplification_has_no_allele_frequency_but_a_verdict(parts, patients, make, read_page):
    """A key finding of copy number has an id of its own and stands in no compare.json."""
    variants = parts["compare"]["variants"]
    parts["compare"]["variants"] = [v for v in variants if v["gene"] not in ("MAP2K1", "RET")]
    copynumber = patients.copynumber(parts["sheet"])
    before, after = (copynumber["samples"][name] for name in ("sensitive", "resistant"))
    gene = next(row for row in before["genes"] if row["gene"] == "BRAF")
    flat = gene | {"log2": 0.0, "log2_low": -0.1, "log2_high": 0.1, "copies": 2.0}
    more = gene | {"log2": 2.4, "log2_low": 2.2, "log2_high": 2.6, "copies": 11.0}
    before["genes"] = [flat | {"call": "neutral"}]
    after["genes"] = [more | {"call": "amplification"}]
    (pair,) = copynumber["pairs"]
    row = next(row for row in pair["genes"] if row["gene"] == "BRAF")
    ratio = {"log2_ratio": 2.4, "low": 2.2, "high": 2.6, "p": 1e-9, "call": "higher"}
    pair["genes"] = [row | ratio]
    made = real(parts, copynumber)
    assert made["resist"]["verdict"]["key_variants"][0].startswith("copynumber:BRAF")
    found = read_page(page(make(made)))
    (headline,) = found.all("h2", class_="headline")
    assert "BRAF" in headline["text"] and "amplification" in headline["text"]


def test_a_variant_of_both_samples_is_never_undetermined_alone(parts, make, read_page):
    """Only the change of its fraction is open, not that it is there."""
    (driver,) = [v for v in parts["compare"]["variants"] if v["gene"] == "BRAF"]
    driver["state"] = driver["lines"][0]["state"] = "undetermined"
    driver["lines"][0]["before"], driver["status"] = "present", "present"
    for one in (*driver["states"], *driver["lines"][0]["lesions"]):
        one["state"] = "undetermined"
    found = read_page(page(make(real(parts))))
    (drawn,) = found.all("figcaption", id="pathway-text")
    assert "V600E present, change undetermined" in drawn["text"]
    badges = [
        e["text"] for e in found.all("span") if "is-undetermined" in str(e["attrs"].get("class"))
    ]
    assert badges.count("present, change undetermined") >= 3
    # The definition of the state alone has the bare word.
    assert badges.count("undetermined") == 1


def test_a_drug_that_no_table_has_is_not_assessed(parts, make, read_page, tmp_path):
    """Neither on the page nor in the cohort is it said that no mechanism was found."""
    text = json.dumps({k: parts[k] for k in ("sheet", "compare")})
    name = parts["sheet"]["drugs"][0]["drug"]
    parts |= json.loads(text.replace(f'"{name}"', '"zorpamab"'))
    made = real(parts)
    assert made["resist"]["verdict"]["kind"] == "not_assessed"
    report = make(made)
    found = read_page(page(report))
    (front,) = found.all("header", class_="summary")
    assert "Not assessed" in front["text"] and "cannot be assessed" in front["text"]
    assert "confidence" not in front["text"].casefold()
    for text in ("No mechanism", "none found", "not considered a cause of resistance"):
        assert text not in found.text()
    assert "resistance not assessed" in found.text()
    row = cohort.summary(report, tmp_path / "x.json")
    assert (row["verdict"], row["confidence"]) == ("not_assessed", None)
    everyone = cohort.cohort([row])
    assert everyone["kinds"] == [("Not assessed", 1)]
    shown = read_page(cohort_page(everyone, tmp_path)).text()
    assert "not assessed" in shown and "No mechanism" not in shown


def test_nothing_found_by_resist(parts, make, read_page):
    keep = ("BRAF", "FLT1", "KMT2D")
    variants = parts["compare"]["variants"]
    parts["compare"]["variants"] = [v for v in variants if v["gene"] in keep]
    made = real(parts)
    assert made["resist"]["verdict"]["kind"] == "none"
    found = read_page(page(make(made)))
    assert "No mechanism found" in found.text()
    assert not found.all("h2", class_="headline")
