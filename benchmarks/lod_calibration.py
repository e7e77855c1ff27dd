"""Test the stated limit of detection at model level: sites are drawn from the fitted model.

    python -m benchmarks.lod_calibration --seed 977 --cells 50

A cell is one combination of depth, error rate, homopolymer, number of samples and
overdispersion of errors, drawn by Latin hypercube, in one of the settings of `SETTINGS`. The
limit of detection is stated as the caller states it. Then sites are drawn from the model that
the caller fitted: errors in all samples, with the multiplier of the site shared by the samples
or each sample's own, and the variant in one tumour at an allele frequency equal to the limit.
Every site is evaluated by the caller's model and filters; a variant counts as called if the
record passes and `DET` is 1 in that tumour.

A cell fails if the 99 % interval (Wilson) of the fraction called lies wholly outside 93 to
97 %. A limit is never stated below the error rate of the site: cells of which more are called
because their limit is raised to it are counted apart (`floor`). Where no limit is stated,
frequencies up to 1 are searched for one that is called in 95 %.
"""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm, qmc

from benchmarks import summary
from resistpanel.call import filters, limits
from resistpanel.call.call_constants import INDEL_FLOOR, MIN_DEPTH, PRESENT_BF
from resistpanel.call.errors import error_model
from resistpanel.call.io.pileup import CLASSES, QUALITY_GROUPS
from resistpanel.call.model.posterior import (
    ERROR_CENTRES,
    Admixture,
    Evidence,
    Priors,
    between_centres,
    evaluate,
)

Z99 = float(norm.ppf(0.995))
LOWEST, HIGHEST = 0.93, 0.97
PRIORS = Priors()
THRESHOLD = {f.name: f.threshold for f in filters.FILTERS}


@dataclass(frozen=True)
class Setting:
    """What the reads of a kind of assay are like.

    Attributes
    ----------
    groups : tuple of (quality group, fraction of the fragments, error relative to the others)
    forward : float
        Fraction of F1R2 fragments.
    errors : (float, float)
        Range of error rates, log-uniform.
    contamination : float
        Fraction of another person's DNA in every tumour.
    """

    groups: tuple[tuple[int, float, float], ...]
    forward: float = 0.5
    errors: tuple[float, float] = (1e-6, 1e-2)
    contamination: float = 0.0


RAW = ((1, 0.08, 5.0), (4, 0.62, 0.8), (5, 0.30, 0.1))
SETTINGS = {
    "capture": Setting(RAW),
    "amplicon": Setting(((1, 0.05, 5.0), (4, 0.35, 1.0), (5, 0.60, 0.3)), forward=1.0),
    "consensus": Setting(((6, 0.4, 2.0), (7, 0.6, 0.3)), forward=1.0, errors=(1e-7, 1e-3)),
    "contamination": Setting(RAW, contamination=0.02),
}


