"""How far the citations of the catalogue have been checked."""

from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.tables import read_tsv

COLUMNS = ("pmid", "author", "year", "state", "note")
#: ``read``: the paper's text was at hand; ``abstract``: its abstract, or a summary of it, was read
#: together with its PubMed id; ``exported``: PubMed id and statement stand together in a curated
#: export; ``unverified``: the PubMed id was given from memory and not looked up.
STATES = ("read", "abstract", "exported", "unverified")


@dataclass(frozen=True, slots=True)
class Citation:
    """A PubMed id: first author and year where they are recorded, and how far it was checked."""

    pmid: str
    author: str
    year: str
    state: str
    note: str


def load_citations(folder: str | Path | None = None) -> dict[str, Citation]:
    """Read ``citations.tsv`` of a catalogue folder; without one nothing is known of any.

    Raises
    ------
    InputError
        One line for every id that is no number or given twice, and every unknown state.
    """
    path = Path(CATALOG if folder is None else folder) / "citations.tsv"
    if not path.is_file():
        return {}
    found: dict[str, Citation] = {}
    errors = []
    for place, row in read_tsv(path, COLUMNS):
        problems = {
            f"'{row['pmid']}' is no PubMed id": not row["pmid"].isdigit(),
            f"PubMed id {row['pmid']} is listed twice": row["pmid"] in found,
            f"state '{row['state']}' is not one of {', '.join(STATES)}": row["state"] not in STATES,
        }
        errors += [InputError(what, place, "correct it") for what, so in problems.items() if so]
        found[row["pmid"]] = Citation(**row)
    if errors:
        raise InputErrors(errors)
    return found


def unverified(pmids: tuple[str, ...], citations: dict[str, Citation]) -> list[str]:
    """Return those of `pmids` that were not looked up."""
    return [pmid for pmid in pmids if pmid in citations and citations[pmid].state == "unverified"]
