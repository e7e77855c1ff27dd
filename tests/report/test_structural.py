"""Junctions in the exports: rows of cBioPortal's structural variants, none of the MAF."""

import pytest

from resistpanel.report.maf import rows
from resistpanel.report.structural import junctions

EVENT = {
    "name": "EML4::ALK fusion (ALK exon 20)", "chrom": "chr2", "pos": 42522656, "length": None,
    "inserted": 0, "homology": 2, "precise": True, "exons": None, "fusion": "EML4::ALK",
    "frame": "in_frame", "kinase": "kept",
}  # fmt: skip


def with_junction(parts, **more):
    """Return a report of which a reported variant is a junction, and the variant."""
    value = {"build": "hg19", "compare": parts["compare"], "resist": parts["resist"]}
    value["provenance"] = {}
    first = next(v for v in value["compare"]["variants"] if v["reported"])
    first |= {"junction": EVENT, "gene": "ALK", "type": "BND", "alt": "G]chr2:42522656]"} | more
    return value, first


def test_a_fusion(parts):
    report, variant = with_junction(parts, chrom="chr2", pos=29447000)
    detected = [n for n, e in variant["samples"].items() if e["detected"]]
    found = junctions(report)
    assert [row["Sample_Id"] for row in found] == detected
    row = found[0]
    assert (row["Site1_Hugo_Symbol"], row["Site2_Hugo_Symbol"]) == ("EML4", "ALK")
    assert (row["Class"], row["Site2_Effect_On_Frame"]) == ("INVERSION", "In_frame")
    # The record is at ALK, the 3' gene: its place is that of the second site.
    assert (row["Site1_Chromosome"], row["Site1_Position"]) == ("2", 42522656)
    assert (row["Site2_Chromosome"], row["Site2_Position"]) == ("2", 29447000)


def test_the_maf_has_none(parts):
    before = len(rows({"build": "hg19", "provenance": {}} | parts))
    report, _ = with_junction(parts)
    assert len(rows(report)) < before


def test_near_misses_are_left_out(parts):
    assert junctions(with_junction(parts, reported=False)[0]) == []


@pytest.mark.parametrize("at", ["5' gene", "3' gene"])
@pytest.mark.parametrize(
    ("fusion", "genes"),
    [
        ("CD74::ROS1", ("CD74", "ROS1")),
        ("chr5:149784243::ROS1", (None, "ROS1")),  # the partner is unknown
        ("CD74::OTHER", ("CD74", "OTHER")),  # one of the two is known
    ],
)
def test_genes_are_at_their_own_sites(parts, fusion, genes, at):
    """Whichever breakend the record is at."""
    cd74, ros1 = ("chr5", 149784243), ("chr6", 117650609)
    here, there = (cd74, ros1) if at == "5' gene" else (ros1, cd74)
    event = EVENT | {"fusion": fusion, "chrom": there[0], "pos": there[1]}
    report, _ = with_junction(parts, junction=event, chrom=here[0], pos=here[1], gene="ROS1")
    row = junctions(report)[0]
    assert (row["Site1_Hugo_Symbol"], row["Site2_Hugo_Symbol"]) == genes
    assert (row["Site1_Chromosome"], row["Site1_Position"]) == ("5", 149784243)
    assert (row["Site2_Chromosome"], row["Site2_Position"]) == ("6", 117650609)
    assert row["Class"] == "TRANSLOCATION"
