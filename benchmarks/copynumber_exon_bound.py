"""What no method can do: homozygous deletions of two exons in FFPE, by depth alone.

    python -m benchmarks.copynumber_exon_bound

Two neighbouring targets of the FFPE library of `copynumber_disturbances` have noise of their own
and drop out at random. The test with the highest power at every rate of false calls is the
likelihood ratio with the true distributions (Neyman and Pearson), here by simulation: noise,
drop-out and counting are known to it exactly, and waves, GC bias and capture lots are left out. Its
false genes per tumour, at the threshold that finds half or 90 % of the deletions, are a lower bound
for any method that sees the depth of targets.
"""

import itertools
import sys

import numpy as np
import pandas as pd

from benchmarks import copynumber_disturbances as disturbed
from benchmarks.copynumber_page import table
from benchmarks.copynumber_patients import MODERN, PANEL
from resistpanel.core.intervals import merge_targets, read_targets

PURITIES = (0.3, 0.5, 0.8)
SENSITIVITIES = (0.5, 0.9)
#: Edges of the histograms of natural log ratios.
EDGES = np.linspace(-6, 3, 451)
DRAWS = 3_000_000


def draw(rng: np.random.Generator, number: int, shift: float) -> np.ndarray:
    """Draw natural log ratios of pairs of neighbouring targets, (pairs, 2)."""
    size, shape = disturbed.FFPE, (number, 2)
    counting = np.sqrt(2 / (2 * MODERN.depth))
    found = rng.normal(0, np.hypot(MODERN.noise, counting), shape)
    found += size.tails * rng.standard_t(4, shape)
    lost = rng.random(shape) < size.dropout
    return found + np.where(lost, np.log(rng.uniform(0.1, 0.7, shape)), 0.0) + shift


def bounds(purity: float, pairs: int, rng: np.random.Generator) -> dict:
    """Return the false genes per tumour of the best test of two targets."""

    def density(x: np.ndarray) -> np.ndarray:
        return np.histogram(np.clip(x, -5.99, 2.99), EDGES, density=True)[0] + 1e-6

    shift = np.log(1 - purity)
    ratio = np.log(density(draw(rng, DRAWS, shift)) / density(draw(rng, DRAWS, 0.0)))

    def score(x: np.ndarray) -> np.ndarray:
        at = ((x - EDGES[0]) / (EDGES[1] - EDGES[0])).astype(int)
        return ratio[np.clip(at, 0, len(ratio) - 1)].sum(axis=1)

    deleted, kept = (score(draw(rng, DRAWS, one)) for one in (shift, 0.0))
    row = {"purity": purity}
    for sensitivity in SENSITIVITIES:
        rate = (kept >= np.quantile(deleted, 1 - sensitivity)).mean()
        row[f"false genes per tumour at a sensitivity of {sensitivity}"] = f"{rate * pairs:.2f}"
    return row


def main() -> int:
    """Print the table."""
    gene = [row.gene for row in merge_targets(read_targets(PANEL))]
    pairs = sum(a == b for a, b in itertools.pairwise(gene))
    rng = np.random.default_rng(1)
    print(table(pd.DataFrame([bounds(purity, pairs, rng) for purity in PURITIES])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
