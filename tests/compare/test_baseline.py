"""Was it there before? Constructed patients, each with what is to be said of it."""

import pytest

NEW = {"pre": (0, 900), "post": (145, 900)}


def one_line(study, **purity):
    return study("pre 0 skin", "post 90 skin vemurafenib")


def only(variant):
    (line,) = variant.lines
    return line


def test_new_after_an_adequate_biopsy_is_acquired(study):
    found = one_line(study).tumour(pre=0.3, post=0.35).add("MAP2K1", NEW).state("MAP2K1")
    line = only(found)
    assert (found.state, line.before, found.status) == ("acquired", "excluded", "present")
    assert (line.shown_by, line.excluded_by, line.inadequate) == ((), ("pre",), ())
    # 0.33 % of fragments, where a clonal mutation has 30 %
    assert line.ub_ccf == pytest.approx(0.00332 / 0.3, rel=0.02)
    assert "if present, in at most 1.2 % of the tumour cells" in line.text
    assert found.samples["pre"].ub_ccf == line.ub_ccf
    assert found.samples["post"].ub_ccf is None


@pytest.mark.parametrize("purity", [".", "0.6"])
def test_a_biopsy_without_tumour_never_gives_acquired(study, purity):
    """All thirteen variants are new in the relapse; the driver is one of them."""
    patient = study(f"pre 0 skin . tumor {purity}", "post 90 skin vemurafenib tumor")
    patient.tumour(pre=0, post=0.35)
    for i in range(7):
        patient.add(f"T{i}", {"pre": (i % 2, 900), "post": (300 + i, 900)})
    found = patient.compare()
    assert not found.samples[1].tumor.detected
    # a stated purity does not make tumour, and is contradicted
    assert found.samples[1].tumor.contradicted_purity == (None if purity == "." else 0.6)
    for variant in found.variants:
        line = only(variant)
        assert (variant.state, line.before) == ("undetermined", "not known")
        assert line.inadequate == ("pre",)
        assert variant.states[0].state == "undetermined"
        assert (
            "the biopsy before treatment" not in line.text
            or "contains no detectable tumour: whether it was present before is not known"
            in line.text
        )
        assert "contains no detectable tumour" in line.text
        assert variant.samples["pre"].ub_ccf is None
        assert "of the tumour cells" not in line.text


def test_few_variants_at_a_low_frequency_are_no_tumour(study):
    """Two of thirteen at 1 %, one of them the driver, as from another library; then all at 1 %."""
    patient = one_line(study)
    for i in range(13):
        counts = {"pre": (30 if i < 2 else 0, 3000), "post": (900, 3000)}
        patient.add("BRAF" if i == 0 else f"S{i}", counts, ("BRAF_V600E",) if i == 0 else ())
    found = patient.compare()
    assert not found.samples[1].tumor.detected
    assert "acquired" not in {v.state for v in found.variants}
    patient = one_line(study)
    for i in range(13):
        patient.add(f"S{i}", {"pre": (30, 3000), "post": (900, 3000)})
    found = patient.add("X", {"pre": (0, 3000), "post": (900, 3000)}).compare()
    assert found.samples[1].tumor.detected
    assert found.variants[-1].state == "acquired"


def test_a_relapse_sample_without_tumour_loses_nothing(study):
    patient = one_line(study).tumour(pre=0.35, post=0)
    for variant in patient.compare().variants:
        assert (variant.state, variant.status) == ("undetermined", "not known")
        assert only(variant).before == "present"
        assert only(variant).text.endswith(
            "contains no detectable tumour: whether it is still present is not known"
        )


def test_present_in_another_lesion_before(study):
    """Absent in pre lesion A, 30 % in pre lesion B, relapse in C: not acquired, B is named."""
    patient = study("A 0 arm", "B 0 back", "C 90 chest vemurafenib")
    patient.tumour(A=0.35, B=0.35, C=0.35)
    found = patient.add("X", {"A": (0, 900), "B": (270, 900), "C": (290, 900)}).state("X")
    line = only(found)
    assert (line.before, line.shown_by, line.excluded_by) == ("present", ("B",), ("A",))
    assert found.state == "emergent"
    assert line.text.startswith("present before the first dose: 30.0 % (27.1 to 33.1) in B (back)")
    assert "not detected in A (arm)" in line.text
    assert {s.pre: s.state for s in found.states} == {"A": "emergent", "B": "stable"}
    assert "30.0 % (27.1 to 33.1) in B (back): not acquired" in found.states[0].text


