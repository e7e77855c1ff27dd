"""Grouping of fragments into molecules by their UMIs, and their consensus."""

import random
from collections import defaultdict

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.core.molecules import Molecules

SEQUENCE = "".join(random.Random(7).choices("ACGT", k=3000))
LENGTH, Q = 50, 37
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def bam(path, pairs, shuffle=None):
    """Write pairs as a sorted, indexed BAM.

    A pair is a dict of name, start, insert, umi (None: no tag), and optionally strand ("A": read 1
    is forward), changed ({(side, offset on the reference): base}), quality ({(side, offset): Q}),
    gap (side, offset, CIGAR), flag (added), mc (False: no tag MC), single, length.
    """
    header = {"SQ": [{"SN": "c", "LN": len(SEQUENCE)}], "RG": [{"ID": "s", "SM": "s"}]}
    reads = []
    for pair in pairs:
        reads += list(records(pair))
    if shuffle is not None:
        random.Random(shuffle).shuffle(reads)
    reads.sort(key=lambda read: read.reference_start)
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for read in reads:
            out.write(read)
    pysam.index(str(path))
    return path


def records(pair):
    """Yield the two reads of a pair, or the one of a single one."""
    length = pair.get("length", LENGTH)
    start, end = pair["start"], pair["start"] + pair["insert"]
    places = [start, end - length]
    cigars = [f"{length}M"] * 2
    if "gap" in pair:
        side, cigar = pair["gap"]
        cigars[side] = cigar
    for side in range(1 if pair.get("single") else 2):
        read = pysam.AlignedSegment()
        read.query_name = pair["name"]
        bases = list(SEQUENCE[places[side] : places[side] + length])
        quals = [Q] * length
        for (where, offset), base in pair.get("changed", {}).items():
            if where == side:
                bases[offset] = base
        for (where, offset), q in pair.get("quality", {}).items():
            if where == side:
                quals[offset] = q
        read.query_sequence = "".join(bases)
        read.query_qualities = pysam.qualitystring_to_array("".join(chr(q + 33) for q in quals))
        read.reference_id = 0
        read.reference_start = places[side]
        read.cigarstring = cigars[side]
        read.mapping_quality = 60
        first = (pair.get("strand", "A") == "A") == (side == 0)
        read.flag = 16 * side | pair.get("flag", 0)
        if not pair.get("single"):
            read.flag |= 3 | 32 * (1 - side) | (64 if first else 128)
            read.next_reference_id = 0
            read.next_reference_start = places[1 - side]
            read.template_length = pair["insert"] * (1 - 2 * side)
            if pair.get("mc", True):
                read.set_tag("MC", cigars[1 - side])
        if pair.get("umi") is not None:
            read.set_tag(pair.get("tag", "RX"), pair["umi"])
        yield read


def molecules(path, source="RX", families="duplex", region=("c", 0, 3000)):
    """Return the records of the molecules, by name, and the opened stream."""
    stream = Molecules(str(path)).by(source, families, trace=True)
    found = defaultdict(list)
    last = -1
    for read in stream.fetch(*region):
        assert read.reference_start >= last
        last = read.reference_start
        found[read.query_name].append(
            (
                read.reference_start,
                read.flag,
                read.cigarstring,
                read.query_sequence,
                tuple(read.query_qualities),
                read.get_tag("cD"),
                read.get_tag("aD"),
                read.get_tag("bD"),
            )
        )
    return dict(found), stream


def grouped(stream):
    """Return the molecules as a set of sets of hashes of fragments."""
    made = defaultdict(set)
    for fragment, molecule in stream.members().tolist():
        made[molecule].add(fragment)
    return {frozenset(some) for some in made.values()}


def copies(n, name="m", **pair):
    return [{"name": f"{name}{k}", "start": 500, "insert": 160, "umi": "ACGT-TTGA"} | pair
            for k in range(n)]  # fmt: skip


