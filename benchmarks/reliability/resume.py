"""Kill a run at random moments, resume it, and hold its files against an undisturbed run's.

    python -m benchmarks.reliability.resume --kills 10 --seed 1

``resistpanel run`` of one small patient is started in a session of its own; at a random moment
every process of it is sent SIGKILL at once, as when a machine loses power. Then the same command
is given again, and nothing else. The files must be, byte for byte, those of a run that nobody
disturbed, and none may be left over. The exit status is 1 if not.
"""

import argparse
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.reliability import data, same
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work" / "resume"
ENVIRONMENT = os.environ | {"SOURCE_DATE_EPOCH": "0"}


def command(folder: Path, *arguments: str) -> list[str]:
    """Return Snakemake's command of a run in a folder."""
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile")),
        *("--directory", str(folder), "--configfile", str(folder / "config.yaml")),
        *("--cores", "2", *arguments),
    ]


def user_command(folder: Path) -> list[str]:
    """Return the command that a user types in a folder."""
    program = [sys.executable, "-m", "resistpanel.cli", "run"]
    return [*program, "--directory", str(folder), "--cores", "2"]


def prepare(folder: Path, cohort: Path, **further: object) -> None:
    """Empty a folder and put the configuration there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(data.configuration(cohort, **further))


def session(leader: int) -> list[int]:
    """Return the processes of a session and of those that it began, as Snakemake's is."""
    sessions, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        process = int(path.parent.name)
        parents[process], sessions[process] = int(fields[1]), int(fields[3])
    wanted: set[int] = set()
    more = {leader}
    while more - wanted:
        wanted |= more
        more = {own for p, own in sessions.items() if sessions.get(parents[p]) in wanted}
    return [process for process, own in sessions.items() if own in wanted]


def running(leader: int) -> list[str]:
    """Return the steps that a session's processes are running."""
    found = set()
    for pid in session(leader):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        for before, word in itertools.pairwise(words):
            if before.endswith("/resistpanel"):
                found.add(word)
    return sorted(found)


def kill_at(folder: Path, seconds: float) -> tuple[list[str], int]:
    """Start a run, kill all of it after a time; return the steps that ran and the files made."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            user_command(folder), stdout=log, stderr=log, env=ENVIRONMENT, start_new_session=True
        )
        try:
            process.wait(seconds)
            return ["(had ended)"], 0
        except subprocess.TimeoutExpired:
            steps = running(process.pid)
        # Twice: a process may be born between the listing and the signal.
        for _ in range(2):
            # Those that began the others last, or the others could not be found from them.
            for pid in sorted(session(process.pid), reverse=True):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.05)
        process.wait()
    results = folder / "results"
    return steps, len(same.digests(results)) if results.exists() else 0


def run(words: list[str]) -> tuple[int, str]:
    """Run a command to its end; return the status and what was said."""
    done = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    return done.returncode, done.stdout


def main() -> int:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    cohort = WORK / "cohort"
    data.make(cohort, 1)
    whole = WORK / "undisturbed"
    prepare(whole, cohort)
    start = time.monotonic()
    status, said = run(user_command(whole))
    if status:
        raise SystemExit(said)
    seconds = time.monotonic() - start
    files = len(same.digests(whole / "results"))
    print(f"undisturbed: {seconds:.0f} s, {files} files")
    rng = random.Random(args.seed)
    failed = 0
    print("killed at | running then | files then | lock taken off | resumed in | files that differ")
    for number in range(args.kills):
        folder = WORK / f"killed{number}"
        prepare(folder, cohort)
        # A moment in each tenth of the run, the start of the interpreter left out.
        moment = seconds * (0.08 + 0.9 * (number + rng.random()) / args.kills)
        steps, made = kill_at(folder, moment)
        start = time.monotonic()
        status, said = run(user_command(folder))
        locked = "a run was killed here" in said
        differ = same.differences(whole / "results", folder / "results")
        failed += bool(status or differ)
        print(
            f"{moment:.1f} s | {', '.join(steps) or 'none'} | {made} | "
            f"{'yes' if locked else 'no'} | {time.monotonic() - start:.0f} s, exit {status} | "
            f"{', '.join(differ) or 'none'}",
            flush=True,
        )
        if status:
            print(said)
        else:
            shutil.rmtree(folder)
    print(f"{args.kills - failed} of {args.kills} resumed to the same bytes")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
