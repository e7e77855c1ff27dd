"""Verdicts where the samples before treatment differ, say nothing, or are not the last word."""

import pytest

LESIONS = [("A0", 0, "arm"), ("B0", 0, "back"), ("A1", 160, "arm"), ("B1", 160, "back")]


def v600e(p, *fractions):
    p.add("BRAF", "V600E", *fractions)
    return p


def everything(value):
    """Return all sentences of resist.json that speak of findings."""
    verdict = value["verdict"]
    texts = [verdict["sentence"], *verdict["reasons"], value["driver"]["text"]]
    for found in value["findings"]:
        texts += [*found["for"], *found["against"]]
    return " | ".join(texts)


def test_a_biopsy_without_tumour_never_gives_acquired(patient, context):
    """Thirteen variants are new in the relapse, the driver too."""
    p = v600e(patient("vemurafenib", tumour_free=("pre",)), 0.0, 0.37)
    p.add("MAP2K1", "C121S", 0.0, 0.16)
    for index in range(11):
        p.add("PTPRD", f"E{600 + index}K", 0.0, 0.4)
    value = p.resist(context)
    assert "acquired" not in everything(value)
    assert {f["state"] for f in value["findings"]} == {"undetermined"}
    assert value["driver"]["state"] == "present"
    assert "retained" not in everything(value)
    assert value["driver"]["text"].endswith(
        "whether it was present before treatment is not known: the biopsy pre contains no "
        "detectable tumour"
    )
    verdict = value["verdict"]
    assert (verdict["kind"], verdict["key_variants"]) == ("mechanism", [p.variants[1]["id"]])
    assert (
        "is present after treatment; whether it was present before is not known: the biopsy pre "
        "contains no detectable tumour" in verdict["sentence"]
    )
    assert verdict["confidence"] != "high"


def test_copy_number_needs_tumour_before_too(patient, context):
    p = v600e(patient("vemurafenib", tumour_free=("pre",)), 0.0, 0.37)
    p.amplify("BRAF", 0.0, 2.5)
    value = p.resist(context)
    found = next(f for f in value["findings"] if f["variant"].startswith("copynumber"))
    assert found["state"] == "undetermined"
    assert "acquired" not in everything(value)


def test_a_relapse_sample_without_tumour_has_not_lost_the_driver(patient, context):
    p = v600e(patient("vemurafenib", tumour_free=("post",)), 0.37, 0.0)
    value = p.resist(context)
    assert value["driver"]["state"] == "unknown"
    assert value["driver"]["text"].endswith("post contains no detectable tumour")
    assert "lost" not in everything(value)


def test_present_in_another_lesion_before(patient, context):
    """Absent in pre A, 30 % in pre B, relapse in C: not acquired, B is named."""
    samples = [("A", 0, "arm"), ("B", 0, "back"), ("C", 160, "chest")]
    p = patient("vemurafenib", samples=samples)
    p.lines = [p.lines[0] | {"baseline": ["A", "B"], "samples": ["C"]}]
    drugs = p.pairs[0]["drugs"]
    p.pairs = [{"pre": pre, "post": "C", "drugs": drugs} for pre in ("A", "B")]
    v600e(p, 0.37, 0.37, 0.37).background()
    p.add("MAP2K1", "C121S", 0.0, 0.3, 0.35)
    value = p.resist(context)
    sentence = value["verdict"]["sentence"]
    assert "was selected, not acquired: it was present before treatment in B" in sentence
    assert "was acquired" not in everything(value)
    assert "30.0 % (27.0 % to 33.0 %) of 900 fragments before (B)" in sentence


def two_lesions(patient, *fractions):
    p = patient("vemurafenib", samples=LESIONS)
    p.lines = [p.lines[0] | {"baseline": ["A0", "B0"], "samples": ["A1", "B1"]}]
    drugs = p.pairs[0]["drugs"]
    p.pairs = [{"pre": a, "post": b, "drugs": drugs} for a, b in (("A0", "A1"), ("B0", "B1"))]
    v600e(p, 0.37, 0.37, 0.37, 0.37).background()
    p.add("MAP2K1", "C121S", *fractions)
    return p


def test_lost_in_one_lesion_and_stable_in_another(patient, context):
    value = two_lesions(patient, 0.2, 0.2, 0.0, 0.21).resist(context)
    verdict = value["verdict"]
    assert verdict["kind"] == "mechanism"
    assert (
        "was present before treatment at about the same fraction in back; was present before "
        "treatment and was not detected after it in arm" in verdict["sentence"]
    )


def test_new_in_one_lesion_and_stable_in_another(patient, context):
    value = two_lesions(patient, 0.0, 0.2, 0.2, 0.21).resist(context)
    assert "was acquired" not in everything(value)
    assert (
        "was selected, not acquired in arm: it was present before treatment in B0"
        in value["verdict"]["sentence"]
    )


