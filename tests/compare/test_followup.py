"""Follow-up of plasma: known alleles, tumour fraction, white cells."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from resistpanel.compare.content import Content
from resistpanel.compare.followup import FollowUp, known_limit, with_known
from resistpanel.compare.purity import Purity
from resistpanel.compare.read_calls import Record
from resistpanel.compare.tumor_fraction import KnownSite, log_negative_binomial, tumor_fraction
from resistpanel.core.vcf import Genotype
from resistpanel.records.sheet import Sample


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """A fifth of the draws, to save time."""
    monkeypatch.setattr("resistpanel.compare.tumor_fraction.FOLLOWUP_DRAWS", 2000)
    monkeypatch.setattr("resistpanel.compare.tumor_fraction.FOLLOWUP_POWER_DRAWS", 400)


def genotype(alt, depth, detected=None, errors=(0.3, 0.6), critical=4):
    """Return evidence with an exact interval of no importance."""
    af = alt / depth
    detected = alt >= 10 if detected is None else detected
    return Genotype(
        (depth - alt, alt), depth, af, 0.8 * af, 1.2 * af, 0.002, af + 3 / depth, detected,
        errors=errors, critical=critical,
    )  # fmt: skip


def record(number, gene="BRAF", **evidence):
    fields = {"id": f"chr1:{number}:A:C", "gene": gene, "model": "somatic", "reported": True}
    return Record(fields, evidence)


def sample(name, role):
    return Sample(
        sample=name, role=role, timepoint=None, day=None, lesion=None, drugs=(), bam="/a",
        purity=None,
    )  # fmt: skip


SAMPLES = [sample("blood", "normal"), sample("tissue", "tumor"), *(
    sample(f"p{n}", "plasma") for n in (1, 2))]  # fmt: skip


def follow(variants, most_hopping=0.0, samples=SAMPLES):
    names = [one.sample for one in samples]
    content = Content(shared=9, catalogued=True, af=0.3, af_low=0.25)
    return FollowUp(
        samples, variants, dict.fromkeys(names, content), dict.fromkeys(names, Purity()),
        dict.fromkeys(names, 0.0), most_hopping, names[0] if "normal" in samples[0].role else None,
    )  # fmt: skip


def patient(p1, p2, number=8, **more):
    return [
        record(
            10 + i, blood=genotype(0, 900), tissue=genotype(270, 900), p1=genotype(p1, 10_000),
            p2=genotype(p2, 10_000), **more,
        )
        for i in range(number)
    ]  # fmt: skip


def test_the_counts_are_negative_binomial():
    k = np.arange(40)
    mean, extra = 6.0, 12.0
    size = mean**2 / extra
    found = log_negative_binomial(k, mean, extra)
    assert np.exp(found) == pytest.approx(nbinom.pmf(k, size, size / (size + mean)))
    assert np.exp(log_negative_binomial(k, 3.0, 0.0)) == pytest.approx(poisson.pmf(k, 3.0))


def test_detected_with_fraction_interval_and_limit():
    one, two = follow(patient(100, 0)).result()
    # 1 % of AF; the tissue has 30 % of 60 % tumour cells, that is half of pure tumour's DNA.
    assert one.detected
    assert one.used == 8
    assert one.tumor_fraction == pytest.approx(0.02, rel=0.1)
    assert one.low < 0.02 < one.high
    assert one.p < 0.001
    assert one.known[0].tumor_af == pytest.approx(0.5)
    assert {allele.source for allele in one.known} == {"tissue"}
    assert all(allele.detected for allele in one.known)
    assert one.text.startswith("ctDNA detected: tumour fraction 2")
    assert not two.detected
    assert two.tumor_fraction is None
    # Eight alleles of 10,000 molecules, half of which the tumour has: 3 / 40,000 with no spread.
    assert 3 / 40_000 <= two.upper < 4 / 40_000
    assert two.upper < two.limit < 0.001
    assert two.text.startswith("ctDNA not detected: tumour fraction below 0.008")


def test_many_alleles_show_what_none_does_alone():
    variants = patient(2, 0, number=30)
    found = follow(variants).result()[0]
    assert not any(allele.detected for allele in found.known)
    assert found.detected
    assert not follow(variants[:1]).result()[0].detected


def test_what_is_left_out():
    variants = patient(0, 0, number=4)
    late = record(
        50, blood=genotype(0, 900), tissue=genotype(0, 900), p1=genotype(0, 9000),
        p2=genotype(40, 9000),
    )  # fmt: skip
    white = record(
        60, "DNMT3A", blood=genotype(0, 900), tissue=genotype(0, 900), p1=genotype(90, 9000),
        p2=genotype(90, 9000),
    )  # fmt: skip
    same = record(
        70, "KDR", blood=genotype(12, 900), tissue=genotype(0, 900), p1=genotype(120, 9000),
        p2=genotype(120, 9000),
    )  # fmt: skip
    noisy = dataclasses.replace(variants[0], evidence=variants[0].evidence | {
        "p1": genotype(3, 9000, critical=None)})  # fmt: skip
    made = follow([noisy, *variants[1:], late, white, same])
    one, two = made.result()
    # What plasma alone shows is known from then on.
    assert late.fields["id"] not in {allele.id for allele in one.known}
    assert white.fields["id"] not in {allele.id for allele in one.known}
    left_out = {allele.id: allele.left_out for allele in one.known + two.known}
    assert left_out["chr1:10:A:C"] is None
    assert one.known[0].left_out == "a recurrent error or artifact at the site"
    assert left_out["chr1:60:A:C"] == left_out["chr1:70:A:C"] == "may be of white cells"
    assert made.marks()["chr1:60:A:C"].startswith("DNMT3A is a gene of clonal haematopoiesis")
    assert made.marks()["chr1:70:A:C"].startswith("the normal has it too (1.3 %")
    assert set(made.marks()) == {"chr1:60:A:C", "chr1:70:A:C"}
    alone = follow([late], samples=SAMPLES[2:])
    assert alone.result()[0].text == "no allele is known from tissue or an earlier plasma"


def test_index_hopping_is_named_where_it_is_considered():
    variants = patient(1, 0, number=60)
    assert follow(variants).result()[0].hopping is None
    found = follow(variants, most_hopping=0.005).result()[0]
    assert found.hopping == pytest.approx(1 / 270, rel=1e-5)
    assert found.text.startswith(
        "ctDNA not shown: index hopping of 0.37 % from the patient's other"
    )
    # One answer: neither the plasma nor an allele of it is detected.
    assert (found.detected, found.tumor_fraction) == (False, None)


def test_a_known_allele_is_detected_by_what_a_known_one_takes():
    """By the caller in tissue, by CRIT in plasma; not what hopping may explain."""
    variants = [
        record(n, tissue=genotype(270, 900), blood=genotype(0, 900), p1=genotype(3, 9000),
               p2=genotype(alt, 9000)) for n, alt in ((1, 5), (2, 4), (3, 3))
    ]  # fmt: skip
    unknown = record(4, tissue=genotype(0, 900), blood=genotype(0, 900), p1=genotype(5, 9000),
                     p2=genotype(5, 9000))  # fmt: skip
    hopped = {("chr1:2:A:C", "p2"): None}
    found, as_known = with_known([*variants, unknown], [*variants, unknown], SAMPLES, hopped)
    assert [one.evidence["p2"].detected for one in found] == [True, False, False, False]
    assert not any(one.evidence["p1"].detected for one in found)
    assert as_known == {("chr1:1:A:C", "p2")}
    assert not with_known(variants, [], SAMPLES, {})[1]


def test_plasma_with_tumour_dna_by_all_alleles_bounds_what_was_not_detected():
    """Two molecules each of thirty alleles: none is detected, and yet a clone is bounded."""
    made = follow(patient(2, 0, number=30))
    found = made.contents_by_all()
    assert set(found) == {"p1"}
    one = made.result()[0]
    assert found["p1"].detected
    assert found["p1"].af == pytest.approx(0.5 * one.tumor_fraction, rel=1e-3)
    assert found["p1"].af_low == pytest.approx(0.5 * one.low, rel=1e-3)


def test_limit_of_one_allele():
    """Reached with 95 % probability: Garwood's bound of three fragments, 7.75, in 10,000."""
    one = genotype(0, 10_000)
    assert known_limit(one, 0.0) == pytest.approx(7.7537e-4, rel=1e-3)
    assert known_limit(one, 0.001) > 2 * known_limit(one, 0.0)
    assert known_limit(dataclasses.replace(one, critical=None), 0.0) is None


@pytest.mark.slow
@pytest.mark.parametrize("fraction", [0.0, 0.002, 0.02])
def test_the_test_is_calibrated_and_intervals_cover(fraction, monkeypatch):
    """Few patients, so that gross errors are seen; benchmarks.followup has the rates."""
    monkeypatch.setattr("resistpanel.compare.tumor_fraction.FOLLOWUP_DRAWS", 1000)
    monkeypatch.setattr("resistpanel.compare.tumor_fraction.FOLLOWUP_POWER_DRAWS", 60)
    rng = np.random.default_rng(11)
    detected = covered = 0
    for _ in range(40):
        errors = rng.uniform(0.05, 1.0, 6)
        rate = errors * rng.gamma(2.0, 0.5, 6)
        alts = rng.poisson(rate + fraction * 0.5 * 8000)
        sites = [
            KnownSite(int(k), 8000, (e, np.sqrt(e + e**2 / 2)), 0.5, 6)
            for k, e in zip(alts, errors, strict=True)
        ]
        found = tumor_fraction(sites)
        detected += found.detected
        covered += found.low <= fraction <= found.high or (not fraction and found.low < 2e-6)
    assert covered >= 34
    assert detected <= 3 if fraction == 0 else detected >= 38
