"""Where a gene stands relative to a drug's target."""

import pytest

from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.pathway import Node, Pathway, load_pathway
from resistpanel.core.errors import InputError


@pytest.fixture(scope="module")
def pathway():
    return load_pathway()


@pytest.mark.parametrize(
    ("gene", "drug", "mechanism", "needs"),
    [
        ("BRAF", "vemurafenib", "on_target_mutation", "gain"),
        ("RAF1", "vemurafenib", "bypass", "gain"),
        ("NRAS", "vemurafenib", "upstream_activation", "gain"),
        ("NF1", "vemurafenib", "upstream_activation", "loss"),
        ("PTPN11", "vemurafenib", "upstream_activation", "gain"),
        ("MAP2K1", "vemurafenib", "downstream_mutation", "gain"),
        ("MAPK1", "vemurafenib", "downstream_mutation", "gain"),
        ("PDGFRB", "vemurafenib", "bypass", "gain"),
        ("MAP3K8", "vemurafenib", "bypass", "gain"),
        ("PIK3CA", "vemurafenib", "bypass", "gain"),
        ("PTEN", "vemurafenib", "bypass", "loss"),
        ("PIK3R1", "vemurafenib", "bypass", "loss"),
        ("CDKN2A", "vemurafenib", "other", "loss"),
        ("CCND1", "vemurafenib", "other", "gain"),
        ("MITF", "vemurafenib", "other", "gain"),
        ("MAP2K1", "selumetinib", "on_target_mutation", "gain"),
        ("BRAF", "selumetinib", "upstream_activation", "gain"),
        ("PPP6C", "selumetinib", "upstream_activation", "loss"),
        ("MET", "erlotinib", "bypass", "gain"),
        ("KRAS", "cetuximab", "downstream_mutation", "gain"),
        ("PIK3CA", "trastuzumab", "downstream_mutation", "gain"),
        ("PTEN", "trastuzumab", "bypass", "loss"),
        ("IGF1R", "imatinib", "bypass", "gain"),
        ("KRAS", "gilteritinib", "downstream_mutation", "gain"),
        ("NRAS", "sotorasib", "bypass", "gain"),
        ("ESR1", "letrozole", "downstream_mutation", "gain"),
        ("ESR1", "fulvestrant", "on_target_mutation", "gain"),
        ("AR", "abiraterone", "downstream_mutation", "gain"),
        ("SUFU", "vismodegib", "downstream_mutation", "loss"),
        ("PTCH1", "vismodegib", "upstream_activation", "loss"),
        ("RB1", "palbociclib", "downstream_mutation", "loss"),
        ("CCNE1", "palbociclib", "bypass", "gain"),
        ("CDKN2A", "palbociclib", "upstream_activation", "loss"),
    ],
)
def test_relations_that_the_sources_describe(pathway, gene, drug, mechanism, needs):
    relation = pathway.relate(gene, load_drugs().resolve(drug).targets)
    assert (relation.mechanism_class, relation.needs) == (mechanism, needs)


@pytest.mark.parametrize(
    ("gene", "drug"),
    [
        ("KIT", "vismodegib"),
        ("BRAF", "enzalutamide"),
        ("EGFR", "ivosidenib"),
        ("BRCA1", "vemurafenib"),
        ("PTPRD", "vemurafenib"),
        ("TERT", "vemurafenib"),
        ("MAP2K1", "dacarbazine"),
    ],
)
def test_what_the_graph_does_not_connect(pathway, gene, drug):
    assert pathway.relate(gene, load_drugs().resolve(drug).targets) is None


def test_the_path_is_in_the_direction_of_the_signal(pathway):
    assert pathway.relate("MAP2K1", ["BRAF"]).path == ("RAF", "MEK1/2")
    assert pathway.relate("NRAS", ["BRAF"]).path == ("RAS", "RAF")
    assert pathway.relate("NRAS", ["MAP2K1"]).path == ("RAS", "RAF", "MEK1/2")


def test_of_several_targets_the_nearest_relation_counts(pathway):
    relation = pathway.relate("KIT", ["ABL1", "KIT"])
    assert (relation.mechanism_class, relation.target) == ("on_target_mutation", "KIT")


def test_every_target_of_a_pathway_drug_has_a_node(pathway):
    classes = {"RAF inhibitor", "MEK inhibitor", "EGFR inhibitor", "ABL inhibitor", "ALK inhibitor"}
    for drug in load_drugs():
        if classes & set(drug.classes):
            assert any(pathway.node_of(target) for target in drug.targets), drug.name


def test_the_part_around_a_node(pathway):
    hedgehog = pathway.around(["SMO"])
    assert set(hedgehog.nodes) == {"PTCH", "SMO", "SUFU"}
    assert len(hedgehog.edges) == 2
    assert "MEK" in pathway.around(["RAF"]).nodes
    assert "SMO" not in pathway.around(["RAF"]).nodes


def test_a_loop_ends():
    nodes = [Node(name, name, "transducer", (name,), "s") for name in "AB"]
    pathway = Pathway(nodes, [("A", "B", 1), ("B", "A", -1)])
    assert pathway.paths("A") == {"A": (("A",), 1), "B": (("A", "B"), 1)}


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ("A\tA\tking\tG1\ts\n", "", "role 'king' is not one of"),
        ("A\tA\toutput\tG1\ts\nB\tB\toutput\tG1\ts\n", "", "gene G1 belongs to 'A' already"),
        ("A\tA\toutput\tG1\t\n", "", "a row without source"),
        ("A\tA\toutput\tG1\ts\n", "A\tZ\t+\ts\n", "no node is called 'Z'"),
        ("A\tA\toutput\tG1\ts\n", "A\tA\t?\ts\n", "sign '?' is neither"),
        ("A\tA\toutput\tG1\ts\n", "A\tA\t+\ts\nA\tA\t+\ts\n", "is listed twice"),
    ],
)
def test_a_malformed_graph_is_named(tmp_path, nodes, edges, message):
    (tmp_path / "pathway_nodes.tsv").write_text("id\tlabel\trole\tgenes\tsource\n" + nodes)
    (tmp_path / "pathway.tsv").write_text("from\tto\tsign\tsource\n" + edges)
    with pytest.raises(InputError) as caught:
        load_pathway(tmp_path)
    (line,) = caught.value.lines()
    assert message in line
