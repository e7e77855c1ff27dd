"""Thresholds and model constants of annotate."""

from resistpanel.core.parameters import Table

TABLE = Table("annotate")

FLANK = TABLE.add(
    "FLANK",
    5000,
    unit="bases",
    meaning="Greatest distance from the coding sequence at which an allele is still assigned to "
    "a gene",
    origin="definition: up- and downstream distance of Ensembl VEP (default 5,000)",
)
READ_THROUGH = TABLE.add(
    "READ_THROUGH",
    900,
    unit="bases",
    meaning="Sequence past the stop codon that is read for the next stop of a shifted or "
    "extended frame",
    origin="judgement",
)
MAX_SHIFT = TABLE.add(
    "MAX_SHIFT",
    2000,
    unit="bases",
    meaning="Greatest distance at which equivalent placements of an indel are searched",
    origin="judgement",
)
BRIEF = TABLE.add(
    "BRIEF",
    12,
    unit="residues",
    meaning="Residues that bcftools csq prints before it abbreviates (--brief-predictions)",
    origin="judgement",
)
SPLICE_SITE = TABLE.add(
    "SPLICE_SITE",
    2,
    unit="bases",
    meaning="Bases of the intron at either end that are the splice site",
    origin="definition: Sequence Ontology SO:0001575 and SO:0001574",
)
REGION_EXON = TABLE.add(
    "REGION_EXON",
    3,
    unit="bases",
    meaning="Bases of the exon at either end that are in the splice region",
    origin="definition: Sequence Ontology SO:0001630",
)
REGION_INTRON = TABLE.add(
    "REGION_INTRON",
    8,
    unit="bases",
    meaning="Last base of the intron, from either end, that is in the splice region",
    origin="definition: Sequence Ontology SO:0001630",
)
MET_EXON_14 = TABLE.add(
    "MET_EXON_14",
    14,
    unit="exon",
    meaning="Exon of MET whose skipping activates it",
    origin="paper: Kong-Beltran 2006, Cancer Res 66:283",
)
MET_EXON_14_LENGTH = TABLE.add(
    "MET_EXON_14_LENGTH",
    141,
    unit="bases",
    meaning="Length of this exon; a transcript whose exon of this number has another is not named",
    origin="definition: NM_000245",
)
REVERSION_GAP = TABLE.add(
    "REVERSION_GAP",
    30,
    unit="bases",
    meaning="Distance at which two alleles of one molecule are also considered as one allele, and "
    "distance, in addition to their length, at which an allele may have arisen from a "
    "truncating one by one event",
    origin="judgement: the caller aligns a molecule with two indels this close in several ways",
)
LEAST_ITD = TABLE.add(
    "LEAST_ITD",
    9,
    unit="bases",
    meaning="Shortest insertion that is named an internal tandem duplication",
    origin="judgement",
)
