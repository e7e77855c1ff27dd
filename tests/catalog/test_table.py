"""The catalogue table: every malformed row is named, every shipped row is sound."""

import re

import pytest

from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.protein import parse
from resistpanel.catalog.table import COLUMNS, load_catalog, read_rows
from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME

GOOD = {
    "id": "MAP2K1-C121S-mine",
    "gene": "MAP2K1",
    "alteration_type": "substitution",
    "alteration": "C121S",
    "match_level": "exact",
    "drugs": "vemurafenib",
    "drug_class": "RAF inhibitor",
    "disease": "melanoma",
    "mechanism_class": "downstream_mutation",
    "direction": "resistance",
    "evidence_level": "in vitro",
    "effect_size": "",
    "source": "somebody",
    "pmid": "21383288",
    "note": "",
}


def write(path, *rows: dict[str, str]):
    lines = ["\t".join(COLUMNS)] + ["\t".join(row[c] for c in COLUMNS) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_sound_row_is_read(tmp_path):
    path = write(tmp_path / "t.tsv", GOOD)
    (row,) = read_rows(path, load_drugs())
    assert row.drugs == ("vemurafenib",)
    assert row.residues == ((121, "C"),)
    assert row.place == f"{path}:2"
    assert row.visible_in_dna


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": "has space"}, "column 'id': 'has space' is not allowed"),
        ({"gene": ""}, "column 'gene': '' is not allowed"),
        ({"match_level": "approximate"}, "one of exact, codon, range, gene, class, none"),
        ({"evidence_level": "hearsay"}, "column 'evidence_level': 'hearsay' is not allowed"),
        ({"source": ""}, "column 'source': '' is not allowed"),
        ({"pmid": "PMID 123"}, "column 'pmid': 'PMID 123' is not allowed"),
        ({"drugs": "", "drug_class": ""}, "neither drugs nor drug_class is given"),
        ({"drugs": "PLX4032"}, "no drug is called 'PLX4032'; did you mean 'vemurafenib'?"),
        ({"drugs": "vemurafinib"}, "did you mean 'vemurafenib'?"),
        ({"drug_class": "BRAF blockers"}, "no drug has the class 'BRAF blockers'"),
        ({"alteration": "p.Cys121Ser"}, "'p.Cys121Ser' cannot be read; write it as C121S"),
        ({"alteration": "K59del"}, "'K59del' is no substitution"),
        ({"match_level": "codon"}, "'C121S' cannot be read; write it as F53"),
        ({"match_level": "range", "alteration": "9-3"}, "write it as 762-775"),
        ({"match_level": "gene"}, "match_level 'gene' does not go with alteration_type"),
        ({"alteration_type": "overexpression"}, "match_level 'exact' does not go with"),
        ({"mechanism_class": "none"}, "direction and mechanism_class disagree"),
        ({"direction": "sensitivity"}, "direction and mechanism_class disagree"),
    ],
)
def test_a_malformed_row_is_one_line_with_its_place(tmp_path, changed, message):
    path = write(tmp_path / "t.tsv", GOOD, {**GOOD, "id": "other", **changed})
    with pytest.raises(InputError) as caught:
        read_rows(path, load_drugs())
    (line,) = caught.value.lines()
    assert line.startswith(f"{path}:3: ")
    assert message in line


