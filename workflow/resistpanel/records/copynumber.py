"""``results/copynumber/{patient}.json``: copies, purity, contamination and identity."""

from typing import Annotated, Literal

from resistpanel.records.base import (
    UNSET,
    Copies,
    Count,
    Fraction,
    Meta,
    Number,
    Position,
    Record,
    Start,
    UnsetType,
)
from resistpanel.records.sheet import Sex

OriginOf = Literal["somatic", "germline", "not determined"]
CopyCall = Literal["amplification", "gain", "neutral", "loss", "deletion"]


class PurityAlternative(Record):
    """A range of purities that explains the data, with its number of copies of the genome."""

    value: Fraction
    low: Fraction
    high: Fraction
    baseline: int
    """Copies per tumour cell of the genome at large."""
    probability: Fraction


class TumorPurity(Record):
    """Fraction of tumour cells with its 95 % interval."""

    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    source: str
    """Where it comes from, or why there is none."""
    method: Literal["sheet", "joint", "driver", "none"]
    alternatives: tuple[PurityAlternative, ...] = ()
    """Separate ranges that the data allow, likeliest first; more than one: not unique."""


class PartialDeletion(Record):
    """Neighbouring targets of a gene without a copy, in a gene whose other targets have some."""

    start: Start
    """0-based."""
    end: Position
    """Half-open."""
    first: Position
    """Number of the first of the targets in the gene, in the order of the genome; 1-based."""
    last: Position
    """Number of the last."""
    log2: Number
    """Mean of the targets; within targets, of the first quartile of their depth against the
    third, relative to the normal."""
    probability: Fraction | None
    """null: breakpoints are within the targets, of which at least a quarter of the bases has no
    copy."""


class GeneCopies(Record):
    """Copies of a gene in a tumour."""

    gene: str
    chrom: str
    start: Start
    """0-based."""
    end: Position
    """Half-open."""
    targets: Count
    log2: Number | None
    """Of the gene's depth against the normal."""
    log2_low: Number | None
    log2_high: Number | None
    copies: Copies | None
    """Per tumour cell; null where the purity is not known."""
    copies_low: Copies | None
    copies_high: Copies | None
    call: CopyCall | None
    """By absolute copies: deletion, no copy of the gene or of a part of it (`partial`); loss, one;
    neutral, two up to the baseline. null: the gene has no usable target."""
    probability: Fraction | None
    """That the copies are not the baseline's."""
    loh: bool | None
    """One haplotype lost in all tumour cells; null: not determined."""
    balance: Fraction | None
    """Fraction of the rarer haplotype at the gene's heterozygous sites, 0 to 0.5."""
    balance_low: Fraction | None
    balance_high: Fraction | None
    sites: Count
    """Heterozygous germline substitutions in the gene."""
    partial: PartialDeletion | None = None
    """null: none was found."""
    no_gene: Literal[True] | UnsetType = UNSET
    """The name of the targets is not that of a gene of the panel's model."""
    log2_fitted: Number | UnsetType | None = UNSET
    """Expected log2 ratio given the copies, the gene's segment and its heterozygous sites; null
    where normal cells have one copy."""


class Segment(Record):
    """Neighbouring genes of one copy number."""

    chrom: str
    start: Start
    """0-based."""
    end: Position
    """Half-open."""
    genes: tuple[str, ...]
    log2: Number | None
    log2_low: Number | None
    log2_high: Number | None
    copies: Copies | None
    """Per tumour cell."""
    balance: Fraction | None
    """Fraction of the rarer haplotype, 0 to 0.5."""
    sites: Count
    """Heterozygous germline substitutions."""


class TumorCopies(Record):
    """Purity and copies of a tumour."""

    purity: TumorPurity
    baseline: int
    """Copies per tumour cell of the genome at large, to which log2 = 0 belongs."""
    target_noise: Number | None
    """Standard deviation of log2 between targets beyond counting."""
    gene_noise: Number | None
    """The same between genes, beyond their targets."""
    genes: tuple[GeneCopies, ...]
    segments: tuple[Segment, ...]
    least_deleted: Count | UnsetType | None = UNSET
    """Fewest neighbouring targets of a gene whose homozygous deletion is found in 9 of 10 genes of
    the median number of targets, given purity, noise and drop-out. null: no such deletion."""


