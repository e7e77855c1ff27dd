"""Substitutions that the same fragments carry: passengers of a resistant one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from resistpanel.extras.count_codons import Coding, fragments
from resistpanel.extras.extras_constants import ALWAYS, LEAST
from resistpanel.extras.recurrence import Substitution


def count_pairs(
    bam: Path, coding: Coding, rows: Sequence[Substitution]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Count which of `rows` the same fragments carry.

    Returns
    -------
    dict of (str, str) to (int, int)
        For each ordered pair (one, other) that fragments read: those that carry `one` and read
        the codon of `other`, and those of them that carry `other` too.
    """
    wanted: dict[int, list[Substitution]] = {}
    for row in rows:
        wanted.setdefault(row.residue - 1, []).append(row)
    carrying: Counter[tuple[str, str]] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for stretches in fragments(bam, coding):
        read = dict(_codons(stretches, coding, wanted))
        if len(read) < 2:
            continue
        shown = {
            row.short for index, codon in read.items() for row in wanted[index]
            if codon in row.codons
        }  # fmt: skip
        if not shown:
            continue
        covered = [row for index in read for row in wanted[index]]
        for one in covered:
            if one.short not in shown:
                continue
            for other in covered:
                if other.residue != one.residue:
                    carrying[one.short, other.short] += 1
                    both[one.short, other.short] += other.short in shown
    return {pair: (number, both[pair]) for pair, number in carrying.items()}


def _codons(stretches, coding: Coding, wanted):
    """Give (index, codon) of the wanted codons that a fragment reads whole."""
    for start, bases in stretches:
        for index in wanted:
            place = coding.start + 3 * index - start
            if place >= 0 and place + 3 <= len(bases):
                codon = bases[place : place + 3]
                if "N" not in codon:
                    yield index, codon


def label_linked(
    rows: Sequence[Substitution], pairs: dict[tuple[str, str], tuple[int, int]]
) -> list[Substitution]:
    """Return the rows, those labelled ``linked`` that occur with another alone.

    A substitution that is read only together with a recurrent one, while that one also occurs
    without it, is its passenger. Where neither occurs without the other, both are linked: the
    reads cannot say which of them resists.
    """
    by_name = {row.short: row for row in rows if row.recurrent}

    def goes_with(one: str, other: str) -> bool:
        carrying, both = pairs.get((one, other), (0, 0))
        return carrying >= LEAST and both >= ALWAYS * carrying

    partners = {
        one: max(found, key=lambda name: by_name[name].frequency)
        for one in by_name
        if (found := [other for other in by_name if other != one and goes_with(one, other)])
    }
    return [
        replace(row, label="linked", partner=partners[row.short])
        if row.recurrent and row.short in partners
        else row
        for row in rows
    ]
