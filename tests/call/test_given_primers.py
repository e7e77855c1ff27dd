"""Whether the primers that are given are those of the library, and the library that is set."""

import random

import pysam
import pytest
from callkit import other, random_sequence
from test_assays import AMPLICONS, CONTIG, Lab, Tagged, amplicons, fragments, pair

from resistpanel.call.io.ends import SLACK
from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.core.reference import Reference
from resistpanel.qc.assay import UnfitReads, describe, line, look, notes, one_sided, text
from resistpanel.qc.assay_given import Given
from resistpanel.qc.primers import include_primers, read_primers
from resistpanel.qc.qc_constants import LEAST_BEGINNINGS, PRIMER_SLACK

SEQUENCE = random_sequence(3000, 5)
LENGTH = 22
INSERTS = [(start + LENGTH, end - LENGTH) for start, end in AMPLICONS]
ROWS = [
    row
    for start, end in AMPLICONS
    for row in ((start, start + LENGTH, "+"), (end - LENGTH, end, "-"))
]


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path, SEQUENCE, INSERTS)


def bed(lab, rows=ROWS, name="primers"):
    """Write a BED of primers."""
    path = lab.folder / f"{name}.bed"
    lines = [f"{CONTIG}\t{a}\t{b}\tp{k}\t0\t{strand}\n" for k, (a, b, strand) in enumerate(rows)]
    path.write_text("".join(lines))
    return str(path)


def seen(lab, reads, primers, **given):
    """Return the assay of reads."""
    return assay_of(lab, lab.bam("T", reads), primers=primers, **given)


def assay_of(lab, path, **given):
    """Return the assay of a BAM or CRAM."""
    targets, given = [Target(CONTIG, *t) for t in INSERTS], Given(**given)
    return describe(look(path, lab.reference, targets, given), given)


def panel(depth=60, only=None, length=100):
    """Return reads of the amplicons."""
    return amplicons(SEQUENCE, "T", depth, [], random.Random(2), only=only, length=length)


def test_primers_of_the_library(lab):
    assay = seen(lab, panel(), bed(lab))
    assert (assay.in_primers, assay.behind_primers) == (1, 0)
    assert "primers given (100 % of the reads begin in one)" in text(assay)
    assert line(assay).endswith("primers:given,in_primers:1.000,behind_primers:0.000")
    assert not any("primer" in note for note in notes(assay))
    # What call takes for a primer's read.
    assert PRIMER_SLACK == SLACK


WRONG = {
    "another build": [(a + 1061, b + 1061, s) for a, b, s in ROWS[:10]],
    "strands exchanged": [(a, b, "+-"[s == "+"]) for a, b, s in ROWS],
    "shifted by 31": [(a + 31, b + 31, s) for a, b, s in ROWS],
    "shifted by their length": [(a + LENGTH + 4, b + LENGTH + 4, s) for a, b, s in ROWS],
}


