"""Diseases by any of their names, and the alterations that are known to activate a gene."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog import protein
from resistpanel.catalog.drugs import CATALOG, normalise
from resistpanel.catalog.table import Part, Row, alteration_problems, parsed
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.tables import read_tsv, require, split

#: Words before the name of a disease that do not make it another one.
_STAGES = re.compile(
    r"\b(metastatic|advanced|locally|recurrent|relapsed|refractory|unresectable|resected|r/r)\b"
)


class Diseases:
    """Disease names with their synonyms.

    Parameters
    ----------
    names : dict of str to str
        Canonical name by normalised name or synonym.
    """

    def __init__(self, names: dict[str, str]):
        self._names = names

    def canonical(self, name: str) -> str:
        """Return the canonical name, or `name` itself if it is not known.

        What is said of its stage is left out if the name is not known with it: ``metastatic NSCLC``
        is ``NSCLC``.
        """
        if (found := self._names.get(normalise(name))) is not None:
            return found
        bare = _STAGES.sub(" ", name.lower()).replace("/", " ")
        return self._names.get(normalise(bare), name.strip())

    def knows(self, name: str) -> bool:
        """Return whether a name is in the table, by itself or as a synonym."""
        return normalise(self.canonical(name)) in self._names

    def doubt(self, name: str) -> str:
        """Return a note on a name that is not known: what follows, and the nearest name."""
        near = difflib.get_close_matches(normalise(name), self._names, 1, cutoff=0.7)
        cure = f"did you mean '{self._names[near[0]]}'?" if near else "see diseases.tsv"
        return (
            f"unknown disease '{name}': all evidence is taken as from "
            f"another disease, which lowers its level; {cure}"
        )

    def match(self, given: str | None, of_row: tuple[str, ...]) -> bool | None:
        """Whether a patient's disease is among a row's; None if one of the two is not given."""
        if not given or not of_row:
            return None
        wanted = normalise(self.canonical(given))
        return wanted in {normalise(self.canonical(name)) for name in of_row}


def load_diseases(folder: str | Path | None = None) -> Diseases:
    """Read ``diseases.tsv`` (columns name, aliases) of a catalogue folder."""
    folder = Path(CATALOG if folder is None else folder)
    names: dict[str, str] = {}
    for _, row in read_tsv(folder / "diseases.tsv", ("name", "aliases")):
        for name in (row["name"], *split(row["aliases"])):
            names[normalise(name)] = row["name"]
    return Diseases(names)


@dataclass(frozen=True, slots=True)
class Activating:
    """One alteration, codon or range by which a gene is known to be switched on, or off."""

    gene: str
    alteration: str
    match_level: str
    source: str
    pmid: tuple[str, ...]
    place: str
    change: protein.ProteinChange | None = None
    codon: tuple[str, int] | None = None
    span: tuple[int, int] | None = None
    parts: tuple[Part, ...] = ()
    alteration_type: str = "substitution"

    residues = Row.residues
    matches_change = Row.matches_change


def load_activating(folder: str | Path | None = None) -> list[Activating]:
    """Read ``activating.tsv`` of a catalogue folder.

    The catalogue's rows of the match level ``class`` match a variant of their gene that is
    listed here. A row is a substitution unless its column ``alteration_type``, which may be
    missing, says otherwise: ``truncation`` in a range of residues is one that activates the gene.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    return _load(Path(CATALOG if folder is None else folder) / "activating.tsv")


def load_inactivating(folder: str | Path | None = None) -> list[Activating]:
    """Read ``inactivating.tsv`` of a catalogue folder: substitutions that switch a gene off.

    Truncating variants need no row. Without the file nothing is known of any substitution.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    return _if_there(folder, "inactivating.tsv")


def load_recurrent(folder: str | Path | None = None) -> list[Activating]:
    """Read ``recurrent.tsv``: substitutions that tumours share, whatever they do to the protein.

    Without the file none is known.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    return _if_there(folder, "recurrent.tsv")


def _if_there(folder: str | Path | None, name: str) -> list[Activating]:
    """Read a table that a catalogue folder need not have."""
    path = Path(CATALOG if folder is None else folder) / name
    return _load(path) if path.is_file() else []


def _load(path: Path) -> list[Activating]:
    """Read a table of functional variants; all have the same columns."""
    columns = ("gene", "alteration", "match_level", "source", "pmid")
    errors: list[InputError] = []
    rows: list[Activating] = []
    for place, row in read_tsv(path, columns, ("alteration_type",)):
        row["alteration_type"] = row.get("alteration_type") or "substitution"
        problems = require(row, ("gene", "alteration", "source"), place)
        problems += [InputError(what, place, cure) for what, cure in alteration_problems(row)]
        errors += problems
        if not problems:
            rows.append(
                Activating(**{**row, "pmid": split(row["pmid"])}, place=place, **parsed(row))
            )
    if errors:
        raise InputErrors(errors)
    return rows
