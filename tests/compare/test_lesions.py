import pytest

from resistpanel.compare.comparison import names
from resistpanel.compare.lesions import distribution, lesion_samples
from resistpanel.records.compare import LesionsOfVariant
from resistpanel.records.sheet import Sample


def sample(name, role="tumor", lesion=None, timepoint=None):
    return Sample(
        sample=name, role=role, lesion=lesion, timepoint=timepoint, day=None, drugs=(), bam="/b",
        purity=None,
    )  # fmt: skip


THREE = {"skin": ["pre", "a"], "lung": ["b"], "brain": ["c"]}


@pytest.mark.parametrize(
    ("detected", "kind"),
    [
        ({"pre": True, "a": True, "b": True, "c": True}, "truncal"),
        ({"pre": False, "a": True, "b": True, "c": True}, "truncal"),  # skin has it later
        ({"pre": False, "a": False, "b": True, "c": True}, "shared"),
        ({"pre": False, "a": False, "b": False, "c": True}, "private"),
        ({"pre": False, "a": False, "b": False, "c": False}, "absent"),
        ({"pre": None, "a": None, "b": True, "c": True}, None),  # truncal or shared
        ({"pre": None, "a": False, "b": True, "c": True}, None),
        ({"pre": True, "a": True, "b": True, "c": None}, None),
        ({"pre": True, "a": None, "b": False, "c": True}, "shared"),
        ({"pre": True, "a": True, "b": False, "c": None}, None),  # private or shared
        ({"pre": False, "a": False, "b": False, "c": None}, None),  # private or absent
    ],
)
def test_kinds(detected, kind):
    assert distribution(THREE, detected).kind == kind


def test_lesions_are_named():
    found = distribution(THREE, {"pre": True, "a": None, "b": False, "c": None})
    assert found == LesionsOfVariant(
        kind=None, detected=("skin",), not_detected=("lung",), unknown=("brain",)
    )


def test_one_lesion_is_neither():
    assert distribution({"tumour": ["pre", "post"]}, {"pre": True, "post": True}).kind is None


def test_samples_of_lesions():
    skin = [sample("N", "normal"), sample("A"), sample("B")]
    assert lesion_samples(skin) == {"tumour": ["A", "B"]}
    named = [sample("N", "normal"), sample("A", lesion="skin"), sample("B", lesion="skin"),
             sample("C")]  # fmt: skip
    assert lesion_samples(named) == {"skin": ["A", "B"], "C": ["C"]}
    assert lesion_samples([sample("N", "normal")]) == {}


def test_what_sentences_call_samples():
    samples = [
        sample("N", "normal"),
        sample("A", timepoint="pre"),
        sample("B", timepoint="week 8"),
        sample("C", timepoint="post"),
        sample("D"),
    ]
    assert names(samples) == {
        "N": "in N",
        "A": "before treatment",
        "B": "at week 8",
        "C": "at relapse",
        "D": "in D",
    }
    samples = [
        sample("A", lesion="skin", timepoint="pre"),
        sample("B", lesion="lung", timepoint="post"),
        sample("C", lesion="brain", timepoint="post"),
        sample("D", lesion="brain", timepoint="post"),
    ]
    assert names(samples) == {
        "A": "before treatment (skin)",
        "B": "at relapse (lung)",
        "C": "at relapse (brain) in C",
        "D": "at relapse (brain) in D",
    }
