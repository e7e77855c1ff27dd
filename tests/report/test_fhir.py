"""The FHIR bundle: profiles, codes, references, and the R4 model where fhir.resources is there."""

import copy
import csv
import io
import json

import msgspec
import pytest

from resistpanel.cli import main
from resistpanel.core.schemas import from_builtins
from resistpanel.core.vrs import VrsAllele
from resistpanel.records.report import Report
from resistpanel.report.fhir import bundle
from resistpanel.report.maf import maf
from resistpanel.report.maf import rows as maf_rows
from resistpanel.report.review import decide, empty
from resistpanel.report.tsv import tsv


def resources(made, kind):
    return [e["resource"] for e in made["entry"] if e["resource"]["resourceType"] == kind]


def values(observation):
    """Return the components' values by LOINC or guide code."""
    return {
        c["code"]["coding"][0]["code"]: next(v for k, v in c.items() if k.startswith("value"))
        for c in observation["component"]
    }


@pytest.fixture(scope="module")
def made(paper):
    return bundle(paper)


def test_the_key_variant_is_coded(made, paper):
    (key,) = paper["resist"]["verdict"]["key_variants"]
    variant = next(v for v in paper["compare"]["variants"] if v["id"] == key)
    found = [
        (one, values(one))
        for one in resources(made, "Observation")
        if one["code"]["coding"][0]["code"] == "69548-6"
    ]
    (one, coded) = next(
        (o, v) for o, v in found
        if v["81254-5"]["low"]["value"] == variant["pos"]
    )  # fmt: skip
    assert one["valueCodeableConcept"]["coding"][0]["code"] == "LA9633-4"
    assert coded["48005-3"]["coding"][0]["code"] == "p.Cys121Ser"
    assert coded["48004-6"]["coding"][0]["code"].endswith(variant["hgvs_c"])
    assert (coded["69547-8"], coded["69551-0"]) == (variant["ref"], variant["alt"])
    assert coded["48000-4"]["coding"][0] == {
        "system": "http://loinc.org", "code": "LA21268-0", "display": "Chromosome 15"
    }  # fmt: skip
    detected = [s["af"] for s in variant["samples"].values() if s["detected"]]
    assert coded["81258-6"]["value"] == detected[0]
    assert coded["48002-0"]["coding"][0]["code"] == "LA6684-0"
    # A gene without a known HGNC id goes by its symbol, one with it has both.
    genes = [v["48018-6"] for _, v in found if "48018-6" in v]
    assert {"text": "MAP2K1"} in genes
    ids = {g["coding"][0]["display"]: g["coding"][0]["code"] for g in genes if "coding" in g}
    assert ids["BRAF"] == "HGNC:1097"


@pytest.mark.parametrize(
    ("accession", "refseq"),
    [
        # Chromosome 15 of GRCh37, and a contig that no assembly has.
        ("SQ.zIMZb3Ft7RdWa5XYq0PxIlezLY2ccCgt", "NC_000015.9"),
        ("SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2", None),
    ],
)
def test_vrs_identifiers_are_exported(paper, accession, refseq):
    report = copy.deepcopy(paper)
    (key,) = report["resist"]["verdict"]["key_variants"]
    variant = next(v for v in report["compare"]["variants"] if v["id"] == key)
    allele = VrsAllele(accession, variant["pos"] - 1, variant["pos"], literal=variant["alt"])
    variant["vrs"] = allele.made()
    from_builtins(report, Report, "report.json")
    found = [values(o) for o in resources(bundle(report), "Observation")]
    (coded,) = [v for v in found if "81252-9" in v]
    assert coded["81252-9"]["coding"][0]["code"] == allele.id
    assert ("48013-7" in coded) == (refseq is not None)
    if refseq:
        assert coded["48013-7"]["coding"][0]["code"] == refseq
    rows = csv.DictReader(io.StringIO(tsv(report)), delimiter="\t")
    assert {r["variant"] for r in rows if r["vrs_allele_id"] == allele.id} == {key}
    text = maf(maf_rows(report)).split("\n", 1)[1]
    exported = csv.DictReader(io.StringIO(text), delimiter="\t")
    assert {r["Hugo_Symbol"] for r in exported if r["RESISTPANEL.VRS_ALLELE_ID"]} == {"MAP2K1"}


def test_implications_are_derived_from_their_variants(made, paper):
    addresses = {e["fullUrl"]: e["resource"] for e in made["entry"]}
    found = [
        o for o in resources(made, "Observation")
        if o["code"]["coding"][0]["code"] == "therapeutic-implication"
    ]  # fmt: skip
    assert found
    for one in found:
        for reference in one["derivedFrom"]:
            assert addresses[reference["reference"]]["code"]["coding"][0]["code"] == "69548-6"
        answer = values(one)["therapeutic-implication"]["coding"][0]["code"]
        assert answer in ("LA6676-6", "LA9660-7", "LA6677-4")
    (report,) = resources(made, "DiagnosticReport")
    assert report["conclusion"].startswith(paper["resist"]["verdict"]["sentence"])
    assert {r["reference"] for r in report["result"]} <= set(addresses)
    assert made["entry"][0]["resource"] is report and report["status"] == "preliminary"
    assert len(addresses) == len(made["entry"])
    assert bundle(paper) == made


def test_what_a_reader_rejected_has_no_implication(paper):
    (key,) = paper["resist"]["verdict"]["key_variants"]
    report = copy.deepcopy(paper)
    review = decide(empty(report["patient"]), report, [(key, "reject", "")], "A", "2026-01-01")
    report["review"] = msgspec.to_builtins(review)
    made, before = bundle(report), bundle(paper)
    assert len(made["entry"]) < len(before["entry"])
    assert "rejected at review" in json.dumps(made)


def test_no_inherited_variant(paper):
    report = copy.deepcopy(paper)
    one = next(v for v in report["compare"]["variants"] if v["reported"])
    one["model"] = "germline"
    assert f'"value": {one["pos"]}' not in json.dumps(bundle(report))


def test_the_model_of_r4_accepts_it(made):
    """R4B, which has these resources as R4 has them."""
    model = pytest.importorskip("fhir.resources.R4B.bundle", reason="fhir.resources is missing")
    read = model.Bundle.model_validate(made)
    assert len(read.entry) == len(made["entry"])


def test_the_command_writes_it(paper, tmp_path):
    (tmp_path / "P.json").write_text(json.dumps(paper))
    output = tmp_path / "P.fhir.json"
    assert main(["report", "--json", str(tmp_path / "P.json"), "--output-fhir", str(output)]) == 0
    assert json.loads(output.read_text())["resourceType"] == "Bundle"
