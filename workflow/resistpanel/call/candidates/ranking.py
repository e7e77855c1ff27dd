"""Places of a chunk that are looked at, where there are too many for all."""

import numpy as np

from resistpanel.call.call_constants import (
    MOST_PLACES,
)


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
    depth = np.zeros(len(places))
    for reads in all_reads:
        depth += np.searchsorted(np.sort(reads.table["pos"]), at, side="right")
        depth -= np.searchsorted(np.sort(reads.table["end"]), at, side="left")
    score = np.array([support[place] for place in places]) / np.sqrt(np.maximum(depth, 1))
    # The order of the places decides between equals, so that the result is always the same.
    order = np.lexsort((np.arange(len(places)), -score))[:MOST_PLACES]
    return [places[i] for i in np.sort(order)], len(places) - MOST_PLACES
