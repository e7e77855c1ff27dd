"""What else is expected to fail, and what the sources name as worth considering."""

import re
from collections.abc import Sequence

from resistpanel.catalog.drugs import Drug
from resistpanel.catalog.options import Option
from resistpanel.catalog.table import EVIDENCE_LEVELS, IN_PATIENTS
from resistpanel.core.text import join, percent_up, plural
from resistpanel.core.vocabulary import GAINED
from resistpanel.records.base import UNSET
from resistpanel.records.resist import ExpectedToFail, TherapyOption
from resistpanel.resist.alteration import Patient
from resistpanel.resist.context import Context
from resistpanel.resist.effect import is_driver, sensitising
from resistpanel.resist.finding import Finding
from resistpanel.resist.function import phase
from resistpanel.resist.match import LEVELS, PATHWAY, Match
from resistpanel.resist.mechanism import ON_TARGET

#: The words of an option or a drug class; a hyphen joins and separates.
_WORD = re.compile(r"[A-Za-z0-9]+")
#: What the note of a row says of a drug that was given again.
_RECHALLENGE = re.compile("responded again|rechallenge")


def expected_to_fail(
    patient: Patient,
    context: Context,
    keys: Sequence[Finding],
    findings: Sequence[Finding] = (),
    still: Sequence[Finding] = (),
) -> tuple[ExpectedToFail, ...]:
    """Return the drugs, beyond those of the line, that the key alterations are known to resist.

    `still` are those of `persisting`, unless a key alteration is sensitive to the drug: ALK L1198F
    makes a tumour with C1156Y respond to crizotinib again.

    For each drug the closest rows decide, and among these those that name the drug itself
    before those that name its class; a drug for which they say sensitivity is left out. Rows
    of other diseases do not count: a drug of another disease says nothing to this patient.
    A drug that is given for a driver which none of `findings` shows has its genes stated. Of a
    drug of an earlier line it is said that it was given.
    """
    now = {drug.name for drug in patient.drugs}
    earlier = _given(patient) - now
    reasons: dict[Drug, list[str]] = {}
    rows: dict[Drug, list[str]] = {}
    first: dict[Drug, Match] = {}
    for finding in (*keys, *still):
        for drug in context.catalog.drugs:
            if drug.name in now:
                continue
            if finding in still and any(_sensitive(key, drug) for key in keys):
                continue
            closest = _resisting(finding, drug, context)
            if not closest:
                continue
            reasons.setdefault(drug, []).append(_reason(finding, closest, drug, context))
            rows.setdefault(drug, []).extend(m.row.id for m in closest)
            first.setdefault(drug, closest[0])
    return tuple(
        ExpectedToFail(
            drug=drug.name,
            classes=_classes(drug, first[drug], context),
            reason="; ".join(
                dict.fromkeys(
                    [
                        *reasons[drug],
                        *(["given in an earlier line of therapy"] if drug.name in earlier else []),
                    ]
                )
            ),
            evidence=tuple(dict.fromkeys(rows[drug])),
            driver=_other_driver(drug, patient, context, findings) or UNSET,
        )
        for drug in sorted(reasons, key=lambda drug: (drug.classes, _in_use(drug), drug.name))
    )


def persisting(
    patient: Patient, context: Context, keys: Sequence[Finding], findings: Sequence[Finding]
) -> list[Finding]:
    """Return what an earlier line of therapy brought, resists its drugs and is still there.

    ALK G1202R, gained under alectinib, resists brigatinib after lorlatinib too.
    """
    now = {drug.name for drug in patient.drugs}
    earlier = [context.catalog.drugs.get(name) for name in sorted(_given(patient) - now)]
    drugs = [drug for drug in earlier if drug is not None]
    line = patient.therapy.number if patient.therapy else 0
    return [
        finding
        for finding in findings
        if finding not in keys
        and finding.alteration.status == "present"
        and any(one.line < line and one.state in GAINED for one in finding.alteration.lines)
        and any(_resisting(finding, drug, context) for drug in drugs)
    ]


