"""Matching, effects, reasons and ranks beside the written cases."""

import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.schemas import from_builtins
from resistpanel.records.compare import Compare
from resistpanel.records.resist import Resist
from resistpanel.records.sheet import Sheet

TWO_AFTER = [("pre", 0, None), ("week8", 56, None), ("week23", 161, None)]


def v600e(p):
    p.add("BRAF", "V600E", *([0.35] * len(p.tumours)))
    return p


def test_another_change_of_a_catalogued_codon(patient, finding, context):
    p = v600e(patient("PLX4720")).background()
    p.add("MAP2K1", "F53L")
    value = p.resist(context)
    found = finding(value, "MAP2K1")
    assert (found.effect, found.match_level) == ("known", "codon")
    assert value["verdict"]["confidence"] == "low"  # the residue alone, and from a screen alone
    reasons = " ".join(value["verdict"]["reasons"])
    assert "the residue F53, not this change by itself" in reasons
    assert "not from patients (screen)" in reasons


def test_by_class_alone_the_confidence_is_lower(patient, finding, context):
    p = v600e(patient("encorafenib")).background()
    p.add("MAP2K1", "Q56P")
    value = p.resist(context)
    assert finding(value, "MAP2K1").drug_match == "class"
    assert value["verdict"]["confidence"] == "moderate"
    assert any("other drugs of the class of encorafenib" in r for r in value["verdict"]["reasons"])


def test_another_disease_is_said(patient, finding, context):
    p = v600e(patient("vemurafenib", disease="NSCLC")).background()
    p.add("MAP2K1", "C121S")
    value = p.resist(context)
    assert any("from another disease (melanoma)" in r for r in finding(value, "MAP2K1").against)
    assert "the evidence is from other diseases" in " ".join(value["verdict"]["reasons"])


def test_an_exon_level_insertion(patient, finding, context):
    p = patient("erlotinib", disease="NSCLC").background()
    p.add("EGFR", "D770_N771insSVD", 0.3, 0.3, consequence="inframe_insertion")
    value = p.resist(context)
    found = finding(value, "EGFR")
    assert (found.effect, found.match_level, found.state) == ("known", "range", "stable")
    assert value["verdict"]["confidence"] == "low"
    assert "does not explain a relapse after a response" in value["verdict"]["sentence"]


def test_a_class_of_activating_changes(patient, finding, context):
    p = patient("cetuximab", disease="colorectal cancer").background()
    p.add("KRAS", "G12D", 0.0, 0.1)
    p.add("KRAS", "V14I", 0.0, 0.1)
    value = p.resist(context)
    known = finding(value, "KRAS", "G12D")
    assert (known.effect, known.mechanism_class) == ("known", "downstream_mutation")
    assert {"codon", "class"} <= {e["match_level"] for e in known.evidence}
    assert finding(value, "KRAS", "V14I").effect == "candidate"


def test_conflicting_evidence_is_shown_on_both_sides(patient, finding, context):
    p = patient("cetuximab", disease="colorectal cancer").background()
    p.add("BRAF", "V600E", 0.0, 0.2)
    value = p.resist(context)
    found = finding(value, "BRAF")
    assert found.effect == "known"
    assert {e["direction"] for e in found.evidence} == {"resistance", "none"}
    assert any("BRAF-V600E-anti-EGFR-not-supported" in text for text in found.against)
    assert any("BRAF-V600E-anti-EGFR:" in text for text in found.for_)
    assert any("other catalogue rows contradict it" in r for r in value["verdict"]["reasons"])


def test_what_is_known_of_the_very_change_outweighs_the_codon(patient, finding, context):
    """T790M is what osimertinib is for, whatever is known of other drugs."""
    p = patient("osimertinib", disease="NSCLC").background()
    p.add("EGFR", "T790M", 0.0, 0.2)
    value = p.resist(context)
    found = finding(value, "EGFR")
    assert (found.effect, found.direction) == ("driver", "sensitivity")
    assert value["verdict"]["kind"] == "none"


