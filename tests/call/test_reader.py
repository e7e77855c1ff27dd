"""The compiled reader and pileup against their plain-Python twins, and what they refuse."""

import random
import subprocess
import sys

import calltwins as twins
import numpy as np
import pysam
import pytest
from callkit import Read, write_bam, write_reference

from resistpanel.call.io.pileup import CYCLE_BINS, pileup
from resistpanel.call.io.reader import Reader
from resistpanel.call.io.regions import chunks
from resistpanel.core.errors import InputError
from resistpanel.core.reference import Reference

CONTIGS = {"chr1": 900, "chr2": 500, "chr3": 400}
#: Adjacent, near each other, and on three contigs; the last chunk of chr1 holds two intervals.
REGIONS = [
    ("chr1", 100, 260),
    ("chr1", 300, 330),
    ("chr1", 500, 560),
    ("chr1", 570, 640),
    ("chr2", 0, 90),
    ("chr2", 400, 500),
    ("chr3", 150, 151),
]


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Three contigs with some N and lower case."""
    rng = random.Random(5)
    sequences = {name: "".join(rng.choices("ACGT", k=n)) for name, n in CONTIGS.items()}
    one = sequences["chr1"]
    sequences["chr1"] = one[:210] + "N" * 12 + one[222:520].lower() + one[520:]
    path = tmp_path_factory.mktemp("genome") / "ref.fa"
    return write_reference(path, sequences), {k: v.upper() for k, v in sequences.items()}


def random_cigar(rng) -> list[tuple[int, str]]:
    """Return operations with at least one aligned base."""
    ops = []
    if rng.random() < 0.15:
        ops.append((rng.randint(1, 9), "H"))
    if rng.random() < 0.3:
        ops.append((rng.randint(1, 30), "S"))
    if rng.random() < 0.05:
        ops.append((rng.randint(1, 4), "I"))
    ops.append((rng.randint(1, 40), rng.choice("MMM=X")))
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        gap = rng.choice("IIDDN")
        ops.append((rng.randint(1, 90 if gap == "N" else 12), gap))
        if rng.random() < 0.1 and gap in "ID":
            ops.append((rng.randint(1, 3), "D" if gap == "I" else "I"))
        ops.append((rng.randint(1, 40), rng.choice("MMM=X")))
    if rng.random() < 0.3:
        ops.append((rng.randint(1, 30), "S"))
    if rng.random() < 0.15:
        ops.append((rng.randint(1, 9), "H"))
    return ops


def random_read(rng, sequences, name, contig, pos, flag) -> Read:
    """Return a read that follows the reference where it is aligned, with errors."""
    ops = random_cigar(rng)
    bases, p = [], pos
    span = sum(n for n, op in ops if op in "MDN=X")
    sequence = sequences[contig]
    pos = p = max(0, min(pos, len(sequence) - span))
    for n, op in ops:
        if op in "M=X":
            for base in sequence[p : p + n]:
                wrong = rng.random()
                bases.append(rng.choice("ACGT") if wrong < 0.1 else "N" if wrong < 0.12 else base)
        elif op in "IS":
            bases += rng.choices("ACGT", k=n)
        p += n if op in "MDN=X" else 0
    kind = rng.random()
    if kind < 0.04:
        quality = "*"
    elif kind < 0.5:
        quality = "".join(chr(33 + rng.choice([2, 8, 11, 12, 17, 20, 25, 33, 41])) for _ in bases)
    else:
        quality = "".join(chr(33 + min(93, int(rng.gauss(35, 12)) % 94)) for _ in bases)
    cigar = "".join(f"{n}{op}" for n, op in ops)
    mapq = rng.choice([60, 60, 60, 60, 21, 20, 19, 0, 255])
    return Read(name, contig, pos, cigar, "".join(bases), flag, mapq, quality)


def random_reads(rng, sequences, fragments=90) -> list[Read]:
    """Return pairs and single reads, many of them not usable."""
    reads = []
    for n in range(fragments):
        contig = rng.choice(["chr1", "chr1", "chr1", "chr2", "chr3"])
        pos = rng.randrange(CONTIGS[contig])
        name = f"f{n}"
        bad = rng.choice([0, 0, 0, 0, 0, 0, 0x400, 0x200, 0x100, 0x800])
        if rng.random() < 0.2:
            reads.append(random_read(rng, sequences, name, contig, pos, rng.choice([0, 16]) | bad))
            continue
        flip = rng.choice([(0x40, 0x80), (0x80, 0x40)])
        strands = rng.choice([(0x20, 0x10), (0x20, 0x10), (0x10, 0x20), (0, 0), (0x30, 0x30)])
        near = pos + rng.choice([0, 3, 20, 60, 150])
        flags = [1 | flip[k] | strands[k] for k in (0, 1)]
        one = random_read(rng, sequences, name, contig, pos, flags[0] | bad)
        two = random_read(rng, sequences, name, contig, near, flags[1])
        if rng.random() < 0.3 and one.pos == two.pos:
            two.sequence, two.cigar, two.quality = one.sequence, one.cigar, one.quality
        one.mate, two.mate = two.pos, one.pos
        reads.append(one)
        if rng.random() < 0.9:
            reads.append(two)
        if rng.random() < 0.1:  # a third record of the name: a supplementary one
            reads.append(random_read(rng, sequences, name, contig, near, flags[1] | 0x800))
    return reads


def compare(path, fasta, sequences, bases, min_mapq, min_qual):
    """Read a BAM chunk by chunk and compare all that comes out with the twins; count events."""
    reference = Reference(fasta)
    kept, low = twins.usable(path, REGIONS, min_mapq, str(fasta))
    reader = Reader(str(path), REGIONS, str(fasta), min_mapq)
    seen = 0
    for chunk in chunks(REGIONS, bases=bases, span=400):
        reads = reader.next_chunk(chunk.contig, chunk.beg, chunk.end, chunk.next_start)
        mine = twins.overlapping(kept, chunk.contig, chunk.beg, chunk.end)
        here = [
            (r.reference_start, r.reference_end, r.flag, r.mapping_quality, *twins.clips(r))
            for r in mine
        ]
        columns = ("pos", "end", "flag", "mapq", "lclip", "rclip")
        assert [tuple(int(row[c]) for c in columns) for row in reads.table] == here
        names = {}
        assert [int(f) for f in reads.table["frag"]] == [
            names.setdefault(r.query_name, len(names)) for r in mine
        ]
        assert reads.n_fragments == len(names)
        assert reads.kept == 1
        left_out = twins.overlapping(low, chunk.contig, chunk.beg, chunk.end)
        assert reads.low_mapq.tolist() == [[r.reference_start, r.reference_end] for r in left_out]
        for row, read in zip(reads.table, mine, strict=True):
            stretch = slice(row["seq"], row["seq"] + row["length"])
            assert "".join("ACGTN"[b] for b in reads.bases[stretch]) == read.query_sequence
            assert reads.quals[stretch].tolist() == list(read.query_qualities)

        spans = list(zip(chunk.starts, chunk.ends, strict=True))
        codes = np.concatenate([reference.codes(chunk.contig, int(a), int(b)) for a, b in spans])
        depth, cycles, deleted, events, indels = pileup(
            reads, chunk.starts, chunk.ends, codes, min_qual
        )
        positions = chunk.positions()
        at = {int(p): sequences[chunk.contig][int(p)] for p in positions}
        expected = twins.pile(mine, at, min_qual)
        found = {
            (int(positions[i]), int(c), int(g)): int(depth[i, c, g])
            for i, c, g in np.argwhere(depth)
        }
        assert found == dict(expected[0])
        assert [int(n) for n in cycles] == [expected[1][k] for k in range(CYCLE_BINS)]
        assert [int(n) for n in deleted] == [expected[2][int(p)] for p in positions]
        fields = ("pos", "frag", "read", "qpos", "dist", "base", "qual", "cls", "ref", "cycle")
        assert sorted(tuple(int(e[f]) for f in fields) for e in events) == expected[3]
        assert sorted(tuple(int(x) for x in row) for row in indels) == expected[4]
        assert [int(n) for n in reads.table["mismatches"]] == [
            expected[5][i] for i in range(len(mine))
        ]
        seen += len(events)
    return seen


@pytest.mark.parametrize("seed", range(30))
def test_agrees_with_the_twins(tmp_path, genome, seed):
    fasta, sequences = genome
    rng = random.Random(seed)
    bam = write_bam(tmp_path / "s.bam", CONTIGS, random_reads(rng, sequences))
    seen = compare(
        bam,
        fasta,
        sequences,
        rng.choice([50, 90, 160, 4000]),
        rng.choice([0, 1, 20, 30]),
        rng.choice([0, 12, 20]),
    )
    assert seen > 10


def test_cram_gives_what_bam_gives(tmp_path, genome):
    fasta, sequences = genome
    reads = random_reads(random.Random(99), sequences, 150)
    # CRAM does not store '=' and 'X', and has no operation for stored-nowhere qualities in mixed
    # slices: neither is of interest here.
    for read in reads:
        read.cigar = read.cigar.replace("=", "M").replace("X", "M")
    cram = write_bam(tmp_path / "s.cram", CONTIGS, reads, reference=fasta)
    assert compare(cram, fasta, sequences, 90, 20, 12) > 100


def test_padding_moves_nothing(tmp_path, genome):
    """Operation P; pysam's own get_aligned_pairs, which the twin uses, counts it as a base."""
    _, sequences = genome
    read = sequences["chr1"][600:620]
    bam = write_bam(tmp_path / "s.bam", CONTIGS, [Read("p", "chr1", 600, "10M2P10M", read)])
    reads = Reader(str(bam), [("chr1", 600, 620)]).next_chunk("chr1", 600, 620)
    codes = np.array(["ACGT".index(b) for b in read], dtype=np.uint8)
    depth, _, deleted, events, indels = pileup(reads, np.array([600]), np.array([620]), codes)
    assert (depth.sum((1, 2)) == 1).all()
    assert deleted.sum() == len(events) == len(indels) == 0


