"""Names of junctions: exons of panel genes, fusions with frame and kinase domain."""

from dataclasses import replace

import pytest

from resistpanel.annotate.junctions import breakends, kinase, known, named, partners
from resistpanel.annotate.protein import protein_effect
from resistpanel.annotate.transcript import Transcript
from resistpanel.core.builds import LENGTHS
from resistpanel.core.files import HOME, open_fasta
from resistpanel.core.junction import LEFT, RIGHT, Breakend
from resistpanel.panel.genes import Gene, load_genes

#: Codons of known mutations, which are in the domain.
INSIDE = {"EGFR": 858, "BRAF": 600, "ABL1": 315, "KIT": 816, "FLT3": 835, "ALK": 1202,
          "MET": 1228, "RET": 918, "NTRK1": 595, "ERBB2": 755, "PDGFRA": 842, "FGFR3": 650,
          "FGFR2": 549, "NTRK3": 623, "RAF1": 486}  # fmt: skip


@pytest.fixture(scope="module")
def panel():
    return load_genes(HOME / "panels" / "cancer138" / "hg19.gff3")


@pytest.fixture(scope="module")
def genes(panel):
    found = {}
    for gene in panel.values():
        found.setdefault(gene.chrom, []).append(gene)
    return found


def intron(gene: Gene, before: int) -> int:
    """Return a position in the intron before a coding exon (1-based), in coding order."""
    if gene.strand == "+":
        return gene.coding_order[before - 1][0] - 30
    return gene.coding_order[before - 1][1] + 30


def event(gene: Gene, kind: str, first: int, last: int):
    """Return the breakends of a deletion or duplication of whole coding exons."""
    places = sorted((intron(gene, first), intron(gene, last + 1)))
    sides = (LEFT, RIGHT) if kind == "DEL" else (RIGHT, LEFT)
    return [Breakend(gene.chrom, pos, side) for pos, side in zip(places, sides, strict=True)]


class TestDomains:
    def test_hold_their_mutations(self, panel):
        for symbol, codon in INSIDE.items():
            row = known()["kinase_domains"][symbol]
            assert row["start"] < codon < row["end"], symbol

    def test_fit_the_proteins(self, panel):
        for symbol, row in known()["kinase_domains"].items():
            if symbol in panel:
                assert 200 < row["end"] - row["start"] < 400, symbol
                assert row["end"] < panel[symbol].residues, symbol

    def test_every_name_has_a_source(self):
        for row in known()["names"]:
            assert row["pmid"].isdigit() if "pmid" in row else row["source"], row["name"]


