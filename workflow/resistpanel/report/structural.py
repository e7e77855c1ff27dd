"""Junctions as cBioPortal reads them (data_sv.txt): one row per event and tumour that has it.

Columns after cBioPortal's docs/File-Formats.md, structural variant data.
"""

from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.maf import BUILDS

#: Type of the caller to Class.
CLASSES = {
    "DEL": "DELETION", "DUP": "DUPLICATION", "INV": "INVERSION", "BND": "TRANSLOCATION",
}  # fmt: skip
FRAMES = {"in_frame": "In_frame", "out_of_frame": "Frameshift", "unknown": "Unknown"}


def genes_of(variant: dict) -> tuple[str | None, str | None]:
    """Return the genes at the first and the second site; of a fusion the 5' gene is the first."""
    fusion = variant["junction"]["fusion"]
    if fusion:
        # Contig and position where no gene is known.
        return tuple(None if ":" in gene else gene for gene in fusion.split("::"))
    return variant["gene"], variant["gene"]


def _bare(chrom: str) -> str:
    return chrom[3:] if chrom.lower().startswith("chr") else chrom


def junctions(report: dict) -> list[dict]:
    """Return the rows of a patient: reported junctions of the panel's genes."""
    found = []
    for v in report["compare"]["variants"]:
        event = v.get("junction")
        if not event or not v["reported"] or not v["gene"]:
            continue
        first, second = genes_of(v)
        same = v["chrom"] == event["chrom"]
        kind = CLASSES[v["type"]]
        common = {
            "SV_Status": "SOMATIC", "Site1_Hugo_Symbol": first, "Site2_Hugo_Symbol": second,
            "Site1_Chromosome": _bare(v["chrom"]), "Site1_Position": v["pos"],
            "Site2_Chromosome": _bare(event["chrom"]), "Site2_Position": event["pos"],
            "Site2_Effect_On_Frame": FRAMES.get(event["frame"]),
            "NCBI_Build": BUILDS[report["build"]], "DNA_Support": "Yes",
            "Class": "INVERSION" if kind == "TRANSLOCATION" and same else kind,
            "SV_Length": None if event["length"] is None else abs(event["length"]),
            "Event_Info": event["name"], "Breakpoint_Type": "PRECISE" if event["precise"] else
            "IMPRECISE",
        }  # fmt: skip
        for sample in report["compare"]["samples"]:
            e = v["samples"][sample["sample"]]
            if sample["role"] in TUMOR_ROLES and e["detected"]:
                found.append(
                    {"Sample_Id": sample["sample"]}
                    | common
                    | {"Tumor_Variant_Count": e["ad"][1], "Tumor_Read_Count": e["dp"]}
                )
    return found
