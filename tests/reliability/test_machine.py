"""What of the machine stops a run."""

from pathlib import Path

import pytest

from resistpanel.inputs import machine

LOG = """\
[Sat Nov 21 11:45:08 2026]
Error in rule call:
    message: None
    jobid: 3
    input: a.bam
    output: results/call/P1.vcf.gz
    log: {log} (check log file(s) for error details)
    shell:
        resistpanel call
"""


def test_a_job_that_was_killed_is_named(tmp_path):
    job = tmp_path / "call.log"
    log = tmp_path / "snakemake.log"
    log.write_text(LOG.format(log=job) * 2)
    job.touch()
    assert machine.why([log], tmp_path) == machine.why(str(log), tmp_path)
    (line,) = machine.why(log, tmp_path)
    assert line.startswith(f"{job}: rule call failed without a message")
    assert "--set-resources call:mem_mb=N" in line


def test_a_job_that_says_why_needs_no_note(tmp_path):
    job = tmp_path / "call.log"
    log = tmp_path / "snakemake.log"
    log.write_text(LOG.format(log=job))
    job.write_text("resistpanel: error: a.bam: truncated\n")
    assert machine.why(log, tmp_path) == []
    assert machine.why(tmp_path / "none.log", tmp_path) == []


def test_a_full_disk(tmp_path, monkeypatch):
    usage = machine.shutil.disk_usage(tmp_path)._replace(free=4096)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: usage)
    (error,) = machine.check_writable(tmp_path / "new" / "results")
    assert error.line().endswith("results: the disk is full; free space there")


def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.os, "access", lambda path, mode: path != tmp_path)
    (error,) = machine.check_writable(tmp_path / "results")
    assert "cannot be written to" in error.line()
    assert str(tmp_path) in error.line()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "results").write_text("")
    (error,) = machine.check_writable(tmp_path / "results" / "run1")
    assert "is a file" in error.line()


@pytest.mark.parametrize("name", ["", "new", "new/deep/er"])
def test_a_folder_that_can_be_made(tmp_path, name):
    assert list(machine.check_writable(tmp_path / name)) == []
    assert machine.existing(tmp_path / name) == tmp_path
    assert machine.existing(Path("/")) == Path("/")
