"""Clones: a drawing of their fractions over the samples, a tree, and a table.

In the drawing each clone is an area inside that of its parent in the most probable tree; its height
is its cancer cell fraction. With a day for every tumour sample it is a fish plot over the days, one
panel per lesion; between two samples a fraction is drawn as a straight line. Otherwise samples are
at equal distances, and where they are of several lesions each has a bar of its own.
Units are pixels of one SVG, y downwards.
"""

from resistpanel.report.cells import sample_label, variant_name
from resistpanel.report.parts import tumors, variants_by_id
from resistpanel.report.timeline import by_lesion, day_axis, day_labels, drug_bars

WIDTH, HEIGHT, TOP, FOOT, STEP, BAR, LEFT = 420, 220, 28, 34, 150, 26, 44  # px
LABEL = 13  # px of height that the number of a clone needs
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
        # A bound of all cells bounds nothing.
        bounds = [one for one in clone["before"] if (one["upper"] or 1) < 0.995]
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
    depths = {name: _depth(parents, name) for name in parents}
    # The first is pale; up to six clones differ.
    tones = {name: (k + 1) % 6 for k, name in enumerate(_in_tree_order(parents))}
    # What is drawn later lies above: each clone after its parent.
    order = sorted(parents, key=lambda name: depths[name])
    spans = {name: _spans(parents, by_name, name) for name in found["samples"]}
    samples = [s for s in tumors(report) if s["sample"] in spans]
    dated = is_dated(tumors(report), samples)
    panels = (_over_days if dated else _side_by_side)(report, samples, labels)
    for panel in panels:
        columns = panel["columns"]
        panel["areas"] = [
            {
                "name": name, "tone": tones[name],
                "shapes": _shapes([(c, *spans[c["sample"]][name]) for c in columns],
                                  panel["joined"]),
            }
            for name in order
        ]  # fmt: skip
        panel["labels"] = [one for name in order if (one := _label(name, parents, columns, spans))]
    return {
        "panels": panels, "dated": dated, "top": TOP, "bottom": TOP + HEIGHT, "left": LEFT,
        "left_out": [one["name"] for one in found["clones"] if one["name"] not in parents],
        "legend": [{"name": name, "tone": tones[name], "depth": depths[name]}
                   for name in _in_tree_order(parents)],
    }  # fmt: skip


def is_dated(tumor_samples: list[dict], samples: list[dict]) -> bool:
    """Return whether samples can be drawn over days.

    Every tumour sample has a day, there are two days or more, and no two samples of a lesion are
    of one day.
    """
    days = [s["day"] for s in tumor_samples]
    return (
        None not in days
        and len({s["day"] for s in samples}) > 1
        and all(
            len({s["day"] for s in members}) == len(members)
            for members in by_lesion(samples).values()
        )
    )


def _over_days(report: dict, samples: list[dict], labels: dict) -> list[dict]:
    """Return a panel per lesion, all over the same days, with the drugs above the clones."""
    x = day_axis([s["day"] for s in tumors(report)], LEFT + 16, WIDTH - 16)
    return [
        {
            "name": name, "width": WIDTH, "height": TOP + HEIGHT + FOOT, "joined": True,
            "columns": [
                {"sample": s["sample"], "x": x(s["day"]), "half": 0 if len(members) > 1 else 8}
                for s in sorted(members, key=lambda s: s["day"])
            ],
            "drugs": drug_bars(report, x), "days": day_labels(members, x),
        }
        for name, members in by_lesion(samples).items()
    ]  # fmt: skip


def _side_by_side(report: dict, samples: list[dict], labels: dict) -> list[dict]:
    """Return one panel with the samples at equal distances, joined where they are of one lesion."""
    joined = len({s["lesion"] for s in samples}) < 2
    columns = [
        {
            "sample": s["sample"], "x": LEFT + 30 + i * STEP, "label": labels[s["sample"]],
            "half": BAR // 2 if joined else BAR,
        }
        for i, s in enumerate(samples)
    ]  # fmt: skip
    return [{
        "name": None, "width": columns[-1]["x"] + STEP - 40, "height": TOP + HEIGHT + FOOT,
        "joined": joined, "columns": columns, "drugs": [], "days": [],
    }]  # fmt: skip


def _depth(parents: dict, name: str) -> int:
    return 0 if parents[name] is None else 1 + _depth(parents, parents[name])


def _in_tree_order(parents: dict, parent: str | None = None) -> list[str]:
    """Return the clones as a tree is read: each before those that arose in it."""
    return [
        one
        for name in parents
        if parents[name] == parent
        for one in (name, *_in_tree_order(parents, name))
    ]


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


def _y(fraction: float) -> float:
    return round(TOP + HEIGHT * fraction, 1)


def _label(name: str, parents: dict, columns: list[dict], spans: dict) -> dict | None:
    """Return the place of a clone's number: in the latest sample where its own part has room."""
    for number, column in reversed(list(enumerate(columns))):
        inside = spans[column["sample"]]
        start, stop = inside[name]
        start = max([start, *(inside[n][1] for n in parents if parents[n] == name)])
        if HEIGHT * (stop - start) < LABEL:
            continue
        # Beside the line of a sample, not on it.
        side = 0 if column["half"] else 1 if number == 0 else -1
        return {
            "name": name, "x": column["x"] + 7 * side, "y": _y((start + stop) / 2) + 4,
            "anchor": ("middle", "start", "end")[side],
        }  # fmt: skip
    return None


def _shapes(spans: list[tuple[dict, float, float]], joined: bool) -> list[str]:
    """Return the points of polygons: one over all samples, or one for each."""
    placed = [(c["x"], c["half"], _y(a), _y(b)) for c, a, b in spans]
    if joined and any(bottom > top for _, _, top, bottom in placed):
        upper = [(x + d, top) for x, half, top, _ in placed for d in (-half, half)]
        lower = [(x + d, bottom) for x, half, _, bottom in placed for d in (-half, half)]
        return [_points(upper + lower[::-1])]
    return [
        _points([(x - half, top), (x + half, top), (x + half, bottom), (x - half, bottom)])
        for x, half, top, bottom in placed
        if bottom > top
    ]


def _points(found: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in found)
