"""The verdict: a sentence, a confidence with its reasons, the key variants."""

from collections.abc import Sequence

import msgspec

from resistpanel.core.text import join, percent_up, sentence
from resistpanel.core.vocabulary import GAINED, OPEN
from resistpanel.records.base import UNSET
from resistpanel.records.resist import (
    Confidence,
    Convergence,
    Coverage,
    Driver,
    ExcludedVariant,
    NearMiss,
    NotAssessed,
    Verdict,
)
from resistpanel.resist import sample_quality
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.confidence import limits, word
from resistpanel.resist.evidence_grade import lacks
from resistpanel.resist.finding import Finding
from resistpanel.resist.match import PATHWAY
from resistpanel.resist.negatives import classes_text, coverage_text, filtered
from resistpanel.resist.resist_constants import LARGEST_BOUND
from resistpanel.resist.state_text import relative, state_text
from resistpanel.resist.tests_after import (
    elsewhere,
    elsewhere_text,
    limits_by_tests,
    sentences,
)
from resistpanel.resist.therapy_options import resisted_drugs

#: How notes on near misses begin; the page lists them as open questions.
NEAR_MISS = "near miss: "
#: Description of a state of a known alteration.
_STATE = {
    "acquired": "was acquired",
    "emergent": (
        "emerged under treatment and may have been present before in a small fraction of cells"
    ),
    "rising": "was selected, not acquired: it was present before treatment and increased",
    "undetermined": (
        "is present after treatment; whether it was present before could not be determined"
    ),
    "not covered": "is present after treatment; its site was not covered before treatment",
    "stable": "was present before treatment at about the same fraction",
    "falling": "was present before treatment and decreased",
    "lost": "was present before treatment and was not detected after it",
    "absent": "was not detected in either sample",
    None: "was found; there is no sample before treatment to compare with",
}


def state_words(alteration: Alteration) -> str:
    """Return how the state of an alteration is told, per lesion where lesions differ."""
    line, state = alteration.line, alteration.state
    if line is None or state is None:
        return _STATE[None]
    by_state: dict[str, list[str]] = {}
    for one in line.lesions:
        if one.state != "absent":
            by_state.setdefault(one.state, []).append(one.lesion)
    words = _words(alteration, state)
    if state == "stable":
        words += relative(alteration)
    if len(by_state) > 1:
        first = by_state.pop(state, [])
        words = "; ".join([
            _at(words, first),
            *(_at(_words(alteration, other), where) for other, where in by_state.items()),
        ])  # fmt: skip
    if alteration.status == "gone" and state not in ("lost", "absent"):
        words += ", and is no longer detected"
    return _of_line(words, alteration, line.line)


def _of_line(words: str, alteration: Alteration, number: int) -> str:
    """Return the words of a line of therapy, with the line that brought it or lost it."""
    if number > 1:
        words = words.replace("before treatment", f"before line {number} of therapy")
    earlier = [one for one in alteration.lines if one.line < number and one.state in GAINED]
    for one in earlier[:1]:
        words += f" ({one.state} under line {one.line})"
    gone = next((one for one in alteration.later if one.state == "lost"), None)
    if gone:
        words += f", and is no longer detected after line {gone.line}"
    return words


def _at(words: str, lesions: Sequence[str]) -> str:
    """Return what is said of an alteration with the lesions of which it holds."""
    what, colon, why = words.partition(":")
    return f"{what} in {join(lesions)}{colon}{why}" if lesions else words


def _words(alteration: Alteration, state: str) -> str:
    line = alteration.line
    if state == "emergent" and line.before == "present":
        where = join(line.shown_by) or "the sample of another test"
        words = f"was selected, not acquired: it was present before treatment in {where}"
        gone = [one.pre for one in line.lesions if one.state == state]
        if gone and set(gone) <= set(line.excluded_by) - set(line.shown_by):
            words += f", was not detected in {join(dict.fromkeys(gone))}, and returned"
        return words
    if state in OPEN and line.before == "present":
        return "was present before treatment; whether it increased could not be determined"
    if state in OPEN and line.why:
        return f"is present after treatment; whether it was present before is not known: {line.why}"
    return _STATE[state]


