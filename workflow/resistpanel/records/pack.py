"""``pack.json``: calls on real reads against what is known of them."""

from typing import Literal

from msgspec import field

from resistpanel.records.base import Count, Fraction, Number, Position, Record
from resistpanel.records.validation import CalledAllele


class PackOrigin(Record):
    """Where reads and truth are from."""

    repository: str
    commit: str
    licence: str
    truth: str
    """What the truth is, and whose."""


class KnownAllele(Record):
    """An allele or junction of the truth, and what was called."""

    name: str
    chrom: str
    pos: Position
    """1-based."""
    ref: str
    alt: str
    """Bases, or ``<DEL>``, ``<DUP>``, ``<INV>``, ``<BND>``."""
    state: Literal["present", "inherited", "absent", "ignored"]
    af: Fraction | None
    """Allele frequency that the truth states."""
    called: bool
    """With all filters passed, and detected in the tumour."""
    af_called: Fraction | None
    alt_called: Count | None
    """Variant-supporting fragments or molecules."""
    depth: Count | None
    """Fragments or molecules."""
    lod: Fraction | None
    """Stated limit of detection, as a forced site."""
    filters: str
    """FILTER of the record; ``no record``."""
    limit_kept: bool | None
    """Whether an allele at or above the limit was called; null below it or without a limit."""


class OtherCall(CalledAllele):
    """A call that is no allele of the truth."""


class RecallInRange(Record):
    """Present alleles found in a range of AF, with the 95 % interval."""

    af_from: Fraction
    af_below: Number
    found: Count
    of: Count
    recall: Fraction | None
    low: Fraction
    high: Fraction


class PackFigures(Record):
    """The figures of a set."""

    present: Count
    found: Count
    junctions: Count
    """Of those present."""
    junctions_found: Count
    refuted: Count
    """Inherited or absent alleles of the truth."""
    refuted_called: Count
    """Of these, called as somatic."""
    other_calls: Count
    """Calls outside the truth; false where the truth is complete."""
    megabases: Number
    other_per_megabase: Number
    other_per_megabase_high: Number
    """Upper limit of the two-sided 95 % Poisson interval."""
    above_limit: Count
    """Present alleles at or above the stated LOD."""
    above_limit_found: Count
    af_ratio: Number | None
    """Median of called to known AF."""
    af_ratio_low: Number | None
    af_ratio_high: Number | None
    """Quartiles of it."""


class Dilution(Record):
    """Present alleles found after variant-supporting molecules were removed at random."""

    af: Fraction
    """Wanted; an allele that was rarer stays as it was."""
    af_median: Fraction
    """Median of what was reached."""
    draws: Count
    found: Count
    of: Count
    """Alleles times draws."""
    recall: Fraction
    low: Fraction
    high: Fraction
    """95 % interval of a proportion of that number of alleles: draws of one allele are not
    independent."""
    above_limit: Count
    """Alleles and draws at or above their stated LOD."""
    above_limit_found: Count
    lod_median: Fraction | None
    """Median of the stated LODs."""
    other_calls: Number
    """Calls outside the truth per draw."""


class Pack(Record):
    """One set of real reads: expected and measured results."""

    schema: Literal["resistpanel/pack/1"]
    version: str
    name: str
    title: str
    question: str
    build: str
    assay: str
    complete: bool
    """Whether every other call is false."""
    origin: PackOrigin
    samples: dict[str, str]
    """File by role."""
    checksums: dict[str, str]
    """SHA-256 by file."""
    expected: dict[str, Count]
    """Least number found, most numbers of the rest."""
    as_expected: bool
    figures: PackFigures
    recall: tuple[RecallInRange, ...]
    rows: tuple[KnownAllele, ...]
    other: tuple[OtherCall, ...]
    dilution: tuple[Dilution, ...] = field(default=())
