"""Follow-up in plasma: tumour fraction over time as a drawing, and every known allele with limits.

The drawing has the days to the right, where every plasma has one, and the logarithm of the tumour
fraction upwards. Units are pixels of one SVG, y downwards.
"""

import itertools
import math

from resistpanel.report.cells import sample_label, variant_name
from resistpanel.report.numbers import NARROW_SPACE, count, percent, percent_up
from resistpanel.report.parts import variants_by_id

WIDTH, HEIGHT, TOP, FOOT, LEFT, RIGHT = 640, 250, 14, 44, 60, 40  # px
LEAST, MOST = -5, 0  # powers of ten of the axis
NAME_WIDTH = 110  # px between points of which both have their names


def followup(report: dict) -> dict | None:
    """Return the section on plasma, or None where there is none."""
    found = report["compare"].get("follow_up")
    if not found:
        return None
    samples = {s["sample"]: s for s in report["compare"]["samples"]}
    known = variants_by_id(report)
    ids = dict.fromkeys(one["id"] for plasma in found for one in plasma["known"])
    keys = set(report["resist"]["verdict"]["key_variants"])
    rows = [
        {
            "gene": known[i]["gene"],
            "name": variant_name(known[i]),
            "key": i in keys,
            "source": next(one["source"] for p in found for one in p["known"] if one["id"] == i),
            "cells": [_cell(plasma, i) for plasma in found],
        }
        for i in ids
        if i in known
    ]
    rows.sort(key=lambda row: (not row["key"], row["gene"] or "~"))
    return {
        "plasma": [
            {"label": sample_label(samples[p["sample"]]), "text": p["text"],
             "tone": "up" if p["detected"] else "same"}
            for p in found
        ],
        "rows": rows,
        "hopping": any("index hopping" in cell["detail"] for row in rows for cell in row["cells"]),
        "white": [
            {"gene": v["gene"], "name": variant_name(v), "text": v["white_cells"]}
            for v in report["compare"]["variants"]
            if v.get("white_cells")
        ],
        "drawing": _drawing(found, samples, report["compare"]["lines"]),
    }  # fmt: skip


def latest(report: dict) -> dict | None:
    """Return the latest plasma's name and result for the summary; None without plasma."""
    found = report["compare"].get("follow_up")
    return {"sample": found[-1]["sample"], "text": found[-1]["text"]} if found else None


def _cell(plasma: dict, identifier: str) -> dict:
    """Return how a known allele in a plasma is written."""
    one = next((k for k in plasma["known"] if k["id"] == identifier), None)
    if one is None:
        return {"kind": "none", "main": "not yet known", "detail": ""}
    counted = f"{count(one['alt'])} of {count(one['depth'])}"
    limit = "" if one["limit"] is None else f", limit {percent_up(one['limit'])}"
    left_out = "" if one["left_out"] is None else f"; not used: {one['left_out']}"
    if one["detected"] is None:
        return {"kind": "unsure", "main": "not assessable", "detail": f"{counted}{left_out}"}
    if one["detected"]:
        af = percent(one["alt"] / one["depth"])
        return {"kind": "detected", "main": af, "detail": f"{counted}{limit}{left_out}"}
    main = "not detected"
    if one["upper"] is not None:
        main = f"<{NARROW_SPACE}{percent_up(one['upper'])}"
    alone = ""
    if one["critical"] is not None and one["alt"] >= one["critical"]:
        alone = "; alone it may be index hopping"
    return {"kind": "absent", "main": main, "detail": f"{counted}{limit}{alone}{left_out}"}


def _given(line: dict, samples: dict) -> tuple[float, float] | None:
    """Return the first and last day of a line of therapy; of unknown ones, by its samples."""
    before = [samples[name]["day"] for name in line["baseline"]]
    after = [samples[name]["day"] for name in line["samples"]]
    if None in before or None in after or not after:
        return None
    start = max(before, default=None) if line["start"] is None else line["start"]
    stop = max(after) if line["stop"] is None else line["stop"]
    return None if start is None else (start, stop)


def _label(points: list[dict]) -> None:
    """Set what is below the points: the day, and the name where all have room."""
    places = [point["x"] for point in points]
    roomy = all(later - one >= NAME_WIDTH for one, later in itertools.pairwise(places))
    for point in points:
        point["label"] = point["note"] or point["name"]
        point["sub"] = point["name"] if point["note"] and roomy else ""


def _y(fraction: float) -> float:
    power = math.log10(max(fraction, 10.0**LEAST))
    part = (min(power, MOST) - LEAST) / (MOST - LEAST)
    return round(HEIGHT - FOOT - part * (HEIGHT - FOOT - TOP), 1)


def _drawing(found: list[dict], samples: dict, lines: list[dict]) -> dict | None:
    """Return the tumour fractions as points with intervals and limits."""
    tested = [p for p in found if p["detected"] is not None]
    if not tested:
        return None
    days = [samples[p["sample"]]["day"] for p in tested]
    dated = None not in days and len(set(days)) == len(days)
    place = days if dated else list(range(len(tested)))
    low, high = min(place), max(place)
    room = WIDTH - LEFT - RIGHT - 60

    def x(at: float) -> float:
        part = 0.5 if high == low else (at - low) / (high - low)
        return round(LEFT + 30 + part * room, 1)

    points = []
    for at, p in zip(place, tested, strict=True):
        points.append({
            "x": x(at), "name": p["sample"], "detected": p["detected"], "text": p["text"],
            "y": _y(p["tumor_fraction"] or 0.0) if p["detected"] else _y(p["upper"]),
            "low": _y(p["low"]) if p["detected"] else _y(0.0),
            "high": _y(p["high"]) if p["detected"] else _y(p["upper"]),
            "limit": None if p["limit"] is None else _y(p["limit"]),
            "note": f"day {samples[p['sample']]['day']:g}" if dated else "",
        })  # fmt: skip
    _label(points)
    drugs = []
    if dated:
        for line in lines:
            given = _given(line, samples)
            if given is None or not line["drugs"]:
                continue
            start, stop = max(given[0], low), min(given[1], high)
            if start < stop:
                drugs.append({"x": x(start), "width": round(x(stop) - x(start), 1),
                              "text": " + ".join(line["drugs"])})  # fmt: skip
    ticks = [(percent(10.0**power, space=" "), _y(10.0**power)) for power in range(LEAST, MOST + 1)]
    return {
        "width": WIDTH, "height": HEIGHT, "top": TOP, "bottom": HEIGHT - FOOT, "left": LEFT,
        "right": WIDTH - RIGHT, "ticks": ticks, "points": points, "drugs": drugs,
    }  # fmt: skip
