"""Compound mutations, presumed drivers, drugs that act through their target."""

import pytest

from resistpanel.resist.context import load_context


@pytest.fixture(scope="module")
def shipped():
    return load_context()


def phased(p, first, second, cis, trans):
    """Give two variants of the patient fragments with both, and with one alone."""
    for one, other in ((first, second), (second, first)):
        entry = {"other": other, "cis": cis, "trans": trans}
        next(v for v in p.variants if v["id"] == one)["phase"] = [entry]


def compound(patient, second, cis=0, trans=0):
    p = patient("ponatinib", disease="CML").background()
    first = p.add("ABL1", "T315I", 0.4, 0.4)
    key = p.add("ABL1", second, 0.0, 0.3)
    if cis or trans:
        phased(p, first, key, cis, trans)
    return p, key


def of(value, variant):
    return next(f for f in value["findings"] if f["variant"] == variant)


@pytest.mark.parametrize("second", ["E255V", "F359V", "M351T"])
def test_a_second_mutation_beside_t315i_resists_ponatinib(patient, shipped, second):
    p, key = compound(patient, second, cis=40)
    value = p.resist(shipped)
    assert value["verdict"]["kind"] == "mechanism"
    assert value["verdict"]["key_variants"] == [key]
    assert "a compound mutation with ABL1 p.T315I" in value["verdict"]["sentence"]
    assert not any("same molecule" in reason for reason in value["verdict"]["reasons"])


def test_it_must_not_be_in_trans(patient, shipped):
    p, key = compound(patient, "E255V", trans=40)
    assert of(p.resist(shipped), key)["effect"] == "candidate"


def test_an_unknown_phase_lowers_the_confidence(patient, shipped):
    p, key = compound(patient, "E255V")
    verdict = p.resist(shipped)["verdict"]
    assert verdict["key_variants"] == [key]
    assert any("whether ABL1 p.T315I is on the same molecule is not known" in r
               for r in verdict["reasons"])  # fmt: skip


@pytest.mark.parametrize("alone", ["T315I", "E255V"])
def test_one_of_them_alone_is_no_compound_mutation(patient, shipped, alone):
    p = patient("ponatinib", disease="CML").background()
    key = p.add("ABL1", alone, 0.0, 0.3)
    ids = [e["id"] for e in of(p.resist(shipped), key)["evidence"]]
    assert "ABL1-T315I-compound-TKI" not in ids


def test_two_clones_that_no_sample_shares_are_no_compound_mutation(patient, shipped):
    p = patient(
        "lorlatinib", disease="NSCLC", samples=[("pre", 0, None), ("a", 90, None), ("b", 99, None)]
    ).background()
    p.add("ALK", "G1202R", 0.0, 0.3, 0.0)
    key = p.add("ALK", "L1196M", 0.0, 0.0, 0.3)
    ids = [e["id"] for e in of(p.resist(shipped), key)["evidence"]]
    assert "ALK-G1202R-L1196M-lorlatinib" not in ids


def test_a_stable_driver_of_a_disease_without_rows_is_no_resistance(patient, shipped):
    """MAP2K1 Q56P is acquired by melanomas, and is the driver of a histiocytosis."""
    for disease, kind in (("Erdheim-Chester disease", "none"), ("melanoma", "mechanism")):
        p = patient("cobimetinib", disease=disease).background()
        key = p.add("MAP2K1", "Q56P", 0.2, 0.2)
        value = p.resist(shipped)
        assert value["verdict"]["kind"] == kind, disease
        if kind == "none":
            assert of(value, key)["effect"] == "other_driver"
            assert any("likely to be its driver" in text for text in of(value, key)["against"])


def test_beside_its_listed_driver_it_is_resistance(patient, shipped):
    p = patient("trametinib", disease="NSCLC").background()
    p.add("BRAF", "V600E", 0.35, 0.35)
    key = p.add("MAP2K1", "Q56P", 0.2, 0.2)
    assert key in p.resist(shipped)["verdict"]["key_variants"]


@pytest.mark.parametrize(
    ("gene", "change"), [("TACSTD2", "Q118*"), ("TOP1", "R364H"), ("TOP1", "E10*")]
)
def test_a_conjugate_needs_its_antigen_and_the_target_of_its_payload(
    patient, shipped, gene, change
):
    p = patient("sacituzumab govitecan", disease="breast cancer").background()
    consequence = "stop_gained" if change.endswith("*") else "missense"
    key = p.add(gene, change, 0.0, 0.3, consequence=consequence)
    found = of(p.resist(shipped), key)
    assert found["effect"] == "candidate"
    assert any("through which sacituzumab govitecan acts" in text for text in found["for"])


def test_more_of_the_antigen_is_no_resistance(patient, shipped):
    p = patient("trastuzumab deruxtecan", disease="breast cancer").background()
    key = p.amplify("ERBB2", 0.0, 2.0)
    assert of(p.resist(shipped), key)["effect"] not in ("candidate", "known")


def test_after_a_reversion_platinum_and_parp_inhibitors_are_likely_to_fail(patient, shipped):
    """In a breast cancer too, although the rows are of ovarian cancer."""
    p = patient("olaparib", disease="breast cancer").background()
    p.add("BRCA2", "Q3066*", 0.5, 0.5, consequence="stop_gained", model="germline",
          filters=["germline"], reported=False)  # fmt: skip
    p.add("BRCA2", "Q3066L", 0.0, 0.2)
    value = p.resist(shipped)
    assert value["verdict"]["kind"] == "mechanism"
    failing = {item["drug"] for item in value["expected_to_fail"]}
    assert {"carboplatin", "cisplatin", "talazoparib", "rucaparib"} <= failing
