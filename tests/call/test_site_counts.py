"""Counts of sites are kept as they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call.errors import site_counts
from resistpanel.call.errors.site_counts import SiteCounts, Sites


def drawn(seed: int, n: int, depth: float, errors: float) -> tuple[np.ndarray, ...]:
    """Return context, depth, counts and variants of so many sites."""
    rng = np.random.default_rng(seed)
    of = rng.poisson(depth, (n, 6, 5)).astype(np.uint32)
    of[:, rng.random((6, 5)) < 0.5] = 0
    counts = rng.poisson(errors, (n, 4, 3)).astype(np.uint16)
    context = rng.integers(-1, 64, n).astype(np.int8)
    return context, of, counts, rng.random((n, 4)) < 0.01


def same(found: Sites, wanted: tuple[np.ndarray, ...]) -> None:
    for name, array in zip(("context", "depth", "counts", "variant"), wanted, strict=True):
        np.testing.assert_array_equal(getattr(found, name), array)
        assert getattr(found, name).dtype == array.dtype


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(0, 400), max_size=4),
    st.sampled_from([0.0, 20.0, 900.0, 100_000.0]),
    st.sampled_from([0.0, 0.02, 400.0]),
)
def test_kept_as_they_were(seed, chunks, depth, errors):
    """Of every number of sites, depth and rate of errors; also through an array of bytes."""
    wanted = [drawn(seed + k, n, depth, errors) for k, n in enumerate(chunks)]
    counts = SiteCounts()
    for one in wanted:
        counts.append(Sites.of(*one))
    again = SiteCounts()
    again.extend(SiteCounts.of_bytes(counts.to_bytes()))
    for kept in (counts, again):
        assert len(kept) == len(wanted)
        for found, one in zip(kept, wanted, strict=True):
            same(found, one)


def test_more_than_a_segment(monkeypatch):
    """Chunks fill segments, one larger than a segment has one of its own."""
    monkeypatch.setattr(site_counts, "SEGMENT", 1000)
    wanted = [drawn(k, n, 50.0, 0.1) for k, n in enumerate([10, 10, 3000, 10, 10])]
    counts = SiteCounts()
    for one in wanted:
        counts.append(Sites.of(*one))
    for found, one in zip(counts, wanted, strict=True):
        same(found, one)
    counts.clear()
    assert not len(counts) and not list(counts)


def test_an_exome_fits():
    """200x of one group of qualities, few errors: 150 bytes as arrays."""
    rng = np.random.default_rng(4)
    n = 4000
    depth = np.zeros((n, 6, 5), np.uint32)
    for cls in (0, 1, 3, 4):
        ends = rng.integers(0, n, 50 * n // 100)
        steps = np.bincount(ends, minlength=n)
        depth[:, cls, 1] = np.convolve(steps, np.ones(100, int))[:n]
    counts = np.zeros((n, 4, 3), np.uint16)
    counts[rng.integers(0, n, 300), 2, 2] = 1
    kept = SiteCounts()
    kept.append(Sites.of(np.zeros(n, np.int8), depth, counts, np.zeros((n, 4), bool)))
    assert len(kept.to_bytes()) < 5 * n


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_part_of_the_bytes_is_refused(cut):
    counts = SiteCounts()
    counts.append(Sites.of(*drawn(1, 300, 30.0, 0.1)))
    packed = counts.to_bytes()
    with pytest.raises(ValueError, match="damaged"):
        SiteCounts.of_bytes(packed[:-cut])
