"""Write measured tables and plots to docs/validation."""

import math
import shlex
import subprocess
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmarks import summary
from benchmarks.genome import ROOT
from benchmarks.rows import Rows

COLOURS = {"resistpanel": "#0b6e4f", "freebayes": "#b5651d"}
KINDS = ("SNV", "MNV", "INS", "DEL", "DUP", "COMPLEX")


def revision() -> str:
    """Return the commit that was measured, with a + if the checkout was changed."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=10"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"


def _save(figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plot_recall(runs: dict[str, Rows], path: Path) -> None:
    """Draw recall against AF for each type, one line per caller."""
    figure, axes = plt.subplots(2, 3, figsize=(10, 5.6), sharex=True, sharey=True)
    for kind, ax in zip(KINDS, axes.flat, strict=True):
        for number, (caller, rows) in enumerate(runs.items()):
            v = rows.variants[rows.variants.kind == kind]
            if not len(v):
                continue
            t = summary.recall_table(v, ["max_af"])
            ax.errorbar(
                t.max_af * (1 + 0.06 * number), t.recall,
                yerr=[t.recall - t.low, t.high - t.recall],
                marker="o", ms=4, lw=1.3, capsize=2, color=COLOURS.get(caller), label=caller,
            )  # fmt: skip
        ax.set_title(kind, fontsize=10)
        ax.set_xscale("log")
        ticks = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
        ax.set_xticks(ticks, [f"{100 * x:g}" for x in ticks])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
        ax.set_ylim(-0.03, 1.03)
    for ax in axes[1]:
        ax.set_xlabel("highest AF among the tumours, %")
    for ax in axes[:, 0]:
        ax.set_ylabel("recall")
    axes[0, 0].legend(fontsize=8)
    _save(figure, path)


def plot_af(rows: Rows, path: Path) -> None:
    """Draw the called AF against the true AF."""
    s = rows.samples[(rows.samples.called == 1) & (rows.samples.true_af > 0)]
    s = s[pd.to_numeric(s.det) == 1]
    figure, ax = plt.subplots(figsize=(5, 4.4))
    jitter = np.random.default_rng(1)
    for number, kind in enumerate(KINDS):
        g = s[s.kind == kind]
        x = g.true_af.astype(float) * np.exp(jitter.normal(0, 0.05, len(g)))
        ax.plot(x, g.af.astype(float), ".", ms=4, alpha=0.5, color=f"C{number}", label=kind)
    ax.plot([0.003, 0.7], [0.003, 0.7], color="black", lw=0.8)
    ax.set(xscale="log", yscale="log", xlabel="true AF", ylabel="called AF")
    ax.legend(fontsize=8)
    ax.grid(alpha=0.3)
    _save(figure, path)


def publish_accuracy(
    runs: dict[tuple[str, str], Rows],
    usages: dict[tuple[str, str], list[dict]],
    seeds: dict[str, list[int]],
    docs: Path,
) -> None:
    """Write accuracy.md, its TSVs and its plots; `seeds` are those of each run."""
    docs.mkdir(parents=True, exist_ok=True)
    asked = " ".join(shlex.quote(f"{n}:{','.join(map(str, s))}") for n, s in seeds.items())
    parts = [
        "# Accuracy on simulated patients\n",
        f"Revision {revision()}. Made by `python -m benchmarks.accuracy --publish --only {asked}`; "
        "what is simulated, how calls are compared and what each table means: "
        "[benchmarks/README.md](../../benchmarks/README.md).\n",
        "## All runs\n",
    ]
    overview, figures = [], []
    for (name, caller), rows in runs.items():
        t = summary.targets_table(rows).set_index("figure")
        main = summary.headline(rows)
        overview.append(
            {
                "run": name,
                "caller": caller,
                "seeds": len(seeds[name]),
                "Mb": main["megabases"],
                "F1 (AF >= 1 %)": main["F1 (AF >= 1 %)"],
                "SNV 5 %": t.value["SNV recall at AF 5 %"],
                "SNV 2 %": t.value["SNV recall at AF 2 %"],
                "SNV 1 %": t.value["SNV recall at AF 1 %"],
                "MNV >= 5 %": t.value["MNV recall at AF 5 % and above"],
                "indel 1-60 >= 5 %": t.value[
                    "indel and duplication (1-60) recall at AF 5 % and above"
                ],
                "false per Mb": main["false calls per Mb, misdescribed included"],
                "germline": main["germline called somatic"],
                "present/absent": t.value["present/absent right, every call and tumour"],
                "CPU s": float(np.mean([u["cpu"] for u in usages[name, caller]])),
            }
        )
        for title, frame in summary.tables(rows).items():
            long = frame.copy().astype(object)
            long.insert(0, "table", title)
            long.insert(0, "caller", caller)
            long.insert(0, "run", name)
            figures.append(long)
    frame = pd.DataFrame(overview)
    frame.to_csv(docs / "accuracy.tsv", sep="\t", index=False, float_format="%.5g")
    pd.concat(figures).to_csv(
        docs / "accuracy_tables.tsv", sep="\t", index=False, float_format="%.5g"
    )
    parts.append(summary.markdown(frame))
    first = next(iter(runs))[0]
    same = {caller: rows for (name, caller), rows in runs.items() if name == first}
    plot_recall(same, docs / "recall.png")
    parts += [f"## Recall by type and AF, run {first}\n", "![Recall by AF](recall.png)\n"]
    if "resistpanel" in same:
        plot_af(same["resistpanel"], docs / "af.png")
        parts += ["## Called against true AF\n", "![Called against true AF](af.png)\n"]
    for (name, caller), rows in runs.items():
        parts.append(f"## {name}: {caller}\n")
        shown = summary.tables(rows)
        titles = list(shown) if name == first else ["Main figures", "Targets"]
        for title in titles:
            parts += [f"### {title}\n", summary.markdown(shown[title])]
    (docs / "accuracy.md").write_text("\n".join(parts))


def publish_calibration(
    rows: pd.DataFrame, tables: dict[str, pd.DataFrame], settings: dict, docs: Path
) -> None:
    """Write calibration.md, calibration.tsv and the calibration plot."""
    docs.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.9))
    curve = tables["Called by multiple of the LOD"]
    axes[0].errorbar(
        curve.multiple, curve.value, yerr=[curve.value - curve.low, curve.high - curve.value],
        marker="o", capsize=3, color=COLOURS["resistpanel"],
    )  # fmt: skip
    axes[0].axhspan(0.93, 0.97, color="grey", alpha=0.25)
    axes[0].set(xlabel="true AF / stated LOD", ylabel="called", title="LOD", ylim=(-0.03, 1.03))
    bound = tables["UB at or above the true AF"]
    for name, style in (("all", "o-"), ("not detected", "s--")):
        b = bound[(bound.detected == name) & (bound.multiple != "all") & (bound.n >= 10)]
        axes[1].errorbar(
            b.multiple.astype(float), b.value, yerr=[b.value - b.low, b.high - b.value],
            fmt=style, capsize=3, label=name,
        )  # fmt: skip
    axes[1].axhline(0.95, color="grey", lw=1)
    axes[1].set(xlabel="true AF / stated LOD", ylabel="UB covers the true AF", title="UB")
    axes[1].legend(fontsize=8)
    axes[2].hist(100 * rows.drop_duplicates(["seed", "site", "sample"]).lod, bins=50, color="#789")
    axes[2].set(xlabel="stated LOD, % AF", ylabel="site-samples", title="Stated limits")
    for ax in axes:
        ax.grid(alpha=0.3)
    _save(figure, docs / "calibration.png")
    parts = [
        "# Calibration of LOD and UB\n",
        f"Revision {revision()}; simulated patients of seeds "
        f"{', '.join(map(str, settings['seeds']))}, "
        f"{settings['depth']:g}x, {settings['read_length']}-base reads; {len(rows)} site-samples. "
        "Made by `python -m benchmarks.calibration --publish`.\n",
        "![Calibration](calibration.png)\n",
    ]
    long = []
    for title, frame in tables.items():
        parts += [f"## {title}\n", summary.markdown(frame)]
        frame = frame.copy().astype(object)
        frame.insert(0, "table", title)
        long.append(frame)
    pd.concat(long).to_csv(docs / "calibration.tsv", sep="\t", index=False, float_format="%.5g")
    (docs / "calibration.md").write_text("\n".join(parts))


def publish_speed(result: dict, docs: Path) -> None:
    """Write speed.md, speed.tsv and the growth plot."""
    docs.mkdir(parents=True, exist_ok=True)
    columns = {"program": "program", "cpu": "CPU s", "wall": "wall s", "memory": "peak MB",
               "ratio": "x samtools"}  # fmt: skip
    rows = pd.DataFrame(result["rows"])[list(columns)].rename(columns=columns)
    parts = [
        "# Speed and memory\n",
        f"Revision {revision()}; {len(result['files'])} BAMs of {result['bytes'] / 1e6:.0f} MB "
        f"in all, {result['targets_kb']:.0f} kb of targets. CPU is user and system time of the "
        "whole process, interpreter start included; the best of the runs. Made by "
        "`python benchmarks/speed.py --growth --publish`.\n",
        summary.markdown(rows),
    ]
    every = [rows.assign(axis="", value=math.nan)]
    if result["growth"]:
        growth = pd.DataFrame(result["growth"])
        axes_names = list(dict.fromkeys(growth.axis))
        figure, axes = plt.subplots(2, len(axes_names), figsize=(4 * len(axes_names), 6.4),
                                    squeeze=False)  # fmt: skip
        for column, name in enumerate(axes_names):
            part = growth[growth.axis == name]
            for program, g in part.groupby("program", sort=False):
                axes[0, column].plot(g.value, g.cpu, "o-", label=program)
                axes[1, column].plot(g.value, g.memory, "o-", label=program)
            axes[0, column].set(xlabel=name, ylabel="CPU s", ylim=(0, None))
            axes[1, column].set(xlabel=name, ylabel="peak MB", ylim=(0, None))
            shown = part[["value", *columns]].rename(columns={"value": name, **columns})
            parts += [f"## Growth with {name}\n", summary.markdown(shown)]
            every.append(part[["axis", "value", *columns]].rename(columns=columns))
        axes[0, 0].legend(fontsize=8)
        for ax in axes.flat:
            ax.grid(alpha=0.3)
        _save(figure, docs / "growth.png")
        parts.append("![Growth](growth.png)\n")
    pd.concat(every).to_csv(docs / "speed.tsv", sep="\t", index=False, float_format="%.5g")
    (docs / "speed.md").write_text("\n".join(parts))
