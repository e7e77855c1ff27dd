"""A large patient for the report: one biopsy before treatment, four lesions after relapse.

`python -m benchmarks.report.patient OUT.yaml` writes the description that `resistpanel simulate`
reads: about sixty somatic variants, of which BRAF V600E and some forty are in every tumour, and
each lesion after relapse has its own way to resist (NRAS Q61K, MAP2K1 P124L, MAP2K1 Q56P, BRAF
amplified) and passengers of its own or shared with another lesion.

With ``--two``, a patient with five samples of two lesions over 402 days and two lines of therapy:
NRAS Q61K under vemurafenib in the axilla, MAP2K1 Q56P and P124L and BRAF amplified in the lung,
PTEN lost in both.
"""

import argparse
import csv
from pathlib import Path

import yaml

DEMO = Path(__file__).parents[2] / "resources/demo"
PRE, POST = "T0_axilla", ("T1_lung", "T2_liver", "T3_brain", "T4_left_lower_leg")
TRUNCAL = 34  # drawn at random over the targets, in every tumour

#: chrom, pos (1-based), ref, alt, lesions, cancer cell fraction: the ways to resist.
RESIST = (
    ("chr1", 115256530, "G", "T", {POST[0]: 0.7}),  # NRAS Q61K
    ("chr15", 66729163, "C", "T", {POST[1]: 0.5, POST[2]: 0.08}),  # MAP2K1 P124L
    ("chr15", 66727451, "A", "C", {POST[2]: 0.6}),  # MAP2K1 Q56P
)
#: Where further passengers lie: codons that the synthetic genome holds true, in genes outside
#: of the drug's pathway.
GENES = ("ABL1", "ALK", "IDH1", "IDH2", "JAK2", "MPL", "FGFR2", "FGFR3", "GNAS", "TP53", "AR",
         "SMO", "BTK", "ESR1", "FLT3", "EGFR", "KIT", "PDGFRA", "ROS1", "NTRK1")  # fmt: skip
#: Which tumours share a passenger, in turn.
GROUPS = (
    POST, POST[:2], POST[2:], (POST[0],), (POST[1],), (POST[2],), (POST[3],), (PRE,),
    (PRE, *POST[:2]),
)  # fmt: skip
CHANGE = {"A": "G", "C": "T", "G": "A", "T": "C"}


def passengers(count: int) -> list[dict]:
    """Return transitions at the first base of codons of `GENES`, in `GROUPS` of tumours."""
    found: dict[str, list] = {}
    with (DEMO / "codons.tsv").open() as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            if row["gene"] in GENES:
                place = row["pos"].split(",")
                reverse = int(place[0]) > int(place[-1])
                base = row["codon"][0]
                ref = dict(zip("ACGT", "TGCA", strict=True))[base] if reverse else base
                found.setdefault(row["gene"], []).append((row["chrom"], int(place[0]), ref))
    sites = [s for mine in zip(*(v * 2 for v in found.values()), strict=False) for s in mine]
    chosen = list(dict.fromkeys(sites))[:count]
    return [
        {"chrom": chrom, "pos": pos, "ref": ref, "alt": CHANGE[ref],
         "ccf": dict.fromkeys(GROUPS[i % len(GROUPS)], round(0.25 + 0.13 * (i % 6), 2))}
        for i, (chrom, pos, ref) in enumerate(chosen)
    ]  # fmt: skip


