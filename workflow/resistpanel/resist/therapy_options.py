"""What else is expected to fail, and what the sources name as worth considering."""

import re
from collections.abc import Sequence

from resistpanel.catalog.drugs import Drug
from resistpanel.catalog.options import Option
from resistpanel.catalog.table import EVIDENCE_LEVELS
from resistpanel.core.text import join, plural
from resistpanel.records.resist import ExpectedToFail, TherapyOption
from resistpanel.resist.alteration import Patient
from resistpanel.resist.context import Context
from resistpanel.resist.finding import Finding, phase
from resistpanel.resist.match import Match

#: The words of an option or a drug class; a hyphen joins and separates.
_WORD = re.compile(r"[A-Za-z0-9]+")


def expected_to_fail(
    patient: Patient, context: Context, keys: Sequence[Finding]
) -> tuple[ExpectedToFail, ...]:
    """Return the drugs, beyond those given, that the key alterations are known to resist.

    For each drug the closest rows decide, and among these those that name the drug itself
    before those that name its class; a drug for which they say sensitivity is left out. Rows
    of other diseases do not count: a drug of another disease says nothing to this patient.
    """
    given = _given(patient)
    reasons: dict[Drug, list[str]] = {}
    rows: dict[Drug, list[str]] = {}
    for finding in keys:
        for drug in context.catalog.drugs:
            if drug.name in given:
                continue
            closest = _resisting(finding, drug)
            if not closest:
                continue
            reasons.setdefault(drug, []).append(_reason(finding, closest, drug))
            rows.setdefault(drug, []).extend(m.row.id for m in closest)
    return tuple(
        ExpectedToFail(
            drug=drug.name,
            classes=drug.classes,
            reason="; ".join(dict.fromkeys(reasons[drug])),
            evidence=tuple(dict.fromkeys(rows[drug])),
        )
        for drug in sorted(reasons, key=lambda drug: (drug.classes, _in_use(drug), drug.name))
    )


def _resisting(finding: Finding, drug: Drug) -> list[Match]:
    """Return the closest rows of an alteration for a drug; none if any of them is not resistance.

    Rows of other diseases do not count.
    """
    closest = _closest([m for m in finding.matches if m.disease is not False], drug)
    return closest if all(m.row.direction == "resistance" for m in closest) else []


def _closest(matches: Sequence[Match], drug: Drug) -> list[Match]:
    ours = [(m, m.row.drug_match(drug)) for m in matches]
    ours = [(m, how) for m, how in ours if how]
    if not ours:
        return []
    level = ours[0][0].level
    ours = [(m, how) for m, how in ours if m.level == level]
    named = [m for m, how in ours if how == "drug"]
    return named or [m for m, _ in ours]


def _reason(finding: Finding, closest: Sequence[Match], drug: Drug) -> str:
    row = closest[0].row
    label = finding.alteration.label
    if drug.name in row.drugs:
        effect = f": {row.effect_size}" if row.effect_size else ""
        reported = f"{label} is reported to confer resistance to {drug.name}"
        return f"{reported} ({row.evidence_level}{effect})"
    shared = [name for name in row.drug_class if name in drug.classes]
    if not row.drugs:
        reported = f"{label} is reported to confer resistance to {plural(shared[0])}"
        return f"{reported} ({row.evidence_level})"
    return (
        f"{label} is reported to confer resistance to {join(row.drugs)}, of the same class "
        f"({shared[0]}; {row.evidence_level})"
    )


def resisted_classes(finding: Finding) -> list[tuple[str, str]]:
    """Return what the alteration is reported to resist, each with its best level of evidence.

    Classes, and drugs named alone, from the rows of the closest level that are not of another
    disease (all, if all are); a drug named beside its class is covered by the class.
    """
    level = finding.kept[0].level if finding.kept else None
    matches = [m for m in finding.matches if m.level == level and m.row.direction == "resistance"]
    rows = [m.row for m in matches if m.disease is not False] or [m.row for m in matches]
    covered = {name for row in rows if row.drug_class for name in row.drugs}
    levels = [(name, row.evidence_level) for row in rows for name in row.drug_class]
    levels += [(n, row.evidence_level) for row in rows for n in row.drugs if n not in covered]
    best: dict[str, str] = {}
    for name, found in levels:
        best[name] = min(best.get(name, found), found, key=EVIDENCE_LEVELS.index)
    return list(best.items())


