"""Thresholds and model constants of what all stages share."""

from resistpanel.core.parameters import Table

TABLE = Table("core")

Z95 = TABLE.add(
    "Z95",
    1.959963984540054,
    unit="standard deviations",
    meaning="Standard normal quantile 0.975, of two-sided 95 % intervals",
    origin="definition: standard normal distribution",
)
MIN_MAPPING_QUALITY = TABLE.add(
    "MIN_MAPPING_QUALITY",
    20,
    unit="Phred",
    meaning="Reads below this mapping quality count in no depth and are not shown",
    origin="judgement",
)
SHORT_CONTIG = TABLE.add(
    "SHORT_CONTIG",
    20_000_000,
    unit="bases",
    meaning="Contigs up to this length are read for their refget accession where it is not known "
    "(0.8 CPU s per 100 Mb)",
    origin="judgement",
)
FLANK = TABLE.add(
    "FLANK",
    400,
    unit="bases",
    meaning="Reference on either side of a variant in which it is left-aligned to compare "
    "haplotypes",
    origin="judgement",
)
REACH = TABLE.add(
    "REACH",
    25,
    unit="bases",
    meaning="Distance from a variant within which others are gathered that may give the same "
    "haplotype",
    origin="judgement",
)
MOST_NEARBY = TABLE.add(
    "MOST_NEARBY",
    10,
    unit="variants",
    meaning="Variants within reach that are tried",
    origin="judgement",
)
MOST_CALLS = TABLE.add(
    "MOST_CALLS",
    4,
    unit="variants",
    meaning="Most variants that are combined to one haplotype",
    origin="judgement",
)
MOST_BESIDE = TABLE.add(
    "MOST_BESIDE",
    3,
    unit="variants",
    meaning="Neighbouring variants, such as inherited ones, that may be part of the haplotype of "
    "the variant",
    origin="judgement",
)
PHASE_FRAGMENTS = TABLE.add(
    "PHASE_FRAGMENTS",
    3,
    unit="fragments",
    meaning="Fragments that cover two alleles, below which their phase is unknown",
    origin="judgement",
)
PHASE_ERROR = TABLE.add(
    "PHASE_ERROR",
    0.02,
    unit="1",
    meaning="Mean of the prior for the fraction of fragments that show the wrong phase of two "
    "alleles (sequencing errors, chimeric molecules), a Beta(1, 1 / mean - 1)",
    origin="judgement: of 25 pairs of alleles in cis that 100 fragments or more covered, none "
    "had more than 0.04 (real and simulated reads); chimeras are up to a few percent in amplicons",
)
LEAST_DISPLACED = TABLE.add(
    "LEAST_DISPLACED",
    3,
    unit="bases",
    meaning="Fewest bases displaced between a deletion and an insertion of one length, for the "
    "two to be one complex event and not a substitution of several bases",
    origin="judgement",
)
LEAST_DIFFERENT = TABLE.add(
    "LEAST_DIFFERENT",
    3,
    unit="bases",
    meaning="Fewest mismatches without gaps of such an event",
    origin="derived: bwa mem's default scores: a mismatch costs 5 against a match, a deletion "
    "and an insertion of one base cost 14",
)
MOST_SUBSTITUTED = TABLE.add(
    "MOST_SUBSTITUTED",
    4,
    unit="bases",
    meaning="Most mismatches of an allele of the reference's length that is a substitution of "
    "several bases; beyond it, it is a deletion with an insertion",
    origin="derived: bwa mem's default scores: a deletion and an insertion of five bases cost 22, "
    "five mismatches 25",
)
UMI_MISMATCHES = TABLE.add(
    "UMI_MISMATCHES",
    1,
    unit="bases",
    meaning="Bases in which UMIs of one family differ at most from a more frequent one of it",
    origin="definition: default of fgbio GroupReadsByUmi (--edits)",
)
UMI_PARENT = TABLE.add(
    "UMI_PARENT",
    2,
    unit="1",
    meaning="A UMI belongs to a neighbour that has at least about this many times its fragments: "
    "its count is at most 1 + (the neighbour's count) / 2",
    origin="definition: fgbio GroupReadsByUmi, strategy adjacency, after Smith et al., Genome Res "
    "2017;27:491",
)
CONSENSUS_PRE = TABLE.add(
    "CONSENSUS_PRE",
    45,
    unit="Phred",
    meaning="Error of a strand before the UMI was attached, which all of its copies have: the "
    "highest quality of the consensus of one strand",
    origin="definition: default of fgbio CallMolecularConsensusReads (--error-rate-pre-umi)",
)
CONSENSUS_POST = TABLE.add(
    "CONSENSUS_POST",
    40,
    unit="Phred",
    meaning="Error of a copy by amplification, after the UMI was attached",
    origin="definition: default of fgbio CallMolecularConsensusReads (--error-rate-post-umi)",
)
CONSENSUS_MOST = TABLE.add(
    "CONSENSUS_MOST",
    45,
    unit="Phred",
    meaning="Highest quality of the consensus of one strand; that of both has up to twice as much",
    origin="derived: CONSENSUS_PRE",
)
CONSENSUS_INPUT_QUALITY = TABLE.add(
    "CONSENSUS_INPUT_QUALITY",
    10,
    unit="Phred",
    meaning="Bases below it do not count in a consensus of two or more copies",
    origin="definition: default of fgbio CallMolecularConsensusReads (--min-input-base-quality)",
)
CONSENSUS_AGREEMENT = TABLE.add(
    "CONSENSUS_AGREEMENT",
    0.75,
    unit="1",
    meaning="Fraction of the copies of a strand that must agree, below which its base is no better "
    "than a read's: an error of the first cycle of PCR is in about half of the copies",
    origin="judgement",
)
CONSENSUS_UNSURE = TABLE.add(
    "CONSENSUS_UNSURE",
    29,
    unit="Phred",
    meaning="Highest quality of consensus bases whose copies or strands disagree, or that only "
    "one copy, or one of two strands, shows; they are in the quality groups of raw reads",
    origin="derived: consensus bases have separate error rates from 30 on",
)
FAMILY_FAR = TABLE.add(
    "FAMILY_FAR",
    2000,
    unit="bases",
    meaning="Distance of mates beyond which each end of a molecule is grouped separately, so that "
    "reads are not kept in memory until their mate",
    origin="judgement: fragments of panels are shorter than 1,000 bases",
)
FAMILY_PADDING = TABLE.add(
    "FAMILY_PADDING",
    300,
    unit="bases",
    meaning="Distance from a region within which reads are read too, so that all copies of a "
    "molecule are included",
    origin="judgement: at least one read length",
)
FAMILY_STEP = TABLE.add(
    "FAMILY_STEP",
    64,
    unit="bases",
    meaning="Positions after which finished families are sought",
    origin="judgement",
)
GENOMES_PER_NG = TABLE.add(
    "GENOMES_PER_NG",
    330.0,
    unit="1 per ng",
    meaning="Haploid genome equivalents of a nanogram of DNA",
    origin="paper: Newman et al., Nat Med 2014;20:548",
)
