"""Swaps, sex, contamination and tumour in normal, found in simulated patients from their BAMs.

    python -m benchmarks.identity --publish

Patients with known faults are simulated on one small genome and run through the stages sheet, qc,
call, annotate, copynumber and identity as the workflow runs them. A fault is found if the gate
names the right sample and figure (of a swap, if the cohort's comparison names both samples).
"""

import argparse
import contextlib
import dataclasses
import io
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.copynumber_page import table as markdown
from benchmarks.identity_page import put
from benchmarks.publish import revision
from resistpanel.cli import main as resistpanel
from resistpanel.core.files import HOME, read_json

PANEL = HOME / "panels/cancer138"
#: Of each gene, on the simulated genome.
EXONS = 2
SAMPLES = ("normal", "before", "after")
#: Copies (total, of the rarer haplotype) that whole chromosomes of a tumour have.
STATES = ((1, 0), (3, 1), (2, 0), (4, 1))


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is wrong with a patient, and how the stages name it.

    Attributes
    ----------
    name : str
    expected : (str, str) or None
        Sample and metric of the gate's failure.
    contaminated : str, optional
        Sample with `share` of another person's DNA.
    share : float
    leak : float
        Share of the normal's DNA that is the later tumour's.
    sex : bool
        The sheet states the other sex.
    """

    name: str
    expected: tuple[str, str] | None = None
    contaminated: str | None = None
    share: float = 0.0
    leak: float = 0.0
    sex: bool = False


CLEAN = Fault("clean")
SWAPPED = Fault("tumour swapped with another patient's", ("after", "discordance"))
FAULTS = (
    CLEAN,
    SWAPPED,
    Fault("other sex in the sheet", ("normal", "sex_mismatch"), sex=True),
    Fault("2 % contamination of a tumour", ("after", "contamination"), "after", 0.02),
    Fault("2 % contamination of the normal", ("normal", "contamination"), "normal", 0.02),
    Fault("3 % tumour in normal", ("normal", "tumor_in_normal"), leak=0.03),
)


@dataclasses.dataclass(frozen=True)
class Patient:
    """A patient to simulate: its name, seed and fault."""

    name: str
    seed: int
    fault: Fault

    def sample(self, sample: str) -> str:
        """Return the full name of one of `SAMPLES`."""
        return f"{self.name}-{sample}"


def described(patient: Patient, names: dict[str, str], depth: float) -> dict:
    """Return a patient's YAML: purity 0.3 to 0.8, six chromosomes of changed copies, 30 SNVs.

    Parameters
    ----------
    patient : Patient
    names : dict of str to str
        Names of the samples in the BAMs.
    depth : float
    """
    rng = np.random.default_rng([patient.seed, 4])
    fault = patient.fault
    samples = []
    for sample in SAMPLES:
        row: dict = {"sample": names[sample], "role": "normal" if sample == "normal" else "tumor"}
        if sample != "normal":
            row |= {"timepoint": "pre" if sample == "before" else "post"}
            row |= {"day": 0 if sample == "before" else 100}
            row |= {"purity": round(float(rng.uniform(0.3, 0.8)), 2)}
        if fault.contaminated == sample:
            row["contamination"] = fault.share
        if fault.leak and sample == "normal":
            row["tumor_in_normal"] = {"sample": names["after"], "fraction": fault.leak}
        samples.append(row)
    tumors = [names["before"], names["after"]]
    changed = rng.choice(22, 6, replace=False) + 1
    states = [STATES[i] for i in rng.integers(len(STATES), size=len(changed))]
    return {
        "patient": patient.name,
        "seed": patient.seed,
        "sex": "female" if patient.seed % 2 else "male",
        "disease": "melanoma",
        "build": "hg19",
        "panel": str(PANEL),
        "genome": {"exons_per_gene": EXONS},
        "reads": {
            "length": 100, "insert_mean": 200, "insert_sd": 35, "depth": depth,
            "quality": "modern", "duplicates": 0.1, "low_mapq": 0.01, "off_target": 0,
        },
        "germline": {"snv_per_kb": 2.5, "indel_per_kb": 0.1, "heterozygous": 0.55},
        "samples": samples,
        "copynumber": [
            {"region": f"chr{number}", "samples": {t: {"total": a, "minor": b} for t in tumors}}
            for number, (a, b) in zip(changed, states, strict=True)
        ],
        "random_somatic": {"snv": 30, "mnv": 0, "del": 3, "ins": 3, "dup": 0, "af": [0.03, 0.4],
                           "samples": tumors},
    }  # fmt: skip


def quiet(*arguments: str | Path) -> None:
    """Run a step of the command line; its warnings are what the JSON says."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        status = resistpanel([str(argument) for argument in arguments])
    if status:
        raise SystemExit(f"resistpanel {' '.join(map(str, arguments))}\n{said.getvalue()}")


