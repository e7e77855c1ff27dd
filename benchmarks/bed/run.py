"""One command per assay: make patients, call them, score the calls.

    python -m benchmarks.bed duplex --fresh
    python -m benchmarks.bed amplicon --seed 7 --simulate          # only make the patient
    python -m benchmarks.bed capture --seed 7 --callers resistpanel freebayes mutect2
    python -m benchmarks.bed duplex --seed 7 --earlier ../old/.venv/bin/resistpanel
    python -m benchmarks.bed depths --fresh                        # depths and counts alone
    python -m benchmarks.bed adapters --seed 7 --patients 2        # inserts shorter than the reads
    python -m benchmarks.bed publish                               # write docs/validation/assays.md

Patients are kept in benchmarks/work/bed, a folder for each assay and seed (``assay.py`` lists the
files in it); scores in benchmarks/work/bed/results. ``--fresh`` draws the seed from the hash of the
commit that is checked out. The same seed gives the same bytes.
"""

import argparse
import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.bed import assay as assays
from benchmarks.bed import calling, copies, genome, peers, publish, report, score
from benchmarks.bed.molecules import Amplicons

RESULTS = genome.WORK / "results"
SUBSETS = {300: 10, 1000: 6, 3000: 3}  # bases of a small panel: how many are drawn
# Small panels: bases of one target, and the share of targets that hold a true variant.
SMALL = {
    "small-panel": (100, 0.5),
    "small-panel-dense": (30, 1.0),
    "small-panel-alone": (30, 1.0),
}


def revision() -> str:
    """Return the commit that is checked out, with a + if files differ from it."""
    done = subprocess.run(["git", "describe", "--always", "--dirty=+", "--abbrev=10"],
                          cwd=genome.ROOT, capture_output=True, text=True)  # fmt: skip
    return done.stdout.strip()


