"""Thresholds and model constants of qc."""

from resistpanel.core.parameters import Table

TABLE = Table("qc")

MIN_BASE_QUALITY = TABLE.add(
    "MIN_BASE_QUALITY",
    20,
    unit="Phred",
    meaning="Bases below this quality count in no error",
    origin="definition: default of Picard CollectSequencingArtifactMetrics",
)
LEVELS = TABLE.add(
    "LEVELS",
    (100, 250, 500),
    unit="fragments",
    meaning="Depths for which the fraction of bases that reach them is given",
    origin="judgement",
)
QUANTILES = TABLE.add(
    "QUANTILES",
    (0.05, 0.25, 0.5, 0.75, 0.95),
    unit="1",
    meaning="Quantiles of the depth over a target's bases",
    origin="judgement",
)
CURVE = TABLE.add(
    "CURVE",
    40,
    unit="depths",
    meaning="Points of the curve of bases that reach a depth",
    origin="judgement",
)
VARIANT_FRACTION = TABLE.add(
    "VARIANT_FRACTION",
    0.05,
    unit="1",
    meaning="A position is a variant's, and not an error's, where an allele other than the "
    "reference's reaches this fraction and VARIANT_READS",
    origin="judgement",
)
VARIANT_READS = TABLE.add(
    "VARIANT_READS",
    2,
    unit="reads",
    meaning="See VARIANT_FRACTION",
    origin="judgement",
)
LOWEST_RATE = TABLE.add(
    "LOWEST_RATE",
    1e-10,
    unit="errors per base",
    meaning="Lowest rate of an artifact; gives Q 100",
    origin="definition: ERROR_RATE of Picard CollectSequencingArtifactMetrics",
)
LEAST_UMIS = TABLE.add(
    "LEAST_UMIS",
    8,
    unit="UMIs",
    meaning="With fewer different values in the reads examined, these are an index, and not used "
    "as UMIs",
    origin="judgement: fixed sets have 24 UMIs and more",
)
CONSENSUS_FRACTION = TABLE.add(
    "CONSENSUS_FRACTION",
    0.5,
    unit="1",
    meaning="Fraction of the reads examined that must have the tags",
    origin="judgement",
)
END_WINDOW = TABLE.add(
    "END_WINDOW",
    64,
    unit="bases",
    meaning="5' ends are compared within windows of this width: random ends coincide once in "
    "as many pairs",
    origin="judgement",
)
FIXED_ENDS = TABLE.add(
    "FIXED_ENDS",
    0.2,
    unit="1",
    meaning="Probability that two reads of a window begin at the same base, from which on "
    "fragment ends are considered fixed (amplicons)",
    origin="judgement",
)
LEAST_PAIRS = TABLE.add(
    "LEAST_PAIRS",
    2000,
    unit="pairs of reads",
    meaning="Fewest pairs from which that probability is estimated",
    origin="judgement",
)
LEAST_MOLECULES = TABLE.add(
    "LEAST_MOLECULES",
    300,
    unit="pairs of molecules",
    meaning="The same if only one read of each molecule, by its UMI, is examined",
    origin="judgement: 25 molecules of one window; copies with the same ends are not among them",
)
UNSURE_ENDS = TABLE.add(
    "UNSURE_ENDS",
    (0.1, 0.35),
    unit="1",
    meaning="Values of the same probability between which the library is stated as not sure",
    origin="judgement",
)
FLAGGED_AMPLICON = TABLE.add(
    "FLAGGED_AMPLICON",
    0.8,
    unit="1",
    meaning="Fraction of the reads flagged as duplicates from which on the flagged ones are "
    "examined, too: if they begin at the same bases as often as the upper of UNSURE_ENDS, the "
    "library is of amplicons",
    origin="judgement: with five copies of each fragment, random ends coincide as often only "
    "below a depth of about ten molecules",
)
LOOK_TARGETS = TABLE.add(
    "LOOK_TARGETS",
    32,
    unit="targets",
    meaning="Targets, spread over the panel, whose reads are examined to detect the assay",
    origin="judgement",
)
LOOK_ENOUGH = TABLE.add(
    "LOOK_ENOUGH",
    2400,
    unit="reads",
    meaning="Reads after which no further target is examined",
    origin="judgement",
)
SPLICED = TABLE.add(
    "SPLICED",
    0.05,
    unit="1",
    meaning="A sample of which more of the reads skip an intron (N in CIGAR) is refused: RNA",
    origin="judgement: of reads of RNA 0.1 to 0.6 in seven public sets, of DNA none",
)
LEAST_SPLICED = TABLE.add(
    "LEAST_SPLICED",
    5,
    unit="reads",
    meaning="Fewer spliced reads do not refuse a sample: one of a dozen reads is no rate",
    origin="judgement",
)
LONGEST_INTRON = TABLE.add(
    "LONGEST_INTRON",
    10_000,
    unit="bases",
    meaning="Longer introns are not counted: misaligned reads have such gaps too",
    origin="definition: LONGEST_GAP of call, beyond which a read is left out",
)
LONGEST_READ = TABLE.add(
    "LONGEST_READ",
    1000,
    unit="bases",
    meaning="A sample whose median read is longer is refused: reads of PacBio and Nanopore",
    origin="judgement: Illumina and Ion Torrent read at most 600 bases, mates merged 1,000",
)
LOOK_READS = TABLE.add(
    "LOOK_READS",
    400,
    unit="reads",
    meaning="Most reads examined over each of them",
    origin="judgement",
)
LOOK_DEEP = TABLE.add(
    "LOOK_DEEP",
    12_000,
    unit="reads",
    meaning="Further reads in total, if those of a target begin within few bases (deep libraries)",
    origin="judgement",
)
LOOK_TAGS = TABLE.add(
    "LOOK_TAGS",
    30,
    unit="reads",
    meaning="Reads over each of them whose tags and names are examined",
    origin="judgement",
)
LONGEST_PRIMER = TABLE.add(
    "LONGEST_PRIMER",
    80,
    unit="bases",
    meaning="A longer interval of a primer BED is refused as an insert or an amplicon",
    origin="judgement",
)
PRIMER_SLACK = TABLE.add(
    "PRIMER_SLACK",
    3,
    unit="bases",
    meaning="A read begins in a primer, or just behind it where the primer was trimmed off, if its "
    "5' end is at most so many bases from the outer or the inner end",
    origin="definition: SLACK of call/io/ends, by which call assigns fragments to primers",
)
LOOK_BEGINNINGS = TABLE.add(
    "LOOK_BEGINNINGS",
    500,
    unit="reads",
    meaning="Reads at either end of up to LOOK_TARGETS pieces of targets of which it is examined "
    "whether they begin in a primer that is given",
    origin="judgement: more than the stray reads of a deep target that precede its amplicons",
)
LOOK_PIECE = TABLE.add(
    "LOOK_PIECE",
    150,
    unit="bases",
    meaning="Length of these pieces",
    origin="judgement: amplicons have 70 to 300 bases, and a long target has many",
)
LEAST_BEGINNINGS = TABLE.add(
    "LEAST_BEGINNINGS",
    100,
    unit="reads",
    meaning="With fewer reads it is not stated how many begin in a primer",
    origin="judgement",
)
PRIMERS_FIT = TABLE.add(
    "PRIMERS_FIT",
    0.1,
    unit="1",
    meaning="Primers are refused if fewer of the reads begin in one or just behind one, beyond "
    "those that do by chance",
    origin="judgement: 0.9 and more if the primers are those of the library, about 0 if not",
)
PRIMERS_COMPLETE = TABLE.add(
    "PRIMERS_COMPLETE",
    0.8,
    unit="1",
    meaning="The list of primers may be incomplete if fewer of the reads begin in one or just "
    "behind one",
    origin="judgement",
)
PRIMERS_TRIMMED = TABLE.add(
    "PRIMERS_TRIMMED",
    0.5,
    unit="1",
    meaning="Primers are considered trimmed off if more of the reads begin just behind one",
    origin="judgement",
)
TARGETS_AS_PRIMERS = TABLE.add(
    "TARGETS_AS_PRIMERS",
    0.5,
    unit="1",
    meaning="Targets are refused as the primers if more of them begin and end as a primer does, "
    "and noted to include the primers if more of them begin and end where an amplicon does",
    origin="judgement: a few primers overlap, and are one target",
)
MSI_MONO = TABLE.add(
    "MSI_MONO",
    8,
    unit="bases",
    meaning="Shortest mononucleotide run that is a microsatellite",
    origin="judgement: shorter runs of a coding panel rarely change in mismatch repair deficiency",
)
MSI_REPEATS = TABLE.add(
    "MSI_REPEATS",
    5,
    unit="repeats",
    meaning="Fewest repeats of a unit of 2 to 5 bases that are a microsatellite",
    origin="definition: default of MSIsensor scan",
)
MSI_FLANK = TABLE.add(
    "MSI_FLANK",
    5,
    unit="bases",
    meaning="Bases on either side of a microsatellite that a read must show as on the reference",
    origin="definition: flanks of MSIsensor",
)
MSI_FRAGMENTS = TABLE.add(
    "MSI_FRAGMENTS",
    2_000,
    unit="fragments",
    meaning="Fragments at the most that are counted at a microsatellite",
    origin="judgement: a proportion of 10 % is known to 1.3 % then",
)
MSI_LEAST_DEPTH = TABLE.add(
    "MSI_LEAST_DEPTH",
    20,
    unit="fragments",
    meaning="Fewest spanning fragments in tumour and in normal for a microsatellite to be "
    "informative",
    origin="definition: default of MSIsensor",
)
MSI_ALLELE = TABLE.add(
    "MSI_ALLELE",
    0.15,
    unit="fraction of fragments",
    meaning="A repeat length from this fraction of the normal's fragments on is inherited",
    origin="judgement: stutter of runs up to 12 bases stays below it",
)
MSI_EXCESS = TABLE.add(
    "MSI_EXCESS",
    0.1,
    unit="fraction of fragments",
    meaning="Excess of new repeat lengths, tumour over normal, from which a site is unstable",
    origin="judgement: above differences of stutter between libraries; needs about 15 % tumour",
)
MSI_FDR = TABLE.add(
    "MSI_FDR",
    0.05,
    unit="1",
    meaning="False discovery rate of unstable microsatellites",
    origin="definition: default of MSIsensor",
)
MSI_LEAST_SITES = TABLE.add(
    "MSI_LEAST_SITES",
    20,
    unit="sites",
    meaning="Fewest informative microsatellites from which a status is given",
    origin="derived: with 17 or more, none unstable has an upper bound below MSI_STABLE",
)
MSI_HIGH = TABLE.add(
    "MSI_HIGH",
    0.1,
    unit="fraction of sites",
    meaning="MSI-high: the lower bound of the fraction of unstable sites is at least this",
    origin="paper: Middha et al. 2017, JCO Precis Oncol 1:1 (MSIsensor on MSK-IMPACT: 10 %)",
)
MSI_STABLE = TABLE.add(
    "MSI_STABLE",
    0.2,
    unit="fraction of sites",
    meaning="Stable: the upper bound of the fraction of unstable sites is below this",
    origin="judgement",
)
OWN_ALLELE = TABLE.add(
    "OWN_ALLELE",
    0.2,
    unit="fraction of fragments",
    meaning="Carry-over: an allele from this fraction on is of the control itself",
    origin="judgement: below a heterozygous allele, above a carry-over that would not be seen",
)
CARRYOVER_ERROR = TABLE.add(
    "CARRYOVER_ERROR",
    1e-4,
    unit="1 per base",
    meaning="Carry-over: lowest rate of one wrong base that is assumed",
    origin="judgement: substitutions of quality 30 reads by PCR and damage",
)
CARRYOVER_EVIDENCE = TABLE.add(
    "CARRYOVER_EVIDENCE",
    7.0,
    unit="log10 likelihood ratio",
    meaning="Carry-over: least evidence from which a patient is named",
    origin="judgement: errors that differ between sites gave up to 7.3 in 4,500 clean controls",
)
CARRYOVER_FRACTION = TABLE.add(
    "CARRYOVER_FRACTION",
    2e-3,
    unit="fraction of the DNA",
    meaning="Carry-over: smallest fraction that is named",
    origin="judgement: errors that differ between sites gave up to 0.0017 in 4,500 clean controls",
)
CARRYOVER_LEAST_SITES = TABLE.add(
    "CARRYOVER_LEAST_SITES",
    5,
    unit="sites",
    meaning="Carry-over: fewest informative sites of a patient",
    origin="judgement",
)
CARRYOVER_LEAST_ALLELES = TABLE.add(
    "CARRYOVER_LEAST_ALLELES",
    4,
    unit="sites",
    meaning="Carry-over: fewest sites that show the patient's allele in two fragments or more",
    origin="judgement: single artifact sites do not name a patient",
)
CARRYOVER_MARGIN = TABLE.add(
    "CARRYOVER_MARGIN",
    3.0,
    unit="log10 likelihood ratio",
    meaning="Carry-over: patients that come so near to the likeliest are named, too",
    origin="judgement",
)
NTC_DEPTH = TABLE.add(
    "NTC_DEPTH",
    5,
    unit="fragments",
    meaning="Median depth up to which a no-template control passes regardless of the depth of "
    "other libraries",
    origin="judgement",
)
NTC_FRACTION = TABLE.add(
    "NTC_FRACTION",
    0.01,
    unit="fraction of the depth of the deepest positive control",
    meaning="Depth of a no-template control above which it fails",
    origin="judgement",
)
