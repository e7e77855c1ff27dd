"""A driver in the normal: the sheet may have normal and tumour exchanged."""

import dataclasses

import msgspec
import numpy as np
import pytest

from resistpanel.catalog.drivers import load_drivers
from resistpanel.copynumber.analyse import Patient
from resistpanel.copynumber.analyse import analyse as analysed
from resistpanel.copynumber.exchanged import driver_in_normal

from .conftest import AFTER, BEFORE, NORMAL, sheet

DRIVERS = load_drivers(None)


def found(world, gene, change, model="germline", **fractions):
    """Return what is said of one allele with these allele frequencies."""
    rows = [(gene, model, False, (change,), fractions)]
    world.rng = np.random.default_rng(5)
    sites = world.sites(list(fractions), rows)
    return driver_in_normal(sites, DRIVERS, NORMAL, [n for n in fractions if n != NORMAL])


@pytest.fixture
def egfr(world):
    """The world, one of whose genes is EGFR, one RET."""
    names = {"G1": "EGFR", "G4": "RET"}
    genes = np.array([names.get(gene, gene) for gene in world.bins.gene])
    world.bins = dataclasses.replace(world.bins, gene=genes)
    world.names = [names.get(gene, gene) for gene in world.names]
    return world


@pytest.mark.parametrize(
    "change, fractions, absent",
    [
        ("L858R", {NORMAL: 0.26, BEFORE: 0.0, AFTER: 0.28}, (BEFORE,)),
        ("L858R", {NORMAL: 0.26, AFTER: 0.28}, ()),  # both tumours, or tumour cells in the normal
        ("L858R", {NORMAL: 0.9, AFTER: 0.5}, ()),  # amplified
        ("L858R", {NORMAL: 0.5, BEFORE: 0.0}, (BEFORE,)),  # a pure tumour as normal
        ("T790M", {NORMAL: 0.2, BEFORE: 0.0}, (BEFORE,)),
    ],
)
def test_a_tumour_given_as_normal_is_found(egfr, change, fractions, absent):
    one = found(egfr, "EGFR", change, **fractions)
    assert one.name == f"EGFR {change}"
    assert one.frequency == pytest.approx(fractions[NORMAL], abs=0.08)
    assert one.absent == absent


@pytest.mark.parametrize(
    "gene, change, fractions",
    [
        ("EGFR", "T790M", {NORMAL: 0.5, BEFORE: 0.5, AFTER: 0.7}),  # inherited
        ("RET", "M918T", {NORMAL: 0.47, BEFORE: 0.15}),  # inherited, lost in the tumour
        ("EGFR", "L858R", {NORMAL: 0.0, BEFORE: 0.3}),  # as it should be
        ("EGFR", "R521K", {NORMAL: 0.2, BEFORE: 0.0}),  # no driver
    ],
)
def test_an_inherited_variant_is_none(egfr, gene, change, fractions):
    assert found(egfr, gene, change, **fractions) is None


def test_an_artifact_is_none(egfr):
    assert found(egfr, "EGFR", "L858R", model="artifact", blood=0.1, before=0.1) is None


@pytest.mark.parametrize("gates", [{NORMAL: 0.3, BEFORE: 0.0, AFTER: 0.3}, {NORMAL: 0.03}])
def test_the_gate_asks_whether_the_sheet_is_right(egfr, gates):
    tumours = [name for name in (BEFORE, AFTER) if name in gates] or [AFTER]
    fractions = dict.fromkeys(tumours, 0.0) | gates
    sites = egfr.sites([NORMAL, *tumours], [("EGFR", "germline", False, ("L858R",), fractions)])
    value = msgspec.to_builtins(
        analysed(
            Patient(
                sheet(tumours=tuple(tumours)), egfr.bins,
                {name: egfr.coverage() for name in [NORMAL, *tumours]}, sites, drivers=DRIVERS,
            )
        )
    )  # fmt: skip
    failures = value["gate"]["failures"]
    if gates[NORMAL] == 0.03:
        assert not failures
        return
    (one,) = failures
    assert (one["sample"], one["metric"]) == (NORMAL, "driver_in_normal")
    assert "normal and tumour exchanged" in one["text"]
    assert "EGFR L858R in " in one["text"]
    assert "fragments, not in before)" in one["text"]
