"""Drivers and catalogued alleles of simulated patients without a normal.

    python -m benchmarks.tumor_only --seed 41 --patients 200

Each patient has the sensitising driver of its disease in both tumours, at any allele frequency from
5 to 98 % (germline variants are at 50 and 100 %), and in the relapse one substitution of the
paper's Table 2 at 5 to 98 %. Two small BAMs of 500x go through every stage from call to resist,
without a normal. Wanted in every patient: the driver is present, and it is said that its origin is
not proven or that its allele frequency shows it; the substitution is reported. Inherited variants
are in the data; what is called somatic of them is counted.
"""

import argparse
import contextlib
import io
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pysam

from benchmarks import table2_patients as patients
from benchmarks.genome import ROOT

WORK = ROOT / "benchmarks" / "work" / "tumor_only"
DEPTH = 500
#: Allele frequencies of half of the drivers and substitutions: what looks inherited.
HETEROZYGOUS = (0.35, 0.65)
#: What is said of a driver's origin: not proven, or that its allele frequency shows it.
ORIGIN = ("origin not proven without a normal", "without a normal somatic by its")


def frequency(rng: np.random.Generator) -> float:
    """Draw an allele frequency: half near that of inherited variants, half anywhere."""
    low, high = HETEROZYGOUS if rng.random() < 0.5 else (0.05, 0.98)
    return round(float(rng.uniform(low, high)), 3)


def choose(rows: list[patients.Row], rng: np.random.Generator) -> patients.Row:
    """Draw a substitution of Table 2 in a disease that has a driver."""
    fit = [
        row for row in rows
        if row.visible and not row.amplification and row.person in patients.DRIVERS
        and isinstance(patients.DRIVERS[row.person][1], str)
    ]  # fmt: skip
    return fit[int(rng.integers(len(fit)))]


def simulate(folder: Path, seed: int, rows: list[patients.Row]) -> tuple[patients.Tumour, dict]:
    """Make one patient; returns it and what was drawn."""
    rng = np.random.default_rng([seed, 15])
    row = choose(rows, rng)
    panel = patients.small_panel(folder / "panel", [row], 2)
    described = patients.describe(
        row.person, [row.person], {row.relapse: [row]}, panel, DEPTH, seed
    )
    described["samples"] = described["samples"][1:]
    driver, change = described["somatic"]
    same = rng.random() < 0.7
    before = frequency(rng)
    driver["af"] = {patients.BEFORE: before, row.relapse: before if same else frequency(rng)}
    change["af"] = {row.relapse: frequency(rng)}
    drawn = {"row": row, "driver": driver["af"], "change": change["af"][row.relapse]}
    described["germline"] = {"snv_per_kb": 2.0}
    del described["random_somatic"]
    return patients.simulate(folder, described, panel), drawn


def faults(tumour: patients.Tumour, row: patients.Row, value: dict) -> list[str]:
    """Return what is not as it must be."""
    found = []
    driver = value["driver"] or {}
    if driver.get("state") in (None, "absent", "not found") or not driver.get("protein"):
        found.append(f"driver {driver.get('state')}: {driver.get('text')}")
    elif not any(text in driver["text"] for text in ORIGIN):
        found.append("origin of the driver not said")
    if not any(f["label"] == row.label for f in value["findings"]):
        found.append(f"{row.label} not reported")
    return found


def inherited_passed(tumour: patients.Tumour, vcf: Path) -> int:
    """Return how many simulated germline variants are PASS."""
    truth = set()
    for path in tumour.folder.glob("*germline*.vcf*"):
        with pysam.VariantFile(str(path)) as file:
            truth |= {(r.chrom, r.pos, r.alts[0]) for r in file}
    with pysam.VariantFile(str(vcf)) as file:
        return sum((r.chrom, r.pos, r.alts[0]) in truth for r in file if "PASS" in r.filter)


def patient(seed: int, rows: list[patients.Row]) -> tuple[dict, list[str], int]:
    """Simulate and judge one patient."""
    folder = WORK / str(seed)
    shutil.rmtree(folder, ignore_errors=True)
    tumour, drawn = simulate(folder, seed, rows)
    row = drawn["row"]
    out = folder / "out"
    patients.call(tumour, [row.relapse], out, normal=False)
    value = patients.judge(tumour, [row.relapse], row.drug, row.disease, out)
    result = drawn, faults(tumour, row, value), inherited_passed(tumour, out / "call.vcf.gz")
    shutil.rmtree(folder)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Judge patients; the status is 1 if any is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tumor_only", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of the first patient (1)")
    parser.add_argument("--patients", type=int, default=200, metavar="N")
    options = parser.parse_args(argv)
    rows, wrong, passed = patients.read_table(), 0, 0
    kinds: Counter[str] = Counter()
    began = time.process_time()
    for seed in range(options.seed, options.seed + options.patients):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            drawn, found, inherited = patient(seed, rows)
        passed += inherited
        kinds[drawn["row"].disease] += 1
        if found:
            wrong += 1
            print(f"{seed} {drawn['row'].label} {drawn['driver']} {drawn['change']}: "
                  + "; ".join(found))  # fmt: skip
    n = options.patients
    print(f"{n - wrong} of {n} patients as they must be ({dict(kinds)}); inherited variants called "
          f"somatic: {passed}; {time.process_time() - began:.0f} CPU s")  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
