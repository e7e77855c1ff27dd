"""An allele as a replacement of reference bases, normalised as VCF wants it."""

from dataclasses import dataclass

import numpy as np

from resistpanel.core.reference import Reference, decode, encode


@dataclass(frozen=True, order=True)
class Allele:
    """Reference bases `ref` at `pos` (0-based) replaced by `alt`; both without a padding base.

    An insertion has an empty `ref` and stands before `pos`; a deletion has an empty `alt`.
    """

    contig: str
    pos: int
    ref: str
    alt: str

    @property
    def end(self) -> int:
        """End of the replaced span, 0-based half-open."""
        return self.pos + len(self.ref)

    @property
    def shift(self) -> int:
        """Bases gained over the reference."""
        return len(self.alt) - len(self.ref)

    @property
    def substitution(self) -> bool:
        """True for SNVs and MNVs."""
        return len(self.ref) == len(self.alt)


def trim(allele: Allele) -> Allele:
    """Cut what ref and alt share, from the end first, then from the start."""
    ref, alt, pos = allele.ref, allele.alt, allele.pos
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, pos = ref[1:], alt[1:], pos + 1
    return Allele(allele.contig, pos, ref, alt)


def left_align(allele: Allele, reference: Reference, reach: int = 1000) -> Allele:
    """Return the left-most equivalent (Tan et al., Bioinformatics 2015), trimmed.

    The shift stops at an N, at the contig's start and after `reach` bases.
    """
    allele = trim(allele)
    if bool(allele.ref) == bool(allele.alt):
        return allele
    word = allele.ref or allele.alt
    start = max(0, allele.pos - reach)
    before = decode(reference.codes(allele.contig, start, allele.pos))
    n = 0
    while n < len(before) and before[-1 - n] == word[-1] and word[-1] != "N":
        word = word[-1] + word[:-1]
        n += 1
    ref, alt = (word, "") if allele.ref else ("", word)
    return Allele(allele.contig, allele.pos - n, ref, alt)


def ambiguity(allele: Allele, reference: Reference, reach: int = 1000) -> tuple[int, int]:
    """Return the span [start, end) in which a left-aligned allele can be placed, 0-based.

    A read tells the allele from the reference only if it reaches beyond this span.
    """
    if bool(allele.ref) == bool(allele.alt):
        return allele.pos, allele.end
    word = allele.ref or allele.alt
    after = decode(reference.codes(allele.contig, allele.end, allele.end + reach))
    n = 0
    while n < len(after) and after[n] == word[n % len(word)]:
        n += 1
    return allele.pos, allele.end + n


def tract(allele: Allele, reference: Reference) -> tuple[int, int]:
    """Return (unit length, number of units) of the repeat that a pure indel changes.

    The unit is the shortest period of the inserted or deleted bases; the units are counted in
    the reference. (1, 9) is a homopolymer of nine; (0, 0) where the allele is no whole number
    of units of a repeat, or no pure indel.
    """
    if bool(allele.ref) == bool(allele.alt):
        return 0, 0
    word = allele.ref or allele.alt
    unit = next(
        k
        for k in range(1, len(word) + 1)
        if len(word) % k == 0 and word[:k] * (len(word) // k) == word
    )
    start, end = ambiguity(allele, reference)
    units = (end - start) // unit
    return (unit, units) if units else (0, 0)


def vcf_alleles(allele: Allele, reference: Reference) -> tuple[int, str, str]:
    """Return (POS 1-based, REF, ALT) with the padding base that VCF asks for."""
    if allele.ref and allele.alt:
        return allele.pos + 1, allele.ref, allele.alt
    if allele.pos == 0:
        base = decode(reference.codes(allele.contig, allele.end, allele.end + 1))
        return 1, allele.ref + base, allele.alt + base
    base = decode(reference.codes(allele.contig, allele.pos - 1, allele.pos))
    return allele.pos, base + allele.ref, base + allele.alt


def kind(allele: Allele, reference: Reference) -> str:
    """Return SNV, MNV, INS, DEL, DUP or COMPLEX."""
    if allele.substitution:
        return "SNV" if len(allele.ref) == 1 else "MNV"
    if allele.ref and allele.alt:
        return "COMPLEX"
    if allele.ref:
        return "DEL"
    n = len(allele.alt)
    after = decode(reference.codes(allele.contig, allele.pos, allele.pos + n))
    before = decode(reference.codes(allele.contig, allele.pos - n, allele.pos))
    # A duplication adds a copy beside itself; below five bases the field says insertion.
    return "DUP" if n >= 5 and allele.alt in (before, after) else "INS"


def haplotype(allele: Allele, reference: Reference, start: int, end: int) -> np.ndarray:
    """Return base codes of [start, end) of the reference with the allele put in."""
    return np.concatenate(
        [
            reference.codes(allele.contig, start, allele.pos),
            encode(allele.alt),
            reference.codes(allele.contig, allele.end, end),
        ]
    )


def concatenated(haplotypes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return haplotypes one after the other, and where each starts and how long it is, int32."""
    lengths = np.array([len(h) for h in haplotypes], dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    return np.concatenate(haplotypes), starts, lengths
