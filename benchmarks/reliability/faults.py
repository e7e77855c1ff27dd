"""A disk that fills up, an output folder that is read-only, a job out of memory: then resume.

    sudo python -m benchmarks.reliability.faults

Needs root, for file systems of a chosen size (tmpfs) and, where the kernel has them, memory
control groups of version 1. Each fault must end the run with a status other than 0 and a line that
names it, without a traceback; with the fault gone the same command must end with the files of an
undisturbed run. The exit status is 1 if anything does not hold.
"""

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.reliability import data, same
from benchmarks.reliability.resume import command, run
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work" / "faults"
#: All runs take place here, one after the other: reports name the paths of their input.
PLACE = WORK / "place"
GROUPS = Path("/sys/fs/cgroup/memory")


def told(said: str, *words: str) -> str:
    """Return the line that names a fault, or an empty string."""
    for line in said.splitlines():
        if any(word in line for word in words):
            return line.strip()
    return ""


@contextlib.contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system of a size."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size}", "resistpanel"]
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Change a mounted file system."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def verdict(
    name: str, status: int, line: str, said: str, whole: Path, results: Path, folder: Path
) -> bool:
    """Print a row: how the fault ended, what was said, how the run in the folder resumed."""
    traceback = "Traceback (most recent call last)" in said
    resumed, after = run(command(folder))
    differ = same.differences(whole, results, masked=False) if not resumed else ["(failed)"]
    good = status != 0 and bool(line) and not traceback and not resumed and not differ
    print(
        f"{'' if good else 'WRONG: '}{name} | exit {status} | {line[:230] or 'no line'}"
        f"{' | TRACEBACK' if traceback else ''} | resumed: exit {resumed}, "
        f"{', '.join(differ) or 'the same bytes'}",
        flush=True,
    )
    if not good:
        print(said[-3000:])
        if resumed:
            print(after[-3000:])
    return good


def full_disks(whole: Path, cohort: Path) -> Iterator[bool]:
    """Yield whether each size of disk that fills up at another step is survived."""
    for size in ("16k", "1040k", "1200k", "1500k"):
        folder, disk = PLACE, PLACE / "disk"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with tmpfs(disk, size):
            (folder / "config.yaml").write_text(data.configuration(cohort, str(disk / "results")))
            status, said = run(command(folder))
            line = told(said, "disk is full", "No space left on device")
            remount(disk, "size=50m")
            yield verdict(f"disk of {size}", status, line, said, whole, disk / "results", folder)


def read_only(whole: Path, cohort: Path) -> Iterator[bool]:
    """Yield whether a read-only output folder, from the start or half way, is survived."""
    folder, disk = PLACE, PLACE / "disk"
    for half_way in (False, True):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with tmpfs(disk, "50m"):
            (folder / "config.yaml").write_text(data.configuration(cohort, str(disk / "results")))
            if half_way:
                status, said = run(command(folder, "--until", "call"))
                assert status == 0, said
            remount(disk, "ro")
            status, said = run(command(folder))
            line = told(said, "read-only", "Read-only")
            remount(disk, "rw")
            name = "read-only output folder" + (", after the calls" if half_way else "")
            yield verdict(name, status, line, said, whole, disk / "results", folder)


def out_of_memory(whole: Path, cohort: Path) -> Iterator[bool]:
    """Yield whether a job killed by the kernel for its memory is survived."""
    group = GROUPS / "resistpanel"
    if not (GROUPS / "memory.limit_in_bytes").exists():
        print("no memory control groups of version 1: the kernel's kill was not tried")
        return
    folder, disk = PLACE, PLACE / "disk"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(data.configuration(cohort, str(disk / "results")))
    group.mkdir(exist_ok=True)
    (group / "memory.limit_in_bytes").write_text(str(40 << 20))
    stop = threading.Event()

    def confine() -> None:
        """Put each process that calls variants into the group."""
        while not stop.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if b"resistpanel\0call\0" in path.read_bytes():
                        (group / "cgroup.procs").write_text(path.parent.name)
            time.sleep(0.02)

    watcher = threading.Thread(target=confine)
    watcher.start()
    try:
        status, said = run(command(folder))
    finally:
        stop.set()
        watcher.join()
    kills = (group / "memory.oom_control").read_text().split()
    line = told(said, "for lack of memory", "out of memory")
    yield verdict(
        f"job killed by the kernel for its memory ({' '.join(kills[-2:])})",
        status, line, said, whole, disk / "results", folder,
    )  # fmt: skip
    with contextlib.suppress(OSError):
        group.rmdir()


