# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Reads a BAM or CRAM once, in chunks, and piles fragments up; no Python object per read.

`Reader` streams the records that overlap the targets through one multi-region iterator and
hands them over a chunk at a time as a `Reads` structure of arrays. `pileup` turns the reads of
a chunk into depth histograms and a list of mismatches in which every fragment counts once.

Coordinates are 0-based half-open. Base codes: A, C, G, T = 0..3, anything else 4.
"""

import numpy as np

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset
from cpython.ref cimport PyObject
from pysam.libchtslib cimport (
    BAM_FDUP, BAM_FQCFAIL, BAM_FREVERSE, BAM_FSECONDARY, BAM_FSUPPLEMENTARY, BAM_FUNMAP, bam1_t,
    bam_destroy1, bam_dup1, bam_get_cigar, bam_get_qname, bam_get_qual, bam_get_seq,
)
from resistpanel.stream cimport NT16_CODE, Stream, aligned_length, hash_name

from resistpanel.errors import InputError

#: Upper bounds (exclusive) of the quality groups; mates that agree reach the last ones.
QUALITY_EDGES = (18, 25, 30, 35, 45, 94)
QUALITY_GROUPS = len(QUALITY_EDGES)
#: Sequencing cycles are counted in bins of this width, the last bin is open.
CYCLE_WIDTH = 8
CYCLE_BINS = 40
#: Strand of the evidence: forward read, reverse read, both mates; plus 3 if the fragment is F2R1.
CLASSES = 6

cdef enum:
    N_QBIN = 6
    N_CLS = 6
    N_CYCLE = 40
    N_GAP = 10_000
    N_GAPS = 10

#: A read whose alignment leaves out more of the reference than this is split over an intron or a
#: rearrangement: no evidence of anything within a panel's targets, and slow to walk base by base.
LONGEST_GAP = N_GAP
#: A read of more gaps than this, and of more than one in ten bases, is not aligned at all.
MOST_GAPS = N_GAPS

cdef uint8_t GROUP[256]
for _i in range(256):
    GROUP[_i] = next((k for k, edge in enumerate(QUALITY_EDGES) if _i < edge), N_QBIN - 1)

#: Two base codes at once, by a byte of a BAM record's sequence.
cdef uint8_t PAIR_CODE[256][2]
for _i in range(256):
    PAIR_CODE[_i][0], PAIR_CODE[_i][1] = NT16_CODE[_i >> 4], NT16_CODE[_i & 15]


class Reads:
    """The reads of one chunk of one sample, as arrays.

    Attributes
    ----------
    table : structured array, (reads,)
        pos, end (reference span), frag (fragment number), flag, mapq, lclip, rclip (soft-clipped
        bases), length, n_cigar, mismatches (set by `pileup`), seq and cigar (offsets below).
    bases, quals : uint8, (bases,)
        Base codes and base qualities of all reads, soft clips included.
    cigars : uint32
        CIGAR operations in BAM encoding.
    n_fragments : int
    kept : float
        Fraction of the fragments that was kept; below 1 where depth exceeded the bound.
    low_mapq : int32, (k, 2)
        Reference spans of reads left out for their mapping quality.
    torn, no_qualities : int
        Reads left out for their gaps (`LONGEST_GAP`, `MOST_GAPS`), and for want of base qualities;
        each counted in the first chunk that it overlaps.
    """

    __slots__ = (
        "bases", "cigars", "kept", "low_mapq", "n_fragments", "no_qualities", "quals", "table",
        "torn",
    )


#: Quality to quality group.
GROUP_OF = np.array([GROUP[_i] for _i in range(256)], dtype=np.uint8)

READ_DTYPE = np.dtype(
    [(n, np.int32) for n in ("pos", "end", "frag", "flag", "mapq", "lclip", "rclip", "length",
                             "n_cigar", "mismatches")]
    + [("seq", np.int64), ("cigar", np.int64)]
)


cdef class Reader:
    """Streams the reads of one sample over sorted regions.

    Parameters
    ----------
    path : str
        Indexed BAM or CRAM.
    regions : list of (contig, beg, end)
        Sorted in the order of the header, disjoint; 0-based half-open.
    reference : str
        FASTA, used to decode CRAM.
    min_mapq : int
        Reads below it are left out, their spans counted in `low_mapq`.
    max_bases : int
        Bound on the bases held per chunk. Beyond it, fragments are thinned by the hash of their
        names: both mates stay or go together whatever allele they carry, so that allele
        frequencies stay unbiased.
    threads : int
        Decompression threads of htslib.

    Raises
    ------
    InputError
        If the file cannot be opened, has no index, or lacks a contig of the regions.
    """

    cdef Stream stream
    cdef list held              # arrays behind `reads`, `bases`, `quals` and `cigars`
    cdef bint pending
    cdef int status
    cdef int min_mapq
    cdef int64_t max_bases
    cdef Read *reads
    cdef int64_t n_reads, m_reads
    cdef uint8_t *bases
    cdef uint8_t *quals
    cdef int64_t n_bases, m_bases
    cdef uint32_t *cigars
    cdef int64_t n_cigars, m_cigars
    cdef uint64_t *hashes       # of each read
    cdef int64_t m_hashes
    cdef uint64_t *slots        # open addressing: hash
    cdef int32_t *slot_frag
    cdef int64_t n_slots
    cdef int32_t n_frag
    cdef bam1_t **carry
    cdef int n_carry, m_carry
    cdef int32_t *low
    cdef int64_t n_low, m_low
    cdef uint64_t keep_below
    cdef int64_t previous_end, torn, no_qualities
    cdef readonly str path
    cdef dict tids

    def __cinit__(self, path, regions, reference=None, int min_mapq=20,
                  int64_t max_bases=400_000_000, int threads=0):
        self.path = str(path)
        self.min_mapq = min_mapq
        self.max_bases = max_bases
        self.pending = False
        self.status = 0
        self.stream = Stream(path, reference, threads)
        regions = list(regions)
        self.tids = {contig: self.stream.tid(contig) for contig, _, _ in regions}
        self.stream.query(regions)
        self.held = [np.empty(1 << 16, dtype=np.uint8) for _ in range(4)]
        self.n_slots = 1 << 16
        self.slots = <uint64_t *>calloc(self.n_slots, sizeof(uint64_t))
        self.slot_frag = <int32_t *>malloc(self.n_slots * sizeof(int32_t))

    def __dealloc__(self):
        cdef int i
        for i in range(self.n_carry):
            bam_destroy1(self.carry[i])
        free(self.carry)
        free(self.low)
        free(self.hashes)
        free(self.slots)
        free(self.slot_frag)

    cdef int32_t fragment(self, uint64_t h) noexcept nogil:
        """Return the number of the fragment named by `h`, a new one if unseen."""
        cdef int64_t i, j, old_n
        cdef uint64_t *old
        cdef int32_t *old_frag
        if 2 * <int64_t>self.n_frag >= self.n_slots:
            old, old_frag, old_n = self.slots, self.slot_frag, self.n_slots
            self.n_slots *= 2
            self.slots = <uint64_t *>calloc(self.n_slots, sizeof(uint64_t))
            self.slot_frag = <int32_t *>malloc(self.n_slots * sizeof(int32_t))
            for j in range(old_n):
                if old[j]:
                    i = old[j] & (self.n_slots - 1)
                    while self.slots[i]:
                        i = (i + 1) & (self.n_slots - 1)
                    self.slots[i] = old[j]
                    self.slot_frag[i] = old_frag[j]
            free(old)
            free(old_frag)
        i = h & (self.n_slots - 1)
        while self.slots[i]:
            if self.slots[i] == h:
                return self.slot_frag[i]
            i = (i + 1) & (self.n_slots - 1)
        self.slots[i] = h
        self.slot_frag[i] = self.n_frag
        self.n_frag += 1
        return self.n_frag - 1

    cdef int reserve(self, int64_t n_reads, int64_t n_bases, int64_t n_cigars) except -1:
        """Make room for so much in the arrays that are handed out.

        They are used again for the next chunk, unless somebody still holds the last one: fresh
        memory costs more than filling it.
        """
        cdef int k
        cdef uint8_t[::1] view
        needed = (n_reads * sizeof(Read), n_bases, n_bases, n_cigars * sizeof(uint32_t))
        used = (
            self.n_reads * sizeof(Read), self.n_bases, self.n_bases,
            self.n_cigars * sizeof(uint32_t),
        )
        cdef uint8_t *places[4]
        for k in range(4):
            array = self.held[k]
            # Held by the list and by this name alone, it is nobody else's.
            ours = used[k] or (<PyObject *>array).ob_refcnt <= 2
            if needed[k] > len(array) or not ours:
                size = len(array)
                while size < needed[k]:
                    size = 2 * size + 65536
                larger = np.empty(size, dtype=np.uint8)
                larger[: used[k]] = array[: used[k]]
                self.held[k] = array = larger
            view = array
            places[k] = &view[0]
        self.reads, self.bases, self.quals = <Read *>places[0], places[1], places[2]
        self.cigars = <uint32_t *>places[3]
        self.m_reads = len(self.held[0]) // sizeof(Read)
        self.m_bases = len(self.held[1])
        self.m_cigars = len(self.held[3]) // sizeof(uint32_t)
        return 0

    cdef void add(self, bam1_t *b) noexcept nogil:
        """Append one record to the chunk."""
        cdef int32_t n = b.core.l_qseq, nc = b.core.n_cigar, i, op, length
        cdef uint64_t h = hash_name(bam_get_qname(b))
        cdef uint8_t *seq = bam_get_seq(b)
        cdef uint8_t *qual = bam_get_qual(b)
        cdef uint32_t *cigar = bam_get_cigar(b)
        cdef uint8_t *bases
        cdef Read *r
        cdef int64_t end = b.core.pos
        if n == 0 or nc == 0:
            return
        if qual[0] == 255:  # none stored: what the bases are worth is not known
            self.no_qualities += b.core.pos >= self.previous_end
            return
        if h > self.keep_below:
            return
        if self.n_reads == self.m_reads or self.n_bases + n > self.m_bases \
                or self.n_cigars + nc > self.m_cigars:
            with gil:
                self.reserve(self.n_reads + 1, self.n_bases + n, self.n_cigars + nc)
        if self.n_reads == self.m_hashes:
            self.m_hashes = 2 * self.m_hashes + 4096
            self.hashes = <uint64_t *>realloc(self.hashes, self.m_hashes * sizeof(uint64_t))
        r = &self.reads[self.n_reads]
        memset(r, 0, sizeof(Read))
        for i in range(nc):
            op = cigar[i] & 15
            length = cigar[i] >> 4
            if op == 0 or op == 2 or op == 3 or op == 7 or op == 8:
                end += length
            elif op == 4:
                if end == b.core.pos:
                    r.lclip = length
                else:
                    r.rclip = length
        r.pos = b.core.pos
        r.end = end
        r.flag = b.core.flag
        r.mapq = b.core.qual
        r.length = n
        r.n_cigar = nc
        r.seq = self.n_bases
        r.cigar = self.n_cigars
        memcpy(self.cigars + self.n_cigars, cigar, nc * sizeof(uint32_t))
        self.n_cigars += nc
        bases = self.bases + self.n_bases
        for i in range(n >> 1):
            bases[2 * i] = PAIR_CODE[seq[i]][0]
            bases[2 * i + 1] = PAIR_CODE[seq[i]][1]
        if n & 1:
            bases[n - 1] = PAIR_CODE[seq[n >> 1]][0]
        memcpy(self.quals + self.n_bases, qual, n)
        self.n_bases += n
        self.hashes[self.n_reads] = h
        self.n_reads += 1
        if self.n_bases > self.max_bases:
            self.thin()

    cdef void thin(self) noexcept nogil:
        """Halve the fragments held, by name."""
        cdef int64_t i, k = 0, nb = 0, nc = 0
        cdef Read *r
        self.keep_below >>= 1
        for i in range(self.n_reads):
            if self.hashes[i] > self.keep_below:
                continue
            r = &self.reads[k]
            r[0] = self.reads[i]
            self.hashes[k] = self.hashes[i]
            # Ranges only ever move down and in order, so copying forward in place is safe.
            move_bytes(self.bases + nb, self.bases + r.seq, r.length)
            move_bytes(self.quals + nb, self.quals + r.seq, r.length)
            move_bytes(<uint8_t *>(self.cigars + nc), <uint8_t *>(self.cigars + r.cigar),
                       4 * r.n_cigar)
            r.seq = nb
            r.cigar = nc
            nb += r.length
            nc += r.n_cigar
            k += 1
        self.n_reads, self.n_bases, self.n_cigars = k, nb, nc

    cdef void take(self, bam1_t *b) noexcept nogil:
        if unusable(b):
            return
        if b.core.qual < self.min_mapq:
            if self.n_low + 2 > self.m_low:
                self.m_low = 2 * self.m_low + 1024
                self.low = <int32_t *>realloc(self.low, self.m_low * sizeof(int32_t))
            self.low[self.n_low] = b.core.pos
            self.low[self.n_low + 1] = b.core.pos + aligned_length(b)
            self.n_low += 2
            return
        self.add(b)

    def next_chunk(self, contig, int64_t beg, int64_t end, int64_t next_beg=-1,
                   int64_t previous_end=-1):
        """Return the reads that overlap [beg, end); chunks must come in order.

        Parameters
        ----------
        contig : str
        beg, end : int
            0-based half-open.
        next_beg : int
            Start of the next chunk on the same contig, -1 if there is none: reads that reach
            into it are kept for it.
        previous_end : int
            End of the chunk before on the same contig, -1 if there is none.

        Returns
        -------
        Reads

        Raises
        ------
        InputError
            If the file is truncated or corrupt.
        """
        cdef int tid = self.tids[contig], k, kept_carry = 0
        cdef int64_t i, last, span
        cdef bam1_t *b
        self.n_reads = self.n_bases = self.n_cigars = self.n_low = 0
        self.torn = self.no_qualities = 0
        self.previous_end = previous_end
        self.keep_below = <uint64_t>0xffffffffffffffff
        self.reserve(1, 1, 1)
        with nogil:
            for k in range(self.n_carry):
                b = self.carry[k]
                if b.core.tid == tid and b.core.pos < end and \
                        b.core.pos + aligned_length(b) > beg:
                    self.take(b)
                if b.core.tid == tid and next_beg >= 0 and \
                        b.core.pos + aligned_length(b) > next_beg:
                    self.carry[kept_carry] = b
                    kept_carry += 1
                else:
                    bam_destroy1(b)
            self.n_carry = kept_carry
            while True:
                if not self.pending:
                    self.status = self.stream.next()
                    if self.status < 0:
                        break
                    self.pending = True
                b = self.stream.rec
                if b.core.tid > tid or (b.core.tid == tid and b.core.pos >= end):
                    break
                self.pending = False
                if b.core.tid != tid:
                    continue
                span = aligned_length(b)
                if span > b.core.l_qseq + N_GAP or b.core.n_cigar > 2 * N_GAPS and gaps(b):
                    self.torn += b.core.pos >= previous_end and not unusable(b)
                    continue
                last = b.core.pos + span
                if last > beg:
                    self.take(b)
                if next_beg >= 0 and last > next_beg:
                    if self.n_carry == self.m_carry:
                        self.m_carry = 2 * self.m_carry + 64
                        self.carry = <bam1_t **>realloc(
                            self.carry, self.m_carry * sizeof(bam1_t *))
                    self.carry[self.n_carry] = bam_dup1(b)
                    self.n_carry += 1
            # Fragments are numbered once the thinning is over.
            memset(self.slots, 0, self.n_slots * sizeof(uint64_t))
            self.n_frag = 0
            for i in range(self.n_reads):
                self.reads[i].frag = self.fragment(self.hashes[i])
        if self.status < -1:
            raise InputError("is truncated or corrupt", self.path, "restore the file")
        out = Reads()
        table, bases, quals, cigars = self.held
        out.table = table[: self.n_reads * sizeof(Read)].view(READ_DTYPE)
        out.bases = bases[: self.n_bases]
        out.quals = quals[: self.n_bases]
        out.cigars = cigars[: self.n_cigars * sizeof(uint32_t)].view(np.uint32)
        out.low_mapq = np.empty((self.n_low // 2, 2), dtype=np.int32)
        copy_out(out.low_mapq.reshape(-1).view(np.uint8), <uint8_t *>self.low)
        out.n_fragments = self.n_frag
        out.torn, out.no_qualities = self.torn, self.no_qualities
        out.kept = (<double>self.keep_below + 1.0) / 18446744073709551616.0
        return out


cdef copy_out(uint8_t[::1] array, uint8_t *source):
    if array.shape[0]:
        memcpy(&array[0], source, array.shape[0])


cdef inline void move_bytes(uint8_t *to, uint8_t *source, int64_t n) noexcept nogil:
    cdef int64_t i
    if to != source:
        for i in range(n):
            to[i] = source[i]


cdef bint gaps(bam1_t *b) noexcept nogil:
    """Return whether an alignment has more gaps than a true one."""
    cdef uint32_t *cigar = bam_get_cigar(b)
    cdef uint32_t i, op, n = 0
    for i in range(b.core.n_cigar):
        op = cigar[i] & 15
        n += op == 1 or op == 2 or op == 3
    return n > N_GAPS and 10 * n > <uint32_t>b.core.l_qseq


cdef inline bint unusable(bam1_t *b) noexcept nogil:
    return (b.core.flag & (BAM_FUNMAP | BAM_FSECONDARY | BAM_FQCFAIL | BAM_FDUP
                           | BAM_FSUPPLEMENTARY)) != 0


EVENT_DTYPE = np.dtype(
    [("pos", np.int32), ("frag", np.int32), ("read", np.int32), ("qpos", np.int32),
     ("dist", np.int16), ("base", np.uint8), ("qual", np.uint8), ("cls", np.uint8),
     ("ref", np.uint8), ("cycle", np.int16)]
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


cdef void add_event(Events *sink, Read *r, int32_t pos, int32_t frag, int32_t read, int32_t q,
                    uint8_t base, uint8_t qual, uint8_t cls, uint8_t ref) noexcept nogil:
    """Append a mismatch of a read's base `q` at a position."""
    cdef Event *e
    cdef int32_t back = r.length - 1 - q
    if sink.n == sink.m:
        sink.m = 2 * sink.m + 4096
        sink.events = <Event *>realloc(sink.events, sink.m * sizeof(Event))
    e = &sink.events[sink.n]
    sink.n += 1
    e.pos = pos
    e.frag = frag
    e.read = read
    e.qpos = q
    e.cycle = back if r.flag & BAM_FREVERSE else q
    # Distance to the end of the alignment: clipped bases are no support on that side.
    back -= r.rclip
    q -= r.lclip
    e.dist = q if q < back else back
    e.base = base
    e.qual = qual
    e.cls = cls
    e.ref = ref
    r.mismatches += 1


