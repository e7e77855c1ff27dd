"""Indels and complex events: reads realigned to the haplotypes of a locus."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resistpanel.call.call_constants import (
    ALIKE_SUBSTITUTIONS,
    COMMON_FRAGMENTS,
    COMMON_INDEL,
    COMMON_SUBSTITUTION,
    DUPLICATION_OVERLAP,
    ENDS_SAMPLED,
    HAPLOTYPE_ODDS,
    INDEL_FLANK,
    INHERITED_SUBSTITUTION,
    LEAST_MISMATCHES,
    MAX_HAPLOTYPES,
    MAX_MISMATCHES,
    MIN_FRAGMENTS,
    MISREAD,
    OTHER_EVENT,
    OTHER_HAPLOTYPE_ODDS,
    POLYMORPHISM_REACH,
    PRODUCT_WOBBLE,
    SHORTEST_PRIMER,
    WIDE_LOCUS,
)
from resistpanel.call.candidates import propose as candidates
from resistpanel.call.io.evidence import (
    ROW,
    Candidate,
    Pile,
    Support,
    clipped_span,
    strand_class,
    to_ends,
)
from resistpanel.call.io.pileup import CLASSES, QUALITY_GROUPS
from resistpanel.call.io.regions import Chunk
from resistpanel.call.kernels import explained, fragments, score_reads, segments
from resistpanel.call.model import sampling_bias
from resistpanel.core.allele import (
    Allele,
    ambiguity,
    concatenated,
    haplotype,
    trim,
)
from resistpanel.core.distinct import among, distinct
from resistpanel.core.reference import Reference, encode
from resistpanel.qc.assay import same_ends
from resistpanel.qc.qc_constants import FIXED_ENDS

MARGIN = np.log(HAPLOTYPE_ODDS)
LEAN = np.log(OTHER_HAPLOTYPE_ODDS)


@dataclass(frozen=True)
class Locus:
    """Alleles near each other, and the haplotypes that the reads are compared with.

    Attributes
    ----------
    alleles : list of Allele
    spans : list of (start, end)
        Reference positions between which each can be placed, 0-based half-open.
    origin : int
        Reference position of the haplotypes' first base.
    together : list of (int, int)
        Pairs of alleles of which a molecule may carry both, by their places in `alleles`.
    plain : list of uint8 arrays
        The reference, then each allele, then each pair.
    gains : list of int
        Bases that each of these gains.
    holds : bool, (1 + alleles, plain)
        Which of them hold an allele; the first row is of the reference.
    places : int, (1 + alleles, plain)
        Where each allele begins on them.
    grounds : int
        Haplotypes for each of these: without and with the polymorphisms nearby.
    joined, starts, lengths, shifts
        All of them, as `kernels.score_reads` takes them.
    sources : int32
        Reference position of each base of `joined`, -1 of those that an allele has.
    """

    alleles: list[Allele]
    spans: list[tuple[int, int]]
    origin: int
    together: list[tuple[int, int]]
    plain: list[np.ndarray]
    gains: list[int]
    holds: np.ndarray
    places: np.ndarray
    grounds: int
    joined: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    shifts: np.ndarray
    sources: np.ndarray

    @property
    def span(self) -> tuple[int, int]:
        """Reference positions between which any allele can be placed."""
        return min(s for s, _ in self.spans), max(e for _, e in self.spans)

    @property
    def shown(self) -> list[tuple[int, int]]:
        """What of a fragment must be no primer for it to show each allele: at most, and at least.

        The bases of its first that is not a primer's, and behind its last. An inserted sequence
        that can also be placed under a primer is in the product all the same, where it is longer
        than the ends of products differ: the primer's site is beyond it. As long as a product it
        would be a chimera of two.
        """
        return [
            (end, start)
            if allele.pure_indel and PRODUCT_WOBBLE < allele.shift <= WIDE_LOCUS
            else (start, end)
            for allele, (start, end) in zip(self.alleles, self.spans, strict=True)
        ]

    @classmethod
    def of(
        cls,
        alleles: list[Allele],
        piles: list[Pile],
        chunk: Chunk,
        reference: Reference,
        common: Sequence[Allele] = (),
    ) -> "Locus":
        """Return the locus of some alleles; others may be in cis with the `common` of them."""
        spans = [ambiguity(a, reference) for a in alleles]
        start, end = min(s for s, _ in spans), max(e for _, e in spans)
        longest = max((p.longest for p in piles if p.longest), default=100)
        reach = longest + max(abs(a.shift) for a in alleles) + 20
        origin, stop = start - reach, end + reach
        # Every haplotype also with the polymorphisms nearby: a read must not be judged by them.
        near = min(POLYMORPHISM_REACH, reach)
        backgrounds = _backgrounds(piles, chunk, start - near, end + near)
        carried: list[tuple[Allele, ...]] = [(), *((a,) for a in alleles)]
        plain = [haplotype_of(of, alleles[0].contig, reference, origin, stop) for of in carried]
        together = []
        for i, j in _pairs(alleles, common, reference):
            pair = alleles[i], alleles[j]
            hap = haplotype_of(pair, alleles[0].contig, reference, origin, stop)
            if not any(np.array_equal(hap, other) for other in plain):
                together.append((i, j))
                carried.append(pair)
                plain.append(hap)
        gains = [sum(a.shift for a in of) for of in carried]
        holds = np.zeros((len(alleles) + 1, len(plain)), dtype=bool)
        places = np.zeros(holds.shape, dtype=int)
        holds[0, 0] = True
        for k, of in enumerate(carried):
            for a in of:
                h = alleles.index(a) + 1
                before = _before(a.pos, [other for other in of if other is not a])
                holds[h, k], places[h, k] = True, a.pos - origin + before
        haps, sources = [], []
        for hap, of in zip(plain, carried, strict=True):
            sources += [_sources(of, origin, stop)] * len(backgrounds)
            for changes in backgrounds:
                changed = hap.copy()
                for pos, base in changes:
                    if not any(a.pos <= pos < a.end for a in of):
                        changed[pos - origin + _before(pos, of)] = base
                haps.append(changed)
        shifts = np.repeat(gains, len(backgrounds)).astype(np.int32)
        return cls(
            alleles, spans, origin, together, plain, gains, holds, places, len(backgrounds),
            *concatenated(haps), shifts, np.concatenate(sources),
        )  # fmt: skip


def haplotype_of(
    alleles: Sequence[Allele], contig: str, reference: Reference, start: int, end: int
) -> np.ndarray:
    """Return base codes of [start, end) of the reference with sorted alleles put in."""
    parts, at = [], start
    for a in alleles:
        parts += [reference.codes(contig, at, a.pos), encode(a.alt)]
        at = a.end
    return np.concatenate([*parts, reference.codes(contig, at, end)])


def _sources(alleles: Sequence[Allele], start: int, end: int) -> np.ndarray:
    """Return the reference position of each base of `haplotype_of`, -1 of an allele's, int32."""
    parts, at = [], start
    for a in alleles:
        parts += [np.arange(at, a.pos), np.full(len(a.alt), -1)]
        at = a.end
    return np.concatenate([*parts, np.arange(at, end)]).astype(np.int32)


