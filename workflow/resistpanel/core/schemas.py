"""The JSON Schemas of what one stage hands to the next, and checks against them.

A value is first held against code that fastjsonschema makes of the schema, some ten times faster
than jsonschema. Only what that code refuses is looked at by jsonschema, which has the last word
and names the place. fastjsonschema knows draft 7: `DIALECT` lists what our schemas may use, all of
which means the same there (``tests/report/test_schemas.py`` holds the two against each other).
"""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistpanel.core.errors import InputError
from resistpanel.core.files import SCHEMAS, read_json, write_json

if TYPE_CHECKING:
    import jsonschema

#: Options that name the JSON of a stage.
STAGE_FILES = ("sheet", "qc", "copynumber", "identity", "compare", "resist")

#: Keywords that mean the same in draft 7 and 2020-12; ``prefixItems`` is renamed. A ``$ref`` may
#: have no neighbour but a description: draft 7 passes over the others.
DIALECT = frozenset({
    "type", "enum", "const", "properties", "required", "additionalProperties", "propertyNames",
    "items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minLength", "pattern", "anyOf", "$ref",
    "$schema", "$id", "$defs", "title", "description",
})  # fmt: skip


def _localised(schema: Any, prefix: str) -> Any:
    """Return a schema whose references to its own `$defs` are those below `prefix`."""
    if isinstance(schema, dict):
        moved = {key: _localised(value, prefix) for key, value in schema.items()}
        if str(moved.get("$ref", "")).startswith("#"):
            moved["$ref"] = f"#{prefix}{moved['$ref'][1:]}"
        return moved
    return [_localised(value, prefix) for value in schema] if isinstance(schema, list) else schema


@functools.cache
def schema(stage: str, parts: bool = True) -> dict:
    """Return a stage's schema in one piece: files that it refers to stand among its `$defs`.

    Parameters
    ----------
    stage : str
        As in the name of ``workflow/schemas/<stage>.schema.json``.
    parts : bool
        False: anything is good where another file is referred to, which was checked by itself.
    """
    whole = read_json(SCHEMAS / f"{stage}.schema.json")
    others: dict[str, Any] = {}

    def visit(value: Any) -> Any:
        if isinstance(value, list):
            return [visit(item) for item in value]
        if not isinstance(value, dict):
            return value
        name = str(value.get("$ref", "#"))
        if not name.startswith("#"):
            if not parts:
                return True
            key = name.removesuffix(".schema.json")
            if key not in others:
                other = schema(key)
                others[key] = {
                    k: _localised(v, f"/$defs/{key}")
                    for k, v in other.items()
                    if k not in ("$id", "$schema")
                }
            return {**value, "$ref": f"#/$defs/{key}"}
        return {key: visit(item) for key, item in value.items()}

    whole = visit(whole)
    return {**whole, "$defs": {**whole.get("$defs", {}), **others}}


@functools.cache
def validator(stage: str, parts: bool = True) -> "jsonschema.Draft202012Validator":
    """Return jsonschema's validator of a stage; see `schema`."""
    # jsonschema is slow to import, and needed only where something is wrong.
    import jsonschema

    return jsonschema.Draft202012Validator(schema(stage, parts))


def _draft7(value: Any) -> Any:
    """Return a 2020-12 schema as draft 7 writes it, for what `DIALECT` holds."""
    if isinstance(value, list):
        return [_draft7(item) for item in value]
    if not isinstance(value, dict):
        return value
    same = {key: _draft7(item) for key, item in value.items() if key not in ("$id", "$schema")}
    if isinstance(same.get("prefixItems"), list):
        same["items"] = same.pop("prefixItems")
    return same


@functools.cache
def _compiled(stage: str, parts: bool) -> Callable[[Any], Any]:
    import fastjsonschema

    draft = {"$schema": "http://json-schema.org/draft-07/schema#", **_draft7(schema(stage, parts))}
    return fastjsonschema.compile(draft, use_default=False)


def accepts(stage: str, value: object, parts: bool = True) -> bool:
    """Return whether a value agrees with the schema of a stage, as the compiled code says."""
    from fastjsonschema import JsonSchemaValueException

    try:
        _compiled(stage, parts)(value)
    except (JsonSchemaValueException, RecursionError):
        return False
    return True


def faults(stage: str, value: object, parts: bool = True) -> Iterator["jsonschema.ValidationError"]:
    """Yield what does not agree with the schema of a stage: nothing, if all is well."""
    if not accepts(stage, value, parts):
        yield from validator(stage, parts).iter_errors(value)


def check(value: object, stage: str, where: str, parts: bool = True) -> None:
    """Check a value against the schema of a stage.

    Parameters
    ----------
    value : object
        What was read.
    stage : str
        Whose schema.
    where : str
        The file, named in the error.
    parts : bool
        False: of a report, leave out the parts that other stages wrote and that were checked.

    Raises
    ------
    InputError
        Names the place of the fault that tells most.
    """
    if accepts(stage, value, parts):
        return
    from jsonschema.exceptions import best_match

    error = best_match(validator(stage, parts).iter_errors(value))
    if error is None:
        return
    message = error.message if len(error.message) <= 200 else f"{error.message[:200]}…"
    raise InputError(
        f"does not agree with {stage}.schema.json: {message}",
        f"{where} ({error.json_path})",
        f"make it again with `resistpanel {stage.split('.')[-1]}` of this version",
    )


def read_stage(path: str | Path, stage: str) -> dict:
    """Read what a stage handed on, held against the stage's schema.

    Raises
    ------
    InputError
        If it is missing, no JSON, another stage's, or damaged: names the problem's place.
    """
    value = read_json(path)
    if value.get("schema") != f"resistpanel/{stage}/1":
        raise InputError(
            f"not a file of `resistpanel {stage}`", str(path), "give the file of the step before"
        )
    check(value, stage, str(path))
    return value


def damaged(arguments: Any) -> InputError | None:
    """Return what is wrong with the first damaged stage file among a command's arguments.

    A stage trusts what another wrote; when it fails, this tells whether the file was at fault.
    """
    given = [(getattr(arguments, stage, None), stage) for stage in STAGE_FILES]
    if getattr(arguments, "step", None) == "identity":
        given = [(arguments.patients, "copynumber")]
    for paths, stage in given:
        for path in paths if isinstance(paths, list) else [paths]:
            if isinstance(path, str | Path):
                try:
                    read_stage(path, stage)
                except InputError as error:
                    return error
    return None


def write_stage(path: str | Path, stage: str, value: dict) -> None:
    """Write what a stage hands on, once it agrees with the stage's schema.

    Raises
    ------
    ValueError
        If it does not agree: a fault of the program, not of the input.
    """
    problems = [f"{error.json_path}: {error.message[:200]}" for error in faults(stage, value)]
    if problems:
        raise ValueError(f"{path} would not agree with {stage}.schema.json: {problems[:5]}")
    write_json(path, value)
