"""Parts of report.json that several sections look up."""

from resistpanel.core.vocabulary import TUMOR_ROLES


def variants_by_id(report: dict) -> dict[str, dict]:
    """Return the variants of compare.json by id."""
    return {v["id"]: v for v in report["compare"]["variants"]}


def tumors(report: dict) -> list[dict]:
    """Return the tumour samples in the order of compare.json."""
    return [s for s in report["compare"]["samples"] if s["role"] in TUMOR_ROLES]
