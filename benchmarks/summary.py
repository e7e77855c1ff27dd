"""Tables from the rows of one or several runs: recall, false calls, presence, AF, limits."""

import math

import numpy as np
import pandas as pd

from benchmarks.rows import Rows
from resistpanel.core.stats import wilson_interval

SIZE_BINS = ((1, 3), (4, 10), (11, 30), (31, 60), (61, 120))


def pool(runs: list[Rows]) -> Rows:
    """Put the rows of several datasets together; target sizes add up."""

    def stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
        filled = [f for f in frames if len(f)]
        return pd.concat(filled, ignore_index=True) if filled else frames[0]

    return Rows(
        stack([r.variants for r in runs]),
        stack([r.samples for r in runs]),
        stack([r.false for r in runs]),
        sum(r.megabases for r in runs),
    )


def size_bin(size: int) -> str:
    """Return the size class, e.g. 11-30."""
    for low, high in SIZE_BINS:
        if low <= size <= high:
            return f"{low}-{high}"
    return f">{SIZE_BINS[-1][1]}"


def recall_table(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return n, called, recall with its interval, and the ceiling, per group.

    `ceiling` is the share of the variants of which at least three fragments were drawn in a
    tumour: no caller can be expected to find the others.
    """
    out = []
    for key, group in frame.groupby(by, sort=True):
        n, called = len(group), int(group.called.sum())
        low, high = wilson_interval(called, n)
        out.append(
            {
                **dict(zip(by, key, strict=True)),
                "n": n,
                "called": called,
                "recall": called / n,
                "low": low,
                "high": high,
                "ceiling": float((group.max_alt >= 3).mean()),
            }
        )
    return pd.DataFrame(out)


def headline(rows: Rows) -> dict:
    """Return the run's main figures."""
    v, false = rows.variants, rows.false
    findable = v[v.max_af >= 0.01]
    wrong = len(false)
    called = int(findable.called.sum())
    recall = called / max(1, len(findable))
    precision = called / max(1, called + wrong)
    return {
        "megabases": rows.megabases,
        "truth (AF >= 1 %)": len(findable),
        "recall (AF >= 1 %)": recall,
        "precision (AF >= 1 %)": precision,
        "F1 (AF >= 1 %)": 2 * precision * recall / max(1e-9, precision + recall),
        "recall (all, from AF 0.5 %)": float(v.called.mean()),
        "false calls": int((false.what == "false").sum()),
        "misdescribed calls": int((false.what == "misdescribed").sum()),
        "germline called somatic": int((false.what == "germline").sum()),
        "false calls per Mb, misdescribed included": float(
            (false.what != "germline").sum() / rows.megabases
        ),
    }


def targets_table(rows: Rows) -> pd.DataFrame:
    """Return the project's targets with what was measured for each."""
    v = rows.variants
    indels = v.kind.isin(["INS", "DEL", "DUP"])
    snv = v.kind == "SNV"
    lines = [
        ("SNV recall at AF 5 %", snv & (v.max_af == 0.05), 0.99),
        ("SNV recall at AF 2 %", snv & (v.max_af == 0.02), 0.97),
        ("SNV recall at AF 1 %", snv & (v.max_af == 0.01), 0.90),
        ("SNV recall at AF 10 % and above", snv & (v.max_af >= 0.1), 0.99),
        ("MNV recall at AF 5 %", (v.kind == "MNV") & (v.max_af == 0.05), 0.97),
        ("MNV recall at AF 5 % and above", (v.kind == "MNV") & (v.max_af >= 0.05), 0.97),
        ("indel and duplication (1-60) recall at AF 5 %",
         indels & (v["size"] <= 60) & (v.max_af == 0.05), 0.95),
        ("indel and duplication (1-60) recall at AF 5 % and above",
         indels & (v["size"] <= 60) & (v.max_af >= 0.05), 0.95),
        ("indel and duplication (61-120) recall at AF 5 % and above",
         indels & (v["size"] > 60) & (v.max_af >= 0.05), None),
        ("COMPLEX recall at AF 5 % and above",
         (v.kind == "COMPLEX") & (v.max_af >= 0.05), None),
    ]  # fmt: skip
    out = []
    for name, chosen, wanted in lines:
        n, hits = int(chosen.sum()), int(v.called[chosen].sum())
        low, high = wilson_interval(hits, n)
        out.append([name, n, hits / n if n else math.nan, low, high, wanted])
    main = headline(rows)
    value = main["false calls per Mb, misdescribed included"]
    out.append(["false calls per Mb", len(rows.false), value, math.nan, math.nan, "< 2"])
    value = main["germline called somatic"]
    out.append(["germline called somatic", len(rows.false), value, math.nan, math.nan, 0])
    for name, frame in presence_frames(rows).items():
        n, hits = len(frame), int(frame.right.sum())
        out.append([name, n, hits / n if n else math.nan, *wilson_interval(hits, n), 0.99])
    return pd.DataFrame(out, columns=["figure", "n", "value", "low", "high", "wanted"])


def presence_frames(rows: Rows) -> dict[str, pd.DataFrame]:
    """Return, for the called variants, whether each tumour's present/absent is right.

    Twice: all; and without those whose true AF lies above zero but below the stated LOD, where
    "not detected" is not an error.
    """
    s = rows.samples[(rows.samples.called == 1) & rows.samples.det.notna()].copy()
    s["right"] = (s.det.astype(float) == 1) == (s.true_af > 0)
    lod = pd.to_numeric(s.lod)
    decidable = (s.true_af == 0) | lod.isna() | (s.true_af >= lod)
    return {
        "present/absent right, every call and tumour": s,
        "present/absent right, where absent or at the LOD and above": s[decidable],
    }


def presence_table(rows: Rows) -> pd.DataFrame:
    """Return detected / not detected / not assessable by true AF, for called variants."""
    s = rows.samples[rows.samples.called == 1]
    det = pd.to_numeric(s.det)
    out = []
    for af, group in s.groupby("true_af"):
        d = det[group.index]
        out.append([af, len(group), int((d == 1).sum()), int((d == 0).sum()), int(d.isna().sum())])
    return pd.DataFrame(out, columns=["true AF", "n", "detected", "not detected", "not assessable"])


def af_table(rows: Rows) -> pd.DataFrame:
    """Return the bias of the called AF by type and size, and the coverage of its interval.

    `ratio` is the mean called AF over the mean true AF; `ratio to drawn` takes the fraction of
    the drawn fragments instead, which leaves the sampling out.
    """
    s = rows.samples[(rows.samples.called == 1) & (rows.samples.true_af > 0)].copy()
    for column in ("det", "af", "af_low", "af_high"):
        s[column] = pd.to_numeric(s[column])
    s = s[s.det == 1]
    s["size"] = s["size"].map(size_bin)
    s["drawn"] = s.drawn_alt / s.drawn_fragments.clip(lower=1)
    s["inside"] = (s.af_low <= s.true_af + 1e-9) & (s.true_af <= s.af_high + 1e-9)
    out = []
    for key, g in s.groupby(["kind", "size"]):
        known = g.af_low.notna()
        out.append(
            [*key, len(g), g.af.sum() / g.true_af.sum(), g.af.sum() / g.drawn.sum(),
             g.inside[known].mean() if known.any() else math.nan]
        )  # fmt: skip
    columns = ["kind", "size", "n", "ratio", "ratio to drawn", "interval covers"]
    return pd.DataFrame(out, columns=columns)


def limits_table(rows: Rows) -> pd.DataFrame:
    """Return how often UB lies at or above the true AF, by true AF and detection."""
    s = rows.samples.copy()
    for column in ("det", "ub", "lod"):
        s[column] = pd.to_numeric(s[column])
    s = s[s.ub.notna()]
    out = []
    for (af, det), g in s.groupby(["true_af", s.det.map({0.0: "no", 1.0: "yes"})]):
        covered = float((g.ub >= af - 1e-9).mean())
        out.append([af, det, len(g), covered, float(g.ub.median()), float(g.lod.median())])
    columns = ["true AF", "detected", "n", "UB covers", "median UB", "median LOD"]
    return pd.DataFrame(out, columns=columns)


def missed(rows: Rows, least_af: float = 0.01) -> pd.DataFrame:
    """Return the truth variants that were not called, the most frequent first."""
    v = rows.variants
    v = v[(v.called == 0) & (v.max_af >= least_af)]
    return v.sort_values(["max_af", "kind", "size"], ascending=[False, True, True])


def tables(rows: Rows) -> dict[str, pd.DataFrame]:
    """Return every table of a run, by title."""
    v = rows.variants.copy()
    v["size"] = v["size"].map(size_bin)
    main = headline(rows)
    return {
        "Main figures": pd.DataFrame(
            {"figure": list(main), "value": [float(x) for x in main.values()]}
        ),
        "Targets": targets_table(rows),
        "Recall by type and highest AF": recall_table(v, ["kind", "max_af"]),
        "Recall by type and size, AF 5 % and above": recall_table(
            v[v.max_af >= 0.05], ["kind", "size"]
        ),
        "Recall by context, AF 2 % and above": recall_table(
            v[v.max_af >= 0.02].assign(
                type=np.where(v[v.max_af >= 0.02].kind == "SNV", "SNV", "other")
            ),
            ["context", "type"],
        ),
        "Detected per sample, by true AF (called variants)": presence_table(rows),
        "Called AF against true AF": af_table(rows),
        "Upper bounds against true AF": limits_table(rows),
    }


def _cell(value) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table."""
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |"]
    lines.append("|" + "---|" * len(frame.columns))
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in frame.values.tolist()]
    return "\n".join(lines) + "\n"
