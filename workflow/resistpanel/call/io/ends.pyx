# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The ends of fragments: adapters are cut off, and primers are no evidence.

Coordinates are 0-based half-open. Base codes: A, C, G, T = 0..3, anything else 4.
"""

import numpy as np

from libc.limits cimport INT_MAX, INT_MIN
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from pysam.libchtslib cimport BAM_FREVERSE
from resistpanel.call.io.reader cimport Read

#: Bases by which a fragment may begin outside a primer and still be its product.
SLACK = 3
cdef enum:
    N_SLACK = 3
    #: Mates of an insert shorter than they are may differ at one base in so many.
    ONE_IN = 8
    LEAST_INSERT = 12
    #: Aligned bases beyond the mate's first one that no adapter has by chance.
    LEAST_BEYOND = 6
    #: Bases at either end of such an insert, and how many of them errors make different.
    END_BASES = 8
    MOST_AT_END = 3


cdef void cut(Read *r, uint32_t *cigars, int32_t left, int32_t right) noexcept nogil:
    """Cut bases off the ends of a read, as if hard-clipped; at least one base must remain."""
    cdef uint32_t *cigar = cigars + r.cigar
    cdef int32_t op, n, length, at
    cdef int32_t take = left
    while take > 0 and r.n_cigar:
        op, length = cigar[0] & 15, cigar[0] >> 4
        if op == 0 or op == 1 or op == 4 or op == 7 or op == 8:
            n = length if length < take else take
            take -= n
            if op == 4:
                r.lclip -= n
            elif op != 1:
                r.pos += n
            length -= n
        else:
            # A gap or a hard clip at the new end goes with what was before it.
            if op == 2 or op == 3:
                r.pos += length
            length = 0
        if length:
            cigar[0] = (<uint32_t>length << 4) | op
        else:
            cigar += 1
            r.cigar += 1
            r.n_cigar -= 1
    while left and r.n_cigar and (cigar[0] & 15 == 2 or cigar[0] & 15 == 3):
        r.pos += cigar[0] >> 4
        cigar += 1
        r.cigar += 1
        r.n_cigar -= 1
    take = right
    while take > 0 and r.n_cigar:
        at = r.n_cigar - 1
        op, length = cigar[at] & 15, cigar[at] >> 4
        if op == 0 or op == 1 or op == 4 or op == 7 or op == 8:
            n = length if length < take else take
            take -= n
            if op == 4:
                r.rclip -= n
            elif op != 1:
                r.end -= n
            length -= n
        else:
            if op == 2 or op == 3:
                r.end -= length
            length = 0
        if length:
            cigar[at] = (<uint32_t>length << 4) | op
        else:
            r.n_cigar -= 1
    while right and r.n_cigar and (cigar[r.n_cigar - 1] & 15 == 2 or cigar[r.n_cigar - 1] & 15 == 3):
        r.end -= cigar[r.n_cigar - 1] >> 4
        r.n_cigar -= 1
    r.seq += left
    r.length -= left + right


cdef int32_t gained(Read *r, const uint32_t *cigars) noexcept nogil:
    """Return the bases that an alignment has more than the reference, clips apart."""
    cdef int32_t k, op, n = 0
    for k in range(r.n_cigar):
        op = cigars[r.cigar + k] & 15
        if op == 1:
            n += cigars[r.cigar + k] >> 4
        elif op == 2 or op == 3:
            n -= cigars[r.cigar + k] >> 4
    return n


cdef bint same(const uint8_t *a, const uint8_t *b, int32_t n) noexcept nogil:
    """Return whether two stretches of bases are one sequence, errors apart."""
    cdef int32_t k, wrong = 0, most = n // ONE_IN, first = 0, last = 0
    cdef bint other
    for k in range(n):
        other = a[k] != b[k] and a[k] < 4 and b[k] < 4
        wrong += other
        first += other and k < END_BASES
        last += other and k >= n - END_BASES
        if wrong > most or first > MOST_AT_END or last > MOST_AT_END:
            return False
    return True


cdef bint goes_on(Read *r, const uint8_t *bases, const uint8_t[::1] codes, int64_t origin,
                  int32_t edge, bint right) noexcept nogil:
    """Return whether a read is the reference's beyond a position, on its right or on its left.

    So are mates on either side of the junction of a tandem duplication: both begin in the repeat,
    one in each copy, and its sequence is the same.
    """
    cdef int32_t n = r.end - edge if right else edge - r.pos
    cdef int32_t at = r.length - r.rclip - n if right else r.lclip
    cdef int64_t place = (edge if right else r.pos) - origin
    if n < LEAST_BEYOND or at < 0 or at + n > r.length or place < 0 or place + n > codes.shape[0]:
        return False
    return same(bases + r.seq + at, &codes[place], n)


def mates(const uint8_t[::1] table, int64_t fragments):
    """Return the rows of each fragment's forward and reverse read, -1 without, (fragments, 2).

    `table` is the bytes of `reader.Reads.table`. Of several reads in one direction the first
    counts.
    """
    found_array = np.full((fragments, 2), -1, dtype=np.int32)
    cdef int32_t[:, ::1] found = found_array
    cdef int64_t i, reads = table.shape[0] // sizeof(Read)
    cdef const Read *rows = <const Read *>&table[0]
    cdef int side
    with nogil:
        for i in range(reads):
            side = 1 if rows[i].flag & BAM_FREVERSE else 0
            if found[rows[i].frag, side] < 0:
                found[rows[i].frag, side] = <int32_t>i
    return found_array


def trim_adapters(uint8_t[::1] table, const uint8_t[::1] bases, uint32_t[::1] cigars,
                  const int32_t[:, ::1] pairs, const uint8_t[::1] codes, int64_t origin):
    """Cut off what mates read beyond the end of their fragment, in place.

    Where an insert is shorter than a read, both mates read all of it, and then their adapters. The
    insert runs from the first base of the forward to the first base of the reverse read; that
    it does is checked by its sequence, which both show: an insertion that is not aligned looks alike
    by its coordinates alone. A read that is aligned well beyond its mate's first base has no adapter
    there.

    Parameters
    ----------
    table : uint8
        The bytes of `reader.Reads.table`; changed in place.
    bases, cigars
        As there.
    pairs : int32, (fragments, 2)
        From `mates`.
    codes : uint8
        Base codes of the reference.
    origin : int
        Position of the first of them.

    Returns
    -------
    int
        Reads that were cut.
    """
    cdef int64_t f, done = 0
    cdef int32_t first, last, insert, k, gain
    cdef Read *a
    cdef Read *b
    cdef int32_t tried[3]
    if not table.shape[0]:
        return 0
    cdef Read *rows = <Read *>&table[0]
    with nogil:
        for f in range(pairs.shape[0]):
            if pairs[f, 0] < 0 or pairs[f, 1] < 0:
                continue
            a, b = rows + pairs[f, 0], rows + pairs[f, 1]
            first = a.pos - a.lclip
            last = b.end + b.rclip
            if last <= first or not a.n_cigar or not b.n_cigar:
                continue
            # Neither passes the other's first base: all but a few fragments.
            if a.end + a.rclip <= last and b.pos - b.lclip >= first:
                continue
            tried[0] = last - first + gained(a, &cigars[0])
            tried[1] = last - first + gained(b, &cigars[0])
            tried[2] = last - first
            for k in range(3):
                insert = tried[k]
                if insert < LEAST_INSERT or insert > a.length or insert > b.length:
                    continue
                if insert == a.length and insert == b.length:
                    continue
                if not same(&bases[a.seq], &bases[b.seq + b.length - insert], insert):
                    continue
                # Of a mate that is hard-clipped at its primer, the first base is not that of the insert.
                if (cigars[b.cigar + b.n_cigar - 1] & 15 != 5
                        and goes_on(a, &bases[0], codes, origin, last, True)):
                    break
                if (cigars[a.cigar] & 15 != 5
                        and goes_on(b, &bases[0], codes, origin, first, False)):
                    break
                if insert < a.length:
                    cut(a, &cigars[0], 0, a.length - insert)
                    done += 1
                if insert < b.length:
                    cut(b, &cigars[0], b.length - insert, 0)
                    done += 1
                break
    return done


cdef int64_t product(int32_t x, const int32_t[::1] near, const int32_t[::1] far,
                     int sign) noexcept nogil:
    """Return the primer that a fragment's end at `x` came from, -1 without.

    `near` are the primers' outer ends, `far` their inner ones, `sign` 1 for those on the left.
    Of several the one counts whose outer end is nearest. Primers are sorted by `near`.
    """
    cdef int64_t low = 0, high = near.shape[0], middle, k, best = -1
    cdef int32_t least = INT_MAX, off
    while low < high:
        middle = (low + high) // 2
        if near[middle] < x - 64:
            low = middle + 1
        else:
            high = middle
    for k in range(low, near.shape[0]):
        if near[k] > x + 64:
            break
        # Within the primer, or a little outside.
        if sign * (x - near[k]) < -N_SLACK or sign * (x - far[k]) >= 0:
            continue
        off = x - near[k] if x > near[k] else near[k] - x
        if off < least:
            least, best = off, k
    return best


cdef int64_t own_primer(int32_t x, int32_t clip, const int32_t[::1] near,
                        const int32_t[::1] far, int sign) noexcept nogil:
    """Return the primer of a read that begins at `x` but for `clip` clipped bases, -1 without.

    What is clipped in front of a primer is no part of the fragment: a UMI.
    """
    cdef int64_t found = product(x - sign * clip, near, far, sign)
    if found >= 0 or not clip:
        return found
    found = product(x, near, far, sign)
    if found >= 0 and (x - near[found] > N_SLACK or near[found] - x > N_SLACK):
        return -1
    return found


def mask_primers(uint8_t[::1] table, const int32_t[:, ::1] pairs, const int32_t[::1] left_start,
                 const int32_t[::1] left_end, const int32_t[::1] right_start,
                 const int32_t[::1] right_end):
    """Assign fragments to their primers, and mark what these cover as no evidence, in place.

    A fragment's left primer is the one that its forward read begins in, its right primer that of
    its reverse read, with its soft clips, or else without them, at the primer's outer end; a single
    read is taken for all of its fragment. What another amplicon's primer covers stays evidence.

    Parameters
    ----------
    table : uint8
        The bytes of `reader.Reads.table`; `low` and `high` are set.
    pairs : int32, (fragments, 2)
        From `mates`.
    left_start, left_end : int32, sorted by left_start
        Primers of the + strand of the contig.
    right_start, right_end : int32, sorted by right_end
        Of the - strand.

    Returns
    -------
    int32, (fragments, 2)
        Rows of the left and the right primer, -1 without.
    """
    cdef int64_t f, left, right
    cdef int32_t k, low, high
    cdef Read *a
    cdef Read *b
    found_array = np.full((pairs.shape[0], 2), -1, dtype=np.int32)
    cdef int32_t[:, ::1] found = found_array
    if not table.shape[0]:
        return found_array
    cdef Read *rows = <Read *>&table[0]
    with nogil:
        for f in range(pairs.shape[0]):
            a = rows + pairs[f, 0] if pairs[f, 0] >= 0 else NULL
            b = rows + pairs[f, 1] if pairs[f, 1] >= 0 else NULL
            left = right = -1
            if a != NULL:
                left = own_primer(a.pos, a.lclip, left_start, left_end, 1)
                if b == NULL and not a.flag & 1:
                    right = product(a.end, right_end, right_start, -1)
            if b != NULL:
                right = own_primer(b.end, b.rclip, right_end, right_start, -1)
                if a == NULL and not b.flag & 1:
                    left = product(b.pos, left_start, left_end, 1)
            low = left_end[left] if left >= 0 else INT_MIN
            high = right_start[right] if right >= 0 else INT_MAX
            found[f, 0], found[f, 1] = <int32_t>left, <int32_t>right
            if a != NULL:
                a.low, a.high = low, high
            if b != NULL:
                b.low, b.high = low, high
    return found_array
