"""One verdict for each line of therapy and each lesion, and what is left as an option."""

from types import SimpleNamespace

import msgspec
import pytest

from resistpanel.records.resist import Resist
from resistpanel.resist.mechanism import _clause
from resistpanel.resist.therapy_options import _classes

THREE = [("pre", 0, None), ("p1", 160, None), ("p2", 300, None)]
SITES = [("pre", 0, "lung"), ("lung2", 160, "lung"), ("liver2", 160, "liver"),
         ("lung3", 300, "lung"), ("liver3", 300, "liver")]  # fmt: skip
EGFR = [(("erlotinib",), 0), (("osimertinib",), 160)]


def of(value, line):
    (found,) = (one for one in value["lines"] if one["line"] == line)
    return found


@pytest.fixture
def lung(patient):
    """A lung cancer under erlotinib, then osimertinib, of two lesions."""
    p = patient(disease="NSCLC", samples=SITES, lines=EGFR).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3, 0.3, 0.3)
    return p


def test_lines_come_latest_first_and_the_headline_is_the_latest(patient, context):
    p = patient(disease="NSCLC", samples=THREE, lines=EGFR).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3)
    p.add("EGFR", "T790M", 0.0, 0.25, 0.25)
    p.add("EGFR", "C797S", 0.0, 0.0, 0.15)
    value = p.resist(context)
    assert [one["line"] for one in value["lines"]] == [2, 1]
    assert value["lines"][0]["verdict"] == value["verdict"]
    assert value["lines"][0]["drugs"] == ["osimertinib"]
    assert value["lines"][0]["baseline"] == ["pre", "p1"]
    assert "erlotinib" not in value["verdict"]["sentence"]
    first = of(value, 1)["verdict"]
    assert "resistance to erlotinib" in first["sentence"]
    assert "osimertinib" not in first["sentence"] and "C797S" not in str(first)


def test_every_lesion_of_a_line_has_its_verdict(lung, context):
    t790m = lung.add("EGFR", "T790M", 0.0, 0.2, 0.0, 0.2, 0.0)
    c797s = lung.add("EGFR", "C797S", 0.0, 0.0, 0.0, 0.15, 0.0)
    met = lung.amplify("MET", 0.0, 0.0, 2.2, 0.0, 2.2)
    value = lung.resist(context)
    lesions = {one["lesion"]: one for one in of(value, 1)["lesions"]}
    assert lesions["lung"]["verdict"]["key_variants"] == [t790m]
    assert lesions["lung"]["samples"] == ["lung2"]
    assert lesions["liver"]["verdict"]["key_variants"] == [met]
    second = {one["lesion"]: one["verdict"] for one in of(value, 2)["lesions"]}
    assert second["lung"]["key_variants"] == [c797s]
    assert (
        "nor was it detected before in pre and liver2 (0 of 1800 fr" in second["lung"]["sentence"]
    )
    assert c797s not in second["liver"]["key_variants"]


def test_a_lesion_that_was_not_sampled_under_the_latest_line(patient, context, finding):
    """What only that lesion has is absent under the line, and still a finding."""
    p = patient(disease="NSCLC", samples=SITES[:4], lines=EGFR).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3, 0.3)
    key = p.add("EGFR", "T790M", 0.0, 0.0, 0.2, 0.0)
    value = p.resist(context)
    found = finding(value, "EGFR", "T790M")
    assert (found.state, found.status) == ("absent", "present")
    assert of(value, 1)["verdict"]["key_variants"] == [key]
    assert key not in value["verdict"]["key_variants"]
    assert msgspec.convert(value, Resist)


def test_an_amplification_of_the_line_before_is_stable_in_the_next(patient, context, finding):
    p = patient(disease="NSCLC", samples=THREE, lines=EGFR).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3)
    p.add("EGFR", "C797S", 0.0, 0.0, 0.15)
    p.amplify("MET", 0.0, 2.2, 2.2)
    value = p.resist(context)
    assert finding(value, "MET").state == "stable"
    assert value["verdict"]["sentence"].startswith("EGFR p.C797S")


def test_a_line_that_ended_without_a_sample_is_part_of_the_next(patient, context):
    lines = [(("vemurafenib",), 0), (("dabrafenib", "trametinib"), 60)]
    p = patient(samples=[("pre", 0, None), ("post", 160, None)], lines=lines).background()
    p.add("BRAF", "V600E", 0.35, 0.35)
    p.add("NRAS", "Q61K", 0.0, 0.2)
    value = p.resist(context)
    (line,) = value["lines"]
    assert line["line"] == 2
    assert line["drugs"] == ["vemurafenib", "dabrafenib", "trametinib"]


def test_no_sample_before_any_line(patient, context):
    p = patient("vemurafenib", samples=[("post", 160, None)], lines=[(("vemurafenib",), 0)])
    key = p.add("NRAS", "Q61K", 0.2)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert "no sample before treatment" in value["verdict"]["sentence"]


