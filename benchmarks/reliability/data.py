"""Small patients for runs that are made to fail.

    python -m benchmarks.reliability.data FOLDER --patients 20

17 targets (2.2 kb) of six genes at 150x, 2x100 bp: about 10,000 reads per sample, BRAF p.V600E in
both tumours and MAP2K1 p.C121S in the later one. All patients share one synthetic genome.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import yaml

from resistpanel.core.files import HOME

GENES = ("BRAF", "MAP2K1", "NRAS", "TP53", "KIT", "PTEN")
DEPTH = 150
#: What a whole run must call in every patient.
V600E, C121S = "chr7:140453136:A:T", "chr15:66729154:G:C"
#: The sheet's columns, in its order.
COLUMNS = (
    *("patient", "sample", "role", "timepoint", "day", "lesion", "drugs", "bam"),
    *("sex", "purity", "disease"),
)


def describe(name: str, seed: int, germline: float = 1.0) -> dict:
    """Return a patient in the words of ``resistpanel simulate``."""
    normal, before, after = f"{name}_normal", f"{name}_before", f"{name}_relapse"
    return {
        "patient": name,
        "seed": seed,
        "sex": "female",
        "disease": "melanoma",
        "panel": str(HOME / "panels/cancer138"),
        "genome": {
            "exons_per_gene": 1,
            "codons": str(HOME / "resources/demo/codons.tsv"),
            "off_target": 10,
        },
        "reads": {"length": 100, "insert_mean": 180, "insert_sd": 35, "depth": DEPTH},
        "germline": {"snv_per_kb": germline},
        "samples": [
            {"sample": normal, "role": "normal"},
            {"sample": before, "role": "tumor", "timepoint": "pre", "day": 0},
            {
                "sample": after,
                "role": "tumor",
                "timepoint": "post",
                "day": 100,
                "drugs": ["vemurafenib"],
            },
        ],
        "somatic": [
            {"gene": "BRAF", "chrom": "chr7", "pos": 140453136, "ref": "A", "alt": "T",
             "af": {before: 0.37, after: 0.37}},
            {"gene": "MAP2K1", "chrom": "chr15", "pos": 66729154, "ref": "G", "alt": "C",
             "af": {after: 0.25}},
        ],
    }  # fmt: skip


def _simulate(*arguments: object) -> None:
    command = [sys.executable, "-m", "resistpanel.cli", "simulate", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)


def make(folder: Path, patients: int = 1) -> Path:
    """Simulate patients P01, P02 ... in a folder, once; return its samples.tsv.

    Beside it stand ``genome.fa.gz`` and ``targets.bed``, in ``P01/`` and so on the BAMs.
    """
    folder = folder.absolute()
    sheet = folder / "samples.tsv"
    folder.mkdir(parents=True, exist_ok=True)
    genome, targets = folder / "genome.fa.gz", folder / "targets.bed"
    if not targets.exists():
        first = folder / "genome.yaml"
        alone = describe("genome", 1)
        alone["reads"]["depth"] = 5
        first.write_text(json.dumps(alone))
        _simulate(first, "--output", folder / "genome")
        for suffix in ("", ".fai", ".gzi"):
            (folder / "genome" / f"genome.fa.gz{suffix}").replace(f"{genome}{suffix}")
        lines = (folder / "genome" / "targets.bed").read_text().splitlines(keepends=True)
        targets.write_text(
            "".join(row for row in lines if any(f"\t{gene}|" in row for gene in GENES))
        )
    rows = []
    for number in range(1, patients + 1):
        name = f"P{number:02d}"
        patient = describe(name, number)
        path = folder / f"{name}.yaml"
        if not (folder / name / "samples.tsv").exists():
            path.write_text(yaml.safe_dump(patient))
            _simulate(path, "--output", folder / name, "--reference", genome, "--targets", targets)
        lines = (folder / name / "samples.tsv").read_text().splitlines()
        head = lines[0].split("\t")
        for line in lines[1:]:
            row = dict(zip(head, line.split("\t"), strict=True))
            row["bam"] = f"{name}/{row['bam']}"
            rows.append("\t".join(row.get(column, "") for column in COLUMNS))
    sheet.write_text("\n".join(["\t".join(COLUMNS), *rows]) + "\n")
    return sheet


def configuration(folder: Path, outdir: str = "results", **further: object) -> str:
    """Return the text of a configuration for the patients in a folder."""
    settings = {
        "samples": str(folder / "samples.tsv"),
        "reference": str(folder / "genome.fa.gz"),
        "targets": str(folder / "targets.bed"),
        "outdir": outdir,
    }
    return yaml.safe_dump(settings | further)


def main() -> None:
    """Make the patients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=1)
    args = parser.parse_args()
    print(make(args.folder, args.patients))


if __name__ == "__main__":
    main()
