"""Which alleles of a patient without a normal are reported, by their origin."""

import pytest

from resistpanel.compare.read_calls import Record
from resistpanel.compare.reported import origin_of_junction, with_origin
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


@pytest.mark.parametrize(
    ("filters", "phred", "value"),
    [(("weak",), 6.7, "not determined"), (("germline",), 2.2, "not determined"),
     (("PASS",), 30.0, "somatic")],
)  # fmt: skip
def test_a_junction_is_reported_whatever_its_origin(filters, phred, value):
    """A deletion of MET exon 14 in a third of the fragments may be inherited by its odds."""
    given = record(filters)
    given.fields.update({"junction": object(), "somatic_phred": phred})
    origin = origin_of_junction(given)
    assert origin.value == value
    assert origin.somatic == pytest.approx((1 - 10 ** (-phred / 10)) / 0.999, abs=1e-3)
    assert with_origin(given, origin).fields["reported"]


def test_a_junction_with_another_filter_stays_filtered():
    given = record(("weak", "panel_of_normals"))
    given.fields.update({"junction": object(), "somatic_phred": 6.7})
    assert not with_origin(given, origin_of_junction(given)).fields["reported"]


def test_other_alleles_have_the_origin_that_the_copies_give():
    given = record()
    given.fields["somatic_phred"] = 30.0
    assert origin_of_junction(given) is None
