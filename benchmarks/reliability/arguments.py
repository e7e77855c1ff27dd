"""Give every step of a finished run something wrong in the place of each of its files.

    python -m benchmarks.reliability.arguments --directory STUDY

The steps are those that Snakemake would run; for each file that a step reads there is one that is
missing, one that is empty, one of random bytes, and a folder. Every one must end with exit status 2
and without a traceback.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

KINDS = ("missing", "empty", "junk", "folder")
#: Options beside ``--output...`` whose file a command writes.
WRITTEN = {("call", "--counts")}


def steps(directory: Path) -> list[list[str]]:
    """Return the commands of all steps but the simulation, without where their output goes."""
    plan = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "-F", "-p"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    mark = "Shell command: resistpanel "
    lines = [line for line in plan.stdout.splitlines() if line.startswith(mark)]
    words = [shlex.split(line[len(mark) :].split(" > ")[0]) for line in lines]
    return [w for w in words if w[0] != "simulate"]


def wrong(folder: Path, kind: str, name: str) -> Path:
    """Return something wrong whose name ends as that of the right file does."""
    path = folder / (kind + "".join(Path(name).suffixes[-2:]))
    if kind == "folder":
        path.mkdir(exist_ok=True)
    elif kind != "missing":
        path.write_bytes(os.urandom(2000) if kind == "junk" else b"")
    return path


def cases(words: list[str], directory: Path, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Give (what is wrong, command) for each file that a command reads."""
    words = list(words)
    written = [
        i
        for i in range(1, len(words))
        if words[i - 1].startswith("--output") or (words[0], words[i - 1]) in WRITTEN
    ]
    for i in written:
        words[i] = str(folder / f"made_{Path(words[i]).name}")
    for i, word in enumerate(words):
        if not i or i in written or word.startswith("-") or not (directory / word).exists():
            continue
        for kind in KINDS:
            changed = [*words[:i], str(wrong(folder, kind, word)), *words[i + 1 :]]
            yield f"{words[0]} {words[i - 1]} {kind}", changed


def main(argv: list[str] | None = None) -> int:
    """Run all cases; print those that do not hold, and their number."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(), help="of a finished run")
    args = parser.parse_args(argv)
    number = bad = 0
    program = str(Path(sys.executable).parent / "resistpanel")
    with tempfile.TemporaryDirectory() as scratch:
        for words in steps(args.directory):
            for name, command in cases(words, args.directory, Path(scratch)):
                run = subprocess.run(
                    [program, *command], cwd=args.directory, capture_output=True, text=True
                )
                number += 1
                if run.returncode != 2 or "Traceback" in run.stderr or not run.stderr.strip():
                    bad += 1
                    print(f"{name}: exit {run.returncode}: {run.stderr.strip()[-200:]}")
    print(f"{number} cases, {bad} of them wrong")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
