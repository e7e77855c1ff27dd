"""Reading what the report is made of."""

from pathlib import Path

from resistpanel.core.schemas import read_checked
from resistpanel.records.stages import RECORDS


def load(path: str | Path, stage: str = "report") -> dict:
    """Read a stage's JSON as dicts, once it agrees with the stage's record."""
    return read_checked(path, RECORDS[stage])
