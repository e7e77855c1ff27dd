"""``results/compare/{patient}.json``: every variant in every sample, and its states."""

from typing import Annotated, Literal

from resistpanel.core.vocabulary import STATES
from resistpanel.records.base import (
    UNSET,
    Copies,
    Count,
    Counts,
    Fraction,
    Meta,
    Number,
    Position,
    Record,
    Start,
    Text,
    Unit,
    UnsetType,
)
from resistpanel.records.copynumber import OriginOf
from resistpanel.records.sheet import Line, Pair, Role

State = Literal[STATES]
_Base = Annotated[str, Meta(pattern="^[ACGTN]$")]
_HgvsP = Annotated[str, Meta(pattern=r"^p\.")]


class Purity(Record):
    """Fraction of tumour cells with its 95 % interval; null where not known."""

    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    source: str | None
    """Where it comes from, or why there is none."""


class TumorContent(Record):
    """What the patient's variants say of the tumour in a sample."""

    detected: bool
    """A catalogued allele, several shared variants or one at a clear frequency were detected, or
    tumour DNA in plasma by all known alleles. Where it is false, nothing is concluded from what was
    not detected in the sample."""
    shared_variants: Count
    """Somatic variants detected here and in another tumour or plasma sample of the patient."""
    catalogued: bool
    """One of them is an allele of the catalogue, such as the driver."""
    median_af: Fraction | None
    """Of the shared variants detected here."""
    contradicted_purity: Fraction | None
    """A stated purity that the allele frequencies contradict; it is not used for bounds."""
    tumor_fraction: Fraction | UnsetType = UNSET
    """Of plasma in which tumour DNA was detected by all known alleles: the fraction by which they
    bound what was not detected; else absent."""


class ComparedSample(Record):
    """A sample, as in the sheet's JSON."""

    sample: str
    role: Role
    timepoint: str | None
    day: Number | None
    lesion: str | None
    purity: Purity
    tumor: TumorContent | None
    """null for a normal."""
    overdispersion: Fraction = 0.0005
    """rho of the beta-binomial with which its counts were compared."""
    damage: dict[Literal["C>T", "G>T"], Fraction] | UnsetType = UNSET
    """Of an amplicon sample, the AF below which substitutions cannot be told from damage: C>T and
    G>A by formalin, G>T and C>A by oxidation. Absent where no damage was found."""


class SampleAtLocus(Record):
    """A sample's evidence for an allele, as the caller states it."""

    ad: Counts
    """Fragments of the reference and of the allele."""
    adf: Counts
    """The same, by forward reads."""
    adr: Counts
    """The same, by reverse reads."""
    dp: Count
    """Informative fragments."""
    af: Fraction | None
    """Allele frequency."""
    af_low: Fraction | None
    """Of the 95 % interval."""
    af_high: Fraction | None
    lod: Fraction | None
    """Lowest AF that would have been called here with 95 % probability."""
    ub: Fraction | None
    """One-sided 95 % upper bound of the AF."""
    detected: bool | None
    """null: not assessable. What index hopping may explain is not detected."""
    ccf: Fraction | None
    """Cancer cell fraction, by the fewest mutated copies that explain the AF."""
    ccf_low: Fraction | None
    """Of the 95 % interval, over every number of mutated copies that the locus allows."""
    ccf_high: Fraction | None
    ub_ccf: Fraction | None
    """One-sided 95 % upper bound of the cancer cell fraction of an allele that was not detected;
    null where it was, or where no tumour was detected in the sample."""
    hopping: Fraction | None = None
    """Rate of index hopping, as a fraction of the fragments of the patient's other libraries, by
    which the fragments with the allele may be explained; null where they are not. The allele is
    then not detected."""
    lod_of_another: Fraction | UnsetType = UNSET
    """Of an inherited allele, which has no limit: that of another, new allele at its position."""
    unit: Unit | UnsetType = UNSET
    """Of the counts, where it is not fragments."""
    as_known: bool | UnsetType = UNSET
    """True where the allele was detected in plasma as one that is known from tissue or an earlier
    plasma, which requires less evidence than a call; else absent."""


