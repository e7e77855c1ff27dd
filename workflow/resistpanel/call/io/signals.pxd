# cython: language_level=3
"""Reads that show a breakpoint, see `signals.pyx`."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from pysam.libchtslib cimport bam1_t, sam_hdr_t

cdef enum:
    #: Template lengths are counted up to this one, longer ones with it.
    LENGTHS = 2048


cdef struct Signal:
    uint64_t name
    int32_t tid, pos, side
    int32_t tid2, pos2, side2
    int32_t kind, flag, mapq, mapq2


cdef class Signals:
    cdef Signal *rows
    cdef int64_t n, room
    cdef int64_t lengths[LENGTHS]
    cdef int min_mapq
    cdef sam_hdr_t *header

    cdef int look(self, bam1_t *b) except -1 nogil
    cdef int clips(self, bam1_t *b, int64_t end, int32_t left, int32_t right) except -1 nogil
    cdef int splits(self, bam1_t *b, int64_t end, int32_t left, int32_t right) except -1 nogil
    cdef int add(self, Signal found) except -1 nogil


cdef inline int32_t clip(uint32_t op) noexcept nogil:
    """Return the bases of a soft or hard clip, 0 for another operation."""
    return <int32_t>(op >> 4) if (op & 15) == 4 or (op & 15) == 5 else 0
