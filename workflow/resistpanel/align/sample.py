"""From the FASTQ of a sample to a BAM: aligned, sorted, duplicates marked, indexed."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pysam

from resistpanel import __version__
from resistpanel.align.adapters import parse
from resistpanel.align.align_constants import SORT_MEMORY
from resistpanel.align.aligners import alignments, read_note
from resistpanel.align.fastq import Lane, check_lane, lanes, umi_of
from resistpanel.align.prepare import Preparer, parse_structures
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import check_readable, make_folder, rename
from resistpanel.core.text import counted


@dataclass(frozen=True)
class ReadSettings:
    """What the reads of a sample are, and what is done to them before they are aligned.

    Attributes
    ----------
    umi : str
        ``none``, ``name`` or ``tag``: where the UMI is. Fragments at the same place with different
        UMIs are not duplicates.
    adapter : str
        ``auto``, ``none``, or the adapter behind read 1 and, after a comma, behind read 2.
    qualities : str
        ``auto``, ``phred33`` or ``phred64``.
    structure : str
        ``none``, or fgbio's read structure of both reads, or of read 1 and read 2 with a comma
        between.
    """

    umi: str = "none"
    adapter: str = "auto"
    qualities: str = "auto"
    structure: str = "none"

    @property
    def inline(self) -> bool:
        """Whether the UMI is part of the reads."""
        return any(structure.umi for structure in parse_structures(self.structure))

    @property
    def where_umi(self) -> str:
        """Where the UMI is once the reads are prepared: ``none``, ``name`` or ``tag``."""
        return "tag" if self.inline else self.umi

    @property
    def words(self) -> str:
        """The settings as options of the command; of defaults `umi` alone."""
        words = [f"--umi {self.umi}"]
        for option, value, default in (
            ("adapter", self.adapter, "auto"),
            ("qualities", self.qualities, "auto"),
            ("read-structure", self.structure, "none"),
        ):
            words += [f"--{option} {value}"] * (value != default)
        return " ".join(words)

    def check(self) -> None:
        """Raise InputError for settings that are none, or that exclude each other."""
        parse(self.adapter)
        if self.inline and self.umi != "none":
            raise InputError(
                f"UMIs in the reads and '{self.umi}' exclude each other", "key 'align.umi'",
                "remove it, or the M of 'align.read_structure'",
            )  # fmt: skip


DEFAULT = ReadSettings()


def make_header(reference: Path, given: Sequence[Lane], note: dict, words: str) -> dict:
    """Return the BAM's header: contigs of the reference, read groups, what was run.

    It contains no path: the same input gives the same bytes in any folder.
    """
    try:
        with pysam.FastaFile(str(reference)) as fasta:
            contigs = [
                {"SN": name, "LN": length}
                for name, length in zip(fasta.references, fasta.lengths, strict=True)
            ]
    except (OSError, ValueError) as error:
        raise InputError(
            f"not an indexed FASTA ({error})", str(reference), "run `samtools faidx` on it"
        ) from None
    aligner = note["aligner"]
    return {
        "HD": {"VN": "1.6", "SO": "unsorted", "GO": "query"},
        "SQ": contigs,
        "RG": [lane.group for lane in given],
        "PG": [
            {"ID": aligner, "PN": aligner, "VN": note["version"]},
            {
                "ID": "resistpanel",
                "PN": "resistpanel",
                "VN": __version__,
                "PP": aligner,
                "CL": f"resistpanel align run {words}",
            },
        ],
    }


def _write_lane(
    lane: Lane, index: Path, note: dict, sink: pysam.AlignmentFile, threads: int, umi: str
) -> int:
    """Write the alignments of a lane, mates together; return how many reads they are of."""
    total = 0
    with alignments(note["aligner"], lane, index, sink.header, threads, umi) as stream:
        for segment in stream:
            if umi == "name":
                code = umi_of(segment.query_name, "", umi)
                if code is None:
                    raise InputError(
                        f"read '{segment.query_name}' has no UMI at the end of its name",
                        lane.where,
                        "correct key 'align.umi'",
                    )
                segment.set_tag("RX", code)
            total += not segment.is_supplementary and not segment.is_secondary
            sink.write(segment)
    return total


def _write_named(
    scratch: Path, given: Sequence[Lane], index: Path, reference: Path, threads: int,
    settings: ReadSettings,
) -> int:  # fmt: skip
    """Write ``named.bam``, the alignments of all lanes, mates together; return the reads of all."""
    note = read_note(index)
    header = pysam.AlignmentHeader.from_dict(make_header(reference, given, note, settings.words))
    prepare = Preparer(settings.adapter, parse_structures(settings.structure))
    total = 0
    with pysam.AlignmentFile(str(scratch / "named.bam"), "wbu", header=header) as sink:
        for lane in given:
            made, counts, adapters = prepare.write(lane, scratch)
            reads = counts.reads * (1 + lane.paired)
            what = "pairs" if lane.paired else "reads"
            print(
                f"{lane.group['ID']}: {counts.reads} {what}"
                f"{' (interleaved)' * lane.interleaved}{', phred+64' * (lane.offset == 64)}; "
                f"adapters {adapters}: {counts.cut} {what} cut, {counts.empty} without bases left",
                file=sys.stderr,
            )
            got = _write_lane(made, index, note, sink, threads, settings.where_umi)
            if got != reads:
                raise InputError(
                    f"the FASTQ files have {reads} reads, {got} came out of the aligner",
                    str(lane.first),
                    "see the aligner's words above",
                )
            for path in filter(None, (made.first, made.second)):
                path.unlink()
            total += reads
    return total


def align_sample(
    sample: str,
    first: Sequence[Path],
    second: Sequence[Path],
    reference: Path,
    index: Path,
    output: Path,
    threads: int = 1,
    settings: ReadSettings = DEFAULT,
) -> None:
    """Align the FASTQ of a sample, sort, mark duplicates, index.

    Parameters
    ----------
    sample : str
        SM of the read groups.
    first, second : sequence of Path
        Read 1 and read 2 of each lane; `second` empty for single reads.
    reference : Path
        FASTA with index.
    index : Path
        Folder of `resistpanel.align.aligners.make_index`.
    output : Path
        BAM; appears, with its index, when it is whole.
    threads : int
        The result does not depend on it.
    settings : ReadSettings

    Raises
    ------
    InputError
        If a file is wrong or cut short, or the aligner lost a read.
    """
    if not sample.strip() or not sample.isprintable():
        raise InputError(f"{sample!r} is no sample's name", "--sample", "give that of the sheet")
    if output.is_dir():
        raise InputError("a folder, where a BAM is to be written", str(output), "name a file")
    check_readable(reference)
    if second and len(first) != len(second):
        raise InputError(f"{len(first)} files of read 1 and {len(second)} of read 2", sample)
    settings.check()
    pairs = zip(first, second or [None] * len(first), strict=True)
    errors = [
        error
        for one, other in pairs
        for error in check_lane(one, other, settings.umi, settings.qualities)
    ]
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)
    given = lanes(sample, first, second, settings.qualities)
    make_folder(output)
    more = ["--threads", str(max(0, threads - 1)), "--no-PG"]
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as temporary:
        scratch = Path(temporary)
        steps = [str(scratch / name) for name in ("named.bam", "mated.bam", "sorted.bam")]
        total = _write_named(scratch, given, index, reference, threads, settings)
        named, mated, ordered = steps
        done = scratch / "done.bam"
        pysam.samtools.fixmate("-m", "-u", *more, named, mated, catch_stdout=False)
        Path(named).unlink()
        pysam.samtools.sort(
            "-u", "-m", SORT_MEMORY, "-T", str(scratch / "sort"), *more, "-o", ordered, mated,
            catch_stdout=False,
        )  # fmt: skip
        Path(mated).unlink()
        codes = [] if settings.where_umi == "none" else ["--barcode-tag", "RX"]
        # -S: supplementary parts of a duplicate are marked, too.
        pysam.samtools.markdup(
            "-S", "-T", str(scratch / "mark"), *codes, *more, ordered, str(done), catch_stdout=False
        )
        pysam.samtools.index(str(done))
        # The index first: a BAM that is there has one.
        rename(f"{done}.bai", f"{output}.bai")
        rename(done, output)
    print(
        f"{sample}: {counted(total, 'read')} of {counted(len(given), 'lane')} aligned",
        file=sys.stderr,
    )
