"""Tiers of guidelines, loss of function, reversions, germline drivers and convergence."""

import pytest

from resistpanel.resist.course import _meeting as meeting


@pytest.mark.parametrize(
    ("drug", "disease", "gene", "change", "expected"),
    [
        # tier and level of AMP/ASCO/CAP, tier of ESCAT, patients
        ("vemurafenib", "melanoma", "MAP2K1", "C121S", ("II", "D", None, 1)),
        ("vemurafenib", "melanoma", "NRAS", "Q61K", ("I", "B", "II", None)),
        ("imatinib", "GIST", "KIT", "T670I", ("I", "B", "II", None)),
        # A guideline on testing names it as the cause of resistance.
        ("erlotinib", "NSCLC", "EGFR", "T790M", ("I", "A", "I", None)),
        ("erlotinib", "colorectal cancer", "EGFR", "T790M", ("II", "C", "III", None)),
        ("imatinib", "melanoma", "KIT", "T670I", ("II", "C", "III", None)),
        ("dabrafenib", "melanoma", "MAP2K1", "G128D", ("II", "D", "IV", 0)),
    ],
)
def test_tiers(patient, context, finding, drug, disease, gene, change, expected):
    p = patient(drug, disease=disease).background()
    p.add(gene, change, 0.0, 0.2)
    given = finding(p.resist(context), gene).grade
    assert (given["amp_tier"], given["amp_level"], given["escat"], given["cases"]) == expected
    assert given["text"].startswith(f"AMP/ASCO/CAP tier {expected[0]}, level {expected[1]}; ESCAT")
    assert given["text"].endswith("patients: none") == (expected[3] == 0)


def test_a_candidate_has_unknown_significance(patient, context, finding):
    p = patient("vemurafenib").background()
    p.add("MAPK1", "D321N", 0.0, 0.2)
    given = finding(p.resist(context), "MAPK1").grade
    assert (given["amp_tier"], given["amp_level"], given["escat"]) == ("III", None, "X")


def test_one_case_report_is_not_high(patient, context):
    rows = [r for r in context.catalog if r.evidence_level == "case report" and r.change]
    single = [r for r in rows if r.direction == "resistance" and len(r.pmid) == 1 and r.drugs]
    assert len(single) > 20
    for row in single[::8]:
        p = patient(row.drugs[0], disease=(row.disease or ("melanoma",))[0]).background()
        p.add(row.gene, row.alteration, 0.0, 0.2)
        value = p.resist(context)
        (found,) = (f for f in value["findings"] if f["gene"] == row.gene)
        if {e["evidence_level"] for e in found["evidence"]} == {"case report"}:
            assert value["verdict"]["confidence"] != "high", row.id


LEFT = "a copy of NF1 may be left"


@pytest.mark.parametrize(
    ("variants", "confidence"),
    [
        ([("R1362*", {})], "moderate"),
        ([(None, {"consequence": "splice_acceptor", "splice": True})], "moderate"),
        ([(None, {"consequence": "splice_region", "splice": True})], None),
        ([("R1362*", {}), ("L2000fs", {})], "high"),
        ([("R1362*", {}), ("P2000L", {})], "moderate"),
    ],
)
def test_a_truncation_of_one_copy_is_moderate_and_a_second_hit_raises_it(
    patient, context, variants, confidence
):
    """Under a KRAS G12C inhibitor, of which the catalogue has loss of NF1 from patients."""
    p = patient("adagrasib", disease="NSCLC").background()
    p.add("KRAS", "G12C", 0.3, 0.3)
    for protein, more in variants:
        p.add("NF1", protein, 0.0, 0.3, **more)
    verdict = p.resist(context)["verdict"]
    if confidence is None:
        assert verdict["kind"] != "mechanism"
        return
    assert (verdict["kind"], verdict["confidence"]) == ("mechanism", confidence)
    assert any(LEFT in reason for reason in verdict["reasons"]) == (confidence == "moderate")


def test_two_truncations_on_one_copy_are_one_hit(patient, context):
    p = patient("adagrasib", disease="NSCLC").background()
    p.add("KRAS", "G12C", 0.3, 0.3)
    first = p.add("NF1", "R1362*", 0.0, 0.3)
    p.add("NF1", "L1370fs", 0.0, 0.3, phase=[{"other": first, "cis": 40, "trans": 0}])
    p.variants[-2]["phase"] = [{"other": p.variants[-1]["id"], "cis": 40, "trans": 0}]
    assert any(LEFT in r for r in p.resist(context)["verdict"]["reasons"])


@pytest.mark.parametrize("loh", [True, False])
def test_a_loss_of_heterozygosity_raises_a_truncation(patient, context, loh):
    p = patient("adagrasib", disease="NSCLC", loh=["NF1"] if loh else []).background()
    p.add("KRAS", "G12C", 0.3, 0.3)
    p.add("NF1", "R1362*", 0.0, 0.3)
    p.amplify("NF1", 0.0, -0.5)
    verdict = p.resist(context)["verdict"]
    assert verdict["confidence"] == ("high" if loh else "moderate")