def test_gone_at_the_last_time_point(patient, context):
    samples = [("pre", 0, None), ("r1", 90, None), ("r2", 200, None)]
    p = v600e(patient("vemurafenib", samples=samples), 0.37, 0.37, 0.37).background()
    p.add("MAP2K1", "C121S", 0.0, 0.2, 0.0)
    value = p.resist(context)
    verdict = value["verdict"]
    assert "was acquired, and is no longer detected" in verdict["sentence"]
    assert "but it is no longer detected" in verdict["reasons"]
    found = next(f for f in value["findings"] if f["gene"] == "MAP2K1")
    assert (found["status"], found["before"]) == ("gone", "excluded")
    assert found["trajectory"] == ["appeared, then disappeared"]


def test_what_is_still_there_comes_before_what_is_gone(patient, context):
    samples = [("pre", 0, None), ("r1", 90, None), ("r2", 200, None)]
    p = v600e(patient("vemurafenib", samples=samples), 0.37, 0.37, 0.37).background()
    p.add("MAP2K1", "C121S", 0.0, 0.4, 0.0)
    p.add("NRAS", "Q61K", 0.0, 0.0, 0.1)
    verdict = p.resist(context)["verdict"]
    assert verdict["key_variants"] == [p.variants[-1]["id"], p.variants[-2]["id"]]


@pytest.mark.parametrize(
    ("fractions", "state", "words"),
    [
        ((0.298, 0.009, 0.31), "stable", "fell, then returned"),
        ((0.329, 0.0, 0.398), "stable", "disappeared, then returned"),
        ((0.0, 0.1, 0.4), "acquired", "appeared, then rose"),
    ],
)
def test_courses(patient, context, fractions, state, words):
    samples = [("pre", 0, None), ("r1", 90, None), ("r2", 200, None)]
    p = v600e(patient("vemurafenib", samples=samples), 0.37, 0.37, 0.37)
    p.add("MAP2K1", "C121S", *fractions)
    value = p.resist(context)
    found = next(f for f in value["findings"] if f["gene"] == "MAP2K1")
    assert (found["state"], found["trajectory"], found["status"]) == (state, [words], "present")
    # A course that only rises is for the alteration.
    side = "for" if state == "acquired" else "against"
    assert f"course: {words}" in found[side]


def test_an_unknown_change_is_not_an_unknown_presence(patient, context):
    p = v600e(patient("vemurafenib"), 0.37, 0.37).background()
    p.add("MAP2K1", "C121S", 0.1, 0.2, state="undetermined")
    verdict = p.resist(context)["verdict"]
    assert (
        "was present before treatment; whether it increased could not be determined"
        in verdict["sentence"]
    )
    assert "but whether it increased under treatment could not be determined" in verdict["reasons"]


@pytest.mark.parametrize(("high", "kind"), [(0.34, "none"), (1.2, "mechanism")])
def test_an_undetermined_change_that_fell_explains_no_relapse(patient, context, high, kind):
    p = v600e(patient("vemurafenib"), 0.37, 0.37).background()
    p.add("MAP2K1", "C121S", 0.2, 0.02, state="undetermined")
    for line in p.variants[-1]["lines"]:
        for lesion in line["lesions"]:
            lesion["fold_high"] = high
    assert p.resist(context)["verdict"]["kind"] == kind


@pytest.mark.parametrize(
    ("fractions", "third"),
    [
        # It had left all samples of line 2, and returned under the drug of line 1.
        ((0.0, 0.09, 0.0, 0.12), "emergent"),
        # By the sample of line 1 it fell; it had gone in between all the same.
        ((0.0, 0.12, 0.0, 0.03), "emergent"),
        # It was there all along.
        ((0.0, 0.09, 0.09, 0.12), "stable"),
        ((0.0, 0.0, 0.0, 0.12), "acquired"),
    ],
)
def test_an_allele_that_had_gone_and_returns_was_selected(patient, context, fractions, third):
    samples = [(f"p{number}", 100 * number, None) for number in range(4)]
    lines = [(["cetuximab"], 10), (["bevacizumab"], 110), (["cetuximab"], 210)]
    p = patient(disease="colorectal cancer", samples=samples, lines=lines).background()
    p.add("KRAS", "Q61H", *fractions)
    assert p.variants[-1]["lines"][2]["state"] == third
    sentence = p.resist(context)["verdict"]["sentence"]
    returned = (
        "was selected, not acquired: it was present before line 3 of therapy in p1, was not "
        "detected in p2, and returned (acquired under line 1); not detected (0 of 900 fragments, "
        "allele frequency at most 0.33 %) before (p2), "
    )
    assert (returned in sentence) == (third == "emergent")
    assert ("does not explain a relapse" in sentence) == (third == "stable")
    assert "before (p1); nor" not in sentence


def test_without_tumour_in_between_an_allele_has_not_gone(patient, context):
    samples = [(f"p{number}", 100 * number, None) for number in range(4)]
    lines = [(["cetuximab"], 10), (["bevacizumab"], 110), (["cetuximab"], 210)]
    p = patient(
        disease="colorectal cancer", samples=samples, lines=lines, tumour_free=("p2",)
    ).background()  # fmt: skip
    p.add("KRAS", "Q61H", 0.0, 0.09, 0.0, 0.12)
    assert p.variants[-1]["lines"][2]["state"] == "stable"


