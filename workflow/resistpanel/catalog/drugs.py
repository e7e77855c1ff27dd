"""Drug names: what the patient was given, what it is called here, and what it hits."""

import difflib
import functools
import re
from dataclasses import dataclass
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import HOME
from resistpanel.core.tables import read_tsv, require, split

#: The catalogue that ships with the project.
CATALOG = HOME / "resources" / "catalog"

COLUMNS = ("name", "aliases", "classes", "targets", "generation", "note", "source")

#: What separates drugs in a name, where it should be ``;``.
_SEVERAL = re.compile(r"[+,/&]| and ")

#: Salts and hydrates that registries append to a drug's name.
_SALTS = re.compile(
    r"\s+(mesylate|hydrochloride|dihydrochloride|maleate|dimaleate|tosylate|ditosylate|malate"
    r"|phosphate|sulfate|fumarate|citrate|acetate|dimethyl sulfoxide)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug.

    Attributes
    ----------
    name : str
        Canonical name (the nonproprietary name where there is one).
    aliases : tuple of str
        Development codes, brand names and spellings found in the sources.
    classes : tuple of str
        From the general to the particular, e.g. ``("MEK inhibitor", "allosteric MEK inhibitor")``.
    targets : tuple of str
        HGNC symbols of the proteins through which the drug acts here.
    generation, note, source : str
        As in ``drugs.tsv``; `source` is empty for a drug that is in no table.
    """

    name: str
    aliases: tuple[str, ...]
    classes: tuple[str, ...]
    targets: tuple[str, ...]
    generation: str
    note: str
    source: str

    @property
    def known(self) -> bool:
        """Whether the drug is in a table; of any other the name alone is known."""
        return bool(self.source)


class Drugs:
    """All drugs of a catalogue, found by any of their names.

    Parameters
    ----------
    drugs : list of Drug
        In the order of the file.
    """

    def __init__(self, drugs: list[Drug]):
        self.drugs = list(drugs)
        self._classes = frozenset(name for drug in self.drugs for name in drug.classes)
        self._by_key = {
            normalise(name): drug for drug in drugs for name in (drug.name, *drug.aliases)
        }

    def __iter__(self):
        return iter(self.drugs)

    def __len__(self) -> int:
        return len(self.drugs)

    def get(self, name: str) -> Drug | None:
        """Return the drug called `name`, or None."""
        return self._by_key.get(normalise(name)) or self._by_key.get(
            normalise(_SALTS.sub("", name.strip()))
        )

    def resolve(self, name: str, where: str = "") -> Drug:
        """Return the drug called `name`; case, spaces and hyphens do not matter.

        Parameters
        ----------
        name : str
            Nonproprietary name, development code or brand name of one drug.
        where : str, optional
            File and place, for the message.

        Raises
        ------
        InputError
            If no drug has that name; the nearest names are suggested.
        """
        drug = self.get(name)
        if drug is not None:
            return drug
        raise InputError(f"unknown drug '{name.strip()}'", where, self._cure(name))

    def named(self, name: str, where: str = "") -> Drug:
        """Return the drug called `name`; one that is in no table has neither class nor target.

        Raises
        ------
        InputError
            If `name` holds several known drugs that are not separated by ``;``.
        """
        drug = self.get(name)
        if drug is not None:
            return drug
        parts = [part for part in _SEVERAL.split(name) if part.strip()]
        if len(parts) > 1 and any(self.get(part) for part in parts):
            raise InputError(f"unknown drug '{name.strip()}'", where, self._cure(name))
        return Drug(" ".join(name.split()), (), (), (), "", "", "")

    def doubt(self, name: str) -> str:
        """Return a note on a drug that is in no table: what follows, and the nearest names."""
        near = [f"'{known}'" for known in self.suggest(name)]
        cure = f"did you mean {' or '.join(near)}?" if near else "add it with the key 'drugs'"
        return f"unknown drug '{name.strip()}': resistance to it is not assessed; {cure}"

    def suggest(self, name: str, n: int = 2) -> list[str]:
        """Return up to `n` known names that are spelt most like `name`, nearest first."""
        spelt = {
            normalise(known): known for drug in self.drugs for known in (drug.name, *drug.aliases)
        }
        return [
            spelt[key] for key in difflib.get_close_matches(normalise(name), spelt, n, cutoff=0.6)
        ]

    def _cure(self, name: str) -> str:
        if _SEVERAL.search(name):
            return "separate the drugs of a combination with ';'"
        near = [f"'{known}'" for known in self.suggest(name)]
        if near:
            return f"did you mean {' or '.join(near)}?"
        return "see drugs.tsv of the catalogue for the known names, or add a row there"

    def of_class(self, drug_class: str) -> list[Drug]:
        """Return the drugs of a class, in the order of the file."""
        return [drug for drug in self.drugs if drug_class in drug.classes]

    def classes(self) -> frozenset[str]:
        """Return every class that some drug has."""
        return self._classes


@functools.lru_cache(maxsize=1 << 14)
def normalise(name: str) -> str:
    """Return `name` in lower case with nothing but letters and digits."""
    return "".join(character for character in name.casefold() if character.isalnum())


@functools.lru_cache(maxsize=8)
def load_drugs(path: str | Path | None = None, user: str | Path | None = None) -> Drugs:
    """Read ``drugs.tsv``, and the user's table of drugs.

    Parameters
    ----------
    path : path, optional
        The file, or the catalogue folder that holds it; by default the shipped catalogue.
    user : path, optional
        A table with the same columns. A drug of the same name replaces that of the catalogue.

    Raises
    ------
    InputError
        If a column is missing, a row has no name, class or source, or two drugs share a name.
    """
    path = Path(CATALOG if path is None else path)
    if path.is_dir():
        path = path / "drugs.tsv"
    rows = read_tsv(path, COLUMNS)
    if user is not None:
        own = read_tsv(Path(user), COLUMNS)
        names = {normalise(row["name"]) for _, row in own}
        rows = [one for one in rows if normalise(one[1]["name"]) not in names] + own
    drugs: list[Drug] = []
    errors: list[InputError] = []
    owner: dict[str, str] = {}
    for place, row in rows:
        errors += require(row, ("name", "classes", "source"), place)
        cells = {**row, **{name: split(row[name]) for name in ("aliases", "classes", "targets")}}
        drug = Drug(**cells)
        for name in sorted({normalise(name) for name in (drug.name, *drug.aliases)}):
            if name in owner:
                errors.append(
                    InputError(
                        f"'{drug.name}' has a name ('{name}') that '{owner[name]}' has too",
                        place,
                        "a name can be used for one drug only",
                    )
                )
            owner[name] = drug.name
        drugs.append(drug)
    if errors:
        raise InputErrors(errors)
    return Drugs(drugs)


def resolve(name: str, catalog: str | Path | None = None, where: str = "") -> Drug:
    """Return the drug called `name` in the catalogue folder `catalog` (by default the shipped one).

    Raises
    ------
    InputError
        If no drug has that name; the nearest names are suggested.
    """
    return load_drugs(catalog).resolve(name, where)
