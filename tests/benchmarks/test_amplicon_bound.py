"""The bound of formalin-fixed amplicons: its probabilities and its threshold."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from benchmarks import amplicon_bound as bound


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bound, "DRAWS", 4000)
        patch.setattr(bound, "PAIRS", 200)
        return bound.Model.of(np.random.default_rng(5))


def test_shares_have_the_mean_that_was_drawn(model):
    """Damage is in one strand, so in half of the reads of a molecule."""
    assert np.allclose(model.of_damage.sum(1), 1)
    for table, grid, part, some in (
        (model.of_damage, bound.RATES, 0.5, (40, 50)),
        (model.of_variant, bound.FREQUENCIES, 1.0, (60, 70)),  # of 6 and 25 %: damage adds little
    ):
        for k in some:
            assert table[k] @ bound.SHARES == pytest.approx(part * grid[k], rel=0.05)


def test_rates_of_a_site_are_probabilities(model):
    assert np.exp(model.log_rates).sum() == pytest.approx(1)
    assert (model.frequencies <= 1).all()
    assert (model.frequencies[:, 0] == 0).mean() > 0.2  # acquired


def test_evidence_grows_with_frequency_and_with_amplicons(model):
    def score(*counts):
        return model.log_ratio(list(counts), 6e-4, 1e-3)

    one = [score((0, 0, 2500), (1, k, 2500)) for k in (10, 50, 250)]
    assert one == sorted(one)
    assert one[0] < 0 < one[2]
    # A second amplicon has molecules of its own.
    both = score((0, 0, 2500), (0, 0, 2500), (1, 50, 2500), (1, 50, 2500))
    assert both > one[1] + 1
    # Damage of a hot site is in both tumours, more than in most variants.
    assert score((0, 30, 2500), (1, 40, 2500)) < score((0, 0, 2500), (1, 60, 2500))


def test_the_threshold_of_the_highest_f1():
    variants = pd.DataFrame(
        {"patient": [0, 0, 1, 1], "index": [0, 1, 0, 1], "damage": [True, False, True, True],
         "max_af": [0.02, 0.3, 0.04, 0.004]}
    )  # fmt: skip
    scores = pd.DataFrame(
        {"patient": [0, 0, 1, 1], "variant": [0, -1, 0, -1], "score": [1.0, 2.0, 3.0, 0.0]}
    )
    cut, counts = bound.best(scores, variants, "score")
    assert cut == 1.0
    assert counts.to_numpy().tolist() == [[2, 2, 1], [1, 1, 0]]
    _, counts = bound.best(scores, variants, "score", 2.5)
    assert counts.to_numpy().tolist() == [[1, 2, 0], [1, 1, 0]]


def test_the_limit_is_of_all_sites_of_a_tumour():
    """Counts of two overlapping amplicons are added; shallow sites have no part."""
    rng = np.random.default_rng(3)
    codes = np.tile(np.array([1, 0, 2, 3], np.uint8), 400)  # CAGT
    ref = SimpleNamespace(contigs={"c": codes})
    tiles = [
        SimpleNamespace(contig="c", insert=span) for span in ((0, 900), (800, 1500), (1500, 1600))
    ]
    total = np.array([2000, 3000, 100])
    ours = {}
    for at in range(0, 1600, 2):
        of = [k for k, t in enumerate(tiles) if t.insert[0] <= at < t.insert[1]]
        ours["c", at] = {(0, k): rng.poisson(total[k] * 1e-3) for k in of} | {(1, of[0]): 900}
    found = bound._limit(0, ours, {}, total, tiles, ref)
    deep = range(0, 1500, 2)
    depth = {at: 2000 * (at < 900) + 3000 * (at >= 800) for at in deep}
    alone = np.array([sum(ours["c", at].get((0, k), 0) for k in (0, 1)) / depth[at] for at in deep])
    assert found == bound.tail_limit(alone, np.zeros(750)) > 2e-3
