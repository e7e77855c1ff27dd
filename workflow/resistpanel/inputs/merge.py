"""The configuration as Snakemake will see it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resistpanel.inputs.config import read


def updated(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `more`, mappings merged key by key."""
    out = dict(base)
    for key, value in more.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = updated(out[key], value) if both else value
    return out


def merged(config: Path) -> Any:
    """Return a configuration over the ``config.yaml`` of the working directory, if there is one.

    The Snakefile names ``config.yaml``, so that Snakemake reads it before any other.
    """
    given, base = read(config), Path("config.yaml")
    if not base.is_file() or base.resolve() == config.resolve():
        return given
    shipped = read(base)
    both = isinstance(given, Mapping) and isinstance(shipped, Mapping)
    return updated(shipped, given) if both else given
