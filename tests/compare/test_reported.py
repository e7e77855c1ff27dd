"""Which alleles of a patient without a normal are reported, by their origin."""

import pytest

from resistpanel.compare.read_calls import Record
from resistpanel.compare.reported import with_origin
from resistpanel.records.copynumber import AlleleOrigin


def record(filters=("PASS",), sites=(), real=0.999):
    model = "germline" if filters == ("germline",) else "somatic"
    return Record(
        {"id": "chr1:1:A:C", "filters": filters, "model": model, "sites": sites, "real": real,
         "reported": filters == ("PASS",)},
        {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "value", "reported", "model"),
    [
        (record(), "somatic", True, "somatic"),
        (record(), "not determined", True, "somatic"),
        (record(), "germline", False, "germline"),
        (record(sites=("driver",)), "germline", True, "somatic"),
        (record(("germline",)), "somatic", True, "somatic"),
        (record(("germline",)), "not determined", True, "somatic"),
        (record(("germline",)), "germline", False, "germline"),
        (record(("weak",)), "not determined", True, "somatic"),
        (record(("weak",), real=0.5), "somatic", False, "somatic"),
        (record(("strand", "weak")), "somatic", False, "somatic"),
    ],
)
def test_the_origin_decides_over_provisional_filters(given, value, reported, model):
    found = with_origin(given, AlleleOrigin(id="chr1:1:A:C", value=value, somatic=0.5)).fields
    assert (found["reported"], found["model"]) == (reported, model)
    assert (found["filters"] == ("PASS",)) is reported
    assert found["origin"].value == value


def test_without_an_origin_nothing_changes():
    assert with_origin(record(("germline",)), None) == record(("germline",))
