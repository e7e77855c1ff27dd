# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Breakpoints that alignments show: split reads (tag SA) and pairs that are not proper.

The records are looked at while the reader streams them, once each, and nothing is stored of a read
that is aligned in one piece and properly paired.

A junction joins two breakends. A breakend is a contig, a position (0-based) and a side: `LEFT`
where the bases to the left of the position are joined to the other breakend, `RIGHT` where those
from the position on are.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset
from pysam.libchtslib cimport (
    bam_aux2Z, bam_aux_get, bam_get_cigar, bam_get_qname, sam_hdr_name2tid,
)
from resistpanel.core.memory cimport resized
from resistpanel.core.stream cimport aligned_length, hash_name

cdef enum:
    #: Fewest clipped bases of a split read.
    LEAST = 16
    #: Longest name of a contig.
    NAME = 256

#: Fewest clipped bases of a read whose tag SA is read.
LEAST_SPLIT = LEAST
LEFT, RIGHT = 0, 1
#: What shows it: a split read, a pair that is not proper, or clipped bases that are aligned nowhere.
SPLIT, PAIR, CLIP = 0, 1, 2
#: Template lengths are counted up to this one, longer ones with it.
N_LENGTHS = LENGTHS

SIGNAL_DTYPE = np.dtype(
    [("name", np.uint64)]
    + [(n, np.int32) for n in ("tid", "pos", "side", "tid2", "pos2", "side2", "kind", "flag",
                               "mapq", "mapq2")]
)


cdef struct Segment:
    # An alignment in the tag SA: 0-based position, bases of the reference, and of the read before
    # and after it.
    char name[NAME]
    int64_t pos, length
    int32_t before, after, mapq
    bint forward


cdef inline bint digit(char c) noexcept nogil:
    return 48 <= c <= 57


cdef inline int64_t whole(char **text) noexcept nogil:
    """Read a whole number; move on behind it."""
    cdef int64_t n = 0
    while digit(text[0][0]):
        n = 10 * n + (text[0][0] - 48)
        text[0] += 1
    return n


cdef char *segment(char *text, Segment *found) noexcept nogil:
    """Read ``rname,pos,strand,CIGAR,mapQ,NM;``; return what follows, NULL where it is no such."""
    cdef int i = 0
    cdef int64_t n
    cdef char op
    cdef bint first = True
    while text[0] and text[0] != 44 and i < NAME - 1:  # ","
        found.name[i] = text[0]
        i += 1
        text += 1
    found.name[i] = 0
    if text[0] != 44:
        return NULL
    text += 1
    found.pos = whole(&text) - 1
    if text[0] != 44 or not (text[1] == 43 or text[1] == 45) or text[2] != 44:  # ",+," or ",-,"
        return NULL
    found.forward = text[1] == 43
    text += 3
    found.before = found.after = 0
    found.length = 0
    while text[0] and text[0] != 44:
        n = whole(&text)
        op = text[0]
        if op == 0 or op == 44:
            return NULL
        if op == 83 or op == 72:  # S, H
            if first:
                found.before = <int32_t>n
            else:
                found.after = <int32_t>n
        else:
            first = False
            if op == 77 or op == 68 or op == 78 or op == 61 or op == 88:  # M, D, N, =, X
                found.length += n
        text += 1
    if text[0] != 44:
        return NULL
    text += 1
    found.mapq = <int32_t>whole(&text)
    while text[0] and text[0] != 59:  # ";"
        text += 1
    return text + 1 if text[0] else text


