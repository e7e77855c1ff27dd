"""What was looked for and not found, and what was seen and not reported."""

import re

from resistpanel.report import damaged
from resistpanel.report.cells import cell, sample_label, variant_name
from resistpanel.report.copies import assessable, call_text
from resistpanel.report.numbers import (
    DASH,
    NARROW_SPACE,
    bare_percent,
    genomic_of,
    in_copies,
    percent,
    percent_up,
)
from resistpanel.report.parts import tumors
from resistpanel.report.report_constants import HALF_A_COPY, MANY_MISSES
from resistpanel.report.words import consequence

#: Instead of a bound: a call, and an allele that was detected but fails a filter.
FOUND, FILTERED = "found", "near miss"
#: A protein change up to the residue's number.
RESIDUE = re.compile(r"([A-Z*]?\d+)")


def inherited(variant: dict) -> bool:
    """Return whether a variant was left out because it is germline, and is not catalogued."""
    return variant["model"] == "germline" and not variant["reported"]


def near_misses(report: dict) -> dict:
    """Return candidates that were not reported, with every reason; absent forced sites left out.

    Returns
    -------
    dict
        ``number`` of near misses; ``rows``: those that stand alone, those of catalogued alleles
        first; ``groups``: the others, see `grouped`; ``inherited``: germline variants, which are no
        near misses unless the catalogue holds them.
    """
    samples = report["compare"]["samples"]
    catalogued = {m["variant"]: m["evidence"] for m in report["resist"]["near_misses"]}
    rows: list[dict] = []
    germline: list[dict] = []
    for v in report["compare"]["variants"]:
        if v["reported"] or v["model"] == "absent" or v["filters"] == ["absent"]:
            continue
        listed = v["id"] in catalogued
        (germline if inherited(v) and not listed else rows).append({
            "id": v["id"], "gene": v["gene"], "name": variant_name(v),
            "change": genomic_of(v),
            "consequence": consequence(v["consequence"]), "model": v["model"],
            "catalogued": catalogued.get(v["id"]) or v["sites"], "phred": v["somatic_phred"],
            "reasons": [
                (f, (damaged.why(v, samples) if f == damaged.FILTER else None)
                 or report["filters"].get(f))
                for f in v["filters"] if f != "PASS"
            ],
            "cells": [
                sample_label(s) | {"cell": raw_cell(v["samples"][s["sample"]])} for s in samples
            ],
        })  # fmt: skip
    # Catalogued alleles first: a near miss there may be the answer.
    rows.sort(key=lambda r: (not r["catalogued"], r["model"] == "germline", -(r["phred"] or 0)))
    alone, groups = grouped(rows)
    return {
        "number": len(rows), "rows": alone, "groups": groups, "inherited": germline,
        "samples": [sample_label(s) for s in samples],
    }  # fmt: skip


def grouped(rows: list[dict]) -> tuple[list[dict], list[dict]]:
    """Return the near misses that stand alone, and groups of those that fail the same filters.

    Those of the catalogue stand alone, and so do fewer than `MANY_MISSES` of the same filters.

    Returns
    -------
    list of dict
        The rows that are left.
    list of dict
        ``filters`` and ``rows`` of each group.
    """
    by_filters: dict[tuple, list[dict]] = {}
    for row in rows:
        if not row["catalogued"]:
            by_filters.setdefault(tuple(name for name, _ in row["reasons"]), []).append(row)
    many = {names: mine for names, mine in by_filters.items() if len(mine) >= MANY_MISSES}
    hidden = {row["id"] for mine in many.values() for row in mine}
    groups = [{"filters": list(names), "rows": mine} for names, mine in many.items()]
    return [row for row in rows if row["id"] not in hidden], groups


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


def substituted(site: str) -> str:
    """Return the alleles of a site, ``T>A``; several can have the same protein change."""
    return ">".join(site.split(":")[2:4])


def negatives(report: dict) -> dict:
    """Return the catalogue sites that were examined and not found, per site and per gene."""
    names = [s["sample"] for s in tumors(report)]
    detected = {
        v["id"]: {n for n in names if v["samples"][n]["detected"]}
        for v in report["compare"]["variants"]
    }
    filtered = {
        v["id"]
        for v in report["compare"]["variants"]
        if not v["reported"] and v["model"] != "germline"
    }
    sites: dict[str, dict] = {}
    for row in report["resist"]["negative_sites"]:
        site = sites.setdefault(row["site"], {
            "site": row["site"], "gene": row["gene"], "protein": row["protein"], "pos": row["pos"],
            "change": substituted(row["site"]),
            "drugs": ", ".join(row["drugs"]), "ids": ", ".join(row["ids"]), "by": {},
        })  # fmt: skip
        site["by"][row["sample"]] = row
    rows = []
    for site in sites.values():
        cells = []
        for name in names:
            row = site["by"].get(name)
            if row is None and name in detected.get(site["site"], ()):
                text = FILTERED if site["site"] in filtered else FOUND
                cells.append({"text": text, "lod": "", "dp": "", "bad": False, "sort": 1.5})
            elif row is None:
                cells.append({"text": DASH, "lod": "", "dp": "", "bad": False, "sort": -1})
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
        elsewhere = bool(detected.get(site["site"]))
        rows.append(site | {
            "cells": cells, "bad": bad, "elsewhere": elsewhere and site["site"] not in filtered,
            "filtered": elsewhere and site["site"] in filtered,
        })  # fmt: skip
    rows.sort(
        key=lambda r: (r["gene"], residue_number(r["protein"]), r["protein"] or "", r["site"])
    )
    return {
        "samples": [sample_label(s) for s in tumors(report)],
        "rows": rows,
        "bad": [r for r in rows if r["bad"]],
        "nowhere": sum(not (r["elsewhere"] or r["filtered"] or r["bad"]) for r in rows),
        "elsewhere": [r for r in rows if r["elsewhere"]],
        "filtered": [r for r in rows if r["filtered"]],
        "condensed": condensed(rows, len(names)),
        "coverage": report["resist"]["coverage"],
        "reversions": report["resist"].get("reversions", ()),
        "copies": catalogued_copies(report),
        "genes": [
            gene_summary(gene, rows, len(names)) for gene in dict.fromkeys(r["gene"] for r in rows)
        ],
    }


