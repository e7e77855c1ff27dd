"""Writing files so that a reader never sees half of one."""

import contextlib
import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: The project's root in a checkout (panels/, resources/ stand there); overridden for an
#: installed package with the environment variable RESISTPANEL_HOME.
HOME = Path(os.environ.get("RESISTPANEL_HOME", Path(__file__).resolve().parents[2]))

#: Where the JSON Schemas stand, ``<stage>.schema.json``.
SCHEMAS = HOME / "workflow" / "schemas"


def resource(path: str | Path) -> Path:
    """Return `path` as typed if it exists, else the file of that name in the project's root.

    A configuration may so name ``panels/cancer138/hg19.bed`` from any working directory.
    """
    path = Path(path)
    return HOME / path if not path.exists() and (HOME / path).exists() else path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    The temporary name keeps the suffixes of `path`, since htslib and others read the format
    off them. If the block fails, the temporary file is removed and `path` is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path`, all or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as JSON with sorted keys and no NaN, all or nothing."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: str | Path) -> dict:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


@functools.cache
def validator(stage: str) -> Any:
    """Return the validator of ``workflow/schemas/<stage>.schema.json``."""
    # jsonschema is slow to import and most commands write no JSON.
    import jsonschema

    schema = read_json(SCHEMAS / f"{stage}.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def write_stage(path: str | Path, stage: str, value: dict) -> None:
    """Write what a stage hands on, once it agrees with the stage's schema.

    Raises
    ------
    ValueError
        If it does not agree: a fault of the program, not of the input.
    """
    problems = [
        f"{error.json_path}: {error.message[:200]}" for error in validator(stage).iter_errors(value)
    ]
    if problems:
        raise ValueError(f"{path} would not agree with {stage}.schema.json: {problems[:5]}")
    write_json(path, value)
