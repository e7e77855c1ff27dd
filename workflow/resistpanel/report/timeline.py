"""Geometry of the course over real days: one panel per lesion, with the drugs given above it.

The alterations that matter most have a labelled line in every panel, allele frequencies on the
square-root axis and copies per tumour cell below; all others are thin lines. Units are pixels of
one SVG, x to the right, y downwards.
"""

from collections.abc import Callable
from itertools import pairwise

from resistpanel.report.cells import TICKS, cell, scale
from resistpanel.report.parts import name_of, tumors, variants_by_id
from resistpanel.report.report_constants import TIMELINE, TIMELINE_SAMPLES
from resistpanel.report.slope import spread
from resistpanel.report.words import STATES

WIDTH, LEFT, RIGHT = 560, 52, 190  # px
TOP, HEIGHT, GAP, COPIES, FOOT = 34, 210, 34, 80, 36  # px
BAR = 14  # height of a drug's bar
DAY_GAP = 26.0  # px between the middles of neighbouring days
LABEL_GAP = 14.0  # px between the baselines of neighbouring labels


def timeline(report: dict) -> dict | None:
    """Return the drawing of every lesion, or None where the days do not give a course.

    Returns
    -------
    dict
        ``panels`` in the order of their first sample, ``thin`` (the number of alterations
        without a label), ``copies`` (whether copy number is drawn).
    """
    samples = tumors(report)
    days = [s["day"] for s in samples]
    if len(samples) < TIMELINE_SAMPLES or None in days or len(set(days)) < 2:
        return None
    places = by_lesion(samples)
    alleles, genes = labelled(report)
    shown = [v for v in report["compare"]["variants"] if v["reported"]]
    axis = day_axis(days, LEFT + 12, WIDTH - RIGHT - 12)
    most = _most_copies(report, genes)
    panels = [
        _panel(report, name, members, axis, (alleles, genes, shown, most))
        for name, members in places.items()
    ]
    return {
        "panels": panels, "thin": len(shown) - len(alleles), "copies": most is not None,
        "width": WIDTH,
    }  # fmt: skip


def labelled(report: dict) -> tuple[list[str], list[str]]:
    """Return the alleles (ids) and the genes (copy number) that have a labelled line.

    The sensitising driver; key alterations of any line of therapy, the latest first; then findings
    by rank: at most `TIMELINE` alleles. Genes of the known and key changes of copy number.
    """
    resist = report["resist"]
    keys = [key for line in resist["lines"] for key in line["verdict"]["key_variants"]]
    found = {f["variant"]: f["effect"] for f in resist["findings"]}
    driver = resist["driver"]["variant"]
    first = [key for key in dict.fromkeys([*keys, *found]) if key in found]
    alleles = [key for key in first if key != driver and not key.startswith("copynumber:")]
    alleles = alleles[: TIMELINE - 1] + [key for key in (driver,) if key in found]
    genes = [
        key.split(":")[1]
        for key in first
        if key.startswith("copynumber:") and (key in keys or found[key] == "known")
    ]
    return alleles, list(dict.fromkeys(genes))[: TIMELINE - 2]


def by_lesion(samples: list[dict]) -> dict[str, list[dict]]:
    """Return samples by the name of their lesion, in the order of the first sample of each."""
    places: dict[str, list[dict]] = {}
    for sample in samples:
        name = "plasma" if sample["role"] == "plasma" else sample["lesion"] or "tumour"
        places.setdefault(name, []).append(sample)
    return places


def day_axis(days: list[float], left: float, right: float) -> Callable[[float], float]:
    """Return the function from a day to its x; the first day is at `left`, the last at `right`."""
    low, high = min(days), max(days)

    def x(day: float) -> float:
        return round(left + (day - low) / (high - low) * (right - left), 1)

    return x


def _y(fraction: float) -> float:
    return round(TOP + HEIGHT * (1 - scale(fraction) / 100), 1)


def _copies_of(report: dict, sample: str, gene: str) -> dict | None:
    """Return a gene's copies in a sample, or None where they are not known."""
    part = (report["copynumber"] or {"samples": {}})["samples"].get(sample) or {"genes": []}
    found = next((g for g in part["genes"] if g["gene"] == gene), None)
    return found if found and found["copies"] is not None else None


def _most_copies(report: dict, genes: list[str]) -> float | None:
    """Return the end of the axis of copies; None where no gene's copies are known."""
    found = [
        one["copies_high"] or one["copies"]
        for s in tumors(report)
        for gene in genes
        if (one := _copies_of(report, s["sample"], gene))
    ]
    return max(4.0, *found) if found else None


def drug_bars(report: dict, x: Callable[[float], float]) -> list[dict]:
    """Return a bar per line of therapy: the days given, else from sample to sample."""
    days = {s["sample"]: s["day"] for s in tumors(report)}
    low, high = min(days.values()), max(days.values())
    bars = []
    for line in report["compare"]["lines"]:
        if not line["drugs"]:
            continue
        before = [days[n] for n in line["baseline"] if n in days]
        under = [days[n] for n in line["samples"] if n in days]
        dated = line["start"] is not None
        start = line["start"] if dated else max(before, default=low)
        stop = line["stop"] if line["stop"] is not None else max(under, default=high)
        start, stop = max(start, low), min(stop, high)
        if start < stop:
            text = " + ".join(line["drugs"])
            bars.append({
                "x": x(start), "width": round(x(stop) - x(start) - 2, 1), "text": text,
                "room": int((x(stop) - x(start)) / 6),
            })  # fmt: skip
    return bars


