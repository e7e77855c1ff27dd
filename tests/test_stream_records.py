"""What a record must be: the same judgement as htslib's, on records whose bytes were changed."""

import random
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pysam
import pytest

from resistpanel.call.io.reader import Reader
from resistpanel.core.errors import InputError
from resistpanel.core.stream import Stream
from resistpanel.qc.count import Counter

EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
LENGTH = 400_000
REGIONS = [("c", 1000, 3000), ("c", 9000, 300_000)]


def content(path) -> bytes:
    """Return what a BGZF file holds."""
    data, at, found = Path(path).read_bytes(), 0, b""
    while at < len(data):
        size = struct.unpack_from("<H", data, at + 16)[0] + 1
        found += zlib.decompress(data[at + 18 : at + size - 8], -15)
        at += size
    return found


def store(path, held: bytes) -> None:
    """Write BGZF without compression: where things are does not depend on what they are."""
    made = b""
    for at in range(0, len(held), 50_000):
        piece = held[at : at + 50_000]
        body = b"\x01" + struct.pack("<HH", len(piece), len(piece) ^ 0xFFFF) + piece
        made += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
        made += body + struct.pack("<II", zlib.crc32(piece), len(piece))
    Path(path).write_bytes(made + EOF)


def records_of(held: bytes) -> list[int]:
    """Return where each record begins."""
    at = 8 + struct.unpack_from("<i", held, 4)[0]
    contigs = struct.unpack_from("<i", held, at)[0]
    at += 4
    for _ in range(contigs):
        at += 8 + struct.unpack_from("<i", held, at)[0]
    found = []
    while at < len(held):
        found.append(at)
        at += 4 + struct.unpack_from("<i", held, at)[0]
    return found


def write(path, reads, lengths=(("c", LENGTH), ("d", 5000))) -> str:
    """Write (start, cigar, sequence, name) as an indexed BAM without compression."""
    header = {"HD": {"SO": "coordinate"}, "SQ": [{"SN": n, "LN": x} for n, x in lengths]}
    with pysam.AlignmentFile(path, "wb", header=header) as out:
        for start, cigar, sequence, name in reads:
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.query_sequence, read.flag = name, sequence, 0
            read.query_qualities = pysam.qualitystring_to_array("I" * len(sequence))
            read.mapping_quality, read.cigarstring = 60, cigar
            read.reference_id, read.reference_start = 0, start
            out.write(read)
    store(path, content(path))
    pysam.index(str(path))
    return str(path)


@pytest.fixture(scope="module")
def bam(tmp_path_factory):
    rng = random.Random(2)
    reads = [
        (start, "100M", "".join(rng.choices("ACGT", k=100)), "n" * (1 + k % 6) + str(k % 10))
        for k, start in enumerate(range(950, 3000, 20))
    ]
    return write(tmp_path_factory.mktemp("records") / "whole.bam", reads)


def read_all(path, own):
    stream = Stream(str(path), None, 0, own)
    stream.query(REGIONS)
    found = []
    while (record := stream.read()) is not None:
        found.append(record)
    return found


def judged(path, own):
    try:
        return read_all(path, own)
    except InputError:
        return "refused"


def changed(bam, folder, change, which=40) -> str:
    held = bytearray(content(bam))
    change(held, records_of(held)[which])
    path = folder / "changed.bam"
    store(path, bytes(held))
    shutil.copy(bam + ".bai", f"{path}.bai")
    return str(path)


def field(offset, kind, value):
    def change(held, at):
        struct.pack_into(kind, held, at + offset, value)

    return change


def cigar(length, op=0):
    def change(held, at):
        struct.pack_into("<I", held, at + 36 + held[at + 12], length << 4 | op)

    return change


def unterminated(held, at):
    held[at + 36 + held[at + 12] - 1] = ord("x")


def unmapped_of_another_length(held, at):
    struct.pack_into("<H", held, at + 18, 4)
    cigar(90)(held, at)


REFUSED = {
    "CIGAR longer": cigar(120),
    "CIGAR shorter": cigar(80),
    "CIGAR of a deletion alone": cigar(100, 2),
    "contig beyond the header": field(4, "<i", 2),
    "contig -2": field(4, "<i", -2),
    "mate's contig beyond the header": field(24, "<i", 2),
    "mate's contig -2": field(24, "<i", -2),
    "sequence of negative length": field(20, "<i", -1),
    "sequence longer than the record": field(20, "<i", 100_000),
    "sequence shorter than the CIGAR": field(20, "<i", 98),
    "no name": field(12, "<B", 0),
    "name longer than the record": field(12, "<B", 255),
    "more CIGAR operations than the record holds": field(16, "<H", 65535),
    "record of 31 bytes": field(0, "<i", 31),
    "record of negative size": field(0, "<i", -5),
}
ACCEPTED = {
    "CIGAR of =": cigar(100, 7),
    "clip of all": cigar(100, 4),
    "padding of length 5, no CIGAR else": lambda held, at: field(16, "<H", 0)(held, at),
    "unmapped, CIGAR of another length": unmapped_of_another_length,
    "mate without contig": field(24, "<i", -1),
    "wrong bin": field(14, "<H", 7),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_refused_as_by_htslib(bam, tmp_path, change):
    path = changed(bam, tmp_path, change)
    assert judged(path, False) == "refused"
    assert judged(path, True) == "refused"


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_as_by_htslib(bam, tmp_path, change):
    path = changed(bam, tmp_path, change)
    found = judged(path, True)
    assert found != "refused" and found == judged(path, False)


@pytest.mark.parametrize("which", range(40, 46))
def test_a_name_that_is_not_terminated(bam, tmp_path, which):
    """Of any length: htslib appends what is missing."""
    path = changed(bam, tmp_path, unterminated, which)
    found = judged(path, True)
    assert found != "refused" and found == judged(path, False)


def test_the_read_is_named(bam, tmp_path):
    with pytest.raises(InputError, match=r"read 'n+\d': the CIGAR covers 120 bases.* has 100; "):
        read_all(changed(bam, tmp_path, cigar(120)), True)


def test_no_count_of_such_a_read(bam, tmp_path):
    """Of it, bases beyond its sequence were counted."""
    path = changed(bam, tmp_path, cigar(120))
    with pytest.raises(InputError, match="the CIGAR covers"):
        Counter(path, None, 20, 15).contig("c", np.array([1000]), np.array([3000]))
    with pytest.raises(InputError, match="the CIGAR covers"):
        Reader(path, [("c", 1000, 3000)]).next_chunk("c", 1000, 3000)


@pytest.mark.parametrize("tail", ["", "9S"])
def test_a_cigar_of_more_than_65535_operations(tmp_path, tail):
    """BAM holds it in tag CG (SAM specification, 4.2.2)."""
    rng = random.Random(3)
    pieces = 40_000
    long = "1M1D" * pieces + "5M" + tail
    sequence = "".join(rng.choices("ACGT", k=pieces + 5 + len(tail) // 2 * 9))
    reads = [
        (1500, "100M", "A" * 100, "a"),
        (1600, long, sequence, "long"),
        (9100, "50M", "C" * 50, "b"),
    ]
    path = write(tmp_path / "long.bam", reads)
    found = read_all(path, True)
    assert found == read_all(path, False)
    assert [record[0] for record in found] == ["a", "long", "b"]
    assert found[1][3] == 1600 + 2 * pieces + 5
