"""Compare the limits that `plan` prints with those that calls of a simulated plasma state.

    python -m benchmarks.plan --vcf results/plasma/annotate/egfrplasma.vcf.gz \\
        --qc results/plasma/qc/egfrplasma.json

`plan` is given what qc states: the mean family size, or its distribution over the tiers, the depth
of the normal, and the molecules at each site of the VCF. It assumes the prior of overdispersion, or
that of another sample of the assay (`--rho`, by default of the other plasmas of the VCF, their
geometric mean). Printed is the fraction of the sites at which its limit is within a factor of 1.25
of LOD, for substitutions that are not inherited.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from resistpanel.call.model.overdispersion import Overdispersion
from resistpanel.call.planning import Planned, limits_of
from resistpanel.core.schemas import read_record
from resistpanel.core.vcf import CallVcf
from resistpanel.records.qc import Qc, SampleQc

#: Factor that is wanted, and step of the molecules that are planned for, as a ratio.
WITHIN, STEP = 1.25, 1.02


def parts(sample: SampleQc) -> tuple[float, float, float]:
    """Return the fractions of duplex, simplex and single-copy molecules."""
    found = sample.molecules
    single = dict(found.family_sizes).get(1, 0) / found.molecules
    return found.duplex_fraction, 1 - found.duplex_fraction - single, single


def ratios(vcf: Path, samples: dict[str, SampleQc], plasma: str, assay: Planned) -> np.ndarray:
    """Return the planned limit by LOD, at each site."""
    found, known = [], {}
    for call in CallVcf(vcf):
        one = call.genotypes[plasma]
        if len(call.ref) != len(call.alt) or call.info.get("MODEL") == "germline" or not one.lod:
            continue
        near = round(np.log(one.depth) / np.log(STEP))
        if near not in known:
            known[near] = limits_of(STEP**near, assay).called
        if known[near]:
            found.append(known[near] / one.lod)
    return np.array(found)


def main() -> int:
    """Print the fractions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vcf", type=Path, required=True)
    parser.add_argument("--qc", type=Path, required=True)
    parser.add_argument("--rho", type=float, help="overdispersion that other samples have shown")
    args = parser.parse_args()
    samples = {one.sample: one for one in read_record(args.qc, Qc).samples}
    called = CallVcf(args.vcf)
    normal = next(one for one in samples.values() if not one.molecules)
    plasmas = [name for name in called.samples if samples[name].molecules]
    stated = {
        name: Overdispersion.read(called.parameters[f"overdispersion_{name}"]) for name in plasmas
    }
    for name in plasmas:
        one = samples[name]
        family = one.molecules.mean_family_size
        print(f"{name}: mean depth {one.mean_depth:.0f}, rho {stated[name].text()}")
        usual = Planned(family, normal=normal.mean_depth)
        assays = {"family size": usual, "tiers": replace(usual, parts=parts(one))}
        others = [stated[other].rho for other in plasmas if other != name]
        rho = args.rho or (float(np.exp(np.mean(np.log(others)))) if others else None)
        if rho is not None:
            assays[f"family size, rho {rho:.2g}"] = replace(usual, rho=rho)
        for label, assay in assays.items():
            found = ratios(args.vcf, samples, name, assay)
            within = float(np.mean((found <= WITHIN) & (found >= 1 / WITHIN)))
            low, middle, high = np.quantile(found, [0.05, 0.5, 0.95])
            print(f"{name}, {label}: {within:.1%} of {len(found)} sites within {WITHIN:g}; planned "
                  f"by stated {middle:.2f} (5 to 95 %: {low:.2f} to {high:.2f})")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