def test_a_deep_deletion_is_a_loss_of_function(patient, context, finding):
    p = patient("adagrasib", disease="NSCLC").background()
    p.add("KRAS", "G12C", 0.3, 0.3)
    key = p.delete("NF1", 0.0, -2.5)
    value = p.resist(context)
    assert value["verdict"]["key_variants"] == [key]
    assert not any(LEFT in r for r in value["verdict"]["reasons"])


def test_a_listed_missense_change_is_a_loss_of_function(patient, tmp_path):
    from resistpanel.catalog.drugs import CATALOG
    from resistpanel.resist.context import load_context

    for path in CATALOG.glob("*.tsv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rows = "gene\talteration\tmatch_level\tsource\tpmid\nPTEN\tC124S\texact\ttest\t\n"
    (tmp_path / "inactivating.tsv").write_text(rows)
    p = patient("alpelisib", disease="breast cancer").background()
    p.add("PIK3CA", "H1047R", 0.3, 0.3)
    key = p.add("PTEN", "C124S", 0.0, 0.3)
    value = p.resist(load_context(tmp_path))
    assert value["verdict"]["key_variants"] == [key]


def brca(patient, *second, first="S1982fs", **more):
    p = patient("olaparib", disease="ovarian cancer").background()
    alleles = {"id": "chr13:2000:CT:C", "ref": "CT", "alt": "C"}
    p.add("BRCA2", first, 0.5, 0.5, model="germline", filters=["germline"], reported=False,
          **(alleles if first.endswith("fs") else {}))  # fmt: skip
    ids = [
        p.add("BRCA2", protein, 0.0, 0.2, id=f"chr13:{position}:{alleles}",
              pos=position, ref=alleles.split(":")[0], alt=alleles.split(":")[1], **more)
        for position, (protein, alleles) in enumerate(second, 2010)
    ]  # fmt: skip
    return p, ids


@pytest.mark.parametrize(
    ("first", "second", "reverts"),
    [
        ("S1982fs", ("L1987fs", "C:CA"), True),  # -1 and +1
        ("S1982fs", ("L1987fs", "CAA:C"), True),  # -1 and -2
        ("S1982fs", ("L1987fs", "CA:C"), False),  # -1 and -1
        ("S1982fs", ("L2400fs", "C:CA"), False),  # too far
        ("S1982fs", ("N1980_K1985del", "CAAATTTGGGCCCAAATTT:C"), True),  # over the codon
        ("S1982fs", ("N2080_K2085del", "CAAATTTGGGCCCAAATTT:C"), False),  # elsewhere
        ("R2520*", ("R2520G", "C:G"), True),  # another codon in the place of the stop
        ("R2520*", ("R2521G", "C:G"), False),
    ],
)
def test_reversions(patient, context, first, second, reverts):
    p, (key,) = brca(patient, second, first=first)
    value = p.resist(context)
    assert (key in value["verdict"]["key_variants"]) == reverts
    if reverts:
        sentence = value["verdict"]["sentence"]
        assert f"restores the reading frame of BRCA2 lost by p.{first}" in sentence
        assert "resistance to olaparib (clinical)" in sentence
    assert value["driver"]["state"] == "retained"
    assert value["driver"]["text"].startswith("germline, in the normal cells too")


def test_a_reversion_in_trans_is_none(patient, context):
    phase = [{"other": "chr13:2000:CT:C", "cis": 0, "trans": 40}]
    p, (key,) = brca(patient, ("L1987fs", "C:CA"), phase=phase)
    assert key not in p.resist(context)["verdict"]["key_variants"]


def test_a_frequent_inherited_truncation_is_no_driver(patient, context):
    """BRCA2 p.K3326* is a polymorphism."""
    p = patient("olaparib", disease="ovarian cancer").background()
    p.add("BRCA2", "K3326*", 0.5, 0.5, model="germline", filters=["germline"], reported=False,
          population_af=0.006)  # fmt: skip
    assert p.resist(context)["driver"]["variant"] is None


@pytest.mark.parametrize(
    ("genes", "node"),
    [
        (("NRAS", "MAP2K1"), "MEK1/2"),
        (("KRAS", "BRAF"), "RAF"),
        (("NF1-", "NRAS"), "RAS"),
        (("PTEN-", "AKT1"), "AKT"),
        (("PIK3CA", "PTEN-"), "AKT"),
        (("MAP2K1", "TSC1-"), None),  # by TSC1/2 alone
        (("MAP2K1", "AKT1"), None),
        (("NF1", "NRAS"), None),  # gain of an inhibitor
        (("MITF", "MYC"), None),
        (("JAK1-", "NRAS"), None),
        (("CCND1", "CDKN2A-"), None),
    ],
)
def test_convergence_is_at_curated_nodes_alone(context, genes, node):
    from types import SimpleNamespace

    made = [SimpleNamespace(gene=g.rstrip("-"), inactivates=g.endswith("-")) for g in genes]
    assert meeting(made, context.pathway) == node


def test_two_frameshifts_of_one_molecule_that_are_read_together_are_a_reversion(patient, context):
    """As compare names them: one change in frame, of which the inherited one alone is a shift."""
    first, second = "chr13:2000:CT:C", "chr13:2010:C:CA"
    p, (key,) = brca(patient, ("S1982_L1987delinsRAQLI", "C:CA"))
    assert key == second
    p.variants[-1]["haplotype"] = {"others": [first], "alone": "p.Leu1987fs"}
    inherited = next(v for v in p.variants if v["id"] == first)
    inherited["haplotype"] = {"others": [second], "alone": "p.Ser1982fs"}
    inherited["protein"] = "S1982_L1987delinsRAQLI"
    inherited["protein_changes"] = list(p.variants[-1]["protein_changes"])
    value = p.resist(context)
    assert key in value["verdict"]["key_variants"]
    assert value["findings"][0]["mechanism_class"] == "reversion"
    assert "lost by p.Ser1982fs" in value["verdict"]["sentence"]
    assert value["driver"]["variant"] == first


def by_sequence(p, first, *entries):
    """Give a patient's BRCA2 alleles the c. names that annotate gives, and what they revert."""
    for variant in p.variants:
        if variant["gene"] == "BRCA2":
            variant["hgvs_c"] = "c.1del"
    for key, kind, instead in entries:
        variant = next(v for v in p.variants if v["id"] == key)
        variant["reverts"] = [
            {"other": first, "kind": kind, "instead": instead, "together": "p.Ser1_Arg2delinsTrp"}
        ]
    inherited = next(v for v in p.variants if v["id"] == first)
    for values in inherited["samples"].values():
        values["lod"], values["lod_of_another"] = None, 0.0079


def test_reversions_by_translation_with_phase_number_and_limit(patient, context):
    """Two that revert, one in trans, one that names alone would take for a reversion."""
    first = "chr13:2000:CT:C"
    p, keys = brca(patient, ("L2400fs", "C:CA"), ("N1980_K1985del", "CAAA:C"),
                   ("L1990fs", "C:CAA"), ("L1987fs", "C:CA"))  # fmt: skip
    by_sequence(p, first, (keys[0], "frame", False), (keys[1], "deletion", True),
                (keys[2], "frame", False))  # fmt: skip
    for key, cis, trans in ((keys[0], 18, 0), (keys[1], 0, 30), (keys[2], 0, 25)):
        variant = next(v for v in p.variants if v["id"] == key)
        variant["phase"] = [{"other": first, "cis": cis, "trans": trans}]
    value = p.resist(context)
    assert set(value["verdict"]["key_variants"]) == set(keys[:2])
    (gene,) = value["reversions"]
    assert gene["gene"] == "BRCA2" and gene["distinct"] == 2
    # The other two truncate, too: new alleles, of which nothing reverts.
    assert [a["variant"] for a in gene["alleles"]] == [first, *keys[2:]]
    assert [a["inherited"] for a in gene["alleles"]] == [True, False, False]
    assert {(r["variant"], r["phase"], r["fragments"], r["state"]) for r in gene["found"]} == {
        (keys[0], "cis", 18, "acquired"), (keys[1], "instead", 0, "acquired"),
    }  # fmt: skip
    assert [(x["sample"], x["reversions"]) for x in gene["limits"]] == [("pre", 0), ("post", 2)]
    assert "2 distinct reversions" in gene["text"]
    finding = next(f for f in value["findings"] if f["variant"] == keys[1])
    assert any("in place of" in reason for reason in finding["against"])


def test_without_a_reversion_the_limit_is_stated(patient, context):
    first = "chr13:2000:CT:C"
    p, _ = brca(patient)
    by_sequence(p, first)
    (gene,) = p.resist(context)["reversions"]
    assert gene["found"] == [] and gene["distinct"] == 0
    limit = "0.79 % of the fragments in"
    assert f"no reversion above {limit} pre and {limit} post" in gene["text"]


def test_a_somatic_truncation_must_have_been_there_before(patient, context):
    """Both came with the relapse: the fragments show which was first."""
    p = patient("olaparib", disease="ovarian cancer").background()
    first, second = "chr13:2000:CT:C", "chr13:2030:C:CA"
    for protein, key in (("S1982fs", first), ("L1991fs", second)):
        ref, alt = key.split(":")[2:]
        p.add("BRCA2", protein, 0.0, 0.3, id=key, pos=int(key.split(":")[1]), ref=ref, alt=alt)
    by_sequence(p, first, (second, "frame", False))
    assert p.resist(context)["reversions"][0]["distinct"] == 0
    a, b = (next(v for v in p.variants if v["id"] == key) for key in (first, second))
    b["phase"] = [{"other": first, "cis": 40, "trans": 1}]
    a["phase"] = [{"other": second, "cis": 40, "trans": 60}]
    assert p.resist(context)["reversions"][0]["distinct"] == 1
