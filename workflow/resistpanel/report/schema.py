"""The published schema of the report's JSON, and checks of what is handed in."""

import json
from functools import cache
from pathlib import Path

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from resistpanel.errors import InputError
from resistpanel.files import SCHEMAS, read_json


def beside(uri: str) -> Resource:
    """Return a schema of the same folder, by its file name."""
    return Resource.from_contents(read_json(SCHEMAS / uri), default_specification=DRAFT202012)


@cache
def validator(stage: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a stage's JSON; the report's refers to those of the stages."""
    schema = read_json(SCHEMAS / f"{stage}.schema.json")
    return jsonschema.Draft202012Validator(schema, registry=Registry(retrieve=beside))


PARTS = ("sheet", "qc", "compare", "resist", "copynumber", "callers")


@cache
def own_validator() -> jsonschema.Draft202012Validator:
    """Return the validator of what the report adds to the parts, which were checked before."""
    whole = read_json(SCHEMAS / "report.schema.json")
    return jsonschema.Draft202012Validator(
        whole | {"properties": whole["properties"] | dict.fromkeys(PARTS, True)}
    )


def check(value: object, where: str, stage: str = "report", parts: bool = True) -> None:
    """Check a value against the schema of a stage.

    Parameters
    ----------
    value : object
        What was read.
    where : str
        The file, named in the error.
    stage : str
        Whose schema.
    parts : bool
        False: of a report, leave out the parts that other stages wrote and that were checked.

    Raises
    ------
    InputError
        Names the first place that does not fit.
    """
    use = validator(stage) if parts else own_validator()
    error = jsonschema.exceptions.best_match(use.iter_errors(value))
    if error is None:
        return
    message = error.message if len(error.message) < 200 else error.message[:200] + "…"
    raise InputError(
        f"does not agree with {stage}.schema.json: {message}",
        where=f"{where} ({error.json_path})",
        cure=f"make it again with `resistpanel {stage}` of this version",
    )


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
    """Read a JSON file and check it; see `check`."""
    path = Path(path)
    value = read(path)
    check(value, str(path), stage)
    return value
