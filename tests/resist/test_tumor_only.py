"""Without a normal a driver is present, its origin not proven."""

import pytest

INHERITED = {"model": "germline", "filters": ["germline"], "reported": False}


@pytest.mark.parametrize("tumor_only", [True, False])
def test_the_driver_is_used_and_its_origin_is_said(patient, context, tumor_only):
    p = patient("vemurafenib", tumor_only=tumor_only).background()
    p.add("BRAF", "V600E", 0.4, 0.4)
    p.add("MAP2K1", "C121S")
    value = p.resist(context)
    assert value["driver"]["state"] == "retained"
    assert value["driver"]["protein"] == "V600E"
    origin = "present, origin not proven without a normal"
    assert value["driver"]["text"].endswith(origin) is tumor_only
    assert value["findings"][0]["gene"] == "MAP2K1"


@pytest.mark.parametrize(
    ("value", "somatic", "says"),
    [
        ("somatic", 1.0, "without a normal somatic by its allele frequency (probability >0.999)"),
        ("somatic", 0.9876, "by its allele frequency (probability 0.988)"),
        ("not determined", 0.4, "not proven without a normal (somatic with probability 0.4)"),
        ("germline", 0.0, "origin not proven without a normal (somatic with probability <0.001)"),
    ],
)  # fmt: skip
def test_an_origin_by_frequency_is_not_called_unproven(patient, context, value, somatic, says):
    p = patient("vemurafenib", tumor_only=True).background()
    p.add("BRAF", "V600E", 0.4, 0.4, origin={"value": value, "somatic": somatic})
    text = p.resist(context)["driver"]["text"]
    assert text.endswith(says)
    assert ("not proven" in text) is (value != "somatic")


@pytest.mark.parametrize(
    ("purity", "method", "by"),
    [
        (0.8, "joint", "allele frequency, purity and copies"),
        (0.8, "driver", "allele frequency and copies"),
        (None, "none", "allele frequency and copies"),
    ],
)
def test_an_origin_rests_on_what_is_known(patient, context, monkeypatch, purity, method, by):
    """Twice the driver's own allele frequency says nothing of its origin."""
    p = patient("vemurafenib", tumor_only=True).background()
    p.add("BRAF", "V600E", 0.4, 0.4, origin={"value": "somatic", "somatic": 0.97})
    p.amplify("BRAF", 0.0, 0.0)
    copynumber = p.copynumber()
    for sample in copynumber["samples"].values():
        sample["purity"] |= {"value": purity, "method": method}
    monkeypatch.setattr(p, "copynumber", lambda: copynumber)
    text = p.resist(context)["driver"]["text"]
    assert text.endswith(f"without a normal somatic by its {by} (probability 0.97)")


@pytest.mark.parametrize(
    ("gene", "protein", "drug"),
    [("KIT", "V560D", "imatinib"), ("BRAF", "V600E", "vemurafenib")],
)
def test_a_driver_that_looks_inherited_is_the_driver(patient, context, gene, protein, drug):
    """Of a range of residues, such as those of KIT exon 11, no single allele is asked for."""
    p = patient(drug, tumor_only=True).background()
    p.add(gene, protein, 0.51, 0.49, **INHERITED)
    value = p.resist(context)
    assert value["driver"]["state"] == "retained"
    assert value["driver"]["protein"] == protein
    assert value["driver"]["text"].endswith("origin not proven without a normal")


def test_a_driver_between_inherited_and_somatic_is_the_driver(patient, context):
    """At 90 % before and 12 % after it is neither: weak, though in hundreds of fragments."""
    for before, state in ((0.9, "retained"), (0.05, "unknown")):
        p = patient("imatinib", tumor_only=True).background()
        p.add("KIT", "V560D", before, before / 2, model="somatic", filters=["weak"], reported=False)
        assert p.resist(context)["driver"]["state"] == state


def test_what_people_carry_or_a_normal_shows_is_no_driver(patient, context):
    for more, tumor_only in (({"population_af": 0.02}, True), ({}, False)):
        p = patient("imatinib", tumor_only=tumor_only).background()
        p.add("KIT", "V560D", 0.51, 0.49, **INHERITED, **more)
        assert p.resist(context)["driver"]["state"] != "retained"


def test_an_inherited_substitution_of_a_pathway_gene_stays_out(patient, context):
    """NF1 is known by its loss: any substitution at a half would be reported."""
    p = patient("vemurafenib", tumor_only=True).background()
    p.add("NF1", "R100K", 0.51, 0.49, **INHERITED)
    assert all(f["gene"] != "NF1" for f in p.resist(context)["findings"])


def test_a_driver_that_is_not_there_has_no_origin(patient, context):
    p = patient("vemurafenib", tumor_only=True).background()
    p.add("MAP2K1", "C121S")
    value = p.resist(context)
    assert value["driver"]["state"] != "retained"
    assert "origin" not in value["driver"]["text"]


@pytest.mark.parametrize(("ratio", "kind"), [(2.2, "mechanism"), (0.6, "none")])
def test_copies_multiplied_between_the_tumours(patient, context, ratio, kind):
    """Without gene calls, the later against the earlier tumour shows an amplification."""
    p = patient("vemurafenib", tumor_only=True).background()
    p.add("BRAF", "V600E", 0.4, 0.4)
    key = p.amplify("BRAF", 0.0, ratio)
    made = p.copynumber()
    for sample in made["samples"].values():
        sample["genes"] = []
    p.copynumber = lambda: made
    value = p.resist(context)
    assert value["verdict"]["kind"] == kind
    if kind == "none":
        assert "was not examined against a normal" in value["verdict"]["sentence"]
    else:
        assert value["verdict"]["key_variants"] == [key]
        assert value["findings"][0]["state"] == "undetermined"
        assert "copies per tumour cell are not known without" in value["verdict"]["sentence"]
