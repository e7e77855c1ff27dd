"""What was measured of an alteration, in words."""

from collections.abc import Sequence

from resistpanel.core.text import join, percent, percent_up
from resistpanel.records.compare import SampleAtLocus
from resistpanel.resist.alteration import Alteration
from resistpanel.resist.tests_after import earlier


def state_text(alteration: Alteration) -> str:
    """Return what was measured before and after the first dose, and in which other samples.

    Of the lesion that decides the state; then the samples before that show the alteration or
    exclude it, other lesions with another state, and why presence before is not known.
    """
    decisive = alteration.decisive_lesion()
    if decisive is None:
        return _only_text(alteration)
    if alteration.copy_number:
        return decisive.text
    line, named = alteration.line, [decisive.pre, decisive.post]
    after = f"{sample_text(alteration.at(decisive.post))} after ({decisive.post})"
    parts = [after]
    if decisive.pre in alteration.samples:
        parts = [f"{sample_text(alteration.at(decisive.pre))} before ({decisive.pre}), {after}"]
    parts += [one.text for one in earlier(alteration) if one.says != "not covered"]
    before = [name for name in (*line.shown_by, *line.excluded_by) if name not in named]
    if decisive.state == "emergent" and line.before == "present":
        own = [name for name in line.shown_by if name in named]
        parts += [f"present before in {name}" for name in own]
    parts += _before_texts(alteration, before, alteration.at(decisive.pre).detected is False)
    for one in line.lesions:
        if one.state == "absent" != decisive.state and one.post not in named:
            parts.append(f"in {one.lesion} {sample_text(alteration.at(one.post))}")
        elif one.state != decisive.state and one.post not in named:
            parts.append(f"{one.state} in {one.lesion}: {sample_text(alteration.at(one.post))}")
    return "; ".join([*parts, *([line.why] if line.why else [])])


def relative(alteration: Alteration) -> str:
    """Return to what a fraction is the same, where the allele frequencies differ; else nothing.

    A driver at 20 % of one sample and 6 % of another, with a third of the tumour, is unchanged.
    """
    decisive = alteration.decisive_lesion()
    if decisive is None or alteration.copy_number or decisive.pre not in alteration.samples:
        return ""
    pre, post = alteration.at(decisive.pre), alteration.at(decisive.post)
    if None in (pre.af_low, pre.af_high, post.af_low, post.af_high):
        return ""
    apart = pre.af_high < post.af_low or post.af_high < pre.af_low
    return ", relative to the tumour content of the samples" if apart else ""


def _before_texts(
    alteration: Alteration, names: Sequence[str], excluded: bool = False
) -> list[str]:
    """Return what samples before the first dose show; those that exclude it have one text.

    `excluded`: the sample named before them excludes it too.
    """
    at = {name: alteration.at(name) for name in names}
    without = [
        name for name, one in at.items() if one.detected is False and one.ub is not None and one.ad
    ]
    if len(without) < (1 if excluded else 2):
        return [f"{sample_text(one)} before ({name})" for name, one in at.items()]
    alone = [f"{sample_text(one)} before ({name})" for name, one in at.items()
             if name not in without]  # fmt: skip
    ones = [at[name] for name in without]
    cells = [one.ub_ccf for one in ones]
    bounds = f"allele frequency at most {percent_up(max(one.ub for one in ones))}"
    if all(cell is not None and cell < 1 for cell in cells):
        bounds += f", at most {percent_up(max(cells))} of the tumour cells"
    totals: dict[str, list[int]] = {}
    for one in ones:
        total = totals.setdefault(one.unit or "fragments", [0, 0])
        total[0], total[1] = total[0] + one.ad[1], total[1] + one.dp
    counts = join(f"{alt} of {depth} {unit}" for unit, (alt, depth) in totals.items())
    each = " in each" if len(ones) > 1 else ""
    text = f"before in {join(without)} ({counts}; {bounds}{each})"
    # "Nor" follows a sample without the allele.
    return [f"nor was it detected {text}", *alone] if excluded else [*alone, f"not detected {text}"]


def _only_text(alteration: Alteration) -> str:
    """Return what was measured where there is no pair: in the samples that show it."""
    return "; ".join(
        f"{sample_text(values)} ({name})"
        for name, values in alteration.samples.items()
        if values.detected and not alteration.copy_number
    )


def sample_text(values: SampleAtLocus) -> str:
    """Return what was measured in one sample: AF with interval, or its counts and upper bound."""
    if values.detected:
        return (
            f"{percent(values.af)} ({percent(values.af_low)} to "
            f"{percent(values.af_high)}) of {values.dp} {values.unit or 'fragments'}"
        )
    if values.detected is None or values.ub is None:
        return f"not assessable at depth {values.dp or 0}"
    alt = values.ad[1]
    cells = (
        f", at most {percent_up(values.ub_ccf)} of the tumour cells"
        if values.ub_ccf is not None and values.ub_ccf < 1
        else ""
    )
    counts = f"{alt} of {values.dp} {values.unit or 'fragments'}"
    return f"not detected ({counts}, allele frequency at most {percent_up(values.ub)}{cells})"
