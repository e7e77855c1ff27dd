"""What other tests of the patient say of the findings, and what they alone report."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from resistpanel.catalog import protein
from resistpanel.catalog.numbering import Numbering
from resistpanel.catalog.table import Row
from resistpanel.compare.lesions import course_samples
from resistpanel.compare.tests_before import one_letter, taken_before, with_tests
from resistpanel.core.text import join
from resistpanel.records.base import UNSET, UnsetType
from resistpanel.records.compare import Compare, LineTest, OtherTest
from resistpanel.records.resist import OtherTestUse
from resistpanel.records.sheet import Sheet
from resistpanel.resist.alteration import Alteration, Patient, PatientTest

#: Changes of a gene's copies, product or place, by the words of a report.
CLASSES = (
    ("amplification", r"amplif|gain|copy number increase"),
    ("fusion", r"fusion|rearrang|break|transloc|::"),
    ("splice", r"splice|skipping|variant 7|v7\b|p61"),
    ("overexpression", r"over-?expression"),
    ("loss", r"loss|delet|deficien|absence"),
    ("expression", r"expression"),
)  # fmt: skip
#: Types of catalogue rows that a class of result is.
ROW_TYPES = {
    "amplification": {"amplification"},
    "fusion": {"fusion"},
    "splice": {"splice"},
    "overexpression": {"overexpression"},
    "loss": {"expression_loss", "deletion", "loss_of_function"},
}
Says = Literal["supports", "contradicts"]


def patient_tests(compare: Compare, sheet: Sheet, numbering: Numbering) -> tuple[PatientTest, ...]:
    """Return the results of other tests with the lines before which they were taken."""
    return tuple(
        PatientTest(
            one,
            frozenset(line.number for line in compare.lines
                      if taken_before(one, line, sheet.samples)),
            _changes(one, numbering),
        )
        for one in compare.other_tests or ()
    )  # fmt: skip


def _changes(test: OtherTest, numbering: Numbering) -> dict[str, protein.ProteinChange]:
    """Return the protein change that a result names, by gene, in the catalogue's numbering."""
    change = protein.parse(one_letter((test.alteration or "").removeprefix("p.")))
    if change is None:
        return {}
    return {gene: numbering.read(gene, change) or change for gene in test.genes}


def class_of(test: OtherTest) -> str | None:
    """Return what kind of change a result is of: one of `CLASSES`, or None."""
    text = test.alteration or ""
    return next((name for name, words in CLASSES if re.search(words, text, re.IGNORECASE)), None)


def says(alteration: Alteration, test: OtherTest) -> Says | None:
    """Return what a result says of an alteration; None if it is of something else.

    Copies are compared with tests of copies. A test of the protein agrees with what makes the
    gene's product disappear (deletion, truncation) or abundant (amplification): loss of expression
    does not contradict an alteration of another kind, and no expression contradicts amplification.
    """
    if test.result == "not assessable" or alteration.gene not in test.genes:
        named = alteration.id in test.variants and test.result != "not assessable"
        return _agrees(test.result == "positive") if named else None
    positive = test.result == "positive"
    if alteration.id in test.variants:
        return _agrees(positive)
    what = class_of(test)
    if test.kind == "copies" and alteration.copy_number:
        mine = {"amplification": "amplification", "deletion": "loss"}[alteration.copy_number]
        return _agrees(positive) if what == mine else None
    if what == "fusion" and alteration.junction and alteration.junction.fusion:
        return _agrees(positive)
    if test.kind != "protein":
        return None
    if alteration.copy_number == "amplification":
        if what == "overexpression":
            return _agrees(positive)
        return "contradicts" if _lost(what, positive) else None
    if alteration.inactivates and what in ("loss", "expression"):
        return _agrees(_lost(what, positive))
    return None


def _agrees(same: bool) -> Says:
    return "supports" if same else "contradicts"


def _lost(what: str | None, positive: bool) -> bool:
    """Return whether a result says that there is no protein."""
    return (what == "loss" and positive) or (what == "expression" and not positive)


def later(alteration: Alteration, patient: Patient) -> list[tuple[Says, OtherTest]]:
    """Return the results on an alteration that were not taken before the line looked at.

    Earlier ones enter its state instead, see `resistpanel.compare.tests_before`.
    """
    number = patient.therapy.number if patient.therapy else None
    return [
        (said, one.test)
        for one in patient.tests
        if number not in one.before and (said := says(alteration, one.test))
    ]


def earlier(alteration: Alteration) -> tuple[LineTest, ...]:
    """Return what tests before the line of an alteration's state say of it."""
    line = alteration.line or next((one for one in reversed(alteration.lines) if one.tests), None)
    return (line.tests or ()) if line else ()


def add_reasons(
    alteration: Alteration, patient: Patient, pro: list[str], contra: list[str]
) -> None:
    """Add what other tests say for and against an alteration."""
    for said, test in later(alteration, patient):
        (pro if said == "supports" else contra).append(f"another test {said} it: {test.text}")
    for one in earlier(alteration):
        if one.says in ("open", "not covered"):
            contra.append(f"{one.text}: it does not exclude that it was present before")