@pytest.mark.parametrize(
    ("gene", "protein", "mechanism"),
    [
        ("MAP2K2", "R231L", "downstream_mutation"),
        ("HRAS", "E62G", "upstream_activation"),
        ("PTPN11", "R138W", "upstream_activation"),
        ("RAF1", "S259P", "bypass"),
        ("PIK3R1", "N564D", "bypass"),
        ("BRAF", "T529I", "on_target_mutation"),
        ("RB1", "R320*", "other"),
    ],
)
def test_an_uncatalogued_change_in_the_pathway_is_a_candidate(
    patient, finding, context, gene, protein, mechanism
):
    p = v600e(patient("vemurafenib")).background()
    key = p.add(gene, protein)
    value = p.resist(context)
    found = finding(value, gene, protein)
    assert (found.effect, found.mechanism_class) == ("candidate", mechanism)
    assert value["verdict"]["kind"] == "candidate"
    assert value["verdict"]["confidence"] == "low"
    assert value["verdict"]["key_variants"] == [key]
    assert value["expected_to_fail"] == value["options"] == []


@pytest.mark.parametrize(
    ("gene", "protein", "fractions", "more", "reason"),
    [
        ("MAP2K1", "G128G", (0.0, 0.2), {}, "synonymous"),
        ("MAP2K1", "R201*", (0.0, 0.2), {}, "inactivates MAP2K1, which the pathway requires"),
        ("PTPRD", "E636K", (0.0, 0.2), {}, "its gene is not in the pathway"),
        (
            "ERBB4",
            "G1217E",
            (0.24, 0.24),
            {},
            "present before treatment at about the same fraction",
        ),
        ("MAP2K2", None, (0.0, 0.2), {"consequence": "intron"}, "no change of the protein"),
    ],
)
def test_passengers_and_why(patient, finding, context, gene, protein, fractions, more, reason):
    p = v600e(patient("vemurafenib"))
    p.add(gene, protein, *fractions, **more)
    value = p.resist(context)
    found = finding(value, gene)
    assert found.effect == ("not_connected" if gene == "PTPRD" else "no_effect")
    assert any(reason in text for text in found.against)
    assert value["verdict"]["kind"] == "none"


def test_what_is_typical_of_the_spectrum_counts_against_a_candidate(patient, finding, context):
    p = v600e(patient("vemurafenib"))
    sunlight = {"substitutions": [{"pos": 1, "ref": "G", "alt": "A", "residue": None}]}
    for index in range(6):
        p.add("PTPRD", f"E{600 + index}K", 0.4, 0.4, **sunlight)
    p.add("MAP2K2", "E207K", **sunlight)
    p.add("MAP2K1", "C121S", **sunlight)
    value = p.resist(context)
    assert any("typical of the spectrum" in text for text in finding(value, "MAP2K2").against)
    # Catalogued: how it arose does not matter.
    assert not any("spectrum" in text for text in finding(value, "MAP2K1").against)


def test_the_rank_is_known_before_candidate_and_acquired_before_rising(patient, context):
    p = v600e(patient("vemurafenib")).background(2)
    p.add("PTPRD", "E900K", 0.0, 0.5)
    p.add("MAP2K2", "R231L", 0.0, 0.5)
    p.add("NRAS", "Q61K", 0.02, 0.4)
    p.add("MAP2K1", "C121S", 0.0, 0.05)
    p.add("RET", "K710N", 0.0, 0.5)
    p.add("NRAS", "Q61R", 0.0, 0.2, state="emergent")
    value = p.resist(context)
    labels = [f["label"] for f in value["findings"]]
    assert labels[:6] == [
        "MAP2K1 p.C121S",
        "NRAS p.Q61R",
        "NRAS p.Q61K",
        "MAP2K2 p.R231L",
        "RET p.K710N",
        "BRAF p.V600E",
    ]
    assert [f["rank"] for f in value["findings"]] == list(range(1, len(labels) + 1))


