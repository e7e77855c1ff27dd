"""Evidence that a sample has an allele, from counts; and the table of docs/compare.md.

``python tests/compare/test_support.py`` writes the table anew.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, binom

from resistpanel.call.call_constants import PRESENT_BF
from resistpanel.call.model.posterior import FREQUENCIES, log_frequency_prior
from resistpanel.compare.compare_constants import DEFAULT_ERROR, LEAST_ODDS
from resistpanel.compare.support import log10_presence, possible_counts
from resistpanel.core.files import HOME

PAGE = HOME / "docs" / "compare.md"
START, END = "<!-- possible -->\n", "<!-- /possible -->"
DEPTHS = (100, 300, 900, 3000, 10_000, 30_000)
ERRORS = (1e-6, 1e-5, 1e-4, DEFAULT_ERROR, 1e-3)


@pytest.mark.parametrize("alt", [0, 1, 3, 7, 60])
def test_without_a_normal_it_is_the_two_integrals(alt):
    n, error = 900, 1e-4

    def absent(rate):
        return binom.pmf(alt, n, rate) * beta.pdf(rate, 1, 1 / error)

    shown = FREQUENCIES[1:] + (1 - FREQUENCIES[1:]) * error
    present = np.exp(log_frequency_prior()) @ binom.pmf(alt, n, shown)
    expected = math.log10(present / quad(absent, 0, 1, points=[1e-4, 1e-3, 1e-2, 0.1])[0])
    assert log10_presence(alt, n, error) == pytest.approx(expected, abs=0.02)


def test_what_the_normal_shows_lowers_it():
    """Ten of 900 in both say nothing; a clean normal as deep does not matter."""
    assert log10_presence(10, 900, 1e-4, (0, 900)) > 4
    assert log10_presence(10, 900, 1e-4, (10, 900)) < 0
    assert log10_presence(40, 900, 1e-4, (10, 900)) > 2


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("error", ERRORS)
def test_the_range_is_where_the_evidence_is(depth, error):
    least, most = possible_counts(depth, error)
    assert 1 <= least <= most + 1
    control = (0, depth)
    assert 10 ** log10_presence(least, depth, error, control) >= LEAST_ODDS
    assert least == 1 or 10 ** log10_presence(least - 1, depth, error, control) < LEAST_ODDS
    assert 10 ** log10_presence(most + 1, depth, error, control) >= PRESENT_BF
    assert most == 1 or 10 ** log10_presence(most, depth, error, control) < PRESENT_BF


def table() -> str:
    """Return the table of docs/compare.md."""
    lines = ["| depth | " + " | ".join(f"ε = {error:.2g}" for error in ERRORS) + " |\n"]
    lines.append("|---" * (len(ERRORS) + 1) + "|\n")
    for depth in DEPTHS:
        cells = []
        for error in ERRORS:
            least, most = possible_counts(depth, error)
            cells.append("none" if most < least else f"{least}" if most == least else
                         f"{least} to {most}")  # fmt: skip
        lines.append(f"| {depth:,} | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def test_the_table_of_the_page():
    text = PAGE.read_text()
    found = text[text.index(START) + len(START) : text.index(END)]
    assert found == table(), "python tests/compare/test_support.py writes it anew"


if __name__ == "__main__":
    page = PAGE.read_text()
    begin, end = page.index(START) + len(START), page.index(END)
    PAGE.write_text(page[:begin] + table() + page[end:])