def test_copies_of_one_molecule_are_one(tmp_path):
    found, stream = molecules(bam(tmp_path / "a.bam", copies(3)))
    ((name, ends),) = found.items()
    assert [end[0] for end in ends] == [500, 610]
    assert all(end[5:] == (3, 3, 0) for end in ends)
    assert ends[0][3] == SEQUENCE[500:550]
    counts = stream.counts()
    assert (counts["reads"], counts["fragments"], counts["molecules"]) == (6, 3, 1)
    assert counts["sizes"][3] == 1
    assert name in {"m0", "m1", "m2"}


def test_other_ends_or_another_umi_are_other_molecules(tmp_path):
    pairs = copies(2) + copies(1, "n", start=501) + copies(1, "o", insert=161)
    pairs += copies(1, "p", umi="CATT-GGGA")
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    assert sorted(ends[0][5] for ends in found.values()) == [1, 1, 1, 2]


def test_a_single_molecule_keeps_its_reads(tmp_path):
    changed = {(0, 3): "A" if SEQUENCE[503] != "A" else "C"}
    pairs = copies(1, changed=changed, quality={(0, 5): 8})
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    (ends,) = found.values()
    assert ends[0][3][3] == changed[0, 3]
    assert ends[0][4][5] == 8 and ends[0][4][6] == Q


@pytest.mark.parametrize("mc", [True, False])
def test_strands_are_paired_by_swapped_halves(tmp_path, mc):
    pairs = copies(2, mc=mc) + copies(1, "b", strand="B", umi="TTGA-ACGT", mc=mc)
    pairs += copies(1, "c", strand="B", umi="ACGT-TTGA", mc=mc)  # not swapped: another molecule
    found, stream = molecules(bam(tmp_path / "a.bam", pairs))
    assert sorted(ends[0][5:] for ends in found.values()) == [(1, 0, 1), (3, 2, 1)]
    assert stream.counts()["duplex"] == 1
    found, stream = molecules(bam(tmp_path / "a.bam", pairs), families="single")
    assert sorted(ends[0][5:] for ends in found.values()) == [(1, 0, 1), (1, 0, 1), (2, 2, 0)]


def test_duplex_molecules_have_either_orientation(tmp_path):
    pairs = []
    for m in range(60):
        umi = f"{''.join(random.Random(m).choices('ACGT', k=6))}-TTGACC"
        one = {"start": 300 + 20 * m, "umi": umi}
        other = one | {"umi": "-".join(umi.split("-")[::-1]), "strand": "B"}
        pairs += copies(1, f"{m}a", **one) + copies(2, f"{m}b", **other)
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    assert len(found) == 60
    first = []
    for left, right in found.values():
        assert (left[1] ^ right[1]) & 192 == 192
        assert left[6:] == right[6:] == (1, 2)
        first.append(bool(left[1] & 64))
    # F1R2 as often as F2R1: damage of one strand would else explain what both show.
    assert 15 < sum(first) < 45


