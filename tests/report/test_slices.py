"""Slices: the reads within 200 bases of each finding, as they are in the BAM."""

import dataclasses
import json
from pathlib import Path

import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.made import FOLDER, place, withdraw
from resistpanel.inputs.config import settings
from resistpanel.inputs.reads_shown import check_reads_shown, note_reads_shown
from resistpanel.inputs.sheet import read_rows
from resistpanel.report.slices import REGIONS, windows, write_slices

HEADER = {
    "HD": {"VN": "1.6", "SO": "coordinate"},
    "SQ": [{"SN": "chr1", "LN": 9000}, {"SN": "chr2", "LN": 5000}],
    "RG": [{"ID": "a", "SM": "t", "PL": "ILLUMINA"}, {"ID": "b", "SM": "t"}],
    "PG": [{"ID": "bwa", "PN": "bwa", "CL": "bwa mem"}],
    "CO": ["as sequenced"],
}
DUPLICATE, SECONDARY, SUPPLEMENTARY, FAILED = 0x400, 0x100, 0x800, 0x200


def pair(name, first, second, flag=0, group="a", chroms=(0, 0)):
    """Return the two reads of a fragment; a place of None is an unmapped mate."""
    reads = []
    for number, start in enumerate((first, second)):
        other, mate = (second, first)[number], number == 1
        read = pysam.AlignedSegment(pysam.AlignmentHeader.from_dict(HEADER))
        read.query_name, read.query_sequence = name, "ACGT" * 25
        read.query_qualities = [35] * 100
        read.flag = flag | 0x1 | (0x80 if mate else 0x40) | (0x10 if mate else 0x20)
        read.reference_id = chroms[number if start is not None else 1 - number]
        read.next_reference_id = chroms[1 - number if other is not None else number]
        read.reference_start = other if start is None else start
        read.next_reference_start = start if other is None else other
        if start is None:
            read.flag |= 0x4
        else:
            read.cigarstring, read.mapping_quality = "100M", 60
        if other is None:
            read.flag |= 0x8
        read.set_tag("RG", group)
        read.set_tag("MI", f"{name}/A")
        reads.append(read)
    return reads


def write_bam(path: Path, reads: list) -> Path:
    with pysam.AlignmentFile(str(path), "wb", header=HEADER) as target:
        for read in sorted(reads, key=lambda r: (r.reference_id, r.reference_start)):
            target.write(read)
    pysam.index(str(path))
    return path


@pytest.fixture
def bam(tmp_path):
    return write_bam(
        tmp_path / "t.bam",
        [
            *pair("near", 950, 1100),
            *pair("duplicate", 950, 1100, DUPLICATE, "b"),
            *pair("failed", 960, 1090, FAILED),
            *pair("edge", 600, 711),  # its second read ends at 811: one base in the window
            *pair("outside", 500, 700),  # ends at 800
            *pair("far mate", 1000, 8000),
            *pair("elsewhere", 1000, 3000, chroms=(0, 1)),
            *pair("unmapped mate", 1010, None),
            pair("second alignment", 1020, 1020, SECONDARY)[0],
            pair("clipped elsewhere", 1030, 1030, SUPPLEMENTARY)[0],
            *pair("other gene", 5000, 5100),
        ],
    )


def snv(pos=1011, **more):
    value = {"id": f"chr1:{pos}:A:T", "chrom": "chr1", "pos": pos, "ref": "A", "alt": "T"}
    return value | {"reported": True, "model": "somatic"} | more


def report_of(bam, *variants, policy=None, name="P1"):
    """Return what of a report slices are made from."""
    compare = {"variants": list(variants)} | ({"germline": policy} if policy else {})
    return {
        "patient": name, "compare": compare, "resist": {"excluded": [], "findings": []},
        "sheet": {"samples": [{"sample": "t", "bam": str(bam)}]},
    }  # fmt: skip


def names(path) -> list[str]:
    with pysam.AlignmentFile(str(path)) as handle:
        return [read.query_name for read in handle.fetch(until_eof=True)]


def test_reads_of_the_window_and_their_mates_as_they_are(bam, tmp_path):
    out = tmp_path / "deep" / "slices"
    write_slices(report_of(bam, snv()), out, None)
    assert {path.name for path in out.iterdir()} == {"t.bam", "t.bam.bai", REGIONS}
    assert (out / REGIONS).read_text() == "chr1\t810\t1211\tchr1:1011:A:T\n"
    with pysam.AlignmentFile(str(bam)) as whole, pysam.AlignmentFile(str(out / "t.bam")) as part:
        assert str(part.header) == str(whole.header)
        left_out = {"outside", "other gene"}
        wanted = [r.to_string() for r in whole.fetch(until_eof=True)
                  if r.query_name not in left_out]  # fmt: skip
        # Records are identical and in the order of the BAM: flags, tags, mates, read groups.
        assert [r.to_string() for r in part.fetch(until_eof=True)] == wanted
        # The index works.
        assert {r.query_name for r in part.fetch("chr2")} == {"elsewhere"}
        assert part.count("chr1", 7990, 8110) == 1
    assert not list(tmp_path.glob("deep/.*"))


