"""Mutational burden: coding bases, exact interval, limits; hypermutation."""

import dataclasses
import random

import numpy as np
import pysam
import pytest

from resistpanel.core.stats import poisson_interval
from resistpanel.extras.burden import (
    Coding,
    burden,
    coding_bases,
    fraction_at,
    hypermutation,
    outside_cpg,
)
from resistpanel.panel.genes import Gene
from resistpanel.records.qc import FractionAt, TargetDepth


class Figures:
    """What of a sample's quality the burden reads."""

    def __init__(self, *targets):
        self.targets = targets


def target(start, end, least=200, at_100=1.0, quantiles=(200,) * 5):
    at = FractionAt(at_100=at_100, at_250=0.0, at_500=0.0)
    return TargetDepth("G|T|exon1", "chr1", start, end, 300.0, least, quantiles, at)


GENE = Gene("G", "T", "chr1", "+", [(100, 200), (300, 350)])


def test_poisson_interval_is_garwoods():
    assert poisson_interval(0) == (0.0, pytest.approx(3.689, abs=0.001))
    low, high = poisson_interval(10)
    assert (low, high) == (pytest.approx(4.795, abs=0.001), pytest.approx(18.39, abs=0.01))


def test_poisson_interval_covers():
    rng = np.random.default_rng()
    for mean in (1.0, 8.0, 40.0):
        bounds = [poisson_interval(int(k)) for k in rng.poisson(mean, 2000)]
        assert np.mean([low <= mean <= high for low, high in bounds]) >= 0.94


def test_coding_bases_at_depth():
    coding = Coding({"G": GENE})
    tumor = Figures(target(90, 210), target(150, 260), target(290, 400, at_100=0.5))
    assert coding_bases(coding, tumor, None) == 100 + 25
    normal = Figures(target(90, 210, least=30), target(150, 260), target(290, 400, least=30))
    assert coding_bases(coding, tumor, normal) == 125
    assert coding_bases(coding, tumor, Figures(target(90, 210))) == 100


def test_fraction_by_quantiles():
    assert fraction_at(target(0, 9, least=20), 20) == 1
    some = target(0, 9, least=0, quantiles=(5, 15, 25, 40, 60))
    assert fraction_at(some, 20) == pytest.approx(1 - 0.375)
    assert fraction_at(some, 100) == pytest.approx(1 - 0.975)


def test_burden_is_not_reported_on_few_bases():
    found = burden(4, 67_000)
    assert found.per_mb is None and "not reported" in found.text and "0.5 Mb" in found.text
    found = burden(12, 1_200_000)
    assert found.per_mb == pytest.approx(10)
    assert found.low < 10 < found.high and "hypermutated" not in found.text
    assert "hypermutated" in burden(60, 1_200_000).text


def test_c_to_t_outside_cpg(tmp_path):
    path = tmp_path / "r.fa"
    path.write_text(">c\nACGCTAGGCG\n")
    pysam.faidx(str(path))
    with pysam.FastaFile(str(path)) as fasta:
        seen = [
            outside_cpg(fasta, "c", pos, ref, alt)
            for pos, ref, alt in ((2, "C", "T"), (4, "C", "T"), (3, "G", "A"), (7, "G", "A"),
                                  (8, "G", "A"), (4, "C", "A"))
        ]  # fmt: skip
    assert seen == [False, True, False, True, True, False]


def test_alkylating_agent_needs_counts_and_the_drug():
    assert hypermutation(19, 19, 0, {"temozolomide"}).status == "not assessable"
    assert hypermutation(60, 57, 0, {"temozolomide"}).status == "alkylating"
    assert hypermutation(60, 57, 0, {"vemurafenib"}).status == "ultraviolet or alkylating"
    assert hypermutation(60, 57, 6, {"temozolomide"}).status == "ultraviolet or alkylating"
    assert hypermutation(60, 20, 0, {"temozolomide"}).status == "none"


def test_coding_bases_of_overlapping_genes_count_once():
    rng = random.Random(3)
    genes, bases = {}, set()
    for number in range(6):
        starts = sorted(rng.sample(range(200), 4))
        exons = tuple((start, start + rng.randint(1, 30)) for start in starts)
        genes[str(number)] = dataclasses.replace(GENE, cds=exons)
        bases |= {base for start, end in exons for base in range(start, end)}
    coding = Coding(genes)
    for start in range(0, 240, 7):
        for size in (0, 1, 5, 60):
            expected = sum(base in bases for base in range(start, start + size))
            assert coding.count(GENE.chrom, start, start + size) == expected
    assert coding.count("other", 0, 100) == 0
