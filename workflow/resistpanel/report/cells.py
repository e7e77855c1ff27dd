"""One variant in one sample, as the page writes and draws it."""

import math

from resistpanel.report.numbers import (
    NARROW_SPACE,
    bare_percent,
    count,
    genomic_of,
    interval,
    percent,
    percent_up,
)


def scale(fraction: float) -> float:
    """Return where an allele frequency lies on the page's axis, 0 to 100.

    The axis is that of the square root: it keeps limits of a few per mille apart from zero and
    the cancer cell fractions apart from each other.
    """
    return round(100 * math.sqrt(min(max(fraction, 0.0), 1.0)), 2)


#: Ticks of the allele-frequency axis: label and place (0 to 100); the last one names the unit.
TICKS = [(f"{t}", scale(t / 100)) for t in (0, 1, 5, 10, 25, 50, 75)]
TICKS.append((f"100{NARROW_SPACE}%", scale(1.0)))


def sample_label(sample: dict) -> dict:
    """Return the name of a sample and what stands below it (time point, day, lesion)."""
    parts = [{"pre": "before", "post": "after"}.get(sample["timepoint"], sample["timepoint"])]
    if sample["role"] == "normal":
        parts = ["normal"]
    if sample["day"] is not None:
        parts.append(f"day {sample['day']:g}")
    parts.append(sample["lesion"])
    return {
        "name": sample["sample"],
        "role": sample["role"],
        "note": " · ".join(part for part in parts if part),
    }


def cell(evidence: dict) -> dict:
    """Return how one variant in one sample is shown.

    Returns
    -------
    dict
        ``kind`` (detected, absent, unsure, none), ``main`` (the figure), ``detail`` (interval or
        limit), ``full`` (a sentence with counts), and ``x``: places on the axis (0 to 100).
    """
    depth, alt = evidence["dp"], evidence["ad"][1]
    unit = evidence.get("unit") or "fragments"
    counted = f"{count(alt)} of {count(depth)} {unit}"
    limit = percent_up(evidence["ub"])
    lod = percent_up(evidence["lod"])
    span = interval(evidence["af_low"], evidence["af_high"])
    x = {
        key: None if evidence[key] is None else scale(evidence[key])
        for key in ("af", "af_low", "af_high", "ub", "lod")
    }
    if depth == 0 or evidence["af"] is None:
        return {
            "kind": "none", "main": "not covered", "detail": "", "short": "not covered",
            "full": "no usable reads", "counts": f"0 {unit}", "x": x, "sort": -2.0,
        }  # fmt: skip
    if evidence["detected"] is None:
        detail = f"{bare_percent(evidence['af'])} ({span}){NARROW_SPACE}%"
        return {
            "kind": "unsure", "main": "not assessable", "detail": detail, "short": detail,
            "full": f"not assessable: {detail}, {counted}", "counts": counted, "x": x,
            "sort": -1.0,
        }  # fmt: skip
    if evidence["detected"]:
        return {
            "kind": "detected", "main": percent(evidence["af"]), "detail": span,
            "short": f"{percent(evidence['af'])} ({span})",
            "full": f"{percent(evidence['af'])} (95{NARROW_SPACE}% interval {span}), {counted}"
            + (", detected as a known allele" if evidence.get("as_known") else ""),
            "counts": counted, "x": x, "sort": evidence["af"],
        }  # fmt: skip
    full = f"not detected, below {limit} (95{NARROW_SPACE}% bound)"
    if evidence["lod"] is not None:
        full += f", LOD {lod}"
    return {
        "kind": "absent", "main": f"<{NARROW_SPACE}{limit}", "detail": f"LOD {lod}",
        "short": f"not detected, <{NARROW_SPACE}{limit}", "full": f"{full}, {counted}",
        "counts": counted, "x": x, "sort": 0.0,
    }  # fmt: skip


def clonal(evidence: dict) -> str | None:
    """Return the cancer cell fraction with its interval, or None when it is not known."""
    if evidence.get("ccf") is None:
        return None
    span = interval(evidence["ccf_low"], evidence["ccf_high"])
    return f"{percent(evidence['ccf'])} ({span})"


def variant_name(variant: dict) -> str:
    """Return what a variant is called on the page: its protein change, else c., else alleles.

    Of a junction, the name of the event.
    """
    if (variant.get("junction") or {}).get("name"):
        return variant["junction"]["name"].removeprefix(variant["gene"] or "").strip()
    if variant["protein"]:
        return "p." + variant["protein"].replace(",", " + p.")
    if variant.get("usual_name"):
        return variant["usual_name"]
    if variant["hgvs_c"]:
        return variant["hgvs_c"]
    if variant.get("junction"):
        return genomic_of(variant)
    return f"{variant['chrom']}:{variant['pos']} {variant['ref']}>{variant['alt']}"
