# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Piles the reads of a chunk up: depth histograms, and mismatches in which a fragment counts once.

Coordinates are 0-based half-open. Base codes: A, C, G, T = 0..3, anything else 4.
"""

import numpy as np

from libc.stdint cimport INT16_MAX, int16_t, int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free
from pysam.libchtslib cimport BAM_FREVERSE
from resistpanel.call.io.reader cimport Read, copy_out
from resistpanel.core.memory cimport resized

from resistpanel.call.call_constants import PRODUCT_WOBBLE
from resistpanel.core.consensus import TIERS

#: Upper bounds (exclusive) of the quality groups; raw mates that agree reach the last of these.
QUALITY_EDGES = (18, 25, 30, 35, 45, 94)
#: Good bases (phred 30) of consensus reads have groups of their own: their quality is on a scale of
#: its own, and their errors are others.
SIMPLEX_GROUP, DUPLEX_GROUP = len(QUALITY_EDGES), len(QUALITY_EDGES) + 1
QUALITY_GROUPS = len(QUALITY_EDGES) + 2
#: Sequencing cycles are counted in bins of this width, the last bin is open.
CYCLE_WIDTH = 8
CYCLE_BINS = 40
#: Strand of the evidence: forward read, reverse read, both mates; plus 3 if the fragment is F2R1.
CLASSES = 6

cdef enum:
    N_QBIN = 8
    N_CLS = 6
    N_CYCLE = 40
    N_TIER = 3
    Q_CONSENSUS = 30

#: Tier of the consensus of both strands.
cdef int32_t DUPLEX = TIERS.index("duplex")
cdef int32_t WOBBLE = PRODUCT_WOBBLE

#: No index of a base.
cdef int64_t NOWHERE = -(<int64_t>1 << 62)

#: Quality group by tier of the read (index of `core.consensus.TIERS`) and quality.
GROUP_OF = np.zeros((N_TIER, 256), dtype=np.uint8)
cdef uint8_t GROUP[N_TIER][256]
for _i in range(256):
    _group = next((k for k, edge in enumerate(QUALITY_EDGES) if _i < edge), len(QUALITY_EDGES) - 1)
    for _tier in range(N_TIER):
        GROUP_OF[_tier, _i] = _group
        if _tier and _i >= Q_CONSENSUS:
            GROUP_OF[_tier, _i] = SIMPLEX_GROUP if _tier == 1 else DUPLEX_GROUP
        GROUP[_tier][_i] = GROUP_OF[_tier, _i]

EVENT_DTYPE = np.dtype(
    [("pos", np.int32), ("frag", np.int32), ("read", np.int32), ("qpos", np.int32),
     ("dist", np.int16), ("base", np.uint8), ("qual", np.uint8), ("cls", np.uint8),
     ("ref", np.uint8), ("cycle", np.int16), ("group", np.uint8), ("padding", np.uint8)]
)
INDEL_DTYPE = np.dtype(
    [("pos", np.int32), ("length", np.int32), ("read", np.int32), ("qpos", np.int32)]
)

cdef packed struct Indel:
    int32_t pos, length, read, qpos


cdef struct Column:
    # One read's base at one reference position.
    uint8_t base, qual
    int32_t qpos


cdef void walk(Read *r, const uint8_t *bases, const uint8_t *quals, const uint32_t *cigars,
               Column *columns) noexcept nogil:
    """Fill one column per reference base of the read's span; base 5 = deleted or skipped."""
    cdef int32_t i, k, op, length, x = 0, q = 0
    for i in range(r.n_cigar):
        op = cigars[r.cigar + i] & 15
        length = cigars[r.cigar + i] >> 4
        if op == 0 or op == 7 or op == 8:
            for k in range(length):
                columns[x].base = bases[r.seq + q]
                columns[x].qual = quals[r.seq + q]
                columns[x].qpos = q
                x += 1
                q += 1
        elif op == 2 or op == 3:
            for k in range(length):
                columns[x].base = 5
                columns[x].qual = 0
                columns[x].qpos = q
                x += 1
        elif op == 1 or op == 4:
            q += length


cdef struct Events:
    Event *events
    int64_t n, m


cdef inline int16_t inside(Read *r, int32_t q) noexcept nogil:
    """Return the bases between a read's base and the nearer end of its alignment.

    Clipped bases are no support on that side.
    """
    cdef int32_t ahead = q - r.lclip, back = r.length - 1 - q - r.rclip
    return <int16_t>min(ahead if ahead < back else back, INT16_MAX)


