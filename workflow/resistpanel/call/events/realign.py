"""Indels and complex events: reads realigned to the haplotypes of a locus."""

import numpy as np

from resistpanel.call.assay import same_ends
from resistpanel.call.call_constants import (
    DUPLICATION_OVERLAP,
    FIXED_ENDS,
    HAPLOTYPE_ODDS,
    MAX_HAPLOTYPES,
    MAX_MISMATCHES,
    MIN_FRAGMENTS,
    MISREAD,
    OTHER_EVENT,
    OTHER_HAPLOTYPE_ODDS,
    POLYMORPHISM_REACH,
)
from resistpanel.call.candidates import propose as candidates
from resistpanel.call.io.evidence import ROW, Candidate, Pile, Support, strand_class
from resistpanel.call.io.pileup import CLASSES, QUALITY_GROUPS
from resistpanel.call.io.regions import Chunk
from resistpanel.call.kernels import explained, fragments, score_reads, segments
from resistpanel.call.model import sampling_bias as opportunity
from resistpanel.core.allele import Allele, ambiguity, concatenated, haplotype
from resistpanel.core.reference import Reference

MARGIN = np.log(HAPLOTYPE_ODDS)
LEAN = np.log(OTHER_HAPLOTYPE_ODDS)


def realign(
    piles: list[Pile], alleles: list[Allele], chunk: Chunk, reference: Reference
) -> list[list[Support]]:
    """Realign the reads at one locus to the haplotypes and count the fragments of each.

    Parameters
    ----------
    piles : per sample; the mismatches that an indel haplotype explains are removed from them
    alleles : the locus's alleles, near each other

    Returns
    -------
    list of list of Support
        Per allele, per sample.
    """
    contig = alleles[0].contig
    spans = [ambiguity(a, reference) for a in alleles]
    start, end = min(s for s, _ in spans), max(e for _, e in spans)
    longest = max((p.longest for p in piles if p.longest), default=100)
    reach = longest + max(abs(a.shift) for a in alleles) + 20
    origin, stop = start - reach, end + reach
    # Every haplotype also with the polymorphisms nearby: a read must not be judged by them.
    near = min(POLYMORPHISM_REACH, reach)
    backgrounds = _backgrounds(piles, chunk, start - near, end + near)
    plain = [reference.codes(contig, origin, stop)]
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
    joined, starts, lengths = concatenated(haps)
    shifts = np.repeat([0] + [a.shift for a in alleles], len(backgrounds)).astype(np.int32)
    tells: dict[int, list[np.ndarray]] = {}
    result: list[list[Support]] = [[] for _ in alleles]
    for p in piles:
        table = p.reads.table
        chosen = p.touching(start, end)
        low = int(((p.reads.low_mapq[:, 0] < end) & (p.reads.low_mapq[:, 1] > start)).sum())
        # An allele that a fragment's primer covers, whole or in part, is not the sample's.
        chosen = chosen[(table["low"][chosen] < start) & (table["high"][chosen] > end)]
        if not len(chosen):
            for supports in result:
                supports.append(Support(np.empty(0, ROW), np.zeros((CLASSES, QUALITY_GROUPS)), low))
            continue
        first, last, left, right = segments(
            table.view(np.uint8), p.reads.cigars, chosen, start - OTHER_EVENT, end + OTHER_EVENT
        )
        held = last > first
        chosen, first, last, left, right = (x[held] for x in (chosen, first, last, left, right))
        rows = table[chosen]
        scores, offsets, misses = score_reads(
            rows["seq"] + first,
            last - first,
            left,
            right,
            p.reads.bases,
            p.reads.quals,
            joined,
            starts,
            lengths,
            shifts,
            origin,
        )
        if len(backgrounds) > 1:
            shape = (len(chosen), len(plain), len(backgrounds))
            ground = scores.reshape(shape).argmax(axis=2)
            taken = np.arange(len(plain)) * len(backgrounds) + ground
            scores, offsets, misses = (
                np.take_along_axis(x, taken, axis=1) for x in (scores, offsets, misses)
            )
        frags, position, sums, best, lead, missed, bases, teller = fragments(
            np.ascontiguousarray(rows["frag"]), scores, misses, last - first
        )
        fits = missed <= np.maximum(3, MAX_MISMATCHES * bases)
        sure = fits & (lead >= MARGIN)
        # The class of a fragment is that of the read that tells its haplotype best.
        cls, mapq = strand_class(rows["flag"][teller]), rows["mapq"][teller]
        told = np.bincount(
            best[sure] * CLASSES + cls[sure], minlength=len(plain) * CLASSES
        ).reshape(-1, CLASSES)
        length = p.templates.length
        if length not in tells:
            tells[length] = opportunity.informative(plain, gains_of(alleles), length, MARGIN)
        if _fixed(rows):
            weights = _tellers(rows, frags, position, tells[length], gains_of(alleles), origin)
        else:
            weights = [opportunity.places(t, p.templates) for t in tells[length]]
        for h, supports in enumerate(result, 1):
            mine = np.flatnonzero(sure & (best == h))
            out = np.zeros(len(mine), dtype=ROW)
            out["frag"] = frags[mine]
            out["group"] = 4
            out["cls"] = cls[mine]
            who = teller[mine]
            offset = offsets[who, h] - first[who]
            # Distance from the event's start on the haplotype to the nearer end of the read.
            event = alleles[h - 1].pos - origin - offset
            out["dist"] = np.clip(np.minimum(event, rows["length"][who] - 1 - event), 0, 32000)
            out["cycle"] = np.clip(event, 0, 32000)
            out["mapq"] = mapq[mine]
            out["mismatches"] = misses[who, h]
            out["score"] = lead[mine]
            informative = np.zeros((CLASSES, QUALITY_GROUPS))
            informative[:, 4] = _depth(h, told, weights, rows, spans[h - 1], p)
            supports.append(Support(out, informative, low, float(rows["mapq"].mean())))
        # By the allele alone: a polymorphism that the read carries too stays a mismatch.
        lies_on = best[position] * len(backgrounds)
        at = offsets[np.arange(len(rows)), best[position]]
        # A read between two haplotypes of the locus counts for neither, yet its mismatches are
        # explained as soon as it lies better on one of them than on the reference.
        ahead = sums[np.arange(len(frags)), best] - sums[:, 0]
        lean = fits & (ahead + _lean(best, sure, len(plain)) >= LEAN)
        moved = lean[position] & (best[position] > 0)
        part = first[moved], last[moved]
        _explain(
            p,
            chosen[moved],
            lies_on[moved],
            at[moved].astype(np.int64),
            part,
            joined,
            starts,
            lengths,
        )
    return result


