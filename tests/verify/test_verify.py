"""`resistpanel verify`: results against their inputs, their configuration, and each other."""

import json

import pytest

from resistpanel.cli import main
from resistpanel.core.agreement import check_patient, check_report
from resistpanel.core.errors import InputError
from resistpanel.core.made import place
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
    status, lines, _ = verify(capsys)
    assert status == 0
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
