"""A broken input, how it is run, and what is made of its end."""

import dataclasses
import io
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

#: A command that takes longer than this hangs: unbroken, each takes about a second.
SECONDS = 180
#: How a problem is said; before the colon argparse puts the command.
ERROR = re.compile(r"resistpanel[a-z ]*: error: ")
#: Address space of a command, bytes: a broken length field must not take the machine's memory.
ADDRESS_SPACE = 6 << 30


@dataclasses.dataclass
class Case:
    """One broken input.

    Attributes
    ----------
    group, name : str
    build : callable
        Makes the files in an empty folder and returns the command lines to run one after another,
        up to the first that refuses.
    expect : str
        ``refused``: one of the commands must end with status 2 and one line for each problem.
        ``same``: all must succeed, and the result be that of the unbroken input.
        ``either``: refused, or the same result.
        ``any``: refused, or whatever the values as given mean: no traceback, no hang.
    result : callable, optional
        Reads the result in the folder; compared with `baseline`.
    baseline : object
    """

    group: str
    name: str
    build: Callable[[Path], list[list[str]]]
    expect: str = "refused"
    result: Callable[[Path], object] | None = None
    baseline: object = None


@dataclasses.dataclass
class Outcome:
    """What became of a case: `verdict` is ``refused``, ``accepted`` or what is wrong."""

    case: Case
    verdict: str
    said: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it ended as it must."""
        return self.verdict in ("refused", "accepted")


def _child(argv: list[str], out: Path, err: Path) -> None:
    """Run a command line in this process, which is a child, and leave."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for stream, path in ((1, out), (2, err)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, stream)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"), write_through=True)
    # As Python itself makes it.
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb"), write_through=True, errors="backslashreplace")
    status = 70
    try:
        from resistpanel.cli import main

        status = main(argv)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)


def run(argv: list[str], folder: Path, seconds: float = SECONDS) -> tuple[int | str, str]:
    """Run a command line in a child; return its status (or what befell it) and standard error."""
    out, err = folder / "stdout", folder / "stderr"
    pid = os.fork()
    if not pid:
        os.chdir(folder)
        _child(argv, out, err)
    end = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return f"hung for {seconds:.0f} s", err.read_text(errors="replace")
        time.sleep(0.005)
    said = err.read_text(errors="replace") if err.exists() else ""
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}", said
    return os.WEXITSTATUS(status), said


def judge(case: Case, folder: Path, seconds: float = SECONDS) -> Outcome:
    """Make a case's files, run its commands, and say what is to be made of it."""
    start = time.monotonic()
    commands = case.build(folder)
    said = ""

    def outcome(verdict: str) -> Outcome:
        return Outcome(case, verdict, said, time.monotonic() - start)

    for argv in commands:
        status, said = run(argv, folder, seconds)
        where = f"`{argv[0]}`"
        if isinstance(status, str):
            return outcome(f"{where} {status}")
        if "Traceback (most recent call last)" in said:
            return outcome(f"{where} ended in a traceback")
        if status == 0:
            continue
        errors = [line for line in said.splitlines() if ERROR.match(line)]
        if status != 2 or not errors:
            return outcome(f"{where} ended with status {status} and {len(errors)} lines of error")
        if case.expect == "same":
            return outcome(f"{where} refused what is right")
        return outcome("refused")
    if case.expect == "refused":
        return outcome("accepted what is wrong")
    if case.expect in ("same", "either") and case.result:
        found = case.result(folder)
        if found != case.baseline:
            return outcome(f"a wrong result: {_difference(found, case.baseline)}")
    return outcome("accepted")


def _difference(found: object, baseline: object) -> str:
    if isinstance(found, dict) and isinstance(baseline, dict):
        keys = [
            key for key in found.keys() | baseline.keys() if found.get(key) != baseline.get(key)
        ]
        return ", ".join(f"{key}: {found.get(key)}" for key in sorted(keys)[:3])
    return str(found)[:200]
