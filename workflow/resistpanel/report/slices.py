"""Small BAMs with the reads around the reported findings, one per sample."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.core.bam import index_of, make_index, open_bam
from resistpanel.core.errors import InputError
from resistpanel.core.files import make_folder, sync
from resistpanel.report.masking import policy_of
from resistpanel.report.parts import reported
from resistpanel.report.report_constants import SLICE_FLANK

#: The windows that were cut out, beside the BAMs.
REGIONS = "regions.bed"


@dataclasses.dataclass(frozen=True)
class Window:
    """Bases around findings.

    Attributes
    ----------
    chrom : str
    start, end : int
        0-based, half-open.
    names : tuple of str
        Ids of the variants.
    """

    chrom: str
    start: int
    end: int
    names: tuple[str, ...]


def spans(variant: dict) -> list[tuple[str, int, int]]:
    """Return the places of a variant; of a junction both breakends.

    Returns
    -------
    list of (str, int, int)
        Contig, start and end, 0-based, half-open.
    """
    first = variant["pos"] - 1
    junction = variant.get("junction")
    if not junction:
        return [(variant["chrom"], first, first + len(variant["ref"]))]
    second = junction["pos"]
    return [(variant["chrom"], first, first + 1), (junction["chrom"], second - 1, second)]


def windows(report: dict) -> list[Window]:
    """Return the bases within `SLICE_FLANK` of each reported variant, overlapping ones joined.

    Copy-number findings have no window: they are not read off the reads of one place.
    """
    found: dict[str, list[tuple[int, int, str]]] = {}
    for variant in reported(report):
        for chrom, start, end in spans(variant):
            window = (max(start - SLICE_FLANK, 0), end + SLICE_FLANK, variant["id"])
            found.setdefault(chrom, []).append(window)
    joined = []
    for chrom, parts in found.items():
        last: Window | None = None
        for start, end, name in sorted(parts):
            if last and start <= last.end:
                names = tuple(dict.fromkeys((*last.names, name)))
                last = Window(chrom, last.start, max(last.end, end), names)
                joined[-1] = last
            else:
                last = Window(chrom, start, end, (name,))
                joined.append(last)
    return joined


def check_shown(report: dict, option: str) -> None:
    """Refuse to hand out reads of a patient whose inherited variants are withheld.

    Raises
    ------
    InputError
        A policy withholds inherited variants: the reads show them.
    """
    policy = policy_of(report)
    if policy:
        raise InputError(
            f"reads show the inherited variants, which are withheld (germline: {policy['policy']})",
            f"patient {report['patient']}",
            f"leave out {option}",
        )


def write_slices(report: dict, folder: str | Path, reference: str | Path | None) -> None:
    """Write the reads within `SLICE_FLANK` of each reported variant, and their mates.

    One ``{sample}.bam`` per sample, sorted and indexed, and ``regions.bed``. Records and header are
    those of the BAM: duplicates, secondary and supplementary alignments, unmapped mates, read
    groups. The mates of the reads are included wherever they are aligned. A CRAM becomes a BAM.

    Parameters
    ----------
    report : dict
        report.json; the BAMs of its sheet are read.
    folder : path
        All or nothing; slices of an earlier report are replaced.
    reference : path, optional
        FASTA, for CRAM.

    Raises
    ------
    InputError
        Inherited variants are withheld; a BAM is missing, has no index, or is damaged; the folder
        holds other files.
    """
    check_shown(report, "--output-slices")
    folder = Path(folder)
    _check_folder(folder)
    make_folder(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
        cut(report, Path(name) / "new", reference)
        made = Path(name) / "new"
        for path in made.iterdir():
            sync(path)
        if folder.exists():
            folder.replace(Path(name) / "old")
        made.replace(folder)
        sync(folder.parent)


def cut(report: dict, folder: Path, reference: str | Path | None) -> dict[str, Path]:
    """Write slices and windows to a new folder.

    Returns
    -------
    dict of str to Path
        The BAM of each sample, in the order of the sheet.
    """
    folder.mkdir()
    wanted = windows(report)
    bed = folder / REGIONS
    lines = (f"{w.chrom}\t{w.start}\t{w.end}\t{';'.join(w.names)}\n" for w in wanted)
    bed.write_text("".join(lines), encoding="utf-8")
    found = {}
    for sample in report["sheet"]["samples"]:
        path = found[sample["sample"]] = folder / f"{sample['sample']}.bam"
        _cut(Path(sample["bam"]), path, bed if wanted else None, reference)
        make_index(path)
    return found


def _cut(bam: Path, path: Path, bed: Path | None, reference: str | Path | None) -> None:
    """Write the reads of one BAM in the windows of a BED, and their mates."""
    if not bam.is_file():
        raise InputError("no such BAM", str(bam), "give the sheet that names the BAMs")
    index = index_of(bam)
    if index is None:
        raise InputError("has no index", str(bam), f"run `samtools index {bam}`")
    try:
        if bed is None:  # samtools refuses an empty list of regions
            with (
                open_bam(bam, reference) as source,
                pysam.AlignmentFile(str(path), "wb", header=source.header),
            ):
                return
        options = ["-T", str(reference)] if reference else []
        pysam.samtools.view(
            "-b", "--no-PG", "--fetch-pairs", *options, "-L", str(bed), "-o", str(path),
            "-X", str(bam), str(index), catch_stdout=False,
        )  # fmt: skip
    except (OSError, ValueError, pysam.SamtoolsError) as error:
        reason = [line for line in str(error).splitlines() if line.strip()] or ["damaged"]
        raise InputError(f"cannot be read: {reason[-1]}"[:300], str(bam)) from None


def _check_folder(folder: Path) -> None:
    """Raise InputError if a folder cannot be replaced: it holds more than slices."""
    if folder.is_file():
        raise InputError("is a file", str(folder), "name a folder")
    if not folder.exists():
        return
    bams = {path.name for path in folder.glob("*.bam")}
    other = sorted(_names(folder) - bams - {f"{name}.bai" for name in bams} - {REGIONS})
    if other:
        raise InputError(
            f"holds other files than slices, the first '{other[0]}'", str(folder),
            "name a new folder",
        )  # fmt: skip


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextlib.contextmanager
def scratch_slices(report: dict, reference: str | Path | None) -> Iterator[dict[str, Path]]:
    """Yield slices by sample in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="resistpanel-slices-") as name:
        yield cut(report, Path(name) / "slices", reference)