cdef int add_event(Events *sink, Read *r, int32_t pos, int32_t frag, int32_t read, int32_t q,
                   uint8_t base, uint8_t qual, uint8_t cls, uint8_t ref) except -1 nogil:
    """Append a mismatch of a read's base `q` at a position."""
    cdef Event *e
    cdef int32_t back = r.length - 1 - q
    if sink.n == sink.m:
        sink.events = <Event *>resized(sink.events, 2 * sink.m + 4096, sizeof(Event))
        sink.m = 2 * sink.m + 4096
    e = &sink.events[sink.n]
    sink.n += 1
    e.pos = pos
    e.frag = frag
    e.read = read
    e.qpos = q
    e.cycle = <int16_t>min(back if r.flag & BAM_FREVERSE else q, INT16_MAX)
    e.dist = inside(r, q)
    e.base = base
    e.qual = qual
    e.cls = cls
    e.ref = ref
    e.group = GROUP[r.tier][qual]
    e.padding = 0
    r.mismatches += 1
    return 0


cdef extern from *:
    """
    #include <string.h>

    /* Whether eight bases are as the reference has them, none unknown, and of a quality of
       `min_qual` or more, up to 127. False of some that are: these are looked at one by one. */
    static inline int all_good(const uint8_t *base, const uint8_t *qual,
                               const uint8_t *reference, int min_qual)
    {
        const uint64_t each = 0x0101010101010101, high = 0x80 * each;
        uint64_t b, q, r;
        memcpy(&b, base, 8);
        memcpy(&q, qual, 8);
        memcpy(&r, reference, 8);
        return b == r && !(b & 4 * each) && !(~((q | high) - min_qual * each) & high);
    }

    /* Counts bases that are good and as the reference has them, up to the first that is not.
       By itself, for the registers: this loop is where a pileup spends its time. */
    static __attribute__((noinline)) int64_t count_run(
        const uint8_t *restrict base, const uint8_t *restrict qual,
        const uint8_t *restrict reference, uint32_t *restrict depth,
        const int64_t *restrict row, int min_qual, int64_t p, int64_t end)
    {
        if (min_qual >= 0 && min_qual < 128)
            for (; p + 8 <= end && all_good(base + p, qual + p, reference + p, min_qual); p += 8)
                for (int i = 0; i < 8; i++)
                    depth[row[qual[p + i]] + p + i]++;
        for (; p < end; p++) {
            const int q = qual[p];
            if (q < min_qual || base[p] != reference[p] || base[p] > 3)
                break;
            depth[row[q] + p]++;
        }
        return p;
    }

    /* The same where two mates agree: one base, of both their qualities or of the better one.
       Its cycle is that of the better mate, step * position + cycle at 0. */
    static __attribute__((noinline)) int64_t count_pair(
        const uint8_t *restrict base, const uint8_t *restrict qual,
        const uint8_t *restrict mate_base, const uint8_t *restrict mate_qual,
        const uint8_t *restrict reference, uint32_t *restrict depth,
        const int64_t *restrict row, int64_t *restrict cycles, int min_qual, int best,
        int step, int64_t cycle, int mate_step, int64_t mate_cycle, int64_t p, int64_t end)
    {
        for (; p < end; p++) {
            const int q = qual[p], r = mate_qual[p];
            const uint8_t b = base[p];
            if (q < min_qual || r < min_qual || b != mate_base[p] || b != reference[p] || b > 3)
                break;
            const int better = r > q ? r : q;
            const int both = q + r > 60 ? 60 : q + r;
            int64_t c = (r > q ? mate_step * p + mate_cycle : step * p + cycle) >> 3;
            depth[row[best ? better : both] + p]++;
            cycles[c < 40 ? c : 39]++;
        }
        return p;
    }
    """
    int64_t count_pair(const uint8_t *base, const uint8_t *qual, const uint8_t *mate_base,
                       const uint8_t *mate_qual, const uint8_t *reference, uint32_t *depth,
                       const int64_t *row, int64_t *cycles, int min_qual, int best, int step,
                       int64_t cycle, int mate_step, int64_t mate_cycle, int64_t p,
                       int64_t end) noexcept nogil
    int64_t count_run(const uint8_t *base, const uint8_t *qual, const uint8_t *reference,
                      uint32_t *depth, const int64_t *row, int min_qual, int64_t p,
                      int64_t end) noexcept nogil


