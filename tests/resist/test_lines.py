"""What the verdict says where there were several lines, and where candidates are uncertain."""

from types import SimpleNamespace

import pytest

from resistpanel.resist.verdict import keys_of, state_words


def finding(tier, effect, state):
    alteration = SimpleNamespace(state=state, line=None, later=(), junction=None, copy_number="")
    return SimpleNamespace(tier=tier, effect=effect, alteration=alteration)


def test_a_stable_known_alteration_counts_more_than_an_uncertain_candidate():
    candidate = finding(1, "candidate", "undetermined")
    known = finding(2, "known", "stable")
    assert keys_of([candidate, known]) == [known]
    assert keys_of([candidate]) == [candidate]


@pytest.mark.parametrize("state", ["acquired", "emergent", "rising"])
def test_a_candidate_that_relapse_brought_counts_more_than_a_stable_known_one(state):
    candidate = finding(1, "candidate", state)
    assert keys_of([candidate, finding(2, "known", "stable")]) == [candidate]


def line(number, state, before):
    lesions = [SimpleNamespace(lesion="L", state=state)]
    return SimpleNamespace(
        line=number, state=state, before=before, why=None, shown_by=("a",), lesions=lesions
    )


def test_the_line_that_brought_an_alteration_is_named():
    lines = (line(1, "acquired", "excluded"), line(2, "stable", "present"))
    alteration = SimpleNamespace(
        lines=lines, line=lines[1], state="stable", status="present", later=(),
        decisive_lesion=lambda: None,
    )  # fmt: skip
    words = state_words(alteration)
    assert words == (
        "was present before line 2 of therapy at about the same fraction (acquired under line 1)"
    )
    first = SimpleNamespace(
        lines=lines[:1], line=lines[0], state="acquired", status="present", later=()
    )
    assert state_words(first) == "was acquired"


def test_a_drug_of_the_combination_that_acts_on_the_alteration(patient, context):
    """MET amplification resists lazertinib; amivantamab, given with it, binds MET."""
    for drugs, kind in ((("osimertinib",), "mechanism"), (("amivantamab", "lazertinib"), "none")):
        p = patient(*drugs, disease="NSCLC").background()
        p.add("EGFR", "L858R", 0.35, 0.35)
        met = p.amplify("MET", 0.0, 2.5)
        value = p.resist(context)
        assert value["verdict"]["kind"] == kind
        (found,) = (f for f in value["findings"] if f["variant"] == met)
        said = any("acts on it" in reason for reason in found["against"])
        assert said == (kind == "none")


def test_every_line_states_the_alleles_for_its_own_drugs(patient, context):
    """T790M is looked for under erlotinib, C797S under osimertinib."""
    samples = [("t0", 0, None), ("t1", 100, None), ("t2", 200, None)]
    lines = [(["erlotinib"], 10), (["osimertinib"], 110)]
    p = patient(disease="NSCLC", samples=samples, lines=lines).background()
    for change, af, row in (
        ("T790M", 0.0, "EGFR-T790M-gefitinib"),
        ("C797S", 0.0, "EGFR-C797S-osimertinib"),
        ("C797G", None, "EGFR-C797S-osimertinib"),
    ):
        p.add("EGFR", change, 0.0, 0.0, af, sites=[row])
    second, first = p.resist(context)["lines"]
    assert first["examined"] == {"alleles": 1, "not_assessable": 0, "worst_ub": 0.0033}
    assert second["examined"] == {"alleles": 1, "not_assessable": 1, "worst_ub": 0.0033}
