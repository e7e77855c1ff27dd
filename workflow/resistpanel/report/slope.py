"""Geometry of the slope plot: allele frequencies of a pair of samples, with intervals and limits.

Everything is in pixels of one SVG, x to the right, y downwards. The template draws; nothing here
knows about colours.
"""

from resistpanel.report.cells import TICKS, cell, scale, variant_name
from resistpanel.report.words import CHANGE_OPEN, STATES, rank_state

HEIGHT = 400
TOP, BOTTOM = 16, 34
LABEL_GAP = 14.0  # px between the baselines of neighbouring labels
LANE = 7.0  # px between points that would cover each other
LANES = (0, 1, -1, 2, -2, 3, -3)
LABELLED = 18  # more labels than this do not fit the height
QUIET = ("stable", "undetermined", "not covered")


def height_of(fraction: float) -> float:
    """Return the y of an allele frequency."""
    return round(HEIGHT - BOTTOM - scale(fraction) / 100 * (HEIGHT - TOP - BOTTOM), 1)


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart as little as possible.

    Parameters
    ----------
    wanted : list of float
        Where each label should be, ascending.
    gap : float
        Least distance of neighbours.
    low, high : float
        Where the first may begin and the last may end; kept if the labels fit at all.

    Returns
    -------
    list of float
        Ascending, neighbours at least `gap` apart.
    """
    # Pool adjacent violators: labels that touch move as one block, centred on their wishes.
    blocks: list[tuple[float, int]] = []  # (sum of wished starts, count)
    for i, y in enumerate(wanted):
        total, n = y - i * gap, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / n:
            before, m = blocks.pop()
            total, n = total + before, n + m
        blocks.append((total, n))
    starts = [total / n for total, n in blocks for _ in range(n)]
    room = max(low, high - gap * (len(wanted) - 1))
    return [round(min(max(s, low), room) + i * gap, 1) for i, s in enumerate(starts)]


def lanes(spans: list[tuple[float, float]]) -> list[int]:
    """Return for each vertical span (top, bottom) a lane in which it covers no other."""
    busy: dict[int, list[tuple[float, float]]] = {}
    chosen = []
    for top, bottom in spans:
        for lane in LANES:
            if all(bottom + 3 < t or top - 3 > b for t, b in busy.get(lane, [])):
                break
        else:
            lane = LANES[len(chosen) % len(LANES)]
        busy.setdefault(lane, []).append((top, bottom))
        chosen.append(lane)
    return chosen


def point(evidence: dict) -> dict:
    """Return one end of a slope: kind and the y of its estimate, interval and limit."""
    shown = cell(evidence)
    kind = shown["kind"]
    if kind in ("detected", "unsure"):
        y = height_of(evidence["af"])
        ends = [evidence["af_low"], evidence["af_high"]]
        low, high = (y if e is None else height_of(e) for e in ends)
    elif kind == "absent" and evidence["ub"] is not None:
        y = high = height_of(evidence["ub"])
        low = height_of(0)
    else:
        kind, y = "none", height_of(0)
        low = high = y
    lod = None if evidence["lod"] is None or kind != "absent" else height_of(evidence["lod"])
    return {"kind": kind, "y": y, "low": low, "high": high, "lod": lod, "text": shown["short"]}


def facet(report: dict, pair: dict, wide: bool) -> dict:
    """Return the drawing of one pair of samples (pre at the left, post at the right)."""
    width = 460 if wide else 330
    left, right = 78, width - 158 if wide else width - 128
    keys = set(report["resist"]["verdict"]["key_variants"])
    items = []
    for v in report["compare"]["variants"]:
        if not v["reported"]:
            continue
        state = next(
            (s for s in v["states"] if (s["pre"], s["post"]) == (pair["pre"], pair["post"])), None
        )
        state = state["state"] if state else (v["state"] or "undetermined")
        shown = all(v["samples"][pair[side]]["detected"] for side in ("pre", "post"))
        ends = [point(v["samples"][pair[side]]) for side in ("pre", "post")]
        if {e["kind"] for e in ends} <= {"none", "absent"}:
            continue  # neither sample shows it: nothing to draw
        items.append({
            "id": v["id"], "gene": v["gene"] or "", "name": variant_name(v), "state": state,
            "words": CHANGE_OPEN if shown and state == "undetermined" else state,
            "brief": variant_name(v).replace("p.", "").replace(" + ", "+"),
            "tone": STATES[state].tone, "key": v["id"] in keys, "ends": ends, "label": None,
            "quiet": state in QUIET and v["id"] not in keys,
        })  # fmt: skip
    # Of many variants the unchanged ones are a thin line each, in the middle: their intervals
    # stand in the table, and here they would hide what changed.
    crowded = len(items) > LABELLED
    for item in items:
        item["quiet"] = crowded and item["quiet"]
    for side, x in ((0, left), (1, right)):
        for item in items:
            item["ends"][side]["x"] = x
        ordered = sorted(
            (i for i in items if not i["quiet"]), key=lambda i: (i["ends"][side]["y"], i["id"])
        )
        where = lanes([(i["ends"][side]["high"], i["ends"][side]["low"]) for i in ordered])
        for item, lane in zip(ordered, where, strict=True):
            item["ends"][side]["x"] = x + LANE * lane
    # Quiet lines are drawn first and lie below; of labels, the telling ones have precedence.
    items.sort(key=lambda i: (i["key"], -rank_state(i["state"]), i["id"]))
    chosen = sorted(items, key=lambda i: (not i["key"], rank_state(i["state"]), i["id"]))
    if len(items) > LABELLED:
        chosen = [i for i in chosen if i["key"] or i["state"] not in QUIET][:LABELLED]
    chosen.sort(key=lambda i: (i["ends"][1]["y"], i["id"]))
    places = spread([i["ends"][1]["y"] for i in chosen], LABEL_GAP, TOP, HEIGHT - BOTTOM + 4)
    for item, y in zip(chosen, places, strict=True):
        item["label"] = y
    return {
        "pre": pair["pre"], "post": pair["post"], "drugs": pair["drugs"], "width": width,
        "height": HEIGHT, "left": left, "right": right, "base": height_of(0), "top": TOP,
        "ticks": [(text, height_of((x / 100) ** 2)) for text, x in TICKS], "items": items,
        "unlabelled": len(items) - len(chosen), "label_x": right + 34, "wide": wide,
    }  # fmt: skip


def slopes(report: dict) -> list[dict]:
    """Return one drawing per pair of time points; of a single pair a wide and a narrow one."""
    pairs = report["compare"]["pairs"]
    if len(pairs) == 1:  # the page shows the one that its width has room for
        return [facet(report, pairs[0], wide) for wide in (True, False)]
    return [facet(report, pair, wide=False) for pair in pairs]
