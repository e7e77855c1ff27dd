"""Adapters, interleaved files, scales of qualities and UMIs in the reads."""

import random
from pathlib import Path

import dnaio
import pysam
import pytest

from resistpanel.align.adapters import KNOWN, PairTrimmer, SingleTrimmer, infer, parse
from resistpanel.align.align_constants import LEAST_ODDS
from resistpanel.align.fastq import check_lane, interleaved, lanes, quality_offset
from resistpanel.align.overlap import Overlap
from resistpanel.align.prepare import Preparer, parse_structures
from resistpanel.align.sample import ReadSettings
from resistpanel.core.errors import InputError

from .conftest import reverse_complement, write_fastq

TRUSEQ, NEXTERA = KNOWN["TruSeq"], KNOWN["Nextera"]
OTHER = "AAGTCGGAGGCCAAGCGGTCTTAGGAAGACAA", "AAGTCGGATCGTAGCCATGTCGTTCTGTGAGCC"
LENGTH = 100


def bases(rng: random.Random, n: int) -> str:
    return "".join(rng.choices("ACGT", k=n))


def mates(insert: str, adapters=TRUSEQ, length: int = LENGTH, heads=("", "")) -> tuple[str, str]:
    """Return what is read of an insert that has the UMIs `heads` at its ends."""
    molecule = heads[0] + insert + reverse_complement(heads[1])
    ends = molecule, reverse_complement(molecule)
    return tuple(
        (end + adapter + "G" * length)[:length] for end, adapter in zip(ends, adapters, strict=True)
    )


def records(pair, quality="F", name="r"):
    return tuple(dnaio.SequenceRecord(name, s, quality * len(s)) for s in pair)


def spoiled(rng, sequence: str, rate: float) -> str:
    """Return a sequence with a share of its bases changed to another."""
    return "".join(
        rng.choice([b for b in "ACGT" if b != base]) if rng.random() < rate else base
        for base in sequence
    )


@pytest.mark.parametrize("adapters", [TRUSEQ, NEXTERA])
@pytest.mark.parametrize("insert", [0, 1, 4, 11, 12, 30, 77, 98, 99])
def test_a_short_insert_is_found_to_the_base(insert, adapters):
    rng = random.Random(insert)
    trimmer = PairTrimmer(KNOWN)
    assert trimmer.insert(*records(mates(bases(rng, insert), adapters))) == insert


@pytest.mark.parametrize("insert", [100, 101, 150, 185])
def test_the_insert_of_reads_that_overlap_only(insert):
    pair = records(mates(bases(random.Random(1), insert)))
    assert PairTrimmer(KNOWN).insert(*pair) == insert


def test_mates_that_do_not_overlap_are_left_alone():
    """None of 5,000 pairs of random sequence is trimmed; a shorter score would trim some."""
    rng, overlap = random.Random(2), Overlap(list(KNOWN.values()))
    quality = "F" * LENGTH
    scores = [
        overlap.insert(bases(rng, LENGTH), quality, bases(rng, LENGTH), quality)[1]
        for _ in range(5000)
    ]
    assert max(scores) < LEAST_ODDS
    assert max(scores) > 0.4 * LEAST_ODDS