def simulate(patient: Patient, names: dict[str, str], folder: Path, depth: float) -> None:
    """Write a patient's BAMs into its folder, on the genome of the cohort."""
    own = folder / patient.name
    own.mkdir(parents=True, exist_ok=True)
    source = own / "patient.yaml"
    source.write_text(yaml.safe_dump(described(patient, names, depth), sort_keys=False))
    genome = folder / "genome"
    on = ["--reference", genome / "genome.fa.gz", "--targets", genome / "targets.bed"]
    quiet("simulate", source, "--output", own, "--threads", "1", *on)


def stages(patient: Patient, bams: dict[str, Path], folder: Path) -> dict:
    """Run a patient through the stages; return ``copynumber/{patient}.json``."""
    own, genome = folder / patient.name, folder / "genome"
    sex = "female" if bool(patient.seed % 2) != patient.fault.sex else "male"
    lines = ["patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tbam\tsex"]
    for sample, role, timepoint, day, drug in (
        ("normal", "normal", "", "", ""),
        ("before", "tumor", "pre", "0", ""),
        ("after", "tumor", "post", "100", "vemurafenib"),
    ):
        row = (patient.name, patient.sample(sample), role, timepoint, day, "", drug)
        lines.append("\t".join((*row, str(bams[sample]), sex)))
    sheet = own / "samples.tsv"
    sheet.write_text("\n".join(lines) + "\n")
    reference, targets, genes = (
        genome / "genome.fa.gz", genome / "targets.bed", PANEL / "hg19.gff3",
    )  # fmt: skip
    out = {name: own / f"{name}.json" for name in ("sheet", "qc", "copynumber")}
    called, annotated = own / "call.vcf.gz", own / "annotate.vcf.gz"
    at = ("--reference", reference)
    genome_files = [*at, "--targets", targets]
    asked = ["--samples", sheet, "--build", "hg19", "--genes", genes, "--patient", patient.name]
    tumors = ["--tumor", bams["before"], "--tumor", bams["after"]]
    quiet("sheet", *asked, *genome_files, "--output", out["sheet"])
    quiet("qc", "--sheet", out["sheet"], *genome_files, "--output", out["qc"])
    quiet("call", *genome_files, "--normal", bams["normal"], *tumors, "--output", called)
    quiet("annotate", "--vcf", called, "--genes", genes, *at, "--output", annotated)
    done = ["--sheet", out["sheet"], "--qc", out["qc"], "--vcf", annotated, *at]
    quiet("copynumber", *done, "--output", out["copynumber"])
    for bam in bams.values():
        bam.unlink()
        Path(f"{bam}.bai").unlink()
    return read_json(out["copynumber"])


def group(members: list[Patient], folder: Path, depth: float) -> list[dict]:
    """Simulate patients of which the last samples change places if there are two; run them."""
    bams: dict[Patient, dict[str, Path]] = {}
    for patient, other in zip(members, [*members[1:], members[0]], strict=True):
        # A BAM names its sample: one that is swapped has the other patient's label.
        names = {s: (other if s == "after" else patient).sample(s) for s in SAMPLES}
        simulate(patient, names, folder, depth)
        for sample, name in names.items():
            owner = other if sample == "after" else patient
            bams.setdefault(owner, {})[sample] = folder / patient.name / f"{name}.bam"
    return [row(patient, stages(patient, bams[patient], folder)) for patient in members]


def row(patient: Patient, found: dict) -> dict:
    """Return what the gate holds against a patient, and the estimates."""
    tripped = {
        (failure["sample"].removeprefix(f"{patient.name}-"), failure["metric"])
        for failure in found["gate"]["failures"]
    }
    fault, estimate = patient.fault, None
    if fault.contaminated:
        estimate = found["contamination"][patient.sample(fault.contaminated)]["value"]
    elif fault.leak:
        estimate = found["tumor_in_normal"][patient.sample("after")]["value"]
    wanted = {fault.expected} - {None}
    return {
        "fault": fault.name,
        "patient": patient.name,
        "found": wanted <= tripped,
        "more": sorted(f"{sample} {metric}" for sample, metric in tripped - wanted),
        "estimate": estimate,
        "sex": found["identity"]["sex"]["samples"][patient.sample("normal")]["sex"],
    }


def cohort(patients: list[Patient], folder: Path) -> set[frozenset[str]]:
    """Return the groups of samples that the comparison of all patients names."""
    files = [folder / patient.name / "copynumber.json" for patient in patients]
    output = folder / "cohort.json"
    quiet("identity", *files, "--output", output)
    found = read_json(output)["findings"]
    return {
        frozenset([finding["kind"], *(sample for _, sample in finding["samples"])])
        for finding in found
    }


