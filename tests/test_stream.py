"""The records that the compiled passes read: the same as htslib's, or an error."""

import random
import shutil
from pathlib import Path

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistpanel.core import inflate
from resistpanel.core import stream as stream_module
from resistpanel.core.errors import InputError
from resistpanel.core.stream import Stream

LENGTHS = {"one": 600_000, "two:with, signs": 40_000, "three": 200_000}
HEADER = {
    "HD": {"VN": "1.6", "SO": "coordinate"},
    "SQ": [{"SN": name, "LN": length} for name, length in LENGTHS.items()],
}
CIGARS = ("60M", "5S40M15S", "30M200D30M", "20M10I30M", "30M9000N30M", "60S", "60M10H")


@pytest.fixture(scope="module")
def bam(tmp_path_factory):
    """Reads in clumps with gaps between, of all lengths of name and CIGAR."""
    rng = random.Random(3)
    rows = []
    for tid, length in enumerate(LENGTHS.values()):
        clumps = [rng.randrange(length - 10_000) for _ in range(12)]
        for _ in range(4000):
            start = min(rng.choice(clumps) + rng.randrange(1500), length - 9100)
            rows.append((tid, start, rng.choice(CIGARS)))
    folder = tmp_path_factory.mktemp("stream")
    path = str(folder / "reads.bam")
    with pysam.AlignmentFile(path, "wb", header=HEADER) as out:
        for n, (tid, start, cigar) in enumerate(sorted(rows)):
            read = pysam.AlignedSegment(out.header)
            read.query_name = "r" * rng.randrange(1, 40) + str(n)
            read.query_sequence = "".join(rng.choices("ACGTN", k=60))
            read.flag = 4 if n % 97 == 0 else 16 * (n % 2)
            read.reference_id, read.reference_start = tid, start
            read.mapping_quality = n % 61
            read.cigarstring = None if n % 97 == 0 else cigar
            read.query_qualities = pysam.qualitystring_to_array("I" * 60)
            read.set_tag("XX", "x" * rng.randrange(200))
            out.write(read)
        last = pysam.AlignedSegment(out.header)
        last.query_name, last.flag, last.query_sequence = "nowhere", 4, "ACGT"
        out.write(last)
    pysam.index(path)
    return path


def records(path, regions, own=True, known=None):
    stream = Stream(path, None, 0, own)
    stream.query(regions, known)
    found = []
    while (record := stream.read()) is not None:
        found.append(record)
    return found


@st.composite
def disjoint(draw):
    regions = []
    for name, length in LENGTHS.items():
        cuts = draw(st.lists(st.integers(0, length), max_size=8, unique=True).map(sorted))
        regions += [(name, a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    return draw(st.permutations(regions))


@settings(max_examples=60, deadline=None)
@given(regions=disjoint())
def test_the_same_records_as_htslib(bam, regions):
    assert records(bam, regions) == records(bam, regions, own=False)


def test_whole_contigs(bam):
    regions = [(name, 0, length) for name, length in LENGTHS.items()]
    found = records(bam, regions)
    assert len(found) == 12_000
    assert found == records(bam, regions, own=False)


def test_many_small_regions(bam):
    regions = [("one", at, at + 20) for at in range(0, 600_000, 300)]
    found = records(bam, regions)
    assert found and found == records(bam, regions, own=False)


def test_queries_may_follow_each_other(bam):
    stream = Stream(bam)
    for contig in ("three", "one", "two:with, signs", "one"):
        regions = [(contig, 1000, 30_000)]
        stream.query(regions)
        found = []
        while (record := stream.read()) is not None:
            found.append(record)
        assert found == records(bam, regions, own=False)


def test_another_index(bam, tmp_path):
    copy = shutil.copy(bam, tmp_path / "reads.bam")
    pysam.index("-c", str(copy))
    regions = [("one", 100_000, 300_000), ("three", 0, 150_000)]
    assert records(str(copy), regions) == records(bam, regions, own=False)


def blocks(path):
    """Return where the blocks of a BGZF file begin."""
    raw, at, found = Path(path).read_bytes(), 0, []
    while at < len(raw):
        found.append(at)
        at += int.from_bytes(raw[at + 16 : at + 18], "little") + 1
    return raw, found


def broken(bam, folder, raw):
    copy = folder / "reads.bam"
    copy.write_bytes(raw)
    shutil.copy(bam + ".bai", str(copy) + ".bai")
    regions = [(name, 0, length) for name, length in LENGTHS.items()]
    with pytest.raises(InputError, match="truncated or corrupt"):
        records(str(copy), regions)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_off_within_a_block(bam, tmp_path, share):
    raw, at = blocks(bam)
    broken(bam, tmp_path, raw[: at[int(share * len(at))] + 1000])


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_off_between_blocks(bam, tmp_path, share):
    raw, at = blocks(bam)
    broken(bam, tmp_path, raw[: at[int(share * len(at))]])


@pytest.mark.parametrize("byte", [0, 2, 16, 17, 400, 5000])
def test_a_byte_changed(bam, tmp_path, byte):
    raw, at = blocks(bam)
    spoilt = bytearray(raw)
    spoilt[at[5] + byte] ^= 0x55
    broken(bam, tmp_path, bytes(spoilt))


@pytest.mark.parametrize(
    ("contig", "region"), [("four", (0, 10)), ("one:1-10", (0, 10))], ids=["absent", "a region"]
)
def test_a_contig_that_the_file_lacks(bam, contig, region):
    with pytest.raises(InputError, match="has no contig"):
        records(bam, [(contig, *region)])


def test_no_index(bam, tmp_path):
    copy = shutil.copy(bam, tmp_path / "reads.bam")
    with pytest.raises(InputError, match="has no index"):
        Stream(str(copy))


@pytest.mark.parametrize("most", [1 << 16, 8])
def test_a_second_pass_reads_the_same_and_less(bam, monkeypatch, most):
    """Alignments over gaps reach far beyond where later blocks begin; also of thinned marks."""
    rng = random.Random(8)
    monkeypatch.setattr(stream_module, "MOST_MARKS", most)
    real, inflated = inflate.inflate, []
    monkeypatch.setattr(inflate, "inflate", lambda *a: (inflated.append(1), real(*a))[1])

    def regions(size, number):
        found = []
        for name, length in LENGTHS.items():
            places = sorted(rng.sample(range(0, length, size), number))
            found += [(name, at, at + rng.randrange(1, size)) for at in places]
        return found

    spared = 0
    for _ in range(25):
        first, wide = Stream(bam), regions(9000, 3)
        first.query(wide)
        while first.read() is not None:
            pass
        assert 0 < len(first.marks) <= most
        narrow = regions(40, 3)
        # Most of them are within what was read.
        for name, start, end in wide:
            at = rng.randrange(start, end)
            if not any(n == name and a < at + 50 and at < b for n, a, b in narrow):
                narrow.append((name, at, at + 50))
        plainly = records(bam, narrow)
        inflated.clear()
        assert records(bam, narrow) == plainly
        before = len(inflated)
        inflated.clear()
        assert records(bam, narrow, known=first.marks) == plainly
        spared += before - len(inflated)
        assert len(inflated) <= before
    assert spared > 0
