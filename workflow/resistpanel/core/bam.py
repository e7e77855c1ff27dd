"""The header and first read of a BAM, checked against the sheet and the reference."""

import contextlib
import dataclasses
import gzip
import lzma
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.core.contig_checksums import another_reference
from resistpanel.core.errors import InputError
from resistpanel.core.files import BGZF_EOF, replacing, sync
from resistpanel.core.header_limits import check_bam_header, check_cram_header

#: The container that ends every whole CRAM 3 file (CRAM specification, section 9).
CRAM_EOF = bytes.fromhex(
    "0f000000ffffffff0fe0454f46000000000100" + "05bdd94f0001000606010001000100ee63014b"
)
#: The same of CRAM 2.1, which has no checksums.
CRAM2_EOF = bytes.fromhex("0b000000ffffffff0fe0454f460000000001000001000606010001000100")
#: Builds under both of their usual names.
BUILD_NAMES = {"hg18": "hg18 (NCBI36)", "hg19": "hg19 (GRCh37)", "hg38": "hg38 (GRCh38)"}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep htslib's own remarks (no index, say) from standing unexplained beside ours."""
    verbosity = pysam.set_verbosity(0)
    try:
        yield
    finally:
        pysam.set_verbosity(verbosity)


@dataclasses.dataclass(frozen=True)
class Header:
    """What is read of an alignment file.

    Attributes
    ----------
    lengths : dict of str to int
        Contig lengths in bases.
    groups : list of (str, str or None)
        Read groups: ID and SM.
    order : str or None
        Sort order (SO), if the header states it.
    has_reads : bool
    """

    lengths: dict[str, int]
    groups: list[tuple[str, str | None]]
    order: str | None
    has_reads: bool


def index_of(path: Path) -> Path | None:
    """Return the index of a BAM or CRAM, or None."""
    suffixes = (".crai",) if path.suffix == ".cram" else (".bai", ".csi")
    names = [Path(f"{path}{suffix}") for suffix in suffixes]
    names += [path.with_suffix(suffix) for suffix in suffixes]
    return next((name for name in names if name.is_file()), None)


def open_bam(path: str | Path, reference: str | Path | None = None) -> pysam.AlignmentFile:
    """Open a BAM or CRAM with the index that `index_of` names, which is the one that is checked.

    htslib itself would take a ``.csi`` before a ``.bai``.
    """
    index = index_of(Path(path))
    return pysam.AlignmentFile(
        str(path),
        reference_filename=str(reference) if reference else None,
        index_filename=str(index) if index else None,
    )


class _Placed(Exception):
    """The index is there."""


def _place_once(temporary: Path, index: Path) -> None:
    """Give an index its name, unless there is one by now; raise _Placed if it is there.

    One that another step has begun to read must stay the file that it is.
    """
    sync(temporary)
    try:
        os.link(temporary, index)
    except FileExistsError:
        raise _Placed from None
    except OSError:  # a file system without hard links: it is renamed
        if index.exists():
            raise _Placed from None
    else:
        raise _Placed


def make_index(path: Path) -> None:
    """Index a BAM or CRAM that has no index, all or nothing: two steps may do so at a time.

    Raises
    ------
    InputError
        If it cannot be indexed: not sorted by coordinate, damaged, or its folder not writable.
    """
    index = Path(f"{path}.crai" if path.suffix == ".cram" else f"{path}.bai")
    try:
        with contextlib.suppress(_Placed), replacing(index) as temporary:
            pysam.samtools.index("-o", str(temporary), str(path), catch_stdout=False)
            _place_once(temporary, index)
    except (pysam.SamtoolsError, OSError) as error:
        reason = str(error).strip().splitlines() or ["samtools index failed"]
        raise InputError(
            f"cannot be indexed: {reason[0]}",
            str(path),
            f"run `samtools sort`, then `samtools index {path}`",
        ) from None


def _start(path: Path) -> bytes:
    """Return the first decompressed bytes of a file; its first block must be whole."""
    with path.open("rb") as handle:
        start = handle.read(18)
    if start[:2] != b"\x1f\x8b":
        return start
    if start[12:14] != b"BC":
        return b""
    try:
        # A read beyond the first block makes gzip hold that block against its checksum, before
        # htslib sees it.
        with gzip.open(path) as handle:
            return handle.read(1 << 16)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"the BAM is damaged: {error}", cure="copy or recreate it") from None


def _ends_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as handle:
        handle.seek(max(path.stat().st_size - len(mark), 0))
        return handle.read() == mark


def ends_whole(path: Path) -> bool:
    """Return whether a BAM or CRAM ends as its format demands; True of any other file."""
    with path.open("rb") as handle:
        start = handle.read(18)
    if start[:4] == b"CRAM":
        # 2.0 and before have no end that could be missing.
        return start[4:6] < b"\x02\x01" or _ends_with(
            path, CRAM2_EOF if start[4] == 2 else CRAM_EOF
        )
    return start[12:14] != b"BC" or _ends_with(path, BGZF_EOF)


def read_header(path: Path, reference: Path | None = None, first_read: bool = True) -> Header:
    """Read the header and try the first read of a BAM or CRAM.

    Parameters
    ----------
    path : Path
        The file; it needs no index.
    reference : Path, optional
        FASTA, for CRAM.
    first_read : bool
        False: the header alone, as of a CRAM whose reference is not at hand.

    Raises
    ------
    InputError
        If the file is missing, not a BAM or CRAM, or truncated.
    """
    try:
        if not path.is_file():
            raise InputError("no such BAM", cure="correct the path")
        if path.stat().st_size == 0:
            raise InputError("the BAM is an empty file", cure="copy or recreate it")
        start = _start(path)
        if start[:1] == b"@":
            raise InputError(
                "the file is SAM text, not BAM", cure="run `samtools sort -o out.bam` on it"
            )
        if start[:4] not in (b"BAM\1", b"CRAM"):
            raise InputError("the file is not a BAM", cure="give the aligned reads (BAM or CRAM)")
        check = check_bam_header if start[:4] == b"BAM\1" else check_cram_header
        check(path)
        if not ends_whole(path):
            raise InputError(
                "the BAM is truncated (its end-of-file block is missing)",
                cure="copy or recreate it",
            )
    except PermissionError:
        raise InputError("the BAM cannot be read: no permission") from None
    except (
        OSError, ValueError, EOFError, IndexError, zlib.error, lzma.LZMAError, struct.error,
    ) as error:  # fmt: skip
        raise InputError(f"the BAM cannot be read: {error}"[:300]) from None
    try:
        with pysam.AlignmentFile(
            str(path), check_sq=False, reference_filename=str(reference) if reference else None
        ) as handle:
            lengths = dict(zip(handle.references, handle.lengths, strict=True))
            text = str(handle.header)
            has_reads = not first_read or next(handle.fetch(until_eof=True), None) is not None
    except (OSError, ValueError) as error:
        named = another_reference(path, reference) if reference else None
        if named:
            raise InputError(named.what, cure=named.cure) from None
        raise InputError(f"the BAM is damaged: {error}", cure="copy or recreate it") from None
    groups, order = [], None
    for line in text.splitlines():
        if line.startswith(("@HD", "@RG")):
            tags = dict(field.split(":", 1) for field in line.split("\t")[1:] if ":" in field)
            if line.startswith("@HD"):
                order = tags.get("SO")
            else:
                groups.append((tags.get("ID", ""), tags.get("SM") or None))
    return Header(lengths, groups, order, has_reads)
