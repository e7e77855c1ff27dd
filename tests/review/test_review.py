"""Decisions are kept over reruns and open again where their basis has changed."""

import copy
import importlib.util
import json
from pathlib import Path

import msgspec
import pytest

from resistpanel.core.errors import InputError
from resistpanel.records.review import Review
from resistpanel.report.review import (
    amendments,
    bases,
    chosen,
    decide,
    empty,
    latest,
    sign,
    status,
    view,
)

AT = "2026-01-02T03:04:05Z"
IN_BOTH, IN_LATER = "chr7:1:A:T", "chr15:2:G:C"


def sample(alt, depth):
    return {"ad": [depth - alt, alt], "dp": depth, "detected": alt > 3}


def finding(name, rank, label, effect="known", state="acquired"):
    return {
        "variant": name, "rank": rank, "label": label, "effect": effect, "state": state,
        "match_level": "exact", "mechanism_class": "other", "gene": label.split()[0],
    }  # fmt: skip


@pytest.fixture
def report():
    """Two findings; one is in both tumours, the other in the later one alone."""
    return {
        "patient": "P1", "copynumber": None, "provenance": {"version": "1"},
        "compare": {"variants": [
            {"id": IN_BOTH, "samples": {"A": sample(90, 200), "B": sample(80, 210)}},
            {"id": IN_LATER, "samples": {"A": sample(0, 180), "B": sample(30, 190)}},
        ]},
        "resist": {
            "verdict": {"sentence": "MAP2K1 C121S was acquired"},
            "findings": [
                finding(IN_LATER, 1, "MAP2K1 C121S"),
                finding(IN_BOTH, 2, "BRAF V600E", "driver", "stable"),
            ],
        },
    }  # fmt: skip


@pytest.fixture
def decided(report):
    rows = [(IN_LATER, "accept", "seen in IGV"), (IN_BOTH, "accept", "")]
    return decide(empty("P1"), report, rows, "A. Reader", AT)


def decisions(report, review):
    return {row["item"]: row["decision"] for row in status(report, review)}


def test_decisions_are_kept_over_a_rerun(report, decided):
    again = copy.deepcopy(report)
    assert decisions(again, decided) == {IN_LATER: "accept", IN_BOTH: "accept"}
    # Rank and order are not the identity.
    again["resist"]["findings"].reverse()
    assert decisions(again, decided)[IN_LATER] == "accept"


def test_another_bam_reopens_the_findings_of_its_sample_alone(report, decided):
    changed = copy.deepcopy(report)
    # Sample B has another BAM: counts of all alleles in it differ.
    changed["compare"]["variants"][0]["samples"]["B"] = sample(75, 205)
    changed["compare"]["variants"][1]["samples"]["B"] = sample(33, 205)
    assert decisions(changed, decided) == {IN_LATER: "open", IN_BOTH: "open"}
    # Sample A: what is in B alone stays decided, though A's depth is another.
    changed = copy.deepcopy(report)
    changed["compare"]["variants"][0]["samples"]["A"] = sample(99, 230)
    changed["compare"]["variants"][1]["samples"]["A"] = sample(0, 230)
    assert decisions(changed, decided) == {IN_LATER: "accept", IN_BOTH: "open"}
    row = status(changed, decided)[1]
    assert row["reopened"] == ["A: 90/200 before, 99/230 now"]


def test_another_interpretation_reopens(report, decided):
    changed = copy.deepcopy(report)
    changed["resist"]["findings"][0]["state"] = "emergent"
    assert status(changed, decided)[0]["reopened"] == ["state was acquired, is emergent"]


def test_signing_needs_decisions_and_amendments_are_named(report, decided):
    with pytest.raises(InputError, match="not decided yet: MAP2K1 C121S"):
        sign(empty("P1"), report, "B", AT)
    # A comment alone decides nothing.
    with pytest.raises(InputError, match="not decided yet"):
        sign(decide(empty("P1"), report, [(IN_LATER, "comment", "x")], "B", AT), report, "B", AT)
    signed = sign(decided, report, "B. Head", AT)
    assert amendments(report, signed) == []
    changed = copy.deepcopy(report)
    changed["compare"]["variants"][0]["samples"]["B"] = sample(0, 205)
    changed["resist"]["findings"][0]["variant"] = "chr1:5:A:C"
    changed["resist"]["findings"][0]["label"] = "NRAS Q61K"
    changed["compare"]["variants"].append(
        {"id": "chr1:5:A:C", "samples": {"A": sample(0, 9), "B": sample(9, 90)}}
    )
    changed["resist"]["verdict"]["sentence"] = "NRAS Q61K was acquired"
    assert amendments(changed, signed) == [
        "MAP2K1 C121S is no longer found",
        "BRAF V600E: B: 80/210 before, not detected now",
        "NRAS Q61K is new",
        'the verdict was: "MAP2K1 C121S was acquired"',
    ]
    assert len(signed.trail) == 2 and view(changed, signed)["signed"][0]["by"] == "B. Head"


def test_the_last_decision_counts_and_nothing_is_removed(report, decided):
    again = decide(decided, report, [(IN_LATER, "reject", "artefact")], "C", AT)
    assert latest(again)[IN_LATER].decision == "reject" and len(again.trail) == 3
    assert "artefact" in status(report, again)[0]["comments"][-1]


