"""BGZF and the genome of N: the same as htslib would write and index."""

import gzip

import numpy as np
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistpanel.testing import bgzf
from resistpanel.testing.fasta import LINE, LINES, write_genome

BLOCK_BASES = LINE * LINES


def test_writer_makes_bgzf_that_gzip_and_htslib_read(tmp_path):
    data = np.random.default_rng(1).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
    path = tmp_path / "x.gz"
    with path.open("wb") as stream:
        writer = bgzf.Writer(stream, 1)
        for start in range(0, len(data), 7777):
            writer.write(data[start : start + 7777])
        writer.close()
    assert gzip.decompress(path.read_bytes()) == data
    with pysam.BGZFile(str(path)) as stream:
        assert stream.read() == data
    assert path.read_bytes().endswith(bgzf.END)


def test_repeat_needs_a_block_boundary(tmp_path):
    with (tmp_path / "x").open("wb") as stream:
        writer = bgzf.Writer(stream)
        writer.write(b"a")
        with pytest.raises(ValueError, match="boundary"):
            writer.repeat(b"N", bgzf.block(b"N"), 2)


stretches = st.lists(st.tuples(st.integers(0, 3 * BLOCK_BASES), st.integers(1, 400)), max_size=4)


@settings(max_examples=25, deadline=None)
@given(stretches, st.integers(1, 3 * BLOCK_BASES + 500), st.integers(0, 2**32 - 1))
def test_genome_is_what_was_given_and_indexed_as_htslib_does(tmp_path_factory, parts, length, seed):
    folder = tmp_path_factory.mktemp("genome")
    rng = np.random.default_rng(seed)
    expected = np.full(length, ord("N"), np.uint8)
    placed, last = [], -1
    for start, size in sorted(parts):
        if start <= last or start + size > length:
            continue
        codes = rng.integers(0, 5, size).astype(np.uint8)
        expected[start : start + size] = np.frombuffer(b"ACGTN", np.uint8)[codes]
        placed.append((start, codes))
        last = start + size
    lengths = {"one": length, "two": 61, "three": BLOCK_BASES}
    path = folder / "g.fa.gz"
    write_genome(path, lengths, {"one": placed})
    other = folder / "h.fa.gz"
    other.write_bytes(path.read_bytes())
    pysam.faidx(str(other))
    for suffix in (".fai", ".gzi"):
        assert (folder / f"g.fa.gz{suffix}").read_bytes() == (
            folder / f"h.fa.gz{suffix}"
        ).read_bytes()
    with pysam.FastaFile(str(path)) as fasta:
        assert dict(zip(fasta.references, fasta.lengths, strict=True)) == lengths
        assert fasta.fetch("one").encode() == expected.tobytes()
        assert fasta.fetch("two") == "N" * 61
        assert fasta.fetch("three", BLOCK_BASES - 2) == "NN"
        for start, codes in placed:
            part = fasta.fetch("one", start, start + len(codes))
            assert part == "".join("ACGTN"[code] for code in codes)
