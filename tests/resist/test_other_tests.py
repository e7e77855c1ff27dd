"""Results of other tests in findings and verdict."""

import pytest

NUMBER = {"number": 1, "sample": None, "timepoint": None, "lesion": None, "allele": None,
          "value": None, "unit": None, "limit": None, "af": None, "limit_af": None,
          "purity": None, "source": "H1", "variants": []}  # fmt: skip


def result(assay, kind, gene, alteration, said, day=170, **more):
    text = f"{assay} on day {day} (H1): {gene} {alteration} {said}"
    return NUMBER | {"assay": assay, "kind": kind, "genes": [gene], "alteration": alteration,
                     "result": said, "day": day, "text": text} | more  # fmt: skip


def made(patient, *tests):
    """Return the verdict's record of a patient with results of other tests."""
    return patient.resist(other_tests=list(tests))


@pytest.fixture
def egfr(patient):
    one = patient("osimertinib", disease="NSCLC").background()
    one.add("EGFR", "L858R", 0.4, 0.4)
    return one


def test_fish_supports_or_contradicts_an_amplification(egfr):
    key = egfr.amplify("MET", 0.0, 2.5)
    plain = made(egfr)
    assert plain["verdict"]["key_variants"] == [key]
    agreed = made(egfr, result("FISH", "copies", "MET", "amplification", "positive"))
    text = "FISH on day 170 (H1): MET amplification positive"
    assert f"Another test supports it: {text}." in agreed["verdict"]["sentence"]
    assert f"another test supports it: {text}" in agreed["findings"][0]["for"]
    assert agreed["other_tests"][0]["supports"] == [key]
    assert agreed["verdict"]["confidence"] == plain["verdict"]["confidence"]
    against = made(egfr, result("FISH", "copies", "MET", "amplification", "negative"))
    assert "Another test contradicts it" in against["verdict"]["sentence"]
    assert any(r.startswith("but another test contradicts it") for r in
               against["verdict"]["reasons"])  # fmt: skip
    order = ["low", "moderate", "high"]
    rank = order.index
    assert rank(against["verdict"]["confidence"]) <= rank(plain["verdict"]["confidence"])
    assert against["verdict"]["confidence"] != "high"


def test_fish_before_treatment_makes_an_amplification_older(egfr):
    egfr.amplify("MET", 0.0, 2.5)
    before = result("FISH", "copies", "MET", "amplification", "positive", day=-10)
    found = made(egfr, before)
    first = next(f for f in found["findings"] if f["gene"] == "MET")
    assert (first["state"], first["before"]) == ("emergent", "present")
    assert "was selected, not acquired" in found["verdict"]["sentence"]
    assert found["other_tests"][0]["before"] is True


@pytest.mark.parametrize(
    ("alteration", "said", "word"),
    [("loss", "positive", "supports"), ("loss", "negative", "contradicts"),
     ("expression", "negative", "supports"), ("expression", "positive", "contradicts")],
)  # fmt: skip
def test_ihc_and_a_deletion(patient, alteration, said, word):
    one = patient("vemurafenib").background()
    one.add("BRAF", "V600E", 0.4, 0.4)
    key = one.delete("PTEN", 0.0, -3.0)
    found = made(one, result("IHC", "protein", "PTEN", alteration, said))
    assert found["other_tests"][0][word] == [key]


def test_a_result_that_sequencing_does_not_show_is_cited(egfr):
    plain = made(egfr)
    assert plain["verdict"]["kind"] == "none"
    found = made(egfr, result("FISH", "copies", "MET", "amplification", "positive"))
    assert (
        "Not found by the sequencing here, but by another test: FISH on day 170 (H1)"
        in (found["verdict"]["sentence"])
    )
    assert found["other_tests"][0]["evidence"]
    # Negative, or before treatment, it is no explanation of the relapse.
    for more in ({"said": "negative"}, {"day": -10}):
        test = result("FISH", "copies", "MET", "amplification", **({"said": "positive"} | more))
        assert made(egfr, test)["verdict"]["sentence"] == plain["verdict"]["sentence"]


def test_absence_by_another_test_alone_limits_the_confidence(patient):
    one = patient("vemurafenib").background()
    one.add("BRAF", "V600E", 0.4, 0.4)
    one.add("MAP2K1", "C121S", 0.0, 0.3)
    (line,) = one.variants[-1]["lines"]
    line |= {"excluded_by": [], "tests": [
        {"test": 1, "says": "excluded", "ub_ccf": 0.08, "text": "NGS (H1) did not detect it"}
    ]}  # fmt: skip
    test = result("NGS", "sequence", "MAP2K1", None, "negative", day=-10)
    found = made(one, test)
    assert found["verdict"]["confidence"] != "high"
    reason = "but that it was absent before rests on another test alone: NGS (H1) did not detect it"
    assert reason in found["verdict"]["reasons"]
    assert "NGS (H1) did not detect it" in found["verdict"]["sentence"]
    assert found["other_tests"][0]["states"] == [one.variants[-1]["id"]]
