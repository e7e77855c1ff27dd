"""Cancer genes with their role: tumour suppressors, and oncogenes that tumours amplify."""

from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.tables import read_tsv, require, split

COLUMNS = ("gene", "role", "source", "pmid")
SUPPRESSOR = "tumour suppressor"
AMPLIFIED = "amplified oncogene"
ROLES = (SUPPRESSOR, AMPLIFIED)


@dataclass(frozen=True, slots=True)
class CancerGene:
    """A gene with one role in cancer.

    Attributes
    ----------
    gene : str
        HGNC symbol.
    role : str
        ``tumour suppressor``: loss of function is a driver; ``amplified oncogene``: more copies
        are.
    source : str
    pmid : tuple of str
    """

    gene: str
    role: str
    source: str
    pmid: tuple[str, ...]


def load_cancer_genes(folder: str | Path | None = None) -> list[CancerGene]:
    """Read ``cancer_genes.tsv`` of a catalogue folder; without the file no role is known.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    path = Path(CATALOG if folder is None else folder) / "cancer_genes.tsv"
    if not path.is_file():
        return []
    errors: list[InputError] = []
    genes: list[CancerGene] = []
    seen: set[tuple[str, str]] = set()
    for place, row in read_tsv(path, COLUMNS):
        problems = require(row, ("gene", "role", "source"), place)
        key = (row["gene"], row["role"])
        if row["role"] and row["role"] not in ROLES:
            problems.append(
                InputError(f"unknown role '{row['role']}'", place, f"use {' or '.join(ROLES)}")
            )
        if key in seen:
            problems.append(InputError(f"{' as '.join(key)} is given twice", place, "remove one"))
        seen.add(key)
        errors += problems
        if not problems:
            genes.append(CancerGene(*key, row["source"], split(row["pmid"])))
    if errors:
        raise InputErrors(errors)
    return genes
