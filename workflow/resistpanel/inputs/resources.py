"""Memory that a job asks for: by rule, by the size of its BAMs, more at each new attempt."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from resistpanel.inputs.inputs_constants import MEMORY, MOST, MOST_SHARDS, SHARD

MEGABYTE = 1_000_000


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
