"""FASTQ to BAM: every read once, at its place, duplicates marked as they should be."""

import shutil

import pysam
import pytest

from resistpanel.align.aligners import choose, make_index
from resistpanel.align.sample import ReadSettings, align_sample
from resistpanel.cli import main
from resistpanel.core.bam import read_header
from resistpanel.core.errors import InputError

from .conftest import GENOME, pair, write_fastq, write_pairs

ALIGNERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name != "mappy" and shutil.which(name) is None, reason=f"{name} is not installed"
        ),
    )
    for name in ("mappy", "bwa", "bwa-mem2")
]
#: Fragment ends; 100 to 260 thrice (an original and two copies), once with read 1 reversed.
PLACES = [(100, 260), (100, 260), (100, 260), (100, 261), (700, 900), (700, 900), (4500, 4700)]


@pytest.fixture(scope="module")
def index(tmp_path_factory, reference):
    made = {}

    def get(aligner):
        if aligner not in made:
            made[aligner] = tmp_path_factory.mktemp("index") / aligner
            make_index(reference, made[aligner], aligner)
        return made[aligner]

    return get


@pytest.fixture
def run(tmp_path, reference, index):
    """Return a function that aligns lanes of (name, pair) and gives the BAM's records."""

    def align(
        *given,
        aligner="mappy",
        umi="none",
        threads=1,
        comments=(" 1:N:0:A", " 2:N:0:A"),
        settings=None,
    ):
        files = [
            write_pairs(tmp_path, f"L{number}", rows, comments) for number, rows in enumerate(given)
        ]
        out = tmp_path / "S.bam"
        align_sample(
            "S",
            [first for first, _ in files],
            [second for _, second in files],
            reference,
            index(aligner),
            out,
            threads,
            settings or ReadSettings(umi),
        )
        with pysam.AlignmentFile(str(out)) as handle:
            return list(handle.fetch(until_eof=True))

    return align


def duplicates(records) -> set[str]:
    return {read.query_name for read in records if read.is_duplicate}


@pytest.mark.parametrize("aligner", ALIGNERS)
def test_reads_stand_where_they_come_from(run, tmp_path, aligner):
    rows = [(f"r{n}", pair(*place, flip=n == 4)) for n, place in enumerate(PLACES)]
    rows.append(("nowhere", ("ACGT" * 15, "TTAGGC" * 10)))
    records = run(rows, aligner=aligner)
    assert len(records) == 16
    by_name = {}
    for read in records:
        by_name.setdefault(read.query_name, []).append(read)
    for n, (start, end) in enumerate(PLACES):
        offset = 4000 if start >= 4000 else 0
        left, right = sorted(by_name[f"r{n}"], key=lambda read: read.reference_start)
        assert (left.reference_start, right.reference_end) == (start - offset, end - offset)
        assert left.reference_name == ("two" if offset else "one")
        # bwa cannot tell from eight pairs how long fragments are.
        assert (left.is_proper_pair and right.is_proper_pair) or aligner != "mappy"
        assert (left.is_read1, left.is_reverse, right.is_reverse) == (n != 4, False, True)
        assert left.next_reference_start == right.reference_start
        assert left.template_length == end - start == -right.template_length
        assert left.get_tag("NM") == 0 and left.get_tag("MC") == "60M"
    assert all(read.is_unmapped and read.mate_is_unmapped for read in by_name["nowhere"])
    header = read_header(tmp_path / "S.bam")
    assert header.groups == [("S.1", "S")] and header.order == "coordinate"
    assert (tmp_path / "S.bam.bai").is_file()
    assert pysam.samtools.quickcheck(str(tmp_path / "S.bam")) == ""
    assert {path.name for path in tmp_path.iterdir()} == {
        "L0_R1.fastq.gz",
        "L0_R2.fastq.gz",
        "S.bam",
        "S.bam.bai",
    }


