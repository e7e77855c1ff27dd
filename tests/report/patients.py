"""Builds the JSON of the upstream stages by hand, as docs/architecture.md describes it.

Two patients: the paper's (Wagle et al. 2011, J Clin Oncol 29:3085, Table 1; positions hg19) and
a made-up one with five lesions and sixty variants, for size and time.
"""

from __future__ import annotations

import json
import math
import random
from functools import cache
from pathlib import Path

from scipy.stats import beta

#: gene, hg19 chrom, pos, ref, alt, c., p. short, residue, consequence, AF after, AF before,
#: gene as printed, hg18 pos, protein as printed, transcript
TABLE1 = [
    ("BRAF", "chr7", 140453136, "A", "T", "c.1799T>A", "V600E", 600, "missense", 0.37, 0.40,
     "BRAF", 140099605, "p.V600E", "ENST00000288602"),
    ("BRCA1", "chr17", 41243891, "C", "T", "c.3657G>A", "E1219E", 1219, "synonymous", 0.75, 0.74,
     "BRCA1", 38497417, "p.E1172E", "ENST00000357654"),
    ("BRCA1", "chr17", 41246156, "G", "A", "c.1392C>T", "T464T", 464, "synonymous", 0.77, 0.73,
     "BRCA1", 38499682, "p.T417T", "ENST00000357654"),
    ("ERBB4", "chr2", 212248617, "C", "T", "c.3650G>A", "G1217E", 1217, "missense", 0.24, 0.25,
     "ERBB4", 211956862, "p.G1217E", "ENST00000342788"),
    ("FGFR4", "chr5", 176522392, "C", "T", "c.1581C>T", "I527I", 527, "synonymous", 0.20, 0.21,
     "FGFR4", 176454998, "p.I527I", "ENST00000292408"),
    ("FLT1", "chr13", 29005435, "C", "T", "c.826G>A", "A276T", 276, "missense", 0.66, 0.64,
     "FLT1", 27903435, "p.A276T", "ENST00000282397"),
    ("MAP2K1", "chr15", 66729154, "G", "C", "c.362G>C", "C121S", 121, "missense", 0.16, 0.0,
     "MEK1", 64516208, "p.C121S", "ENST00000307102"),
    ("PDGFRB", "chr5", 149497324, "G", "A", "c.2994C>T", "L998L", 998, "synonymous", 0.57, 0.58,
     "PDGFRB", 149477517, "p.L998L", "ENST00000261799"),
    ("PTPRD", "chr9", 8500976, "C", "T", "c.1906G>A", "E636K", 636, "missense", 0.55, 0.52,
     "PTPRD", 8490976, "p.E623K", "ENST00000356435"),
    ("PTPRD", "chr9", 8507431, "G", "A", "c.1547C>T", "P516L", 516, "missense", 0.55, 0.56,
     "PTPRD", 8497431, "p.P503L", "ENST00000356435"),
    ("RET", "chr10", 43610178, "G", "C", "c.2130G>C", "K710N", 710, "missense", 0.28, 0.0,
     "RET", 42930184, "p.K710N", "ENST00000355710"),
    ("RUNX1T1", "chr8", 92982996, "C", "T", "c.1429G>A", "D477N", 477, "missense", 0.76, 0.72,
     "RUNX1T1", 93052172, "p.D477N", "ENST00000265814"),
    ("TERT", "chr5", 1278863, "C", "T", "c.2179G>A", "E727K", 727, "missense", 0.58, 0.57,
     "TERT", 1331863, "p.E727K", "ENST00000310581"),
    ("TERT", "chr5", 1278864, "C", "T", "c.2178G>A", "T726T", 726, "synonymous", 0.58, 0.57,
     "TERT", 1331864, "p.T726T", "ENST00000310581"),
]  # fmt: skip

TABLE1_COLUMNS = [
    "gene", "gene_printed", "hg18", "hg19_chrom", "hg19_pos", "ref", "alt", "protein_printed",
    "type", "af_printed", "pre_printed", "note",
]  # fmt: skip

#: Catalogue sites of RAF-inhibitor resistance (hg19), for the negative list.
SITES = [
    ("NRAS", "Q61K", "chr1", 115256530), ("NRAS", "Q61R", "chr1", 115256529),
    ("NRAS", "Q61L", "chr1", 115256529), ("NRAS", "Q61H", "chr1", 115256528),
    ("NRAS", "G12D", "chr1", 115258747), ("NRAS", "G13R", "chr1", 115258745),
    ("KRAS", "Q61H", "chr12", 25380275), ("KRAS", "G12D", "chr12", 25398284),
    ("MAP2K1", "Q56P", "chr15", 66727451), ("MAP2K1", "K57E", "chr15", 66727453),
    ("MAP2K1", "K57N", "chr15", 66727455), ("MAP2K1", "I103N", "chr15", 66729100),
    ("MAP2K1", "L115P", "chr15", 66729136), ("MAP2K1", "P124S", "chr15", 66729162),
    ("MAP2K1", "P124L", "chr15", 66729163), ("MAP2K1", "F129L", "chr15", 66729177),
    ("MAP2K1", "E203K", "chr15", 66774131), ("MAP2K1", "V211D", "chr15", 66774156),
    ("MAP2K2", "V35M", "chr19", 4117617), ("MAP2K2", "L46F", "chr19", 4117584),
    ("MAP2K2", "F57C", "chr19", 4117550), ("MAP2K2", "Q60P", "chr19", 4117541),
    ("MAP2K2", "C125S", "chr19", 4110584), ("MAP2K2", "N126D", "chr19", 4110581),
    ("MAP2K2", "E207K", "chr19", 4101103),
]  # fmt: skip

ONE = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly",
    "H": "His", "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser",
    "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val",
}  # fmt: skip

