"""The cohort's oncoprint."""

from resistpanel.report.oncoprint import oncoprint


def finding(gene, variant, effect="known"):
    return {"gene": gene, "variant": variant, "effect": effect}


def test_marks_stand_where_the_alterations_are():
    patients = [
        {"patient": "A", "findings": [finding("NRAS", "chr1:1:A:C")]},
        {"patient": "B", "findings": []},
        {"patient": "C", "findings": [finding("BRAF", "copynumber:BRAF:amplification"),
                                      finding("BRAF", "chr7:1:A:C", "candidate")]},
    ]  # fmt: skip
    drawing = oncoprint(patients, [{"gene": "BRAF"}, {"gene": "NRAS"}])
    braf, nras = drawing["rows"]
    assert drawing["width"] == 3
    # C has the first gene and comes first, then A; B has none.
    assert braf["patients"] == nras["patients"] == 1
    assert braf["marks"] == [
        {"tone": "amp", "path": "M0.1 0h.8v1h-.8z"},
        {"tone": "candidate", "path": "M0.1 0.4h.8v0.2h-.8z"},
    ]
    assert nras["marks"] == [{"tone": "known", "path": "M1.1 0.25h.8v0.5h-.8z"}]


def test_one_patient_needs_none():
    assert oncoprint([{"patient": "A", "findings": []}], [{"gene": "BRAF"}]) is None