@dataclass
class Cell:
    """One combination.

    Attributes
    ----------
    setting : str
    depths : int, (samples,)
    normal : int or None
    sample : int
        The one with the variant.
    error : float
        Mean error rate of the allele.
    homopolymer : int
        Length of the repeat; from 3 on the allele is an indel by one base.
    shape : float
        The site multiplier has density exp(-shape |log m|).
    damage : float
        Fraction of sites with damage of one orientation.
    """

    setting: str
    depths: np.ndarray
    normal: int | None
    sample: int
    error: float
    homopolymer: int
    shape: float
    damage: float
    seed: list[int]
    groups: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rows = SETTINGS[self.setting].groups
        if self.indel:
            rows = ((4, 1.0, 1.0),)
        groups = np.array(rows, float)
        groups[:, 2] *= self.error / (groups[:, 1] * groups[:, 2]).sum()
        self.groups = groups

    @property
    def indel(self) -> bool:
        """Whether the allele is an indel of a homopolymer."""
        return self.homopolymer >= 3

    @property
    def tumors(self) -> list[int]:
        """Indices of the tumours."""
        return [s for s in range(len(self.depths)) if s != self.normal]

    @property
    def admixture(self) -> Admixture:
        """Contamination of the tumours."""
        level = SETTINGS[self.setting].contamination
        return Admixture(contamination=dict.fromkeys(self.tumors, level) if level else {})

    def kinds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return kind, fraction and error of each class of fragments (orientation by quality)."""
        forward = SETTINGS[self.setting].forward
        kind, fraction, error = [], [], []
        for group, part, e in self.groups:
            sides = [(0, forward), (1, 1 - forward)] if group >= error_model.GOOD else [(2, 1.0)]
            for side, share in sides:
                if share > 0:
                    kind.append(side)
                    fraction.append(part * share)
                    error.append(e)
        return np.array(kind), np.array(fraction), np.array(error)

    def _fragments(self) -> np.ndarray:
        """Return the fragments by class and quality group, (samples, CLASSES, QUALITY_GROUPS)."""
        forward = SETTINGS[self.setting].forward
        depth = np.zeros((len(self.depths), CLASSES, QUALITY_GROUPS))
        for group, part, _ in self.groups:
            depth[:, 0, int(group)] = self.depths * part * forward
            depth[:, 3, int(group)] = self.depths * part * (1 - forward)
        return depth

    def multipliers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the log distributions of m, shared (MULTIPLIERS,) and own (samples, 2, ...)."""
        m = error_model.MULTIPLIERS
        shared = np.exp(-self.shape * np.abs(np.log(m)))
        shared /= shared.sum()
        if self.homopolymer >= 4:
            heavy = np.log(error_model.heavy_tailed(error_model.usual()))
            return heavy, np.tile(heavy, (len(self.depths), 2, 1))
        level = np.where(m >= 4, 1.0, 0.0)
        own = (1 - self.damage) * shared + self.damage * level / level.sum()
        log_own = np.tile(np.log(own), (len(self.depths), 2, 1))
        if self.indel:
            return np.log(shared), log_own
        site = self.site()
        depth = np.asarray(self._fragments())
        return error_model.bounded(np.log(shared), log_own, site.expected[0], site.good[0], depth)

    def site(self, log_shared: np.ndarray | None = None, log_own=None) -> Evidence:
        """Return the evidence of one site at which nothing was seen."""
        samples = len(self.depths)
        kind, fraction, error = self.kinds()
        number = self.depths[:, None] * fraction
        expected, good = np.zeros((1, samples, 3)), np.zeros((1, samples, 3))
        for k in range(3):
            expected[0, :, k] = (number * error)[:, kind == k].sum(1)
            good[0, :, k] = number[:, kind == k].sum(1)
        m = len(error_model.MULTIPLIERS)
        return Evidence(
            np.zeros((1, samples, 3, len(ERROR_CENTRES))),
            self.depths[None].astype(float),
            expected,
            good[..., :2],
            np.zeros((1, m)) if log_shared is None else log_shared[None],
            np.zeros((1, samples, 2, m)) if log_own is None else log_own[None],
            np.log([3e-4 if not self.indel else 5e-5]),
        )

    def log_error(self) -> np.ndarray:
        """Return what `limits.Sites.log_error` is, (1, samples, 3, 3)."""
        kind, fraction, error = self.kinds()
        found = np.zeros((1, len(self.depths), 3, 3))
        for k in range(3):
            weight = fraction[kind == k]
            values = np.log(error[kind == k]) if weight.any() else np.log([self.error])
            weight = weight / weight.sum() if weight.any() else np.ones(1)
            mean = (weight * values).sum()
            sd = np.sqrt((weight * (values - mean) ** 2).sum())
            found[0, :, k] = mean, sd, np.log((weight * np.exp(values)).sum())
        return found

    @property
    def stutter(self) -> np.ndarray:
        """Stutter rate as the filter `slippage` compares with, (samples,)."""
        return np.full(len(self.depths), self.error if self.homopolymer >= 3 else 0.0)


def draw_cells(seed: int, number: int, setting: str) -> list[Cell]:
    """Return the combinations of a setting, by Latin hypercube."""
    which = list(SETTINGS).index(setting)
    rng = np.random.default_rng([seed, which])
    unit = qmc.LatinHypercube(d=7, seed=rng).random(number)
    least, most = np.log(SETTINGS[setting].errors)
    cells = []
    for i, u in enumerate(unit):
        first = 2 if SETTINGS[setting].contamination else 1
        samples = first + int(u[3] * (9 - first))
        # Every other combination of several samples has a normal; contamination needs one.
        paired = samples > 1 and (u[4] < 0.6 or first == 2)
        depth = np.exp(np.log(20) + u[0] * np.log(5000))
        depths = depth * np.exp(rng.uniform(-0.7, 0.7, samples))
        sample = 1 if paired else 0
        depths[sample] = depth
        homopolymer = 1 + int(u[2] * 12)
        error = np.exp(least + u[1] * (most - least))
        if homopolymer >= 3:
            # Rates of stutter differ by the tract and, a hundredth as much, by the sample.
            usual = 1e-6 * 2.1 ** (homopolymer - 1)
            error = float(np.clip(usual * np.sqrt(error / 1e-4), INDEL_FLOOR, 0.05))
        cells.append(
            Cell(
                setting, np.maximum(depths.round(), 1).astype(int), 0 if paired else None, sample,
                float(error), homopolymer, 2 + 4 * u[5], 10 ** (-4 + 2 * u[6]), [seed, which, i],
            )
        )  # fmt: skip
    return cells


