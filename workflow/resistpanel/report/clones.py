"""Clones: a drawing of their fractions over the samples, a tree, and a table.

In the drawing each clone is an area inside that of its parent in the most probable tree; its height
is its cancer cell fraction. Where the samples are of several lesions each has a bar of its own.
Units are pixels of one SVG, y downwards.
"""

from resistpanel.report.cells import sample_label, variant_name
from resistpanel.report.parts import tumors, variants_by_id

HEIGHT, TOP, FOOT, STEP, BAR, LEFT = 220, 10, 34, 150, 26, 44  # px
POSITIONS = {
    "first": "none",
    "below": "clone {parent}",
    "varies": "differs between trees",
    "in no tree": "in no tree: the sum rule fails",
    "not placed": "not determined: too many trees are possible",
}


def clones(report: dict) -> dict | None:
    """Return the section on clones, or None where compare found none."""
    found = report["compare"].get("clones")
    if not found:
        return None
    keys = set(report["resist"]["verdict"]["key_variants"])
    known = variants_by_id(report)
    labels = {s["sample"]: sample_label(s) for s in tumors(report)}
    lines = {line["number"]: line for line in report["compare"]["lines"]}
    return {
        "rows": [_row(one, keys, known, found["samples"]) for one in found["clones"]],
        "samples": [labels[name] for name in found["samples"]],
        "without": found["without_tumor"],
        "conflicts": [one["text"] for one in found["conflicts"]],
        "tree_count": found["tree_count"],
        "listed": len(found["trees"]),
        "drawing": _drawing(report, found, labels) if found["trees"] else None,
        "before": _before(found["clones"], keys, lines),
    }


def clone_of(report: dict) -> dict[str, str]:
    """Return the name of each variant's clone, by id."""
    found = report["compare"].get("clones") or {"clones": []}
    return {v: clone["name"] for clone in found["clones"] for v in clone["variants"]}


def _row(clone: dict, keys: set[str], known: dict, samples: list[str]) -> dict:
    members = sorted(clone["variants"], key=lambda v: (v not in keys, known[v]["gene"] or "~"))
    return {
        "name": clone["name"],
        "key": any(v in keys for v in members),
        "variants": [
            {"gene": known[v]["gene"], "name": variant_name(known[v]), "key": v in keys}
            for v in members
        ],
        "cells": [clone["samples"][name] for name in samples],
        "position": POSITIONS[clone["position"]].format(parent=clone["parent"]),
    }


def _before(found: list[dict], keys: set[str], lines: dict) -> list[dict]:
    """Return the bounds of clones with a key variant before the last line that has a sample."""
    made = []
    for clone in found:
        bounds = [one for one in clone["before"] if one["upper"] is not None]
        if bounds and any(v in keys for v in clone["variants"]):
            last = bounds[-1]
            made.append({
                "clone": clone["name"], "upper": last["upper"], "samples": last["samples"],
                "drugs": lines[last["line"]]["drugs"],
            })  # fmt: skip
    return made


def _drawing(report: dict, found: dict, labels: dict) -> dict:
    parents = found["trees"][0]["parents"]
    by_name = {one["name"]: one for one in found["clones"]}
    lesions = {s["lesion"] for s in tumors(report) if s["sample"] in found["samples"]}
    columns = [_spans(parents, by_name, name) for name in found["samples"]]
    middle = [LEFT + 30 + i * STEP for i in range(len(columns))]
    areas = [
        {
            "name": name, "tone": int(name) % 6, "depth": _depth(parents, name),
            "shapes": _shapes([column[name] for column in columns], middle, len(lesions) < 2),
        }
        for name in parents
    ]  # fmt: skip
    areas.sort(key=lambda area: area["depth"])
    return {
        "areas": areas, "width": middle[-1] + STEP - 40, "height": TOP + HEIGHT + FOOT,
        "bottom": TOP + HEIGHT, "top": TOP, "left": LEFT,
        "columns": [{"x": x, "label": labels[name]} for x, name in
                    zip(middle, found["samples"], strict=True)],
        "legend": [{"name": area["name"], "tone": area["tone"], "depth": area["depth"]}
                   for area in _in_tree_order(areas, parents)],
        "joined": len(lesions) < 2,
    }  # fmt: skip


def _depth(parents: dict, name: str) -> int:
    return 0 if parents[name] is None else 1 + _depth(parents, parents[name])


def _in_tree_order(areas: list[dict], parents: dict) -> list[dict]:
    """Return the clones as a tree is read: each before those that arose in it."""
    by_name = {area["name"]: area for area in areas}

    def below(parent: str | None) -> list[dict]:
        return [
            one
            for name in parents
            if parents[name] == parent
            for one in (by_name[name], *below(name))
        ]

    return below(None)


def _spans(parents: dict, clones: dict, sample: str) -> dict[str, tuple[float, float]]:
    """Return top and bottom of each clone in a sample, as fractions; children inside parents."""
    spans: dict[str, tuple[float, float]] = {}

    def place(parent: str | None, start: float, stop: float) -> None:
        for name in (n for n in parents if parents[n] == parent):
            # Medians may exceed the parent's by what draws of both leave open.
            size = min(clones[name]["samples"][sample]["ccf"], stop - start)
            spans[name] = (start, start + size)
            place(name, *spans[name])
            start += size

    place(None, 0.0, 1.0)
    return spans


def _shapes(spans: list[tuple[float, float]], middle: list[int], joined: bool) -> list[str]:
    """Return the points of polygons: one over all samples, or one for each."""
    placed = [
        (x, round(TOP + HEIGHT * a, 1), round(TOP + HEIGHT * b, 1))
        for x, (a, b) in zip(middle, spans, strict=True)
    ]
    if joined:
        upper = [(x + d, top) for x, top, _ in placed for d in (-BAR // 2, BAR // 2)]
        lower = [(x + d, bottom) for x, _, bottom in placed for d in (-BAR // 2, BAR // 2)]
        return [_points(upper + lower[::-1])]
    return [
        _points([(x - BAR, top), (x + BAR, top), (x + BAR, bottom), (x - BAR, bottom)])
        for x, top, bottom in placed
        if bottom > top
    ]


def _points(found: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in found)
