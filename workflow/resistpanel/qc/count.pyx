# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Reads a BAM or CRAM once where it meets the targets, and counts; no Python object per read.

`Counter` opens a sample; `contig` counts over the targets of one contig: fragments and bases at
every position, records, duplicates, insert sizes, read lengths, mismatch tags.

Coordinates are 0-based half-open. Base codes: A, C, G, T = 0..3.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from pysam.libchtslib cimport (
    BAM_FDUP, BAM_FMUNMAP, BAM_FPAIRED, BAM_FQCFAIL, BAM_FREAD2, BAM_FREVERSE, BAM_FSECONDARY,
    BAM_FSUPPLEMENTARY, BAM_FUNMAP, bam1_t, bam_aux2i, bam_aux_get, bam_get_cigar, bam_get_qname,
    bam_get_qual, bam_get_seq,
)
from resistpanel.core.memory cimport zeroed
from resistpanel.core.stream cimport NT16_CODE, Stream, aligned_length, hash_name

from resistpanel.core.errors import InputError
from resistpanel.core.molecules import Molecules

#: Insert sizes and read lengths are counted up to this many bases; longer ones in the last place.
LONGEST = 1 << 16

cdef enum:
    N_LENGTH = 1 << 16
    #: Bytes of a slot: a hash, and the end of the mate. One block holds both arrays.
    SLOT = 16

cdef int UNUSED = BAM_FUNMAP | BAM_FSECONDARY | BAM_FQCFAIL | BAM_FDUP | BAM_FSUPPLEMENTARY


