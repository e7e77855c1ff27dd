"""The tables of docs/validation/baselines.md can be drawn; rates that are known beforehand."""

import numpy as np
import pandas as pd
import pytest
from benchmarks import baselines, interval_coverage
from benchmarks.baseline_patients import Cell, by_pair, patients, state


def states_of(cell, number=3, seed=(1, 2)):
    return [[state(m, one) for one in m.records] for m in patients(cell, number, seed)]


def test_what_is_beyond_doubt():
    """Purity 0.6 at 3,000 fragments: truncal, new and left variants."""
    cell = Cell([(0.3, 0.3)] * 8 + [(0.0, 0.3), (0.3, 0.0)], 3000, 1e-4)
    for found in states_of(cell):
        assert set(found[:8]) == {"stable"}
        assert found[8:] == ["acquired", "lost"]


def test_a_sample_without_tumour_is_acquired_by_the_pair_alone():
    cell = Cell([(0.0, 0.3)] * 8, 900, 0.0)
    for made in patients(cell, 2, [3]):
        assert {by_pair(made, one) for one in made.records} == {"acquired"}
        assert {state(made, one) for one in made.records} == {"undetermined"}


def test_a_purity_of_the_cell_is_that_of_the_sheet():
    cell = Cell([(0.15, 0.3)], 900, 0.0, purity=(0.3, 0.6))
    (made,) = patients(cell, 1, [4])
    assert [made.purity[name].value for name in ("pre", "post")] == [0.3, 0.6]


def test_rates_outside_of_their_bounds_are_listed():
    assert not baselines.exceeds(0.01, 200, 0.01)
    assert baselines.exceeds(0.06, 200, 0.01)
    assert interval_coverage._outside(0.95, 4000) is None
    assert interval_coverage._outside(0.90, 4000) == "90.0 %, below 93"
    assert interval_coverage._outside(0.99, 4000) == "99.0 %, above 97"
    assert interval_coverage._outside(0.99, 4000, 1.0) is None


@pytest.mark.parametrize(
    ("depth", "rho", "af", "able"),
    [(100, 0.0, 0.002, False), (100, 0.0, 0.01, False), (1000, 0.0, 0.002, True),
     (300, 0.0, 0.01, True), (3000, 1e-2, 0.3, True)],
)  # fmt: skip
def test_counts_that_leave_no_coverage_near_95(depth, rho, af, able):
    """Of one expected fragment 0 to 2 have 92 %, 0 to 3 98 %; of two, 0 to 4 have 95 %."""
    assert interval_coverage.attainable(depth, rho, af) is able


@pytest.fixture(scope="module")
def small():
    """Tables of few cells and draws."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (baselines, interval_coverage):
            patch.setattr(module, "DEPTHS", (300,))
            patch.setattr(module, "RHOS", (0.0, 1e-3))
        patch.setattr(baselines, "PURITIES", (0.3,))
        patch.setattr(baselines, "progress", lambda text: None)
        found = {one.__name__: one(9, 2) for one in (baselines.baseline, baselines.copies)}
        found["frequencies"] = interval_coverage.frequencies(9, 50)
        found["overdispersions"] = interval_coverage.overdispersions(9, 2)
        return found


@pytest.mark.slow
def test_the_page_is_written_from_the_tables(small):
    shown = dict.fromkeys(baselines.STATES_SHOWN, 0.0)
    found = small | {
        "limits": pd.DataFrame([{"purity": 0.1, "depth": 300, "product": 30, "truncal": 0.0,
                                 "grown": 0.0, "clonal": 0.5}]),
        "changed": pd.DataFrame([{"known": "wrong by 0.1", "copies": "neutral", "shared": 3,
                                  "depth": 300, "rho": 1e-3,
                                  **shown, "rising": 0.5, "power_rising": 0.9,
                                  "power_falling": np.nan}]),
        "several": pd.DataFrame([{"depth": 300, "rho": 0.0, "single": 0.0, "any": 0.0,
                                  "bound": 0.01}]),
        "just_above": pd.DataFrame([{"depth": 300, "rho": 0.0,
                                     **{f"k{k}": 0.95 for k in range(6)}}]),
        "cell_fractions": pd.DataFrame([{"copies": 2, "mutated": 1, "both": True, "fraction": 0.4,
                                         "depth": 300, "coverage": 0.5, "width": 0.1}]),
        "folds": pd.DataFrame([{"before": 0.2, "after": 0.4, "depth": 300, "rho": 1e-3,
                                "detected": 2000, "coverage": 0.95}]),
        "draws": interval_coverage.numbers(4000),
    }  # fmt: skip
    text = baselines.page(found, 9, 200, 4000)
    assert (
        "- purity wrong by 0.1, 3 shared variants, copy number neutral, depth 300, rho 0.001: "
        "truncal rising 50.0 %" in text
    )
    assert "- cancer cell fraction: 1 of 1 cells:" in text
    assert "- fold change: 0 of 1 cells" in text
    assert "--seed 9 --patients 200 --draws 4000" in text
