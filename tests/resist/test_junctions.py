"""Junctions: lost and duplicated exons, fusions."""

import pytest

SHAPES = {
    "name": None, "chrom": "chr1", "pos": 9000, "length": -8000, "inserted": 0, "homology": 0,
    "precise": True, "exons": None, "fusion": None, "frame": None, "kinase": None,
}  # fmt: skip


def add(p, gene, protein, *fractions, consequence="exon_loss_variant", alt="<DEL>", **junction):
    """Add a junction to a patient."""
    number = len(p.variants) + 1
    p.add(
        gene, protein, *fractions, consequence=consequence, type="DEL", alt=alt,
        id=f"chr1:{1000 + number}:G:{alt}", substitutions=[], junction=SHAPES | junction,
    )  # fmt: skip


def test_braf_exons_2_to_8(patient, finding, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.35)
    add(
        p, "BRAF", "V47_D380del", 0.0, 0.2, name="BRAF exons 2-8 deletion", exons="BRAF:2-8",
        frame="in_frame", kinase="kept",
    )  # fmt: skip
    value = p.resist(context)
    found = next(f for f in value["findings"] if "<DEL>" in f["variant"])
    assert (found["effect"], found["match_level"], found["state"]) == ("known", "exact", "acquired")
    assert found["label"] == "BRAF exons 2-8 deletion"
    assert value["verdict"]["kind"] == "mechanism"
    assert "BRAF exons 2-8 deletion" in value["verdict"]["sentence"]


def test_alk_fusion_is_the_driver(patient, finding, context):
    p = patient("crizotinib", disease="NSCLC").background()
    add(
        p, "ALK", "", 0.3, 0.3, consequence="gene_fusion", alt="G]chr2:42522656]",
        name="EML4::ALK fusion (ALK exon 20)", fusion="EML4::ALK", kinase="kept", frame="unknown",
    )  # fmt: skip
    value = p.resist(context)
    assert value["driver"]["gene"] == "ALK"
    assert value["driver"]["state"] == "retained"
    assert finding(value, "ALK").effect == "driver"


@pytest.mark.parametrize("more", [{"kinase": "lost"}, {"kinase": "kept", "frame": "out_of_frame"}])
def test_half_a_fusion_is_none(patient, context, more):
    p = patient("crizotinib", disease="NSCLC").background()
    add(p, "ALK", "", 0.3, 0.3, consequence="gene_fusion", name="ALK::? fusion",
        fusion="ALK::?", **more)  # fmt: skip
    assert p.resist(context)["driver"]["variant"] is None


def test_kinase_domain_duplication_is_a_candidate(patient, finding, context):
    p = patient("erlotinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0.35, 0.35)
    add(p, "EGFR", "", 0.0, 0.2, consequence="duplication", alt="<DUP:TANDEM>", name="EGFR-KDD",
        exons="EGFR:18-25", frame="in_frame", kinase="duplicated")  # fmt: skip
    value = p.resist(context)
    found = next(f for f in value["findings"] if "<DUP" in f["variant"])
    assert (found["effect"], found["label"]) == ("candidate", "EGFR-KDD")


def test_kinase_domain_duplication_is_the_driver_of_afatinib(patient, finding, context):
    p = patient("afatinib", disease="NSCLC").background()
    add(p, "EGFR", "", 0.3, 0.3, consequence="duplication", alt="<DUP:TANDEM>", name="EGFR-KDD",
        exons="EGFR:18-25", frame="in_frame", kinase="duplicated")  # fmt: skip
    value = p.resist(context)
    assert (value["driver"]["gene"], value["driver"]["state"]) == ("EGFR", "retained")
    assert finding(value, "EGFR").effect == "driver"


def test_no_driver_of_a_drug_with_a_junction_among_its_drivers(patient, context):
    """Sites that were examined decide; of the junction its limit is said."""
    p = patient("afatinib", disease="NSCLC").background()
    p.add("EGFR", "L858R", 0, 0, sites=("driver-EGFR-L858R",))
    driver = p.resist(context)["driver"]
    assert driver["state"] == "absent"
    outside = "kinase domain duplication cannot be detected if the breakpoints are outside"
    assert outside in driver["text"]


def test_met_exon_14_is_the_driver(patient, finding, context):
    p = patient("capmatinib", disease="NSCLC").background()
    add(p, "MET", "", 0.3, 0.3, name="MET exon 14 deletion", exons="MET:14-14", frame="in_frame",
        kinase="kept")  # fmt: skip
    assert p.resist(context)["driver"]["gene"] == "MET"
    assert finding(p.resist(context), "MET").effect == "driver"


@pytest.mark.parametrize(
    "gene, protein, effect",
    [("FLT3", "Q576_Q645dup", "driver"), ("FLT3", "Q640_Q645dup", "no_effect"),
     ("FLT3", "Q576fs", "no_effect"), ("FLT3", "K645_C646ins" + "A" * 70, "driver"),
     ("FLT3", "K645_C646ins" + "A" * 10, "no_effect")],
)  # fmt: skip
def test_internal_tandem_duplication(patient, context, gene, protein, effect):
    """The copy begins in the juxtamembrane domain, within a codon or not, and ends beyond it."""
    p = patient("quizartinib", disease="AML").background()
    add(p, gene, protein, 0.3, 0.3, consequence="duplication", alt="<DUP:TANDEM>",
        name="FLT3-ITD, 210 bases", exons="FLT3:14-15", frame="in_frame")  # fmt: skip
    found = next(f for f in p.resist(context)["findings"] if f["gene"] == gene)
    assert (found["effect"] == "driver") == (effect == "driver")


def test_reciprocal_fusion_is_no_candidate(patient, context):
    p = patient("crizotinib", disease="NSCLC").background()
    add(p, "ALK", "", 0.0, 0.3, consequence="gene_fusion", name="ALK::EML4 fusion (ALK exon 19)",
        fusion="ALK::EML4", kinase="lost", frame="unknown")  # fmt: skip
    found = next(f for f in p.resist(context)["findings"] if f["gene"] == "ALK")
    assert found["effect"] == "no_effect"
    assert "without the whole kinase domain of ALK" in str(found)


def test_exons_out_of_frame_inactivate(patient, finding, context):
    p = patient("vemurafenib").background()
    p.add("BRAF", "V600E", 0.35, 0.35)
    add(p, "PTEN", "", 0.0, 0.3, name="PTEN exon 6 deletion", exons="PTEN:6-6",
        frame="out_of_frame")  # fmt: skip
    found = finding(p.resist(context), "PTEN")
    assert found.effect in ("known", "candidate")
    assert found.label == "PTEN exon 6 deletion"
