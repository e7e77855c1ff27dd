"""Patients of a run in its positive controls: carry-over of 0.5 %, and clean controls.

    python -m benchmarks.controls --seed 1 --controls 400           # counts
    python -m benchmarks.controls --seed 1 --controls 20 --reads    # BAMs

Counts: each control has a run of its own of 8 patients with 60 sites of population frequencies of
1 to 50 %, about 1,000 fragments, and errors that differ between sites. Reads: one run of 8 patients
and as many controls as asked for, simulated on one genome; each control is given as it is, and with
fragments of one of the patients. Germline alleles are then of one person each.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pysam
import yaml

from benchmarks.identity import PANEL, quiet
from resistpanel.core.intervals import read_targets
from resistpanel.qc.carryover import Site, named, origins, results_of, sites_of
from resistpanel.testing.mix_bams import mix, molecules

PATIENTS, SITES, DEPTH = 8, 60, 1000


def cohort_of(
    rng: np.random.Generator, patients: int = PATIENTS, sites: int = SITES
) -> tuple[dict[str, dict[str, int]], np.ndarray]:
    """Draw genotypes at sites of population frequencies 1 to 50 %, as panels have them."""
    frequency = rng.uniform(0.01, 0.5, sites)
    names = [f"chr1:{1000 + 10 * i}:A:G" for i in range(sites)]
    return {
        f"P{p}": dict(zip(names, map(int, rng.binomial(2, frequency)), strict=True))
        for p in range(patients)
    }, frequency


def control_counts(
    rng: np.random.Generator,
    cohort: dict[str, dict[str, int]],
    frequency: np.ndarray,
    fraction: float = 0.0,
    patient: str = "P0",
    depth: float = DEPTH,
) -> tuple[list[Site], np.ndarray]:
    """Draw a control's counts: own genotypes, errors that differ by site, another's DNA."""
    sites = sites_of(cohort)
    own = rng.binomial(2, frequency) / 2
    other = np.array([cohort[patient][f"chr1:{s.pos}:A:G"] for s in sites]) / 2
    total = rng.poisson(depth, len(sites))
    error = rng.gamma(0.5, 2e-4 / 0.5, (len(sites), 3))
    rate = (1 - fraction) * own + fraction * other
    alt = rng.binomial(total, np.clip(rate * (1 - error[:, 0]) + (1 - rate) * error[:, 1], 0, 1))
    third = rng.binomial(total - alt, 2 * error[:, 2])
    return sites, np.stack([total - alt - third, alt, third], 1)


def by_counts(rng: np.random.Generator, number: int, fraction: float) -> list[tuple[str, list]]:
    """Return, for each control, the patient in it ("" in a clean one) and those named."""
    found = []
    for k in range(number):
        for patient in ("", f"P{k % PATIENTS}"):
            cohort, frequency = cohort_of(rng)
            share = fraction if patient else 0.0
            sites, counts = control_counts(rng, cohort, frequency, share, patient or "P0")
            names = [one.patient for one in named(origins(sites, counts, cohort))]
            found.append((patient, names))
    return found


def person(folder: Path, name: str, seed: int, depth: float, genome: Path | None) -> Path:
    """Simulate a person's normal; return the BAM."""
    value = {
        "patient": name, "seed": seed, "sex": "female", "disease": "melanoma", "build": "hg19",
        "panel": str(PANEL), "genome": {"exons_per_gene": 2},
        "reads": {"length": 100, "insert_mean": 200, "insert_sd": 35, "depth": depth,
                  "quality": "modern", "duplicates": 0.05, "off_target": 0},
        "germline": {"snv_per_kb": 1.0, "indel_per_kb": 0.1, "heterozygous": 0.6},
        "samples": [{"sample": name, "role": "normal"}], "somatic": [],
    }  # fmt: skip
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(value))
    words = ["simulate", folder / f"{name}.yaml", "--output", folder / name, "--threads", "1"]
    if genome:
        words += ["--reference", genome / "genome.fa.gz", "--targets", genome / "targets.bed"]
    quiet(*words)
    return folder / name / f"{name}.bam"


def genotypes(folder: Path) -> dict[str, int]:
    """Return a person's copies of each germline substitution, from the simulator's truth."""
    found = {}
    with pysam.VariantFile(str(folder / "truth.vcf.gz")) as vcf:
        for r in vcf:
            if r.info["ORIGIN"] == "germline" and len(r.ref) == len(r.alts[0]) == 1:
                found[f"{r.chrom}:{r.pos}:{r.ref}:{r.alts[0]}"] = sum(r.samples[0]["GT"])
    return found


def by_reads(seed: int, number: int, fraction: float, depth: float) -> list[tuple[str, list]]:
    """Return the same of controls from BAMs."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        first = None
        bams, cohort = {}, {}
        for p in range(PATIENTS):
            name = f"P{p}"
            bams[name] = person(folder, name, seed * 1000 + p, depth, first)
            first = folder / "P0"
            cohort[name] = genotypes(folder / name)
        targets, fasta = read_targets(first / "targets.bed"), first / "genome.fa.gz"
        size = {name: molecules(bam, targets, fasta, "none") for name, bam in bams.items()}
        for k in range(number):
            control = person(folder, "C", seed * 1000 + 100 + k, depth, first)
            patient = f"P{k % PATIENTS}"
            own = molecules(control, targets, fasta, "none")
            share = fraction / (1 - fraction) * own / size[patient]
            mixed = folder / "mixed.bam"
            mix([(control, lambda x: True), (bams[patient], lambda x, s=share: x < s)],
                mixed, "C", targets, seed + k, fasta)  # fmt: skip
            for who, bam in (("", control), (patient, mixed)):
                result = results_of([("C", "control", str(bam))], cohort, str(fasta))[0]
                found.append((who, [one["patient"] for one in result["patients"]]))
    return found


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--controls", type=int, default=20)
    parser.add_argument("--fraction", type=float, default=0.005)
    parser.add_argument("--depth", type=float, default=500, help="of --reads, fragments")
    parser.add_argument("--reads", action="store_true")
    args = parser.parse_args(argv)
    if args.reads:
        found = by_reads(args.seed, args.controls, args.fraction, args.depth)
    else:
        rng = np.random.default_rng(args.seed)
        found = by_counts(rng, args.controls, args.fraction)
    clean = [names for patient, names in found if not patient]
    mixed = [(patient, names) for patient, names in found if patient]
    right = sum(names == [patient] for patient, names in mixed)
    among = sum(patient in names for patient, names in mixed)
    wrong = sum(bool(names) and patient not in names for patient, names in mixed)
    print(f"clean controls: {sum(map(bool, clean))} of {len(clean)} name a patient")
    print(
        f"{100 * args.fraction:g} % of a patient: {right} of {len(mixed)} name that one alone, "
        f"{among} among others, {wrong} another"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
