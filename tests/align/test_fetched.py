"""A BAM that was fetched is kept under its own name and indexed."""

import os

import pysam
import pytest

from resistpanel.align.fetched import keep
from resistpanel.cli import main
from resistpanel.core.errors import InputError


def write(path, start):
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "c", "LN": 10_000}]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        read = pysam.AlignedSegment(out.header)
        read.query_name, read.query_sequence, read.cigarstring = "r", "ACGT", "4M"
        read.reference_id, read.reference_start, read.mapping_quality = 0, start, 60
        out.write(read)


@pytest.mark.parametrize("linked", [True, False])
def test_the_copy_may_go_and_the_index_is_of_this_bam(tmp_path, monkeypatch, linked):
    if not linked:  # another file system

        def refuse(*_):
            raise OSError

        monkeypatch.setattr(os, "link", refuse)
    output = tmp_path / "align/T.bam"
    for start in (100, 5_000):
        write(tmp_path / "copy.bam", start)
        words = ["--copy", str(tmp_path / "copy.bam"), "--output", str(output)]
        assert main(["align", "fetch", *words]) == 0
        (tmp_path / "copy.bam").unlink()
        with pysam.AlignmentFile(str(output)) as bam:
            assert [read.reference_start for read in bam.fetch("c")] == [start]
            assert bam.count("c", start, start + 1) == 1


def test_what_is_no_bam_is_refused(tmp_path):
    (tmp_path / "copy.bam").write_text("<Error>no such key</Error>")
    with pytest.raises(InputError, match="cannot be indexed"):
        keep(tmp_path / "copy.bam", tmp_path / "T.bam")
