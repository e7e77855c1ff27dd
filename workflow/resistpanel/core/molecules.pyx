# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The molecules of a BAM with UMIs: its fragments in families, each handed on as one consensus.

`Molecules` streams the records of a BAM as `Stream` does, but instead of the reads themselves it
hands out one record for either end of every molecule, sorted by position, with the tags of fgbio's
consensus reads (cD, aD, bD). Only the fragments around the current position are held.

A family has the same two unclipped 5' ends and the same UMI, up to sequencing errors of the UMI
(directed adjacency: Smith, Heger and Sudbery, Genome Res 2017;27:491). With UMIs of both ends, the
two strands of a molecule are paired: the halves of one are those of the other, swapped.

Consensus: as fgbio CallMolecularConsensusReads. A base has the probability of error of its
quality, and that of an error after the UMI was attached; the consensus of a strand cannot be
better than an error before, which all copies have. Two strands that agree add their qualities;
where they differ, the better one remains with the difference.

Coordinates are 0-based half-open. Base codes: A, C, G, T = 0..3, anything else 4.
"""

import numpy as np

from libc.math cimport exp, log, log10
from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, qsort
from libc.string cimport memcpy, memset, strlen
from pysam.libchtslib cimport (
    BAM_FDUP, BAM_FMUNMAP, BAM_FPAIRED, BAM_FQCFAIL, BAM_FREAD1, BAM_FREAD2, BAM_FREVERSE,
    BAM_FSECONDARY, BAM_FSUPPLEMENTARY, BAM_FUNMAP, bam1_t, bam_aux2i, bam_aux2Z, bam_aux_get,
    bam_destroy1, bam_get_aux, bam_get_cigar, bam_get_qname, bam_get_qual, bam_get_seq,
)
from resistpanel.core.memory cimport new_record, resized, zeroed
from resistpanel.core.stream cimport NT16_CODE, Marks, Stream, aligned_length, hash_name

from resistpanel.core.core_constants import (
    CONSENSUS_AGREEMENT, CONSENSUS_INPUT_QUALITY, CONSENSUS_MOST, CONSENSUS_POST, CONSENSUS_PRE,
    CONSENSUS_UNSURE, FAMILY_FAR, FAMILY_PADDING, FAMILY_STEP, MIN_MAPPING_QUALITY,
    UMI_MISMATCHES, UMI_PARENT,
)
from resistpanel.core.errors import InputError

#: Where UMIs are.
SOURCES = {"RX": 0, "MI": 1, "name": 2}
#: Whether families are made, and of which strands: of each by itself, or of both together.
FAMILIES = ("none", "single", "duplex")
#: Of `Molecules.counts`.
COUNTS = ("reads", "without_umi", "fragments", "molecules", "duplex", "corrected")

#: Family sizes that are counted, the last one open; `sizes[0]` is not used.
N_SIZES = SIZES + 1

cdef enum:
    END = -1
    S_RX = 0
    S_MI = 1
    S_NAME = 2
    #: Longest half of a UMI: three bits a base.
    LONGEST_HALF = 21
    #: Of a half that is a number, and is compared whole.
    EXACT = 255
    #: Steps of the table of `unanimous` per unit of the natural logarithm, and its entries.
    STEPS = 8
    N_UNANIMOUS = 512
    KIND_REVERSE1 = 1
    KIND_REVERSE2 = 2
    KIND_NEAR = 4     # both reads are here
    KIND_FAR = 8      # the mate is elsewhere
    KIND_EXTRA = 16   # supplementary alignments
    KIND_BARE = 32    # no UMI
    KIND_SPLIT = 64   # strands are not paired
    KIND_SECOND = 128 # of strand 1, if so
    KIND_PAIRED = 256 # the halves of the UMI are those at either end
    #: Bytes of tags cD, aD and bD.
    TAGS = 15

cdef int MISMATCHES = UMI_MISMATCHES
cdef int64_t STEP = FAMILY_STEP, FAR = FAMILY_FAR
cdef int PARENT = UMI_PARENT
cdef int LEAST_INPUT = CONSENSUS_INPUT_QUALITY, MOST = CONSENSUS_MOST, UNSURE = CONSENSUS_UNSURE
cdef int LEAST_MAPQ = MIN_MAPPING_QUALITY
cdef double AGREEMENT = CONSENSUS_AGREEMENT
cdef uint8_t CODE_NT16[5]
CODE_NT16[0], CODE_NT16[1], CODE_NT16[2], CODE_NT16[3], CODE_NT16[4] = 1, 2, 4, 8, 15
#: Code of a base in a UMI: 1 to 5, 0 of what is none.
cdef uint8_t UMI_CODE[256]
memset(UMI_CODE, 0, 256)
for _k, _base in enumerate("ACGTN"):
    UMI_CODE[ord(_base)] = UMI_CODE[ord(_base.lower())] = _k + 1


cdef double two_trials(double a, double b) noexcept nogil:
    """Return the probability of a wrong base after two chances of one (fgbio)."""
    return a + b - 4.0 / 3.0 * a * b


#: Log odds of a base of a quality against each other base, with errors after the UMI.
cdef float ODDS[256]
#: Quality of a consensus of one strand whose copies agree, by their sum of log odds.
cdef uint8_t UNANIMOUS[N_UNANIMOUS]
cdef double PRE = 10 ** (-CONSENSUS_PRE / 10)


cdef int phred_of(double error) noexcept nogil:
    """Return the quality of a consensus of one strand with a probability of error."""
    cdef double q = -10 * log10(two_trials(error, PRE))
    return 2 if q < 2 else MOST if q > MOST else <int>(q + 0.5)


for _k in range(256):
    _error = two_trials(10 ** (-max(_k, 1) / 10), 10 ** (-CONSENSUS_POST / 10))
    _error = min(_error, 0.75 - 1e-6)
    ODDS[_k] = log(1 - _error) - log(_error / 3)
for _k in range(N_UNANIMOUS):
    _odds = 3 * exp(-<double>_k / STEPS)
    UNANIMOUS[_k] = phred_of(_odds / (1 + _odds))


cdef inline int differing(uint64_t a, uint64_t b) noexcept nogil:
    """Return the bases in which two halves differ."""
    cdef uint64_t x = a ^ b
    cdef int n = 0
    x = (x | x >> 1 | x >> 2) & <uint64_t>0x1249249249249249
    while x:
        x &= x - 1
        n += 1
    return n


cdef inline uint64_t mixed(uint64_t h, uint64_t value) noexcept nogil:
    """Return a hash with one more value, as MurmurHash64A."""
    cdef uint64_t factor = <uint64_t>0xc6a4a7935bd1e995
    value *= factor
    value ^= value >> 47
    h = (h ^ (value * factor)) * factor
    return h ^ h >> 47


cdef int64_t clipped(const uint32_t *cigar, int64_t n, bint last) noexcept nogil:
    """Return the bases clipped at one end, hard or soft."""
    cdef int64_t found = 0, i = 0
    while i < n:
        if not 4 <= cigar[n - 1 - i if last else i] & 15 <= 5:
            break
        found += cigar[n - 1 - i if last else i] >> 4
        i += 1
    return found


cdef inline int64_t five_prime(bam1_t *b) noexcept nogil:
    """Return the position of the first base of a read, clips included; beyond it if reverse."""
    cdef const uint32_t *cigar = <const uint32_t *>bam_get_cigar(b)
    if b.core.flag & BAM_FREVERSE:
        return b.core.pos + aligned_length(b) + clipped(cigar, b.core.n_cigar, True)
    return b.core.pos - clipped(cigar, b.core.n_cigar, False)


cdef int64_t mate_five_prime(bam1_t *b) noexcept nogil:
    """Return the same of the mate: by the tag MC, else by the template length."""
    cdef bint reverse = (b.core.flag & 32) != 0, first = True
    cdef uint8_t *aux = bam_aux_get(b, b"MC")
    cdef char *text = bam_aux2Z(aux) if aux != NULL else NULL
    cdef int64_t length, span = 0, before = 0, after = 0
    if text == NULL or text[0] == 42:  # "*"
        if not reverse:
            return b.core.mpos
        if b.core.mtid == b.core.tid and b.core.isize > 0:
            return b.core.pos + b.core.isize
        return b.core.mpos + b.core.l_qseq
    while text[0]:
        length = 0
        while 48 <= text[0] <= 57:
            length = 10 * length + text[0] - 48
            text += 1
        if text[0] == 83 or text[0] == 72:  # S, H
            if first:
                before += length
            else:
                after += length
        else:
            first = False
            if text[0] == 77 or text[0] == 68 or text[0] == 78 or text[0] == 61 or text[0] == 88:
                span += length
        if text[0]:
            text += 1
    return b.core.mpos + span + after if reverse else b.core.mpos - before


cdef inline int64_t hard_clipped(bam1_t *b) noexcept nogil:
    """Return the hard-clipped bases at the 5' end of a read."""
    cdef uint32_t op
    if b.core.n_cigar == 0:
        return 0
    op = bam_get_cigar(b)[b.core.n_cigar - 1 if b.core.flag & BAM_FREVERSE else 0]
    return op >> 4 if op & 15 == 5 else 0


