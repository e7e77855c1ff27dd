"""Small files that unpack to gigabytes, or name millions of lines: refused, the file named."""

import bz2
import functools
import gzip
import lzma
import resource
import struct
import subprocess
import sys
import zipfile
import zlib

import pysam
import pytest

from resistpanel.call.io import shards
from resistpanel.core import files, header_limits, intervals
from resistpanel.core.bam import CRAM_EOF, read_header
from resistpanel.core.bam_index import read_crai, read_span
from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text
from resistpanel.core.header_limits import check_bam_header, check_cram_header
from resistpanel.core.vcf_index import check_vcf_index

HEAD = b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chrT\tLN:20000\n"


def itf8(number: int) -> bytes:
    """Return an integer as CRAM writes it, in as few bytes as it takes (section 2.3)."""
    for more in range(4):
        if number < 1 << 7 * (more + 1):
            first = (0xF00 >> more & 0xFF) & ~(0xFF >> more) if more else 0
            data = number.to_bytes(more + 1, "big")
            return bytes([data[0] | first]) + data[1:]
    return bytes([0xF0 | number >> 28, number >> 20 & 0xFF, number >> 12 & 0xFF,
                  number >> 4 & 0xFF, number & 0xF])  # fmt: skip


def cram(text: bytes, method: int = 1, declared: int | None = None, version: bytes = b"\3\0"):
    """Return a CRAM of a header alone, its block packed by a method."""
    raw = struct.pack("<i", len(text)) + text
    pack = {
        0: bytes,
        1: functools.partial(gzip.compress, mtime=0),
        2: bz2.compress,
        3: lzma.compress,
    }.get(method, bytes)
    packed = pack(raw)
    block = bytes([method, 0, 0]) + itf8(len(packed))
    block += itf8(len(raw) if declared is None else declared) + packed
    block += struct.pack("<I", zlib.crc32(block)) if version[0] == 3 else b""
    container = struct.pack("<i", len(block)) + bytes(6) + itf8(1) + itf8(1) + itf8(0)
    container += struct.pack("<I", zlib.crc32(container)) if version[0] == 3 else b""
    return b"CRAM" + version + bytes(20) + container + block + CRAM_EOF


@pytest.mark.parametrize("method", [0, 1, 2, 3])
def test_good_headers_of_cram(tmp_path, method):
    path = tmp_path / "a.cram"
    path.write_bytes(cram(HEAD, method))
    check_cram_header(path)
    assert read_header(path, first_read=False).lengths == {"chrT": 20_000}


@pytest.mark.parametrize("version", ["2.1", "3.0", "3.1"])
def test_headers_that_htslib_writes(tmp_path, version):
    path = tmp_path / "a.cram"
    many = {"HD": {"VN": "1.6"}, "SQ": [{"SN": f"c{n}", "LN": 9, "M5": "0" * 32}
                                       for n in range(3000)]}  # fmt: skip
    options = [f"version={version}".encode(), b"no_ref=1"]
    with pysam.AlignmentFile(str(path), "wc", header=many, format_options=options):
        pass
    check_cram_header(path)


@pytest.mark.parametrize("method", [1, 2, 3])
@pytest.mark.parametrize("declared", [None, 100])
def test_headers_of_cram_that_unpack_to_much(tmp_path, monkeypatch, method, declared):
    """Whatever size the block states: htslib unpacks it before it compares."""
    monkeypatch.setattr(header_limits, "MOST_HEADER", 1 << 20)
    path = tmp_path / "a.cram"
    path.write_bytes(cram(HEAD + b"@CO\t" + b"x" * (2 << 20) + b"\n", method, declared))
    words = "its header is of 2 MB" if declared is None else "unpacks to more than 1 MB"
    with pytest.raises(InputError, match=words):
        read_header(path)


@pytest.mark.parametrize(
    "data, words",
    [
        (cram(HEAD, 4), "packed by method 4"),
        (cram(HEAD, version=b"\4\0"), "the CRAM is of version 4"),
        (cram(HEAD)[:40], "cannot be read"),
        (cram(HEAD)[:60] + CRAM_EOF, "cannot be read"),
        (cram(HEAD, declared=(1 << 31) + 5), "its header is of -"),
    ],
    ids=["method", "version", "cut", "cut block", "size"],
)
def test_headers_of_cram_that_are_not_unpacked(tmp_path, data, words):
    path = tmp_path / "a.cram"
    path.write_bytes(data)
    with pytest.raises(InputError, match=words):
        read_header(path)


