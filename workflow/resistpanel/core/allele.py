"""An allele as a replacement of reference bases, normalised as VCF wants it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from resistpanel.core.core_constants import LEAST_DIFFERENT, LEAST_DISPLACED, MOST_SUBSTITUTED
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
    def pure_indel(self) -> bool:
        """True for insertions and deletions without a substitution."""
        return bool(self.ref) != bool(self.alt)

    @property
    def chrom(self) -> str:
        """The contig, by VCF's name of it."""
        return self.contig

    def __str__(self) -> str:
        """1-based, as `CHROM:POS:REF:ALT`; an empty allele is ``-``."""
        return f"{self.contig}:{self.pos + 1}:{self.ref or '-'}:{self.alt or '-'}"

    @property
    def symbolic(self) -> bool:
        """True for junctions (`core.junction`), which are no sequence."""
        return False

    @property
    def substitution(self) -> bool:
        """True for SNVs and MNVs; not for a deletion and an insertion of one length."""
        return len(self.ref) == len(self.alt) and not _displaced(self.ref, self.alt)


def _displaced(ref: str, alt: str) -> bool:
    """Return whether a deletion and an insertion make `alt` of `ref`, rather than substitutions.

    The bases between the two are displaced; or so many differ that an aligner opens gaps.
    """
    n = len(ref)
    different = sum(a != b for a, b in zip(ref, alt, strict=True))
    if different > MOST_SUBSTITUTED:
        return True
    # Of those displaced, one may be as the reference at its new place, and is not part of `alt`.
    least = LEAST_DISPLACED - (different >= MOST_SUBSTITUTED)
    if n <= least or different < LEAST_DIFFERENT:
        return False
    return any(alt[: n - k] == ref[k:] or alt[k:] == ref[: n - k] for k in range(1, n - least + 1))


def _shared(one: str, other: str) -> int:
    """Return how many leading bases two sequences share."""
    n = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        n += 1
    return n


def trim_bases(ref: str, alt: str, left_first: bool = False) -> tuple[int, str, str]:
    """Cut the bases that two alleles share at their ends.

    Parameters
    ----------
    ref, alt : str
    left_first : bool
        Cut from the left first, as HGVS's 3' rule wants it; VCF's left alignment cuts from the
        right first.

    Returns
    -------
    (int, str, str)
        Bases cut on the left, what remains of `ref`, what remains of `alt`.
    """
    left = _shared(ref, alt) if left_first else 0
    ref, alt = ref[left:], alt[left:]
    right = _shared(ref[::-1], alt[::-1])
    ref, alt = ref[: len(ref) - right], alt[: len(alt) - right]
    more = 0 if left_first else _shared(ref, alt)
    return left + more, ref[more:], alt[more:]


def repeat_run(word: str, following: str) -> int:
    """Return how many leading bases of `following` go on repeating `word`; an N ends the run."""
    n = 0
    for base in following:
        if base == "N" or base != word[n % len(word)]:
            break
        n += 1
    return n


def trim(allele: Allele) -> Allele:
    """Cut what ref and alt share, from the end first, then from the start."""
    left, ref, alt = trim_bases(allele.ref, allele.alt)
    return Allele(allele.contig, allele.pos + left, ref, alt)


def _moved_left(allele: Allele, before: str) -> Allele:
    """Return a trimmed allele moved left through the repeat that ends `before` it."""
    word = allele.ref or allele.alt
    n = repeat_run(word[::-1], before[::-1])
    turn = len(word) - n % len(word)
    word = word[turn:] + word[:turn]
    ref, alt = (word, "") if allele.ref else ("", word)
    return Allele(allele.contig, allele.pos - n, ref, alt)


def left_align(allele: Allele, sequence: str, offset: int = 0) -> Allele:
    """Return the trimmed left-most equivalent (Tan et al., Bioinformatics 2015;31:2202).

    Parameters
    ----------
    allele : Allele
    sequence : str
        Reference from 0-based position `offset` on; the shift stops at its first base, or at N.
    offset : int
    """
    allele = trim(allele)
    if not allele.pure_indel:
        return allele
    return _moved_left(allele, sequence[: max(allele.pos - offset, 0)])


