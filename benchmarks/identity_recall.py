"""What tumour in the normal costs the caller: the same tumours with a clean normal and with one
that holds a part of the tumour's DNA.

    python -m benchmarks.identity_recall --seeds 21 22 --publish

Makes the patients of benchmarks/accuracy (runs `default` and `tumour in normal 3 %`), whose
tumours are the same files of bases for one seed, and calls both. With ``--publish`` the table is
written into docs/validation/identity.md.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import genome, trio
from benchmarks.accuracy import run_caller, suite_settings
from benchmarks.copynumber_page import table as markdown
from benchmarks.identity_page import put
from benchmarks.publish import revision

CLEAN, MIXED = "default", "tumour in normal 3 %"
KEYS = ["seed", "chrom", "pos", "ref", "alt"]


def paired(seed: int, work: Path, reuse: bool) -> tuple[pd.DataFrame, dict[str, int]]:
    """Call both patients of a seed.

    Returns
    -------
    DataFrame
        A row per somatic variant: `max_af`, called in `clean` and in `mixed`, AF in the first
        tumour (`pre`), whose cells are in the normal.
    dict
        False calls of each.
    """
    columns, false = {}, {}
    for name in (CLEAN, MIXED):
        rows, _ = run_caller(trio.make(suite_settings(name, seed), work), "resistpanel", reuse)
        columns[name] = rows.variants.set_index(KEYS)
        first = rows.samples[rows.samples["sample"] == "pre"].set_index(KEYS)["true_af"]
        columns[name]["pre"] = first
        false[name] = len(rows.false)
    clean, mixed = columns[CLEAN], columns[MIXED]
    if not clean.index.equals(mixed.index):
        raise SystemExit(f"seed {seed}: the two patients do not have the same variants")
    table = clean[["kind", "max_af", "pre"]].assign(
        clean=clean["called"], mixed=mixed["called"], filters=mixed["filters"]
    )
    return table, false


def recall_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return recall with each normal by AF, and what of it is kept."""
    groups = [(f"{100 * af:g} %", part) for af, part in table.groupby("max_af")]
    groups.append(("in the normal too", table[table["pre"] > 0]))
    groups.append(("AF 5 % and above", table[table["max_af"] >= 0.05]))
    groups.append(("all", table))
    rows = []
    for name, part in groups:
        clean, mixed = int(part["clean"].sum()), int(part["mixed"].sum())
        rows.append(
            {
                "highest AF": name,
                "variants": len(part),
                "found, clean normal": clean,
                "found, 3 % tumour in normal": mixed,
                "recall kept": f"{mixed / clean:.3f}" if clean else "-",
            }
        )
    return pd.DataFrame(rows)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22])
    parser.add_argument("--work", type=Path, default=genome.WORK)
    parser.add_argument("--reuse", action="store_true", help="do not run the caller again")
    parser.add_argument("--publish", action="store_true", help="write docs/validation/identity.md")
    args = parser.parse_args(argv)
    tables, false = [], {}
    for seed in args.seeds:
        table, here = paired(seed, args.work, args.reuse)
        tables.append(table)
        false = {name: false.get(name, 0) + count for name, count in here.items()}
    table = pd.concat(tables)
    shown = recall_table(table)
    print(shown.to_string(index=False))
    print("false calls:", false)
    lost = table[(table["clean"] == 1) & (table["mixed"] == 0)]
    print("lost:", lost.to_string() if len(lost) else "none", sep="\n")
    filters = lost["filters"].value_counts()
    if args.publish:
        ratio = table["mixed"].sum() / table["clean"].sum()
        standard = np.sqrt(len(lost)) / table["clean"].sum()
        text = (
            f"Revision {revision()}. Patients of seeds {', '.join(map(str, args.seeds))} as in "
            "[accuracy](accuracy.md) (900x, 2x100 bp). The tumours are the same; the normal is "
            "clean, or contains 3 % of the DNA of the first tumour.\n\n"
            + markdown(shown)
            + f"\n\nRecall kept over all: {ratio:.3f} (standard error {standard:.3f}). False "
            f"calls: {false[CLEAN]} with the clean normal, {false[MIXED]} with the other. "
            + (
                "Lost variants are filtered by: "
                + ", ".join(f"{name} ({count})" for name, count in filters.items())
                + "."
                if len(lost)
                else "No variant found with the clean normal is lost."
            )
        )
        put("recall", "Recall with 3 % tumour in the normal", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
