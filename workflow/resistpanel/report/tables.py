"""The state matrix and Table 1."""

from resistpanel.report.cells import cell, sample_label, variant_name
from resistpanel.report.numbers import genomic, probability
from resistpanel.report.parts import state_at, state_words, trajectory, tumors, variants_by_id
from resistpanel.report.words import consequence, rank_state


def origin_text(variant: dict) -> str | None:
    """Return the origin of a variant of a patient without a normal, with its probability."""
    origin = variant.get("origin")
    if origin is None:
        return None
    named = {"not determined": "origin not determined"}.get(origin["value"], origin["value"])
    return f"{named}, probability of somatic {probability(origin['somatic'])}"


def matrix(report: dict) -> dict:
    """Return the state matrix: reported variants by sample, what relapse brought first."""
    samples = report["compare"]["samples"]
    pairs = report["compare"]["pairs"]
    keys = set(report["resist"]["verdict"]["key_variants"])
    lesions = report["compare"]["lesions"]
    rows = []
    for v in report["compare"]["variants"]:
        if not v["reported"]:
            continue
        top = max((s["af"] or 0 for n, s in v["samples"].items()), default=0)
        rows.append({
            "id": v["id"], "gene": v["gene"], "name": variant_name(v), "state": v["state"],
            "state_words": state_words(v),
            "consequence": consequence(v["consequence"]), "key": v["id"] in keys,
            "order": (v["id"] not in keys, rank_state(v["state"]), -top),
            "cells": [
                cell(v["samples"][s["sample"]])
                | {"state": state_at(v, s["sample"]).get("state") if len(pairs) > 1 else None}
                for s in samples
            ],
            "lesions": lesions["variants"].get(v["id"], {}).get("kind"),
            "course": trajectory(v), "status": v["status"],
            "states": v["states"], "rank": rank_state(v["state"]), "origin": origin_text(v),
        })  # fmt: skip
    rows.sort(key=lambda row: row["order"])
    return {
        "samples": [sample_label(s) for s in samples],
        "rows": rows,
        "several": len(pairs) > 1,
        "tally": [
            (state, sum(row["state"] == state for row in rows))
            for state in dict.fromkeys(row["state"] for row in rows)
        ],
    }


def table1_view(report: dict) -> dict:
    """Return Table 1 with its cells; rows of one phased event are joined."""
    samples = tumors(report)
    known = variants_by_id(report)
    events: dict[int, list[dict]] = {}
    for row in report["table1"]:
        events.setdefault(row["event"], []).append(row)
    shown = []
    for rows in events.values():
        variant = known.get(rows[0]["variant"])
        phased = None
        if len(rows) > 1:
            chrom, pos, ref, alt = (variant[k] for k in ("chrom", "pos", "ref", "alt"))
            phased = (
                f"{ref}>{alt} in the same fragments, one event: {genomic(chrom, pos, ref, alt)}"
            )
        shown.append({
            "rows": rows, "phased": phased, "state": rows[0]["state"],
            "state_words": state_words(variant) if variant else None,
            "called": variant is not None, "rank": rank_state(rows[0]["state"]),
            "cells": [cell(variant["samples"][s["sample"]]) for s in samples] if variant else [],
        })  # fmt: skip
    published = [row["published"] for row in report["table1"] if row["published"]]
    last = samples[-1]["sample"] if samples else None
    inside = [p["within"][last] for p in published if p["within"] and last in p["within"]]
    return {
        "samples": [sample_label(s) for s in samples],
        "events": shown,
        "published": bool(published),
        "printed": len(published),
        "inside": sum(inside),
        "compared": len(inside),
        "last": last,
        "not_called": sum(not e["called"] for e in shown),
        "substitutions": report["spectrum"]["substitutions"],
    }
