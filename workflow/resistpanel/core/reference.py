"""Slices of the reference; a whole chromosome is never loaded."""

from pathlib import Path

import numpy as np

from resistpanel.core.contig_checksums import digests
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta

#: ASCII to base code: A, C, G, T = 0..3 in either case, anything else 4.
CODE = np.full(256, 4, dtype=np.uint8)
for _i, _base in enumerate("ACGT"):
    CODE[ord(_base)] = CODE[ord(_base.lower())] = _i

#: The same of a reference, where a letter for several bases is the first in the alphabet of them,
#: as VCF 4.3 has it (section 1.6.1, REF): R (A or G) is A. N stays unknown.
_AMBIGUOUS = ("RYSWKMBDHV", "ACCAGACAAA")
REDUCED = CODE.copy()
for _letter, _base in zip(*_AMBIGUOUS, strict=True):
    REDUCED[ord(_letter)] = REDUCED[ord(_letter.lower())] = "ACGT".index(_base)

_REDUCED_TEXT = str.maketrans(*_AMBIGUOUS)

BASES = "ACGTN"
_ASCII = np.frombuffer(BASES.encode(), dtype=np.uint8)


def encode(sequence: str) -> np.ndarray:
    """Return base codes, uint8, of a sequence."""
    return CODE[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]


def decode(codes: np.ndarray) -> str:
    """Return the sequence of base codes."""
    return _ASCII[codes].tobytes().decode()


class Reference:
    """Slices of an indexed FASTA file (plain or bgzip), as base codes or as text.

    Only the slices asked for are read, so contigs may be whole chromosomes.

    Parameters
    ----------
    path : path
        FASTA with its index (.fai, and .gzi where bgzipped).

    Attributes
    ----------
    contigs : dict of str to int
        Lengths in bases.

    Raises
    ------
    InputError
        If the file cannot be opened or its index is missing.
    """

    def __init__(self, path: str | Path):
        self.path = str(path)
        self._fasta = open_fasta(path)
        self.contigs = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))

    def __call__(self, contig: str, start: int, end: int) -> str:
        """Return the bases of [start, end), 0-based, in upper case; shorter at a contig's ends.

        Letters for several bases are reduced to one (`REDUCED`).
        """
        return self.letters(contig, start, end).translate(_REDUCED_TEXT)

    def letters(self, contig: str, start: int, end: int) -> str:
        """Return the same without reduction: letters for several bases as the FASTA has them."""
        if contig not in self.contigs:
            raise InputError(
                f"no contig {contig}", self.path, "give the reference that the reads are aligned to"
            )
        start, end = max(start, 0), min(end, self.contigs[contig])
        return self._fasta.fetch(contig, start, end).upper() if start < end else ""

    def digests(self, contig: str) -> tuple[str, str]:
        """Return a contig's M5 and refget accession; it is read whole (see contig_checksums)."""
        return digests(self._fasta, contig)

    def close(self) -> None:
        """Close the file."""
        self._fasta.close()

    def codes(self, contig: str, start: int, end: int) -> np.ndarray:
        """Return base codes of [start, end), 4 beyond either end of the contig; 0-based.

        Letters for several bases are reduced to one (`REDUCED`).
        """
        length = self.contigs[contig]
        try:
            inner = self._fasta.fetch(contig, max(0, start), max(0, min(end, length)))
        except (OSError, ValueError):
            inner = ""  # cut off: reported below
        codes = REDUCED[np.frombuffer(inner.encode("ascii"), dtype=np.uint8)]
        before, after = max(0, -start), max(0, end - max(length, 0))
        if before or after:
            codes = np.concatenate(
                [np.full(before, 4, np.uint8), codes, np.full(after, 4, np.uint8)]
            )
        if len(codes) != end - start:
            raise InputError(
                f"{contig}:{start + 1}-{end} is shorter than its index states",
                self.path,
                "the file is cut off or its .fai is of another file: run samtools faidx",
            )
        return codes
