"""A sample's figures from what was counted in its reads."""

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from resistpanel.core.core_constants import GENOMES_PER_NG
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import Target, merge_targets, read_targets
from resistpanel.qc import assay
from resistpanel.qc.assay_given import DETECTED, Given
from resistpanel.qc.gate import Condition, judge
from resistpanel.qc.qc_constants import CURVE, LEVELS, QUANTILES
from resistpanel.qc.reads import Counted, count, file_counts
from resistpanel.records.base import UNSET, UnsetType
from resistpanel.records.qc import (
    Assay,
    Excluded,
    FractionAt,
    Gate,
    Molecules,
    Qc,
    SampleQc,
    TargetDepth,
)
from resistpanel.records.sheet import Sample, Sheet


@dataclasses.dataclass(frozen=True)
class Bases:
    """Which bases of the targets can be covered.

    Attributes
    ----------
    targets : list of Target
        Those with a base that is not N.
    known : list of ndarray of bool
        For each target, which of its bases are not N.
    excluded : list of Target
        Those whose reference is N throughout.
    """

    targets: list[Target]
    known: list[np.ndarray]
    excluded: list[Target]


def known_bases(targets: list[Target], reference: Path) -> Bases:
    """Look the targets up in the reference; no read can be placed on N."""
    found = Bases([], [], [])
    with open_fasta(reference) as fasta:
        for target in targets:
            sequence = fasta.fetch(target.chrom, target.start, target.end).upper()
            known = np.frombuffer(sequence.encode(), dtype=np.uint8) != ord("N")
            if known.any():
                found.targets.append(target)
                # Of all known one value stands for the whole.
                found.known.append(np.broadcast_to(True, known.shape) if known.all() else known)
            else:
                found.excluded.append(target)
    return found


