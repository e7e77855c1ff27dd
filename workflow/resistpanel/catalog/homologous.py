"""Residues of related genes that correspond to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.tables import read_tsv

COLUMNS = ("gene", "other", "first", "last", "shift", "source")


@dataclass(frozen=True, slots=True)
class Homologous:
    """A stretch of two related proteins without gaps between them.

    Attributes
    ----------
    gene, other : str
        HGNC symbols.
    first, last : int
        Residues of `gene`, 1-based, both included.
    shift : int
        What a residue of `gene` is higher in `other`.
    source : str
    """

    gene: str
    other: str
    first: int
    last: int
    shift: int
    source: str

    def residue(self, gene: str, residue: int, other: str) -> int | None:
        """Return the residue of `other` that corresponds to one of `gene`, or None."""
        if (gene, other) == (self.gene, self.other) and self.first <= residue <= self.last:
            return residue + self.shift
        back = residue - self.shift
        if (gene, other) == (self.other, self.gene) and self.first <= back <= self.last:
            return back
        return None


def misplaced(row: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (what, cure) of what is wrong with columns first, last and shift; None if they fit."""
    numbers = [row[name] for name in ("first", "last", "shift")]
    if not all(number.removeprefix("-").isdigit() for number in numbers):
        return "first, last and shift must be whole numbers", "correct them"
    first, last, shift = map(int, numbers)
    if not 1 <= first <= last or first + shift < 1:
        return "the residues do not ascend from 1", "correct first, last or shift"
    return None


def load_homologous(folder: str | Path | None = None) -> list[Homologous]:
    """Read ``homologous.tsv`` of a catalogue folder; without the file no residues correspond.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    path = Path(CATALOG if folder is None else folder) / "homologous.tsv"
    if not path.exists():
        return []
    found: list[Homologous] = []
    errors: list[InputError] = []
    for place, row in read_tsv(path, COLUMNS):
        problem = ("source is empty", "give it") if not row["source"] else misplaced(row)
        if problem:
            errors.append(InputError(problem[0], place, problem[1]))
            continue
        first, last, shift = (int(row[name]) for name in ("first", "last", "shift"))
        found.append(Homologous(row["gene"], row["other"], first, last, shift, row["source"]))
    if errors:
        raise InputErrors(errors)
    return found
