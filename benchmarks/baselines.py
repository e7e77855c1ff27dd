"""False and true states of variants by Monte Carlo through compare's own functions.

Counts are drawn for whole patients (`benchmarks.baseline_patients`): a normal, a sample before
treatment and a relapse, with a truncal driver and further truncal variants, and variants that came,
left, grew or fell. Each draw is put to `compare` and, for comparison, to the rule that looks at a
pair of samples alone. Intervals are covered by `benchmarks.interval_coverage`.

    python -m benchmarks.baselines --seed 1 --patients 200 --publish
"""

import argparse
import itertools
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import interval_coverage
from benchmarks.baseline_patients import HET_SITES, Cell, by_pair, patients, state
from resistpanel.compare.copynumber import CopyNumber
from resistpanel.compare.purity import Purity
from resistpanel.core.stats import clopper_pearson_interval, clopper_pearson_upper

PAGE = Path(__file__).parents[1] / "docs" / "validation" / "baselines.md"
DEPTHS = (100, 300, 1000, 3000, 30_000)
RHOS = (0.0, 1e-3, 1e-2)
PURITIES = (0.0, 0.01, 0.05, 0.1, 0.3, 0.6)
#: Purity of the other sample, the fraction of its cells that a subclone has, and that of the cells
#: before in which what is clonal at relapse was present.
RELAPSE, SUBCLONE, BEFORE = 0.6, 0.2, 0.3
TRUNCAL = 12
#: Fractions of the tumour cells of subclones that do not change.
SAME = (0.05, 0.1)
#: Bounds on false states, as fractions of variants: acquired and lost; rising and falling.
MOST_NEW, MOST_CHANGED = 0.01, 0.025
#: Power may be lower than that of the pair alone by this, where the pair alone is within bounds.
LESS_POWER = 0.05
#: How a stated purity is wrong, before and at relapse; the true ones are 0.3 and 0.6.
KNOWLEDGE = {
    "unknown": (None, None), "known": (0.3, 0.6), "wrong by 0.1": (0.4, 0.5),
    "wrong by 0.2": (0.5, 0.4),
}  # fmt: skip


def rates(cell: Cell, number: int, seed: Sequence[int], wanted: str, pair: bool = True):
    """Return which variants have a state, (patients, variants, 2): by compare, by the pair alone.

    `wanted` is a state, or ``changed`` for rising or falling.
    """
    names = ("rising", "falling") if wanted == "changed" else (wanted,)
    found = np.zeros((number, len(cell.afs), 2), bool)
    for row, made in enumerate(patients(cell, number, seed)):
        for i, one in enumerate(made.records):
            both = one.evidence["pre"].detected and one.evidence["post"].detected
            if both and wanted in ("acquired", "lost"):
                continue  # neither, whatever its change
            found[row, i, 0] = state(made, one) in names
            if pair:
                found[row, i, 1] = by_pair(made, one) in names
    return found


