"""Drug names."""

import pytest

from resistpanel.catalog.drugs import load_drugs, normalise, resolve
from resistpanel.core.errors import InputError


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("PLX4032", "vemurafenib"),
        ("plx-4032", "vemurafenib"),
        ("Zelboraf", "vemurafenib"),
        ("PLX4720", "PLX4720"),
        ("AZD6244", "selumetinib"),
        ("AZD6044", "selumetinib"),
        ("HKI-272", "neratinib"),
        ("BIBW 2992", "afatinib"),
        ("PF-00299804", "dacomitinib"),
        ("PKC412", "midostaurin"),
        ("STI-571", "imatinib"),
        ("Imatinib Mesylate", "imatinib"),
        ("Herceptin", "trastuzumab"),
        ("AMG510", "sotorasib"),
        ("MEK162", "binimetinib"),
        ("T-DM1", "trastuzumab emtansine"),
        ("  Tagrisso ", "osimertinib"),
    ],
)
def test_names_of_the_sources_are_known(given, name):
    assert resolve(given).name == name


def test_the_drug_of_the_paper():
    drug = resolve("PLX4032")
    assert drug.classes == ("RAF inhibitor",)
    assert drug.targets == ("BRAF",)
    assert "21383288" in drug.source


@pytest.mark.parametrize(
    ("given", "cure"),
    [
        ("vemurafinib", "did you mean 'vemurafenib'"),
        ("trametinab", "did you mean 'trametinib'"),
        ("PLX4O32", "'PLX4032'"),
        ("dabrafenib+trametinib", "separate the drugs of a combination with ';'"),
        ("qqqqqqqqqq", "add a row there"),
    ],
)
def test_an_unknown_name_is_one_line_with_a_cure(given, cure):
    with pytest.raises(InputError) as caught:
        resolve(given, where="samples.tsv:3 (column 'drugs')")
    (line,) = caught.value.lines()
    assert line.startswith(f"samples.tsv:3 (column 'drugs'): unknown drug '{given}'; ")
    assert cure in line


def test_every_drug_has_a_class_and_a_source():
    drugs = load_drugs()
    assert len(drugs) >= 100
    for drug in drugs:
        assert drug.classes, drug.name
        assert drug.source, drug.name
        assert drug.targets or {"chemotherapy", "autophagy inhibitor"} & set(drug.classes), (
            drug.name
        )


def test_every_name_finds_its_own_drug():
    drugs = load_drugs()
    for drug in drugs:
        for name in (drug.name, *drug.aliases):
            assert drugs.resolve(name.upper().replace("-", " ")) is drug


def test_two_drugs_of_one_name_are_refused(tmp_path):
    path = tmp_path / "drugs.tsv"
    path.write_text(
        "name\taliases\tclasses\ttargets\tgeneration\tnote\tsource\n"
        "one\tX-1\tRAF inhibitor\tBRAF\t\t\tlabel\n"
        "two\tx1\tRAF inhibitor\tBRAF\t\t\tlabel\n"
    )
    with pytest.raises(InputError, match="a name can be used for one drug only") as caught:
        load_drugs(path)
    assert caught.value.lines()[0].startswith(f"{path}:3: 'two' has a name ('x1')")


def test_a_row_without_source_is_refused(tmp_path):
    path = tmp_path / "drugs.tsv"
    path.write_text(
        "name\taliases\tclasses\ttargets\tgeneration\tnote\tsource\n"
        "one\tX-1\tRAF inhibitor\tBRAF\t\t\t\n"
    )
    with pytest.raises(InputError) as caught:
        load_drugs(path)
    assert caught.value.lines() == [
        f"{path}:2: column 'source' is empty; fill it in",
    ]


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "drugs.tsv"
    path.write_text("name\taliases\n")
    with pytest.raises(InputError, match="missing column classes, targets"):
        load_drugs(path)


def test_normalise_keeps_letters_and_digits_only():
    assert normalise("BAY 43-9006") == "bay439006"
