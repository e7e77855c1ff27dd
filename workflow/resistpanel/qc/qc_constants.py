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
CONSENSUS_FRACTION = TABLE.add(
    "CONSENSUS_FRACTION",
    0.5,
    unit="1",
    meaning="Fraction of the reads looked at that must have the tags",
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
    "fragment ends are taken to be fixed (amplicons)",
    origin="judgement",
)
LEAST_PAIRS = TABLE.add(
    "LEAST_PAIRS",
    2000,
    unit="pairs of reads",
    meaning="Fewest pairs from which that probability is estimated",
    origin="judgement",
)
UNSURE_ENDS = TABLE.add(
    "UNSURE_ENDS",
    (0.1, 0.35),
    unit="1",
    meaning="Values of the same probability between which the library is stated as not sure",
    origin="judgement",
)
LOOK_TARGETS = TABLE.add(
    "LOOK_TARGETS",
    32,
    unit="targets",
    meaning="Targets, spread over the panel, of which reads are looked at to detect the assay",
    origin="judgement",
)
LOOK_ENOUGH = TABLE.add(
    "LOOK_ENOUGH",
    2400,
    unit="reads",
    meaning="Reads after which no further target is looked at",
    origin="judgement",
)
LOOK_READS = TABLE.add(
    "LOOK_READS",
    400,
    unit="reads",
    meaning="Reads looked at over each of them, at most",
    origin="judgement",
)
LOOK_DEEP = TABLE.add(
    "LOOK_DEEP",
    12_000,
    unit="reads",
    meaning="Further reads in all, where those of a target begin within few bases",
    origin="judgement",
)
LOOK_TAGS = TABLE.add(
    "LOOK_TAGS",
    30,
    unit="reads",
    meaning="Reads over each of them of which tags and names are looked at",
    origin="judgement",
)