def _before(pos: int, alleles: Sequence[Allele]) -> int:
    """Return the bases that alleles before a position of the reference gain."""
    return sum(a.shift for a in alleles if a.end <= pos)


def _pairs(
    alleles: list[Allele], common: Sequence[Allele], reference: Reference
) -> list[tuple[int, int]]:
    """Return the pairs of sorted alleles, one of them common, that one molecule may carry.

    Two that are a substitution together are left to the substitutions.
    """
    return [
        (i, j)
        for i, first in enumerate(alleles)
        for j, last in enumerate(alleles[i + 1 :], i + 1)
        if (first in common or last in common)
        and last.pos > first.end
        and not _joined(first, last, reference).substitution
    ]


def _joined(first: Allele, last: Allele, reference: Reference) -> Allele:
    """Return two alleles of one molecule as one."""
    between = reference(first.contig, first.end, last.pos)
    ref, alt = first.ref + between + last.ref, first.alt + between + last.alt
    return trim(Allele(first.contig, first.pos, ref, alt))


@dataclass
class Scored:
    """The reads of one sample at a locus, compared with its haplotypes.

    Attributes
    ----------
    chosen : int64, (reads,)
        Rows of the sample's reads.
    first, last : int32, (reads,)
        The part of each that was compared.
    rows : the chosen rows
    offsets, misses : (reads, haplotypes)
        Where its first base lies on each haplotype, and mismatches there, in the likeliest
        background.
    frags, position, sums, best, lead, teller
        As `kernels.fragments` returns them.
    fits : bool, (fragments,)
        Whether a fragment is like any of the haplotypes.
    clear : bool, (haplotypes, fragments)
        Whether its primers leave the allele open.
    scores : (reads, haplotypes)
    holds : bool, (1 + alleles, haplotypes)
        Which haplotypes hold an allele.
    """

    chosen: np.ndarray
    first: np.ndarray
    last: np.ndarray
    rows: np.ndarray
    offsets: np.ndarray
    misses: np.ndarray
    frags: np.ndarray
    position: np.ndarray
    sums: np.ndarray
    best: np.ndarray
    lead: np.ndarray
    teller: np.ndarray
    fits: np.ndarray
    clear: np.ndarray
    scores: np.ndarray
    holds: np.ndarray

    @classmethod
    def of(cls, p: Pile, locus: Locus) -> "Scored | None":
        """Compare a sample's reads, None if there are none."""
        start, end = locus.span
        table = p.reads.table
        chosen = p.touching(start, end)
        # An allele that a fragment's primer covers, whole or in part, is not the sample's; the
        # primer's bases beside one that begins behind it are the anchor.
        low, high = table["low"][chosen], table["high"][chosen]
        open_ = np.array([(low <= s) & (high >= e) for s, e in locus.shown])
        chosen = chosen[open_.any(axis=0)]
        if not len(chosen):
            return None
        first, last, left, right = segments(
            table.view(np.uint8), p.reads.cigars, chosen, start - OTHER_EVENT, end + OTHER_EVENT
        )
        held = last > first
        chosen, first, last, left, right = (x[held] for x in (chosen, first, last, left, right))
        if not len(chosen):
            return None
        rows = table[chosen]
        scores, offsets, misses = score_reads(
            rows["seq"] + first, last - first, left, right, p.reads.bases, p.reads.quals,
            locus.joined, locus.starts, locus.lengths, locus.shifts, locus.origin,
        )  # fmt: skip
        if locus.grounds > 1:
            shape = (len(chosen), len(locus.plain), locus.grounds)
            ground = scores.reshape(shape).argmax(axis=2)
            taken = np.arange(len(locus.plain)) * locus.grounds + ground
            scores, offsets, misses = (
                np.take_along_axis(x, taken, axis=1) for x in (scores, offsets, misses)
            )
        frags, position, sums, best, lead, missed, bases, teller = fragments(
            np.ascontiguousarray(rows["frag"]), scores, misses, last - first
        )
        fits = missed <= np.maximum(LEAST_MISMATCHES, MAX_MISMATCHES * bases)
        # A gap that no haplotype has is laid on none without mismatches, which say nothing.
        odd = np.flatnonzero(~among((last - first) - (right - left), np.asarray(locus.gains)))
        at = position[odd]
        fits[at[misses[odd, best[at]] > LEAST_MISMATCHES]] = False
        clear = np.ones((len(locus.plain), len(frags)), dtype=bool)
        for h, (s, e) in enumerate(locus.shown, 1):
            clear[h, position[(rows["low"] > s) | (rows["high"] < e)]] = False
        for k, (i, j) in enumerate(locus.together, len(locus.alleles) + 1):
            clear[k] = clear[i + 1] & clear[j + 1]
        return cls(
            chosen, first, last, rows, offsets, misses, frags, position, sums, best, lead,
            teller, fits, clear, scores, locus.holds,
        )  # fmt: skip

    @property
    def sure(self) -> np.ndarray:
        """Which fragments are of one haplotype beyond doubt, bool, (fragments,)."""
        return self.fits & (self.lead >= MARGIN)

    def odds(self, h: int) -> np.ndarray:
        """Return the log odds of an allele, on any haplotype that holds it, (fragments,)."""
        with_it = self.holds[h]
        return self.sums[:, with_it].max(axis=1) - self.sums[:, ~with_it].max(axis=1)

    def carries(self, h: int) -> np.ndarray:
        """Return which fragments have an allele, beyond doubt, bool, (fragments,)."""
        if self.holds[h].sum() == 1:
            return self.sure & (self.best == h)
        return self.fits & (self.odds(h) >= MARGIN)

    def excludes(self, h: int) -> np.ndarray:
        """Return which fragments do not have an allele, beyond doubt, bool, (fragments,)."""
        if self.holds[h].sum() > 1:
            return self.fits & (self.odds(h) <= -MARGIN)
        top = self.sums[np.arange(len(self.frags)), self.best]
        return self.fits & (self.best != h) & (top - self.sums[:, h] >= MARGIN)

    def tellers(self, h: int, mine: np.ndarray) -> np.ndarray:
        """Return the read of some fragments that is most informative of an allele they have."""
        who = self.teller[mine]
        # On a haplotype with another allele, that read may be informative of the other one.
        both = np.flatnonzero(self.holds[:, self.best[mine]].sum(axis=0) > 1)
        if len(both):
            with_it = self.holds[h]
            gap = self.scores[:, with_it].max(axis=1) - self.scores[:, ~with_it].max(axis=1)
            order = np.lexsort([gap, self.position])
            last = np.searchsorted(self.position[order], mine[both], side="right") - 1
            who[both] = order[last]
        return who

    def ahead(self, h: int) -> int:
        """Return how many fragments are of a haplotype rather than of the reference."""
        mine = self.fits & self.clear[h] & (self.best == h)
        return int((mine & (self.sums[:, h] - self.sums[:, 0] >= MARGIN)).sum())


