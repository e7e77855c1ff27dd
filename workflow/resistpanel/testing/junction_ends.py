"""The two ends of a junction, from any way in which VCF writes it."""

import re
from typing import NamedTuple

from resistpanel.core.vcf import Call

#: The bases that go on are before the position, or after it.
BEFORE, AFTER = "before", "after"


class End(NamedTuple):
    """One end: contig, position (1-based, last base that goes on), and its side if known."""

    chrom: str
    pos: int
    side: str | None


#: Sides of the first and the second end, by symbol; an inversion has junctions of two kinds.
SIDES: dict[str, tuple[str | None, str | None]] = {
    "DEL": (BEFORE, AFTER),
    "DUP": (AFTER, BEFORE),
    "INV": (None, None),
    "BND": (None, None),
}


def ends_of_alt(
    chrom: str, pos: int, alt: str, mate_chrom: str, mate_pos: int | None
) -> tuple[End, End] | None:
    """Return both ends, or None if the ALT is malformed.

    Parameters
    ----------
    chrom, pos, alt
        As VCF writes them, 1-based.
    mate_chrom, mate_pos
        Of a symbolic allele: contig, and END.
    """
    if found := re.fullmatch(r"[ACGTN]*([\[\]])(.+):(\d+)([\[\]])[ACGTN]*", alt):
        local = AFTER if alt[0] in "[]" else BEFORE
        mate = AFTER if found[1] == "[" else BEFORE
        return End(chrom, pos, local), End(found[2], int(found[3]), mate)
    if mate_pos is None:
        return None
    one, other = SIDES[alt[1:4]]
    return End(chrom, pos, one), End(mate_chrom, mate_pos, other)


def ends_of_call(call: Call) -> tuple[End, End] | None:
    """Return both ends of a junction that was called."""
    end = call.info.get("END")
    return ends_of_alt(call.chrom, call.pos, call.alt, call.chrom, end)


def same_ends(one: tuple[End, End], other: tuple[End, End], within: int) -> bool:
    """Return whether two junctions join the same places, in either order."""
    return any(
        all(
            a.chrom == b.chrom
            and abs(a.pos - b.pos) <= within
            and (a.side is None or b.side is None or a.side == b.side)
            for a, b in zip(one, pair, strict=True)
        )
        for pair in (other, other[::-1])
    )