def baseline(seed: int, number: int) -> pd.DataFrame:
    """Return, by purity of the poorer sample, depth and overdispersion, what is acquired and lost.

    Wrongly: truncal variants, per variant and per patient with any, one that grew from `BEFORE`
    of the cells to all, and subclones of the fractions `SAME` in both. Rightly: new variants of all
    cells and of a subclone; one that left.
    """
    rows = []
    for purity, depth, rho in itertools.product(PURITIES, DEPTHS, RHOS):
        key = [seed, round(1e4 * purity), depth, round(1e6 * rho)]
        poor, clonal = purity / 2, RELAPSE / 2
        came = [(BEFORE * poor, clonal), (0.0, clonal), (0.0, SUBCLONE * clonal)]
        came += [(c * poor, c * clonal) for c in SAME]
        new = rates(Cell([(poor, clonal)] * TRUNCAL + came, depth, rho), number, key, "acquired")
        went = [(clonal, 0.0), *((c * clonal, c * poor) for c in SAME)]
        left = Cell([(clonal, poor)] * TRUNCAL + went, depth, rho)
        gone = rates(left, number, [*key, 1], "lost")
        share, lost = new.mean(axis=0), gone.mean(axis=0)
        rows.append({
            "purity": purity, "depth": depth, "rho": rho,
            "truncal": share[:TRUNCAL, 0].mean(), "truncal_pair": share[:TRUNCAL, 1].mean(),
            "any": new[:, :TRUNCAL, 0].any(axis=1).mean(), "grown": share[TRUNCAL, 0],
            "grown_pair": share[TRUNCAL, 1],
            "clonal": share[TRUNCAL + 1, 0], "clonal_pair": share[TRUNCAL + 1, 1],
            "subclone": share[TRUNCAL + 2, 0], "subclone_pair": share[TRUNCAL + 2, 1],
            "same": share[TRUNCAL + 3 :, 0].max(), "same_pair": share[TRUNCAL + 3 :, 1].max(),
            "same_lost": lost[TRUNCAL + 1 :, 0].max(),
            "same_lost_pair": lost[TRUNCAL + 1 :, 1].max(),
            "lost_wrong": lost[:TRUNCAL, 0].mean(), "lost_pair": lost[:TRUNCAL, 1].mean(),
            "lost": lost[TRUNCAL, 0], "lost_power_pair": lost[TRUNCAL, 1],
        })  # fmt: skip
        progress(f"purity {purity:g}, depth {depth}, rho {rho:g}")
    return pd.DataFrame(rows)


def limits(seed: int, number: int) -> pd.DataFrame:
    """Return how often a new clonal variant is acquired over the product of depth and purity."""
    rows = []
    for purity, product in itertools.product((0.1, 0.3), (20, 25, 30, 35, 40, 50, 60)):
        depth = round(product / purity)
        afs = [(purity / 2, RELAPSE / 2)] * TRUNCAL
        afs += [(BEFORE * purity / 2, RELAPSE / 2), (0.0, RELAPSE / 2)]
        found = rates(Cell(afs, depth, 0.0), number, [seed, product, depth, 3], "acquired", False)
        share = found[:, :, 0].mean(axis=0)
        rows.append({"purity": purity, "depth": depth, "product": product,
                     "truncal": share[:TRUNCAL].mean(), "grown": share[TRUNCAL],
                     "clonal": share[TRUNCAL + 1]})  # fmt: skip
    return pd.DataFrame(rows)


def changed(seed: int, number: int) -> pd.DataFrame:
    """Return states where the purity is 0.3, then 0.6, and known, unknown or wrong.

    Of truncal variants, rising, falling, acquired or lost; of one that grew from a quarter of the
    cells to all, rising; of one that fell to a quarter, falling (with many shared variants).
    """
    rows = []
    for (name, purity), shared, depth, rho, neutral in itertools.product(
        KNOWLEDGE.items(), (3, 12), (300, 3000, 30_000), (1e-3, 1e-2), (True, False)
    ):
        if not neutral and (depth > 3000 or rho > 1e-3):
            continue
        afs = [(0.15, 0.3)] * (shared - 1) + [(0.0375, 0.3)]
        afs += [(0.15, 0.075)] if shared > 3 else []
        genes = [f"G{i}" for i in range(len(afs))]
        sd = dict.fromkeys(itertools.product(("pre", "post"), genes), NEUTRAL_SD)
        copynumber = CopyNumber(neutral=sd) if neutral else CopyNumber()
        cell = Cell(afs, depth, rho, purity, copynumber, genes)
        key = [seed, shared, depth, round(1e6 * rho), list(KNOWLEDGE).index(name), 7]
        truncal = slice(0, shared - 1)
        states = np.array(
            [[state(made, one) for one in made.records] for made in patients(cell, number, key)]
        )
        share = {one: (states == one).mean(axis=0) for one in STATES_SHOWN}
        rows.append({
            "known": name, "copies": "neutral" if neutral else "not examined",
            "shared": shared, "depth": depth, "rho": rho,
            **{one: share[one][truncal].mean() for one in STATES_SHOWN},
            "power_rising": share["rising"][shared - 1],
            "power_falling": share["falling"][shared] if shared > 3 else np.nan,
        })  # fmt: skip
        progress(f"purity {name}, {shared} shared, depth {depth}, rho {rho:g}")
    return pd.DataFrame(rows)


