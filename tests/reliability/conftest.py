"""The small input of the sheet's tests, as a finished study."""

import importlib.util
from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def _load(path: Path):
    spec = importlib.util.spec_from_file_location(f"bound_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_sheet = _load(_HERE.parent / "sheet" / "conftest.py")


@pytest.fixture(scope="session")
def boundkit():
    """The module with the study and the sets of steps."""
    kit = _load(_HERE / "boundkit.py")
    kit.write_bam = _sheet.write_bam
    return kit


@pytest.fixture(scope="session")
def finished(tmp_path_factory, boundkit):
    """A finished study, and a copy of it by which it is put right after each test."""
    folder = tmp_path_factory.mktemp("bound") / "study"
    folder.mkdir()
    found = boundkit.Study(_sheet.world.__wrapped__(folder))
    found.finish()
    assert found.stale() == set()
    found.keep()
    return found


@pytest.fixture
def study(finished):
    """The finished study, as it was."""
    finished.restore()
    return finished
