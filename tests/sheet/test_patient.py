"""Order, pairs and the drugs between time points."""

from pathlib import Path

import msgspec
import pytest

from resistpanel.catalog.drugs import Drug
from resistpanel.inputs.lines import lines
from resistpanel.inputs.patient import describe, ordered, pairs
from resistpanel.inputs.sheet import Row
from resistpanel.inputs.treatments import Treatment
from resistpanel.records.sheet import Pair, Sheet


def row(sample, timepoint=None, day=None, lesion=None, drugs=(), role="tumor", **more):
    bam = Path(f"/{sample}.bam")
    return Row("P1", sample, role, bam, timepoint, day, lesion, tuple(drugs), **more)


def resolve(name, row):
    name = {"PLX4032": "vemurafenib"}.get(name, name)
    return Drug(name, (), (f"{name} class",), ("BRAF",), "", "", "test")


def tumors(rows):
    return [r for r in ordered(rows) if r.role != "normal"]


def pair_names(rows):
    found = pairs(tumors(rows), lines(tumors(rows), (), str))
    return [(a.sample, b.sample) for a, b in found]


def therapy(rows, *treatments):
    """Return drugs, baseline and samples of each line, as words."""
    given = [Treatment("P1", *one) for one in treatments]
    found = lines(tumors(rows), given, lambda name: resolve(name, None).name)
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    return [" + ".join(line.drugs) + f": {' '.join(line.baseline)} | {' '.join(line.samples)}"
            for line in found]  # fmt: skip


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


# --- lines of therapy ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        # one line; the sample of day 0 is before the first dose as that of day -3 is
        ([row("a", day=-3), row("b", day=0), row("c", day=90, drugs=["PLX4032"])],
         ["vemurafenib: a b | c"]),
        # two time points under the same drug are one line
        ([row("a", day=0), row("b", day=30, drugs=["PLX4032"]),
          row("c", day=90, drugs=["vemurafenib"])], ["vemurafenib: a | b c"]),
        # another drug is another line, before which the first relapse was taken too
        ([row("a", day=0), row("b", day=90, drugs=["erlotinib"]),
          row("c", day=200, drugs=["osimertinib"])],
         ["erlotinib: a | b", "osimertinib: a b | c"]),
        # a sample without a drug of its own belongs to the line before; the drug then begins anew
        ([row("a", day=0), row("b", day=30, drugs=["x"]), row("c", day=60),
          row("d", day=90, drugs=["x"])], ["x: a | b c", "x: a b c | d"]),
        # drugs before the first sample: no baseline
        ([row("a", day=0, drugs=["x"]), row("b", day=30, drugs=["y"])], ["x:  | a", "y: a | b"]),
        ([row("a", day=0, drugs=["x"]), row("b", day=30, drugs=["x"])], ["x:  | a b"]),
        # ... unless the sheet calls the sample pre
        ([row("a", "pre", drugs=["x"]), row("b", "post", drugs=["x"])], ["x:  | a", "x: a | b"]),
        # a drug is the patient's, not the lesion's
        ([row("a", day=0, lesion="A"), row("b", day=0, lesion="B"), row("c", day=9, lesion="A"),
          row("d", day=9, lesion="C", drugs=["x"])], ["x: a b | c d"]),
        # no drug is stated: the earliest time point is compared with the others
        ([row("a", day=0), row("b", day=30), row("c", day=60)], [": a | b c"]),
        ([row("a", day=0), row("b", day=0)], []),
        ([row("a", "post", drugs=["x"])], ["x:  | a"]),
        # plasma counts as tumours do
        ([row("a", day=0, role="plasma"), row("b", day=30, drugs=["x"])], ["x: a | b"]),
    ],
)  # fmt: skip
def test_lines_of_the_sheet(rows, found):
    assert therapy(rows) == found


def test_a_day_0_sample_is_not_compared_as_after():
    rows = [row("a", day=-3), row("b", day=0), row("c", day=90, drugs=["x"])]
    assert pair_names(rows) == [("a", "c"), ("b", "c")]
    rows = [row("a", day=-3, lesion="A"), row("b", day=0, lesion="A"),
            row("c", day=90, drugs=["x"], lesion="A")]  # fmt: skip
    assert pair_names(rows) == [("b", "c")]


FOUR = [row("a", day=0), row("b", day=40), row("c", day=100), row("d", day=300)]


@pytest.mark.parametrize(
    ("treatments", "found"),
    [
        ([("x", 0, 100), ("y", 100, None)], ["x: a | b c", "y: a b c | d"]),
        ([("x", -5, 100)], ["x:  | a b c d"]),
        # combinations: begun together, or one added with no sample between
        ([("x", 10, 90), ("y", 10, 90)], ["x + y: a | b c d"]),
        ([("x", 10, 90), ("y", 24, 80)], ["x + y: a | b c d"]),
        # added after a sample: a line of both
        ([("x", 10, None), ("y", 60, None)], ["x: a | b", "x + y: a b | c d"]),
        # one after the other with no sample between: two lines with one baseline
        ([("x", 10, 20), ("y", 20, 200)], ["x: a | ", "y: a | b c d"]),
        # another dose is not another line; the drug again after a pause is
        ([("x", 10, 50), ("x", 50, 200)], ["x: a | b c d"]),
        ([("x", 10, 50), ("x", 150, 200)], ["x: a | b c", "x: a b c | d"]),
    ],
)
def test_lines_of_the_treatments(treatments, found):
    assert therapy(FOUR, *treatments) == found


def test_treatments_take_precedence():
    rows = [row("a", day=0), row("b", day=40, drugs=["dacarbazine"]), row("c", day=100)]
    given = [Treatment("P1", "PLX4032", 50.0, 90.0)]
    found = describe(rows, resolve, given)
    assert [(d.given, d.drug) for d in found.drugs] == [("PLX4032", "vemurafenib")]
    (line,) = found.lines
    assert (line.drugs, line.start, line.stop) == (("vemurafenib",), 50, 90)
    assert (line.baseline, line.samples) == (("a", "b"), ("c",))
    assert found.pairs == (
        Pair(pre="a", post="c", drugs=("vemurafenib",)),
        Pair(pre="b", post="c", drugs=("vemurafenib",)),
    )
