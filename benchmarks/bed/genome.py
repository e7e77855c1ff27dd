"""Real sequence, a panel on it, inherited and somatic variants.

Coordinates are 0-based, half-open, on contigs of ``windows.fa.gz`` (a colon in a contig's name is
replaced by an underscore, so that regions can be written for samtools). Bases are codes 0 to 3
(A, C, G, T), 4 for N.
"""

import gzip
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
WORK = ROOT / "benchmarks" / "work" / "bed"

BASES = np.frombuffer(b"ACGTN", np.uint8)
CODES = np.full(256, 4, np.uint8)
for _code, _base in enumerate("ACGT"):
    CODES[ord(_base)] = CODES[ord(_base.lower())] = _code

# Share of the paralogue's bases that differ from the segment of which it is a copy: as in recent
# segmental duplications (90 to 99 % identity).
PARALOGUE_DIVERGENCE = 0.02
PARALOGUE_SEED = 20  # of the reference itself, which is the same for every patient
PARALOGUE_GENE = "PDGFRA"

# Inherited variants of one person: differences from the reference per base, 1000 Genomes phase 3
# (Nature 2015;526:68: 4 to 5 million sites in 3.1 Gb, 0.55 million of them short indels).
SNPS_PER_BASE = 1.2e-3
INDELS_PER_BASE = 1.8e-4
HETEROZYGOUS = 0.62
LONG = (50, 151)  # bases of long deletions and duplications, the second excluded


@dataclass(frozen=True, order=True)
class Variant:
    """A difference from the reference, left-aligned and trimmed (``ref`` or ``alt`` may be empty).

    ``start`` is 0-based; ``haplotype`` 0, 1 or 2 (both); ``clone`` -1 if it was inherited.
    """

    contig: str
    start: int
    ref: str
    alt: str
    haplotype: int = 0
    clone: int = -1
    kind: str = "SNV"
    late: bool = True  # after the gain of a copy: on one copy of its haplotype alone

    @property
    def end(self) -> int:
        return self.start + len(self.ref)

    @property
    def key(self) -> tuple[str, int, str, str]:
        return self.contig, self.start, self.ref, self.alt


@dataclass
class Reference:
    """Contigs as arrays of base codes, and the FASTA that aligner and caller read."""

    contigs: dict[str, np.ndarray]
    fasta: Path
    copied: tuple[str, int, int] | None = (
        None  # the segment of which contig ``paralogue`` is a copy
    )


@dataclass
class Panel:
    """Targets (contig, start, end, gene), sorted, not overlapping."""

    targets: list[tuple[str, int, int, str]] = field(default_factory=list)

    @property
    def bases(self) -> int:
        return sum(end - start for _, start, end, _ in self.targets)

    def write(self, path: Path) -> Path:
        path.write_text("".join(f"{c}\t{s}\t{e}\t{g}\n" for c, s, e, g in self.targets))
        return path


def encode(text: str) -> np.ndarray:
    """Return base codes of a string."""
    return CODES[np.frombuffer(text.encode(), np.uint8)]


def decode(codes: np.ndarray) -> str:
    """Return the string of base codes."""
    return BASES[codes].tobytes().decode()


def _windows() -> dict[str, np.ndarray]:
    contigs: dict[str, np.ndarray] = {}
    with gzip.open(SHARED / "real" / "hg38_windows" / "windows.fa.gz", "rt") as file:
        for block in file.read().split(">")[1:]:
            name, _, sequence = block.partition("\n")
            contigs[name.split()[0].replace(":", "_")] = encode(sequence.replace("\n", ""))
    return contigs


