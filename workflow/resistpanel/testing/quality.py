"""Base qualities by cycle, and sequencing errors at the rate that they state."""

import numpy as np

from resistpanel.core.special import ndtri
from resistpanel.testing.testing_constants import QUALITY_BINS, QUALITY_CLASSES

CLASSES = np.array(QUALITY_CLASSES)
BINS = np.array(QUALITY_BINS, np.uint8)


def quality_table(model: str, length: int) -> np.ndarray:
    """Return qualities by read class, cycle and a random byte: uint8 (3, length, 256).

    Parameters
    ----------
    model : str
        ``gaiix``: 4 to 40, falling along the read as on the instruments of 2010;
        ``modern``: 11, 25 or 37 (binned), nearly flat.
    length : int
        Cycles.
    """
    cycle = np.arange(length) / 100
    quantile = (np.arange(256) + 0.5) / 256
    table = np.empty((3, length, 256), np.uint8)
    for index, loss in enumerate((0, 6, 14)):
        if model == "gaiix":
            mean = 37 - 26 * cycle**1.3 - loss
            spread = 2 + 4 * cycle
            values = mean[:, None] + spread[:, None] * ndtri(quantile)[None, :]
            table[index] = np.clip(np.rint(values), 4, 40)
        else:
            low = np.minimum(0.9, 0.004 + 0.012 * cycle + loss / 60)
            middle = np.minimum(0.95, low + 0.02 + 0.03 * cycle + loss / 60)
            poor, fair, good = BINS
            best = np.where(quantile < middle[:, None], fair, good)
            table[index] = np.where(quantile < low[:, None], poor, best)
    return table


class Sequencer:
    """Draws qualities and errors.

    Parameters
    ----------
    model : str
        As `quality_table`.
    length : int
        Read length.
    """

    def __init__(self, model: str, length: int):
        self.length = length
        table = quality_table(model, length)
        self._flat = table.reshape(-1)
        self._cycle = (np.arange(length, dtype=np.int32) * 256)[None, :]
        error = 10 ** (-np.arange(256) / 10) * 65536
        self._floor = np.minimum(error, 65535).astype(np.uint16)
        self._rest = error - np.floor(error)
        self._classes = np.repeat(
            np.arange(3, dtype=np.int32), np.rint(CLASSES * 1000).astype(int)
        ) * (length * 256)

    def qualities(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return phred qualities in the order of sequencing: uint8 (count, length)."""
        index = rng.integers(0, 256, (count, self.length), dtype=np.uint8).astype(np.int32)
        index += self._cycle
        index += self._classes[rng.integers(0, len(self._classes), count)][:, None]
        return self._flat[index]

    def errors(self, qualities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return flat indices of the bases that are read wrongly: P = 10^(-Q/10)."""
        draws = rng.integers(0, 65536, qualities.shape, dtype=np.uint16)
        floor = self._floor[qualities]
        wrong = draws < floor
        # 16 bits are too coarse for high qualities: the remainder is drawn where it matters.
        edge = np.flatnonzero(draws == floor)
        rest = self._rest[qualities.reshape(-1)[edge]]
        wrong.reshape(-1)[edge[rng.random(len(edge)) < rest]] = True
        return np.flatnonzero(wrong)
