"""Sensitising drivers: the alteration for which a drug is given, to be tracked over time."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog import protein
from resistpanel.catalog.drugs import CATALOG, Drug, Drugs, load_drugs
from resistpanel.catalog.of_drugs import read_of_drugs
from resistpanel.catalog.table import Part, Row, alteration_problems, parsed
from resistpanel.core.errors import InputError
from resistpanel.core.tables import split

COLUMNS = (
    "id",
    "drug_class",
    "gene",
    "alteration_type",
    "alteration",
    "match_level",
    "disease",
    "source",
    "pmid",
    "note",
)


@dataclass(frozen=True, slots=True)
class Driver:
    """One sensitising alteration of one or more drug classes.

    The fields mean what they mean in a catalogue row (`resistpanel.catalog.table.Row`).
    """

    id: str
    drug_class: tuple[str, ...]
    gene: str
    alteration_type: str
    alteration: str
    match_level: str
    disease: tuple[str, ...]
    source: str
    pmid: tuple[str, ...]
    note: str
    place: str
    change: protein.ProteinChange | None = None
    codon: tuple[str, int] | None = None
    span: tuple[int, int] | None = None
    parts: tuple[Part, ...] = ()

    # One definition of what a row means, in the catalogue and here.
    residues = Row.residues
    matches_change = Row.matches_change
    visible_in_dna = Row.visible_in_dna

    def sensitised(self, drugs: Iterable[Drug]) -> set[str]:
        """Return the names of those of `drugs` that are given for this alteration.

        An entry of `drug_class` such as ``RAF inhibitor+anti-EGFR antibody`` is a combination: it
        holds for the drugs of each part where every part is given.
        """
        drugs, found = list(drugs), set()
        for entry in self.drug_class:
            parts = [
                {drug.name for drug in drugs if part in (drug.name, *drug.classes)}
                for part in entry.split("+")
            ]
            if all(parts):
                found |= set().union(*parts)
        return found


def load_drivers(folder: str | Path | None = None, drugs: Drugs | None = None) -> list[Driver]:
    """Read ``drivers.tsv`` of a catalogue folder (by default the shipped one).

    `drug_class` may hold classes, names of single drugs, and combinations of them (``A+B``).

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    folder = Path(CATALOG if folder is None else folder)
    drivers = []
    for place, row in read_of_drugs(
        folder / "drivers.tsv",
        COLUMNS,
        ("id", "drug_class", "gene", "source"),
        drugs or load_drugs(folder),
        lambda row, place: [
            InputError(what, place, cure) for what, cure in alteration_problems(row)
        ],
    ):
        lists = {name: split(row[name]) for name in ("drug_class", "disease", "pmid")}
        drivers.append(Driver(**{**row, **lists}, place=place, **parsed(row)))
    return drivers
