"""Put a variant into a real read: its bases, qualities, alignment and tags.

A base keeps its quality wherever it goes, so that sequencing errors keep their rate. What a read
has to gain (inserted sequence, what a deletion pulls in) takes the quality of its place in the
read, with errors as often as that quality says.
"""

import hashlib
import re

import numpy as np
import pysam

from resistpanel.core.allele import Allele
from resistpanel.testing.cigars import Alignment, Junction, align
from resistpanel.testing.testing_constants import ANCHOR, REACH

#: Duplicate, QC failure, secondary, supplementary, unmapped: never edited.
UNFIT = 0x400 | 0x200 | 0x100 | 0x800 | 0x4
BASES = np.frombuffer(b"ACGTN", np.uint8)
CODES = np.full(256, 4, np.uint8)
CODES[BASES] = np.arange(5)
MATCH, INSERTION, DELETION, SOFT_CLIP = 0, 1, 2, 4


def chance(*key: object) -> float:
    """Return a number in [0, 1) that depends on the key alone."""
    text = "/".join(map(str, key))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def md_substituted(md: str, changes: dict[int, str]) -> str:
    """Return an MD tag after reference bases became mismatches.

    Parameters
    ----------
    md : str
    changes : dict of int to str
        Offset among the aligned reference bases (deleted ones count, inserted ones do not have
        any) to the reference base that the read does not show any more.
    """
    tokens: list[str | int] = []  # a count of matches, a mismatched base, or ^deleted
    for count, letter, deleted in re.findall(r"(\d+)|([A-Z])|(\^[A-Z]+)", md):
        tokens.append(int(count) if count else letter or deleted)
    out, offset, run = [], 0, 0
    for token in tokens:
        if isinstance(token, int):
            for _ in range(token):
                if offset in changes:
                    out.append(f"{run}{changes[offset]}")
                    run = 0
                else:
                    run += 1
                offset += 1
        else:
            out.append(f"{run}{token}")
            run = 0
            offset += len(token) - 1 if token[0] == "^" else 1
    return "".join(out) + str(run)


def substitute(read: pysam.AlignedSegment, variant: Allele) -> int:
    """Write a substitution into an aligned read; return how many bases changed.

    Only bases that show the reference are changed: an error stays an error. NM and MD follow.
    """
    first, last = variant.pos, variant.end
    places = {r: q for q, r in read.get_aligned_pairs(matches_only=True) if first <= r < last}
    sequence = list(read.query_sequence)
    offsets = _md_offsets(read)
    changed = {}
    for i, (ref, alt) in enumerate(zip(variant.ref, variant.alt, strict=True)):
        q = places.get(first + i)
        if q is not None and ref != alt and sequence[q] == ref:
            sequence[q] = alt
            changed[offsets(first + i)] = ref
    if not changed:
        return 0
    qualities = read.query_qualities
    read.query_sequence = "".join(sequence)
    read.query_qualities = qualities
    if read.has_tag("NM"):
        read.set_tag("NM", read.get_tag("NM") + len(changed))
    if read.has_tag("MD"):
        read.set_tag("MD", md_substituted(read.get_tag("MD"), changed))
    return len(changed)


def _md_offsets(read: pysam.AlignedSegment):
    """Return the function from a reference position to its offset in the MD tag."""
    start = read.reference_start
    skips = []
    at = start
    for operation, size in read.cigartuples:
        if operation == 3:  # a skipped stretch has no place in MD
            skips.append((at, size))
        if operation in (MATCH, DELETION, 3, 7, 8):
            at += size
    return lambda position: position - start - sum(n for s, n in skips if s < position)


def editable(read: pysam.AlignedSegment) -> bool:
    """Return whether an indel can be put into a read: aligned in one piece, ends clipped or not."""
    kinds = [operation for operation, _ in read.cigartuples or []]
    return kinds in (
        [MATCH],
        [SOFT_CLIP, MATCH],
        [MATCH, SOFT_CLIP],
        [SOFT_CLIP, MATCH, SOFT_CLIP],
    )


