"""The copy-number section: what is drawn lies where the figures say, what changed is named."""

from itertools import combinations, pairwise

import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.schemas import from_builtins
from resistpanel.records.copynumber import CopyNumber
from resistpanel.report.copies import (
    CHARACTER,
    HEIGHT,
    NAME_GAP,
    call_text,
    chromosomes,
    copies,
    foreign,
    identity,
    name,
    part,
    points,
    purity_text,
    signed,
    y_of,
)
from resistpanel.report.numbers import percent
from resistpanel.report.render import page
from resistpanel.report.summary import open_questions


@pytest.fixture
def report(parts, patients, make) -> dict:
    return make(parts | {"copynumber": patients.copynumber(parts["sheet"])})


def test_the_hand_made_file_is_what_the_stage_writes(patients):
    from_builtins(patients.copynumber(patients.sheet()), CopyNumber, "copynumber.json")


def test_profiles_of_both_tumours_and_their_ratio(report):
    found = copies(report)
    assert [p["kind"] for p in found["profiles"]] == ["sample", "sample", "pair"]
    relapse = {p["gene"]: p for p in found["profiles"][1]["points"]}
    assert "AR" not in relapse  # no usable target
    assert relapse["MTOR"]["tone"] == "same" and relapse["MTOR"]["label"] is None
    assert relapse["BRAF"]["tone"] == "up" and relapse["BRAF"]["beyond"]
    assert relapse["BRAF"]["y"] == y_of(3.0)  # drawn at the edge, its figure in the table
    assert relapse["CDKN2A"]["y"] == y_of(-1.7) > y_of(0)
    assert [p["x"] for p in found["profiles"][1]["points"]] == [5 + 10 * i for i in range(9)]


def test_neighbours_share_a_label_when_they_stand_close(report, patients):
    found = copies(report)["profiles"][1]["points"]
    named = {p["names"] for p in found if p["label"] is not None}
    assert {"BRAF", "PTEN", "CDKN2A", "CDKN2B"} <= set(", ".join(named).split(", "))
    assert all(0 < p["label"] < HEIGHT for p in found if p["label"] is not None)


def test_the_target_is_named_even_if_nothing_changed(report):
    before = {p["gene"]: p for p in copies(report)["profiles"][0]["points"]}
    assert before["BRAF"]["label"] is not None and before["BRAF"]["call"] == "neutral"


def test_genes_that_differ_stand_in_the_table_the_strongest_first(report):
    rows = copies(report)["rows"]
    assert [r["gene"] for r in rows] == ["BRAF", "CDKN2A", "CDKN2B", "PTEN"]
    braf = rows[0]
    assert braf["samples"][1]["call"] == "amplification"
    assert braf["samples"][1]["copies"] == "14.2 copies (13.8–14.6)"
    assert braf["pairs"][0]["call"] == "higher" and braf["pairs"][0]["q"] == "q < 0.001"
    assert rows[3]["samples"][0]["loh"]


def test_bands_cover_the_genome(report):
    bands = copies(report)["profiles"][0]["bands"]
    assert [b["name"] for b in bands] == ["1", "7", "9", "10", "15", "X"]
    assert sum(b["w"] for b in bands) == pytest.approx(100)


def test_the_page_shows_profile_purity_and_contamination(report, read_page):
    found = read_page(page(report))
    assert found.unbalanced == []
    text = found.all("section", id="copynumber")[0]["text"].replace("\u202f", " ")
    assert "resistant against sensitive" in text
    assert "70.0 % (65.0–76.0)" in text
    assert "of targets: sensitive 2 neighbouring targets;" in text
    assert "resistant the whole gene only. Smaller deletions are not excluded" in text
    quality = found.all("section", id="quality")[0]["text"].replace("\u202f", " ")
    assert "2.1 % (1.6–2.7)" in quality and "none found, below 0.20 %" in quality
    front = found.all("header", class_="summary")[0]["text"].replace("\u202f", " ")
    assert "DNA of another person 2.1 %, at most 1.0 % allowed" in front
    assert "Copy number was not analysed" not in front


def test_without_copy_number_the_page_says_so(paper):
    assert copies(paper) is None
    assert identity(paper) == []


def test_another_patients_file_is_refused(parts, patients, make):
    other = patients.copynumber(parts["sheet"]) | {"patient": "X"}
    with pytest.raises(InputError, match="is of patient 'X', the sheet of 'MEL-PLX'"):
        make(parts | {"copynumber": other})


