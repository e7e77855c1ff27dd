"""Tumour mutational burden of simulated tumours, through the stages from their BAMs.

    python -m benchmarks.burden --seed 1 --tumors 4

Each tumour has mutations at drawn places and allele frequencies of 10 to 50 %. The true burden is
that of all planted mutations in coding bases on all coding bases of the targets, counted from the
simulator's truth and the GFF3; the stages count what they call on the bases at depth.
"""

import argparse
import tempfile
from pathlib import Path

import pysam
import yaml

from benchmarks.identity import PANEL, quiet
from resistpanel.core.files import read_json

SAMPLES = (("normal", "normal", "", ""), ("tumor", "tumor", "pre", "0"))


def described(seed: int, exons: int, depth: float, spread: float, mutations: int) -> dict:
    """Return a patient's YAML: a normal and a tumour with mutations, one in ten an indel."""
    short = mutations // 20
    return {
        "patient": "p", "seed": seed, "sex": "female", "disease": "melanoma", "build": "hg19",
        "panel": str(PANEL),
        "genome": {"exons_per_gene": exons},
        "reads": {
            "length": 100, "insert_mean": 200, "insert_sd": 35, "depth": depth,
            "quality": "modern", "duplicates": 0.1, "low_mapq": 0.01, "off_target": 0,
            "uniformity": spread,
        },
        "germline": {"snv_per_kb": 1.0, "indel_per_kb": 0.1, "heterozygous": 0.6},
        "samples": [
            {"sample": "normal", "role": "normal"},
            {"sample": "tumor", "role": "tumor", "timepoint": "pre", "day": 0},
        ],
        "random_somatic": {
            "snv": mutations - 2 * short, "mnv": 0, "del": short, "ins": short, "dup": 0,
            "af": [0.1, 0.5], "samples": ["tumor"],
        },
    }  # fmt: skip


def coding(gff3: Path) -> dict[str, set[int]]:
    """Return the coding bases by contig, 0-based, from the CDS lines of a GFF3."""
    found: dict[str, set[int]] = {}
    for line in gff3.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) > 4 and fields[2] == "CDS":
            found.setdefault(fields[0], set()).update(range(int(fields[3]) - 1, int(fields[4])))
    return found


def truth(folder: Path) -> tuple[int, int]:
    """Return (planted coding mutations, coding bases of the targets)."""
    bases = coding(PANEL / "hg19.gff3")
    on_target: set[tuple[str, int]] = set()
    for line in (folder / "targets.bed").read_text().splitlines():
        chrom, start, end = line.split("\t")[:3]
        inside = bases.get(chrom, set())
        on_target |= {(chrom, pos) for pos in range(int(start), int(end)) if pos in inside}
    planted = 0
    with pysam.VariantFile(str(folder / "truth.vcf.gz")) as vcf:
        for record in vcf:
            if record.info["ORIGIN"] == "somatic":
                places = range(record.start, record.stop)
                planted += any((record.chrom, pos) in on_target for pos in places)
    return planted, len(on_target)


def measured(folder: Path) -> dict:
    """Run the stages; return the burden of the tumour."""
    rows = ["patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tbam"]
    rows += [f"p\t{s}\t{role}\t{when}\t{day}\t\t\t{folder / s}.bam"
             for s, role, when, day in SAMPLES]  # fmt: skip
    (folder / "sheet.tsv").write_text("\n".join(rows) + "\n")
    at = ["--reference", folder / "genome.fa.gz"]
    both = [*at, "--targets", folder / "targets.bed"]
    genes = ["--genes", PANEL / "hg19.gff3"]
    out = {name: folder / f"{name}.json"
           for name in ("sheet", "qc", "copynumber", "compare", "biomarkers")}  # fmt: skip
    sheet = ["--samples", folder / "sheet.tsv", "--build", "hg19", "--patient", "p"]
    quiet("sheet", *sheet, *genes, *both, "--output", out["sheet"])
    quiet("qc", "--sheet", out["sheet"], *both, "--output", out["qc"])
    bams = ["--normal", folder / "normal.bam", "--tumor", folder / "tumor.bam"]
    quiet("call", *both, *bams, "--output", folder / "call.vcf.gz")
    annotated = folder / "annotate.vcf.gz"
    quiet("annotate", "--vcf", folder / "call.vcf.gz", *genes, *at, "--output", annotated)
    known = ["--sheet", out["sheet"], "--vcf", annotated]
    quiet("copynumber", *known, "--qc", out["qc"], *at, "--output", out["copynumber"])
    quiet("compare", *known, "--copynumber", out["copynumber"], "--build", "hg19",
          "--output", out["compare"])  # fmt: skip
    given = ["--sheet", out["sheet"], "--qc", out["qc"], "--compare", out["compare"]]
    quiet("biomarkers", *given, *genes, *both, "--output", out["biomarkers"])
    return read_json(out["biomarkers"])["samples"]["tumor"]["burden"]


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; 1 if the bias over all tumours is 5 % or more."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tumors", type=int, default=4)
    parser.add_argument("--mutations", type=int, default=150, help="planted in each")
    parser.add_argument("--exons", type=int, default=4, help="of each of the 138 genes")
    parser.add_argument("--depth", type=float, default=300)
    parser.add_argument("--uniformity", type=float, default=0.25, help="sd of log target depth")
    args = parser.parse_args(argv)
    estimated = expected = 0.0
    print("seed planted coding_bases counted bases_at_depth bias interval_covers reported")
    for number in range(args.tumors):
        seed = args.seed + number
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            value = described(seed, args.exons, args.depth, args.uniformity, args.mutations)
            (folder / "patient.yaml").write_text(yaml.safe_dump(value))
            quiet("simulate", folder / "patient.yaml", "--output", folder, "--threads", "1")
            planted, bases = truth(folder)
            found = measured(folder)
        mb = found["coding_mb"]
        rate, true = found["mutations"] / mb, planted / (bases / 1e6)
        low, high = poisson(found["mutations"])
        covers = low / mb <= true <= high / mb
        print(
            f"{seed} {planted} {bases} {found['mutations']} {mb * 1e6:.0f} "
            f"{100 * (rate / true - 1):+.1f}% {covers} {found['per_mb']}"
        )
        estimated, expected = estimated + rate, expected + true
    bias = estimated / expected - 1
    print(f"bias over {args.tumors} tumours: {100 * bias:+.2f} %")
    return int(abs(bias) >= 0.05)


def poisson(number: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a count (Garwood 1936), by the chi-squared quantiles."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * number) / 2 if number else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * number + 2) / 2)


if __name__ == "__main__":
    raise SystemExit(main())
