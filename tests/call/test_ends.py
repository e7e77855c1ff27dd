"""Inserts shorter than their reads: what lies past the mate's start is no evidence of any kind."""

import numpy as np
import pytest
from callkit import (
    FIRST,
    MATE_REVERSE,
    PAIRED,
    PROPER,
    REVERSE,
    SECOND,
    Read,
    random_sequence,
    write_bam,
    write_reference,
)

from resistpanel.call.candidates.clips import clipped
from resistpanel.call.io.collection import settle
from resistpanel.call.io.evidence import pile
from resistpanel.call.io.reader import Reader
from resistpanel.call.io.regions import chunks
from resistpanel.core.reference import Reference

CONTIG, LENGTH = "chr1", 100
START, END = 200, 260
OVER = LENGTH - (END - START)
SEQUENCE = random_sequence(700, 41)
FORWARD, BACKWARD = PAIRED | PROPER | MATE_REVERSE, PAIRED | PROPER | REVERSE
MATE_UNMAPPED = 8
TRUSEQ = "AGATCGGAAGAGCACACGTCTGAACTCCAGTCACATCACGA"
COMPLEMENT = str.maketrans("ACGT", "TGCA")
#: Behind the insert, as if it were the reference after a deletion, and before one.
AFTER, BEFORE = SEQUENCE[END + 25 : END + 25 + OVER], SEQUENCE[START - 25 - OVER : START - 25]
INSERT = SEQUENCE[START:END]


def mates(n, one, two, flip):
    """Return a pair of which each is (position, CIGAR, bases)."""
    flags = (SECOND, FIRST) if flip else (FIRST, SECOND)
    return [
        Read(f"r{n}", CONTIG, *one, FORWARD | flags[0], mate=two[0]),
        Read(f"r{n}", CONTIG, *two, BACKWARD | flags[1], mate=one[0]),
    ]


