"""What else is expected to fail, and what the sources name as worth considering."""

from collections.abc import Sequence

from resistpanel.catalog.drugs import Drug
from resistpanel.core.text import join, plural
from resistpanel.records.resist import ExpectedToFail, TherapyOption
from resistpanel.resist.alteration import Patient
from resistpanel.resist.context import Context
from resistpanel.resist.finding import Finding, phase
from resistpanel.resist.match import Match


def expected_to_fail(
    patient: Patient, context: Context, keys: Sequence[Finding]
) -> tuple[ExpectedToFail, ...]:
    """Return the drugs, beyond those given, that the key alterations are known to resist.

    For each drug the closest rows decide, and among these those that name the drug itself
    before those that name its class; a drug for which they say sensitivity is left out. Rows
    of other diseases do not count: a drug of another disease says nothing to this patient.
    """
    given = {drug.name for drug in patient.drugs}
    reasons: dict[Drug, list[str]] = {}
    rows: dict[Drug, list[str]] = {}
    for finding in keys:
        for drug in context.catalog.drugs:
            if drug.name in given:
                continue
            closest = _closest([m for m in finding.matches if m.disease is not False], drug)
            if not closest or any(m.row.direction != "resistance" for m in closest):
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
        for drug in sorted(reasons, key=lambda drug: (drug.classes, drug.name))
    )


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


def resisted_classes(finding: Finding) -> list[str]:
    """Return what the alteration is known to resist: classes, and drugs named alone.

    From the rows of the closest level that are not of another disease (all, if all are); a
    drug that stands in a row beside its class is left to the class.
    """
    level = finding.kept[0].level if finding.kept else None
    matches = [m for m in finding.matches if m.level == level and m.row.direction == "resistance"]
    rows = [m.row for m in matches if m.disease is not False] or [m.row for m in matches]
    classes = list(dict.fromkeys(name for row in rows for name in row.drug_class))
    covered = {name for row in rows if row.drug_class for name in row.drugs}
    names = [name for row in rows for name in row.drugs if name not in covered]
    return classes + list(dict.fromkeys(names))


def options(
    patient: Patient, context: Context, keys: Sequence[Finding]
) -> tuple[TherapyOption, ...]:
    """Return the options that hold for the key alterations, each once."""
    found: dict[str, TherapyOption] = {}
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
                    found[option.id] = TherapyOption(
                        option=option.option,
                        reason=option.reason,
                        source=option.source,
                        pmid=option.pmid or None,
                        variant=alteration.id,
                    )
    return tuple(found.values())


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
