"""Exports of knowledge bases become catalogue tables. The lines here are made by hand."""

import hashlib
import json

import pytest

from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.import_record import alteration_of, of_kinase, pmids
from resistpanel.catalog.table import load_catalog, read_rows
from resistpanel.cli import main

CIVIC_2022 = [
    *("gene", "variant", "disease", "drugs", "drug_interaction_type", "evidence_type"),
    *("evidence_direction", "evidence_level", "clinical_significance", "citation_id"),
    *("evidence_status", "evidence_id"),
]
CIVIC_2024 = [
    *("molecular_profile", "disease", "therapies", "therapy_interaction_type", "evidence_type"),
    *("evidence_direction", "evidence_level", "significance", "citation_id"),
    *("evidence_status", "evidence_id"),
]
CGI = [
    "Gene",
    "Alteration",
    "Alteration type",
    "Association",
    "Drug",
    "Drug full name",
    "Evidence level",
    "Source",
    "Primary Tumor type",
]


def table(path, header, *rows):
    path.write_text("\n".join("\t".join(row) for row in [header, *rows]) + "\n")
    return path


def civic_row(**changed):
    row = {
        "gene": "MAP2K1",
        "variant": "C121S",
        "molecular_profile": "MAP2K1 C121S",
        "disease": "Skin Melanoma",
        "drugs": "Vemurafenib",
        "therapies": "Vemurafenib",
        "drug_interaction_type": "",
        "therapy_interaction_type": "",
        "evidence_type": "Predictive",
        "evidence_direction": "Supports",
        "evidence_level": "C",
        "clinical_significance": "Resistance",
        "significance": "Resistance",
        "citation_id": "21383288(PubMed)",
        "evidence_status": "accepted",
        "evidence_id": "1602",
        **changed,
    }
    return row


def run(path, kind, output, *more):
    return main(
        ["catalog", "import", str(path), "--format", kind, "--output", str(output),
         "--date", "2024-04-01", *more]
    )  # fmt: skip


@pytest.mark.parametrize("columns", [CIVIC_2022, CIVIC_2024], ids=["2022", "2024"])
def test_civic(tmp_path, capsys, columns):
    rows = [
        civic_row(),
        civic_row(evidence_id="2", significance="Sensitivity/Response",
                  clinical_significance="Sensitivity/Response"),
        civic_row(evidence_id="3", evidence_type="Prognostic"),
        civic_row(evidence_id="4", evidence_status="submitted"),
        civic_row(evidence_id="5", evidence_direction="Does Not Support"),
        civic_row(evidence_id="6", drugs="Unobtainib", therapies="Unobtainib"),
        civic_row(evidence_id="7", variant="EXON 2 MUTATION",
                  molecular_profile="MAP2K1 EXON 2 MUTATION"),
        civic_row(evidence_id="8", gene="EGFR", variant="E746_A750DEL",
                  molecular_profile="EGFR E746_A750DEL", drugs="Cetuximab,Panitumumab",
                  therapies="Cetuximab,Panitumumab", drug_interaction_type="Substitutes",
                  therapy_interaction_type="Substitutes", disease="Colorectal Cancer"),
        civic_row(evidence_id="9", gene="KRAS", variant="G12", molecular_profile="KRAS G12",
                  drugs="Imatinib Mesylate", therapies="Imatinib Mesylate", evidence_level="B"),
    ]  # fmt: skip
    export = table(tmp_path / "civic.tsv", columns, *[[r[c] for c in columns] for r in rows])
    output = tmp_path / "user.tsv"
    assert run(export, "civic", output) == 0
    said = capsys.readouterr().err
    assert "4 rows imported" in said
    assert "1 left out: a drug that drugs.tsv does not know" in said
    assert "1 left out: the alteration cannot be matched on a panel" in said
    checksum = hashlib.sha256(export.read_bytes()).hexdigest()
    assert output.read_text().splitlines()[:2] == [
        "# CIViC, imported from civic.tsv, 2024-04-01",
        f"# sha256 {checksum}",
    ]
    first, unsupported, deletion, codon = read_rows(output, load_drugs())
    assert first.id == "civic-EID1602-MAP2K1-C121S"
    assert first.drugs == ("vemurafenib",)
    assert first.disease == ("melanoma",)
    assert first.mechanism_class == "downstream_mutation"
    assert first.evidence_level == "case report"
    assert first.pmid == ("21383288",)
    assert f"sha256 {checksum[:12]}" in first.source
    assert "2024-04-01" in first.source
    assert (unsupported.direction, unsupported.mechanism_class) == ("none", "none")
    assert (deletion.alteration, deletion.alteration_type) == ("E746_A750del", "inframe_deletion")
    assert deletion.drugs == ("cetuximab", "panitumumab")
    assert (codon.match_level, codon.drugs) == ("codon", ("imatinib",))
    assert len(load_catalog(user=[output])) == len(load_catalog()) + 4