@pytest.mark.parametrize("kind", ["bam", "cram"])
def test_headers_of_many_contigs(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(header_limits, "MOST_CONTIGS", 100)
    text = b"@HD\tVN:1.6\n" + b"".join(b"@SQ\tSN:c%d\tLN:9\n" % n for n in range(101))
    path = tmp_path / f"a.{kind}"
    if kind == "cram":
        path.write_bytes(cram(text))
    else:
        with pysam.BGZFile(str(path), "wb") as out:  # more in its text than in its list
            out.write(b"BAM\1" + struct.pack("<i", len(text)) + text + struct.pack("<i", 0))
    check = check_cram_header if kind == "cram" else check_bam_header
    with pytest.raises(InputError, match="its header names 101 contigs"):
        check(path)


def test_the_memory_of_a_header_is_bounded(tmp_path):
    """600 MB in 0.6 MB: refused with the memory of the libraries and the limit, no more."""
    path = tmp_path / "a.cram"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(8 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = start + piece * 75 + packer.flush()  # a piece refers to nothing before it
    head = cram(b"")[:26]
    container = struct.pack("<i", len(packed)) + bytes(6) + itf8(1) + itf8(1) + itf8(0) + bytes(4)
    block = bytes([1, 0, 0]) + itf8(len(packed)) + itf8(100) + packed + bytes(4)
    path.write_bytes(head + container + block + CRAM_EOF)
    code = (
        "import sys; from pathlib import Path; from resistpanel.core.bam import read_header\n"
        "from resistpanel.core.errors import InputError\n"
        "try: read_header(Path(sys.argv[1]))\n"
        "except InputError as error: print(error.line())\n"
    )
    limit = 700 << 20
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert "its header unpacks to more than 64 MB" in done.stdout, done.stderr[-400:]


@pytest.mark.parametrize("name", ["a.bam.csi", "a.bam.bai", "a.cram.crai"])
def test_indexes_that_unpack_to_much(tmp_path, name):
    path = tmp_path / name
    piece = gzip.compress(bytes(8 << 20))
    path.write_bytes(gzip.compress(b"CSI\1" + bytes(1 << 20)) + piece * 9)
    with pytest.raises(InputError, match="unpacks to more than 64 MB"):
        read_crai(path) if name.endswith("crai") else read_span(path)


@pytest.mark.parametrize("suffix", ["tbi", "csi"])
def test_indexes_of_resources_that_unpack_to_much(tmp_path, suffix):
    path = tmp_path / "g.vcf.gz"
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    magic = b"TBI\1" if suffix == "tbi" else b"CSI\1"
    head = gzip.compress(magic + bytes(1 << 20))
    (tmp_path / f"g.vcf.gz.{suffix}").write_bytes(head + gzip.compress(bytes(8 << 20)) * 9)
    with pytest.raises(InputError, match=rf"g\.vcf\.gz\.{suffix}: the index unpacks to more than"):
        check_vcf_index(path)


def test_evidence_that_unpacks_to_much(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "MOST_UNPACKED", 4 << 20)
    path = tmp_path / "P1.1-of-2.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("head.npy", bytes(5 << 20))
    assert path.stat().st_size < 1 << 16
    with pytest.raises(InputError, match=r"P1\.1-of-2\.npz: unpacks to 5 MB"):
        shards.load(path)


def test_targets_of_many_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(intervals, "MOST_LINES", 100)
    path = tmp_path / "targets.bed"
    path.write_text("chrT\t1\t2\n" * 100)
    assert len(intervals.read_targets(path)) == 100
    path.write_text("chrT\t1\t2\n" * 101)
    with pytest.raises(InputError, match=r"targets\.bed: 101 lines, where 100 are the most"):
        intervals.read_targets(path)


@pytest.mark.parametrize("packed", [True, False])
def test_texts_of_many_megabytes(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(files, "MOST_TEXT", 1 << 20)
    path = tmp_path / "targets.bed"
    for size, good in ((1 << 20, True), ((1 << 20) + 1, False)):
        data = b"#" * size
        path.write_bytes(gzip.compress(data) if packed else data)
        if good:
            assert len(read_text(path)) == size
        else:
            with pytest.raises(
                InputError, match=r"targets\.bed: (unpacks to|is of) more than 1 MB"
            ):
                read_text(path)
