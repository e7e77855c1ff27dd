"""Copies of one molecule that nobody flagged: fragments whose reads begin at the same bases.

Without UMIs, a fragment of hybrid capture that begins and ends where another does is probably its
copy: of a few fragments with a rare allele, two independent ones hardly ever do.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from resistpanel.call.call_constants import MOST_COPIES
from resistpanel.call.io.evidence import Candidate, Pile, clipped_span

if TYPE_CHECKING:
    from resistpanel.call.io.collection import Kind


def five_prime(table: np.ndarray) -> np.ndarray:
    """Return the reference position at which each read begins, with its clips, int64, (reads,).

    Of a reverse read that behind its last base.
    """
    begin, end, reverse = clipped_span(table)
    return np.where(reverse, end, begin)


def template_ends(fragment: np.ndarray, place: np.ndarray) -> dict[int, tuple[int, int]]:
    """Return the first and the last position of `five_prime` of each fragment.

    Parameters
    ----------
    fragment, place : int, (reads,)
        Index of the read's fragment, and its `five_prime`.
    """
    # Few reads: arrays would take longer.
    ends: dict[int, tuple[int, int]] = {}
    for one, at in zip(fragment.tolist(), place.tolist(), strict=True):
        low, high = ends.get(one, (at, at))
        ends[one] = min(low, at), max(high, at)
    return ends


def distinct(fragment: np.ndarray, place: np.ndarray) -> int:
    """Return how many fragments begin or end at different bases; as `template_ends`."""
    return len(set(template_ends(fragment, place).values()))


def count_places(
    piles: Sequence[Pile], found: Sequence[Candidate], kinds: Sequence["Kind"]
) -> None:
    """Set `Support.places` of candidates, where copies can be known by their ends.

    Parameters
    ----------
    piles, kinds : per sample
    found : candidates of the chunk
        Those with many fragments are left out: no number of copies is likely to explain them.
    """
    for s, (p, kind) in enumerate(zip(piles, kinds, strict=True)):
        if not kind.by_ends:
            continue
        few = [c.support[s] for c in found if 2 < c.support[s].alt <= MOST_COPIES]
        if not few:
            continue
        table, asked = p.reads.table, np.zeros(p.reads.n_fragments, dtype=bool)
        for support in few:
            asked[support.rows["frag"]] = True
        rows = table[asked[table["frag"]]]
        ends = template_ends(rows["frag"], five_prime(rows))
        for support in few:
            support.places = len({ends[f] for f in set(support.rows["frag"].tolist())})
