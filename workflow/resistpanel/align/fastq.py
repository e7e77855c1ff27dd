"""FASTQ files: properties of their first reads, and whether they are complete."""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from resistpanel.align.align_constants import (
    FIRST,
    LONGEST_NAME,
    PHRED33_HIGHEST,
    PHRED33_LOWEST,
    PHRED64_HIGHEST,
    PHRED64_LOWEST,
    SMALL,
)
from resistpanel.core.errors import InputError
from resistpanel.core.files import lacks_end
from resistpanel.core.umi import HALVES, UMI_MIGEC, umi_in_comment, umi_in_name

#: Illumina's read names: instrument, run, flow cell, lane, tile, x, y.
ILLUMINA = re.compile(r"^[^:]+:[^:]+:([^:]+):(\d+):\d+:\d+:\d+")
#: A comment that an aligner can hand on: SAM tags with tabs between.
SAM_TAGS = re.compile(r"^(?:[A-Za-z][A-Za-z0-9]:[AifZHB]:[^\t]*(?:\t|$))+$")
#: No quality: those are the characters from ``!`` to ``~``.
NO_QUALITY = re.compile(r"[^!-~]")
DAMAGED = (EOFError, OSError, zlib.error)


@dataclass(frozen=True)
class Read:
    """One read: name without ``/1`` or ``/2``, which mate the file says it is, comment, bases."""

    name: str
    mate: int | None
    comment: str
    sequence: str
    qualities: str


def open_fastq(path: Path):
    """Open a FASTQ, plain or gzipped, to read bytes."""
    with path.open("rb") as handle:
        compressed = handle.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if compressed else path.open("rb")


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("ascii", "replace")


def name_fault(name: str) -> str | None:
    """Return what is wrong with a read's name, for a BAM must hold it; None if nothing."""
    if not name:
        return "a read without a name"
    return f"a name of {len(name)} characters" if len(name) > LONGEST_NAME else None


def reads(path: Path) -> Iterator[Read]:
    """Yield the reads of a FASTQ file, plain or gzipped.

    Raises
    ------
    InputError
        At the first thing that is not FASTQ, or where a compressed file breaks off.
    """
    number = 0
    try:
        with open_fastq(path) as handle:
            while True:
                lines = list(islice(handle, 4))
                if not lines:
                    return
                head, sequence, plus, qualities = [*map(_text, lines), "", "", ""][:4]
                where = f"{path}:{number + 1}"
                if not head.startswith("@"):
                    raise InputError(
                        "not FASTQ: a read begins with '@'", where, "give FASTQ (plain or gzip)"
                    )
                if len(lines) < 4 or not plus.startswith("+"):
                    raise InputError("the read is cut short", where, "copy or make the file again")
                if len(sequence) != len(qualities):
                    raise InputError(
                        f"{len(sequence)} bases and {len(qualities)} qualities", where,
                        "copy or make the file again",
                    )  # fmt: skip
                if not sequence.isalpha() and sequence:
                    raise InputError("bases that are no letters", where, "make the file again")
                if NO_QUALITY.search(qualities):
                    raise InputError(
                        "a quality that is none (below 33 or above 126)", where,
                        "copy or make the file again",
                    )  # fmt: skip
                name, _, comment = head[1:].partition(" ")
                if "\t" in name:
                    name, _, comment = head[1:].partition("\t")
                if fault := name_fault(name):
                    raise InputError(fault, where, "make the file again")
                mate = None
                if name.endswith(("/1", "/2")):
                    name, mate = name[:-2], int(name[-1])
                elif comment[:2] in ("1:", "2:"):
                    mate = int(comment[0])
                yield Read(name, mate, comment, sequence, qualities)
                number += 4
    except DAMAGED as error:
        if isinstance(error, FileNotFoundError):
            raise InputError("no such FASTQ", str(path), "correct the path") from None
        if isinstance(error, PermissionError):
            raise InputError("the FASTQ cannot be read: no permission", str(path)) from None
        raise InputError(
            f"the FASTQ is truncated or damaged after line {number} ({error})", str(path),
            "copy or recreate it",
        ) from None  # fmt: skip


def umi_of(name: str, comment: str, umi: str) -> str | None:
    """Return a read's UMI, its two parts joined with ``-`` as the SAM specification wants.

    Parameters
    ----------
    name, comment : str
        Of the read.
    umi : str
        ``name`` or ``tag``: where it stands.
    """
    found = umi_in_name(name) if umi == "name" else umi_in_comment(comment)
    return HALVES.sub("-", found.replace("r", "")) if found else None


