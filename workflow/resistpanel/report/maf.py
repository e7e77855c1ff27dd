"""MAF as cBioPortal reads it: one row per reported variant and tumour in which it was detected.

Germline variants that are inherited resistance to a drug given are in it too, as Germline.

Columns and rules after cBioPortal's docs/File-Formats.md and the checks of its validateData.py.
"""

import re

from resistpanel.core.errors import InputError
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.clones import clone_of
from resistpanel.report.parts import effects, inherited, line_of, trajectory
from resistpanel.report.review import decisions_of
from resistpanel.report.tsv import field
from resistpanel.report.words import EFFECTS

COLUMNS = (
    "Hugo_Symbol", "NCBI_Build", "Chromosome", "Start_Position", "End_Position", "Strand",
    "Variant_Classification", "Variant_Type", "Reference_Allele", "Tumor_Seq_Allele1",
    "Tumor_Seq_Allele2", "Tumor_Sample_Barcode", "Matched_Norm_Sample_Barcode",
    "Mutation_Status", "HGVSp_Short", "HGVSc", "HGVSp", "Transcript_ID", "RefSeq", "t_ref_count",
    "t_alt_count", "n_ref_count", "n_alt_count", "cbp_driver", "cbp_driver_annotation",
    "RESISTPANEL.STATE", "RESISTPANEL.AF", "RESISTPANEL.AF_LOW", "RESISTPANEL.AF_HIGH",
    "RESISTPANEL.EFFECT", "RESISTPANEL.BEFORE", "RESISTPANEL.STATUS",
    "RESISTPANEL.TRAJECTORY", "RESISTPANEL.DISTRIBUTION", "RESISTPANEL.ORIGIN", "RESISTPANEL.CLONE",
    "RESISTPANEL.REVIEW", "RESISTPANEL.ASSAY", "RESISTPANEL.VRS_ALLELE_ID",
)  # fmt: skip

#: Of the GDC's MAF format, whose columns and values these are.
VERSION = "2.4"
BUILDS = {"hg19": "GRCh37", "hg38": "GRCh38"}

#: Sequence Ontology term to Variant_Classification; frameshifts and inframe changes by length.
CLASSES = {
    "splice_acceptor": "Splice_Site", "splice_donor": "Splice_Site",
    "stop_gained": "Nonsense_Mutation", "stop_lost": "Nonstop_Mutation",
    "start_lost": "Translation_Start_Site", "missense": "Missense_Mutation",
    "splice_region": "Splice_Region", "stop_retained": "Silent", "start_retained": "Silent",
    "synonymous": "Silent", "intron": "Intron", "non_coding": "RNA", "5_prime_utr": "5'UTR",
    "3_prime_utr": "3'UTR", "upstream_gene": "5'Flank", "downstream_gene": "3'Flank",
    "intergenic": "IGR",
}  # fmt: skip


def alleles(pos: int, ref: str, alt: str) -> dict:
    """Return start, end (1-based, both included), alleles and type as MAF writes them.

    The first bases that both VCF alleles share are taken off; ``-`` stands for nothing. An
    insertion lies between start and end.
    """
    while ref and alt and ref[0] == alt[0]:
        ref, alt, pos = ref[1:], alt[1:], pos + 1
    if len(ref) == len(alt):
        kind = {1: "SNP", 2: "DNP", 3: "TNP"}.get(len(ref), "ONP")
    else:
        kind = "DEL" if len(ref) > len(alt) else "INS"
    start, end = (pos, pos + len(ref) - 1) if ref else (pos - 1, pos)
    return {
        "Start_Position": start, "End_Position": end, "Variant_Type": kind,
        "Reference_Allele": ref or "-", "Tumor_Seq_Allele1": ref or "-",
        "Tumor_Seq_Allele2": alt or "-",
    }  # fmt: skip


def classification(variant: dict) -> str:
    """Return Variant_Classification by the most severe term."""
    kind = "Ins" if len(variant["alt"]) > len(variant["ref"]) else "Del"
    for term in (variant["consequence"] or "").split("&"):
        term = term.removesuffix("_variant").lower()
        if term == "frameshift":
            return f"Frame_Shift_{kind}"
        if term.startswith("inframe") or term == "protein_altering":
            return f"In_Frame_{kind}"
        if term in CLASSES:
            return CLASSES[term]
    return "Unknown"


def protein(variant: dict) -> str:
    """Return HGVSp_Short: ``p.C121S``, ``p.T726=``, or of several codons that change a delins.

    A canonical splice site has the name that cBioPortal gives it, ``p.X157_splice``: by the codon
    of the first coding base of the c. name (vcf2maf, Genome Nexus).
    """
    changes = variant["protein_changes"]
    site = "splice_acceptor" in (variant.get("consequence") or "")
    site = site or "splice_donor" in (variant.get("consequence") or "")
    coding = re.match(r"c\.(\d+)", variant.get("hgvs_c") or "")
    if not changes and coding and site:
        return f"p.X{-(-int(coding[1]) // 3)}_splice"
    if not changes:
        return f"p.{variant['protein']}" if variant["protein"] else ""
    changing = [c for c in changes if c["ref"] != c["alt"]] or changes[:1]
    first, last = changing[0], changing[-1]
    if len(changing) == 1:
        if first["ref"] == first["alt"]:
            return f"p.{first['ref']}{first['residue']}="
        return f"p.{first['short']}"
    new = "".join(c["alt"] for c in changing)
    return f"p.{first['ref']}{first['residue']}_{last['ref']}{last['residue']}delins{new}"