def test_all_problems_are_reported_at_once(tmp_path):
    path = write(tmp_path / "t.tsv", GOOD, GOOD, {**GOOD, "id": "x", "source": ""})
    with pytest.raises(InputError) as caught:
        read_rows(path, load_drugs())
    lines = caught.value.lines()
    assert len(lines) == 2
    assert "duplicate id 'MAP2K1-C121S-mine', first at" in lines[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table is empty"),
        ("id\tgene\n", "missing column alteration_type, alteration"),
        ("\t".join([*COLUMNS, "extra"]) + "\n", "unknown column extra"),
        ("\t".join(COLUMNS) + "\na\tb\n", "2 cells where the header has 15"),
    ],
)
def test_a_malformed_file_is_one_line(tmp_path, text, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_rows(path, load_drugs())


def test_a_user_table_replaces_in_place_and_adds(tmp_path):
    shipped = load_catalog()
    first = next(row for row in shipped if row.id == "MAP2K1-C121S-vemurafenib")
    user = write(
        tmp_path / "u.tsv",
        {**GOOD, "id": first.id, "effect_size": "mine"},
        {**GOOD, "id": "added"},
    )
    catalog = load_catalog(user=[user])
    assert len(catalog) == len(shipped) + 1
    assert catalog[first.id].effect_size == "mine"
    assert [row.id for row in catalog][:-1] == [row.id for row in shipped]
    assert catalog.rows[-1].id == "added"


@pytest.mark.parametrize(
    ("row", "change", "matches"),
    [
        ({}, "C121S", True),
        ({}, "C121Y", False),
        ({}, "C121C", False),
        ({"match_level": "codon", "alteration": "C121"}, "C121Y", True),
        ({"match_level": "codon", "alteration": "C121"}, "C121=", False),
        ({"match_level": "codon", "alteration": "C121"}, "C121fs", False),
        ({"match_level": "codon", "alteration": "C121"}, "N122D", False),
        (
            {"match_level": "range", "alteration": "100-130", "alteration_type": "nonsynonymous"},
            "C121_N122del",
            True,
        ),
        (
            {
                "match_level": "range",
                "alteration": "762-775",
                "alteration_type": "inframe_insertion",
            },
            "D770_N771insGL",
            True,
        ),
        (
            {
                "match_level": "range",
                "alteration": "762-775",
                "alteration_type": "inframe_insertion",
            },
            "V769_D770dup",
            True,
        ),
        (
            {
                "match_level": "range",
                "alteration": "762-775",
                "alteration_type": "inframe_insertion",
            },
            "D770N",
            False,
        ),
        (
            {
                "match_level": "range",
                "alteration": "762-775",
                "alteration_type": "inframe_insertion",
            },
            "A775_G776insYVMA",
            False,
        ),
        (
            {
                "match_level": "gene",
                "alteration": "loss of function",
                "alteration_type": "loss_of_function",
            },
            "R100*",
            True,
        ),
        (
            {
                "match_level": "gene",
                "alteration": "loss of function",
                "alteration_type": "loss_of_function",
            },
            "R100fs",
            True,
        ),
        (
            {
                "match_level": "gene",
                "alteration": "loss of function",
                "alteration_type": "loss_of_function",
            },
            "R100W",
            False,
        ),
        (
            {
                "match_level": "gene",
                "alteration": "amplification",
                "alteration_type": "amplification",
            },
            "C121S",
            False,
        ),
    ],
)
def test_what_a_row_matches(tmp_path, row, change, matches):
    (parsed,) = read_rows(write(tmp_path / "t.tsv", {**GOOD, **row}), load_drugs())
    assert parsed.matches_change(parse(change)) is matches


def test_drug_and_class():
    catalog = load_catalog()
    row = catalog["MAP2K1-C121S-vemurafenib"]
    drugs = catalog.drugs
    assert row.drug_match(drugs.resolve("Zelboraf")) == "drug"
    assert row.drug_match(drugs.resolve("dabrafenib")) == "class"
    assert row.drug_match(drugs.resolve("erlotinib")) is None


#: Where a paper whose PubMed id is not printed is found: its DOI, journal or archive.
PLACE = re.compile(r"doi:10\.|PMC\d|\([A-Z][a-z]")


def test_every_shipped_row_has_a_named_source():
    for row in load_catalog():
        assert row.source, row.id
        assert row.pmid or PLACE.search(row.source), row.id
        assert row.visible_in_dna or "not visible in DNA" in row.note, row.id


def test_the_check_command_counts(capsys):
    assert main(["catalog", "check"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{len(load_catalog())} rows, ")


def test_the_check_command_refuses_a_bad_user_row(tmp_path, capsys):
    user = write(tmp_path / "u.tsv", {**GOOD, "source": ""})
    assert main(["catalog", "check", "--user", str(user)]) == 2
    assert f"{user}:2: column 'source'" in capsys.readouterr().err


def test_a_folder_without_catalogue_is_named(tmp_path, capsys):
    assert main(["catalog", "check", "--catalog", str(tmp_path / "none")]) == 2
    assert "no such folder; give the catalogue folder" in capsys.readouterr().err
    (tmp_path / "drugs.tsv").write_text((HOME / "resources/catalog/drugs.tsv").read_text())
    assert main(["catalog", "check", "--catalog", str(tmp_path)]) == 2
    assert "resistance.tsv: no such file" in capsys.readouterr().err
