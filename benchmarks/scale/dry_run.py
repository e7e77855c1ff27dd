"""A sheet of 1,000 patients: how long until the plan is made, and how much memory it takes.

    python -m benchmarks.scale.dry_run --patients 1000 100
    python -m benchmarks.scale.dry_run --patients 1000 100 --floor

The BAMs are links to those of one small patient, but for the header, which names another sample in
each: every one is opened and checked as in a real run. Measured are `resistpanel run --dry-run`,
which lists the steps from the records of the results, and Snakemake's dry run; what a patient adds
is the difference between the two sheets, divided. With --floor the dry run of a Snakefile of the
same shape is measured beside each: the same rules with as many inputs, outputs, parameters and
resources, all of them plain text, and no code of ours. With --alone Snakemake is not started. The
exit status is 1 if the first takes 10 seconds or a gigabyte.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pysam

from benchmarks.reliability import data
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work" / "scale"
MOST_SECONDS, MOST_MEGABYTES = 10, 1000
CODE = "import sys; from resistpanel.cli import main; sys.exit(main())"


def cohort(patients: int) -> Path:
    """Return a folder with a sheet of many patients, each with three small BAMs of its own."""
    small = WORK / "small"
    data.make(small, 1)
    folder = WORK / f"cohort{patients}"
    sheet = folder / "samples.tsv"
    if sheet.exists():
        return folder
    (folder / "bams").mkdir(parents=True, exist_ok=True)
    lines = (small / "samples.tsv").read_text().splitlines()
    head = lines[0].split("\t")
    rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:4]]
    made = [lines[0]]
    for number in range(patients):
        for row in rows:
            name = row["sample"].replace("P01", f"P{number:05d}")
            path = folder / "bams" / f"{name}.bam"
            with pysam.AlignmentFile(str(small / row["bam"])) as source:
                header = source.header.to_dict()
                header["RG"][0]["SM"] = name
                with pysam.AlignmentFile(str(path), "wb", header=header) as out:
                    for read, _ in zip(source, range(20), strict=False):
                        out.write(read)
            pysam.samtools.index(str(path))
            cells = row | {"patient": f"P{number:05d}", "sample": name, "bam": str(path)}
            made.append("\t".join(cells[column] for column in head))
    for suffix in ("", ".fai", ".gzi"):
        shutil.copy(small / f"genome.fa.gz{suffix}", folder)
    shutil.copy(small / "targets.bed", folder)
    sheet.write_text("\n".join(made) + "\n")
    return folder


#: Of each rule: other rules of the patient whose first output it reads, files besides, outputs.
SHAPE = {
    "sheet": ((), 8, 1),
    "call": ((), 6, 3),
    "qc": (("sheet", "call"), 7, 1),
    "annotate": (("call",), 5, 2),
    "copynumber": (("annotate", "qc", "sheet"), 4, 1),
    "compare": (("annotate", "sheet", "copynumber"), 1, 1),
    "resist": (("compare", "sheet", "copynumber"), 19, 1),
    "biomarkers": (("sheet", "qc", "compare"), 7, 1),
    "report": (("sheet", "qc", "compare", "resist", "biomarkers", "copynumber", "annotate"), 6, 8),
}


def floor(folder: Path, patients: int) -> list[str]:
    """Write a Snakefile of the workflow's shape; return the arguments that run it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"P{number:05d}" for number in range(patients)]
    (folder / "file").touch()
    last = [f"'out/report/{{patient}}.{k}'" for k in range(5)]
    text = [f"PATIENTS = {names!r}", "rule all:", "    input:"]
    text += [f"        expand({path}, patient=PATIENTS)," for path in last]
    for rule, (others, files, outputs) in SHAPE.items():
        text += [f"rule {rule}:", "    input:"]
        text += [f"        {other}='out/{other}/{{patient}}.0'," for other in others]
        text += [f"        file{k}='file'," for k in range(files)]
        text += ["    output:"]
        text += [f"        out{k}='out/{rule}/{{patient}}.{k}'," for k in range(outputs)]
        text += [f"    log: 'logs/{rule}/{{patient}}.log'", "    threads: 1"]
        text += ["    resources: mem_mb=1000, runtime=10", "    params: one='1', two='2'"]
        text += ["    shell: 'true {input:q} {output:q} {params.one} > {log:q}'"]
    (folder / "Snakefile").write_text("\n".join(text) + "\n")
    return ["--snakefile", str(folder / "Snakefile"), "--directory", str(folder)]


def workflow(folder: Path) -> list[str]:
    """Write the configuration of a cohort; return the arguments that run the workflow on it."""
    (folder / "config.yaml").write_text(data.configuration(folder))
    words = ["--snakefile", str(HOME / "Snakefile"), "--directory", str(folder)]
    return [*words, "--configfile", str(folder / "config.yaml")]


def dry_run(arguments: list[str]) -> tuple[float, float, float, int]:
    """Return wall and CPU seconds, MB at the most, and the number of jobs of a dry run."""
    words = ["-m", "snakemake", *arguments, "--cores", "1", "-n", "--quiet", "rules"]
    return measured(words, r"^total +(\d+)")


def planned(folder: Path) -> tuple[float, float, float, int]:
    """Return the same of `resistpanel run --dry-run`."""
    workflow(folder)
    return measured(["-c", CODE, "run", str(folder), "--dry-run"], r"^([\d,]+) steps would run")


def measured(words: list[str], number: str) -> tuple[float, float, float, int]:
    """Run Python; return wall and CPU seconds, MB at the most, and the number it prints."""
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status:
        raise SystemExit(said[-3000:])
    jobs = re.findall(number, said, re.MULTILINE)[0].replace(",", "")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, int(jobs)


def show(name: str, patients: int, wall: float, cpu: float, memory: float, jobs: int) -> None:
    """Print a row."""
    cells = [name, patients, 3 * patients, jobs, f"{wall:.1f}", f"{cpu:.1f}", f"{memory:.0f}"]
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[1000, 100])
    parser.add_argument("--alone", action="store_true", help="without Snakemake")
    parser.add_argument("--floor", action="store_true", help="Snakemake's own part, too")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print("| plan | patients | BAMs | jobs | wall s | CPU s | MB |")
    print("|---|---|---|---|---|---|---|")
    found = []
    for patients in args.patients:
        folder = cohort(patients)
        wall, cpu, memory, jobs = planned(folder)
        found.append((patients, wall, cpu, memory))
        show("run --dry-run", patients, wall, cpu, memory, jobs)
        if args.alone:
            continue
        show("snakemake -n", patients, *dry_run(workflow(folder)))
        if args.floor:
            show("same shape", patients, *dry_run(floor(WORK / f"floor{patients}", patients)))
    if len(found) > 1:
        (more, _, first, _), (fewer, _, second, _) = found[:2]
        print(f"per patient: {(first - second) / (more - fewer) * 1000:.0f} ms of CPU")
    _, wall, cpu, memory = found[0]
    return 1 if min(wall, cpu) >= MOST_SECONDS or memory >= MOST_MEGABYTES else 0


if __name__ == "__main__":
    sys.exit(main())
