"""What of the machine stops a run: a read-only folder, a full disk, a killed job."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.inputs.inputs_constants import LEAST_SPACE

#: How Snakemake's log names a failed rule and its log file.
FAILED = re.compile(r"^Error in (?:rule|group) (\S+?):?$")
LOG = re.compile(r"^ *log: (.*?)(?: \(check log file.*)?$")


def existing(path: Path) -> Path:
    """Return a path, or the nearest folder above it that is there."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def check_writable(outdir: Path) -> Iterator[InputError]:
    """Yield why nothing can be written to a folder that may not be there yet."""
    try:
        place = existing(outdir)
        if not place.is_dir():
            yield InputError(
                f"the output folder cannot be made: {place} is a file", f"outdir {outdir}"
            )
        elif not os.access(place, os.W_OK | os.X_OK):
            yield InputError(
                f"the output folder cannot be written to ({place} is read-only, or not yours)",
                f"outdir {outdir}",
                "give another with key 'outdir'",
            )
        elif shutil.disk_usage(place).free < LEAST_SPACE:
            yield InputError("the disk is full", f"outdir {outdir}", "free space there")
    except OSError as error:
        yield InputError(f"the output folder cannot be used: {error.strerror}", str(outdir)[:200])


def check_folders(outdir: Path) -> Iterator[InputError]:
    """Yield why a run that is started here can write neither its results nor its records."""
    yield from check_writable(outdir)
    if not os.access(Path.cwd(), os.W_OK | os.X_OK):
        yield InputError(
            "no permission to write here, where Snakemake keeps its records",
            str(Path.cwd()),
            "start the run in a folder of yours",
        )


def failed_jobs(text: str) -> Iterator[tuple[str, Path]]:
    """Yield rule and log file of each failed job that Snakemake's log names."""
    rule = None
    for line in text.splitlines():
        if match := FAILED.match(line):
            rule = match[1]
        elif rule and (match := LOG.match(line)):
            yield rule, Path(match[1].split(",")[0])
            rule = None


def why(logs: str | Path | Iterable[str | Path], outdir: Path) -> list[str]:
    """Return what is to be said of a failed run beyond the jobs' own logs.

    Parameters
    ----------
    logs : path or paths
        Snakemake's own logs of the run: one until version 8, a list since.
    outdir : Path
        The workflow's output folder.
    """
    notes = []
    for error in check_writable(outdir):
        notes.append(error.line())
    text = ""
    for log in [logs] if isinstance(logs, str | Path) else logs:
        with contextlib.suppress(OSError):
            text += Path(log).read_text(encoding="utf-8", errors="replace") + "\n"
    for rule, path in dict.fromkeys(failed_jobs(text)):
        if not notes and path.is_file() and not path.stat().st_size:
            notes.append(
                f"{path}: rule {rule} failed without a message: the job was probably killed for "
                f"lack of memory; run the same command again, with --set-resources {rule}:mem_mb=N "
                "on a cluster, or fewer --cores on this machine"
            )
    return notes
