"""Origins without a normal from reads: the BAMs of patients of the second simulator.

    python -m benchmarks.allele_origin_reads benchmarks/work/bed/capture-* --out FOLDER

Runs qc, call and copynumber on the two tumours of every patient, and on the first alone, without
the normal; neither germline resource nor pool is given. Counted as in `allele_origin.py`.
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


def sheet(folder: Path, names: Sequence[str]) -> Sheet:
    """Return the sheet of a patient without a normal."""
    samples = tuple(
        Sample(sample=name, role="tumor", timepoint=None, day=None, lesion=None, drugs=(),
               bam=str((folder / f"{name}.bam").absolute()), purity=None)
        for name in names
    )  # fmt: skip
    return Sheet(
        schema="resistpanel/sheet/1", patient=folder.name, sex=None, disease=None,
        samples=samples, pairs=tuple(Pair(pre=names[0], post=n, drugs=()) for n in names[1:]),
        lines=(), drugs=(), tumor_only=True,
    )  # fmt: skip


def run(folder: Path, names: Sequence[str], out: Path) -> None:
    """Run the stages; what is there is kept."""
    out.mkdir(parents=True, exist_ok=True)
    if (out / "copynumber.json").is_file():
        return
    write_record(out / "sheet.json", sheet(folder, names))
    common = ["--reference", str(folder / "reference.fa")]
    targets = ["--targets", str(folder / "targets.bed")]
    bams = [word for name in names for word in ("--tumor", str(folder / f"{name}.bam"))]
    for words in (
        ["qc", "--sheet", str(out / "sheet.json"), *targets, *common, "--output",
         str(out / "qc.json")],
        ["call", *common, *targets, *bams, "--output", str(out / "call.vcf.gz")],
        ["copynumber", "--sheet", str(out / "sheet.json"), "--qc", str(out / "qc.json"), "--vcf",
         str(out / "call.vcf.gz"), *common, "--output", str(out / "copynumber.json")],
    ):  # fmt: skip
        if resistpanel(words):
            raise SystemExit(f"{' '.join(words)} failed")


def alleles(folder: Path, names: Sequence[str], out: Path) -> list[dict]:
    """Return one row per allele whose truth is known, as `allele_origin.judge` does."""
    truth = {}
    for name, somatic in (("truth.tsv", True), ("inherited.tsv", False)):
        with (folder / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                truth[row["contig"], int(row["start"]) + 1, row["ref"], row["alt"]] = somatic
    found = json.loads((out / "copynumber.json").read_text())
    origins = {one["id"]: one for one in found["origins"]}
    with (folder / "targets.bed").open(encoding="utf-8") as file:
        size = sum(int(line.split()[2]) - int(line.split()[1]) for line in file) / 1e6
    setting = {"patient": folder.name, "tumors": len(names), "resource": False, "pool": False,
               "megabases": size}  # fmt: skip
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
    for folder in args.folders:
        for names in (["pre", "post"], ["pre"]):
            out = args.out / f"{folder.name}-{len(names)}"
            run(folder, names, out)
            rows += alleles(folder, names, out)
            purity = json.loads((out / "copynumber.json").read_text())["samples"]
            print(out.name, {n: one["purity"]["value"] for n, one in purity.items()}, flush=True)
    found = pd.DataFrame(rows)
    found.to_csv(args.out / "alleles.tsv", sep="\t", index=False)
    print(table(summarise(found)))
    passed = found[(found["filter"] == "PASS") & ~found["somatic"]]
    print(f"inherited with FILTER PASS: {dict(passed.groupby('tumors').size())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
