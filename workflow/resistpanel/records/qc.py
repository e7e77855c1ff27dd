"""``results/qc/{patient}.json``: depth, errors and the gate of each sample."""

from typing import Annotated, Literal

from resistpanel.records.base import (
    UNSET,
    Context,
    Copies,
    Count,
    Fraction,
    Meta,
    Number,
    Phred,
    Position,
    Record,
    Start,
    Text,
    Unit,
    UnsetType,
)

Bases = tuple[Count, Count, Count, Count]


class FractionAt(Record, rename={"at_100": "100", "at_250": "250", "at_500": "500"}):
    """Fraction of the bases at this depth or more."""

    at_100: Fraction | None
    at_250: Fraction | None
    at_500: Fraction | None


class Artifact(Record):
    """A substitution caused by DNA damage."""

    change: Annotated[str, Meta(pattern="^[ACGT]>[ACGT]$")]
    """As on the strand that read 1 shows."""
    name: Literal["oxoG", "deamination"] | None
    rate: Fraction | None
    """Excess over the opposite orientation per base, at least 1e-10; null in amplicons."""
    q: Phred | None
    worst_context: Context | None
    worst_context_q: Phred | None


class Orientations(Record):
    """Reads with A, C, G, T."""

    F1R2: Bases
    """Of fragments whose read 1 is forward."""
    F2R1: Bases
    """Of fragments whose read 1 is reverse."""


class ErrorSpectrum(Record):
    """Wrong bases of quality 20 or more at positions without a variant."""

    positions: Count
    """Positions counted."""
    variant_positions: Count
    """Left out: another allele in 2 reads or more and 5 % of them."""
    bases: Count
    substitution_rate: Fraction | None
    """Wrong bases per base."""
    oxog_q: Phred | None
    """Of G>T."""
    deamination_q: Phred | None
    """Of C>T."""
    artifacts: tuple[Artifact, ...]
    """The twelve changes."""
    contexts: dict[Context, Orientations]
    """By trinucleotide context on the reference's + strand."""
    not_applicable: Text | UnsetType = UNSET
    """Why `oxog_q`, `deamination_q` and the figures of `artifacts` are null: in amplicons the
    orientations cannot be compared. Absent where they can."""


class TargetDepth(Record):
    """Depth of a target, over the bases that are not N on the reference."""

    name: str
    chrom: str
    start: Start
    """0-based."""
    end: Position
    """Half-open."""
    mean_depth: Copies
    """Fragments."""
    min_depth: Count
    """Fragments."""
    quantiles: tuple[Count, Count, Count, Count, Count] | UnsetType = UNSET
    """Depth at 5, 25, 50, 75 and 95 % of the target's bases."""
    fraction_at: FractionAt | UnsetType = UNSET


class Excluded(Record):
    """A target whose reference is N throughout: no read can be placed there."""

    name: str
    chrom: str
    start: Start
    """0-based."""
    end: Position
    """Half-open."""


class Failure(Record):
    """A condition of the gate that a sample does not meet."""

    metric: str
    """Dotted name of the figure."""
    value: Number
    condition: str
    text: str
    """Sample, metric, value, condition and what follows from it."""


class Gate(Record):
    """Conditions that a sample must meet."""

    passed: bool
    failures: tuple[Failure, ...]


