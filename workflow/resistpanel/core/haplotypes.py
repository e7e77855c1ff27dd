"""Whether two sets of variants spell the same haplotype, however each writes it."""

import itertools
from collections.abc import Callable, Iterator, Sequence

from resistpanel.core.allele import Allele, apply, left_align, span
from resistpanel.core.core_constants import FLANK, MOST_BESIDE, MOST_CALLS, MOST_NEARBY

Fetch = Callable[[str, int, int], tuple[str, int]]


def fetcher(fasta) -> Fetch:
    """Return a function (chrom, start, end) -> (sequence, offset), cut at the contig's ends."""

    def fetch(chrom: str, start: int, end: int) -> tuple[str, int]:
        start = max(0, start)
        return fasta.fetch(chrom, start, end).upper(), start

    return fetch


def tidy(variant: Allele, fetch: Fetch) -> Allele:
    """Trim and left-align against the reference."""
    sequence, offset = fetch(variant.chrom, variant.pos - FLANK, variant.end + FLANK)
    return left_align(variant, sequence, offset)


def spans(variants: list[Allele], fetch: Fetch) -> list[tuple[int, int]]:
    """Return for each variant the interval in which it may be written."""
    found = []
    for v in variants:
        sequence, offset = fetch(v.chrom, v.pos - FLANK, v.end + FLANK)
        found.append(span(v, sequence, offset))
    return found


def same_haplotype(first: Sequence[Allele], second: Sequence[Allele], fetch: Fetch) -> bool:
    """Return whether two sets of variants turn the reference into the same sequence.

    False if one of the sets cannot be put on one haplotype.
    """
    if not first or not second:
        return not first and not second
    both = [*first, *second]
    low, high = min(v.pos for v in both), max(v.end for v in both)
    sequence, offset = fetch(both[0].chrom, low - 1, high + 1)
    one, other = apply(sequence, first, offset), apply(sequence, second, offset)
    return one is not None and one == other


def subsets(items: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    """Yield the non-empty subsets of at most `most` items, small ones first."""
    for size in range(1, min(most, len(items)) + 1):
        yield from itertools.combinations(items, size)


def spelling(
    variant: Allele, beside: Sequence[Allele], near: Sequence[Allele], fetch: Fetch
) -> tuple[int, ...] | None:
    """Return which of the calls near a variant spell it together, or None.

    Parameters
    ----------
    variant : Allele
        What is sought.
    beside : sequence of Allele
        What may stand on its haplotype: calls that spell the variant with some of these do, too.
    near : sequence of Allele
        The calls, the likelier first; `MOST_NEARBY` of them are looked at.

    Returns
    -------
    tuple of int or None
        Indices in `near`; the fewest calls that do, at most `MOST_CALLS`.
    """
    wanted = [[variant]]
    wanted += [[variant, *(beside[i] for i in s)] for s in subsets(range(len(beside)), MOST_BESIDE)]
    for chosen in subsets(range(min(len(near), MOST_NEARBY)), MOST_CALLS):
        candidate = [near[i] for i in chosen]
        if any(same_haplotype(candidate, spelt, fetch) for spelt in wanted):
            return chosen
    return None
