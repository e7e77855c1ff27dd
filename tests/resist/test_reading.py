"""What a reader of the verdict is told: true against the rows, and said once."""

import pytest

from resistpanel.resist.context import load_context


@pytest.fixture(scope="module")
def shipped():
    return load_context()


def test_a_row_of_a_residue_is_not_another_change(patient, shipped):
    """EGFR-L718-osimertinib names the residue; L718Q is no 'other change' of it."""
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.4, 0.4)
    p.add("EGFR", "L718Q", 0.0, 0.2)
    reasons = "; ".join(p.resist(shipped)["verdict"]["reasons"])
    assert "the catalogue lists the residue L718, not this change by itself" in reasons
    assert "change of a catalogued residue (L718)" in reasons
    assert "another change" not in reasons


@pytest.mark.parametrize("change", ["G810R", "G810S", "G810C"])
def test_the_solvent_front_of_ret_is_matched_exactly(patient, shipped, change):
    """Solomon 2020 (PMID 31988000) found each of the three under selpercatinib."""
    p = patient("selpercatinib", disease="NSCLC").background()
    p.add("RET", change, 0.0, 0.2, real=0.9999)
    verdict = p.resist(shipped)["verdict"]
    assert (verdict["kind"], verdict["confidence"]) == ("mechanism", "high")