cdef class Signals:
    """What the records of one sample show.

    Parameters
    ----------
    min_mapq : int
        Alignments below it show nothing.
    """

    def __cinit__(self, int min_mapq):
        self.min_mapq = min_mapq
        memset(self.lengths, 0, sizeof(self.lengths))

    def __dealloc__(self):
        free(self.rows)

    cdef int add(self, Signal found) except -1 nogil:
        if self.n == self.room:
            self.rows = <Signal *>resized(self.rows, 2 * self.room + 256, sizeof(Signal))
            self.room = 2 * self.room + 256
        self.rows[self.n] = found
        self.n += 1
        return 0

    cdef int look(self, bam1_t *b) except -1 nogil:
        """Note what a mapped record shows; secondary and excluded records are not given."""
        cdef uint32_t *cigar = bam_get_cigar(b)
        cdef int32_t flag = b.core.flag, n = b.core.n_cigar, left, right
        cdef Signal found
        cdef int64_t end
        if n == 0 or b.core.qual < self.min_mapq:
            return 0
        left, right = clip(cigar[0]), clip(cigar[n - 1])
        if left >= LEAST or right >= LEAST:
            end = b.core.pos + aligned_length(b)
            if self.splits(b, end, left, right) == 0 and not flag & 0x800:
                self.clips(b, end, left, right)
        if flag & 0x800 or not flag & 1:
            return 0
        if flag & 2:
            if b.core.isize > 0:
                self.lengths[min(<int64_t>b.core.isize, <int64_t>(LENGTHS - 1))] += 1
            return 0
        if flag & 8 or b.core.mtid < 0:
            return 0
        found.name = hash_name(bam_get_qname(b))
        found.kind, found.flag, found.mapq, found.mapq2 = 1, flag, b.core.qual, -1
        found.tid, found.tid2 = b.core.tid, b.core.mtid
        if flag & 16:
            found.pos, found.side = <int32_t>b.core.pos, 1
        else:
            found.pos, found.side = <int32_t>(b.core.pos + aligned_length(b)), 0
        if flag & 32:
            found.pos2, found.side2 = <int32_t>b.core.mpos, 1
        else:
            # The mate's end is not known: that of a read as long as this one.
            found.pos2, found.side2 = <int32_t>(b.core.mpos + b.core.l_qseq), 0
        self.add(found)
        return 0

    cdef int clips(self, bam1_t *b, int64_t end, int32_t left, int32_t right) except -1 nogil:
        """Note where a read without SA is clipped, unless it may have read into an adapter."""
        cdef Signal found
        cdef int64_t isize = b.core.isize if b.core.isize >= 0 else -b.core.isize
        if b.core.flag & 2 and isize < b.core.l_qseq:
            return 0
        found.name = hash_name(bam_get_qname(b))
        found.kind, found.flag, found.mapq, found.mapq2 = 2, b.core.flag, b.core.qual, -1
        found.tid, found.tid2, found.pos2, found.side2 = b.core.tid, -1, -1, -1
        if left >= LEAST:
            found.pos, found.side = <int32_t>b.core.pos, 1
            self.add(found)
        if right >= LEAST:
            found.pos, found.side = <int32_t>end, 0
            self.add(found)
        return 0

    cdef int splits(self, bam1_t *b, int64_t end, int32_t left, int32_t right) except -1 nogil:
        """Note the junctions to the neighbouring alignments of a split read.

        Of each alignment in SA, the bases of the read before and after it are compared with those
        of this one, both in the direction of this alignment. Returns the junctions noted.
        """
        cdef int64_t before = self.n
        cdef char *text
        cdef unsigned char *aux = bam_aux_get(b, "SA")
        cdef Segment other
        cdef Signal found
        cdef bint same
        if aux == NULL:
            return 0
        text = bam_aux2Z(aux)
        if text == NULL:
            return 0
        while text[0]:
            text = segment(text, &other)
            if text == NULL:
                break
            found.tid, found.tid2 = b.core.tid, sam_hdr_name2tid(self.header, other.name)
            if found.tid2 < 0 or other.mapq < self.min_mapq:
                continue
            same = other.forward == ((b.core.flag & 16) == 0)
            if not same:
                other.before, other.after = other.after, other.before
            found.name = hash_name(bam_get_qname(b))
            found.kind, found.flag, found.mapq, found.mapq2 = 0, b.core.flag, b.core.qual, other.mapq
            if other.before < left and left >= LEAST:
                found.pos, found.side = <int32_t>b.core.pos, 1
                found.pos2 = <int32_t>(other.pos + other.length if same else other.pos)
                found.side2 = 0 if same else 1
            elif other.after < right and right >= LEAST:
                found.pos, found.side = <int32_t>end, 0
                found.pos2 = <int32_t>(other.pos if same else other.pos + other.length)
                found.side2 = 1 if same else 0
            else:
                continue
            self.add(found)
        return <int>(self.n - before)

    def take(self):
        """Return what was noted, (signals,) of `SIGNAL_DTYPE`, and forget it."""
        cdef uint8_t[::1] view
        out = np.empty(self.n, dtype=SIGNAL_DTYPE)
        if self.n:
            view = out.view(np.uint8)
            memcpy(&view[0], self.rows, self.n * sizeof(Signal))
        self.n = 0
        return out

    def template_lengths(self):
        """Return the number of proper pairs by template length, int64, (`N_LENGTHS`,)."""
        return np.array([self.lengths[k] for k in range(LENGTHS)], dtype=np.int64)