def test_among_equals_the_higher_fraction_leads(patient, context):
    p = v600e(patient("vemurafenib")).background(2)
    p.add("NRAS", "Q61K", 0.0, 0.1)
    p.add("MAP2K1", "C121S", 0.0, 0.3)
    value = p.resist(context)
    assert [f["label"] for f in value["findings"]][:2] == ["MAP2K1 p.C121S", "NRAS p.Q61K"]
    assert "in the same sample" in value["convergence"]["text"]


def test_a_subclones_step_in_the_same_codon_does_not_converge(patient, context):
    """ABL1 T315M arose on molecules with T315I; a change of another residue did not."""
    p = patient("ponatinib", disease="CML").background(2)
    first = p.add("ABL1", "T315I", 0.0, 0.3)
    p.add("ABL1", "T315M", 0.0, 0.12, haplotype={"others": [first], "alone": "p.Thr315="})
    assert p.resist(context)["convergence"] is None
    p.add("ABL1", "F317V", 0.0, 0.1)
    labels = [v["label"] for v in p.resist(context)["convergence"]["variants"]]
    assert labels == ["ABL1 p.T315I", "ABL1 p.F317V"]


def test_an_allele_with_another_ones_substitution_does_not_converge(patient, context):
    """The caller writes the two bases of most molecules as one allele."""
    p = patient("ponatinib", disease="CML").background(2)
    p.add("ABL1", "T315I", 0.0, 0.1, id="9:133748283:C:T", pos=133748283, ref="C", alt="T")
    p.add("ABL1", "T315M", 0.0, 0.3, id="9:133748283:CT:TG", pos=133748283, ref="CT", alt="TG")
    assert p.resist(context)["convergence"] is None


def test_the_sentence_does_not_give_a_change_the_evidence_of_another(patient, context):
    p = patient("erlotinib", disease="NSCLC").background(2)
    p.add("EGFR", "T790V", 0.0, 0.3)
    text = p.resist(context)["verdict"]["sentence"]
    assert "Another change of the residue (T790M) is reported to confer resistance" in text
    assert "It is reported" not in text


def test_emergent_lowers_the_confidence(patient, context):
    p = v600e(patient("vemurafenib")).background()
    p.add("MAP2K1", "Q56P", 0.0, 0.16, state="emergent")
    verdict = p.resist(context)["verdict"]
    assert verdict["confidence"] == "moderate"
    assert "may have been present before" in verdict["sentence"]


def test_a_small_clone_lowers_the_confidence(patient, finding, context):
    p = v600e(patient("vemurafenib")).background()
    p.add("MAP2K1", "Q56P", 0.0, 0.03)
    p.variants[-1]["samples"]["post"] |= {"ccf": 0.07, "ccf_low": 0.05, "ccf_high": 0.09}
    value = p.resist(context)
    assert value["verdict"]["confidence"] == "moderate"
    assert (
        "in at most 9.0 % of the tumour cells after treatment" in finding(value, "MAP2K1").against
    )


def test_before_not_covered(patient, context):
    p = v600e(patient("vemurafenib")).background()
    p.add("MAP2K1", "Q56P", None, 0.16)
    verdict = p.resist(context)["verdict"]
    assert verdict["kind"] == "mechanism"
    assert verdict["confidence"] == "moderate"
    assert "whether it was present before is not known: the biopsy pre has" in verdict["sentence"]


def test_without_a_sample_before(patient, context):
    p = patient("vemurafenib", samples=[("post", 160, None)])
    p.add("BRAF", "V600E", 0.35)
    p.add("MAP2K1", "C121S", 0.16)
    value = p.resist(context)
    assert value["verdict"]["kind"] == "mechanism"
    assert "no sample before treatment to compare with" in value["verdict"]["sentence"]
    assert value["findings"][0]["state"] is None


