"""A patient from depths and counts to the JSON."""

import dataclasses
import json

import msgspec
import numpy as np
import pytest

from resistpanel.catalog.classes import load_diseases
from resistpanel.catalog.drivers import load_drivers
from resistpanel.copynumber import analyse as stage
from resistpanel.copynumber.analyse import Patient, of_disease
from resistpanel.core.schemas import from_builtins
from resistpanel.records.copynumber import CopyNumber

from .conftest import AFTER, BEFORE, NORMAL, Tumour, World, sheet

CHANGES = {"G4": (10, 1), "G10": (0, 0), "G20": (1, 0), "G21": (1, 0), "G30": (3, 1), "G40": (2, 0)}
CLONAL = ["G1", "G7", "G13", "G25", "G33", "G45", "G50", "G52"]


def patient(world, tumours, rows=None, **options):
    """Return a patient whose samples are the normal and `tumours` (by name)."""
    rows = world.germline(tumours) + world.clonal(tumours, CLONAL) if rows is None else rows
    names = [NORMAL, *tumours]
    return Patient(
        sheet=sheet(tumours=tuple(tumours), **options),
        bins=world.bins,
        coverage={NORMAL: world.coverage()}
        | {name: world.coverage(tumour) for name, tumour in tumours.items()},
        sites=world.sites(names, rows),
        drivers=load_drivers(),
    )


def genes(value, sample):
    return {gene["gene"]: gene for gene in value["samples"][sample]["genes"]}


def analyse(given, *conditions):
    """Return the stage's record as its JSON reads."""
    return json.loads(msgspec.json.encode(stage.analyse(given, *conditions)))


@pytest.fixture(scope="module")
def found():
    world = World(11, noise=0.06)
    held = {name: copies for name, copies in CHANGES.items() if name != "G4"}
    tumours = {BEFORE: Tumour(0.5, held), AFTER: Tumour(0.75, CHANGES)}
    return analyse(patient(world, tumours))


def test_the_json_agrees_with_its_record(found):
    json.dumps(found, allow_nan=False)
    from_builtins(found, CopyNumber, "P1.json")


def test_every_change_is_called_and_nothing_else(found):
    expected = {"G4": "amplification", "G10": "deletion", "G20": "loss", "G21": "loss"}
    expected["G30"] = "gain"
    after = genes(found, AFTER)
    calls = {name: gene["call"] for name, gene in after.items() if gene["call"] != "neutral"}
    assert calls == expected
    assert genes(found, BEFORE)["G4"]["call"] == "neutral"


def test_copies_lie_in_their_intervals(found):
    after = genes(found, AFTER)
    for name, (copies, _) in CHANGES.items():
        assert after[name]["copies_low"] <= copies <= after[name]["copies_high"], name


def test_loss_of_heterozygosity_without_a_loss_of_copies(found):
    gene = genes(found, AFTER)["G40"]
    assert (gene["call"], gene["loh"]) == ("neutral", True)
    assert gene["balance_low"] <= 0.125 <= gene["balance_high"]
    assert genes(found, AFTER)["G41"]["loh"] is False


def test_purities_are_found_from_all_three_sources(found):
    for name, truth in ((BEFORE, 0.5), (AFTER, 0.75)):
        purity = found["samples"][name]["purity"]
        assert purity["method"] == "joint"
        assert abs(purity["value"] - truth) < 0.05
        assert purity["low"] <= truth <= purity["high"]


def test_the_paired_ratio_names_the_acquired_amplification_alone(found):
    calls = {g["gene"]: g for g in found["pairs"][0]["genes"] if g["call"] != "unchanged"}
    assert set(calls) == {"G4"}
    truth = np.log2((0.75 * 10 + 0.5) / 2)
    assert calls["G4"]["low"] <= truth <= calls["G4"]["high"]
    assert calls["G4"]["q"] < 1e-6


