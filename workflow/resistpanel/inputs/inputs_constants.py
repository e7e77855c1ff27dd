"""Thresholds of the checks before a run, and what a job is given."""

from resistpanel.core.parameters import Table

TABLE = Table("inputs")

MOST_PADDING = TABLE.add(
    "MOST_PADDING",
    1000,
    unit="bases",
    meaning="Largest padding of targets that a sheet may ask for",
    origin="judgement",
)
TARGETS_ASKED = TABLE.add(
    "TARGETS_ASKED",
    60,
    unit="targets",
    meaning="Targets at which a BAM is checked for reads",
    origin="judgement",
)
LEAST_COVERED = TABLE.add(
    "LEAST_COVERED",
    0.5,
    unit="1",
    meaning="Least fraction of them that must have one",
    origin="judgement",
)
READS_COMPARED = TABLE.add(
    "READS_COMPARED",
    4,
    unit="reads",
    meaning="Reads over each of them whose bases are compared with the reference",
    origin="judgement",
)
LEAST_COMPARED = TABLE.add(
    "LEAST_COMPARED",
    500,
    unit="bases",
    meaning="Least aligned bases for that comparison",
    origin="judgement",
)
MOST_MISMATCHES = TABLE.add(
    "MOST_MISMATCHES",
    0.1,
    unit="1",
    meaning="Largest fraction of them that may differ; in another genome three quarters do",
    origin="judgement",
)
READS = TABLE.add(
    "READS",
    1000,
    unit="reads",
    meaning="Primary reads of a contig that are compared with those of the other samples",
    origin="judgement",
)
CONTIGS = TABLE.add(
    "CONTIGS",
    4,
    unit="contigs",
    meaning="Contigs from which these reads are taken: a BAM downsampled to a half or a tenth of "
    "another still has reads in common with it",
    origin="judgement",
)
MOST_SHARED = TABLE.add(
    "MOST_SHARED",
    0.02,
    unit="1",
    meaning="Largest fraction of those reads that may be in two samples: sequencers name each read "
    "once, simulators may count from one in each sample, but not with the same bases",
    origin="judgement",
)
MOST_TWICE = TABLE.add(
    "MOST_TWICE",
    0.4,
    unit="1",
    meaning="Fraction of those reads twice in one BAM from which it is refused: one merged with "
    "itself has 0.5. `samtools view` of several regions without -M writes reads that overlap "
    "two of them twice; the caller counts such copies once, so that they are only noted",
    origin="judgement",
)
LEAST = TABLE.add(
    "LEAST",
    20,
    unit="reads",
    meaning="Fewest reads from which the two fractions are computed",
    origin="judgement",
)
BYTES_PER_PATIENT = TABLE.add(
    "BYTES_PER_PATIENT",
    50 * 10**6,
    unit="bytes",
    meaning="Expected disk space of the results of one patient: about ten times that of the demo, "
    "for larger panels, greater depth and more samples",
    origin="judgement",
)
BYTES_PER_SIMULATION = TABLE.add(
    "BYTES_PER_SIMULATION",
    1000 * 10**6,
    unit="bytes",
    meaning="Expected disk space of a simulated patient: about three times that of the demo",
    origin="judgement",
)
FASTQ_FACTOR = TABLE.add(
    "FASTQ_FACTOR",
    2,
    unit="1",
    meaning="Bytes of BAM and of its sorting per byte of compressed FASTQ",
    origin="judgement",
)
LEAST_SPACE = TABLE.add(
    "LEAST_SPACE",
    1_000_000,
    unit="bytes",
    meaning="Free space below which a disk is reported as full: a report alone requires more",
    origin="judgement",
)
MEMORY = TABLE.add(
    "MEMORY",
    {
        "sheet": (500, 0.0),
        "qc": (500, 0.5),
        "call": (500, 1.5),
        "annotate": (800, 0.0),
        "copynumber": (800, 0.0),
        "compare": (800, 0.0),
        "resist": (500, 0.0),
        "biomarkers": (800, 0.0),
        "report": (800, 0.2),
        "slices": (800, 0.1),
        "igv": (800, 0.4),
    },
    unit="MB; MB per MB of BAM",
    meaning="Memory request of a job of each rule: a constant, and a factor for the size of the "
    "patient's BAMs; about twice the measured peak (docs/reliability.md)",
    origin="judgement",
)
TARGET_MEMORY = TABLE.add(
    "TARGET_MEMORY",
    {"call": 200},
    unit="MB per Mb of targets",
    meaning="Least memory request of a job of a rule for its targets, beside the constant of "
    "MEMORY: their candidates, and the counts of their sites, are in memory together, also where "
    "BAMs are small",
    origin="judgement: about twice the measured growth (docs/validation/exome.md)",
)
SHARD = TABLE.add(
    "SHARD",
    8_000,
    unit="MB",
    meaning="BAM of a patient that one job of a scattered call reads, in about two and a half "
    "minutes of CPU; the size of a BAM grows with both targets and depth",
    origin="judgement",
)
MOST_SHARDS = TABLE.add(
    "MOST_SHARDS",
    32,
    unit="jobs",
    meaning="Jobs of one patient's call at most: each reads all headers and indexes again",
    origin="judgement",
)
MOST = TABLE.add(
    "MOST",
    8_000,
    unit="MB",
    meaning="Size of BAM beyond which the memory request does not increase: a larger BAM has more "
    "targets, and only the reads of one chunk are in memory",
    origin="judgement",
)
