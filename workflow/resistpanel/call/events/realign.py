"""Indels and complex events: reads realigned to the haplotypes of a locus."""

from dataclasses import dataclass

import numpy as np

from resistpanel.call.call_constants import (
    COMMON_INDEL,
    DUPLICATION_OVERLAP,
    ENDS_SAMPLED,
    HAPLOTYPE_ODDS,
    INDEL_FLANK,
    MAX_HAPLOTYPES,
    MAX_MISMATCHES,
    MIN_FRAGMENTS,
    MISREAD,
    OTHER_EVENT,
    OTHER_HAPLOTYPE_ODDS,
    POLYMORPHISM_REACH,
    WIDE_LOCUS,
)
from resistpanel.call.candidates import propose as candidates
from resistpanel.call.io.evidence import ROW, Candidate, Pile, Support, clipped_span, strand_class
from resistpanel.call.io.pileup import CLASSES, QUALITY_GROUPS
from resistpanel.call.io.regions import Chunk
from resistpanel.call.kernels import explained, fragments, score_reads, segments
from resistpanel.call.model import sampling_bias
from resistpanel.core.allele import (
    Allele,
    ambiguity,
    concatenated,
    haplotype,
    left_align_to,
)
from resistpanel.core.reference import Reference
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
    plain : list of uint8 arrays
        The reference, then each allele.
    grounds : int
        Haplotypes for each of these: without and with the polymorphisms nearby.
    joined, starts, lengths, shifts
        All of them, as `kernels.score_reads` takes them.
    """

    alleles: list[Allele]
    spans: list[tuple[int, int]]
    origin: int
    plain: list[np.ndarray]
    grounds: int
    joined: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    shifts: np.ndarray

    @property
    def span(self) -> tuple[int, int]:
        """Reference positions between which any allele can be placed."""
        return min(s for s, _ in self.spans), max(e for _, e in self.spans)

    @classmethod
    def of(
        cls, alleles: list[Allele], piles: list[Pile], chunk: Chunk, reference: Reference
    ) -> "Locus":
        """Return the locus of some alleles."""
        spans = [ambiguity(a, reference) for a in alleles]
        start, end = min(s for s, _ in spans), max(e for _, e in spans)
        longest = max((p.longest for p in piles if p.longest), default=100)
        reach = longest + max(abs(a.shift) for a in alleles) + 20
        origin, stop = start - reach, end + reach
        # Every haplotype also with the polymorphisms nearby: a read must not be judged by them.
        near = min(POLYMORPHISM_REACH, reach)
        backgrounds = _backgrounds(piles, chunk, start - near, end + near)
        plain = [reference.codes(alleles[0].contig, origin, stop)]
        plain += [haplotype(a, reference, origin, stop) for a in alleles]
        haps = []
        for number, hap in enumerate(plain):
            for changes in backgrounds:
                changed = hap.copy()
                for pos, base in changes:
                    if number and alleles[number - 1].pos <= pos < alleles[number - 1].end:
                        continue
                    beyond = number and pos >= alleles[number - 1].end
                    changed[pos - origin + (alleles[number - 1].shift if beyond else 0)] = base
                haps.append(changed)
        shifts = np.repeat(gains_of(alleles), len(backgrounds)).astype(np.int32)
        return cls(alleles, spans, origin, plain, len(backgrounds), *concatenated(haps), shifts)


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

    @classmethod
    def of(cls, p: Pile, locus: Locus) -> "Scored | None":
        """Compare a sample's reads, None if there are none."""
        start, end = locus.span
        table = p.reads.table
        chosen = p.touching(start, end)
        # An allele that a fragment's primer covers, whole or in part, is not the sample's.
        low, high = table["low"][chosen], table["high"][chosen]
        open_ = np.array([(low < s) & (high > e) for s, e in locus.spans])
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
        fits = missed <= np.maximum(3, MAX_MISMATCHES * bases)
        clear = np.ones((len(locus.plain), len(frags)), dtype=bool)
        for h, (s, e) in enumerate(locus.spans, 1):
            clear[h, position[(rows["low"] >= s) | (rows["high"] <= e)]] = False
        return cls(
            chosen, first, last, rows, offsets, misses, frags, position, sums, best, lead,
            teller, fits, clear,
        )  # fmt: skip

    @property
    def sure(self) -> np.ndarray:
        """Which fragments are of one haplotype beyond doubt, bool, (fragments,)."""
        return self.fits & (self.lead >= MARGIN)

    def excludes(self, h: int) -> np.ndarray:
        """Return which fragments are not of a haplotype, beyond doubt, bool, (fragments,)."""
        top = self.sums[np.arange(len(self.frags)), self.best]
        return self.fits & (self.best != h) & (top - self.sums[:, h] >= MARGIN)

    def ahead(self, h: int) -> int:
        """Return how many fragments are of a haplotype rather than of the reference."""
        mine = self.fits & self.clear[h] & (self.best == h)
        return int((mine & (self.sums[:, h] - self.sums[:, 0] >= MARGIN)).sum())