#: Error of the amount of DNA of a gene without a change, of its logarithm.
NEUTRAL_SD = 0.05
STATES_SHOWN = ("rising", "falling", "acquired", "lost")
#: Copies of a gene at relapse, of which so many are mutated; before one of two is.
COPIES = {
    "other copy gained twice": (4, 1), "other copy lost": (1, 1),
    "mutated copy gained twice": (4, 3),
}  # fmt: skip


def copies(seed: int, number: int) -> pd.DataFrame:
    """Return the states of a truncal variant whose gene changes its copies at relapse.

    Purity is 0.5 in both samples; 12 other truncal variants do not change.
    """
    rows = []
    for (name, (total, mutated)), known, depth in itertools.product(
        COPIES.items(), (False, True), (300, 3000, 30_000)
    ):
        p = 0.5
        after = p * mutated / (p * total + 2 * (1 - p))
        stated = Purity(p, 0.45, 0.55, "copy number")
        copynumber = CopyNumber(
            {"pre": stated, "post": stated},
            {("pre", "G"): 2.0, ("post", "G"): float(total)},
            {("post", "G"): 0.05},
            {("post", "G"): 2.0},
        )
        cell = Cell(
            [(0.25, 0.25)] * TRUNCAL + [(0.25, after)], depth, 1e-3,
            copynumber=copynumber if known else CopyNumber(),
            genes=[None] * TRUNCAL + ["G"],
        )  # fmt: skip
        key = [seed, depth, total, mutated, int(known), 13]
        states = np.array([state(m, m.records[-1]) for m in patients(cell, number, key)])
        share = {one: (states == one).mean() for one in STATES_SHOWN}
        rows.append({"change": name, "known": known, "depth": depth, "before": 0.25,
                     "after": after, **share})  # fmt: skip
        progress(f"{name}, depth {depth}")
    return pd.DataFrame(rows)


def several(seed: int, number: int) -> pd.DataFrame:
    """Return how often any of 30 unchanged variants of a patient rises or falls."""
    rows = []
    for depth, rho in itertools.product((300, 3000, 30_000), RHOS):
        cell = Cell([(0.3, 0.3)] * 30, depth, rho)
        found = rates(cell, number, [seed, depth, round(1e6 * rho), 11], "changed", False)[..., 0]
        hits = int(found.any(axis=1).sum())
        rows.append({"depth": depth, "rho": rho, "single": found.mean(), "any": hits / number,
                     "bound": rate_bound(hits, number)})  # fmt: skip
        progress(f"30 unchanged variants, depth {depth}, rho {rho:g}")
    return pd.DataFrame(rows)


def rate_bound(hits: int, number: int) -> float:
    """Return the one-sided 95 % upper bound of a rate."""
    return float(clopper_pearson_upper(hits, number))


def progress(text: str) -> None:
    """Say which cell is done."""
    print(text, file=sys.stderr, flush=True)


def exceeds(rate: float, number: int, most: float) -> bool:
    """Return whether the 99 % interval of a rate is above a bound; `number` variants or patients.

    A patient's variants share its samples, so that the number is that of patients.
    """
    low, _ = clopper_pearson_interval(round(rate * number), number, 0.99)
    return bool(low > most)