def test_cgi(tmp_path, capsys):
    def row(alteration, kind="MUT", association="Resistant", drug="Vemurafenib (BRAF inhibitor)"):
        gene = alteration.split(":")[0]
        return [gene, alteration, kind, association, "", drug, "Case report",
                "PMID:21383288;PMID:19915144", "Cutaneous melanoma"]  # fmt: skip

    export = table(
        tmp_path / "cgi.tsv",
        CGI,
        row("MAP2K1:C121S,P124."),
        row("NRAS:.61."),
        row("BRAF:V600E", association="Responsive"),
        row("BRAF:amp", kind="CNA"),
        row("KRAS:.", drug="Dabrafenib (BRAF inhibitor) + Trametinib (MEK inhibitor)"),
        row("MET:amp", kind="CNA", drug="Somethingelse (unknown)"),
    )
    output = tmp_path / "user.tsv"
    assert run(export, "cgi", output) == 0
    said = capsys.readouterr().err
    assert "4 rows imported" in said
    assert "1 left out: a mutation that is not named" in said
    rows = read_rows(output, load_drugs())
    assert [(r.alteration, r.match_level, r.mechanism_class) for r in rows] == [
        ("C121S", "exact", "downstream_mutation"),
        ("P124", "codon", "downstream_mutation"),
        ("61-61", "range", "upstream_activation"),
        ("amplification", "gene", "on_target_amplification"),
    ]
    assert rows[0].pmid == ("21383288", "19915144")
    assert rows[0].evidence_level == "case report"


def test_moalmanac(tmp_path, capsys):
    def item(**changed):
        return {
            "feature_type": "Somatic Variant",
            "gene": "EGFR",
            "protein_change": "p.T790M",
            "variant_annotation": "Missense",
            "oncotree_term": "Non-Small Cell Lung Cancer",
            "therapy_name": "Erlotinib",
            "therapy_sensitivity": "",
            "therapy_resistance": 1,
            "predictive_implication": "Guideline",
            "pmid": 15728811,
            **changed,
        }

    items = [
        item(),
        item(therapy_resistance="", therapy_sensitivity=1),
        item(feature_type="Copy Number", gene="MET", direction="Amplification", pmid=""),
        item(feature_type="Rearrangement", gene1="BCR"),
        item(protein_change="", variant_annotation="Truncating", gene="NF1",
             therapy_name="Dabrafenib + Trametinib", predictive_implication="Preclinical"),
        item(protein_change="", variant_annotation="Insertion", exon=20),
    ]  # fmt: skip
    export = tmp_path / "almanac.json"
    export.write_text(json.dumps(items))
    output = tmp_path / "user.tsv"
    assert run(export, "moalmanac", output) == 0
    assert "3 rows imported" in capsys.readouterr().err
    rows = read_rows(output, load_drugs())
    assert [(r.gene, r.alteration, r.mechanism_class, r.evidence_level) for r in rows] == [
        ("EGFR", "T790M", "on_target_mutation", "clinical"),
        ("MET", "amplification", "bypass", "clinical"),
        ("NF1", "loss of function", "upstream_activation", "in vitro"),
    ]
    assert rows[0].disease == ("NSCLC",)
    assert rows[1].pmid == ()


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("civic", "gene\tvariant\n", "missing column drugs or therapies"),
        ("cgi", "Gene\n", "missing column Alteration, Association"),
        ("cgi", "\t".join(CGI) + "\n", "nothing to import; no statement of resistance in it"),
        ("moalmanac", "{", "not JSON, or cut short"),
        ("moalmanac", "{}", "not a list of assertions"),
        ("moalmanac", "[]", "nothing to import"),
    ],
)
def test_what_cannot_be_imported_is_one_line(tmp_path, capsys, kind, text, message):
    export = tmp_path / "export"
    export.write_text(text)
    assert run(export, kind, tmp_path / "user.tsv") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "user.tsv").exists()


