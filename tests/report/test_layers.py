"""The layered drawing: every edge but feedback goes down, nothing overlaps."""

from hypothesis import given
from hypothesis import strategies as st

from resistpanel.report import pathway
from resistpanel.report.layers import layered, layers, split_feedback

NAMES = [f"n{i}" for i in range(8)]
EDGES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()).filter(
        lambda e: e[0] != e[1]
    ),
    max_size=20,
    unique_by=lambda e: e[:2],
)


def forward(edges):
    back = split_feedback(edges)
    return [e[:2] for e in edges if e[:2] not in back]


@given(EDGES)
def test_without_feedback_every_edge_goes_down(edges):
    kept = forward(edges)
    layer = layers(NAMES, kept)
    assert all(layer[a] < layer[b] for a, b in kept)
    assert min(layer.values()) == 0


@given(EDGES)
def test_only_edges_that_close_a_cycle_are_feedback(edges):
    back = split_feedback(edges)
    kept = {e[:2] for e in edges} - back

    def leads(a, b):
        seen, stack = set(), [a]
        while stack:
            n = stack.pop()
            seen.add(n)
            stack += [y for x, y in kept if x == n and y not in seen]
        return b in seen

    assert all(leads(b, a) for a, b in back)


def test_inhibition_of_the_start_is_the_feedback():
    edges = [("end", "start", True), ("start", "middle", False), ("middle", "end", False)]
    assert split_feedback(edges) == {("end", "start")}


@given(EDGES, st.sets(st.sampled_from(NAMES), max_size=2))
def test_layers_hold_every_node_once_and_targets_first(edges, first):
    kept = forward(edges)
    rows, ways = layered(NAMES, kept, first)
    flat = [n for row in rows for n in row if isinstance(n, str)]
    assert sorted(flat) == NAMES
    for row in rows:
        leading = [n in first for n in row]
        assert leading == sorted(leading, reverse=True)
    assert set(ways) == set(kept)
    where = {n: i for i, row in enumerate(rows) for n in row}
    for way in ways.values():
        assert [where[n] for n in way] == list(range(where[way[0]], where[way[-1]] + 1))


@given(EDGES, st.sets(st.sampled_from(NAMES), max_size=2))
def test_nodes_do_not_overlap_and_lie_inside(edges, targets):
    graph = {
        "nodes": [{"id": n, "label": n, "role": None, "altered": []} for n in NAMES],
        "edges": [{"source": a, "target": b, "sign": -1 if s else 1} for a, b, s in edges],
        "drug_targets": sorted(targets),
    }
    report = {
        "resist": {"pathway": graph, "verdict": {"key_variants": []}, "drugs": [], "findings": []},
        "compare": {"variants": []},
    }
    drawn = pathway.drawing(report)
    boxes = [(n["x"], n["y"], n["x"] + pathway.NODE, n["y"] + n["height"]) for n in drawn["nodes"]]
    boxes += [(d["x"], d["y"], d["x"] + d["w"], d["y"] + d["h"]) for d in drawn["drugs"]]
    for i, a in enumerate(boxes):
        assert a[0] >= 0 and a[1] >= 0 and a[2] <= drawn["width"] and a[3] <= drawn["height"]
        for b in boxes[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    shown = {n["id"] for n in drawn["nodes"]}
    assert len(shown) + drawn["hidden"] == len(NAMES)
    assert len(drawn["edges"]) == sum(a in shown and b in shown for a, b, _ in edges)
    assert sum(len(d["lines"]) for d in drawn["drugs"]) == len(targets)


def test_the_papers_pathway(paper):
    drawn = pathway.drawing(paper)
    nodes = {n["id"]: n for n in drawn["nodes"]}
    assert nodes["MEK"]["named"][0]["name"] == "MAP2K1 C121S"
    assert nodes["MEK"]["key"] and not nodes["RAF"]["key"]
    assert nodes["RAF"]["target"] and nodes["RAF"]["tone"] == "same"
    assert nodes["RAF"]["y"] < nodes["MEK"]["y"] < nodes["ERK"]["y"]
    assert next(e for e in drawn["edges"] if e["feedback"])["inhibits"]


def test_no_pathway_no_drawing(parts, make):
    parts["resist"]["pathway"] = {"nodes": [], "edges": [], "drug_targets": []}
    assert pathway.drawing(make(parts)) is None


def test_edges_to_unknown_nodes_and_twice_named_nodes_are_dropped(parts, make):
    before = pathway.drawing(make(parts))
    graph = parts["resist"]["pathway"]
    graph["edges"] += [{"source": "RAF", "target": "NOWHERE", "sign": 1}, graph["edges"][0]]
    graph["nodes"].append(graph["nodes"][0])
    assert pathway.drawing(make(parts)) == before


def graph(*edges, altered=()):
    names = list(dict.fromkeys(n for edge in edges for n in edge))
    return (
        [{"id": n, "altered": ["v"] if n in altered else []} for n in names],
        [{"source": a, "target": b, "sign": 1} for a, b in edges],
    )


def kept(nodes_edges, targets):
    return {n["id"] for n in pathway.relevant(*nodes_edges, targets)[0]}


def test_what_has_nothing_to_do_with_the_drug_is_left_out():
    chain = [("a", "b"), ("b", "t"), ("t", "d1"), ("d1", "d2"), ("d2", "d3"), ("d3", "d4")]
    side = [("x", "b"), ("b", "y"), ("p", "q")]
    plain = graph(*chain, *side)
    assert kept(plain, ["t"]) == {"t", "d1", "d2", "d3"}
    assert kept(graph(*chain, *side, altered=["a"]), ["t"]) == {"a", "b", "t", "d1", "d2", "d3"}
    # y leads nowhere: the way to the drug's target is the one through b.
    assert kept(graph(*chain, *side, altered=["y"]), ["t"]) == {"y", "b", "t", "d1", "d2", "d3"}
    assert kept(graph(*chain, *side, altered=["q"]), ["t"]) == {"q", "t", "d1", "d2", "d3"}
    assert kept(plain, []) == {n["id"] for n in plain[0]}


def test_a_long_label_takes_two_lines():
    assert pathway.wrap("RAS") == ["RAS"]
    assert pathway.wrap("Receptor tyrosine kinases") == ["Receptor", "tyrosine kinases"]
    assert pathway.wrap("Averyveryverylongword") == ["Averyveryverylongword"]