def _other_driver(
    drug: Drug, patient: Patient, context: Context, findings: Sequence[Finding]
) -> tuple[str, ...]:
    """Return the genes of the drivers for which a drug is given; empty if one may be this tumour's.

    That is so where a finding is one of them, where the drugs of the patient are given for one of
    them too, and where the drug is given for none.
    """
    names = {drug.name, *drug.classes}
    ours = [
        driver
        for driver in context.drivers
        if any(names & set(entry.split("+")) for entry in driver.drug_class)
    ]
    given = {driver.id for driver in sensitising(patient, context)}
    if any(driver.id in given for driver in ours):
        return ()
    if any(is_driver(f.alteration, driver) for f in findings for driver in ours):
        return ()
    return tuple(dict.fromkeys(driver.gene for driver in ours))


def _classes(drug: Drug, match: Match, context: Context) -> tuple[str, ...]:
    """Return the classes of a drug, last the narrowest within the class that resistance is of.

    A bispecific antibody has two classes of which neither is within the other.
    """
    shared = [name for name in match.row.drug_class if name in drug.classes]
    if not shared and match.row.mechanism_class in ON_TARGET:
        # Crizotinib inhibits ALK, MET and ROS1: a mutation of ALK is of its class for ALK.
        shared = [name for name in drug.classes if match.row.gene in name.split()]
    if not shared:
        return drug.classes
    within = [
        name
        for name in drug.classes
        if all(shared[0] in one.classes for one in context.catalog.drugs if name in one.classes)
    ]
    return (*(name for name in drug.classes if name != within[-1]), within[-1])


def _resisting(finding: Finding, drug: Drug, context: Context) -> list[Match]:
    """Return the closest rows of an alteration for a drug; none if any of them is not resistance.

    Rows of other diseases do not count, but for reversions: the function that they restore is the
    same in every tumour. Nor do rows without patients against a drug that a source names as an
    option for the alteration: nilotinib for ABL1 G250E.
    """
    closest = _closest_rows(finding, drug)
    if not closest or any(m.row.direction != "resistance" for m in closest):
        return []
    seen = any(m.row.evidence_level in IN_PATIENTS for m in closest)
    return closest if seen or not _is_option(finding, drug, context) else []


def _sensitive(finding: Finding, drug: Drug) -> bool:
    """Whether the closest rows of an alteration say that it is sensitive to a drug."""
    return any(m.row.direction == "sensitivity" for m in _closest_rows(finding, drug))


def _closest_rows(finding: Finding, drug: Drug) -> list[Match]:
    """Return the closest rows of an alteration that speak of a drug in this disease."""
    ours = [
        m
        for m in finding.matches
        if m.level != PATHWAY and (m.disease is not False or m.row.mechanism_class == "reversion")
    ]
    return _closest([m for m in ours if not _outweighed(m, ours)], drug)


def _outweighed(match: Match, matches: Sequence[Match]) -> bool:
    """Whether closer rows say of every drug that a row of resistance names that it stays active.

    A row of a range of BTK names pirtobrutinib, and is no ground for its class where the row of
    C481 says that pirtobrutinib is active.
    """
    level = LEVELS.index(match.level)
    active = {
        name
        for other in matches
        if LEVELS.index(other.level) < level and other.row.direction != "resistance"
        for name in other.row.drugs
    }
    return match.row.direction == "resistance" and bool(match.row.drugs) and (
        set(match.row.drugs) <= active
    )  # fmt: skip


def _is_option(finding: Finding, drug: Drug, context: Context) -> bool:
    """Whether an option names a drug for an alteration, alone."""
    return any(
        option.holds(finding.alteration.gene, _names(finding), found.kind, found.drug)
        and drug.name in option.option.split(" or ")
        for found in finding.mechanisms
        for option in context.options
    )


