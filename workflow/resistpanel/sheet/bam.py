"""What a BAM's header and first read tell, checked against the sheet and the reference."""

import contextlib
import dataclasses
import gzip
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pysam

from resistpanel.errors import InputError
from resistpanel.panel.builds import build_of_lengths, with_chr
from resistpanel.sheet.table import Row

#: The empty block that ends every whole BGZF file (SAM specification, section 4.1.2).
BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
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


def make_index(path: Path) -> None:
    """Index a BAM or CRAM that has no index.

    Raises
    ------
    InputError
        If it cannot be indexed: not sorted by coordinate, damaged, or its folder not writable.
    """
    try:
        pysam.samtools.index(str(path))
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
        raise InputError(f"the BAM is damaged: {error}", cure="copy or make it again") from None


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


def read_header(path: Path, reference: Path | None = None) -> Header:
    """Read the header and try the first read of a BAM or CRAM.

    Parameters
    ----------
    path : Path
        The file; it needs no index.
    reference : Path, optional
        FASTA, for CRAM.

    Raises
    ------
    InputError
        If the file is missing, not a BAM or CRAM, or truncated.
    """
    try:
        if not path.is_file():
            raise InputError("no such BAM", cure="correct the path")
        if path.stat().st_size == 0:
            raise InputError("the BAM is an empty file", cure="copy or make it again")
        start = _start(path)
        if start[:1] == b"@":
            raise InputError(
                "the file is SAM text, not BAM", cure="run `samtools sort -o out.bam` on it"
            )
        if start[:4] not in (b"BAM\1", b"CRAM"):
            raise InputError("the file is not a BAM", cure="give the aligned reads (BAM or CRAM)")
        if not ends_whole(path):
            raise InputError(
                "the BAM is truncated (its end-of-file block is missing)",
                cure="copy or make it again",
            )
    except PermissionError:
        raise InputError("the BAM cannot be read: no permission") from None
    except (OSError, ValueError) as error:
        raise InputError(f"the BAM cannot be read: {error}"[:300]) from None
    try:
        with pysam.AlignmentFile(
            str(path), check_sq=False, reference_filename=str(reference) if reference else None
        ) as handle:
            lengths = dict(zip(handle.references, handle.lengths, strict=True))
            text = str(handle.header)
            has_reads = next(handle.fetch(until_eof=True), None) is not None
    except (OSError, ValueError) as error:
        raise InputError(f"the BAM is damaged: {error}", cure="copy or make it again") from None
    groups, order = [], None
    for line in text.splitlines():
        if line.startswith(("@HD", "@RG")):
            tags = dict(field.split(":", 1) for field in line.split("\t")[1:] if ":" in field)
            if line.startswith("@HD"):
                order = tags.get("SO")
            else:
                groups.append((tags.get("ID", ""), tags.get("SM") or None))
    return Header(lengths, groups, order, has_reads)


def check_samples(row: Row, header: Header) -> Iterator[InputError]:
    """Yield what is wrong with the read groups of a sample's BAM."""
    where = f"{row.bam} ({row.where}, sample '{row.sample}')"
    add = f"samtools addreplacerg -r ID:{row.sample} -r SM:{row.sample}"
    if not header.groups:
        yield InputError("the BAM has no read groups", where, f"run `{add}`")
        return
    unnamed = [group for group, sample in header.groups if not sample]
    if unnamed:
        yield InputError(
            f"read group '{unnamed[0]}' has no SM tag", where, f"run `{add} -m overwrite_all`"
        )
        return
    samples = sorted({sample for _, sample in header.groups if sample})
    if len(samples) > 1:
        yield InputError(
            f"the BAM holds several samples (SM {', '.join(samples)})",
            where,
            "split it with `samtools split`, one BAM per sample",
        )
    elif samples != [row.sample]:
        yield InputError(
            f"the BAM is of sample '{samples[0]}' (SM tag), the sheet says '{row.sample}'",
            where,
            "correct the sheet if the BAM is right; else this is another sample's BAM",
        )


def check_order(row: Row, header: Header) -> Iterator[InputError]:
    """Yield what keeps a sample's BAM from being read by position."""
    where = f"{row.bam} ({row.where}, sample '{row.sample}')"
    if header.order in ("unsorted", "queryname"):
        yield InputError(
            f"the BAM is not sorted by coordinate (SO:{header.order})",
            where,
            "run `samtools sort`",
        )
    elif not header.has_reads:
        yield InputError(f"the BAM of sample '{row.sample}' has no reads", where, "remove the row")
    elif index_of(row.bam) is None and not os.access(row.bam.parent, os.W_OK):
        yield InputError(
            "the BAM has no index, and its folder is not writable",
            where,
            f"run `samtools index {row.bam}` as its owner, or link it into a folder of yours",
        )


def _named(lengths: Mapping[str, int]) -> str:
    return BUILD_NAMES.get(build_of_lengths(lengths) or "", "an unknown build")


def check_contigs(
    row: Row, header: Header, reference: Path, lengths: Mapping[str, int], needed: set[str]
) -> Iterator[InputError]:
    """Yield how a BAM's contigs disagree with the reference's, the most telling reason alone.

    Parameters
    ----------
    row, header
        The sample and what its BAM says.
    reference : Path
        FASTA, for messages.
    lengths : mapping of str to int
        Contig lengths of the reference.
    needed : set of str
        Contigs (as the reference names them) that hold targets; others may differ, as decoys
        and the mitochondrion do between references of one build.
    """
    where = f"{row.bam} ({row.where}, sample '{row.sample}')"
    own, other = build_of_lengths(header.lengths), build_of_lengths(lengths)
    if own and other and own != other:
        yield InputError(
            f"aligned to {BUILD_NAMES[own]}, reference is {BUILD_NAMES[other]} ({reference})",
            where,
            f"give the {own} reference and panel, or align the reads again",
        )
        return
    absent = sorted(needed - set(header.lengths))
    if absent:
        names = {with_chr(name): name for name in header.lengths}
        renamed = [name for name in absent if with_chr(name) in names]
        if renamed:
            yield InputError(
                f"chr-prefix mismatch: the BAM's contigs are named "
                f"'{names[with_chr(renamed[0])]}', the reference's '{renamed[0]}' ({reference})",
                where,
                "give a reference with the BAM's names, or rename with `samtools reheader`",
            )
            return
        yield InputError(
            f"contig {', '.join(absent[:3])}{' ...' if len(absent) > 3 else ''} of the targets "
            "is not in the BAM's header",
            where,
            f"give the reference that the reads were aligned to, not {reference}",
        )
        return
    for name in sorted(needed):
        if header.lengths[name] != lengths[name]:
            yield InputError(
                f"contig {name} has {header.lengths[name]} bases in the BAM "
                f"({_named(header.lengths)}) and {lengths[name]} in the reference "
                f"({_named(lengths)}, {reference})",
                where,
                "give the reference that the reads were aligned to",
            )
            return