def driver(
    finding: dict | None,
    silent: bool = False,
    inherited: dict | None = None,
    decided: str | None = None,
) -> tuple[str, str]:
    """Return cbp_driver and its annotation (at most 80 characters).

    A driver of another drug is a driver. What is not connected with the drug is not known to be a
    passenger: a synonymous change alone is. What a reader rejected is no driver.
    """
    if decided == "rejected":
        return "Unknown", "rejected at review"
    if inherited is not None:
        return "Putative_Driver", _short(f"inherited resistance: {', '.join(inherited['drugs'])}")
    if finding is None:
        return "Unknown", "not ranked"
    if finding["effect"] == "known":
        drugs = dict.fromkeys(d for row in finding["evidence"] for d in row["drugs"])
        return "Putative_Driver", _short(
            f"resistance: {', '.join(drugs)}" if drugs else "resistance"
        )
    if finding["effect"] in ("driver", "other_driver"):
        return "Putative_Driver", EFFECTS[finding["effect"]]
    if silent:
        return "Putative_Passenger", "synonymous"
    return "Unknown", EFFECTS[finding["effect"]]


def _short(text: str) -> str:
    """Return text as an annotation of cBioPortal, which takes 80 characters."""
    return text if len(text) <= 80 else text[:79] + "…"


def status(variant: dict, inherited: bool) -> str:
    """Return Mutation_Status: Unknown where there is no normal and the origin is not determined."""
    if inherited:
        return "Germline"
    return (
        "Somatic" if variant.get("origin", {}).get("value", "somatic") == "somatic" else "Unknown"
    )


def rows(report: dict) -> list[dict]:
    """Return the rows of a patient.

    Raises
    ------
    InputError
        The build is not known: MAF must state it.
    """
    if report["build"] not in BUILDS:
        raise InputError(
            "a MAF states the build, and it is not known",
            cure="give --build, or a VCF with contig lengths (--vcf)",
        )
    compare = report["compare"]
    findings = {f["variant"]: f for f in report["resist"]["findings"]}
    lesions = compare["lesions"]["variants"]
    clone, decided = clone_of(report), decisions_of(report)
    germline, effect = inherited(report), effects(report)
    normal = next((s["sample"] for s in compare["samples"] if s["role"] == "normal"), None)
    used = report["provenance"].get("assay")
    found = []
    for v in compare["variants"]:
        resists = germline.get(v["id"])
        if not (v["reported"] or resists) or v.get("junction"):
            continue
        finding = findings.get(v["id"])
        mark, why = driver(finding, classification(v) == "Silent", resists, decided.get(v["id"]))
        chrom = v["chrom"][3:] if v["chrom"].lower().startswith("chr") else v["chrom"]
        common = {
            "Hugo_Symbol": v["gene"] or "Unknown", "NCBI_Build": BUILDS[report["build"]],
            "Chromosome": "MT" if chrom == "M" else chrom, "Strand": "+",
            "Variant_Classification": classification(v),
            "Matched_Norm_Sample_Barcode": normal, "Mutation_Status": status(v, bool(resists)),
            "HGVSp_Short": protein(v), "HGVSc": v["hgvs_c"], "HGVSp": v["hgvs_p"],
            "Transcript_ID": v["transcript"], "RefSeq": v.get("refseq"),
            "cbp_driver": mark, "cbp_driver_annotation": why,
            "RESISTPANEL.STATE": v["state"],
            "RESISTPANEL.EFFECT": effect.get(v["id"]),
            "RESISTPANEL.BEFORE": (line_of(v) or {}).get("before"),
            "RESISTPANEL.STATUS": v["status"],
            "RESISTPANEL.TRAJECTORY": "; ".join(trajectory(v)) or None,
            "RESISTPANEL.DISTRIBUTION": (lesions.get(v["id"]) or {}).get("kind"),
            "RESISTPANEL.ORIGIN": v.get("origin", {}).get("value"),
            "RESISTPANEL.CLONE": clone.get(v["id"]),
            "RESISTPANEL.REVIEW": decided.get(v["id"]),
            "RESISTPANEL.ASSAY": f"{used['name']} {used['version']}" if used else None,
            "RESISTPANEL.VRS_ALLELE_ID": v.get("vrs", {}).get("id"),
            **alleles(v["pos"], v["ref"], v["alt"]),
        }  # fmt: skip
        for sample in compare["samples"]:
            e = v["samples"][sample["sample"]]
            if sample["role"] not in TUMOR_ROLES or not e["detected"]:
                continue
            counts = v["samples"][normal]["ad"] if normal else (None, None)
            found.append(
                common
                | {
                    "Tumor_Sample_Barcode": sample["sample"],
                    "t_ref_count": e["ad"][0], "t_alt_count": e["ad"][1],
                    "n_ref_count": counts[0], "n_alt_count": counts[1],
                    "RESISTPANEL.AF": e["af"], "RESISTPANEL.AF_LOW": e["af_low"],
                    "RESISTPANEL.AF_HIGH": e["af_high"],
                }
            )  # fmt: skip
    return found


def maf(found: list[dict]) -> str:
    """Return rows as a MAF: its version, the header, the rows."""
    lines = [f"#version {VERSION}", "\t".join(COLUMNS)]
    lines += ["\t".join(field(row[name]) for name in COLUMNS) for row in found]
    return "\n".join(lines) + "\n"
