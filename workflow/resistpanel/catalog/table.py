"""The resistance catalogue: which alteration resists which drug, and who says so."""

import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resistpanel.catalog import protein
from resistpanel.catalog.drugs import CATALOG, Drug, Drugs, load_drugs
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import HOME
from resistpanel.core.tables import read_tsv, split

SCHEMA = HOME / "workflow" / "schemas" / "catalog.schema.json"

COLUMNS = (
    "id",
    "gene",
    "alteration_type",
    "alteration",
    "match_level",
    "drugs",
    "drug_class",
    "disease",
    "mechanism_class",
    "direction",
    "evidence_level",
    "effect_size",
    "source",
    "pmid",
    "note",
)

#: Evidence levels, the strongest first.
EVIDENCE_LEVELS = (
    "clinical",
    "case report",
    "preclinical in vivo",
    "in vitro",
    "screen",
    "inferred",
)
#: Evidence that was seen in patients.
IN_PATIENTS = ("clinical", "case report")

#: Alteration types that the DNA of a coding panel does not show.
NOT_IN_DNA = {
    "overexpression",
    "expression_loss",
    "activation",
    "fusion",
    "kinase_domain_duplication",
    "splice",
}

#: What joins the mutations of a compound row.
JOIN = "+"

#: Mechanism classes that leave the drug's target as it is.
AROUND_TARGET = {"upstream_activation", "bypass", "downstream_mutation"}

