"""The results store: a DuckDB file that holds the results of many runs.

A result is added whole or not at all. A store that is being created gets its name when it is whole;
later additions are transactions of the database.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistpanel.core.errors import InputError
from resistpanel.core.files import make_folder, replacing
from resistpanel.report.read import load
from resistpanel.report.store_rows import identity, rows, source
from resistpanel.report.store_tables import CURRENT, LAYOUT, LEFT, TABLES, definitions

if TYPE_CHECKING:
    import duckdb


def _duckdb():
    """Return the module.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise InputError(
            "the results store needs the package duckdb",
            cure="install duckdb, which `make setup` brings",
        ) from None
    return duckdb


def _connect(path: Path, read_only: bool) -> "duckdb.DuckDBPyConnection":
    duckdb = _duckdb()
    options = {"threads": 1, "enable_external_access": not read_only}
    try:
        return duckdb.connect(str(path), read_only=read_only, config=options)
    except duckdb.IOException as error:
        text = str(error)
        if "lock" in text.lower():
            raise InputError(
                "is in use by another process", str(path), "try again when it has ended"
            ) from None
        raise InputError("is no results store", str(path), "give a .duckdb file") from None
    except duckdb.Error as error:
        raise InputError(f"cannot be opened ({error})", str(path)) from None


def _check(con: "duckdb.DuckDBPyConnection", path: Path) -> None:
    duckdb = _duckdb()
    try:
        found = con.execute("SELECT value FROM about WHERE key = 'layout'").fetchone()
    except duckdb.Error:
        found = None
    if found != (LAYOUT,):
        what = f"is of layout {found[0]}, not {LAYOUT}" if found else "is no results store"
        raise InputError(what, str(path), "make a new one with `resistpanel store add`")


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Open a store for reading; queries cannot read or write other files.

    Raises
    ------
    InputError
        There is none, it is no store, or it is being written.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such store", str(path), "make one with `resistpanel store add`")
    with contextlib.closing(_connect(path, read_only=True)) as con:
        _check(con, path)
        yield con


def add(
    path: str | Path, reports: Iterable[str | Path], complete: bool = False
) -> list[tuple[str, str, bool]]:
    """Add the results of reports to a store; it is created if there is none.

    Parameters
    ----------
    path : path
        Of the store.
    reports : iterable of path
        report.json of patients.
    complete : bool
        The store is that of one study, and these are all its patients: results of others stay,
        but are not current any more.

    Returns
    -------
    list of (str, str, bool)
        Patient, identity of the result, and whether it is new to the store.

    Raises
    ------
    InputError
        A report cannot be read, or the store cannot be written. Nothing is added then.
    """
    path = Path(path)
    if path.exists():
        return _add(path, reports, complete)
    make_folder(path)
    with replacing(path) as temporary:
        return _add(temporary, reports, complete)


def _add(path: Path, reports: Iterable[str | Path], complete: bool) -> list[tuple[str, str, bool]]:
    new = not path.exists()
    with (
        contextlib.closing(_connect(path, read_only=False)) as con,
        tempfile.TemporaryDirectory() as scratch,
    ):
        if new:
            for text in definitions():
                con.execute(text)
            con.execute("INSERT INTO about VALUES ('layout', ?)", [LAYOUT])
        _check(con, path)
        known = {key for (key,) in con.execute("SELECT result FROM results").fetchall()}
        con.execute("BEGIN")
        said = []
        with _Lines(Path(scratch)) as lines:
            for report_path in reports:
                report = load(report_path)
                key = identity(report)
                said.append((report["patient"], key, key not in known))
                if key in known:
                    continue
                known.add(key)
                lines.write(rows(report, report_path))
                record, summary = source(report, report_path)
                con.execute("INSERT INTO sources VALUES (?, ?, ?)", [key, record, summary])
        for table in TABLES:
            lines.load(con, table.name, {name: kind for name, kind, _ in table.columns})
        if complete:
            con.execute(CURRENT)  # of a store of an earlier version
            con.execute("DELETE FROM about WHERE key = ?", [LEFT])
            con.execute(
                "INSERT INTO about SELECT DISTINCT ?, patient FROM results"
                " WHERE NOT list_contains(?, patient)",
                [LEFT, [patient for patient, _, _ in said]],
            )
        con.execute("COMMIT")
        con.execute("CHECKPOINT")
    return said


class _Lines:
    """Rows on their way into tables, as newline-delimited JSON, one file per table.

    A thousand reports need no more memory than the largest of them.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.handles: dict[str, Any] = {}

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self.handles.values():
            handle.close()

    def write(self, found: dict[str, list[dict[str, Any]]]) -> None:
        for name, records in found.items():
            if name not in self.handles:
                self.handles[name] = (self.folder / f"{name}.ndjson").open("w", encoding="utf-8")
            self.handles[name].writelines(json.dumps(record) + "\n" for record in records)

    def load(self, con: "duckdb.DuckDBPyConnection", name: str, kinds: dict[str, str]) -> None:
        file = self.folder / f"{name}.ndjson"
        if file.is_file() and file.stat().st_size:
            con.execute(
                f"INSERT INTO {name} BY NAME SELECT * FROM read_json(?, format='newline_delimited',"
                f" columns={json.dumps(kinds)}, maximum_object_size=67108864)",
                [str(file)],
            )


def query(path: str | Path, sql: str) -> tuple[list[str], list[tuple]]:
    """Run one query.

    Returns
    -------
    columns : list of str
    rows : list of tuple

    Raises
    ------
    InputError
        The query is at fault, or the store cannot be read.
    """
    duckdb = _duckdb()
    with reading(path) as con:
        try:
            answer = con.execute(sql)
            return [one[0] for one in answer.description or ()], answer.fetchall()
        except duckdb.Error as error:
            text = str(error).split("\n\n")[0].split("\nLINE")[0]
            raise InputError(
                text, f"query of {path}", "`resistpanel store tables` lists the columns"
            ) from None


def summaries(path: str | Path) -> list[dict]:
    """Return what the cohort's page shows of the latest result of every patient."""
    _, found = query(path, "SELECT summary FROM sources SEMI JOIN current USING (result)")
    values = [json.loads(text) for (text,) in found]
    return [one | {"report": Path(one["report"]) if one["report"] else None} for one in values]
