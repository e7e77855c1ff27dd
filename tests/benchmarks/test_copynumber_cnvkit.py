"""Pieces of the comparison with CNVkit that need no CNVkit."""

import numpy as np
import pandas as pd
import pytest
from benchmarks import copynumber_cnvkit as compared
from benchmarks.copynumber_cnvkit_speed import log_sum
from benchmarks.copynumber_exon_bound import bounds
from scipy.special import logsumexp

BINS = pd.DataFrame(
    {
        "chromosome": ["chr1"] * 4 + ["chr2"] * 2,
        "start": [100, 900_000, 5_000_000, 5_000_400, 100, 90_000],
        "end": [300, 900_200, 5_000_200, 5_000_500, 200, 90_100],
        "gene": ["A", "A", "B", "B", "C", "C"],
        "log2": [0.1, 0.3, -1.0, -1.0, 0.0, 0.0],
        "weight": [1.0, 3.0, 1.0, 1.0, 1.0, 1.0],
    }
)


def test_a_genes_value_is_that_of_the_segment_at_its_middle():
    segments = pd.DataFrame(
        {"chromosome": ["chr1", "chr1"], "start": [0, 400_000], "end": [400_000, 6_000_000],
         "log2": [0.2, -0.8]}
    )  # fmt: skip
    assert compared.of_segments(BINS, segments) == {"A": -0.8, "B": -0.8, "C": 0.0}
    alone = compared.of_genes(BINS)
    assert alone == pytest.approx({"A": 0.25, "B": -1.0, "C": 0.0})  # the median is 0


def test_targets_have_their_places_in_the_genome_after_the_reference(tmp_path):
    """The FASTA file has gaps of 1 kb at most, segmentation those of the genome."""
    row = {"chrom": BINS.chromosome.tolist(), "start": BINS.start, "end": BINS.end,
           "gc": np.full(6, 0.5), "normals": []}  # fmt: skip
    placed, files, _ = compared.reference_files(row, tmp_path)
    assert files == [] and placed["start"][1] - placed["end"][0] == compared.GAP
    sequence = (tmp_path / "panel.fa").read_text().splitlines()[1]
    target = sequence[placed["start"][0] : placed["end"][0]]
    assert set(sequence) == set("AGN") and target.count("G") == 100 and len(target) == 200
    made = BINS.assign(start=placed["start"], end=placed["end"])
    found = compared.in_genome(made, row, placed)
    assert found[["start", "end"]].to_numpy().tolist() == BINS[["start", "end"]].to_numpy().tolist()


def test_half_an_unchanged_gene_per_tumour_exceeds_the_threshold():
    scores = np.array([0.1, -0.9, 0.5, 0.3])
    assert (np.abs(scores) > compared.threshold(scores, 4)).sum() == 2


def test_sums_of_exponentials_are_scipys():
    values = np.random.default_rng(1).normal(0, 200, (3, 4, 5))
    for axis in (None, 0, 1):
        assert log_sum(values, axis) == pytest.approx(logsumexp(values, axis=axis))


def test_no_test_finds_two_exons_in_ffpe_without_false_genes(monkeypatch):
    monkeypatch.setattr("benchmarks.copynumber_exon_bound.DRAWS", 100_000)
    rng = np.random.default_rng(2)
    half, most = (
        [float(v) for k, v in bounds(p, 2021, rng).items() if k != "purity"] for p in (0.5, 0.8)
    )
    assert 0.8 < half[1] < 1.8 and half[0] < half[1]
    assert most[1] < half[1] / 3
