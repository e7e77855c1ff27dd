"""``validate.json``: recall, limits and false calls of variants put into a user's own normal."""

from typing import Literal

from msgspec import field

from resistpanel.records.base import Count, Fraction, Number, Position, Record


class Parameters(Record):
    """What was asked for."""

    normal: str
    reference: str
    targets: str
    variants: str | None
    sites: Count
    passes: Count
    seed: Count
    tumor_share: Fraction
    """Fraction of the normal's fragments that the tumour was made of."""
    ladder: tuple[Fraction, ...]
    """AFs."""


class Depths(Record):
    """Mean depth on target, fragments."""

    whole: Number
    normal: Number
    tumor: Number


class Limits(Record):
    """Limits of detection that the caller stated."""

    median: Fraction | None
    stated: Count
    """Sites with a limit."""
    sites: Count
    expected_of_whole: Fraction | None
    """Least LOD at the normal's whole depth; calculated, not measured."""


class RecallAtAf(Record):
    """Variants found at an AF, with the 95 % interval."""

    kind: str = field(name="class")
    af: Fraction
    found: Count
    of: Count
    recall: Fraction | None
    low: Fraction
    high: Fraction


class RecallAtLod(Record):
    """Variants found at a multiple of the stated limit, with the 95 % interval."""

    kind: str = field(name="class")
    multiple: Number
    """Of the limit of detection."""
    found: Count
    of: Count
    recall: Fraction | None
    low: Fraction
    high: Fraction


class CalledAllele(Record):
    """An allele as it was called in one sample."""

    chrom: str
    pos: Position
    """1-based."""
    ref: str
    alt: str
    alt_fragments: Count
    depth: Count
    """Fragments or molecules."""
    af: Fraction | None


class FalseCall(CalledAllele):
    """A call where nothing was put in."""

    run: Count = field(name="pass")


class FalseCalls(Record):
    """Calls where nothing was put in."""

    number: Count
    before: Count
    """Of these, calls in the pass before anything was put in."""
    per_megabase: Number
    rows: tuple[FalseCall, ...]


class Spiked(Record):
    """A variant that was put in, and what was called of it."""

    chrom: str
    pos: Position
    """1-based."""
    ref: str
    alt: str
    kind: str = field(name="class")
    size: Count
    """Bases."""
    multiple_of_lod: Number | None
    af: Fraction
    fragments: Count
    carriers: Count
    """Fragments with the allele."""
    lod: Fraction | None
    called: bool
    af_called: Fraction | None
    filters: str


class SpikedVariant(Spiked):
    """A variant that was put in by `resistpanel validate`."""

    run: Count = field(name="pass")
    design: Literal["ladder", "lod"]


class Validate(Record):
    """Recall, limits and false calls of variants put into a user's own normal."""

    schema: Literal["resistpanel/validate/1"]
    version: str
    parameters: Parameters
    target_bases: Count
    left_out: Count
    """Variants that could not be put in."""
    depth: Depths
    lod: Limits
    recall: tuple[RecallAtAf, ...]
    lod_curve: tuple[RecallAtLod, ...]
    false_calls: FalseCalls
    rows: tuple[SpikedVariant, ...]
