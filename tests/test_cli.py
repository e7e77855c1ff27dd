"""The command line as a whole: help, completion, exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resistpanel import cli

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
        ("resistpanel demo --patient ", ["amplification", "melanoma"]),
    ],
)
def test_completion(line, offered, tmp_path):
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


def test_bad_usage_is_2(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["nosuchstep"])
    assert end.value.code == 2
    assert "nosuchstep" in capsys.readouterr().err
