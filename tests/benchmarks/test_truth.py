"""What is drawn as truth keeps its rules, and the fragments drawn from it keep its fractions."""

import itertools

import numpy as np
import pysam
import pytest
from benchmarks.fragments import (
    DAMAGE,
    Library,
    build,
    damage_rates,
    draw,
    footprint,
    slip_rate,
    touches,
)
from benchmarks.genome import Segment, merge, to_contig
from benchmarks.truth import (
    SPACING,
    Germline,
    Somatic,
    draw_germline,
    draw_somatic,
    haplotype_sequence,
    write_truth,
)
from benchmarks.variants import Variant, apply, kind, reverse_complement, span

LONGEST = 450  # bases of a fragment


def segment(seed: int, length: int = 4000, chrom: str = "c") -> Segment:
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("ACGT"), length))
    mask = np.zeros(length, dtype=bool)
    mask[520 : length - 520] = True
    return Segment(chrom, 1000, 1000 + length, sequence, mask)


@pytest.fixture(scope="module")
def drawn():
    segments = [segment(i, chrom=f"c{i}") for i in range(12)]
    rng = np.random.default_rng(3)
    germline = [draw_germline(rng, s) for s in segments]
    return segments, germline, draw_somatic(rng, segments, germline, 3)


def test_somatic_variants_lie_on_target_apart_from_each_other_and_the_inherited(drawn):
    segments, germline, somatic = drawn
    assert sum(map(len, somatic)) > 80
    for s, inherited, variants in zip(segments, germline, somatic, strict=True):
        places = [span(x.variant, s.sequence, s.start) for x in variants]
        for (low, high), x in zip(places, variants, strict=True):
            assert s.on_target[low - s.start : high - s.start].all()
            assert s.sequence[x.variant.pos - s.start : x.variant.end - s.start] == x.variant.ref
            assert x.kind == kind(x.variant, s.sequence, s.start)
            for g in inherited:
                a, b = span(g.variant, s.sequence, s.start)
                assert max(a - high, low - b) >= 2
        for (_, end), (start, _) in itertools.pairwise(places):
            assert start - end >= SPACING


def test_no_haplotype_holds_more_than_its_half(drawn):
    _, _, somatic = drawn
    for variants in somatic:
        for x in variants:
            window = [
                y
                for y in variants
                if y.haplotype == x.haplotype and 0 <= y.variant.pos - x.variant.pos < LONGEST
            ]
            assert np.all(np.sum([y.afs for y in window], axis=0) <= 0.5 + 1e-9)
            assert all(0 <= af <= 0.5 for af in x.afs)


def test_designs_say_where_a_variant_is(drawn):
    for x in itertools.chain.from_iterable(drawn[2]):
        if x.design == "acquired":
            assert x.afs[0] == 0 and x.afs[-1] > 0
        elif x.design == "lost":
            assert x.afs[0] > 0 and not any(x.afs[1:])
        else:
            assert x.afs[0] > 0 and x.afs[-1] > 0


def test_the_same_seed_gives_the_same_truth(drawn):
    segments, germline, somatic = drawn
    rng = np.random.default_rng(3)
    again = [draw_germline(rng, s) for s in segments]
    assert again == germline
    assert draw_somatic(rng, segments, again, 3) == somatic


def test_truth_is_written_as_vcf_alleles_that_spell_the_variant(drawn, tmp_path):
    segments, _, somatic = drawn
    fasta = tmp_path / "r.fa"
    fasta.write_text("".join(f">{s.chrom}\n{'N' * 1000 + s.sequence}\n" for s in segments))
    pysam.faidx(str(fasta))
    flat = list(itertools.chain.from_iterable(somatic))
    flat[0].alt_fragments["pre"], flat[0].fragments["pre"] = 7, 100
    write_truth(tmp_path / "truth.tsv", flat, ["pre", "post", "late"], fasta)
    lines = [x.split("\t") for x in (tmp_path / "truth.tsv").read_text().splitlines()]
    assert lines[0][:4] == ["chrom", "pos", "ref", "alt"]
    assert lines[0][9:12] == ["af.pre", "alt.pre", "fragments.pre"]
    assert lines[1][10:12] == ["7", "100"]
    by_chrom = {s.chrom: s for s in segments}
    for row, x in zip(lines[1:], flat, strict=True):
        s = by_chrom[row[0]]
        assert row[2] and row[3]
        written = Variant(row[0], int(row[1]) - 1, row[2], row[3])
        assert apply(s.sequence, [written], s.start) == apply(s.sequence, [x.variant], s.start)


def test_a_built_haplotype_is_the_applied_one_and_maps_back():
    s = segment(1, 400)
    variants = [
        Variant("c", 1100, s.sequence[100:103], ""),
        Variant("c", 1150, "", "GATTACA"),
        Variant("c", 1200, s.sequence[200:202], "TTTTT"),
        Variant("c", 1300, s.sequence[300], "A" if s.sequence[300] != "A" else "C"),
    ]
    hap = build(s, variants)
    text = hap.sequence.tobytes().decode()
    assert text == haplotype_sequence(s, variants)
    assert hap.reference[-1] == 400 and np.all(np.diff(hap.reference) >= 0)
    for i in (50, 120, 170, 250, 350):
        assert text[hap.place[i]] == s.sequence[i]
        assert hap.reference[hap.place[i]] == i
    for v in variants:
        low, high = footprint(hap, v, s, alt=True)
        assert text[low:high] == v.alt


def test_touching_a_joint_means_spanning_it():
    start, end = np.array([0, 5, 9, 10]), np.array([9, 10, 11, 20])
    assert touches(start, end, 10, 10).tolist() == [False, False, True, False]
    assert touches(start, end, 9, 10).tolist() == [False, True, True, False]