class ProteinChange(Record):
    """A change of the protein: one codon of a substitution, or an indel."""

    residue: Position
    """1-based."""
    residue_end: Position
    """Last residue of an indel."""
    ref: Annotated[str, Meta(pattern="^[A-Z*]$")]
    """One-letter code of the residue."""
    alt: Text
    """One-letter code of the new residue; for other changes what the short name says after the
    position."""
    short: str
    """``C121S``"""
    hgvs_p: _HgvsP
    consequence: str


class Substitution(Record):
    """A single base of an SNV or MNV."""

    pos: Position
    """1-based."""
    ref: _Base
    alt: _Base
    residue: Position | None
    """Codon that the base is in; null outside the coding sequence."""


class PairState(Record):
    """State of a variant between two samples."""

    pre: str
    post: str
    state: State
    probability_increase: Fraction | None
    """Posterior probability that the frequency, corrected for purity, rose."""
    fold_change: Copies | None
    """Ratio of the frequencies, corrected for purity."""
    text: Text
    fold_low: Copies | UnsetType | None = UNSET
    """95 % interval of the change of an allele detected in both."""
    fold_high: Copies | UnsetType | None = UNSET


class LesionState(Record):
    """State of a variant in a lesion, between a sample before a line's first dose and one after."""

    lesion: Text
    pre: str
    post: str
    state: State
    text: Text
    fold_high: Copies | UnsetType | None = UNSET
    """Upper end of the 95 % interval of the change; only of an allele detected in both."""


class OtherTest(Record):
    """A result of another test of the patient, from the table `other_tests`."""

    number: Position
    """Of the result, by patient."""
    assay: Text
    """As typed."""
    kind: Literal["sequence", "copies", "protein", "rna"]
    """What the assay measures."""
    sample: Text | None
    timepoint: Literal["pre", "post"] | None
    day: Number | None
    lesion: Text | None
    genes: tuple[str, ...]
    alteration: Text | None
    """As typed, or as the result implies; null: the whole coding sequence of the genes."""
    allele: Text | None
    """``chrom:pos:ref:alt`` of a VCF or MAF."""
    result: Literal["positive", "negative", "not assessable"]
    value: Copies | None
    unit: Text | None
    """Of value and limit."""
    limit: Copies | None
    """Lowest value that the test would have shown, as its report states it."""
    af: Fraction | None
    """The value as an AF; null where it is none."""
    limit_af: Fraction | None
    """The limit likewise."""
    purity: Fraction | None
    """Fraction of tumour cells of the test's sample, as its report states it."""
    source: Text
    """Report, publication or file."""
    variants: tuple[str, ...]
    """Ids of the variants that the result names."""
    text: Text


class LineTest(Record):
    """What another test, taken before the first dose of a line, says of a variant."""

    test: Position
    """Number of the result."""
    says: Literal["present", "excluded", "open", "not covered"]
    """present: it lists the variant; excluded: it covers the variant, did not find it, and its
    limit leaves at most a small fraction of the tumour cells; open: it did not find it, and its
    limit or tumour content leaves it open; not covered: nothing follows from it."""
    ub_ccf: Fraction | None
    """Cancer cell fraction that its limit leaves open; null where that is not known."""
    text: Text


