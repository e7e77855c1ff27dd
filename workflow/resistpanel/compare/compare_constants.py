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
FOLD_STEPS = TABLE.add(
    "FOLD_STEPS",
    12,
    unit="halvings",
    meaning="Steps of that search, on the logarithm: bounds are exact to 0.3 %",
    origin="derived: 2 ln(1,000) / 2^12 = 0.0034",
)
CELLS = TABLE.add(
    "CELLS",
    1000,
    unit="cells",
    meaning="Cells of the frequency grid, equal in arcsin(sqrt(f)): 0.0016 wide there",
    origin="derived: the posterior of 20,000 binomial fragments has a standard deviation of 0.0035",
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
