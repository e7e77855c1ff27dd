"""A junction of two places of the genome, as VCF writes it: a symbolic allele or a breakend."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from resistpanel.core.allele import Allele
from resistpanel.core.reference import Reference, decode

#: Side of a breakend on which the bases are that go on: to the left of the position (the bases
#: before it), or to its right (those from the position on).
LEFT, RIGHT = 0, 1


@dataclass(frozen=True, order=True)
class Breakend:
    """One side of a junction.

    Attributes
    ----------
    contig : str
    pos : int
        0-based. `LEFT`: the bases before it are joined to the other breakend; `RIGHT`: those from
        it on.
    side : int
        `LEFT` or `RIGHT`.
    """

    contig: str
    pos: int
    side: int

    @property
    def base(self) -> int:
        """0-based position of the last base that goes on."""
        return self.pos - 1 if self.side == LEFT else self.pos

    def moved(self, bases: int) -> Breakend:
        """Return the breakend with so many bases more that go on (fewer, if negative)."""
        return Breakend(
            self.contig, self.pos + bases if self.side == LEFT else self.pos - bases, self.side
        )


#: Code of the base on the other strand, by the code of a base.
_OTHER_STRAND = np.array([3, 2, 1, 0, *range(4, 256)], dtype=np.uint8)


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Return the other strand of base codes; unknown bases stay unknown."""
    return _OTHER_STRAND[codes[::-1]]


@dataclass(frozen=True, order=True)
class Junction(Allele):
    """Two breakends that are joined; `contig` and `pos` are those of the first.

    `pos`, `ref` and `alt` are as VCF writes them, but 0-based: `ref` is the base at `pos`.

    Attributes
    ----------
    first, second : Breakend
        `first` is not after `second`. Where the sequence leaves the place open (homology), `first`
        is as far to the left as it may be.
    inserted : str
        Bases between the two, read from the first to the second.
    homology : int
        Bases by which the first breakend may be moved to the right.
    precise : bool
        False where no read crosses the junction: the place is known but for `uncertain`.
    uncertain : int
        Bases by which an imprecise place may differ either way.
    type : str
        DEL, DUP (tandem), INV or BND.
    """

    first: Breakend = Breakend("", 0, LEFT)
    second: Breakend = Breakend("", 0, LEFT)
    inserted: str = ""
    homology: int = 0
    precise: bool = True
    uncertain: int = 0
    type: str = "BND"

    @property
    def symbolic(self) -> bool:
        """True: the allele is not a sequence."""
        return True

    @property
    def substitution(self) -> bool:
        """False: a junction is no substitution."""
        return False

    @property
    def pure_indel(self) -> bool:
        """False: it is written as a symbol."""
        return False

    @property
    def end(self) -> int:
        """End of the first breakend, 0-based half-open."""
        return self.pos + 1

    @property
    def length(self) -> int | None:
        """SVLEN: bases lost (negative) or gained, those of an inversion; None between contigs."""
        bases = self.second.pos - self.first.pos
        return {"DEL": -bases, "DUP": bases, "INV": bases}.get(self.type)

    @property
    def shift(self) -> int:
        """Bases gained over the reference."""
        return (self.length or 0) + len(self.inserted) if self.type in ("DEL", "DUP") else 0

    @classmethod
    def of(
        cls,
        first: Breakend,
        second: Breakend,
        reference: Reference,
        inserted: str = "",
        homology: int = 0,
        precise: bool = True,
        uncertain: int = 0,
    ) -> Junction:
        """Return the junction of two breakends of ascending contigs, in either order."""
        if first.contig == second.contig and second.pos < first.pos:
            first, second = second, first
            if first.side == second.side:
                # Read from the other end, on the other strand; the homology moves them apart.
                inserted = decode(reverse_complement(_codes(inserted)))
                first = replace(first, pos=first.pos - homology)
                second = replace(second, pos=second.pos + homology)
        kind = type_of(first, second)
        pos = first.base if kind == "BND" else max(first.pos - 1, 0)
        ref = reference(first.contig, pos, pos + 1) or "N"
        alt = {"DEL": "<DEL>", "DUP": "<DUP:TANDEM>", "INV": "<INV>"}.get(kind)
        alt = alt or breakend_text(first, second, ref, inserted)
        known = (first, second, inserted, homology, precise, uncertain, kind)
        return cls(first.contig, pos, ref, alt, *known)

    def mate(self, reference: Reference) -> tuple[str, int, str, str, str]:
        """Return contig, POS (1-based), REF, ALT and insertion of the second breakend's record."""
        other = self.second
        ref = reference(other.contig, other.base, other.base + 1) or "N"
        # Read from the second to the first: on the other strand, but for its own direction.
        inserted = self.inserted
        if (self.first.side == LEFT) == (other.side == LEFT):
            inserted = decode(reverse_complement(_codes(inserted)))
        alt = breakend_text(other, self.first, ref, inserted)
        return other.contig, other.base + 1, ref, alt, inserted


def _codes(text: str) -> np.ndarray:
    return np.array(["ACGTN".index(c) for c in text], dtype=np.uint8)


def type_of(first: Breakend, second: Breakend) -> str:
    """Return DEL, DUP or BND; a junction of two like sides of a contig alone is a BND."""
    if first.contig != second.contig or first.side == second.side:
        return "BND"
    return "DEL" if first.side == LEFT else "DUP"


def breakend_text(here: Breakend, there: Breakend, ref: str, inserted: str) -> str:
    """Return ALT of a breakend (VCF 4.3, 5.4).

    `inserted` is as it stands on the strand of `here`, from left to right.
    """
    bracket = "]" if there.side == LEFT else "["
    place = f"{bracket}{there.contig}:{there.base + 1}{bracket}"
    return f"{ref}{inserted}{place}" if here.side == LEFT else f"{place}{inserted}{ref}"
