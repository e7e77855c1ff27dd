"""What the end of a primer makes of an allele beside it."""

import random

import numpy as np
import pytest
from callkit import FIRST, SECOND, Read, put, random_sequence, write_reference
from test_assays import BACKWARD, CONTIG, FORWARD, Lab, pair

from resistpanel.call.events.primer_ends import made_by_primers
from resistpanel.call.io.evidence import ROW, Candidate, Support
from resistpanel.call.io.primers import Primers
from resistpanel.core.allele import Allele
from resistpanel.core.reference import Reference

#: Bases at and behind the end of a primer at 300: no repeat can move what is lost there.
SEQUENCE = put(random_sequence(800, 8), 288, "GATCGTACGATCACGTTAGCATGACGTC")


def primers(left=(), right=()) -> Primers:
    """Return primers of 20 bases that end at (left), or begin at (right), some positions."""
    sides = []
    for starts in ([p - 20 for p in left], list(right)):
        first = np.array(sorted(starts), np.int32)
        sides.append({CONTIG: (first, first + 20)} if len(first) else {})
    return Primers("p.bed", *sides)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("ref") / "r.fa"
    return Reference(str(write_reference(path, {CONTIG: SEQUENCE})))


def candidate(pos: int, ref: str, alt: str, fragments: int) -> Candidate:
    support = Support(np.zeros(fragments, ROW), np.zeros((6, 8)))
    return Candidate(Allele(CONTIG, pos, ref, alt), [support])


def made(reference, given, *alleles):
    """Return, by (pos, ref, alt), how many times commoner the other allele is."""
    some = [candidate(*allele) for allele in alleles]
    found = made_by_primers(some, [0], given, reference)
    return {(*alleles[i][:3],): ratio for i, ratio in found.items()}


def test_the_part_of_a_deletion_beyond_a_primer(reference):
    whole = (294, SEQUENCE[294:306], "", 400)
    left, right = (300, SEQUENCE[300:306], "", 20), (294, SEQUENCE[294:300], "", 8)
    assert made(reference, primers(left=[300]), whole, left, right) == {left[:3]: 20}
    assert made(reference, primers(right=[300]), whole, left, right) == {right[:3]: 50}
    assert made(reference, primers(left=[294], right=[306]), whole, left, right) == {}
    assert made(reference, Primers("p.bed"), whole, left) == {}


def test_an_allele_that_lost_the_base_beside_a_primer(reference):
    inserted = (306, "", "TT", 300)
    ahead = (300, SEQUENCE[300:306], SEQUENCE[301:306] + "TT", 10)
    behind = (306, SEQUENCE[306:312], "TT" + SEQUENCE[306:311], 12)
    far = (303, SEQUENCE[303:306], SEQUENCE[304:306] + "TT", 10)
    given = primers(left=[300], right=[312])
    assert made(reference, given, inserted, ahead, behind, far) == {
        ahead[:3]: 30, behind[:3]: 25,
    }  # fmt: skip


def test_where_primers_are_unknown(reference):
    """They may end anywhere near the ends of the fragments."""
    whole, part = (294, SEQUENCE[294:306], "", 400), (300, SEQUENCE[300:306], "", 20)
    assert made(reference, None, whole, part) == {part[:3]: 20}
    some = [candidate(*allele) for allele in (whole, part)]
    some[1].support[0].rows["outer"][:3] = 50
    assert made_by_primers(some, [0], None, reference) == {}


def test_substitutions_make_nothing(reference):
    """A base lost beside a primer is not tied to an SNV nearby."""
    found = made(
        reference, primers(left=[300]), (303, SEQUENCE[303], "N", 400), (300, SEQUENCE[300], "", 5)
    )
    assert found == {}


def primer_bed(folder, rows):
    """Write a BED of primers (start, end, strand)."""
    bed = folder / "p.bed"
    bed.write_text("".join(f"{CONTIG}\t{a}\t{b}\tp\t0\t{s}\n" for a, b, s in rows))
    return bed


