"""Test the limits that the caller states: LOD and UB, by putting variants where it stated them.

    python -m benchmarks.calibration --seeds 31 32 --sites 550

1. A patient without somatic variants is called with random sites forced: each site and tumour
   gets its LOD, the lowest AF that would have been called there with 95 % probability.
2. Variants are put into the reads of one tumour at AF = LOD (and multiples of it), few at a time,
   so that they do not count as errors, and the patient is called anew, with the sites asked for,
   which is what a LOD is stated of, and without. At the LOD itself 93 to 97 % should be called.
3. With the sites forced, UB, the 95 % upper bound of the AF, should lie at or above the true AF
   in 93 % of the site-samples or more.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from benchmarks import calls as callers
from benchmarks import genome, summary, trio
from benchmarks.accuracy import DOCS
from benchmarks.evaluate import Fetch, fetcher
from benchmarks.rows import read_truth
from benchmarks.spike import Site, spike
from benchmarks.variants import Variant, context, kind, left_align, span, to_vcf
from resistpanel.core.stats import wilson_interval

#: Multiples of the LOD at which variants are put in; at 1 the full number of sites.
MULTIPLES = (0.25, 0.5, 0.75, 1.0, 1.5)
INDELS = 0.25  # share of the sites that are insertions and deletions of 1 to 20 bases


def draw_sites(
    rng: np.random.Generator,
    data: trio.Trio,
    number: int,
    indels: float,
    gap: int = 20,
    propose: Callable[..., Variant | None] | None = None,
) -> list[Variant]:
    """Draw SNVs and indels on the targets, away from each other's and the inherited places.

    `propose` may draw others: called with the generator, contig, position and `fetch`.
    """
    with pysam.FastaFile(str(data.reference)) as fasta:
        fetch = fetcher(fasta)
        taken: dict[str, list[tuple[int, int]]] = {}
        for path in (data.germline, data.truth):
            for row in read_truth(path).itertuples():
                taken.setdefault(row.chrom, []).append((row.pos - 1, row.pos + len(row.ref)))
        bed = [line.split("\t")[:3] for line in data.targets.read_text().splitlines()]
        regions = [(c, int(s), int(e)) for c, s, e in bed]
        weights = np.array([e - s for _, s, e in regions], dtype=float)
        found: list[Variant] = []
        for _ in range(60 * number):
            if len(found) == number:
                break
            chrom, start, end = regions[int(rng.choice(len(regions), p=weights / weights.sum()))]
            pos = int(rng.integers(start + 1, end - 1))
            if propose:
                variant = propose(rng, chrom, pos, fetch)
            else:
                variant = _propose(rng, chrom, pos, rng.random() < indels, fetch)
            if variant is None:
                continue
            sequence, offset = fetch(chrom, pos - 300, pos + 300)
            low, high = span(variant, sequence, offset)
            if low < start + 1 or high > end - 1 or "N" in variant.ref:
                continue
            if any(low < e + gap and high > s - gap for s, e in taken.get(chrom, [])):
                continue
            taken.setdefault(chrom, []).append((low, high))
            found.append(left_align(variant, sequence, offset))
        return sorted(found)


def _propose(rng, chrom: str, pos: int, indel: bool, fetch: Fetch) -> Variant:
    if not indel:
        base = fetch(chrom, pos, pos + 1)[0]
        return Variant(chrom, pos, base, str(rng.choice([b for b in "ACGT" if b != base])))
    size = int(min(20, rng.geometric(0.25)))
    if rng.random() < 0.5:
        return Variant(chrom, pos, fetch(chrom, pos, pos + size)[0], "")
    return Variant(chrom, pos, "", "".join(rng.choice(list("ACGT"), size)))


def write_sites(path: Path, sites: list[Variant], fasta: Path) -> None:
    """Write sites as the VCF that ``--sites`` reads, and index it."""
    with pysam.FastaFile(str(fasta)) as reference:
        fetch = fetcher(reference)
        lines = ["##fileformat=VCFv4.3"]
        for name, length in zip(reference.references, reference.lengths, strict=True):
            lines.append(f"##contig=<ID={name},length={length}>")
        lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
        order = {name: i for i, name in enumerate(reference.references)}
        for i, v in enumerate(sorted(sites, key=lambda v: (order[v.chrom], v.pos))):
            w = to_vcf(v, *fetch(v.chrom, v.pos - 300, v.end + 300))
            lines.append(f"{w.chrom}\t{w.pos + 1}\tsite{i}\t{w.ref}\t{w.alt}\t.\t.\t.")
    path.write_text("\n".join(lines) + "\n")


def call(data: trio.Trio, tumours: list[Path], vcf: Path, extra: list[str]) -> dict:
    """Call, and return the records by variant."""
    command = callers.resistpanel_command(
        data.reference, data.targets, data.normal, tumours, vcf, extra
    )
    callers.call(command, vcf)
    with pysam.FastaFile(str(data.reference)) as fasta:
        records = callers.resistpanel_calls(vcf, data.reference, fetcher(fasta))
    return {c.variant: c for c in records}


def plan(rng, stated: pd.DataFrame, per_pass: int) -> list[pd.DataFrame]:
    """Deal the site-samples out to passes: a site goes into one tumour per pass.

    Every site-sample with a LOD is taken once at the LOD, a quarter of them at each other
    multiple. A pass has `per_pass` sites in all.
    """
    rows = []
    for multiple in MULTIPLES:
        share = 1.0 if multiple == 1.0 else 0.25
        chosen = stated[rng.random(len(stated)) < share]
        rows.append(chosen.assign(multiple=multiple))
    every = pd.concat(rows, ignore_index=True)
    every["af"] = (every.lod * every.multiple).clip(upper=0.5)
    every = every.sample(frac=1, random_state=int(rng.integers(2**31))).reset_index(drop=True)
    passes: list[dict[int, int]] = []  # site -> row
    for row, site in enumerate(every.site):
        room = next((p for p in passes if len(p) < per_pass and site not in p), None)
        if room is None:
            room = {}
            passes.append(room)
        room[site] = row
    return [every.loc[list(p.values())] for p in passes]


def run_pass(
    data: trio.Trio,
    chosen: pd.DataFrame,
    sites: list[Variant],
    number: int,
    folder: Path,
    forced_only: bool = False,
) -> pd.DataFrame:
    """Put one pass's variants in, call with and without the sites forced, return its rows."""
    spiked = []
    for sample, source in zip(data.settings.samples, data.tumours, strict=True):
        mine = chosen[chosen["sample"] == sample]
        out = folder / f"{sample}.bam"
        put = [Site(sites[r.site], r.af) for r in mine.itertuples()]
        got = spike(source, out, put, seed=1000 * data.settings.seed + number,
                    reference=genome.reference(data.folder.parent))  # fmt: skip
        chosen.loc[mine.index, "carriers"] = [g.carriers for g in got]
        chosen.loc[mine.index, "fragments"] = [g.fragments for g in got]
        spiked.append(out)
    forced_vcf = folder / "sites.vcf"
    write_sites(forced_vcf, [sites[i] for i in sorted(set(chosen.site))], data.reference)
    forced = call(data, spiked, folder / "forced.vcf.gz", ["--sites", str(forced_vcf)])
    novo = forced if forced_only else call(data, spiked, folder / "novo.vcf.gz", [])
    rows = []
    for r in chosen.itertuples():
        found, stated = novo.get(sites[r.site]), forced.get(sites[r.site])
        row = {"called": 0, "filters": found.filters if found else "no record"}
        if found and found.passed and found.samples[r.sample]["det"] == 1:
            row["called"] = 1
        if stated:
            numbers = stated.samples[r.sample]
            row["filters_forced"] = stated.filters
            row |= {"ub": numbers["ub"], "det": numbers["det"], "af_called": numbers["af"]}
            row["forced_called"] = int(stated.passed and numbers["det"] == 1)
        rows.append(row)
    extra = pd.DataFrame(rows, index=chosen.index)
    return pd.concat([chosen, extra], axis=1)


