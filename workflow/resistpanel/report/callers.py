"""Other callers beside ours: who called what, where they were run (``callers/{patient}.json``)."""

from resistpanel.report.cells import variant_name
from resistpanel.report.numbers import genomic, percent
from resistpanel.report.parts import variants_by_id

OWN = "resistpanel"


def mark(name: str, row: dict) -> dict:
    """Return what one caller says of a variant: kind (called, filtered, silent) and words."""
    if name == OWN:
        own = row["resistpanel"]
        filters = own["filters"] if own else []
    else:
        own = row["others"].get(name)
        filters = own["filters"] if own else []
    if name in row["called_by"]:
        kind, word = "called", "called"
        if name != OWN and not own["exact"]:
            word = "called, written otherwise"
    elif own is None:
        kind, word = "silent", "no record"
    else:
        kind, word = "filtered", ", ".join(filters) or "not called"
    afs = [s["af"] for s in (own["samples"].values() if own else ()) if s and s["af"] is not None]
    return {"kind": kind, "word": word, "af": percent(max(afs)) if afs else ""}


def callers(report: dict) -> dict | None:
    """Return the section on other callers, or None where none was run.

    Returns
    -------
    dict
        ``summary`` of each caller; ``rows``: the variants that any called, those on which the
        callers disagree first; ``agreed``: how many all of them called.
    """
    value = report.get("callers")
    if not value:
        return None
    known = variants_by_id(report)
    about = {c["name"]: c for c in value["callers"]}
    names = [OWN, *about]
    rows = []
    for row in value["variants"]:
        if not row["called_by"]:
            continue
        variant = known.get(row["id"])
        change = genomic(row["chrom"], row["pos"], row["ref"], row["alt"])
        rows.append({
            "id": row["id"], "gene": variant["gene"] if variant else None,
            "name": variant_name(variant) if variant else change, "change": change,
            "marks": [mark(name, row) for name in names], "called": len(row["called_by"]),
            "agreed": len(row["called_by"]) == len(names), "own": OWN in row["called_by"],
        })  # fmt: skip
    rows.sort(key=lambda r: (r["agreed"], not r["own"], r["called"]))
    return {
        "names": names,
        "summary": [
            {"name": name, "version": about[name]["version"] if name in about else "",
             "somatic": about[name]["somatic"] if name in about else "see Provenance"}
            | value["summary"].get(name, {"called": 0, "alone": 0, "shared": 0})
            for name in names
        ],
        "rows": rows,
        "agreed": sum(r["agreed"] for r in rows),
    }  # fmt: skip
