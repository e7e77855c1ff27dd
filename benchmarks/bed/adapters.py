"""Inserts that are shorter than the reads: what adapters do to calls and states.

    python -m benchmarks.bed adapters --seed N [--patients 2]

For each share of short inserts a patient is made twice, the same molecules and the same sequencing
errors: with adapters read, and with every read cut at the end of its insert, as the simulator knows
it. A third set are the reads with adapters, trimmed and aligned by ``resistpanel align``. All are
called; counted are fragments with a true somatic indel in samples without a molecule of it, and
states of ``resistpanel compare`` that differ from those without adapters. No molecule is hopped
from another library, so that a sample without the variant has none.
"""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pysam

from benchmarks.align import fastq
from benchmarks.bed import assay as assays
from benchmarks.bed import calling, depths, genome, report, score, statistics, tumour
from benchmarks.bed.errors import Chemistry
from benchmarks.bed.molecules import Capture

PAGE = genome.ROOT / "docs" / "validation" / "adapters.md"
INDELS = ("INS", "DEL", "DUP", "COMPLEX")
SAMPLES = ("normal", "pre", "post")
# Per cent of inserts that are shorter than a read: mean and spread of their lengths (gamma).
LEVELS = {5: (176.0, 55.0), 13: (152.0, 55.0), 40: (107.0, 40.0)}
ARMS = {
    "without": "no adapter: reads cut at their inserts",
    "adapters": "adapters in the BAM",
    "trimmed": "adapters in the FASTQ, `resistpanel align`",
}


@dataclass(frozen=True)
class ManyIndels(tumour.Mixture):
    """Two thirds of the somatic variants are indels."""

    kinds: ClassVar[dict[str, float]] = {
        "SNV": 0.30, "DEL": 0.28, "INS": 0.20, "DUP": 0.14, "COMPLEX": 0.08,
    }  # fmt: skip


@dataclass(frozen=True)
class Cut(Chemistry):
    """Reads end where their inserts end."""

    trimmed: ClassVar[bool] = True


def assay_of(level: int, cut: bool) -> assays.Assay:
    """Return the assay of a share of short inserts, its reads cut at their inserts or not."""
    length, spread = LEVELS[level]
    sampling = Capture(600, length=length, spread=spread, hopping=0.0)
    return replace(
        assays.ASSAYS["short-inserts"], name=f"adapters-{level}" + "-cut" * cut, sampling=sampling,
        mixture=ManyIndels(assays.WITH_NORMAL, somatic_per_base=1 / 150),
        chemistry=Cut() if cut else Chemistry(),
    )  # fmt: skip


def short_share(folder: Path, cycles: int) -> float:
    """Return the share of read pairs of which the insert is shorter than a read."""
    kept = np.load(folder / "molecules.npz")
    length = np.concatenate([kept[f"{s}:length"] for s in SAMPLES])
    copies = np.concatenate([kept[f"{s}:copies"] for s in SAMPLES])
    return float(copies[length < cycles].sum() / copies.sum())


def align_anew(folder: Path, made: Path) -> None:
    """Give the reads of a patient's BAMs to ``resistpanel align``, adapters and all."""
    from resistpanel.align.aligners import make_index
    from resistpanel.align.sample import align_sample

    reference = folder / "reference.fa"
    index = genome.WORK / "align_index"
    if not (index / "index.json").exists():
        make_index(reference, index)
    for name in ("reference.fa", "reference.fa.fai", "targets.bed"):
        (made / name).unlink(missing_ok=True)
        shutil.copy(folder / name, made / name, follow_symlinks=False)
    for sample in SAMPLES:
        if (made / f"{sample}.bam").exists():
            continue
        pair = fastq(folder / f"{sample}.bam", made)
        align_sample(sample, [pair[0]], [pair[1]], reference, index, made / f"{sample}.bam", 2)
        for path in pair:
            path.unlink()


def states(vcf: Path, scratch: Path) -> dict[str, str]:
    """Return the state of every variant that ``resistpanel compare`` reports, by its identifier."""
    annotated = scratch / "annotated.vcf.gz"
    with pysam.VariantFile(str(vcf)) as source:
        header = source.header.copy()
        for line in depths.HEADER.splitlines():
            if line.startswith("##INFO") and line.split("ID=")[1].split(",")[0] not in header.info:
                header.add_line(line)
        with pysam.VariantFile(str(annotated), "wz", header=header) as sink:
            for record in source:
                record.translate(header)
                sink.write(record)
    pysam.tabix_index(str(annotated), preset="vcf", force=True)
    table = depths.sheet(scratch / "sheet.json", dict.fromkeys(SAMPLES))
    depths.command("compare", "--vcf", annotated, "--sheet", table, "--output",
                   scratch / "compare.json")  # fmt: skip
    variants = json.loads((scratch / "compare.json").read_text())["variants"]
    return {v["id"]: v["state"] for v in variants}