FILTERS = {
    "PASS": "All filters passed",
    "low_evidence": "Posterior that it is somatic is below the threshold",
    "strand": "Alternative reads lie on one strand more than the reference reads do",
    "germline": "Better explained by an inherited allele than by a somatic one",
    "absent": "Forced site at which the allele was not detected in any tumour",
}


@cache
def _quantile(q: float, a: float, b: float) -> float:
    return float(beta.ppf(q, a, b))


#: What compare.json says of a sample with tumour.
TUMOR = {"detected": True, "shared_variants": 11, "catalogued": True, "median_af": 0.45,
         "contradicted_purity": None}  # fmt: skip


def counts(alt: int, depth: int, strand: float = 0.5, called: bool | None = None) -> dict:
    """Return one sample's evidence; Jeffreys interval for AF."""
    if depth == 0:
        return {
            "ad": [0, 0], "adf": [0, 0], "adr": [0, 0], "dp": 0, "af": None, "af_low": None,
            "af_high": None, "lod": None, "ub": None, "detected": None, "ccf": None,
            "ccf_low": None, "ccf_high": None, "ub_ccf": None, "hopping": None,
        }  # fmt: skip
    ref = depth - alt
    forward = [round(ref * 0.5), round(alt * strand)]
    detected = alt / depth > 0.01 if called is None else called
    low, high = _quantile(0.025, alt + 0.5, ref + 0.5), _quantile(0.975, alt + 0.5, ref + 0.5)
    return {
        "ad": [ref, alt], "adf": forward, "adr": [ref - forward[0], alt - forward[1]],
        "dp": depth, "af": alt / depth, "af_low": 0.0 if alt == 0 else low, "af_high": high,
        "lod": 7.5 / depth, "ub": _quantile(0.95, alt + 0.5, ref + 0.5),
        "detected": detected, "ccf": None, "ccf_low": None, "ccf_high": None, "ub_ccf": None,
        "hopping": None,
    }  # fmt: skip


def hgvs_p(short: str) -> str:
    """Return ``p.Cys121Ser`` for ``C121S`` and ``p.Ile527=`` for ``I527I``."""
    last = "=" if short[0] == short[-1] else ONE[short[-1]]
    return f"p.{ONE[short[0]]}{short[1:-1]}{last}"


def change(short: str) -> dict:
    """Return one entry of ``protein_changes``."""
    return {
        "residue": int(short[1:-1]),
        "residue_end": int(short[1:-1]),
        "ref": short[0],
        "alt": short[-1],
        "short": short,
        "hgvs_p": hgvs_p(short),
        "consequence": "synonymous" if short[0] == short[-1] else "missense",
    }


def variant(chrom, pos, ref, alt, gene, proteins, samples, states, state, **more) -> dict:
    """Return one entry of compare.json's ``variants``."""
    kind = "SNV" if len(ref) == len(alt) == 1 else "MNV" if len(ref) == len(alt) else "DEL"
    changes = [change(short) for short in proteins]
    residues = more.pop("residues", [c["residue"] for c in changes] * len(ref))
    value = {
        "id": f"{chrom}:{pos}:{ref}:{alt}", "chrom": chrom, "pos": pos, "ref": ref, "alt": alt,
        "type": kind, "filters": ["PASS"], "model": "somatic", "somatic_phred": 99.0,
        "gene": gene, "transcript": None,
        "consequence": changes[0]["consequence"] if changes else None,
        "hgvs_c": None, "hgvs_p": ";".join(c["hgvs_p"] for c in changes) or None,
        "protein": ",".join(proteins) or None, "protein_changes": changes,
        "substitutions": [
            {"pos": pos + i, "ref": r, "alt": a, "residue": residue}
            for i, (r, a, residue) in enumerate(zip(ref, alt, residues, strict=False))
        ] if kind in ("SNV", "MNV") else [],
        "splice": False, "sites": [], "samples": samples, "states": states, "state": state,
        "reported": True, "real": 0.99999,
        **over_time(samples, states, state),
    }  # fmt: skip
    return value | more


def over_time(samples: dict, states: list[dict], state: str | None) -> dict:
    """Return what compare.json says of a variant under a line of therapy, after its pairs."""
    if not states:
        return {"lines": [], "courses": [], "status": "absent"}
    pre = states[0]["pre"]
    seen = samples[pre]["detected"]
    before = {"acquired": "excluded", "emergent": "possible"}.get(state)
    before = before or ("present" if seen else "not known")
    line = {
        "line": 1, "state": state, "before": before, "shown_by": [pre] if seen else [],
        "excluded_by": [pre] if before == "excluded" else [],
        "inadequate": [pre] if before == "not known" else [], "ub_ccf": None,
        "why": f"the biopsy {pre} has too few fragments" if before == "not known" else None,
        "lesions": [
            {"lesion": s["post"], "pre": s["pre"], "post": s["post"], "state": s["state"],
             "text": s["text"]}
            for s in states
        ],
        "text": "; ".join(s["text"] for s in states),
        "ccf_below_1": 0.972 if before == "excluded" else None,
        "ccf_below_5": 0.9996 if before == "excluded" else None,
    }  # fmt: skip
    ever = any(e["detected"] for e in samples.values())
    now = any(samples[s["post"]]["detected"] for s in states)
    status = "present" if now else "gone" if ever else "absent"
    return {"lines": [line], "courses": [], "status": status}


def percent(x: float) -> str:
    return f"{100 * x:.1f} %"


def percent_up(x: float) -> str:
    return f"{math.ceil(1e4 * x) / 100:.2f} %"


