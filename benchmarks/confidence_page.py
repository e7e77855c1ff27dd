"""The page and the figure of `benchmarks.confidence`."""

from argparse import Namespace
from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from benchmarks import summary
from benchmarks.confidence import measured, reliability, scores
from resistpanel.core.stats import clopper_pearson_upper, wilson_interval
from resistpanel.core.vocabulary import GAINED, OPEN

COLOURS = ("#0b6e4f", "#b5651d", "#3b5b92", "#7a3b69")

HEAD = """# Calibration of the confidence

`python -m benchmarks.confidence --seed {seed} --patients {patients} --null {null} --publish`

Simulated patients: a normal, one or two samples before treatment and one or two after it, one of
seven drugs, on the genes of the panel of 138 with random codons around the catalogue's residues.
Fragment counts are drawn and evaluated by the model of the caller, `compare` and `resist`; no reads
are simulated.

- 30 % of the tumour samples before treatment have less than 10 % tumour cells, a third of these
  none. Two designs have another lesion, one has plasma.
- The purity is not given for 40 % of the patients, and wrong by 0.2 for 10 %. Overdispersion is
  1e-5 to 0.02, and given with an error, or for a quarter of the patients as 0.0005.
- Variants are on 1 to 5 of 1 to 6 copies. In a tenth of the patients the normal contains tumour.
- Errors vary by site; at one site in 250 they are 3 to 15 times as frequent.
  The caller is given the distribution that it would have estimated from a million alleles of the
  panel.
- In half of the patients there is index hopping from libraries of other patients, at 1e-4 to 3e-3:
  Poisson counts, as libraries are pooled after amplification.
- A mechanism, where there is one ({mechanisms:g} %), is drawn from the rows with evidence from
  patients. In 45 % of the patients it was there before, from far below 1 % to all cells of one
  lesion.
- Passengers are drawn by type of substitution over the coding bases, and hit catalogued genes by
  chance; in one patient of 20 about 80 passengers were gained at relapse.

Errors are drawn at catalogued alleles only; at all other bases of the panel, each allele that is
seen is real.

Not included: amplifications as mechanisms, indels, patients without a normal, UMIs, and effects
that only reads show (mapping, strand, position).
"""


ASKED = """\
Only catalogued alleles; at all others only real alleles are drawn.
"""
CAUSES = """\
- Alleles that hop from another patient's library at high frequency may be stated as real: the
  highest rate considered, and the frequency there, are assumptions.
- Of the catalogued alleles stated with 10 to 99 %, fewer are real: in the caller's prior a fifth
  of the somatic variants are below an AF of 1 % in all samples; in these patients almost none are.
- If the sample of one of two lesions contains no tumour, the prior is used for this lesion: an
  allele of this lesion alone is considered new with a probability of about 88 %.
- The fraction of alleles that were absent before is estimated from the alleles of the same patient,
  which belong to few clones.
"""


def plot(found: dict[str, tuple], path: Path) -> None:
    """Draw the reliability diagram."""
    figure, axes = plt.subplots(1, len(found), figsize=(3.1 * len(found), 3.3), sharey=True)
    for ax, colour, (name, (stated, right)) in zip(axes, COLOURS, found.items(), strict=True):
        table = reliability(*_known(stated, right))
        table = table[table.number > 0]
        ax.plot([0, 100], [0, 100], color="#888888", lw=0.8)
        ax.errorbar(
            100 * table["mean stated"], 100 * table.right,
            yerr=[100 * (table.right - table["from"]), 100 * (table.to - table.right)],
            marker="o", ms=4, lw=1.2, capsize=2, color=colour,
        )  # fmt: skip
        ax.set_title(name, fontsize=10)
        ax.set_xlabel("stated, %")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("right, %")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _known(stated: pd.Series, right: pd.Series) -> tuple[pd.Series, pd.Series]:
    keep = stated.notna()
    return stated[keep].astype(float), right[keep].astype(bool)


def page(args: Namespace, patients: pd.DataFrame, alleles: pd.DataFrame, null: pd.DataFrame) -> str:
    """Return docs/validation/confidence.md."""
    lines = [HEAD.format(seed=args.seed, patients=args.patients, null=args.null,
                         mechanisms=100 * args.mechanisms)]  # fmt: skip
    found = {name: _known(*both) for name, both in measured(patients, alleles).items()}
    lines += ["## Reliability", "", "![Reliability diagram](confidence.png)", ""]
    lines.append(_scores(found))
    for name, both in found.items():
        lines += [f"### {name[0].upper()}{name[1:]}", "", summary.markdown(_rounded(*both))]
    asked = alleles[alleles.site]
    lines += ["### The allele is real, where errors are drawn", "", ASKED]
    lines.append(summary.markdown(_rounded(*_known(asked.real, asked.is_real))))
    lines += ["## Targets", "", _wanted(found, patients, null), ""]
    lines += ["## Levels of confidence", "", _words(patients), ""]
    lines += ["Patients without a mechanism:", "", _words(null, right=False)]
    lines += ["## Wrong where 90 % or more is stated", "", _wrong(patients, alleles)]
    lines += ["Causes:", "", CAUSES]
    return "\n".join(lines).rstrip() + "\n"


