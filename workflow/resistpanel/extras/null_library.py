"""What a library shows without resistance: chance carriers of a change, and reading errors.

Reads of one clone are not independent, so clones are counted. Of the surviving clones K carry a
change by chance, and its reads are binomial of the depth with their share of the cells plus the
rate of reading errors as probability. K is Poisson, its mean the number of clones times the
share b of the library's molecules that carry the change. Changes differ in b (mutational hot
spots); with a control, b has a gamma prior fitted to all changes of its kind and is updated with
the control's reads of the change itself, which makes K negative binomial (empirical Bayes;
Robbins 1956).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.extras.clone_sizes import Clones, learn, learn_errors
from resistpanel.extras.count_codons import Coding, CodonCounts
from resistpanel.extras.extras_constants import ENOUGH, POISSON

#: Kinds of codon change: the base that changes into which, or how many bases do.
KINDS = (*(f"{a}>{b}" for a in "ACGT" for b in "ACGT" if a != b), "2", "3")


def kind(codon: str, other: str) -> str:
    """Return the kind of a codon change: ``A>G`` if one base differs, else how many do."""
    pairs = [(a, b) for a, b in zip(codon, other, strict=True) if a != b]
    return f"{pairs[0][0]}>{pairs[0][1]}" if len(pairs) == 1 else str(len(pairs))


@dataclass(frozen=True, slots=True)
class Change:
    """A codon read in place of the reference's.

    Attributes
    ----------
    index : int
        0-based codon.
    codon : str
    kind : str
        One of `KINDS`.
    residue : str
        What it codes for.
    """

    index: int
    codon: str
    kind: str
    residue: str


def all_changes(coding: Coding) -> list[Change]:
    """Return every change of every codon."""
    return [
        Change(index, codon, kind(coding.codon(index), codon), residue)
        for index in range(coding.codons)
        for codon, residue in GENETIC_CODE.items()
        if codon != coding.codon(index)
    ]


@dataclass(frozen=True)
class Rates:
    """Chance carriers and reading errors of a set of changes.

    Attributes
    ----------
    carried : ndarray of float, shape (changes,)
        Share of the library's molecules that carry the change.
    shape : ndarray of float, shape (changes,)
        Of the negative binomial number of carriers: how well `carried` is known.
    error : ndarray of float, shape (changes,)
        Share of the reads that show the change by error.
    """

    carried: np.ndarray
    shape: np.ndarray
    error: np.ndarray

    def take(self, indices: Sequence[int]) -> "Rates":
        """Return the rates of some changes."""
        return Rates(self.carried[indices], self.shape[indices], self.error[indices])

    @property
    def background(self) -> np.ndarray:
        """Share of the reads that is expected to show the change."""
        return self.carried + self.error

    def tail(self, count: np.ndarray, depth: np.ndarray, clones: Clones) -> np.ndarray:
        """Return P(at least `count` of `depth` reads) by chance, for every change."""
        chance = np.ones(len(count))
        upper = clones.upper()
        for rows in np.array_split(np.arange(len(count)), max(1, len(count) // 500)):
            if len(rows):
                weight = clones.shares(self.carried[rows], self.shape[rows])
                share = np.minimum(1.0, upper[None, :] + self.error[rows][:, None])
                reads = stats.binom.sf(count[rows][:, None] - 1, depth[rows][:, None], share)
                chance[rows] = np.minimum(1.0, (weight * reads).sum(axis=1))
        return np.where(count > 0, chance, 1.0)


def fit(
    drug: CodonCounts,
    control: CodonCounts | None,
    coding: Coding,
    changes: Sequence[Change],
    number: float,
    apart: Iterable[int] = (),
    known: Clones | None = None,
) -> tuple[Rates, Clones]:
    """Return the rates of all changes, and the clones.

    Parameters
    ----------
    drug, control : CodonCounts
        Without a control the changes of one kind share the mean rate that the drug's own
        library has.
    coding : Coding
    changes : sequence of Change
        As `all_changes` returns them.
    number : float
        Surviving clones, as stated.
    apart : iterable of int
        Indices of changes not informative of chance: held for resistant, or of a single large
        clone.
    known : Clones, optional
        Instead of what the synonymous changes speak for.
    """
    seen = _shares(drug, changes)
    kinds = np.array([KINDS.index(change.kind) for change in changes])
    neutral = seen.depth > 0
    neutral[list(apart)] = False
    rate, shape, mean = _totals(seen, control, changes, kinds, neutral)
    if known is None:
        single = kinds < KINDS.index("2")
        silent = np.array(
            [change.residue == GENETIC_CODE[coding.codon(change.index)] for change in changes]
        )
        silent &= single & neutral
        known, _ = learn(number, seen.count[silent], seen.depth[silent], rate[silent])
    error = np.zeros(len(changes))
    for kind_number in range(len(KINDS)):
        of_kind = np.flatnonzero(kinds == kind_number)
        told = of_kind[neutral[of_kind]]
        told = told[:: max(1, len(told) // ENOUGH)]
        if len(told):
            errors = learn_errors(known, seen.count[told], seen.depth[told], rate[told])
            error[of_kind] = errors * mean[of_kind]
    return Rates(np.maximum(0.1 * rate, rate - error), shape, error), known


def _totals(
    seen: "_Shares",
    control: CodonCounts | None,
    changes: Sequence[Change],
    kinds: np.ndarray,
    neutral: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rate of every change, shape of its distribution, and mean rate of its kind."""
    rate, shape, mean = (np.ones(len(changes)) for _ in range(3))
    ours = _shares(control, changes) if control is not None else None
    for kind_number in range(len(KINDS)):
        of_kind = kinds == kind_number
        read = of_kind & neutral
        if not read.any():
            continue  # nothing is known of the kind: nothing can be said against chance
        if ours is None:
            floor = 0.1 / float(np.median(seen.depth[read]))
            mean[of_kind] = max(floor, seen.count[read].sum() / seen.depth[read].sum())
            rate[of_kind], shape[of_kind] = mean[of_kind], 10 * POISSON
        else:
            a, b = _prior(ours.count[of_kind], ours.depth[of_kind])
            shape[of_kind] = a + ours.count[of_kind]
            rate[of_kind] = shape[of_kind] / (b + ours.depth[of_kind])
            mean[of_kind] = a / b
    return rate, shape, mean


@dataclass(frozen=True)
class _Shares:
    count: np.ndarray
    depth: np.ndarray

    @property
    def share(self) -> np.ndarray:
        return self.count / np.maximum(self.depth, 1)


def _shares(counts: CodonCounts, changes: Sequence[Change]) -> _Shares:
    changed: Counter = counts.changed
    return _Shares(
        np.array([changed.get((change.index, change.codon), 0) for change in changes], float),
        np.array([counts.depth[change.index] for change in changes], float),
    )


def _prior(count: np.ndarray, depth: np.ndarray) -> tuple[float, float]:
    """Return shape and rate of the gamma prior of a kind's shares, by moments."""
    read = depth > 0
    if not read.any():
        return 1.0, 1.0
    count, depth = count[read], depth[read]
    mean = max(count.sum() / depth.sum(), 0.1 / depth.sum())
    share = count / depth
    variance = float(share.var() - (mean / depth).mean()) if len(share) > 1 else 0.0
    shape = min(1e6, mean**2 / variance) if variance > 0 else 1e6
    return shape, shape / mean