def failing(found: dict[str, pd.DataFrame], number: int) -> list[str]:
    """Return the cells outside of their bounds, one line each."""
    lines = []

    def add(row, text: str, value: float, most: float) -> None:
        if exceeds(value, number, most):
            lines.append(f"- {where(row)}: {text} {100 * value:.1f} % (at most {100 * most:g})")

    for r in found["baseline"].itertuples():
        add(r, "truncal acquired", r.truncal, MOST_NEW)
        add(r, "grown acquired", r.grown, MOST_NEW)
        add(r, "truncal lost", r.lost_wrong, MOST_NEW)
        add(r, "an unchanged subclone acquired", r.same, MOST_NEW)
        add(r, "an unchanged subclone lost", r.same_lost, MOST_NEW)
        new = max(r.truncal_pair, r.grown_pair, r.same_pair)
        gone = max(r.lost_pair, r.same_lost_pair)
        for text, ours, pair, false in (
            ("new clonal acquired", r.clonal, r.clonal_pair, new),
            ("new subclone acquired", r.subclone, r.subclone_pair, new),
            ("left, lost", r.lost, r.lost_power_pair, gone),
        ):
            if pair - ours > LESS_POWER:
                given = (
                    ""
                    if false <= MOST_NEW
                    else f", which calls {100 * false:.1f} % of the "
                    "variants wrongly that it must not call"
                )
                lines.append(
                    f"- {where(r)}: {text} {100 * ours:.0f} %, by the pair alone "
                    f"{100 * pair:.0f} %{given}"
                )
    for r in found["changed"].itertuples():
        for text, most in (("rising", MOST_CHANGED), ("falling", MOST_CHANGED),
                           ("acquired", MOST_NEW), ("lost", MOST_NEW)):  # fmt: skip
            add(r, f"truncal {text}", getattr(r, text), most)
    for r in found["copies"].itertuples():
        if "mutated" not in r.change:
            add(r, "rising", r.rising, MOST_CHANGED)
            add(r, "falling", r.falling, MOST_CHANGED)
    for r in found["several"].itertuples():
        add(r, "an unchanged variant rising or falling", r.single, MOST_CHANGED)
    return lines


def where(row) -> str:
    """Return what a cell is."""
    parts = []
    if hasattr(row, "change"):
        parts.append(f"{row.change}, copy number {'known' if row.known else 'unknown'}")
    elif hasattr(row, "known"):
        parts.append(f"purity {row.known}, {row.shared} shared variants")
        parts.append(f"copy number {row.copies}")
    if hasattr(row, "purity"):
        parts.append(f"purity {percent(row.purity)}")
    parts.append(f"depth {row.depth:,}")
    if hasattr(row, "rho"):
        parts.append(f"rho {row.rho:g}")
    return ", ".join(parts)


def percent(value: float) -> str:
    """Return a percentage for a table, `.` where there is none."""
    return "." if np.isnan(value) else f"{100 * value:.3g} %"


