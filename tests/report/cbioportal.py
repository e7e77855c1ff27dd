"""The rules of cBioPortal's docs/File-Formats.md for the files that a study of ours holds.

Written from the documentation: fields of meta files, columns and values of data files, case lists.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9._-]+")
META = {  # fields that a meta file must have, by genetic_alteration_type and datatype
    ("CLINICAL", "PATIENT_ATTRIBUTES"): set(),
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): set(),
    ("CLINICAL", "TIMELINE"): set(),
    ("MUTATION_EXTENDED", "MAF"): {
        "stable_id", "show_profile_in_analysis_tab", "profile_name", "profile_description"},
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): {
        "stable_id", "show_profile_in_analysis_tab", "profile_name", "profile_description"},
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): set(),
}  # fmt: skip
STABLE_IDS = {"MUTATION_EXTENDED": "mutations", "COPY_NUMBER_ALTERATION": "cna"}
MAF_REQUIRED = {
    "Hugo_Symbol", "NCBI_Build", "Chromosome", "Variant_Classification", "Reference_Allele",
    "Tumor_Seq_Allele2", "Tumor_Sample_Barcode", "HGVSp_Short",
}  # fmt: skip
CLASSIFICATIONS = {
    "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins", "Missense_Mutation",
    "Nonsense_Mutation", "Silent", "Splice_Site", "Translation_Start_Site", "Nonstop_Mutation",
    "3'UTR", "3'Flank", "5'UTR", "5'Flank", "IGR", "Intron", "RNA", "Targeted_Region",
    "De_novo_Start_InFrame", "De_novo_Start_OutOfFrame", "Splice_Region", "Unknown",
}  # fmt: skip
DRIVERS = {"Putative_Driver", "Putative_Passenger", "Unknown", "NA", ""}
CHROMOSOMES = {*map(str, range(1, 23)), "X", "Y", "MT"}


def meta(path: Path) -> dict[str, str]:
    """Return the fields of a meta file or case list."""
    fields = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        key, separator, value = line.partition(":")
        assert separator and key not in fields, f"{path.name}: {line!r}"
        fields[key] = value.strip(" ")
    return fields


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a tab-separated file, comments left out; every line has every column."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len({line.count("\t") for line in lines}) <= 1
    return list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter="\t"))


def check_maf(text: str, samples: set[str] | None = None) -> None:
    """Assert the rules of the mutation file."""
    table = rows(text)
    assert text.startswith("#version 2.4\n")
    columns = set(text.splitlines()[1].split("\t"))
    assert columns >= MAF_REQUIRED
    assert ("cbp_driver" in columns) == ("cbp_driver_annotation" in columns)
    for row in table:
        assert all(row[c] for c in MAF_REQUIRED - {"HGVSp_Short"}), row
        assert row["NCBI_Build"] in ("GRCh37", "GRCh38") and row["Chromosome"] in CHROMOSOMES
        assert row["Variant_Classification"] in CLASSIFICATIONS
        assert row["Mutation_Status"] in ("Somatic", "Germline")
        assert row["cbp_driver"] in DRIVERS and len(row["cbp_driver_annotation"]) <= 80
        assert re.fullmatch(r"(p\..+)?", row["HGVSp_Short"])
        for count in ("t_alt_count", "t_ref_count", "n_alt_count", "n_ref_count"):
            assert re.fullmatch(r"\d*", row[count])
        for allele in ("Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2"):
            assert re.fullmatch("-|[ACGT]+", row[allele])
        assert int(row["Start_Position"]) <= int(row["End_Position"])
        assert samples is None or row["Tumor_Sample_Barcode"] in samples


def check_clinical(text: str, wanted: tuple[str, ...]) -> list[dict[str, str]]:
    """Assert the rules of clinical data: four lines on the attributes, then upper-case names."""
    lines = text.splitlines()
    assert all(line.startswith("#") for line in lines[:4]) and not lines[4].startswith("#")
    widths = {line.count("\t") for line in lines}
    assert len(widths) == 1
    assert set(lines[2][1:].split("\t")) <= {"STRING", "NUMBER", "BOOLEAN"}
    assert all(value.isdigit() for value in lines[3][1:].split("\t"))
    names = lines[4].split("\t")
    assert names == [n.upper() for n in names] and set(wanted) <= set(names)
    kinds = dict(zip(names, lines[2][1:].split("\t"), strict=True))
    table = rows(text)
    for row in table:
        assert all(NAME.fullmatch(row[name]) for name in wanted)
        for name, value in row.items():
            assert kinds[name] != "NUMBER" or not value or float(value) is not None
    return table


def check_study(folder: Path) -> None:
    """Assert the rules of a study folder as a whole."""
    study = meta(folder / "meta_study.txt")
    identifier = study["cancer_study_identifier"]
    assert {"type_of_cancer", "name", "description"} <= set(study)
    assert study["reference_genome"] in ("hg19", "hg38")
    text = {p.name: p.read_text(encoding="utf-8") for p in folder.glob("data_*.txt")}
    patients = {r["PATIENT_ID"] for r in check_clinical(
        text["data_clinical_patient.txt"], ("PATIENT_ID",))}  # fmt: skip
    clinical = check_clinical(text["data_clinical_sample.txt"], ("PATIENT_ID", "SAMPLE_ID"))
    samples = {r["SAMPLE_ID"] for r in clinical}
    assert len(samples) == len(clinical) and {r["PATIENT_ID"] for r in clinical} == patients
    described = set()
    for path in folder.glob("meta_*.txt"):
        fields = meta(path)
        assert fields["cancer_study_identifier"] == identifier
        if path.name == "meta_study.txt":
            continue
        kind = fields["genetic_alteration_type"], fields["datatype"]
        assert set(fields) >= META[kind] | {"data_filename"}, path.name
        assert fields.get("stable_id") == STABLE_IDS.get(kind[0])
        described.add(fields["data_filename"])
        if kind[1] == "TIMELINE":
            check_timeline(text[fields["data_filename"]], patients, samples)
    assert described == set(text)
    check_maf(text["data_mutations.txt"], samples)
    check_gene_panels(folder, text, samples)
    lists = {p.stem: meta(p) for p in (folder / "case_lists").glob("*.txt")}
    needed = {"cases_sequenced"} | ({"cases_cna"} if "data_cna.txt" in text else set())
    assert needed <= set(lists)
    for name, fields in lists.items():
        assert fields["cancer_study_identifier"] == identifier
        assert fields["stable_id"] == f"{identifier}_{name.removeprefix('cases_')}"
        assert {"case_list_name", "case_list_description"} <= set(fields)
        assert set(fields["case_list_ids"].split("\t")) <= samples
    if "data_cna.txt" in text:
        table = rows(text["data_cna.txt"])
        named = list(table[0])
        assert named[0] == "Hugo_Symbol" and set(named[1:]) <= samples
        genes = [r["Hugo_Symbol"] for r in table]
        assert len(genes) == len(set(genes))
        assert {r[n] for r in table for n in named[1:]} <= {"-2", "-1.5", "-1", "0", "1", "2", "NA"}


def check_gene_panels(folder: Path, text: dict[str, str], samples: set[str]) -> None:
    """Assert the rules of gene panels: each sample once, a panel or NA for each profile."""
    panels = {}
    for path in folder.glob("gene_panel_*.txt"):
        fields = meta(path)
        assert set(fields) == {"stable_id", "description", "gene_list"}
        genes = fields["gene_list"].split("\t")
        assert genes and len(genes) == len(set(genes))
        panels[fields["stable_id"]] = genes
    if "data_gene_matrix.txt" in text:
        table = rows(text["data_gene_matrix.txt"])
        assert {r["SAMPLE_ID"] for r in table} == samples and len(table) == len(samples)
        assert set(table[0]) - {"SAMPLE_ID"} <= {"mutations", "cna"}
        assert {r[c] for r in table for c in table[0] if c != "SAMPLE_ID"} <= {*panels, "NA"}


def check_timeline(text: str, patients: set[str], samples: set[str]) -> None:
    """Assert the rules of a timeline: the four columns, days, and specimens that are samples."""
    table = rows(text)
    assert {"PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE"} <= set(table[0])
    for row in table:
        assert row["PATIENT_ID"] in patients and re.fullmatch(r"-?\d+", row["START_DATE"])
        if row["EVENT_TYPE"] == "TREATMENT":
            assert int(row["STOP_DATE"]) >= int(row["START_DATE"]) and row["AGENT"]
        if row["EVENT_TYPE"] == "SPECIMEN":
            assert row["STOP_DATE"] == "" and row["SAMPLE_ID"] in samples
