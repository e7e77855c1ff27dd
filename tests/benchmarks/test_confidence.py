"""The calibration benchmark: its simulator does what it says, its scores what they are named."""

import numpy as np
import pytest
from benchmarks.confidence import (
    EDGES,
    frames,
    least_fragments,
    measured,
    reliability,
    results,
    right,
    scores,
)
from benchmarks.confidence_patients import THERAPIES, TYPES, Maker, Variant


@pytest.fixture(scope="module")
def maker():
    return Maker(3, 1.0)


def test_scores_of_calibrated_and_of_overstated_probabilities():
    rng = np.random.default_rng(8)
    p = rng.uniform(0.02, 0.98, 20_000)
    y = rng.random(len(p)) < p
    good = scores(p, y)
    assert good["slope"] == pytest.approx(1, abs=0.05)
    assert good["linear slope"] == pytest.approx(1, abs=0.05)
    assert good["Brier"] == pytest.approx(np.mean(p * (1 - p)), abs=0.005)
    odds = (p / (1 - p)) ** 2
    assert scores(odds / (1 + odds), y)["slope"] == pytest.approx(0.5, abs=0.05)
    table = reliability(p, y)
    assert table.number.sum() == len(p)
    assert len(table) == len(EDGES) - 1
    inside = (table.right >= table["mean stated"] - 0.03) & (
        table.right <= table["mean stated"] + 0.03
    )
    assert inside[table.number > 500].all()


def test_the_genome_has_the_catalogues_residues(maker):
    for _, _, driver in THERAPIES:
        if driver:
            assert maker.genome.named(*driver).protein == driver[1]
    assert all(maker.pools[therapy] for therapy in THERAPIES)
    assert len(maker.sites) > 300
    assert maker.genome.panel.size == sum(3 * len(c) for c in maker.genome.codons.values())


def test_passengers_follow_the_spectrum(maker):
    rng = np.random.default_rng(4)
    wanted = (0.1, 0.08, 0.52, 0.06, 0.18, 0.06)
    drawn = [maker.genome.passenger(rng, wanted).type for _ in range(3000)]
    assert [drawn.count(t) / 3000 for t in TYPES] == pytest.approx(wanted, abs=0.03)


def test_a_finding_is_right_only_with_its_history(maker):
    change = maker.genome.named("BRAF", "V600E")
    was = Variant(change, "mechanism", np.zeros(3), before=0.3)
    assert right(was, "rising")
    assert not right(was, "acquired")
    assert not right(Variant(change, "passenger", np.zeros(3), before=0.0), "acquired")


def test_a_call_needs_a_few_fragments():
    assert 3 <= least_fragments(100) <= least_fragments(3000) <= 15


@pytest.mark.slow
def test_patients_go_through_compare_and_resist(maker):
    patients, alleles = frames(results(maker, [3, 1], 5))
    assert len(patients) == 5
    assert patients.mechanism.all()
    assert patients[patients.clear].found.any()
    assert alleles[alleles.kind == "driver"].is_real.all()
    assert not alleles[alleles.kind == "none"].is_real.any()
    for stated, _ in measured(patients, alleles).values():
        assert stated.dropna().between(0, 1).all()