def _panel(report: dict, name: str, samples: list[dict], x, what: tuple) -> dict:
    """Return the drawing of one lesion."""
    alleles, genes, shown, most = what
    by_id = variants_by_id(report)
    lines = [
        _line(report, identifier, [_point(by_id[identifier], s, x) for s in samples], tone)
        for tone, identifier in enumerate(alleles)
    ]
    places = spread_labels(lines)
    for line, y in zip(lines, places, strict=True):
        line["label"] = y
    thin = [
        [(p["x"], p["y"]) for p in points]
        for v in shown
        if v["id"] not in alleles
        and any((points := [_point(v, s, x) for s in samples])[i]["kind"] == "detected"
                for i in range(len(samples)))
    ]  # fmt: skip
    base = TOP + HEIGHT + GAP
    return {
        "name": name, "height": base + (COPIES if most else -GAP) + FOOT, "top": TOP,
        "bottom": TOP + HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "bar": BAR,
        "drugs": drug_bars(report, x), "lines": lines, "label_x": WIDTH - RIGHT + 22,
        "thin": [" ".join(f"{a},{b}" for a, b in points) for points in thin if len(points) > 1],
        "ticks": [(text, _y((place / 100) ** 2)) for text, place in TICKS],
        "days": day_labels(samples, x), "foot": base + (COPIES if most else -GAP) + 14,
        "copies": _copies(report, genes, samples, x, (base, most)) if most else None,
    }  # fmt: skip


def day_labels(samples: list[dict], x: Callable[[float], float]) -> list[dict]:
    """Return the days of samples on the axis, with the names of the samples of each."""
    names: dict[float, list[str]] = {}
    for sample in samples:
        names.setdefault(sample["day"], []).append(sample["sample"])
    days: list[dict] = []
    for day, found in names.items():
        # Two days close to each other have one label.
        near = any(one["text"] and x(day) - one["x"] < DAY_GAP for one in days)
        text = "" if near else f"{day:g}"
        days.append({"x": x(day), "text": text, "names": ", ".join(found)})
    return days


def _point(variant: dict, sample: dict, x) -> dict:
    """Return an allele in a sample: its kind, place, interval and text."""
    evidence = variant["samples"][sample["sample"]]
    one = cell(evidence)
    kind = one["kind"] if one["kind"] in ("detected", "unsure", "absent") else "none"
    if kind == "absent" and evidence["ub"] is None:
        kind = "none"
    if kind in ("detected", "unsure"):
        low, high = (
            evidence["af"] if end is None else end
            for end in (evidence["af_low"], evidence["af_high"])
        )
        y = _y(evidence["af"])
    else:
        low, high = 0.0, evidence["ub"] or 0.0
        y = _y(high if kind == "absent" else 0.0)
    return {
        "kind": kind, "x": x(sample["day"]), "y": y, "low": _y(low), "high": _y(high),
        "text": f"{sample['sample']}, day {sample['day']:g}: {one['full']}",
    }  # fmt: skip


def _line(report: dict, identifier: str, points: list[dict], tone: int) -> dict:
    """Return a labelled line; a step to or from a sample without it is dashed."""
    finding = next(f for f in report["resist"]["findings"] if f["variant"] == identifier)
    steps = [
        {"a": a, "b": b, "open": "detected" not in (a["kind"], b["kind"]) or a["kind"] != b["kind"]}
        for a, b in pairwise(points)
        if "none" not in (a["kind"], b["kind"])
    ]
    return {
        "name": name_of(report, identifier), "points": points, "steps": steps, "tone": tone,
        "key": identifier in report["resist"]["verdict"]["key_variants"],
        "state": STATES[finding["state"]].key if finding["state"] else None, "label": None,
    }  # fmt: skip


def spread_labels(lines: list[dict]) -> list[float]:
    """Return the y of each line's label, near its last point, none over another."""
    order = sorted(range(len(lines)), key=lambda i: (lines[i]["points"][-1]["y"], i))
    wanted = [lines[i]["points"][-1]["y"] for i in order]
    found = dict(zip(order, spread(wanted, LABEL_GAP, TOP, TOP + HEIGHT), strict=True))
    return [found[i] for i in range(len(lines))]


def _copies(report: dict, genes: list[str], samples: list[dict], x, frame: tuple) -> dict:
    """Return the copies per tumour cell of the genes below a panel."""
    top, most = frame

    def y(copies: float) -> float:
        return round(top + COPIES * (1 - min(copies, most) / most), 1)

    lines = []
    for number, gene in enumerate(genes):
        points = [
            {
                "x": x(s["day"]), "y": y(one["copies"]), "low": y(one["copies_low"] or 0.0),
                "high": y(one["copies_high"] or most),
                "text": f"{s['sample']}, day {s['day']:g}: {one['copies']:.1f} copies",
            }
            for s in samples
            if (one := _copies_of(report, s["sample"], gene))
        ]  # fmt: skip
        if points:
            lines.append({
                "gene": gene, "points": points, "tone": TIMELINE + number,
                "last": points[-1]["text"].rsplit(": ", 1)[1],
            })  # fmt: skip
    lines.sort(key=lambda line: line["points"][-1]["y"])
    wanted = [line["points"][-1]["y"] for line in lines]
    for line, place in zip(lines, spread(wanted, LABEL_GAP, top, top + COPIES), strict=True):
        line["label"] = place
    ticks = [(f"{n}", y(n)) for n in (0, round(most / 2), round(most))]
    return {"lines": lines, "ticks": ticks, "top": top, "bottom": top + COPIES}
