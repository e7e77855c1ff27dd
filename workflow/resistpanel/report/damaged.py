"""What damage of the template hides in amplicon samples, and what it may have made."""

from collections.abc import Mapping, Sequence

from resistpanel.core.damage_kinds import AGENTS, CHANGES, KINDS, below_limit
from resistpanel.core.text import join, percent
from resistpanel.report.report_constants import LEAST_DAMAGE

#: Name of the caller's filter.
FILTER = "damage"


def hidden(samples: Sequence[Mapping]) -> list[dict]:
    """Return what cannot be told from damage: title and text of each kind, with its samples.

    Parameters
    ----------
    samples : sequence of mapping
        Of compare.json. Limits up to `LEAST_DAMAGE` change little.
    """
    found = []
    for kind in KINDS:
        limits = {s["sample"]: (s.get("damage") or {}).get(kind, 0.0) for s in samples}
        shown = {name: percent(most) for name, most in limits.items() if most > LEAST_DAMAGE}
        if shown:
            equal = len(set(shown.values())) == 1
            each = (f"{most} in {name}" for name, most in shown.items())
            below = next(iter(shown.values())) if equal else join(each)
            found.append({
                "title": f"{AGENTS[kind].capitalize()} in {join(shown)}",
                "text": f"{CHANGES[kind]} below an allele frequency of {below} cannot be told from "
                "damage.",
            })  # fmt: skip
    return found


def why(variant: Mapping, samples: Sequence[Mapping]) -> str | None:
    """Return why an allele fails the filter, by the samples that show it; None: not known.

    ``below the damage limit of P1-post (4.2 % < 5.0 %)``. As in the caller, one fragment shows
    nothing; calls of an earlier version do not state the limits.
    """
    changes = [(one["ref"], one["alt"]) for one in variant["substitutions"]]
    limits = {s["sample"]: s["damage"] for s in samples if s.get("damage")}
    tumors = [s["sample"] for s in samples if s["role"] != "normal"]
    evidence = {name: variant["samples"][name] for name in tumors}
    shown = {name: one["af"] for name, one in evidence.items() if one["ad"][1] > 1}
    found = below_limit(changes, shown, limits)
    if found is None:
        return None
    each = [f"{name} ({percent(shown[name])} < {percent(most)})" for name, most in found[1].items()]
    return f"below the damage limit of {join(each)}"