def count_reads(path: Path) -> int:
    """Return the number of reads of a file, read to its end.

    Raises
    ------
    InputError
        If the file breaks off: an aligner would go on with what there is.
    """
    lines, last = 0, b"\n"
    try:
        with open_fastq(path) as handle:
            while chunk := handle.read(1 << 20):
                lines += chunk.count(b"\n")
                last = chunk
    except DAMAGED as error:
        raise InputError(
            f"the FASTQ is truncated or damaged after read {lines // 4} ({error})", str(path),
            "copy or recreate it",
        ) from None  # fmt: skip
    lines += not last.endswith(b"\n")
    if lines % 4:
        raise InputError(
            f"{lines} lines are not a whole number of reads", str(path), "copy or recreate it"
        )
    return lines // 4


def _check_file(path: Path) -> Iterator[InputError]:
    """Yield what is wrong with one FASTQ by itself: the first fault."""
    try:
        if not path.is_file():
            raise InputError("no such FASTQ", str(path), "correct the path")
        if next(reads(path), None) is None:
            raise InputError("the FASTQ has no reads", str(path), "copy or recreate it")
        if lacks_end(path):
            raise InputError(
                "the FASTQ is truncated (its end-of-file block is missing)", str(path),
                "copy or recreate it",
            )  # fmt: skip
        if path.stat().st_size <= SMALL:
            count_reads(path)
        for _ in islice(reads(path), FIRST):
            pass
    except InputError as error:
        yield error


def interleaved(path: Path) -> bool:
    """Return whether a file holds both mates in turn, by the names of its first reads.

    Raises
    ------
    InputError
        If some neighbours are mates and others are not, or read 2 comes first.
    """
    first = list(islice(reads(path), FIRST))
    # Of an odd number of reads the last may be alone where the file ends within `FIRST`.
    pairs = list(zip(first[::2], first[1::2], strict=False))
    same = [one.name == two.name for one, two in pairs]
    if not any(same):
        return False
    odd = next((n for n, alike in enumerate(same) if not alike), None)
    if odd is None and len(first) % 2 and len(first) < FIRST:
        odd = len(pairs)
    if odd is not None:
        raise InputError(
            f"read {2 * odd + 1}, '{first[2 * odd].name}', is not followed by its mate as others "
            "are: neither single nor interleaved reads", str(path),
            "give interleaved pairs, or read 1 and read 2 in two files",
        )  # fmt: skip
    if any(one.mate == 2 or two.mate == 1 for one, two in pairs):
        raise InputError(
            "interleaved, but read 2 comes before read 1", str(path), "change the mates about"
        )
    return True


def quality_offset(first: Path, second: Path | None, qualities: str = "auto") -> int:
    """Return the offset of a lane's quality characters, 33 or 64, by its first reads.

    Parameters
    ----------
    first, second : Path, Path or None
    qualities : str
        ``phred33``, ``phred64``, or ``auto``: by the lowest and the highest of them.

    Raises
    ------
    InputError
        If they can be of either scale, or are of Solexa's.
    """
    if qualities != "auto":
        return int(qualities.removeprefix("phred"))
    seen = set()
    for path in filter(None, (first, second)):
        for read in islice(reads(path), FIRST):
            seen.update(read.qualities)
    codes = [ord(character) for character in seen]
    low, high = min(codes, default=0), max(codes, default=0)
    # Above Q42 of phred+64, raw reads and consensus of the phred+33 scale alone.
    if low < PHRED33_LOWEST or high <= PHRED33_HIGHEST or high > PHRED64_HIGHEST[1]:
        return 33
    if (
        PHRED64_LOWEST[0] <= low <= PHRED64_LOWEST[1]
        and PHRED64_HIGHEST[0] <= high <= PHRED64_HIGHEST[1]
    ):
        return 64
    raise InputError(
        f"qualities from '{chr(low)}' to '{chr(high)}' may be on the scale phred+33 or phred+64",
        str(first),
        "set key 'align.qualities' to phred33 or phred64",
    )


