"""The table of other tests against the sample sheet."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from resistpanel.compare.other_tests import Row as TestRow
from resistpanel.compare.other_tests import checked_files, read_other_tests
from resistpanel.compare.tests_before import SEQUENCE
from resistpanel.core.errors import InputError, InputErrors, did_you_mean
from resistpanel.inputs.config import Settings
from resistpanel.inputs.reference import Findings
from resistpanel.inputs.sheet import Row, patients


def read_tests(path: Path | None, rows: Sequence[Row]) -> dict[str, list[TestRow]]:
    """Read and check the table of other tests.

    Raises
    ------
    InputError
        One line for each problem: those of `read_other_tests`, and a patient that is not in the
        sample sheet.
    """
    found = read_other_tests(path)
    known = patients(list(rows))
    errors = [
        InputError(
            f"patient '{name}' is not in the sample sheet",
            f"{tests[0].where} (column 'patient')",
            did_you_mean(name, known) or "correct the name, or remove the rows",
        )
        for name, tests in found.items()
        if name not in known
    ]
    if errors:
        raise InputErrors(errors)
    return found


def check_tests(
    tests: Mapping[str, Sequence[TestRow]],
    settings: Settings,
    rows: Sequence[Row],
    findings: Findings,
) -> None:
    """Add what is wrong with the files of other tests, and what a result cannot be used for."""
    members = patients(list(rows))
    for name, given in tests.items():
        findings.errors += checked_files(given, settings.build)
        findings.notes += _notes(given, members.get(name, ()))


def _notes(given: Sequence[TestRow], members: Sequence[Row]) -> Iterator[str]:
    """Yield what results cannot be used for, since the table does not say enough."""
    samples = {row.sample for row in members}
    for row in given:
        one = row.test
        if one.day is None and one.timepoint is None and one.sample not in samples:
            yield (
                f"{row.where}: without day, timepoint or a sample of the sheet this result does "
                "not enter what was present before treatment"
            )
        if one.kind in SEQUENCE and one.result == "negative" and one.genes and one.limit_af is None:
            yield f"{row.where}: without a limit this negative result excludes nothing"
