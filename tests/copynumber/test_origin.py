"""Somatic or germline without a normal, by purity, copies and all samples."""

import dataclasses
import json

import msgspec
import numpy as np
import pytest

from resistpanel.copynumber import analyse as stage
from resistpanel.copynumber.analyse import Patient
from resistpanel.copynumber.origin import Known, find_origins, value_of, without_depth

from .conftest import AFTER, BEFORE, Tumour, World, sheet

#: LOH without copy change of three chromosomes: germline alleles at 80 and 20 %.
LOH = {f"G{i}": (2, 0) for i in range(9)}
SOMATIC = ["G1", "G12", "G14", "G16", "G18", "G20", "G22", "G25", "G27", "G30", "G32"]


def known_of(sites, resource=False, asked=(), population=None):
    """Return what is known: with a resource all germline alleles are common."""
    common = np.where(sites.model == "germline", 0.1, np.nan)
    return Known(
        np.where(resource, common if population is None else population, np.nan),
        np.zeros(len(sites), int),
        np.isin(np.arange(len(sites)), asked),
        resource,
    )


def tumour_only(seed=3, purity=(0.6, 0.35), more=()):
    """Return world and sites of two tumours whose filters are all provisional."""
    world = World(seed, noise=0.06)
    tumours = dict(zip((BEFORE, AFTER), (Tumour(p, LOH) for p in purity), strict=True))
    rows = (
        world.germline(tumours, het=2, hom=0, genes=world.names[:33])
        + world.clonal(tumours, SOMATIC)
        + list(more)
    )
    return world, tumours, world.sites(list(tumours), rows)


def of_one(sites):
    """Return the counts of the first sample alone."""
    return dataclasses.replace(
        sites, samples=[BEFORE],
        **{n: getattr(sites, n)[:, :1] for n in ("ref_count", "alt_count", "detected")},
    )  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return tumour_only()


def somatic_of(world, sites, names, **options):
    genes = {name: without_depth(world.bins) for name in names}
    rows, found = find_origins(sites, known_of(sites, **options), world.bins, genes)
    assert len(rows) == len(sites)
    return found.somatic


@pytest.mark.parametrize("resource", [True, False])
def test_somatic_and_germline_alleles_are_told_apart_without_depth(made, resource):
    world, _, sites = made
    found = somatic_of(world, sites, [BEFORE, AFTER], resource=resource)
    values = np.array([value_of(p) for p in found])
    germline = values[sites.model == "germline"]
    assert "somatic" not in germline
    assert (germline == "germline").mean() > 0.9
    assert (values[sites.model == "somatic"] == "somatic").all()


def test_purity_follows_from_the_alleles(made):
    world, tumours, sites = made
    genes = {name: without_depth(world.bins) for name in tumours}
    _, found = find_origins(sites, known_of(sites), world.bins, genes)
    grid = np.linspace(0.05, 1.0, 96)
    for tumour, posterior in zip(tumours.values(), found.purity, strict=True):
        assert grid[posterior.sum(axis=0).argmax()] == pytest.approx(tumour.purity, abs=0.03)


def test_a_second_tumour_decides_what_one_cannot():
    """At a purity of a half a lost germline allele and a clonal somatic one are both at 25 %."""
    lost = [("G2", "somatic", True, (), {BEFORE: 0.25, AFTER: 0.4})]
    world, _, sites = tumour_only(purity=(0.5, 0.8), more=lost)
    alone = somatic_of(
        world, of_one(sites), [BEFORE], resource=True, population=np.full(len(sites), np.nan)
    )
    assert value_of(alone[-1]) != "somatic"
    both = somatic_of(world, sites, [BEFORE, AFTER], resource=True)
    assert value_of(both[-1]) == "somatic"


def test_the_catalogue_and_the_resource_are_priors():
    half = [("G31", "germline", False, (), {BEFORE: 0.42})]
    world, _, sites = tumour_only(more=half)
    sites = of_one(sites)
    last = len(sites) - 1
    population = np.where(np.arange(len(sites)) == last, np.nan, 0.1)
    plain = somatic_of(world, sites, [BEFORE])[last]
    asked = somatic_of(world, sites, [BEFORE], asked=[last])[last]
    listed = somatic_of(world, sites, [BEFORE], resource=True)[last]
    unlisted = somatic_of(world, sites, [BEFORE], resource=True, population=population)[last]
    assert listed < plain < unlisted
    assert plain < asked


def test_the_stage_writes_origins_without_a_normal_alone(made):
    world, tumours, sites = made
    pool = [world.coverage() for _ in range(2)]
    patient = Patient(
        sheet=sheet(normal=False),
        bins=world.bins,
        coverage={name: world.coverage(one) for name, one in tumours.items()},
        sites=sites,
        pool=pool,
        known=known_of(sites),
        symbols=frozenset(world.names[1:]),
    )
    value = json.loads(msgspec.json.encode(stage.analyse(patient)))
    assert {"somatic", "germline"} <= {one["value"] for one in value["origins"]}
    assert len(value["origins"]) == len(sites)
    sample = value["samples"][BEFORE]
    assert sample["purity"]["value"] == pytest.approx(0.6, abs=0.04)
    genes = {one["gene"]: one for one in sample["genes"]}
    assert genes["G4"]["loh"] is True
    assert genes["G30"]["loh"] is False
    assert genes["G0"]["no_gene"] is True
    assert "no_gene" not in genes["G1"]
    assert "origins" not in json.loads(
        msgspec.json.encode(stage.analyse(dataclasses.replace(patient, known=None)))
    )
