"""``results/call/{patient}.counts.json``: what the caller counted for qc in its own pass."""

from typing import Literal

from resistpanel.records.base import Count, Record
from resistpanel.records.qc import SampleQc


class SampleCounts(Record):
    """A BAM of which the reads were counted."""

    bam: str
    """Absolute path."""
    size: Count
    """Bytes."""
    given: dict[str, str | None]
    """What the user says of its assay; null: detected from the reads."""
    figures: SampleQc
    """Before the gate; `sample` is that of the read groups."""


class Counts(Record):
    """Figures of samples whose reads are not grouped into molecules; qc reads the others."""

    schema: Literal["resistpanel/counts/1"]
    samples: tuple[SampleCounts, ...]
