"""The shipped panel: complete, in frame, and the same in both builds but for coordinates."""

import csv
import importlib.util

import pytest

from resistpanel.core.builds import LENGTHS
from resistpanel.core.files import HOME
from resistpanel.core.intervals import merge_targets, overlaps, read_targets
from resistpanel.panel.genes import load_genes
from resistpanel.panel.write import gene_targets

PANEL = HOME / "panels" / "cancer138"
FACTS = HOME.parent / "shared" / "facts"
BUILDS = ("hg19", "hg38")


@pytest.fixture(scope="module")
def rows():
    with (PANEL / "genes.tsv").open() as lines:
        return {row["gene"]: row for row in csv.DictReader(lines, delimiter="\t")}


@pytest.fixture(scope="module", params=BUILDS)
def build(request):
    return request.param


def test_provenance_is_stated_for_each_of_138_genes(rows):
    assert len(rows) == 138
    counts = {}
    for row in rows.values():
        counts[row["provenance"]] = counts.get(row["provenance"], 0) + 1
        assert row["source"]
    assert counts == {
        "proven bait set": 11,
        "named by the sources": 40,
        "melanoma staple": 4,
        "reconstruction": 83,
    }
    readme = (PANEL / "README.md").read_text()
    for provenance, count in counts.items():
        assert f"| {provenance} | {count} |" in readme


def test_genes_in_frame_and_as_long_as_their_protein(rows, build):
    genes = load_genes(PANEL / f"{build}.gff3")
    assert genes.keys() == rows.keys()
    for symbol, gene in genes.items():
        assert gene.offset == 0
        assert gene.length == 3 * int(rows[symbol]["residues"]) + 3, symbol
        assert gene.transcript == rows[symbol]["transcript"]
        assert gene.cds[-1][1] <= LENGTHS[build][gene.chrom]


def test_bed_is_the_coding_exons_and_the_tert_promoter(build):
    genes = load_genes(PANEL / f"{build}.gff3")
    targets = read_targets(PANEL / f"{build}.bed")
    assert overlaps(targets) == []
    assert merge_targets(targets) == targets  # sorted
    exons = [target for gene in genes.values() for target in gene_targets(gene)]
    extra = set(targets) - set(exons)
    assert set(exons) < set(targets)
    assert [t.name for t in extra] == ["TERT|ENST00000310581|promoter"]
    hotspots = {"hg19": (1295228, 1295250), "hg38": (1295113, 1295135)}[build]
    assert all(t.start < pos <= t.end for t in extra for pos in hotspots)
    assert len(exons) == 2159
    assert sum(t.length for t in exons) == 372_726


def test_builds_differ_by_coordinates_alone():
    one, other = (load_genes(PANEL / f"{build}.gff3") for build in BUILDS)
    for symbol, gene in one.items():
        twin = other[symbol]
        assert (gene.chrom, gene.strand) == (twin.chrom, twin.strand)
        assert [e - s for s, e in gene.cds] == [e - s for s, e in twin.cds]


@pytest.mark.parametrize(
    ("symbol", "residue", "hg19", "hg38"),
    [  # 1-based positions in coding order; codon bases as published for these hotspots
        ("BRAF", 600, (140453137, 140453136, 140453135), (140753337, 140753336, 140753335)),
        ("MAP2K1", 121, (66729153, 66729154, 66729155), (66436815, 66436816, 66436817)),
        ("NRAS", 61, (115256530, 115256529, 115256528), (114713909, 114713908, 114713907)),
        ("EGFR", 790, (55249070, 55249071, 55249072), (55181377, 55181378, 55181379)),
        ("KIT", 816, (55599320, 55599321, 55599322), (54733154, 54733155, 54733156)),
    ],
)
def test_hotspot_codons(symbol, residue, hg19, hg38):
    for build, expected in zip(BUILDS, (hg19, hg38), strict=True):
        gene = load_genes(PANEL / f"{build}.gff3")[symbol]
        assert tuple(pos + 1 for pos in gene.codon(residue)) == expected


@pytest.mark.skipif(not FACTS.is_dir(), reason="the compiled facts are not on this machine")
def test_files_are_what_the_script_makes(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_cancer138", PANEL / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.main(FACTS)
    for name in ("genes.tsv", *(f"{b}.{suffix}" for b in BUILDS for suffix in ("bed", "gff3"))):
        assert (tmp_path / name).read_bytes() == (PANEL / name).read_bytes(), name