@pytest.mark.parametrize("unit", ["A", "CA", "GATA", "ACGTTGCA" * 3])
def test_repeats_are_not_cut(unit):
    """Both mates begin in one repeat: they overlap in many ways, and no adapter follows."""
    rng = random.Random(3)
    repeat = unit * (400 // len(unit))
    trimmer = PairTrimmer(KNOWN)
    for size in (110, 160, 230):
        pair = records(mates(repeat[:size]))
        length = trimmer.insert(*pair)
        assert length is None or length >= LENGTH
    for ends in (20, 30, 60):  # alike at both ends of a fragment, not between
        pair = records(mates(repeat[:ends] + bases(rng, 200) + repeat[:ends]))
        assert trimmer.insert(*pair) is None


def test_a_repeat_before_an_adapter():
    repeat = "CA" * 40
    assert PairTrimmer(KNOWN).insert(*records(mates(repeat))) == 80


def test_errors_and_low_qualities():
    """A mate of poor quality, one base in five wrong, does not hide the adapter of the other."""
    rng, trimmer = random.Random(4), PairTrimmer(KNOWN)
    right = 0
    for _ in range(300):
        insert = rng.randrange(35, 97)
        one, two = mates(bases(rng, insert))
        pair = (
            dnaio.SequenceRecord("r", spoiled(rng, one, 0.01), "F" * LENGTH),
            dnaio.SequenceRecord("r", spoiled(rng, two, 0.2), "(" * LENGTH),
        )
        right += trimmer.insert(*pair) == insert
    assert right >= 297


def test_reads_of_different_length():
    rng = random.Random(5)
    insert = bases(rng, 80)
    one, two = mates(insert)
    pair = records((one[:60], two))
    assert PairTrimmer(KNOWN).insert(*pair) == 80


def survey(rng, adapters, n=200, heads=False):
    found = []
    for _ in range(n):
        ends = (bases(rng, 4), bases(rng, 4)) if heads else ("", "")
        one, two = mates(bases(rng, rng.randrange(50, 400)), adapters, heads=ends)
        cut = 4 if heads else 0  # as where UMIs were extracted from the reads before
        found.append(records((one[cut:], two[cut:])))
    return found


def test_an_adapter_that_nobody_named_is_inferred():
    rng = random.Random(6)
    pairs = survey(rng, OTHER)
    found = infer(pairs)
    assert all(len(word) >= 20 for word in found)
    assert all(word == full[: len(word)] for word, full in zip(found, OTHER, strict=True))
    trimmer = PairTrimmer.of(pairs, "auto")
    assert list(trimmer.adapters) == ["TruSeq", "Nextera", "inferred"]
    for insert in (0, 5, 12, 60, 95):
        assert trimmer.insert(*records(mates(bases(rng, insert), OTHER))) == insert


def test_known_adapters_are_not_inferred_anew():
    pairs = survey(random.Random(7), TRUSEQ)
    assert list(PairTrimmer.of(pairs, "auto").adapters) == ["TruSeq", "Nextera"]


def test_a_umi_that_was_cut_off_stands_before_the_mates_adapter():
    found = infer(survey(random.Random(8), TRUSEQ, 400, heads=True))
    assert found[0].startswith("NNNN" + TRUSEQ[0][:12])


def test_reads_without_adapters_teach_none():
    rng = random.Random(9)
    whole = [records(mates(bases(rng, rng.randrange(100, 400)))) for _ in range(300)]
    repeats = [records(mates("CA" * rng.randrange(50, 200))) for _ in range(100)]
    assert infer(whole + repeats) is None


def test_single_reads():
    rng = random.Random(10)
    reads = [records(mates(bases(rng, 40 + n)))[0] for n in range(60)]
    trimmer = SingleTrimmer.of(reads, "auto")
    assert list(trimmer.adapters) == ["TruSeq"]
    assert [trimmer.insert(read) for read in reads[:56]] == list(range(40, 96))
    plain = [records((bases(rng, 100),))[0] for _ in range(60)]
    assert SingleTrimmer.of(plain, "auto").adapters == {}
    assert SingleTrimmer.of(plain, OTHER[0]).adapters == {"given": OTHER[0]}


@pytest.mark.parametrize("text", ["ACGT", "ACGTACGTX", "A,C", "ACGTACGTA,ACGTACGTA,ACGTACGTA", ""])
def test_no_adapter(text):
    with pytest.raises(InputError, match=r"align\.adapter.*is no adapter"):
        parse(text)


def lane(folder, rows, qualities="auto", name="l", **words):
    """Return the lane of pairs (name, (read 1, read 2))."""
    files = [
        write_fastq(folder / f"{name}_R{m}.fq", [(n, p[m - 1]) for n, p in rows], f" {m}:N:0:A")
        for m in (1, 2)
    ]
    return lanes("S", files[:1], files[1:], qualities)[0]


def prepared(given, folder, adapter="auto", structure="none"):
    """Return the reads of a lane once prepared, and the counts."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    made, counts, _ = Preparer(adapter, parse_structures(structure)).write(given, out)
    found = []
    for path in filter(None, (made.first, made.second)):
        with dnaio.open(path) as reads:
            found.append([(r.name, r.sequence, r.qualities) for r in reads])
    return found, counts


def test_pairs_stay_pairs_where_nothing_is_left(tmp_path):
    rng = random.Random(11)
    inserts = [bases(rng, n) for n in (0, 7, 60, 300)]
    rows = [(f"r{n}", mates(insert)) for n, insert in enumerate(inserts)]
    (first, second), counts = prepared(lane(tmp_path, rows), tmp_path)
    assert [(name, len(s)) for name, s, _ in first] == [
        ("r0 1:N:0:A", 1), ("r1 1:N:0:A", 7), ("r2 1:N:0:A", 60), ("r3 1:N:0:A", 100)
    ]  # fmt: skip
    assert first[0][1:] == second[0][1:] == ("N", "#")
    assert second[2][1] == reverse_complement(inserts[2])
    assert (counts.reads, counts.cut, counts.empty) == (4, 3, 1)
    (first, second), counts = prepared(lane(tmp_path, rows), tmp_path, "none")
    assert {len(s) for _, s, _ in first + second} == {100} and counts.cut == 0


def test_interleaved_reads(tmp_path):
    rng = random.Random(12)
    rows = [(f"r{n}", mates(bases(rng, 60 + 40 * n))) for n in range(5)]
    for ends in (("/1", "/2"), ("", "")):
        flat = [(n + end, s) for n, pair in rows for end, s in zip(ends, pair, strict=True)]
        path = write_fastq(tmp_path / "i.fq", flat)
        assert interleaved(path) and list(check_lane(path, None)) == []
        (given,) = lanes("S", [path], [])
        assert given.paired
        found, _ = prepared(given, tmp_path)
        assert [[s for _, s, _ in reads] for reads in found] == [
            [s for _, s, _ in reads] for reads in prepared(lane(tmp_path, rows), tmp_path)[0]
        ]
    assert not interleaved(write_fastq(tmp_path / "s.fq", [(n, p[0]) for n, p in rows]))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/1", "a/2", "b/1", "c/1"], "read 3, 'b', is not followed by its mate"),
        (["a/1", "a/2", "b/1"], "read 3, 'b', is not followed by its mate"),
        (["a/2", "a/1"], "read 2 comes before read 1"),
    ],
)
def test_neither_single_nor_interleaved(tmp_path, names, message):
    path = write_fastq(tmp_path / "i.fq", [(name, "ACGT") for name in names])
    (error,) = check_lane(path, None)
    assert message in error.line()


def test_an_interleaved_file_beside_a_mate_file(tmp_path):
    names = [f"r{n}" for n in range(4)]
    path = write_fastq(tmp_path / "i.fq", [(name, "ACGT") for name in names for _ in (1, 2)])
    second = write_fastq(tmp_path / "R2.fq", [(name, "ACGT") for name in names])
    (error,) = check_lane(path, second)
    assert "give an interleaved file as fastq1 alone" in error.line()


def test_interleaved_reads_that_fall_out_of_step_further_down(tmp_path, monkeypatch):
    monkeypatch.setattr("resistpanel.align.fastq.FIRST", 4)
    names = ["a", "a", "b", "b", "c", "d", "d"]
    path = write_fastq(tmp_path / "i.fq", [(name, "ACGT") for name in names])
    (given,) = lanes("S", [path], [])
    with pytest.raises(InputError, match=r"i\.fq: read 3 is 'c', its mate 'd'"):
        prepared(given, tmp_path)
    write_fastq(path, [(name, "ACGT") for name in names[:5]])
    with pytest.raises(InputError, match="read 5, the last, has no mate"):
        prepared(given, tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("@\nACGT\n+\nFFFF\n", r"R2\.fq:17: a read without a name"),
        ("@r4\nACGT\n+\nFFF\n", r"R2\.fq:20: not FASTQ: Length of sequence and qualities"),
        ("@r4\nAC-T\n+\nFFFF\n", r"R2\.fq:17: bases that are no letters"),
        ("@r4\nACGT\n+\nFF F\n", r"R2\.fq:17: a quality that is none"),
        ("@r\u00e94\nACGT\n+\nFFFF\n", r"R2\.fq: not FASTQ: Non-ASCII"),
        ("@x4\nACGT\n+\nFFFF\n", r"R1\.fq: read 5 is 'r4', its mate 'x4'"),
        ("@r4\nACGT\n", r"R2\.fq:19: not FASTQ: Premature end"),
    ],
)
def test_faults_further_down(tmp_path, row, message):
    given = lane(tmp_path, [(f"r{n}", ("ACGT", "ACGT")) for n in range(4)])
    with given.first.open("a") as one, given.second.open("a") as two:
        one.write("@r4\nACGT\n+\nFFFF\n")
        two.write(row)
    with pytest.raises(InputError, match=message):
        prepared(given, tmp_path)


def test_line_ends_of_windows(tmp_path):
    given = lane(tmp_path, [(f"r{n}", ("ACGT", "ACGT")) for n in range(4)])
    for path in (given.first, given.second):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [s for _, s, _ in prepared(given, tmp_path)[0][0]] == ["ACGT"] * 4


def write_qualities(path, lines):
    path.write_text("".join(f"@r{n}\n{'A' * len(q)}\n+\n{q}\n" for n, q in enumerate(lines)))
    return path


@pytest.mark.parametrize(
    ("lines", "offset"),
    [
        (["FFFF:,#F"], 33),
        (["FFFF"], 33),  # binned, all good
        (["KKKJ"], 33),
        (["{{{{", "{{"], 33),  # duplex consensus of Q90
        (["#{{{"], 33),
        (["hhhggfBB", "hhhBB"], 64),
        (["hhg@@", "__f"], 64),
    ],
)
def test_the_scale_of_qualities(tmp_path, lines, offset):
    assert quality_offset(write_qualities(tmp_path / "q.fq", lines), None) == offset


@pytest.mark.parametrize("lines", [["hhhggf"], ["<<hhh"], ["NNVVV"], ["BBSS"]])
def test_a_scale_that_is_not_clear(tmp_path, lines):
    path = write_qualities(tmp_path / "q.fq", lines)
    (error,) = check_lane(path, None)
    assert "phred+33 or phred+64" in error.line() and "align.qualities" in error.line()
    assert list(check_lane(path, None, qualities="phred33")) == []
    assert quality_offset(path, None, "phred64") == 64


def test_qualities_are_converted(tmp_path):
    path = write_qualities(tmp_path / "q.fq", ["hhhB", "@gfB"])
    ((first,), _) = prepared(lanes("S", [path], [])[0], tmp_path)
    assert [q for _, _, q in first] == ["III#", "!HG#"]
    path = write_qualities(tmp_path / "q.fq", ["hhhB", "#gfB"])
    with pytest.raises(InputError, match=r"align\.qualities"):
        prepared(lanes("S", [path], [], "phred64")[0], tmp_path)


def test_umis_in_the_reads(tmp_path):
    """The mate's UMI and spacer are cut off behind the insert, with or without adapter."""
    rng = random.Random(13)
    heads, spacer = ("ACG", "TTG"), "CT"
    rows, inserts = [], [bases(rng, n) for n in (50, 92, 97, 150, 400)]
    for n, insert in enumerate(inserts):
        rows.append((f"r{n}", mates(insert, heads=(heads[0] + spacer, heads[1] + spacer))))
    (first, second), _ = prepared(lane(tmp_path, rows), tmp_path, structure="3M2S+T")
    for read in first + second:
        assert read[0].endswith(" RX:Z:ACG-TTG")
    for (_, one, _), (_, two, _), insert in zip(first, second, inserts, strict=True):
        length = min(95, len(insert))
        assert one == insert[:length]
        assert two == reverse_complement(insert)[:length]
    (first, _), _ = prepared(lane(tmp_path, rows), tmp_path, structure="5M+T,+T")
    assert first[0][0] == "r0 RX:Z:ACGCT"


@pytest.mark.parametrize("text", ["3M2S", "3M2S50T", "+T3M", "abc", "3M+T,+T,+T", "3M+S+T"])
def test_no_structure(text):
    with pytest.raises(InputError, match=r"align\.read_structure"):
        parse_structures(text)


def test_settings_that_exclude_each_other():
    with pytest.raises(InputError, match="exclude each other"):
        ReadSettings(umi="name", structure="3M+T").check()
    assert ReadSettings(structure="3M+T", adapter="none").words == (
        "--umi none --adapter none --read-structure 3M+T"
    )


def test_from_adapters_to_bam(tmp_path, reference):
    """Fragments of known places, all shorter than their reads, are aligned without clips."""
    from resistpanel.align.aligners import make_index
    from resistpanel.align.sample import align_sample

    from .conftest import GENOME

    rows, places = [], {}
    for n in range(40):
        start, size = 100 + 40 * n, 40 + n
        places[f"r{n}"] = start, start + size
        rows.append((f"r{n}", mates(GENOME[start : start + size])))
    rows.append(("dimer", mates("")))
    files = [
        write_fastq(tmp_path / f"R{m}.fq", [(name, pair[m - 1]) for name, pair in rows])
        for m in (1, 2)
    ]
    make_index(reference, tmp_path / "index", "mappy")
    align_sample("S", files[:1], files[1:], reference, tmp_path / "index", tmp_path / "S.bam")
    with pysam.AlignmentFile(str(tmp_path / "S.bam")) as handle:
        found = list(handle)
    assert len(found) == 82
    for read in found:
        if read.query_name == "dimer":
            assert read.is_unmapped and read.query_sequence == "N"
        else:
            start, end = places[read.query_name]
            assert (read.reference_start, read.reference_end) == (start, end)
            assert read.cigarstring == f"{end - start}M"


REAL = Path(__file__).parents[3] / "shared" / "real" / "hcc1395" / "HCC1395_normal.bam"


@pytest.mark.skipif(not REAL.exists(), reason="real reads are absent (../shared/real)")
def test_real_reads_are_cut_where_they_are_aligned_to():
    """Inserts of 2x151 exome reads by their bases alone, against those of their alignments."""
    first, trimmer = {}, PairTrimmer(KNOWN)
    right = short = cut = long_ = 0
    with pysam.AlignmentFile(str(REAL)) as handle:
        for read in handle:
            if read.flag & 0xF0C or "I" in read.cigarstring or "D" in read.cigarstring:
                continue
            mate = first.pop(read.query_name, None)
            if mate is None:
                first[read.query_name] = read
                continue
            one, two = (mate, read) if mate.is_read1 else (read, mate)
            forward, reverse = (two, one) if one.is_reverse else (one, two)
            if forward.is_reverse or not reverse.is_reverse:
                continue
            size = reverse.reference_end - forward.reference_start
            if forward.cigartuples[0][0] == 4 or reverse.cigartuples[-1][0] == 4:
                continue  # where the insert ends is not known
            insert = trimmer.insert(*(
                dnaio.SequenceRecord("r", r.get_forward_sequence(), qualities(r))
                for r in (one, two)
            ))  # fmt: skip
            passed = insert is not None and insert < 151
            if 0 < size < 151:
                short, right = short + 1, right + (insert == size)
            else:
                long_, cut = long_ + 1, cut + passed
    assert short > 300 and right > 0.98 * short
    assert long_ > 1500 and cut <= 0.001 * long_


def qualities(read) -> str:
    return pysam.qualities_to_qualitystring(read.get_forward_qualities())
