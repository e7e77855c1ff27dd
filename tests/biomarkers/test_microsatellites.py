"""Microsatellite instability: counts of repeat lengths, tests, statuses; the public pair."""

from collections import Counter
from pathlib import Path

import numpy as np
import pysam
import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.qc.microsatellites import (
    Site,
    count,
    find_sites,
    instability,
    new_lengths,
    p_more,
    read_sites,
    without_normal,
)

SITE = Site("chr1", 50, "A", 10, "CCGTC", "TGCGC")


def normal_of(rng, depth=200, repeats=10):
    """Draw lengths of a stable site, with stutter of 4 %."""
    return Counter(repeats - (rng.random(depth) < 0.04).astype(int))


def unstable_of(rng, depth=200, purity=0.5, repeats=10):
    """Draw lengths of a site that lost 1 to 3 repeats in the tumour's cells."""
    lost = rng.integers(1, 4, depth) * (rng.random(depth) < purity)
    return Counter(repeats - lost)


def test_sites_of_a_reference(tmp_path):
    bases = "CCGTC" + "A" * 10 + "TGCGT" + "ACACACACACAC" + "GATTC" + "A" * 7 + "CCCCC"
    fasta = tmp_path / "r.fa"
    fasta.write_text(f">chr1\n{bases}\n")
    pysam.faidx(str(fasta))
    found = find_sites(fasta, [Target("chr1", 5, 40)])
    assert [(s.start, s.unit, s.repeats) for s in found] == [(5, "A", 10), (20, "AC", 6)]
    assert (found[0].left, found[0].right) == ("CCGTC", "TGCGT")
    assert found[0].name == "chr1:6 10xA"


def test_lengths_are_of_fragments(tmp_path):
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 200}]}
    path = tmp_path / "a.bam"
    with pysam.AlignmentFile(path, "wb", header=header) as bam:
        rows = [("a", 10, 0), ("a", 10, 0), ("b", 9, 0), ("c", 9, 0), ("c", 8, 0), ("d", 10, 1024),
                ("e", 12, 0)]  # fmt: skip
        for name, repeats, flag in rows:
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.flag, read.reference_id = name, flag, 0
            read.reference_start, read.mapping_quality = 45, 60
            read.query_sequence = SITE.left + "A" * repeats + SITE.right
            read.cigarstring = f"{len(read.query_sequence)}M"
            read.query_qualities = pysam.qualitystring_to_array("I" * len(read.query_sequence))
            bam.write(read)
    pysam.index(str(path))
    assert count(str(path), None, [SITE]) == [Counter({10: 1, 9: 1, 12: 1})]
    assert count(str(path), None, [Site("chrX", 1, "A", 9, "C", "C")]) == [Counter()]


def test_loss_of_an_inherited_length_is_not_instability():
    normal, tumor = Counter({10: 32, 11: 52, 12: 1}), Counter({9: 6, 10: 377, 11: 6})
    assert new_lengths(normal, tumor) == (1, 6)
    found = instability([SITE] * 30, [normal] * 30, [tumor] * 30)
    assert (found.unstable, found.differing, found.status) == (0, 30, "stable")


def test_predictive_probability_is_that_of_draws():
    rng = np.random.default_rng(5)
    p = rng.beta(3.5, 97.5, 100_000)
    drawn = (rng.binomial(80, p) >= 7).mean()
    assert p_more(7, 80, 3, 100) == pytest.approx(drawn, abs=0.005)
    assert p_more(0, 80, 3, 100) == pytest.approx(1)


def test_high_and_stable_tumours():
    rng = np.random.default_rng()
    sites = [SITE] * 60
    normal = [normal_of(rng) for _ in sites]
    tumor = [unstable_of(rng) if i < 30 else normal_of(rng) for i in range(60)]
    found = instability(sites, normal, tumor)
    assert found.status == "MSI-high" and found.unstable == 30
    assert found.low < 0.5 < found.high
    found = instability(sites, normal, [normal_of(rng) for _ in sites])
    assert found.status == "stable" and found.unstable == 0


def test_not_assessable_says_what_is_needed():
    rng = np.random.default_rng(1)
    found = instability([SITE] * 19, *[[normal_of(rng) for _ in range(19)]] * 2)
    assert found.status == "not assessable" and "19 of the panel's 19" in found.text
    assert "20 are needed" in found.text
    shallow = [Counter({10: 19})] * 30
    assert instability([SITE] * 30, shallow, shallow).informative == 0
    assert "no matched normal" in without_normal([SITE]).text
    assert instability([], [], []).text == "Not assessable: the panel has no microsatellites."


def test_a_list_of_sites(tmp_path):
    path = tmp_path / "sites.tsv"
    columns = (
        "chromosome\tlocation\trepeat_times\trepeat_unit_bases\tleft_flank_bases\tright_flank_bases"
    )
    path.write_text(f"{columns}\nchr1\t50\t10\tA\tCCGTC\tTGCGC\n")
    assert read_sites(path) == [SITE]
    path.write_text(f"{columns}\nchr1\tx\t10\tA\tCCGTC\tTGCGC\n")
    with pytest.raises(InputError, match=r"sites\.tsv:2: is no site"):
        read_sites(path)
    path.write_text("chromosome\n")
    with pytest.raises(InputError, match="missing column location"):
        read_sites(path)


COLO829 = Path(__file__).resolve().parents[3] / "shared/real/colo829"


@pytest.mark.skipif(not COLO829.is_dir(), reason="needs ../shared/real/colo829")
def test_colo829_has_no_unstable_site():
    from resistpanel.core.intervals import read_targets

    sites = find_sites(COLO829 / "GRCh37.windows.fa.gz", read_targets(COLO829 / "windows.bed"))
    normal, tumor = (count(str(COLO829 / f"COLO829{s}.bam"), None, sites) for s in "RT")
    found = instability(sites, normal, tumor)
    assert found.informative >= 15 and found.unstable == 0
