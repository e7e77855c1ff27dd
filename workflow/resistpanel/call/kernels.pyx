# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Compiled likelihoods of reads given haplotypes.

Coordinates of a haplotype count from its first base. Base codes: A, C, G, T = 0..3, else 4.
"""

import numpy as np

from libc.math cimport log, pow
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy
from resistpanel.call.io.pileup cimport Event
from resistpanel.call.io.reader cimport Read

cdef double MATCH[256]
cdef double MISMATCH[256]
cdef int _q
for _q in range(256):
    # The quality is held between 5 and 35: a single base never decides alone, since a fragment
    # can carry an error that its quality does not know of.
    _e = pow(10.0, -min(max(_q, 5), 35) / 10.0)
    MATCH[_q] = log(1 - _e)
    MISMATCH[_q] = log(_e / 3)


cdef double place(const uint8_t *bases, const uint8_t *quals, int32_t length, double whole,
                  const uint8_t *hap, int32_t hap_length, int32_t offset,
                  double stop, int32_t *mismatches) noexcept nogil:
    """Log-likelihood of a read laid on a haplotype without a gap; gives up below `stop`.

    Bases beyond the haplotype or against an N are neutral: they score as a match. `whole` is the
    score of a read without a mismatch. Eight bases are compared at once: hardly any differ.
    """
    cdef double score = whole
    cdef int32_t i = -offset if offset < 0 else 0, n = 0, k
    cdef int32_t end = length if length < hap_length - offset else hap_length - offset
    cdef uint64_t x, y
    while i < end:
        if i + 8 <= end:
            memcpy(&x, bases + i, 8)
            memcpy(&y, hap + offset + i, 8)
            if x == y:
                i += 8
                continue
        for k in range(i, i + 8 if i + 8 <= end else end):
            if bases[k] != hap[offset + k] and bases[k] <= 3 and hap[offset + k] <= 3:
                score += MISMATCH[quals[k]] - MATCH[quals[k]]
                n += 1
        if score < stop:
            break
        i += 8
    mismatches[0] = n
    return score


cdef const Read *rows_of(const uint8_t[::1] table) noexcept:
    return <const Read *>&table[0] if table.shape[0] else NULL


def bases_at(reads, const int64_t[::1] rows, int64_t pos, int min_qual):
    """Return the base that each read shows at a position of the reference.

    Parameters
    ----------
    reads : reader.Reads
    rows : int64, (n,)
        Rows of its table.
    pos : int
        0-based.
    min_qual : int
        Bases below it are unknown.

    Returns
    -------
    uint8, (n,)
        Base code; 4 where the base is unknown, 5 where the read has none there.
    """
    cdef int64_t n = rows.shape[0], i, p, q
    cdef int32_t k, op, length
    shown = np.full(n, 5, dtype=np.uint8)
    if not n:
        return shown
    cdef uint8_t[::1] out = shown
    cdef const uint8_t[::1] bases = reads.bases, quals = reads.quals
    cdef const uint32_t[::1] cigars = reads.cigars
    cdef const Read *table = rows_of(reads.table.view(np.uint8))
    cdef const Read *row
    with nogil:
        for i in range(n):
            row = table + rows[i]
            p, q = row.pos, row.seq
            for k in range(row.n_cigar):
                op = cigars[row.cigar + k] & 15
                length = cigars[row.cigar + k] >> 4
                if op == 0 or op == 7 or op == 8:
                    if p <= pos < p + length:
                        q += pos - p
                        out[i] = bases[q] if quals[q] >= min_qual else 4
                        break
                    p += length
                    q += length
                elif op == 1 or op == 4:
                    q += length
                elif op == 2 or op == 3:
                    p += length
    return shown


def words(reads, const int64_t[::1] rows, int64_t start, const uint8_t[::1] ref,
          const uint8_t[:, ::1] common):
    """Return what reads show between two positions of the reference.

    Mismatches that are common, and unknown bases, are shown as the reference has them.

    Parameters
    ----------
    reads : reader.Reads
    rows : int64, (n,)
        Rows of its table.
    start : int
        0-based.
    ref : uint8, (span,)
        Base codes of the reference from `start` on.
    common : uint8, (span, 4)
        1 where a base is common at a position.

    Returns
    -------
    list of bytes or None, (n,)
        Base codes, inserted ones included; None where the read is not aligned at both ends of
        the span.
    """
    cdef int64_t stop = start + ref.shape[0], i, p, q, at, x
    cdef int32_t k, op, length, n
    cdef uint8_t base
    cdef bint whole
    cdef const uint8_t[::1] bases = reads.bases
    cdef const uint32_t[::1] cigars = reads.cigars
    cdef const Read *table = rows_of(reads.table.view(np.uint8))
    cdef const Read *row
    cdef uint8_t[::1] word
    out = []
    for i in range(rows.shape[0]):
        row = table + rows[i]
        if row.pos > start or row.end < stop:
            out.append(None)
            continue
        word = np.empty(ref.shape[0] + row.length, dtype=np.uint8)
        p, q, n, whole = row.pos, row.seq, 0, True
        for k in range(row.n_cigar):
            op = cigars[row.cigar + k] & 15
            length = cigars[row.cigar + k] >> 4
            if op == 0 or op == 7 or op == 8:
                for x in range(max(start, p), min(stop, p + length)):
                    base = bases[q + x - p]
                    at = x - start
                    if base > 3 or (base != ref[at] and common[at, base]):
                        base = ref[at]
                    word[n] = base
                    n += 1
                p += length
                q += length
            elif op == 1:
                if start < p < stop:
                    for x in range(length):
                        word[n] = bases[q + x]
                        n += 1
                q += length
            elif op == 2 or op == 3:
                if p <= start < p + length or p < stop <= p + length:
                    whole = False
                    break
                p += length
            elif op == 4:
                q += length
        out.append(bytes(word[:n]) if whole else None)
    return out


def segments(const uint8_t[::1] table, const uint32_t[::1] cigars, const int64_t[::1] chosen, int64_t low,
             int64_t high):
    """Cut reads at the gaps of their own alignment that have nothing to do with a locus.

    A second insertion or deletion of the read, or a soft clip, further off than [low, high)
    would shift the rest of the read against every haplotype of the locus; the part of the read
    that reaches from the locus to there lies on its haplotype without a gap.

    Parameters
    ----------
    table : uint8
        The bytes of `reader.Reads.table`.
    cigars
        As there.
    chosen : int64, (n,)
        Rows of `table`.
    low, high : int
        The reference span, 0-based half-open, within which gaps belong to the locus.

    Returns
    -------
    first, last : int32, (n,)
        The part's bases in the read, half-open.
    left, right : int64, (n,)
        Reference positions of the part's first base, and of the end of its last, as aligned.
    """
    cdef int64_t n = chosen.shape[0], i, p, before
    cdef int32_t k, q, op, length, q0, q1, tail
    first_array = np.empty(n, dtype=np.int32)
    last_array = np.empty(n, dtype=np.int32)
    left_array = np.empty(n, dtype=np.int64)
    right_array = np.empty(n, dtype=np.int64)
    cdef int32_t[::1] first = first_array, last = last_array
    cdef int64_t[::1] left = left_array, right = right_array
    cdef const Read *rows = rows_of(table)
    cdef const Read *row
    with nogil:
        for i in range(n):
            row = rows + chosen[i]
            p, q, q0, q1 = row.pos, 0, 0, row.length
            left[i], right[i], tail = p, -1, 0
            for k in range(row.n_cigar):
                op = cigars[row.cigar + k] & 15
                length = cigars[row.cigar + k] >> 4
                if op == 0 or op == 7 or op == 8:
                    p += length
                    q += length
                    continue
                if op == 5 or op == 6:
                    continue
                before = p
                if op == 2 or op == 3:
                    p += length
                else:
                    if op == 4:
                        if q == 0:
                            left[i] -= length
                        else:
                            tail = length
                    q += length
                if p <= low:
                    q0, left[i] = q, p
                elif before >= high:
                    q1 = q if op == 2 or op == 3 else q - length
                    right[i] = before
                    break
            if right[i] < 0:
                # A soft clip at the end reaches on as if it were aligned.
                right[i] = p + tail
            first[i], last[i] = q0, q1
    return first_array, last_array, left_array, right_array


def score_reads(const int64_t[::1] seqs, const int32_t[::1] lengths_read,
                const int64_t[::1] lefts, const int64_t[::1] rights,
                const uint8_t[::1] bases, const uint8_t[::1] quals,
                const uint8_t[::1] haplotypes, const int32_t[::1] starts,
                const int32_t[::1] lengths, const int32_t[::1] shifts, int64_t origin):
    """Score reads, or parts of reads, against haplotypes by their two ungapped placements.

    A read from a haplotype lies on it without a gap. Where it lies follows from either end of
    its alignment to the reference: from the left end if it is anchored left of the event, from
    the right end, shifted by what the haplotype gains or loses, if it is anchored right of it.

    Parameters
    ----------
    seqs : int64, (n,)
        Where each read's first base stands in `bases`.
    lengths_read : int32, (n,)
    lefts, rights : int64, (n,)
        Reference positions of the read's first base, and of the end of its last, as aligned.
    bases, quals : uint8
        As in `reader.Reads`.
    haplotypes : uint8
        All haplotypes, concatenated; the first is the reference.
    starts, lengths : int32, (haplotypes,)
        Where each lies in `haplotypes`.
    shifts : int32, (haplotypes,)
        Length gained over the reference.
    origin : int
        Reference position of the haplotypes' first base, 0-based.

    Returns
    -------
    score : float64, (n, haplotypes)
        Log-likelihood of the better placement.
    offset : int32, (n, haplotypes)
        Haplotype coordinate of the read's first base in that placement.
    mismatches : int32, (n, haplotypes)
    """
    cdef int64_t n = seqs.shape[0], i, seq
    cdef int32_t n_hap = starts.shape[0], h, left, right, length, miss_left, miss_right, k
    cdef double a, b, whole
    score_array = np.empty((n, n_hap), dtype=np.float64)
    offset_array = np.empty((n, n_hap), dtype=np.int32)
    mismatch_array = np.empty((n, n_hap), dtype=np.int32)
    cdef double[:, ::1] score = score_array
    cdef int32_t[:, ::1] offset = offset_array
    cdef int32_t[:, ::1] mismatch = mismatch_array
    with nogil:
        for i in range(n):
            length = lengths_read[i]
            seq = seqs[i]
            left = <int32_t>(lefts[i] - origin)
            whole = 0
            for k in range(length):
                whole += MATCH[quals[seq + k]]
            for h in range(n_hap):
                right = <int32_t>(rights[i] - length - origin) + shifts[h]
                a = place(&bases[seq], &quals[seq], length, whole, &haplotypes[starts[h]],
                          lengths[h], left, -1e9, &miss_left)
                offset[i, h] = left
                mismatch[i, h] = miss_left
                if right != left:
                    b = place(&bases[seq], &quals[seq], length, whole, &haplotypes[starts[h]],
                              lengths[h], right, a, &miss_right)
                    if b > a:
                        a = b
                        offset[i, h] = right
                        mismatch[i, h] = miss_right
                score[i, h] = a
    return score_array, offset_array, mismatch_array


def fragments(const int32_t[::1] frags, const double[:, ::1] scores,
              const int32_t[:, ::1] misses, const int32_t[::1] bases):
    """Sum the scores of reads to those of their fragments.

    Parameters
    ----------
    frags : int32, (n,)
        Fragment of each read.
    scores : float64, (n, haplotypes)
        At least two haplotypes, the reference first.
    misses : int32, (n, haplotypes)
    bases : int32, (n,)

    Returns
    -------
    fragment : int32, (m,)
        Sorted.
    position : int64, (n,)
        Where a read's fragment stands there.
    sums : float64, (m, haplotypes)
    best : int64, (m,)
        The likeliest haplotype, the first of equals.
    lead : float64, (m,)
        By which it is likelier than the second.
    missed, total : int64, (m,)
        Mismatches with it, and bases.
    teller : int64, (m,)
        The read that tells it best from the reference, or the reference from all others.
    """
    cdef int64_t n = frags.shape[0], m = 0, i, k
    cdef int64_t n_hap = scores.shape[1], h
    cdef int32_t low = frags[0], high = frags[0]
    cdef double top, second, gap, x
    for i in range(n):
        low, high = min(low, frags[i]), max(high, frags[i])
    slot_array = np.full(high - low + 1, -1, dtype=np.int64)
    position_array = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] slot = slot_array, position = position_array
    for i in range(n):
        slot[frags[i] - low] = 0
    for i in range(slot.shape[0]):
        if slot[i] == 0:
            slot[i] = m
            m += 1
    fragment_array = np.empty(m, dtype=np.int32)
    sums_array = np.zeros((m, n_hap))
    best_array = np.empty(m, dtype=np.int64)
    lead_array = np.empty(m)
    missed_array = np.zeros(m, dtype=np.int64)
    total_array = np.zeros(m, dtype=np.int64)
    teller_array = np.full(m, -1, dtype=np.int64)
    gaps_array = np.empty(m)
    cdef int32_t[::1] fragment = fragment_array
    cdef double[:, ::1] sums = sums_array
    cdef int64_t[::1] best = best_array, missed = missed_array, total = total_array
    cdef int64_t[::1] teller = teller_array
    cdef double[::1] lead = lead_array, gaps = gaps_array
    with nogil:
        for i in range(n):
            k = slot[frags[i] - low]
            position[i] = k
            fragment[k] = frags[i]
            total[k] += bases[i]
            for h in range(n_hap):
                sums[k, h] += scores[i, h]
        for k in range(m):
            best[k], top, second = 0, sums[k, 0], -1e300
            for h in range(1, n_hap):
                x = sums[k, h]
                if x > top:
                    best[k], second, top = h, top, x
                elif x > second:
                    second = x
            lead[k] = top - second
        for i in range(n):
            k = position[i]
            h = best[k]
            missed[k] += misses[i, h]
            if h:
                gap = scores[i, h] - scores[i, 0]
            else:
                second = scores[i, 1]
                for h in range(2, n_hap):
                    second = max(second, scores[i, h])
                gap = scores[i, 0] - second
            if teller[k] < 0 or gap > gaps[k]:
                teller[k], gaps[k] = i, gap
    return (fragment_array, position_array, sums_array, best_array, lead_array, missed_array,
            total_array, teller_array)


def explained(uint8_t[::1] events, int64_t size, int64_t n_reads, const int64_t[::1] read,
              const int64_t[::1] hap, const int64_t[::1] offset, const int32_t[::1] first,
              const int32_t[::1] last, const uint8_t[::1] haplotypes, const int32_t[::1] starts,
              const int32_t[::1] lengths, const int32_t[::1] places):
    """Return which mismatches vanish once their reads lie on the haplotypes they belong to.

    The others are moved to the position that they have there.

    Parameters
    ----------
    events : uint8
        `pileup.EVENT_DTYPE` rows of `size` bytes; `pos` is changed in place.
    n_reads : int
        Reads of the sample.
    read, hap : int64, (n,)
        Row of a read, and the haplotype it lies on.
    offset : int64, (n,)
        Where the first base of its part lies there.
    first, last : int32, (n,)
        The part, as `segments` gives it.
    haplotypes, starts, lengths
        As in `score_reads`.
    places : int32, (bases of all haplotypes,)
        Reference position of each base, -1 of those that an allele inserts. Mismatches there vanish
        as well, unless the base is a copy of that which the read is aligned to: what changes a
        duplicated base stays where it is.

    Returns
    -------
    uint8, (events,)
    """
    cdef int64_t n = events.shape[0] // size, i, k, r, at, plain
    cdef Event *e
    gone_array = np.zeros(n, dtype=np.uint8)
    if not n:
        return gone_array
    place_array = np.full(n_reads, -1, dtype=np.int32)
    cdef uint8_t[::1] gone = gone_array
    cdef int32_t[::1] where = place_array
    with nogil:
        for i in range(read.shape[0]):
            where[read[i]] = <int32_t>i
        for i in range(n):
            e = <Event *>(&events[0] + i * size)
            k = where[e.read]
            if k < 0 or e.qpos < first[k] or e.qpos >= last[k]:
                continue
            at = offset[k] + e.qpos - first[k]
            if at < 0 or at >= lengths[hap[k]]:
                continue
            at += starts[hap[k]]
            if haplotypes[at] == e.base:
                gone[i] = 1
            elif places[at] >= 0:
                e.pos = places[at]
            else:
                plain = e.pos - places[starts[0]]
                gone[i] = not (0 <= plain < lengths[0]
                               and haplotypes[starts[0] + plain] == haplotypes[at])
    return gone_array


def add_depth(const uint32_t[:, :, ::1] depth, const int8_t[::1] context,
              const int64_t[::1] merged, int64_t groups, double[:, :, ::1] total):
    """Add sites to the bases of each context, and return their depth as steps along the sites.

    Parameters
    ----------
    depth : uint32, (n, CLASSES, QUALITY_GROUPS)
        Fragments.
    context : int8, (n,)
        Trinucleotide contexts, -1 where unknown: not added.
    merged : (QUALITY_GROUPS,)
        The merged group of each, below `groups`.
    total : (CONTEXTS, CLASSES, QUALITY_GROUPS)
        Changed in place.

    Returns
    -------
    steps : uint32, (CLASSES * groups, n)
        By class and merged group, what each site has more than the one before; modulo 2^32.
    most : uint32, (CLASSES * groups,)
        The deepest site.
    """
    cdef int64_t n = depth.shape[0], classes = depth.shape[1], size = depth.shape[2], i, c, g, k
    steps_array = np.empty((classes * groups, n), dtype=np.uint32)
    most_array = np.zeros(classes * groups, dtype=np.uint32)
    here_array = np.zeros((2, classes * groups), dtype=np.uint32)
    cdef uint32_t[:, ::1] steps = steps_array, here = here_array
    cdef uint32_t[::1] most = most_array
    cdef uint32_t d
    cdef int now = 0
    with nogil:
        for i in range(n):
            for k in range(classes * groups):
                here[now, k] = 0
            for c in range(classes):
                for g in range(size):
                    here[now, c * groups + merged[g]] += depth[i, c, g]
            if context[i] >= 0:
                for c in range(classes):
                    for g in range(size):
                        total[context[i], c, g] += depth[i, c, g]
            for k in range(classes * groups):
                d = here[now, k]
                steps[k, i] = d - here[1 - now, k]
                if d > most[k]:
                    most[k] = d
            now = 1 - now
    return steps_array, most_array


ctypedef fused narrow:
    uint8_t
    uint16_t
    uint32_t


def expected_errors(const int8_t[::1] context, const narrow[:, ::1] steps,
                    const int64_t[::1] classes, const int64_t[::1] groups,
                    const double[:, :, ::1] factor, const double[::1] rate):
    """Return the errors expected at sites, by the base read and the orientation.

    Parameters
    ----------
    context : int8, (n,)
        Trinucleotide contexts, -1 where unknown.
    steps : unsigned, (rows, n)
        Fragments of a class and a quality group, as what each site has more than the one before;
        modulo the size of the type.
    classes, groups : int64, (rows,)
        Of each row, ascending; the first quality group is of poor bases.
    factor : (CONTEXTS, 4, CLASSES)
        Of each error, beside its base's quality.
    rate : (groups,)
        Of a base of a quality group being read as one certain other.

    Returns
    -------
    float64, (n, 4, 3)
        F1R2 and F2R1 of good bases alone, and all bases of both; 0 where the context is unknown.
    """
    cdef int64_t n = context.shape[0], rows = steps.shape[0], i, k, c, base, side
    cdef int64_t half = factor.shape[2]
    out_array = np.zeros((n, 4, 3))
    depth_array = np.zeros(max(rows, 1), dtype=steps.base.dtype)
    cdef double[:, :, ::1] out = out_array
    cdef narrow[::1] depth = depth_array
    cdef double good, poor, f
    with nogil:
        for i in range(n):
            k = 0
            while k < rows:
                c, good, poor = classes[k], 0, 0
                while k < rows and classes[k] == c:
                    depth[k] += steps[k, i]
                    if groups[k] == 0:
                        poor = depth[k] * rate[0]
                    else:
                        good += depth[k] * rate[groups[k]]
                    k += 1
                if context[i] < 0:
                    continue
                side = 0 if 2 * c < half else 1
                for base in range(4):
                    f = factor[context[i], base, c]
                    out[i, base, side] += f * good
                    out[i, base, 2] += f * (good + poor)
    return out_array


def tabulate(double[:, :, :, :, ::1] table, const int8_t[::1] context,
             const double[:, :, ::1] expected, const uint16_t[:, :, ::1] counts,
             const uint8_t[:, ::1] left_out, const uint8_t[:, :, ::1] stands_out,
             const double[::1] edges):
    """Add sites to a table of how many have which count at which expected errors.

    Parameters
    ----------
    table : float64, (4, 4, 3, most + 1, bins)
        By reference, base read, side; changed in place.
    context : int8, (n,)
    expected : (n, 4, 3)
        From `expected_errors`; bases of which none is expected are left out.
    counts : uint16, (n, 4, 3)
    left_out : (n, 4)
        Variants.
    stands_out : (n, 4, 3)
        Where the one orientation shows too much, the other is left out.
    edges : (bins - 1,)
        Upper bounds (inclusive) of the bins.
    """
    cdef int64_t n = context.shape[0], most = table.shape[3] - 1, i, k
    cdef int32_t mid, base, side, low, high, middle, bins = <int32_t>edges.shape[0]
    cdef int32_t[3] last = [0, 0, 0]
    cdef double e
    with nogil:
        for i in range(n):
            if context[i] < 0:
                continue
            mid = (context[i] // 4) % 4
            for base in range(4):
                if base == mid or left_out[i, base] or not expected[i, base, 2] > 0:
                    continue
                for side in range(3):
                    if side < 2 and stands_out[i, base, 1 - side]:
                        continue
                    e = expected[i, base, side]
                    # Sites beside each other mostly have the same bin.
                    low, high = last[side], bins
                    if low < bins and edges[low] < e or low > 0 and not edges[low - 1] < e:
                        low = 0
                    else:
                        high = low
                    while low < high:
                        middle = (low + high) // 2
                        if edges[middle] < e:
                            low = middle + 1
                        else:
                            high = middle
                    last[side] = low
                    k = counts[i, base, side]
                    table[mid, base, side, k if k < most else most, low] += 1
