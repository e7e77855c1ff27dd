"""Changes that are chance among many variants."""

import numpy as np
import pytest

from resistpanel.compare import states
from resistpanel.compare.multiplicity import changes
from resistpanel.compare.scale import Point, Scale
from resistpanel.compare.sentences import sentence


def points(rng, ratios, sd=0.1, spread=1.0):
    return [Point(str(i), r + rng.normal(0, spread * sd), sd) for i, r in enumerate(ratios)]


def test_few_variants_say_nothing():
    assert changes(points(np.random.default_rng(1), [0.0] * 4)) is None


def test_a_doubled_variant_among_ten():
    found = changes(points(np.random.default_rng(2), [0.0] * 10 + [np.log(2)]))
    assert found.unchanged["10"] < 0.01
    assert min(found.unchanged[str(i)] for i in range(10)) > 0.5
    assert 0.7 < found.weight < 1


@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_overdispersion_is_no_change(spread):
    """All ratios are as wide as three times the counting error: none is a change."""
    wrong = 0
    for seed in range(100):
        found = changes(points(np.random.default_rng([3, seed]), [0.0] * 30, 0.1, spread))
        wrong += min(found.unchanged.values()) <= 0.1
    assert wrong <= 20  # of 100 patients; 0 and 11 with these seeds
    assert found.spread == pytest.approx(spread, rel=0.5)


def test_the_scale_does_not_matter():
    rng = np.random.default_rng(4)
    here = points(rng, [0.0] * 9 + [1.0])
    there = [Point(p.id, p.log_ratio + 0.8, p.sd) for p in here]
    one, other = changes(here), changes(there)
    assert one.unchanged == pytest.approx(other.unchanged)


def test_a_likely_chance_is_not_called(view):
    a, b = view(200, 1000, "before"), view(330, 1000, "after")
    common = Scale(0.0, 0.0, 30)
    assert states.decide(a, b, common=common, unchanged=0.05).state == "rising"
    found = states.decide(a, b, common=common, unchanged=0.4)
    assert (found.state, found.reason) == ("undetermined", "chance")
    assert "among all variants of the patient such a change is too likely to be chance" in (
        sentence(found, a, b)
    )


def test_the_false_discovery_rate_is_reported(study):
    patient = study("pre 0 skin", "post 90 skin vemurafenib").tumour(pre=0.3, post=0.3)
    found = patient.add("X", {"pre": (90, 900), "post": (270, 900)}).compare()
    (told,) = found.changes
    assert (told.pre, told.post, told.tested, told.changed) == ("pre", "post", 7, 1)
    assert told.false_discovery_rate < 0.01
    assert 0.8 < told.unchanged_fraction < 1
    assert told.spread == 1
    none = study("pre 0 skin", "post 90 skin vemurafenib").tumour(pre=0.3, post=0.3).compare()
    assert none.changes[0].false_discovery_rate is None
