"""Whether an index is whole and belongs to its BAM.

A BAM read through another's index, or through one from before the BAM was made again, loses reads
without an error. The formats are those of the SAM specification, sections 5.2 (BAI) and CSIv1.
"""

import dataclasses
import gzip
import struct
import tempfile
import zlib
from pathlib import Path

import pysam

from resistpanel.core.bam import ends_whole, index_of
from resistpanel.core.errors import InputError
from resistpanel.core.files import truncated

#: Bins from which on a BAI's metadata are kept under this number: no offsets of reads.
BAI_METADATA_BIN = 37450


#: Bytes that an index may unpack to; that of a human genome at any depth takes less than 20 MB.
MOST_UNPACKED = 64 << 20
#: Stretches of an index that are looked up in the BAM where it is checked deeply.
LOOKED_UP = 16


def unpacked(path: Path) -> bytes:
    """Return what a file holds, unpacked if it is gzipped, up to `MOST_UNPACKED` bytes.

    Raises
    ------
    InputError
        If it holds more.
    ValueError, zlib.error, EOFError
        If it is damaged.
    """
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as handle:
        data = handle.read(MOST_UNPACKED + 1)
    if len(data) > MOST_UNPACKED:
        raise InputError(f"the index unpacks to more than {MOST_UNPACKED >> 20} MB")
    return data


