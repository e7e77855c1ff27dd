"""The whole workflow with names that a shell would act on: quotes, spaces, $(...), ;, &, *.

    python -m benchmarks.reliability.paths

Working folder, output folder, BAMs, reference, targets and configuration have such names. The run
must end as one with plain names does, with the same calls, and nothing named `pwned` may appear.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from benchmarks.reliability import data
from benchmarks.reliability.resume import ENVIRONMENT
from resistpanel.core.files import HOME, read_json

WORK = HOME / "benchmarks" / "work" / "paths"
HOSTILE = 'o\'b "x" $(touch pwned); & `touch pwned` | > pwned #é *'


def lay_out(cohort: Path, folder: Path) -> Path:
    """Link a patient's files under hostile names; return the working folder."""
    place = folder / HOSTILE
    place.mkdir(parents=True)
    for suffix in ("", ".fai", ".gzi"):
        (place / f"{HOSTILE}.fa.gz{suffix}").symlink_to(cohort / f"genome.fa.gz{suffix}")
    shutil.copy(cohort / "targets.bed", place / f"{HOSTILE}.bed")
    lines = (cohort / "samples.tsv").read_text().splitlines()[:4]
    head = lines[0].split("\t")
    rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]
    for row in rows:
        name = f"{row['sample']} {HOSTILE}.bam"
        shutil.copy(cohort / row["bam"], place / name)  # its index is made by the run
        row["bam"] = name
    text = "\n".join([lines[0], *("\t".join(row[c] for c in head) for row in rows)]) + "\n"
    (place / f"{HOSTILE}.tsv").write_text(text)
    settings = {
        "samples": f"{HOSTILE}.tsv",
        "reference": str(place / f"{HOSTILE}.fa.gz"),
        "targets": f"{HOSTILE}.bed",
        "outdir": f"results {HOSTILE}",
    }
    (place / f"{HOSTILE}.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True))
    return place


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the workflow there."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile"), "--directory",
         str(place), "--configfile", str(place / f"{HOSTILE}.yaml"), "--cores", "2", *arguments],
        capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=place,
    )  # fmt: skip


def main() -> int:
    """Run and look."""
    cohort = WORK / "cohort"
    data.make(cohort, 1)
    folder = WORK / "run"
    shutil.rmtree(folder, ignore_errors=True)
    place = lay_out(cohort, folder)
    done = run(place)
    pwned = [path for path, _, files in os.walk(folder) if "pwned" in files]
    results = place / f"results {HOSTILE}"
    resist = results / "resist" / "P01.json"
    key = read_json(resist)["verdict"]["key_variants"] if resist.exists() else None
    reports = sorted(path.suffix for path in (results / "report").glob("P01.*"))
    print(json.dumps({"status": done.returncode, "pwned": pwned, "key": key, "reports": reports}))
    good = not done.returncode and not pwned and key == [data.C121S] and len(reports) >= 4
    if not good:
        print(done.stderr[-4000:])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
