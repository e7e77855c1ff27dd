"""The panel's targets: rows of its BED."""

import dataclasses
import itertools
import sys
from pathlib import Path

from resistpanel.core.builds import order
from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text

#: Lines of a BED at the most: an exome has about 200,000.
MOST_LINES = 500_000


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One target: 0-based half-open, `name` = ``GENE|TRANSCRIPT|exonN`` in the shipped panels."""

    chrom: str
    start: int
    end: int
    name: str = "."
    strand: str = "."

    @property
    def gene(self) -> str:
        """The gene's symbol: the name up to its first ``|``."""
        return self.name.split("|")[0]

    @property
    def length(self) -> int:
        """Length in bases."""
        return self.end - self.start

    def line(self) -> str:
        """Return the BED line (6 columns)."""
        return f"{self.chrom}\t{self.start}\t{self.end}\t{self.name}\t.\t{self.strand}"


def read_targets(bed: str | Path) -> list[Target]:
    """Read a BED file of 3 or more columns.

    Returns
    -------
    list of Target
        In the order of the file; they may overlap (see `overlaps`).

    Raises
    ------
    InputError
        If the file is missing, malformed or without a target.
    """
    path = Path(bed)
    if not path.is_file():
        raise InputError("no such file", str(path), "give the panel's BED")
    targets = []
    text = read_text(path)
    if text.count("\n") > MOST_LINES:
        raise InputError(
            f"{text.count(chr(10))} lines, where {MOST_LINES} are the most",
            str(path),
            "give the panel's BED",
        )
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        fields, where = line.split("\t"), f"{path}:{number}"
        if len(fields) < 3 and not line.startswith("@"):
            raise InputError("fewer than 3 columns", where, "BED columns are tab-separated")
        if len(fields) < 3 or not (fields[1].isdecimal() and fields[2].isdecimal()):
            cure = ""
            if number == 1 and line.startswith("@"):
                cure = "this is a Picard interval list; convert it with `picard IntervalListToBed`"
            elif number == 1 and not any(field.isdecimal() for field in fields[1:3]):
                cure = "delete the line if it is a header"
            raise InputError("start and end must be whole numbers", where, cure)
        start, end = int(fields[1]), int(fields[2])
        if start >= end:
            raise InputError(f"start {start} is not below end {end}", where, "BED is 0-based")
        name = fields[3] if len(fields) > 3 else f"{fields[0]}:{start + 1}-{end}"
        strand = fields[5] if len(fields) > 5 else "."
        # One text for all targets of a contig: an exome has a quarter of a million.
        targets.append(Target(sys.intern(fields[0]), start, end, name, sys.intern(strand)))
    if not targets:
        raise InputError("the file contains no targets", str(path), "give the panel's BED")
    return targets


def sort_targets(targets: list[Target]) -> list[Target]:
    """Return the targets in karyotype order."""
    return sorted(targets, key=lambda t: (order(t.chrom), t.start, t.end, t.name))


def overlaps(targets: list[Target]) -> list[tuple[Target, Target]]:
    """Return neighbouring pairs of sorted targets that share a base."""
    pairs = itertools.pairwise(sort_targets(targets))
    return [(a, b) for a, b in pairs if a.chrom == b.chrom and b.start < a.end]


def merge_targets(targets: list[Target]) -> list[Target]:
    """Return sorted targets, those that share a base joined under the first one's name."""
    merged: list[Target] = []
    for target in sort_targets(targets):
        last = merged[-1] if merged else None
        if last and last.chrom == target.chrom and target.start < last.end:
            merged[-1] = dataclasses.replace(last, end=max(last.end, target.end))
        else:
            merged.append(target)
    return merged
