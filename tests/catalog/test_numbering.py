"""Residues that other transcripts and papers number otherwise."""

import gzip
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.catalog.classes import load_diseases
from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.import_record import Record, to_rows
from resistpanel.catalog.numbering import COLUMNS, load_numbering, renumbered
from resistpanel.catalog.pathway import load_pathway
from resistpanel.catalog.protein import RESIDUES, ProteinChange, parse
from resistpanel.catalog.sites import find_sites, numbered_by, numbering_on
from resistpanel.catalog.table import COLUMNS as ROW_COLUMNS
from resistpanel.catalog.table import read_rows
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import HOME
from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.core.tables import read_tsv
from resistpanel.panel.genes import Gene

FACTS = HOME.parent / "shared" / "facts" / "refcds138_hg19.json.gz"
NUMBERING = load_numbering()
CODON = {letter: codon for codon, letter in GENETIC_CODE.items()}


@pytest.mark.parametrize(
    ("gene", "given", "read"),
    [
        ("EZH2", "Y641N", "Y646N"),
        ("EZH2", "A687V", "A692V"),
        ("FGFR2", "N550K", "N549K"),
        ("FGFR2", "V565F", "V564F"),
        ("FGFR3", "K652E", "K650E"),
        ("FGFR1", "N577K", "N546K"),
        ("AR", "T877A", "T878A"),
        ("AR", "F876L", "F877L"),
        ("MET", "D1246N", "D1228N"),
        ("MET", "Y1248H", "Y1230H"),
        ("MYD88", "L252P", "L265P"),
        ("MYD88", "L273P", "L265P"),
        ("CD79B", "Y197H", "Y196H"),
        ("GNAS", "R844H", "R201H"),
        ("KIT", "D812V", "D816V"),
        ("KIT", "W553_K554del", "W557_K558del"),
        ("BRAF", "V640E", "V600E"),
        ("ABL1", "T334I", "T315I"),
        ("ERBB2", "L725S", "L755S"),
        ("ERBB2", "L740S", "L755S"),
        ("CSF3R", "T595I", "T618I"),
        ("H3-3A", "K27M", "K28M"),
        ("RUNX1", "R135K", "R162K"),
    ],
)
def test_a_name_in_another_numbering(gene, given, read):
    assert NUMBERING.read_text(gene, given) == read
    assert NUMBERING.read_text(gene, read) is None


@pytest.mark.parametrize(
    ("gene", "change"),
    [
        ("KIT", "V555D"),  # V at this number in the catalogue's protein, too
        ("ABL1", "F401L"),
        ("EZH2", "G641N"),  # another letter than the catalogue's residue has
        ("FGFR2", "A551K"),
        ("NRAS", "Q62K"),
        ("BRAF", "splice"),
    ],
)
def test_what_is_not_read_as_another_numbering(gene, change):
    assert NUMBERING.read_text(gene, change) is None


def test_the_transcript_decides():
    change = parse("V650A")
    assert NUMBERING.read("KIT", change, ["ENST00000288135.6"]) is None
    assert NUMBERING.read("KIT", change, ["NM_001093772.1"]) == parse("V654A")
    # What the name alone does not tell.
    assert NUMBERING.read("KIT", parse("V555D"), ["NM_001093772"]) == parse("V559D")
    assert NUMBERING.read("KIT", parse("S400C"), ["NM_001093772"]) is None
    assert NUMBERING.read("MYD88", parse("L252P"), ["NM_002468.4"]) is None
    assert NUMBERING.read("MYD88", parse("L252P"), ["NM_002468.5"]) == parse("L265P")


@given(st.sampled_from(sorted(NUMBERING.claimed)), st.sampled_from(RESIDUES))
def test_a_residue_of_the_catalogue_is_never_read_as_another(claim, alt):
    gene, number, ref = claim
    assert NUMBERING.read(gene, parse(f"{ref}{number}{alt}")) is None


def test_no_residue_of_another_numbering_is_one_of_the_catalogue():
    """A name that both have would be ambiguous: none does, so none is left unread for it."""
    both, read = [], 0
    for one in NUMBERING.stretches:
        for gene, number, ref in NUMBERING.claimed:
            here = number - one.shift
            if gene != one.gene or not one.first <= here <= one.last:
                continue
            both += [(gene, ref, here)] * ((gene, here, ref) in NUMBERING.claimed)
            found = NUMBERING.read(gene, ProteinChange("substitution", here, here, ref, ref, "X"))
            read += found is not None and found.start == number
    assert sorted(both) == [
        ("ABL1", "V", 299), ("BRAF", "L", 525), ("FGFR3", "V", 555), ("KIT", "D", 816),
    ]  # fmt: skip
    assert read > 100


@pytest.mark.skipif(not FACTS.exists(), reason=f"{FACTS} is absent")
def test_residues_that_have_one_letter_in_both_are_listed():
    with gzip.open(FACTS, "rt") as handle:
        genes = json.load(handle)["genes"]
    checked = 0
    for one in NUMBERING.stretches:
        cds = (genes.get(one.gene) or {}).get("seq_cds")
        if not cds:
            continue
        found = set()
        for gene, number, ref in NUMBERING.claimed:
            here = number - one.shift
            if gene == one.gene and one.first <= here <= one.last:
                coded = GENETIC_CODE.get(cds[3 * here - 3 : 3 * here])
                checked += 1
                if coded == ref and (gene, here, ref) not in NUMBERING.claimed:
                    found.add((ref, here))
        assert set(one.same) == found, one.gene
    assert checked > 80


