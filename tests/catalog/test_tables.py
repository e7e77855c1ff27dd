"""Drivers, options, diseases and activating alterations."""

import pytest

from resistpanel.catalog.classes import (
    load_activating,
    load_diseases,
    load_inactivating,
    load_recurrent,
)
from resistpanel.catalog.drivers import COLUMNS as DRIVER_COLUMNS
from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.drugs import load_drugs, resolve
from resistpanel.catalog.options import COLUMNS as OPTION_COLUMNS
from resistpanel.catalog.options import load_options
from resistpanel.catalog.protein import parse
from resistpanel.catalog.table import load_catalog
from resistpanel.core.errors import InputError


@pytest.mark.parametrize(
    ("drug", "gene", "change"),
    [
        ("vemurafenib", "BRAF", "V600E"),
        ("dabrafenib", "BRAF", "V600K"),
        ("selumetinib", "NRAS", "Q61R"),
        ("imatinib", "KIT", "W557_K558del"),
        ("imatinib", "KIT", "V560D"),
        ("erlotinib", "EGFR", "L858R"),
        ("gefitinib", "EGFR", "E746_A750del"),
        ("osimertinib", "EGFR", "T790M"),
        ("sotorasib", "KRAS", "G12C"),
        ("ivosidenib", "IDH1", "R132C"),
        ("alpelisib", "PIK3CA", "H1047R"),
        ("olaparib", "BRCA2", "S1982fs"),
    ],
)
def test_the_alteration_for_which_a_drug_is_given(drug, gene, change):
    assert any(
        driver.gene == gene and driver.matches_change(parse(change))
        for driver in load_drivers()
        if driver.sensitised([resolve(drug)])
    )


@pytest.mark.parametrize(
    ("drug", "gene", "change"),
    [
        ("erlotinib", "EGFR", "T790M"),
        ("erlotinib", "EGFR", "C797S"),
        ("imatinib", "KIT", "T670I"),
        ("vemurafenib", "NRAS", "Q61K"),
        ("sotorasib", "KRAS", "G12D"),
    ],
)
def test_what_is_no_sensitising_alteration(drug, gene, change):
    assert not any(
        driver.gene == gene and driver.matches_change(parse(change))
        for driver in load_drivers()
        if driver.sensitised([resolve(drug)])
    )


def test_every_driver_and_option_has_a_source():
    functional = [*load_activating(), *load_inactivating(), *load_recurrent()]
    for row in [*load_drivers(), *load_options(), *functional]:
        assert row.source
        assert row.pmid or row.source.startswith("product label") or "doi:10." in row.source, row


def drivers_file(folder, **changed):
    row = dict.fromkeys(DRIVER_COLUMNS, "") | {
        "id": "d",
        "drug_class": "RAF inhibitor",
        "gene": "BRAF",
        "alteration_type": "substitution",
        "alteration": "V600E",
        "match_level": "exact",
        "source": "s",
        **changed,
    }
    lines = ["\t".join(DRIVER_COLUMNS), "\t".join(row[c] for c in DRIVER_COLUMNS)]
    (folder / "drivers.tsv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"source": ""}, "column 'source' is empty"),
        ({"drug_class": "RAF blocker"}, "no drug or class is called 'RAF blocker'"),
        ({"alteration": "V600"}, "'V600' cannot be read; write it as C121S"),
    ],
)
def test_a_malformed_driver_is_named(tmp_path, changed, message):
    drivers_file(tmp_path, **changed)
    with pytest.raises(InputError) as caught:
        load_drivers(tmp_path, load_drugs())
    (line,) = caught.value.lines()
    assert line.startswith(f"{tmp_path / 'drivers.tsv'}:2: ")
    assert message in line


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"condition": "T670I"}, "write cis:T790M, trans:T790M or without:T790M"),
        ({"option": ""}, "column 'option' is empty"),
        ({"drug_class": "nothing"}, "no drug or class is called 'nothing'"),
    ],
)
def test_a_malformed_option_is_named(tmp_path, changed, message):
    row = dict.fromkeys(OPTION_COLUMNS, "") | {
        "id": "o", "gene": "KIT", "option": "x", "reason": "r", "source": "s", **changed
    }  # fmt: skip
    lines = ["\t".join(OPTION_COLUMNS), "\t".join(row[c] for c in OPTION_COLUMNS)]
    (tmp_path / "options.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=message):
        load_options(tmp_path, load_drugs())


def test_diseases_match_by_any_name():
    diseases = load_diseases()
    assert diseases.match("Metastatic Melanoma", ("melanoma",)) is True
    assert diseases.match("lung adenocarcinoma", ("NSCLC", "breast cancer")) is True
    assert diseases.match("melanoma", ("NSCLC",)) is False
    assert diseases.match(None, ("NSCLC",)) is None
    assert diseases.match("melanoma", ()) is None
    assert diseases.match("a rare one", ("A Rare One",)) is True


@pytest.mark.parametrize(
    ("gene", "change", "activating"),
    [
        ("NRAS", "Q61R", True),
        ("NRAS", "G13D", True),
        ("KRAS", "A146T", True),
        ("NRAS", "Q61Q", False),
        ("NRAS", "A146T", False),
        ("MAP2K1", "C121S", True),
        ("MAP2K1", "C121Y", False),
    ],
)
def test_activating_alterations(gene, change, activating):
    found = any(a.gene == gene and a.matches_change(parse(change)) for a in load_activating())
    assert found is activating


@pytest.mark.parametrize(
    ("gene", "change", "inactivating"),
    [
        ("PTEN", "C136R", True),
        ("TP53", "C242F", True),
        ("PTEN", "R130Q", True),
        ("PTEN", "K6E", False),
        ("BRAF", "V600E", False),
    ],
)
def test_substitutions_that_switch_a_gene_off(gene, change, inactivating):
    rows = load_inactivating()
    assert any(r.gene == gene and r.matches_change(parse(change)) for r in rows) is inactivating


def test_no_substitution_switches_a_gene_on_and_off():
    on = {(row.gene, row.alteration) for row in load_activating()}
    assert not on & {(row.gene, row.alteration) for row in load_inactivating()}


def test_without_inactivating_tsv_nothing_is_known(tmp_path):
    assert load_inactivating(tmp_path) == []
    assert load_recurrent(tmp_path) == []


def test_an_insertion_that_stays_sensitive():
    """A763_Y764insFQEA is the exception among the insertions of exon 20."""
    catalog = load_catalog()
    change = parse("A763_Y764insFQEA")
    rows = [r for r in catalog.of_gene("EGFR") if r.matches_change(change)]
    closest = [r for r in rows if r.match_level == "exact"]
    assert [r.direction for r in closest] == ["sensitivity"]
    assert closest[0].drug_match(resolve("erlotinib")) == "drug"


def test_amivantamab_is_no_antibody_against_egfr_alone():
    drug = resolve("amivantamab")
    assert set(drug.targets) == {"EGFR", "MET"}
    rows = [r for r in load_catalog().of_gene("MET") if r.alteration_type == "amplification"]
    assert {r.direction for r in rows if r.drug_match(drug)} == {"sensitivity"}
