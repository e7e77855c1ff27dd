"""Thresholds and model constants of resist."""

from resistpanel.core.parameters import Table

TABLE = Table("resist")

ENOUGH_OTHERS = TABLE.add(
    "ENOUGH_OTHERS",
    3,
    unit="mutations",
    meaning="Fewest other mutations from which a lost driver is judged as a swapped sample or not",
    origin="judgement",
)
SHARED = TABLE.add(
    "SHARED",
    0.5,
    unit="1",
    meaning="Below this fraction of the earlier sample's other mutations, a later sample is not "
    "its relapse",
    origin="judgement",
)
MULTIPLIED = TABLE.add(
    "MULTIPLIED",
    1.0,
    unit="log2 ratio",
    meaning="Without normals: lower bound of a gene's depth in a later against an earlier tumour "
    "from which on the gene is amplified",
    origin="judgement: twice the copies of the earlier tumour",
)
SMALL_CLONE = TABLE.add(
    "SMALL_CLONE",
    0.2,
    unit="1",
    meaning="Cancer cell fraction below which an alteration cannot explain that a lesion regrew "
    "as a whole",
    origin="judgement",
)
UNPROVEN_FRAGMENTS = TABLE.add(
    "UNPROVEN_FRAGMENTS",
    10,
    unit="fragments",
    meaning="Without a normal: fragments of a sample from which on an allele is there beyond "
    "doubt, its origin apart",
    origin="judgement",
)
UNPROVEN_AF = TABLE.add(
    "UNPROVEN_AF",
    0.1,
    unit="1",
    meaning="Without a normal: allele frequency from which on this is so",
    origin="judgement",
)
LARGEST_BOUND = TABLE.add(
    "LARGEST_BOUND",
    0.05,
    unit="1",
    meaning="Largest upper bound of the allele frequency of the catalogued alleles with which "
    "no mechanism is stated with moderate confidence",
    origin="judgement",
)
UV_SHARE = TABLE.add(
    "UV_SHARE",
    0.5,
    unit="1",
    meaning="Fraction of C>T among the substitutions from which they are attributed to "
    "ultraviolet light",
    origin="judgement",
)
REVERSION_SPAN = TABLE.add(
    "REVERSION_SPAN",
    100,
    unit="residues",
    meaning="Largest distance of a second frameshift that compensates a first one and is "
    "considered its reversion",
    origin="judgement: reads do not phase more, and a longer stretch of another frame is likely to "
    "have a stop",
)
CONVERGENCE = TABLE.add(
    "CONVERGENCE",
    ("RAS", "RAF", "MEK", "ERK", "PI3K", "AKT", "mTOR"),
    unit="nodes of the pathway",
    meaning="Nodes at which alterations of several genes may be said to converge",
    origin="judgement: the kinases and GTPases on which resistance to RTK and RAF inhibitors meets "
    "(Wagle 2011)",
)
OWN_CHANGES = TABLE.add(
    "OWN_CHANGES",
    2,
    unit="changes",
    meaning="A drug for which the catalogue names as many substitutions of its target takes none "
    "by analogy from another inhibitor",
    origin="judgement: changes that resist one ABL, ALK or RET inhibitor and not the next",
)
STRETCH_RESIDUES = TABLE.add(
    "STRETCH_RESIDUES",
    3,
    unit="residues",
    meaning="Residues of a target that rows name for a drug from which on another one among them "
    "is taken for resistance if relapse brought it",
    origin="judgement: criterion OM1 of ClinGen/CGC/VICC (Horak 2022), a well-established part of "
    "a functional domain",
)
STRETCH_FLANK = TABLE.add(
    "STRETCH_FLANK",
    10,
    unit="residues",
    meaning="What the stretch of these residues is longer at both ends",
    origin="judgement: a few turns of a helix",
)
THROUGH_TARGET = TABLE.add(
    "THROUGH_TARGET",
    (
        "antibody-drug conjugate",
        "topoisomerase I inhibitor",
        "topoisomerase II inhibitor",
        "anti-CD20 antibody",
        "anti-claudin 18.2 antibody",
        "T-cell engager",
        "CAR T-cell therapy",
    ),
    unit="drug classes",
    meaning="Classes whose drugs kill through their target instead of blocking its signal, so that "
    "its loss resists them",
    origin="judgement: a conjugate, a T cell and an antibody that recruits need their antigen, a "
    "poison of a topoisomerase needs the enzyme",
)
SOLID_TUMOR_DRIVERS = TABLE.add(
    "SOLID_TUMOR_DRIVERS",
    (
        *("TP53", "ATM", "CHEK2", "BCOR", "BCORL1", "CBL", "EZH2", "RAD21", "RUNX1", "SF3B1"),
        *("STAG2", "U2AF1"),
    ),
    unit="genes",
    meaning="Genes of clonal haematopoiesis (HEMATOPOIESIS_GENES of compare) that are drivers of "
    "solid tumours as well: what suggests blood cells must be seen in plasma or the normal",
    origin="paper: Martinez-Jimenez et al. 2020, Nat Rev Cancer 20:555 (IntOGen); Coombs et al. "
    "2018, Clin Cancer Res 24:5918, leaves out TP53 as well",
)
BLOOD_CANCERS = TABLE.add(
    "BLOOD_CANCERS",
    (
        *("all", "aml", "apl", "cll", "cml", "cmml", "jmml", "mds", "mpn", "mpal", "mgus", "cnl"),
        *("pmf", "nhl", "hes", "dlbcl", "ptcl", "aitl", "ctcl", "pcnsl", "bpdcn", "cel"),
    ),
    unit="words of a disease",
    meaning="Abbreviations of cancers of the blood, in which clonal haematopoiesis is no other "
    "disease",
    origin="definition: haematological neoplasms of the WHO classification",
)
BLOOD_CANCER_STEMS = TABLE.add(
    "BLOOD_CANCER_STEMS",
    (
        *("leuk", "leuc", "lymphom", "lymphoprolif", "lymphoplasm", "lymphoid", "hodgkin"),
        *("waldenstr", "macroglobulin", "richter", "mycosis", "sezary", "castleman"),
        *("myelom", "myelofib", "myelodys", "myeloprolif", "myeloid", "granulocytic", "chlorom"),
        *("plasmacytoma", "mastocyt", "polycyth", "thrombocyth", "histiocytosis", "histiocytic"),
        *("erdheim", "hypereosin", "hematolog", "haematolog"),
    ),
    unit="beginnings of words of a disease",
    meaning="Words of cancers of the blood",
    origin="definition: haematological neoplasms of the WHO classification",
)
SOLID_TUMORS = TABLE.add(
    "SOLID_TUMORS",
    ("oma", "omas", "cancer", "cancers", "tumor", "tumors", "tumour", "tumours"),
    unit="ends of words of a disease",
    meaning="Words of solid tumours, if no word is of a cancer of the blood; with neither, and in "
    "no row of diseases.tsv, the kind of a disease is not known",
    origin="definition: names of tumours (carcinoma, sarcoma, melanoma)",
)
UNCATALOGUED = TABLE.add(
    "UNCATALOGUED",
    4,
    unit="tier",
    meaning="Tier of evidence of what the catalogue does not have for the drug",
    origin="definition: the last",
)
MECHANISM_PRIOR = TABLE.add(
    "MECHANISM_PRIOR",
    0.5,
    unit="mechanisms",
    meaning="Catalogued mechanisms expected in a patient who relapsed, before the sample is seen",
    origin="judgement: a mechanism is found in about half of the relapses under a targeted drug",
)
NOT_IN_PATIENTS = TABLE.add(
    "NOT_IN_PATIENTS",
    0.25,
    unit="rows",
    meaning="What a row of the catalogue without evidence from patients counts for, where the "
    "mechanisms expected are divided over its rows",
    origin="judgement: most changes that were selected in cells have not been seen in patients",
)
SAME_RESIDUE = TABLE.add(
    "SAME_RESIDUE",
    0.3,
    unit="1",
    meaning="Mechanisms that are another substitution of a residue with an exact row, to those "
    "that are the substitution of a row",
    origin="measured: of the 194 exact substitutions of resistance in the catalogue, 63 are at a "
    "residue with another one",
)
SAME_PATHWAY = TABLE.add(
    "SAME_PATHWAY",
    0.1,
    unit="1",
    meaning="Mechanisms that are known by analogy alone (another gene of a cascade, an inhibitor "
    "of another receptor), to those that have a row",
    origin="judgement: what a cascade brings about is named for most drugs",
)
CASCADES = TABLE.add(
    "CASCADES",
    (("RAS", "RAF", "MEK", "ERK"), ("PI3K", "AKT")),
    unit="nodes of the pathway",
    meaning="Nodes in a row, of which activating one does the same as activating one before it",
    origin="judgement: the two cascades of Wagle 2011 and Garcia-Alvarez 2021, without their "
    "branches",
)
PASSENGERS = TABLE.add(
    "PASSENGERS",
    10.0,
    unit="variants per Mb",
    meaning="Passengers expected on the targets among the variants that a relapse brings, before "
    "they are counted",
    origin="judgement: of the order of the somatic mutations of a tumour",
)
PASSENGERS_WEIGHT = TABLE.add(
    "PASSENGERS_WEIGHT",
    0.5,
    unit="variants",
    meaning="Shape of the gamma prior of that number: as many variants as it counts for",
    origin="judgement: little, as tumours differ by orders of magnitude",
)
LIKELY = TABLE.add(
    "LIKELY",
    0.9,
    unit="1",
    meaning="Least probability that a finding is right, and that its allele is real, for high "
    "confidence; below it a reason is given",
    origin="judgement: as stated in docs/validation/confidence.md",
)
EVEN = TABLE.add(
    "EVEN",
    0.5,
    unit="1",
    meaning="Probability that a finding is right below which confidence is low",
    origin="judgement",
)