def calibrate(
    data: trio.Trio, number: int, per_pass: int, indels: float, forced_only: bool = False
) -> pd.DataFrame:
    """Run the whole test on one dataset; return one row per site, tumour and multiple."""
    rng = np.random.default_rng([data.settings.seed, 4711])
    sites = draw_sites(rng, data, number, indels)
    folder = data.folder / "calibration"
    folder.mkdir(exist_ok=True)
    every = folder / "every.vcf"
    write_sites(every, sites, data.reference)
    first = call(data, data.tumours, folder / "first.vcf.gz", ["--sites", str(every)])
    stated = []
    with pysam.FastaFile(str(data.reference)) as fasta:
        fetch = fetcher(fasta)
        for i, v in enumerate(sites):
            record = first.get(v)
            if record is None:
                raise SystemExit(f"forced site {v} is missing from the caller's output")
            sequence, offset = fetch(v.chrom, v.pos - 300, v.end + 300)
            run, repeat = context(v, sequence, offset)
            for sample in data.settings.samples:
                numbers = record.samples[sample]
                if numbers["lod"] is not None and numbers["lod"] <= 0.5:
                    stated.append(
                        {"site": i, "variant": str(v), "kind": kind(v, sequence, offset),
                         "run": run, "repeat": repeat, "sample": sample,
                         "lod": numbers["lod"], "ub_before": numbers["ub"],
                         "depth": numbers["depth"]}
                    )  # fmt: skip
    passes = plan(rng, pd.DataFrame(stated), per_pass)
    done = []
    for n, chosen in enumerate(passes):
        done.append(run_pass(data, chosen.copy(), sites, n, folder, forced_only))
        at = done[-1][done[-1].multiple == 1.0]
        print(
            f"pass {n + 1}/{len(passes)}: {len(chosen)} site-samples; at the LOD "
            f"{at.called.mean():.3f} of {len(at)} called",
            file=sys.stderr,
        )
    return pd.concat(done, ignore_index=True)


