"""Every fault of a sample sheet has its line, with place and cure."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.inputs.sheet import CALLED, EMPTY, patients, read_sheet, schema

HEADER = "patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tbam\n"
NORMAL = "P1\tskin\tnormal\t\t\t\t\tskin.bam\n"
BEFORE = "P1\tbefore\ttumor\tpre\t0\t\t\tbefore.bam\n"
AFTER = "P1\tafter\ttumor\tpost\t120\t\tPLX4032\tafter.bam\n"
GOOD = HEADER + NORMAL + BEFORE + AFTER
ROWS = GOOD.splitlines()


def lines_of(tmp_path, text):
    """Write a sheet, read it, and return its errors without the folder's name."""
    path = tmp_path / "samples.tsv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_sheet(path)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines()]


def test_a_good_sheet(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(GOOD)
    skin, before, after = read_sheet(path)
    assert (skin.role, skin.timepoint, skin.day, skin.drugs) == ("normal", None, None, ())
    assert skin.bam == tmp_path / "skin.bam"
    assert (before.timepoint, before.day) == ("pre", 0)
    assert (after.day, after.drugs, after.where) == (120, ("PLX4032",), f"{path}:4")


def test_what_a_spreadsheet_adds_does_no_harm(tmp_path):
    path = tmp_path / "samples.tsv"
    text = "# a remark\n\n" + GOOD.replace("tumor\tpre", "Tumour\tPre") + "\t\t\t\t\t\t\t\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    rows = read_sheet(path)
    assert [row.sample for row in rows] == ["skin", "before", "after"]
    assert (rows[1].role, rows[1].timepoint) == ("tumor", "pre")
    assert rows[1].where.endswith(":5")


@pytest.mark.parametrize("cell", [*sorted(EMPTY), "NA", "None"])
def test_cells_that_mean_nothing(tmp_path, cell):
    path = tmp_path / "samples.tsv"
    path.write_text(GOOD.replace("PLX4032", cell))
    assert read_sheet(path)[2].drugs == ()


def test_columns_of_the_assay(tmp_path):
    path = tmp_path / "samples.tsv"
    (tmp_path / "p.bed").write_text("")
    path.write_text(
        HEADER.strip() + "\tlibrary\treads\tumi\tprimers\tpadding\n"
        "P1\tt1\ttumor\tpre\t0\t\t\tt1.bam\tAmplicon\t\tnone\tp.bed\t0\n"
    )
    (row,) = read_sheet(path)
    primers = str(tmp_path / "p.bed")
    assert row.assay == (("library", "amplicon"), ("umi", "none"), ("primers", primers))
    assert row.padding == 0


def test_optional_columns(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(
        HEADER.strip() + "\tsex\tpurity\tdisease\n"
        "P1\tt1\ttumor\tpre\t0\tskin\ta; b;\t/data/t1.bam\tXX\t0.4\tmelanoma\n"
    )
    (row,) = read_sheet(path)
    assert (row.sex, row.purity, row.disease) == ("female", 0.4, "melanoma")
    assert (row.drugs, row.lesion, str(row.bam)) == (("a", "b"), "skin", "/data/t1.bam")


def test_missing_sheet(tmp_path):
    with pytest.raises(InputError, match=r"none\.tsv: no such sample sheet; correct 'samples' in"):
        read_sheet(tmp_path / "none.tsv")


def test_a_relative_sheet_is_said_to_be_looked_for_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(f"no such sample sheet in {tmp_path}; ")):
        read_sheet("none.tsv")


def test_a_path_from_the_home_folder_is_not_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/data/me")
    text = GOOD.replace("before.bam", "~/bams/before.bam")
    assert lines_of(tmp_path, text) == [
        "samples.tsv:3 (column 'bam'): '~/bams/before.bam': ~ is not expanded in the sheet; write "
        "the whole path: /data/me/bams/before.bam"
    ]
    (tmp_path / "~" / "bams").mkdir(parents=True)
    (tmp_path / "~" / "bams" / "before.bam").touch()
    path = tmp_path / "samples.tsv"
    assert read_sheet(path)[1].bam == tmp_path / "~" / "bams" / "before.bam"


def test_sheet_that_is_a_workbook(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(InputError, match="not plain text; save the sheet as tab-separated text"):
        read_sheet(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "samples.tsv: the sample sheet is empty; see docs/sheet.md"),
        ("# only a remark\n", "samples.tsv: the sample sheet is empty; see docs/sheet.md"),
        (HEADER, "samples.tsv: no sample below the header; add a row per BAM"),
        (
            GOOD.replace("\t", ","),
            "samples.tsv:1: one column only; the sheet must be separated by tabs, not commas or "
            "blanks",
        ),
        (
            NORMAL + BEFORE + AFTER,
            "samples.tsv:1: no line with the names of the columns; put above it: "
            "patient<tab>sample<tab>role<tab>timepoint<tab>day<tab>lesion<tab>drugs<tab>bam",
        ),
        (
            HEADER.title() + NORMAL + BEFORE + AFTER,
            "samples.tsv:1: the names of the columns are not in lower case; write them so: "
            "patient sample role timepoint day lesion drugs bam",
        ),
        (
            GOOD.replace("\n", "\t\n"),
            "samples.tsv:1: a tab too many at the end of the line: a column without a name; "
            "remove the tab from every line, or name the column",
        ),
        (
            GOOD.replace("sample\trole", "role\tsample"),
            "samples.tsv: column 'role' has no role, and column 'sample' has nothing else; "
            "exchange the names 'role' and 'sample' in the header line",
        ),
        (
            "PK\x03\x04\0",
            "samples.tsv: not plain text; save the sheet as tab-separated text (UTF-8)",
        ),
        (
            "\n".join(line.split("\t", 1)[1] for line in GOOD.splitlines()),
            "samples.tsv:1: missing column 'patient'; add it",
        ),
        (
            "\n".join("\t".join(line.split("\t")[:5] + line.split("\t")[6:]) for line in ROWS),
            "samples.tsv:1: missing column 'lesion'; add it; its cells may be empty",
        ),
        (
            GOOD.replace("drugs", "treatment"),
            "samples.tsv:1: unknown column 'treatment'; did you mean 'drugs'?",
        ),
        (
            GOOD.replace("role", "Sample_Type"),
            "samples.tsv:1: unknown column 'Sample_Type'; did you mean 'role'?",
        ),
        (
            GOOD.replace("\tbam", "\tfile"),
            "samples.tsv:1: unknown column 'file'; did you mean 'bam'?",
        ),
        (
            GOOD.replace("timepoint", "time_point"),
            "samples.tsv:1: unknown column 'time_point'; did you mean 'timepoint'?",
        ),
        (
            GOOD.replace("bam\n", "bam\tqxz\n").replace(".bam\n", ".bam\t\n"),
            "samples.tsv:1: unknown column 'qxz'; known columns: patient sample role timepoint "
            "day lesion drugs bam sex purity ng disease germline fastq1 fastq2 library reads umi "
            "primers padding",
        ),
        (
            GOOD.replace("bam\n", "bam\tday\n").replace(".bam\n", ".bam\t\n"),
            "samples.tsv:1: column 'day' is given twice; remove one",
        ),
        (
            HEADER + NORMAL + BEFORE + AFTER.replace("\t\t", "\t"),
            "samples.tsv:4: 7 cells where the header has 8; separate cells with one tab each, "
            "also where one is empty",
        ),
        (
            HEADER + NORMAL + BEFORE + AFTER.replace("after\t", "before\t"),
            "samples.tsv:4 (column 'sample'): duplicate sample 'before', first at line 3; "
            "sample names must be unique",
        ),
        (
            HEADER + NORMAL + BEFORE + AFTER.replace("after.bam", "./before.bam"),
            "samples.tsv:4 (column 'bam'): the BAM of sample 'after' is that of sample 'before' "
            "too; every sample needs a separate BAM",
        ),
        (
            GOOD.replace("after\ttumor", "after\ttumr"),
            "samples.tsv:4 (column 'role'): unknown role 'tumr'; did you mean 'tumor'?",
        ),
        (
            GOOD.replace("after\ttumor", "after\tcontrol"),
            "samples.tsv:4 (column 'role'): unknown role 'control'; use normal, tumor or plasma",
        ),
        (
            GOOD.replace("before\ttumor", "before\tnormal"),
            "samples.tsv:3 (column 'role'): patient 'P1' has 2 normals (skin, before); keep one, "
            "or merge their BAMs under one SM",
        ),
        (
            HEADER + NORMAL,
            "samples.tsv: patient 'P1' has no tumor; add a row with role tumor, or remove it",
        ),
        (
            GOOD.replace("120", "four months"),
            "samples.tsv:4 (column 'day'): 'four months' is not a number; give the day as a "
            "number, e.g. 90",
        ),
        (
            GOOD.replace("120", "inf"),
            "samples.tsv:4 (column 'day'): 'inf' is not a number; give the day as a number, e.g. "
            "90",
        ),
        (
            GOOD.replace("120", "-5"),
            "samples.tsv:4 (column 'day'): post-treatment sample 'after' (day -5) is not later "
            "than pre-treatment sample 'before' (day 0); correct day or timepoint",
        ),
        (
            GOOD.replace("post\t120", "relapse\t"),
            "samples.tsv:4 (column 'timepoint'): the time points of patient 'P1' cannot be ordered "
            "by the label 'relapse'; give every tumor a number in column day, or the timepoint pre "
            "or post",
        ),
        (
            GOOD.replace("pre\t0", "pre\t").replace("post\t120", "300\t"),
            "samples.tsv:4 (column 'timepoint'): the time points of patient 'P1' cannot be ordered "
            "by the label '300'; give every tumor a number in column day, or the timepoint pre or "
            "post",
        ),
        (
            GOOD.replace("post\t120", "\t"),
            "samples.tsv:4 (column 'day'): the time points of patient 'P1' cannot be ordered; give "
            "every tumor a number in column day, or the timepoint pre or post",
        ),
        (
            GOOD.replace("after\t", "after treatment\t"),
            "samples.tsv:4 (column 'sample'): 'after treatment' is not safe in file names; use "
            "letters, digits, '.', '_' and '-', beginning with a letter or digit; it must equal "
            "the SM tag of the BAM's read groups (docs/faq.md)",
        ),
        (
            HEADER + BEFORE.replace("P1", "../P1"),
            "samples.tsv:2 (column 'patient'): '../P1' is not safe in file names; use letters, "
            "digits, '.', '_' and '-', beginning with a letter or digit",
        ),
        (
            GOOD.replace("after.bam", ""),
            "samples.tsv:4 (column 'bam'): the cell is empty; give the path of the BAM, or FASTQ",
        ),
        (
            GOOD.replace("P1\tafter", "\tafter"),
            "samples.tsv:4 (column 'patient'): the cell is empty; give every row a patient",
        ),
        (
            HEADER.replace("\n", "\tpurity\n") + BEFORE.replace("\n", "\t60\n"),
            "samples.tsv:2 (column 'purity'): '60' is not a fraction; give it above 0 and up to "
            "1, e.g. 0.6",
        ),
        (
            HEADER.replace("\n", "\tsex\n") + BEFORE.replace("\n", "\twoman\n"),
            "samples.tsv:2 (column 'sex'): unknown sex 'woman'; use female or male, or leave it "
            "empty",
        ),
        (
            HEADER.replace("\n", "\tdisease\n")
            + BEFORE.replace("\n", "\tmelanoma\n")
            + AFTER.replace("\n", "\tGIST\n"),
            "samples.tsv:2 (column 'disease'): patient 'P1' has more than one disease: GIST, "
            "melanoma; give the same in every row",
        ),
        (
            HEADER.replace("\n", "\tfastq1\n")
            + BEFORE.replace("before.bam", "before.bam\tr1.fastq.gz"),
            "samples.tsv:2 (column 'fastq1'): the row has a BAM, too; give the BAM or the FASTQ, "
            "not both",
        ),
        (
            HEADER.replace("\n", "\tlibrary\n") + BEFORE.replace("\n", "\tamplicons\n"),
            "samples.tsv:2 (column 'library'): 'amplicons' is not one of auto, capture, amplicon; "
            "did you mean 'amplicon'?",
        ),
        (
            HEADER.replace("\n", "\treads\n") + BEFORE.replace("\n", "\tconsensus\n"),
            "samples.tsv:2 (column 'reads'): 'consensus' is not one of auto, raw, marked, simplex, "
            "duplex",
        ),
        (
            HEADER.replace("\n", "\tprimers\n") + BEFORE.replace("\n", "\tp.bed\n"),
            "samples.tsv:2 (column 'primers'): no such file: p.bed; correct the path",
        ),
        (
            HEADER.replace("\n", "\tpadding\n") + BEFORE.replace("\n", "\t-5\n"),
            "samples.tsv:2 (column 'padding'): '-5' is not a number of bases; give 0 to 1000",
        ),
        (
            HEADER.replace("\n", "\tpadding\n")
            + BEFORE.replace("\n", "\t0\n")
            + AFTER.replace("\n", "\t20\n"),
            "samples.tsv:2 (column 'padding'): patient 'P1' has more than one padding: 0, 20; "
            "give the same in every row",
        ),
    ],
)
def test_each_fault_has_one_line(tmp_path, text, expected):
    assert lines_of(tmp_path, text) == [expected]


