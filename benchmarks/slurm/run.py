"""Twenty patients on a real slurm, two jobs killed half way; the files must be those of a
local run that nobody disturbed.

    bash benchmarks/slurm/run.sh

    bash benchmarks/slurm/run.sh --cohort FOLDER --patients 20      # made by `benchmarks.copies`

starts slurm on this machine (root and Debian's packages; see cluster.sh), runs this, and stops it.
One job is cancelled with scancel, the processes of another are killed with SIGKILL. The exit
status is 1 if the run does not finish or its files differ.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import copies
from benchmarks.reliability import data, same
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work"
PROFILE = HOME / "workflow" / "profiles" / "slurm"
PATIENTS = 20
#: Of every file: the time in a report is not now.
ENVIRONMENT = os.environ | {"SOURCE_DATE_EPOCH": "0"}


def command(folder: Path, *arguments: str) -> list[str]:
    """Return the command that runs the workflow in a folder."""
    return [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(HOME / "Snakefile"),
        "--directory",
        str(folder),
        "--configfile",
        str(folder / "config.yaml"),
        *arguments,
    ]


def prepare(folder: Path, configuration: str) -> None:
    """Empty a folder and put the configuration there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(configuration)


def processes(pattern: str) -> list[int]:
    """Return the processes whose command line holds a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if pattern in line and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def ancestors(pid: int) -> list[int]:
    """Return a process and its parents up to, not with, the job's slurmstepd."""
    line = []
    while pid > 1:
        status = Path(f"/proc/{pid}/status").read_text()
        if "slurmstepd" in status.split("\n", 1)[0]:
            break
        line.append(pid)
        pid = int(status.split("PPid:")[1].split()[0])
    return line


def job_of(pid: int) -> str | None:
    """Return the slurm job that a process belongs to."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    named = [v for v in variables if v.startswith(b"SLURM_JOB_ID=")]
    return named[0].decode().split("=")[1] if named else None


def wait_for_call(folder: Path, seen: set[str], seconds: float = 1800) -> tuple[int, str, str]:
    """Wait until a ``call`` job runs for a patient not seen before: process, job, patient."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pid in processes("--output results/call/"):
            job = job_of(pid)
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                here = Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
            except OSError:
                continue
            patient = line.rsplit("results/call/")[-1].split(".vcf.gz")[0]
            if job and here and patient not in seen and "resistpanel\0call" in line:
                return pid, job, patient
        time.sleep(0.05)
    raise SystemExit("no job of rule call was seen to run")


def disturb(folder: Path) -> list[str]:
    """Kill one job with SIGKILL and one with scancel, each while it calls; return what was done."""
    _, job, first = wait_for_call(folder, set())
    subprocess.run(["scancel", job], check=True)
    done = [f"scancel {job} (call of {first})"]
    pid, job, second = wait_for_call(folder, {first})
    for one in ancestors(pid):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return [*done, f"kill -9 of the processes of job {job} (call of {second})"]


def main() -> int:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--reuse", action="store_true", help="the local run of the last time")
    parser.add_argument("--cohort", type=Path, help="of `benchmarks.copies`, not small patients")
    args = parser.parse_args()
    if args.cohort:
        configuration = copies.configuration(args.cohort)
    else:
        cohort = WORK / "slurm" / f"cohort{args.patients}"
        data.make(cohort, args.patients)
        configuration = data.configuration(cohort)
    local, cluster = WORK / "slurm" / "local", WORK / "slurm" / "cluster"

    if not args.reuse:
        prepare(local, configuration)
        start = time.monotonic()
        with (local / "log").open("w") as log:
            subprocess.run(
                command(local, "--cores", "2"), stderr=log, stdout=log, env=ENVIRONMENT, check=True
            )
        print(f"local, --cores 2: {time.monotonic() - start:.0f} s", flush=True)

    prepare(cluster, configuration)
    start = time.monotonic()
    arguments = [
        "--workflow-profile",
        str(PROFILE),
        "--slurm-status-command",
        "squeue",
        "--slurm-init-seconds-before-status-checks",
        "5",
        "--slurm-no-account",
    ]
    with (cluster / "log").open("w") as log:
        process = subprocess.Popen(
            command(cluster, *arguments), stderr=log, stdout=log, env=ENVIRONMENT
        )
        try:
            for line in disturb(cluster):
                print(f"done: {line}", flush=True)
            status = process.wait(timeout=7200)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    text = (cluster / "log").read_text()
    submissions = text.count("has been submitted with SLURM jobid")
    print(
        f"slurm: exit {status}, {time.monotonic() - start:.0f} s, {submissions} submissions, "
        f"{text.count('Trying to restart job')} restarted"
    )
    differ = same.differences(local / "results", cluster / "results")
    for name in differ:
        print(f"differs: {name}")
    files = len(same.digests(local / "results"))
    reports = len(list((cluster / "results" / "report").glob("P*.html")))
    print(f"{reports} of {args.patients} reports; {files} files compared, {len(differ)} differ")
    return 0 if status == 0 and not differ and reports == args.patients else 1


if __name__ == "__main__":
    sys.exit(main())
