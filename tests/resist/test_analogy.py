"""Rows that hold by analogy, and what a row of a residue says of the very change."""

import pytest

from resistpanel.catalog.homologous import load_homologous
from resistpanel.core.errors import InputErrors
from resistpanel.resist.analogy import Analogies


def relapse(patient, drug, disease, gene, protein, *fractions):
    p = patient(drug, disease=disease).background()
    p.add(gene, protein, *(fractions or (0.0, 0.2)))
    return p


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "protein", "row"),
    [
        ("osimertinib", "NSCLC", "MAP2K1", "Q56P", "activating"),  # below RAS and RAF
        ("cetuximab", "colorectal cancer", "MAP2K2", "F57L", "activating"),
        ("alpelisib", "breast cancer", "AKT1", "E17K", "PTEN-loss"),  # PTEN holds AKT down
        ("gilteritinib", "AML", "NF1", "R440*", "activating-gilteritinib"),  # NF1 holds RAS down
        ("larotrectinib", "solid tumors", "NTRK3", "G696A", "NTRK1-G667"),
        ("erdafitinib", "urothelial cancer", "FGFR3", "L608V", "FGFR2-L617V"),
        ("pemigatinib", "cholangiocarcinoma", "KRAS", "G12D", "KRAS-activating"),
        ("entrectinib", "NSCLC", "ROS1", "G2032R", "ROS1-G2032R"),  # another inhibitor
        # Another inhibitor of KRAS; SHP2 activates RAS.
        ("daraxonrasib", "pancreatic cancer", "BRAF", "V600E", "BRAF-activating-adagrasib"),
        ("osimertinib", "NSCLC", "PTPN11", "E76K", "activating-osimertinib"),
    ],
)
def test_another_gene_or_another_receptor(
    patient, finding, context, drug, disease, gene, protein, row
):
    value = relapse(patient, drug, disease, gene, protein).resist(context)
    found = finding(value, gene)
    assert (found.effect, found.match_level) == ("known", "pathway")
    assert row in found.evidence[0]["id"]
    verdict = value["verdict"]
    assert (verdict["kind"], verdict["confidence"] == "high") == ("mechanism", False)
    assert f"Resistance to {drug}" in verdict["sentence"]
    assert "by analogy) is inferred: " in verdict["sentence"]
    # What holds by analogy with another gene says nothing of other drugs.
    others = {row for one in value["expected_to_fail"] for row in one["evidence"]}
    assert not any(row.split("-")[0] != gene for row in others)


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "protein", "fractions"),
    [
        ("osimertinib", "NSCLC", "MAP2K1", "Q56P", (0.2, 0.2)),  # there before
        ("osimertinib", "NSCLC", "MAP2K1", "R349W", ()),  # not known to activate
        ("osimertinib", "NSCLC", "PTPN11", "E76K", (0.2, 0.2)),
        ("vemurafenib", "melanoma", "ARAF", "S214F", ()),  # a relative of the target
        ("larotrectinib", "solid tumors", "NTRK3", "L694A", ()),  # another residue
        ("sacituzumab govitecan", "breast cancer", "KRAS", "G12D", ()),  # acts through its target
        ("venetoclax", "CLL", "MAP2K1", "Q56P", ()),  # the graph does not lead there
        ("asciminib", "CML", "ABL1", "Y253H", ()),  # known of inhibitors that bind elsewhere
        ("ponatinib", "CML", "ABL1", "Y253H", ()),  # of those of another generation
        ("selitrectinib", "solid tumors", "NTRK1", "G595R", ()),
        # The generation of one of the two is not stated.
        ("zidesamtinib", "NSCLC", "ROS1", "L2026M", ()),
        ("sunvozertinib", "NSCLC", "EGFR", "T790M", ()),
        # A narrower class of one of the two.
        ("cabozantinib", "papillary renal cell carcinoma", "MET", "D1228V", ()),
        ("sapanisertib", "solid tumors", "MTOR", "F2108L", ()),
        # No class of inhibitors of the target in common.
        ("lenvatinib", "GIST", "KIT", "A829P", ()),
        ("elacestrant", "breast cancer", "ESR1", "P535H", ()),
        # Changes that resist the drug itself are known, and this is none of them.
        ("nilotinib", "CML", "ABL1", "F317L", ()),
        ("dasatinib", "CML", "ABL1", "Y253H", ()),
        ("alectinib", "NSCLC", "ALK", "F1174C", ()),
        ("selpercatinib", "NSCLC", "RET", "L730I", ()),
        ("ciltacabtagene autoleucel", "multiple myeloma", "TNFRSF17", "R27P", ()),  # a cell
    ],
)
def test_what_is_left_alone(patient, finding, context, drug, disease, gene, protein, fractions):
    value = relapse(patient, drug, disease, gene, protein, *fractions).resist(context)
    assert finding(value, gene).effect != "known"


