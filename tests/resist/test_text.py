"""Numbers in sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.resist.text import join, percent, plural, sentence, upper_percent


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.16, "16 %"),
        (0.01, "1.0 %"),
        (0.0123, "1.2 %"),
        (0.0004, "0.040 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
    ],
)
def test_percent(fraction, text):
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0033, "0.33 %"), (0.00331, "0.34 %"), (0.0029, "0.29 %"), (0.101, "11 %"), (0.0, "0 %")],
)
def test_upper_percent(fraction, text):
    assert upper_percent(fraction) == text


@given(st.floats(min_value=1e-7, max_value=1))
def test_a_rounded_bound_still_bounds(fraction):
    said = float(upper_percent(fraction).split()[0]) / 100
    assert said >= fraction - 1e-12
    assert said <= fraction * 1.11


def test_words():
    assert join([]) == ""
    assert join(["a"]) == "a"
    assert join(["a", "b", "c"]) == "a, b and c"
    assert join(["a", "b"], "or") == "a or b"
    assert plural("RAF inhibitor") == "RAF inhibitors"
    assert plural("anti-EGFR antibody") == "anti-EGFR antibodies"
    assert plural("endocrine therapy") == "endocrine therapy"
    assert sentence("so it is") == "So it is."
