"""``results/resist/{patient}.json``: catalogue matches, mechanisms and the verdict."""

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType, field

from resistpanel.core.vocabulary import STATES
from resistpanel.records.base import (
    Copies,
    Count,
    Fraction,
    Meta,
    Number,
    Position,
    Record,
    Text,
)
from resistpanel.records.sheet import Drug

#: What an alteration does against the drug; also a column of the catalogue.
MechanismClass = Literal[
    "on_target_mutation", "on_target_amplification", "on_target_splice_or_duplication",
    "upstream_activation", "bypass", "downstream_mutation", "reversion", "other", "none",
]  # fmt: skip
EvidenceLevel = Literal[
    "clinical", "case report", "preclinical in vivo", "in vitro", "screen", "inferred"
]
MatchLevel = Literal["exact", "codon", "range", "gene", "class", "pathway"]
DrugMatch = Literal["drug", "class", "target", "stretch", "other"]
Direction = Literal["resistance", "none", "sensitivity"]
#: ``absent``: under the latest line in none of its samples, but in one of an earlier line or of
#: another lesion.
FindingState = Literal[STATES]


class Verdict(Record):
    """The answer."""

    kind: Literal["mechanism", "candidate", "none", "not_assessed"]
    """not_assessed: no drug is given between the samples, or of none of them is anything known; the
    confidence is then low."""
    sentence: str
    confidence: Literal["high", "moderate", "low"]
    reasons: tuple[str, ...]
    key_variants: tuple[str, ...]
    """Ids of the findings that the sentence names."""
    inherited: Annotated[tuple[str, ...], Meta(min_length=1)] | UnsetType = UNSET
    """Ids of the germline variants that are reported to confer resistance to a drug of the line;
    absent if there are none."""
    swapped: Annotated[tuple[str, ...], Meta(min_length=1)] | UnsetType = UNSET
    """Samples behind the verdict that are not of this patient: it is not valid. Absent if there are
    none."""


class Driver(Record):
    """The sensitising driver, and whether the tumour still has it."""

    variant: str | None
    gene: str | None
    protein: str | None
    state: Literal["retained", "present", "lost", "absent", "unknown"]
    text: str


class Mechanism(Record):
    """What an alteration does against one drug."""

    drug: str
    mechanism_class: MechanismClass
    text: str


class CoursePoint(Record):
    """An alteration in a tumour sample."""

    sample: str
    timepoint: str | None
    day: Number | None
    lesion: str | None
    detected: bool | None
    af: Fraction | None
    af_low: Fraction | None
    af_high: Fraction | None
    ub: Fraction | None
    """One-sided 95 % upper bound of the AF."""


class Evidence(Record):
    """A row of the catalogue that matches."""

    id: str
    drugs: tuple[str, ...]
    disease: str | None
    evidence_level: EvidenceLevel
    effect_size: str | None
    source: str
    pmid: str | None
    """PubMed ids, separated by ;"""
    note: str | None
    direction: Direction
    mechanism_class: MechanismClass
    match_level: MatchLevel | None
    """class: the variant is one of its gene's activating alterations."""
    drug_match: DrugMatch | None
    """drug: the row names the drug given; class: its class."""
    disease_match: bool | None
    """null: not given."""


class Confidence(Record):
    """How sure a finding is: whether it is real, whether it was there before, whether it is more
    than a chance match."""

    real: Fraction | None
    """Probability that the allele is neither error, artifact nor another person's; null for
    copy-number changes, and where the calls state no odds."""
    ccf_below_1: Fraction | None
    """Probability that before the latest line of therapy it was in less than 1 % of the tumour
    cells, in every lesion that was sampled; null without an adequate sample."""
    ccf_below_5: Fraction | None
    """Likewise, in less than 5 %."""
    tier: Literal[1, 2, 3, 4]
    """Of evidence: 1: in patients of this disease, for this alteration and drug or its class; 2:
    one of these does not hold; 3: several do not; 4: not in the catalogue for this drug."""
    chance_matches: Copies | None
    """Matches of the catalogue as close, of this tier or a stronger one, that are expected by
    chance among the new variants; null where the panel was not given, and for tier 4."""
    new_variants: Count
    """Variants (of a copy-number change: genes with such a change) that relapse brought, or may
    have brought."""
    probability: Fraction | None
    """That the finding is real, no chance match, and, if acquired, was in less than 5 % of the
    tumour cells before; null where one of the numbers is."""
    text: str
    """The numbers in words."""
    expected_mechanisms: Copies | UnsetType = UNSET
    """Mechanisms that match the catalogue like this one, expected in a patient who relapsed; absent
    where `chance_matches` is."""


