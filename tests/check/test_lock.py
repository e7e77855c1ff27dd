"""The lock that a killed run leaves: taken off only where that run is certain to be dead."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from resistpanel.core import lease, lock
from resistpanel.core.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def leave(run: lock.Holder | None = None) -> None:
    """Leave what a killed run leaves."""
    if run:
        lock.RECORD.parent.mkdir(exist_ok=True)
        lock.RECORD.write_text(json.dumps(asdict(run)))
    lock.LOGS.mkdir(parents=True, exist_ok=True)
    (lock.LOGS / "1.snakemake.log").write_text("")
    lock.LOCKS.mkdir(parents=True, exist_ok=True)
    (lock.LOCKS / "0.output.lock").write_text("x\n")


def dead(**other) -> lock.Holder:
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
        (dead(host="elsewhere", boot="other"), "locked by process 999999999 of host elsewhere"),
        (dead(user=os.getuid() + 1), f"locked by a run of user {os.getuid() + 1}"),
        (dead(profile="slurm"), "locked by a run with slurm, its jobs may be alive"),
    ],
)
def test_a_lock_that_may_be_anothers_stays(folder, monkeypatch, run, words):
    monkeypatch.setattr(lock, "is_remote", lambda path: True)
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
    for module in (lock, lease):
        monkeypatch.setattr(module, "PROC", folder / "proc")
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


def test_a_run_of_another_container_or_boot_is_dead_on_a_disk_of_this_kernel(folder, monkeypatch):
    """flock is free, and no other kernel uses the disk: `docker run` again resumes."""
    monkeypatch.setattr(lock, "is_remote", lambda path: False)
    leave(dead(host="container", boot="before", namespace="pid:[1]"))
    assert lock.holder() is None


def test_a_living_run_in_another_pid_namespace_keeps_its_lock(folder, monkeypatch):
    """One host name, and /proc of this namespace shows nothing of it: its flock does."""
    leave(dead(namespace="pid:[1]"))
    code = (
        "import sys; from pathlib import Path; from resistpanel.core import lease\n"
        "held = lease.Lease(Path('.snakemake/resistpanel.lock'), 'x')\n"
        "print('up', flush=True); sys.stdin.read()"
    )
    monkeypatch.setattr(lock, "living", lambda folder: [])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
    ) as child:
        child.stdout.readline()
        assert f"process {child.pid} of host" in lock.holder()
        with pytest.raises(InputError, match="is at work there"), lock.held(None):
            pass
        child.kill()
        child.wait()
    assert lock.holder() is None


def test_process_number_one_finds_itself(folder, monkeypatch):
    """As in a container: it is no other run."""
    proc = folder / "proc"
    (proc / "1").mkdir(parents=True)
    (proc / "self").mkdir()
    for name in ("self", "1"):
        (proc / name / "cwd").symlink_to(folder)
    (proc / "1/stat").write_text("1 (resistpanel) S 0 1 1 0")
    (proc / "1/cmdline").write_bytes(b"/usr/bin/resistpanel\0run\0")
    monkeypatch.setattr(lock, "PROC", proc)
    monkeypatch.setattr(lock.os, "getpid", lambda: 1)
    assert lock.living(folder) == []


def outdir_lock(folder: Path, holder: lock.Holder, age: float = 0.0) -> Path:
    path = folder / "results/.resistpanel/lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(holder)))
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.mark.parametrize("age, free", [(10, False), (1000, True)])
def test_where_flock_does_not_hold_the_heartbeat_counts(folder, monkeypatch, age, free):
    other = dead(host="elsewhere", boot="other", namespace="pid:[1]")
    path = outdir_lock(folder, other, age)
    monkeypatch.setattr(lease, "_flock", lambda descriptor: None)
    monkeypatch.setattr(lease.time, "sleep", lambda seconds: None)
    if free:
        with lease.lease(path, "results") as mine:
            assert lease.noted(path) == mine.holder
    else:
        with pytest.raises(InputError, match=r"gave a sign of life 1. s ago"):
            lease.Lease(path, "results")


def test_a_dead_process_of_this_kernel_holds_nothing_without_flock(folder, monkeypatch):
    monkeypatch.setattr(lease, "_flock", lambda descriptor: None)
    monkeypatch.setattr(lease.time, "sleep", lambda seconds: None)
    with lease.lease(outdir_lock(folder, dead()), "results"):
        pass
    alive = lease.this_process()
    with pytest.raises(InputError, match="is at work there"):
        lease.Lease(outdir_lock(folder, alive), "results")


def test_two_runs_into_one_output_folder(folder):
    path = folder / "results/.resistpanel/lock"
    with lease.lease(path, "outdir results"):
        assert "is at work there" in lease.holder_alive(path)
        with pytest.raises(InputError, match=r"outdir results: process .* is at work there"):
            lease.Lease(path, "outdir results")
    assert lease.holder_alive(path) is None


OUTER = """
import os, subprocess, sys
from pathlib import Path
from resistpanel.core import lease
held = lease.Lease(Path("lock"), "x")
held.lend()
subprocess.Popen([sys.executable, "-c", sys.argv[1]], pass_fds=lease.inherited()).wait()
"""
INNER = """
import sys
from pathlib import Path
from resistpanel.core import lease
held = lease.Lease(Path("lock"), "x")
print(held.lent, flush=True)
sys.stdin.read()
"""


def test_a_child_holds_the_lease_of_a_parent_that_was_killed(folder):
    """`resistpanel run` is killed, Snakemake goes on: the output folder is not free."""
    with subprocess.Popen(
        [sys.executable, "-c", OUTER, INNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
    ) as parent:
        assert parent.stdout.readline() == b"True\n"
        parent.kill()
        parent.wait()
        assert "is at work there" in lease.holder_alive(folder / "lock")
        parent.stdin.close()
        parent.stdout.read()
    assert lease.holder_alive(folder / "lock") is None
