"""Variants as replacements of reference sequence: trim, left-align, apply.

Coordinates are 0-based half-open. Everything here is pure, so that comparing callers rests on a
few lines that tests can check exhaustively.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, order=True)
class Variant:
    """The reference bases `ref` at `pos` (0-based) replaced by `alt`; both may be empty."""

    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def end(self) -> int:
        """0-based position behind the last replaced reference base."""
        return self.pos + len(self.ref)

    def __str__(self) -> str:
        return f"{self.chrom}:{self.pos + 1}:{self.ref or '-'}:{self.alt or '-'}"


def trim(variant: Variant) -> Variant:
    """Drop the bases that ref and alt share, first from the right, then from the left.

    An insertion or deletion ends with an empty ref or alt.
    """
    ref, alt = variant.ref, variant.alt
    right = 0
    while right < min(len(ref), len(alt)) and ref[-1 - right] == alt[-1 - right]:
        right += 1
    ref, alt = ref[: len(ref) - right], alt[: len(alt) - right]
    left = 0
    while left < min(len(ref), len(alt)) and ref[left] == alt[left]:
        left += 1
    return replace(variant, pos=variant.pos + left, ref=ref[left:], alt=alt[left:])


def left_align(variant: Variant, sequence: str, offset: int = 0) -> Variant:
    """Return the trimmed variant moved as far left as it goes without changing the haplotype.

    Parameters
    ----------
    variant : Variant
    sequence : str
        Reference from position `offset` on; the shift stops at its first base.
    offset : int
        0-based position of the first base of `sequence`.

    Returns
    -------
    Variant
        Trimmed: an insertion has an empty ref, a deletion an empty alt.
    """
    variant = trim(variant)
    if bool(variant.ref) == bool(variant.alt):  # a substitution or nothing at all
        return variant
    moving, pos = variant.ref or variant.alt, variant.pos
    while pos > offset and sequence[pos - 1 - offset] == moving[-1]:
        moving = moving[-1] + moving[:-1]
        pos -= 1
    if variant.ref:
        return replace(variant, pos=pos, ref=moving)
    return replace(variant, pos=pos, alt=moving)


def span(variant: Variant, sequence: str, offset: int = 0) -> tuple[int, int]:
    """Return the reference interval in which the variant may equally well be written.

    A pure insertion between unlike bases at `pos` gives ``(pos, pos)``; a deletion or insertion
    in a repeat gives the repeat.
    """
    variant = left_align(variant, sequence, offset)
    start, end = variant.pos, variant.end
    if bool(variant.ref) != bool(variant.alt):
        moving = variant.ref or variant.alt
        while end - offset < len(sequence) and sequence[end - offset] == moving[0]:
            moving = moving[1:] + moving[0]
            end += 1
    return start, end


def to_vcf(variant: Variant, sequence: str, offset: int = 0) -> Variant:
    """Return the left-aligned variant with the anchor base that VCF wants in front of an indel."""
    variant = left_align(variant, sequence, offset)
    if variant.ref and variant.alt:
        return variant
    anchor = sequence[variant.pos - 1 - offset]
    return replace(variant, pos=variant.pos - 1, ref=anchor + variant.ref, alt=anchor + variant.alt)


def overlap(first: Variant, second: Variant) -> bool:
    """Tell whether two trimmed variants cannot both be applied to one haplotype."""
    if first.chrom != second.chrom:
        return False
    for one, other in ((first, second), (second, first)):
        if one.pos == one.end:  # an insertion has no width, but a place
            if other.pos == other.end:
                return one.pos == other.pos
            return other.pos < one.pos < other.end
    return max(first.pos, second.pos) < min(first.end, second.end)


def apply(sequence: str, variants: Iterable[Variant], offset: int = 0) -> str | None:
    """Return `sequence` with all `variants` put in, or None if two of them overlap.

    Parameters
    ----------
    sequence : str
        Reference from 0-based position `offset` on, covering every variant.
    variants : iterable of Variant

    Raises
    ------
    ValueError
        If a variant's ref is not what the sequence holds.
    """
    pieces, done = [], offset
    ordered = sorted(trim(v) for v in variants)
    for i, variant in enumerate(ordered):
        if any(overlap(variant, other) for other in ordered[i + 1 :]):
            return None
        start, end = variant.pos - offset, variant.end - offset
        if start < 0 or sequence[start:end] != variant.ref:
            raise ValueError(f"{variant} does not lie on the reference")
        pieces += [sequence[done - offset : start], variant.alt]
        done = variant.end
    return "".join([*pieces, sequence[done - offset :]])
