"""Copy-number states: what the purities alone explain is no change."""

import pytest

from resistpanel.resist.alteration import Pair, _copy_state


@pytest.mark.parametrize(
    ("paired", "before", "state"),
    [
        ("higher", False, "acquired"),
        ("higher", True, "rising"),
        ("unchanged", True, "stable"),
        ("unchanged", False, "emergent"),
        (None, True, "rising"),
    ],
)
def test_a_ratio_called_unchanged_is_no_change(paired, before, state):
    samples = {"pre": {"detected": before}, "post": {"detected": True}}
    change = {"log2_ratio": 0.6, "low": 0.4, "high": 0.8, "call": paired}
    assert _copy_state("amplification", samples, Pair("pre", "post", ()), change).state == state
