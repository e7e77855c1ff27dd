"""Catalogued alleles below the limit of damage of the samples that show them."""

import pytest

from resistpanel.core.text import confidence

LIMIT = {"C>T": 0.05}
REASON = (
    "AF 2.2 % is below the damage limit of post (5.0 %): C>T and G>A there cannot be told from "
    "formalin damage"
)


def relapse(patient, ref="G", alt="A", after=(0.022,), limits=(("post", LIMIT),), **more):
    """Return a patient whose later samples have T790M, here of a substitution of choice."""
    names = [("pre", 0, None), *((("post", "other")[k], 160, None) for k in range(len(after)))]
    p = patient("erlotinib", disease="NSCLC", samples=names, **more).background()
    p.damage = dict(limits)
    p.add("EGFR", "L858R", *([0.4] * len(names)))
    changed = [
        {"pos": 2000 + k, "ref": a, "alt": b, "residue": None}
        for k, (a, b) in enumerate(zip(ref, alt, strict=True))
    ]
    p.add(
        "EGFR", "T790M", 0.0, *after,
        ref=ref, alt=alt, substitutions=changed, id=f"chr1:2000:{ref}:{alt}", real=0.999,
        sites=["EGFR-T790M-gefitinib"],
    )  # fmt: skip
    p.amplify("MET", *([0.0] * len(names)))
    return p


def of_t790m(value):
    """Return the finding."""
    return next(f for f in value["findings"] if f["protein"] == "T790M")


@pytest.mark.parametrize(("ref", "alt"), [("G", "A"), ("C", "T"), ("CC", "TT")])
def test_below_the_limit_the_finding_stays_and_says_so(patient, context, ref, alt):
    value = relapse(patient, ref, alt).resist(context)
    verdict, finding = value["verdict"], of_t790m(value)
    assert verdict["key_variants"] == [finding["variant"]]
    assert verdict["confidence"] == "low"
    assert f"but {REASON}" in verdict["reasons"]
    assert REASON in finding["against"]
    assert finding["damaged"] == REASON
    assert REASON in confidence(verdict)  # the terminal
    assert "damage of the DNA is not part" in finding["confidence"]["text"]


@pytest.mark.parametrize(
    ("ref", "alt", "after", "limits"),
    [
        ("G", "A", 0.05, LIMIT),
        ("G", "A", 0.022, {"C>T": 0.02}),
        ("G", "A", 0.022, {"G>T": 0.05}),
        ("T", "A", 0.022, LIMIT),
        ("CC", "TA", 0.022, LIMIT),
        ("G", "A", 0.022, {}),
    ],
)
def test_what_damage_does_not_make(patient, context, ref, alt, after, limits):
    p = relapse(patient, ref, alt, (after,), [("post", limits)] if limits else [])
    value = p.resist(context)
    assert not any("damage" in text for text in of_t790m(value)["against"])
    assert not any("damage" in text for text in value["verdict"]["reasons"])
    assert value["verdict"]["confidence"] == "high"


def test_oxidation(patient, context):
    value = relapse(patient, "C", "A", limits=[("post", {"G>T": 0.03})]).resist(context)
    assert any(
        text.endswith("G>T and C>A there cannot be told from oxidative damage")
        for text in of_t790m(value)["against"]
    )


def test_two_samples_that_agree_are_more_than_one(patient, context):
    """Moderate at most; every sample is named with its limit."""
    limits = [("post", LIMIT), ("other", {"C>T": 0.04})]
    value = relapse(patient, after=(0.022, 0.03), limits=limits).resist(context)
    assert value["verdict"]["confidence"] == "moderate"
    text = next(t for t in of_t790m(value)["against"] if "damage limit" in t)
    assert "2.2 % in post (limit 5.0 %) and 3.0 % in other (limit 4.0 %)" in text


@pytest.mark.parametrize("limits", [[("post", LIMIT)], [("post", LIMIT), ("other", {"C>T": 0.02})]])
def test_a_sample_that_is_not_damaged_proves_it(patient, context, limits):
    value = relapse(patient, after=(0.022, 0.03), limits=limits).resist(context)
    assert not any("damage" in text for text in of_t790m(value)["against"])


def test_a_sample_without_it_does_not_matter(patient, context):
    """Two fragments that are not detected do not show the allele."""
    value = relapse(patient, after=(0.022, 0.0)).resist(context)
    assert REASON in of_t790m(value)["against"]


def test_what_is_not_damage_leads(patient, context):
    """Whatever the order by allele frequency; the other is named behind it, with the doubt."""
    p = relapse(patient)
    p.add("EGFR", "D761Y", 0.0, 0.01, real=0.999)
    value = p.resist(context)
    assert [f["protein"] for f in value["findings"]][:2] == ["D761Y", "T790M"]
    assert "T790M (acquired; below the damage limit)" in value["verdict"]["sentence"]
    # Title, options and cross-resistance rest on the other alone.
    assert value["verdict"]["key_variants"] == [value["findings"][0]["variant"]]
    p.damage = {}
    without = of_t790m(p.resist(context))
    assert without["rank"] == 1
    assert len(p.resist(context)["verdict"]["key_variants"]) == 2
    assert "damaged" not in without


def test_nothing_changes_for_an_allele_that_is_absent(patient, context):
    p = relapse(patient, after=(0.0,))
    with_limit = p.resist(context)
    p.damage = {}
    assert p.resist(context) == with_limit


def test_what_may_be_damage_converges_with_nothing(patient, context):
    """MAP2K1 C121S, here G>A, is below the limit."""
    p = patient("vemurafenib", disease="melanoma").background()
    p.add("BRAF", "V600E", 0.4, 0.4)
    p.add("NRAS", "Q61K", 0.0, 0.1, real=0.999)
    p.add(
        "MAP2K1", "C121S", 0.0, 0.02, real=0.999,
        substitutions=[{"pos": 9, "ref": "G", "alt": "A", "residue": None}],
    )  # fmt: skip
    assert p.resist(context)["convergence"]
    p.damage = {"post": LIMIT}
    assert p.resist(context)["convergence"] is None


def test_a_filtered_allele_is_no_reason(patient, context):
    """In trans with an allele that fails a filter says nothing; one fragment is no plural."""
    p = patient("vemurafenib", disease="melanoma").background()
    other = p.add("NRAS", "E62K", 0.0, 0.02)
    p.add("NRAS", "Q61K", 0.0, 0.1, phase=[{"other": other, "cis": 1, "trans": 300}])
    (reason,) = [t for f in p.resist(context)["findings"] for t in f["for"] if "trans" in t]
    assert reason.endswith("NRAS p.E62K: 1 fragment carries both, 300 this one alone")
    next(v for v in p.variants if v["id"] == other).update(reported=False, filters=["damage"])
    assert not [t for f in p.resist(context)["findings"] for t in f["for"] if "trans" in t]
