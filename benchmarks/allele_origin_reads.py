"""Origins without a normal from reads: the BAMs of patients of the second simulator.

    python -m benchmarks.allele_origin_reads benchmarks/work/bed/capture-* --out FOLDER

Runs qc, call and copynumber on the two tumours of every patient, and on the first alone, without
the normal and a germline resource; with the normals of the other patients as a pool for depth, and
without. Counted as in `allele_origin.py`.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.allele_origin import summarise
from benchmarks.copynumber_page import table
from resistpanel.cli import main as resistpanel
from resistpanel.core.schemas import write_record
from resistpanel.core.vcf import CallVcf
from resistpanel.records.sheet import Pair, Sample, Sheet


def sheet(folder: Path, names: Sequence[str], role: str = "tumor") -> Sheet:
    """Return the sheet of a patient without a normal, or of one with nothing else."""
    samples = tuple(
        Sample(sample=name, role=role, timepoint=None, day=None, lesion=None, drugs=(),
               bam=str((folder / f"{name}.bam").absolute()), purity=None)
        for name in names
    )  # fmt: skip
    return Sheet(
        schema="resistpanel/sheet/1", patient=folder.name, sex=None, disease=None,
        samples=samples, pairs=tuple(Pair(pre=names[0], post=n, drugs=()) for n in names[1:]),
        lines=(), drugs=(), tumor_only=True,
    )  # fmt: skip


def stage(*words: object) -> None:
    """Run a command."""
    if resistpanel([str(word) for word in words]):
        raise SystemExit(f"{words} failed")


def normal(folder: Path, out: Path) -> Path:
    """Return the figures of a patient's normal."""
    found = out / f"{folder.name}-normal.json"
    if not found.is_file():
        out.mkdir(parents=True, exist_ok=True)
        described = out / f"{folder.name}-normal-sheet.json"
        write_record(described, sheet(folder, ["normal"], "normal"))
        stage("qc", "--sheet", described, "--targets", folder / "targets.bed",
              "--reference", folder / "reference.fa", "--output", found)  # fmt: skip
    return found


def run(folder: Path, names: Sequence[str], out: Path, pool: Sequence[Path]) -> None:
    """Run the stages; calls that are there are kept."""
    out.mkdir(parents=True, exist_ok=True)
    described, vcf, quality = out / "sheet.json", out / "call.vcf.gz", out / "qc.json"
    reference = ("--reference", folder / "reference.fa")
    targets = ("--targets", folder / "targets.bed")
    if not vcf.is_file():
        write_record(described, sheet(folder, names))
        stage("qc", "--sheet", described, *targets, *reference, "--output", quality)
        bams = [word for name in names for word in ("--tumor", folder / f"{name}.bam")]
        stage("call", *reference, *targets, *bams, "--output", vcf)
    for kind, normals in (("alone", ()), ("pool", pool)):
        more = [word for path in normals for word in ("--pool", path, "normal")]
        stage("copynumber", "--sheet", described, "--qc", quality, "--vcf", vcf, *reference,
              *more, "--output", out / f"{kind}.json")  # fmt: skip


def alleles(folder: Path, names: Sequence[str], out: Path, kind: str) -> list[dict]:
    """Return one row per allele whose truth is known, as `allele_origin.judge` does."""
    truth = {}
    for name, somatic in (("truth.tsv", True), ("inherited.tsv", False)):
        with (folder / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                truth[row["contig"], int(row["start"]) + 1, row["ref"], row["alt"]] = somatic
    found = json.loads((out / f"{kind}.json").read_text())
    origins = {one["id"]: one for one in found["origins"]}
    with (folder / "targets.bed").open(encoding="utf-8") as file:
        size = sum(int(line.split()[2]) - int(line.split()[1]) for line in file) / 1e6
    setting = {"patient": folder.name, "tumors": len(names), "resource": False,
               "pool": kind == "pool", "megabases": size}  # fmt: skip
    rows = []
    for call in CallVcf(out / "call.vcf.gz"):
        somatic = truth.get((call.chrom, call.pos, call.ref, call.alt))
        if somatic is None or call.id not in origins:
            continue
        af = max(one.af or 0.0 for one in call.genotypes.values())
        one = origins[call.id]
        filters = ",".join(call.filters)
        rows.append(setting | {"somatic": somatic, "af": af, "value": one["value"],
                               "p": one["somatic"], "id": call.id, "filter": filters})  # fmt: skip
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    rows = []
    normals = {folder: normal(folder, args.out) for folder in args.folders}
    for folder in args.folders:
        pool = [path for other, path in normals.items() if other != folder]
        for names in (["pre", "post"], ["pre"]):
            out = args.out / f"{folder.name}-{len(names)}"
            run(folder, names, out, pool)
            for kind in ("alone", "pool"):
                rows += alleles(folder, names, out, kind)
                purity = json.loads((out / f"{kind}.json").read_text())["samples"]
                given = {name: one["purity"]["value"] for name, one in purity.items()}
                print(out.name, kind, given, flush=True)
    found = pd.DataFrame(rows)
    found.to_csv(args.out / "alleles.tsv", sep="\t", index=False)
    print(table(summarise(found)))
    passed = found[(found["filter"] == "PASS") & ~found["somatic"]]
    print(f"inherited with FILTER PASS: {dict(passed.groupby('tumors').size())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
