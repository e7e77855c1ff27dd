"""The stated LOD tested on reads: 24 combinations of depth, number of tumours and kind of variant.

    python -m benchmarks.lod_reads --seed N --draws 300

For each depth and number of tumours a patient without somatic variants is made (ART, bwa) and
called with random sites asked for, which gives each site and tumour its LOD. Then the variants are
put into the reads of one tumour each at their LOD, few at a time since at that AF they are counted
as errors in part, and the patient is called anew. A combination holds unless the 99 % interval of
the fraction called is wholly outside 93 to 97 %.
"""

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from benchmarks import calibration, genome, summary, trio
from benchmarks.evaluate import fetcher
from benchmarks.fragments import Library
from benchmarks.lod_calibration import wilson99
from benchmarks.variants import Variant, context, kind

DEPTHS, TUMOURS = (100, 300, 1000, 2500), (1, 3)
#: Bases of a homopolymer from which on its indels are a kind of their own.
RUN = 5
KINDS = ("SNV", "indel", "homopolymer indel")
#: The deepest patients have fewer targets.
GENES = {2500: ("BRCA2", "KIT", "EGFR", "TET2"), 1000: genome.GENES[:8]}


def propose(rng: np.random.Generator, chrom: str, pos: int, fetch) -> Variant | None:
    """Draw an SNV, an indel of 1 to 20 bases, or one base more or less in a homopolymer."""
    which = str(rng.choice(KINDS, p=(0.25, 0.25, 0.5)))  # few positions are near a homopolymer
    if which != KINDS[2]:
        return calibration._propose(rng, chrom, pos, which == KINDS[1], fetch)
    sequence, offset = fetch(chrom, pos, pos + 80)
    for i in range(len(sequence) - RUN):
        base = sequence[i]
        if base in "ACGT" and sequence[i : i + RUN] == base * RUN:
            at = offset + i
            return (
                Variant(chrom, at, base, "") if rng.random() < 0.5 else Variant(chrom, at, "", base)
            )
    return None


def kind_of(variant: Variant, fetch) -> str:
    """Return which of `KINDS` a site is."""
    sequence, offset = fetch(variant.chrom, variant.pos - 300, variant.end + 300)
    if kind(variant, sequence, offset) in ("SNV", "MNV"):
        return KINDS[0]
    one = abs(len(variant.ref) - len(variant.alt)) == 1
    return KINDS[2] if one and context(variant, sequence, offset)[0] >= RUN else KINDS[1]


def measure(data: trio.Trio, draws: int, per_pass: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return a row for each site and tumour that a variant was put into."""
    tumours = data.settings.samples
    number = math.ceil(1.6 * len(KINDS) * draws / len(tumours))
    sites = calibration.draw_sites(rng, data, number, 0.0, propose=propose)
    folder = data.folder / "lod"
    folder.mkdir(exist_ok=True)
    every = folder / "every.vcf"
    calibration.write_sites(every, sites, data.reference)
    first = calibration.call(data, data.tumours, folder / "first.vcf.gz", ["--sites", str(every)])
    rows = []
    with pysam.FastaFile(str(data.reference)) as fasta:
        fetch = fetcher(fasta)
        for i, site in enumerate(sites):
            for sample in tumours:
                lod = first[site].samples[sample]["lod"]
                rows.append({"site": i, "kind": kind_of(site, fetch), "sample": sample, "lod": lod})
    stated = pd.DataFrame(rows)
    without = stated[stated.lod.isna() | (stated.lod > 0.5)]
    stated = stated.drop(without.index).sample(frac=1, random_state=int(rng.integers(2**31)))
    stated = stated.groupby("kind").head(draws).assign(multiple=1.0, af=lambda t: t.lod)
    # Without this the last ones would all be of the kind that is drawn most often.
    stated = stated.sample(frac=1, random_state=int(rng.integers(2**31)))
    passes: list[dict[int, int]] = []
    for row, site in zip(stated.index, stated.site, strict=True):
        room = next((p for p in passes if len(p) < per_pass and site not in p), None)
        if room is None:
            room = {}
            passes.append(room)
        room[site] = row
    done = [
        calibration.run_pass(data, stated.loc[list(p.values())].copy(), sites, n, folder, True)
        for n, p in enumerate(passes)
    ]
    return pd.concat([*done, without], ignore_index=True)


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many are called in each combination."""
    found = []
    for (depth, tumours, which), every in rows.groupby(["depth", "tumours", "kind"]):
        part = every[every.forced_called.notna()]
        n, hits = len(part), int(part.forced_called.sum())
        low, high = wilson99(hits, n)
        found.append(
            {"depth": depth, "tumours": tumours, "kind": which, "drawn": n,
             "median LOD": part.lod.median(), "called": hits / max(n, 1), "99 % low": low,
             "99 % high": high, "holds": "yes" if low <= 0.97 and high >= 0.93 else "no",
             "without a LOD up to 0.5": len(every) - n}
        )  # fmt: skip
    return pd.DataFrame(found)


def main(argv: list[str] | None = None) -> int:
    """Make the patients, put the variants in, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=300, help="per combination")
    parser.add_argument("--per-pass", type=int, default=30, help="variants in the reads at once")
    parser.add_argument("--depths", type=int, nargs="+", default=list(DEPTHS))
    parser.add_argument("--tumours", type=int, nargs="+", default=list(TUMOURS), choices=TUMOURS)
    parser.add_argument("--work", type=Path, default=genome.WORK)
    args = parser.parse_args(argv)
    parts = []
    for depth in args.depths:
        settings = trio.Settings(
            seed=args.seed, tumours=max(TUMOURS), library=Library(depth=depth), density=0.0,
            genes=GENES.get(depth, genome.GENES),
        )  # fmt: skip
        every = trio.make(settings, args.work)
        for tumours in args.tumours:
            # Without somatic variants, the reads of a tumour do not depend on how many there are.
            data = replace(every, settings=replace(settings, tumours=tumours))
            rng = np.random.default_rng([args.seed, depth, tumours])
            part = measure(data, args.draws, args.per_pass, rng)
            parts.append(part.assign(depth=depth, tumours=tumours))
            print(summary.markdown(table(parts[-1])), file=sys.stderr, flush=True)
    rows = pd.concat(parts, ignore_index=True)
    folder = args.work / "results" / "lod_reads"
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / "rows.tsv", sep="\t", index=False)
    print(summary.markdown(table(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
