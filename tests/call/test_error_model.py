"""Learned error rates against those that made the counts."""

import numpy as np
import pytest
from callevidence import evidence
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call.call_constants import (
    INDEL_FLOOR,
    MAX_TRACT,
    PRIOR_SHARED,
    RECURRENT_SITES,
)
from resistpanel.call.errors.error_model import (
    EXPECTED_EDGES,
    MERGED,
    MERGED_GROUPS,
    MULTIPLIERS,
    ErrorCounts,
    ErrorModel,
    Suspects,
    contexts,
    heavy_tailed,
    homopolymers,
    learn,
    learn_multipliers,
    learn_stutter,
    read_contexts,
    usual,
)
from resistpanel.call.errors.site_counts import Sites
from resistpanel.call.io.pileup import (
    CLASSES,
    CYCLE_BINS,
    CYCLE_WIDTH,
    EVENT_DTYPE,
    QUALITY_GROUPS,
)
from resistpanel.call.model.posterior import Priors, evaluate
from resistpanel.core.reference import encode

#: Rates of the simulated reads, per quality group.
QUALITY = np.array([0.02, 8e-3, 3e-3, 1.2e-3, 6e-4, 2e-4, 1e-4, 5e-5])
#: The 5' end errs more.
CYCLE = np.where(np.arange(CYCLE_BINS) < 2, 2.5, 1.0)
G_TO_T = 8.0


def simulate(seed, positions=20_000, depth=15.0, multiplier=None, oxidised=True):
    """Return a tally of counts drawn at known rates.

    Parameters
    ----------
    depth : float
        Mean fragments per class and quality group.
    multiplier : (positions, 4, CLASSES), optional
    oxidised : bool
        G>T of F1R2 fragments `G_TO_T` times as often.
    """
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, positions + 2).astype(np.uint8)
    context = contexts(codes)
    ref = codes[1:-1]
    n = rng.poisson(depth, (positions, CLASSES, QUALITY_GROUPS)).astype(np.uint32)
    factor = np.ones((positions, 4, CLASSES))
    if oxidised:
        factor[ref == 2, 3, :3] = G_TO_T
    if multiplier is not None:
        factor *= multiplier
    rows, cycles = [], np.zeros(CYCLE_BINS)
    share = np.full(CYCLE_BINS, 0.0)
    share[:12] = 1 / 12
    cycles[:12] = n.sum() / 12
    spread = share * CYCLE / (share * CYCLE).sum()
    for base in range(4):
        mean = n * (QUALITY / 3)[None, None] * factor[:, base][:, :, None]
        mean[ref == base] = 0
        count = rng.poisson(mean)
        at = np.argwhere(count)
        for index, cls, group in np.repeat(at, count[tuple(at.T)], axis=0):
            rows.append((index, base, cls, group))
    rows = np.array(rows)
    events = np.zeros(len(rows), dtype=EVENT_DTYPE)
    events["base"], events["cls"] = rows[:, 1], rows[:, 2]
    events["cycle"] = rng.choice(CYCLE_BINS, len(rows), p=spread) * CYCLE_WIDTH
    tally = ErrorCounts()
    variant = np.zeros((positions, 4), dtype=bool)
    tally.add(context, rows[:, 0], n, cycles, events, rows[:, 3], variant)
    return tally, context, ref


@pytest.fixture(scope="module")
def learned():
    tally, context, ref = simulate(1)
    return learn(tally, learn_stutter([tally])), tally, context, ref


