"""The aligners: their index of the reference, and the alignments of a lane in order."""

import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pysam

from resistpanel.align import minimap
from resistpanel.align.align_constants import BATCH
from resistpanel.align.fastq import Lane
from resistpanel.core.errors import InputError
from resistpanel.core.files import read_json, write_json

#: Preferred first; mappy needs nothing but the package.
ALIGNERS = ("bwa-mem2", "bwa", "mappy")
#: Note beside the index: which aligner made it.
NOTE = "index.json"


def choose(aligner: str) -> str:
    """Return the aligner to use.

    Raises
    ------
    InputError
        If the one asked for is not there.
    """
    if aligner == "auto":
        return next(name for name in ALIGNERS if name == "mappy" or shutil.which(name))
    if aligner != "mappy" and shutil.which(aligner) is None:
        raise InputError(
            f"aligner '{aligner}' is not in the path",
            "key 'align.aligner'",
            "install it, let Snakemake do so from workflow/envs/bwa.yaml, or use mappy",
        )
    return aligner


def version(aligner: str) -> str:
    """Return an aligner's version."""
    if aligner == "mappy":
        return minimap.VERSION
    words = [aligner, "version"] if aligner == "bwa-mem2" else [aligner]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if aligner == "bwa-mem2":
        return (done.stdout.split() or ["?"])[-1]
    line = next((x for x in done.stderr.splitlines() if x.startswith("Version:")), "Version: ?")
    return line.split(":", 1)[1].strip()


def make_index(reference: Path, folder: Path, aligner: str = "auto") -> dict:
    """Index the reference for an aligner in a folder; return the note that is left there.

    Raises
    ------
    InputError
        If the aligner is not there or fails.
    """
    aligner = choose(aligner)
    folder.mkdir(parents=True, exist_ok=True)
    if aligner == "mappy":
        minimap.index(reference, folder / "reference")
    else:
        command = [aligner, "index", "-p", str(folder / "reference"), str(reference)]
        print("+ " + shlex.join(command), file=sys.stderr, flush=True)
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        if done.returncode:
            raise InputError(f"{aligner} index failed (exit status {done.returncode})")
    note = {"aligner": aligner, "version": version(aligner), "reference": str(reference)}
    write_json(folder / NOTE, note)
    return note


def read_note(folder: Path) -> dict:
    """Return the note of an index."""
    if not (folder / NOTE).is_file():
        raise InputError("no index", str(folder), "run `resistpanel align index`")
    return read_json(folder / NOTE)


Stream = Iterator[pysam.AlignedSegment]


@contextlib.contextmanager
def bwa(
    aligner: str, lane: Lane, folder: Path, header: pysam.AlignmentHeader, threads: int, umi: str
) -> Iterator[Stream]:
    """Give the alignments of a lane by bwa or bwa-mem2, reads in the order of the FASTQ."""
    group = "@RG\\t" + "\\t".join(f"{key}:{value}" for key, value in lane.group.items())
    command = [aligner, "mem", "-t", str(threads), "-K", str(BATCH), "-Y", "-R", group]
    # -C keeps the comment, of which the UMI's tag is part; other comments are no SAM.
    command += ["-C"] if umi == "tag" else []
    command += [str(folder / "reference"), str(lane.first)]
    command += [str(lane.second)] if lane.second else []
    print("+ " + shlex.join(command), file=sys.stderr, flush=True)
    with (
        tempfile.TemporaryFile() as told,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told) as running,
    ):
        try:
            yield _segments(running)
        except _Broken as error:
            running.kill()
            running.wait()
            raise InputError(f"{aligner} failed: {_last(told) or error}", lane.where) from None
        except BaseException:
            running.kill()
            raise
        if running.wait():
            raise InputError(f"{aligner} failed: {_last(told)}", lane.where)


class _Broken(Exception):
    """What came out of an aligner is no SAM."""


def _segments(running: subprocess.Popen) -> Stream:
    """Yield what an aligner writes; faults of its output are distinguished from other errors."""
    try:
        with pysam.AlignmentFile(running.stdout, "r", check_sq=False) as source:
            stream = iter(source)
            while True:
                try:
                    segment = next(stream)
                except StopIteration:
                    return
                yield segment
    except (OSError, ValueError) as error:
        raise _Broken(str(error)) from None


def _last(told) -> str:
    told.seek(0)
    lines = told.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def alignments(
    aligner: str, lane: Lane, folder: Path, header: pysam.AlignmentHeader, threads: int, umi: str
) -> contextlib.AbstractContextManager[Stream]:
    """Give the alignments of a lane, mates and parts of a read together."""
    if aligner == "mappy":
        return minimap.stream(lane, folder / "reference", header, threads)
    return bwa(aligner, lane, folder, header, threads, umi)


Alignments = Callable[..., contextlib.AbstractContextManager[Stream]]
