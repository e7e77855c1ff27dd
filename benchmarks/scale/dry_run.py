"""A sheet of 1,000 patients: how long until the plan stands, and how much memory it takes.

    python -m benchmarks.scale.dry_run --patients 1000 100

The BAMs are links to those of one small patient, but for the header, which names another sample in
each: every one is opened and checked as in a real run. The plan is Snakemake's dry run; what a
patient adds is the difference between the two sheets, divided. The exit status is 1 if the first
takes a minute or a gigabyte.
"""

import argparse
import os
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
MOST_SECONDS, MOST_MEGABYTES = 60, 1000


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


def dry_run(folder: Path) -> tuple[float, float, float, int]:
    """Return wall and CPU seconds, MB at the most, and the number of jobs of a dry run."""
    (folder / "config.yaml").write_text(data.configuration(folder))
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile"), "--directory",
         str(folder), "--configfile", str(folder / "config.yaml"), "-n", "--quiet", "rules"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status:
        raise SystemExit(said[-3000:])
    jobs = [line.split()[1] for line in said.splitlines() if line.startswith("total ")]
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, int(jobs[0])


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[1000, 100])
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print("| patients | BAMs | jobs | wall s | CPU s | MB |")
    print("|---|---|---|---|---|---|")
    found = []
    for patients in args.patients:
        wall, cpu, memory, jobs = dry_run(cohort(patients))
        found.append((patients, wall, cpu, memory))
        print(f"| {patients} | {3 * patients} | {jobs} | {wall:.1f} | {cpu:.1f} | {memory:.0f} |")
    if len(found) > 1:
        (more, _, first, _), (fewer, _, second, _) = found[:2]
        print(f"per patient: {(first - second) / (more - fewer) * 1000:.0f} ms of CPU")
    _, wall, cpu, memory = found[0]
    return 1 if min(wall, cpu) >= MOST_SECONDS or memory >= MOST_MEGABYTES else 0


if __name__ == "__main__":
    sys.exit(main())
