"""Table 1, row by row, against the paper's (the demo's own table1.tsv is read too)."""

import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.report.table1 import load_published, proteins_of, residue_of, table1

SYN, MIS = "Synonymous", "Missense"

#: gene, hg19 change, hg18 as printed, protein as printed, protein of the panel, type, AF printed
EXPECTED = [
    ("BRAF", "chr7:g.140453136A>T", "g.chr7:140099605A>T", "p.V600E", "p.V600E", MIS, 37),
    ("BRCA1", "chr17:g.41243891C>T", "g.chr17:38497417C>T", "p.E1172E", "p.E1219E", SYN, 75),
    ("BRCA1", "chr17:g.41246156G>A", "g.chr17:38499682G>A", "p.T417T", "p.T464T", SYN, 77),
    ("ERBB4", "chr2:g.212248617C>T", "g.chr2:211956862C>T", "p.G1217E", "p.G1217E", MIS, 24),
    ("FGFR4", "chr5:g.176522392C>T", "g.chr5:176454998C>T", "p.I527I", "p.I527I", SYN, 20),
    ("FLT1", "chr13:g.29005435C>T", "g.chr13:27903435C>T", "p.A276T", "p.A276T", MIS, 66),
    ("MAP2K1", "chr15:g.66729154G>C", "g.chr15:64516208G>C", "p.C121S", "p.C121S", MIS, 16),
    ("PDGFRB", "chr5:g.149497324G>A", "g.chr5:149477517G>A", "p.L998L", "p.L998L", SYN, 57),
    ("PTPRD", "chr9:g.8500976C>T", "g.chr9:8490976C>T", "p.E623K", "p.E636K", MIS, 55),
    ("PTPRD", "chr9:g.8507431G>A", "g.chr9:8497431G>A", "p.P503L", "p.P516L", MIS, 55),
    ("RET", "chr10:g.43610178G>C", "g.chr10:42930184G>C", "p.K710N", "p.K710N", MIS, 28),
    ("RUNX1T1", "chr8:g.92982996C>T", "g.chr8:93052172C>T", "p.D477N", "p.D477N", MIS, 76),
    ("TERT", "chr5:g.1278863C>T", "g.chr5:1331863C>T", "p.E727K", "p.E727K", MIS, 58),
    ("TERT", "chr5:g.1278864C>T", "g.chr5:1331864C>T", "p.T726T", "p.T726T", SYN, 58),
]  # fmt: skip


def tert(compare):
    return next(v for v in compare["variants"] if v["gene"] == "TERT")


def test_all_fourteen_rows_in_the_papers_order(paper):
    rows = [
        (r["gene"], r["change"], r["published"]["change"], r["published"]["protein"], r["protein"],
         r["type"], r["published"]["af_percent"])
        for r in paper["table1"]
    ]  # fmt: skip
    assert rows == EXPECTED
    assert [r["state"] for r in paper["table1"] if r["gene"] in ("MAP2K1", "RET")] == [
        "acquired"
    ] * 2
    assert {r["state"] for r in paper["table1"] if r["gene"] not in ("MAP2K1", "RET")} == {"stable"}
    assert paper["table1"][6]["published"]["gene"] == "MEK1"
    assert paper["table1"][6]["published"]["before"] == "WT"


def test_the_two_bases_of_tert_are_one_event(paper):
    rows = [r for r in paper["table1"] if r["gene"] == "TERT"]
    assert rows[0]["event"] == rows[1]["event"]
    assert rows[0]["variant"] == rows[1]["variant"] == "chr5:1278863:CC:TT"
    assert len({r["event"] for r in paper["table1"]}) == 13