def pair_state(state: str, a: dict, b: dict, pre: str, post: str) -> dict:
    """Return one entry of ``states``."""

    def words(s: dict) -> str:
        if s["detected"]:
            return f"{percent(s['af'])} ({percent(s['af_low'])} to {percent(s['af_high'])})"
        return f"not detected in {s['dp']} fragments (below {100 * (s['ub'] or 1):.2f} %)"

    up = {"acquired": 1.0, "emergent": 0.999, "rising": 0.999, "stable": 0.5, "falling": 0.001}
    fold = b["af"] / a["af"] if a["detected"] and b["detected"] else None
    return {
        "pre": pre, "post": post, "state": state, "probability_increase": up.get(state, 0.0),
        "fold_change": fold, "text": f"{words(a)} in {pre}, {words(b)} in {post}",
    }  # fmt: skip


def sheet() -> dict:
    """Return sheet.json of the paper's patient."""
    common = {"lesion": None, "purity": None}
    return {
        "schema": "resistpanel/sheet/1", "patient": "MEL-PLX", "sex": "male",
        "disease": "melanoma",
        "samples": [
            common | {"sample": "skin", "role": "normal", "timepoint": None, "day": None,
                      "drugs": [], "bam": "/data/skin.bam"},
            common | {"sample": "sensitive", "role": "tumor", "timepoint": "pre", "day": 0,
                      "drugs": [], "bam": "/data/sensitive.bam"},
            common | {"sample": "resistant", "role": "tumor", "timepoint": "post", "day": 161,
                      "drugs": ["PLX4032"], "bam": "/data/resistant.bam"},
        ],
        "pairs": [{"pre": "sensitive", "post": "resistant", "drugs": ["vemurafenib"]}],
        "lines": [{"number": 1, "drugs": ["vemurafenib"], "start": None, "stop": None,
                   "baseline": ["sensitive"], "samples": ["resistant"]}],
        "drugs": [{"given": "PLX4032", "drug": "vemurafenib", "classes": ["RAF inhibitor"],
                   "targets": ["BRAF"]}],
        "tumor_only": False,
    }  # fmt: skip


def qc(sheet: dict, targets: int = 40) -> dict:
    """Return qc.json: every sample passes."""
    rng = random.Random(5)
    samples = []
    for i, s in enumerate(sheet["samples"]):
        depth = 937 - 11 * i
        rows = []
        for t in range(targets):
            mean = depth * rng.uniform(0.55, 1.4)
            start = 66_000_000 + 1000 * t
            rows.append({
                "name": f"MAP2K1|ENST00000307102|exon{t + 1}", "chrom": "chr15", "start": start,
                "end": start + 150, "mean_depth": round(mean, 1),
                "min_depth": round(mean * rng.uniform(0.4, 0.8)),
            })  # fmt: skip
        samples.append({
            "sample": s["sample"], "reads_total": 2_410_000 - 7000 * i,
            "reads_on_target": 1_861_000 - 6000 * i, "on_target_fraction": 0.772,
            "duplicate_fraction": 0.081 + 0.004 * i, "mapped_fraction": 0.997,
            "mean_depth": float(depth), "median_depth": float(depth - 14),
            "fraction_at": {"100": 1.0, "250": 0.996, "500": 0.94}, "insert_size_median": 171,
            "read_length": 36, "error_rate": 0.0011, "unit": "fragments", "targets": rows,
            "gate": {"passed": True, "failures": []},
        })  # fmt: skip
    return {
        "schema": "resistpanel/qc/1",
        "patient": sheet["patient"],
        "samples": samples,
        "excluded": [{"name": "SRY|x|exon1", "chrom": "chrY", "start": 100, "end": 200}],
        "passed": True,
    }


def compare(sheet: dict) -> dict:
    """Return compare.json of the paper's patient: Table 1, near misses, a germline variant."""
    rng = random.Random(7)
    pre, post = "sensitive", "resistant"
    variants = []
    tert = [row for row in TABLE1 if row[0] == "TERT"]
    rows = [row for row in TABLE1 if row[0] != "TERT"]
    for gene, chrom, pos, ref, alt, c, p, _, what, after, before, *_, tx in rows:
        depth = [rng.randint(840, 960) for _ in range(3)]
        samples = {
            "skin": counts(0, depth[0]),
            pre: counts(1 if gene == "RET" and not before else round(before * depth[1]), depth[1]),
            post: counts(round(after * depth[2]), depth[2]),
        }
        state = "stable" if before else "acquired"
        variants.append(variant(
            chrom, pos, ref, alt, gene, [p], samples,
            [pair_state(state, samples[pre], samples[post], pre, post)], state,
            transcript=tx, hgvs_c=c, consequence=what,
            sites=["MAP2K1_C121S"] if p == "C121S" else ["BRAF_V600E"] if p == "V600E" else [],
        ))  # fmt: skip
    samples = {"skin": counts(0, 905), pre: counts(508, 892), post: counts(521, 899)}
    variants.append(variant(
        "chr5", 1278863, "CC", "TT", "TERT", ["T726T", "E727K"], samples,
        [pair_state("stable", samples[pre], samples[post], pre, post)], "stable",
        transcript=tert[0][-1], hgvs_c="c.2178_2179delinsAA", consequence="missense",
        residues=[727, 726],
    ))  # fmt: skip
    misses = [
        ("chr12", 49434411, "G", "A", "KMT2D", ["R2381C"], (0, 2, 9), "low_evidence", "somatic",
         "undetermined", 0.6),
        ("chr3", 178936091, "G", "A", "PIK3CA", ["E545K"], (0, 0, 11), "strand", "artifact",
         "undetermined", 1.0),
        ("chr4", 55141055, "A", "G", "PDGFRA", ["P567P"], (452, 448, 461), "germline", "germline",
         "stable", 0.5),
    ]  # fmt: skip
    for chrom, pos, ref, alt, gene, p, alts, why, model, state, strand in misses:
        samples = {
            name: counts(n, 900 + i, strand, n > 20)
            for i, (name, n) in enumerate(zip(("skin", pre, post), alts, strict=True))
        }
        variants.append(variant(
            chrom, pos, ref, alt, gene, p, samples,
            [pair_state(state, samples[pre], samples[post], pre, post)], state,
            filters=[why], model=model, somatic_phred=0.2 if model == "germline" else 8.4,
            reported=False,
        ))  # fmt: skip
    for (gene, p, chrom, pos), (ref, alt) in zip(SITES[:3], ("GT", "TC", "TA"), strict=True):
        samples = {n: counts(0, 880, 0.5, False) for n in ("skin", pre, post)}
        variants.append(variant(
            chrom, pos, ref, alt, gene, [p], samples,
            [pair_state("absent", samples[pre], samples[post], pre, post)], "absent",
            filters=["absent"], model="absent", somatic_phred=0.0,
            reported=False, sites=[f"{gene}_{p}"],
        ))  # fmt: skip
    variants.sort(key=lambda v: (v["chrom"], v["pos"]))
    purity = {"value": 0.74, "low": 0.66, "high": 0.82, "source": "driver BRAF V600E, diploid"}
    return {
        "schema": "resistpanel/compare/1", "patient": sheet["patient"],
        "samples": [
            {k: s[k] for k in ("sample", "role", "timepoint", "day", "lesion")}
            | {"purity": purity if s["role"] == "tumor" else
               {"value": None, "low": None, "high": None, "source": None},
               "tumor": TUMOR if s["role"] == "tumor" else None, "overdispersion": 0.0005}
            for s in sheet["samples"]
        ],
        "pairs": sheet["pairs"], "lines": sheet["lines"], "changes": [], "variants": variants,
        "lesions": {"samples": {}, "variants": {}},
    }  # fmt: skip


