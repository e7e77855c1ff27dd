"""Other callers' calls on packs are read and scored as ours are; the page has the figures."""

import json

import pysam
import pytest
from benchmarks import packs
from benchmarks.packs_page import page

from resistpanel.core.files import HOME
from resistpanel.testing.pack import read_pack

PACK = read_pack(HOME / "resources" / "packs" / "seracare_duplex")
HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=weak,Description="weak">
##contig=<ID=c,length=1000>
##INFO=<ID=STATUS,Number=1,Type=String,Description="s">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="s">
##INFO=<ID=END,Number=1,Type=Integer,Description="s">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="d">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tnormal\ttumor
"""


def read(tmp_path, name: str, *rows: str) -> list[packs.PeerCall]:
    path = tmp_path / "calls.vcf"
    path.write_text(HEADER + "".join(row.replace(" ", "\t") + "\n" for row in rows))
    with pysam.VariantFile(str(path)) as records:
        return [one for record in records for one in packs._of(name, record) if one]


@pytest.mark.parametrize(
    ("name", "row", "kept"),
    [
        ("mutect2", "c 10 . A C . PASS . AD 50,0 40,9", True),
        ("mutect2", "c 10 . A C . weak . AD 50,0 40,9", False),
        ("vardict", "c 10 . A C . PASS STATUS=LikelySomatic AD 50,0 40,9", True),
        ("vardict", "c 10 . A C . PASS STATUS=Germline AD 50,0 40,9", False),
        ("freebayes", "c 10 . A C . . . AD 50,0 40,9", True),
        ("freebayes", "c 10 . A C . . . AD 25,25 40,9", False),  # inherited
        ("freebayes", "c 10 . A C . . . AD 50,0 997,3", False),  # 3 reads
    ],
)
def test_calls_of_small_variants(tmp_path, name, row, kept):
    found = read(tmp_path, name, row)
    assert [(one.allele.pos, one.allele.alt) for one in found] == ([(9, "C")] if kept else [])


def test_calls_of_junctions(tmp_path):
    rows = ("c 10 . A <DEL> . PASS SVTYPE=DEL;END=500 AD 0,0 0,9",
            "c 10 . A A[c:700[ . PASS SVTYPE=BND AD 0,0 0,9",
            "c 10 . A <INS> . PASS SVTYPE=INS;END=10 AD 0,0 0,9")  # fmt: skip
    ends = [one.ends for one in read(tmp_path, "delly", *rows)]
    assert [(a.pos, b.pos, a.side, b.side) for a, b in ends] == [
        (10, 500, "before", "after"), (10, 700, "before", "after")
    ]  # fmt: skip


def test_page():
    rows = [
        {"name": "KRAS G12C", "state": "present", "called": False, "alt_called": 3, "depth": 900,
         "filters": "weak", "lod": 0.01}
    ]  # fmt: skip
    figures = {
        "present": 19, "found": 18, "junctions": 0, "junctions_found": 0, "refuted": 5,
        "refuted_called": 0, "other_calls": 1, "other_per_megabase": 431.2,
        "other_per_megabase_high": 2402.6, "above_limit": 19, "above_limit_found": 18,
        "af_ratio": 1.01,
    }  # fmt: skip
    other = {"chrom": "7", "pos": 55, "ref": "C", "alt": "G", "alt_fragments": 14, "depth": 843}
    dilution = {
        "af": 0.01, "af_median": 0.0098, "draws": 8, "found": 150, "of": 152, "recall": 0.987,
        "low": 0.8, "high": 1.0, "lod_median": 0.006, "above_limit": 135, "above_limit_found": 135,
        "other_calls": 0.0,
    }  # fmt: skip
    result = {
        "name": "seracare_duplex", "assay": "capture", "question": "Found?", "complete": True,
        "figures": figures, "rows": rows, "other": [other], "dilution": [dilution],
        "recall": [{"af_from": 0.02, "af_below": 0.05, "found": 13, "of": 14}],
    }  # fmt: skip
    peer = {"peer": "vardict", "found": 17, "present": 19, "refuted": 5, "refuted_called": 1,
            "other": ["c:1 A>C 3/4"]}  # fmt: skip
    text = page([PACK], json.loads(json.dumps({"seracare_duplex": result})),
                {"seracare_duplex": [peer]})  # fmt: skip
    for part in (
        "1 sets of 1 origins", "| 18 of 19 | 0 of 5 | 1 (431, below 2403) | 1.01 | 18 of 19 |",
        "| | vardict | 17 of 19 | 1 of 5 | 1 |", "- missed: KRAS G12C (3 of 900, weak, LOD 1 %)",
        "- called: 7:55 C>G (14 of 843)", "| 2 to 5 % | 13 of 14 |",
        "| 1 % | 0.98 % | 150 of 152, 99 % | 80 to 100 % | 0.6 % | 135 of 135 | 0.0 |",
        "mskcc/ACCESS-Pipeline, b0f226a9ac51",
    ):  # fmt: skip
        assert part in text