def _scores(found: dict[str, tuple]) -> str:
    rows = []
    for name, both in found.items():
        row = scores(*both)
        rows.append({
            "stated": name, "number": row["number"], "Brier score": f"{row['Brier']:.4f}",
            "of the mean rate": f"{row['Brier of the rate']:.4f}",
            "slope of the log odds": f"{row['slope']:.2f} ± {1.96 * row['error']:.2f}",
            "linear slope": f"{row['linear slope']:.2f}",
            "at 90 % or more": row["stated 90 %"], "of these right": _part(row["right of these"]),
        })  # fmt: skip
    return summary.markdown(pd.DataFrame(rows))


def _rounded(stated: pd.Series, right: pd.Series) -> pd.DataFrame:
    table = reliability(stated, right)
    table = table[table.number > 0]
    return pd.DataFrame({
        "stated": table.stated, "number": table.number,
        "mean stated": [_part(x) for x in table["mean stated"]],
        "right": [_part(x) for x in table.right],
        "95 % interval": [f"{100 * a:.1f} to {100 * b:.1f} %"
                          for a, b in zip(table["from"], table.to, strict=True)],
    })  # fmt: skip


def _part(value: float) -> str:
    return f"{100 * value:.1f} %"


def _wanted(found: dict[str, tuple], patients: pd.DataFrame, null: pd.DataFrame) -> str:
    """Return the criteria with what was measured."""
    whole = scores(*found["the finding is right"])
    clear = patients[patients.clear]
    got = clear[clear.probability.fillna(0) >= 0.9]
    low, high = wilson_interval(len(got), len(clear))
    false = int((null.confidence == "high").sum())
    rows = [
        ("right where 90 to 100 % is stated", "at least 90 %", _part(whole["right of these"]),
         whole["right of these"] >= 0.9),
        ("a mechanism, adequate samples before, AF of 2 LOD or more: stated 90 % or more",
         "at least 80 %", f"{_part(len(got) / max(len(clear), 1))} of {len(clear)} "
         f"({100 * low:.0f} to {100 * high:.0f} %)", len(got) >= 0.8 * len(clear)),
        (f"high, of {len(null)} patients without a mechanism", f"at most {len(null) / 100:g}",
         f"{false} (below {100 * float(clopper_pearson_upper(false, len(null))):.2f} %)",
         false <= len(null) / 100),
    ]  # fmt: skip
    for name, both in found.items():
        row = scores(*both)
        held = 0.9 <= row["slope"] <= 1.1
        value = f"{row['slope']:.2f} ± {1.96 * row['error']:.2f}"
        rows.append((f"slope of the log odds: {name}", "0.9 to 1.1", value, held))
    return summary.markdown(
        pd.DataFrame(
            [(what, want, got, "yes" if held else "no") for what, want, got, held in rows],
            columns=["criterion", "wanted", "measured", "held"],
        )
    )


def _words(patients: pd.DataFrame, right: bool = True) -> str:
    rows = []
    for (kind, word), part in patients.groupby(["kind", "confidence"]):
        row = {"verdict": kind, "confidence": word, "patients": len(part)}
        if right:
            known = part.right.dropna().astype(bool)
            row["named alteration right"] = _part(known.mean()) if len(known) else ""
        rows.append(row)
    return summary.markdown(pd.DataFrame(rows))


def _wrong(patients: pd.DataFrame, alleles: pd.DataFrame) -> str:
    """Return what is wrong although it is stated with 90 % or more, by its cause."""
    false = alleles[(alleles.real >= 0.9) & ~alleles.is_real]
    design = patients.set_index("patient").design
    wrong = alleles[(alleles.below_5 >= 0.9) & (alleles.before >= 0.05) & alleles.reported]
    several = wrong.patient.map(design) == "two lesions before"
    known = alleles.state.isin((*GAINED, *OPEN)) & (alleles.probability >= 0.9)
    found = alleles[known & ~alleles.right]
    there = found.kind == "mechanism"
    rows = [
        ("alleles that are not real", len(false), "libraries hop into the pool",
         int((false.hopping > 0).sum())),
        ("alleles in 5 % or more of the cells before", len(wrong), "two lesions before",
         int(several.sum())),
        ("findings that are not right", len(found), "the mechanism, called acquired",
         int(there.sum())),
        ("", "", "passengers", int((found.kind != "none").sum() - there.sum())),
        ("", "", "errors and hopping", int((found.kind == "none").sum())),
    ]  # fmt: skip
    return summary.markdown(pd.DataFrame(rows, columns=["wrong", "number", "of these", "count"]))