@pytest.mark.parametrize("rows", WRONG.values(), ids=WRONG.keys())
def test_primers_of_something_else_are_refused(lab, rows, capsys):
    """Another build, exchanged strands, shifted coordinates."""
    primers, path = bed(lab, rows), lab.bam("T", panel())
    with pytest.raises(
        UnfitReads, match=r"primers.bed: does not hold the primers of sample T \(.*T.bam"
    ):
        assay_of(lab, path, primers=primers)
    output = lab.folder / "out.vcf.gz"
    words = ["--reference", str(lab.reference), "--targets", str(lab.targets), "--tumor", path]
    assert main(["call", *words, "--primers", primers, "--output", str(output)]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert "0 % of 1200 reads begin in one or just behind one" in error
    assert "give primers of the same build" in error
    assert not output.exists()


@pytest.mark.parametrize("shift", [-26, -22, -15, -4, 4, 15, 22, 26])
def test_primers_shifted_by_less_than_their_length_fit_one_strand(lab, shift):
    """Whichever strand is read more."""
    rows = [(a + shift, b + shift, s) for a, b, s in ROWS]
    reads = panel() + [r for r in panel(500, only=AMPLICONS[:5]) if r.flag & 16 == 16 * (shift > 0)]
    try:
        assay = seen(lab, reads, bed(lab, rows))
    except UnfitReads:
        assert abs(shift) > LENGTH + PRIMER_SLACK
        return
    assert assay.in_primers + assay.behind_primers == pytest.approx(0.5, abs=0.01)
    assert "trimmed" not in text(assay)
    (note,) = (note for note in notes(assay) if "primer" in note)
    assert "are its coordinates those of the library" in note


def test_primers_of_a_capture_library_are_refused(lab):
    """In a dense panel half of the reads begin in a primer by chance."""
    rng = random.Random(7)
    reads = fragments(SEQUENCE, "T", 2000, (500, 2400), rng, 1e-4)
    with pytest.raises(UnfitReads, match=r"if the sample is of hybrid capture, or "):
        seen(lab, reads, bed(lab))
    dense = [(a, a + 22, s) for a in range(400, 2600, 50) for s in "+-"]
    with pytest.raises(UnfitReads, match=r"5[0-9] % of .* 5[0-9] % would by chance"):
        seen(lab, reads, bed(lab, dense))


def test_an_incomplete_list_is_noted(lab):
    assay = seen(lab, panel(), bed(lab, ROWS[:8]))
    assert assay.in_primers == pytest.approx(0.4, abs=0.001)
    (note,) = (note for note in notes(assay) if "primer" in note)
    assert note.startswith("40 % of the reads begin in a primer that is given")
    # One of ten is not there, or two of ten.
    for rows, number in ((ROWS[2:], 0), (ROWS[6:], 1)):
        noted = [note for note in notes(seen(lab, panel(), bed(lab, rows))) if "primer" in note]
        assert len(noted) == number


def test_primers_that_were_trimmed(lab):
    """They are no evidence whether they are given or not, and nothing is warned of."""
    pos = INSERTS[3][0] + 30
    variant = (pos, other(SEQUENCE[pos]), 0.2)
    reads = amplicons(SEQUENCE, "T", 200, [variant], random.Random(4), only=INSERTS, length=81)
    path, primers = lab.bam("T", reads), bed(lab)
    assay = assay_of(lab, path, primers=primers)
    assert (assay.in_primers, assay.behind_primers) == (0, 1)
    assert "primers already trimmed (100 % of the reads begin behind one)" in text(assay)
    assert not any("primer" in note for note in notes(assay))
    known, unknown = (lab.call(path, primers=given)[1] for given in (primers, None))
    assert list(known) == list(unknown)
    key = pos + 1, SEQUENCE[pos], variant[1]
    assert known[key].filters == []
    assert known[key].samples[0]["AD"] == unknown[key].samples[0]["AD"]


def test_mates_of_which_one_was_trimmed(lab):
    reads = panel()
    for read in reads:
        if read.flag & 128:  # the second
            cut = read.sequence[LENGTH:] if not read.flag & 16 else read.sequence[:-LENGTH]
            read.pos += 0 if read.flag & 16 else LENGTH
            read.sequence, read.cigar = cut, f"{len(cut)}M"
    assay = seen(lab, reads, bed(lab))
    assert (assay.in_primers, assay.behind_primers) == (0.5, 0.5)
    assert "primers given (50 % of the reads begin in one, 50 % behind one)" in text(assay)
    assert not any("primer" in note for note in notes(assay))


@pytest.mark.parametrize("umi", [False, True])
def test_one_primer_a_target(tmp_path, umi):
    """The other read of each pair begins anywhere; of molecules, fewer pairs show that."""
    number, longest = (150, 600) if umi else (900, 260)
    span = (420, 980)
    lab, rng, reads = Lab(tmp_path, SEQUENCE, [span]), random.Random(6), []
    for n in range(number):
        start = 1000 - rng.randrange(120, longest)
        both = pair(f"r{n}", SEQUENCE, start, 1000, 100, False)
        both[0].template, both[1].template = 1000 - start, start - 1000
        tag = "RX:Z:" + "".join(rng.choices("ACGT", k=8))
        reads += [Tagged(**vars(r), tags=tag) for r in both] if umi else both
    given = Given(primers=bed(lab, [(978, 1000, "-"), (100, 122, "+")]))
    found = look(lab.bam("S", reads), lab.reference, [Target(CONTIG, *span)], given)
    assay = describe(found, given)
    assert (assay.umi, found.grouped) == (("RX", True) if umi else ("none", False))
    assert one_sided(found) is not umi
    assert assay.in_primers > 0.99
    assert not any("primer" in note for note in notes(assay))


@pytest.mark.parametrize("kind", ["umi", "synthesis", "single", "off target", "few amplicons"])
def test_libraries_whose_reads_begin_elsewhere_now_and_then(lab, kind):
    rng = random.Random(3)
    reads = panel()
    if kind == "umi":  # of ten bases in front of the primer, which the aligner clips
        for read in reads:
            umi = "".join(rng.choices("ACGT", k=10))
            kept = read.sequence[:90] if not read.flag & 16 else read.sequence[-90:]
            read.sequence, read.cigar = umi + kept, "10S90M"
            if read.flag & 16:
                read.pos += 10
                read.sequence, read.cigar = kept + umi, "90M10S"
    elif kind == "synthesis":  # primers a base or two short
        for read in reads:
            lost = rng.choice((0, 0, 1, 2))
            read.pos += 0 if read.flag & 16 else lost
            read.sequence = read.sequence[: 100 - lost]
            if not read.flag & 16:
                read.sequence = SEQUENCE[read.pos : read.pos + 100 - lost]
            read.cigar = f"{100 - lost}M"
    elif kind == "single":
        reads = [r for r in reads if r.flag & 64]
        for read in reads:
            read.flag &= 16
    elif kind == "off target":
        reads += fragments(SEQUENCE, "o", 12, (500, 2400), rng, 0)
    else:
        reads = panel(only=AMPLICONS[:3]) + panel(1, only=AMPLICONS[3:])
    assay = seen(lab, reads, bed(lab))
    assert assay.in_primers > 0.97
    assert not any("primer" in note for note in notes(assay))


def test_few_reads_say_nothing(lab):
    """A sample without DNA does not stop a run."""
    reads = panel(1)[: LEAST_BEGINNINGS - 2]
    assay = seen(lab, reads, bed(lab, WRONG["shifted by 31"]))
    assert (assay.primers, assay.in_primers, assay.behind_primers) == (True, None, None)
    assert "primers given, " in text(assay)


def test_cram(lab):
    bam = lab.bam("T", panel())
    cram = str(lab.folder / "T.cram")
    words = ["-C", "-T", str(lab.reference), "-o", cram, bam]
    pysam.samtools.view(*words, catch_stdout=False)
    pysam.samtools.index(cram)
    assert assay_of(lab, cram, primers=bed(lab)).in_primers == 1


class TestLibrary:
    """A library that is set, and reads that show the other one."""

    def test_amplicons_set_to_capture(self, lab):
        """Marking duplicates would flag almost all of their reads."""
        assay = seen(lab, panel(300), None, library="capture")
        assert (assay.library, assay.detected) == ("capture", "amplicon")
        (note,) = notes(assay)
        assert note.startswith("the library is set to `capture`, but the reads begin at a few")
        assert "with probability 1.00): set `assay: {library: amplicon}`" in note
        assert "markdup" not in note
        # And where they were marked already: flags are respected, as the user says.
        path, marked = lab.bam("M0", panel(300)), str(lab.folder / "M.bam")
        begun = set()
        with (
            pysam.AlignmentFile(path) as source,
            pysam.AlignmentFile(marked, "wb", template=source) as out,
        ):
            for read in source:
                key = (read.reference_start, read.is_reverse)
                read.is_duplicate = key in begun
                begun.add(key)
                out.write(read)
        pysam.index(marked)
        assay = assay_of(lab, marked, library="capture")
        assert (assay.reads, assay.detected) == ("marked", "amplicon")
        assert [n[:31] for n in notes(assay)] == ["the library is set to `capture`"]
        # Primers are said to be given, whatever the library.
        assay = seen(lab, panel(300), bed(lab), library="capture")
        assert "hybrid capture, raw reads, no UMI, primers given (100 %" in text(assay)

    def test_capture_set_to_amplicons(self, lab):
        reads = fragments(SEQUENCE, "T", 2000, (500, 2400), random.Random(7), 1e-4)
        assay = seen(lab, reads, None, library="amplicon")
        (note,) = notes(assay)
        assert note.startswith("the library is set to `amplicon`, but the reads begin at random")

    def test_as_set(self, lab):
        assay = seen(lab, panel(300), bed(lab), library="amplicon")
        assert list(notes(assay)) == []

    def test_amplicons_without_primers(self, lab, capsys):
        """The key of the configuration is named, too."""
        path = lab.bam("T", panel(300))
        (note,) = notes(assay_of(lab, path))
        assert note.startswith("the primers of the amplicons are not given")
        assert "set `assay: {primers: primers.bed}`, on the command line --primers" in note
        output = str(lab.folder / "out.vcf.gz")
        words = ["--reference", str(lab.reference), "--targets", str(lab.targets), "--tumor", path]
        assert main(["call", *words, "--output", output]) == 0
        assert note in capsys.readouterr().err


class TestTargets:
    def test_that_are_the_primers(self, lab):
        primers = bed(lab)
        for rows, refused in ((ROWS, True), ([*AMPLICONS[:6], *ROWS[:5]], False)):
            targets = [Target(CONTIG, *row[:2]) for row in rows]
            given = Given(primers=primers)
            path = lab.bam("T", panel())
            if not refused:
                assert look(path, lab.reference, targets, given).beginnings.inside.sum()
                continue
            with pytest.raises(
                InputError, match=r"--targets: 20 of 20 targets are primers of .*bed"
            ):
                look(path, lab.reference, targets, given)

    def test_that_include_the_primers(self, lab):
        primers = read_primers(bed(lab), Reference(lab.reference))
        for rows, expected in ((AMPLICONS, True), (INSERTS, False), (ROWS, False)):
            targets = [Target(CONTIG, *row[:2]) for row in rows]
            assert include_primers(primers, targets) is expected


def test_contigs_named_without_chr(lab):
    """As the targets are."""
    path = lab.folder / "p.bed"
    path.write_text("1\t500\t522\ta\t0\t+\n1\t603\t625\tb\t0\t-\n")
    left, *_ = read_primers(str(path), Reference(lab.reference)).of(CONTIG)
    assert list(left) == [500]


def test_primers_behind_a_umi_are_no_evidence(lab):
    """The UMI in front of the primer is clipped: the fragment begins at the primer all the same."""
    rng, reads = random.Random(5), []
    pos = AMPLICONS[2][0] + 10
    variant = (pos, other(SEQUENCE[pos]), 0.4)
    for read in amplicons(SEQUENCE, "T", 300, [variant], rng, only=AMPLICONS[:4], length=110):
        umi = "".join(rng.choices("ACGT", k=10))
        if read.flag & 16:
            read.sequence, read.cigar = read.sequence + umi, "110M10S"
        else:
            read.sequence, read.cigar = umi + read.sequence, "10S110M"
        reads.append(read)
    path = lab.bam("T", reads)
    key = pos + 1, SEQUENCE[pos], variant[1]
    assert key in lab.call(path, padding=40)[1]
    assert key not in lab.call(path, padding=40, primers=bed(lab))[1]
