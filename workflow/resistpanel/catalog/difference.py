"""A catalogue's version, and what differs between two versions."""

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text
from resistpanel.core.tables import parse_table

#: Tables of a catalogue, and the columns that identify a row.
KEYS = {
    "resistance": ("id",),
    "drivers": ("id",),
    "drugs": ("name",),
    "options": ("id",),
    "activating": ("gene", "alteration"),
    "inactivating": ("gene", "alteration"),
    "recurrent": ("gene", "alteration"),
    "cancer_genes": ("gene", "role"),
    "homologous": ("gene", "other", "first"),
    "pathway_nodes": ("id",),
    "pathway": ("from", "to"),
    "diseases": ("name",),
    "citations": ("pmid",),
    "proteins": ("gene",),
}
#: Columns of a difference.
COLUMNS = ("table", "row", "change", "column", "before", "after")


@dataclasses.dataclass(frozen=True)
class Difference:
    """One difference between two catalogues.

    Parameters
    ----------
    table : str
    row : str
        The cells that identify the row, joined by a space.
    change : str
        ``added``, ``removed`` or ``changed``.
    column : str
        Of a changed cell; else empty.
    before, after : str
        The cell; empty where there is none.
    """

    table: str
    row: str
    change: str
    column: str = ""
    before: str = ""
    after: str = ""


def read(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Return the cells of every row, by table and by what identifies the row.

    A table that the folder does not have is empty: earlier versions have fewer.

    Raises
    ------
    InputError
        If the folder is no catalogue, a table lacks a column that identifies its rows, or two rows
        are the same.
    """
    folder = Path(folder)
    if not (folder / "resistance.tsv").is_file():
        raise InputError("is no catalogue: it has no resistance.tsv", str(folder), "give a folder")
    found: dict[str, dict[str, dict[str, str]]] = {}
    for table, keys in KEYS.items():
        path, rows = folder / f"{table}.tsv", {}
        there = parse_table(read_text(path), str(path)) if path.is_file() else None
        for number, cells in zip(there.lines, there.rows, strict=True) if there else ():
            if missing := [key for key in keys if key not in cells]:
                raise InputError(f"missing column {missing[0]}", str(path), "give a catalogue")
            name = " ".join(cells[key] for key in keys)
            if name in rows:
                raise InputError(f"{name} is given twice", f"{path}:{number}", "remove one")
            rows[name] = cells
        found[table] = rows
    return found


def version(folder: Path) -> str:
    """Return what identifies the content of a catalogue: 12 hexadecimal digits.

    Comments, and the order of rows and columns, do not matter.
    """
    text = "\n".join(
        f"{table}\t{name}\t{column}\t{cell}"
        for table, rows in sorted(read(folder).items())
        for name, cells in sorted(rows.items())
        for column, cell in sorted(cells.items())
        if cell
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def differences(before: Path, after: Path) -> Iterator[Difference]:
    """Yield the differences between two catalogues, by table and row."""
    old, new = read(before), read(after)
    for table in KEYS:
        for name in sorted(old[table].keys() | new[table].keys()):
            one, other = old[table].get(name), new[table].get(name)
            if one is None or other is None:
                yield Difference(table, name, "added" if one is None else "removed")
                continue
            for column in dict.fromkeys([*one, *other]):
                cells = one.get(column, ""), other.get(column, "")
                if cells[0] != cells[1]:
                    yield Difference(table, name, "changed", column, *cells)
