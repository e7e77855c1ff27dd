"""What a run would do, from the plan alone: Snakemake takes seconds per hundred patients for it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from resistpanel.core.agreement import TEMPORARY
from resistpanel.core.made import FOLDER
from resistpanel.inputs.binding import AGAIN, Binding
from resistpanel.inputs.plan import Plan

#: Steps that are done on request alone.
ON_REQUEST = ("multiqc",)
#: Subjects of a reason that are named.
NAMED = 3


def due(plan: Plan, screens: Mapping[str, Any] | None) -> dict[tuple[str, str], list[str]]:
    """Return why each (step, subject) would be done, in the order of the steps.

    Parameters
    ----------
    plan : Plan
        Checked with the headers of the BAMs.
    screens : mapping
        The configuration's `screens`.
    """
    binding = Binding(plan, screens)
    if (plan.settings.outdir / FOLDER).is_dir():
        binding.known.save()
    found = {key: reasons for key, reasons in binding.stale().items() if key[0] not in ON_REQUEST}
    # What is removed once it was used is made again for the step that uses it.
    for key, verdict in binding.verdicts.items():
        patient = key[1].rpartition(".")[0]
        if key[0] in TEMPORARY and verdict.reasons and ("call", patient) in found:
            found[key] = verdict.reasons
    return {key: found[key] for key in binding.verdicts if key in found}


def lines(found: Mapping[tuple[str, str], list[str]]) -> list[str]:
    """Return the table of steps, their numbers and the reasons."""
    if not found:
        return ["up to date: no step would run"]
    steps: dict[str, dict[str, list[str]]] = {}
    for (step, subject), reasons in found.items():
        words = [one.removesuffix(AGAIN) if one.endswith(AGAIN) else one for one in reasons]
        follows = reasons[0].endswith(AGAIN)
        text = f"follows {', '.join(words)}" if follows else ", ".join(words)
        steps.setdefault(step, {}).setdefault(text, []).append(subject)
    numbers = Counter(step for step, _ in found)
    width = max(map(len, [*steps, "step"]))
    rows = [f"{'step':{width}}  {'jobs':>6}  reason"]
    for step, reasons in steps.items():
        said = "; ".join(f"{reason}{_of(subjects)}" for reason, subjects in reasons.items())
        rows.append(f"{step:{width}}  {numbers[step]:6,}  {said}")
    total = len(found)
    return [*rows, f"{total:,} step{'s' * (total != 1)} would run; nothing was done"]


def _of(subjects: list[str]) -> str:
    if subjects == ["all"]:
        return ""
    more = len(subjects) - NAMED
    return f" ({', '.join(subjects[:NAMED])}{f' and {more:,} more' if more > 0 else ''})"