def keys_of(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings on which the verdict rests, the first the weightiest.

    Known alterations that relapse brought; else candidates that it brought; else known ones
    that were there all along at the same fraction; else candidates of which it is open whether
    relapse brought them. What fell or was lost explains no relapse.
    """
    known, candidates, others = ([f for f in findings if f.tier == tier] for tier in (0, 1, 2))
    brought = [f for f in candidates if f.alteration.state not in OPEN]
    there = [f for f in others if f.effect == "known" and _explains(f.alteration)]
    return _apart(known or brought or there or candidates)


def _apart(keys: Sequence[Finding]) -> list[Finding]:
    """Return the findings without lost copies of a gene of which a junction shows the deletion.

    Depth and junction are of one event; the junction has its ends.
    """
    cut = {
        key.alteration.gene
        for key in keys
        if key.alteration.junction and (key.alteration.junction.length or 0) < 0
    }
    return [
        key
        for key in keys
        if key.alteration.copy_number not in ("deletion", "loss") or key.alteration.gene not in cut
    ]


def _explains(alteration: Alteration) -> bool:
    """Whether an alteration that relapse did not bring is still there at its fraction."""
    if alteration.state == "stable":
        return True
    return bool(alteration.line) and any(one.state == "stable" for one in alteration.line.lesions)


def verdict(
    patient: Patient,
    findings: Sequence[Finding],
    driver: Driver,
    covered: Coverage,
    rows: Sequence,
    converging: Convergence | None,
    germline: Sequence[ExcludedVariant],
    missed: Sequence[NearMiss],
    closed: Sequence[NotAssessed],
    numbers: Confidence | None,
) -> Verdict:
    """Return the `verdict` part of resist.json; `numbers` are those of the first key finding."""
    made = _by_sequence(
        patient, findings, driver, covered, rows, converging, germline, missed, closed, numbers
    )
    alone = [
        elsewhere_text(test, listed)
        for test, listed in elsewhere(patient, rows, [f.alteration for f in findings])
    ]
    if not alone:
        return made
    text = " ".join([made.sentence, *map(sentence, alone)])
    return msgspec.structs.replace(made, sentence=text, reasons=(*made.reasons, *alone))


def _by_sequence(
    patient: Patient,
    findings: Sequence[Finding],
    driver: Driver,
    covered: Coverage,
    rows: Sequence,
    converging: Convergence | None,
    germline: Sequence[ExcludedVariant],
    missed: Sequence[NearMiss],
    closed: Sequence[NotAssessed],
    numbers: Confidence | None,
) -> Verdict:
    """Return the verdict by the findings of the samples alone."""
    keys = keys_of(findings)
    notes = [item.reason for item in germline]
    notes += [
        f"{NEAR_MISS}{item.gene} {item.protein or item.variant} is catalogued, but fails the "
        f"filter{'s' * (len(item.filters) > 1)} {join(item.filters)}"
        for item in missed
    ]
    if not patient.drugs:
        return _result(
            "not_assessed",
            "No drug is given between the samples, so resistance cannot be assessed.",
            "low",
            ["no drug in the column 'drugs' of the later samples", *notes],
            [],
        )
    notes = [f"resistance to {one.drug} is not assessed: {one.reason}" for one in closed] + notes
    if not keys and len(closed) == len(patient.drugs):
        names = join((one.drug for one in closed), "or")
        why = join(dict.fromkeys(one.reason for one in closed), "; ")
        text = f"Resistance to {names} cannot be assessed: {why}."
        return _result("not_assessed", text, "low", notes, [])
    # Inherited resistance explains no relapse, but a board must not overlook it.
    inherited = [item for item in germline if item.inherited_resistance]
    if not keys:
        return _nothing(patient, findings, driver, covered, rows, notes, inherited, missed)
    if keys[0].effect == "candidate":
        notes = [coverage_text(patient, covered, rows), *notes]
        return _candidate(patient, keys, driver, notes, inherited)
    return _known(patient, keys, driver, converging, notes, numbers, inherited)


def _known(
    patient: Patient,
    keys: Sequence[Finding],
    driver: Driver,
    converging: Convergence | None,
    notes: list[str],
    numbers: Confidence,
    inherited: Sequence[ExcludedVariant],
) -> Verdict:
    main = keys[0]
    text = _state_in_words(main)
    if len(keys) > 1:
        text += " " + sentence(f"also found: {_others(keys[1:])}")
    if converging:
        text += " " + sentence(converging.text)
    if not (main.gained or main.open):
        text += (
            " It may be why the tumour did not respond, but does not explain a relapse after a "
            "response."
        )
    if main.blood:
        text += " " + sentence(main.blood)
    text += "".join(" " + sentence(item.reason) for item in inherited)
    text += "".join(" " + sentence(one) for one in sentences(main.alteration, patient))
    samples = sample_quality.behind(patient, main.alteration)
    text = _swap(patient, samples) + text
    missing = [
        *sample_quality.lacks(patient, samples),
        *limits(main, numbers, driver, patient.tumor_only),
        *lacks(main, patient),
        *limits_by_tests(main.alteration, patient),
    ]
    foreign = sample_quality.foreign(patient, samples)
    confidence = "low" if foreign else word(main, numbers, missing)
    reasons = [*main.pro, *(f"but {lack}" for lack in missing)]
    if driver.state == "retained":
        name = _driver_name(driver, patient)
        reasons.append(f"the sensitising driver {name} {_still(driver, patient)}: {driver.text}")
    named = _named(keys)
    return _result("mechanism", text, confidence, reasons + notes, named, inherited, foreign)


def _driver_name(driver: Driver, patient: Patient) -> str:
    """Return the name of the driver; of a fusion, which has no protein change, its label."""
    if driver.protein:
        return f"{driver.gene} {driver.protein}"
    known = (a.label for a in patient.alterations if a.id == driver.variant)
    return next(known, driver.gene or "")


def _still(driver: Driver, patient: Patient) -> str:
    """Return that the driver is there, and how its fraction changed under the line."""
    if not patient.pairs:
        return "is present"
    state = next((a.state for a in patient.alterations if a.id == driver.variant), None)
    changed = {"falling": ", but fell", "rising": " and rose"}
    return f"is retained{changed.get(state, '')}"


def _gone(driver: Driver) -> str:
    """Return that the driver is lost, or was in no sample, with its name if one was found."""
    name = " ".join(part for part in (driver.gene, driver.protein) if part)
    return f"the sensitising driver{f' {name}' if name else ''} is {driver.state}: {driver.text}"


def _named(keys: Sequence[Finding]) -> list[str]:
    """Return the key alterations that title and options rest on: what may be damage, alone only."""
    sound = [key for key in keys if not key.damaged]
    return [key.alteration.id for key in sound or keys]


def _others(keys: Sequence[Finding]) -> str:
    """Return the further key alterations, those of one mechanism together."""
    by_text: dict[str, list[str]] = {}
    for key in keys:
        state = key.alteration.state
        notes = [state] if state in GAINED else []
        notes += ["below the damage limit"] if key.damaged else []
        came = f" ({'; '.join(notes)})" if notes else ""
        by_text.setdefault(key.mechanism.text, []).append(f"{key.alteration.label}{came}")
    return "; ".join(
        f"{labels[0]}, {text}" if len(labels) == 1 else f"{join(labels)}, each {text}"
        for text, labels in by_text.items()
    )


def _after(state: str, measured: str) -> str:
    """Return what was measured, after the state and a colon, of which one sentence has one."""
    return f"{';' if ': ' in state else ':'} {measured}" if measured else ""


def _measured(alteration: Alteration, state: str) -> str:
    """Return what was measured; why presence before is not known, only if `state` does not say."""
    text, line = state_text(alteration), alteration.line
    if line is not None and line.why and line.why in state:
        text = text.removesuffix(line.why).removesuffix("; ")
    return text


def _state_in_words(finding: Finding) -> str:
    alteration = finding.alteration
    state = state_words(alteration)
    measured = _measured(alteration, state)
    first = sentence(
        f"{alteration.label}, {finding.mechanism.text}, {state}" + _after(state, measured)
    )
    by_level: dict[str, list[str]] = {}
    for name, level in resisted_drugs(finding):
        by_level.setdefault(level, []).append(name)
    resisted = join(f"{join(names)} ({level})" for level, names in by_level.items())
    closest = finding.kept[0]
    if closest.level == PATHWAY:
        return (
            f"{first} Resistance to {resisted} is inferred: {closest.of_what}, is reported to "
            f"resist {closest.of_whom}."
            if closest.row.mechanism_class == "on_target_mutation"
            and closest.drug_match != "target"
            else f"{first} Resistance to {resisted} is inferred: {closest.of_what} is reported to "
            f"resist {closest.of_whom}."
        )
    speaking = [m for m in finding.kept if m.row.direction == "resistance"]
    if speaking and all(m.inferred for m in speaking):
        changes = join(dict.fromkeys(m.row.alteration for m in speaking))
        of_what = f"Another change of the residue ({changes})"
        return f"{first} {of_what} is reported to confer resistance to {resisted}."
    return f"{first} It is reported to confer resistance to {resisted}."


def _candidate(
    patient: Patient,
    keys: Sequence[Finding],
    driver: Driver,
    notes: list[str],
    inherited: Sequence[ExcludedVariant],
) -> Verdict:
    main = keys[0]
    alteration = main.alteration
    measured = _measured(alteration, state_words(alteration))
    text = sentence(
        f"no catalogued mechanism of resistance to {classes_text(patient)} was found; candidate: "
        f"{alteration.label}, {main.mechanism.text}, {state_words(alteration)}"
        + _after(state_words(alteration), measured)
    )
    if len(keys) > 1:
        text += " " + sentence(f"further candidates: {join(k.alteration.label for k in keys[1:])}")
    if driver.state in {"lost", "absent"}:
        # The loss of what the drug acts on may itself be the resistance.
        text += " " + sentence(_gone(driver))
    text += "".join(" " + sentence(item.reason) for item in inherited)
    text += "".join(" " + sentence(one) for one in sentences(main.alteration, patient))
    samples = sample_quality.behind(patient, alteration)
    text = _swap(patient, samples) + text
    lacking = [*sample_quality.lacks(patient, samples), *main.contra]
    reasons = [*main.pro, *(f"but {reason}" for reason in lacking)]
    if driver.state in {"lost", "absent"}:
        reasons.append(f"but {_gone(driver)}")
    named = _named(keys)
    foreign = sample_quality.foreign(patient, samples)
    return _result("candidate", text, "low", reasons + notes, named, inherited, foreign)


def _nothing(
    patient: Patient,
    findings: Sequence[Finding],
    driver: Driver,
    covered: Coverage,
    rows: Sequence,
    notes: list[str],
    inherited: Sequence[ExcludedVariant],
    missed: Sequence[NearMiss],
) -> Verdict:
    examined = coverage_text(patient, covered, rows)
    what = "no somatic mechanism" if inherited else "no mechanism"
    text = sentence(f"{what} of resistance to {classes_text(patient)} was found") + " "
    text += "".join(sentence(item.reason) + " " for item in inherited)
    if driver.state in {"lost", "absent"}:
        text += sentence(_gone(driver)) + " "
    text += sentence(examined)
    hidden, samples = filtered(patient, missed), sample_quality.behind_absence(patient)
    text = _swap(patient, samples) + text + "".join(f" {one}." for one in hidden)
    reasons = [examined]
    came = [f for f in findings if f.gained]
    if came:
        reasons.append(
            "new or increased after treatment, not considered a cause of resistance: "
            + join(f"{f.alteration.label} ({join(f.contra, 'and') or f.effect})" for f in came)
        )
    lacking = [
        *sample_quality.lacks(patient, samples),
        *(["a catalogued allele was detected but fails a filter"] if hidden else []),
        *_incomplete(covered),
    ]
    if driver.state != "retained":
        known = "not known" if driver.state == "unknown" else driver.state
        lacking.append(f"the sensitising driver is {known}")
    confidence = "low" if lacking else "moderate"
    beyond = "what the catalogue does not list, or this test does not show, is not excluded"
    reasons += [f"but {one}" for one in lacking or [beyond]]
    if driver.state in {"lost", "absent"}:
        reasons.append(_gone(driver))
    foreign = sample_quality.foreign(patient, samples)
    return _result("none", text, confidence, reasons + notes, [], inherited, foreign)


def _incomplete(covered: Coverage) -> list[str]:
    """Return why what was examined is not enough for more than a low confidence."""
    lacking = []
    if not covered.sites:
        lacking.append("no catalogued allele was examined")
    elif covered.not_assessable or covered.without_site:
        lacking.append("not every catalogued allele could be examined")
    if covered.worst_ub is not None and covered.worst_ub > LARGEST_BOUND:
        lacking.append(f"catalogued alleles are excluded only above {percent_up(covered.worst_ub)}")
    if not covered.copy_number:
        lacking.append("copy number was not examined")
    return lacking


def _swap(patient: Patient, samples: Sequence[str]) -> str:
    """Return the sentence on samples of another person, with a space; empty if there is none."""
    text = sample_quality.swapped(patient, samples)
    return f"{text} " if text else ""


def _result(
    kind: str,
    text: str,
    confidence: str,
    reasons: Sequence[str],
    keys: Sequence[str],
    inherited: Sequence[ExcludedVariant] = (),
    swapped: Sequence[str] = (),
) -> Verdict:
    return Verdict(
        kind=kind,
        sentence=text,
        confidence=confidence,
        reasons=tuple(dict.fromkeys(reasons)),
        key_variants=tuple(keys),
        inherited=tuple(item.variant for item in inherited) or UNSET,
        swapped=tuple(swapped) or UNSET,
    )
