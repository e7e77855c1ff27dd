"""A patient under one line of therapy, and in one lesion of it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from resistpanel.compare.lesions import course_samples, times
from resistpanel.core.vocabulary import STATES
from resistpanel.records.compare import LineState
from resistpanel.records.sheet import Line
from resistpanel.resist.alteration import Alteration, Pair, Patient, Therapy, status_of


def therapies(lines: Iterable[Line], resolve) -> tuple[Therapy, ...]:
    """Return the lines of therapy that have samples, in order.

    A line that ended without a sample is part of the next one: what its drugs selected is seen
    in the samples of that.

    Parameters
    ----------
    lines : iterable of Line
        Of compare.json.
    resolve : callable
        Gives the drug of a canonical name.
    """
    found: list[Therapy] = []
    waiting: list[str] = []
    for line in lines:
        waiting += line.drugs
        if line.samples:
            drugs = tuple(resolve(name) for name in dict.fromkeys(waiting))
            found.append(Therapy(line.number, drugs, line.baseline, line.samples))
            waiting = []
    return tuple(found)


def under(patient: Patient, therapy: Therapy) -> Patient:
    """Return the patient as known at the end of a line of therapy.

    Later samples are left out; of each alteration the state under the line is its state, and the
    later lines are kept apart.
    """
    known = {*therapy.baseline, *therapy.samples}
    tumours = {sample.name for sample in patient.tumours}
    latest = therapy == patient.therapies[-1]
    return replace(
        patient,
        drugs=therapy.drugs,
        therapy=therapy,
        samples=tuple(s for s in patient.samples if s.name in known or s.name not in tumours),
        pairs=tuple(
            Pair(pre, post, therapy.drugs) for pre in therapy.baseline for post in therapy.samples
        ),
        alterations=patient.alterations
        if latest
        else tuple(_at(a, patient, therapy) for a in patient.alterations),
    )


def in_lesion(patient: Patient, lesion: str) -> Patient:
    """Return a patient under a line with the later samples of one lesion, or of plasma, alone.

    The samples before the first dose remain those of every lesion.
    """
    therapy = patient.therapy
    names = tuple(name for name in places(patient)[lesion] if name in therapy.samples)
    alone = replace(therapy, samples=names)
    known = {*alone.baseline, *names}
    tumours = {sample.name for sample in patient.tumours}
    return replace(
        patient,
        therapy=alone,
        samples=tuple(s for s in patient.samples if s.name in known or s.name not in tumours),
        pairs=tuple(pair for pair in patient.pairs if pair.post in names),
        alterations=tuple(_within(a, lesion, patient, names) for a in patient.alterations),
    )


def lesions(patient: Patient) -> dict[str, tuple[str, ...]]:
    """Return the samples of a line by lesion (and plasma), where there are several lesions."""
    found = {
        lesion: tuple(name for name in names if name in patient.therapy.samples)
        for lesion, names in places(patient).items()
    }
    found = {lesion: names for lesion, names in found.items() if names}
    return found if len(found) > 1 else {}


def places(patient: Patient) -> dict[str, list[str]]:
    """Return the samples of every lesion, and of plasma, as compare names them."""
    return course_samples(patient.sheet_samples)


def _latest(names: Sequence[str], patient: Patient) -> list[str]:
    """Return the samples of the last time point of a lesion; none if there is none."""
    time = times(patient.sheet_samples)
    return [name for name in names if time[name] == time[names[-1]]]


def _at(alteration: Alteration, patient: Patient, therapy: Therapy) -> Alteration:
    """Return an alteration as it was under an earlier line."""
    lines = tuple(one for one in alteration.lines if one.line <= therapy.number)
    told = next((one for one in lines if one.line == therapy.number), None)
    last = [
        _latest([name for name in names if name in therapy.samples], patient)
        for names in places(patient).values()
    ]
    names = (*therapy.baseline, *therapy.samples)
    latest = [name for names in last for name in names]
    return replace(
        alteration,
        lines=lines,
        later=tuple(one for one in alteration.lines if one.line > therapy.number and one.lesions),
        state=told.state if told else None,
        status=_status(alteration, names, latest, patient),
        trajectory=(),
    )


def _status(
    alteration: Alteration, names: Sequence[str], latest: Sequence[str], patient: Patient
) -> str:
    """Return the status at the end of a line; `names` : the samples up to there."""
    samples = {name: alteration.at(name) for name in names}
    return status_of(samples, latest, patient.without_tumour)


def _within(
    alteration: Alteration, lesion: str, patient: Patient, names: tuple[str, ...]
) -> Alteration:
    """Return an alteration with the state of one lesion under a line."""
    therapy = patient.therapy
    lines = tuple(
        _of_lesion(one, lesion) if one.line == therapy.number else one for one in alteration.lines
    )
    told = next((one for one in lines if one.line == therapy.number), None)
    return replace(
        alteration,
        lines=lines,
        state=told.state if told else None,
        status=_status(alteration, (*therapy.baseline, *names), _latest(names, patient), patient),
        trajectory=(),
    )


def _of_lesion(line: LineState, lesion: str) -> LineState:
    """Return the state under a line with one lesion alone."""
    mine = tuple(one for one in line.lesions if one.lesion == lesion)
    state = min((one.state for one in mine), key=STATES.index, default=None)
    return msgspec.structs.replace(line, lesions=mine, state=state)
