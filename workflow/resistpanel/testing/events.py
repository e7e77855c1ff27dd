"""Structural events of a simulated patient: their junctions, and what they do to the reference.

Breakends are those of `core.junction`: 0-based, with the side of the bases that go on.
"""

import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np

from resistpanel.core.intervals import Target
from resistpanel.core.junction import LEFT, RIGHT, Breakend
from resistpanel.inputs.simulated_patient import Document
from resistpanel.testing.genome import Genome, Region, encode
from resistpanel.testing.mixtures import Source, weights

#: Sides of the two breakends of each type with a region; an inversion has two junctions.
SIDES = {
    "deletion": ((LEFT, RIGHT),),
    "duplication": ((LEFT, RIGHT),),
    "inversion": ((LEFT, LEFT), (RIGHT, RIGHT)),
}
_WORDS = {"left": LEFT, "right": RIGHT}


@dataclasses.dataclass(frozen=True)
class Event:
    """An event of the patient's YAML.

    Attributes
    ----------
    kind : str
        deletion, duplication, inversion or junction.
    first, second : Breakend
        In the order in which a haplotype reads them: up to the first, then from the second on.
    inserted : str
        Bases between them.
    af : dict of str to float
        Fraction of the haplotypes that have it, by sample.
    where : str
        Place in the YAML, for messages.
    """

    kind: str
    first: Breakend
    second: Breakend
    inserted: str
    af: Mapping[str, float]
    where: str

    @property
    def junctions(self) -> list[tuple[Breakend, Breakend]]:
        """The pairs of breakends that are joined."""
        if self.kind != "inversion":
            return [(self.first, self.second)]
        a, b = self.first, self.second
        return [(a, b), tuple(dataclasses.replace(end, side=RIGHT) for end in (a, b))]


def _breakend(text: str) -> Breakend:
    """Return ``chr2:42522656:left``: bases up to that one go on (``right``: from it on)."""
    chrom, pos, word = text.rsplit(":", 2)
    side = _WORDS[word]
    return Breakend(chrom, int(pos) if side == LEFT else int(pos) - 1, side)


def breakends_of(patient: dict) -> list[tuple[Breakend, Breakend]]:
    """Return the breakends of a patient's events, which need sequence around them."""
    return [_ends(row) for row in patient["events"]]


def _ends(row: dict) -> tuple[Breakend, Breakend]:
    if row.get("join"):
        return tuple(map(_breakend, row["join"]))
    chrom, start, end = re.fullmatch(r"(.+):(\d+)-(\d+)", row["region"]).groups()
    low, high = int(start) - 1, int(end)
    if row["type"] == "duplication":  # the copy's end is joined to its start
        return Breakend(chrom, high, LEFT), Breakend(chrom, low, RIGHT)
    one, other = SIDES[row["type"]][0]
    return Breakend(chrom, low, one), Breakend(chrom, high, other)


def read_events(patient: dict, document: Document, genome: Genome, longest: int) -> list[Event]:
    """Return the events of a patient, checked against the genome.

    Parameters
    ----------
    longest : int
        Longest insert: an inversion must be longer, so that no fragment spans it.

    Raises
    ------
    InputError
        Naming the line.
    """
    found = []
    for i, row in enumerate(patient["events"]):
        first, second = _ends(row)
        for end in (first, second):
            region = genome.region_at(end.contig, end.pos)
            if region is None or not region.start + longest <= end.pos <= region.end - longest:
                raise document.error(
                    f"{end.contig}:{end.base + 1} has no simulated sequence around it",
                    "events", i, cure="give positions of the panel's build, 1-based",
                )  # fmt: skip
        if not any(genome.region_at(e.contig, e.pos).targets for e in (first, second)):
            raise document.error("neither breakend is near a target", "events", i)
        size = abs(second.pos - first.pos) if first.contig == second.contig else None
        kind = row.get("type", "junction")
        least = longest if kind == "inversion" else 1
        if kind != "junction" and size < least:
            raise document.error(f"{kind} of {size} bases; at least {least}", "events", i)
        where = document.where("events", i)
        found.append(Event(kind, first, second, row.get("inserted", ""), row["af"], where))
    return found


def mean_af(event: Event, sources: Sequence[Source], target: Target) -> float:
    """Return the fraction of a sample's haplotypes with an event, as it is mixed."""
    amounts = weights(sources, target)
    af = np.array([event.af.get(source.sample, 0.0) for source in sources])
    return float((amounts * af).sum() / amounts.sum()) if amounts.sum() else 0.0