@pytest.mark.parametrize("name", ["c.2178_2179delinsAA", "c.2178_2179delGGinsAA"])
def test_residues_are_worked_out_from_the_strand_if_they_are_not_given(parts, name):
    variant = tert(parts["compare"])
    for s in variant["substitutions"]:
        s["residue"] = None
    variant["hgvs_c"] = name
    assert [residue_of(variant, i) for i in (0, 1)] == [727, 726]
    assert [proteins_of(variant, i) for i in (0, 1)] == ["p.E727K", "p.T726T"]
    variant["hgvs_c"] = "c.10_11delinsTT"  # a gene on the plus strand
    assert [residue_of(variant, i) for i in (0, 1)] == [726, 727]


def test_bases_that_cannot_be_told_apart_show_both_changes(parts):
    variant = tert(parts["compare"])
    for s in variant["substitutions"]:
        s["residue"] = None
    variant["hgvs_c"] = None
    assert proteins_of(variant, 0) == "p.T726T, p.E727K"


def test_one_codon_with_two_bases(parts, patients):
    v600k = patients.variant(
        "chr7", 140453136, "AC", "TT", "BRAF", ["V600K"], {}, [], None, residues=[600, 600]
    )
    parts["compare"]["variants"] = [v600k]
    rows = table1(parts["compare"], [])
    assert [(r["change"], r["protein"]) for r in rows] == [
        ("chr7:g.140453136A>T", "p.V600K"),
        ("chr7:g.140453137C>T", "p.V600K"),
    ]


def test_a_deletion_has_one_row(parts, patients):
    deletion = patients.variant(
        "chr9", 21971153, "CCGC", "CC", "CDKN2A", [], {}, [], None,
        consequence="frameshift", protein="A68fs", hgvs_c="c.203_204del",
    )  # fmt: skip
    parts["compare"]["variants"] = [deletion]
    (row,) = table1(parts["compare"], [])
    assert (row["change"], row["protein"], row["type"]) == (
        "chr9:g.21971155_21971156del", "p.A68fs", "Frameshift",
    )  # fmt: skip


def test_a_printed_row_that_was_not_called_stays_and_says_so(parts, make):
    variants = parts["compare"]["variants"]
    parts["compare"]["variants"] = [v for v in variants if v["gene"] != "FLT1"]
    parts["resist"]["findings"] = [f for f in parts["resist"]["findings"] if f["gene"] != "FLT1"]
    report = make(parts)
    row = report["table1"][5]
    assert (row["gene"], row["variant"], row["samples"]) == ("FLT1", None, {})
    assert len(report["table1"]) == 14


def test_a_near_miss_is_no_row(paper):
    assert not {"KMT2D", "PIK3CA", "PDGFRA"} & {r["gene"] for r in paper["table1"]}


def test_printed_frequencies_are_held_against_the_interval(paper):
    assert all(r["published"]["within"]["resistant"] for r in paper["table1"])
    assert paper["table1"][6]["published"]["within"]["sensitive"] is False


def test_names_of_contigs_without_chr_match(parts, make):
    for v in parts["compare"]["variants"]:
        v["chrom"] = v["chrom"][3:]
    assert [r["published"]["protein"] for r in make(parts)["table1"]] == [e[3] for e in EXPECTED]


def test_the_demos_table_is_read():
    rows = load_published(HOME / "resources" / "demo" / "table1.tsv")
    assert [(r["gene_printed"], r["protein_printed"], r["af_printed"]) for r in rows] == [
        ("MEK1" if e[0] == "MAP2K1" else e[0], e[3], e[6]) for e in EXPECTED
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("hg19_pos", "position"), "hg19_pos is missing"),
        (lambda t: t.replace("140453136", "here"), "table1.tsv:2: hg19_pos or af_printed"),
        (lambda t: "# a comment\n" + t.replace("\t37\t", "\tmany\t"), "table1.tsv:3: hg19_pos or"),
        (lambda t: "", "table1.tsv: the table is empty"),
        (lambda t: t.replace("\tA\tT\t", "\t\tT\t", 1), "table1.tsv:2: hg19_chrom, ref or alt"),
    ],
)
def test_a_faulty_table_is_refused(patients, tmp_path, change, message):
    path = tmp_path / "table1.tsv"
    path.write_text(change(patients.table1_tsv()))
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        load_published(path)
