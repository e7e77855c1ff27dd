"""Records of the stages' JSON, read and written: msgspec checks, bad input is an InputError."""

import copy
import re
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from resistpanel.core.errors import InputError
from resistpanel.core.files import check_readable, indented_json, write_text

Record = TypeVar("Record", bound=msgspec.Struct)


def schema_id(record: type[msgspec.Struct]) -> str:
    """Return what the field ``schema`` of a stage's file says: ``resistpanel/<stage>/1``."""
    return get_args(record.__annotations__["schema"])[0]


def stage_of(record: type[msgspec.Struct]) -> str:
    """Return the stage that writes files of this record."""
    return schema_id(record).split("/")[1]


#: What writes files that no step of their name writes.
_WRITERS = {
    "counts": "`resistpanel call --counts`",
    "decisions": "the button 'Save decisions' of the page",
    "dossier": "`resistpanel assay report`",
    "pack": "`resistpanel validate`",
}


def _writer(record: type[msgspec.Struct]) -> str:
    """Return, in words, what writes files of this record."""
    stage = stage_of(record)
    return _WRITERS.get(stage, f"`resistpanel {stage}`")


def _with_keys(value: Any, record: type[msgspec.Struct], path: str, message: str) -> str:
    """Return msgspec's path with the keys of objects that it leaves out as ``[...]``.

    A key is the one that, alone in its object, gives the same message. `value` is changed.
    """
    inside, slot, words = [value], 0, []
    for part in re.findall(r"\.[^.\[]+|\[\d+\]|\[\.\.\.\]", path):
        here = inside[slot]
        if part == "[...]":
            for key, item in here.items():
                inside[slot] = {key: item}
                try:
                    msgspec.convert(value, record)
                except msgspec.ValidationError as error:
                    if str(error) == message:
                        break
            words.append(f".{key}")
            inside, slot = inside[slot], key
        else:
            words.append(part)
            inside, slot = here, part[1:] if part[0] == "." else int(part[1:-1])
    return "$" + "".join(words)


def _fault(
    error: msgspec.ValidationError, value: Any, record: type[msgspec.Struct], where: str
) -> InputError:
    """Return msgspec's message with the file, the place in it and the cure."""
    message, _, place = str(error).rpartition(" - at ")
    place = place.replace("`", "") if message else "$"
    if "[...]" in place and place.startswith("$"):
        place = _with_keys(copy.deepcopy(value), record, place, str(error))
    stage = stage_of(record)
    return InputError(
        f"does not agree with {stage}.schema.json: {message or error}",
        f"{where} ({place})",
        f"recreate it with `resistpanel {stage}` of this version",
    )


def from_builtins(value: object, record: type[Record], where: str) -> Record:
    """Return the record of what was read from JSON as dicts and lists.

    Parameters
    ----------
    value : object
        Dicts and lists.
    record : type
        Of `resistpanel.records`.
    where : str
        The file, for the message.

    Raises
    ------
    InputError
        Names the first place that is at fault.
    """
    try:
        return msgspec.convert(value, record)
    except msgspec.ValidationError as error:
        raise _fault(error, value, record, where) from None


def read_bytes(path: str | Path, record: type[msgspec.Struct]) -> bytes:
    """Return a stage's file as it is."""
    check_readable(path)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})",
            str(path),
            f"run {_writer(record)} first",
        ) from None


def decode(text: bytes, record: type[Record], where: str) -> Record:
    """Return the record that a stage's file holds.

    Raises
    ------
    InputError
        No JSON, another stage's file, or a value that does not agree with the record.
    """
    try:
        return msgspec.json.decode(text, type=record)
    except msgspec.ValidationError as error:
        try:
            found = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        schema = found.get("schema") if isinstance(found, dict) else None
        if schema != schema_id(record):
            if str(schema).startswith(f"resistpanel/{stage_of(record)}/"):
                raise InputError(
                    f"is of another version of resistpanel ({schema}, not {schema_id(record)})",
                    where,
                    "use the version that wrote it, or recreate it",
                ) from None
            raise InputError(
                f"not a file of {_writer(record)}", where, "give the file of the step before"
            ) from None
        raise _fault(error, found, record, where) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not JSON, or cut short ({error})", where, "recreate it") from None


def read_record(path: str | Path, record: type[Record]) -> Record:
    """Read what a stage handed on.

    Raises
    ------
    InputError
        The file is missing, no JSON, another stage's, or damaged: names the place.
    """
    return decode(read_bytes(path, record), record, str(path))


def read_checked(path: str | Path, record: type[msgspec.Struct]) -> dict:
    """Read what a stage handed on as dicts and lists, once it agrees with the record.

    Raises
    ------
    InputError
        As `read_record`.
    """
    text = read_bytes(path, record)
    decode(text, record, str(path))
    return msgspec.json.decode(text)


def _plain(value: object) -> Any:
    """Return a number of numpy as Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} is not written to JSON")


def write_record(path: str | Path, record: msgspec.Struct) -> None:
    """Write what a stage hands on, keys sorted, once it agrees with its own type.

    Raises
    ------
    ValueError
        If it does not agree: a fault of the program, not of the input.
    """
    value = msgspec.to_builtins(record, enc_hook=_plain)
    text = indented_json(value) + "\n"
    try:
        msgspec.json.decode(text, type=type(record))
    except msgspec.ValidationError as error:
        raise ValueError(
            f"{path} would not agree with {stage_of(type(record))}.schema.json: {error}"
        ) from None
    write_text(path, text)
