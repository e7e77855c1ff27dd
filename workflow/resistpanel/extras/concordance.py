"""Who called what: every caller's alleles matched by the haplotype that they spell."""

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from resistpanel.core.allele import Allele
from resistpanel.core.core_constants import MOST_NEARBY, REACH
from resistpanel.core.haplotypes import Fetch, spelling
from resistpanel.extras.caller_records import Evidence, Record
from resistpanel.extras.resistpanel_vcf import Own


@dataclass
class Said:
    """What a caller says of a variant.

    Attributes
    ----------
    records : list of Record
        The alleles by which it spells the variant; one, unless it splits what others join.
    exact : bool
        One allele, and the same.
    """

    records: list[Record]
    exact: bool

    @property
    def called(self) -> bool:
        """Whether it calls all the alleles that it needs."""
        return all(record.called for record in self.records)

    @property
    def filters(self) -> list[str]:
        """Why not, empty if called."""
        return list(dict.fromkeys(name for r in self.records for name in r.filters))

    def evidence(self, sample: str) -> Evidence | None:
        """Return the evidence of a sample: of several alleles that of the rarest.

        None where one of the alleles has none.
        """
        parts = [record.samples.get(sample) for record in self.records]
        if not parts or any(part is None for part in parts):
            return None
        rarest = min(parts, key=lambda part: part.af if part.af is not None else -1.0)
        calls = [part.called for part in parts]
        return Evidence(
            rarest.alt,
            rarest.depth,
            rarest.af,
            None if None in calls else all(calls),
            None
            if all(part.filters is None for part in parts)
            else tuple(dict.fromkeys(name for part in parts for name in part.filters or ())),
        )


@dataclass
class Event:
    """One variant, whoever called it and however they wrote it."""

    variant: Allele
    own: Own | None = None
    others: dict[str, Said] = field(default_factory=dict)


class Nearby:
    """Finds the alleles near a place; alleles are given in any order."""

    def __init__(self, variants: Sequence[Allele]):
        self.variants = list(variants)
        self.index: dict[Allele, int] = {}
        self.by_contig: dict[str, list[tuple[int, int]]] = {}
        self.longest: dict[str, int] = {}
        for i, v in enumerate(self.variants):
            self.index.setdefault(v, i)
            self.by_contig.setdefault(v.chrom, []).append((v.pos, i))
            self.longest[v.chrom] = max(self.longest.get(v.chrom, 0), len(v.ref))
        for places in self.by_contig.values():
            places.sort()

    def near(self, variant: Allele) -> Iterator[int]:
        """Yield the alleles within `REACH` bases of a variant."""
        places = self.by_contig.get(variant.chrom, [])
        low = variant.pos - REACH - self.longest.get(variant.chrom, 0)
        for pos, i in places[bisect.bisect_left(places, (low, -1)) :]:
            if pos >= variant.end + REACH:
                return
            if self.variants[i].end > variant.pos - REACH:
                yield i


def _said(
    variant: Allele,
    records: Sequence[Record],
    places: Nearby,
    beside: Sequence[Allele],
    fetch: Fetch,
) -> tuple[Said, tuple[int, ...]] | None:
    """Return how a caller spells a variant, and with which of its records."""
    exact = places.index.get(variant)
    if exact is not None and records[exact].called:
        return Said([records[exact]], True), (exact,)
    # What the caller stands by comes before what it filtered, also before the very allele.
    for called in (True, False):
        near = [i for i in places.near(variant) if records[i].called or not called]
        near.sort(key=lambda i: (not records[i].called, abs(records[i].variant.pos - variant.pos)))
        near = near[:MOST_NEARBY]
        chosen = spelling(variant, beside, [records[i].variant for i in near], fetch)
        if chosen:
            picked = tuple(near[i] for i in chosen)
            same = len(picked) == 1 and records[picked[0]].variant == variant
            return Said([records[i] for i in picked], same), picked
    return None


def match(own: Sequence[Own], others: Mapping[str, Sequence[Record]], fetch: Fetch) -> list[Event]:
    """Return the variants that any caller called, with what every caller says of each.

    Parameters
    ----------
    own : sequence of Own
        Every record of `resistpanel call`, forced sites too.
    others : mapping of str to sequence of Record
        By caller: its alleles, called or filtered, one record per allele.
    fetch : callable
        See `resistpanel.core.haplotypes.fetcher`.

    Returns
    -------
    list of Event
        In genomic order. A variant that one caller writes as a whole and another in parts is one
        event, written as we write it, else as the caller does that writes it as a whole.
    """
    own_places = Nearby([one.variant for one in own])
    places = {name: Nearby([r.variant for r in records]) for name, records in others.items()}
    used: dict[str, set[int]] = {name: set() for name in others}

    def complete(event: Event) -> None:
        beside = [
            own[i].variant
            for i in own_places.near(event.variant)
            if (own[i].called or own[i].germline) and own[i].variant != event.variant
        ]
        for name, records in others.items():
            found = _said(event.variant, records, places[name], beside, fetch)
            if found:
                event.others[name], picked = found
                # A caller's allele that it filtered may still be called as part of another one.
                used[name].update(picked)

    events = []
    for one in own:
        if one.called:
            events.append(Event(one.variant, one))
            complete(events[-1])
    rest = [
        (record.variant, name, i)
        for name, records in others.items()
        for i, record in enumerate(records)
        if record.called
    ]
    # The longest first: what one caller joins, others may have split.
    order = list(others)
    rest.sort(key=lambda r: (-len(r[0].ref) - len(r[0].alt), r[0], order.index(r[1])))
    for variant, name, i in rest:
        if i in used[name]:
            continue
        event = Event(variant, _own_of(variant, own, own_places, fetch))
        complete(event)
        used[name].add(i)
        events.append(event)
    return sorted(events, key=lambda event: event.variant)


def _own_of(variant: Allele, own: Sequence[Own], places: Nearby, fetch: Fetch) -> Own | None:
    """Return our record of a variant, as it is or as an inherited one that it is part of."""
    exact = places.index.get(variant)
    germline = [i for i in places.near(variant) if own[i].germline]
    if exact is not None and (own[exact].germline or not germline):
        return own[exact]
    # A caller may join inherited variants that we give apart.
    chosen = spelling(variant, [], [own[i].variant for i in germline], fetch)
    if chosen:
        return own[germline[chosen[0]]]
    return own[exact] if exact is not None else None