def test_both_ends_of_a_junction_but_not_what_is_between(bam, tmp_path):
    deletion = snv(1011, alt="<DEL>", id="chr1:1011:A:<DEL>",
                   junction={"chrom": "chr1", "pos": 8001})  # fmt: skip
    found = [(w.chrom, w.start, w.end) for w in windows(report_of(bam, deletion))]
    assert found == [("chr1", 810, 1211), ("chr1", 7800, 8201)]
    far = deletion | {"junction": {"chrom": "chr2", "pos": 101}}
    found = [(w.chrom, w.start, w.end) for w in windows(report_of(bam, far))]
    assert found == [("chr1", 810, 1211), ("chr2", 0, 301)]
    write_slices(report_of(bam, deletion), tmp_path / "s", None)
    assert "other gene" not in names(tmp_path / "s" / "t.bam")


def test_windows_that_overlap_are_one(bam):
    report = report_of(bam, snv(1011), snv(1300, ref="ACG"), snv(9000), snv(50, reported=False))
    assert [(w.start, w.end, w.names) for w in windows(report)] == [
        (810, 1502, ("chr1:1011:A:T", "chr1:1300:A:T")), (8799, 9200, ("chr1:9000:A:T",)),
    ]  # fmt: skip


def test_inherited_resistance_is_a_finding(bam):
    report = report_of(bam, snv(model="germline", reported=False), snv(5051, reported=False))
    report["resist"]["excluded"] = [
        {"variant": "chr1:1011:A:T", "inherited_resistance": True},
        {"variant": "chr1:5051:A:T", "inherited_resistance": False},
    ]
    assert [w.names for w in windows(report)] == [("chr1:1011:A:T",)]


def test_without_findings_the_bams_are_empty(bam, tmp_path):
    write_slices(report_of(bam), tmp_path / "s", None)
    assert names(tmp_path / "s" / "t.bam") == []
    assert (tmp_path / "s" / REGIONS).read_text() == ""
    assert (tmp_path / "s" / "t.bam.bai").is_file()


def test_slices_of_a_cram(tmp_path):
    fasta = tmp_path / "r.fa"
    fasta.write_text(f">chr1\n{'ACGT' * 2250}\n>chr2\n{'ACGT' * 1250}\n")
    pysam.faidx(str(fasta))
    bam = write_bam(tmp_path / "t.bam", [*pair("near", 948, 1100), *pair("away", 4000, 4100)])
    cram = tmp_path / "t.cram"
    pysam.samtools.view("-C", "-T", str(fasta), "-o", str(cram), str(bam), catch_stdout=False)
    pysam.index(str(cram))
    write_slices(report_of(cram, snv()), tmp_path / "s", fasta)
    assert names(tmp_path / "s" / "t.bam") == ["near", "near"]


def test_old_slices_are_replaced_and_other_files_are_not(bam, tmp_path):
    folder = tmp_path / "s"
    write_slices(report_of(bam, snv()), folder, None)
    (folder / "former_sample.bam").write_bytes((folder / "t.bam").read_bytes())
    write_slices(report_of(bam, snv(5051)), folder, None)
    assert {path.name for path in folder.iterdir()} == {"t.bam", "t.bam.bai", REGIONS}
    assert set(names(folder / "t.bam")) == {"other gene"}
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="other files than slices"):
        write_slices(report_of(bam, snv()), folder, None)
    assert set(names(folder / "t.bam")) == {"other gene"}


