"""The version of a catalogue, and the difference between two."""

import shutil

import pytest

from resistpanel.catalog.difference import Difference, differences, version
from resistpanel.catalog.drugs import CATALOG
from resistpanel.cli import main


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(CATALOG, tmp_path / "catalog")


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_a_copy_does_not_differ(copy):
    assert version(copy) == version(CATALOG)
    assert list(differences(CATALOG, copy)) == []


def test_comments_and_the_order_of_rows_do_not_matter(copy):
    path = copy / "activating.tsv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join(["# a comment", header, *reversed(rows)]) + "\n")
    assert version(copy) == version(CATALOG)


def test_rows_added_removed_and_changed(copy, capsys):
    edit(copy / "activating.tsv", "SF3B1\tK700E\texact", "SF3B1\tK666N\texact")
    edit(copy / "resistance.tsv", "primary resistance in one patient", "one patient")
    assert version(copy) != version(CATALOG)
    assert list(differences(CATALOG, copy)) == [
        Difference(
            "resistance", "SMO-G497W-vismodegib", "changed", "note",
            "primary resistance in one patient", "one patient",
        ),
        Difference("activating", "SF3B1 K666N", "added"),
        Difference("activating", "SF3B1 K700E", "removed"),
    ]  # fmt: skip
    assert main(["catalog", "diff", str(copy)]) == 0
    shown = capsys.readouterr()
    assert shown.err == "rows: 1 added, 1 removed, 1 changed\n"
    lines = shown.out.splitlines()
    assert lines[0] == f"# before: {version(copy)}" and len(lines) == 6


def test_an_earlier_catalogue_has_fewer_tables(copy):
    (copy / "inactivating.tsv").unlink()
    assert {d.change for d in differences(copy, CATALOG)} == {"added"}


def test_a_folder_that_is_none(tmp_path, capsys):
    assert main(["catalog", "diff", str(tmp_path)]) == 2
    assert "has no resistance.tsv" in capsys.readouterr().err