def test_a_column_that_is_there_is_not_suggested(tmp_path):
    text = GOOD.replace("role", "qxz").replace("drugs", "patients")
    assert lines_of(tmp_path, text) == [
        "samples.tsv:1: unknown column 'qxz'; rename it if it is one of those that are missing, "
        "else remove it",
        "samples.tsv:1: unknown column 'patients'; rename it if it is one of those that are "
        "missing, else remove it",
        "samples.tsv:1: missing column 'role'; add it, or rename the column that has it",
        "samples.tsv:1: missing column 'drugs'; add it; its cells may be empty, or rename the "
        "column that has it",
    ]


def test_no_name_stands_for_two_columns():
    columns = schema()["properties"]
    names = [name for others in CALLED.values() for name in others]
    assert len(names) == len(set(names)) and not set(names) & set(columns)
    assert set(CALLED) <= set(columns)


def test_all_faults_at_once(tmp_path):
    text = GOOD.replace("after\ttumor", "after\ttumr").replace("\t0\t", "\tzero\t")
    text = text.replace("skin\tnormal", "s kin\tnormal")
    places = [line.split(": ")[0] for line in lines_of(tmp_path, text)]
    assert places == [
        "samples.tsv:2 (column 'sample')",
        "samples.tsv:3 (column 'day')",
        "samples.tsv:4 (column 'role')",
    ]


def test_patients_keep_the_order_of_the_sheet(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(
        HEADER + BEFORE.replace("P1\tbefore", "P2\tx").replace("before.bam", "x.bam") + BEFORE
    )
    found = patients(read_sheet(path))
    assert {name: [row.sample for row in rows] for name, rows in found.items()} == {
        "P2": ["x"],
        "P1": ["before"],
    }


def test_every_column_is_described():
    assert all(len(rule["description"]) > 5 for rule in schema()["properties"].values())


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=200))
def test_no_text_gives_anything_but_rows_or_input_errors(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.tsv"
    path.write_text(HEADER + text, encoding="utf-8", newline="")
    try:
        assert read_sheet(path)
    except InputError as error:
        assert all("any.tsv" in line and "\n" not in line for line in error.lines())