_INFRAME = {
    "inframe_deletion": {"deletion", "delins"},
    "inframe_insertion": {"insertion", "duplication", "delins"},
    "inframe_indel": {"deletion", "insertion", "duplication", "delins"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """One of the substitutions of a compound mutation.

    Attributes
    ----------
    text : str
        ``T315I``, ``E255`` (any other substitution of the codon) or ``242-493`` (of the range).
    """

    text: str

    @property
    def readable(self) -> bool:
        """Whether the text is a substitution, a codon or a range."""
        change = protein.parse(self.text)
        known = protein.parse_codon(self.text) or protein.parse_range(self.text)
        return bool(known) or (change is not None and change.kind == "substitution")

    @property
    def residue(self) -> tuple[int, str] | None:
        """Reference residue that it claims, as (1-based number, one-letter code)."""
        if codon := protein.parse_codon(self.text):
            return codon[1], codon[0]
        change = protein.parse(self.text)
        return (change.start, change.ref) if change else None

    def fits(self, change: protein.ProteinChange) -> bool:
        """Whether a protein change is the substitution."""
        if change.kind != "substitution":
            return False
        if span := protein.parse_range(self.text):
            return span[0] <= change.start <= span[1]
        if codon := protein.parse_codon(self.text):
            return (change.ref, change.start) == codon
        return change == protein.parse(self.text)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the catalogue; see ``catalog.schema.json`` for the meaning of the columns.

    `change`, `codon` and `span` hold the parsed alteration of an exact row, a codon row and a
    range row, and are None otherwise; `parts` are the mutations of a compound row, each an exact
    change, a codon or a range. `place` is ``file:line``.
    """

    id: str
    gene: str
    alteration_type: str
    alteration: str
    match_level: str
    drugs: tuple[str, ...]
    drug_class: tuple[str, ...]
    disease: tuple[str, ...]
    mechanism_class: str
    direction: str
    evidence_level: str
    effect_size: str
    source: str
    pmid: tuple[str, ...]
    note: str
    place: str
    change: protein.ProteinChange | None = None
    codon: tuple[str, int] | None = None
    span: tuple[int, int] | None = None
    parts: tuple["Part", ...] = ()

    @property
    def visible_in_dna(self) -> bool:
        """Whether a panel of coding exons can show the alteration."""
        return self.match_level != "none"

    @property
    def residues(self) -> tuple[tuple[int, str], ...]:
        """Reference residues that the row claims, as (1-based number, one-letter code)."""
        if self.codon:
            return ((self.codon[1], self.codon[0]),)
        if self.change and self.change.end != self.change.start:
            return ((self.change.start, self.change.ref), (self.change.end, self.change.ref_end))
        if self.change:
            return ((self.change.start, self.change.ref),)
        return tuple(part.residue for part in self.parts if part.residue)

    def drug_match(self, drug: Drug) -> str | None:
        """Return ``drug`` if the row names `drug`, ``class`` if its class is meant, else None.

        Resistance that goes round the target of a class, or acts above or below it, is not
        extended to a drug of the class that inhibits the altered gene as well: amplified MET
        bypasses an anti-EGFR antibody, but not one that binds MET too.
        """
        if drug.name in self.drugs:
            return "drug"
        if not set(self.drug_class) & set(drug.classes):
            return None
        if self.mechanism_class in AROUND_TARGET and self.gene in drug.targets:
            return None
        return "class"

    def matches_change(self, change: protein.ProteinChange) -> bool:
        """Whether a protein change of the row's gene is what the row speaks of.

        Rows of the levels ``gene`` (copy number) and ``class`` are matched elsewhere, from the
        copy-number calls and from the gene's activating alterations. ``nonsynonymous`` in a range
        of residues is a change of these residues: a stop or a frameshift there loses what follows.
        """
        if change.kind == "synonymous":
            return False
        if self.match_level == "exact":
            return change == self.change
        if self.match_level == "codon":
            return change.kind == "substitution" and (change.ref, change.start) == self.codon
        if self.match_level == "range":
            first, last = self.span
            inside = first <= change.start and change.end <= last
            if self.alteration_type == "substitution":
                return inside and change.kind == "substitution"
            if self.alteration_type in _INFRAME:
                return inside and change.kind in _INFRAME[self.alteration_type]
            if self.alteration_type == "truncation":
                return inside and change.truncating
            # What takes the protein's end away is no change of a part of it.
            return inside and not change.truncating
        if self.match_level == "gene":
            if self.alteration_type == "nonsynonymous":
                return True
            return self.alteration_type == "loss_of_function" and change.truncating
        return False


class Catalog:
    """The rows of a catalogue in order, with the drugs they name.

    Parameters
    ----------
    rows : iterable of Row
        Ids are unique.
    drugs : Drugs
    """

    def __init__(self, rows: Iterable[Row], drugs: Drugs):
        self.rows = tuple(rows)
        self.drugs = drugs
        self._by_id = {row.id: row for row in self.rows}

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, identifier: str) -> Row:
        return self._by_id[identifier]

    def named_of_class(self, row: Row, drug: Drug) -> list[str]:
        """Return the drugs that a row names of a class that it shares with `drug`.

        A row of rucaparib and cisplatin is extended to niraparib from rucaparib alone. All that it
        names if no drug of theirs is known to be of that class.
        """
        shared = set(row.drug_class) & set(drug.classes)
        known = {name: self.drugs.get(name) for name in row.drugs}
        named = [name for name, one in known.items() if one and shared & set(one.classes)]
        return named or list(row.drugs)

    def of_other_class(self, row: Row, drug: Drug) -> bool:
        """Whether a row of several classes names drugs, all known, and none of a class of `drug`.

        A row of rucaparib speaks of platinum agents by their class alone.
        """
        known = [self.drugs.get(name) for name in row.drugs]
        if not known or None in known:
            return False
        shared = set(row.drug_class) & set(drug.classes)
        return not any(shared & set(one.classes) for one in known)

    def of_gene(self, gene: str) -> list[Row]:
        """Return the rows of a gene, in the order of the catalogue."""
        return [row for row in self.rows if row.gene == gene]


@functools.cache
def _schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=1 << 14)
def _sound(column: str, cell: str) -> bool:
    """Return whether the schema allows a cell, as far as its column's rule is of the plain kind.

    False: to be asked of `jsonschema`, which is slow to import and has nothing to do for a sound
    table.
    """
    rule = _schema()["properties"][column]
    if not rule.keys() <= {"type", "enum", "pattern", "description"}:
        return False
    fits = re.search(rule.get("pattern", ""), cell) is not None
    return fits and cell in rule.get("enum", (cell,)) and rule.get("type", "string") == "string"


def read_rows(path: str | Path, drugs: Drugs) -> list[Row]:
    """Read and validate one catalogue file.

    Parameters
    ----------
    path : path
        TSV with the columns of ``COLUMNS``; lines that start with ``#`` are comments.
    drugs : Drugs
        Every drug and class that a row names must be among these.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    rows: list[Row] = []
    errors: list[InputError] = []
    seen: dict[str, str] = {}
    for place, values in read_tsv(path, COLUMNS):
        problems = _problems(values, drugs)
        if values["id"] in seen:
            problems.append((f"duplicate id '{values['id']}', first at {seen[values['id']]}", ""))
        seen[values["id"]] = place
        if problems:
            errors += [InputError(what, place, cure) for what, cure in problems]
        else:
            rows.append(_row(values, place))
    if errors:
        raise InputErrors(errors)
    return rows


def _errors(values: dict[str, str]) -> Iterator[Any]:
    """Yield what the schema holds against a row, as `jsonschema.ValidationError`."""
    import jsonschema

    yield from jsonschema.Draft202012Validator(_schema()).iter_errors(values)


def _problems(values: dict[str, str], drugs: Drugs) -> list[tuple[str, str]]:
    """Return (what, cure) of everything that is wrong with a row."""
    problems = []
    # A cell's rule is that of its column: most cells were seen in another row.
    sound = values.keys() == set(COLUMNS) and all(itertools.starmap(_sound, values.items()))
    for error in () if sound else _errors(values):
        column = error.path[0] if error.path else "row"
        wanted = error.schema.get("enum")
        cure = f"one of {', '.join(wanted)}" if wanted else error.schema.get("description", "")
        problems.append((f"column '{column}': '{values.get(column, '')}' is not allowed", cure))
    if problems:
        return problems
    if not values["drugs"] and not values["drug_class"]:
        problems.append(("neither drugs nor drug_class is given", "name at least one"))
    for name in split(values["drugs"]):
        drug = drugs.get(name)
        if drug is None or drug.name != name:
            near = [drug.name] if drug else drugs.suggest(name, 1)
            cure = f"did you mean '{near[0]}'?" if near else "add it to drugs.tsv"
            problems.append((f"column 'drugs': no drug is called '{name}'", cure))
    known = drugs.classes()
    problems += [
        (f"column 'drug_class': no drug has the class '{name}'", "use a class of drugs.tsv")
        for name in split(values["drug_class"])
        if name not in known
    ]
    problems += alteration_problems(values)
    if (values["direction"] == "resistance") == (values["mechanism_class"] == "none"):
        problems.append(
            (
                "direction and mechanism_class disagree",
                "resistance has a mechanism, nothing else has",
            )
        )
    return problems


def alteration_problems(values: dict[str, str]) -> list[tuple[str, str]]:
    """Return (what, cure) of what is wrong with a row's alteration, its type and its level."""
    level, kind, text = values["match_level"], values["alteration_type"], values["alteration"]
    if (level == "none") != (kind in NOT_IN_DNA):
        return [
            (
                f"match_level '{level}' does not go with alteration_type '{kind}'",
                f"'none' is for {', '.join(sorted(NOT_IN_DNA))} and for nothing else",
            )
        ]
    allowed = {
        "exact": {"substitution", "loss_of_function", "compound", *_INFRAME},
        "codon": {"substitution"},
        "range": {"substitution", "nonsynonymous", "truncation", *_INFRAME},
        "gene": {"nonsynonymous", "loss_of_function", "amplification", "deletion", "reversion"},
        "class": {"activating"},
        "none": NOT_IN_DNA,
    }.get(level)
    if allowed is None:
        return [(f"unknown match_level '{level}'", "use exact, codon, range, gene, class or none")]
    if kind not in allowed:
        return [
            (
                f"match_level '{level}' does not go with alteration_type '{kind}'",
                f"use {', '.join(sorted(allowed))}",
            )
        ]
    alteration = parsed(values)
    if kind == "compound":
        parts = alteration["parts"]
        if "direction" not in values:
            return [("a compound mutation is for rows of resistance.tsv", "name one mutation")]
        if len(parts) < 2 or not all(part.readable for part in parts):
            return [(f"column 'alteration': '{text}' cannot be read", "write it as T315I+E255V")]
        return []
    if level in {"exact", "codon", "range"} and not any(alteration.values()):
        example = {"exact": "C121S or L747_A750del", "codon": "F53", "range": "762-775"}[level]
        return [(f"column 'alteration': '{text}' cannot be read", f"write it as {example}")]
    change = alteration["change"]
    if level == "exact" and kind == "substitution" and change.kind != "substitution":
        return [(f"column 'alteration': '{text}' is no substitution", "correct alteration_type")]
    if level == "exact" and kind in _INFRAME and change.kind not in _INFRAME[kind]:
        return [(f"column 'alteration': '{text}' is no {kind}", "correct alteration_type")]
    return []


def parsed(row: dict[str, str]) -> dict[str, object]:
    """Return the parsed alteration of a row as fields of `Row`."""
    level, text = row["match_level"], row["alteration"]
    if row.get("alteration_type") == "compound":
        parts = tuple(Part(part.strip()) for part in text.split(JOIN))
        return {"change": None, "codon": None, "span": None, "parts": parts}
    return {
        "change": protein.parse(text) if level == "exact" else None,
        "codon": protein.parse_codon(text) if level == "codon" else None,
        "span": protein.parse_range(text) if level == "range" else None,
    }


def _row(values: dict[str, str], place: str) -> Row:
    lists = {name: split(values[name]) for name in ("drugs", "drug_class", "disease", "pmid")}
    return Row(**{**values, **lists}, place=place, **parsed(values))


def load_catalog(
    folder: str | Path | None = None,
    user: Iterable[str | Path] = (),
    drugs: str | Path | None = None,
) -> Catalog:
    """Read a catalogue folder and the user's own tables.

    Parameters
    ----------
    folder : path, optional
        Holds ``resistance.tsv`` and ``drugs.tsv``; by default the shipped catalogue.
    user : iterable of paths, optional
        Tables with the same columns. A row whose id is known replaces that row in its place;
        any other row is added. Later tables win over earlier ones.
    drugs : path, optional
        The user's table of drugs.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    folder = Path(CATALOG if folder is None else folder)
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "give the catalogue folder")
    known = load_drugs(folder, drugs)
    rows = {row.id: row for row in read_rows(folder / "resistance.tsv", known)}
    for table in user:
        rows.update({row.id: row for row in read_rows(table, known)})
    return Catalog(rows.values(), known)
