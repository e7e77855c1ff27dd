"""What the sentences say of courses, drivers, combinations and samples before treatment."""

import pytest

from resistpanel.compare.courses import trajectory


@pytest.mark.parametrize(
    ("steps", "seen", "text"),
    [
        (["absent", "undetermined"], [False, False, True], "not detected, then detected"),
        (["undetermined", "emergent"], [True, False, True], "no longer detected, then returned"),
        (
            ["undetermined", "undetermined"],
            [True, False, True],
            "no longer detected, then detected again",
        ),
        (["undetermined"], [True, True], "change not determined"),
        (["undetermined"], [None, True], "change not determined"),
        (["undetermined", "undetermined"], [False, False, False], "not detected"),
        (["falling", "rising"], [True, True, True], "fell, then returned"),
        (
            ["acquired", "undetermined", "absent"],
            [False, True, False, False],
            "appeared, then no longer detected",
        ),
    ],
)
def test_an_undetermined_change_says_where_the_allele_was_detected(steps, seen, text):
    assert trajectory(steps, seen) == text


def test_one_further_sample_before_is_part_of_the_sentence(patient, context):
    p = patient(
        "osimertinib",
        disease="NSCLC",
        samples=[("biopsy", 0, None), ("start", 10, None), ("relapse", 300, None)],
        lines=[(("osimertinib",), 10)],
    ).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3)
    p.add("EGFR", "C797S", 0.0, 0.0, 0.1)
    sentence = p.resist(context)["verdict"]["sentence"]
    assert "after (relapse); nor was it detected before in biopsy (0 of 900 fragments;" in sentence
    assert " in each" not in sentence


def test_counts_of_samples_before_keep_their_unit(patient, context):
    p = patient(
        "osimertinib",
        disease="NSCLC",
        samples=[(name, day, None) for name, day in
                 (("biopsy", -20), ("first", -10), ("start", 0), ("relapse", 300))],
        lines=[(("osimertinib",), 0)],
    ).background()  # fmt: skip
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3, 0.3)
    p.add("EGFR", "C797S", 0.0, 0.0, 0.0, 0.1)
    for variant in p.variants:
        variant["samples"]["first"]["unit"] = "molecules"
    sentence = p.resist(context)["verdict"]["sentence"]
    assert "in biopsy and first (0 of 900 fragments and 0 of 900 molecules;" in sentence


def test_a_course_that_only_repeats_the_state_is_no_evidence_against(patient, context):
    p = patient(
        "osimertinib",
        disease="NSCLC",
        samples=[("t0", 0, None), ("t1", 100, None), ("t2", 200, None)],
    ).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3)
    p.add("EGFR", "C797S", 0.0, 0.0, 0.1)
    p.add("EGFR", "L718Q", 0.0, 0.2, 0.0)
    of = {f["protein"]: f for f in p.resist(context)["findings"]}
    came, went = of["C797S"], of["L718Q"]
    assert not any("course" in text for text in (*came["for"], *came["against"]))
    assert any("course: appeared, then disappeared" in text for text in went["against"])


def test_each_drug_of_a_combination_has_its_own_evidence(patient, context):
    """KRAS G12D: the exact row is of RAF inhibitors, that of the codon of anti-EGFR antibodies."""
    p = patient("encorafenib", "cetuximab", disease="colorectal cancer").background()
    p.add("BRAF", "V600E", 0.3, 0.3)
    p.add("KRAS", "G12D", 0.0, 0.1)
    sentence = p.resist(context)["verdict"]["sentence"]
    assert (
        "to encorafenib (by its class, RAF inhibitors: case report) and cetuximab (clinical)"
        in (sentence)
    )


def test_a_target_on_which_the_tumour_does_not_depend_is_a_limit(patient, context):
    p = patient("dasatinib", disease="GIST").background()
    p.add("KIT", "K642E", 0.3, 0.3)
    p.add("ABL1", "F317I", 0.0, 0.2)
    verdict = p.resist(context)["verdict"]
    assert verdict["confidence"] == "low"
    assert any("a driver in KIT" in reason and "ABL1" in reason for reason in verdict["reasons"])
    alone = patient("dasatinib", disease="CML").background()
    alone.add("ABL1", "F317I", 0.0, 0.2)
    assert not any(
        "a driver in" in reason for reason in alone.resist(context)["verdict"]["reasons"]
    )


