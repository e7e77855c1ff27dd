# cython: language_level=3
"""What the compiled passes over a BAM or CRAM share."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from pysam.libchtslib cimport bam1_t, hts_idx_t, hts_itr_t, htsFile, sam_hdr_t

#: Base code (A, C, G, T = 0..3, anything else 4) of a base as BAM encodes it.
cdef uint8_t NT16_CODE[16]

cdef uint64_t hash_name(const char *name) noexcept nogil

cdef int64_t aligned_length(bam1_t *b) noexcept nogil

cdef struct Mark:
    # Virtual offset of a record, of the first since when all records were read, the end of these
    # on the contig, and the number of the contig.
    uint64_t place, run
    int64_t before
    int32_t tid

cdef class Marks:
    cdef Mark *marks
    cdef int64_t n, m, most, step, passed

    cdef int add(self, uint64_t place, uint64_t run, int64_t before, int32_t tid) except -9 nogil
    cdef uint64_t later(self, int32_t tid, int64_t beg, uint64_t start, uint64_t stop) noexcept nogil

cdef class Stream:
    cdef readonly str path
    cdef htsFile *fp
    cdef sam_hdr_t *header
    cdef int32_t n_contigs
    cdef hts_idx_t *index
    cdef hts_itr_t *itr
    cdef bam1_t *rec
    # The regions, in the order of the file, and the first that later records can overlap.
    cdef int32_t *tids
    cdef int64_t *begs
    cdef int64_t *ends
    cdef int64_t n_regions, region
    # Least virtual offset at which a record of a region, or of a later one, can begin.
    cdef uint64_t *earliest
    # Virtual offsets between which the records of all regions lie, ascending; the current chunk.
    cdef uint64_t *starts
    cdef uint64_t *stops
    cdef int64_t n_chunks, chunk
    # Whether records come without the flag of a duplicate.
    cdef bint copies
    # Inflated bytes: [at, filled) are yet to be read; the last block begins at `block`.
    cdef bint plain
    cdef const uint8_t *data
    # What `data` points to: a block, or the blocks that a record goes over.
    cdef object inflated
    cdef uint8_t *joined
    cdef int64_t at, filled, room, block
    # Where the last block, and the next one, begin in the file; -1 before the first.
    cdef int64_t here, following
    cdef int file
    # Compressed bytes of the file: `n_raw` from `raw_start` on.
    cdef object raw
    cdef int64_t raw_start, n_raw
    # The FASTA, and a piece of it: what `=` in a sequence stands for.
    cdef str reference
    cdef object fasta
    cdef bytes near_bytes
    cdef const uint8_t *near
    cdef int64_t near_start, n_near
    cdef int32_t near_tid
    # End of the record's alignment on the reference; one base where it has none.
    cdef int64_t end
    # Where the blocks read begin: since `run` all records were read, on `run_tid` up to `reach`;
    # the last mark is of block `marked`.
    cdef readonly Marks marks
    cdef uint64_t run
    cdef int64_t reach, marked
    cdef int32_t run_tid

    cdef int next(self) except -9 nogil
    cdef int tid(self, str contig)
    cdef int next_record(self) except -9 nogil
    cdef int spell(self) except -9 nogil
    cdef int look_up(self, int64_t start, int64_t length) except -9 nogil
    cdef int next_plain(self) except -9 nogil
    cdef int take(self, int64_t size) except -9 nogil
    cdef int measure(self) except -9 nogil
    cdef int restore_cigar(self) except -9 nogil
    cdef int seek(self, uint64_t place) except -9 nogil
    cdef int iterate(self) except -1
    cdef int set_chunks(self, Marks known) except -1
    cdef int mark(self, uint64_t place) except -9 nogil
    cdef int inflate(self) except -9 nogil
    cdef int load_block(self) except -9
    cdef int piece(self, int64_t start, int64_t size) except -9
