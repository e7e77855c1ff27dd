"""Ways to get a result of other input that are none of the known faults."""

import contextlib
import os
from pathlib import Path

import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.made import place, read
from resistpanel.inputs.owner import write_owner
from resistpanel.inputs.plan import make_plan
from resistpanel.inputs.sheet import read_sheet


def sheet_step(study, due) -> int:
    """Run the sheet's step as its rule does."""
    config = study.config
    words = ["sheet", "--made-from", str(due), "--patient", "P1", "--build", "hg19"]
    for key in ("samples", "reference", "targets", "genes", "catalog"):
        words += [f"--{key}", config[key]]
    return main([*words, "--output", "results/sheet/P1.json"])


@pytest.fixture
def planned(study, monkeypatch):
    """A study of which the sheet's step is to be done again."""
    monkeypatch.chdir(study.folder)
    study.row("after", day="121")
    binding = study.binding()
    binding.write()
    return study, place(binding.outdir, "due", "sheet", "P1")


def test_a_sheet_edited_during_a_run_and_back(planned, capsys):
    """The record would name the rows of the plan, which are those of the sheet again."""
    study, due = planned
    study.row("after", drugs="imatinib")
    assert sheet_step(study, due) == 2
    assert "samples.tsv: patient P1 was changed after the run was planned" in (
        capsys.readouterr().err
    )
    study.row("after", drugs="PLX4032")
    assert "sheet" in study.stale()


def test_a_sheet_that_is_saved_again_during_a_run(planned):
    """Its rows in another order and with other line ends say the same."""
    study, due = planned
    study.world.rows.reverse()
    study.world.write_sheet()
    path = study.folder / "samples.tsv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert sheet_step(study, due) == 0
    record = read(place(study.folder / "results", "made", "sheet", "P1"))
    assert "121" in str(record.settings) and "sheet" not in study.stale()


def test_explain_sees_the_sheet(study, monkeypatch, capsys):
    monkeypatch.chdir(study.folder)
    plan, _ = make_plan(study.config, lambda path: {}, headers=False)
    write_owner(plan.settings, ["config.yaml"])
    study.row("after", drugs="imatinib")
    assert main(["explain", "P1", "GENE"]) == 2
    assert "samples.tsv: patient P1 was changed since the results were made" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("column, name", [("patient", "p1"), ("sample", "AFTER")])
def test_names_that_differ_in_case_alone(study, column, name):
    more = {"patient": "P1", "sample": "further", "role": "tumor", "bam": "x.bam",
            "timepoint": "post", "day": "130"} | {column: name}  # fmt: skip
    study.world.rows.append(more)
    study.world.write_sheet()
    with pytest.raises(InputError) as caught:
        read_sheet(study.folder / "samples.tsv")
    assert any("differ in case alone" in line for line in caught.value.lines())


def test_two_samples_whose_bams_are_swapped(study):
    a, b = study.folder / "after.bam", study.folder / "before.bam"
    for suffix in ("", ".bai"):
        first, second, aside = Path(f"{a}{suffix}"), Path(f"{b}{suffix}"), study.folder / "aside"
        first.rename(aside)
        second.rename(first)
        aside.rename(second)
    assert study.stale() >= {"sheet", "qc", "call"}
    with contextlib.chdir(study.folder), pytest.raises(InputError) as caught:
        make_plan(study.config, lambda path: {})
    assert any("before" in line and "after" in line for line in caught.value.lines())


def test_one_bam_for_patients_of_two_names(study):
    study.world.rows += [
        {"patient": "P2", "sample": "skin2", "role": "normal", "bam": "skin.bam"},
        {"patient": "P2", "sample": "after2", "role": "tumor", "bam": "link.bam"},
    ]
    (study.folder / "link.bam").symlink_to("after.bam")
    study.world.write_sheet()
    with contextlib.chdir(study.folder), pytest.raises(InputError):
        make_plan(study.config, lambda path: {})


def test_a_pipe_for_a_bam(study):
    os.mkfifo(study.folder / "pipe.bam")
    study.row("after", bam="pipe.bam")
    with contextlib.chdir(study.folder), pytest.raises(InputError, match="no such BAM"):
        make_plan(study.config, lambda path: {})
    (study.folder / "pipe.bam").unlink()


def test_clocks_that_disagree(study):
    """A node whose clock is behind writes outputs that are younger than what is due."""
    page = study.folder / "results/report/P1.html"
    study.write(report={"paths": "full"})
    behind = page.stat().st_mtime - 3600
    suffixes = ("html", "json", "tsv", "maf", "vcf.gz", "vcf.gz.tbi")
    names = [f"P1.{suffix}" for suffix in suffixes] + ["pass/P1.vcf.gz", "pass/P1.vcf.gz.tbi"]
    for name in names:
        os.utime(study.folder / "results/report" / name, (behind, behind))
    binding = study.binding()
    binding.write()
    due = place(binding.outdir, "due", "report", "P1").stat().st_mtime
    assert behind < due < behind + 10


def test_half_a_results_folder(study):
    """A copy that was cut off: some records, some results, some of half their length."""
    results = study.folder / "results"
    (results / "annotate/P1.vcf.gz").write_bytes((results / "annotate/P1.vcf.gz").read_bytes()[:-9])
    for path in (results / ".resistpanel/made/resist").glob("*.json"):
        path.unlink()
    (results / "qc/P1.json").unlink()
    assert study.stale() >= {"qc", "annotate", "copynumber", "compare", "resist", "report"}


def test_records_of_another_results_folder(study, boundkit):
    """Results and records of a study of other reads, put in the place of this one's."""
    (study.folder / "results").rename(study.folder / "theirs")
    boundkit.write_bam(study.folder / "after.bam", groups=(("after.1", "after"),), reads=7)
    study.finish()
    (study.folder / "results").rename(study.folder / "ours")
    (study.folder / "theirs").rename(study.folder / "results")
    assert study.stale() == boundkit.READS


@pytest.mark.parametrize("name", ["report/P1.html", "report/P1.tsv", "report/cohort.html"])
def test_pages_of_a_backup(study, boundkit, name):
    """Put back without the records, and of the same size as those that were made since."""
    path = study.folder / "results" / name
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    assert study.stale() == ({"cohort"} if "cohort" in name else boundkit.REPORT)


def test_pages_that_were_touched_or_copied(study):
    path = study.folder / "results/report/P1.html"
    new = path.with_suffix(".new")
    new.write_bytes(path.read_bytes())
    new.replace(path)
    assert study.stale() == set()


def test_an_edit_taken_back_and_a_step_that_snakemake_runs_all_the_same(study, boundkit):
    """For a BAM that was touched, say: it records what it is given now."""
    study.write(call=study.config["call"] | {"extra": "--min-qual 15"})
    study.binding().write()  # a dry run
    study.write(call=study.config["call"] | {"extra": ""})
    study.binding().write()
    boundkit.written_step.write(place(study.folder / "results", "due", "call", "P1"))
    study.write(call=study.config["call"] | {"extra": "--min-qual 15"})
    assert study.stale() >= {"call"}


def test_a_moved_study_of_which_snakemake_runs_a_step(study, boundkit):
    """By its own records, since the paths of BAMs have changed."""
    moved = study.folder.parent / "moved"
    study.folder.rename(moved)
    study.folder = study.world.folder = moved
    study.binding().write()
    boundkit.written_step.write(place(moved / "results", "due", "call", "P1"))
    made = read(place(moved / "results", "made", "call", "P1"))
    assert made.inputs["reads of after"].path == str(moved / "after.bam")
    assert made.inputs["reads of after"].content
