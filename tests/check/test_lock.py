"""The lock that a killed run leaves: taken off only where that run is certain to be dead."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from resistpanel.core import lock
from resistpanel.core.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def leave(run: lock.Run | None = None) -> None:
    """Leave what a killed run leaves."""
    if run:
        lock.RECORD.parent.mkdir(exist_ok=True)
        lock.RECORD.write_text(json.dumps(asdict(run)))
    lock.LOGS.mkdir(parents=True, exist_ok=True)
    (lock.LOGS / "1.snakemake.log").write_text("")
    lock.LOCKS.mkdir(parents=True, exist_ok=True)
    (lock.LOCKS / "0.output.lock").write_text("x\n")


def dead(**other) -> lock.Run:
    return replace(lock.this_run(None), process=999999999, **other)


def test_nothing_is_locked(folder):
    with lock.held(None) as killed:
        assert not killed
        assert json.loads(lock.RECORD.read_text())["process"] == os.getpid()
    assert not lock.RECORD.exists()


def test_the_lock_of_a_dead_run_is_taken_off(folder):
    leave(dead())
    assert lock.holder() is None
    with lock.held(None) as killed:
        assert killed
        assert not lock.locked()
    assert not lock.RECORD.exists()


def test_the_record_stays_with_a_lock(folder):
    """Snakemake was killed, `resistpanel run` was not."""
    with lock.held(None):
        leave()
    assert lock.RECORD.exists()
    assert lock.holder() is None


@pytest.mark.parametrize(
    "run, words",
    [
        (None, "locked by another Snakemake"),
        (dead(host="elsewhere"), "locked by process 999999999 of host elsewhere"),
        (dead(user=os.getuid() + 1), f"locked by a run of user {os.getuid() + 1}"),
        (dead(profile="slurm"), "locked by a run with slurm, its jobs may be alive"),
    ],
)
def test_a_lock_that_may_be_anothers_stays(folder, run, words):
    leave(run)
    with pytest.raises(InputError, match=words) as caught, lock.held(None):
        pass
    assert caught.value.line().endswith(
        "if it no longer runs: `resistpanel run -- --unlock`, then the same command again"
    )
    assert lock.locked()


def test_a_plain_snakemake_after_the_killed_run(folder):
    leave(dead())
    (lock.LOGS / "2.snakemake.log").write_text("")
    assert "another Snakemake" in lock.holder()


def test_without_a_list_of_processes_the_lock_stays(folder, monkeypatch):
    leave(dead())
    monkeypatch.setattr(lock, "PROC", folder / "proc")
    assert "is locked by process 999999999" in lock.holder()


def test_a_process_that_lives_in_the_folder_keeps_it(folder):
    """An orphaned job, or the run itself, found by its name and its folder."""
    leave(dead())
    program = folder / "resistpanel"
    program.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE) as child:
        try:
            child.stdout.readline()
            assert (
                lock.holder()
                == f"process {child.pid} is at work in {folder}: wait for it, or end it"
            )
            assert lock.living(folder.parent) == []
        finally:
            child.kill()
    end = time.monotonic() + 10
    while lock.holder() and time.monotonic() < end:
        time.sleep(0.05)
    assert lock.holder() is None
