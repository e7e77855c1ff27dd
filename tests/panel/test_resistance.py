"""The second panel: what cancer138 lacks, in frame, and the same in both builds."""

import csv
import importlib.util

import pytest

from resistpanel.catalog.table import load_catalog
from resistpanel.core.builds import LENGTHS
from resistpanel.core.files import HOME
from resistpanel.core.intervals import merge_targets, overlaps, read_targets
from resistpanel.panel.genes import load_genes

PANEL = HOME / "panels" / "resistance"
#: Residues of the proteins, as UniProt and RefSeq give them for these isoforms.
PROTEINS = {
    "BCL2": 239, "BTK": 659, "EPAS1": 870, "FAT1": 4588, "GLI2": 1586, "PALB2": 1186,
    "PIK3R2": 728, "BAX": 218, "CCNE2": 404, "CD19": 557, "CRBN": 442, "DHFR": 187, "GPRC5D": 345,
    "IGF2": 236, "NT5C2": 561, "PIK3CB": 1070, "PSMB5": 263, "SLC29A1": 535, "TACSTD2": 323,
    "TNFRSF17": 184, "TOP1": 765, "XPO1": 1071, "PLCG2": 1265, "PREX2": 1606, "RAC1": 211,
    "RAD51C": 376, "RAD51D": 348,
    "ROS1": 2347, "SF3B1": 1304, "TP53BP1": 1977, "TP63": 680, "B2M": 122,
    "ABCB1": 1280, "CD38": 300, "CYP19A1": 503, "DCK": 260, "FPGS": 587, "HPRT1": 218,
    "IFNGR1": 489, "IFNGR2": 337, "MS4A1": 297, "PML": 882, "PMS2": 862, "PRPS1": 318, "YAP1": 504,
}  # fmt: skip


@pytest.fixture(scope="module", params=["hg19", "hg38"])
def build(request):
    return request.param


@pytest.fixture(scope="module")
def rows():
    with (PANEL / "genes.tsv").open() as lines:
        return {row["gene"]: row for row in csv.DictReader(lines, delimiter="\t")}


def test_the_added_genes_and_their_proteins(rows):
    added = {name: int(r["residues"]) for name, r in rows.items() if r["origin"] == "added"}
    assert added == PROTEINS
    assert len(rows) == 183


def test_in_frame_and_as_long_as_the_protein(rows, build):
    genes = load_genes(PANEL / f"{build}.gff3")
    assert genes.keys() == rows.keys()
    for symbol, gene in genes.items():
        assert gene.offset == 0
        assert gene.length == 3 * int(rows[symbol]["residues"]) + 3, symbol
        assert gene.cds[-1][1] <= LENGTHS[build][gene.chrom]


def test_every_gene_of_the_catalogue_is_on_it(rows):
    named = {row.gene for row in load_catalog() if row.visible_in_dna}
    assert named <= rows.keys()


def test_builds_differ_by_coordinates_alone():
    one, other = (read_targets(PANEL / f"{build}.bed") for build in ("hg19", "hg38"))
    sizes = [{t.name: t.length for t in targets} for targets in (one, other)]
    assert sizes[0] == sizes[1]
    assert sum("|intron" in t.name for t in one) == 23


def test_targets_are_sorted_and_apart(build):
    targets = read_targets(PANEL / f"{build}.bed")
    assert overlaps(targets) == [] and merge_targets(targets) == targets


@pytest.mark.parametrize(
    ("symbol", "residue", "position"),
    [  # 1-based hg19 position of a published mutation or polymorphism (dbSNP) of the codon
        ("SF3B1", 700, 198266834), ("SF3B1", 718, 198266779), ("ROS1", 2032, 117638347),
        ("RAC1", 29, 6426892), ("PLCG2", 665, 81946260), ("BTK", 481, 100611164),
        ("BCL2", 47, 60985760), ("BCL2", 187, 60985341), ("B2M", 1, 45003747),
        ("ABCB1", 893, 87160618), ("ABCB1", 1145, 87138645), ("CYP19A1", 264, 51507968),
        ("IFNGR2", 64, 34787312), ("PML", 645, 74336633), ("PMS2", 470, 6026988),
        ("PMS2", 541, 6026775),
    ],
)  # fmt: skip
def test_hotspot_codons(symbol, residue, position):
    gene = load_genes(PANEL / "hg19.gff3")[symbol]
    assert position - 1 in gene.codon(residue)


@pytest.mark.parametrize(
    ("symbol", "exons"),
    [  # CCDS3548 and CCDS33544, hg38, 0-based half-open
        ("DCK", "70993835-70993926,70998066-70998182,71022366-71022560,71023558-71023706,"
         "71025815-71025931,71026664-71026755,71029351-71029378"),
        ("IFNGR2", "33403543-33403616,33414887-33415020,33421479-33421685,33426883-33427032,"
         "33432176-33432336,33432713-33432871,33436827-33436962"),
    ],
)  # fmt: skip
def test_the_usual_isoform_where_the_set_of_hg19_has_another(symbol, exons):
    gene = load_genes(PANEL / "hg38.gff3")[symbol]
    assert ",".join(f"{start}-{end}" for start, end in gene.cds) == exons


def test_files_are_what_the_script_makes(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_resistance", PANEL / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    (tmp_path / "added.tsv").write_bytes((PANEL / "added.tsv").read_bytes())
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.main()
    for path in PANEL.iterdir():
        if path.suffix in (".bed", ".gff3") or path.name == "genes.tsv":
            assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