cdef extern from *:
    """
    /* Counts bases that are good and as the reference has them, up to the first that is not.
       By itself, for the registers: this loop is where a pileup spends its time. */
    static __attribute__((noinline)) int64_t count_run(
        const uint8_t *restrict base, const uint8_t *restrict qual,
        const uint8_t *restrict reference, uint32_t *restrict depth,
        const int64_t *restrict row, int min_qual, int64_t p, int64_t end)
    {
        for (; p < end; p++) {
            const int q = qual[p];
            if (q < min_qual || base[p] != reference[p] || base[p] > 3)
                break;
            depth[row[q] + p]++;
        }
        return p;
    }
    """
    int64_t count_run(const uint8_t *base, const uint8_t *qual, const uint8_t *reference,
                      uint32_t *depth, const int64_t *row, int min_qual, int64_t p,
                      int64_t end) noexcept nogil


cdef struct Counts:
    # Where a pileup counts: by class, quality group and position; by cycle; deleted.
    uint32_t *depth
    uint32_t *deleted
    int64_t *cycles
    int64_t row[256]     # of `depth`, by quality
    int64_t n_pos
    int min_qual


cdef void add_run(Read *r, int32_t read, int32_t frag, uint8_t cls, int64_t beg, int64_t end,
                  int32_t q, int64_t shift, const uint8_t *bases, const uint8_t *quals,
                  const uint8_t *reference, Counts *counts, Events *sink) noexcept nogil:
    """Count a run of aligned bases, [beg, end) of the reference from base `q` of the read on.

    `shift` makes a position an index of `reference` and of `depth`, (N_CLS, N_QBIN, n_pos):
    neighbouring bases then count in neighbouring places of the memory.
    """
    cdef const uint8_t *base = bases + r.seq + q - beg
    cdef const uint8_t *qual = quals + r.seq + q - beg
    cdef int32_t n = r.length, c, here, last
    cdef int64_t p
    cdef bint back = (r.flag & BAM_FREVERSE) != 0
    # Cycles are counted by bins, then the bases that do not count are taken off again: adding
    # one by one to the same counter would be the slowest part of all.
    here = n - (q + <int32_t>(end - beg)) if back else q
    last = here + <int32_t>(end - beg)
    while here < last:
        c = here // 8
        p = 8 * (c + 1)
        if c >= N_CYCLE - 1:
            c, p = N_CYCLE - 1, last
        if p > last:
            p = last
        counts.cycles[c] += p - here
        here = <int32_t>p
    cdef uint32_t *depth = counts.depth + cls * N_QBIN * counts.n_pos + shift
    p = beg
    while True:
        p = count_run(base, qual, reference + shift, depth, counts.row, counts.min_qual, p, end)
        if p == end:
            break
        if base[p] > 3 or qual[p] < counts.min_qual:
            c = q + <int32_t>(p - beg)
            c = (n - 1 - c if back else c) // 8
            counts.cycles[c if c < N_CYCLE else N_CYCLE - 1] -= 1
        else:
            depth[counts.row[qual[p]] + p] += 1
            if reference[p + shift] < 4:
                add_event(sink, r, <int32_t>p, frag, read, q + <int32_t>(p - beg), base[p],
                          qual[p], cls, reference[p + shift])
        p += 1


