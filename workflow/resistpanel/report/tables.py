"""The tables below the first screen: matrix, Table 1, findings, near misses, negative sites."""

import re

from resistpanel.report.cells import cell, clonal, sample_label, variant_name
from resistpanel.report.front import tumors, variants_by_id
from resistpanel.report.numbers import (
    DASH,
    NARROW_SPACE,
    bare_percent,
    genomic,
    percent,
    percent_up,
)
from resistpanel.report.states import EFFECTS, MATCHES, MECHANISMS, consequence, rank_state

#: A PubMed identifier; anything else is shown as text, not as a link.
PMID = re.compile(r"[1-9][0-9]{0,8}")
SEPARATOR = re.compile(r"[;,\s]+")


def matrix(report: dict) -> dict:
    """Return the state matrix: reported variants by sample, what relapse brought first."""
    samples = report["compare"]["samples"]
    pairs = report["compare"]["pairs"]
    keys = set(report["resist"]["verdict"]["key_variants"])
    rows = []
    for v in report["compare"]["variants"]:
        if not v["reported"]:
            continue
        top = max((s["af"] or 0 for n, s in v["samples"].items()), default=0)
        rows.append({
            "id": v["id"], "gene": v["gene"], "name": variant_name(v), "state": v["state"],
            "key": v["id"] in keys, "order": (v["id"] not in keys, rank_state(v["state"]), -top),
            "cells": [cell(v["samples"][s["sample"]]) for s in samples],
            "states": v["states"], "rank": rank_state(v["state"]),
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


def evidence_rows(finding: dict) -> list[dict]:
    """Return a finding's evidence with a checked PubMed link."""
    return [row | {"links": pubmed(row["pmid"])} for row in finding["evidence"]]


def pubmed(pmid: str | int | None) -> list[tuple[str, str | None]]:
    """Return each identifier (``;`` between several) with its address at PubMed.

    The address is None for what is not an identifier: that is shown as text.
    """
    parts = [part for part in SEPARATOR.split(str(pmid or "")) if part]
    return [
        (part, f"https://pubmed.ncbi.nlm.nih.gov/{part}/" if PMID.fullmatch(part) else None)
        for part in parts
    ]


def findings(report: dict) -> dict:
    """Return the ranked findings: those that count in full, passengers in short."""
    known = variants_by_id(report)
    samples = tumors(report)
    full, short = [], []
    for f in sorted(report["resist"]["findings"], key=lambda f: f["rank"]):
        v = known.get(f["variant"])
        item = f | {
            "name": f"p.{f['protein'].replace(',', ' + p.')}"
            if f["protein"]
            else (variant_name(v) if v else ""),
            "change": genomic(v["chrom"], v["pos"], v["ref"], v["alt"]) if v else "",
            "hgvs_c": v["hgvs_c"] if v else None,
            "transcript": v["transcript"] if v else None,
            "effect_text": EFFECTS[f["effect"]],
            "mechanism": MECHANISMS[f["mechanism_class"]],
            "match": MATCHES.get(f["match_level"]),
            "evidence": evidence_rows(f),
            "cells": [
                sample_label(s)
                | {
                    "cell": cell(v["samples"][s["sample"]]),
                    "ccf": clonal(v["samples"][s["sample"]]),
                }
                for s in samples
            ]
            if v
            else [],
            "states": v["states"] if v else [],
            "phred": v["somatic_phred"] if v else None,
        }
        counts = f["effect"] in ("known", "candidate") or f["evidence"]
        (full if counts else short).append(item)
    resist = report["resist"]
    driver = resist["driver"]
    if driver and driver["variant"]:
        driver = driver | {"name": variant_name(known[driver["variant"]])}
    return {
        "full": full,
        "short": short,
        "driver": driver,
        "fail": resist["expected_to_fail"],
        "options": [o | {"links": pubmed(o["pmid"])} for o in resist["options"]],
    }


def near_misses(report: dict) -> list[dict]:
    """Return candidates that were not reported, with every reason; absent forced sites left out."""
    samples = report["compare"]["samples"]
    rows = []
    for v in report["compare"]["variants"]:
        if v["reported"] or v["model"] == "absent" or v["filters"] == ["absent"]:
            continue
        rows.append({
            "id": v["id"], "gene": v["gene"], "name": variant_name(v),
            "change": genomic(v["chrom"], v["pos"], v["ref"], v["alt"]),
            "consequence": consequence(v["consequence"]), "model": v["model"],
            "catalogued": bool(v["sites"]), "phred": v["somatic_phred"],
            "reasons": [(f, report["filters"].get(f)) for f in v["filters"] if f != "PASS"],
            "cells": [
                sample_label(s) | {"cell": raw_cell(v["samples"][s["sample"]])} for s in samples
            ],
        })  # fmt: skip
    # Catalogued alleles first: a near miss there may be the answer.
    rows.sort(key=lambda r: (not r["catalogued"], r["model"] == "germline", -(r["phred"] or 0)))
    return rows


def raw_cell(evidence: dict) -> dict:
    """Return a cell that gives the raw counts too, whatever was decided."""
    shown = cell(evidence)
    if evidence["dp"]:
        alt, depth = evidence["ad"][1], evidence["dp"]
        forward, reverse = evidence["adf"][1:2], evidence["adr"][1:2]
        strands = f", {forward[0]} forward, {reverse[0]} reverse" if forward and reverse else ""
        shown["raw"] = f"{alt} of {depth}{strands}" if alt else f"0 of {depth}"
        shown["fraction"] = percent(evidence["af"])
    else:
        shown["raw"], shown["fraction"] = "no fragments", DASH
    return shown


def negatives(report: dict) -> dict:
    """Return the catalogue sites that were looked at and not found, per site and per gene."""
    names = [s["sample"] for s in tumors(report)]
    chroms = {site: v["chrom"] for v in report["compare"]["variants"] for site in v["sites"]}
    sites: dict[str, dict] = {}
    for row in report["resist"]["negative_sites"]:
        pos = row["pos"]
        if isinstance(pos, int):
            pos = f"{chroms[row['site']]}:{pos}" if row["site"] in chroms else str(pos)
        site = sites.setdefault(row["site"], {
            "site": row["site"], "gene": row["gene"], "protein": row["protein"], "pos": pos,
            "drugs": ", ".join(row["drugs"]), "by": {},
        })  # fmt: skip
        site["by"][row["sample"]] = row
    rows = []
    for site in sites.values():
        cells = []
        for name in names:
            row = site["by"].get(name)
            if row is None:
                cells.append({"text": NOT_LISTED, "lod": "", "dp": "", "bad": False, "sort": -1})
            elif not row["assessable"]:
                text = "not covered" if not row["dp"] else "not assessable"
                cells.append({"text": text, "lod": "", "dp": row["dp"], "bad": True, "sort": 2})
            else:
                cells.append({
                    "text": f"<{NARROW_SPACE}{percent_up(row['ub'])}",
                    "lod": percent_up(row["lod"]), "dp": row["dp"], "bad": False,
                    "sort": row["ub"] if row["ub"] is not None else 2,
                })  # fmt: skip
        bad = any(c["bad"] for c in cells)
        rows.append(site | {"cells": cells, "bad": bad})
    rows.sort(
        key=lambda r: (r["gene"], residue_number(r["protein"]), r["protein"] or "", r["site"])
    )
    return {
        "samples": [sample_label(s) for s in tumors(report)],
        "rows": rows,
        "bad": [r for r in rows if r["bad"]],
        "genes": [
            gene_summary(gene, rows, len(names)) for gene in dict.fromkeys(r["gene"] for r in rows)
        ],
    }


NOT_LISTED = DASH


def residue_number(protein: str | None) -> int:
    """Return the first number in a protein change, for sorting; 0 without one."""
    match = re.search(r"\d+", protein or "")
    return int(match[0]) if match else 0


def gene_summary(gene: str, rows: list[dict], samples: int) -> dict:
    """Return one gene's sites: how many, and the range of the bounds per tumour sample."""
    mine = [r for r in rows if r["gene"] == gene]
    cells = []
    for i in range(samples):
        bounds = [r["cells"][i]["sort"] for r in mine if 0 <= r["cells"][i]["sort"] <= 1]
        blind = sum(r["cells"][i]["bad"] for r in mine)
        text = "none assessable"
        if bounds:
            text = f"<{NARROW_SPACE}{percent_up(max(bounds))}"
        cells.append({"text": text, "blind": blind,
                      "best": bare_percent(min(bounds)) if bounds else ""})  # fmt: skip
    names = [r["protein"] or r["site"] for r in mine]
    return {"gene": gene, "count": len(mine), "names": names, "cells": cells}
