"""The one way to read tab-separated tables."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import read_text


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; all cells are text.

    Attributes
    ----------
    columns : list of str
    header : int
        Number of the header's line in the file, 1-based.
    lines : list of int
        The same for each row.
    rows : list of dict
        The cells of each row, by column.
    """

    columns: list[str]
    header: int
    lines: list[int]
    rows: list[dict[str, str]]


def split(cell: str) -> tuple[str, ...]:
    """Split a `;`-separated cell; empty parts are dropped."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def parse_table(text: str, where: str, ragged: list[InputError] | None = None) -> Table:
    """Parse a tab-separated table: all cells are text, stripped; nothing is quoted.

    Parameters
    ----------
    text : str
        Empty lines and lines that start with ``#`` are passed over; the first other line is the
        header.
    where : str
        The file, for messages.
    ragged : list of InputError, optional
        If given, rows with another number of cells than the header are left out and named here.

    Raises
    ------
    InputError
        If there is no header, a column is given twice, or a row has another number of cells; every
        such row is named.
    """
    kept = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    if not kept:
        raise InputError("the table is empty", where, "the first line names the columns")
    (first, header), *rows = kept
    names = [name.strip() for name in header.split("\t")]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"column '{twice[0]}' is given twice", f"{where}:{first}", "remove one")
    errors = [
        InputError(
            f"{line.count(chr(9)) + 1} cells where the header has {len(names)}",
            f"{where}:{number}",
            "separate cells with one tab each, also where one is empty",
        )
        for number, line in rows
        if line.count("\t") + 1 != len(names)
    ]
    if errors and ragged is None:
        raise InputErrors(errors)
    if errors:
        ragged += errors
        rows = [(number, line) for number, line in rows if line.count("\t") + 1 == len(names)]
    return Table(
        names,
        first,
        [number for number, _ in rows],
        [dict(zip(names, map(str.strip, line.split("\t")), strict=True)) for _, line in rows],
    )


def read_tsv(
    path: str | Path, columns: Sequence[str], others: bool | Sequence[str] = False
) -> list[tuple[str, dict[str, str]]]:
    """Read a table with the given columns, in any order; the format is `parse_table`'s.

    With `others`, further columns are allowed: any, or those named.

    Returns
    -------
    list of (str, dict)
        The place (``file:line``) and the cells of every row.

    Raises
    ------
    InputError
        If the file or its header is missing, a column is missing, unknown or given twice, or a
        row has the wrong number of cells.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", str(path), "give a table with the right columns")
    table = parse_table(read_text(path), str(path))
    known = [*columns, *(table.columns if others is True else others or ())]
    _check_header(table.columns, columns, known, f"{path}:{table.header}")
    return rows_of(table, str(path))


def rows_of(table: Table, where: str) -> list[tuple[str, dict[str, str]]]:
    """Return the place (``file:line``) and the cells of every row."""
    return [(f"{where}:{n}", row) for n, row in zip(table.lines, table.rows, strict=True)]


def _check_header(
    header: Sequence[str], columns: Sequence[str], known: Sequence[str], place: str
) -> None:
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in known]
    if missing or unknown or len(set(header)) != len(header):
        what = "; ".join(
            f"{word} column {', '.join(names)}"
            for word, names in (("missing", missing), ("unknown", unknown))
            if names
        )
        raise InputError(what or "a column twice", place, f"expected {' '.join(columns)}")


def require(row: dict[str, str], columns: Sequence[str], place: str) -> list[InputError]:
    """Return one error for every one of `columns` that is empty in `row`."""
    return [
        InputError(f"column '{column}' is empty", place, "fill it in")
        for column in columns
        if not row[column]
    ]
