"""Alleles in plasma that may be of white cells: clonal haematopoiesis."""

from collections.abc import Sequence

from resistpanel.compare.compare_constants import HEMATOPOIESIS_GENES, WHITE_CELL_RATIO
from resistpanel.compare.read_calls import Record
from resistpanel.core.text import percent


def white_cells(
    record: Record, plasma: Sequence[str], tissue: Sequence[str], normal: str | None
) -> str | None:
    """Return why an allele of plasma may be of white cells, None if nothing says so.

    Parameters
    ----------
    record : Record
    plasma, tissue : sequence of str
        The patient's samples.
    normal : str or None
    """
    seen = [record.evidence[name] for name in plasma if record.evidence[name].detected]
    if not seen or record.fields["model"] == "germline":
        return None
    if any(record.evidence[name].detected for name in tissue):
        return None
    most = max(seen, key=lambda one: one.af or 0.0)
    if normal is not None:
        control = record.evidence[normal]
        low, high = control.low or 0.0, (control.high or 0.0) * WHITE_CELL_RATIO
        alike = low <= (most.high or 0.0) and (most.low or 0.0) <= high
        if control.detected and control.af and alike:
            return (
                f"the normal has it too ({percent(control.af)}, plasma {percent(most.af)}): of "
                "white cells if the normal is blood"
            )
    gene = record.fields["gene"]
    if gene not in HEMATOPOIESIS_GENES:
        return None
    why = "no tissue shows it" if tissue else "no tissue was sequenced"
    clean = "" if normal is None else f"; {_not_seen(record, normal)}"
    return f"{gene} is a gene of clonal haematopoiesis, and {why}{clean}"


def _not_seen(record: Record, normal: str) -> str:
    control = record.evidence[normal]
    if control.ub is None:
        return "the normal could not show it"
    return f"not detected in the normal (at most {percent(control.ub)})"
