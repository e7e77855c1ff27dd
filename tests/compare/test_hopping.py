"""Index hopping between a patient's libraries: constructed patients, and rates by simulation."""

import dataclasses

import numpy as np
import pytest

from resistpanel.compare.hopping import Hopping, with_pool, without_hopped
from resistpanel.compare.read_calls import Record
from resistpanel.compare.states import Rules

ERROR = 1e-3 / 3


@pytest.fixture(scope="module")
def caller(view):
    return lambda alt, depth: view(alt, depth).evidence


@pytest.fixture(scope="module")
def patient(study, caller):
    """Return a patient with six truncal variants, private ones of relapse, and a new one.

    `private` and `new` are fragments before; at relapse all are at 30 %.
    """

    def make(depth, new, private=(), pre=0.3):
        made = study("pre 0 skin", "post 90 skin vemurafenib")
        post = 3 * depth // 10
        made.tumour(pre=pre, post=0.3)
        for record in made.records:
            record.evidence["N"] = caller(0, depth)
            record.evidence["pre"] = caller(round(pre * depth), depth)
            record.evidence["post"] = caller(post, depth)
        for i, alt in enumerate(private):
            made.add(f"P{i}", {"pre": (alt, depth), "post": (post, depth)})
        return made.add("MAP2K1", {"pre": (new, depth), "post": (post, depth)})

    return make


def before(made, **rules):
    variant = made.state("MAP2K1", rules=Rules(**rules))
    return variant, variant.lines[0]


def test_a_rate_that_hopping_reaches_is_no_presence_and_is_said(patient):
    """0.12 % before, 30 % at relapse: called, and 0.4 % of the fragments of the other library."""
    variant, line = before(patient(30_000, 36))
    pre = variant.samples["pre"]
    assert (variant.state, line.before, pre.detected) == ("acquired", "excluded", False)
    assert 0.001 < pre.hopping <= 0.005
    assert "36 of 30000 fragments, explained by index hopping of up to 0." in line.text
    assert "from the library in post" in line.text
    variant, line = before(patient(30_000, 36), most_hopping=0.0)
    assert (line.before, variant.samples["pre"].hopping) == ("present", None)


def test_where_private_variants_show_no_hopping_it_is_present(patient):
    variant, line = before(patient(30_000, 36, private=[0] * 3))
    assert (line.before, variant.samples["pre"].hopping) == ("present", None)
    assert "hopping" not in line.text


def test_few_fragments_more_than_hopping_gives_are_possible(patient):
    variant, line = before(patient(900, 5))
    assert (variant.state, line.before) == ("emergent", "possible")
    assert (
        "5 of 900 fragments in pre have the allele: presence is 19 times as likely as index "
        in (line.text)
    )


def test_a_real_one_beside_hopped_ones_is_present(patient):
    """2 % before, where five private variants show hopping at 0.4 %."""
    variant, line = before(patient(30_000, 600, private=[34, 38, 36, 40, 32]))
    assert (line.before, variant.samples["pre"].hopping) == ("present", None)


def test_what_is_everywhere_in_proportion_is_no_tumour(patient):
    """A biopsy without tumour, with 0.4 % of the fragments of the library at relapse."""
    made = patient(30_000, 36, private=[34, 38, 36, 40, 32], pre=0.0012)
    found = made.compare()
    assert not found.samples[1].tumor.detected
    assert {v.lines[0].before for v in found.variants} == {"not known"}
    plain = patient(30_000, 36, private=[34, 38, 36, 40, 32], pre=0.0012).compare(
        rules=Rules(most_hopping=0.0)
    )
    assert plain.samples[1].tumor.detected