PAIRS = {
    "aligned": ((START, "100M", INSERT + AFTER), (START - OVER, "100M", BEFORE + INSERT)),
    "soft clips": ((START, "60M40S", INSERT + AFTER), (START, "40S60M", BEFORE + INSERT)),
    "one base aligned": (
        (START, "61M39S", INSERT + AFTER), (START - 1, "39S61M", BEFORE + INSERT)
    ),
    "one mate clipped": ((START, "100M", INSERT + AFTER), (START, "40S60M", BEFORE + INSERT)),
    "a deletion made of it": (
        (START, "60M25D40M", INSERT + AFTER), (START - 65, "40M25D60M", BEFORE + INSERT)
    ),
    "an insertion made of it": (
        (START, "60M8I32M", INSERT + AFTER), (START - 32, "32M8I60M", BEFORE + INSERT)
    ),
    "hard clips": ((START, "60M40H", INSERT), (START, "40H60M", INSERT)),
    "one mate hard-clipped": ((START, "60M40S", INSERT + AFTER), (START, "40H60M", INSERT)),
    "one mate of one base less": (
        (START, "60M39S", (INSERT + AFTER)[:99]), (START, "40S60M", BEFORE + INSERT)
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return write_reference(tmp_path_factory.mktemp("ends") / "ref.fa", {CONTIG: SEQUENCE})


def settled(folder, reference, reads):
    """Return the reads once adapters are cut off, their pile, and the alleles of their clips."""
    path = write_bam(folder / "T.bam", {CONTIG: len(SEQUENCE)}, reads)
    (chunk,) = chunks([(CONTIG, 50, 600)])
    fasta = Reference(reference)
    codes = fasta.codes(CONTIG, 50, 600)
    found = Reader(path, [(CONTIG, 50, 600)]).next_chunk(CONTIG, 50, 600)
    cut = settle(found, CONTIG, (codes, 50), None)
    piled = pile(found, chunk, codes)
    alleles, _, _ = clipped([found], chunk, piled.total, fasta, 15)
    return cut, found, piled, alleles, codes


def assert_only_the_insert(piled, alleles, codes, depth, span=(START, END)):
    inside = np.zeros(len(codes), bool)
    inside[span[0] - 50 : span[1] - 50] = True
    assert (piled.total[inside] == depth).all()
    assert (piled.total[~inside] == 0).all()
    shown = piled.counts.copy()
    shown[np.arange(len(codes)), codes] = 0
    assert shown.sum() == 0
    assert len(piled.indels) == 0
    assert alleles == {}


@pytest.mark.parametrize("flip", [False, True], ids=["F1R2", "F2R1"])
@pytest.mark.parametrize("name", PAIRS)
def test_past_the_mates_start_is_no_evidence(tmp_path, reference, name, flip):
    """Even where what is read there is the reference nearby: an indel, by all that a read shows."""
    reads = [read for n in range(20) for read in mates(n, *PAIRS[name], flip)]
    cut, found, piled, alleles, codes = settled(tmp_path, reference, reads)
    assert_only_the_insert(piled, alleles, codes, 20)
    assert not found.table["lclip"].any() and not found.table["rclip"].any()
    hard = sum("H" in cigar for _, cigar, _ in PAIRS[name])
    assert cut == 20 * (2 - hard)


def test_reads_hard_clipped_at_their_primers(tmp_path, reference):
    """Their first bases are gone: what the mate shows of them goes as well."""
    one = START + 6, "6H54M40S", INSERT[6:] + AFTER
    two = START, "40S54M6H", BEFORE + INSERT[:54]
    reads = [read for n in range(20) for read in mates(n, one, two, n % 2)]
    _, _, piled, alleles, codes = settled(tmp_path, reference, reads)
    assert_only_the_insert(piled, alleles, codes, 20, (START + 6, END - 6))


@pytest.mark.parametrize("flip", [False, True], ids=["F1R2", "F2R1"])
def test_indels_of_a_short_insert_stay(tmp_path, reference, flip):
    """A deletion of 5 bases that both mates show, adapters behind."""
    insert = INSERT[:30] + INSERT[35:]
    over = LENGTH - len(insert)
    after, before = SEQUENCE[300 : 300 + over], SEQUENCE[100 : 100 + over]
    one = START, f"30M5D25M{over}S", insert + after
    two = START, f"{over}S30M5D25M", before + insert
    reads = [read for n in range(20) for read in mates(n, one, two, flip)]
    cut, found, piled, alleles, _ = settled(tmp_path, reference, reads)
    assert cut == 40 and alleles == {} and len(piled.indels) > 0
    assert set(found.table["end"]) == {END} and set(found.table["pos"]) == {START}


@pytest.mark.parametrize("side", ["forward", "reverse"])
@pytest.mark.parametrize("paired", [True, False], ids=["mate unmapped", "single"])
def test_an_adapter_without_a_mate_spells_no_allele(tmp_path, reference, side, paired):
    """The mate's start is not known: the clip is there, but is like nothing nearby."""
    tail = TRUSEQ[:OVER]
    if side == "forward":
        place, flag = (START, "60M40S", INSERT + tail), 0
    else:
        place, flag = (START, "40S60M", tail.translate(COMPLEMENT)[::-1] + INSERT), REVERSE
    if paired:
        flag |= PAIRED | FIRST | MATE_UNMAPPED
    reads = [Read(f"r{n}", CONTIG, *place, flag) for n in range(20)]
    cut, _, piled, alleles, codes = settled(tmp_path, reference, reads)
    assert cut == 0
    assert_only_the_insert(piled, alleles, codes, 20)


@pytest.mark.parametrize("flip", [False, True], ids=["F1R2", "F2R1"])
def test_mates_on_either_side_of_a_duplication_have_no_adapter(tmp_path, reference, flip):
    """Of 200 bases, begun in either copy, as if the insert were 40 bases."""
    copy = SEQUENCE[200:400]
    one = 340, "60M40S", (copy + copy)[140:240]
    two = 280, "100M", (copy + copy)[280:380]
    reads = [read for n in range(20) for read in mates(n, one, two, flip)]
    cut, found, _, _, _ = settled(tmp_path, reference, reads)
    assert cut == 0
    assert set(found.table["length"]) == {100}


def test_the_clipped_end_of_a_duplication_is_no_other_product(tmp_path, reference):
    """Forward reads that are aligned at the second copy seem to begin 30 bases before it all."""
    copy = SEQUENCE[224:254]
    tumour = SEQUENCE[200:254] + copy + SEQUENCE[254:374]
    plain = (200, "100M", SEQUENCE[200:300]), (274, "100M", SEQUENCE[274:374])
    other = (224, "54S46M", tumour[:100]), (274, "100M", SEQUENCE[274:374])
    reads = [read for n in range(60) for read in mates(n, *plain, n % 2)]
    reads += [read for n in range(60, 80) for read in mates(n, *other, n % 2)]
    path = write_bam(tmp_path / "T.bam", {CONTIG: len(SEQUENCE)}, reads)
    found = Reader(path, [(CONTIG, 50, 600)]).next_chunk(CONTIG, 50, 600)
    settle(found, CONTIG, (np.zeros(0, np.uint8), 50), None, amplicons=True)
    assert found.table["low"].max() < 200 and found.table["high"].min() > 374
