"""calls.tsv: one row per variant and sample (tidy), for spreadsheets and data frames."""

import re
from collections.abc import Iterator

from resistpanel.report.clones import clone_of
from resistpanel.report.parts import effects, line_of, state_at, trajectory
from resistpanel.report.review import decisions_of

VARIANT = (
    "id", "chrom", "pos", "ref", "alt", "type", "gene", "transcript", "consequence", "hgvs_c",
    "hgvs_p", "protein", "model", "somatic_phred",
)  # fmt: skip
COLUMNS = (
    "patient", "sample", "role", "timepoint", "day", "lesion",
    "variant", *VARIANT[1:], "filter", "reported",
    "depth", "ref_count", "alt_count", "alt_forward", "alt_reverse",
    "af", "af_low", "af_high", "lod", "ub", "detected", "ccf", "ccf_low", "ccf_high",
    "ub_ccf", "compared_with", "state", "probability_increase", "fold_change",
    "overall_state", "present_before", "status", "trajectory", "distribution",
    "clone", "clone_ccf", "clone_ccf_low", "clone_ccf_high",
    "key_variant", "rank", "effect", "mechanism_class", "match_level",
    "origin", "probability_somatic",
    "known_detected", "known_critical", "known_limit", "white_cells", "review",
    "vrs_allele_id",
)  # fmt: skip

#: What would break a line or a column, and what UTF-8 cannot hold, written out.
BREAKS = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 0x85: "\\n",
          0x2028: "\\n", 0x2029: "\\n"}  # fmt: skip
BREAKS |= {code: f"\\u{code:04x}" for code in (0x1C, 0x1D, 0x1E, *range(0xD800, 0xE000))}


#: What a spreadsheet would run; a strand, a deletion's dash and a number are none.
FORMULA = re.compile(r"[=@]|[+-](?![\d.]+(?:e[+-]?\d+)?$).")


def field(value: object) -> str:
    """Return a value as a TSV field: empty for null, `true`/`false`, no tab or line break."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value).translate(BREAKS)
    return f"'{text}" if FORMULA.match(text) else text


def rows(report: dict) -> Iterator[dict]:
    """Yield one row per variant and sample; forced sites that are absent are left out."""
    compare, resist = report["compare"], report["resist"]
    findings = {f["variant"]: f for f in resist["findings"]}
    effect = effects(report)
    keys = set(resist["verdict"]["key_variants"])
    lesions = compare["lesions"]["variants"]
    clones = {one["name"]: one for one in (compare.get("clones") or {"clones": []})["clones"]}
    clone_of_variant = clone_of(report)
    followed = {
        (one["id"], plasma["sample"]): one
        for plasma in compare.get("follow_up") or ()
        for one in plasma["known"]
    }
    decided = decisions_of(report)
    for v in compare["variants"]:
        if not v["reported"] and v["filters"] == ["absent"]:
            continue
        finding = findings.get(v["id"], {})
        clone = clones.get(clone_of_variant.get(v["id"]), {"name": None, "samples": {}})
        for sample in compare["samples"]:
            e = v["samples"][sample["sample"]]
            # The pair in which this sample is the later one; a sample may stand in none.
            pair = state_at(v, sample["sample"])
            yield {
                "patient": report["patient"],
                **{k: sample[k] for k in ("sample", "role", "timepoint", "day", "lesion")},
                "variant": v["id"],
                **{k: v[k] for k in VARIANT[1:]},
                "filter": ";".join(v["filters"]),
                "reported": v["reported"],
                "depth": e["dp"], "ref_count": e["ad"][0], "alt_count": e["ad"][1],
                "alt_forward": e["adf"][1] if len(e["adf"]) > 1 else None,
                "alt_reverse": e["adr"][1] if len(e["adr"]) > 1 else None,
                **{k: e[k] for k in ("af", "af_low", "af_high", "lod", "ub", "detected",
                                     "ccf", "ccf_low", "ccf_high", "ub_ccf")},
                "compared_with": pair.get("pre"), "state": pair.get("state"),
                "probability_increase": pair.get("probability_increase"),
                "fold_change": pair.get("fold_change"),
                "overall_state": v["state"],
                "present_before": (line_of(v) or {}).get("before"),
                "status": v["status"],
                "trajectory": "; ".join(trajectory(v)) or None,
                "distribution": (lesions.get(v["id"]) or {}).get("kind"),
                "clone": clone["name"],
                **{f"clone_ccf{end}": clone["samples"].get(sample["sample"], {}).get(key)
                   for end, key in (("", "ccf"), ("_low", "low"), ("_high", "high"))},
                "key_variant": v["id"] in keys,
                "effect": effect.get(v["id"]),
                **{k: finding.get(k) for k in ("rank", "mechanism_class", "match_level")},
                "origin": v.get("origin", {}).get("value"),
                "probability_somatic": v.get("origin", {}).get("somatic"),
                **{f"known_{key}": followed.get((v["id"], sample["sample"]), {}).get(key)
                   for key in ("detected", "critical", "limit")},
                "white_cells": v.get("white_cells"),
                "review": decided.get(v["id"]),
                "vrs_allele_id": v.get("vrs", {}).get("id"),
            }  # fmt: skip


def tsv(report: dict) -> str:
    """Return calls.tsv of a report, header first."""
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(field(row[name]) for name in COLUMNS) for row in rows(report)]
    return "\n".join(lines) + "\n"
