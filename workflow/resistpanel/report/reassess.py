"""What another catalogue would change in stored results: the verdicts reached again."""

import dataclasses
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from resistpanel.core.schemas import from_builtins
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.resist import Resist
from resistpanel.records.sheet import Sheet
from resistpanel.report.store_database import query
from resistpanel.resist.build import resist
from resistpanel.resist.context import Context

#: Columns of the table of changes.
COLUMNS = ("patient", "result", "what", "alteration", "before", "after")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What is compared of a result.

    Attributes
    ----------
    verdict : str
        Kind and key alterations.
    driver : str
    rows : dict of str to set of str
        Catalogue rows for the drugs given, by label of the finding.
    failing, options : set of str
    """

    verdict: str
    driver: str
    rows: dict[str, set[str]]
    failing: set[str]
    options: set[str]


@dataclasses.dataclass(frozen=True)
class Change:
    """One thing that another catalogue changes; empty: there is none."""

    patient: str
    result: str
    what: str
    alteration: str = ""
    before: str = ""
    after: str = ""


def _verdict(kind: str, labels: list[str]) -> str:
    return f"{kind}: {', '.join(sorted(labels))}" if labels else kind


def _driver(gene: str | None, protein: str | None, state: str) -> str:
    return " ".join(part for part in (gene, protein, state) if part)


def outcome(found: Resist) -> Outcome:
    """Return what is compared of a verdict."""
    labels = {f.variant: f.label for f in found.findings}
    return Outcome(
        _verdict(found.verdict.kind, [labels.get(k, k) for k in found.verdict.key_variants]),
        _driver(found.driver.gene, found.driver.protein, found.driver.state),
        {f.label: {e.id for e in f.evidence} for f in found.findings if f.evidence},
        {drug.drug for drug in found.expected_to_fail},
        {one.option for one in found.options},
    )


def stored(path: str | Path) -> dict[str, tuple[str, Outcome]]:
    """Return patient and outcome of the latest results, by identity."""
    _, heads = query(path, "SELECT result, patient, verdict, key_alterations, driver_gene,"
                     " driver_protein, driver_state FROM current ORDER BY patient")  # fmt: skip
    found = {
        key: (patient, Outcome(_verdict(kind, keys or []), _driver(*driver), {}, set(), set()))
        for key, patient, kind, keys, *driver in heads
    }
    _, rows = query(path, "SELECT result, label, row FROM evidence JOIN findings"
                    " USING (result, variant) WHERE given")  # fmt: skip
    for key, label, row in rows:
        if key in found:
            found[key][1].rows.setdefault(label, set()).add(row)
    _, therapies = query(path, "SELECT result, kind, name FROM therapies")
    for key, kind, name in therapies:
        if key in found:
            which = found[key][1]
            (which.options if kind == "option" else which.failing).add(name)
    return found


def _again(record: bytes, key: str, context: Context) -> Outcome:
    """Return the outcome of a stored result under a catalogue."""
    value = msgspec.json.decode(zlib.decompress(record))
    where = f"result {key}"
    copies = value["copynumber"]
    return outcome(
        resist(
            from_builtins(value["compare"], Compare, where),
            from_builtins(value["sheet"], Sheet, where),
            context,
            from_builtins(copies, CopyNumber, where) if copies else None,
        )
    )


def changes(path: str | Path, context: Context) -> Iterator[Change]:
    """Yield what the latest results of a store would be under a catalogue, where they differ.

    Parameters
    ----------
    path : path
        Of the store.
    context : Context
        The catalogue.
    """
    for key, (patient, before) in stored(path).items():
        _, [(record,)] = query(path, f"SELECT record FROM sources WHERE result = '{key}'")
        yield from _differences(patient, key, before, _again(record, key, context))


def _differences(patient: str, key: str, before: Outcome, after: Outcome) -> Iterator[Change]:
    for what in ("verdict", "driver"):
        old, new = getattr(before, what), getattr(after, what)
        if old != new:
            yield Change(patient, key, what, before=old, after=new)
    for label in sorted(before.rows.keys() | after.rows.keys()):
        old, new = before.rows.get(label, set()), after.rows.get(label, set())
        if old != new:
            gone, come = sorted(old - new), sorted(new - old)
            yield Change(patient, key, "evidence", label, ", ".join(gone), ", ".join(come))
    for what, name in (("failing", "cross-resistance"), ("options", "option")):
        old, new = getattr(before, what), getattr(after, what)
        if old != new:
            yield Change(patient, key, name, before=", ".join(sorted(old - new)),
                         after=", ".join(sorted(new - old)))  # fmt: skip