@pytest.mark.parametrize(
    ("more", "candidate"),
    [
        ({"splice": True, "consequence": "splice_region&synonymous"}, False),
        ({"splice": True, "consequence": "splice_donor&synonymous"}, True),
        ({"splice": True, "consequence": "splice_region&missense"}, True),
    ],
)
def test_a_synonymous_change_of_a_splice_region_is_no_candidate(patient, context, more, candidate):
    """Ensembl ranks splice_region_variant and synonymous_variant as low impact."""
    p = v600e(patient("vemurafenib")).background()
    p.add("NF1", "K1444R" if "missense" in more["consequence"] else "D118D", 0.0, 0.4, **more)
    value = p.resist(context)
    found = next(f for f in value["findings"] if f["gene"] == "NF1")
    assert (found["effect"] in ("candidate", "known")) == candidate
    if not candidate:
        assert any("alters the splicing" in text for text in found["against"])
        assert "D118D" not in value["verdict"]["sentence"]
        altered = [i for node in value["pathway"]["nodes"] for i in node["altered"]]
        assert found["variant"] not in altered


def test_without_a_normal(patient, context):
    p = v600e(patient("vemurafenib", tumor_only=True)).background()
    p.add("MAP2K1", "Q56P")
    verdict = p.resist(context)["verdict"]
    assert verdict["confidence"] == "moderate"
    assert any("no matched normal" in reason for reason in verdict["reasons"])


def test_without_a_drug(patient, context):
    p = patient().background()
    p.add("MAP2K1", "C121S")
    value = p.resist(context)
    assert value["verdict"]["kind"] == "not_assessed"
    assert "No drug is given" in value["verdict"]["sentence"]


def test_two_drugs_have_a_mechanism_each(patient, finding, context):
    p = v600e(patient("dabrafenib", "trametinib")).background()
    p.add("MAP2K1", "C121S")
    found = finding(p.resist(context), "MAP2K1")
    assert {m["drug"]: m["mechanism_class"] for m in found.mechanisms} == {
        "dabrafenib": "downstream_mutation",
        "trametinib": "on_target_mutation",
    }


def test_more_than_two_time_points_are_a_course(patient, finding, context):
    p = v600e(patient("vemurafenib", samples=TWO_AFTER)).background()
    p.add("MAP2K1", "C121S", 0.0, 0.02, 0.16)
    found = finding(p.resist(context), "MAP2K1")
    assert [(row["sample"], row["day"], row["af"]) for row in found.course] == [
        ("pre", 0, 0.0),
        ("week8", 56, 0.02),
        ("week23", 161, 0.16),
    ]
    assert found.distribution is None  # one lesion, at three time points


def test_different_mutations_of_one_gene_converge(patient, context):
    p = v600e(patient("vemurafenib", samples=TWO_AFTER)).background()
    p.add("NRAS", "Q61K", 0.0, 0.2, 0.0)
    p.add("NRAS", "Q61R", 0.0, 0.0, 0.2)
    converging = p.resist(context)["convergence"]
    assert (converging["gene"], converging["node"]) == ("NRAS", None)
    assert "different mutations of NRAS" in converging["text"]


def test_a_near_miss_is_listed_with_its_filters(patient, context):
    p = v600e(patient("vemurafenib")).background()
    p.add("MAP2K1", "C121S", reported=False, filters=["strand_bias"])
    value = p.resist(context)
    assert value["verdict"]["kind"] == "none"
    (missed,) = value["near_misses"]
    assert (missed["filters"], missed["samples"]) == (["strand_bias"], ["post"])
    assert any("near miss: MAP2K1 C121S" in reason for reason in value["verdict"]["reasons"])