def test_bams_that_cannot_be_cut(bam, tmp_path):
    with pytest.raises(InputError, match="no such BAM"):
        write_slices(report_of(tmp_path / "no.bam", snv()), tmp_path / "s", None)
    bam.with_name("t.bam.bai").unlink()
    with pytest.raises(InputError, match="has no index"):
        write_slices(report_of(bam, snv()), tmp_path / "s", None)
    pysam.index(str(bam))
    bam.write_bytes(bam.read_bytes()[: bam.stat().st_size // 2])
    with pytest.raises(InputError, match="cannot be read"):
        write_slices(report_of(bam, snv()), tmp_path / "s", None)
    assert not list(tmp_path.glob("*s")) and not list(tmp_path.glob(".s*"))


def test_withheld_variants_are_not_shown_by_reads(patients, tmp_path, capsys):
    """One line, and nothing is written: not the slices, and no other output either."""
    parts = patients.paper()
    policy = {"policy": "mask", "listed": [], "text": "Inherited variants are."}
    parts["compare"]["germline"] = policy
    paths = patients.write(parts, tmp_path)
    words = [word for name, path in paths.items() for word in (f"--{name}", path)]
    reference = tmp_path / "r.fa"
    reference.write_text(">chrZ\nACGT\n")
    pysam.faidx(str(reference))
    more = ["--vcf", str(tmp_path / "annotate.vcf"), "--reference", str(reference)]
    for wanted in (["--output-slices", "s"], ["--output-igv", "i.html", *more]):
        out = tmp_path / "out"
        wanted[1] = str(out / wanted[1])
        html = str(out / "p.html")
        assert main(["report", *words, *wanted, "--output-html", html]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "reads show the inherited variants, which are withheld (germline: mask)" in line
        assert f"leave out {wanted[0]}" in line
        assert not out.exists()


def test_slices_need_the_sheet(patients, tmp_path, capsys):
    paths = patients.write(patients.paper(), tmp_path)
    words = [word for name, path in paths.items() for word in (f"--{name}", path)]
    whole = str(tmp_path / "whole.json")
    assert main(["report", *words, "--output-json", whole]) == 0
    assert main(["report", "--json", whole, "--output-slices", str(tmp_path / "s")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "reads the BAMs of the sheet; give --sheet" in line


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A function: (policies of the patients, report block) -> settings and rows."""

    def study(policies, **report):
        lines = ["patient\tsample\trole\tbam\ttimepoint\tday\tlesion\tdrugs\tgermline"]
        for n, policy in enumerate(policies):
            lines.append(f"P{n}\tT{n}\ttumor\tt{n}.bam\tpre\t0\t\t\t{policy}")
        (tmp_path / "samples.tsv").write_text("\n".join(lines) + "\n")
        (tmp_path / "r.fa").write_text(">chr1\nACGT\n")
        monkeypatch.chdir(tmp_path)
        made = settings({"samples": "samples.tsv", "reference": "r.fa", "report": report})
        rows, errors = read_rows(tmp_path / "samples.tsv")
        assert not errors
        return made, rows

    return study


def test_plan_names_whose_reads_are_not_written(study):
    made, rows = study(["", "mask", "report"], slices=True)
    assert list(check_reads_shown(made, rows)) == []
    assert note_reads_shown(made, rows) == [
        "patient 'P1': no slices: reads show the inherited variants, which are withheld"
    ]
    assert note_reads_shown(dataclasses.replace(made, slices=False), rows) == []


def test_plan_refuses_slices_if_all_are_masked(study):
    made, rows = study(["mask", "pathogenic"], slices=True)
    (error,) = check_reads_shown(made, rows)
    assert "report.slices" in error.line() and "withheld of every patient" in error.line()
    assert list(check_reads_shown(dataclasses.replace(made, slices=False), rows)) == []


def test_slices_are_withdrawn_with_the_page(tmp_path):
    """When a step of the patient is done again, as after consent is withdrawn."""
    for name in ("report/slices/P1/t.bam", "report/igv/P1.html", "report/slices/P2/t.bam"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<body>")
    place(tmp_path, "made", "x", "y").parent.mkdir(parents=True)
    (tmp_path / FOLDER / "private").write_text("../private")
    private = tmp_path.parent / "private"
    withdraw(tmp_path, ["P1"])
    assert not (tmp_path / "report/slices/P1").exists()
    assert not (tmp_path / "report/igv/P1.html").exists()
    assert (tmp_path / "report/slices/P2/t.bam").is_file()
    assert (private / "report/outdated/slices/P1/t.bam").is_file()
    assert "Out of date" in (private / "report/outdated/igv/P1.html").read_text()


def test_the_page_links_to_igv(patients, tmp_path):
    paths = patients.write(patients.paper(), tmp_path)
    words = [word for name, path in paths.items() for word in (f"--{name}", path)]
    page, data = tmp_path / "report" / "p.html", tmp_path / "report" / "p.json"
    link = ["--igv", str(tmp_path / "report" / "igv" / "p q.html")]
    outputs = ["--output-html", str(page), "--output-json", str(data)]
    assert main(["report", *words, *link, *outputs]) == 0
    assert '<a href="./igv/p%20q.html">Reads in IGV</a>' in page.read_text()
    assert json.loads(data.read_text())["igv"] == "./igv/p%20q.html"
    assert main(["report", *words, *outputs]) == 0
    assert "Reads in IGV" not in page.read_text()
