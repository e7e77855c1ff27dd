"""Qualities, sequencing errors and the bytes of BAM records."""

import io

import numpy as np
import pysam
import pytest

from resistpanel.testing import bgzf
from resistpanel.testing.bam_records import bins, encode_reads, header
from resistpanel.testing.fragments import Library
from resistpanel.testing.quality import Sequencer, quality_table


def reg2bin(start, end):
    """The BAM specification's function, bin by bin."""
    end -= 1
    for shift, offset in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        if start >> shift == end >> shift:
            return offset + (start >> shift)
    return 0


def test_bins():
    rng = np.random.default_rng(1)
    start = rng.integers(0, 2**28, 3000)
    end = start + 2 ** rng.integers(0, 28, 3000)
    assert bins(start, end).tolist() == [
        reg2bin(s, e) for s, e in zip(start.tolist(), end.tolist(), strict=True)
    ]


@pytest.mark.parametrize("model", ["gaiix", "modern"])
def test_errors_come_at_the_rate_that_the_quality_states(model):
    rng = np.random.default_rng(2)
    sequencer = Sequencer(model, 50)
    seen, wrong = np.zeros(64), np.zeros(64)
    for _ in range(10):
        qualities = sequencer.qualities(40_000, rng)
        errors = sequencer.errors(qualities, rng)
        seen += np.bincount(qualities.reshape(-1), minlength=64)
        wrong += np.bincount(qualities.reshape(-1)[errors], minlength=64)
    for quality in np.flatnonzero(seen > 1000):
        expected = seen[quality] * 10 ** (-quality / 10)
        assert abs(wrong[quality] - expected) < 5 * np.sqrt(expected) + 1, quality


def test_quality_falls_along_the_reads_of_old_instruments():
    mean = Sequencer("gaiix", 36).qualities(20_000, np.random.default_rng(3)).mean(axis=0)
    assert 34 < mean[0] < 38
    assert mean[-1] < mean[0] - 4
    assert set(np.unique(quality_table("modern", 100))) == {11, 25, 37}


def test_insert_sizes():
    library = Library(50, 150, 30, "modern", 0, 0, 0, 5)
    table = library.insert_table()
    assert table.min() >= 50
    assert table.max() <= library.longest == 270
    assert table.mean() == pytest.approx(150, abs=1)
    assert table.std() == pytest.approx(30, abs=1)
    overlapping = np.minimum(table, 100).mean()
    assert library.bases_per_fragment() == pytest.approx(overlapping)


@pytest.mark.parametrize("length", [36, 37])
def test_records_are_read_back_as_they_were_given(tmp_path, length):
    rng = np.random.default_rng(4)
    count = 40
    cigar = np.zeros((count, 3), np.uint32)
    cigar[:, 0] = length << 4
    cigar[1::4, 0], cigar[1::4, 1], cigar[1::4, 2] = 10 << 4, 3 << 4 | 2, (length - 10) << 4
    cigar[2::4, 0], cigar[2::4, 1] = 4 << 4 | 4, (length - 4) << 4
    cigar[3] = 0
    pos = rng.integers(0, 5000, count)
    reads = {
        "codes": rng.integers(0, 5, (count, length)).astype(np.uint8),
        "qualities": rng.integers(2, 41, (count, length)).astype(np.uint8),
        "cigar": cigar,
        "pos": pos,
        "end": pos + length,
        "flag": np.where(cigar[:, 0] == 0, 4, 99).astype(np.uint16),
        "mapq": rng.integers(0, 61, count).astype(np.uint8),
        "mate_pos": pos + 30,
        "tlen": rng.integers(-300, 300, count),
        "ref_id": np.ones(count, np.int32),
        "number": np.arange(count) + 10**11,
        "mismatches": rng.integers(0, 400, count),
    }
    stream = io.BytesIO()
    writer = bgzf.Writer(stream)
    writer.write(header({"a": 100, "b": 9000}, "s1", "1.0"))
    writer.write(encode_reads(reads, "sim:", "s1"))
    writer.close()
    path = tmp_path / "x.bam"
    path.write_bytes(stream.getvalue())
    pysam.index(str(path))
    with pysam.AlignmentFile(str(path)) as bam:
        assert bam.header.to_dict()["RG"][0]["SM"] == "s1"
        found = list(bam)
    order = np.argsort(pos, kind="stable")
    assert len(found) == count
    for read, i in zip(found, order.tolist(), strict=True):
        assert read.query_name == f"sim:{i + 10**11:012d}"
        assert read.query_sequence == "".join("ACGTN"[c] for c in reads["codes"][i])
        assert list(read.query_qualities) == reads["qualities"][i].tolist()
        operations = [(op & 15, op >> 4) for op in cigar[i].tolist() if op]
        assert (read.cigartuples or []) == operations
        assert read.reference_start == pos[i]
        assert read.reference_name == read.next_reference_name == "b"
        assert read.next_reference_start == pos[i] + 30
        assert read.template_length == reads["tlen"][i]
        assert read.mapping_quality == reads["mapq"][i]
        assert read.flag == reads["flag"][i]
        assert read.get_tag("RG") == "s1"
        assert read.get_tag("NM") == min(255, reads["mismatches"][i])
