"""Which variants are put in: drawn on the targets by class, or a list of the user's own."""

import dataclasses
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.allele import Allele, left_align, span
from resistpanel.core.errors import InputError
from resistpanel.core.haplotypes import Fetch, tidy
from resistpanel.core.intervals import Target
from resistpanel.testing.testing_constants import (
    DUPLICATION,
    GAP,
    LONGEST_INDEL,
    SHARES,
    SPARSE,
    TRIES,
)

CLASSES = ("SNV", "MNV", "INS", "DEL", "DUP")


@dataclasses.dataclass(frozen=True)
class Site:
    """A variant to put in.

    Attributes
    ----------
    variant : Allele
        Trimmed and left-aligned.
    kind : str
        One of `CLASSES`, or COMPLEX.
    """

    variant: Allele
    kind: str

    @property
    def size(self) -> int:
        """Bases inserted, deleted or substituted."""
        return max(len(self.variant.ref), len(self.variant.alt))


class Room:
    """Intervals that are taken, by contig."""

    def __init__(self, gap: int = GAP):
        self.gap = gap
        self._taken: dict[str, list[tuple[int, int]]] = {}

    def reserve(self, chrom: str, start: int, end: int) -> None:
        """Take an interval."""
        self._taken.setdefault(chrom, []).append((start, end))

    def free(self, chrom: str, start: int, end: int) -> bool:
        """Return whether an interval keeps its distance from all that is taken."""
        gap = self.gap
        return all(start >= e + gap or end <= s - gap for s, e in self._taken.get(chrom, []))


def most(targets: list[Target]) -> int:
    """Return how many variants the targets have room for."""
    return max(1, sum(target.length for target in targets) // SPARSE)


def draw(rng: np.random.Generator, targets: list[Target], number: int, fetch: Fetch) -> list[Site]:
    """Draw variants of every class on the targets, apart from each other.

    Returns
    -------
    list of Site
        `number` of them, or fewer where there is no room; in no order.
    """
    weights = np.array([target.length for target in targets], dtype=float)
    weights /= weights.sum()
    room, found = Room(), []
    wanted = [kind for kind in CLASSES for _ in range(round(SHARES[kind] * number))]
    for kind in wanted:
        for _ in range(TRIES):
            target = targets[int(rng.choice(len(targets), p=weights))]
            site = _propose(rng, kind, target, fetch)
            if site is None:
                continue
            v = site.variant
            sequence, offset = fetch(v.chrom, v.pos - 300, v.end + 300)
            low, high = span(v, sequence, offset)
            inside = target.start < low and high < target.end
            if inside and room.free(v.chrom, low, high):
                room.reserve(v.chrom, low, high)
                found.append(site)
                break
    return found


def _propose(rng, kind: str, target: Target, fetch: Fetch) -> Site | None:
    if target.length < 3:
        return None
    pos = int(rng.integers(target.start + 1, target.end - 1))
    size = {
        "SNV": 1,
        "MNV": int(rng.integers(2, 4)),
        "INS": int(min(LONGEST_INDEL, rng.geometric(0.2))),
        "DEL": int(min(LONGEST_INDEL, rng.geometric(0.2))),
        "DUP": int(rng.integers(DUPLICATION[0], DUPLICATION[1] + 1)),
    }[kind]
    ref = fetch(target.chrom, pos, pos + size)[0]
    if len(ref) < size or not set(ref) <= set("ACGT"):
        return None
    if kind in ("SNV", "MNV"):
        alt = "".join(str(rng.choice([b for b in "ACGT" if b != base])) for base in ref)
        return Site(Allele(target.chrom, pos, ref, alt), kind)
    if kind == "INS":
        variant = Allele(target.chrom, pos, "", "".join(rng.choice(list("ACGT"), size)))
    elif kind == "DEL":
        variant = Allele(target.chrom, pos, ref, "")
    else:
        variant = Allele(target.chrom, pos, "", ref)
    sequence, offset = fetch(target.chrom, pos - 300, pos + size + 300)
    return Site(left_align(variant, sequence, offset), kind)


def kind_of(variant: Allele, fetch: Fetch) -> str:
    """Return the class of a variant; DUP is an insertion of 4 bases or more beside its like."""
    ref, alt = variant.ref, variant.alt
    if ref and alt:
        return ("SNV" if len(ref) == 1 else "MNV") if len(ref) == len(alt) else "COMPLEX"
    if ref:
        return "DEL"
    beside = fetch(variant.chrom, variant.pos, variant.pos + len(alt))[0]
    return "DUP" if len(alt) >= DUPLICATION[0] and beside == alt else "INS"


def read_own(path: Path, targets: list[Target], fetch: Fetch) -> tuple[list[Site], int]:
    """Read a list of variants (VCF) of the user's own.

    Returns
    -------
    list of Site
        Those within the targets that keep their distance from the ones before.
    int
        How many were left out.

    Raises
    ------
    InputError
        If the file is no VCF, or names a base that the reference does not have there.
    """
    found, left, room = [], 0, Room()
    try:
        with pysam.VariantFile(str(path)) as vcf:
            records = [(r.chrom, r.start, r.ref, r.alts) for r in vcf]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as VCF ({error})", str(path)) from None
    for chrom, start, ref, alts in records:
        for alt in alts or ():
            if not set(alt) <= set("ACGT"):
                left += 1
                continue
            try:
                there = fetch(chrom, start, start + len(ref))[0]
            except (KeyError, ValueError):
                raise InputError(
                    f"the reference has no place {chrom}:{start + 1}",
                    str(path),
                    "give variants of the reference's build, with its contig names",
                ) from None
            if there != ref.upper():
                raise InputError(
                    f"the reference has another base than {ref} there",
                    f"{path} ({chrom}:{start + 1})",
                    "give variants of the reference's build, with its contig names",
                )
            variant = tidy(Allele(chrom, start, ref.upper(), alt), fetch)
            inside = any(
                t.chrom == chrom and t.start < variant.pos and variant.end < t.end for t in targets
            )
            if not inside or not room.free(chrom, variant.pos, variant.end):
                left += 1
                continue
            room.reserve(chrom, variant.pos, variant.end)
            found.append(Site(variant, kind_of(variant, fetch)))
    return found, left
