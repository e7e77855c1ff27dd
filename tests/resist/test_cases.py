"""The written cases: what the verdict must say of typical patients."""

import pytest

THREE = [("pre", 0, "skin"), ("liver", 160, "liver"), ("node", 160, "node")]


def test_c121s_with_v600e_under_vemurafenib(patient, finding, context):
    """The paper's patient."""
    p = patient("PLX4032").background()
    driver = p.add("BRAF", "V600E", 0.35, 0.37)
    key = p.add("MAP2K1", "C121S", 0.0, 0.16)
    p.add("RET", "K710N", 0.0, 0.28)
    value = p.resist(context)
    verdict = value["verdict"]
    assert verdict["kind"] == "mechanism"
    assert verdict["confidence"] == "moderate"
    assert "but the evidence from patients is one case report" in verdict["reasons"]
    assert verdict["key_variants"] == [key]
    for part in (
        "MAP2K1 p.C121S, a mutation downstream of BRAF, the target of vemurafenib",
        "was acquired",
        "not detected (0 of 900 fragments, allele frequency at most 0.33 %) before (pre), 16.0 %",
        "It is reported to confer resistance to vemurafenib (case report).",
    ):
        assert part in verdict["sentence"]
    found = finding(value, "MAP2K1")
    assert (found.rank, found.match_level, found.drug_match) == (1, "exact", "drug")
    effects = {e["id"]: e["effect_size"] for e in found.evidence + found.other_evidence}
    assert effects["MAP2K1-C121S-PLX4720"] == "GI50 about 100-fold higher (A375)"
    assert effects["MAP2K1-C121S-selumetinib"] == "GI50 nearly 1,000-fold higher (A375)"
    ret = finding(value, "RET")
    assert (ret.effect, ret.direction, ret.state) == ("no_effect", "none", "acquired")
    assert ret.rank == 2
    assert any("tested without effect" in reason for reason in ret.against)
    assert value["driver"] == {
        "variant": driver,
        "gene": "BRAF",
        "protein": "V600E",
        "state": "retained",
        "text": value["driver"]["text"],
    }
    failing = {item["drug"] for item in value["expected_to_fail"]}
    assert {"selumetinib", "trametinib", "dabrafenib", "encorafenib"} <= failing
    # Neither what the sources name as an option, nor a drug of another disease.
    assert not failing & {"ulixertinib", "E6201", "erlotinib", "vemurafenib", "adagrasib"}
    assert {item["option"] for item in value["options"]} == {
        "ATP-competitive MEK inhibitor",
        "ERK inhibitor",
    }
    assert all("21383288" in item["pmid"] for item in value["options"])
    nodes = {node["id"]: node["altered"] for node in value["pathway"]["nodes"]}
    assert nodes["MEK"] == [key]
    assert value["pathway"]["drug_targets"] == ["RAF"]
    assert value["knowledge"] == {"topics": []}


