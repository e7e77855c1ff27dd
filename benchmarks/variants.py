"""Variants of the simulation: their type and their context.

Coordinates are 0-based half-open. What a variant is, and how it is trimmed, aligned and put into
the reference, stands in the package, which compares callers in the same way.
"""

from resistpanel.core.allele import (
    Allele as Variant,
)
from resistpanel.core.allele import (
    apply,
    left_align,
    overlap,
    span,
    to_vcf,
    trim,
)
from resistpanel.core.sequence import reverse_complement

__all__ = [
    "Variant",
    "apply",
    "context",
    "kind",
    "left_align",
    "overlap",
    "reverse_complement",
    "span",
    "to_vcf",
    "trim",
]


def kind(variant: Variant, sequence: str, offset: int = 0) -> str:
    """Return SNV, MNV, INS, DEL, DUP or COMPLEX.

    DUP is an insertion of four bases or more that repeats, as a whole, the reference beside it;
    a shorter one is INS, since in a short repeat the two cannot be told apart.
    """
    variant = left_align(variant, sequence, offset)
    ref, alt = variant.ref, variant.alt
    if ref and alt:
        if len(ref) != len(alt):
            return "COMPLEX"
        return "SNV" if len(ref) == 1 else "MNV"
    if ref:
        return "DEL"
    start = variant.pos - offset
    if len(alt) >= 4 and sequence[start : start + len(alt)] == alt:
        return "DUP"
    return "INS"


def context(variant: Variant, sequence: str, offset: int = 0) -> tuple[int, int]:
    """Return (longest homopolymer, longest tandem repeat of 2 to 6 bases) touching the variant.

    Both are lengths in reference bases; the homopolymer is 1 in plain sequence, the repeat 0
    where no unit stands at least three times.
    """
    start, end = span(variant, sequence, offset)
    start, end = start - offset, end - offset
    longest_run = 1
    for i in {start - 1, start, end - 1, end}:
        if 0 <= i < len(sequence):
            left = right = i
            while left > 0 and sequence[left - 1] == sequence[i]:
                left -= 1
            while right + 1 < len(sequence) and sequence[right + 1] == sequence[i]:
                right += 1
            longest_run = max(longest_run, right - left + 1)
    longest_repeat = 0
    low, high = max(0, start - 60), min(len(sequence), end + 60)
    for unit in range(2, 7):
        i = low
        while i + unit < high:
            j = i
            while j + unit < high and sequence[j] == sequence[j + unit]:
                j += 1
            length = j - i + unit if j > i else 0
            touching = i <= end and i + length >= start
            if length >= 3 * unit and touching and len(set(sequence[i : i + unit])) > 1:
                longest_repeat = max(longest_repeat, length)
            i = max(j, i + 1)
    return longest_run, longest_repeat
