"""The table of other tests: the check before a run, and the step that reads it."""

import pytest

from resistpanel.inputs.binding import Steps
from resistpanel.inputs.plan import make_plan

HEADER = "patient\tassay\tday\tgene\tresult\tunit\tlimit\tfile\tsource\n"
ROW = "P1\tNGS\t-30\tBRAF\tnegative\t%\t2\t\tH1\n"


def checked(world, capsys, text):
    path = world.folder / "tests.tsv"
    path.write_text(text)
    status, errors, notes = world.check(capsys, "--check", "--other-tests", str(path))
    short = [[line.replace(f"{world.folder}/", "") for line in part] for part in (errors, notes)]
    return status, short[0], [line for line in short[1] if "tests.tsv" in line]


def test_a_sound_table(world, capsys):
    assert checked(world, capsys, HEADER + ROW) == (0, [], [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW.replace("P1", "P2"), "tests.tsv:2 (column 'patient'): patient 'P2' is not in the "
         "sample sheet; correct the name, or remove the rows"),
        (ROW.replace("NGS", "NSG"), "tests.tsv:2 (column 'assay'): unknown assay 'NSG'; give "),
        ("P1\tNGS\t-30\t\t\t\t\tgenome.fa\tH1\n",
         "genome.fa (tests.tsv:2): cannot be read as VCF"),
    ],
)  # fmt: skip
def test_faults(world, capsys, row, message):
    status, errors, _ = checked(world, capsys, HEADER + row)
    assert status == 2
    assert len(errors) == 1 and message in errors[0], errors


def test_notes_on_what_a_result_cannot_be_used_for(world, capsys):
    row = ROW.replace("-30", "").replace("%\t2", "\t")
    status, errors, notes = checked(world, capsys, HEADER + row)
    assert (status, errors) == (0, [])
    assert notes == [
        "tests.tsv:2: without day, timepoint or a sample of the sheet this result does not enter "
        "what was present before treatment",
        "tests.tsv:2: without a limit this negative result excludes nothing",
    ]


def test_a_changed_row_makes_the_comparison_due(world):
    world.write_sheet()
    (world.folder / "old.vcf").write_text("##fileformat=VCFv4.2\n")

    def step(text):
        (world.folder / "tests.tsv").write_text(HEADER + text)
        given = {"samples": world.sheet, "reference": world.reference, "targets": world.targets,
                 "genes": world.genes, "other_tests": world.folder / "tests.tsv"}  # fmt: skip
        plan = make_plan({k: str(v) for k, v in given.items()}, None, headers=False)[0]
        return next(step for step in Steps(plan) if step.step == "compare")

    one = step(ROW)
    # Where a row is in the table does not matter.
    assert step("# a comment\n" + ROW).settings == one.settings
    assert step(ROW.replace("2", "5")).settings != one.settings
    listed = step("P1\tNGS\t-30\tBRAF\t\t%\t2\told.vcf\tH1\n")
    assert [path.name for role, path in listed.inputs.items() if "test" in role] == ["old.vcf"]
