"""One pass over the reads on target, held against a plain count of fragments and bases."""

from pathlib import Path

import numpy as np
import pysam
import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.qc import spectrum
from resistpanel.qc.count import Counter
from resistpanel.qc.reads import MIN_BASE_QUALITY, MIN_MAPPING_QUALITY, count, file_counts

from .conftest import LENGTH, TARGETS, random_reads, read, write_reads

UNUSED = 0x4 | 0x100 | 0x200 | 0x400 | 0x800
ROWS = [Target("c", start, end, name) for start, end, name in TARGETS]


def usable(bam):
    with pysam.AlignmentFile(str(bam)) as handle:
        for one in handle:
            if not one.flag & UNUSED and one.mapping_quality >= MIN_MAPPING_QUALITY:
                yield one


def plain_depth(bam) -> np.ndarray:
    """Count, at every base, the names of the usable reads whose alignment spans it."""
    names = [set() for _ in range(LENGTH)]
    for one in usable(bam):
        for position in range(one.reference_start, one.reference_end):
            names[position].add(one.query_name)
    return np.array([len(found) for found in names])


def plain_bases(bam) -> np.ndarray:
    """Count, at every base, the good bases of usable reads by orientation."""
    counts = np.zeros((LENGTH, 2, 4), dtype=int)
    for one in usable(bam):
        # F1R2: read 1 is forward, or read 2 reverse; a single read stands for read 1.
        second = one.is_paired and one.is_read2
        orientation = int(one.is_reverse != second)
        for at, position in one.get_aligned_pairs(matches_only=True):
            if one.query_qualities[at] >= MIN_BASE_QUALITY and one.query_sequence[at] in "ACGT":
                counts[position, orientation, "ACGT".index(one.query_sequence[at])] += 1
    return counts


def plain_counts(bam) -> tuple[int, int, int]:
    """Count the records on target, primary ones, duplicates among these."""
    records = primary = duplicates = 0
    with pysam.AlignmentFile(str(bam)) as handle:
        for one in handle:
            if one.is_unmapped or not meets(one):
                continue
            records += 1
            if not one.is_secondary and not one.is_supplementary:
                primary += 1
                duplicates += one.is_duplicate
    return records, primary, duplicates


def meets(one) -> bool:
    return any(one.reference_start < end and one.reference_end > start for start, end, _ in TARGETS)


def whole(bam, reference):
    """Return the counter, depth and bases of the targets."""
    counter = Counter(str(bam), str(reference), MIN_MAPPING_QUALITY, MIN_BASE_QUALITY)
    starts = np.array([row[0] for row in TARGETS])
    return counter, *counter.contig("c", starts, np.array([row[1] for row in TARGETS]))


@pytest.mark.parametrize("seed", range(6))
def test_depth_bases_and_counts(tmp_path, reference, seed):
    bam = write_reads(tmp_path / "s.bam", random_reads(seed, bases=True))
    counter, depth, bases = whole(bam, reference)
    inside = np.concatenate([np.arange(start, end) for start, end, _ in TARGETS])
    np.testing.assert_array_equal(depth, plain_depth(bam)[inside])
    np.testing.assert_array_equal(bases, plain_bases(bam)[inside])
    assert depth[:300].max() > 5
    assert (bases[:300].sum(axis=(0, 1)) > 0).all()
    assert (counter.records, counter.primary, counter.duplicates) == plain_counts(bam)
    on_target = [one for one in usable(bam) if meets(one)]
    assert counter.mismatches == sum(one.get_tag("NM") for one in on_target)
    aligned = sum(len(one.get_aligned_pairs(matches_only=True)) for one in on_target)
    assert counter.aligned == aligned
    assert counter.lengths[40] == counter.primary == counter.lengths.sum()
    sizes = [one.template_length for one in on_target if one.template_length > 0]
    np.testing.assert_array_equal(counter.inserts, np.bincount(sizes, minlength=1 << 16))


