"""How far damage reaches in samples whose reads show no orientation."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
from callkit import other, random_sequence
from test_assays import AMPLICONS, Lab, amplicons

from resistpanel.call import header
from resistpanel.call.call_constants import DAMAGE_FALSE, DAMAGE_MOST
from resistpanel.call.caller import Caller
from resistpanel.call.errors.damage import damage_limits, frequencies, tail_limit
from resistpanel.call.errors.error_model import MERGED_GROUPS, ErrorCounts
from resistpanel.call.errors.site_counts import Sites
from resistpanel.call.io.pileup import CLASSES
from resistpanel.call.records import RecordBuilder
from resistpanel.call.settings import Settings
from resistpanel.core.allele import Allele
from resistpanel.core.damage_kinds import KINDS, kind_of, stated, written

FORMALIN = KINDS["C>T"]
DEPTH = 2000


def counted(sites: int, damage: float, variants: int, seed: int, hot: float = 0.01) -> ErrorCounts:
    """Return the counts of a sample of C and A sites, half each.

    Parameters
    ----------
    damage : float
        Mean frequency of C>T, log-normal between sites; `hot` of the sites have 15 times that.
    variants : int
        Of 1 to 4.5 %, half C>T, the others A>G.
    """
    rng = np.random.default_rng(seed)
    context = np.tile([4 * 1, 4 * 0], sites // 2).astype(np.int8)
    depth = np.zeros((sites, CLASSES, MERGED_GROUPS), np.uint32)
    depth[:, 0, 0] = DEPTH
    rate = np.full((sites, 4), 1e-5)
    cytosine = np.arange(sites) % 2 == 0
    spread = np.exp(rng.normal(-0.5, 1.0, sites)) + np.where(rng.random(sites) < hot, 15, 0)
    rate[cytosine, 3] += damage * spread[cytosine]
    places = rng.choice(sites // 2, variants, replace=False) * 2
    rate[places[::2], 3] += np.linspace(0.01, 0.045, len(places[::2]))
    rate[places[1::2] + 1, 2] += np.linspace(0.01, 0.045, len(places[1::2]))
    errors = np.zeros((sites, 4, 3), np.uint16)
    errors[:, :, 2] = rng.poisson(DEPTH * rate)
    counts = ErrorCounts()
    counts.sites.append(Sites.of(context, depth, errors, np.zeros((sites, 4), bool)))
    return counts


def limits(counts: ErrorCounts) -> tuple[float, float]:
    """Return the limits of formalin damage and of oxidation."""
    found = damage_limits([counts])
    return float(found["C>T"][0]), float(found["G>T"][0])


@pytest.mark.parametrize("sites", [300, 1000, 5000])
def test_damage_hardly_exceeds_the_limit(sites):
    """Also with hot sites."""
    beyond, found = [], []
    for seed in range(60):
        counts = counted(sites, 6e-4, 0, seed)
        limit, oxidation = limits(counts)
        assert oxidation == 0
        assert 0.002 < limit <= DAMAGE_MOST
        found.append(limit)
        beyond.append((frequencies(counts, FORMALIN) > limit).sum())
    assert np.median(found) < 0.04
    # Such a tail is heavier than an exponential one.
    assert np.mean(beyond) < 0.2


def test_an_exponential_tail_is_exceeded_no_more_often_than_stated():
    rng, others = np.random.default_rng(1), np.zeros(4000)
    beyond = []
    for _ in range(300):
        ours = rng.uniform(0, 1e-3, 1500)
        ours[:75] = 1e-3 + rng.exponential(1e-3, 75)
        beyond.append((ours > tail_limit(ours, others)).sum())
    # The scale is half of the threshold, which is its prior.
    assert 0 < np.mean(beyond) <= DAMAGE_FALSE


@pytest.mark.parametrize(("sites", "variants"), [(300, 12), (1000, 20), (5000, 200)])
def test_variants_do_not_raise_the_limit(sites, variants):
    """Every 25th to 50th base is one of 1 to 4.5 %."""
    clean, taught = (
        np.array([limits(counted(sites, 6e-4, n, seed))[0] for seed in range(20)])
        for n in (0, variants)
    )
    assert 0.5 < np.median(taught / clean) < 1.15
    assert (taught < 0.04).all()


@pytest.mark.parametrize(("sites", "variants"), [(300, 0), (300, 20), (1000, 40), (5000, 100)])
def test_without_damage_there_is_no_limit(sites, variants):
    for seed in range(20):
        assert limits(counted(sites, 0.0, variants, seed)) == (0.0, 0.0)


def test_few_sites_and_none():
    assert limits(counted(60, 6e-4, 0, 1)) == (0.0, 0.0)
    assert limits(ErrorCounts()) == (0.0, 0.0)


def test_damage_beyond_the_highest_that_is_known():
    assert limits(counted(2000, 0.02, 0, 1))[0] == DAMAGE_MOST


def test_shallow_sites_have_no_part(tmp_path):
    """One error in 20 fragments is 5 %."""
    counts = counted(1000, 6e-4, 0, 3)
    before = limits(counts)
    (sites,) = counted(200, 0.0, 0, 4).sites
    errors = sites.counts
    errors[:, 3, 2] = 1
    counts.sites.append(Sites.of(sites.context, sites.depth // 100, errors, sites.variant))
    assert limits(counts) == before


@pytest.mark.parametrize(
    ("ref", "alt", "limited"),
    [
        ("C", "T", True),
        ("CC", "TT", True),
        ("CAG", "TAA", True),
        ("CC", "TA", False),
        ("A", "G", False),
        ("C", "CT", False),
    ],
)
def test_every_changed_base_must_be_damaged(ref, alt, limited):
    of = SimpleNamespace(
        candidates=[SimpleNamespace(allele=Allele("1", 10, ref, alt), forced=False)],
        damage={"C>T": np.array([0.02])},
        tumors=[0],
    )
    assert (RecordBuilder._damage_of(of, 0) is not None) == limited


def test_kinds():
    assert kind_of([("C", "T"), ("G", "A")]) == "C>T"
    assert kind_of([("G", "T")]) == kind_of([("C", "A")]) == "G>T"
    assert kind_of([("C", "T"), ("C", "A")]) is None
    assert kind_of([("A", "G")]) is None
    assert kind_of([]) is None


def test_limits_travel_in_the_header():
    """A kind without damage is written as 0, and is no limit."""
    text = written({"C>T": 0.012345, "G>T": 0.0})
    assert text == "C>T:0.01235,G>T:0"
    assert stated(text) == {"C>T": 0.01235}
    assert stated("C>T:nan,A>G:0.1,G>T:2e-3") == {"G>T": 0.002}
    assert stated("") == {}


def test_amplicons(tmp_path):
    """Cytosines of both strands are damaged; a variant of the same kind is beyond the damage."""
    sequence, rng, panel = random_sequence(2000, 5), random.Random(8), AMPLICONS[:6]
    lab = Lab(tmp_path, sequence, [(a + 22, b - 22) for a, b in panel])
    damaged = {
        pos: ("T" if sequence[pos] == "C" else "A", min(rng.expovariate(1 / 3e-3), 0.015))
        for a, b in panel
        for pos in range(a + 22, b - 22)
        if sequence[pos] in "CG" and rng.random() < 0.3
    }
    here = next(p for p in damaged if p > panel[4][0] + 40)
    damaged[here] = damaged[here][0], 0.06
    there = next(p for p in range(panel[2][0] + 50, 2000) if sequence[p] in "AT")
    variants = [(pos, *change) for pos, change in damaged.items()]
    variants.append((there, other(sequence[there]), 0.02))
    normal = lab.bam("N", amplicons(sequence, "N", 300, [], rng, only=panel))
    tumor = lab.bam("T", amplicons(sequence, "T", 800, variants, rng, only=panel))
    settings = Settings(str(lab.reference), str(lab.targets), [str(tumor)], normal=str(normal))
    result = Caller(settings).call()
    found = {(r.pos, r.ref, r.alt): r for r in result.records}
    passed = [pos - 1 for (pos, _, _), record in found.items() if not record.filters]
    assert sorted(passed) == sorted([here, there])
    filtered = [record for record in found.values() if "damage" in record.filters]
    assert len(filtered) > 5
    parameters = header.parameters(result)
    limits = stated(parameters["damage_limit_T"])
    assert set(limits) == {"C>T"}
    assert max(r.samples[1]["AF"] for r in filtered) < limits["C>T"] < 0.06
    assert "damage_limit_N" not in parameters  # a normal is not filtered
    for record in filtered:
        counts = record.samples[1]
        assert counts["LOD"] > counts["AF"]