def test_spread_into_a_lesion_that_lacked_it(study):
    patient = study("A0 0 arm", "B0 0 back", "A1 90 arm vemurafenib")
    patient.tumour(A0=0.35, B0=0.35, A1=0.35)
    found = patient.add("X", {"A0": (0, 900), "B0": (270, 900), "A1": (290, 900)}).state("X")
    assert (found.state, only(found).before) == ("emergent", "present")
    assert {s.state for s in found.states} == {"emergent"}


def test_both_samples_before_the_first_dose_count(study):
    """The sample of day 0 shows it, that of day -3 does not."""
    patient = study("early -3 skin", "late 0 skin", "post 90 skin vemurafenib")
    patient.tumour(early=0.35, late=0.35, post=0.35)
    found = patient.add("X", {"early": (0, 900), "late": (90, 900), "post": (300, 900)}).state("X")
    assert (only(found).before, only(found).shown_by) == ("present", ("late",))
    assert found.state == "rising"
    assert found.states[0].pre == "late"


def test_one_adequate_sample_is_enough_and_the_other_is_named(study):
    patient = study("A 0 arm", "B 0 back", "C 90 chest vemurafenib")
    patient.tumour(A=0.35, B=0, C=0.35)
    found = patient.add("X", {"A": (0, 900), "B": (0, 900), "C": (290, 900)}).state("X")
    line = only(found)
    assert (found.state, line.excluded_by, line.inadequate) == ("acquired", ("A",), ("B",))
    assert "the biopsy B (back) contains no detectable tumour" in line.text


def test_a_shallow_sample_is_not_adequate(study):
    """0 of 30 fragments: at most 9.5 % of fragments, a third of the tumour cells at 30 %."""
    patient = one_line(study).tumour(pre=0.3, post=0.35)
    found = patient.add("X", {"pre": (0, 30), "post": (290, 900)}).state("X")
    assert (found.state, only(found).before) == ("undetermined", "not known")
    assert "does not exclude it in up to 31." in only(found).text


def test_an_adequate_sample_excludes_what_no_later_sample_shows(study):
    """Adequacy is of the sample at the site: it does not depend on the later samples."""
    patient = one_line(study).tumour(pre=0.3, post=0.35)
    patient.add("X", {"pre": (0, 900), "post": (0, 900)})
    patient.add("Y", {"pre": (0, 30), "post": (0, 900)})
    patient.add("Z", {"pre": (0, 0), "post": (0, 900)})
    patient.add("W", {"pre": (4, 900), "post": (0, 900)})
    found = {v.gene: v for v in patient.compare().variants}
    line = only(found["X"])
    assert (found["X"].state, line.before, line.why) == ("absent", "excluded", None)
    assert (line.shown_by, line.excluded_by, line.inadequate) == ((), ("pre",), ())
    assert line.ub_ccf == found["X"].samples["pre"].ub_ccf
    assert "informative" not in line.text
    line = only(found["Y"])
    assert (found["Y"].state, line.before, line.excluded_by) == ("absent", "not known", ())
    assert line.inadequate == ("pre",)
    assert "does not exclude it in up to 31." in line.why
    line = only(found["Z"])
    assert (found["Z"].state, line.before) == ("not covered", "not known")
    assert (line.inadequate, line.why) == (
        ("pre",), "the biopsy pre has no fragment at the site",
    )  # fmt: skip
    assert (only(found["W"]).before, only(found["W"]).inadequate) == ("possible", ())


def test_a_biopsy_without_tumour_excludes_nothing_that_is_absent(study):
    patient = one_line(study).tumour(pre=0, post=0.35)
    line = only(patient.add("X", {"pre": (0, 900), "post": (0, 900)}).state("X"))
    assert (line.before, line.inadequate, line.ub_ccf) == ("not known", ("pre",), None)
    assert line.why == "the biopsy pre contains no detectable tumour"


def test_the_sample_beside_one_that_shows_a_lost_allele_is_adequate(study):
    patient = study("A 0 arm", "B 0 back", "C 90 chest vemurafenib")
    patient.tumour(A=0.35, B=0.35, C=0.35)
    found = patient.add("X", {"A": (270, 900), "B": (0, 900), "C": (0, 900)}).state("X")
    line = only(found)
    assert (found.state, line.before, line.shown_by) == ("lost", "present", ("A",))
    assert (line.excluded_by, line.inadequate) == (("B",), ())
    assert "not detected in B (back) (0 of 900 fragments" in line.text
    assert "not informative" not in line.text


