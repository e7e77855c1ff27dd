"""Indexes that are not of the file beside them: refused, and the one that is checked is opened."""

import gzip
import shutil
import struct

import pysam
import pytest

from resistpanel.core.bam import index_of, make_index, open_bam, read_header
from resistpanel.core.bam_index import bin_span, check_index, read_span
from resistpanel.core.errors import InputError
from resistpanel.core.fasta_index import check_fasta_index
from resistpanel.core.stream import Stream
from resistpanel.core.vcf_index import check_vcf_index, open_vcf

HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=chrT,length=9000000>\n##contig=<ID=chrU,length=9000000>\n"
    '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
)


def bam_of(path, starts):
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chrT", "LN": 9_000_000}]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for number, start in enumerate(starts):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.query_sequence = f"r{number}", "ACGTACGTAC"
            read.query_qualities = pysam.qualitystring_to_array("I" * 10)
            read.reference_id, read.reference_start = 0, start
            read.cigarstring, read.mapping_quality = "10M", 60
            out.write(read)


@pytest.mark.parametrize("stale", ["csi", "bai"])
def test_the_index_that_is_checked_is_the_one_that_is_read(tmp_path, stale):
    """htslib takes a .csi before a .bai; that of another BAM beside a good one loses reads."""
    path = tmp_path / "a.bam"
    bam_of(path, range(8_000_000, 8_000_000 + 3000, 10))
    pysam.samtools.index("-c", str(path))
    if stale == "csi":
        bam_of(path, range(1000, 400_000, 100))
        pysam.samtools.index(str(path))
        check_index(path, index_of(path), deep=True)
        with open_bam(path) as bam:
            assert sum(1 for _ in bam.fetch("chrT", 300_000, 400_000)) == 1000
        stream = Stream(path)
        stream.query([("chrT", 300_000, 400_000)])
    else:
        pysam.samtools.index(str(path))
        (tmp_path / "a.bam.csi").unlink()
        bam_of(path, range(1000, 400_000, 100))
        with pytest.raises(InputError, match="not of this BAM"):
            check_index(path, index_of(path))


def test_an_index_that_agrees_at_both_ends_alone(tmp_path):
    """Other reads between the first and the last: their bins are elsewhere."""
    path, other = tmp_path / "a.bam", tmp_path / "b.bam"
    ends = [1000, 8_900_000]
    bam_of(path, [ends[0], *range(2_000_000, 2_100_000, 1000), ends[1]])
    bam_of(other, [ends[0], *range(5_000_000, 5_100_000, 1000), ends[1]])
    pysam.samtools.index(str(other))
    shutil.copy(f"{other}.bai", f"{path}.bai")
    with pytest.raises(InputError, match="not of this BAM"):
        check_index(path, index_of(path), deep=True)


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("other", [True, False])
def test_an_index_that_two_steps_make(tmp_path, monkeypatch, other, links):
    """The one that was there first stays: another step may be reading it."""
    path, index = tmp_path / "a.bam", tmp_path / "a.bam.bai"
    bam_of(path, range(1000, 2000, 10))
    make = pysam.samtools.index

    def slow(*arguments, **options):
        make(*arguments, **options)
        if other:
            index.write_bytes(b"first")

    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(pysam.samtools, "index", slow)
    if not links:
        monkeypatch.setattr("resistpanel.core.bam.os.link", refuse)
    make_index(path)
    assert (index.read_bytes() == b"first") == other
    assert sorted(tmp_path.iterdir()) == [path, index]
    if not other:
        check_index(path, index, deep=True)


@pytest.mark.parametrize("number, span", [(4681, (0, 16384)), (4682, (16384, 32768)),
                                          (0, (0, 1 << 29)), (585, (0, 1 << 17))])  # fmt: skip
def test_the_bins_of_a_bai(number, span):
    assert bin_span(number, 14, 5) == span


def vcf(path, positions, suffix="tbi"):
    lines = [f"{c}\t{p}\t.\tA\tC\t.\t.\tAF=0.1\n" for c in ("chrT", "chrU") for p in positions]
    with pysam.BGZFile(str(path), "wb") as out:
        out.write((HEAD + "".join(lines)).encode())
    if suffix:
        pysam.tabix_index(str(path), preset="vcf", force=True, csi=suffix == "csi")


