"""The three questions of the first screen: was it there before, how sure, can the samples tell."""

from resistpanel.core.vocabulary import OPEN
from resistpanel.report.cells import cell
from resistpanel.report.numbers import NARROW_SPACE, percent, percent_up, plain
from resistpanel.report.parts import line_of, tumors, variants_by_id

#: Answer to "was it there before treatment" by the state of a variant.
ANSWERS = {
    "acquired": "Not seen before", "emergent": "It may have been", "rising": "Yes, and it rose",
    "stable": "Yes, as much as after", "falling": "Yes, more than after", "lost": "Yes, and lost",
    "undetermined": "Not determined", "not covered": "Not determined", "absent": "Not seen",
}  # fmt: skip


def answer(state: str | None, present: str | None) -> str:
    """Return the answer by the state of an alteration and by what the samples before show."""
    if present == "present" and state == "emergent":
        return "Yes, in another lesion"
    if present == "present" and state in OPEN:
        return "Yes; a change is not determined"
    if present == "not known":
        return "Not known"
    return ANSWERS.get(state, "Not determined")


def earlier(report: dict) -> list[str]:
    """Return the samples before the first dose of the latest line of therapy with samples."""
    for line in reversed(report["compare"]["lines"]):
        if line["samples"] and line["baseline"]:
            return line["baseline"]
    return list(dict.fromkeys(p["pre"] for p in report["compare"]["pairs"]))


def seen_before(variant: dict, samples: list[str]) -> str:
    """Return what the earlier samples show of a variant, in a few words."""
    texts = []
    for name in samples:
        evidence = variant["samples"][name]
        shown = cell(evidence)
        if shown["kind"] == "detected":
            texts.append(f"{shown['short']}, {shown['counts']}")
        elif shown["kind"] == "absent":
            bound = percent_up(evidence["ub"])
            cells = evidence["ub_ccf"]
            if cells is not None and cells < 1:
                bound += f", at most {percent_up(cells)} of the tumour cells"
            texts.append(f"{shown['counts']}, so below {bound}")
        else:
            texts.append(shown["short"] if shown["kind"] == "none" else shown["full"])
    return "; ".join(texts)


def copies_before(finding: dict, report: dict, samples: list[str]) -> str:
    """Return how many copies of a gene the earlier samples have."""
    texts = []
    for name in samples:
        sample = (report["copynumber"] or {"samples": {}})["samples"].get(name) or {"genes": []}
        gene = next((g for g in sample["genes"] if g["gene"] == finding["gene"]), None)
        if gene is None or gene["log2"] is None:
            texts.append("no usable target")
        elif gene["copies"] is not None:
            low, high = plain(gene["copies_low"], 1), plain(gene["copies_high"], 1)
            texts.append(f"{plain(gene['copies'], 1)} copies ({low}–{high})")
        else:
            texts.append(f"log2 ratio {gene['log2']:+.2f}".replace("-", "\u2212"))
    return "; ".join(texts)


def before(report: dict) -> list[dict]:
    """Return for each key finding whether it was there before treatment: answer and figures."""
    known = variants_by_id(report)
    findings = {f["variant"]: f for f in report["resist"]["findings"]}
    samples = earlier(report)
    rows = []
    for key in report["resist"]["verdict"]["key_variants"]:
        finding, variant = findings.get(key), known.get(key)
        if not samples or (finding is None and variant is None):
            continue
        state = variant["state"] if variant else finding["state"]
        line = line_of(variant) if variant else None
        present = line["before"] if line else (finding or {}).get("before")
        text = seen_before(variant, samples) if variant else copies_before(finding, report, samples)
        label = finding["label"] if finding else f"{variant['gene']} p.{variant['protein']}"
        if line and line["why"]:
            text += f"; {line['why']}"
        if variant and variant["status"] == "gone":
            text += "; no longer detected in the latest sample"
        rows.append({"label": label, "answer": answer(state, present), "text": text})
    return rows


def sure(report: dict) -> str | None:
    """Return on what the confidence stands: the best evidence and its levels."""
    keys = set(report["resist"]["verdict"]["key_variants"])
    levels: dict[str, None] = {}
    pmids: dict[str, None] = {}
    for finding in report["resist"]["findings"]:
        if finding["variant"] not in keys:
            continue
        for row in finding["evidence"]:
            levels[row["evidence_level"] or "no level"] = None
            pmids |= dict.fromkeys(p for p in str(row["pmid"] or "").split(";") if p)
    if not levels:
        return None
    sources = f"{len(pmids)} publication{'s' if len(pmids) != 1 else ''}"
    return f"catalogue: {', '.join(levels)}" + (f" ({sources})" if pmids else "")


def numbers(report: dict) -> str | None:
    """Return the three numbers of the first key finding in words, None without one."""
    first = report["resist"]["verdict"]["key_variants"][:1]
    found = [f.get("confidence") for f in report["resist"]["findings"] if f["variant"] in first]
    return found[0]["text"] if found and found[0] else None


def samples(report: dict) -> list[str]:
    """Return what says that the samples can answer: gate, person, purity; or what is missing."""
    lines = []
    everyone = report["qc"]["samples"]
    failed = [s["sample"] for s in everyone if not s["gate"]["passed"]]
    gate = (report["copynumber"] or {}).get("gate") or {"failures": []}
    failed += [f["sample"] for f in gate["failures"]]
    failed = list(dict.fromkeys(failed))
    if failed:
        lines.append(f"{len(failed)} of {len(everyone)} fail the gate ({', '.join(failed)})")
    else:
        lines.append(f"all {len(everyone)} pass the gate")
    copynumber = report["copynumber"]
    if copynumber is None:
        lines.append("identity not checked")
    elif copynumber["identity"]["strangers"]:
        others = ", ".join(copynumber["identity"]["strangers"])
        lines.append(f"does not match this patient: {others}")
    elif any(a["same"] for a in copynumber["identity"]["agreement"]):
        lines.append("all samples match one person")
    else:
        lines.append("sample identity could not be established")
    purities = [(s["sample"], s["purity"]["value"]) for s in tumors(report)]
    if len(purities) <= 3 and any(value is not None for _, value in purities):
        values = ", ".join(percent(v) if v is not None else "not known" for _, v in purities)
        lines.append(f"tumour purity {values}")
    elif any(value is not None for _, value in purities):
        found = [value for _, value in purities if value is not None]
        lines.append(
            f"tumour purity {percent(min(found)).removesuffix(NARROW_SPACE + '%')} to "
            f"{percent(max(found))}"
        )
    else:
        lines.append("tumour purity not known")
    depth = [s["mean_depth"] for s in everyone if s["mean_depth"] is not None]
    if depth:
        lines.append(f"mean depth {min(depth):.0f}× or more")
    return lines
