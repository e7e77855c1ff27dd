"""The reads of the fragments' ends: bases, alignment, qualities, errors, flags, mates."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from resistpanel.align.align_constants import KNOWN_ADAPTERS
from resistpanel.testing.bam_records import (
    DUPLICATE,
    FIRST,
    MATE_REVERSE,
    MATE_UNMAPPED,
    PAIRED,
    PROPER,
    REVERSE,
    SECOND,
    UNMAPPED,
)
from resistpanel.testing.cigars import Alignment, Junction, align, clip_ends, stretches, ungapped
from resistpanel.testing.families import SPECIFIC, family_errors
from resistpanel.testing.fragments import Fragments, Library
from resistpanel.testing.genome import Region, encode
from resistpanel.testing.quality import Sequencer
from resistpanel.testing.variants import Variant

#: Codes of the adapters behind read 1 and read 2, and of the G that two-colour instruments read
#: behind them.
ADAPTERS = np.stack([encode(f"{text}G") for text in KNOWN_ADAPTERS["TruSeq"].split()])


@dataclasses.dataclass
class Haplotype:
    """A region's bases with some indels applied."""

    codes: np.ndarray
    ref_of_hap: np.ndarray
    junctions: list[Junction]
    indels: list[Variant]
    origin: int

    @classmethod
    def build(cls, region: Region, indels: Sequence[Variant]) -> "Haplotype":
        """Apply indels (ascending) to a region."""
        codes, spots, junctions = [], [], []
        done = length = 0
        for variant in indels:
            at, right = variant.start - region.start, variant.end - region.start
            codes += [region.codes[done:at], encode(variant.alt)]
            spots += [np.arange(done, at), np.full(len(variant.alt), -1)]
            length += at - done
            junctions.append(Junction(length, len(variant.alt), at, right))
            length += len(variant.alt)
            done = right
        codes.append(region.codes[done:])
        spots.append(np.arange(done, len(region.codes)))
        return cls(
            np.concatenate(codes), np.concatenate(spots), junctions, list(indels), region.start
        )

    def spot(self, pos: int) -> int | None:
        """Return where a contig position is on the haplotype, None if it is deleted."""
        shift = 0
        for variant in self.indels:
            if variant.end <= pos:
                shift += variant.growth
            elif variant.start <= pos:
                return None
        return pos - self.origin + shift


@dataclasses.dataclass
class Reads:
    """Reads of a region's fragments, left mates and right mates as (fragments, ...) arrays."""

    left: Alignment
    right: Alignment
    left_codes: np.ndarray
    right_codes: np.ndarray


def group_fragments(fragments: Fragments) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (rows, indels) of the fragments that touch the same indels."""
    local = fragments.local
    if not local.any():
        yield np.arange(len(local)), np.zeros(local.shape[1], bool)
        return
    patterns, which = np.unique(local, axis=0, return_inverse=True)
    which = which.reshape(-1)
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(patterns) + 1))
    for number, pattern in enumerate(patterns):
        yield order[bounds[number] : bounds[number + 1]], pattern


def pcr_errors(
    fragments: Fragments, rate: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (fragment, offset in the insert, change of base code) of PCR errors.

    Duplicates have the errors of the fragment that they copy.
    """
    count = int((~fragments.duplicate).sum())
    if not count or not rate:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty
    number = rng.poisson(rate * fragments.insert[:count].sum())
    where = np.sort(rng.integers(0, count, number))
    offset = (rng.random(number) * fragments.insert[where]).astype(np.int64)
    change = rng.integers(1, 4, number)
    first = np.searchsorted(where, fragments.parent, side="left")
    times = np.searchsorted(where, fragments.parent, side="right") - first
    copy = np.repeat(np.arange(len(fragments.parent)) + count, times)
    index = np.repeat(first, times) + _ramp(times)
    return (
        np.concatenate([where, copy]),
        np.concatenate([offset, offset[index]]),
        np.concatenate([change, change[index]]),
    )


def _ramp(times: np.ndarray) -> np.ndarray:
    """Return 0, 1, ... t-1 for each t of `times`, joined."""
    ends = np.cumsum(times)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - times, times)