def test_mates_of_a_duplex_stay_mates_if_its_strands_are_of_other_lengths(tmp_path):
    long_left = [((0, 50), "50M"), ((1, 40), "10S40M")]
    long_right = [((0, 40), "40M10S"), ((1, 50), "50M")]
    reads = []
    for number, (strand, shape) in enumerate((("A", long_left), ("B", long_right))):
        umi = "ACGT-TTGA" if strand == "A" else "TTGA-ACGT"
        for k in range(2):
            pair = copies(1, f"{number}{k}", umi=umi, strand=strand, mc=False)[0]
            for read, ((side, aligned), cigar) in zip(records(pair), shape, strict=True):
                read.cigarstring = cigar
                read.reference_start += 10 * (side == 1 and aligned == 40)
                reads.append(read)
    path = tmp_path / "a.bam"
    header = {"SQ": [{"SN": "c", "LN": len(SEQUENCE)}], "RG": [{"ID": "s", "SM": "s"}]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for read in sorted(reads, key=lambda read: read.reference_start):
            out.write(read)
    pysam.index(str(path))
    found, _ = molecules(path)
    ((left, right),) = found.values()
    assert (left[5:], right[5:]) == ((4, 2, 2), (4, 2, 2))
    assert (left[1] ^ right[1]) & 192 == 192


def test_umis_of_one_half_keep_strands_apart(tmp_path):
    pairs = copies(2, umi="ACGTACGT") + copies(2, "b", strand="B", umi="ACGTACGT")
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    assert sorted(ends[0][5:] for ends in found.values()) == [(2, 0, 2), (2, 2, 0)]


def test_an_error_in_a_umi_is_forgiven_if_it_is_rarer(tmp_path):
    pairs = copies(4) + copies(1, "e", umi="ACGA-TTGA")
    found, stream = molecules(bam(tmp_path / "a.bam", pairs))
    assert len(found) == 1 and stream.counts()["corrected"] == 1
    pairs = copies(4) + copies(4, "e", umi="ACGA-TTGA")
    assert len(molecules(bam(tmp_path / "a.bam", pairs))[0]) == 2
    pairs = copies(4) + copies(1, "e", umi="ACGA-TTGC")
    assert len(molecules(bam(tmp_path / "a.bam", pairs))[0]) == 2


def test_an_error_of_one_copy_is_averaged_out(tmp_path):
    wrong = "A" if SEQUENCE[510] != "A" else "C"
    pairs = copies(3)
    pairs[1]["changed"] = {(0, 10): wrong}
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    (ends,) = found.values()
    assert ends[0][3] == SEQUENCE[500:550]
    assert ends[0][4][10] <= 29 < ends[0][4][11]


def test_disagreement_of_equals_is_worth_nothing(tmp_path):
    wrong = "A" if SEQUENCE[510] != "A" else "C"
    pairs = copies(2)
    pairs[1]["changed"] = {(0, 10): wrong}
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    (ends,) = found.values()
    assert ends[0][3][10] == "N" and ends[0][4][10] == 2


def test_a_strand_is_no_better_than_errors_before_amplification(tmp_path):
    found, _ = molecules(bam(tmp_path / "a.bam", copies(40)))
    (ends,) = found.values()
    assert set(ends[0][4]) == {45}
    both = copies(20) + copies(20, "b", strand="B", umi="TTGA-ACGT")
    found, _ = molecules(bam(tmp_path / "a.bam", both))
    (ends,) = found.values()
    assert set(ends[0][4]) == {90}


def test_strands_that_differ_show_nothing(tmp_path):
    wrong = "A" if SEQUENCE[510] != "A" else "C"
    both = copies(9) + copies(9, "b", strand="B", umi="TTGA-ACGT", changed={(0, 10): wrong})
    found, _ = molecules(bam(tmp_path / "a.bam", both))
    (ends,) = found.values()
    assert ends[0][4][10] == 2 and ends[0][4][9] == 90


def test_indels_by_the_majority_of_the_family(tmp_path):
    gap = (0, "20M2D30M")
    pairs = copies(2, gap=gap) + copies(1, "n")
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    assert {end[2] for ends in found.values() for end in ends} == {"20M2D30M", "50M"}
    pairs = copies(1, gap=gap) + copies(1, "n")
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    assert {end[2] for ends in found.values() for end in ends} == {"50M"}


def test_flagged_copies_are_the_family(tmp_path):
    pairs = copies(1) + copies(2, "d", flag=1024)
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    (ends,) = found.values()
    assert ends[0][5] == 3 and not ends[0][1] & 1024


def test_reads_without_umi_are_grouped_by_ends_and_counted(tmp_path):
    pairs = copies(2) + copies(3, "n", umi=None) + copies(1, "b", umi=None, strand="B")
    found, stream = molecules(bam(tmp_path / "a.bam", pairs))
    assert sorted(ends[0][5] for ends in found.values()) == [1, 2, 3]
    assert stream.counts()["without_umi"] == 8


def test_numbers_of_molecules_with_strands(tmp_path):
    pairs = copies(2, tag="MI", umi="7/A") + copies(1, "b", strand="B", tag="MI", umi="7/B")
    pairs += copies(1, "c", tag="MI", umi="8/A")
    found, _ = molecules(bam(tmp_path / "a.bam", pairs), source="MI")
    assert sorted(ends[0][5:] for ends in found.values()) == [(1, 1, 0), (3, 2, 1)]


@pytest.mark.parametrize(
    "form",
    ["x:1:{}+{}", "x:1_{}_{}", "x:1:{}-{}", "x:1:r{}+{}", "x:1|{}.{}", "x:1:UMI_{}_{}"],
)
def test_umis_in_names(tmp_path, form):
    pairs = [
        {"name": form.replace("1", str(k)).format(*umi), "start": 500, "insert": 160,
         "strand": strand}
        for k, (umi, strand) in enumerate([
            (("ACGT", "TTGA"), "A"), (("TTGA", "ACGT"), "B"), (("CCCC", "TTGA"), "A"),
        ])
    ]  # fmt: skip
    found, stream = molecules(bam(tmp_path / "a.bam", pairs), source="name")
    assert sorted(ends[0][5:] for ends in found.values()) == [(1, 1, 0), (2, 1, 1)]
    assert stream.counts()["without_umi"] == 0


def test_single_reads_by_their_start(tmp_path):
    pairs = copies(2, single=True, umi="ACGT") + copies(1, "b", single=True, umi="ACGT", length=40)
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    (ends,) = found.values()
    assert len(ends) == 1 and ends[0][5] == 3 and ends[0][0] == 500


def test_soft_clips_do_not_split_a_family(tmp_path):
    pairs = copies(2)
    pairs[1]["gap"] = (1, "40M10S")
    found, _ = molecules(bam(tmp_path / "a.bam", pairs))
    (ends,) = found.values()
    assert [end[5] for end in ends] == [2, 2]


def test_mates_far_away_are_molecules_by_themselves(tmp_path):
    found, _ = molecules(bam(tmp_path / "a.bam", copies(3, insert=2400, start=100)))
    (ends,) = found.values()
    assert [end[0] for end in ends] == [100, 2450] and {end[5] for end in ends} == {3}


def test_long_umis_are_refused(tmp_path):
    with pytest.raises(InputError, match="more than 21 bases"):
        molecules(bam(tmp_path / "a.bam", copies(1, umi="ACGT" * 6)))


def library(seed):
    """Return pairs of some molecules with copies, strands and wrong UMIs; and their molecules."""
    rng = random.Random(seed)
    pairs, truth = [], {}
    for m in range(12):
        start, insert = 300 + 3 * rng.randrange(3), rng.choice([90, 120])
        # Far apart, so that no two are neighbours.
        halves = ["ACGT"[m % 4] * 4 + "ACGT"[m // 4] * 4, "".join(rng.choices("ACGT", k=8))]
        for strand in rng.choice(["A", "B", "AB"]):
            umi = "-".join(halves if strand == "A" else halves[::-1])
            for k in range(rng.randrange(1, 5)):
                name = f"m{m}{strand}{k}"
                wrong = list(umi)
                if k == 3:
                    wrong[2] = "ACGT"["ACGT".index(wrong[2]) - 1]
                pairs.append({"name": name, "start": start, "insert": insert, "strand": strand,
                              "umi": "".join(wrong)})  # fmt: skip
                truth[name] = m
    return pairs, truth


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), order=st.integers(0, 10**6), beg=st.integers(280, 420))
def test_grouping_is_that_of_the_molecules_in_any_order_and_region(tmp_path, seed, order, beg):
    pairs, truth = library(seed)
    found, stream = molecules(bam(tmp_path / "a.bam", pairs))
    assert len(found) == len(set(truth.values()))
    assert sum(stream.counts()["sizes"]) == stream.counts()["molecules"] == len(found)
    assert {truth[name] for name in found} == set(truth.values())
    sizes = {m: list(truth.values()).count(m) for m in truth.values()}
    assert all(ends[0][5] == sizes[truth[name]] for name, ends in found.items())
    other, again = molecules(bam(tmp_path / "b.bam", pairs, shuffle=order))
    assert other == found and grouped(again) == grouped(stream)
    # What overlaps a region is the same, whatever else was asked for.
    part, _ = molecules(tmp_path / "a.bam", region=("c", beg, beg + 20))
    over = {
        name: kept
        for name, ends in found.items()
        if (kept := [e for e in ends if e[0] < beg + 20 and e[0] + LENGTH > beg])
    }
    assert part == over