def test_a_missing_export_and_a_bad_date(tmp_path, capsys):
    assert run(tmp_path / "none", "civic", tmp_path / "user.tsv") == 2
    assert "cannot be read" in capsys.readouterr().err
    assert run(tmp_path / "none", "civic", tmp_path / "user.tsv", "--date", "1 April") == 2
    assert "'1 April' is no date; write it as 2024-01-31" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("V600E", ("substitution", "V600E", "exact")),
        ("p.V600E", ("substitution", "V600E", "exact")),
        ("V600", ("substitution", "V600", "codon")),
        ("V600.", ("substitution", "V600", "codon")),
        (".12.", ("substitution", "12-12", "range")),
        ("A767_V769DUPASV", ("inframe_insertion", "A767_V769dupASV", "exact")),
        ("D770DELINSGY", ("inframe_indel", "D770delinsGY", "exact")),
        ("M695FS*26", ("loss_of_function", "M695fs*26", "exact")),
        ("Q22*", ("loss_of_function", "Q22*", "exact")),
        ("AMPLIFICATION", ("amplification", "amplification", "gene")),
        ("EML4::ALK", ("fusion", "EML4::ALK", "none")),
        ("EXON 20 INSERTION", None),
        ("", None),
        ("T726T", None),
    ],
)
def test_the_wordings_of_the_knowledge_bases(text, expected):
    assert alteration_of(text) == expected


def test_pmids():
    assert pmids("PMID:21383288;PMID:19915144;NCT01234567;ASCO 2014 (abstr 11018)") == (
        "21383288",
        "19915144",
    )
    assert pmids(20525993) == ("20525993",)
    assert pmids(None) == ()


KINASES = {"ABL1", "ALK", "RET", "ROS1", "NTRK1", "NTRK3", "FGFR2", "PDGFRA", "KIT", "BRAF", "MET"}