cdef uint64_t shape_of(bam1_t *b) noexcept nogil:
    """Return a hash of the gaps of an alignment, by their places from the 5' end; 0 without gaps."""
    cdef const uint32_t *cigar = <const uint32_t *>bam_get_cigar(b)
    cdef int64_t n = b.core.n_cigar, i, at = 0
    cdef uint32_t op, length
    cdef uint64_t found = 0
    for i in range(n):
        op = cigar[n - 1 - i if b.core.flag & BAM_FREVERSE else i]
        length = op >> 4
        op &= 15
        if op == 1 or op == 2 or op == 3:
            found = mixed(found, <uint64_t>at << 36 | <uint64_t>length << 4 | op)
        if op == 0 or op == 1 or op == 4 or op == 5 or op == 7 or op == 8:
            at += length
    return found


cdef int packed(const char *text, int64_t n, uint64_t *half) noexcept nogil:
    """Pack n bases of a UMI, three bits each; return how many, 0 if it is none, -1 if too long."""
    cdef int64_t i
    cdef uint64_t made = 0
    if n > 1 and text[0] == 114:  # "r": bcl-convert marks a UMI that it reversed
        text, n = text + 1, n - 1
    for i in range(n):
        if UMI_CODE[<uint8_t>text[i]] == 0:
            return 0
        if i < LONGEST_HALF:
            made = made << 3 | UMI_CODE[<uint8_t>text[i]]
    half[0] = made
    return -1 if n > LONGEST_HALF else <int>n


cdef bint separates(char c) noexcept nogil:
    """Return whether a character is between the halves of a UMI: `-`, `+`, `_`, `,`, `.` or `|`."""
    return c == 45 or c == 43 or c == 95 or c == 44 or c == 46 or c == 124


cdef bint precedes(char c) noexcept nogil:
    """Return whether a character is before the UMI of a read name: `:`, `_` or `|`."""
    return c == 58 or c == 95 or c == 124


cdef int halves(const char *text, int64_t n, uint64_t *half, uint8_t *length) noexcept nogil:
    """Parse a UMI of one or two halves; return how many it has, 0 if it is none, -1 if too long."""
    cdef int64_t i
    cdef int first, second
    for i in range(n):
        if separates(text[i]):
            first, second = packed(text, i, half), packed(text + i + 1, n - i - 1, half + 1)
            if first < 0 or second < 0:
                return -1
            length[0], length[1] = <uint8_t>first, <uint8_t>second
            return 2 if first and second else 0
    first = packed(text, n, half)
    length[0], length[1] = <uint8_t>(first if first > 0 else 0), 0
    half[1] = 0
    return -1 if first < 0 else first > 0


cdef int in_name(const char *name, uint64_t *half, uint8_t *length) noexcept nogil:
    """Parse the UMI in the last field of a name, as `halves`.

    ``name:ACGT+ACGT`` (bcl-convert), ``name_ACGT`` (umi_tools), ``name|ACG.ACG``
    (ConsensusCruncher), ``name|ACGT|ACGT``, ``name:8,8:ACGT,ACGT`` or ``name:8,0:ACGT,.``
    (ngs-bits, umiVar).
    """
    cdef int64_t n = strlen(name), i, k
    if n > 2 and name[n - 2] == 47:  # "/1", "/2"
        n -= 2
    if n > 2 and name[n - 2] == 44 and name[n - 1] == 46:  # ",.": the second half is not there
        n -= 2
    elif n > 1 and name[n - 1] == 44:
        n -= 1
    i = n - 1
    while i >= 0 and (UMI_CODE[<uint8_t>name[i]] or name[i] == 114):
        i -= 1
    if i < 0:
        return 0
    if separates(name[i]):
        k = i - 1
        while k >= 0 and (UMI_CODE[<uint8_t>name[k]] or name[k] == 114):
            k -= 1
        if k >= 0 and i - k > 3 and precedes(name[k]):
            return halves(name + k + 1, n - k - 1, half, length)
    if n - i <= 3 or not precedes(name[i]):
        return 0
    return halves(name + i + 1, n - i - 1, half, length)


