"""Which substitutions are recurrent: more clones under drug than chance brings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.core.stats import clopper_pearson_interval
from resistpanel.extras.clone_sizes import Clones, stated
from resistpanel.extras.count_codons import Coding, CodonCounts
from resistpanel.extras.extras_constants import EXPECTED_FALSE, ROUNDS
from resistpanel.extras.null_library import Change, Rates, all_changes, fit

#: What is said of a substitution; docs/screen.md explains each.
LABELS = ("recurrent", "linked", "clone", "chance", "below")


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
        Frequency that chance carriers and reading errors are expected to give.
    p : float
        Probability of at least so many reads by chance (`null.Rates.tail`), of its most telling
        codon or of all together.
    expected_false : float
        Substitutions expected in the whole screen to be so unlikely by chance and above the
        threshold.
    label : str
        One of `LABELS`.
    partner : str
        Of a linked one, the substitution that it goes with; of a clone's, the synonymous change
        that shows the clone.
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
    expected_false: float
    label: str
    partner: str = ""

    @property
    def recurrent(self) -> bool:
        """Whether it is held for resistant."""
        return self.label == "recurrent"

    @property
    def short(self) -> str:
        """The substitution in short form, e.g. ``C121S``."""
        return f"{self.ref}{self.residue}{self.alt}"


@dataclass(frozen=True)
class Screen:
    """The result of a screen.

    Attributes
    ----------
    rows : list of Substitution
        By residue; synonymous changes are left out.
    clones : Clones
        As stated, of equal size; or as the synonymous changes speak for.
    silent : list of Substitution
        Synonymous changes above the threshold and beyond chance: each shows a single large
        clone, since nothing selects for it.
    """

    rows: list[Substitution]
    clones: Clones
    silent: list[Substitution]


def evaluate(
    drug: CodonCounts,
    control: CodonCounts | None,
    coding: Coding,
    clones: int,
    threshold: float,
    allowed: float = EXPECTED_FALSE,
) -> Screen:
    """Test every substitution seen under drug.

    A substitution is recurrent if its fraction of the reads is above the threshold (the lower
    end of its 95 % interval does) and if fewer than `allowed` substitutions of the whole screen
    are expected to be as unlikely by chance.

    Parameters
    ----------
    drug, control : CodonCounts
        `control` is the library grown without drug; None if there is none.
    coding : Coding
    clones : int
        Surviving clones that were pooled, about.
    threshold : float
        Frequency that a recurrent substitution exceeds (Wagle et al. 2011, Fig. 4: 0.004).
    allowed : float
        Recurrent substitutions that chance alone may bring, expected per screen.
    """
    changes = all_changes(coding)
    units = _units(drug, coding, changes)
    if not units:
        return Screen([], stated(clones), [])
    # What exceeds the threshold may be resistant: chance is learned from the others, and then
    # again from all that does not stand out.
    standing = {
        number
        for unit in units
        for number in unit.members
        if unit.count > threshold * unit.depth and not _is_silent(changes[number], coding)
    }
    rates, told = fit(drug, control, coding, changes, clones, standing)
    for _ in range(ROUNDS):
        found = _test(units, drug, changes, rates, told, threshold)
        before, standing = standing, _standing(found, allowed)
        # A single large clone is named; it does not make all the others large.
        silent = any(_is_silent(changes[n], coding) for n in standing ^ before)
        if standing == before or (control is not None and not silent):
            break
        rates, told = fit(
            drug, control, coding, changes, clones, standing, None if silent else told
        )
    seen, background = _seen(drug), rates.background
    rows = [
        _substitution(members, control, coding, changes, background, seen[key], allowed)
        for key, members in _by_residue(found).items()
    ]
    silent = [row for row in rows if row.ref == row.alt and row.recurrent]
    return Screen([_of_clone(row, silent) for row in rows if row.ref != row.alt], told, silent)


def _is_silent(change: Change, coding: Coding) -> bool:
    return change.residue == GENETIC_CODE[coding.codon(change.index)]


@dataclass(frozen=True)
class _Unit:
    """What is tested: one changed codon, or all codons that give a substitution.

    `members` are indices of changes; `low` is the lower end of the 95 % interval of the share.
    """

    residue: tuple[int, str]
    members: tuple[int, ...]
    count: int
    depth: int
    p: float = 1.0
    expected_false: float = 1.0
    above: bool = False


def _stands(unit: _Unit, allowed: float) -> bool:
    return unit.above and unit.expected_false < allowed


def _standing(units: Sequence[_Unit], allowed: float) -> set[int]:
    return {number for unit in units if _stands(unit, allowed) for number in unit.members}


def _units(drug: CodonCounts, coding: Coding, changes: Sequence[Change]) -> list[_Unit]:
    """Return every changed codon that was seen, and every substitution that has several."""
    seen: dict[tuple[int, str], list[int]] = {}
    for number, change in enumerate(changes):
        if drug.changed.get((change.index, change.codon), 0):
            seen.setdefault((change.index, change.residue), []).append(number)
    units = []
    for key, members in sorted(seen.items()):
        counts = {n: drug.changed[changes[n].index, changes[n].codon] for n in members}
        main = [n for n in members if 20 * counts[n] >= sum(counts.values())]
        depth = int(drug.depth[key[0]])
        if len(main) > 1:
            units.append(_Unit(key, tuple(main), sum(counts.values()), depth))
        units += [_Unit(key, (n,), counts[n], depth) for n in main]
    return units


def _test(
    units: Sequence[_Unit],
    drug: CodonCounts,
    changes: Sequence[Change],
    rates: Rates,
    clones: Clones,
    threshold: float,
) -> list[_Unit]:
    """Return the units with their probabilities by chance."""
    ours = _together(units, rates)
    count = np.array([unit.count for unit in units])
    depth = np.array([unit.depth for unit in units])
    p = ours.tail(count, depth, clones)
    # Only what exceeds the threshold is reported: a change counts among the false ones at most
    # with the probability that it does so by chance.
    reach = np.sort(_reach(drug, changes, rates, clones, threshold))
    below = np.concatenate([[0.0], np.cumsum(reach)])
    place = np.searchsorted(reach, p)
    # Codons and sums of codons are two families of tests.
    expected = 2 * (below[place] + p * (len(reach) - place))
    low, _ = clopper_pearson_interval(count, depth)
    above = low > threshold + ours.error
    return [
        replace(unit, p=float(p[i]), expected_false=float(expected[i]), above=bool(above[i]))
        for i, unit in enumerate(units)
    ]


def _reach(
    drug: CodonCounts,
    changes: Sequence[Change],
    rates: Rates,
    clones: Clones,
    threshold: float,
) -> np.ndarray:
    """Return, for every change that is read, the probability to exceed the threshold by chance.

    Changes of about the same rates and depth (within a per cent, a tenth) are computed once.
    """
    read = np.array([n for n, change in enumerate(changes) if drug.depth[change.index]])
    ours = rates.take(read)
    depth = np.array([drug.depth[changes[number].index] for number in read])
    table = np.stack(
        [
            np.round(np.log(np.maximum(values, 1e-300)) * steps)
            for values, steps in (
                (ours.shape, 100),
                (ours.carried, 100),
                (ours.error, 100),
                (depth, 10),
            )
        ]
    )
    _, first, back = np.unique(table, axis=1, return_index=True, return_inverse=True)
    some = ours.take(first)
    return some.tail(np.floor(threshold * depth[first]) + 1, depth[first], clones)[back.ravel()]


def _together(units: Sequence[_Unit], rates: Rates) -> Rates:
    """Return the rates of the units: of several codons, the sum, matched by two moments."""
    shape, carried, error = (np.zeros(len(units)) for _ in range(3))
    for i, unit in enumerate(units):
        members = list(unit.members)
        carried[i] = rates.carried[members].sum()
        error[i] = rates.error[members].sum()
        squares = rates.carried[members] ** 2 / rates.shape[members]
        shape[i] = carried[i] ** 2 / squares.sum()
    return Rates(carried, shape, error)


def _by_residue(units: Sequence[_Unit]) -> dict[tuple[int, str], list[_Unit]]:
    found: dict[tuple[int, str], list[_Unit]] = {}
    for unit in units:
        found.setdefault(unit.residue, []).append(unit)
    return found


def _substitution(
    units: Sequence[_Unit],
    control: CodonCounts | None,
    coding: Coding,
    changes: Sequence[Change],
    background: np.ndarray,
    seen: tuple[int, int, float, float],
    allowed: float,
) -> Substitution:
    """Return a substitution from its codons: the most telling of them decides.

    `seen` are count, depth and the ends of the share's interval.
    """
    index, residue = units[0].residue
    whole = max(units, key=lambda unit: len(unit.members))
    count, depth, low, high = seen
    best = min(units, key=lambda unit: (not _stands(unit, allowed), unit.expected_false, unit.p))
    codons = [changes[number].codon for number in whole.members]
    label = "recurrent" if _stands(best, allowed) else "chance" if whole.above else "below"
    read: Counter = control.changed if control is not None else Counter()
    return Substitution(
        residue=index + 1,
        ref=GENETIC_CODE[coding.codon(index)],
        alt=residue,
        codons=tuple(sorted(codons)),
        count=count,
        depth=depth,
        frequency=count / depth,
        low=low,
        high=high,
        control_count=sum(read.get((index, codon), 0) for codon in codons)
        if control is not None
        else None,
        control_depth=int(control.depth[index]) if control is not None else None,
        background=float(background[list(whole.members)].sum()),
        p=best.p,
        expected_false=best.expected_false,
        label=label,
    )


def _seen(drug: CodonCounts) -> dict[tuple[int, str], tuple[int, int, float, float]]:
    """Return count, depth and 95 % interval of the share by (codon index, residue)."""
    counts: Counter[tuple[int, str]] = Counter()
    for (index, codon), number in drug.changed.items():
        counts[index, GENETIC_CODE[codon]] += number
    count = np.array(list(counts.values()))
    depth = np.array([drug.depth[index] for index, _ in counts])
    low, high = clopper_pearson_interval(count, depth)
    columns = (count.tolist(), depth.tolist(), low.tolist(), high.tolist())
    return dict(zip(counts, zip(*columns, strict=True), strict=True))


def _of_clone(row: Substitution, silent: Sequence[Substitution]) -> Substitution:
    """Return the substitution, as a clone's if a synonymous change has the same share.

    Passengers of one clone are read equally often; the resistant substitution of that clone is
    too, unless other clones have it.
    """
    same = [other for other in silent if row.low <= other.high and other.low <= row.high]
    if not row.recurrent or not same:
        return row
    nearest = min(same, key=lambda other: abs(other.frequency - row.frequency))
    return replace(row, label="clone", partner=nearest.short)