def realign(piles: list[Pile], locus: Locus) -> tuple[list[list[Support]], list[Scored | None]]:
    """Realign the reads at one locus to the haplotypes and count the fragments of each.

    Parameters
    ----------
    piles : per sample
    locus : Locus

    Returns
    -------
    list of list of Support
        Per allele, per sample.
    list of Scored
        Per sample.
    """
    start, end = locus.span
    biases: dict[int, sampling_bias.Informative] = {}
    result: list[list[Support]] = [[] for _ in locus.alleles]
    scored = [Scored.of(p, locus) for p in piles]
    for p, found in zip(piles, scored, strict=True):
        low = int(((p.reads.low_mapq[:, 0] < end) & (p.reads.low_mapq[:, 1] > start)).sum())
        if found is None:
            for supports in result:
                supports.append(Support(np.empty(0, ROW), np.zeros((CLASSES, QUALITY_GROUPS)), low))
            continue
        length = p.templates.length
        if length not in biases:
            biases[length] = sampling_bias.informative(
                locus.plain, gains_of(locus.alleles), length, MARGIN
            )
        fixed = _fixed(found.rows)
        for h, supports in enumerate(result, 1):
            weights = _weights(found, biases[length], h, locus, p, fixed)
            informative = np.zeros((CLASSES, QUALITY_GROUPS))
            informative[:, 4] = _depth(h, found, weights, locus.spans[h - 1], p, fixed)
            mapq = float(found.rows["mapq"].mean())
            supports.append(Support(_carriers(found, h, locus), informative, low, mapq))
    return result, scored


def _carriers(found: Scored, h: int, locus: Locus) -> np.ndarray:
    """Return the fragments that carry a haplotype, ROW array."""
    mine = np.flatnonzero(found.sure & (found.best == h) & found.clear[h])
    # The class of a fragment is that of the read that tells its haplotype best.
    who = found.teller[mine]
    out = np.zeros(len(mine), dtype=ROW)
    out["frag"] = found.frags[mine]
    out["group"] = 4
    out["cls"] = strand_class(found.rows["flag"][who])
    offset = found.offsets[who, h] - found.first[who]
    # Distance from the event's start on the haplotype to the nearer end of the read.
    event = locus.alleles[h - 1].pos - locus.origin - offset
    out["dist"] = np.clip(np.minimum(event, found.rows["length"][who] - 1 - event), 0, 32000)
    out["cycle"] = np.clip(event, 0, 32000)
    out["mapq"] = found.rows["mapq"][who]
    out["mismatches"] = found.misses[who, h]
    out["score"] = found.lead[mine]
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
    lean &= found.clear[best, np.arange(len(best))]
    moved = lean[position] & (best[position] > 0)
    _explain(
        p,
        found.chosen[moved],
        (best[position] * locus.grounds)[moved],
        at[moved].astype(np.int64),
        (found.first[moved], found.last[moved]),
        locus.joined,
        locus.starts,
        locus.lengths,
    )


def gains_of(alleles: list[Allele]) -> list[int]:
    """Return the bases that each haplotype gains, the reference first."""
    return [0] + [a.shift for a in alleles]


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
    starts = bias.of(h)
    if not fixed:
        return [bias.number(s, p.templates) for s in starts]
    pos, end, reverse = clipped_span(found.rows)
    result = []
    for usable, gain in zip(starts, gains_of(locus.alleles), strict=True):
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
    mine = found.clear[h] & ((found.sure & (found.best == h)) | found.excludes(h))
    cls = strand_class(found.rows["flag"][found.teller[mine]])
    counted = np.bincount(found.best[mine] * CLASSES + cls, minlength=len(weights) * CLASSES)
    counted = counted.reshape(-1, CLASSES)
    scale = np.array([weights[h] / w if w > 0 else 1.0 for w in weights])
    scale[h] = 1.0
    if fixed or weights[0] >= weights[h] / 2:
        return scale @ counted
    # Few of the reference are informative, or none: the depth of a duplication is the fragments
    # that cross either end of the duplicated segment.
    rows = found.rows
    length = p.templates.length
    overlap = min(DUPLICATION_OVERLAP, length // 4)
    crossing = [
        len(np.unique(rows["frag"][(rows["pos"] <= x - overlap) & (rows["end"] >= x + overlap)]))
        for x in span
    ]
    cross = sampling_bias.informative_starts(
        np.ones(length - 2 * overlap + 1, dtype=bool), p.templates
    )
    total = max(counted[h].sum(), sum(crossing) / 2 * weights[h] / cross)
    rest = counted.sum(0) - counted[h]
    share = rest / rest.sum() if rest.sum() else np.array([0.25, 0.25, 0, 0.25, 0.25, 0])
    return counted[h] + share * (total - counted[h].sum())


def _distinct(
    alleles: list[Allele], piles: list[Pile], chunk: Chunk, reference: Reference
) -> list[Allele]:
    """Leave out alleles that are another one of the locus with a polymorphism beside it.

    Both would describe the same haplotype, and no fragment could prefer either.
    """
    start = min(a.pos for a in alleles) - 100
    end = max(a.end for a in alleles) + 100
    backgrounds = [set_ for set_ in _backgrounds(piles, chunk, start + 40, end - 40) if set_]
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
    piles: list[Pile], chunk: Chunk, start: int, end: int, most: int = 2
) -> list[tuple[tuple[int, int], ...]]:
    """Return the sets of common substitutions (position, base) of a span, none first.

    Common is a quarter of the fragments of all samples: polymorphisms, and clonal variants.
    """
    index = np.flatnonzero((chunk.positions() >= start) & (chunk.positions() < end))
    if not len(index):
        return [()]
    counts = sum(p.counts[index] for p in piles)
    depth = sum(p.total[index] for p in piles)
    at, base = np.nonzero(counts >= np.maximum(8, 0.25 * depth)[:, None])
    order = np.argsort(-counts[at, base], kind="stable")[:most]
    found = [(int(chunk.positions()[index[at[i]]]), int(base[i])) for i in order]
    sets: list[tuple[tuple[int, int], ...]] = [()]
    for change in found:
        sets += [(*s, change) for s in sets]
    return sets


