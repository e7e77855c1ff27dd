"""An allele as the smallest edit of the reference, and the edits that are equal to it."""

import dataclasses

from resistpanel.annotate.sequence import Fetch

#: Equal placements are looked for up to this many bases away.
MAX_SHIFT = 2000
_STEP = 100


@dataclasses.dataclass(frozen=True)
class Edit:
    """Reference bases `start` to `end` (0-based half-open) replaced by `alt`.

    ``start == end`` is an insertion before the base `start`; an empty `alt` is a deletion.
    Bases are those of the genome's forward strand.
    """

    start: int
    end: int
    alt: str

    @property
    def is_insertion(self) -> bool:
        """Whether bases are added and none removed."""
        return self.start == self.end and bool(self.alt)

    @property
    def is_deletion(self) -> bool:
        """Whether bases are removed and none added."""
        return self.start < self.end and not self.alt

    @property
    def net(self) -> int:
        """Bases gained (positive) or lost (negative)."""
        return len(self.alt) - (self.end - self.start)


def smallest(start: int, ref: str, alt: str) -> Edit:
    """Trim what `ref` and `alt` share at their ends.

    Parameters
    ----------
    start : int
        Position of the first base of `ref`, 0-based.
    """
    prefix = 0
    while prefix < min(len(ref), len(alt)) and ref[prefix] == alt[prefix]:
        prefix += 1
    ref, alt, start = ref[prefix:], alt[prefix:], start + prefix
    suffix = 0
    while suffix < min(len(ref), len(alt)) and ref[-1 - suffix] == alt[-1 - suffix]:
        suffix += 1
    return Edit(start, start + len(ref) - suffix, alt[: len(alt) - suffix])


def shifted(edit: Edit, by: int, unit: str) -> Edit:
    """Return `edit` moved `by` bases; `unit` is what it inserts or deletes."""
    alt = edit.alt
    if alt:
        turn = by % len(unit)
        alt = unit[turn:] + unit[:turn]
    return Edit(edit.start + by, edit.end + by, alt)


def equivalents(edit: Edit, chrom: str, fetch: Fetch) -> list[Edit]:
    """Return all edits that give the same sequence as `edit`, leftmost first.

    A deletion or insertion can be moved along a repeat of its own bases; anything else has
    one placement alone. Unknown bases (N) end the repeat.
    """
    if not (edit.is_insertion or edit.is_deletion):
        return [edit]
    unit = edit.alt or fetch(chrom, edit.start, edit.end)
    right = _run(unit, lambda i: fetch(chrom, edit.end + i, edit.end + i + _STEP))
    left = _run(
        unit[::-1],
        lambda i: fetch(chrom, max(edit.start - i - _STEP, 0), max(edit.start - i, 0))[::-1],
    )
    return [shifted(edit, by, unit) for by in range(-left, right + 1)]


def _run(unit: str, following) -> int:
    """Return for how many bases the sequence goes on repeating `unit`."""
    count = 0
    while count < MAX_SHIFT:
        bases = following(count)
        for offset, base in enumerate(bases):
            if base == "N" or base != unit[(count + offset) % len(unit)]:
                return count + offset
        if len(bases) < _STEP:
            return count + len(bases)
        count += _STEP
    return MAX_SHIFT
