"""Every residue that the catalogue claims, against the real coding sequences and coordinates."""

import functools
import gzip
import json

import pytest

from resistpanel.catalog.classes import load_activating, load_inactivating, load_recurrent
from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.sites import reference_residues
from resistpanel.catalog.table import load_catalog
from resistpanel.core.files import HOME
from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.panel.genes import load_genes

FACTS = HOME.parent / "shared" / "facts" / "refcds138_hg19.json.gz"
RESIDUES = reference_residues(
    [
        *load_catalog(),
        *load_drivers(),
        *load_activating(),
        *load_inactivating(),
        *load_recurrent(),
    ]
)

#: hg19 positions (1-based) of substitutions, as CIViC gives them (GRCh37): they must fall on
#: the right base of the codon that the panel's transcript gives the residue's number to. For
#: genes without a coding sequence to compare with, this is what holds the numbering.
COORDINATES = [
    ("ALK", 1174, "chr2", 29443695, 2),
    ("ALK", 1245, "chr2", 29436859, 1),
    ("AR", 877, "chrX", 66943549, 0),
    ("ESR1", 463, "chr6", 152415537, 0),
    ("ESR1", 536, "chr6", 152419920, 1),
    ("ESR1", 537, "chr6", 152419922, 0),
    ("ESR1", 538, "chr6", 152419926, 1),
    ("GNAS", 201, "chr20", 57484420, 0),
    ("SMO", 473, "chr7", 128849189, 0),
    ("SMO", 412, "chr7", 128846398, 0),
    ("MET", 1228, "chr7", 116423407, 0),
    ("FGFR3", 555, "chr4", 1807494, 0),
    ("MTOR", 2108, "chr1", 11187094, 2),
    ("KRAS", 12, "chr12", 25398284, 1),
    ("NRAS", 61, "chr1", 115256530, 0),
    ("BRAF", 600, "chr7", 140453136, 1),
    ("EGFR", 797, "chr7", 55249091, 0),
    ("KIT", 670, "chr4", 55595519, 1),
    ("PDGFRA", 842, "chr4", 55152093, 1),
    ("PIK3CA", 545, "chr3", 178936091, 0),
    ("FLT3", 835, "chr13", 28592642, 0),
    ("MAP2K1", 121, "chr15", 66729154, 1),
    ("DNMT3A", 882, "chr2", 25457242, 1),
    ("CTNNB1", 41, "chr3", 41266124, 0),
    ("CTNNB1", 45, "chr3", 41266137, 1),
    ("PAX5", 80, "chr9", 37015165, 1),
]


#: Genes of the catalogue that the shipped panel of 138 does not hold.
OFF_PANEL = {
    *("B2M", "BAX", "BCL2", "BTK", "CCNE2", "CD19", "CRBN", "DHFR", "EPAS1", "FAT1", "GLI2"),
    *("GPRC5D", "IGF2", "NT5C2", "PALB2", "PIK3CB", "PIK3R2", "PLCG2", "PREX2", "PSMB5", "RAC1"),
    *("RAD51C", "RAD51D", "ROS1", "SLC29A1", "TACSTD2", "TNFRSF17", "TOP1", "TP53BP1", "XPO1"),
    *("ABCB1", "CD38", "CYP19A1", "DCK", "FPGS", "HPRT1", "IFNGR1", "IFNGR2", "MS4A1", "PML"),
    *("PMS2", "PRPS1", "YAP1"),
}
#: Genes with residues that neither panel has: a panel of the user's own may.
OFF_BOTH = {
    *("BCOR", "CCND3", "CHD4", "CIC", "CREBBP", "CSF3R", "CTCF", "DICER1", "DIS3", "EIF1AX"),
    *("ERCC2", "FOXA1", "FOXL2", "GATA3", "GNA13", "GNB1", "H3-3A", "IRF4", "KEAP1", "KLF4"),
    *("KLF5", "KNSTRN", "MAX", "MED12", "MEF2B", "MYD88", "NFE2L2", "PCBP1", "POLE", "PPP2R1A"),
    *("RHOA", "RIT1", "RRAS2", "RXRA", "SETD2", "SMAD2", "SPOP", "SRSF2", "STAT3", "STAT6"),
    *("FOXO1", "H3C2", "IL7R", "KMT2D", "NOTCH2", "PIM1", "SOCS1", "STAT5B", "TGFBR2", "U2AF1"),
}
#: With genes of the other tables.
WITHOUT_SEQUENCE = OFF_PANEL | OFF_BOTH | {"SF3B1"}


