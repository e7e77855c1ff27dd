"""Junctions: from the tags of reads to records, at base precision."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pysam
import pytest
from callkit import (
    FIRST,
    MATE_REVERSE,
    PAIRED,
    REVERSE,
    SECOND,
    Read,
    other,
    random_sequence,
    write_bam,
    write_bed,
    write_reference,
)

from resistpanel.call.caller import Caller, Settings
from resistpanel.call.events import assemble, breakpoints, genotype
from resistpanel.call.events.clusters import clusters, recurrent
from resistpanel.call.io.reader import Reader
from resistpanel.call.io.signals import CLIP, PAIR, SIGNAL_DTYPE, SPLIT
from resistpanel.call.model.posterior import Priors
from resistpanel.core.allele import Allele, to_vcf, trim
from resistpanel.core.junction import LEFT, RIGHT, Breakend, Junction
from resistpanel.core.reference import Reference, encode
from resistpanel.core.vcf import CallVcf

REAL = Path(__file__).resolve().parents[3] / "shared" / "real" / "hcc1954_sv"
ONE, TWO = random_sequence(6000, 31), random_sequence(4000, 32)
CONTIGS = {"chr1": ONE, "chr2": TWO}
LENGTHS = {name: len(text) for name, text in CONTIGS.items()}
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def reverse(text: str) -> str:
    return text.translate(COMPLEMENT)[::-1]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    return Reference(write_reference(folder / "ref.fa", CONTIGS))


class TestRecords:
    """ALT of breakends, from the table of VCF 4.3, section 5.4."""

    @pytest.mark.parametrize(
        "sides, alt, mate",
        [
            ((LEFT, RIGHT), "{r}ACC[chr2:201[", "]chr1:100]ACC{m}"),
            ((LEFT, LEFT), "{r}ACC]chr2:200]", "{m}GGT]chr1:100]"),
            ((RIGHT, LEFT), "]chr2:200]ACC{r}", "{m}ACC[chr1:101["),
            ((RIGHT, RIGHT), "[chr2:201[ACC{r}", "[chr1:101[GGT{m}"),
        ],
    )
    def test_breakends(self, reference, sides, alt, mate):
        first, second = Breakend("chr1", 100, sides[0]), Breakend("chr2", 200, sides[1])
        one = Junction.of(first, second, reference, "ACC")
        _, pos, _, other, _ = one.mate(reference)
        assert one.alt == alt.format(r=ONE[first.base])
        assert other == mate.format(m=TWO[second.base])
        assert (one.pos, pos - 1) == (first.base, second.base)

    def test_deletion_and_duplication(self, reference):
        a, b = 100, 350
        lost = Junction.of(Breakend("chr1", a, LEFT), Breakend("chr1", b, RIGHT), reference)
        more = Junction.of(Breakend("chr1", a, RIGHT), Breakend("chr1", b, LEFT), reference)
        assert (lost.alt, lost.pos, lost.length) == ("<DEL>", 99, -250)
        assert (more.alt, more.pos, more.length) == ("<DUP:TANDEM>", 99, 250)
        assert not lost.substitution
        assert lost.symbolic

    @pytest.mark.parametrize("sides", [(LEFT, RIGHT), (RIGHT, LEFT), (LEFT, LEFT), (RIGHT, RIGHT)])
    def test_crossed_breakends(self, reference, sides):
        """The place of one may be found beyond the other: the junction is the same."""
        a, b = Breakend("chr1", 100, sides[0]), Breakend("chr1", 350, sides[1])
        turned = "ACC" if sides[0] != sides[1] else "GGT"
        one, other = Junction.of(a, b, reference, "ACC"), Junction.of(b, a, reference, turned)
        assert one == other
        assert other.first.pos <= other.second.pos
        open_ = Junction.of(a, b, reference, homology=4)
        apart = 4 if sides[0] == sides[1] else 0
        moved = [
            dataclasses.replace(end, pos=end.pos + shift)
            for end, shift in ((a, apart), (b, -apart))
        ]
        assert Junction.of(*moved[::-1], reference, homology=4) == open_


def bases(end: Breakend, n: int) -> str:
    """Return the last n bases that go on at a breakend, read towards it."""
    text = CONTIGS[end.contig]
    return text[end.pos - n : end.pos] if end.side == LEFT else reverse(text[end.pos : end.pos + n])


def test_priors_of_junctions(reference):
    """Only a junction of two chromosomes is inherited less often than it is somatic."""
    a, b = Breakend("chr1", 1000, LEFT), Breakend("chr1", 3000, RIGHT)
    deletion = Junction.of(a, b, reference)
    translocation = Junction.of(a, Breakend("chr2", 2000, RIGHT), reference)
    foldback = Junction.of(a, Breakend("chr1", 1010, LEFT), reference)
    snv = Allele("chr1", 500, ONE[500], "A" if ONE[500] != "A" else "C")
    usual = Priors()
    parts = breakpoints.by_priors([snv, deletion, translocation, foldback], usual)
    of = {int(i): priors for some, priors in parts for i in some}
    assert sorted(of) == [0, 1, 2, 3]
    assert of[0] == of[3] == usual
    assert of[1].artifact < usual.artifact and of[1].germline_het == usual.germline_het
    assert of[2].germline_hom < of[2].germline_het < of[2].somatic == usual.somatic
    assert [len(some) for some, _ in breakpoints.by_priors([], usual)] == [0]


def duplication(text: str, pos: int, length: int, inner: str = "") -> Allele:
    """Return a duplication of the bases before `pos`, with others between the copies."""
    return to_vcf(Allele("chr1", pos, "", inner + text[pos - length : pos]), text)


def test_long_insertions_are_rarely_inherited(tmp_path):
    """Copies of tandem repeats, exact or not, are; so are short ones, and those given as sites."""
    # Three copies of 20 bases, the second and the third with two other bases each.
    unit = ONE[2000:2020]
    near = [unit[:k] + other(unit[k]) + unit[k + 1 :] for k in (5, 11)]
    text = ONE[:2020] + "".join(near) + ONE[2060:3000] + "CA" * 12 + ONE[3024:]
    reference = Reference(write_reference(tmp_path / "r.fa", {"chr1": text}))
    expected = {
        duplication(text, 1000, 36): True,
        duplication(text, 1000, 102, "TTACTC"): True,
        duplication(text, 1000, 15): True,
        duplication(text, 1000, 14): False,
        duplication(text, 2060, 20): False,
        duplication(text, 3024, 20): False,
        to_vcf(Allele("chr1", 1000, text[1000:1040], ""), text): False,
    }
    alleles = [dataclasses.replace(a) for a in expected]
    found = {a: breakpoints.rarely_inherited(trim(a), reference) for a in alleles}
    assert found == expected
    # Not between two haplotypes that differ in many bases.
    seen = [SimpleNamespace(alt=40, total=100)]
    snvs = [
        SimpleNamespace(allele=Allele("chr1", p, text[p], other(text[p])), support=seen)
        for p in (920, 990, 1040)
    ]
    assert breakpoints.polymorphic(snvs)(trim(alleles[0]))
    assert not breakpoints.polymorphic(snvs[1:])(trim(alleles[0]))
    assert not breakpoints.polymorphic(snvs)(Allele("chr1", 1200, "", "A" * 20))
    rare = {a for a in alleles if found[a]}
    of = {
        int(i): priors
        for some, priors in breakpoints.by_priors(alleles, Priors(), rare=rare)
        for i in some
    }
    assert [of[i].germline_het < 1e-6 for i in range(len(alleles))] == list(expected.values())
    assert all(p.somatic == Priors().somatic for p in of.values())


class TestPairsAlone:
    """Breakends beyond the reads of all pairs: first is LEFT's farthest, second RIGHT's nearest."""

    @pytest.mark.parametrize(
        ("sides", "places", "contradicted"),
        [
            ((LEFT, RIGHT), (1000, 1500), False),
            ((LEFT, RIGHT), (1000, 1010), True),  # no deletion is as short
            ((LEFT, RIGHT), (1175, 1000), True),  # long fragments of different places
            ((RIGHT, LEFT), (1000, 1010), False),  # a duplication
            ((LEFT, LEFT), (1175, 1000), False),  # an inversion
        ],
    )
    def test_a_deletion_ends_after_it_begins(self, sides, places, contradicted):
        ends = [Breakend("chr1", pos, side) for pos, side in zip(places, sides, strict=True)]
        assert breakpoints.contradicted(*ends) is contradicted

    def test_other_contigs_are_not_compared(self):
        assert not breakpoints.contradicted(
            Breakend("chr1", 900, LEFT), Breakend("chr2", 100, RIGHT)
        )


class TestLocal:
    """A duplication within a repeat, of which the clipped copy is placed in another repeat."""

    @pytest.mark.parametrize(
        "repeat, fragments, dropped", [(True, 37, True), (True, 10, False), (False, 37, False)]
    )
    @pytest.mark.parametrize("left", [True, False])
    def test_the_local_event_is_kept(self, tmp_path, repeat, fragments, dropped, left):
        copy = list(ONE[1950:2100])
        for k in range(5, len(copy), 9):
            copy[k] = "ACGT"[("ACGT".index(copy[k]) + 1) % 4]
        second = TWO[:1000] + ("".join(copy) if repeat else TWO[1000:1150]) + TWO[1150:]
        fasta = write_reference(tmp_path / "ref.fa", {"chr1": ONE, "chr2": second})
        reference = Reference(fasta)
        dup = Allele("chr1", 2000, "", ONE[2000:2030])
        if left:
            ends = Breakend("chr1", 2030, LEFT), Breakend("chr2", 1000 + 64, RIGHT)
            inserted = ONE[2000:2014]
        else:
            ends = Breakend("chr1", 2000, RIGHT), Breakend("chr2", 1000 + 66, LEFT)
            inserted = ONE[2016:2030]
        junction = Junction.of(*ends, reference, inserted)

        def candidate(allele, alt):
            return SimpleNamespace(allele=allele, support=[SimpleNamespace(alt=alt)])

        one = candidate(junction, 19)
        found = breakpoints.local([one], [candidate(dup, fragments)], reference)
        assert found == ([one] if dropped else [])


@pytest.mark.parametrize(
    ("length", "inserted", "same"), [(9, 9, True), (9, 3, False), (60, 58, True), (60, 9, False)]
)
def test_a_duplication_that_the_alignments_show(reference, length, inserted, same):
    """Split reads of a duplication of 9 bases, too, which alignments insert, are one event."""
    a, b = 300, 300 + length
    junction = Junction.of(Breakend("chr1", a, RIGHT), Breakend("chr1", b, LEFT), reference)
    assert junction.shift == length
    allele = Allele("chr1", a, "", "A" * inserted)
    assert breakpoints.known_already(junction, [allele]) is same


@pytest.mark.parametrize(
    ("junction", "other", "mistaken"),
    [
        ([0, 8, 0], [0, 0, 13], False),  # of another sample
        ([0, 8, 0], [0, 7, 3], True),
        ([0, 8, 2], [0, 5, 6], True),
        ([0, 8, 8], [0, 0, 60], False),  # far commoner
        ([54, 58, 50], [0, 8, 72], False),  # a chimera of all samples
        ([54, 58, 50], [20, 30, 25], True),
    ],
)
def test_an_insertion_that_the_clips_at_a_junction_look_like(reference, junction, other, mistaken):
    ends = Breakend("chr1", 1000, LEFT), Breakend("chr2", 700, RIGHT)

    def candidate(allele, alt):
        support = [SimpleNamespace(alt=n) for n in alt]
        return SimpleNamespace(allele=allele, support=support, forced=False)

    one = candidate(Junction.of(*ends, reference), junction)
    inserted = candidate(Allele("chr1", 1000, "", "CGACGAGTCCCATTACTAAATG"), other)
    assert breakpoints.shadows([one], [inserted]) == ([inserted] if mistaken else [])


class TestRepeated:
    """A junction into a repeat, of which some reads are placed in another one of its family."""

    @pytest.mark.parametrize("repeat", [True, False])
    @pytest.mark.parametrize("side", [LEFT, RIGHT])
    def test_the_better_supported_one_is_kept(self, tmp_path, repeat, side):
        copy = list(ONE[3000:3200])
        for k in range(5, len(copy), 9):
            copy[k] = "ACGT"[("ACGT".index(copy[k]) + 1) % 4]
        third = TWO[:1000] + ("".join(copy) if repeat else TWO[1000:1200]) + TWO[1200:]
        fasta = write_reference(tmp_path / "ref.fa", {"chr1": ONE, "chr2": TWO, "chr3": third})
        reference = Reference(fasta)
        here = Breakend("chr2", 700, side)
        one, two = (
            SimpleNamespace(
                allele=Junction.of(*sorted((here, there)), reference),
                support=[SimpleNamespace(alt=alt)],
            )
            for there, alt in (
                (Breakend("chr1", 3100, 1 - side), 30),
                (Breakend("chr3", 1100, 1 - side), 10),
            )
        )
        found = breakpoints.repeated([two, one], reference)
        assert found == ([two] if repeat else [])


class TestJoined:
    """Every combination of sides, with and without inserted bases, against the sequence."""

    @pytest.mark.parametrize("sides", [(0, 0), (0, 1), (1, 0), (1, 1)])
    @pytest.mark.parametrize("inserted", ["", "G", "ACCAGGTTAC"])
    def test_sequence_is_kept(self, reference, sides, inserted):
        first, second = Breakend("chr1", 1500, sides[0]), Breakend("chr2", 2100, sides[1])
        whole = bases(first, 40) + inserted + reverse(bases(second, 40))
        clip = encode(whole[40:])
        about = Breakend("chr2", 2110, sides[1])
        a, b, more, homology = assemble.joined(first, about, clip, 60, reference)
        one = assemble.normalised(a, b, more, homology, reference)
        forward = one.inserted if one.first.side == LEFT else reverse(one.inserted)
        n = 40 - abs(one.first.pos - first.pos)
        told = bases(one.first, 60) + forward + reverse(bases(one.second, 60))
        assert whole[40 - n : -30] in told
        assert abs(len(one.inserted) + homology - len(inserted)) <= homology
        for k in range(homology + 1):
            moved = one.first.moved(k if one.first.side == LEFT else -k)
            other = one.second.moved(-k if one.first.side == LEFT else k)
            text = bases(moved, 60) + forward + reverse(bases(other, 60))
            assert whole[40 - n : -30] in text

    @pytest.mark.parametrize("sides", [(0, 0), (0, 1), (1, 0), (1, 1)])
    @pytest.mark.parametrize("inserted", ["", "CCAGGTTA"])
    def test_found_from_either_end_it_is_one(self, reference, sides, inserted):
        """So that it is not written twice, and a duplication is not called a deletion."""
        first, second = Breakend("chr1", 1500, sides[0]), Breakend("chr1", 2100, sides[1])
        if inserted:
            # Neither end of it is how the reference goes on.
            on = ONE[1500] if sides[0] == LEFT else reverse(ONE[1499])
            back = reverse(ONE[2100]) if sides[1] == LEFT else ONE[2099]
            inserted = other(on) + inserted + other(back)
        found = set()
        for here, there, more in (
            (first, second, inserted),
            (second, first, reverse(inserted)),
        ):
            whole = bases(here, 40) + more + reverse(bases(there, 40))
            about = Breakend("chr1", there.pos + 10, there.side)
            exact = assemble.joined(here, about, encode(whole[40:]), 60, reference)
            found.add(assemble.normalised(*exact, reference))
        (one,) = found
        assert one.first.pos < one.second.pos
        assert one.type == {(0, 1): "DEL", (1, 0): "DUP"}.get(sides, "BND")

    def test_repeat_is_not_placed(self):
        window = encode("ACGTTGCATTGCAGGTCA" * 2)
        assert assemble.place(encode("ACGTTGCATTGCAGGTCA"), window) is None


def split(name: str, at: int, inside: int, **more) -> Read:
    """Return a read of a deletion of 2,000 bases at 2000, `inside` bases before it, in SA too."""
    sequence = ONE[2000 - inside : 2000] + ONE[4000 : 4000 + 100 - inside]
    cigar = f"{inside}M{100 - inside}S"
    return Read(name, "chr1", 2000 - inside, cigar, sequence, **more)


def with_tags(bam: Path, tags: dict[str, str]) -> Path:
    """Write SA into the reads of a BAM, by name."""
    out = bam.with_name(f"tagged_{bam.name}")
    given = pysam.AlignmentFile(str(bam))
    with given, pysam.AlignmentFile(str(out), "wb", template=given) as made:
        for read in given:
            if read.query_name in tags:
                read.set_tag("SA", tags[read.query_name])
            made.write(read)
    pysam.index(str(out))
    return out


class TestSignals:
    """What the reader notes of split reads, pairs and clips."""

    def signals(self, folder, reads, tags=None):
        bam = write_bam(folder / "s.bam", LENGTHS, reads)
        if tags:
            bam = with_tags(bam, tags)
        reader = Reader(bam, [("chr1", 0, 6000), ("chr2", 0, 4000)])
        one = reader.next_chunk("chr1", 0, 6000)
        return np.concatenate([one.signals, reader.next_chunk("chr2", 0, 4000).signals])

    @pytest.mark.parametrize(
        "flag, sa, told",
        [
            (0, "chr1,4001,+,60S40M,60,0;", (0, 2000, LEFT, 0, 4000, RIGHT)),
            (0, "chr2,501,-,40M60S,60,0;", (0, 2000, LEFT, 1, 540, LEFT)),
            (16, "chr2,501,+,2S38M2D60S,60,0;", (0, 2000, LEFT, 1, 540, LEFT)),
            (16, "chr1,4001,-,60S40M,60,0;", (0, 2000, LEFT, 0, 4000, RIGHT)),
        ],
    )
    def test_split(self, tmp_path, flag, sa, told):
        found = self.signals(tmp_path, [split("a", 2000, 60, flag=flag)], {"a": sa})
        (one,) = found
        names = ("tid", "pos", "side", "tid2", "pos2", "side2")
        assert tuple(int(one[name]) for name in names) == told
        assert one["kind"] == SPLIT

    @pytest.mark.parametrize(
        "sa", ["chr9,1,+,60S40M,60,0;", "chr1,4001,+,60S40M,3,0;", "chr1,4001"]
    )
    def test_useless_tag_is_a_clip(self, tmp_path, sa):
        found = self.signals(tmp_path, [split("a", 2000, 60)], {"a": sa})
        assert found["kind"].tolist() == [CLIP]

    def test_pair(self, tmp_path):
        flags = PAIRED | FIRST | MATE_REVERSE, PAIRED | SECOND | REVERSE
        reads = [
            Read("p", "chr1", 1800, "100M", ONE[1800:1900], flag=flags[0], mate=4100),
            Read("p", "chr1", 4100, "100M", ONE[4100:4200], flag=flags[1], mate=1800),
        ]
        found = self.signals(tmp_path, reads)
        assert found["kind"].tolist() == [PAIR, PAIR]
        assert found["pos"].tolist() == [1900, 4100]
        assert found["side"].tolist() == [LEFT, RIGHT]


class TestClusters:
    """Groups of signals."""

    def signals(self, rows):
        out = np.zeros(len(rows), SIGNAL_DTYPE)
        for name, column in zip(
            ("name", "kind", "tid", "pos", "side", "tid2", "pos2", "side2"),
            zip(*rows, strict=True),
            strict=True,
        ):
            out[name] = column
        return out

    def found(self, rows, amplicons=()):
        lengths = np.zeros(2048, np.int64)
        lengths[300] = 100
        return clusters([self.signals(rows)], [lengths], 100, amplicons)[0]

    def test_splits_and_their_pairs(self):
        rows = [(n, SPLIT, 0, 2000, LEFT, 0, 4000, RIGHT) for n in range(3)]
        rows += [(9, SPLIT, 0, 4001, RIGHT, 0, 2001, LEFT)]
        rows += [(20 + n, PAIR, 0, 1900 + n, LEFT, 0, 4050, RIGHT) for n in range(4)]
        (one,) = self.found(rows)
        assert (one.pos, one.pos2, one.split, len(one.fragments)) == (2000, 4000, True, 8)

    def test_few_are_none(self):
        assert self.found([(n, SPLIT, 0, 2000, LEFT, 0, 4000, RIGHT) for n in range(2)]) == []
        assert self.found([(n, PAIR, 0, 1900, LEFT, 0, 4050, RIGHT) for n in range(4)]) == []

    def test_few_pairs_with_clips(self):
        rows = [(n, PAIR, 0, 1900, LEFT, 0, 4050, RIGHT) for n in range(4)]
        rows += [(10 + n, CLIP, 0, 2000, LEFT, -1, -1, -1) for n in range(3)]
        (one,) = self.found(rows)
        assert not one.split

    def test_pairs_of_amplicons_are_none(self):
        """The forward primer of one amplicon and the reverse primer of the next."""
        rows = [(n, PAIR, 0, 1900, LEFT, 0, 2300, RIGHT) for n in range(30)]
        rows += [(99 + n, CLIP, 0, 1900, LEFT, -1, -1, -1) for n in range(9)]
        assert len(self.found(rows)) == len(self.found(rows, [False])) == 1
        assert self.found(rows, [True]) == []
        rows += [(200 + n, SPLIT, 0, 2000, LEFT, 0, 2200, RIGHT) for n in range(3)]
        (one,) = self.found(rows, [True])
        assert one.split and len(one.fragments) == 3

    def test_usual_pairs_are_none(self):
        rows = [(n, PAIR, 0, 1900 + n, LEFT, 0, 1990, RIGHT) for n in range(30)]
        rows += [(99 + n, PAIR, 0, 1900 + n, RIGHT, 0, 1990, LEFT) for n in range(30)]
        assert self.found(rows) == []

    def test_lone_clips_are_dropped(self):
        rows = [(n, CLIP, 0, pos, LEFT, -1, -1, -1) for n, pos in enumerate((100, 200, 200))]
        assert recurrent(self.signals(rows))["pos"].tolist() == [200, 200]


class TestFrequency:
    """One read begins at every base of the reference and of the junction: AF is 50 %."""

    LENGTH, FLANK = 100, 60

    def support(self, folder, reference, junction, reads):
        bam = write_bam(folder / "f.bam", LENGTHS, reads)
        spans = [(e.contig, e.pos - 25, e.pos + 25) for e in (junction.first, junction.second)]
        reader = Reader(bam, spans, names=True)
        found = tuple(reader.next_chunk(*span) for span in spans)
        sides = tuple(genotype.Side.of(junction, k, 150, reference) for k in (False, True))
        return genotype.support(found, sides, junction, self.LENGTH)

    def read(self, name, word, places, at, **more):
        """Return a read of a haplotype, aligned at the contig that most of it is of."""
        mine = places[at : at + self.LENGTH]
        chosen = max({c for c, _ in mine if c}, key=[c for c, _ in mine].count)
        inside = [k for k, (c, _) in enumerate(mine) if c == chosen]
        first, last = inside[0], inside[-1] + 1
        cigar = "".join(
            f"{n}{op}"
            for n, op in ((first, "S"), (last - first, "M"), (self.LENGTH - last, "S"))
            if n
        )
        text = word[at : at + self.LENGTH]
        return Read(name, chosen, mine[first][1], cigar, text, **more)

    @pytest.mark.parametrize("inserted", ["", "ACGTTGCAT"])
    def test_all_reads_of_a_junction_count(self, tmp_path, reference, inserted):
        junction = Junction.of(
            Breakend("chr1", 2000, LEFT), Breakend("chr2", 1500, RIGHT), reference, inserted
        )
        word = ONE[1850:2000] + inserted + TWO[1500:1650]
        places = [("chr1", p) for p in range(1850, 2000)] + [("", 0)] * len(inserted)
        places += [("chr2", p) for p in range(1500, 1650)]
        reads = [self.read(f"j{k}", word, places, k) for k in range(len(word) - self.LENGTH)]
        for name, text, pos in (("chr1", ONE, 2000), ("chr2", TWO, 1500)):
            starts = range(pos - 150, pos + 50)
            reads += [Read(f"{name}{s}", name, s, "100M", text[s : s + 100]) for s in starts]
        found = self.support(tmp_path, reference, junction, reads)
        assert found.alt / found.total == pytest.approx(0.5, abs=0.005)

    def test_fragments_of_a_duplication_hold_a_breakend_too(self, tmp_path, reference):
        """Of 120 bases, at both ends of which one mate ends where the other holds the junction."""
        junction = Junction.of(
            Breakend("chr1", 2000, RIGHT), Breakend("chr1", 2120, LEFT), reference
        )
        word = ONE[1600:2120] + ONE[2000:2500]
        places = [("a", p) for p in range(1600, 2120)] + [("b", p) for p in range(2000, 2500)]
        reads = []
        for k in range(len(word) - 250):
            for at, flag in ((k, PAIRED | FIRST), (k + 150, PAIRED | SECOND | REVERSE)):
                one = self.read(f"j{k}", word, places, at, flag=flag)
                reads.append(dataclasses.replace(one, contig="chr1"))
        for k in range(1600, 2500 - 250):
            for at, flag in ((k, PAIRED | FIRST), (k + 150, PAIRED | SECOND | REVERSE)):
                reads.append(Read(f"r{k}", "chr1", at, "100M", ONE[at : at + 100], flag=flag))
        found = self.support(tmp_path, reference, junction, reads)
        assert found.alt / found.total == pytest.approx(0.5, abs=0.02)


@pytest.fixture(scope="module")
def deleted(tmp_path_factory):
    """A deletion of 2,000 bases on half of the tumour's copies."""
    folder = tmp_path_factory.mktemp("deleted")
    fasta = write_reference(folder / "ref.fa", CONTIGS)
    bed = write_bed(folder / "targets.bed", [("chr1", 1500, 2500), ("chr1", 3500, 4500)])

    def plain(first, name):
        starts = [*range(first, first + 600, 6)]
        return [Read(f"{name}{s}", "chr1", s, "100M", ONE[s : s + 100]) for s in starts]

    usual = plain(1700, "a") + plain(3700, "b")
    carrying = [split(f"d{k}", 2000, k) for k in range(4, 98, 6)]
    tags = {r.name: f"chr1,4001,+,{r.name[1:]}S{100 - int(r.name[1:])}M,60,0;" for r in carrying}
    normal = write_bam(folder / "normal.bam", LENGTHS, usual)
    tumor = with_tags(write_bam(folder / "tumor.bam", LENGTHS, usual + carrying, "tumor"), tags)
    caller = Caller(Settings(str(fasta), str(bed), [str(tumor)], str(normal)))
    caller.run(str(folder / "out.vcf.gz"))
    return folder / "out.vcf.gz"