def test_amplified_met_bypasses_every_receptor_but_itself(patient, finding, context):
    effects = {}
    for drug in ("alectinib", "crizotinib", "amivantamab"):
        p = patient(drug, disease="NSCLC").background()
        p.amplify("MET", 0.0, 2.0)
        effects[drug] = finding(p.resist(context), "MET").effect
    assert effects["alectinib"] == "known"
    assert effects["crizotinib"] != "known" and effects["amivantamab"] != "known"


def test_copies_stand_for_expression(patient, finding, context):
    p = patient("vemurafenib").background()
    p.amplify("MAP3K8", 0.0, 2.0)
    value = p.resist(context)
    found = finding(value, "MAP3K8")
    assert (found.effect, found.match_level) == ("known", "gene")
    assert "expression, not of copies" in " ".join(value["verdict"]["reasons"])


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "protein", "row"),
    [
        ("gilteritinib", "AML", "FLT3", "N701K", "FLT3-G697S"),  # between named residues
        ("osimertinib", "NSCLC", "EGFR", "G796S", "EGFR-C797S"),
        ("vismodegib", "basal cell carcinoma", "SMO", "A459V", "SMO-D473"),
        ("venetoclax", "CLL", "BCL2", "R107_R110dup", "BCL2-F104I"),  # in frame, just behind
        ("entrectinib", "NSCLC", "ROS1", "F2004C", "ROS1-S1986"),  # rows of crizotinib
    ],
)
def test_another_residue_of_the_same_part_of_the_target(
    patient, finding, context, drug, disease, gene, protein, row
):
    value = relapse(patient, drug, disease, gene, protein).resist(context)
    found = finding(value, gene)
    assert (found.effect, found.match_level, found.drug_match) == ("known", "pathway", "stretch")
    assert row in found.evidence[0]["id"]
    assert value["verdict"]["confidence"] != "high"
    assert f"of the same part of {gene}" in value["verdict"]["sentence"]
    assert not value["expected_to_fail"]


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "protein", "fractions"),
    [
        ("gilteritinib", "AML", "FLT3", "N701K", (0.2, 0.2)),  # there before
        ("gilteritinib", "AML", "FLT3", "T227M", ()),  # outside of the kinase
        ("gilteritinib", "AML", "FLT3", "W700*", ()),  # truncating
        ("osimertinib", "NSCLC", "EGFR", "G719A", ()),  # a driver for which the drug is given
        ("nilotinib", "CML", "ABL1", "F317L", ()),  # rows name it, for another drug
        ("asciminib", "CML", "ABL1", "Y253H", ()),
        ("sotorasib", "NSCLC", "KRAS", "H95D", ()),  # known to be sensitive
        ("trastuzumab deruxtecan", "breast cancer", "TOP1", "R364H", ()),  # acts through it
    ],
)
def test_a_residue_of_another_part_or_meaning(
    patient, finding, context, drug, disease, gene, protein, fractions
):
    value = relapse(patient, drug, disease, gene, protein, *fractions).resist(context)
    assert finding(value, gene).effect != "known"