def read_ends(
    region: Region,
    variants: Sequence[Variant],
    fragments: Fragments,
    library: Library,
    counts: np.ndarray,
    rng: np.random.Generator,
) -> Reads:
    """Return the true reads of all fragments, aligned, before sequencing errors.

    Parameters
    ----------
    counts : int array (variants, 2)
        Added to: distinct fragments whose reads cover the variant, without and with it.
    """
    length, total = library.length, len(fragments.start)
    if library.umi:
        where, offset, change = family_errors(
            fragments.families, fragments.insert, library.umi, rng
        )
    else:
        where, offset, change = pcr_errors(fragments, library.pcr_errors, rng)
    mates = []
    for side in ("left", "right"):
        blank = np.zeros((total, length), np.uint8)
        mates.append([ungapped(np.zeros(total, np.int64), length, region.codes), blank, side])
    for rows, pattern in group_fragments(fragments):
        indels = [variant for variant, hit in zip(variants, pattern, strict=True) if hit]
        haplotype = Haplotype.build(region, indels)
        group = fragments.take(rows)
        begins = group["start"], group["start"] + group["insert"] - length
        _count(variants, haplotype, group, begins, length, counts)
        if len(where):
            place = np.full(total, -1)
            place[rows] = np.arange(len(rows))
            mine = np.flatnonzero(place[where] >= 0)
        for mate, begin in zip(mates, begins, strict=True):
            codes = stretches(haplotype.codes, begin, length)
            _substitute(codes, variants, haplotype, group["carried"], begin)
            if len(where) and len(mine):
                read = place[where[mine]]
                column = group["start"][read] + offset[mine] - begin[read]
                seen = (column >= 0) & (column < length)
                _mutate(codes, read[seen], column[seen], change[mine][seen])
            if indels:
                made = align(
                    codes,
                    begin,
                    haplotype.junctions,
                    haplotype.ref_of_hap,
                    region.codes,
                    library.anchor,
                )
            else:
                made = ungapped(begin, length, region.codes)
            _read_adapter(made, codes, group, begin, mate[2])
            mate[0].put(rows, made)
            mate[1][rows] = codes
    (left, left_codes, _), (right, right_codes, _) = mates
    return Reads(left, right, left_codes, right_codes)


def _mutate(codes, read, column, change) -> None:
    """Write errors into reads: any base changes, or one kind alone from `SPECIFIC` on."""
    now = codes[read, column]
    old, new = np.divmod(change - SPECIFIC, 4)
    new = np.where(change >= SPECIFIC, np.where(now == old, new, now), (now + change) % 4)
    codes[read, column] = new


def _read_adapter(made: Alignment, codes, group, begin, side: str) -> None:
    """Write adapter behind fragments that are shorter than their reads, soft-clipped."""
    length = codes.shape[1]
    rows = np.flatnonzero(group["insert"] < length)
    if not len(rows):
        return
    insert = group["insert"][rows]
    first_mate = group["forward"][rows] == (side == "left")
    column = np.arange(length)
    # Along the reference, the right mate's adapter is before its fragment, reversed.
    behind = column - insert[:, None] if side == "left" else (length - 1 - insert)[:, None] - column
    adapter = ADAPTERS[
        np.where(first_mate, 0, 1)[:, None], np.clip(behind, 0, len(ADAPTERS[0]) - 1)
    ]
    adapter = adapter if side == "left" else 3 - adapter
    codes[rows] = np.where(behind >= 0, adapter, codes[rows])
    kept = np.zeros(len(insert), int) if side == "left" else length - insert
    clip_ends(made, rows, kept, kept + insert)


class _Sorted:
    """Rows by a position, to find those within a range without a look at the others."""

    def __init__(self, position: np.ndarray) -> None:
        self.order = np.argsort(position, kind="stable")
        self.position = position[self.order]

    def within(self, low: int, high: int) -> np.ndarray:
        """Return the rows of positions from `low` to `high`, both included."""
        first = np.searchsorted(self.position, low, side="left")
        return self.order[first : np.searchsorted(self.position, high, side="right")]


def _substitute(codes, variants, haplotype, carried, begin) -> None:
    """Write the carried substitutions into reads that begin at `begin` on the haplotype."""
    length = codes.shape[1]
    reads = _Sorted(begin)
    for v, variant in enumerate(variants):
        if variant.indel:
            continue
        for index, base in enumerate(encode(variant.alt)):
            spot = haplotype.spot(variant.start + index)
            if spot is None:
                continue
            rows = reads.within(spot - length + 1, spot)
            rows = rows[carried[rows, v]]
            codes[rows, spot - begin[rows]] = base


def _count(variants, haplotype, group, begins, length, counts) -> None:
    """Count the distinct fragments that show each variant's place, and those that carry it."""
    fragments = _Sorted(group["start"])
    longest = int(group["insert"].max(initial=0))
    # A read ends with its fragment, from which adapter follows.
    last = group["start"] + group["insert"]
    for v, variant in enumerate(variants):
        if variant.indel and variant in haplotype.indels and group["carried"][:, v].any():
            junction = haplotype.junctions[haplotype.indels.index(variant)]
            low, high = junction.at - 1, junction.at + junction.inserted
        elif variant.indel:
            low, high = haplotype.spot(variant.start - 1), haplotype.spot(variant.end)
        else:
            low = haplotype.spot(variant.start)
            high = haplotype.spot(variant.end - 1)
        if low is None or high is None:
            continue
        rows = fragments.within(high - longest, low)
        seen = ~group["duplicate"][rows] & (high < last[rows])
        shown = np.zeros(len(rows), bool)
        for begin in begins:
            shown |= (begin[rows] <= low) & (high < begin[rows] + length)
        seen &= shown
        has = group["carried"][rows, v]
        counts[v] += (seen & ~has).sum(), (seen & has).sum()