def stated(cell: Cell) -> float:
    """Return the limit of detection that the caller states, NaN if none."""
    conditions = limits.Conditions(cell.normal, PRIORS, cell.admixture)
    sites = limits.Sites(
        cell.site(*cell.multipliers()), stutter=cell.stutter[None], log_error=cell.log_error()
    )
    return float(limits.detection_limits(sites, cell.sample, conditions)[0])


def drawn(cell: Cell, f: float, number: int, rng: np.random.Generator) -> Evidence:
    """Return the evidence of sites that are drawn with the variant at frequency f."""
    log_shared, log_own = cell.multipliers()
    samples = len(cell.depths)
    kind, fraction, error = cell.kinds()
    m = error_model.MULTIPLIERS
    shared = np.exp(log_shared) / np.exp(log_shared).sum()
    own = rng.random(number) < PRIORS.independent
    factor = np.empty((number, samples, 3))
    factor[:] = m[rng.choice(len(m), number, p=shared)][:, None, None]
    for s in range(samples):
        for side in (0, 1):
            p = np.exp(log_own[s, side]) / np.exp(log_own[s, side]).sum()
            factor[own, s, side] = m[rng.choice(len(m), own.sum(), p=p)]
    # Within a step of the grid, for each sample or each of its orientations.
    shape = error_model.WITHIN_STEP
    within = rng.gamma(shape, 1 / shape, (number, samples, 2))
    factor *= np.where(own[:, None, None], within[:, :, [0, 1, 1]], within[:, :, [0, 0, 0]])
    factor[own, :, 2] = 1.0
    n = cell.depths[:, None] * fraction
    keep = np.where(np.arange(samples) == cell.sample, 1 - f, 1.0)
    rate = np.minimum(factor[:, :, kind] * error, 0.5)
    counts = rng.poisson(rate * n * keep[:, None])
    with_variant = rng.binomial(cell.depths[cell.sample], f, number)
    counts[:, cell.sample] += rng.multinomial(with_variant, fraction / fraction.sum())
    alt = np.minimum(counts.sum(2), cell.depths)
    site = cell.site(log_shared, log_own)
    at, upper = between_centres(error)
    errors = np.zeros((number, samples, 3, len(ERROR_CENTRES)))
    for c in range(len(kind)):
        errors[:, :, kind[c], at[c]] += counts[:, :, c] * (1 - upper[c])
        errors[:, :, kind[c], at[c] + 1] += counts[:, :, c] * upper[c]
    tile = {k: np.repeat(v, number, axis=0) for k, v in vars(site).items() if v is not None}
    return Evidence(**tile | {"errors": errors, "other": cell.depths - alt})


def called(cell: Cell, sites: Evidence) -> np.ndarray:
    """Return which sites pass, with the allele detected in the tumour that has it."""
    posterior = evaluate(sites, cell.normal, PRIORS, None, cell.admixture)
    alt = sites.errors.sum((2, 3))
    of_tumors = np.round(alt[:, cell.tumors])
    passes = (posterior.somatic_phred >= THRESHOLD["weak"]) & (posterior.best == "somatic")
    passes &= of_tumors.max(1) >= THRESHOLD["few_fragments"]
    slip = cell.stutter[cell.tumors].max()
    if slip > 0:
        passes &= (of_tumors / cell.depths[cell.tumors]).max(1) >= THRESHOLD["slippage"] * slip
    shown = posterior.log_bayes_factor[:, cell.sample] >= np.log(PRESENT_BF)
    shown &= np.round(alt[:, cell.sample]) >= 2
    return passes & shown & (cell.depths[cell.sample] >= MIN_DEPTH)


def wilson99(hits: int, number: int) -> tuple[float, float]:
    """Return the 99 % score interval of a proportion."""
    p, zz = hits / number, Z99 * Z99
    middle = (p + zz / (2 * number)) / (1 + zz / number)
    half = Z99 / (1 + zz / number) * np.sqrt(p * (1 - p) / number + zz / (4 * number**2))
    return middle - half, middle + half


def best_frequency(cell: Cell, rng: np.random.Generator, number: int = 300) -> tuple[float, float]:
    """Return the frequency, of a grid up to 1, that is called most often, and how often."""
    grid = np.geomspace(max(3 / cell.depths[cell.sample], 1e-4), 1, 30)
    rate = [called(cell, drawn(cell, min(f, 1.0), number, rng)).mean() for f in grid]
    return float(grid[int(np.argmax(rate))]), float(max(rate))