def table(frame: pd.DataFrame, columns: dict[str, str], percents: Sequence[str] = ()) -> list[str]:
    """Return columns of a table as Markdown; `columns` maps their names to headings."""
    lines = ["| " + " | ".join(columns.values()) + " |", "|---" * len(columns) + "|"]
    for row in frame.to_dict("records"):
        cells = []
        for name in columns:
            value = row[name]
            if name in percents:
                cells.append("." if np.isnan(value) else f"{100 * value:.1f}")
            elif name == "purity":
                cells.append(percent(value))
            elif isinstance(value, bool):
                cells.append("known" if value else "unknown")
            elif isinstance(value, str):
                cells.append(value)
            else:
                cells.append(f"{value:,}" if name == "depth" else f"{value:g}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def page(found: dict[str, pd.DataFrame], seed: int, number: int, draws: int) -> str:
    """Return docs/validation/baselines.md."""
    wrong, intervals = failing(found, number), interval_coverage.failing(found)
    head = HEAD.format(
        seed=seed, patients=number, sites=HET_SITES, relapse=RELAPSE, others=TRUNCAL - 1,
        bound=100 * rate_bound(0, number), draws=draws,
    )  # fmt: skip
    lines = [TITLE, "", filled(head)]
    lines += ["", "## Outside of the bounds", "", filled(BOUNDS), "", *(wrong or ["None."]), ""]
    lines += ["Intervals:", "", *(intervals or ["- none"]), ""]
    lines += ["## Acquired and lost", "", filled(BASELINE), ""]
    lines += table(
        found["baseline"],
        {"purity": "purity", "depth": "depth", "rho": "rho", "truncal_pair": "truncal: pair",
         "truncal": "truncal", "any": "patients", "grown_pair": "grown: pair",
         "grown": "grown", "same_pair": "same: pair", "same": "same",
         "clonal_pair": "new, all: pair",
         "clonal": "new, all", "subclone_pair": "new, subclone: pair",
         "subclone": "new, subclone", "lost_pair": "truncal lost: pair",
         "lost_wrong": "truncal lost", "same_lost_pair": "same lost: pair",
         "same_lost": "same lost", "lost_power_pair": "left: pair", "lost": "left"},
        [name for name in found["baseline"] if name not in ("purity", "depth", "rho")],
    )  # fmt: skip
    lines += ["", "## What a depth can exclude", "", filled(LIMITS), ""]
    lines += table(
        found["limits"],
        {"purity": "purity before", "depth": "depth", "product": "purity x depth",
         "truncal": "truncal", "grown": "grown", "clonal": "new, all cells"},
        ("truncal", "grown", "clonal"),
    )  # fmt: skip
    lines += ["", "## Rising and falling", "", filled(CHANGED), ""]
    lines += table(
        found["changed"],
        {"known": "purity", "copies": "copy number", "shared": "shared variants",
         "depth": "depth", "rho": "rho",
         "rising": "rising", "falling": "falling", "acquired": "acquired", "lost": "lost",
         "power_rising": "grown, rising", "power_falling": "fallen, falling"},
        (*STATES_SHOWN, "power_rising", "power_falling"),
    )  # fmt: skip
    lines += ["", "## Copy number", "", filled(COPY_NUMBER), ""]
    lines += table(
        found["copies"],
        {"change": "at relapse", "known": "copy number", "depth": "depth", "before": "AF before",
         "after": "AF at relapse", "rising": "rising", "falling": "falling"},
        ("rising", "falling"),
    )  # fmt: skip
    lines += ["", "## Several variants", "", filled(SEVERAL), ""]
    lines += table(
        found["several"],
        {"depth": "depth", "rho": "rho", "single": "variants", "any": "patients",
         "bound": "patients, at most"},
        ("single", "any", "bound"),
    )  # fmt: skip
    lines += ["", *interval_coverage.section(found)]
    return "\n".join(lines) + "\n"


TITLE = "# Was it there before: error rates and intervals of the comparison"
HEAD = """
Written by `python -m benchmarks.baselines --seed {seed} --patients {patients} --draws {draws}
--publish`. Counts are drawn (binomial, or beta-binomial of the stated overdispersion rho) for
patients with a driver and {others} further truncal variants; the purity of the other sample is
{relapse:g} and purities are not stated, unless a table gives them. The caller is replaced by its
limits: intervals and bounds with the overdispersion that it estimates from {sites} heterozygous
sites of the sample, and a call where an error rate of 0.00033 gives as many fragments with a
probability below 1e-6. Each cell is {patients} patients: where none is wrong, the rate is below
{bound:.1f} % with 95 % confidence. *Pair* is the rule that compares two samples and does not ask
whether the other one contains tumour, nor how much. Rates are percentages.
"""
BOUNDS = """
False *acquired* and *lost* at most 1 %, false *rising* and *falling* at most 2.5 % of the variants;
power at most 5 points below that of the pair alone. A cell is listed if the 99 % interval of its
rate is above the bound, or for its power. Where the pair alone itself calls more than 1 % of the
truncal variants, of the grown one, or of an unchanged subclone, that rate is given: its power is no
standard there. The pair compares frequencies as they are: of an impure sample, and of a purer one
later, it calls a subclone new that is in both.
"""
BASELINE = f"""
*Purity* is that of the sample before treatment, for *acquired*, and of the relapse, for *lost*.
Wrongly acquired: truncal variants (and patients with any), a variant that *grew* from
{100 * BEFORE:g} % of the tumour cells before to all of them, and the worse of two subclones, of
{100 * SAME[0]:g} and {100 * SAME[1]:g} % of the cells, that are the *same* in both. Rightly: *new*
variants of all tumour cells, and of a subclone of {100 * SUBCLONE:g} %. Lost, wrongly: truncal
variants, and the *same* subclones; rightly: one that *left*.
"""
LIMITS = """
A sample excludes a variant if its upper bound is at most 20 % of the tumour cells. With 0 of n
fragments the bound is 3/n, and a clonal mutation has an AF of purity/2: whatever the rule, it takes
purity x n of at least 30, and somewhat more, as the AF of a clonal mutation is estimated from the
shared variants. Below that a clone of 20 % of the cells would be missed in more than 5 % of cases:
the limit is that of the data. *Lost* has the same limit: at a purity of 30 % and a depth of 100 the
bound of 0 fragments is 19.7 % of the tumour cells were purity and rho 0 known, and with both
estimated it is at most 20 % in a third to half of the patients. Acquired, rho 0:
"""
CHANGED = """
Purity is 0.3 before and 0.6 at relapse; it is stated as such, not stated, or wrongly (0.4 and 0.5;
0.5 and 0.4). Copy number is *neutral* by depth, with an error of 5 % of the amount, or *not
examined*: then a change that a gain of the other copy, to four copies in all, would explain is not
called. States of truncal variants, all wrong; of a variant that grew from a quarter of the tumour
cells to all; and of one that fell to a quarter.
"""
COPY_NUMBER = """
Purity is 0.5 in both samples, rho 0.001, and 12 other truncal variants do not change. A truncal
variant on one of two copies, whose gene changes its copies at relapse. *Known*: copynumber gives
the purity (0.45 to 0.55) and the true copies, with an error of 5 % of the amount. The fraction of
the tumour cells stays the same. Where mutated copies are gained *rising* is right, as the mutated
copies per cell rise; where the copy number is not known, a change of the other copy cannot be
distinguished from one of the variant.
"""
SEVERAL = """
30 variants at an AF of 30 % that did not change. Called rising or falling: variants; patients with
any, and upper 95 % bound.
"""


def filled(text: str) -> str:
    """Return a paragraph in lines of a page."""
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False)


def drawn(name: str, maker, number: int, seed: int, folder: Path | None) -> pd.DataFrame:
    """Return a table, kept or drawn."""
    path = folder / f"{name}-{seed}-{number}.csv" if folder else None
    if path is None or not path.is_file():
        found = maker(seed, number)
        if path is None:
            return found
        folder.mkdir(parents=True, exist_ok=True)
        found.to_csv(path, index=False)
    return pd.read_csv(path)


def main() -> None:
    """Draw, print the page, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=200, help="per cell")
    parser.add_argument("--draws", type=int, default=4000, help="per cell of the intervals")
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--tables", type=Path, help="folder of tables: kept there, not drawn again")
    given = parser.parse_args()
    makers = {one.__name__: (one, given.patients)
              for one in (baseline, limits, changed, copies, several)}  # fmt: skip
    makers |= interval_coverage.makers(given.draws)
    found = {name: drawn(name, *one, given.seed, given.tables) for name, one in makers.items()}
    found["draws"] = interval_coverage.numbers(given.draws)
    text = page(found, given.seed, given.patients, given.draws)
    if given.publish:
        PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
