"""Parts of report.json that several sections look up."""

from resistpanel.core.vocabulary import STATES, TUMOR_ROLES
from resistpanel.report.cells import variant_name


def variants_by_id(report: dict) -> dict[str, dict]:
    """Return the variants of compare.json by id."""
    return {v["id"]: v for v in report["compare"]["variants"]}


def name_of(report: dict, identifier: str) -> str:
    """Return the name of an alteration: ``EGFR p.T790M``, ``MET amplification``."""
    if identifier.startswith("copynumber:"):
        return " ".join(identifier.split(":")[1:])
    variant = variants_by_id(report)[identifier]
    return f"{variant['gene'] or ''} {variant_name(variant)}".strip()


def line_of(variant: dict) -> dict | None:
    """Return the state of a variant under the latest line of therapy that has samples."""
    return next((line for line in reversed(variant["lines"]) if line["lesions"]), None)


def state_at(variant: dict, sample: str) -> dict:
    """Return the pair in which a sample is the later one; ``{}`` where it is in none.

    Of several, that which decides the state of its lesion under a line of therapy.
    """
    pairs = [s for s in variant["states"] if s["post"] == sample]
    used = {
        (one["pre"], one["post"]): one["state"]
        for line in variant["lines"]
        for one in line["lesions"]
    }
    told = [s for s in pairs if (s["pre"], s["post"]) in used]
    first = min(told or pairs, key=lambda s: STATES.index(s["state"]), default={})
    state = used.get((first.get("pre"), sample))
    return first | {"state": state} if state else first


def tumors(report: dict) -> list[dict]:
    """Return the tumour samples in the order of compare.json."""
    return [s for s in report["compare"]["samples"] if s["role"] in TUMOR_ROLES]
