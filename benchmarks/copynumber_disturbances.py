"""Disturbances of depth whose form the copy-number model does not fit, and patients with them.

Natural log units throughout. The forms: GC as a plateau with two cliffs (no polynomial), waves
along the genome, genes of another capture lot, targets that drop out, noise with heavy tails, short
fragments of fixed tissue.
"""

import dataclasses
import zlib
from collections.abc import Sequence

import msgspec
import numpy as np

from benchmarks import copynumber_patients as simulated
from benchmarks.copynumber_patients import GAIIX, MODERN, NORMAL, Library, Panel, Tumor
from resistpanel.copynumber.analyse import Patient
from resistpanel.copynumber.bins import Coverage
from resistpanel.copynumber.origin import Known

#: Purities, and copies (total, rarer haplotype) of changes of single genes and of chromosomes.
PURITIES = (0.3, 0.5, 0.8)
FOCAL = ((3, 1),) * 5 + ((1, 0),) * 5 + ((2, 0),) * 3 + ((6, 1),) * 2 + ((0, 0),) * 2
CHROMOSOMES = ((3, 1), (1, 0), (3, 1), (1, 0), (2, 0))


@dataclasses.dataclass(frozen=True)
class Disturbance:
    """Size of each disturbance of one library.

    Attributes
    ----------
    cliff : float
        Depth lost at GC extremes, per standard deviation of GC beyond the plateau.
    slope : float
        Trend with GC, per standard deviation.
    wave : float
        Amplitude of the sum of three waves of 5 to 60 Mb.
    lot : float
        Standard deviation of the shift of genes of another lot.
    other_lot : float
        Fraction of genes of another lot.
    dropout : float
        Fraction of targets that lose 30 to 90 % of their depth.
    tails : float
        Scale of further noise of a target, Student's t with 4 degrees of freedom.
    short : float
        Depth gained per doubling of a target's length: short fragments miss short targets.
    """

    cliff: float = 0.0
    slope: float = 0.0
    wave: float = 0.0
    lot: float = 0.0
    other_lot: float = 0.15
    dropout: float = 0.0
    tails: float = 0.0
    short: float = 0.0


CLEAN = Disturbance()
#: Of a normal of another lot, or of blood where the tumour is FFPE.
LIGHT = Disturbance(cliff=0.05, slope=0.05, wave=0.01)
FFPE = Disturbance(cliff=0.4, slope=-0.35, wave=0.06, lot=0.1, dropout=0.03, tails=0.10, short=0.12)
FIXED = Library("FFPE", 300, 75, 110, noise=0.08)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A tumour's library with its disturbance, its normal's, and the number of other normals."""

    library: Library
    tumor: Disturbance
    normal: Disturbance | None
    pool: int = 0


SCENARIOS = {
    "clean": Scenario(MODERN, CLEAN, CLEAN),
    "clean, pool of 8 normals": Scenario(MODERN, CLEAN, CLEAN, 8),
    "GC": Scenario(MODERN, Disturbance(cliff=0.5, slope=-0.5), LIGHT),
    "drop-out": Scenario(MODERN, Disturbance(dropout=0.06), CLEAN),
    "wave": Scenario(MODERN, Disturbance(wave=0.06), CLEAN),
    "lot": Scenario(MODERN, Disturbance(lot=0.2), CLEAN),
    "noise": Scenario(MODERN, Disturbance(tails=0.12), CLEAN),
    "2x36": Scenario(GAIIX, CLEAN, CLEAN),
    "FFPE": Scenario(FIXED, FFPE, LIGHT),
    "FFPE, no normal, pool of 8": Scenario(FIXED, FFPE, None, 8),
}


def _cliff(z: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, (z - 0.8) / 0.2) * 0.2 + np.logaddexp(0, (-0.8 - z) / 0.2) * 0.2


def draw(rng: np.random.Generator, panel: Panel, size: Disturbance) -> np.ndarray:
    """Draw a library's disturbance of the log depth of each target."""
    bins = panel.bins
    z = (bins.gc - bins.gc.mean()) / bins.gc.std()
    found = size.slope * z - size.cliff * rng.uniform(0.6, 1.4) * _cliff(z)
    found = found + size.short * np.log2(bins.length / np.median(bins.length))
    for chrom in dict.fromkeys(bins.chrom):
        rows = bins.chrom == chrom
        for length in np.exp(rng.uniform(np.log(5e6), np.log(6e7), 3)):
            phase = rng.uniform(0, 2 * np.pi)
            found[rows] += size.wave * np.sin(2 * np.pi * bins.start[rows] / length + phase) / 1.2
    for gene in panel.genes:
        if rng.random() < size.other_lot:
            found[bins.gene == gene] += rng.normal(0, size.lot)
    lost = rng.random(len(bins)) < size.dropout
    found[lost] += np.log(rng.uniform(0.1, 0.7, lost.sum()))
    return found + size.tails * rng.standard_t(4, len(bins))


