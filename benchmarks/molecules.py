"""Measure molecules by UMI: families, consensus, recall against consensus reads, speed.

    python -m benchmarks.molecules --seed 5 --kb 1 --write docs/validation/molecules.md
    python -m benchmarks.molecules --seed N --molecules 4000 --kb 5 --pieces 20

A normal without UMIs and a plasma with duplex UMIs (families of 1 to 6 copies a strand, damage of
1e-5 before amplification, jackpots) are simulated on a random sequence, with substitutions at
0.1, 0.2 and 0.5 %. Families are compared with the simulator's, consensus bases with the
reference. The same molecules are called from the raw reads, and from consensus reads filtered as
fgbio FilterConsensusReads does with --min-reads 3,1,1 and 2,1,0. These are of the consensus of
`resistpanel`, so that 1,1,0, which keeps all of them, would be the raw reads again.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import yaml

from benchmarks import summary
from resistpanel.call.caller import Caller, Settings
from resistpanel.core.molecules import Molecules, name_hash
from resistpanel.core.stats import poisson_interval
from resistpanel.testing.simulate import simulate

CONTIG, LENGTH, SPACE = "chr1", 1000, 400
FREQUENCIES = (0.001, 0.002, 0.005)
#: Substitutions are this far apart.
APART = 25
UMI = {
    "type": "duplex", "length": 6, "families": [3, 3, 2, 1, 1, 1], "both_strands": 0.5,
    "damage": 1e-5, "deamination": 0.0, "oxidation": 0.0, "polymerase": 1e-6, "jackpots": 0.001,
    "jackpot_size": 30, "errors": 0.001,
}  # fmt: skip
#: --min-reads: copies in all, of the larger and of the smaller strand; None: raw reads.
FILTERS = {"raw reads": None, "consensus 3,1,1": (3, 1, 1), "consensus 2,1,0": (2, 1, 0)}
DRAWS = 10_000
NOTE = """\
The data are a simulated normal without UMIs and plasma with duplex UMIs of 2 x 6 bases: 1 to 6
copies of a strand, both strands of half of the molecules, damage of 1e-5 before amplification,
amplification errors, jackpots, and errors in UMIs. `identical`: families that are exactly those
of the simulator. `errors`: consensus bases of Q30 and more that differ from the reference,
including damage. `difference`: recall of the raw reads minus that of the consensus reads, paired
by variant, with its 95 % interval (bootstrap). The consensus reads are those of `resistpanel`,
filtered as by `fgbio FilterConsensusReads --min-reads`.
"""


@dataclass
class Place:
    """A simulated patient: its folder, the allele frequency of each variant, the plasma."""

    folder: Path
    variants: dict[tuple[int, str], float]

    @property
    def plasma(self) -> str:
        """The BAM with UMIs."""
        return str(self.folder / "out" / "plasma.bam")

    def settings(self, tumor: str, **options) -> Settings:
        """Return the settings of a call of a BAM."""
        return Settings(
            str(self.folder / "ref.fa"), str(self.folder / "targets.bed"), [tumor],
            normal=str(self.folder / "out" / "normal.bam"), **options,
        )  # fmt: skip


def make(
    folder: Path, seed: int, molecules: int, targets: int, length: int = LENGTH, **umi
) -> Place:
    """Simulate a patient on a number of targets of `length` bases; `umi` replaces some of `UMI`."""
    rng = np.random.default_rng(seed)
    size = targets * (length + SPACE) + SPACE
    sequence = "".join(rng.choice(list("ACGT"), size))
    (folder / "ref.fa").write_text(f">{CONTIG}\n{sequence}\n")
    pysam.faidx(str(folder / "ref.fa"))
    starts = [SPACE + k * (length + SPACE) for k in range(targets)]
    bed = "".join(f"{CONTIG}\t{a}\t{a + length}\tt{k}\n" for k, a in enumerate(starts))
    (folder / "targets.bed").write_text(bed)
    places = [p for a in starts for p in range(a + APART, a + length - APART, APART)]
    variants, rows = {}, []
    for k, pos in enumerate(places):
        alt = "ACGT"[("ACGT".index(sequence[pos]) + 1 + k % 3) % 4]
        af = FREQUENCIES[int(rng.integers(len(FREQUENCIES)))]
        variants[pos, alt] = af
        rows.append({"chrom": CONTIG, "pos": pos + 1, "ref": sequence[pos], "alt": alt,
                     "af": {"plasma": af}})  # fmt: skip
    patient = {
        "patient": "U1", "sex": "female", "build": "hg19", "panel": "unused",
        "reads": {"length": 100, "depth": molecules, "quality": "modern", "off_target": 0,
                  "uniformity": 0.05, "duplicates": 0.0, "pcr_errors": 0.0},
        "germline": {"snv_per_kb": 0, "indel_per_kb": 0},
        "samples": [
            {"sample": "normal", "role": "normal", "depth": 1000},
            {"sample": "plasma", "role": "plasma", "day": 1,
             "reads": {"fragments": "cfdna", "umi": UMI | umi}},
        ],
        "somatic": rows,
    }  # fmt: skip
    (folder / "patient.yaml").write_text(yaml.safe_dump(patient, sort_keys=False))
    simulate(folder / "patient.yaml", folder / "out", seed=seed, reference=folder / "ref.fa",
             targets=folder / "targets.bed", threads=1)  # fmt: skip
    return Place(folder, variants)


def regions(place: Place) -> list[tuple[str, int, int]]:
    """Return the targets."""
    rows = [line.split("\t") for line in (place.folder / "targets.bed").read_text().splitlines()]
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def families(place: Place) -> dict:
    """Compare families with the simulator's, and consensus bases with the reference."""
    stream = Molecules(place.plasma).by("RX", "duplex", trace=True)
    fasta = pysam.FastaFile(str(place.folder / "ref.fa"))
    codes = np.frombuffer(fasta.fetch(CONTIG).encode(), np.uint8)
    plain = np.ones(len(codes), bool)
    plain[[pos for pos, _ in place.variants]] = False
    wrong, total = defaultdict(int), defaultdict(int)
    for contig, beg, end in regions(place):
        for read in stream.fetch(contig, beg, end):
            copies = read.get_tag("cD")
            tier = "duplex" if read.get_tag("aD") and read.get_tag("bD") else (
                "simplex" if copies > 1 else "single"
            )  # fmt: skip
            if read.cigarstring != f"{read.query_length}M":
                continue
            bases = np.frombuffer(read.query_sequence.encode(), np.uint8)
            span = slice(read.reference_start, read.reference_end)
            good = (np.array(read.query_qualities) >= 30) & plain[span]
            total[tier] += int(good.sum())
            wrong[tier] += int((good & (bases != codes[span])).sum())
    made = defaultdict(set)
    for fragment, molecule in stream.members().tolist():
        made[molecule].add(fragment)
    found = {frozenset(some) for some in made.values()}
    seen = set().union(*found)
    truth = defaultdict(set)
    with pysam.AlignmentFile(place.plasma) as bam:
        for read in bam:
            hashed = name_hash(read.query_name)
            if hashed in seen:
                truth[read.get_tag("zm").split("/")[0]].add(hashed)
    same = sum(frozenset(some) in found for some in truth.values())
    counts = stream.counts()
    row = {"families": len(truth), "identical": same / len(truth)}
    row |= {f"errors_{tier}": wrong[tier] / max(total[tier], 1) for tier in total}
    row |= {f"bases_{tier}": total[tier] for tier in total}
    row["fragments_per_molecule"] = counts["fragments"] / counts["molecules"]
    row["duplex"] = counts["duplex"] / counts["molecules"]
    return row