def bin_span(number: int, shift: int, depth: int) -> tuple[int, int]:
    """Return the 0-based half-open interval of a bin of a BAI, TBI or CSI."""
    level = next(level for level in range(depth, -1, -1) if number >= ((1 << 3 * level) - 1) // 7)
    size = shift + 3 * (depth - level)
    first = number - ((1 << 3 * level) - 1) // 7
    return first << size, (first + 1) << size


@dataclasses.dataclass(frozen=True)
class Span:
    """What an index says of a file.

    Attributes
    ----------
    contigs : int
        Number of contigs.
    first, last : int
        Virtual offsets of the first placed read and of the end of the last one; 0, 0 if it knows
        of no placed read.
    ordered : bool
        Whether the contigs' reads follow each other in the order of the header.
    begins : tuple of (int, int, int, int)
        Contig, begin and end (0-based half-open) of some bins, and the virtual offset of the first
        read of each.
    """

    contigs: int
    first: int
    last: int
    ordered: bool = True
    begins: tuple[tuple[int, int, int, int], ...] = ()


def read_span(path: Path) -> Span:
    """Read a ``.bai`` or ``.csi``.

    Raises
    ------
    InputError
        If it is neither, or cut short.
    """
    try:
        data = unpacked(path)
        if data[:4] == b"BAI\1":
            return _span(data, 4, csi=False, metadata=BAI_METADATA_BIN, shape=(14, 5))
        if data[:4] == b"CSI\1":
            shift, depth, aux = struct.unpack_from("<iii", data, 4)
            if not (0 < shift < 64 and 0 < depth < 16):
                raise ValueError(shift, depth)
            metadata = ((1 << (3 * (depth + 1))) - 1) // 7 + 1
            return _span(data, 16 + aux, csi=True, metadata=metadata, shape=(shift, depth))
    except (struct.error, EOFError, zlib.error, gzip.BadGzipFile, ValueError):
        raise InputError("the index is cut short or damaged") from None
    raise InputError("the index is neither BAI nor CSI")


def _span(data: bytes, at: int, csi: bool, metadata: int, shape: tuple[int, int]) -> Span:
    (contigs,) = struct.unpack_from("<i", data, at)
    at += 4
    first, last, ordered = 1 << 64, 0, True
    if contigs < 0 or contigs > len(data):
        raise ValueError(contigs)
    begins = []
    for contig in range(contigs):
        before, here = last, 1 << 64
        (bins,) = struct.unpack_from("<i", data, at)
        at += 4
        for _ in range(bins):
            (number,) = struct.unpack_from("<I", data, at)
            (chunks,) = struct.unpack_from("<i", data, at + (12 if csi else 4))
            at += 16 if csi else 8
            if not 0 <= chunks <= len(data):
                raise ValueError(chunks)
            if chunks and number != metadata:
                # The chunks of a bin are ascending.
                begin = struct.unpack_from("<Q", data, at)[0]
                here = min(here, begin)
                begins.append((contig, number, begin))
                last = max(last, struct.unpack_from("<Q", data, at + 16 * chunks - 8)[0])
            at += 16 * chunks
        first = min(first, here)
        ordered &= here >= before
        if not csi:
            (windows,) = struct.unpack_from("<i", data, at)
            if windows < 0:
                raise ValueError(windows)
            at += 4 + 8 * windows
    if at > len(data):
        raise ValueError(at)
    if not last:
        return Span(contigs, 0, 0)
    step = max(1, len(begins) // LOOKED_UP)
    some = [(contig, *bin_span(n, *shape), begin) for contig, n, begin in begins[::step]]
    return Span(contigs, first, last, ordered, tuple(some))


def check_index(bam: Path, index: Path, deep: bool = False) -> None:
    """Raise InputError unless an index spans all placed reads of its BAM, and no more.

    The reads at its first offset and at its last are looked at; that of a CRAM must name the
    containers that the CRAM has.

    Parameters
    ----------
    bam, index : Path
    deep : bool
        Whether reads at `LOOKED_UP` places between them have to be in the bins that name them.
    """
    cure = f"run `samtools index {bam}`"
    if index.suffix == ".crai":
        _check_crai(bam, index, cure)
        return
    try:
        span = read_span(index)
    except InputError as error:
        raise InputError(error.what, str(index), cure) from None
    except OSError as error:
        raise InputError(f"the index cannot be read ({error.strerror})", str(index), cure) from None
    if not span.ordered:
        raise InputError(
            "the contigs' reads do not follow each other as in the header",
            str(bam),
            "run `samtools sort`, then `samtools index`",
        )
    foreign = InputError("the index is not of this BAM as it is now", str(index), cure)
    try:
        with pysam.AlignmentFile(str(bam), check_sq=False) as handle:
            if span.contigs > handle.nreferences:
                raise foreign
            begin = next(handle, None)
            if begin is None or begin.reference_id < 0:
                if span.last:
                    raise foreign
                return
            if not span.last:
                raise foreign
            handle.seek(span.first)
            if next(handle, None) != begin:
                raise foreign
            handle.seek(span.last)
            following = next(handle, None)
            if following is not None and following.reference_id >= 0:
                raise foreign
            for contig, start, end, begin in span.begins if deep else ():
                handle.seek(begin)
                read = next(handle, None)
                if (
                    read is None
                    or read.reference_id != contig
                    or not start <= read.reference_start < end
                ):
                    raise foreign
    except (OSError, ValueError):
        raise foreign from None


def read_crai(path: Path) -> set[tuple[int, int]]:
    """Return contig and place of each container with placed reads that a ``.crai`` names.

    Raises
    ------
    InputError
        If it is none, or cut short.
    """
    try:
        text = unpacked(path)
        rows = [tuple(map(int, line.split(b"\t"))) for line in text.splitlines()]
        return {(contig, at) for contig, _, _, at, _, _ in rows if contig >= 0}
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError("the index is cut short or damaged") from None


def _check_crai(cram: Path, index: Path, cure: str) -> None:
    """Raise InputError unless a CRAM's index is that which would be made of it now."""
    try:
        given = read_crai(index)
    except InputError as error:
        raise InputError(error.what, str(index), cure) from None
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.crai"
        try:
            # Of the headers of containers alone: their reads stay packed.
            pysam.samtools.index("-o", str(made), str(cram), catch_stdout=False)
        except pysam.SamtoolsError:
            raise InputError("the CRAM is damaged", str(cram), "copy or recreate it") from None
        if read_crai(made) != given:
            raise InputError("the index is not of this CRAM as it is now", str(index), cure)


def check_whole(path: Path) -> None:
    """Raise InputError if a BAM or CRAM is cut short, or its index is not its own.

    For commands that are given alignment files without a sheet. A file that is missing or has no
    index is left to them.
    """
    if not path.is_file():
        return
    if not ends_whole(path):
        raise truncated(path)
    index = index_of(path)
    if index is not None:
        check_index(path, index, deep=True)