class EvidenceGrade(Record):
    """The evidence of a finding by the scales of guidelines, beside the catalogue's level."""

    amp_tier: Literal["I", "II", "III"]
    """Of AMP, ASCO and CAP (2017)."""
    amp_level: Literal["A", "B", "C", "D"] | None
    """A: label or guideline for this disease; B: series of patients with it; C: of another
    disease; D: single patients, models; null for candidates."""
    escat: Literal["I", "II", "III", "IV", "X"] | None
    """Tier of ESCAT, as if for response; null for single patients, for whom it has none."""
    cases: Count | None
    """Patients in whom it was reported; null where a series does not record the number."""
    publications: Count
    """On patients."""
    text: str
    """The same in words."""


class Finding(Record):
    """A reported somatic alteration, ranked."""

    rank: Position
    variant: str
    """Id in compare.json, or copynumber:GENE:call."""
    gene: str
    protein: str | None
    label: str
    state: FindingState | None
    """Under the latest line of therapy, as in compare.json."""
    before: Literal["present", "possible", "excluded", "not known"] | None
    """Whether it was there before that line; null: no sample was taken before it."""
    status: Literal["present", "gone", "absent", "not known"] | None
    """In the latest samples."""
    trajectory: tuple[str, ...]
    """Its course in each lesion of three or more samples, in words."""
    mechanism_class: MechanismClass
    mechanism_text: str | None
    mechanisms: tuple[Mechanism, ...]
    """One per drug given that the catalogue or the graph connects."""
    match_level: MatchLevel | None
    drug_match: DrugMatch | None
    direction: Direction | None
    effect: Literal["known", "candidate", "driver", "other_driver", "not_connected", "no_effect"]
    """known: reported to cause resistance to a drug given; candidate: may cause it, by its position
    in the pathway; driver: of a drug given; other_driver: a known driver of no drug given;
    not_connected: its gene is not in the pathway of the drug; no_effect: none is known."""
    driver: bool
    """It is the sensitising driver."""
    distribution: Literal["truncal", "shared", "private"] | None
    course: tuple[CoursePoint, ...]
    """Every tumour in the order of the sheet."""
    pro: tuple[str, ...] = field(name="for")
    """Reasons for it."""
    contra: tuple[str, ...] = field(name="against")
    """Reasons against it."""
    evidence: tuple[Evidence, ...]
    """Rows for a drug given, the closest first."""
    other_evidence: tuple[Evidence, ...]
    """Rows for other drugs."""
    grade: EvidenceGrade | None
    """Of known alterations and candidates; else null."""
    confidence: Confidence | None = None
    """Of known alterations and candidates; else null."""
    damaged: Text | UnsetType = UNSET
    """Why it cannot be told from damage of the DNA, which the probabilities of
    `confidence` do not consider; absent where it can."""


class AllelesExamined(Record):
    """Catalogued alleles for the drugs of a line that no sample of it shows."""

    alleles: Count
    """Examined in a sample or more."""
    not_assessable: Count
    """Not assessable in a sample or more."""
    worst_ub: Fraction | None
    """Highest upper bound of the AF over alleles and samples; null: none was examined."""


class LesionVerdict(Record):
    """The answer for one lesion, or for plasma, under a line of therapy."""

    lesion: Text
    samples: tuple[str, ...]
    """Of the line."""
    verdict: Verdict
    examined: AllelesExamined | UnsetType = UNSET
    """In the samples of the lesion."""


class LineVerdict(Record):
    """The answer for one line of therapy."""

    line: Position
    """Number of the line; a line without samples is part of the next one."""
    drugs: tuple[str, ...]
    """Canonical names."""
    baseline: tuple[str, ...]
    """Samples before the first dose."""
    samples: tuple[str, ...]
    verdict: Verdict
    driver: Driver
    lesions: tuple[LesionVerdict, ...]
    """Where the line has samples of several lesions."""
    examined: AllelesExamined | UnsetType = UNSET
    """In the samples of the line."""