class LineState(Record):
    """A variant under a line of therapy."""

    line: Position
    """Number of the line."""
    state: State | None
    """Over the lesions; null where no sample was taken before the first dose, or none after it."""
    before: Literal["present", "possible", "excluded", "not known"] | None
    """present: detected in a sample before the first dose; possible: supported there beyond
    error, or the bounds overlap; excluded: every adequate sample before it excludes the variant,
    and there is one; null where no sample was taken before the first dose."""
    shown_by: tuple[str, ...]
    """Samples before the first dose in which it was detected."""
    excluded_by: tuple[str, ...]
    """Adequate samples before the first dose that exclude it; where no later sample shows it, all
    of those in which it was not detected."""
    inadequate: tuple[str, ...]
    """Samples before the first dose in which it was not detected and that do not exclude it."""
    ub_ccf: Fraction | None
    """Upper bound of the cancer cell fraction before, the highest over `excluded_by`."""
    why: Text | None
    """Why it is not known whether it was present before; null where that is known."""
    lesions: tuple[LesionState, ...]
    text: Text
    ccf_below_1: Fraction | None = None
    """Probability that the cancer cell fraction was below 1 % before the first dose, in every
    lesion that was sampled; null without an adequate sample."""
    ccf_below_5: Fraction | None = None
    """Likewise, below 5 %."""
    tests: Annotated[tuple[LineTest, ...], Meta(min_length=1)] | UnsetType = UNSET
    """Other tests taken before the first dose; they contribute to `state` and `before`, and one of
    them may replace an earlier sample of a lesion."""


class Course(Record):
    """A variant in the samples of a lesion, or in plasma, over time."""

    lesion: Text
    samples: tuple[str, ...]
    """In order of time."""
    steps: tuple[State, ...]
    """States between one sample and the next."""
    status: Literal["present", "not detected", "not known"]
    """In the latest sample; not known where it could not have shown the variant."""
    text: Text
    """``fell, then returned``"""


class Phase(Record):
    """Fragments that cover another variant's site too."""

    other: str
    """Id of the other variant."""
    cis: Count
    """With both alleles."""
    trans: Count
    """With this allele alone."""


class Haplotype(Record):
    """Alleles of one molecule that are read together."""

    others: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Ids of the other alleles."""
    alone: _HgvsP
    """HGVS p. name of the allele without them."""


class Reverted(Record):
    """A truncating allele of the gene that the allele reverts, if both are of one molecule."""

    other: str
    """Its id."""
    kind: Literal["frame", "codon", "deletion", "replaced"]
    """frame: a second frameshift compensates the first; codon: another codon, or another base of
    the splice site; deletion: the bases or the exon that hold it are gone; replaced: they are
    others."""
    instead: bool
    """The molecule has it instead of the truncating allele: no fragment can show both."""
    together: _HgvsP
    """HGVS p. name of the molecule's protein, which reaches the annotated stop codon."""


class Unphased(Record):
    """An allele of the codon that may be on the same molecules; the fragments do not show it."""

    other: str
    """Its id."""
    together: _HgvsP
    """HGVS p. name that the two would have."""


class Origin(Record):
    """Origin of an allele of a patient without a normal."""

    value: OriginOf
    somatic: Fraction
    """Probability that it is somatic, given that it exists."""


class Junction(Record):
    """Two places of the genome that an event joins."""

    name: Text | None
    """``EGFRvIII``, ``MET exon 14 deletion``; null outside of the panel's genes."""
    chrom: str
    """Of the second breakend."""
    pos: Position
    """Of the second breakend, 1-based."""
    length: int | None
    """Bases lost (negative) or gained; null of what is no deletion or duplication."""
    inserted: Count
    """Bases inserted between the two."""
    homology: Count
    """Bases that are the same at both breakends, within which the junction may be anywhere."""
    precise: bool
    """False where pairs of reads alone show it."""
    exons: Text | None
    """Lost, duplicated or cut, as ``EGFR:2-7``."""
    fusion: Text | None
    """``EML4::ALK``, the 5' gene first; ``?`` is outside of the panel's genes."""
    frame: Literal["in_frame", "out_of_frame", "unknown"] | None
    kinase: Literal["kept", "lost", "cut", "duplicated"] | None
    """What becomes of the gene's kinase domain."""


class SequenceReference(Record, rename="camel"):
    """A sequence, by its content."""

    type: Literal["SequenceReference"]
    refget_accession: Annotated[str, Meta(pattern="^SQ\\.[0-9A-Za-z_-]{32}$")]
    """Of the contig in the reference given; in upper case, whole."""