cdef int in_number(bam1_t *b, uint8_t *aux, uint64_t *half, uint8_t *length) noexcept nogil:
    """Parse tag MI; return 2 if it names the strand (/A, /B), else 1."""
    cdef char *text
    cdef int64_t n, i
    cdef uint64_t h = 1
    length[0], length[1] = EXACT, 0
    half[1] = 0
    if aux[0] != 90:  # "Z"
        half[0] = <uint64_t>bam_aux2i(aux)
        return 1
    text = bam_aux2Z(aux)
    n = strlen(text)
    if n > 2 and text[n - 2] == 47 and (text[n - 1] == 65 or text[n - 1] == 66):
        n -= 2
    for i in range(n):
        h = mixed(h, <uint8_t>text[i])
    half[0] = h
    return 2 if text[n] else 1


cdef int by_ends(const void *one, const void *other) noexcept nogil:
    """Order fragments by ends, kind, UMI, strand and name."""
    cdef const Fragment *a = <const Fragment *>one
    cdef const Fragment *b = <const Fragment *>other
    cdef int k
    for k in range(2):
        if a.end[k] != b.end[k]:
            return -1 if a.end[k] < b.end[k] else 1
    if a.kind != b.kind:
        return -1 if a.kind < b.kind else 1
    for k in range(2):
        if a.n[k] != b.n[k]:
            return -1 if a.n[k] < b.n[k] else 1
        if a.half[k] != b.half[k]:
            return -1 if a.half[k] < b.half[k] else 1
    return by_strand(one, other)


cdef int by_strand(const void *one, const void *other) noexcept nogil:
    """Order fragments of a family by strand and name."""
    cdef const Fragment *a = <const Fragment *>one
    cdef const Fragment *b = <const Fragment *>other
    if a.strand != b.strand:
        return -1 if a.strand < b.strand else 1
    if a.name != b.name:
        return -1 if a.name < b.name else 1
    return (a.read[0] == NULL) - (b.read[0] == NULL)


cdef int by_root(const void *one, const void *other) noexcept nogil:
    """Order fragments of a bucket by family, strand and name."""
    cdef const Fragment *a = <const Fragment *>one
    cdef const Fragment *b = <const Fragment *>other
    if a.root != b.root:
        return -1 if a.root < b.root else 1
    return by_strand(one, other)


cdef int by_count(const void *one, const void *other) noexcept nogil:
    """Order UMIs by count, the most frequent first, then by their bases."""
    cdef const Code *a = <const Code *>one
    cdef const Code *b = <const Code *>other
    cdef int k
    if a.count != b.count:
        return 1 if a.count < b.count else -1
    for k in range(2):
        if a.half[k] != b.half[k]:
            return -1 if a.half[k] < b.half[k] else 1
    return (a.n[0] > b.n[0]) - (a.n[0] < b.n[0])


cdef int by_position(const void *one, const void *other) noexcept nogil:
    """Order records by position, then by flag and name."""
    cdef bam1_t *a = (<bam1_t **>one)[0]
    cdef bam1_t *b = (<bam1_t **>other)[0]
    cdef uint64_t first, second
    if a.core.tid != b.core.tid:
        return -1 if a.core.tid < b.core.tid else 1
    if a.core.pos != b.core.pos:
        return -1 if a.core.pos < b.core.pos else 1
    if a.core.flag != b.core.flag:
        return -1 if a.core.flag < b.core.flag else 1
    first, second = hash_name(bam_get_qname(a)), hash_name(bam_get_qname(b))
    return (first > second) - (first < second)


cdef bam1_t *kept(bam1_t *b) except NULL nogil:
    """Return a copy of a record without its tags but SA."""
    cdef uint8_t *split = bam_aux_get(b, b"SA")
    cdef int64_t fixed = bam_get_aux(b) - b.data, more = 0
    cdef bam1_t *made = new_record()
    if split != NULL and split[0] == 90:
        more = 4 + strlen(<char *>split + 1)
    made.core = b.core
    made.data = <uint8_t *>resized(NULL, fixed + more, 1)
    made.m_data = <uint32_t>(fixed + more)
    made.l_data = <int>(fixed + more)
    memcpy(made.data, b.data, fixed)
    if more:
        memcpy(made.data + fixed, split - 2, more)
    return made


cdef uint8_t *put_tag(uint8_t *at, const char *name, int value) noexcept nogil:
    """Write a tag of 16 bits; return what follows."""
    cdef uint16_t number = <uint16_t>(value if value < 65535 else 65535)
    at[0], at[1], at[2] = name[0], name[1], 83  # "S"
    memcpy(at + 3, &number, 2)
    return at + 5


cdef bam1_t *renamed(bam1_t *model, const char *name, int copies, int first,
                     int second) except NULL nogil:
    """Return a copy of a record of another name, with the tags of a consensus."""
    cdef int64_t length = strlen(name) + 1, pad = (4 - length % 4) % 4
    cdef int64_t rest = model.l_data - model.core.l_qname, size = length + pad + rest + TAGS
    cdef bam1_t *made = new_record()
    cdef uint8_t *at
    made.core = model.core
    made.data = <uint8_t *>resized(NULL, size, 1)
    made.m_data, made.l_data = <uint32_t>size, <int>size
    memcpy(made.data, name, length)
    memset(made.data + length, 0, pad)
    memcpy(made.data + length + pad, model.data + model.core.l_qname, rest)
    made.core.l_qname, made.core.l_extranul = <int>(length + pad), <uint8_t>pad
    made.core.flag &= ~BAM_FDUP
    at = put_tag(made.data + size - TAGS, b"cD", copies)
    at = put_tag(at, b"aD", first)
    put_tag(at, b"bD", second)
    return made


