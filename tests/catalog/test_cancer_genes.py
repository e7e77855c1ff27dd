"""Cancer genes with their role, and truncations that activate a gene."""

import re

import pytest

from resistpanel.catalog.cancer_genes import AMPLIFIED, SUPPRESSOR, load_cancer_genes
from resistpanel.catalog.classes import load_activating
from resistpanel.catalog.protein import parse
from resistpanel.core.errors import InputErrors

GENES = load_cancer_genes()


def of(role):
    return {one.gene for one in GENES if one.role == role}


def test_every_gene_has_a_source():
    for one in GENES:
        assert one.pmid or "Network of Cancer Genes" in one.source, one.gene
        assert all(re.fullmatch(r"\d{7,8}", pmid) for pmid in one.pmid), one.gene


def test_suppressors():
    expected = {
        *("APC", "ARID1A", "ATM", "BAP1", "CDKN2A", "GATA3", "KMT2D", "NF1", "PBRM1", "PTEN"),
        *("RB1", "SMAD4", "TET2", "TP53", "VHL", "WT1"),
    }
    assert expected <= of(SUPPRESSOR)


def test_oncogenes_are_no_suppressors():
    oncogenes = {"AKT1", "BRAF", "EGFR", "ERBB2", "JAK2", "KIT", "KRAS", "MET", "NPM1", "PPM1D"}
    assert not oncogenes & of(SUPPRESSOR)
    assert not of(AMPLIFIED) & of(SUPPRESSOR)
    assert {"MYC", "MDM2", "CCND1", "ERBB2", "EGFR"} <= of(AMPLIFIED)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("RB1\tguardian\ts\t1", "unknown role 'guardian'"),
        ("RB1\t\ts\t1", "column 'role' is empty"),
        ("RB1\ttumour suppressor\t\t1", "column 'source' is empty"),
        ("RB1\ttumour suppressor\ts\t1\nRB1\ttumour suppressor\ts\t1", "given twice"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, said):
    (tmp_path / "cancer_genes.tsv").write_text(f"gene\trole\tsource\tpmid\n{row}\n")
    with pytest.raises(InputErrors, match=said) as caught:
        load_cancer_genes(tmp_path)
    assert "cancer_genes.tsv:" in str(caught.value)


def test_without_the_file_no_role_is_known(tmp_path):
    assert load_cancer_genes(tmp_path) == []


def gains(gene, change):
    return any(
        row.gene == gene and row.alteration_type == "truncation" and row.matches_change(change)
        for row in load_activating()
    )


@pytest.mark.parametrize(
    ("gene", "change"),
    [
        ("NPM1", "W288Cfs*12"),
        ("CALR", "L367Tfs*46"),
        ("NOTCH1", "P2514Rfs*4"),
        ("CXCR4", "S338*"),
        ("PPM1D", "R458*"),
    ],
)
def test_truncations_that_activate(gene, change):
    assert gains(gene, parse(change))


@pytest.mark.parametrize(
    ("gene", "change"),
    [("NPM1", "W288C"), ("NPM1", "E61fs"), ("NOTCH1", "Q433*"), ("CALR", "K40*")],
)
def test_other_changes_of_these_genes_do_not(gene, change):
    assert not gains(gene, parse(change))


def test_a_table_of_earlier_versions_has_no_alteration_type(tmp_path):
    header = "gene\talteration\tmatch_level\tsource\tpmid\n"
    (tmp_path / "activating.tsv").write_text(header + "KRAS\tG12\tcodon\ts\t1\n")
    assert load_activating(tmp_path)[0].alteration_type == "substitution"


def test_start_loss_without_its_residue_is_read():
    assert parse("M1?").kind == "start_lost"
    assert parse("M1?").truncating
