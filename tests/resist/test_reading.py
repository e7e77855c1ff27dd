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


def drugs(value):
    return {one["drug"]: one for one in value["expected_to_fail"]}


def test_a_drug_of_several_classes_is_under_the_one_that_resistance_is_of(patient, shipped):
    """Crizotinib inhibits ROS1 too; L1196M is of ALK."""
    p = patient("lorlatinib", disease="NSCLC").background()
    p.add("ALK", "G1202R", 0.2, 0.2)
    p.add("ALK", "L1196M", 0.0, 0.2)
    found = drugs(p.resist(shipped))
    assert found["crizotinib"]["classes"][-1] == "first-generation ALK inhibitor"


def test_what_an_earlier_line_brought_still_resists_its_drugs(patient, shipped):
    days = [("T0", 0, None), ("T1", 300, None), ("T2", 600, None)]
    lines = [(("alectinib",), 10), (("lorlatinib",), 310)]
    p = patient(disease="NSCLC", samples=days, lines=lines).background()
    p.add("ALK", "G1202R", 0.0, 0.2, 0.2)
    p.add("ALK", "L1196M", 0.0, 0.0, 0.2)
    found = drugs(p.resist(shipped))
    assert (
        "ALK p.G1202R is reported to confer resistance to brigatinib"
        in (found["brigatinib"]["reason"])
    )
    assert found["alectinib"]["reason"].endswith("given in an earlier line of therapy")
    p.variants[-2]["status"] = "gone"
    assert "brigatinib" not in drugs(p.resist(shipped))


def test_a_reversion_resists_platinum_by_its_own_class(patient, shipped):
    p = patient("olaparib", disease="ovarian cancer").background()
    first = p.add("BRCA1", "Q12fs", 0.5, 0.5, consequence="frameshift")
    reverts = [{"other": first, "together": "p.Q12_K15delinsR", "kind": "frame", "instead": False}]
    p.add("BRCA1", "Q15fs", 0.0, 0.2, consequence="frameshift", reverts=reverts)
    found = drugs(p.resist(shipped))
    assert (
        "resistance to platinum agents, as to rucaparib (clinical)"
        in (found["carboplatin"]["reason"])
    )
    assert (
        "resistance to rucaparib, of the same class (PARP inhibitor"
        in (found["niraparib"]["reason"])
    )


def test_a_closer_row_of_a_drug_speaks_for_its_class(patient, shipped):
    """Pirtobrutinib stays active on C481S: a range of other residues says nothing of its class."""
    p = patient("ibrutinib", disease="CLL").background()
    p.add("BTK", "C481S", 0.0, 0.2)
    found = drugs(p.resist(shipped))
    assert "acalabrutinib" in found
    assert not {"pirtobrutinib", "nemtabrutinib", "vecabrutinib"} & set(found)


def test_another_disease_is_against_only_where_no_row_is_of_this_one(patient, shipped, finding):
    p = patient("palbociclib", disease="breast cancer").background()
    p.add("RB1", "R320*", 0.0, 0.2, consequence="stop_gained")
    assert not any("another disease" in t for t in finding(p.resist(shipped), "RB1").against)
    p = patient("palbociclib", disease="glioma").background()
    p.add("RB1", "R320*", 0.0, 0.2, consequence="stop_gained")
    assert any("another disease" in t for t in finding(p.resist(shipped), "RB1").against)


def test_a_tumour_that_lost_the_target_may_resist_for_it(patient, shipped):
    p = patient("trastuzumab deruxtecan", disease="breast cancer").background()
    p.amplify("ERBB2", 3.0, 0.0)
    verdict = p.resist(shipped)["verdict"]
    assert "the same tumour, which lost the driver" in verdict["sentence"]
    assert "may resist for that reason" in verdict["sentence"]


def test_a_drug_of_several_classes_is_named_without_one(patient, shipped):
    """Imatinib is no ABL inhibitor in a GIST."""
    p = patient("imatinib", disease="GIST").background()
    assert "of resistance to imatinib was found" in p.resist(shipped)["verdict"]["sentence"]


def test_a_low_purity_bounds_the_tumour_cells(patient, shipped):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.2, 0.06)
    p.add("EGFR", "C797S", 0.0, 0.0, sites=["EGFR-C797S-osimertinib"])
    examined = "not found: 1, at most 0.33 % of the fragments"
    assert f"{examined};" in p.resist(shipped)["verdict"]["sentence"]
    p.variants[-1]["samples"]["post"]["ub_ccf"] = 0.055
    sentence = p.resist(shipped)["verdict"]["sentence"]
    assert f"{examined}, at most 5.5 % of the tumour cells;" in sentence