def test_a_candidate_does_not_hide_the_loss_of_the_driver(patient, context):
    p = patient("trastuzumab deruxtecan", disease="breast cancer").background()
    p.amplify("ERBB2", 3.0, 0.0)
    p.amplify("GAPDH", 0.0, 0.0)
    p.add("ERBB2", "L755S", 0.0, 0.12)
    verdict = p.resist(context)["verdict"]
    assert verdict["kind"] == "candidate"
    assert "The sensitising driver ERBB2 is lost: pre amplified; post not" in verdict["sentence"]


def test_a_driver_that_fell_is_not_only_retained(patient, context):
    p = patient("gilteritinib", disease="AML").background()
    p.add("FLT3", "D835Y", 0.3, 0.06)
    p.add("NRAS", "Q61K", 0.0, 0.22)
    reasons = p.resist(context)["verdict"]["reasons"]
    assert any("FLT3 D835Y is retained, but fell: " in reason for reason in reasons)


def test_drugs_of_another_driver_are_marked(patient, context):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.amplify("MET", 0.0, 3.0)
    p.amplify("GAPDH", 0.0, 0.0)
    failing = {x["drug"]: x.get("driver") for x in p.resist(context)["expected_to_fail"]}
    assert failing["adagrasib"] == ["KRAS"] and failing["selpercatinib"] == ["RET"]
    assert failing["lazertinib"] is None and failing["gefitinib"] is None


def test_an_option_states_the_limit_of_its_condition(patient, context):
    def options(*fractions):
        p = patient("osimertinib", disease="NSCLC").background()
        p.add("EGFR", "L858R", 0.3, 0.3)
        p.add("EGFR", "C797S", 0.0, 0.1)
        if fractions:
            p.add("EGFR", "T790M", *fractions)
        return {o["option"]: o["reason"] for o in p.resist(context)["options"]}

    (reason,) = options(0.0, 0.0).values()
    assert reason.endswith("EGFR T790M was not detected (allele frequency at most 0.33 %)")
    (reason,) = options().values()
    assert reason.endswith("EGFR T790M was not called; no limit is available")
    assert "first-generation EGFR inhibitor" not in options(0.2, 0.2)


def test_a_fusion_is_named_once(patient, context):
    p = patient("lorlatinib", disease="NSCLC").background()
    p.add("ALK", "G1202R", 0.0, 0.2)
    text = p.resist(context)["driver"]["text"]
    assert "EML4-ALK" in text and "ALK EML4-ALK" not in text and "ROS1 ROS1" not in text


def test_the_copy_number_of_catalogued_genes_is_listed(patient, context):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.amplify("MET", 0.0, 0.0)
    p.amplify("GAPDH", 0.0, 0.0)
    value = p.resist(context)
    (met,) = [x for x in value["coverage"]["copies"] if x["gene"] == "MET"]
    assert met["call"] == "amplification" and "MET-amplification-osimertinib" in met["ids"]
    assert "GAPDH" not in {x["gene"] for x in value["coverage"]["copies"]}
    assert "no amplification of MET was called" in value["verdict"]["sentence"]
    nothing = patient("osimertinib", disease="NSCLC").background().resist(context)
    assert "copies" not in nothing["coverage"]


def test_why_presence_before_is_not_known_is_said_once(patient, context):
    p = patient("cetuximab", disease="colorectal cancer", tumour_free=["pre"])
    p.add("APC", "R1450*", 0.0, 0.3)
    p.add("KRAS", "G12V", 0.0, 0.09)
    sentence = p.resist(context)["verdict"]["sentence"]
    assert sentence.count("contains no detectable tumour") == 1
    assert "is not known: " in sentence and "0 of 900 fragments" in sentence
