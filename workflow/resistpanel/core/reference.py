"""Slices of the reference; a whole chromosome is never loaded."""

from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.errors import InputError

#: ASCII to base code: A, C, G, T = 0..3 in either case, anything else 4.
CODE = np.full(256, 4, dtype=np.uint8)
for _i, _base in enumerate("ACGT"):
    CODE[ord(_base)] = CODE[ord(_base.lower())] = _i

BASES = "ACGTN"
_ASCII = np.frombuffer(BASES.encode(), dtype=np.uint8)


def encode(sequence: str) -> np.ndarray:
    """Return base codes, uint8, of a sequence."""
    return CODE[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]


def decode(codes: np.ndarray) -> str:
    """Return the sequence of base codes."""
    return _ASCII[codes].tobytes().decode()


class Reference:
    """A FASTA file with an index.

    Raises
    ------
    InputError
        If it cannot be opened.
    """

    def __init__(self, path: str | Path):
        self.path = str(path)
        try:
            self._fasta = pysam.FastaFile(self.path)
        except (OSError, ValueError) as error:
            raise InputError(
                "cannot be opened as an indexed FASTA", self.path, "run samtools faidx"
            ) from error
        self.contigs = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))

    def codes(self, contig: str, start: int, end: int) -> np.ndarray:
        """Return base codes of [start, end), 4 beyond either end of the contig; 0-based."""
        length = self.contigs[contig]
        try:
            inner = self._fasta.fetch(contig, max(0, start), max(0, min(end, length)))
        except (OSError, ValueError):
            inner = ""  # cut off: told below
        codes = encode(inner)
        before, after = max(0, -start), max(0, end - max(length, 0))
        if before or after:
            codes = np.concatenate(
                [np.full(before, 4, np.uint8), codes, np.full(after, 4, np.uint8)]
            )
        if len(codes) != end - start:
            raise InputError(
                f"{contig}:{start + 1}-{end} is shorter than its index says",
                self.path,
                "the file is cut off or its .fai is of another file: run samtools faidx",
            )
        return codes
