"""Purity from reads: simulated BAMs of a normal and a tumour through qc, call, annotate and
copynumber.

    python -m benchmarks.purity_reads --tumors 60 --seed 1 --rows purity_reads.tsv

The check of `copynumber_genomes --purity`, whose patients are depths and counts. The panel is
cancer138 with six exons per gene; a tumour has one of the genomes of `copynumber_genomes` that have
whole copies everywhere, a purity of 0.3 to 0.9, clonal variants (on one copy, or on all of the
commoner haplotype) and subclonal ones. Rows are added to the file as they are made; called again,
the benchmark goes on where it stopped.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import yaml

from benchmarks.allele_origin_reads import stage
from benchmarks.copynumber_genomes import GENOMES, PURITIES, draw_tumor, purities
from benchmarks.copynumber_page import table
from benchmarks.copynumber_patients import MODERN, Panel, Tumor
from benchmarks.genome import ROOT
from resistpanel.core.schemas import write_record
from resistpanel.records.sheet import Sample, Sheet

#: Those whose copies are whole numbers.
WHOLE = tuple(name for name in GENOMES if name not in ("subclonal", "three subclones"))
EXONS = 6
CLONAL, SUBCLONAL = 10, 4
SAMPLES = (("normal", "normal"), ("tumor", "tumor"))


def patient(number: int, seed: int, depth: float) -> dict:
    """Return the keys of a simulated patient that all tumours share."""
    return {
        "patient": f"P{number}",
        "seed": seed,
        "sex": "female",
        "build": "hg19",
        "panel": str(ROOT / "panels" / "cancer138"),
        "genome": {"codons": str(ROOT / "resources/demo/codons.tsv"), "exons_per_gene": EXONS},
        "reads": {"length": 100, "insert_mean": 180, "insert_sd": 40, "depth": depth,
                  "quality": "modern", "duplicates": 0.1, "uniformity": 0.25},
        "germline": {"snv_per_kb": 0.65, "indel_per_kb": 0.08, "heterozygous": 0.62},
        "samples": [{"sample": name, "role": role} for name, role in SAMPLES],
    }  # fmt: skip


def simulate(made: dict, folder: Path, *more: object) -> None:
    """Write the BAMs of a patient."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patient.yaml").write_text(yaml.safe_dump(made, sort_keys=False))
    stage("simulate", folder / "patient.yaml", "--output", folder, "--threads", 1, *more)


def genome(work: Path, depth: float) -> Path:
    """Return the folder of the genome of all patients; made if it is not there."""
    folder = work / "genome"
    if not (folder / "targets.bed").exists():
        simulate(patient(0, 1, 1.0), folder)
    return folder


def spread(rng: np.random.Generator, number: int, targets: list[tuple[str, int, int, str]]):
    """Draw positions in targets of autosomes, at least 50 bases apart."""
    found: list[tuple[str, int, str]] = []
    wide = [row for row in targets if row[2] - row[1] >= 60 and row[0] not in ("chrX", "chrY")]
    while len(found) < number:
        chrom, start, end, gene = wide[rng.integers(len(wide))]
        pos = int(rng.integers(start + 10, end - 10))
        if all(chrom != other or abs(pos - p) >= 50 for other, p, _ in found):
            found.append((chrom, pos, gene))
    return found


def somatic(rng: np.random.Generator, tumor: Tumor, where: Path) -> list[dict]:
    """Draw somatic substitutions, with the AF that purity and copies give."""
    lines = [line.split("\t") for line in (where / "targets.bed").read_text().splitlines()]
    targets = [(row[0], int(row[1]), int(row[2]), row[3].split("|")[0]) for row in lines]
    rows = []
    with pysam.FastaFile(str(where / "genome.fa.gz")) as fasta:
        for number, (chrom, pos, gene) in enumerate(spread(rng, CLONAL + SUBCLONAL, targets)):
            ref = fasta.fetch(chrom, pos, pos + 1).upper()
            total, minor = tumor.copies.get(gene, (2, 1))
            ccf = 1.0 if number < CLONAL else rng.uniform(0.1, 0.6)
            copies = total - minor if rng.random() < 0.5 and total > 2 else 1
            af = tumor.purity * ccf * copies / tumor.amount(gene)
            alt = str(rng.choice([b for b in "ACGT" if b != ref]))
            rows.append({"chrom": chrom, "pos": pos + 1, "ref": ref, "alt": alt,
                         "af": {"tumor": round(float(af), 5)}})  # fmt: skip
    return rows


