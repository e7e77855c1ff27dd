# cython: language_level=3
"""Molecules of UMI families, see `molecules.pyx`."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t
from pysam.libchtslib cimport bam1_t
from resistpanel.core.stream cimport Stream

cdef enum:
    #: Family sizes are counted up to this one, larger ones with it.
    SIZES = 64


cdef struct Fragment:
    # A pair of reads, or one read without a mate nearby. Of its two ends the leftmost comes first.
    uint64_t name          # hash
    int64_t end[2]         # unclipped 5' ends; the second may be a hash, see `add`
    uint64_t half[2]       # UMI at either end, see `packed`
    uint64_t shape[2]      # of the reads' alignments, see `shape_of`
    bam1_t *read[2]        # NULL: not seen
    int64_t ready          # no record of the same ends begins beyond this position
    int64_t held           # least position of its reads
    int32_t root           # in `cluster`
    uint8_t n[2]           # bases of `half`
    uint16_t kind          # bits, see `KIND_*`
    uint8_t strand         # 0: read 1 is at the first end; 1: read 2
    uint16_t size[2]       # copies that a read is the consensus of, 1 of a read itself


cdef struct Code:
    # A UMI of a bucket: its halves, the fragments that have it, and where the first of them is.
    uint64_t half[2]
    int64_t count
    int64_t first
    int64_t root
    uint8_t n[2]


cdef struct Column:
    # Sums of log odds of each base against any other one, and copies with it.
    float score[4]
    uint16_t copies[4]


cdef class Molecules(Stream):
    cdef int source
    cdef bint duplex, traced
    cdef int64_t pad
    # The regions asked for, without the padding.
    cdef int32_t *own_tids
    cdef int64_t *own_begs
    cdef int64_t *own_ends
    cdef int64_t n_own
    # Fragments that are read, and those of them that wait for their mates: by hash of the name.
    cdef Fragment *held
    cdef int64_t n_held, m_held
    cdef int64_t *slots
    cdef int64_t n_slots
    cdef Fragment *batch
    cdef int64_t n_batch, m_batch
    cdef Code *codes
    cdef int64_t *queue
    cdef int64_t m_codes
    # Consensus records, sorted; those before `safe` can be handed out.
    cdef bam1_t **out
    cdef int64_t n_out, m_out, head, safe
    cdef bam1_t *raw
    cdef bint lent
    cdef int state
    cdef int32_t contig
    cdef int64_t due, longest
    # Of the two strands of the molecule at hand.
    cdef Column *columns
    cdef uint8_t *base[2]
    cdef uint8_t *quality[2]
    cdef int64_t m_columns
    # Counts, see `Counts` in `molecules.pyx`.
    cdef int64_t reads, without, fragments, molecules, both, corrected
    cdef int64_t sizes[SIZES + 1]
    # Of the reads themselves that overlap the regions.
    cdef readonly int64_t raw_records, raw_primary, raw_duplicates
    cdef readonly int64_t raw_tagged, raw_mismatches, raw_aligned
    cdef uint64_t *trace
    cdef int64_t n_trace, m_trace

    cdef int add(self, bam1_t *b) except -9 nogil
    cdef int copies_of(self, bam1_t *b) noexcept nogil
    cdef int flush(self, int64_t pos) except -9 nogil
    cdef int bucket(self, int64_t low, int64_t high) except -9 nogil
    cdef int cluster(self, int64_t low, int64_t high) except -9 nogil
    cdef int form(self, int64_t low, int64_t high) except -9 nogil
    cdef bam1_t *side(self, int64_t low, int64_t high, int which,
                      const char *name) except? NULL nogil
    cdef int tally(self, int64_t low, int64_t high, int which, int strand, uint64_t shape,
                   bam1_t *model) except -9 nogil
    cdef int merge(self, const int *copies, bam1_t *made) noexcept nogil
    cdef int count_raw(self, bam1_t *b) noexcept nogil
    cdef void orient(self, bam1_t **made, bint lower) noexcept nogil
    cdef bint asked(self, bam1_t *b) noexcept nogil
    cdef int rebuild(self, int64_t slots) except -9 nogil
    cdef int64_t waiting(self, uint64_t name) noexcept nogil
    cdef int await_mate(self, int64_t which) except -9 nogil
    cdef void release(self) noexcept nogil
