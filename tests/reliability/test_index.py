"""An index that is damaged, another BAM's, or of the BAM before it was made again."""

from pathlib import Path

import pysam
import pytest

from resistpanel.core.bam import ends_whole
from resistpanel.core.bam_index import Span, check_index, read_span
from resistpanel.core.errors import InputError

HEADER = {
    "HD": {"VN": "1.6", "SO": "coordinate"},
    "SQ": [{"SN": "chr1", "LN": 100_000}, {"SN": "chr2", "LN": 50_000}],
}


def write(path: Path, positions: list[tuple[int, int]], csi: bool = False) -> Path:
    """Write and index a BAM of reads at (contig, position); contig -1: unplaced."""
    with pysam.AlignmentFile(str(path), "wb", header=HEADER) as out:
        for number, (contig, position) in enumerate(positions):
            read = pysam.AlignedSegment(out.header)
            read.query_name = f"r{number}"
            read.query_sequence = "ACGT" * 25
            read.query_qualities = [30] * 100
            read.flag = 4 if contig < 0 else 0
            read.reference_id, read.reference_start = contig, position
            read.cigartuples = [] if contig < 0 else [(0, 100)]
            out.write(read)
    pysam.samtools.index(*(["-c"] if csi else []), str(path))
    return Path(f"{path}{'.csi' if csi else '.bai'}")


READS = [(0, 10 * i) for i in range(800)] + [(1, 7 * i) for i in range(500)]


@pytest.mark.parametrize("csi", [False, True])
@pytest.mark.parametrize("unplaced", [0, 30])
def test_an_index_that_belongs_is_taken(tmp_path, csi, unplaced):
    index = write(tmp_path / "a.bam", READS + [(-1, -1)] * unplaced, csi)
    check_index(tmp_path / "a.bam", index)
    assert read_span(index).contigs == 2


def test_a_bam_without_placed_reads(tmp_path):
    index = write(tmp_path / "a.bam", [(-1, -1)] * 3)
    check_index(tmp_path / "a.bam", index)
    assert read_span(index) == Span(2, 0, 0)


@pytest.mark.parametrize("csi", [False, True])
@pytest.mark.parametrize(
    "earlier", [READS[:-1], READS[1:], READS[:400], [*READS, (1, 40_000)], [(-1, -1)]]
)
def test_an_index_of_another_state_of_the_bam_is_refused(tmp_path, csi, earlier):
    old = write(tmp_path / "old.bam", earlier, csi)
    write(tmp_path / "a.bam", READS, csi)
    with pytest.raises(InputError, match="not of this BAM as it is now"):
        check_index(tmp_path / "a.bam", old)


@pytest.mark.parametrize("csi", [False, True])
def test_a_damaged_index_is_refused(tmp_path, csi):
    index = write(tmp_path / "a.bam", READS, csi)
    data = index.read_bytes()
    for broken in (b"", b"x", data[:3], data[:9], data[: len(data) // 2], b"BAI\1" + b"\xff" * 40):
        index.write_bytes(broken)
        with pytest.raises(InputError, match="index") as told:
            check_index(tmp_path / "a.bam", index)
        assert f"samtools index {tmp_path}/a.bam" in told.value.line()


@pytest.mark.parametrize("csi", [False, True])
def test_contigs_in_another_order_than_the_headers_are_refused(tmp_path, csi):
    """samtools indexes it; read in the header's order, the first contigs' reads would be missed."""
    index = write(tmp_path / "a.bam", [*READS[800:], *READS[:800]], csi)
    with pytest.raises(InputError, match="do not follow each other as in the header"):
        check_index(tmp_path / "a.bam", index)


@pytest.mark.parametrize("version", ["3.0", "2.1"])
def test_the_index_of_a_cram(tmp_path, version):
    """Through another's index reads would be missing without an error."""
    made = []
    for name, reads in (("a", READS), ("b", READS[:100] + READS[-90:])):
        write(tmp_path / f"{name}.bam", reads)
        cram = tmp_path / f"{name}.cram"
        options = ("no_ref=1", f"version={version}", "seqs_per_slice=50")
        words = [word for option in options for word in ("--output-fmt-option", option)]
        pysam.view("-C", *words, "-o", str(cram), str(tmp_path / f"{name}.bam"), catch_stdout=False)
        pysam.index(str(cram))
        made.append((cram, Path(f"{cram}.crai")))
    (cram, index), (_, foreign) = made
    assert ends_whole(cram)
    check_index(cram, index)
    with pytest.raises(InputError, match="the index is not of this CRAM as it is now"):
        check_index(cram, foreign)
    index.write_bytes(index.read_bytes()[:40])
    with pytest.raises(InputError, match="cut short or damaged"):
        check_index(cram, index)
    cram.write_bytes(cram.read_bytes()[:-10])
    assert not ends_whole(cram)