def filtered(place: Place, name: str, least: tuple[int, int, int]) -> str:
    """Write the consensus reads that fgbio's filter would keep."""
    path = str(place.folder / f"{name.replace(',', '').replace(' ', '')}.bam")
    stream = Molecules(place.plasma).by("RX", "duplex")
    with (
        pysam.AlignmentFile(place.plasma) as source,
        pysam.AlignmentFile(path, "wb", template=source) as out,
    ):
        for contig, length in zip(source.references, source.lengths, strict=True):
            for read in stream.fetch(contig, 0, length):
                copies = sorted((read.get_tag("aD"), read.get_tag("bD")))
                if sum(copies) >= least[0] and copies[1] >= least[1] and copies[0] >= least[2]:
                    out.write(read)
    pysam.index(path)
    return path


def called(place: Place, bam: str) -> tuple[set, set, dict]:
    """Return the variants that are called, false calls, and the molecules with each variant."""
    result = Caller(place.settings(bam)).call()
    passed = {(r.pos - 1, r.alt) for r in result.records if not r.filters}
    support = {
        (c.allele.pos, c.allele.alt): c.support[1].alt
        for c in result.found.candidates
        if c.allele.substitution
    }
    return passed & set(place.variants), passed - set(place.variants), support


def difference(one: np.ndarray, other: np.ndarray, rng) -> tuple[float, float, float]:
    """Return the difference of two recalls, paired by variant, and its 95 % interval."""
    delta = one.astype(float) - other
    draws = delta[rng.integers(0, len(delta), (DRAWS, len(delta)))].mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(delta.mean()), float(low), float(high)