@pytest.mark.parametrize("aligner", ALIGNERS)
def test_variants_are_aligned(run, aligner):
    """A substitution, a deletion, an insertion: as CIGAR and MD say."""
    left = GENOME[1000:1100]
    snv = left[:30] + ("A" if left[30] != "A" else "C") + left[31:]
    deletion, insertion = left[:30] + left[34:], left[:30] + "GATTA" + left[30:]
    mate = pair(1000, 1300)[1]
    rows = [(name, (seq[:60], mate)) for name, seq in
            (("snv", snv), ("del", deletion), ("ins", insertion))]  # fmt: skip
    found = {r.query_name: r for r in run(rows, aligner=aligner) if r.is_read1}
    assert found["snv"].cigarstring == "60M" and found["snv"].get_tag("NM") == 1
    assert found["snv"].get_tag("MD") == f"30{left[30]}29"
    assert found["del"].get_cigar_stats()[0][2] == 4
    assert found["ins"].get_cigar_stats()[0][1] == 5
    assert all(r.reference_start == 1000 for r in found.values())


@pytest.mark.parametrize("aligner", ALIGNERS)
def test_clipped_ends(run, aligner):
    """Foreign bases at either end, of either mate on either strand: what is aligned agrees."""
    foreign = "TTAGGCTTAGGCTTAGGCTTA"
    start, end = 1000, 1300
    first, second = pair(start, end)
    spoilt = {
        "head1": (foreign + first[21:], second),
        "tail1": (first[:39] + foreign, second),
        "head2": (first, foreign + second[21:]),
        "tail2": (first, second[:39] + foreign),
    }
    rows = list(spoilt.items())
    rows += [(f"{name}r", ends[::-1]) for name, ends in spoilt.items()]
    records = [r for r in run(rows, aligner=aligner) if not r.is_supplementary]
    clipped = 0
    for read in records:
        assert read.get_cigar_stats()[0][0] >= 37
        clipped += "S" in read.cigarstring
        for at, place in read.get_aligned_pairs(matches_only=True):
            near = min(at - read.query_alignment_start, read.query_alignment_end - 1 - at)
            # The last bases may have been taken in by chance.
            assert read.query_sequence[at] == GENOME[place] or near < 3
    assert clipped == 8 and len(records) == 16


@pytest.mark.parametrize("aligner", ALIGNERS)
def test_duplicates_over_lanes(run, aligner):
    rows = [(f"r{n}", pair(*place)) for n, place in enumerate(PLACES)]
    records = run(rows[:2], rows[2:], aligner=aligner)
    assert len(records) == 14
    assert {read.get_tag("RG") for read in records} == {"S.1", "S.2"}
    marked = duplicates(records)
    # Of three and of two at one place all but one; one base further is another fragment.
    assert len(marked & {"r0", "r1", "r2"}) == 2 and len(marked & {"r4", "r5"}) == 1
    assert not marked & {"r3", "r6"}


@pytest.mark.parametrize("aligner", ALIGNERS)
@pytest.mark.parametrize("where", ["name", "tag"])
def test_umis_keep_fragments_apart(run, aligner, where):
    codes = ["ACGT+AAAA", "ACGT+AAAA", "ACGT+AAAC", "ACGT+AAAA", "GGGG+AAAA", "TTTT+AAAA", "A+C"]
    codes[6] = "AAAA+CCCC"
    rows = [(f"r{n}", pair(*place)) for n, place in enumerate(PLACES)]
    if where == "name":
        rows = [(f"{name}:{code}", ends) for (name, ends), code in zip(rows, codes, strict=True)]
        records = run(rows, aligner=aligner, umi="name")
    else:
        rows = [
            (f"{name}\tRX:Z:{code.replace('+', '-')}", ends)
            for (name, ends), code in zip(rows, codes, strict=True)
        ]
        records = run(rows, aligner=aligner, umi="tag", comments=("", ""))
    marked = {name.split(":")[0] for name in duplicates(records)}
    # r0 and r1 share place and UMI; r2 has another UMI; r4 and r5 differ.
    assert len(marked) == 1 and marked <= {"r0", "r1"}
    assert {read.get_tag("RX") for read in records} == {code.replace("+", "-") for code in codes}


def test_the_result_does_not_depend_on_the_threads(run, tmp_path, monkeypatch):
    rows = [(f"r{n}", pair(20 + n % 500, 220 + n % 480)) for n in range(2500)]
    monkeypatch.setattr("resistpanel.align.minimap.CHUNK", 100)
    run(rows, threads=1)
    one = (tmp_path / "S.bam").read_bytes()
    run(rows, threads=3)
    assert (tmp_path / "S.bam").read_bytes() == one


