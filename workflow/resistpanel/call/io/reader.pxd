# cython: language_level=3
"""Rows of the arrays that the reader hands out, as `reader.READ_DTYPE`."""

from libc.stdint cimport int32_t, int64_t, uint8_t


cdef struct Read:
    int32_t pos, end, frag, flag
    int32_t mapq, lclip, rclip, length
    int32_t n_cigar, mismatches, tier, lower
    int32_t low, high
    int64_t seq, cigar


cdef copy_out(uint8_t[::1] array, uint8_t *source)
