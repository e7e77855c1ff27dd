"""The IGV page: what igv-reports is given, and what it makes of it."""

import importlib.util
import json
import re
import subprocess
from types import SimpleNamespace

import pysam
import pytest

from resistpanel.core.errors import InputError
from resistpanel.report import igv

TEMPLATE = """<html>
<head>
    <title>IGV</title>
    <script src="https://cdn.example.org/npm/igv@3.5.2/dist/igv.min.js"></script>
</head>
<body><script>const options = { sessionURL: sessions["0"] }</script></body>
</html>
"""
SCRIPT = "var igv = {createBrowser: () => Promise.resolve({})}"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder that stands for the installed package, with a template."""
    folder = tmp_path / "igv_reports" / "templates"
    folder.mkdir(parents=True)
    (folder / "variant_template.html").write_text(TEMPLATE)
    spec = SimpleNamespace(submodule_search_locations=[str(folder.parent)])
    monkeypatch.setattr(igv.importlib.util, "find_spec", lambda name: spec)
    return folder / "variant_template.html"


def write_reads(path):
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 4000}]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as target:
        for start in range(900, 1100, 10):
            read = pysam.AlignedSegment(target.header)
            read.query_name, read.query_sequence = f"r{start}", "ACGT" * 25
            read.query_qualities = [35] * 100
            read.reference_id, read.reference_start, read.cigarstring = 0, start, "100M"
            read.mapping_quality = 60
            target.write(read)
    pysam.index(str(path))


@pytest.fixture
def case(tmp_path):
    """Arguments of `write_igv` for a patient with a substitution, a deletion and a breakend."""
    (tmp_path / "r.fa").write_text(">chr1\n" + "ACGT" * 1000 + "\n")
    pysam.faidx(str(tmp_path / "r.fa"))
    write_reads(tmp_path / "t.bam")
    variants = [
        ("A", "T", 1001, {}),
        ("A", "<DEL>", 1101, {"junction": {"chrom": "chr1", "pos": 2001}}),
        ("A", "[chr1:3001[A", 1201, {"junction": {"chrom": "chr1", "pos": 3001}}),
    ]
    header = pysam.VariantHeader()
    header.contigs.add("chr1", 4000)
    header.add_sample("t")
    for name, number, kind in (("GENE", 1, "String"), ("HGVSP", 1, "String"), ("END", 1, "Integer"),
                               ("MATEID", 1, "String")):  # fmt: skip
        header.info.add(name, number, kind, "x")
    for name, kind in (("AF", "Float"), ("DP", "Integer")):
        header.formats.add(name, 1, kind, "x")
    found = []
    with pysam.VariantFile(str(tmp_path / "annotate.vcf"), "w", header=header) as target:
        for ref, alt, pos, more in variants:
            record = target.new_record(
                contig="chr1", start=pos - 1, alleles=(ref, alt), filter="PASS",
                **({"stop": 2001} if alt == "<DEL>" else {}),
            )  # fmt: skip
            record.info["GENE"], record.info["HGVSP"] = "BRAF", "p.Val600%3D"
            record.samples["t"]["AF"], record.samples["t"]["DP"] = 0.25, 10
            target.write(record)
            found.append({
                "id": f"chr1:{pos}:{ref}:{alt}", "chrom": "chr1", "pos": pos, "ref": ref,
                "alt": alt, "reported": True, "model": "somatic", "state": "acquired",
                "status": "present", "lines": [], "courses": [], "states": [],
                "samples": {"t": {"detected": True, "ccf": None}}, **more,
            })  # fmt: skip
    order = [found[1]["id"], found[0]["id"], found[2]["id"]]
    sample = {"sample": "t", "role": "tumor", "timepoint": "pre", "day": 3, "lesion": None}
    report = {
        "patient": "P<1>", "sheet": {"samples": [{"sample": "t", "bam": str(tmp_path / "t.bam")}]},
        "compare": {"variants": found, "samples": [sample], "lesions": {"variants": {}}},
        "resist": {
            "findings": [{"variant": name, "rank": rank, "effect": "known", "evidence": []}
                         for rank, name in enumerate(order, 1)],
            "excluded": [], "negative_sites": [], "driver": {"variant": None},
            "verdict": {"key_variants": [], "kind": "none", "confidence": "low", "sentence": "."},
        },
    }  # fmt: skip
    script = tmp_path / "igv.min.js"
    script.write_text(SCRIPT)
    return {
        "report": report, "vcf": tmp_path / "annotate.vcf", "reference": tmp_path / "r.fa",
        "output": tmp_path / "out" / "igv.html", "script": script,
    }  # fmt: skip


def test_without_igv_reports_one_line(case, monkeypatch):
    monkeypatch.setattr(igv.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError) as found:
        igv.write_igv(**case)
    assert found.value.line() == (
        "--output-igv: igv-reports is not installed; in the checkout: pip install '.[igv]'"
    )
    assert not case["output"].exists()


def test_what_igv_reports_is_given(case, installed, monkeypatch):
    given = {}

    def run(command, **_):
        given["words"] = command[3:]
        folder = igv.Path(command[3]).parent
        for name in ("sites.vcf", "tracks.json"):
            given[name] = (folder / name).read_text()
        given["template"] = (folder / "template.html").read_text()
        (folder / "page.html").write_text("made")
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    igv.write_igv(**case)
    assert case["output"].read_text() == "made"
    words = given["words"]
    assert "--standalone" in words and words[words.index("--flanking") + 1] == "400"
    assert words[words.index("--title") + 1] == "Reads of the findings, patient P&lt;1&gt;"
    # By rank; the second breakend as igv-reports reads it; a p. name as people write it.
    rows = [line.split("\t") for line in given["sites.vcf"].splitlines() if line[0] != "#"]
    assert [(row[1], row[4]) for row in rows] == [
        ("1101", "<DEL>"), ("1001", "T"), ("1201", "[chr1:3001[A"),
    ]  # fmt: skip
    assert rows[2][7].endswith(";CHR2=chr1;END=3001")
    assert "CHR2" not in rows[0][7] and "HGVSP=p.Val600=;" in rows[0][7] + ";"
    (track,) = json.loads(given["tracks.json"])
    assert track["name"] == "t (before · day 3)" and track["samplingDepth"] == 10_000
    # Nothing is loaded when the page is opened: the policy forbids it, igv.js does not ask.
    assert "Content-Security-Policy" in given["template"]
    assert "loadDefaultGenomes: false, sessionURL" in given["template"]
    assert case["script"].as_uri() in given["template"] and "https://" not in given["template"]


def test_more_findings_than_the_page_has(case, installed, monkeypatch, capsys):
    monkeypatch.setattr(igv, "IGV_FINDINGS", 2)
    monkeypatch.setattr(igv, "_run", lambda words, made, download: made.write_text("made"))
    igv.write_igv(**case)
    assert "first 2 of 3 findings by rank" in capsys.readouterr().err


def test_igv_js_that_cannot_be_downloaded(case, installed, monkeypatch):
    done = SimpleNamespace(returncode=1, stderr="Trace\nurllib.error.URLError: <urlopen error x>\n")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: done)
    with pytest.raises(InputError) as found:
        igv.write_igv(**case | {"script": None})
    assert found.value.line().startswith("https://cdn.example.org/npm/igv@3.5.2/dist/igv.min.js: ")
    assert found.value.line().endswith("--igv-js igv.min.js, in the configuration report.igv_js")
    with pytest.raises(InputError, match="igv-reports failed: urllib"):
        igv.write_igv(**case)
    assert not case["output"].exists()


def test_files_that_are_no_igv_js(case, installed):
    case["script"].write_text("alert(1)")
    with pytest.raises(InputError, match=r"is not igv\.js"):
        igv.write_igv(**case)
    with pytest.raises(InputError, match="no such file"):
        igv.write_igv(**case | {"script": "none.js"})
    installed.write_text("<html></html>")
    case["script"].write_text(SCRIPT)
    with pytest.raises(InputError, match="template of this igv-reports is not known"):
        igv.write_igv(**case)


def test_without_findings_there_is_a_page(case, installed):
    case["report"]["resist"]["findings"] = []
    for variant in case["report"]["compare"]["variants"]:
        variant["reported"] = False
    igv.write_igv(**case)
    assert "No variant was reported." in case["output"].read_text()


@pytest.mark.skipif(
    importlib.util.find_spec("igv_reports") is None,
    reason="igv-reports is not installed: pip install '.[igv]'",
)
def test_igv_reports_makes_a_page_that_loads_nothing(case):
    genes = case["vcf"].with_name("genes.gff3")
    rows = [("gene", "ID=gene:G;Name=BRAF"), ("mRNA", "ID=transcript:T;Parent=gene:G"),
            ("CDS", "ID=CDS:P;Parent=transcript:T")]  # fmt: skip
    genes.write_text("##gff-version 3\n" + "".join(
        f"chr1\tx\t{kind}\t901\t1200\t.\t+\t{'0' if kind == 'CDS' else '.'}\t{text}\n"
        for kind, text in rows
    ))  # fmt: skip
    igv.write_igv(**case, genes=genes)
    text = case["output"].read_text()
    assert SCRIPT in text and igv.POLICY in text
    assert re.findall(r"(?:src|href)\s*=\s*[\"']https?://[^\"']*", text) == []
    table = json.loads(re.search(r"tableJson = (\{.*\})", text)[1])
    assert [row[2] for row in table["rows"]] == [1101, 1001, 1201]
    assert {"GENE", "HGVSP", "t:AF", "t:DP"} <= set(table["headers"])
    sessions = json.loads(re.search(r"sessionDictionary = (\{.*\})", text)[1])
    assert len(sessions) == 3 and all(s.startswith("data:") for s in sessions.values())