class TestCall:
    """From BAM to VCF."""

    def test_deletion(self, deleted):
        vcf = CallVcf(deleted)
        (one,) = vcf.junctions()
        assert (one.alt, one.pos, one.info["SVLEN"]) == ("<DEL>", 2000, -2000)
        assert one.info["END"] == 4000
        assert one.info["TYPE"] == "DEL"
        assert one.passed
        # One read starts at every sixth base of the reference, and of the junction.
        assert one.genotypes["tumor"].alt >= 14
        assert one.genotypes["tumor"].af == pytest.approx(0.5, abs=0.08)
        assert one.genotypes["normal"].alt == 0

    def test_limits_in_the_header(self, deleted):
        """Near the fewest fragments that are a candidate, in 95 % of draws; lower with depth."""
        with pysam.VariantFile(str(deleted)) as vcf:
            lines = {r.key: r.value for r in vcf.header.records if r.key.startswith("resistpanel")}
        pairs = [x.split(":") for x in lines["resistpanel_junction_lod_tumor"].split(",")]
        known = {int(depth): float(lod) for depth, lod in pairs if lod != "."}
        assert sorted(known, key=known.get, reverse=True) == sorted(known)
        # 6.3 fragments are expected where 3 are drawn in 95 %; more where more are needed.
        for depth in (500, 1000, 5000):
            assert 6.2 < known[depth] * depth < 25, known

    def test_other_readers_skip_it(self, deleted):
        assert all(not call.symbolic for call in CallVcf(deleted))
        assert list(CallVcf(deleted).at("chr1", 2000)) == []


