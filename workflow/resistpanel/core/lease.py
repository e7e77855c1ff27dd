"""Who is at work in a folder: one lock file with an advisory lock (flock) and a note of its holder.

flock is let go by the kernel when the last process that holds it ends, whatever ended it, and holds
across PID namespaces of one kernel. On a network file system it may be absent, or hold on one host
alone; there the note counts: host, boot, PID namespace, process, and the file's time, which the
holder renews (heartbeat).
"""

import contextlib
import errno
import fcntl
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from resistpanel.core.errors import InputError

PROC = Path("/proc")
#: Seconds between two heartbeats, and without one until a holder counts as dead.
BEAT, DEAD = 20.0, 90.0
#: Names the descriptors of leases that a parent process holds, for its child.
INHERITED = "RESISTPANEL_LEASES"
#: File systems whose flock may be unknown to other hosts.
REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs",
          "9p", "virtiofs", "afs", "orangefs", "pvfs2", "panfs", "wekafs", "ocfs2",
          "gfs2"}  # fmt: skip
#: What flock answers where there is none.
NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


@dataclass(frozen=True)
class Holder:
    """A process that holds a folder: `profile` is Snakemake's, of a cluster perhaps.

    `boot` and `namespace` say which kernel and which process numbers `process` belongs to;
    `started` (clock ticks after the boot) distinguishes it from a later process of the same number.
    """

    host: str
    user: int
    process: int
    profile: str | None = None
    boot: str = ""
    namespace: str = ""
    started: int = 0


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str((PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def started(process: int) -> int:
    """Return when a process began, in clock ticks after the boot; 0 if there is none."""
    try:
        stat = (PROC / str(process) / "stat").read_text()
        return int(stat.rsplit(")", 1)[1].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def this_process(profile: str | None = None) -> Holder:
    """Return what is noted of this process."""
    return Holder(
        platform.node(), os.getuid(), os.getpid(), profile,
        _text(PROC / "sys/kernel/random/boot_id"), _namespace(), started(os.getpid()),
    )  # fmt: skip


def noted(path: Path) -> Holder | None:
    """Return the holder that a lock file names; None if it names none that can be read."""
    try:
        return Holder(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def is_remote(path: Path) -> bool:
    """Return whether a path is on a file system that other hosts may use too."""
    best, kind = "", ""
    place = os.path.realpath(path)
    for line in _text(PROC / "self/mountinfo").splitlines():
        fields = line.split()
        mount = fields[4].replace("\\040", " ")
        if len(mount) >= len(best) and os.path.commonpath([mount, place]) == mount:
            best, kind = mount, fields[fields.index("-") + 1]
    return not kind or kind in REMOTE or kind.startswith("fuse.")


def _age(path: Path) -> float:
    """Return the seconds since a file's heartbeat, by the clock of its file system."""
    probe = path.with_name(f".{os.getpid()}.{path.name}.now")
    try:
        probe.touch()
        os.utime(probe)
        return probe.stat().st_mtime - path.stat().st_mtime
    except OSError:
        return time.time() - path.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _flock(descriptor: int) -> bool | None:
    """Return whether the lock was got; None where there is no flock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_FLOCK:
            return None
        return False
    return True


def _alive(path: Path, holder: Holder | None, got: bool | None) -> str | None:
    """Return why a holder counts as alive, or None."""
    if got is False:
        who = f"process {holder.process} of host {holder.host}" if holder else "another process"
        return f"{who} is at work there: wait for it, or end it"
    if holder is None:
        return None
    mine = this_process()
    same_kernel = bool(mine.boot) and holder.boot == mine.boot
    if got and (same_kernel or not is_remote(path)):
        return None
    who = f"process {holder.process} of host {holder.host}"
    if same_kernel and holder.namespace == mine.namespace:
        alive = started(holder.process) == holder.started != 0
        return f"{who} is at work there: wait for it, or end it" if alive else None
    age = _age(path)
    if age < DEAD:
        return (
            f"{who} gave a sign of life {max(age, 0):.0f} s ago: wait for it, or, if it was "
            f"killed, try again in {DEAD:.0f} s"
        )
    return None


def holder_alive(path: Path) -> str | None:
    """Return why the holder of a lock file counts as alive; None if it is free. Changes nothing."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _is_mine(path):
            return None
        return _alive(path, noted(path), _flock(descriptor))
    finally:
        os.close(descriptor)


def inherited() -> list[int]:
    """Return the descriptors of leases that this process holds and hands on to Snakemake."""
    found = []
    for word in os.environ.get(INHERITED, "").split(","):
        if word.isdigit():
            with contextlib.suppress(OSError):
                os.fstat(int(word))
                found.append(int(word))
    return found


def _is_mine(path: Path) -> bool:
    """Return whether a parent process holds the lock file for this one."""
    try:
        wanted = path.stat()
    except OSError:
        return False
    return any(os.path.samestat(os.fstat(descriptor), wanted) for descriptor in inherited())


class Lease:
    """A folder's lock file, held until `release`, or until this process and its child end.

    Parameters
    ----------
    path : Path
        The lock file.
    what : str
        The folder, for messages.
    profile : str, optional
        Snakemake's profile.

    Raises
    ------
    InputError
        If another process holds it, or may.
    """

    def __init__(self, path: Path, what: str, profile: str | None = None):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.before = noted(path)
        self._stop = threading.Event()
        self.lent = _is_mine(path)
        if self.lent:
            wanted = path.stat()
            self.descriptor = next(d for d in inherited() if os.path.samestat(os.fstat(d), wanted))
            # Jobs are not to hold it.
            os.set_inheritable(self.descriptor, False)
        else:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            got = _flock(self.descriptor)
            reason = _alive(path, self.before, got)
            if reason:
                os.close(self.descriptor)
                raise InputError(reason, what)
        self.holder = this_process(profile or (self.before.profile if self.lent else None))
        self._note()
        if not self.lent and got is None:
            self._settle(what)
        threading.Thread(target=self._beat, daemon=True).start()

    def _note(self) -> None:
        data = json.dumps(asdict(self.holder)).encode()
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, data, 0)
        os.fsync(self.descriptor)

    def _settle(self, what: str) -> None:
        """Without flock two processes may have taken it at once: the later note counts."""
        time.sleep(1.0)
        if noted(self.path) != self.holder:
            os.close(self.descriptor)
            raise InputError("another process has just begun there", what, "wait for it")

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            with contextlib.suppress(OSError):
                os.utime(self.descriptor)

    def lend(self) -> None:
        """Let the next child process that is given the descriptor hold the lease, too."""
        words = [*map(str, inherited()), str(self.descriptor)]
        os.environ[INHERITED] = ",".join(words)

    def release(self) -> None:
        """Let go; the lock file stays, empty."""
        self._stop.set()
        if self.descriptor >= 0:
            left = [str(d) for d in inherited() if d != self.descriptor]
            os.environ[INHERITED] = ",".join(left)
            if not self.lent:  # else the parent process still holds it
                with contextlib.suppress(OSError):
                    os.ftruncate(self.descriptor, 0)
            os.close(self.descriptor)
            self.descriptor = -1


@contextlib.contextmanager
def lease(path: Path, what: str, profile: str | None = None) -> Iterator[Lease]:
    """Hold a folder for a while; see `Lease`."""
    held = Lease(path, what, profile)
    try:
        yield held
    finally:
        held.release()
