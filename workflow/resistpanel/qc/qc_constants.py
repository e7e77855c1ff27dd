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