def panel(pad: int = 25) -> Panel:
    """Return the panel's coding exons inside the windows, ``pad`` bases added on each side."""
    windows = []
    for line in (SHARED / "real/hg38_windows/windows.fa.gz.fai").read_text().splitlines():
        name = line.split("\t")[0]
        chrom, _, span = name.partition(":")
        start, end = map(int, span.split("-"))
        windows.append((name.replace(":", "_"), chrom, start, end))
    found = []
    for line in (SHARED / "facts" / "panel_cds_hg38.bed").read_text().splitlines():
        chrom, start, end, label = line.split("\t")[:4]
        start, end = int(start), int(end)
        for name, where, low, high in windows:
            if where == chrom and low <= start - pad - 1000 and end + pad + 1000 <= high:
                first = low - 1  # a window's first base has the 1-based coordinate ``low``
                gene = label.split("|")[0]
                found.append((name, start - first - pad, end - first + pad, gene))
    joined: list[tuple[str, int, int, str]] = []
    for contig, start, end, gene in sorted(found):
        if joined and joined[-1][0] == contig and start <= joined[-1][2]:
            joined[-1] = (contig, joined[-1][1], max(end, joined[-1][2]), joined[-1][3])
        else:
            joined.append((contig, start, end, gene))
    return Panel(joined)


def reference(folder: Path = WORK / "reference") -> Reference:
    """Return the windows with one duplicated segment, written and indexed for bwa once.

    Contig ``paralogue`` holds a diverged copy of the segment with the exons of one gene, so that
    some targets map ambiguously. A further copy, which the reference lacks, is added by `tumour`.
    """
    contigs = _windows()
    exons = [t for t in panel().targets if t[3] == PARALOGUE_GENE][:6]
    contig, start, end = exons[0][0], exons[0][1] - 1000, exons[-1][2] + 1000
    rng = np.random.default_rng(PARALOGUE_SEED)
    contigs["paralogue"] = diverge(contigs[contig][start:end], PARALOGUE_DIVERGENCE, rng)
    fasta = folder / "reference.fa"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with fasta.open("w") as file:
            for name, codes in contigs.items():
                text = decode(codes)
                file.write(f">{name}\n")
                file.writelines(text[i : i + 60] + "\n" for i in range(0, len(text), 60))
        subprocess.run(["samtools", "faidx", fasta], check=True)
        subprocess.run(["bwa", "index", fasta], check=True, capture_output=True)
        (folder / "done").touch()
    return Reference(contigs, fasta, (contig, start, end))


