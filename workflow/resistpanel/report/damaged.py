"""What damage of the template hides in amplicon samples, and what it may have made."""

from collections.abc import Mapping, Sequence

from resistpanel.core.damage_kinds import AGENTS, CHANGES, below_limit
from resistpanel.core.text import join, percent
from resistpanel.report.report_constants import LEAST_DAMAGE

#: Name of the caller's filter.
FILTER = "damage"


def hidden(samples: Sequence[Mapping]) -> list[dict]:
    """Return what cannot be told from damage: title and text for each sample and kind.

    Parameters
    ----------
    samples : sequence of mapping
        Of compare.json. Limits below `LEAST_DAMAGE` change little.
    """
    return [
        {
            "title": f"{AGENTS[kind].capitalize()} in {sample['sample']}",
            "text": f"{CHANGES[kind]} below an allele frequency of {percent(limit)} cannot be told "
            "from damage.",
        }
        for sample in samples
        for kind, limit in (sample.get("damage") or {}).items()
        if limit > LEAST_DAMAGE
    ]


def why(variant: Mapping, samples: Sequence[Mapping]) -> str | None:
    """Return why an allele fails the filter, by the samples that show it; None: not known.

    ``below the damage limit of P1-post (4.2 % < 5.0 %)``. As in the caller, one fragment shows
    nothing; calls of an earlier version do not state the limits.
    """
    changes = [(one["ref"], one["alt"]) for one in variant["substitutions"]]
    limits = {s["sample"]: s["damage"] for s in samples if s.get("damage")}
    fractions = {
        name: one["af"] for name, one in variant["samples"].items() if (one["ad"] or (0, 0))[1] > 1
    }
    normals = {s["sample"] for s in samples if s["role"] == "normal"}
    shown = {name: af for name, af in fractions.items() if name not in normals}
    found = below_limit(changes, shown, limits)
    if found is None:
        return None
    each = [f"{name} ({percent(shown[name])} < {percent(most)})" for name, most in found[1].items()]
    return f"below the damage limit of {join(each)}"