def counted(piles: list[Pile], locus: Locus, scored: list[Scored | None]) -> list[list[Support]]:
    """Count the fragments of each allele of a locus.

    Parameters
    ----------
    piles : per sample
    locus : Locus
    scored : per sample
        The reads, realigned to the haplotypes.

    Returns
    -------
    list of list of Support
        Per allele, per sample.
    """
    start, end = locus.span
    biases: dict[int, sampling_bias.Informative] = {}
    result: list[list[Support]] = [[] for _ in locus.alleles]
    for p, found in zip(piles, scored, strict=True):
        low = int(((p.reads.low_mapq[:, 0] < end) & (p.reads.low_mapq[:, 1] > start)).sum())
        if found is None:
            for supports in result:
                supports.append(Support(np.empty(0, ROW), np.zeros((CLASSES, QUALITY_GROUPS)), low))
            continue
        length = p.templates.length
        if length not in biases:
            biases[length] = sampling_bias.informative(locus.plain, locus.gains, length, MARGIN)
        fixed = _fixed(found.rows)
        for h, supports in enumerate(result, 1):
            weights = _weights(found, biases[length], h, locus, p, fixed)
            informative = np.zeros((CLASSES, QUALITY_GROUPS))
            informative[:, 4] = _depth(h, found, weights, locus.spans[h - 1], p, fixed)
            mapq = float(found.rows["mapq"].mean())
            rows = _carriers(found, h, locus)
            allele = locus.alleles[h - 1]
            rows["outer"] = to_ends(p, rows["frag"], allele.pos, allele.end)
            supports.append(Support(rows, informative, low, mapq))
    return result


