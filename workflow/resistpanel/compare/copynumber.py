"""What the comparison takes from the copy-number stage, where it has been run."""

import dataclasses
import math
from pathlib import Path

from resistpanel.compare.purity import Alternative, Locus, Purity, from_sheet
from resistpanel.copynumber.calls import DEFAULT
from resistpanel.copynumber.copynumber_constants import LOWEST_PURITY
from resistpanel.core.core_constants import Z95
from resistpanel.core.errors import InputError
from resistpanel.core.schemas import read_record
from resistpanel.records import copynumber as records
from resistpanel.records.sheet import Sample, Sex

SEX_CHROMOSOMES = {"X", "Y", "chrX", "chrY"}


@dataclasses.dataclass(frozen=True)
class CopyNumber:
    """Purity of each sample and copies of each gene.

    Parameters
    ----------
    purity : dict of str to Purity
        By sample.
    copies : dict of (str, str) to float
        Copies per tumour cell, by sample and gene; only what is known. Of a gene whose copies are
        not known to differ they are the genome's baseline, not its own noisy estimate.
    errors : dict of (str, str) to float
        Standard deviation of the logarithm of a changed gene's amount of DNA.
    baselines : dict of (str, str) to float
        Copies of the genome at large, of a changed gene: its own are estimated from depth.
    both_haplotypes : set of (str, str)
        Genes of which tumour cells are known to have both haplotypes.
    neutral : dict of (str, str) to float
        Genes without a change where the purity, and so the copies, are not known: standard
        deviation of the logarithm of the amount of DNA, by the farther end of its interval.
    amounts : dict of (str, str) to float
        Amount of DNA of a gene relative to the genome at large; 1 of a gene that is not called
        changed.
    origins : dict of str to Origin
        Of alleles of a patient without a normal, by id; empty with one.
    """

    purity: dict[str, Purity] = dataclasses.field(default_factory=dict)
    copies: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    errors: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    baselines: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    both_haplotypes: frozenset[tuple[str, str]] = frozenset()
    neutral: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    amounts: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    origins: dict[str, records.AlleleOrigin] = dataclasses.field(default_factory=dict)


def read_copynumber(path: str | Path | None) -> CopyNumber:
    """Read copynumber/{patient}.json; without a path nothing is known.

    Raises
    ------
    InputError
        If the file is missing, or is not what `resistpanel copynumber` writes.
    """
    if path is None:
        return CopyNumber()
    if not Path(path).is_file():
        raise InputError("no such file", str(path), "leave out --copynumber if there is none")
    value = read_record(path, records.CopyNumber)
    copies, errors, baselines, both, neutral, amounts = {}, {}, {}, set(), {}, {}
    for name, sample in value.samples.items():
        for gene in sample.genes:
            key = (name, gene.gene)
            if gene.log2 is not None and gene.chrom not in SEX_CHROMOSOMES:
                amounts[key] = 1.0 if gene.call == "neutral" else 2.0**gene.log2
            if gene.copies is None:
                if gene.call == "neutral" and gene.log2_low is not None:
                    farther = max(abs(gene.log2_low), abs(gene.log2_high))
                    neutral[key] = farther / Z95 * math.log(2)
                continue
            if gene.loh is False:
                both.add(key)
            if gene.call != "neutral" or (gene.probability or 0.0) >= DEFAULT.certainty:
                copies[key] = float(gene.copies)
                baselines[key] = float(sample.baseline)
                errors[key] = (gene.log2_high - gene.log2_low) / (2 * Z95) * math.log(2)
            elif gene.chrom not in SEX_CHROMOSOMES:
                copies[key] = float(sample.baseline)
    purity = {name: _purity(sample.purity) for name, sample in value.samples.items()}
    origins = {one.id: one for one in value.origins or ()}
    return CopyNumber(purity, copies, errors, baselines, frozenset(both), neutral, amounts, origins)


def _purity(given: records.TumorPurity) -> Purity:
    several = tuple(
        Alternative(
            one.value, max(one.low, LOWEST_PURITY), min(one.high, 1.0), one.baseline,
            one.probability,
        )
        for one in given.alternatives
        if one.value
    )  # fmt: skip
    several = several if len(several) > 1 else ()
    if not given.value:
        return Purity(source=given.source, alternatives=several)  # says why there is none
    value, low, high = (
        None if bound is None else min(max(bound, LOWEST_PURITY), 1.0)
        for bound in (given.value, given.low, given.high)
    )
    return Purity(value, low, high, given.source, given.method == "driver", several)


def purity_of(sample: Sample, copynumber: CopyNumber) -> Purity:
    """Return the purity of a sample of the sheet: the sheet's, else the copy number's.

    A normal has none; where neither gives one it is not known.
    """
    if sample.role == "normal":
        return Purity()
    if sample.purity is not None:
        return from_sheet(sample.purity)
    return copynumber.purity.get(sample.sample, Purity())


def locus(
    purity: Purity,
    chrom: str,
    gene: str | None,
    sample: str,
    sex: Sex | None,
    copynumber: CopyNumber,
) -> Locus:
    """Return purity and copies of a variant's locus in a sample."""
    normal = 1 if sex == "male" and chrom in SEX_CHROMOSOMES else 2
    key = (sample, gene or "")
    return Locus(
        purity,
        copynumber.copies.get(key),
        normal,
        copynumber.errors.get(key, 0.0),
        copynumber.baselines.get(key),
        key in copynumber.both_haplotypes,
        0.0 if key in copynumber.copies else copynumber.neutral.get(key),
        copynumber.amounts.get(key),
    )
