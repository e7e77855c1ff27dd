"""Bases, strands, codons and amino acids: one definition of each."""

import itertools
from collections.abc import Callable

#: ``fetch(chrom, start, end)`` returns reference bases, 0-based half-open, in upper case.
Fetch = Callable[[str, int, int], str]

#: The complement of each base; N stays N.
COMPLEMENT = dict(zip("ACGTN", "TGCAN", strict=True))
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")

#: All codons, in alphabetical order.
CODONS = tuple(map("".join, itertools.product("ACGT", repeat=3)))
#: Amino acid of each codon by the standard code (NCBI translation table 1); ``*`` is a stop.
GENETIC_CODE = dict(
    zip(CODONS, "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF", strict=True)
)
#: Three-letter by one-letter amino acid code; X is an unknown residue, ``*`` the stop (HGVS).
THREE_LETTER = {
    **{"A": "Ala", "C": "Cys", "D": "Asp", "E": "Glu", "F": "Phe", "G": "Gly", "H": "His"},
    **{"I": "Ile", "K": "Lys", "L": "Leu", "M": "Met", "N": "Asn", "P": "Pro", "Q": "Gln"},
    **{"R": "Arg", "S": "Ser", "T": "Thr", "V": "Val", "W": "Trp", "Y": "Tyr"},
    **{"X": "Xaa", "*": "Ter"},
}


def complement(bases: str) -> str:
    """Return the paired bases, in the same order."""
    return bases.translate(_COMPLEMENT)


def reverse_complement(bases: str) -> str:
    """Return the other strand's bases, 5' to 3'."""
    return bases.translate(_COMPLEMENT)[::-1]


def translate(bases: str) -> str:
    """Translate whole codons; a codon with an unknown base gives ``X``, a stop gives ``*``."""
    return "".join(GENETIC_CODE.get(bases[i : i + 3], "X") for i in range(0, len(bases) - 2, 3))
