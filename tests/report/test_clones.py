"""The drawing of clones: over days where there are days, else side by side."""

from itertools import pairwise

import pytest

from resistpanel.report.clones import HEIGHT, LEFT, TOP, WIDTH, clones


def sample(name, day, lesion, role="tumor"):
    return {"sample": name, "day": day, "lesion": lesion, "role": role, "timepoint": None}


def clone(name, ccf, position="below", parent="1"):
    return {
        "name": name, "variants": [], "position": position, "parent": parent, "before": [],
        "samples": {s: {"ccf": one, "low": one, "high": one, "upper": one}
                    for s, one in ccf.items()},
    }  # fmt: skip


@pytest.fixture
def report():
    """Three samples of one lesion and one of another; clone 2 goes, clone 3 comes."""
    names = ["a0", "a1", "a2", "b1"]
    samples = [
        sample("N", None, None, "normal"), sample("a0", 0, "skin"), sample("a1", 20, "skin"),
        sample("a2", 200, "skin"), sample("b1", 100, "lung"),
    ]  # fmt: skip
    fractions = ((1, 1, 1, 1), (0.5, 0.25, 0, 0), (0, 0.02, 0.75, 0.6))
    one, two, three = (dict(zip(names, row, strict=True)) for row in fractions)
    lines = [
        {"number": 1, "drugs": ["a"], "start": None, "stop": None, "baseline": ["a0"],
         "samples": ["a1", "a2", "b1"]}
    ]  # fmt: skip
    return {
        "compare": {
            "samples": samples, "variants": [], "lines": lines,
            "clones": {
                "samples": names, "without_tumor": [], "conflicts": [], "tree_count": 1,
                "clones": [clone("1", one, "first", None), clone("2", two), clone("3", three)],
                "trees": [{"parents": {"1": None, "2": "1", "3": "1"}}],
            },
        },
        "resist": {"verdict": {"key_variants": []}},
    }  # fmt: skip


def points(text):
    return [tuple(map(float, pair.split(","))) for pair in text.split()]


def height(shape, x):
    """Return the height of a polygon at one of its own x."""
    found = [y for at, y in points(shape) if at == x]
    return max(found) - min(found)


def test_fish_plot_over_real_days(report):
    drawing = clones(report)["drawing"]
    assert drawing["dated"] and [p["name"] for p in drawing["panels"]] == ["skin", "lung"]
    skin, lung = drawing["panels"]
    whole = WIDTH - LEFT - 32
    x = [c["x"] for c in skin["columns"]]
    assert x == [LEFT + 16, pytest.approx(LEFT + 16 + whole / 10, abs=0.1), WIDTH - 16]
    assert lung["columns"][0]["x"] == pytest.approx(LEFT + 16 + whole / 2, abs=0.1)
    assert [d["text"] for d in skin["days"]] == ["0", "20", "200"]
    areas = {a["name"]: a["shapes"] for a in skin["areas"]}
    for name, expected in {"1": (1, 1, 1), "2": (0.5, 0.25, 0), "3": (0, 0.02, 0.75)}.items():
        (shape,) = areas[name]
        for at, fraction in zip(x, expected, strict=True):
            assert height(shape, at) == pytest.approx(HEIGHT * fraction, abs=0.11)
    # Children lie in their parent, side by side.
    two, three = (points(areas[name][0]) for name in "23")
    assert min(y for _, y in two) >= TOP and max(y for _, y in three) <= TOP + HEIGHT
    assert next(y for at, y in three if at == x[1]) == max(y for at, y in two if at == x[1])
    (bar,) = skin["drugs"]
    assert (bar["x"], bar["text"]) == (x[0], "a")
    # A clone that is in no sample of a lesion is not drawn in it, nor is its number.
    assert [a["name"] for a in lung["areas"] if a["shapes"]] == ["1", "3"]
    assert [one["name"] for one in lung["labels"]] == ["1", "3"]
    numbers = {one["name"]: one for one in skin["labels"]}
    assert numbers["2"]["x"] < x[1] and numbers["2"]["anchor"] == "end"
    assert numbers["3"]["x"] < x[2]


def test_two_near_days_have_one_label(report):
    report["compare"]["samples"][2]["day"] = 3
    (skin, _) = clones(report)["drawing"]["panels"]
    assert [d["text"] for d in skin["days"]] == ["0", "", "200"]


@pytest.mark.parametrize(
    ("number", "day"), [(2, None), (3, 20)], ids=["no day", "two samples of a lesion on one day"]
)
def test_without_a_day_of_its_own_each_sample_has_a_column(report, number, day):
    report["compare"]["samples"][number]["day"] = day
    drawing = clones(report)["drawing"]
    (panel,) = drawing["panels"]
    assert not drawing["dated"] and not panel["joined"] and not panel["drugs"]
    x = [c["x"] for c in panel["columns"]]
    assert [b - a for a, b in pairwise(x)] == [x[1] - x[0]] * 3
    areas = {a["name"]: a["shapes"] for a in panel["areas"]}
    assert [len(areas[name]) for name in "123"] == [4, 2, 3]


def test_all_on_one_day_are_side_by_side(report):
    for one, lesion in zip(report["compare"]["samples"], ["", *"abcd"], strict=True):
        one["day"], one["lesion"] = 5, lesion
    assert not clones(report)["drawing"]["dated"]


def test_clones_in_no_tree_are_named_and_colours_differ(report):
    found = report["compare"]["clones"]
    four = clone("8", dict.fromkeys(found["samples"], 0.1), "in no tree", None)
    found["clones"].append(four)
    drawing = clones(report)["drawing"]
    assert drawing["left_out"] == ["8"]
    assert len({one["tone"] for one in drawing["legend"]}) == 3


def test_a_bound_of_all_tumour_cells_is_not_stated(report):
    found = report["compare"]["clones"]
    key = {"id": "v", "gene": "KRAS", "protein": "G12D", "junction": None, "reported": True}
    report["compare"]["variants"] = [key]
    report["resist"]["verdict"]["key_variants"] = ["v"]
    one = found["clones"][2]
    one["variants"] = ["v"]
    one["before"] = [{"line": 1, "upper": 1.0, "samples": ["a0"]}]
    assert clones(report)["before"] == []
    one["before"][0]["upper"] = 0.2
    assert clones(report)["before"][0]["upper"] == 0.2
