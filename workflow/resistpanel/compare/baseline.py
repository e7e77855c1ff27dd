"""Was an allele there before a line of therapy? By all samples taken before its first dose.

An allele was present before if any of them shows it. It was acquired only if every adequate one
excludes it and at least one is adequate: one that contains detectable tumour and could have shown
a small fraction of its cells. Otherwise it is not known. Where no later sample shows the allele,
every adequate sample in which it was not detected excludes it.
"""

import dataclasses
from collections.abc import Callable, Container, Mapping, Sequence

from resistpanel.compare.evidence import View
from resistpanel.compare.sentences import (
    detection,
    frequency,
    not_seen,
    place,
    sentence,
    why_inadequate,
)
from resistpanel.compare.states import Decision
from resistpanel.core.text import join, rounded
from resistpanel.core.vocabulary import OPEN, STATES
from resistpanel.records import compare as records
from resistpanel.records.base import UNSET
from resistpanel.records.sheet import Line


@dataclasses.dataclass(frozen=True)
class Allele:
    """An allele in all samples of a patient.

    Parameters
    ----------
    views : mapping of str to View
        By sample.
    decide : callable
        Gives the decision between two samples; with True, its probability and interval too.
    times : mapping of str to float
        When samples were taken, in any unit; one that is not named has no other of its time.
    """

    views: Mapping[str, View]
    decide: Callable[..., Decision]
    times: Mapping[str, float] = dataclasses.field(default_factory=dict)
    _texts: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)

    def seen(self, sample: str) -> bool | None:
        """Return whether the allele was detected; None: not assessable."""
        return self.views[sample].evidence.detected

    def together(self, sample: str, names: Sequence[str]) -> list[str]:
        """Return those of `names` that were taken when `sample` was, with itself."""
        time = self.times.get(sample)
        return [n for n in names if n == sample or (time is not None and self.times.get(n) == time)]

    def at_last(self, names: Sequence[str]) -> str:
        """Return the last sample; of several of its time the last one that shows the allele."""
        last = self.together(names[-1], names)
        return ([name for name in last if self.seen(name)] or last)[-1]

    def text(self, pre: str, post: str) -> str:
        """Return the sentence for the state between two samples, written once."""
        if (pre, post) not in self._texts:
            decision = self.decide(pre, post, True)
            self._texts[pre, post] = sentence(decision, self.views[pre], self.views[post])
        return self._texts[pre, post]


def line_state(
    allele: Allele,
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    treated: Container[str] = (),
) -> records.LineState:
    """Return an allele's state under a line of therapy.

    Parameters
    ----------
    allele : Allele
    line : Line
    lesions : mapping of str to sequence of str
        Samples of each lesion (and of plasma), in order of time.
    treated : container of str
        Samples of the lines before.
    """
    if not line.baseline or not line.samples:
        return _nothing_to_compare(allele, line)
    shown = [name for name in line.baseline if allele.seen(name)]
    posts = _posts(allele, line, lesions, bool(shown))
    excluded, possible = _others(allele, line, posts, shown)
    before = _before(shown, excluded, possible)
    found = []
    for lesion, post in posts.items():
        own = [name for name in lesions[lesion] if name in line.baseline]
        # Whether an allele left a lesion is asked of that lesion.
        before_it = own if own and not allele.seen(post) else line.baseline
        pre = _comparator(own, before_it, shown, possible, excluded)
        cleared = _cleared(allele, own, shown, post, treated)
        pre = cleared or pre
        decision = allele.decide(pre, post, True)
        if cleared and allele.seen(post):
            decision = dataclasses.replace(decision, state="emergent", reason="returned")
        spread = shown and allele.seen(post) and not set(own) & set(shown)
        if spread and (set(own) & set(excluded) or (not own and excluded)):
            # It was present before, though not in this lesion.
            decision = dataclasses.replace(decision, state="emergent", reason="spread")
        found.append((lesion, pre, post, decision))
    inadequate = [name for name in line.baseline if name not in {*shown, *excluded, *possible}]
    return records.LineState(
        line=line.number,
        state=_combined([decision.state for *_, decision in found], before),
        before=before,
        shown_by=tuple(shown),
        excluded_by=tuple(excluded),
        inadequate=tuple(inadequate),
        ub_ccf=_bound(allele, excluded) if before == "excluded" else None,
        why=_why(allele, inadequate, posts) if before == "not known" else None,
        lesions=tuple(
            records.LesionState(
                lesion=lesion,
                pre=pre,
                post=post,
                state=decision.state,
                text=_lesion_text(decision, allele, pre, post, shown),
                fold_high=rounded(decision.fold_high) if decision.fold_high else UNSET,
            )
            for lesion, pre, post, decision in found
        ),
        text=_text(allele, line, lesions, found, (shown, excluded, inadequate)),
    )


