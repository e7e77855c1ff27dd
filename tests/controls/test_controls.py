"""Carry-over between patients of a run is found in controls and named."""

import json

import numpy as np
import pysam
import pytest
from benchmarks.controls import cohort_of, control_counts

from resistpanel.cli import main
from resistpanel.qc.carryover import (
    Site,
    base_at,
    error_rate,
    judge,
    named,
    origins,
    patient_genotypes,
    sites_of,
)


def found_in(rng, **options):
    cohort, frequency = cohort_of(rng)
    sites, counts = control_counts(rng, cohort, frequency, **options)
    return named(origins(sites, counts, cohort))


def test_half_a_percent_of_a_patient_is_found_and_named():
    rng = np.random.default_rng(20261130)
    found = [found_in(rng, fraction=0.005, patient="P3") for _ in range(40)]
    right = [one for one in found if one and one[0].patient == "P3"]
    assert len(right) >= 35
    assert np.median([one[0].fraction for one in right]) == pytest.approx(0.005, rel=0.15)
    assert np.mean([one[0].low <= 0.005 <= one[0].high for one in right]) > 0.85


def test_clean_controls_raise_nothing():
    rng = np.random.default_rng(20261130)
    assert [found_in(rng) for _ in range(200)] == [[]] * 200


def test_few_sites_are_not_assessable():
    cohort = {"P": {"chr1:10:A:G": 1}}
    counts = np.array([[990, 10, 0]])
    found = origins(sites_of(cohort), counts, cohort)
    assert named(found) == []
    passed, text = judge("C", "control", counts, found, None)
    assert passed and "not assessable" in text


def test_no_template_control_by_depth():
    empty, deep = np.array([[2, 0, 0]] * 9), np.array([[80, 0, 0]] * 9)
    assert judge("NTC", "ntc", empty, [], 1000.0)[0]
    passed, text = judge("NTC", "ntc", deep, [], 1000.0)
    assert not passed and "80 fragments, at most 10 are expected" in text
    assert not judge("NTC", "ntc", deep, [], None)[0]


def test_sites_genotypes_and_error_rate():
    names = ["chr2:7:A:G", "chr1:5:C:T", "chr1:9:AT:A"]
    one = patient_genotypes(names, {"N": "1.2", "T": "220"})
    assert one == {"chr2:7:A:G": 1, "chr1:5:C:T": 2, "chr1:9:AT:A": 2}
    assert sites_of({"P": one}) == [Site("chr1", 5, "C", "T"), Site("chr2", 7, "A", "G")]
    assert error_rate(np.array([[99_900, 0, 100]])) == pytest.approx(5e-4, rel=0.01)


def read_of(header, name, start, cigar, bases, quality=40):
    read = pysam.AlignedSegment(header)
    read.query_name, read.flag, read.reference_id, read.reference_start = name, 0, 0, start
    read.mapping_quality, read.cigarstring, read.query_sequence = 60, cigar, bases
    read.query_qualities = pysam.qualitystring_to_array(chr(33 + quality) * len(bases))
    return read


def test_base_of_a_read():
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "chr1", "LN": 900}]})
    read = read_of(header, "a", 10, "2S3M1I2M2D3M", "TTACGTGGCAT")
    assert [base_at(read, p) for p in (9, 10, 12, 13, 14, 15, 16, 17, 19, 20)] == [
        None, "A", "G", "G", "G", None, None, "C"[:1], "T", None,
    ]  # fmt: skip
    assert base_at(read_of(header, "a", 10, "3M", "ACG", 10), 11) is None


def test_command_names_the_patient(tmp_path, capsys):
    rng = np.random.default_rng(8)
    header = {"HD": {"SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 5000}]}
    names = [f"chr1:{1000 + 10 * i}:A:G" for i in range(30)]
    folder = tmp_path / "results" / "copynumber"
    folder.mkdir(parents=True)
    for patient, text in (("P1", "1" * 15 + "0" * 15), ("P2", "0" * 15 + "1" * 15)):
        value = {"patient": patient, "identity": {"genotypes": {
            "sites": names, "samples": {"N": text}}}}  # fmt: skip
        (folder / f"{patient}.json").write_text(json.dumps(value))
    for name, share in (("clean", 0.0), ("mixed", 0.02)):
        with pysam.AlignmentFile(tmp_path / f"{name}.bam", "wb", header=header) as bam:
            for i in range(30):
                for k in range(400):
                    base = "G" if i >= 15 and rng.random() < share / 2 else "A"
                    bam.write(read_of(bam.header, f"{i}.{k}", 999 + 10 * i, "1M", base))
        pysam.index(str(tmp_path / f"{name}.bam"))
    words = ["controls", "--results", str(tmp_path / "results")]
    assert main([*words, "--control", f"C={tmp_path / 'clean.bam'}"]) == 0
    assert "passed" in capsys.readouterr().out
    out = tmp_path / "c.json"
    mixed = ["--control", f"C={tmp_path / 'mixed.bam'}", "--output", str(out)]
    assert main([*words, *mixed]) == 1
    assert "is of patient P2" in capsys.readouterr().out
    value = json.loads(out.read_text())["controls"][0]
    assert [one["patient"] for one in value["patients"]] == ["P2"] and not value["passed"]
    assert main([*words, "--ntc", "N=absent.bam"]) == 2
    assert "no such file: absent.bam" in capsys.readouterr().err