def diverge(codes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a copy of which ``share`` of the bases are substituted."""
    copy = codes.copy()
    at = np.flatnonzero((rng.random(len(copy)) < share) & (copy < 4))
    copy[at] = (copy[at] + rng.integers(1, 4, len(at))) % 4
    return copy


def left_align(sequence: np.ndarray, start: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Trim shared ends and shift an insertion or deletion to the left as far as it goes."""
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, start = ref[1:], alt[1:], start + 1
    while start > 0 and (not ref) != (not alt):
        unit = ref or alt
        before = decode(sequence[start - 1 : start])
        if unit[-1] != before:
            break
        unit = before + unit[:-1]
        ref, alt, start = (unit, "", start - 1) if ref else ("", unit, start - 1)
    return start, ref, alt


def homopolymers(codes: np.ndarray) -> np.ndarray:
    """Return for every base the length of the homopolymer that it lies in."""
    edges = np.flatnonzero(np.diff(codes)) + 1
    bounds = np.concatenate([[0], edges, [len(codes)]])
    lengths = np.diff(bounds)
    return np.repeat(lengths, lengths)


class Placer:
    """Draws variants on a contig without letting any two touch."""

    def __init__(self, ref: Reference, rng: np.random.Generator, apart: int = 2):
        self.ref, self.rng, self.apart = ref, rng, apart
        self.taken: dict[str, list[tuple[int, int]]] = {}

    def free(self, contig: str, start: int, end: int, apart: int | None = None) -> bool:
        gap = self.apart if apart is None else apart
        return all(
            end + gap <= low or high + gap <= start for low, high in self.taken.get(contig, ())
        )

    def take(self, contig: str, start: int, end: int) -> None:
        self.taken.setdefault(contig, []).append((start, max(end, start + 1)))

    def draw(self, contig: str, low: int, high: int, kind: str) -> tuple[int, str, str] | None:
        """Return (start, ref, alt) of a variant of ``kind`` between two bounds, or None."""
        seq, rng = self.ref.contigs[contig], self.rng
        for _ in range(60):
            found = getattr(self, "_" + kind.lower())(seq, low, high)
            if found is None:
                continue
            start, ref, alt = left_align(seq, *found)
            span = decode(seq[max(0, start - 1) : start + len(ref) + 1])
            if "N" in span or not low <= start or start + len(ref) > high or ref == alt:
                continue
            if self.free(contig, start, start + max(1, len(ref))):
                self.take(contig, start, start + len(ref))
                return start, ref, alt
        del rng
        return None

    def _snv(self, seq, low, high):
        # Transitions twice as common as transversions; every third at a CpG, where it is C>T.
        at = int(self.rng.integers(low, high))
        if self.rng.random() < 0.25:
            cpg = np.flatnonzero((seq[low : high - 1] == 1) & (seq[low + 1 : high] == 2))
            if len(cpg):
                at = low + int(self.rng.choice(cpg))
                if self.rng.random() < 0.5:
                    return at, "C", "T"
                return at + 1, "G", "A"
        base = int(seq[at])
        if base > 3:
            return None
        step = 2 if self.rng.random() < 0.6 else int(self.rng.choice([1, 3]))
        return at, "ACGT"[base], "ACGT"[(base + step) % 4]

    def _mnv(self, seq, low, high):
        size = int(self.rng.choice([2, 3], p=[0.8, 0.2]))
        at = int(self.rng.integers(low, high - size))
        ref = seq[at : at + size]
        if (ref > 3).any():
            return None
        return at, decode(ref), decode((ref + self.rng.integers(1, 4, size)) % 4)

    def _size(self) -> int:
        # Lengths of coding indels: half of them up to 3 bases, few above 30.
        return int(min(60, 1 + self.rng.geometric(0.5) ** 2 * self.rng.random() * 2))

    def _del(self, seq, low, high):
        if self.rng.random() < 0.3:  # a repeat contracts
            runs = np.flatnonzero(homopolymers(seq[low:high]) >= 4)
            if len(runs):
                at = low + int(self.rng.choice(runs))
                return at, decode(seq[at : at + 1]), ""
        size = self._size()
        if high - size <= low:
            return None
        at = int(self.rng.integers(low, high - size))
        return at, decode(seq[at : at + size]), ""

    def _ins(self, seq, low, high):
        at = int(self.rng.integers(low, high))
        if self.rng.random() < 0.3:
            runs = np.flatnonzero(homopolymers(seq[low:high]) >= 4)
            if len(runs):
                at = low + int(self.rng.choice(runs))
                return at, "", decode(seq[at : at + 1])
        return at, "", decode(self.rng.integers(0, 4, self._size()).astype(np.uint8))

    def _dup(self, seq, low, high):
        size = 3 + self._size()
        if high - size <= low:
            return None
        at = int(self.rng.integers(low, high - size))
        return at, "", decode(seq[at : at + size])

    def _long(self, seq, low, high):
        size = int(self.rng.integers(*LONG))
        if high - size <= low:
            return None
        at = int(self.rng.integers(low, high - size))
        return at, decode(seq[at : at + size])

    def _long_del(self, seq, low, high):
        drawn = self._long(seq, low, high)
        return drawn and (*drawn, "")

    def _long_dup(self, seq, low, high):
        drawn = self._long(seq, low, high)
        return drawn and (drawn[0], "", drawn[1])

    def _complex(self, seq, low, high):
        lost, gained = 2 + self._size(), 1 + self._size()
        if high - lost <= low or lost == gained:
            return None
        at = int(self.rng.integers(low, high - lost))
        return at, decode(seq[at : at + lost]), decode(
            self.rng.integers(0, 4, gained).astype(np.uint8)
        )  # fmt: skip


def inherited(
    regions: list[tuple[str, int, int]], placer: Placer, rng: np.random.Generator
) -> list[Variant]:
    """Draw a person's variants in regions at the density of a real genome."""
    found = []
    for contig, start, end in regions:
        for kind, rate in (("SNV", SNPS_PER_BASE), ("INDEL", INDELS_PER_BASE)):
            for _ in range(rng.poisson(rate * (end - start))):
                which = kind if kind == "SNV" else str(rng.choice(["INS", "DEL"]))
                drawn = placer.draw(contig, start, end, which)
                if drawn is None:
                    continue
                hap = int(rng.integers(2)) if rng.random() < HETEROZYGOUS else 2
                found.append(Variant(contig, *drawn, haplotype=hap, kind=which))
    return sorted(found)
