"""What the fragments of a chunk say for and against each candidate allele."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from resistpanel.call import candidates
from resistpanel.call.alleles import Allele, ambiguity, haplotype
from resistpanel.call.kernels import bases_at, explained, score_reads, segments
from resistpanel.call.noise import GOOD, VARIANT_FRACTION, Tally, contexts, homopolymers
from resistpanel.call.reader import CLASSES, GROUP_OF, QUALITY_GROUPS, Reads, pileup
from resistpanel.call.reference import BASES, Reference, encode
from resistpanel.call.regions import Chunk

#: Log-likelihood by which a fragment must prefer one haplotype to count for it.
MARGIN = np.log(500)
#: Log odds from which a read is taken to lie on a haplotype other than the reference, so that
#: mismatches which vanish there are no evidence of a substitution.
LEAN = np.log(3)
#: Gaps of a read's alignment further than this from a locus are another event's.
FOREIGN = 8
#: Least rate at which a base is taken to be misread.
MISREAD = 1e-3
#: Haplotypes compared at one locus; beyond it the least supported are left to their own locus.
MAX_HAPLOTYPES = 10
#: A fragment that fits none of the haplotypes says nothing about them.
MAX_MISMATCHES = 0.1
#: Alleles that follow one within reach whose phase with it is told: where misaligned reads show
#: hundreds, phase would be both slow and meaningless.
MAX_PARTNERS = 25
#: Alleles of a chunk whose phase is told, the best supported: thirty are usual, 150 with damage.
MAX_PHASED = 200
#: Share of the commoner allele's fragments, in the samples that have such, that must carry both
#: for two to be one event: a new variant beside a polymorphism is none with it.
PHASED = 0.6

ROW = np.dtype(
    [
        ("frag", np.int32),
        ("base", np.uint8),
        ("group", np.uint8),
        ("cls", np.uint8),
        ("dist", np.int16),
        ("cycle", np.int16),
        ("mapq", np.int16),
        ("mismatches", np.int16),
        ("score", np.float32),
    ]
)


@dataclass
class Support:
    """One sample's evidence for one allele.

    Attributes
    ----------
    rows : ROW array, (k,)
        The fragments that carry the allele.
    depth : float64, (CLASSES, QUALITY_GROUPS)
        All informative fragments, by class; of an indel all in one quality group.
    low_mapq : int
        Reads over the position that were left out for their mapping quality.
    mapq : float
        Mean mapping quality of the reads over the position.
    """

    rows: np.ndarray
    depth: np.ndarray
    low_mapq: int = 0
    mapq: float = 60.0

    @property
    def alt(self) -> int:
        """Fragments with the allele."""
        return len(self.rows)

    @property
    def total(self) -> int:
        """Informative fragments."""
        return round(float(self.depth.sum()))


@dataclass
class Candidate:
    """An allele with the evidence of every sample.

    Attributes
    ----------
    allele : Allele
    support : list of Support, per sample
    context : int
        Trinucleotide context of a substitution, -1 if unknown.
    sites : list of str
        Identifiers of the forced site.
    forced : bool
    phase : list of (other allele, cis, trans), see `phase`
    kin : (samples,) or None
        Error probability of a fragment by way of another allele of the locus, see `_kin`.
    """

    allele: Allele
    support: list[Support]
    context: int = -1
    sites: list[str] = field(default_factory=list)
    forced: bool = False
    phase: list[tuple[Allele, int, int]] = field(default_factory=list)
    kin: np.ndarray | None = None


@dataclass
class Pile:
    """A chunk of one sample."""

    reads: Reads
    depth: np.ndarray
    cycles: np.ndarray
    deleted: np.ndarray
    events: np.ndarray
    indels: np.ndarray
    # 4 times the position in the chunk, plus the base, of each mismatch.
    key: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    total: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    counts: np.ndarray = field(default_factory=lambda: np.empty((0, 4), int))
    min_qual: int = 0

    @cached_property
    def spans(self) -> tuple[np.ndarray, np.ndarray, int]:
        """Starts and ends of the reads as arrays of their own, and the longest span."""
        table = self.reads.table
        start, end = table["pos"].astype(np.int64), table["end"].astype(np.int64)
        return start, end, int((end - start).max(initial=0))

    @cached_property
    def longest(self) -> int:
        """Bases of the longest read, 0 without reads."""
        return int(self.reads.table["length"].max(initial=0))

    @cached_property
    def frags(self) -> np.ndarray:
        """Fragment of each read, as an array of its own."""
        return np.ascontiguousarray(self.reads.table["frag"])

    def over(self, start: int, end: int) -> np.ndarray:
        """Return the rows of the reads that are aligned over all of [start, end).

        Reads are sorted by start: those that can reach a position are one stretch.
        """
        starts, ends, longest = self.spans
        first = np.searchsorted(starts, end - longest)
        last = np.searchsorted(starts, start, side="right")
        return first + np.flatnonzero(ends[first:last] >= end)

    def touching(self, start: int, end: int) -> np.ndarray:
        """Return the rows of the reads that touch [start, end), with their soft clips."""
        starts, _, longest = self.spans
        first = np.searchsorted(starts, start - longest - self.longest)
        last = np.searchsorted(starts, end + self.longest)
        near = self.reads.table[first:last]
        touches = (near["pos"] - near["lclip"] < end) & (near["end"] + near["rclip"] > start)
        return first + np.flatnonzero(touches)

    def recount(self, chunk: Chunk) -> None:
        """Index the mismatches and count them per position and base."""
        self.key = 4 * chunk.index(self.events["pos"]) + self.events["base"]
        self.counts = count(self.key, len(self.depth))


def count(key: np.ndarray, positions: int) -> np.ndarray:
    """Return how many mismatches there are by position and base, int64, (positions, 4)."""
    return np.bincount(key, minlength=4 * positions).reshape(-1, 4)


def pile(reads: Reads, chunk: Chunk, codes: np.ndarray, min_qual: int = 12) -> Pile:
    """Pile a chunk's reads up."""
    result = Pile(reads, *pileup(reads, chunk.starts, chunk.ends, codes, min_qual))
    result.min_qual = min_qual
    result.total = result.depth.sum((1, 2))
    result.recount(chunk)
    return result


