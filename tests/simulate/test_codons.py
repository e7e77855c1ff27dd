"""Reference codons, and coding sequences that keep them."""

import csv
import gzip
import importlib.util
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.core.sequence import CODONS, GENETIC_CODE
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.testing.codons import (
    LONGEST_RUN,
    USAGE,
    coding_sequence,
    long_runs,
    read_codons,
)

DEMO = HOME / "resources" / "demo"
FACTS = HOME.parent / "shared" / "facts"


def test_genetic_code():
    known = {"ATG": "M", "TGG": "W", "TAA": "*", "TAG": "*", "TGA": "*", "GTG": "V", "TGC": "C"}
    known |= {"AAG": "K", "CAA": "Q", "ACG": "T", "CTG": "L", "AGC": "S", "GGA": "G", "GAC": "D"}
    assert {codon: GENETIC_CODE[codon] for codon in known} == known
    assert len(GENETIC_CODE) == 64
    assert sum(USAGE.values()) == pytest.approx(1000, abs=1)
    assert max(USAGE, key=USAGE.get) in {"CTG", "GAG"}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 80),
    st.dictionaries(
        st.integers(1, 78), st.sampled_from([c for c in CODONS if GENETIC_CODE[c] != "*"])
    ),
    st.integers(0, 2**32 - 1),
)
def test_coding_sequence_keeps_codons_and_has_no_stop(residues, codons, seed):
    gene = Gene("G", "T", "chr1", "+", [(0, 3 * residues + 3)])
    codons = {residue: codon for residue, codon in codons.items() if residue <= residues}
    fixed = {
        3 * residue - 2 + i: base
        for residue, codon in codons.items()
        for i, base in enumerate(codon)
    }
    made = coding_sequence(gene, fixed, np.random.default_rng(seed))
    split = [made[i : i + 3] for i in range(0, len(made), 3)]
    assert len(split) == residues + 1
    assert all(split[residue - 1] == codon for residue, codon in codons.items())
    assert [GENETIC_CODE[codon] for codon in split].index("*") == residues
    if 1 not in codons:
        assert split[0] == "ATG"
    fixed_residues = {0, residues} | {residue - 1 for residue in codons}
    for start, end in long_runs(made):
        # A run stays only where the codons that were demanded make it.
        assert {at // 3 for at in range(start, end)} & fixed_residues


def test_single_known_bases_narrow_the_codon():
    gene = Gene("G", "T", "chr1", "+", [(0, 30)])
    for seed in range(20):
        made = coding_sequence(gene, {4: "T", 6: "A"}, np.random.default_rng(seed))
        assert made[3] == "T"
        assert made[5] == "A"
        assert made[3:6] not in {"TAA", "TGA"}


def test_a_demanded_stop_is_refused():
    gene = Gene("G", "T", "chr1", "+", [(0, 30)])
    with pytest.raises(ValueError, match=r"G codon 2: .* stop codon"):
        coding_sequence(gene, {4: "T", 5: "A", 6: "A"}, np.random.default_rng(1))


def test_long_runs():
    assert long_runs("A" * LONGEST_RUN) == []
    assert long_runs("CAAAAAAAG") == [(1, 8)]


def test_shipped_codons_lie_where_the_panel_has_their_residues():
    genes = load_genes(HOME / "panels" / "cancer138" / "hg19.gff3")
    codons = read_codons(DEMO / "codons.tsv")
    assert len(codons) == 317
    assert len({(c.gene, c.residue) for c in codons}) == len(codons)
    for codon in codons:
        gene = genes[codon.gene]
        assert gene.codon(codon.residue) == codon.pos
        assert gene.chrom == codon.chrom
        assert GENETIC_CODE[codon.codon] == codon.aa
        assert codon.basis in {"reference", "clone", "derived"}
    known = {(c.gene, c.residue): (c.codon, c.basis) for c in codons}
    # As published for these hotspots.
    assert known["BRAF", 600] == ("GTG", "reference")
    assert known["MAP2K1", 121] == ("TGC", "reference")
    assert known["NRAS", 61] == ("CAA", "reference")
    assert known["EGFR", 790] == ("ACG", "reference")
    assert known["ABL1", 315] == ("ACT", "clone")
    assert {c.gene for c in codons if c.basis == "derived"} >= {"ALK", "PTPRD", "RUNX1T1"}


def test_codons_of_another_build_are_refused():
    assert len(read_codons(DEMO / "codons.tsv", "hg19")) == 317
    with pytest.raises(InputError, match=r"codons.tsv:2: the codons are of hg19, .* is hg38"):
        read_codons(DEMO / "codons.tsv", "hg38")


def test_shipped_table_1():
    with (DEMO / "table1.tsv").open() as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert len(rows) == 14
    strand = {g.symbol: g.strand for g in load_genes(HOME / "panels/cancer138/hg19.gff3").values()}
    assert set(strand) >= {row["gene"] for row in rows}
    # As the paper counts: C>T or G>A on the + strand.
    ultraviolet = [row for row in rows if row["ref"] + row["alt"] in {"CT", "GA"}]
    assert len(ultraviolet) == 11
    assert [row["gene"] for row in rows if row["pre_printed"] == "WT"] == ["MAP2K1", "RET"]
    assert {row["type"] for row in rows} == {"Missense", "Synonymous"}
    assert all(0 < int(row["af_printed"]) < 100 for row in rows)
    assert next(r for r in rows if r["gene_printed"] == "MEK1")["hg18"] == "chr15:64516208 G>C"


@pytest.mark.skipif(not FACTS.is_dir(), reason="the compiled facts are not on this machine")
def test_shipped_tables_are_what_the_script_makes_of_the_facts(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_codons", DEMO / "make_codons.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.main(FACTS)
    for name in ("codons.tsv", "table1.tsv"):
        assert (tmp_path / name).read_bytes() == (DEMO / name).read_bytes()
    with gzip.open(FACTS / "refcds138_hg19.json.gz") as data:
        details = json.load(data)["genes"]
    for codon in read_codons(DEMO / "codons.tsv"):
        if codon.basis == "reference":
            assert details[codon.gene]["seq_status"] == "exact"
            sequence = details[codon.gene]["seq_cds"]
            assert sequence[3 * codon.residue - 3 : 3 * codon.residue] == codon.codon


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("GTG", "GAG"), ":2: codon GAG does not code for V"),
        (("140453137,", ""), ":2: codon GTG does not code for V"),
        (("140453137", "x"), ":2: not a row of reference codons"),
        (("residue", "residu"), ":1: missing column residue"),
    ],
)
def test_malformed_codon_table(tmp_path, change, message):
    path = tmp_path / "codons.tsv"
    text = (
        "gene\tresidue\taa\tcodon\tchrom\tpos\tbasis\n"
        "BRAF\t600\tV\tGTG\tchr7\t140453137,140453136,140453135\treference\n"
    )
    path.write_text(text.replace(*change))
    with pytest.raises(InputError, match=message):
        read_codons(path)