def run(folder: Path, where: Path) -> dict:
    """Return the purity that the stages give."""
    samples = tuple(
        Sample(sample=name, role=role, timepoint=None, day=None, lesion=None, drugs=(),
               bam=str((folder / f"{name}.bam").absolute()), purity=None)
        for name, role in SAMPLES
    )  # fmt: skip
    sheet = Sheet(
        schema="resistpanel/sheet/1", patient=folder.name, sex=None, disease=None, samples=samples,
        pairs=(), lines=(), drugs=(), tumor_only=False,
    )  # fmt: skip
    described, quality = folder / "sheet.json", folder / "qc.json"
    called, named = folder / "call.vcf.gz", folder / "annotated.vcf.gz"
    genes = ROOT / "panels" / "cancer138" / "hg19.gff3"
    reference = ("--reference", where / "genome.fa.gz")
    write_record(described, sheet)
    both = (*reference, "--targets", where / "targets.bed")
    stage("qc", "--sheet", described, *both, "--output", quality)
    bams = [word for name, role in SAMPLES for word in (f"--{role}", folder / f"{name}.bam")]
    stage("call", *both, *bams, "--output", called)
    stage("annotate", "--vcf", called, "--genes", genes, *reference, "--output", named)
    stage("copynumber", "--sheet", described, "--qc", quality, "--vcf", named, *reference,
          "--genes", genes, "--output", folder / "cn.json")  # fmt: skip
    return json.loads((folder / "cn.json").read_text())["samples"]["tumor"]["purity"]


def one(number: int, seed: int, where: Path, depth: float, work: Path) -> dict:
    """Simulate a tumour and return its purity and what was given."""
    rng = np.random.default_rng([seed, number])
    name = WHOLE[number % len(WHOLE)]
    tumor, _ = draw_tumor(rng, Panel(rng, MODERN), name, PURITIES)
    made = patient(number, int(rng.integers(1 << 30)), depth)
    made["samples"][1]["purity"] = round(tumor.purity, 4)
    lines = [line.split("\t") for line in (where / "targets.bed").read_text().splitlines()]
    present = {row[3].split("|")[0] for row in lines}
    made["copynumber"] = [
        {"gene": str(gene), "samples": {"tumor": {"total": int(total), "minor": int(minor)}}}
        for gene, (total, minor) in tumor.copies.items()
        if gene in present and (total, minor) != (2, 1)
    ]
    made["somatic"] = somatic(rng, tumor, where)
    # The depth of a genome with more DNA is that of any other.
    mean = float(np.mean([tumor.amount(g) for g in tumor.copies])) / 2
    made["samples"][1]["depth"] = round(depth / mean, 2)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        out = Path(folder)
        simulate(made, out, "--reference", where / "genome.fa.gz",
                 "--targets", where / "targets.bed")  # fmt: skip
        given = run(out, where)
    row = {"cell": name, "truth": tumor.purity, "value": given["value"]}
    row |= {"low": given["low"], "high": given["high"], "source": given["source"]}
    listed = given.get("alternatives") or ()
    row["listed"] = any(a["low"] <= tumor.purity <= a["high"] for a in listed)
    return {"number": number, "seed": seed} | row


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tumors", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--depth", type=float, default=300.0)
    parser.add_argument("--rows", type=Path, help="file to which rows are added (.tsv)")
    args = parser.parse_args(argv)
    work = ROOT / "benchmarks" / "work" / "purity_reads"
    work.mkdir(parents=True, exist_ok=True)
    where = genome(work, args.depth)
    stored = args.rows is not None and args.rows.exists()
    rows = pd.read_csv(args.rows, sep="\t").to_dict("records") if stored else []
    for number in range(len(rows), args.tumors):
        rows.append(one(number, args.seed, where, args.depth, work))
        print(rows[-1], flush=True)
        if args.rows:
            pd.DataFrame(rows).to_csv(args.rows, sep="\t", index=False)
    print(table(purities(pd.DataFrame(rows))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