def little_memory(whole: Path, cohort: Path) -> Iterator[bool]:
    """Yield whether each step with too little address space says so in a line."""
    results = whole
    reference = ["--reference", str(cohort / "genome.fa.gz")]
    bams = [str(cohort / "P01" / f"P01_{name}.bam") for name in ("normal", "before", "relapse")]
    out = WORK / "little"
    steps = {
        "call": [*reference, "--targets", str(results / "panel/targets.bed"), "--normal", bams[0],
                 "--tumor", bams[1], "--tumor", bams[2], "--output", str(out / "P01.vcf.gz")],
        "qc": ["--sheet", str(results / "sheet/P01.json"), "--targets",
               str(results / "panel/targets.bed"), *reference, "--output", str(out / "qc.json")],
        "annotate": ["--vcf", str(results / "call/P01.vcf.gz"), "--genes",
                     str(results / "panel/genes.gff3"), *reference, "--output",
                     str(out / "P01.vcf.gz")],
        "compare": ["--vcf", str(results / "annotate/P01.vcf.gz"), "--sheet",
                    str(results / "sheet/P01.json"), "--output", str(out / "compare.json")],
    }  # fmt: skip
    # Below these the libraries themselves cannot be loaded: OpenBLAS tries for ever.
    limits = [224, 232, 240, 248, 256, 272, 288, 304, 320, 360, 400, 440, 480, 560, 640, 800, 1000]
    for step, arguments in steps.items():
        ends = []
        good = True
        for limit in limits:
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)

            def confine(limit: int = limit) -> None:
                resource.setrlimit(resource.RLIMIT_AS, (limit << 20, limit << 20))

            done = subprocess.run(
                [sys.executable, "-m", "resistpanel.cli", step, *arguments],
                capture_output=True,
                text=True,
                check=False,
                preexec_fn=confine,
                timeout=60,
                # OpenBLAS takes memory per thread when it is loaded.
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            )
            # OpenBLAS ends the process itself, with a line of its own.
            line = told(done.stderr, "out of memory", "Memory allocation still failed")
            if done.returncode == 0:
                ends.append(f"{limit} MB: done")
                break
            ends.append(f"{limit} MB: {'one line' if line else 'exit ' + str(done.returncode)}")
            left = sorted(path.name for path in out.iterdir())
            if not line or "Traceback" in done.stderr or left:
                good = False
                print(f"{limit} MB: {done.returncode}: {left}: {done.stderr[-700:]}")
        print(f"{'' if good else 'WRONG: '}{step} with little memory | {'; '.join(ends)}")
        yield good


def main() -> int:
    """Try all."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = ("full_disks", "read_only", "out_of_memory", "little_memory")
    parser.add_argument("--only", choices=names)
    args = parser.parse_args()
    cohort = WORK / "cohort"
    data.make(cohort, 1)
    whole = WORK / "undisturbed"
    if not (whole / "results" / "report" / "P01.html").exists():
        for folder in (whole, PLACE):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        (PLACE / "config.yaml").write_text(
            data.configuration(cohort, str(PLACE / "disk" / "results"))
        )
        status, said = run(command(PLACE))
        if status:
            raise SystemExit(said)
        (PLACE / "disk" / "results").rename(whole / "results")
    good = []
    for name in names:
        if args.only in (None, name):
            good += list(globals()[name](whole / "results", cohort))
    print(f"{sum(good)} of {len(good)} survived")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
