"""CIViC: evidence summaries (TSV) as offered for download, of 2022 and of later layouts."""

from collections.abc import Iterator

from resistpanel.catalog.import_record import Record, pmids

LEVELS = {
    "A": "clinical",
    "B": "clinical",
    "C": "case report",
    "D": "in vitro",
    "E": "inferred",
}

#: The columns that must be there; a pair means the older or the newer name.
COLUMNS = (
    ("variant", "molecular_profile"),
    ("drugs", "therapies"),
    ("clinical_significance", "significance"),
    "disease",
    "evidence_type",
    "evidence_direction",
    "evidence_level",
    "evidence_status",
    "evidence_id",
    "citation_id",
)


def _no_paper(row: dict[str, str]) -> bool:
    """Whether a row cites an abstract of ASCO or ASH, whose number is no PubMed id."""
    kind = row.get("source_type") or row["citation_id"].partition("(")[2]
    return kind.strip(" )").upper() in {"ASCO", "ASH"}


def records(rows: list[dict[str, str]]) -> Iterator[Record]:
    """Yield the accepted predictive statements on resistance.

    ``Supports`` becomes direction resistance, ``Does Not Support`` direction none. CIViC's
    level D (preclinical) does not tell cells from animals and becomes ``in vitro``.
    """
    for row in rows:
        accepted = row["evidence_status"].strip().lower() == "accepted"
        significance = row.get("significance") or row.get("clinical_significance") or ""
        if not accepted or row["evidence_type"] != "Predictive" or significance != "Resistance":
            continue
        direction = {"Supports": "resistance", "Does Not Support": "none"}.get(
            row["evidence_direction"]
        )
        level = LEVELS.get(row["evidence_level"])
        if direction is None or level is None:
            continue
        gene, variant = row.get("gene", ""), row.get("variant", "")
        if not gene:
            gene, _, variant = row["molecular_profile"].partition(" ")
        therapies = row.get("therapies") or row.get("drugs") or ""
        interaction = row.get("therapy_interaction_type") or row.get("drug_interaction_type") or ""
        yield Record(
            identifier=f"EID{row['evidence_id']}",
            gene=gene,
            alteration=variant,
            drugs=tuple(name.strip() for name in therapies.split(",") if name.strip()),
            disease=row["disease"],
            direction=direction,
            evidence_level=level,
            pmid=() if _no_paper(row) else pmids(row["citation_id"]),
            note=f"drugs given as {interaction.lower()}" if interaction else "",
        )
