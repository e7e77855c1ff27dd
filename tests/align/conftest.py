"""A small genome and FASTQ of known fragments of it."""

import gzip
import random
from pathlib import Path

import pysam
import pytest

LENGTH = 60
_random = random.Random(11)
GENOME = "".join(_random.choice("ACGT") for _ in range(6000))
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def reverse_complement(sequence: str) -> str:
    return sequence.translate(_COMPLEMENT)[::-1]


def pair(start: int, end: int, flip: bool = False) -> tuple[str, str]:
    """Return both reads of the fragment [start, end); flipped: read 1 is the reverse one."""
    ends = GENOME[start : start + LENGTH], reverse_complement(GENOME[end - LENGTH : end])
    return ends[::-1] if flip else ends


def write_fastq(path: Path, rows: list[tuple[str, str]], comment: str = "") -> Path:
    """Write (name, bases); gzipped if the name says so."""
    text = "".join(f"@{name}{comment}\n{bases}\n+\n{'F' * len(bases)}\n" for name, bases in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def write_pairs(folder: Path, name: str, rows, comments=(" 1:N:0:AC", " 2:N:0:AC")):
    """Write (name, (read 1, read 2)) as two files; return their paths."""
    return tuple(
        write_fastq(
            folder / f"{name}_R{mate + 1}.fastq.gz",
            [(read, ends[mate]) for read, ends in rows],
            comments[mate],
        )
        for mate in (0, 1)
    )


@pytest.fixture(scope="session")
def reference(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "g.fa"
    path.write_text(f">one\n{GENOME[:4000]}\n>two\n{GENOME[4000:]}\n")
    pysam.samtools.faidx(str(path))
    return path
