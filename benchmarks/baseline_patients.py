"""Patients drawn as counts for `benchmarks.baselines`, put to compare's own functions.

The caller is replaced by its limits: intervals and bounds with the overdispersion that it would
estimate from the patient's heterozygous sites, and a call where an error rate of 0.00033 gives as
many fragments with a probability below 1e-6.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import betaincinv
from scipy.stats import poisson

from resistpanel.call.model import overdispersion
from resistpanel.compare.comparison import Comparison
from resistpanel.compare.copynumber import CopyNumber
from resistpanel.compare.evidence import DEFAULT_ERROR, View
from resistpanel.compare.read_calls import Record
from resistpanel.compare.scale import Scale
from resistpanel.compare.states import DEFAULT, decide
from resistpanel.core.stats import (
    overdispersed_interval,
    overdispersed_limit,
    overdispersed_upper,
)
from resistpanel.core.vcf import Genotype
from resistpanel.records.sheet import Line, Pair, Sample, Sheet

#: A negative needs so many fragments; a call is as rare by error alone.
LEAST_DEPTH, ALPHA = 12, 1e-6
#: Heterozygous germline sites from which the overdispersion is estimated.
HET_SITES = 60
#: Samples whose estimates the drawn ones have.
ESTIMATES = 200
UNSCALED = Scale(0.0, 0.0, 99)


@dataclasses.dataclass(frozen=True)
class Cell:
    """What the patients of one cell have in common.

    Parameters
    ----------
    afs : sequence of (float, float)
        Of each variant before and at relapse; the driver first.
    depth : int
    rho : float
        Overdispersion of the counts.
    purity : (float or None, float or None)
        As the sheet states it, before and at relapse.
    copynumber : CopyNumber
    genes : sequence of (str or None)
        Of each variant; none if not given.
    """

    afs: Sequence[tuple[float, float]]
    depth: int
    rho: float
    purity: tuple[float | None, float | None] = (None, None)
    copynumber: CopyNumber = dataclasses.field(default_factory=CopyNumber)
    genes: Sequence[str | None] = ()


class Drawn:
    """One patient's calls, as `Comparison` reads them from a VCF."""

    def __init__(self, records: list[Record], rho: dict[str, float]):
        self.path, self.samples = "drawn", ["normal", "pre", "post"]
        self.records, self.rho = records, rho

    def unit(self, sample: str) -> str:
        """Return what counts are of."""
        return "fragments"

    def overdispersion(self, sample: str) -> float | None:
        """Return the overdispersion that the caller states."""
        return self.rho.get(sample)

    def error(self, sample: str) -> float:
        """Return the error rate of a sample."""
        return DEFAULT_ERROR

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)


@functools.cache
def sheet(before: float | None, after: float | None) -> Sheet:
    """Return the sheet of a drawn patient, with its purities."""
    rows = {"normal": ("normal", None), "pre": ("tumor", before), "post": ("tumor", after)}
    return Sheet(
        schema="resistpanel/sheet/1", patient="P", sex=None, disease=None, tumor_only=False,
        drugs=(), pairs=(Pair(pre="pre", post="post", drugs=()),),
        samples=tuple(
            Sample(sample=name, role=role, timepoint=None, day=None, lesion=None, drugs=(),
                   bam="", purity=purity)
            for name, (role, purity) in rows.items()
        ),
        lines=(Line(number=1, drugs=(), start=None, stop=None, baseline=("pre",),
                    samples=("post",)),),
    )  # fmt: skip


@functools.cache
def estimates(depth: int, rho: float) -> np.ndarray:
    """Return overdispersions as estimated in `ESTIMATES` samples."""
    rng = np.random.default_rng([depth, round(1e6 * rho), 60])
    centre = overdispersion.prior("hybrid capture", "duplicate-marked")
    found = []
    for _ in range(ESTIMATES):
        alt = rng.binomial(depth, overdispersed(rng, np.full(HET_SITES, 0.5), rho))
        found.append(overdispersion.estimate(alt, np.full(HET_SITES, depth), centre).rho)
    return np.array(found)


def overdispersed(rng: np.random.Generator, frequency: np.ndarray, rho: float) -> np.ndarray:
    """Return frequencies from beta distributions about these, of overdispersion rho."""
    if rho <= 0:
        return frequency
    size = (1 - rho) / rho
    inside = np.clip(frequency, 1e-9, 1 - 1e-9)
    return rng.beta(inside * size, (1 - inside) * size)


