"""Parts of report.json that several sections look up."""

from resistpanel.core.vocabulary import STATES, TUMOR_ROLES
from resistpanel.report.cells import variant_name
from resistpanel.report.words import CHANGE_OPEN


def variants_by_id(report: dict) -> dict[str, dict]:
    """Return the variants of compare.json by id."""
    return {v["id"]: v for v in report["compare"]["variants"]}


def name_of(report: dict, identifier: str) -> str:
    """Return the name of an alteration: ``EGFR p.T790M``, ``MET amplification``."""
    if identifier.startswith("copynumber:"):
        return " ".join(identifier.split(":")[1:])
    variant = variants_by_id(report)[identifier]
    return f"{variant['gene'] or ''} {variant_name(variant)}".strip()


def inherited(report: dict) -> dict[str, dict]:
    """Return the germline variants that are inherited resistance to a drug given, by id."""
    return {x["variant"]: x for x in report["resist"]["excluded"] if x["inherited_resistance"]}


def reported(report: dict) -> list[dict]:
    """Return the variants that are findings, inherited resistance included; no copy numbers."""
    resists = inherited(report)
    return [v for v in report["compare"]["variants"] if v["reported"] or v["id"] in resists]


def effects(report: dict) -> dict[str, str]:
    """Return the effect of every finding, and of inherited resistance, by id."""
    found = dict.fromkeys(inherited(report), "inherited_resistance")
    return found | {f["variant"]: f["effect"] for f in report["resist"]["findings"]}


def line_of(variant: dict) -> dict | None:
    """Return the state of a variant under the latest line of therapy that has samples."""
    return next((line for line in reversed(variant["lines"]) if line["lesions"]), None)


def change_open(item: dict) -> bool:
    """Whether samples before and after show an alteration of which only the change is open.

    Parameters
    ----------
    item : dict
        A variant of compare.json or a finding of resist.json.
    """
    if item["state"] != "undetermined" or item.get("status") != "present":
        return False
    told = item if "before" in item else line_of(item) or {}
    return told.get("before") == "present"


def state_words(item: dict) -> str | None:
    """Return the state of an alteration in words; of one that was there all along, that it was."""
    return CHANGE_OPEN if change_open(item) else item["state"]


def state_at(variant: dict, sample: str) -> dict:
    """Return the comparison in which a sample is the later one; ``{}`` where it is in none.

    That which decides the state of its lesion under a line of therapy, else that of the pair of
    samples with the state that matters most.
    """
    pairs = [s for s in variant["states"] if s["post"] == sample]
    used = [one for line in variant["lines"] for one in line["lesions"] if one["post"] == sample]
    if not used:
        return min(pairs, key=lambda s: STATES.index(s["state"]), default={})
    told = used[-1]
    pair = next((s for s in pairs if s["pre"] == told["pre"]), {})
    return pair | {name: told[name] for name in ("pre", "post", "state")}


def trajectory(variant: dict) -> list[str]:
    """Return the course of each lesion with three or more samples: ``fell, then returned``."""
    several = len(variant["courses"]) > 1
    return [
        f"{course['text']} ({course['lesion']})" if several else course["text"]
        for course in variant["courses"]
        if len(course["steps"]) > 1
    ]


def tumors(report: dict) -> list[dict]:
    """Return the tumour samples in the order of compare.json."""
    return [s for s in report["compare"]["samples"] if s["role"] in TUMOR_ROLES]
