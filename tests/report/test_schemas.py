"""Records accept what the published schemas accept, and the schemas are those of the records."""

import copy
import json
import random
from collections.abc import Iterator

import jsonschema
import msgspec
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from resistpanel.core import schemas
from resistpanel.core.errors import InputError
from resistpanel.core.files import SCHEMAS
from resistpanel.records.report import Report
from resistpanel.records.schema import files
from resistpanel.records.sheet import Sheet
from resistpanel.records.stages import RECORDS

STAGES = ("sheet", "qc", "compare", "resist", "copynumber", "report")
#: What a value is exchanged for: other types, borders, one that Python takes for another. A whole
#: number written as 1.0 is an integer to JSON Schema, and refused by the records.
STRANGE = (None, True, 0, 1, -1, 1.5, "", "x", "p.X", "acquired", [], [1], {}, {"a": 1})


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


def accepts(stage: str, value: object) -> bool:
    try:
        msgspec.convert(value, RECORDS[stage])
    except msgspec.ValidationError:
        return False
    return True


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
def test_a_record_agrees_with_its_schema(stage, values):
    rng, there = random.Random(1), independent(stage)
    assert accepts(stage, values[stage])
    refused = 0
    tries = 30 if stage == "report" else 120  # jsonschema takes a second for ten reports
    for _ in range(tries):
        value = changed(values[stage], rng)
        valid = there.is_valid(value)
        assert accepts(stage, value) == valid, list(there.iter_errors(value)) or value
        refused += not valid
    assert tries / 3 < refused < tries


#: Of each generated file, what it should hold.
GENERATED = files()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path):
    assert path.read_text(encoding="utf-8") == GENERATED[path], "run `make schemas`"


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_schemas_are_schemas(path):
    jsonschema.Draft202012Validator.check_schema(published(path.name))


@pytest.mark.parametrize("stage", STAGES)
def test_null_is_never_absent(stage, values):
    """Every field of the top level has to be there but `callers` of a report and `origins`."""
    for field in RECORDS[stage].__struct_encode_fields__:
        value = {key: item for key, item in values[stage].items() if key != field}
        assert accepts(stage, value) == (
            field
            in (
                "callers",
                "biomarkers",
                "review",
                "clones",
                "follow_up",
                "germline",
                "igv",
                "junction_limits",
                "origins",
                "reversions",
                "other_tests",
            )
        ), field


def test_the_place_of_a_fault_in_a_part_is_named(values):
    value = copy.deepcopy(values["report"])
    value["compare"]["variants"][0]["pos"] = "here"
    with pytest.raises(InputError) as caught:
        schemas.from_builtins(value, Report, "r.json")
    assert "r.json ($.compare.variants[0].pos)" in caught.value.line()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not JSON"),
        (b'{"schema": "resistpanel/sheet/1"', "not JSON, or cut short"),
        (b'{"schema": NaN}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a file of `resistpanel sheet`"),
        (b'{"schema": "resistpanel/qc/1"}', "not a file of `resistpanel sheet`"),
        (b'{"schema": "resistpanel/sheet/9"}', "is of another version of resistpanel (res"),
        (b'{"schema": "resistpanel/sheet/1"}', "missing required field `patient`"),
        (b"[" * 100_000, "not a file of"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, text, message):
    path = tmp_path / "sheet.json"
    path.write_bytes(text)
    with pytest.raises(InputError) as caught:
        schemas.read_record(path, Sheet)
    assert message in caught.value.line() and str(path) in caught.value.line()


def test_a_record_is_written_as_it_was_read(tmp_path, values):
    """Keys are sorted; whole numbers stay whole; what was absent stays absent."""
    for stage, value in values.items():
        record = schemas.from_builtins(value, RECORDS[stage], stage)
        schemas.write_record(tmp_path / stage, record)
        expected = json.dumps(value, indent=1, sort_keys=True) + "\n"
        assert (tmp_path / stage).read_text() == expected
        assert schemas.read_record(tmp_path / stage, RECORDS[stage]) == record


def test_a_stage_that_would_write_nonsense_fails(tmp_path, values):
    record = schemas.from_builtins(values["sheet"], Sheet, "s.json")
    wrong = msgspec.structs.replace(record, sex="unknown")
    with pytest.raises(ValueError, match=r"would not agree with sheet\.schema"):
        schemas.write_record(tmp_path / "s.json", wrong)
    assert not list(tmp_path.iterdir())