def draw_genome(rng: np.random.Generator, panel: Panel, purity: float, focal: bool) -> Tumor:
    """Draw a tumour with changes of single genes, of single genes and chromosomes otherwise."""
    copies: dict[str, tuple[int, int]] = {}
    if not focal:
        names = sorted({str(c) for c in panel.bins.chrom[~panel.bins.sex_linked]})
        for chrom, state in zip(rng.permutation(names), CHROMOSOMES, strict=False):
            copies |= {str(g): state for g in panel.bins.gene[panel.bins.chrom == chrom]}
    free = [gene for gene in panel.autosomal if gene not in copies]
    chosen = rng.choice(free, len(FOCAL), replace=False)
    return Tumor(purity, copies | {str(g): s for g, s in zip(chosen, FOCAL, strict=True)})


def draw_patient(
    scenario: Scenario, rng: np.random.Generator, tumor: Tumor, panel: Panel
) -> tuple[Patient, list[Coverage]]:
    """Return a patient, and the coverages of its normal and of the pool."""
    alleles = simulated.inherited(rng, panel, {"tumor": tumor})
    simulated.add_somatic(alleles, rng, panel, {"tumor": tumor}, clonal=10, subclonal=4)
    sheet = simulated.sheet("P", ["tumor"], "female")
    coverage = {"tumor": panel.coverage(rng, tumor, more=draw(rng, panel, scenario.tumor))}

    def normal() -> Coverage:
        return panel.coverage(rng, more=draw(rng, panel, scenario.normal or LIGHT))

    if scenario.normal is not None:
        coverage[NORMAL] = normal()
    else:
        tumors = tuple(sample for sample in sheet.samples if sample.tumor)
        sheet = msgspec.structs.replace(sheet, samples=tumors, tumor_only=True)
    pool = [normal() for _ in range(scenario.pool)]
    sites = alleles.counted(rng, panel, [NORMAL, "tumor"], {"tumor": tumor})
    known = None
    if scenario.normal is None:
        nothing = np.zeros(len(sites), int)
        known = Known(np.full(len(sites), np.nan), nothing, nothing.astype(bool), False)
    patient = Patient(
        sheet=sheet, bins=panel.bins, coverage=coverage, sites=sites, pool=pool, known=known
    )
    return patient, [one for name, one in coverage.items() if name == NORMAL] + pool


def patient_of(
    rng: np.random.Generator,
    panel: Panel,
    tumor: Tumor,
    more: np.ndarray,
    normal: Disturbance,
    clonal: int = 10,
    subclonal: int = 4,
    subclones: Sequence[int] = (),
) -> Patient:
    """Return a patient whose tumour has a given disturbance, with a normal."""
    alleles = simulated.inherited(rng, panel, {"tumor": tumor})
    simulated.add_somatic(
        alleles, rng, panel, {"tumor": tumor}, clonal, subclonal, subclones=subclones
    )
    return Patient(
        sheet=simulated.sheet("P", ["tumor"], "female"),
        bins=panel.bins,
        coverage={
            NORMAL: panel.coverage(rng, more=draw(rng, panel, normal)),
            "tumor": panel.coverage(rng, tumor, more=more),
        },
        sites=alleles.counted(rng, panel, [NORMAL, "tumor"], {"tumor": tumor}),
    )


def generator(name: str, seed: int, number: int) -> np.random.Generator:
    """Return the random numbers of one tumour of a scenario."""
    return np.random.default_rng([seed, number, zlib.crc32(name.encode())])
