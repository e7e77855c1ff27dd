"""One plain sentence for the state of an allele between two samples."""

from resistpanel.compare.compare_constants import MOST_DEPTH
from resistpanel.compare.evidence import View
from resistpanel.compare.states import Decision
from resistpanel.core.text import bare_percent, percent, percent_up


def fragments(view: View) -> str:
    """Return ``3 of 905 fragments``."""
    evidence = view.evidence
    return f"{evidence.alt} of {evidence.depth} fragment{'' if evidence.depth == 1 else 's'}"


def frequency(view: View) -> str:
    """Return ``16.2 % (13.9 to 18.7)``, the AF with its 95 % interval."""
    evidence = view.evidence
    if evidence.low is None or evidence.high is None:
        return percent(evidence.af)
    return f"{percent(evidence.af)} ({bare_percent(evidence.low)} to {bare_percent(evidence.high)})"


def not_seen(view: View) -> str:
    """Return ``(0 of 905 fragments, AF below 0.34 % with 95 % confidence)``."""
    bound = view.evidence.ub
    limit = "" if bound is None else f", AF below {percent_up(bound)} with 95 % confidence"
    return f"({fragments(view)}{limit})"


def sentence(decision: Decision, pre: View, post: View) -> str:
    """Return what was found, with its numbers.

    Parameters
    ----------
    decision : Decision
        As :func:`resistpanel.compare.states.decide` gives it for `pre` and `post`.
    """
    text = _STATES[decision.state](decision, pre, post)
    if decision.state not in ("absent", "not covered") and decision.corrected:
        text += " (compared after correction for purity)"
    return text


def _acquired(decision: Decision, pre: View, post: View) -> str:
    return f"not detected {pre.name} {not_seen(pre)}; {frequency(post)} {post.name}"


def _lost(decision: Decision, pre: View, post: View) -> str:
    return f"{frequency(pre)} {pre.name}; not detected {post.name} {not_seen(post)}"


def _weak(view: View) -> str:
    return (
        f"below the calling threshold {view.name}, but {fragments(view)} carry it, more than "
        f"sequencing error explains (p = {view.error_p:.2g})"
    )


def _emergent(decision: Decision, pre: View, post: View) -> str:
    if decision.reason == "support":
        return f"{_weak(pre)}; {frequency(post)} {post.name}: it may have been present before"
    return (
        f"not detected {pre.name} {not_seen(pre)}; {frequency(post)} {post.name}: the bounds "
        "overlap, so it may have been present before"
    )


def _changed(decision: Decision, pre: View, post: View) -> str:
    if decision.reason == "support":
        return f"{frequency(pre)} {pre.name}; {_weak(post)}"
    if decision.reason == "overlap":
        return (
            f"{frequency(pre)} {pre.name}; not detected {post.name} {not_seen(post)}: the bounds "
            "overlap, so it may still be present"
        )
    return f"{_both(pre, post)}: {_fold(decision)}"


def _both(pre: View, post: View) -> str:
    return f"{frequency(pre)} {pre.name}, {frequency(post)} {post.name}"


def _fold(decision: Decision) -> str:
    text = f"probability of an increase {_probability(decision.probability_increase)}"
    if decision.fold_change is not None:
        fold = decision.fold_change
        shown = f"{_times(fold)}-fold"
        if decision.fold_low is not None and decision.fold_high is not None:
            shown += f", 95 % interval {_times(decision.fold_low)} to {_times(decision.fold_high)}"
        text = f"{shown}, {text}"
    return text


def _times(fold: float) -> str:
    return f"{fold:.2f}" if fold < 10 else f"{fold:.0f}"


def _probability(value: float | None) -> str:
    if value is None:
        return "not known"
    if value > 0.9995:
        return "above 0.999"
    return "below 0.001" if value < 0.0005 else f"{value:.3f}"


def _stable(decision: Decision, pre: View, post: View) -> str:
    return f"{_both(pre, post)}: no change beyond chance ({_fold(decision)})"


def _undetermined(decision: Decision, pre: View, post: View) -> str:
    seen = pre.evidence.detected, post.evidence.detected
    if seen == (True, True):
        want = _wanted(decision, "in both samples")
        return f"{_both(pre, post)}: too uncertain to call a change ({_fold(decision)}); {want}"
    parts = [_part(pre), _part(post)]
    missing = pre if not pre.evidence.detected else post
    if True not in seen:
        return f"{'; '.join(parts)}: could not be determined"
    why = "purity is insufficient to decide" if decision.reason == "purity" else "too few to tell"
    return f"{'; '.join(parts)}: {why}; {_wanted(decision, missing.name)}"


def _part(view: View) -> str:
    if view.evidence.detected is None:
        return f"not assessable {view.name} ({fragments(view)})"
    if view.evidence.detected:
        return f"{frequency(view)} {view.name}"
    return f"not detected {view.name} {not_seen(view)}"


def _wanted(decision: Decision, where: str) -> str:
    if decision.needed is None:
        return f"no depth up to {MOST_DEPTH:,} would have been sufficient"
    return f"{decision.needed:,} fragments {where} would have been sufficient"


def _not_covered(decision: Decision, pre: View, post: View) -> str:
    parts = []
    for view in (pre, post):
        if view.evidence.depth == 0:
            parts.append(f"no usable fragment {view.name}")
        else:
            parts.append(_part(view))
    return "; ".join(parts)


def _absent(decision: Decision, pre: View, post: View) -> str:
    return f"not detected {pre.name} {not_seen(pre)}, nor {post.name} {not_seen(post)}"


_STATES = {
    "acquired": _acquired,
    "emergent": _emergent,
    "rising": _changed,
    "falling": _changed,
    "stable": _stable,
    "lost": _lost,
    "undetermined": _undetermined,
    "not covered": _not_covered,
    "absent": _absent,
}