def check_lane(
    first: Path, second: Path | None, umi: str = "none", qualities: str = "auto"
) -> Iterator[InputError]:
    """Yield what is wrong with the FASTQ of one lane, as far as the first reads show.

    Missing, empty, not FASTQ, cut short (bgzip at any size, gzip up to `SMALL` bytes), mates
    that do not belong together, files in the wrong order, no UMI where one should be, a scale of
    qualities that is not clear. `qualities` is that of `quality_offset`.
    """
    wrong = [error for path in filter(None, (first, second)) for error in _check_file(path)]
    if wrong:
        yield from wrong
        return
    if second is not None and first.samefile(second):
        yield InputError("both mates are the same file", str(first), "give read 1 and read 2")
        return
    try:
        quality_offset(first, second, qualities)
        if second is None:
            interleaved(first)
    except InputError as error:
        yield error
        return
    mates = [islice(reads(path), FIRST) for path in filter(None, (first, second))]
    for number, pair in enumerate(zip_longest(*mates), 1):
        wrong = _check_pair(number, *pair[:2], first, second) if second else None
        wrong = wrong or _check_umi(pair[0], first, umi)
        if wrong:
            yield wrong
            return


def _check_pair(
    number: int, one: Read | None, other: Read | None, first: Path, second: Path
) -> InputError | None:
    """Return what is wrong with the reads of one number in two files, None if they are mates."""
    if one is None or other is None:
        path = first if one is None else second
        return InputError(
            f"has {number - 1} reads, its mate file has more", str(path),
            "give the two files of one lane",
        )  # fmt: skip
    if one.mate == 2 or other.mate == 1:
        return InputError(
            "the files are in the wrong order: this one has read 2", str(first),
            "change fastq1 and fastq2 about",
        )  # fmt: skip
    if one.name == other.name:
        return None
    names = [read.name for read in islice(reads(first), 4)]
    if number == 2 and len(names) == 4 and names[::2] == names[1::2]:
        return InputError(
            "contains read 1 and read 2 alternately, and a file of read 2 is given", str(first),
            "give an interleaved file as fastq1 alone",
        )  # fmt: skip
    return InputError(
        f"read {number} is '{one.name}', its mate in {second.name} '{other.name}'",
        str(first),
        "give the two files of one lane, reads in the same order",
    )


def _check_umi(read: Read, path: Path, umi: str) -> InputError | None:
    """Return what is wrong with the UMI of a read, None if it is there or need not be."""
    if umi != "none" and umi_of(read.name, read.comment, umi) is None:
        place = "at the end of its name" if umi == "name" else "in its comment (RX:Z: or UMI:)"
        return InputError(
            f"read '{read.name}' has no UMI {place}", str(path), "correct key 'align.umi'"
        )
    if umi == "tag" and not (SAM_TAGS.match(read.comment) or UMI_MIGEC.search(read.comment)):
        return InputError(
            f"the comment of read '{read.name}' contains more than SAM tags",
            str(path),
            "separate tags by tabs and leave out what is none",
        )
    return None


@dataclass(frozen=True)
class Lane:
    """The FASTQ of one lane, and its read group.

    Attributes
    ----------
    first, second : Path, Path or None
    group : dict of str to str
        ID, SM, LB, PL and, where the read names have it, PU.
    interleaved : bool
        Whether `first` holds both mates in turn.
    offset : int
        Of the quality characters, 33 or 64.
    source : Path or None
        The file given, where `first` was made from it.
    """

    first: Path
    second: Path | None
    group: dict[str, str]
    interleaved: bool = False
    offset: int = 33
    source: Path | None = None

    @property
    def where(self) -> str:
        """The file that was given, for messages."""
        return str(self.source or self.first)

    @property
    def paired(self) -> bool:
        """Whether the reads are pairs."""
        return self.second is not None or self.interleaved


def lanes(
    sample: str, first: Sequence[Path], second: Sequence[Path], qualities: str = "auto"
) -> list[Lane]:
    """Return the lanes of a sample with their read groups.

    The ID is that of flow cell and lane where Illumina's read names have it, else a number. Lanes
    of one sample are one library: duplicates are sought over all of them.
    """
    found: list[Lane] = []
    for number, path in enumerate(first):
        read = next(reads(path), None)
        match = ILLUMINA.match(read.name) if read else None
        unit = f"{match[1]}.{match[2]}" if match else ""
        name = f"{sample}.{unit or number + 1}"
        if any(lane.group["ID"] == name for lane in found):
            name = f"{name}.{number + 1}"
        group = {"ID": name, "SM": sample, "LB": sample, "PL": "ILLUMINA"}
        if unit:
            group["PU"] = unit
        other = second[number] if second else None
        found.append(
            Lane(
                path,
                other,
                group,
                other is None and interleaved(path),
                quality_offset(path, other, qualities),
            )
        )
    return found
