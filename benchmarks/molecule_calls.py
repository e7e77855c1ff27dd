"""Calls and false calls in deep plasma beside an ordinary normal, at the level of the model.

    python -m benchmarks.molecule_calls --seed N [--sites 1e8] [--variants 4000]
    python -m benchmarks.molecule_calls --seed N --molecules --cells 50

A site has a normal of 1,000 fragments without UMIs and a plasma of duplex, simplex and single
molecules. Errors are drawn from the model that the caller fits: learned rates by tier, a multiplier
that the samples share, or one of each sample and orientation. What is called is asked of the
caller's posterior and Bayes factor. A variant of k molecules has them in the tiers by chance, with
errors besides. Counts that occur together are evaluated once.

With --cells the limit of detection is tested: at settings drawn by Latin hypercube (molecules,
depth of the normal, fractions of the tiers, error rates), variants are drawn at the LOD that the
caller's code states, and the fraction called is compared with 95 %, as `lod_calibration` does.
Overdispersion of allele counts, by which a stated LOD is raised, is not drawn.
"""

import argparse
from collections import Counter

import numpy as np
import pandas as pd
from scipy.stats import qmc

from benchmarks import summary
from benchmarks.lod_calibration import HIGHEST, LOWEST, wilson99
from resistpanel.call import limits
from resistpanel.call.call_constants import PRESENT_BF
from resistpanel.call.errors.error_model import MULTIPLIERS, WITHIN_STEP
from resistpanel.call.filters import FILTERS
from resistpanel.call.model.posterior import (
    ERROR_CENTRES,
    Evidence,
    Priors,
    between_centres,
    evaluate,
)
from resistpanel.call.planning import (
    BASES,
    DUPLEX,
    NORMAL,
    PLASMA,
    READ,
    SIMPLEX,
    Planned,
    evidence,
)
from resistpanel.core.stats import clopper_pearson_interval

WEAK = next(f.threshold for f in FILTERS if f.name == "weak")
FEW = next(int(f.threshold) for f in FILTERS if f.name == "few_fragments")
#: What the caller learns in simulated plasma of families of 1 to 5 copies a strand, damage of 1e-5
#: and jackpots, and in a normal of reads (resources/demo/plasma.yaml): errors per base by quality
#: group, and the fractions of duplex, simplex and single-copy molecules.
RATES = (0.045, 0.0025, 0.0027, 0.0015, 2.3e-4, 3e-5, 1.3e-5, 3e-7)
PARTS = 0.50, 0.35, 0.15
#: Kind of evidence and error group of the columns of a pattern: reads of the normal by orientation,
#: then duplex and simplex molecules of the plasma by orientation, and single copies.
COLUMNS = (
    (NORMAL, 0, READ), (NORMAL, 1, READ), (PLASMA, 0, DUPLEX), (PLASMA, 1, DUPLEX),
    (PLASMA, 0, SIMPLEX), (PLASMA, 1, SIMPLEX), (PLASMA, 2, READ),
)  # fmt: skip
CHUNK = 2_000_000


