# cython: language_level=3
"""Checked allocation: the compiled modules take memory from here alone.

Each function raises MemoryError where the machine refuses, which the command line reports in one
line (`errors.machine_fault`). What was allocated before stays valid: assign the result, then the
new capacity.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, realloc
from pysam.libchtslib cimport bam1_t, bam_dup1, bam_init1


cdef inline void *zeroed(int64_t n, size_t size) except NULL nogil:
    """Return n zeroed elements of `size` bytes; one if n is 0."""
    cdef void *made = calloc(<size_t>n if n else 1, size)
    if made == NULL:
        with gil:
            raise MemoryError(f"{n} elements of {size} bytes")
    return made


cdef inline void *resized(void *old, int64_t n, size_t size) except NULL nogil:
    """Return `old`, which may be NULL, as n elements of `size` bytes; one if n is 0."""
    cdef void *made = NULL
    if n >> 40 == 0:  # the product of a damaged length and a size could be small again
        made = realloc(old, (<size_t>n if n else 1) * size)
    if made == NULL:
        with gil:
            raise MemoryError(f"{n} elements of {size} bytes")
    return made


cdef inline bam1_t *new_record() except NULL nogil:
    """Return an empty record."""
    cdef bam1_t *made = bam_init1()
    if made == NULL:
        with gil:
            raise MemoryError("a BAM record")
    return made


cdef inline bam1_t *copied_record(const bam1_t *b) except NULL nogil:
    """Return a copy of a record."""
    cdef bam1_t *made = bam_dup1(b)
    if made == NULL:
        with gil:
            raise MemoryError(f"a BAM record of {b.l_data} bytes")
    return made
