"""Thresholds and model constants of extras: mutagenesis screens and other callers."""

from resistpanel.core.parameters import Table

TABLE = Table("extras")

MIN_BASE_QUALITY = TABLE.add(
    "MIN_BASE_QUALITY",
    20,
    unit="Phred",
    meaning="Screen: bases below this quality are not read",
    origin="judgement",
)
MIN_MAPPING_QUALITY = TABLE.add(
    "MIN_MAPPING_QUALITY",
    20,
    unit="Phred",
    meaning="Screen: reads below this mapping quality are not counted",
    origin="judgement",
)
CLONES = TABLE.add(
    "CLONES",
    1000,
    unit="clones",
    meaning="Screen: surviving clones, where --clones is not given",
    origin="judgement",
)
THRESHOLD = TABLE.add(
    "THRESHOLD",
    0.004,
    unit="1",
    meaning="Screen: frequency that a substitution must exceed, where --threshold is not given",
    origin="paper: Wagle et al. 2011, J Clin Oncol 29:3085, Fig. 4",
)
EXPECTED_FALSE = TABLE.add(
    "EXPECTED_FALSE",
    0.5,
    unit="substitutions",
    meaning="Screen: recurrent substitutions that chance alone would bring, expected per screen, "
    "where --expected-false is not given",
    origin="judgement: its recall and false calls are measured by python -m benchmarks.screen "
    "--seeds 40",
)
ROUNDS = TABLE.add(
    "ROUNDS",
    5,
    unit="rounds",
    meaning="Screen without a control: chance is fitted again without the substitutions called, "
    "this often at most",
    origin="judgement",
)
LEAST = TABLE.add(
    "LEAST",
    5,
    unit="fragments",
    meaning="Screen: fewest fragments with a substitution that read the codon of another, to "
    "call the two linked",
    origin="judgement",
)
ALWAYS = TABLE.add(
    "ALWAYS",
    0.9,
    unit="1",
    meaning="Screen: fraction of these that have the other substitution too, from which it is "
    "linked",
    origin="judgement",
)
ENOUGH = TABLE.add(
    "ENOUGH",
    150,
    unit="changes",
    meaning="Screen: changes of a kind from which its reading errors are fitted, at most",
    origin="judgement",
)
PER_CLONE = TABLE.add(
    "PER_CLONE",
    4,
    unit="steps",
    meaning="Screen: steps of the grid of fractions per clone of mean size",
    origin="judgement",
)
STEPS = TABLE.add(
    "STEPS",
    4096,
    unit="steps",
    meaning="Screen: most steps of the grid of fractions",
    origin="judgement",
)
FRACTIONS = TABLE.add(
    "FRACTIONS",
    (1.0, 0.5, 0.25),
    unit="1",
    meaning="Screen: numbers of clones that are tried, as fractions of the one given",
    origin="judgement",
)
SPREADS = TABLE.add(
    "SPREADS",
    (0.0, 0.4, 0.7, 1.0, 1.3),
    unit="log size",
    meaning="Screen: standard deviations of the clones' log size that are tried",
    origin="judgement",
)
ERRORS = TABLE.add(
    "ERRORS",
    (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9),
    unit="1",
    meaning="Screen: fractions of the reads with a change that may be reading errors, tried",
    origin="judgement",
)
POISSON = TABLE.add(
    "POISSON",
    1e8,
    unit="1",
    meaning="Screen: shape from which a negative binomial number is computed as Poisson",
    origin="judgement",
)
CONVINCING = TABLE.add(
    "CONVINCING",
    3.0,
    unit="log-likelihood",
    meaning="Screen: gain from which the data overrule the number of clones given, of equal size",
    origin="judgement",
)
LOWEST_AF = TABLE.add(
    "LOWEST_AF",
    0.01,
    unit="1",
    meaning="Other callers: lowest allele frequency requested from a caller with such a threshold",
    origin="judgement",
)
FREEBAYES = TABLE.add(
    "FREEBAYES",
    {"alt": 4, "af": 0.01, "normal_share": 0.25, "qual": 0.0, "strand": 1},
    unit="reads, 1, 1, Phred, reads",
    meaning="Somatic filter for freebayes' joint calls, which have none: fewest reads with the "
    "allele and lowest allele frequency in a tumour; the normal's allele frequency as a "
    "fraction of the highest tumour's, to stay below; lowest QUAL; fewest reads on each "
    "strand over all samples",
    origin="measured: best F1 of 72 combinations on the default patient of seed 1; repeated for "
    "the chosen one by python -m benchmarks.accuracy --only default --seeds 1 --callers "
    "freebayes",
)
LONGEST = TABLE.add(
    "LONGEST",
    400,
    unit="bases",
    meaning="Other callers: longer alleles are not genotyped in the reads, since no read spans "
    "them",
    origin="judgement",
)
TMB_AF = TABLE.add(
    "TMB_AF",
    0.05,
    unit="fraction of fragments",
    meaning="Biomarkers: lowest allele frequency that counts for the mutational burden",
    origin="paper: Merino et al. 2020, J Immunother Cancer 8:e000147 (Friends of Cancer Research)",
)
TMB_DEPTH = TABLE.add(
    "TMB_DEPTH",
    100,
    unit="fragments",
    meaning="Biomarkers: depth of the tumour from which a coding base counts as examined",
    origin="derived: an allele at 10 % has 5 fragments or more with a probability of 0.98",
)
TMB_NORMAL_DEPTH = TABLE.add(
    "TMB_NORMAL_DEPTH",
    20,
    unit="fragments",
    meaning="Biomarkers: the same of the normal",
    origin="derived: a heterozygous allele shows 4 fragments or more with a probability of 0.999",
)
LEAST_CODING_MB = TABLE.add(
    "LEAST_CODING_MB",
    0.5,
    unit="Mb",
    meaning="Biomarkers: no mutational burden is reported on fewer coding bases",
    origin="judgement: at 10 per Mb the interval then reaches from 3.2 to 23 per Mb",
)
HYPERMUTATED = TABLE.add(
    "HYPERMUTATED",
    10.0,
    unit="1/Mb",
    meaning="Biomarkers: hypermutated, if the lower bound of the burden reaches this",
    origin="paper: Campbell et al. 2017, Cell 171:1042",
)
LEAST_SUBSTITUTIONS = TABLE.add(
    "LEAST_SUBSTITUTIONS",
    20,
    unit="substitutions",
    meaning="Biomarkers: fewest substitutions from which a mutational process is named",
    origin="judgement: 19 of 20 have a lower bound of 0.78",
)
ALKYLATING_FRACTION = TABLE.add(
    "ALKYLATING_FRACTION",
    0.7,
    unit="fraction of substitutions",
    meaning="Biomarkers: lower bound of C>T outside CpG from which they are named",
    origin="judgement: above 0.9 in SBS11, below 0.4 in tumours without SBS7 or SBS11",
)