class Thinning:
    """How many fragments of the reference a sample has where haplotypes have events.

    A haplotype with an event has the fragments of the reference that cross no breakend: none of
    those inside of a deletion, and those inside of a duplication twice.

    Parameters
    ----------
    region : Region
    events : list of (Event, float)
        With the fraction of the sample's haplotypes that have each.
    """

    def __init__(self, region: Region, events: Sequence[tuple[Event, float]]):
        self.region = region
        self.events = [
            (event, af)
            for event, af in events
            if af > 0
            and any(
                end.contig == region.chrom
                and (region.start < end.pos < region.end or _spans(event, region))
                for end in (event.first, event.second)
            )
        ]

    def __bool__(self) -> bool:
        return bool(self.events)

    @property
    def most(self) -> float:
        """Upper bound of what `of` returns."""
        return float(np.prod([1 + af for _, af in self.events]))

    def of(self, start: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Return the expected number of fragments for one of the reference, (fragments,).

        `start` counts from the region's first base.
        """
        low = start + self.region.start
        high = low + length
        result = np.ones(len(start))
        for event, af in self.events:
            result *= 1 - af + af * self._kept(event, low, high)
        return result

    def _kept(self, event: Event, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        a, b = event.first.pos, event.second.pos
        if event.kind in ("deletion", "duplication"):
            return (high <= a).astype(float) + (low >= b)
        kept = np.ones(len(low))
        for end in (event.first, event.second):
            if end.contig == self.region.chrom:
                kept[(low < end.pos) & (end.pos < high)] = 0
        return kept


def _spans(event: Event, region: Region) -> bool:
    """Return whether a deletion or duplication reaches over a whole region."""
    if event.kind not in ("deletion", "duplication"):
        return False
    low, high = sorted((event.first.pos, event.second.pos))
    return low <= region.start and region.end <= high


@dataclasses.dataclass(frozen=True)
class Joined:
    """The sequence around a junction, with the place of each base.

    Attributes
    ----------
    codes : uint8, (length,)
    at : int
        Bases before the junction; `inserted` bases follow.
    inserted : int
    first, second : Breakend
    """

    codes: np.ndarray
    at: int
    inserted: int
    first: Breakend
    second: Breakend

    @classmethod
    def of(
        cls, first: Breakend, second: Breakend, inserted: str, genome: Genome, flank: int
    ) -> "Joined":
        """Return the haplotype up to `flank` bases on either side of a junction."""
        before, after = (side_of(end, genome, flank) for end in (first, second))
        # Bases of the first breakend are read towards it, of the second away from it.
        parts = [before, encode(inserted) if inserted else np.empty(0, np.uint8)]
        parts.append(_reverse(after))
        return cls(np.concatenate(parts), len(before), len(inserted), first, second)


def _reverse(codes: np.ndarray) -> np.ndarray:
    return np.where(codes < 4, 3 - codes, codes)[::-1].astype(np.uint8)


def side_of(end: Breakend, genome: Genome, flank: int) -> np.ndarray:
    """Return the last `flank` bases that go on at a breakend, read towards it."""
    region = genome.region_at(end.contig, end.pos)
    at = end.pos - region.start
    if end.side == LEFT:
        return region.codes[at - flank : at]
    return _reverse(region.codes[at : at + flank])


def outside(end: Breakend, genome: Genome, bases: int) -> np.ndarray:
    """Return the bases that the reference has beyond a breakend, read away from it."""
    region = genome.region_at(end.contig, end.pos)
    at = end.pos - region.start
    if end.side == LEFT:
        return region.codes[at : at + bases]
    return _reverse(region.codes[at - bases : at])


def truth_rows(events: Sequence[Event], samples: Sequence[str], counts: Mapping) -> list[tuple]:
    """Return rows of events.tsv: type, breakends, inserted bases, AF and fragments by sample."""
    words = {LEFT: "left", RIGHT: "right"}
    rows = []
    for n, event in enumerate(events):
        ends = [f"{e.contig}:{e.base + 1}:{words[e.side]}" for e in (event.first, event.second)]
        cells = itertools.chain.from_iterable(
            (f"{event.af.get(s, 0.0):g}", str(counts[s][n])) for s in samples
        )
        rows.append((event.kind, *ends, event.inserted, *cells))
    return rows
