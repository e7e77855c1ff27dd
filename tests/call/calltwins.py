"""Plain-Python twins of the compiled parts: slow, short, and written from their docstrings."""

import math
from collections import Counter

import pysam

from resistpanel.call.io.pileup import CYCLE_BINS, CYCLE_WIDTH, QUALITY_EDGES

UNUSABLE = 0x4 | 0x100 | 0x200 | 0x400 | 0x800


def usable(path, regions, min_mapq=20, reference=None):
    """Return (reads taken, reads left out for mapping quality) over regions, as pysam reads.

    In the order of the file; a read counts if it overlaps any of the regions, and has qualities.
    """
    taken, low = [], []
    with pysam.AlignmentFile(str(path), reference_filename=reference) as handle:
        for read in handle.fetch(until_eof=True):
            if read.is_unmapped or not any(
                read.reference_name == contig
                and read.reference_start < end
                and read.reference_end > start
                for contig, start, end in regions
            ):
                continue
            if read.flag & UNUSABLE:
                continue
            if read.mapping_quality < min_mapq:
                low.append(read)
            elif read.query_qualities is not None:
                taken.append(read)
    return taken, low


def overlapping(reads, contig, start, end):
    """Return the reads that overlap a span."""
    return [
        r
        for r in reads
        if r.reference_name == contig and r.reference_start < end and r.reference_end > start
    ]


def group(quality: int) -> int:
    """Return the quality group."""
    return next(k for k, edge in enumerate(QUALITY_EDGES) if quality < edge)


def columns(read) -> dict[int, tuple[str, int, int] | None]:
    """Return {reference position: (base, quality, query position)}; None = deleted, skipped."""
    sequence, quality = read.query_sequence, list(read.query_qualities)
    found = {}
    for q, p in read.get_aligned_pairs():
        if p is not None:
            found[p] = None if q is None else (sequence[q], quality[q], q)
    return found


def fragments(reads):
    """Return [[read, mate or None]] in order of appearance, mates found by name."""
    by_name: dict[str, list] = {}
    for read in reads:
        pair = by_name.setdefault(read.query_name, [read, None])
        if pair[0] is read or pair[1] is not None:
            continue
        if not read.is_paired or read.is_read1 != pair[0].is_read1:
            pair[1] = read
    return list(by_name.values())


def orientation(read) -> int:
    """Return 0 for F1R2, 3 for F2R1, of the fragment whose first record this is."""
    if not read.is_paired:
        return 3 if read.is_reverse else 0
    first_is_reverse = read.is_reverse if read.is_read1 else not read.is_reverse
    return 3 if first_is_reverse else 0


def clips(read) -> tuple[int, int]:
    """Return the soft-clipped bases at the left and the right."""
    ops = [c for c in read.cigartuples if c[0] != 5]
    left = ops[0][1] if ops[0][0] == 4 else 0
    right = ops[-1][1] if ops[-1][0] == 4 and len(ops) > 1 else 0
    return left, right


def observed(ours, theirs, min_qual):
    """Return what two mates over one position say together.

    Parameters
    ----------
    ours, theirs : (base, quality, query position) or None where the read deletes the position

    Returns
    -------
    (base, quality, query position, mate that tells 0 or 1, strands agree) or None or "deleted"
    """
    if ours is None and theirs is None:
        return "deleted"
    if ours is None or theirs is None:
        return None
    good = [x[0] in "ACGT" and x[1] >= min_qual for x in (ours, theirs)]
    if not good[1]:
        return (*ours, 0, False) if good[0] else None
    if not good[0]:
        return (*theirs, 1, False)
    if ours[0] == theirs[0]:
        better = int(theirs[1] > ours[1])
        return ours[0], min(60, ours[1] + theirs[1]), (ours, theirs)[better][2], better, True
    if ours[1] >= theirs[1] + 20:
        kept = (ours[0], ours[1] - theirs[1], ours[2], 0, False)
    elif theirs[1] >= ours[1] + 20:
        kept = (theirs[0], theirs[1] - ours[1], theirs[2], 1, False)
    else:
        return None
    return kept if kept[1] >= min_qual else None


def pile(reads, positions: dict[int, str], min_qual: int = 12):
    """Pile reads up.

    Parameters
    ----------
    reads : list of pysam.AlignedSegment
        Those of a chunk.
    positions : {position: reference base}

    Returns
    -------
    depth : Counter of (position, class, quality group)
    cycles : Counter of the cycle's bin
    deleted : Counter of position
    events : sorted list of (pos, fragment, read, qpos, dist, base, qual, class, ref, cycle)
    indels : sorted list of (pos, length, read, qpos)
    mismatches : Counter of read
    """
    depth, cycles, deleted, mismatches = Counter(), Counter(), Counter(), Counter()
    events = []
    number = {id(r): i for i, r in enumerate(reads)}
    for f, pair in enumerate(fragments(reads)):
        shown = [columns(r) if r is not None else {} for r in pair]
        for p in sorted(set(shown[0]) | set(shown[1])):
            if p not in positions:
                continue
            if p in shown[0] and p in shown[1]:
                seen = observed(shown[0][p], shown[1][p], min_qual)
            else:
                which = 0 if p in shown[0] else 1
                alone = shown[which][p]
                if alone is None:
                    seen = "deleted"
                elif alone[0] in "ACGT" and alone[1] >= min_qual:
                    seen = (*alone, which, False)
                else:
                    seen = None
            if seen is None:
                continue
            if seen == "deleted":
                deleted[p] += 1
                continue
            base, quality, q, which, agree = seen
            read = pair[which]
            cls = orientation(pair[0]) + (2 if agree else int(read.is_reverse))
            depth[p, cls, group(quality)] += 1
            cycle = read.query_length - 1 - q if read.is_reverse else q
            cycles[min(cycle // CYCLE_WIDTH, CYCLE_BINS - 1)] += 1
            if base != positions[p] and positions[p] in "ACGT":
                left, right = clips(read)
                dist = min(q - left, read.query_length - 1 - q - right)
                if agree:
                    mate, at = pair[1 - which], shown[1 - which][p][2]
                    left, right = clips(mate)
                    dist = max(dist, min(at - left, mate.query_length - 1 - at - right))
                i = number[id(read)]
                mismatches[i] += 1
                ref = "ACGT".index(positions[p])
                events.append((p, f, i, q, dist, "ACGT".index(base), quality, cls, ref, cycle))
    indels = []
    for i, read in enumerate(reads):
        p, q = read.reference_start, 0
        for op, length in read.cigartuples:
            if op in (1, 2):
                indels.append((p, length if op == 1 else -length, i, q))
            p += length if op in (0, 2, 3, 7, 8) else 0
            q += length if op in (0, 1, 4, 7, 8) else 0
    return depth, cycles, deleted, sorted(events), sorted(indels), mismatches


def placed(read: str, quality: list[int], hap: str, offset: int) -> tuple[float, int]:
    """Return (log-likelihood, mismatches) of a read laid on a haplotype without a gap."""
    score, wrong = 0.0, 0
    for i, (base, q) in enumerate(zip(read, quality, strict=True)):
        error = 10 ** (-min(max(q, 5), 35) / 10)
        j = offset + i
        there = hap[j] if 0 <= j < len(hap) else "N"
        if base not in "ACGT" or there not in "ACGT" or base == there:
            score += math.log(1 - error)
        else:
            score += math.log(error / 3)
            wrong += 1
    return score, wrong