class TestRates:
    def test_by_quality(self, learned):
        noise, tally, _, _ = learned
        # E takes in all substitutions, the oxidised ones too: a twelfth of them in half the classes
        average = 1 + (G_TO_T - 1) / 12 / 2
        assert noise.quality[:6] == pytest.approx(QUALITY[:6] * average, rel=0.04)
        # What is assumed of consensus reads counts as half a million of their bases.
        assert noise.quality[6:] == pytest.approx(QUALITY[6:] * average, rel=0.3)
        assert (noise.quality * tally.total.sum((0, 1))).sum() == pytest.approx(
            tally.errors.sum(), rel=1e-3
        )

    def test_by_substitution_and_orientation(self, learned):
        """What is learned for every context is the rate that made its counts."""
        noise, _, _, _ = learned
        for context in range(0, 64, 5):
            ref = (context // 4) % 4
            for base in {0, 1, 2, 3} - {ref}:
                for cls in range(CLASSES):
                    true = QUALITY[4] / 3
                    true *= G_TO_T if (ref, base) == (2, 3) and cls < 3 else 1
                    got = noise.rates(context, base, cls, 4, np.array([40]))[0]
                    assert got / noise.cycle[5] == pytest.approx(true, rel=0.35)

    def test_oxidation_is_told_from_its_mirror(self, learned):
        """G>T of F1R2 fragments, not of F2R1 fragments."""
        noise, _, _, _ = learned
        rows = (np.arange(64) // 4) % 4 == 2
        ratio = noise.factor[rows, 3, :3].mean() / noise.factor[rows, 3, 3:].mean()
        assert ratio == pytest.approx(G_TO_T, rel=0.15)

    def test_by_cycle(self, learned):
        noise, _, _, _ = learned
        assert noise.cycle[0] / noise.cycle[8] == pytest.approx(2.5, rel=0.1)
        assert noise.cycle[8] == pytest.approx(noise.cycle[9], rel=0.1)

    def test_expected_errors_add_up_to_the_observed(self, learned):
        """Over all positions of a substitution, by kind: good F1R2, good F2R1, others."""
        noise, tally, _, _ = learned
        depth = tally.total
        for base in (0, 3):
            expected = sum(
                noise.expected(c, base, depth[c]) for c in range(64) if (c // 4) % 4 == 2
            )
            observed = tally.errors[(np.arange(64) // 4) % 4 == 2, base].sum(0)
            by_kind = [observed[:3, 3:].sum(), observed[3:, 3:].sum(), observed[:, :3].sum()]
            assert expected == pytest.approx(by_kind, rel=0.15)

    def test_without_context_no_factor_applies(self, learned):
        noise, _, _, _ = learned
        rate = noise.rates(-1, np.array([3]), np.array([0]), np.array([4]), np.array([40]))
        assert rate[0] == pytest.approx(noise.quality[4] / 3 * noise.cycle[5])
        depth = np.zeros((CLASSES, QUALITY_GROUPS))
        depth[0, 4] = 300
        assert noise.expected(-1, 3, depth)[0] == pytest.approx(100 * noise.quality[4])

    def test_nothing_seen_gives_nominal_rates(self):
        tally = ErrorCounts()
        noise = learn(tally, learn_stutter([tally]))
        assert (np.diff(noise.quality) < 0).all()
        assert noise.quality[4] == pytest.approx(5e-4)
        assert (noise.factor == 1).all()
        assert (noise.cycle == 1).all()

    def test_variants_are_no_noise(self):
        """An allele marked as variant is not learned from; its depth is."""
        depth = np.full((1, CLASSES, QUALITY_GROUPS), 100, dtype=np.uint32)
        events = np.zeros(40, dtype=EVENT_DTYPE)
        events["base"] = 3
        variant = np.zeros((1, 4), dtype=bool)
        variant[0, 3] = True
        tally = ErrorCounts()
        tally.add(
            np.array([5]), np.zeros(40, int), depth, np.zeros(CYCLE_BINS), events,
            np.full(40, 4), variant,
        )  # fmt: skip
        assert tally.errors.sum() == 0
        assert tally.total.sum() == 4800


class TestMultipliers:
    def test_alike_sites(self):
        tally, _, _ = simulate(2, oxidised=False)
        noise = learn(tally, learn_stutter([tally]))
        found = learn_multipliers([tally], [noise], None)
        assert found.shared.sum() == pytest.approx(1)
        near = (MULTIPLIERS >= 0.3) & (MULTIPLIERS <= 2.5)
        assert found.shared[near].sum() > 0.99
        assert (found.shared[MULTIPLIERS >= 20]).sum() < 1e-3

    def test_recurrent_sites_of_a_small_panel(self):
        """Its sites show none; of a large panel they do, or do not."""
        found = []
        for positions in (100, 66_000):
            tally = ErrorCounts()
            depth = np.zeros((positions, CLASSES, MERGED_GROUPS), np.uint32)
            depth[..., :3] = 100
            counts = np.zeros((positions, 4, 3), np.uint16)
            context = np.full(positions, 4, np.int8)
            tally.sites.append(Sites.of(context, depth, counts, np.zeros((positions, 4), bool)))
            noise = ErrorModel(
                np.full(8, 1e-4), np.ones((64, 4, CLASSES)), np.ones(20), np.zeros((21, 2))
            )
            found.append(learn_multipliers([tally], [noise], None).shared)
        small, large = (shared[MULTIPLIERS >= 12].sum() for shared in found)
        assert small == pytest.approx(RECURRENT_SITES, rel=0.5)
        assert large < RECURRENT_SITES / 3
        # As the prior was of a few fragments at such a site, on which a small panel called.
        samples = [(0, 956), (3, 1363), (4, 1371)]
        before, after = (
            evaluate(evidence([samples], error=7e-5, shared=shared), 0, Priors()).somatic_phred[0]
            for shared in (usual(), found[0])
        )
        assert after < before - 1

    def test_planted_mixture(self):
        """3 % of the sites err 20 times as often."""
        rng = np.random.default_rng(5)
        hot = np.where(rng.random((20_000, 4, 1)) < 0.03, 20.0, 1.0)
        tally, _, _ = simulate(3, multiplier=hot, oxidised=False)
        noise = learn(tally, learn_stutter([tally]))
        found = learn_multipliers([tally], [noise], None)
        # errors are learned as the average of all sites, 1.57 times the plain one
        # The prior counts as a sixth as many sites.
        learned = 60_000 / (60_000 + PRIOR_SHARED)
        assert found.shared[MULTIPLIERS >= 7].sum() == pytest.approx(0.03 * learned, rel=0.2)
        mean = (found.shared * MULTIPLIERS).sum()
        # A panel of 20,000 bases leaves a part to the prior, which is about 1.
        assert mean == pytest.approx(1, rel=0.2)

    def test_damage_of_one_sample_and_orientation_stays_its_own(self):
        """C>T of F1R2 fragments at 2 % of the sites of the second sample."""
        rng = np.random.default_rng(6)
        hot = np.ones((20_000, 4, CLASSES))
        hot[np.ix_(rng.random(20_000) < 0.02, [3], [0, 1, 2])] = 40
        clean, _, ref = simulate(7, depth=60, oxidised=False)
        hot[ref != 1] = 1
        damaged, _, _ = simulate(7, depth=60, multiplier=hot, oxidised=False)
        error_counts = [clean, damaged]
        error_models = [learn(t, learn_stutter(error_counts)) for t in error_counts]
        found = learn_multipliers(error_counts, error_models, 0)
        assert found.own.shape == (2, 4, 4, 2, len(MULTIPLIERS))
        assert found.own.sum(4) == pytest.approx(np.ones((2, 4, 4, 2)))
        high = found.own[..., MULTIPLIERS >= 12].sum(4)
        # The prior has the weight of 3,000 sites, as many as half of those with a C.
        assert 0.005 < high[1, 1, 3, 0] < 0.03
        assert high[1, 1, 3, 1] < 5e-4
        assert high[1, 1, 0, 0] < 5e-4
        assert high[0, 1, 3, 0] < 5e-4
        # the normal alone tells what the samples share
        assert found.shared[MULTIPLIERS >= 12].sum() < 1e-3

    @pytest.mark.parametrize(
        ("group", "sites", "learned"), [(6, 1, False), (6, 30, True), (4, 1, True)]
    )
    def test_two_errors_of_molecules_at_one_site_are_a_coincidence(self, group, sites, learned):
        """They are no damage that other sites may have, unless several sites have them."""
        positions = 12_000
        tally = ErrorCounts()
        tally.total[4, :, group] = positions * 300
        depth = np.zeros((positions, CLASSES, MERGED_GROUPS), np.uint32)
        depth[..., MERGED[group]] = 300
        counts = np.zeros((positions, 4, 3), np.uint16)
        counts[:sites, 0, [0, 2]] = 2
        context = np.full(positions, 4, np.int8)
        tally.sites.append(Sites.of(context, depth, counts, np.zeros((positions, 4), bool)))
        rate = np.full(8, 1e-5)
        noise = ErrorModel(rate, np.ones((64, 4, CLASSES)), np.ones(20), np.zeros((21, 2)))
        high = learn_multipliers([tally], [noise], None).own[0, 1, 0, :, MULTIPLIERS >= 80].sum(0)
        assert high[1] < 1e-6
        assert (high[0] > 1e-5) == learned

    def test_the_tail_is_never_empty(self):
        found = learn_multipliers(
            [ErrorCounts()], [learn(ErrorCounts(), learn_stutter([ErrorCounts()]))], None
        )
        assert (found.shared > 0).all()
        assert found.shared.argmax() == np.flatnonzero(MULTIPLIERS == 1)[0]

    def test_heavy_tail(self):
        usual = np.where(MULTIPLIERS == 1, 1.0, 0.0)
        heavy = heavy_tailed(usual)
        assert heavy.sum() == pytest.approx(1)
        assert heavy[MULTIPLIERS == 20] > 1e-4

    def test_bins_hold_every_panel(self):
        assert EXPECTED_EDGES[0] <= 1e-4
        assert EXPECTED_EDGES[-1] >= 1000
        assert (np.diff(np.log(EXPECTED_EDGES)) < 0.12).all()


class TestBaseBefore:
    """Errors after G are three times as frequent, in the direction of the read."""

    def samples(self, bases):
        """Return the counts of two samples of `bases` bases of each context and class."""
        context = np.arange(64)
        after_g = {"forward": context // 16 == 2, "reverse": context % 4 == 1}
        tallies = []
        for _ in range(2):
            tally = ErrorCounts()
            tally.total[:, :, 4] = bases
            for cls in range(CLASSES):
                high = after_g["forward" if cls % 3 == 0 else "reverse"] & (cls % 3 < 2)
                tally.errors[:, :, cls, 4] = np.where(high, 3.0, 1.0)[:, None] * 1e-4 * bases
            tally.errors[context, context // 4 % 4] = 0
            tallies.append(tally)
        return tallies, after_g

    def test_is_learned_by_strand(self):
        tallies, after_g = self.samples(1e6)
        found = read_contexts(tallies, [Suspects.joined([])] * 2, np.zeros(0))
        for cls, high in ((0, after_g["forward"]), (4, after_g["reverse"])):
            ratio = found[high, :, cls].mean() / found[~high, :, cls].mean()
            assert ratio == pytest.approx(3, rel=0.1)
        assert (found[:, :, [2, 5]] == 1).all()

    def test_few_errors_of_each_strand_are_enough_together(self):
        """Each context has two errors of a class in a sample, where it should have one."""
        tallies, after_g = self.samples(1e4)
        known = read_contexts(tallies, [Suspects.joined([])] * 2, np.zeros(0))
        pooled = learn_stutter(tallies)
        with_, without = (learn(tallies[0], pooled, usual_factor=f).factor for f in (known, None))
        row = np.flatnonzero(after_g["forward"])[0]
        base = (row // 4 % 4 + 1) % 4
        assert with_[row, base, 0] > 1.5 * without[row, base, 0]


class TestSlips:
    def simulated(self, rate, depth=800, tracts=600, seed=1):
        """Return a tally over `tracts` homopolymers of each length 2 to 14."""
        rng = np.random.default_rng(seed)
        runs = np.repeat(np.arange(2, 15), tracts)
        starts = np.arange(len(runs))
        n = np.full(len(runs), depth)
        shorter = rng.binomial(n, rate[runs])
        longer = rng.binomial(n, rate[runs] / 3)
        tally = ErrorCounts()
        tally.add_stutter(starts, runs, n, shorter, longer)
        return tally

    def test_rates_are_found_again(self):
        length = np.arange(MAX_TRACT + 1)
        rate = 1e-5 * 1.9 ** np.maximum(length - 2, 0)
        tally = self.simulated(rate)
        slip = learn(tally, learn_stutter([tally])).stutter
        for run in range(8, 15):
            assert slip[run, 0] == pytest.approx(rate[run], rel=0.2)
            assert slip[run, 1] == pytest.approx(rate[run] / 3, rel=0.3)
        assert (np.diff(slip, axis=0) >= 0).all()

    def test_true_indels_are_left_out(self):
        """A heterozygous deletion in one tract of a length does not make the others slip."""
        runs = np.full(40, 8)
        n = np.full(40, 500)
        shorter = np.zeros(40, int)
        shorter[7] = 250
        tally = ErrorCounts()
        tally.add_stutter(np.arange(40), runs, n, shorter, np.zeros(40, int))
        assert tally.stutter[8, 0] == 0
        assert tally.stutter_total[8] == 40 * 500

    def test_longer_than_the_table_share_its_last_row(self):
        tally = ErrorCounts()
        one = np.array([0])
        tally.add_stutter(one, np.array([33]), np.array([100]), np.array([5]), np.array([2]))
        assert tally.stutter[MAX_TRACT].tolist() == [5, 2]

    def test_a_sample_leans_on_the_others(self):
        """Without reads of its own a sample slips as the pool does."""
        length = np.arange(MAX_TRACT + 1)
        tally = self.simulated(1e-5 * 1.9 ** np.maximum(length - 2, 0))
        pooled = learn_stutter([tally, ErrorCounts()])
        slip = learn(ErrorCounts(), pooled).stutter
        assert slip == pytest.approx(np.maximum.accumulate(pooled, axis=0))

    def test_indel_rate(self):
        slip = np.tile(np.linspace(1e-4, 0.05, MAX_TRACT + 1)[:, None], 2)
        slip[:, 1] /= 4
        ones = np.ones(1)
        noise = ErrorModel(np.ones(6), ones, ones, slip)
        assert noise.indel_rate(0, 0, -3) == INDEL_FLOOR
        assert noise.indel_rate(1, 8, -1) == pytest.approx(slip[8, 0])
        assert noise.indel_rate(1, 8, 1) == pytest.approx(slip[8, 1])
        # a further unit is about seven times rarer, longer units slip half as often
        assert noise.indel_rate(1, 8, -2) == pytest.approx(0.15 * slip[8, 0])
        assert noise.indel_rate(2, 8, -2) == pytest.approx(0.5 * slip[8, 0])
        assert noise.indel_rate(2, 8, -4) == pytest.approx(0.075 * slip[8, 0])
        assert noise.indel_rate(1, 200, -1) == pytest.approx(slip[MAX_TRACT, 0])
        # never below the floor
        assert noise.indel_rate(1, 2, -9) == INDEL_FLOOR


class TestSequence:
    @given(st.text("ACGTN", max_size=60))
    def test_homopolymers_are_all_runs_of_known_bases(self, sequence):
        starts, runs = homopolymers(encode(sequence))
        expected = []
        for i, base in enumerate(sequence):
            if base != "N":
                if i and sequence[i - 1] == base:
                    expected[-1][1] += 1
                else:
                    expected.append([i, 1])
        assert [list(x) for x in zip(starts.tolist(), runs.tolist(), strict=True)] == expected

    def test_contexts(self):
        # AC|G: 16*A + 4*C + G; then CGT; an N beside makes it unknown
        assert contexts(encode("ACGTNA")).tolist() == [6, 27, -1, -1]
