"""The demo's genome must carry the residues that the shipped catalogue claims."""

import csv

import pytest

from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.sites import reference_residues
from resistpanel.catalog.table import load_catalog
from resistpanel.core.files import HOME
from resistpanel.panel.genes import load_genes

CODONS = HOME / "resources" / "demo" / "codons.tsv"


@pytest.mark.skipif(not CODONS.exists(), reason="the demo is not part of this installation")
def test_the_demo_genome_holds_every_catalogued_residue():
    """`catalog sites` refuses a genome that codes for another residue.

    After adding a row, run resources/demo/make_codons.py.
    """
    rows = csv.DictReader(CODONS.read_text().splitlines(), delimiter="\t")
    held = {(row["gene"], int(row["residue"])): row["aa"] for row in rows}
    panel = load_genes(HOME / "panels" / "cancer138" / "hg19.gff3")
    claimed = {
        (gene, residue): aa
        for (gene, residue), aa in reference_residues([*load_catalog(), *load_drivers()]).items()
        if gene in panel
    }
    assert {key: aa for key, aa in claimed.items() if held.get(key) != aa} == {}
