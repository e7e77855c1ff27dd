"""Cells of the calibration of the limit of detection that once failed."""

import numpy as np
import pytest
from benchmarks.lod_calibration import Cell, measure


@pytest.mark.parametrize(
    ("setting", "depths", "error", "homopolymer"),
    [
        # Whether errors are of the site or of damage depends on the qualities of the normal's.
        ("consensus", [157_591, 91_158], 3.7e-5, 2),
        # A sixth of the fragments has the variant, and no error of it.
        ("capture", [20_000, 36_574], 0.0277, 12),
    ],
)
def test_a_variant_at_the_limit_is_called(setting, depths, error, homopolymer):
    cell = Cell(setting, np.array(depths), 0, 1, error, homopolymer, 3.6, 0.002, [1])
    row = measure(cell, 1000)
    assert row["called"] > 0.92
