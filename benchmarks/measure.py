"""CPU time and peak memory of a command. Standard library only, and small on purpose:
Linux counts a child's peak memory from the fork on, so the parent's size is its floor."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Usage:
    """What a command used: seconds and, in MB (10^6 bytes), its largest resident set."""

    cpu: float
    wall: float
    memory: float
    status: int
    stderr: str


def run(command: list[str], stdout=subprocess.DEVNULL, environment: dict | None = None) -> Usage:
    """Run a command and return the CPU time and peak memory of it and its children."""
    with tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=stdout, stderr=err, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        return Usage(
            cpu=used.ru_utime + used.ru_stime,
            wall=wall,
            memory=used.ru_maxrss * 1024 / 1e6,  # Linux counts in KiB
            status=process.returncode,
            stderr=err.read().decode(errors="replace"),
        )
