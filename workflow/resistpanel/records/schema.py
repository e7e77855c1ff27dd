"""JSON Schemas and docs/records.md, written from the records.

``python -m resistpanel.records.schema --write`` writes ``workflow/schemas/<stage>.schema.json`` and
``docs/records.md``; a test compares them with what this module makes.
"""

import ast
import inspect
import itertools
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from resistpanel.core.files import HOME, SCHEMAS, write_text
from resistpanel.records.stages import RECORDS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
#: Where each stage writes, below the folder of results.
PLACES = {stage: f"results/{stage}/{{patient}}.json" for stage in RECORDS} | {
    "identity": "results/identity/cohort.json",
    "validate": "validate.json",
    "pack": "pack.json",
    "counts": "results/call/{patient}.counts.json",
}


def field_docs(record: type[msgspec.Struct]) -> dict[str, str]:
    """Return the string below each field of a record, by the field's name in JSON."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(record)))
    assert isinstance(tree.body[0], ast.ClassDef)
    body = tree.body[0].body
    names = dict(zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True))
    found = {}
    for field, text in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[names[field.target.id]] = " ".join(str(text.value.value).split())
    return found


def _records(root: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Yield a record and all that it is made of, each once."""
    seen: set[type] = set()

    def visit(found: Any) -> Iterator[type[msgspec.Struct]]:
        if isinstance(found, msgspec.inspect.StructType):
            if found.cls in seen:
                return
            seen.add(found.cls)
            yield found.cls
            for field in found.fields:
                yield from visit(field.type)
        for name in ("types", "item_types"):
            for part in getattr(found, name, ()):
                yield from visit(part)
        for name in ("item_type", "key_type", "value_type", "type"):
            if (part := getattr(found, name, None)) is not None:
                yield from visit(part)

    yield from visit(msgspec.inspect.type_info(root))


def _simple(value: Any) -> Any:
    """Return a schema with one `number` for an integer or a float, and types in a list."""
    if isinstance(value, list):
        return [_simple(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: _simple(item) for key, item in value.items() if key != "title"}
    choices = value.get("anyOf")
    if isinstance(choices, list):
        number = next((c for c in choices if c.get("type") == "number"), None)
        if number and number | {"type": "integer"} in choices:
            choices = [c for c in choices if c.get("type") != "integer"]
        plain = [c for c in choices if c != {"type": "null"}]
        null = len(plain) < len(choices)
        if len(plain) == 1 and null and "type" in plain[0]:
            value = {**value, **plain[0], "type": [plain[0]["type"], "null"]}
            del value["anyOf"]
        elif len(plain) == 1 and null and "enum" in plain[0]:
            value = {**value, "enum": [*plain[0]["enum"], None]}
            del value["anyOf"]
        elif len(plain) == 1 and not null:
            value = {**value, **plain[0]}
            del value["anyOf"]
        else:
            value["anyOf"] = choices
    return value


def _sorted(text: dict) -> dict:
    """Return a schema with what describes it first."""
    first = ("$schema", "$id", "title", "description")
    return {key: text[key] for key in first if key in text} | {
        key: value for key, value in text.items() if key not in first
    }


def schema(stage: str) -> dict:
    """Return the JSON Schema of a stage; of a report, parts are referred to by their file."""
    root = RECORDS[stage]
    (_,), parts = msgspec.json.schema_components([root], ref_template="#/$defs/{name}")
    docs = {record.__name__: field_docs(record) for record in _records(root)}
    others = {record.__name__: other for other, record in RECORDS.items() if other != stage}
    text = json.dumps(_simple(parts))
    for name, other in others.items():
        text = text.replace(f'"#/$defs/{name}"', f'"{other}.schema.json"')
    parts = json.loads(text)
    for name, part in parts.items():
        for field, description in docs[name].items():
            part["properties"][field]["description"] = description
    whole = _sorted({
        "$schema": DRAFT, "$id": f"{stage}.schema.json", "title": PLACES[stage],
        **parts[root.__name__],
    })  # fmt: skip
    used, more = set(), [whole]
    while more:  # what only another stage's file needs is left to that file
        names = set(re.findall(r"#/\$defs/(\w+)", json.dumps(more.pop()))) - used
        used |= names
        more += [parts[name] for name in names]
    return whole | ({"$defs": {n: _sorted(parts[n]) for n in sorted(used)}} if used else {})


def _type_words(spec: dict) -> str:
    """Return a field's type and limits in a few words."""
    if "$ref" in spec:
        return spec["$ref"].rpartition("/")[2].removesuffix(".schema.json")
    if "anyOf" in spec:
        return " or ".join(_type_words(choice) for choice in spec["anyOf"])
    if "enum" in spec:
        return " \\| ".join("null" if v is None else f"`{v}`" for v in spec["enum"])
    kind = spec.get("type", "any")
    kinds = kind if isinstance(kind, list) else [kind]
    words = " or ".join(kinds)
    if "prefixItems" in spec:
        items = [_type_words(item) for item in spec["prefixItems"]]
        words = words.replace("array", f"[{', '.join(items)}]")
    elif isinstance(spec.get("items"), dict):
        words = words.replace("array", f"list of {_type_words(spec['items'])}")
    elif isinstance(spec.get("additionalProperties"), dict):
        words = words.replace("object", f"{{name: {_type_words(spec['additionalProperties'])}}}")
    limits = [
        f"{sign} {spec[key]:g}"
        for key, sign in (("exclusiveMinimum", ">"), ("minimum", "≥"), ("maximum", "≤"))
        if key in spec
    ]
    if "pattern" in spec:
        limits.append("`" + spec["pattern"].replace("|", "\\|") + "`")
    return ", ".join([words, *limits])


def page() -> str:
    """Return docs/records.md."""
    lines = [
        "# JSON handed from stage to stage",
        "",
        "Written by `make schemas` from `workflow/resistpanel/records/`; do not edit. Unknown",
        "fields are refused. A value that cannot be given is `null`; only fields marked *optional*",
        "may be absent. The same as JSON Schema: `workflow/schemas/<stage>.schema.json`.",
    ]
    shown: set[str] = set()
    for stage in RECORDS:
        whole = schema(stage)
        lines += ["", f"## {PLACES[stage]}"]
        tables = {RECORDS[stage].__name__: whole} | whole.get("$defs", {})
        for name, spec in tables.items():
            if name in shown:
                continue
            shown.add(name)
            lines += [
                "",
                f"### {name}",
                "",
                *textwrap.wrap(" ".join(spec["description"].split()), 100),
            ]
            lines += ["", "| field | type | meaning |", "|---|---|---|"]
            for field, inner in spec["properties"].items():
                optional = "" if field in spec.get("required", ()) else "*optional* "
                meaning = inner.get("description", "").replace("|", "\\|")
                lines.append(f"| `{field}` | {_type_words(inner)} | {optional}{meaning} |")
    return "\n".join(lines) + "\n"


def files() -> dict[Path, str]:
    """Return every generated file with its text."""
    return {
        SCHEMAS / f"{stage}.schema.json": json.dumps(schema(stage), indent=2, ensure_ascii=False)
        + "\n"
        for stage in RECORDS
    } | {HOME / "docs" / "records.md": page()}


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m resistpanel.records.schema --write")
    for path, text in files().items():
        write_text(path, text)