def test_no_reads(tmp_path, genome):
    fasta, sequences = genome
    bam = write_bam(tmp_path / "s.bam", CONTIGS, [])
    assert compare(bam, fasta, sequences, 90, 20, 12) == 0


def test_mates_that_agree_and_disagree(tmp_path, genome):
    """The rules of one fragment, spelt out."""
    fasta, sequences = genome
    stretch = sequences["chr1"][600:620]

    def pair(name, first, second, quality_first=30, quality_second=30):
        one = Read(name, "chr1", 600, "20M", first, 0x63, 60, chr(33 + quality_first) * 20)
        two = Read(name, "chr1", 600, "20M", second, 0x93, 60, chr(33 + quality_second) * 20)
        return [one, two]

    def changed(at):
        return (
            stretch[:at] + {"A": "C", "C": "G", "G": "T", "T": "A"}[stretch[at]] + stretch[at + 1 :]
        )

    reads = [
        *pair("agree", changed(5), changed(5), 20, 25),
        *pair("differ", changed(6), stretch),
        *pair("first_better", changed(7), stretch, 40, 20),
        *pair("second_better", changed(8), stretch, 12, 35),
        *pair("second_bad", changed(9), stretch, 30, 11),
    ]
    bam = write_bam(tmp_path / "s.bam", CONTIGS, reads)
    reader = Reader(str(bam), [("chr1", 600, 620)])
    got = reader.next_chunk("chr1", 600, 620)
    codes = Reference(fasta).codes("chr1", 600, 620)
    span = (np.array([600]), np.array([620]))
    depth, _, _, events, _ = pileup(got, *span, codes)
    told = {int(e["pos"]) - 600: (int(e["qual"]), int(e["cls"])) for e in events}
    # agreeing: qualities add up, class 2 = both strands; better by 20: the difference
    assert told == {5: (45, 2), 7: (20, 0), 9: (30, 0)}
    assert depth[6].sum() == 4  # the disagreeing pair says nothing
    assert depth[8].sum() == 5  # the better mate shows the reference
    assert depth[0].sum() == 5


