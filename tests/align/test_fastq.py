"""What a quick look at FASTQ finds before any job, and what only a whole reading does."""

import gzip

import pysam
import pytest

from resistpanel.align.fastq import check_lane, count_reads, lanes, reads, umi_of
from resistpanel.core.errors import InputError

from .conftest import pair, write_fastq, write_pairs

ROWS = [(f"I:1:FC:3:1101:{n}:7", pair(100 + n, 300 + n)) for n in range(20)]


def problems(first, second, umi="none"):
    return [error.line() for error in check_lane(first, second, umi)]


@pytest.fixture
def both(tmp_path):
    return write_pairs(tmp_path, "a", ROWS)


def test_good_files(both, tmp_path):
    assert problems(*both) == []
    assert problems(both[0], None) == []
    assert count_reads(both[0]) == 20
    plain = write_fastq(tmp_path / "p.fq", [("a/1", "ACGT"), ("b/1", "AC")])
    mate = write_fastq(tmp_path / "q.fq", [("a/2", "ACGT"), ("b/2", "AC")])
    assert problems(plain, mate) == []
    read = next(reads(plain))
    assert (read.name, read.mate, read.sequence, read.qualities) == ("a", 1, "ACGT", "FFFF")


def _spoil(what, first, second, folder):
    """Return the two paths once a fault is in them."""
    if what == "missing":
        return first, folder / "none.fq.gz"
    if what == "empty":
        second.write_bytes(b"")
    elif what == "empty gzip":
        second.write_bytes(gzip.compress(b""))
    elif what == "truncated gzip":
        second.write_bytes(second.read_bytes()[:-20])
    elif what == "truncated bgzip":
        text = gzip.decompress(second.read_bytes())
        (folder / "t").write_bytes(text)
        pysam.tabix_compress(str(folder / "t"), str(second), force=True)
        second.write_bytes(second.read_bytes()[:-28])
    elif what == "bit flipped":
        data = bytearray(second.read_bytes())
        data[len(data) // 2] ^= 255
        second.write_bytes(bytes(data))
    elif what == "FASTA":
        second.write_text(">a\nACGT\n")
    elif what == "BAM":
        second.write_bytes(b"BAM\1\0\0\0\0")
    elif what == "half a read":
        second.write_bytes(gzip.compress(gzip.decompress(second.read_bytes())[:-30]))
    elif what == "qualities missing":
        text = gzip.decompress(second.read_bytes()).decode()
        second.write_bytes(gzip.compress(text.replace("F" * 60, "F" * 59, 1).encode()))
    elif what == "qualities below the lowest":
        text = gzip.decompress(second.read_bytes()).decode()
        second.write_bytes(gzip.compress(text.replace("F" * 60, "\x1f" * 60, 1).encode()))
    elif what == "one read fewer":
        write_pairs(folder, "a", ROWS[:-1])
        return write_pairs(folder, "b", ROWS)[0], second
    elif what == "another lane":
        return first, write_pairs(folder, "b", [("x" + n, p) for n, p in ROWS])[1]
    elif what == "another order":
        return first, write_pairs(folder, "b", [*ROWS[:9], *ROWS[:8:-1]])[1]
    elif what == "exchanged":
        return second, first
    elif what == "twice":
        return first, first
    return first, second


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("missing", "none.fq.gz: no such FASTQ; correct the path"),
        ("empty", "a_R2.fastq.gz: the FASTQ has no reads"),
        ("empty gzip", "a_R2.fastq.gz: the FASTQ has no reads"),
        ("truncated gzip", "a_R2.fastq.gz: the FASTQ is truncated or damaged"),
        ("truncated bgzip", "a_R2.fastq.gz: the FASTQ is truncated (its end-of-file block"),
        ("bit flipped", "a_R2.fastq.gz"),
        ("FASTA", "a_R2.fastq.gz:1: not FASTQ"),
        ("BAM", "a_R2.fastq.gz:1: not FASTQ"),
        ("half a read", "a_R2.fastq.gz:77: "),
        ("qualities missing", "a_R2.fastq.gz:1: 60 bases and 59 qualities"),
        ("qualities below the lowest", "a_R2.fastq.gz:1: a quality that is none"),
        ("one read fewer", "a_R2.fastq.gz: has 19 reads, its mate file has more"),
        ("another lane", "a_R1.fastq.gz: read 1 is 'I:1:FC:3:1101:0:7', its mate in b_R2"),
        ("another order", "a_R1.fastq.gz: read 10 is "),
        ("exchanged", "a_R2.fastq.gz: the files are in the wrong order"),
        ("twice", "a_R1.fastq.gz: both mates are the same file"),
    ],
)
def test_each_fault_has_one_line(both, tmp_path, what, expected):
    (line,) = problems(*_spoil(what, *both, tmp_path))
    assert line.startswith(f"{tmp_path}/{expected}")


