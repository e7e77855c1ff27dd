"""What the reads of a sample are: library, consensus, orientation."""

from dataclasses import dataclass

import numpy as np
import pysam

from resistpanel.call.call_constants import (
    CONSENSUS_FRACTION,
    CONSENSUS_READS,
    END_WINDOW,
    FIXED_ENDS,
    LEAST_PAIRS,
)
from resistpanel.call.io.reader import CONSENSUS

LIBRARIES = ("capture", "amplicon")


@dataclass(frozen=True)
class Assay:
    """What a sample's reads are.

    Attributes
    ----------
    library : str
        ``capture`` (fragment ends are random) or ``amplicon`` (they are fixed).
    consensus : str
        By which convention the reads say how many copies they are made of, a key of
        `reader.CONSENSUS`; ``none`` for raw reads.
    reads : str
        ``raw``, ``simplex`` or ``duplex``, whichever most good bases are of.
    forward : float
        Fraction of the fragments that are F1R2.
    same_end : float
        Chance that two reads of one direction within 64 bases begin at one base.
    primers : bool
        Whether the primers are known.
    """

    library: str
    consensus: str
    reads: str
    forward: float
    same_end: float
    primers: bool

    def line(self) -> str:
        """Return it as the VCF header has it."""
        return (
            f"library:{self.library},reads:{self.reads},consensus:{self.consensus},"
            f"F1R2:{self.forward:.3f},same_end:{self.same_end:.3f},"
            f"primers:{'given' if self.primers else 'unknown'}"
        )


def consensus_of(path: str, reference: str) -> str:
    """Return the convention of a file's consensus reads, ``none`` of raw ones.

    Read from the tags and names of the file's first reads.
    """
    votes = dict.fromkeys(CONSENSUS, 0)
    with pysam.AlignmentFile(path, reference_filename=reference) as handle:
        for read in handle.head(CONSENSUS_READS):
            votes[_convention(read)] += 1
    best = max(votes, key=votes.__getitem__)
    marked = votes[best] >= CONSENSUS_FRACTION * sum(votes.values())
    return best if best != "none" and marked else "none"


def _convention(read: pysam.AlignedSegment) -> str:
    if read.has_tag("cD"):
        return "fgbio"
    if read.query_name.startswith("Marianas:"):
        return "marianas"
    if read.has_tag("UT") or read.has_tag("CR"):
        # CR is also the raw cell barcode of single cells: a number comes first here.
        text = str(read.get_tag("CR")) if read.has_tag("CR") else "0"
        return "redux" if text[:1].isdigit() else "none"
    return "dragen" if read.has_tag("XV") and read.has_tag("XW") else "none"


def same_ends(pos: np.ndarray, end: np.ndarray, reverse: np.ndarray) -> np.ndarray:
    """Return pairs of reads that begin at one base, and pairs within a window, (2,).

    Parameters
    ----------
    pos, end : int64, (reads,)
        Reference span with the soft clips.
    reverse : bool, (reads,)
    """
    found = np.zeros(2)
    for side, place in ((~reverse, pos), (reverse, end)):
        here = np.sort(place[side])
        for k, width in enumerate((1, END_WINDOW)):
            if len(here):
                cell = here if width == 1 else here // width
                last = np.flatnonzero(cell[1:] != cell[:-1])
                n = np.diff(last, prepend=-1, append=len(cell) - 1).astype(float)
                found[k] += (n @ n - len(cell)) / 2
    return found


def describe(
    consensus: str,
    ends: np.ndarray,
    total: np.ndarray,
    primers: bool,
    library: str | None = None,
) -> Assay:
    """Return the assay of a sample.

    Parameters
    ----------
    consensus : str
    ends : (2,)
        From `same_ends`, over all reads.
    total : (CLASSES, QUALITY_GROUPS)
        Bases counted.
    primers : bool
    library : str, optional
        As the user gives it; else it is told from the ends.
    """
    same = float(ends[0] / ends[1]) if ends[1] else 0.0
    if library is None:
        fixed = primers or (ends[1] >= LEAST_PAIRS and same >= FIXED_ENDS)
        library = "amplicon" if fixed else "capture"
    raw, simplex, duplex = total[:, 3:6].sum(), total[:, 6].sum(), total[:, 7].sum()
    reads = ("raw", "simplex", "duplex")[int(np.argmax([raw, simplex, duplex]))]
    forward = float(total[:3].sum() / max(total.sum(), 1))
    return Assay(library, consensus, reads, forward, same, primers)
