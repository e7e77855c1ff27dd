"""One plain sentence for the state of an allele between two samples."""

from resistpanel.compare.compare_constants import MOST_DEPTH
from resistpanel.compare.evidence import View
from resistpanel.compare.states import DEFAULT, Decision
from resistpanel.core.text import bare_percent, percent, percent_up


def fragments(view: View) -> str:
    """Return ``3 of 905 fragments``, or molecules where the sample's counts are of them."""
    evidence = view.evidence
    return f"{evidence.alt} of {evidence.depth} {_unit(view, evidence.depth)}"


def _unit(view: View, number: int = 2) -> str:
    """Return ``fragments`` or ``molecules``; of one, without the s."""
    return view.unit.removesuffix("s") if number == 1 else view.unit


def frequency(view: View) -> str:
    """Return ``16.2 % (13.9 to 18.7)``, the AF with its 95 % interval."""
    evidence = view.evidence
    if evidence.low is None or evidence.high is None:
        return percent(evidence.af)
    return f"{percent(evidence.af)} ({bare_percent(evidence.low)} to {bare_percent(evidence.high)})"


def not_seen(view: View) -> str:
    """Return ``(0 of 905 fragments, AF below 0.34 % with 95 % confidence)``.

    Where the tumour content is known, the bound follows as a fraction of the tumour cells too:
    ``; if present, in at most 1.1 % of the tumour cells``.
    """
    bound, cells = view.evidence.ub, view.ccf_bound
    hop = "" if view.hopped is None else f", explained by {hopping(view)}"
    limit = "" if bound is None else f", AF below {percent_up(bound)} with 95 % confidence"
    if cells is not None and cells < 1:
        by = view.content and view.content.tumor_fraction
        of = f" (tumour fraction {percent(by)})" if by is not None else ""
        limit += f"; if present, in at most {percent_up(cells)} of the tumour cells{of}"
    return f"({fragments(view)}{hop}{limit})"


def hopping(view: View) -> str:
    """Return ``index hopping of up to 0.31 % from the library at relapse``."""
    return (
        f"index hopping of up to {percent_up(view.hopped.rate)} from the library "
        f"{view.hopped.source}"
    )


def place(view: View) -> str:
    """Return ``the biopsy before treatment``, ``the plasma sample S2``."""
    return f"the {view.noun} {view.name.removeprefix('in ')}"


def why_inadequate(view: View) -> str:
    """Return why a sample in which an allele was not detected does not exclude it."""
    if view.content is not None and not view.content.detected:
        return f"{place(view)} contains no detectable tumour"
    bound = view.ccf_bound
    if bound is None or bound >= 1:
        return f"{place(view)} could not have shown it in any fraction of the tumour cells"
    return f"{place(view)} does not exclude it in up to {percent_up(bound)} of the tumour cells"


def detection(view: View) -> str:
    """Return what was found in one sample: its frequency, or that nothing was, and the limit."""
    return _part(view)


def sentence(decision: Decision, pre: View, post: View) -> str:
    """Return what was found, with its numbers.

    Parameters
    ----------
    decision : Decision
        As :func:`resistpanel.compare.states.decide` gives it for `pre` and `post`.
    """
    text = _STATES[decision.state](decision, pre, post)
    if decision.state in ("absent", "not covered"):
        return text
    both = pre.evidence.detected and post.evidence.detected
    if decision.variants and not both:
        return text
    if decision.variants:
        shared = "1 shared variant" if decision.variants == 1 else (
            f"the median of {decision.variants} shared variants"
        )  # fmt: skip
        return f"{text} (relative to {shared})"
    return f"{text} (compared after correction for purity)" if decision.corrected else text


def _acquired(decision: Decision, pre: View, post: View) -> str:
    return f"not detected {pre.name} {not_seen(pre)}; {frequency(post)} {post.name}"


def _lost(decision: Decision, pre: View, post: View) -> str:
    return f"{frequency(pre)} {pre.name}; not detected {post.name} {not_seen(post)}"


def _weak(view: View) -> str:
    if view.hopped is not None:
        return (
            f"{fragments(view)} {view.name} have the allele: presence is "
            f"{_odds(view.log10_presence)} times as likely as {hopping(view)}"
        )
    return (
        f"below the calling threshold {view.name}, but {fragments(view)} have the allele: presence "
        f"is {_odds(view.log10_presence)} times as likely as sequencing error"
    )


def _odds(log10: float) -> str:
    return "more than 1,000" if log10 > 3 else f"{10**log10:.2g}"


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
    # A sure change that is small is stable too.
    excluded = f"a change of {DEFAULT.most_fold:g}-fold or more is excluded"
    return f"{_both(pre, post)}: {excluded} ({_fold(decision)})"


def _undetermined(decision: Decision, pre: View, post: View) -> str:
    seen = pre.evidence.detected, post.evidence.detected
    if seen == (True, True):
        if decision.reason == "scale":
            return f"{_both(pre, post)}: {_fold(decision)}; {_no_scale(decision)}"
        if decision.reason == "chance":
            return (
                f"{_both(pre, post)}: {_fold(decision)}; among all variants of the patient such a "
                "change is too likely to be chance"
            )
        if decision.reason == "copies":
            return f"{_both(pre, post)}: {_fold(decision)}; {_NO_COPIES}"
        units = dict.fromkeys(view.unit for view in (pre, post))
        want = _wanted(decision, "in both samples", " or ".join(units))
        return f"{_both(pre, post)}: too uncertain to call a change ({_fold(decision)}); {want}"
    parts = [_part(pre), _part(post)]
    missing = pre if not pre.evidence.detected else post
    if True not in seen:
        return f"{'; '.join(parts)}: could not be determined"
    if decision.reason in ("tumour", "fraction"):
        open_ = (
            "whether it was present before is not known"
            if missing is pre
            else "whether it is still present is not known"
        )
        return f"{'; '.join(parts)}: {why_inadequate(missing)}: {open_}"
    if decision.reason == "scale":
        return f"{'; '.join(parts)}: {_no_scale(decision)}"
    if decision.reason == "copies":
        return f"{'; '.join(parts)}: {_NO_COPIES}"
    why = "purity is insufficient to decide" if decision.reason == "purity" else "too few fragments"
    return f"{'; '.join(parts)}: {why}; {_wanted(decision, missing.name, missing.unit)}"


_NO_COPIES = (
    "the copy number of the gene is not known, and a gain or loss of the other copy would explain "
    "it"
)


def _no_scale(decision: Decision) -> str:
    purity = (
        "the shared variants contradict the stated purity, and they are too few"
        if decision.corrected
        else "purity is not known and there are too few shared variants"
    )
    return f"{purity} to distinguish a change from a change of purity"


def _part(view: View) -> str:
    if view.evidence.detected is None:
        return f"not assessable {view.name} ({fragments(view)})"
    if view.evidence.detected:
        return f"{frequency(view)} {view.name}"
    return f"not detected {view.name} {not_seen(view)}"


def _wanted(decision: Decision, where: str, unit: str) -> str:
    if decision.needed is None:
        return f"no depth up to {MOST_DEPTH:,} would have been sufficient"
    return f"{decision.needed:,} {unit} {where} would have been sufficient"


def _not_covered(decision: Decision, pre: View, post: View) -> str:
    parts = []
    for view in (pre, post):
        if view.evidence.depth == 0:
            parts.append(f"no usable {_unit(view, 1)} {view.name}")
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
