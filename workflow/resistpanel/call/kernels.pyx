# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Compiled likelihoods of reads given haplotypes.

Coordinates of a haplotype count from its first base. Base codes: A, C, G, T = 0..3, else 4.
"""

import numpy as np

from libc.math cimport log, pow
from libc.stdint cimport int32_t, int64_t, uint8_t

cdef double MATCH[256]
cdef double MISMATCH[256]
cdef int _q
for _q in range(256):
    # The quality is held between 5 and 35: a single base never decides alone, since a fragment
    # can carry an error that its quality does not know of.
    _e = pow(10.0, -min(max(_q, 5), 35) / 10.0)
    MATCH[_q] = log(1 - _e)
    MISMATCH[_q] = log(_e / 3)


cdef double place(const uint8_t *bases, const uint8_t *quals, int32_t length,
                  const uint8_t *hap, int32_t hap_length, int32_t offset,
                  double stop, int32_t *mismatches) noexcept nogil:
    """Log-likelihood of a read laid on a haplotype without a gap; gives up below `stop`.

    Bases beyond the haplotype or against an N are neutral: they score as a match.
    """
    cdef double score = 0
    cdef int32_t i, j, n = 0
    for i in range(length):
        j = offset + i
        if j < 0 or j >= hap_length or hap[j] > 3 or bases[i] > 3 or bases[i] == hap[j]:
            score += MATCH[quals[i]]
        else:
            score += MISMATCH[quals[i]]
            n += 1
            if score < stop:
                break
    mismatches[0] = n
    return score


def score_reads(table, const uint8_t[::1] bases, const uint8_t[::1] quals,
                const int64_t[::1] chosen, const uint8_t[::1] haplotypes,
                const int32_t[::1] starts, const int32_t[::1] lengths,
                const int32_t[::1] shifts, int64_t origin):
    """Score reads against haplotypes by their two ungapped placements.

    A read from a haplotype lies on it without a gap. Where it lies follows from either end of
    its alignment to the reference: from the left end if it is anchored left of the event, from
    the right end, shifted by what the haplotype gains or loses, if it is anchored right of it.

    Parameters
    ----------
    table, bases, quals
        As in `reader.Reads`.
    chosen : int64, (n,)
        Rows of `table` to score.
    haplotypes : uint8
        All haplotypes, concatenated; the first is the reference.
    starts, lengths : int32, (haplotypes,)
        Where each lies in `haplotypes`.
    shifts : int32, (haplotypes,)
        Length gained over the reference.
    origin : int
        Reference position of the haplotypes' first base, 0-based.

    Returns
    -------
    score : float64, (n, haplotypes)
        Log-likelihood of the better placement.
    offset : int32, (n, haplotypes)
        Haplotype coordinate of the read's first base in that placement.
    mismatches : int32, (n, haplotypes)
    """
    cdef int64_t n = chosen.shape[0], i, row, seq
    cdef int32_t n_hap = starts.shape[0], h, left, right, length, miss_left, miss_right
    cdef double a, b
    score_array = np.empty((n, n_hap), dtype=np.float64)
    offset_array = np.empty((n, n_hap), dtype=np.int32)
    mismatch_array = np.empty((n, n_hap), dtype=np.int32)
    cdef double[:, ::1] score = score_array
    cdef int32_t[:, ::1] offset = offset_array
    cdef int32_t[:, ::1] mismatch = mismatch_array
    cdef int32_t[::1] pos = np.ascontiguousarray(table["pos"])
    cdef int32_t[::1] end = np.ascontiguousarray(table["end"])
    cdef int32_t[::1] lclip = np.ascontiguousarray(table["lclip"])
    cdef int32_t[::1] rclip = np.ascontiguousarray(table["rclip"])
    cdef int32_t[::1] lengths_read = np.ascontiguousarray(table["length"])
    cdef int64_t[::1] seqs = np.ascontiguousarray(table["seq"])
    with nogil:
        for i in range(n):
            row = chosen[i]
            length = lengths_read[row]
            seq = seqs[row]
            left = pos[row] - lclip[row] - origin
            for h in range(n_hap):
                right = end[row] + rclip[row] - length - origin + shifts[h]
                a = place(&bases[seq], &quals[seq], length, &haplotypes[starts[h]], lengths[h],
                          left, -1e9, &miss_left)
                offset[i, h] = left
                mismatch[i, h] = miss_left
                if right != left:
                    b = place(&bases[seq], &quals[seq], length, &haplotypes[starts[h]],
                              lengths[h], right, a, &miss_right)
                    if b > a:
                        a = b
                        offset[i, h] = right
                        mismatch[i, h] = miss_right
                score[i, h] = a
    return score_array, offset_array, mismatch_array
