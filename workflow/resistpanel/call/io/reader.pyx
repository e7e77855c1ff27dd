# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Reads a BAM or CRAM once, in chunks; no Python object per read.

`Reader` streams the records that overlap the targets through one multi-region iterator and
hands them over a chunk at a time as a `Reads` structure of arrays.

Coordinates are 0-based half-open. Base codes: A, C, G, T = 0..3, anything else 4.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.limits cimport INT_MAX, INT_MIN
from libc.stdlib cimport free
from libc.string cimport memcpy, memset
from cpython.ref cimport PyObject
from pysam.libchtslib cimport (
    BAM_FDUP, BAM_FQCFAIL, BAM_FREVERSE, BAM_FSECONDARY, BAM_FSUPPLEMENTARY, BAM_FUNMAP, bam1_t,
    bam_destroy1, bam_get_cigar, bam_get_qname, bam_get_qual, bam_get_seq,
)
from resistpanel.call.io.signals cimport Signals, clip
from resistpanel.core.consensus cimport tier
from resistpanel.core.memory cimport copied_record, resized, zeroed
from resistpanel.core.stream cimport NT16_CODE, Stream, aligned_length, hash_name
from resistpanel.qc.count cimport Alongside

from resistpanel.core.consensus import CONSENSUS
from resistpanel.core.errors import InputError
from resistpanel.core.molecules import Molecules

cdef enum:
    N_GAP = 10_000
    N_GAPS = 10
    #: Bytes of a slot: a hash, and the number of its fragment. One block holds both arrays.
    SLOT = 12

#: A read whose alignment leaves out more of the reference than this is split over an intron or a
#: rearrangement: no evidence of anything within a panel's targets, and slow to walk base by base.
LONGEST_GAP = N_GAP
#: A read of more gaps than this, and of more than one in ten bases, is not aligned at all.
MOST_GAPS = N_GAPS

#: Two base codes at once, as they lie in the memory, by a byte of a BAM record's sequence.
cdef uint16_t PAIR_CODE[256]
cdef uint8_t *_pair
for _i in range(256):
    _pair = <uint8_t *>&PAIR_CODE[_i]
    _pair[0], _pair[1] = NT16_CODE[_i >> 4], NT16_CODE[_i & 15]


class Reads:
    """The reads of one chunk of one sample, as arrays.

    Attributes
    ----------
    table : structured array, (reads,)
        pos, end (reference span), frag (fragment number), flag, mapq, lclip, rclip (soft-clipped
        bases), length, n_cigar, mismatches (set by `pileup.pileup`), tier (see `core.consensus`),
        lower (of its fragment, if that is duplex: whether it counts as F2R1), low, high (reference span outside which the read is no evidence; all of it until
        `ends.mask_primers`), seq and cigar (offsets below).
    bases, quals : uint8, (bases,)
        Base codes and base qualities of all reads, soft clips included.
    cigars : uint32
        CIGAR operations in BAM encoding.
    n_fragments : int
    kept : float
        Fraction of the fragments that was kept; below 1 where depth exceeded the bound.
    low_mapq : int32, (k, 2)
        Reference spans of reads left out for their mapping quality.
    gapped, no_qualities : int
        Reads left out for their gaps (`LONGEST_GAP`, `MOST_GAPS`), and for want of base qualities;
        each counted in the first chunk that it overlaps.
    signals : structured array, (signals,)
        Breakpoints that the reads show, each record once, see `signals`.
    names : uint64, (reads,)
        Hash of each read's name, if asked for.
    """

    __slots__ = (
        "bases", "cigars", "kept", "low_mapq", "n_fragments", "names", "no_qualities", "quals",
        "table", "gapped", "signals",
    )


