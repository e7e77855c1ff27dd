"""Who holds a run's folder: a run that lives, or one that was killed and could not let go of it.

Snakemake locks the files of a run by a note in ``.snakemake/locks``, which says neither who wrote
it nor where; after SIGKILL or a power cut it stays. `resistpanel run` writes beside it who it is,
and takes the lock off itself where the run that left it is certain to be dead.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import write_json
from resistpanel.core.lease import Holder, holder_alive, is_remote, lease, this_process

LOCKS = Path(".snakemake/locks")
LOGS = Path(".snakemake/log")
RECORD = Path(".snakemake/resistpanel.json")
LOCK = Path(".snakemake/resistpanel.lock")
PROC = Path("/proc")
CURE = "if it no longer runs: `resistpanel run -- --unlock`, then the same command again"


def this_run(profile: str | None) -> Holder:
    """Return what is written of the run of this process."""
    return this_process(profile)


def locked() -> bool:
    """Return whether Snakemake's lock is in this folder."""
    try:
        return LOCKS.is_dir() and any(LOCKS.iterdir())
    except OSError:
        return False


def living(folder: Path) -> list[int] | None:
    """Return this user's processes of Snakemake or resistpanel that work in a folder.

    Those from which this one descends are left out. None where the system does not provide them.
    """
    if not (PROC / "self/cwd").exists():
        return None
    own, process = set(), os.getpid()
    with contextlib.suppress(OSError, ValueError, IndexError):
        while process >= 1:  # in a container this process may itself be number 1
            own.add(process)
            stat = (PROC / str(process) / "stat").read_text()
            process = int(stat.rsplit(")", 1)[1].split()[1])
    found = []
    for entry in PROC.glob("[0-9]*"):
        try:
            inside = (entry / "cwd").readlink() == folder.resolve()
            words = (entry / "cmdline").read_bytes() if inside else b""
        except OSError:
            continue  # it has ended, or is another user's
        names = {word.rpartition(b"/")[2] for word in words.split(b"\0")}
        if names & {b"snakemake", b"resistpanel"} and int(entry.name) not in own:
            found.append(int(entry.name))
    return sorted(found)


def _last() -> Holder | None:
    """Return who started the last run; None if it ended by itself, or a plain Snakemake came after.

    Each Snakemake keeps a log: the second since the record is of another run.
    """
    try:
        logs = [path.stat().st_mtime_ns for path in LOGS.glob("*.log")]
        if sum(time >= RECORD.stat().st_mtime_ns for time in logs) > 1:
            return None
        return Holder(**json.loads(RECORD.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def holder(profile: str | None = None) -> str | None:
    """Return why the lock of this folder must stay; None if there is none, or its run is dead.

    Dead is certain only of a run that this user started by `resistpanel run`, without a profile
    whose jobs may live elsewhere, which no longer holds its lock file, on this kernel or on a disk
    that no other host uses.
    """
    if not locked():
        return None
    here = Path.cwd()
    left = living(here)
    if left:
        return f"process {left[0]} is at work in {here}: wait for it, or end it"
    alive = holder_alive(LOCK)
    if alive:
        return f"{here}: {alive}"
    last = _last()
    if last is None:
        return f"{here} is locked by another Snakemake; {CURE}"
    mine = this_run(profile)
    same_kernel = bool(mine.boot) and last.boot == mine.boot
    if not same_kernel and is_remote(here) and (last.host != mine.host or left is None):
        return f"{here} is locked by process {last.process} of host {last.host}; {CURE}"
    if last.user != mine.user:
        return f"{here} is locked by a run of user {last.user}; {CURE}"
    if last.profile:
        return f"{here} is locked by a run with {last.profile}, its jobs may be alive; {CURE}"
    return None


@contextlib.contextmanager
def held(profile: str | None, outdir_lock: Path | None = None) -> Iterator[bool]:
    """Hold this folder, and the output folder; take off the lock of a run that was killed.

    Parameters
    ----------
    profile : str or None
        Snakemake's.
    outdir_lock : Path, optional
        Lock file of the output folder, which other working folders may name too.

    Yields
    ------
    bool
        Whether a lock was taken off.

    Raises
    ------
    InputError
        If another run is, or may be, at work in one of them.
    """
    reason = holder(profile)
    if reason:
        raise InputError(reason)
    with contextlib.ExitStack() as leases:
        leases.enter_context(lease(LOCK, str(Path.cwd()), profile)).lend()
        if outdir_lock:
            what = f"outdir {outdir_lock.parent.parent}"
            leases.enter_context(lease(outdir_lock, what, profile)).lend()
        stale = locked()
        if stale:
            shutil.rmtree(LOCKS)
        write_json(RECORD, asdict(this_run(profile)))
        try:
            yield stale
        finally:
            # Where Snakemake was killed the record stays with the lock, for the next run.
            if not locked():
                RECORD.unlink(missing_ok=True)