def test_a_change_that_only_shows_more_in_a_purer_sample_is_unchanged():
    copies = {"G10": (0, 0), "G4": (12, 1)}
    world = World(5, noise=0.05)
    value = analyse(patient(world, {BEFORE: Tumour(0.4, copies), AFTER: Tumour(0.8, copies)}))
    rows = {gene["gene"]: gene for gene in value["pairs"][0]["genes"]}
    assert rows["G4"]["log2_ratio"] > 0.5
    assert rows["G10"]["log2_ratio"] < -0.5
    assert {rows[name]["call"] for name in ("G4", "G10")} == {"unchanged"}


def test_the_sheet_overrides():
    world = World(6)
    value = analyse(patient(world, {BEFORE: Tumour(0.5)}, purity={BEFORE: 0.8}))
    purity = value["samples"][BEFORE]["purity"]
    assert (purity["value"], purity["method"]) == (0.8, "sheet")


def test_a_tumour_without_any_signal_is_not_estimable_and_says_so():
    world = World(7)
    tumours = {BEFORE: Tumour(0.6)}
    value = analyse(patient(world, tumours, rows=world.germline(tumours)))
    purity = value["samples"][BEFORE]["purity"]
    assert purity["value"] is None
    assert "not estimable" in purity["source"]
    assert {gene["call"] for gene in value["samples"][BEFORE]["genes"]} == {"neutral"}


def driver_patient(world, copies):
    world.names[3] = "BRAF"
    world.bins.gene[:] = np.where(world.bins.gene == "G3", "BRAF", world.bins.gene)
    tumours = {BEFORE: Tumour(0.6, copies)}
    row = ("BRAF", "somatic", True, ("V600E",), {BEFORE: 0.6 / tumours[BEFORE].amount("BRAF")})
    return patient(world, tumours, rows=[*world.germline(tumours), row])


@pytest.fixture
def wide():
    """Names of genes longer than those of the panel fit."""
    world = World(8)
    world.bins = dataclasses.replace(world.bins, gene=world.bins.gene.astype("<U8"))
    return world


def test_a_lone_driver_gives_the_purity_and_is_named(wide):
    value = analyse(driver_patient(wide, {}))
    purity = value["samples"][BEFORE]["purity"]
    assert purity["method"] == "driver"
    assert "BRAF V600E" in purity["source"]
    assert purity["low"] <= 0.6 <= purity["high"]


@pytest.mark.parametrize(
    ("disease", "told"),
    [("melanoma", {"BRAF"}), (None, {"BRAF", "FGFR3"})],
    ids=["melanoma", "not stated"],
)
def test_a_driver_of_another_disease_tells_nothing(disease, told):
    """It can be a late event here: an FGFR3 R248C of a third of a melanoma's cells."""
    drivers = of_disease(load_drivers(), load_diseases(), disease)
    assert {d.gene for d in drivers if d.gene in ("BRAF", "FGFR3")} == told


def test_an_amplified_driver_gives_no_purity(wide):
    """Its allele frequency speaks of its copies."""
    value = analyse(driver_patient(wide, {"BRAF": (20, 1)}))
    assert value["samples"][BEFORE]["purity"]["method"] != "driver"


def without_reads(given):
    """Return a patient whose normal has no reads."""
    none = dataclasses.replace(
        given.coverage[NORMAL],
        depth=np.zeros_like(given.coverage[NORMAL].depth),
        fragments=np.zeros_like(given.coverage[NORMAL].fragments),
    )
    return dataclasses.replace(given, coverage=given.coverage | {NORMAL: none})


def test_a_normal_without_reads_is_no_reference(recwarn):
    """Depth is then that of the tumours against each other, as without a normal."""
    world = World(9)
    tumours = {BEFORE: Tumour(0.6), AFTER: Tumour(0.6, {"G4": (12, 1)})}
    value = analyse(without_reads(patient(world, tumours)))
    assert not recwarn.list
    assert value["reference"] is None
    assert value["samples"][AFTER]["genes"] == []
    assert "too few reads" in value["samples"][AFTER]["purity"]["source"]
    (g4,) = [gene for gene in value["pairs"][0]["genes"] if gene["gene"] == "G4"]
    assert g4["low"] > 1.5 and g4["q"] < 1e-6