def line_states(
    allele: Allele, lines: Sequence[Line], lesions: Mapping[str, Sequence[str]]
) -> tuple[records.LineState, ...]:
    """Return an allele's state under each line of therapy, in their order."""
    return tuple(
        line_state(allele, line, lesions, {n for one in lines[:number] for n in one.samples})
        for number, line in enumerate(lines)
    )


def _cleared(
    allele: Allele,
    own: Sequence[str],
    shown: Sequence[str],
    post: str,
    treated: Container[str],
) -> str | None:
    """Return the last sample of a lesion before the first dose, if the allele had gone by then.

    Earlier samples of the lesion show it; every adequate one that was taken under a line of
    therapy after the last of these excludes it: RAS mutations in plasma after a line without the
    antibody. None otherwise.
    """
    showing = [name for name in own if name in shown]
    if not showing:
        return None
    later = own[own.index(showing[-1]) + 1 :]
    same = allele.together(showing[-1], own)
    since = [name for name in later if name in treated and name not in same]
    if not allele.seen(post):
        if since and all(_excludes(allele.views[name]) for name in (*since, post)):
            return since[-1]
        return None
    states = {name: allele.decide(name, post).state for name in since}
    gone = [name for name, state in states.items() if state == "acquired"]
    return gone[-1] if gone and set(states.values()) <= {"acquired", *OPEN} else None


def _before(shown: Sequence[str], excluded: Sequence[str], possible: Sequence[str]) -> str:
    """Return whether an allele was there before, by the samples that say so."""
    if shown:
        return "present"
    return "possible" if possible else "excluded" if excluded else "not known"


def _bound(allele: Allele, excluded: Sequence[str]) -> float | None:
    """Return the highest cancer cell fraction that the samples that exclude an allele leave."""
    bounds = [allele.views[name].ccf_bound for name in excluded]
    return None if None in bounds else rounded(max(bounds))


def _why(allele: Allele, inadequate: Sequence[str], posts: Mapping[str, str]) -> str | None:
    """Return why the samples before the first dose do not exclude an allele."""
    showing = [post for post in posts.values() if allele.seen(post)]
    reasons = []
    for name in inadequate:
        view = allele.views[name]
        reason = allele.decide(name, showing[-1]).reason if showing else _reason(view)
        if reason in ("tumour", "fraction"):
            reasons.append(why_inadequate(view))
        elif reason == "reads":
            reasons.append(f"{place(view)} has no {view.unit.removesuffix('s')} at the site")
        elif reason == "purity":
            reasons.append(f"the purity of {place(view)} is too low, or not known well enough")
        else:
            reasons.append(f"{place(view)} has too few {view.unit} at the site")
    return "; ".join(dict.fromkeys(reasons)) or None


def _reason(view: View) -> str:
    """Return why a sample does not exclude an allele that no later sample shows.

    In the words of `Decision.reason`.
    """
    if view.evidence.depth == 0:
        return "reads"
    if view.content is not None and not view.content.detected:
        return "tumour"
    return "depth" if view.evidence.detected is None else "fraction"


def _nothing_to_compare(allele: Allele, line: Line) -> records.LineState:
    shown = tuple(name for name in line.baseline if allele.seen(name))
    if not line.baseline:
        measured = "; ".join(detection(allele.views[name]) for name in line.samples)
        text = f"{measured}; no sample was taken before the first dose"
    else:
        measured = "; ".join(detection(allele.views[name]) for name in line.baseline)
        text = f"{measured}; no sample was taken after the first dose"
    excluded, possible = _others(allele, line, {}, shown)
    before = _before(shown, excluded, possible) if line.baseline else None
    inadequate = [name for name in line.baseline if name not in {*shown, *excluded, *possible}]
    return records.LineState(
        line=line.number,
        state=None,
        before=before,
        shown_by=shown,
        excluded_by=tuple(excluded),
        inadequate=tuple(inadequate),
        ub_ccf=_bound(allele, excluded) if before == "excluded" else None,
        why=_why(allele, inadequate, {}) if before == "not known" else None,
        lesions=(),
        text=text.removeprefix("; "),
    )


def _posts(
    allele: Allele, line: Line, lesions: Mapping[str, Sequence[str]], present: bool
) -> dict[str, str]:
    """Return the sample of each lesion that is compared with those before the first dose.

    The latest that can be assessed; of several of one time one that shows the allele. Of an allele
    that was not there before it is the latest that shows it: that it came is said even if it has
    gone again.
    """
    found = {}
    for lesion, names in lesions.items():
        after = [name for name in names if name in line.samples]
        if not after:
            continue
        assessed = [name for name in after if allele.seen(name) is not None]
        showing = [name for name in after if allele.seen(name)]
        choice = (assessed if present else showing or assessed) or after
        found[lesion] = allele.at_last(choice)
    return found