def pathway(altered: dict[str, list[str]], targets: list[str]) -> dict:
    """Return the MAPK and PI3K pathway (families, as the catalogue has them)."""
    nodes = [
        ("RTK", "Receptor tyrosine kinases", "receptor"), ("NF1", "NF1", "regulator"),
        ("RAS", "RAS", "transducer"), ("RAF", "RAF", "transducer"), ("COT", "COT", "transducer"),
        ("MEK", "MEK1/2", "transducer"), ("ERK", "ERK1/2", "transducer"),
        ("PI3K", "PI3K", "transducer"), ("PTEN", "PTEN", "regulator"),
        ("AKT", "AKT", "transducer"), ("CCND1", "Cyclin D", "output"), ("MYC", "MYC", "output"),
        ("MITF", "MITF", "output"), ("BCL2", "MCL1 and BCL-XL", "output"),
    ]  # fmt: skip
    edges = [
        ("RTK", "RAS", 1), ("RTK", "PI3K", 1), ("NF1", "RAS", -1), ("RAS", "RAF", 1),
        ("RAS", "PI3K", 1), ("RAF", "MEK", 1), ("COT", "MEK", 1), ("MEK", "ERK", 1),
        ("PI3K", "AKT", 1), ("PTEN", "AKT", -1), ("ERK", "CCND1", 1), ("ERK", "MYC", 1),
        ("ERK", "MITF", 1), ("ERK", "BCL2", 1), ("AKT", "BCL2", 1), ("ERK", "RTK", -1),
    ]  # fmt: skip
    return {
        "nodes": [
            {"id": n, "label": label, "role": role, "genes": [], "altered": altered.get(n, [])}
            for n, label, role in nodes
        ],
        "edges": [{"source": s, "target": t, "sign": sign} for s, t, sign in edges],
        "drug_targets": targets,
    }


FAMILIES = {"NRAS": "RAS", "KRAS": "RAS", "BRAF": "RAF", "MAP2K1": "MEK", "MAP2K2": "MEK",
            "PTEN": "PTEN", "PIK3CA": "PI3K", "AKT1": "AKT", "EGFR": "RTK", "RET": "RTK",
            "PDGFRB": "RTK", "NF1": "NF1"}  # fmt: skip


def evidence(identifier: str, drugs: list[str], level: str, drug_match: str | None, **more) -> dict:
    """Return one row of evidence; Wagle 2011 unless told."""
    row = {
        "id": identifier, "drugs": drugs, "disease": "melanoma", "evidence_level": level,
        "effect_size": None, "source": "Wagle 2011", "pmid": "21383288", "note": None,
        "direction": "resistance", "mechanism_class": "downstream_mutation",
        "match_level": "exact", "drug_match": drug_match, "disease_match": True,
    }  # fmt: skip
    return row | more


def finding(rank: int, v: dict, compare: dict, **more) -> dict:
    """Return one finding; not connected unless told."""
    tumors = [s for s in compare["samples"] if s["role"] == "tumor"]
    seen = [s for s in tumors if v["samples"][s["sample"]]["detected"]]
    value = {
        "rank": rank, "variant": v["id"], "gene": v["gene"], "protein": v["protein"],
        "label": f"{v['gene']} p.{v['protein']}".replace(",", " and p."), "state": v["state"],
        "before": v["lines"][-1]["before"] if v["lines"] else None, "status": v["status"],
        "trajectory": [],
        "mechanism_class": "none", "mechanism_text": None, "mechanisms": [],
        "grade": None, "match_level": None, "drug_match": None, "direction": None,
        "effect": "not_connected",
        "driver": False, "distribution": "truncal" if len(seen) == len(tumors) else
        "private" if len(seen) == 1 else "shared",
        "course": [
            {k: s[k] for k in ("sample", "timepoint", "day", "lesion")}
            | {k: v["samples"][s["sample"]][k]
               for k in ("detected", "af", "af_low", "af_high", "ub")}
            for s in tumors
        ],
        "for": [], "against": ["present before treatment at the same fraction"], "evidence": [],
        "other_evidence": [], "confidence": None,
    }  # fmt: skip
    return value | more


