"""Whether the indexes of a FASTA (``.fai``, and ``.gzi`` where it is bgzipped) are its own.

Bases that are read through the index of another FASTA, or of this one before it was edited, come
from elsewhere without an error.
"""

import bisect
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text

#: Contigs whose name line is looked for, and blocks that are looked up, at the most.
CONTIGS, BLOCKS = 200, 64
#: Bytes before a contig's first base in which its name line begins.
WINDOW = 4096
#: Length of the empty block that ends a bgzipped file.
EOF_LENGTH = 28


class Packed:
    """A bgzipped file that is read by position in what it holds.

    Parameters
    ----------
    path : Path
        With its ``.gzi`` beside it.
    file : binary file
        Opened without a buffer.

    Raises
    ------
    InputError
        If the index leads to what are not the blocks it names.
    """

    def __init__(self, path: Path, file: io.FileIO):
        self.file = file
        self.size = path.stat().st_size
        data = Path(f"{path}.gzi").read_bytes()
        count = struct.unpack_from("<Q", data)[0] if len(data) >= 8 else -1
        if len(data) != 8 + 16 * count:
            raise InputError("the index is cut short or damaged")
        pairs = np.frombuffer(data, "<u8", offset=8).reshape(-1, 2)
        self.at = np.concatenate([[0], pairs[:, 0]]).astype(np.int64)
        self.first = np.concatenate([[0], pairs[:, 1]]).astype(np.int64)
        self._check()

    def _block(self, number: int) -> tuple[bytes, int]:
        """Return a block's bytes, unpacked, and its length in the file."""
        self.file.seek(int(self.at[number]))
        data = self.file.read(1 << 16)
        if data[:4] != b"\x1f\x8b\x08\x04" or data[12:14] != b"BC":
            raise InputError("the index is not of this file as it is now")
        length = struct.unpack_from("<H", data, 16)[0] + 1
        try:
            return zlib.decompress(data[18 : length - 8], -15), length
        except zlib.error:
            raise InputError("the index is not of this file as it is now") from None

    def _check(self) -> None:
        last = len(self.at) - 1
        for number in {*range(0, last + 1, max(1, last // BLOCKS)), last}:
            data, length = self._block(number)
            end, held = int(self.at[number]) + length, int(self.first[number]) + len(data)
            if number < last:
                good = (end, held) == (self.at[number + 1], self.first[number + 1])
            else:
                good = end in (self.size, self.size - EOF_LENGTH)
            if not good:
                raise InputError("the index is not of this file as it is now")

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`, both as in the unpacked file."""
        number = bisect.bisect_right(self.first, start) - 1
        data = b""
        begin = int(self.first[number])
        while number < len(self.at) and begin + len(data) < end:
            data += self._block(number)[0]
            number += 1
        return data[start - begin : end - begin]


def check_fasta_index(path: Path) -> None:
    """Raise InputError unless the indexes of a FASTA lead to the contigs that they name.

    Parameters
    ----------
    path : Path
        With ``.fai``, and ``.gzi`` if it is bgzipped.
    """
    cure = f"run `samtools faidx {path}`"
    with path.open("rb", buffering=0) as file:
        if file.read(2) == b"\x1f\x8b":
            try:
                read = Packed(path, file).read
            except InputError as error:
                raise InputError(error.what, f"{path}.gzi", cure) from None
        else:

            def read(start: int, end: int) -> bytes:
                file.seek(start)
                return file.read(end - start)

        _check_names(path, read, cure)


def _check_names(path: Path, read: Callable[[int, int], bytes], cure: str) -> None:
    """Raise InputError unless contigs begin where a ``.fai`` says."""
    lines = read_text(f"{path}.fai").splitlines()
    step = max(1, len(lines) // CONTIGS)
    for number in range(0, len(lines), step):
        name, _, start = lines[number].split("\t")[:3]
        window = b"\n" + read(max(0, int(start) - WINDOW), int(start))
        head = window[window.rfind(b"\n>") + 2 :]
        whole = window.endswith(b"\n") and b"\n>" in window and head.count(b"\n") == 1
        if not whole or head.split()[:1] != [name.encode()]:
            raise InputError(
                f"the index is not of this FASTA as it is now ({name} does not begin there)",
                f"{path}.fai:{number + 1}",
                cure,
            )
