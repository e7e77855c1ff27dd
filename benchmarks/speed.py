"""CPU time and peak memory of the caller, beside samtools and freebayes on the same files.

    python benchmarks/speed.py --quick results/simulate/demo/*.bam
    python benchmarks/speed.py                     # a simulated patient, with freebayes
    python benchmarks/speed.py --growth            # with depth, targets and samples

The measure is the CPU of ``samtools view -c -M -L TARGETS`` over the same BAMs, which is what
reading them costs. The reference, the targets and the sample sheet are looked for beside the
BAMs unless they are given; without a sheet the first BAM is the normal. This script loads nothing
but the standard library while it measures, since a child's peak memory is counted from the fork.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import Usage, run

ROOT = Path(__file__).resolve().parents[1]
REFERENCES = ("reference.fa", "genome.fa.gz", "genome.fa", "reference.fa.gz")


class Files:
    """The BAMs of a patient, normal first, with their reference and targets."""

    def __init__(self, bams: list[Path], reference: Path | None, targets: Path | None):
        folder = bams[0].parent
        self.reference = reference or next(
            (folder / name for name in REFERENCES if (folder / name).exists()), None
        )
        self.targets = targets or folder / "targets.bed"
        if self.reference is None or not self.targets.exists():
            raise SystemExit(f"{folder}: no reference or targets.bed; give --reference, --targets")
        self.bams = normal_first(bams, folder / "samples.tsv")


def normal_first(bams: list[Path], sheet: Path) -> list[Path]:
    """Order the BAMs with the normal first, by the sample sheet where there is one."""
    if sheet.exists():
        with sheet.open(newline="") as handle:
            rows = list(csv.DictReader(handle, delimiter="\t"))
        normals = {(sheet.parent / r["bam"]).resolve() for r in rows if r["role"] == "normal"}
    else:
        normals = {b.resolve() for b in bams if b.stem == "normal"} or {bams[0].resolve()}
    return sorted(bams, key=lambda b: b.resolve() not in normals)


def best(command: list[str], repeats: int, stdout=subprocess.DEVNULL) -> Usage:
    """Run a command some times; return the run with the least CPU, or stop if one fails."""
    runs = []
    for _ in range(repeats):
        usage = run(command, stdout)
        if usage.status:
            raise SystemExit(f"{' '.join(command)}\n{usage.stderr[-2000:]}")
        runs.append(usage)
    return min(runs, key=lambda u: u.cpu)


def samtools(files: Files, targets: Path, repeats: int) -> dict:
    """Measure counting the reads on the targets, summed over the BAMs."""
    name = shutil.which("samtools")
    if name:
        start = [name, "view"]
    else:
        code = "import pysam, sys; pysam.samtools.view(*sys.argv[1:])"
        start = [sys.executable, "-c", code]
    usages = [
        best([*start, "-c", "-M", "-L", str(targets), str(bam)], repeats) for bam in files.bams
    ]
    return {
        "program": "samtools view -c -M -L" + ("" if name else " (of pysam, without libdeflate)"),
        "cpu": sum(u.cpu for u in usages),
        "wall": sum(u.wall for u in usages),
        "memory": max(u.memory for u in usages),
    }


def resistpanel(files: Files, targets: Path, repeats: int, threads: int, scratch: Path) -> dict:
    """Measure the caller."""
    program = Path(sys.executable).with_name("resistpanel")
    command = [str(program), "call", "--reference", str(files.reference)]
    command += ["--targets", str(targets), "--normal", str(files.bams[0])]
    for bam in files.bams[1:]:
        command += ["--tumor", str(bam)]
    command += ["--threads", str(threads), "--output", str(scratch / "somatic.vcf.gz")]
    return _row("resistpanel call", best(command, repeats))


def freebayes(files: Files, targets: Path, scratch: Path) -> dict:
    """Measure freebayes, once, jointly and with alleles from AF 0.01."""
    command = ["freebayes", "-f", str(files.reference), "-t", str(targets), "-F", "0.01"]
    command += ["-C", "2", "--pooled-continuous", "-v", str(scratch / "freebayes.vcf")]
    return _row("freebayes -F 0.01", best([*command, *map(str, files.bams)], 1))


def _row(program: str, usage: Usage) -> dict:
    return {"program": program, "cpu": usage.cpu, "wall": usage.wall, "memory": usage.memory}


def measure(
    files: Files, repeats: int, threads: int, with_freebayes: bool, targets: Path | None = None
) -> list[dict]:
    """Measure the programs on one set of files; the first row is samtools, the unit."""
    targets = targets or files.targets
    with tempfile.TemporaryDirectory() as scratch:
        rows = [samtools(files, targets, repeats)]
        rows.append(resistpanel(files, targets, repeats, threads, Path(scratch)))
        if with_freebayes:
            rows.append(freebayes(files, targets, Path(scratch)))
    for row in rows:
        row["ratio"] = row["cpu"] / rows[0]["cpu"]
    return rows


def dataset(work: Path, *options: str) -> Path:
    """Make, or find, a simulated patient in a process of its own; return its folder."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trio", "--work", str(work), *options],
        check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return Path(done.stdout.strip().splitlines()[-1])