cdef inline int64_t ungapped(const Read *r, const uint32_t *cigars) noexcept nogil:
    """Return what to add to a position to have its index in `Reads.bases`; `NOWHERE` with gaps."""
    cdef int32_t x, op, aligned = 0
    for x in range(r.n_cigar):
        op = cigars[r.cigar + x] & 15
        if op == 0 or op == 7 or op == 8:
            aligned += 1
        elif op == 1 or op == 2 or op == 3:
            return NOWHERE
    return r.seq + r.lclip - r.pos if aligned == 1 else NOWHERE


cdef inline int64_t cycle_at_0(const Read *r, int64_t at) noexcept nogil:
    """Return the sequencing cycle that position 0 of the reference would be of, see `ungapped`."""
    return r.length - 1 - (at - r.seq) if r.flag & BAM_FREVERSE else at - r.seq


cdef struct Counts:
    # Where a pileup counts: by class, quality group and position; by cycle; deleted.
    uint32_t *depth
    uint32_t *deleted
    int64_t *cycles
    # Runs of cycles: how many more begin at a cycle than ended before it.
    int64_t *runs
    int64_t row[N_TIER][256]  # of `depth`, by tier and quality
    int64_t n_pos
    int min_qual


cdef int add_run(Read *r, int32_t read, int32_t frag, uint8_t cls, int64_t beg, int64_t end,
                 int32_t q, int64_t shift, const uint8_t *bases, const uint8_t *quals,
                 const uint8_t *reference, Counts *counts, Events *sink) except -1 nogil:
    """Count a run of aligned bases, [beg, end) of the reference from base `q` of the read on.

    `shift` makes a position an index of `reference` and of `depth`, (N_CLS, N_QBIN, n_pos):
    neighbouring bases then count in neighbouring places of the memory.
    """
    cdef const uint8_t *base = bases + r.seq + q - beg
    cdef const uint8_t *qual = quals + r.seq + q - beg
    cdef int32_t n = r.length, c, here
    cdef int64_t p
    cdef bint back = (r.flag & BAM_FREVERSE) != 0
    # Cycles are counted by runs, then the bases that do not count are taken off again: adding
    # one by one to the same counter would be the slowest part of all.
    here = n - (q + <int32_t>(end - beg)) if back else q
    counts.runs[here] += 1
    counts.runs[here + <int32_t>(end - beg)] -= 1
    cdef uint32_t *depth = counts.depth + cls * N_QBIN * counts.n_pos + shift
    cdef const int64_t *row = counts.row[r.tier]
    p = beg
    while True:
        p = count_run(base, qual, reference + shift, depth, row, counts.min_qual, p, end)
        if p == end:
            break
        if base[p] > 3 or qual[p] < counts.min_qual:
            c = q + <int32_t>(p - beg)
            c = (n - 1 - c if back else c) // 8
            counts.cycles[c if c < N_CYCLE else N_CYCLE - 1] -= 1
        else:
            depth[row[qual[p]] + p] += 1
            if reference[p + shift] < 4:
                add_event(sink, r, <int32_t>p, frag, read, q + <int32_t>(p - beg), base[p],
                          qual[p], cls, reference[p + shift])
        p += 1
    return 0


cdef int add_runs(Read *r, int32_t read, int32_t frag, uint8_t cls, int64_t beg, int64_t end,
                  int64_t shift, const uint8_t *bases, const uint8_t *quals,
                  const uint32_t *cigars, const uint8_t *reference, Counts *counts,
                  Events *sink) except -1 nogil:
    """Count what one read shows of [beg, end) of the reference."""
    cdef int32_t p = r.pos, q = 0, x, op, length
    cdef int64_t low, high, at
    for x in range(r.n_cigar):
        op = cigars[r.cigar + x] & 15
        length = cigars[r.cigar + x] >> 4
        if op == 0 or op == 7 or op == 8 or op == 2 or op == 3:
            low = p if p > beg else beg
            high = p + length if p + length < end else end
            if low < high:
                if op == 2 or op == 3:
                    for at in range(low, high):
                        counts.deleted[at + shift] += 1
                else:
                    add_run(r, read, frag, cls, low, high, <int32_t>(q + low - p), shift, bases,
                            quals, reference, counts, sink)
            p += length
            if p >= end:
                break
        if op == 0 or op == 1 or op == 4 or op == 7 or op == 8:
            q += length
    return 0


