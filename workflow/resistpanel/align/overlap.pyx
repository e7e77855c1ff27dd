# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The length of a read pair's insert, from the overlap of the mates and the adapters behind it."""

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.math cimport log, pow
from libc.stdint cimport int8_t, uint8_t
from libc.stdlib cimport free
from resistpanel.core.memory cimport resized

cdef enum:
    MOST_ADAPTERS = 8
    LONGEST_ADAPTER = 64
    QUALITIES = 94
    #: Base codes: A, C, G, T = 0..3, unknown 4.
    UNKNOWN = 4
    #: Log odds at which the comparison of an overlap ends: the true one does not come so low.
    GIVEN_UP = -12

cdef int8_t CODE[256]
for _k in range(256):
    CODE[_k] = UNKNOWN
for _k, _bases in enumerate(("Aa", "Cc", "Gg", "Tt")):
    for _base in _bases:
        CODE[ord(_base)] = _k


cdef class Overlap:
    """Finds inserts by the log odds of every possible length against chance.

    A pair of bases that should be one base is ``log((1 - e) / (1/4))`` if equal, ``log(e / (3/4))``
    if not, e being the error probability of the base of lower quality. The mates' overlap and
    what is read behind the insert are added up; the latter should be adapter.

    Parameters
    ----------
    adapters : list of (str, str)
        What is read behind an insert by read 1 and by read 2; N is any base. None: what is there
        is left out of account.
    floor : float
        Lowest error probability of a base: PCR and synthesis err as well.
    offset : int
        Of the quality characters.
    """

    cdef int count, offset
    cdef int lengths[MOST_ADAPTERS][2]
    cdef int8_t codes[MOST_ADAPTERS][2][LONGEST_ADAPTER]
    cdef double equal[QUALITIES]
    cdef double unequal[QUALITIES]
    cdef int8_t *a
    cdef int8_t *b
    cdef uint8_t *qa
    cdef uint8_t *qb
    cdef int room

    def __cinit__(self, adapters=(), double floor=0.02, int offset=33):
        cdef int k, side, i
        cdef double e
        if len(adapters) > MOST_ADAPTERS:
            raise ValueError(f"more than {MOST_ADAPTERS} adapters")
        self.count, self.offset, self.room = len(adapters), offset, 0
        self.a = self.b = NULL
        self.qa = self.qb = NULL
        for k, pair in enumerate(adapters):
            for side in range(2):
                word = pair[side][:LONGEST_ADAPTER].encode()
                self.lengths[k][side] = len(word)
                for i in range(len(word)):
                    self.codes[k][side][i] = CODE[<uint8_t>word[i]]
        for k in range(QUALITIES):
            e = min(max(pow(10.0, -k / 10.0), floor), 0.75)
            self.equal[k] = log((1 - e) / 0.25)
            self.unequal[k] = log(e / 0.75)

    def __dealloc__(self):
        free(self.a)
        free(self.b)
        free(self.qa)
        free(self.qb)

    cdef int reserve(self, int n) except -1:
        if n <= self.room:
            return 0
        self.a = <int8_t *>resized(self.a, 2 * n, 1)
        self.b = <int8_t *>resized(self.b, 2 * n, 1)
        self.qa = <uint8_t *>resized(self.qa, 2 * n, 1)
        self.qb = <uint8_t *>resized(self.qb, 2 * n, 1)
        self.room = 2 * n
        return 0

    cdef double tails(self, int n1, int n2, int insert) noexcept nogil:
        """Return the log odds that what follows an insert in both reads is one of the adapters."""
        cdef double best = 0, total
        cdef int k, i, x
        cdef int8_t w
        for k in range(self.count):
            total = 0
            for i in range(self.lengths[k][0]):
                x = insert + i
                if x >= n1:
                    break
                w = self.codes[k][0][i]
                if w < UNKNOWN and self.a[x] < UNKNOWN:
                    total += self.equal[self.qa[x]] if w == self.a[x] else self.unequal[self.qa[x]]
            for i in range(self.lengths[k][1]):
                x = n2 - 1 - insert - i  # read 2 is held reversed and complemented
                if x < 0:
                    break
                w = self.codes[k][1][i]
                if w < UNKNOWN and self.b[x] < UNKNOWN:
                    total += (
                        self.equal[self.qb[x]] if w == 3 - self.b[x] else self.unequal[self.qb[x]]
                    )
            if k == 0 or total > best:
                best = total
        return best

    def insert(self, str s1, str q1, str s2, str q2):
        """Return the likeliest length of the insert, its log odds, and those of the next.

        Parameters
        ----------
        s1, q1, s2, q2 : str
            Bases and qualities of read 1 and read 2, as sequenced, ASCII.

        Returns
        -------
        (length, score, other) : (int, float, float)
            `score` is natural log odds against mates that do not overlap; `other` is the best of a
            length on the other side of the reads' length: of an insert that is not passed by
            either read if `length` is passed by one, and the other way about.
        """
        cdef Py_ssize_t n1, n2, m1, m2
        cdef const char *t1 = PyUnicode_AsUTF8AndSize(s1, &n1)
        cdef const char *u1 = PyUnicode_AsUTF8AndSize(q1, &m1)
        cdef const char *t2 = PyUnicode_AsUTF8AndSize(s2, &n2)
        cdef const char *u2 = PyUnicode_AsUTF8AndSize(q2, &m2)
        if n1 != m1 or n2 != m2:
            raise ValueError("bases and qualities of different length")
        cdef int i, length, low, high, x, q, lone = max(n1, n2), c
        cdef double score, best = 0, long_ = 0
        cdef int at = -1, long_at = -1
        self.reserve(<int>max(n1, n2) + 1)
        with nogil:
            for i in range(n1):
                self.a[i] = CODE[<uint8_t>t1[i]]
                q = <uint8_t>u1[i] - self.offset
                self.qa[i] = min(max(q, 0), QUALITIES - 1)
            for i in range(n2):
                c = CODE[<uint8_t>t2[n2 - 1 - i]]
                self.b[i] = c if c == UNKNOWN else 3 - c
                q = <uint8_t>u2[n2 - 1 - i] - self.offset
                self.qb[i] = min(max(q, 0), QUALITIES - 1)
            for length in range(n1 + n2):
                low, high = max(0, length - <int>n2), min(<int>n1, length)
                score = 0
                for x in range(low, high):
                    i = x - length + <int>n2
                    if self.a[x] == UNKNOWN or self.b[i] == UNKNOWN:
                        continue
                    q = self.qa[x] if self.qa[x] < self.qb[i] else self.qb[i]
                    if self.a[x] == self.b[i]:
                        score += self.equal[q]
                    else:
                        score += self.unequal[q]
                        if score < GIVEN_UP:
                            break
                if score < GIVEN_UP:
                    continue
                if length < lone:
                    score += self.tails(<int>n1, <int>n2, length)
                    if score > best:
                        best, at = score, length
                elif score > long_:
                    long_, long_at = score, length
        if best >= long_:
            return at, best, long_
        return long_at, long_, best
