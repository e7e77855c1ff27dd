# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The records of an indexed BAM or CRAM over regions, one after the other, without Python objects.

htslib reads headers, indexes and CRAM. Of a BAM it says which stretches of the file the regions
need; these are inflated here, see `core.inflate`.

Coordinates are 0-based half-open.
"""

import os

import pysam

from libc cimport errno as c_errno
from libc.stdlib cimport free
from libc.string cimport memcpy, memmove, memset, strlen
from posix.unistd cimport close
from pysam.libchtslib cimport (
    BAM_CSOFT_CLIP, BAM_FDUP, BAM_FUNMAP, bam1_t, bam_aux_get, bam_destroy1, bam_get_cigar, bam_get_qname,
    bam_get_seq, hts_close, hts_idx_destroy,
    hts_itr_t, hts_open, hts_pair_pos_t, hts_reglist_t, hts_set_fai_filename, hts_set_threads,
    sam_hdr_destroy, sam_hdr_name2tid, sam_hdr_nref, sam_hdr_read, sam_hdr_tid2name, sam_index_load2,
    sam_itr_destroy, seq_nt16_table,
    sam_itr_multi_next, sam_itr_queryi, sam_itr_regions,
)
from pysam.libcalignedsegment cimport makeAlignedSegment
from resistpanel.core.memory cimport new_record, resized, zeroed

from pathlib import Path

from resistpanel.core import inflate as deflate
from resistpanel.core.bam import index_of
from resistpanel.core.errors import InputError

cdef extern from *:
    """
    #ifndef PYSAM_BUILD_VERSION
    #error "PYSAM_BUILD_VERSION must be defined by setup.py"
    #endif
    """
    const char *PYSAM_BUILD_VERSION

cdef extern from "htslib/hts.h":
    int HTS_BAM "bam"
    int HTS_BGZF "bgzf"

# An extension built against another htslib loads and runs, silently wrong: refuse instead.
if PYSAM_BUILD_VERSION.decode() != pysam.__version__:
    raise ImportError(
        f"resistpanel was compiled against pysam {PYSAM_BUILD_VERSION.decode()}, found "
        f"{pysam.__version__}: install that version, or rebuild resistpanel"
    )

cdef enum:
    #: Largest block of BGZF, inflated or not.
    BLOCK = 1 << 16
    #: Bytes read from the file at once.
    PIECE = 1 << 19
    #: Fixed part of a BAM record.
    CORE = 32
    #: What `next` returns: no more records; the file is broken. -9 is an exception.
    END = -1
    BROKEN = -2

#: Marks that are kept of a pass: 2 MB.
MOST_MARKS = 1 << 16

for _i in range(16):
    NT16_CODE[_i] = 4
NT16_CODE[1] = 0
NT16_CODE[2] = 1
NT16_CODE[4] = 2
NT16_CODE[8] = 3


cdef inline void copy_short(uint8_t *to, const uint8_t *source, int64_t n) noexcept nogil:
    """Copy a few bytes: what compilers make of a memcpy of up to 255 costs more to start."""
    cdef int64_t i = 0
    while i + 8 <= n:
        memcpy(to + i, source + i, 8)
        i += 8
    if n & 4:
        memcpy(to + i, source + i, 4)
        i += 4
    if n & 2:
        memcpy(to + i, source + i, 2)
        i += 2
    if n & 1:
        to[i] = source[i]


cdef uint64_t hash_name(const char *name) noexcept nogil:
    """Eight bytes at a time, as MurmurHash64A: 64 bits make a clash of two names negligible.

    A final /1 or /2, by which some pipelines name mates apart, does not count. Never 0.
    """
    cdef uint64_t factor = <uint64_t>0xc6a4a7935bd1e995, h, k
    cdef size_t n = strlen(name), i = 0
    if n > 1 and name[n - 2] == 47 and (name[n - 1] == 49 or name[n - 1] == 50):  # "/1", "/2"
        n -= 2
    h = <uint64_t>n * factor
    while i < n:
        k = 0
        if n - i >= 8:
            memcpy(&k, name + i, 8)
        else:
            copy_short(<uint8_t *>&k, <const uint8_t *>name + i, n - i)
        k *= factor
        k ^= k >> 47
        h = (h ^ (k * factor)) * factor
        i += 8
    h ^= h >> 47
    h *= factor
    h ^= h >> 47
    return h if h else 1


cdef inline int32_t int32(const uint8_t *at) noexcept nogil:
    """A little-endian number; as htslib, this is built for such machines."""
    cdef int32_t value
    memcpy(&value, at, 4)
    return value


cdef int64_t aligned_length(bam1_t *b) noexcept nogil:
    """Bases of the reference that an alignment goes over."""
    cdef uint32_t *cigar = bam_get_cigar(b)
    cdef int64_t n = 0
    cdef uint32_t i, op
    for i in range(b.core.n_cigar):
        op = cigar[i] & 15
        if op == 0 or op == 2 or op == 3 or op == 7 or op == 8:
            n += cigar[i] >> 4
    return n


cdef inline bint has_equals(const uint8_t *seq, int64_t n) noexcept nogil:
    """Return whether any of n bases is stored as `=`, which is 0; two bases to a byte."""
    cdef int64_t whole = n >> 1, i = 0
    cdef uint64_t x
    while i + 8 <= whole:
        memcpy(&x, seq + i, 8)
        if (x - <uint64_t>0x1111111111111111) & ~x & <uint64_t>0x8888888888888888:
            return True
        i += 8
    while i < whole:
        if seq[i] & 0xf0 == 0 or seq[i] & 0x0f == 0:
            return True
        i += 1
    return n & 1 and seq[whole] & 0xf0 == 0


def refusal(what, path, cure):
    """Return the error to raise where htslib gave up: it returns NULL for want of memory, too."""
    if c_errno.errno == c_errno.ENOMEM:
        return MemoryError(f"{path}: {what}")
    return InputError(what, path, cure)


cdef class Marks:
    """Places in a BAM that one pass over it went by, by which another reads less.

    An index knows places to 16 kb of the reference, before which thousands of records may lie in
    deep data. Here is one record of every block, up to `MOST_MARKS`, beyond which every second
    is left out.
    """

    def __cinit__(self):
        self.step, self.most = 1, MOST_MARKS

    def __dealloc__(self):
        free(self.marks)

    def __len__(self):
        return self.n

    cdef int add(self, uint64_t place, uint64_t run, int64_t before, int32_t tid) except -9 nogil:
        """Add a record; places must ascend."""
        cdef int64_t k
        self.passed += 1
        if self.passed % self.step:
            return 0
        if self.n == self.most:
            for k in range(self.n // 2):
                self.marks[k] = self.marks[2 * k + 1]
            self.n //= 2
            self.step *= 2
        if self.n == self.m:
            self.marks = <Mark *>resized(self.marks, 2 * self.m + 256, sizeof(Mark))
            self.m = 2 * self.m + 256
        self.marks[self.n] = Mark(place, run, before, tid)
        self.n += 1
        return 0

    cdef uint64_t later(self, int32_t tid, int64_t beg, uint64_t start, uint64_t stop
                        ) noexcept nogil:
        """Return up to where from `start` on, before `stop`, no record reaches beyond `beg`."""
        cdef int64_t k, low = 0, high = self.n
        cdef Mark *one
        while low < high:
            k = (low + high) // 2
            if self.marks[k].place <= start:
                low = k + 1
            else:
                high = k
        for k in range(low, self.n):
            one = &self.marks[k]
            # What lies between `start` and where the run began was not read.
            if one.place >= stop or one.run > start or one.tid > tid:
                break
            if one.tid == tid and one.before > beg:
                break
            start = one.place
        return start


cdef class Stream:
    """The records of one sample.

    Parameters
    ----------
    path : str
        BAM or CRAM with its index.
    reference : str or None
        FASTA, used to decode CRAM and to resolve `=` in sequences.
    threads : int
        Decompression threads of htslib, for CRAM.
    own : bool
        False: htslib inflates BAM, too.

    Raises
    ------
    InputError
        If the file cannot be opened or has no index.
    MemoryError
        As any method here.

    Notes
    -----
    Compiled callers set the regions by `query`, then take records from `rec` as long as `next`
    returns 0; -1 is the end, anything less a broken file, or an exception.
    """

    def __cinit__(self, path, reference=None, int threads=0, own=True):
        self.file = self.near_tid = -1
        self.path = str(path)
        self.reference = None if reference is None else str(reference)
        c_errno.errno = 0
        self.fp = hts_open(self.path.encode(), b"r")
        if self.fp == NULL:
            raise refusal("cannot be opened as BAM or CRAM", self.path, "check the file")
        if reference is not None and hts_set_fai_filename(self.fp, str(reference).encode()) != 0:
            raise refusal("cannot use the reference to decode it", self.path, "")
        if threads > 1:
            hts_set_threads(self.fp, threads)
        self.header = sam_hdr_read(self.fp)
        if self.header == NULL:
            raise refusal("has no readable header", self.path, "check the file")
        self.n_contigs = sam_hdr_nref(self.header)
        # The index that was checked, by name: htslib would take a .csi before a .bai.
        found = index_of(Path(self.path))
        if found is None:
            raise InputError("has no index", self.path, "run samtools index")
        self.index = sam_index_load2(self.fp, self.path.encode(), str(found).encode())
        if self.index == NULL:
            raise refusal("has no index", self.path, "run samtools index")
        self.rec = new_record()
        self.plain = (
            own and self.fp.format.format == HTS_BAM and self.fp.format.compression == HTS_BGZF
            and os.path.isfile(self.path)
        )
        if self.plain:
            self.file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def __dealloc__(self):
        if self.file >= 0:
            close(self.file)
        free(self.joined)
        free(self.tids)
        free(self.begs)
        free(self.ends)
        free(self.earliest)
        free(self.starts)
        free(self.stops)
        if self.itr != NULL:
            sam_itr_destroy(self.itr)
        if self.rec != NULL:
            bam_destroy1(self.rec)
        if self.index != NULL:
            hts_idx_destroy(self.index)
        if self.header != NULL:
            sam_hdr_destroy(self.header)
        if self.fp != NULL:
            hts_close(self.fp)

    def with_copies(self, bint copies=True):
        """Clear the flag of a duplicate in every record from now on; return self.

        All fragments of an amplicon have the same ends, so that the flag says nothing of them.
        """
        self.copies = copies
        return self

    cdef int tid(self, str contig):
        """Return the number of a contig in the header, or raise InputError."""
        cdef int tid = sam_hdr_name2tid(self.header, contig.encode())
        if tid < 0:
            raise InputError(
                f"has no contig {contig!r}", self.path, "targets and reads must use one reference"
            )
        return tid

    def query(self, regions, Marks known=None):
        """Go to the first record that overlaps the regions.

        Parameters
        ----------
        regions : iterable of (contig, beg, end)
            Disjoint; 0-based half-open.
        known : Marks, optional
            Of a pass over the same file. The records are the same, with less to read.

        Raises
        ------
        InputError
            If the file lacks a contig, or its index cannot be used.
        """
        cdef int64_t k
        wanted = sorted((self.tid(contig), beg, end) for contig, beg, end in regions)
        self.n_regions = self.n_chunks = 0  # until all is set up
        self.region = len(wanted)
        self.tids = <int32_t *>resized(self.tids, self.region, sizeof(int32_t))
        self.begs = <int64_t *>resized(self.begs, self.region, sizeof(int64_t))
        self.ends = <int64_t *>resized(self.ends, self.region, sizeof(int64_t))
        self.earliest = <uint64_t *>resized(self.earliest, self.region, sizeof(uint64_t))
        for k, (tid, beg, end) in enumerate(wanted):
            self.tids[k], self.begs[k], self.ends[k] = tid, beg, end
        self.n_regions = self.region
        self.region = 0
        self.at = self.filled = self.block = 0
        self.following = self.marked = -1
        self.marks = Marks()
        if not self.plain:
            self.iterate()
            return
        self.set_chunks(known)

    cdef int set_chunks(self, Marks known) except -1:
        """Ask the index where in the file the records of the regions are.

        The first chunks of successive regions need not ascend: a region without reads may have one
        chunk of a large bin, which holds reads far to the right. What is safe to skip at a region
        is therefore bounded by the chunks of all later regions, too.
        """
        cdef hts_itr_t *itr
        cdef int64_t k
        cdef uint64_t start
        cdef int i
        chunks = []
        for k in range(self.n_regions):
            c_errno.errno = 0
            itr = sam_itr_queryi(self.index, self.tids[k], self.begs[k], self.ends[k])
            if itr == NULL:
                raise refusal(
                    "its index cannot be queried", self.path, "run samtools index again"
                )
            self.earliest[k] = <uint64_t>-1
            try:
                for i in range(itr.n_off):
                    start = itr.off[i].u
                    if known is not None:
                        start = known.later(self.tids[k], self.begs[k], start, itr.off[i].v)
                    chunks.append((start, itr.off[i].v))
                    self.earliest[k] = min(self.earliest[k], start)
            finally:
                sam_itr_destroy(itr)
        for k in range(self.n_regions - 2, -1, -1):
            self.earliest[k] = min(self.earliest[k], self.earliest[k + 1])
        merged = []
        last = None
        for first, stop in sorted(chunks):
            if last is not None and first <= last[1]:
                last[1] = max(last[1], stop)
            else:
                last = [first, stop]
                merged.append(last)
        self.starts = <uint64_t *>resized(self.starts, len(merged), sizeof(uint64_t))
        self.stops = <uint64_t *>resized(self.stops, len(merged), sizeof(uint64_t))
        self.n_chunks = len(merged)
        for k, (first, stop) in enumerate(merged):
            self.starts[k], self.stops[k] = first, stop
        self.chunk = 0
        return 0

    cdef int iterate(self) except -1:
        """Let htslib set up its iterator over the regions."""
        cdef hts_reglist_t *reglist
        cdef hts_pair_pos_t *pairs
        cdef int64_t k = 0, first
        cdef int n = 0
        # Ownership of the list and of its pairs passes to the iterator; `reg` stays NULL.
        reglist = <hts_reglist_t *>zeroed(self.n_regions, sizeof(hts_reglist_t))
        try:
            while k < self.n_regions:
                first = k
                while k < self.n_regions and self.tids[k] == self.tids[first]:
                    k += 1
                pairs = <hts_pair_pos_t *>zeroed(k - first, sizeof(hts_pair_pos_t))
                reglist[n].tid = self.tids[first]
                reglist[n].intervals = pairs
                reglist[n].count = <uint32_t>(k - first)
                reglist[n].min_beg = self.begs[first]
                for i in range(k - first):
                    pairs[i].beg, pairs[i].end = self.begs[first + i], self.ends[first + i]
                    reglist[n].max_end = max(reglist[n].max_end, self.ends[first + i])
                n += 1
        except MemoryError:
            for i in range(n):
                free(reglist[i].intervals)
            free(reglist)
            raise
        if self.itr != NULL:
            sam_itr_destroy(self.itr)
        c_errno.errno = 0
        self.itr = sam_itr_regions(self.index, self.header, reglist, n)
        if self.itr == NULL:
            raise refusal("its index cannot be queried", self.path, "run samtools index again")
        return 0

    def read(self):
        """Return the next record, None at the end.

        (name, number of the contig, start, end, data as htslib holds it, flag, mapping quality,
        the mate's contig and start, template length).

        For tests, and for looking at a file by hand: it makes Python objects.

        Raises
        ------
        InputError
            If the file is truncated or corrupt.
        """
        cdef int status = self.next()
        cdef bam1_t *b = self.rec
        if status == END:
            return None
        if status < 0:
            raise InputError("is truncated or corrupt", self.path, "restore the file")
        return (
            bam_get_qname(b).decode(), b.core.tid, b.core.pos, self.end, b.data[: b.l_data],
            b.core.flag, b.core.qual, b.core.mtid, b.core.mpos, b.core.isize,
        )

    def fetch(self, contig, int64_t beg, int64_t end):
        """Yield the records that overlap a region as `pysam.AlignedSegment`, without a header.

        As `pysam.AlignmentFile.fetch`, at a third of its time where the region is in the middle of
        an index window.

        Raises
        ------
        InputError
            If the file lacks the contig, or is truncated or corrupt.
        """
        cdef int status
        self.query([(contig, beg, end)])
        while True:
            status = self.next()
            if status == END:
                return
            if status < 0:
                raise InputError("is truncated or corrupt", self.path, "restore the file")
            yield makeAlignedSegment(self.rec, None)

    cdef int next(self) except -9 nogil:
        """Read the next record that overlaps a region into `rec`; set `end`."""
        cdef int status = self.next_record()
        if status == 0 and has_equals(bam_get_seq(self.rec), self.rec.core.l_qseq):
            self.spell()
        if self.copies:
            self.rec.core.flag &= ~BAM_FDUP
        return status

    cdef int next_record(self) except -9 nogil:
        """Read the next record; its sequence may hold `=`."""
        cdef int status
        if self.plain:
            return self.next_plain()
        c_errno.errno = 0
        status = sam_itr_multi_next(self.fp, self.itr, self.rec)
        if status >= 0:
            return self.measure()
        if status < END and c_errno.errno == c_errno.ENOMEM:
            with gil:
                raise MemoryError(f"{self.path}: a record")
        return END if status == END else BROKEN

    cdef int spell(self) except -9 nogil:
        """Replace `=` in the aligned bases of the record by the reference's (SAM specification, 1.4).

        Such bases are written by `samtools calmd -e`. Elsewhere (insertion, soft clip, beyond the
        contig) `=` has no meaning: it becomes N.
        """
        cdef bam1_t *b = self.rec
        cdef uint32_t *cigar = bam_get_cigar(b)
        cdef uint8_t *seq = bam_get_seq(b)
        cdef int64_t p = b.core.pos, q = 0, k, shift
        cdef uint32_t i, op, length
        cdef uint8_t code
        for i in range(b.core.n_cigar):
            op, length = cigar[i] & 15, cigar[i] >> 4
            if op == 0 or op == 7 or op == 8:
                if b.core.tid != self.near_tid or p < self.near_start \
                        or p + length > self.near_start + self.n_near:
                    self.look_up(p, length)
                for k in range(min(<int64_t>length, b.core.l_qseq - q)):
                    shift = 4 * (~(q + k) & 1)
                    if (seq[(q + k) >> 1] >> shift) & 15 == 0:
                        code = 15
                        if p + k - self.near_start < self.n_near:
                            code = seq_nt16_table[self.near[p + k - self.near_start]]
                        seq[(q + k) >> 1] |= <uint8_t>((code if code else 15) << shift)
                p += length
                q += length
            elif op == 2 or op == 3:
                p += length
            elif op == 1 or op == 4:
                q += length
        for k in range(b.core.l_qseq):
            shift = 4 * (~k & 1)
            if (seq[k >> 1] >> shift) & 15 == 0:
                seq[k >> 1] |= <uint8_t>(15 << shift)
        return 0

    cdef int look_up(self, int64_t start, int64_t length) except -9 nogil:
        """Hold the reference from `start` on, at least `length` bases unless the contig ends."""
        with gil:
            name = sam_hdr_tid2name(self.header, self.rec.core.tid).decode()
            if self.reference is None:
                raise InputError(
                    "its reads hold '=' in place of bases", self.path, "give the reference"
                )
            if self.fasta is None:
                self.fasta = pysam.FastaFile(self.reference)
            if name not in self.fasta:
                raise InputError(
                    f"has no contig {name!r}, which reads with '=' in place of bases need",
                    self.reference,
                    "targets and reads must use one reference",
                )
            end = min(start + max(length, 1 << 16), self.fasta.get_reference_length(name))
            self.near_bytes = self.fasta.fetch(name, start, end).encode() if start < end else b""
            self.near = <const uint8_t *>self.near_bytes
            self.n_near = len(self.near_bytes)
            self.near_start, self.near_tid = start, self.rec.core.tid
        return 0

    cdef int next_plain(self) except -9 nogil:
        cdef int64_t size, k
        cdef uint64_t place, goal
        cdef int status
        while True:
            status = 0
            # The end of a block is the start of the next.
            while self.at == self.filled and self.following >= 0 and status == 0:
                status = self.inflate()
            if status == BROKEN:
                return BROKEN
            place = 0
            if self.following >= 0:
                place = <uint64_t>self.here << 16 | <uint64_t>(self.at - self.block)
                if status == END:
                    place = <uint64_t>self.following << 16
            if self.region == self.n_regions:
                return END
            goal = max(place, self.earliest[self.region])
            while self.chunk < self.n_chunks and goal >= self.stops[self.chunk]:
                self.chunk += 1
            if self.chunk == self.n_chunks:
                return END
            goal = max(goal, self.starts[self.chunk])
            if self.following < 0 or goal > place:
                status = self.seek(goal)
                if status < 0:
                    return status
                continue
            if status == END:
                return BROKEN  # the file ends before its index does
            while self.filled - self.at < 4:
                if self.inflate() < 0:
                    return BROKEN
            size = int32(self.data + self.at)
            if size < CORE:
                return BROKEN
            while self.filled - self.at < 4 + size:
                if self.inflate() < 0:
                    return BROKEN
            self.at += 4
            status = self.take(size)
            self.at += size
            if status < 0:
                return status
            if self.rec.core.tid < 0:
                return END
            self.mark(place)
            while self.region < self.n_regions and (
                self.tids[self.region] < self.rec.core.tid
                or (self.tids[self.region] == self.rec.core.tid
                    and self.ends[self.region] <= self.rec.core.pos)
            ):
                self.region += 1
            k = self.region
            if k < self.n_regions and self.tids[k] == self.rec.core.tid \
                    and self.begs[k] < self.end:
                return 0

    cdef int mark(self, uint64_t place) except -9 nogil:
        """Note the record, which begins at `place`, if it is the first of its block."""
        if self.rec.core.tid != self.run_tid:
            self.run_tid, self.reach = self.rec.core.tid, -1
        if self.here != self.marked:
            self.marks.add(place, self.run, self.reach, self.run_tid)
            self.marked = self.here
        if self.end > self.reach:
            self.reach = self.end
        return 0

    cdef int take(self, int64_t size) except -9 nogil:
        """Make `size` bytes from `at` on the record; its layout is that of the SAM specification."""
        cdef const uint8_t *raw = self.data + self.at
        cdef bam1_t *b = self.rec
        cdef int64_t name = raw[8], rest, need, room
        cdef uint8_t pad
        b.core.tid = int32(raw)
        b.core.pos = int32(raw + 4)
        b.core.qual = raw[9]
        b.core.bin = raw[10] | <int>raw[11] << 8
        b.core.n_cigar = raw[12] | <int>raw[13] << 8
        b.core.flag = raw[14] | <int>raw[15] << 8
        b.core.l_qseq = int32(raw + 16)
        b.core.mtid = int32(raw + 20)
        b.core.mpos = int32(raw + 24)
        b.core.isize = int32(raw + 28)
        rest = size - CORE - name
        if name < 1 or b.core.l_qseq < 0 or rest < (
            4 * <int64_t>b.core.n_cigar + (<int64_t>b.core.l_qseq + 1) // 2 + b.core.l_qseq
        ):
            return BROKEN
        if not -1 <= b.core.tid < self.n_contigs or not -1 <= b.core.mtid < self.n_contigs:
            return BROKEN
        # As htslib holds it: the name ends with 0, and is padded, so that the CIGAR is aligned.
        pad = <uint8_t>((4 - name % 4) % 4)
        if raw[CORE + name - 1] != 0 and pad == 0:
            pad = 4
        need = name + pad + rest
        if need > 0x7fffffff:
            return BROKEN
        if need > b.m_data:
            room = min(need + need // 2 + 64, <int64_t>0x7fffffff)
            b.data = <uint8_t *>resized(b.data, room, 1)
            b.m_data = <uint32_t>room
        copy_short(b.data, raw + CORE, name)
        memset(b.data + name, 0, pad)
        memcpy(b.data + name + pad, raw + CORE + name, rest)
        b.core.l_extranul = pad - (raw[CORE + name - 1] != 0)
        b.core.l_qname = <int>(name + pad)
        b.l_data = <int>need
        if self.restore_cigar() < 0:
            return BROKEN
        return self.measure()

    cdef int measure(self) except -9 nogil:
        """Set the end of the record; refuse one whose CIGAR and sequence differ in length."""
        cdef bam1_t *b = self.rec
        cdef uint32_t *cigar = bam_get_cigar(b)
        cdef int64_t on_reference = 0, in_read = 0
        cdef uint32_t i, op, length
        for i in range(b.core.n_cigar):
            op, length = cigar[i] & 15, cigar[i] >> 4
            if op == 0 or op == 7 or op == 8:
                on_reference += length
                in_read += length
            elif op == 2 or op == 3:
                on_reference += length
            elif op == 1 or op == 4:
                in_read += length
        if b.core.flag & BAM_FUNMAP:
            on_reference = 0
        elif b.core.n_cigar and b.core.l_qseq and in_read != b.core.l_qseq:
            with gil:
                raise InputError(
                    f"the CIGAR covers {in_read} bases, the sequence has {b.core.l_qseq}",
                    f"{self.path}: read {bam_get_qname(b).decode(errors='replace')!r}",
                    "align again, or restore the file",
                )
        self.end = b.core.pos + (on_reference if on_reference else 1)
        return 0

    cdef int restore_cigar(self) except -9 nogil:
        """Put a CIGAR of more than 65,535 operations, held in tag CG, in its place.

        SAM specification, 4.2.2: the CIGAR field then is one soft clip of the whole read and one
        skip of the reference. As bam_tag2cigar of htslib.
        """
        cdef bam1_t *b = self.rec
        cdef uint32_t *cigar = bam_get_cigar(b)
        cdef uint8_t *tag
        cdef int64_t n, fake = 4 * <int64_t>b.core.n_cigar, true, at, tag_at, size = b.l_data
        if b.core.n_cigar == 0 or cigar[0] != (<uint32_t>b.core.l_qseq << 4 | BAM_CSOFT_CLIP) \
                or b.core.tid < 0 or b.core.pos < 0:
            return 0
        c_errno.errno = 0
        tag = bam_aux_get(b, b"CG")
        if tag == NULL:
            return 0 if c_errno.errno == c_errno.ENOENT else BROKEN
        if tag[0] != 66 or tag[1] != 73 and tag[1] != 105:  # B, of I or i
            return 0
        n = <uint32_t>int32(tag + 2)
        if n < b.core.n_cigar or n >= 1 << 29:
            return 0
        true = 4 * n
        at = <uint8_t *>cigar - b.data
        if size + true - fake > 0x7fffffff:
            return BROKEN
        tag_at = tag - 2 - b.data
        b.data = <uint8_t *>resized(b.data, max(size + true - fake, <int64_t>b.m_data), 1)
        b.m_data = <uint32_t>max(size + true - fake, <int64_t>b.m_data)
        memmove(b.data + at + true, b.data + at + fake, size - at - fake)
        tag_at += true - fake
        memcpy(b.data + at, b.data + tag_at + 8, true)
        size += true - fake
        memmove(b.data + tag_at, b.data + tag_at + 8 + true, size - tag_at - 8 - true)
        b.core.n_cigar = <uint32_t>n
        b.l_data = <int>(size - 8 - true)
        return 0

    cdef int seek(self, uint64_t place) except -9 nogil:
        """Go to a virtual offset, always ahead of what was read."""
        cdef int64_t within = <int64_t>(place & 0xffff)
        self.run, self.run_tid = place, -1
        if self.following >= 0 and <int64_t>(place >> 16) == self.here:
            self.at = self.block + within  # in the block at hand
            return 0 if self.at <= self.filled else BROKEN
        self.at = self.filled = self.block = 0
        self.following = <int64_t>(place >> 16)
        if self.inflate() < 0:
            return BROKEN
        self.at = within
        return 0 if self.at <= self.filled else BROKEN

    cdef int inflate(self) except -9 nogil:
        """Append the next block; -1 at the end of the file, -2 where it is broken."""
        cdef int64_t left = self.filled - self.at
        cdef int status
        cdef bint again
        if left:
            # A record that goes on in the next block; most programs let none do so.
            if self.room < left + BLOCK:
                again = self.data == self.joined
                self.joined = <uint8_t *>resized(self.joined, 2 * (left + BLOCK), 1)
                self.room = 2 * (left + BLOCK)
                if again:
                    self.data = self.joined
            memmove(self.joined, self.data + self.at, left)
        self.at, self.filled, self.block = 0, left, left
        with gil:
            try:
                status = self.load_block()
            except deflate.InflateError:
                status = BROKEN
            except OSError as error:
                raise OSError(error.errno, error.strerror, self.path) from error
        return status

    cdef int piece(self, int64_t start, int64_t size) except -9:
        """Have bytes of the file in `raw`, up to its end; read anew where it does not hold them."""
        cdef int64_t got
        if self.raw is None:
            # The same memory for every piece: fresh memory costs more than filling it.
            self.raw = memoryview(bytearray(PIECE))
            self.n_raw = 0
        elif self.raw_start <= start and start + size <= self.raw_start + self.n_raw:
            return 0
        self.raw_start, self.n_raw = start, 0
        while self.n_raw < size:
            got = os.preadv(self.file, [self.raw[self.n_raw :]], start + self.n_raw)
            if got == 0:
                break
            self.n_raw += got
        return 0

    cdef int load_block(self) except -9:
        """Inflate the block at `following` behind what is there (SAM specification, BGZF)."""
        cdef int64_t start, there, at = 12, size = 0, extra, inflated
        cdef const uint8_t[::1] view
        cdef const uint8_t *head
        self.piece(self.following, BLOCK)
        view, start = self.raw, self.following - self.raw_start
        head, there = &view[0] + start, self.n_raw - start
        if there == 0:
            return END
        if there < 18 or head[0] != 31 or head[1] != 139 or head[2] != 8 or not head[3] & 4:
            return BROKEN
        extra = head[10] | <int>head[11] << 8
        while at + 4 <= 12 + extra and at + 6 <= there:
            if head[at] == 66 and head[at + 1] == 67:
                size = (head[at + 4] | <int>head[at + 5] << 8) + 1
            at += 4 + (head[at + 2] | <int>head[at + 3] << 8)
        if size < 20 + extra or size > there:
            return BROKEN
        inflated = <int64_t><uint32_t>int32(head + size - 4)
        if inflated > BLOCK:
            return BROKEN
        packed = self.raw[start + 12 + extra : start + size - 8]
        out = deflate.inflate(packed, inflated)
        if len(out) != inflated or deflate.crc32(out) != <uint32_t>int32(head + size - 8):
            return BROKEN
        if inflated:
            view = out
            if self.filled:
                memcpy(self.joined + self.filled, &view[0], inflated)
                self.data = self.joined
            else:
                self.inflated = out
                self.data = &view[0]
        self.filled += inflated
        self.here = self.following
        self.following += size
        return 0
