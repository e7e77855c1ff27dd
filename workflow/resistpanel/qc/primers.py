"""Primers of an amplicon panel, and whether the reads of a sample begin in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from resistpanel.core.builds import with_chr
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.core.reference import Reference
from resistpanel.qc.qc_constants import (
    END_WINDOW,
    LEAST_BEGINNINGS,
    LONGEST_PRIMER,
    PRIMER_SLACK,
    TARGETS_AS_PRIMERS,
)

#: A line of a primer BED: contig, start, end, name, score, strand.
COLUMNS = 6
SIX = "give six columns separated by tabs: contig, start, end, name, score, + or -"


@dataclass(frozen=True)
class Primers:
    """Primers by contig.

    Attributes
    ----------
    path : str
    left, right : dict of contig to (starts, ends)
        int32; of the + strand sorted by start, of the - strand sorted by end.
    """

    path: str
    left: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    right: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def of(self, contig: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return left starts, left ends, right starts and right ends of a contig."""
        none = np.zeros(0, np.int32), np.zeros(0, np.int32)
        return (*self.left.get(contig, none), *self.right.get(contig, none))


def read_primers(path: str, reference: Reference) -> Primers:
    """Read a BED of primers; the strand says to which end of an amplicon each belongs.

    Contigs named ``1`` are those named ``chr1`` of the reference, and the reverse.

    Raises
    ------
    InputError
        If a line is no primer.
    """
    sides: dict[str, dict[str, set]] = {"+": {}, "-": {}}

    def fault(text: str, number: int, cure: str) -> InputError:
        return InputError(text, f"{path}:{number}", cure)

    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read", path, str(error)) from error
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        cells = line.rstrip("\r").split("\t")
        if len(cells) < 3:
            raise fault("is not a BED line separated by tabs", number, SIX)
        contig, first, last = cells[:3]
        if not (first.isdigit() and last.isdigit() and int(first) < int(last)):
            raise fault("start and end must be whole numbers, start below end", number, "")
        start, end = int(first), int(last)
        if end - start > LONGEST_PRIMER:
            raise fault(
                f"has {end - start} bases",
                number,
                "give the primers, not the amplicons or their inserts",
            )
        if len(cells) < COLUMNS:
            raise fault(f"column {COLUMNS} (strand) is missing", number, SIX)
        if cells[5] not in sides:
            raise fault(f"column {COLUMNS} (strand) is {cells[5]!r}, not + or -", number, SIX)
        names = (contig, with_chr(contig), contig.removeprefix("chr"))
        contig = next((name for name in names if name in reference.contigs), contig)
        if contig not in reference.contigs:
            raise fault(
                f"contig {contig!r} is not in {reference.path}",
                number,
                "use primers of the same build and naming (chr1 or 1)",
            )
        if end > reference.contigs[contig]:
            raise fault("is beyond the end of its contig", number, "use the same build")
        sides[cells[5]].setdefault(contig, set()).add((start, end))
    if not sides["+"] and not sides["-"]:
        raise InputError("has no primers", path, SIX)
    if not sides["+"] or not sides["-"]:
        raise InputError("has primers of one strand alone", path, "give those of both strands")
    found = []
    for strand, key in (("+", 0), ("-", 1)):
        arrays = {}
        for contig, spans in sides[strand].items():
            table = np.array(sorted(spans, key=lambda s, k=key: s[k]), dtype=np.int32)
            arrays[contig] = table[:, 0].copy(), table[:, 1].copy()
        found.append(arrays)
    return Primers(str(path), *found)


#: How a read begins: anywhere, in a primer, or just behind one.
ELSEWHERE, IN, BEHIND = range(3)


@dataclass
class Beginnings:
    """How the reads of a sample begin, (2, 2) each: by mate (single reads and first of pairs, then
    second), forward and reverse.

    Attributes
    ----------
    reads, inside, behind : int64
        Reads examined; of these, those that begin in a primer, and just behind one.
    chance : float64
        Sum over the reads of the probability that one that begins anywhere within `END_WINDOW`
        bases would count as either.
    """

    reads: np.ndarray = field(default_factory=lambda: np.zeros((2, 2), np.int64))
    inside: np.ndarray = field(default_factory=lambda: np.zeros((2, 2), np.int64))
    behind: np.ndarray = field(default_factory=lambda: np.zeros((2, 2), np.int64))
    chance: np.ndarray = field(default_factory=lambda: np.zeros((2, 2)))

    def add(
        self, how: np.ndarray, chance: np.ndarray, second: np.ndarray, reverse: np.ndarray
    ) -> None:
        """Add reads, (reads,) each: as `begin` returns them, and which mates and strands."""
        place = second.astype(int), reverse.astype(int)
        np.add.at(self.reads, place, 1)
        np.add.at(self.inside, place, how == IN)
        np.add.at(self.behind, place, how == BEHIND)
        np.add.at(self.chance, place, chance)

    def number(self, mate: int | None = None) -> int:
        """Return the reads examined, of both mates or of one."""
        return int((self.reads if mate is None else self.reads[mate]).sum())

    def fractions(self, mate: int | None = None) -> tuple[float, float, float]:
        """Return the fractions in a primer, behind one, and of either by chance.

        The strands have the same weight, whichever was read more: primers that are shifted fit one.

        Parameters
        ----------
        mate : int or None
            The reads that begin at primers, where those of the other mate begin anywhere.
        """
        some = slice(None) if mate is None else slice(mate, mate + 1)
        reads = self.reads[some].sum(axis=0)
        enough = reads >= LEAST_BEGINNINGS / 2
        use = enough if enough.any() else reads > 0
        inside, behind, chance = (
            float((x[some].sum(axis=0)[use] / reads[use]).mean()) if use.any() else 0.0
            for x in (self.inside, self.behind, self.chance)
        )
        return inside, behind, chance


