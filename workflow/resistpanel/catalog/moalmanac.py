"""Molecular Oncology Almanac: its JSON, a list of assertions."""

from collections.abc import Iterator

from resistpanel.catalog.import_record import Record, pmids

LEVELS = {
    "FDA-Approved": "clinical",
    "Guideline": "clinical",
    "Clinical trial": "clinical",
    "Clinical evidence": "clinical",
    "Preclinical": "in vitro",
    "Inferential": "inferred",
}


def records(assertions: list[dict]) -> Iterator[Record]:
    """Yield the somatic assertions of resistance (variants and copy numbers)."""
    for number, item in enumerate(assertions, start=1):
        if item.get("therapy_resistance") not in {1, "1"}:
            continue
        feature = item.get("feature_type")
        if feature == "Somatic Variant":
            alteration = _variant(item)
        elif feature == "Copy Number":
            alteration = str(item.get("direction") or "")
        else:
            continue
        implication = str(item.get("predictive_implication") or "")
        yield Record(
            identifier=f"assertion{number}",
            gene=str(item.get("gene") or ""),
            alteration=alteration,
            drugs=_drugs(item),
            disease=str(item.get("oncotree_term") or item.get("disease") or ""),
            direction="resistance",
            evidence_level=LEVELS.get(implication, "inferred"),
            pmid=pmids(item.get("pmid")),
            note=f"MOAlmanac: {implication}" if implication else "",
        )


def _drugs(item: dict) -> tuple[str, ...]:
    names = (name.strip() for name in str(item.get("therapy_name") or "").split("+"))
    return tuple(name for name in names if name)


def _variant(item: dict) -> str:
    """Return the protein change, or the kind of variant where no change is named."""
    change = str(item.get("protein_change") or "")
    if change:
        return change
    kind = str(item.get("variant_annotation") or "").lower()
    if kind in {"truncating", "nonsense", "frameshift"}:
        return "loss of function"
    # An exon or a kind of variant without a residue cannot be placed: left out and counted.
    return kind if kind or item.get("exon") else "mutation"
