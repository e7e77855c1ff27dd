"""The versions of what computes: read once in a run, and again once a file was replaced."""

import json

import pytest

from resistpanel.core import made


@pytest.fixture
def fresh(monkeypatch):
    """Nothing is known yet; returns the function that forgets it again."""
    monkeypatch.delenv(made.KNOWN_SOFTWARE, raising=False)
    made.software.cache_clear()
    yield made.software.cache_clear
    made.software.cache_clear()


def test_jobs_take_what_the_run_knows(fresh, monkeypatch):
    known = made.software()
    assert known["numpy"] and known["code"]
    fresh()

    def read(*_):
        raise AssertionError("a file was read")

    monkeypatch.setattr(made, "content", read)
    assert made.software() == known


@pytest.mark.parametrize("told", ["", "{}", "[]", '{"sources": "other", "software": {}}'])
def test_what_is_not_of_these_files_is_not_taken(fresh, monkeypatch, told):
    known = made.software()
    fresh()
    monkeypatch.setenv(made.KNOWN_SOFTWARE, told)
    assert made.software() == known


def test_a_replaced_file_is_seen(fresh, monkeypatch, tmp_path):
    (tmp_path / "a.py").write_text("a = 1\n")
    monkeypatch.setattr(made, "_code_folders", lambda: [tmp_path])
    first = made.software()
    fresh()
    (tmp_path / "a.py").unlink()
    (tmp_path / "a.py").write_text("a = 2\n")
    assert made.software()["code"] != first["code"]
    fresh()
    monkeypatch.setenv(
        made.KNOWN_SOFTWARE, json.dumps({"sources": made._sources(), "software": first})
    )
    assert made.software() == first
