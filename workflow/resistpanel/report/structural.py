"""Junctions as cBioPortal reads them (data_sv.txt): one row per event and tumour that has it.

Columns after cBioPortal's docs/File-Formats.md, structural variant data.
"""

from resistpanel.annotate.junctions import fusion_gene_spans
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.maf import BUILDS
from resistpanel.report.report_constants import BESIDE

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


def sites(variant: dict, build: str) -> list[tuple[str, int]]:
    """Return chromosome and 1-based position of both sites, in the order of `genes_of`.

    A record may be at either breakend: the sites of a fusion are swapped where the 5' gene is at
    the other one, or the 3' gene at this one.
    """
    event = variant["junction"]
    here = (_bare(variant["chrom"]), variant["pos"])
    there = (_bare(event["chrom"]), event["pos"])
    if not event["fusion"]:
        return [here, there]
    spans = fusion_gene_spans(build)

    def holds(name: str, place: tuple[str, int]) -> bool:
        if ":" in name:
            return name.rpartition(":")[0].removeprefix("chr") == place[0] and name.endswith(
                f":{place[1]}"
            )
        if name not in spans:
            return False
        chrom, start, end = spans[name]
        return _bare(chrom) == place[0] and start - BESIDE <= place[1] <= end + BESIDE

    head, tail = event["fusion"].split("::")
    as_it_is = holds(head, here) or holds(tail, there)
    swapped = holds(head, there) or holds(tail, here)
    return [there, here] if swapped and not as_it_is else [here, there]


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
        (chrom_1, pos_1), (chrom_2, pos_2) = sites(v, report["build"])
        kind = CLASSES[v["type"]]
        common = {
            "SV_Status": "SOMATIC", "Site1_Hugo_Symbol": first, "Site2_Hugo_Symbol": second,
            "Site1_Chromosome": chrom_1, "Site1_Position": pos_1,
            "Site2_Chromosome": chrom_2, "Site2_Position": pos_2,
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