@pytest.mark.parametrize(("af", "method"), [(0.3, "driver"), (0.8, "none")])
def test_without_depth_an_af_above_half_gives_no_purity(wide, af, method):
    """20 copies with the mutation of 21 in 60 % of the cells, or one of two in 60 %."""
    given = driver_patient(wide, {"BRAF": (20, 1)} if af > 0.5 else {})
    given.sites.alt_count[-1, 1] = round(af * 500)
    given.sites.ref_count[-1, 1] = 500 - round(af * 500)
    value = analyse(without_reads(given))
    assert value["samples"][BEFORE]["purity"]["method"] == method


def test_a_tumour_with_reads_at_few_targets_has_finite_ratios(recwarn):
    world = World(9)
    given = patient(world, {BEFORE: Tumour(0.6)})
    depth = given.coverage[BEFORE].depth
    keep = np.arange(len(depth)) < len(depth) // 3
    some = dataclasses.replace(
        given.coverage[BEFORE],
        depth=depth * keep,
        fragments=given.coverage[BEFORE].fragments * keep,
    )
    targets, _ = stage.depth_ratios(
        dataclasses.replace(given, coverage=given.coverage | {BEFORE: some}), BEFORE
    )
    assert not recwarn.list
    assert np.isfinite(targets.log2).all()


def test_without_a_normal_there_are_paired_ratios_alone():
    world = World(9)
    tumours = {BEFORE: Tumour(0.6), AFTER: Tumour(0.6, {"G4": (12, 1)})}
    value = analyse(
        Patient(
            sheet(normal=False),
            world.bins,
            {name: world.coverage(tumour) for name, tumour in tumours.items()},
            world.sites(list(tumours), world.clonal(tumours, CLONAL)),
        )
    )
    from_builtins(value, CopyNumber, "P1.json")
    assert value["samples"][AFTER]["genes"] == []
    assert value["reference"] is None
    assert [g["gene"] for g in value["pairs"][0]["genes"] if g["call"] == "higher"] == ["G4"]


def test_with_a_pool_no_normal_is_needed():
    world = World(10)
    tumours = {AFTER: Tumour(0.7, CHANGES)}
    given = Patient(
        sheet(normal=False, tumours=(AFTER,)),
        world.bins,
        {name: world.coverage(tumour) for name, tumour in tumours.items()},
        world.sites(list(tumours), world.clonal(tumours, CLONAL)),
        pool=[world.coverage() for _ in range(5)],
    )
    value = analyse(given)
    assert value["reference"] == "pool of 5 normals"
    assert genes(value, AFTER)["G4"]["call"] == "amplification"


def test_x_of_a_man_is_one_copy():
    world = World(12, noise=0.05)
    copies = {"G58": (6, 0)}
    tumour = Tumour(0.7, copies)
    rows = world.germline({BEFORE: Tumour(0.7)}) + world.clonal({BEFORE: tumour}, CLONAL)
    value = analyse(
        Patient(
            sheet(sex="male", tumours=(BEFORE,)),
            world.bins,
            {NORMAL: world.coverage(sex="male"), BEFORE: world.coverage(tumour, sex="male")},
            world.sites([NORMAL, BEFORE], rows),
        )
    )
    found = genes(value, BEFORE)
    assert found["G57"]["call"] == "neutral"
    assert 0.7 < found["G57"]["copies"] < 1.3
    assert found["G58"]["call"] == "amplification"
    assert value["identity"]["sex"]["samples"][NORMAL]["sex"] == "male"
    assert value["gate"]["passed"]