def test_many_mates_are_remembered_until_they_are_passed(tmp_path, reference):
    """More open pairs at a time than the table begins with, and long runs of them."""

    def pairs(header):
        for number in range(6_000):
            start = 250 + number // 40
            yield read(header, f"f{number}", start, "40M", 0x63, start + 20)
            yield read(header, f"f{number}", start + 20, "40M", 0x93, start)

    _, depth, _ = whole(write_reads(tmp_path / "s.bam", pairs), reference)
    expected = np.zeros(LENGTH, int)
    for number in range(6_000):
        expected[250 + number // 40 : 310 + number // 40] += 1
    np.testing.assert_array_equal(depth[:300], expected[200:500])


def test_mates_that_overlap_count_once(tmp_path, reference):
    def pair(header):
        yield read(header, "f", 300, "40M", 0x63, 320)
        yield read(header, "f", 320, "40M", 0x93, 300)

    _, depth, _ = whole(write_reads(tmp_path / "s.bam", pair), reference)
    np.testing.assert_array_equal(depth[100:160], np.ones(60))
    assert (depth[99], depth[160]) == (0, 0)


def test_a_skipped_stretch_is_not_covered(tmp_path, reference):
    spliced = write_reads(tmp_path / "s.bam", lambda h: [read(h, "f", 300, "20M60N20M", 0, 0)])
    depth = whole(spliced, reference)[1][100:200]
    np.testing.assert_array_equal(depth, np.repeat([1, 0, 1], [20, 60, 20]))


def test_targets_that_touch(tmp_path, reference):
    bam = write_reads(tmp_path / "s.bam", random_reads(3))
    counter = Counter(str(bam), str(reference), 20, 20)
    depth, _ = counter.contig("c", np.array([200, 300]), np.array([300, 500]))
    np.testing.assert_array_equal(depth, plain_depth(bam)[200:500])


def test_a_contig_that_the_file_lacks(tmp_path, reference):
    bam = write_reads(tmp_path / "s.bam", random_reads(3))
    counter = Counter(str(bam), str(reference), 20, 20)
    with pytest.raises(InputError, match="has no contig 'd'; targets and reads must use one"):
        counter.contig("d", np.array([200]), np.array([300]))


def test_file_counts_whole_file(tmp_path):
    def reads(header):
        yield read(header, "a", 300, "40M", 0, 0)
        yield read(header, "b", 1_800, "40M", 0, 0)
        lost = read(header, "c", 0, "40M", 0, 0)
        lost.is_unmapped, lost.reference_id, lost.reference_start = True, -1, -1
        lost.cigarstring = None
        yield lost

    assert file_counts(write_reads(tmp_path / "s.bam", reads)) == (3, 2)


def test_cram(tmp_path, reference):
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
    _, depth, bases = whole(cram, reference)
    expected = whole(bam, reference)
    np.testing.assert_array_equal(depth, expected[1])
    np.testing.assert_array_equal(bases, expected[2])
    assert file_counts(cram) == file_counts(bam)


def test_damaged_bam_is_an_input_error(tmp_path, reference):
    bam = write_reads(tmp_path / "s.bam", random_reads(1))
    content = bytearray(bam.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    bam.write_bytes(content)
    with pytest.raises(InputError, match=r"s\.bam: is truncated or corrupt; check it"):
        count(bam, ROWS, reference)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda bam: Path(f"{bam}.bai").unlink(), "has no index; run samtools index"),
        (lambda bam: bam.unlink(), "cannot be opened as BAM or CRAM"),
        (lambda bam: bam.write_text("text\n"), "has no readable header"),
    ],
)
def test_unreadable_file_is_an_input_error(tmp_path, reference, spoil, words):
    bam = write_reads(tmp_path / "s.bam", random_reads(1))
    spoil(bam)
    with pytest.raises(InputError, match=words):
        count(bam, ROWS, reference)


def test_contexts_are_the_reference_s_with_its_neighbours(reference):
    with pysam.FastaFile(str(reference)) as fasta:
        sequence = fasta.fetch("c")
        for start, end in ((0, 5), (200, 260), (1_990, 2_010), (2_395, 2_405), (2_990, 3_000)):
            codes = spectrum.contexts(fasta, "c", start, end)
            for position, code in zip(range(start, end), codes, strict=True):
                near = sequence[max(position - 1, 0) : position + 2]
                whole = len(near) == 3 and "N" not in near
                assert code == (spectrum.CONTEXTS.index(near) if whole else 64)