def measure(cell: Cell, number: int) -> dict:
    """Return one row of the table."""
    rng = np.random.default_rng([*cell.seed, 1])
    row = {
        "setting": cell.setting, "depth": int(cell.depths[cell.sample]), "error": cell.error,
        "homopolymer": cell.homopolymer, "samples": len(cell.depths),
        "normal": 0 if cell.normal is None else int(cell.depths[cell.normal]),
        "shape": cell.shape, "damage": cell.damage, "lod": stated(cell),
    }  # fmt: skip
    if np.isnan(row["lod"]):
        at, rate = best_frequency(cell, rng)
        # A limit is wrongly not stated if one frequency is clearly called in more than 95 %.
        low = wilson99(round(rate * 300), 300)[0]
        return row | {"called": rate, "at": at, "verdict": "missing" if low > 0.95 else "none"}
    hits = int(called(cell, drawn(cell, row["lod"], number, rng)).sum())
    low, high = wilson99(hits, number)
    verdict = "below" if high < LOWEST else "above" if low > HIGHEST else "held"
    expected = cell.site().expected[0, cell.sample].sum()
    if verdict == "above" and row["lod"] <= expected / cell.depths[cell.sample] * (1 + 1e-9):
        verdict = "floor"
    return row | {"called": hits / number, "at": row["lod"], "verdict": verdict}


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many cells of each setting hold the rule."""
    out = []
    for name, frame in [*rows.groupby("setting", sort=False), ("all", rows)]:
        count = frame.verdict.value_counts()
        with_limit = frame[frame.verdict.isin(["held", "below", "above", "floor"])]
        out.append(
            {
                "setting": name, "cells": len(frame), "with a limit": len(with_limit),
                "hold": int(count.get("held", 0)),
                "called in less": int(count.get("below", 0)),
                "called in more": int(count.get("above", 0)),
                "limit raised to the error rate": int(count.get("floor", 0)),
                "least called": with_limit.called.min() if len(with_limit) else np.nan,
                "most called": with_limit.called.max() if len(with_limit) else np.nan,
                "no limit": int(count.get("none", 0)),
                "limit missing": int(count.get("missing", 0)),
            }
        )  # fmt: skip
    return pd.DataFrame(out)


def page(given: str, tables: pd.DataFrame, failed: pd.DataFrame) -> str:
    """Return the page of docs/validation."""
    text = (
        "# Limits of detection at model level\n\n"
        f"`python -m benchmarks.lod_calibration {given}`\n\n"
        "Each cell is a combination of depth (20 to 100,000), error rate, homopolymer (1 to 12), "
        "samples (1 to 8) and overdispersion of errors, drawn by Latin hypercube. Sites are drawn "
        "from the fitted model with the variant at the stated LOD: errors in all samples, the "
        "variant in one tumour. Called means that the filters that depend on counts pass and that "
        "`DET` is 1 in that tumour.\n\n"
        "A cell holds unless the 99 % interval of the fraction called is wholly outside 93 to "
        "97 %. A limit is never below the error rate of the site; cells of which more are called "
        "for that are counted apart. So are cells without a limit; a limit is missing if some AF "
        "is called in clearly more than 95 %.\n\n" + summary.markdown(tables)
    )
    if len(failed):
        text += "\n\n## Cells that do not hold\n\n" + summary.markdown(failed)
    return text.rstrip() + "\n"


def main(argv: list[str] | None = None) -> int:
    """Run the calibration."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--cells", type=int, default=50, help="of each setting")
    parser.add_argument("--draws", type=int, default=2000, help="sites drawn in each cell")
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--output", help="rows of all cells (TSV)")
    parser.add_argument("--page", type=Path, help="write the tables to this page (Markdown)")
    args = parser.parse_args(argv)
    rows = []
    for setting in args.settings:
        for cell in draw_cells(args.seed, args.cells, setting):
            rows.append(measure(cell, args.draws))
        print(f"{setting}: done", file=sys.stderr)
    rows = pd.DataFrame(rows)
    if args.output:
        rows.to_csv(args.output, sep="\t", index=False, float_format="%.4g")
    print(summary.markdown(table(rows)))
    failed = rows[~rows.verdict.isin(["held", "none", "floor"])]
    failed = failed.drop(columns=["shape", "damage", "at"])
    if len(failed):
        print("\n" + summary.markdown(failed))
    if args.page:
        given = f"--seed {args.seed} --cells {args.cells} --draws {args.draws}"
        args.page.write_text(page(given, table(rows), failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
