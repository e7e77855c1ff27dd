"""Calls without a purity, of parts of genes, of lost genomes, of segments and biased sites."""

import dataclasses

import numpy as np
import pytest

from resistpanel.copynumber.bins import Coverage
from resistpanel.copynumber.calls import DEFAULT, call_of, scale_alone, scaled, shared_scale
from resistpanel.copynumber.copy_states import STATES, expected_balance, expected_log2
from resistpanel.copynumber.gene_states import Cell, cells, gene_states
from resistpanel.copynumber.identity import infer_sex, mixture
from resistpanel.copynumber.partial import least_deleted, partial_deletions, within_targets
from resistpanel.copynumber.purity import (
    GRID,
    Somatic,
    alternatives,
    estimate,
    from_driver,
    impossible,
    interval,
)
from resistpanel.copynumber.ratios import Genes, Targets, bias
from resistpanel.copynumber.segments import (
    NO_SITES,
    HetSites,
    Segment,
    measured_spread,
    reference_biases,
)

from .conftest import AFTER, BEFORE, NORMAL, Tumour, World
from .test_analyse import CLONAL, analyse, genes, patient


def some_genes(log2, se=0.08):
    n = len(log2)
    return Genes(
        np.array([f"G{i}" for i in range(n)]), np.array(["chr1"] * n), np.arange(n) * 1000,
        np.arange(n) * 1000 + 500, np.full(n, 6), np.array(log2, float), np.full(n, se), 0.0,
    )  # fmt: skip


def alone(n):
    return [Segment(np.array([i]), 0.0, 0.1) for i in range(n)]


@pytest.mark.parametrize(
    ("log2", "call"), [(-3.3, "deletion"), (-0.8, "loss"), (0.0, "neutral"), (2.2, "amplification")]
)
def test_what_every_purity_implies_is_called_without_one(log2, call):
    found = gene_states(some_genes([log2]), NO_SITES, alone(1), cells(None), 5, False)
    values = {
        name: float(getattr(found, name)[0]) for name in ("none", "fewer", "more", "amplified")
    }
    assert call_of(**values, certain=False, rules=DEFAULT) == call


def test_a_deep_loss_is_a_deletion_in_a_tumour_without_signal_of_purity():
    world = World(7)
    tumours = {BEFORE: Tumour(0.85, {"G10": (0, 0)})}
    value = analyse(patient(world, tumours, rows=world.germline(tumours, het=0)))
    assert genes(value, BEFORE)["G10"]["call"] == "deletion"


def test_the_words_are_of_absolute_copies():
    """One copy is a loss also where most of the genome has one; two of four are none."""
    for baseline, log2, call in ((1, 0.0, "loss"), (4, -0.85, "neutral"), (3, 0.5, "gain")):
        found = gene_states(
            some_genes([log2], 0.04), NO_SITES, alone(1), [Cell(0.9, baseline, 1.0)], 5
        )
        values = {
            name: float(getattr(found, name)[0]) for name in ("none", "fewer", "more", "amplified")
        }
        assert call_of(**values, certain=True, rules=DEFAULT) == call


def test_depth_and_balance_do_not_show_that_a_genome_is_doubled():
    """A doubled genome of purity p is a diploid one of 2p/(1+p) with half as many copies."""
    for p in (0.2, 0.5, 0.8):
        q = 2 * p / (1 + p)
        for total, minor in ((3, 1), (2, 0), (5, 2), (4, 0)):
            doubled = [expected_log2(p, total, 2, 4), expected_balance(p, total, minor)]
            half = [expected_log2(q, total / 2), expected_balance(q, total / 2, minor / 2)]
            assert np.allclose(doubled, half)


def test_cells_keep_the_posterior():
    posterior = np.zeros((4, len(GRID)))
    posterior[0] = np.exp(-0.5 * ((GRID - 0.5) / 0.05) ** 2)
    posterior[3] = 0.3 * np.exp(-0.5 * ((GRID - 0.8) / 0.02) ** 2)
    found = cells(posterior)
    assert sum(cell.weight for cell in found) == pytest.approx(1)
    mean = sum(c.weight * c.purity for c in found)
    assert mean == pytest.approx((posterior.sum(axis=0) * GRID).sum() / posterior.sum(), abs=1e-6)
    assert {cell.baseline for cell in found} == {2, 4}


