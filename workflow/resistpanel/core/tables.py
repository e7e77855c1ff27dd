"""Reading the tab-separated tables of the catalogue and the knowledge folder."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import read_text


def split(cell: str) -> tuple[str, ...]:
    """Split a `;`-separated cell; empty parts are dropped."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def read_tsv(path: str | Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Read a table with a fixed set of columns, in any order.

    Parameters
    ----------
    path : path
        Tab-separated, unquoted, UTF-8; empty lines and lines that start with ``#`` are passed
        over; the first other line is the header.
    columns : sequence of str

    Returns
    -------
    list of (str, dict)
        The place (``file:line``) and the stripped cells of every row.

    Raises
    ------
    InputError
        If the file or its header is missing, a column is missing, unknown or given twice, or a
        row has the wrong number of cells.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", str(path), "give a table with the right columns")
    rows: list[tuple[str, dict[str, str]]] = []
    errors: list[InputError] = []
    header: list[str] | None = None
    with io.StringIO(read_text(path), newline="") as handle:
        reader = csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
        for cells in reader:
            if not cells or cells[0].startswith("#"):
                continue
            place = f"{path}:{reader.line_num}"
            if header is None:
                header = [cell.strip() for cell in cells]
                _check_header(header, columns, place)
            elif len(cells) != len(header):
                errors.append(InputError(f"{len(cells)} columns", place, f"expected {len(header)}"))
            else:
                values = (cell.strip() for cell in cells)
                rows.append((place, dict(zip(header, values, strict=True))))
    if header is None:
        raise InputError("no header line", str(path), f"expected {' '.join(columns)}")
    if errors:
        raise InputErrors(errors)
    return rows


def _check_header(header: Sequence[str], columns: Sequence[str], place: str) -> None:
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in columns]
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