def _fragment_scores(scores: np.ndarray, frags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum read scores (reads, haplotypes) to fragments; returns (fragments, sums)."""
    unique, inverse = np.unique(frags, return_inverse=True)
    sums = np.column_stack(
        [np.bincount(inverse, column, minlength=len(unique)) for column in scores.T]
    )
    return unique, sums


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
    backgrounds = _backgrounds(piles, chunk, start - 60, end + 60)
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
    lengths = np.array([len(h) for h in haps], dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    shifts = np.repeat([0] + [a.shift for a in alleles], len(backgrounds)).astype(np.int32)
    joined = np.concatenate(haps)
    result: list[list[Support]] = [[] for _ in alleles]
    for p in piles:
        table = p.reads.table
        chosen = p.touching(start, end)
        low = int(((p.reads.low_mapq[:, 0] < end) & (p.reads.low_mapq[:, 1] > start)).sum())
        if not len(chosen):
            for supports in result:
                supports.append(Support(np.empty(0, ROW), np.zeros((CLASSES, QUALITY_GROUPS)), low))
            continue
        first, last, left, right = segments(
            table.view(np.uint8), p.reads.cigars, chosen, start - FOREIGN, end + FOREIGN
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
        shape = (len(chosen), len(plain), len(backgrounds))
        ground = scores.reshape(shape).argmax(axis=2)
        taken = np.arange(len(plain)) * len(backgrounds) + ground
        scores, offsets, misses = (
            np.take_along_axis(x, taken, axis=1) for x in (scores, offsets, misses)
        )
        frags, sums = _fragment_scores(scores, rows["frag"])
        position = np.searchsorted(frags, rows["frag"])
        order = np.sort(sums, axis=1)
        best = sums.argmax(axis=1)
        bases = np.bincount(position, last - first, minlength=len(frags))
        missed = np.bincount(
            position, misses[np.arange(len(rows)), best[position]], minlength=len(frags)
        )
        fits = missed <= np.maximum(3, MAX_MISMATCHES * bases)
        sure = fits & (order[:, -1] - order[:, -2] >= MARGIN)
        # The class of a fragment is that of the read that tells its haplotype best.
        gap = scores[np.arange(len(rows)), best[position]] - scores[:, 0]
        gap = np.where(best[position] == 0, scores[:, 0] - scores[:, 1:].max(axis=1), gap)
        pick = np.lexsort((-gap, position))
        teller = pick[np.searchsorted(position[pick], np.arange(len(frags)))]
        flag, mapq = rows["flag"][teller], rows["mapq"][teller]
        reverse = (flag & 16) != 0
        mate = (flag & 64) != 0
        paired = (flag & 1) != 0
        f2r1 = np.where(paired, mate == reverse, reverse)
        cls = reverse.astype(int) + 3 * f2r1.astype(int)
        depth = np.zeros((CLASSES, QUALITY_GROUPS))
        depth[:, 4] = np.bincount(cls[sure], minlength=CLASSES)
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
            out["score"] = order[mine, -1] - order[mine, -2]
            informative = depth
            if alleles[h - 1].shift > 0:
                informative = _beside(rows, depth, spans[h - 1], len(mine))
            elif alleles[h - 1].shift < 0:
                told_reference = sure & (best == 0)
                mean = _crossing(rows[told_reference[position]], spans[h - 1])
                by_class = np.bincount(cls[told_reference], minlength=CLASSES)
                informative = depth.copy()
                informative[:, 4] -= by_class * max(0, 1 - mean / max(by_class.sum(), 1))
            supports.append(Support(out, informative, low, float(rows["mapq"].mean())))
        # By the allele alone: a polymorphism that the read carries too stays a mismatch.
        lies_on = best[position] * len(backgrounds)
        at = offsets[np.arange(len(rows)), best[position]]
        # A read between two haplotypes of the locus counts for neither, yet its mismatches are
        # explained as soon as it lies better on one of them than on the reference.
        lean = fits & (order[:, -1] - sums[:, 0] + _lean(best, sure, len(plain)) >= LEAN)
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


def _crossing(rows: np.ndarray, span: tuple[int, int]) -> float:
    """Return the fragments that cross one end of a deletion, the mean of its two ends.

    Fragments of the reference tell themselves at either end of the deleted segment, those of the
    deletion at one place only: counted without this, a deletion of the length of a read would
    seem half as frequent as it is.
    """
    crossing = [len(np.unique(rows["frag"][(rows["pos"] < x) & (rows["end"] > x)])) for x in span]
    return sum(crossing) / 2


def _beside(
    rows: np.ndarray, depth: np.ndarray, span: tuple[int, int], alt: int, overlap: int = 12
) -> np.ndarray:
    """Return the depth that a duplication's fragments are a fraction of.

    A duplication longer than a read leaves every read of the reference possible: nothing speaks
    against it but how few reads cross from one copy into the other. What they are a fraction
    of is the fragments that cross either end of the duplicated segment.
    """
    start, end = span
    crossing = [
        len(np.unique(rows["frag"][(rows["pos"] <= x - overlap) & (rows["end"] >= x + overlap)]))
        for x in (start, end)
    ]
    total = max(depth.sum(), alt, sum(crossing) / 2)
    if total <= depth.sum():
        return depth
    share = depth / depth.sum() if depth.sum() else np.zeros_like(depth)
    if not depth.sum():
        share[[0, 1, 3, 4], 4] = 0.25
    return share * total


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
            if allele in forced or sum(s.alt for s in support) >= candidates.MIN_FRAGMENTS:
                result.append(Candidate(allele, support, forced=allele in forced, kin=near))
    for p in piles:
        p.recount(chunk)
    return result, crowded


def _rows(p: Pile, index: int, base: int) -> np.ndarray:
    """Return the fragments of one sample that show `base` at a position of the chunk."""
    events = p.events[p.key == 4 * index + base]
    out = np.zeros(len(events), dtype=ROW)
    reads = p.reads.table[events["read"]]
    for name in ("frag", "base", "cls", "dist", "cycle"):
        out[name] = events[name]
    out["group"] = GROUP_OF[events["qual"]]
    out["mapq"] = reads["mapq"]
    out["mismatches"] = reads["mismatches"]
    return out


def _mapping(p: Pile, pos: int) -> tuple[int, float]:
    """Return the reads left out at a position, and the mean mapping quality of the others."""
    low = int(((p.reads.low_mapq[:, 0] <= pos) & (p.reads.low_mapq[:, 1] > pos)).sum())
    over = p.reads.table["mapq"][p.over(pos, pos + 1)]
    return low, float(over.mean()) if len(over) else 60.0


def _good(
    piles: list[Pile], common: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray], list[float]]:
    """Return counts, depths and rates of mismatches as of good bases alone, per sample.

    A few bases of low quality make most of the errors: without them, fewer fragments stand out.
    """
    counts, depths, rates = [], [], []
    for p in piles:
        good = GROUP_OF[p.events["qual"]] >= GOOD
        shown = count(p.key[good], len(p.depth))
        depth = p.depth[:, :, GOOD:].sum((1, 2))
        counts.append(shown)
        depths.append(depth)
        rates.append(max((shown.sum() - shown[common].sum()) / max(depth.sum(), 1), 1e-5))
    return counts, depths, rates


def substitution_candidates(
    piles: list[Pile],
    chunk: Chunk,
    codes: np.ndarray,
    context: np.ndarray,
    forced: list[Allele],
) -> list[Candidate]:
    """Return SNV and MNV candidates of a chunk with their evidence.

    Substitutions at adjacent positions, or with one base between, that are carried by the same
    fragments are one MNV; each single one stays a candidate of its own with the fragments that
    do not carry the other.
    """
    positions = chunk.positions()
    depths = [p.total for p in piles]
    common = np.zeros(piles[0].counts.shape, dtype=bool)
    for p, depth in zip(piles, depths, strict=True):
        common |= p.counts >= np.maximum(4, VARIANT_FRACTION * depth)[:, None]
    # Variants themselves are no measure of the noise that a candidate must exceed.
    noise = [
        max((len(p.events) - p.counts[common].sum()) / max(d.sum(), 1), 1e-5)
        for p, d in zip(piles, depths, strict=True)
    ]
    chosen = candidates.substitutions([p.counts for p in piles], depths, noise, codes)
    chosen |= candidates.substitutions(*_good(piles, common), codes)
    chosen = np.argwhere(chosen)
    singles: dict[tuple[int, int], list[np.ndarray]] = {
        (int(i), int(b)): [_rows(p, i, b) for p in piles] for i, b in chosen
    }
    result = []
    multiple, singles = _phase(singles, positions, piles)
    for run, rows, silent in multiple:
        first, last = run[0][0], run[-1][0]
        start = int(positions[first])
        alt = codes[first : last + 1].copy()
        for index, base in run:
            alt[index - first] = base
        allele = Allele(
            chunk.contig,
            start,
            "".join(BASES[c] for c in codes[first : last + 1]),
            "".join(BASES[c] for c in alt),
        )
        # A fragment is informative if it tells of the whole run: the thinnest position bounds that.
        support = []
        for s, (p, r) in enumerate(zip(piles, rows, strict=True)):
            depths = [p.depth[i].astype(float) for i in range(first, last + 1)]
            for (sample, index), part in silent.items():
                if sample == s:
                    np.add.at(depths[index - first], (part["cls"], part["group"]), -1)
            thinnest = min(depths, key=np.sum)
            support.append(Support(r, thinnest, *_mapping(p, start)))
        result.append(Candidate(allele, support))
    for (index, base), rows in singles.items():
        allele = Allele(chunk.contig, int(positions[index]), BASES[codes[index]], BASES[base])
        support = [
            Support(r, p.depth[index].astype(float), *_mapping(p, allele.pos))
            for p, r in zip(piles, rows, strict=True)
        ]
        result.append(Candidate(allele, support, int(context[index])))
    have = {c.allele for c in result}
    for allele in forced:
        if allele in have:
            continue
        larger = [c for c in result if _within(allele, c.allele)]
        result.append(_forced(piles, chunk, codes, context, allele, larger))
    return result


def _within(allele: Allele, larger: Allele) -> bool:
    """Return whether the changes of a substitution are part of those of a larger one."""
    start = allele.pos - larger.pos
    if start < 0 or allele.end > larger.end or allele == larger:
        return False
    there = larger.alt[start : start + len(allele.alt)]
    return all(a == t for r, a, t in zip(allele.ref, allele.alt, there, strict=True) if r != a)


def _forced(piles, chunk, codes, context, allele: Allele, larger: list[Candidate]) -> Candidate:
    """Return the evidence at a site that was asked for, whatever the reads propose.

    Fragments of a `larger` MNV, of which the allele is a part, do not carry the allele: another
    change of the codon is another change of the protein.
    """
    index = int(chunk.index(np.array([allele.pos]))[0])
    alt = encode(allele.alt)
    changed = [
        (index + k, int(b))
        for k, (r, b) in enumerate(zip(allele.ref, alt, strict=True))
        if BASES[b] != r
    ]
    support = []
    for s, p in enumerate(piles):
        rows = [_rows(p, i, b) for i, b in changed]
        keep = rows[0]
        for other in rows[1:]:
            keep = keep[_mask(p, other["frag"])[keep["frag"]]]
        for candidate in larger:
            keep = keep[~_mask(p, candidate.support[s].rows["frag"])[keep["frag"]]]
        span = range(index, index + len(alt))
        thinnest = min(span, key=lambda i, p=p: p.depth[i].sum())
        support.append(Support(keep, p.depth[thinnest].astype(float), *_mapping(p, allele.pos)))
    single = len(allele.ref) == 1
    return Candidate(allele, support, int(context[index]) if single else -1, forced=True)


def _mask(p: Pile, frags: np.ndarray) -> np.ndarray:
    """Return which of all fragments of the chunk are among `frags`, bool, (fragments,)."""
    mask = np.zeros(p.reads.n_fragments, dtype=bool)
    mask[frags] = True
    return mask


def _others(p: Pile, pos: int, base: int) -> np.ndarray:
    """Return which fragments show another base than `base` at a 0-based position, (fragments,).

    A base below the least quality shows nothing.
    """
    rows = p.over(pos, pos + 1)
    shown = bases_at(p.reads, rows, pos, p.min_qual)
    return _mask(p, p.frags[rows[(shown < 4) & (shown != base)]])


def _phase(singles, positions, piles):
    """Join neighbouring substitutions that the same fragments carry.

    Returns
    -------
    multiple : list of (run of (index, base), rows per sample of the fragments that carry all,
        {(sample, index): rows of the fragments that carry a part and do not tell of the rest})
    singles : what is left to each substitution alone
    """
    keys = sorted(singles)
    links: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for n, a in enumerate(keys):
        for b in keys[n + 1 :]:
            gap = positions[b[0]] - positions[a[0]]
            if gap > 2:
                break
            if gap == 0 or positions[b[0]] - positions[a[0]] != b[0] - a[0]:
                continue
            pairs = [
                (_mask(p, y["frag"])[x["frag"]].sum(), len(x), len(y))
                for p, x, y in zip(piles, singles[a], singles[b], strict=True)
            ]
            # A sample in which no fragment carries both shows errors, or another event.
            both, of_a, of_b = np.sum([p for p in pairs if p[0]] or [(0, 0, 0)], axis=0)
            more = max(of_a, of_b)
            if both >= candidates.MIN_FRAGMENTS and both >= PHASED * more:
                links.append((a, b))
    multiple = []
    runs: list[list[tuple[int, int]]] = []
    for a, b in links:
        for run in runs:
            if a in run and b not in run:
                run.append(b)
                break
        else:
            if not any(a in run and b in run for run in runs):
                runs.append([a, b])
    for run in runs:
        run.sort()
        rows = []
        for s in range(len(singles[run[0]])):
            keep = singles[run[0]][s]
            for other in run[1:]:
                keep = keep[_mask(piles[s], singles[other][s]["frag"])[keep["frag"]]]
            rows.append(keep)
        if sum(map(len, rows)) < candidates.MIN_FRAGMENTS:
            continue
        multiple.append((run, rows, {}))
    for run, rows, silent in multiple:
        for key in run:
            # What is left speaks for the substitution alone only if it shows another base at
            # the neighbour's place; where that place is not read, it may well be the MNV.
            neighbour = min((k for k in run if k != key), key=lambda k, key=key: abs(k[0] - key[0]))
            left_over = []
            for s, (p, r, joint) in enumerate(zip(piles, singles[key], rows, strict=True)):
                r = r[~_mask(p, joint["frag"])[r["frag"]]]
                shown = _others(p, int(positions[neighbour[0]]), neighbour[1])[r["frag"]]
                left_over.append(r[shown])
                silent[s, key[0]] = r[~shown]
            singles[key] = left_over
    left = {
        key: rows
        for key, rows in singles.items()
        if sum(map(len, rows)) >= candidates.MIN_FRAGMENTS
    }
    return multiple, left


def _tells(p: Pile, allele: Allele) -> np.ndarray:
    """Return which fragments would tell if they lacked an allele, bool, (fragments,)."""
    if allele.substitution and len(allele.ref) == 1:
        return _others(p, allele.pos, BASES.index(allele.alt))
    return _mask(p, p.frags[p.over(allele.pos - 4, allele.end + 4)])


def phase(
    piles: list[Pile], found: list[Candidate], normal: int | None, reach: int = 600, least: int = 5
) -> None:
    """Note which candidates the same fragments carry: in cis, or on different copies.

    Parameters
    ----------
    piles : per sample
    found : candidates of the chunk; their `phase` is filled with (other allele, cis, trans),
        fragments of all samples together
    normal : int or None
        Alleles that a fifth of the normal's fragments carry are left out: they are germline.
    reach : int
        Bases between two alleles that a fragment can span.
    least : int
        Fragments that either allele must have.
    """

    def new(c: Candidate) -> bool:
        own = None if normal is None else c.support[normal]
        return sum(s.alt for s in c.support) >= least and (
            own is None or own.alt < 0.2 * max(own.total, 1)
        )

    most = sorted(filter(new, found), key=lambda c: -sum(s.alt for s in c.support))[:MAX_PHASED]
    kept = sorted(most, key=lambda c: c.allele)
    # Of every candidate and sample: the fragments that carry it, and those that could deny it.
    known: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}

    def told(n: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        if n not in known:
            known[n] = []
            for p, support in zip(piles, kept[n].support, strict=True):
                frags = np.unique(support.rows["frag"])
                known[n].append((frags, _mask(p, frags), _tells(p, kept[n].allele)))
        return known[n]

    for n, a in enumerate(kept):
        for m, b in enumerate(kept[n + 1 : n + 1 + MAX_PARTNERS], n + 1):
            if b.allele.pos - a.allele.end > reach:
                break
            if b.allele.pos < a.allele.end:
                continue  # two alleles of one place exclude each other
            cis = only_a = only_b = 0
            for (fa, has_a, tells_a), (fb, has_b, tells_b) in zip(told(n), told(m), strict=True):
                cis += int(has_b[fa].sum())
                only_a += int((tells_b[fa] & ~has_b[fa]).sum())
                only_b += int((tells_a[fb] & ~has_a[fb]).sum())
            if cis + only_a + only_b:
                a.phase.append((b.allele, cis, only_a))
                b.phase.append((a.allele, cis, only_b))
        known.pop(n, None)


def tally(
    tallies: list[Tally], piles: list[Pile], chunk: Chunk, codes: np.ndarray, context: np.ndarray
) -> None:
    """Add a chunk to the samples' error tallies."""
    starts, runs = homopolymers(codes)
    for t, p in zip(tallies, piles, strict=True):
        counts = []
        for length in (-1, 1):
            shown = p.indels[p.indels["length"] == length]
            # Once per fragment, though both mates may show it.
            frag = p.reads.table["frag"][shown["read"]]
            at = chunk.index(np.unique(shown["pos"].astype(np.int64) << 32 | frag) >> 32)
            counts.append(np.bincount(at[at >= 0], minlength=len(codes)))
        t.add_slips(starts, runs, p.total, *counts)
    variant = np.zeros(piles[0].counts.shape, dtype=bool)
    for p in piles:
        variant |= p.counts >= np.maximum(4, VARIANT_FRACTION * p.total)[:, None]
    for t, p in zip(tallies, piles, strict=True):
        t.add(context, p.key >> 2, p.depth, p.cycles, p.events, GROUP_OF[p.events["qual"]], variant)


def context_of(chunk: Chunk, reference: Reference) -> np.ndarray:
    """Return the trinucleotide context of every position of a chunk."""
    return np.concatenate(
        [
            contexts(reference.codes(chunk.contig, int(a) - 1, int(b) + 1))
            for a, b in zip(chunk.starts, chunk.ends, strict=True)
        ]
    )
