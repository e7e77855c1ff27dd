"""Real duplex reads with fewer variant molecules, and with fewer targets: what is still called.

    python -m benchmarks.real_dilution --seed 5 --draws 20
    python -m benchmarks.real_dilution --seed 5 --draws 20 --frequencies 0.01 --choices 0

The reference material of the shared folder (19 alleles, duplex consensus) is thinned: of the
molecules that show one of its alleles, so many are dropped at random that the allele has the
wanted frequency; all others stay. Molecules are recognised without the caller: by the base that is
aligned to the position of a substitution; for an indel, by the altered sequence with just so much
beside it that the reference around does not hold it. Then random choices of 5 of the 14 targets are
called by themselves, of all molecules and of dilutions.

A dilution of this kind keeps the errors of real reads; it does not have the sampling of molecules
of a thinner sample.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pysam

from benchmarks.genome import SHARED
from resistpanel.call.caller import Caller
from resistpanel.call.settings import Settings

FOLDER = SHARED / "real" / "seracare"
LEAST_FLANK = 3
Allele = tuple[str, int, str, str]


def truth() -> list[Allele]:
    """Return the known alleles: contig, 1-based position, reference and altered bases."""
    lines = (FOLDER / "truth.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "chrom"))]
    return [(r[0], int(r[1]), r[2], r[3]) for r in rows]


def word(fasta: pysam.FastaFile, allele: Allele) -> str:
    """Return the altered sequence with enough flank that the reference does not hold it."""
    contig, pos, ref, alt = allele
    for flank in range(LEAST_FLANK, 40):
        left = fasta.fetch(contig, pos - 1 - flank, pos - 1).upper()
        right = fasta.fetch(contig, pos - 1 + len(ref), pos - 1 + len(ref) + flank).upper()
        found = left + alt + right
        around = fasta.fetch(contig, max(0, pos - 200), pos + 200).upper()
        if found not in around:
            return found
    raise ValueError(f"no sequence is specific to {allele}")


def shows(read: pysam.AlignedSegment, allele: Allele, wanted: str) -> bool:
    """Return whether a read shows an allele; `wanted` is from `word`."""
    _, pos, ref, alt = allele
    if len(ref) == len(alt) == 1:
        pairs = read.get_aligned_pairs(matches_only=True)
        return any(r == pos - 1 and read.query_sequence[q] == alt for q, r in pairs)
    return wanted in (read.query_sequence or "")


def supporting() -> dict[Allele, tuple[set[str], int]]:
    """Return the molecules that show each allele, and how many cover its position."""
    out = {}
    with (
        pysam.FastaFile(str(FOLDER / "GRCh37.windows.fa.gz")) as fasta,
        pysam.AlignmentFile(str(FOLDER / "duplex.bam")) as bam,
    ):
        for allele in truth():
            contig, pos, ref, _ = allele
            wanted = word(fasta, allele)
            shown, over = set(), set()
            for read in bam.fetch(contig, max(0, pos - 60), pos + len(ref) + 60):
                if read.is_unmapped or read.is_secondary or read.is_supplementary:
                    continue
                if shows(read, allele, wanted):
                    shown.add(read.query_name)
                if read.reference_start < pos <= (read.reference_end or 0):
                    over.add(read.query_name)
            out[allele] = (shown, len(over | shown))
    return out


def thinned(path: Path, frequency: float, rng: np.random.Generator) -> dict[Allele, float]:
    """Write the reads with each allele at a frequency; return what each realises."""
    drop: set[str] = set()
    realised = {}
    for allele, (shown, depth) in supporting().items():
        others = depth - len(shown)
        kept = min(len(shown), round(frequency * others / (1 - frequency)))
        names = sorted(shown)
        gone = rng.choice(len(names), len(names) - kept, replace=False)
        drop |= {names[i] for i in gone}
        realised[allele] = kept / (kept + others)
    with (
        pysam.AlignmentFile(str(FOLDER / "duplex.bam")) as bam,
        pysam.AlignmentFile(str(path), "wb", template=bam) as out,
    ):
        for read in bam.fetch(until_eof=True):
            if read.query_name not in drop:
                out.write(read)
    pysam.index(str(path))
    return realised


def called(bam: Path, targets: Path) -> set[Allele]:
    """Return the alleles that pass."""
    settings = Settings(str(FOLDER / "GRCh37.windows.fa.gz"), str(targets), [str(bam)])
    records = Caller(settings).records()
    return {(r.contig, r.pos, r.ref, r.alt) for r in records if not r.filters}


def diluted(job: tuple[float, int, int]) -> tuple[set, set, float]:
    """Call one dilution; returns the true alleles found, other calls, and the median AF."""
    frequency, seed, draw = job
    rng = np.random.default_rng([seed, draw, round(1e6 * frequency)])
    with tempfile.TemporaryDirectory() as scratch:
        bam = Path(scratch) / "thin.bam"
        realised = thinned(bam, frequency, rng)
        found = called(bam, FOLDER / "targets.bed")
    return found & set(realised), found - set(realised), float(np.median(list(realised.values())))


def chosen(job: tuple[float, int, int]) -> tuple[int, int, set]:
    """Call a random choice of 5 targets; returns alleles there, those found, other calls.

    The frequency is that of a dilution, 1 for all molecules.
    """
    frequency, seed, draw = job
    rng = np.random.default_rng([seed, draw, 5])
    lines = (FOLDER / "targets.bed").read_text().splitlines()
    lines = [lines[i] for i in sorted(rng.choice(len(lines), 5, replace=False))]
    spans = [(c, int(s), int(e)) for c, s, e, *_ in (line.split("\t") for line in lines)]
    inside = {
        a for a in truth() if any(c == a[0] and s < a[1] <= e for c, s, e in spans)
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        targets = Path(scratch) / "targets.bed"
        targets.write_text("\n".join(lines) + "\n")
        bam = FOLDER / "duplex.bam"
        if frequency < 1:
            bam = Path(scratch) / "thin.bam"
            thinned(bam, frequency, rng)
        found = called(bam, targets)
    return len(inside), len(inside & found), found - inside


def main(argv: list[str] | None = None) -> int:
    """Print what each dilution and each choice of targets finds."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real_dilution", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--frequencies", type=float, nargs="*", default=(0.02, 0.01))
    parser.add_argument("--choices", type=int, default=20, help="of 5 targets")
    args = parser.parse_args(argv)
    if not FOLDER.is_dir():
        print(f"skipped: {FOLDER} is not here", file=sys.stderr)
        return 0
    names = truth()
    with ProcessPoolExecutor(2) as pool:
        for frequency in args.frequencies:
            jobs = [(frequency, args.seed, draw) for draw in range(args.draws)]
            for (_, _, draw), (found, other, median) in zip(
                jobs, pool.map(diluted, jobs), strict=True
            ):
                missed = [f"{a[0]}:{a[1]} {a[2]}>{a[3]}" for a in names if a not in found]
                more = [f"{c}:{p} {r}>{a}" for c, p, r, a in sorted(other)]
                print(f"{100 * frequency:g} % (median {100 * median:.2f} %) draw {draw + 1}: "
                      f"{len(found)} of {len(names)}; missed {missed or 'none'}; "
                      f"other PASS {more or 'none'}", flush=True)  # fmt: skip
        jobs = [
            (frequency, args.seed, draw)
            for frequency in (1.0, *args.frequencies)
            for draw in range(args.choices)
        ]
        for (frequency, _, draw), (inside, found, other) in zip(
            jobs, pool.map(chosen, jobs), strict=True
        ):
            more = [f"{c}:{p} {r}>{a}" for c, p, r, a in sorted(other)]
            of = "all molecules" if frequency == 1 else f"{100 * frequency:g} %"
            print(f"5 targets, {of}, choice {draw + 1}: {found} of {inside}; other PASS "
                  f"{more or 'none'}", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