class GeneChange(Record):
    """A gene's depth in the later against the earlier tumour."""

    gene: str
    chrom: str
    start: Start
    """0-based."""
    end: Position
    """Half-open."""
    targets: Count
    log2_ratio: Number | None
    low: Number | None
    high: Number | None
    p: Fraction | None
    q: Fraction | None
    """Benjamini-Hochberg over the genes of the pair."""
    expected: Number | None
    """What the two purities alone would give, the copies as before."""
    call: Literal["higher", "lower", "unchanged"] | None
    """higher and lower: beyond what is expected."""


class CopyPair(Record):
    """A later against an earlier tumour, without the normal."""

    pre: str
    post: str
    genes: tuple[GeneChange, ...]


class Admixture(Record):
    """A fraction of DNA from elsewhere, with its 95 % interval."""

    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    found: bool | None
    """null: too few sites."""
    evidence: Number | None
    """Log10 likelihood ratio against none."""
    sites: Count


class Agreement(Record):
    """Genotypes of two samples of the patient."""

    first: str
    second: str
    sites: Count
    """At which one of the two is homozygous for the alternative allele."""
    discordant: Count
    same: bool | None
    """Of one person; null: not determined."""


class SampleSex(Record):
    """Sex by a sample's reads."""

    sex: Sex | None
    log_odds: Number
    """Natural log odds of female against male."""
    depth_ratio: Number | None
    """Median depth of X to that of the autosomes."""
    heterozygous: int
    """Heterozygous germline substitutions on X."""


class SexCheck(Record):
    """Sex by the sheet and by the reads."""

    sheet: Sex | None
    samples: dict[str, SampleSex]


class Genotypes(Record):
    """Genotypes at the patient's germline sites, for comparison with other patients."""

    sites: tuple[str, ...]
    """chrom:pos:ref:alt, pos 1-based."""
    samples: dict[str, Annotated[str, Meta(pattern="^[012.]*$")]]
    """One character per site: 0 absent, 1 between, 2 on all copies, . too little depth."""


class PatientIdentity(Record):
    """Whether the samples are of one person."""

    agreement: tuple[Agreement, ...]
    mismatched: tuple[str, ...]
    """Samples that are not of this patient."""
    sex: SexCheck
    genotypes: Genotypes


class SampleFailure(Record):
    """A condition of the samples' gate that is not met."""

    sample: str
    metric: str
    value: Number
    condition: str
    text: str


class SamplesGate(Record):
    """Conditions on contamination and identity."""

    passed: bool
    failures: tuple[SampleFailure, ...]


class AlleleOrigin(Record):
    """Origin of an allele in a patient without a normal."""

    id: Annotated[str, Meta(pattern="^.+:[0-9]+:.+:.+$")]
    """chrom:pos:ref:alt"""
    value: OriginOf
    """somatic from a probability of 0.7 on, germline up to one of 0.02."""
    somatic: Fraction
    """Probability that the allele is somatic, given that it exists."""


class CopyNumber(Record):
    """Copy number, purity, contamination and identity of a patient's samples.

    log2 ratios are centred on the value that most autosomal genes share; intervals are of 95 %;
    fractions are between 0 and 1.
    """

    schema: Literal["resistpanel/copynumber/1"]
    patient: str
    reference: str | None
    """What the tumours' depths are compared with, in words; null: nothing, then `genes` are
    empty."""
    samples: dict[str, TumorCopies]
    """Tumours by name."""
    pairs: tuple[CopyPair, ...]
    """As in the sheet's JSON."""
    contamination: dict[str, Admixture]
    """By sample: fraction of the DNA that is another person's."""
    tumor_in_normal: dict[str, Admixture]
    """By tumour: fraction of the normal's DNA that is of this tumour sample."""
    identity: PatientIdentity
    gate: SamplesGate
    origins: tuple[AlleleOrigin, ...] | UnsetType = UNSET
    """Of every allele, regardless of its FILTER in call; absent with a normal."""