@pytest.mark.parametrize(
    ("pre", "post", "state", "kind"),
    [
        (0.0, 2.0, "acquired", "mechanism"),
        (0.9, 1.1, "emergent", "mechanism"),
        (1.5, 3.0, "rising", "mechanism"),
        (2.0, 2.0, "stable", "mechanism"),
        (2.0, 0.5, "lost", "none"),
    ],
)
def test_states_of_an_amplification(patient, finding, context, pre, post, state, kind):
    p = patient("gefitinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.3, 0.3)
    p.amplify("MET", pre, post)
    value = p.resist(context)
    assert finding(value, "MET").state == state
    assert value["verdict"]["kind"] == kind
    if state in {"stable", "lost"}:
        assert value["verdict"]["confidence"] == "low"


def test_a_candidate_says_what_was_examined(patient, context):
    p = v600e(patient("vemurafenib")).background()
    p.add("PTPN11", "R138W")
    p.add("NRAS", "Q61K", 0.0, 0.0, sites=["NRAS-Q61K-vemurafenib"])
    reasons = p.resist(context)["verdict"]["reasons"]
    assert any("examined after treatment and not found: 1" in reason for reason in reasons)


def test_an_uncatalogued_amplification_in_the_pathway(patient, finding, context):
    p = v600e(patient("vemurafenib")).background()
    p.amplify("DDR2", 0.0, 2.0)
    value = p.resist(context)
    found = finding(value, "DDR2")
    assert (found.effect, found.mechanism_class) == ("candidate", "bypass")
    assert value["coverage"]["copy_number"] is True


def test_a_deleted_suppressor_is_a_loss_of_function(patient, finding, context):
    p = v600e(patient("vemurafenib")).background()
    p.amplify("NF1", 0.0, -3.0)
    copynumber = p.copynumber()
    copynumber["samples"]["post"]["genes"][0]["call"] = "deletion"
    p.copynumber = lambda: copynumber
    value = p.resist(context)
    found = finding(value, "NF1")
    assert (found.label, found.effect) == ("NF1 deletion", "known")
    assert found.mechanism_class == "upstream_activation"
    assert found.state == "acquired"


def test_files_of_two_patients_are_refused(patient, context):
    from resistpanel.resist.build import resist

    p = patient("vemurafenib")
    compare = from_builtins(p.compare(), Compare, "compare.json")
    sheet = from_builtins(p.sheet() | {"patient": "Q"}, Sheet, "sheet.json")
    with pytest.raises(InputError, match="compare is of patient 'P', sheet of 'Q'"):
        resist(compare, sheet, context)


def test_the_schema_names_the_place(patient, context):
    value = patient("vemurafenib").background().resist(context)
    value["verdict"]["confidence"] = "certain"
    with pytest.raises(InputError) as caught:
        from_builtins(value, Resist, "out.json")
    assert "out.json ($.verdict.confidence)" in caught.value.line()


def test_an_amplification_is_worded_once(patient, context):
    p = v600e(patient("vemurafenib")).background()
    p.amplify("BRAF", 0.0, 2.2)
    value = p.resist(context)
    assert value["verdict"]["sentence"].startswith(
        "BRAF amplification, more copies of BRAF, the target of vemurafenib, was acquired: "
        "2.0 copies per tumour cell before, 9.2 after; log2 ratio after to before +2.20 "
        "(+1.90 to +2.50)."
    )
    assert any(
        "amplification of the gene: reported to cause resistance to vemurafenib" in reason
        for reason in value["verdict"]["reasons"]
    )


def test_a_paired_ratio_that_could_not_be_told_is_no_increase(patient, finding, context):
    p = v600e(patient("vemurafenib")).background()
    p.amplify("BRAF", 0.0, 2.2)
    copynumber = p.copynumber()
    copynumber["pairs"][0]["genes"][0] |= {"log2_ratio": None, "low": None, "high": None}
    p.copynumber = lambda: copynumber
    found = [f for f in p.resist(context)["findings"] if f["label"] == "BRAF amplification"]
    assert [f["state"] for f in found] == ["emergent"]
