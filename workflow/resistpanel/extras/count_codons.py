"""Counting codons: reads of a cDNA library, aligned to the cDNA."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.errors import InputError
from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.extras.extras_constants import MIN_BASE_QUALITY, MIN_MAPPING_QUALITY

_EXCLUDED = pysam.FUNMAP | pysam.FSECONDARY | pysam.FQCFAIL | pysam.FSUPPLEMENTARY


@dataclass
class CodonCounts:
    """Codons read in the fragments of a library.

    Attributes
    ----------
    depth : ndarray of int, shape (codons,)
        Fragments in which the whole codon was read.
    changed : Counter
        Fragments by (index of the codon, 0-based; codon read), for codons that differ from the
        reference.
    fragments : int
        Fragments used.
    """

    depth: np.ndarray
    changed: Counter = field(default_factory=Counter)
    fragments: int = 0


@dataclass(frozen=True, slots=True)
class Coding:
    """The coding sequence within a cDNA.

    Attributes
    ----------
    contig : str
    start, end : int
        0-based half-open, a multiple of three bases.
    sequence : str
        Upper-case bases of [start, end).
    """

    contig: str
    start: int
    end: int
    sequence: str

    @property
    def codons(self) -> int:
        """Number of codons."""
        return len(self.sequence) // 3

    def codon(self, index: int) -> str:
        """Return the reference codon with the 0-based `index`."""
        return self.sequence[3 * index : 3 * index + 3]


def read_coding(reference: Path, contig: str | None, span: tuple[int, int] | None) -> Coding:
    """Read the coding sequence from an indexed FASTA.

    Parameters
    ----------
    reference : Path
    contig : str or None
        None if the FASTA holds one sequence.
    span : (int, int) or None
        Coding bases within the contig, 1-based inclusive; None for the whole contig.

    Raises
    ------
    InputError
        If the contig is not named or not there, or the span is no multiple of three or has a
        stop codon before its last codon.
    """
    try:
        with pysam.FastaFile(str(reference)) as fasta:
            names = list(fasta.references)
            if contig is None and len(names) != 1:
                raise InputError(
                    f"{len(names)} sequences", str(reference), "name the cDNA with --contig"
                )
            contig = contig or names[0]
            if contig not in names:
                raise InputError(
                    f"no sequence '{contig}'", str(reference), f"it holds {', '.join(names[:5])}"
                )
            whole = fasta.fetch(contig).upper()
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot be read ({error})", str(reference), "give a FASTA with a .fai next to it"
        ) from error
    first, last = span or (1, len(whole))
    if not 1 <= first <= last <= len(whole) or (last - first + 1) % 3:
        raise InputError(
            f"{first}-{last} is no coding sequence of '{contig}' ({len(whole)} bases)",
            "--cds",
            "give first and last coding base, 1-based, a multiple of three",
        )
    sequence = whole[first - 1 : last]
    if set(sequence) - set("ACGT"):
        raise InputError("bases other than A, C, G, T in the coding sequence", str(reference))
    if stop := _first_stop(sequence):
        open_frames = [
            f"{first + shift}-{last - (last - first + 1 - shift) % 3}"
            for shift in (1, 2)
            if not _first_stop(whole[first - 1 + shift : last])
        ]
        raise InputError(
            f"{first}-{last} of '{contig}' is out of frame: codon {stop} is a stop codon",
            "--cds",
            f"the frame without one is {' or '.join(open_frames)}" if open_frames
            else "give first and last coding base, 1-based, on the coding strand",
        )  # fmt: skip
    return Coding(contig, first - 1, last, sequence)


def _first_stop(sequence: str) -> int | None:
    """Return the 1-based number of the first stop codon before the last whole codon, or None."""
    codons = range(0, len(sequence) - 5, 3)
    stops = (k // 3 + 1 for k in codons if GENETIC_CODE.get(sequence[k : k + 3]) == "*")
    return next(stops, None)


def count_codons(bam: Path, coding: Coding) -> CodonCounts:
    """Count the codons in the fragments of a BAM.

    The two mates of a fragment count once: where both read a base they must agree, or the base
    counts as not read. Reads with an indel or a clip are used where they align; a codon that an
    indel touches is not read.

    Raises
    ------
    InputError
        If the BAM cannot be read, is not sorted by coordinate, or lacks the contig.
    """
    tally = _Tally(coding)
    for stretches in fragments(bam, coding):
        tally.fragment(*stretches)
    return tally.counts()


def fragments(bam: Path, coding: Coding) -> Iterator[list[tuple[int, str]]]:
    """Give every fragment as stretches (0-based position, bases) that share no codon.

    Raises
    ------
    InputError
        As `count_codons`.
    """
    waiting: dict[str, tuple[int, str]] = {}
    try:
        with pysam.AlignmentFile(str(bam)) as reads:
            if coding.contig not in reads.references:
                raise InputError(
                    f"no contig '{coding.contig}'", str(bam), "align the reads to the same cDNA"
                )
            for read in reads:
                if (
                    read.flag & _EXCLUDED
                    or read.mapping_quality < MIN_MAPPING_QUALITY
                    or read.reference_name != coding.contig
                ):
                    continue
                bases = _resolved(*_bases(read), coding)
                mate = waiting.pop(read.query_name, None)
                if mate is not None:
                    yield _merge(mate, bases)
                elif read.is_paired and not read.mate_is_unmapped:
                    waiting[read.query_name] = bases
                else:
                    yield [bases]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", str(bam), "give a BAM file") from error
    for bases in waiting.values():
        yield [bases]


def _bases(read: pysam.AlignedSegment) -> tuple[int, str]:
    """Return the first position (0-based) and the bases over the reference, N where not read.

    Bases of low quality, deleted ones, and those on the two sides of an insertion are N.
    """
    sequence, qualities = read.query_sequence, read.query_qualities
    if qualities is not None and min(qualities, default=MIN_BASE_QUALITY) < MIN_BASE_QUALITY:
        sequence = "".join(
            base if quality >= MIN_BASE_QUALITY else "N"
            for base, quality in zip(sequence, qualities, strict=True)
        )
    cigar = read.cigartuples or ()
    if len(cigar) == 1:
        return read.reference_start, sequence
    parts: list[str] = []
    query, spoilt = 0, False
    for operation, length in cigar:
        if operation in (0, 7, 8):  # M, =, X
            part = sequence[query : query + length]
            parts.append("N" + part[1:] if spoilt else part)
            query, spoilt = query + length, False
        elif operation == 1:  # insertion
            if parts:
                parts[-1] = parts[-1][:-1] + "N"
            query, spoilt = query + length, True
        elif operation == 4:  # soft clip
            query += length
        elif operation in (2, 3):  # deletion, skip
            parts.append("N" * length)
    return read.reference_start, "".join(parts)


def _resolved(start: int, bases: str, coding: Coding) -> tuple[int, str]:
    """Return the bases with the reference's in the place of `=` (samtools calmd -e).

    Outside the coding sequence, where no codon is, they become N.
    """
    if "=" not in bases:
        return start, bases
    first, sequence = coding.start, coding.sequence
    return start, "".join(
        base if base != "=" else sequence[at - first] if 0 <= at - first < len(sequence) else "N"
        for at, base in enumerate(bases, start)
    )


def _merge(one: tuple[int, str], other: tuple[int, str]) -> list[tuple[int, str]]:
    """Return the bases of a fragment; where its mates disagree, N.

    Mates that lie apart are joined over a short gap and left as two stretches over a long one,
    between which no codon can be shared.
    """
    (start, bases), (later, more) = sorted((one, other))
    end = start + len(bases)
    if later >= end + 3:
        return [(start, bases), (later, more)]
    if later >= end:
        return [(start, bases + "N" * (later - end) + more)]
    shared = min(end, later + len(more)) - later
    mine, theirs = bases[later - start : later - start + shared], more[:shared]
    if mine != theirs:
        mine = "".join(
            b if a == "N" else a if b in ("N", a) else "N"
            for a, b in zip(mine, theirs, strict=True)
        )
    rest = bases[later - start + shared :] or more[shared:]
    return [(start, bases[: later - start] + mine + rest)]


class _Tally:
    """Counts codons; depth is kept as differences, since most codons are the reference's."""

    def __init__(self, coding: Coding):
        self.coding = coding
        self.steps = np.zeros(coding.codons + 1, dtype=np.int64)
        self.unread = np.zeros(coding.codons, dtype=np.int64)
        self.changed: Counter = Counter()
        self.fragments = 0

    def fragment(self, *stretches: tuple[int, str]) -> None:
        """Count the codons of one fragment, given as stretches that share none."""
        self.fragments += 1
        for start, bases in stretches:
            first = max(0, -(-(start - self.coding.start) // 3))
            last = min(self.coding.codons, (start + len(bases) - self.coding.start) // 3)
            if first >= last:
                continue
            self.steps[first] += 1
            self.steps[last] -= 1
            offset = self.coding.start + 3 * first - start
            read = bases[offset : offset + 3 * (last - first)]
            if read != self.coding.sequence[3 * first : 3 * last]:
                self._differences(first, last, read)

    def _differences(self, first: int, last: int, read: str) -> None:
        for index in range(first, last):
            codon = read[3 * (index - first) : 3 * (index - first) + 3]
            if codon == self.coding.codon(index):
                continue
            if set(codon) <= set("ACGT"):
                self.changed[index, codon] += 1
            else:
                self.unread[index] += 1

    def counts(self) -> CodonCounts:
        """Return what was counted."""
        depth = np.cumsum(self.steps[:-1]) - self.unread
        return CodonCounts(depth, self.changed, self.fragments)
