"""Which drugs the catalogue and the pathway can say something of."""

from collections.abc import Iterable

from resistpanel.catalog.drugs import Drug
from resistpanel.core.text import join
from resistpanel.records.resist import NotAssessed
from resistpanel.resist.context import Context


def not_assessed(drugs: Iterable[Drug], context: Context) -> tuple[NotAssessed, ...]:
    """Return the drugs to which resistance is not assessed, with the reason.

    Those in no table of drugs, and those of which the catalogue has no row on resistance, neither
    by name nor by class, and whose targets are not in the pathway.
    """
    return tuple(
        NotAssessed(drug=drug.name, reason=reason)
        for drug in drugs
        if (reason := _why(drug, context))
    )


def _why(drug: Drug, context: Context) -> str:
    if not drug.known:
        return "it is not in the table of drugs, so neither its class nor its target is known"
    if any(row.direction == "resistance" and row.drug_match(drug) for row in context.catalog):
        return ""
    if any(context.pathway.node_of(target) for target in drug.targets):
        return ""
    kinds = f" ({join(drug.classes)})" if drug.classes else ""
    return f"the catalogue has no row on resistance to it or its class{kinds}"
