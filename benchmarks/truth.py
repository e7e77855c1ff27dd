"""Draw the germline and the somatic truth of a simulated patient, and write it down.

Germline variants stand on haplotype A, B or both. A somatic variant stands on A or B in a
fraction of the molecules; variants of one haplotype within a fragment's reach exclude each other,
as in sister subclones, so their fractions may not add up to more than the haplotype's half.
"""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam

from benchmarks.genome import Segment
from benchmarks.variants import Variant, apply, context, kind, left_align, span, to_vcf, trim

AFS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
AF_WEIGHTS = (1, 2, 2, 3, 2, 1.5, 1)
SIZES = ((1, 3), (4, 10), (11, 30), (31, 60), (61, 120))
#: What to draw, per megabase of target: (kind, size range, how many).
MIX = (
    ("SNV", (1, 1), 1450),
    ("SNV near germline", (1, 1), 160),
    ("SNV at homopolymer", (1, 1), 120),
    ("MNV", (2, 3), 450),
    *(("INS", size, n) for size, n in zip(SIZES, (150, 120, 120, 90, 60), strict=True)),
    *(("DEL", size, n) for size, n in zip(SIZES, (150, 120, 120, 90, 60), strict=True)),
    *(("DUP", size, n) for size, n in zip(SIZES[1:], (120, 120, 120, 90), strict=True)),
    ("INDEL at homopolymer", (1, 1), 90),
    ("COMPLEX", (2, 12), 180),
)
#: How a variant behaves between the samples, and how often.
DESIGNS = {"acquired": 0.42, "shared": 0.42, "lost": 0.16}
SPACING = 80  # bases between two somatic variants, at least
REACH = 520  # variants of a haplotype closer than this can lie in one fragment
BASES = "ACGT"


@dataclass
class Germline:
    """An inherited variant and the haplotypes ("A", "B" or "AB") it stands on."""

    variant: Variant
    haplotypes: str


@dataclass
class Somatic:
    """A somatic variant with its truth.

    Attributes
    ----------
    haplotype : str
        "A" or "B".
    kind, size : str, int
        As drawn; size is the number of bases inserted, deleted or changed.
    afs : tuple of float
        Fraction of molecules that carry it, per tumour.
    design : str
        acquired, shared or lost.
    context : str
        plain, homopolymer (run of 5 or more), repeat, or near germline (within 30 bases).
    alt_fragments, fragments : dict of str to int
        Fragments drawn per sample whose reads touch the place, with the variant and in all.
    """

    variant: Variant
    haplotype: str
    kind: str
    size: int
    afs: tuple[float, ...]
    design: str
    context: str = "plain"
    alt_fragments: dict[str, int] = field(default_factory=dict)
    fragments: dict[str, int] = field(default_factory=dict)


def _other_base(rng: np.random.Generator, base: str) -> str:
    return str(rng.choice([b for b in BASES if b != base]))


def _random_sequence(rng: np.random.Generator, length: int) -> str:
    return "".join(rng.choice(list(BASES), length))


def draw_germline(
    rng: np.random.Generator, segment: Segment, snv_per_base=1e-3, indel_per_base=1.25e-4
) -> list[Germline]:
    """Draw inherited SNVs and indels (1 to 12 bases), at least 12 bases apart, 60 % het."""
    found: list[Germline] = []
    taken: list[tuple[int, int]] = []
    length = len(segment.sequence)
    counts = rng.poisson([snv_per_base * length, indel_per_base * length])
    for what in ["snv"] * int(counts[0]) + ["indel"] * int(counts[1]):
        at = int(rng.integers(30, length - 30))
        if what == "snv":
            base = segment.sequence[at]
            ref, alt = base, _other_base(rng, base)
        else:
            size = int(min(12, rng.geometric(0.45)))
            if rng.random() < 0.5:
                ref, alt = segment.sequence[at : at + size], ""
            else:
                ref, alt = "", _random_sequence(rng, size)
        variant = left_align(
            Variant(segment.chrom, segment.start + at, ref, alt), segment.sequence, segment.start
        )
        start, end = span(variant, segment.sequence, segment.start)
        if "N" in ref or any(start < e + 12 and end > s - 12 for s, e in taken):
            continue
        taken.append((start, end))
        haplotypes = "AB" if rng.random() < 0.4 else str(rng.choice(["A", "B"]))
        found.append(Germline(variant, haplotypes))
    return sorted(found, key=lambda g: g.variant)


def _substituted(rng: np.random.Generator, sequence: str) -> str:
    """Change the first and the last base, and each one between with probability 2/3."""
    return "".join(
        _other_base(rng, base) if i in (0, len(sequence) - 1) or rng.random() < 2 / 3 else base
        for i, base in enumerate(sequence)
    )


