"""Places of a chunk that are looked at, where there are too many for all."""

import numpy as np

from resistpanel.call.call_constants import GATE, MOST_PLACES, NOISE_TRIMMED
from resistpanel.call.io.regions import Chunk
from resistpanel.core.special import pdtrc


def stand_out(place: np.ndarray, fragments: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return which places have more fragments with a gap or clip than errors explain, bool.

    Errors are taken to be as frequent, per fragment, as at the positions of the chunk without the
    few of most: at 1,000x hardly any position has one, at 50,000x every position has some.

    Parameters
    ----------
    place : int, (places,)
        Index of the chunk's position.
    fragments : int, (places,)
        With gaps or clips of one kind, at most one kind a position.
    depth : (positions,)
        Fragments, all samples together.
    """
    if not len(place):
        return np.zeros(0, dtype=bool)
    found = np.zeros(len(depth))
    np.add.at(found, place, fragments)
    covered = np.maximum(depth, 1)
    rate = np.sort((found / covered)[depth > 0])
    kept = rate[: int(np.ceil((1 - NOISE_TRIMMED) * len(rate)))]
    expected = (kept.mean() if len(kept) else 0.0) * covered[place]
    return pdtrc(fragments - 1, np.maximum(expected, 1e-9)) < GATE


def beyond_noise(support: dict, chunk: Chunk, depth: np.ndarray) -> dict:
    """Return the places that stand out from those of their kind; all, if there is room for all.

    Kinds are clips, and insertions and deletions of one base and longer ones.

    Parameters
    ----------
    support : dict of place to carrying fragments
        A place is a 0-based position, or a tuple of it and a length (negative: deletion).
    chunk : Chunk
    depth : (positions,)
        Fragments, all samples together.
    """
    if len(support) <= MOST_PLACES:
        return support
    kinds: dict[int, list] = {}
    for place in support:
        kind = int(np.clip(place[1], -2, 2)) if isinstance(place, tuple) else 0
        kinds.setdefault(kind, []).append(place)
    kept = set()
    for places in kinds.values():
        at = np.array([place[0] if isinstance(place, tuple) else place for place in places])
        fragments = np.array([support[place] for place in places])
        chosen = stand_out(chunk.nearest(at), fragments, depth)
        kept |= {place for place, one in zip(places, chosen, strict=True) if one}
    return {place: n for place, n in support.items() if place in kept}


def best_supported(support: dict, all_reads) -> tuple[list, int]:
    """Return the places to look at, at most `MOST_PLACES`, and how many more there are.

    Kept are those whose carriers stand out most from noise, in units of its standard deviation:
    carriers / sqrt(depth), so that neither a deep nor a shallow target takes all.

    Parameters
    ----------
    support : dict of place to carrying reads
        A place is a 0-based position, or a tuple that begins with it.
    all_reads : list of Reads
    """
    places = list(support)
    if len(places) <= MOST_PLACES:
        return places, 0
    at = np.array([place[0] if isinstance(place, tuple) else place for place in places])
    over = np.zeros(len(places))
    for reads in all_reads:
        over += np.searchsorted(np.sort(reads.table["pos"]), at, side="right")
        over -= np.searchsorted(np.sort(reads.table["end"]), at, side="left")
    score = np.array([support[place] for place in places]) / np.sqrt(np.maximum(over, 1))
    # The order of the places decides between equals, so that the result is always the same.
    order = np.lexsort((np.arange(len(places)), -score))[:MOST_PLACES]
    return [places[i] for i in np.sort(order)], len(places) - MOST_PLACES
