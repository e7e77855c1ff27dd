"""One pass over a BAM's on-target reads: samtools' depth and stats, fed side by side.

`samtools view` takes the reads on target through the index and unpacks them once; what it gives
goes to `samtools depth` and `samtools stats` at the same time. The programs are those inside
pysam, each in a process of its own, since they share global state.
"""

import contextlib
import dataclasses
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pysam

from resistpanel.errors import InputError

#: Reads below this mapping quality are not counted in the depth, as in `resistpanel call`.
MIN_MAPPING_QUALITY = 20
#: Overlapping mates once (-s), deleted bases covered (-J); beside duplicates, secondary,
#: QC-failed and unmapped reads, which samtools leaves out anyway, supplementary ones too.
DEPTH = ("-s", "-J", "-Q", str(MIN_MAPPING_QUALITY), "-G", "SUPPLEMENTARY")
_CHILD = (
    "import sys, pysam; "
    "getattr(pysam.samtools, sys.argv[1])(*sys.argv[3:], save_stdout=sys.argv[2] or None, "
    "catch_stdout=bool(sys.argv[2]))"
)
_CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Depth:
    """Depth where it is above 0.

    Attributes
    ----------
    positions : dict of str to ndarray of int
        Per contig, ascending, 0-based.
    depths : dict of str to ndarray of int
        Fragments at these positions.
    """

    positions: dict[str, np.ndarray]
    depths: dict[str, np.ndarray]

    def of(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Return the depth of each base of an interval (0-based half-open)."""
        found = np.zeros(end - start, dtype=np.int64)
        if chrom in self.positions:
            positions = self.positions[chrom]
            first, last = np.searchsorted(positions, [start, end])
            found[positions[first:last] - start] = self.depths[chrom][first:last]
        return found


@dataclasses.dataclass(frozen=True)
class Stats:
    """What `samtools stats` counts among the reads on target.

    Attributes
    ----------
    numbers : dict of str to float
        Its summary numbers (SN).
    insert_sizes, read_lengths : Counter
        Pairs by insert size, reads by length, in bases.
    """

    numbers: dict[str, float]
    insert_sizes: Counter
    read_lengths: Counter


class _Child:
    """A samtools program in a process of its own; its remarks go to a file."""

    def __init__(self, folder: Path, arguments: list[str], output: str = "", **streams: int):
        self.program = arguments[0]
        self._remarks = folder / f"{self.program}.err"
        command = [sys.executable, "-c", _CHILD, self.program, output, *arguments[1:]]
        with self._remarks.open("wb") as remarks:
            self.process = subprocess.Popen(command, stderr=remarks, **streams)

    def finish(self, bam: Path) -> None:
        """Wait; raise InputError with the program's own last words if it failed."""
        if self.process.wait():
            text = self._remarks.read_text(encoding="utf-8", errors="replace")
            lines = [line for line in text.splitlines() if line.strip()] or ["no message"]
            raise InputError(
                f"samtools {self.program} failed: {lines[-1]}",
                str(bam),
                "check the file with `samtools quickcheck`",
            )


def _relay(source: IO[bytes], sinks: list[IO[bytes]]) -> None:
    """Copy a stream to several; one that has closed its end is told of by its exit status."""
    while chunk := source.read(_CHUNK):
        for sink in sinks:
            with contextlib.suppress(BrokenPipeError):
                sink.write(chunk)
    for sink in sinks:
        with contextlib.suppress(BrokenPipeError):
            sink.close()


def measure(bam: Path, bed: Path, reference: Path) -> tuple[Depth, Stats]:
    """Read a BAM once where it meets the targets.

    Parameters
    ----------
    bam : Path
        BAM or CRAM with index.
    bed : Path
        Targets.
    reference : Path
        FASTA, which CRAM needs.

    Raises
    ------
    InputError
        If samtools cannot read the file.
    """
    pipe = subprocess.PIPE
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        depth_file, stats_file = folder / "depth.tsv", folder / "stats.txt"
        source = ["view", "-u", "-M", "-L", str(bed), "-T", str(reference), str(bam)]
        view = _Child(folder, source, stdout=pipe)
        depth = _Child(folder, ["depth", *DEPTH, "-b", str(bed), "-"], str(depth_file), stdin=pipe)
        stats = _Child(folder, ["stats", "-"], str(stats_file), stdin=pipe)
        children = (view, depth, stats)
        for child in children:
            stack.enter_context(child.process)
        try:
            _relay(view.process.stdout, [depth.process.stdin, stats.process.stdin])
            for child in children:
                child.finish(bam)
        finally:
            for child in children:
                child.process.kill()
        return read_depth(depth_file), read_stats(stats_file)


def read_depth(path: Path) -> Depth:
    """Read the table of `samtools depth`."""
    table = pd.read_csv(
        path,
        sep="\t",
        header=None,
        names=["chrom", "pos", "depth"],
        dtype={"chrom": "category", "pos": np.int64, "depth": np.int64},
        quoting=3,
    )
    parts = dict(tuple(table.groupby("chrom", observed=True, sort=False)))
    return Depth(
        {str(chrom): part["pos"].to_numpy() - 1 for chrom, part in parts.items()},
        {str(chrom): part["depth"].to_numpy() for chrom, part in parts.items()},
    )


def read_stats(path: Path) -> Stats:
    """Read the text of `samtools stats`."""
    numbers: dict[str, float] = {}
    insert_sizes: Counter = Counter()
    read_lengths: Counter = Counter()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "SN":
                numbers[fields[1].rstrip(":")] = float(fields[2])
            elif fields[0] == "IS" and fields[1] != "0":  # 0: the pair has none (SAM's TLEN)
                insert_sizes[int(fields[1])] += int(fields[2])
            elif fields[0] == "RL":
                read_lengths[int(fields[1])] += int(fields[2])
    return Stats(numbers, insert_sizes, read_lengths)


def file_counts(bam: Path) -> tuple[int, int]:
    """Return (records, mapped records) of the whole file, by its index."""
    total = mapped = 0
    for line in pysam.samtools.idxstats(str(bam)).splitlines():
        on, off = map(int, line.split("\t")[2:4])
        total += on + off
        mapped += on
    return total, mapped


def has_mismatch_tags(bam: Path, reference: Path) -> bool:
    """Return whether the reads carry NM, judged by the first one."""
    with pysam.AlignmentFile(str(bam), reference_filename=str(reference)) as handle:
        first = next(handle.fetch(until_eof=True), None)
    return first is not None and first.has_tag("NM")
