"""A reference from the reads: N where none was aligned.

From MD tags, which hold the bases of the genome that the reads were aligned to; or, where the reads
have none, from the majority of the reads' own bases. The latter hides homozygous variants.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.errors import InputError
from resistpanel.testing.fasta import write_genome
from resistpanel.testing.testing_constants import CHUNK

BASES = np.frombuffer(b"ACGT", np.uint8)
#: Parts of an MD tag: bases that match, bases that the read lacks, a base that it has another of.
_MD = re.compile(r"([0-9]+)|\^([A-Za-z]+)|([A-Za-z])")


def bases_of(
    bams: Iterable[Path], contigs: set[str], majority: bool
) -> tuple[dict, dict[str, int]]:
    """Count the reference's bases: as MD gives them, or those of the reads.

    Returns
    -------
    dict of (str, int) to array
        Of a contig and the number of a stretch: counts, (bases, A C G T).
    dict of str to int
        Lengths of the contigs, in their order.
    """
    counts: dict[tuple[str, int], np.ndarray] = {}
    lengths: dict[str, int] = {}
    codes = np.full(256, 4, np.uint8)
    codes[BASES] = np.arange(4)
    for path in bams:
        with pysam.AlignmentFile(str(path), check_sq=False) as bam:
            known = zip(bam.references, bam.lengths, strict=True)
            lengths.update({name: length for name, length in known if name in contigs})
            for read in bam.fetch(until_eof=True):
                if read.is_unmapped or read.reference_name not in contigs:
                    continue
                if read.query_sequence and (majority or read.has_tag("MD")):
                    _add(counts, read, codes[_aligned(read) if majority else _of_md(read)])
    if not counts:
        raise InputError(
            "no aligned read, or none with an MD tag",
            str(path),
            "give the genome with --reference",
        )  # fmt: skip
    return counts, lengths


def _of_md(read: pysam.AlignedSegment) -> np.ndarray:
    """Return the reference's bases below a read, as MD gives them (bytes).

    Empty where MD and CIGAR do not agree: some programs change the one and not the other, such as
    those that clip overlaps. (pysam's `get_reference_sequence` writes beyond its buffer there.)
    """
    query, bases, at = read.query_sequence.encode(), bytearray(), 0
    deleted = 0
    for op, length in read.cigartuples:
        if op in (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF):
            bases += query[at : at + length]
        if op in (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF, pysam.CINS, pysam.CSOFT_CLIP):
            at += length
        deleted += length * (op == pysam.CDEL)
    found, at = bytearray(), 0
    for same, gone, other in _MD.findall(str(read.get_tag("MD"))):
        step = int(same) if same else len(other)
        found += bases[at : at + step] if same else (gone or other).encode()
        at += step
        deleted -= len(gone)
    agree = at == len(bases) and deleted == 0
    return np.frombuffer(bytes(found).upper() if agree else b"", np.uint8)


def _aligned(read: pysam.AlignedSegment) -> np.ndarray:
    """Return the read's bases by position of the reference, N where it has none (bytes)."""
    found = np.full(read.reference_length, ord("N"), np.uint8)
    pairs = np.array(read.get_aligned_pairs(matches_only=True))
    bases = np.frombuffer(read.query_sequence.encode(), np.uint8)
    found[pairs[:, 1] - read.reference_start] = bases[pairs[:, 0]]
    return found


def _add(counts: dict, read: pysam.AlignedSegment, base: np.ndarray) -> None:
    # Without a reference skip (N), which no read of DNA has, these are consecutive bases.
    if len(base) != read.reference_length:
        return
    positions = np.arange(read.reference_start, read.reference_start + len(base))
    for number in range(positions[0] // CHUNK, positions[-1] // CHUNK + 1):
        key = (read.reference_name, int(number))
        if key not in counts:
            counts[key] = np.zeros((CHUNK, 4), np.uint32)
        inside = (positions // CHUNK == number) & (base < 4)
        counts[key][positions[inside] - number * CHUNK, base[inside]] += 1


def rebuild(bams: list[Path], contigs: set[str], output: Path, majority: bool = False) -> None:
    """Write a bgzipped FASTA of whole contigs with its indexes.

    Parameters
    ----------
    bams : list of Path
    contigs : set of str
    output : Path
    majority : bool
        From the reads' own bases, not from MD tags.

    Raises
    ------
    InputError
        If no read has an MD tag.
    """
    counts, lengths = bases_of(bams, contigs, majority)
    stretches: dict[str, list[tuple[int, np.ndarray]]] = {}
    for (contig, number), found in sorted(counts.items()):
        start = number * CHUNK
        codes = np.where(found.any(1), found.argmax(1), 4).astype(np.uint8)
        stretches.setdefault(contig, []).append((start, codes[: lengths[contig] - start]))
    write_genome(output, lengths, stretches)