def _explain(p, read, hap, offset, part, joined, starts, lengths) -> None:
    """Drop the mismatches that vanish once a read lies on the haplotype it belongs to.

    Parameters
    ----------
    p : Pile
    read, hap : int64, (reads,)
        Row of each read, and the haplotype it lies on.
    offset : (reads,)
        Where the first base of its part lies there.
    part : (first, last), each (reads,)
        The part of the read, as `kernels.segments` gives it.
    joined, starts, lengths
        The haplotypes, as in `kernels.score_reads`.
    """
    gone = explained(
        p.events.view(np.uint8),
        p.events.itemsize,
        len(p.reads.table),
        read,
        hap,
        offset,
        *part,
        joined,
        starts,
        lengths,
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
        max(len(p.events) / max(int(p.depth.sum()), 1), MISREAD) / 3 for p in piles
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
    alleles = sorted({a for a in proposed if chunk.owns(a.pos, a.end)} | set(forced))
    result = []
    for locus in _loci(alleles, reference):
        result += _settle(
            _distinct(locus, piles, chunk, reference), piles, chunk, reference, forced
        )
    for p in piles:
        p.recount(chunk)
    return sorted(result, key=lambda c: c.allele), crowded


def _loci(alleles: list[Allele], reference: Reference) -> list[list[Allele]]:
    """Group sorted alleles that are near each other."""
    loci: list[list[Allele]] = []
    reach = -1
    for allele in alleles:
        start, end = ambiguity(allele, reference)
        if loci and start <= reach + 3 and len(loci[-1]) < MAX_HAPLOTYPES:
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


def _in_cis(
    dropped: list[Allele],
    alleles: list[Allele],
    supports: list[list[Support]],
    reference: Reference,
) -> list[Allele]:
    """Return alleles without support, each with a common one of the locus beside it.

    A fragment that has both is like neither: an event on the chromosome of an inherited indel.
    """
    common = [
        a
        for a, support in zip(alleles, supports, strict=True)
        if any(s.alt >= max(MIN_FRAGMENTS, COMMON_INDEL * s.total) for s in support)
    ]
    found = []
    for allele in dropped:
        for other in common:
            first, last = sorted((allele, other), key=lambda a: (a.pos, a.end))
            if first is last or last.pos <= first.end:
                continue
            between = reference(allele.contig, first.end, last.pos)
            both = (first.ref + between + last.ref, first.alt + between + last.alt)
            found.append(left_align_to(Allele(allele.contig, first.pos, *both), reference))
    return [a for a in dict.fromkeys(found) if a not in alleles and not a.substitution]


def _settle(
    alleles: list[Allele],
    piles: list[Pile],
    chunk: Chunk,
    reference: Reference,
    forced: list[Allele],
    in_cis: bool = True,
) -> list[Candidate]:
    """Return the candidates of a locus; alleles that no fragments support are not compared.

    A noise allele may be so like a true one, or so long, that fragments of the true one, or of the
    reference, cannot be counted from it. With `in_cis`, those without support are compared together
    with a common one.
    """
    locus = Locus.of(alleles, piles, chunk, reference)
    supports, scored = realign(piles, locus)
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
    more = _in_cis(dropped, alleles, supports, reference) if in_cis else []
    if (kept or again) and len(kept) < len(alleles) > len(again):
        return [
            c
            for part in [*_loci(sorted([*kept, *more]), reference), *_loci(again, reference)]
            for c in _settle(part, piles, chunk, reference, forced, in_cis=False)
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