def propose(
    rng: np.random.Generator, what: str, size: int, segment: Segment, at: int
) -> Variant | None:
    """Return a variant of the kind and size at offset `at` of the segment, or None if unfit."""
    sequence = segment.sequence
    base = sequence[at]
    if what.startswith("SNV"):
        ref, alt = base, _other_base(rng, base)
    elif what == "MNV":
        ref = sequence[at : at + size]
        alt = _substituted(rng, ref)
    elif what == "INS":
        ref, alt = "", _random_sequence(rng, size)
    elif what == "DEL":
        ref, alt = sequence[at : at + size], ""
    elif what == "DUP":
        ref, alt = "", sequence[at : at + size]
    elif what == "INDEL at homopolymer":
        ref, alt = (base, "") if rng.random() < 0.5 else ("", base)
    elif what == "COMPLEX":
        ref = sequence[at : at + int(rng.integers(2, size + 1))]
        alt = _random_sequence(rng, int(rng.integers(1, size + 1)))
    else:
        raise ValueError(what)
    variant = trim(Variant(segment.chrom, segment.start + at, ref, alt))
    if not variant.ref and not variant.alt:
        return None
    drawn = kind(variant, sequence, segment.start)
    wanted = {"SNV": "SNV", "INDEL": "INS DEL"}.get(what.split()[0], what)
    return left_align(variant, sequence, segment.start) if drawn in wanted.split() else None


class _Placer:
    """Keeps count of what stands where in one segment."""

    def __init__(self, segment: Segment, germline: list[Germline]):
        self.segment = segment
        self.germline = [(g, *span(g.variant, segment.sequence, segment.start)) for g in germline]
        self.placed: list[tuple[int, int, Somatic]] = []

    def gap_to_germline(self, start: int, end: int) -> int:
        return min((max(start - e, s - end, 0) for _, s, e in self.germline), default=10_000)

    def fits(self, variant: Variant, near_germline: bool) -> bool:
        segment = self.segment
        start, end = span(variant, segment.sequence, segment.start)
        # The changed bases and the anchors beside them lie on one target.
        low, high = start - 1 - segment.start, end + 1 - segment.start
        if low < 0 or not segment.on_target[low:high].all() or "N" in segment.sequence[low:high]:
            return False
        if any(start < e + SPACING and end > s - SPACING for s, e, _ in self.placed):
            return False
        gap = self.gap_to_germline(start, end)
        return 2 <= gap <= 30 if near_germline else gap >= 6

    def haplotype(self, rng: np.random.Generator, variant: Variant, afs: tuple) -> str | None:
        """Choose a haplotype that still has room for the fractions in every tumour."""
        for name in rng.permutation(["A", "B"]):
            used = np.zeros(len(afs))
            for start, end, other in self.placed:
                near = variant.pos < end + REACH and variant.end > start - REACH
                if other.haplotype == name and near:
                    used += other.afs
            if np.all(used + np.array(afs) <= 0.5):
                return str(name)
        return None

    def put(self, somatic: Somatic) -> None:
        start, end = span(somatic.variant, self.segment.sequence, self.segment.start)
        run, repeat = context(somatic.variant, self.segment.sequence, self.segment.start)
        if self.gap_to_germline(start, end) <= 30:
            somatic.context = "near germline"
        elif run >= 5:
            somatic.context = "homopolymer"
        elif repeat:
            somatic.context = "repeat"
        self.placed.append((start, end, somatic))


def draw_afs(rng: np.random.Generator, tumours: int) -> tuple[str, tuple[float, ...]]:
    """Return the design and the AF in each tumour; the first tumour is before treatment."""
    design = str(rng.choice(list(DESIGNS), p=list(DESIGNS.values())))
    weights = np.array(AF_WEIGHTS) / sum(AF_WEIGHTS)
    afs = [float(af) for af in rng.choice(AFS, tumours, p=weights)]
    if design == "acquired":
        afs[0] = 0.0
        # A later tumour may lack it, the last one never does.
        afs[1:-1] = [af * (rng.random() < 0.7) for af in afs[1:-1]]
    elif design == "lost":
        afs[1:] = [0.0] * (tumours - 1)
    return design, tuple(afs)


def _candidate_offsets(segment: Segment, what: str, placer: _Placer) -> np.ndarray:
    """Return the on-target offsets where a variant of the kind may start."""
    offsets = np.flatnonzero(segment.on_target)
    if "homopolymer" in what:
        sequence, good = segment.sequence, []
        for base, group in itertools.groupby(range(len(sequence)), key=sequence.__getitem__):
            run = list(group)
            if base != "N" and (5 if "SNV" in what else 4) <= len(run) <= 8:
                good += [run[0]] if "INDEL" in what else [run[0] - 1, run[-1] + 1]
        offsets = np.intersect1d(offsets, np.array(good, dtype=int))
    if "germline" in what:
        near = [
            np.arange(s - 31, e + 31) - segment.start
            for g, s, e in placer.germline
            if len(g.haplotypes) == 1
        ]
        offsets = np.intersect1d(offsets, np.concatenate(near)) if near else offsets[:0]
    return offsets