class Indel:
    """An indel ready to be put into reads.

    Parameters
    ----------
    variant : Allele
        Trimmed and left-aligned.
    fasta : pysam.FastaFile
    """

    def __init__(self, variant: Allele, fasta: pysam.FastaFile):
        self.variant = variant
        self.low = max(0, variant.pos - REACH)
        text = fasta.fetch(variant.chrom, self.low, variant.end + REACH).upper()
        self.reference = CODES[np.frombuffer(text.encode(), np.uint8)]
        self.at = variant.pos - self.low
        self.deleted, self.inserted = len(variant.ref), len(variant.alt)
        alt = CODES[np.frombuffer(variant.alt.encode(), np.uint8)]
        behind = np.arange(self.at + self.deleted, len(self.reference))
        self.ref_of_hap = np.concatenate(
            [np.arange(self.at), np.full(self.inserted, -1), behind]
        ).astype(np.int64)
        self.haplotype = np.concatenate(
            [self.reference[: self.at], alt, self.reference[self.at + self.deleted :]]
        )
        self.junction = Junction(self.at, self.inserted, self.at, self.at + self.deleted)

    def start_of(self, read: pysam.AlignedSegment) -> int | None:
        """Return where a read begins on the haplotype, its 5' end staying; None if it cannot lie.

        A fragment whose end is in deleted sequence is none of the haplotype.
        """
        first, last = read.reference_start - self.low, read.reference_end - self.low
        shift = self.inserted - self.deleted
        length = last - first
        spot = last - 1 if read.is_reverse else first
        if spot >= self.at + self.deleted:
            moved = spot + shift
        elif spot < self.at:
            moved = spot
        else:
            return None
        start = moved - length + 1 if read.is_reverse else moved
        inside = start >= 0 and start + length <= len(self.haplotype)
        return start if inside else None

    def touches(self, start: int, length: int) -> bool:
        """Return whether a stretch of the haplotype shows the indel."""
        return start < self.at + self.inserted and start + length > self.at

    def put(self, read: pysam.AlignedSegment, start: int, seed: int) -> None:
        """Make a read that of the haplotype from `start` on; align it as bwa would.

        Parameters
        ----------
        read : pysam.AlignedSegment
            `editable`; changed in place.
        start : int
            As `start_of` returns it.
        seed : int
            Of the errors in bases that the read gains.
        """
        operation, size = read.cigartuples[0]
        lead = size if operation == SOFT_CLIP else 0
        length = read.reference_end - read.reference_start
        trail = read.query_length - lead - length
        old = CODES[np.frombuffer(read.query_sequence.encode(), np.uint8)]
        qualities = np.array(read.query_qualities, np.uint8)
        first = read.reference_start - self.low
        spots = self.ref_of_hap[start : start + length]
        kept = (spots >= first) & (spots < first + length)
        source = np.where(kept, lead + spots - first, lead + np.arange(length))
        codes = np.where(kept, old[source], self.haplotype[start : start + length])
        new_qualities = qualities[source]
        for i in np.flatnonzero(~kept):
            error = 10 ** (-float(new_qualities[i]) / 10)
            drawn = chance(seed, "error", read.query_name, read.is_read1, i)
            if drawn < error and codes[i] < 4:
                codes[i] = (codes[i] + 1 + int(3 * drawn / error)) % 4
        laid = align(
            codes[None, :].astype(np.uint8),
            np.array([start]),
            [self.junction],
            self.ref_of_hap,
            self.reference,
            ANCHOR,
        )
        whole = np.concatenate([old[:lead], codes, old[len(old) - trail :]])
        read.query_sequence = BASES[whole].tobytes().decode()
        read.query_qualities = pysam.qualitystring_to_array(
            (np.concatenate([qualities[:lead], new_qualities, qualities[len(old) - trail :]]) + 33)
            .tobytes()
            .decode()
        )
        self._align(read, laid, codes, lead, trail)

    def _align(self, read, laid: Alignment, codes: np.ndarray, lead: int, trail: int) -> None:
        for tag in ("MD", "SA", "XA", "AS", "XS"):
            read.set_tag(tag, None)
        if not laid.mapped[0]:
            read.is_unmapped, read.is_proper_pair = True, False
            read.cigartuples, read.mapping_quality = None, 0
            read.set_tag("NM", None)
            return
        operations = [(SOFT_CLIP, lead)]
        operations += [(int(word) & 15, int(word) >> 4) for word in laid.cigar[0] if word]
        operations += [(SOFT_CLIP, trail)]
        read.cigartuples = merged_operations(operations)
        read.reference_start = self.low + int(laid.pos[0])
        under = laid.ref_codes[0]
        aligned = under < 4
        read.set_tag("NM", int((under != codes)[aligned].sum()) + int(laid.gaps[0]))


def merged_operations(operations: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return CIGAR operations without empty ones, equal neighbours joined."""
    out: list[tuple[int, int]] = []
    for operation, size in operations:
        if size and out and out[-1][0] == operation:
            out[-1] = (operation, out[-1][1] + size)
        elif size:
            out.append((operation, size))
    return out


def pair_up(first: pysam.AlignedSegment, second: pysam.AlignedSegment) -> None:
    """Make two mates agree on each other's place, and on the length of their fragment."""
    for one, other in ((first, second), (second, first)):
        one.mate_is_unmapped = other.is_unmapped
        if one.is_unmapped and not other.is_unmapped:
            one.reference_id, one.reference_start = other.reference_id, other.reference_start
    for one, other in ((first, second), (second, first)):
        one.next_reference_id = other.reference_id
        one.next_reference_start = other.reference_start
        if one.has_tag("MC"):
            one.set_tag("MC", other.cigarstring)
    if first.is_unmapped or second.is_unmapped or first.reference_id != second.reference_id:
        first.template_length = second.template_length = 0
        return
    low = min(first.reference_start, second.reference_start)
    length = max(first.reference_end, second.reference_end) - low
    left = first if first.reference_start <= second.reference_start else second
    for read in (first, second):
        read.template_length = length if read is left else -length
