"""Reads of fragments that cross a junction: split alignments with SA, soft clips, mates."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.junction import LEFT, Breakend
from resistpanel.testing.bam_records import (
    FIRST,
    MATE_REVERSE,
    MATE_UNMAPPED,
    PAIRED,
    PROPER,
    REVERSE,
    SECOND,
    SUPPLEMENTARY,
    UNMAPPED,
)
from resistpanel.testing.events import Event, Joined, mean_af, outside
from resistpanel.testing.fragments import Library
from resistpanel.testing.genome import BASES
from resistpanel.testing.mixtures import weights
from resistpanel.testing.quality import Sequencer
from resistpanel.testing.setup import Study, nearest_target
from resistpanel.testing.testing_constants import LOWEST_SCORE

_LETTERS = np.frombuffer(BASES.encode(), np.uint8)


@dataclasses.dataclass(frozen=True)
class Piece:
    """A part of a read that is aligned.

    Attributes
    ----------
    contig : str
    pos : int
        0-based, of its first base on the reference.
    reverse : bool
        Whether the haplotype runs along the other strand there.
    before, length, after : int
        Bases of the read before it, in it and after it, along the haplotype.
    """

    contig: str
    pos: int
    reverse: bool
    before: int
    length: int
    after: int

    def cigar(self, reverse: bool, clip: str) -> str:
        """Return the CIGAR of the read, on the strand of the reference."""
        before, after = (self.after, self.before) if reverse else (self.before, self.after)
        parts = [f"{before}{clip}" if before else "", f"{self.length}M"]
        return "".join([*parts, f"{after}{clip}" if after else ""])


def pieces(joined: Joined, start: int, length: int, alike: tuple[int, int]) -> list[Piece]:
    """Return the alignments of a read, the longest first; none of one that is too short.

    Parameters
    ----------
    joined : Joined
    start, length : int
        Of the read, on the haplotype.
    alike : (int, int)
        Bases by which the alignment of the first side goes on beyond the junction, as the
        reference does there, and the same of the second side.
    """
    end, at, resume = start + length, joined.at, joined.at + joined.inserted
    found = []
    stop = min(end, at + alike[0])
    if start < at:
        found.append(_piece(joined.first, at, start, stop, (start, end), ahead=False))
    begin = max(start, resume - alike[1])
    if end > resume:
        found.append(_piece(joined.second, resume, begin, end, (start, end), ahead=True))
    least = min(LOWEST_SCORE, length // 2)
    found = [piece for piece in found if piece.length >= least]
    return sorted(found, key=lambda piece: -piece.length)


def _piece(
    end: Breakend, origin: int, start: int, stop: int, read: tuple[int, int], ahead: bool
) -> Piece:
    """Return the alignment of haplotype bases [start, stop) to the side of a breakend.

    `origin` is the haplotype base at which the side ends (`ahead`: begins).
    """
    reverse = (end.side == LEFT) == ahead
    # Of the haplotype's bases, those before `origin` are the nearer to the breakend the later.
    pos = end.pos - (stop - origin) if reverse else end.pos + start - origin
    return Piece(end.contig, pos, reverse, start - read[0], stop - start, read[1] - stop)


def _alike(joined: Joined, study: Study, most: int) -> tuple[int, int]:
    """Return by how many bases either side goes on beyond the junction as the reference does."""
    after = joined.codes[joined.at : joined.at + most]
    on = outside(joined.first, study.genome, len(after))
    resume = joined.at + joined.inserted
    before = joined.codes[max(resume - most, 0) : resume]
    back = outside(joined.second, study.genome, len(before))
    # The second side is read away from the haplotype's direction.
    return _run(after, on), _run(before[::-1], np.where(back < 4, 3 - back, back))


def _run(one: np.ndarray, other: np.ndarray) -> int:
    differ = one != other
    return int(differ.argmax()) if differ.any() else len(one)


def draw_starts(
    joined: Joined, rate: float, library: Library, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return start and insert of the fragments that cross a junction.

    Parameters
    ----------
    rate : float
        Fragments per start position.
    """
    longest, table = library.longest, library.insert_table()
    places = longest + joined.inserted
    count = int(rng.poisson(rate * places))
    start = joined.at - longest + rng.integers(0, places, count)
    insert = table[rng.integers(0, len(table), count)]
    kept = start + insert > joined.at
    return start[kept], insert[kept]