def test_no_option_is_given_twice_or_expected_to_fail(patient, context):
    """Every option named alone or by its class, over all drugs and sites of the options table."""
    drugs = {drug.name: drug for drug in context.catalog.drugs}
    seen = 0
    for gene, change, disease, lines in (
        ("KIT", "N822K", "GIST", [(("imatinib",), 0)]),
        ("KIT", "V654A", "GIST", [(("sunitinib",), -50), (("imatinib",), 0)]),
        ("ABL1", "Y253H", "CML", [(("imatinib",), 0)]),
        ("ABL1", "E255K", "CML", [(("dasatinib",), -50), (("imatinib",), 0)]),
        ("ABL1", "F359V", "CML", [(("imatinib",), 0)]),
        ("ABL1", "F317L", "CML", [(("imatinib",), 0)]),
        ("EGFR", "T790M", "NSCLC", [(("osimertinib",), -50), (("erlotinib",), 0)]),
    ):
        p = patient(samples=[("pre", 0, None), ("post", 160, None)], lines=lines, disease=disease)
        p.background().add(gene, change, 0.0, 0.2)
        value = p.resist(context)
        closed = {row["drug"] for row in value["expected_to_fail"]}
        closed |= {name for given, _ in lines for name in given}
        for option in value["options"]:
            named = option["option"].partition(" (not ")[0]
            words = set(named.replace(",", " ").split())
            meant = {name for name in drugs if set(name.split()) <= words} - {"imatinib"}
            assert not meant & closed, (gene, change, option["option"])
            seen += 1
    assert seen > 3


def test_a_drug_that_failed_before_is_named_again_only_as_rechallenge(patient, context):
    lines = [(("crizotinib",), 0), (("lorlatinib",), 160)]
    p = patient(disease="NSCLC", samples=THREE, lines=lines).background()
    p.add("ALK", "C1156Y", 0.0, 0.2, 0.2)
    p.add("ALK", "L1198F", 0.0, 0.0, 0.2)
    assert [o["option"] for o in p.resist(context)["options"]] == ["crizotinib (rechallenge)"]


@pytest.mark.parametrize("state", ["stable", "rising", "falling"])
@pytest.mark.parametrize(
    ("drugs", "disease", "gene", "change"),
    [
        (("encorafenib", "cetuximab"), "colorectal cancer", "BRAF", "V600E"),
        (("encorafenib", "panitumumab"), "colorectal cancer", "BRAF", "V600E"),
        (("adagrasib", "cetuximab"), "colorectal cancer", "KRAS", "G12C"),
        (("dabrafenib", "trametinib"), "melanoma", "BRAF", "V600K"),
        (("imatinib",), "GIST", "KIT", "L576P"),
        (("osimertinib",), "NSCLC", "EGFR", "T790M"),
        (("gilteritinib",), "AML", "FLT3", "D835Y"),
    ],
)
def test_a_driver_that_was_there_is_never_resistance(
    patient, context, finding, drugs, disease, gene, change, state
):
    p = patient(*drugs, disease=disease).background()
    p.add(gene, change, 0.3, 0.3, state=state)
    value = p.resist(context)
    found = finding(value, gene)
    assert (found.effect, found.driver) == ("driver", True)
    assert value["verdict"]["kind"] == "none"


def test_the_driver_of_one_drug_is_resistance_to_another_that_has_its_own(patient, context):
    """NRAS Q61K is a driver under a MEK inhibitor; with a RAF inhibitor that is BRAF."""
    p = patient("dabrafenib", "trametinib").background()
    p.add("BRAF", "V600E", 0.3, 0.3)
    key = p.add("NRAS", "Q61K", 0.0, 0.2)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert "resistance to dabrafenib" in value["verdict"]["sentence"]
    assert "trametinib" not in value["verdict"]["sentence"].split("reported to confer")[1]


def test_what_relapse_brought_is_no_driver_of_the_combination(patient, context):
    p = patient("adagrasib", "cetuximab", disease="colorectal cancer").background()
    p.add("KRAS", "G12C", 0.3, 0.3)
    key = p.add("KRAS", "G12D", 0.0, 0.2)
    sentence = p.resist(context)["verdict"]
    assert sentence["key_variants"] == [key]
    assert "resistance to adagrasib (clinical)" in sentence["sentence"] or (
        "resistance to adagrasib and cetuximab (clinical)" in sentence["sentence"]
    )
    for other in ("sotorasib", "panitumumab", "inhibitors"):
        assert other not in sentence["sentence"].split("reported to confer")[1]


