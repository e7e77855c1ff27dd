"""Every row of the paper's Table 2, put into a patient under its drug and under another.

Table 2 of Wagle et al. 2011 (PMID 21383288); the columns on the left as printed (with drugs
and genes by today's names where the table has others), mechanism_class and disease as this
project reads them.
"""

import csv
from pathlib import Path

import pytest

from resistpanel.catalog.drugs import resolve
from resistpanel.core.files import HOME


def read(path):
    return list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))


TABLE2 = read(Path(__file__).with_name("table2.tsv"))
INVISIBLE = {"overexpression", "loss of expression"}
SEEN = [row for row in TABLE2 if row["alteration"] not in INVISIBLE]
UNSEEN = [row for row in TABLE2 if row["alteration"] in INVISIBLE]
FACTS = HOME.parent / "shared" / "facts" / "table2_paper.tsv"


def name(row):
    return f"{row['gene']}-{row['alteration']}-{row['drug']}".replace(" ", "_")


def put(builder, row):
    """Put a row's alteration into a patient: absent before, there after."""
    if row["alteration"] == "amplification":
        return builder.amplify(row["gene"], 0.0, 2.3)
    return builder.add(row["gene"], row["alteration"], 0.0, 0.16)


@pytest.mark.parametrize("row", SEEN, ids=name)
def test_under_its_drug_it_is_named_with_its_mechanism(patient, finding, context, row):
    builder = patient(row["drug"], disease=row["disease"]).background()
    key = put(builder, row)
    value = builder.resist(context)
    found = finding(value, row["gene"])
    assert found.effect == "known"
    assert found.mechanism_class == row["mechanism_class"]
    assert found.rank == 1
    assert found.state == "acquired"
    assert any("21383288" in (evidence["pmid"] or "") for evidence in found.evidence)
    verdict = value["verdict"]
    assert verdict["kind"] == "mechanism"
    assert verdict["key_variants"] == [key]
    assert row["gene"] in verdict["sentence"]
    assert resolve(row["drug"]).name in verdict["sentence"]


@pytest.mark.parametrize("other", ["vismodegib", "enzalutamide"])
@pytest.mark.parametrize("row", SEEN, ids=name)
def test_under_an_unrelated_drug_it_is_not_named(patient, finding, context, row, other):
    builder = patient(other, disease=row["disease"]).background()
    put(builder, row)
    value = builder.resist(context)
    found = finding(value, row["gene"])
    assert found.effect in ("other_driver", "not_connected", "no_effect")
    assert found.mechanism_class == "none"
    assert found.evidence == []
    assert value["verdict"]["kind"] == "none"
    assert value["verdict"]["key_variants"] == []


@pytest.mark.parametrize("row", UNSEEN, ids=name)
def test_what_dna_does_not_show_is_said_to_be_open(patient, context, row):
    value = patient(row["drug"], disease=row["disease"]).background().resist(context)
    open_ = [(item["gene"], item["alteration"]) for item in value["coverage"]["not_in_dna"]]
    assert (row["gene"], row["alteration"]) in open_
    assert row["gene"] in value["verdict"]["sentence"]
    assert "cannot be excluded" in value["verdict"]["sentence"]


@pytest.mark.skipif(not FACTS.exists(), reason=f"{FACTS} is absent")
def test_no_alteration_of_the_printed_table_is_missing_here():
    printed = set()
    for row in read(FACTS):
        if row["note"].startswith("text/figure") or row["alteration_type"] == "none_printed":
            continue
        variant = "loss of expression" if row["variant"] == "loss" else row["variant"]
        printed.add((row["alteration_gene"], variant))
    assert printed == {(row["gene"], row["alteration"]) for row in TABLE2}