class ConvergingVariant(Record):
    """One of several alterations with one effect."""

    variant: str
    label: str
    samples: tuple[str, ...]
    lesions: tuple[str, ...]


class Convergence(Record):
    """Where several resistance alterations of a patient meet."""

    text: str
    gene: str | None
    node: str | None
    """Label of the first node of the pathway that all act through."""
    variants: tuple[ConvergingVariant, ...]


class ExpectedToFail(Record):
    """A drug to which the alteration is likely to confer resistance as well."""

    drug: str
    classes: tuple[str, ...]
    reason: str
    evidence: tuple[str, ...]
    """Catalogue ids."""
    driver: tuple[str, ...] | UnsetType = UNSET
    """Genes for whose alteration the drug is given, if the tumour shows none of these drivers."""


class TherapyOption(Record):
    """A therapy that the literature mentions for an alteration."""

    option: str
    reason: str
    source: str
    pmid: str | None
    """PubMed ids, separated by ;"""
    variant: str = field(name="for")
    """The variant it is named for."""


class NegativeSite(Record):
    """A catalogued allele that was not found in a sample after treatment."""

    site: str
    """The allele, as in compare.json."""
    ids: tuple[str, ...]
    """Catalogue rows."""
    gene: str
    protein: str | None
    drugs: tuple[str, ...]
    pos: str
    """contig:position, 1-based."""
    sample: str
    dp: int | None
    """Informative fragments."""
    ub: Fraction | None
    lod: Fraction | None
    assessable: bool


class NotInDna(Record):
    """A catalogue row of a change that the DNA of coding exons does not show."""

    id: str
    gene: str
    alteration: str
    note: str


class CopiesExamined(Record):
    """A gene with catalogue rows of copy number for the drugs given, which was examined."""

    gene: str
    call: str
    """`amplification` or `deletion`."""
    ids: tuple[str, ...]
    """Catalogue ids."""


class Coverage(Record):
    """How much of the catalogue could be examined after treatment."""

    rows: int
    sites: int
    not_assessable: int
    median_ub: Fraction | None
    worst_ub: Fraction | None
    without_site: tuple[str, ...]
    """Catalogue ids."""
    copy_number: bool
    """Copy number was examined."""
    not_in_dna: tuple[NotInDna, ...]
    genes_off_panel: tuple[str, ...] | UnsetType = UNSET
    """Genes with catalogue rows for the drugs given that the panel does not cover; absent where
    the panel is not known."""
    copies: tuple[CopiesExamined, ...] | UnsetType = UNSET
    """Genes whose amplification, deletion or loss the catalogue lists for the drugs given, and
    whose copy number was examined; absent where none was."""


class NotAssessed(Record):
    """A drug of the line to which resistance is not assessed."""

    drug: str
    reason: Text


class NearMiss(Record):
    """A catalogued alteration that fails a filter."""

    variant: str
    gene: str
    protein: str | None
    filters: tuple[str, ...]
    samples: tuple[str, ...]
    evidence: tuple[str, ...]
    """Catalogue ids."""


class ExcludedVariant(Record):
    """A germline variant that the catalogue lists."""

    variant: str
    gene: str
    protein: str | None
    reason: str
    inherited_resistance: bool
    """It is too rare among people to be a polymorphism, and may be why the tumour did not
    respond."""
    drugs: tuple[str, ...]
    """Drugs given to which the catalogue lists it as resistance."""
    evidence: tuple[str, ...]
    """Catalogue ids."""


class Node(Record):
    """A node of the pathway."""

    id: str
    label: str
    role: str
    genes: tuple[str, ...]
    altered: tuple[str, ...]
    """Variant ids."""


class Edge(Record):
    """An edge of the pathway."""

    source: str
    target: str
    sign: Literal[1, -1]
    """1 activates, -1 inhibits."""


