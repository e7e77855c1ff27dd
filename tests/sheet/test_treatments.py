"""The table of treatments: what it gives, and one line for each fault."""

import json

import pytest

from resistpanel.inputs.binding import Steps
from resistpanel.inputs.plan import make_plan

HEADER = "patient\tdrug\tstart\tstop\n"


def treated(world, capsys, text, *more):
    path = world.folder / "treatments.tsv"
    path.write_text(text)
    status, errors, notes = world.check(capsys, *(more or ["--check"]), "--treatments", str(path))
    short = [[line.replace(f"{world.folder}/", "") for line in part] for part in (errors, notes)]
    return status, *short


def test_lines_are_written(world, capsys):
    output = world.folder / "P1.json"
    more = ["--patient", "P1", "--output", str(output)]
    status, errors, _ = treated(world, capsys, HEADER + "P1\tPLX4032\t0\t110\n", *more)
    assert (status, errors) == (0, [])
    assert json.loads(output.read_text())["lines"] == [
        {"number": 1, "drugs": ["vemurafenib"], "start": 0, "stop": 110, "baseline": ["before"],
         "samples": ["after"]}
    ]  # fmt: skip


def test_without_a_table_the_sheet_decides(world, capsys):
    output = world.folder / "P1.json"
    assert world.check(capsys, "--patient", "P1", "--output", str(output))[0] == 0
    (line,) = json.loads(output.read_text())["lines"]
    assert (line["start"], line["stop"]) == (None, None)
    assert (line["baseline"], line["samples"]) == (["before"], ["after"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("P1\tvemurafenib+trametinib\t0\t1\n",
         "treatments.tsv:2 (column 'drug'): unknown drug 'vemurafenib+trametinib'; separate"),
        ("P2\tPLX4032\t0\t1\n", "treatments.tsv:2 (column 'patient'): patient 'P2' is not in the "
         "sample sheet; correct the name, or remove the row"),
        ("P1\tPLX4032\tlater\t1\n", "treatments.tsv:2 (column 'start'): 'later' is not a number; "
         "give the day as a number, e.g. 90"),
        ("P1\tPLX4032\t\t1\n", "treatments.tsv:2 (column 'start'): the cell is empty; give every "
         "row a start"),
        ("P1\tPLX4032\t9\t3\n", "treatments.tsv:2 (column 'stop'): day 3 is before the start, day "
         "9; correct one of them"),
        ("P1\tPLX4032\t0\t30\nP1\tplx4032\t20\t40\n", "treatments.tsv:3 (column 'drug'): patient "
         "'P1' has plx4032 twice at the same time; join the rows, or correct start and stop"),
    ],
)  # fmt: skip
def test_faults(world, capsys, rows, message):
    status, errors, _ = treated(world, capsys, HEADER + rows)
    assert status == 2
    assert len(errors) == 1, errors
    assert errors[0].startswith(message)


def test_a_sample_without_a_day(world, capsys):
    world.rows[2]["day"] = ""
    status, errors, _ = treated(world, capsys, HEADER + "P1\tPLX4032\t0\t1\n")
    assert (status, errors) == (2, [
        "samples.tsv:4 (column 'day'): sample 'after' has no day, and patient 'P1' has treatments; "
        "give the day on which it was taken"
    ])  # fmt: skip


def test_no_such_table(world, capsys):
    path = str(world.folder / "none.tsv")
    status, errors, _ = world.check(capsys, "--check", "--treatments", path)
    assert status == 2
    assert errors == [f"command line (key 'treatments'): no such file: {path}"]


def test_what_the_sheet_says_differently_is_noted(world, capsys):
    world.rows[2]["drugs"] = "imatinib"
    status, _, notes = treated(world, capsys, HEADER + "P1\tPLX4032\t-10\t1\n")
    assert status == 0
    assert ("samples.tsv:4 (column 'drugs'): imatinib is not in the treatments of patient 'P1', "
            "which take precedence over the sheet") in notes  # fmt: skip
    assert ("samples.tsv:3 (column 'timepoint'): sample 'before' is called pre, but was taken on "
            "day 0, after the patient's first dose on day -10") in notes  # fmt: skip


def test_plasma_is_a_role(world, capsys):
    world.rows[2]["role"] = "plasma"
    output = world.folder / "P1.json"
    assert world.check(capsys, "--patient", "P1", "--output", str(output))[0] == 0
    written = json.loads(output.read_text())
    assert written["samples"][2]["role"] == "plasma"
    assert written["pairs"] == [{"pre": "before", "post": "after", "drugs": ["vemurafenib"]}]


def test_a_patients_sheet_is_made_again_with_its_treatments(world):
    """The step of a patient is bound to the rows of that patient alone."""
    world.write_sheet()
    path = world.folder / "treatments.tsv"
    config = {
        "samples": str(world.sheet), "reference": str(world.reference),
        "targets": str(world.targets), "genes": str(world.genes),
        "outdir": str(world.folder / "out"),
    }  # fmt: skip

    def settings(**more):
        plan, _ = make_plan(config | more, None, headers=False)
        return next(step.settings for step in Steps(plan) if step.step == "sheet")

    assert "treatments" not in settings()
    path.write_text(HEADER + "P1\tPLX4032\t0\t110\n")
    first = settings(treatments=str(path))
    (row,) = first["treatments"]
    assert (row["drug"], row["start"], row["stop"]) == ("PLX4032", "0", "110")
    path.write_text("# a note\n" + HEADER + "P1\tPLX4032\t0\t110\n")
    assert settings(treatments=str(path)) == first
    path.write_text(HEADER + "P1\tPLX4032\t0\t111\n")
    assert settings(treatments=str(path)) != first
