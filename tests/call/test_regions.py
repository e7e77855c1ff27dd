"""Targets: reading, joining, cutting, and who weighs an event that several chunks see."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call.io.regions import Chunk, chunks, merge, padded
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import read_targets

CONTIGS = {"chr2": 3000, "chr1": 5000}


@st.composite
def targets(draw):
    """Merged regions over two contigs."""
    spans = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(CONTIGS)), st.integers(0, 2900), st.integers(1, 900)),
            min_size=1,
            max_size=12,
        )
    )
    return merge([(c, a, a + n) for c, a, n in spans], CONTIGS)


def read_bed(path, padding=0):
    """Return the targets of a BED, as the caller reads them."""
    return padded([(t.chrom, t.start, t.end) for t in read_targets(path)], padding)


class TestBed:
    def test_rows(self, tmp_path):
        path = tmp_path / "t.bed"
        path.write_text("#c\ntrack name=x\nbrowser y\n\nchr1\t10\t20\tgene\t.\t+\nchr2\t0\t5\n")
        assert read_bed(path) == [("chr1", 10, 20), ("chr2", 0, 5)]
        assert read_bed(path, 3) == [("chr1", 7, 23), ("chr2", 0, 8)]

    def test_gzipped(self, tmp_path):
        path = tmp_path / "t.bed.gz"
        path.write_bytes(gzip.compress(b"chr1\t10\t20\n"))
        assert read_bed(path) == [("chr1", 10, 20)]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("chr1\t1\t2\nchr1\t10\n", "t.bed:2: fewer than 3 columns"),
            ("chr1 1 2\n", "t.bed:1: fewer than 3 columns"),
            ("chr1\tx\t2\n", "t.bed:1: start and end must be whole numbers"),
            ("chr1\t5\t5\n", "t.bed:1: start 5 is not below end 5"),
            ("chr1\t5\t4\n", "t.bed:1: start 5 is not below end 4"),
            ("chr1\t-1\t4\n", "t.bed:1: start and end must be whole numbers"),
            ("# nothing\n", "t.bed: the file contains no targets"),
        ],
    )
    def test_faults(self, tmp_path, text, message):
        path = tmp_path / "t.bed"
        path.write_text(text)
        with pytest.raises(InputError) as error:
            read_bed(path)
        assert str(error.value).startswith(f"{tmp_path}/{message}")

    @pytest.mark.parametrize("content", [None, b"\xff\xfe\x00chr1"])
    def test_unreadable(self, tmp_path, content):
        path = tmp_path / "t.bed"
        if content:
            path.write_bytes(content)
        with pytest.raises(InputError, match=r"t\.bed: (no such file|not text)"):
            read_bed(path)

    def test_plain_text_named_gz(self, tmp_path):
        path = tmp_path / "t.bed.gz"
        path.write_text("chr1\t10\t20\n")
        assert read_bed(path) == [("chr1", 10, 20)]


def test_merge():
    regions = [("chr1", 50, 60), ("chr2", 0, 4000), ("chr1", 10, 20), ("chr1", 20, 30)]
    assert merge(regions, CONTIGS) == [("chr2", 0, 3000), ("chr1", 10, 30), ("chr1", 50, 60)]


class TestChunks:
    @given(targets(), st.integers(50, 2000), st.integers(100, 4000))
    def test_cover_the_targets_once(self, regions, bases, span):
        made = chunks(regions, bases, span)
        covered = [(c.contig, int(p)) for c in made for a in (c.positions(),) for p in a]
        assert covered == [(c, p) for c, a, b in regions for p in range(a, b)]
        for chunk, after in zip(made, [*made[1:], None], strict=True):
            assert (chunk.ends - chunk.starts).sum() <= bases
            assert chunk.next_start == (
                after.beg if after is not None and after.contig == chunk.contig else -1
            )
            if after is not None:
                assert after.previous_end == (chunk.end if after.contig == chunk.contig else -1)
        assert made[0].previous_end == -1

    @given(targets())
    def test_index_and_positions_are_inverse(self, regions):
        for chunk in chunks(regions, 700, 2000):
            positions = chunk.positions()
            assert chunk.index(positions).tolist() == list(range(len(positions)))
            outside = np.setdiff1d(np.arange(-5, 5005), positions)
            assert (chunk.index(outside) == -1).all()

    @given(targets(), st.integers(0, 2999), st.integers(0, 400))
    def test_an_event_is_owned_once_if_it_touches_a_target(self, regions, start, size):
        made = chunks(regions, 300, 1000)
        for contig in CONTIGS:
            owners = [c for c in made if c.contig == contig and c.owns(start, start + size)]
            touches = any(c == contig and a <= start + size and b > start for c, a, b in regions)
            assert len(owners) <= 1
            assert bool(owners) == touches

    def test_owns(self):
        chunk = Chunk("c", np.array([100, 200]), np.array([150, 260]), -1, previous_end=90)
        assert chunk.owns(100, 100)  # an insertion before the first base
        assert not chunk.owns(150, 150)  # after the last one
        assert chunk.owns(95, 100)
        assert chunk.owns(95, 101)
        assert not chunk.owns(85, 110)  # the chunk before sees it
        assert chunk.owns(140, 210)
        assert not chunk.owns(160, 190)
