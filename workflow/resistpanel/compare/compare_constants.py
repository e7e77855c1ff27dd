"""Thresholds and model constants of compare."""

from resistpanel.core.parameters import Table

TABLE = Table("compare")

MOST_DEPTH = TABLE.add(
    "MOST_DEPTH",
    100_000,
    unit="fragments",
    meaning="Greatest depth that is stated as needed; beyond it none is",
    origin="judgement",
)
MOST_FOLD = TABLE.add(
    "MOST_FOLD",
    1_000.0,
    unit="1",
    meaning="Bounds of a fold change are searched up to this",
    origin="judgement",
)
Z_ONE_SIDED = TABLE.add(
    "Z_ONE_SIDED",
    1.6448536269514722,
    unit="standard deviations",
    meaning="Standard normal quantile 0.95, of one-sided 95 % bounds",
    origin="definition: standard normal distribution",
)
CELLS = TABLE.add(
    "CELLS",
    160,
    unit="cells",
    meaning="Cells of the frequency grid, equal in arcsin(sqrt(f)), over GRID_REACH on either side",
    origin="derived: seven for a standard deviation; a quantile is right to 1/200 of it",
)
GRID_REACH = TABLE.add(
    "GRID_REACH",
    10.5,
    unit="standard deviations of arcsin(sqrt(f))",
    meaning="The frequency grid is so wide on either side of the observed frequency",
    origin="derived: where no fragment of n has the allele, exp(-n x^2) is 1e-12 there",
)
QUANTILE_POINTS = TABLE.add(
    "QUANTILE_POINTS",
    41,
    unit="points",
    meaning="Points of the two grids on which a quantile of the cancer cell fraction is found",
    origin="derived: 1/1,600 of the range of the purity",
)
DEFAULT_ERROR = TABLE.add(
    "DEFAULT_ERROR",
    1e-3 / 3,
    unit="errors per fragment",
    meaning="Rate of one wrong allele where the caller's VCF states no error rate",
    origin="derived: Phred 30, a third of whose errors give the allele in question",
)
ERROR_GROUP = TABLE.add(
    "ERROR_GROUP",
    3,
    unit="group",
    meaning="Quality group of the caller whose learned error rate is used for a fragment: single "
    "reads of quality 30 to 34",
    origin="judgement",
)
LEAST_COPIES = TABLE.add(
    "LEAST_COPIES",
    0.1,
    unit="copies",
    meaning="Least mean copies of a locus that has a mutation",
    origin="judgement",
)
SEVERAL = TABLE.add(
    "SEVERAL",
    2,
    unit="variants",
    meaning="Fewest shared variants detected in a sample that show that it contains tumour, where "
    "none of them is a catalogued allele such as the driver",
    origin="judgement: one could be a recurrent artifact, or come from another library",
)
MOST_BEFORE = TABLE.add(
    "MOST_BEFORE",
    0.25,
    unit="1",
    meaning="A sample excludes an allele if the upper bound of its cancer cell fraction there is "
    "at most this: it could have shown a clone that explains that a lesion regrew",
    origin="measured: power of *lost* against false *acquired*, docs/compare.md "
    "(`benchmarks.baselines`)",
)
LEAST_ODDS = TABLE.add(
    "LEAST_ODDS",
    3.0,
    unit="to 1",
    meaning="Bayes factor of presence from which on an allele that was not detected in a sample "
    "may have been present there; PRESENT_BF of call is that of detection",
    origin="paper: positive evidence by Kass and Raftery 1995, J Am Stat Assoc 90:773",
)
LEAST_HOPPING = TABLE.add(
    "LEAST_HOPPING",
    1e-5,
    unit="1",
    meaning="Lowest rate of index hopping above none",
    origin="judgement: a fragment of 100,000",
)
HOPPING_STEPS = TABLE.add(
    "HOPPING_STEPS",
    40,
    unit="rates",
    meaning="Rates of index hopping that are considered, equal in their logarithm",
    origin="judgement",
)
POOL_ALLELES = TABLE.add(
    "POOL_ALLELES",
    5.0,
    unit="alleles",
    meaning="Alleles of other patients in the pool of libraries that hop over, for each somatic "
    "allele of the patient",
    origin="judgement: the libraries of five other patients",
)
CLEAR_COUNT = TABLE.add(
    "CLEAR_COUNT",
    10,
    unit="fragments",
    meaning="From this many on, where ten times as many are seen as the most that hop over, an "
    "allele is not compared with hopping from other patients",
    origin="derived: 10 of a mean of 1 have a probability of 1e-7",
)
POOL_FREQUENCIES = TABLE.add(
    "POOL_FREQUENCIES",
    (0.03, 0.1, 0.3, 1.0),
    unit="1",
    meaning="Allele frequencies at which such an allele hops over, summed over the libraries that "
    "have it, equally likely",
    origin="judgement: a variant at 5 to 60 % in one to three libraries of another patient; a "
    "hotspot may be in more",
)
SCALE_VARIANTS = TABLE.add(
    "SCALE_VARIANTS",
    5,
    unit="variants",
    meaning="Fewest shared variants whose median log ratio corrects for purity; with fewer, and "
    "no purity of both samples, no change is called rising or falling",
    origin="judgement: the median of 5 holds if 2 of them changed",
)
SCALE_SPREAD = TABLE.add(
    "SCALE_SPREAD",
    0.2,
    unit="standard deviations of the natural logarithm",
    meaning="Least spread of log ratios of shared variants, beyond counting, where there are "
    "fewer than SCALE_VARIANTS to estimate it from",
    origin="judgement: a change from 2 to 3 copies moves an allele frequency by up to 0.4",
)
MOST_COPIES = TABLE.add(
    "MOST_COPIES",
    4,
    unit="copies",
    meaning="Copies that a gene of unknown copy number has at most, with 95 % probability, where "
    "a change of its variant is tested",
    origin="judgement: a genome doubled, or a gain of two; amplifications have more",
)
CONTRADICTION = TABLE.add(
    "CONTRADICTION",
    2.0,
    unit="1",
    meaning="A stated purity is contradicted if the highest upper bound of the somatic variants' "
    "allele frequencies is below that of a clonal heterozygous mutation by more than this factor",
    origin="judgement: half is what a clone in half of the cells would show",
)
MEDIAN_SD = TABLE.add(
    "MEDIAN_SD",
    1.2533141373155003,
    unit="1",
    meaning="Standard deviation of the median of n normal numbers of standard deviation 1, times "
    "the square root of n",
    origin="definition: sqrt(pi / 2), for large n",
)
UNEVEN_ALPHA = TABLE.add(
    "UNEVEN_ALPHA",
    0.05,
    unit="p-value",
    meaning="Shared variants of a sample have different allele frequencies if counting alone "
    "spreads them as much with less than this probability (chi-squared)",
    origin="judgement",
)
MAD_SD = TABLE.add(
    "MAD_SD",
    1.482602218505602,
    unit="1",
    meaning="Standard deviation of a normal distribution by its median absolute deviation",
    origin="definition: 1 / the standard normal quantile 0.75",
)
CHANGE_SD = TABLE.add(
    "CHANGE_SD",
    0.7,
    unit="natural logarithm",
    meaning="Standard deviation of the log ratios of variants that changed",
    origin="judgement: about a two-fold change",
)
SPIKE_PRIOR = TABLE.add(
    "SPIKE_PRIOR",
    (9.0, 1.0),
    unit="variants",
    meaning="Beta prior of the fraction of variants that did not change: unchanged, changed",
    origin="judgement: ten variants, of which one changed",
)
WEIGHT_STEPS = TABLE.add(
    "WEIGHT_STEPS",
    50,
    unit="iterations",
    meaning="Steps by which that fraction is estimated (EM)",
    origin="judgement",
)
MOST_UNCHANGED = TABLE.add(
    "MOST_UNCHANGED",
    0.1,
    unit="1",
    meaning="A variant is not called rising or falling if the probability that it did not change "
    "is above this, among all variants of the patient",
    origin="judgement: half of the 0.2 that Efron 2008, Stat Sci 23:1, uses to report",
)
CLEAR_AF = TABLE.add(
    "CLEAR_AF",
    0.05,
    unit="1",
    meaning="Median allele frequency of the shared variants detected in a sample below which they "
    "show tumour only if they are at least half of the variants tested: a few at a low "
    "frequency can be errors or come from another library",
    origin="judgement",
)
NEGLIGIBLE = TABLE.add(
    "NEGLIGIBLE",
    1e-12,
    unit="1",
    meaning="Weight of a cell, relative to the largest, below which it is set to zero",
    origin="judgement: far below the probabilities that decide",
)
NEW_PRIOR = TABLE.add(
    "NEW_PRIOR",
    (3.0, 3.0),
    unit="alleles",
    meaning="Beta prior of the fraction of a patient's alleles not shown before a line of therapy "
    "that were in no tumour cell then: absent, present",
    origin="measured: `python -m benchmarks.confidence`; alleles of one clone come together, so "
    "that few of them say little: a uniform prior overstates",
)
NEW_STEPS = TABLE.add(
    "NEW_STEPS",
    20,
    unit="iterations",
    meaning="Steps by which that fraction is estimated (EM)",
    origin="judgement",
)
LEAST_BEFORE = TABLE.add(
    "LEAST_BEFORE",
    1e-3,
    unit="1",
    meaning="Least cancer cell fraction of an allele that was there before; its prior is uniform "
    "in the logarithm from here to 1",
    origin="judgement: less than what samples of 1,000 fragments can show",
)
FRACTION_STEPS = TABLE.add(
    "FRACTION_STEPS",
    60,
    unit="steps",
    meaning="Cells of that prior, equal steps of the logarithm: 20 a decade",
    origin="judgement",
)
ONE_COPY = TABLE.add(
    "ONE_COPY",
    0.9,
    unit="1",
    meaning="Prior probability that a mutated cell has an allele on one copy; the rest is for "
    "all higher numbers that the copies of the locus allow",
    origin="judgement: gains and losses after the mutation are the exception in a subclone",
)
FRACTION_BOUNDS = TABLE.add(
    "FRACTION_BOUNDS",
    (0.01, 0.05),
    unit="1",
    meaning="Cancer cell fractions of which the probability is given that an allele was below "
    "them before a line of therapy",
    origin="judgement: a subclone that a biopsy may miss, and one that it shows",
)
MOST_LOG10 = TABLE.add(
    "MOST_LOG10",
    300.0,
    unit="log10",
    meaning="Odds beyond which a model of the caller has no part",
    origin="derived: ten to this power is a double still",
)
ROUNDING = TABLE.add(
    "ROUNDING",
    0.01,
    unit="1",
    meaning="What the stated models leave of the odds against a somatic variant is contamination "
    "above this fraction of them, and rounding below it",
    origin="derived: odds are written with four digits of their logarithm",
)
LEAST_REAL = TABLE.add(
    "LEAST_REAL",
    0.9,
    unit="1",
    meaning="Without a normal: probability that an allele exists from which it is reported, if its "
    "origin does not exclude it",
    origin="definition: 10 Phred, the threshold of call",
)
CCF_CELLS = TABLE.add(
    "CCF_CELLS",
    120,
    unit="cells",
    meaning="Cells of the cancer cell fraction of a clone, equal in arcsin(sqrt(c))",
    origin="derived: 0.013 wide at 50 %, as the posterior of 1,500 fragments",
)
FREQUENCY_CELLS = TABLE.add(
    "FREQUENCY_CELLS",
    400,
    unit="cells",
    meaning="Grid of allele frequencies between which the likelihood of a variant of a clone is "
    "interpolated, equal in arcsin(sqrt(f))",
    origin="derived: 0.004 wide there; the posterior of 20,000 fragments has a standard deviation "
    "of 0.0035",
)
CLONE_SAMPLES = TABLE.add(
    "CLONE_SAMPLES",
    3,
    unit="samples",
    meaning="Fewest samples with detectable tumour for clones and trees",
    origin="judgement: two samples rarely determine the order of clones",
)
MOST_CLONE_VARIANTS = TABLE.add(
    "MOST_CLONE_VARIANTS",
    200,
    unit="variants",
    meaning="Variants that are clustered; of more, those with the most fragments in all samples",
    origin="judgement: memory grows with variants times samples",
)
CLONE_SEED = TABLE.add(
    "CLONE_SEED",
    20261129,
    unit="seed",
    meaning="Seed of the random numbers by which clones are drawn",
    origin="judgement: any; fixed, so that the same counts give the same answer",
)
CLONE_UPDATES = TABLE.add(
    "CLONE_UPDATES",
    200,
    unit="updates",
    meaning="Variants times moves of all of them before partitions are kept; three times as many "
    "are kept",
    origin="measured: `python -m benchmarks.clones`",
)
MOST_SWEEPS = TABLE.add(
    "MOST_SWEEPS",
    25,
    unit="moves of all variants",
    meaning="Most moves before partitions are kept; three times as many are kept",
    origin="measured: `python -m benchmarks.clones`",
)
CLONE_DRAWS = TABLE.add(
    "CLONE_DRAWS",
    1000,
    unit="draws",
    meaning="Draws of the cancer cell fractions by which trees are compared",
    origin="derived: a probability of 5 % has a standard error of 0.7 %",
)
CONCENTRATION = TABLE.add(
    "CONCENTRATION",
    1.0,
    unit="variants",
    meaning="Weight of a new clone against that of a variant in a clone (Chinese restaurant "
    "process)",
    origin="judgement: a mean of 2.9 clones for 10 variants, 4.3 for 40",
)
TRUNCAL_PRIOR = TABLE.add(
    "TRUNCAL_PRIOR",
    0.3,
    unit="1",
    meaning="Prior probability that a clone is in all tumour cells of every sample",
    origin="judgement: one clone of a patient is, of about three",
)
ABSENT_PRIOR = TABLE.add(
    "ABSENT_PRIOR",
    0.25,
    unit="1",
    meaning="Prior probability that another clone is in no cell of a sample",
    origin="judgement: a clone that is absent from a sample is common",
)
FIXED_PRIOR = TABLE.add(
    "FIXED_PRIOR",
    0.1,
    unit="1",
    meaning="Prior probability that another clone is in all tumour cells of a sample",
    origin="judgement: a clone that has replaced the others is less common",
)
SCALE_MOVES = TABLE.add(
    "SCALE_MOVES",
    (0.05, 0.4, 0.1, 0.2),
    unit="standard deviations",
    meaning="Steps of the error of a sample's scale, one after the other",
    origin="judgement: from what many variants leave of it to all of it",
)
SUM_RULE_ALPHA = TABLE.add(
    "SUM_RULE_ALPHA",
    0.05,
    unit="1",
    meaning="A clone is in no tree if in every tree the sum rule holds with less than this "
    "probability, divided by the number of samples, in one of them",
    origin="judgement: Bonferroni; with clones that have replaced their parent completely, the "
    "rule is only just met",
)
MOST_TREES = TABLE.add(
    "MOST_TREES",
    1000,
    unit="trees",
    meaning="Trees that are kept; a clone that gives more is not placed",
    origin="judgement: where more fit, little is known",
)
NEGLIGIBLE_TREE = TABLE.add(
    "NEGLIGIBLE_TREE",
    1e-6,
    unit="1",
    meaning="A tree is dropped if its probability, relative to the best, is below this",
    origin="judgement",
)
TREES_LISTED = TABLE.add(
    "TREES_LISTED",
    20,
    unit="trees",
    meaning="Trees of the 95 % set that are listed, the most probable first",
    origin="judgement",
)
ANCHORS = TABLE.add(
    "ANCHORS",
    4,
    unit="variants",
    meaning="Variants by whose frequencies the scale of every sample is tried to start with",
    origin="judgement",
)
SHIFT_LIMIT = TABLE.add(
    "SHIFT_LIMIT",
    3.0,
    unit="standard deviations",
    meaning="Greatest error of a sample's scale to start with",
    origin="judgement",
)
SCALE_ROUNDS = TABLE.add(
    "SCALE_ROUNDS",
    10,
    unit="moves",
    meaning="Scales between which the draws for trees are divided",
    origin="judgement",
)