class SequenceLocation(Record, rename="camel"):
    """An interval of a sequence."""

    id: Annotated[str, Meta(pattern="^ga4gh:SL\\.[0-9A-Za-z_-]{32}$")]
    type: Literal["SequenceLocation"]
    sequence_reference: SequenceReference
    start: Start
    """0-based."""
    end: Start
    """Half-open."""


class VrsState(Record, rename="camel"):
    """What replaces the interval."""

    type: Literal["LiteralSequenceExpression", "ReferenceLengthExpression"]
    sequence: str | UnsetType = UNSET
    """Of a LiteralSequenceExpression."""
    length: Count | UnsetType = UNSET
    """Of a ReferenceLengthExpression: bases, which repeat those of the reference."""
    repeat_subunit_length: Count | UnsetType = UNSET
    """Bases of the repeat unit."""


class Vrs(Record, rename="camel"):
    """Allele of GA4GH VRS 2.0, fully justified, with its computed identifiers."""

    id: Annotated[str, Meta(pattern="^ga4gh:VA\\.[0-9A-Za-z_-]{32}$")]
    type: Literal["Allele"]
    location: SequenceLocation
    state: VrsState


class Variant(Record):
    """A variant in every sample of the patient."""

    id: Annotated[str, Meta(pattern="^.+:[0-9]+:.+:.+$")]
    """chrom:pos:ref:alt"""
    chrom: str
    pos: Position
    """1-based; alleles are left-aligned VCF alleles."""
    ref: Text
    alt: Text
    type: Literal["SNV", "MNV", "INS", "DEL", "DUP", "COMPLEX", "INV", "BND"] | None
    filters: Annotated[tuple[str, ...], Meta(min_length=1)]
    model: Literal["somatic", "germline", "contamination", "artifact", "absent"] | None
    somatic_phred: Copies | None
    """Phred-scaled posterior probability that the variant is not somatic."""
    gene: Text | None
    transcript: Text | None
    consequence: Annotated[str, Meta(pattern="^[a-z_&]+$")] | None
    """Sequence Ontology terms, the most severe first, joined by &."""
    hgvs_c: Annotated[str, Meta(pattern=r"^c\.")] | None
    hgvs_p: _HgvsP | None
    protein: Text | None
    """Short form, ``C121S``; two codons joined by a comma."""
    protein_changes: tuple[ProteinChange, ...]
    """One per codon of a substitution; one of an indel."""
    substitutions: tuple[Substitution, ...]
    """The single bases of an SNV or MNV; else empty."""
    splice: bool
    """At a splice site."""
    sites: tuple[str, ...]
    """Catalogue ids of this forced site."""
    samples: dict[str, SampleAtLocus]
    """By sample."""
    states: tuple[PairState, ...]
    """One per pair."""
    state: State | None
    """Under the latest line of therapy with samples; null where no sample was taken before it."""
    lines: tuple[LineState, ...]
    """One per line of therapy."""
    courses: tuple[Course, ...]
    """One per lesion, and one of the plasma samples."""
    status: Literal["present", "gone", "absent", "not known"]
    """Over the latest sample of each lesion: present in one; gone: detected earlier, in none of
    them; absent: never detected; not known: a latest sample could not have shown it."""
    reported: bool
    """FILTER is PASS; others are near misses or absent catalogue sites. Without a normal the origin
    replaces the caller's germline filters, and `filters` is updated."""
    phase: tuple[Phase, ...] | UnsetType = UNSET
    population_af: Fraction | UnsetType = UNSET
    """Allele frequency in the germline resource."""
    refseq: Text | UnsetType = UNSET
    """The transcript in RefSeq, where the panel names it."""
    usual_name: Text | UnsetType = UNSET
    """Of a splice change, of MET exon 14 skipping, of a TERT promoter hotspot."""
    not_annotated: Text | UnsetType = UNSET
    """Why there are no names, or none of the protein."""
    haplotype: Haplotype | UnsetType = UNSET
    """Names and consequence are those of these alleles together; absent if of this one alone."""
    unphased: Annotated[tuple[Unphased, ...], Meta(min_length=1)] | UnsetType = UNSET
    reverts: Annotated[tuple[Reverted, ...], Meta(min_length=1)] | UnsetType = UNSET
    """Truncating alleles of the gene that it reverts, by translation."""
    real: Fraction | None = None
    """Probability that the allele is neither error, artifact nor another person's; null where the
    calls state no odds."""
    origin: Origin | UnsetType = UNSET
    """Only without a normal."""
    junction: Junction | UnsetType = UNSET
    """Of a symbolic allele or a breakend; of a pair of breakends the first is given."""
    vrs: Vrs | UnsetType = UNSET
    """Absent of a junction, and of a catalogue site that was not detected."""
    white_cells: Text | UnsetType = UNSET
    """Why the allele of a plasma may be of white cells (clonal haematopoiesis)."""