def recall(place: Place, molecules: int, seed: int) -> list[dict]:
    """Call raw reads and filtered consensus reads of one plasma."""
    rng = np.random.default_rng(seed)
    keys = sorted(place.variants)
    af = np.array([place.variants[key] for key in keys])
    rows, first = [], None
    for name, least in FILTERS.items():
        bam = place.plasma if least is None else filtered(place, name, least)
        true, false, support = called(place, bam)
        hit = np.array([key in true for key in keys])
        if first is None:
            first, alts = hit, np.array([support.get(key, 0) for key in keys])
        for value in FREQUENCIES:
            some = af == value
            delta = difference(first[some], hit[some], rng)
            rows.append({"molecules": molecules, "reads": name, "AF": value, "n": int(some.sum()),
                         "recall": hit[some].mean(), "false": len(false), "difference": delta[0],
                         "low": delta[1], "high": delta[2]})  # fmt: skip
        if least is None:
            enough = alts >= 5
            rows.append({"molecules": molecules, "reads": "raw reads, 5 or more molecules",
                         "AF": float("nan"), "n": int(enough.sum()),
                         "recall": hit[enough].mean() if enough.any() else float("nan"),
                         "false": len(false)})  # fmt: skip
    return rows


def speed(place: Place) -> dict:
    """Return CPU time and reads of one call, and what grouping alone takes."""
    begun = time.process_time()
    stream = Molecules(place.plasma).by("RX", "duplex")
    for _ in stream.fetch(CONTIG, 0, 1):
        pass
    stream.query(regions(place))
    while stream.read() is not None:
        pass
    grouping = time.process_time() - begun
    begun = time.process_time()
    caller = Caller(place.settings(place.plasma))
    caller.collect()
    reading = time.process_time() - begun
    caller.records()
    whole = time.process_time() - begun
    reads = int(caller.found.molecules[1][0])
    return {"reads": reads, "grouping_s": grouping, "reading_s": reading, "call_s": whole,
            "reads_per_s": reads / whole}  # fmt: skip


