"""Compare the limits that `plan` prints with those that calls of simulated plasma samples state.

    python -m benchmarks.plan --vcf results/plasma/annotate/egfrplasma.vcf.gz
    python -m benchmarks.plan --seed N [--molecules 1000 3000 6000]

`plan` is given what a VCF states: the mean family size, the depth of the normal, and the molecules
at each site. It assumes the prior of overdispersion, or that of the other plasma samples of the
VCF (the geometric mean; `--rho` gives another). Printed is the fraction of the sites at which its
limit is within a factor of 1.25 of LOD, for substitutions of one base that are not inherited.

With --seed the patient of `make demo-plasma` is simulated with plasma samples of these depths, and
called with one allele asked for at every `APART`th base of the targets.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pysam
import yaml

from resistpanel.call.model.overdispersion import Overdispersion
from resistpanel.call.planning import Planned, limits_of
from resistpanel.cli import main as resistpanel
from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.core.vcf import CallVcf
from resistpanel.testing.simulate import simulate

#: Factor that is wanted, and step of the molecules that are planned for, as a ratio.
WITHIN, STEP = 1.25, 1.02
#: Bases between alleles that are asked for.
APART = 41
PATIENT = Path("resources/demo/plasma.yaml")


def families(called: CallVcf) -> dict[str, float]:
    """Return the mean family size of the samples whose reads were grouped into molecules."""
    found = {}
    for name in called.samples:
        stated = called.parameters.get(f"molecules_{name}")
        if stated:
            counts = dict(part.split(":") for part in stated.split(","))
            found[name] = float(counts["fragments"]) / float(counts["molecules"])
    return found


def stated(vcf: Path, sample: str) -> np.ndarray:
    """Return depth and LOD of a sample at its sites, (sites, 2)."""
    rows = []
    for call in CallVcf(vcf):
        one = call.genotypes[sample]
        if len(call.ref) == len(call.alt) == 1 and call.info.get("MODEL") != "germline" and one.lod:
            rows.append((one.depth, one.lod))
    return np.array(rows)


def ratios(sites: np.ndarray, assay: Planned) -> np.ndarray:
    """Return the planned limit by LOD, at each of `stated`."""
    near = np.round(np.log(sites[:, 0]) / np.log(STEP))
    planned = {n: limits_of(STEP**n, assay).called or np.nan for n in np.unique(near)}
    return np.array([planned[n] for n in near]) / sites[:, 1]


def report(vcf: Path, rho: float | None = None) -> None:
    """Print the fractions of a VCF."""
    called = CallVcf(vcf)
    of = families(called)
    shown = {name: Overdispersion.read(called.parameters[f"overdispersion_{name}"]) for name in of}
    normal = called.parameters["normal"]
    depth = float(np.median([call.genotypes[normal].depth for call in called]))
    for name, family in of.items():
        sites = stated(vcf, name)
        print(f"{name}: {np.median(sites[:, 0]):.0f} molecules, family size {family:.2f}, normal "
              f"{depth:.0f}, {shown[name].text()}")  # fmt: skip
        usual = Planned(family, normal=depth)
        assays = {"prior of rho": usual}
        others = [shown[other].rho for other in of if other != name]
        given = rho or (float(np.exp(np.mean(np.log(others)))) if others else None)
        if given is not None:
            assays[f"rho {given:.2g} of others"] = replace(usual, rho=given)
        for label, assay in assays.items():
            found = ratios(sites, assay)
            within = float(np.mean((found <= WITHIN) & (found >= 1 / WITHIN)))
            low, middle, high = np.quantile(found, [0.05, 0.5, 0.95])
            share = f"{within:.1%} of {len(found)} sites within {WITHIN:g}"
            spread = f"{middle:.2f} (5 to 95 %: {low:.2f} to {high:.2f})"
            print(f"  {label}: {share}; planned by stated {spread}", flush=True)


def asked(reference: Path, targets: Path, out: Path) -> None:
    """Write the alleles that are asked for as VCF."""
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    with pysam.FastaFile(str(reference)) as fasta:
        for target in merge_targets(read_targets(targets)):
            for k, pos in enumerate(range(target.start, target.end, APART)):
                ref = fasta.fetch(target.chrom, pos, pos + 1).upper()
                alt = "ACGT"[("ACGT".index(ref) + 1 + k % 3) % 4]
                lines.append(f"{target.chrom}\t{pos + 1}\t.\t{ref}\t{alt}\t.\t.\t.")
    out.write_text("\n".join(lines) + "\n")


def simulated(folder: Path, seed: int, molecules: list[int]) -> Path:
    """Simulate and call plasma samples of some depths; return the VCF."""
    patient = yaml.safe_load(PATIENT.read_text())
    plasmas = [one for one in patient["samples"] if one["role"] == "plasma"]
    patient["samples"] = [one for one in patient["samples"] if one["role"] == "normal"]
    for k, depth in enumerate(molecules):
        name = f"plasma_{depth}"
        patient["samples"].append(plasmas[0] | {"sample": name, "day": k, "depth": depth})
        for variant in patient["somatic"]:
            kind = "ccf" if "ccf" in variant else "af"
            of = variant[kind]
            of[name] = of.get("plasma_start", 0)
    names = [one["sample"] for one in patient["samples"]]
    for variant in patient["somatic"]:
        kind = "ccf" if "ccf" in variant else "af"
        variant[kind] = {name: value for name, value in variant[kind].items() if name in names}
    patient["seed"] = seed
    patient["genome"]["codons"] = str((PATIENT.parent / patient["genome"]["codons"]).resolve())
    (folder / "patient.yaml").write_text(yaml.safe_dump(patient, sort_keys=False))
    out = folder / "out"
    simulate(folder / "patient.yaml", out, seed=seed, threads=1)
    reference, targets = next(out.glob("*.fa.gz")), out / "targets.bed"
    asked(reference, targets, folder / "sites.vcf")
    vcf = folder / "calls.vcf.gz"
    bams = [str(out / f"{name}.bam") for name in names]
    inputs = ["--reference", str(reference), "--targets", str(targets), "--padding", "auto"]
    asked_for = ["--sites", str(folder / "sites.vcf"), "--output", str(vcf)]
    tumors = [part for bam in bams[1:] for part in ("--tumor", bam)]
    if resistpanel(["call", *inputs, "--normal", bams[0], *tumors, *asked_for]):
        raise SystemExit("the call failed")
    return vcf


def main() -> int:
    """Print the fractions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vcf", type=Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--molecules", type=int, nargs="+", default=[1000, 3000, 6000])
    parser.add_argument("--rho", type=float, help="overdispersion that other samples have shown")
    args = parser.parse_args()
    if args.vcf:
        report(args.vcf, args.rho)
    if args.seed is not None:
        with tempfile.TemporaryDirectory() as folder:
            report(simulated(Path(folder), args.seed, args.molecules), args.rho)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