def test_single_reads(tmp_path, reference, index):
    path = write_fastq(tmp_path / "s.fq", [("a", GENOME[50:110]), ("b", GENOME[50:110])])
    align_sample("S", [path], [], reference, index("mappy"), tmp_path / "S.bam")
    with pysam.AlignmentFile(str(tmp_path / "S.bam")) as handle:
        records = list(handle)
    assert [r.reference_start for r in records] == [50, 50]
    assert not any(r.is_paired for r in records) and len(duplicates(records)) == 1


@pytest.mark.parametrize("bytes_", [b">\xb3\xb4\nACGTACGTACGT\n", b">other\nACGTACGTACGT\n"])
def test_what_is_no_index_is_refused(tmp_path, reference, index, bytes_):
    """Mappy takes any bytes for sequences, and their names need be no text."""
    folder = tmp_path / "index"
    shutil.copytree(index("mappy"), folder)
    (folder / "reference.mmi").write_bytes(bytes_)
    path = write_fastq(tmp_path / "s.fq", [("a", GENOME[50:110])])
    with pytest.raises(InputError, match="not an index of this reference"):
        align_sample("S", [path], [], reference, folder, tmp_path / "S.bam")
    assert not list(tmp_path.glob("*S.bam*"))


def test_a_file_that_breaks_off_leaves_nothing(tmp_path, reference, index, monkeypatch):
    """As a large gzip would, whose end no quick look sees."""
    monkeypatch.setattr("resistpanel.align.fastq.SMALL", 0)
    monkeypatch.setattr("resistpanel.align.fastq.FIRST", 5)
    rows = [(f"r{n}", pair(20 + n, 220 + n)) for n in range(3000)]
    first, second = write_pairs(tmp_path, "a", rows)
    second.write_bytes(second.read_bytes()[:-100])
    with pytest.raises(InputError, match="truncated or damaged after read"):
        align_sample("S", [first], [second], reference, index("mappy"), tmp_path / "S.bam")
    assert not list(tmp_path.glob("*S.bam*")) and not list(tmp_path.glob(".*"))


def test_mates_of_unequal_number_leave_nothing(tmp_path, reference, index, monkeypatch):
    monkeypatch.setattr("resistpanel.align.fastq.FIRST", 5)
    rows = [(f"r{n}", pair(20 + n, 220 + n)) for n in range(30)]
    first, _ = write_pairs(tmp_path, "a", rows)
    _, second = write_pairs(tmp_path, "b", rows[:20])
    with pytest.raises(InputError, match=r"has 30 reads, b_R2\.fastq\.gz has 20"):
        align_sample("S", [first], [second], reference, index("mappy"), tmp_path / "S.bam")
    assert not list(tmp_path.glob("*S.bam*"))


def test_the_aligner_is_chosen_from_the_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choose("auto") == "mappy"
    with pytest.raises(InputError, match=r"align.aligner.*'bwa' is not in the path"):
        choose("bwa")
    for name in ("bwa", "bwa-mem2"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert choose("auto") == name


def test_an_aligner_that_fails(tmp_path, reference, index, monkeypatch, capsys):
    (tmp_path / "bwa").write_text('#!/bin/sh\necho "out of luck" >&2\nexit 3\n')
    (tmp_path / "bwa").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    first, second = write_pairs(tmp_path, "a", [("r", pair(20, 220))])
    folder = tmp_path / "index"
    shutil.copytree(index("mappy"), folder)
    note = (folder / "index.json").read_text()
    (folder / "index.json").write_text(note.replace('"mappy"', '"bwa"'))
    status = main(
        ["align", "run", "--sample", "S", "--fastq1", str(first), "--fastq2", str(second),
         "--reference", str(reference), "--index", str(folder), "--output",
         str(tmp_path / "S.bam")]
    )  # fmt: skip
    assert status == 2
    assert "bwa failed: out of luck" in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.glob("*S.bam*"))


def test_no_index(tmp_path, reference):
    first, second = write_pairs(tmp_path, "a", [("r", pair(20, 220))])
    with pytest.raises(InputError, match="no index"):
        align_sample("S", [first], [second], reference, tmp_path, tmp_path / "S.bam")