#: Of the key variant.
CONFIDENCE = {
    "real": 0.99999, "ccf_below_1": 0.972, "ccf_below_5": 0.9996, "tier": 1,
    "chance_matches": 0.0021, "new_variants": 2, "probability": 0.995,
    "text": "probability that the allele is real: above 99.9 %; that it was in less than 1 % of "
    "the tumour cells before treatment: 97.2 %, in less than 5 %: above 99.9 %; tier of evidence: "
    "1; chance matches expected among 2 new variants: 0.0021",
}  # fmt: skip


def resist(sheet: dict, compare: dict) -> dict:
    """Return resist.json of the paper's patient."""
    by_gene: dict[str, list[dict]] = {}
    for v in compare["variants"]:
        if v["reported"]:
            by_gene.setdefault(v["gene"], []).append(v)
    c121s, k710n, v600e = (by_gene[g][0] for g in ("MAP2K1", "RET", "BRAF"))
    negative = []
    for i, (gene, protein, chrom, pos) in enumerate(SITES):
        for j, name in enumerate(("sensitive", "resistant")):
            depth = 0 if (gene, protein, j) == ("MAP2K2", "E207K", 0) else 780 + 9 * i - 5 * j
            s = counts(i % 2, depth, 0.5, False) if depth else counts(0, 0)
            negative.append({
                "site": f"{chrom}:{pos}:N:{protein[-1]}", "ids": [f"{gene}-{protein}-vemurafenib"],
                "gene": gene, "protein": protein, "drugs": ["RAF inhibitor"],
                "pos": f"{chrom}:{pos}", "sample": name, "dp": s["dp"], "ub": s["ub"],
                "lod": s["lod"], "assessable": depth > 0,
            })  # fmt: skip
    post = c121s["samples"]["resistant"]
    ub = f"{percent_up(c121s['samples']['sensitive']['ub'])}"
    mechanism = "a mutation downstream of BRAF, the target of vemurafenib (RAF → MEK1/2)"
    against = "allele frequency below that of the driver: a subclone, or few copies"
    findings = [
        finding(
            1, c121s, compare, effect="known", mechanism_class="downstream_mutation",
            mechanism_text=mechanism, match_level="exact", drug_match="drug",
            direction="resistance", confidence=CONFIDENCE, grade={
                "amp_tier": "II", "amp_level": "D", "escat": None, "cases": 1, "publications": 1,
                "text": "AMP/ASCO/CAP tier II, level D; ESCAT none; patients: 1 (1 publication)",
            },
            mechanisms=[{"drug": "vemurafenib", "mechanism_class": "downstream_mutation",
                         "text": mechanism}],
            **{"for": ["exact match: reported to cause resistance to vemurafenib",
                       f"acquired: not detected before treatment (below {ub}), "
                       f"{percent(post['af'])} after relapse"]},
            against=[against],
            evidence=[
                evidence("MAP2K1-C121S-vemurafenib", ["vemurafenib"], "case report", "drug",
                         note="acquired in a patient under PLX4032"),
                evidence("MAP2K1-C121S-PLX4720", ["PLX4720"], "in vitro", "class",
                         effect_size="GI50 about 100-fold higher (A375)"),
            ],
            other_evidence=[
                evidence("MAP2K1-C121S-selumetinib", ["selumetinib"], "in vitro", None,
                         effect_size="GI50 nearly 1,000-fold higher (A375)",
                         mechanism_class="on_target_mutation"),
            ],
        ),
        finding(
            2, k710n, compare, effect="no_effect", match_level="exact", drug_match="drug",
            direction="none", **{"for": ["acquired"]},
            against=["tested without effect on PLX4720 sensitivity",
                     "in a part of RET without known function"],
            evidence=[
                evidence("RET-K710N-vemurafenib", ["vemurafenib"], "in vitro", "drug",
                         direction="none", mechanism_class="none",
                         effect_size="no effect on PLX4720 sensitivity"),
            ],
        ),
        finding(3, v600e, compare, effect="driver", driver=True,
                against=["the sensitising driver, for which the drug is given"]),
    ]  # fmt: skip
    for v in compare["variants"]:
        if v["reported"] and v["gene"] not in ("MAP2K1", "RET", "BRAF"):
            findings.append(finding(len(findings) + 1, v, compare))
    allosteric = ["MEK inhibitor", "allosteric MEK inhibitor"]
    fails = [
        {"drug": drug, "classes": classes, "evidence": [row],
         "reason": f"MAP2K1 p.C121S is reported under {'a drug of the same class' if by else drug}"}
        for drug, classes, row, by in [
            ("selumetinib", allosteric, "MAP2K1-C121S-selumetinib", False),
            *((d, allosteric, "MAP2K1-C121S-selumetinib", True)
              for d in ("binimetinib", "cobimetinib", "mirdametinib", "pimasertib", "refametinib",
                        "trametinib")),
            ("PLX4720", ["RAF inhibitor"], "MAP2K1-C121S-PLX4720", False),
            ("dabrafenib", ["RAF inhibitor"], "MAP2K1-C121S-vemurafenib", True),
            ("encorafenib", ["RAF inhibitor"], "MAP2K1-C121S-vemurafenib", True),
        ]
    ]  # fmt: skip
    bounds = [n["ub"] for n in negative if n["assessable"] and n["sample"] == "resistant"]
    found = {
        "schema": "resistpanel/resist/1", "patient": sheet["patient"], "drugs": sheet["drugs"],
        "verdict": {
            "kind": "mechanism", "confidence": "high", "key_variants": [c121s["id"]],
            "sentence": f"MAP2K1 p.C121S, {mechanism}, was acquired: not detected (at most {ub} "
            f"at depth {c121s['samples']['sensitive']['dp']}) before, {percent(post['af'])} of "
            f"{post['dp']} fragments after. It is known to resist RAF inhibitors and allosteric "
            "MEK inhibitors.",
            "reasons": [
                "exact match: reported to cause resistance to vemurafenib (case report)",
                "the sensitising driver BRAF V600E is retained",
                "near miss: PIK3CA E545K is catalogued, but fails the filter strand",
            ],
        },
        "driver": {"variant": v600e["id"], "gene": "BRAF", "protein": "V600E",
                   "state": "retained", "text": "40 % before, 37 % after"},
        "findings": findings, "convergence": None, "expected_to_fail": fails,
        "options": [
            {"option": "ERK inhibitor", "reason": "inhibition downstream of MEK; not tested in "
             "patients", "source": "Wagle 2011 (Therapeutic implications)", "pmid": "21383288",
             "for": c121s["id"]},
            {"option": "ATP-competitive MEK inhibitor", "reason": "may overcome a MEK1 mutation "
             "that resists allosteric inhibitors; not tested in patients",
             "source": "Wagle 2011 (Therapeutic implications); Gao 2018",
             "pmid": "21383288;29483135", "for": c121s["id"]},
        ],
        "negative_sites": negative,
        "coverage": {
            "rows": 40, "sites": len(SITES), "not_assessable": 0, "copy_number": False,
            "median_ub": sorted(bounds)[len(bounds) // 2], "worst_ub": max(bounds),
            "without_site": ["MAP2K1-F53-PLX4720", "MAP2K1-K84-PLX4720"],
            "not_in_dna": [{"id": "MAP3K8-overexpression-vemurafenib", "gene": "MAP3K8",
                            "alteration": "overexpression", "note": "not visible in DNA"}],
        },
        "not_assessed": [],
        "near_misses": [
            {"variant": v["id"], "gene": "PIK3CA", "protein": "E545K", "filters": v["filters"],
             "samples": ["resistant"], "evidence": ["PIK3CA-E545K-vemurafenib"]}
            for v in compare["variants"] if v["gene"] == "PIK3CA" and not v["reported"]
        ],
        "excluded": [],
        "pathway": pathway({"MEK": [c121s["id"]], "RTK": [k710n["id"]],
                            "RAF": [v600e["id"]]}, ["RAF"]),
        "knowledge": {"topics": []},
    }  # fmt: skip
    return found | {"lines": therapies(sheet, found)}


def therapies(sheet: dict, resist: dict) -> list[dict]:
    """Return the verdict of each line of therapy, the latest first; all have the headline's."""
    return [
        {
            "line": line["number"], "drugs": line["drugs"], "baseline": line["baseline"],
            "samples": line["samples"], "verdict": resist["verdict"],
            "driver": resist["driver"], "lesions": [],
            "examined": examined(resist, line["samples"]),
        }
        for line in reversed(sheet["lines"])
    ]  # fmt: skip


def examined(resist: dict, samples: list[str]) -> dict:
    """Return how many catalogued alleles are excluded in samples, and the highest bound."""
    sites = [s for s in resist["negative_sites"] if s["sample"] in samples]
    blind = {s["site"] for s in sites if not s["assessable"]}
    return {
        "alleles": len({s["site"] for s in sites} - blind), "not_assessable": len(blind),
        "worst_ub": max((s["ub"] for s in sites if s["assessable"]), default=None),
    }  # fmt: skip


def vcf_header() -> str:
    """Return the header of the annotated VCF, as far as the report reads it."""
    lines = [
        "##fileformat=VCFv4.3",
        "##resistpanel_version=0.1.0",
        "##resistpanel_min_phred=13",
        "##resistpanel_error_rates=C>T:1.1e-4,G>A:1.2e-4",
    ]
    lines += [f'##FILTER=<ID={k},Description="{v}">' for k, v in FILTERS.items()]
    lines += ["##contig=<ID=chr1,length=249250621>", "##contig=<ID=chr15,length=102531392>"]
    return "\n".join([*lines, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", ""])


def write(parts: dict[str, dict], folder: Path) -> dict[str, str]:
    """Write the parts, the published table and the VCF's header; return the paths."""
    paths = {}
    for name, part in parts.items():
        paths[name] = str(folder / f"{name}.json")
        Path(paths[name]).write_text(json.dumps(part))
    (folder / "table1.tsv").write_text(table1_tsv())
    (folder / "annotate.vcf").write_text(vcf_header())
    return paths


def table1_tsv() -> str:
    """Return the published table as the TSV that ``--table1`` takes."""
    lines = ["\t".join(TABLE1_COLUMNS)]
    for gene, chrom, pos, ref, alt, _, _, _, what, after, before, printed, hg18, p, _ in TABLE1:
        note = "the paper numbers another isoform" if gene in ("BRCA1", "PTPRD") else "."
        row = [gene, printed, f"{chrom}:{hg18} {ref}>{alt}", chrom, pos, ref, alt, p,
               what.capitalize(), round(100 * after), p if before else "WT", note]  # fmt: skip
        lines.append("\t".join(map(str, row)))
    return "\n".join(lines) + "\n"


def copynumber(sheet: dict) -> dict:
    """Return copynumber.json: BRAF amplified and CDKN2A deleted after relapse, PTEN lost."""
    genome = [("chr1", "MTOR"), ("chr1", "NRAS"), ("chr7", "EGFR"), ("chr7", "MET"),
              ("chr7", "BRAF"), ("chr9", "CDKN2A"), ("chr9", "CDKN2B"), ("chr10", "PTEN"),
              ("chr15", "MAP2K1"), ("chrX", "AR")]  # fmt: skip
    changes = {
        "sensitive": {"PTEN": (-0.5, 1.1, "loss")},
        "resistant": {"PTEN": (-0.6, 1.0, "loss"), "BRAF": (3.4, 14.2, "amplification"),
                      "CDKN2A": (-1.7, 0.0, "deletion"), "CDKN2B": (-1.7, 0.0, "deletion")},
    }  # fmt: skip
    samples, ratios = {}, {}
    for name, changed in changes.items():
        genes = []
        for i, (chrom, gene) in enumerate(genome):
            log2, copies, call = changed.get(gene, (0.02 * (-1) ** i, 2.0, "neutral"))
            ratios[name, gene] = log2
            genes.append({
                "gene": gene, "chrom": chrom, "start": 1000 * i, "end": 1000 * i + 500,
                "targets": 3, "log2": log2, "log2_low": log2 - 0.2, "log2_high": log2 + 0.2,
                "copies": copies, "copies_low": max(copies - 0.4, 0), "copies_high": copies + 0.4,
                "call": call, "probability": 0.99 if call != "neutral" else 0.01,
                "loh": gene == "PTEN", "balance": None, "balance_low": None,
                "balance_high": None, "sites": 0, "partial": None,
            })  # fmt: skip
        genes[-1] |= dict.fromkeys(
            ("log2", "log2_low", "log2_high", "copies", "copies_low", "copies_high", "call",
             "probability", "loh"))  # fmt: skip
        samples[name] = {
            "purity": {"value": 0.7, "low": 0.65, "high": 0.76, "source": "clonal variants",
                       "method": "joint", "alternatives": []},
            "baseline": 2, "target_noise": 0.1, "gene_noise": 0.0, "genes": genes, "segments": [],
            "least_deleted": 2 if name == "sensitive" else None,
        }  # fmt: skip
    paired = []
    for i, (chrom, gene) in enumerate(genome):
        ratio = ratios["resistant", gene] - ratios["sensitive", gene]
        call = "higher" if ratio > 0.3 else "lower" if ratio < -0.3 else "unchanged"
        paired.append({
            "gene": gene, "chrom": chrom, "start": 1000 * i, "end": 1000 * i + 500, "targets": 3,
            "log2_ratio": ratio, "low": ratio - 0.2, "high": ratio + 0.2, "expected": 0.0,
            "p": 1e-9 if call != "unchanged" else 0.5,
            "q": 1e-8 if call != "unchanged" else 0.9, "call": call,
        })  # fmt: skip
    none = {"value": 0.0, "low": 0.0, "high": 0.002, "found": False, "evidence": 0.0, "sites": 20}
    some = {"value": 0.021, "low": 0.016, "high": 0.027, "found": True, "evidence": 40.0,
            "sites": 20}  # fmt: skip
    names = [s["sample"] for s in sheet["samples"]]
    return {
        "schema": "resistpanel/copynumber/1", "patient": sheet["patient"],
        "reference": "matched normal skin", "samples": samples,
        "pairs": [{"pre": "sensitive", "post": "resistant", "genes": paired}],
        "contamination": {"skin": none, "sensitive": some, "resistant": none},
        "tumor_in_normal": {"sensitive": none, "resistant": none | {"found": None}},
        "identity": {
            "agreement": [{"first": "skin", "second": n, "sites": 20, "discordant": 0,
                           "same": True} for n in names[1:]],
            "mismatched": [],
            "sex": {"sheet": "male", "samples": {
                n: {"sex": "male", "log_odds": -9.0, "depth_ratio": 0.5, "heterozygous": 0}
                for n in names}},
            "genotypes": {"sites": ["chr1:1:A:C"], "samples": dict.fromkeys(names, "2")},
        },
        "gate": {"passed": False, "failures": [
            {"sample": "sensitive", "metric": "contamination", "value": 0.021,
             "condition": "<= 0.01", "text": "2.1 % of the DNA is another person's"}]},
    }  # fmt: skip


def paper() -> dict[str, dict]:
    """Return the four JSONs of the paper's patient by stage."""
    s = sheet()
    c = compare(s)
    return {"sheet": s, "qc": qc(s), "compare": c, "resist": resist(s, c)}


def large(tumors: int = 5, variants: int = 60, targets: int = 2159, sites: int = 394) -> dict:
    """Return a made-up patient: many lesions, variants, targets and catalogue sites."""
    rng = random.Random(11)
    lesions = ["arm", "lung", "liver", "brain", "skin of the left lower leg, second biopsy"]
    names = [f"T{i}_{lesions[i % 5].split()[0]}" for i in range(tumors)]
    s = sheet()
    s |= {"patient": "LARGE-5", "sex": None, "pairs": [
        {"pre": names[0], "post": n, "drugs": ["vemurafenib"]} for n in names[1:]], "lines": [
        s["lines"][0] | {"baseline": names[:1], "samples": names[1:]}]}  # fmt: skip
    s["samples"] = [s["samples"][0]] + [
        s["samples"][1 if not i else 2]
        | {"sample": n, "timepoint": "post" if i else "pre", "day": 90 * i,
           "lesion": lesions[i % 5]}
        for i, n in enumerate(names)
    ]  # fmt: skip
    genes = [
        "NRAS",
        "KRAS",
        "BRAF",
        "MAP2K1",
        "MAP2K2",
        "PTEN",
        "PIK3CA",
        "AKT1",
        "EGFR",
        "RET",
        "PDGFRB",
        "NF1",
        "TP53",
    ]
    letters = "ARNDCQEGHILKMFPSTWYV"
    found = []
    for k in range(variants):
        gene = genes[k % len(genes)]
        truncal, fresh = rng.random() < 0.5, rng.random() < 0.4
        samples = {"skin": counts(0, rng.randint(600, 1200))}
        for i, n in enumerate(names):
            depth = 0 if rng.random() < 0.01 else rng.randint(300, 1500)
            there = truncal or (i > 0 and fresh and rng.random() < 0.6) or (not fresh and i == 0)
            samples[n] = counts(int(depth * rng.uniform(0.02, 0.7)) if there else 0, depth)
        states = []
        for n in names[1:]:
            a, b = samples[names[0]], samples[n]
            state = {
                (None, None): "not covered", (True, True): rng.choice(["stable", "rising"]),
                (True, False): "lost", (False, True): "acquired", (False, False): "undetermined",
            }.get((a["detected"], b["detected"]), "not covered")  # fmt: skip
            states.append(pair_state(state, a, b, names[0], n))
        order = ["acquired", "rising", "lost", "stable", "undetermined", "not covered"]
        overall = min((x["state"] for x in states), key=order.index)
        p = f"{rng.choice(letters)}{50 + k * 7}{rng.choice(letters)}"
        ref = rng.choice("ACGT")
        found.append(variant(
            "chr" + str(1 + k % 22), 1_000_000 + 1013 * k, ref,
            rng.choice([b for b in "ACGT" if b != ref]), gene, [p], samples, states, overall,
            transcript="ENST00000000000", hgvs_c=f"c.{3 * (50 + k * 7)}G>A",
        ))  # fmt: skip
    c = compare(sheet()) | {"patient": s["patient"], "variants": found, "pairs": s["pairs"],
                            "lines": s["lines"]}  # fmt: skip
    c["samples"] = [
        {k: x[k] for k in ("sample", "role", "timepoint", "day", "lesion")}
        | {
            "purity": {"value": None, "low": None, "high": None, "source": None},
            "tumor": TUMOR if x["role"] == "tumor" else None,
            "overdispersion": 0.0005,
        }
        for x in s["samples"]
    ]
    # The lesions of the large patient: what is in all of them, in some, in one.
    kinds = {0: "absent", 1: "private", tumors: "truncal"}
    c["lesions"] = {
        "samples": {lesions[i % 5]: [n] for i, n in enumerate(names)},
        "variants": {
            v["id"]: {"kind": kinds.get(sum(bool(v["samples"][n]["detected"]) for n in names),
                                        "shared"),
                      "detected": [], "not_detected": [], "unknown": []}
            for v in found
        },
    }  # fmt: skip
    base = paper()["resist"]
    key = next(v for v in found if v["state"] == "acquired")
    r = base | {"patient": s["patient"], "drugs": s["drugs"], "near_misses": []}
    label = f"{key['gene']} p.{key['protein']}"
    r["verdict"] = base["verdict"] | {
        "key_variants": [key["id"]], "confidence": "moderate",
        "sentence": f"{label}, a mutation in the drug's pathway, was acquired in some lesions.",
    }  # fmt: skip
    r["driver"] = {"variant": None, "gene": "BRAF", "protein": "V600E", "state": "unknown",
                   "text": "not assessable"}  # fmt: skip
    r["convergence"] = {
        "text": "several lesions acquired different mutations that lead to MEK1/2", "gene": None,
        "node": "MEK", "variants": [],
    }  # fmt: skip
    known = {k: base["findings"][0][k] for k in (
        "mechanism_class", "mechanism_text", "mechanisms", "match_level", "drug_match",
        "direction", "effect", "for", "against", "evidence", "other_evidence",
        "grade", "confidence")}  # fmt: skip
    r["findings"] = [
        finding(i, v, c, **(known if v is key else {}))
        for i, v in enumerate(sorted(found, key=lambda v: v is not key), 1)
    ]
    r["options"] = [o | {"for": key["id"]} for o in base["options"]]
    altered: dict[str, list[str]] = {}
    for v in found:
        altered.setdefault(FAMILIES.get(v["gene"], ""), []).append(v["id"])
    r["pathway"] = pathway(altered, ["RAF"])
    r["lines"] = therapies(s, r)
    r["negative_sites"] = [
        {"site": f"chr{1 + i % 22}:{5000 + i}:A:C", "ids": [f"{genes[i % len(genes)]}-{i}-drug"],
         "gene": genes[i % len(genes)], "protein": f"A{i + 1}V", "drugs": ["RAF inhibitor"],
         "pos": f"chr{1 + i % 22}:{5000 + i}", "sample": n, "dp": 700 + i, "ub": 3 / (700 + i),
         "lod": 7.5 / (700 + i), "assessable": True}
        for i in range(sites) for n in names
    ]  # fmt: skip
    return {"sheet": s, "qc": qc(s, targets), "compare": c, "resist": r}


def reads(compare: dict) -> dict:
    """Return made-up reads of every variant that is reported or came near, full to the brim."""
    rng = random.Random(5)
    flank = 25
    found = {}
    for v in compare["variants"]:
        if not v["reported"] and v["filters"] == ["absent"]:
            continue
        width = 2 * flank + len(v["ref"])
        bases = "".join(rng.choice("ACGT") for _ in range(flank)) + v["ref"]
        bases += "".join(rng.choice("ACGT") for _ in range(width - len(bases)))
        samples = {}
        for name, e in v["samples"].items():
            lines = []
            for kind, most in (("alt", 8), ("ref", 6), ("other", 2)):
                count = min(most, e["ad"][1] if kind == "alt" else e["dp"])
                for _ in range(count):
                    first, last = rng.randrange(flank), rng.randrange(flank + 2, width)
                    strand = rng.choice(".,:")
                    chars = [strand if first <= i <= last else " " for i in range(width)]
                    if kind != "ref":
                        base = v["alt"][0] if kind == "alt" else "N"
                        chars[flank] = base.lower() if strand == "," else base
                    marks = ["q" if c != " " and rng.random() < 0.05 else " " for c in chars]
                    lines.append({"kind": kind, "chars": "".join(chars), "marks": "".join(marks)})
            samples[name] = {
                "every": 1,
                "counts": {"alt": e["ad"][1], "ref": e["ad"][0], "other": 2},
                "note": None,
                "lines": lines,
            }
        found[v["id"]] = {"start": v["pos"] - 1 - flank, "bases": bases, "samples": samples}
    return {"flank": flank, "min_mapq": 20, "variants": found}
