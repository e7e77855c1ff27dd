"""Inherited truncations that the policy ``pathogenic`` reports."""

from types import SimpleNamespace

import pytest

from resistpanel.compare.inherited import loss_of_function


@pytest.mark.parametrize(
    ("gene", "residues", "consequence", "lost"),
    [
        ("BRCA2", (3326,), "stop_gained", False),
        ("BRCA2", (3376,), "frameshift_variant", False),
        ("BRCA2", (3308,), "stop_gained", True),
        ("BRCA2", (), "splice_donor_variant", True),
        ("BRCA2", (2800,), "missense_variant", False),
        ("BRCA1", (1756,), "frameshift_variant", True),
        ("EGFR", (20,), "stop_gained", False),
    ],
)
def test_loss_of_function(gene, residues, consequence, lost):
    variant = SimpleNamespace(
        gene=gene,
        model="germline",
        consequence=consequence,
        protein_changes=tuple(SimpleNamespace(residue=number) for number in residues),
    )
    assert loss_of_function(variant, {"BRCA1", "BRCA2"}) is lost
