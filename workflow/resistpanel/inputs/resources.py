"""Memory that a job asks for: by rule, by the size of its BAMs, more at each new attempt."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

MEGABYTE = 1_000_000
#: By rule: MB whatever the input, and MB per MB of the patient's BAMs, each about twice the
#: peak that was measured (docs/reliability.md has the figures).
MEMORY = {
    "sheet": (500, 0.0),
    "qc": (500, 0.5),
    "call": (500, 1.5),
    "annotate": (800, 0.0),
    "copynumber": (800, 0.0),
    "compare": (800, 0.0),
    "resist": (500, 0.0),
    "report": (800, 0.2),
}
#: MB of a patient's input that one job of a scattered call reads, in two and a half minutes of
#: CPU. The size of a BAM grows with targets and depth alike.
SHARD = 8_000
#: Jobs of a patient at most: each reads all headers and indexes again.
MOST_SHARDS = 32
#: Reading is done in chunks: beyond this a larger BAM, being of more targets, takes no more.
MOST = 8_000


def megabytes(paths: Iterable[str | Path]) -> float:
    """Return the size of files together in MB; those that do not exist yet count nothing."""
    sizes = (path.stat().st_size for path in map(Path, paths) if path.exists())
    return sum(sizes) / MEGABYTE


def shards(paths: Iterable[str | Path]) -> int:
    """Return how many jobs are to read a patient's BAMs, of which FASTQ files may stand in."""
    return min(max(1, math.ceil(megabytes(paths) / SHARD)), MOST_SHARDS)


def memory(rule: str) -> Callable[..., int]:
    """Return the function that gives a rule's ``mem_mb`` to Snakemake.

    It doubles with each attempt, so that a job that was killed for its memory gets more.
    """
    base, share = MEMORY[rule]

    def mem_mb(wildcards: Any, input: Any, attempt: int) -> int:
        size = megabytes(input.bams) if share else 0.0
        return round(min(base + share * size, MOST)) * 2 ** (attempt - 1)

    return mem_mb