@pytest.mark.parametrize("suffix", ["tbi", "csi"])
@pytest.mark.parametrize("number", [3, 4000])
def test_a_good_index_of_a_resource(tmp_path, suffix, number):
    path = tmp_path / "g.vcf.gz"
    vcf(path, range(100, 8_000_000, 8_000_000 // number), suffix)
    check_vcf_index(path)
    with open_vcf(path) as opened:
        assert sum(1 for _ in opened.fetch("chrU", 0, 8_000_000)) >= number


@pytest.mark.parametrize("suffix", ["tbi", "csi"])
@pytest.mark.parametrize(
    "positions",
    [
        range(50, 8_000_000, 2000),  # one more in front
        range(100, 8_100_000, 2000),  # more at the end
        [*range(100, 4_000_000, 2000), *range(6_000_000, 8_000_000, 2000)],  # a gap
        [*range(100, 4_000_000, 2000), 4_000_001, *range(4_000_100, 8_000_000, 2000)],
    ],
)
def test_the_index_of_an_earlier_version_of_a_resource(tmp_path, suffix, positions):
    """Read through it, an inherited variant would be missing, and be called acquired."""
    path = tmp_path / "g.vcf.gz"
    vcf(path, range(100, 8_000_000, 2000), suffix)
    vcf(path, positions, suffix="")
    with pytest.raises(InputError, match="not of this VCF as it is now"):
        check_vcf_index(path)


@pytest.mark.parametrize("suffix", ["tbi", "csi"])
def test_a_record_that_went_to_another_bin(tmp_path, suffix):
    """Of the same length in the file: offsets agree, and the record is not found by position."""
    path = tmp_path / "g.vcf.gz"
    vcf(path, [1000, 2000, 3000], suffix)
    vcf(path, [1000, 9000, 3000], suffix="")
    check_vcf_index(path)  # the same bin: it is found all the same
    lines = HEAD + "chrT\t100000\t.\tA\tC\t.\t.\tAF=0.1\nchrT\t200000\t.\tA\tC\t.\t.\tAF=0.1\n"
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(lines.encode())
    pysam.tabix_index(str(path), preset="vcf", force=True, csi=suffix == "csi")
    (tmp_path / f"g.vcf.gz.{'tbi' if suffix == 'csi' else 'csi'}").unlink(missing_ok=True)
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(lines.replace("200000", "900000").encode())
    with pytest.raises(InputError, match="not of this VCF"):
        check_vcf_index(path)


def test_no_index_or_a_broken_one(tmp_path):
    path = tmp_path / "g.vcf.gz"
    vcf(path, [100], suffix="")
    with pytest.raises(InputError, match="has no index"):
        check_vcf_index(path)
    for data in (b"", b"TBI\1", gzip.compress(b"CSI\1" + b"\xff" * 40)):
        (tmp_path / "g.vcf.gz.tbi").write_bytes(data)
        with pytest.raises(InputError, match=r"g\.vcf\.gz\.tbi: the index is"):
            check_vcf_index(path)


def fasta(path, names=("chr1", "chr2"), length=200_000, description=""):
    sequence = "ACGT" * (length // 4)
    lines = [sequence[i : i + 60] for i in range(0, length, 60)]
    text = "".join(f">{name}{description}\n" + "\n".join(lines) + "\n" for name in names)
    if path.suffix == ".gz":
        with pysam.BGZFile(str(path), "wb") as out:
            out.write(text.encode())
    else:
        path.write_text(text)


@pytest.mark.parametrize("name", ["g.fa", "g.fa.gz"])
def test_indexes_of_a_reference(tmp_path, name):
    path = tmp_path / name
    fasta(path, description=" of hg19")
    pysam.samtools.faidx(str(path))
    check_fasta_index(path)
    fasta(path, names=("chr2", "chr1"), description=" of hg19")
    with pytest.raises(InputError, match=r"chr1 does not begin there|gzi: the index is not of"):
        check_fasta_index(path)


def test_gzi_of_another_reference(tmp_path):
    path, other = tmp_path / "g.fa.gz", tmp_path / "h.fa.gz"
    fasta(path)
    fasta(other, length=120_000, description=" " + "x" * 999)
    for one in (path, other):
        pysam.samtools.faidx(str(one))
    shutil.copy(f"{other}.gzi", f"{path}.gzi")
    with pytest.raises(InputError, match=r"g\.fa\.gz\.gzi: the index is not of this file"):
        check_fasta_index(path)
    data = (tmp_path / "h.fa.gz.gzi").read_bytes()
    (tmp_path / "g.fa.gz.gzi").write_bytes(data[:-3])
    with pytest.raises(InputError, match="cut short"):
        check_fasta_index(path)


def test_bombs_are_named(tmp_path):
    """A few MB that unpack to gigabytes: not unpacked."""
    bomb = tmp_path / "a.bam.csi"
    with gzip.open(bomb, "wb", compresslevel=9) as out:
        for _ in range(80):
            out.write(b"CSI\1" + bytes((1 << 20) - 4))
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="unpacks to more than 64 MB"):
        read_span(bomb)
    path = tmp_path / "a.bam"
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(b"BAM\1" + struct.pack("<i", 1 << 30) + bytes(1 << 16))
    with pytest.raises(InputError, match="its header is of 1024 MB"):
        read_header(path)
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(b"BAM\1" + struct.pack("<ii", 0, 100_000_000) + bytes(1 << 16))
    with pytest.raises(InputError, match="its header names 100000000 contigs"):
        read_header(path)
