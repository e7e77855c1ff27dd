"""``results/report/{patient}.json``: everything that a patient's page shows."""

from typing import Annotated, Any, Literal

from resistpanel.records.assay import AssayUsed
from resistpanel.records.base import (
    UNSET,
    Count,
    Fraction,
    Meta,
    Number,
    Position,
    Record,
    UnsetType,
)
from resistpanel.records.biomarkers import Biomarkers
from resistpanel.records.callers import Callers
from resistpanel.records.compare import Compare, State
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.qc import Qc
from resistpanel.records.resist import Resist
from resistpanel.records.review import Review
from resistpanel.records.sheet import Sheet


class ReadLine(Record):
    """A fragment, one character per base of the window; signs are in docs/report.md."""

    kind: Literal["alt", "ref", "other"]
    chars: str
    marks: str


class SampleReads(Record):
    """Fragments of a sample around a variant."""

    every: Position
    """One in this many fragments was examined."""
    counts: dict[str, Count]
    """Fragments by kind."""
    lines: tuple[ReadLine, ...]
    note: str | None


class AmpliconCounts(Record):
    """Fragments of one amplicon over a variant."""

    start: Count
    """0-based."""
    end: Position
    """Half-open."""
    alt: Count
    """With the allele."""
    depth: Count


class VariantReads(Record):
    """Fragments around a variant."""

    start: Count
    """Of the window, 0-based."""
    bases: str
    """Of the reference."""
    samples: dict[str, SampleReads]
    amplicon_dropout: dict[str, tuple[AmpliconCounts, ...]] | UnsetType = UNSET
    """By sample, where overlapping amplicons differ in the allele's frequency beyond chance."""


class Reads(Record):
    """Fragments around variants."""

    flank: Count
    """Bases on either side."""
    min_mapq: Count
    variants: dict[str, VariantReads]
    """By variant id."""


class PublishedRow(Record):
    """A row of a published table."""

    gene: str | None
    change: str | None
    """hg18, as printed."""
    protein: str | None
    type: str | None
    af_percent: Number | None
    before: str | None
    within: dict[str, bool] | None
    """Whether the 95 % interval of a sample includes the printed fraction."""
    note: str | None


class TableSample(Record):
    """A sample's figures in a row of Table 1."""

    af: Fraction | None
    af_low: Fraction | None
    af_high: Fraction | None
    detected: bool | None
    ub: Fraction | None
    lod: Fraction | None


class TableRow(Record):
    """One single-base substitution (or one other event) of a reported variant."""

    variant: str | None
    """Id in compare; null for a printed row that was not called."""
    event: int
    """Rows of one phased event have the same number."""
    gene: str | None
    change: str
    """HGVS g. in the build of the report."""
    protein: str | None
    """In the transcript of the panel."""
    transcript: str | None
    type: str
    state: State | None
    published: PublishedRow | None
    samples: dict[str, TableSample]


class SubstitutionContexts(Record):
    """Neighbours of the substitutions."""

    counts: dict[str, Count]
    """By context, of the 96 those that occur."""
    known: Count
    """Their sum."""
    dipyrimidine: Count
    """C>T next to another pyrimidine."""
    c_to_t: Count


class Spectrum(Record):
    """Substitutions of the reported variants."""

    substitutions: int
    events: int
    """Phased bases counted as one."""
    classes: dict[str, int]
    """By pyrimidine class."""
    c_to_t: int
    c_to_t_fraction: Fraction | None
    low: Fraction | None
    """Of the 95 % Jeffreys interval."""
    high: Fraction | None
    c_to_t_events: int
    tandem_cc_tt: int
    outside: int
    """Reported variants that are not made of substitutions."""
    contexts: SubstitutionContexts | None
    """Null without a reference."""


class InputFile(Record):
    """A file that the report was made from."""

    role: str
    path: str
    bytes: int | None
    sha256: str | None
    note: str | UnsetType | None = UNSET


class Provenance(Record):
    """What the report was made by and from."""

    version: str
    command: str | None
    created: str
    """ISO 8601, UTC."""
    inputs: tuple[InputFile, ...]
    parameters: dict[str, Any]
    """Of the header of the annotated VCF."""
    software: dict[str, str]
    """Versions."""
    assay: AssayUsed | UnsetType = UNSET
    """Assay that the calls were made with; absent without one."""


class JunctionLimit(Record):
    """Lowest AF of a new junction that would have been called with 95 % probability, by depth."""

    sample: str
    exons: Fraction | None
    """With both breakpoints in exons, at the least covered exon; null: none."""
    introns: Fraction | None
    """With a breakpoint in a covered intron, at the least covered of them; null: none."""


class GeneJunctions(Record):
    """What of a gene's fusions, deletions and duplications could be seen."""

    gene: str
    introns_covered: tuple[int, ...]
    """By the number of the exon before."""
    introns_not_covered: Count
    """Introns between coding exons; junctions with breakpoints there are not excluded."""
    limits: tuple[JunctionLimit, ...]
    """Every tumour, in the order of qc."""
    text: str


class Report(Record):
    """Everything the HTML page shows; the HTML is rendered from this alone."""

    schema: Literal["resistpanel/report/1"]
    patient: str
    build: str | None
    """hg19, hg38 or null."""
    sheet: Sheet
    qc: Qc
    compare: Compare
    resist: Resist
    copynumber: CopyNumber | None
    evidence: Reads | None
    table1: tuple[TableRow, ...]
    spectrum: Spectrum
    filters: dict[str, str]
    """Descriptions, by FILTER id of the VCF."""
    provenance: Provenance
    callers: Callers | UnsetType | None = UNSET
    """Null or absent without other callers."""
    review: Review | UnsetType | None = UNSET
    """Decisions on the findings; null or absent without any."""
    biomarkers: Biomarkers | UnsetType | None = UNSET
    """Null or absent where they were not measured."""
    junction_limits: tuple[GeneJunctions, ...] | UnsetType = UNSET
    """Genes with a known kinase domain or tandem duplications; absent without the panel's genes."""
    igv: Annotated[str, Meta(pattern=r"^\./")] | UnsetType = UNSET
    """Address of the IGV page of the findings, relative to the HTML page; absent without one."""