READ_DTYPE = np.dtype(
    [(n, np.int32) for n in ("pos", "end", "frag", "flag", "mapq", "lclip", "rclip", "length",
                             "n_cigar", "mismatches", "tier", "lower", "low", "high")]
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
    consensus : str
        A key of `resistpanel.core.consensus.CONSENSUS`.
    names : bool
        Hand out the hashes of the reads' names.
    families, umi : str
        Unless ``none``, the reads are the consensus of each molecule; see `Molecules.by`.
    counts : Alongside, optional
        It is handed every record that is read.
    known : Marks, optional
        `marks` of a reader of the same file that is at its end: what need not be read again.
    copies : bool
        Read what is flagged as a duplicate like any other record; see `qc.assay.counts_copies`.

    Raises
    ------
    InputError
        If the file cannot be opened, has no index, or lacks a contig of the regions.
    """

    cdef Stream stream
    cdef Alongside counts
    cdef Signals signals
    cdef bint names
    cdef list held              # arrays behind `reads`, `bases`, `quals` and `cigars`
    cdef bint pending
    cdef bint failed            # a chunk ended in an exception: reads of it are lost
    cdef int status
    cdef int min_mapq, consensus
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
    cdef int64_t previous_end, gapped, no_qualities
    cdef readonly str path
    cdef dict tids

    def __cinit__(self, path, regions, reference=None, int min_mapq=20,
                  int64_t max_bases=400_000_000, int threads=0, consensus="none",
                  bint names=False, families="none", umi="none", counts=None, known=None,
                  bint copies=False):
        self.path = str(path)
        self.min_mapq = min_mapq
        self.max_bases = max_bases
        self.pending = self.failed = False
        self.consensus = CONSENSUS[consensus]
        self.status = 0
        if families == "none":
            self.stream = Stream(path, reference, threads).with_copies(copies)
        else:
            self.stream = Molecules(path, reference, threads).by(umi, families)
            self.consensus = CONSENSUS["fgbio"]
        self.names = names
        self.counts = counts
        if counts is not None:
            self.counts.attach(self.stream)
        self.signals = Signals(min_mapq)
        self.signals.header = self.stream.header
        regions = list(regions)
        self.tids = {contig: self.stream.tid(contig) for contig, _, _ in regions}
        self.stream.query(regions, known)
        self.held = [np.empty(1 << 16, dtype=np.uint8) for _ in range(4)]
        self.n_slots = 1 << 16
        self.slots = <uint64_t *>zeroed(self.n_slots, SLOT)
        self.slot_frag = <int32_t *>(self.slots + self.n_slots)

    def __dealloc__(self):
        cdef int i
        for i in range(self.n_carry):
            bam_destroy1(self.carry[i])
        free(self.carry)
        free(self.low)
        free(self.hashes)
        free(self.slots)

    cdef int32_t fragment(self, uint64_t h) except -1 nogil:
        """Return the number of the fragment named by `h`, a new one if unseen."""
        cdef int64_t i, j, old_n
        cdef uint64_t *old
        cdef int32_t *old_frag
        if 2 * <int64_t>self.n_frag >= self.n_slots:
            old, old_frag, old_n = self.slots, self.slot_frag, self.n_slots
            self.slots = <uint64_t *>zeroed(2 * old_n, SLOT)
            self.n_slots = 2 * old_n
            self.slot_frag = <int32_t *>(self.slots + self.n_slots)
            for j in range(old_n):
                if old[j]:
                    i = old[j] & (self.n_slots - 1)
                    while self.slots[i]:
                        i = (i + 1) & (self.n_slots - 1)
                    self.slots[i] = old[j]
                    self.slot_frag[i] = old_frag[j]
            free(old)
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

    cdef int add(self, bam1_t *b) except -1 nogil:
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
            return 0
        if qual[0] == 255:  # none stored: what the bases are worth is not known
            self.no_qualities += b.core.pos >= self.previous_end
            return 0
        if h > self.keep_below:
            return 0
        if self.n_reads == self.m_reads or self.n_bases + n > self.m_bases \
                or self.n_cigars + nc > self.m_cigars:
            with gil:
                self.reserve(self.n_reads + 1, self.n_bases + n, self.n_cigars + nc)
        if self.n_reads == self.m_hashes:
            self.hashes = <uint64_t *>resized(
                self.hashes, 2 * self.m_hashes + 4096, sizeof(uint64_t))
            self.m_hashes = 2 * self.m_hashes + 4096
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
        r.low, r.high = INT_MIN, INT_MAX
        if self.consensus:
            r.tier = tier(b, self.consensus)
            # As `core.molecules` has it.
            r.lower = h >> 32 & 1
        r.seq = self.n_bases
        r.cigar = self.n_cigars
        memcpy(self.cigars + self.n_cigars, cigar, nc * sizeof(uint32_t))
        self.n_cigars += nc
        bases = self.bases + self.n_bases
        for i in range(n >> 1):
            memcpy(bases + 2 * i, &PAIR_CODE[seq[i]], 2)
        if n & 1:
            bases[n - 1] = NT16_CODE[seq[n >> 1] >> 4]
        memcpy(self.quals + self.n_bases, qual, n)
        self.n_bases += n
        self.hashes[self.n_reads] = h
        self.n_reads += 1
        if self.n_bases > self.max_bases:
            self.thin()
        return 0

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

    cdef int take(self, bam1_t *b) except -1 nogil:
        if unusable(b):
            return 0
        if b.core.qual < self.min_mapq:
            if self.n_low + 2 > self.m_low:
                self.low = <int32_t *>resized(self.low, 2 * self.m_low + 1024, sizeof(int32_t))
                self.m_low = 2 * self.m_low + 1024
            self.low[self.n_low] = b.core.pos
            self.low[self.n_low + 1] = b.core.pos + aligned_length(b)
            self.n_low += 2
            return 0
        self.add(b)
        return 0

    def molecules(self):
        """Return the counts of `Molecules.counts`, None where reads are no families."""
        return self.stream.counts() if isinstance(self.stream, Molecules) else None

    def marks(self):
        """Return where the blocks that were read begin, see `core.stream.Marks`."""
        return self.stream.marks

    def template_lengths(self):
        """Return the proper pairs so far by template length, see `signals`."""
        return self.signals.template_lengths()

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
        MemoryError
            Also where an earlier chunk ended in an error, as its reads are lost.
        """
        cdef int tid = self.tids[contig], k, kept_carry = 0
        cdef int64_t i, last, span
        cdef bam1_t *b
        cdef bint counting = self.counts is not None
        if self.failed:
            raise MemoryError(f"{self.path}: reads of an earlier chunk are lost")
        self.failed = True
        self.n_reads = self.n_bases = self.n_cigars = self.n_low = 0
        self.gapped = self.no_qualities = 0
        self.previous_end = previous_end
        self.keep_below = <uint64_t>0xffffffffffffffff
        self.reserve(1, 1, 1)
        with nogil:
            for k in range(self.n_carry):
                b = self.carry[k]
                if b.core.tid == tid and b.core.pos < end and \
                        b.core.pos + aligned_length(b) > beg:
                    self.take(b)
            for k in range(self.n_carry):
                b = self.carry[k]
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
                    if counting:
                        self.counts.hand(self.stream.rec)
                b = self.stream.rec
                if b.core.tid > tid or (b.core.tid == tid and b.core.pos >= end):
                    break
                self.pending = False
                if b.core.tid != tid:
                    continue
                if shows_breakpoint(b):
                    self.signals.look(b)
                span = aligned_length(b)
                if span > b.core.l_qseq + N_GAP or b.core.n_cigar > 2 * N_GAPS and gaps(b):
                    self.gapped += b.core.pos >= previous_end and not unusable(b)
                    continue
                last = b.core.pos + span
                if last > beg:
                    self.take(b)
                if next_beg >= 0 and last > next_beg:
                    if self.n_carry == self.m_carry:
                        self.carry = <bam1_t **>resized(
                            self.carry, 2 * self.m_carry + 64, sizeof(bam1_t *))
                        self.m_carry = 2 * self.m_carry + 64
                    self.carry[self.n_carry] = copied_record(b)
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
        out.signals = self.signals.take()
        out.names = None
        if self.names:
            out.names = np.empty(self.n_reads, dtype=np.uint64)
            copy_out(out.names.view(np.uint8), <uint8_t *>self.hashes)
        out.gapped, out.no_qualities = self.gapped, self.no_qualities
        out.kept = (<double>self.keep_below + 1.0) / 18446744073709551616.0
        self.failed = False
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


cdef inline bint shows_breakpoint(bam1_t *b) noexcept nogil:
    """Return whether a record is worth a look at its ends and mate, see `signals`."""
    cdef int flag = b.core.flag
    cdef uint32_t *cigar
    if flag & (BAM_FUNMAP | BAM_FSECONDARY | BAM_FQCFAIL | BAM_FDUP) or b.core.n_cigar == 0:
        return False
    # Of every 16th proper pair, by position, the template length is counted.
    if flag & 3 != 3 or flag & BAM_FSUPPLEMENTARY or b.core.pos & 15 == 0:
        return True
    cigar = bam_get_cigar(b)
    return clip(cigar[0]) > 0 or clip(cigar[b.core.n_cigar - 1]) > 0


cdef inline bint unusable(bam1_t *b) noexcept nogil:
    return (b.core.flag & (BAM_FUNMAP | BAM_FSECONDARY | BAM_FQCFAIL | BAM_FDUP
                           | BAM_FSUPPLEMENTARY)) != 0
