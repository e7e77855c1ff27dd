"""Which substitutions are recurrent: frequency under drug against the background."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy import stats

from resistpanel.catalog.sites import CODE
from resistpanel.screen.count import Coding, CodonCounts

#: Largest false discovery rate (Benjamini and Hochberg 1995) of a recurrent substitution.
FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True, slots=True)
class Substitution:
    """One substitution of the protein.

    Attributes
    ----------
    residue : int
        1-based.
    ref, alt : str
        One-letter codes, `*` for a stop.
    codons : tuple of str
        The codons that gave it, those with less than a twentieth of its reads left out.
    count, depth : int
        Fragments with it, and that read the codon, under drug.
    frequency, low, high : float
        Frequency under drug with its 95 % interval (Clopper and Pearson 1934).
    control_count, control_depth : int or None
        Of these codons, in the control.
    background : float
        Frequency that is allowed for without resistance: that of the control, or the usual one
        of codon changes of the kind (`typical_frequency`), whichever is higher.
    p, q : float
        The larger of two probabilities: of at least so many clones under the background, and
        of at least so many reads at the threshold on top of the background; and its false
        discovery rate over all substitutions of all codons.
    recurrent : bool
        `q` below `FALSE_DISCOVERY_RATE`.
    """

    residue: int
    ref: str
    alt: str
    codons: tuple[str, ...]
    count: int
    depth: int
    frequency: float
    low: float
    high: float
    control_count: int | None
    control_depth: int | None
    background: float
    p: float
    q: float
    recurrent: bool

    @property
    def short(self) -> str:
        """The substitution in short form, e.g. ``C121S``."""
        return f"{self.ref}{self.residue}{self.alt}"


def substitutions(counts: CodonCounts, coding: Coding) -> dict[tuple[int, str], Counter]:
    """Return the codons read by (codon index, residue), synonymous ones left out."""
    found: dict[tuple[int, str], Counter] = {}
    for (index, codon), number in counts.changed.items():
        residue = CODE[codon]
        if residue != CODE[coding.codon(index)]:
            found.setdefault((index, residue), Counter())[codon] += number
    return found


def evaluate(
    drug: CodonCounts,
    control: CodonCounts | None,
    coding: Coding,
    clones: int,
    threshold: float,
) -> list[Substitution]:
    """Return every substitution seen under drug, by residue.

    Two things must be unlikely. That so many clones carry the substitution by chance: reads of
    one clone are not independent, since a passenger of a single clone is read as often as the
    clone is, so clones are counted, not reads: of `clones` surviving clones, or of as many as
    there are reads if these are fewer, the observed share is compared with the binomial
    distribution of the background. And that so many reads show it although its share does not
    exceed the threshold: binomial of the depth.

    Parameters
    ----------
    drug, control : CodonCounts
        `control` is the library grown without drug; None if there is none.
    coding : Coding
    clones : int
        Surviving clones that were pooled, about.
    threshold : float
        Frequency that a recurrent substitution exceeds (Wagle et al. 2011, Fig. 4: 0.004).
    """
    seen = sorted(substitutions(drug, coding).items())
    if not seen:
        return []
    reference = substitutions(control, coding) if control is not None else {}
    typical = typical_frequency(drug if control is None else control, coding)
    depth = np.array([drug.depth[index] for (index, _), _ in seen])
    count = np.array([sum(codons.values()) for _, codons in seen])
    main = [_main_codons(codons) for _, codons in seen]
    background = np.array(
        [
            max(typical[kind(coding.codon(index), codon)] for codon in codons)
            for ((index, _), _), codons in zip(seen, main, strict=True)
        ]
    )
    if control is not None:
        control_depth = np.array([control.depth[index] for (index, _), _ in seen])
        control_count = np.array(
            [
                sum(reference.get(key, Counter())[codon] for codon in codons)
                for (key, _), codons in zip(seen, main, strict=True)
            ]
        )
        own = control_count / np.maximum(control_depth, 1)
        background = np.where(control_depth > 0, np.maximum(background, own), 1.0)
    frequency = count / depth
    effective = np.minimum(depth, clones)
    by_clones = stats.binom.sf(np.round(frequency * effective) - 1, effective, background)
    by_reads = stats.binom.sf(count - 1, depth, np.minimum(1, threshold + background))
    p = np.maximum(by_clones, by_reads)
    # All substitutions of all codons are tested; those never seen have p = 1.
    unseen = max(0, 19 * coding.codons - len(seen))
    q = stats.false_discovery_control(np.concatenate([p, np.ones(unseen)]))[: len(seen)]
    low = stats.beta.ppf(0.025, count, depth - count + 1)
    high = np.where(count == depth, 1.0, stats.beta.ppf(0.975, count + 1, depth - count))
    return [
        Substitution(
            residue=index + 1,
            ref=CODE[coding.codon(index)],
            alt=residue,
            codons=tuple(sorted(main[i])),
            count=int(count[i]),
            depth=int(depth[i]),
            frequency=float(frequency[i]),
            low=float(low[i]),
            high=float(high[i]),
            control_count=int(control_count[i]) if control is not None else None,
            control_depth=int(control_depth[i]) if control is not None else None,
            background=float(background[i]),
            p=float(p[i]),
            q=float(q[i]),
            recurrent=bool(q[i] < FALSE_DISCOVERY_RATE),
        )
        for i, ((index, residue), codons) in enumerate(seen)
    ]


def _main_codons(codons: Counter) -> list[str]:
    """Return the codons that hold a twentieth of a substitution's reads or more.

    A substitution usually goes back to one base change; the others are reading errors, and
    their background is not its own.
    """
    total = sum(codons.values())
    return [codon for codon, number in codons.items() if 20 * number >= total]


def kind(codon: str, other: str) -> str:
    """Return the kind of a codon change: ``A>G`` if one base differs, else how many do."""
    pairs = [(a, b) for a, b in zip(codon, other, strict=True) if a != b]
    return f"{pairs[0][0]}>{pairs[0][1]}" if len(pairs) == 1 else str(len(pairs))


def typical_frequency(counts: CodonCounts, coding: Coding) -> dict[str, float]:
    """Return the usual frequency of a codon change, by its kind.

    Most changes are not selected: the mean over all possible changes of a kind, unseen ones
    included and the highest twentieth left out, holds the library's own mutations and the
    reading errors. It is at least what one fragment at the median depth stands for.
    """
    values: dict[str, list[float]] = {}
    for index in range(coding.codons):
        depth = int(counts.depth[index])
        reference = coding.codon(index)
        for codon in CODE:
            if depth and codon != reference:
                share = counts.changed.get((index, codon), 0) / depth
                values.setdefault(kind(reference, codon), []).append(share)
    covered = counts.depth[counts.depth > 0]
    floor = 0.1 / float(np.median(covered)) if len(covered) else 1.0
    kinds = [f"{a}>{b}" for a in "ACGT" for b in "ACGT" if a != b] + ["2", "3"]
    return {
        name: max(floor, _trimmed_mean(values[name])) if name in values else 1.0 for name in kinds
    }


def _trimmed_mean(shares: list[float]) -> float:
    kept = np.sort(shares)[: max(1, int(0.95 * len(shares)))]
    return float(kept.mean())
