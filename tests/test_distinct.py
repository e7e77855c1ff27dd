"""Sets of integers, against numpy's own."""

import numpy as np
import pytest

from resistpanel.core.distinct import among, distinct

rng = np.random.default_rng()


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("most", [1, 5, 1000])
@pytest.mark.parametrize("size", [0, 1, 2, 300])
def test_as_numpy(dtype, most, size):
    values = rng.integers(0, most, size).astype(dtype)
    assert np.array_equal(distinct(values), np.unique(values))
    assert distinct(values).dtype == dtype
    for number in (0, 1, 7):
        chosen = rng.integers(0, 2 * most, number)
        assert np.array_equal(among(values, chosen), np.isin(values, chosen))


def test_what_is_given_is_not_changed():
    values, chosen = np.array([3, 1, 3]), np.array([3, 2])
    assert distinct(values).tolist() == [1, 3]
    assert among(values, chosen).tolist() == [True, False, True]
    assert values.tolist() == [3, 1, 3] and chosen.tolist() == [3, 2]
