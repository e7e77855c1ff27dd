"""Reading tables whose rows belong to classes of drugs: drivers and options."""

from collections.abc import Callable, Sequence
from pathlib import Path

from resistpanel.catalog.drugs import Drugs
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.tables import read_tsv, require, split


def read_of_drugs(
    path: Path,
    columns: Sequence[str],
    required: Sequence[str],
    drugs: Drugs,
    problems: Callable[[dict[str, str], str], list[InputError]],
) -> list[tuple[str, dict[str, str]]]:
    """Read a table with a column ``drug_class`` of classes and names of single drugs.

    Parameters
    ----------
    path : Path
    columns, required : sequence of str
        All columns, and those that must not be empty.
    drugs : Drugs
    problems : callable
        Given a row and its place, what else is wrong with it.

    Returns
    -------
    list of (str, dict)
        The place (``file:line``) and the cells of every row.

    Raises
    ------
    InputError
        One line for every problem of every row.
    """
    known = drugs.classes() | {drug.name for drug in drugs}
    rows = read_tsv(path, columns)
    errors: list[InputError] = []
    for place, row in rows:
        errors += require(row, required, place) + problems(row, place)
        errors += [
            InputError(f"no drug or class is called '{name}'", place, "see drugs.tsv")
            for entry in split(row["drug_class"])
            for name in entry.split("+")
            if name not in known
        ]
    if errors:
        raise InputErrors(errors)
    return rows
