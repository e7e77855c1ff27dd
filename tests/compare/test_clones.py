"""Clones by cancer cell fraction, and trees under the sum rule."""

import ast
from pathlib import Path

import msgspec
import numpy as np
import pytest

from resistpanel.compare import comparison
from resistpanel.compare.clusters import POINTS, Counts, clusters
from resistpanel.compare.trees import ROOT, trees

EVOLUTION = Path(__file__).parents[2] / ".." / "shared" / "facts" / "evolution"


def counts(alt, depth=1000, one_copy=0.4, sd=0.05, rho=0.0005):
    alt = np.array(alt)
    shape = alt.shape
    return Counts(
        alt, np.full(shape, depth), np.full(shape, one_copy), np.ones(shape, int),
        np.full(shape[1], sd), np.full(shape, rho), np.full(shape[1], 2e-4),
    )  # fmt: skip


def drawn(*fractions, sd=0.01):
    """Draws of clones about these cancer cell fractions, a list of samples each."""
    rng = np.random.default_rng(7)
    centre = np.array(fractions).T[:, None, :]
    return np.clip(centre + sd * rng.normal(size=(centre.shape[0], 1000, centre.shape[2])), 0, 1)


def test_variants_of_a_clone_are_together():
    rows = [[400, 400, 400]] * 3 + [[0, 100, 300]] * 2 + [[200, 0, 0]]
    found = clusters(counts(rows))
    assert found.members == ((0, 1, 2), (3, 4), (5,))
    assert found.median()[0].tolist() == [1, 1, 1]
    low, high = found.interval()
    truth = np.array([[1, 1, 1], [0, 0.25, 0.75], [0.5, 0, 0]])
    assert (low <= truth).all() and (truth <= high).all()
    assert (found.upper() >= found.median()).all()
    assert found.absent()[1, 0] > 0.9 and found.absent()[1, 2] < 1e-6


def test_the_answer_is_the_same_on_every_run():
    made = [clusters(counts([[400, 380, 20], [5, 100, 300], [100, 90, 60]])) for _ in range(2)]
    assert made[0].members == made[1].members
    assert np.array_equal(made[0].draws, made[1].draws)


def test_more_variants_bound_an_absent_clone_more_closely():
    one, four = (
        clusters(counts([[400, 400, 400]] * 3 + [[0, 100, 200]] * n, rho=1e-6)).upper()[1, 0]
        for n in (1, 4)
    )
    # Rule of three: 0 of n fragments leave 3 / n, at 40 % a clonal allele.
    assert one == pytest.approx(3 / 1000 / 0.4, rel=0.25)
    assert four < one / 2.5


def test_a_wrong_purity_moves_all_variants_of_a_sample():
    # The truncal variants are at 30 %, not at the stated 40 %: half of them is a half.
    rows = [[300, 400, 400]] * 4 + [[150, 0, 40]] * 2
    found = clusters(counts(rows, sd=0.2))
    assert found.median()[0, 0] == 1
    assert found.median()[1, 0] == pytest.approx(0.5, abs=0.05)


def test_two_mutated_copies_are_no_larger_clone():
    both = counts([[400, 400, 400]] * 4 + [[160, 240, 80]] * 3 + [[320, 480, 160]])
    both.most[:] = 2
    found = clusters(both)
    assert found.members == ((0, 1, 2, 3), (4, 5, 6, 7))


def test_a_chain_that_one_sample_orders():
    found = trees(drawn([1, 1, 1], [0.9, 0.1, 0.6], [0.6, 0.05, 0.5]))
    assert found.parents() == {0: ROOT, 1: 0, 2: 1}
    assert found.ancestors() == ((0, 1), (0, 2), (1, 2))
    assert found.apart() == () and found.conflicts == ()


def test_clones_that_exclude_each_other_are_on_two_branches():
    found = trees(drawn([1, 1, 1], [0.8, 0.1, 0.0], [0.0, 0.5, 0.9]))
    assert found.parents() == {0: ROOT, 1: 0, 2: 0}
    assert found.apart() == ((1, 2),)


