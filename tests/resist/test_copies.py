"""Copy-number states: what the purities alone explain is no change."""

import msgspec
import pytest

from resistpanel.core.schemas import from_builtins
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber, GeneChange
from resistpanel.resist.alteration import NOT_EXAMINED, Pair
from resistpanel.resist.copy_changes import copy_changes, copy_state


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


@pytest.mark.parametrize(
    ("tumour_free", "before", "state"),
    [((), "excluded", "absent"), (("p0",), "not known", "undetermined")],
)
def test_samples_exclude_copies_that_no_later_sample_of_the_line_shows(
    patient, tumour_free, before, state
):
    """The second line brought the amplification; nothing is open about it in the first."""
    samples = [(f"p{number}", 100 * number, None) for number in range(3)]
    lines = [(["erlotinib"], 10), (["osimertinib"], 110)]
    p = patient(disease="NSCLC", samples=samples, lines=lines, tumour_free=tumour_free)
    p.amplify("MET", 0.0, 0.0, 3.2)
    compare = from_builtins(p.compare(), Compare, "hand-made")
    found = from_builtins(p.copynumber(), CopyNumber, "hand-made")
    pairs = tuple(Pair(one["pre"], one["post"], ()) for one in p.pairs)
    (met,) = copy_changes(found, pairs, compare, frozenset(tumour_free))
    first, second = met.lines
    assert (first.before, first.state) == (before, state)
    assert first.excluded_by == (() if tumour_free else ("p0",))
    assert first.inadequate == tumour_free
    # Pairs are with p0 alone; p1, with two copies, excludes it too.
    assert (second.before, second.state) == ("excluded", "acquired")
    assert second.excluded_by == (("p1",) if tumour_free else ("p0", "p1"))
    assert second.lesions[0].pre == ("p1" if tumour_free else "p0")
    assert second.inadequate == tumour_free