class Pathway(Record):
    """The part of the pathway around the drugs' targets."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    drug_targets: tuple[str, ...]
    """Node ids."""


class TruncatingAllele(Record):
    """A truncating or splice allele of a gene whose reversion the catalogue lists."""

    variant: str
    label: str
    inherited: bool


class FoundReversion(Record):
    """An alteration that reverts a truncating allele of its gene."""

    variant: str
    label: str
    of: str
    """Id of the truncating allele."""
    kind: Literal["frame", "codon", "deletion", "replaced"] | None
    """See compare.json; null where the names alone are known."""
    together: str | None
    """HGVS p. name of the molecule's protein."""
    phase: Literal["cis", "cis and trans", "unknown", "instead"]
    """cis: its fragments have the truncating allele as well; instead: it replaces the truncating
    allele, so that no fragment can show both."""
    fragments: Count
    """Fragments with both."""
    state: FindingState | None
    """Under the latest line of therapy."""
    before: Literal["present", "possible", "excluded", "not known"] | None
    samples: tuple[str, ...]
    """Tumours in which it was detected."""


class ReversionLimit(Record):
    """What a sample would have shown of a reversion at the place of the truncating allele."""

    sample: str
    lod: Fraction | None
    """Lowest AF of a new allele at the truncating one that would have been called with 95 %
    probability, the highest over the truncating alleles; null: none."""
    reversions: Count
    """Distinct ones detected in the sample."""


class GeneReversions(Record):
    """Truncating alleles of a gene, what reverts them, and to which limit none was found."""

    gene: str
    alleles: Annotated[tuple[TruncatingAllele, ...], Meta(min_length=1)]
    found: tuple[FoundReversion, ...]
    distinct: Count
    limits: tuple[ReversionLimit, ...]
    """Every tumour, in the order of the sheet."""
    text: str


class FoundWith(Record):
    """An alteration of the patient in a gene that the review names."""

    variant: str
    label: str
    state: str | None


class CoAlteration(Record):
    """What the review says of a gene altered together with NRAS, and what was found here."""

    gene: str
    kind: str
    statement: str
    contradiction: str
    section: str
    source: str
    pmid: str
    found: tuple[FoundWith, ...]


class Topic(Record):
    """What is published on a situation that the patient is in; rows of tables of the knowledge
    folder, by column."""

    topic: str
    variants: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Ids."""
    disease_given: bool
    caution: str
    biology: tuple[dict[str, str], ...]
    therapies: tuple[dict[str, str], ...]
    other_therapies: tuple[dict[str, str], ...]
    trials: tuple[dict[str, str], ...]
    co_alterations: tuple[CoAlteration, ...]


class Knowledge(Record):
    """What is known of the patient's situation beyond the catalogue."""

    topics: tuple[Topic, ...]


class OtherTestUse(Record):
    """What a result of another test was used for."""

    test: Position
    """Its number in compare.json."""
    before: bool
    """It was taken before the first dose of the latest line."""
    supports: tuple[str, ...]
    """Ids of the findings that it supports."""
    contradicts: tuple[str, ...]
    states: tuple[str, ...]
    """Ids of the findings that it shows or excludes before the line."""
    evidence: tuple[str, ...]
    """Catalogue rows for a drug given of a change that this test alone reports."""


class Resist(Record):
    """Catalogue matches, mechanisms against the drugs given, and the verdict."""

    schema: Literal["resistpanel/resist/1"]
    patient: str
    drugs: tuple[Drug, ...]
    """As in the sheet."""
    verdict: Verdict
    driver: Driver
    findings: tuple[Finding, ...]
    """Reported somatic alterations, ranked."""
    convergence: Convergence | None
    expected_to_fail: tuple[ExpectedToFail, ...]
    options: tuple[TherapyOption, ...]
    negative_sites: tuple[NegativeSite, ...]
    coverage: Coverage
    not_assessed: tuple[NotAssessed, ...]
    near_misses: tuple[NearMiss, ...]
    excluded: tuple[ExcludedVariant, ...]
    pathway: Pathway
    knowledge: Knowledge
    lines: tuple[LineVerdict, ...]
    """One per line of therapy with samples, the latest first; `verdict` is that of the latest."""
    reversions: Annotated[tuple[GeneReversions, ...], Meta(min_length=1)] | UnsetType = UNSET
    """One per gene with a truncating allele whose reversion the catalogue lists."""
    other_tests: Annotated[tuple[OtherTestUse, ...], Meta(min_length=1)] | UnsetType = UNSET
    """One per result of other tests; absent without any."""
