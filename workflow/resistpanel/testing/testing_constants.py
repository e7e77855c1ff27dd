"""Thresholds and model constants of testing: simulate, spike and validate."""

from resistpanel.core.parameters import Table

TABLE = Table("testing")

LADDER = TABLE.add(
    "LADDER",
    (0.005, 0.01, 0.02, 0.05, 0.1, 0.25),
    unit="1",
    meaning="validate: allele frequencies of the ladder",
    origin="judgement",
)
MULTIPLES = TABLE.add(
    "MULTIPLES",
    (0.5, 1.0, 1.5),
    unit="1",
    meaning="validate: allele frequencies as multiples of each site's LOD",
    origin="judgement",
)
HIGHEST_AF = TABLE.add(
    "HIGHEST_AF",
    0.5,
    unit="1",
    meaning="validate: highest allele frequency that is spiked in",
    origin="judgement",
)
SPARE = TABLE.add(
    "SPARE",
    1.3,
    unit="1",
    meaning="validate: variants drawn for each one wanted; those at inherited variants are dropped",
    origin="judgement",
)
SHARES = TABLE.add(
    "SHARES",
    {"SNV": 0.36, "MNV": 0.12, "INS": 0.16, "DEL": 0.2, "DUP": 0.16},
    unit="1",
    meaning="validate: classes of the variants drawn",
    origin="judgement",
)
GAP = TABLE.add(
    "GAP",
    60,
    unit="bases",
    meaning="validate: least distance between two variants, and from an inherited one",
    origin="judgement",
)
SPARSE = TABLE.add(
    "SPARSE",
    200,
    unit="bases",
    meaning="validate: target bases per variant; more variants would look like sequencing errors "
    "and clusters",
    origin="judgement",
)
LONGEST_INDEL = TABLE.add(
    "LONGEST_INDEL",
    30,
    unit="bases",
    meaning="validate: longest insertion and deletion; lengths are geometric up to it",
    origin="judgement",
)
DUPLICATION = TABLE.add(
    "DUPLICATION",
    (4, 60),
    unit="bases",
    meaning="validate: shortest and longest duplication; lengths are uniform",
    origin="judgement",
)
TRIES = TABLE.add(
    "TRIES",
    200,
    unit="draws",
    meaning="validate: attempts to draw a position for a variant",
    origin="judgement",
)
PAD = TABLE.add(
    "PAD",
    500,
    unit="bases",
    meaning="validate: distance from a target within which reads are used",
    origin="judgement",
)
REACH = TABLE.add(
    "REACH",
    1000,
    unit="bases",
    meaning="spike: reference on either side of an indel to which reads are aligned again",
    origin="judgement",
)
ANCHOR = TABLE.add(
    "ANCHOR",
    1,
    unit="bases",
    meaning="spike: fewest bases on either side of an indel for a read to be aligned through it",
    origin="judgement",
)
MATCH_SCORE = TABLE.add(
    "MATCH_SCORE",
    1,
    unit="score",
    meaning="simulate: alignment score of a match",
    origin="definition: default of bwa mem",
)
MISMATCH = TABLE.add(
    "MISMATCH",
    4,
    unit="score",
    meaning="simulate: penalty of a mismatch",
    origin="definition: default of bwa mem",
)
GAP_OPEN = TABLE.add(
    "GAP_OPEN",
    6,
    unit="score",
    meaning="simulate: penalty of opening a gap",
    origin="definition: default of bwa mem",
)
GAP_BASE = TABLE.add(
    "GAP_BASE",
    1,
    unit="score",
    meaning="simulate: penalty of each base of a gap",
    origin="definition: default of bwa mem",
)
CLIP = TABLE.add(
    "CLIP",
    5,
    unit="score",
    meaning="simulate: penalty of a clipped end",
    origin="definition: default of bwa mem",
)
LOWEST_SCORE = TABLE.add(
    "LOWEST_SCORE",
    30,
    unit="score",
    meaning="simulate: score below which a read is unmapped; half the read if that is shorter",
    origin="definition: default of bwa mem",
)
QUALITY_CLASSES = TABLE.add(
    "QUALITY_CLASSES",
    (0.85, 0.12, 0.03),
    unit="1",
    meaning="simulate: fractions of reads of good, middling and poor quality",
    origin="judgement",
)
QUALITY_BINS = TABLE.add(
    "QUALITY_BINS",
    (11, 25, 37),
    unit="Phred",
    meaning="simulate: binned qualities of recent instruments",
    origin="definition: quality bins of Illumina NovaSeq reads, without Q2",
)
SHARED_GERMLINE = TABLE.add(
    "SHARED_GERMLINE",
    0.4,
    unit="1",
    meaning="simulate: fraction of the patient's random germline variants that a contaminating "
    "person has too",
    origin="judgement",
)
SAMPLE_NOISE = TABLE.add(
    "SAMPLE_NOISE",
    0.05,
    unit="log depth",
    meaning="simulate: standard deviation of the depth at a target from sample to sample",
    origin="judgement",
)
BAM_LEVEL = TABLE.add(
    "BAM_LEVEL",
    1,
    unit="zlib level",
    meaning="simulate: compression of the BAMs, the fastest; they are a third larger than at "
    "level 6",
    origin="judgement",
)
OFF_TARGET_LENGTH = TABLE.add(
    "OFF_TARGET_LENGTH",
    4000,
    unit="bases",
    meaning="simulate: length of an off-target region",
    origin="judgement",
)
MARKOV = TABLE.add(
    "MARKOV",
    (
        (0.33, 0.17, 0.24, 0.26),
        (0.35, 0.26, 0.05, 0.34),
        (0.29, 0.21, 0.26, 0.24),
        (0.22, 0.20, 0.25, 0.33),
    ),
    unit="1",
    meaning="simulate: P(next base | base), rows and columns ACGT: dinucleotide frequencies of "
    "the human genome (41 % GC, CpG at a fifth of its expectation), as conditional "
    "probabilities of two digits",
    origin="paper: International Human Genome Sequencing Consortium 2001, Nature 409:860",
)
SPACING = TABLE.add(
    "SPACING",
    12,
    unit="bases",
    meaning="simulate: least distance between two variants drawn at random, and from a given one",
    origin="judgement",
)
TRANSITIONS = TABLE.add(
    "TRANSITIONS",
    2 / 3,
    unit="1",
    meaning="simulate: fraction of transitions among random substitutions",
    origin="judgement: a transition/transversion ratio of 2",
)
LONGEST_RUN = TABLE.add(
    "LONGEST_RUN",
    5,
    unit="bases",
    meaning="simulate: longer runs of one base are broken up in synthetic sequence",
    origin="judgement",
)
SHORTEST_PART = TABLE.add(
    "SHORTEST_PART",
    5,
    unit="bases",
    meaning="simulate: a shorter aligned part next to an indel is soft-clipped in a read that "
    "ends in adapter",
    origin="judgement: bwa mem clips fewer bases than a gap costs",
)
CFDNA_PEAKS = TABLE.add(
    "CFDNA_PEAKS",
    ((0.15, 145.0, 15.0), (0.75, 167.0, 12.0), (0.1, 333.0, 30.0)),
    unit="1, bases, bases",
    meaning="simulate: lengths of cell-free DNA as normal distributions: fraction, mean, standard "
    "deviation; the shoulder below the peak, one nucleosome with its linker, two nucleosomes",
    origin="paper: Snyder et al. 2016, Cell 164:57 (peaks at 167 and about 330 bp); fractions and "
    "widths are judgement",
)
SHORTEST_CFDNA = TABLE.add(
    "SHORTEST_CFDNA",
    60,
    unit="bases",
    meaning="simulate: shortest fragment of cell-free DNA",
    origin="judgement: shorter ones are lost in library preparation",
)
AMPLIFICATION_CYCLES = TABLE.add(
    "AMPLIFICATION_CYCLES",
    20,
    unit="cycles",
    meaning="simulate: cycles of amplification of a library with UMIs, before and after capture",
    origin="judgement",
)
EARLY_CYCLES = TABLE.add(
    "EARLY_CYCLES",
    8,
    unit="cycles",
    meaning="simulate: first cycles whose errors may be in several copies of a family; later ones "
    "are in less than one of 2^8",
    origin="derived: no family is larger than 100 but for jackpots",
)
WITHIN = TABLE.add(
    "WITHIN",
    20,
    unit="bases",
    meaning="validate --pack: distance from a known junction's ends within which a call is that "
    "junction, if its row does not give a distance",
    origin="judgement",
)
AF_RANGES = TABLE.add(
    "AF_RANGES",
    (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.01),
    unit="1",
    meaning="validate --pack: bounds of the ranges of AF by which recall is given",
    origin="judgement",
)
LEAST_WORD_FLANK = TABLE.add(
    "LEAST_WORD_FLANK",
    3,
    unit="bases",
    meaning="validate --dilute: least flank of an altered sequence by which reads are recognised",
    origin="judgement",
)
MOST_WORD_FLANK = TABLE.add(
    "MOST_WORD_FLANK",
    40,
    unit="bases",
    meaning="validate --dilute: most flank of an altered sequence by which reads are recognised",
    origin="judgement",
)
WORD_AROUND = TABLE.add(
    "WORD_AROUND",
    200,
    unit="bases",
    meaning="validate --dilute: reference on either side that must lack the altered sequence",
    origin="judgement",
)
CHUNK = TABLE.add(
    "CHUNK",
    10_000,
    unit="bases",
    meaning="validate --pack: stretches of a reference that is rebuilt from the reads",
    origin="judgement",
)
SAME_PERSON_ALLELES = TABLE.add(
    "SAME_PERSON_ALLELES",
    8,
    unit="alleles",
    meaning="assay build: fewest inherited alleles, not of all normals, that tell one person",
    origin="judgement: of the most common alleles unrelated persons share 3 in 5, of 8 hardly all",
)
SAME_PERSON_SHARED = TABLE.add(
    "SAME_PERSON_SHARED",
    0.9,
    unit="1",
    meaning="assay build: fraction of the alleles of either of two normals that both have, from "
    "which on they are of one person",
    origin="judgement: some are missed for depth; siblings share half of those that are rare",
)
LEAST_ASSAY_NORMALS = TABLE.add(
    "LEAST_ASSAY_NORMALS",
    3,
    unit="normals",
    meaning="assay build: fewest normals; a recurrent allele is one of two or more of them",
    origin="judgement",
)
DOSSIER_NORMALS = TABLE.add(
    "DOSSIER_NORMALS",
    3,
    unit="normals",
    meaning="assay report: normals that variants are put into, from the least to the best covered",
    origin="judgement",
)
REPLICATES = TABLE.add(
    "REPLICATES",
    3,
    unit="draws",
    meaning="assay report: replicates of each variant at each level",
    origin="judgement",
)
REPLICATE_AFS = TABLE.add(
    "REPLICATE_AFS",
    (0.02, 0.05),
    unit="1",
    meaning="assay report: allele frequencies of the replicates",
    origin="judgement",
)
INTERFERENCE_AF = TABLE.add(
    "INTERFERENCE_AF",
    0.05,
    unit="1",
    meaning="assay report: allele frequency under interference",
    origin="judgement",
)
FOREIGN_DNA = TABLE.add(
    "FOREIGN_DNA",
    (0.01, 0.05),
    unit="1",
    meaning="assay report: fractions of another person's fragments in the tumour",
    origin="judgement",
)
LEAKED_TUMOR = TABLE.add(
    "LEAKED_TUMOR",
    (0.05, 0.1),
    unit="1",
    meaning="assay report: fractions of the tumour's fragments in the normal",
    origin="judgement",
)
THINNER = TABLE.add(
    "THINNER",
    (0.5, 0.25),
    unit="1",
    meaning="assay report: fractions of the tumour's fragments that are kept",
    origin="judgement",
)
REPORTABLE = TABLE.add(
    "REPORTABLE",
    0.95,
    unit="1",
    meaning="assay report: fraction found from which an allele frequency counts as detected",
    origin="definition: limit of detection, 95 % (CLSI EP17-A2)",
)