def pileup(reads, int64_t[::1] starts, int64_t[::1] ends, const uint8_t[::1] reference,
           int min_qual=12):
    """Count fragments per position and list their mismatches.

    Where two mates overlap they are one observation: agreeing bases add their qualities (to 60; of
    consensus reads the better counts), disagreeing ones are dropped unless one is better by 20.

    Parameters
    ----------
    reads : Reads
    starts, ends : int64, (intervals,)
        The intervals to pile up, sorted and disjoint; 0-based half-open.
    reference : uint8, (positions,)
        Base codes of the intervals, concatenated.
    min_qual : int
        Bases below it are not counted.

    Returns
    -------
    depth : uint32, (positions, CLASSES, QUALITY_GROUPS)
        Fragments with a base at the position, by class of evidence and quality.
    cycles : int64, (CYCLE_BINS,)
        Bases counted, by sequencing cycle.
    deleted : uint32, (positions,)
        Fragments whose alignment deletes the position.
    events : EVENT_DTYPE, (mismatches,)
        pos, frag, read and qpos (the base in the read that carries it), dist (to the nearer end
        of the read; of mates that agree the larger), base, qual (combined), cls (class), ref,
        cycle (from the read's 5' end), group (quality group).
    indels : INDEL_DTYPE, (operations,)
        Insertions (length > 0, before `pos`) and deletions (length < 0, from `pos`) in the
        CIGARs, within or beside the intervals.
    """
    cdef int64_t n_int = starts.shape[0], n_pos = 0, k
    cdef int64_t[::1] offsets = np.zeros(n_int, dtype=np.int64)
    for k in range(n_int):
        offsets[k] = n_pos
        n_pos += ends[k] - starts[k]
    depth_array = np.zeros((N_CLS, N_QBIN, n_pos), dtype=np.uint32)
    deleted_array = np.zeros(n_pos, dtype=np.uint32)
    cycles_array = np.zeros(N_CYCLE, dtype=np.int64)
    table = reads.table
    cdef int64_t n_reads = table.shape[0], n_frag = reads.n_fragments, i
    if n_reads == 0 or n_pos == 0:
        return (depth_array.transpose(2, 0, 1), cycles_array, deleted_array, np.empty(0, EVENT_DTYPE),
                np.empty(0, INDEL_DTYPE))
    cdef uint32_t[:, :, ::1] depth = depth_array
    cdef uint32_t[::1] deleted = deleted_array
    cdef int64_t[::1] cycles = cycles_array
    cdef uint8_t[::1] raw = table.view(np.uint8)
    cdef Read *rows = <Read *>&raw[0]
    cdef const uint8_t[::1] bases_view = reads.bases
    cdef const uint8_t[::1] quals_view = reads.quals
    cdef const uint32_t[::1] cigars_view = reads.cigars
    cdef const uint8_t *bases = &bases_view[0]
    cdef const uint8_t *quals = &quals_view[0]
    cdef const uint32_t *cigars = &cigars_view[0]
    # The (at most two) reads of each fragment that count: first come, first and second mate.
    cdef int32_t[:, ::1] mates = np.full((n_frag, 2), -1, dtype=np.int32)
    cdef int32_t a, b, f, span, longest = 0, m = 0, c, ra, x, p, q, op, length, which, last
    cdef int16_t deepest
    cdef Column *ca = NULL
    cdef Column *cb = NULL
    cdef Events sink
    sink.events, sink.n, sink.m = NULL, 0, 0
    cdef Counts counts
    counts.depth, counts.deleted, counts.cycles = &depth[0, 0, 0], &deleted[0], &cycles[0]
    counts.n_pos, counts.min_qual = n_pos, min_qual
    for which in range(N_TIER):
        for i in range(256):
            counts.row[which][i] = GROUP[which][i] * n_pos
    cdef Indel *indels = NULL
    cdef int64_t n_indels = 0, m_indels = 0
    cdef int64_t first, idx, lo, hi, stop
    cdef uint8_t base, qual, cls, orient
    cdef int64_t at_a = NOWHERE, at_b = NOWHERE, shift
    cdef bint walked, plain
    cdef Read *r
    cdef Read *s
    cdef Read *t
    cdef Column *column
    cdef Column mate
    for i in range(n_reads):
        f = rows[i].frag
        if mates[f, 0] < 0:
            mates[f, 0] = i
        elif mates[f, 1] < 0 and ((rows[i].flag ^ rows[mates[f, 0]].flag) & 0xC0
                                  or not rows[i].flag & 1):
            mates[f, 1] = i
        span = rows[i].end - rows[i].pos
        if span > m:
            m = span
        if rows[i].length > longest:
            longest = rows[i].length
    cdef int64_t[::1] runs = np.zeros(longest + 1, dtype=np.int64)
    counts.runs = &runs[0]
    try:
        ca = <Column *>resized(ca, m + 1, sizeof(Column))
        cb = <Column *>resized(cb, m + 1, sizeof(Column))
        with nogil:
            for f in range(n_frag):
                a, b = mates[f, 0], mates[f, 1]
                r = &rows[a]
                s = &rows[b] if b >= 0 else NULL
                walked = plain = False
                # F1R2 = 0, F2R1 = 3: the strand that read 1 came from.
                orient = 0
                if r.flag & 1:
                    orient = 3 if ((r.flag & 0x40) != 0) == ((r.flag & BAM_FREVERSE) != 0) else 0
                elif r.flag & BAM_FREVERSE:
                    orient = 3
                if r.tier == DUPLEX or (s != NULL and s.tier == DUPLEX):
                    # Both strands were read: damage of one is no explanation. Programs write all
                    # such molecules as F1R2.
                    orient = 3 if r.lower else 0
                for which in range(2):
                    if which == 1 and s == NULL:
                        break
                    t = r if which == 0 else s
                    # intervals that this read overlaps
                    lo, hi = 0, n_int
                    while lo < hi:
                        k = (lo + hi) // 2
                        if ends[k] <= t.pos:
                            lo = k + 1
                        else:
                            hi = k
                    k = lo
                    while k < n_int and starts[k] < t.end:
                        first = t.pos if t.pos > starts[k] else starts[k]
                        hi = t.end if t.end < ends[k] else ends[k]
                        # What is no evidence, such as the fragment's own primers, is left out.
                        first = t.low if t.low > first else first
                        hi = t.high if t.high < hi else hi
                        if first >= hi:
                            k += 1
                            continue
                        # Where both mates lie, column by column; the rest, nearly all, by runs.
                        cls = (1 if t.flag & BAM_FREVERSE else 0) + orient
                        ra = b if which else a
                        lo, stop = hi, hi
                        if s != NULL:
                            lo = r.pos if r.pos > s.pos else s.pos
                            lo = first if lo < first else lo
                            stop = r.end if r.end < s.end else s.end
                            stop = hi if stop > hi else stop
                            if lo >= stop:
                                lo, stop = hi, hi
                        if first < lo:
                            add_runs(t, ra, f, cls, first, lo, offsets[k] - starts[k], bases,
                                     quals, cigars, &reference[0], &counts, &sink)
                        if lo == stop or which == 1:
                            # Counted with the first mate where both lie.
                            if stop < hi:
                                add_runs(t, ra, f, cls, stop, hi, offsets[k] - starts[k], bases,
                                         quals, cigars, &reference[0], &counts, &sink)
                            k += 1
                            continue
                        if not walked:
                            walked = True
                            at_a, at_b = ungapped(r, cigars), ungapped(s, cigars)
                            plain = at_a != NOWHERE and at_b != NOWHERE
                            if not plain:
                                walk(r, bases, quals, cigars, ca)
                                walk(s, bases, quals, cigars, cb)
                        shift = offsets[k] - starts[k]
                        p = <int32_t>lo - 1
                        while p + 1 < stop:
                            p += 1
                            if plain:
                                p = <int32_t>count_pair(
                                    bases + at_a, quals + at_a, bases + at_b, quals + at_b,
                                    &reference[0] + shift,
                                    counts.depth + (2 + orient) * N_QBIN * n_pos + shift,
                                    counts.row[r.tier], counts.cycles, min_qual, r.tier != 0,
                                    -1 if r.flag & BAM_FREVERSE else 1, cycle_at_0(r, at_a),
                                    -1 if s.flag & BAM_FREVERSE else 1, cycle_at_0(s, at_b),
                                    p, stop)
                                if p == stop:
                                    break
                                base, qual = bases[at_a + p], quals[at_a + p]
                                q = <int32_t>(at_a + p - r.seq)
                                mate.base, mate.qual = bases[at_b + p], quals[at_b + p]
                                mate.qpos = <int32_t>(at_b + p - s.seq)
                                column = &mate
                            else:
                                column = &ca[p - r.pos]
                                base, qual, q = column.base, column.qual, column.qpos
                                column = &cb[p - s.pos]
                            cls = 1 if r.flag & BAM_FREVERSE else 0
                            ra = a
                            deepest = -1
                            if base == 5 or column.base == 5:
                                # an indel that one mate does not show: no base observed
                                if base != column.base:
                                    continue
                            elif column.base == 4 or column.qual < min_qual:
                                pass
                            elif base == 4 or qual < min_qual:
                                base, qual, q = column.base, column.qual, column.qpos
                                ra = b
                                cls = 1 if s.flag & BAM_FREVERSE else 0
                            elif base == column.base:
                                # Of mates that agree, the one that has it further inside tells.
                                deepest = max(inside(r, q), inside(s, column.qpos))
                                if column.qual > qual:
                                    q = column.qpos
                                    ra = b
                                cls = 2
                                if r.tier:
                                    # Both are read off one consensus: no second opinion.
                                    qual = column.qual if column.qual > qual else qual
                                else:
                                    qual = 60 if qual + column.qual > 60 else qual + column.qual
                            elif qual >= column.qual + 20:
                                qual -= column.qual
                            elif column.qual >= qual + 20:
                                base, qual, q = column.base, column.qual - qual, column.qpos
                                ra = b
                                cls = 1 if s.flag & BAM_FREVERSE else 0
                            else:
                                continue
                            idx = offsets[k] + p - starts[k]
                            if base == 5:
                                deleted[idx] += 1
                                continue
                            if base > 3 or qual < min_qual:
                                continue
                            c = GROUP[r.tier][qual]
                            depth[cls + orient, c, idx] += 1
                            x = rows[ra].length - 1 - q
                            c = (x if rows[ra].flag & BAM_FREVERSE else q) // 8
                            cycles[c if c < N_CYCLE else N_CYCLE - 1] += 1
                            if base != reference[idx] and reference[idx] < 4:
                                add_event(&sink, &rows[ra], p, f, ra, q, base, qual, cls + orient,
                                          reference[idx])
                                if deepest > sink.events[sink.n - 1].dist:
                                    sink.events[sink.n - 1].dist = deepest
                        if stop < hi:
                            add_runs(t, a, f, (1 if t.flag & BAM_FREVERSE else 0) + orient, stop,
                                     hi, offsets[k] - starts[k], bases, quals, cigars,
                                     &reference[0], &counts, &sink)
                        k += 1
            for i in range(n_reads):
                r = &rows[i]
                p, q = r.pos, 0
                for x in range(r.n_cigar):
                    op = cigars[r.cigar + x] & 15
                    length = cigars[r.cigar + x] >> 4
                    # A gap of which a part is no evidence, as of a primer made wrongly, is none;
                    # nor is one base that a primer has too many at its end. A duplication may be
                    # aligned where its first copy begins, under the primer.
                    last = p + length if length > WOBBLE else p
                    if op == 1 and r.low + (length == 1) <= last and \
                            p <= r.high - (length == 1) or \
                            op == 2 and r.low <= p and p + length <= r.high:
                        if n_indels == m_indels:
                            indels = <Indel *>resized(
                                indels, 2 * m_indels + 1024, sizeof(Indel))
                            m_indels = 2 * m_indels + 1024
                        indels[n_indels].pos = p
                        indels[n_indels].length = length if op == 1 else -length
                        indels[n_indels].read = i
                        indels[n_indels].qpos = q
                        n_indels += 1
                    if op == 0 or op == 2 or op == 3 or op == 7 or op == 8:
                        p += length
                    if op == 0 or op == 1 or op == 4 or op == 7 or op == 8:
                        q += length
            first = 0
            for i in range(longest):
                first += runs[i]
                cycles[i // 8 if i // 8 < N_CYCLE else N_CYCLE - 1] += first
        out_events = np.empty(sink.n, EVENT_DTYPE)
        copy_out(out_events.view(np.uint8), <uint8_t *>sink.events)
        out_indels = np.empty(n_indels, INDEL_DTYPE)
        copy_out(out_indels.view(np.uint8), <uint8_t *>indels)
        by_position = np.ascontiguousarray(depth_array.transpose(2, 0, 1))
        return by_position, cycles_array, deleted_array, out_events, out_indels
    finally:
        free(ca)
        free(cb)
        free(sink.events)
        free(indels)