def finish_reads(
    region: Region,
    reads: Reads,
    fragments: Fragments,
    sequencer: Sequencer,
    ref_id: int,
    first_number: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray] | None:
    """Add qualities, errors, flags and mates; return arrays for `records.encode_reads`.

    Fragments of which neither read is mapped are left out; None if no fragment is left.
    """
    left, right = reads.left, reads.right
    rows = np.flatnonzero(left.mapped | right.mapped)
    if not len(rows):
        return None
    forward, duplicate = fragments.forward[rows], fragments.duplicate[rows]
    low = np.minimum(*_ends(left, right, rows, "pos"))
    high = np.maximum(*_ends(left, right, rows, "end"))
    span = np.where(left.mapped[rows] & right.mapped[rows], high - low, 0)
    first_left = left.pos[rows] <= right.pos[rows]
    width = max(left.cigar.shape[1], right.cigar.shape[1])
    parts = []
    for mine, mate, codes, reverse in (
        (left, right, reads.left_codes, False),
        (right, left, reads.right_codes, True),
    ):
        mapped, mate_mapped = mine.mapped[rows], mate.mapped[rows]
        pos = np.where(mapped, mine.pos[rows], mate.pos[rows])
        flag = np.full(len(rows), PAIRED | (REVERSE if reverse else MATE_REVERSE))
        flag |= np.where(forward != reverse, FIRST, SECOND)
        flag |= np.where(duplicate & (fragments.families is None), DUPLICATE, 0)
        flag |= np.where(mapped & mate_mapped, PROPER, 0)
        flag |= np.where(mapped, 0, UNMAPPED) | np.where(mate_mapped, 0, MATE_UNMAPPED)
        cigar = np.zeros((len(rows), width), np.uint32)
        cigar[:, : mine.cigar.shape[1]] = mine.cigar[rows] * mapped[:, None]
        parts.append(
            {
                "codes": codes[rows],
                "ref_codes": mine.ref_codes[rows],
                "gaps": mine.gaps[rows],
                "reverse": np.full(len(rows), reverse),
                "cigar": cigar,
                "pos": region.start + pos,
                "end": region.start + np.where(mapped, mine.end[rows], pos + 1),
                "flag": flag.astype(np.uint16),
                "mapq": np.where(mapped, fragments.mapq[rows], 0).astype(np.uint8),
                "mate_pos": region.start + np.where(mate_mapped, mate.pos[rows], pos),
                "tlen": np.where(first_left != reverse, span, -span),
                "number": first_number + np.arange(len(rows), dtype=np.int64),
                **_tags(fragments, rows, first_number),
            }
        )
    both = {name: np.concatenate([parts[0][name], parts[1][name]]) for name in parts[0]}
    _sequence(both, sequencer, rng)
    both["ref_id"] = np.full(len(both["pos"]), ref_id, np.int32)
    return both


def _tags(fragments: Fragments, rows: np.ndarray, first_number: int) -> dict[str, np.ndarray]:
    """Return what read pairs with UMIs have besides."""
    if fragments.families is None:
        return {}
    return {
        "umi": fragments.codes[rows],
        "molecule": first_number + fragments.families.molecule[rows],
        "strand": fragments.families.strand[rows],
    }


def _ends(left: Alignment, right: Alignment, rows: np.ndarray, name: str):
    return getattr(left, name)[rows], getattr(right, name)[rows]


def _sequence(both: dict[str, np.ndarray], sequencer: Sequencer, rng: np.random.Generator) -> None:
    """Draw qualities and errors; count the mismatches."""
    codes, reverse = both["codes"], both.pop("reverse")
    qualities = sequencer.qualities(len(codes), rng)
    # BAM stores bases and qualities along the reference; cycles run the other way in reverse.
    qualities[reverse] = qualities[reverse][:, ::-1]
    wrong = sequencer.errors(qualities, rng)
    flat = codes.reshape(-1)
    flat[wrong] = (flat[wrong] + rng.integers(1, 4, len(wrong))) % 4
    reference = both.pop("ref_codes")
    mismatch = (codes != reference) & (reference != 255)
    both["qualities"] = qualities
    both["mismatches"] = (mismatch.sum(axis=1) + both.pop("gaps")).astype(np.int64)
