"""Bases, strands, codons and amino acids: one definition of each."""

import functools
import itertools
import re
from collections.abc import Callable, Sequence

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
#: Where the code of the vertebrate mitochondrion differs (NCBI translation table 2).
_MITOCHONDRIAL = {"AGA": "*", "AGG": "*", "ATA": "M", "TGA": "W"}
STANDARD, MITOCHONDRIAL = 1, 2
#: Amino acid of each codon, by NCBI translation table.
CODES = {STANDARD: GENETIC_CODE, MITOCHONDRIAL: {**GENETIC_CODE, **_MITOCHONDRIAL}}
_CODON = re.compile("...", re.DOTALL)
#: Codons that begin a human protein, read as methionine there, by NCBI translation table.
STARTS = {STANDARD: ("ATG",), MITOCHONDRIAL: ("ATG", "ATA", "ATT")}
#: Contigs of the human mitochondrion.
MITOCHONDRIA = frozenset({"chrM", "chrMT", "M", "MT", "NC_012920.1"})
#: The codon that a selenoprotein reads as selenocysteine at the places that its annotation gives.
SELENOCYSTEINE_CODON = "TGA"
#: Three-letter by one-letter amino acid code; X is an unknown residue, ``*`` the stop (HGVS).
THREE_LETTER = {
    **{"A": "Ala", "C": "Cys", "D": "Asp", "E": "Glu", "F": "Phe", "G": "Gly", "H": "His"},
    **{"I": "Ile", "K": "Lys", "L": "Leu", "M": "Met", "N": "Asn", "P": "Pro", "Q": "Gln"},
    **{"R": "Arg", "S": "Ser", "T": "Thr", "V": "Val", "W": "Trp", "Y": "Tyr"},
    **{"U": "Sec", "X": "Xaa", "*": "Ter"},
}


def complement(bases: str) -> str:
    """Return the paired bases, in the same order."""
    return bases.translate(_COMPLEMENT)


def reverse_complement(bases: str) -> str:
    """Return the other strand's bases, 5' to 3'."""
    return bases.translate(_COMPLEMENT)[::-1]


def translate(bases: str, code: int = STANDARD, selenocysteines: Sequence[int] = ()) -> str:
    """Translate whole codons; a codon with an unknown base gives ``X``, a stop gives ``*``.

    Parameters
    ----------
    bases : str
    code : int
        NCBI translation table, a key of `CODES`.
    selenocysteines : sequence of int
        Indices in `bases`, 0-based, of the first bases of the TGA codons that give ``U``.
    """
    blocks = range(0, len(bases), _BLOCK)
    read = "".join([_translated(bases[i : i + _BLOCK], code) for i in blocks])
    for i in selenocysteines:
        if i % 3 == 0 and bases[i : i + 3] == SELENOCYSTEINE_CODON:
            read = f"{read[: i // 3]}U{read[i // 3 + 1 :]}"
    return read


class _Residues(dict):
    """Residue by codon; X for a codon with an unknown base."""

    def __missing__(self, codon: str) -> str:
        return "X"


_RESIDUES = {code: _Residues(table) for code, table in CODES.items()}


#: Bases that are translated at once: an altered sequence is, but for one block, that of the gene.
_BLOCK = 300


@functools.lru_cache(maxsize=1 << 13)
def _translated(bases: str, code: int) -> str:
    return "".join(map(_RESIDUES[code].__getitem__, _CODON.findall(bases)))
