"""The course of an allele in each lesion: changes from sample to sample, and the present status."""

import itertools
from collections.abc import Mapping, Sequence

from resistpanel.compare.baseline import Allele
from resistpanel.records.compare import Course

#: How a change between two samples is told.
_WORDS = {
    "acquired": "appeared",
    "emergent": "emerged",
    "rising": "rose",
    "stable": "unchanged",
    "falling": "fell",
    "lost": "disappeared",
    "absent": "not detected",
    "undetermined": "change not determined",
    "not covered": "not covered",
}
#: After these, that it is not detected is said.
_GONE = ("disappeared", "no longer detected")
_UP, _DOWN = ("acquired", "emergent", "rising"), ("falling", "lost")


def courses(allele: Allele, lesions: Mapping[str, Sequence[str]]) -> tuple[Course, ...]:
    """Return the course in every lesion, and in plasma.

    Parameters
    ----------
    allele : Allele
    lesions : mapping of str to sequence of str
        Samples in order of time.
    """
    found = []
    for lesion, names in lesions.items():
        steps = [allele.decide(one, other).state for one, other in itertools.pairwise(names)]
        found.append(
            Course(
                lesion=lesion,
                samples=tuple(names),
                steps=tuple(steps),
                status=_status(allele, names),
                text=_text(allele, names),
            )
        )
    return tuple(found)


def _text(allele: Allele, names: Sequence[str]) -> str:
    """Return the course in words; of several samples of one time one that shows the allele."""
    if len(names) == 1:
        return "one sample"
    points = list(dict.fromkeys(allele.at_last(allele.together(name, names)) for name in names))
    if len(points) == 1:
        return "samples of one time point"
    steps = [allele.decide(one, other).state for one, other in itertools.pairwise(points)]
    return trajectory(steps, [allele.seen(name) for name in points])


def _status(allele: Allele, names: Sequence[str]) -> str:
    """Return where an allele is now: an inadequate sample does not say that it has gone."""
    latest = allele.together(names[-1], names)
    if any(allele.seen(name) for name in latest):
        return "present"
    ever = any(allele.seen(name) for name in names)
    informative = [
        name
        for name in latest
        if allele.seen(name) is not None and (allele.views[name].adequate or not ever)
    ]
    return "not detected" if informative else "not known"


def trajectory(steps: Sequence[str], seen: Sequence[bool | None] = ()) -> str:
    """Return the changes in words: ``fell, then returned``.

    Steps of one kind that follow each other are named once; an allele that rises after it fell
    returns. Where a change is not determined, the words say where the allele was detected: in
    plasma with little tumour DNA it is no longer detected, whether or not its clone was lost.

    Parameters
    ----------
    steps : sequence of str
        States between neighbouring samples.
    seen : sequence of bool or None
        Of each sample, one more than steps: whether the allele was detected.
    """
    words: list[str] = []
    fallen = False
    for number, state in enumerate(steps):
        word = _WORDS[state]
        if state == "undetermined" and len(seen) > number + 1:
            word, fallen = _detection(seen[number], seen[number + 1], fallen)
        if state in _UP and fallen:
            word = "returned"
        if state in _UP:
            fallen = False
        elif state in _DOWN:
            fallen = True
        if word == _WORDS["absent"] and words and words[-1] in _GONE:
            continue
        if not words or words[-1] != word:
            words.append(word)
    return ", then ".join(words)


def _detection(before: bool | None, after: bool | None, fallen: bool) -> tuple[str, bool]:
    """Return the words for a step that is not determined, and whether the allele is now undetected.

    `fallen` is whether it was no longer detected before the step.
    """
    if before and after is False:
        return "no longer detected", True
    if before is False and after:
        return ("detected again" if fallen else "detected"), False
    if before is False and after is False:
        return "not detected", fallen
    return _WORDS["undetermined"], fallen


def overall_status(found: Sequence[Course], ever: bool) -> str:
    """Return present, gone, absent or not known over the latest sample of each lesion.

    Parameters
    ----------
    found : sequence of Course
    ever : bool
        Whether the allele was detected in any tumour or plasma sample.
    """
    now = {course.status for course in found}
    if "present" in now:
        return "present"
    if not ever:
        return "absent"
    return "not known" if "not known" in now else "gone"