def memory(place: Place) -> float:
    """Return the peak memory of a call of two BAMs with UMIs, in MB, in a process of its own."""
    other = place.folder / "second.bam"
    header = pysam.view("-H", place.plasma).replace("SM:plasma", "SM:second")
    (place.folder / "h.sam").write_text(header)
    other.write_bytes(pysam.reheader(str(place.folder / "h.sam"), place.plasma))
    pysam.index(str(other))
    # What the process itself had: that of its parent before it began is in the usage of children.
    code = (
        "import sys; from pathlib import Path; from resistpanel.call.caller import Caller, Settings"
        "; Caller(Settings(*sys.argv[1:3], sys.argv[3:])).call()"
        "; print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    settings = place.settings(place.plasma)
    inputs = [settings.reference, settings.targets, place.plasma, str(other)]
    done = subprocess.run([sys.executable, "-c", code, *inputs], check=True, stdout=subprocess.PIPE)
    return int(done.stdout) / 1024


def false_calls(args) -> None:
    """Call plasma samples on some kilobases each, and print the false calls."""
    bases = found = hits = variants = enough = hit_enough = 0
    for k in range(args.pieces):
        with tempfile.TemporaryDirectory() as folder:
            # One target: little is sequenced beyond it.
            place = make(Path(folder), args.seed + k, args.molecules[0], 1, args.kb * LENGTH)
            true, false, support = called(place, place.plasma)
        bases += args.kb * LENGTH
        found += len(false)
        hits += len(true)
        variants += len(place.variants)
        shown = [key for key in place.variants if support.get(key, 0) >= 5]
        enough += len(shown)
        hit_enough += len(true & set(shown))
        low, high = (float(x) for x in poisson_interval(found))
        print(f"{args.molecules[0]} molecules, seeds {args.seed} to {args.seed + k}: {found} false "
              f"in {bases / 1e3:.0f} kb ({low:.2f} to {high:.2f}) {sorted(false)}; {hits} of "
              f"{variants} variants, {hit_enough} of {enough} with 5 or more molecules",
              flush=True)  # fmt: skip


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--molecules", type=int, nargs="+", default=[4000, 10000])
    parser.add_argument("--kb", type=int, default=3)
    parser.add_argument("--deep", type=int, default=8000, help="molecules of the test of memory")
    parser.add_argument("--deep-kb", type=int, default=9)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--pieces", type=int, help="only call raw reads, so many times --kb")
    args = parser.parse_args()
    if args.pieces:
        false_calls(args)
        return
    grouped, recalls, times = [], [], []
    for k, molecules in enumerate(args.molecules):
        with tempfile.TemporaryDirectory() as folder:
            place = make(Path(folder), args.seed + k, molecules, args.kb)
            grouped.append({"molecules": molecules} | families(place))
            times.append({"molecules": molecules} | speed(place))
            recalls += recall(place, molecules, args.seed)
            print(pd.DataFrame(grouped), pd.DataFrame(times), pd.DataFrame(recalls), flush=True)
    peak = None
    if args.deep:
        with tempfile.TemporaryDirectory() as folder:
            place = make(Path(folder), args.seed + len(args.molecules), args.deep, args.deep_kb)
            times.append({"molecules": args.deep} | speed(place))
            peak = memory(place)
            print(times[-1], peak, flush=True)
    if args.output:
        pd.DataFrame(recalls).to_csv(args.output, sep="\t", index=False, float_format="%.4g")
    if args.write:
        args.write.write_text(page(args, grouped, recalls, times, peak))


def page(args, grouped, recalls, times, peak) -> str:
    """Return the page of the results."""
    command = f"python -m benchmarks.molecules --seed {args.seed} --kb {args.kb}"
    command += " --molecules " + " ".join(map(str, args.molecules))
    command += f" --deep {args.deep} --deep-kb {args.deep_kb}"
    tables = [
        ("Families and consensus bases", grouped),
        ("Recall, raw reads against consensus reads", recalls),
        ("Speed", times),
    ]
    parts = ["# Molecules by UMI\n", NOTE, f"```\n{command}\n```\n"]
    for title, rows in tables:
        parts += [f"## {title}\n", summary.markdown(pd.DataFrame(rows)), ""]
    if peak is not None:
        parts.append(f"Peak memory of a call of two such plasmas: {peak:.0f} MB.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
