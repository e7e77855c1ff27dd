"""``results/callers/{patient}.json``: which caller called which variant."""

from typing import Annotated, Literal

from resistpanel.records.base import Allele, Count, Fraction, Meta, Number, Position, Record


class Program(Record):
    """A caller that was run, or whose VCF was given."""

    name: str
    format: Literal["freebayes", "mutect2", "vardict", "strelka2", "vcf"]
    version: str
    """Reported by the program; empty for an existing VCF."""
    somatic: str
    """What counts as its somatic call."""
    files: tuple[str, ...]


class OwnSample(Record):
    """Our caller's figures of an allele in a sample."""

    detected: bool | None
    af: Fraction | None
    af_low: Fraction | None
    af_high: Fraction | None
    alt: Count | None
    """Fragments."""
    depth: Count | None
    """Fragments."""
    lod: Fraction | None
    ub: Fraction | None


class OwnCall(Record):
    """Our caller's record of a variant."""

    id: str
    filters: tuple[str, ...]
    model: str | None
    somatic_phred: Number | None
    samples: dict[str, OwnSample]


class OtherSample(Record):
    """Another caller's figures of an allele in a sample."""

    alt: Count | None
    depth: Count | None
    af: Fraction | None
    called: bool | None
    """null: the caller decides on the record alone."""
    filters: tuple[str, ...] | None


class OtherCall(Record):
    """Another caller's record of a variant."""

    called: bool
    exact: bool
    """The same allele; false: other alleles that spell the same."""
    filters: tuple[str, ...]
    """Empty if called."""
    alleles: Annotated[tuple[str, ...], Meta(min_length=1)]
    samples: dict[str, OtherSample | None]


class CalledVariant(Record):
    """A variant that any caller took for somatic."""

    id: str
    """As in compare.json where our caller has a record."""
    chrom: str
    pos: Position
    """1-based."""
    ref: Allele
    alt: Allele
    resistpanel: OwnCall | None
    """null: no record, as outside the targets."""
    others: dict[str, OtherCall | None]
    """By caller; null: no record of the variant."""
    called_by: tuple[str, ...]
    """resistpanel first."""


class CallCounts(Record):
    """Variants of a caller."""

    called: Count
    alone: Count
    shared: Count


class Callers(Record):
    """Variants that any caller took for somatic, matched by haplotype."""

    schema: Literal["resistpanel/callers/1"]
    patient: str
    samples: tuple[str, ...]
    """The normal first."""
    callers: tuple[Program, ...]
    variants: tuple[CalledVariant, ...]
    summary: dict[str, CallCounts]
    """By caller."""
