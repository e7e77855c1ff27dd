"""minimap2 through mappy: needs no program, only the Python package."""

import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mappy
import pysam

from resistpanel.align.align_constants import CHUNK, LONGEST, SETTINGS
from resistpanel.align.fastq import Lane, Read, reads, umi_of
from resistpanel.core.errors import InputError

VERSION = mappy.__version__
#: Scores of the preset: match, mismatch, gap open and extension (short, long).
SUPPLEMENTARY, REVERSE, SECOND, FIRST, PAIRED = 0x800, 0x10, 0x80, 0x40, 0x1
PROPER, UNMAPPED, MATE_UNMAPPED, MATE_REVERSE = 0x2, 0x4, 0x8, 0x20


def index(reference: Path, prefix: Path) -> None:
    """Write minimap2's index of a reference, ``PREFIX.mmi``."""
    path = Path(f"{prefix}.mmi")
    if not mappy.Aligner(str(reference), fn_idx_out=str(path), **SETTINGS):
        raise InputError("minimap2 cannot index it", str(reference), "give the genome's FASTA")
    made = mappy.Aligner(str(path), **SETTINGS)
    if not any(made.seq(name, 0, 1) for name in made.seq_names):
        path.unlink()
        raise InputError("contains no sequence", str(reference), "give the genome's FASTA")


def _hits(found: Sequence, length: int) -> list:
    """Return a read's alignments: the best, then parts that lie elsewhere in the read."""
    primary = [hit for hit in found if hit.is_primary]
    return sorted(primary, key=lambda hit: -(hit.mlen * 2 - hit.NM)) if length else []


def _cigar(hit, length: int) -> str:
    left, right = hit.q_st, length - hit.q_en
    # mappy aligns the reverse complement of read 2, turns the strand back, the places not.
    if (hit.strand < 0) != (hit.read_num == 2):
        left, right = right, left
    return (f"{left}S" if left else "") + hit.cigar_str + (f"{right}S" if right else "")


def _segment(
    read: Read, hit, flag: int, group: str, header: pysam.AlignmentHeader
) -> pysam.AlignedSegment:
    segment = pysam.AlignedSegment(header)
    segment.query_name = read.name
    sequence, qualities = read.sequence, read.qualities
    if hit is not None and hit.strand < 0:
        flag |= REVERSE
        sequence, qualities = mappy.revcomp(sequence), qualities[::-1]
    segment.flag = flag
    segment.query_sequence = sequence
    segment.query_qualities = pysam.qualitystring_to_array(qualities)
    if hit is None:
        segment.flag |= UNMAPPED
        segment.reference_id, segment.reference_start = -1, -1
    else:
        segment.reference_id = header.get_tid(hit.ctg)
        segment.reference_start = hit.r_st
        segment.cigarstring = _cigar(hit, len(sequence))
        segment.mapping_quality = min(hit.mapq, 60)
        segment.set_tag("NM", hit.NM)
        segment.set_tag("MD", hit.MD)
    segment.set_tag("RG", group)
    if code := umi_of("", read.comment, "tag"):
        segment.set_tag("RX", code)
    return segment


def _proper(one, other) -> bool:
    """Return whether two hits face each other within a fragment's length."""
    if one is None or other is None or one.ctg != other.ctg or one.strand == other.strand:
        return False
    forward, reverse = (one, other) if one.strand > 0 else (other, one)
    return forward.r_st <= reverse.r_en and reverse.r_en - forward.r_st <= LONGEST


def records(
    pair: Sequence[Read], found: Sequence[Sequence], group: str, header: pysam.AlignmentHeader
) -> Iterator[pysam.AlignedSegment]:
    """Yield the records of a read or a pair.

    Parameters
    ----------
    pair : sequence of Read
        One or two.
    found : sequence of sequence of mappy.Alignment
        Hits of each.
    group : str
        Read group.
    header : pysam.AlignmentHeader
    """
    best = [_hits(hits, len(read.sequence)) for read, hits in zip(pair, found, strict=True)]
    first = [hits[0] if hits else None for hits in best]
    shared = 0
    if len(pair) == 2:
        shared = PAIRED | (PROPER if _proper(*first) else 0)
    for number, (read, hits) in enumerate(zip(pair, best, strict=True)):
        flag = shared
        if len(pair) == 2:
            mate = first[1 - number]
            flag |= (FIRST, SECOND)[number]
            flag |= MATE_UNMAPPED if mate is None else MATE_REVERSE if mate.strand < 0 else 0
        yield _segment(read, hits[0] if hits else None, flag, group, header)
        for hit in hits[1:]:
            yield _segment(read, hit, flag | SUPPLEMENTARY, group, header)


@contextlib.contextmanager
def stream(
    lane: Lane, prefix: Path, header: pysam.AlignmentHeader, threads: int
) -> Iterator[Iterator[pysam.AlignedSegment]]:
    """Give the alignments of a lane, reads in the order of the FASTQ."""
    aligner = mappy.Aligner(f"{prefix}.mmi", **SETTINGS)
    if not aligner:
        raise InputError("the index cannot be read", f"{prefix}.mmi", "recreate it")
    # minimap2 takes what is no index of its own for sequences, and then finds none, or any bytes.
    try:
        names = set(aligner.seq_names)
    except UnicodeDecodeError:
        names = set()
    if names != set(header.references):
        raise InputError("not an index of this reference", f"{prefix}.mmi", "recreate it")
    local = threading.local()

    def align(pairs: list[tuple[Read, ...]]) -> list[list[list]]:
        if not hasattr(local, "buffer"):
            local.buffer = mappy.ThreadBuffer()
        done = []
        for pair in pairs:
            hits: list[list] = [[] for _ in pair]
            second = pair[1].sequence if len(pair) == 2 else None
            for hit in aligner.map(pair[0].sequence, second, buf=local.buffer, MD=True):
                hits[hit.read_num - 1].append(hit)
            done.append(hits)
        return done

    def generate() -> Iterator[pysam.AlignedSegment]:
        files = [reads(path) for path in (lane.first, lane.second) if path]
        pairs = zip(*files, strict=True)
        group = lane.group["ID"]
        with ThreadPoolExecutor(threads) as pool:
            # A few chunks ahead: all threads work, memory stays small, the order is the file's.
            ahead: deque = deque()
            chunks = iter(lambda: list(itertools.islice(pairs, CHUNK)), [])
            for chunk in chunks:
                ahead.append((chunk, pool.submit(align, chunk)))
                if len(ahead) > 2 * threads:
                    yield from _finished(*ahead.popleft(), group, header)
            while ahead:
                yield from _finished(*ahead.popleft(), group, header)

    yield generate()


def _finished(chunk, future, group, header) -> Iterator[pysam.AlignedSegment]:
    for pair, hits in zip(chunk, future.result(), strict=True):
        yield from records(pair, hits, group, header)
