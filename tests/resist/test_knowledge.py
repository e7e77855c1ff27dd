"""NRAS-mutant melanoma: the review's tables, and when they are shown."""

import csv

import pytest

from resistpanel.catalog.drugs import load_drugs
from resistpanel.core.files import HOME
from resistpanel.core.tables import read_tsv, split
from resistpanel.resist.knowledge import (
    BIOLOGY_COLUMNS,
    KNOWLEDGE,
    THERAPY_COLUMNS,
    TRIAL_COLUMNS,
)

FACTS = HOME.parent / "shared" / "facts"


def rows(name, columns):
    return [row for _, row in read_tsv(KNOWLEDGE / name, columns)]


THERAPIES = rows("nras_therapies.tsv", THERAPY_COLUMNS)
TRIALS = rows("nras_trials.tsv", TRIAL_COLUMNS)
BIOLOGY = rows("nras_biology.tsv", BIOLOGY_COLUMNS)


def facts(name):
    return list(csv.DictReader((FACTS / name).read_text().splitlines(), delimiter="\t"))


def test_every_row_has_its_source():
    for row in [*THERAPIES, *TRIALS, *BIOLOGY]:
        assert row["source"].startswith("Garcia-Alvarez 2021")
        assert row["pmid"] == "34135599"


def test_every_drug_named_is_in_the_drug_table():
    drugs = load_drugs()
    for row in THERAPIES:
        for name in split(row["drugs"]):
            assert drugs.resolve(name).name == name


@pytest.mark.parametrize(
    ("regimen", "expected"),
    [
        (
            "binimetinib vs dacarbazine (NEMO)",
            ("III", "402", "15% vs 7%", "2.8 vs 1.5 mo; HR 0.62"),
        ),
        ("ribociclib + binimetinib", ("Ib/II", "41", "19.5%", "3.7 mo")),
        ("ulixertinib", ("I", "19", "13.5%", "")),
        ("GSK2141795 + trametinib", ("II", "10", "0%", "2.3 mo")),
    ],
)
def test_outcomes_of_table_3(regimen, expected):
    (row,) = [r for r in THERAPIES if r["regimen"] == regimen and r["place"] == "Table 3"]
    assert (row["phase"], row["n"], row["orr"], row["pfs"]) == expected


def test_immunotherapy_of_tables_1_and_2():
    kirchberger = [r for r in THERAPIES if "Kirchberger" in r["study"] and r["place"] == "Table 1"]
    assert [(r["regimen"], r["n"], r["orr"], r["os"]) for r in kirchberger] == [
        ("ipilimumab", "125", "15%", "12 mo"),
        ("anti-PD1", "34", "21%", "18 mo"),
        ("anti-PD1 + ipilimumab", "77", "40%", "32 mo"),
    ]
    assert sum(int(r["n"]) for r in kirchberger) == 236


def test_contradictions_of_the_review_are_noted():
    noted = {r["regimen"]: r["contradiction"] for r in THERAPIES if r["contradiction"]}
    assert "phase II, the text phase I" in noted["trametinib"]
    johnson = [r for r in THERAPIES if "Johnson" in r["study"]]
    assert {r["n"] for r in johnson} == {"46", "60"}
    assert all("46" in r["contradiction"] and "60" in r["contradiction"] for r in johnson)


def test_the_co_alterations_that_the_review_names():
    genes = {row["gene"] for row in BIOLOGY if row["kind"] == "co-alteration"}
    assert {
        "CDKN2A", "CCND1", "PPP6C", "STK19", "PTPN11", "NF1", "ARID2", "IDH1",
        "PIK3CA", "AKT3", "AKT1", "PTEN",
    } <= genes  # fmt: skip


@pytest.mark.skipif(not FACTS.exists(), reason=f"{FACTS} is absent")
def test_nothing_of_the_compiled_tables_is_missing_or_changed():
    compiled = facts("nras_therapies.tsv")
    # The compiled table lacks one regimen of the text.
    assert [row["regimen"] for row in THERAPIES[len(compiled) :]] == ["pazopanib + trametinib"]
    for row, fact in zip(THERAPIES[: len(compiled)], compiled, strict=True):
        for column in ("ORR", "DCR", "PFS", "OS"):
            assert row[column.lower()] == fact[column], row["regimen"]
        if fact["n_nras_mutant"] not in {"", "0"}:
            assert row["n"] == fact["n_nras_mutant"]
    trials = facts("nras_trials.tsv")
    assert [(r["trial"], r["n"], r["phase"]) for r in TRIALS] == [
        (f["nct_id"], f["n"], f["phase"]) for f in trials
    ]


@pytest.mark.parametrize(
    ("disease", "gene", "protein", "shown"),
    [
        ("melanoma", "NRAS", "Q61R", True),
        ("cutaneous melanoma", "NRAS", "G12D", True),
        (None, "NRAS", "Q61K", True),
        ("colorectal cancer", "NRAS", "Q61K", False),
        ("melanoma", "NRAS", "A146T", False),
        ("melanoma", "KRAS", "Q61K", False),
    ],
)
def test_it_is_shown_for_an_activating_nras_mutation_in_melanoma(
    patient, context, disease, gene, protein, shown
):
    p = patient("binimetinib", disease=disease)
    p.add(gene, protein, 0.3, 0.3)
    assert bool(p.resist(context)["knowledge"]["topics"]) is shown


def test_a_germline_or_absent_nras_mutation_shows_nothing(patient, context):
    p = patient("binimetinib")
    p.add("NRAS", "Q61R", 0.5, 0.5, model="germline", reported=False)
    p.add("NRAS", "Q61K", 0.0, 0.0)
    assert p.resist(context)["knowledge"]["topics"] == []


def test_only_trials_with_nras_mutant_patients_stand_among_the_therapies(patient, context):
    p = patient("binimetinib")
    p.add("NRAS", "Q61R", 0.3, 0.3)
    (topic,) = p.resist(context)["knowledge"]["topics"]
    assert all(row["n"] for row in topic["therapies"])
    assert {r["regimen"] for r in topic["other_therapies"]} >= {"lenvatinib", "axitinib"}
    assert len(topic["therapies"]) + len(topic["other_therapies"]) == len(THERAPIES)
