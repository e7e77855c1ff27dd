"""Thresholds and model constants of align."""

from resistpanel.core.parameters import Table

TABLE = Table("align")

FIRST = TABLE.add(
    "FIRST",
    1000,
    unit="reads",
    meaning="Reads at the start of each FASTQ file that are checked before any job",
    origin="judgement",
)
SMALL = TABLE.add(
    "SMALL",
    8 << 20,
    unit="bytes",
    meaning="FASTQ files up to this size are read to their end before any job; larger ones are "
    "by the job",
    origin="judgement",
)
BATCH = TABLE.add(
    "BATCH",
    100_000_000,
    unit="bases",
    meaning="Bases per batch of bwa (-K): the same whatever the number of threads, so that the "
    "result is",
    origin="judgement",
)
CHUNK = TABLE.add(
    "CHUNK",
    2000,
    unit="pairs",
    meaning="Pairs that a thread of minimap2 aligns at a time",
    origin="judgement",
)
SETTINGS = TABLE.add(
    "SETTINGS",
    {"preset": "sr", "k": 15, "w": 5, "best_n": 2},
    unit="minimap2 options",
    meaning="minimap2's preset for short reads with shorter seeds than its 21 bases, and one of "
    "them may do, so that reads of 36 bases and those with an indel near an end are "
    "aligned",
    origin="judgement: recall beside bwa's is measured by python -m benchmarks.align --seed 99 "
    "--depth 200",
)
LONGEST = TABLE.add(
    "LONGEST",
    800,
    unit="bases",
    meaning="Longer fragments are not proper pairs",
    origin="definition: greatest fragment length of minimap2's preset for short reads",
)
SORT_MEMORY = TABLE.add(
    "SORT_MEMORY",
    "400M",
    unit="bytes",
    meaning="Memory per thread of samtools sort",
    origin="judgement",
)
