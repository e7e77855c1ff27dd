"""What configuration and sheet say of the samples' assays, as options of `qc` and `call`."""

from collections.abc import Iterable

from resistpanel.inputs.config import Settings
from resistpanel.inputs.sheet import Row
from resistpanel.qc.assay_given import DETECTED, Given

#: Value of `--padding` that lets the caller decide by the samples' libraries.
BY_LIBRARY = "auto"


def assay_options(made: Settings, rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Return ``--assay`` options of a patient: of all samples, then of those that differ.

    Parameters
    ----------
    made : Settings
    rows : iterable of Row
    """
    options = [("--assay", f"{key}={value}") for key, value in made.assay]
    for row in rows:
        options += [("--assay", f"{row.sample}:{key}={value}") for key, value in row.assay]
    return options


def padding(made: Settings, rows: Iterable[Row]) -> int | str:
    """Return the padding of a patient's targets for calls: the sheet's, or the configuration's."""
    given = [row.padding for row in rows if row.padding is not None]
    if given:
        return given[0]
    return BY_LIBRARY if made.padding is None else made.padding


def primers(made: Settings, rows: Iterable[Row]) -> list[str]:
    """Return the BEDs of primers that a patient's calls read."""
    values = [*made.assay, *(pair for row in rows for pair in row.assay)]
    return list(dict.fromkeys(value for key, value in values if key == "primers"))


def given(made: Settings, row: Row) -> Given:
    """Return what is said of a sample's assay."""
    return DETECTED.with_values(dict(made.assay)).with_values(dict(row.assay))
