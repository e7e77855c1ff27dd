"""Memory that a job asks for: by rule, by its BAMs and targets, more at each new attempt."""

import functools
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from resistpanel.core.errors import InputError
from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.inputs.inputs_constants import (
    MEMORY,
    MOST,
    MOST_SHARDS,
    SHARD,
    TARGET_MEMORY,
)

MEGABYTE = 1_000_000


def megabytes(paths: Iterable[str | Path]) -> float:
    """Return the size of files together in MB; those that do not exist yet count nothing."""
    sizes = (path.stat().st_size for path in map(Path, paths) if path.exists())
    return sum(sizes) / MEGABYTE


def shards(paths: Iterable[str | Path]) -> int:
    """Return how many jobs are to read a patient's BAMs, of which FASTQ files may stand in."""
    return min(max(1, math.ceil(megabytes(paths) / SHARD)), MOST_SHARDS)


@functools.cache
def target_megabases(bed: str) -> float:
    """Return the bases of a BED in millions; 0 if it cannot be read: the job says why."""
    try:
        targets = merge_targets(read_targets(bed))
    except InputError:
        return 0.0
    return sum(target.length for target in targets) / MEGABYTE


def memory(rule: str) -> Callable[..., int]:
    """Return the function that gives a rule's ``mem_mb`` to Snakemake.

    It doubles with each attempt, so that a job that was killed for its memory gets more.
    """
    base, share = MEMORY[rule]
    of_targets = TARGET_MEMORY.get(rule, 0)

    def mem_mb(wildcards: Any, input: Any, attempt: int) -> int:
        size = megabytes(input.bams) if share else 0.0
        asked = min(base + share * size, MOST)
        if of_targets:
            asked = max(asked, base + of_targets * target_megabases(str(input.targets)))
        return round(asked) * 2 ** (attempt - 1)

    return mem_mb