INHERITED_AF = TABLE.add(
    "INHERITED_AF",
    0.15,
    unit="fraction of fragments",
    meaning="An allele detected in the normal from this AF on is withheld as inherited, "
    "regardless of the caller's model",
    origin="judgement: a heterozygous allele at 30 fragments is below it in less than 1 of 10,000",
)
FOLLOWUP_ALPHA = TABLE.add(
    "FOLLOWUP_ALPHA",
    0.01,
    unit="1",
    meaning="Highest probability that a plasma without tumour DNA shows as much of the patient's "
    "known alleles as its detection requires",
    origin="judgement",
)
FOLLOWUP_DRAWS = TABLE.add(
    "FOLLOWUP_DRAWS",
    10_000,
    unit="draws",
    meaning="Draws without tumour DNA that the known alleles of a plasma are compared with",
    origin="derived: the 99th percentile has a standard error of 0.1 % of probability",
)
FOLLOWUP_POWER_DRAWS = TABLE.add(
    "FOLLOWUP_POWER_DRAWS",
    2_000,
    unit="draws",
    meaning="Draws for each fraction of tumour DNA of which the limit is found",
    origin="derived: 95 % has a standard error of 0.5 %",
)
RECURRENT = TABLE.add(
    "RECURRENT",
    0.002,
    unit="1",
    meaning="Fraction of known alleles at sites with recurrent errors, of as many fragments as "
    "CRIT",
    origin="derived: absence reaches CRIT in 0.1 % (KNOWN_ALPHA of call), and half of these do",
)
LIMIT_STEP = TABLE.add(
    "LIMIT_STEP",
    5,
    unit="steps",
    meaning="Fractions of tumour DNA, of 20 a decade, by which the limit is first searched upwards",
    origin="judgement",
)
SHED_SPREAD = TABLE.add(
    "SHED_SPREAD",
    0.3,
    unit="1",
    meaning="Relative standard deviation between alleles of their frequency in plasma to that in "
    "the tumour",
    origin="judgement: copies and clones that are not known, and lesions that shed differently",
)
LEAST_STATED = TABLE.add(
    "LEAST_STATED",
    1e-5,
    unit="1",
    meaning="Lower ends of the interval of a tumour fraction below this are not stated",
    origin="judgement: less than a molecule of 33 ng",
)
LEAST_TUMOR_DNA = TABLE.add(
    "LEAST_TUMOR_DNA",
    0.02,
    unit="1",
    meaning="Lowest purity by which frequencies in tissue, or an earlier plasma, are divided",
    origin="judgement: below it they are of too few fragments",
)
WHITE_CELL_RATIO = TABLE.add(
    "WHITE_CELL_RATIO",
    3.0,
    unit="1",
    meaning="Ratio of the frequencies in plasma and normal up to which an allele in both is "
    "attributed to white blood cells",
    origin="judgement",
)
KEPT_FUNCTION = TABLE.add(
    "KEPT_FUNCTION",
    (("BRCA2", 3326),),
    unit="residues",
    meaning="Gene and residue from which on a truncation leaves the function of the protein: it is "
    "no loss of function",
    origin="paper: BRCA2 K3326*, carried by 1 to 2 % of people: Higgs et al. 2015, J Med Genet "
    "52:642; Thompson et al. 2015, Sci Rep 5:14800",
)
HEMATOPOIESIS_GENES = TABLE.add(
    "HEMATOPOIESIS_GENES",
    (
        *("DNMT3A", "TET2", "ASXL1", "JAK2", "PPM1D", "TP53", "SF3B1", "SRSF2", "U2AF1", "GNB1"),
        *("CBL", "BCOR", "BCORL1", "CHEK2", "ATM", "RAD21", "STAG2", "ZRSR2", "RUNX1", "EZH2"),
    ),
    unit="genes",
    meaning="Genes of clonal haematopoiesis: alleles in plasma that no tissue shows are marked",
    origin="paper: Jaiswal et al. 2014, N Engl J Med 371:2488; Genovese et al. 2014, N Engl J Med "
    "371:2477; Razavi et al. 2019, Nat Med 25:1928",
)