def test_a_segment_lends_its_state_and_a_gene_can_leave_it():
    log2 = [-0.2] * 12 + [1.0]
    one = [Segment(np.arange(13), -0.2, 0.03)]
    sure, lone = (
        gene_states(some_genes(log2, 0.12), NO_SITES, parts, [Cell(0.3, 2, 1.0)], 5)
        for parts in (one, alone(13))
    )
    assert (lone.fewer[:12] < 0.9).all()
    assert (sure.fewer[:12] > 0.9).all()
    assert sure.more[12] > 0.9


@pytest.mark.parametrize("exons", [2, 3])
def test_homozygous_loss_of_two_exons(exons):
    world = World(21, noise=0.06, targets=8)
    tumours = {BEFORE: Tumour(0.5, {"G20": (1, 0), "G30": (3, 1)})}
    given = patient(world, tumours)
    depth, fragments = (getattr(given.coverage[BEFORE], x).copy() for x in ("depth", "fragments"))
    rows = np.flatnonzero(world.bins.gene == "G25")[3 : 3 + exons]
    for array in (depth, fragments):
        array[rows] *= 0.5
    given.coverage[BEFORE] = Coverage(depth, fragments)
    found = genes(analyse(given), BEFORE)
    part = found["G25"]["partial"]
    assert found["G25"]["call"] == "deletion"
    assert (part["first"], part["last"]) == (4, 3 + exons)
    assert (part["start"], part["end"]) == (world.bins.start[rows[0]], world.bins.end[rows[-1]])
    assert [name for name, gene in found.items() if gene["partial"]] == ["G25"]


def targets_of(rng, world, noise, stray, deleted=(), purity=0.5, shifts=0.0):
    """Log2 ratios of targets with noise, drop-out, shifts of genes, and deleted targets."""
    bins = world.bins
    log2 = noise * rng.standard_t(8, len(bins))
    for gene in dict.fromkeys(bins.gene):
        log2[bins.gene == gene] += rng.normal(0, shifts)
    log2[list(deleted)] += np.log2(1 - purity)
    log2 -= np.where(rng.random(len(bins)) < stray, rng.uniform(0.5, 3.3, len(bins)), 0.0)
    targets = Targets(log2, np.full(len(bins), 1e-4), noise)
    names = list(dict.fromkeys(bins.gene))
    made = some_genes(np.zeros(len(names)))
    return targets, dataclasses.replace(made, name=np.array(names), noise=shifts)


def test_a_shift_of_the_whole_gene_is_no_deletion_and_hides_none():
    """Another capture lot: all targets of a gene are lower or higher, three of them deleted."""
    world = World(31, targets=8)
    rng = np.random.default_rng(4)
    rows = np.flatnonzero(world.bins.gene == "G25")
    targets, made = targets_of(rng, world, 0.1, 0.0, rows[2:5], shifts=0.02)
    possible, normal = [Cell(0.5, 2, 1.0)], np.full(len(made.name), 2)
    for shift in (-0.3, 0.0, 0.3):
        log2 = targets.log2.copy()
        log2[rows] += shift
        moved = dataclasses.replace(targets, log2=log2)
        genes_moved = dataclasses.replace(made, noise=0.15)
        found = partial_deletions(moved, world.bins, genes_moved, possible, normal)
        index = list(made.name).index("G25")
        assert list(found) == [index], shift
        assert (found[index].first, found[index].last) == (3, 5)


@pytest.mark.parametrize("kept", [2, 1])
def test_nearly_all_of_a_gene_is_deleted_and_all_of_it(kept):
    """What the mean of the targets calls a deletion still has a copy of some targets."""
    world = World(35, targets=8)
    rng = np.random.default_rng(8)
    rows = np.flatnonzero(world.bins.gene == "G25")
    possible = [Cell(0.6, 2, 1.0)]
    for deleted, wanted in ((rows[:-kept], ["G25"]), (rows, [])):
        targets, made = targets_of(rng, world, 0.1, 0.0, deleted, 0.6, shifts=0.02)
        found = partial_deletions(targets, world.bins, made, possible, np.full(len(made.name), 2))
        assert [str(made.name[i]) for i in found] == wanted


