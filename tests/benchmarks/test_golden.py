"""Canonical forms hide the run and nothing else; every difference is found, grouped and named."""

import gzip
import json
import struct

import pytest
from benchmarks.golden import canonical, differences, headline, runs
from benchmarks.golden.__main__ import main

REPORT = {
    "created": "2026-11-29T00:25:03Z",
    "software": {"version": "0.1.0", "command": "resistpanel report"},
    "inputs": [{"path": "/tmp/run/results/a.bam", "sha256": "00ba", "bytes": 1120}],
    "verdict": {"sentence": "MAP2K1 p.C121S was acquired (RAF → MEK1/2)."},
    "variants": [
        {"id": "chr1:5:A:T", "state": "stable", "samples": {"pre": {"af": 0.123456789012345}}},
        {"id": "chr1:9:C:G", "state": "acquired", "samples": {"pre": {"af": 0.0}}},
    ],
}
VCF = """##fileformat=VCFv4.3
##source=resistpanel 0.1.0
##bcftools_csqCommand=csq -f /tmp/run/genome.fa; Date=Sun Nov 29
##resistpanel_min_qual=12
##INFO=<ID=MODEL,Number=1,Type=String,Description="Likeliest explanation">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tnormal\ttumor
chr1\t5\t.\tA\tT\t.\tPASS\tMODEL=somatic;FORCED\tAD:LOD\t90,0:0.01\t80,20:0.01
chr1\t9\t.\tC\tG\t.\tweak\tMODEL=somatic\tAD:LOD\t90,0:0.01\t97,3:0.01
"""
TABLE = "variant\tstate\tn\nchr1:5:A:T\tstable\t1\nchr1:9:C:G\tacquired\t1.50\n"


def of_json(old, new):
    texts = [canonical.canonical_json(json.dumps(value)) for value in (old, new)]
    return [(d.field, d.place, d.old, d.new) for d in differences.compare_file("x.json", *texts)]


def of_text(name, old, new):
    return [(d.field, d.place, d.old, d.new) for d in differences.compare_file(name, old, new)]


class TestCanonical:
    def test_what_belongs_to_the_run_is_hidden(self):
        other = json.loads(json.dumps(REPORT).replace("0.1.0", "9").replace("00ba", "ffff"))
        other["inputs"][0]["bytes"] = 1162
        other["created"] = "2027-01-01T00:00:00Z"
        other["software"]["command"] = "resistpanel report --threads 2"
        other["inputs"][0]["path"] = "/elsewhere/of/mine/a.bam"
        other["variants"][0]["samples"]["pre"]["af"] += 1e-14
        assert of_json(REPORT, other) == []

    def test_numbers_keep_ten_digits(self):
        text = canonical.canonical_json('{"b": 1.0, "a": 0.12345678901234, "c": 1e-300}')
        assert text == '{\n "a": 0.123456789,\n "b": 1,\n "c": 1e-300\n}\n'

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("of /tmp/a-b/c.bam, read", "of c.bam, read"),
            ("RAF → MEK1/2 and/or CDKN2A/B", "RAF → MEK1/2 and/or CDKN2A/B"),
            ("12/ 30 of 5 /2", "12/ 30 of 5 /2"),
            ("https://civicdb.org/links/evidence/1", "https://civicdb.org/links/evidence/1"),
        ],
    )
    def test_only_absolute_paths_are_cut(self, text, expected):
        assert canonical.scrub(text) == expected

    def test_vcf_header(self):
        lines = canonical.canonical_vcf(VCF).splitlines()
        assert lines[:4] == [
            "##fileformat=VCFv4.3",
            "##source=(not compared)",
            "##bcftools_csqCommand=(not compared)",
            "##resistpanel_min_qual=12",
        ]
        assert lines[4:] == VCF.splitlines()[4:]

    def test_collect(self, tmp_path):
        source, target = tmp_path / "results", tmp_path / "canonical"
        for name in ("call/P.vcf.gz", "report/P.json", "report/P.html", "logs/qc.json", ".s/x.tsv"):
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(VCF.encode()) if name.endswith("gz") else b"{}")
        assert canonical.collect(source, target, ("logs",)) == 2
        found = sorted(str(p.relative_to(target)) for p in target.rglob("*.*"))
        assert found == ["call/P.vcf", "report/P.json"]

    def test_reads_digest_leaves_out_the_header(self, tmp_path):
        def bam(name, header, record):
            contig = struct.pack("<i3si", 3, b"q1\0", 100)
            head = struct.pack("<4si", b"BAM\1", len(header)) + header + struct.pack("<i", 1)
            path = tmp_path / name
            path.write_bytes(gzip.compress(head + contig + record))
            return canonical.reads_digest(path)

        first = bam("a", b"@PG\tCL:/tmp/a\n", b"read")
        assert bam("b", b"@PG\tCL:/tmp/elsewhere\n", b"read") == first
        assert bam("c", b"@PG\tCL:/tmp/a\n", b"raed") != first


