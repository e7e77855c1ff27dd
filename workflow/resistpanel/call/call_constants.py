"""Thresholds and model constants of call."""

from resistpanel.core.parameters import Table

TABLE = Table("call")

ENDS_SAMPLED = TABLE.add(
    "ENDS_SAMPLED",
    1000,
    unit="reads",
    meaning="Reads of a chunk or a locus, about, of which the 5' ends are compared",
    origin="judgement",
)
TEMPLATES_SAMPLED = TABLE.add(
    "TEMPLATES_SAMPLED",
    500,
    unit="fragments",
    meaning="Approximate number of fragments of a chunk whose template lengths are used",
    origin="judgement",
)
INFERRED_PRIMER = TABLE.add(
    "INFERRED_PRIMER",
    30,
    unit="bases",
    meaning="Bases from an end of an amplicon that its primer may cover, where primers are unknown",
    origin="judgement",
)
SHORTEST_PRIMER = TABLE.add(
    "SHORTEST_PRIMER",
    18,
    unit="bases",
    meaning="Fewest bases from an end of an amplicon at which its base is that of the sample",
    origin="judgement",
)
DEEPER_INSIDE = TABLE.add(
    "DEEPER_INSIDE",
    9,
    unit="bases",
    meaning="Bases by which a base must be further inside another amplicon to be considered "
    "primer of the first: an indel may be aligned at several positions between them",
    origin="judgement",
)
LEAST_PRODUCT = TABLE.add(
    "LEAST_PRODUCT",
    20,
    unit="fragments",
    meaning="Fewest fragments of a chunk with the same two ends that are considered an amplicon",
    origin="judgement",
)
CHIMERIC_PRODUCT = TABLE.add(
    "CHIMERIC_PRODUCT",
    0.02,
    unit="1",
    meaning="Fragments with one end of an amplicon and another second end are chimeras below this "
    "fraction of its fragments",
    origin="judgement",
)
REPLACING_PRODUCT = TABLE.add(
    "REPLACING_PRODUCT",
    0.05,
    unit="1",
    meaning="Fraction of an amplicon's fragments that an overlapping one needs, for the ends of "
    "the first to be left out in its favour",
    origin="judgement",
)
OWN_PRODUCT = TABLE.add(
    "OWN_PRODUCT",
    0.005,
    unit="1",
    meaning="The same of an overlapping amplicon that is the commonest with either of its ends, "
    "as no chimera is",
    origin="judgement",
)
PRODUCT_WOBBLE = TABLE.add(
    "PRODUCT_WOBBLE",
    5,
    unit="bases",
    meaning="Bases by which the ends of fragments of one amplicon differ (errors of synthesis, "
    "small indels)",
    origin="judgement",
)
MIN_FRAGMENTS = TABLE.add(
    "MIN_FRAGMENTS",
    3,
    unit="fragments",
    meaning="Fragments that support an allele over all samples, at least, for it to be a candidate",
    origin="judgement",
)
MIN_BEST = TABLE.add(
    "MIN_BEST",
    2,
    unit="fragments",
    meaning="The same of the sample with most of them",
    origin="judgement",
)
INDEL_FLANK = TABLE.add(
    "INDEL_FLANK",
    12,
    unit="bases",
    meaning="Distance from an indel within which a substitution may be part of the same event",
    origin="judgement",
)
GAP_FLANKS = TABLE.add(
    "GAP_FLANKS",
    (INDEL_FLANK, 8, 24, 48),
    unit="bases",
    meaning="Bases on either side of a gap of an alignment that are part of what its reads show: "
    "the first of these at which one of the reads is aligned on both sides. Another gap of the "
    "reads may be at an end of the first; gaps within OTHER_EVENT are of the same event",
    origin="judgement",
)
POLYMORPHISM_FRACTION = TABLE.add(
    "POLYMORPHISM_FRACTION",
    0.02,
    unit="1",
    meaning="Fraction of the fragments from which on a substitution near an indel may be a "
    "polymorphism",
    origin="judgement",
)
GAP_READS_SAMPLED = TABLE.add(
    "GAP_READS_SAMPLED",
    40,
    unit="reads",
    meaning="Approximate number of reads examined to determine the allele of a gap in an alignment",
    origin="judgement",
)
GATE = TABLE.add(
    "GATE",
    1e-3,
    unit="p-value",
    meaning="Probability of the counts under noise alone, below which an allele is a candidate",
    origin="judgement",
)
NOISE_TRIMMED = TABLE.add(
    "NOISE_TRIMMED",
    0.1,
    unit="1",
    meaning="Fraction of a chunk's positions, those with most gaps or clips, that is left out "
    "where the rate of these by error is estimated, if there are more than MOST_PLACES",
    origin="judgement",
)
MOST_PLACES = TABLE.add(
    "MOST_PLACES",
    300,
    unit="positions",
    meaning="Positions with gaps, and as many with clips on either side, that are examined in a "
    "chunk. At 1,000x about ten are found; broken alignments have thousands, and very "
    "deep samples errors at every position, which do not count (NOISE_TRIMMED)",
    origin="judgement",
)
LEAST_RATE = TABLE.add(
    "LEAST_RATE",
    1e-5,
    unit="1 per base",
    meaning="Lowest mismatch rate that a candidate must exceed",
    origin="judgement",
)
PHASED = TABLE.add(
    "PHASED",
    0.6,
    unit="1",
    meaning="Fraction of the commoner allele's fragments that must have both alleles for the "
    "two to be one event",
    origin="judgement",
)
GATE_ROUNDS = TABLE.add(
    "GATE_ROUNDS",
    3,
    unit="rounds",
    meaning="Rounds in which alleles with conspicuous counts are excluded from the noise that "
    "they must exceed",
    origin="judgement",
)
MIN_CLIP = TABLE.add(
    "MIN_CLIP",
    8,
    unit="bases",
    meaning="Length that one of the soft clips at a breakpoint must have",
    origin="judgement",
)
SHORT_CLIP = TABLE.add(
    "SHORT_CLIP",
    4,
    unit="bases",
    meaning="Length from which on the other clips count",
    origin="judgement",
)
MIN_CLIPPED = TABLE.add(
    "MIN_CLIPPED",
    2,
    unit="fragments",
    meaning="Fragments that must be clipped at a breakpoint",
    origin="judgement",
)
FEW_PIECES = TABLE.add(
    "FEW_PIECES",
    4,
    unit="clips",
    meaning="With no more clips than this, a base shown by one of them is accepted",
    origin="judgement",
)
CLIP_MAJORITY = TABLE.add(
    "CLIP_MAJORITY",
    2 / 3,
    unit="1",
    meaning="Fraction of the clips at a breakpoint that must agree on a base: two of three, so "
    "that an error in one of three does not end the sequence",
    origin="judgement",
)
CLIP_SEED = TABLE.add(
    "CLIP_SEED",
    12,
    unit="bases",
    meaning="Seed length for the alignment of clipped sequence",
    origin="judgement",
)
CLIP_REACH = TABLE.add(
    "CLIP_REACH",
    450,
    unit="bases",
    meaning="Distance from a breakpoint within which clipped sequence is sought",
    origin="judgement",
)
SHORT_CLIP_SEED = TABLE.add(
    "SHORT_CLIP_SEED",
    8,
    unit="bases",
    meaning="Seed of clips that are too short for that",
    origin="judgement",
)
SHORT_CLIP_REACH = TABLE.add(
    "SHORT_CLIP_REACH",
    64,
    unit="bases",
    meaning="Distance within which those are sought, and within which a clip supports an "
    "aligned gap",
    origin="judgement",
)
LEAST_OVERLAP = TABLE.add(
    "LEAST_OVERLAP",
    10,
    unit="bases",
    meaning="Overlap of two facing clips that confirms an inserted sequence",
    origin="judgement",
)
SITE_MULTIPLIERS = TABLE.add(
    "SITE_MULTIPLIERS",
    (0.1, 0.3, 0.6, 1, 1.6, 2.5, 4, 7, 12, 20, 40, 80, 160),
    unit="1",
    meaning="Grid of the factor by which the error rate of a site differs from that of its context",
    origin="judgement",
)
VARIANT_FRACTION = TABLE.add(
    "VARIANT_FRACTION",
    0.05,
    unit="1",
    meaning="An allele above this fraction, with at least 4 fragments in any sample, is not "
    "counted as an error",
    origin="judgement",
)
SHRINK = TABLE.add(
    "SHRINK",
    20.0,
    unit="errors",
    meaning="Pseudo-counts of a cell of the error table, at the rate of its parent cell",
    origin="judgement",
)
CONTEXT_ERRORS = TABLE.add(
    "CONTEXT_ERRORS",
    12.0,
    unit="errors",
    meaning="Pseudo-counts of a cell of the table by the base before, of all samples and strands, "
    "at the rate of the substitution: contexts differ by a factor of 1.4 in COLO829",
    origin="judgement: false calls of python -m benchmarks.bed.panel_size against the calls of "
    "small panels with a variant in ten bases",
)
NOMINAL_RATES = TABLE.add(
    "NOMINAL_RATES",
    (0.03, 0.01, 0.004, 0.0015, 0.0005, 0.0001, 3e-5, 5e-6),
    unit="1 per base",
    meaning="Error rates by quality group before any data: nominal quality of raw reads, "
    "bounded by what PCR adds (1e-4); simplex consensus; duplex consensus",
    origin="paper: Ma et al., Genome Biol 2019;20:50; Newman et al., Nat Biotechnol 2016;34:547",
)
NOMINAL_ERRORS = TABLE.add(
    "NOMINAL_ERRORS",
    2.0,
    unit="errors",
    meaning="Pseudo-counts of those rates",
    origin="judgement",
)
SITE_MOST_RATES = TABLE.add(
    "SITE_MOST_RATES",
    (0.1, 0.1, 0.1, 0.03, 0.03, 0.03, 0.01, 0.003),
    unit="1 per base",
    meaning="Highest error rate towards one base at a site, by the best quality group read "
    "there: beyond it are mapping artifacts, which the model `artifact` covers; lower "
    "for consensus, in which an error must recur in every copy",
    origin="judgement",
)
DAMAGE_MOST = TABLE.add(
    "DAMAGE_MOST",
    0.05,
    unit="1 per base",
    meaning="Highest rate of damage of one orientation",
    origin="paper: Costello et al., Nucleic Acids Res 2013;41:e67",
)
SUSPECT_VARIANT = TABLE.add(
    "SUSPECT_VARIANT",
    1e-3,
    unit="1",
    meaning="Prior probability that an allele with conspicuous counts is a variant",
    origin="judgement",
)
SUSPECT_DAMAGED = TABLE.add(
    "SUSPECT_DAMAGED",
    0.02,
    unit="1",
    meaning="Prior probability that one orientation is damaged at a site",
    origin="judgement",
)
LEAST_SIDE = TABLE.add(
    "LEAST_SIDE",
    10,
    unit="fragments",
    meaning="Fragments that an orientation needs to show damage, or its absence: amplicons "
    "and collapsed duplex reads have one orientation alone",
    origin="judgement",
)
LEAST_SIDE_FRACTION = TABLE.add(
    "LEAST_SIDE_FRACTION",
    0.1,
    unit="1",
    meaning="The same as a fraction of all fragments",
    origin="judgement",
)
ROUNDS = TABLE.add(
    "ROUNDS",
    8,
    unit="rounds",
    meaning="Rounds of learning with the probabilities that alleles are errors, at most",
    origin="judgement",
)
INDEL_FLOOR = TABLE.add(
    "INDEL_FLOOR",
    5e-6,
    unit="1 per fragment",
    meaning="Probability of an indel error outside repeats",
    origin="judgement",
)
ERROR_RANGE = TABLE.add(
    "ERROR_RANGE",
    (1e-7, 0.3),
    unit="1 per base or fragment",
    meaning="Lowest and highest probability of an error that the error model gives",
    origin="judgement",
)
STUTTER_BASE = TABLE.add(
    "STUTTER_BASE",
    1e-6,
    unit="1 per fragment",
    meaning="Usual rate of slippage of a tract of one base",
    origin="judgement",
)
STUTTER_GROWTH = TABLE.add(
    "STUTTER_GROWTH",
    2.1,
    unit="factor per base",
    meaning="Growth of the usual rate of slippage with the length of the tract",
    origin="judgement",
)
STUTTER_MOST = TABLE.add(
    "STUTTER_MOST",
    0.05,
    unit="1 per fragment",
    meaning="Highest usual rate of slippage",
    origin="judgement",
)
STUTTER_WEIGHT = TABLE.add(
    "STUTTER_WEIGHT",
    (2.0, 10.0),
    unit="slips",
    meaning="Weight of the usual rate in the rate of all samples, of that in a sample's rate",
    origin="judgement",
)
STUTTER_FURTHER = TABLE.add(
    "STUTTER_FURTHER",
    0.15,
    unit="factor per repeat unit",
    meaning="Rate of slippage by each further unit, as in forensic microsatellites",
    origin="judgement",
)
STUTTER_LONG_UNIT = TABLE.add(
    "STUTTER_LONG_UNIT",
    0.5,
    unit="factor",
    meaning="Rate of slippage of repeats of longer units, against a homopolymer of as many units",
    origin="judgement",
)
STUTTER_NOT = TABLE.add(
    "STUTTER_NOT",
    ((6, 0.01), (8, 0.02), (11, 0.08), (14, 0.25)),
    unit="(bases, AF)",
    meaning="AF from which an indel of a homopolymer is not counted as slippage, by its length",
    origin="judgement",
)
FEWEST_SUSPECT = TABLE.add(
    "FEWEST_SUSPECT",
    3,
    unit="fragments",
    meaning="Fewest fragments with an indel of a homopolymer that may be a true one",
    origin="judgement",
)
SLIP_CHANCE = TABLE.add(
    "SLIP_CHANCE",
    1e-3,
    unit="probability",
    meaning="An indel of a homopolymer that slippage gives more rarely is not counted as slippage",
    origin="judgement",
)
HEAVY_TAIL = TABLE.add(
    "HEAVY_TAIL",
    (0.4, 0.3, 20.0, -1.5),
    unit="(weight, multiplier, multiplier, exponent)",
    meaning="Tail of the site multipliers in repeats: its weight, range and power law",
    origin="judgement",
)
MAX_TRACT = TABLE.add(
    "MAX_TRACT",
    20,
    unit="bases",
    meaning="Longer homopolymers have one slippage rate",
    origin="judgement",
)
PRIOR_SITES = TABLE.add(
    "PRIOR_SITES",
    3000,
    unit="sites",
    meaning="Pseudo-counts of the distribution of the site multiplier, by substitution and "
    "orientation",
    origin="judgement",
)
PRIOR_SHARED = TABLE.add(
    "PRIOR_SHARED",
    10_000,
    unit="sites",
    meaning="The same of the distribution over all sites. A panel of 300 bases has 900 sites, "
    "one of 67 kb 200,000",
    origin="judgement",
)
RECURRENT_SITES = TABLE.add(
    "RECURRENT_SITES",
    1e-4,
    unit="1",
    meaning="Fraction of sites at which errors recur, in the prior of the distribution over all "
    "sites: a small panel has too few sites to show its own. Measured: 1e-4 to 5e-4 in COLO829 and "
    "its normal, 3e-4 to 8e-4 in the capture and amplicon panels of the second simulator",
    origin="measured: resistpanel call, header line resistpanel_multipliers",
)
RECURRENT_RANGE = TABLE.add(
    "RECURRENT_RANGE",
    (12.0, 20.0),
    unit="1",
    meaning="Multipliers of these sites, level in log m",
    origin="judgement: simulated panels show 12 and above, COLO829 160; small panels lose calls "
    "of true variants if the range is wider",
)
UNHEARD_SITES = TABLE.add(
    "UNHEARD_SITES",
    10,
    unit="sites",
    meaning="Fewer sites than this do not change the distribution: in a small panel they may "
    "be variants",
    origin="judgement",
)
UNHEARD_DAMAGED = TABLE.add(
    "UNHEARD_DAMAGED",
    2.0,
    unit="sites",
    meaning="The same for the distribution of one substitution and orientation in a sample of "
    "molecules, since two errors of molecules at one site occur by chance",
    origin="measured: in two of the three plasma samples of resources/demo/plasma.yaml, without "
    "damaged sites, one such site raised the limits of its substitution by a quarter",
)
RATHER_ERROR = TABLE.add(
    "RATHER_ERROR",
    0.5,
    unit="1",
    meaning="Probability of being an error from which on an allele counts for the distribution",
    origin="judgement",
)
CONSENSUS_SLIPPAGE = TABLE.add(
    "CONSENSUS_SLIPPAGE",
    (0.5, 0.25),
    unit="1",
    meaning="Slippage rate of consensus reads as a fraction of that of raw reads before any "
    "data: simplex, duplex",
    origin="judgement",
)
SITE_ROUNDING = TABLE.add(
    "SITE_ROUNDING",
    0.05,
    unit="sites",
    meaning="By how much the share of a multiplier that a site is taken to have taught is rounded "
    "up when the site is left out, since sites are tabulated in bins",
    origin="judgement: an SNV of 52 of 4,050 fragments, read in one orientation, left 0.01 sites, "
    "200 times the prior",
)
MOST_ERRORS = TABLE.add(
    "MOST_ERRORS",
    40,
    unit="errors",
    meaning="Counts of errors of a site are tabulated up to this",
    origin="judgement",
)
MAX_PARTNERS = TABLE.add(
    "MAX_PARTNERS",
    25,
    unit="alleles",
    meaning="Following alleles with which the phase of an allele is reported, at most",
    origin="judgement",
)
CODON_REACH = TABLE.add(
    "CODON_REACH",
    2,
    unit="bases",
    meaning="Distance of two bases of one codon, at most, introns aside",
    origin="definition: codons have three bases",
)
INHERITED_IN_NORMAL = TABLE.add(
    "INHERITED_IN_NORMAL",
    0.2,
    unit="1",
    meaning="Fraction of the normal's fragments from which on the phase of an allele is that of a "
    "germline variant",
    origin="judgement",
)
MAX_PHASED = TABLE.add(
    "MAX_PHASED",
    200,
    unit="alleles",
    meaning="Alleles of a chunk whose phase is reported, those with most support: thirty are "
    "usual, 150 with damage",
    origin="judgement",
)
HAPLOTYPE_ODDS = TABLE.add(
    "HAPLOTYPE_ODDS",
    500,
    unit="odds",
    meaning="Likelihood ratio from which on a fragment counts for a haplotype",
    origin="judgement",
)
OTHER_HAPLOTYPE_ODDS = TABLE.add(
    "OTHER_HAPLOTYPE_ODDS",
    3,
    unit="odds",
    meaning="Odds from which on a read is assigned to a haplotype other than the reference, so "
    "that mismatches that disappear on it are not evidence of a substitution",
    origin="judgement",
)
COMMON_INDEL = TABLE.add(
    "COMMON_INDEL",
    0.1,
    unit="1",
    meaning="Fraction of a sample's informative fragments from which on an insertion or deletion "
    "may be in cis with a rarer one of its locus: both together are a haplotype, too",
    origin="judgement",
)
COMMON_SUBSTITUTION = TABLE.add(
    "COMMON_SUBSTITUTION",
    0.1,
    unit="1",
    meaning="Fraction of a sample's fragments from which on a substitution near an insertion or "
    "deletion is tried on every haplotype of its locus",
    origin="judgement",
)
COMMON_FRAGMENTS = TABLE.add(
    "COMMON_FRAGMENTS",
    8,
    unit="fragments",
    meaning="Fewest fragments with such a substitution",
    origin="judgement",
)
INHERITED_SUBSTITUTION = TABLE.add(
    "INHERITED_SUBSTITUTION",
    0.25,
    unit="1",
    meaning="Fraction of the fragments of all samples from which on a substitution is taken for a "
    "polymorphism, with which a complex event may be an insertion or deletion beside it",
    origin="judgement",
)
ALIKE_SUBSTITUTIONS = TABLE.add(
    "ALIKE_SUBSTITUTIONS",
    1.2,
    unit="1",
    meaning="Largest ratio of the fragments with two such substitutions beside each other that "
    "are tried as one",
    origin="judgement",
)
OTHER_EVENT = TABLE.add(
    "OTHER_EVENT",
    8,
    unit="bases",
    meaning="Gaps of a read further than this from a locus belong to another event",
    origin="judgement",
)
POLYMORPHISM_REACH = TABLE.add(
    "POLYMORPHISM_REACH",
    60,
    unit="bases",
    meaning="Distance from a locus within which a polymorphism may be on its haplotypes",
    origin="judgement",
)
DUPLICATION_OVERLAP = TABLE.add(
    "DUPLICATION_OVERLAP",
    12,
    unit="bases",
    meaning="Bases on either side by which a read spans an end of a duplication",
    origin="judgement",
)
MISREAD = TABLE.add(
    "MISREAD",
    1e-3,
    unit="1 per base",
    meaning="Lowest sequencing error rate of a base that is assumed",
    origin="judgement",
)
MISREAD_FOLD = TABLE.add(
    "MISREAD_FOLD",
    20,
    unit="1",
    meaning="An indel allele that differs by one base from another with this many times its "
    "fragments is a sequencing error of the other; with two bases, the square of this",
    origin="judgement",
)
MAX_HAPLOTYPES = TABLE.add(
    "MAX_HAPLOTYPES",
    10,
    unit="haplotypes",
    meaning="Haplotypes compared at one locus, those with most support",
    origin="judgement",
)
MAX_MISMATCHES = TABLE.add(
    "MAX_MISMATCHES",
    0.1,
    unit="1 per base",
    meaning="A fragment with a higher mismatch rate to every haplotype is not informative",
    origin="judgement",
)
SAMPLING_QUALITY = TABLE.add(
    "SAMPLING_QUALITY",
    30,
    unit="Phred",
    meaning="Base quality of the reads that are aligned to the haplotypes to determine their "
    "informative start positions",
    origin="judgement",
)
LEAST_SCORE = TABLE.add(
    "LEAST_SCORE",
    20,
    unit="matches",
    meaning="Local alignment score below which a read is not aligned: the seed length of bwa mem",
    origin="definition: bwa mem",
)
GAP_OPEN = TABLE.add(
    "GAP_OPEN",
    6,
    unit="matches",
    meaning="Penalty of opening a gap",
    origin="definition: bwa mem",
)
GAP_BASE = TABLE.add(
    "GAP_BASE",
    1,
    unit="matches",
    meaning="Penalty of each base of a gap",
    origin="definition: bwa mem",
)
GENOTYPE_ERROR = TABLE.add(
    "GENOTYPE_ERROR",
    3e-4,
    unit="1 per base",
    meaning="Error rate towards another base where no better rate is known",
    origin="judgement",
)
LEAST_EVIDENCE = TABLE.add(
    "LEAST_EVIDENCE",
    2.0,
    unit="log10",
    meaning="Likelihood ratio against none from which on contamination is reported",
    origin="judgement",
)
ERROR_SHAPE = TABLE.add(
    "ERROR_SHAPE",
    2.0,
    unit="1",
    meaning="Shape of the gamma distribution of error rates between sites",
    origin="judgement",
)
GENOTYPE_SITES = TABLE.add(
    "GENOTYPE_SITES",
    4.0,
    unit="sites",
    meaning="Pseudo-counts of the frequencies of the genotypes",
    origin="judgement",
)
EM_STEPS = TABLE.add(
    "EM_STEPS",
    25,
    unit="steps",
    meaning="Steps of their fit",
    origin="judgement",
)
LEAST_TUMOR_AF = TABLE.add(
    "LEAST_TUMOR_AF",
    0.08,
    unit="1",
    meaning="Allele frequency in a tumour from which on a somatic variant shows tumour in the "
    "normal",
    origin="judgement",
)
UNLISTED = TABLE.add(
    "UNLISTED",
    3e-5,
    unit="1 per base",
    meaning="Expected heterozygosity of a position that the germline resource does not list",
    origin="judgement",
)
CARRIED = TABLE.add(
    "CARRIED",
    {"SNV": 3e-4, "INS": 5e-5, "DEL": 5e-5, "DUP": 1e-5, "MNV": 2e-6, "COMPLEX": 2e-6},
    unit="1",
    meaning="Probability that a person has a given allele, by type: about one base in a "
    "thousand differs, one indel comes with eight such",
    origin="judgement",
)
UNSTATED = TABLE.add(
    "UNSTATED",
    1e-4,
    unit="1",
    meaning="Allele frequency given to an allele of the germline resource without one",
    origin="judgement",
)
RECURS = TABLE.add(
    "RECURS",
    2.0,
    unit="samples",
    meaning="Normals assumed of an allele in a panel of normals that lists sites only",
    origin="judgement",
)
TUMOR_SPREAD = TABLE.add(
    "TUMOR_SPREAD",
    0.25,
    unit="logit",
    meaning="Standard deviation between tumours that have a variant at similar frequencies",
    origin="judgement",
)
ARTIFACT_SPREAD = TABLE.add(
    "ARTIFACT_SPREAD",
    0.12,
    unit="logit",
    meaning="The same between the samples that show a recurrent artifact",
    origin="judgement",
)
ARTIFACT_LEVEL = TABLE.add(
    "ARTIFACT_LEVEL",
    0.02,
    unit="1",
    meaning="Allele frequency from which on the prior of a recurrent artifact is flat",
    origin="judgement",
)
ARTIFACT_LOW = TABLE.add(
    "ARTIFACT_LOW",
    0.03,
    unit="1",
    meaning="Least prior of a recurrent artifact at low allele frequencies, as a fraction of that "
    "from ARTIFACT_LEVEL on",
    origin="judgement: the multiplier of the error rate covers such frequencies too",
)
ARTIFACT_LOW_MOLECULES = TABLE.add(
    "ARTIFACT_LOW_MOLECULES",
    0.003,
    unit="1",
    meaning="The same of a substitution where a tumour sample is of molecules: an artifact at one "
    "frequency in reads and in molecules is of no cycle or strand, which leaves mapping",
    origin="judgement: a tenth; python -m benchmarks.molecule_calls --seed 55120931 measures what "
    "is called, and the false calls",
)
HET_CENTRE = TABLE.add(
    "HET_CENTRE",
    -0.05,
    unit="logit",
    meaning="Centre of the allele frequencies of heterozygous germline variants without a "
    "normal, before any data: reference bias",
    origin="judgement",
)
HET_SPREAD = TABLE.add(
    "HET_SPREAD",
    0.2,
    unit="logit",
    meaning="Their standard deviation",
    origin="judgement",
)
HET_ANYWHERE = TABLE.add(
    "HET_ANYWHERE",
    3e-4,
    unit="1",
    meaning="Weight of any other frequency",
    origin="judgement",
)
HET_SITES = TABLE.add(
    "HET_SITES",
    3.0,
    unit="sites",
    meaning="Pseudo-counts of that distribution",
    origin="judgement",
)
HET_KERNEL = TABLE.add(
    "HET_KERNEL",
    0.12,
    unit="logit",
    meaning="Standard deviation by which the distribution of the patient's variants is smoothed",
    origin="judgement",
)
HET_FROM = TABLE.add(
    "HET_FROM",
    0.42,
    unit="1",
    meaning="Allele frequency from which on an allele shows the distribution of germline ones",
    origin="judgement",
)
HET_ABOVE = TABLE.add(
    "HET_ABOVE",
    0.6,
    unit="1",
    meaning="Allele frequency above which somatic alleles are rare",
    origin="judgement",
)
HET_TO = TABLE.add(
    "HET_TO",
    0.93,
    unit="1",
    meaning="Allele frequency up to which an allele shows the distribution of heterozygous ones",
    origin="judgement",
)
HET_FRAGMENTS = TABLE.add(
    "HET_FRAGMENTS",
    10,
    unit="fragments",
    meaning="Fragments that such an allele needs",
    origin="judgement",
)
HET_LEAST = TABLE.add(
    "HET_LEAST",
    0.1,
    unit="1",
    meaning="Lowest allele frequency of a germline variant whose copy the tumour lost",
    origin="judgement",
)
RUN_THROUGH_TRACT = TABLE.add(
    "RUN_THROUGH_TRACT",
    6,
    unit="bases",
    meaning="Filter slippage: a homopolymer of as many bases may be read on into the bases behind",
    origin="judgement: seen behind six T in public exome reads, qualities of 4 to 30",
)
RUN_THROUGH_CHANGES = TABLE.add(
    "RUN_THROUGH_CHANGES",
    3,
    unit="bases",
    meaning="Filter slippage: fewest substitutions by the base of the homopolymer beside them",
    origin="judgement: one or two are also true substitutions",
)
HET_LOST = TABLE.add(
    "HET_LOST",
    0.002,
    unit="1",
    meaning="Without a normal, probability that a sample shows a heterozygous germline variant "
    "above HET_TO: it lost the other copy and has few normal cells, as cell lines have",
    origin="judgement: a twentieth of the genome in a twenty-fifth of the samples",
)
TIN_PRIOR = TABLE.add(
    "TIN_PRIOR",
    0.02,
    unit="1",
    meaning="Probability that a normal contains tumour where too few variants show how much",
    origin="judgement",
)
TIN_FROM = TABLE.add(
    "TIN_FROM",
    0.08,
    unit="1",
    meaning="Allele frequency in a tumour from which on tumour in the normal is considered "
    "for one allele: below it, an artifact is as likely",
    origin="judgement",
)
ENDS_LIKE = TABLE.add(
    "ENDS_LIKE",
    1.25,
    unit="1",
    meaning="Factor by which the bases of an allele may be near read ends more often than "
    "those of all reads at the site",
    origin="judgement",
)
LESS_SIDE = TABLE.add(
    "LESS_SIDE",
    0.2,
    unit="1",
    meaning="A strand or orientation counts as missing below this fraction of what is expected",
    origin="judgement",
)
PRIMER_REACH = TABLE.add(
    "PRIMER_REACH",
    32,
    unit="bases",
    meaning="Distance from a fragment end that a primer may cover where primers are unknown",
    origin="judgement",
)
PRIMER_ERROR_MOST = TABLE.add(
    "PRIMER_ERROR_MOST",
    0.1,
    unit="1",
    meaning="Highest allele frequency of an error of primer synthesis",
    origin="judgement",
)
MOSTLY_AT_ENDS = TABLE.add(
    "MOSTLY_AT_ENDS",
    0.9,
    unit="1",
    meaning="Fraction of an allele's fragments that must have it within PRIMER_REACH of an end for "
    "an unknown primer to have made it",
    origin="judgement",
)
PRIMER_JACKPOT_MOST = TABLE.add(
    "PRIMER_JACKPOT_MOST",
    0.03,
    unit="1",
    meaning="Highest allele frequency of an error of primer synthesis that the first cycles of PCR "
    "made commoner in one sample",
    origin="judgement",
)
PRIMER_ERROR_VARIES = TABLE.add(
    "PRIMER_ERROR_VARIES",
    5.0,
    unit="factor",
    meaning="By which an error of primer synthesis differs between samples of a patient, at most",
    origin="judgement",
)
LOD_LEVEL = TABLE.add(
    "LOD_LEVEL",
    0.95,
    unit="1",
    meaning="Fraction of the draws in which a variant at the limit of detection is called",
    origin="definition: CLSI EP17-A2",
)
ODDS_MOST = TABLE.add(
    "ODDS_MOST",
    999.0,
    unit="log10",
    meaning="Log odds in the records are cut at this, either way",
    origin="judgement: so that a column stays narrow; beyond it no decision changes",
)
LOD_DRAWS = TABLE.add(
    "LOD_DRAWS",
    96,
    unit="draws",
    meaning="Draws of the errors of a site, from which the limit of detection is computed, where "
    "MANY_ERRORS are expected; at least one for each multiplier",
    origin="judgement: CPU against the cells that hold in docs/validation/lod.md",
)
MOST_DRAWS = TABLE.add(
    "MOST_DRAWS",
    384,
    unit="draws",
    meaning="The same where several times as many errors are expected",
    origin="judgement: with 96, sites with 20 to 500 expected errors were called in 91 % at their "
    "limit (docs/validation/lod.md)",
)
DRAWN_SAMPLES = TABLE.add(
    "DRAWN_SAMPLES",
    2,
    unit="samples",
    meaning="Number of samples beyond which FEW_DRAWS are drawn for each further sample, since "
    "each has separate errors",
    origin="judgement: with FEW_DRAWS in all, sites of five and more samples were called in 84 to "
    "92 % at their limit (docs/validation/lod.md)",
)
FEW_DRAWS = TABLE.add(
    "FEW_DRAWS",
    48,
    unit="draws",
    meaning="The same where hardly any errors are expected, before further ones are drawn",
    origin="measured: over 15 Latin hypercubes limits are within 1 % of those of 1,000 draws on "
    "average and vary by 1 to 2 %; with 12 draws they are 2 to 7 % too low",
)
CLEAN_DRAWS = TABLE.add(
    "CLEAN_DRAWS",
    30,
    unit="draws",
    meaning="Number of draws without any error that are computed; the others repeat them",
    origin="measured: with FEW_DRAWS",
)
WHOLE_SLOPE = TABLE.add(
    "WHOLE_SLOPE",
    0.7,
    unit="fragments",
    meaning="Calls need an integer number of fragments: width of the transition from one integer "
    "to the next, so that the limit of detection does not jump",
    origin="judgement",
)
INHERITED_LIMITS = TABLE.add(
    "INHERITED_LIMITS",
    8,
    unit="sites",
    meaning="Inherited substitutions at which the limit of a new allele is computed; at the "
    "others it is interpolated by depth",
    origin="judgement: they differ by their depth",
)
LEAST_STRATUM = TABLE.add(
    "LEAST_STRATUM",
    24,
    unit="1",
    meaning="A multiplier that is rarer than one in this many times the number of draws is not "
    "used",
    origin="judgement",
)
EXPLAINED_ERRORS = TABLE.add(
    "EXPLAINED_ERRORS",
    5,
    unit="errors",
    meaning="Sites have one limit of detection if this many errors are about as likely under their "
    "distributions of the multiplier",
    origin="judgement: about the fragments that a call needs where errors are few",
)
EXPLAINED_STEP = TABLE.add(
    "EXPLAINED_STEP",
    2.0,
    unit="log",
    meaning="Step of the log probability of these errors within which sites have one limit",
    origin="judgement: about the log odds of one fragment",
)
DEPTH_STEP = TABLE.add(
    "DEPTH_STEP",
    0.5,
    unit="log",
    meaning="Step of depth between which limits of detection are interpolated",
    origin="judgement: CPU against the cells that hold in docs/validation/lod.md",
)
ERROR_STEP = TABLE.add(
    "ERROR_STEP",
    0.8,
    unit="log",
    meaning="Step of the error rate between which limits of detection are interpolated",
    origin="judgement: CPU against the cells that hold in docs/validation/lod.md",
)
MANY_ERRORS = TABLE.add(
    "MANY_ERRORS",
    2.0,
    unit="fragments",
    meaning="Errors expected of a sample at a site from which on its limit of detection is "
    "computed for the site, not interpolated",
    origin="judgement",
)
ARTIFACT_CAP = TABLE.add(
    "ARTIFACT_CAP",
    0.05,
    unit="1",
    meaning="Allele frequency up to which a number of fragments that is refused although a lower "
    "one is called raises the limit of detection: recurrent artifacts",
    origin="judgement",
)
SHALLOW = TABLE.add(
    "SHALLOW",
    100,
    unit="fragments",
    meaning="Depth of the normal below which a somatic variant of high frequency may be mistaken "
    "for a germline variant",
    origin="judgement",
)
CONTAMINATION_CAP = TABLE.add(
    "CONTAMINATION_CAP",
    1.0,
    unit="1",
    meaning="The same with another person's DNA",
    origin="judgement",
)
PRESENT_BF = TABLE.add(
    "PRESENT_BF",
    100,
    unit="1",
    meaning="Bayes factor from which on an allele that exists in the patient is detected in a "
    "sample",
    origin="judgement",
)
KNOWN_ALPHA = TABLE.add(
    "KNOWN_ALPHA",
    0.001,
    unit="1",
    meaning="Highest probability that a sample without a known allele shows as many fragments as "
    "its detection requires",
    origin="judgement: one false detection in a thousand tests of known alleles",
)
CONVERSION = TABLE.add(
    "CONVERSION",
    0.4,
    unit="1",
    meaning="plan: fraction of the genome equivalents that are sequenced as molecules, by default",
    origin="judgement: ligation and capture lose about half each, of which duplicates recover part",
)
PLAN_NORMAL = TABLE.add(
    "PLAN_NORMAL",
    1000.0,
    unit="fragments",
    meaning="plan: depth of the matched normal, by default",
    origin="judgement",
)
PLAN_MOST_MOLECULES = TABLE.add(
    "PLAN_MOST_MOLECULES",
    200_000,
    unit="molecules",
    meaning="plan: most molecules that are searched",
    origin="judgement: 600 ng without any loss",
)
PLAN_INSERT = TABLE.add(
    "PLAN_INSERT",
    167.0,
    unit="bases",
    meaning="plan: length of a fragment of cell-free DNA",
    origin="paper: Snyder et al. 2016, Cell 164:57",
)
PLAN_ON_TARGET = TABLE.add(
    "PLAN_ON_TARGET",
    0.6,
    unit="1",
    meaning="plan: fraction of the read pairs on target",
    origin="judgement",
)
MOST_COPIES = TABLE.add(
    "MOST_COPIES",
    50,
    unit="fragments",
    meaning="Alleles with more are not examined for unflagged copies of few molecules",
    origin="judgement",
)
LONGEST_TAIL = TABLE.add(
    "LONGEST_TAIL",
    2000,
    unit="fragments",
    meaning="Number of fragments up to which the errors of a known allele are added up",
    origin="judgement: where more are expected as errors, the allele has no limit",
)
LEAST_CONTAMINATION = TABLE.add(
    "LEAST_CONTAMINATION",
    0.004,
    unit="1",
    meaning="Lower contamination cannot be distinguished from errors, and rarely leads to a call",
    origin="judgement",
)
LEAST_TIN = TABLE.add(
    "LEAST_TIN",
    0.002,
    unit="1",
    meaning="A lower fraction of tumour in the normal changes no call",
    origin="judgement",
)
LEAST_NORMAL = TABLE.add(
    "LEAST_NORMAL",
    20,
    unit="fragments",
    meaning="Depth of the normal that a variant needs to show tumour in it",
    origin="judgement",
)
MOST_TIN_AF = TABLE.add(
    "MOST_TIN_AF",
    0.2,
    unit="1",
    meaning="Allele frequency in the normal from which on it is not attributed to tumour in "
    "the normal",
    origin="judgement",
)
MIN_DEPTH = TABLE.add(
    "MIN_DEPTH",
    10,
    unit="fragments",
    meaning="Depth below which a sample is not assessable",
    origin="judgement",
)
INHERITED_AF = TABLE.add(
    "INHERITED_AF",
    1e-3,
    unit="1",
    meaning="Population frequency from which on an allele of a forced site is considered germline",
    origin="judgement",
)
NEAR_MISS = TABLE.add(
    "NEAR_MISS",
    1.0,
    unit="Phred",
    meaning="Quality from which on a candidate that is not called is reported as a near miss",
    origin="judgement",
)
SECOND_ERROR = TABLE.add(
    "SECOND_ERROR",
    0.02,
    unit="1",
    meaning="Probability of an error next to another in one fragment",
    origin="judgement",
)
MIN_BASE_QUALITY = TABLE.add(
    "MIN_BASE_QUALITY",
    12,
    unit="Phred",
    meaning="Bases below this quality are not counted",
    origin="judgement",
)
NORMAL_HET_SPREAD = TABLE.add(
    "NORMAL_HET_SPREAD",
    0.35,
    unit="logit",
    meaning="Standard deviation of the allele frequency of a heterozygous germline variant in the "
    "normal about HET_CENTRE",
    origin="judgement",
)
HOM_LEAST = TABLE.add(
    "HOM_LEAST",
    0.93,
    unit="1",
    meaning="Lowest allele frequency of a homozygous germline variant in a normal",
    origin="judgement",
)
HOM_NEARLY = TABLE.add(
    "HOM_NEARLY",
    0.9,
    unit="1",
    meaning="Of homozygous germline variants HOM_BELOW have an allele frequency from this to "
    "HOM_LEAST: reads of a similar sequence, or of another person, show the reference",
    origin="judgement",
)
HOM_BELOW = TABLE.add(
    "HOM_BELOW",
    0.02,
    unit="1",
    meaning="Fraction of homozygous germline variants below HOM_LEAST",
    origin="judgement: without it, tumours without a normal had somatic variants at 0.93 to 0.98",
)
FOREIGN_SPREAD = TABLE.add(
    "FOREIGN_SPREAD",
    0.12,
    unit="logit",
    meaning="Standard deviation of the allele frequency of another person's allele about the "
    "contamination and half of it",
    origin="judgement",
)
WIDE_LOCUS = TABLE.add(
    "WIDE_LOCUS",
    50,
    unit="bases",
    meaning="Length from which on a haplotype is long, since half of a short read does not "
    "contain it",
    origin="judgement",
)
NEAR_MISS_THERE = TABLE.add(
    "NEAR_MISS_THERE",
    0.1,
    unit="Phred",
    meaning="The same as NEAR_MISS where the allele is there beyond doubt and its origin is open, "
    "as with tumour in a shallow normal",
    origin="judgement",
)
THERE_ODDS = TABLE.add(
    "THERE_ODDS",
    1000.0,
    unit="1",
    meaning="Odds of somatic against sequencing error from which on it is there beyond doubt",
    origin="judgement",
)
LINKED_AF = TABLE.add(
    "LINKED_AF",
    0.1,
    unit="1",
    meaning="Filter linked: lowest allele frequency, in every tumour, of a copy that the reference "
    "lacks",
    origin="judgement",
)
LINKED_LEAST = TABLE.add(
    "LINKED_LEAST",
    5,
    unit="fragments",
    meaning="Fewest fragments that show two alleles for them to be on the same molecules",
    origin="judgement",
)
LINKED_TRANS = TABLE.add(
    "LINKED_TRANS",
    0.1,
    unit="1",
    meaning="Fraction of the fragments over both alleles that may show one of them alone",
    origin="judgement",
)
LINKED_REGION = TABLE.add(
    "LINKED_REGION",
    5000,
    unit="bases",
    meaning="Distance within which an allele of the same frequency is of the same copied region",
    origin="judgement",
)
LINKED_SD = TABLE.add(
    "LINKED_SD",
    3.0,
    unit="standard deviations",
    meaning="Largest difference of two allele frequencies that are considered the same",
    origin="judgement",
)
DAMAGE_SITES = TABLE.add(
    "DAMAGE_SITES",
    50,
    unit="sites",
    meaning="Filter damage: fewest sites of a kind of damage from which its tail is estimated",
    origin="judgement",
)
DAMAGE_DEPTH = TABLE.add(
    "DAMAGE_DEPTH",
    0.5,
    unit="1",
    meaning="Filter damage: least depth of a site, as a fraction of the median: at shallow "
    "sites one error is as frequent as damage elsewhere",
    origin="judgement",
)
DAMAGE_TAIL = TABLE.add(
    "DAMAGE_TAIL",
    0.015,
    unit="1",
    meaning="Filter damage: fraction of the sites of a kind that are its tail",
    origin="measured: counts of 60 patients (benchmarks.amplicon_bound); F1 is 0.961 with 0.015, "
    "0.955 with 0.03, 0.958 with 0.01",
)
DAMAGE_TAIL_LEAST = TABLE.add(
    "DAMAGE_TAIL_LEAST",
    5,
    unit="sites",
    meaning="Filter damage: fewest sites of the tail",
    origin="measured: counts of 60 patients of 10 amplicons (benchmarks.amplicon_bound); F1 is "
    "0.960 with 5, 0.947 with 8 and 0.905 with 12, whose tail begins below the hot sites",
)
DAMAGE_TAIL_MOST = TABLE.add(
    "DAMAGE_TAIL_MOST",
    100,
    unit="sites",
    meaning="Filter damage: most sites of the tail: a large panel shows more of it, which need not "
    "be one exponential",
    origin="judgement",
)
DAMAGE_ODDS = TABLE.add(
    "DAMAGE_ODDS",
    2.0,
    unit="1",
    meaning="Filter damage: fraction of the sites that show a kind of damage up to the threshold "
    "of its tail, in multiples of that of the other substitutions, above which there is an excess",
    origin="measured: python -m benchmarks.bed amplicon-ffpe",
)
DAMAGE_P = TABLE.add(
    "DAMAGE_P",
    1e-5,
    unit="1",
    meaning="Filter damage: p-value of the excess",
    origin="judgement",
)
DAMAGE_ROUNDS = TABLE.add(
    "DAMAGE_ROUNDS",
    50,
    unit="rounds",
    meaning="Filter damage: rounds of the EM of its tail",
    origin="judgement",
)
DAMAGE_PRIOR = TABLE.add(
    "DAMAGE_PRIOR",
    10,
    unit="sites",
    meaning="Filter damage: weight of the prior of the tail's scale, whose mean is the "
    "threshold of the tail. Measured: 0.8 to 1.2 times the threshold",
    origin="measured: python -m benchmarks.bed amplicon-ffpe",
)
DAMAGE_FALSE = TABLE.add(
    "DAMAGE_FALSE",
    0.03,
    unit="sites",
    meaning="Filter damage: expected number of damaged sites beyond the limit, of one kind in"
    " one sample",
    origin="judgement",
)
CLUSTER_WINDOW = TABLE.add(
    "CLUSTER_WINDOW",
    50,
    unit="bases",
    meaning="Distance within which new alleles of the same fragments form a cluster",
    origin="judgement",
)
CLUSTER_SHARED = TABLE.add(
    "CLUSTER_SHARED",
    0.5,
    unit="1",
    meaning="Fraction of the rarer allele's fragments that must have both alleles of a cluster",
    origin="judgement",
)
CLUSTER_COMMONER = TABLE.add(
    "CLUSTER_COMMONER",
    0.2,
    unit="1",
    meaning="Fraction of the commoner allele's fragments that they must share to count in its "
    "cluster: subclones, errors and damage on a clonal allele are on few of its fragments",
    origin="judgement",
)
GENOTYPES = TABLE.add(
    "GENOTYPES",
    (0.3, 0.3, 0.4),
    unit="1",
    meaning="Initial fractions of the contaminating person's genotypes with no, one and two "
    "copies of the other allele. One level alone fits both copies of a little or one copy "
    "of twice as much foreign DNA: the first is assumed",
    origin="judgement",
)
FOREIGN_RHO = TABLE.add(
    "FOREIGN_RHO",
    5e-4,
    unit="1",
    meaning="Overdispersion of the counts of contaminating alleles, and of those of tumour in the "
    "normal",
    origin="judgement",
)
OVERDISPERSION_PRIOR = TABLE.add(
    "OVERDISPERSION_PRIOR",
    {"raw": 5e-4, "consensus": 3e-4, "amplicon": 2e-3},
    unit="1",
    meaning="Median of the prior of a sample's overdispersion (beta-binomial rho) by assay: reads "
    "of hybrid capture, consensus reads, amplicons",
    origin="judgement",
)
OVERDISPERSION_SPREAD = TABLE.add(
    "OVERDISPERSION_SPREAD",
    1.4,
    unit="1",
    meaning="Scale of the same prior, of the natural logarithm",
    origin="judgement",
)
OVERDISPERSION_DF = TABLE.add(
    "OVERDISPERSION_DF",
    3.0,
    unit="degrees of freedom",
    meaning="Of the same prior, a Student t distribution of the natural logarithm",
    origin="measured: `python -m benchmarks.baselines`; with a normal prior the intervals of a "
    "sample of 60 sites, 100 fragments and rho 0.01 cover 91 %",
)
HET_BIAS = TABLE.add(
    "HET_BIAS",
    0.08,
    unit="logit",
    meaning="Standard deviation of the prior of the shift that all heterozygous sites of a sample "
    "have, towards the reference allele or away from it",
    origin="judgement",
)
HET_OUTLIER = TABLE.add(
    "HET_OUTLIER",
    0.05,
    unit="1",
    meaning="Probability that a site called heterozygous is none, as where the "
    "reads of a paralogue are mapped here",
    origin="judgement",
)
HET_OUTLIER_AMPLICON = TABLE.add(
    "HET_OUTLIER_AMPLICON",
    0.2,
    unit="1",
    meaning="The same in amplicons, where a variant under a primer keeps one copy from being "
    "amplified: with 19 to 26 bases of a primer at either end and a common variant every few "
    "hundred bases, in about one of ten",
    origin="judgement",
)
HET_DEPTH = TABLE.add(
    "HET_DEPTH",
    30,
    unit="fragments",
    meaning="Least depth of a heterozygous site from which overdispersion is estimated",
    origin="judgement",
)
HET_RANGE = TABLE.add(
    "HET_RANGE",
    (0.2, 0.8),
    unit="1",
    meaning="AF of such a site in the normal, or in all tumours together without one",
    origin="judgement",
)
BALANCED = TABLE.add(
    "BALANCED",
    0.5,
    unit="1",
    meaning="Prior probability that a stretch of a tumour's genome has both alleles in equal "
    "number, for the overdispersion",
    origin="judgement",
)
IMBALANCE = TABLE.add(
    "IMBALANCE",
    0.8,
    unit="logit",
    meaning="Mean shift of the alleles of a stretch that has them in unequal number",
    origin="judgement",
)
HETS_APART = TABLE.add(
    "HETS_APART",
    300,
    unit="bases",
    meaning="Of heterozygous sites closer than this the deepest is used: they are on the same "
    "fragments, and the bases in which a paralogue differs are close together",
    origin="judgement",
)
STRETCH = TABLE.add(
    "STRETCH",
    1_000_000,
    unit="bases",
    meaning="Distance up to which neighbouring heterozygous sites are assumed to have the same "
    "copy number, for the overdispersion",
    origin="judgement",
)
MOST_HET_SITES = TABLE.add(
    "MOST_HET_SITES",
    400,
    unit="sites",
    meaning="Heterozygous sites used at most, evenly spread",
    origin="judgement",
)
LEAST_SITES = TABLE.add(
    "LEAST_SITES",
    5,
    unit="sites",
    meaning="Fewest sites from which contamination is estimated",
    origin="judgement",
)
LEAST_VARIANTS = TABLE.add(
    "LEAST_VARIANTS",
    2,
    unit="variants",
    meaning="Fewest variants from which tumour in the normal is estimated",
    origin="judgement",
)
LEAKING = TABLE.add(
    "LEAKING",
    0.8,
    unit="1",
    meaning="Fraction of the variants of the tumour that the tumour cells in the normal have",
    origin="judgement",
)
LOCI_APART = TABLE.add(
    "LOCI_APART",
    10_000,
    unit="bases",
    meaning="Sites closer than this are one locus: reads of a related sequence show other alleles "
    "at several sites of one locus",
    origin="judgement",
)
LEAST_LOCI = TABLE.add(
    "LEAST_LOCI",
    8,
    unit="loci",
    meaning="Number of loci from which on the one with most of the other allele is excluded",
    origin="judgement",
)
MIN_GENOTYPE_DEPTH = TABLE.add(
    "MIN_GENOTYPE_DEPTH",
    20,
    unit="fragments",
    meaning="Sites of a lower depth are not used to estimate contamination or tumour in the normal",
    origin="judgement",
)
CERTAIN_BF = TABLE.add(
    "CERTAIN_BF",
    1e6,
    unit="1",
    meaning="Bayes factor from which on a variant of the tumour is used to estimate tumour in "
    "the normal",
    origin="judgement",
)
HOMOZYGOUS_AF = TABLE.add(
    "HOMOZYGOUS_AF",
    0.9,
    unit="1",
    meaning="Allele frequency in the normal above which a germline allele is homozygous",
    origin="judgement",
)
HOMOZYGOUS_DEPTH = TABLE.add(
    "HOMOZYGOUS_DEPTH",
    50,
    unit="fragments",
    meaning="Depth of the normal that this needs",
    origin="judgement",
)
LEAST_SAMPLE_ERROR = TABLE.add(
    "LEAST_SAMPLE_ERROR",
    1e-4,
    unit="1 per base",
    meaning="Lowest error rate of a sample that is assumed to estimate contamination",
    origin="judgement",
)
KEPT_GERMLINE = TABLE.add(
    "KEPT_GERMLINE",
    0.1,
    unit="1",
    meaning="Allele frequency from which on germline variants are written",
    origin="judgement",
)
PADDING = TABLE.add(
    "PADDING",
    20,
    unit="bases",
    meaning="Bases of the introns at either end of a target that calls reach into by default: "
    "splice sites, and indels over the border. Amplicons have none: they are flanked by primers",
    origin="judgement",
)
DROPOUT_FRAGMENTS = TABLE.add(
    "DROPOUT_FRAGMENTS",
    10,
    unit="fragments",
    meaning="Allele dropout of an amplicon: fragments with the allele, over all amplicons",
    origin="judgement",
)
DROPOUT_DEPTH = TABLE.add(
    "DROPOUT_DEPTH",
    20,
    unit="fragments",
    meaning="Least depth of an amplicon that is compared with others over an allele",
    origin="judgement",
)
DROPOUT_RATIO = TABLE.add(
    "DROPOUT_RATIO",
    0.25,
    unit="1",
    meaning="Highest frequency of an allele in an amplicon, as a fraction of that in the others, "
    "that is noted as dropout: unequal amplification of two copies seldom exceeds it",
    origin="judgement",
)
DROPOUT_P = TABLE.add(
    "DROPOUT_P",
    1e-6,
    unit="1",
    meaning="Highest probability of so low a frequency by chance (Fisher's exact test)",
    origin="judgement",
)
JUNCTION_JOIN = TABLE.add(
    "JUNCTION_JOIN",
    10,
    unit="bases",
    meaning="Distance of neighbouring split reads' breakpoints within which they belong to one "
    "junction: with homology, aligners may differ in the position",
    origin="judgement",
)
JUNCTION_FRAGMENTS = TABLE.add(
    "JUNCTION_FRAGMENTS",
    3,
    unit="fragments",
    meaning="Fragments that show a junction over all samples, at least, for it to be a candidate",
    origin="judgement",
)
PAIRED_FRAGMENTS = TABLE.add(
    "PAIRED_FRAGMENTS",
    5,
    unit="fragments",
    meaning="The same where no read is split: chimeric pairs come together by chance",
    origin="judgement",
)
SHORTEST_JUNCTION = TABLE.add(
    "SHORTEST_JUNCTION",
    30,
    unit="bases",
    meaning="Bases between two breakends of a contig, below which split reads are no junction: "
    "shorter events are found in the alignments",
    origin="judgement",
)
SHORTEST_OUTWARD = TABLE.add(
    "SHORTEST_OUTWARD",
    200,
    unit="bases",
    meaning="The same of pairs that face outwards or in one direction: mates that read beyond "
    "each other's start do so too",
    origin="judgement",
)
LONGEST_PROPER = TABLE.add(
    "LONGEST_PROPER",
    0.999,
    unit="1",
    meaning="Quantile of the template lengths of proper pairs, above which a pair is unusual",
    origin="judgement",
)
USUAL_TEMPLATE = TABLE.add(
    "USUAL_TEMPLATE",
    600,
    unit="bases",
    meaning="That quantile where a sample has no proper pairs",
    origin="judgement",
)
MOST_JUNCTIONS = TABLE.add(
    "MOST_JUNCTIONS",
    200,
    unit="junctions",
    meaning="Junctions of a patient that are assembled, those with most fragments; chimeric "
    "libraries and misaligned reads have thousands",
    origin="judgement",
)
JUNCTION_CLIP = TABLE.add(
    "JUNCTION_CLIP",
    10,
    unit="bases",
    meaning="Clipped bases of a read, at least, that are assembled",
    origin="judgement",
)
JUNCTION_OVERRUN = TABLE.add(
    "JUNCTION_OVERRUN",
    10,
    unit="bases",
    meaning="Aligned bases before a clip in which a mismatch may be the true end of the alignment",
    origin="judgement",
)
JUNCTION_SEED = TABLE.add(
    "JUNCTION_SEED",
    14,
    unit="bases",
    meaning="Seed length for the alignment of an assembled clip at the other breakend",
    origin="judgement",
)
JUNCTION_REACH = TABLE.add(
    "JUNCTION_REACH",
    60,
    unit="bases",
    meaning="Distance from the position of the other breakend by split reads, within which it is "
    "searched",
    origin="judgement",
)
JUNCTION_ODDS = TABLE.add(
    "JUNCTION_ODDS",
    1e9,
    unit="1",
    meaning="A read supports a junction, or its absence, if it fits this many times better: three "
    "mismatches of good quality",
    origin="judgement",
)
LEAST_MISMATCHES = TABLE.add(
    "LEAST_MISMATCHES",
    3,
    unit="bases",
    meaning="Mismatches of a read to a junction that are allowed regardless of its length",
    origin="judgement",
)
JUNCTION_FLANK = TABLE.add(
    "JUNCTION_FLANK",
    25,
    unit="bases",
    meaning="Reads aligned within this distance of a breakend are compared with the junction",
    origin="judgement",
)
JUNCTION_ANCHOR = TABLE.add(
    "JUNCTION_ANCHOR",
    8,
    unit="bases",
    meaning="Bases of a read, at least, on the side of a breakend that goes on, for it to show the "
    "junction or its absence: beyond it are the reads of the other arm",
    origin="judgement",
)
BARE_SIDE = TABLE.add(
    "BARE_SIDE",
    0.3,
    unit="1",
    meaning="A breakend with less than this fraction of the other's reference fragments is outside "
    "of what was captured: the other alone gives the depth",
    origin="judgement",
)
SHADOW_LEAST = TABLE.add(
    "SHADOW_LEAST",
    5,
    unit="fragments",
    meaning="Of an allele that the reads of a junction look like, expected in a sample by its "
    "fragments with the junction, for the sample to tell the two apart",
    origin="judgement",
)
SHADOW_SHARE = TABLE.add(
    "SHADOW_SHARE",
    0.2,
    unit="1",
    meaning="Fraction of these below which the allele is not made of the junction's reads",
    origin="judgement",
)
SHADOW = TABLE.add(
    "SHADOW",
    2,
    unit="1",
    meaning="An insertion or deletion that ends at a breakend is attributed to the reads of the "
    "junction if at most this many times as many fragments show it",
    origin="judgement",
)
REPEAT_DIVERGENCE = TABLE.add(
    "REPEAT_DIVERGENCE",
    6,
    unit="bases",
    meaning="One mismatch in this many bases: sequences with this similarity may be repeats of "
    "one family, such as Alu elements (10 to 20 %)",
    origin="judgement",
)
JUNCTION_ERROR = TABLE.add(
    "JUNCTION_ERROR",
    5e-6,
    unit="per fragment",
    meaning="Rate at which fragments show a given junction by error, as that of indels outside "
    "repeats",
    origin="judgement",
)
HOMOLOGOUS_ERROR = TABLE.add(
    "HOMOLOGOUS_ERROR",
    1e-3,
    unit="per fragment",
    meaning="The same where polymerases may change templates: beyond FOLDBACK_HOMOLOGY bases of "
    "homology, or where the two breakends face each other's strand nearby (foldback)",
    origin="judgement",
)
MOST_HOMOLOGY = TABLE.add(
    "MOST_HOMOLOGY",
    200,
    unit="bases",
    meaning="Bases on either side of a junction that are compared for homology",
    origin="judgement",
)
FOLDBACK_HOMOLOGY = TABLE.add(
    "FOLDBACK_HOMOLOGY",
    12,
    unit="bases",
    meaning="Homology from which on HOMOLOGOUS_ERROR applies",
    origin="judgement",
)
FOLDBACK_PART = TABLE.add(
    "FOLDBACK_PART",
    0.6,
    unit="1",
    meaning="Part of an insertion that is in one piece on the other strand nearby, from which on "
    "HOMOLOGOUS_ERROR applies",
    origin="judgement: in reads of linked-read libraries 0.6 and more of the false ones",
)
FOLDBACK_REACH = TABLE.add(
    "FOLDBACK_REACH",
    500,
    unit="bases",
    meaning="Distance of two breakends of one side, below which they may be a foldback of "
    "single-stranded DNA (formalin, fragmentation)",
    origin="judgement",
)
JUNCTION_ARTIFACT = TABLE.add(
    "JUNCTION_ARTIFACT",
    6e-8,
    unit="1",
    meaning="Prior of a recurrent artifact at a junction, unless polymerases may make it: errors "
    "that join the same two positions in every sample",
    origin="judgement",
)
JUNCTION_DEPTHS = TABLE.add(
    "JUNCTION_DEPTHS",
    (20, 50, 100, 200, 500, 1000, 2000, 5000),
    unit="fragments",
    meaning="Depths at which the limit of detection of a junction is stated",
    origin="judgement",
)
INHERITED_TRANSLOCATION = TABLE.add(
    "INHERITED_TRANSLOCATION",
    5e-7,
    unit="1",
    meaning="Prior of a heterozygous inherited junction of two chromosomes (homozygous: its "
    "square): a twentieth of a somatic one's, where inherited substitutions are 70 times as likely",
    origin="judgement: a genome has some ten insertions from another chromosome with unique "
    "sequence on both sides, 0.7 % of persons one in 1 Mb of targets; 10 to 20 % of tumours have a "
    "rearrangement there",
)
INHERITED_INSERTION = TABLE.add(
    "INHERITED_INSERTION",
    1e-7,
    unit="1",
    meaning="Prior of a heterozygous inherited insertion or duplication of LONG_INSERTION bases or "
    "more outside of tandem repeats, without a normal (homozygous: in proportion)",
    origin="judgement: a genome has half a million indels, of which about one in a hundred is such "
    "an insertion; in coding sequence, where indels are about fourteen times as rare, 0.1 in 1 Mb; "
    "at an AF of 0.5 the allele then remains weak",
)
LONG_INSERTION = TABLE.add(
    "LONG_INSERTION",
    15,
    unit="bases",
    meaning="Fewest bases of an insertion or duplication for INHERITED_INSERTION",
    origin="judgement: internal tandem duplications of FLT3 have 15 bases and more",
)
POLYMORPHIC = TABLE.add(
    "POLYMORPHIC",
    (3, 100, 0.3),
    unit="substitutions, bases, 1",
    meaning="INHERITED_INSERTION does not apply where so many substitutions are within so many "
    "bases of the insertion at this AF or above, as between two haplotypes of HLA",
    origin="judgement: persons differ in one base in a thousand; in COLO829's normal, an inherited "
    "insertion of 21 bases in HLA-B has twelve",
)
TANDEM_IDENTITY = TABLE.add(
    "TANDEM_IDENTITY",
    0.7,
    unit="1",
    meaning="Fraction of bases that agree between the sequence around an insertion and the same "
    "sequence shifted by up to the insertion's length, from which on it is in a tandem repeat",
    origin="judgement: in random sequence a quarter agrees",
)
CARRIED_JUNCTION = TABLE.add(
    "CARRIED_JUNCTION",
    1e-6,
    unit="1",
    meaning="Probability that a person has a given junction: some thousand structural variants in "
    "a genome, each at one of many positions",
    origin="judgement",
)