@pytest.mark.parametrize(
    ("noise", "stray", "purity", "low", "high"),
    [(0.05, 0.0, 0.8, 2, 2), (0.12, 0.0, 0.5, 2, 3), (0.22, 0.03, 0.5, 3, 6)],
)
def test_the_size_from_which_deletions_are_said_to_be_found(noise, stray, purity, low, high):
    """So many deleted targets are found in most genes."""
    world = World(32, targets=12)
    rng = np.random.default_rng(6)
    possible, normal = [Cell(purity, 2, 1.0)], None
    found = []
    for number in range(30):
        rows = np.flatnonzero(world.bins.gene == f"G{number}")
        width = found[-1][0] if found else 2
        targets, made = targets_of(rng, world, noise, stray, rows[4 : 4 + width], purity)
        normal = np.full(len(made.name), 2)
        least = least_deleted(targets, world.bins, made, possible)
        assert low <= least <= high
        index = list(made.name).index(f"G{number}")
        parts = partial_deletions(targets, world.bins, made, possible, normal)
        found.append((least, index in parts))
    assert np.mean([hit for _, hit in found[1:]]) >= 0.8


def test_where_nothing_but_a_whole_gene_is_found_the_size_is_not_stated():
    world = World(33, targets=6)
    targets, made = targets_of(np.random.default_rng(7), world, 0.3, 0.05)
    assert least_deleted(targets, world.bins, made, [Cell(0.15, 2, 1.0)]) is None
    value = analyse(patient(World(34), {BEFORE: Tumour(0.6, {"G20": (1, 0)})}))
    assert value["samples"][BEFORE]["least_deleted"] == 2


def test_targets_that_drop_out_here_and_there_are_no_deletion():
    world = World(22, noise=0.06, targets=8)
    given = patient(world, {BEFORE: Tumour(0.5, {"G20": (1, 0), "G30": (3, 1)})})
    lost = world.rng.random(len(world.bins)) < 0.08
    depth, fragments = (getattr(given.coverage[BEFORE], x).copy() for x in ("depth", "fragments"))
    for array in (depth, fragments):
        array[lost] *= 0.45
    given.coverage[BEFORE] = Coverage(depth, fragments)
    assert not any(gene["partial"] for gene in genes(analyse(given), BEFORE).values())


def test_breakpoints_within_two_targets():
    """A mean of half the depth, of which half the bases have none."""
    world = World(23, targets=4)
    given = patient(world, {BEFORE: Tumour(0.9)})
    even = np.stack([np.full(len(world.bins), 400), np.full(len(world.bins), 600)], axis=1)
    broken = even.copy()
    broken[np.flatnonzero(world.bins.gene == "G25")[1:3], 0] = 3
    sample, normal = (
        Coverage(given.coverage[name].depth, given.coverage[name].fragments, quartiles)
        for name, quartiles in ((BEFORE, broken), (NORMAL, even))
    )
    (found,) = within_targets(world.bins, sample, normal).items()
    assert (world.names[found[0]], found[1].first, found[1].last) == ("G25", 2, 3)
    assert within_targets(world.bins, sample, sample) == {}
    ragged = broken.copy()
    ragged[::40, 0] = 3
    sample = Coverage(sample.depth, sample.fragments, ragged)
    assert within_targets(world.bins, sample, normal) == {}
    assert within_targets(world.bins, given.coverage[BEFORE], normal) == {}


def test_reference_bias_is_measured_at_each_site():
    rng = np.random.default_rng(3)
    truth = rng.normal(0.1, 0.3, 60)
    alt = rng.binomial(800, 1 / (1 + np.exp(truth)))
    bias, variance = reference_biases(800 - alt, alt)
    assert np.abs(bias - truth).mean() < 0.1
    assert (variance < 0.02).all()
    flat, _ = reference_biases(800 - rng.binomial(800, 0.48, 60), np.full(60, 384))
    assert flat.std() < 0.08


