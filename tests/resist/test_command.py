"""The command: what it writes, and what it refuses."""

import json

import pytest

from resistpanel.cli import main
from resistpanel.core.files import HOME


@pytest.fixture
def files(tmp_path, patient):
    p = patient("PLX4032").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    p.add("MAP2K1", "C121S", 0.0, 0.16)
    p.amplify("MET", 0.0, 0.1)
    for name in ("compare", "sheet", "copynumber"):
        (tmp_path / f"{name}.json").write_text(json.dumps(getattr(p, name)()))
    return tmp_path


def run(folder, *more):
    arguments = ["resist", "--compare", str(folder / "compare.json")]
    arguments += ["--sheet", str(folder / "sheet.json"), "--output", str(folder / "out.json")]
    return main([*arguments, *more])


def test_it_writes_the_verdict(files):
    assert run(files, "--copynumber", str(files / "copynumber.json")) == 0
    value = json.loads((files / "out.json").read_text())
    assert value["schema"] == "resistpanel/resist/1"
    assert value["verdict"]["key_variants"] == ["chr1:1008:G:C"]
    assert value["coverage"]["copy_number"] is True


def test_twice_gives_the_same_bytes(files):
    assert run(files) == 0
    first = (files / "out.json").read_bytes()
    assert run(files) == 0
    assert (files / "out.json").read_bytes() == first


def test_a_user_table_overrides(files):
    table = (HOME / "resources" / "catalog" / "resistance.tsv").read_text().splitlines()
    row = next(line for line in table if line.startswith("MAP2K1-C121S-vemurafenib\t"))
    cells = row.split("\t")
    cells[8:10] = ["none", "none"]
    (files / "mine.tsv").write_text(table[0] + "\n" + "\t".join(cells) + "\n")
    assert run(files, "--user", str(files / "mine.tsv")) == 0
    finding = json.loads((files / "out.json").read_text())["findings"][0]
    assert any("tested without effect" in text for text in finding["against"])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("compare", None, "compare.json: cannot be read"),
        ("compare", "{", "compare.json: not JSON, or cut short"),
        ("compare", "[]", "not a file of `resistpanel compare`"),
        ("sheet", '{"schema": "resistpanel/compare/1"}', "not a file of `resistpanel sheet`"),
        ("copynumber", '{"schema": "resistpanel/copynumber/1"}', "copynumber.json ($)"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(files, capsys, name, text, message):
    path = files / f"{name}.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert run(files, "--copynumber", str(files / "copynumber.json")) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not (files / "out.json").exists()


def test_an_unknown_knowledge_folder_is_named(files, capsys):
    assert run(files, "--knowledge", str(files / "none")) == 2
    assert "nras_therapies.tsv: no such file" in capsys.readouterr().err
