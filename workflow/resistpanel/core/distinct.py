"""Sets of integers, as arrays.

numpy's functions for them take several times as long for a few values, and import masked arrays at
their first call.
"""

import numpy as np


def distinct(values: np.ndarray) -> np.ndarray:
    """Return the sorted distinct values of a one-dimensional array of integers."""
    values = np.sort(values)
    kept = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=kept[1:])
    return values[kept]


def among(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return which of some integers are among others, bool; both one-dimensional."""
    if not len(chosen):
        return np.zeros(len(values), dtype=bool)
    chosen = np.sort(chosen)
    at = np.searchsorted(chosen, values)
    return chosen[np.minimum(at, len(chosen) - 1)] == values
