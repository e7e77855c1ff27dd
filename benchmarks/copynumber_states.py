"""States of variant pairs whose purities and copy numbers differ, through compare's functions."""

import numpy as np
import pandas as pd

from resistpanel.compare.evidence import DEFAULT_ERROR, View
from resistpanel.compare.purity import Locus, Purity
from resistpanel.compare.states import decide
from resistpanel.core.stats import clopper_pearson_upper, jeffreys_interval
from resistpanel.core.vcf import Genotype

#: Error of a purity estimate: standard deviation, and the stated 95 % half-width.
PURITY_SD, PURITY_MARGIN = 0.02, 0.04
#: Error of the logarithm of a changed gene's amount of DNA, as of copynumber's log2 ratios.
AMOUNT_SD = 0.04
#: A call needs so many fragments; at the error rate fewer can be errors.
LEAST_FRAGMENTS = 4
#: Truth: (cancer cell fraction before, after) given a drawn one; undecided answers are not wrong.
TRUTHS = ("acquired", "lost", "stable", "rising", "falling")
OPEN = {"undetermined", "emergent", "not covered"}


def fractions(truth: str, rng: np.random.Generator) -> tuple[float, float]:
    """Return the fractions of tumour cells with the variant, before and after."""
    if truth in {"acquired", "lost"}:
        one = float(rng.uniform(0.15, 1.0))
        return (0.0, one) if truth == "acquired" else (one, 0.0)
    if truth == "stable":
        one = float(rng.uniform(0.15, 1.0))
        return one, one
    high = float(rng.uniform(0.5, 1.0))
    low = high / float(rng.uniform(2.5, 5))
    return (low, high) if truth == "rising" else (high, low)


def evidence(af: float, depth: int, rng: np.random.Generator) -> Genotype:
    """Draw counts and what the caller would state of them."""
    alt = int(rng.binomial(depth, af * (1 - DEFAULT_ERROR) + (1 - af) * DEFAULT_ERROR))
    low, high = map(float, jeffreys_interval(alt, depth))
    ub = float(clopper_pearson_upper(alt, depth))
    return Genotype(
        ad=(depth - alt, alt),
        depth=depth,
        af=alt / depth,
        low=low,
        high=high,
        lod=8 / depth,
        ub=ub,
        detected=alt >= LEAST_FRAGMENTS,
    )


def draw(rng: np.random.Generator, truth: str) -> tuple[View, View]:
    """Draw a variant before and after."""
    before, after = fractions(truth, rng)
    views = []
    total = int(rng.choice([1, 2, 2, 2, 3, 4]))
    for ccf in (before, after):
        purity = float(rng.uniform(0.25, 0.9))
        copies = total if rng.random() < 0.8 else 2
        af = purity * ccf / (purity * copies + 2 * (1 - purity))
        told = float(np.clip(purity + rng.normal(0, PURITY_SD), 0.05, 1))
        # Copies as copynumber gives them: the baseline where they are unchanged, else from the
        # amount of DNA, with its error and the purity's.
        stated, error = 2.0, 0.0
        if copies != 2:
            amount = (purity * copies + 2 * (1 - purity)) * np.exp(rng.normal(0, AMOUNT_SD))
            stated, error = max((amount - 2 * (1 - told)) / told, 0.0), AMOUNT_SD
        locus = Locus(
            Purity(told, max(told - PURITY_MARGIN, 0.01), min(told + PURITY_MARGIN, 1), "joint"),
            stated,
            amount_sd=error,
        )
        depth = int(np.exp(rng.uniform(np.log(100), np.log(1000))))
        views.append(View(evidence(af, depth, rng), locus))
    return views[0], views[1]


def state_table(pairs: int) -> pd.DataFrame:
    """Return one row per pair: the truth, and the state with and without purities."""
    rows = []
    for number in range(pairs):
        rng = np.random.default_rng([number, 900])
        truth = TRUTHS[number % len(TRUTHS)]
        pre, post = draw(rng, truth)
        blind = [View(view.evidence, Locus(Purity())) for view in (pre, post)]
        rows.append(
            {
                "truth": truth,
                "state": decide(pre, post).state,
                "without purity": decide(*blind).state,
            }
        )
    return pd.DataFrame(rows)


def summarise_states(table: pd.DataFrame) -> pd.DataFrame:
    """Return right, left open and wrong, with purities and without."""
    rows = []
    for column, label in (("state", "purity known"), ("without purity", "purity not known")):
        for truth in (*TRUTHS, "all"):
            part = table if truth == "all" else table[table["truth"] == truth]
            right = int((part[column] == part["truth"]).sum())
            left = int(part[column].isin(OPEN).sum())
            told = len(part) - left
            rows.append(
                {
                    "": label,
                    "truth": truth,
                    "pairs": len(part),
                    "right": right,
                    "left open": left,
                    "wrong": told - right,
                    "correct, of those decided": f"{100 * right / told:.1f} %" if told else "-",
                }
            )
    return pd.DataFrame(rows)
