"""The record that all others are, and the types of their fields.

A string below a field is the field's documentation: its meaning, unit and coordinate base. The
JSON Schemas and docs/records.md are written from it (`resistpanel.records.schema`).
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

__all__ = [
    "UNSET", "Allele", "Context", "Copies", "Count", "Counts", "Fraction", "Meta", "Number",
    "Phred", "Position", "Record", "Start", "Text", "Unit", "UnsetType",
]  # fmt: skip


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object of a stage's JSON. A value that cannot be given is null, never absent.

    Values are checked where JSON is read and before it is written, not where a record is made.
    """


#: JSON has one kind of number; whole ones stay whole when they are written again.
Number = int | float
Fraction = Annotated[int, Meta(ge=0, le=1)] | Annotated[float, Meta(ge=0, le=1)]
#: Zero or more, of any unit.
Copies = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]
#: -10 log10 of a rate or probability.
Phred = Annotated[int, Meta(ge=0, le=100)] | Annotated[float, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=0)]
#: Reference and alternative allele.
Counts = tuple[Count, Count]
#: 0-based.
Start = Annotated[int, Meta(ge=0)]
#: 1-based; also the end of a half-open interval.
Position = Annotated[int, Meta(ge=1)]
#: Not empty.
Text = Annotated[str, Meta(min_length=1)]
#: Of depth and counts: molecules where reads are grouped by UMI, or are consensus reads.
Unit = Literal["fragments", "molecules"]
#: Bases.
Allele = Annotated[str, Meta(pattern="^[ACGT]+$")]
#: Trinucleotide.
Context = Annotated[str, Meta(pattern="^[ACGT]{3}$")]
