"""Thresholds and model constants of panel."""

from resistpanel.core.parameters import Table

TABLE = Table("panel")

NEAR = TABLE.add(
    "NEAR",
    10_000,
    unit="bases",
    meaning="Greatest distance of a target from a gene's coding span at which it may belong to "
    "it (promoters, introns)",
    origin="judgement",
)
