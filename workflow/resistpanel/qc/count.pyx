# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Counts over the targets of a sample's BAM or CRAM; no Python object per read.

`Tally` takes records, and counts over the targets of one contig: fragments and bases at every
position, records, duplicates, insert sizes, read lengths, mismatch tags. `Counter` reads a sample
for it; `Alongside` is handed the records that the caller reads.

Coordinates are 0-based half-open. Base codes: A, C, G, T = 0..3.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
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


cdef class Tally:
    """Counts over the targets, contig by contig.

    Parameters
    ----------
    min_mapq, min_qual : int
        Reads below the former count in no depth, bases below the latter in no base count.

    Attributes
    ----------
    records, primary, duplicates : int
        Mapped records on target; primary ones; of these, those marked as duplicates.
    tagged, mismatches, aligned : int
        Usable reads with NM; their sum of NM; aligned bases of these reads.
    inserts, lengths : int64, (LONGEST,)
        Pairs by insert size, primary reads by length.
    """

    def __cinit__(self, *arguments, **named):
        self.inserts = np.zeros(N_LENGTH, dtype=np.int64)
        self.lengths = np.zeros(N_LENGTH, dtype=np.int64)
        self.of_insert, self.of_length = self.inserts, self.lengths
        self.n_slots = 1 << 12
        self.keys = <uint64_t *>zeroed(self.n_slots, SLOT)
        self.mate_ends = <int64_t *>(self.keys + self.n_slots)

    def __init__(self, int min_mapq, int min_qual):
        self.min_mapq, self.min_qual = min_mapq, min_qual

    def __dealloc__(self):
        free(self.keys)

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

    cdef void put(self, uint64_t name, int64_t end) noexcept nogil:
        cdef int64_t i = <int64_t>(name & <uint64_t>(self.n_slots - 1))
        while self.keys[i]:
            i = (i + 1) & (self.n_slots - 1)
        self.keys[i] = name
        self.mate_ends[i] = end
        self.n_used += 1

    cdef int64_t mate_end(self, uint64_t name) noexcept nogil:
        """Return the end of the mate that was read before, 0 if there is none."""
        cdef int64_t i = <int64_t>(name & <uint64_t>(self.n_slots - 1))
        while self.keys[i]:
            if self.keys[i] == name:
                return self.mate_ends[i]
            i = (i + 1) & (self.n_slots - 1)
        return 0

    cdef int begin(self, int64_t[::1] starts, int64_t[::1] ends) except -1:
        """Count over these targets of a contig, ascending and disjoint, from now on."""
        cdef int64_t k, n_pos = 0
        self.n_targets = starts.shape[0]
        self.starts, self.ends = starts, ends
        self.offsets = np.zeros(self.n_targets, dtype=np.int64)
        for k in range(self.n_targets):
            self.offsets[k] = n_pos
            n_pos += ends[k] - starts[k]
        self.n_pos = n_pos
        # Steps of the depth: every target has one place more, for what ends at its end.
        self.steps = np.zeros(n_pos + self.n_targets, dtype=np.int32)
        self.counted = np.zeros((n_pos, 2, 4), dtype=np.uint32)
        self.bases = self.counted.reshape(-1)
        self.first = 0
        for k in range(self.n_slots):
            self.keys[k] = 0
        self.n_used = 0
        return 0

    cdef tuple end(self):
        """Return depth and bases over the targets, see `Counter.contig`."""
        # Each target's last place holds what ends there: the sum over all is 0 again.
        depth = np.delete(
            np.cumsum(np.asarray(self.steps), dtype=np.int32),
            np.asarray(self.offsets)[1:] + np.arange(self.n_targets - 1),
        )[: self.n_pos]
        counted, self.counted, self.steps, self.bases = self.counted, None, None, None
        return depth, counted

    cdef int take(self, bam1_t *b) except -1 nogil:
        """Count a record that overlaps a target; records come by position."""
        cdef int64_t *starts = &self.starts[0]
        cdef int64_t *ends = &self.ends[0]
        cdef int64_t n_targets = self.n_targets, k
        cdef uint32_t *cigar
        cdef uint8_t *seq
        cdef uint8_t *qual
        cdef uint8_t *tag
        cdef uint32_t *bases
        cdef uint64_t h
        cdef int64_t pos = b.core.pos, end, begin, till, spot, p, q, x, covered, stop, base_at
        cdef int i, op, length, flag = b.core.flag, orient
        cdef uint8_t base
        cdef bint unrated
        if flag & BAM_FUNMAP:
            return 0
        self.records += 1
        if not flag & (BAM_FSECONDARY | BAM_FSUPPLEMENTARY):
            self.primary += 1
            self.duplicates += (flag & BAM_FDUP) != 0
            self.of_length[b.core.l_qseq if b.core.l_qseq < N_LENGTH else N_LENGTH - 1] += 1
        if flag & UNUSED or b.core.qual < self.min_mapq:
            return 0
        while self.first < n_targets and ends[self.first] <= pos:
            self.first += 1
        cigar = bam_get_cigar(b)
        end = pos + aligned_length(b)
        covered = 0
        if flag & BAM_FPAIRED and not flag & BAM_FMUNMAP and b.core.mtid == b.core.tid:
            if 0 < b.core.isize:
                self.of_insert[b.core.isize if b.core.isize < N_LENGTH else N_LENGTH - 1] += 1
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
        bases = &self.bases[0]
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
                k = self.first
                while k < n_targets and starts[k] < till:
                    begin = p if p > starts[k] else starts[k]
                    stop = till if till < ends[k] else ends[k]
                    if begin < stop:
                        spot = self.offsets[k] + k - starts[k]
                        if stop > covered:
                            x = begin if begin > covered else covered
                            self.steps[spot + x] += 1
                            self.steps[spot + stop] -= 1
                        if op != 2 and b.core.l_qseq > 0:
                            base_at = 8 * (self.offsets[k] - starts[k]) + 4 * orient
                            for x in range(begin, stop):
                                spot = q + x - p
                                if qual[spot] < self.min_qual and not unrated:
                                    continue
                                base = NT16_CODE[(seq[spot >> 1] >> ((~spot & 1) << 2)) & 15]
                                if base < 4:
                                    bases[base_at + 8 * x + base] += 1
                    k += 1
            if op == 0 or op == 7 or op == 8:
                q += length
                if tag != NULL:
                    self.aligned += length
            p = till
        return 0


