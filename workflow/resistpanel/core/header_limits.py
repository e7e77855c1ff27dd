"""Limits of alignment headers, looked at before htslib unpacks one whole.

A header of a few MB can unpack to gigabytes. The formats are those of the SAM specification
(section 4.2) and of the CRAM specification, version 3.1 (sections 2.3, 7 and 8).
"""

import bz2
import gzip
import lzma
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from resistpanel.core.errors import InputError

#: Bytes of text and contigs of a header at the most: a few MB of either are read in seconds, and
#: no assembly that a panel is designed on comes near.
MOST_HEADER, MOST_CONTIGS = 64 << 20, 500_000
#: How a block of CRAM is packed: not at all, by gzip, bzip2 or lzma. Codecs of reads are not used
#: for headers.
RAW, GZIP, BZIP2, LZMA = range(4)
#: Bytes of the file definition: ``CRAM``, two of the version, 20 of a name.
DEFINITION = 26


def _too_long(size: int) -> InputError:
    return InputError(f"its header is of {size >> 20} MB", cure="make the file again")


def check_contigs(number: int) -> None:
    """Raise InputError for more contigs than `MOST_CONTIGS`."""
    if not 0 <= number <= MOST_CONTIGS:
        raise InputError(f"its header names {number} contigs", cure="make the file again")


def check_bam_header(path: Path) -> None:
    """Raise InputError where a BAM's header unpacks to more than any real one holds.

    Raises
    ------
    InputError
    OSError, EOFError, zlib.error, struct.error
        If it is cut short or damaged.
    """
    with gzip.open(path) as handle:
        _, length = struct.unpack("<4si", handle.read(8))
        if not 0 <= length <= MOST_HEADER:
            raise _too_long(length)
        text = handle.read(length)
        (contigs,) = struct.unpack("<i", handle.read(4))
    check_contigs(max(contigs, text.count(b"\n@SQ\t"), key=abs))


def _itf8(handle: BinaryIO) -> int:
    """Read an integer of 1 to 5 bytes (CRAM specification, section 2.3)."""
    first = handle.read(1)[0]
    more = next((n for n in range(4) if not first & (0x80 >> n)), 4)
    rest = handle.read(more)
    if len(rest) < more:
        raise EOFError("cut short")
    if more == 4:  # of the last byte its lower half
        value = (first & 0x0F) << 28 | int.from_bytes(rest[:3], "big") << 4 | rest[3] & 0x0F
    else:
        value = (first & (0x7F >> more)) << 8 * more | int.from_bytes(rest, "big")
    return value - (1 << 32) if value >> 31 else value


def _ltf8(handle: BinaryIO) -> None:
    """Skip an integer of 1 to 9 bytes (section 2.3)."""
    first = handle.read(1)[0]
    handle.read(next((n for n in range(8) if not first & (0x80 >> n)), 8))


def _unpack(method: int, data: bytes) -> bytes:
    """Return up to one byte more than `MOST_HEADER` of what a block holds."""
    if method == RAW:
        return data
    if method == GZIP:
        return zlib.decompressobj(47).decompress(data, MOST_HEADER + 1)
    if method == BZIP2:
        return bz2.BZ2Decompressor().decompress(data, MOST_HEADER + 1)
    if method == LZMA:
        return lzma.LZMADecompressor().decompress(data, MOST_HEADER + 1)
    raise InputError(f"its header is packed by method {method}", cure="make the CRAM again")


def check_cram_header(path: Path) -> None:
    """Raise InputError where a CRAM's header unpacks to more than any real one holds.

    Raises
    ------
    InputError
    OSError, EOFError, IndexError, zlib.error, lzma.LZMAError, struct.error
        If it is cut short or damaged.
    """
    with path.open("rb") as handle:
        major = handle.read(DEFINITION)[4]
        if major > 3:
            raise InputError(f"the CRAM is of version {major}", cure="write it as version 3")
        if major < 2:
            return  # htslib refuses it
        handle.read(4)  # length of the container
        for _ in range(4):  # contig, start, span, records
            _itf8(handle)
        if major == 3:
            _ltf8(handle)  # record counter
        else:
            _itf8(handle)
        _ltf8(handle)  # bases
        _itf8(handle)  # blocks
        for _ in range(min(max(_itf8(handle), 0), MOST_CONTIGS)):  # landmarks
            _itf8(handle)
        if major == 3:
            handle.read(4)  # checksum
        method, _kind = handle.read(2)
        _itf8(handle)  # content id
        packed, size = _itf8(handle), _itf8(handle)
        if not 0 <= size <= MOST_HEADER:
            raise _too_long(size)
        if not 0 <= packed <= path.stat().st_size:
            raise EOFError("the header is cut short")
        text = _unpack(method, handle.read(packed))
    if len(text) > MOST_HEADER:
        raise InputError(
            f"its header unpacks to more than {MOST_HEADER >> 20} MB", cure="make the file again"
        )
    check_contigs(text.count(b"\n@SQ\t"))
