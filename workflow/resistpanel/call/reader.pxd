# cython: language_level=3
"""Rows of the arrays that the reader hands out, as `reader.READ_DTYPE` and `reader.EVENT_DTYPE`."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t


cdef struct Read:
    int32_t pos, end, frag, flag
    int32_t mapq, lclip, rclip, length
    int32_t n_cigar, mismatches
    int64_t seq, cigar


cdef packed struct Event:
    int32_t pos, frag, read, qpos
    int16_t dist
    uint8_t base, qual, cls, ref
    int16_t cycle