def test_every_stretch_leads_to_residues_of_the_catalogue():
    for one in NUMBERING.stretches:
        numbers = {number for gene, number, _ in NUMBERING.claimed if gene == one.gene}
        assert any(one.first + one.shift <= n <= one.last + one.shift for n in numbers), one
        assert re.search(r"PMID \d+|NM_|Chang|SERVE|NBK|R-HSA", one.source), one


@pytest.mark.parametrize(
    ("text", "shift", "expected"),
    [
        ("Y641N", 5, "Y646N"),
        ("Y641", 5, "Y646"),
        ("E746_A750del", 24, "E770_A774del"),
        ("V769_D770insASV", -2, "V767_D768insASV"),
        ("W288Cfs*12", 1, "W289Cfs*12"),
    ],
)
def test_only_residues_are_renumbered(text, shift, expected):
    assert renumbered(text, shift) == expected


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"first": "a"}, "whole numbers"),
        ({"first": "9", "last": "8"}, "ascend from 1"),
        ({"shift": "0"}, "shift is 0"),
        ({"source": ""}, "source is empty"),
        ({"same": "V5x"}, "column 'same': 'V5x'"),
        ({"same": "V99"}, "column 'same': 'V99'"),
    ],
)
def test_malformed_rows_are_named(tmp_path, changed, says):
    row = dict.fromkeys(COLUMNS, "") | {
        "gene": "KIT", "first": "5", "last": "50", "shift": "4", "source": "s",
    } | changed  # fmt: skip
    path = tmp_path / "numbering.tsv"
    path.write_text("\n".join("\t".join(cells) for cells in (COLUMNS, row.values())) + "\n")
    with pytest.raises(InputErrors) as error:
        load_numbering(tmp_path, [])
    assert says in str(error.value)
    assert f"{path}:2" in str(error.value)


def test_a_catalogue_without_the_table(tmp_path):
    assert load_numbering(tmp_path, []).read("KIT", parse("D812V")) is None


def test_the_usual_transcripts_are_those_of_the_panel():
    path = HOME / "panels" / "resistance" / "genes.tsv"
    rows = {row["gene"]: row for _, row in read_tsv(path, ("gene", "transcript"), others=True)}
    for one in NUMBERING.stretches:
        if one.gene in rows:
            assert rows[one.gene]["transcript"] in one.usual, one.gene


class OneGene:
    """A genome of one gene: its protein back-translated, on one contig."""

    filename = b"one.fa"
    references = ("chr1",)

    def __init__(self, protein):
        self.bases = "".join(CODON[letter] for letter in protein)

    def fetch(self, chrom, start, end):
        return self.bases[start:end]


def isoform(gene, shift, first, length=1000):
    """Return a protein with the catalogue's residues of a gene, shifted back from `first` on."""
    letters = ["G"] * length
    for name, number, ref in NUMBERING.claimed:
        if name == gene:
            here = number - shift if number - shift >= first else number
            letters[here - 1] = ref
    return "".join(letters)


def gene_of(name, protein):
    return Gene(name, f"ENST{len(protein)}", "chr1", "+", [(0, 3 * len(protein))])


@pytest.mark.parametrize("stretch", NUMBERING.stretches, ids=lambda s: f"{s.gene}{s.shift}")
def test_the_sequence_tells_how_a_transcript_is_numbered(stretch):
    for shift in (0, stretch.shift):
        protein = isoform(stretch.gene, shift, stretch.first, 2000)
        gene, reference = gene_of(stretch.gene, protein), OneGene(protein)
        certain, found = numbered_by(gene, NUMBERING, reference)
        assert (certain, found) == (True, stretch if shift else None)
        known = numbering_on(NUMBERING, {stretch.gene: gene}, reference)
        for name, number, ref in NUMBERING.claimed:
            if name == stretch.gene and stretch.own(number) != number:
                here = stretch.own(number) if shift else number
                change = parse(f"{ref}{here}{'W' if ref != 'W' else 'L'}")
                read = known.read(name, change, [gene.transcript])
                assert (read or change).start == number


def test_sites_of_a_panel_that_is_numbered_otherwise(tmp_path):
    row = dict.fromkeys(ROW_COLUMNS, "") | {
        "id": "x", "gene": "FGFR2", "alteration_type": "substitution", "alteration": "V564F",
        "match_level": "exact", "drugs": "pemigatinib", "mechanism_class": "on_target_mutation",
        "direction": "resistance", "evidence_level": "clinical", "source": "s",
    }  # fmt: skip
    path = tmp_path / "rows.tsv"
    path.write_text("\n".join("\t".join(cells) for cells in (ROW_COLUMNS, row.values())) + "\n")
    rows = read_rows(path, load_drugs())
    protein = isoform("FGFR2", -1, 364)
    genes, reference = {"FGFR2": gene_of("FGFR2", protein)}, OneGene(protein)
    with pytest.raises(InputError):
        find_sites(rows, genes, reference)
    sites, _ = find_sites(rows, genes, reference, numbering=NUMBERING)
    assert {site.protein for site in sites} == {"V565F"}
    assert {site.pos // 3 + 1 for site in sites} == {565}


def test_an_import_in_another_numbering():
    record = Record("EID1", "FGFR2", "V565F", ("pemigatinib",), "", "resistance", "clinical")
    row = to_rows(
        [record], "CIViC", "s", load_drugs(), load_diseases(), load_pathway(), NUMBERING
    ).rows[0]
    assert row["alteration"] == "V564F"
    assert row["note"] == "V565F in the numbering of the source"