def deleted(name, sequence, start, end, gap, first, length=120):
    """Return both reads of a fragment from start to end that lacks the bases of a gap."""
    at, stop = gap
    bases = sequence[start:at] + sequence[stop:end]
    before = at - start
    n = min(length, len(bases))
    reads = []
    for begin, flag in ((0, FORWARD), (len(bases) - n, BACKWARD)):
        over = begin < before < begin + n
        cigar = f"{before - begin}M{stop - at}D{begin + n - before}M" if over else f"{n}M"
        pos = start + begin + (0 if begin < before else stop - at)
        which = FIRST if first == (flag == FORWARD) else SECOND
        reads.append(Read(name, CONTIG, pos, cigar, bases[begin : begin + n], flag | which))
    reads[0].mate, reads[1].mate = reads[1].pos, reads[0].pos
    return reads


@pytest.mark.parametrize("known", [True, False])
def test_filter(tmp_path, known):
    """Of a deletion over the end of a primer that amplicon's fragments show the rest."""
    sequence = put(random_sequence(1500, 12), 588, "GATCGTACGATCACGTTAGCATGACGTC")
    rng, reads = random.Random(4), []
    for n in range(600):
        first = bool(n % 2)
        if rng.random() < 0.4:
            reads += deleted(f"a{n}", sequence, 500, 628, (594, 606), first)
        else:
            reads += pair(f"a{n}", sequence, 500, 628, 120, first)
        if n % 30 == 0:
            reads += deleted(f"b{n}", sequence, 578, 780, (600, 606), first)
        else:
            reads += pair(f"b{n}", sequence, 578, 780, 120, first)
    bed = primer_bed(tmp_path, [(500, 522, "+"), (606, 628, "-"), (578, 600, "+"), (758, 780, "-")])
    lab = Lab(tmp_path, sequence, [(522, 758)])
    _, found = lab.call(lab.bam("T", reads), primers=str(bed) if known else None)
    lengths = {len(r.ref) - len(r.alt): r for r in found.values()}
    assert "primer_end" not in lengths[12].filters
    assert "primer_end" in lengths[6].filters


def inserted(name, sequence, start, end, at, word, first, length=150):
    """Return both reads of a fragment with a word before a base."""
    bases = sequence[start:at] + word + sequence[at:end]
    before, reads = at - start, []
    for begin, flag in ((0, FORWARD), (len(bases) - length, BACKWARD)):
        left, right = before - begin, begin + length - before - len(word)
        cigar = f"{left}M{len(word)}I{right}M"
        which = FIRST if first == (flag == FORWARD) else SECOND
        read = bases[begin : begin + length]
        reads.append(Read(name, CONTIG, start + begin, cigar, read, flag | which))
    reads[0].mate, reads[1].mate = reads[1].pos, reads[0].pos
    return reads


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("left", [True, False])
def test_a_duplication_that_begins_under_a_primer(tmp_path, left, known):
    """Wherever the aligner places it: four of its bases are the primer's, eight the sample's."""
    sequence = random_sequence(1500, 12)
    at = 530
    word = sequence[at - 12 : at]
    reads = []
    for n in range(600):
        if n % 20 < 3:
            place = at - 12 if left else at
            reads += inserted(f"a{n}", sequence, 500, 640, place, word, bool(n % 2), 150)
        else:
            reads += pair(f"a{n}", sequence, 500, 640, 140, bool(n % 2))
    bed = primer_bed(tmp_path, [(500, 522, "+"), (618, 640, "-")])
    lab = Lab(tmp_path, sequence, [(522, 618)])
    _, found = lab.call(lab.bam("T", reads), primers=str(bed) if known else None)
    (record,) = [r for r in found.values() if len(r.alt) - len(r.ref) == 12]
    assert record.filters == []
    assert record.samples[0]["AF"] == pytest.approx(0.15, abs=0.02)


def test_a_duplication_that_can_be_placed_under_a_primer(tmp_path):
    """The fragments without it say that it is not there: its frequency is not 1."""
    sequence = random_sequence(1500, 12)
    at, word = 640, sequence[640:690]
    reads = []
    for n in range(600):
        if n % 10 < 3:
            reads += inserted(f"a{n}", sequence, 500, 700, at, word[:45], bool(n % 2), 220)
        else:
            reads += pair(f"a{n}", sequence, 500, 700, 150, bool(n % 2))
    bed = primer_bed(tmp_path, [(500, 522, "+"), (678, 700, "-")])
    lab = Lab(tmp_path, sequence, [(522, 678)])
    _, found = lab.call(lab.bam("T", reads), primers=str(bed))
    (record,) = [r for r in found.values() if len(r.alt) - len(r.ref) == 45]
    assert record.samples[0]["AF"] == pytest.approx(0.3, abs=0.03)