def biased_sites(rng, bias, frequency):
    """Sites of 30 genes, of which five have one haplotype in 0.6 of the cells."""
    n = 60
    gene = np.repeat(np.arange(30), 2)
    normal = rng.binomial(500, 1 / (1 + np.exp(bias)))
    f = np.where(gene < 5, frequency, 0.5)
    f = np.where(rng.random(n) < 0.5, f, 1 - f)
    alt = rng.binomial(500, 1 / (1 + (1 - f) / f * np.exp(bias)))
    found, variance = reference_biases(500 - normal, normal)
    return HetSites(gene, alt, np.full(n, 500), found, 0.001 + variance / 4)


def test_loss_of_heterozygosity_with_biased_sites():
    right = false = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        sites = biased_sites(rng, rng.normal(0.05, 0.3, 60), 0.4 / 2)
        found = gene_states(some_genes([0.0] * 30), sites, alone(30), [Cell(0.6, 2, 1.0)], 5)
        right += int((found.lost[:5] > 0.9).sum())
        false += int((found.lost[5:] > 0.9).sum())
    assert right >= 47
    assert false == 0


def test_overdispersion_is_measured():
    rng = np.random.default_rng(4)
    for rho in (0.0006, 0.016):
        f = rng.beta(0.5 / rho, 0.5 / rho, 120)
        sites = HetSites(np.repeat(np.arange(40), 3), rng.binomial(600, f), np.full(120, 600),
                         np.zeros(120), np.full(120, 0.001))  # fmt: skip
        segments = [Segment(np.arange(40), 0.0, 0.01)]
        assert 0.4 * rho < measured_spread(segments, sites) < 2.5 * rho


def test_depth_alone_makes_no_variant_impossible():
    """A reference bias that is the same at every depth does not withhold the purity."""
    for depth in (500, 10_000):
        alt = np.full(6, round(0.315 * depth))
        somatic = Somatic(np.arange(6), alt, np.full(6, depth))
        assert impossible(alone(6), NO_SITES, somatic, 0.6, 2) == 0
    somatic = Somatic(np.arange(6), np.full(6, 900), np.full(6, 1000))
    assert impossible(alone(6), NO_SITES, somatic, 0.6, 2) == 6


@pytest.mark.parametrize("depth", [500, 10_000])
def test_a_purity_is_given_at_any_depth(depth):
    rng = np.random.default_rng(depth)
    f = rng.beta(0.3 / 0.0015, 0.7 / 0.0015, 10)
    somatic = Somatic(np.arange(10), rng.binomial(depth, f), np.full(10, depth))
    found = estimate([Segment(np.array([i]), 0.0, 0.05) for i in range(10)], NO_SITES, somatic)
    assert found.low <= 0.6 <= found.high


def test_separate_ranges_of_purity_are_listed():
    joint = np.zeros((4, len(GRID)))
    joint[0] = np.exp(-0.5 * ((GRID - 0.35) / 0.02) ** 2)
    joint[3] = 0.5 * np.exp(-0.5 * ((GRID - 0.7) / 0.02) ** 2)
    first, second = alternatives(joint / joint.sum())
    assert (first.baseline, second.baseline) == (2, 4)
    assert first.probability > 0.6 > second.probability > 0.25
    assert abs(second.value - 0.7) < 0.02


@pytest.mark.parametrize("sd", [0.003, 0.008, 0.03])
@pytest.mark.parametrize("value", [0.5, 0.4267])
def test_intervals_end_between_the_points_of_the_grid(value, sd):
    """A purity at 10,000x is known to less than a step of the grid."""
    joint = np.zeros((4, len(GRID)))
    joint[0] = np.exp(-0.5 * ((GRID - value) / sd) ** 2)
    found, low, high = interval(joint / joint.sum())
    assert found == pytest.approx(value, abs=6e-4)
    assert low == pytest.approx(value - 1.96 * sd, abs=2e-3)
    assert high == pytest.approx(value + 1.96 * sd, abs=2e-3)


def test_a_flat_posterior_stays_flat():
    joint = np.outer([1.0, 0, 0, 0], np.ones(len(GRID)))
    _, low, high = interval(joint / joint.sum())
    assert high - low == pytest.approx(0.95 * (GRID[-1] - GRID[0]), abs=0.01)


