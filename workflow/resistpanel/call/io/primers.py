"""Products of an amplicon panel's primers: the amplicons of a sample, and primers inferred."""

import numpy as np

from resistpanel.call.call_constants import (
    CHIMERIC_PRODUCT,
    DEEPER_INSIDE,
    INFERRED_PRIMER,
    LEAST_PRODUCT,
    OWN_PRODUCT,
    PRODUCT_WOBBLE,
    REPLACING_PRODUCT,
    SHORTEST_PRIMER,
)
from resistpanel.qc.primers import Primers, read_primers

__all__ = ["Primers", "fragments_of_products", "inferred", "read_primers"]


def _products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the commonest pairs of fragment ends, int64, (products, 3): ends and fragments."""
    key, count = np.unique(left << 32 | right, return_counts=True)
    found: list[tuple[int, int, int]] = []
    for k in np.argsort(-count, kind="stable"):
        if count[k] < LEAST_PRODUCT:
            break
        low, high, n = int(key[k] >> 32), int(key[k] & 0xFFFFFFFF), int(count[k])
        near = [
            (abs(low - a) <= PRODUCT_WOBBLE, abs(high - b) <= PRODUCT_WOBBLE, m)
            for a, b, m in found
        ]
        if not any(
            (one and two) or ((one or two) and n < CHIMERIC_PRODUCT * m) for one, two, m in near
        ):
            found.append((low, high, n))
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 3)


def _own_ends(products: np.ndarray) -> np.ndarray:
    """Return which products are the commonest with either of their ends, bool, (products,).

    A chimera has both of its ends from commoner ones, what a primer makes elsewhere at least one.
    """
    number = products[:, 2]
    own = np.ones(len(products), dtype=bool)
    for end in (0, 1):
        same = np.abs(products[:, None, end] - products[None, :, end]) <= PRODUCT_WOBBLE
        own &= number >= np.where(same, number, 0).max(axis=1, initial=0)
    return own


def fragments_of_products(table: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the amplicons of a chunk, and of which each fragment is.

    Parameters
    ----------
    table : reader.READ_DTYPE, (reads,)
    pairs : int32, (fragments, 2)
        As `ends.mates` returns them.

    Returns
    -------
    products : int64, (products, 2)
        Outer ends, 0-based half-open.
    of : int64, (fragments,)
        Index of the product, -1 of none.
    """
    both = np.flatnonzero((pairs >= 0).all(axis=1))
    forward, reverse = table[pairs[both, 0]], table[pairs[both, 1]]
    left = forward["pos"].astype(np.int64) - forward["lclip"]
    right = reverse["end"].astype(np.int64) + reverse["rclip"]
    products = _products(left, right)[:, :2]
    of = np.full(len(pairs), -1, dtype=np.int64)
    for k, (low, high) in enumerate(products):
        near = (abs(left - low) <= PRODUCT_WOBBLE) & (abs(right - high) <= PRODUCT_WOBBLE)
        of[both[near]] = k
    return products, of


def inferred(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, ...] | None:
    """Return what may be primers of amplicons that overlap, None if ends are not fixed.

    Under a primer a fragment shows the primer's base, not the sample's. A base within
    `INFERRED_PRIMER` of an end of a product is taken for its primer's where another product has the
    base further inside.

    Parameters
    ----------
    left, right : int64, (fragments,)
        Outer ends, 0-based half-open, of fragments of which both mates are there.

    Returns
    -------
    left starts, left ends, right starts, right ends
        int32, as `Primers.of` returns them.
    """
    products = _products(left, right)
    # Fragments with an end of a product, give or take an error of its synthesis.
    whole = products[:, 2].sum() if len(products) else 0
    if whole < len(left) / 2:
        return None
    # An amplicon that amplifies badly is one all the same: what others show there is their primer.
    least = np.where(_own_ends(products), OWN_PRODUCT, REPLACING_PRODUCT)
    lefts, rights = [], []
    for low, high, n in products:
        shared = np.minimum(products[:, 1], high) - np.maximum(products[:, 0], low)
        others = (products[:, 2] >= least * n) & (products[:, 0] != low)
        # Products that share less than two primers have no insert where the other's primer is:
        # they overlap since they were trimmed.
        other = products[others & (shared >= 2 * SHORTEST_PRIMER)]

        def length(first: int, step: int, other=other) -> int:
            """Return how many bases, from an end inwards, another product has deeper inside."""
            for i in range(INFERRED_PRIMER):
                x = first + step * i
                inside = np.minimum(x - other[:, 0], other[:, 1] - 1 - x).max(initial=0)
                if inside < max(SHORTEST_PRIMER, i + DEEPER_INSIDE):
                    return i
            return INFERRED_PRIMER

        lefts.append((low, low + length(low, 1)))
        rights.append((high - length(high - 1, -1), high))
    spans = [
        sorted({span for span in side if span[0] < span[1]}, key=lambda span, e=e: span[e])
        for e, side in enumerate((lefts, rights))
    ]
    return tuple(
        np.array([span[e] for span in side], dtype=np.int32) for side in spans for e in (0, 1)
    )
