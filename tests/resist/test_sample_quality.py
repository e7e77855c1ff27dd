"""Samples that fail quality control: what a verdict that rests on them may say."""

import json

import pytest

from resistpanel.cli import main
from resistpanel.copynumber.gate import GATE
from resistpanel.core.schemas import from_builtins
from resistpanel.core.text import confidence
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.qc import Qc
from resistpanel.resist.sample_quality import failures


def gate(*failures):
    """Return the gate of copynumber: (sample, metric) for each failure."""
    rows = [
        {"sample": name, "metric": metric, "value": 1.0, "condition": "<= 0.05", "text": metric}
        for name, metric in failures
    ]
    return {"passed": not rows, "failures": rows}


def relapse(patient, *failed, post=0.4, samples=None):
    """Return a patient with an acquired, clonal T790M."""
    p = patient("erlotinib", disease="NSCLC", samples=samples).background()
    p.add("EGFR", "L858R", *([0.4] * len(p.tumours)))
    fractions = [0.0, *([post] * (len(p.tumours) - 1))]
    p.add("EGFR", "T790M", *fractions, real=0.999)
    p.amplify("MET", *([0.0] * len(p.tumours)))
    p.gate = gate(*failed)
    return p


def nothing(patient, *failed, quality=(), **more):
    """Return a patient without a mechanism of whom every catalogued allele was examined."""
    p = patient("erlotinib", disease="NSCLC", **more).background()
    p.add("EGFR", "L858R", *([0.4] * len(p.tumours)))
    p.add("EGFR", "T790M", *([0.0] * len(p.tumours)), sites=["EGFR-T790M-gefitinib"])
    p.amplify("MET", *([0.0] * len(p.tumours)))
    p.gate = gate(*failed)
    p.quality = quality
    return p


def test_a_clonal_acquired_mutation_is_high_where_all_samples_pass(patient, context):
    assert relapse(patient).resist(context)["verdict"]["confidence"] == "high"


def test_a_swapped_relapse_gives_low_confidence_and_says_why(patient, context):
    verdict = relapse(patient, ("post", "discordance")).resist(context)["verdict"]
    assert verdict["confidence"] == "low"
    why = "post is not of the same person as the patient's other samples: a swap"
    assert f"but {why}" in verdict["reasons"]
    assert confidence(verdict) == f"low ({why})"
    assert "Sample post is not of this patient" in verdict["sentence"]


@pytest.mark.parametrize("name", ["normal", "pre"])
def test_a_swapped_normal_or_baseline_counts_as_well(patient, context, name):
    verdict = relapse(patient, (name, "discordance")).resist(context)["verdict"]
    assert verdict["confidence"] == "low"
    assert name in confidence(verdict)


def test_a_sample_that_the_finding_does_not_rest_on_is_no_limitation(patient, context):
    """The swapped sample is of the second lesion, which does not show the finding."""
    places = [("pre", 0, "lung"), ("post", 160, "lung"), ("liver", 160, "liver")]
    p = patient("erlotinib", disease="NSCLC", samples=places).background()
    p.add("EGFR", "L858R", 0.4, 0.4, 0.4)
    p.add("EGFR", "T790M", 0.0, 0.4, 0.0, real=0.999)
    p.amplify("MET", 0.0, 0.0, 0.0)
    p.gate = gate(("liver", "discordance"))
    value = p.resist(context)
    assert not any("swap" in reason for reason in value["verdict"]["reasons"])
    by_lesion = {x["lesion"]: x["verdict"] for x in value["lines"][0]["lesions"]}
    assert any("swap" in reason for reason in by_lesion["liver"]["reasons"])
    assert by_lesion["liver"]["confidence"] == "low"


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("contamination", "post contains DNA of another person"),
        ("sex_mismatch", "the reads of post show another sex than the sheet states"),
    ],
)
def test_another_failure_of_identity_is_one_limitation(patient, context, metric, text):
    verdict = relapse(patient, ("post", metric)).resist(context)["verdict"]
    assert verdict["confidence"] == "moderate"
    assert confidence(verdict) == f"moderate ({text})"


def test_tumour_in_the_normal_is_of_the_normal(patient, context):
    verdict = relapse(patient, ("normal", "tumor_in_normal")).resist(context)["verdict"]
    assert confidence(verdict) == "moderate (the normal, normal, contains tumour DNA)"


def test_a_driver_in_the_normal_is_of_the_normal(patient, context):
    verdict = relapse(patient, ("normal", "driver_in_normal")).resist(context)["verdict"]
    why = "a driver is in the normal, normal, which may be exchanged with a tumour"
    assert confidence(verdict) == f"moderate ({why})"


