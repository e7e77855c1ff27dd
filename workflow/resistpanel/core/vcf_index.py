"""Whether the index of a bgzipped VCF is whole and belongs to it, and which one is opened.

A resource read through the index of an earlier version of it lacks records without an error. The
formats are those of tabix (TBI) and CSIv1 in the SAM specification.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.core.bam_index import bin_span, unpacked
from resistpanel.core.errors import InputError

#: Stretches of the index that are looked up in the file, evenly spread, besides first and last.
LOOKED_UP = 256
#: Bytes of a file up to which every record is looked up in the index.
WHOLE = 1 << 20
#: Fixed depth and shift of a TBI (16,384 bases in the smallest bin).
TBI_SHIFT, TBI_DEPTH = 14, 5


class Stretch:
    """A stretch of an index: contig, bin, and virtual offsets of its begin and end."""

    __slots__ = ("begin", "contig", "end", "number")

    def __init__(self, contig: str | None, number: int, begin: int, end: int):
        self.contig, self.number, self.begin, self.end = contig, number, begin, end


def vcf_index_of(path: str | Path) -> Path | None:
    """Return the index of a VCF or BCF that is checked and opened, or None."""
    names = [Path(f"{path}{suffix}") for suffix in (".tbi", ".csi")]
    return next((name for name in names if name.is_file()), None)


def open_vcf(path: str | Path) -> pysam.VariantFile:
    """Open a VCF with the index that `vcf_index_of` names, if it has one."""
    index = vcf_index_of(path)
    return pysam.VariantFile(str(path), index_filename=str(index) if index else None)


def read_stretches(path: Path) -> tuple[list[Stretch], int, int]:
    """Return the stretches of a ``.tbi`` or ``.csi``, its shift and its depth.

    Raises
    ------
    InputError
        If it is neither, or cut short.
    """
    try:
        data = unpacked(path)
        if data[:4] == b"TBI\1":
            (contigs,) = struct.unpack_from("<i", data, 4)
            names = _names(data, 8)
            (length,) = struct.unpack_from("<i", data, 32)
            at, csi, shift, depth = 36 + length, False, TBI_SHIFT, TBI_DEPTH
        elif data[:4] == b"CSI\1":
            shift, depth, aux = struct.unpack_from("<iii", data, 4)
            names = _names(data, 16) if aux >= 28 else []
            (contigs,) = struct.unpack_from("<i", data, 16 + aux)
            at, csi = 20 + aux, True
        else:
            raise InputError("the index is neither TBI nor CSI")
        if not 0 <= contigs <= len(data) or not (0 < shift < 64 and 0 < depth < 16):
            raise ValueError(contigs)
        return list(_stretches(data, at, contigs, names, csi, depth)), shift, depth
    except (struct.error, EOFError, zlib.error, ValueError, OSError):
        raise InputError("the index is cut short or damaged") from None


def _names(data: bytes, at: int) -> list[str]:
    (length,) = struct.unpack_from("<i", data, at + 24)
    text = data[at + 28 : at + 28 + max(length, 0)]
    return [name.decode(errors="replace") for name in text.split(b"\0") if name]


def _stretches(
    data: bytes, at: int, contigs: int, names: list[str], csi: bool, depth: int
) -> Iterator[Stretch]:
    metadata = ((1 << (3 * (depth + 1))) - 1) // 7 + 1
    for contig in range(contigs):
        name = names[contig] if contig < len(names) else None
        (bins,) = struct.unpack_from("<i", data, at)
        at += 4
        for _ in range(bins):
            (number,) = struct.unpack_from("<I", data, at)
            (chunks,) = struct.unpack_from("<i", data, at + (12 if csi else 4))
            at += 16 if csi else 8
            if not 0 <= chunks <= len(data):
                raise ValueError(chunks)
            if number != metadata:
                for chunk in range(chunks):
                    yield Stretch(name, number, *struct.unpack_from("<QQ", data, at + 16 * chunk))
            at += 16 * chunks
        if not csi:
            (windows,) = struct.unpack_from("<i", data, at)
            if windows < 0:
                raise ValueError(windows)
            at += 4 + 8 * windows


def check_vcf_index(path: str | Path) -> None:
    """Raise InputError unless a VCF has an index, which leads to records where it says they are.

    First and last record, and those at up to `LOOKED_UP` places between them, are looked up; of a
    file of up to `WHOLE` bytes every record.
    """
    path = Path(path)
    index = vcf_index_of(path)
    cure = f"run `bcftools index -f -t {path}`"
    if index is None:
        raise InputError("has no index", str(path), cure)
    try:
        stretches, shift, depth = read_stretches(index)
    except InputError as error:
        raise InputError(error.what, str(index), cure) from None
    if path.suffix == ".bcf":
        return  # of binary records htslib itself refuses what does not begin at one
    try:
        with pysam.BGZFile(str(path), "rb") as file:
            good = _agrees(file, stretches, shift, depth, path.stat().st_size <= WHOLE)
    except (OSError, ValueError, IndexError):
        good = False
    if not good:
        raise InputError("the index is not of this VCF as it is now", str(index), cure)


def _record(file: pysam.BGZFile) -> tuple[str, int] | None:
    """Return contig and position (0-based) of the record at the present place, None at the end."""
    line = file.readline()
    if not line:
        return None
    contig, position, _ = line.split(b"\t", 2)
    return contig.decode(), int(position) - 1


def _agrees(
    file: pysam.BGZFile, stretches: list[Stretch], shift: int, depth: int, every: bool
) -> bool:
    place = file.tell()
    while (line := file.readline()).startswith(b"#"):
        place = file.tell()
    if not stretches or not line:
        return not stretches and not line
    stretches.sort(key=lambda one: one.begin)
    if stretches[0].begin != place:
        return False
    file.seek(max(one.end for one in stretches))
    if file.readline():
        return False
    step = max(1, len(stretches) // LOOKED_UP)
    for one in [*stretches[::step], stretches[-1]]:
        file.seek(one.begin)
        found = _record(file)
        start, end = bin_span(one.number, shift, depth)
        if found is None or not start <= found[1] < end or one.contig not in (None, found[0]):
            return False
    return not every or _every(file, stretches, shift, depth, place)


def _every(
    file: pysam.BGZFile, stretches: list[Stretch], shift: int, depth: int, place: int
) -> bool:
    """Return whether each record is in a stretch whose bin holds it."""
    by_bin: dict[tuple[str | None, int], list[Stretch]] = {}
    for one in stretches:
        by_bin.setdefault((one.contig, one.number), []).append(one)
    named = any(one.contig is not None for one in stretches)
    file.seek(place)
    while True:
        at = file.tell()
        found = _record(file)
        if found is None:
            return True
        contig, position = found
        bins = [
            ((1 << 3 * level) - 1) // 7 + (position >> shift + 3 * (depth - level))
            for level in range(depth + 1)
        ]
        if not any(
            one.begin <= at < one.end
            for number in bins
            for one in by_bin.get((contig if named else None, number), [])
        ):
            return False