class Assay(Record):
    """What a sample's reads are, by a look at some of them, or as the user says."""

    library: Literal["capture", "amplicon"]
    """Fragment ends are random, or fixed."""
    library_sure: bool
    """false: too few reads, or ends between those of both."""
    reads: Literal["raw", "marked", "simplex", "duplex"]
    """marked: raw, with duplicates flagged. Of consensus reads, what most of them are."""
    consensus: Literal[
        "none", "fgbio", "marianas", "redux", "dragen", "gencore", "consensuscruncher",
        "umierrorcorrect", "simplex", "duplex",
    ]  # fmt: skip
    """Convention for the number of copies in consensus reads; simplex, duplex: every read is one,
    as set by the user."""
    umi: Literal["none", "RX", "MI", "name"]
    """Where the reads have their UMI: a tag, or the last field of their name."""
    f1r2: Fraction | None
    """Of the pairs examined, those whose read 1 is forward; null without pairs."""
    same_end: Fraction | None
    """Probability that two reads of one direction within 64 bases begin at the same base."""
    primers: bool
    """Whether the primers are given."""
    read_length: int | None
    """Median, bases."""
    insert_size: int | None
    """Median, bases; null without pairs."""
    reads_seen: Count
    """Primary reads examined."""
    duplicates_seen: Count
    """Of these, flagged as duplicates."""
    given: tuple[Literal["library", "reads", "umi"], ...]
    """Set by the user."""
    families: Literal["none", "single", "duplex"] = "none"
    """Whether reads are grouped into molecules by their UMIs: fragments of each strand by
    themselves, or of both strands together."""
    detected: Literal["capture", "amplicon"] | None = None
    """Library that the reads show beyond doubt, whatever is set; null: too few reads, or ends
    between those of both."""
    in_primers: Fraction | None = None
    """Of the reads examined, those that begin in a primer; null without primers or with few
    reads. Of libraries of one primer a target, of the reads on the primer's side."""
    behind_primers: Fraction | None = None
    """The same, just behind a primer: of reads from which the primers were trimmed off."""

    @property
    def molecular(self) -> bool:
        """Whether a fragment is a molecule: a consensus of copies, made before or by UMIs here."""
        return self.reads in ("simplex", "duplex") or self.families != "none"


class Molecules(Record):
    """Families of reads by UMI, of the molecules with a read on target."""

    reads: Count
    reads_without_umi: Count
    """Grouped by their ends alone."""
    fragments: Count
    """Pairs of reads."""
    molecules: Count
    mean_family_size: Number | None
    """Fragments of a molecule, both strands together."""
    duplex_fraction: Fraction | None
    """Molecules with fragments of both strands."""
    umi_corrected_fraction: Fraction | None
    """Fragments whose UMI differs from that of their molecule."""
    family_sizes: tuple[tuple[Count, Count], ...]
    """[fragments, molecules]; the largest size, 64, includes all larger ones."""


class SampleQc(Record):
    """Figures of a sample's reads on target."""

    sample: str
    reads_total: Count
    """Records in the file, by its index."""
    reads_on_target: Count
    """Records that overlap a target."""
    on_target_fraction: Fraction | None
    duplicate_fraction: Fraction | None
    """Of the primary reads that overlap a target, as marked."""
    mapped_fraction: Fraction | None
    mean_depth: Copies
    """Fragments, over the bases of all targets, N left out."""
    median_depth: Copies
    """Fragments."""
    fraction_at: FractionAt
    insert_size_median: int | None
    """Bases, of pairs on target; null without pairs."""
    read_length: int | None
    """The most frequent one on target, bases."""
    error_rate: Fraction | None
    """Mismatches and indel bases (NM) per aligned base on target, true variants among them; null
    without NM tags."""
    unit: Unit
    """Of depth; molecules where reads are grouped by their UMIs, or are consensus reads."""
    targets: tuple[TargetDepth, ...]
    gate: Gate
    depth_curve: tuple[tuple[Count, Fraction], ...] | UnsetType = UNSET
    """[depth, fraction of the bases at this depth or more], from 0 to the deepest 1 %."""
    insert_size_quartiles: tuple[Count, Count] | UnsetType | None = UNSET
    """Lower and upper quartile, bases; null without pairs."""
    error_spectrum: ErrorSpectrum | UnsetType = UNSET
    assay: Assay | UnsetType = UNSET
    molecules: Molecules | UnsetType = UNSET
    conversion: Copies | UnsetType = UNSET
    """Mean depth in molecules by the haploid genomes of the DNA that went into the library; absent
    where the sheet gives no `ng`, or depth is in fragments."""


class Qc(Record):
    """What each sample's reads can carry.

    Depth counts fragments: mates that overlap count once; duplicates, secondary, supplementary and
    QC-failed reads and those below mapping quality 20 count not at all.
    """

    schema: Literal["resistpanel/qc/1"]
    patient: str
    samples: Annotated[tuple[SampleQc, ...], Meta(min_length=1)]
    excluded: tuple[Excluded, ...]
    passed: bool
    """Every sample passed its gate."""
