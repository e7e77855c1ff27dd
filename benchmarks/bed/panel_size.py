"""Does the size of the panel change what is called? One data set, called through small BEDs.

    python -m benchmarks.bed.panel_size --seed 7
    python -m benchmarks.bed.panel_size --seed 7 --patients 4
    python -m benchmarks.bed.panel_size --seed 7 --observations 400 --sizes 300

Of each patient of the assay ``capture``, panels of 300, 1,000 and 3,000 bases are drawn, each of
pieces of 100 bases, half of which lie over a true variant. Each panel is called by itself: its
error rates are learned from its own bases alone. A true variant of a panel is an observation. Its
call is compared with the call of the same variant by all targets together. Panels are drawn until
there are enough observations. The interval of the difference is given twice: Newcombe's over the
observations, and, as the variants are those of few patients and each is observed many times, of a
bootstrap over variants.
"""

import argparse
import contextlib
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bed import assay as assays
from benchmarks.bed import genome, run, score
from benchmarks.bed.statistics import Paired, paired, poisson_ratio
from resistpanel.call.caller import Caller
from resistpanel.call.settings import Settings

SIZES = (300, 1000, 3000)
PIECE, AIMED = 100, 0.5
RESAMPLED = 2000
DRAWN_AT_ONCE = 32


@dataclass(frozen=True)
class Observed:
    """One panel: its true variants, by patient, and whether they were called; its false calls."""

    variants: tuple[tuple, ...]
    found: tuple[bool, ...]
    false: tuple[tuple, ...]
    bases: int


def spans_of(truth: score.Truth, bases: int, rng: np.random.Generator) -> list:
    """Draw the targets of a panel, 0-based half-open, sorted, not closer than 10 bases."""
    spans: list[tuple[str, int, int]] = []
    for _ in range(20 * bases // PIECE):
        if sum(e - s for _, s, e in spans) >= bases:
            break
        contig, start, end = run._piece(truth, PIECE, rng.random() < AIMED, rng)
        if all(c != contig or end + 10 < s or e + 10 < start for c, s, e in spans):
            spans.append((contig, start, end))
    return sorted(spans)


def call(folder: Path, spans: list | None) -> Observed:
    """Call the patient by some targets, or by all; compare with the truth."""
    with tempfile.TemporaryDirectory() as scratch:
        targets = folder / "targets.bed"
        if spans is not None:
            targets = Path(scratch) / "panel.bed"
            targets.write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in spans))
        output = Path(scratch) / "calls.vcf.gz"
        samples = json.loads((folder / "patient.json").read_text())["samples"]
        tumours = [str(folder / f"{name}.bam") for name in samples if name != "normal"]
        settings = Settings(
            reference=str(folder / "reference.fa"),
            targets=str(targets),
            tumors=tumours,
            normal=str(folder / "normal.bam"),
        )
        with contextlib.redirect_stderr(None):
            Caller(settings).run(str(output))
        ref = genome.reference()
        truth = score.read_truth(folder, targets)
        found = score.score(ref, truth, score.read_calls(output, ref))
    keys = ["contig", "start", "ref", "alt"]
    rows = found.variants
    names, false = (
        [(folder.name, *row) for row in table[keys].itertuples(index=False)] if len(table) else []
        for table in (rows, found.false)
    )
    return Observed(
        tuple(names), tuple(rows["found"]) if len(rows) else (), tuple(false), truth.bases
    )


def observe(folder: Path, bases: int, wanted: int, seed: int) -> list[Observed]:
    """Draw and call panels until `wanted` true variants were observed."""
    rng = np.random.default_rng([seed, bases])
    truth = score.read_truth(folder)
    panels: list[Observed] = []
    with ProcessPoolExecutor(2) as pool:
        while sum(len(p.variants) for p in panels) < wanted:
            drawn = [spans_of(truth, bases, rng) for _ in range(DRAWN_AT_ONCE)]
            panels += pool.map(call, [folder] * len(drawn), drawn)
    return panels


def bootstrap(
    keys: list[tuple], small: np.ndarray, whole: np.ndarray, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of the difference of recall, variants being resampled."""
    names = sorted(set(keys))
    index = {name: k for k, name in enumerate(names)}
    group = np.array([index[key] for key in keys])
    difference = np.bincount(group, small.astype(float) - whole, len(names))
    number = np.bincount(group, minlength=len(names))
    rng = np.random.default_rng([seed, 95])
    drawn = rng.integers(0, len(names), (RESAMPLED, len(names)))
    means = difference[drawn].sum(1) / number[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def compared(
    panels: list[Observed], wholes: list[Observed], seed: int
) -> tuple[Paired, tuple, dict]:
    """Compare the calls of the panels with those of all targets at the same variants.

    `wholes` holds one call by all targets for each patient.
    """
    of_whole = {
        name: found
        for whole in wholes
        for name, found in zip(whole.variants, whole.found, strict=True)
    }
    keys = [key for panel in panels for key in panel.variants if key in of_whole]
    small = np.array(
        [
            found
            for panel in panels
            for key, found in zip(panel.variants, panel.found, strict=True)
            if key in of_whole
        ]
    )
    same = np.array([of_whole[key] for key in keys])
    bases = sum(panel.bases for panel in panels)
    false = sum(len(panel.false) for panel in panels)
    false_whole = sum(len(whole.false) for whole in wholes)
    bases_whole = sum(whole.bases for whole in wholes)
    rates = {
        "false": false,
        "megabases": bases / 1e6,
        "false of all targets": false_whole,
        "megabases of all targets": bases_whole / 1e6,
        "p": poisson_ratio(false, bases, false_whole, bases_whole),
    }
    return paired(small, same), bootstrap(keys, small, same, seed), rates


def main(argv: list[str] | None = None) -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=1, metavar="N",
                        help="so many patients, of the seed and those that follow it")  # fmt: skip
    parser.add_argument("--observations", type=int, default=2000, help="of all patients together")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    args = parser.parse_args(argv)
    seeds = [args.seed + k for k in range(args.patients)]
    folders = [assays.simulate(assays.ASSAYS["capture"], seed) for seed in seeds]
    wholes = [call(folder, None) for folder in folders]
    each = -(-args.observations // len(seeds))
    print(
        "| bases | panels | observations (variants) | recall, panel | recall, all targets "
        "| difference, 95 % over observations; over variants | false calls per Mb, panel "
        "| all targets |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for bases in args.sizes:
        panels = [
            panel
            for folder, seed in zip(folders, seeds, strict=True)
            for panel in observe(folder, bases, each, seed)
        ]
        pair, (low, high), rates = compared(panels, wholes, args.seed)
        n = pair.both + pair.first + pair.second + pair.neither
        names = {key for panel in panels for key in panel.variants}
        print(
            f"| {bases:,} | {len(panels):,} | {n:,} ({len(names)}) "
            f"| {(pair.both + pair.first) / n:.3f} | {(pair.both + pair.second) / n:.3f} "
            f"| {100 * pair.difference:+.2f} points ({100 * pair.low:+.2f} to "
            f"{100 * pair.high:+.2f}; {100 * low:+.2f} to {100 * high:+.2f}) "
            f"| {rates['false'] / rates['megabases']:.2f} ({rates['false']} in "
            f"{rates['megabases']:.2f} Mb) | {rates['false of all targets']} in "
            f"{rates['megabases of all targets']:.3f} Mb, p {rates['p']:.2f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