def plan(clean: int, faulty: int) -> list[list[Patient]]:
    """Return the patients, in groups that are simulated together."""
    groups, number = [], 0
    for fault in FAULTS:
        size = 2 if fault is SWAPPED else 1
        count = clean if fault is CLEAN else faulty
        for _ in range(0, count, size):
            groups.append([Patient(f"P{number + i}", 100 + number + i, fault) for i in range(size)])
            number += size
    return groups


def summarise(rows: pd.DataFrame, named: set[frozenset], swaps: set[frozenset]) -> pd.DataFrame:
    """Return how often each fault is found, and whatever else is said."""
    lines = []
    for fault, part in rows.groupby("fault", sort=False):
        values = part["estimate"].dropna()
        lines.append(
            {
                "patients": f"{len(part)} {fault}",
                "found": "-" if fault == CLEAN.name else f"{int(part['found'].sum())}/{len(part)}",
                "patients with other alarms": int(part["more"].map(bool).sum()),
                "estimates": f"{values.min():.3f} to {values.max():.3f}" if len(values) else "-",
            }
        )
    lines.append(
        {
            "patients": f"{len(rows)} all, compared with each other",
            "found": f"{len(swaps & named)}/{len(swaps)} swaps",
            "patients with other alarms": len(named - swaps),
            "estimates": "-",
        }
    )
    return pd.DataFrame(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clean", type=int, default=20, help="patients without fault")
    parser.add_argument("--faulty", type=int, default=10, help="patients per fault")
    parser.add_argument("--depth", type=float, default=300, help="fragments, default %(default)g")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--work", type=Path, help="folder to keep; else a temporary one")
    parser.add_argument("--publish", action="store_true", help="write docs/validation/identity.md")
    args = parser.parse_args(argv)
    groups = plan(args.clean, args.faulty)
    patients = [patient for members in groups for patient in members]
    began = time.time()
    with contextlib.ExitStack() as stack:
        scratch = args.work or stack.enter_context(tempfile.TemporaryDirectory())
        folder = Path(scratch).resolve()
        genome = folder / "genome"
        genome.mkdir(parents=True, exist_ok=True)
        first = described(Patient("genome", 1, CLEAN), {s: s for s in SAMPLES}, 1)
        (genome / "genome.yaml").write_text(yaml.safe_dump(first, sort_keys=False))
        quiet("simulate", genome / "genome.yaml", "--output", genome)
        with ProcessPoolExecutor(args.jobs) as pool:
            jobs = [pool.submit(group, members, folder, args.depth) for members in groups]
            rows = pd.DataFrame([line for job in jobs for line in job.result()])
        named = cohort(patients, folder)
        targets = [row.split("\t") for row in (genome / "targets.bed").read_text().splitlines()]
        bases = sum(int(row[2]) - int(row[1]) for row in targets)
        on_x = sum(row[0] in ("X", "chrX") for row in targets)
        shutil.rmtree(genome)
    swaps = {
        frozenset(["swap", *(patient.sample("after") for patient in members)])
        for members in groups
        if len(members) > 1
    }
    table = summarise(rows, named, swaps)
    print(table.to_string(index=False))
    print(f"{time.time() - began:.0f} s; named between patients but not swapped: {named - swaps}")
    odd = rows[(~rows["found"]) | rows["more"].map(bool)]
    print(odd.to_string() if len(odd) else "nothing missed, no other alarm")
    if args.publish:
        untold = int(rows["sex"].isna().sum())
        missed = ~rows["found"].astype(bool) & (rows["fault"] == "other sex in the sheet")
        text = (
            f"Revision {revision()}. Normal and two tumours each, simulated on one synthetic "
            f"genome ({EXONS} exons of each of the 138 genes, {bases / 1000:.0f} kb; {on_x} "
            f"targets on X, of the 52 that the whole panel has) at "
            f"{args.depth:g}x, 2x100 bp, and run through the stages from `sheet` to `identity`. "
            "Tumours of purity 0.3 to 0.8 with six chromosomes of changed copies (loss, gain, LOH) "
            "and 36 somatic variants of AF 3 to 40 %. Found: the gate reports the correct sample "
            "and reason. Other alarms: patients in which it reports anything else. The last row "
            "is the comparison of all patients, in which both samples of a swap must be "
            "reported.\n\n"
            + markdown(table)
            + f"\n\nThe sex could not be determined in {untold} of {len(rows)} normals, among them "
            f"{int((missed & rows['sex'].isna()).sum())} of the {int(missed.sum())} in which the "
            "wrong sex was not found. On the whole panel it is found in 20 of 20 "
            "([copynumber](copynumber.md)).\n"
        )
        put("patients", "Faults found in patients simulated to BAMs", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