class TestDifferences:
    def test_json_by_name_not_by_place(self):
        new = json.loads(json.dumps(REPORT))
        new["variants"].insert(0, {"id": "chr1:2:G:A", "state": "lost"})
        new["variants"][1]["samples"]["pre"]["af"] = 0.5
        del new["variants"][2]["state"]
        found = of_json(REPORT, new)
        assert ("variants[].samples.*.af", "chr1:5:A:T pre", "0.123456789", "0.5") in found
        assert ("variants[].state", "chr1:9:C:G", "acquired", differences.ABSENT) in found
        assert [(f, p, o) for f, p, o, n in found if p == "chr1:2:G:A"] == [
            ("variants[]", "chr1:2:G:A", differences.ABSENT)
        ]
        assert len(found) == 3

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ({"a": None}, {"a": 0}, ("a", "", "null", "0")),
            ({"a": True}, {"a": 1}, ("a", "", "true", "1")),
            ({"a": [1, 2, 3]}, {"a": [1, 3]}, ("a[]", "[1]", "2", "(absent)")),
            ({"a": [1, 2]}, {"a": [1, 5]}, ("a[]", "[1]", "2", "5")),
            ({"a": [{"id": "x"}, {"id": "y"}]}, {"a": [{"id": "y"}, {"id": "x"}]},
             ("a (order)", "", "x, y", "y, x")),
            ({"chr1:5": 1}, {"chr1:5": 2}, (".*", "chr1:5", "1", "2")),
        ],
    )  # fmt: skip
    def test_json_values(self, old, new, expected):
        assert of_json(old, new) == [expected]

    def test_vcf(self):
        new = VCF.replace("##resistpanel_min_qual=12", "##resistpanel_min_qual=20")
        new = new.replace("80,20:0.01", "80,21:0.01").replace("\tweak\t", "\tPASS\t")
        new = new.replace(";FORCED", "").replace("Likeliest", "Best")
        new += "chr2\t1\t.\tG\tGA\t.\tPASS\t.\tAD:LOD\t9,0:.\t8,2:.\n"
        info = "<ID=MODEL,Number=1,Type=String,Description="
        assert of_text("x.vcf", VCF, new) == [
            ("##INFO.MODEL", "", f'{info}"Likeliest explanation">', f'{info}"Best explanation">'),
            ("##resistpanel_min_qual", "", "12", "20"),
            ("INFO.FORCED", "chr1:5:A:T", "set", "(absent)"),
            ("FORMAT.AD", "chr1:5:A:T tumor", "80,20", "80,21"),
            ("FILTER", "chr1:9:C:G", "weak", "PASS"),
            ("record", "chr2:1:G:GA", "(absent)", "PASS 9,0:. 8,2:."),
        ]  # fmt: skip

    def test_table(self):
        new = "variant\tstate\tn\tmore\nchr1:9:C:G\tstable\t1.5\t-\n"
        assert of_text("x.tsv", TABLE, new) == [
            ("columns", "[3]", "(absent)", "more"),
            ("row", "chr1:5:A:T", "chr1:5:A:T; stable; 1", "(absent)"),
            ("state", "chr1:9:C:G", "acquired", "stable"),
            ("n", "chr1:9:C:G", "1.50", "1.5"),
        ]

    def test_rows_without_a_unique_first_column(self):
        old = "gene\tpos\tsample\taf\nA\t1\tx\t.1\nA\t1\ty\t.2\nA\t2\tx\t.3\n"
        assert of_text("x.maf", old, old.replace(".3", ".4")) == [("af", "2 x", ".3", ".4")]

    def test_no_change_of_a_file_is_lost(self):
        """Not even one that the comparison by fields does not see."""
        swapped = VCF.replace("MODEL=somatic;FORCED", "FORCED;MODEL=somatic")
        assert of_text("x.vcf", VCF, swapped) == [("(layout)", "", "", "")]

    def test_renamed_fields_are_compared(self):
        """Under their new names: only what is not just renamed is left."""
        names = {"af": "vaf", "LOD": "LIMIT", "n": "count"}
        report = canonical.canonical_json(json.dumps(REPORT))
        for name, old, new, expected in (
            ("x.json", report, report.replace('"af"', '"vaf"'), []),
            ("x.vcf", VCF, VCF.replace(":LOD", ":LIMIT").replace("97,3:0.01", "97,3:0.02"),
             [("FORMAT.LIMIT", "chr1:9:C:G tumor", "0.01", "0.02")]),
            ("x.tsv", TABLE, TABLE.replace("\tn\n", "\tcount\n").replace("1.50", "1.6"),
             [("count", "chr1:9:C:G", "1.50", "1.6")]),
        ):  # fmt: skip
            assert of_text(name, old, new) != expected
            assert of_text(name, differences.renamed(name, old, names), new) == expected

    def test_ignored(self):
        def one(field, old="", new=""):
            return differences.Difference("f", field, "", old, new)

        names = ["LOD", "contam*"]
        assert differences.ignored(one("variants[].samples.*.lod"), names)
        assert differences.ignored(one("FORMAT.LOD"), names)
        assert differences.ignored(one("##FORMAT.LOD"), names)
        assert differences.ignored(one("qc.contamination.value"), names)
        assert not differences.ignored(one("variants[].lod_phred"), names)
        assert not differences.ignored(one("record"), names)
        assert differences.ignored(one("line", "the LOD is 2", "the LOD is 3"), names)
        assert not differences.ignored(one("line", "(absent)", "the LOD is 3"), names)

    def test_printed_in_groups(self):
        af = [("v[].af", f"v{i}", "0.1", f"0.{i + 2}") for i in range(6)]
        type_ = [("v[].t", f"v{i}", "a", "b") for i in range(6)]
        found = [differences.Difference("compare/P.json", *row) for row in af + type_]
        found += [
            differences.Difference("report/P.json", f"compare.{field}", *rest)
            for field, *rest in af + type_
        ]
        assert differences.printed(found, limit=2) == [
            "compare/P.json",
            "  v[].af  (6)",
            "    v0: 0.1 -> 0.2",
            "    v1: 0.1 -> 0.3",
            "    ... and 4 other changes",
            "  v[].t  (6)  v0 and 5 more: a -> b",
            "report/P.json: 12 more, as in compare/P.json",
        ]

    def test_long_values_are_shown_where_they_differ(self):
        text = "same " * 40
        shown = differences.shown_pair(f"{text}before", f"{text}after")
        assert len(shown) < 150
        assert "before" in shown
        assert "after" in shown