cdef void add_runs(Read *r, int32_t read, int32_t frag, uint8_t cls, int64_t beg, int64_t end,
                   int64_t shift, const uint8_t *bases, const uint8_t *quals,
                   const uint32_t *cigars, const uint8_t *reference, Counts *counts,
                   Events *sink) noexcept nogil:
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


def pileup(reads, int64_t[::1] starts, int64_t[::1] ends, const uint8_t[::1] reference,
           int min_qual=12):
    """Count fragments per position and list their mismatches.

    Where two mates overlap they are one observation: agreeing bases add their qualities (to 60),
    disagreeing ones are dropped unless one is better by 20.

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
        of the read), base, qual (combined), cls (class), ref, cycle (from the read's 5' end).
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
    cdef int32_t a, b, f, span, m = 0, c, ra, x, p, q, op, length, which
    cdef Column *ca = NULL
    cdef Column *cb = NULL
    cdef Events sink
    sink.events, sink.n, sink.m = NULL, 0, 0
    cdef Counts counts
    counts.depth, counts.deleted, counts.cycles = &depth[0, 0, 0], &deleted[0], &cycles[0]
    counts.n_pos, counts.min_qual = n_pos, min_qual
    for i in range(256):
        counts.row[i] = GROUP[i] * n_pos
    cdef Indel *indels = NULL
    cdef int64_t n_indels = 0, m_indels = 0
    cdef int64_t first, idx, lo, hi, stop
    cdef uint8_t base, qual, cls, orient
    cdef bint walked
    cdef Read *r
    cdef Read *s
    cdef Read *t
    cdef Column *column
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
    ca = <Column *>malloc((m + 1) * sizeof(Column))
    cb = <Column *>malloc((m + 1) * sizeof(Column))
    try:
        with nogil:
            for f in range(n_frag):
                a, b = mates[f, 0], mates[f, 1]
                r = &rows[a]
                s = &rows[b] if b >= 0 else NULL
                walked = False
                # F1R2 = 0, F2R1 = 3: the strand that read 1 came from.
                orient = 0
                if r.flag & 1:
                    orient = 3 if ((r.flag & 0x40) != 0) == ((r.flag & BAM_FREVERSE) != 0) else 0
                elif r.flag & BAM_FREVERSE:
                    orient = 3
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
                            walk(r, bases, quals, cigars, ca)
                            walk(s, bases, quals, cigars, cb)
                            walked = True
                        for p in range(lo, stop):
                            column = &ca[p - r.pos]
                            base, qual, q = column.base, column.qual, column.qpos
                            cls = 1 if r.flag & BAM_FREVERSE else 0
                            ra = a
                            column = &cb[p - s.pos]
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
                                if column.qual > qual:
                                    q = column.qpos
                                    ra = b
                                qual = 60 if qual + column.qual > 60 else qual + column.qual
                                cls = 2
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
                            c = GROUP[qual]
                            depth[cls + orient, c, idx] += 1
                            x = rows[ra].length - 1 - q
                            c = (x if rows[ra].flag & BAM_FREVERSE else q) // 8
                            cycles[c if c < N_CYCLE else N_CYCLE - 1] += 1
                            if base != reference[idx] and reference[idx] < 4:
                                add_event(&sink, &rows[ra], p, f, ra, q, base, qual, cls + orient,
                                          reference[idx])
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
                    if op == 1 or op == 2:
                        if n_indels == m_indels:
                            m_indels = 2 * m_indels + 1024
                            indels = <Indel *>realloc(indels, m_indels * sizeof(Indel))
                        indels[n_indels].pos = p
                        indels[n_indels].length = length if op == 1 else -length
                        indels[n_indels].read = i
                        indels[n_indels].qpos = q
                        n_indels += 1
                    if op == 0 or op == 2 or op == 3 or op == 7 or op == 8:
                        p += length
                    if op == 0 or op == 1 or op == 4 or op == 7 or op == 8:
                        q += length
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
