"""Reading what the report is made of."""

import json
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.schemas import check


def read(path: Path) -> object:
    """Read a JSON file.

    Raises
    ------
    InputError
        Unreadable, not JSON, or with a number that JSON does not have.
    """

    def refuse(name: str) -> None:
        raise InputError(f"{name} is not a JSON value", where=str(path), cure="give null instead")

    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        place = f"{path}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else str(path)
        raise InputError("not JSON, or cut short", where=place, cure="make it again") from error


def load(path: str | Path, stage: str = "report") -> dict:
    """Read a JSON file and check it against the schema of a stage."""
    path = Path(path)
    value = read(path)
    check(value, stage, str(path))
    return value