def test_an_adequate_sample_beside_a_low_later_frequency_is_informative(study):
    """B excludes more than 3 % of the tumour cells; what is left in C may be less."""
    patient = study("A 0 arm", "B 0 back", "C 90 arm vemurafenib")
    patient.tumour(A=0.35, B=0.35, C=0.35)
    found = patient.add("X", {"A": (90, 900), "B": (0, 300), "C": (9, 900)}).state("X")
    line = only(found)
    assert (line.before, line.inadequate) == ("present", ("B",))
    assert "not detected in B (back) (0 of 300 fragments, AF below" in line.text
    assert "not informative" not in line.text


@pytest.mark.parametrize(
    ("third", "state", "excluded"), [(0, "emergent", ("p0", "p2")), (80, "stable", ("p0",))]
)
def test_a_mutation_that_left_plasma_before_the_line_returns(study, third, state, excluded):
    patient = study(
        "p0 0 . . plasma", "p1 90 . cetuximab plasma", "p2 180 . bevacizumab plasma",
        "p3 270 . cetuximab plasma",
    )  # fmt: skip
    patient.tumour(p0=0.2, p1=0.2, p2=0.2, p3=0.2)
    counts = {"p0": (0, 900), "p1": (80, 900), "p2": (third, 900), "p3": (100, 900)}
    found = patient.add("KRAS", counts).state("KRAS")
    line = found.lines[-1]
    assert (line.before, line.state, line.excluded_by) == ("present", state, excluded)
    if state == "emergent":
        assert line.lesions[0].pre == "p2"
        assert line.text.startswith("present before the first dose: 8.9 %")
        assert "not detected in p2 (0 of 900 fragments" in line.text


def test_one_line_each_says_what_its_own_samples_exclude(study):
    """New under the second line: before the first it was excluded too."""
    patient = study("t0 0 lung", "t1 90 lung erlotinib", "t2 300 lung osimertinib")
    patient.tumour(t0=0.35, t1=0.35, t2=0.35)
    found = patient.add("C797S", {"t0": (0, 900), "t1": (0, 900), "t2": (200, 900)}).state("C797S")
    assert [line.before for line in found.lines] == ["excluded", "excluded"]
    assert found.lines[0].excluded_by == ("t0",)


def test_no_later_sample_leaves_the_earlier_one_adequate(study):
    """The second drug was given; no sample was taken after it."""
    patient = study(
        "pre 0 skin",
        "post 90 skin vemurafenib",
        treatments=[("vemurafenib", 1, 95), ("trametinib", 100, None)],
    )
    patient.tumour(pre=0.3, post=0.35).add("X", {"pre": (0, 900), "post": (0, 900)})
    found = patient.state("X")
    assert [(one.before, one.excluded_by) for one in found.lines] == [
        ("excluded", ("pre",)), ("excluded", ("pre", "post")),
    ]  # fmt: skip


def test_support_before_leaves_it_possible(study):
    patient = one_line(study).tumour(pre=0.3, post=0.35)
    found = patient.add("X", {"pre": (4, 900), "post": (290, 900)}).state("X")
    assert (found.state, only(found).before) == ("emergent", "possible")
    # support in one sample is not outvoted by another that excludes it
    patient = study("A 0 arm", "B 0 back", "C 90 chest vemurafenib")
    patient.tumour(A=0.35, B=0.35, C=0.35)
    found = patient.add("X", {"A": (4, 900), "B": (0, 900), "C": (290, 900)}).state("X")
    assert (found.state, only(found).before) == ("emergent", "possible")
    assert {s.state for s in found.states} == {"emergent"}


def test_lost_in_one_lesion_and_stable_in_another(study):
    patient = study("A0 0 arm", "B0 0 back", "A1 90 arm vemurafenib", "B1 90 back vemurafenib")
    patient.tumour(A0=0.35, B0=0.35, A1=0.35, B1=0.35)
    counts = {"A0": (200, 900), "B0": (200, 900), "A1": (0, 900), "B1": (205, 900)}
    found = patient.add("X", counts).state("X")
    line = only(found)
    assert {one.lesion: one.state for one in line.lesions} == {"arm": "lost", "back": "stable"}
    assert (found.state, line.before, found.status) == ("stable", "present", "present")
    assert [(c.lesion, c.status, c.text) for c in found.courses] == [
        ("arm", "not detected", "disappeared"), ("back", "present", "unchanged"),
    ]  # fmt: skip
    assert "not detected in A1 (arm)" in line.text and "in B1 (back)" in line.text