def copies(patient, drug, disease, gene):
    p = patient(drug, disease=disease).background()
    p.amplify(gene, 0.0, 2.0)
    return p


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "effect"),
    [
        ("daraxonrasib", "pancreatic cancer", "KRAS", "known"),  # rows of inhibitors of G12C
        ("osimertinib", "NSCLC", "FGFR1", "known"),  # as MET and ERBB2
        ("sotorasib", "NSCLC", "ERBB2", "known"),
        ("cetuximab", "colorectal cancer", "EGFR", "candidate"),  # an antibody
        ("osimertinib", "NSCLC", "FLT3", "candidate"),  # no way round anything, as far as reported
        ("palbociclib", "breast cancer", "KDR", "candidate"),
    ],
)
def test_more_copies_of_the_target_or_of_another_receptor(
    patient, finding, context, drug, disease, gene, effect
):
    assert finding(copies(patient, drug, disease, gene).resist(context), gene).effect == effect


def test_a_stretch_is_where_chance_is_counted(context):
    analogies = Analogies(context, [context.catalog.drugs.get("gilteritinib")], None)
    (first, last) = analogies.spans("FLT3")[0]
    assert first <= 691 - 10 and last >= 697 + 10
    assert "FLT3" in analogies.genes() and analogies.spans("KIT") == []


def test_a_row_of_the_gene_itself_leaves_no_analogy(patient, context):
    p = relapse(patient, "adagrasib", "NSCLC", "NRAS", "Q61K")
    evidence = p.resist(context)["findings"][0]["evidence"]
    assert {row["match_level"] for row in evidence} == {"class"}


def test_a_residue_under_the_drug_that_brought_it(patient, finding, context):
    """N549K stays sensitive to futibatinib after another drug, not where it came under it."""
    value = relapse(patient, "futibatinib", "cholangiocarcinoma", "FGFR2", "N549K").resist(context)
    found = finding(value, "FGFR2")
    assert found.effect == "known"
    assert "contradict" in " ".join(value["verdict"]["reasons"])
    value = relapse(patient, "pemigatinib", "cholangiocarcinoma", "FGFR2", "N549K").resist(context)
    assert "futibatinib" not in {one["drug"] for one in value["expected_to_fail"]}


def test_the_same_number_of_another_residue_is_none(patient, finding, context):
    """K565 of an unknown isoform is not E565 of the panel's."""
    p = relapse(patient, "infigratinib", "cholangiocarcinoma", "FGFR2", "K565L")
    assert finding(p.resist(context), "FGFR2").effect == "candidate"


def test_genes_and_residues_that_may_match(context):
    drugs = [context.catalog.drugs.get("larotrectinib")]
    analogies = Analogies(context, drugs, None)
    assert {"NTRK3", "MAP2K2", "NF1", "HRAS"} <= analogies.genes()
    assert {623, 696} <= analogies.residues("NTRK3")
    assert analogies.residues("FGFR3") == set()


def test_residues_correspond_both_ways(context):
    pair = next(p for p in load_homologous() if (p.gene, p.other) == ("KIT", "PDGFRA"))
    assert pair.residue("KIT", 654, "PDGFRA") == 658
    assert pair.residue("PDGFRA", 658, "KIT") == 654
    assert pair.residue("KIT", 588, "PDGFRA") is None
    assert pair.residue("KIT", 654, "FLT3") is None


def test_a_bad_table_is_named(tmp_path):
    assert load_homologous(tmp_path) == []
    (tmp_path / "homologous.tsv").write_text(
        "gene\tother\tfirst\tlast\tshift\tsource\nA\tB\tx\t2\t1\tS\nA\tB\t5\t2\t1\tS\n"
    )
    with pytest.raises(InputErrors) as caught:
        load_homologous(tmp_path)
    assert [line.split(": ")[0].endswith(f"homologous.tsv:{n}") for n, line in
            zip((2, 3), caught.value.lines(), strict=True)] == [True, True]  # fmt: skip


def test_a_change_of_the_target_that_an_earlier_drug_selected(patient, finding, context):
    """ROS1 G2032R, of crizotinib, resists entrectinib from the first dose on."""
    value = relapse(
        patient, "entrectinib", "NSCLC", "ROS1", "G2032R", 0.2, 0.2
    ).resist(context)  # fmt: skip
    found = finding(value, "ROS1")
    assert (found.effect, found.match_level) == ("known", "pathway")
    sentence = value["verdict"]["sentence"]
    assert "was present before treatment at about the same fraction" in sentence
    assert "Resistance to entrectinib (case report, by analogy) is inferred" in sentence
    assert "does not explain a relapse after a response" in sentence
