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


def swapped(patient):
    """Return a relapse of another person, with a RAS mutation instead of the patient's driver."""
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.4, 0.0)
    p.add("KRAS", "G12D", 0.0, 0.4, real=0.999)
    p.amplify("MET", 0.0, 0.0)
    failure = {"sample": "post", "metric": "discordance", "value": 0.3, "condition": "<= 0.05"}
    p.gate = {"passed": False, "failures": [failure | {"text": "a swap"}]}
    return p


def test_nothing_follows_from_a_sample_of_another_person(patient, shipped):
    value = swapped(patient).resist(shipped)
    assert value["verdict"]["swapped"] == ["post"]
    assert value["verdict"]["sentence"].startswith("Sample post is not of this patient")
    assert value["expected_to_fail"] == value["options"] == []
    assert value["driver"]["state"] == "unknown"
    assert value["driver"]["text"].endswith("post is not of this patient")
    assert value["lines"][0]["verdict"]["swapped"] == ["post"]
    p = swapped(patient)
    p.gate = {"passed": True, "failures": []}
    value = p.resist(shipped)
    assert "swapped" not in value["verdict"]
    assert value["expected_to_fail"]
    assert value["driver"]["state"] == "lost"