cdef bam1_t *alone(const Fragment *f, int which, const char *name) except NULL nogil:
    """Return a read of a fragment as that of a molecule."""
    cdef int n = f.size[which]
    return renamed(f.read[which], name, n, n * (1 - f.strand), n * f.strand)


cdef inline bint same_umi(const Fragment *a, const Fragment *b) noexcept nogil:
    """Return whether two fragments of a bucket have one UMI."""
    return a.half[0] == b.half[0] and a.half[1] == b.half[1] and a.n[0] == b.n[0] \
        and a.n[1] == b.n[1]


cdef inline bint near_codes(const Code *a, const Code *b) noexcept nogil:
    """Return whether two UMIs differ by no more than sequencing errors make likely."""
    if a.n[0] != b.n[0] or a.n[1] != b.n[1] or a.n[0] == EXACT:
        return False
    return differing(a.half[0], b.half[0]) + differing(a.half[1], b.half[1]) <= MISMATCHES


cdef inline void set_ready(Fragment *f) noexcept nogil:
    """Set the position beyond which no record of the same ends begins, see `flush`."""
    f.ready = f.end[0]
    if f.kind & KIND_NEAR and f.end[1] > f.ready:
        f.ready = f.end[1]


cdef void turn(Fragment *f) noexcept nogil:
    """Exchange the two ends of a fragment."""
    f.end[0], f.end[1] = f.end[1], f.end[0]
    if f.kind & KIND_PAIRED:
        f.half[0], f.half[1] = f.half[1], f.half[0]
        f.n[0], f.n[1] = f.n[1], f.n[0]
    elif f.kind & KIND_SPLIT:
        f.kind ^= KIND_SECOND
    f.shape[0], f.shape[1] = f.shape[1], f.shape[0]
    f.read[0], f.read[1] = f.read[1], f.read[0]
    f.size[0], f.size[1] = f.size[1], f.size[0]
    f.strand = 1 - f.strand
    f.kind = f.kind & ~3 | (f.kind & 1) << 1 | (f.kind & 2) >> 1


def umi_lengths(name: str) -> tuple[int, ...]:
    """Return the lengths of the halves of the UMI in a read's name, for the tests."""
    cdef uint64_t half[2]
    cdef uint8_t length[2]
    cdef int number = in_name(name.encode(), half, length)
    return tuple(length[i] for i in range(max(number, 0)))


def name_hash(name: str) -> int:
    """Return the hash of a read's name, as `Molecules.members` has it."""
    return hash_name(name.encode())