def catalogued_copies(report: dict) -> list[dict]:
    """Return the copy number of the genes that the catalogue lists for the drugs given.

    Returns
    -------
    list of dict
        ``gene``, ``call`` (amplification or deletion), and per tumour sample of copynumber.json
        ``text``: copies with their 95 % interval, and the call.
    """
    samples = (report["copynumber"] or {"samples": {}})["samples"]
    names = [s["sample"] for s in tumors(report)]
    rows = []
    for one in report["resist"]["coverage"].get("copies") or ():
        cells = []
        for name in names:
            found = samples.get(name) or {"genes": []}
            gene = next((g for g in found["genes"] if g["gene"] == one["gene"]), None)
            cells.append(_copies_cell(gene, found, one["call"]))
        rows.append({"gene": one["gene"], "call": one["call"], "cells": cells})
    return rows


def _copies_cell(gene: dict | None, sample: dict, looked_for: str) -> dict:
    """Return how the copies of a gene in a sample are written, as an answer to what is looked for.

    `looked_for` is ``amplification`` or ``deletion``; a deletion of every copy is not excluded
    where the interval reaches below half a copy.
    """
    if gene is None or gene["log2"] is None:
        return {"text": "not examined", "detail": "", "bad": True}
    low, high = gene["copies_low"], gene["copies_high"]
    if not assessable(gene):
        return {"text": "not assessable", "detail": f"{in_copies(low)}–{in_copies(high)} copies",
                "bad": True}  # fmt: skip
    if gene["copies"] is None or low is None:
        ratio = f"{gene['log2']:+.2f}".replace("-", "\u2212")
        return {"text": call_text(gene, sample), "detail": f"log2 ratio {ratio}", "bad": False}
    detail = f"{in_copies(gene['copies'])} copies ({in_copies(low)}–{in_copies(high)})"
    if (text := call_text(gene, sample)) != "neutral":
        return {"text": text, "detail": detail, "bad": False}
    if looked_for == "deletion" and low < HALF_A_COPY:
        return {"text": "not assessable", "detail": detail, "bad": True}
    return {"text": f"no {looked_for}", "detail": detail, "bad": False}


def residue_number(protein: str | None) -> int:
    """Return the first number in a protein change, for sorting; 0 without one."""
    match = re.search(r"\d+", protein or "")
    return int(match[0]) if match else 0


def condensed(rows: list[dict], samples: int) -> list[dict]:
    """Return the sites as paper has room for them: one line for each residue of a gene.

    Returns
    -------
    list of dict
        ``gene`` and ``lines``: residue (``V60``), what it was looked at for (``A, E, G``), and per
        sample the worst bound, or how many of the sites could not be assessed.
    """
    genes: dict[str, dict[str, list[dict]]] = {}
    for row in rows:
        match = RESIDUE.match(row["protein"] or "")
        residue = match[1] if match else row["protein"] or row["pos"] or row["site"]
        genes.setdefault(row["gene"], {}).setdefault(residue, []).append(row)
    return [
        {
            "gene": gene,
            "lines": [
                {
                    "residue": residue,
                    "changes": ", ".join(
                        dict.fromkeys(
                            r["protein"].removeprefix(residue)
                            for r in mine
                            if r["protein"] and r["protein"] != residue
                        )
                    ),
                    "bounds": [worst([r["cells"][i] for r in mine]) for i in range(samples)],
                }
                for residue, mine in residues.items()
            ],
        }
        for gene, residues in genes.items()
    ]


def worst(cells: list[dict]) -> str:
    """Return the worst bound of cells of one sample, ``<0.49``, or what stands in its way."""
    blind = sum(c["bad"] for c in cells)
    bounds = [c["sort"] for c in cells if not c["bad"] and 0 <= c["sort"] <= 1]
    text = f"<{percent_up(max(bounds)).removesuffix(NARROW_SPACE + '%')}" if bounds else ""
    if blind:
        text = f"{text} ({blind} not)".strip() if text else "not assessable"
    shown = {
        word: number
        for word in (FOUND, FILTERED)
        if (number := sum(c["text"] == word for c in cells))
    }
    if shown and text:
        text += f" ({', '.join(f'{number} {word}' for word, number in shown.items())})"
    return text or "/".join(shown) or DASH


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
    names = list(dict.fromkeys(r["protein"] or r["site"] for r in mine))
    return {"gene": gene, "count": len(mine), "names": names, "cells": cells}
