"""What the sources name as worth considering once a mechanism is found."""

from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG, Drug, Drugs, load_drugs
from resistpanel.catalog.of_drugs import read_of_drugs
from resistpanel.core.errors import InputError
from resistpanel.core.tables import split

COLUMNS = (
    "id",
    "gene",
    "alteration",
    "except",
    "mechanism_class",
    "drug_class",
    "condition",
    "option",
    "reason",
    "source",
    "pmid",
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option, with the circumstances under which a source names it.

    Attributes
    ----------
    genes, alterations, excluded, mechanisms, drug_classes : tuple of str
        What must agree; an empty tuple agrees with everything, except that `excluded` lists
        the changes for which the option does not hold. Alterations are protein changes in
        short form or ``amplification``; `drug_classes` may hold names of single drugs.
    condition : tuple of (str, str) or None
        (``cis``, ``trans`` or ``without``, protein change of the same gene).
    """

    id: str
    genes: tuple[str, ...]
    alterations: tuple[str, ...]
    excluded: tuple[str, ...]
    mechanisms: tuple[str, ...]
    drug_classes: tuple[str, ...]
    condition: tuple[str, str] | None
    option: str
    reason: str
    source: str
    pmid: str

    def holds(self, gene: str, names: set[str], mechanism: str, drug: Drug) -> bool:
        """Whether the option is named for an alteration under a drug, its phase aside.

        Parameters
        ----------
        gene : str
        names : set of str
            The protein changes of the alteration in short form, or ``amplification``.
        mechanism : str
            Mechanism class against `drug`.
        drug : Drug
            The drug given.
        """
        return (
            gene in self.genes
            and (not self.alterations or bool(names & set(self.alterations)))
            and not names & set(self.excluded)
            and (not self.mechanisms or mechanism in self.mechanisms)
            and (not self.drug_classes or bool({drug.name, *drug.classes} & set(self.drug_classes)))
        )


def load_options(folder: str | Path | None = None, drugs: Drugs | None = None) -> list[Option]:
    """Read ``options.tsv`` of a catalogue folder (by default the shipped one).

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    folder = Path(CATALOG if folder is None else folder)
    rows = read_of_drugs(
        folder / "options.tsv",
        COLUMNS,
        ("id", "gene", "option", "reason", "source"),
        drugs or load_drugs(folder),
        _problems,
    )
    return [
        Option(
            id=row["id"],
            genes=split(row["gene"]),
            alterations=split(row["alteration"]),
            excluded=split(row["except"]),
            mechanisms=split(row["mechanism_class"]),
            drug_classes=split(row["drug_class"]),
            condition=_condition(row["condition"]),
            option=row["option"],
            reason=row["reason"],
            source=row["source"],
            pmid=row["pmid"],
        )
        for _, row in rows
    ]


def _condition(text: str) -> tuple[str, str] | None:
    how, _, other = text.partition(":")
    return (how, other) if text else None


def _problems(row: dict[str, str], place: str) -> list[InputError]:
    how, other = _condition(row["condition"]) or ("without", "-")
    if how in {"cis", "trans", "without"} and other:
        return []
    return [
        InputError(
            f"condition '{row['condition']}' cannot be read",
            place,
            "write cis:T790M, trans:T790M or without:T790M",
        )
    ]
