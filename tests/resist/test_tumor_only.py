"""Without a normal a driver is present, its origin not proven."""

import dataclasses

import pytest

from resistpanel.resist import driver as tracking
from resistpanel.resist.alteration import Patient, Sample


def patient(*roles: str) -> Patient:
    """Return a patient with samples of these roles."""
    fields = {f.name: None for f in dataclasses.fields(Sample)}
    samples = tuple(
        Sample(**(fields | {"name": f"{role}{n}", "role": role})) for n, role in enumerate(roles)
    )
    empty = dict.fromkeys((f.name for f in dataclasses.fields(Patient)), ())
    return Patient(**(empty | {"samples": samples, "drugs": (object(),)}))


class Found:
    """A driver that was found."""

    id, copy_number = "chr7:140453136:A:T", False
    samples = ()
    driver = "V600E"

    def detected(self, name):
        """Return that it is there."""
        return True

    def af(self, name):
        """Return its frequency."""
        return 0.4


@pytest.mark.parametrize(
    ("roles", "said"), [(("tumor", "tumor"), True), (("normal", "tumor"), False)]
)
def test_origin(monkeypatch, roles, said):
    found = Found()
    found.alteration = found
    monkeypatch.setattr(tracking, "sensitising", lambda *_: ["V600E"])
    state = {"variant": found.id, "state": "retained", "text": "39 %"}
    monkeypatch.setattr(tracking, "_over_time", lambda *_: dict(state))
    result = tracking.track(patient(*roles), None, [found])
    assert result["state"] == "retained"
    assert ("origin not proven without a normal" in result["text"]) is said
