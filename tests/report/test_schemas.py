"""The quick check of stage files says what jsonschema says of the published schemas."""

import copy
import json
import random
from collections.abc import Iterator

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from resistpanel.core import schemas
from resistpanel.core.errors import InputError
from resistpanel.core.files import SCHEMAS

STAGES = ("sheet", "qc", "compare", "resist", "copynumber", "report")
#: What a value is exchanged for: other types, borders, one that Python takes for another.
STRANGE = (None, True, 0, 1, -1, 1.0, 1.5, 2.0, "", "x", "p.X", "acquired", [], [1], {}, {"a": 1})


def published(name: str) -> dict:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def independent(stage: str) -> jsonschema.Draft202012Validator:
    """jsonschema's validator of the files as they are published."""
    registry = Registry(
        retrieve=lambda name: Resource.from_contents(
            published(name), default_specification=DRAFT202012
        )
    )
    schema = published(f"{stage}.schema.json")
    return jsonschema.Draft202012Validator(schema, registry=registry)


def trimmed(value):
    """The same with lists and tables of at most two entries, for speed."""
    if isinstance(value, dict):
        keys = list(value) if len(value) < 30 else list(value)[:2]
        return {key: trimmed(value[key]) for key in keys}
    return [trimmed(item) for item in value[:2]] if isinstance(value, list) else value


def places(value, way=()) -> Iterator[tuple]:
    yield way
    listed = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else listed:
        yield from places(item, (*way, key))


def changed(value: dict, rng: random.Random) -> dict:
    """A copy with one value exchanged, left out or added."""
    value = copy.deepcopy(value)
    *way, last = rng.choice([way for way in places(value) if way])
    inside = value
    for key in way:
        inside = inside[key]
    kind = rng.choice(("exchange", "exchange", "leave out", "add"))
    if kind == "exchange":
        inside[last] = rng.choice(STRANGE)
    elif kind == "leave out":
        del inside[last]
    elif isinstance(inside, dict):
        inside["further"] = rng.choice(STRANGE)
    else:
        inside.append(rng.choice(STRANGE))
    return value


@pytest.fixture(scope="module")
def values(make, patients) -> dict[str, dict]:
    """A good value of each stage, small."""
    made = make(patients.paper())
    made["copynumber"] = patients.copynumber(made["sheet"])
    made["evidence"] = patients.reads(made["compare"])
    found = {stage: made if stage == "report" else made[stage] for stage in STAGES}
    return {stage: trimmed(value) for stage, value in found.items()}


@pytest.mark.parametrize("stage", STAGES)
def test_it_agrees_with_jsonschema(stage, values):
    rng, there = random.Random(1), independent(stage)
    assert schemas.accepts(stage, values[stage])
    refused = 0
    tries = 30 if stage == "report" else 120  # jsonschema takes a second for ten reports
    for _ in range(tries):
        value = changed(values[stage], rng)
        valid = there.is_valid(value)
        assert schemas.accepts(stage, value) == valid, list(there.iter_errors(value)) or value
        assert (next(schemas.faults(stage, value), None) is None) == valid
        refused += not valid
    assert tries / 3 < refused < tries


def keywords(schema) -> Iterator[tuple[str, dict]]:
    """Every keyword of a schema, with the object that it stands in."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key, schema
            if key in ("properties", "$defs"):
                for item in value.values():
                    yield from keywords(item)
            elif key not in ("enum", "const"):
                yield from keywords(value)
    for item in schema if isinstance(schema, list) else ():
        yield from keywords(item)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_the_schemas_keep_to_what_both_drafts_read_alike(path):
    schema = published(path.name)
    jsonschema.Draft202012Validator.check_schema(schema)
    if path.name == "catalog.schema.json":  # for the rows of a table, which jsonschema reads
        return
    for key, inside in keywords(schema):
        assert key in schemas.DIALECT, key
        if key == "$ref":
            assert set(inside) <= {"$ref", "description"}, inside
        # 1 and true are one value to Python, and two to JSON: only a type tells them apart.
        if key in ("enum", "const"):
            for value in inside[key] if key == "enum" else [inside[key]]:
                number = isinstance(value, int) and inside.get("type") == "integer"
                assert value is None or isinstance(value, str) or number, inside


def test_the_place_of_a_fault_in_a_part_is_named(values):
    value = copy.deepcopy(values["report"])
    value["compare"]["variants"][0]["pos"] = "here"
    with pytest.raises(InputError) as caught:
        schemas.check(value, "report", "r.json")
    assert "r.json ($.compare.variants[0].pos)" in caught.value.line()
    schemas.check(value, "report", "r.json", parts=False)
    value["provenance"] = None
    with pytest.raises(InputError, match=r"\$\.provenance"):
        schemas.check(value, "report", "r.json", parts=False)


def test_a_stage_that_would_write_nonsense_fails(tmp_path):
    with pytest.raises(ValueError, match=r"would not agree with sheet\.schema"):
        schemas.write_stage(tmp_path / "s.json", "sheet", {"schema": "resistpanel/sheet/1"})
    assert not list(tmp_path.iterdir())
