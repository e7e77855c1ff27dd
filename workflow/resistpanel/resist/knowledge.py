"""What is known of NRAS-mutant melanoma, shown where it applies."""

from collections.abc import Sequence
from pathlib import Path

from resistpanel.catalog.classes import Activating
from resistpanel.core.files import HOME
from resistpanel.core.tables import read_tsv
from resistpanel.records.resist import CoAlteration, FoundWith, Topic
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context

KNOWLEDGE = HOME / "resources" / "knowledge"

THERAPY_COLUMNS = (
    "place",
    "kind",
    "regimen",
    "drugs",
    "study",
    "phase",
    "population",
    "nras",
    "n",
    "comparator",
    "orr",
    "dcr",
    "pfs",
    "os",
    "other",
    "note",
    "contradiction",
    "reference",
    "source",
    "pmid",
)
TRIAL_COLUMNS = (
    "trial",
    "title",
    "phase",
    "n",
    "population",
    "arms",
    "endpoint",
    "targets",
    "note",
    "source",
    "pmid",
)
BIOLOGY_COLUMNS = ("gene", "kind", "statement", "contradiction", "section", "source", "pmid")


def nras(
    patient: Patient,
    context: Context,
    folder: str | Path | None = None,
) -> Topic | None:
    """Return what the review says, if a tumour carries an activating NRAS mutation.

    Parameters
    ----------
    patient : Patient
    context : Context
    folder : path, optional
        Holds ``nras_therapies.tsv``, ``nras_trials.tsv`` and ``nras_biology.tsv``; by default
        the shipped one.

    Returns
    -------
    Topic or None
        None without such a mutation, or in another disease.
    """
    folder = Path(KNOWLEDGE if folder is None else folder)
    therapies = _rows(folder / "nras_therapies.tsv", THERAPY_COLUMNS)
    trials = _rows(folder / "nras_trials.tsv", TRIAL_COLUMNS)
    biology = _rows(folder / "nras_biology.tsv", BIOLOGY_COLUMNS)
    if context.diseases.match(patient.disease, ("melanoma",)) is False:
        return None
    mutants = [
        alteration
        for alteration in _present(patient)
        if alteration.gene == "NRAS" and _activating(alteration, context.activating)
    ]
    if not mutants:
        return None
    statements = [row for row in biology if row["kind"] != "co-alteration"]
    return Topic(
        topic="NRAS-mutant melanoma",
        variants=tuple(alteration.id for alteration in mutants),
        disease_given=patient.disease is not None,
        caution=next(r["statement"] for r in statements if r["kind"] == "RAF inhibitors"),
        biology=tuple(statements),
        therapies=tuple(row for row in therapies if row["nras"] == "yes"),
        other_therapies=tuple(row for row in therapies if row["nras"] == "no"),
        trials=tuple(trials),
        co_alterations=tuple(
            CoAlteration(
                **row,
                found=tuple(
                    FoundWith(variant=a.id, label=a.label, state=a.state)
                    for a in _present(patient)
                    if a.gene == row["gene"] and not a.synonymous
                ),
            )
            for row in biology
            if row["kind"] == "co-alteration"
        ),
    )


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    return [row for _, row in read_tsv(path, columns)]


def _present(patient: Patient) -> list[Alteration]:
    tumours = [sample.name for sample in patient.tumours]
    return [
        alteration
        for alteration in patient.alterations
        if alteration.reported
        and not alteration.germline
        and any(alteration.detected(name) for name in tumours)
    ]


def _activating(alteration: Alteration, activating: Sequence[Activating]) -> bool:
    return any(
        known.gene == alteration.gene and known.matches_change(change)
        for known in activating
        for change in alteration.changes
    )