def _names(finding: Finding) -> set[str]:
    """Return the names of an alteration in a row of options."""
    names = {part.strip() for part in finding.alteration.protein.split(",") if part}
    return names | ({finding.alteration.copy_number} - {""})


def _closest(matches: Sequence[Match], drug: Drug) -> list[Match]:
    ours = [(m, m.row.drug_match(drug)) for m in matches]
    ours = [(m, how) for m, how in ours if how]
    if not ours:
        return []
    level = ours[0][0].level
    ours = [(m, how) for m, how in ours if m.level == level]
    named = [m for m, how in ours if how == "drug"]
    return named or [m for m, _ in ours]


def _reason(finding: Finding, closest: Sequence[Match], drug: Drug, context: Context) -> str:
    row = closest[0].row
    label = finding.alteration.label
    if drug.name in row.drugs:
        effect = f": {row.effect_size}" if row.effect_size else ""
        reported = f"{label} is reported to confer resistance to {drug.name}"
        return f"{reported} ({row.evidence_level}{effect})"
    shared = [name for name in row.drug_class if name in drug.classes]
    named = context.catalog.named_of_class(row, drug)
    if context.catalog.of_other_class(row, drug):
        return (
            f"{label} is reported to confer resistance to {plural(shared[0])}, as to {join(named)} "
            f"({row.evidence_level})"
        )
    if not row.drugs:
        reported = f"{label} is reported to confer resistance to {plural(shared[0])}"
        return f"{reported} ({row.evidence_level})"
    return (
        f"{label} is reported to confer resistance to "
        f"{join(named)}, of the same class "
        f"({shared[0]}; {row.evidence_level})"
    )


def resisted_drugs(finding: Finding) -> list[tuple[str, str]]:
    """Return the drugs given that an alteration is reported to resist, each with its evidence.

    Of each drug by the closest matches that speak of it, those of other diseases only if there is
    no other: the best level of the rows that name the drug, else of those that name its class.
    """
    kept = [m for m in finding.kept if m.row.direction == "resistance"]
    found = []
    for drug in (mechanism.drug for mechanism in finding.mechanisms):
        if kept[0].level == PATHWAY:
            if drug == kept[0].drug:
                found.append((drug.name, f"{kept[0].row.evidence_level}, by analogy"))
            continue
        ours = [m for m in kept if m.level != PATHWAY and m.row.drug_match(drug)]
        ours = [m for m in ours if m.level == ours[0].level]
        ours = [m for m in ours if m.disease is not False] or ours
        how = [(m.row, m.row.drug_match(drug)) for m in ours]
        rows = [row for row, match in how if match == "drug"]
        by_class = [row for row, match in how if match == "class"]
        if not rows and not by_class:
            continue
        level = min((row.evidence_level for row in rows or by_class), key=EVIDENCE_LEVELS.index)
        if rows:
            found.append((drug.name, level))
        else:
            shared = next(name for name in by_class[0].drug_class if name in drug.classes)
            found.append((drug.name, f"by its class, {plural(shared)}: {level}"))
    return found