@pytest.fixture
def folders(tmp_path):
    """Two folders of a case, both as recorded."""
    for name in ("old", "new"):
        for path, text in (
            ("report/P.json", canonical.canonical_json(json.dumps(REPORT))),
            ("call/P.vcf", VCF),
        ):
            out = tmp_path / name / "demo/wagle2011" / path
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text)
    return tmp_path / "old", tmp_path / "new"


class TestHeadline:
    def test_unchanged(self, folders):
        assert headline.compared(*folders) == [
            "unchanged: PASS (1), states (2), verdict (1)",
        ]

    def test_changed(self, folders):
        case = folders[1] / "demo/wagle2011"
        (case / "call/P.vcf").write_text(VCF.replace("\tweak\t", "\tPASS\t"))
        report = (case / "report/P.json").read_text()
        (case / "report/P.json").write_text(report.replace('"acquired"', '"stable"'))
        assert headline.compared(*folders) == [
            "unchanged: verdict (1)",
            "PASS CHANGED: 1 before, 2 now",
            "  + chr1:9:C:G",
            "states CHANGED: 2 before, 2 now",
            "  - chr1:9:C:G acquired",
            "  + chr1:9:C:G stable",
        ]


class TestCommand:
    @pytest.fixture
    def once(self, monkeypatch, folders):
        """A single case, whose run copies a folder."""
        import shutil

        def make(session, out):
            shutil.copytree(folders[1] / "demo/wagle2011", out)

        monkeypatch.setattr(runs, "CASES", (runs.Case("demo/wagle2011", make),))
        return folders[1] / "demo/wagle2011"

    def test_check_after_record(self, once, tmp_path, capsys):
        store = str(tmp_path / "store")
        assert main(["check", "--store", store]) == 2
        assert main(["record", "--store", store]) == 0
        assert main(["check", "--store", store]) == 0
        out = capsys.readouterr().out
        assert "demo/wagle2011: no difference\n    unchanged: PASS (1), states" in out
        (once / "call/P.vcf").write_text(VCF.replace("97,3:0.01", "97,3:0.02"))
        assert main(["check", "--store", store, "--only", "demo"]) == 1
        assert "FORMAT.LOD  chr1:9:C:G tumor: 0.01 -> 0.02" in capsys.readouterr().out
        assert main(["check", "--store", store, "--ignore", "lod,x"]) == 0
        assert "no difference (1 ignored)" in capsys.readouterr().out

    def test_a_run_that_fails_is_a_difference(self, once, tmp_path, monkeypatch, capsys):
        store = str(tmp_path / "store")
        assert main(["record", "--store", store]) == 0

        def fails(session, out):
            raise runs.Failed("resistpanel call: exit status 2\nno such file")

        monkeypatch.setattr(runs, "CASES", (runs.Case("demo/wagle2011", fails),))
        assert main(["check", "--store", store]) == 1
        assert "FAILED: resistpanel call: exit status 2" in capsys.readouterr().out
        assert main(["record", "--store", store]) == 2
        assert "--replace records them again" in capsys.readouterr().out
        assert main(["record", "--store", store, "--replace"]) == 1
        assert (tmp_path / "store/demo/wagle2011/call/P.vcf").exists()

    def test_unknown_part(self, capsys):
        with pytest.raises(SystemExit):
            main(["check", "--only", "deom"])
        assert "none of demo, real, accuracy, explain" in capsys.readouterr().err
