"""Without a normal a driver is present, its origin not proven."""

import pytest


@pytest.mark.parametrize("tumor_only", [True, False])
def test_the_driver_is_used_and_its_origin_is_said(patient, context, tumor_only):
    p = patient("vemurafenib", tumor_only=tumor_only).background()
    p.add("BRAF", "V600E", 0.4, 0.4)
    p.add("MAP2K1", "C121S")
    value = p.resist(context)
    assert value["driver"]["state"] == "retained"
    assert value["driver"]["protein"] == "V600E"
    origin = "present, origin not proven without a normal"
    assert value["driver"]["text"].endswith(origin) is tumor_only
    assert value["findings"][0]["gene"] == "MAP2K1"


def test_a_driver_that_is_not_there_has_no_origin(patient, context):
    p = patient("vemurafenib", tumor_only=True).background()
    p.add("MAP2K1", "C121S")
    value = p.resist(context)
    assert value["driver"]["state"] != "retained"
    assert "origin" not in value["driver"]["text"]