def median_of(counts: np.ndarray) -> int | None:
    """Return the lower median of values counted by index, None of nothing."""
    seen = np.cumsum(counts)
    return int(np.searchsorted(seen, (seen[-1] + 1) // 2)) if seen[-1] else None


def fraction(part: float, whole: float) -> float | None:
    """Return part / whole, None of nothing."""
    return part / whole if whole else None


def reaching(order: np.ndarray) -> FractionAt:
    """Return the fraction of bases that reach each of `LEVELS`; depths in ascending order."""
    reached = len(order) - np.searchsorted(order, LEVELS)
    return FractionAt(*(round(float(number / len(order)), 6) for number in reached))


def curve(order: np.ndarray) -> tuple[tuple[int, float], ...]:
    """Return [depth, fraction of bases at it or above], from 0 to the deepest 1 %.

    `order` : the depths in ascending order.
    """
    # The quantile of numpy's "linear", of the two values that decide it.
    at = 0.99 * (len(order) - 1)
    below = int(at)
    low, high = (float(value) for value in order[[below, min(below + 1, len(order) - 1)]])
    top = max(low + (high - low) * (at - below), 1.0)
    levels = np.unique(np.linspace(0, top, CURVE).round().astype(np.int64))
    above = 1 - np.searchsorted(order, levels) / len(order)
    return tuple((int(x), round(float(y), 4)) for x, y in zip(levels, above, strict=True))


def target_row(target: Target, depths: np.ndarray) -> TargetDepth:
    """Return a target's depths, over its known bases."""
    order = np.sort(depths)
    # The quantiles of numpy's "inverted_cdf", at a tenth of its cost for a target.
    at = np.ceil(len(order) * np.array(QUANTILES) - 1).clip(0).astype(np.int64)
    return TargetDepth(
        name=target.name,
        chrom=target.chrom,
        start=target.start,
        end=target.end,
        mean_depth=round(float(depths.mean()), 2),
        min_depth=int(order[0]),
        quantiles=tuple(int(value) for value in order[at]),
        fraction_at=reaching(order),
    )


def read_figures(
    sample: Sample, bases: Bases, reference: Path, kind: Assay | None = None
) -> SampleQc:
    """Read a sample, and return its figures before they are judged.

    Parameters
    ----------
    sample : Sample
        Of the sheet.
    bases : Bases
        See `known_bases`.
    reference : Path
        FASTA with index.
    kind : Assay, optional
        By which reads are grouped into molecules.
    """
    families, umi = (kind.families, kind.umi) if kind else ("none", "none")
    copies = kind is not None and assay.counts_copies(kind)
    counted = count(Path(sample.bam), bases.targets, reference, families, umi, copies)
    return figures(sample.sample, Path(sample.bam), counted, bases, kind)


def figures(name: str, bam: Path, counted: Counted, bases: Bases, kind: Assay | None) -> SampleQc:
    """Return the figures of a sample of which the reads were counted, before they are judged."""
    total, mapped = file_counts(bam)
    # An exome's bases are copied once here, to be sorted: each further copy counts in its peak.
    pairs = zip(counted.depths, bases.known, strict=True)
    depths = [all_ if known.all() else all_[known] for all_, known in pairs]
    every = np.concatenate(depths)
    every.sort()
    lengths = counted.lengths
    return SampleQc(
        sample=name,
        reads_total=total,
        reads_on_target=counted.records,
        on_target_fraction=fraction(counted.records, total),
        duplicate_fraction=fraction(counted.duplicates, counted.primary),
        mapped_fraction=fraction(mapped, total),
        mean_depth=round(float(every.mean()), 2),
        median_depth=float(every[(len(every) - 1) // 2] / 2 + every[len(every) // 2] / 2),
        fraction_at=reaching(every),
        depth_curve=curve(every),
        insert_size_median=median_of(counted.inserts),
        insert_size_quartiles=quartiles(counted.inserts),
        read_length=(int(len(lengths) - 1 - np.argmax(lengths[::-1])) if lengths.any() else None),
        error_rate=counted.error_rate,
        error_spectrum=counted.spectrum.record(
            amplicons=kind is not None and kind.library == "amplicon"
        ),
        unit=assay.unit(kind) if kind is not None else "fragments",
        targets=tuple(target_row(*pair) for pair in zip(bases.targets, depths, strict=True)),
        gate=Gate(passed=True, failures=()),
        assay=UNSET if kind is None else kind,
        molecules=molecules(counted.molecules) if counted.molecules else UNSET,
    )


def judged(found: SampleQc, sample: Sample, conditions: Sequence[Condition]) -> SampleQc:
    """Return a sample's figures with what its row of the sheet and the gate make of them."""
    found = msgspec.structs.replace(
        found, sample=sample.sample, conversion=conversion(found, sample)
    )
    return msgspec.structs.replace(found, gate=judge(found, sample.role, conditions))


def conversion(found: SampleQc, sample: Sample) -> float | UnsetType:
    """Return the fraction of the library's genomes that are sequenced as molecules."""
    if sample.ng is UNSET or found.unit != "molecules":
        return UNSET
    return float(f"{found.mean_depth / (sample.ng * GENOMES_PER_NG):.4g}")


def molecules(counts: dict) -> Molecules:
    """Return the families of a sample from `core.molecules.Molecules.counts`."""
    number, sizes = counts["molecules"], counts["sizes"].tolist()
    return Molecules(
        reads=counts["reads"],
        reads_without_umi=counts["without_umi"],
        fragments=counts["fragments"],
        molecules=number,
        mean_family_size=round(counts["fragments"] / number, 3) if number else None,
        duplex_fraction=fraction(counts["duplex"], number),
        umi_corrected_fraction=fraction(counts["corrected"], counts["fragments"]),
        family_sizes=tuple((size, n) for size, n in enumerate(sizes) if n),
    )


def quartiles(counts: np.ndarray) -> tuple[int, int] | None:
    """Return the lower and the upper quartile of values counted by index, None of nothing."""
    seen = np.cumsum(counts)
    if not seen[-1]:
        return None
    low, high = (int(np.searchsorted(seen, share * seen[-1])) for share in (0.25, 0.75))
    return low, high


def patient_figures(
    sheet: Sheet,
    bed: Path,
    reference: Path,
    gate: Sequence[Condition],
    workers: int = 1,
    assays: Sequence[Given] = (),
    before: Callable[[Sample, Given, Bases], SampleQc | None] | None = None,
) -> Qc:
    """Return a patient's ``qc/{patient}.json``.

    Parameters
    ----------
    sheet : Sheet
    bed : Path
        Targets; those that overlap are joined.
    reference : Path
        FASTA with index.
    gate : sequence of Condition
        See `resistpanel.qc.gate.gate_with`.
    workers : int
        Samples read at the same time.
    assays : sequence of Given
        What the user says of each sample's assay; empty: nothing.
    before : callable, optional
        Returns the figures of a sample that were counted before; None: it is read.

    Raises
    ------
    InputError
        If no target has a known base, or a BAM cannot be read.
    """
    targets = read_targets(bed)
    bases = known_bases(merge_targets(targets), reference)
    if not bases.targets:
        raise InputError(
            "the reference is N at every target", str(reference), "give the genome's own FASTA"
        )

    def one(sample: Sample, given: Given) -> SampleQc:
        found = before(sample, given, bases) if before else None
        if found is None:
            kind = assay.describe(assay.look(sample.bam, reference, targets, given), given)
            found = read_figures(sample, bases, reference, kind)
        return judged(found, sample, gate)

    with ThreadPoolExecutor(workers) as pool:
        samples = tuple(pool.map(one, sheet.samples, assays or [DETECTED] * len(sheet.samples)))
    return Qc(
        schema="resistpanel/qc/1",
        patient=sheet.patient,
        samples=samples,
        excluded=tuple(
            Excluded(name=row.name, chrom=row.chrom, start=row.start, end=row.end)
            for row in bases.excluded
        ),
        passed=all(sample.gate.passed for sample in samples),
    )
