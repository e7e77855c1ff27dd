"""The page's sections on quality and on where the report comes from."""

import msgspec

from resistpanel.qc.assay import text as assay_text
from resistpanel.records.qc import Assay
from resistpanel.report.cells import sample_label
from resistpanel.report.numbers import NARROW_SPACE, NOTHING, count, percent, plain
from resistpanel.report.report_constants import LEAST_SUBSTITUTIONS, WORST

BINS = 30
#: Figures that compare the orientations of the fragments.
ORIENTED = {
    ("error_spectrum", "oxog_q"): "Oxidation (oxoG, G>T), Q",
    ("error_spectrum", "deamination_q"): "Deamination (formalin, C>T), Q",
}


def metrics(report: dict) -> list[dict]:
    """Return the quality metrics: one row each, one value per sample."""
    samples = report["qc"]["samples"]
    depths = sorted({d for s in samples for d in s["fraction_at"]}, key=lambda d: float(d))
    unit = ", ".join(dict.fromkeys(s["unit"] for s in samples))
    rows = [
        ("mean_depth", f"Mean depth on target ({unit})", count),
        ("median_depth", f"Median depth on target ({unit})", count),
        *(((depth,), f"Target bases at {depth}× or more", percent) for depth in depths),
        ("on_target_fraction", "Reads on target", percent),
        ("duplicate_fraction", "Duplicates", percent),
        ("mapped_fraction", "Mapped", percent),
        ("reads_total", "Reads", count),
        ("reads_on_target", "Reads on target (count)", count),
        ("insert_size_median", f"Insert size, median{NARROW_SPACE}(bp)", count),
        ("read_length", "Read length (bp)", count),
        ("error_rate", "Mismatch rate", percent),
    ]
    if any(s.get("molecules") for s in samples):
        rows += [
            (("molecules", "molecules"), "Molecules by UMI", count),
            (("molecules", "mean_family_size"), "Fragments of a molecule, mean", one_decimal),
            (("molecules", "single"), "Molecules of one fragment", percent),
            (("molecules", "duplex_fraction"), "Molecules of both strands (duplex)", percent),
        ]
    if any(s.get("conversion") is not None for s in samples):
        rows.append((("conversion",), "Conversion of the DNA into molecules", percent))
    if any(s.get("error_spectrum") for s in samples):
        rows += [
            (("error_spectrum", "substitution_rate"), "Wrong bases of quality 20 or more", percent),
            *((key, label, plain) for key, label in ORIENTED.items()),
        ]
    table = []
    if any(s.get("assay") for s in samples):
        kinds = [s.get("assay") and msgspec.convert(s["assay"], Assay) for s in samples]
        cells = [
            {"text": assay_text(kind, lengths=False) if kind else NOTHING, "failed": []}
            for kind in kinds
        ]
        table.append({"label": "Assay", "cells": cells})
    for key, label, show in rows:
        cells = []
        for s in samples:
            if isinstance(key, str):
                value, name = s[key], key
            elif key == ("conversion",):
                value, name = s.get("conversion"), "conversion"
            elif key == ("molecules", "single"):
                value, name = single(s.get("molecules")), "single"
            elif len(key) == 1:
                value, name = s["fraction_at"].get(key[0]), f"fraction_at.{key[0]}"
            else:  # of the error spectrum, which older files lack
                value, name = (s.get(key[0]) or {}).get(key[1]), key[1]
            failed = [f for f in s["gate"]["failures"] if f["metric"] in (name, f"{name}x")]
            text = NOTHING if value is None else show(value)
            if key in ORIENTED and (s.get("error_spectrum") or {}).get("not_applicable"):
                text = "not applicable (amplicons)"
            cells.append({"text": text, "failed": failed})
        table.append({"label": label, "cells": cells})
    return table


def one_decimal(value: float) -> str:
    """Return a number with one decimal."""
    return plain(value, 1)


def single(molecules: dict | None) -> float | None:
    """Return the fraction of the molecules that are of one fragment."""
    if not molecules or not molecules["molecules"]:
        return None
    return dict(map(tuple, molecules["family_sizes"])).get(1, 0) / molecules["molecules"]


def histogram(values: list[float], top: float) -> list[dict]:
    """Return the bars of a histogram over 0 to `top`, heights 0 to 100 of the highest."""
    counts = [0] * BINS
    for value in values:
        counts[min(int(value / top * BINS), BINS - 1)] += 1
    most = max(counts) or 1
    return [
        {"x": round(100 * i / BINS, 2), "h": round(100 * n / most, 1), "n": n}
        for i, n in enumerate(counts)
        if n
    ]


def quality(report: dict) -> dict:
    """Return the quality section: gate, metrics, depth by target, least covered targets."""
    labels = {s["sample"]: sample_label(s) for s in report["compare"]["samples"]}
    everything = [t["mean_depth"] or 0 for s in report["qc"]["samples"] for t in s["targets"]]
    top = max(everything, default=0) * 1.02 or 1
    samples = []
    for s in report["qc"]["samples"]:
        targets = s["targets"]
        worst = sorted(targets, key=lambda t: (t["min_depth"] or 0, t["mean_depth"] or 0))[:WORST]
        samples.append(labels[s["sample"]] | {
            "passed": s["gate"]["passed"], "failures": s["gate"]["failures"],
            "bars": histogram([t["mean_depth"] or 0 for t in targets], top),
            "targets": len(targets), "mean": plain(s["mean_depth"], 0),
            "mean_x": round(100 * (s["mean_depth"] or 0) / top, 2),
            "worst": [
                {"name": t["name"].replace("|", " "), "min": count(t["min_depth"]),
                 "mean": count(t["mean_depth"]),
                 "place": f"{t['chrom']}:{t['start'] + 1}-{t['end']}"}
                for t in worst
            ],
        })  # fmt: skip
    return {
        "passed": report["qc"]["passed"],
        # By the gate of copynumber, whose failures are not among the figures here.
        "warned": not ((report["copynumber"] or {}).get("gate") or {"passed": True})["passed"],
        "samples": samples,
        "metrics": metrics(report),
        "top": count(top),
    }


def spectrum_view(report: dict) -> dict:
    """Return the bars of the mutation spectrum."""
    s = report["spectrum"]
    most = max(s["classes"].values(), default=0) or 1
    bars = [
        {"name": name, "pair": pair_name(name), "n": n, "w": round(100 * n / most, 1)}
        for name, n in s["classes"].items()
    ]
    return s | {"bars": bars, "many": many(s["contexts"])}


def many(contexts: dict | None) -> list[dict] | None:
    """Return the bars of the 96 contexts, or None where there are too few substitutions."""
    if contexts is None or contexts["known"] < LEAST_SUBSTITUTIONS:
        return None
    top = max(contexts["counts"].values())
    names = [
        f"{a}[{change}]{b}"
        for change in ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
        for a in "ACGT"
        for b in "ACGT"
    ]
    return [
        {
            "name": name, "n": (n := contexts["counts"].get(name, 0)), "change": name[2:5],
            "x": round(100 * i / 96, 2), "h": round(100 * n / top, 1),
        }
        for i, name in enumerate(names)
    ]  # fmt: skip


def pair_name(name: str) -> str:
    """Return ``C:G>T:A`` for ``C>T``."""
    other = dict(zip("ACGT", "TGCA", strict=True))
    return f"{name[0]}:{other[name[0]]}>{name[2]}:{other[name[2]]}"


def parameters(report: dict) -> list[tuple[str, str]]:
    """Return the parameters as name and text."""
    found = report["provenance"]["parameters"]
    return [(str(name), str(found[name])) for name in sorted(found)]
