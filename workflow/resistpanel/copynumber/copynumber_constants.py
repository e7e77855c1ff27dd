"""Thresholds and model constants of copynumber."""

from resistpanel.core.parameters import Table

TABLE = Table("copynumber")

SHEET_MARGIN = TABLE.add(
    "SHEET_MARGIN",
    0.1,
    unit="1",
    meaning="Half-width of the 95 % interval of a purity given in the sample sheet",
    origin="judgement",
)
LOWEST_PURITY = TABLE.add(
    "LOWEST_PURITY",
    0.01,
    unit="1",
    meaning="Purities are not taken to be below this",
    origin="judgement",
)
LEAST_REFERENCE_DEPTH = TABLE.add(
    "LEAST_REFERENCE_DEPTH",
    0.1,
    unit="1",
    meaning="A target whose reference depth is below this fraction of the median is not used",
    origin="judgement",
)
LEAST_FRAGMENTS = TABLE.add(
    "LEAST_FRAGMENTS",
    20,
    unit="fragments",
    meaning="A target with fewer fragments in the reference is not used",
    origin="judgement",
)
GC_WINDOW = TABLE.add(
    "GC_WINDOW",
    200,
    unit="bases",
    meaning="Least width of the window for the GC fraction of a target: about the length of a "
    "fragment",
    origin="judgement",
)
LEAST_FOR_BIAS = TABLE.add(
    "LEAST_FOR_BIAS",
    60,
    unit="targets",
    meaning="Fewest targets for the fit of GC and length, which has 4 coefficients",
    origin="judgement",
)
LEAST_FOR_NOISE = TABLE.add(
    "LEAST_FOR_NOISE",
    20,
    unit="genes",
    meaning="Fewest genes from which the noise between genes is measured",
    origin="judgement",
)
LEAST_NOISE = TABLE.add(
    "LEAST_NOISE",
    0.03,
    unit="log2",
    meaning="Lower bound of the noise between targets",
    origin="judgement",
)
TUKEY = TABLE.add(
    "TUKEY",
    4.685,
    unit="standard deviations",
    meaning="Tukey's biweight: residuals beyond this have no weight",
    origin="paper: Holland and Welsch 1977, Communications in Statistics A6:813 (95 % "
    "efficiency at the normal distribution)",
)
MAD_TO_SD = TABLE.add(
    "MAD_TO_SD",
    1.4826,
    unit="1",
    meaning="Standard deviation of a normal distribution over its median absolute deviation",
    origin="definition: 1 / standard normal quantile 0.75",
)
PRIOR_FREEDOM = TABLE.add(
    "PRIOR_FREEDOM",
    8,
    unit="targets",
    meaning="Weight of the panel's noise against the scatter of a gene's own targets",
    origin="judgement",
)
PENALTY = TABLE.add(
    "PENALTY",
    14.0,
    unit="2 x log-likelihood",
    meaning="Gain that a further breakpoint needs",
    origin="derived: about p = 0.001 for two further means",
)
BALANCE_GRID = TABLE.add(
    "BALANCE_GRID",
    (0.005, 0.5, 100),
    unit="1",
    meaning="Fractions of the rarer haplotype that are tried: first, last, number of points",
    origin="judgement",
)
RHO = TABLE.add(
    "RHO",
    0.001,
    unit="1",
    meaning="Overdispersion (beta-binomial rho) of allele counts at germline sites and of clonal "
    "variants, before it is measured",
    origin="judgement",
)
SPREADS = TABLE.add(
    "SPREADS",
    (0.0003, 0.0006, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032),
    unit="1",
    meaning="Overdispersions that are tried at a tumour's heterozygous sites",
    origin="judgement",
)
SPREAD_PRIOR = TABLE.add(
    "SPREAD_PRIOR",
    1.0,
    unit="natural log",
    meaning="Standard deviation of the prior of the overdispersion about its default",
    origin="judgement",
)
SITE_BIAS = TABLE.add(
    "SITE_BIAS",
    0.05,
    unit="logit",
    meaning="Standard deviation of the reference bias between sites, before it is measured",
    origin="judgement",
)
FEW_SITES = TABLE.add(
    "FEW_SITES",
    4,
    unit="sites",
    meaning="Weight of the default reference bias between sites against that measured",
    origin="judgement",
)
FREEDOM = TABLE.add(
    "FREEDOM",
    20,
    unit="degrees of freedom",
    meaning="Student's t distribution of a gene's log2 ratio about its expectation",
    origin="judgement",
)
STRAY_RATIOS = TABLE.add(
    "STRAY_RATIOS",
    0.01,
    unit="1",
    meaning="Prior fraction of segments whose log2 ratio fits no state (subclonal changes, "
    "artifacts)",
    origin="judgement",
)
STRAY_SPAN = TABLE.add(
    "STRAY_SPAN",
    4.0,
    unit="log2",
    meaning="Range of log2 ratios over which such segments are uniform",
    origin="judgement",
)
PURITY_GRID = TABLE.add(
    "PURITY_GRID",
    (0.05, 1.0, 96),
    unit="1",
    meaning="Purities that are tried: first, last, number of points",
    origin="judgement",
)
FINE_STEPS = TABLE.add(
    "FINE_STEPS",
    10,
    unit="steps per step of PURITY_GRID",
    meaning="Steps by which the posterior of the purity is refined for its interval",
    origin="derived: a thousandth, below the error at 10,000x",
)
FINE_FLOOR = TABLE.add(
    "FINE_FLOOR",
    30.0,
    unit="natural log",
    meaning="Posteriors of the purity this far below the highest are not distinguished between the "
    "points of the grid",
    origin="judgement",
)
BASELINES = TABLE.add(
    "BASELINES",
    {2: 0.87, 1: 0.01, 3: 0.02, 4: 0.10},
    unit="1",
    meaning="Prior probability of each baseline (copies of the genome at large per tumour cell)",
    origin="judgement: nearly 30 % of advanced tumours have a doubled genome (Bielski et al., Nat "
    "Genet 2018;50:1189), most of them with changes that show it; measured: `python -m "
    "benchmarks.copynumber_genomes --purity`, with 0.03 the intervals of doubled genomes with few "
    "losses cover 85 % of 160",
)
CLONAL = TABLE.add(
    "CLONAL",
    0.6,
    unit="1",
    meaning="Prior fraction of somatic variants that are clonal",
    origin="judgement",
)
SUBCLONAL = TABLE.add(
    "SUBCLONAL",
    0.37,
    unit="1",
    meaning="Prior fraction of somatic variants that are subclonal, uniform over the lower "
    "allele frequencies",
    origin="judgement",
)
STRAY_VARIANTS = TABLE.add(
    "STRAY_VARIANTS",
    0.03,
    unit="1",
    meaning="Prior fraction of somatic variants whose allele frequency fits no state",
    origin="judgement",
)
SINGLE = TABLE.add(
    "SINGLE",
    0.7,
    unit="1",
    meaning="Prior probability that a clonal variant is on one copy where more are possible",
    origin="judgement",
)
CONCENTRATION = TABLE.add(
    "CONCENTRATION",
    1.0,
    unit="1",
    meaning="Concentration of the Dirichlet process of the cancer cell fractions of somatic "
    "variants",
    origin="paper: Roth et al. 2014, Nat Methods 11:396 (mean of the prior, 1)",
)
CLONAL_WEIGHT = TABLE.add(
    "CLONAL_WEIGHT",
    5.0,
    unit="variants",
    meaning="Weight of the prior fraction of clonal variants, against those of the tumour",
    origin="judgement",
)
SINGLE_SHARE = TABLE.add(
    "SINGLE_SHARE",
    (0.5, 4.0),
    unit="1, variants",
    meaning="Prior fraction of a tumour's clonal variants that are on one copy where more are "
    "possible, and its weight against the variants of the tumour",
    origin="judgement: a doubling can fall anywhere among the mutations, rarely at either end",
)
CCF_POINTS = TABLE.add(
    "CCF_POINTS",
    40,
    unit="points",
    meaning="Cancer cell fractions of subclonal variants that are tried",
    origin="judgement",
)
MOST_VARIANTS = TABLE.add(
    "MOST_VARIANTS",
    300,
    unit="variants",
    meaning="Somatic variants that are used for the purity; of more, evenly spaced ones",
    origin="judgement",
)
ORDERS = TABLE.add(
    "ORDERS",
    8,
    unit="orders",
    meaning="Orders of the variants over which the predictive recursion is averaged",
    origin="judgement",
)
MOST_STATES = TABLE.add(
    "MOST_STATES",
    6,
    unit="states",
    meaning="Likeliest states of a segment that are used for the cancer cell fractions of its "
    "variants",
    origin="judgement",
)
WIDEST = TABLE.add(
    "WIDEST",
    0.30,
    unit="1",
    meaning="A purity is given where its 95 % interval is no wider than this",
    origin="judgement",
)
LEAST_INFORMATION = TABLE.add(
    "LEAST_INFORMATION",
    0.5,
    unit="nats",
    meaning="Information on the purity from which a kind of evidence is named as a source",
    origin="judgement",
)
MOST_IMPOSSIBLE = TABLE.add(
    "MOST_IMPOSSIBLE",
    2,
    unit="variants",
    meaning="No purity is given from this number of variants whose allele frequency the copy "
    "numbers do not allow",
    origin="judgement",
)
LEAST_AF = TABLE.add(
    "LEAST_AF",
    0.02,
    unit="1",
    meaning="Somatic variants below this allele frequency are not informative of the purity",
    origin="judgement",
)
DRIVER_LOG2 = TABLE.add(
    "DRIVER_LOG2",
    0.3,
    unit="log2",
    meaning="A driver is not used for the purity where its gene's log2 ratio, less two standard "
    "errors, is beyond this",
    origin="judgement",
)
LEAST_DEPTH = TABLE.add(
    "LEAST_DEPTH",
    20,
    unit="fragments",
    meaning="Fewest fragments from which a genotype is derived",
    origin="judgement",
)
HOMOZYGOUS = TABLE.add(
    "HOMOZYGOUS",
    0.9,
    unit="1",
    meaning="Allele frequency from which a germline allele is homozygous",
    origin="judgement",
)
HETEROZYGOUS = TABLE.add(
    "HETEROZYGOUS",
    (0.2, 0.8),
    unit="1",
    meaning="Allele frequencies between which a germline allele of the normal is heterozygous",
    origin="judgement",
)
ABSENT = TABLE.add(
    "ABSENT",
    0.1,
    unit="1",
    meaning="An allele below this frequency counts as absent when samples are compared: above "
    "usual contamination",
    origin="judgement",
)
INHERITED = TABLE.add(
    "INHERITED",
    (0.4, 0.6),
    unit="1",
    meaning="Allele frequencies in a normal between which a heterozygous inherited allele is, with "
    "the bias towards the reference",
    origin="judgement",
)
INHERITED_SD = TABLE.add(
    "INHERITED_SD",
    3,
    unit="standard errors",
    meaning="Binomial standard errors by which a driver in the normal is outside INHERITED before "
    "it is taken for a tumour's",
    origin="judgement",
)
NOT_HOMOZYGOUS = TABLE.add(
    "NOT_HOMOZYGOUS",
    0.75,
    unit="1",
    meaning="Allele frequency in a tumour, at a site homozygous in the normal, below which "
    "contamination does not explain the loss",
    origin="judgement",
)
LEAST_SEX_ODDS = TABLE.add(
    "LEAST_SEX_ODDS",
    100,
    unit="odds",
    meaning="Likelihood ratio from which a sex is stated",
    origin="judgement",
)
TARGET_SPREAD = TABLE.add(
    "TARGET_SPREAD",
    0.2,
    unit="log2",
    meaning="Least standard deviation of the depth between targets that is assumed for the sex",
    origin="judgement",
)
CHROMOSOME_SPREAD = TABLE.add(
    "CHROMOSOME_SPREAD",
    0.15,
    unit="log2",
    meaning="Standard deviation of the depth of a whole chromosome that is assumed for the sex",
    origin="judgement",
)
MEDIAN_ERROR = TABLE.add(
    "MEDIAN_ERROR",
    1.25,
    unit="1",
    meaning="Standard error of a median over that of a mean",
    origin="derived: sqrt(pi / 2) for a normal distribution, rounded",
)
STRAY_HETEROZYGOUS = TABLE.add(
    "STRAY_HETEROZYGOUS",
    0.02,
    unit="1",
    meaning="Rate of apparently heterozygous sites on a man's X outside the pseudoautosomal "
    "regions, as a fraction of a woman's",
    origin="judgement",
)
FOCAL = TABLE.add(
    "FOCAL",
    0.2,
    unit="1",
    meaning="Prior probability that a gene's state is drawn apart from its segment's",
    origin="judgement",
)
FOCAL_USUAL = TABLE.add(
    "FOCAL_USUAL",
    0.3,
    unit="1",
    meaning="Of genes apart from their segments, the fraction at the baseline",
    origin="derived: with FOCAL, changes of single genes are as likely as by the prior of a gene",
)
SEGMENT_NOISE = TABLE.add(
    "SEGMENT_NOISE",
    0.04,
    unit="log2",
    meaning="Standard deviation of a segment's log2 ratio that further genes do not lower (waves "
    "along the genome, capture lots)",
    origin="judgement",
)
MOST_CELLS = TABLE.add(
    "MOST_CELLS",
    12,
    unit="cells",
    meaning="Purities over which the states of genes are averaged, for a certain baseline",
    origin="judgement",
)
SUBCLONAL_SEGMENTS = TABLE.add(
    "SUBCLONAL_SEGMENTS",
    0.05,
    unit="1",
    meaning="Prior fraction of segments that are changed in part of the tumour cells",
    origin="judgement",
)
PART_OF_CELLS = TABLE.add(
    "PART_OF_CELLS",
    (0.2, 0.35, 0.5, 0.65, 0.8),
    unit="1",
    meaning="Fractions of the tumour cells with a subclonal change that are tried",
    origin="judgement",
)
LEAST_STATE = TABLE.add(
    "LEAST_STATE",
    0.01,
    unit="1",
    meaning="Posterior from which a state counts for the highest allele frequency of a variant",
    origin="judgement",
)
AF_MARGIN = TABLE.add(
    "AF_MARGIN",
    0.03,
    unit="1",
    meaning="Allele frequency beyond the highest that a state allows which is still possible "
    "(reference bias, errors of purity)",
    origin="judgement",
)
FRACTION_IMPOSSIBLE = TABLE.add(
    "FRACTION_IMPOSSIBLE",
    0.2,
    unit="1",
    meaning="No purity is given from this fraction of variants whose allele frequency the copy "
    "numbers do not allow",
    origin="judgement",
)
LEAST_ALTERNATIVE = TABLE.add(
    "LEAST_ALTERNATIVE",
    0.02,
    unit="1",
    meaning="Probability from which another range of purity and baseline is listed",
    origin="judgement",
)
LEAST_TARGETS = TABLE.add(
    "LEAST_TARGETS",
    2,
    unit="targets",
    meaning="Fewest neighbouring targets whose homozygous deletion is called in a gene that is "
    "not deleted as a whole",
    origin="judgement",
)
MOST_TARGETS = TABLE.add(
    "MOST_TARGETS",
    200,
    unit="targets",
    meaning="Genes with more targets are not searched for deletions of a part",
    origin="judgement",
)
DROPPED = TABLE.add(
    "DROPPED",
    0.4,
    unit="log2",
    meaning="A target this far below its gene has dropped out of the library, or is deleted",
    origin="judgement",
)
LEAST_FALL = TABLE.add(
    "LEAST_FALL",
    0.3,
    unit="log2",
    meaning="A gene is searched for deletions of a part if two neighbouring targets are this far "
    "below the others",
    origin="derived: a homozygous deletion at a purity of 0.2",
)
PARTIAL_PRIOR = TABLE.add(
    "PARTIAL_PRIOR",
    (3e-3, 1e-2),
    unit="1",
    meaning="Prior probability that part of a gene has no copy, and one copy",
    origin="judgement",
)
LEAST_PARTIAL = TABLE.add(
    "LEAST_PARTIAL",
    0.8,
    unit="1",
    meaning="Posterior probability from which a homozygous deletion of part of a gene is called",
    origin="judgement",
)
SHIFT_STEP = TABLE.add(
    "SHIFT_STEP",
    0.04,
    unit="log2",
    meaning="Steps of a gene's shift in the search for deletions of a part",
    origin="derived: at most half of it is rounded off, a tenth of the noise of a target of 0.2",
)
UPPER_QUARTILE = TABLE.add(
    "UPPER_QUARTILE",
    0.6745,
    unit="standard deviations",
    meaning="Third quartile of a normal distribution",
    origin="definition: standard normal quantile 0.75",
)
SHOWN = TABLE.add(
    "SHOWN",
    0.9,
    unit="1",
    meaning="Fraction of homozygous deletions of a part that are called at the size from which "
    "they are said to be found",
    origin="judgement",
)
DRAWS = TABLE.add(
    "DRAWS",
    1000,
    unit="genes",
    meaning="Genes that are drawn to find that size",
    origin="derived: standard error of 0.01 at 0.9",
)
TARGET_FREEDOM = TABLE.add(
    "TARGET_FREEDOM",
    8,
    unit="degrees of freedom",
    meaning="Student's t distribution of a target's log2 ratio about its expectation",
    origin="judgement",
)
LEAST_SPLINE = TABLE.add(
    "LEAST_SPLINE",
    300,
    unit="targets",
    meaning="Fewest targets for the fit of GC by a spline; fewer are fitted by a parabola",
    origin="judgement",
)
GC_KNOTS = TABLE.add(
    "GC_KNOTS",
    (2.5, 12.5, 30, 50, 70, 87.5, 97.5),
    unit="percentiles of GC",
    meaning="Knots of the natural cubic spline of log2 ratio on GC",
    origin="judgement",
)
SIZE_KNOTS = TABLE.add(
    "SIZE_KNOTS",
    (5, 35, 65, 95),
    unit="percentiles of length",
    meaning="Knots of the natural cubic spline of log2 ratio on the log of a target's length",
    origin="paper: Harrell 2015, Regression Modeling Strategies, table 2.3 (four knots)",
)
GENE_NOISE = TABLE.add(
    "GENE_NOISE",
    0.06,
    unit="log2",
    meaning="Noise between genes that is assumed where too few genes measure it",
    origin="judgement",
)
LEAST_SHARED = TABLE.add(
    "LEAST_SHARED",
    3,
    unit="variants",
    meaning="Fewest variants of two tumours from which the ratio of their purities is fitted",
    origin="judgement",
)
HIGHEST_PURITY = TABLE.add(
    "HIGHEST_PURITY",
    0.95,
    unit="1",
    meaning="Highest purity of either tumour that is assumed for paired ratios without a normal",
    origin="judgement",
)
SWAP_ODDS = TABLE.add(
    "SWAP_ODDS",
    100,
    unit="odds",
    meaning="Likelihood ratio from which discordant sites are contamination and no swap",
    origin="judgement",
)
OTHER_GENOTYPE = TABLE.add(
    "OTHER_GENOTYPE",
    (0.25, 0.4, 0.35),
    unit="1",
    meaning="Genotype of another person at sites where the patient is homozygous for the "
    "non-reference allele: two, one, no copy of it",
    origin="judgement: allele frequencies of common variants",
)
MIXTURES = TABLE.add(
    "MIXTURES",
    (0.02, 0.7, 69),
    unit="1",
    meaning="Fractions of another person's DNA that are tried against a swap: first, last, number",
    origin="judgement",
)
TUMOR_X = TABLE.add(
    "TUMOR_X",
    (0.3, 2.0),
    unit="1, log2",
    meaning="Prior probability that a tumour gained or lost an X, and the range of log2 depth over "
    "which the depth of X is then uniform",
    origin="judgement",
)
LOST_QUARTILE = TABLE.add(
    "LOST_QUARTILE",
    2.5,
    unit="log2",
    meaning="Fall of the first quartile of a target's depth below the third, beyond that of the "
    "normal, from which a part of it is deleted",
    origin="derived: less than one copy of five",
)
LEAST_QUARTILE = TABLE.add(
    "LEAST_QUARTILE",
    10,
    unit="fragments",
    meaning="Least first quartile of the normal's depth in a target that is searched for a "
    "deletion of a part",
    origin="judgement",
)
MOST_LOST = TABLE.add(
    "MOST_LOST",
    0.005,
    unit="1",
    meaning="Fraction of the other genes' targets with such a fall up to which a deletion of a "
    "part is called from it",
    origin="judgement",
)
SOMATIC_RATE = TABLE.add(
    "SOMATIC_RATE",
    1e-5,
    unit="alleles per base",
    meaning="Somatic alleles per base of the panel before the patient's are counted: mean of a "
    "gamma prior of shape 1",
    origin="judgement: 10 per Mb, as the caller's prior",
)
CLONAL_EVERYWHERE = TABLE.add(
    "CLONAL_EVERYWHERE",
    0.5,
    unit="1",
    meaning="Prior probability that a somatic allele of several samples is clonal in all of them",
    origin="judgement",
)
NOT_IN_SAMPLE = TABLE.add(
    "NOT_IN_SAMPLE",
    0.25,
    unit="1",
    meaning="Prior probability that one of several samples lacks a somatic allele of the patient",
    origin="judgement",
)
HAPLOTYPE_KEPT = TABLE.add(
    "HAPLOTYPE_KEPT",
    0.9,
    unit="1",
    meaning="Prior probability that the commoner haplotype of a segment is the same one in all "
    "samples",
    origin="judgement",
)
STRAY_GERMLINE = TABLE.add(
    "STRAY_GERMLINE",
    0.003,
    unit="1",
    meaning="Prior fraction of germline alleles whose allele frequency fits no state",
    origin="judgement",
)
BROAD_GERMLINE = TABLE.add(
    "BROAD_GERMLINE",
    (0.03, 0.02),
    unit="1, 1",
    meaning="Fraction of germline alleles with a larger overdispersion, and that overdispersion "
    "(mapping, capture of one haplotype)",
    origin="judgement",
)
ABSENT_AF = TABLE.add(
    "ABSENT_AF",
    3e-4,
    unit="1",
    meaning="Allele frequency of errors where a sample lacks an allele",
    origin="judgement",
)
HOMOZYGOUS_AF = TABLE.add(
    "HOMOZYGOUS_AF",
    0.995,
    unit="1",
    meaning="Allele frequency of a homozygous germline allele",
    origin="judgement",
)
LEAST_CELL = TABLE.add(
    "LEAST_CELL",
    1e-9,
    unit="1",
    meaning="Purities below this posterior on a coarse grid are left out where the origin of "
    "alleles is determined",
    origin="judgement",
)
LEAST_SOMATIC = TABLE.add(
    "LEAST_SOMATIC",
    0.7,
    unit="1",
    meaning="Probability that an allele is somatic from which its origin is stated as such without "
    "a normal",
    origin="measured: python -m benchmarks.allele_origin --seed 6 --patients 5 --pool yes",
)
LEAST_SOMATIC_ALONE = TABLE.add(
    "LEAST_SOMATIC_ALONE",
    0.55,
    unit="1",
    meaning="The same without a germline resource: more alleles are taken for somatic than with "
    "one in any case, and fewer are left open",
    origin="measured: python -m benchmarks.allele_origin --seed 661283501 --patients 32 --pool yes",
)
MOST_GERMLINE = TABLE.add(
    "MOST_GERMLINE",
    0.02,
    unit="1",
    meaning="The same up to which it is stated as germline: to leave out a somatic allele is worse "
    "than to show a germline one",
    origin="measured: python -m benchmarks.allele_origin --seed 6 --patients 5 --pool yes",
)
HOTSPOT = TABLE.add(
    "HOTSPOT",
    100.0,
    unit="1",
    meaning="Factor of the rate of somatic alleles for drivers of the disease and alleles "
    "that the catalogue asks for",
    origin="judgement",
)
LISTED_NORMALS = TABLE.add(
    "LISTED_NORMALS",
    0.01,
    unit="1",
    meaning="Allele frequency that is assumed for an allele of the panel of normals",
    origin="judgement: one heterozygous sample of 50",
)
UNLISTED_HOMOZYGOUS = TABLE.add(
    "UNLISTED_HOMOZYGOUS",
    1e-6,
    unit="1 per base",
    meaning="Probability that a person is homozygous for an allele that the germline "
    "resource does not list",
    origin="judgement",
)
INDEL_SPREAD = TABLE.add(
    "INDEL_SPREAD",
    0.005,
    unit="1",
    meaning="Overdispersion of the counts of insertions and deletions beyond that of substitutions",
    origin="judgement",
)
EDGE_BIAS = TABLE.add(
    "EDGE_BIAS",
    (0.4, 0.6, 10),
    unit="1, 1, alleles",
    meaning="Allele frequencies between which alleles show the reference bias without a "
    "normal, and weight of its default",
    origin="judgement",
)
HETEROZYGOUS_WITHOUT_NORMAL = TABLE.add(
    "HETEROZYGOUS_WITHOUT_NORMAL",
    (0.05, 0.96),
    unit="1",
    meaning="Allele frequencies between which an allele of a patient without a normal may be "
    "heterozygous and shows the balance of its segment",
    origin="judgement",
)
ORIGIN_GRID = TABLE.add(
    "ORIGIN_GRID",
    (9.2, 801),
    unit="logit, 1",
    meaning="Allele frequencies at which likelihoods are tabulated for the origin: largest logit, "
    "number of points",
    origin="derived: steps of at most half the standard deviation that SITE_BIAS leaves at any "
    "depth",
)
ORIGIN_ROUNDS = TABLE.add(
    "ORIGIN_ROUNDS",
    2,
    unit="rounds",
    meaning="Rounds in which the rate of somatic alleles and what the other samples say is updated",
    origin="judgement",
)
NEARLY_HOMOZYGOUS = TABLE.add(
    "NEARLY_HOMOZYGOUS",
    0.97,
    unit="1",
    meaning="Allele frequency from which an allele is taken as homozygous, and not informative of "
    "purity and copies, without a normal",
    origin="judgement",
)
ONE_COPY_PRIOR = TABLE.add(
    "ONE_COPY_PRIOR",
    (0.04, 0.9, 0.04, 0.01, 0.01),
    unit="1",
    meaning="Prior probability of 0 to 4 copies in tumour cells where normal cells have one",
    origin="judgement",
)
COARSE = TABLE.add(
    "COARSE",
    4,
    unit="steps of PURITY_GRID",
    meaning="Steps between the purities that are tried first where the origin of alleles is "
    "determined",
    origin="judgement",
)
RATES = TABLE.add(
    "RATES",
    {
        (1e-5, 0.6): -0.9,
        (1e-4, 0.6): -1.6,
        (1e-4, 0.2): -2.2,
        (1e-3, 0.6): -3.6,
        (1e-3, 0.2): -3.6,
        (1e-3, 0.05): -4.6,
    },
    unit="alleles per base, 1: log weight",
    meaning="Rates of somatic alleles, with the fraction of them that is clonal, that are tried "
    "without a normal",
    origin="judgement",
)
LEAST_SUBCLONAL = TABLE.add(
    "LEAST_SUBCLONAL",
    0.003,
    unit="1",
    meaning="Lowest allele frequency of subclonal alleles in the prior that is uniform in its "
    "logarithm, without a normal",
    origin="judgement",
)
HIGH_PURITY = TABLE.add(
    "HIGH_PURITY",
    (0.9, 0.05),
    unit="1, 1",
    meaning="Without a normal: purity up to which the prior is flat, and prior of a purity of 1 "
    "relative to that; between them it falls exponentially",
    origin="judgement: of tumour biopsies few are purer",
)
MOST_WITHOUT_DEPTH = TABLE.add(
    "MOST_WITHOUT_DEPTH",
    8,
    unit="copies",
    meaning="Copies beyond which a segment is hardly assumed to be amplified where no depth shows "
    "it",
    origin="judgement",
)
RARE_STATE = TABLE.add(
    "RARE_STATE",
    1e-3,
    unit="1",
    meaning="Factor of the prior of such states",
    origin="judgement",
)
ORIGIN_SPREADS = TABLE.add(
    "ORIGIN_SPREADS",
    (0.0005, 0.003, 0.02),
    unit="1",
    meaning="Overdispersions that are tried without a normal, each at most that which call "
    "estimated",
    origin="judgement",
)
COMMON_ALLELE = TABLE.add(
    "COMMON_ALLELE",
    (0.02, 0.98),
    unit="1",
    meaning="Frequencies in the germline resource between which alleles show another person's DNA "
    "without a normal",
    origin="judgement",
)
FOREIGN_ALONE = TABLE.add(
    "FOREIGN_ALONE",
    (0.15, 0.6, 46),
    unit="1",
    meaning="Fractions of another person's DNA that are tried without a normal: first, last, "
    "number. At lower ones the other person's alleles are below those that call writes",
    origin="derived: twice KEPT_GERMLINE, less a quarter",
)
LEAST_COMMON_SITES = TABLE.add(
    "LEAST_COMMON_SITES",
    20,
    unit="alleles",
    meaning="Fewest common alleles from which another person's DNA is looked for without a normal",
    origin="judgement",
)
STRAY_SITES = TABLE.add(
    "STRAY_SITES",
    0.02,
    unit="1",
    meaning="Fraction of common alleles of any frequency",
    origin="judgement",
)
SHIFTS = TABLE.add(
    "SHIFTS",
    {
        (0.0, 0.0): 0.0,
        (0.05, 0.12): -2.0,
        (0.15, 0.12): -2.0,
        (0.05, 0.18): -2.0,
        (0.15, 0.18): -2.0,
        (0.3, 0.18): -3.0,
    },
    unit="1, log2: log weight",
    meaning="Fractions of genes whose depth is shifted by something else than copies (another "
    "capture lot) and standard deviations of that shift that are tried",
    origin="judgement",
)
SHIFT_CELLS = TABLE.add(
    "SHIFT_CELLS",
    3,
    unit="cells",
    meaning="Purities and baselines by which the shifts are measured: the likeliest",
    origin="judgement",
)
SHIFT_REACH = TABLE.add(
    "SHIFT_REACH",
    2.5,
    unit="standard deviations of the shift",
    meaning="Fall of a gene's log2 ratio beyond which a homozygous deletion is judged without "
    "shifts",
    origin="judgement",
)
