"""One pass over a sample's reads on target, by the compiled counter, or alongside the caller's."""

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import Target
from resistpanel.qc import spectrum
from resistpanel.qc.count import Alongside, Counter, Tally
from resistpanel.qc.qc_constants import MIN_BASE_QUALITY

#: Targets of which the errors are counted at once.
TOGETHER = 500
# pysam's samtools commands share their standard streams: one at a time.
_SAMTOOLS = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Counted:
    """What was counted in a sample.

    Attributes
    ----------
    depths : list of ndarray of int
        For each target, fragments at each of its bases.
    spectrum : Spectrum
    records, primary, duplicates : int
        Mapped records on target; primary ones; of these, those marked as duplicates.
    error_rate : float or None
        NM per aligned base of the usable reads on target; None without NM tags.
    inserts, lengths : ndarray of int
        Pairs by insert size, primary reads by length.
    molecules : dict or None
        From `core.molecules.Molecules.counts`; None where reads are no families. Depth, spectrum,
        inserts and lengths are then those of the molecules.
    """

    depths: list[np.ndarray]
    spectrum: spectrum.Spectrum
    records: int
    primary: int
    duplicates: int
    error_rate: float | None
    inserts: np.ndarray
    lengths: np.ndarray
    molecules: dict | None


def count(
    bam: Path,
    targets: list[Target],
    reference: Path,
    families: str = "none",
    umi: str = "none",
    copies: bool = False,
) -> Counted:
    """Read a BAM once where it meets the targets.

    Parameters
    ----------
    bam : Path
        BAM or CRAM with index.
    targets : list of Target
        Disjoint, ascending on each contig.
    reference : Path
        FASTA with index.
    families, umi : str
        See `records.qc.Assay`.
    copies : bool
        See `qc.assay.counts_copies`.

    Raises
    ------
    InputError
        If the file cannot be read, or lacks a contig of the targets.
    """
    counter = Counter(
        str(bam), str(reference), MIN_MAPPING_QUALITY, MIN_BASE_QUALITY, families, umi, copies
    )
    contigs = Contigs(targets, reference)
    for chrom, starts, ends in contigs.spans():
        contigs.add(chrom, *counter.contig(chrom, starts, ends))
    return contigs.counted(counter, counter.molecules())


class Contigs:
    """What is counted of a sample, contig by contig.

    The counts of an exome's bases would not fit beside each other.

    Parameters
    ----------
    targets, reference
        See `count`.
    """

    def __init__(self, targets: list[Target], reference: Path):
        self.targets, self.reference = targets, reference
        self.by_contig: dict[str, list[Target]] = {}
        for target in targets:
            self.by_contig.setdefault(target.chrom, []).append(target)
        self.depths: dict[Target, np.ndarray] = {}
        self.spectrum = spectrum.Spectrum.empty()

    def spans(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Yield each contig with the starts and the ends of its targets."""
        for chrom, here in self.by_contig.items():
            starts = np.array([target.start for target in here], dtype=np.int64)
            yield chrom, starts, np.array([target.end for target in here], dtype=np.int64)

    def add(self, chrom: str, depth: np.ndarray, bases: np.ndarray) -> None:
        """Add the depth and the bases of a contig, see `qc.count.Counter.contig`."""
        here = self.by_contig[chrom]
        cuts = np.cumsum([target.end - target.start for target in here])[:-1]
        narrow = np.uint16 if depth.max(initial=0) <= np.iinfo(np.uint16).max else np.int32
        self.depths.update(zip(here, np.split(depth.astype(narrow), cuts), strict=True))
        at = 0
        with open_fasta(self.reference) as fasta:
            for some in (here[i : i + TOGETHER] for i in range(0, len(here), TOGETHER)):
                contexts = [spectrum.contexts(fasta, chrom, t.start, t.end) for t in some]
                contexts = np.concatenate(contexts)
                part = bases[at : at + len(contexts)]
                self.spectrum = self.spectrum.with_counts(contexts, part)
                at += len(contexts)

    def alongside(self) -> Alongside:
        """Return what counts the records of a pass that is made for something else."""
        return Alongside(MIN_MAPPING_QUALITY, MIN_BASE_QUALITY, list(self.spans()), self.add)

    def counted(self, tally: Tally, molecules: dict | None = None) -> Counted:
        """Return what was counted, once all contigs were added."""
        return Counted(
            [self.depths[target] for target in self.targets],
            self.spectrum,
            tally.records,
            tally.primary,
            tally.duplicates,
            tally.mismatches / tally.aligned if tally.aligned else None,
            tally.inserts,
            tally.lengths,
            molecules,
        )


def file_counts(bam: Path) -> tuple[int, int]:
    """Return (records, mapped records) of the whole file, by its index."""
    with _SAMTOOLS:
        lines = pysam.samtools.idxstats(str(bam)).splitlines()
    rows = [tuple(map(int, line.split("\t")[2:4])) for line in lines]
    return sum(map(sum, rows)), sum(mapped for mapped, _ in rows)