PLAIN = Library(depth=3000, pcr_error=0, slippage=0, duplicates=0)


def fragments(s, germline, somatic, lib, seed=5):
    rng = np.random.default_rng(seed)
    return list(draw(rng, s, "0", germline, [], somatic, lib, "x"))


@pytest.mark.parametrize(
    ("ref_length", "alt"), [(1, "?"), (0, "ACGTTGCA" * 10), (60, ""), (5, "GG")]
)
def test_fragments_carry_a_variant_at_its_fraction(ref_length, alt):
    s = segment(2, 3000)
    ref = s.sequence[1500 : 1500 + ref_length]
    alt = ("A" if ref != "A" else "C") if alt == "?" else alt
    somatic = Somatic(Variant("c", 2500, ref, alt), "A", "", 1, (0.2,), "shared")
    made = fragments(s, [], [(somatic, 0.2)], PLAIN)
    seen, total = somatic.alt_fragments["x"], somatic.fragments["x"]
    # An insertion is touched by more fragments than the place it goes to, a deletion by fewer.
    touching = (
        0.2
        * (250 + max(1, len(alt)))
        / (0.2 * (250 + max(1, len(alt))) + 0.8 * (250 + max(1, ref_length)))
    )
    if max(len(alt), ref_length) < 10:
        assert total == pytest.approx(3000, rel=0.1)
        assert seen / total == pytest.approx(0.2, abs=4 * (0.16 / total) ** 0.5)
    else:
        assert seen / total == pytest.approx(touching, abs=0.05)
    # Every fragment is a piece of one of the two sequences, in either direction.
    whole = [s.sequence, haplotype_sequence(s, [somatic.variant])]
    for _, template in made[::50]:
        text = template.decode()
        assert any(t in w for w in whole for t in (text, reverse_complement(text)))


def test_depth_on_target_is_the_depth_asked_for():
    s = segment(4, 3000)
    made = fragments(s, [], [], PLAIN)
    assert {name[0] for name, _ in made} == {"0"}
    covered = np.zeros(len(s.sequence))
    for _, template in made:
        text = template.decode()
        at = s.sequence.find(text)
        at = s.sequence.find(reverse_complement(text)) if at < 0 else at
        covered[at : at + 100] += 1
        covered[at + len(text) - 100 : at + len(text)] += 1
    assert covered[s.on_target].mean() == pytest.approx(3000, rel=0.03)


def test_duplicates_and_strangers_come_at_their_fractions():
    s = segment(6, 3000)
    rng = np.random.default_rng(1)
    lib = Library(depth=1000, pcr_error=0, slippage=0, duplicates=0.2, contamination=0.1)
    stranger = [Germline(Variant("c", 2000, s.sequence[1000], "N"), "AB")]
    made = list(draw(rng, s, "0", [], stranger, [], lib, "x"))
    copies = [name for name, _ in made if name[0] == "D"]
    assert len(copies) / len(made) == pytest.approx(0.2, abs=0.02)
    originals = {name: t for name, t in made if name[0] != "D"}
    label, hap, number, _ = copies[0][1:].split(".")
    assert dict(made)[copies[0]] == originals[f"{label}.{hap}.{number}"]
    strange = [n for n in originals if n.split(".")[1].startswith("x")]
    assert len(strange) / len(originals) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("damage", ["ffpe", "oxog"])
def test_damage_shows_on_the_strand_of_read_one_only(damage):
    s = segment(7, 2500)
    lib = Library(depth=500, pcr_error=0, slippage=0, duplicates=0, damage=damage)
    base, to = DAMAGE[damage]["base"], DAMAGE[damage]["to"]
    changed = 0
    both = (s.sequence, reverse_complement(s.sequence))
    for _, template in fragments(s, [], [], lib):
        text = template.decode()
        if text in both[0] or text in both[1]:
            continue
        # Find the undamaged source by an undamaged part at either end.
        hits = []
        for source in both:
            for part, offset in ((text[:40], 0), (text[-40:], len(text) - 40)):
                at = source.find(part)
                if at >= offset:
                    hits.append(source[at - offset : at - offset + len(text)])
        differences = [(a, b) for a, b in zip(hits[0], text, strict=True) if a != b] if hits else []
        assert all(pair == (base, to) for pair in differences)
        changed += len(differences)
    assert changed > 50


def test_damage_has_hot_spots_of_half_to_two_percent():
    rates = damage_rates(np.random.default_rng(1), segment(8, 60_000), "ffpe")
    assert (rates > 0).any(axis=1).mean() == pytest.approx(0.5, abs=0.02)  # C or G
    assert 0.01 < (rates[rates > 0] >= 0.01).mean() < 0.03
    assert rates.max() <= 0.04 + 1e-9 or (rates > 0.04).mean() < 1e-3


def test_slippage_grows_with_the_run():
    assert slip_rate(np.array([5, 6, 10, 40])).tolist() == pytest.approx(
        [0, 5e-4, 5e-4 * 1.9**4, 0.25]
    )


def test_genomic_places_go_to_the_window_that_holds_them():
    contigs = ["chr1:1000-9000", "chr2:5000-20000"]
    assert to_contig("chr2", 10_000, 10_100, contigs) == ("chr2:5000-20000", 5001, 5101)
    assert to_contig("chr1", 8900, 8950, contigs) is None
    rows = [("a", 10, 20, "x"), ("a", 18, 30, "y"), ("a", 31, 40, "z"), ("b", 1, 2, "q")]
    assert merge(rows) == [("a", 10, 30, "x,y"), ("a", 31, 40, "z"), ("b", 1, 2, "q")]
