"""Calls through small panels, compared with those of all targets."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.bed import panel_size
from benchmarks.bed.genome import Variant
from benchmarks.bed.panel_size import Observed, compared, spans_of

A, B, C = (("c", n, "A", "T") for n in (10, 20, 30))


def test_only_variants_of_both_are_compared():
    whole = Observed((A, B), (True, False), (("c", 99, "A", "T"),), 1000)
    panels = [
        Observed((A, C), (True, True), (), 100),
        Observed((A, B), (False, True), (("c", 50, "A", "T"),), 100),
    ]
    pair, (low, high), rates = compared(panels, [whole], 1)
    assert (pair.both, pair.first, pair.second, pair.neither) == (1, 1, 1, 0)
    assert pair.difference == 0
    assert low < 0 < high
    assert (rates["false"], rates["megabases"]) == (1, 200 / 1e6)
    assert rates["false of all targets"] == 1


def test_the_interval_is_over_variants_not_observations():
    """A variant that is seen a thousand times says no more than one variant."""
    keys = [A] * 1000 + [B] * 10
    small = np.array([True] * 1000 + [False] * 10)
    low, high = panel_size.bootstrap(keys, small, np.ones(1010, bool), 1)
    assert low == -1 and high == pytest.approx(0, abs=1e-9)


def test_panels_have_their_size_and_disjoint_pieces():
    truth = SimpleNamespace(
        somatic=[Variant("c", 500, "A", "T", 0, 0, "SNV")],
        targets=[("c", 0, 4000), ("d", 100, 2000)],
    )
    for seed in range(20):
        spans = spans_of(truth, 300, np.random.default_rng(seed))
        assert sum(end - start for _, start, end in spans) == 300
        for (c, _, end), (d, start, _) in itertools.pairwise(spans):
            assert c != d or start >= end + 10
