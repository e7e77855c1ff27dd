"""CPU and wall time of the whole workflow on a patient, beside samtools on the same BAMs.

    python -m benchmarks.patient_speed                  # the demo's patient with all of its exons
    python -m benchmarks.patient_speed --data FOLDER    # made before, or your own
    python -m benchmarks.patient_speed --publish        # write docs/validation/patient_speed.md

The measure is the CPU of ``samtools view -c -M -L TARGETS`` over the BAMs, taken before and after
the run, since other programs on the machine slow both. The workflow is `resistpanel run --cores 2`
from the start of its process to its end: Snakemake and all of its jobs. FOLDER has samples.tsv,
targets.bed, genome.fa.gz and the BAMs, as `resistpanel simulate` writes them; without it the
patient of `resources/demo/patient.yaml` is simulated with 200 exons per gene (373 kb, 900x, three
BAMs of 18 million reads).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.genome import ROOT, WORK
from benchmarks.measure import Usage, run

PROGRAM = str(Path(sys.executable).with_name("resistpanel"))
PAGE = ROOT / "docs" / "validation" / "patient_speed.md"
EXONS = 200


def simulated() -> Path:
    """Return the folder of the simulated patient, which is made if it is not there."""
    folder = WORK / "patient_speed" / "data"
    if not (folder / "samples.tsv").exists():
        demo = ROOT / "resources" / "demo"
        patient = yaml.safe_load((demo / "patient.yaml").read_text())
        patient["genome"]["exons_per_gene"] = EXONS
        patient["panel"] = str(ROOT / patient["panel"])
        folder.parent.mkdir(parents=True, exist_ok=True)
        (folder.parent / "patient.yaml").write_text(yaml.safe_dump(patient, sort_keys=False))
        shutil.copy(demo / "codons.tsv", folder.parent)
        words = ["simulate", str(folder.parent / "patient.yaml"), "--output", str(folder)]
        subprocess.run([PROGRAM, *words], check=True)
    return folder


def checked(command: list[str], folder: Path | None = None) -> Usage:
    """Run a command, in a folder; stop if it fails."""
    if folder is not None:
        command = ["env", "-C", str(folder), *command]
    usage = run(command)
    if usage.status:
        raise SystemExit(f"{' '.join(command)}\n{usage.stderr[-2000:]}")
    return usage


def samtools(folder: Path) -> tuple[float, float]:
    """Return CPU and wall seconds of counting the reads on target."""
    words = ["samtools", "view", "-c", "-M", "-L", str(folder / "targets.bed")]
    usages = [checked([*words, str(bam)]) for bam in sorted(folder.glob("*.bam"))]
    return sum(one.cpu for one in usages), sum(one.wall for one in usages)


def measure(folder: Path, cores: int) -> list[tuple[str, float, float]]:
    """Return (program, CPU s, wall s): samtools, the workflow, samtools again."""
    rows = [("samtools view -c -M -L, before", *samtools(folder))]
    with tempfile.TemporaryDirectory(dir=folder.parent) as study:
        settings = {
            "build": "hg19",
            "samples": str(folder / "samples.tsv"),
            "reference": str(folder / "genome.fa.gz"),
            "targets": str(folder / "targets.bed"),
        }
        (Path(study) / "config.yaml").write_text(yaml.safe_dump(settings))
        used = checked([PROGRAM, "run", "--cores", str(cores)], Path(study))
        rows.append((f"resistpanel run --cores {cores}", used.cpu, used.wall))
    rows.append(("samtools view -c -M -L, after", *samtools(folder)))
    return rows


def text(rows: list[tuple[str, float, float]], folder: Path, load: float, command: str) -> str:
    """Return the page."""
    from benchmarks.publish import revision  # draws, too: after the measurement

    bed = [line.split("\t") for line in (folder / "targets.bed").read_text().splitlines()]
    kb = sum(int(row[2]) - int(row[1]) for row in bed if len(row) > 2) / 1000
    bams = sorted(folder.glob("*.bam"))
    size = sum(bam.stat().st_size for bam in bams) / 1e6
    lines = [
        "# Speed of the whole workflow",
        "",
        f"Revision {revision()}. Made by `{command}`. One patient: {len(bams)} BAMs of"
        f" {size:.0f} MB in all, {kb:.0f} kb of targets, one run. Load average of the machine"
        f" at the end: {load:.1f} on {os.cpu_count()} cores; wall times are of that load.",
        "",
        "| program | CPU s | wall s | x samtools before | x samtools after |",
        "|---|---|---|---|---|",
    ]
    first, last = rows[0][1], rows[-1][1]
    lines += [
        f"| {name} | {cpu:.1f} | {wall:.1f} | {cpu / first:.2f} | {cpu / last:.2f} |"
        for name, cpu, wall in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of a patient; else one is simulated")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--publish", action="store_true", help="write docs/validation")
    args = parser.parse_args()
    folder = args.data.absolute() if args.data else simulated()
    rows = measure(folder, args.cores)
    words = [*(["--data FOLDER"] if args.data else []), *(["--publish"] if args.publish else [])]
    command = " ".join(["python -m benchmarks.patient_speed", *words])
    page = text(rows, folder, os.getloadavg()[0], command)
    print(page)
    if args.publish:
        PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
