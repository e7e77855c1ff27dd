"""The final VCF: read by bcftools and by cyvcf2, with what compare and resist found."""

import json
import shutil
import subprocess
from pathlib import Path

import cyvcf2
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysam import bcftools

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.report.final_vcf import FORMAT, INFO, coded, write_vcf


def annotated(report: dict, path) -> str:
    """Write a VCF such as `resistpanel annotate` does, of a report's variants."""
    header = pysam.VariantHeader()
    for name in report["filters"]:
        if name != "PASS":
            header.filters.add(name, None, None, report["filters"][name])
    contigs = sorted({v["chrom"] for v in report["compare"]["variants"]})
    for chrom in contigs:
        header.contigs.add(chrom, 249_000_000)
    header.formats.add("AD", "R", "Integer", "Fragments")
    for s in report["compare"]["samples"]:
        header.add_sample(s["sample"])
    order = sorted(
        report["compare"]["variants"], key=lambda v: (contigs.index(v["chrom"]), v["pos"])
    )
    with pysam.VariantFile(str(path), "wz", header=header) as target:
        for v in order:
            record = target.new_record(
                contig=v["chrom"], start=v["pos"] - 1, alleles=(v["ref"], v["alt"])
            )
            for name, e in v["samples"].items():
                record.samples[name]["AD"] = tuple(e["ad"])
            target.write(record)
    return str(path)


@pytest.fixture
def written(paper, tmp_path):
    source = annotated(paper, tmp_path / "in.vcf.gz")
    out = tmp_path / "deep" / "P.vcf.gz"
    write_vcf(paper, source, out)
    return out