def test_a_spline_follows_a_curve_that_is_no_parabola():
    world = World(2, targets=30)
    gc = (world.bins.gc - 0.5) / 0.1
    cliff = -0.5 * np.logaddexp(0, (gc - 1) / 0.2) * 0.2 / np.log(2)
    log2 = cliff + world.rng.normal(0, 0.1, len(gc))
    left = log2 - bias(log2, world.bins)
    inside = (world.bins.gc > 0.33) & (world.bins.gc < 0.67)
    for low in np.arange(0.33, 0.66, 0.04):
        here = inside & (world.bins.gc >= low) & (world.bins.gc < low + 0.04)
        assert abs(left[here].mean() - left[inside].mean()) < 0.03


def mixed(world, tumours, fraction):
    """Give AFTER a fraction of another person's DNA."""
    rows = []
    for gene, kind, passed, protein, af in world.germline(tumours):
        other = float(world.rng.choice([0, 0.5, 1], p=[0.35, 0.4, 0.25]))
        af = af | {AFTER: (1 - fraction) * af[AFTER] + fraction * other}
        rows.append((gene, kind, passed, protein, af))
    return rows + world.clonal(tumours, CLONAL)


@pytest.mark.parametrize("fraction", [0.3, 0.4, 0.5])
def test_a_third_to_a_half_of_another_person_is_contamination(fraction):
    world = World(31)
    tumours = {BEFORE: Tumour(0.6), AFTER: Tumour(0.7)}
    value = analyse(patient(world, tumours, rows=mixed(world, tumours, fraction)))
    assert value["identity"]["mismatched"] == []
    assert [(f["sample"], f["metric"]) for f in value["gate"]["failures"]] == [
        (AFTER, "contamination")
    ]
    found = value["contamination"][AFTER]
    assert found["low"] <= fraction <= found["high"]


def test_another_person_is_no_contamination():
    world = World(32)
    tumours = {BEFORE: Tumour(0.6), AFTER: Tumour(0.7)}
    given = patient(world, tumours, rows=mixed(world, tumours, 1.0))
    assert mixture(given.sites, AFTER, NORMAL) is None


@pytest.mark.parametrize(("sex", "allowed"), [("female", {"female", None}), ("male", {"male"})])
def test_the_sex_of_a_tumour_that_lost_an_x(sex, allowed):
    for seed in range(6):
        world = World(seed, noise=0.05)
        x = world.names[-3:]
        lost = Tumour(0.7, dict.fromkeys(x, (1, 0)) if sex == "female" else {})
        rows = world.germline({BEFORE: Tumour(0.7)})
        if sex == "female":
            rows = world.germline({BEFORE: lost}, genes=x) + rows
        depth = world.coverage(lost, sex=sex)
        sites = world.sites([NORMAL, BEFORE], rows)
        assert infer_sex(world.bins, depth, sites, BEFORE, tumor=True).sex in allowed
        bare = sites.take(np.zeros(len(sites), bool))
        assert infer_sex(world.bins, depth, bare, BEFORE, tumor=True).sex is None


def test_paired_calls_without_a_normal_need_the_ratio_of_purities():
    counts = np.array([40, 42, 38, 41]), np.full(4, 100)
    assert shared_scale((counts[0][:2], counts[1][:2]), (counts[0][:2], counts[1][:2])) is None
    low, high = shared_scale(counts, (counts[0] // 4, counts[1]))
    assert low < 0.25 < high
    assert scale_alone(None) is None
    # A gene at 12 copies, purity 0.8 to 0.2, and one without a copy, are within.
    for copies in (12, 0):
        before, after = (1 + p * (copies / 2 - 1) for p in (0.8, 0.2))
        held = scale_alone((0.2, 0.3))
        assert held.low <= np.log2(after / before) <= held.high
        exact = scaled(float(np.log2(before)), 0.05, (0.2, 0.3))
        assert exact.low <= np.log2(after / before) <= exact.high


def test_states_hold_no_fraction_of_a_copy():
    assert STATES.total.dtype.kind == "i"


def test_a_driver_below_the_lowest_purity_of_the_grid():
    """Of plasma: the posterior is at the grid's first point."""
    found = from_driver(2, 1488, "BRAF V600E").posterior
    assert found.sum() == pytest.approx(1) and found[:, 0].sum() > 0.4