def fresh_seed() -> int:
    """Return a seed from the hash of the commit that is checked out."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=genome.ROOT, capture_output=True,
                          text=True, check=True)  # fmt: skip
    return int(done.stdout.strip()[:7], 16)


def small_panels(folder: Path, seed: int, piece: int, aimed: float) -> dict[str, Path]:
    """Write targets of few bases, of which a share is laid over a true variant."""
    rng = np.random.default_rng([seed, 300, piece])
    truth = score.read_truth(folder)
    panels = {}
    for bases, count in SUBSETS.items():
        for number in range(count):
            spans: list[tuple[str, int, int]] = []
            for _ in range(20 * bases // piece):
                if sum(e - s for _, s, e in spans) >= bases:
                    break
                span = _piece(truth, piece, rng.random() < aimed, rng)
                contig, start, end = span
                if all(c != contig or end + 10 < s or e + 10 < start for c, s, e in spans):
                    spans.append(span)
            path = folder / "panels" / f"{bases}-{piece}-{number}.bed"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(f"{c}\t{s}\t{e}\tpiece\n" for c, s, e in sorted(spans)))
            panels[f"{bases} bases, panel {number + 1}"] = path
    return panels


def _piece(truth, piece: int, aimed: bool, rng) -> tuple[str, int, int]:
    """Return a target of ``piece`` bases, over a true variant if ``aimed``."""
    if aimed:
        v = truth.somatic[int(rng.integers(len(truth.somatic)))]
        contig, low, high = next(t for t in truth.targets if score.within(v, [t]))
        margin = max(2, piece // 5)
        start = v.start - int(rng.integers(margin, piece - margin))
    else:
        contig, low, high = truth.targets[int(rng.integers(len(truth.targets)))]
        start = int(rng.integers(low, max(low + 1, high - piece)))
    start = max(low, min(start, high - piece))
    return contig, start, min(high, start + piece)


def call_and_score(
    name: str, folder: Path, seed: int, caller: str, program: str | None
) -> dict[str, score.Score]:
    """Call one patient of an assay and score it; returns a score for each set of targets."""
    assay, ref = assays.ASSAYS[name], genome.reference()
    samples = json.loads((folder / "patient.json").read_text())["samples"]
    samples = [s for s in samples if s not in assay.leave]
    sets: dict[str, Path | None] = {"": None}
    extra: dict[str, tuple[str, ...]] = {}
    if isinstance(assay.sampling, Amplicons):
        sets = {publish.WITH_PRIMERS: None, publish.WITHOUT_PRIMERS: None}
        extra[publish.WITH_PRIMERS] = ("--primers", str(folder / "primers.bed"))
        if caller != "resistpanel":  # the earlier caller and the peers take no primers
            sets = {publish.WITHOUT_PRIMERS: None}
    if name in SMALL:
        sets = {"all targets": None, **small_panels(folder, seed, *SMALL[name])}
    out = {}
    for number, (label, targets) in enumerate(sets.items()):
        truth = score.read_truth(folder, targets)
        truth.tumours = [s for s in truth.tumours if s in samples]
        output = folder / "calls" / f"{name}-{caller}-{number}.vcf.gz"
        if caller in ("resistpanel", publish.EARLIER):
            used = calling.call(folder, samples, output, targets, extra.get(label, ()), program)
            if used["status"]:
                raise SystemExit(f"resistpanel call failed: {used['message']}")
            calls = score.read_calls(output, ref)
        else:
            calls, used = peers.call(caller, folder, samples, output, targets, ref)
        out[label] = score.score(ref, truth, calls)
        for table in (out[label].variants, out[label].samples, out[label].false):
            table.insert(0, "panel", label)
            table.insert(0, "seed", seed)
        out[label].variants["cpu"] = used["cpu"]
    return out


def save(name: str, caller: str, scores: list[score.Score], facts: dict) -> Path:
    """Keep the tables of an assay."""
    folder = RESULTS / name / caller
    folder.mkdir(parents=True, exist_ok=True)
    for table in ("variants", "samples", "false"):
        joined = pd.concat([getattr(s, table) for s in scores], ignore_index=True)
        joined.to_csv(folder / f"{table}.tsv", sep="\t", index=False)
    (folder / "facts.json").write_text(json.dumps(facts, indent=1))
    return folder


def run(
    name: str, seeds: list[int], callers: list[str], fresh: bool, earlier: str | None = None
) -> None:
    """Simulate, call and score one assay; prints its figures.

    ``earlier``: the program of another version of the caller, kept as ``earlier``.
    """
    assay = assays.ASSAYS[name]
    folders = {seed: assays.simulate(assay, seed) for seed in seeds}
    made = sum(json.loads((f / "cpu.json").read_text())["simulate"] for f in folders.values()
               if (f / "cpu.json").exists())  # fmt: skip
    for caller in callers:
        reason = peers.missing(caller) if caller in peers.PEERS else None
        program = earlier if caller == publish.EARLIER else None
        if reason:
            print(f"{caller}: skipped, {reason}")
            continue
        began, scores, bases = assays.cpu_seconds(), [], {}
        for seed, folder in folders.items():
            for label, scored in call_and_score(name, folder, seed, caller, program).items():
                scores.append(scored)
                bases[label] = bases.get(label, 0) + scored.bases
        version = peers.version(caller) if caller in peers.PEERS else calling.version(program)
        facts = {
            "what": assay.what, "seeds": seeds, "fresh": fresh, "revision": revision(),
            "bases": sum(s.bases for s in scores), "bases by panel": bases, "caller": version,
            "assay": asdict(assay), "CPU to simulate": round(made, 1),
            "CPU to call and score": round(assays.cpu_seconds() - began, 1),
        }  # fmt: skip
        kept = save(name, caller, scores, facts)
        print(f"\n{name} ({assay.what}), {caller}, seeds {seeds}: {kept}")
        for label in publish.panels_of(name, caller):
            if label:
                print(f" {label}")
            for key, value in publish.figures(name, caller, label).items():
                print(f"  {key}: {value}")
            print("  not called at 1 % and above:", publish.why_missed(name, caller, label))
    if len(callers) > 1:
        print(report.table(publish.comparisons(name), publish.COMPARED))


def main(argv: list[str] | None = None) -> int:
    """Run one assay, the depths, or publish."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bed", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "assay", choices=[*assays.ASSAYS, "adapters", "depths", "cnvkit", "publish"]
    )
    parser.add_argument("--seed", type=int, action="append", help="may be repeated (1)")
    parser.add_argument("--fresh", action="store_true", help="seed from the commit's hash")
    parser.add_argument("--patients", type=int, default=1, metavar="N",
                        help="so many patients, of the seed and those that follow it")  # fmt: skip
    parser.add_argument("--simulate", action="store_true", help="make the patient, do not call")
    parser.add_argument("--callers", nargs="*", default=["resistpanel"],
                        choices=["resistpanel", *peers.PEERS])  # fmt: skip
    parser.add_argument("--earlier", metavar="PROGRAM",
                        help="call with another version's program as well")  # fmt: skip
    options = parser.parse_args(argv)
    seeds = options.seed or [fresh_seed() if options.fresh else 1]
    if options.patients > 1:
        seeds = [seeds[0] + k for k in range(options.patients)]
    if options.assay == "publish":
        print(publish.write())
    elif options.assay == "cnvkit":
        print(peers.missing("cnvkit") or copies.run(seeds[0]))
    elif options.assay == "adapters":
        from benchmarks.bed import adapters

        print(adapters.run(seeds[0], options.patients))
    elif options.assay == "depths":
        from benchmarks.bed import depths

        depths.run(seeds[0])
    elif options.simulate:
        for seed in seeds:
            print(assays.simulate(assays.ASSAYS[options.assay], seed))
    else:
        callers = options.callers + ([publish.EARLIER] if options.earlier else [])
        run(options.assay, seeds, callers, options.fresh, options.earlier)
    return 0
