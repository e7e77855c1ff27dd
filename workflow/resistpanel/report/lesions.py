"""Several lesions: what is in all of them, in some, in one, as a drawing and in words.

The drawing has a column for each reported variant and a row for each tumour sample; units are
pixels. A bar's height is the allele frequency on the page's square-root axis.
"""

from resistpanel.report.cells import cell, sample_label, scale, variant_name
from resistpanel.report.parts import tumors
from resistpanel.report.words import STATES

ROW, BAR = 44, 34  # px: height of a row, and of a bar of 100 %
WIDEST, NARROWEST, PAGE = 24, 13, 1280  # px: width of a column, and of the page
LEFT, HEAD, RIGHT, FOOT = 132, 112, 60, 26  # px: room for names of samples, variants, groups
KINDS = ("truncal", "shared", "private")
WORDS = {
    "truncal": "in every lesion", "shared": "in several", "private": "in one alone",
    None: "could not be determined",
}  # fmt: skip


def order(report: dict) -> list[str]:
    """Return the lesions in the order of their first samples."""
    known = report["compare"]["lesions"]["samples"]
    place = {s["sample"]: i for i, s in enumerate(tumors(report))}
    return sorted(known, key=lambda n: (min((place.get(s, 99) for s in known[n]), default=99), n))


def several(report: dict) -> bool:
    """Return whether there is more than one lesion."""
    return len(report["compare"]["lesions"]["samples"]) > 1


def columns(report: dict) -> list[dict]:
    """Return the reported variants, truncal first, then shared, then private by lesion."""
    lesions = report["compare"]["lesions"]
    names = order(report)
    keys = set(report["resist"]["verdict"]["key_variants"])
    samples = tumors(report)
    found = []
    for v in report["compare"]["variants"]:
        if not v["reported"]:
            continue
        row = lesions["variants"].get(v["id"]) or {"kind": None, "detected": []}
        kind = row["kind"] if row["kind"] in KINDS else None
        where = sorted((n for n in row["detected"] if n in names), key=names.index)
        mean = sum(v["samples"][s["sample"]]["af"] or 0 for s in samples) / max(len(samples), 1)
        found.append({
            "id": v["id"], "gene": v["gene"], "name": variant_name(v), "kind": kind,
            "lesions": where, "key": v["id"] in keys,
            "later": kind == "truncal" and arisen_later(
                report, {name: e["detected"] for name, e in v["samples"].items()}
            ),
            "tone": STATES[v["state"]].tone if v["state"] else "unsure", "state": v["state"],
            "cells": [cell(v["samples"][s["sample"]]) | {"y": bar(v["samples"][s["sample"]])}
                      for s in samples],
            "order": ([*KINDS, None].index(kind), [names.index(n) for n in where]
                      if kind in ("shared", "private") else [], v["id"] not in keys, -mean),
        })  # fmt: skip
    found.sort(key=lambda c: c["order"])
    return found


def arisen_later(report: dict, seen: dict[str, bool | None]) -> bool:
    """Return whether no sample before the first line of therapy shows an alteration.

    What all lesions have now did then not arise before they diverged.

    Parameters
    ----------
    report : dict
    seen : dict
        Of each sample, whether it was detected there; None: not assessable.
    """
    lines = report["compare"]["lines"]
    first = [seen.get(name) for name in lines[0]["baseline"]] if lines else []
    return bool(first) and all(one is False for one in first)


def bar(evidence: dict) -> float:
    """Return the height of the bar of a variant in a sample."""
    return round(BAR * scale(evidence["af"] or 0) / 100, 1)


def copy_findings(report: dict) -> list[dict]:
    """Return the known copy-number findings with the lesions that show them."""
    return [
        {
            "gene": f["gene"],
            "name": f["label"].removeprefix(f["gene"]).strip(),
            "kind": f["distribution"],
            "later": f["distribution"] == "truncal"
            and arisen_later(report, {c["sample"]: c["detected"] for c in f["course"]}),
            "lesions": list(
                dict.fromkeys(c["lesion"] or c["sample"] for c in f["course"] if c["detected"])
            ),
            "key": f["variant"] in report["resist"]["verdict"]["key_variants"],
        }
        for f in report["resist"]["findings"]
        if f["variant"].startswith("copynumber:") and f["effect"] in ("known", "candidate")
    ]


def groups(found: list[dict], copies: list[dict]) -> list[dict]:
    """Return the variants by where they are: kind, the lesions if not all, and the variants."""
    made: dict[tuple, dict] = {}
    for c in found + copies:
        where = () if c["kind"] in ("truncal", None) else tuple(c["lesions"])
        group = made.setdefault(
            (c["kind"], where, c["later"]),
            {"kind": c["kind"], "lesions": where, "variants": [], "later": c["later"]},
        )
        group["variants"].append(c)
    order = [*KINDS, None]
    return sorted(
        made.values(),
        key=lambda g: (
            order.index(g["kind"]) if g["kind"] in order else 3,
            g["later"],
            -len(g["lesions"]),
        ),
    )


def lesions(report: dict) -> dict | None:
    """Return the section on lesions, or None where there is only one.

    Returns
    -------
    dict
        ``columns`` with x and cells, ``rows`` with y, ``bands`` (x, width, kind, count) below
        the drawing, ``groups`` for the text, ``convergence``.
    """
    if not several(report):
        return None
    found = columns(report)
    room = (PAGE - LEFT - RIGHT) / max(len(found), 1)
    step = round(min(max(room, NARROWEST), WIDEST), 1)
    bands: list[dict] = []
    for i, c in enumerate(found):
        c["x"] = round(LEFT + i * step, 1)
        if not bands or bands[-1]["kind"] != c["kind"]:
            bands.append({"kind": c["kind"], "x": c["x"], "count": 0})
        bands[-1]["count"] += 1
    for band in bands:
        band["width"] = round(band["count"] * step, 1)
        band["text"] = band["kind"] or "not known"
    samples = [
        label | {"note": sample["lesion"] or label["note"]}
        for sample in tumors(report)
        for label in [sample_label(sample)]
    ]
    return {
        "columns": found, "bands": bands, "bar": BAR, "column": step, "head": HEAD,
        "rows": [s | {"y": HEAD + i * ROW} for i, s in enumerate(samples)],
        "left": LEFT, "width": round(LEFT + len(found) * step + RIGHT),
        "right": round(LEFT + len(found) * step),
        "height": HEAD + len(samples) * ROW + FOOT,
        "groups": groups(found, copy_findings(report)),
        "words": WORDS, "convergence": report["resist"]["convergence"],
        "lesions": order(report),
    }  # fmt: skip