DEEP, ALT = 6000, 0.1


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """Pairs over one base, a tenth of them with another base."""
    rng = random.Random(11)
    sequence = "".join(rng.choices("ACGT", k=900))
    reads = []
    for n in range(DEEP):
        alt = rng.random() < ALT
        start = 400 + rng.randrange(20)
        for shift, flag in ((0, 0x63), (15, 0x93)):
            read = sequence[start + shift : start + shift + 30]
            at = 425 - start - shift
            if alt and 0 <= at < 30:
                read = read[:at] + ("A" if sequence[425] != "A" else "C") + read[at + 1 :]
            reads.append(Read(f"n{n}", "chr1", start + shift, "30M", read, flag))
    folder = tmp_path_factory.mktemp("deep")
    fasta = write_reference(folder / "ref.fa", {"chr1": sequence})
    return write_bam(folder / "s.bam", {"chr1": 900}, reads), fasta


class TestThinning:
    @pytest.mark.parametrize("part", [2, 4, 16])
    def test_fragments_stay_whole_and_unbiased(self, deep, part):
        bam, fasta = deep
        bound = DEEP * 60 // part + 10_000
        reader = Reader(str(bam), [("chr1", 400, 480)], max_bases=bound)
        reads = reader.next_chunk("chr1", 400, 480)
        assert reads.kept == 1 / part
        assert len(reads.bases) <= bound
        _, count = np.unique(reads.table["frag"], return_counts=True)
        assert (count == 2).all()
        expected = DEEP / part
        assert abs(reads.n_fragments - expected) < 4 * np.sqrt(expected)
        codes = Reference(fasta).codes("chr1", 425, 426)
        depth, _, _, events, _ = pileup(reads, np.array([425]), np.array([426]), codes)
        n = int(depth.sum())
        assert n == reads.n_fragments
        assert abs(len(events) / n - ALT) < 4 * np.sqrt(ALT * (1 - ALT) / n)

    def test_which_ones_stay_depends_on_the_name_alone(self, deep):
        bam, _ = deep
        found = []
        for regions in ([("chr1", 400, 480)], [("chr1", 0, 900)]):
            reader = Reader(str(bam), regions, max_bases=100_000)
            reads = reader.next_chunk(*regions[0])
            found.append(sorted(zip(reads.table["pos"], reads.table["flag"], strict=True)))
        assert found[0] == found[1]

    def test_every_chunk_starts_anew(self, deep):
        bam, _ = deep
        reader = Reader(str(bam), [("chr1", 400, 430), ("chr1", 460, 470)], max_bases=100_000)
        assert reader.next_chunk("chr1", 400, 430, 460).kept < 1
        assert reader.next_chunk("chr1", 460, 470).kept == 1


