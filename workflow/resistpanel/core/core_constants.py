"""Thresholds and model constants of what all stages share."""

from resistpanel.core.parameters import Table

TABLE = Table("core")

Z95 = TABLE.add(
    "Z95",
    1.959963984540054,
    unit="standard deviations",
    meaning="Standard normal quantile 0.975, of two-sided 95 % intervals",
    origin="definition: standard normal distribution",
)
MIN_MAPPING_QUALITY = TABLE.add(
    "MIN_MAPPING_QUALITY",
    20,
    unit="Phred",
    meaning="Reads below this mapping quality count in no depth and are not shown",
    origin="judgement",
)
FLANK = TABLE.add(
    "FLANK",
    400,
    unit="bases",
    meaning="Reference on either side of a variant in which it is left-aligned to compare "
    "haplotypes",
    origin="judgement",
)
REACH = TABLE.add(
    "REACH",
    25,
    unit="bases",
    meaning="Distance from a variant within which others are gathered that may spell the same "
    "haplotype",
    origin="judgement",
)
MOST_NEARBY = TABLE.add(
    "MOST_NEARBY",
    10,
    unit="variants",
    meaning="Variants within reach that are tried",
    origin="judgement",
)
MOST_CALLS = TABLE.add(
    "MOST_CALLS",
    4,
    unit="variants",
    meaning="Variants that are combined at most to spell one haplotype",
    origin="judgement",
)
MOST_BESIDE = TABLE.add(
    "MOST_BESIDE",
    3,
    unit="variants",
    meaning="Neighbouring variants (inherited ones, say) that may be part of the spelling of the "
    "variant sought",
    origin="judgement",
)
PHASE_FRAGMENTS = TABLE.add(
    "PHASE_FRAGMENTS",
    3,
    unit="fragments",
    meaning="Fragments that cover two alleles, below which their phase is unknown",
    origin="judgement",
)
CIS_FRACTION = TABLE.add(
    "CIS_FRACTION",
    0.8,
    unit="1",
    meaning="Fraction of an allele's fragments with another allele from which on the two are in "
    "cis; in trans up to the rest of it",
    origin="judgement",
)

LEAST_DISPLACED = TABLE.add(
    "LEAST_DISPLACED",
    3,
    unit="bases",
    meaning="Fewest bases displaced between a deletion and an insertion of one length, for "
    "the two to be an event of their own and not a substitution of several bases",
    origin="judgement",
)
LEAST_DIFFERENT = TABLE.add(
    "LEAST_DIFFERENT",
    3,
    unit="bases",
    meaning="Fewest mismatches without gaps of such an event",
    origin="derived: bwa mem's default scores: a mismatch costs 5 against a match, a deletion "
    "and an insertion of one base cost 14",
)
