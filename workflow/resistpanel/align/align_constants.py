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
    meaning="Bases per batch of bwa (-K): independent of the number of threads, so that the "
    "result is too",
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
    meaning="minimap2's preset for short reads, with shorter seeds than its 21 bases and a single "
    "seed accepted, so that reads of 36 bases and reads with an indel near an end are "
    "aligned",
    origin="judgement: recall compared with bwa is measured by python -m benchmarks.align --seed "
    "99 --depth 200",
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
LONGEST_NAME = TABLE.add(
    "LONGEST_NAME",
    254,
    unit="characters",
    meaning="Longest name of a read",
    origin="definition: SAM specification, section 1.4",
)
KNOWN_ADAPTERS = TABLE.add(
    "KNOWN_ADAPTERS",
    {
        "TruSeq": "AGATCGGAAGAGCACACGTCTGAACTCCAGTCA AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT",
        "Nextera": "CTGTCTCTTATACACATCTCCGAGCCCACGAGAC CTGTCTCTTATACACATCTGACGCTGCCGACGA",
    },
    unit="bases",
    meaning="Adapters of read 1 and read 2 that are searched by default",
    origin="definition: Illumina Adapter Sequences, document 1000000002694",
)
ADAPTER_ERROR = TABLE.add(
    "ADAPTER_ERROR",
    0.02,
    unit="errors per base",
    meaning="Lowest error probability of a base where mates, or read and adapter, are compared",
    origin="judgement: errors of PCR and of adapter synthesis are not in the base qualities",
)
ADAPTER_LENGTH = TABLE.add(
    "ADAPTER_LENGTH",
    64,
    unit="bases",
    meaning="Bases of a given adapter that are used, the first ones",
    origin="definition: room of overlap.pyx",
)
LEAST_ODDS = TABLE.add(
    "LEAST_ODDS",
    14,
    unit="natural log odds",
    meaning="Score from which on the length of an insert is believed: about ten equal bases",
    origin="measured: none of 5,000 pairs of random sequence without overlap reaches it "
    "(tests/align/test_adapters.py)",
)
LEAST_LEAD = TABLE.add(
    "LEAST_LEAD",
    5,
    unit="natural log odds",
    meaning="Lead over every length at which no read passes its mate's start, from which on reads "
    "are trimmed: repeats overlap in many ways",
    origin="judgement",
)
SURVEYED = TABLE.add(
    "SURVEYED",
    200_000,
    unit="reads or pairs",
    meaning="At the start of a lane, from which its adapter is inferred",
    origin="judgement",
)
SURVEY_TAILS = TABLE.add(
    "SURVEY_TAILS",
    1000,
    unit="reads",
    meaning="Ends behind short inserts with which the survey ends early",
    origin="judgement",
)
LEAST_TAILS = TABLE.add(
    "LEAST_TAILS",
    20,
    unit="reads",
    meaning="Fewest ends behind short inserts from which an adapter is inferred",
    origin="judgement",
)
TAIL_SHARE = TABLE.add(
    "TAIL_SHARE",
    0.7,
    unit="1",
    meaning="Share of them that must have the same base; below it the base is N",
    origin="judgement",
)
LEAST_KNOWN = TABLE.add(
    "LEAST_KNOWN",
    8,
    unit="bases",
    meaning="Fewest bases other than N of an inferred adapter",
    origin="judgement",
)
INFERRED_LENGTH = TABLE.add(
    "INFERRED_LENGTH",
    33,
    unit="bases",
    meaning="Most bases of an adapter that are inferred",
    origin="judgement: as long as the known part of TruSeq's; an index may follow",
)
SURVEY_INSERT = TABLE.add(
    "SURVEY_INSERT",
    30,
    unit="bases",
    meaning="Shortest overlap of mates from which adapters are inferred",
    origin="judgement",
)
SINGLE_OVERLAP = TABLE.add(
    "SINGLE_OVERLAP",
    5,
    unit="bases",
    meaning="Fewest bases of an adapter at the end of a single read that are cut off",
    origin="judgement: chance cuts one read in a thousand, by as many bases",
)
SINGLE_ERRORS = TABLE.add(
    "SINGLE_ERRORS",
    0.1,
    unit="errors per base",
    meaning="Most errors of the part of an adapter that is in a single read",
    origin="definition: default of cutadapt",
)
SINGLE_SEEN = TABLE.add(
    "SINGLE_SEEN",
    16,
    unit="bases",
    meaning="Part of an adapter by which its presence in single reads is established",
    origin="judgement: by chance at one of four billion positions",
)
PHRED33_LOWEST = TABLE.add(
    "PHRED33_LOWEST",
    59,
    unit="ASCII code",
    meaning="Qualities below it are of the phred+33 scale: no other begins there",
    origin="definition: Solexa's scale begins at 59 (Cock et al. 2010, Nucleic Acids Res 38:1767)",
)
PHRED33_HIGHEST = TABLE.add(
    "PHRED33_HIGHEST",
    75,
    unit="ASCII code",
    meaning="Highest quality of raw reads on the phred+33 scale, Q42; if none is higher, reads are "
    "of that scale: on phred+64 all would be below Q12",
    origin="judgement",
)
PHRED64_LOWEST = TABLE.add(
    "PHRED64_LOWEST",
    (64, 66),
    unit="ASCII code",
    meaning="Range of the lowest quality of reads on the phred+64 scale",
    origin="definition: Illumina 1.3 begins at Q0, 1.5 at Q2 (Cock et al. 2010)",
)
PHRED64_HIGHEST = TABLE.add(
    "PHRED64_HIGHEST",
    (94, 106),
    unit="ASCII code",
    meaning="Range of their highest quality, Q30 to Q42",
    origin="judgement: Illumina 1.3 to 1.7 reach Q40 or Q41",
)
