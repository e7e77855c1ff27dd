"""The tables of vignettes are whole: every row can be read, and expects what it contains."""

import csv
from collections import Counter

import pytest
from benchmarks.vignette_patients import LOG2, VIGNETTES, fits, read_vignettes

from resistpanel.catalog import protein

FRESH = VIGNETTES.with_name("fresh.tsv")
VERDICTS = {"mechanism", "candidate", "none", "not_assessable"}
VIGNETTE = pytest.mark.parametrize("vignette", read_vignettes(FRESH), ids=lambda v: v.id)


@VIGNETTE
def test_alterations_have_a_value_per_sample(vignette):
    assert vignette.alterations
    for one in vignette.alterations:
        assert len(one.values) == len(vignette.samples), one
        if one.copies:
            assert set(one.values) <= set(LOG2), one
        else:
            assert all(0 <= float(value) <= 100 for value in one.values), one
            assert one.change == "splice" or protein.parse(one.change), one


@VIGNETTE
def test_samples_fit_the_lines_of_therapy(vignette):
    lines = [sample.line for sample in vignette.samples]
    assert lines[0] == 0
    assert set(lines) == set(range(len(vignette.lines) + 1))


@VIGNETTE
def test_expectations_are_of_alterations_of_the_patient(vignette):
    present = [(one.gene, one.change) for one in vignette.alterations]
    named = [label for labels in vignette.named.values() for label in labels]
    for label in (*named, *vignette.not_named, *vignette.not_passenger):
        assert any(fits(label.rstrip("?"), one) for one in present), label
    assert not {label.rstrip("?") for label in named} & set(vignette.not_named)


@VIGNETTE
def test_verdict_fits_what_is_named(vignette):
    assert vignette.verdict in VERDICTS
    assert set(vignette.named) <= set(range(1, len(vignette.lines) + 1))
    assert (len(vignette.lines) in vignette.named) == (vignette.verdict == "mechanism")


def test_fresh_vignettes_are_forty_with_sources():
    with FRESH.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert len(rows) == len({row["id"] for row in rows}) == 40
    assert not {row["id"] for row in rows} & {v.id for v in read_vignettes()}
    assert all(row["source"] for row in rows)
    assert {row["citation"] for row in rows} <= {"looked up", "memory", "unverified"}


def test_fresh_vignettes_hold_what_they_were_written_for():
    vignettes = read_vignettes(FRESH)
    kinds = Counter(v.verdict for v in vignettes)
    assert kinds["none"] + kinds["not_assessable"] >= 10
    assert sum(len(v.lines) > 1 for v in vignettes) == 8
    assert len({v.kind for v in vignettes}) >= 25