def test_a_bypass_is_not_extended_to_a_drug_that_inhibits_it(context):
    for row in context.catalog:
        for drug in context.catalog.drugs:
            if row.drug_match(drug) == "class" and row.gene in drug.targets:
                assert row.mechanism_class.startswith("on_target") or row.direction != "resistance"


def test_a_gene_is_not_called_the_target_of_a_drug_with_another():
    """A row on two drugs together holds for both; BRAF is the target of one of them."""
    alteration = SimpleNamespace(gene="BRAF", copy_number="amplification", restores=None)
    relation = SimpleNamespace(
        target="MAP2K1", path=("RAF", "MEK1/2"), mechanism_class="upstream_activation"
    )
    kind = "on_target_amplification"
    other = SimpleNamespace(name="trametinib", targets=("MAP2K1", "MAP2K2"))
    assert _clause(alteration, other, kind, relation) == (
        "an activation upstream of MAP2K1, the target of trametinib (RAF → MEK1/2)"
    )
    target = SimpleNamespace(name="dabrafenib", targets=("BRAF",))
    assert _clause(alteration, target, kind, relation) == (
        "more copies of BRAF, the target of dabrafenib"
    )


def test_a_bispecific_antibody_is_listed_under_the_class_that_fails():
    drugs = [
        SimpleNamespace(name=name, classes=classes)
        for name, classes in (
            ("pembrolizumab", ("checkpoint inhibitor", "anti-PD1 antibody")),
            ("bevacizumab", ("VEGF antibody",)),
            ("ivonescimab", ("checkpoint inhibitor", "anti-PD1 antibody", "VEGF antibody")),
            ("plixorafenib", ("RAF inhibitor", "RAF dimer breaker")),
            ("vemurafenib", ("RAF inhibitor",)),
        )
    ]
    context = SimpleNamespace(catalog=SimpleNamespace(drugs=drugs))
    by_name = {drug.name: drug for drug in drugs}

    def last(name: str, *classes: str) -> str:
        match = SimpleNamespace(row=SimpleNamespace(drug_class=classes, mechanism_class="bypass"))
        return _classes(by_name[name], match, context)[-1]

    assert last("ivonescimab", "anti-PD1 antibody") == "anti-PD1 antibody"
    assert last("ivonescimab", "VEGF antibody") == "VEGF antibody"
    # A class within the one that fails is the more exact heading.
    assert last("plixorafenib", "RAF inhibitor") == "RAF dimer breaker"
    assert last("plixorafenib") == "RAF dimer breaker"


def test_a_row_of_several_classes_is_extended_from_the_drugs_of_the_class(patient, context):
    """Rucaparib and cisplatin are named in one row; niraparib is of the class of rucaparib."""
    p = patient("olaparib", disease="ovarian cancer").background()
    p.add("BRCA2", "K1691fs", 0.7, 0.7, consequence="frameshift_variant",
          model="germline", filters=["germline"], reported=False)  # fmt: skip
    p.add("BRCA2", "K1691_K1692del", 0.0, 0.16, consequence="inframe_deletion")
    value = p.resist(context)
    said = {item["drug"]: item["reason"] for item in value["expected_to_fail"]}
    assert "to rucaparib, of the same class (PARP inhibitor;" in said["niraparib"]
    assert "to cisplatin, of the same class (platinum agent;" in said["oxaliplatin"]
    assert any("to rucaparib, of the class of olaparib" in r for r in value["verdict"]["reasons"])


def test_an_inherited_loss_of_one_copy_says_that_a_copy_may_be_left(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    p.add("NF1", "W2421*", 0.5, 0.5, consequence="stop_gained",
          model="germline", filters=["germline"], reported=False)  # fmt: skip
    sentence = p.resist(context)["verdict"]["sentence"]
    assert "NF1 p.W2421* is germline" in sentence
    assert "may cause resistance from the start, but does not explain a relapse" in sentence
    assert "; a copy of NF1 may be left: neither a second inactivating alteration" in sentence


def test_a_drug_of_an_earlier_line_is_expected_to_fail_too(patient, context):
    """T790M came under afatinib; gefitinib, given first, is no way back."""
    samples = [(f"p{number}", 100 * number, None) for number in range(4)]
    lines = [(["gefitinib"], 10), (["osimertinib"], 110), (["afatinib"], 210)]
    p = patient(disease="NSCLC", samples=samples, lines=lines).background()
    p.add("EGFR", "L858R", 0.3, 0.3, 0.3, 0.3)
    p.add("EGFR", "T790M", 0.0, 0.0, 0.0, 0.2)
    value = p.resist(context)
    failing = {one["drug"]: one["reason"] for one in value["expected_to_fail"]}
    assert failing["gefitinib"].endswith("; given in an earlier line of therapy")
    assert "given" not in failing["erlotinib"]
    assert not {"afatinib", "osimertinib"} & set(failing)
    assert "gefitinib" not in str(value["options"])