def _carriers(found: Scored, h: int, locus: Locus) -> np.ndarray:
    """Return the fragments that carry an allele, ROW array."""
    mine = np.flatnonzero(found.carries(h) & found.clear[h])
    # The class of a fragment is that of the read that tells its haplotype best.
    who = found.tellers(h, mine)
    best = found.best[mine]
    out = np.zeros(len(mine), dtype=ROW)
    out["frag"] = found.frags[mine]
    out["group"] = 4
    out["cls"] = strand_class(found.rows["flag"][who])
    offset = found.offsets[who, best] - found.first[who]
    # Distance from the event's start on the haplotype to the nearer end of the read.
    event = locus.places[h, best] - offset
    out["dist"] = np.clip(np.minimum(event, found.rows["length"][who] - 1 - event), 0, 32000)
    out["cycle"] = np.clip(event, 0, 32000)
    out["mapq"] = found.rows["mapq"][who]
    out["mismatches"] = found.misses[who, best]
    out["score"] = found.lead[mine] if found.holds[h].sum() == 1 else found.odds(h)[mine]
    return out


def _drop_explained(p: Pile, found: Scored, locus: Locus) -> None:
    """Drop the mismatches of a sample that a haplotype of the locus explains."""
    # By the allele alone: a polymorphism that the read carries too stays a mismatch.
    best, position = found.best, found.position
    at = found.offsets[np.arange(len(found.rows)), best[position]]
    # A read between two haplotypes of the locus counts for neither, yet its mismatches are
    # explained as soon as it lies better on one of them than on the reference.
    ahead = found.sums[np.arange(len(found.frags)), best] - found.sums[:, 0]
    lean = found.fits & (ahead + _lean(best, found.sure, len(locus.plain)) >= LEAN)
    # An error elsewhere in the read keeps it from counting, not from being explained.
    lean |= ahead >= MARGIN
    lean &= found.clear[best, np.arange(len(best))]
    moved = lean[position] & (best[position] > 0)
    _explain(
        p,
        found.chosen[moved],
        (best[position] * locus.grounds)[moved],
        at[moved].astype(np.int64),
        (found.first[moved], found.last[moved]),
        locus,
    )