def test_an_open_change_is_not_an_open_presence(study):
    """Too shallow to tell the change in one lesion, stable in the other: it was present."""
    patient = study("A0 0 arm", "B0 0 back", "A1 90 arm vemurafenib", "B1 90 back vemurafenib")
    patient.tumour(A0=0.35, B0=0.35, A1=0.35, B1=0.35)
    counts = {"A0": (8, 40), "B0": (200, 900), "A1": (12, 40), "B1": (205, 900)}
    found = patient.add("X", counts).state("X")
    assert (found.state, only(found).before) == ("stable", "present")


def test_gone_again(study):
    patient = study("pre 0 skin", "r1 90 skin vemurafenib", "r2 200 skin vemurafenib")
    patient.tumour(pre=0.35, r1=0.35, r2=0.35)
    counts = {"pre": (0, 900), "r1": (145, 900), "r2": (0, 900)}
    found = patient.add("X", counts).state("X")
    assert (found.state, found.status) == ("acquired", "gone")
    (course,) = found.courses
    assert (course.steps, course.status) == (("acquired", "lost"), "not detected")
    assert course.text == "appeared, then disappeared"
    assert "; no longer detected in r2 (0 of 900 fragments" in only(found).text


def test_fell_and_returned(study):
    """29.8, 0.9, 31.0 % is not falling; 32.9, under 1.7, 39.8 % is not lost."""
    patient = study("pre 0 skin", "on 30 skin vemurafenib", "post 200 skin vemurafenib")
    patient.tumour(pre=0.35, on=0.35, post=0.35)
    patient.add("X", {"pre": (298, 1000), "on": (9, 1000), "post": (310, 1000)})
    patient.add("Y", {"pre": (329, 1000), "on": (0, 176), "post": (398, 1000)})
    fell, gone = patient.state("X"), patient.state("Y")
    assert (fell.state, fell.status, fell.courses[0].text) == (
        "stable", "present", "fell, then returned",
    )  # fmt: skip
    assert (gone.state, gone.status, gone.courses[0].text) == (
        "stable", "present", "disappeared, then returned",
    )  # fmt: skip


def test_every_line_has_its_baseline(study):
    """Acquired under erlotinib is present before osimertinib; new under osimertinib is not."""
    patient = study("t0 0 lung", "t1 90 lung erlotinib", "t2 300 lung osimertinib")
    patient.tumour(t0=0.35, t1=0.35, t2=0.35)
    patient.add("T790M", {"t0": (0, 900), "t1": (270, 900), "t2": (280, 900)})
    patient.add("C797S", {"t0": (0, 900), "t1": (0, 900), "t2": (200, 900)})
    first, second = patient.state("T790M"), patient.state("C797S")
    assert [line.state for line in first.lines] == ["acquired", "stable"]
    assert [line.before for line in first.lines] == ["excluded", "present"]
    assert [line.state for line in second.lines] == ["absent", "acquired"]
    assert second.lines[1].excluded_by == ("t0", "t1")
    assert (first.state, second.state) == ("stable", "acquired")


def test_nothing_before_the_first_dose(study):
    patient = study("t0 0 lung erlotinib", "t1 90 lung erlotinib").tumour(t0=0.35, t1=0.35)
    found = patient.add("X", {"t0": (0, 900), "t1": (200, 900)}).state("X")
    assert (found.state, only(found).before) == (None, None)
    assert only(found).text.endswith("no sample was taken before the first dose")


def test_plasma_is_a_baseline_and_no_lesion(study):
    patient = study("pre 0 skin", "blood 0 . . plasma", "post 90 skin vemurafenib")
    patient.tumour(pre=0.35, blood=0.03, post=0.35)
    found = patient.add("X", {"pre": (0, 900), "blood": (20, 900), "post": (145, 900)}).compare()
    variant = found.variants[-1]
    assert (only(variant).before, only(variant).shown_by) == ("present", ("blood",))
    assert variant.state == "emergent"
    assert found.lesions.samples == {"skin": ("pre", "post")}
    assert [course.lesion for course in variant.courses] == ["skin", "plasma"]