class LesionsOfVariant(Record):
    """Lesions by whether a variant was detected there."""

    kind: Literal["truncal", "shared", "private", "absent"] | None
    """Null with one lesion alone, or where a lesion that could not have shown it leaves it open."""
    detected: tuple[str, ...]
    not_detected: tuple[str, ...]
    """Their samples could have shown it."""
    unknown: tuple[str, ...]


class Lesions(Record):
    """Where in the body variants are."""

    samples: dict[str, tuple[str, ...]]
    """Tumour samples of each lesion."""
    variants: dict[str, LesionsOfVariant]
    """By variant id, germline variants left out."""


class PairChanges(Record):
    """The changes of all shared variants between two samples."""

    pre: str
    post: str
    tested: Count
    """Shared variants detected in both."""
    changed: Count
    """Of these, rising or falling."""
    unchanged_fraction: Fraction
    """Estimated fraction of variants that did not change."""
    spread: Copies
    """Width of their log ratios over what counting explains, 1 or more."""
    false_discovery_rate: Fraction | None
    """Expected fraction of the changed that did not change; null where none is called."""


class CloneInSample(Record):
    """A clone in a sample: fractions of the tumour cells."""

    ccf: Fraction
    """Median of the cancer cell fraction."""
    low: Fraction
    """Of the 95 % interval."""
    high: Fraction
    upper: Fraction
    """One-sided 95 % upper bound, of a clone that is there."""
    absent: Fraction
    """Probability that it is in no cell."""
    alone: Fraction | None
    """Fraction of cells that have the variants of this clone and of none below it, in the most
    probable tree; null for a clone that is in no tree."""


class CloneBefore(Record):
    """A clone before the first dose of a line of therapy."""

    line: Position
    upper: Fraction | None
    """Highest upper bound over the samples; null without one."""
    samples: tuple[str, ...]
    """Taken before the first dose, with detectable tumour."""


class Clone(Record):
    """Variants that are in the same cells, by their cancer cell fractions in all samples."""

    name: Text
    """``1``, ``2``, by descending mean cancer cell fraction."""
    variants: Annotated[tuple[str, ...], Meta(min_length=1)]
    samples: dict[str, CloneInSample]
    position: Literal["first", "below", "varies", "in no tree", "not placed"]
    """first: of no other clone, in every tree of the 95 % set; below: of the same parent in every
    tree; varies: the trees differ; in no tree: the sum rule fails; not placed: too many trees
    fit."""
    parent: str | None
    """The same in every tree of the 95 % set; else null."""
    before: tuple[CloneBefore, ...]
    """One per line of therapy."""


class CloneTree(Record):
    """A tree under the sum rule."""

    parents: dict[str, str | None]
    """By clone; null for a clone that has none."""
    probability: Fraction


class SumRuleConflict(Record):
    """A clone that fits into no tree, with what fits best."""

    clone: Text
    parent: str | None
    siblings: tuple[str, ...]
    """With these it is in more cells than the parent."""
    children: tuple[str, ...]
    """Clones that it would be the parent of."""
    sample: str
    """Where the sum rule fails most clearly."""
    excess: Fraction
    """Mean of the fraction of tumour cells by which it fails there."""
    probability: Fraction
    """That it holds there."""
    text: Text


