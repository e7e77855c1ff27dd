"""Sensitising drivers: the alteration for which a drug is given, to be tracked over time."""

import csv
from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog import protein
from resistpanel.catalog.drugs import CATALOG, Drug, Drugs, load_drugs, split
from resistpanel.catalog.table import Row, alteration_problems
from resistpanel.errors import InputError, InputErrors

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

    # One definition of what a row means, in the catalogue and here.
    residues = Row.residues
    matches_change = Row.matches_change
    visible_in_dna = Row.visible_in_dna

    def sensitises(self, drug: Drug) -> bool:
        """Whether `drug` is given for this alteration."""
        return bool(set(self.drug_class) & {drug.name, *drug.classes})


def load_drivers(folder: str | Path | None = None, drugs: Drugs | None = None) -> list[Driver]:
    """Read ``drivers.tsv`` of a catalogue folder (by default the shipped one).

    `drug_class` may hold classes and names of single drugs.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    folder = Path(CATALOG if folder is None else folder)
    drugs = drugs or load_drugs(folder)
    path = folder / "drivers.tsv"
    if not path.is_file():
        raise InputError("no such file", str(path), "the catalogue folder must hold drivers.tsv")
    known = drugs.classes() | {drug.name for drug in drugs}
    drivers: list[Driver] = []
    errors: list[InputError] = []
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError("wrong columns", f"{path}:1", f"expected {' '.join(COLUMNS)}")
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                errors.append(
                    InputError("wrong number of columns", place, f"expected {len(COLUMNS)}")
                )
                continue
            problems = alteration_problems(row)
            problems += [
                (f"column '{column}' is empty", "fill it in")
                for column in ("id", "drug_class", "gene", "source")
                if not row[column].strip()
            ]
            problems += [
                (f"column 'drug_class': no drug or class is called '{name}'", "see drugs.tsv")
                for name in split(row["drug_class"])
                if name not in known
            ]
            if problems:
                errors += [InputError(what, place, cure) for what, cure in problems]
                continue
            level, text = row["match_level"], row["alteration"]
            cells = {
                **row,
                **{name: split(row[name]) for name in ("drug_class", "disease", "pmid")},
            }
            drivers.append(
                Driver(
                    **cells,
                    place=place,
                    change=protein.parse(text) if level == "exact" else None,
                    codon=protein.parse_codon(text) if level == "codon" else None,
                    span=protein.parse_range(text) if level == "range" else None,
                )
            )
    if errors:
        raise InputErrors(errors)
    return drivers
