"""Thresholds of report: which samples and variants stand out, and how many are shown."""

from resistpanel.core.parameters import Table

TABLE = Table("report")

OUTLIER_Z = TABLE.add(
    "OUTLIER_Z",
    3.5,
    unit="modified z-score",
    meaning="A sample of the cohort stands out beyond this",
    origin="paper: Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers",
)
LEAST_SAMPLES = TABLE.add(
    "LEAST_SAMPLES",
    6,
    unit="samples",
    meaning="Fewest samples among which one can stand out",
    origin="judgement",
)
FEW_GENES = TABLE.add(
    "FEW_GENES",
    6,
    unit="genes",
    meaning="Genes that were not sequenced and are named under further tests; of more, their "
    "number",
    origin="judgement",
)
LEAST_SUBSTITUTIONS = TABLE.add(
    "LEAST_SUBSTITUTIONS",
    50,
    unit="substitutions",
    meaning="Fewest substitutions of which the 96 contexts are shown",
    origin="judgement",
)
WORST = TABLE.add(
    "WORST",
    8,
    unit="targets",
    meaning="Targets of least depth that are listed per sample",
    origin="judgement",
)
FLANK = TABLE.add(
    "FLANK",
    25,
    unit="bases",
    meaning="Reference shown on either side of a variant in the reads",
    origin="judgement",
)
SLICE_FLANK = TABLE.add(
    "SLICE_FLANK",
    200,
    unit="bases",
    meaning="Bases on either side of a reported variant whose reads are in the slices and in the "
    "IGV page",
    origin="judgement",
)
IGV_FINDINGS = TABLE.add(
    "IGV_FINDINGS",
    40,
    unit="variants",
    meaning="Findings in the IGV page, the first by rank; each takes about 0.4 MB per sample at "
    "800x",
    origin="judgement",
)
IGV_READS = TABLE.add(
    "IGV_READS",
    10_000,
    unit="reads per 100 bases",
    meaning="Reads that igv.js draws (samplingDepth); beyond, a random subset. Its default of 500 "
    "would leave out reads of a variant at 0.5 % and 1,000x",
    origin="definition: the most that igv.js 3.5 accepts",
)
SHOWN = TABLE.add(
    "SHOWN",
    {"alt": 8, "ref": 6, "other": 2},
    unit="fragments",
    meaning="Fragments shown per sample, by allele",
    origin="judgement",
)
NEAR_MISSES = TABLE.add(
    "NEAR_MISSES",
    40,
    unit="variants",
    meaning="Filtered variants whose reads are shown",
    origin="judgement",
)
MOST_FRAGMENTS = TABLE.add(
    "MOST_FRAGMENTS",
    3000,
    unit="fragments",
    meaning="Fragments looked at per sample and variant; more are thinned by name",
    origin="judgement",
)
LOW_QUALITY = TABLE.add(
    "LOW_QUALITY",
    20,
    unit="Phred",
    meaning="Bases below this quality are drawn as such",
    origin="judgement",
)
NEAR_INDEL = TABLE.add(
    "NEAR_INDEL",
    10,
    unit="bases",
    meaning="An indel of the same length within this distance is the same one, placed differently",
    origin="judgement",
)
LEAST_CLIP = TABLE.add(
    "LEAST_CLIP",
    5,
    unit="bases",
    meaning="Soft-clipped bases that count as support for a duplication or complex change",
    origin="judgement",
)
FIRST_SCREEN = TABLE.add(
    "FIRST_SCREEN",
    4,
    unit="variants",
    meaning="Variants in the summary; the rest are counted",
    origin="judgement",
)
LINES = TABLE.add(
    "LINES",
    16,
    unit="lines",
    meaning="Lines of the summary with more than two tumour samples, each one variant in one "
    "sample",
    origin="judgement",
)
CANDIDATES = TABLE.add(
    "CANDIDATES",
    2,
    unit="candidates",
    meaning="Candidates up to which each is shown in full; of more, a table",
    origin="judgement",
)
TIMELINE = TABLE.add(
    "TIMELINE",
    5,
    unit="alterations",
    meaning="Alterations with a labelled line in the course over days",
    origin="judgement",
)
TIMELINE_SAMPLES = TABLE.add(
    "TIMELINE_SAMPLES",
    3,
    unit="samples",
    meaning="Fewest tumour samples, all with a day, of which a course over days is drawn",
    origin="judgement: of two, the slope of the pair shows the same",
)
BESIDE = TABLE.add(
    "BESIDE",
    10_000,
    unit="bases",
    meaning="Distance from a gene's exons in which a breakend of a fusion is at that gene",
    origin="judgement: promoters lie within; both genes of a fusion are rarely so near",
)
ONCOPRINT = TABLE.add(
    "ONCOPRINT",
    20,
    unit="genes",
    meaning="Genes of the cohort's oncoprint; the table below it lists all",
    origin="judgement",
)
LISTED = TABLE.add(
    "LISTED",
    12,
    unit="variants",
    meaning="Matches of an ambiguous query of explain that are listed",
    origin="judgement",
)
NOT_ASSESSABLE = TABLE.add(
    "NOT_ASSESSABLE",
    {"low": 1.0, "high": 4.0},
    unit="copies per tumour cell",
    meaning="Copies are not assessable where their 95 % interval reaches from below `low`, a loss, "
    "to above `high`, a gain",
    origin="judgement: one interval that has a loss and a gain decides nothing",
)
HALF_A_COPY = TABLE.add(
    "HALF_A_COPY",
    0.5,
    unit="copies per tumour cell",
    meaning="A deletion of every copy is not excluded where the 95 % interval reaches below this",
    origin="definition: from here on no copy is nearer than one",
)
LEAST_DAMAGE = TABLE.add(
    "LEAST_DAMAGE",
    0.01,
    unit="1",
    meaning="Damage limit of an amplicon sample above which the first screen states it",
    origin="judgement: a lower one is of the order of the other limits of detection",
)
MANY_MISSES = TABLE.add(
    "MANY_MISSES",
    10,
    unit="near misses",
    meaning="Near misses that fail the same filters from which on they are shown together; those "
    "of catalogued alleles are not",
    origin="judgement",
)
COVERED_INTRON = TABLE.add(
    "COVERED_INTRON",
    0.9,
    unit="1",
    meaning="Fraction of an intron's bases in targets from which on it is covered for breakpoints",
    origin="judgement",
)