def left_align_to(allele: Allele, reference: Reference, reach: int = 1000) -> Allele:
    """Return the trimmed left-most equivalent within `reach` bases of a FASTA's contig."""
    allele = trim(allele)
    if not allele.pure_indel:
        return allele
    start = max(0, allele.pos - reach)
    return _moved_left(allele, decode(reference.codes(allele.contig, start, allele.pos)))


def span(allele: Allele, sequence: str, offset: int = 0) -> tuple[int, int]:
    """Return the reference interval [start, end) in which the allele may equally well be written.

    A pure insertion between unlike bases at `pos` gives ``(pos, pos)``; a deletion or insertion
    in a repeat gives the repeat.
    """
    allele = left_align(allele, sequence, offset)
    if not allele.pure_indel:
        return allele.pos, allele.end
    after = sequence[allele.end - offset :]
    return allele.pos, allele.end + repeat_run(allele.ref or allele.alt, after)


def ambiguity(allele: Allele, reference: Reference, reach: int = 1000) -> tuple[int, int]:
    """Return the span [start, end) in which a left-aligned allele can be placed, 0-based.

    A read is informative only if it reaches beyond this span.
    """
    if not allele.pure_indel:
        return allele.pos, allele.end
    after = decode(reference.codes(allele.contig, allele.end, allele.end + reach))
    return allele.pos, allele.end + repeat_run(allele.ref or allele.alt, after)


def to_vcf(allele: Allele, sequence: str, offset: int = 0) -> Allele:
    """Return the left-aligned allele with the anchor base that VCF wants in front of an indel."""
    allele = left_align(allele, sequence, offset)
    if allele.ref and allele.alt:
        return allele
    anchor = sequence[allele.pos - 1 - offset]
    return Allele(allele.contig, allele.pos - 1, anchor + allele.ref, anchor + allele.alt)


def tract(allele: Allele, reference: Reference) -> tuple[int, int]:
    """Return (unit length, number of units) of the repeat that a pure indel changes.

    The unit is the shortest period of the inserted or deleted bases; the units are counted in
    the reference. (1, 9) is a homopolymer of nine; (0, 0) where the allele is no whole number
    of units of a repeat, or no pure indel.
    """
    if not allele.pure_indel:
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
    """Return SNV, MNV, INS, DEL, DUP or COMPLEX, of a junction also INV or BND."""
    if allele.symbolic:
        return allele.type
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


def overlap(first: Allele, second: Allele) -> bool:
    """Return whether two trimmed alleles cannot both be applied to one haplotype."""
    if first.contig != second.contig:
        return False
    for one, other in ((first, second), (second, first)):
        if one.pos == one.end:  # an insertion has no width, but a place
            if other.pos == other.end:
                return one.pos == other.pos
            return other.pos < one.pos < other.end
    return max(first.pos, second.pos) < min(first.end, second.end)


def apply(sequence: str, alleles: Iterable[Allele], offset: int = 0) -> str | None:
    """Return `sequence` with all `alleles` put in, or None if two of them overlap.

    Parameters
    ----------
    sequence : str
        Reference from 0-based position `offset` on, covering every allele.
    alleles : iterable of Allele

    Raises
    ------
    ValueError
        If an allele's ref is not what the sequence holds.
    """
    pieces, done = [], offset
    ordered = sorted(trim(v) for v in alleles)
    for i, allele in enumerate(ordered):
        if any(overlap(allele, other) for other in ordered[i + 1 :]):
            return None
        start, end = allele.pos - offset, allele.end - offset
        if start < 0 or sequence[start:end] != allele.ref:
            raise ValueError(f"{allele} is not on the reference")
        pieces += [sequence[done - offset : start], allele.alt]
        done = allele.end
    return "".join([*pieces, sequence[done - offset :]])
