"""`resistpanel resist`: which alteration explains the resistance, and how sure that is."""

import argparse
import json
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG
from resistpanel.core.errors import InputError
from resistpanel.core.files import write_json
from resistpanel.core.schemas import check
from resistpanel.resist.build import resist
from resistpanel.resist.context import load_context
from resistpanel.resist.knowledge import KNOWLEDGE


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``resistpanel resist``."""
    parser.add_argument("--compare", type=Path, required=True, help="compare.json of the patient")
    parser.add_argument("--sheet", type=Path, required=True, help="sheet.json of the patient")
    parser.add_argument("--copynumber", type=Path, help="copy-number JSON of the patient")
    parser.add_argument("--catalog", type=Path, default=CATALOG, help="folder (default: shipped)")
    parser.add_argument(
        "--user",
        type=Path,
        action="append",
        default=[],
        help="a catalogue table of your own that adds rows or, by id, replaces them",
    )
    parser.add_argument(
        "--knowledge", type=Path, default=KNOWLEDGE, help="folder (default: shipped)"
    )
    parser.add_argument("--output", type=Path, required=True, help="resist.json to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, reason, validate, write."""
    context = load_context(args.catalog, args.user)
    compare = _read(args.compare, "resistpanel/compare/1")
    sheet = _read(args.sheet, "resistpanel/sheet/1")
    copynumber = None
    if args.copynumber:
        copynumber = _read(args.copynumber, "resistpanel/copynumber/1")
        check(copynumber, "resist.copynumber", str(args.copynumber))
    value = resist(compare, sheet, context, copynumber, args.knowledge)
    check(value, "resist", str(args.output))
    write_json(args.output, value)
    return 0


def _read(path: Path, schema: str) -> dict:
    """Read a JSON file of an earlier stage."""
    stage = schema.split("/")[1]
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", str(path), f"run `resistpanel {stage}` first"
        ) from error
    except ValueError as error:
        raise InputError("not JSON, or cut short", str(path), "make it again") from error
    if not isinstance(value, dict) or value.get("schema") != schema:
        raise InputError(
            f"not a file of `resistpanel {stage}` (schema {schema})",
            str(path),
            f"write it with `resistpanel {stage}` of this version",
        )
    return value
