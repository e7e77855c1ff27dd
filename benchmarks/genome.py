"""The real sequence that the benchmark reads are drawn from: windows, targets, segments."""

import gzip
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
WORK = Path(__file__).resolve().parent / "work"
#: Every panel gene that lies wholly inside the windows.
GENES = (
    "ARID1A",
    "BRCA1",
    "BRCA2",
    "EGFR",
    "KIT",
    "MTOR",
    "PDGFRA",
    "PIK3R1",
    "RAF1",
    "TERT",
    "TET2",
    "VHL",
)
#: TERT promoter of hg38 (-250 to -50 of the start codon), a melanoma hotspot outside the exons.
EXTRA = (("chr5", 1294989, 1295239, "TERT|promoter"),)
FLANK = 25  # bases of intron on each side of an exon
PAD = 520  # bases beyond a target from which a fragment can still reach it


@dataclass
class Segment:
    """A stretch of reference with its targets, long enough to hold every fragment on them.

    Attributes
    ----------
    chrom, start, end
        0-based half-open.
    sequence : str
        Reference, upper case.
    on_target : numpy.ndarray of bool, shape (end - start,)
    """

    chrom: str
    start: int
    end: int
    sequence: str
    on_target: np.ndarray = field(repr=False)


def windows_fasta() -> Path:
    """Return the compressed real sequence."""
    return SHARED / "real" / "hg38_windows" / "windows.fa.gz"


def reference(work: Path = WORK) -> Path:
    """Return the decompressed, faidx- and bwa-indexed copy of the windows, made if absent."""
    fasta = work / "reference" / "windows.fa"
    if not fasta.with_suffix(".fa.bwt").exists():
        fasta.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(windows_fasta(), "rb") as source, fasta.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        pysam.faidx(str(fasta))
        subprocess.run(["bwa", "index", str(fasta)], check=True, capture_output=True)
    return fasta


def to_contig(chrom: str, start: int, end: int, contigs: list[str]) -> tuple[str, int, int] | None:
    """Place a 0-based genomic interval on the window that holds it.

    A window is called ``chrom:first-last`` and its first base is ``first`` (1-based).
    """
    for contig in contigs:
        match = re.fullmatch(r"(\w+):(\d+)-(\d+)", contig)
        if match and match[1] == chrom:
            first = int(match[2]) - 1
            if start - PAD >= first and end + PAD <= int(match[3]):
                return contig, start - first, end - first
    return None


def merge(intervals: list[tuple], gap: int = 0) -> list[tuple]:
    """Merge (chrom, start, end, name) intervals no more than `gap` bases apart; names joined."""
    merged: list[list] = []
    for chrom, start, end, name in sorted(intervals):
        if merged and merged[-1][0] == chrom and start <= merged[-1][2] + gap:
            merged[-1][2] = max(merged[-1][2], end)
            if name not in merged[-1][3].split(","):
                merged[-1][3] += f",{name}"
        else:
            merged.append([chrom, start, end, name])
    return [tuple(row) for row in merged]


def targets(contigs: list[str], genes: tuple | list = GENES) -> list[tuple]:
    """Return the target intervals (contig, start, end, name): coding exons and their flanks."""
    intervals = []
    for line in (SHARED / "facts" / "panel_cds_hg38.bed").read_text().splitlines():
        chrom, start, end, name = line.split("\t")[:4]
        if name.split("|")[0] in genes:
            placed = to_contig(chrom, int(start) - FLANK, int(end) + FLANK, contigs)
            if placed:
                intervals.append((*placed, "|".join(name.split("|")[::2])))
    for chrom, start, end, name in EXTRA:
        placed = to_contig(chrom, start, end, contigs)
        if placed and name.split("|")[0] in genes:
            intervals.append((*placed, name))
    return merge(intervals)


def segments(fasta: Path, regions: list[tuple], pad: int = PAD) -> list[Segment]:
    """Return the padded, merged stretches around the targets, with their sequence."""
    found = []
    with pysam.FastaFile(str(fasta)) as handle:
        for chrom, start, end, _ in merge(
            [(c, max(0, s - pad), e + pad, n) for c, s, e, n in regions]
        ):
            sequence = handle.fetch(chrom, start, end).upper()
            mask = np.zeros(len(sequence), dtype=bool)
            for c, s, e, _ in regions:
                if c == chrom and s < end and e > start:
                    mask[s - start : e - start] = True
            found.append(Segment(chrom, start, start + len(sequence), sequence, mask))
    return found


def write_bed(path: Path, regions: list[tuple]) -> None:
    """Write intervals as BED."""
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in regions))
