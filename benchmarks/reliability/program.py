"""A checkout's programs, as a user types them: ``resistpanel`` and ``snakemake`` of its ``.venv``.

A scenario that is run by these alone can be run by any version, whatever its modules are called.
"""

import dataclasses
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

#: Seconds after which a command is ended.
PATIENCE = 400
#: Bytes of memory that a command may take: a bomb must not end the machine.
ADDRESS_SPACE = 12 << 30


@dataclasses.dataclass(frozen=True)
class Done:
    """How a command ended.

    Attributes
    ----------
    status : int
        Exit status; negative: the signal that ended it.
    out, err : str
    seconds : float
        CPU seconds of it and its children.
    megabytes : float
        Peak resident memory of the largest of its processes.
    """

    status: int
    out: str
    err: str
    seconds: float
    megabytes: float

    @property
    def said(self) -> str:
        """Both streams."""
        return self.out + self.err

    @property
    def traceback(self) -> bool:
        """Whether a traceback was shown."""
        return "Traceback (most recent call last)" in self.said

    def line(self, width: int = 110) -> str:
        """Return the exit status and the line that says most."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        chosen = [line for line in lines if "error: " in line] or [
            line for line in lines if "done: " in line or "nothing wrong" in line
        ]
        said = (chosen or lines or ["(nothing said)"])[0 if "error: " in self.said else -1]
        return f"exit {self.status}: {said[:width]}".replace("\x1b", "ESC").replace("|", "/")


class Program:
    """The programs of a checkout.

    Parameters
    ----------
    checkout : Path
        Folder with ``Snakefile`` and ``.venv``.
    """

    def __init__(self, checkout: Path):
        self.checkout = checkout.absolute()
        self.bin = self.checkout / ".venv" / "bin"
        self.environment = {
            name: value for name, value in os.environ.items()
            if name not in ("PYTHONPATH", "PYTHONSAFEPATH", "RESISTPANEL_HOME")
        } | {"SOURCE_DATE_EPOCH": "0"}  # fmt: skip

    def words(self, *words: object) -> list[str]:
        """Return a command line of ``resistpanel``."""
        return [str(self.bin / "resistpanel"), *map(str, words)]

    def run(self, folder: Path, *words: object, **options) -> Done:
        """Run ``resistpanel`` in a folder; see `execute`."""
        return self.execute(self.words(*words), folder, **options)

    def snakemake(self, folder: Path, *words: object, **options) -> Done:
        """Run ``snakemake`` of the checkout in a folder; see `execute`."""
        program = [str(self.bin / "snakemake"), "--snakefile", str(self.checkout / "Snakefile")]
        return self.execute([*program, *map(str, words)], folder, **options)

    def start(
        self, words: list[str], folder: Path, more: Mapping[str, str] | None = None, **options
    ):
        """Start a command in a session of its own."""
        return subprocess.Popen(
            words, cwd=folder, env=self.environment | dict(more or {}), start_new_session=True,
            stdin=subprocess.DEVNULL, **options,
        )  # fmt: skip

    def execute(
        self, words: list[str], folder: Path, more: Mapping[str, str] | None = None, **options
    ) -> Done:
        """Run a command to its end, or for `PATIENCE`; `more` is added to its environment."""

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))

        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = self.start(
                words, folder, more, stdout=out, stderr=err, preexec_fn=limit, **options
            )
            status, usage = _wait(child)
            out.seek(0)
            err.seek(0)
            return Done(
                status, out.read().decode(errors="replace"), err.read().decode(errors="replace"),
                usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
            )  # fmt: skip


def _wait(child: subprocess.Popen) -> tuple[int, resource.struct_rusage]:
    end = time.monotonic() + PATIENCE
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage
        if time.monotonic() > end:
            os.killpg(child.pid, signal.SIGKILL)
            end += PATIENCE
        time.sleep(0.05)


def copy(source: Path, target: Path) -> Path:
    """Copy a folder with its times."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    return target
