# cython: language_level=3
"""What takes the records of a pass that is made for something else."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from pysam.libchtslib cimport bam1_t
from resistpanel.core.stream cimport Stream

cdef class Tally:
    cdef int min_mapq, min_qual
    cdef readonly int64_t records, primary, duplicates, tagged, mismatches, aligned
    cdef readonly object inserts, lengths
    cdef int64_t[::1] of_insert, of_length
    # Of the contig: its targets, the first that later records can overlap, and what is counted.
    cdef int64_t[::1] starts, ends, offsets
    cdef int32_t[::1] steps
    cdef uint32_t[::1] bases
    cdef object counted
    cdef int64_t n_targets, n_pos, first
    # Mates that may overlap the next read: hash of the name, end of the mate.
    cdef uint64_t *keys
    cdef int64_t *mate_ends
    cdef int64_t n_slots, n_used

    cdef int remember(self, uint64_t name, int64_t end, int64_t pos) except -1 nogil
    cdef void put(self, uint64_t name, int64_t end) noexcept nogil
    cdef int64_t mate_end(self, uint64_t name) noexcept nogil
    cdef int begin(self, int64_t[::1] starts, int64_t[::1] ends) except -1
    cdef tuple end(self)
    cdef int take(self, bam1_t *b) except -1 nogil

cdef class Alongside(Tally):
    cdef dict targets, names
    cdef object add
    cdef str contig
    cdef int tid
    cdef bint here

    cdef int attach(self, Stream stream) except -1
    cdef int hand(self, bam1_t *b) except -1 nogil
    cdef int move(self, int tid) except -1
    cdef int close(self) except -1