def test_every_metric_of_the_gate_is_said(patient, context):
    """A failure that no sentence names would leave the confidence as it is."""
    for row in GATE:
        verdict = relapse(patient, ("normal", row.metric)).resist(context)["verdict"]
        assert verdict["confidence"] != "high", row.metric


@pytest.mark.parametrize(
    ("failed", "text"),
    [
        (["post"], "post fails quality control"),
        (["normal", "pre", "post"], "normal, pre and post fail quality control"),
    ],
)
def test_samples_that_fail_quality_control_are_one_limitation(patient, context, failed, text):
    p = relapse(patient)
    p.quality = failed
    verdict = p.resist(context)["verdict"]
    assert confidence(verdict) == f"moderate ({text})"


def test_a_swapped_sample_is_no_evidence_of_absence(patient, context):
    assert nothing(patient).resist(context)["coverage"]["sites"] == 1
    value = nothing(patient, ("post", "discordance")).resist(context)
    assert value["verdict"]["kind"] == "none"
    assert confidence(value["verdict"]).startswith("low (post is not of the same person")
    assert (value["coverage"]["sites"], value["coverage"]["not_assessable"]) == (0, 1)


def test_a_contaminated_sample_is_no_evidence_of_absence(patient, context):
    p = nothing(patient, ("post", "contamination"))
    verdict = p.resist(context)["verdict"]
    assert confidence(verdict).startswith("low (post contains DNA of another person")


def test_no_mechanism_in_a_sample_that_fails_quality_control_is_low(patient, context):
    verdict = nothing(patient, quality=["post"]).resist(context)["verdict"]
    assert confidence(verdict).startswith("low (post fails quality control")


def test_a_catalogued_allele_that_fails_a_filter_is_not_excluded(patient, context):
    p = nothing(patient)
    p.variants[-1]["samples"]["post"] |= {
        "ad": [190, 80], "dp": 270, "af": 0.296, "ub": 0.35, "lod": 0.73, "detected": True,
    }  # fmt: skip
    p.variants[-1] |= {"filters": ["weak", "contamination"], "reported": False}
    verdict = p.resist(context)["verdict"]
    assert verdict["kind"] == "none"
    text = "EGFR p.T790M is not excluded: 80 of 270 fragments of post show it, but it fails the"
    assert f"{text} filters weak and contamination" in verdict["sentence"]
    assert verdict["confidence"] == "low"


def test_no_mechanism_says_why_it_is_not_high(patient, context):
    p = nothing(patient)
    verdict = p.resist(context)["verdict"]
    assert verdict["confidence"] in ("low", "moderate")
    assert confidence(verdict).startswith(f"{verdict['confidence']} (")


def test_failures_are_read_from_both_gates(patient):
    p = relapse(patient, ("post", "contamination"))
    p.quality = ["pre"]
    copies = from_builtins(p.copynumber(), CopyNumber, "copynumber")
    found = failures(from_builtins(p.qc(), Qc, "qc"), copies)
    assert found == {"post": {"contamination"}, "pre": {"quality"}}
    assert failures(None, None) == {}


def test_the_command_reads_the_quality_figures(tmp_path, patient):
    p = relapse(patient)
    p.quality = ["post"]
    for name in ("compare", "sheet", "copynumber", "qc"):
        (tmp_path / f"{name}.json").write_text(json.dumps(getattr(p, name)()))
    given = [x for n in ("compare", "sheet", "copynumber", "qc")
             for x in (f"--{n}", str(tmp_path / f"{n}.json"))]  # fmt: skip
    assert main(["resist", *given, "--output", str(tmp_path / "out.json")]) == 0
    verdict = json.loads((tmp_path / "out.json").read_text())["verdict"]
    assert (verdict["kind"], verdict["confidence"]) == ("mechanism", "moderate")


def test_quality_figures_of_another_patient_are_refused(tmp_path, patient, capsys):
    p = relapse(patient)
    for name in ("compare", "sheet"):
        (tmp_path / f"{name}.json").write_text(json.dumps(getattr(p, name)()))
    (tmp_path / "qc.json").write_text(json.dumps(p.qc() | {"patient": "Q"}))
    given = [x for n in ("compare", "sheet", "qc")
             for x in (f"--{n}", str(tmp_path / f"{n}.json"))]  # fmt: skip
    assert main(["resist", *given, "--output", str(tmp_path / "out.json")]) == 2
    assert "qc is of patient 'Q'" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
