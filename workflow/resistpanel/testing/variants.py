"""Variants of a simulated patient: given and drawn at random, and who carries them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.core.allele import Allele, left_align
from resistpanel.testing.genome import Genome, Region, decode
from resistpanel.testing.testing_constants import SPACING, TRANSITIONS


@dataclasses.dataclass
class Variant:
    """An allele at a place.

    Parameters
    ----------
    chrom : str
        Contig.
    start : int
        0-based position of the first base of `ref`.
    ref, alt : str
        Alleles without common bases: one of them is empty for a plain insertion or deletion,
        which is shifted as far left as it goes.
    somatic : bool
        Somatic or germline.
    kind : str
        SNV, MNV, INS, DEL, DUP or COMPLEX.
    phase : str
        Variants of one non-empty phase are carried by the same fragments.
    haplotypes : (bool, bool)
        Germline: which of the two haplotypes carries it.
    af : dict of str to float
        Somatic: allele frequency per sample, in the sample's own DNA.
    haplotype : int or None
        Somatic: the germline haplotype it arose on, if that was drawn.
    where : str
        Place in the patient's YAML, for messages.
    replaces : bool
        Somatic: germline alleles that it overlaps are gone from the molecules that carry it.
    """

    chrom: str
    start: int
    ref: str
    alt: str
    somatic: bool
    kind: str
    phase: str = ""
    haplotypes: tuple[bool, bool] = (False, False)
    af: dict[str, float] = dataclasses.field(default_factory=dict)
    haplotype: int | None = None
    where: str = ""
    replaces: bool = False

    @property
    def end(self) -> int:
        """0-based position after the last base of `ref`."""
        return self.start + len(self.ref)

    @property
    def growth(self) -> int:
        """Bases by which the haplotype is longer."""
        return len(self.alt) - len(self.ref)

    @property
    def indel(self) -> bool:
        """Whether the haplotype's length or alignment differs, so that reads need a CIGAR."""
        return len(self.alt) != len(self.ref)

    def vcf(self, region: Region) -> tuple[int, str, str]:
        """Return (1-based POS, REF, ALT), left-aligned and anchored as VCF wants it."""
        if self.ref and self.alt:
            return self.start + 1, self.ref, self.alt
        anchor = region.sequence(self.start - 1, self.start)
        return self.start, anchor + self.ref, anchor + self.alt


def normalise(region: Region, start: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Return (start, ref, alt) without common bases, an indel shifted left.

    Parameters
    ----------
    region : Region
        Sequence round the variant.
    start : int
        0-based contig position of `ref`'s first base.
    ref, alt : str
        Alleles, not equal; may share bases at either end.

    Notes
    -----
    Tan, Abecasis and Kang, Bioinformatics 2015, 31:2202, on alleles kept without an anchor base.
    """
    sequence = region.sequence(region.start, start + len(ref))
    aligned = left_align(Allele("", start, ref, alt), sequence, region.start)
    return aligned.pos, aligned.ref, aligned.alt


def kind_of(ref: str, alt: str) -> str:
    """Return the type of a normalised allele."""
    if not ref:
        return "INS"
    if not alt:
        return "DEL"
    if len(ref) != len(alt):
        return "COMPLEX"
    return "SNV" if len(ref) == 1 else "MNV"


class Places:
    """Free positions of the targets, for variants drawn at random."""

    def __init__(self, genome: Genome, taken: Sequence[tuple[str, int, int]]):
        self.genome = genome
        self._taken: dict[str, list[tuple[int, int]]] = {}
        for chrom, start, end in taken:
            self.reserve(chrom, start, end)
        targets = [(region, target) for region in genome.regions for target in region.targets]
        self._targets = targets
        self._sizes = np.cumsum([target.length for _, target in targets])

    @property
    def bases(self) -> int:
        """Number of target bases."""
        return int(self._sizes[-1]) if len(self._sizes) else 0

    def reserve(self, chrom: str, start: int, end: int) -> None:
        """Mark [start, end) as no longer free."""
        self._taken.setdefault(chrom, []).append((start, end))

    def free(self, chrom: str, start: int, end: int) -> bool:
        """Return whether nothing is within `SPACING` of [start, end)."""
        return all(
            end + SPACING <= first or last + SPACING <= start
            for first, last in self._taken.get(chrom, ())
        )

    def draw(self, rng: np.random.Generator) -> tuple[Region, int]:
        """Return a target base, uniformly, as its region and 0-based contig position."""
        index = int(rng.integers(self.bases))
        which = int(np.searchsorted(self._sizes, index, side="right"))
        region, target = self._targets[which]
        return region, target.end - int(self._sizes[which]) + index


_TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}


def _other_base(base: str, rng: np.random.Generator) -> str:
    if rng.random() < TRANSITIONS:
        return _TRANSITION[base]
    return [b for b in "ACGT" if b not in (base, _TRANSITION[base])][int(rng.integers(2))]


def _random_bases(length: int, rng: np.random.Generator) -> str:
    return decode(rng.integers(0, 4, length).astype(np.uint8))


def draw_allele(kind: str, region: Region, pos: int, rng: np.random.Generator) -> tuple:
    """Return (start, ref, alt) of a random allele near `pos`; not yet normalised.

    Parameters
    ----------
    kind : str
        snv, mnv (2 or 3 bases), del, ins (1 to 12 bases, mostly short), dup (6 to 60 bases).
    """
    if kind == "snv":
        ref = region.sequence(pos, pos + 1)
        return pos, ref, _other_base(ref, rng)
    if kind == "mnv":
        ref = region.sequence(pos, pos + int(rng.integers(2, 4)))
        return pos, ref, "".join(_other_base(base, rng) for base in ref)
    if kind == "dup":
        copied = region.sequence(pos, pos + int(rng.integers(6, 61)))
        return pos, "", copied
    length = min(int(rng.geometric(0.35)), 12)
    if kind == "del":
        return pos, region.sequence(pos, pos + length), ""
    return pos, "", _random_bases(length, rng)


def draw_variants(kind: str, count: int, places: Places, rng: np.random.Generator) -> list[Variant]:
    """Return `count` variants of a kind at free target bases (fewer if the targets are full)."""
    found: list[Variant] = []
    for _ in range(50 * count):
        if len(found) == count or not places.bases:
            break
        region, pos = places.draw(rng)
        start, ref, alt = draw_allele(kind, region, pos, rng)
        if "N" in ref + alt or ref == alt:
            continue
        start, ref, alt = normalise(region, start, ref, alt)
        span = (region.chrom, start, start + len(ref))
        inside = start - SPACING > region.start and start + len(ref) + SPACING < region.end
        # A random insertion or substitution may turn out as another type: draw again.
        type_ = "DUP" if kind == "dup" else kind_of(ref, alt)
        if not inside or not places.free(*span) or type_ != kind.upper():
            continue
        places.reserve(*span)
        found.append(Variant(region.chrom, start, ref, alt, False, type_))
    return found
