"""False detections in plasma without tumour DNA, at the level of the model.

    python -m benchmarks.followup --seed N [--patients 1000] [--fraction F]

Patients have 5 to 40 known alleles, a normal and a tissue without UMIs, and a plasma of 4,000 to
20,000 molecules. Errors are drawn from the error model that the caller fits: at each site one
multiplier of all samples, or one of each sample and orientation, from a distribution with a heavy
tail. What the caller states of each allele (ERR, CRIT) is worked out by its code from these counts,
and the follow-up by that of compare. With --fraction the plasma has tumour DNA, and the coverage of
the interval is printed too.
"""

import argparse

import numpy as np

from resistpanel.call.call_constants import KNOWN_ALPHA
from resistpanel.call.errors.error_model import MULTIPLIERS
from resistpanel.call.model.known import known_errors
from resistpanel.call.model.posterior import (
    ERROR_CENTRES,
    Evidence,
    Priors,
    between_centres,
)
from resistpanel.call.model.presence import backgrounds
from resistpanel.compare.tumor_fraction import KnownSite, tumor_fraction
from resistpanel.core.stats import clopper_pearson_interval

#: Most sites err as the average, one of a hundred five times as often or more.
USUAL = np.exp(-2.0 * np.abs(np.log(MULTIPLIERS)))
USUAL /= USUAL.sum()
NORMAL, TISSUE, PLASMA = range(3)
#: Errors per read of the normal and the tissue.
READ_ERROR = 2e-4


def draw(rng: np.random.Generator, sites: int, fraction: float) -> tuple[Evidence, np.ndarray]:
    """Draw the counts of a patient; return the evidence, and the AFs in pure tumour DNA."""
    depth = np.stack(
        [rng.integers(300, 1500, sites), rng.integers(300, 1500, sites),
         np.full(sites, rng.integers(4000, 20001))], axis=1,
    )  # fmt: skip
    error = np.full((sites, 3), READ_ERROR)
    # Molecules: of two strands, and of one with damage.
    error[:, PLASMA] = np.exp(rng.uniform(np.log(1e-6), np.log(5e-5), sites))
    shared = rng.random(sites) < 1 - Priors().independent
    m = rng.choice(MULTIPLIERS, sites, p=USUAL)[:, None, None]
    own = rng.choice(MULTIPLIERS, (sites, 3, 2), p=USUAL)
    m = np.where(shared[:, None, None], m, own)
    half = depth[..., None] / 2
    counts = rng.poisson(m * error[..., None] * half)
    purity, frequency = rng.uniform(0.3, 0.8), rng.uniform(0.2, 0.9, sites)
    tissue = rng.binomial(depth[:, TISSUE], np.minimum(purity * frequency, 1.0))
    counts[:, TISSUE] = np.stack([tissue // 2, tissue - tissue // 2], axis=1)
    counts[:, PLASMA, 0] += rng.binomial(depth[:, PLASMA], np.minimum(fraction * frequency, 1))
    return _evidence(counts, depth, error, half), frequency


def _evidence(counts, depth, error, half) -> Evidence:
    sites, samples, _ = counts.shape
    errors = np.zeros((sites, samples, 3, len(ERROR_CENTRES)))
    at, upper = between_centres(error.ravel())
    at, upper = at.reshape(error.shape), upper.reshape(error.shape)
    i, s = np.indices((sites, samples))
    for side in (0, 1):
        errors[i, s, side, at] += counts[..., side] * (1 - upper)
        errors[i, s, side, at + 1] += counts[..., side] * upper
    good = half * np.ones(2)
    expected = np.concatenate([good * error[..., None], np.zeros((sites, samples, 1))], axis=2)
    return Evidence(
        errors, depth - counts.sum(2), expected, good,
        np.tile(np.log(USUAL), (sites, 1)), np.tile(np.log(USUAL), (sites, samples, 2, 1)),
    )  # fmt: skip


def main() -> int:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--fraction", type=float, default=0.0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    tests = false = patients = detected = covered = blind = 0
    for number in range(args.patients):
        evidence, frequency = draw(rng, int(rng.integers(5, 41)), args.fraction)
        found = backgrounds(evidence, NORMAL, Priors().of_molecules())
        known = known_errors(evidence, found, KNOWN_ALPHA, [PLASMA])
        alt = evidence.errors[:, PLASMA].sum((1, 2)).round().astype(int)
        depth = (evidence.other[:, PLASMA] + alt).astype(int)
        usable = np.isfinite(known.critical[:, PLASMA])
        tests += int(usable.sum())
        blind += int((~usable).sum())
        false += int((alt >= known.critical[:, PLASMA])[usable].sum())
        sites = [
            KnownSite(
                int(alt[i]), int(depth[i]),
                (float(known.mean[i, PLASMA]), float(known.sd[i, PLASMA])), float(frequency[i]),
                int(known.critical[i, PLASMA]),
            )
            for i in np.flatnonzero(usable)
        ]  # fmt: skip
        if not sites:
            continue
        result = tumor_fraction(sites, seed=number, with_limit=False)
        patients += 1
        detected += result.detected
        covered += result.low <= args.fraction <= result.high
        if not (number + 1) % 100:
            print(f"{number + 1} patients: {false} of {tests}, {detected}", flush=True)
    for name, count, of in (("known alleles", false, tests), ("patients", detected, patients)):
        low, high = (float(x) for x in clopper_pearson_interval(count, of))
        print(f"{name}: {count} of {of} detected ({count / of:.4%}; {low:.4%} to {high:.4%})")
    print(f"alleles without a limit: {blind}")
    if args.fraction:
        print(f"interval covers {args.fraction:g}: {covered} of {patients}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