def test_findings_are_named_by_rank_label_and_id(report):
    for text in ("1", "MAP2K1 C121S", "map2k1 p.C121S", IN_LATER, "C121S"):
        assert chosen(report, text)["variant"] == IN_LATER
    with pytest.raises(InputError, match="did you mean 'MAP2K1 C121S'"):
        chosen(report, "MAP2K1 C121T")


def test_copy_number_findings_have_a_basis(report):
    report["resist"]["findings"].append(finding("copynumber:BRAF:amplification", 3, "BRAF"))
    gene = {"gene": "BRAF", "call": "amplification", "log2": 2.1234}
    report["copynumber"] = {"samples": {"B": {"genes": [gene]}, "A": {"genes": []}}}
    assert bases(report)["copynumber:BRAF:amplification"].samples == {"B": "amplification 2.123"}


def patients():
    path = Path(__file__).parents[1] / "report" / "patients.py"
    spec = importlib.util.spec_from_file_location("report_patients", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_command_and_page(tmp_path, monkeypatch, capsys):
    """Decide on the paper's patient, import a file of decisions, sign, see the page."""
    from resistpanel.cli import main
    from resistpanel.report.contents import assemble
    from resistpanel.report.render import page

    folder = tmp_path / "parts"
    folder.mkdir()
    paths = patients().write(patients().paper(), folder)
    copynumber = paths.pop("copynumber", None)
    report = assemble(paths, copynumber=copynumber, bams=False)
    results = tmp_path / "results"
    (results / "report").mkdir(parents=True)
    name = report["patient"]
    (results / "report" / f"{name}.json").write_text(json.dumps(report))

    def review(*words):
        return main(["review", name, *words, "--results", str(results), "--by", "A. Reader"])

    needed = [row for row in status(report, empty(name)) if row["needed"]]
    assert review("sign") == 2 and "not decided yet" in capsys.readouterr().err
    first, *others = needed
    assert review("accept", first["item"], "--comment", "confirmed by ddPCR") == 0
    given = {"schema": "resistpanel/decisions/1", "patient": name, "created": AT, "decisions": [
        {"item": row["item"], "decision": "reject", "comment": ""} for row in others]}  # fmt: skip
    if others:
        (tmp_path / "d.json").write_text(json.dumps(given))
        assert review("import", str(tmp_path / "d.json")) == 0
    assert review("sign") == 0
    path = results / "review" / f"{name}.json"
    made = msgspec.json.decode(path.read_bytes(), type=Review)
    assert len(made.signed) == 1 and len(made.trail) == len(needed)
    shown = page(assemble(paths, copynumber=copynumber, bams=False, review=str(path)))
    assert "Signed by <b>A. Reader</b>" in shown and "confirmed by ddPCR" in shown
    assert "data-decisions" in shown


def test_exports_mark_what_was_rejected(tmp_path):
    """VCF, MAF and calls.tsv name the decision; a rejected finding is no driver in cBioPortal."""
    from resistpanel.report import tsv
    from resistpanel.report.contents import assemble
    from resistpanel.report.final_vcf import INFO, info_of
    from resistpanel.report.maf import rows

    paths = patients().write(patients().paper(), tmp_path)
    copynumber = paths.pop("copynumber", None)
    report = assemble(paths, build="hg19", copynumber=copynumber, bams=False)
    first, second, *_ = [f["variant"] for f in report["resist"]["findings"]
                         if not f["variant"].startswith("copynumber:")]  # fmt: skip
    assert not any("RP_REVIEW" in values for values in info_of(report).values())
    made = decide(empty(report["patient"]), report, [(first, "reject", "artefact"),
                                                     (second, "accept", "")], "A", AT)  # fmt: skip
    report["review"] = msgspec.to_builtins(made)
    # The later count of the second differs now.
    seen = next(v for v in report["compare"]["variants"] if v["id"] == second)["samples"]
    next(one for one in seen.values() if one["detected"])["ad"][1] += 1
    infos = info_of(report)
    assert infos[first]["RP_REVIEW"] == "rejected" and "RP_REVIEW" in {row[0] for row in INFO}
    assert infos[second]["RP_REVIEW"] == "reopened"
    found = {f"chr{r['Chromosome']}:{r['Start_Position']}": r for r in rows(report)}
    row = found[":".join(first.split(":")[:2])]
    assert (row["RESISTPANEL.REVIEW"], row["cbp_driver"]) == ("rejected", "Unknown")
    assert row["cbp_driver_annotation"] == "rejected at review"
    assert {r["review"] for r in tsv.rows(report) if r["variant"] == first} == {"rejected"}


def test_a_variant_without_a_gene_has_a_name_and_not_its_id(report):
    finding = report["resist"]["findings"][0]
    finding["label"] = ""
    (variant,) = (v for v in report["compare"]["variants"] if v["id"] == finding["variant"])
    place = {"gene": None, "protein": None, "hgvs_c": None, "chrom": "2", "pos": 7, "ref": "A"}
    variant |= place | {"alt": "T"}
    (row,) = (r for r in status(report, empty("P1")) if r["item"] == finding["variant"])
    assert row["label"] == "2:7 A>T"