def _fixed(rows: np.ndarray) -> bool:
    """Return whether the reads of a locus begin at a few bases, as those of amplicons."""
    same, pairs = same_ends(*clipped_span(rows[:: len(rows) // ENDS_SAMPLED + 1]))
    return pairs > 0 and same >= FIXED_ENDS * pairs


def _weights(
    found: Scored,
    bias: sampling_bias.Informative,
    h: int,
    locus: Locus,
    p: Pile,
    fixed: bool,
) -> list[float]:
    """Return the informative start positions of each haplotype's fragments for the `h`-th.

    Where fragments have fixed ends, those of the locus take the place of all possible ones: the
    forward read of an amplicon begins at the same base whatever the allele, the reverse read ends
    at the same.
    """
    starts = bias.of(locus.holds[h])
    if not fixed:
        return [bias.number(s, p.templates) for s in starts]
    pos, end, reverse = clipped_span(found.rows)
    result = []
    for usable, gain in zip(starts, locus.gains, strict=True):
        at = np.where(reverse, end - found.rows["length"] + gain, pos) - locus.origin
        valid = (at >= 0) & (at < len(usable))
        shown = np.zeros(len(found.rows), dtype=bool)
        shown[valid] = usable[at[valid]]
        by_fragment = np.zeros(len(found.frags), dtype=bool)
        by_fragment[found.position[shown]] = True
        result.append(float((by_fragment & found.clear[h]).sum()))
    return result


def _lean(best: np.ndarray, sure: np.ndarray, haplotypes: int) -> np.ndarray:
    """Return the log odds of each fragment's best haplotype against the reference, a priori.

    By the fragments that are sure: where a patient's both copies carry an insertion, what is
    not informative is not likely to come from the reference.

    Parameters
    ----------
    best, sure : (fragments,)
    haplotypes : int
    """
    number = np.bincount(best[sure], minlength=haplotypes) + 1.0
    return np.log(number[best] / number[0])


def _depth(
    h: int, found: Scored, weights: list[float], span: tuple[int, int], p: Pile, fixed: bool
) -> np.ndarray:
    """Return the fragments that an allele's are a fraction of, float64, (CLASSES,).

    A fragment is informative if it is of the allele or not of it, whatever else it may be: one that
    is of the reference or of a long duplication still excludes a short one inside. A longer
    haplotype has more informative start positions than a shorter one: a deletion has them at one
    breakpoint and the reference at either end of it, and few exclude a duplication. So the
    fragments of other haplotypes are scaled by the ratio of informative start positions; then the
    fraction of the allele is its frequency.

    Parameters
    ----------
    h : int
        The allele's haplotype.
    found : Scored
    weights : (haplotypes,)
        Informative start positions, `_weights`.
    span : (start, end)
        Reference positions between which the allele can be placed.
    p : Pile
    fixed : bool
        Whether fragments have fixed ends.
    """
    mine = found.clear[h] & (found.carries(h) | found.excludes(h))
    cls = strand_class(found.rows["flag"][found.teller[mine]])
    counted = np.bincount(found.best[mine] * CLASSES + cls, minlength=len(weights) * CLASSES)
    counted = counted.reshape(-1, CLASSES)
    with_it = found.holds[h]
    shown = counted[with_it].sum(0)
    number = counted.sum(1)[with_it]
    mean = np.average(np.array(weights)[with_it], weights=number) if number.any() else weights[h]
    scale = np.array([mean / w if w > 0 else 1.0 for w in weights])
    scale[with_it] = 1.0
    if fixed or weights[0] >= mean / 2:
        return scale @ counted
    # Few of the reference are informative, or none: the depth of a duplication is the fragments
    # that cross either end of the duplicated segment.
    rows = found.rows
    length = p.templates.length
    overlap = min(DUPLICATION_OVERLAP, length // 4)
    crossing = [
        len(distinct(rows["frag"][(rows["pos"] <= x - overlap) & (rows["end"] >= x + overlap)]))
        for x in span
    ]
    cross = sampling_bias.informative_starts(
        np.ones(length - 2 * overlap + 1, dtype=bool), p.templates
    )
    total = max(shown.sum(), sum(crossing) / 2 * mean / cross)
    rest = counted.sum(0) - shown
    share = rest / rest.sum() if rest.sum() else np.array([0.25, 0.25, 0, 0.25, 0.25, 0])
    return shown + share * (total - shown.sum())


def _distinct(
    alleles: list[Allele], piles: list[Pile], chunk: Chunk, reference: Reference
) -> list[Allele]:
    """Leave out alleles that are another one of the locus with a polymorphism beside it.

    Both would describe the same haplotype, and no fragment could prefer either.
    """
    start = min(a.pos for a in alleles) - 100
    end = max(a.end for a in alleles) + 100
    found = _backgrounds(piles, chunk, start + 40, end - 40, inherited=True)
    backgrounds = [set_ for set_ in found if set_]
    if not backgrounds or len(alleles) < 2:
        return alleles
    plain = {a: haplotype(a, reference, start, end).tobytes() for a in alleles}
    composed = set()
    for allele in alleles:
        for changes in backgrounds:
            if any(allele.pos <= pos < allele.end for pos, _ in changes):
                continue
            hap = np.frombuffer(plain[allele], dtype=np.uint8).copy()
            for pos, base in changes:
                hap[pos - start + (allele.shift if pos >= allele.end else 0)] = base
            composed.add(hap.tobytes())
    return [a for a in alleles if plain[a] not in composed]


def _backgrounds(
    piles: list[Pile], chunk: Chunk, start: int, end: int, inherited: bool = False, most: int = 2
) -> list[tuple[tuple[int, int], ...]]:
    """Return the sets of common substitutions (position, base) of a span, none first.

    Common is `COMMON_SUBSTITUTION` of the fragments of a sample: polymorphisms, and clonal
    variants. Neighbours that are as frequent as each other are one change. Of the `inherited` alone
    it is `INHERITED_SUBSTITUTION` of the fragments of all samples.
    """
    index = np.flatnonzero((chunk.positions() >= start) & (chunk.positions() < end))
    if not len(index):
        return [()]
    where = chunk.positions()[index]
    counts = sum(p.counts[index].astype(np.int64) for p in piles)
    # Of a common deletion, what shows its bases may be reads that were laid on without the gap.
    depths = [p.total[index] + p.deleted[index] for p in piles]
    if inherited:
        least = np.maximum(COMMON_FRAGMENTS, INHERITED_SUBSTITUTION * sum(depths))
        common = counts >= least[:, None]
    else:
        common = np.zeros(counts.shape, dtype=bool)
        for p, depth in zip(piles, depths, strict=True):
            least = np.maximum(COMMON_FRAGMENTS, COMMON_SUBSTITUTION * depth)
            common |= p.counts[index] >= least[:, None]
    at, base = np.nonzero(common)
    units: list[list[int]] = []
    for i in range(len(at)):
        last = units[-1][-1] if units else i
        beside = units and where[at[i]] - where[at[last]] == 1
        few, many = sorted(counts[at[[last, i]], base[[last, i]]])
        if beside and many <= ALIKE_SUBSTITUTIONS * few:
            units[-1].append(i)
        else:
            units.append([i])
    units.sort(key=lambda unit: -int(counts[at[unit[0]], base[unit[0]]]))
    sets: list[tuple[tuple[int, int], ...]] = [()]
    for unit in units[:most]:
        change = tuple((int(where[at[i]]), int(base[i])) for i in unit)
        sets += [(*s, *change) for s in sets]
    return sets


def _explain(p, read, hap, offset, part, locus: Locus) -> None:
    """Drop the mismatches that vanish once a read lies on the haplotype it belongs to.

    The others are moved to where they are on it: beside a deletion an aligner may prefer another
    place of the gap, and show an error of one base as one of another.

    Parameters
    ----------
    p : Pile
    read, hap : int64, (reads,)
        Row of each read, and the haplotype it lies on.
    offset : (reads,)
        Where the first base of its part lies there.
    part : (first, last), each (reads,)
        The part of the read, as `kernels.segments` gives it.
    locus : Locus
    """
    gone = explained(
        p.events.view(np.uint8),
        p.events.itemsize,
        len(p.reads.table),
        read,
        hap,
        offset,
        *part,
        locus.joined,
        locus.starts,
        locus.lengths,
        locus.sources,
    )
    if gone.any():
        p.events = p.events[gone == 0]


def _misread_rates(
    alleles: list[Allele], supports: list[list[Support]], piles: list[Pile], reference: Reference
) -> list[np.ndarray]:
    """Return how often an error in a fragment of another allele makes it one of each allele.

    Haplotypes of one length that differ in one base are a sequencing error apart: beside an
    insertion that half of the fragments carry, the same insertion with one base changed is
    seen as often as any error is.

    Returns
    -------
    list of (samples,)
        Per allele, as a share of the informative fragments.
    """
    start, end = min(a.pos for a in alleles) - 1, max(a.end for a in alleles) + 1
    words = [haplotype(a, reference, start, end) for a in alleles]
    rates = [
        max(len(p.events) / max(int(p.total.sum()), 1), MISREAD) / 3 for p in piles
    ]  # of one base read as one other
    result = []
    for word in words:
        share = np.zeros(len(piles))
        for other, support in zip(words, supports, strict=True):
            if len(other) == len(word) and (other != word).sum() == 1:
                share += [s.alt / max(s.total, 1) * r for s, r in zip(support, rates, strict=True)]
        result.append(share)
    return result


def indel_candidates(
    piles: list[Pile], chunk: Chunk, reference: Reference, forced: list[Allele]
) -> tuple[list[Candidate], int]:
    """Return the indel candidates of a chunk with their evidence, and the places left out."""
    proposed, crowded = candidates.indels(
        [p.reads for p in piles],
        [p.indels for p in piles],
        chunk,
        sum(p.counts for p in piles),
        sum(p.total for p in piles),
        reference,
        piles[0].min_qual,
    )
    mine = {a for a in proposed if chunk.owns(*_touched(a, reference))}
    alleles = sorted(mine | set(forced))
    result = []
    for locus in _loci(alleles, reference):
        result += _settle(
            _distinct(locus, piles, chunk, reference), piles, chunk, reference, forced
        )
    for p in piles:
        p.recount(chunk)
    return sorted(result, key=lambda c: c.allele), crowded


def _touched(allele: Allele, reference: Reference) -> tuple[int, int]:
    """Return the reference span that decides whether an allele is of the targets.

    Of a duplication any of its placements: its leftmost one may begin before the target, or under
    a primer, while it repeats bases of the target. One of the whole primer is not shown by
    products that begin with it: the second copy makes those of the reference.
    """
    start, end = allele.pos, allele.end
    if allele.pure_indel and allele.shift > PRODUCT_WOBBLE:
        end = min(ambiguity(allele, reference)[1], start + SHORTEST_PRIMER - 1)
    return start, end


def _loci(alleles: list[Allele], reference: Reference) -> list[list[Allele]]:
    """Group sorted alleles that are near each other.

    Near is within `OTHER_EVENT`: a gap so close is part of what is compared, and a read that has it
    would be taken for the nearest allele of the same length if its own were not among them.
    """
    loci: list[list[Allele]] = []
    reach = -1
    for allele in alleles:
        start, end = ambiguity(allele, reference)
        if loci and start <= reach + OTHER_EVENT and len(loci[-1]) < MAX_HAPLOTYPES:
            loci[-1].append(allele)
            reach = max(reach, end)
        else:
            loci.append([allele])
            reach = end
    return loci


def _hidden(dropped: list[Allele], kept: list[Allele], locus: Locus) -> list[Allele]:
    """Return alleles without support that may have it if they are compared without the long ones.

    Few reads hold all of a long duplication or deletion; a short allele inside it is compared by
    itself, unless it is beside a breakpoint of an allele that is supported.
    """
    low, high = locus.span
    if high - low <= WIDE_LOCUS:
        return []
    span = dict(zip(locus.alleles, locus.spans, strict=True))
    taken: list[tuple[int, int]] = []
    for a in kept:
        start, end = span[a]
        taken += [(start, start), (end, end)] if end - start > WIDE_LOCUS else [(start, end)]
    return [
        a
        for a in dropped
        if span[a][1] - span[a][0] <= WIDE_LOCUS
        and all(span[a][1] + INDEL_FLANK < s or span[a][0] > e + INDEL_FLANK for s, e in taken)
    ]


def _common(alleles: list[Allele], scored: list[Scored | None]) -> list[Allele]:
    """Return the alleles of a locus that a rarer one may be in cis with, inherited ones mostly."""
    found = []
    for h, allele in enumerate(alleles, 1):
        for sample in scored:
            if sample is None:
                continue
            mine, others = sample.carries(h).sum(), sample.excludes(h).sum()
            if mine >= max(MIN_FRAGMENTS, COMMON_INDEL * (mine + others)):
                found.append(allele)
                break
    return found


def _settle(
    alleles: list[Allele],
    piles: list[Pile],
    chunk: Chunk,
    reference: Reference,
    forced: list[Allele],
    common: list[Allele] | None = None,
) -> list[Candidate]:
    """Return the candidates of a locus; alleles that no fragments support are not compared.

    A noise allele may be so like a true one, or so long, that fragments of the true one, or of the
    reference, cannot be counted from it. A fragment with a rare allele and one that is `common` is
    like neither alone: the two are compared together as well.
    """
    locus = Locus.of(alleles, piles, chunk, reference, common or ())
    scored = [Scored.of(p, locus) for p in piles]
    if common is None and len(alleles) > 1:
        common = _common(alleles, scored)
        if _pairs(alleles, common, reference):
            locus = Locus.of(alleles, piles, chunk, reference, common)
            scored = [Scored.of(p, locus) for p in piles]
    supports = counted(piles, locus, scored)
    kept = [
        a
        for a, support in zip(alleles, supports, strict=True)
        if a in forced or sum(s.alt for s in support) >= MIN_FRAGMENTS
    ]
    if not kept and len(alleles) > 1:
        # Two alike: each takes from the other what would support it.
        ahead = [
            sum(s.ahead(h) for s in scored if s is not None) for h in range(1, len(alleles) + 1)
        ]
        if max(ahead) >= MIN_FRAGMENTS:
            kept = [alleles[k] for k in range(len(alleles)) if k != int(np.argmin(ahead))]
    dropped = [a for a in alleles if a not in kept]
    again = _hidden(dropped, kept, locus)
    if (kept or again) and len(kept) < len(alleles) > len(again):
        return [
            c
            for part in [*_loci(kept, reference), *_loci(again, reference)]
            for c in _settle(part, piles, chunk, reference, forced, common)
        ]
    for p, found in zip(piles, scored, strict=True):
        if found is not None:
            _drop_explained(p, found, locus)
    misread = _misread_rates(alleles, supports, piles, reference)
    return [
        Candidate(a, support, forced=a in forced, misread=near)
        for a, support, near in zip(alleles, supports, misread, strict=True)
        if a in kept
    ]