cdef class Counter(Tally):
    """One sample, opened.

    Parameters
    ----------
    path : str
        BAM or CRAM with index.
    reference : str
        FASTA, used to decode CRAM.
    min_mapq, min_qual : int
        See `Tally`.
    families, umi : str
        Unless ``none``, depth is that of molecules; see `core.molecules.Molecules.by`.
    copies : bool
        Count what is flagged as a duplicate like any other record; see `qc.assay.counts_copies`.

    Raises
    ------
    InputError
        If the file cannot be opened or has no index.
    """

    cdef Stream stream
    cdef readonly str path

    def __init__(self, path, reference, int min_mapq, int min_qual, families="none", umi="none",
                 bint copies=False):
        Tally.__init__(self, min_mapq, min_qual)
        self.path = str(path)
        if families == "none":
            self.stream = Stream(path, reference).with_copies(copies)
        else:
            self.stream = Molecules(path, reference).by(umi, families)

    def molecules(self):
        """Return the counts of `Molecules.counts` and set those of its reads; None without."""
        if not isinstance(self.stream, Molecules):
            return None
        reads = self.stream
        self.records, self.primary = reads.raw_records, reads.raw_primary
        self.duplicates, self.tagged = reads.raw_duplicates, reads.raw_tagged
        self.mismatches, self.aligned = reads.raw_mismatches, reads.raw_aligned
        return reads.counts()

    def contig(self, str name, int64_t[::1] starts, int64_t[::1] ends):
        """Count over the targets of a contig.

        Parameters
        ----------
        name : str
        starts, ends : int64, (targets,)
            Ascending and disjoint; 0-based half-open.

        Returns
        -------
        depth : int32, (positions,)
            Fragments at each base of the targets, one target after the other. Mates that overlap
            count once; a deleted base counts as covered, a skipped one (N) does not.
        bases : uint32, (positions, 2, 4)
            Reads by orientation of the fragment (F1R2, F2R1) and base.

        Raises
        ------
        InputError
            If the file lacks the contig, or is truncated or corrupt.
        """
        cdef int status
        self.begin(starts, ends)
        self.stream.query((name, int(beg), int(end)) for beg, end in zip(starts, ends, strict=True))
        with nogil:
            while True:
                status = self.stream.next()
                if status < 0:
                    break
                self.take(self.stream.rec)
        if status < -1:
            raise InputError(
                "is truncated or corrupt", self.path,
                "check it with `samtools quickcheck`; restore the file",
            )
        return self.end()


cdef class Alongside(Tally):
    """Counts over all targets, from the records of a pass that is made for something else.

    Every record that overlaps a target has to be handed over once, by contig and position; others
    may be.

    Parameters
    ----------
    min_mapq, min_qual : int
        See `Tally`.
    targets : sequence of (contig, starts, ends)
        See `Counter.contig`; each contig once.
    add : callable
        Called with (contig, depth, bases) as each contig is done.
    """

    def __init__(self, int min_mapq, int min_qual, targets, add):
        Tally.__init__(self, min_mapq, min_qual)
        self.targets = {contig: (starts, ends) for contig, starts, ends in targets}
        self.add = add
        self.tid = -1

    cdef int attach(self, Stream stream) except -1:
        """Take the records of `stream`; InputError if its header lacks a contig of the targets."""
        self.names = {stream.tid(contig): contig for contig in self.targets}
        return 0

    cdef int hand(self, bam1_t *b) except -1 nogil:
        """Count a record of any contig."""
        if b.core.tid != self.tid:
            with gil:
                self.move(b.core.tid)
        if not self.here:
            return 0
        while self.first < self.n_targets and self.ends[self.first] <= b.core.pos:
            self.first += 1
        # As htslib has it, a record without an aligned base is at one.
        if self.first == self.n_targets or self.starts[self.first] >= b.core.pos + (
            max(aligned_length(b), 1)
        ):
            return 0
        return self.take(b)

    cdef int move(self, int tid) except -1:
        """Close the contig, and open the next one."""
        if self.here:
            self.close()
        self.tid = tid
        name = self.names.pop(tid, None)
        if name is not None:
            starts, ends = self.targets[name]
            self.begin(starts, ends)
            self.contig, self.here = name, True
        return 0

    cdef int close(self) except -1:
        self.here = False
        self.add(self.contig, *self.end())
        return 0

    def finish(self):
        """Close the last contig, and those that have no record."""
        for tid in (-1, *sorted(self.names)):
            self.move(tid)
        self.move(-1)
