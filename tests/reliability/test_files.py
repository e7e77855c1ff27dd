"""What a killed or refused write leaves behind."""

import errno
import signal
import subprocess
import sys

import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError, machine_fault
from resistpanel.core.files import replacing, write_text

KILLED = """
import os, signal, sys
from resistpanel.core.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_write_leaves_no_half_file_and_the_next_one_cleans_up(tmp_path):
    path = tmp_path / "a.json"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left != path
    stranger = tmp_path / ".otherhost.1.a.json"  # of a process on another node: not ours to judge
    stranger.write_text("")
    write_text(path, "whole")
    assert path.read_text() == "whole"
    assert sorted(tmp_path.iterdir()) == sorted([path, stranger])


def test_a_living_process_keeps_its_temporary_file(tmp_path):
    path = tmp_path / "a.json"
    code = KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "print(flush=True); input()")
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        other.stdout.readline()
        write_text(path, "ours")
        assert len(list(tmp_path.iterdir())) == 2
        other.communicate("\n")
    assert path.read_text() == "half"  # the last to finish
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, fault):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(type(fault)), replacing(path) as temporary:
        temporary.write_text("half")
        raise fault
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "free space"),
        (errno.EROFS, "can be written to"),
        (errno.EACCES, "permissions"),
    ],
)
def test_the_machines_refusals_are_one_line(number, words):
    error = OSError(number, "Refused", "/data/out.json")
    line = machine_fault(error)
    assert line.startswith("/data/out.json: Refused; ")
    assert words in line
    assert "\n" not in line


def test_a_fault_of_the_program_is_none_of_the_machines():
    assert machine_fault(OSError("could not be determined")) is None
    assert machine_fault(ValueError("x")) is None


def test_the_command_line_says_it_in_one_line(monkeypatch, capsys):
    for error, expected in (
        (OSError(errno.ENOSPC, "No space left on device", "x.vcf"), "x.vcf: No space left"),
        (MemoryError(), "out of memory"),
    ):

        def fail(args, error=error):
            raise error

        monkeypatch.setattr("resistpanel.qc.identity_command.run", fail)
        status = main(["identity", "a.json", "--output", "b.json"])
        told = capsys.readouterr().err
        assert status == 1
        assert told.startswith(f"resistpanel: error: {expected}")
        assert told.count("\n") == 1


@pytest.mark.parametrize(
    "name, words",
    [(".", "a folder, where a file is"), ("x.txt/out", "a part of its path is a file")],
)
def test_no_place_for_a_file(tmp_path, monkeypatch, name, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(InputError, match=words):
        write_text(name, "text")