def begin(
    primers: Primers, contig: str, end: np.ndarray, aligned: np.ndarray, reverse: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how reads begin, uint8 (reads,), and the probability of a primer there by chance.

    Parameters
    ----------
    primers : Primers
    contig : str
    end, aligned : int64, (reads,)
        5' ends, 0-based half-open, with soft clips and without: a UMI in front of the primer is
        clipped. The second is used where the first is at no primer.
    reverse : bool, (reads,)
    """
    how, chance = np.zeros(len(end), np.uint8), np.zeros(len(end))
    left, left_end, right, right_end = (x.astype(np.int64) for x in primers.of(contig))
    reach = LONGEST_PRIMER + END_WINDOW + PRIMER_SLACK
    for mine, sign, outer, inner in (
        (~reverse, 1, left, left_end),
        (reverse, -1, right_end, right),
    ):
        if not mine.any():
            continue
        places = end[mine], aligned[mine]
        low, high = min(p.min() for p in places), max(p.max() for p in places)
        some = slice(*np.searchsorted(outer, (low - reach, high + reach)))
        near, far = outer[some], inner[some]
        if len(near):
            # As `call.io.ends`: a clipped read may begin at the outer end, behind a UMI, too.
            first = _begin(places[0], near, far, sign)
            other = _begin(places[1], near, far, sign, within=False)
            how[mine] = np.where(first == ELSEWHERE, other, first)
            chance[mine] = _chance(places[0], near, far, sign)
    return how, chance


def _begin(
    place: np.ndarray, near: np.ndarray, far: np.ndarray, sign: int, within: bool = True
) -> np.ndarray:
    """Return how reads of one strand begin; `near` and `far` are outer and inner ends.

    Without `within`, a read must begin at either end of a primer to count.
    """
    from_outer = sign * (place[:, None] - near)
    from_inner = sign * (place[:, None] - far)
    inside = (from_outer >= -PRIMER_SLACK) & (from_inner < 0) & within
    found = np.where(inside.any(axis=1), IN, ELSEWHERE).astype(np.uint8)
    found[(abs(from_inner) <= PRIMER_SLACK).any(axis=1)] = BEHIND
    found[(abs(from_outer) <= PRIMER_SLACK).any(axis=1)] = IN
    return found


def _chance(place: np.ndarray, near: np.ndarray, far: np.ndarray, sign: int) -> np.ndarray:
    """Return the fraction of the bases around each read that primers of its strand take."""
    low, high = (near, far) if sign == 1 else (far, near)
    start = np.maximum(low - PRIMER_SLACK, place[:, None] - END_WINDOW)
    stop = np.minimum(high + PRIMER_SLACK, place[:, None] + END_WINDOW)
    return np.minimum(np.maximum(stop - start, 0).sum(axis=1) / (2 * END_WINDOW), 1.0)


def refuse_primers_as_targets(primers: Primers, targets: Sequence[Target]) -> None:
    """Raise InputError if the targets are the primers: no fragment has evidence there."""
    spans: dict[str, np.ndarray] = {}
    number = 0
    for target in targets:
        if target.chrom not in spans:
            left, left_end, right, right_end = primers.of(target.chrom)
            spans[target.chrom] = np.column_stack(
                [np.concatenate([left, right]), np.concatenate([left_end, right_end])]
            )
        off = abs(spans[target.chrom] - (target.start, target.end))
        number += bool((off <= PRIMER_SLACK).all(axis=1).any())
    if number > TARGETS_AS_PRIMERS * len(targets):
        raise InputError(
            f"{number} of {len(targets)} targets are primers of {primers.path}",
            "--targets",
            "give the inserts between the primers, or the exons, as targets",
        )


def include_primers(primers: Primers, targets: Iterable[Target]) -> bool:
    """Return whether most targets begin and end where amplicons do: they include the primers."""
    found = []
    for target in targets:
        left, _, _, right_end = primers.of(target.chrom)
        sides = ((left, target.start), (right_end, target.end))
        found.append(all((abs(ends - end) <= PRIMER_SLACK).any() for ends, end in sides))
    return sum(found) > TARGETS_AS_PRIMERS * len(found)