def test_without_a_normal_there_are_ratios_between_tumours_alone(parts, patients, make, read_page):
    value = patients.copynumber(parts["sheet"]) | {"reference": None}
    for sample in value["samples"].values():
        sample["genes"] = []
    report = make(parts | {"copynumber": value})
    assert [p["kind"] for p in copies(report)["profiles"]] == ["pair"]
    assert "ratios between tumours only" in read_page(page(report)).text()
    # Without a single call the page does not say that the genes are alike.
    for gene in report["copynumber"]["pairs"][0]["genes"]:
        gene["call"] = None
    report["resist"]["coverage"]["copy_number"] = False
    text = read_page(page(report)).text()
    assert "no call of" in text and "No gene was called. Amplification" in text
    assert "No gene differs" not in text
    assert "copy number was not called: an amplification is not excluded" in open_questions(report)


def test_signs_and_bounds():
    assert signed(-1.7) == "\u22121.70" and signed(0.5) == "+0.50" and signed(None) == "—"
    assert foreign(None) == "could not be determined"


def test_a_purity_that_is_not_unique_says_so():
    first = {"value": 0.4, "low": 0.36, "high": 0.44, "baseline": 2, "probability": 0.8}
    other = {"value": 0.8, "low": 0.76, "high": 0.84, "baseline": 4, "probability": 0.17}
    rare = other | {"probability": 0.03}
    given = {"value": 0.4, "low": 0.36, "high": 0.44}
    text = purity_text(given | {"alternatives": [first, other, rare]})
    other_words = f"{percent(0.8)} with the genome at 4 copies (probability 0.17)"
    assert text.endswith(f"not unique: or {other_words}")
    assert "unique" not in purity_text(given | {"alternatives": [first, rare]})


def test_the_targets_without_a_copy_are_named():
    partial = {"first": 3, "last": 4, "probability": 0.99}
    assert part(partial, 9) == "no copy of targets 3 to 4 of 9"
    assert part(partial | {"probability": None}, 9) == "no copy of part of targets 3 to 4 of 9"


@pytest.mark.parametrize(
    ("call", "span", "text"),
    [("neutral", (3.0, 4.5), "neutral"), ("neutral", (0.0, 1.5), "not called"),
     ("deletion", (0.0, 0.4), "deletion"), ("neutral", (None, None), "neutral")],
)  # fmt: skip
def test_copies_apart_from_the_genomes_are_not_neutral(call, span, text):
    gene = {"call": call, "copies_low": span[0], "copies_high": span[1]}
    assert call_text(gene, {"baseline": 4}) == text


def test_names_of_neighbouring_chromosomes_do_not_overlap():
    sizes = {"1": 20, "2": 14, "20": 3, "21": 2, "22": 3, "X": 4, "13": 1, "14": 1, "15": 1}
    genes = [{"chrom": f"chr{name}"} for name, n in sizes.items() for _ in range(n)]
    bands = chromosomes(genes * 1)
    assert [b["name"] for b in bands] == list(sizes)
    for low in (True, False):
        middles = [b["x"] + b["w"] / 2 for b in bands if b["low"] is low]
        assert all(b - a >= NAME_GAP for a, b in pairwise(middles))
    assert not any(b["low"] for b in bands[:3])


def test_long_names_do_not_cover_each_other():
    """Targets without a gene have their coordinates as names."""
    points = [
        {"gene": f"10:9307687{k}-93077275", "tone": "down", "call": "loss", "x": 40.0 + 4 * k,
         "y": 130.0, "low": 140.0, "high": 120.0, "log2": -1.2, "label": None, "rank": k}
        for k in range(8)
    ]  # fmt: skip
    name(points)
    placed = [p for p in points if p["label"] is not None]
    assert 0 < len(placed) < 8
    for a, b in combinations(placed, 2):
        apart = CHARACTER * (len(a["names"]) + len(b["names"])) / 2
        assert abs(a["x"] - b["x"]) >= apart or abs(a["label"] - b["label"]) >= 12
    assert all(10 <= p["label"] <= HEIGHT - 22 for p in placed)


def test_a_known_gene_is_named_before_targets_without_a_gene():
    """Where names crowd, as of PTEN among the targets of its chromosome."""
    genes = [
        {"gene": f"10:9{k}000000-9{k}000400", "call": "loss", "log2": -0.9, "log2_low": -1.0,
         "log2_high": -0.8}
        for k in range(8)
    ]  # fmt: skip
    genes[5] = genes[5] | {"gene": "PTEN", "call": "deletion", "log2": -1.8}
    for keys in ({"PTEN"}, set()):
        drawn = points(genes, "log2", ("log2_low", "log2_high"), keys)
        (pten,) = (p for p in drawn if p["gene"] == "PTEN")
        assert pten["label"] is not None


def test_one_copy_is_no_copies():
    other = {"value": 0.9, "baseline": 1, "probability": 0.2}
    text = purity_text({"value": 1.0, "low": None, "high": None, "alternatives": [other, other]})
    assert "with the genome at 1 copy (" in text
