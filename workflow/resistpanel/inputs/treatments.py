"""The table of treatments: which drug a patient was given, from which day to which."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors, did_you_mean
from resistpanel.core.tables import read_tsv
from resistpanel.inputs.sheet import EMPTY, Row, number, patients

COLUMNS = ("patient", "drug", "start", "stop")


@dataclasses.dataclass(frozen=True)
class Treatment:
    """A drug that a patient was given.

    Attributes
    ----------
    patient : str
    drug : str
        As typed.
    start : float
        Day of the first dose, on the scale of the sample sheet's days.
    stop : float or None
        Day of the last dose; None: not known, or still given.
    where : str
        File and line, for messages.
    """

    patient: str
    drug: str
    start: float
    stop: float | None = None
    where: str = ""

    def place(self, column: str) -> str:
        """Return how messages name a cell."""
        return f"{self.where} (column '{column}')"

    def given(self, after: float, until: float) -> bool:
        """Return whether a dose falls into the interval (`after`, `until`]."""
        return self.start < until and (self.stop is None or self.stop > after)


def read_treatments(path: str | Path | None, rows: Sequence[Row]) -> dict[str, list[Treatment]]:
    """Read and check the table of treatments.

    Parameters
    ----------
    path : path or None
        Tab-separated, columns `COLUMNS`; None: there is no table.
    rows : sequence of Row
        The sample sheet.

    Returns
    -------
    dict of str to list of Treatment
        By patient of the sheet, by start and drug.

    Raises
    ------
    InputError
        One line for each problem: file missing, column missing or unknown, bad cell, an unknown
        patient, a tumour of a patient with treatments without a day.
    """
    if path is None:
        return {}
    by_patient = patients(list(rows))
    found: dict[str, list[Treatment]] = {}
    errors: list[InputError] = []
    for where, cells in read_tsv(path, COLUMNS):
        made = _treatment(cells, where, errors)
        if made is None:
            continue
        if made.patient not in by_patient:
            errors.append(
                InputError(
                    f"patient '{made.patient}' is not in the sample sheet",
                    made.place("patient"),
                    did_you_mean(made.patient, by_patient) or "correct the name, or remove the row",
                )
            )
            continue
        found.setdefault(made.patient, []).append(made)
    errors += _undated(found, by_patient)
    errors += _twice(found)
    if errors:
        raise InputErrors(errors)
    return {
        name: sorted(given, key=lambda one: (one.start, one.drug)) for name, given in found.items()
    }


def _treatment(cells: Mapping[str, str], where: str, errors: list[InputError]) -> Treatment | None:
    """Return a row's treatment, or None and its errors."""
    given = {name: None if cell.casefold() in EMPTY else cell for name, cell in cells.items()}
    before = len(errors)

    def problem(column: str, what: str, cure: str) -> None:
        errors.append(InputError(what, f"{where} (column '{column}')", cure))

    for column in ("patient", "drug", "start"):
        if given[column] is None:
            problem(column, "the cell is empty", f"give every row a {column}")
    days = {name: number(given[name]) for name in ("start", "stop")}
    for name, day in days.items():
        if given[name] is not None and day is None:
            problem(name, f"'{given[name]}' is not a number", "give the day as a number, e.g. 90")
    start, stop = days["start"], days["stop"]
    if start is not None and stop is not None and stop < start:
        problem("stop", f"day {stop:g} is before the start, day {start:g}", "correct one of them")
    if len(errors) > before:
        return None
    return Treatment(given["patient"], given["drug"], start, stop, where)


def _undated(
    found: Mapping[str, Iterable[Treatment]], by_patient: Mapping[str, Sequence[Row]]
) -> Iterator[InputError]:
    """Yield tumours that cannot be put before or after a first dose."""
    for name in found:
        for row in by_patient[name]:
            if row.tumor and row.day is None:
                yield InputError(
                    f"sample '{row.sample}' has no day, and patient '{name}' has treatments",
                    row.place("day"),
                    "give the day on which it was taken",
                )


def _twice(found: Mapping[str, Sequence[Treatment]]) -> Iterator[InputError]:
    """Yield drugs that a patient has twice at once."""
    for name, given in found.items():
        for i, one in enumerate(given):
            for other in given[:i]:
                same = one.drug.casefold() == other.drug.casefold()
                first, last = sorted((one, other), key=lambda entry: entry.start)
                if same and (
                    first.stop is None or last.start < first.stop or first.start == last.start
                ):
                    yield InputError(
                        f"patient '{name}' has {one.drug} twice at the same time",
                        one.place("drug"),
                        "join the rows, or correct start and stop",
                    )


def resolve_treatments(treatments: Iterable[Treatment], resolve) -> Iterator[InputError]:
    """Yield an error for each drug that the catalogue does not know."""
    for one in treatments:
        try:
            resolve(one.drug, one)
        except InputError as error:
            yield InputError(error.what, one.place("drug"), error.cure)


def note_treatments(
    treatments: Mapping[str, Sequence[Treatment]], by_patient: Mapping[str, Sequence[Row]], resolve
) -> Iterator[str]:
    """Yield notes on what sheet and treatments say differently."""
    for name, given in treatments.items():
        known = {resolve(one.drug, one).name for one in given}
        first = min(one.start for one in given)
        for row in by_patient.get(name, ()):
            if not row.tumor:
                continue
            more = [drug for drug in row.drugs if resolve(drug, row).name not in known]
            if more:
                yield (
                    f"{row.place('drugs')}: {', '.join(more)} is not in the treatments of patient "
                    f"'{name}', which take precedence over the sheet"
                )
            if row.timepoint == "pre" and row.day is not None and row.day > first:
                yield (
                    f"{row.place('timepoint')}: sample '{row.sample}' is called pre, but was taken "
                    f"on day {row.day:g}, after the patient's first dose on day {first:g}"
                )
