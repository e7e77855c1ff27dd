"""Who holds a run's folder: a run that lives, or one that was killed and could not let go of it.

Snakemake locks the files of a run by a note in ``.snakemake/locks``, which says neither who wrote
it nor where; after SIGKILL or a power cut it stays. `resistpanel run` writes beside it who it is,
and takes the lock off itself where the run that left it is certain to be dead.
"""

import contextlib
import json
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import write_json

LOCKS = Path(".snakemake/locks")
LOGS = Path(".snakemake/log")
RECORD = Path(".snakemake/resistpanel.json")
PROC = Path("/proc")
CURE = "if it no longer runs: `resistpanel run -- --unlock`, then the same command again"


@dataclass(frozen=True)
class Run:
    """Who started a run, and where: `profile` is Snakemake's, of a cluster perhaps."""

    host: str
    user: int
    process: int
    profile: str | None


def this_run(profile: str | None) -> Run:
    """Return what is written of the run of this process."""
    return Run(platform.node(), os.getuid(), os.getpid(), profile)


def locked() -> bool:
    """Return whether Snakemake's lock lies in this folder."""
    try:
        return LOCKS.is_dir() and any(LOCKS.iterdir())
    except OSError:
        return False


def living(folder: Path) -> list[int] | None:
    """Return this user's processes of Snakemake or resistpanel that work in a folder.

    Those from which this one descends are left out. None where the system does not tell.
    """
    if not (PROC / "self/cwd").exists():
        return None
    own, process = set(), os.getpid()
    with contextlib.suppress(OSError, ValueError, IndexError):
        while process > 1:
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


def _last() -> Run | None:
    """Return who started the last run; None if it ended by itself, or a plain Snakemake came after.

    Each Snakemake keeps a log: the second since the record is of another run.
    """
    try:
        logs = [path.stat().st_mtime_ns for path in LOGS.glob("*.log")]
        if sum(time >= RECORD.stat().st_mtime_ns for time in logs) > 1:
            return None
        return Run(**json.loads(RECORD.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def holder(profile: str | None = None) -> str | None:
    """Return why the lock of this folder must stay; None if there is none, or its run is dead.

    Dead is certain only of a run that this user started by `resistpanel run` on this host, without
    a profile whose jobs may live elsewhere, and of which no process is left.
    """
    if not locked():
        return None
    here = Path.cwd()
    left = living(here)
    if left:
        return f"process {left[0]} is at work in {here}: wait for it, or end it"
    last = _last()
    if last is None:
        return f"{here} is locked by another Snakemake; {CURE}"
    mine = this_run(profile)
    if last.host != mine.host or left is None:
        return f"{here} is locked by process {last.process} of host {last.host}; {CURE}"
    if last.user != mine.user:
        return f"{here} is locked by a run of user {last.user}; {CURE}"
    if last.profile:
        return f"{here} is locked by a run with {last.profile}, its jobs may be alive; {CURE}"
    return None


@contextlib.contextmanager
def held(profile: str | None) -> Iterator[bool]:
    """Write down who runs here; take off the lock of a run that was killed.

    Yields
    ------
    bool
        Whether a lock was taken off.

    Raises
    ------
    InputError
        If another run is, or may be, at work in this folder.
    """
    reason = holder(profile)
    if reason:
        raise InputError(reason)
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
