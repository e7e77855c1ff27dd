"""Figures of scores, and the tables of docs/validation/assays.md."""

import math

import numpy as np
import pandas as pd

from benchmarks.bed import statistics

AF_BINS = [0.0, 0.005, 0.01, 0.02, 0.05, 0.2, 1.01]
AF_NAMES = ["below 0.5", "0.5 to 1", "1 to 2", "2 to 5", "5 to 20", "20 and above"]
ENOUGH = 4  # molecules of one sample that carry a variant
GROUPS = {"SNV": ("SNV",), "MNV, complex": ("MNV", "COMPLEX"), "indel": ("INS", "DEL", "DUP")}


def share(k: int, n: int) -> str:
    """Return a share with its 95 % interval, as text."""
    if not n:
        return ""
    low, high = statistics.wilson(k, n)
    return f"{k}/{n} = {k / n:.1%} ({low:.1%} to {high:.1%})"


def f1(found: int, true: int, false: int) -> str:
    """Return F1 as text; every call that is no true variant counts, whatever its frequency."""
    if not true:
        return ""
    return f"{2 * found / (found + true + false):.3f} ({found} of {true}, {false} false)"


def recall(variants: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return (group, AF, share found) by realised highest AF in percent."""
    rows = []
    seen = variants[variants.max_af > 0]
    which = np.digitize(seen.max_af, AF_BINS) - 1
    for group, kinds in GROUPS.items():
        for b, name in enumerate(AF_NAMES):
            part = seen[seen.kind.isin(kinds) & (which == b)]
            if len(part):
                rows.append((group, name, share(int(part.found.sum()), len(part))))
    return rows


def _rare(samples: pd.DataFrame) -> str:
    """Return how many variants below AF 1 % are found that enough molecules carry."""
    key = ["seed", "panel", "contig", "start", "ref", "alt"]
    most = samples.groupby(key)[["max_af", "molecules", "found"]].max()
    most = most[(most.max_af < 0.01) & (most.molecules >= ENOUGH)]
    return share(int(most.found.astype(bool).sum()), len(most))


def main_figures(variants, samples, false, bases: int) -> dict[str, str]:
    """Return the main figures of an assay, name to text. Shares are over variants or samples."""
    out = {}
    mb = bases / 1e6
    for group, kinds in GROUPS.items():
        for low, high, name in ((0.01, 0.02, "1 to 2 %"), (0.02, 0.05, "2 to 5 %"),
                                (0.05, 2, "5 % and above")):  # fmt: skip
            part = variants[variants.kind.isin(kinds) & variants.max_af.between(low, high, "left")]
            out[f"{group} found, AF {name}"] = share(int(part.found.sum()), len(part))
    out[f"all kinds below AF 1 %, {ENOUGH} molecules or more, found"] = _rare(samples)
    common = variants[variants.max_af >= 0.01]
    out["F1 at AF 1 % and above"] = f1(int(common.found.sum()), len(common), len(false))
    causes = false.cause.value_counts().to_dict()
    out["false calls by cause"] = ", ".join(f"{k} {v}" for k, v in sorted(causes.items())) or "none"
    wrong = int(sum(n for cause, n in causes.items() if cause != "germline"))
    germline = causes.get("germline", 0)
    out["false per Mb (95 % upper bound)"] = (
        f"{wrong / mb:.1f} ({statistics.poisson_upper(wrong) / mb:.1f}), of {mb:.3f} Mb"
    )
    out["germline called somatic"] = str(germline)
    assessed = samples[samples.det.notna()] if "det" in samples else samples.iloc[:0]
    if not len(assessed):
        return out
    det = assessed.det.astype(bool)
    absent, present = assessed.molecules == 0, assessed.af >= assessed.lod
    out["not detected where absent"] = share(int((absent & ~det).sum()), int(absent.sum()))
    out["detected at the LOD and above"] = share(int((present & det).sum()), int(present.sum()))
    limit = pd.to_numeric(assessed.lod)
    out["records with a LOD"] = share(int(limit.notna().sum()), len(assessed))
    # A copy that the reference lacks adds reads without the allele: no caller can know it.
    alone = ~assessed.copied
    assessed, shown = assessed[alone], assessed[det & alone]
    for name, column in (("the molecules' AF", "af"), ("the tissue's AF", "expected")):
        inside = (shown.low <= shown[column]) & (shown[column] <= shown.high)
        out[f"95 % interval holds {name}"] = share(int(inside.sum()), len(shown))
        held = assessed.ub >= assessed[column]
        out[f"UB at or above {name}"] = share(int(held.sum()), len(assessed))
    ratio = (shown.called_af / shown.af)[shown.molecules >= 10]
    if len(ratio):
        low, mid, high = np.nanpercentile(ratio, [5, 50, 95])
        out["called / true AF (5 %, median, 95 %)"] = f"{low:.2f}, {mid:.2f}, {high:.2f}"
    return out


def missed(variants: pd.DataFrame, least: float = 0.01) -> str:
    """Return why variants at ``least`` AF and above were not called."""
    lost = variants[~variants.found.astype(bool) & (variants.max_af >= least)]
    parts = lost.stopped.replace("", "no record").value_counts()
    return ", ".join(f"{k} {v}" for k, v in parts.items()) or "none"


def table(rows, header) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(x) for x in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def number(x: float) -> str:
    return "" if x is None or (isinstance(x, float) and math.isnan(x)) else f"{x:.4g}"
