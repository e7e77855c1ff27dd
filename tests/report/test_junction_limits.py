"""Limits of junctions by gene, from depth and the caller's grid."""

import pytest

from resistpanel.panel.genes import Gene
from resistpanel.report.junction_limits import grid, junction_limits, limit_at
from resistpanel.report.unseen import unseen

#: Exons 1 to 4, intron 2 of which is a target.
ALK = Gene("ALK", "T1", "chr2", "-", [(100, 200), (1000, 1090), (3000, 3090), (5000, 5100)])
OTHER = Gene("TP53", "T2", "chr2", "-", [(9000, 9300)])
HEADER = "20:.,50:0.2,100:0.1,1000:0.01"


def report(depth=1000):
    spans = [(100, 200), (1000, 1090), (1090, 3000), (3000, 3090), (5000, 5100)]
    targets = [
        {"name": "t", "chrom": "chr2", "start": s, "end": e, "mean_depth": depth} for s, e in spans
    ]
    return {
        "sheet": {"samples": [{"sample": "n", "role": "normal"}, {"sample": "post",
                                                                  "role": "plasma"}]},
        "qc": {"samples": [{"sample": name, "read_length": 100, "targets": targets}
                           for name in ("n", "post")]},
        "provenance": {"parameters": {"junction_lod_post": HEADER}},
    }  # fmt: skip


def test_between_depths():
    points = grid(HEADER)
    assert points == [(50, 0.2), (100, 0.1), (1000, 0.01)]
    assert limit_at(49, points) is None
    assert limit_at(500, points) == pytest.approx(0.02)
    assert limit_at(9000, points) == 0.01


def test_gene():
    (one,) = junction_limits(report(), {"ALK": ALK, "TP53": OTHER})
    assert (one["introns_covered"], one["introns_not_covered"]) == ([2], 2)
    (row,) = one["limits"]
    assert row["sample"] == "post"
    # 85 of 100 start positions leave 8 bases on either side
    assert row["introns"] == row["exons"] == pytest.approx(0.01 / 0.85)
    assert one["text"] == (
        "ALK: no other fusion, deletion or duplication with a breakpoint in intron 2 above 1.2 % "
        "of the fragments in post; no other deletion or duplication with both ends in exons above "
        "1.2 % of the fragments in post; 2 other introns are not covered: junctions with "
        "breakpoints there are not excluded"
    )


def test_too_shallow():
    (one,) = junction_limits(report(depth=40), {"ALK": ALK})
    assert [row["introns"] for row in one["limits"]] == [None]
    assert one["text"].startswith("ALK: 2 other introns are not covered")


def test_without_the_grid():
    made = report()
    made["provenance"]["parameters"] = {}
    assert junction_limits(made, {"ALK": ALK}) == []


def test_on_the_page():
    made = report()
    made["resist"] = {"coverage": {"not_in_dna": []}, "drugs": [{"targets": ["ALK"]}]}
    made["junction_limits"] = junction_limits(made, {"ALK": ALK})
    row = next(r for r in unseen(made) if r["what"] == "Junctions of ALK")
    assert "not excluded" in row["names"][0]
