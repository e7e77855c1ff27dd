"""An allele as the smallest edit of the reference, and the edits that are equal to it."""

import dataclasses

from resistpanel.annotate.annotate_constants import MAX_SHIFT
from resistpanel.core.allele import repeat_run, trim_bases
from resistpanel.core.sequence import Fetch

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
    left, ref, alt = trim_bases(ref, alt, left_first=True)
    return Edit(start + left, start + left + len(ref), alt)


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
        turn = count % len(unit)
        run = repeat_run(unit[turn:] + unit[:turn], bases)
        count += run
        if run < _STEP:
            return count
    return MAX_SHIFT