def test_a_large_gzip_that_breaks_off_is_found_by_the_job(both):
    both[0].write_bytes(both[0].read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated or damaged after read"):
        count_reads(both[0])


@pytest.mark.parametrize(
    ("name", "comment", "umi", "expected"),
    [
        ("I:1:FC:3:1101:5:7:ACGT+GGTA", "", "name", "ACGT-GGTA"),
        ("I:1:FC:3:1101:5:7:ACGT", "", "name", "ACGT"),
        ("read5_ACGTT", "", "name", "ACGTT"),
        ("I:1:FC:3:1101:5:7:8,8:ACGTTTGA,TTGACCAA", "", "name", "ACGTTTGA-TTGACCAA"),
        ("I:1:FC:3:1101:5:7:8,0:ACGTTTGA,.", "", "name", "ACGTTTGA"),
        ("I:1:FC:3:1101:5:7|ACG.TTT", "", "name", "ACG-TTT"),
        ("I:1:FC:3:1101:5:7:rACGT+rGGTA", "", "name", "ACGT-GGTA"),
        ("I:1:FC:3:1101:5:7", "", "name", None),
        ("I:1:FC:3:1101:5:7:8,0:,.", "", "name", None),
        ("r", "RX:Z:ACGT-TTGA", "tag", "ACGT-TTGA"),
        ("r", "BC:Z:AA\tRX:Z:ACGT", "tag", "ACGT"),
        ("r", "1:N:0:GAGTGG UMI:TTATAAAGCC:CC@FFFFFGH", "tag", "TTATAAAGCC"),
        ("r", "1:N:0:ACGT", "tag", None),
    ],
)
def test_umis(name, comment, umi, expected):
    assert umi_of(name, comment, umi) == expected


def test_a_umi_that_is_not_there(both):
    (line,) = problems(*both, umi="name")
    assert "has no UMI at the end of its name" in line and "align.umi" in line
    (line,) = problems(*both, umi="tag")
    assert "has no UMI in its comment" in line


def test_a_comment_that_no_aligner_can_hand_on(tmp_path):
    path = write_fastq(tmp_path / "a.fq", [("r", "ACGT")], " 1:N:0:A RX:Z:ACGT")
    (line,) = problems(path, None, umi="tag")
    assert "contains more than SAM tags" in line
    path = write_fastq(tmp_path / "b.fq", [("r", "ACGT")], "\tRX:Z:ACGT\tQX:Z:FF FF")
    assert problems(path, None, umi="tag") == []


def test_read_groups_tell_flow_cell_and_lane(both, tmp_path):
    other = write_pairs(tmp_path, "b", [("x1", pair(10, 200))])
    again = write_pairs(tmp_path, "c", ROWS)
    found = lanes("S", [both[0], other[0], again[0]], [both[1], other[1], again[1]])
    assert [lane.group["ID"] for lane in found] == ["S.FC.3", "S.2", "S.FC.3.3"]
    assert found[0].group == {
        "ID": "S.FC.3",
        "SM": "S",
        "LB": "S",
        "PL": "ILLUMINA",
        "PU": "FC.3",
    }