def draw_somatic(
    rng: np.random.Generator,
    segments: list[Segment],
    germline: list[list[Germline]],
    tumours: int,
    density: float = 1.0,
) -> list[list[Somatic]]:
    """Draw the somatic variants, per segment.

    Parameters
    ----------
    segments, germline : lists of equal length
    tumours : int
        Number of tumour samples, at least 2.
    density : float
        Multiplies the numbers in `MIX`.
    """
    megabases = sum(int(s.on_target.sum()) for s in segments) / 1e6
    placers = [_Placer(s, g) for s, g in zip(segments, germline, strict=True)]
    offsets = {
        what: [_candidate_offsets(p.segment, what, p) for p in placers]
        for what in {row[0] for row in MIX}
    }
    # The largest first: they find the fewest places.
    for what, (low, high), per_megabase in sorted(MIX, key=lambda row: -row[1][1]):
        places = np.array([len(o) for o in offsets[what]], dtype=float)
        if not places.sum():
            continue
        wanted = per_megabase * megabases * density
        for _ in range(int(wanted) + int(rng.random() < wanted % 1)):
            design, afs = draw_afs(rng, tumours)
            for _attempt in range(300):
                i = int(rng.choice(len(placers), p=places / places.sum()))
                at = int(rng.choice(offsets[what][i]))
                size = int(rng.integers(low, high + 1))
                if what == "COMPLEX":
                    size = high
                variant = propose(rng, what, size, segments[i], at)
                if variant is None or not placers[i].fits(variant, "germline" in what):
                    continue
                haplotype = placers[i].haplotype(rng, variant, afs)
                if haplotype is None:
                    continue
                size = max(len(variant.ref), len(variant.alt))
                name = kind(variant, segments[i].sequence, segments[i].start)
                placers[i].put(Somatic(variant, haplotype, name, size, afs, design))
                break
    return [[s for _, _, s in sorted(p.placed, key=lambda row: row[:2])] for p in placers]


def _sample_number(value: float) -> str:
    return f"{value:g}"


def write_truth(path: Path, somatic: list[Somatic], samples: list[str], fasta: Path) -> None:
    """Write the somatic truth as TSV: 1-based VCF alleles, and per sample AF and fragments.

    Columns: chrom pos ref alt kind size design context haplotype, then for each sample
    `af.SAMPLE`, `alt.SAMPLE` and `fragments.SAMPLE`.
    """
    header = ["chrom", "pos", "ref", "alt", "kind", "size", "design", "context", "haplotype"]
    for sample in samples:
        header += [f"af.{sample}", f"alt.{sample}", f"fragments.{sample}"]
    lines = ["\t".join(header)]
    with pysam.FastaFile(str(fasta)) as reference:
        for s in somatic:
            offset = max(0, s.variant.pos - 1000)
            around = reference.fetch(s.variant.chrom, offset, s.variant.end + 1000).upper()
            v = to_vcf(s.variant, around, offset)
            row = [v.chrom, v.pos + 1, v.ref, v.alt, s.kind, s.size, s.design, s.context]
            row.append(s.haplotype)
            for sample, af in zip(samples, s.afs, strict=True):
                row += [_sample_number(af), s.alt_fragments.get(sample, 0)]
                row.append(s.fragments.get(sample, 0))
            lines.append("\t".join(map(str, row)))
    path.write_text("\n".join(lines) + "\n")


def write_germline(path: Path, germline: list[Germline], fasta: Path) -> None:
    """Write the inherited variants as TSV: chrom pos ref alt (1-based VCF alleles) haplotypes."""
    lines = ["chrom\tpos\tref\talt\thaplotypes"]
    with pysam.FastaFile(str(fasta)) as reference:
        for g in germline:
            offset = max(0, g.variant.pos - 1000)
            around = reference.fetch(g.variant.chrom, offset, g.variant.end + 1000).upper()
            v = to_vcf(g.variant, around, offset)
            lines.append(f"{v.chrom}\t{v.pos + 1}\t{v.ref}\t{v.alt}\t{g.haplotypes}")
    path.write_text("\n".join(lines) + "\n")


def haplotype_sequence(segment: Segment, variants: list[Variant]) -> str:
    """Return the segment with the variants put in."""
    sequence = apply(segment.sequence, variants, segment.start)
    if sequence is None:
        raise ValueError(f"overlapping variants at {segment.chrom}:{segment.start}")
    return sequence
