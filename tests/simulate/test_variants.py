"""Alleles: normalised, drawn at free places, shared out among the DNA of a sample."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.testing.genome import Genome, Region, encode
from resistpanel.testing.mixtures import (
    PATIENT,
    STRANGER,
    Copies,
    Source,
    expected_af,
    first_share,
    plan,
    weights,
)
from resistpanel.testing.variants import (
    SPACING,
    Places,
    Variant,
    draw_variants,
    kind_of,
    normalise,
)

TARGET = Target("chr7", 1000, 1300, "G|T|exon1")


def region_of(bases, start=100):
    return Region("chr7", start, encode(bases), [])


def apply(region, start, ref, alt):
    bases = region.sequence(region.start, region.end)
    at = start - region.start
    assert bases[at : at + len(ref)] == ref
    return bases[:at] + alt + bases[at + len(ref) :]


@pytest.mark.parametrize(
    ("bases", "given_", "expected"),
    [
        ("GCATTTTTC", (7, "T", ""), (3, "T", "")),  # to the start of the run
        ("GCATTTTTC", (8, "", "TT"), (3, "", "TT")),
        ("GCACACACT", (5, "CA", ""), (1, "CA", "")),
        ("GCATTTTTC", (2, "ATT", "AT"), (3, "T", "")),  # anchored, as in a VCF
        ("GCATTTTTC", (1, "CAT", "CGT"), (2, "A", "G")),
        ("GCATTTTTC", (1, "CA", "TT"), (1, "CA", "TT")),
        ("TTTTTTTTT", (8, "T", ""), (0, "T", "")),  # not beyond the region
    ],
)
def test_normalise(bases, given_, expected):
    start, ref, alt = given_
    found = normalise(region_of(bases), 100 + start, ref, alt)
    assert found == (100 + expected[0], *expected[1:])


@given(
    st.text("AC", min_size=6, max_size=24),
    st.integers(0, 20),
    st.integers(0, 5),
    st.text("AC", max_size=5),
)
def test_normalised_alleles_make_the_same_haplotype_and_lie_leftmost(bases, at, size, alt):
    region = region_of(bases)
    at = min(at, len(bases))
    ref = bases[at : at + size]
    if ref == alt:
        return
    start, short_ref, short_alt = normalise(region, 100 + at, ref, alt)
    made = apply(region, 100 + at, ref, alt)
    assert apply(region, start, short_ref, short_alt) == made
    if short_ref and short_alt:
        assert short_ref[0] != short_alt[0]
        assert short_ref[-1] != short_alt[-1]
    else:
        size = len(short_ref)
        for before in range(region.start, start):  # nothing further left gives the same
            moved = region.sequence(before, before + size)
            for inserted in {made[before - 100 : before - 100 + len(short_alt)]}:
                assert apply(region, before, moved, inserted) != made


@pytest.mark.parametrize(
    ("ref", "alt", "kind"),
    [
        ("A", "C", "SNV"),
        ("AC", "TT", "MNV"),
        ("", "A", "INS"),
        ("AC", "", "DEL"),
        ("AC", "T", "COMPLEX"),
    ],
)
def test_kind(ref, alt, kind):
    assert kind_of(ref, alt) == kind


def test_vcf_alleles_are_anchored():
    region = region_of("GCATTTTTC")
    deletion = Variant("chr7", 103, "TT", "", False, "DEL")
    assert deletion.vcf(region) == (103, "ATT", "A")
    assert Variant("chr7", 103, "", "G", False, "INS").vcf(region) == (103, "A", "AG")
    assert Variant("chr7", 103, "T", "G", False, "SNV").vcf(region) == (104, "T", "G")


@pytest.mark.parametrize("kind", ["snv", "mnv", "del", "ins", "dup"])
def test_random_variants_are_apart_and_of_their_kind(kind):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, 3000).astype(np.uint8)
    target = Target("chr7", 500, 2500, "G|T|exon1")
    region = Region("chr7", 0, codes, [target])
    places = Places(Genome({"chr7": 5000}, [region]), [("chr7", 1000, 1400)])
    found = sorted(draw_variants(kind, 20, places, rng), key=lambda v: v.start)
    assert len(found) == 20
    for variant in found:
        assert variant.kind == kind.upper()
        assert region.sequence(variant.start, variant.end) == variant.ref
        assert not (variant.start < 1400 and variant.end > 1000)
        assert normalise(region, variant.start, variant.ref, variant.alt)[0] == variant.start
        if kind == "dup":
            size = len(variant.alt)
            assert 6 <= size <= 60
            assert region.sequence(variant.start, variant.start + size) == variant.alt
    for one, other in itertools.pairwise(found):
        assert other.start - one.end >= SPACING


def test_no_more_variants_than_there_is_room_for():
    rng = np.random.default_rng(3)
    region = Region("chr7", 0, rng.integers(0, 4, 300).astype(np.uint8), [])
    region.targets.append(Target("chr7", 100, 150))
    places = Places(Genome({"chr7": 300}, [region]), [])
    assert 0 < len(draw_variants("snv", 100, places, rng)) < 10


def source(fraction=1.0, person=PATIENT, copies=None, purity=0.0, male=False, sample="t"):
    return Source(person, fraction, sample, purity, copies or {}, male)


def somatic(start, ref, alt, af, phase="", haplotype=0):
    kind = kind_of(ref, alt)
    af = {"t": af}
    return Variant("chr7", start, ref, alt, True, kind, phase, af=af, haplotype=haplotype)


def make_plan(variants, sources, strangers=None):
    strangers = strangers or [(False, False)] * len(variants)
    return plan(variants, strangers, sources, [TARGET] * len(variants))


@pytest.mark.parametrize(
    ("purity", "first", "second", "share", "depth"),
    [
        (0.0, 5, 0, 0.5, 1.0),
        (1.0, 1, 1, 0.5, 1.0),
        (1.0, 5, 1, 5 / 6, 3.0),
        (0.5, 5, 1, 3 / 4, 2.0),
        (1.0, 1, 0, 1.0, 0.5),
        (0.6, 0, 0, 0.5, 0.4),
    ],
)
def test_copy_number_scales_depth_and_haplotypes(purity, first, second, share, depth):
    made = source(purity=purity, copies={TARGET.name: Copies(first, second)})
    assert first_share(made, TARGET) == pytest.approx(share)
    assert weights([made], TARGET).sum() == pytest.approx(depth)


def test_one_x_of_a_man():
    x = Target("chrX", 1, 50, "AR|T|exon1")
    assert weights([source(male=True)], x).sum() == 0.5
    assert first_share(source(male=True), x) == 1.0
    assert weights([source(male=False)], x).sum() == 1.0


@pytest.mark.parametrize("af", [0.01, 0.3, 0.5, 0.77, 1.0])
def test_somatic_frequency_is_honoured_with_and_without_room_on_a_haplotype(af):
    variant = somatic(1100, "A", "C", af)
    made = make_plan([variant], [source()])
    assert expected_af(variant, 0, made, [source()], TARGET) == pytest.approx(af)
    on_other = made.high[0, 0, 1] - made.low[0, 0, 1]
    assert on_other == (0 if af <= 0.5 else pytest.approx(af))


def test_mixtures_dilute():
    variant = somatic(1100, "A", "C", 0.4)
    sources = [source(0.75), source(0.25, person=STRANGER, sample=None)]
    made = make_plan([variant], sources)
    assert expected_af(variant, 0, made, sources, TARGET) == pytest.approx(0.3)
    germline = Variant("chr7", 1200, "A", "C", False, "SNV", haplotypes=(True, True))
    made = make_plan([germline], sources, [(False, True)])
    assert expected_af(germline, 0, made, sources, TARGET) == pytest.approx(0.75 + 0.125)


def test_phased_variants_share_their_draw_and_may_be_nested():
    pair = [somatic(1100, "C", "T", 0.4, "p"), somatic(1101, "C", "T", 0.1, "p")]
    made = make_plan(pair, [source()])
    assert made.groups[0] == made.groups[1]
    assert made.low[0, 0, 0] == made.low[1, 0, 0] == 0
    assert made.high[1, 0, 0] == pytest.approx(0.2)


def test_overlapping_alleles_exclude_each_other():
    both = [somatic(1100, "C", "A", 0.1), somatic(1100, "C", "T", 0.3)]
    made = make_plan(both, [source()])
    assert made.groups[0] == made.groups[1]
    assert made.high[0, 0, 0] == made.low[1, 0, 0]
    assert expected_af(both[1], 1, made, [source()], TARGET) == pytest.approx(0.3)
    with pytest.raises(InputError, match=r"add up to an allele frequency of 1.1 in sample t"):
        make_plan([somatic(1100, "C", "A", 0.6), somatic(1100, "C", "T", 0.5)], [source()])


def test_variants_that_one_molecule_cannot_hold():
    germline = Variant("chr7", 1099, "AC", "", False, "DEL", haplotypes=(True, True))
    with pytest.raises(InputError, match="overlap on one molecule"):
        make_plan([germline, somatic(1100, "C", "T", 0.3)], [source()])
    touching = [somatic(1100, "C", "T", 0.3, "p"), somatic(1101, "G", "", 0.3, "p")]
    with pytest.raises(InputError, match="give them as one variant"):
        make_plan(touching, [source()])
    # Two germline alleles of one place, one on each haplotype, are fine.
    alleles = [
        Variant("chr7", 1100, "C", base, False, "SNV", haplotypes=carried)
        for base, carried in (("A", (True, False)), ("T", (False, True)))
    ]
    assert make_plan(alleles, [source()]).high.sum() == 2


def test_a_reversion_takes_the_place_of_the_inherited_allele_on_its_haplotype():
    """Two of them, and a fragment carries one of the three or none."""
    inherited = Variant("chr1", 1100, "C", "", False, "DEL", haplotypes=(True, False))
    one = somatic(1098, "ACCTGA", "", 0.1)
    two = somatic(1096, "GCACCTGAA", "", 0.05)
    for variant in (one, two):
        variant.haplotype, variant.replaces = 0, True
    made = make_plan([inherited, one, two], [source()])
    assert len(set(made.groups.tolist())) == 1
    spans = sorted((made.low[v, 0, 0], made.high[v, 0, 0]) for v in range(3))
    assert spans == [(0, pytest.approx(0.2)), (pytest.approx(0.2), pytest.approx(0.3)),
                     (pytest.approx(0.3), 1)]  # fmt: skip
    assert not (made.high - made.low)[:, 0, 1].any()
    assert expected_af(inherited, 0, made, [source()], TARGET) == pytest.approx(0.35)
    one.replaces = False
    with pytest.raises(InputError, match="overlap on one molecule"):
        make_plan([inherited, one, two], [source()])
