"""What damage of the template hides in amplicon samples, and what it may have made."""

import copy

import pytest

from resistpanel.report import damaged
from resistpanel.report.negatives import grouped, near_misses, negatives
from resistpanel.report.render import page
from resistpanel.report.report_constants import LEAST_DAMAGE, MANY_MISSES
from resistpanel.report.summary import key_variants, warnings
from resistpanel.report.summary_questions import detection


def squeeze(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def damaged_parts(parts):
    """The patient's relapse is damaged; a G>A there at 1.2 % fails the filter."""
    parts = copy.deepcopy(parts)
    samples = parts["compare"]["samples"]
    samples[-1]["damage"] = {"C>T": 0.05, "G>T": LEAST_DAMAGE / 2}
    return parts


def a_miss(report: dict, gene: str) -> dict:
    """Return the variant of a near miss, by its gene."""
    return next(v for v in report["compare"]["variants"]
                if v["gene"] == gene and not v["reported"] and v["model"] != "absent")  # fmt: skip


def fails_damage(report: dict, gene: str = "PIK3CA") -> dict:
    """Make a near miss one that damage explains, seen in the last sample alone."""
    variant = a_miss(report, gene)
    variant["filters"] = [damaged.FILTER]
    last = report["compare"]["samples"][-1]["sample"]
    for name, one in variant["samples"].items():
        if name != last:
            one["ad"], one["af"] = [one["dp"], 0], 0.0
    return variant


def test_a_damaged_sample_is_on_the_first_screen(damaged_parts, make, read_page):
    """Once for each kind, where its limit is above what others are."""
    report = make(damaged_parts)
    name = report["compare"]["samples"][-1]["sample"]
    found = [w for w in warnings(report) if "damage" in w["title"]]
    assert [w["title"] for w in found] == [f"Formalin damage in {name}"]
    text = squeeze(read_page(page(report)).text())
    said = (
        f"Formalin damage in {name}. C>T and G>A below an allele frequency of 5.0 % cannot be "
        "told from damage."
    )
    assert text.count(said) == 1


def test_no_damage_nothing_said(parts, make):
    assert not any("damage" in w["title"] for w in warnings(make(parts)))


def test_a_key_variant_that_may_be_damage_says_so(parts, make):
    """Beside its name, and beside the probability that it is real."""
    report = make(parts)
    key = report["resist"]["verdict"]["key_variants"][0]
    finding = next(f for f in report["resist"]["findings"] if f["variant"] == key)
    assert "damage" not in (detection(report) or "")
    finding["damaged"] = "AF 2.2 % is below the damage limit"
    finding["confidence"] = (finding["confidence"] or {}) | {"real": 0.9999}
    assert detection(report).endswith(", damage not considered")
    (row,) = [r for r in key_variants(report)["rows"] if r["id"] == key]
    assert row["role"] == "key variant, below the damage limit"


def test_oxidation_is_named():
    (found,) = damaged.hidden([{"sample": "A", "damage": {"G>T": 0.02}}, {"sample": "B"}])
    assert found["title"] == "Oxidative damage in A"
    assert found["text"].startswith("G>T and C>A below an allele frequency of 2.0 %")


@pytest.mark.parametrize(
    ("limits", "below"), [((0.05, 0.05), "5.0 %"), ((0.05, 0.03), "5.0 % in A and 3.0 % in B")]
)
def test_several_samples_have_one_line(limits, below):
    samples = [{"sample": s, "damage": {"C>T": x}} for s, x in zip("AB", limits, strict=True)]
    (found,) = damaged.hidden(samples)
    assert found["title"] == "Formalin damage in A and B"
    assert f"an allele frequency of {below} cannot" in found["text"]


def test_the_filter_is_told_with_figures(damaged_parts, make):
    report = make(damaged_parts)
    variant = fails_damage(report)
    name = report["compare"]["samples"][-1]["sample"]
    rows = near_misses(report)["rows"]
    (row,) = [r for r in rows if r["id"] == variant["id"]]
    af = variant["samples"][name]["af"]
    assert row["reasons"] == [
        ("damage", f"below the damage limit of {name} ({100 * af:.1f} % < 5.0 %)")
    ]


def test_calls_of_an_earlier_version_keep_the_description(parts, make):
    report = make(parts)
    variant = fails_damage(report)
    report["filters"][damaged.FILTER] = "As the header has it"
    (row,) = [r for r in near_misses(report)["rows"] if r["id"] == variant["id"]]
    assert row["reasons"] == [("damage", "As the header has it")]


def test_one_fragment_is_no_evidence(damaged_parts, make):
    """As in the caller; nor does the normal."""
    report = make(damaged_parts)
    variant = fails_damage(report)
    samples = report["compare"]["samples"]
    before = damaged.why(variant, samples)
    assert before
    for sample in samples[:-1]:
        variant["samples"][sample["sample"]].update(ad=[900, 1], af=0.001)
    assert damaged.why(variant, samples) == before
    other = next(s["sample"] for s in samples[:-1] if s["role"] != "normal")
    variant["samples"][other].update(ad=[900, 2], af=0.002)
    assert damaged.why(variant, samples) is None  # that sample is not damaged


def rows_of(number: int, *filters: str, catalogued: bool = False) -> list[dict]:
    return [
        {"id": f"{filters}{catalogued}{n}", "catalogued": ["X"] if catalogued else [],
         "reasons": [(name, f"text {n}") for name in filters]}
        for n in range(number)
    ]  # fmt: skip


def test_many_near_misses_of_equal_filters_are_shown_together():
    """A catalogued one stands alone, and so do few, whatever their number in all."""
    many, few = rows_of(MANY_MISSES, "damage"), rows_of(MANY_MISSES - 1, "weak", "damage")
    listed = rows_of(MANY_MISSES + 5, "damage", catalogued=True)
    alone, groups = grouped([*listed, *many, *few])
    assert alone == [*listed, *few]
    assert groups == [{"filters": ["damage"], "rows": many}]


def test_groups_on_the_page(parts, make, read_page):
    report = make(parts)
    model = next(
        v for v in report["compare"]["variants"] if v["gene"] == "KMT2D" and not v["reported"]
    )
    for n in range(102):
        report["compare"]["variants"].append(
            model | {"id": f"chr12:{n + 1}:G:A", "filters": ["damage"]}
        )
    (section,) = read_page(page(report)).all("section", id="misses")
    text = squeeze(section["text"])
    assert "104 candidates were seen and not reported" in text
    assert "102 more fail the filter damage; none is in the catalogue" in text
    assert "PIK3CA p.E545K" in text


def test_a_near_miss_is_not_said_to_be_found(parts, make, read_page):
    """Of a catalogued allele that was detected, but fails a filter."""
    report = make(parts)
    variant = a_miss(report, "PIK3CA")
    names = [s["sample"] for s in report["compare"]["samples"] if s["role"] != "normal"]
    variant["samples"][names[-1]]["detected"] = True
    site = report["resist"]["negative_sites"][0] | {
        "site": variant["id"], "gene": "PIK3CA", "protein": "E545K", "sample": names[0],
    }  # fmt: skip
    report["resist"]["negative_sites"].append(site)
    found = negatives(report)
    assert [r["site"] for r in found["filtered"]] == [variant["id"]]
    assert variant["id"] not in [r["site"] for r in found["elsewhere"]]
    (row,) = found["filtered"]
    assert [c["text"] for c in row["cells"]][-1] == "near miss"
    text = squeeze(read_page(page(report)).all("section", id="negative")[0]["text"])
    assert "1 more is a near miss, detected in a sample but removed by a filter" in text
    variant["reported"] = True
    assert not negatives(report)["filtered"]


def test_near_misses_are_open_questions_and_no_reasons(parts, make, read_page):
    text = squeeze(read_page(page(make(parts))).text())
    why = text.index("Why ")
    against = text.index("Evidence against, and open questions")
    miss = text.index("Near miss: PIK3CA E545K is catalogued")
    assert why < against < miss
