"""calls.tsv: one row per variant and sample, readable without knowing this package."""

import io

import pandas as pd
import pytest

from resistpanel.report.tsv import COLUMNS, field, tsv


@pytest.fixture(scope="module")
def table(paper) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(tsv(paper)), sep="\t")


def test_one_row_per_variant_and_sample(table):
    assert list(table.columns) == list(COLUMNS)
    assert not table.duplicated(["variant", "sample"]).any()
    # 13 calls and 3 near misses in 3 samples; forced sites that are absent are not listed.
    assert len(table) == 16 * 3
    assert table[table.reported].variant.nunique() == 13


def test_the_key_variant_reads_as_in_the_json(table, paper):
    row = table[(table.protein == "C121S") & (table["sample"] == "resistant")].iloc[0]
    evidence = next(v for v in paper["compare"]["variants"] if v["protein"] == "C121S")
    evidence = evidence["samples"]["resistant"]
    assert row.af == pytest.approx(evidence["af"], rel=1e-5)
    assert (row.alt_count, row.depth) == (evidence["ad"][1], evidence["dp"])
    assert row.alt_forward + row.alt_reverse == row.alt_count
    assert (row.state, row.compared_with) == ("acquired", "sensitive")
    assert row.key_variant and row["rank"] == 1
    assert (row.effect, row.mechanism_class) == ("known", "downstream_mutation")


def test_the_state_stands_at_the_later_sample_only(table):
    assert set(table[table.state.notna()]["sample"]) == {"resistant"}


def test_near_misses_carry_their_filter(table):
    assert set(table[~table.reported]["filter"]) == {"low_evidence", "strand", "germline"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (False, "false"), (0.123456789, "0.123457"), (7, "7"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"), ("x\ud800y", "x\\ud800y"), ("'=1+1", "'=1+1"),
    ],
)  # fmt: skip
def test_fields(value, text):
    assert field(value) == text
    field(value).encode()


def test_hostile_text_keeps_the_table_whole(parts, make):
    parts["compare"]["variants"][0]["gene"] = 'A\tB\n"C'
    text = tsv(make(parts))
    assert {line.count("\t") for line in text.splitlines()} == {len(COLUMNS) - 1}
