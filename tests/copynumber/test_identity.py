"""Swaps, sex, contamination and tumour in normal in a patient's JSON."""

import pytest
import yaml

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
    assert value["identity"]["strangers"] == []
    assert all(pair["same"] for pair in value["identity"]["agreement"])
    assert value["gate"] == {"passed": True, "failures": []}


def test_a_swapped_tumour_is_named(world, tumours):
    rows = another_person(world, rows_of(world, tumours), AFTER)
    value = analyse(patient(world, tumours, rows=rows))
    assert value["identity"]["strangers"] == [AFTER]
    assert texts(value) == [(AFTER, "discordance")]


def test_a_swapped_normal_is_named_if_two_tumours_agree(world, tumours):
    """Then the germline variants of the call are the stranger's, the patient's are somatic."""
    rows = []
    for gene in world.names[:-3]:
        rows.append((gene, "germline", False, (), {NORMAL: 1.0}))
        rows.append((gene, "somatic", True, (), {BEFORE: 1.0, AFTER: 1.0}))
    value = analyse(patient(world, tumours, rows=rows))
    assert value["identity"]["strangers"] == [NORMAL]


def test_loss_of_heterozygosity_is_no_swap():
    world = World(3)
    lost = {f"G{i}": (1, 0) for i in range(40)}
    value = analyse(patient(world, {BEFORE: Tumour(0.95, lost), AFTER: Tumour(0.5)}))
    assert value["identity"]["strangers"] == []


def test_the_wrong_sex_in_the_sheet_is_found(world, tumours):
    value = analyse(patient(world, tumours, sex="male"))
    assert (NORMAL, "sex_mismatch") in texts(value)
    assert value["identity"]["sex"]["samples"][NORMAL]["sex"] == "female"


def test_contamination_of_one_sample_is_found_there_alone(world, tumours):
    rows = []
    for gene, kind, passed, protein, af in rows_of(world, tumours):
        if af[NORMAL if kind == "germline" else BEFORE] == 1.0:
            af = af | {AFTER: 1 - 0.02 * float(world.rng.choice([0, 0.5, 1]))}
        rows.append((gene, kind, passed, protein, af))
    value = analyse(patient(world, tumours, rows=rows))
    assert texts(value) == [(AFTER, "contamination")]
    found = value["contamination"]
    assert found[AFTER]["low"] <= 0.02 <= found[AFTER]["high"]
    assert not found[NORMAL]["found"]


def test_tumour_in_normal_is_found(world, tumours):
    rows = [
        (gene, kind, passed, protein, af if kind == "germline" else af | {NORMAL: 0.03 * af[AFTER]})
        for gene, kind, passed, protein, af in rows_of(world, tumours)
    ]
    value = analyse(patient(world, tumours, rows=rows))
    assert texts(value) == [(NORMAL, "tumor_in_normal")]
    found = value["tumor_in_normal"][AFTER]
    assert found["low"] <= 0.03 <= found["high"]


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
