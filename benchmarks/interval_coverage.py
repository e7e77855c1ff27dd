"""Coverage of the intervals of compare: allele frequency, upper bound, cell fraction, fold change.

Drawn as `benchmarks.baselines` draws its counts, whose page the tables are part of. A cell of the
intervals of AF and fold fails if the 99 % interval of its coverage lies wholly outside of 93 to
97 %; of upper bounds and of the cancer cell fraction, which is over all multiplicities and so
conservative, if it lies wholly below 93 %. Where so few fragments are expected that whole counts
leave no coverage between 93 and 97 % to any interval, a cell of the AF interval is listed apart.
"""

import itertools

import numpy as np
import pandas as pd
from scipy.stats import betabinom, binom

from benchmarks.baseline_patients import estimates, genotypes, overdispersed
from resistpanel.call.model import overdispersion
from resistpanel.compare.evidence import View
from resistpanel.compare.posterior import posterior
from resistpanel.compare.purity import Locus, Purity, clonal_fraction, from_sheet
from resistpanel.compare.scale import Point, point, scale_of
from resistpanel.compare.states import decide
from resistpanel.core.special import expit
from resistpanel.core.stats import (
    clopper_pearson_interval,
    overdispersed_interval,
    overdispersed_upper,
)
from resistpanel.core.vcf import Genotype

DEPTHS = (100, 300, 1000, 3000, 10_000, 30_000)
RHOS = (0.0, 1e-3, 1e-2)
AFS = (0.002, 0.01, 0.05, 0.3, 0.6)
LEAST, MOST = 0.93, 0.97
#: Purity of the samples with cancer cell fractions, and the error of a stated one.
PURITY, PURITY_SD = 0.6, 0.05
#: Copies per tumour cell, mutated ones, and whether both haplotypes were seen.
LOCI = ((2, 1, True), (2, 2, False), (3, 1, False), (3, 2, True), (4, 1, True), (4, 3, True))
#: Error of the amount of DNA of a gene that is called changed, of its logarithm.
AMOUNT_SD = 0.05
SHARED = 12
#: Mean depth and rho of cells with depth x rho of 2 and more, and heterozygous sites.
RHO_CELLS = (
    (300, 1e-2), (1000, 2e-3), (1000, 1e-2), (3000, 1e-3), (3000, 1e-2), (30_000, 1e-4),
    (30_000, 1e-3), (30_000, 1e-2),
)  # fmt: skip
RHO_SITES = 100
#: Fraction of runs in which rho is to be within a factor of two.
NEAR = 0.9


def frequencies(seed: int, draws: int) -> pd.DataFrame:
    """Return the coverage of AF intervals and upper bounds, rho estimated and known."""
    rows = []
    for depth, rho, af in itertools.product(DEPTHS, RHOS, AFS):
        rng = np.random.default_rng([seed, depth, round(1e6 * rho), round(1e4 * af), 17])
        alt = rng.binomial(depth, overdispersed(rng, np.full(draws, af), rho))
        row = {"depth": depth, "rho": rho, "af": af}
        for name, used in (("estimated", rng.choice(estimates(depth, rho), draws)), ("known", rho)):
            low, high = overdispersed_interval(alt, depth, used)
            row[f"interval_{name}"] = ((low <= af) & (af <= high)).mean()
            row[f"bound_{name}"] = (overdispersed_upper(alt, depth, used) >= af).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def attainable(depth: int, rho: float, af: float) -> bool:
    """Return whether counts allow an interval of a coverage between `LEAST` and `MOST`.

    An interval whose ends grow with the count holds the frequency for a range of counts. Its
    coverage is the probability of that range; all ranges are tried.
    """
    k = np.arange(depth + 1)
    size = (1 - rho) / rho if rho else 0.0
    pmf = betabinom.pmf(k, depth, af * size, (1 - af) * size) if rho else binom.pmf(k, depth, af)
    below = np.concatenate([[0.0], np.cumsum(pmf)])
    first = below[below <= below[-1] - LEAST]
    # The shortest range from each count on that reaches LEAST.
    last = np.searchsorted(below, first + LEAST)
    reached = below[np.minimum(last, depth + 1)] - first
    return bool((reached <= MOST).any())


