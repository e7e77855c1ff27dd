"""A sample's figures from what samtools counted."""

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pysam

from resistpanel.errors import InputError
from resistpanel.panel.targets import Target, merge_targets, read_targets
from resistpanel.qc import samtools
from resistpanel.qc.gate import Condition, judge

#: Depths, in fragments, for which the fraction of bases that reach them is given.
LEVELS = (100, 250, 500)


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
    with pysam.FastaFile(str(reference)) as fasta:
        for target in targets:
            sequence = fasta.fetch(target.chrom, target.start, target.end).upper()
            known = np.frombuffer(sequence.encode(), dtype=np.uint8) != ord("N")
            if known.any():
                found.targets.append(target)
                found.known.append(known)
            else:
                found.excluded.append(target)
    return found


def median_of(counts: Counter) -> int | None:
    """Return the lower median of counted values, None of nothing."""
    half, seen = sum(counts.values()) / 2, 0
    for value in sorted(counts):
        seen += counts[value]
        if counts[value] and seen >= half:
            return value
    return None


def fraction(part: float, whole: float) -> float | None:
    """Return part / whole, None of nothing."""
    return part / whole if whole else None


def figures(sample: str, bam: Path, bed: Path, bases: Bases, reference: Path) -> dict:
    """Return a sample's figures, as in ``qc/{patient}.json`` but for the gate.

    Parameters
    ----------
    sample : str
        Name.
    bam : Path
        BAM or CRAM with index.
    bed : Path
        The targets of `bases`, which `samtools` reads.
    bases : Bases
        See `known_bases`.
    reference : Path
        FASTA with index.
    """
    depth, stats = samtools.measure(bam, bed, reference)
    total, mapped = samtools.file_counts(bam)
    numbers = stats.numbers
    on_target = sum(
        numbers[name]
        for name in ("raw total sequences", "non-primary alignments", "supplementary alignments")
    )
    rows, parts = [], []
    for target, known in zip(bases.targets, bases.known, strict=True):
        here = depth.of(target.chrom, target.start, target.end)[known]
        parts.append(here)
        rows.append(
            {
                "name": target.name,
                "chrom": target.chrom,
                "start": target.start,
                "end": target.end,
                "mean_depth": round(float(here.mean()), 2),
                "min_depth": int(here.min()),
            }
        )
    every = np.concatenate(parts)
    lengths = stats.read_lengths
    mismatches = numbers["mismatches"]
    # Without NM tags samtools counts no mismatch at all: that is no error rate of 0.
    tagged = mismatches > 0 or samtools.has_mismatch_tags(bam, reference)
    return {
        "sample": sample,
        "reads_total": total,
        "reads_on_target": int(on_target),
        "on_target_fraction": fraction(on_target, total),
        "duplicate_fraction": fraction(numbers["reads duplicated"], numbers["raw total sequences"]),
        "mapped_fraction": fraction(mapped, total),
        "mean_depth": round(float(every.mean()), 2),
        "median_depth": float(np.median(every)),
        "fraction_at": {str(level): float((every >= level).mean()) for level in LEVELS},
        "insert_size_median": median_of(stats.insert_sizes),
        "read_length": max(lengths, key=lambda length: (lengths[length], length), default=None),
        "error_rate": (fraction(mismatches, numbers["bases mapped (cigar)"]) if tagged else None),
        "unit": "fragments",
        "targets": rows,
    }


def patient_figures(
    sheet: dict, bed: Path, reference: Path, gate: list[Condition], workers: int = 1
) -> dict:
    """Return a patient's ``qc/{patient}.json``.

    Parameters
    ----------
    sheet : dict
        The patient's ``sheet/{patient}.json``.
    bed : Path
        Targets; those that overlap are joined.
    reference : Path
        FASTA with index.
    gate : list of Condition
        See `resistpanel.qc.gate.gate_with`.
    workers : int
        Samples read at the same time.

    Raises
    ------
    InputError
        If no target has a known base, or a BAM cannot be read.
    """
    bases = known_bases(merge_targets(read_targets(bed)), reference)
    if not bases.targets:
        raise InputError(
            "the reference is N at every target", str(reference), "give the genome's own FASTA"
        )

    def one(entry: dict) -> dict:
        found = figures(entry["sample"], Path(entry["bam"]), bed, bases, reference)
        return found | {"gate": judge(found, entry["role"], gate)}

    with ThreadPoolExecutor(workers) as pool:
        samples = list(pool.map(one, sheet["samples"]))
    return {
        "schema": "resistpanel/qc/1",
        "patient": sheet["patient"],
        "samples": samples,
        "excluded": [
            {"name": row.name, "chrom": row.chrom, "start": row.start, "end": row.end}
            for row in bases.excluded
        ],
        "passed": all(sample["gate"]["passed"] for sample in samples),
    }