def patient() -> dict:
    """Return the description of the patient."""
    tumors = (PRE, *POST)
    purities = (0.6, 0.7, 0.5, 0.8, 0.45)
    samples = [{"sample": "N_blood", "role": "normal"}]
    for i, (name, purity) in enumerate(zip(tumors, purities, strict=True)):
        samples.append({
            "sample": name, "role": "tumor", "timepoint": "post" if i else "pre",
            "day": 200 + 10 * i if i else 0, "lesion": name.split("_", 1)[1].replace("_", " "),
            "purity": purity, "drugs": ["vemurafenib"] if i else [],
        })  # fmt: skip
    driver = {"chrom": "chr7", "pos": 140453136, "ref": "A", "alt": "T",
              "ccf": dict.fromkeys(tumors, 1)}  # fmt: skip
    resist = [{"chrom": c, "pos": p, "ref": r, "alt": a, "ccf": ccf} for c, p, r, a, ccf in RESIST]
    return {
        "patient": "five-lesions", "seed": 5, "sex": "female", "disease": "melanoma",
        "build": "hg19", "panel": "panels/cancer138",
        "genome": {"codons": str(DEMO / "codons.tsv"), "exons_per_gene": 2,
                   "bases": {"chr5:1295228": "G", "chr5:1295250": "G"}},
        "reads": {"length": 100, "insert_mean": 180, "insert_sd": 35, "depth": 400,
                  "quality": "modern", "duplicates": 0.1, "low_mapq": 0.01, "off_target": 0.03},
        "germline": {"snv_per_kb": 1.0, "indel_per_kb": 0.1, "heterozygous": 0.6},
        "samples": samples,
        "copynumber": [{"gene": "BRAF", "samples": {POST[3]: {"total": 10, "minor": 1}}}],
        "somatic": [driver, *resist, *passengers(26)],
        "random_somatic": {"snv": TRUNCAL - 6, "mnv": 2, "del": 2, "ins": 2, "af": [0.05, 0.4],
                           "samples": list(tumors)},
    }  # fmt: skip


#: Samples of the patient with two lesions: day, purity, drugs given since the sample before.
COURSE = {
    "T0_axilla": (0, 0.6, []),
    "T1_axilla": (56, 0.35, ["vemurafenib"]),
    "T2_axilla": (231, 0.7, ["vemurafenib"]),
    "T3_lung": (231, 0.55, ["vemurafenib"]),
    "T4_lung": (402, 0.65, ["dabrafenib", "trametinib"]),
}


def two_lesions() -> dict:
    """Return the description of the patient with two lesions."""
    _, second, third, fourth, fifth = tumors = tuple(COURSE)
    samples = [{"sample": "N_blood", "role": "normal"}]
    for name, (day, purity, drugs) in COURSE.items():
        samples.append({
            "sample": name, "role": "tumor", "timepoint": "post" if day else "pre", "day": day,
            "lesion": name.split("_")[1], "purity": purity, "drugs": drugs,
        })  # fmt: skip
    resist = (
        ("chr7", 140453136, "A", "T", dict.fromkeys(tumors, 1)),  # BRAF V600E, the driver
        ("chr1", 115256530, "G", "T", {second: 0.05, third: 0.6}),  # NRAS Q61K
        ("chr15", 66729163, "C", "T", {fifth: 0.55}),  # MAP2K1 P124L
        ("chr15", 66727451, "A", "C", {fourth: 0.5, fifth: 0.1}),  # MAP2K1 Q56P
    )
    # Fractions of one tree: two subclones of all cells, those of a lesion inside one of them.
    groups = ((tumors[:3], 0.2), (tumors[3:], 0.72), ((third,), 0.25), ((fifth,), 0.3),
              (tumors, 0.75), (tumors[:2], 0.15))  # fmt: skip
    others = [
        one | {"ccf": dict.fromkeys(*groups[i % len(groups)])}
        for i, one in enumerate(passengers(26))
    ]
    value = patient()
    value["reads"]["depth"] = 250
    return value | {
        "patient": "two-lesions", "samples": samples,
        "somatic": [{"chrom": c, "pos": p, "ref": r, "alt": a, "ccf": ccf}
                    for c, p, r, a, ccf in resist] + others,
        "copynumber": [
            {"gene": "BRAF", "samples": {fifth: {"total": 9, "minor": 1},
                                         fourth: {"total": 5, "minor": 1}}},
            {"gene": "PTEN", "samples": {n: {"total": 0, "minor": 0} for n in tumors[2:]}},
        ],
        "random_somatic": {"snv": 18, "mnv": 1, "del": 1, "ins": 1, "ccf": [1.0, 1.0],
                           "samples": list(tumors)},
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--two", action="store_true", help="the patient with two lesions")
    args = parser.parse_args()
    args.output.write_text(
        yaml.safe_dump(two_lesions() if args.two else patient(), sort_keys=False)
    )
