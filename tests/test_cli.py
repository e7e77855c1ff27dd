"""The command line as a whole: help, completion, exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resistpanel import cli
from resistpanel.core.builds import build_named

RESISTPANEL = Path(sys.executable).with_name("resistpanel")


def complete(line: str, answer: Path) -> list[str]:
    """Return what a shell would offer at the end of a line (argcomplete's protocol)."""
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run(
        ["sh", "-c", 'exec "$0" 8>"$1" 9>/dev/null', RESISTPANEL, answer],
        cwd=answer.parent,
        env=os.environ | asked,
        check=True,
        capture_output=True,
    )
    return answer.read_text().split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("resistpanel ex", ["explain"]),
        ("resistpanel run --pro", ["--profile"]),
        ("resistpanel demo --patient ", ["amplification", "melanoma", "plasma"]),
        ("resistpanel explain M", ["MEL1", "MEL2"]),
        ("resistpanel init --drug vemu", ["vemurafenib"]),
        ("resistpanel run --profile ", ["default", "slurm"]),
    ],
)
def test_completion(line, offered, tmp_path):
    (tmp_path / "results" / "compare").mkdir(parents=True)
    for patient in ("MEL1", "MEL2", "P3"):
        (tmp_path / "results" / "compare" / f"{patient}.json").touch()
    assert complete(line, tmp_path / "answer") == offered


def test_code_for_a_shell(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--completion", "bash"])
    assert end.value.code == 0
    assert "resistpanel" in capsys.readouterr().out


def test_help_lists_commands_before_stages_and_the_exit_status(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    places = [text.index(f"\n  {name} ") for name in cli.STEPS]
    assert places == sorted(places)
    assert "130 interrupted" in text


@pytest.mark.parametrize("step", cli.STEPS)
def test_help_of_a_step_has_examples_and_exit_status(step, capsys):
    with pytest.raises(SystemExit):
        cli.main([step, "--help"])
    text = capsys.readouterr().out
    assert f"\n  resistpanel {step}" in text
    assert "exit status" in text


def test_interruption_is_130(monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("resistpanel.inputs.init_command.run", interrupted)
    assert cli.main(["init"]) == 130
    assert capsys.readouterr().err == "resistpanel: interrupted\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nosuchstep"], "unknown command 'nosuchstep'; commands: init, check, run, "),
        (["chek"], "unknown command 'chek'; did you mean 'check'?"),
        (["explane", "P1", "C121S"], "unknown command 'explane'; did you mean 'explain'?"),
        (["run", "--directry", "x"], "unknown option '--directry'; did you mean '--directory'?"),
        (["run", "x", "--core", "2"], "unknown option '--core'; did you mean '--cores'?"),
        (["init", "--drugs=x"], "unknown option '--drugs'; did you mean '--drug'?"),
        (["init", "x", "--qxz", "y"], "unknown option '--qxz'; `resistpanel init --help` lists"),
        (["explain"], "the following arguments are required: PATIENT, VARIANT"),
        (["run", "nowhere"], "nowhere: no such folder; arguments for Snakemake follow after --"),
        (["check", "a", "--directory", "b"], "FOLDER a: --directory: is given, too; give one"),
    ],
)
def test_bad_usage_is_one_line_and_2(words, line, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    try:
        status = cli.main(words)
    except SystemExit as end:
        status = end.code
    error = capsys.readouterr().err
    assert status == 2
    assert error.startswith(f"resistpanel: error: {line}") and error.count("\n") == 1


def test_a_folder_and_arguments_of_snakemake(monkeypatch):
    seen = []
    monkeypatch.setattr("resistpanel.run.command.run", seen.append)
    cli.main(["run", "study", "--cores", "2", "--", "--forcerun", "report"])
    cli.main(["run", "--", "multiqc"])
    assert [(str(a.folder), a.cores, a.snakemake) for a in seen] == [
        ("study", "2", ["--forcerun", "report"]),
        ("None", None, ["multiqc"]),
    ]


def test_names_of_builds():
    for name in ("GRCh37", "b37", "hg37", "hs37d5", "HG19", "human_g1k_v37", "GRCh37.p13"):
        assert build_named(name) == "hg19"
    for name in ("GRCh38", "b38", "hs38DH", "hg38", "GRCh38.d1.vd1"):
        assert build_named(name) == "hg38"
    assert build_named("hg190") is build_named("mm10") is None