class TestRefusals:
    @pytest.fixture
    def bam(self, tmp_path, genome):
        _, sequences = genome
        reads = random_reads(random.Random(1), sequences, 3000)
        return write_bam(tmp_path / "s.bam", CONTIGS, reads)

    def test_missing(self, tmp_path, capfd):
        with pytest.raises(InputError, match=r"no\.bam: cannot be opened as BAM or CRAM"):
            Reader(str(tmp_path / "no.bam"), REGIONS)
        capfd.readouterr()  # htslib's own words

    def test_not_indexed(self, tmp_path, capfd):
        bam = write_bam(tmp_path / "s.bam", CONTIGS, [], index=False)
        with pytest.raises(InputError, match=r"s\.bam: has no index; run samtools index"):
            Reader(str(bam), REGIONS)
        capfd.readouterr()

    def test_contig_missing(self, bam):
        with pytest.raises(InputError, match=r"s\.bam: has no contig 'chr9'"):
            Reader(str(bam), [("chr9", 0, 10)])

    def test_text_is_no_bam(self, tmp_path, capfd):
        path = tmp_path / "s.bam"
        path.write_text("not a BAM\n")
        with pytest.raises(InputError, match=r"s\.bam: "):
            Reader(str(path), REGIONS)
        capfd.readouterr()

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
    def test_cut_within_a_block(self, bam, share, capfd):
        data = bam.read_bytes()
        bam.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(InputError, match=r"s\.bam: is truncated or corrupt; restore the file"):
            reader = Reader(str(bam), REGIONS)
            for chunk in chunks(REGIONS, bases=90, span=400):
                reader.next_chunk(chunk.contig, chunk.beg, chunk.end, chunk.next_start)
        capfd.readouterr()

    def test_garbage_inside(self, bam, capfd):
        data = bytearray(bam.read_bytes())
        middle = slice(len(data) // 5, len(data) // 2)
        data[middle] = bytes(len(data[middle]))
        bam.write_bytes(bytes(data))
        with pytest.raises(InputError, match="is truncated or corrupt"):
            reader = Reader(str(bam), REGIONS)
            for chunk in chunks(REGIONS, bases=90, span=400):
                reader.next_chunk(chunk.contig, chunk.beg, chunk.end, chunk.next_start)
        capfd.readouterr()

    def test_cut_between_blocks(self, bam, capfd):
        """No block is broken then: only the missing end-of-file block tells."""
        data = bam.read_bytes()
        starts, at = [], 0
        while at < len(data):
            starts.append(at)
            at += int.from_bytes(data[at + 16 : at + 18], "little") + 1
        assert len(starts) > 4
        bam.write_bytes(data[: starts[len(starts) // 2]])
        with pytest.raises(InputError, match="truncated"):
            reader = Reader(str(bam), REGIONS)
            for chunk in chunks(REGIONS, bases=90, span=400):
                reader.next_chunk(chunk.contig, chunk.beg, chunk.end, chunk.next_start)
        capfd.readouterr()


def test_refuses_another_pysam():
    """A mismatch of htslib's structures would load and run, silently wrong."""
    program = "import pysam; pysam.__version__ = '0.0.1'; import resistpanel.call.io.reader"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    message = f"resistpanel was compiled against pysam {pysam.__version__}, found 0.0.1"
    assert message in done.stderr
    assert "ImportError" in done.stderr
