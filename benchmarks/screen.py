"""Simulated mutagenesis screens: what is recovered, and what is called that was not planted.

    python -m benchmarks.screen --seeds 40

Each screen has 1,000 surviving clones over 393 codons, 20 planted resistant substitutions among
them, and one chance change per clone on average; counts of codons are drawn at one depth. A
substitution is false if it is called recurrent and was not planted. Prints the table of
docs/screen.md.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from benchmarks.genome import ROOT
from resistpanel.extras.count_codons import Coding
from resistpanel.extras.extras_constants import EXPECTED_FALSE
from resistpanel.extras.recurrence import evaluate

sys.path.insert(0, str(ROOT / "tests" / "screen"))
import conftest as simulated

#: Clones that carry each planted substitution are drawn from these.
SIZES = (1, 2, 3, 5, 6, 7, 8, 10, 15, 30, 80)
#: Reading errors: share of the reads that show each change by one base.
ERROR = 5e-5
CLASSES = ((1, 4), (5, 5), (6, 6), (7, 7), (8, 9), (10, 19), (20, 99))


@dataclass
class Tally:
    """Planted substitutions by true number of carriers, recovered ones, false ones."""

    planted: Counter = field(default_factory=Counter)
    found: Counter = field(default_factory=Counter)
    false: int = 0
    told: list = field(default_factory=list)


def run(seeds: int, depth: int, control: bool, spread: float, allowed: float) -> Tally:
    """Return the tally of so many screens."""
    tally = Tally()
    for seed in range(seeds):
        rng = np.random.default_rng(5000 + seed)
        coding = simulated.random_coding(rng)
        sizes = [int(size) for size in rng.choice(SIZES, 20)]
        library = simulated.resistant_library(rng, coding, sizes)
        shares = rng.lognormal(0, spread, len(library.clones)) if spread else None
        shares = None if shares is None else shares / shares.sum()
        drug = simulated.counts(rng, library, depth, ERROR, shares)
        untreated = simulated.saturating(rng, coding, depth, ERROR) if control else None
        span = Coding("cdna", 0, len(coding), coding)
        result = evaluate(drug, untreated, span, 1000, 0.004, allowed)
        named = {row.short for row in result.rows if row.recurrent}
        tally.told.append(result.clones.effective)
        tally.false += len(named - set(library.planted))
        for short in library.planted:
            carriers = round(1000 * library.share(short))
            tally.planted[carriers] += 1
            tally.found[carriers] += short in named
    return tally


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    args = parser.parse_args()
    heads = [f"{low} to {high}" if high > low else str(low) for low, high in CLASSES]
    print(f"| depth | control | clone sizes | allowed | false in {args.seeds} screens | "
          + " | ".join(f"{head} of 1,000" for head in heads) + " |")  # fmt: skip
    print("|" + "---|" * (5 + len(heads)))
    for depth, control, spread, allowed in (
        (100_000, True, 0.0, EXPECTED_FALSE),
        (100_000, True, 0.0, 0.01),
        (100_000, False, 0.0, EXPECTED_FALSE),
        (20_000, True, 0.0, EXPECTED_FALSE),
        (50_000, True, 1.0, EXPECTED_FALSE),
    ):
        tally = run(args.seeds, depth, control, spread, allowed)
        cells = []
        for low, high in CLASSES:
            planted = sum(tally.planted[n] for n in range(low, high + 1))
            found = sum(tally.found[n] for n in range(low, high + 1))
            cells.append(f"{found}/{planted}")
        sizes = f"log-normal, {spread:g}" if spread else "equal"
        print(f"| {depth:,} | {'yes' if control else 'no'} | {sizes} | {allowed:g} | "
              f"{tally.false} | {' | '.join(cells)} |", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