class TestExons:
    @pytest.mark.parametrize(
        "symbol, kind, coding, name, exons, frame, state",
        [
            ("EGFR", "DEL", (2, 7), "EGFRvIII", "EGFR:2-7", "in_frame", "kept"),
            ("EGFR", "DUP", (18, 25), "EGFR-KDD", "EGFR:18-25", "in_frame", "duplicated"),
            ("BRAF", "DEL", (2, 8), "BRAF exons 2-8 deletion", "BRAF:2-8", "in_frame", "kept"),
            ("MET", "DEL", (13, 13), "MET exon 14 deletion", "MET:14-14", "in_frame", "kept"),
            ("PTEN", "DEL", (6, 6), "PTEN exon 6 deletion", "PTEN:6-6", "out_of_frame", None),
            ("EGFR", "DEL", (19, 20), "EGFR exons 19-20 deletion", "EGFR:19-20", "in_frame", "cut"),
        ],
    )
    def test_deletions_and_duplications(
        self, panel, genes, symbol, kind, coding, name, exons, frame, state
    ):
        found = named(*event(panel[symbol], kind, *coding), genes)
        assert (found.name, found.exons, found.frame, found.kinase) == (name, exons, frame, state)
        assert found.gene == symbol

    def test_tandem_duplication_in_an_exon(self, panel, genes):
        start = panel["FLT3"].coding_order[13][0]
        ends = Breakend("chr13", start + 10, RIGHT), Breakend("chr13", start + 112, LEFT)
        found = named(*ends, genes)
        assert found.name == "FLT3-ITD, 102 bases"
        assert found.frame == "in_frame"

    def test_tandem_duplication_over_an_intron(self, panel, genes):
        """Exon 15 in part, intron 14 and exon 14 in part of FLT3, whose strand is -."""
        (_, high), (low, _) = panel["FLT3"].coding_order[14], panel["FLT3"].coding_order[13]
        found = named(
            Breakend("chr13", high - 99, RIGHT), Breakend("chr13", low + 111, LEFT), genes
        )
        assert found.name == f"FLT3-ITD, {low - high + 210} bases"
        assert (found.frame, found.coding[1] - found.coding[0]) == ("in_frame", 210)
        first = panel["FLT3"].cdna(low + 110)
        assert found.coding[0] == first - 1

    @pytest.mark.parametrize("shift, site", [(-70, "acceptor"), (100, "donor")])
    def test_splice_site_of_met_exon_14(self, panel, genes, shift, site):
        start = panel["MET"].coding_order[12][0] + shift
        found = named(Breakend("chr7", start, LEFT), Breakend("chr7", start + 120, RIGHT), genes)
        assert found.name == f"MET exon 14 skipping (splice {site} deletion, 120 bases)"
        assert (found.consequence, found.exons) == (f"splice_{site}_variant", "MET:14-14")

    def test_inserted_bases_and_the_frame(self, panel, genes):
        start = panel["FLT3"].coding_order[13][0]
        ends = Breakend("chr13", start + 10, RIGHT), Breakend("chr13", start + 112, LEFT)
        found = named(*ends, genes, None, 4)
        assert (found.name, found.frame) == ("FLT3-ITD, 106 bases", "out_of_frame")

    def test_intron(self, panel, genes):
        start = panel["EGFR"].cds[0][1] + 1000
        ends = Breakend("chr7", start, LEFT), Breakend("chr7", start + 900, RIGHT)
        assert named(*ends, genes).consequence == "intron_variant"

    def test_elsewhere(self, genes):
        assert named(Breakend("chrX", 5, LEFT), Breakend("chrX", 900, RIGHT), genes) is None


class TestFusions:
    def test_alk_keeps_its_kinase(self, panel, genes):
        """EML4 is not in the panel: breakpoint in intron 19 of ALK, whose strand is -."""
        alk = panel["ALK"]
        ends = Breakend("chr2", intron(alk, 20), LEFT), Breakend("chr2", 42_522_000, LEFT)
        found = named(*ends, genes)
        assert (found.fusion, found.kinase, found.gene) == ("chr2:42522000::ALK", "kept", "ALK")
        assert found.name == "chr2:42522000::ALK fusion (ALK exon 20)"

    @pytest.mark.parametrize("build, name", [("hg19", "chr2"), ("hg19", "2"), ("hg38", "chr2")])
    def test_partner_outside_of_the_panel(self, build, name):
        """Intron 13 of EML4 and intron 19 of ALK, as in variant 1."""
        panel = load_genes(HOME / "panels" / "cancer138" / f"{build}.gff3")
        alk = replace(panel["ALK"], chrom=name)
        others = partners({c.removeprefix("chr" if name == "2" else ""): n
                           for c, n in LENGTHS[build].items()})  # fmt: skip
        eml4 = next(g for g in others[name] if g.symbol == "EML4")
        ends = Breakend(name, intron(alk, 20), LEFT), Breakend(name, eml4.cds[12][1] + 500, LEFT)
        found = named(*ends, {name: [alk]}, others)
        assert found.name == "EML4::ALK fusion (EML4 exon 13, ALK exon 20)"
        assert (found.fusion, found.kinase, found.frame) == ("EML4::ALK", "kept", "unknown")

    def test_partner_of_an_unknown_build(self):
        assert partners({"chr2": 1000}) == {}

    def test_the_other_junction_has_no_kinase(self, panel, genes):
        alk = panel["ALK"]
        ends = Breakend("chr2", intron(alk, 20), RIGHT), Breakend("chr2", 42_522_000, RIGHT)
        found = named(*ends, genes)
        assert (found.fusion, found.kinase) == ("ALK::chr2:42522001", "lost")

    @pytest.mark.parametrize("lengths, frame", [((90, 60), "in_frame"), ((91, 60), "out_of_frame"),
                                                ((91, 61), "in_frame")])  # fmt: skip
    def test_frame(self, lengths, frame):
        head = Gene("HEAD", "T1", "chr1", "+", [(100, 100 + lengths[0]), (500, 590)])
        tail = Gene("TAIL", "T2", "chr2", "-", [(100, 190), (400, 400 + lengths[1])])
        genes = {"chr1": [head], "chr2": [tail]}
        found = named(Breakend("chr1", 300, LEFT), Breakend("chr2", 300, LEFT), genes)
        assert (found.fusion, found.frame) == ("HEAD::TAIL", frame)
        assert found.name == "HEAD::TAIL fusion (HEAD exon 1, TAIL exon 2)"

    def test_opposite_directions(self):
        head = Gene("ONE", "T1", "chr1", "+", [(100, 190), (500, 590)])
        tail = Gene("TWO", "T2", "chr2", "+", [(100, 190), (400, 490)])
        genes = {"chr1": [head], "chr2": [tail]}
        found = named(Breakend("chr1", 300, LEFT), Breakend("chr2", 300, LEFT), genes)
        assert (found.fusion, found.consequence) == (None, "structural_variant")


