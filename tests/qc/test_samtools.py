"""One pass over the reads on target, held against a plain count of fragments."""

import numpy as np
import pysam
import pytest

from resistpanel.errors import InputError
from resistpanel.qc import samtools

from .conftest import LENGTH, TARGETS, random_reads, read, write_reads

UNUSED = 0x4 | 0x100 | 0x200 | 0x400 | 0x800


def plain_depth(bam) -> np.ndarray:
    """Count, at every base, the names of the usable reads whose alignment spans it."""
    names = [set() for _ in range(LENGTH)]
    with pysam.AlignmentFile(str(bam)) as handle:
        for one in handle:
            if one.flag & UNUSED or one.mapping_quality < samtools.MIN_MAPPING_QUALITY:
                continue
            for position in range(one.reference_start, one.reference_end):
                names[position].add(one.query_name)
    return np.array([len(found) for found in names])


def plain_counts(bam) -> tuple[int, int, int]:
    """Count the primary reads on target and duplicates; mismatches of supplementary ones too."""
    reads = duplicates = mismatches = 0
    with pysam.AlignmentFile(str(bam)) as handle:
        for one in handle:
            meets = any(
                one.reference_start < end and one.reference_end > start for start, end, _ in TARGETS
            )
            if one.is_unmapped or not meets or one.is_secondary:
                continue
            mismatches += one.get_tag("NM")
            reads += not one.is_supplementary
            duplicates += one.is_duplicate
    return reads, duplicates, mismatches


@pytest.mark.parametrize("seed", range(4))
def test_depth_and_counts(tmp_path, reference, bed, seed):
    bam = write_reads(tmp_path / "s.bam", random_reads(seed))
    depth, stats = samtools.measure(bam, bed, reference)
    expected = plain_depth(bam)
    for start, end, _ in TARGETS:
        np.testing.assert_array_equal(depth.of("c", start, end), expected[start:end])
    assert expected[200:500].max() > 5
    reads, duplicates, mismatches = plain_counts(bam)
    assert stats.numbers["raw total sequences"] == reads
    assert stats.numbers["reads duplicated"] == duplicates
    assert stats.numbers["mismatches"] == mismatches
    assert stats.read_lengths == {40: reads}


def test_mates_that_overlap_count_once(tmp_path, reference, bed):
    def pair(header):
        yield read(header, "f", 300, "40M", 0x63, 320)
        yield read(header, "f", 320, "40M", 0x93, 300)

    depth, _ = samtools.measure(write_reads(tmp_path / "s.bam", pair), bed, reference)
    np.testing.assert_array_equal(depth.of("c", 300, 360), np.ones(60))
    assert depth.of("c", 299, 300) == 0
    assert depth.of("c", 360, 361) == 0


def test_depth_of_a_contig_without_reads():
    depth = samtools.Depth({}, {})
    np.testing.assert_array_equal(depth.of("c", 5, 8), np.zeros(3))


def test_file_counts_whole_file(tmp_path):
    def reads(header):
        yield read(header, "a", 300, "40M", 0, 0)
        yield read(header, "b", 1_800, "40M", 0, 0)
        lost = read(header, "c", 0, "40M", 0, 0)
        lost.is_unmapped, lost.reference_id, lost.reference_start = True, -1, -1
        lost.cigarstring = None
        yield lost

    assert samtools.file_counts(write_reads(tmp_path / "s.bam", reads)) == (3, 2)


def test_cram(tmp_path, reference, bed):
    bam = write_reads(tmp_path / "s.bam", random_reads(1))
    cram = tmp_path / "s.cram"
    with (
        pysam.AlignmentFile(str(bam)) as source,
        pysam.AlignmentFile(
            str(cram), "wc", template=source, reference_filename=str(reference)
        ) as out,
    ):
        for one in source:
            out.write(one)
    pysam.samtools.index(str(cram))
    depth, _ = samtools.measure(cram, bed, reference)
    np.testing.assert_array_equal(depth.of("c", 200, 500), plain_depth(bam)[200:500])
    assert samtools.file_counts(cram) == samtools.file_counts(bam)


def test_damaged_bam_is_an_input_error(tmp_path, reference, bed):
    bam = write_reads(tmp_path / "s.bam", random_reads(1))
    content = bytearray(bam.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    bam.write_bytes(content)
    with pytest.raises(InputError, match=r"s\.bam: samtools view failed: .*quickcheck"):
        samtools.measure(bam, bed, reference)


def test_bam_without_index_is_an_input_error(tmp_path, reference, bed):
    bam = write_reads(tmp_path / "s.bam", random_reads(1))
    (tmp_path / "s.bam.bai").unlink()
    with pytest.raises(InputError, match="samtools view failed"):
        samtools.measure(bam, bed, reference)