def tables(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the calibration tables."""

    def rate(frame: pd.DataFrame, column: str) -> list:
        known = frame[column].dropna()
        hits, n = int(known.sum()), len(known)
        return [n, hits / n if n else math.nan, *wilson_interval(hits, n)]

    rows = rows.assign(
        covered=np.where(rows.ub.notna(), (rows.ub >= rows.af - 1e-9).astype(float), np.nan),
        type=np.where(rows.kind == "SNV", "SNV", "indel"),
    )
    at = rows[rows.multiple == 1.0]
    first = [["all", *rate(at, "called")]]
    for name, frame in at.groupby("type"):
        first.append([name, *rate(frame, "called")])
    for name, frame in at.groupby("seed"):
        first.append([f"seed {name}", *rate(frame, "called")])
    for name, frame in at.groupby("sample"):
        first.append([name, *rate(frame, "called")])
    for name, frame in at.groupby(pd.cut(at.lod, [0, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.5])):
        if len(frame):
            first.append([f"LOD {name}", *rate(frame, "called")])
    for name, frame in at.groupby(pd.cut(at.run, [0, 2, 4, 6, 99])):
        if len(frame):
            first.append([f"homopolymer {name}", *rate(frame, "called")])
    columns = ["group", "n", "value", "low", "high"]
    asked = [["all", *rate(at, "forced_called")]]
    for name, frame in at.groupby("type"):
        asked.append([name, *rate(frame, "forced_called")])
    curve = [[m, *rate(f, "called")] for m, f in rows.groupby("multiple")]
    bound = [["all", "all", *rate(rows, "covered")]]
    for m, frame in rows.groupby("multiple"):
        bound.append([m, "all", *rate(frame, "covered")])
        bound.append([m, "not detected", *rate(frame[frame.det == 0], "covered")])
    return {
        "Called at the stated LOD": pd.DataFrame(first, columns=columns),
        "Called at the stated LOD, the sites asked for": pd.DataFrame(asked, columns=columns),
        "Called by multiple of the LOD": pd.DataFrame(curve, columns=["multiple", *columns[1:]]),
        "UB at or above the true AF": pd.DataFrame(
            bound, columns=["multiple", "detected", *columns[1:]]
        ),
        "Not called at the LOD, by filter": at[at.called == 0]
        .groupby(["type", "filters"])
        .size()
        .rename("n")
        .reset_index(),
    }


def main(argv: list[str] | None = None) -> int:
    """Run the calibration."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    trio.add_arguments(parser)
    parser.set_defaults(depth=900, density=0.0, seed=31)
    parser.add_argument("--sites", type=int, default=1100, help="places, each in both tumours")
    parser.add_argument("--per-pass", type=int, default=300)
    parser.add_argument("--indels", type=float, default=INDELS, help="share, %(default)g")
    parser.add_argument(
        "--forced-only", action="store_true", help="call once per pass, with the sites forced"
    )
    parser.add_argument("--reuse", action="store_true", help="tables of the last run's rows")
    parser.add_argument("--publish", action="store_true", help="write to docs/validation too")
    parser.add_argument("--seeds", type=int, nargs="+", help="patients to pool (--seed)")
    args = parser.parse_args(argv)
    folder = args.work / "results" / "calibration"
    seeds = args.seeds or [args.seed]
    settings = {"seeds": seeds, "depth": args.depth, "read_length": args.read_length}
    if args.reuse:
        settings = json.loads((folder / "settings.json").read_text())
        rows = pd.read_csv(folder / "rows.tsv", sep="\t")
    else:
        parts = []
        for seed in seeds:
            data = trio.make(trio.settings_of(args, seed), args.work)
            part = calibrate(data, args.sites, args.per_pass, args.indels, args.forced_only)
            parts.append(part.assign(seed=seed))
        rows = pd.concat(parts, ignore_index=True)
        folder.mkdir(parents=True, exist_ok=True)
        rows.to_csv(folder / "rows.tsv", sep="\t", index=False)
        (folder / "settings.json").write_text(json.dumps(settings))
    for title, frame in tables(rows).items():
        print(f"## {title}\n\n{summary.markdown(frame)}")
    if args.publish:
        from benchmarks.publish import publish_calibration

        publish_calibration(rows, tables(rows), settings, DOCS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
