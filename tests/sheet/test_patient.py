"""Order, pairs and the drugs between time points."""

from pathlib import Path

import msgspec
import pytest

from resistpanel.catalog.drugs import Drug
from resistpanel.inputs.patient import describe, ordered, pairs
from resistpanel.inputs.sheet import Row
from resistpanel.records.sheet import Pair, Sheet


def row(sample, timepoint=None, day=None, lesion=None, drugs=(), role="tumor", **more):
    bam = Path(f"/{sample}.bam")
    return Row("P1", sample, role, bam, timepoint, day, lesion, tuple(drugs), **more)


def resolve(name, row):
    name = {"PLX4032": "vemurafenib"}.get(name, name)
    return Drug(name, (), (f"{name} class",), ("BRAF",), "", "", "test")


def pair_names(rows):
    return [(a.sample, b.sample) for a, b in pairs([r for r in ordered(rows) if r.role == "tumor"])]


def test_order():
    rows = [
        row("c", day=90, lesion="skin"),
        row("b", day=90, lesion="lung"),
        row("a", day=90, lesion="lung"),
        row("first", day=-3),
        row("blood", role="normal", day=500),
    ]
    assert [r.sample for r in ordered(rows)] == ["blood", "first", "a", "b", "c"]


def test_pre_and_post_need_no_day():
    assert pair_names([row("z", "pre"), row("a", "post")]) == [("z", "a")]


def test_every_later_tumor_against_the_earliest_time_point():
    rows = [row("t0", "pre", 0), row("t1", "on", 30), row("t2", "post", 90)]
    assert pair_names(rows) == [("t0", "t1"), ("t0", "t2")]


def test_lesions_are_paired_with_themselves():
    rows = [
        row("skin0", day=0, lesion="skin"),
        row("lung0", day=0, lesion="lung"),
        row("skin1", day=9, lesion="skin"),
        row("lung1", day=9, lesion="lung"),
    ]
    assert sorted(pair_names(rows)) == [("lung0", "lung1"), ("skin0", "skin1")]


def test_a_new_lesion_is_paired_with_every_earliest_one():
    rows = [
        row("skin0", day=0, lesion="skin"),
        row("lung0", day=0, lesion="lung"),
        row("brain1", day=9, lesion="brain"),
    ]
    assert pair_names(rows) == [("lung0", "brain1"), ("skin0", "brain1")]


def test_one_tumor_or_one_time_point_has_no_pair():
    assert pair_names([row("a", "post")]) == []
    assert pair_names([row("a", day=3), row("b", day=3)]) == []


def test_drugs_between():
    """Those before the first sample are known, but given in no interval."""
    rows = [
        row("t0", day=0, drugs=["dacarbazine"]),
        row("t1", day=30, drugs=["PLX4032"]),
        row("t2", day=90, drugs=["vemurafenib", "trametinib"]),
    ]
    found = describe(rows, resolve)
    assert list(found.pairs) == [
        Pair(pre="t0", post="t1", drugs=("vemurafenib",)),
        Pair(pre="t0", post="t2", drugs=("vemurafenib", "trametinib")),
    ]
    assert [(d.given, d.drug) for d in found.drugs] == [
        ("dacarbazine", "dacarbazine"),
        ("PLX4032", "vemurafenib"),
        ("vemurafenib", "vemurafenib"),
        ("trametinib", "trametinib"),
    ]


def test_a_drug_is_the_patients_not_the_lesions():
    rows = [
        row("skin0", day=0, lesion="skin"),
        row("lung1", day=9, lesion="lung", drugs=["imatinib"]),
        row("skin2", day=20, lesion="skin"),
    ]
    assert describe(rows, resolve).pairs[1] == Pair(pre="skin0", post="skin2", drugs=("imatinib",))


@pytest.mark.parametrize("with_normal", [True, False])
def test_json_agrees_with_its_schema(with_normal):
    rows = [row("t0", "pre", 0, sex="male"), row("t1", "post", 1.5, drugs=["PLX4032"], purity=0.5)]
    if with_normal:
        rows.append(row("n", role="normal", disease="melanoma"))
    found = describe(rows, resolve)
    assert msgspec.convert(msgspec.to_builtins(found), Sheet) == found
    assert found.tumor_only is not with_normal
    assert (found.sex, found.disease) == ("male", "melanoma" if with_normal else None)
