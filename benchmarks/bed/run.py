"""One command per assay: make patients, call them, score the calls.

    python -m benchmarks.bed duplex --fresh
    python -m benchmarks.bed amplicon --seed 7 --simulate     # only make the patient

Folders are kept under benchmarks/work/bed, one per assay and seed; ``assay.py`` says what is in them.
"""

import argparse
import json
import subprocess
from pathlib import Path

import pandas as pd

from benchmarks.bed import assay as assays
from benchmarks.bed import calling, genome, score


def fresh_seed() -> int:
    """Return a seed from the hash of the commit that is checked out."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=genome.ROOT, capture_output=True,
                          text=True, check=True)  # fmt: skip
    return int(done.stdout.strip()[:7], 16)


def score_patient(name: str, folder: Path) -> dict[str, score.Score]:
    """Call one patient of an assay and score it; returns a score by set of targets."""
    assay, ref = assays.ASSAYS[name], genome.reference()
    samples = json.loads((folder / "patient.json").read_text())["samples"]
    samples = [s for s in samples if s not in assay.leave]
    output = folder / "calls" / f"{name}.vcf.gz"
    used = calling.call(folder, samples, output)
    if used["status"]:
        raise SystemExit(f"resistpanel call failed: {used['message']}")
    truth = score.read_truth(folder)
    truth.tumours = [s for s in truth.tumours if s in samples]
    return {"": score.score(ref, truth, score.read_calls(output, ref))}


def main(argv: list[str] | None = None) -> int:
    """Run one assay."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bed", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("assay", choices=list(assays.ASSAYS))
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--fresh", action="store_true", help="seed from the commit's hash")
    parser.add_argument("--simulate", action="store_true", help="make the patient, do not call")
    options = parser.parse_args(argv)
    seeds = options.seed or [fresh_seed() if options.fresh else 1]
    for seed in seeds:
        folder = assays.simulate(assays.ASSAYS[options.assay], seed)
        print(folder)
        if options.simulate:
            continue
        for which, result in score_patient(options.assay, folder).items():
            with pd.option_context("display.width", 200, "display.max_rows", 200):
                v = result.variants.drop(columns=["ref", "alt"])
                print(which, v.to_string(), result.false.to_string(), sep="\n")
    return 0
