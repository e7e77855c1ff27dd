"""MAF: the rules that cBioPortal's validator checks, and what the rows say."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.report.maf import COLUMNS, alleles, classification, driver, maf, protein, rows

BASES = st.text("ACGT", min_size=1, max_size=6)
CLASSES = {
    "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins", "Missense_Mutation",
    "Nonsense_Mutation", "Splice_Site", "Translation_Start_Site", "Nonstop_Mutation",
    "Targeted_Region", "Silent", "Intron", "3'UTR", "3'Flank", "5'UTR", "5'Flank", "IGR", "RNA",
    "Splice_Region", "Unknown",
}  # fmt: skip


def obeys(row: dict) -> None:
    """Assert what validateData.py checks of a line (MAF file checks 6, 10, 11)."""
    ref, one, two = (row[k] for k in ("Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2"))
    start, end, kind = int(row["Start_Position"]), int(row["End_Position"]), row["Variant_Type"]
    for allele in (ref, one, two):
        assert re.fullmatch("-|[ACGT]+", allele)
    assert not ref == one == two
    assert start <= end
    length = end - start + 1
    if kind == "INS":
        assert length == len(ref) or end - start == 1
        assert len(ref) <= len(one) or len(ref) <= len(two)
    elif kind == "DEL":
        assert length == len(ref)
        assert len(ref) >= len(one) and len(ref) >= len(two)
        assert not (len(ref) == len(one) == len(two) and "-" not in (one, two))
    elif kind == "ONP":
        assert len(ref) == len(one) == len(two) > 3
    else:
        assert len(ref) == len(one) == len(two) == {"SNP": 1, "DNP": 2, "TNP": 3}[kind]
    if kind not in ("INS", "DEL"):
        assert "-" not in (ref, one, two)


@given(st.integers(1, 10**6), BASES, BASES)
def test_any_alleles_obey_the_rules_and_lead_back(pos, ref, alt):
    if ref == alt:
        return
    row = alleles(pos, ref, alt)
    obeys(row)
    start, gone = row["Start_Position"], row["Reference_Allele"].replace("-", "")
    come = row["Tumor_Seq_Allele2"].replace("-", "")
    at = (start - pos) if gone else (row["End_Position"] - pos)
    assert ref[:at] + come + ref[at + len(gone) :] == alt
    assert ref[at : at + len(gone)] == gone


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((66729154, "G", "C"), (66729154, 66729154, "SNP", "G", "C")),
        ((1278863, "CC", "TT"), (1278863, 1278864, "DNP", "CC", "TT")),
        ((21971153, "CCGC", "CC"), (21971155, 21971156, "DEL", "GC", "-")),
        ((100, "C", "CAG"), (100, 101, "INS", "-", "AG")),
        ((100, "CAG", "CT"), (101, 102, "DEL", "AG", "T")),
    ],
)
def test_alleles(given, expected):
    row = alleles(*given)
    keys = ("Start_Position", "End_Position", "Variant_Type", "Reference_Allele",
            "Tumor_Seq_Allele2")  # fmt: skip
    assert tuple(row[k] for k in keys) == expected


@pytest.mark.parametrize(
    ("term", "ref", "alt", "expected"),
    [
        ("missense_variant", "G", "C", "Missense_Mutation"),
        ("missense", "G", "C", "Missense_Mutation"),
        ("stop_gained&frameshift_variant", "TGC", "T", "Nonsense_Mutation"),
        ("frameshift_variant&splice_region_variant", "TGC", "T", "Frame_Shift_Del"),
        ("frameshift_variant", "T", "TGC", "Frame_Shift_Ins"),
        ("inframe_deletion", "TGCA", "T", "In_Frame_Del"),
        ("inframe_insertion", "T", "TGCA", "In_Frame_Ins"),
        ("splice_region_variant&synonymous_variant", "T", "G", "Splice_Region"),
        ("splice_donor_variant", "T", "G", "Splice_Site"),
        ("upstream_gene_variant", "CC", "TT", "5'Flank"),
        ("something_new", "T", "G", "Unknown"),
        (None, "T", "G", "Unknown"),
    ],
)
def test_classifications(term, ref, alt, expected):
    assert expected in CLASSES
    assert classification({"consequence": term, "ref": ref, "alt": alt}) == expected


def test_protein_changes(patients):
    def of(*shorts):
        changes = [patients.change(s) for s in shorts]
        return protein({"protein_changes": changes, "protein": ",".join(shorts) or None})

    assert of("C121S") == "p.C121S"
    assert of("I527I") == "p.I527="
    assert of("T726T", "E727K") == "p.E727K"
    assert of("L10P", "M11K") == "p.L10_M11delinsPK"
    assert of() == ""
    frameshift = {"protein_changes": [], "protein": "A68Gfs*51"}
    assert protein(frameshift) == "p.A68Gfs*51"


@pytest.mark.parametrize(
    ("hgvs_c", "term", "expected"),
    [
        ("c.471-1G>A", "splice_acceptor_variant", "p.X157_splice"),
        ("c.469+2T>C", "splice_donor_variant", "p.X157_splice"),
        ("c.151-23_157del", "splice_acceptor_variant", "p.X51_splice"),
        ("c.150+1G>A", "splice_donor_variant", "p.X50_splice"),
        ("c.151-5T>A", "splice_region_variant", ""),
        (None, None, ""),
    ],
)
def test_splice_sites_are_named_as_cbioportal_does(hgvs_c, term, expected):
    """Codon of the first coding base of the c. name."""
    variant = {"protein_changes": [], "protein": None, "hgvs_c": hgvs_c, "consequence": term}
    assert protein(variant) == expected


def test_the_papers_patient(paper):
    text = maf(rows(paper))
    version, _, text = text.partition("\n")
    assert version == "#version 2.4"
    table = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert tuple(table[0]) == COLUMNS
    # 13 variants after relapse, 11 of them before too
    counts = [
        sum(r["Tumor_Sample_Barcode"] == s for r in table) for s in ("sensitive", "resistant")
    ]
    assert counts == [11, 13]
    for row in table:
        obeys(row)
        assert row["Variant_Classification"] in CLASSES
        assert row["NCBI_Build"] == "GRCh37" and not row["Chromosome"].startswith("chr")
        assert len(row["cbp_driver_annotation"]) <= 80
        assert row["Matched_Norm_Sample_Barcode"] == "skin"
    (c121s,) = [r for r in table if r["HGVSp_Short"] == "p.C121S"]
    assert c121s["RESISTPANEL.STATE"] == "acquired"
    assert (c121s["t_alt_count"], c121s["n_alt_count"]) == ("139", "0")
    assert c121s["cbp_driver"] == "Putative_Driver"
    assert c121s["cbp_driver_annotation"] == "resistance: vemurafenib, PLX4720"
    (tert, _) = [r for r in table if r["Hugo_Symbol"] == "TERT"]
    assert (tert["Variant_Type"], tert["HGVSp_Short"]) == ("DNP", "p.E727K")


def test_the_files_obey_cbioportals_column_rules(paper, large, cbioportal):
    for report in (paper, large):
        cbioportal.check_maf(maf(rows(report)))


def test_drivers_are_marked(paper):
    findings = {f["gene"]: f for f in paper["resist"]["findings"]}
    assert driver(findings["BRAF"]) == ("Putative_Driver", "sensitising driver of a drug given")
    assert driver(findings["RET"]) == ("Unknown", "no known effect")
    assert driver(findings["FLT1"]) == ("Unknown", "not connected with this drug")
    assert driver(findings["FLT1"], silent=True) == ("Putative_Passenger", "synonymous")
    assert driver(None) == ("Unknown", "not ranked")


def test_without_a_build_there_is_no_maf(paper):
    with pytest.raises(InputError, match="states the build"):
        rows(paper | {"build": None})


def test_without_a_normal_its_counts_are_empty(parts, make):
    parts["sheet"]["tumor_only"] = True
    for name in ("sheet", "compare", "qc"):
        parts[name]["samples"] = [s for s in parts[name]["samples"] if s["sample"] != "skin"]
    for v in parts["compare"]["variants"]:
        del v["samples"]["skin"]
    row = rows(make(parts))[0]
    assert row["n_ref_count"] is None and row["Matched_Norm_Sample_Barcode"] is None


@pytest.mark.parametrize(
    ("origin", "expected"), [("somatic", "Somatic"), ("not determined", "Unknown")]
)
def test_the_status_follows_the_origin(parts, make, origin, expected):
    for v in parts["compare"]["variants"]:
        v["origin"] = {"value": origin, "somatic": 0.96 if origin == "somatic" else 0.5}
    found = rows(make(parts))
    assert {row["Mutation_Status"] for row in found} == {expected}
    assert {row["RESISTPANEL.ORIGIN"] for row in found} == {origin}


def test_inherited_resistance_is_in_it_as_germline(parts, make):
    """It is no finding and is not reported as somatic, but a board must not overlook it."""
    v = next(v for v in parts["compare"]["variants"] if v["reported"] and not v.get("junction"))
    v["reported"], v["model"], v["filters"] = False, "germline", ["germline"]
    resist = parts["resist"]
    resist["findings"] = [f for f in resist["findings"] if f["variant"] != v["id"]]
    item = {
        "variant": v["id"], "gene": v["gene"], "protein": v["protein"], "reason": "germline",
        "inherited_resistance": True, "drugs": ["vemurafenib"], "evidence": ["X"],
    }  # fmt: skip
    for resists in (True, False):
        resist["excluded"] = [item | {"inherited_resistance": resists}]
        found = [row for row in rows(make(parts)) if row["HGVSc"] == v["hgvs_c"]]
        assert bool(found) == resists
        for row in found:
            assert row["Mutation_Status"] == "Germline"
            assert row["RESISTPANEL.EFFECT"] == "inherited_resistance"
            assert row["cbp_driver_annotation"] == "inherited resistance: vemurafenib"
