"""Figures that are counted while the caller reads are those that qc counts by itself."""

import dataclasses
import random
from pathlib import Path

import msgspec
import numpy as np
import pysam
import pytest

from resistpanel.call.io.reader import Reader
from resistpanel.core.intervals import Target
from resistpanel.core.schemas import read_record, write_record
from resistpanel.qc.assay_given import DETECTED
from resistpanel.qc.counts import Pass, counted_before
from resistpanel.qc.figures import known_bases, read_figures
from resistpanel.qc.reads import Contigs, count
from resistpanel.records.counts import Counts
from resistpanel.records.qc import Assay
from resistpanel.records.sheet import Sample

from .conftest import LENGTH, TARGETS, random_reads, write_reads

ROWS = [Target("c", start, end, name) for start, end, name in TARGETS]
RAW = Assay(
    *("capture", True, "raw", "none", "none", None, None, False, 40, 100, 800, 0, ()),
    families="none",
)


def passed_on(bam, reference, targets, spans, size=150):
    """Return the counts of a pass over wider regions, which is cut into chunks."""
    contigs = Contigs(targets, reference)
    taker = contigs.alongside()
    pieces = [
        (contig, a, min(a + size, end))
        for contig, start, end in spans
        for a in range(start, end, size)
    ]
    reader = Reader(str(bam), spans, str(reference), 20, counts=taker)
    for i, (contig, a, b) in enumerate(pieces):
        after = pieces[i + 1] if i + 1 < len(pieces) else (None, -1, -1)
        before = pieces[i - 1] if i else (None, -1, -1)
        reader.next_chunk(
            contig, a, b, after[1] if after[0] == contig else -1,
            before[2] if before[0] == contig else -1,
        )  # fmt: skip
    taker.finish()
    return contigs.counted(taker)


def assert_same(one, other):
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "depths":
            assert len(a) == len(b)
            for x, y in zip(a, b, strict=True):
                np.testing.assert_array_equal(x, y)
        elif field.name == "spectrum":
            np.testing.assert_array_equal(a.counts, b.counts)
            assert (a.positions, a.variants) == (b.positions, b.variants)
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("padding", [0, 25, 150])
def test_alongside_a_wider_pass(tmp_path, reference, seed, padding):
    bam = write_reads(tmp_path / "s.bam", random_reads(seed, bases=True))
    spans = [("c", row.start - padding, row.end + padding) for row in ROWS]
    if padding == 150:  # the first two run into each other
        spans = [("c", 50, 1_050), ("c", 1_900, 2_300)]
    found = passed_on(bam, reference, ROWS, spans)
    assert found.records > 100
    assert_same(found, count(bam, ROWS, reference))


def test_contigs_without_targets_or_reads(tmp_path):
    reference, rng = tmp_path / "genome.fa", random.Random(5)
    names = ("a", "b", "c", "d")
    reference.write_text("".join(f">{n}\n{''.join(rng.choices('ACGT', k=900))}\n" for n in names))
    pysam.samtools.faidx(str(reference))
    header = pysam.AlignmentHeader.from_references(names, [900] * 4)
    bam = tmp_path / "s.bam"
    with pysam.AlignmentFile(str(bam), "wb", header=header) as out:
        for tid in (0, 1, 3):  # c has none
            for start in range(100, 600, 3):
                read = pysam.AlignedSegment(header)
                read.query_name, read.flag, read.mapping_quality = f"{tid}.{start}", 0, 60
                read.reference_id, read.reference_start, read.cigarstring = tid, start, "30M"
                read.query_sequence = "".join(rng.choices("ACGT", k=30))
                read.query_qualities = pysam.qualitystring_to_array("I" * 30)
                out.write(read)
    pysam.samtools.index(str(bam))
    targets = [Target("a", 200, 300, "A"), Target("c", 200, 300, "C"), Target("d", 150, 160, "D")]
    spans = [("a", 180, 320), ("b", 100, 200), ("c", 180, 320), ("d", 130, 180)]
    found = passed_on(bam, reference, targets, spans, size=1_000)
    assert [int(depth.max()) for depth in found.depths] == [10, 0, 10]
    assert_same(found, count(bam, targets, reference))


@pytest.fixture
def passed(tmp_path, reference, bed):
    """Return a sample, the bases of the targets, and its counts, written and read."""
    bam = write_reads(tmp_path / "s.bam", random_reads(1, bases=True))
    made = Pass(bed, reference, [str(bam)], [DETECTED], [RAW])
    reader = Reader(str(bam), [("c", 0, LENGTH)], str(reference), 20, counts=made.takers[0])
    reader.next_chunk("c", 0, LENGTH)
    write_record(tmp_path / "counts.json", made.record(["s"]))
    sample = Sample("s", "tumor", "pre", 0, None, (), str(bam), None)
    return sample, known_bases(ROWS, reference), read_record(tmp_path / "counts.json", Counts)


def test_figures_survive_the_file(passed, reference):
    sample, bases, counts = passed
    figures = counted_before(counts, sample, DETECTED, bases)
    assert figures == read_figures(sample, bases, reference, RAW)


def test_what_was_counted_otherwise_is_read_again(passed, tmp_path):
    sample, bases, counts = passed
    amplicons = DETECTED.with_values({"library": "amplicon"})
    assert counted_before(counts, sample, amplicons, bases) is None
    fewer = dataclasses.replace(bases, targets=bases.targets[1:])
    assert counted_before(counts, sample, DETECTED, fewer) is None
    with Path(sample.bam).open("ab") as out:
        out.write(b"more")
    assert counted_before(counts, sample, DETECTED, bases) is None


def test_molecules_are_left_to_qc(tmp_path, reference, bed):
    kinds = [RAW, msgspec.structs.replace(RAW, families="single")]
    made = Pass(bed, reference, ["a.bam", "b.bam"], [DETECTED] * 2, kinds)
    assert [taker is None for taker in made.takers] == [False, True]