def just_above(seed: int, draws: int) -> pd.DataFrame:
    """Return the coverage of the bound just above UB(k), k from 0 to 5, rho known."""
    rows = []
    for depth, rho in itertools.product(DEPTHS, RHOS):
        row = {"depth": depth, "rho": rho}
        for k in range(6):
            rng = np.random.default_rng([seed, depth, round(1e6 * rho), k, 19])
            af = float(overdispersed_upper(k, depth, rho)) * (1 + 1e-6)
            alt = rng.binomial(depth, overdispersed(rng, np.full(draws, af), rho))
            row[f"k{k}"] = (overdispersed_upper(alt, depth, rho) >= af).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def cell_fractions(seed: int, draws: int) -> pd.DataFrame:
    """Return the coverage of cancer cell fractions where purity and copies have errors."""
    rows = []
    for (total, mutated, both), fraction, depth in itertools.product(LOCI, (0.4, 1.0), (300, 3000)):
        key = [seed, total, mutated, round(100 * fraction), depth, 23]
        rng = np.random.default_rng(key)
        amount = PURITY * total + 2 * (1 - PURITY)
        af = np.full(draws, PURITY * mutated * fraction / amount)
        alt = rng.binomial(depth, overdispersed(rng, af, 1e-3))
        purity = np.clip(PURITY + PURITY_SD * rng.normal(size=draws), 0.05, 1.0)
        ratio = amount / 2 * np.exp(AMOUNT_SD * rng.normal(size=draws))
        covered, width = 0, 0.0
        for k, p, r in zip(alt, purity, ratio, strict=True):
            place = _locus(from_sheet(float(p)), total, float(r), both)
            value = clonal_fraction(k / depth, posterior(int(k), depth, 1e-3), place)
            covered += value[1] <= fraction <= value[2]
            width += value[2] - value[1]
        rows.append({"copies": total, "mutated": mutated, "both": both, "fraction": fraction,
                     "depth": depth, "coverage": covered / draws,
                     "width": width / draws})  # fmt: skip
    return pd.DataFrame(rows)


def _locus(purity: Purity, total: int, ratio: float, both: bool) -> Locus:
    """Return a locus as copy number states it: copies by depth where they changed."""
    if total == 2:
        return Locus(purity, 2.0, both_haplotypes=both)
    p = purity.value
    copies = max((2 * ratio - 2 * (1 - p)) / p, 0.0)
    return Locus(purity, copies, amount_sd=AMOUNT_SD, baseline=2.0, both_haplotypes=both)


def folds(seed: int, draws: int) -> pd.DataFrame:
    """Return the coverage of fold changes relative to shared variants, rho estimated."""
    rows = []
    for (before, after), (depth, rho) in itertools.product(
        ((0.2, 0.4), (0.05, 0.4), (0.2, 0.04)), ((300, 1e-3), (3000, 1e-2))
    ):
        rng = np.random.default_rng([seed, round(1e3 * before), depth, round(1e6 * rho), 29])
        # All shared variants doubled, from 15 % to 30 %.
        afs = np.tile([[0.15, 0.3]] * SHARED + [[before, after]], (draws, 1, 1))
        alt = rng.binomial(depth, overdispersed(rng, afs, rho))
        rho_used = rng.choice(estimates(depth, rho), (draws, 1, 2))
        truth, covered, asked = after / before / 2, 0, 0
        for row, used in zip(
            genotypes(alt, depth, np.broadcast_to(rho_used, alt.shape)), rho_used[:, 0], strict=True
        ):
            if not (row[-1][0].detected and row[-1][1].detected):
                continue
            asked += 1
            found = decide(*_views(row[-1], used), common=scale_of(_points(row[:-1], used)))
            covered += found.fold_low <= truth <= found.fold_high
        rows.append({"before": before, "after": after, "depth": depth, "rho": rho,
                     "detected": asked, "coverage": covered / max(asked, 1)})  # fmt: skip
    return pd.DataFrame(rows)


def _views(pair: np.ndarray, rho: np.ndarray) -> tuple[View, View]:
    return tuple(View(one, Locus(Purity()), rho=float(r)) for one, r in zip(pair, rho, strict=True))


def _points(shared: np.ndarray, rho: np.ndarray) -> list[Point]:
    def seen(one: Genotype) -> bool:
        return bool(one.detected)

    return [
        point(str(i), *pair, 1.0, (float(rho[0]), float(rho[1])))
        for i, pair in enumerate(shared)
        if all(map(seen, pair))
    ]


