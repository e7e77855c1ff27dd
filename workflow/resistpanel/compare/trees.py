"""Trees of clones under the sum rule.

A clone's children have together no more cells than it has, in any sample (the sum rule, or
pigeonhole principle: Jiao et al., BMC Bioinformatics 2014;15:35; El-Kebir et al., Bioinformatics
2015;31:i62). Where clone proportions are uniform before the data, the cancer cell fractions (CCF)
that a tree allows have the same volume for every tree, so that the posterior probability of a tree
is proportional to the probability that its sum rule holds, over draws of the CCF, times its prior
probability, which is the same for all.

Trees are built by adding clones one by one, those with the highest mean CCF first. A new clone is
put below a clone, or above all, and takes some of its children. Removing a clone from a tree
relaxes the sum rule, so that a tree is never more probable than the smaller one that it was built
from: what is dropped has no probable descendants.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from resistpanel.compare.compare_constants import MOST_TREES, NEGLIGIBLE_TREE, SUM_RULE_ALPHA

#: Parent of a clone that has none.
ROOT = -1


@dataclasses.dataclass(frozen=True)
class Tree:
    """A tree of clones.

    Parameters
    ----------
    parents : dict of int to int
        By clone; `ROOT` of a clone that has none.
    probability : float
        Relative to all trees of these clones.
    """

    parents: dict[int, int]
    probability: float


@dataclasses.dataclass(frozen=True)
class Conflict:
    """A clone that fits into no tree.

    Parameters
    ----------
    clone : int
    parent : int
        Clone below which it fits best; `ROOT`: none.
    siblings : tuple of int
        The parent's other children: with the clone they have more cells than the parent.
    children : tuple of int
        Clones that it would be the parent of: they may have more cells than it.
    sample : int
        Where the sum rule fails most clearly.
    probability : float
        That it holds there.
    excess : float
        Mean of the cancer cell fraction by which it fails there.
    """

    clone: int
    parent: int
    siblings: tuple[int, ...]
    children: tuple[int, ...]
    sample: int
    probability: float
    excess: float


@dataclasses.dataclass(frozen=True)
class Trees:
    """The trees of a patient's clones.

    Parameters
    ----------
    found : tuple of Tree
        The 95 % set: the most probable first, until their probabilities sum up to 0.95.
    conflicts : tuple of Conflict
        Clones that are in no tree.
    open : tuple of int
        Clones that were not placed, because too many trees fit.
    """

    found: tuple[Tree, ...]
    conflicts: tuple[Conflict, ...] = ()
    open: tuple[int, ...] = ()

    def ancestors(self) -> tuple[tuple[int, int], ...]:
        """Return the (ancestor, descendant) pairs of every tree of the set."""
        return self._common([_lineages(tree.parents) for tree in self.found])

    def parents(self) -> dict[int, int]:
        """Return the parents that every tree of the set gives."""
        return dict(self._common([set(tree.parents.items()) for tree in self.found]))

    def apart(self) -> tuple[tuple[int, int], ...]:
        """Return the pairs of clones that are on different branches of every tree of the set."""
        found = []
        for tree in self.found:
            lines = _lineages(tree.parents)
            found.append({
                (a, b) for a, b in itertools.combinations(sorted(tree.parents), 2)
                if (a, b) not in lines and (b, a) not in lines
            })  # fmt: skip
        return self._common(found)

    @staticmethod
    def _common(found: Sequence[set]) -> tuple:
        return tuple(sorted(set.intersection(*found))) if found else ()


def _lineages(parents: dict[int, int]) -> set[tuple[int, int]]:
    found = set()
    for clone in parents:
        above = parents[clone]
        while above != ROOT:
            found.add((above, clone))
            above = parents[above]
    return found


@dataclasses.dataclass(frozen=True)
class _Partial:
    """A tree of the first clones.

    Parameters
    ----------
    parents : dict of int to int
    holds : bool, (samples, draws)
        Where its sum rule holds.
    log_p : float, (samples,)
        Log probability that it holds.
    """

    parents: dict[int, int]
    holds: np.ndarray
    log_p: np.ndarray

    @property
    def total(self) -> float:
        return float(self.log_p.sum())


@dataclasses.dataclass(frozen=True)
class _Insertion:
    """A clone put into a tree.

    Parameters
    ----------
    tree : _Partial
        The new tree.
    parent : int
    taken : tuple of int
        Former children of the parent that are now the clone's.
    others : tuple of int
        Those that stay.
    drop : float, (samples,)
        Log probability that the sum rule holds if that of the tree before does.
    excess : float, (samples,)
        Mean of the cancer cell fraction by which it fails.
    """

    tree: _Partial
    parent: int
    taken: tuple[int, ...]
    others: tuple[int, ...]
    drop: np.ndarray
    excess: np.ndarray


def trees(draws: np.ndarray, level: float = 0.95) -> Trees:
    """Return the trees that fit.

    Parameters
    ----------
    draws : float, (samples, draws, clones)
        CCF of the clones, independent between samples; clones in the order in which they are added.
    level : float
        Probability of the set of trees.
    """
    samples, number, clones = draws.shape
    known = [_Partial({}, np.ones((samples, number), bool), np.zeros(samples))]
    conflicts, left = [], []
    for clone in range(clones):
        grown = [one for tree in known for one in _insertions(tree, clone, draws)]
        best = max(grown, key=lambda one: float(one.drop.min()))
        if best.drop.min() < math.log(SUM_RULE_ALPHA / samples):
            conflicts.append(_conflict(grown, clone))
            continue
        top = max(one.tree.total for one in grown)
        least = top + math.log(NEGLIGIBLE_TREE)
        kept = [one.tree for one in grown if one.tree.total > least]
        if len(kept) > MOST_TREES:
            left.append(clone)
            continue
        known = sorted(kept, key=lambda tree: -tree.total)
    return Trees(_credible(known, level), tuple(conflicts), tuple(left))


def _insertions(tree: _Partial, clone: int, draws: np.ndarray) -> Iterator[_Insertion]:
    """Yield every tree that has one clone more."""
    fraction = draws[..., clone]
    for parent in (ROOT, *tree.parents):
        children = [k for k, above in tree.parents.items() if above == parent]
        room = np.ones_like(fraction) if parent == ROOT else draws[..., parent]
        for size in range(len(children) + 1):
            for taken in itertools.combinations(children, size):
                others = tuple(k for k in children if k not in taken)
                excess = fraction + draws[..., list(others)].sum(-1) - room
                if taken:
                    excess = np.maximum(excess, draws[..., list(taken)].sum(-1) - fraction)
                holds = tree.holds & (excess <= 0)
                with np.errstate(divide="ignore"):
                    log_p = np.log(holds.mean(1))
                parents = tree.parents | dict.fromkeys(taken, clone) | {clone: parent}
                yield _Insertion(
                    _Partial(parents, holds, log_p), parent, taken, others,
                    log_p - tree.log_p, np.maximum(excess.mean(1), 0.0),
                )  # fmt: skip


def _conflict(grown: Sequence[_Insertion], clone: int) -> Conflict:
    """Return where a clone that fits nowhere fits best: by the cells that are too many."""
    best = min(grown, key=lambda one: float(one.excess.max()))
    sample = int(np.argmax(best.excess))
    return Conflict(
        clone, best.parent, best.others, best.taken, sample,
        float(np.exp(best.drop[sample])), float(best.excess[sample]),
    )  # fmt: skip


def _credible(known: Sequence[_Partial], level: float) -> tuple[Tree, ...]:
    """Return the most probable trees that have the probability `level` together."""
    log_p = np.array([tree.total for tree in known])
    chance = np.exp(log_p - log_p.max())
    chance /= chance.sum()
    needed = int(np.searchsorted(np.cumsum(chance), level)) + 1
    return tuple(
        Tree(tree.parents, float(p))
        for tree, p in zip(known[:needed], chance[:needed], strict=True)
    )
