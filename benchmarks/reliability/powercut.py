"""Cut the power of a file system at moments of a run, and give the same command again.

    sudo python -m benchmarks.reliability.powercut --cuts 10 --seed 1

A study is run on an ext4 file system in a loop-mounted file. At a random moment the file system is
shut down without a flush (ioctl EXT4_IOC_SHUTDOWN): what the journal and the disk do not hold is
lost, as when the power fails. Every process of the run is then killed, the file system is mounted
again, and the same ``resistpanel run`` has to end with the bytes of an undisturbed run. The exit
status is 1 if not, 2 where loop mounts are not allowed.
"""

import argparse
import contextlib
import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.reliability import data, resume, same
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work" / "powercut"
#: linux/fs/ext4: _IOR('X', 125, __u32); 2: without flushing the journal.
SHUTDOWN, NO_FLUSH = 0x8004587D, 2
#: Bytes of the file system.
SIZE = 300 << 20


class NotAllowed(Exception):
    """Loop mounts, or this ioctl, are not allowed here."""


def command(*words: object) -> None:
    """Run a command of the system."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotAllowed(f"{words[0]}: {done.stderr.strip()}")


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image for a while."""
    folder.mkdir(parents=True, exist_ok=True)
    # A commit every second: a run of a minute sees many states of the disk.
    command("mount", "-o", "loop,commit=1", image, folder)
    try:
        yield folder
    finally:
        for _ in range(50):
            if not subprocess.run(["umount", folder], capture_output=True, check=False).returncode:
                break
            time.sleep(0.2)


def new_image(image: Path) -> None:
    """Make an empty file system in a file."""
    image.unlink(missing_ok=True)
    image.parent.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as out:
        out.truncate(SIZE)
    command("mkfs.ext4", "-q", image)


def cut(folder: Path) -> None:
    """Shut the file system down, what is not on the disk being lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", NO_FLUSH))
    except OSError as error:
        raise NotAllowed(f"EXT4_IOC_SHUTDOWN: {error}") from None
    finally:
        os.close(descriptor)


def start_and_cut(study: Path, root: Path, seconds: float) -> None:
    """Start a run, and cut its power after a time."""
    process = subprocess.Popen(
        resume.user_command(study), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=resume.ENVIRONMENT, start_new_session=True,
    )  # fmt: skip
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    others = resume.session(process.pid)
    cut(root)
    for pid in sorted({*others, *resume.session(process.pid)}, reverse=True):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.3)


def main() -> int:
    """Cut, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    cohort, image, root = WORK / "cohort", WORK / "disk.img", WORK / "disk"
    data.make(cohort, 1)
    whole = WORK / "undisturbed" / "study"
    resume.prepare(whole, cohort)
    begun = time.monotonic()
    status, said = resume.run(resume.user_command(whole))
    if status:
        raise SystemExit(said)
    seconds = time.monotonic() - begun
    rng, failed = random.Random(args.seed), 0
    print("cut after | files then, of these empty | the same command | files that differ")
    for number in range(args.cuts):
        moment = seconds * (0.1 + 0.85 * (number + rng.random()) / args.cuts)
        try:
            new_image(image)
            with mounted(image, root):
                resume.prepare(root / "study", cohort)
                os.sync()
                start_and_cut(root / "study", root, moment)
            with mounted(image, root):
                results = root / "study" / "results"
                there = [p for p in results.rglob("*") if p.is_file()]
                empty = [
                    p for p in there if not p.stat().st_size and "logs" not in p.parts
                    and p.name != ".snakemake_timestamp"
                ]  # fmt: skip
                status, said = resume.run(resume.user_command(root / "study"))
                differ = same.differences(whole / "results", results) if not status else []
        except NotAllowed as error:
            print(f"not allowed here: {error}", file=sys.stderr)
            return 2
        failed += bool(status or differ)
        print(
            f"{moment:.1f} s | {len(there)}, {len(empty)} | exit {status} | "
            f"{', '.join(differ) or 'none'}",
            flush=True,
        )
        if status:
            print(said)
    shutil.rmtree(WORK / "disk", ignore_errors=True)
    image.unlink(missing_ok=True)
    print(f"{args.cuts - failed} of {args.cuts} ended with the same bytes")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
