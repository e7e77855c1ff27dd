"""Swaps, sex, contamination and tumour in normal in a patient's JSON."""

import dataclasses

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call.model.contamination import Fraction
from resistpanel.copynumber.gate import GATE
from resistpanel.copynumber.identity import judge
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, SCHEMAS
from resistpanel.qc.gate import gate_with

from .conftest import AFTER, BEFORE, NORMAL, Tumour, World
from .test_analyse import CLONAL, analyse, patient


def texts(value):
    return [(row["sample"], row["metric"]) for row in value["gate"]["failures"]]


def another_person(world, rows, sample, model="somatic"):
    """Give a sample another person's genotypes at the germline rows, and private alleles."""
    found = []
    for gene, kind, passed, protein, af in rows:
        if kind == "germline":
            af = af | {sample: float(world.rng.choice([0, 0.5, 1], p=[0.5, 0.3, 0.2]))}
        found.append((gene, kind, passed, protein, af))
    for gene in world.names[:-3:2]:
        found.append((gene, model, True, (), {sample: float(world.rng.choice([0.5, 1.0]))}))
    return found


@pytest.fixture
def tumours():
    return {BEFORE: Tumour(0.6, {"G10": (1, 0)}), AFTER: Tumour(0.7, {"G10": (1, 0)})}


def rows_of(world, tumours):
    return world.germline(tumours) + world.clonal(tumours, CLONAL)


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_patient_passes(seed, tumours):
    world = World(seed)
    value = analyse(patient(world, tumours))
    assert value["identity"]["mismatched"] == []
    assert all(pair["same"] for pair in value["identity"]["agreement"])
    assert value["gate"] == {"passed": True, "failures": []}


def test_a_swapped_tumour_is_named(world, tumours):
    rows = another_person(world, rows_of(world, tumours), AFTER)
    value = analyse(patient(world, tumours, rows=rows))
    assert value["identity"]["mismatched"] == [AFTER]
    assert texts(value) == [(AFTER, "discordance")]


def test_a_swapped_normal_is_named_if_two_tumours_agree(world, tumours):
    """Then the germline variants of the call are the stranger's, the patient's are somatic."""
    rows = []
    for gene in world.names[:-3]:
        rows.append((gene, "germline", False, (), {NORMAL: 1.0}))
        rows.append((gene, "somatic", True, (), {BEFORE: 1.0, AFTER: 1.0}))
    value = analyse(patient(world, tumours, rows=rows))
    assert value["identity"]["mismatched"] == [NORMAL]


def test_loss_of_heterozygosity_is_no_swap():
    world = World(3)
    lost = {f"G{i}": (1, 0) for i in range(40)}
    value = analyse(patient(world, {BEFORE: Tumour(0.95, lost), AFTER: Tumour(0.5)}))
    assert value["identity"]["mismatched"] == []


def test_the_wrong_sex_in_the_sheet_is_found(world, tumours):
    value = analyse(patient(world, tumours, sex="male"))
    assert (NORMAL, "sex_mismatch") in texts(value)
    assert value["identity"]["sex"]["samples"][NORMAL]["sex"] == "female"


def test_contamination_of_one_sample_is_found_there_alone(world, tumours):
    estimates = {
        name: Fraction(value, value / 2, value * 2, value > 0, 30.0 * (value > 0), 20)
        for name, value in ((NORMAL, 0.0), (BEFORE, 0.0), (AFTER, 0.02))
    }
    value = analyse(dataclasses.replace(patient(world, tumours), contamination=estimates))
    assert texts(value) == [(AFTER, "contamination")]
    found = value["contamination"]
    assert (found[AFTER]["low"], found[AFTER]["high"]) == (0.01, 0.04)
    assert not found[NORMAL]["found"]


def test_tumour_in_normal_is_found(world, tumours):
    estimates = {AFTER: Fraction(0.03, 0.02, 0.04, True, 12.0, 8)}
    value = analyse(dataclasses.replace(patient(world, tumours), tumor_in_normal=estimates))
    assert texts(value) == [(NORMAL, "tumor_in_normal")]
    assert value["tumor_in_normal"][AFTER]["value"] == 0.03
    assert value["tumor_in_normal"][BEFORE]["value"] is None


@given(
    *[st.none() | st.floats(0, 1) for _ in range(3)],
    st.none() | st.booleans(),
    st.none() | st.floats(-1e3, 1e6),
    st.integers(0, 10_000),
)
def test_estimates_are_read_as_they_were_written(value, low, high, found, evidence, sites):
    estimate = Fraction(value, low, high, found, evidence, sites)
    read = Fraction.parse(estimate.text())
    assert (read.found, read.sites) == (found, sites)
    for name in ("value", "low", "high", "evidence"):
        assert getattr(read, name) == (
            None
            if getattr(estimate, name) is None
            else pytest.approx(getattr(estimate, name), rel=1e-5)
        )


@pytest.mark.parametrize("text", ["", "0.02", "value:0.02,low:0", "value:x,low:0"])
def test_other_estimates_are_refused(text):
    with pytest.raises(ValueError):
        Fraction.parse(text)


@pytest.mark.parametrize(
    ("sites", "discordant", "same"),
    [
        (7, 0, None),
        (8, 0, True),
        (40, 2, True),
        (40, 3, None),
        (40, 4, False),
        (10, 2, None),
        (4, 3, False),
    ],
)
def test_how_many_sites_tell(sites, discordant, same):
    assert judge(sites, discordant) is same


def test_genotypes_are_handed_on(world, tumours):
    value = analyse(patient(world, tumours))
    genotypes = value["identity"]["genotypes"]
    assert set(genotypes["samples"]) == {NORMAL, BEFORE, AFTER}
    assert {len(text) for text in genotypes["samples"].values()} == {len(genotypes["sites"])}
    assert genotypes["samples"][NORMAL].count("2") == 57


def test_limits_of_the_gate_are_data(world, tumours):
    """The same finding, held to another limit or to none."""
    given = patient(world, tumours, sex="male")
    assert texts(analyse(given, gate_with({"sex_mismatch": None}, GATE))) == []
    assert texts(analyse(given, gate_with({"contamination": 0.5}, GATE)))
    with pytest.raises(InputError, match="no row 'contaminaton' in the gate"):
        gate_with({"contaminaton": 1}, GATE, "copynumber")


def test_configuration_and_docs_name_every_row_of_the_gate():
    schema = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text())
    assert list(schema["properties"]["copynumber"]["properties"]) == [row.name for row in GATE]
    page = (HOME / "docs" / "copynumber.md").read_text()
    for row in GATE:
        roles = " and ".join(row.roles)
        assert f"| `{row.name}` | {roles} | {row.condition} | {row.text} |" in page