cdef class Counter:
    """One sample, opened.

    Parameters
    ----------
    path : str
        BAM or CRAM with index.
    reference : str
        FASTA, used to decode CRAM.
    min_mapq, min_qual : int
        Reads below the former count in no depth, bases below the latter in no base count.
    families, umi : str
        Unless ``none``, depth is that of molecules; see `core.molecules.Molecules.by`.

    Attributes
    ----------
    records, primary, duplicates : int
        Mapped records on target; primary ones; of these, those marked as duplicates.
    tagged, mismatches, aligned : int
        Usable reads with NM; their sum of NM; aligned bases of these reads.
    inserts, lengths : int64, (LONGEST,)
        Pairs by insert size, primary reads by length.

    Raises
    ------
    InputError
        If the file cannot be opened or has no index.
    """

    cdef Stream stream
    cdef int min_mapq, min_qual
    cdef readonly str path
    cdef readonly int64_t records, primary, duplicates, tagged, mismatches, aligned
    cdef readonly object inserts, lengths
    # Mates that may overlap the next read: hash of the name, end of the mate.
    cdef uint64_t *keys
    cdef int64_t *mate_ends
    cdef int64_t n_slots, n_used

    def __cinit__(self, path, reference, int min_mapq, int min_qual, families="none", umi="none"):
        self.path = str(path)
        self.min_mapq, self.min_qual = min_mapq, min_qual
        if families == "none":
            self.stream = Stream(path, reference)
        else:
            self.stream = Molecules(path, reference).by(umi, families)
        self.inserts = np.zeros(N_LENGTH, dtype=np.int64)
        self.lengths = np.zeros(N_LENGTH, dtype=np.int64)
        self.n_slots = 1 << 12
        self.keys = <uint64_t *>zeroed(self.n_slots, SLOT)
        self.mate_ends = <int64_t *>(self.keys + self.n_slots)

    def __dealloc__(self):
        free(self.keys)

    def molecules(self):
        """Return the counts of `Molecules.counts` and set those of its reads; None without."""
        if not isinstance(self.stream, Molecules):
            return None
        reads = self.stream
        self.records, self.primary = reads.raw_records, reads.raw_primary
        self.duplicates, self.tagged = reads.raw_duplicates, reads.raw_tagged
        self.mismatches, self.aligned = reads.raw_mismatches, reads.raw_aligned
        return reads.counts()

    cdef int remember(self, uint64_t name, int64_t end, int64_t pos) except -1 nogil:
        """Keep the end of a read whose mate may overlap it; forget those that `pos` has passed."""
        cdef uint64_t *keys = self.keys
        cdef int64_t *ends = self.mate_ends
        cdef int64_t old = self.n_slots, larger = self.n_slots, kept = 0, i
        if 2 * (self.n_used + 1) >= self.n_slots:
            for i in range(old):
                kept += keys[i] != 0 and ends[i] > pos
            while 4 * (kept + 1) >= larger:
                larger *= 2
            self.keys = <uint64_t *>zeroed(larger, SLOT)
            self.n_slots = larger
            self.mate_ends = <int64_t *>(self.keys + self.n_slots)
            self.n_used = 0
            for i in range(old):
                if keys[i] != 0 and ends[i] > pos:
                    self.put(keys[i], ends[i])
            free(keys)
        self.put(name, end)
        return 0

    cdef inline void put(self, uint64_t name, int64_t end) noexcept nogil:
        cdef int64_t i = <int64_t>(name & <uint64_t>(self.n_slots - 1))
        while self.keys[i]:
            i = (i + 1) & (self.n_slots - 1)
        self.keys[i] = name
        self.mate_ends[i] = end
        self.n_used += 1

    cdef inline int64_t mate_end(self, uint64_t name) noexcept nogil:
        """Return the end of the mate that was read before, 0 if there is none."""
        cdef int64_t i = <int64_t>(name & <uint64_t>(self.n_slots - 1))
        while self.keys[i]:
            if self.keys[i] == name:
                return self.mate_ends[i]
            i = (i + 1) & (self.n_slots - 1)
        return 0

    def contig(self, str name, int64_t[::1] starts, int64_t[::1] ends):
        """Count over the targets of a contig.

        Parameters
        ----------
        name : str
        starts, ends : int64, (targets,)
            Ascending and disjoint; 0-based half-open.

        Returns
        -------
        depth : int64, (positions,)
            Fragments at each base of the targets, one target after the other. Mates that overlap
            count once; a deleted base counts as covered, a skipped one (N) does not.
        bases : uint32, (positions, 2, 4)
            Reads by orientation of the fragment (F1R2, F2R1) and base.

        Raises
        ------
        InputError
            If the file lacks the contig, or is truncated or corrupt.
        """
        cdef int64_t n_targets = starts.shape[0], n_pos = 0, k
        cdef int64_t[::1] offsets = np.zeros(n_targets, dtype=np.int64)
        for k in range(n_targets):
            offsets[k] = n_pos
            n_pos += ends[k] - starts[k]
        # Steps of the depth: every target has one place more, for what ends at its end.
        steps_array = np.zeros(n_pos + n_targets, dtype=np.int64)
        bases_array = np.zeros((n_pos, 2, 4), dtype=np.uint32)
        cdef int64_t[::1] steps = steps_array
        cdef uint32_t[::1] bases = bases_array.reshape(-1)
        cdef int64_t[::1] inserts = self.inserts, lengths = self.lengths
        cdef bam1_t *b
        cdef uint32_t *cigar
        cdef uint8_t *seq
        cdef uint8_t *qual
        cdef uint8_t *tag
        cdef uint64_t h
        cdef int64_t first = 0, pos, end, begin, till, spot, p, q, x, covered, stop, base_at
        cdef int status, i, op, length, flag, orient
        cdef uint8_t base
        cdef bint unrated
        for k in range(self.n_slots):
            self.keys[k] = 0
        self.n_used = 0
        self.stream.query((name, int(beg), int(end)) for beg, end in zip(starts, ends, strict=True))
        with nogil:
            while True:
                status = self.stream.next()
                if status < 0:
                    break
                b = self.stream.rec
                flag = b.core.flag
                if flag & BAM_FUNMAP:
                    continue
                self.records += 1
                if not flag & (BAM_FSECONDARY | BAM_FSUPPLEMENTARY):
                    self.primary += 1
                    self.duplicates += (flag & BAM_FDUP) != 0
                    lengths[b.core.l_qseq if b.core.l_qseq < N_LENGTH else N_LENGTH - 1] += 1
                if flag & UNUSED or b.core.qual < self.min_mapq:
                    continue
                pos = b.core.pos
                while first < n_targets and ends[first] <= pos:
                    first += 1
                cigar = bam_get_cigar(b)
                end = pos + aligned_length(b)
                covered = 0
                if flag & BAM_FPAIRED and not flag & BAM_FMUNMAP and b.core.mtid == b.core.tid:
                    if 0 < b.core.isize:
                        inserts[b.core.isize if b.core.isize < N_LENGTH else N_LENGTH - 1] += 1
                    if b.core.mpos <= pos or b.core.mpos < end:
                        h = hash_name(bam_get_qname(b))
                        if b.core.mpos <= pos:
                            covered = self.mate_end(h)
                        if covered == 0 and pos <= b.core.mpos < end:
                            self.remember(h, end, pos)
                tag = bam_aux_get(b, b"NM")
                if tag != NULL:
                    self.tagged += 1
                    self.mismatches += bam_aux2i(tag)
                # The strand of the original molecule that read 1 shows.
                orient = (flag & BAM_FREVERSE) != 0
                if flag & BAM_FPAIRED and flag & BAM_FREAD2:
                    orient = 1 - orient
                seq = bam_get_seq(b)
                qual = bam_get_qual(b)
                unrated = b.core.l_qseq > 0 and qual[0] == 255
                p, q = pos, 0
                for i in range(b.core.n_cigar):
                    op = cigar[i] & 15
                    length = cigar[i] >> 4
                    if op == 1 or op == 4:
                        q += length
                        continue
                    if op != 0 and op != 2 and op != 3 and op != 7 and op != 8:
                        continue
                    till = p + length
                    if op != 3:
                        k = first
                        while k < n_targets and starts[k] < till:
                            begin = p if p > starts[k] else starts[k]
                            stop = till if till < ends[k] else ends[k]
                            if begin < stop:
                                spot = offsets[k] + k - starts[k]
                                if stop > covered:
                                    x = begin if begin > covered else covered
                                    steps[spot + x] += 1
                                    steps[spot + stop] -= 1
                                if op != 2 and b.core.l_qseq > 0:
                                    base_at = 8 * (offsets[k] - starts[k]) + 4 * orient
                                    for x in range(begin, stop):
                                        spot = q + x - p
                                        if qual[spot] < self.min_qual and not unrated:
                                            continue
                                        base = NT16_CODE[(seq[spot >> 1]
                                                          >> ((~spot & 1) << 2)) & 15]
                                        if base < 4:
                                            bases[base_at + 8 * x + base] += 1
                            k += 1
                    if op == 0 or op == 7 or op == 8:
                        q += length
                        if tag != NULL:
                            self.aligned += length
                    p = till
        if status < -1:
            raise InputError(
                "is truncated or corrupt", self.path,
                "check it with `samtools quickcheck`; restore the file",
            )
        # Each target's last place holds what ends there: the sum over all is 0 again.
        depth = np.delete(
            np.cumsum(steps_array), np.asarray(offsets)[1:] + np.arange(n_targets - 1)
        )[:n_pos]
        return depth, bases_array
