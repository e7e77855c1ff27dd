# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Consensus reads: by which convention they say how many copies they are made of, and what they are.
"""

import re
from collections import Counter

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport strlen, strstr
from pysam.libcalignedsegment cimport AlignedSegment
from pysam.libchtslib cimport bam1_t, bam_aux2i, bam_aux_get, bam_get_qname

#: What a read is the sequence of: one molecule of a cluster, or the consensus of copies of one
#: strand of a template, or of both.
TIERS = ("raw", "simplex", "duplex")
cdef enum:
    T_RAW = 0
    T_SIMPLEX = 1
    T_DUPLEX = 2

#: Conventions by which consensus reads say how many copies they are made of; with simplex and
#: duplex, every read is of that tier whatever it says.
CONSENSUS = {
    "none": 0, "fgbio": 1, "marianas": 2, "redux": 3, "dragen": 4, "simplex": 5, "duplex": 6,
    "gencore": 7, "consensuscruncher": 8, "umierrorcorrect": 9,
}
#: Names of consensus reads: of ConsensusCruncher, the barcode or both, contig and start of both
#: mates, their CIGARs, the strand, and the copies of either strand; of UMIErrorCorrect.
_CRUNCHER = re.compile(
    r"[ACGTN]+(_[ACGTN]+)?(_[0-9]+){4}(_[0-9MIDNSHPX=]+){2}(_(pos|neg))?:[0-9]+(_[0-9]+)?$"
)
_CORRECTED = re.compile(r"Consensus_read_.*_Count=[0-9]+$")


def convention(reads, float least) -> str:
    """Return the convention of consensus reads, ``none`` of raw ones.

    Parameters
    ----------
    reads : iterable of pysam.AlignedSegment
    least : float
        Fraction of the reads that must follow it.
    """
    votes = Counter(map(_convention, reads))
    if not votes:
        return "none"
    best = max(CONSENSUS, key=lambda name: votes[name])
    return best if votes[best] >= least * sum(votes.values()) else "none"


def _convention(read) -> str:
    if read.has_tag("cD"):
        return "fgbio"
    if read.query_name.startswith("Marianas:"):
        return "marianas"
    if _CRUNCHER.match(read.query_name):
        return "consensuscruncher"
    if _CORRECTED.match(read.query_name):
        return "umierrorcorrect"
    if read.has_tag("FR") and isinstance(read.get_tag("FR"), int):
        return "gencore"
    if read.has_tag("UT") or read.has_tag("CR"):
        # CR is also the raw cell barcode of single cells: a number comes first here.
        text = str(read.get_tag("CR")) if read.has_tag("CR") else "0"
        return "redux" if text[:1].isdigit() else "none"
    return "dragen" if read.has_tag("XV") and read.has_tag("XW") else "none"


def tier_of(AlignedSegment read, str consensus) -> int:
    """Return what a read is the sequence of, an index of `TIERS`, by a key of `CONSENSUS`."""
    return tier(read._delegate, CONSENSUS[consensus])


cdef inline int64_t tag(bam1_t *b, const char *name) noexcept nogil:
    """Return the number of a tag, -1 without it."""
    cdef uint8_t *at = bam_aux_get(b, name)
    return bam_aux2i(at) if at != NULL else -1


cdef int of_strands(int64_t one, int64_t other) noexcept nogil:
    """Return what a read is made of, by the copies of either strand; -1 and 0: none."""
    if one >= 1 and other >= 1:
        return T_DUPLEX
    return T_SIMPLEX if one >= 2 or other >= 2 else T_RAW


cdef int tier(bam1_t *b, int consensus) noexcept nogil:
    """Return what a consensus read is made of; one copy alone is worth what a raw read is.

    fgbio and fgumi: cD is the depth of the read, aD and bD those of either strand. Marianas: the
    last two fields of the name are the copies of either strand. DRAGEN: XV is the size of the
    family, XW that of the opposite strand's. REDUX: UT names the kind. gencore: FR and RR are the
    copies of the strand, and of the other one. ConsensusCruncher: the name ends in the copies of
    the strand, or of both. UMIErrorCorrect: it ends in the copies.
    """
    cdef int64_t depth, other
    cdef uint8_t *at
    cdef char *name
    cdef int32_t i
    if consensus == 0:
        return T_RAW
    if consensus == 1:
        depth, other = tag(b, b"aD"), tag(b, b"bD")
        if depth >= 1 and other >= 1:
            return T_DUPLEX
        depth = tag(b, b"cD")
        return T_SIMPLEX if depth >= 2 else T_RAW
    if consensus == 2:
        name = bam_get_qname(b)
        i, other, depth = 0, 0, 0
        while name[i]:
            if name[i] == 58:  # ":"
                depth, other = other, 0
            elif 48 <= name[i] <= 57:
                other = 10 * other + name[i] - 48
            else:
                other = 0
            i += 1
        if depth >= 1 and other >= 1:
            return T_DUPLEX
        return T_SIMPLEX if depth + other >= 2 else T_RAW
    if consensus == 3:
        at = bam_aux_get(b, b"UT")
        if at != NULL and strstr(<char *>at + 1, b"DUAL") != NULL:
            return T_DUPLEX
        return T_SIMPLEX if bam_aux_get(b, b"CR") != NULL else T_RAW
    if consensus == 5 or consensus == 6:
        return consensus - 4
    if consensus == 7:
        return of_strands(tag(b, b"FR"), tag(b, b"RR"))
    if consensus >= 8:
        name = bam_get_qname(b)
        i = <int32_t>strlen(name)
        while i > 0 and (48 <= name[i - 1] <= 57 or name[i - 1] == 95):  # digits and "_"
            i -= 1
        other, depth = 0, 0
        while name[i]:
            if name[i] == 95:
                depth, other = other, 0
            else:
                other = 10 * other + name[i] - 48
            i += 1
        return of_strands(other, depth)
    depth, other = tag(b, b"XV"), tag(b, b"XW")
    if depth >= 1 and other >= 1:
        return T_DUPLEX
    return T_SIMPLEX if depth >= 2 else T_RAW
