"""Patients with clones, drawn as counts.

A random tree of 2 to 6 clones, the first of which is in all tumour cells, as of a tumour that
began once (in one patient of ten its variants are not on the panel). In each sample some clones
are absent, and the others have proportions of a symmetric Dirichlet distribution. The purity that
is stated differs from the true one by a normal error of 0.05. Fragments with an allele are
beta-binomial, with the overdispersion that is stated. A fifth of the truncal variants are on both
copies of a tumour cell. The model of `resistpanel.compare.clusters` has another prior: uniform
fractions of each clone by itself.
"""

import dataclasses

import numpy as np

from resistpanel.compare.clusters import Counts
from resistpanel.core.core_constants import Z95

ERROR = 2e-4
MULTIPLE, NO_TRUNK = 0.2, 0.1
PURITY_SD = 0.05


@dataclasses.dataclass(frozen=True)
class Patient:
    """A patient.

    Parameters
    ----------
    counts : Counts
    clone : int, (variants,)
        True clone of each variant.
    fractions : float, (samples, clones)
        True cancer cell fraction of each clone.
    parents : tuple of int
        True parent of each clone; -1 of the first.
    depth : int
    """

    counts: Counts
    clone: np.ndarray
    fractions: np.ndarray
    parents: tuple[int, ...]
    depth: int


def patient(rng: np.random.Generator) -> Patient:
    """Return a random patient with 3 to 8 samples and 5 to 40 variants."""
    samples, variants = int(rng.integers(3, 9)), int(rng.integers(5, 41))
    clones = int(rng.integers(2, 7))
    depth = int(rng.choice([200, 600, 2000]))
    rho = float(rng.choice([0.0002, 0.0005, 0.002]))
    parents = (-1, *(int(rng.integers(0, k)) for k in range(1, clones)))
    fractions = np.stack([_fractions(parents, rng) for _ in range(samples)])
    clone = rng.integers(1 if rng.random() < NO_TRUNK else 0, clones, variants)
    purity = rng.uniform(0.2, 0.9, samples)
    stated = np.clip(purity + rng.normal(0, PURITY_SD, samples), 0.1, 1.0)
    copies = 1 + ((clone == 0) & (rng.random(variants) < MULTIPLE))
    frequency = np.minimum(purity[:, None] * fractions[:, clone] * copies / 2, 1.0).T
    frequency = frequency * (1 - ERROR) + (1 - frequency) * ERROR
    total = rng.poisson(depth, (variants, samples))
    size = (1 - rho) / rho
    alt = rng.binomial(total, rng.beta(frequency * size, (1 - frequency) * size))
    low, high = np.clip(stated - Z95 * PURITY_SD, 0.05, 1), np.clip(stated + Z95 * PURITY_SD, 0, 1)
    return Patient(
        Counts(
            alt, total, np.tile(stated / 2, (variants, 1)), np.full((variants, samples), 2),
            np.log(high / low) / (2 * Z95), np.full((variants, samples), rho),
            np.full(samples, ERROR),
        ),
        clone, fractions, parents, depth,
    )  # fmt: skip


def _fractions(parents: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return the cancer cell fractions of one sample."""
    clones = len(parents)
    there = rng.random(clones) < rng.uniform(0.4, 1.0)
    if not there.any():
        there[rng.integers(clones)] = True
    proportion = np.where(there, rng.gamma(1.0, size=clones), 0.0)
    fractions = proportion / proportion.sum()
    for k in range(clones - 1, 0, -1):
        fractions[parents[k]] += fractions[k]
    fractions[0] = 1.0
    return fractions