@pytest.fixture(scope="module")
def hcc1954(tmp_path_factory):
    if not REAL.is_dir():
        pytest.skip(f"needs the real BAMs of {REAL}, which are not part of the project")
    bed = tmp_path_factory.mktemp("hcc1954") / "targets.bed"
    rows = [("8", 107652800, 107654200), ("11", 94975200, 94976400), ("11", 94987300, 94988600)]
    write_bed(bed, rows)
    fasta = REAL / "Homo_sapiens_assembly19.COST16011_region.fa.gz"
    out = bed.with_name("out.vcf.gz")
    bams = str(REAL / "HCC1954.bam"), str(REAL / "HCC1954_BL.bam")
    Caller(Settings(str(fasta), str(bed), [bams[0]], bams[1])).run(str(out))
    return out


class TestHcc1954:
    """Three junctions that Manta's demonstration reports; aligned without SA, 101-base reads."""

    def test_the_same_junctions(self, hcc1954):
        shown = [(c.chrom, c.pos, c.alt) for c in CallVcf(hcc1954).junctions() if c.passed]
        precise = [
            ("8", 107653411, "]11:94987872]T"),
            ("8", 107653518, "G]11:94975749]"),
            ("11", 94975749, "T]8:107653518]"),
            ("11", 94987872, "T[8:107653411["),
        ]
        assert [one for one in shown if one in precise] == precise
        rest = [one for one in shown if one not in precise]
        # Imprecise there, too: T]11:94987865] at 94975753, within 156 bases.
        assert [one[0] for one in rest] == ["11", "11"]
        assert abs(rest[0][1] - 94975753) < 156
        assert abs(rest[1][1] - 94987865) < 156

    def test_evidence(self, hcc1954):
        calls = CallVcf(hcc1954).junctions()
        assert len(calls) == 6
        for call in calls:
            assert call.genotypes["HCC1954 BL"].alt == 0
            assert call.genotypes["HCC1954"].alt >= 13
            assert call.genotypes["HCC1954"].detected
        exact = next(c for c in calls if c.pos == 107653518)
        assert (exact.info["HOMLEN"], exact.info["HOMSEQ"]) == (2, "AA")

    def test_nothing_else_passes(self, hcc1954):
        assert [call for call in CallVcf(hcc1954) if call.passed] == []


@pytest.mark.parametrize(
    ("inserted", "expected"),
    [
        (reverse(ONE[1040:1080]), True),
        (reverse(ONE[1040:1070]) + "ACGTTGCAACGTCA", True),
        (reverse(ONE[1040:1050]), False),
        (ONE[1000:1040], False),
        (reverse(TWO[1040:1080]), False),
        (reverse(ONE[3040:3080]), False),
    ],
)
def test_insertions_that_fold_back(reference, inserted, expected):
    """What is nearby on the other strand, in one piece for the most part."""
    allele = Allele("chr1", 1000, "", inserted)
    assert breakpoints.folds_back(allele, reference) == expected