def options(
    patient: Patient,
    context: Context,
    keys: Sequence[Finding],
    findings: Sequence[Finding],
    failing: Sequence[ExpectedToFail],
) -> tuple[TherapyOption, ...]:
    """Return the options that hold for the key alterations, each once.

    No drug is an option that was given, that is in `failing`, or that another alteration resists
    that is still there. The exception is a drug of an earlier line of which a row says that tumours
    with a key alteration responded again: it is labelled as rechallenge.
    """
    found: dict[str, TherapyOption] = {}
    drugs = list(context.catalog.drugs)
    others = [f for f in findings if f.alteration.state != "lost" and f.alteration.status != "gone"]
    out = {item.drug: "likely cross-resistance" for item in failing}
    for drug in drugs:
        if any(_resisting(other, drug, context) for other in others):
            out.setdefault(drug.name, "likely cross-resistance")
    out |= dict.fromkeys(_given(patient), "already given")
    for finding in keys:
        alteration = finding.alteration
        again = _again(finding, drugs) - {drug.name for drug in patient.drugs}
        again -= {
            drug.name for drug in drugs if any(_resisting(key, drug, context) for key in keys)
        }
        names = _names(finding)
        for mechanism in finding.mechanisms:
            for option in context.options:
                if option.id in found or _excepted(option, alteration.gene, others):
                    continue
                if option.holds(alteration.gene, names, mechanism.kind, mechanism.drug) and (
                    option.condition is None or _condition(option.condition, finding, patient)
                ):
                    text = _open_part(option, _meant(option, drugs), out, again)
                    if text is None:
                        continue
                    found[option.id] = TherapyOption(
                        option=text,
                        reason=f"{option.reason.rstrip('.')}. {_absence(option, finding, patient)}"
                        if option.condition and option.condition[0] == "without"
                        else option.reason,
                        source=option.source,
                        pmid=option.pmid or None,
                        variant=alteration.id,
                    )
    return tuple(found.values())


def _excepted(option: Option, gene: str, others: Sequence[Finding]) -> bool:
    """Whether the gene has another alteration for which the option does not hold."""
    return any(
        other.alteration.gene == gene
        and set(other.alteration.protein.split(",")) & set(option.excluded)
        for other in others
    )


def _again(finding: Finding, drugs: Sequence[Drug]) -> set[str]:
    """Return the drugs to which a row reports that tumours with this alteration responded again."""
    exact = [m for m in finding.matches if m.level == "exact" and m.disease is not False]
    rows = [
        m.row for m in exact if m.row.direction == "sensitivity" and _RECHALLENGE.search(m.row.note)
    ]
    return {drug.name for drug in drugs if any(row.drug_match(drug) == "drug" for row in rows)}


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


def _open_part(
    option: Option, meant: Sequence[Drug], out: dict[str, str], again: set[str]
) -> str | None:
    """Return what is left of an option, in words; None if nothing is.

    Of a combination only what was given is said: the sources name it against several alterations.

    Parameters
    ----------
    option : Option
    meant : sequence of Drug
        The drugs that it names, or that its class has.
    out : dict of str to str
        By drug: why it is no option.
    again : set of str
        Drugs that may be given again.
    """
    if set(_WORD.findall(option.option)) & {"together", "with", "addition"}:
        before = [drug.name for drug in meant if out.get(drug.name) == "already given"]
        return f"{option.option} (already given: {join(before)})" if before else option.option
    repeated = {name for name in again if out.get(name) == "already given"}
    left = [drug.name for drug in meant if drug.name not in out or drug.name in repeated]
    if meant and not left:
        return None
    labels = {name: f"{name} (rechallenge)" for name in repeated}
    names = {drug.name for drug in meant}
    parts = [part for part in re.split(r", | or ", option.option) if part]
    if names and set(parts) == names:
        return join((labels.get(part, part) for part in parts if part in left), "or")
    reasons: dict[str, list[str]] = {}
    for drug in meant:
        if drug.name not in left:
            reasons.setdefault(out[drug.name], []).append(drug.name)
    if not reasons:
        return option.option
    said = "; ".join(f"{join(names, 'or')}: {why}" for why, names in reasons.items())
    return f"{option.option} (not {said})"


def _absence(option: Option, finding: Finding, patient: Patient) -> str:
    """Return to which limit the mutation is excluded without which an option holds."""
    gene, change = finding.alteration.gene, option.condition[1]
    bounds = {
        name: other.at(name).ub
        for other in patient.alterations
        if other.gene == gene and change in other.protein.split(",")
        for name in patient.after()
        if other.at(name).detected is False and other.at(name).ub is not None
    }
    if not bounds:
        return f"{gene} {change} was not called; no limit is available"
    worst = max(bounds, key=bounds.__getitem__)
    return (
        f"{gene} {change} was not detected (allele frequency at most {percent_up(bounds[worst])})"
    )


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