def genotypes(alt: np.ndarray, depth: int, rho: np.ndarray) -> np.ndarray:
    """Return what a caller states for counts, an array of Genotype shaped as `alt`."""
    least = int(poisson.isf(ALPHA, depth * DEFAULT_ERROR)) + 1
    low, high = overdispersed_interval(alt, depth, rho)
    upper = overdispersed_upper(alt, depth, rho)
    lod = None
    if least <= depth:
        lod = overdispersed_limit(betaincinv(least, depth - least + 1, 0.95), depth, rho)
        lod = np.broadcast_to(lod, alt.shape)
    made = np.empty(alt.shape, dtype=object)
    for at in np.ndindex(alt.shape):
        k, detected = int(alt[at]), bool(alt[at] >= least)
        made[at] = Genotype(
            (depth - k, k), depth, k / depth, float(low[at]), float(high[at]),
            None if lod is None else float(lod[at]), float(upper[at]),
            None if not detected and depth < LEAST_DEPTH else detected,
        )  # fmt: skip
    return made


def patients(cell: Cell, number: int, seed: Sequence[int]) -> Iterator[Comparison]:
    """Yield drawn patients, compared."""
    rng = np.random.default_rng(seed)
    afs = np.column_stack([np.zeros(len(cell.afs)), np.array(cell.afs)])
    shown = afs * (1 - DEFAULT_ERROR) + (1 - afs) * DEFAULT_ERROR
    frequency = np.tile(shown, (number, 1, 1))
    frequency[:, :, 1:] = overdispersed(rng, frequency[:, :, 1:], cell.rho)
    alt = rng.binomial(cell.depth, frequency)
    rho = rng.choice(estimates(cell.depth, cell.rho), (number, 1, 3))
    called = genotypes(alt, cell.depth, np.broadcast_to(rho, alt.shape))
    genes = cell.genes or (None,) * len(cell.afs)
    for row, stated in zip(called, rho[:, 0], strict=True):
        records = [record(i, *one) for i, one in enumerate(zip(row, genes, strict=True))]
        drawn = Drawn(
            records, dict(zip(("normal", "pre", "post"), map(float, stated), strict=True))
        )
        yield Comparison(sheet(*cell.purity), drawn, cell.copynumber, DEFAULT)


def record(number: int, evidence: Sequence[Genotype], gene: str | None) -> Record:
    """Return an allele; the first is the driver, which the catalogue has."""
    by_sample = dict(zip(("normal", "pre", "post"), evidence, strict=True))
    called = any(by_sample[name].detected for name in ("pre", "post"))
    fields = {
        "id": f"chr1:{number + 1}:A:C", "chrom": "chr1", "pos": number + 1, "ref": "A", "alt": "C",
        "type": "SNV", "filters": ("PASS",), "model": "somatic", "somatic_phred": 99.0,
        "gene": gene, "transcript": None, "consequence": None, "hgvs_c": None, "hgvs_p": None,
        "protein": None, "protein_changes": (), "substitutions": (), "splice": False,
        "sites": () if number else ("driver",), "reported": called, "phase": (),
    }  # fmt: skip
    return Record(fields, by_sample)


def by_pair(made: Comparison, one: Record, common: Scale | None = UNSCALED) -> str:
    """Return the state by the two samples alone: whether they contain tumour is not asked."""
    views = [made._view(one, name) for name in ("pre", "post")]
    bare: list[View] = [dataclasses.replace(view, content=None) for view in views]
    return decide(*bare, common=common, interval=False).state


def state(made: Comparison, one: Record) -> str:
    """Return the state of compare.

    By the two samples; what is acquired by these is put to the line of therapy too. The interval of
    a change, which takes long, is left out.
    """
    identifier = one.fields["id"]
    both = all(one.evidence[name].detected for name in ("pre", "post"))
    among = made._among("pre", "post") if both else None
    found = decide(
        made._view(one, "pre"), made._view(one, "post"), made.rules,
        made._scale("pre", "post", identifier), False,
        among.unchanged.get(identifier) if among else None,
    ).state  # fmt: skip
    return str(made.variant(one).state) if found == "acquired" else found
