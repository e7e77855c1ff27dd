"""The published schema of the report's JSON, and checks of what is handed in."""

import json
from functools import cache
from pathlib import Path

import jsonschema

from resistpanel.errors import InputError
from resistpanel.files import HOME

SCHEMA = HOME / "workflow" / "schemas" / "report.schema.json"


@cache
def schema() -> dict:
    """Return the JSON Schema of report.json."""
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def check(value: object, where: str, part: str | None = None) -> None:
    """Check `value` against the schema, or against one of its parts.

    Parameters
    ----------
    value : object
        What was read.
    where : str
        The file, named in the error.
    part : str, optional
        ``sheet``, ``qc``, ``compare`` or ``resist``; the whole report without it.

    Raises
    ------
    InputError
        Names the first place that does not fit.
    """
    whole = schema()
    use = whole if part is None else {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]}
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(use).iter_errors(value)
    )
    if error is None:
        return
    message = error.message if len(error.message) < 200 else error.message[:200] + "…"
    what = f"a report ({whole['$id']})" if part is None else f"resistpanel/{part}/1"
    raise InputError(
        f"not {what}: {message}",
        where=f"{where} ({error.json_path})",
        cure=f"make it again with `resistpanel {part or 'report'}` of this version",
    )


def load(path: str | Path, part: str | None = None) -> dict:
    """Read a JSON file and check it; see `check`."""
    path = Path(path)

    def refuse(name: str) -> None:
        raise InputError(f"{name} is not a JSON value", where=str(path), cure="give null instead")

    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        place = f"{path}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else str(path)
        raise InputError("not JSON, or cut short", where=place, cure="make it again") from error
    check(value, str(path), part)
    return value
