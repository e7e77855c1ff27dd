"""The results store: what is added, asked, and said of it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.report import cohort, store_tables, tsv
from resistpanel.report.store_rows import identity, rows

pytest.importorskip("duckdb", reason="needs the extra 'store' (duckdb)")

from resistpanel.report.store_database import add, query, summaries


@pytest.fixture
def folder(paper, large, tmp_path):
    """Two patients' reports, and a store with both."""
    for name, report in (("a", paper), ("b", large)):
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    add(tmp_path / "lab.duckdb", [tmp_path / "a.json", tmp_path / "b.json"])
    return tmp_path


def test_every_table_is_filled_from_the_report(folder, paper):
    store = folder / "lab.duckdb"
    expected = rows(paper, folder / "a.json")
    key = identity(paper)
    for table in store_tables.TABLES:
        names, found = query(store, f"SELECT * FROM {table.name} WHERE result = '{key}'")
        assert names == [name for name, _, _ in table.columns]
        if table.name == "sources":
            continue
        assert len(found) == len(expected[table.name]), table.name
        assert all(set(row) == set(names) for row in expected[table.name]), table.name
    _, found = query(
        store, f"SELECT sample, variant, af, detected FROM calls WHERE result = '{key}'"
    )
    wanted = [(r["sample"], r["variant"], r["af"], r["detected"]) for r in tsv.rows(paper)]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    _, found = query(store, "SELECT patient, key_alterations FROM current ORDER BY patient")
    assert found[1] == ("MEL-PLX", ["MAP2K1 p.C121S"])


def test_a_result_is_stored_once_and_an_earlier_one_stays(folder, paper):
    store = folder / "lab.duckdb"
    again = paper | {"provenance": paper["provenance"] | {"created": "2099-01-01T00:00:00Z"}}
    (folder / "a.json").write_text(json.dumps(again))
    assert add(store, [folder / "a.json"]) == [("MEL-PLX", identity(paper), False)]
    again["resist"] = paper["resist"] | {
        "verdict": paper["resist"]["verdict"] | {"kind": "none", "key_variants": []}
    }
    (folder / "a.json").write_text(json.dumps(again))
    assert add(store, [folder / "a.json"])[0][2] is True
    _, found = query(store, "SELECT verdict FROM results WHERE patient = 'MEL-PLX' ORDER BY added")
    assert found == [("mechanism",), ("none",)]
    _, found = query(store, "SELECT verdict FROM current WHERE patient = 'MEL-PLX'")
    assert found == [("none",)]


def test_a_patient_who_left_the_study_is_not_current(folder, paper, large):
    store, names = folder / "lab.duckdb", [large["patient"]]
    add(store, [folder / "b.json"], complete=True)
    assert [name for (name,) in query(store, "SELECT patient FROM current")[1]] == names
    assert len(query(store, "SELECT patient FROM results")[1]) == 2
    add(store, [folder / "a.json", folder / "b.json"], complete=True)
    assert len(query(store, "SELECT patient FROM current")[1]) == 2


def test_nothing_is_added_if_one_report_is_at_fault(folder, paper):
    store = folder / "lab.duckdb"
    before = query(store, "SELECT count(*) FROM results")
    changed = paper | {"patient": "NEW"}
    (folder / "new.json").write_text(json.dumps(changed))
    (folder / "bad.json").write_text("{}")
    with pytest.raises(InputError, match=r"bad\.json"):
        add(store, [folder / "new.json", folder / "bad.json"])
    assert query(store, "SELECT count(*) FROM results") == before
    with pytest.raises(InputError, match=r"bad\.json"):
        add(folder / "other.duckdb", [folder / "bad.json"])
    assert not (folder / "other.duckdb").exists()
    assert not [p.name for p in folder.iterdir() if p.name.startswith(".")]


def test_a_process_that_is_killed_leaves_the_store_as_it_was(folder, paper):
    (folder / "new.json").write_text(json.dumps(paper | {"patient": "NEW"}))
    program = (
        "import os, signal, sys\n"
        "from resistpanel.report import store_database as database\n"
        "database._Lines.load = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "database.add(sys.argv[1], sys.argv[2:])\n"
    )
    command = [sys.executable, "-c", program, str(folder / "lab.duckdb"), str(folder / "new.json")]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == -signal.SIGKILL
    assert query(folder / "lab.duckdb", "SELECT count(*) FROM results")[1] == [(2,)]
    assert add(folder / "lab.duckdb", [folder / "new.json"])[0][2] is True