def test_what_left_may_be_seen_by_hopping(patient):
    """Lost at relapse but for 0.12 % that the library before treatment explains."""
    made = patient(30_000, 0)
    made.add("NRAS", {"pre": (9000, 30_000), "post": (36, 30_000)})
    variant = made.state("NRAS")
    assert (variant.state, variant.status) == ("lost", "gone")
    assert "explained by index hopping" in variant.lines[0].text


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.004])
def test_hopping_is_bounded_and_real_variants_are_kept(caller, rate):
    """500 patients with four private variants and one that was in 1 % of the fragments before.

    What hopping gives counts as present in at most 1 % of the variants, and the real one is kept.
    """
    rng = np.random.default_rng([2711, round(1e4 * rate)])
    depth, wrong, real, number = 10_000, 0, 0, 500
    for _ in range(number):
        post = rng.binomial(depth, 0.3, 5)
        pre = rng.poisson(rate * post + ERROR * depth)
        pre[4] += rng.binomial(depth, 0.01)
        records = [
            Record(
                {"id": str(i), "model": "somatic"},
                {"pre": caller(int(pre[i]), depth), "post": caller(int(post[i]), depth)},
            )
            for i in range(5)
        ]
        found = without_hopped(
            records, Hopping(records, ["pre", "post"], lambda _: ERROR, 0.005).hopped()
        )
        wrong += sum(one.evidence["pre"].detected is True for one in found[:4])
        real += found[4].evidence["pre"].detected is True
    assert wrong <= 0.01 * 4 * number
    assert real >= 0.99 * number


def test_nothing_to_hop(caller):
    evidence = {"pre": caller(5, 900), "post": dataclasses.replace(caller(0, 900), detected=None)}
    records = [Record({"id": "a", "model": "somatic"}, evidence)]
    assert Hopping(records, ["pre", "post"], lambda _: ERROR, 0.005).hopped() == {}
    assert Hopping(records, ["pre"], lambda _: ERROR, 0.005).hopped() == {}
    assert Hopping([], ["pre", "post"], lambda _: ERROR, 0.005).hopped() == {}


class TestOtherPatients:
    """An allele that may hop over from the library of another patient."""

    @staticmethod
    def real(caller, *alts, depth=900, private=None):
        """Return the probability of one that is real with 99.9 % by the caller: normal, pre, post.

        `private` is the number of fragments before of six variants at 30 % at relapse.
        """
        fields = {"model": "somatic", "real": 0.999}
        one = Record(
            fields | {"id": "a"},
            {n: caller(k, depth) for n, k in zip(("N", "pre", "post"), alts, strict=True)},
        )
        others = [
            Record(
                fields | {"id": str(i)},
                {"N": caller(0, 30_000), "pre": caller(private, 30_000),
                 "post": caller(9000, 30_000)},
            )
            for i in range(6 if private is not None else 0)
        ]  # fmt: skip
        hopping = Hopping([one, *others], ["pre", "post"], lambda _: 1e-5, 0.005)
        return with_pool(one, hopping).fields["real"]

    def test_what_is_alike_in_all_libraries_hops(self, caller):
        assert self.real(caller, 10, 11, 12, depth=10_000) < 0.01

    def test_a_frequency_that_hopping_does_not_reach_is_real(self, caller):
        assert self.real(caller, 0, 0, 9) > 0.99
        assert self.real(caller, 0, 0, 270) == 0.999

    def test_few_fragments_are_real_where_nothing_hops(self, caller):
        plain = self.real(caller, 0, 0, 3)
        assert plain < self.real(caller, 0, 0, 3, private=0)
        assert self.real(caller, 0, 0, 3, private=36) < plain

    def test_inherited_alleles_and_a_rate_of_0_are_left_out(self, caller):
        one = Record(
            {"id": "a", "model": "germline", "real": 0.9},
            {"N": caller(9, 9000), "pre": caller(9, 9000), "post": caller(9, 9000)},
        )
        assert with_pool(one, Hopping([one], ["pre", "post"], lambda _: 1e-5, 0.005)) is one
        one.fields["model"] = "somatic"
        assert with_pool(one, Hopping([one], ["pre", "post"], lambda _: 1e-5, 0.0)) is one
