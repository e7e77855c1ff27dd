"""docs/config.md, written from the schema of the configuration; a test compares them.

``python -m resistpanel.inputs.keys_page`` writes it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from resistpanel.core.files import HOME, write_text
from resistpanel.inputs.config import TYPES, schema

HEAD = """# Keys of config.yaml

Written by `make schemas` from `workflow/schemas/config.schema.yaml`; do not edit. Paths are
relative to the study folder, or, if the file does not exist there, to the root of the package.
`a.b` is key `b` of block `a`. Unknown keys and keys that are given twice are refused.

| key | value | default | |
|---|---|---|---|
"""


def _value(rule: Mapping[str, Any]) -> str:
    """Return what a key may be, without null."""
    if "enum" in rule:
        return ", ".join(f"`{value}`" for value in rule["enum"] if value is not None)
    types = rule.get("type", [])
    names = [types] if isinstance(types, str) else types
    return " or ".join(TYPES[name] for name in names if name != "null")


def _rows(rules: Mapping[str, Any], block: str = "") -> Iterator[str]:
    for key, rule in rules.items():
        default = rule.get("default")
        shown = "" if default in (None, {}, [], "") else f"`{json.dumps(default).strip(chr(34))}`"
        text = rule.get("description", "").replace("|", "\\|")
        yield f"| `{block}{key}` | {_value(rule)} | {shown} | {text} |"
        yield from _rows(rule.get("properties", {}), f"{block}{key}.")


def page() -> str:
    """Return docs/config.md."""
    return HEAD + "\n".join(_rows(schema()["properties"])) + "\n"


if __name__ == "__main__":
    write_text(HOME / "docs" / "config.md", page())