class Setting:
    """A depth of plasma and normal.

    Attributes
    ----------
    site : Evidence
        Without the allele.
    """

    def __init__(self, molecules: int, assay: Planned, by_group: tuple = RATES) -> None:
        self.molecules, self.assay, self.by_group = molecules, assay, by_group
        self.site, self.log_error = evidence(molecules, assay, by_group)
        duplex, simplex, single = assay.tiers()
        of_tier = {DUPLEX: duplex / 2, SIMPLEX: simplex / 2, READ: single}
        self.tiers = np.array([of_tier[group] for _, _, group in COLUMNS[2:]])
        depth = [assay.normal / 2] * 2 + list(molecules * self.tiers)
        self.rates = np.array([by_group[group] / BASES for *_, group in COLUMNS]) * depth
        self.known: dict[bytes, tuple[bool, str]] = {}

    def errors(self, rng: np.random.Generator, sites: int) -> np.ndarray:
        """Draw the errors of sites, (sites, COLUMNS)."""
        shared = np.exp(self.site.log_shared[0])
        own = np.exp(self.site.log_own[0, PLASMA, 0])
        common = rng.choice(MULTIPLIERS, sites, p=shared / shared.sum())
        alone = rng.random(sites) < Priors().independent
        # Within a step of the grid: of each sample, or of each of its orientations.
        within = rng.gamma(WITHIN_STEP, 1 / WITHIN_STEP, (sites, 4))
        m = common[:, None] * within[:, [2 * sample for sample, *_ in COLUMNS]]
        draws = rng.choice(MULTIPLIERS, (int(alone.sum()), 4), p=own / own.sum()) * within[alone]
        # Of each sample and orientation; single copies are of either, at the average rate.
        for column, (sample, side, _) in enumerate(COLUMNS):
            m[alone, column] = draws[:, 2 * sample + side] if side < 2 else 1.0
        return rng.poisson(m * self.rates)

    def limit(self) -> float:
        """Return the LOD that the caller states, without overdispersion; NaN if none."""
        sites = limits.Sites(self.site, log_error=self.log_error)
        conditions = limits.Conditions(NORMAL, self.assay.priors())
        return float(limits.detection_limits(sites, PLASMA, conditions)[0])

    def at(self, frequency: float, number: int, rng: np.random.Generator) -> np.ndarray:
        """Return which variants at a frequency are called, bool (number,)."""
        counts = self.errors(rng, number)
        k = rng.binomial(self.molecules, frequency, number)
        counts[:, 2:] += rng.multinomial(k, self.tiers / self.tiers.sum())
        return self.called(counts)[0]

    def called(self, counts: np.ndarray) -> tuple[np.ndarray, Counter]:
        """Return whether each pattern is called, and why the others are not."""
        patterns, inverse = np.unique(counts, axis=0, return_inverse=True)
        new = [p for p in patterns if p.tobytes() not in self.known]
        for start in range(0, len(new), 200):
            self._evaluate(np.array(new[start : start + 200]))
        found = [self.known[p.tobytes()] for p in patterns]
        inverse = inverse.reshape(-1)
        why = Counter(np.array([w for _, w in found])[inverse].tolist())
        return np.array([c for c, _ in found])[inverse], why

    def _evaluate(self, patterns: np.ndarray) -> None:
        one, n = self.site, len(patterns)
        errors = np.zeros((n, 2, 3, len(ERROR_CENTRES)))
        for column, (sample, side, group) in enumerate(COLUMNS):
            at, upper = between_centres(np.array([self.by_group[group] / BASES]))
            errors[:, sample, side, at[0]] += patterns[:, column] * (1 - upper[0])
            errors[:, sample, side, at[0] + 1] += patterns[:, column] * upper[0]
        many = Evidence(
            errors, one.other - errors.sum((2, 3)),
            *(np.repeat(x, n, axis=0) for x in (one.expected, one.good, one.log_shared,
                                                one.log_own)),
        )  # fmt: skip
        found = evaluate(many, NORMAL, self.assay.priors())
        enough = patterns[:, 2:].sum(1) >= FEW
        detected = found.log_bayes_factor[:, PLASMA] >= np.log(PRESENT_BF)
        artifact = found.log_artifact > found.log_null
        for i, pattern in enumerate(patterns):
            strong = found.somatic_phred[i] >= WEAK
            called = bool(strong and enough[i] and detected[i])
            model = "artefact" if artifact[i] else "errors"
            why = "called" if called else "few" if not enough[i] else model
            self.known[pattern.tobytes()] = called, why