def overdispersions(seed: int, draws: int) -> pd.DataFrame:
    """Return how often rho is within a factor of two, and its interval covers; a normal's sites.

    `RHO_SITES` sites of depths about the mean (gamma, shape 4), heterozygous alleles shifted
    alike by a reference bias of 5 % (standard deviation of the logit), the prior of raw reads.
    """
    rows = []
    centre = overdispersion.prior("hybrid capture", "duplicate-marked")
    for mean, rho in RHO_CELLS:
        rng = np.random.default_rng([seed, mean, round(1e6 * rho), 31])
        near, inside = 0, 0
        for _ in range(draws):
            depth = np.maximum(rng.poisson(mean * rng.gamma(4, 0.25, RHO_SITES)), 30)
            p = overdispersed(rng, np.full(RHO_SITES, expit(rng.normal(0, 0.05))), rho)
            found = overdispersion.estimate(rng.binomial(depth, p), depth, centre)
            near += rho / 2 <= found.rho <= 2 * rho
            inside += found.low <= rho <= found.high
        rows.append({"depth": mean, "rho": rho, "within": near / draws,
                     "coverage": inside / draws})  # fmt: skip
    return pd.DataFrame(rows)


def makers(draws: int) -> dict[str, tuple]:
    """Return the functions that draw the tables, and how many draws a cell each gets."""
    first, second = numbers(draws)["draws"]
    return {
        "frequencies": (frequencies, first), "just_above": (just_above, first),
        "cell_fractions": (cell_fractions, second), "folds": (folds, second),
        "overdispersions": (overdispersions, second),
    }  # fmt: skip