def gains_of(alleles: list[Allele]) -> list[int]:
    """Return the bases that each haplotype gains, the reference first."""
    return [0] + [a.shift for a in alleles]


def _span(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the reference span of reads with their soft clips, and which are reverse."""
    pos = rows["pos"].astype(np.int64) - rows["lclip"]
    end = rows["end"].astype(np.int64) + rows["rclip"]
    return pos, end, (rows["flag"] & 16) != 0


def _fixed(rows: np.ndarray) -> bool:
    """Return whether the reads of a locus begin at a few bases, as those of amplicons."""
    same, pairs = same_ends(*_span(rows))
    return pairs > 0 and same >= FIXED_ENDS * pairs


def _tellers(
    rows: np.ndarray,
    frags: np.ndarray,
    position: np.ndarray,
    tells: list[np.ndarray],
    gains: list[int],
    origin: int,
) -> list[float]:
    """Return how many of the locus's fragments would tell each haplotype if they came from it.

    Where fragments have fixed ends, these take the place of all possible ones: the forward read of
    an amplicon begins at the same base whatever the allele, the reverse read ends at the same.

    Parameters
    ----------
    rows : reads of the locus
    frags, position : as `kernels.fragments` returns them
    tells : per haplotype, bool, by the first base of a read there
    gains : per haplotype, bases gained
    origin : position of the haplotypes' first base
    """
    pos, end, reverse = _span(rows)
    result = []
    for told, gain in zip(tells, gains, strict=True):
        at = np.where(reverse, end - rows["length"] + gain, pos) - origin
        valid = (at >= 0) & (at < len(told))
        shown = np.zeros(len(rows), dtype=bool)
        shown[valid] = told[at[valid]]
        by_fragment = np.zeros(len(frags), dtype=bool)
        by_fragment[position[shown]] = True
        result.append(float(by_fragment.sum()))
    return result


def _lean(best: np.ndarray, sure: np.ndarray, haplotypes: int) -> np.ndarray:
    """Return the log odds of each fragment's best haplotype against the reference, a priori.

    By the fragments that are sure: where a patient's both copies carry an insertion, what cannot
    tell is not likely to come from the reference.

    Parameters
    ----------
    best, sure : (fragments,)
    haplotypes : int
    """
    number = np.bincount(best[sure], minlength=haplotypes) + 1.0
    return np.log(number[best] / number[0])


def _depth(
    h: int,
    told: np.ndarray,
    weights: list[float],
    rows: np.ndarray,
    span: tuple[int, int],
    p: Pile,
) -> np.ndarray:
    """Return the fragments that an allele's are a fraction of, float64, (CLASSES,).

    A fragment tells of a longer haplotype from more places than of a shorter one, of a deletion
    at one place and of the reference at either end of it, and of a duplication hardly ever that
    it is not there. So fragments of other haplotypes count as many times as one of the allele
    tells from more places than they do; then the allele's share is its frequency.

    Parameters
    ----------
    h : int
        The allele's haplotype.
    told : (haplotypes, CLASSES)
        Fragments that tell.
    weights : (haplotypes,)
        Places from which one does, `opportunity.places`.
    rows
        The reads of the locus.
    span : (start, end)
        Reference positions between which the allele can be placed.
    p : Pile
    """
    scale = np.array([weights[h] / w if w > 0 else 1.0 for w in weights])
    scale[h] = 1.0
    if weights[0] >= weights[h] / 2:
        return scale @ told
    # Few of the reference tell, or none: what a duplication's are a fraction of is the fragments
    # that cross either end of the duplicated segment.
    length = p.templates.length
    overlap = min(DUPLICATION_OVERLAP, length // 4)
    crossing = [
        len(np.unique(rows["frag"][(rows["pos"] <= x - overlap) & (rows["end"] >= x + overlap)]))
        for x in span
    ]
    if _fixed(rows):
        return scale @ told
    cross = opportunity.places(np.ones(length - 2 * overlap + 1, dtype=bool), p.templates)
    total = max(told[h].sum(), sum(crossing) / 2 * weights[h] / cross)
    rest = told.sum(0) - told[h]
    share = rest / rest.sum() if rest.sum() else np.array([0.25, 0.25, 0, 0.25, 0.25, 0])
    return told[h] + share * (total - told[h].sum())


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


def _kin(
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
    result = []
    for locus in loci:
        locus = _distinct(locus, piles, chunk, reference)
        supports = realign(piles, locus, chunk, reference)
        kin = _kin(locus, supports, piles, reference)
        for allele, support, near in zip(locus, supports, kin, strict=True):
            if allele in forced or sum(s.alt for s in support) >= MIN_FRAGMENTS:
                result.append(Candidate(allele, support, forced=allele in forced, kin=near))
    for p in piles:
        p.recount(chunk)
    return result, crowded
