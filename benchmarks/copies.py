"""A cohort of one simulated patient under many names.

    python -m benchmarks.copies FOLDER COHORT --patients 20

FOLDER is what `resistpanel simulate` writes: samples.tsv, targets.bed, genome.fa.gz and the BAMs.
In COHORT each patient has copies of the BAMs whose headers name its own samples, P01_normal and so
on; nothing else differs, so neither may its results.
"""

import argparse
import json
import shutil
from pathlib import Path

import pandas as pd
import pysam
import yaml

#: Results of a patient in which its names are to be all that differs from those of another.
RESULTS = (
    "call/{}.counts.json", "compare/{}.json", "copynumber/{}.json", "resist/{}.json",
    "report/{}.tsv", "report/{}.maf",
)  # fmt: skip


def make(data: Path, cohort: Path, patients: int) -> Path:
    """Copy a patient, where it was not done before; return the sheet of the cohort."""
    data, cohort = data.absolute(), cohort.absolute()
    cohort.mkdir(parents=True, exist_ok=True)
    for name in ("genome.fa.gz", "genome.fa.gz.fai", "genome.fa.gz.gzi", "targets.bed"):
        if not (cohort / name).exists():
            (cohort / name).symlink_to(data / name)
    one = pd.read_csv(data / "samples.tsv", sep="\t", dtype=str, keep_default_na=False)
    sheets = []
    for number in range(1, patients + 1):
        patient = f"P{number:02d}"
        mine = one.assign(patient=patient, sample=f"{patient}_" + one["sample"])
        mine["bam"] = [f"{sample}.bam" for sample in mine["sample"]]
        for source, sample in zip(one["bam"], mine["sample"], strict=True):
            copy(data / source, cohort / f"{sample}.bam", sample)
        sheets.append(mine)
    sheet = cohort / "samples.tsv"
    pd.concat(sheets).to_csv(sheet, sep="\t", index=False)
    return sheet


def copy(source: Path, path: Path, sample: str) -> None:
    """Copy a BAM and give it a sample's name, unless it is there with its index."""
    index = Path(f"{path}.bai")
    if index.exists():
        return
    with pysam.AlignmentFile(str(source)) as bam:
        header = bam.header.to_dict()
    for group in header.get("RG", []):
        group["SM"] = sample
    text = str(pysam.AlignmentHeader.from_dict(header))
    with path.with_suffix(".sam").open("w") as out:
        out.write(text)
    # The blocks of the records are copied as they are.
    pysam.samtools.reheader("-P", out.name, str(source), save_stdout=str(path))
    Path(out.name).unlink()
    pysam.samtools.index(str(path))


def configuration(cohort: Path) -> str:
    """Return the text of a configuration for a cohort."""
    files = {"samples": "samples.tsv", "reference": "genome.fa.gz", "targets": "targets.bed"}
    settings = {key: str(cohort.absolute() / name) for key, name in files.items()}
    return yaml.safe_dump(settings | {"build": "hg19"})


def differing(results: Path, patients: int) -> list[str]:
    """Return the results that differ from those of P01 in more than the patient's name."""
    wrong = []
    for pattern in RESULTS:
        texts = {}
        for number in range(1, patients + 1):
            patient = f"P{number:02d}"
            path = results / pattern.format(patient)
            texts[path] = path.read_text().replace(patient, "PATIENT")
            if path.suffix == ".json":
                texts[path] = json.dumps(without_files(json.loads(texts[path])), sort_keys=True)
        first = next(iter(texts.values()))
        wrong += [str(path.relative_to(results)) for path, text in texts.items() if text != first]
    return wrong


def without_files(value: object) -> object:
    """Return a record without what is said of its input files: their state and checksums."""
    if isinstance(value, dict):
        left_out = ("made", "inputs", "provenance")
        return {key: without_files(one) for key, one in value.items() if key not in left_out}
    return [without_files(one) for one in value] if isinstance(value, list) else value


def main() -> int:
    """Make the cohort."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--patients", type=int, default=20)
    args = parser.parse_args()
    print(make(args.data, args.cohort, args.patients), shutil.disk_usage(args.cohort).free >> 30)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
