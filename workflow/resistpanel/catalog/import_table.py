"""Read an export, write a catalogue table stamped with its date and checksum."""

import hashlib
import json
import re
from pathlib import Path

from resistpanel.catalog import cgi, civic, moalmanac
from resistpanel.catalog.classes import load_diseases
from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.import_record import Imported, to_rows
from resistpanel.catalog.numbering import load_numbering
from resistpanel.catalog.pathway import load_pathway
from resistpanel.catalog.table import COLUMNS, read_rows
from resistpanel.core.errors import InputError
from resistpanel.core.files import replacing
from resistpanel.core.tables import parse_table

#: Name of the format -> name of the knowledge base.
BASES = {"civic": "CIViC", "cgi": "CGI", "moalmanac": "MOAlmanac"}


def import_file(path: Path, kind: str, output: Path, date: str, folder: Path) -> Imported:
    """Write the resistance statements of an export as a catalogue table.

    Parameters
    ----------
    path : Path
        The export, as downloaded.
    kind : str
        ``civic``, ``cgi`` or ``moalmanac``.
    output : Path
        Table to write; its first lines and every source name the date and the checksum.
    date : str
        Date of the export or of the import, ``YYYY-MM-DD``.
    folder : Path
        Catalogue folder, for drugs, diseases and pathway.

    Raises
    ------
    InputError
        If the export cannot be read, lacks a column, or holds nothing that can be used.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", str(path), "give the export as downloaded") from error
    checksum = hashlib.sha256(content).hexdigest()
    drugs = load_drugs(folder)
    imported = to_rows(
        _records(kind, text, path),
        BASES[kind],
        f"export of {date}, sha256 {checksum[:12]}",
        drugs,
        load_diseases(folder),
        load_pathway(folder),
        load_numbering(folder),
    )
    if not imported.rows:
        reasons = "; ".join(imported.lines()[1:]) or "no statement of resistance in it"
        raise InputError("nothing to import", str(path), reasons)
    lines = [
        f"# {BASES[kind]}, imported from {path.name}, {date}",
        f"# sha256 {checksum}",
        "\t".join(COLUMNS),
    ]
    lines += ["\t".join(_cell(row[name]) for name in COLUMNS) for row in imported.rows]
    with replacing(output) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        read_rows(temporary, drugs)
    return imported


def _one_line_each(text: str) -> str:
    """Return `text` with a space for every separator of lines but the line feed.

    Statements of CIViC hold such characters (U+2028, vertical tab), and `str.splitlines` would cut
    the row there.
    """
    return re.sub("[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]|\r(?!\n)", " ", text)


def _cell(text: str) -> str:
    return " ".join(text.split())


def _records(kind: str, text: str, path: Path):
    if kind == "moalmanac":
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InputError("not JSON, or cut short", str(path)) from error
        if isinstance(value, dict):
            value = value.get("content") or value.get("records")
        if not isinstance(value, list):
            raise InputError("not a list of assertions", str(path), "give the almanac's JSON")
        return moalmanac.records(value)
    table = parse_table(_one_line_each(text), str(path))
    module = {"civic": civic, "cgi": cgi}[kind]
    header = set(table.columns)
    missing = [
        " or ".join(names)
        for column in module.COLUMNS
        if not header & set(names := (column,) if isinstance(column, str) else column)
    ]
    if missing:
        raise InputError(
            f"missing column {', '.join(missing)}",
            f"{path}:1",
            f"give the {BASES[kind]} table as downloaded",
        )
    return module.records(table.rows)