@pytest.mark.parametrize(
    ("gene", "alteration", "expected"),
    [
        # written with the fusion that the change is in
        ("ALK", "FUSION G1202R", ("ALK", "G1202R")),
        ("ALK", "Fusion L1196M", ("ALK", "L1196M")),
        ("BCR-ABL", "T315I", ("ABL1", "T315I")),
        ("BCR-ABL1", "E255K", ("ABL1", "E255K")),
        ("BCR", "ABL T315I", ("ABL1", "T315I")),
        ("BCR::ABL1", "F317L", ("ABL1", "F317L")),
        ("BCR::ABL1", "Fusion AND ABL1 T315I", ("ABL1", "T315I")),
        ("EML4-ALK", "C1156Y", ("ALK", "C1156Y")),
        ("EML4::ALK", "Fusion AND ALK L1196M", ("ALK", "L1196M")),
        ("EML4::ALK", "Fusion AND ALK T1151dup", ("ALK", "T1151dup")),
        ("ALK", "G1202R AND v::ALK Fusion", ("ALK", "G1202R")),
        ("ROS1", "G2032R AND CD74::ROS1 Fusion", ("ROS1", "G2032R")),
        ("LMNA::NTRK1", "Fusion AND NTRK1 G595R", ("NTRK1", "G595R")),
        ("NTRK3", "G623R AND EML4::NTRK3 Fusion", ("NTRK3", "G623R")),
        ("KIF5B-RET", "V804L", ("RET", "V804L")),
        ("CCDC6::RET", "FUSION G810S", ("RET", "G810S")),
        ("FIP1L1-PDGFRA", "T674I", ("PDGFRA", "T674I")),
        # nothing to take apart
        ("ABL1", "T315I", ("ABL1", "T315I")),
        ("EML4::ALK", "Fusion", ("EML4::ALK", "Fusion")),
        ("BRAF", "V600E", ("BRAF", "V600E")),
        ("HLA-A", "Loss", ("HLA-A", "Loss")),
        ("KIT", "MUTATION", ("KIT", "MUTATION")),
        ("BRAF", "AMPLIFICATION", ("BRAF", "AMPLIFICATION")),
        # two changes may have to be together
        ("RET", "M918T AND RET V804M", ("RET", "M918T AND RET V804M")),
        ("BRAF", "V600E AND NF1 Loss", ("BRAF", "V600E AND NF1 Loss")),
        ("MET", "Amplification AND NOT KRAS Mutation",
         ("MET", "Amplification AND NOT KRAS Mutation")),
        ("EML4::ALK", "Fusion AND ALK C1156Y AND ALK L1198F",
         ("EML4::ALK", "Fusion AND ALK C1156Y AND ALK L1198F")),
    ],
)  # fmt: skip
def test_a_change_that_is_named_with_its_fusion_is_the_kinases(gene, alteration, expected):
    assert of_kinase(gene, alteration, KINASES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("consequence::inframe_insertion:762-823", ("inframe_insertion", "762-823", "range")),
        ("consequence::inframe_deletion:729-761", ("inframe_deletion", "729-761", "range")),
        ("consequence::inframe_insertion", None),
        ("consequence::missense_variant:12-13", None),
        ("MUTATION", None),
        ("any mutation", None),
        ("oncogenic mutation", None),
    ],
)
def test_consequences_and_unnamed_mutations(text, expected):
    assert alteration_of(text) == expected


def test_cgi_inframe_indels_are_no_fusions(tmp_path, capsys):
    cells = ["EGFR", "EGFR::consequence::inframe_insertion:762-823", "MUT", "Resistant", "",
             "Erlotinib (EGFR inhibitor)", "Late trials", "PMID:24353160", "Lung"]  # fmt: skip
    export = table(
        tmp_path / "cgi.tsv", CGI, cells, [*cells[:1], "EGFR:oncogenic mutation", *cells[2:]]
    )
    output = tmp_path / "user.tsv"
    assert run(export, "cgi", output) == 0
    assert "1 left out: a mutation that is not named" in capsys.readouterr().err
    (row,) = read_rows(output, load_drugs())
    assert (row.gene, row.alteration_type, row.span) == ("EGFR", "inframe_insertion", (762, 823))


def test_civic_numbers_statuses_and_separators(tmp_path, capsys):
    columns = [*CIVIC_2024, "source_type", "evidence_statement"]
    rows = [
        civic_row(evidence_id="1", source_type="PubMed", evidence_statement="one\u2028line"),
        civic_row(evidence_id="2", source_type="ASCO", citation_id="161573"),
        civic_row(evidence_id="3", source_type="PubMed", evidence_status=""),
        civic_row(evidence_id="4", source_type="PubMed", evidence_status="rejected"),
        civic_row(evidence_id="5", source_type="PubMed", evidence_statement="a\x0bb\x85c"),
        civic_row(evidence_id="6", source_type="PubMed", molecular_profile="KRAS Mutation"),
    ]
    export = table(
        tmp_path / "civic.tsv", columns, *[[row.get(c, "") for c in columns] for row in rows]
    )
    output = tmp_path / "user.tsv"
    assert run(export, "civic", output) == 0
    assert "1 left out: a mutation that is not named" in capsys.readouterr().err
    rows = read_rows(output, load_drugs())
    assert [row.id.split("-")[1] for row in rows] == ["EID1", "EID2", "EID5"]
    assert [row.pmid for row in rows] == [("21383288",), (), ("21383288",)]
