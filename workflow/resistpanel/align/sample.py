"""From the FASTQ of a sample to a BAM: aligned, sorted, duplicates marked, indexed."""

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pysam

from resistpanel import __version__
from resistpanel.align.align_constants import SORT_MEMORY
from resistpanel.align.aligners import alignments, read_note
from resistpanel.align.fastq import Lane, check_lane, count_reads, lanes, umi_of
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import check_readable, make_folder, rename


def expected_reads(given: Sequence[Lane]) -> int:
    """Return the number of reads of all lanes, every file read to its end.

    Raises
    ------
    InputError
        If a file is cut short, or mates are not equally many.
    """
    total = 0
    with ThreadPoolExecutor(2) as pool:
        for lane in given:
            files = [path for path in (lane.first, lane.second) if path]
            counts = list(pool.map(count_reads, files))
            if len(set(counts)) > 1:
                raise InputError(
                    f"has {counts[0]} reads, {lane.second.name} has {counts[1]}",
                    str(lane.first),
                    "give the two whole files of one lane",
                )
            total += sum(counts)
    return total


def make_header(reference: Path, given: Sequence[Lane], note: dict, umi: str) -> dict:
    """Return the BAM's header: contigs of the reference, read groups, what was run.

    No path stands in it: the same input gives the same bytes wherever it lies.
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
                "CL": f"resistpanel align run --umi {umi}",
            },
        ],
    }


def _write_named(
    path: Path, given: Sequence[Lane], index: Path, reference: Path, threads: int, umi: str
) -> int:
    """Write the alignments, mates together; return how many reads they are of."""
    note = read_note(index)
    header = pysam.AlignmentHeader.from_dict(make_header(reference, given, note, umi))
    total = 0
    with pysam.AlignmentFile(str(path), "wbu", header=header) as sink:
        for lane in given:
            with alignments(note["aligner"], lane, index, header, threads, umi) as stream:
                for segment in stream:
                    if umi == "name":
                        code = umi_of(segment.query_name, "", umi)
                        if code is None:
                            raise InputError(
                                f"read '{segment.query_name}' has no UMI at the end of its name",
                                str(lane.first),
                                "correct key 'align.umi'",
                            )
                        segment.set_tag("RX", code)
                    total += not segment.is_supplementary and not segment.is_secondary
                    sink.write(segment)
    return total


def align_sample(
    sample: str,
    first: Sequence[Path],
    second: Sequence[Path],
    reference: Path,
    index: Path,
    output: Path,
    threads: int = 1,
    umi: str = "none",
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
    umi : str
        ``none``, ``name`` or ``tag``: where the UMI stands. Fragments at the same place with
        different UMIs are not duplicates.

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
    pairs = zip(first, second or [None] * len(first), strict=True)
    errors = [error for one, other in pairs for error in check_lane(one, other, umi)]
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)
    given = lanes(sample, first, second)
    expected = expected_reads(given)
    make_folder(output)
    more = ["--threads", str(max(0, threads - 1)), "--no-PG"]
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as temporary:
        scratch = Path(temporary)
        steps = [str(scratch / name) for name in ("named.bam", "mated.bam", "sorted.bam")]
        got = _write_named(scratch / "named.bam", given, index, reference, threads, umi)
        if got != expected:
            raise InputError(
                f"the FASTQ hold {expected} reads, {got} came out of the aligner",
                sample,
                "see the aligner's words above",
            )
        named, mated, ordered = steps
        done = scratch / "done.bam"
        pysam.samtools.fixmate("-m", "-u", *more, named, mated, catch_stdout=False)
        Path(named).unlink()
        pysam.samtools.sort(
            "-u", "-m", SORT_MEMORY, "-T", str(scratch / "sort"), *more, "-o", ordered, mated,
            catch_stdout=False,
        )  # fmt: skip
        Path(mated).unlink()
        codes = [] if umi == "none" else ["--barcode-tag", "RX"]
        # -S: supplementary parts of a duplicate are marked, too.
        pysam.samtools.markdup(
            "-S", "-T", str(scratch / "mark"), *codes, *more, ordered, str(done), catch_stdout=False
        )
        pysam.samtools.index(str(done))
        # The index first: a BAM that is there has one.
        rename(f"{done}.bai", f"{output}.bai")
        rename(done, output)
    print(f"{sample}: {expected} reads of {len(given)} lanes aligned", file=sys.stderr)
