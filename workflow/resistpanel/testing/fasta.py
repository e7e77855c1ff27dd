"""Write a genome that is N but for some stretches: bgzipped FASTA with .fai and .gzi."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from resistpanel.core.files import replacing
from resistpanel.testing import bgzf

#: Bases per line. With the line feed, a whole number of lines fills a block exactly, so any
#: line of N's is in a block like any other.
LINE = 60
LINES = bgzf.BLOCK // (LINE + 1)
BASES = b"ACGTN"


def _lines(bases: bytes) -> bytes:
    return b"".join(bases[i : i + LINE] + b"\n" for i in range(0, len(bases), LINE))


def write_genome(
    path: str | Path,
    lengths: Mapping[str, int],
    stretches: Mapping[str, Sequence[tuple[int, np.ndarray]]],
) -> None:
    """Write `path` (``.fa.gz``), `path`.fai and `path`.gzi.

    Parameters
    ----------
    path : path
        The FASTA.
    lengths : mapping of str to int
        Every contig's length in bases.
    stretches : mapping of str to sequence of (int, uint8 array)
        Per contig, disjoint stretches as (start, base codes 0 to 4 for ACGTN), 0-based;
        every other base is N.
    """
    path = Path(path)
    full = (b"N" * LINE + b"\n") * LINES
    packed = bgzf.block(full)
    per_block = LINE * LINES
    index = []
    with (
        replacing(path) as fasta,
        replacing(f"{path}.fai") as fai,
        replacing(f"{path}.gzi") as gzi,
    ):
        with fasta.open("wb") as stream:
            writer = bgzf.Writer(stream)
            for name, length in lengths.items():
                writer.write(f">{name}\n".encode())
                writer.flush()
                # A contig of one line has lines of its own length, as htslib sees it.
                line = min(LINE, length)
                index.append(f"{name}\t{length}\t{writer.uncompressed}\t{line}\t{line + 1}\n")
                blocks = _sequence_blocks(stretches.get(name, ()), length, per_block)
                at = 0
                for number, bases in blocks:
                    writer.repeat(full, packed, number - at)
                    writer.write(_lines(bases))
                    writer.flush()
                    at = number + 1
                # The last, incomplete block is always among `blocks`.
            writer.close()
        writer.index(gzi)
        fai.write_text("".join(index))


def _sequence_blocks(
    stretches: Sequence[tuple[int, np.ndarray]], length: int, per_block: int
) -> list[tuple[int, bytes]]:
    """Return (number, bases) of each block of a contig that is not full of N, ascending."""
    last = (length - 1) // per_block
    touched = {last}
    for start, codes in stretches:
        touched.update(range(start // per_block, (start + len(codes) - 1) // per_block + 1))
    blocks = []
    for number in sorted(touched):
        begin = number * per_block
        end = min(begin + per_block, length)
        bases = np.full(end - begin, 4, np.uint8)
        for start, codes in stretches:
            low, high = max(start, begin), min(start + len(codes), end)
            if low < high:
                bases[low - begin : high - begin] = codes[low - start : high - start]
        blocks.append((number, np.frombuffer(BASES, np.uint8)[bases].tobytes()))
    return blocks