cdef class Molecules(Stream):
    """The molecules of one sample, as records.

    Parameters
    ----------
    path, reference, threads, own
        As `Stream`.

    Notes
    -----
    After `by` it is used as a `Stream`. The records are those of the consensus; their qualities
    are on its scale; a molecule of one fragment keeps its reads as they are. Both ends of a
    molecule have one name, that of one of its fragments.
    """

    def __cinit__(self, path, reference=None, int threads=0, own=True):
        self.duplex = True
        self.pad = FAMILY_PADDING
        self.n_slots = 1 << 12
        self.slots = <int64_t *>zeroed(self.n_slots, sizeof(int64_t))
        self.contig = -1

    def __dealloc__(self):
        cdef int64_t i
        cdef int k
        self.release()
        for i in range(self.n_held):
            for k in range(2):
                bam_destroy1(self.held[i].read[k])
        for i in range(self.n_batch):
            for k in range(2):
                bam_destroy1(self.batch[i].read[k])
        for i in range(self.head, self.n_out):
            bam_destroy1(self.out[i])
        free(self.own_tids)
        free(self.own_begs)
        free(self.own_ends)
        free(self.held)
        free(self.slots)
        free(self.batch)
        free(self.codes)
        free(self.queue)
        free(self.out)
        free(self.columns)
        free(self.base[0])
        free(self.trace)

    def by(self, source, families, trace=False):
        """Set where the UMIs are, and which strands make a family; return self.

        Parameters
        ----------
        source : str
            A key of `SOURCES`.
        families : str
            ``single``: each strand by itself; ``duplex``: both strands, where UMIs have two halves.
        trace : bool
            Keep which fragment is of which molecule, for `members`.
        """
        self.source = SOURCES[source]
        self.duplex = families == "duplex"
        self.traced = trace
        return self

    def query(self, regions, Marks known=None):
        """Go to the first molecule that overlaps the regions, see `Stream.query`.

        Reads are taken from some bases further, so that a family does not depend on where a region
        ends.
        """
        cdef int64_t k
        wanted = sorted((self.tid(contig), beg, end, contig) for contig, beg, end in regions)
        self.forget()
        self.own_tids = <int32_t *>resized(self.own_tids, len(wanted), sizeof(int32_t))
        self.own_begs = <int64_t *>resized(self.own_begs, len(wanted), sizeof(int64_t))
        self.own_ends = <int64_t *>resized(self.own_ends, len(wanted), sizeof(int64_t))
        self.n_own = len(wanted)
        wide, last = [], None
        for k, (tid, beg, end, contig) in enumerate(wanted):
            self.own_tids[k], self.own_begs[k], self.own_ends[k] = tid, beg, end
            beg, end = max(0, beg - self.pad), end + self.pad
            if last is not None and last[0] == contig and last[2] >= beg:
                last[2] = max(last[2], end)
            else:
                last = [contig, beg, end]
                wide.append(last)
        Stream.query(self, wide, known)

    def forget(self):
        """Drop what was read."""
        cdef int64_t i
        cdef int k
        self.release()
        for i in range(self.n_held):
            for k in range(2):
                bam_destroy1(self.held[i].read[k])
        for i in range(self.head, self.n_out):
            bam_destroy1(self.out[i])
        self.n_held = self.n_out = self.head = self.safe = self.due = 0
        self.state, self.contig = 0, -1
        memset(self.slots, 0, self.n_slots * sizeof(int64_t))

    def counts(self):
        """Return what was counted so far, a dict by `COUNTS` and ``sizes``.

        Of molecules with a read in the regions: their reads, those without UMI, their fragments
        (pairs), the molecules, those with fragments of both strands, fragments whose UMI was
        corrected; molecules by family size (fragments), int64, (sizes,), the last one open.
        """
        values = (
            self.reads, self.without, self.fragments, self.molecules, self.both, self.corrected,
        )
        sizes = np.array([self.sizes[k] for k in range(SIZES + 1)], dtype=np.int64)
        return dict(zip(COUNTS, values, strict=True)) | {"sizes": sizes}

    def members(self):
        """Return hashes of names, of fragment and molecule, uint64, (fragments, 2), see `by`."""
        cdef int64_t k
        found = np.empty((self.n_trace // 2, 2), dtype=np.uint64)
        for k in range(self.n_trace):
            found[k // 2, k % 2] = self.trace[k]
        return found

    cdef void release(self) noexcept nogil:
        """Take back the record that was handed out."""
        if self.lent:
            bam_destroy1(self.rec)
            self.rec = self.raw
            self.lent = False

    cdef int next(self) except -9 nogil:
        """Make `rec` the next record of a molecule; set `end`."""
        cdef bam1_t *b
        self.release()
        while True:
            while self.head < self.n_out and self.out[self.head].core.pos < self.safe:
                b = self.out[self.head]
                self.head += 1
                self.raw, self.rec, self.lent = self.rec, b, True
                self.end = b.core.pos + aligned_length(b)
                return 0
            if self.state < 0:
                return self.state
            self.state = Stream.next(self)
            if self.state < END:
                return self.state
            b = self.rec
            if self.state != END:
                self.count_raw(b)
            if self.state == END or b.core.tid != self.contig:
                self.flush(INT64_MAX)
                if self.state == END:
                    continue
                self.contig, self.due = b.core.tid, b.core.pos + STEP
            elif b.core.pos >= self.due:
                self.flush(b.core.pos)
                self.due = b.core.pos + STEP
            if b.core.flag & (BAM_FUNMAP | BAM_FSECONDARY | BAM_FQCFAIL) == 0 \
                    and b.core.n_cigar and b.core.l_qseq:
                self.add(b)

    cdef int count_raw(self, bam1_t *b) noexcept nogil:
        """Count a read as `qc` counts reads without UMIs."""
        cdef uint8_t *aux
        if b.core.flag & BAM_FUNMAP or not self.asked(b):
            return 0
        self.raw_records += 1
        if b.core.flag & (BAM_FSECONDARY | BAM_FSUPPLEMENTARY):
            return 0
        self.raw_primary += 1
        self.raw_duplicates += (b.core.flag & BAM_FDUP) != 0
        if b.core.flag & BAM_FQCFAIL or b.core.qual < LEAST_MAPQ:
            return 0
        aux = bam_aux_get(b, b"NM")
        if aux != NULL:
            self.raw_tagged += 1
            self.raw_mismatches += bam_aux2i(aux)
            self.raw_aligned += aligned_length(b)
        return 0

    cdef int64_t waiting(self, uint64_t name) noexcept nogil:
        """Return the fragment of that name that lacks a mate, -1 if there is none."""
        cdef int64_t i = <int64_t>(name & <uint64_t>(self.n_slots - 1))
        while self.slots[i]:
            if self.held[self.slots[i] - 1].name == name:
                return self.slots[i] - 1
            i = (i + 1) & (self.n_slots - 1)
        return -1

    cdef int await_mate(self, int64_t which) except -9 nogil:
        """Remember a fragment that lacks a mate."""
        cdef int64_t i
        if 2 * (which + 1) >= self.n_slots:
            return self.rebuild(4 * self.n_slots)
        i = <int64_t>(self.held[which].name & <uint64_t>(self.n_slots - 1))
        while self.slots[i]:
            i = (i + 1) & (self.n_slots - 1)
        self.slots[i] = which + 1
        return 0

    cdef int rebuild(self, int64_t slots) except -9 nogil:
        """Remember the fragments that lack a mate anew."""
        cdef int64_t i, k
        if slots != self.n_slots:
            self.slots = <int64_t *>resized(self.slots, slots, sizeof(int64_t))
            self.n_slots = slots
        memset(self.slots, 0, self.n_slots * sizeof(int64_t))
        for k in range(self.n_held):
            if self.held[k].kind & KIND_NEAR and (
                self.held[k].read[0] == NULL or self.held[k].read[1] == NULL
            ):
                i = <int64_t>(self.held[k].name & <uint64_t>(self.n_slots - 1))
                while self.slots[i]:
                    i = (i + 1) & (self.n_slots - 1)
                self.slots[i] = k + 1
        return 0

    cdef int add(self, bam1_t *b) except -9 nogil:
        """Add a read: to the fragment of its mate, or as a new one.

        Where the mate is on another contig or far away, each end is by itself; then the second end
        is a hash of the mate's place. Of a read without a mate it is -1.
        """
        cdef int32_t flag = b.core.flag
        cdef Fragment f
        cdef Fragment *g
        cdef uint8_t *aux
        cdef int64_t mine = five_prime(b), mate = -1, at
        cdef int mates = flag & BAM_FPAIRED and not flag & BAM_FMUNMAP and b.core.mtid >= 0
        cdef int number = 0, k, other
        cdef bint back = (flag & BAM_FREVERSE) != 0, away = (flag & 32) != 0, first
        cdef uint64_t swap
        memset(&f, 0, sizeof(Fragment))
        f.name = hash_name(bam_get_qname(b))
        if b.core.l_qseq > self.longest:
            self.longest = b.core.l_qseq
        if mates and not flag & BAM_FSUPPLEMENTARY and b.core.mtid == b.core.tid \
                and -FAR <= b.core.mpos - b.core.pos <= FAR:
            at = self.waiting(f.name)
            if at >= 0:
                g = &self.held[at]
                k = 0 if g.read[0] == NULL else 1
                other = 1 - k
                if g.read[k] == NULL and (g.read[other].core.flag ^ flag) & 0xC0:
                    # With both ends known, the mate's is exact.
                    if mine != g.end[k]:
                        g.end[k] = mine
                        if g.end[1] < g.end[0]:
                            turn(g)
                            k = 1 - k
                    g.read[k], g.size[k] = kept(b), self.copies_of(b)
                    g.shape[k] = shape_of(b)
                    set_ready(g)
                    return 0
        if self.source == S_NAME:
            number = in_name(bam_get_qname(b), f.half, f.n)
        else:
            aux = bam_aux_get(b, b"RX" if self.source == S_RX else b"MI")
            if aux != NULL and self.source == S_MI:
                number = in_number(b, aux, f.half, f.n)
            elif aux != NULL and aux[0] == 90:
                number = halves(<char *>aux + 1, strlen(<char *>aux + 1), f.half, f.n)
        if number < 0:
            with gil:
                raise InputError(
                    f"the UMI of read {bam_get_qname(b).decode(errors='replace')!r} has more than "
                    f"{LONGEST_HALF} bases", self.path, "set `assay: {umi: none}`, or make "
                    "consensus reads first",
                )
        f.kind = KIND_REVERSE1 if back else 0
        first = True
        if mates:
            mate = mate_five_prime(b)
            first = b.core.tid < b.core.mtid or (
                b.core.tid == b.core.mtid
                and (mine < mate or (mine == mate and (back < away or (
                    back == away and flag & BAM_FREAD1)))))
            f.strand = ((flag & BAM_FREAD1) != 0) != first
            f.kind |= KIND_REVERSE2 if away else 0
            if flag & BAM_FSUPPLEMENTARY or b.core.mtid != b.core.tid \
                    or not -FAR <= b.core.mpos - b.core.pos <= FAR:
                f.kind |= KIND_FAR
                mate = <int64_t>(mixed(<uint64_t>mate, b.core.mtid) >> 1)
            else:
                f.kind |= KIND_NEAR
        if flag & BAM_FSUPPLEMENTARY:
            f.kind |= KIND_EXTRA
        k = 0
        f.end[0], f.end[1] = mine, mate
        if f.kind & KIND_NEAR and not first:
            f.end[0], f.end[1] = mate, mine
            f.kind = f.kind & ~3 | (KIND_REVERSE1 if away else 0) | (KIND_REVERSE2 if back else 0)
            k = 1
        if number == 0:
            f.kind |= KIND_BARE
        if mates and (number < 2 or not self.duplex):
            f.kind |= KIND_SPLIT | (KIND_SECOND if f.strand else 0)
        elif mates and f.n[1]:
            f.kind |= KIND_PAIRED
            if f.strand:
                f.half[0], f.half[1] = f.half[1], f.half[0]
                f.n[0], f.n[1] = f.n[1], f.n[0]
        f.read[k], f.size[k] = kept(b), self.copies_of(b)
        f.shape[k] = shape_of(b)
        f.held = b.core.pos
        set_ready(&f)
        if self.n_held == self.m_held:
            self.held = <Fragment *>resized(self.held, 2 * self.m_held + 1024, sizeof(Fragment))
            self.m_held = 2 * self.m_held + 1024
        self.held[self.n_held] = f
        self.n_held += 1
        if f.kind & KIND_NEAR:
            self.await_mate(self.n_held - 1)
        return 0

    cdef int copies_of(self, bam1_t *b) noexcept nogil:
        """Return of how many copies a read is the consensus already, 1 of a read itself.

        umiVar writes it to DP, beside the colour YC; its reads have the UMI in their names. The
        two strands of a molecule are reads of their own.
        """
        cdef uint8_t *aux
        if self.source != S_NAME or bam_aux_get(b, b"YC") == NULL:
            return 1
        aux = bam_aux_get(b, b"DP")
        return <int>min(max(bam_aux2i(aux), <int64_t>1), <int64_t>60000) if aux != NULL else 1

    cdef int flush(self, int64_t pos) except -9 nogil:
        """Hand the fragments over to which no record from `pos` on can belong."""
        cdef int64_t i, low, kept_ = 0, more
        cdef Fragment *a
        cdef Fragment *b
        self.n_batch = 0
        self.safe = pos
        if self.head:
            for i in range(self.head, self.n_out):
                self.out[i - self.head] = self.out[i]
            self.n_out -= self.head
            self.head = 0
        if self.n_held > self.m_batch:
            self.batch = <Fragment *>resized(self.batch, self.m_held, sizeof(Fragment))
            self.m_batch = self.m_held
        for i in range(self.n_held):
            a = &self.held[i]
            more = 0 if a.kind & 11 == KIND_REVERSE2 and a.kind & KIND_NEAR else self.longest
            if a.ready + more < pos or pos == INT64_MAX:
                self.batch[self.n_batch] = a[0]
                self.n_batch += 1
            else:
                if a.held < self.safe:
                    self.safe = a.held
                self.held[kept_] = a[0]
                kept_ += 1
        if kept_ == self.n_held:
            return 0
        self.n_held = kept_
        self.rebuild(self.n_slots)
        qsort(self.batch, self.n_batch, sizeof(Fragment), by_ends)
        low = 0
        for i in range(1, self.n_batch + 1):
            a = &self.batch[low]
            b = &self.batch[i if i < self.n_batch else low]
            if i == self.n_batch or a.end[0] != b.end[0] or a.end[1] != b.end[1] \
                    or a.kind != b.kind:
                self.bucket(low, i)
                low = i
        self.n_batch = 0
        if self.n_out > 1:
            qsort(self.out, self.n_out, sizeof(bam1_t *), by_position)
        return 0

    cdef int bucket(self, int64_t low, int64_t high) except -9 nogil:
        """Make the molecules of the fragments of two ends, sorted by UMI."""
        cdef int64_t i, start = low
        cdef Fragment *rows = self.batch
        if high - low > 1 and not same_umi(&rows[low], &rows[high - 1]):
            self.cluster(low, high)
            qsort(rows + low, high - low, sizeof(Fragment), by_root)
            for i in range(low + 1, high):
                if rows[i].root != rows[start].root:
                    self.form(start, i)
                    start = i
        self.form(start, high)
        for i in range(low, high):
            bam_destroy1(rows[i].read[0])
            bam_destroy1(rows[i].read[1])
            rows[i].read[0] = rows[i].read[1] = NULL
        return 0

    cdef int cluster(self, int64_t low, int64_t high) except -9 nogil:
        """Set the roots of fragments: rarer UMIs within a mismatch belong to more frequent ones."""
        cdef int64_t n = 0, i, j, parent, head, tail
        cdef Fragment *rows = self.batch
        cdef Code *codes
        if high - low > self.m_codes:
            self.codes = <Code *>resized(self.codes, high - low, sizeof(Code))
            self.queue = <int64_t *>resized(self.queue, high - low, sizeof(int64_t))
            self.m_codes = high - low
        codes = self.codes
        for i in range(low, high):
            if i == low or not same_umi(&rows[i - 1], &rows[i]):
                codes[n].half[0], codes[n].half[1] = rows[i].half[0], rows[i].half[1]
                codes[n].n[0], codes[n].n[1] = rows[i].n[0], rows[i].n[1]
                codes[n].count, codes[n].first, codes[n].root = 0, i, -1
                n += 1
            codes[n - 1].count += 1
        qsort(codes, n, sizeof(Code), by_count)
        for i in range(n):
            if codes[i].root >= 0:
                continue
            codes[i].root = i
            head, tail = 0, 1
            self.queue[0] = i
            while head < tail:
                parent = self.queue[head]
                head += 1
                for j in range(i + 1, n):
                    if codes[j].root < 0 and codes[j].count <= codes[parent].count // PARENT + 1 \
                            and near_codes(&codes[j], &codes[parent]):
                        codes[j].root = i
                        self.queue[tail] = j
                        tail += 1
        for i in range(n):
            for j in range(codes[i].count):
                rows[codes[i].first + j].root = <int32_t>codes[i].root
                self.corrected += codes[i].root != i
        return 0

    cdef int form(self, int64_t low, int64_t high) except -9 nogil:
        """Make the records of one molecule of the fragments from `low` to `high`."""
        cdef Fragment *rows = self.batch
        cdef bam1_t *made[2]
        cdef bam1_t *b
        cdef int64_t i, lead = low, reads = 0, bare = 0
        cdef bint split = False, mine, here = False
        cdef int k, n = 0, first = 0, copies = 0
        cdef const char *name
        for i in range(low, high):
            mine = False
            for k in range(2):
                b = rows[i].read[k]
                if b != NULL:
                    reads += 1
                    mine = mine or bam_aux_get(b, b"SA") != NULL
            # Its name is that of a fragment with a split read, if there is any.
            if mine > split or (mine == split and rows[i].name < rows[lead].name):
                lead, split = i, mine
            first += rows[i].strand == 0
            copies += max(rows[i].size[0], rows[i].size[1])
        b = rows[lead].read[0] if rows[lead].read[0] != NULL else rows[lead].read[1]
        name = bam_get_qname(b)
        for k in range(2):
            made[k] = self.side(low, high, k, name)
        if made[0] != NULL and made[1] != NULL:
            made[0].core.mpos, made[1].core.mpos = made[1].core.pos, made[0].core.pos
        if 0 < first < high - low and rows[lead].kind & KIND_NEAR:
            self.orient(made, hash_name(name) >> 32 & 1)
        if self.n_out + 2 > self.m_out:
            self.out = <bam1_t **>resized(self.out, 2 * self.m_out + 1024, sizeof(bam1_t *))
            self.m_out = 2 * self.m_out + 1024
        for k in range(2):
            if made[k] != NULL:
                if self.asked(made[k]):
                    self.out[self.n_out] = made[k]
                    self.n_out += 1
                    here = True
                else:
                    bam_destroy1(made[k])
        if self.traced:
            if self.n_trace + 2 * (high - low) > self.m_trace:
                self.m_trace = 2 * self.m_trace + 2 * (high - low) + 1024
                self.trace = <uint64_t *>resized(self.trace, self.m_trace, sizeof(uint64_t))
            for i in range(low, high):
                self.trace[self.n_trace] = rows[i].name
                self.trace[self.n_trace + 1] = rows[lead].name
                self.n_trace += 2
        if not here or rows[low].kind & KIND_EXTRA:
            return 0
        n = <int>(high - low)
        self.reads += reads
        self.without += reads if rows[low].kind & KIND_BARE else 0
        self.fragments += n
        self.molecules += 1
        self.both += 0 < first < n
        self.sizes[copies if copies < SIZES else SIZES] += 1
        return 0

    cdef void orient(self, bam1_t **made, bint lower) noexcept nogil:
        """Set which read of a duplex molecule is read 1: that of the left end, or of the right.

        Both strands of the template were read. If all such molecules had one orientation, damage
        of one strand could explain an allele that both strands show.
        """
        cdef int k
        for k in range(2):
            if made[k] != NULL:
                made[k].core.flag &= ~(BAM_FREAD1 | BAM_FREAD2)
                made[k].core.flag |= BAM_FREAD1 if (k == 0) != lower else BAM_FREAD2

    cdef bint asked(self, bam1_t *b) noexcept nogil:
        """Return whether a record overlaps a region."""
        cdef int64_t low = 0, high = self.n_own, k, end = b.core.pos + aligned_length(b)
        if end == b.core.pos:
            end += 1
        # The first region that ends beyond the start of the record.
        while low < high:
            k = (low + high) // 2
            if self.own_tids[k] < b.core.tid or (
                self.own_tids[k] == b.core.tid and self.own_ends[k] <= b.core.pos
            ):
                low = k + 1
            else:
                high = k
        return low < self.n_own and self.own_tids[low] == b.core.tid and self.own_begs[low] < end

    cdef bam1_t *side(self, int64_t low, int64_t high, int which,
                      const char *name) except? NULL nogil:
        """Return the consensus of the reads at one end of a molecule, NULL if there are none.

        Reads whose alignment has other gaps than those of most reads are left out; at a tie those
        without gaps are preferred. The alignment is that of the read with most aligned bases.
        """
        cdef Fragment *rows = self.batch
        cdef int64_t i, j, n = 0, only = -1, votes, most = 0, best = -1, length, longest = -1
        cdef int64_t quality = 0
        cdef uint64_t shape = 0
        cdef bint mixed_shapes = False
        cdef int copies[2]
        cdef bam1_t *b
        cdef bam1_t *made
        for i in range(low, high):
            if rows[i].read[which] != NULL:
                mixed_shapes = mixed_shapes or (n > 0 and rows[i].shape[which] != shape)
                shape = rows[i].shape[which]
                only = i
                n += 1
        if n == 0:
            return NULL
        if n == 1:
            b = rows[only].read[which]
            return alone(&rows[only], which, name)
        if mixed_shapes:
            for i in range(low, high):
                if rows[i].read[which] == NULL:
                    continue
                votes = 0
                for j in range(low, high):
                    votes += rows[j].read[which] != NULL \
                        and rows[j].shape[which] == rows[i].shape[which]
                if votes > most or (votes == most and rows[i].shape[which] < shape):
                    most, shape = votes, rows[i].shape[which]
        copies[0] = copies[1] = 0
        n = votes = 0
        for i in range(low, high):
            b = rows[i].read[which]
            # What has no qualities is worth nothing known.
            if b == NULL or rows[i].shape[which] != shape:
                continue
            length = aligned_length(b) * 65536 + min(<int64_t>b.core.l_qseq, <int64_t>65535)
            if length > longest:
                longest, best = length, i
            if bam_get_qual(b)[0] != 255:
                copies[rows[i].strand] += rows[i].size[which]
                votes += 1
            quality += b.core.qual
            n += 1
        b = rows[best].read[which]
        if votes < 2 or rows[best].kind & KIND_EXTRA or bam_get_qual(b)[0] == 255:
            return alone(&rows[best], which, name)
        made = renamed(b, name, copies[0] + copies[1], copies[0], copies[1])
        made.core.qual = <uint8_t>((quality + n // 2) // n)
        if b.core.l_qseq > self.m_columns:
            self.m_columns = b.core.l_qseq
            self.columns = <Column *>resized(self.columns, self.m_columns, sizeof(Column))
            self.base[0] = <uint8_t *>resized(self.base[0], 4 * self.m_columns, 1)
            self.base[1] = self.base[0] + self.m_columns
            self.quality[0] = self.base[1] + self.m_columns
            self.quality[1] = self.quality[0] + self.m_columns
        for i in range(2):
            if copies[i]:
                self.tally(low, high, which, <int>i, shape, made)
        self.merge(copies, made)
        return made

    cdef int tally(self, int64_t low, int64_t high, int which, int strand, uint64_t shape,
                   bam1_t *model) except -9 nogil:
        """Set `base` and `quality` of a strand: the consensus of its reads at one end."""
        cdef Fragment *rows = self.batch
        cdef int64_t i, q, shift, n = model.core.l_qseq, first, last, copies
        cdef bint reverse = (model.core.flag & BAM_FREVERSE) != 0
        cdef int64_t hard = hard_clipped(model), k, best, second
        cdef bam1_t *b
        cdef uint8_t *seq
        cdef uint8_t *qual
        cdef uint8_t code
        cdef Column *column
        cdef double error
        cdef int value, reads = 0
        cdef bam1_t *single = NULL
        memset(self.columns, 0, n * sizeof(Column))
        for i in range(low, high):
            b = rows[i].read[which]
            if b == NULL or rows[i].strand != strand or rows[i].shape[which] != shape \
                    or bam_get_qual(b)[0] == 255:
                continue
            reads += 1
            single = b
            # Reads are compared from their 5' ends on.
            shift = n - b.core.l_qseq + hard - hard_clipped(b) if reverse \
                else hard_clipped(b) - hard
            first = 0 if shift >= 0 else -shift
            last = b.core.l_qseq if b.core.l_qseq + shift <= n else n - shift
            seq, qual = bam_get_seq(b), bam_get_qual(b)
            for q in range(first, last):
                code = NT16_CODE[seq[q >> 1] >> ((~q & 1) << 2) & 15]
                if code < 4 and qual[q] >= LEAST_INPUT:
                    column = &self.columns[q + shift]
                    column.score[code] += ODDS[qual[q]]
                    column.copies[code] += column.copies[code] < 65535
        if reads == 1:
            # One copy is worth its own quality.
            memset(self.base[strand], 4, n)
            memset(self.quality[strand], 0, n)
            shift = n - single.core.l_qseq + hard - hard_clipped(single) if reverse \
                else hard_clipped(single) - hard
            first = 0 if shift >= 0 else -shift
            last = single.core.l_qseq if single.core.l_qseq + shift <= n else n - shift
            seq, qual = bam_get_seq(single), bam_get_qual(single)
            for q in range(first, last):
                self.base[strand][q + shift] = NT16_CODE[seq[q >> 1] >> ((~q & 1) << 2) & 15]
                self.quality[strand][q + shift] = qual[q]
            return 0
        for i in range(n):
            column = &self.columns[i]
            best = 0
            copies = column.copies[0]
            for k in range(1, 4):
                copies += column.copies[k]
                if column.score[k] > column.score[best]:
                    best = k
            if copies == 0:
                self.base[strand][i], self.quality[strand][i] = 4, 0
                continue
            if column.copies[best] == copies:
                k = <int64_t>(column.score[best] * STEPS + 0.5)
                value = UNANIMOUS[k if k < N_UNANIMOUS else N_UNANIMOUS - 1]
            else:
                error, second = 0, 0
                for k in range(4):
                    if k != best:
                        error += exp(<double>(column.score[k] - column.score[best]))
                        second += column.score[k] == column.score[best]
                value = 2 if second else phred_of(error / (1 + error))
                if second:
                    best = 4
                elif value > UNSURE and column.copies[best] < AGREEMENT * copies:
                    value = UNSURE
            if copies == 1 and value > UNSURE:
                value = UNSURE
            self.base[strand][i], self.quality[strand][i] = <uint8_t>best, <uint8_t>value
        return 0

    cdef int merge(self, const int *copies, bam1_t *made) noexcept nogil:
        """Write the consensus of one strand, or of both, as the bases of a record."""
        cdef int64_t n = made.core.l_qseq, i
        cdef uint8_t *seq = bam_get_seq(made)
        cdef uint8_t *qual = bam_get_qual(made)
        cdef int k, q, p
        cdef uint8_t base, other
        k = 0 if copies[0] else 1
        for i in range(n):
            base, q = self.base[k][i], self.quality[k][i]
            if k == 0 and copies[1]:
                other, p = self.base[1][i], self.quality[1][i]
                if base == 4 or other == 4:
                    # Of one strand alone: no better than a read.
                    base, q = (other, p) if base == 4 else (base, q)
                    q = UNSURE if q > UNSURE else q
                elif base == other:
                    q = q + p if q + p < 2 * MOST else 2 * MOST
                else:
                    base = 4 if q == p else base if q > p else other
                    q = q - p if q > p else p - q
                    q = 2 if q < 2 else UNSURE if q > UNSURE else q
            if i & 1:
                seq[i >> 1] = seq[i >> 1] & 0xf0 | CODE_NT16[base]
            else:
                seq[i >> 1] = <uint8_t>(CODE_NT16[base] << 4) | seq[i >> 1] & 0x0f
            qual[i] = <uint8_t>q
        return 0