def measure(truth_folder: Path, folder: Path) -> pd.DataFrame:
    """Call a patient; return what is said of every true somatic variant.

    Returns
    -------
    DataFrame
        One row a variant and sample: kind, molecules in truth, fragments counted, depth, state.
    """
    vcf = folder / "calls.vcf.gz"
    used = calling.call(folder, list(SAMPLES), vcf)
    if used["status"]:
        raise RuntimeError(f"resistpanel call failed: {used['message']}")
    ref, truth = genome.reference(), score.read_truth(truth_folder)
    calls = score.read_calls(vcf, ref)
    said = states(vcf, folder)
    with pysam.VariantFile(str(vcf)) as file:
        # Of the records of `calls`, which has no junctions.
        names = [
            f"{record.contig}:{record.pos}:{record.ref}:{record.alts[0]}"
            for record in file
            if set(record.alts[0]) <= set("ACGT")
        ]
    assert len(names) == len(calls)
    beside = truth.somatic + truth.inherited
    rows = []
    for i, v in enumerate(truth.somatic):
        found = score.describe(ref, v, beside, calls)
        shown = {said.get(names[k], "no state") for k in found} or {"no record"}
        for sample in SAMPLES:
            counts = [calls[k].counts.get(sample, (0, 0)) for k in found]
            alt, depth = min(counts) if counts else (0, 0)
            rows.append({
                "variant": "{}:{}:{}:{}".format(*v.key), "kind": v.kind, "sample": sample,
                "molecules": int(truth.table[f"{sample}:molecules"].iloc[i]),
                "true_depth": int(truth.table[f"{sample}:depth"].iloc[i]),
                "alt": alt, "depth": depth, "state": "/".join(sorted(shown)),
                "passed": any(calls[k].passed for k in found),
            })  # fmt: skip
    return pd.DataFrame(rows)


def patient(level: int, seed: int, arms: list[str]) -> dict:
    """Make, call and compare one patient; return the tables of its arms and the short share."""
    base = genome.WORK / f"adapters-{level}-{seed}"
    folders = {arm: base / arm for arm in ARMS}
    whole = assays.simulate(assay_of(level, False), seed, folders["adapters"])
    assays.simulate(assay_of(level, True), seed, folders["without"])
    if "trimmed" in arms:
        folders["trimmed"].mkdir(exist_ok=True)
        align_anew(whole, folders["trimmed"])
    tables = {}
    for arm in arms:
        table = measure(whole, folders[arm])
        table.insert(0, "seed", seed)
        table.to_csv(folders[arm] / "measured.tsv", sep="\t", index=False)
        tables[arm] = table
    return {"tables": tables, "short": short_share(whole, 101)}


def _difference(both: pd.DataFrame, seed: int, variant: str) -> str:
    """Return the states of a variant without adapters and now, and its fragments and depths."""
    rows = both[(both.seed == seed) & (both.variant == variant)].set_index("sample")
    counts = [
        "/".join(f"{rows.alt_plain[s]}:{rows.depth_plain[s]}" for s in SAMPLES),
        "/".join(f"{rows.alt[s]}:{rows.depth[s]}" for s in SAMPLES),
    ]
    return f"{rows.state_plain.iloc[0]} ({counts[0]}) to {rows.state.iloc[0]} ({counts[1]})"


def figures(tables: dict[str, pd.DataFrame]) -> list[list[str]]:
    """Return a row for each arm: false fragments at indel sites, depth, calls, states."""
    plain = tables["without"]
    key = ["seed", "variant", "sample"]
    rows = []
    for arm, table in tables.items():
        indels = table[table.kind.isin(INDELS)]
        wild = indels[(indels.molecules == 0) & (indels.state != "no record")]
        false, depth = int(wild.alt.sum()), int(wild.depth.sum())
        low, high = statistics.clopper_pearson(false, depth)
        both = table.merge(plain, on=key, suffixes=("", "_plain"))
        ratio = (both.depth / both.depth_plain)[both.depth_plain > 0]
        first = both.drop_duplicates(["seed", "variant"])
        differs = first[first.state != first.state_plain]
        changed = "; ".join(
            _difference(both, r.seed, r.variant) for r in differs.itertuples()
        ) or "none"  # fmt: skip
        variants = table.drop_duplicates(["seed", "variant"])
        rows.append([
            ARMS[arm], f"{int((wild.alt > 0).sum())} of {len(wild)}",
            f"{false} of {depth} = {1e6 * false / max(depth, 1):.0f} "
            f"({1e6 * low:.0f} to {1e6 * high:.0f})",
            f"{ratio.median():.3f}", report.share(int(variants.passed.sum()), len(variants)),
            f"{len(differs)} of {len(first)}: {changed}",
        ])  # fmt: skip
    return rows


HEADER = ["reads", "sites and samples with a false fragment", "false fragments per million (99 %)",
          "depth against no adapter (median)", "true variants called",
          "states unlike those without adapters"]  # fmt: skip

PAGE_HEAD = """\
# Inserts shorter than the reads

Written by `python -m benchmarks.bed adapters --seed {seed} --patients {patients}` with {version}.
Patients of the second simulator ([assays](assays.md)), 2x101, 600x, with a normal; two thirds of
the somatic variants are indels. The reads of a patient differ between the rows in their adapters
alone. False fragments are those with a true somatic indel in a sample without a molecule of it;
chimeric molecules and errors of repeats make some without any adapter. Of a state that differs, the
fragments with the variant and the depth in normal, pre and post are given before and after. The
reads of the third row reach bwa in another order and in other batches than those of the first two.
"""


def run(seed: int, patients: int = 1, arms: list[str] | None = None, page: Path = PAGE) -> Path:
    """Measure every share of short inserts, and write the page."""
    arms = arms or list(ARMS)
    parts = [PAGE_HEAD.format(seed=seed, patients=patients, version=calling.version())]
    for level in LEVELS:
        done = [patient(level, seed + k, arms) for k in range(patients)]
        tables = {a: pd.concat([d["tables"][a] for d in done], ignore_index=True) for a in arms}
        share = np.mean([d["short"] for d in done])
        count = f"{patients} patient{'s' * (patients > 1)}"
        text = f"## {share:.0%} of inserts shorter than a read, {count}\n\n"
        text += report.table(figures(tables), HEADER)
        print(text, flush=True)
        parts.append(text)
    page.write_text("\n".join(parts))
    return page