def test_kinase_in_part(panel):
    assert kinase(panel["EGFR"], range(1, 29)) == "whole"
    assert kinase(panel["EGFR"], range(1, 20)) == "part"
    assert kinase(panel["EGFR"], range(1, 17)) == "none"
    assert kinase(panel["TP53"], [2]) is None


@pytest.mark.parametrize(
    "alt, end, told",
    [
        ("<DEL>", 300, [("1", 100, LEFT), ("1", 300, RIGHT)]),
        ("<DUP:TANDEM>", 300, [("1", 100, RIGHT), ("1", 300, LEFT)]),
        ("GAC[2:401[", None, [("1", 100, LEFT), ("2", 400, RIGHT)]),
        ("]HLA*01:01:400]ACG", None, [("1", 99, RIGHT), ("HLA*01:01", 400, LEFT)]),
        ("<INS>", 100, None),
        ("GA", None, None),
    ],
)
def test_breakends(alt, end, told):
    found = breakends("1", 100, alt, "G", end)
    assert found == (told and tuple(Breakend(*one) for one in told))


def test_egfrviii_in_real_sequence():
    """Exons 2 to 7 of EGFR: the glycine at the new border is that of EGFRvIII."""
    folder = HOME.parent / "shared" / "real" / "hg38_windows"
    if not folder.is_dir():
        pytest.skip(f"needs the real sequence of {folder}, which is not part of the project")
    rows = [r.split("\t") for r in (folder / "exons.tsv").read_text().splitlines()[1:]]
    exons = [r for r in rows if r[1] == "ENST00000275493"]
    first = 55_000_000  # of the window's first base, 1-based as the exons
    low, high = int(exons[0][9]), int(exons[0][10])
    spans = [(max(int(r[5]), low), min(int(r[6]), high)) for r in exons]
    cds = [(start - first, end - first + 1) for start, end in sorted(spans) if start <= end]
    gene = Gene("EGFR", "ENST00000275493", "chr7", "+", cds)
    with open_fasta(folder / "windows.fa.gz") as fasta:
        name = f"chr7:{first}-58000000"
        transcript = Transcript(gene, lambda _, a, b: fasta.fetch(name, a, b).upper())
        found = named(*event(gene, "DEL", 2, 7), {"chr7": [gene]})
        changed = protein_effect(transcript.coding, transcript.trailing, *found.coding, "")
    assert found.name == "EGFRvIII"
    assert changed.hgvs == "p.Val30_Arg297delinsGly"