def bams_of(folder: Path) -> list[Path]:
    """Return a simulated patient's BAMs, normal first, tumours in order of time."""
    order = ["normal", "pre", "post", "relapse2", "relapse3", "relapse4"]
    found = [folder / f"{name}.bam" for name in order]
    return [path for path in found if path.exists()]


def thinned(bam: Path, fraction: float, folder: Path) -> Path:
    """Keep a fraction of the fragments of a BAM."""
    out = folder / bam.name
    if fraction >= 1:
        return bam
    subprocess.run(
        ["samtools", "view", "-b", "-s", f"{7 + fraction:.6f}", "-o", str(out), str(bam)],
        check=True,
    )
    subprocess.run(["samtools", "index", str(out)], check=True)
    return out


def kilobases(bed: list[str]) -> float:
    """Return the sum of the interval lengths of a BED's lines in kb."""
    rows = [line.split("\t") for line in bed if line and not line.startswith(("#", "track"))]
    return sum(int(r[2]) - int(r[1]) for r in rows) / 1e3


def growth(work: Path, seed: int, deepest: int, repeats: int, threads: int) -> list[dict]:
    """Measure how CPU and memory grow with depth, with targets and with samples."""
    rows = []

    def add(axis: str, value: float, files: Files, targets: Path | None = None) -> None:
        for row in measure(files, repeats, threads, False, targets):
            rows.append({"axis": axis, "value": value, **row})
            print(*_shown(rows[-1:]), sep="\n", file=sys.stderr)

    many = dataset(work, "--seed", str(seed), "--tumours", "4")
    deep = many
    if deepest > 1000:
        deep = dataset(work, "--seed", str(seed), "--depth", str(deepest))
    for depth in sorted({d for d in (250, 500, 1000, 2000) if d < deepest} | {deepest}):
        with tempfile.TemporaryDirectory(dir=work) as scratch:
            share = depth / max(1000, deepest)
            bams = [thinned(b, share, Path(scratch)) for b in bams_of(deep)[:3]]
            add("depth", depth, Files(bams, deep / "reference.fa", deep / "targets.bed"))
    files = Files(bams_of(many)[:3], None, None)
    lines = files.targets.read_text().splitlines()
    for share in (8, 4, 2, 1):
        with tempfile.TemporaryDirectory(dir=work) as scratch:
            bed = Path(scratch) / "targets.bed"
            kept = lines[: len(lines) // share]
            bed.write_text("\n".join(kept) + "\n")
            add("target kb", round(kilobases(kept), 1), files, bed)
    for number in (2, 3, 5):
        add("BAMs", number, Files(bams_of(many)[:number], None, None))
    return rows


def _shown(rows: list[dict]) -> list[str]:
    out = []
    for r in rows:
        where = f"{r['axis']} {r['value']:g}: " if "axis" in r else ""
        out.append(
            f"{where}{r['program']}: {r['cpu']:.2f} s CPU, {r['wall']:.2f} s wall, "
            f"{r['memory']:.0f} MB, {r['ratio']:.1f} x samtools"
        )
    return out


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bams", nargs="*", type=Path, help="else a simulated patient is made")
    parser.add_argument("--quick", action="store_true", help="one run each, no freebayes")
    parser.add_argument("--growth", action="store_true", help="with depth, targets, samples")
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--targets", type=Path)
    parser.add_argument("--no-freebayes", action="store_true")
    parser.add_argument("--repeats", type=int, default=3, help="the best of, %(default)s")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--deepest", type=int, default=3000, help="of --growth, %(default)s")
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / "work")
    parser.add_argument("--output", type=Path, help="JSON")
    parser.add_argument("--publish", action="store_true", help="write to docs/validation too")
    args = parser.parse_args(argv)
    repeats = 1 if args.quick else args.repeats
    with_freebayes = not (args.no_freebayes or args.quick) and bool(shutil.which("freebayes"))
    if args.bams:
        files = Files(args.bams, args.reference, args.targets)
    else:
        # With --growth the patient has two tumours more, for later.
        more = ["--tumours", "4"] if args.growth else []
        folder = dataset(args.work, "--seed", str(args.seed), *more)
        files = Files(bams_of(folder)[:3], args.reference, args.targets)
    rows = measure(files, repeats, args.threads, with_freebayes)
    print(*_shown(rows), sep="\n")
    result = {
        "files": [os.fspath(b) for b in files.bams],
        "targets_kb": kilobases(files.targets.read_text().splitlines()),
        "bytes": sum(b.stat().st_size for b in files.bams),
        "rows": rows,
        "growth": [],
    }
    if args.growth:
        result["growth"] = growth(args.work, args.seed, args.deepest, repeats, args.threads)
    if args.output:
        args.output.write_text(json.dumps(result, indent=1) + "\n")
    if args.publish:
        from benchmarks.publish import publish_speed

        publish_speed(result, ROOT / "docs" / "validation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