@pytest.mark.parametrize(
    ("samples", "starts", "fractions", "gone"),
    [
        # The first sample of line 2 still shows it, the last one does not.
        (
            [("p0", 0, None), ("p1", 100, None), ("p2", 150, None), ("p3", 200, None)],
            (10, 110, 210),
            (0.0, 0.12, 0.12, 0.0, 0.12),
            "p3",
        ),
        # The line before the last has a sample of another lesion alone.
        (
            [("p0", 0, "liver"), ("p1", 100, "liver"), ("p2", 150, "liver"), ("q", 200, "lung")],
            (10, 110, 160, 210),
            (0.0, 0.12, 0.0, 0.0, 0.12),
            "p2",
        ),
        # A sample without tumour says nothing, the one before it does.
        (
            [("p0", 0, None), ("p1", 100, None), ("p2", 150, None), ("empty", 200, None)],
            (10, 110, 210),
            (0.0, 0.12, 0.0, 0.0, 0.12),
            "p2",
        ),
    ],
)
def test_what_counts_is_the_last_sample_that_shows_it(
    patient, context, samples, starts, fractions, gone
):
    samples = [*samples, ("end", 300, samples[0][2])]
    between = ("bevacizumab", "irinotecan")[: len(starts) - 2]
    drugs = ("cetuximab", *between, "cetuximab")
    lines = [([drug], start) for drug, start in zip(drugs, starts, strict=True)]
    p = patient(
        disease="colorectal cancer", samples=samples, lines=lines, tumour_free=("empty",)
    ).background()  # fmt: skip
    p.add("KRAS", "Q61H", *fractions)
    last = p.variants[-1]["lines"][-1]
    assert (last["state"], last["before"]) == ("emergent", "present")
    assert last["lesions"][-1]["pre"] == gone
    sentence = p.resist(context)["verdict"]["sentence"]
    assert f"was not detected in {gone}, and returned" in sentence
    assert "does not explain a relapse" not in sentence


def test_what_an_earlier_line_lost_is_not_lost_again(patient, context):
    samples = [(f"p{number}", 100 * number, None) for number in range(3)]
    lines = [(["cetuximab"], 10), (["bevacizumab"], 110)]
    p = patient(disease="colorectal cancer", samples=samples, lines=lines).background()
    p.add("KRAS", "Q61H", 0.12, 0.0, 0.0)
    lines, status = p.variants[-1]["lines"], p.variants[-1]["status"]
    assert [line["state"] for line in lines] == ["lost", "absent"]
    assert (status, lines[1]["before"], lines[1]["lesions"][0]["pre"]) == ("gone", "present", "p1")
    (found,) = (f for f in p.resist(context)["findings"] if f["gene"] == "KRAS")
    said = "lost before this line of therapy: not detected (0 of 900 fragments"
    assert any(text.startswith(said) for text in found["against"])
    # In between it cannot be assessed: then it is line 2 that says that it was lost.
    p.add("KRAS", "Q61R", 0.12, None, 0.0)
    assert [line["state"] for line in p.variants[-1]["lines"]] == ["undetermined", "lost"]


@pytest.mark.parametrize(
    ("before", "state"), [(0.0, "acquired"), (0.12, "stable")], ids=("new", "there before")
)
@pytest.mark.parametrize("fractions", [(0.12, 0.0), (0.0, 0.12)])
def test_two_samples_of_one_day_do_not_follow_each_other(
    patient, context, before, state, fractions
):
    """One of them shows the mutation: it is there, not gone, whatever their names."""
    samples = [("p0", 0, None), ("p1a", 100, None), ("p1b", 100, None)]
    p = patient(disease="colorectal cancer", samples=samples, lines=[(["cetuximab"], 10)])
    p.background().add("KRAS", "G12D", before, *fractions)
    variant = p.variants[-1]
    assert (variant["state"], variant["status"]) == (state, "present")
    assert variant["courses"][0]["text"] in ("appeared", "unchanged")
    silent = "p1b" if fractions[0] else "p1a"
    assert f"not detected in {silent} (0 of 900 fragments" in variant["lines"][0]["text"]
    verdict = p.resist(context)["verdict"]
    assert verdict["kind"] == "mechanism"
    assert "no longer detected" not in str(verdict)


def test_a_sample_without_tumour_at_the_end_of_an_earlier_line_does_not_say_gone(patient, context):
    samples = [("p0", 0, None), ("p1", 90, None), ("p2", 100, None), ("p3", 200, None)]
    lines = [(["cetuximab"], 10), (["bevacizumab"], 110)]
    for free, gone in (((), True), (("p2",), False)):
        p = patient(
            disease="colorectal cancer", samples=samples, lines=lines, tumour_free=free
        ).background()  # fmt: skip
        p.add("KRAS", "G12D", 0.0, 0.12, 0.0, 0.12)
        first = p.resist(context)["lines"][1]["verdict"]
        assert ("but it is no longer detected" in first["reasons"]) == gone
