"""Cancer Genome Interpreter: the biomarkers table (TSV)."""

import re
from collections.abc import Iterator

from resistpanel.catalog.import_record import Record, pmids

COLUMNS = (
    "Gene",
    "Alteration",
    "Association",
    "Drug full name",
    "Evidence level",
    "Source",
    "Primary Tumor type",
)


def level_of(text: str) -> str:
    """Return the catalogue's word for CGI's evidence level."""
    text = text.lower()
    if "case report" in text:
        return "case report"
    if "pre-clinical" in text or "preclinical" in text:
        return "in vitro"
    return "clinical"


def records(rows: list[dict[str, str]]) -> Iterator[Record]:
    """Yield the statements on resistance, one per alteration that a line lists.

    A line's alterations are written ``GENE:change,change``; ``V600.`` is any change of a codon,
    ``.12.`` too, ``amp`` and ``del`` are copy numbers;
    ``GENE::consequence::inframe_insertion:762-823`` are indels of these residues.
    """
    for number, row in enumerate(rows, start=1):
        if row["Association"] not in {"Resistant", "Resistance"}:
            continue
        gene, _, changes = row["Alteration"].partition(":")
        # `EGFR::consequence::inframe_insertion:762-823` is no fusion.
        changes = changes.removeprefix(":")
        # `Drug full name` reads `Vemurafenib (BRAF inhibitor)`, several joined by ` + `.
        names = [
            re.sub(r"\s*\(.*?\)\s*$", "", name).strip()
            for name in row["Drug full name"].split(" + ")
        ]
        for position, change in enumerate(changes.split(","), start=1):
            yield Record(
                identifier=f"line{number}.{position}",
                gene=gene or row["Gene"],
                alteration=change,
                drugs=tuple(name for name in names if name),
                disease=row.get("Primary Tumor type full name") or row["Primary Tumor type"],
                direction="resistance",
                evidence_level=level_of(row["Evidence level"]),
                pmid=pmids(row["Source"]),
                note=f"CGI: {row['Evidence level']}",
            )
