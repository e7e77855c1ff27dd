"""Raw reads with UMIs: a call in molecules."""

import random

import pysam
import pytest
from callkit import other, random_sequence, write_bed, write_reference
from hypothesis import example, given
from hypothesis import strategies as st

from resistpanel.call.caller import Caller, Settings
from resistpanel.call.header import parameters, warnings
from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.core.molecules import Molecules, umi_lengths
from resistpanel.core.umi import HALVES, umi_in_name
from resistpanel.qc.assay import describe, look, notes, text
from resistpanel.qc.assay_given import Given

CONTIG, LENGTH, START, END = "chr1", 60, 300, 420
SEQUENCE = random_sequence(900, 3)
POS = 360
ALT = other(SEQUENCE[POS])


def pairs(seed, molecules, mutated, umis=True):
    """Yield the reads of fragments: of each molecule one, or with UMIs one to four copies."""
    rng = random.Random(seed)
    for m in range(molecules):
        start, insert = rng.randrange(200, 350), rng.randrange(110, 150)
        halves = ["".join(rng.choices("ACGT", k=6)) for _ in range(2)]
        bases = list(SEQUENCE)
        if m < mutated:
            start = rng.randrange(POS - 55, POS - 10)
            bases[POS] = ALT
        for strand in rng.choice([(0,), (1,), (0, 1)]) if umis else (rng.randrange(2),):
            for k in range(rng.randrange(1, 4) if umis else 1):
                read = bases.copy()
                for p in range(start, start + insert):
                    if rng.random() < 0.0005:
                        read[p] = other(SEQUENCE[p], rng.randrange(1, 4))
                umi = "-".join(halves[::-1] if strand else halves) if umis else None
                yield from ends(f"m{m}.{strand}.{k}", start, insert, strand, "".join(read), umi)


def ends(name, start, insert, strand, bases, umi):
    """Yield the two reads of a fragment."""
    for side in range(2):
        at = start if side == 0 else start + insert - LENGTH
        read = pysam.AlignedSegment()
        read.query_name, read.reference_id, read.reference_start = name, 0, at
        read.query_sequence = bases[at : at + LENGTH]
        read.query_qualities = pysam.qualitystring_to_array("F" * LENGTH)
        read.cigarstring, read.mapping_quality = f"{LENGTH}M", 60
        read.flag = 3 | (16 if side else 32) | (64 if side == strand else 128)
        read.next_reference_id = 0
        read.next_reference_start = start if side else start + insert - LENGTH
        read.template_length = -insert if side else insert
        if umi:
            read.set_tag("RX", umi)
        yield read


