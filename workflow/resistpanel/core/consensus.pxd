# cython: language_level=3
"""Consensus reads."""

from pysam.libchtslib cimport bam1_t

cdef int tier(bam1_t *b, int consensus) noexcept nogil
