"""Bases, codons, and slices of the reference."""

from collections.abc import Callable
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta

#: ``fetch(chrom, start, end)`` returns reference bases, 0-based half-open, in upper case.
Fetch = Callable[[str, int, int], str]

_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
_BASES = "TCAG"
#: The standard genetic code (NCBI translation table 1), codons in the order TTT, TTC, ... GGG.
_AMINO_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
CODONS = dict(
    zip((a + b + c for a in _BASES for b in _BASES for c in _BASES), _AMINO_ACIDS, strict=True)
)


def reverse_complement(bases: str) -> str:
    """Return the other strand's bases, 5' to 3'."""
    return bases.translate(_COMPLEMENT)[::-1]


def translate(bases: str) -> str:
    """Translate whole codons; a codon with an unknown base gives ``X``, stop gives ``*``."""
    return "".join(CODONS.get(bases[i : i + 3], "X") for i in range(0, len(bases) - 2, 3))


class Reference:
    """Slices of a FASTA file (plain or bgzip), cut at the contigs' ends.

    Only the slices asked for are read, so contigs may be whole chromosomes.

    Parameters
    ----------
    path : path
        FASTA with its index (.fai, and .gzi where bgzipped).

    Raises
    ------
    InputError
        If the file cannot be opened or its index is missing.
    """

    def __init__(self, path: str | Path):
        self.path = str(path)
        self._fasta = open_fasta(path)
        self.lengths = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))

    def __call__(self, chrom: str, start: int, end: int) -> str:
        """Return bases `start` to `end` (0-based half-open), shorter at a contig's ends."""
        if chrom not in self.lengths:
            raise InputError(
                f"no contig {chrom}", self.path, "give the reference that the reads are aligned to"
            )
        start, end = max(start, 0), min(end, self.lengths[chrom])
        return self._fasta.fetch(chrom, start, end).upper() if start < end else ""

    def close(self) -> None:
        """Close the file."""
        self._fasta.close()
