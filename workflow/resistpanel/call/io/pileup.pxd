# cython: language_level=3
"""Rows of the mismatches that a pileup lists, as `pileup.EVENT_DTYPE`."""

from libc.stdint cimport int16_t, int32_t, uint8_t


cdef packed struct Event:
    int32_t pos, frag, read, qpos
    int16_t dist
    uint8_t base, qual, cls, ref
    int16_t cycle
    uint8_t group, padding
