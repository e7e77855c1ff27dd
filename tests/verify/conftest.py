"""The finished study of the reliability tests."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "bound_conftest", Path(__file__).parents[1] / "reliability" / "conftest.py"
)
_conftest = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_conftest)
boundkit, finished, study = _conftest.boundkit, _conftest.finished, _conftest.study
