"""`resistpanel verify`: results against their inputs, their configuration, and each other."""

import json
import shutil

import pytest

from resistpanel.cli import main
from resistpanel.core.agreement import check_patient, check_report
from resistpanel.core.errors import InputError
from resistpanel.core.made import place
from resistpanel.core.moved import Study
from resistpanel.inputs.owner import write_owner


@pytest.fixture
def results(study, monkeypatch):
    """The results of a study whose configuration is known; its folder is the working folder."""
    monkeypatch.chdir(study.folder)
    from resistpanel.inputs.plan import make_plan

    plan, _ = make_plan(study.config, lambda path: {}, headers=False)
    write_owner(plan.settings, ["config.yaml"])
    return study


def verify(capsys, *arguments) -> tuple[int, list[str], str]:
    status = main(["verify", "results", *arguments])
    streams = capsys.readouterr()
    return status, streams.err.splitlines(), streams.out


def test_all_agrees(results, capsys):
    assert verify(capsys) == (
        0, [], "14 steps: results agree with their inputs and with each other\n"
    )  # fmt: skip


def test_no_record(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    status, lines, _ = verify(capsys)
    assert status == 2
    assert "contains no provenance records" in lines[0]


@pytest.mark.parametrize(
    "name, words",
    [
        ("after.bam", "sheet of P1: reads of after ({folder}/after.bam): is not the file that"),
        ("germline.vcf.gz.tbi", "call of P1: germline.tbi ({folder}/germline.vcf.gz.tbi): is not"),
        ("catalog/resistance.tsv", "resist of P1: catalogue resistance.tsv"),
        ("results/compare/P1.json", "results/compare/P1.json: was changed after it was made"),
        ("results/report/P1.tsv", "results/report/P1.tsv: was changed after it was made"),
    ],
)
def test_a_changed_file_is_named(results, capsys, name, words):
    """Same size and time, as no plan would look at a page's bytes."""
    path = results.folder / name
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    status, lines, out = verify(capsys)
    assert (status, out) == (2, "")
    assert any(words.format(folder=results.folder) in line for line in lines), lines


def test_another_sheet_and_configuration(results, capsys):
    results.row("after", drugs="imatinib")
    results.write(qc={"tumor_mean_depth": 100})
    status, lines, _ = verify(capsys)
    assert status == 2
    assert any("sheet of P1: the sheet's rows changed" in line for line in lines)
    assert any("qc of P1: qc changed" in line for line in lines)


def test_inputs_that_were_archived_are_named(results, capsys):
    results.world.reference.rename(results.folder / "archived.fa")
    (results.folder / "config.yaml").unlink()
    status, lines, out = verify(capsys)
    assert status == 0
    assert "14 steps: results agree with each other and with" in out
    assert "inputs; 1 no longer exist; sheet and configuration were not compared" in out
    assert sum("genome.fa:" in line for line in lines) == 1
    assert any("genome.fa: no longer exists" in line and "note" in line for line in lines)
    assert any("the configuration of the last run is not there" in line for line in lines)


def test_mixed_versions_and_pages_without_a_record(results, capsys):
    made = place(results.folder / "results", "made", "annotate", "P1")
    value = json.loads(made.read_text())
    value["software"]["resistpanel"] = "0.0.9"
    made.write_text(json.dumps(value))
    place(results.folder / "results", "made", "report", "P1").unlink()
    status, lines, _ = verify(capsys)
    assert status == 2
    assert any("results of several versions (resistpanel 0.0.9" in line for line in lines)
    assert any("report/P1.html: has no record of what it was made from" in line for line in lines)


@pytest.mark.parametrize("name", ["after.bam", "results/compare/P1.json", "genome.fa"])
def test_the_report_is_refused(results, name):
    outdir = results.folder / "results"
    check_patient(outdir, "P1")
    with (results.folder / name).open("ab") as out:
        out.write(b"x")
    with pytest.raises(InputError, match="is not the file that it was made from"):
        check_patient(outdir, "P1")


@pytest.mark.parametrize(
    "name, words",
    [("after.bam", "reads of after"), ("catalog/resistance.tsv", "catalogue resistance.tsv"),
     ("results/annotate/P1.vcf.gz", "calls")],
)  # fmt: skip
def test_explain_refuses_results_of_other_input(results, capsys, name, words):
    """Before it reads them: its numbers would be of another BAM or catalogue."""
    with (results.folder / name).open("ab") as out:
        out.write(b"#\n")
    assert main(["explain", "P1", "GENE"]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    line = next(line for line in streams.err.splitlines() if words in line)
    assert line.endswith("is not the file that it was made from; run the workflow again")


def test_the_cohort_refuses_a_report_that_was_edited(results):
    path = results.folder / "results/report/P1.json"
    check_report(path)
    path.write_text("{}")
    with pytest.raises(InputError, match="was changed after it was made"):
        check_report(path)


@pytest.fixture
def copied(results, monkeypatch):
    """A copy of the study, away from the original, which is there still."""
    folder = results.folder.with_name("copied")
    shutil.copytree(results.folder, folder)
    monkeypatch.chdir(folder.parent)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["copied/results", "copied"])
def test_a_copy_agrees_and_says_that_its_paths_are_others(copied, capsys, name):
    assert main(["verify", name]) == 0
    streams = capsys.readouterr()
    assert streams.out == "14 steps: results agree with their inputs and with each other\n"
    assert "sheet of P1: the paths of the sheet's files changed (was " in streams.err
    assert "no longer exists" not in streams.err


@pytest.mark.parametrize("original", [True, False], ids=["copied", "moved"])
def test_the_bam_of_a_copy_is_compared_and_not_the_one_it_was_made_from(
    results, copied, capsys, original
):
    if not original:
        results.folder.rename(results.folder.with_name("away"))
    shutil.copy2(copied / "before.bam", copied / "after.bam")
    try:
        assert main(["verify", "copied/results"]) == 2
    finally:
        if not original:
            results.folder.with_name("away").rename(results.folder)
    err = capsys.readouterr().err
    assert f"reads of after ({copied}/after.bam): is not the file that it was made from" in err


def test_the_sheet_of_a_copy_is_compared(copied, capsys):
    sheet = copied / "samples.tsv"
    sheet.write_text(sheet.read_text().replace("PLX4032", "imatinib"))
    assert main(["verify", "copied/results"]) == 2
    assert "sheet of P1: the sheet's rows changed; run the" in capsys.readouterr().err
    assert main(["explain", "P1", "GENE", "--directory", "copied"]) == 2
    assert "patient P1 was changed since the results were made" in capsys.readouterr().err


def test_the_configuration_given_for_results_whose_study_is_gone(results, copied, capsys):
    note = place(copied / "results", "made", "x", "y").parents[2] / "owner.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"folder": "/gone", "outdir": "/g"}))
    assert main(["verify", "copied/results", "--config", "copied/config.yaml"]) == 0
    assert "not compared" not in capsys.readouterr().err


def test_nothing_is_said_to_agree_if_no_reads_were_compared(results, capsys):
    for path in results.folder.glob("*.bam"):
        path.rename(path.with_suffix(".archived"))
    status, lines, out = verify(capsys)
    assert (status, out) == (1, "")
    assert lines[-1].startswith("resistpanel: error: results: 0 of ")
    assert "BAM or FASTQ files compared: not verified" in lines[-1]


def test_a_path_through_a_folder_that_is_gone(tmp_path):
    (tmp_path / "x.bam").touch()
    assert Study().find(f"{tmp_path}/gone/../x.bam") == tmp_path / "x.bam"
