"""CPU and wall time of the whole workflow on a patient, beside samtools on the same BAMs.

    python -m benchmarks.patient_speed                  # the demo's patient with all of its exons
    python -m benchmarks.patient_speed --data FOLDER    # made before, or your own
    python -m benchmarks.patient_speed --publish        # write docs/validation/patient_speed.md

The measure is the CPU of ``samtools view -c -M -L TARGETS`` over the BAMs, taken before and after
each run, since other programs on the machine slow both. The workflow is `resistpanel run` from the
start of its process to its end: Snakemake and all of its jobs. With --patients the patient is also
run under so many names at once (`benchmarks.copies`, 2.2 GB a patient). FOLDER has samples.tsv,
targets.bed, genome.fa.gz and the BAMs, as `resistpanel simulate` writes them; without it the
patient of `resources/demo/patient.yaml` is simulated with 200 exons per gene (373 kb, 900x, three
BAMs of 18 million reads).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks import copies
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


def workflow(folder: Path, cores: int) -> Usage:
    """Run the workflow in an empty folder beside the data, and return what it used."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as study:
        settings = {
            "build": "hg19",
            "samples": str(folder / "samples.tsv"),
            "reference": str(folder / "genome.fa.gz"),
            "targets": str(folder / "targets.bed"),
        }
        (Path(study) / "config.yaml").write_text(yaml.safe_dump(settings))
        return checked([PROGRAM, "run", "--cores", str(cores)], Path(study))


def measure(folder: Path, cores: list[int], repeats: int) -> list[dict]:
    """Return one row for each run: between two counts of samtools, to whose mean it is related."""
    rows = []
    before = samtools(folder)
    for _ in range(repeats):
        for number in cores:
            used = workflow(folder, number)
            after = samtools(folder)
            floor = (before[0] + after[0]) / 2
            rows.append(
                {"cores": number, "cpu": used.cpu, "wall": used.wall, "memory": used.memory}
                | {"before": before[0], "after": after[0], "ratio": used.cpu / floor}
            )
            print(rows[-1], flush=True)
            before = after
    return rows


def growth(folder: Path, patients: list[int], cores: int) -> list[dict]:
    """Return one row for each number of patients, all copies of one."""
    cohort = folder.parent / f"cohort{max(patients)}"
    copies.make(folder, cohort, max(patients))
    whole = (cohort / "samples.tsv").read_text().splitlines(keepends=True)
    samples = (len(whole) - 1) // max(patients)
    rows = []
    for number in patients:
        (cohort / "samples.tsv").write_text("".join(whole[: 1 + samples * number]))
        with tempfile.TemporaryDirectory(dir=folder.parent) as study:
            (Path(study) / "config.yaml").write_text(copies.configuration(cohort))
            used = checked([PROGRAM, "run", "--cores", str(cores)], Path(study))
            differ = copies.differing(Path(study) / "results", number)
        rows.append(
            {"patients": number, "cores": cores, "cpu": used.cpu, "wall": used.wall}
            | {"memory": used.memory, "differ": differ}
        )
        print(rows[-1], flush=True)
    (cohort / "samples.tsv").write_text("".join(whole))
    return rows


def text(rows: list[dict], grown: list[dict], folder: Path, load: float, command: str) -> str:
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
        f" {size:.0f} MB in all, {kb:.0f} kb of targets. Load average of the machine"
        f" at the end: {load:.1f} on {os.cpu_count()} cores; wall times are of that load.",
        "",
        "`samtools view -c -M -L` over the three BAMs was timed before and after each run; the"
        " ratio is to the mean of both. MB: the largest process.",
        "",
        "| resistpanel run | CPU s | wall s | MB | samtools before, after (CPU s) | x samtools |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| --cores {r['cores']} | {r['cpu']:.1f} | {r['wall']:.1f} | {r['memory']:.0f}"
        f" | {r['before']:.1f}, {r['after']:.1f} | {r['ratio']:.2f} |"
        for r in rows
    ]
    if grown:
        lines += [
            "",
            "## Growth with patients",
            "",
            "Copies of the patient under other names, in one run. What differs from the first"
            " patient's counts, comparison, copy number, mechanism and tables in more than the"
            " name is counted.",
            "",
            "| patients | CPU s | wall s | CPU s a patient | wall s a patient | MB | results that"
            " differ |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {r['patients']} | {r['cpu']:.1f} | {r['wall']:.1f}"
            f" | {r['cpu'] / r['patients']:.1f} | {r['wall'] / r['patients']:.1f}"
            f" | {r['memory']:.0f} | {len(r['differ'])} |"
            for r in grown
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of a patient; else one is simulated")
    parser.add_argument("--cores", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--patients", type=int, nargs="*", default=[], help="also so many copies")
    parser.add_argument("--rows", type=Path, help="file of measurements (JSON lines), added to")
    parser.add_argument("--publish", action="store_true", help="write docs/validation")
    args = parser.parse_args()
    folder = args.data.absolute() if args.data else simulated()
    found = measure(folder, args.cores, args.repeats) if args.repeats else []
    load = os.getloadavg()[0]
    found += growth(folder, args.patients, max(args.cores)) if args.patients else []
    if args.rows:
        with args.rows.open("a") as out:
            out.writelines(json.dumps(row) + "\n" for row in found)
        found = [json.loads(line) for line in args.rows.read_text().splitlines()]
    rows = [row for row in found if "ratio" in row]
    grown = [row for row in found if "patients" in row]
    words = ["--data FOLDER"] if args.data else []
    words += [f"--cores {' '.join(map(str, args.cores))}"] if args.cores != [2, 1] else []
    words += [f"--repeats {args.repeats}"] if args.repeats > 1 else []
    words += [f"--patients {' '.join(map(str, args.patients))}"] if args.patients else []
    words += ["--publish"] if args.publish else []
    command = " ".join(["python -m benchmarks.patient_speed", *words])
    page = text(rows, grown, folder, load, command)
    print(page)
    if args.publish:
        PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