def variants(setting: Setting, k: int, number: int, rng: np.random.Generator) -> dict:
    """Return how often a variant of k molecules is called."""
    counts = setting.errors(rng, number)
    counts[:, 2:] += rng.multinomial(k, setting.tiers / setting.tiers.sum(), number)
    called, why = setting.called(counts)
    low, high = clopper_pearson_interval(int(called.sum()), number)
    return {
        "molecules": setting.molecules, "of the variant": k, "n": number,
        "called": called.mean(), "low": float(low), "high": float(high),
        "artefact": why["artefact"] / number, "errors": why["errors"] / number,
    }  # fmt: skip


def nulls(setting: Setting, sites: int, rng: np.random.Generator) -> dict:
    """Return the false calls at sites without a variant."""
    false = 0
    for start in range(0, sites, CHUNK):
        counts = setting.errors(rng, min(CHUNK, sites - start))
        false += int(setting.called(counts[counts[:, 2:].sum(1) >= FEW])[0].sum())
    low, high = (float(x) for x in clopper_pearson_interval(false, sites))
    mb = 1e6 * BASES
    return {
        "molecules": setting.molecules, "sites": sites, "false": false,
        "per Mb": false / sites * mb, "low": low * mb, "high": high * mb,
    }  # fmt: skip


def draw_settings(rng: np.random.Generator, number: int) -> list[Setting]:
    """Return settings by Latin hypercube: 300 to 100,000 molecules, normals of 100 to 5,000."""
    unit = qmc.LatinHypercube(d=6, rng=rng).random(number)
    found = []
    for u in unit:
        molecules = round(float(np.exp(np.log(300) + u[0] * np.log(100_000 / 300))))
        normal = round(float(np.exp(np.log(100) + u[1] * np.log(50))))
        duplex = 0.05 + 0.75 * u[2]
        single = (1 - duplex) * (0.05 + 0.6 * u[3])
        assay = Planned(normal=normal, parts=(duplex, 1 - duplex - single, single))
        # Rates of reads and molecules, a third to three times what was learned.
        by_read, by_molecule = np.exp((2 * u[4:] - 1) * np.log(3))
        factor = np.where(np.arange(len(RATES)) < SIMPLEX, by_read, by_molecule)
        found.append(Setting(molecules, assay, tuple(np.array(RATES) * factor)))
    return found


def coverage(setting: Setting, number: int, rng: np.random.Generator) -> dict:
    """Return how often a variant at the LOD is called, and whether that is 93 to 97 %."""
    lod = setting.limit()
    duplex, _, single = setting.assay.tiers()
    row = {"molecules": setting.molecules, "normal": setting.assay.normal, "duplex": duplex,
           "single": single, "lod": lod}  # fmt: skip
    if np.isnan(lod):
        return row | {"verdict": "no limit"}
    hits = int(setting.at(lod, number, rng).sum())
    low, high = wilson99(hits, number)
    verdict = "low" if high < LOWEST else "high" if low > HIGHEST else "holds"
    return row | {"called": hits / number, "verdict": verdict}


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--molecules", type=int, nargs="*", default=[4000, 10000, 20000])
    parser.add_argument("--normal", type=float, default=1000)
    parser.add_argument("--sites", type=float, default=1e8, help="alleles without a variant")
    parser.add_argument("--variants", type=int, default=4000)
    parser.add_argument("--cells", type=int, default=0, help="settings in which LOD is tested")
    parser.add_argument("--draws", type=int, default=2000, help="variants of each of these")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    called, false = [], []
    for molecules in args.molecules:
        setting = Setting(molecules, Planned(normal=args.normal, parts=PARTS))
        called += [variants(setting, k, args.variants, rng) for k in (4, 5, 6, 7, 8, 12)]
        print(summary.markdown(pd.DataFrame(called[-6:])), flush=True)
        if args.sites:
            false.append(nulls(setting, int(args.sites), rng))
            print(summary.markdown(pd.DataFrame(false[-1:])), flush=True)
    if args.cells:
        rows = [coverage(one, args.draws, rng) for one in draw_settings(rng, args.cells)]
        table = pd.DataFrame(rows)
        print(summary.markdown(table))
        print(table["verdict"].value_counts().to_string())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
