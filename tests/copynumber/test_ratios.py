"""Log2 ratios: known copies come out, with errors of the stated size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistpanel.copynumber.bins import Coverage, pool_coverages
from resistpanel.copynumber.ratios import (
    bias,
    combine,
    gene_noise,
    gene_ratios,
    mode,
    raw_ratio,
    target_ratios,
)
from resistpanel.core.stats import benjamini_hochberg
from resistpanel.records.qc import FractionAt, Gate, Qc, SampleQc, TargetDepth

from .conftest import Tumour, World


def ratios(world, tumour, **options):
    normal, sample = world.coverage(), world.coverage(tumour, **options)
    return gene_ratios(target_ratios(sample, [normal], world.bins), world.bins)


def test_genes_come_out_at_their_copies(world):
    tumour = Tumour(0.6, {"G4": (10, 1), "G10": (0, 0), "G20": (1, 0), "G30": (3, 1)})
    genes = ratios(world, tumour)
    for gene, copies in (("G4", 10), ("G10", 0), ("G20", 1), ("G30", 3), ("G40", 2)):
        i = int(np.flatnonzero(genes.name == gene)[0])
        expected = np.log2((0.6 * copies + 0.8) / 2)
        assert abs(genes.log2[i] - expected) < 3.5 * genes.se[i], gene


def test_intervals_cover_nineteen_of_twenty():
    inside = total = 0
    for seed in range(20):
        genes = ratios(World(seed), Tumour(0))
        inside += int(((genes.low < 0) & (genes.high > 0)).sum())
        total += len(genes.log2)
    assert 0.92 <= inside / total <= 0.985


def test_the_centre_is_what_most_genes_share_not_their_mean(world):
    gained = {f"G{i}": (4, 2) for i in range(25)}
    genes = ratios(world, Tumour(0.9, gained))
    neutral = genes.log2[[i for i, name in enumerate(genes.name) if name not in gained]]
    assert abs(np.median(neutral)) < 0.06


def test_a_bend_with_gc_is_straightened(world):
    bent = world.coverage(curve=2.0)
    targets = target_ratios(bent, [world.coverage()], world.bins)
    raw, _ = raw_ratio(bent, [world.coverage()])
    slope = np.polyfit(world.bins.gc, raw, 1)[0]
    assert abs(slope) > 1
    assert abs(np.polyfit(world.bins.gc, targets.log2, 1)[0]) < 0.2 * abs(slope)


def test_bias_is_not_fitted_to_few_targets(world):
    log2 = np.full(len(world.bins), np.nan)
    log2[:30] = world.bins.gc[:30]
    assert not bias(log2, world.bins).any()


def test_a_target_without_reads_in_the_normal_is_not_used(world):
    normal = world.coverage()
    normal.depth[:6], normal.fragments[:6] = 0, 0
    genes = gene_ratios(target_ratios(world.coverage(), [normal], world.bins), world.bins)
    assert genes.targets[0] == 0
    assert np.isnan(genes.log2[0])


def test_a_gene_without_reads_in_the_tumour_has_a_finite_ratio(world):
    genes = ratios(world, Tumour(1.0, {"G10": (0, 0)}))
    assert -12 < genes.log2[10] < -4


def test_a_pool_lowers_the_error():
    def spread(pool):
        found = []
        for seed in range(8):
            world = World(seed, noise=0.15)
            references = [world.coverage() for _ in range(pool)]
            targets = target_ratios(world.coverage(), references, world.bins)
            found.append(np.std(gene_ratios(targets, world.bins).log2))
        return np.mean(found)

    assert spread(10) < 0.85 * spread(1)


def test_one_faulty_target_does_not_move_its_gene():
    log2 = np.array([0.0, 0.02, -0.02, 0.01, 3.0])
    value, error = combine(log2, np.full(5, 0.01))
    assert abs(value) < 0.15
    assert error > np.sqrt(0.01 / 5)


def test_mode_is_the_peak():
    values = np.concatenate([np.full(20, 0.5), np.linspace(-1, 2, 15)])
    assert abs(mode(values, np.full(35, 0.05)) - 0.5) < 0.02


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 20), st.integers(0, 1000))
def test_ratios_do_not_depend_on_how_deep_a_sample_is(scale, seed):
    rng = np.random.default_rng(seed)
    depth = rng.uniform(50, 500, 40)
    sample = Coverage(depth, depth * 2)
    deeper = Coverage(depth * scale, depth * 2)
    other = Coverage(rng.uniform(50, 500, 40), np.full(40, 500.0))
    one, _ = raw_ratio(sample, [other])
    two, _ = raw_ratio(deeper, [other])
    np.testing.assert_allclose(one, two, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000))
def test_paired_ratios_change_sign_with_the_order(seed):
    rng = np.random.default_rng(seed)
    one, other = (
        Coverage(d, d * 2) for d in (rng.uniform(100, 500, 40), rng.uniform(100, 500, 40))
    )
    np.testing.assert_allclose(raw_ratio(one, [other])[0], -raw_ratio(other, [one])[0], atol=1e-9)


def test_q_values_by_hand():
    q = benjamini_hochberg(np.array([0.01, 0.04, 0.03, np.nan, 0.5]))
    np.testing.assert_allclose(q[[0, 1, 2, 4]], [0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert np.isnan(q[3])


@pytest.mark.parametrize("targets", [1, 2])
def test_panels_with_one_or_two_targets_a_gene_work(targets):
    world = World(3, targets=targets)
    genes = ratios(world, Tumour(0.7, {"G5": (12, 1)}))
    assert genes.log2[5] > 1.8


@pytest.mark.parametrize("changed", ["scattered", "half the genome"])
def test_noise_between_genes_is_not_raised_by_changes(changed):
    rng = np.random.default_rng(4)
    chrom = np.repeat([f"chr{i}" for i in range(20)], 7)
    log2 = rng.normal(0, 0.05, 140)
    rows = rng.random(140) < 0.15 if changed == "scattered" else np.arange(140) < 70
    log2[rows] -= 0.5
    assert gene_noise(log2, np.full(140, 0.05), chrom) < 0.045


def test_noise_between_genes_is_measured():
    rng = np.random.default_rng(5)
    log2 = rng.normal(0, np.hypot(0.05, 0.1), 400)
    noise = gene_noise(log2, np.full(400, 0.05), np.repeat([f"chr{i}" for i in range(20)], 20))
    assert 0.08 < noise < 0.12


def test_a_pool_of_the_other_sex_is_put_right_on_x():
    world = World(seed=5, noise=0.02)
    entries = [(normals(sample(world, "n", sex)), f"{sex}.json", "n") for sex in ("male", "female")]
    own = world.coverage(sex="male")
    on_x = world.bins.sex_linked
    for sex, normal in (("male", None), (None, own)):
        man, woman = pool_coverages(entries, world.bins, sex, normal)
        ratio = np.log2(woman.depth / man.depth)
        assert abs(np.median(ratio[on_x]) - np.median(ratio[~on_x])) < 0.1
    untold = pool_coverages(entries, world.bins)
    ratio = np.log2(untold[1].depth / untold[0].depth)
    assert np.median(ratio[on_x]) - np.median(ratio[~on_x]) == pytest.approx(1, abs=0.1)


def normals(*samples):
    return Qc(schema="resistpanel/qc/1", patient="N", samples=samples, excluded=(), passed=True)


def sample(world, name, sex):
    """Return a normal's figures."""
    bins, depth = world.bins, world.coverage(sex=sex).depth
    return SampleQc(
        sample=name, reads_total=0, reads_on_target=0, on_target_fraction=None,
        duplicate_fraction=None, mapped_fraction=None, mean_depth=0.0, median_depth=0.0,
        fraction_at=FractionAt(1.0, 1.0, 1.0), insert_size_median=200, read_length=100,
        error_rate=None, unit="fragments", gate=Gate(passed=True, failures=()),
        targets=tuple(
            TargetDepth(
                name="", chrom=str(chrom), start=int(start), end=int(end), mean_depth=float(mean),
                min_depth=0,
            )
            for chrom, start, end, mean in zip(bins.chrom, bins.start, bins.end, depth, strict=True)
        ),
    )  # fmt: skip