def test_small_clones_have_several_trees():
    found = trees(drawn([1, 1, 1], [0.3, 0.3, 0.3], [0.1, 0.1, 0.1]))
    assert len(found.found) == 2
    assert found.parents() == {0: ROOT, 1: 0}
    assert sum(tree.probability for tree in found.found) == pytest.approx(1)
    assert found.ancestors() == ((0, 1), (0, 2))


def test_every_tree_is_built_once():
    found = trees(np.full((1, 10, 4), 0.1) * [4, 3, 2, 1] * 1e-3, level=1.0)
    seen = {tuple(sorted(tree.parents.items())) for tree in found.found}
    assert len(seen) == len(found.found)

    # A clone has no parent that is smaller than it, and children that fit: by hand.
    def fits(parents):
        size = [4, 3, 2, 1]
        return all(sum(size[k] for k in parents if parents[k] == p) <= size[p] for p in parents)

    every = [
        dict(enumerate((ROOT, a, b, c)))
        for a in (ROOT, 0) for b in (ROOT, 0, 1) for c in (ROOT, 0, 1, 2)
    ]  # fmt: skip
    assert len(seen) == sum(fits(one) for one in every)


def test_where_the_sum_rule_fails():
    found = trees(drawn([1, 1, 0.65], [0.1, 0.1, 0.55], [0.8, 0.9, 0.2]))
    (conflict,) = found.conflicts
    assert (conflict.clone, conflict.sample) == (2, 2)
    assert (conflict.parent, conflict.siblings) == (0, (1,))
    assert conflict.excess == pytest.approx(0.1, abs=0.01)
    assert found.parents() == {0: ROOT, 1: 0}


def test_points_are_fractions():
    assert POINTS[0] == 0 and POINTS[-1] == 1 and (np.diff(POINTS) > 0).all()


@pytest.fixture(scope="module")
def three(study):
    s = study("A 0", "B 100 . vemurafenib", "C 200 . trametinib")
    s.tumour(A=0.4, B=0.3, C=0.4)
    for name in ("K1", "K2"):
        s.add(name, {"A": (0, 900), "B": (60, 900), "C": (270, 900)})
    s.add("L", {"A": (0, 900), "B": (0, 900), "C": (90, 900)})
    return s


def test_a_patient_with_three_samples(three):
    made = three.compare()
    found, genes = made.clones, {v.id: v.gene for v in made.variants}
    first, second, third = found.clones
    assert {genes[v] for v in second.variants} == {"K1", "K2"}
    assert (first.position, first.parent, second.position, second.parent) == (
        "first", None, "below", "1",
    )  # fmt: skip
    assert third.variants and third.position == "varies"
    line = second.before[0]
    assert (line.line, line.samples) == (1, ("A",))
    assert 0.001 < line.upper < 0.02
    assert second.before[1].samples == ("A", "B")
    assert second.samples["C"].alone + third.samples["C"].ccf <= 1
    assert ("1", "2") in found.ancestors


def test_fewer_samples_have_no_clones_and_do_not_import_them(study):
    found = study("A 0", "B 100 . vemurafenib").tumour(A=0.4, B=0.3).compare()
    assert found.clones is msgspec.UNSET
    imported = ast.parse(Path(comparison.__file__).read_text()).body
    modules = {node.module for node in imported if isinstance(node, ast.ImportFrom)}
    assert "resistpanel.compare.clones" not in modules


@pytest.mark.skipif(not EVOLUTION.is_dir(), reason="no ../shared/facts/evolution")
def test_the_published_tree_of_cll003():
    from benchmarks.clones import cll003

    calder, every = cll003()
    assert calder.chain_in_set and not calder.conflicts
    (conflict,) = every.conflicts
    assert conflict.clone.startswith("AMTN") and conflict.sample == "c"
    assert conflict.siblings == ("MUSK_SEMA3E",) and conflict.parent.startswith("ADAD1")
