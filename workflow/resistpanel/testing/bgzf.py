"""BGZF: the blocked gzip of BAM and of indexed FASTA.

Written here rather than through htslib so that a block of N can be compressed once and repeated
(a genome at full length in seconds), and so that all bytes depend on the input alone.
"""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

#: Uncompressed bytes per block that htslib uses; always fits the 16-bit block size.
BLOCK = 0xFF00
END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_HEADER = struct.Struct("<4BI2BH2BHH")
_TAIL = struct.Struct("<II")


def block(payload: bytes, level: int = 6) -> bytes:
    """Return one BGZF block (at most `BLOCK` bytes of payload)."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = packer.compress(payload) + packer.flush()
    size = _HEADER.size + len(packed) + _TAIL.size
    header = _HEADER.pack(31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, size - 1)
    return header + packed + _TAIL.pack(zlib.crc32(payload), len(payload))


class Writer:
    """Writes a stream of bytes as BGZF; remembers the block offsets for a ``.gzi``.

    Parameters
    ----------
    stream : binary file
        Where the blocks go.
    level : int
        zlib's compression level.
    """

    def __init__(self, stream: BinaryIO, level: int = 6):
        self.stream, self.level = stream, level
        self.offsets: list[tuple[int, int]] = []  # (compressed, uncompressed) of block starts
        self.compressed = self.uncompressed = 0
        self._pending = bytearray()

    def write(self, data: bytes) -> None:
        """Add bytes; whole blocks are written at once."""
        self._pending += data
        whole = len(self._pending) // BLOCK * BLOCK
        for start in range(0, whole, BLOCK):
            self._put(bytes(self._pending[start : start + BLOCK]))
        del self._pending[:whole]

    def flush(self) -> None:
        """Write what is pending as a (short) block, so that the next byte begins a block."""
        if self._pending:
            self._put(bytes(self._pending))
            self._pending.clear()

    def repeat(self, payload: bytes, packed: bytes, times: int) -> None:
        """Write the block `packed` (of `payload`) `times` over; must be at a block's start."""
        if self._pending:
            raise ValueError("repeat() needs a block boundary: flush() first")
        size, length = len(packed), len(payload)
        self.offsets += [
            (self.compressed + i * size, self.uncompressed + i * length) for i in range(times)
        ]
        self.compressed += size * times
        self.uncompressed += length * times
        self.stream.write(packed * times)

    def close(self) -> None:
        """Write what is pending and the end-of-file block; the stream stays open."""
        self.flush()
        self.stream.write(END)

    def index(self, path: Path) -> None:
        """Write the ``.gzi``: offsets of all blocks but the first, little endian."""
        rest = self.offsets[1:]
        flat = [number for pair in rest for number in pair]
        path.write_bytes(struct.pack(f"<{1 + len(flat)}Q", len(rest), *flat))

    def _put(self, payload: bytes) -> None:
        packed = block(payload, self.level)
        self.offsets.append((self.compressed, self.uncompressed))
        self.compressed += len(packed)
        self.uncompressed += len(payload)
        self.stream.write(packed)