def numbers(draws: int) -> pd.DataFrame:
    """Return the draws a cell, and those of cell fractions and folds, half as many."""
    return pd.DataFrame({"draws": [draws, max(draws // 2, 1)]})


def _outside(coverage: float, draws: int, most: float = MOST) -> str | None:
    low, high = clopper_pearson_interval(round(coverage * draws), draws, 0.99)
    if high < LEAST:
        return f"{100 * coverage:.1f} %, below {100 * LEAST:g}"
    return f"{100 * coverage:.1f} %, above {100 * most:g}" if low > most else None


def failing(found: dict[str, pd.DataFrame]) -> list[str]:
    """Return the cells that fail, one line each, with how many of each kind there are."""
    draws, half = found["draws"]["draws"]
    lines = []

    def add(name: str, cells: list[tuple[str, str | None]]) -> None:
        wrong = [f"{where}: {text}" for where, text in cells if text]
        lines.append(f"- {name}: {len(wrong)} of {len(cells)} cells" + (":" if wrong else ""))
        lines.extend(f"    - {text}" for text in wrong)

    af = [(f"depth {r.depth:,}, rho {r.rho:g}, AF {100 * r.af:g} %", r)
          for r in found["frequencies"].itertuples()]  # fmt: skip
    able = [(w, r) for w, r in af if attainable(r.depth, r.rho, r.af)]
    for name in ("estimated", "known"):
        add(f"AF interval, rho {name}",
            [(w, _outside(getattr(r, f"interval_{name}"), draws)) for w, r in able])  # fmt: skip
        add(f"upper bound, rho {name}",
            [(w, _outside(getattr(r, f"bound_{name}"), draws, 1.0)) for w, r in af])  # fmt: skip
    lines.append("- no interval of whole counts covers 93 to 97 %, so that these are not counted:")
    lines.extend(
        f"    - {w}, {r.depth * r.af:.2g} fragments expected: {100 * r.interval_estimated:.1f} % "
        f"(rho estimated), {100 * r.interval_known:.1f} % (known)"
        for w, r in af if not attainable(r.depth, r.rho, r.af)
    )  # fmt: skip
    add("upper bound just above UB(k)",
        [(f"depth {r.depth:,}, rho {r.rho:g}, k {k}", _outside(getattr(r, f"k{k}"), draws))
         for r in found["just_above"].itertuples() for k in range(6)])  # fmt: skip
    add("cancer cell fraction",
        [(f"{r.copies} copies, {r.mutated} mutated, {100 * r.fraction:g} % of the cells, depth "
          f"{r.depth:,}", _outside(r.coverage, half, 1.0))
         for r in found["cell_fractions"].itertuples()])  # fmt: skip
    add("fold change",
        [(f"{100 * r.before:g} to {100 * r.after:g} %, depth {r.depth:,}, rho {r.rho:g}",
          _outside(r.coverage, int(r.detected)))
         for r in found["folds"].itertuples() if r.detected])  # fmt: skip
    rhos = [(f"depth {r.depth:,}, rho {r.rho:g}", r) for r in found["overdispersions"].itertuples()]
    add("rho", [(w, _outside(r.coverage, half)) for w, r in rhos])
    far = [(w, None if r.within >= NEAR else f"{100 * r.within:.1f} %") for w, r in rhos]
    add(f"rho within a factor of two, at least {100 * NEAR:g} %", far)
    return lines


def section(found: dict[str, pd.DataFrame]) -> list[str]:
    """Return the part of the page about intervals."""
    draws, half = found["draws"]["draws"]
    lines = [
        "## Intervals", "",
        f"Coverage of 95 % intervals and bounds, %; {draws:,} draws a cell, of cancer cell "
        f"fractions and fold changes {half:,}.", "",
        "### Allele frequency and upper bound", "",
        "The score interval and the upper bound at the rho that was *estimated* from 60 "
        "heterozygous sites, and at the *known* one. Where few\nfragments have the allele, counts "
        "are discrete and the coverage of any interval varies with the AF: below about two "
        "expected fragments\nthere are AFs at which none covers 93 to 97 %.", "",
        "| depth | rho | AF, % | interval, estimated | interval, known | bound, estimated | "
        "bound, known |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for r in found["frequencies"].itertuples():
        lines.append(
            f"| {r.depth:,} | {r.rho:g} | {100 * r.af:g} | {100 * r.interval_estimated:.1f} | "
            f"{100 * r.interval_known:.1f} | {100 * r.bound_estimated:.1f} | "
            f"{100 * r.bound_known:.1f} |"
        )
    lines += [
        "", "At AFs just above UB(k), where the bound is exact, rho known:", "",
        "| depth | rho | k = 0 | 1 | 2 | 3 | 4 | 5 |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for r in found["just_above"].itertuples():
        cells = " | ".join(f"{100 * getattr(r, f'k{k}'):.1f}" for k in range(6))
        lines.append(f"| {r.depth:,} | {r.rho:g} | {cells} |")
    lines += [
        "", "### Cancer cell fraction", "",
        f"Purity {PURITY:g}, stated with a normal error of {PURITY_SD:g}; copies of changed genes "
        f"by depth with an error of {100 * AMOUNT_SD:g} % of the amount;\nrho 0.001. *Both*: "
        "copynumber shows both haplotypes. The interval is over all multiplicities, so that it "
        "covers more than 95 %.", "",
        "| copies | mutated | both | fraction, % | depth | coverage | mean width, % |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for r in found["cell_fractions"].itertuples():
        lines.append(
            f"| {r.copies} | {r.mutated} | {'yes' if r.both else 'not known'} | "
            f"{100 * r.fraction:g} | {r.depth:,} | {100 * r.coverage:.1f} | {100 * r.width:.0f} |"
        )
    lines += [
        "", "### Fold change", "",
        f"Relative to {SHARED} shared variants that doubled; rho estimated.", "",
        "| AF before, % | AF after, % | true fold | depth | rho | draws detected in both | "
        "coverage |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for r in found["folds"].itertuples():
        lines.append(
            f"| {100 * r.before:g} | {100 * r.after:g} | {r.after / r.before / 2:g} | "
            f"{r.depth:,} | {r.rho:g} | {r.detected:,} | {100 * r.coverage:.1f} |"
        )
    lines += [
        "", "### Overdispersion", "",
        f"rho as the caller estimates it from {RHO_SITES} heterozygous sites of a normal, depth x "
        f"rho 2 and more; {half:,} draws a cell.", "",
        "| mean depth | rho | within a factor of two | 95 % interval covers |",
        "|---|---|---|---|",
    ]  # fmt: skip
    for r in found["overdispersions"].itertuples():
        lines.append(f"| {r.depth:,} | {r.rho:g} | {100 * r.within:.1f} | {100 * r.coverage:.1f} |")
    return lines