def test_nras_q61k_under_vemurafenib(patient, finding, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    key = p.add("NRAS", "Q61K", 0.0, 0.2)
    p.add("CDKN2A", "R80*", 0.4, 0.4)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert value["verdict"]["confidence"] == "high"
    assert finding(value, "NRAS").mechanism_class == "upstream_activation"
    assert "an activation upstream of BRAF" in value["verdict"]["sentence"]
    assert any("second MAPK pathway inhibitor" in o["option"] for o in value["options"])
    (topic,) = value["knowledge"]["topics"]
    assert topic["variants"] == [key]
    assert "paradoxically" in topic["caution"]
    nemo = next(t for t in topic["therapies"] if "NEMO" in t["regimen"])
    assert (nemo["n"], nemo["orr"], nemo["phase"]) == ("402", "15% vs 7%", "III")
    assert len(topic["trials"]) == 6
    found = {row["gene"]: [f["label"] for f in row["found"]] for row in topic["co_alterations"]}
    assert found["CDKN2A"] == ["CDKN2A p.R80*"]
    assert found["CCND1"] == []


def test_braf_amplification_under_selumetinib(patient, finding, context):
    p = patient("AZD6244").background()
    p.add("BRAF", "V600E", 0.35, 0.6)
    key = p.amplify("BRAF", 0.1, 2.5)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    found = next(f for f in value["findings"] if f["variant"] == key)
    assert found["mechanism_class"] == "upstream_activation"
    assert found["match_level"] == "gene"
    # Only cell lines: never high.
    assert value["verdict"]["confidence"] == "moderate"
    assert any("not from patients (in vitro)" in r for r in value["verdict"]["reasons"])


def test_t790m_at_1_percent_before_erlotinib_is_selected_not_acquired(patient, finding, context):
    p = patient("erlotinib", disease="lung adenocarcinoma").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    key = p.add("EGFR", "T790M", 0.01, 0.24)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert value["verdict"]["confidence"] == "high"
    assert "was selected, not acquired" in value["verdict"]["sentence"]
    assert "1.0 %" in value["verdict"]["sentence"]
    assert finding(value, "EGFR", "T790M").state == "rising"
    assert "osimertinib" in {o["option"] for o in value["options"]}
    failing = {item["drug"] for item in value["expected_to_fail"]}
    assert {"gefitinib", "dacomitinib", "neratinib"} <= failing
    assert "osimertinib" not in failing


def test_met_amplification_under_gefitinib(patient, finding, context):
    p = patient("gefitinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    key = p.amplify("MET", 0.0, 2.0)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert value["verdict"]["confidence"] == "high"
    assert finding(value, "MET").mechanism_class == "bypass"
    assert "a bypass of EGFR" in value["verdict"]["sentence"]
    assert "EGFR and MET inhibitor together" in {o["option"] for o in value["options"]}


@pytest.mark.parametrize(
    ("cis", "trans", "phase", "option"),
    [
        (0, 40, "trans", "first- and third-generation EGFR inhibitor together"),
        (40, 1, "cis", "brigatinib with an anti-EGFR antibody"),
        (1, 1, None, None),
        (6, 1, None, None),
        (20, 20, "cis and trans", None),
    ],
)
def test_c797s_in_trans_and_in_cis_with_t790m(patient, finding, context, cis, trans, phase, option):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    gatekeeper = p.add("EGFR", "T790M", 0.25, 0.25)
    key = p.add(
        "EGFR", "C797S", 0.0, 0.1, phase=[{"other": gatekeeper, "cis": cis, "trans": trans}]
    )
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    found = finding(value, "EGFR", "C797S")
    asked = any("whether it is in cis or in trans with EGFR p.T790M" in t for t in found.against)
    assert asked == (phase is None)
    both = any(text.startswith("it is both in cis and in trans with") for text in found.against)
    assert both == (phase == "cis and trans")
    assert found.mechanism_class == "on_target_mutation"
    said = [text for text in found.for_ if "EGFR p.T790M" in text]
    assert said == (
        [f"in {phase} with EGFR p.T790M: {cis} fragments carry both, {trans} this one alone"]
        if phase
        else []
    )
    assert [o["option"] for o in value["options"]] == ([option] if option else [])


def test_c797s_without_t790m(patient, finding, context):
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.add("EGFR", "C797S", 0.0, 0.1)
    value = p.resist(context)
    assert [o["option"] for o in value["options"]] == ["first-generation EGFR inhibitor"]


LUNG, LEUKAEMIA = "NSCLC", "chronic myeloid leukemia"
SECOND = (
    "second MAPK pathway inhibitor (MEK or further downstream) in addition to the RAF inhibitor"
)


@pytest.mark.parametrize(
    ("drugs", "disease", "variants", "told"),
    [
        # Resisted by a key alteration: not named.
        (
            ("gefitinib", "osimertinib"),
            LUNG,
            [("EGFR", "T790M", 0.0, 0.24), ("EGFR", "C797S", 0.0, 0.2)],
            [],
        ),
        (
            ("imatinib",),
            LEUKAEMIA,
            # Together, as a compound mutation, they resist ponatinib; not to be excluded here.
            [("ABL1", "E255K", 0.0, 0.3), ("ABL1", "T315I", 0.0, 0.2)],
            [],
        ),
        (("erlotinib",), LUNG, [("EGFR", "T790M", 0.0, 0.24)], ["osimertinib"]),
        # Resisted in part, or by another alteration that is still there; given in this line.
        (
            ("imatinib",),
            LEUKAEMIA,
            [("ABL1", "F317L", 0.0, 0.3)],
            ["bosutinib", "nilotinib"],
        ),
        (
            ("crizotinib", "lorlatinib"),
            LUNG,
            [("ALK", "C1156Y", 0.2, 0.2), ("ALK", "L1198F", 0.0, 0.2)],
            [],
        ),
        # Given already.
        (
            ("dabrafenib", "trametinib"),
            "melanoma",
            [("BRAF", "V600E", 0.35, 0.35), ("NRAS", "Q61K", 0.0, 0.2)],
            [f"{SECOND} (already given: trametinib)"],
        ),
        (
            ("gefitinib", "osimertinib"),
            LUNG,
            [("EGFR", "C797S", 0.0, 0.2)],
            ["first-generation EGFR inhibitor (not gefitinib: already given)"],
        ),
    ],
)
def test_an_option_that_fails_is_not_named_as_if_it_were_open(
    patient, context, drugs, disease, variants, told
):
    p = patient(*drugs, disease=disease).background()
    for variant in variants:
        p.add(*variant)
    assert [o["option"] for o in p.resist(context)["options"]] == told


def test_two_lesions_converge(patient, finding, context):
    p = patient("vemurafenib", samples=THREE).background()
    p.add("BRAF", "V600E", 0.35, 0.35, 0.35)
    nras = p.add("NRAS", "Q61K", 0.0, 0.2, 0.0)
    mek = p.add("MAP2K1", "C121S", 0.0, 0.0, 0.2)
    value = p.resist(context)
    assert set(value["verdict"]["key_variants"]) == {nras, mek}
    converging = value["convergence"]
    assert converging["node"] == "MEK1/2"
    assert "in different samples" in converging["text"]
    assert {v["variant"]: v["lesions"] for v in converging["variants"]} == {
        nras: ["liver"],
        mek: ["node"],
    }
    assert converging["text"] in value["verdict"]["sentence"]
    assert finding(value, "NRAS").distribution == "private"
    assert finding(value, "BRAF").distribution == "truncal"
    assert [row["detected"] for row in finding(value, "MAP2K1").course] == [False, False, True]


def test_kit_t670i_under_imatinib(patient, finding, context):
    p = patient("imatinib", disease="gastrointestinal stromal tumor").background()
    p.add("KIT", "V560D", 0.4, 0.4)
    key = p.add("KIT", "T670I", 0.0, 0.2)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert value["verdict"]["confidence"] == "high"
    assert "a mutation of KIT, the target of imatinib" in value["verdict"]["sentence"]
    assert value["driver"]["protein"] == "V560D"
    options = {o["option"] for o in value["options"]}
    assert "sunitinib" in options
    assert "higher dose of imatinib (800 mg)" not in options  # of no use against a gatekeeper


def test_the_driver_is_gone_with_everything_else(patient, context):
    p = patient("vemurafenib")
    for residue in range(600, 606):
        p.add("PTPRD", f"E{residue}K", 0.4, 0.0)
    driver = p.add("BRAF", "V600E", 0.35, 0.0)
    value = p.resist(context)
    assert value["driver"]["state"] == "lost"
    assert value["driver"]["variant"] == driver
    assert "0 of 6 other mutations" in value["driver"]["text"]
    assert "sample swap or low tumour content" in value["driver"]["text"]
    assert value["verdict"]["kind"] == "none"
    assert value["verdict"]["confidence"] == "low"
    assert "driver BRAF V600E is lost" in value["verdict"]["sentence"]


def test_the_driver_alone_is_gone(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.0)
    value = p.resist(context)
    assert value["driver"]["state"] == "lost"
    assert "6 of 6 other mutations" in value["driver"]["text"]
    assert "lost the driver" in value["driver"]["text"]


def test_the_driver_was_never_there(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.0, 0.0, sites=["driver-BRAF-V600E-RAF"])
    key = p.add("MAP2K1", "C121S", 0.0, 0.16)
    value = p.resist(context)
    assert value["driver"]["state"] == "absent"
    assert "sample swap" in value["driver"]["text"]
    assert value["verdict"]["key_variants"] == [key]
    assert value["verdict"]["confidence"] == "low"  # and one case report


def test_nothing_found(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    p.add("NRAS", "Q61K", 0.0, 0.0, sites=["NRAS-Q61K-vemurafenib"])
    p.add("MAP2K1", "C121S", 0.0, None, sites=["MAP2K1-C121S-vemurafenib", "MAP2K1-C121-PLX4720"])
    value = p.resist(context)
    verdict = value["verdict"]
    assert (verdict["kind"], verdict["confidence"]) == ("none", "low")
    assert "not found: 1, at most 0.33 % of the fragments" in verdict["sentence"]
    assert "not assessable: 1" in verdict["sentence"]
    assert "amplification" in verdict["sentence"]
    assert "cannot be excluded" in verdict["sentence"]
    sites = [(s["protein"], s["sample"], s["assessable"]) for s in value["negative_sites"]]
    assert sites == [
        ("Q61K", "pre", True),
        ("Q61K", "post", True),
        ("C121S", "pre", True),
        ("C121S", "post", False),
    ]
    assert all(s["drugs"] == ["vemurafenib"] for s in value["negative_sites"])
    assert value["expected_to_fail"] == value["options"] == []


def test_ret_k710n_alone(patient, finding, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    p.add("RET", "K710N", 0.0, 0.28)
    value = p.resist(context)
    assert value["verdict"]["kind"] == "none"
    assert value["verdict"]["key_variants"] == []
    assert finding(value, "RET").effect == "no_effect"
    assert any("RET p.K710N" in reason for reason in value["verdict"]["reasons"])


def test_a_germline_map2k1_variant(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    p.add("MAP2K1", "C121S", 0.5, 0.5, model="germline", filters=["germline"], reported=False)
    value = p.resist(context)
    assert value["verdict"]["kind"] == "none"
    assert "MAP2K1" not in [f["gene"] for f in value["findings"]]
    (excluded,) = value["excluded"]
    assert (excluded["gene"], excluded["drugs"]) == ("MAP2K1", ["vemurafenib"])
    assert excluded["inherited_resistance"] and excluded["evidence"]
    assert value["verdict"]["inherited"] == [excluded["variant"]]
    assert any("MAP2K1 p.C121S is germline" in r for r in value["verdict"]["reasons"])
    # Nor may it be overlooked: resistance can be inherited (EGFR T790M, SUFU).
    said = value["verdict"]["sentence"]
    assert said.startswith("No somatic mechanism of resistance")
    assert "MAP2K1 p.C121S is germline" in said and "may cause resistance from the start" in said
    assert value["near_misses"] == []


def test_a_polymorphism_is_no_inherited_resistance(patient, context):
    """Whatever is catalogued: the word decides nothing, the field does."""
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    p.add("MAP2K1", "C121S", 0.5, 0.5, model="germline", filters=["germline"], reported=False,
          population_af=0.02)  # fmt: skip
    value = p.resist(context)
    assert [x["inherited_resistance"] for x in value["excluded"]] == [False]
    assert "inherited" not in value["verdict"]
    assert "germline" not in value["verdict"]["sentence"]


def test_inherited_resistance_is_said_beside_a_mechanism(patient, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.37)
    p.add("MAP2K1", "C121S", 0.5, 0.5, model="germline", filters=["germline"], reported=False)
    key = p.add("NRAS", "Q61K", 0.0, 0.2)
    verdict = p.resist(context)["verdict"]
    assert (verdict["kind"], verdict["key_variants"]) == ("mechanism", [key])
    assert len(verdict["inherited"]) == 1
    assert "MAP2K1 p.C121S is germline" in verdict["sentence"]
