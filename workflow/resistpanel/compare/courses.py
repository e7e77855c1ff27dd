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
    "undetermined": "undetermined",
    "not covered": "not covered",
}
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
                status=_status(allele, names[-1], any(allele.seen(name) for name in names)),
                text=trajectory(steps) if steps else "one sample",
            )
        )
    return tuple(found)


def _status(allele: Allele, latest: str, ever: bool) -> str:
    """Return where an allele is now: an inadequate sample does not say that it has gone."""
    seen = allele.seen(latest)
    if seen:
        return "present"
    if seen is None or (ever and not allele.views[latest].adequate):
        return "not known"
    return "not detected"


def trajectory(steps: Sequence[str]) -> str:
    """Return the changes in words: ``fell, then returned``.

    Steps of one kind that follow each other are named once; an allele that rises after it fell
    returns.
    """
    words: list[str] = []
    fallen = False
    for state in steps:
        word = _WORDS[state]
        if state in _UP and fallen:
            word = "returned"
        if state in _UP:
            fallen = False
        elif state in _DOWN:
            fallen = True
        if not words or words[-1] != word:
            words.append(word)
    return ", then ".join(words)


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