def _others(
    allele: Allele, line: Line, posts: Mapping[str, str], shown: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the samples before that exclude the allele, and those that leave it possible.

    By the later samples that show it; where none does, each sample before counts by itself.
    """
    showing = [post for post in posts.values() if allele.seen(post)]
    excluded, possible = [], []
    for name in line.baseline:
        if name in shown:
            continue
        view = allele.views[name]
        states = {allele.decide(name, post).state for post in showing}
        if "emergent" in states or (not showing and view.possible):
            possible.append(name)
        elif states == {"acquired"} or (not showing and _excludes(view)):
            excluded.append(name)
    return excluded, possible


def _excludes(view: View) -> bool:
    """Return whether an adequate sample was examined at the site and does not show the allele."""
    return view.evidence.detected is False and view.evidence.ub is not None and view.adequate


def _comparator(
    own: Sequence[str],
    baseline: Sequence[str],
    shown: Sequence[str],
    possible: Sequence[str],
    excluded: Sequence[str],
) -> str:
    """Return the sample before the first dose that a later one is compared with.

    One that shows the allele, before one that leaves it possible, before one that excludes it; of
    these one of the same lesion; of these the latest.
    """
    for group in (shown, possible, excluded, baseline):
        for names in (own, baseline):
            choice = [name for name in names if name in group]
            if choice:
                return choice[-1]
    raise ValueError("no sample before the first dose")


def _combined(states: Sequence[str], before: str) -> str:
    """Return the state over the lesions: what matters most for resistance.

    Where the allele was present before, a lesion in which its change is open comes after one in
    which it is stable.
    """
    order = STATES
    if before == "present":
        late = ("undetermined", "not covered")
        at = STATES.index("stable") + 1
        order = tuple(s for s in STATES[:at] if s not in late) + late + STATES[at:]
    elif before in ("possible", "not known"):
        states = [s if s != "acquired" else "undetermined" for s in states]
    return min(states, key=order.index)


def _lesion_text(
    decision: Decision, allele: Allele, pre: str, post: str, shown: Sequence[str]
) -> str:
    if decision.reason == "returned":
        return f"{_found(allele, shown)}; {allele.text(pre, post)}"
    if decision.reason != "spread":
        return allele.text(pre, post)
    return f"{_found(allele, shown)}; {detection(allele.views[post])}"


def _found(allele: Allele, names: Sequence[str]) -> str:
    return join(f"{frequency(allele.views[n])} {allele.views[n].name}" for n in names)


def _text(
    allele: Allele,
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    found: Sequence[tuple[str, str, str, Decision]],
    groups: tuple[Sequence[str], Sequence[str], Sequence[str]],
) -> str:
    """Return what is known of the allele before and after the first dose, in one sentence."""
    shown, excluded, inadequate = groups
    used = {pre for _, pre, _, decision in found if decision.reason != "spread"}
    parts = []
    if any(decision.reason in ("spread", "returned") for *_, decision in found):
        parts.append(f"present before the first dose: {_found(allele, shown)}")
        used |= set(shown)
    for _, pre, post, decision in found:
        if decision.reason == "spread":
            parts.append(detection(allele.views[post]))
        else:
            parts.append(allele.text(pre, post))
    if shown:
        parts += [
            f"also {frequency(allele.views[n])} {allele.views[n].name}"
            for n in shown
            if n not in used
        ]
    parts += [
        f"not detected {allele.views[n].name} {not_seen(allele.views[n])}"
        for n in excluded
        if n not in used
    ]
    parts += [
        # An adequate sample is informative; its bound is not below a low later frequency.
        f"not detected {allele.views[n].name} {not_seen(allele.views[n])}"
        if _excludes(allele.views[n])
        else f"{why_inadequate(allele.views[n])}, so it is not informative"
        for n in inadequate
        if n not in used and (excluded or shown)
    ]
    parts += _gone(allele, line, lesions, found)
    return "; ".join(dict.fromkeys(parts))


def _gone(
    allele: Allele,
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    found: Sequence[tuple[str, str, str, Decision]],
) -> list[str]:
    """Say where an allele that came was not detected any more."""
    parts = []
    for lesion, _, post, _ in found:
        later = [name for name in lesions[lesion] if name in line.samples]
        same = allele.together(post, later)
        parts += [
            f"not detected {allele.views[n].name} {not_seen(allele.views[n])}"
            for n in same
            if allele.seen(post) and allele.seen(n) is False
        ]
        later = [name for name in later[later.index(post) + 1 :] if name not in same]
        if later and allele.seen(post) and allele.seen(later[-1]) is False:
            view = allele.views[later[-1]]
            parts.append(f"no longer detected {view.name} {not_seen(view)}")
    return parts