def test_bcftools_reads_it(written):
    text = bcftools.view("-H", str(written), "chr15:66729154")
    assert "RP_KEY" in text and "RP_STATE=acquired" in text
    if shutil.which("bcftools"):  # the program itself too, where there is one
        done = subprocess.run(
            ["bcftools", "view", str(written)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and done.stderr == ""


def test_cyvcf2_reads_it(written, paper):
    vcf = cyvcf2.VCF(str(written))
    assert vcf.samples == [s["sample"] for s in paper["compare"]["samples"]]
    records = {f"{v.CHROM}:{v.POS}:{v.REF}:{v.ALT[0]}": v for v in vcf}
    assert set(records) == {v["id"] for v in paper["compare"]["variants"]}
    key = records["chr15:66729154:G:C"]
    assert key.INFO["RP_KEY"] is True and key.INFO["RP_RANK"] == 1
    assert key.INFO["RP_STATE"] == "acquired" and key.INFO["RP_EFFECT"] == "known"
    assert key.INFO["RP_MECHANISM"] == "downstream_mutation" and key.INFO["RP_MATCH"] == "exact"
    assert "21383288" in key.INFO["RP_EVIDENCE"]
    assert list(key.format("RPST")) == [".", ".", "acquired"]
    driver = records["chr7:140453136:A:T"]
    assert driver.INFO["RP_DRIVER"] is True and driver.INFO.get("RP_KEY") is None
    reported = [v for v in records.values() if v.INFO.get("RP_REPORTED")]
    assert len(reported) == sum(v["reported"] for v in paper["compare"]["variants"])
    for v in records.values():  # found means not negative
        assert not (v.INFO.get("RP_NEGATIVE") and v.INFO.get("RP_REPORTED"))


def test_every_field_is_described_once(written):
    header = pysam.VariantFile(str(written)).header
    for fields, place in ((INFO, header.info), (FORMAT, header.formats)):
        for name, number, kind, text in fields:
            assert (place[name].number, place[name].type) == (number, kind)
            assert place[name].description == text
    lines = {r.key: r.value for r in header.records if r.type == "GENERIC"}
    assert lines["resistpanel_verdict"] == "mechanism"
    assert "MAP2K1" in lines["resistpanel_sentence"]


@given(st.text())
def test_no_value_breaks_a_record(text):
    value = coded(text)
    assert value and not set(value) & set(":;=,|& \t\r\n")


def test_hostile_text_stays_inside_its_field(paper, tmp_path):
    hostile = json.loads(
        json.dumps(paper).replace("MAP2K1-C121S-vemurafenib", 'x;RP_KEY=\\"1\\",y\\t|z')
    )
    hostile["patient"] = "P\n##INFO=<ID=EVIL>"
    out = tmp_path / "o.vcf.gz"
    write_vcf(hostile, annotated(paper, tmp_path / "in.vcf.gz"), out)
    vcf = cyvcf2.VCF(str(out))
    assert "EVIL>\n" not in vcf.raw_header.replace("##resistpanel_patient=P ##INFO=<ID=EVIL>\n", "")
    (key,) = [v for v in vcf if v.POS == 66729154 and v.ALT == ["C"]]
    assert "x%3BRP_KEY%3D" in key.INFO["RP_EVIDENCE"]


def test_htslib_does_not_complain(paper, tmp_path, capfd):
    source = annotated(paper, tmp_path / "in.vcf.gz")
    capfd.readouterr()
    write_vcf(paper, source, tmp_path / "o.vcf.gz")
    assert capfd.readouterr().err == ""


def test_calls_that_pass_alone(paper, tmp_path):
    source = tmp_path / "in.vcf.gz"
    filters = {v["id"]: v["filters"] for v in paper["compare"]["variants"]}
    with (
        pysam.VariantFile(annotated(paper, tmp_path / "bare.vcf.gz")) as bare,
        pysam.VariantFile(str(source), "wz", header=bare.header) as target,
    ):
        for record in bare:
            for name in filters[f"{record.chrom}:{record.pos}:{record.ref}:{record.alts[0]}"]:
                record.filter.add(name)
            target.write(record)
    write_vcf(paper, source, tmp_path / "P.vcf.gz", only_pass=True)
    with pysam.VariantFile(str(tmp_path / "P.vcf.gz")) as records:
        kept = [f"{r.chrom}:{r.pos}:{r.ref}:{r.alts[0]}" for r in records]
    passed = {name for name, given in filters.items() if given == ["PASS"]}
    assert set(kept) == passed and 0 < len(passed) < len(filters)


def test_bytes_are_the_same(paper, tmp_path):
    source = annotated(paper, tmp_path / "in.vcf.gz")
    for name in "ab":
        write_vcf(paper, source, tmp_path / f"{name}.vcf.gz")
    assert (tmp_path / "a.vcf.gz").read_bytes() == (tmp_path / "b.vcf.gz").read_bytes()
    assert (tmp_path / "a.vcf.gz.tbi").is_file()


@pytest.mark.parametrize("fault", ["samples", "variant", "name", "twice", "none"])
def test_what_does_not_fit_is_refused(paper, tmp_path, fault):
    source = annotated(paper, tmp_path / "in.vcf.gz")
    out = tmp_path / ("o.vcf" if fault == "name" else "o.vcf.gz")
    report = json.loads(json.dumps(paper))
    if fault == "samples":
        report["compare"]["samples"][0]["sample"] = "other"
    if fault == "variant":
        report["compare"]["variants"][0]["id"] = "chr1:1:A:C"
    if fault == "twice":
        write_vcf(paper, source, tmp_path / "first.vcf.gz")
        source = str(tmp_path / "first.vcf.gz")
    if fault == "none":
        source = str(tmp_path / "no.vcf.gz")
    match = {"samples": "other samples", "variant": "lacks 1 variant", "name": "not named .vcf.gz",
             "twice": "already", "none": "cannot be read"}  # fmt: skip
    with pytest.raises(InputError, match=match[fault]):
        write_vcf(report, source, out)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith((".", "o."))]


def test_the_command(paper, tmp_path, capsys):
    source = annotated(paper, tmp_path / "in.vcf.gz")
    (tmp_path / "P.json").write_text(json.dumps(paper))
    words = [
        "report",
        "--json",
        str(tmp_path / "P.json"),
        "--output-vcf",
        str(tmp_path / "P.vcf.gz"),
    ]
    assert main(words) == 2
    assert "--output-vcf needs the annotated VCF" in capsys.readouterr().err
    alone = tmp_path / "pass" / "P.vcf.gz"
    assert main([*words, "--vcf", source, "--output-pass-vcf", str(alone)]) == 0
    assert (tmp_path / "P.vcf.gz.tbi").is_file()
    assert alone.is_file() and Path(f"{alone}.tbi").is_file()