def test_a_germline_allele_proves_no_tumour(study):
    """Without a normal, what is at a half everywhere may be inherited."""
    patient = study("pre 0 skin", "post 90 skin vemurafenib", tumor_only=True)
    for i in range(3):
        patient.add(f"G{i}", {"pre": (450 + i, 900), "post": (445 - i, 900)})
    found = patient.add("X", NEW).compare()
    assert not found.samples[0].tumor.detected
    assert found.variants[-1].state == "undetermined"
    # a catalogued allele is the driver whatever its frequency
    patient.add("BRAF", {"pre": (445, 900), "post": (450, 900)}, ("BRAF_V600E",))
    assert patient.state("X").state == "acquired"


def test_a_purer_relapse_is_not_a_rise(study):
    """Purity 0.3 to 0.6, not stated: clonal variants are stable, a subclone's rise is seen."""
    patient = one_line(study).tumour(pre=0.15, post=0.3)
    patient.add("X", {"pre": (45, 900), "post": (270, 900)})
    found = patient.compare()
    states = {v.gene: v.state for v in found.variants}
    assert states.pop("X") == "rising"
    assert set(states.values()) == {"stable"}


def test_few_variants_and_no_purity(study):
    patient = one_line(study)
    patient.add("BRAF", {"pre": (135, 900), "post": (270, 900)}, ("BRAF_V600E",))
    patient.add("X", {"pre": (45, 900), "post": (270, 900)})
    for variant in patient.compare().variants:
        assert variant.state == "undetermined"
        assert only(variant).before == "present"


LESIONS = ("A 0 arm", "B 0 back", "C 0 chest")


@pytest.mark.parametrize(
    ("counts", "kind", "unknown"),
    [
        # 18 % of the cells of a tumour at 35 %: 0 of 900 excludes it, 0 of 50 does not
        ({"A": (60, 900), "B": (0, 900), "C": (0, 900)}, "private", ()),
        ({"A": (60, 900), "B": (0, 40), "C": (0, 900)}, None, ("back",)),
        # 6 % of the cells: 0 of 50 excludes 17 %, not 6 %
        ({"A": (18, 900), "B": (0, 50), "C": (0, 900)}, None, ("back",)),
        ({"A": (18, 900), "B": (0, 900), "C": (0, 900)}, "private", ()),
        ({"A": (60, 900), "B": (60, 900), "C": (0, 40)}, None, ("chest",)),
        ({"A": (60, 900), "B": (60, 900), "C": (0, 900)}, "shared", ()),
        ({"A": (60, 900), "B": (60, 900), "C": (5, 40)}, "truncal", ()),
    ],
)
def test_a_lesion_counts_only_if_it_could_have_shown_the_variant(study, counts, kind, unknown):
    patient = study(*LESIONS).tumour(A=0.35, B=0.35, C=0.35).add("X", counts)
    found = patient.compare()
    lesions = found.lesions.variants[found.variants[-1].id]
    assert (lesions.kind, lesions.unknown) == (kind, unknown)


def test_a_truncal_variant_at_2_percent_is_not_private_to_the_deep_lesion(study):
    """Of 50 fragments of the other lesion 36 % of such variants show none."""
    patient = study("A 0 arm", "B 0 back")
    for i in range(6):
        patient.add(f"S{i}", {"A": (18, 900), "B": (i % 2, 50)})
    found = patient.compare()
    for variant in found.variants:
        lesions = found.lesions.variants[variant.id]
        assert (lesions.kind, lesions.unknown) == (None, ("back",))


def test_a_truncal_variant_is_not_private_to_the_lesion_with_tumour(study):
    patient = (
        study(*LESIONS)
        .tumour(A=0.35, B=0.35, C=0)
        .add("X", {"A": (300, 900), "B": (300, 900), "C": (0, 900)})
    )
    found = patient.compare()
    for variant in found.variants:
        lesions = found.lesions.variants[variant.id]
        assert (lesions.kind, lesions.unknown) == (None, ("chest",))


def test_a_relapse_sample_is_not_its_own_earlier_sample(study):
    """Acquired under line 1 in B; that B is before line 2 does not make the pair emergent."""
    patient = study("A 0 arm", "B 60 arm vemurafenib", "C 120 arm trametinib")
    patient.tumour(A=0.35, B=0.35, C=0.35)
    found = patient.add("X", {"A": (0, 900), "B": (270, 900), "C": (290, 900)}).state("X")
    assert found.lines[0].state == "acquired"
    states = {(s.pre, s.post): s for s in found.states}
    assert states["A", "B"].state == "acquired"
    assert "not acquired" not in states["A", "B"].text
