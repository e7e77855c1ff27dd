"""One pass over a sample's reads on target, by the compiled counter."""

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import Target
from resistpanel.qc import spectrum
from resistpanel.qc.count import Counter
from resistpanel.qc.qc_constants import MIN_BASE_QUALITY

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
    bam: Path, targets: list[Target], reference: Path, families: str = "none", umi: str = "none"
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

    Raises
    ------
    InputError
        If the file cannot be read, or lacks a contig of the targets.
    """
    counter = Counter(
        str(bam), str(reference), MIN_MAPPING_QUALITY, MIN_BASE_QUALITY, families, umi
    )
    depths: dict[Target, np.ndarray] = {}
    found = spectrum.Spectrum.empty()
    with open_fasta(reference) as fasta:
        # Contig by contig: the counts of an exome's bases would not fit beside each other.
        for chrom in dict.fromkeys(target.chrom for target in targets):
            here = [target for target in targets if target.chrom == chrom]
            starts = np.array([target.start for target in here], dtype=np.int64)
            ends = np.array([target.end for target in here], dtype=np.int64)
            depth, bases = counter.contig(chrom, starts, ends)
            cuts = np.cumsum(ends - starts)[:-1]
            depths.update(zip(here, np.split(depth, cuts), strict=True))
            contexts = [spectrum.contexts(fasta, chrom, t.start, t.end) for t in here]
            found = found.with_counts(np.concatenate(contexts), bases)
    molecules = counter.molecules()
    return Counted(
        [depths[target] for target in targets],
        found,
        counter.records,
        counter.primary,
        counter.duplicates,
        counter.mismatches / counter.aligned if counter.aligned else None,
        counter.inserts,
        counter.lengths,
        molecules,
    )


def file_counts(bam: Path) -> tuple[int, int]:
    """Return (records, mapped records) of the whole file, by its index."""
    with _SAMTOOLS:
        lines = pysam.samtools.idxstats(str(bam)).splitlines()
    rows = [tuple(map(int, line.split("\t")[2:4])) for line in lines]
    return sum(map(sum, rows)), sum(mapped for mapped, _ in rows)