class SplitReads:
    """Writes the reads of a sample's events.

    Parameters
    ----------
    study : Study
    sample : str
    density : list of arrays
        Fragments per start position by region and target, in diploid DNA.
    rng : numpy Generator
    """

    def __init__(self, study: Study, sample: str, density: list, rng: np.random.Generator):
        self.study, self.sample, self.density, self.rng = study, sample, density, rng
        self.library = study.libraries[sample]
        self.sequencer = Sequencer(self.library.quality, self.library.length)
        self.number = 0
        self.counts = [0] * len(study.events)

    def rate(self, event: Event) -> float:
        """Return the fragments of an event per start position: as targets at its ends have."""
        rates = []
        for end in (event.first, event.second):
            region = self.study.genome.region_at(end.contig, end.pos)
            if not region.targets:
                continue
            target = nearest_target(self.study.genome, end.contig, end.pos)
            there = self.density[self.study.genome.regions.index(region)]
            sources = self.study.sources[self.sample]
            amount = weights(sources, target).sum() * mean_af(event, sources, target)
            rates.append(float(there[region.targets.index(target)]) * amount)
        return float(np.mean(rates)) if rates else 0.0

    def records(self, header: pysam.AlignmentHeader) -> list[pysam.AlignedSegment]:
        """Return the records of all events."""
        found = []
        for n, event in enumerate(self.study.events):
            rate = self.rate(event)
            for first, second in event.junctions if rate else []:
                flank = self.library.longest
                joined = Joined.of(first, second, event.inserted, self.study.genome, flank)
                alike = _alike(joined, self.study, self.library.length // 2)
                for start, insert in zip(
                    *draw_starts(joined, rate, self.library, self.rng), strict=True
                ):
                    mates = self._mates(joined, int(start), int(insert), alike)
                    if mates is not None and self._on_target(mates):
                        self.counts[n] += 1
                        found += self._written(joined, int(start), int(insert), mates, header)
        return found

    def _mates(self, joined: Joined, start: int, insert: int, alike: tuple[int, int]):
        """Return the alignments of both mates, None where neither has one."""
        length = self.library.length
        mates = [pieces(joined, s, length, alike) for s in (start, start + insert - length)]
        return mates if any(mates) else None

    def _on_target(self, mates: Sequence[Sequence[Piece]]) -> bool:
        for piece in (p for mate in mates for p in mate):
            region = self.study.genome.region_at(piece.contig, piece.pos)
            for target in region.targets if region else ():
                if piece.pos < target.end and target.start < piece.pos + piece.length:
                    return True
        return False

    def _written(
        self, joined: Joined, start: int, insert: int, mates: list, header: pysam.AlignmentHeader
    ) -> list[pysam.AlignedSegment]:
        length = self.library.length
        forward = bool(self.rng.random() < 0.5)
        self.number += 1
        name = f"sv:{self.number:012d}"
        made: list[list[pysam.AlignedSegment]] = []
        for which, begin in enumerate((start, start + insert - length)):
            codes = joined.codes[begin : begin + length].copy()
            quality = self.sequencer.qualities(1, self.rng)
            wrong = self.sequencer.errors(quality, self.rng)
            quality = quality[0][::-1] if which else quality[0]
            wrong = length - 1 - wrong if which else wrong
            codes[wrong] = (codes[wrong] + self.rng.integers(1, 4, len(wrong))) % 4
            flag = PAIRED | (FIRST if forward != bool(which) else SECOND)
            made.append(
                [
                    self._record(header, name, codes, quality, piece, bool(which), flag, k)
                    for k, piece in enumerate(mates[which] or [None])
                ]
            )
            _tag_split(made[-1])
        for one, other in (made, made[::-1]):
            for record in one:
                _pair(record, one[0], other[0], self.library.longest)
        return [record for mate in made for record in mate]

    def _record(self, header, name, codes, quality, piece, second, flag, k):
        record = pysam.AlignedSegment(header)
        record.query_name, record.flag = name, flag
        record.set_tag("RG", self.sample)
        if piece is None:
            record.flag |= UNMAPPED
            codes, quality = (_turned(codes), quality[::-1]) if second else (codes, quality)
            _fill(record, codes, quality)
            return record
        # Mates point at each other along the haplotype.
        reverse = piece.reverse != second
        record.flag |= (REVERSE if reverse else 0) | (SUPPLEMENTARY if k else 0)
        record.reference_name, record.reference_start = piece.contig, piece.pos
        record.mapping_quality = 60
        record.cigarstring = piece.cigar(piece.reverse, "H" if k else "S")
        if k:
            inside = slice(piece.before, piece.before + piece.length)
            codes, quality = codes[inside], quality[inside]
        if piece.reverse:
            codes, quality = _turned(codes), quality[::-1]
        _fill(record, codes, quality)
        return record


def _turned(codes: np.ndarray) -> np.ndarray:
    return np.where(codes < 4, 3 - codes, codes)[::-1]


def _fill(record: pysam.AlignedSegment, codes: np.ndarray, quality: np.ndarray) -> None:
    record.query_sequence = _LETTERS[codes].tobytes().decode()
    record.query_qualities = pysam.qualitystring_to_array((quality + 33).tobytes().decode())


def _tag_split(records: list[pysam.AlignedSegment]) -> None:
    """Give each alignment of a split read the other in SA."""
    for one, other in zip(records, records[::-1], strict=True) if len(records) == 2 else ():
        strand = "-" if other.is_reverse else "+"
        cigar = other.cigarstring.replace("H", "S")
        place = f"{other.reference_name},{other.reference_start + 1}"
        one.set_tag("SA", f"{place},{strand},{cigar},{other.mapping_quality},0;")


def _pair(record, mine, mate, longest: int) -> None:
    """Set the fields of a record that speak of its mate's primary alignment."""
    if mate.is_unmapped:
        record.flag |= MATE_UNMAPPED
        record.next_reference_id, record.next_reference_start = (
            mine.reference_id, mine.reference_start,
        )  # fmt: skip
        return
    if record.is_unmapped:
        record.reference_id, record.reference_start = mate.reference_id, mate.reference_start
    record.next_reference_id, record.next_reference_start = (
        mate.reference_id, mate.reference_start,
    )  # fmt: skip
    record.flag |= MATE_REVERSE if mate.is_reverse else 0
    if mine.is_unmapped or mine.reference_id != mate.reference_id:
        return
    left, right = sorted((mine, mate), key=lambda r: (r.reference_start, r.is_reverse))
    span = max(mine.reference_end, mate.reference_end) - left.reference_start
    record.template_length = span if mine is left else -span
    if not left.is_reverse and right.is_reverse and span <= longest:
        record.flag |= PROPER


def add_split_reads(path: Path, made: SplitReads) -> None:
    """Merge the records of a sample's events into its BAM, by position."""
    with pysam.AlignmentFile(str(path), "rb") as source:
        header = source.header
        records = made.records(header)
    if not records:
        return
    records.sort(key=lambda r: (r.reference_id, r.reference_start))
    extra, whole = path.with_suffix(".events.bam"), path.with_suffix(".merged.bam")
    try:
        with pysam.AlignmentFile(str(extra), "wb", header=header) as sink:
            for record in records:
                sink.write(record)
        pysam.samtools.merge("--no-PG", "-f", "-c", "-p", "-o", str(whole), str(path), str(extra))
        whole.replace(path)
    finally:
        extra.unlink(missing_ok=True)
        whole.unlink(missing_ok=True)
