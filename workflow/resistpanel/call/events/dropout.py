"""Alleles that one of several overlapping amplicons shows, and another does not.

A variant under a primer, or a structural one at it, keeps its copy from being amplified: all that
is on that copy is missing from the amplicon (allele dropout).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from resistpanel.call.call_constants import (
    DROPOUT_DEPTH,
    DROPOUT_FRAGMENTS,
    DROPOUT_P,
    DROPOUT_RATIO,
    PRIMER_REACH,
    PRODUCT_WOBBLE,
)
from resistpanel.call.io.ends import mates
from resistpanel.call.io.evidence import Candidate, Pile
from resistpanel.call.io.primers import fragments_of_products
from resistpanel.call.kernels import bases_at
from resistpanel.core.allele import Allele

if TYPE_CHECKING:
    from resistpanel.call.io.collection import Kind

#: An amplicon over an allele: start and end (0-based half-open), fragments with the allele, and in
#: all.
Amplicon = tuple[int, int, int, int]


def _informative(p: Pile, allele: Allele) -> np.ndarray:
    """Return the fragments that would show an allele, and their primers leave it open."""
    start, end = allele.pos, max(allele.end, allele.pos + 1)
    rows = p.over(start, end)
    table = p.reads.table[rows]
    rows = rows[(table["low"] <= start) & (table["high"] >= end)]
    if allele.substitution and len(allele.ref) == 1:
        rows = rows[bases_at(p.reads, rows, start, p.min_qual) < 4]
    return np.unique(p.frags[rows])


def count_amplicons(
    piles: Sequence[Pile], found: Sequence[Candidate], kinds: Sequence["Kind"]
) -> None:
    """Count the fragments of each candidate by amplicon, where two or more cover it.

    Parameters
    ----------
    piles : per sample
    found : candidates of the chunk; their `amplicons` is filled
        Not those of longer insertions and deletions, which move the ends of the fragments with them
        where reads are clipped: these would be an amplicon of their own.
    kinds : per sample
        Where the primers of amplicons are unknown, an amplicon with the allele near its end does
        not count: what it shows may be its primer.
    """
    for s, p in enumerate(piles):
        often = [
            c
            for c in found
            if c.support[s].alt >= DROPOUT_FRAGMENTS and abs(c.allele.shift) <= PRODUCT_WOBBLE
        ]
        if not kinds[s].amplicon or not often:
            continue
        primers = kinds[s].primers is not None
        table = p.reads.table
        pairs = mates(table.view(np.uint8), p.reads.n_fragments)
        products, of = fragments_of_products(table, pairs)
        if len(products) < 2:
            continue
        for candidate in often:
            allele = candidate.allele
            here = [
                k
                for k, (low, high) in enumerate(products.tolist())
                if low <= allele.pos and allele.end <= high
                and (
                    primers
                    or min(allele.pos - low, high - allele.end) >= PRIMER_REACH
                )
            ]  # fmt: skip
            if len(here) < 2:
                continue
            carrying = np.unique(candidate.support[s].rows["frag"])
            with_allele = np.bincount(of[carrying] + 1, minlength=len(products) + 1)[1:]
            covering = np.union1d(_informative(p, allele), carrying)
            total = np.bincount(of[covering] + 1, minlength=len(products) + 1)[1:]
            candidate.amplicons += [
                (s, (int(products[k, 0]), int(products[k, 1]), int(with_allele[k]), int(total[k])))
                for k in here
                if total[k] >= DROPOUT_DEPTH
            ]


def dropout(amplicons: Sequence[Amplicon]) -> bool:
    """Return whether an allele's frequency differs between amplicons beyond chance.

    It does if the amplicon with the lowest has at most `DROPOUT_RATIO` of the frequency of the
    others together, and so few fragments with the allele with a probability of `DROPOUT_P` or less
    (Fisher's exact test, one-sided).

    Parameters
    ----------
    amplicons : sequence of Amplicon
        Those over the allele, of one sample.
    """
    if len(amplicons) < 2:
        return False
    alt = np.array([a for *_, a, _ in amplicons])
    total = np.array([n for *_, n in amplicons])
    k = int(np.argmin(alt / total))
    rest_alt, rest = alt.sum() - alt[k], total.sum() - total[k]
    if alt[k] / total[k] > DROPOUT_RATIO * rest_alt / rest:
        return False
    # Slow to import, and asked of amplicons alone.
    from scipy.stats import hypergeom

    p = hypergeom.cdf(alt[k], total.sum(), alt.sum(), total[k])
    return bool(p <= DROPOUT_P)


def text(sample: str, amplicons: Sequence[Amplicon]) -> str:
    """Return the entry of the INFO field: positions are 1-based."""
    parts = [f"{low + 1}-{high}:{alt}/{total}" for low, high, alt, total in amplicons]
    return "|".join([sample, *parts])
