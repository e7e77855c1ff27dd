"""Copy-number states: what the purities alone explain is no change."""

import msgspec
import pytest

from resistpanel.records.copynumber import GeneChange
from resistpanel.resist.alteration import NOT_EXAMINED, Pair
from resistpanel.resist.copy_changes import copy_state


@pytest.mark.parametrize(
    ("paired", "before", "state"),
    [
        ("higher", False, "acquired"),
        ("higher", True, "rising"),
        ("unchanged", True, "stable"),
        ("unchanged", False, "emergent"),
        (None, True, "stable"),
        (None, False, "emergent"),
    ],
)
def test_a_ratio_called_unchanged_is_no_change(paired, before, state):
    samples = {
        name: msgspec.structs.replace(NOT_EXAMINED, detected=detected)
        for name, detected in (("pre", before), ("post", True))
    }
    change = GeneChange(
        gene="BRAF", chrom="chr7", start=0, end=1, targets=1, log2_ratio=0.6, low=0.4, high=0.8,
        p=None, q=None, expected=None, call=paired,
    )  # fmt: skip
    assert copy_state("amplification", samples, Pair("pre", "post", ()), change).state == state
