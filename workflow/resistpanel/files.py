"""Writing files so that a reader never sees half of one."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

#: The project's root in a checkout (panels/, resources/ stand there); overridden for an
#: installed package with the environment variable RESISTPANEL_HOME.
HOME = Path(os.environ.get("RESISTPANEL_HOME", Path(__file__).resolve().parents[2]))


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