def options(
    patient: Patient, context: Context, keys: Sequence[Finding], findings: Sequence[Finding]
) -> tuple[TherapyOption, ...]:
    """Return the options that hold for the key alterations, each once.

    An option is left out if the key alterations resist every drug that it names. Otherwise it says
    in brackets which of its drugs were given already, and which an alteration resists that is
    still there, key or not.
    """
    found: dict[str, TherapyOption] = {}
    drugs = list(context.catalog.drugs)
    others = [f for f in findings if f.alteration.state != "lost" and f.alteration.status != "gone"]
    resisted = {
        drug.name: [f.alteration.label for f in others if _resisting(f, drug)] for drug in drugs
    }
    failing = {drug.name for drug in drugs if any(_resisting(key, drug) for key in keys)}
    given = _given(patient)
    for finding in keys:
        alteration = finding.alteration
        names = {part.strip() for part in alteration.protein.split(",") if part}
        names |= {alteration.copy_number} - {""}
        for mechanism in finding.mechanisms:
            for option in context.options:
                if option.id in found:
                    continue
                if option.holds(alteration.gene, names, mechanism.kind, mechanism.drug) and (
                    option.condition is None or _condition(option.condition, finding, patient)
                ):
                    text = _with_cautions(option, _meant(option, drugs), failing, resisted, given)
                    if text is None:
                        continue
                    found[option.id] = TherapyOption(
                        option=text,
                        reason=option.reason,
                        source=option.source,
                        pmid=option.pmid or None,
                        variant=alteration.id,
                    )
    return tuple(found.values())


def _in_use(drug: Drug) -> int:
    """Return the rank of a drug: approved ones, then other named ones, then code names."""
    if "product label" in drug.source:
        return 0
    return 2 if any(character.isdigit() for character in drug.name) else 1


def _given(patient: Patient) -> set[str]:
    """Return the names of all drugs given, those of earlier lines too."""
    return {drug.name for drug in patient.drugs} | {drug.drug for drug in patient.sheet_drugs}


def _meant(option: Option, drugs: Sequence[Drug]) -> list[Drug]:
    """Return the drugs that an option names, by their name or the narrowest class in its text.

    Those against which the resistance is stay out: an option may raise their dose or add to them.
    """
    words = set(_WORD.findall(option.option))
    classes = {name for drug in drugs for name in drug.classes if set(_WORD.findall(name)) <= words}
    classes = {
        name
        for name in classes
        if not any(set(_WORD.findall(name)) < set(_WORD.findall(other)) for other in classes)
    }
    return [
        drug
        for drug in drugs
        if (set(_WORD.findall(drug.name)) <= words or classes & set(drug.classes))
        and not {drug.name, *drug.classes} & set(option.drug_classes)
    ]


def _with_cautions(
    option: Option,
    meant: Sequence[Drug],
    failing: set[str],
    resisted: dict[str, list[str]],
    given: set[str],
) -> str | None:
    """Return an option with what speaks against it; None if all drugs that it names will fail.

    Of a combination only what was given is said: the sources name it against several alterations.
    """
    combined = bool(set(_WORD.findall(option.option)) & {"together", "with", "addition"})
    if meant and not combined and all(drug.name in failing for drug in meant):
        return None
    notes = []
    before = [drug.name for drug in meant if drug.name in given]
    if before == [option.option]:
        notes.append("already given")
    elif before:
        notes.append(f"already given: {join(before)}")
    by_label: dict[tuple[str, ...], list[str]] = {}
    for drug in meant if not combined else ():
        if resisted[drug.name]:
            by_label.setdefault(tuple(resisted[drug.name]), []).append(drug.name)
    notes += [
        f"likely cross-resistance to {join(names)}: {join(labels)}"
        for labels, names in by_label.items()
    ]
    return f"{option.option} ({'; '.join(notes)})" if notes else option.option


def _condition(condition: tuple[str, str], finding: Finding, patient: Patient) -> bool:
    how, change = condition
    tumours = [sample.name for sample in patient.tumours]
    others = {
        other.id
        for other in patient.alterations
        if other.gene == finding.alteration.gene
        and change in other.protein.split(",")
        and other.reported
        and any(other.detected(name) for name in tumours)
    }
    if how == "without":
        return not others
    return any(e.other in others and phase(e) == how for e in finding.alteration.phase)
