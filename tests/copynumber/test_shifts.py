"""Genes whose depth another capture lot shifts: no copy number explains it."""

import dataclasses

import numpy as np
import pytest

from resistpanel.copynumber.gene_states import NO_SHIFTS, Cell, _Evidence, gene_states
from resistpanel.copynumber.gene_states import measured_shifts as measured
from resistpanel.copynumber.ratios import Genes
from resistpanel.copynumber.segments import HetSites, Segment

NUMBER, SITES, DEPTH, PURITY = 90, 2, 500, 0.5
CELLS = (Cell(PURITY, 2, 1.0),)
LOST, DELETED = np.arange(0, 90, 18), np.arange(5, 90, 30)


def drawn(shifted, seed=5):
    """Return genes, sites and segments: losses of single genes, deletions, shifts of depth."""
    rng = np.random.default_rng(seed)
    log2 = rng.normal(0, 0.05, NUMBER)
    log2[LOST] += np.log2(1 - PURITY / 2)
    log2[DELETED] += np.log2(1 - PURITY)
    log2[shifted] += np.resize([0.3, -0.3], len(shifted))
    balance = np.full(NUMBER, 0.5)
    balance[LOST] = (1 - PURITY) / (2 - PURITY)
    gene = np.repeat(np.arange(NUMBER), SITES)
    alt = rng.binomial(DEPTH, balance[gene])
    zeros = np.zeros(len(gene))
    sites = HetSites(gene, alt, np.full(len(gene), DEPTH), zeros, zeros + 0.001)
    names = np.array([f"G{i}" for i in range(NUMBER)])
    place = np.arange(NUMBER) * 1000
    genes = Genes(names, np.repeat("chr1", NUMBER), place, place + 500, np.full(NUMBER, 6), log2,
                  np.full(NUMBER, 0.05), 0.0)  # fmt: skip
    return genes, sites, [Segment(np.arange(NUMBER), 0.0, 0.01)]


def test_shifted_genes_with_balanced_sites_are_no_changes():
    shifted = np.arange(2, 90, 7)
    shifted = np.setdiff1d(shifted, [*LOST, *DELETED])
    given = drawn(shifted)
    assert measured(_Evidence(*given), CELLS) != NO_SHIFTS
    found = gene_states(*given, CELLS, 5.0)
    assert (found.changed[shifted] < 0.5).all()
    assert (found.fewer[LOST] > 0.9).all()
    assert (found.none[DELETED] > 0.9).all()
    # The expected log2 ratio follows the copies, not the shift.
    truth = np.zeros(NUMBER)
    truth[LOST], truth[DELETED] = np.log2(1 - PURITY / 2), np.log2(1 - PURITY)
    measured_error, error = given[0].log2 - truth, found.fitted - truth
    assert np.abs(measured_error[shifted]).min() > 0.15
    assert np.sqrt((error[shifted] ** 2).mean()) < 0.1
    assert np.abs(error[DELETED]).max() < 0.2
    assert np.sqrt((error**2).mean()) < np.sqrt((measured_error**2).mean()) / 2


def test_the_expected_ratio_of_a_gene_that_no_state_explains_is_its_own():
    genes, sites, segments = drawn(np.array([], int))
    log2 = genes.log2.copy()
    log2[3] = 2.6  # between 12 and 15 copies
    genes = dataclasses.replace(genes, log2=log2)
    found = gene_states(genes, sites, segments, CELLS, 5.0)
    assert found.fitted[3] == pytest.approx(2.6, abs=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_changes_of_single_genes_are_no_shifts(seed):
    assert measured(_Evidence(*drawn(np.array([], int), seed)), CELLS) == NO_SHIFTS