def test_the_cohort_page_of_a_store_is_that_of_the_reports(folder, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    store, page = str(folder / "lab.duckdb"), folder / "store.html"
    files = [str(folder / "a.json"), str(folder / "b.json")]
    assert main(["report", "--cohort", *files, "--output-html", str(folder / "r.html")]) == 0
    assert main(["store", "cohort", store, "--output-html", str(page)]) == 0
    assert page.read_bytes() == (folder / "r.html").read_bytes()
    kept = [one for _, one in cohort.summaries(files)]
    assert sorted(summaries(store), key=str) == sorted(kept, key=str)


def test_queries_read_and_nothing_else(folder, capsys):
    store = str(folder / "lab.duckdb")
    assert main(["store", "query", store, "SELECT patient, drugs FROM current ORDER BY 1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "MEL-PLX\tvemurafenib"
    for sql, word in (
        ("SELECT nothing FROM current", "nothing"),
        ("DELETE FROM results", "read-only"),
        (f"SELECT * FROM read_text('{folder / 'a.json'}')", "disabled"),
        ("SELEC 1", "syntax"),
    ):
        assert main(["store", "query", store, sql]) == 2, sql
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and word in error, error


@pytest.mark.parametrize("text", ["", "not a database", None])
def test_no_store(tmp_path, capsys, text):
    path = tmp_path / "lab.duckdb"
    if text is not None:
        path.write_text(text)
    assert main(["store", "query", str(path), "SELECT 1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_page_lists_the_columns_and_its_queries_run(folder):
    text = (HOME / "docs/store.md").read_text()
    assert store_tables.page(text) == text, "run python -m resistpanel.report.store_tables --write"
    questions = re.findall(r"```sql\n(.*?)```\n\n```text\n(.*?)```", text, re.S)
    assert len(questions) == 5
    for sql, answer in questions:
        names, _ = query(folder / "lab.duckdb", sql)
        assert answer.splitlines()[0].split() == names, "run benchmarks.store --write"
        assert len(answer.splitlines()) > 1, "a question without an answer"


CATALOG = HOME / "resources/catalog"


def test_what_another_catalogue_changes(tmp_path, paper, capsys):
    """Without the rows on MAP2K1 and on RAF inhibitors the verdict changes, and is listed."""
    new = tmp_path / "new"
    new.mkdir()
    for table in CATALOG.glob("*.tsv"):
        lines = table.read_text().splitlines(keepends=True)
        rows = ("MAP2K1-C121S-", "MAP2K1-C121-", "MAP2K1-activating-")
        kept = [x for x in lines if not x.startswith(rows)]
        if table.name == "resistance.tsv":  # analogy with other genes of the cascade
            kept = [x for x in kept if "RAF inhibitor" not in x and "vemurafenib" not in x]
        (new / table.name).write_text("".join(kept))
    (tmp_path / "a.json").write_text(json.dumps(paper))
    store = str(tmp_path / "lab.duckdb")
    add(store, [tmp_path / "a.json"])
    assert main(["catalog", "update", "--store", store, "--catalog", str(new)]) == 0
    printed = capsys.readouterr()
    found = [line.split("\t") for line in printed.out.splitlines()[1:]]
    (evidence,) = [row for row in found if row[2:4] == ["evidence", "MAP2K1 p.C121S"]]
    assert "MAP2K1-C121S-vemurafenib" in evidence[4] and not evidence[5]
    (verdict,) = [row for row in found if row[2] == "verdict"]
    assert verdict[4] == "mechanism: MAP2K1 p.C121S" and verdict[5] != verdict[4]
    assert "1 of 1 patients concerned, 1 verdicts changed" in printed.err


def test_without_duckdb_one_line_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert main(["store", "query", str(tmp_path / "x"), "SELECT 1"]) == 2
    assert Path(tmp_path / "x").exists() is False
    assert "duckdb" in capsys.readouterr().err