def test_equal_bounds_are_said_once(patient, shipped):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "C797S", 0.0, 0.0, sites=["EGFR-C797S-osimertinib"])
    p.add("EGFR", "G724S", 0.0, 0.0, sites=["EGFR-G724S-osimertinib"])
    assert "half of them" not in p.resist(shipped)["verdict"]["sentence"]
    p.variants[-1]["samples"]["post"]["ub"] = 0.01
    assert "half of them at most" in p.resist(shipped)["verdict"]["sentence"]


def test_a_stable_allele_at_another_frequency_says_relative_to_what(patient, shipped, finding):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.2, 0.06, state="stable")
    p.add("TP53", "Y220C", 0.2, 0.21, state="stable")
    value = p.resist(shipped)
    relative = "at about the same fraction, relative to the tumour content of the samples:"
    assert any(relative in text for text in finding(value, "EGFR").against)
    assert not any("relative to" in text for text in finding(value, "TP53").against)


def test_a_sentence_has_one_colon_for_why_and_none_for_what_was_measured(patient, shipped):
    p = patient("osimertinib", disease="NSCLC", tumour_free=["pre"]).background()
    p.add("EGFR", "C797S", 0.0, 0.2)
    first = p.resist(shipped)["verdict"]["sentence"].split(". ")[0]
    assert "contains no detectable tumour; not detected (0 of 900" in first
    assert first.count(": ") == 1


def test_another_lesion_without_the_allele_is_not_called_absent(patient, shipped):
    places = [("T0", 0, "skin"), ("T1", 160, "skin"), ("T2", 160, "lung")]
    p = patient("osimertinib", disease="NSCLC", samples=places).background()
    p.add("EGFR", "C797S", 0.0, 0.2, 0.0)
    sentence = p.resist(shipped)["verdict"]["sentence"]
    assert "; in lung not detected (0 of 900 fragments" in sentence
    assert "absent" not in sentence


def test_elacestrant_is_an_option_after_fulvestrant(patient, shipped):
    """The trial (PMID 35584336) was of patients after one or two lines of endocrine therapy."""
    p = patient("fulvestrant", disease="breast cancer").background()
    p.add("ESR1", "Y537S", 0.0, 0.2)
    assert "elacestrant" in {one["option"] for one in p.resist(shipped)["options"]}


def test_further_alterations_say_that_they_came(patient, shipped):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "C797S", 0.0, 0.2)
    p.amplify("MET", 0.0, 3.0)
    sentence = p.resist(shipped)["verdict"]["sentence"]
    assert "Also found: MET amplification (acquired), a bypass of EGFR" in sentence


@pytest.mark.parametrize(("loh", "left"), [(None, False), (False, True), (True, False)])
def test_one_copy_with_the_mutation_leaves_none(patient, shipped, loh, left):
    """A small gene has no heterozygous site: one copy per tumour cell shows the loss."""
    p = patient("pembrolizumab", disease="melanoma").background()
    p.add("B2M", "L15fs", 0.0, 0.45, consequence="frameshift")
    p.amplify("B2M", 0.0, -0.5)
    given = p.copynumber()
    given["samples"]["post"]["genes"][0] |= {"call": "loss", "copies": 1.0, "loh": loh}
    p.copynumber = lambda: given
    reasons = "; ".join(p.resist(shipped)["verdict"]["reasons"])
    assert ("a copy of B2M may be left" in reasons) == left


def test_a_key_alteration_that_restores_the_response_outweighs_what_is_still_there(
    patient, shipped
):
    """Shaw 2016: C1156Y under crizotinib, C1156Y-L1198F under lorlatinib, crizotinib again."""
    days = [("T0", 0, None), ("T1", 300, None), ("T2", 600, None)]
    lines = [(("crizotinib",), 10), (("lorlatinib",), 310)]
    p = patient(disease="NSCLC", samples=days, lines=lines).background()
    p.add("ALK", "C1156Y", 0.0, 0.2, 0.2)
    assert "crizotinib" not in drugs(p.resist(shipped))  # C1156Y explains no relapse on lorlatinib
    p.add("ALK", "L1198F", 0.0, 0.0, 0.2)
    assert "crizotinib" not in drugs(p.resist(shipped))
