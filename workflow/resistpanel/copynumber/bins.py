"""Bins: the panel's targets, with the depths that `resistpanel qc` has measured."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pysam

from resistpanel.copynumber.copynumber_constants import GC_WINDOW
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.qc.qc_constants import QUANTILES
from resistpanel.records.base import UNSET
from resistpanel.records.qc import Qc, SampleQc


@dataclasses.dataclass(frozen=True)
class Bins:
    """Targets in the order of the genome; arrays over targets.

    Attributes
    ----------
    chrom, gene : ndarray of str
    start, end : ndarray of int
        0-based half-open.
    gc : ndarray of float
        GC fraction of the known bases round the target.
    """

    chrom: np.ndarray
    gene: np.ndarray
    start: np.ndarray
    end: np.ndarray
    gc: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @property
    def length(self) -> np.ndarray:
        """Lengths in bases."""
        return self.end - self.start

    @property
    def sex_linked(self) -> np.ndarray:
        """Whether each target lies on X or Y."""
        return np.isin(self.chrom, ("chrX", "X", "chrY", "Y"))


@dataclasses.dataclass(frozen=True)
class Coverage:
    """One sample's depth over the bins.

    Attributes
    ----------
    depth : ndarray of float
        Mean depth in fragments.
    fragments : ndarray of float
        Distinct fragments that the mean depth stands on: its sampling variance is
        depth**2 / fragments.
    quantiles : ndarray of int, (bins, 2), or None
        First and third quartile of the depth of each bin's bases; None: not measured.
    """

    depth: np.ndarray
    fragments: np.ndarray
    quantiles: np.ndarray | None = None


def gc_fraction(fasta: pysam.FastaFile, chrom: str, start: int, end: int) -> float:
    """Return the GC fraction of the known bases of a window; 0.5 where there are none."""
    pad = max(0, GC_WINDOW - (end - start)) // 2
    size = fasta.get_reference_length(chrom)
    sequence = fasta.fetch(chrom, max(0, start - pad), min(size, end + pad)).upper()
    gc = sequence.count("G") + sequence.count("C")
    known = gc + sequence.count("A") + sequence.count("T")
    return gc / known if known else 0.5


def read_bins(qc: Qc, reference: str | Path) -> Bins:
    """Return the targets that `resistpanel qc` measured.

    Parameters
    ----------
    qc : Qc
    reference : path
        FASTA with index.

    Raises
    ------
    InputError
        If the reference lacks a target's contig.
    """
    rows = qc.samples[0].targets
    gc = []
    with open_fasta(reference) as fasta:
        for row in rows:
            if row.chrom not in fasta.references:
                raise InputError(
                    f"has no contig {row.chrom}", str(reference), "give the reference of the run"
                )
            gc.append(gc_fraction(fasta, row.chrom, row.start, row.end))
    return Bins(
        np.array([row.chrom for row in rows], dtype=str),
        np.array([row.name.split("|")[0] for row in rows], dtype=str),
        np.array([row.start for row in rows], dtype=int),
        np.array([row.end for row in rows], dtype=int),
        np.array(gc),
    )


def coverage(sample: SampleQc, bins: Bins, where: str = "") -> Coverage:
    """Return a sample's coverage of the bins.

    Parameters
    ----------
    sample : SampleQc
    bins : Bins
    where : str
        The file, for messages.

    Raises
    ------
    InputError
        If it was measured on other targets.

    Notes
    -----
    With insert size s, of which the reads cover c bases, a target of length l is touched by about
    depth * (l + c) / c fragments.
    """
    rows = sample.targets
    same = len(rows) == len(bins) and all(
        (row.chrom, row.start, row.end) == (chrom, start, end)
        for row, chrom, start, end in zip(rows, bins.chrom, bins.start, bins.end, strict=True)
    )
    if not same:
        raise InputError(
            f"sample '{sample.sample}' was measured on other targets",
            where,
            "give a sample of the same panel and build",
        )
    depth = np.array([row.mean_depth for row in rows], dtype=float)
    covered = covered_bases(sample.read_length, sample.insert_size_median)
    quantiles = None
    if all(row.quantiles is not UNSET for row in rows):
        at = [QUANTILES.index(0.25), QUANTILES.index(0.75)]
        quantiles = np.array([[row.quantiles[i] for i in at] for row in rows])
    return Coverage(depth, depth * (bins.length + covered) / covered, quantiles)


def covered_bases(read_length: int | None, insert: int | None) -> int:
    """Return the distinct bases that a typical fragment's reads cover."""
    read_length = read_length or 100
    return min(insert, 2 * read_length) if insert else read_length


def gene_spans(bins: Bins) -> list[tuple[str, np.ndarray]]:
    """Return (gene, indices of its bins) in the order of the genome.

    A gene's name on two contigs (as of pseudoautosomal genes) gives two entries.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(zip(bins.chrom, bins.gene, strict=True)):
        found.setdefault(key, []).append(i)
    return [(gene, np.array(rows)) for (_, gene), rows in found.items()]


def copies_of_x(one: Coverage, bins: Bins) -> int | None:
    """Return whether a normal has one X or two, by its depth; None without targets on X."""
    on_x = np.isin(bins.chrom, ("chrX", "X"))
    if not on_x.any() or bins.sex_linked.all():
        return None
    ratio = np.median(one.depth[on_x]) / max(np.median(one.depth[~bins.sex_linked]), 1e-9)
    return 2 if ratio > np.sqrt(0.5) else 1


def as_sex(one: Coverage, bins: Bins, copies: int | None) -> Coverage:
    """Return a normal's coverage with the depth of X as if it had as many copies of it."""
    own = copies_of_x(one, bins)
    if copies is None or own is None or own == copies:
        return one
    on_x = np.isin(bins.chrom, ("chrX", "X"))
    return Coverage(np.where(on_x, one.depth * copies / own, one.depth), one.fragments)


def pool_coverages(
    entries: Sequence[tuple[Qc, str, str]],
    bins: Bins,
    sex: str | None = None,
    normal: Coverage | None = None,
) -> list[Coverage]:
    """Return the coverages of a pool of normals, as if they were of the patient's sex.

    Parameters
    ----------
    entries : sequence of (Qc, str, str)
        Figures of a patient, the name of its file, and the sample in it that is a normal.
    bins : Bins
    sex : str or None
        The patient's, as stated.
    normal : Coverage, optional
        The patient's own, which tells the sex where it is not stated.
    """
    copies = {"male": 1, "female": 2}.get(sex or "")
    if copies is None and normal is not None:
        copies = copies_of_x(normal, bins)
    found = []
    for qc, where, name in entries:
        sample = next((s for s in qc.samples if s.sample == name), None)
        if sample is None:
            known = ", ".join(s.sample for s in qc.samples)
            raise InputError(f"has no sample '{name}'", where, f"it has {known}")
        found.append(as_sex(coverage(sample, bins, where), bins, copies))
    return found