def write(path, name, reads):
    """Write reads as a sorted, indexed BAM."""
    head = {"SQ": [{"SN": CONTIG, "LN": len(SEQUENCE)}], "RG": [{"ID": "1", "SM": name}]}
    with pysam.AlignmentFile(str(path), "wb", header=head) as out:
        for read in sorted(reads, key=lambda read: read.reference_start):
            out.write(read)
    pysam.index(str(path))
    return str(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Reference, targets; a normal without UMIs, a plasma of 900 molecules with 9 variant ones."""
    folder = tmp_path_factory.mktemp("umis")
    reads = list(pairs(2, 900, 9))
    for read in reads[:2]:
        read.set_tag("RX", None)
    return {
        "reference": str(write_reference(folder / "ref.fa", {CONTIG: SEQUENCE})),
        "targets": str(write_bed(folder / "t.bed", [(CONTIG, START, END)])),
        "normal": write(folder / "n.bam", "normal", pairs(1, 300, 0, umis=False)),
        "plasma": write(folder / "p.bam", "plasma", reads),
        "folder": folder,
    }


@pytest.fixture(scope="module")
def called(place):
    settings = Settings(
        place["reference"], place["targets"], [place["plasma"]], normal=place["normal"]
    )
    return Caller(settings).call()


def test_a_plasma_is_called_in_molecules_beside_a_normal_without_umis(called):
    assert [a.families for a in called.assays] == ["none", "duplex"]
    passed = [r for r in called.records if r.filters == ["PASS"] or not r.filters]
    found = [r for r in passed if (r.pos, r.alt) in ((POS, ALT), (POS + 1, ALT))]
    assert len(found) == 1
    head = parameters(called)
    counts = dict(pair.split(":") for pair in head["molecules_plasma"].split(","))
    assert 800 < int(counts["molecules"]) <= 901
    assert int(counts["fragments"]) > 2.4 * int(counts["molecules"])
    assert "molecules_normal" not in head
    (line,) = (line for line in warnings(called) if "UMI" in line)
    assert "p.bam: 2 of " in line and "have no UMI" in line
    assert len(passed) == 1


def test_depth_and_alleles_are_molecules(called):
    (candidate,) = (
        c for c in called.found.candidates if (c.allele.pos, c.allele.alt) == (POS, ALT)
    )
    normal, plasma = candidate.support
    assert 9 <= plasma.alt <= 11 and normal.alt == 0
    # 900 molecules, of 110 to 149 bases and with the middle left out, begin at 150 positions.
    assert 300 < plasma.total < 750


def test_errors_are_those_of_the_tiers(called):
    _, plasma = (model.quality for model in called.error_models)
    assert plasma[7] < 1e-5 < 3e-4 < plasma[4]


def test_none_switches_it_off(place):
    settings = Settings(place["reference"], place["targets"], [place["plasma"]], umi="none")
    caller = Caller(settings)
    assert (caller.assays[0].umi, caller.assays[0].families) == ("none", "none")


def test_what_is_detected_and_set(place):
    targets = [Target(CONTIG, START, END)]
    seen = look(place["plasma"], None, targets)
    assay = describe(seen)
    assert (assay.umi, assay.families) == ("RX", "duplex") and assay.molecular
    assert "UMI in tag RX, grouped into molecules of both strands" in text(assay)
    assert not [note for note in notes(assay) if "UMI" in note or "duplicate" in note]
    assert describe(seen, Given(umi="single")).families == "single"
    assert describe(seen, Given(umi="none")).families == "none"
    assert describe(seen, Given(reads="duplex")).families == "none"
    with pytest.raises(InputError, match="has a UMI"):
        look(place["normal"], None, targets, Given(umi="duplex"))


def test_consensus_reads_are_not_grouped_again(place):
    reads = list(pairs(5, 40, 0))
    for read in reads:
        read.set_tag("cD", 3)
    path = write(place["folder"] / "c.bam", "c", reads)
    assay = describe(look(path, None, [Target(CONTIG, START, END)], Given(umi="duplex")))
    assert (assay.consensus, assay.families) == ("fgbio", "none")


def test_consensus_reads_of_both_strands_have_either_orientation(place, tmp_path):
    """fgbio and fgumi write all of them as F1R2: damage of one strand would explain an allele."""
    reads = []
    for number, read in enumerate(pairs(5, 300, 0, umis=False)):
        duplex = number // 2 % 3 > 0
        first = read.is_read1 == (not read.is_reverse)
        if not first:
            read.flag ^= 192
        read.set_tag("cD", 3)
        read.set_tag("aD", 2 if duplex else 3)
        read.set_tag("bD", 1 if duplex else 0)
        reads.append(read)
    bam = write(tmp_path / "c.bam", "plasma", reads)
    caller = Caller(Settings(place["reference"], place["targets"], [bam], place["normal"]))
    caller.call()
    by_class = caller.error_counts[1].total.sum((0, 2))
    lower = by_class[3:].sum() / by_class.sum()
    # Half of the two thirds that are duplex.
    assert 0.25 < lower < 0.42


def test_the_command(place, capsys):
    out = place["folder"] / "o.vcf.gz"
    status = main(
        ["call", "--reference", place["reference"], "--targets", place["targets"], "--tumor",
         place["plasma"], "--umi", "single", "--output", str(out)]
    )  # fmt: skip
    assert status == 0
    with pysam.VariantFile(str(out)) as vcf:
        head = str(vcf.header)
    assert "families:single" in head and "##resistpanel_molecules_plasma=reads:" in head
    assert "have no UMI" in capsys.readouterr().err


def test_an_amplicon_of_few_molecules(tmp_path):
    """Copies of 40 molecules, nearly all flagged: the molecules begin at one base."""
    rng = random.Random(5)
    reads = []
    for m in range(40):
        umi = "".join(rng.choices("ACGT", k=12))
        reads += [read for k in range(9) for read in ends(f"m{m}.{k}", 300, 140, 0, SEQUENCE, umi)]
    for read in reads[2:]:
        read.flag |= 1024
    seen = look(write(tmp_path / "s.bam", "s", reads), None, [Target(CONTIG, START, END)])
    found = describe(seen)
    assert (found.library, found.library_sure, found.families) == ("amplicon", True, "single")


BASES = st.text("ACGTN", min_size=3, max_size=12)


@given(
    st.sampled_from(["I:1:FC:3:1101:5:7", "read5", "I:1:FC:3:1101:5:7:8,8"]),
    st.sampled_from(":_|"),
    BASES,
    st.one_of(st.just(""), st.tuples(st.sampled_from("-+_,.|"), BASES).map("".join)),
    st.sampled_from(["", ",", ",."]),
)
def test_names_as_the_fastq_reader_has_them(start, before, first, second, end):
    name = start + before + first + second + end
    umi = umi_in_name(name)
    assert umi == first + second
    assert umi_lengths(name) == tuple(len(half) for half in HALVES.split(umi))


@given(st.text("ACGTr:_|,.+-5/ ", max_size=20))
@example("1|ACGT|TTGA")
@example("1|ACGT|TTGA|")
def test_any_name(text):
    name = "x" + text
    assert (umi_in_name(name) is None) == (umi_lengths(name) == ())


def test_reads_that_are_consensuses_already(tmp_path):
    """Of umiVar: DP copies, the two strands apart; halves of the UMI swapped."""
    rng, reads = random.Random(6), []
    for m in range(30):
        one, two = ("".join(rng.choices("ACGT", k=8)) for _ in range(2))
        for strand, umi in ((0, f"{one},{two}"), (1, f"{two},{one}"))[: 1 + m % 2]:
            for read in ends(f"m{m}.{strand}:8,8:{umi}", 280 + m, 140, strand, SEQUENCE, None):
                read.set_tag("DP", 5)
                read.set_tag("YC", "26,133,255", "Z")
                reads.append(read)
    stream = Molecules(write(tmp_path / "s.bam", "s", reads)).by("name", "duplex")
    reads = list(stream.fetch(CONTIG, START, END))
    found = {tuple(read.get_tag(tag) for tag in ("cD", "aD", "bD")) for read in reads}
    assert found == {(5, 5, 0), (10, 5, 5)}
    counts = stream.counts()
    assert (counts["molecules"], counts["duplex"]) == (30, 15)
    assert counts["sizes"][[5, 10]].tolist() == [15, 15]
