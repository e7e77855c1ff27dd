"""The slope plot: what it shows lies where the figures say."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from resistpanel.report import slope
from resistpanel.report.cells import scale


def test_the_axis_is_that_of_the_square_root():
    assert scale(0) == 0
    assert scale(0.25) == 50
    assert scale(1) == 100
    assert scale(1.2) == 100


@given(st.lists(st.floats(0, 400), max_size=18))
def test_labels_keep_their_order_and_distance(wanted):
    wanted = sorted(wanted)
    placed = slope.spread(wanted, slope.LABEL_GAP, 16, 370)
    assert all(b - a >= slope.LABEL_GAP - 0.11 for a, b in pairwise(placed))
    assert all(15.9 <= y <= 370.1 for y in placed)


def test_labels_with_room_stay_where_they_are():
    assert slope.spread([50.0, 100.0, 200.0], 14, 16, 370) == [50.0, 100.0, 200.0]


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 20)), max_size=7))
def test_points_that_would_cover_each_other_get_lanes(spans):
    spans = [(top, top + high) for top, high in sorted(spans)]
    lanes = slope.lanes(spans)
    for i, a in enumerate(spans):
        for j, b in enumerate(spans[:i]):
            if a[0] - 3 <= b[1] and b[0] - 3 <= a[1]:
                assert lanes[i] != lanes[j]


def test_the_key_variant_rises_from_its_bound(paper):
    facet = slope.slopes(paper)[0]
    item = facet["items"][-1]
    assert item["gene"] == "MAP2K1" and item["key"]  # drawn last, above the others
    before, after = item["ends"]
    evidence = next(v for v in paper["compare"]["variants"] if v["gene"] == "MAP2K1")["samples"]
    assert before["kind"] == "absent"
    assert before["y"] == slope.height_of(evidence["sensitive"]["ub"])
    assert before["low"] == slope.height_of(0)
    assert before["lod"] == slope.height_of(evidence["sensitive"]["lod"])
    assert after["y"] == slope.height_of(evidence["resistant"]["af"])
    assert after["low"] > after["y"] > after["high"]


def test_every_reported_variant_has_a_line_and_a_label(paper):
    wide, narrow = slope.slopes(paper)
    assert len(wide["items"]) == 13 and wide["unlabelled"] == 0
    assert wide["width"] > narrow["width"]
    assert all(i["label"] is not None for i in wide["items"])


def test_several_pairs_and_many_variants(large):
    facets = slope.slopes(large)
    assert len(facets) == 4
    for facet in facets:
        labelled = [i for i in facet["items"] if i["label"] is not None]
        assert len(labelled) <= slope.LABELLED
        assert len(labelled) + facet["unlabelled"] == len(facet["items"])


def test_a_sample_without_reads_has_no_slope(parts, make, patients):
    variant = next(v for v in parts["compare"]["variants"] if v["gene"] == "MAP2K1")
    variant["samples"]["sensitive"] = patients.counts(0, 0)
    variant["states"][0]["state"] = variant["state"] = "not covered"
    item = next(i for i in slope.slopes(make(parts))[0]["items"] if i["gene"] == "MAP2K1")
    assert item["ends"][0]["kind"] == "none"