@pytest.fixture(scope="module")
def genes():
    return load_genes(HOME / "panels" / "cancer138" / "hg19.gff3")


@functools.cache
def facts():
    with gzip.open(FACTS, "rt") as handle:
        return json.load(handle)["genes"]


def test_every_residue_exists_on_the_panel(genes):
    assert {row.gene for row in load_catalog() if row.visible_in_dna} - set(genes) == OFF_PANEL
    every = load_genes(HOME / "panels" / "resistance" / "hg19.gff3")
    assert {gene for gene, _ in RESIDUES} - set(every) == OFF_BOTH
    for gene, residue in RESIDUES:
        assert gene in OFF_BOTH or residue < every[gene].residues, (gene, residue)


@pytest.mark.parametrize(("gene", "residue", "chrom", "pos", "phase"), COORDINATES)
def test_coordinates_of_an_independent_source(genes, gene, residue, chrom, pos, phase):
    assert genes[gene].chrom == chrom
    assert genes[gene].residue(pos - 1) == (residue, phase)


def test_rows_that_claim_one_residue_agree():
    claims: dict[tuple[str, int], set[str]] = {}
    functional = [*load_activating(), *load_inactivating(), *load_recurrent()]
    for row in [*load_catalog(), *load_drivers(), *functional]:
        for number, residue in row.residues:
            claims.setdefault((row.gene, number), set()).add(residue)
    assert {key: found for key, found in claims.items() if len(found) > 1} == {}


@pytest.mark.skipif(not FACTS.exists(), reason=f"{FACTS} is absent")
@pytest.mark.parametrize("status", ["exact", "near", "orf_only"])
def test_residues_agree_with_the_coding_sequence(status):
    """`near` and `orf_only` sequences are of clones: they may differ, but do not here."""
    checked = 0
    for (gene, number), residue in RESIDUES.items():
        entry = facts().get(gene)
        if entry is None:
            assert gene in WITHOUT_SEQUENCE, gene
            continue
        if entry["seq_status"] != status:
            continue
        codon = entry["seq_cds"][3 * number - 3 : 3 * number]
        assert GENETIC_CODE[codon] == residue, (gene, number)
        checked += 1
    assert checked >= {"exact": 70, "near": 10, "orf_only": 15}[status]


@pytest.mark.skipif(not FACTS.exists(), reason=f"{FACTS} is absent")
def test_genes_without_sequence_are_few_and_known():
    """Rows of these genes are checked by coordinates alone (`COORDINATES`), or by length."""
    unchecked = {
        gene
        for gene, _ in RESIDUES
        if gene not in WITHOUT_SEQUENCE and not facts()[gene]["seq_cds"]
    }
    assert unchecked == {
        "ALK", "AR", "ATM", "BCL6", "CARD11", "CBL", "CD79B", "CTNNB1", "DNMT3A", "EP300", "ESR1",
        "EZH2",
        "FBXW7", "FGFR1", "FGFR2", "GNA11", "GNAS", "IDH2", "MEN1", "MPL", "MSH6", "MYC",
        "MYCN",
        "NOTCH1", "NTRK1", "PAX5", "PTPN11", "RARA", "RUNX1", "SMAD4", "SMARCA4", "SMO",
    }  # fmt: skip