class Clones(Record):
    """Clones and the trees that relate them."""

    samples: tuple[str, ...]
    """Tumour and plasma samples with detectable tumour, in the order of the sheet."""
    without_tumor: tuple[str, ...]
    """The others: not used."""
    clones: tuple[Clone, ...]
    trees: tuple[CloneTree, ...]
    """The most probable of the 95 % set, at most 20."""
    tree_count: Count
    """Trees of the 95 % set."""
    ancestors: tuple[tuple[str, str], ...]
    """Clone and a clone that arose in its cells, in every tree of the 95 % set."""
    apart: tuple[tuple[str, str], ...]
    """Clones on different branches in every tree of the 95 % set."""
    conflicts: tuple[SumRuleConflict, ...]


class Germline(Record):
    """What was withheld of the patient's inherited variants, by consent."""

    policy: Literal["pathogenic", "mask"]
    """pathogenic: all but those predicted to inactivate a named gene; mask: all."""
    listed: tuple[str, ...]
    """Ids of the inherited variants that are kept."""
    text: Text


class KnownAllele(Record):
    """An allele known from tissue, or an earlier plasma, in a plasma sample."""

    id: str
    """Of the variant."""
    source: str
    """Sample from which it is known."""
    detected: bool | None
    """As a known allele: `alt` is `critical` or more. null: not assessable."""
    alt: Count
    """Fragments with the allele; molecules where the calls count molecules."""
    depth: Count
    critical: Count | None
    """Fewest fragments that errors alone show in at most 0.1 %; null where errors, or a recurrent
    artifact, leave none."""
    expected_errors: Number | None
    """Fragments expected with the allele from errors alone."""
    limit: Fraction | None
    """Lowest AF at which it would have been detected with 95 % probability."""
    upper: Fraction | None
    """One-sided 95 % upper bound of the AF."""
    tumor_af: Fraction
    """AF in pure tumour DNA, as the source shows it."""
    left_out: Text | None
    """Why it does not count for the test of all alleles; null if it does."""


class FollowUp(Record):
    """A plasma sample tested for the patient's known alleles."""

    sample: str
    known: tuple[KnownAllele, ...]
    used: Count
    """Alleles that count for the test of all."""
    detected: bool | None
    """Whether tumour DNA was detected by all of them; null without an allele to test. What index
    hopping may explain is not detected."""
    p: Fraction | None
    """Probability of as much evidence without tumour DNA."""
    tumor_fraction: Fraction | None
    """Fraction of the cell-free DNA that is of the tumour; null where not detected."""
    low: Fraction | None
    """Of the 95 % interval."""
    high: Fraction | None
    upper: Fraction | None
    """One-sided 95 % upper bound of the tumour fraction."""
    limit: Fraction | None
    """Lowest tumour fraction that would have been detected with 95 % probability."""
    hopping: Fraction | None
    """Rate of index hopping from the patient's other libraries that would explain what was
    detected, where such a rate is considered; null otherwise."""
    text: Text


class Compare(Record):
    """Every variant of a patient in every sample, and its state between time points."""

    schema: Literal["resistpanel/compare/1"]
    patient: str
    samples: Annotated[tuple[ComparedSample, ...], Meta(min_length=1)]
    """As in the sheet."""
    pairs: tuple[Pair, ...]
    lines: tuple[Line, ...]
    """Of therapy, as in the sheet."""
    variants: tuple[Variant, ...]
    lesions: Lesions
    changes: tuple[PairChanges, ...]
    """Of pairs with five or more shared variants."""
    clones: Clones | UnsetType = UNSET
    """Of patients with three or more samples with detectable tumour; else absent."""
    germline: Germline | UnsetType = UNSET
    """Absent where inherited variants are not withheld."""
    follow_up: tuple[FollowUp, ...] | UnsetType = UNSET
    """Of patients with plasma samples, in order of time; else absent."""
    other_tests: Annotated[tuple[OtherTest, ...], Meta(min_length=1)] | UnsetType = UNSET
    """Results of other tests; absent without any."""