def limits_by_tests(alteration: Alteration, patient: Patient) -> list[str]:
    """Return what other tests leave doubtful of an alteration."""
    found = [
        f"another test contradicts it: {test.text}"
        for said, test in later(alteration, patient)
        if said == "contradicts"
    ]
    line = alteration.line
    if line and line.before == "excluded" and not line.excluded_by:
        excluded = [one.text for one in earlier(alteration) if one.says == "excluded"]
        found.append(f"that it was absent before rests on another test alone: {join(excluded)}")
    return found


def sentences(alteration: Alteration, patient: Patient) -> list[str]:
    """Return the sentences of the verdict on later tests of its alteration."""
    return [f"another test {said} it: {test.text}" for said, test in later(alteration, patient)]


def of_row(one: PatientTest, row: Row) -> bool:
    """Return whether a positive result is what a catalogue row lists."""
    test = one.test
    if row.gene not in test.genes:
        return False
    change = one.changes.get(row.gene)
    if change and row.matches_change(change):
        return True
    what = class_of(test)
    if what == "expression":
        what = None if test.result == "positive" else "loss"
    return row.alteration_type in ROW_TYPES.get(what or "", ())


def reported(test: OtherTest) -> bool:
    """Return whether a result reports a change: positive, or a protein that is not expressed."""
    what = class_of(test)
    if what == "expression" and test.kind == "protein":
        return test.result == "negative"
    return test.result == "positive"


def elsewhere(
    patient: Patient, rows: Sequence[Row], found: Sequence[Alteration]
) -> list[tuple[OtherTest, tuple[Row, ...]]]:
    """Return results that no alteration found here has, and that the catalogue lists as resistance.

    Those of tests taken before the line are left out: they may have been there before treatment.
    """
    number = patient.therapy.number if patient.therapy else None
    kept = []
    for one in patient.tests:
        if not reported(one.test) or number in one.before:
            continue
        if any(says(alteration, one.test) for alteration in found):
            continue
        listed = tuple(row for row in rows if of_row(one, row))
        if listed:
            kept.append((one.test, listed))
    return kept


def elsewhere_text(test: OtherTest, rows: Sequence[Row]) -> str:
    """Return a result that the sequencing here did not show, with its catalogue rows."""
    drugs = dict.fromkeys(name for row in rows for name in row.drugs or row.drug_class)
    return (
        f"not found by the sequencing here, but by another test: {test.text}; reported to confer "
        f"resistance to {join(drugs)} ({join(row.id for row in rows)})"
    )


def uses(
    patient: Patient, rows: Sequence[Row], found: Sequence[Alteration]
) -> tuple[OtherTestUse, ...] | UnsetType:
    """Return what each result was used for; absent without any."""
    if not patient.tests:
        return UNSET
    alone = {test.number: listed for test, listed in elsewhere(patient, rows, found)}
    number = patient.therapy.number if patient.therapy else None
    made = []
    for one in patient.tests:
        before = number in one.before
        said = {a.id: word for a in found if (word := says(a, one.test))}
        made.append(
            OtherTestUse(
                test=one.test.number,
                before=before,
                supports=tuple(i for i, word in said.items() if word == "supports" and not before),
                contradicts=tuple(
                    i for i, word in said.items() if word == "contradicts" and not before
                ),
                states=tuple(
                    a.id for a in found if any(t.test == one.test.number for t in earlier(a)
                                               if t.says in ("present", "excluded"))
                ),
                evidence=tuple(row.id for row in alone.get(one.test.number, ())),
            )
        )  # fmt: skip
    return tuple(made)


def with_copies_before(
    alterations: Sequence[Alteration], tests: Sequence[PatientTest], compare: Compare, sheet: Sheet
) -> list[Alteration]:
    """Return copy-number changes with what earlier tests of copies or protein report of them."""
    lesions = course_samples(sheet.samples)
    return [_copies_before(one, tests, compare, lesions) for one in alterations]


def _copies_before(
    alteration: Alteration,
    tests: Sequence[PatientTest],
    compare: Compare,
    lesions: Mapping[str, Sequence[str]],
) -> Alteration:
    detected = {name: one.detected for name, one in alteration.samples.items()}
    lines = []
    for state, line in zip(alteration.lines, compare.lines, strict=True):
        said = tuple(
            LineTest(one.test.number, "present", None, one.test.text)
            for one in tests
            if line.number in one.before and one.test.kind == "copies"
            and says(alteration, one.test) == "supports"
        )  # fmt: skip
        lines.append(with_tests(state, said, line, lesions, detected))
    if tuple(lines) == alteration.lines:
        return alteration
    told = [state for state, line in zip(lines, compare.lines, strict=True) if line.samples]
    state = told[-1].state if told else None
    return dataclasses.replace(alteration, lines=tuple(lines), state=state)
