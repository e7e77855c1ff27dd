"""Cells are checked without jsonschema, and it agrees."""

import json

import jsonschema
import pytest

from resistpanel.catalog.table import COLUMNS, SCHEMA, _sound

CELLS = ("", " ", "x", "BRAF", "braf", "exact", "gene", "resistance", "none", "clinical")
CELLS += ("12345678", "123456;1234567", "12345678;", "1\n", "BRAF\n", "a b", "substitution", "é")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_cell_is_sound_where_the_schema_allows_it(column):
    rule = json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"][column]
    checker = jsonschema.Draft202012Validator(rule)
    for cell in CELLS:
        assert _sound(column, cell) == checker.is_valid(cell), cell
